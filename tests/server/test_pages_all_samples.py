"""The pages on the samples of every source: what they count, and what they answer."""

from urllib.parse import urlencode

import pytest

from collex_graph.rdf.namespaces import expand, prefixes
from collex_graph.server import create_app
from collex_graph.settings import Settings
from server.conftest import BASE, InProcessQueries
from server.html_page import Page


@pytest.fixture(scope="module")
def queries(sample_snapshot):
    return InProcessQueries(sample_snapshot)


@pytest.fixture(scope="module")
def read(queries):
    client = create_app(Settings(), queries).test_client()

    def ask(address):
        page = Page(client.get(address, headers={"Accept": "text/html", "Accept-Language": "fr"}))
        assert page.status == 200
        return page

    return ask


def number(text):
    return int(text.replace("\u202f", ""))


@pytest.mark.parametrize(
    ("address", "links"),
    [
        ("/gaps/matrix", "//td/a[starts-with(@href, '/search?')]"),
        ("/map?show=units", "//td/a[starts-with(@href, '/search?')]"),
        ("/map?show=units", "//div[h3[@id='facet-programme']]//li"),
        ("/", "//section[h2[@id='disciplines']]//li"),
        ("/", "//section[h2[@id='regions']]//li"),
    ],
)
def test_a_number_leads_to_as_many_results(read, address, links):
    found = read(address).all(links)
    assert found
    for link in found:
        (href,) = link.xpath("descendant-or-self::a/@href")
        count = link.xpath("string(.//*[@class='number' or @class='count'])") or link.text_content()
        heading = read(href).text("//h2[@id='count']")
        assert number(heading.split()[0]) == number(count), href


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("fonds labellisés", "?x collex:countsAsLabelled true"),
        ("fonds, sous-fonds", "?x a/rdfs:subClassOf* collex:DescribedUnit"),
        ("personnes et collectivités", "?u a collex:DescribedUnit ; collex:linkedAgent ?x"),
    ],
)
def test_a_number_of_the_home_page_is_what_sparql_counts(read, queries, what, pattern):
    declared = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in prefixes().items())
    (row,) = queries.store.query(f"{declared}SELECT (COUNT(DISTINCT ?x) AS ?n) {{ {pattern} }}")
    shown = read("/").text(f"//*[@class='figure-number'][contains(../*[2], '{what}')]")
    assert number(shown) == int(row["n"].value)


def test_a_fonds_bears_the_mark_of_its_label_once_and_it_leads_to_the_last_decision(read):
    marks = read("/id/fonds/FRFONDS-674821001-xBW").all("//p[@class='kicker']/a")
    assert [mark.get("href") for mark in marks] == ["/id/labelling/2024/FRFONDS-674821001-xBW"]


def test_a_query_without_answer_names_the_terms_that_nothing_uses(read):
    query = """PREFIX collex: <https://w3id.org/collex-graph/ontology#>
        PREFIX lexvo: <http://lexvo.org/id/iso639-3/>
        SELECT * { ?s a collex:Fond ; collex:startYear ?y ; ?p lexvo:zzz ; collex:qqqq "skos:x"
          FILTER(?p != collex:searchText) }
    """
    said = read(f"/query?{urlencode({'query': query})}").all("//div[@class='empty']/p/text()")[1:]
    assert said == [
        "Rien dans les données n’emploie collex:Fond\u202f; peut-être collex:Fonds\u202f?",
        "Rien dans les données n’emploie collex:qqqq.",
    ]


def test_the_most_relevant_fonds_come_before_the_parts_of_finding_aids(read, queries):
    page = read("/search?q=archive")
    links = [f"{BASE}{href[1:]}" for href in page.all("//*[@class='result-title']/a/@href")]
    parts = {
        row["part"].value
        for row in queries.store.query(f"SELECT ?part {{ ?part a <{expand('collex:Component')}> }}")
    }
    are_parts = [link in parts for link in links]
    assert set(are_parts) == {True, False}
    assert are_parts == sorted(are_parts)
