"""The query page: results as table, chart and map, links that last, what the editor proposes."""

import json
from urllib.parse import urlencode

import pytest

from server.html_page import Page

PLACES = """PREFIX collex: <https://w3id.org/collex-graph/ontology#>
PREFIX wgs84: <http://www.w3.org/2003/01/geo/wgs84_pos#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?library ?label ?lat ?long WHERE {
  ?library a collex:Library ; rdfs:label ?label ; collex:hasPlace ?place .
  ?place wgs84:lat ?lat ; wgs84:long ?long }"""
COUNTS = (
    """SELECT ?class (COUNT(*) AS ?n) WHERE { ?thing a ?class } GROUP BY ?class ORDER BY DESC(?n)"""
)


@pytest.fixture
def read(client):
    def ask(query, language="fr", status=200, **more):
        address = "/query?" + urlencode({"query": query, **more})
        page = Page(
            client.get(address, headers={"Accept": "text/html", "Accept-Language": language})
        )
        assert page.status == status
        assert page.faults() == []
        return page

    return ask


def views(page):
    return [" ".join(li.text_content().split()) for li in page.all("//ul[@class='views']/li")]


def test_rows_with_a_position_are_shown_on_the_map(read):
    assert views(read(PLACES)) == ["Tableau", "Carte"]
    page = read(PLACES, view="map")
    drawn = page.all("//*[local-name()='svg' and @class='map']/*[local-name()='a']/@href")
    assert "/id/library/674821001" in drawn
    assert not page.all("//table")


def test_a_point_in_wkt_is_a_position_whatever_the_column_is_called(read):
    query = (
        'SELECT ?name ?where WHERE { VALUES (?name ?where) { ("A" "POINT(7.75 48.58)"^^'
        "<http://www.opengis.net/ont/geosparql#wktLiteral>) } }"
    )
    page = read(query, view="map")
    assert page.text("//*[local-name()='svg']//*[local-name()='title']") == "A"


def test_numbers_of_a_column_are_bars(read):
    page = read(COUNTS, view="chart")
    bars = page.all("//ul[@class='bars']/li")
    assert views(page) == ["Tableau", "Graphique"]
    assert len(bars) > 5
    assert not page.all("//table")


@pytest.mark.parametrize(
    "query",
    [
        'SELECT ?lat ?long WHERE { VALUES (?lat ?long) { (480 7.75) ("48" "7") } }',
        'SELECT ?a ?b WHERE { VALUES (?a ?b) { ("x" -1) ("y" 2) } }',
        "SELECT ?x ?year WHERE { VALUES (?x ?year) { (<urn:a> 1855) (<urn:b> 1856) } }",
    ],
)
def test_what_is_no_position_or_count_gives_no_other_view(read, query):
    page = read(query, view="map")
    assert views(page) == []
    assert page.all("//table")


def test_a_lasting_link_names_the_snapshot_and_says_when_it_is_another(read):
    page = read(COUNTS)
    link = page.links()["Lien permanent"]
    assert "snapshot=" in link
    assert not page.all("//div[@role='status']")
    older = read(COUNTS, status=410, snapshot="2020-01-01T000000Z")
    assert "2020-01-01T000000Z" in older.text("//div[@role='status']")


def test_the_editor_proposes_what_the_snapshot_holds_in_both_languages(client):
    french = json.loads(client.get("/query/completions?lang=fr").data)
    english = json.loads(client.get("/query/completions?lang=en").data)
    assert french["prefixes"]["collex"] == "https://w3id.org/collex-graph/ontology#"
    assert set(french) == {"prefixes", "classes", "properties", "graphs", "moreGraphs"}
    assert french["graphs"] == english["graphs"] != []
    again = client.get("/query/completions?lang=fr", headers={
        "If-None-Match": client.get("/query/completions?lang=fr").headers["ETag"]})  # fmt: skip
    assert again.status_code == 304
