"""Dates: years, open ends, days, and what disagrees."""

from __future__ import annotations

import calendar
import re
from typing import Final

from collex_graph.mapping.functions.registry import mapping_function, note, squeeze
from collex_graph.model import Note, Reading, UnreadableValue
from collex_graph.rdf import dates


def _period(normal: str, text: str) -> dates.Period | None:
    period = dates.read_normal(normal) if normal.strip() else None
    if period is None and text.strip():
        period = dates.read_wording(text)
    if period is None or (
        period.start is not None and period.end is not None and period.start > period.end
    ):
        return None
    return period


# A day as ISO 8601 writes it, with or without hyphens, and not a part of something longer.
_ISO_DAY: Final = re.compile(
    r"(?<![0-9-])(-?[0-9]{4})(-?)(0[1-9]|1[0-2])\2(0[1-9]|[12][0-9]|3[01])(?![0-9])", re.ASCII
)


def _impossible_day(text: str) -> str:
    """Return the first day of a date that is in no calendar, ``""`` where there is none.

    >>> _impossible_day("1850-02-30/1851-02-28"), _impossible_day("2000-02-29")
    ('1850-02-30', '')
    """
    for found in _ISO_DAY.finditer(text):
        year, month, day = int(found[1]), int(found[3]), int(found[4])
        # leap years come back every 400 years, also before the years that `calendar` knows
        if day > calendar.monthrange(year % 400 + 400, month)[1]:
            return found[0]
    return ""


@mapping_function
def start_year(normal: str = "", text: str = "") -> str | Reading | None:
    """Return the first year (astronomical) and report everything about the date's spelling.

    The displayed text is read only where there is no readable normalised date.

    >>> start_year("1930/1970")
    '1930'
    >>> start_year("1701-2000").notes[0].rule
    'HyphenInterval'
    """
    if not normal.strip() and not text.strip():
        return None
    notes: list[Note] = []
    written = dates.read_normal(normal) if normal.strip() else None
    period = written or (dates.read_wording(text) if text.strip() else None)
    if period is None:
        raise UnreadableValue("UnreadableDate", normal.strip() or text)
    if period.start is not None and period.end is not None and period.start > period.end:
        raise UnreadableValue("ReversedDates", normal.strip() or text)
    if written is None and normal.strip():
        notes.append(note("UnreadableNormalDate", normal, text=text))
    if day := _impossible_day(normal if written else text):
        notes.append(note("ImpossibleDay", normal if written else text, day=day))
    if period.repair == "hyphen interval":
        repaired = normal if normal.strip() else text
        bounds = f"{period.start}/{'..' if period.end is None else period.end}"
        notes.append(note("HyphenInterval", repaired, repaired=bounds))
    start = () if period.start is None else (str(period.start),)
    return Reading(start, tuple(notes)) if notes else start[0] if start else None


@mapping_function
def end_year(normal: str = "", text: str = "") -> str | None:
    """Return the last year, nothing for an open end; `start_year` reports.

    >>> end_year("1930/1970"), end_year("1400/9999")
    ('1970', None)
    """
    period = _period(normal, text)
    return None if period is None or period.end is None else str(period.end)


@mapping_function
def open_end(normal: str = "", text: str = "") -> str | Reading | None:
    """Return ``true`` for a period that goes on, and report how its openness was written.

    >>> open_end("1400/9999").values, open_end("1930/1970")
    (('true',), None)
    """
    period = _period(normal, text)
    if period is None or not period.open_end:
        return None
    if period.repair == "9999":
        return Reading(("true",), (note("OpenEndAs9999", normal, start=str(period.start)),))
    if period.repair == "no end":
        return Reading(("true",), (note("OpenEndUnmarked", normal, start=str(period.start)),))
    return "true"


@mapping_function
def date_agreement(normal: str, text: str) -> Reading | None:
    """Say nothing, and report a displayed date that contradicts its normalised form.

    >>> date_agreement("1950/1963", "Années 1960").notes[0].rule
    'DatesDisagree'
    """
    if normal.strip() and text.strip() and dates.disagree(normal, text):
        return Reading((), (note("DatesDisagree", text, normal=normal),))
    return None


@mapping_function
def iso_date(value: str = "", text: str = "", empty: str = "") -> str | Reading | None:
    """Return a day as xsd:date; the displayed text stands in for an empty normalised date.

    Args:
        value: the normalised date.
        text: the date as it is displayed.
        empty: what the date is called, where its normalised form is there and empty: a date that
            says nothing at all is then reported (D20).

    >>> iso_date("20230309"), iso_date("2021/04/27"), iso_date("")
    ('2023-03-09', '2021-04-27', None)
    >>> iso_date("", "", empty="date_de_la_version_électronique").notes[0].rule
    'EmptyDate'
    """
    if value.strip():
        day = dates.read_day(value)
        if day is None:
            raise UnreadableValue("UnreadableDay", value)
        return day
    day = dates.read_day(text)
    if day is not None:
        return Reading((day,), (note("EmptyNormalDate", text, day=day),))
    if text.strip():
        raise UnreadableValue("UnreadableDay", text)
    if empty.strip():
        return Reading((), (note("EmptyDate", squeeze(empty.replace("_", " "))),))
    return None
