"""Extents: a number, a unit, and what is counted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from collex_graph.mapping.functions.concordances import by_either_number
from collex_graph.mapping.functions.registry import (
    BASE,
    concordance,
    folded,
    mapping_function,
    near_wording,
    note,
    squeeze,
)
from collex_graph.model import Note, Reading, UnreadableValue
from collex_graph.rdf.literals import canonical_decimal

NUMBER: Final = r"[0-9]{1,3}(?: [0-9]{3})+(?:,[0-9]+)?|[0-9]+(?:[.,][0-9]+)?"
MEASURED: Final = re.compile(rf"(?P<number>{NUMBER}) ?(?P<unit>[^\W\d_][^\d:;,]*)?")
_MEASURE: Final = re.compile(rf"(?<![\w.,])(?:{NUMBER}) ?[^\W\d_]")
_HEADING: Final = re.compile(r"(Volume total|Autre volumétrie|Volumétrie par [\w ]+?) ?: ?", re.I)
_INEXACT: Final = re.compile(
    r"\b(?:moins|plus|près|quelques?|environ|env\.?|vers|entre|une? (?:dizaine|trentaine|quinzaine|"
    r"vingtaine|quarantaine|cinquantaine|soixantaine|centaine|millier))\b|[~±<>]",
    re.IGNORECASE,
)
_CRITERIA: Final = {
    "volume total": "total",
    "autre volumétrie": "autre",
    "volumétrie par langue": "langue",
    "volumétrie par type de document": "type-de-document",
    "volumétrie par période": "periode",
    "volumétrie par thème": "theme",
}


@dataclass(frozen=True, slots=True)
class _Extent:
    """An extent taken apart; ``problem`` is the rule that says why there is no quantity."""

    wording: str
    heading: str = ""
    repeated: bool = False
    key: str = ""
    number: str = ""
    unit: str = ""
    problem: str = ""


@lru_cache(maxsize=1024)
def unit_of(words: str) -> str:
    """Return the concept of a unit, by its whole wording or by its first word; ``""`` if unknown.

    « boîtes d'archives » are boxes, « titres de périodiques » are titles.
    """
    units = concordance("ccfr/extent-units.csv")
    return by_either_number(units, words) or by_either_number(units, words.partition(" ")[0])


@lru_cache(maxsize=4096)
def _extent(text: str) -> _Extent:
    rest = squeeze(text)
    heading, repeated = "", False
    while found := _HEADING.match(rest):
        repeated = repeated or bool(heading)
        heading, rest = found[1], rest[found.end() :]
    wording = f"{heading} : {rest}" if heading and rest else rest or heading
    body, key = rest.rstrip(". "), ""
    measured = MEASURED.fullmatch(body)
    if measured is None and ":" in body:
        key, _, tail = (part.strip() for part in body.rpartition(":"))
        measured = None if ":" in key else MEASURED.fullmatch(tail)
    if measured is None:
        if not re.search(r"[0-9]", body):
            problem = "ExtentWithoutQuantity"
        elif len(_MEASURE.findall(body)) > 1:
            problem = "SeveralQuantities"
        elif _INEXACT.search(body):
            problem = "InexactQuantity"
        else:
            problem = "ExtentWithoutQuantity"
        return _Extent(wording, heading, repeated, problem=problem)
    number = measured["number"].replace(" ", "")
    if re.fullmatch(r"[1-9][0-9]{0,2}[.,][0-9]{3}", number):
        # thirteen and a half, or thirteen thousand five hundred: nothing says which
        return _Extent(wording, heading, repeated, key, problem="AmbiguousNumber")
    quantity = canonical_decimal(number.replace(",", ".")) or ""
    return _Extent(wording, heading, repeated, key, quantity, (measured["unit"] or "").strip())


@mapping_function
def extent_wording(text: str) -> str | Reading | None:
    """Return an extent as worded, with its heading said once (D14).

    >>> extent_wording("Volume total : Volume total : 132 volume(s)").values
    ('Volume total : 132 volume(s)',)
    """
    extent = _extent(text)
    if extent.repeated:
        remark = note("RepeatedHeading", text, repaired=extent.wording)
        return Reading((extent.wording,), (remark,))
    return extent.wording or None


@mapping_function
def extent_quantity(text: str) -> str | Reading | None:
    """Return the number of an extent that is one exact quantity, as a canonical xsd:decimal.

    Reports an extent without a number, without a unit, with several or with an inexact one; such
    an extent is kept in words.

    >>> extent_quantity("Volume total : 44 000 unités"), extent_quantity("0,64 ml")
    ('44000', '0.64')
    >>> extent_quantity("moins de 200 manuscrits").notes[0].rule
    'InexactQuantity'
    """
    extent = _extent(text)
    if extent.problem:
        return Reading((), (Note(extent.problem, text),)) if extent.wording else None
    if not extent.unit:
        remark = note("ExtentWithoutUnit", text, number=extent.number)
        return Reading((extent.number,), (remark,))
    return extent.number


@mapping_function
def extent_unit(text: str) -> str | None:
    """Return the unit of an extent that is one exact quantity.

    >>> extent_unit("7 mètre(s) linéaire(s)")
    'base:vocabulary/extent-unit/metres-lineaires'
    """
    extent = _extent(text)
    if not extent.unit:
        return None
    unit = unit_of(extent.unit)
    if not unit:
        near = near_wording("ccfr/extent-units.csv", extent.unit)
        repaired = text.replace(extent.unit, near) if near else ""
        raise UnreadableValue("UnknownExtentUnit", text, repaired=repaired, unit=extent.unit)
    return unit


@mapping_function
def extent_criterion(text: str, heading: str = "") -> str | None:
    """Return what an extent measures: the whole, a language, a period… as its heading says.

    >>> extent_criterion("1501-1600 : 37 volume(s)", heading="Volumétrie par période")
    'base:vocabulary/extent-criterion/periode'
    """
    criterion = _CRITERIA.get(folded(heading)) or _CRITERIA.get(folded(_extent(text).heading))
    return BASE.concept("extent-criterion", criterion) if criterion else None


@mapping_function
def extent_criterion_value(text: str, heading: str = "") -> str | None:
    """Return the language, the period, the theme… that an extent measures.

    >>> extent_criterion_value("occitan (après 1500) : 234 volume(s)", "Volumétrie par langue")
    'occitan (après 1500)'
    """
    return _extent(text).key or None
