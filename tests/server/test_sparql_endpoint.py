"""The SPARQL protocol, and the table of HTTP answers, over the application."""

import csv
import io
import json
from dataclasses import replace

import pyoxigraph as ox
import pytest
from werkzeug.wsgi import FileWrapper

from collex_graph.errors import QueryTimeoutError

COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
ALL = "SELECT * WHERE { ?s ?p ?o }"
LABELS = (
    "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
    "CONSTRUCT WHERE { <https://w3id.org/collex-graph/vocabulary/region/44> rdfs:label ?l }"
)
RESULTS = [
    "application/sparql-results+json",
    "application/sparql-results+xml",
    "text/csv",
    "text/tab-separated-values",
]
GRAPHS = ["text/turtle", "application/n-triples", "application/ld+json", "application/rdf+xml"]
NESTED = "SELECT * WHERE " + "{" * 2200 + "}" * 2200


@pytest.fixture(params=["in process", "workers"])
def endpoint(request):
    """The endpoint on the service of production and on the one of the tests."""
    return request.getfixturevalue("client" if request.param == "in process" else "real_client")


def get(client, query, accept=None, **parameters):
    headers = {"Accept": accept} if accept else {}
    return client.get("/sparql", query_string={"query": query, **parameters}, headers=headers)


@pytest.mark.parametrize("media_type", RESULTS)
def test_rows_come_in_every_format_of_sparql(endpoint, media_type):
    response = get(endpoint, COUNT, media_type)
    assert response.status_code == 200
    assert response.mimetype == media_type
    assert int(response.headers["Content-Length"]) == len(response.data)


@pytest.mark.parametrize("media_type", GRAPHS)
def test_triples_come_in_every_syntax(endpoint, media_type):
    response = get(endpoint, LABELS, media_type)
    assert response.status_code == 200
    assert response.mimetype == media_type
    assert b"Grand Est" in response.data


def test_text_says_its_charset(endpoint):
    assert get(endpoint, COUNT, "text/csv").headers["Content-Type"] == "text/csv; charset=utf-8"


def test_csv_is_exact_and_never_guessed_at(endpoint):
    response = get(endpoint, 'SELECT ("=1+1" AS ?x) ("a,\\"b" AS ?y) {}', "text/csv")
    assert list(csv.reader(io.StringIO(response.text))) == [["x", "y"], ["=1+1", 'a,"b']]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_query_may_come_as_a_form(endpoint):
    response = endpoint.post("/sparql", data={"query": COUNT})
    assert response.status_code == 200


def test_a_query_may_come_as_a_body(endpoint):
    response = endpoint.post("/sparql", data=COUNT, content_type="application/sparql-query")
    assert response.status_code == 200


def test_head_answers_without_a_body(endpoint):
    response = endpoint.head("/sparql", query_string={"query": COUNT})
    assert response.status_code == 200
    assert response.data == b""
    assert int(response.headers["Content-Length"]) > 0


def test_options_says_what_other_sites_may_send(endpoint):
    response = endpoint.options(
        "/sparql",
        headers={"Origin": "https://example.org", "Access-Control-Request-Method": "POST"},
    )
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" in response.headers["Access-Control-Allow-Headers"]


def test_other_sites_may_read_results_and_errors(endpoint):
    for query in (COUNT, "SELECT"):
        response = get(endpoint, query)
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in response.headers


def test_other_sites_may_read_that_nothing_has_changed(endpoint):
    tag = get(endpoint, COUNT).headers["ETag"]
    held = {"If-None-Match": tag, "Origin": "https://example.org"}
    response = endpoint.get("/sparql", query_string={"query": COUNT}, headers=held)
    assert response.status_code == 304
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Content-Type" not in response.headers


def test_other_sites_may_read_that_the_service_has_not_changed(endpoint):
    tag = endpoint.get("/sparql").headers["ETag"]
    response = endpoint.get("/sparql", headers={"If-None-Match": tag})
    assert response.status_code == 304
    assert response.headers["Access-Control-Allow-Origin"] == "*"


# --- the table of answers ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "SELECT",
        "SELECT * WHERE { ?s ?p",
        "",
        pytest.param(NESTED, id="nested 2200 deep in 4.4 kB"),
        "SELECT * WHERE { ?s ?p ?o } BINDINGS {",
    ],
)
def test_a_malformed_query_is_a_bad_request_with_its_position(real_client, query):
    response = get(real_client, query)
    assert response.status_code == 400
    problem = response.get_json()
    assert problem["type"].endswith(("/query-syntax", "/bad-request"))
    if query:
        assert problem["position"]["line"] == 1
        assert problem["position"]["column"] > 0


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * WHERE { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }",
        "SELECT * WHERE { SERVICE SILENT <http://127.0.0.1:9/> { ?s ?p ?o } }",
        "SELECT * WHERE { BIND(<http://127.0.0.1:9/> AS ?x) SERVICE ?x { ?s ?p ?o } }",
        "SELECT * WHERE { FILTER EXISTS { SERVICE <file:///etc/passwd> { ?s ?p ?o } } }",
        "LOAD <http://127.0.0.1:9/>",
        "INSERT DATA { <http://a/b> <http://a/c> 1 }",
        "DELETE WHERE { ?s ?p ?o }",
        "DROP ALL",
        "CLEAR DEFAULT",
    ],
)
def test_whatever_reaches_out_or_writes_is_forbidden(real_client, queries, query):
    assert get(real_client, query).status_code == 403
    response = real_client.post("/sparql", data=query, content_type="application/sparql-query")
    assert response.status_code == 403


