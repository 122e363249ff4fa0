"""The gallery of stored queries, the page of each, the code to copy and the citation."""

import json
import re
import subprocess
import sys

import pytest

from collex_graph.server.named_queries import questions
from collex_graph.server.snippets import snippets
from server.html_page import Page

BROWSER = {"Accept": "text/html"}
TRICKY = 'SELECT ?a { ?a ?b """it\'s `${x}` \\\\ " )-" and )--" """ }'


def page(client, path):
    response = client.get(path, headers=BROWSER)
    assert response.status_code == 200, response.text
    return Page(response)


def test_every_query_is_in_the_gallery(client):
    links = page(client, "/queries").links()
    assert {f"/queries/{name}" for name in questions()} <= set(links.values())


def test_the_gallery_is_narrowed_by_audience_and_difficulty(client):
    wanted = {
        f"/queries/{name}"
        for name, query in questions().items()
        if "cartographer" in query.audience and query.difficulty == "join"
    }
    shown = page(client, "/queries?audience=cartographer&difficulty=join")
    links = shown.links("//ul[@class='entrances']//a")
    assert set(links.values()) == wanted
    assert wanted


@pytest.mark.parametrize("path", ["/queries?audience=x", "/queries?difficulty=x"])
def test_a_choice_that_does_not_exist_is_a_bad_request(client, path):
    assert client.get(path, headers=BROWSER).status_code == 400


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("name", list(questions())[::7])
def test_a_query_has_a_page_in_both_languages(client, name, language):
    shown = page(client, f"/queries/{name}?lang={language}")
    assert shown.text("//h1") == questions()[name].title[language]
    assert "SELECT" in shown.source or "CONSTRUCT" in shown.source


def test_a_page_shows_the_answer_and_where_else_it_is(real_client):
    shown = page(real_client, "/queries/label")
    assert shown.all("//table//td")
    links = shown.links()
    assert links["GeoJSON"] == "/api/queries/label?format=geojson"
    assert "snapshot=2026-11-22T094900Z" in links["Lien permanent"]


def test_a_query_that_needs_a_value_asks_for_it(client):
    name = next(
        name
        for name, query in questions().items()
        if any(not p.optional and p.default is None for p in query.parameters.values())
    )
    shown = page(client, f"/queries/{name}")
    assert shown.all("//form[@class='query-values']//input")
    assert not shown.all("//table")


def test_an_unknown_query_has_no_page(client):
    assert client.get("/queries/nothing", headers=BROWSER).status_code == 404
    assert client.get("/queries/nothing/citation.bib").status_code == 404
    assert client.get("/queries/label/citation.pdf").status_code == 404


def test_a_wrong_value_is_told_on_a_page(client):
    response = client.get("/queries/label?nonsense=1", headers=BROWSER)
    assert response.status_code == 400
    assert "nonsense" in response.text


# --- code ----------------------------------------------------------------------------------------


def code(name, text=TRICKY, **kwargs):
    return dict(snippets("http://localhost:8080/sparql", text, is_graph=False, **kwargs))[name]


def test_python_asks_the_very_query():
    written = code("Python")
    compile(written, "snippet", "exec")
    assigned = re.search(r"setQuery\((.*)\)\nfor", written, re.DOTALL)[1]
    assert eval(assigned).strip() == TRICKY


def test_the_shell_asks_the_very_query():
    written = code("curl").replace("curl ", "printf '%s\\n' ", 1)
    said = subprocess.run(["sh", "-c", written], capture_output=True, text=True, check=True).stdout
    assert f"query={TRICKY}\n" in said


def test_javascript_holds_no_end_of_its_literal_inside():
    literal = re.search(r"const query = `\n(.*)\n`;\nconst answer", code("JavaScript"), re.DOTALL)[
        1
    ]
    assert not re.search(r"(?<!\\)`|(?<!\\)\$\{", literal)
    assert literal.replace("\\`", "`").replace("\\${", "${").replace("\\\\", "\\") == TRICKY


def test_r_ends_its_literal_with_what_the_query_does_not_hold():
    written = code("R")
    dashes = re.search(r'query <- r"(-+)\(', written)[1]
    assert f'){dashes}"' not in TRICKY
    assert f'\n){dashes}"\n' in written


def test_a_snippet_runs_against_the_service(real_client):
    """Python's, with a stand-in for the library that hands the request to the service."""
    written = code("Python", "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
    asked = {}

    class SPARQLWrapper:
        def __init__(self, endpoint):
            asked["endpoint"] = endpoint

        def setMethod(self, _):  # noqa: N802 - of that library
            pass

        def setReturnFormat(self, _):  # noqa: N802
            pass

        def setQuery(self, text):  # noqa: N802
            self.text = text

        def query(self):
            return self

        def convert(self):
            asked["rows"] = real_client.post("/sparql", data={"query": self.text}).get_json(
                force=True
            )
            return asked["rows"]

    module = type(sys)("SPARQLWrapper")
    module.SPARQLWrapper, module.JSON, module.POST = SPARQLWrapper, "json", "POST"
    sys.modules["SPARQLWrapper"] = module
    try:
        exec(written, {})
    finally:
        del sys.modules["SPARQLWrapper"]
    assert asked["rows"]["results"]["bindings"]


# --- citation ------------------------------------------------------------------------------------


def test_an_answer_is_cited_in_bibtex_and_csl(client, snapshot):
    response = client.get("/queries/label/citation.bib?lang=en")
    assert response.mimetype == "application/x-bibtex"
    assert response.text.startswith("@misc{collex-graph-label-")
    assert snapshot.identifier in response.text
    assert response.text.count("{") == response.text.count("}")
    (cited,) = json.loads(client.get("/queries/label/citation.json?lang=en").data)
    assert cited["issued"]["date-parts"] == [[2026, 11, 22]]
    assert cited["URL"].endswith(f"/queries/label?snapshot={snapshot.identifier}")


def test_a_citation_names_no_host_that_the_client_made_up(client):
    response = client.get("/queries/label/citation.json", headers={"Host": "evil.example"})
    assert b"evil.example" not in response.data
