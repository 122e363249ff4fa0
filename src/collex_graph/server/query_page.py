"""The query page: a query of anybody's, its result as a table, and queries to start from."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pyoxigraph as ox

from collex_graph.errors import ResultTooLargeError
from collex_graph.model import QueryRequest
from collex_graph.rdf import formats
from collex_graph.rdf.namespaces import compact, expand, prefixes
from collex_graph.server import public_queries
from collex_graph.server.contexts import (
    Example,
    Format,
    ModelContext,
    QueryContext,
    QueryProblem,
    ResultCell,
)
from collex_graph.server.reader import is_web_address
from collex_graph.sparql.catalogue import stored_query

if TYPE_CHECKING:
    from collex_graph.server.errors import Problem
    from collex_graph.server.reader import GraphReader

ROWS_SHOWN = 500
"""Rows of a result that the page shows; all of them are in the downloads."""

_BYTES_SHOWN = 4_000_000
_GRAPH_CHARACTERS_SHOWN = 200_000
PATTERNS = (
    "label", "hierarchy", "dates", "agents", "place", "label-status", "authority", "provenance",
)  # fmt: skip

_NUMBERS = frozenset(
    expand(f"xsd:{name}") for name in ("integer", "decimal", "double", "float", "int", "long")
)


# --- queries to start from -----------------------------------------------------------------------


def examples(reader: GraphReader) -> tuple[Example, ...]:
    """Return the patterns of the model as queries that can be copied and run."""
    language = reader.words.language
    found = []
    for name in PATTERNS:
        stored = stored_query(f"patterns/{name}")
        text = stored.text().strip()
        found.append(
            Example(
                name=name,
                title=stored.title[language],
                description=stored.description[language],
                text=text,
                href="/query?" + urlencode({"query": text}),
            )
        )
    return tuple(found)


def describe_model(reader: GraphReader) -> ModelContext:
    """Return the page that draws the model."""
    return ModelContext(
        title=reader.words("model.heading"),
        patterns=examples(reader),
        prefixes=tuple(prefixes().items()),
        schemes=reader.nodes(row["scheme"].value for row in reader.rows("schemes")),
    )


# --- answers -------------------------------------------------------------------------------------


def describe_start(reader: GraphReader) -> QueryContext:
    """Return the page before anything was asked, with a query to start from."""
    found = examples(reader)
    return QueryContext(title=reader.words("query.heading"), text=found[0].text, examples=found)


def describe_answer(reader: GraphReader, text: str) -> QueryContext:
    """Run a query and return the page with its result.

    Raises:
        QueryError: when the query has no result.
    """
    accept = (formats.JSON.media_type, formats.TURTLE.media_type)
    result = public_queries.run(QueryRequest(text, accept))
    title, found = reader.words("query.heading"), examples(reader)
    seconds = reader.words.number(round(result.seconds, 3))
    body = public_queries.read_whole(result, _BYTES_SHOWN)
    if body is None:
        raise ResultTooLargeError(reader.words("query.too_large_to_show"))
    if result.media_type.startswith(formats.TURTLE.media_type):
        graph = body.decode()
        return QueryContext(
            title, text, "graph", graph_text=graph[:_GRAPH_CHARACTERS_SHOWN], seconds=seconds,
            downloads=_downloads(text, formats.GRAPH_FORMATS), examples=found,
        )  # fmt: skip
    answer = ox.parse_query_results(body, ox.QueryResultsFormat.JSON)
    downloads = _downloads(text, formats.RESULT_FORMATS)
    if isinstance(answer, ox.QueryBoolean):
        return QueryContext(
            title, text, "boolean", truth=bool(answer), seconds=seconds, downloads=downloads,
            examples=found,
        )  # fmt: skip
    variables = tuple(variable.value for variable in answer.variables)
    rows, total = [], 0
    for solution in answer:
        total += 1
        if total <= ROWS_SHOWN:
            rows.append(tuple(_cell(reader, solution[name]) for name in variables))
    return QueryContext(
        title, text, "table", variables, tuple(rows), total, len(rows), seconds=seconds,
        downloads=downloads, examples=found,
    )  # fmt: skip


def describe_problem(reader: GraphReader, text: str, problem: Problem, detail: str) -> QueryContext:
    """Return the page of a query that has no result, with the query still in the editor.

    Args:
        reader: the graph.
        text: the query.
        problem: what is wrong with it, in every language.
        detail: what is wrong with this very query, in the page's language.
    """
    language = reader.words.language
    position = problem.members.get("position") or {}
    line = position.get("line")
    return QueryContext(
        title=reader.words("query.heading"),
        text=text,
        answer="problem",
        problem=QueryProblem(
            title=problem.kind.title[language],
            detail=detail,
            advice=problem.kind.advice[language],
            line=line,
            column=position.get("column"),
            excerpt=_line_of(text, line),
        ),
        examples=examples(reader),
    )


def _line_of(text: str, line: int | None) -> str:
    lines = text.splitlines()
    return lines[line - 1][:300] if line and line <= len(lines) else ""


def _downloads(text: str, offered: tuple[formats.Format, ...]) -> tuple[Format, ...]:
    return tuple(
        Format(
            each.label,
            each.media_type,
            "/sparql?" + urlencode({"query": text, "format": each.name}),
        )
        for each in offered
    )


def _cell(reader: GraphReader, term: object) -> ResultCell:
    if isinstance(term, ox.NamedNode):
        iri = term.value
        short = compact(iri) or (
            iri.removeprefix(reader.iris.base) if iri.startswith(reader.iris.base) else ""
        )
        href = reader.href_of(iri) if is_web_address(iri) else ""
        return ResultCell(iri, href, compact=short)
    if isinstance(term, ox.Literal):
        return ResultCell(
            term.value, language=term.language or "", numeric=term.datatype.value in _NUMBERS
        )
    return ResultCell("" if term is None else str(term))
