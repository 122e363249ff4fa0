"""Notices, labellings, and anything that has no page of its own kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collex_graph.server.contexts.evidence import Quality, SourceStatement
    from collex_graph.server.contexts.units import UnitCard
    from collex_graph.server.contexts.values import Fact, Format, Node, Text


@dataclass(frozen=True)
class PointRow:
    """An access point of a notice, as the source words it."""

    wording: Text
    node: Node
    element: str
    role: str


@dataclass(frozen=True)
class PointGroup:
    """The access points of one unit of a notice."""

    unit: Node
    points: tuple[PointRow, ...]

    @property
    def aligned(self) -> int:
        """How many refer to an authority."""
        return sum(point.node.authority is not None for point in self.points)


@dataclass(frozen=True)
class NoticeContext:
    """``/id/notice/…``: the description, as distinct from the fonds."""

    title: str
    iri: str
    node: Node
    subject: UnitCard | None
    parts: tuple[UnitCard, ...]
    facts: tuple[Fact, ...]
    groups: tuple[PointGroup, ...]
    points: int
    aligned: int
    provenance: tuple[SourceStatement, ...]
    quality: Quality
    formats: tuple[Format, ...]


@dataclass(frozen=True)
class LabellingContext:
    """``/id/labelling/…``: one labelling of one unit."""

    title: str
    iri: str
    node: Node
    unit: UnitCard | None
    label: Node | None
    facts: tuple[Fact, ...]
    bare: bool
    provenance: tuple[SourceStatement, ...]
    quality: Quality
    formats: tuple[Format, ...]


@dataclass(frozen=True)
class EntityContext:
    """Anything else: everything the graph says of it, and what points at it.

    Attributes:
        section: the page that lists things like it, empty when none does.
    """

    title: str
    iri: str
    node: Node
    section: str
    types: tuple[Text, ...]
    facts: tuple[Fact, ...]
    incoming: tuple[Fact, ...]
    provenance: tuple[SourceStatement, ...]
    quality: Quality
    formats: tuple[Format, ...]
