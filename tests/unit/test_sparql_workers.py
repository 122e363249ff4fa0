"""The pool: answers, limits that end one query alone, deaths, disconnections, another snapshot."""

import contextlib
import json
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyoxigraph as ox
import pytest

from collex_graph.errors import (
    NotAcceptableError,
    QueryCancelledError,
    QueryError,
    QueryRefusedError,
    QueryServiceBusyError,
    QuerySyntaxError,
    QueryTimeoutError,
    ResultTooLargeError,
    SnapshotNotFoundError,
)
from collex_graph.model import QueryRequest, Snapshot
from collex_graph.rdf.formats import GRAPH_FORMATS, JSON_LD, RESULT_FORMATS
from collex_graph.settings import Settings
from collex_graph.sparql.results import read_body, read_table, read_truth
from collex_graph.sparql.workers import WorkerPool

LABEL = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
GRAPH = "https://w3id.org/collex-graph/graph/source/x"
BASE = "https://w3id.org/collex-graph/"

CANARY = "ASK { ?s ?p ?o }"
COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
LARGE = "SELECT * { ?a ?b ?c . ?d ?e ?f } LIMIT 20000"
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"

SETTINGS = Settings(
    query_workers=2,
    query_timeout_seconds=5.0,
    query_memory_bytes=200 << 20,
    query_queue_seconds=5.0,
    result_bytes=20_000_000,
    result_spool_bytes=200_000,
)


def write_snapshot(folder, size=400):
    folder.mkdir(parents=True)
    store = ox.Store(str(folder / "store"))
    quads = [
        ox.Quad(
            ox.NamedNode(f"{BASE}id/fonds/{number}"),
            LABEL,
            ox.Literal(f"Fonds « {number} »", language="fr"),
        )
        for number in range(size)
    ]
    store.bulk_extend(quads)
    store.add(ox.Quad(ox.NamedNode(f"{BASE}id/x"), LABEL, ox.Literal("x"), ox.NamedNode(GRAPH)))
    store.optimize()
    store.flush()
    return Snapshot(folder, datetime.now(UTC), {}, {})


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    return write_snapshot(tmp_path_factory.mktemp("var") / "2026-11-22T094900Z")


@pytest.fixture(scope="module")
def shared_pool(snapshot):
    with WorkerPool(snapshot, SETTINGS) as pool:
        yield pool


@pytest.fixture
def pool(shared_pool):
    yield shared_pool
    assert shared_pool.statistics.busy == 0, "a worker was not given back"


@pytest.fixture
def own_pool(snapshot):
    """Make pools of one's own, closed at the end of the test."""
    pools = []

    def make(**changes):
        pools.append(WorkerPool(changes.pop("snapshot", snapshot), replace(SETTINGS, **changes)))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def ask(pool, text, **wishes):
    return pool.run(QueryRequest(text, **wishes))


def count(pool, text=COUNT, **wishes):
    return read_table(ask(pool, text, **wishes)).rows[0].integer("n")


def processes_of(pool):
    """The zygote and its children, by process number."""
    zygote = pool._crew._zygote.pid
    children = Path(f"/proc/{zygote}/task/{zygote}/children").read_text(encoding="ascii").split()
    return zygote, [int(child) for child in children]


def wait_until_gone(pid):
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    import select

    poll = select.poll()
    poll.register(handle, select.POLLIN)
    assert poll.poll(10_000), f"process {pid} is still there"
    os.close(handle)


# --- shortcuts -----------------------------------------------------------------------------------


def test_what_the_snapshot_has_counted_answers_for_its_default_graph_alone(own_pool, tmp_path):
    told = write_snapshot(tmp_path / "2026-11-23T094900Z", size=3)
    (told.directory / "counts.json").write_text('{"statements": 12345, "predicates": {}}')
    pool = own_pool(snapshot=told)
    assert count(pool) == 12345
    assert count(pool, default_graphs=(GRAPH,)) == 1
    assert count(pool, f"SELECT (COUNT(*) AS ?n) FROM <{GRAPH}> {{ ?s ?p ?o }}") == 1
    assert count(pool, "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }") == 1


