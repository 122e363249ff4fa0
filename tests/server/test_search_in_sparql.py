"""``SERVICE collex:search`` answers from the snapshot's indexes, and nothing else is served."""

import pyoxigraph as ox
import pytest

from collex_graph.errors import SnapshotNotFoundError
from collex_graph.model import Box
from collex_graph.store.search_index import SearchIndex, write_search_index

COLLEX = "https://w3id.org/collex-graph/ontology"
PREFIX = f"PREFIX collex: <{COLLEX}#>\n"
DATA = """
<graph/source/ccfr/1> {
  <id/fonds/1> a collex:Fonds ; rdfs:label "Cathédrales et évêchés d'Alsace"@fr ;
    skos:altLabel "Cathedrals of Alsace"@en ; collex:place <id/place/1> .
  <id/fonds/2> a collex:Fonds ; rdfs:label "La cathédrale de Strasbourg"@fr .
  <id/fonds/3> a collex:Fonds ; rdfs:label "Papiers d'un géographe"@fr ;
    dcterms:abstract "Des plans de la cathédrale, des cartes."@fr .
  <id/fonds/4> a collex:Fonds ; rdfs:label "Maps of Scotland"@en .
  <id/place/1> rdfs:label "Strasbourg"@fr ; wgs84:lat 48.5846 ; wgs84:long 7.7507 .
  <id/place/2> rdfs:label "Paris"@fr ; wgs84:lat 48.8566 ; wgs84:long 2.3522 .
}
"""


@pytest.fixture(scope="module")
def client(make_client):
    return make_client(DATA, with_index=True)


def rows(client, query, **parameters):
    response = client.get("/sparql", query_string={"query": PREFIX + query, **parameters})
    assert response.status_code == 200, response.text
    base = "https://w3id.org/collex-graph/id/"
    return [
        {name: term["value"].removeprefix(base) for name, term in row.items()}
        for row in response.get_json(force=True)["results"]["bindings"]
    ]


def found(client, words, more=""):
    query = f'SELECT ?x {{ SERVICE collex:search {{ ?x collex:searchText "{words}" {more} }} }}'
    return sorted(row["x"] for row in rows(client, query))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("cathédrale", ["fonds/1", "fonds/2", "fonds/3"]),
        ("CATHEDRALES", ["fonds/1", "fonds/2", "fonds/3"]),
        ("cathédrale alsace", ["fonds/1"]),
        ("évêché", ["fonds/1"]),
        ("stras*", ["fonds/2", "place/1"]),
        ("géogr* papier", ["fonds/3"]),
        ("map", ["fonds/4"]),
        ("scot*", ["fonds/4"]),
        ("absent", []),
        ("*", []),
        ("a.*|b", []),
        (r"\"la cathédrale de\"", ["fonds/2"]),
        (r"\"CATHEDRALE DE\"", ["fonds/2"]),
        (r"\"cathédrales de\"", []),
        (r"\"plans de la\" cartes", ["fonds/3"]),
        (r"\"papiers\"", ["fonds/3"]),
        ("cathédrale_de", ["fonds/2"]),
        ("x" * 70, []),
    ],
)
def test_words_are_found_whatever_their_accents_case_and_endings(client, words, expected):
    assert found(client, words) == expected


def test_a_language_limits_the_texts(client):
    assert found(client, "cathedrals", '; collex:searchLanguage "en"') == ["fonds/1"]


def test_a_name_counts_more_than_a_text(client):
    query = (
        'SELECT ?x ?s { SERVICE collex:search { ?x collex:searchText "cathédrale" ; '
        "collex:searchScore ?s } } ORDER BY DESC(?s)"
    )
    answer = rows(client, query)
    assert answer[-1]["x"] == "fonds/3"
    assert float(answer[0]["s"]) > float(answer[-1]["s"]) > 0


def test_a_limit_keeps_the_best(client):
    assert len(found(client, "cathédrale", "; collex:searchLimit 2")) == 2


def test_what_is_found_joins_with_the_rest_of_the_query(client):
    query = (
        "SELECT ?x ?label { ?x a collex:Fonds ; ?p ?label . "
        'SERVICE collex:search { ?x collex:searchText "stras*" } FILTER(LANG(?label) = "fr") }'
    )
    assert rows(client, query) == [{"x": "fonds/2", "label": "La cathédrale de Strasbourg"}]


def test_a_box_finds_positions(client):
    query = 'SELECT ?x { SERVICE collex:search { ?x collex:searchBox "7.5 48 8 49" } }'
    assert rows(client, query) == [{"x": "place/1"}]
    query = 'SELECT ?x { SERVICE collex:search { ?x collex:searchBox "7.7508 48 8 49" } }'
    assert rows(client, query) == []


def test_words_and_a_box_must_both_hold(client):
    pattern = '?x collex:searchText "paris" ; collex:searchBox "{}"'
    for box, expected in (("2 48 3 49", [{"x": "place/2"}]), ("7 48 8 49", [])):
        query = f"SELECT ?x {{ SERVICE collex:search {{ {pattern.format(box)} }} }}"
        assert rows(client, query) == expected


def test_a_limit_counts_what_is_in_the_box(client):
    pattern = '?x collex:searchText "stras*" ; collex:searchBox "7 48 8 49" ; collex:searchLimit 1'
    assert rows(client, f"SELECT ?x {{ SERVICE collex:search {{ {pattern} }} }}") == [
        {"x": "place/1"}
    ]


