"""Agents, concepts and places, and the schemes of concepts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collex_graph.server.contexts.evidence import SourceStatement
    from collex_graph.server.contexts.figures import PointMap
    from collex_graph.server.contexts.units import UnitCard
    from collex_graph.server.contexts.values import Count, Fact, Format, Node, Text, WebLink


@dataclass(frozen=True)
class WordingRow:
    """How notices word a node, and how often."""

    wording: str
    element: str
    source: str
    count: int


@dataclass(frozen=True)
class SubjectContext:
    """An agent, a concept or a place: the fonds it leads to, and how notices word it.

    Attributes:
        subject_kind: ``person``, ``body``, ``family``, ``concept`` or ``place``.
        cards: the first units, each with the roles in which the subject appears.
        beside: people, themes and places of the same fonds, the most shared first.
        map: for a place with coordinates.
        code: for a place that we describe: its official code, which is its identifier.
        is_ours: whether we describe it, for everybody, and not one notice for itself.
        said: what else the graph says of it.
        incoming: what points at it besides units.
    """

    title: str
    iri: str
    node: Node
    subject_kind: str
    scheme: Node | None
    definition: Text | None
    notes: tuple[Text, ...]
    facts: tuple[Fact, ...]
    broader: tuple[Node, ...]
    narrower: tuple[Count, ...]
    cards: tuple[UnitCard, ...]
    units: int
    all_href: str
    libraries: tuple[Node, ...]
    wordings: tuple[WordingRow, ...]
    beside: tuple[tuple[Node, int], ...]
    elsewhere: tuple[WebLink, ...]
    map: PointMap | None
    code: str
    is_ours: bool
    said: tuple[Fact, ...]
    incoming: tuple[Fact, ...]
    provenance: tuple[SourceStatement, ...]
    formats: tuple[Format, ...]


@dataclass(frozen=True)
class SchemeConcept:
    """A concept of a scheme."""

    node: Node
    notation: str
    definition: Text | None
    count: int


@dataclass(frozen=True)
class SchemeContext:
    """``/vocabulary/{scheme}``: the concepts of a list, and how much each is used.

    Attributes:
        counted: what the column of numbers counts: ``units``, ``uses`` where no unit bears the
            concepts itself, or nothing where nobody uses them.
    """

    title: str
    iri: str
    node: Node
    description: Text | None
    notes: tuple[Text, ...]
    concepts: tuple[SchemeConcept, ...]
    counted: str
    formats: tuple[Format, ...]