# --- answers -------------------------------------------------------------------------------------


def test_a_query_gets_a_whole_result_with_its_length(pool, snapshot):
    result = ask(pool, COUNT)
    assert result.media_type == "application/sparql-results+json"
    assert result.length_bytes == len(result.body)
    assert result.snapshot == snapshot.identifier
    assert read_table(result).rows[0].integer("n") == 400


@pytest.mark.parametrize("written_as", RESULT_FORMATS, ids=lambda each: each.name)
def test_rows_and_truth_come_in_every_format(pool, written_as):
    rows = ask(pool, "SELECT ?l { ?s ?p ?l } LIMIT 2", accept=(written_as.media_type,))
    assert rows.media_type == written_as.content_type
    assert rows.body.count("Fonds «".encode()) == 2
    truth = ask(pool, CANARY, accept=(written_as.media_type,))
    assert b"true" in truth.body


@pytest.mark.parametrize("written_as", GRAPH_FORMATS, ids=lambda each: each.name)
@pytest.mark.parametrize(
    "form", ["DESCRIBE <id/fonds/7>", "CONSTRUCT WHERE { <id/fonds/7> ?p ?o }"]
)
def test_triples_come_in_every_format(pool, written_as, form):
    result = ask(pool, form, accept=(written_as.media_type,))
    assert result.media_type == written_as.content_type
    found = {quad.triple for quad in ox.parse(result.body, written_as.oxigraph)}
    unit = ox.NamedNode(f"{BASE}id/fonds/7")
    assert found == {ox.Triple(unit, LABEL, ox.Literal("Fonds « 7 »", language="fr"))}


def test_turtle_declares_the_prefixes_it_uses_and_no_others(pool):
    text = ask(pool, "DESCRIBE <id/fonds/7>").body.decode()
    assert text.count("@prefix") == 1
    assert 'rdfs:label "Fonds « 7 »"@fr' in text


def test_an_empty_graph_is_an_empty_document(pool):
    for written_as in GRAPH_FORMATS:
        body = ask(pool, "CONSTRUCT WHERE { <a:b> <a:c> ?o }", accept=(written_as.media_type,)).body
        assert list(ox.parse(body, written_as.oxigraph)) == []


def test_large_json_ld_is_sent_expanded(pool):
    text = "CONSTRUCT { ?s ?p ?m } { ?s ?p ?l VALUES ?x { %s } BIND(CONCAT(STR(?l), ?x) AS ?m) }"
    text %= " ".join(f'"{number:0100}"' for number in range(40))
    result = ask(pool, text, accept=(JSON_LD.media_type,))
    body = b"".join(result.body)
    assert result.length_bytes is None
    assert body.startswith(b'[{"@id"')
    assert len(json.loads(body)) == 400


def test_relative_iris_are_resolved_against_the_base(pool):
    assert read_truth(ask(pool, "ASK { <id/fonds/1> ?p ?o }"))


def test_a_format_that_the_form_cannot_have_is_not_acceptable(pool):
    with pytest.raises(NotAcceptableError, match="sparql-results"):
        ask(pool, CANARY, accept=("text/turtle",))
    with pytest.raises(NotAcceptableError, match="text/turtle"):
        ask(pool, "DESCRIBE <a:b>", accept=("text/csv",))


def test_a_syntax_error_has_its_place_in_the_text_as_it_was_asked(pool):
    with pytest.raises(QuerySyntaxError) as caught:
        ask(pool, "SELECT * {\n ?s <http://a/#x> '\\u0041' = ?p }")
    assert caught.value.line == 2
    assert caught.value.column <= len(" ?s <http://a/#x> '\\u0041' = ?p }") + 1


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT ?s (COUNT(*) AS ?n) { ?s ?p ?o }", "ni dans GROUP BY ni dans un calcul"),
        ("SELECT ?s { ?s ?p ?o } GROUP BY ?p", "ni dans GROUP BY ni dans un calcul"),
        ("SELECT * { ?s ?p ?o } GROUP BY ?s", "SELECT * ne va pas avec GROUP BY"),
        ("SELECT (1 AS ?s) { ?s ?p ?o }", "choisissez-en un autre"),
        ("SELECT ?s ?s { ?s ?p ?o }", "nomme deux fois la même variable"),
    ],
)
def test_a_wrong_choice_of_variables_is_explained(pool, query, said):
    with pytest.raises(QuerySyntaxError) as caught:
        ask(pool, query)
    assert said in str(caught.value)


