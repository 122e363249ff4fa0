"""Answers that a snapshot brings along: what the site asks of every snapshot, whoever looks at it.

Home, map, lists and gaps begin with the same questions each time: how many units there are, what
values each facet has, where the institutions are. They are asked once, when the snapshot is
published, and their results stand in ``answers/`` under the key that `result_cache` gives them. A
snapshot never changes, so they are never out of date; a query whose text has changed since has
another key, and is computed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import pyoxigraph as ox

from collex_graph.model import QueryRequest, QueryResult
from collex_graph.rdf.formats import JSON
from collex_graph.rdf.namespaces import term
from collex_graph.sparql.catalogue import query_names, stored_query
from collex_graph.sparql.policy import query_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from collex_graph.model import Snapshot
    from collex_graph.settings import Settings
    from collex_graph.sparql.terms import Term

FOLDER = "answers"

_FOLDER_OF_QUERIES = "pages/"


def asked_of_every_snapshot() -> Iterator[QueryRequest]:
    """Yield what the site asks before anybody has chosen anything.

    That is every query of the pages that needs no value, and the list and the map of all units and
    of those that count as labelled; but no mere reading of a graph, whose cost is its length.
    """
    for name in query_names():
        if name.startswith(_FOLDER_OF_QUERIES) and not name.endswith("-statements"):
            query = stored_query(name)
            if all(each.optional or each.default is not None for each in query.parameters.values()):
                yield _request(query.text())
    unit, counted = term("collex:DescribedUnit"), ox.Literal(True)
    choices: list[list[Term]] = [[unit], [unit, counted]]
    for wanted in choices:
        chosen: dict[str, list[Term]] = {"wanted": wanted, "matches": [ox.Literal(len(wanted))]}
        order: list[Term] = [ox.Literal("title")]
        yield _request(stored_query("pages/map-units").text(**chosen))
        yield _request(stored_query("pages/search-facets").text(**chosen, word=[]))
        yield _request(stored_query("pages/search-units").text(**chosen, word=[], order=order))


def _request(text: str) -> QueryRequest:
    return QueryRequest(text, (JSON.media_type,))


def write_answers(
    store: ox.Store,
    folder: Path,
    settings: Settings,
    key_of: Callable[[QueryRequest, Settings], str],
) -> None:
    """Ask a store what is asked of every snapshot.

    Args:
        store: what is about to be published.
        folder: made here.
        settings: ``base_iri`` and the limits of queries.
        key_of: `result_cache.result_key`.
    """
    folder.mkdir()
    for request in asked_of_every_snapshot():
        query = query_of(request, settings)
        result = store.query(query.text, base_iri=settings.base_iri)
        assert isinstance(result, ox.QuerySolutions)
        key = key_of(request, settings)
        assert key, "it answers differently each time"
        with (folder / key).open("wb") as file:
            result.serialize(file, format=ox.QueryResultsFormat.JSON)


def is_brought(snapshot: Snapshot, key: str) -> bool:
    """Say whether a snapshot brings the result of a key."""
    return key in _keys(snapshot.directory)


@lru_cache(8)
def _keys(directory: Path) -> frozenset[str]:
    """Return what a snapshot brings; it is asked for with every query, and never changes."""
    return frozenset(path.name for path in (directory / FOLDER).glob("*"))


def brought_answer(snapshot: Snapshot, key: str) -> QueryResult | None:
    """Return the result of a key, None when the snapshot does not bring it."""
    if not is_brought(snapshot, key):
        return None
    try:
        body = (snapshot.directory / FOLDER / key).read_bytes()
    except OSError:
        return None
    return QueryResult(
        media_type=JSON.content_type,
        body=body,
        length_bytes=len(body),
        snapshot=snapshot.identifier,
        seconds=0.0,
        cached=True,
    )