@pytest.mark.parametrize(
    "sent",
    [
        {"data": {"update": "DROP ALL"}},
        {"data": "DROP ALL", "content_type": "application/sparql-update"},
        {"data": {"update": "DROP ALL", "query": COUNT}},
        {"query_string": {"update": "DROP ALL"}},
    ],
)
def test_an_update_request_is_forbidden(real_client, sent):
    response = real_client.post("/sparql", **sent)
    assert response.status_code in (400, 403, 415)
    assert response.status_code != 200
    before = get(real_client, COUNT).get_json(force=True)
    assert int(before["results"]["bindings"][0]["n"]["value"]) > 100


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("SELECT * FROM <http://127.0.0.1:9/x.ttl> WHERE { ?s ?p ?o }", {}),
        ("SELECT * FROM NAMED <http://127.0.0.1:9/x> WHERE { GRAPH ?g { ?s ?p ?o } }", {}),
        ("SELECT * WHERE { GRAPH <http://127.0.0.1:9/x> { ?s ?p ?o } }", {}),
        (ALL, {"default-graph-uri": "http://127.0.0.1:9/x.ttl"}),
        (ALL, {"default-graph-uri": "file:///etc/passwd"}),
    ],
)
def test_a_graph_that_is_not_held_is_empty_and_never_fetched(real_client, query, parameters):
    response = get(real_client, query, "application/sparql-results+json", **parameters)
    assert response.status_code == 200
    assert response.get_json(force=True)["results"]["bindings"] == []


def test_a_graph_that_is_held_can_be_asked_alone(real_client, snapshot):
    graph = "https://w3id.org/collex-graph/graph/source/ccfr/FRFONDS-674821001-xBW"
    response = get(real_client, COUNT, **{"default-graph-uri": graph})
    count = int(response.get_json(force=True)["results"]["bindings"][0]["n"]["value"])
    assert 0 < count < snapshot.counts["triples"]


def test_a_query_text_over_its_limit_is_too_large(real_client, settings):
    long = COUNT + " #" + "x" * settings.query_text_bytes
    response = real_client.post("/sparql", data=long, content_type="application/sparql-query")
    assert response.status_code == 413
    assert response.get_json()["limit"] == {"query_bytes": settings.query_text_bytes}
    assert real_client.post("/sparql", data={"query": long}).status_code == 413


def test_a_query_over_its_time_is_stopped_and_the_next_one_answers(real_client):
    bomb = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
    response = get(real_client, bomb, timeout="0.5")
    assert response.status_code == 504
    assert int(response.headers["Retry-After"]) >= 1
    assert response.get_json()["limit"] == {"seconds": 0.5}
    assert get(real_client, COUNT).status_code == 200


def test_a_result_over_its_memory_is_stopped(real_client):
    growth = 'BIND("xxxxxxxxxxxxxxxx" AS ?v0) ' + " ".join(
        f"BIND(CONCAT(?v{i}, ?v{i}, ?v{i}, ?v{i}, ?v{i}, ?v{i}, ?v{i}, ?v{i}) AS ?v{i + 1})"
        for i in range(11)
    )
    response = get(real_client, f"SELECT (STRLEN(?v11) AS ?n) WHERE {{ {growth} }}")
    assert response.status_code == 507
    assert get(real_client, COUNT).status_code == 200


def test_a_media_type_that_the_protocol_does_not_know_is_unsupported(real_client):
    response = real_client.post("/sparql", data="x", content_type="application/x-unknown")
    assert response.status_code == 415


@pytest.mark.parametrize(("query", "accept"), [(COUNT, "image/png"), (COUNT, "text/turtle")])
def test_a_result_format_that_does_not_exist_is_not_acceptable(real_client, query, accept):
    response = get(real_client, query, accept)
    assert response.status_code == 406
    assert "sparql-results+json" in response.get_json()["detail"]


@pytest.mark.parametrize("query", ["SELECT * WHERE { ?s ?p", "SELECT * { FILTER( }", "SELECT"])
def test_an_error_of_the_query_is_told_in_plain_text_when_asked(real_client, query):
    response = get(real_client, query, "text/plain")
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "ligne 1" in response.text


def test_parameters_that_contradict_each_other_are_a_bad_request(real_client):
    response = real_client.get("/sparql?query=ASK%7B%7D&query=SELECT+*+%7B%7D")
    assert response.status_code == 400


@pytest.mark.parametrize("timeout", ["soon", "-1", "0", "nan", "inf"])
def test_a_limit_that_is_no_time_is_a_bad_request(real_client, timeout):
    assert get(real_client, COUNT, timeout=timeout).status_code == 400