def test_an_unknown_function_is_named(pool):
    with pytest.raises(QuerySyntaxError, match="http://a/f"):
        ask(pool, "SELECT (<http://a/f>(1) AS ?x) {}")


# --- data sets -----------------------------------------------------------------------------------


def test_the_graphs_of_a_query_are_those_of_the_snapshot(pool):
    assert count(pool, f"SELECT (COUNT(*) AS ?n) FROM <{GRAPH}> {{ ?s ?p ?o }}") == 1
    assert count(pool, default_graphs=(GRAPH,)) == 1
    in_graph = "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }"
    assert count(pool, in_graph) == 1
    assert count(pool, in_graph, named_graphs=(GRAPH,)) == 1
    assert count(pool, in_graph, named_graphs=("http://a/g",)) == 0


def test_the_data_set_of_a_request_replaces_that_of_the_query(pool):
    text = "SELECT (COUNT(*) AS ?n) FROM <http://a/unknown> { ?s ?p ?o }"
    assert count(pool, text, default_graphs=(GRAPH,)) == 1
    assert count(pool, COUNT, named_graphs=(GRAPH,)) == 0


class Listener:
    """A server that nobody should call; it never answers."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(0)
        self.address = f"http://127.0.0.1:{self.socket.getsockname()[1]}/x.ttl"

    def was_called(self):
        try:
            self.socket.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@pytest.fixture
def listener():
    listener = Listener()
    yield listener
    listener.socket.close()


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM <{0}> {{ ?s ?p ?o }}",
        "SELECT * FROM NAMED <{0}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
        "SELECT * {{ GRAPH <{0}> {{ ?s ?p ?o }} }}",
        "SELECT * FROM <file:///etc/passwd> {{ ?s ?p ?o }}",
        "SELECT * {{ GRAPH <file:///etc/passwd> {{ ?s ?p ?o }} }}",
    ],
)
def test_a_graph_that_is_not_held_is_empty_and_never_fetched(pool, listener, text):
    result = read_table(ask(pool, text.format(listener.address)))
    assert len(result) == 0
    assert len(read_table(ask(pool, LARGE, default_graphs=(listener.address,)))) == 0
    assert ask(pool, f"DESCRIBE <{listener.address}>").body == b""
    assert not listener.was_called()


SERVICES = [
    "SELECT * {{ SERVICE <{0}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ SERVICE SILENT <{0}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ BIND(<{0}> AS ?x) SERVICE ?x {{ ?s ?p ?o }} }}",
    "SELECT * {{ FILTER EXISTS {{ SERVICE <{0}> {{ ?s ?p ?o }} }} }}",
    "SELECT * {{ SERV\\u0049CE <{0}> {{ ?s ?p ?o }} }}",
    "PREFIX service: <a:> PREFIX : <{0}> SELECT * {{ service:x {{ ?s ?p ?o }} }}",
    "LOAD <{0}>",
    "SELECT * {{}} ; LOAD <{0}>",
]


@pytest.mark.parametrize("text", SERVICES)
def test_nothing_reaches_out(pool, listener, text):
    with pytest.raises(QueryRefusedError):
        ask(pool, text.format(listener.address))
    assert not listener.was_called()


@pytest.mark.parametrize("text", SERVICES[:4])
def test_behind_the_policy_the_sandbox_lets_nothing_out_either(pool, listener, text):
    """As if the policy had let it pass."""
    from collex_graph.sparql.lexer import Rewriting
    from collex_graph.sparql.policy import CheckedQuery, CheckedRequest, QueryForm

    text = text.format(listener.address)
    passed = CheckedQuery(QueryForm.SELECT, text, text, (Rewriting(text, ()),))
    with contextlib.suppress(QueryError):
        answer = pool.run(CheckedRequest(text, query=passed))
        assert not read_table(answer).rows[0].terms
    assert not listener.was_called()


# --- limits --------------------------------------------------------------------------------------


def test_a_query_over_its_time_is_stopped_and_the_next_one_answers(pool):
    before = pool.statistics.timed_out
    with pytest.raises(QueryTimeoutError, match=r"0\.2 s"):
        ask(pool, ENDLESS, timeout_seconds=0.2)
    assert read_truth(ask(pool, CANARY))
    assert pool.statistics.timed_out == before + 1


@pytest.mark.parametrize("accept", ["text/plain", "image/png"])
def test_an_error_of_the_query_is_told_before_one_of_the_format(pool, accept):
    with pytest.raises(QuerySyntaxError) as caught:
        ask(pool, "SELECT * { ?s ?p ?o . FILTER( }", accept=(accept,))
    assert caught.value.line == 1
    with pytest.raises(NotAcceptableError):
        ask(pool, ENDLESS, accept=(accept,))


def test_a_limit_can_only_be_lowered(own_pool):
    pool = own_pool(query_timeout_seconds=0.2)
    with pytest.raises(QueryTimeoutError, match=r"0\.2 s"):
        ask(pool, ENDLESS, timeout_seconds=3600)


@pytest.mark.parametrize("seconds", [1e-9, 1e-4])
def test_a_limit_too_short_for_anything_is_a_time_out(pool, seconds):
    with pytest.raises(QueryTimeoutError):
        ask(pool, ENDLESS, timeout_seconds=seconds)


DOUBLING = "SELECT (STRLEN(?x33) AS ?n) { BIND('aaaaaaaaaaaaaaaa' AS ?x0) " + " ".join(
    f"BIND(CONCAT(?x{i}, ?x{i}) AS ?x{i + 1})" for i in range(33)
)


@pytest.mark.parametrize(
    "text",
    [
        DOUBLING + "}",
        "SELECT (STRLEN(?z) AS ?n) { BIND('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' AS ?x0) "
        + " ".join(f"BIND(REPLACE(?x{i}, 'a', 'aaaaaaaa') AS ?x{i + 1})" for i in range(9))
        + "BIND(?x9 AS ?z) }",
        "SELECT (GROUP_CONCAT(?l) AS ?n) { ?s ?p ?l . ?t ?q ?m . ?u ?r ?k }",
        "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?i ?f ?c",
        "SELECT DISTINCT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
    ],
    ids=["doubling", "replace", "group concat", "order by", "distinct"],
)
def test_a_memory_bomb_ends_alone(pool, text):
    with pytest.raises((ResultTooLargeError, QueryTimeoutError)):
        read_body(ask(pool, text))
    assert count(pool) == 400


def test_memory_is_named_as_the_reason(pool):
    with pytest.raises(ResultTooLargeError, match="memory limit of 200 MiB"):
        ask(pool, DOUBLING + "}")


def test_a_result_over_its_limit_is_an_error_before_the_first_byte(own_pool):
    pool = own_pool(result_bytes=100_000)
    with pytest.raises(ResultTooLargeError, match="100000 bytes"):
        ask(pool, LARGE)
    assert count(pool) == 400


@pytest.mark.parametrize("media_type", [each.media_type for each in RESULT_FORMATS])
def test_a_flood_breaks_visibly_at_the_limit(pool, media_type):
    result = ask(pool, "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }", accept=(media_type,))
    assert result.length_bytes is None
    parts = []
    with pytest.raises(ResultTooLargeError, match="20000000 bytes"):
        parts.extend(result.body)
    assert 200_000 < sum(map(len, parts)) <= SETTINGS.result_bytes
    assert next(result.body, None) is None


@pytest.mark.parametrize("media_type", [each.media_type for each in GRAPH_FORMATS])
def test_a_flood_of_triples_breaks_visibly(pool, media_type):
    text = "CONSTRUCT { ?a ?b ?x } { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i BIND(CONCAT(?f, ?i) AS ?x) }"
    with pytest.raises(QueryError):
        read_body(ask(pool, text, accept=(media_type,), timeout_seconds=1.0))
    assert count(pool) == 400


def test_a_stream_is_whole_when_it_ends_without_an_error(pool):
    result = ask(pool, LARGE, accept=("text/tab-separated-values",))
    assert result.length_bytes is None
    assert b"".join(result.body).count(b"\n") == 20_000 + 1


def test_a_stream_that_nobody_reads_frees_its_worker_at_the_limit(own_pool):
    pool = own_pool(query_workers=1, query_timeout_seconds=1.0)
    result = ask(pool, LARGE)
    assert count(pool) == 400  # waits in the queue until the limit of the first
    with pytest.raises(QueryTimeoutError):
        b"".join(result.body)


# --- clients that leave --------------------------------------------------------------------------


def test_closing_a_stream_frees_its_worker(pool):
    before = pool.statistics.given_up
    result = ask(pool, LARGE)
    assert next(result.body)
    assert pool.statistics.busy == 1
    result.body.close()
    result.body.close()
    assert pool.statistics.busy == 0
    assert pool.statistics.given_up == before + 1
    assert next(result.body, None) is None


def test_a_stream_that_is_dropped_frees_its_worker(pool):
    ask(pool, LARGE)
    assert pool.statistics.busy == 0


def test_a_client_that_has_gone_stops_its_query(pool):
    calls = []

    def is_cancelled():
        calls.append(1)
        return len(calls) > 1

    with pytest.raises(QueryCancelledError, match="has gone"):
        pool.run(QueryRequest(ENDLESS), is_cancelled=is_cancelled)
    assert len(calls) == 2


def test_an_interruption_frees_the_worker(pool, monkeypatch):
    from collex_graph.sparql.answer import Answer

    def interrupted(self, data):
        raise KeyboardInterrupt

    monkeypatch.setattr(Answer, "_send", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ask(pool, CANARY)
    monkeypatch.undo()
    assert read_truth(ask(pool, CANARY))


# --- many at once --------------------------------------------------------------------------------


def in_threads(number, call):
    outcomes = [None] * number

    def one(place):
        try:
            outcomes[place] = call()
        except Exception as error:
            outcomes[place] = error

    threads = [threading.Thread(target=one, args=(place,)) for place in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_more_queries_than_workers_wait_their_turn(pool):
    assert in_threads(40, lambda: count(pool)) == [400] * 40


def test_a_canary_answers_beside_bombs(own_pool):
    pool = own_pool(query_workers=3, query_timeout_seconds=60.0)
    bomb = threading.Thread(target=lambda: in_threads(1, lambda: ask(pool, ENDLESS)))
    bomb.start()
    while pool.statistics.busy == 0:
        pass
    assert [count(pool) for _ in range(20)] == [400] * 20
    assert pool.statistics.busy == 1
    pool.close()
    bomb.join()


def test_who_finds_no_worker_in_time_is_told_when_to_come_back(own_pool):
    pool = own_pool(query_workers=1, query_queue=1, query_queue_seconds=0.2)
    pool.start()
    stream = ask(pool, LARGE)  # keeps the only worker busy
    outcomes = in_threads(3, lambda: ask(pool, CANARY))
    assert {type(outcome) for outcome in outcomes} == {QueryServiceBusyError}
    assert all(outcome.retry_after_seconds >= 1 for outcome in outcomes)
    assert any("waiting already" in str(outcome) for outcome in outcomes)
    assert any("within 0.2 s" in str(outcome) for outcome in outcomes)
    assert pool.statistics.turned_away == 3
    stream.body.close()
    assert read_truth(ask(pool, CANARY))


@contextlib.contextmanager
def runaways(pool, number):
    """Keep that many endless queries of the public coming, until all run or wait."""
    asking = threading.Thread(target=in_threads, args=(number, lambda: ask(pool, ENDLESS)))
    asking.start()
    while pool.statistics.busy + pool.statistics.waiting < number:
        pass
    try:
        yield
    finally:
        pool.close()
        asking.join()


@pytest.mark.parametrize("workers", [2, 3])
def test_runaway_queries_of_the_public_leave_a_worker_to_the_site(own_pool, workers):
    pool = own_pool(query_workers=workers, query_timeout_seconds=60.0, query_queue_seconds=60.0)
    pool.start()
    with runaways(pool, 12):
        assert pool.statistics.busy == workers - 1
        assert [count(pool, priority=True) for _ in range(20)] == [400] * 20
        assert pool.statistics.busy == workers - 1
        assert pool.statistics.waiting == 12 - (workers - 1)


def test_the_queue_of_the_public_keeps_nobody_of_the_site_out(own_pool):
    pool = own_pool(query_workers=2, query_queue=1, query_timeout_seconds=60.0)
    pool.start()
    with runaways(pool, 2):
        with pytest.raises(QueryServiceBusyError, match="waiting already"):
            ask(pool, CANARY)
        stream = ask(pool, LARGE, priority=True)  # both workers are busy now
        outcomes = []
        waiting = threading.Thread(target=lambda: outcomes.append(count(pool, priority=True)))
        waiting.start()
        while pool.statistics.waiting < 2:
            pass
        stream.body.close()
        waiting.join()
        assert outcomes == [400]


def test_with_one_worker_the_site_is_served_first(own_pool):
    pool = own_pool(query_workers=1)
    stream = ask(pool, LARGE)
    served = []

    def note(name, **wishes):
        ask(pool, CANARY, **wishes)
        served.append(name)

    threads = []
    for place, (name, wishes) in enumerate([("public", {}), ("site", {"priority": True})]):
        threads.append(threading.Thread(target=note, args=(name,), kwargs=wishes))
        threads[-1].start()
        while pool.statistics.waiting <= place:
            pass
    answered = []
    give_back = pool.give_back
    pool.give_back = lambda worker: (
        answered.append(worker in pool._public_busy),
        give_back(worker),
    )
    stream.body.close()
    for thread in threads:
        thread.join()
    assert answered == [False, True]
    assert set(served) == {"public", "site"}


# --- deaths --------------------------------------------------------------------------------------


def test_a_worker_killed_from_outside_ends_its_query_alone(own_pool, monkeypatch):
    from collex_graph.sparql import answer

    monkeypatch.setattr(answer, "_INNOCENT_SECONDS", 0)
    pool = own_pool()
    pool.start()
    _, workers = processes_of(pool)
    outcome = []
    asking = threading.Thread(
        target=lambda: outcome.extend(in_threads(1, lambda: ask(pool, ENDLESS)))
    )
    asking.start()
    while pool.statistics.busy == 0:
        pass
    idle = {worker.pid for worker in pool._crew.idle}
    (busy,) = set(workers) - idle
    os.kill(busy, signal.SIGKILL)
    asking.join()
    assert isinstance(outcome[0], ResultTooLargeError)
    assert "died" in str(outcome[0])
    assert count(pool) == 400
    wait_until_gone(busy)


def test_idle_workers_killed_from_outside_are_replaced_unnoticed(own_pool):
    pool = own_pool()
    pool.start()
    for _ in range(3):
        for worker in processes_of(pool)[1]:
            os.kill(worker, signal.SIGKILL)
        assert count(pool) == 400
    assert pool.statistics.died == 0


def test_a_killed_zygote_is_replaced_and_leaves_no_process_behind(own_pool):
    pool = own_pool()
    assert count(pool) == 400
    zygote, workers = processes_of(pool)
    os.kill(zygote, signal.SIGKILL)
    assert count(pool) == 400
    for process in (zygote, *workers):
        wait_until_gone(process)
    assert count(pool) == 400
    assert processes_of(pool)[0] != zygote


def test_dead_workers_leave_no_zombies_and_no_descriptors(own_pool):
    pool = own_pool(query_timeout_seconds=0.05)
    for _ in range(3):
        with pytest.raises(QueryTimeoutError):
            ask(pool, ENDLESS)
    settle(pool)
    descriptors = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(20):
        with pytest.raises(QueryTimeoutError):
            ask(pool, ENDLESS)
    settle(pool)
    assert len(os.listdir("/proc/self/fd")) == descriptors  # noqa: PTH208
    states = [
        Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
        for pid in processes_of(pool)[1]
    ]
    assert len(states) == 3
    assert "Z" not in states


def settle(pool):
    """Wait until the keeper has replaced whoever is missing and the dead are buried."""
    while pool.statistics.idle < 3 or len(processes_of(pool)[1]) != 3:
        pass


def test_a_closed_pool_leaves_no_process_and_answers_no_more(own_pool):
    pool = own_pool()
    pool.start()
    zygote, workers = processes_of(pool)
    stream = ask(pool, LARGE)
    pool.close()
    pool.close()
    for pid in (zygote, *workers):
        wait_until_gone(pid)
    with pytest.raises(QueryServiceBusyError):
        ask(pool, CANARY)
    with pytest.raises(QueryError):
        b"".join(stream.body)


SERVER = """
import sys, threading
from datetime import UTC, datetime
from pathlib import Path
from collex_graph.model import QueryRequest, Snapshot
from collex_graph.settings import Settings
from collex_graph.sparql.workers import WorkerPool

