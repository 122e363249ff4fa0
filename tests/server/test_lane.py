"""The short way of queries answers as the long one does, and takes only what it understands."""

import gc
import weakref
from dataclasses import replace
from functools import partial
from urllib.parse import quote, urlencode

import pytest

from collex_graph.errors import ClientBudgetError, ClientQueriesError, QuerySyntaxError
from collex_graph.server import create_app, lane
from collex_graph.server.runs import Run

ROWS = "SELECT * WHERE { ?s ?p ?o }"
FEW = "SELECT ?o WHERE { <https://w3id.org/collex-graph/id/library/751132108> a ?o }"
GRAPH = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
VOLATILE = "SELECT (NOW() AS ?now) WHERE { }"
# They differ from one answer to the next, or belong to the connection.
APART = {"date", "connection", "x-query-id", "x-query-seconds"}


def gone():
    return False


@pytest.fixture
def app(settings, queries):
    return create_app(settings, queries)


@pytest.fixture
def short_way(app):
    return app.extensions[lane.EXTENSION]


def request(method="GET", query=ROWS, body=b"", parameters="", **fields):
    """Return a request as a client sends it."""
    target = "/sparql" if method == "POST" else f"/sparql?query={quote(query)}{parameters}"
    if body:
        fields["Content_Length"] = len(body)
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode() + body


def by_lane(short_way, received, peer="127.0.0.1"):
    """Answer as the connection's thread does: with what is known, else by computing it."""
    asked = short_way.read(received)
    assert asked is not None
    return short_way.known(asked) or short_way.answer(asked, peer=peer, has_gone=gone)


def by_framework(app, received):
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split()
    fields = dict(line.split(": ", 1) for line in lines)
    return app.test_client().open(target, method=method, headers=fields, data=body or None)


def headers_of(reply):
    lines = reply.head(keeps_connection=True).decode("latin-1").split("\r\n")[1:-2]
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


def comparable(headers):
    return {
        name.lower(): sorted(value.split(", ")) if name.lower() == "vary" else value
        for name, value in headers.items()
        if name.lower() not in APART
    }


def form(**values):
    return urlencode(values).encode()


FORM = {"Content_Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    "received",
    [
        request(),
        request(query=FEW),
        request(Accept_Encoding="gzip"),
        request(Accept_Encoding="br;q=1, zstd;q=0.5, identity"),
        request(query=FEW, Accept_Encoding="gzip"),
        request("HEAD"),
        request("HEAD", Accept_Encoding="zstd"),
        request(Accept="text/csv;q=0.5, application/sparql-results+xml"),
        request(parameters="&format=tsv&timeout=3.5"),
        request(query=GRAPH, Accept="application/n-triples"),
        request(query=GRAPH, Accept_Encoding="gzip"),
        request("POST", body=form(query=ROWS), **FORM),
        request("POST", body=ROWS.encode(), Content_Type="application/sparql-query; charset=utf-8"),
        request(Connection="close", X_Unknown="1"),
    ],
    ids=lambda received: received[:80].decode(),
)
def test_both_ways_give_the_same_answer(app, short_way, received):
    for which in ("computed", "known"):
        short = by_lane(short_way, received)
        if which == "computed":
            app.extensions["collex_graph"].queries._kept.clear()
        long = by_framework(app, received)
        assert short.status == long.status_code == 200
        assert comparable(headers_of(short)) == comparable(long.headers)
        assert short.body == long.data
        assert short.body or received.startswith(b"HEAD")


def test_both_ways_keep_nothing_that_is_another_each_time(app, short_way):
    received = request(query=VOLATILE)
    for _ in range(2):
        short = comparable(headers_of(by_lane(short_way, received)))
        long = comparable(by_framework(app, received).headers)
        assert short["cache-control"] == long["cache-control"] == "no-store"
        assert short.keys() == long.keys()


@pytest.mark.parametrize("weakly", ["{}", "W/{}"])
def test_both_ways_send_nothing_to_whoever_holds_the_result(app, short_way, weakly):
    tag = headers_of(by_lane(short_way, request()))["etag"]
    received = request(If_None_Match=weakly.format(tag))
    short, long = by_lane(short_way, received), by_framework(app, received)
    assert short.status == long.status_code == 304
    assert comparable(headers_of(short)) == comparable(long.headers)
    assert short.body == long.data == b""
    posted = request("POST", body=form(query=ROWS), If_None_Match=tag, **FORM)
    assert by_lane(short_way, posted).status == by_framework(app, posted).status_code == 200


