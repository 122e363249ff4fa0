"""Reading results: rows of terms, truth, and nothing that is something else."""

import pyoxigraph as ox
import pytest

from collex_graph.errors import ResultTooLargeError
from collex_graph.model import QueryResult
from collex_graph.sparql.results import read_body, read_table, read_truth

JSON = "application/sparql-results+json"
ROWS = b"""{"head": {"vars": ["n", "s", "x"]}, "results": {"bindings": [
 {"s": {"type": "uri", "value": "http://a/b"},
  "n": {"type": "literal", "value": "5", "datatype": "http://www.w3.org/2001/XMLSchema#integer"}},
 {"x": {"type": "literal", "value": "\xc3\xa9", "xml:lang": "fr"}}, {}]}}"""


def result(body, media_type=JSON):
    return QueryResult(media_type, body, None, "2026", 0.0)


def test_rows_come_with_their_terms_and_without_what_is_unbound():
    table = read_table(result(ROWS))
    assert table.variables == ("n", "s", "x")
    first, second, third = table
    assert first["s"] == ox.NamedNode("http://a/b")
    assert (first.iri("s"), first.integer("n"), first.text("x")) == ("http://a/b", 5, "")
    assert "x" not in first
    assert "x" in second
    assert second["x"] == ox.Literal("é", language="fr")
    assert (second.iri("x"), second.integer("x"), second.text("x")) == (None, None, "é")
    assert len(third.terms) == 0
    with pytest.raises(KeyError):
        third["x"]


def test_a_stream_is_read_to_its_end_or_its_error():
    assert len(read_table(result(iter([ROWS[:50], ROWS[50:]])))) == 3

    def broken():
        yield ROWS[:50]
        raise ResultTooLargeError("cut")

    with pytest.raises(ResultTooLargeError):
        read_table(result(broken()))


def test_truth_is_read():
    assert read_truth(result(b'{"head": {}, "boolean": true}'))
    assert not read_truth(result(b'{"head": {}, "boolean": false}'))


def test_another_kind_of_result_is_refused():
    with pytest.raises(TypeError):
        read_truth(result(ROWS))
    with pytest.raises(TypeError):
        read_table(result(b'{"head": {}, "boolean": true}'))
    with pytest.raises(TypeError, match="text/csv"):
        read_table(result(b"n\r\n", "text/csv"))
    assert read_body(result(b"n\r\n", "text/csv")) == b"n\r\n"
