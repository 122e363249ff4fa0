"""What the validation asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from collex_graph.server.contexts.ontology import TermLink
    from collex_graph.server.contexts.values import Format, Node, Text


@dataclass(frozen=True)
class ShapeRow:
    """A rule of the validation, or a criterion of a score.

    Attributes:
        results: how many results it has in the snapshot's report.
        announced: the graver severity that it will have from a day on; empty for most.
        weight: the points that a criterion is worth, 0 for a rule.
        commitments: the commitments of charters that it checks, each with its charter.
    """

    name: str
    label: Text
    message: Text | None
    severity: str
    results: int
    codes: tuple[str, ...]
    announced: str
    from_day: date | None
    weight: int
    commitments: tuple[tuple[Node, Node | None], ...]


@dataclass(frozen=True)
class WrittenRuleRow:
    """What is expected of a description, the rules that check it, and how often it is broken."""

    code: str
    label: Text
    text: Text | None
    checks: tuple[tuple[str, Text], ...]
    results: int


@dataclass(frozen=True)
class ShapeGroup:
    """The rules of one node shape, and the classes it is for."""

    name: str
    label: Text
    targets: tuple[TermLink, ...]
    rows: tuple[ShapeRow, ...]


@dataclass(frozen=True)
class ShapesContext:
    """``/shapes``: what the validation asks of each class, and of the reading of sources.

    Where results were ``counted``, each rule has a page of what it found.
    """

    title: str
    iri: str
    version: str
    description: Text | None
    groups: tuple[ShapeGroup, ...]
    readings: tuple[ShapeRow, ...]
    book: tuple[WrittenRuleRow, ...]
    rules: int
    counted: bool
    formats: tuple[Format, ...]
