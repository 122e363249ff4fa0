"""The page that asks a query, and its result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collex_graph.server.contexts.figures import PointMap
    from collex_graph.server.contexts.values import Choice, Count, Format


@dataclass(frozen=True)
class Example:
    """A query people can start from."""

    name: str
    title: str
    description: str
    text: str
    href: str


@dataclass(frozen=True)
class ResultCell:
    """A cell of a results table; ``href`` is a page of ours, an outer address, or empty."""

    text: str
    href: str = ""
    language: str = ""
    numeric: bool = False
    compact: str = ""


@dataclass(frozen=True)
class QueryProblem:
    """Why a query has no result."""

    title: str
    detail: str
    advice: str
    line: int | None = None
    column: int | None = None
    excerpt: str = ""


@dataclass(frozen=True)
class QueryContext:
    """``/query``: write a query, see its result.

    Attributes:
        answer: ``none``, ``table``, ``boolean``, ``graph`` or ``problem``.
        unused: names in a query without answer that no class or property of the data bears, each
            with the one that was perhaps meant.
        graph_text: Turtle, as much of it as the page shows.
        graph_size: how many characters all of it has.
        downloads: the same result in other formats.
        view: how the rows are shown: ``table``, ``chart`` or ``map``.
        views: the ways in which they can be shown.
        permalink: the address of this result, with the snapshot it was computed on.
        made_on: the snapshot that such an address names, when it is kept no more: the result is
            that of the current one.
        answered_on: the snapshot that such an address names, when it answered and is not the
            current one.
        current_href: the address of the same query, of the current snapshot.
    """

    title: str
    text: str
    answer: str = "none"
    variables: tuple[str, ...] = ()
    rows: tuple[tuple[ResultCell, ...], ...] = ()
    total: int = 0
    truth: bool = False
    unused: tuple[tuple[str, str], ...] = ()
    graph_text: str = ""
    graph_size: int = 0
    seconds: str = ""
    downloads: tuple[Format, ...] = ()
    problem: QueryProblem | None = None
    examples: tuple[Example, ...] = ()
    view: str = "table"
    views: tuple[Choice, ...] = ()
    map: PointMap | None = None
    bars: tuple[Count, ...] = ()
    permalink: str = ""
    made_on: str = ""
    answered_on: str = ""
    current_href: str = ""
