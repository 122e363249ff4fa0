"""Reads results for pages and programs: rows of terms from a `QueryResult` in SPARQL JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    Triple,
    parse_query_results,
)

from collex_graph.rdf.formats import JSON

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collex_graph.model import QueryResult

Term = NamedNode | BlankNode | Literal | Triple


@dataclass(frozen=True)
class Row:
    """One row: what each variable is bound to; an unbound one is absent."""

    terms: Mapping[str, Term]

    def __getitem__(self, variable: str) -> Term:
        return self.terms[variable]

    def __contains__(self, variable: object) -> bool:
        return variable in self.terms

    def text(self, variable: str) -> str:
        """Return the lexical form or the IRI, empty when unbound."""
        term = self.terms.get(variable)
        return term.value if isinstance(term, NamedNode | Literal | BlankNode) else ""

    def iri(self, variable: str) -> str | None:
        """Return the IRI, None when it is not one."""
        term = self.terms.get(variable)
        return term.value if isinstance(term, NamedNode) else None

    def integer(self, variable: str) -> int | None:
        """Return a literal as a whole number, None when it is not one."""
        term = self.terms.get(variable)
        try:
            return int(term.value) if isinstance(term, Literal) else None
        except ValueError:
            return None


@dataclass(frozen=True)
class Table:
    """The result of a SELECT.

    Attributes:
        variables: the columns, in the query's order.
        rows: the rows, in the result's order.
    """

    variables: tuple[str, ...]
    rows: tuple[Row, ...]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def read_body(result: QueryResult) -> bytes:
    """Return the whole body.

    Raises:
        QueryError: when a streamed one cannot be completed.
    """
    return result.body if isinstance(result.body, bytes) else b"".join(result.body)


def read_table(result: QueryResult) -> Table:
    """Read the result of a SELECT in SPARQL JSON.

    Raises:
        QueryError: when a streamed result cannot be completed.
        TypeError: when it is the result of something else.
    """
    solutions = _parse(result)
    if not isinstance(solutions, QuerySolutions):
        raise TypeError("expected the rows of a SELECT")
    names = tuple(variable.value for variable in solutions.variables)
    return Table(
        names,
        tuple(
            Row({name: solution[name] for name in names if solution[name] is not None})
            for solution in solutions
        ),
    )


def read_truth(result: QueryResult) -> bool:
    """Read the result of an ASK in SPARQL JSON.

    Raises:
        TypeError: when it is the result of something else.
    """
    answer = _parse(result)
    if not isinstance(answer, QueryBoolean):
        raise TypeError("expected the truth value of an ASK")
    return bool(answer)


def _parse(result: QueryResult) -> QuerySolutions | QueryBoolean:
    if result.media_type != JSON.content_type:
        raise TypeError(f"expected {JSON.content_type}, not {result.media_type}")
    return parse_query_results(read_body(result), QueryResultsFormat.JSON)
