"""Shapes of text that kill or stall an Oxigraph that evaluates them in its caller's process.

Each is tried at the smallest size that kills one of 8 MB stack, and at four times that size. It
must be refused, answered or stopped; the service answers the next query whatever happened.
"""

import contextlib
from datetime import UTC, datetime

import pyoxigraph as ox
import pytest

from collex_graph.errors import QueryError, QuerySyntaxError
from collex_graph.model import QueryRequest, Snapshot
from collex_graph.settings import Settings
from collex_graph.sparql.results import read_body, read_truth
from collex_graph.sparql.workers import WorkerPool


def nest(opening, inner, closing):
    return lambda number: opening * number + inner + closing * number


def around(before, middle, after):
    return lambda number: before + middle(number) + after


def select(middle):
    return around("SELECT (", middle, " AS ?x) {}")


def group(middle):
    return around("SELECT * { ?s ?p ?o . ", middle, " }")


def binds(number):
    return "BIND(1 AS ?x0)" + "".join(f"BIND(?x{i} AS ?x{i + 1})" for i in range(number))


# name: (text of a size, the size that kills, whether brackets or prefix operators make the depth)
SHAPES = {
    "braces": (around("SELECT * ", nest("{", "", "}"), ""), 2_200, True),
    "functions": (select(nest("STR(", "1", ")")), 1_000, True),
    "if": (select(nest("IF(1,", "1", ",2)")), 1_000, True),
    "brackets": (select(nest("(", "1", ")")), 4_800, True),
    "negations": (select(nest("!", "1", "")), 9_600, True),
    "signs": (select(nest("- ", "?y", "")), 4_800, True),
    "exists": (group(nest("FILTER EXISTS{", "?a ?b ?c", "}")), 850, True),
    "not exists": (group(nest("FILTER NOT EXISTS{", "?a ?b ?c", "}")), 850, True),
    "sub-selects": (around("SELECT * ", nest("{SELECT*", "{}", "}"), ""), 1_467, True),
    "sums": (select(nest("1+", "1", "")), 7_200, False),
    "products": (select(nest("1*", "1", "")), 7_200, False),
    "minus": (group(nest("MINUS{", "?a ?b ?c", "}")), 2_800, True),
    "minus in a row": (group(nest("MINUS{?s ?p 1}", "", "")), 1_400, False),
    "paths in brackets": (group(around("?a ", nest("(", "<a:p>", ")"), " ?b")), 14_400, True),
    "paths starred": (group(around("?a ", nest("(", "<a:p>", ")*"), " ?b")), 9_600, True),
    "or": (select(nest("1||", "1", "")), 9_600, False),
    "and": (select(nest("1&&", "1", "")), 9_600, False),
    "optional": (group(nest("OPTIONAL{", "?a ?b ?c", "}")), 3_000, True),
    "optional in a row": (group(nest("OPTIONAL{?s ?p ?o}", "", "")), 2_000, False),
    "in": (select(nest("1 IN(", "1", ")")), 7_200, True),
    "bind in a row": (group(binds), 2_200, False),
    "union in a row": (group(around("{}", nest("UNION{}", "", ""), "")), 6_500, False),
    "filter in a row": (group(nest("FILTER(?o)", "", "")), 5_000, False),
    "lists": (group(around("?a ?b ", nest("(", "1", ")"), "")), 400, True),
    "long paths": (group(around("?a <a:p>", nest("/<a:p>", "", ""), " ?b")), 800, False),
    "alternatives": (group(around("?a <a:p>", nest("|<a:p>", "", ""), " ?b")), 800, False),
    "blank nodes": (group(around("?a ?b ", nest("[<a:p> ", "1", "]"), "")), 800, True),
    "quoted triples": (group(nest("<<", "?a", " ?b ?c>> ?d ?e .")), 1_000, True),
    "triple terms": (group(around("?a ?b ", nest("<<(?c ?d ", "1", ")>>"), "")), 1_000, True),
    "graphs": (group(nest("GRAPH ?g{", "?a ?b ?c", "}")), 1_000, True),
    "patterns in a row": (
        group(lambda number: "".join(f"?v{i} ?p ?v{i + 1}." for i in range(number))), 1_000, False,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    folder = tmp_path_factory.mktemp("var") / "one"
    folder.mkdir()
    store = ox.Store(str(folder / "store"))
    store.add(ox.Quad(ox.NamedNode("a:s"), ox.NamedNode("a:p"), ox.Literal("o")))
    store.flush()
    del store
    settings = Settings(
        query_workers=1, query_timeout_seconds=0.5, query_memory_bytes=500 << 20, result_bytes=10**7
    )
    with WorkerPool(Snapshot(folder, datetime.now(UTC), {}, {}), settings) as pool:
        yield pool


@pytest.mark.parametrize("times", [1, 4])
@pytest.mark.parametrize("name", SHAPES)
def test_a_query_of_death_ends_alone(pool, name, times):
    write, size, nests = SHAPES[name]
    text = write(size * times)
    died = pool.statistics.died
    try:
        read_body(pool.run(QueryRequest(text)))
        ended = None
    except QueryError as error:
        ended = error
    if nests:
        assert isinstance(ended, QuerySyntaxError)
        assert "nested 101 levels" in str(ended) or "nested 102 levels" in str(ended)
        assert ended.line == 1
    assert pool.statistics.died == died, "the worker's stack should have been enough"
    assert read_truth(pool.run(QueryRequest("ASK { ?s ?p ?o }")))


@pytest.mark.parametrize("name", SHAPES)
def test_at_the_deepest_nesting_accepted_the_shape_is_harmless(pool, name):
    write, _, _ = SHAPES[name]
    died = pool.statistics.died
    with contextlib.suppress(QueryError):
        read_body(pool.run(QueryRequest(write(45))))
    assert pool.statistics.died == died
    assert read_truth(pool.run(QueryRequest("ASK { ?s ?p ?o }")))
