"""Libraries and establishments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collex_graph.server.contexts.evidence import Quality, SourceStatement
    from collex_graph.server.contexts.figures import PointMap
    from collex_graph.server.contexts.units import Holding, UnitCard
    from collex_graph.server.contexts.values import Fact, Format, Node, Text, WebLink


@dataclass(frozen=True)
class LibraryRow:
    """A library in the list of institutions."""

    node: Node
    place: Text | None
    region: Node | None
    establishment: Node | None
    units: int
    labelled: int


@dataclass(frozen=True)
class EstablishmentGroup:
    """The establishments of one region."""

    region: str
    establishments: tuple[tuple[Node, str, int], ...]


@dataclass(frozen=True)
class InstitutionsContext:
    """``/institutions``: who holds, who is responsible."""

    title: str
    libraries: tuple[LibraryRow, ...]
    groups: tuple[EstablishmentGroup, ...]
    establishment_count: int
    map: PointMap


@dataclass(frozen=True)
class LibraryContext:
    """``/id/library/…``: what a library holds; ``quality_href`` is how its records stand."""

    title: str
    iri: str
    node: Node
    quality_href: str
    establishment: Node | None
    region: Node | None
    place: Node | None
    precision: str
    identifiers: tuple[Fact, ...]
    holdings: tuple[Holding, ...]
    topmost: int
    units: int
    labelled: int
    all_href: str
    map: PointMap | None
    curated: tuple[Fact, ...]
    provenance: tuple[SourceStatement, ...]
    quality: Quality
    formats: tuple[Format, ...]


@dataclass(frozen=True)
class EstablishmentContext:
    """``/id/establishment/…``: the libraries and fonds an establishment is responsible for."""

    title: str
    iri: str
    node: Node
    quality_href: str
    other_names: tuple[Text, ...]
    establishment_type: Text | None
    homepage: WebLink | None
    region: Node | None
    identifiers: tuple[Fact, ...]
    libraries: tuple[LibraryRow, ...]
    cards: tuple[UnitCard, ...]
    units: int
    map: PointMap | None
    curated: tuple[Fact, ...]
    provenance: tuple[SourceStatement, ...]
    quality: Quality
    formats: tuple[Format, ...]
