"""Runs the stored queries that give triples or a truth value, for data answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from collex_graph.model import QueryRequest
from collex_graph.rdf.formats import CSV, N_TRIPLES
from collex_graph.server.services import services
from collex_graph.sparql.catalogue import stored_query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collex_graph.model import QueryResult


def construct(query: str, **terms: Sequence[ox.NamedNode]) -> list[ox.Triple]:
    """Return the triples of a stored CONSTRUCT query.

    Args:
        query: its name in ``queries``.
        terms: the terms of each parameter.
    """
    result = _run(query, N_TRIPLES.media_type, terms)
    return [quad.triple for quad in ox.parse(whole(result), ox.RdfFormat.N_TRIPLES)]


def ask(query: str, **terms: Sequence[ox.NamedNode]) -> bool:
    """Return the answer of a stored ASK query."""
    return whole(_run(query, CSV.media_type, terms)).strip() == b"true"


def whole(result: QueryResult) -> bytes:
    """Return the body of a result in one piece.

    Raises:
        QueryError: when a streamed body cannot be completed.
    """
    return result.body if isinstance(result.body, bytes) else b"".join(result.body)


def _run(query: str, media_type: str, terms: dict[str, Sequence[ox.NamedNode]]) -> QueryResult:
    text = stored_query(query).text(**terms)
    return services().queries.run(QueryRequest(text, (media_type,), priority=True))
