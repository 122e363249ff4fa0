"""A map without a map service: France as one dot per département, and the places that matter on it.

The drawing is an equirectangular projection of mainland France and Corsica at 46.5° north; places
overseas do not fit on it, so they are counted beside it and listed with the others.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pyoxigraph as ox

from collex_graph.server.contexts import MapPoint, PointMap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from collex_graph.server.reader import GraphReader, Row

_WEST, _EAST = -5.4, 9.8
_SOUTH, _NORTH = 41.2, 51.3
_HEIGHT = 420
_PER_DEGREE = _HEIGHT / (_NORTH - _SOUTH)
_SHRINK = math.cos(math.radians(46.5))
_WIDTH = round((_EAST - _WEST) * _SHRINK * _PER_DEGREE)
_GROUND_RADIUS = 4.5
_SMALLEST = 6.0
_ONE_CITY = 11.0


def project(latitude: float, longitude: float) -> tuple[float, float] | None:
    """Return where a position is on the drawing, None when it lies outside.

    >>> project(48.85, 2.35)
    (221.8, 101.9)
    >>> project(-20.9, 55.5) is None
    True
    """
    if not (_SOUTH < latitude < _NORTH and _WEST < longitude < _EAST):
        return None
    x = (longitude - _WEST) * _SHRINK * _PER_DEGREE
    y = (_NORTH - latitude) * _PER_DEGREE
    return round(x, 1), round(y, 1)


def position_of(row: Row) -> tuple[float, float] | None:
    """Return latitude and longitude of a row that has both."""
    try:
        return float(row["lat"].value), float(row["long"].value)
    except (KeyError, ValueError):
        return None


def draw_map(
    reader: GraphReader,
    places: Iterable[tuple[tuple[float, float], str, str, int]],
    *,
    label: str,
    ground_radius: float = _GROUND_RADIUS,
) -> PointMap:
    """Draw places.

    Args:
        reader: the graph, for the dots of the départements.
        places: position, label, address and weight of each; those at one position are drawn once.
        label: what the drawing shows.
        ground_radius: of the dots of the départements.
    """
    ground = []
    for row in reader.rows("map-ground"):
        position = position_of(row)
        dot = project(*position) if position else None
        if dot:
            ground.append(MapPoint(*dot, ground_radius))
    at: dict[tuple[float, float], list[tuple[str, str, int]]] = {}
    outside = 0
    for place, name, href, weight in places:
        spot = project(*place)
        if spot is None:
            outside += 1
            continue
        # dots that would hide one another, such as those of one city, become one
        near = next((each for each in at if math.dist(each, spot) < _ONE_CITY), spot)
        at.setdefault(near, []).append((name, href, weight))
    points = []
    for (x, y), here in at.items():
        weight = sum(each[2] for each in here)
        # the surface of a dot, not its radius, is what the eye compares
        radius = round(_SMALLEST * math.sqrt(max(weight, 1)), 1)
        points.append(
            MapPoint(
                x, y, min(radius, 4 * _SMALLEST),
                " · ".join(each[0] for each in here[:6]) + (" …" if len(here) > 6 else ""),
                here[0][1] if len(here) == 1 else "/institutions",
            )
        )  # fmt: skip
    points.sort(key=lambda point: -point.radius)
    return PointMap(tuple(ground), tuple(points), outside, label, _WIDTH, _HEIGHT)


def locate(reader: GraphReader, place: str, label: str) -> PointMap | None:
    """Draw one place, None when the graph has no position for it."""
    statements = reader.statements(place)
    latitude, longitude = statements.decimal("wgs84:lat"), statements.decimal("wgs84:long")
    if latitude is None or longitude is None or project(latitude, longitude) is None:
        return None
    return draw_map(reader, [((latitude, longitude), label, "", 4)], label=label, ground_radius=4)


def weight_of(row: Row) -> int:
    """Return the number a row counts, 1 when it counts nothing."""
    term = row.get("count")
    return int(term.value) if isinstance(term, ox.Literal) else 1
