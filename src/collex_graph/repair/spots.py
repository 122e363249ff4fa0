"""What stands at a spot, and what it becomes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collex_graph.model import Repair


def squeeze(text: str) -> str:
    """Return a text with single spaces, as readers see it."""
    return " ".join(text.split())


def rewritten(text: str, repair: Repair, separators: str) -> str | None:
    """Return what the text of a spot becomes; None where it is not the text that was found.

    Args:
        text: of the spot.
        repair: what was found in it: all of it, or one of the values that it joins.
        separators: signs that may stand between values.

    >>> from collex_graph.model import Repair
    >>> repair = Repair(None, "26820897", "026820897", True, "", {})
    >>> rewritten(" 26820897", repair, "|"), rewritten("02740837X | 26820897", repair, "|")
    ('026820897', '02740837X | 026820897')
    >>> rewritten("126820897", repair, "|") is None
    True
    """
    if repair.within:
        return text.replace(repair.found, repair.repaired) if repair.found in text else None
    if squeeze(text) == repair.found:
        return repair.repaired
    if not repair.found or not separators:
        return None
    pieces = re.split(f"([{re.escape(separators)}])", text)
    found = False
    for place, piece in enumerate(pieces[::2]):
        if squeeze(piece) == repair.found:
            found = True
            before = piece[: len(piece) - len(piece.lstrip())]
            after = piece[len(piece.rstrip()) :]
            pieces[2 * place] = before + repair.repaired + after
    return "".join(pieces) if found else None


def rewritten_by_all(
    text: str, repairs: Sequence[Repair], separators: str
) -> tuple[str, list[Repair]]:
    """Return what a text becomes by several repairs, and which of them were made."""
    made = []
    for repair in repairs:
        new = rewritten(text, repair, separators)
        if new is not None and new != text:
            text = new
            made.append(repair)
    return text, made
