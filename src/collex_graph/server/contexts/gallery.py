"""Stored queries: the gallery, each of them, the questions that they answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collex_graph.server.contexts.query import QueryContext, ResultCell
    from collex_graph.server.contexts.values import Choice, Format


@dataclass(frozen=True)
class Question:
    """A stored question; ``href`` leads to its answer."""

    number: int
    title: str
    text: str
    href: str


@dataclass(frozen=True)
class GalleryEntry:
    """A stored query in the gallery."""

    title: str
    description: str
    href: str
    audience: str
    difficulty: str


@dataclass(frozen=True)
class GalleryContext:
    """``/queries``: what may be asked by name."""

    title: str
    entries: tuple[GalleryEntry, ...]
    audiences: tuple[Choice, ...]
    difficulties: tuple[Choice, ...]


@dataclass(frozen=True)
class Field:
    """A parameter of a stored query in a form, with its values or its default."""

    name: str
    label: str
    values: tuple[str, ...]
    example: str
    required: bool
    numeric: bool


@dataclass(frozen=True)
class Snippet:
    """Code that asks a query, in one language."""

    label: str
    code: str


@dataclass(frozen=True)
class NamedQueryContext:
    """``/queries/{name}``: one stored query.

    Attributes:
        is_missing: a value that it needs is not given, so there is no answer.
        text: the query with its values bound, or with examples while some are missing.
        rows: the rows of the answer that are shown.
        permalink: the address of the answer, with the snapshot it was computed on.
        current_href: the same without a snapshot.
    """

    title: str
    name: str
    description: str
    meaning: str
    expected: str
    audience: str
    difficulty: str
    fields: tuple[Field, ...]
    is_missing: bool
    text: str
    query_href: str
    answer: QueryContext | None
    rows: tuple[tuple[ResultCell, ...], ...]
    downloads: tuple[Format, ...]
    api_href: str
    permalink: str
    current_href: str
    snippets: tuple[Snippet, ...]
    bibtex_href: str
    csl_href: str
