"""The map, its embedded form, its documentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collex_graph.server.contexts.figures import PointMap
    from collex_graph.server.contexts.lists import Chip, Facet
    from collex_graph.server.contexts.values import Choice, Fact, Node, Text


@dataclass(frozen=True)
class MapRow:
    """What stands at one place of the map.

    Attributes:
        node: the institution, None for units whose holder no source names.
        kind: what it is, in words.
        precision: how exact its position is.
        units: how many units of those asked for it holds there.
        units_href: the list of them.
        is_placed: whether it is on the map.
    """

    node: Node | None
    kind: str
    place: Text | None
    precision: Text | None
    units: int
    units_href: str
    is_placed: bool


@dataclass(frozen=True)
class MapContext:
    """``/map``: where things are, drawn and listed.

    Attributes:
        view: ``labelled``, ``units`` or ``institutions``.
        institutions: how many institutions are in the table.
        units: how many units; 0 where institutions are shown.
        unplaced: how many of them have no position.
        units_geojson_href: the data with one feature a unit; empty where institutions are shown.
    """

    title: str
    view: str
    views: tuple[Choice, ...]
    chips: tuple[Chip, ...]
    facets: tuple[Facet, ...]
    map: PointMap
    rows: tuple[MapRow, ...]
    institutions: int
    units: int
    unplaced: int
    read: int
    known: int | None
    unreadable: tuple[str, ...]
    geojson_href: str
    units_geojson_href: str
    embed_href: str


@dataclass(frozen=True)
class MapEmbedContext:
    """``/map/embed``: the drawing alone, with the way to the page."""

    title: str
    map: PointMap
    geojson_href: str
    page_href: str


@dataclass(frozen=True)
class MapUseContext:
    """``/about/map``: the parameters and the properties of the map's data."""

    title: str
    parameters: tuple[Fact, ...]
    properties: tuple[Fact, ...]
