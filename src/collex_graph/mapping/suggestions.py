"""The name that was perhaps meant, for messages about names that nothing knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def _close(written: str, known: Iterable[str]) -> list[str]:
    # imported here: most runs have nothing to suggest
    from difflib import get_close_matches  # noqa: PLC0415

    return get_close_matches(written, list(known), n=1, cutoff=0.65)


def nearest(written: str, known: Iterable[str]) -> str:
    """Return the known name that is nearest to what was written; empty where none is near.

    >>> nearest("labelisee", ["labellisee", "refusee"])
    'labellisee'
    """
    near = _close(written, known)
    return near[0] if near else ""


def suggestion(written: str, known: Iterable[str]) -> str:
    """Return the end of a message that names the nearest known name; empty where none is near.

    >>> suggestion("predicats", ["predicates", "objects"])
    '; did you mean predicates?'
    >>> suggestion("xyz", ["predicates", "objects"])
    ''
    """
    by_lower = {name.lower(): name for name in known}
    near = _close(written.lower(), by_lower)
    return f"; did you mean {by_lower[near[0]]}?" if near else ""
