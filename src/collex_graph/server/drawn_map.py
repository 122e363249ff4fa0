"""A map without a map service: France as one dot per département, and the places that matter on it.

The drawing is an equirectangular projection of mainland France and Corsica at 46.5° north. Regions
overseas have frames of their own below it, drawn where something is in them; places in no frame are
counted beside the drawing and listed with the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from collex_graph.server.contexts.figures import MapInset, MapPoint, PointMap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from collex_graph.server.reader import GraphReader, Row


@dataclass(frozen=True)
class Frame:
    """A part of the drawing that shows a part of the world.

    Attributes:
        region: INSEE code of the region it is for; empty for the mainland.
        west: the bounds shown, in degrees (WGS 84).
        x: left edge on the drawing; ``y`` is the upper edge.
        scale: units of the drawing per degree of latitude.
        shrink: how much shorter a degree of longitude is than one of latitude.
    """

    region: str
    west: float
    south: float
    east: float
    north: float
    x: float
    y: float
    scale: float
    shrink: float

    @property
    def width(self) -> float:
        """Width on the drawing."""
        return round((self.east - self.west) * self.shrink * self.scale, 1)

    @property
    def height(self) -> float:
        """Height on the drawing."""
        return round((self.north - self.south) * self.scale, 1)

    def project(self, latitude: float, longitude: float) -> tuple[float, float] | None:
        """Return where a position is on the drawing, None when the frame does not show it."""
        if not (self.south < latitude < self.north and self.west < longitude < self.east):
            return None
        return self.place(latitude, longitude)

    def place(self, latitude: float, longitude: float) -> tuple[float, float]:
        """Return where a position is on the drawing, even if it is out of the frame."""
        x = self.x + (longitude - self.west) * self.shrink * self.scale
        y = self.y + (self.north - latitude) * self.scale
        return round(x, 1), round(y, 1)


_HEIGHT = 420
_MAINLAND = Frame(
    "", -5.4, 41.2, 9.8, 51.3, 0, 0, _HEIGHT / (51.3 - 41.2), math.cos(math.radians(46.5))
)
_WIDTH = round(_MAINLAND.width)
_INSET_WIDTH = _WIDTH / 5
_INSET_HEIGHT = 64.0


def _overseas(number: int, region: str, west: float, south: float, east: float) -> Frame:
    """Return the frame of a region: as wide as a fifth of the drawing, below the mainland."""
    shrink = math.cos(math.radians(south))
    scale = (_INSET_WIDTH - 8) / ((east - west) * shrink)
    north = south + _INSET_HEIGHT / scale
    return Frame(
        region, west, south, east, north, number * _INSET_WIDTH + 4, _HEIGHT + 8, scale, shrink
    )


_OVERSEAS = (
    _overseas(0, "01", -62.2, 15.75, -60.7),
    _overseas(1, "02", -61.7, 14.25, -60.3),
    _overseas(2, "03", -56.2, 1.9, -50.2),
    _overseas(3, "04", 54.75, -21.5, 56.25),
    _overseas(4, "06", 44.6, -13.1, 45.7),
)
FRAMES = (_MAINLAND, *_OVERSEAS)
"""The mainland with Corsica, then the regions overseas."""

_GROUND_RADIUS = 4.5
_SMALLEST = 6.0
_ONE_CITY = 11.0


def project(latitude: float, longitude: float) -> tuple[float, float] | None:
    """Return where a position is on the drawing, None when it lies in none of its frames.

    >>> project(48.85, 2.35)
    (221.8, 101.9)
    >>> project(-20.9, 55.5)[1] > 420
    True
    >>> project(-17.5, -149.5) is None
    True
    """
    spots = (frame.project(latitude, longitude) for frame in FRAMES)
    return next((spot for spot in spots if spot), None)


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
    insets = _insets(reader) if any(point.y > _HEIGHT for point in points) else ()
    height = _HEIGHT + (round(_INSET_HEIGHT) + 28 if insets else 0)
    ground = []
    for row in reader.rows("map-ground"):
        position = position_of(row)
        dot = project(*position) if position else None
        if dot and dot[1] < height:
            ground.append(MapPoint(*dot, ground_radius))
    return PointMap(
        tuple(ground),
        tuple(points),
        insets,
        outside,
        label,
        _WIDTH,
        height,
        frames=tuple(
            (f.west, f.south, f.east, f.north, f.x, f.y, f.scale, f.shrink)
            for f in (FRAMES if insets else (_MAINLAND,))
        ),
    )


def _insets(reader: GraphReader) -> tuple[MapInset, ...]:
    names = [f"{reader.iris.base}vocabulary/region/{frame.region}" for frame in _OVERSEAS]
    reader.learn_labels(names)
    return tuple(
        MapInset(reader.label_of(iri).value, frame.x, frame.y, frame.width, frame.height)
        for iri, frame in zip(names, _OVERSEAS, strict=True)
    )


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