# --- limits and caches ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "in_force"), [(None, "10"), ("2.5", "2.5"), ("3600", "10"), ("1e9", "10")]
)
def test_the_answer_says_which_limit_was_in_force(endpoint, asked, in_force):
    parameters = {"timeout": asked} if asked else {}
    response = get(endpoint, COUNT, **parameters)
    assert response.headers["X-Query-Timeout-Seconds"] == in_force


def test_a_result_may_be_asked_for_as_a_page(endpoint):
    response = get(endpoint, COUNT, format="html")
    assert response.status_code == 303
    assert response.headers["Location"].startswith("/query?query=SELECT")


@pytest.mark.parametrize(
    ("name", "media_type"), [("csv", "text/csv"), ("json", "application/sparql-results+json")]
)
def test_a_format_named_in_the_address_wins_over_the_header(endpoint, name, media_type):
    assert get(endpoint, COUNT, "text/tab-separated-values", format=name).mimetype == media_type


def test_the_answer_names_its_snapshot(endpoint, snapshot):
    assert get(endpoint, COUNT).headers["X-Snapshot"] == snapshot.identifier


def test_a_client_that_holds_the_result_costs_no_query(client, queries):
    tag = get(client, COUNT).headers["ETag"]
    queries.asked.clear()
    again = client.get("/sparql", query_string={"query": COUNT}, headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert queries.asked == []
    assert again.headers["ETag"] == tag


def test_a_tag_is_of_one_query_in_one_format(endpoint):
    tags = {
        get(endpoint, query, accept).headers["ETag"]
        for query in (COUNT, ALL)
        for accept in ("text/csv", "application/sparql-results+json")
    }
    assert len(tags) == 4


def test_a_posted_query_is_never_answered_with_not_modified(client):
    tag = get(client, COUNT).headers["ETag"]
    response = client.post("/sparql", data={"query": COUNT}, headers={"If-None-Match": tag})
    assert response.status_code == 200


@pytest.mark.parametrize("function", ["NOW()", "RAND()", "UUID()", "struuid()", "BNODE()"])
def test_a_result_that_differs_each_time_has_no_tag(endpoint, function):
    response = get(endpoint, f"SELECT ({function} AS ?x) {{}}")
    assert "ETag" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"


def test_an_error_is_never_kept(client, queries):
    queries.failure = QueryTimeoutError("stopped")
    response = get(client, COUNT)
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers


# --- service description -------------------------------------------------------------------------


def test_without_a_query_the_endpoint_describes_itself(endpoint):
    response = endpoint.get("/sparql")
    assert response.mimetype == "text/turtle"
    found = {q.triple for q in ox.parse(response.data, ox.RdfFormat.TURTLE)}
    service = ox.NamedNode("https://w3id.org/collex-graph/sparql")
    sd = "http://www.w3.org/ns/sparql-service-description#"
    assert ox.Triple(service, ox.NamedNode(sd + "endpoint"), service) in found
    assert (
        ox.Triple(
            service, ox.NamedNode(sd + "supportedLanguage"), ox.NamedNode(sd + "SPARQL11Query")
        )
        in found
    )


def test_people_who_open_the_endpoint_are_sent_to_the_editor(endpoint):
    response = endpoint.get("/sparql", headers={"Accept": "text/html,*/*;q=0.8"})
    assert response.status_code == 303
    assert response.headers["Location"] == "/query"


# --- large results -------------------------------------------------------------------------------


@pytest.fixture
def streaming(queries, monkeypatch):
    """The service, giving every result in parts."""
    run = queries.run

    def streamed(request, *, is_cancelled=None):
        result = run(request)
        parts = iter([result.body[:30], result.body[30:]])
        return replace(result, body=parts, length_bytes=None)

    monkeypatch.setattr(queries, "run", streamed)


def test_a_streamed_result_announces_no_length(client, streaming):
    response = get(client, ALL)
    assert response.status_code == 200
    assert "Content-Length" not in response.headers
    json.loads(response.data)


def test_a_result_that_cannot_be_completed_breaks(client, queries):
    queries.breaks_after = 20
    with pytest.raises(BrokenPipeError):
        assert get(client, ALL).data


def over_http_1_0(client, query, **environ):
    return client.get(
        "/sparql",
        query_string={"query": query},
        environ_overrides={"SERVER_PROTOCOL": "HTTP/1.0", **environ},
        buffered=True,
    )


def test_over_http_1_0_a_result_is_sent_with_its_length(client, streaming):
    response = over_http_1_0(client, ALL)
    assert int(response.headers["Content-Length"]) == len(response.data)
    json.loads(response.data)


def test_over_http_1_0_a_long_result_is_a_file_that_no_thread_waits_to_send(client, streaming):
    files = []

    def wrap(file, block_bytes):
        files.append(file)
        return FileWrapper(file, block_bytes)

    response = over_http_1_0(client, ALL, **{"wsgi.file_wrapper": wrap})
    json.loads(response.data)
    assert [file.closed for file in files] == [True]


def test_over_http_1_0_a_result_that_cannot_be_completed_is_an_error(client, queries):
    queries.breaks_after = 20
    assert over_http_1_0(client, ALL).status_code == 507
