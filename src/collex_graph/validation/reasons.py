"""Why a file cannot be read, in French: the readers say it in English.

``shapes/reasons.csv`` has both; ``{}`` stands for what differs from one file to the next.
"""

from __future__ import annotations

import csv
import re
from functools import cache

from collex_graph.errors import ResourceFileError
from collex_graph.resources import resource_dir

REASONS_FILE = "reasons.csv"


@cache
def _reasons() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return patterns of the English reasons, each with the French."""
    path = resource_dir("shapes") / REASONS_FILE
    found = []
    with path.open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        for row in rows:
            english, french = row["en"], row["fr"]
            if not english or not french or english.count("{}") != french.count("{}"):
                raise ResourceFileError(path, "expected one reason twice", line=rows.line_num)
            pattern = "(.*?)".join(map(re.escape, english.split("{}")))
            found.append((re.compile(pattern, re.DOTALL), french))
    return tuple(found)


def in_french(reason: str) -> str:
    """Return a reason in French; one that is not in the list stays as it is.

    >>> in_french("not well-formed XML (mismatched tag, column 7)")
    'ce n’est pas du XML bien formé (balise fermante qui ne répond pas à la balise ouvrante, \
colonne 7)'
    """
    for pattern, french in _reasons():
        found = pattern.fullmatch(reason)
        if found is not None:
            parts = french.split("{}")
            inner = [in_french(text) for text in found.groups()]
            return "".join(text for pair in zip(parts, [*inner, ""], strict=True) for text in pair)
    return reason
