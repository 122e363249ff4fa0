"""The query page: a query of anybody's, its result as a table, and queries to start from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pyoxigraph as ox

from collex_graph.errors import ResultTooLargeError, SnapshotNotKeptError
from collex_graph.mapping.suggestions import nearest
from collex_graph.model import QueryRequest
from collex_graph.rdf import formats
from collex_graph.rdf.namespaces import compact, prefixes
from collex_graph.server import public_queries
from collex_graph.server.contexts.ontology import ModelContext
from collex_graph.server.contexts.query import Example, QueryContext, QueryProblem, ResultCell
from collex_graph.server.contexts.values import Choice, Format
from collex_graph.server.reader import integer, is_web_address
from collex_graph.server.result_views import NUMBERS, chart_of, draw_result
from collex_graph.server.services import services
from collex_graph.sparql.catalogue import stored_query
from collex_graph.sparql.lexer import Kind, decode_escapes, read_tokens
from collex_graph.sparql.protocol import read_snapshot
from collex_graph.sparql.service_calls import SEARCH

if TYPE_CHECKING:
    from collex_graph.server.errors import Problem
    from collex_graph.server.reader import GraphReader

ROWS_SHOWN = 500
"""Rows of a result that the page shows; all of them are in the downloads."""

GRAPH_CHARACTERS_SHOWN = 200_000
"""Characters of a graph that the page shows; all of it is in the downloads."""

GRAPHS_PROPOSED = 2000
"""Named graphs that the editor proposes; the answer says when there are more."""

VIEWS = ("table", "chart", "map")
"""How the rows of a result may be shown."""

_BYTES_SHOWN = 4_000_000
_MOST_UNUSED = 5
PATTERNS = (
    "label", "hierarchy", "dates", "agents", "place", "label-status", "authority", "provenance",
)  # fmt: skip

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


def completions(reader: GraphReader) -> dict[str, Any]:
    """Return what the editor proposes while a query is written, the most used first.

    Terms without a prefix of ours are left to the query's own ``PREFIX`` lines, as whole IRIs.
    """
    rows = reader.rows("completion-terms")
    reader.learn_labels(row["term"].value for row in rows)
    terms: dict[str, list[dict[str, object]]] = {"class": [], "property": []}
    for row in rows:
        iri = row["term"].value
        terms[row["kind"].value].append(
            {
                "iri": iri,
                "name": compact(iri),
                "label": reader.label_of(iri).value,
                "count": integer(row["count"]),
            }
        )
    graphs = reader.rows("completion-graphs", limit=[ox.Literal(GRAPHS_PROPOSED + 1)])
    return {
        "prefixes": dict(prefixes()),
        "classes": terms["class"],
        "properties": terms["property"],
        "graphs": [row["graph"].value for row in graphs[:GRAPHS_PROPOSED]],
        "moreGraphs": len(graphs) > GRAPHS_PROPOSED,
    }


# --- answers -------------------------------------------------------------------------------------


def describe_start(reader: GraphReader) -> QueryContext:
    """Return the page before anything was asked, with a query to start from."""
    found = examples(reader)
    return QueryContext(title=reader.words("query.heading"), text=found[0].text, examples=found)


def describe_answer(
    reader: GraphReader, text: str, *, view: str = "", pinned: str = ""
) -> QueryContext:
    """Run a query and return the page with its result.

    Args:
        reader: the graph.
        text: the query.
        view: how to show a table: one of `VIEWS`; a table where the result cannot be shown so.
        pinned: identifier of the snapshot that a permanent link was made on; empty: the current
            one, which also answers, and says so, where that one is kept no more.

    Raises:
        QueryError: when the query has no result.
    """
    accept = (formats.JSON.media_type, formats.TURTLE.media_type)
    named = read_snapshot([("snapshot", pinned)] if pinned else [])
    try:
        result = public_queries.run(QueryRequest(text, accept, snapshot=named))
    except SnapshotNotKeptError:
        result = public_queries.run(QueryRequest(text, accept))
    body = public_queries.read_whole(result, _BYTES_SHOWN)
    if body is None:
        raise ResultTooLargeError(reader.words("query.too_large_to_show"))
    is_earlier = result.snapshot != services().snapshot.identifier
    earlier = result.snapshot if is_earlier else ""
    is_graph = result.media_type.startswith(formats.TURTLE.media_type)
    offered = formats.GRAPH_FORMATS if is_graph else formats.RESULT_FORMATS
    context = QueryContext(
        reader.words("query.heading"), text,
        seconds=reader.words.number(round(result.seconds, 3)),
        downloads=_downloads(text, offered, earlier),
        examples=examples(reader),
        permalink=_address(text, snapshot=result.snapshot),
        answered_on=earlier,
        made_on=named if named and named != result.snapshot else "",
        current_href=_address(text),
    )  # fmt: skip
    if is_graph:
        graph = body.decode()
        return replace(
            context,
            answer="graph",
            graph_text=graph[:GRAPH_CHARACTERS_SHOWN],
            graph_size=len(graph),
        )
    answer = ox.parse_query_results(body, ox.QueryResultsFormat.JSON)
    if isinstance(answer, ox.QueryBoolean):
        return replace(context, answer="boolean", truth=bool(answer))
    variables = tuple(variable.value for variable in answer.variables)
    rows: list[tuple[ResultCell, ...]] = []
    solutions = []
    for solution in answer:
        solutions.append(tuple(solution[name] for name in variables))
        if len(rows) < ROWS_SHOWN:
            rows.append(tuple(_cell(reader, term) for term in solutions[-1]))
    drawn = draw_result(reader, variables, solutions)
    rows_alone = (formats.XLSX, formats.GEOJSON) if drawn is not None else (formats.XLSX,)
    bars = chart_of(reader, variables, solutions)
    possible = {"table": True, "chart": bool(bars), "map": drawn is not None}
    shown_as = view if possible.get(view) else "table"
    return replace(
        context,
        answer="table",
        downloads=(*context.downloads, *_downloads(text, rows_alone, earlier)),
        variables=variables,
        rows=tuple(rows),
        total=len(solutions),
        # what is known of an earlier snapshot is its answers alone
        unused=() if solutions or earlier else _unused_names(reader, text),
        view=shown_as,
        views=tuple(
            Choice(
                reader.words(f"query.view.{name}"),
                _address(text, view=name, snapshot=earlier),
                name == shown_as,
            )
            for name, can in possible.items()
            if can
        ),
        map=drawn if shown_as == "map" else None,
        bars=bars if shown_as == "chart" else (),
        permalink=_address(text, view=shown_as, snapshot=result.snapshot),
        current_href=_address(text, view=shown_as),
    )


def _unused_names(reader: GraphReader, text: str) -> tuple[tuple[str, str], ...]:
    """Return the prefixed names that are no class or property here, in vocabularies that are."""
    tokens = [
        token for token in read_tokens(decode_escapes(text).text) if token.kind is not Kind.COMMENT
    ]
    declared = {
        name.text: iri.text[1:-1]
        for word, name, iri in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if word.text.lower() == "prefix" and iri.kind is Kind.IRI
    }
    known = {row["term"].value for row in reader.rows("completion-terms")}
    vocabularies = {iri[: max(iri.rfind("#"), iri.rfind("/")) + 1] for iri in known}
    found = dict.fromkeys(token.text for token in tokens if token.kind is Kind.NAME)
    unused: list[tuple[str, str]] = []
    for name in found:
        prefix, colon, local = name.partition(":")
        space, local = declared.get(prefix + colon, ""), local.replace("\\", "")
        is_used = space + local in known or (space + local).startswith(SEARCH)
        if local and space in vocabularies and not is_used and len(unused) < _MOST_UNUSED:
            near = nearest(local, [iri.removeprefix(space) for iri in known])
            unused.append((name, near and f"{prefix}:{near}"))
    return tuple(unused)


def _address(text: str, *, view: str = "table", snapshot: str = "") -> str:
    pairs = [("query", text)]
    pairs += [("view", view)] if view != VIEWS[0] else []
    pairs += [("snapshot", snapshot)] if snapshot else []
    return "/query?" + urlencode(pairs)


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


def _downloads(text: str, offered: tuple[formats.Format, ...], snapshot: str) -> tuple[Format, ...]:
    pinned = {"snapshot": snapshot} if snapshot else {}
    return tuple(
        Format(
            each.label,
            each.media_type,
            "/sparql?" + urlencode({"query": text, "format": each.name} | pinned),
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
            term.value, language=term.language or "", numeric=term.datatype.value in NUMBERS
        )
    return ResultCell("" if term is None else str(term))
