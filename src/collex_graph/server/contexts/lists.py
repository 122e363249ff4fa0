"""Lists that facets narrow: the search, and the pages of one kind of things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collex_graph.server.contexts.gallery import Question
    from collex_graph.server.contexts.gaps import Gap
    from collex_graph.server.contexts.units import UnitCard
    from collex_graph.server.contexts.values import Choice, Fact, Node, Text


@dataclass(frozen=True)
class FacetValue:
    """One value of a facet: following ``href`` narrows the list to it."""

    label: Text
    count: int
    href: str


@dataclass(frozen=True)
class Facet:
    """One facet of the list.

    Attributes:
        name: its name in the address.
        label: its heading.
        values: the most frequent first.
        more: the others, behind a disclosure.
        unstated: how many units of the list say nothing here.
    """

    name: str
    label: str
    values: tuple[FacetValue, ...]
    more: tuple[FacetValue, ...]
    unstated: int


@dataclass(frozen=True)
class Chip:
    """A filter in force; ``href`` is the list without it."""

    facet: str
    label: Text
    href: str


@dataclass(frozen=True)
class Pagination:
    """Which part of a long list this is."""

    first: int
    last: int
    total: int
    page: int
    pages: int
    previous: str
    next: str


@dataclass(frozen=True)
class SearchContext:
    """``/search``: the list of fonds, narrowed by words and facets."""

    title: str
    text: str
    kept: tuple[tuple[str, str], ...]
    chips: tuple[Chip, ...]
    facets: tuple[Facet, ...]
    cards: tuple[UnitCard, ...]
    sorts: tuple[Choice, ...]
    pagination: Pagination
    read: int
    known: int | None
    unreadable: tuple[str, ...]
    beyond: str
    last_href: str


@dataclass(frozen=True)
class KindChoice:
    """A kind of things that a page lists; 0 where nothing was read of it."""

    label: str
    count: int
    href: str
    current: bool


@dataclass(frozen=True)
class ListItem:
    """A thing of a list.

    Attributes:
        node: the thing.
        facts: what it says.
        interval: when it holds, in words; empty when no date is given.
        state: ``current``, ``ending``, ``past`` or ``future`` on the day looked at, else empty.
    """

    node: Node
    facts: tuple[Fact, ...]
    interval: str
    state: str


@dataclass(frozen=True)
class ListContext:
    """``/labels``, ``/corpora`` and their like: the things of one kind, narrowed by facets.

    Attributes:
        name: of the page.
        kind: what is shown, in words.
        needed: what would have to be read, when there is nothing of this kind.
        template: the spreadsheet template of this kind, empty when there is none.
        on: the day that was asked for, empty when none was.
        on_words: the day that intervals are looked at from.
        on_problem: why the day that was asked for could not be read.
        kept: the rest of the state, as hidden fields.
        is_dated: whether its things hold over intervals.
        all_href: the list without filters.
    """

    title: str
    name: str
    lede: str
    kinds: tuple[KindChoice, ...]
    kind: str
    needed: str
    template: str
    chips: tuple[Chip, ...]
    facets: tuple[Facet, ...]
    things: tuple[ListItem, ...]
    on: str
    on_words: str
    on_problem: str
    kept: tuple[tuple[str, str], ...]
    is_dated: bool
    all_href: str
    pagination: Pagination
    gaps: tuple[Gap, ...]
    questions: tuple[Question, ...]
