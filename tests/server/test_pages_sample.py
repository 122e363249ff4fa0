"""The pages on the bundled sample, through the worker processes: patterns answer, links lead."""

from collections import Counter, deque
from urllib.parse import quote, urljoin, urlsplit

import pytest

from collex_graph.rdf.namespaces import prefixes
from collex_graph.server import create_app
from collex_graph.server.query_page import PATTERNS
from collex_graph.settings import Settings
from collex_graph.sparql.catalogue import query_names
from server.html_page import Page

MOST_PAGES = 230
MOST_OF_A_KIND = 25


@pytest.fixture(scope="module")
def site(ccfr_and_esr):
    from collex_graph.sparql.workers import WorkerPool

    settings = Settings(query_workers=2)
    pool = WorkerPool(ccfr_and_esr, settings)
    yield create_app(settings, pool).test_client()
    pool.close()


def read(site, path, language="fr"):
    return Page(site.get(path, headers={"Accept": "text/html", "Accept-Language": language}))


def test_the_patterns_are_the_stored_ones():
    stored = [name for name in query_names() if name.startswith("patterns/")]
    assert sorted(stored) == sorted(f"patterns/{name}" for name in PATTERNS)


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_of_the_model_finds_something(site, name):
    article = read(site, "/about/model").one(f"//article[@id='{name}']")
    result = read(site, article.xpath(".//a/@href")[0])
    assert result.status == 200
    assert result.all("//tbody/tr")


def test_every_link_leads_to_a_well_built_page(site):
    seen, waiting, visited = {"/"}, deque(["/"]), []
    kinds = Counter()
    while waiting and len(visited) < MOST_PAGES:
        path = waiting.popleft()
        # of all that stands, a few pages: there is one for each institution and each rule
        kind = (
            "/quality" if path.startswith("/quality/") else urlsplit(path).path.rpartition("/")[0]
        )
        kinds[kind] += 1
        if kinds[kind] > MOST_OF_A_KIND:
            continue
        page = read(site, path)
        visited.append(path)
        assert page.status == 200, path
        assert page.faults() == [], path
        for href in page.all("//main//a[not(@type) or @type='text/html']/@href"):
            target = urljoin(path, href)
            is_file = "." in urlsplit(target).path.rpartition("/")[2] or "format=" in target
            if target.startswith("/") and not is_file and target not in seen:
                seen.add(target)
                waiting.append(target)
    assert {"/id/fonds", "/id/library", "/id/notice", "/vocabulary/region"} <= set(kinds)


def test_both_sources_meet_on_the_page_of_a_library(site):
    page = read(site, "/institutions")
    with_establishment = page.all("//tbody//th//span[@class='derived']//a/@href")
    assert with_establishment
    establishment = read(site, with_establishment[0])
    assert establishment.status == 200
    assert establishment.all("//section[h2[@id='libraries']]//li")


def test_every_region_of_the_home_page_leads_to_its_fonds(site):
    for link in read(site, "/").all("//section[h2[@id='regions']]//li"):
        count = link.xpath("string(.//*[@class='number'])")
        found = read(site, link.xpath(".//a/@href")[0])
        assert found.status == 200
        assert int(found.text("//h2[@id='count']").split()[0]) == int(count)


def test_a_scheme_counts_the_uses_of_its_concepts(site):
    table = read(site, "/vocabulary/label-status").one("//table")
    assert "Emplois" in table.xpath("string(.//thead)")
    assert max(int(cell) for cell in table.xpath(".//td[@class='numeric']/text()")) > 0
    assert "Unités" in read(site, "/vocabulary/region").text("//table")


def test_a_file_that_was_read_says_its_source_and_what_came_from_it(site):
    query = (
        "SELECT ?f { GRAPH ?g { ?f a prov:Entity ; dcat:byteSize ?n ; dcterms:title ?t } "
        "FILTER(STRENDS(?t, '.xml')) } LIMIT 1"
    )
    links = read(site, f"/query?query={quote(prefixed(query))}").all("//td/a/@href")
    page = read(site, links[0])
    assert "Fichier lu" in page.text("//header[@class='page-head']")
    assert "CCFr" in page.text("//section[h2[@id='facts']]")
    assert page.all("//section[h2[@id='incoming']]//a[starts-with(@href, '/id/fonds/')]")


def prefixed(query):
    names = ("prov", "dcat", "dcterms")
    return "".join(f"PREFIX {name}: <{prefixes()[name]}> " for name in names) + query


@pytest.mark.parametrize("thing", ["fonds", "notice"])
def test_the_page_says_which_criteria_a_notice_does_not_meet(site, thing):
    name = "FRFONDS-751132108-1756"
    shown = read(site, f"/id/{thing}/{name}")
    query = (
        "SELECT ?points ?name WHERE { GRAPH <graph/quality> { ?m dqv:value ?points ;"
        f" dqv:computedOn <id/notice/{name}> ; dqv:isMeasurementOf collex-sh:Findability ;"
        " collex-sh:lacks ?criterion } GRAPH <graph/shapes> { ?criterion rdfs:label ?name ."
        ' FILTER(LANG(?name) = "fr") } }'
    )
    declared = "".join(f"PREFIX {prefix}: <{iri}> " for prefix, iri in prefixes().items())
    base = f"BASE <{Settings().base_iri}> "
    rows = site.get(
        "/sparql", query_string={"query": base + declared + query}, headers={"Accept": "text/csv"}
    ).text.splitlines()[1:]
    assert rows
    section = shown.text("//section[h2[@id='quality']]")
    for row in rows:
        points, _, words = row.partition(",")
        assert f"Repérabilité de la notice {points} sur 100" in section
        assert words in section
    assert shown.all("//section[h2[@id='quality']]//a[@href='/shapes#FindabilityShape']")
