"""The pages on the bundled sample, through the worker processes: patterns answer, links lead."""

from collections import Counter, deque
from urllib.parse import urljoin, urlsplit

import pytest

from collex_graph.build import build
from collex_graph.resources import resource_dir
from collex_graph.server import create_app
from collex_graph.server.query_page import PATTERNS
from collex_graph.settings import Settings
from collex_graph.sparql.catalogue import query_names
from server.html_page import Page

MOST_PAGES = 200
MOST_OF_A_KIND = 25


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    from collex_graph.sparql.workers import WorkerPool

    settings = Settings(var=tmp_path_factory.mktemp("var"), query_workers=2)
    mappings = resource_dir("mappings")
    sources = [(name, mappings / name / "sample") for name in ("ccfr", "esr")]
    pool = WorkerPool(build(sources, settings).snapshot, settings)
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
        kind = urlsplit(path).path.rpartition("/")[0]
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
        assert int(found.text("//h2[@id='count']").split()[0]) >= int(count)
