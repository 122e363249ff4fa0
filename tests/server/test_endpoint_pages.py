"""The pages that document the endpoint and the interface, and the examples on them."""

from dataclasses import replace

import pytest

from collex_graph.server import create_app
from collex_graph.server.endpoint_pages import FEATURES, GEO_FUNCTIONS
from collex_graph.server.usage import Usage
from collex_graph.sparql.catalogue import stored_query
from server.html_page import Page

BROWSER = {"Accept": "text/html"}


def page(client, path):
    response = client.get(path, headers=BROWSER)
    assert response.status_code == 200, response.text
    return Page(response)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_page_of_the_endpoint_states_every_limit_in_force(client, settings, language):
    text = page(client, f"/about/sparql?lang={language}").text()
    for said in (f"{settings.query_timeout_seconds:g} second", "504", "507", "413", "429", "503"):
        assert said in text


@pytest.mark.parametrize(
    ("language", "limit"),
    [("fr", "calculées à la fois"), ("en", "computed at once")],
)
def test_the_page_of_the_endpoint_says_how_much_of_a_client_is_computed_at_once(
    queries, settings, language, limit
):
    client = create_app(replace(settings, client_queries=47), queries).test_client()
    others = f"//td[contains(., '{limit}')]/following-sibling::td"
    assert page(client, f"/about/sparql?lang={language}").text(others).startswith("47 429 ")


def test_the_page_of_the_endpoint_lists_every_format(client):
    text = page(client, "/about/sparql").text("//section[h2[@id='formats']]")
    for name in ("JSON", "CSV", "GeoJSON", "XLSX", "Turtle", "JSON-LD", "geojson", "ttl"):
        assert name in text


def test_the_page_of_the_endpoint_says_whom_service_may_call(client, queries, settings):
    assert "collex:search" in page(client, "/about/sparql").text()
    open_to = replace(settings, federation_endpoints=("http://127.0.0.1:9/sparql",))
    other = create_app(open_to, queries).test_client()
    assert "http://127.0.0.1:9/sparql" in page(other, "/about/sparql").text()


def test_the_page_of_the_endpoint_says_that_a_federated_pattern_is_asked_alone(queries, settings):
    open_to = replace(settings, federation_endpoints=("http://127.0.0.1:9/sparql",))
    client = create_app(open_to, queries).test_client()
    for language, said in (("fr", "est demandé seul"), ("en", "is asked alone")):
        assert said in page(client, f"/about/sparql?lang={language}").text()


@pytest.fixture(scope="module")
def features(make_client):
    return make_client(PLACES, with_index=True)


@pytest.mark.parametrize("name", FEATURES)
def test_every_example_of_the_page_runs(features, name):
    query = stored_query(f"features/{name}")
    asked = {"query": query.text(), "format": "ttl" if query.form.gives_a_graph else "json"}
    response = features.get("/sparql", query_string=asked)
    assert response.status_code == 200, response.text
    if query.form.gives_a_graph:
        assert "rdf:reifies <<( <https://w3id.org/collex-graph/id/fonds/1> " in response.text
        assert "prov:wasDerivedFrom <https://w3id.org/collex-graph/graph/" in response.text
    else:
        assert response.get_json(force=True)["results"]["bindings"]


def test_every_function_of_geometry_that_the_page_names_computes(features):
    area, other = "((0 0,2 0,2 2,0 2,0 0))", "((1 1,3 1,3 3,1 3,1 1))"
    arguments = {
        "relate": '?area, ?other, "T********"',
        "distance": "?point, ?there, uom:kilometre",
        "length": "?line, uom:metre",
        **dict.fromkeys(("union", "intersection", "difference", "symDifference"), "?area, ?other"),
        **{name: "?area, ?other" for name in GEO_FUNCTIONS if name[:2] in ("sf", "eh", "rc")},
    }
    asked = " ".join(
        f"(geof:{name}({arguments.get(name, '?area')}) AS ?{name})" for name in GEO_FUNCTIONS
    )
    query = f"""PREFIX geof: <http://www.opengis.net/def/function/geosparql/>
        PREFIX geo: <http://www.opengis.net/ont/geosparql#>
        PREFIX uom: <http://www.opengis.net/def/uom/OGC/1.0/>
        SELECT {asked} {{
          BIND("POLYGON{area}"^^geo:wktLiteral AS ?area)
          BIND("POLYGON{other}"^^geo:wktLiteral AS ?other)
          BIND("POINT(9 9)"^^geo:wktLiteral AS ?point)
          BIND("POINT(1 1)"^^geo:wktLiteral AS ?there)
          BIND("LINESTRING(0 0,1 1)"^^geo:wktLiteral AS ?line) }}"""
    response = features.get("/sparql", query_string={"query": query})
    (row,) = response.get_json(force=True)["results"]["bindings"]
    assert set(row) == set(GEO_FUNCTIONS)


PLACES = """
<graph/source/ccfr/1> {
  <id/fonds/1> a collex:Fonds ; rdfs:label "Les géographes et le monde"@fr ;
    rico:hasOrHadHolder <id/library/1> .
  <id/library/1> a collex:Library ; rdfs:label "Une bibliothèque"@fr ; collex:hasPlace <id/p/1> .
  <id/library/2> a collex:Library ; rdfs:label "Une autre"@fr ; collex:hasPlace <id/p/2> .
  <id/p/1> wgs84:lat 48.5846 ; wgs84:long 7.7507 .
  <id/p/2> wgs84:lat 48.8566 ; wgs84:long 2.3522 .
}
"""


def test_the_interface_has_a_page(client):
    links = page(client, "/about/api").links()
    assert "/api/openapi.json" in links.values()
    assert client.get("/api").headers["Location"] == "/about/api"


def test_the_page_of_use_shows_days_and_no_addresses(settings, queries):
    usage = Usage()
    client = create_app(settings, queries, usage=usage).test_client()
    page(client, "/about")
    shown = page(client, "/usage")
    assert shown.all("//table//tbody/tr")
    assert "127.0.0.1" not in shown.source
    assert client.get("/usage").headers["Cache-Control"] == "no-store"


def test_a_site_that_nobody_has_read_says_so(settings, queries):
    client = create_app(settings, queries).test_client()
    assert page(client, "/usage").all("//div[@class='empty']")
