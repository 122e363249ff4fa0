"""The home page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collex_graph.server.contexts.figures import PointMap
    from collex_graph.server.contexts.values import Count, Entrance


@dataclass(frozen=True)
class HomeContext:
    """``/``: what is here, and the ways in."""

    title: str
    labelled: int
    read: int
    known: int | None
    counts: tuple[Count, ...]
    regions: tuple[Count, ...]
    disciplines: tuple[Count, ...]
    without_discipline: int
    map: PointMap
    entrances: tuple[Entrance, ...]
