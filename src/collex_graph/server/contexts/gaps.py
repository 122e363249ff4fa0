"""What is missing, question by question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collex_graph.server.contexts.figures import Cell, DataTable, Figure


@dataclass(frozen=True)
class Gap:
    """A question about what is missing, and what the graph answers.

    Attributes:
        name: of its page, ``/gaps/{name}``.
        title: in few words.
        question: as one would ask it.
        answer: in one sentence, with its numbers; empty when there is nothing to count.
        coverage: how much was read of what is known.
        notes: how it is counted, and what cannot be known.
        figures: the pictures.
        table: the same in numbers and words, with links to the records.
        export: what the file holds, when it is not the table.
        needed: what would have to be read, when there is nothing to count.
        query_href: the query behind the numbers.
    """

    name: str
    title: str
    question: str
    answer: str
    coverage: str
    notes: tuple[str, ...]
    figures: tuple[Figure, ...]
    table: DataTable
    export: DataTable
    needed: str
    query_href: str

    @property
    def href(self) -> str:
        """The address of its page."""
        return f"/gaps/{self.name}"


@dataclass(frozen=True)
class GapsContext:
    """``/gaps``: every question about what is missing, with its answer."""

    title: str
    gaps: tuple[Gap, ...]


@dataclass(frozen=True)
class GapContext:
    """``/gaps/{name}``: one question, its picture, its table.

    Attributes:
        more: rows that the file holds and the page does not show.
    """

    title: str
    gap: Gap
    rows: tuple[tuple[Cell, ...], ...]
    more: int
    others: tuple[Gap, ...]
