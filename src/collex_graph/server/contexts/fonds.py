"""A fonds, a sub-fonds or a component."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collex_graph.server.contexts.evidence import Quality, SourceStatement
    from collex_graph.server.contexts.figures import PointMap
    from collex_graph.server.contexts.units import Tree, UnitCard
    from collex_graph.server.contexts.values import Fact, Format, Node, Text, WebLink


@dataclass(frozen=True)
class IndexEntry:
    """A theme, a place or a person of a unit: the node, and how the notice words it.

    Attributes:
        node: what the access points refer to.
        wordings: wordings of the notice that differ from the label shown.
        roles: what it is to the unit, in words; empty for a mere subject.
        notation: a class number given with it.
    """

    node: Node
    wordings: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    notation: str = ""


@dataclass(frozen=True)
class ExtentRow:
    """One measured extent."""

    wording: str
    quantity: str
    unit: Node | None
    criterion: str
    criterion_value: str


@dataclass(frozen=True)
class DigitalCopy:
    """A digitised form, and where it can be seen."""

    label: Text
    links: tuple[WebLink, ...]
    platform: Node | None


@dataclass(frozen=True)
class NoticeSummary:
    """The notice that describes a unit."""

    node: Node
    issued: str
    modified: str
    publisher: str
    citation: Text | None
    page: WebLink | None


@dataclass(frozen=True)
class FondsContext:
    """``/id/fonds/…``: a fonds, a sub-fonds or a component."""

    title: str
    iri: str
    unit: UnitCard
    breadcrumb: tuple[Node, ...]
    labels: tuple[Node, ...]
    holder_note: str
    languages: str
    access_line: str
    abstract: tuple[Text, ...]
    passages: tuple[Fact, ...]
    origin: tuple[Fact, ...]
    tree: Tree
    facts: tuple[Fact, ...]
    themes: tuple[IndexEntry, ...]
    disciplines: tuple[Node, ...]
    places: tuple[IndexEntry, ...]
    people: tuple[IndexEntry, ...]
    extents: tuple[ExtentRow, ...]
    digital: tuple[DigitalCopy, ...]
    conditions: tuple[Fact, ...]
    finding_aids: tuple[WebLink, ...]
    finding_aid_notes: tuple[Text, ...]
    cites: tuple[UnitCard, ...]
    cited_by: tuple[UnitCard, ...]
    near: tuple[UnitCard, ...]
    related_notes: tuple[Text, ...]
    pages_elsewhere: tuple[WebLink, ...]
    bibliography: tuple[Fact, ...]
    notices: tuple[NoticeSummary, ...]
    citation: str
    map: PointMap | None
    curated: tuple[Fact, ...]
    provenance: tuple[SourceStatement, ...]
    quality: Quality
    formats: tuple[Format, ...]


@dataclass(frozen=True)
class StubContext:
    """A fonds that notices cite and whose own notice was not read."""

    title: str
    iri: str
    node: Node
    cited_by: tuple[UnitCard, ...]
    pages_elsewhere: tuple[WebLink, ...]
    formats: tuple[Format, ...]