snapshot = Snapshot(Path(sys.argv[1]), datetime.now(UTC), {}, {})
pool = WorkerPool(snapshot, Settings(query_workers=2))
pool.start()
threading.Thread(target=lambda: pool.run(QueryRequest(sys.argv[2])), daemon=True).start()
while pool.statistics.busy == 0:
    pass
zygote = pool._crew._zygote.pid
children = Path(f"/proc/{zygote}/task/{zygote}/children").read_text()
print(zygote, children, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, None], ids=str)
def test_nothing_goes_on_computing_when_the_server_ends(snapshot, ending):
    arguments = [sys.executable, "-c", SERVER, str(snapshot.directory), ENDLESS]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        processes = [int(pid) for pid in server.stdout.readline().split()]
        assert len(processes) == 4
        if ending is not None:
            server.send_signal(ending)
        server.stdin.close()
        server.wait()
    for pid in processes:
        wait_until_gone(pid)


def test_a_pool_that_was_never_used_starts_nothing(own_pool):
    pool = own_pool()
    assert pool.statistics.idle == 0
    pool.close()


def ask_in_child(pool, connection):
    connection.send(count(pool))
    connection.send(processes_of(pool)[0])
    pool.close()
    connection.close()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_pool_that_was_forked_starts_processes_of_its_own(own_pool):
    pool = own_pool()
    assert count(pool) == 400
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=ask_in_child, args=(pool, theirs))
    child.start()
    assert ours.recv() == 400
    assert ours.recv() != processes_of(pool)[0]
    child.join()
    assert count(pool) == 400


