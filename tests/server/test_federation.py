"""SERVICE to the endpoints of an allow-list, played by local servers of every temper."""

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from collex_graph.errors import FederationError
from collex_graph.sparql import remote
from collex_graph.sparql.remote import fetch_result, read_rows

HELD = """
<graph/source/ccfr/1> { <http://www.idref.fr/027015181/id> rdfs:label "Strasbourg"@fr . }
"""
RESULT = {
    "head": {"vars": ["who", "born"]},
    "results": {
        "bindings": [
            {
                "who": {"type": "uri", "value": "http://www.idref.fr/027015181/id"},
                "born": {"type": "literal", "value": 'l\'"été"\\', "xml:lang": "fr"},
            },
            {"who": {"type": "bnode", "value": "b0"}},
        ]
    },
}


class Endpoint:
    """A server whose answers a test chooses."""

    def __init__(self):
        self.asked = []
        self.status, self.headers, self.body = 200, {}, json.dumps(RESULT).encode()
        self.wait = threading.Event()
        self.wait.set()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                endpoint.asked.append(self.rfile.read(length).decode())
                endpoint.wait.wait(10)
                self.send_response(endpoint.status)
                headers = {"Content-Type": "application/sparql-results+json"} | endpoint.headers
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(endpoint.body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.iri = f"http://127.0.0.1:{self.server.server_port}/sparql"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def served():
    endpoint = Endpoint()
    yield endpoint
    endpoint.wait.set()
    endpoint.server.shutdown()
    endpoint.server.server_close()


@pytest.fixture
def endpoint(served):
    served.asked.clear()
    served.status, served.headers, served.body = 200, {}, json.dumps(RESULT).encode()
    yield served
    served.wait.set()


@pytest.fixture(scope="module")
def client(make_client, served):
    return make_client(
        HELD,
        federation_endpoints=(served.iri,),
        federation_seconds=0.5,
        federation_bytes=20_000,
    )


def ask(client, query):
    return client.get("/sparql", query_string={"query": query})


def calling(endpoint, pattern="?who ?p ?born", silent=""):
    return (
        "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> SELECT * { ?who rdfs:label ?name "
        f"SERVICE {silent} <{endpoint.iri}> {{ {pattern} }} }}"
    )


def test_another_endpoint_is_asked_and_its_answer_joined(client, endpoint):
    response = ask(client, calling(endpoint, "?who rdfs:seeAlso ?born"))
    (row,) = response.get_json(force=True)["results"]["bindings"]
    assert row["name"]["value"] == "Strasbourg"
    assert row["born"] == {"type": "literal", "value": 'l\'"été"\\', "xml:lang": "fr"}
    (asked,) = endpoint.asked
    assert asked.startswith("PREFIX rdfs:")
    assert "?who rdfs:seeAlso ?born" in asked


def test_what_others_say_is_never_kept(client, endpoint):
    for _ in range(2):
        response = ask(client, calling(endpoint))
        assert response.headers["Cache-Control"] == "no-store"
        assert "ETag" not in response.headers
    assert len(endpoint.asked) == 2


def test_the_service_description_says_so(client):
    assert "BasicFederatedQuery" in client.get("/sparql").text


FAILURES = {
    "an error": {"status": 500},
    "a redirect": {"status": 302, "headers": {"Location": "http://127.0.0.1:9/"}},
    "a redirect that keeps the method": {"status": 307, "headers": {"Location": "/elsewhere"}},
    "a page": {"headers": {"Content-Type": "text/html"}},
    "no JSON": {"body": b"{"},
    "JSON of something else": {"body": b'{"head": {}}'},
    "JSON nested without end": {"body": b"[" * 15_000},
    "a variable that is a piece of a query": {
        "body": b'{"head": {"vars": ["x) {} #"]}, "results": {"bindings": []}}'
    },
    "an IRI that is a piece of a query": {
        "body": b'{"head": {"vars": ["x"]}, "results": {"bindings": '
        b'[{"x": {"type": "uri", "value": "http://a/> } #"}}]}}'
    },
    "a language that is a piece of a query": {
        "body": b'{"head": {"vars": ["x"]}, "results": {"bindings": '
        b'[{"x": {"type": "literal", "value": "a", "xml:lang": "fr } #"}}]}}'
    },
    "an answer cut short": {"headers": {"Content-Length": "100000"}},
    "an answer too large": {"body": b" " * 30_000},
    "a partial answer": {"headers": {"X-SPARQL-MaxRows": "10000"}},
}


@pytest.mark.parametrize("answer", FAILURES.values(), ids=FAILURES)
def test_a_wrong_answer_is_an_error_that_says_whose(client, endpoint, answer):
    for name, value in answer.items():
        setattr(endpoint, name, value)
    response = ask(client, calling(endpoint))
    assert response.status_code == 502, response.text
    assert endpoint.iri in response.get_json()["detail"]
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize("answer", [FAILURES["an error"], FAILURES["no JSON"]])
def test_silent_makes_of_a_failure_one_row_that_binds_nothing(client, endpoint, answer):
    for name, value in answer.items():
        setattr(endpoint, name, value)
    response = ask(client, calling(endpoint, silent="SILENT"))
    (row,) = response.get_json(force=True)["results"]["bindings"]
    assert sorted(row) == ["name", "who"]


def test_an_endpoint_that_does_not_answer_is_given_up(client, endpoint):
    endpoint.wait.clear()
    began = time.monotonic()
    assert ask(client, calling(endpoint)).status_code == 502
    assert time.monotonic() - began < 5


def test_an_endpoint_that_trickles_is_given_up(monkeypatch):
    sent = threading.Event()

    class Trickle(BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                while not sent.wait(0.05):
                    self.wfile.write(b" ")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Trickle)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with contextlib.closing(server.socket):
        iri = f"http://127.0.0.1:{server.server_port}/"
        with pytest.raises(FederationError, match="in time"):
            fetch_result(iri, "ASK {}", seconds=0.3, most_bytes=1000)
        sent.set()
        server.shutdown()


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1",
     "0.0.0.0"],
)  # fmt: skip
def test_a_name_that_leads_to_a_private_address_is_not_asked(monkeypatch, address):
    monkeypatch.setattr(
        remote.socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (address, 80))]
    )
    with pytest.raises(FederationError, match="not public"):
        fetch_result("http://data.idref.fr/sparql", "ASK {}", seconds=1, most_bytes=1000)


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch):
    found = [(0, 0, 0, "", (each, 80)) for each in ("194.57.130.1", "127.0.0.1")]
    monkeypatch.setattr(remote.socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(FederationError, match="not public"):
        fetch_result("http://data.idref.fr/sparql", "ASK {}", seconds=1, most_bytes=1000)


@pytest.mark.parametrize(
    "iri", ["file:///etc/passwd", "ftp://a/", "http://user@127.0.0.1/", "http:///", "http://a:99999/"]
)  # fmt: skip
def test_an_address_that_is_no_endpoint_is_not_asked(iri):
    with pytest.raises(FederationError, match="malformed"):
        fetch_result(iri, "ASK {}", seconds=1, most_bytes=1000)


def test_a_blank_node_of_others_is_an_iri_of_its_own():
    _, rows = read_rows("x", "application/json", json.dumps(RESULT).encode())
    assert str(list(rows)[1][0]).startswith("<urn:blank:")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * {{ SERVICE ?x {{ ?a ?b ?c }} BIND(<{0}> AS ?x) }}",
        "SELECT * {{ SERVICE <{0}> {{ SERVICE <{0}> {{ ?a ?b ?c }} }} }}",
        "SELECT * {{ SERVICE <{0}/other> {{ ?a ?b ?c }} }}",
        "SELECT * {{ SERVICE <http://127.0.0.1:9/> {{ ?a ?b ?c }} }}",
        "BASE <{0}> SELECT * {{ SERVICE <> {{ ?a ?b ?c }} }}",
        "LOAD <{0}>",
    ],
)
def test_nothing_but_what_is_on_the_list_is_asked(client, endpoint, query):
    assert ask(client, query.format(endpoint.iri)).status_code == 403
    assert endpoint.asked == []


def test_without_a_list_nobody_is_asked(real_client, endpoint):
    assert ask(real_client, calling(endpoint)).status_code == 403
    assert endpoint.asked == []
