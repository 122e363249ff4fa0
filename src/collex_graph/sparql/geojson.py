"""Writes the rows of a SELECT as GeoJSON (RFC 7946): a feature a row, its columns as properties.

The geometry of a row is its first ``geo:wktLiteral`` (GeoSPARQL, section 8.5.1), else the pair of
columns ``?lat`` and ``?long`` (also ``latitude``, ``lon``, ``lng``, ``longitude``). A row without
one keeps its place with a null geometry; a result of which no row has one is refused, since whoever
asks for GeoJSON expects a map.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pyoxigraph import BlankNode, Literal, NamedNode

from collex_graph.errors import UnwritableResultError
from collex_graph.rdf.namespaces import expand

if TYPE_CHECKING:
    import io

    from pyoxigraph import QuerySolution, QuerySolutions

ROWS_SEARCHED = 10_000
"""So many rows without a geometry are kept back before the result is refused."""

LATITUDES = ("lat", "latitude")
LONGITUDES = ("long", "lon", "lng", "longitude")
WKT = "http://www.opengis.net/ont/geosparql#wktLiteral"
_INTEGER = expand("xsd:integer")
_NUMBERS = frozenset(expand(f"xsd:{name}") for name in ("integer", "decimal", "double", "float"))
_BOOLEAN = expand("xsd:boolean")
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)

_CRS84 = (
    "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
    "http://www.opengis.net/def/crs/OGC/0/CRS84",
)
_EPSG_4326 = "http://www.opengis.net/def/crs/EPSG/0/4326"
_GEOMETRY = re.compile(
    r"\s*(?:<([^<>]*)>)?\s*(POINT|LINESTRING|POLYGON|MULTIPOINT|MULTILINESTRING|MULTIPOLYGON)"
    r"\s*Z?\s*(\(.*\))\s*",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_POSITION = re.compile(rf"({_NUMBER})\s+({_NUMBER})(?:\s+{_NUMBER})?", re.ASCII)
_NAMES = {
    "POINT": ("Point", 1),
    "LINESTRING": ("LineString", 2),
    "MULTIPOINT": ("MultiPoint", 2),
    "POLYGON": ("Polygon", 3),
    "MULTILINESTRING": ("MultiLineString", 3),
    "MULTIPOLYGON": ("MultiPolygon", 4),
}


def read_wkt(text: str) -> dict[str, Any] | None:
    """Return the GeoJSON geometry of a WKT literal, None when it has none that GeoJSON can say.

    GeoJSON is WGS 84, longitude first (RFC 7946, section 4): CRS84 as it is, EPSG:4326 turned.

    >>> read_wkt("POINT(7.75 48.58)")
    {'type': 'Point', 'coordinates': [7.75, 48.58]}
    >>> read_wkt("POLYGON((0 0, 1 0, 1 1, 0 0))")["coordinates"][0][1]
    [1.0, 0.0]
    >>> read_wkt("MULTIPOINT((1 2), (3 4))")["coordinates"]
    [[1.0, 2.0], [3.0, 4.0]]
    >>> read_wkt("POINT EMPTY") is None
    True
    """
    found = _GEOMETRY.fullmatch(text)
    if found is None:
        return None
    crs, name, body = found.groups()
    if crs not in (None, *_CRS84, _EPSG_4326):
        return None
    first, second = (2, 1) if crs == _EPSG_4326 else (1, 2)
    kind, depth = _NAMES[name.upper()]
    if kind == "MultiPoint":  # its positions may stand in brackets of their own, or not
        body = re.sub(rf"\(\s*({_POSITION.pattern})\s*\)", r"\1", body[1:-1], flags=re.ASCII)
        body = f"({body})"
    written = _POSITION.sub(rf"[\g<{first}>, \g<{second}>]", body)
    try:
        coordinates = json.loads(_as_json(written))
    except ValueError:
        return None
    if kind == "Point":
        coordinates = coordinates[0] if coordinates else None
    geometry = {"type": kind, "coordinates": coordinates}
    return geometry if _is_nested(coordinates, depth) else None


def _as_json(written: str) -> str:
    """Turn brackets and numbers into what JSON knows: ``+1`` and ``.5`` are no JSON numbers."""
    brackets = written.replace("(", "[").replace(")", "]")
    return re.sub(_NUMBER, lambda number: repr(float(number.group())), brackets, flags=re.ASCII)


def _is_nested(coordinates: Any, depth: int) -> bool:
    if depth == 1:
        return (
            isinstance(coordinates, list)
            and len(coordinates) == 2
            and all(isinstance(number, float) for number in coordinates)
            and abs(coordinates[0]) <= 180
            and abs(coordinates[1]) <= 90
        )
    return (
        isinstance(coordinates, list)
        and bool(coordinates)
        and all(_is_nested(part, depth - 1) for part in coordinates)
    )


def write_geojson(solutions: QuerySolutions, output: io.RawIOBase) -> None:
    """Write a result, a row at a time.

    Raises:
        UnwritableResultError: when it has rows and none of them a place.
    """
    writer = _Writer([variable.value for variable in solutions.variables], output)
    for solution in solutions:
        writer.add(solution)
    writer.end()


class _Writer:
    def __init__(self, names: list[str], output: io.RawIOBase) -> None:
        self._names = names
        self._output = output
        lower = {name.lower(): name for name in reversed(names)}
        self._latitude = next((lower[name] for name in LATITUDES if name in lower), None)
        self._longitude = next((lower[name] for name in LONGITUDES if name in lower), None)
        self._held: list[bytes] | None = []  # features, until one of them has a geometry
        self._is_first = True

    def add(self, solution: QuerySolution) -> None:
        geometry, spent = self._geometry(solution)
        properties = {name: _plain(solution[name]) for name in self._names if name not in spent}
        feature = {"type": "Feature", "geometry": geometry, "properties": properties}
        written = json.dumps(feature, ensure_ascii=False, separators=(",", ":")).encode()
        if self._held is None:
            self._write(written)
            return
        self._held.append(written)
        if geometry is not None:
            self._release()
        elif len(self._held) >= ROWS_SEARCHED:
            raise _without_places()

    def end(self) -> None:
        if self._held:
            raise _without_places()
        if self._held is not None:
            self._release()
        self._output.write(b"]}\n")

    def _release(self) -> None:
        held, self._held = self._held or [], None
        self._output.write(b'{"type":"FeatureCollection","features":[')
        for feature in held:
            self._write(feature)

    def _write(self, feature: bytes) -> None:
        self._output.write((b"\n" if self._is_first else b",\n") + feature)
        self._is_first = False

    def _geometry(self, solution: QuerySolution) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
        """Return the geometry of a row, and the columns that said it."""
        for name in self._names:
            term = solution[name]
            if isinstance(term, Literal) and term.datatype.value == WKT:
                geometry = read_wkt(term.value)
                if geometry is not None:
                    return geometry, (name,)
        if self._latitude is None or self._longitude is None:
            return None, ()
        latitude, longitude = solution[self._latitude], solution[self._longitude]
        if not (isinstance(latitude, Literal) and isinstance(longitude, Literal)):
            return None, ()
        try:
            position = [float(longitude.value), float(latitude.value)]
        except ValueError:
            return None, ()
        if not _is_nested(position, 1):
            return None, ()
        return {"type": "Point", "coordinates": position}, (self._latitude, self._longitude)


def _plain(term: Any) -> Any:
    """Return a term as JSON says such a thing; numbers JSON cannot say stay texts."""
    if isinstance(term, Literal):
        datatype = term.datatype.value
        if datatype in _NUMBERS and _JSON_NUMBER.fullmatch(term.value):
            return int(term.value) if datatype == _INTEGER else float(term.value)
        return term.value == "true" if datatype == _BOOLEAN else term.value
    if isinstance(term, NamedNode | BlankNode):
        return term.value
    return None if term is None else str(term)


def _without_places() -> UnwritableResultError:
    return UnwritableResultError(
        "GeoJSON demande des lieux : aucune ligne n’a de ?lat et ?long, ni de geo:wktLiteral. "
        "Ajoutez ces colonnes, ou demandez un autre format.\n"
        "GeoJSON needs places: no row has ?lat and ?long, nor a geo:wktLiteral. "
        "Add these columns, or ask for another format."
    )
