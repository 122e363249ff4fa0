"""Other ways to look at the rows of a result: on the map, and as bars.

What a column is is read from its name and its values: nothing has to be declared, and a result that
cannot be shown so has no such view.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from collex_graph.rdf.namespaces import compact, expand
from collex_graph.server.contexts.values import Count
from collex_graph.server.drawn_map import draw_map
from collex_graph.server.reader import is_web_address
from collex_graph.sparql.geojson import LATITUDES, LONGITUDES, WKT, read_wkt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collex_graph.server.contexts.figures import PointMap
    from collex_graph.server.reader import GraphReader

Solution = tuple[object, ...]

BARS_SHOWN = 60
"""Rows that the chart shows; more would not be read."""

NUMBERS = frozenset(
    expand(f"xsd:{name}")
    for name in ("integer", "decimal", "double", "float", "int", "long", "nonNegativeInteger")
)


def draw_result(
    reader: GraphReader, variables: Sequence[str], solutions: Sequence[Solution]
) -> PointMap | None:
    """Return the rows that have a position on the map, None when none has.

    A position is two columns named ``lat`` and ``long`` (or their usual variants), in degrees, or a
    ``geo:wktLiteral`` that is a point.
    """
    places = []
    for solution in solutions:
        position = _position(variables, solution)
        if position:
            label, href = _name(reader, variables, solution)
            places.append((position, label, href, 1))
    if not places:
        return None
    return draw_map(reader, places, label=reader.words("query.map_label"))


def _position(variables: Sequence[str], solution: Solution) -> tuple[float, float] | None:
    found = {}
    for name, term in zip(variables, solution, strict=True):
        if not isinstance(term, ox.Literal):
            continue
        for key, names in (("lat", LATITUDES), ("long", LONGITUDES)):
            if name.lower() in names and _number(term) is not None:
                found[key] = _number(term)
        if term.datatype.value == WKT:
            geometry = read_wkt(term.value)
            if geometry and geometry["type"] == "Point":
                found = dict(zip(("long", "lat"), geometry["coordinates"], strict=True))
    latitude, longitude = found.get("lat"), found.get("long")
    if latitude is None or longitude is None:
        return None
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def chart_of(
    reader: GraphReader, variables: Sequence[str], solutions: Sequence[Solution]
) -> tuple[Count, ...]:
    """Return the rows as bars, in their order; nothing where no column counts something.

    The bar is the first column whose values are all whole numbers of at least 0, positions and
    years aside; the name is the rest of the row.
    """
    column = next((i for i in range(len(variables)) if _counts(variables[i], i, solutions)), None)
    if column is None or len(solutions) < 2:
        return ()
    values = [int(_number(solution[column]) or 0) for solution in solutions[:BARS_SHOWN]]
    most = max(values) or 1
    bars = []
    for solution, value in zip(solutions, values, strict=False):
        label, href = _name(reader, variables, solution)
        bars.append(Count(label, value, href, value / most))
    return tuple(bars)


def _counts(name: str, column: int, solutions: Sequence[Solution]) -> bool:
    if name.lower() in (*LATITUDES, *LONGITUDES) or "year" in name.lower():
        return False
    numbers = [_number(solution[column]) for solution in solutions]
    return bool(numbers) and all(n is not None and n >= 0 and n == int(n) for n in numbers)


def _number(term: object) -> float | None:
    if not isinstance(term, ox.Literal) or term.datatype.value not in NUMBERS:
        return None
    try:
        return float(term.value)
    except ValueError:
        return None


def _name(reader: GraphReader, variables: Sequence[str], solution: Solution) -> tuple[str, str]:
    """Return what to call a row, its texts or else its first IRI, and where it leads."""
    texts, href, short = [], "", ""
    for name, term in zip(variables, solution, strict=True):
        if isinstance(term, ox.NamedNode) and not href and is_web_address(term.value):
            href = reader.href_of(term.value)
            short = compact(term.value) or term.value.removeprefix(reader.iris.base)
        elif (
            isinstance(term, ox.Literal)
            and _number(term) is None
            and term.datatype.value != WKT
            and name.lower() not in (*LATITUDES, *LONGITUDES)
        ):
            texts.append(term.value)
    return (" · ".join(texts[:2]) or short or "–")[:160], href
