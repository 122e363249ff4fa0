"""Places: coordinates and the codes of territories."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from collex_graph.mapping.functions.registry import BASE, mapping_function, note, squeeze
from collex_graph.model import Reading, UnreadableValue
from collex_graph.rdf.literals import canonical_decimal

_POINT: Final = re.compile(r"(-?[0-9]{1,2}(?:\.[0-9]+)?) ?[,; ] ?(-?[0-9]{1,3}(?:\.[0-9]+)?)")


@lru_cache(maxsize=4096)
def _point(value: str) -> tuple[str, str] | None:
    """Return latitude and longitude as canonical decimals."""
    found = _POINT.fullmatch(squeeze(value))
    if found is None or abs(float(found[1])) > 90 or abs(float(found[2])) > 180:
        return None
    if float(found[1]) == float(found[2]) == 0:
        return None  # in the gulf of Guinea: what a geocoder says when it has found nothing
    return canonical_decimal(found[1]) or "", canonical_decimal(found[2]) or ""


@mapping_function
def coordinate(value: str, axis: str) -> str | None:
    """Return one coordinate of a point written latitude first, in degrees (WGS 84).

    Args:
        value: ``48.84531, 2.32804``.
        axis: ``lat``, which reports an unusable point, or ``long``.

    >>> coordinate("49.03397,2.078427", "lat"), coordinate("49.03397,2.078427", "long")
    ('49.03397', '2.078427')
    """
    if not value.strip():
        return None
    point = _point(value)
    if point is None:
        if axis == "lat":
            raise UnreadableValue("UnusableCoordinates", value)
        return None
    return {"lat": point[0], "long": point[1]}[axis]


@mapping_function
def wkt_point(value: str) -> str | None:
    """Return a point as WKT, longitude first (GeoSPARQL: CRS84); `coordinate` reports.

    >>> wkt_point("49.03397,2.078427")
    'POINT(2.078427 49.03397)'
    """
    point = _point(value)
    return f"POINT({point[1]} {point[0]})" if point else None


# INSEE, Code officiel géographique: regions and départements, not the other territories overseas.
_REGIONS: Final = frozenset((
    "01", "02", "03", "04", "06", "11", "24", "27", "28", "32", "44", "52", "53", "75", "76",
    "84", "93", "94",
))  # fmt: skip
_DEPARTEMENTS: Final = frozenset(
    [f"{number:02d}" for number in range(1, 96) if number != 20]
    + ["2A", "2B", "971", "972", "973", "974", "976"]
)


_INSEE_COMMUNE: Final = re.compile(r"(?:[0-9]{2}|2[AB])[0-9]{3}", re.ASCII)


@mapping_function
def insee_code(value: str) -> str | Reading | None:
    """Return the INSEE code of a commune; what does not have its form is left out and reported.

    >>> insee_code("67482"), insee_code("2a004"), insee_code("PYEan").values
    ('67482', '2A004', ())
    """
    code = value.strip().upper()
    if not code:
        return None
    if _INSEE_COMMUNE.fullmatch(code) is None:
        return Reading((), (note("NoInseeCode", value.strip()),))
    return code


@mapping_function
def region_concept(value: str) -> str | None:
    """Return the concept of a region from its INSEE code, with or without an R.

    >>> region_concept("R11")
    'base:vocabulary/region/11'
    """
    if not value.strip():
        return None
    code = value.strip().upper().removeprefix("R")
    if code not in _REGIONS:
        raise UnreadableValue("UnknownRegion", value)
    return BASE.concept("region", code)


@mapping_function
def departement_concept(value: str) -> str | None:
    """Return the concept of a département from its INSEE code, or its code on four characters.

    >>> departement_concept("D095"), departement_concept("D02A"), departement_concept("D974")
    ('base:vocabulary/departement/95', 'base:vocabulary/departement/2A', \
'base:vocabulary/departement/974')
    """
    if not value.strip():
        return None
    code = value.strip().upper().removeprefix("D")
    if len(code) == 3 and code.startswith("0"):
        code = code[1:]
    if code not in _DEPARTEMENTS:
        raise UnreadableValue("UnknownDepartement", value)
    return BASE.concept("departement", code)