# --- snapshots -----------------------------------------------------------------------------------


def test_a_large_store_stays_on_disk_and_answers_the_same(own_pool):
    on_disk = own_pool(worker_store_bytes=0)
    in_memory = own_pool()
    for pool in (on_disk, in_memory):
        assert count(pool) == 400
        assert count(pool, f"SELECT (COUNT(*) AS ?n) FROM <{GRAPH}> {{ ?s ?p ?o }}") == 1
    assert not on_disk._crew.in_memory
    assert in_memory._crew.in_memory


@pytest.mark.parametrize("store_bytes", [0, 1 << 40], ids=["on disk", "in memory"])
def test_a_snapshot_that_cannot_be_queried_is_refused_with_its_name(
    own_pool, tmp_path, snapshot, store_bytes
):
    nothing = Snapshot(tmp_path / "none", datetime.now(UTC), {}, {})
    with pytest.raises(SnapshotNotFoundError, match="none"):
        ask(own_pool(snapshot=nothing, worker_store_bytes=store_bytes), CANARY)
    damaged = Snapshot(tmp_path / "damaged", datetime.now(UTC), {}, {})
    damaged.store.mkdir(parents=True)
    (damaged.store / "CURRENT").write_text("nonsense", encoding="ascii")
    with pytest.raises(SnapshotNotFoundError, match="damaged"):
        ask(own_pool(snapshot=damaged, worker_store_bytes=store_bytes), CANARY)
    pool = own_pool(worker_store_bytes=store_bytes)
    assert count(pool) == 400
    with pytest.raises(SnapshotNotFoundError, match="damaged"):
        pool.switch(damaged)
    assert pool.snapshot is snapshot
    assert count(pool) == 400


