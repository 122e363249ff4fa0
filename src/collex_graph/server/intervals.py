"""Intervals that things hold over: from a day, to a day, or without an end that anybody knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

import pyoxigraph as ox

if TYPE_CHECKING:
    from collections.abc import Iterable

    from collex_graph.server.messages import Words
    from collex_graph.server.reader import Term

State = Literal["current", "ending", "past", "future"]
STATES: tuple[State, ...] = ("current", "ending", "past", "future")
_SOON = timedelta(days=365)


@dataclass(frozen=True)
class Interval:
    """A first and a last day; without the first it always held, without the last it still does."""

    first: date | None
    last: date | None

    def state(self, day: date) -> State:
        """Say how it stands to a day: ``ending`` is current, and over within a year.

        >>> Interval(date(2020, 1, 1), date(2025, 1, 1)).state(date(2024, 6, 1))
        'ending'
        """
        if self.first is not None and day < self.first:
            return "future"
        if self.last is None:
            return "current"
        if day > self.last:
            return "past"
        return "ending" if self.last - day <= _SOON else "current"

    def in_words(self, words: Words) -> str:
        """Write it: « du 1er mars 2021 au 28 février 2026 »."""
        first = words.date(self.first) if self.first else ""
        last = words.date(self.last) if self.last else ""
        if first and last:
            return words("interval.both", first=first, last=last)
        return words("interval.first", first=first) if first else words("interval.last", last=last)


def interval_of(first: Iterable[Term], last: Iterable[Term]) -> Interval | None:
    """Return the interval that dates state, None when they state none.

    Where several sources disagree, the widest: what one of them lets hold is not said to be over.
    """
    firsts, lasts = _days(first), _days(last)
    if not firsts and not lasts:
        return None
    return Interval(min(firsts, default=None), max(lasts, default=None))


def day_of(text: str) -> date | None:
    """Read a day written YYYY-MM-DD, None for anything else.

    >>> day_of("2024-02-29"), day_of("2023-02-29"), day_of("2024")
    (datetime.date(2024, 2, 29), None, None)
    """
    try:
        return date.fromisoformat(text) if len(text) == len("2024-02-29") else None
    except ValueError:
        return None


def _days(terms: Iterable[Term]) -> list[date]:
    days = (day_of(term.value[:10]) for term in terms if isinstance(term, ox.Literal))
    return [day for day in days if day is not None]
