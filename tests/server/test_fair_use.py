"""What the public may use, and that what is known costs nothing."""

import threading
from dataclasses import replace

import pytest

from collex_graph.errors import (
    ClientBudgetError,
    ClientQueriesError,
    ConfigurationError,
    QueryCancelledError,
    QueryServiceBusyError,
    QuerySyntaxError,
    QueryTimeoutError,
)
from collex_graph.model import QueryRequest, QueryResult
from collex_graph.server import create_app
from collex_graph.server.fair_use import FairUse, client_address
from collex_graph.server.running import RunningQueries
from collex_graph.settings import Settings
from collex_graph.sparql.result_cache import CachingQueries, result_key

COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
ONE = "ASK { ?s ?p 1 }"
ENDLESS = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
LIMITED = Settings(client_budget_seconds=10.0, client_queries=2, query_queue_seconds=60.0)


class Clock:
    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def fair_use(clock):
    return FairUse(LIMITED, clock=clock)


# --- the budget ----------------------------------------------------------------------------------


def use(fair_use, client, seconds):
    with fair_use.running(client) as charge:
        charge(seconds)


def test_a_client_has_its_budget_and_no_more(fair_use):
    use(fair_use, "192.0.2.1", 9.9)
    fair_use.check("192.0.2.1")
    use(fair_use, "192.0.2.1", 0.2)
    with pytest.raises(ClientBudgetError, match="10 s"):
        fair_use.check("192.0.2.1")
    fair_use.check("192.0.2.2")


def test_a_budget_comes_back_as_its_window_slides(fair_use, clock):
    use(fair_use, "192.0.2.1", 4)
    clock.now += 20
    use(fair_use, "192.0.2.1", 8)
    with pytest.raises(ClientBudgetError) as refused:
        fair_use.check("192.0.2.1")
    assert refused.value.retry_after_seconds == 40
    clock.now += refused.value.retry_after_seconds
    fair_use.check("192.0.2.1")


def test_a_query_that_still_runs_is_counted(fair_use, clock):
    with fair_use.running("192.0.2.1"):
        fair_use.check("192.0.2.1")
        clock.now += 11
        with pytest.raises(ClientBudgetError):
            fair_use.check("192.0.2.1")


def test_many_short_queries_are_counted_like_a_long_one(fair_use, clock):
    for _ in range(1_000):
        use(fair_use, "192.0.2.1", 0.0101)
        clock.now += 0.001
    with pytest.raises(ClientBudgetError):
        fair_use.check("192.0.2.1")
    # a check adds up what is noted, so it must not be a note a query
    assert len(fair_use.client("192.0.2.1").spent) < 5
    clock.now += 60
    fair_use.check("192.0.2.1")


@pytest.mark.parametrize("other", ["2001:db8:0:1:ffff::2", "2001:db8:0:1::"])
def test_whoever_has_many_addresses_of_one_network_is_one_client(fair_use, other):
    use(fair_use, "2001:db8:0:1::1", 11)
    with pytest.raises(ClientBudgetError):
        fair_use.check(other)
    fair_use.check("2001:db8:0:2::1")


def test_an_address_written_as_ipv6_is_the_same_client(fair_use):
    use(fair_use, "::ffff:192.0.2.1", 11)
    with pytest.raises(ClientBudgetError):
        fair_use.check("192.0.2.1")


def test_no_budget_is_no_limit(clock):
    free = FairUse(replace(LIMITED, client_budget_seconds=0), clock=clock)
    use(free, "192.0.2.1", 1e9)
    free.check("192.0.2.1")


