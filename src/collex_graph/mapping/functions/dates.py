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


def _dates_of(
    normal: tuple[str, ...], text: tuple[str, ...], words: tuple[str, ...]
) -> list[tuple[str, str]]:
    """Pair normalised dates with the displayed ones, where there is one for each."""
    shown = text if len(text) == len(normal) else ("",) * len(normal)
    return [*zip(normal, shown, strict=True), *(("", word) for word in words)]


@mapping_function
def span_start(
    normal: tuple[str, ...] = (), text: tuple[str, ...] = (), words: tuple[str, ...] = ()
) -> Reading | None:
    """Return the first year of several dates, and report what `start_year` reports of each.

    Args:
        normal: the normalised dates.
        text: what is displayed for each of them.
        words: displayed dates that have no normalised form.

    >>> span_start(("1984-01-01/1986-12-31,1992-01-01/1993-12-31", "1971/1980")).values
    ('1971',)
    """
    years: list[int] = []
    notes: list[Note] = []
    for one, shown in _dates_of(normal, text, words):
        try:
            found = start_year(one, shown)
        except UnreadableValue as problem:
            notes.append(problem.note)
            continue
        if isinstance(found, Reading):
            notes += found.notes
            found = found.values[0] if found.values else None
        if found is not None:
            years.append(int(found))
    if not years and not notes:
        return None
    return Reading((str(min(years)),) if years else (), tuple(notes))


@mapping_function
def span_end(
    normal: tuple[str, ...] = (), text: tuple[str, ...] = (), words: tuple[str, ...] = ()
) -> str | None:
    """Return the last year of several dates, nothing where one is open; `span_start` reports.

    >>> span_end(("1984/1986", "1971/1980")), span_end(("1984/1986", "1990/.."))
    ('1986', None)
    """
    dated = _dates_of(normal, text, words)
    if any(open_end(one, shown) is not None for one, shown in dated):
        return None
    years = [year for one, shown in dated if (year := end_year(one, shown)) is not None]
    return str(max(map(int, years))) if years else None


@mapping_function
def span_open(
    normal: tuple[str, ...] = (), text: tuple[str, ...] = (), words: tuple[str, ...] = ()
) -> Reading | None:
    """Return ``true`` where one of several dates goes on, and report how that was written.

    >>> span_open(("1984/1986", "1990/..")).values, span_open(("1984/1986",))
    (('true',), None)
    """
    found = [open_end(one, shown) for one, shown in _dates_of(normal, text, words)]
    notes = tuple(n for reading in found if isinstance(reading, Reading) for n in reading.notes)
    return Reading(("true",), notes) if any(found) else None


def _ranges(normal: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the two sides of every range of normalised dates; a date alone is both."""
    found = []
    for part in ",".join(normal).split(","):
        first, slash, last = (side.strip() for side in part.partition("/"))
        if first or last:
            found.append((first, last if slash else first))
    return found


@mapping_function
def date_ranges(normal: tuple[str, ...]) -> list[str]:
    """Return each range of normalised dates, as EDTF writes an interval.

    >>> date_ranges(("1846-01-01 / 1846-12-31,1898-01-01/1932-12-31",))
    ['1846-01-01/1846-12-31', '1898-01-01/1932-12-31']
    >>> date_ranges(("18650312", "1175/1199"))
    ['1865-03-12', '1175/1199']
    """
    written: dict[str, None] = {}
    for first, last in _ranges(normal):
        start, end = dates.read_day(first) or first, dates.read_day(last) or last
        written[start if start == end else f"{start}/{end}"] = None
    return list(written)


@mapping_function
def first_day(normal: tuple[str, ...]) -> str | None:
    """Return the first day of normalised dates that all begin with a day.

    >>> first_day(("1984-01-01/1986-12-31, 1971-05-01/1980-01-01",)), first_day(("1984/1986",))
    ('1971-05-01', None)
    """
    days = [dates.read_day(first) for first, _ in _ranges(normal)]
    known = [day for day in days if day is not None]
    return min(known) if known and len(known) == len(days) else None


@mapping_function
def last_day(normal: tuple[str, ...]) -> str | None:
    """Return the last day of normalised dates that all end with a day; 9999 is no end.

    >>> last_day(("1984-01-01/1986-12-31",)), last_day(("1984-01-01/9999-12-31",))
    ('1986-12-31', None)
    """
    days = [dates.read_day(last) for _, last in _ranges(normal)]
    known = [day for day in days if day is not None and not day.startswith("9999")]
    return max(known) if known and len(known) == len(days) else None


_LIFE: Final = re.compile(
    r"[(;,]\s*(?P<start>[0-9]{1,4}[.]{0,3}|[.]{2,4})\s?[?]?"
    r"\s*-\s*(?P<end>[0-9]{1,4}[.]{0,3}|[.]{2,4})?\s?[?]?\s*(?=[);,])",
    re.ASCII,
)


def _life_year(digits: str, *, last: bool) -> str | None:
    if digits and digits.strip(".") and len(digits) == 4:
        return str(int(digits.replace(".", "9" if last else "0")))
    return None


@mapping_function
def life_dates(label: str) -> str | None:
    """Return the dates in a heading of a person or body, as it writes them.

    >>> life_dates("Pantaléon (02..?-0305? ; saint)"), life_dates("Vitet (famille)")
    ('02..?-0305?', None)
    """
    found = _LIFE.search(label)
    return found[0].strip("(;, ") if found is not None else None


@mapping_function
def life_start(label: str) -> str | None:
    """Return the first year that the dates in a heading allow; dots are unknown digits.

    >>> life_start("Pantaléon (02..?-0305? ; saint)"), life_start("Étienne (saint ; ....-0037?)")
    ('200', None)
    """
    found = _LIFE.search(label)
    return None if found is None else _life_year(found["start"], last=False)


@mapping_function
def life_end(label: str) -> str | None:
    """Return the last year that the dates in a heading allow.

    >>> life_end("Jean l'Évangéliste (saint ; ....-006.?)"), life_end("Vitet, Ludovic (1802-1873)")
    ('69', '1873')
    """
    found = _LIFE.search(label)
    return None if found is None else _life_year(found["end"] or "", last=True)


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
