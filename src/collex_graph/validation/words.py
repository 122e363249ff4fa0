"""Words for severities and places, in French and in English."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from collex_graph.model import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collex_graph.model import Position, Repair

SEVERITIES: Mapping[Severity, Mapping[str, tuple[str, str]]] = {
    Severity.VIOLATION: {"fr": ("violation", "violations"), "en": ("violation", "violations")},
    Severity.WARNING: {"fr": ("avertissement", "avertissements"), "en": ("warning", "warnings")},
    Severity.INFO: {"fr": ("information", "informations"), "en": ("remark", "remarks")},
}

CERTAINTIES: Mapping[bool, Mapping[str, str]] = {
    True: {"fr": "certaine", "en": "certain"},
    False: {"fr": "suggérée", "en": "suggested"},
}

_PLACES: Mapping[str, Mapping[str, str]] = {
    "fr": {
        "line": "ligne",
        "row": "rangée",
        "component": "composant",
        "column": "colonne",
        "sheet": "feuille",
    },
    "en": {
        "line": "line",
        "row": "row",
        "component": "component",
        "column": "column",
        "sheet": "sheet",
    },
}

# A path that a person can follow: no functions, no conditions, not « this very element ».
_SIMPLE_PATH = re.compile(r"[\w@:-]+(?:/[\w@:-]+)*")


def place_in_words(position: Position, language: str) -> str:
    """Say a position in words.

    >>> from collex_graph.model import Position
    >>> place_in_words(Position("f.xml", line=12, component="Fonds_5230"), "fr")
    'f.xml, ligne 12, composant Fonds_5230'
    >>> place_in_words(Position("etab.csv", line=3, row=3, column="uai"), "en")
    'etab.csv, row 3, column uai'
    >>> place_in_words(Position("g.xlsx", row=3, component="Labels", column="Fonds"), "fr")
    'g.xlsx, feuille Labels, rangée 3, colonne Fonds'
    >>> place_in_words(Position("f.xml", column="did/unitdate/@normal, ."), "fr")
    'f.xml, did/unitdate/@normal'
    """
    words = _PLACES[language]
    parts = [position.file]
    names = ("line", "row", "component") if position.row is None else ("component", "line", "row")
    for name in names:
        value = getattr(position, name)
        if name == "component" and position.row is not None:
            name = "sheet"  # noqa: PLW2901
        # A row that is one line needs saying once; a cell with line breaks parts the two counts.
        if value is not None and not (name == "line" and value == position.row):
            parts.append(f"{words[name]} {value}")
    if position.row is not None and position.column is not None:
        parts.append(f"{words['column']} {position.column}")
    elif position.column is not None:
        # In a notice the column is a path, which speaks for itself; of several, the first leads on.
        path = position.column.partition(",")[0]
        if _SIMPLE_PATH.fullmatch(path):
            parts.append(path)
    return ", ".join(parts)


def repair_in_words(repair: Repair, language: str) -> str:
    """Say what to write instead.

    >>> from collex_graph.model import Repair
    >>> repair_in_words(Repair(None, "scc", "srp", True, "", {}), "fr")
    'Réparation certaine\u00a0: «\u00a0scc\u00a0» → «\u00a0srp\u00a0»'
    >>> repair_in_words(Repair(None, "", "20230309", False, "", {}, target="@normal"), "en")
    'Suggested repair: “” → “20230309” (@normal)'
    """
    certainty = CERTAINTIES[repair.certain][language]
    found, repaired = repair.found, repair.repaired
    where = f" ({repair.target})" if repair.target.startswith("@") else ""
    if language == "fr":
        return (
            f"Réparation {certainty}\u00a0: «\u00a0{found}\u00a0» → «\u00a0{repaired}\u00a0»{where}"
        )
    return f"{certainty.capitalize()} repair: “{found}” → “{repaired}”{where}"