@pytest.mark.parametrize("store_bytes", [0, 1 << 40], ids=["on disk", "in memory"])
def test_a_snapshot_removed_while_served_is_said_once_and_its_workers_go_on(
    own_pool, tmp_path, caplog, store_bytes
):
    doomed = write_snapshot(tmp_path / "doomed", size=7)
    pool = own_pool(snapshot=doomed, worker_store_bytes=store_bytes)
    assert count(pool) == 7
    settle(pool)
    shutil.rmtree(doomed.directory)
    assert count(pool) == 7
    complaints = threading.Event()
    crew = pool._crew
    tries = []
    check = crew._check_store

    def checked():
        tries.append(1)
        if len(tries) > 3:
            complaints.set()
        check()

    crew._check_store = checked
    if store_bytes:
        os.kill(processes_of(pool)[0], signal.SIGKILL)
    else:
        os.kill(next(iter(crew.idle)).pid, signal.SIGKILL)
    assert complaints.wait(30)
    said = [record for record in caplog.records if "cannot be replaced" in record.message]
    assert len(said) == 1
    if not store_bytes:
        assert count(pool) == 7


def test_a_closed_pool_goes_over_to_no_other_snapshot(own_pool, tmp_path):
    pool = own_pool()
    pool.start()
    assert not pool.wait_until_closed(0)
    pool.close()
    assert pool.wait_until_closed(0)
    with pytest.raises(QueryServiceBusyError):
        pool.switch(write_snapshot(tmp_path / "other", size=5))