@pytest.mark.parametrize(
    "service",
    [
        "SERVICE SILENT collex:search",
        "service <https://w3id.org/collex-graph/ontology#search>",
        "SERV\\u0049CE # here\n collex:search",
    ],
)
def test_the_service_may_be_written_in_any_way(client, service):
    query = f'SELECT ?x {{ {service} {{ ?x collex:searchText "papiers" . }} }}'
    assert rows(client, query) == [{"x": "fonds/3"}]


@pytest.mark.parametrize(
    "pattern",
    [
        "", "?x a ?y", "?x collex:searchText ?y", '?x collex:searchText ""',
        "?x collex:searchText 1",
        '<a:b> collex:searchText "x"', '?x collex:searchText "x" ; collex:searchLimit 5001',
        f'?x collex:searchText "{"x " * 21}"',
        '?x collex:searchText "x" ; collex:searchLimit 0', '?x collex:searchBox "1 2 3"',
        '?x collex:searchBox "3 2 1 4"', '?x collex:searchBox "nan 2 3 4"',
        '?x collex:searchText "x" ; collex:searchLanguage "de"', "?x collex:searchScore ?s",
        '?x collex:searchText "x" . ?y collex:searchText "x"', '?x collex:searchText "x" ?y',
        'OPTIONAL { ?x collex:searchText "x" }', '?x collex:searchText "x" . FILTER(true)',
    ],
)  # fmt: skip
def test_a_pattern_that_is_no_search_is_malformed_with_its_place(client, pattern):
    query = f"{PREFIX}SELECT ?x {{ SERVICE collex:search {{ {pattern} }} }}"
    response = client.get("/sparql", query_string={"query": query})
    assert response.status_code == 400, response.text
    assert response.get_json()["position"]["line"] == 2


def test_an_error_after_a_search_is_told_at_its_own_place(client):
    query = (
        "SELECT ?x { ?x a <#kind>\nSERVICE collex:search {\n"
        '?x collex:searchText "papiers"\n} ?x a <#kind> . ?x ?y }'
    )
    response = client.get("/sparql", query_string={"query": PREFIX + query})
    assert response.get_json()["position"] == {"line": 5, "column": 25}


def test_what_a_query_names_with_a_hash_is_kept_around_searches(client):
    search = f'SERVICE collex:search {{ ?x <{COLLEX}#searchText> "papiers" }}'
    query = f"SELECT ?x {{ ?x a <{COLLEX}#Fonds> {search} {search} ?x a <{COLLEX}#Fonds> }}"
    assert rows(client, query) == [{"x": "fonds/3"}]


def test_a_query_may_search_twenty_times(client):
    search = 'SERVICE collex:search { ?x collex:searchText "papiers" } '
    assert rows(client, f"SELECT ?x {{ {search * 20} }}") == [{"x": "fonds/3"}]
    query = f"{PREFIX}SELECT ?x {{\n{search * 21} }}"
    response = client.get("/sparql", query_string={"query": query})
    assert response.status_code == 400
    assert "20 SERVICE" in response.get_json()["detail"]


@pytest.mark.parametrize(
    "service",
    [
        "SERVICE ?x", "SERVICE <http://127.0.0.1:9/>", "SERVICE SILENT <http://127.0.0.1:9/>",
        "SERVICE collex:searching", "SERVICE <#search>", "SERVICE collex:", "SERVICE SILENT SILENT",
        "SERVICE collex:search SERVICE <http://127.0.0.1:9/>", "SERVICE",
        'SERVICE collex:search { ?x collex:searchText "x" . SERVICE <http://127.0.0.1:9/>',
    ],
)  # fmt: skip
def test_every_other_service_stays_forbidden(client, service):
    closing = "}" * service.count("{")
    query = f"{PREFIX}SELECT * {{ {service} {{ ?x ?y ?z }} {closing} }}"
    response = client.get("/sparql", query_string={"query": query})
    assert response.status_code == 403, response.text


def test_a_search_has_a_tag_and_is_kept(client):
    query = PREFIX + 'SELECT ?x { SERVICE collex:search { ?x collex:searchText "alsace" } }'
    first, again = (client.get("/sparql", query_string={"query": query}) for _ in range(2))
    assert first.headers["ETag"] == again.headers["ETag"]
    assert again.headers["Cache-Status"] == "collex-graph; hit"


def test_a_snapshot_without_indexes_says_so(real_client):
    query = PREFIX + 'SELECT ?x { SERVICE collex:search { ?x collex:searchText "x" } }'
    response = real_client.get("/sparql", query_string={"query": query})
    assert response.status_code == 403
    assert "index" in response.get_json()["detail"]


def test_an_index_that_is_not_there_is_told(snapshot):
    with pytest.raises(SnapshotNotFoundError, match="build it again"):
        SearchIndex(snapshot)


def test_a_thing_with_many_texts_is_found_once(tmp_path, snapshot):
    from dataclasses import replace

    store = ox.Store()
    label = ox.NamedNode("http://www.w3.org/2004/02/skos/core#altLabel")
    for number in range(300):
        many = ox.NamedNode("http://a/many")
        store.add(ox.Quad(many, label, ox.Literal(f"carte {number}")))
    store.add(ox.Quad(ox.NamedNode("http://a/one"), label, ox.Literal("une carte parmi d’autres")))
    write_search_index(store, tmp_path / "search")
    index = SearchIndex(replace(snapshot, directory=tmp_path))
    assert {iri for iri, _ in index.find_words("cartes", language="", limit=10)} == {
        "http://a/many", "http://a/one"
    }  # fmt: skip
    assert index.find_places(Box(-180, -90, 180, 90), limit=9) == []
