"""What the programmes ask for: every row is there, and nothing that serves one is empty or dead."""

from pathlib import Path

import pyoxigraph as ox
import pytest

from collex_graph.rdf.namespaces import expand
from collex_graph.server import create_app
from collex_graph.server.list_pages import list_pages, templates
from collex_graph.server.programme_pages import asked
from collex_graph.server.questions import describe_questions, question_names
from collex_graph.sparql.catalogue import stored_query
from server.conftest import BASE, InProcessQueries, write_snapshot
from server.html_page import Page

ROWS = asked().rows
PINNED = {
    stored_query(question_names()[int(path.stem)]).title["fr"]
    for path in (Path(__file__).parents[1] / "queries" / "expected").glob("??.csv")
}
NUMBERS = {number for row in ROWS for number in row.questions}


@pytest.fixture(scope="module")
def site(sample_snapshot):
    """The site on the samples of every source."""
    from collex_graph.settings import Settings

    app = create_app(Settings(), InProcessQueries(sample_snapshot))
    app.testing = True
    return app.test_client()


def read(client, path, language="fr"):
    return Page(client.get(path, headers={"Accept": "text/html", "Accept-Language": language}))


@pytest.fixture(scope="module")
def page(site):
    return read(site, "/programmes")


@pytest.fixture(scope="module")
def known(sample_snapshot):
    """The classes of which the samples hold at least one thing."""
    store = ox.Store.read_only(str(sample_snapshot.store))
    return {row["c"].value for row in store.query("SELECT DISTINCT ?c { ?x a ?c }")}


def test_the_seventy_seven_rows_are_there_once_each(page):
    assert sorted(row.number for row in ROWS) == list(range(1, 78))
    shown = [int(item.get("value")) for item in page.all("//ol[@class='asked']/li")]
    assert sorted(shown) == list(range(1, 78))
    for row in ROWS:
        assert row.text["fr"] in page.text(f"//li[@id='row-{row.number}']/p[1]").replace(
            " :", "\xa0:"
        )


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_page_is_well_built_and_names_programmes_and_axes(site, language):
    shown = read(site, "/programmes", language)
    assert shown.status == 200
    assert shown.faults() == []
    first = {"fr": "Numérisation enrichie", "en": "Enriched digitisation"}[language]
    assert shown.text("//h2[@id='N']") == first
    assert shown.text("//h3[@id='C1']").startswith("C1 · ")


def test_every_programme_and_axis_is_one_of_the_vocabulary(sample_snapshot):
    store = ox.Store.read_only(str(sample_snapshot.store))
    found = store.query(
        f"SELECT ?n {{ ?c <{expand('skos:inScheme')}> <{BASE}vocabulary/programme> ;"
        f" <{expand('skos:notation')}> ?n }}"
    )
    assert {row.at for row in ROWS} == {row["n"].value for row in found}


def test_no_link_of_the_page_is_dead_and_none_leads_to_a_page_without_data(site, page):
    hrefs = set(page.all("//ul[@class='serves']/li[not(@class)]/a/@href"))
    assert len(hrefs) > 15
    for href in hrefs:
        target = read(site, href)
        assert target.status == 200, href
        assert target.faults() == [], href
        assert "Sans donnée à ce jour" not in target.text("//div[@class='empty']|//main/div"), href


def test_every_question_a_row_names_exists():
    assert set(question_names()) >= NUMBERS
    assert set(asked().questions) <= set(question_names())


def test_every_question_shown_has_an_answer(site, page):
    links = {a.get("href"): a.text for a in page.all("//li[@class='question']/a")}
    assert len(links) > 20
    empty = set()
    for href, title in links.items():
        answer = read(site, href)
        assert answer.status == 200, title
        if not answer.all("//tbody/tr"):
            empty.add(title)
    # what the samples do not hold yet has no pinned answer either
    assert empty & PINNED == set()


def test_the_samples_serve_every_row(page):
    assert "77 demandes sont toutes servies" in page.text("//p[@class='answer']")


def test_a_row_is_served_or_says_what_would_be_needed(page, known):
    for row in ROWS:
        item = page.one(f"//li[@id='row-{row.number}']")
        is_served = not row.of or any(expand(name) in known for name in row.of)
        links = item.xpath(".//ul[@class='serves']//a")
        said = " ".join(item.text_content().split())
        assert bool(links) == is_served, row.number
        assert ("Sans donnée à ce jour" in said) == (not is_served), row.number
        if not is_served:
            assert said.partition("Ce qu’il faudrait")[2], row.number


def test_what_a_row_needs_can_be_said_in_both_languages():
    listed = {kind.of for page in list_pages().values() for kind in page.kinds}
    needed = asked().needed
    assert {row.of[0] for row in ROWS if row.of} <= listed | set(needed)
    assert all(set(words) == {"fr", "en"} for words in needed.values())
    assert not listed & set(needed)


def test_a_graph_without_data_serves_only_what_needs_none(settings, tmp_path):
    snapshot = write_snapshot(
        tmp_path / "2026-11-22T094900Z", "<graph/source/x> { <id/x> rdfs:label 'x' }"
    )
    app = create_app(settings, InProcessQueries(snapshot))
    bare = read(app.test_client(), "/programmes")
    assert bare.faults() == []
    served = {
        int(item.get("value")) for item in bare.all("//ol[@class='asked']/li[ul[@class='serves']]")
    }
    assert served == {row.number for row in ROWS if not row.of}


def test_every_template_offered_can_be_had(site, page):
    hrefs = set(page.all("//a[starts-with(@href, '/templates/')]/@href"))
    assert hrefs
    for href in hrefs:
        answer = site.get(href)
        assert answer.status_code == 200
        assert answer.data[:2] == b"PK"
        assert Path(href).name in answer.headers["Content-Disposition"]
    assert site.get("/templates/nothing.xlsx").status_code == 404


def test_a_list_offers_the_template_that_fills_it(site):
    for page in list_pages().values():
        for kind in page.kinds:
            if kind.template in templates():
                shown = read(site, f"/{page.name}?kind={kind.name}")
                assert shown.all(f"//a[@href='/templates/{kind.template}.xlsx']")


def test_a_question_with_a_required_parameter_is_asked_with_its_example():
    class Reader:
        class words:  # noqa: N801
            language = "fr"

    assert all(question.href for question in describe_questions(Reader, sorted(question_names())))


def test_a_commitment_of_a_charter_leads_to_the_rule_that_checks_it_and_back(site):
    commitment = "/id/charter/engagement-2/commitment/2"
    assert "/shapes#LabelledUnit-access" in read(site, commitment).all("//main//a/@href")
    shapes = read(site, "/shapes")
    rule = "//th[@id='LabelledUnit-access']"
    assert commitment in shapes.all(f"{rule}//a/@href")
    assert "#CG-L3" in shapes.all(f"{rule}//a/@href")
    assert "#LabelledUnit-access" in shapes.all("//tr[th/@id='CG-L3']/td//a/@href")
    criterion = shapes.text("//tr[th/@id='Findability-page']")
    assert "Signaler le fonds dans un catalogue public" in criterion
    assert "10 points" in criterion
    announced = shapes.text("//tr[th/@id='Labelling-date']/td[1]")
    assert "Violation à partir du 1er septembre 2027" in announced