@pytest.mark.parametrize(
    "received",
    [
        b"GET /sparql HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /sparql/queries/x?query=ASK%7B%7D HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /sparql?query=ASK%7B%7D HTTP/1.0\r\nHost: x\r\n\r\n",
        b"GET  /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /sparql?query=ASK%7B%7D#here HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\n\r\n",
        b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n",
        b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: x\r\nA: b\nC: d\r\n\r\n",
        b"GET /sparql?query=ASK%7B%7D HTTP/1.1\nHost: x\r\n\r\n",
        "GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: é\r\n\r\n".encode(),
        "GET /sparql?query=é HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
        request(Transfer_Encoding="chunked"),
        request(Content_Length="0"),
        request(Content_Encoding="gzip"),
        request(Expect="100-continue"),
        request(Connection="Upgrade", Upgrade="h2c"),
        request(Connection="close, X"),
        request(**{f"X_{number}": number for number in range(60)}),
        request(Accept_Encoding="a;q=0.1," * 200),
        request(If_None_Match=",".join(f'"{number}"' for number in range(300))),
        request(parameters="&format=html"),
        request(parameters="&query=ASK%7B%7D"),
        request("PUT"),
        request("POST", body=b"ASK {}", Content_Type="text/plain"),
        request("POST", body=b"ASK {}", Content_Encoding="gzip"),
        request("POST", Content_Type="application/sparql-query"),
        request("POST", body=form(update="DROP ALL"), **FORM),
    ],
    ids=lambda received: received[:90].decode("latin-1"),
)
def test_what_is_not_plain_goes_the_long_way(short_way, received):
    assert short_way.read(received) is None


def test_a_header_written_with_an_underscore_is_no_header_of_a_proxy(settings, queries):
    trusting = create_app(replace(settings, client_address_header="X-Real-IP"), queries)
    received = request().replace(b"\r\n\r\n", b"\r\nX_Real_IP: 192.0.2.1\r\n\r\n")
    assert trusting.extensions[lane.EXTENSION].read(received) is None


def test_an_error_is_for_the_long_way_to_tell(short_way):
    assert isinstance(by_lane(short_way, request(query="SELEKT")), QuerySyntaxError)


def test_a_result_that_is_streamed_is_for_the_long_way_to_send(short_way, queries):
    queries.breaks_after = 10
    outcome = by_lane(short_way, request())
    assert isinstance(outcome, Run)
    outcome.end()


def test_known_results_cost_nothing_and_others_the_computing_time_of_their_client(
    settings, queries
):
    poor = replace(settings, client_budget_seconds=1e-9, client_address_header="X-Real-IP")
    app = create_app(poor, queries)
    short_way = app.extensions[lane.EXTENSION]
    first, second = ({"X_Real_IP": f"192.0.2.{last}"} for last in (1, 2))
    assert by_lane(short_way, request(**first)).status == 200
    assert by_lane(short_way, request(**first)).status == 200
    assert isinstance(by_lane(short_way, request(query=FEW, **first)), ClientBudgetError)
    assert by_lane(short_way, request(query=FEW, **second)).status == 200
    assert by_framework(app, request(query=GRAPH, **first)).status_code == 429


def test_a_stream_of_either_way_is_computed_until_its_end(settings, queries):
    limits = {"client_queries": 1, "query_queue_seconds": 0.01}
    app = create_app(replace(settings, client_address_header="X-Real-IP", **limits), queries)
    short_way = app.extensions[lane.EXTENSION]
    first, second = ({"X_Real_IP": f"192.0.2.{last}"} for last in (1, 2))
    for ask, end in (
        (partial(by_lane, short_way), lambda run: run.end()),
        (partial(by_framework, app), lambda response: response.close()),
    ):
        queries.breaks_after = 10
        streamed = ask(request(query=GRAPH, **first))
        queries.breaks_after = None
        refused = by_lane(short_way, request(query=VOLATILE, **first))
        assert isinstance(refused, ClientQueriesError)
        assert by_framework(app, request(query=VOLATILE, **first)).status_code == 429
        assert by_lane(short_way, request(query=VOLATILE, **second)).status == 200
        end(streamed)
        assert by_lane(short_way, request(query=VOLATILE, **first)).status == 200


def test_clients_share_a_query_and_nothing_else_of_them_is_remembered(settings, queries):
    trusting = create_app(replace(settings, client_address_header="X-Real-IP"), queries)
    short_way = trusting.extensions[lane.EXTENSION]
    first, second = (
        short_way.read(request(X_Real_IP=f"192.0.2.{last}", User_Agent=last)) for last in (1, 2)
    )
    assert first.keyed is second.keyed
    assert short_way.known(second) is None
    short_way.answer(first, peer="127.0.0.1", has_gone=gone)
    assert short_way.known(second).status == 200
    forgotten = weakref.ref(first)
    del first
    gc.collect()
    assert forgotten() is None


def test_both_ways_count_and_note_the_same(settings, queries, tmp_path):
    path = tmp_path / "log"
    app = create_app(replace(settings, access_log=str(path)), queries)
    short_way = app.extensions[lane.EXTENSION]
    for received in (request(), request(), request(Accept_Encoding="gzip")):
        by_lane(short_way, received)
        by_framework(app, received)
    counts = app.test_client().get("/metrics").text
    app.extensions["collex_graph_log"].close()
    lines = [
        line.split('"seconds"')[0].split('"method"')[1]
        for line in path.read_text().split("\n")[:-1]
    ]
    assert lines[0:6:2] == lines[1:6:2]
    assert 'collex_graph_answers_total{room="sparql",status="200"} 6.0' in counts
    assert "collex_graph_cache_hits 5.0" in counts
    assert "collex_graph_cache_misses 1.0" in counts


def test_a_query_may_have_the_identifier_that_its_client_wishes(short_way):
    received = request(X_Query_Id="chosen-by-its-client")
    for _ in range(2):
        assert headers_of(by_lane(short_way, received))["x-query-id"] == "chosen-by-its-client"