@pytest.mark.parametrize(
    ("header", "said", "address"),
    [
        ("", "203.0.113.9", "192.0.2.1"),
        ("X-Real-IP", "203.0.113.9", "203.0.113.9"),
        ("X-Real-IP", "198.51.100.7, 203.0.113.9", "203.0.113.9"),
        ("X-Real-IP", "not an address", "192.0.2.1"),
        ("X-Real-IP", "", "192.0.2.1"),
    ],
)
def test_only_the_configured_header_says_who_the_client_is(header, said, address):
    environ = {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_REAL_IP": said, "HTTP_X_FORWARDED_FOR": "::1"}
    assert client_address(environ, header) == address


# --- what is computed at once --------------------------------------------------------------------


class Waiting:
    """A turn that a thread of its own waits for."""

    def __init__(self, fair_use, address="192.0.2.1"):
        self.fair_use, self.turn, self.error = fair_use, fair_use.turn(address), None
        self.has_gone = False
        before = fair_use.waiting
        self.thread = threading.Thread(target=self._wait)
        self.thread.start()
        while fair_use.waiting == before and self.thread.is_alive():
            pass

    def _wait(self):
        try:
            self.turn.wait(lambda: self.has_gone)
        except Exception as error:
            self.error = error

    def ends(self):
        self.thread.join(20)
        return not self.thread.is_alive()


@pytest.fixture
def two_taken(fair_use):
    """All that one client may have computed at once."""
    turns = [fair_use.turn("192.0.2.1") for _ in range(2)]
    assert all(turn.take() for turn in turns)
    return turns


def test_a_client_has_so_many_queries_computed_at_once_and_no_more(fair_use, two_taken):
    third = fair_use.turn("192.0.2.1")
    assert not third.take()
    assert fair_use.turn("192.0.2.2").take()
    two_taken[0].end(0.1)
    assert third.take()
    assert third.take()  # it has it already
    two_taken[0].end(0.1)  # it has ended already
    assert not fair_use.turn("192.0.2.1").take()


def test_those_that_wait_get_their_turn_in_order(fair_use, two_taken):
    first, second = Waiting(fair_use), Waiting(fair_use)
    two_taken[0].end(0.1)
    assert first.ends()
    assert second.thread.is_alive()
    assert not fair_use.turn("192.0.2.1").take()
    first.turn.end(0.1)
    assert second.ends()
    assert first.error is second.error is None
    assert fair_use.waiting == 0


def test_who_waits_too_long_for_its_turn_is_told_when_to_come_back(clock):
    fair_use = FairUse(replace(LIMITED, client_queries=1, query_queue_seconds=0.01), clock=clock)
    assert fair_use.turn("192.0.2.1").take()
    with pytest.raises(ClientQueriesError, match="1 of your queries") as refused:
        fair_use.turn("192.0.2.1").wait(None)
    assert refused.value.retry_after_seconds == 1
    assert fair_use.waiting == 0


def test_nobody_takes_all_the_places_to_wait_in(clock):
    fair_use = FairUse(replace(LIMITED, client_queries=1, query_queue=3), clock=clock)
    taken = [fair_use.turn(address) for address in ("192.0.2.1", "192.0.2.2")]
    assert all(turn.take() for turn in taken)
    waiting = [Waiting(fair_use), Waiting(fair_use)]
    with pytest.raises(ClientQueriesError):
        fair_use.turn("192.0.2.1").wait(None)
    waiting.append(Waiting(fair_use, "192.0.2.2"))
    for turn in (*taken, *(each.turn for each in waiting)):
        turn.end(0.1)
    assert all(each.ends() and each.error is None for each in waiting)


def test_a_client_that_has_gone_waits_no_more(fair_use, two_taken):
    gone, other = Waiting(fair_use), Waiting(fair_use)
    gone.has_gone = True
    assert gone.ends()
    assert isinstance(gone.error, QueryCancelledError)
    two_taken[0].end(0.1)
    assert other.ends()
    assert other.error is None


def test_a_turn_that_comes_when_the_budget_is_spent_is_none(fair_use, two_taken):
    late = Waiting(fair_use)
    two_taken[0].end(11.0)
    assert late.ends()
    assert isinstance(late.error, ClientBudgetError)


def test_half_the_workers_are_for_one_client_unless_said_otherwise():
    assert Settings(query_workers=5).queries_of_a_client == 2
    assert Settings(query_workers=1).queries_of_a_client == 1
    assert Settings(query_workers=5, client_queries=4).queries_of_a_client == 4
    with pytest.raises(ConfigurationError, match="client_queries"):
        Settings(client_queries=-1)


@pytest.fixture
def busy_client(settings, real_queries):
    """A client that has all computed that it may, and no time to wait."""
    app = create_app(replace(settings, client_queries=1, query_queue_seconds=0.01), real_queries)
    client = app.test_client()
    assert ask(client, COUNT).status_code == 200
    turn = app.extensions["collex_graph"].fair_use.turn("127.0.0.1")
    assert turn.take()
    yield client
    turn.end(0.0)
    assert ask(client, ONE).status_code == 200


def test_a_client_with_too_many_queries_at_once_is_told_so(busy_client):
    refused = ask(busy_client, ONE)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "1"
    assert refused.mimetype == "application/problem+json"
    assert refused.get_json()["type"].endswith("/problem/too-many-queries")
    assert refused.get_json()["limit"] == {"queries_at_once": 1}
    assert refused.headers["Cache-Control"] == "no-store"


def test_what_is_known_needs_no_turn(busy_client):
    known = ask(busy_client, COUNT)
    assert (known.status_code, known.headers["Cache-Status"]) == (200, "collex-graph; hit")
    assert busy_client.get("/", headers={"Accept": "text/html"}).status_code == 200


@pytest.fixture
def poor_client(real_queries, settings):
    poor = replace(settings, client_budget_seconds=0.001)
    return create_app(poor, real_queries).test_client()


def ask(client, query, **headers):
    return client.get("/sparql", query_string={"query": query}, headers=headers)


def spend(client):
    """Spend a client's budget: a query that never ends, stopped after a moment."""
    asked = {"query": ENDLESS, "timeout": "0.1"}
    assert client.get("/sparql", query_string=asked).status_code in (429, 504)


def test_a_client_without_budget_is_told_when_to_come_back(poor_client):
    spend(poor_client)
    refused = ask(poor_client, COUNT)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.mimetype == "application/problem+json"
    assert refused.get_json()["limit"]["computing_seconds"] == 0.001
    assert refused.headers["Cache-Control"] == "no-store"


def test_what_is_known_costs_nothing(poor_client):
    tag = ask(poor_client, COUNT).headers["ETag"]
    spend(poor_client)
    assert ask(poor_client, "ASK { ?a ?b 1 }").status_code == 429
    assert ask(poor_client, COUNT).headers["Cache-Status"] == "collex-graph; hit"
    assert ask(poor_client, COUNT, **{"If-None-Match": tag}).status_code == 304


def test_a_malformed_query_is_told_so_even_without_budget(poor_client):
    spend(poor_client)
    assert ask(poor_client, "SELECT * {").status_code == 400


# --- results that are kept -----------------------------------------------------------------------


class NoTurn:
    """A turn that does not come yet."""

    def __init__(self):
        self.comes = threading.Event()
        self.waited = threading.Semaphore(0)

    def take(self):
        return self.comes.is_set()

    def wait(self, is_cancelled):
        self.waited.release()
        assert self.comes.wait(20)


class Counting:
    """A query service that counts, and waits to be let go on."""

    def __init__(self, snapshot, body=b"x" * 10):
        self.snapshot = snapshot
        self.body = body
        self.calls = 0
        self.failures = []
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.go_on.set()

    def run(self, request, *, is_cancelled=None):
        self.calls += 1
        self.begun.release()
        assert self.go_on.wait(20)
        if self.failures:
            raise self.failures.pop(0)
        body = self.body if isinstance(self.body, bytes) else iter(self.body)
        return QueryResult("text/csv", body, None, self.snapshot.identifier, 0.1)


@pytest.fixture
def counting(snapshot):
    return Counting(snapshot)


@pytest.fixture
def cache(counting):
    return CachingQueries(counting, Settings(cache_bytes=20_000))


def test_a_result_is_computed_once(cache, counting):
    first = cache.run(QueryRequest(COUNT))
    again = cache.run(QueryRequest(COUNT + "   # the same"))
    assert counting.calls == 1
    assert (first.body, first.digest, first.cached) == (again.body, again.digest, False)
    assert again.cached


@pytest.mark.parametrize(
    "other",
    [
        QueryRequest(COUNT, ("text/csv",)),
        QueryRequest(COUNT, default_graphs=("http://a/",)),
        QueryRequest(COUNT, named_graphs=("http://a/",)),
        QueryRequest(COUNT.replace("?s ?p ?o", "?s ?p 'a  b'")),
        QueryRequest(COUNT.replace("?s ?p ?o", "?s ?p 'a b'")),
    ],
)
def test_what_differs_is_computed_apart(cache, counting, other):
    cache.run(QueryRequest(COUNT))
    cache.run(other)
    assert counting.calls == 2


@pytest.mark.parametrize("function", ["NOW()", "RAND()", "uuid()", "STRUUID()", "BNODE()"])
def test_what_differs_each_time_is_never_kept(cache, counting, function):
    for _ in range(2):
        cache.run(QueryRequest(f"SELECT ({function} AS ?x) {{}}"))
    assert counting.calls == 2


def test_a_new_snapshot_is_asked_anew(cache, counting, snapshot):
    cache.run(QueryRequest(COUNT))
    counting.snapshot = replace(snapshot, directory=snapshot.directory.with_name("later"))
    assert not cache.run(QueryRequest(COUNT)).cached
    assert counting.calls == 2


def test_the_cache_stays_within_its_size(cache, counting):
    for number in range(60):
        cache.run(QueryRequest(f"ASK {{ ?s ?p {number} }}"))
    assert cache.statistics.bytes <= 20_000
    assert 0 < cache.statistics.entries < 60
    assert cache.run(QueryRequest("ASK { ?s ?p 59 }")).cached


def test_a_result_too_large_for_the_cache_is_not_kept(snapshot):
    counting = Counting(snapshot, b"x" * 5_000)
    cache = CachingQueries(counting, Settings(cache_bytes=20_000))
    assert not any(cache.run(QueryRequest(COUNT)).cached for _ in range(2))


def together(cache, number, **kwargs):
    """Ask the same from several threads, all but the first with some arguments more, and wait until
    they follow it.
    """
    found = []

    def ask_once(**more):
        try:
            found.append(cache.run(QueryRequest(COUNT), **more))
        except Exception as error:
            found.append(error)

    threads = [threading.Thread(target=ask_once)]
    threads += [threading.Thread(target=ask_once, kwargs=kwargs) for _ in range(number - 1)]
    threads[0].start()
    cache.behind.begun.acquire(timeout=20)
    for thread in threads[1:]:
        thread.start()
    while sum(flight.followers for flight in cache._flights.values()) < number - 1:
        pass
    cache.behind.go_on.set()
    for thread in threads:
        thread.join(20)
    return found


def test_eight_misses_at_once_are_computed_once(cache, counting):
    counting.go_on.clear()
    found = together(cache, 8)
    assert counting.calls == 1
    assert [result.body for result in found] == [counting.body] * 8
    assert sorted(result.cached for result in found) == [False] + [True] * 7
    assert (cache.statistics.misses, cache.statistics.shared) == (1, 7)


def test_a_result_that_is_not_kept_is_computed_once_for_those_who_wait_for_it(snapshot):
    counting = Counting(snapshot, b"x" * 5_000)
    counting.go_on.clear()
    found = together(CachingQueries(counting, Settings(cache_bytes=20_000)), 8)
    assert counting.calls == 1
    assert [result.body for result in found] == [counting.body] * 8


def test_who_waits_for_a_turn_keeps_nobody_waiting_who_asks_the_same(cache, counting):
    turn, found = NoTurn(), []
    waiting = threading.Thread(
        target=lambda: found.append(cache.run(QueryRequest(COUNT), turn=turn))
    )
    waiting.start()
    turn.waited.acquire(timeout=20)
    assert not cache.run(QueryRequest(COUNT)).cached
    turn.comes.set()
    waiting.join(20)
    assert found[0].cached
    assert counting.calls == 1


def test_what_others_compute_needs_no_turn(cache, counting):
    counting.go_on.clear()
    found = together(cache, 3, turn=NoTurn())
    assert counting.calls == 1
    assert all(isinstance(result, QueryResult) for result in found)


@pytest.mark.parametrize("query", [COUNT, "SELECT (NOW() AS ?x) {}"])
def test_nothing_is_computed_before_its_turn(cache, counting, query):
    turn = NoTurn()
    waiting = threading.Thread(target=cache.run, args=(QueryRequest(query),), kwargs={"turn": turn})
    waiting.start()
    turn.waited.acquire(timeout=20)
    assert counting.calls == 0
    turn.comes.set()
    waiting.join(20)
    assert counting.calls == 1


def test_a_coded_body_is_given_for_the_bytes_it_was_made_of_alone(cache):
    result, key = cache.run(QueryRequest(COUNT)), result_key(QueryRequest(COUNT), Settings())
    cache.keep_coded(result, key, "gzip", b"coded")
    assert cache.coded(result, key, "gzip") == b"coded"
    # the same rows in another order, computed beside it
    assert cache.coded(replace(result, digest="other"), key, "gzip") is None


def test_only_so_many_wait_for_what_others_compute(snapshot):
    counting = Counting(snapshot, b"x")
    cache = CachingQueries(counting, Settings(query_queue=1))
    counting.go_on.clear()
    leader, follower = (
        threading.Thread(target=cache.run, args=(QueryRequest(COUNT),)) for _ in range(2)
    )
    leader.start()
    counting.begun.acquire(timeout=20)
    follower.start()
    while not cache._followers:
        pass
    with pytest.raises(QueryServiceBusyError):
        cache.run(QueryRequest(COUNT))
    counting.go_on.set()
    leader.join(20)
    follower.join(20)
    assert cache._followers == 0
    assert cache.run(QueryRequest(COUNT)).cached


def test_an_error_of_the_query_is_everybodys(cache, counting):
    counting.go_on.clear()
    counting.failures = [QueryTimeoutError("stopped")]
    found = together(cache, 3)
    assert counting.calls == 1
    assert all(isinstance(error, QueryTimeoutError) for error in found)
    assert not cache.run(QueryRequest(COUNT)).cached


def test_a_client_that_leaves_leaves_the_others_their_result(cache, counting):
    counting.go_on.clear()
    counting.failures = [QueryCancelledError("gone")]
    found = together(cache, 3)
    assert sum(isinstance(result, QueryResult) for result in found) == 2
    assert counting.calls == 2


def test_a_result_too_large_to_be_kept_is_read_by_each(snapshot):
    counting = Counting(snapshot, [b"a", b"b"])
    cache = CachingQueries(counting, Settings())
    counting.go_on.clear()
    found = together(cache, 3)
    assert [b"".join(result.body) for result in found] == [b"ab"] * 3


def test_a_key_is_short_whatever_the_query(settings):
    long = "ASK { VALUES ?x { " + "1 " * 10_000 + "} }"
    assert len(result_key(QueryRequest(long), settings)) == 32


# --- queries that run ----------------------------------------------------------------------------


def test_an_identifier_is_of_one_query_at_a_time():
    running = RunningQueries()
    query = running.start("a" * 16)
    with pytest.raises(QuerySyntaxError):
        running.start("a" * 16)
    running.finish(query)
    running.finish(running.start("a" * 16))


@pytest.mark.parametrize("wished", ["short", "a" * 65, "a b" * 8, "é" * 20, ""])
def test_an_identifier_that_could_be_guessed_or_is_none_is_refused(real_client, wished):
    response = ask(real_client, COUNT, **{"X-Query-Id": wished})
    assert response.status_code == 400


def test_every_answer_names_its_query(real_client):
    first, second = (ask(real_client, COUNT).headers["X-Query-Id"] for _ in range(2))
    assert len(first) == 32
    assert first != second
    chosen = "my-query-0123456789"
    assert ask(real_client, COUNT, **{"X-Query-Id": chosen}).headers["X-Query-Id"] == chosen


def test_a_query_that_runs_can_be_stopped(settings, real_queries):
    app = create_app(settings, real_queries)
    name = {"X-Query-Id": "to-be-stopped-soon"}
    answers = []
    asking = threading.Thread(
        target=lambda: answers.append(ask(app.test_client(), ENDLESS, **name))
    )
    asking.start()
    other = app.test_client()
    while other.delete("/sparql/queries/to-be-stopped-soon").status_code != 204:
        pass
    asking.join(5)
    assert answers[0].status_code == 409
    assert ask(other, COUNT).status_code == 200
    assert other.delete("/sparql/queries/to-be-stopped-soon").status_code == 404