def test_before_the_first_query_a_switch_costs_nothing(own_pool, tmp_path):
    pool = own_pool()
    other = write_snapshot(tmp_path / "other", size=5)
    pool.switch(other)
    assert pool.snapshot is other
    assert count(pool) == 5


def test_a_query_that_runs_finishes_on_the_snapshot_it_began_on(own_pool, tmp_path, snapshot):
    pool = own_pool(query_workers=3, query_timeout_seconds=60.0)
    stream = ask(pool, LARGE, accept=("text/tab-separated-values",))
    old_zygote, _ = processes_of(pool)
    pool.switch(write_snapshot(tmp_path / "other", size=5))
    assert count(pool) == 5
    assert stream.snapshot == snapshot.identifier
    assert b"".join(stream.body).count(b"\n") == 20_000 + 1
    wait_until_gone(old_zygote)
    assert ask(pool, CANARY).snapshot == "other"


def test_a_switch_under_load_shows_the_old_or_the_new_state_and_no_error(own_pool, tmp_path):
    pool = own_pool()
    pool.start()
    other = write_snapshot(tmp_path / "other", size=5)
    stop = threading.Event()

    def read():
        seen = []
        while not stop.is_set():
            result = ask(pool, COUNT)
            seen.append((result.snapshot, read_table(result).rows[0].integer("n")))
        return seen

    outcome = []
    readers = threading.Thread(target=lambda: outcome.extend(in_threads(4, read)))
    readers.start()
    first = pool.snapshot
    for snapshot in (other, first, other):
        pool.switch(snapshot)
        assert ask(pool, CANARY).snapshot == snapshot.identifier
    stop.set()
    readers.join()
    pairs = {pair for seen in outcome for pair in seen}
    assert pairs <= {(first.identifier, 400), ("other", 5)}
    assert len(pairs) == 2
