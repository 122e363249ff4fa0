"""Periods: what a normalised date or a French wording says, as a first and a last year.

**Years are astronomical**, as in ISO 8601-1:2019, in EDTF and in XSD 1.1: year 0 is 1 av. J.-C.,
year -1 is 2 av. J.-C. So ``-0499`` in a normalised date is read as it stands, and the wording
« 500 av. J.-C. », which counts as historians do, without a year 0, gives -499. (XSD 1.0 had no year
0 and counted as historians do; nothing here follows it.)

**Centuries** are those of historians: « XIXe siècle » is 1801 to 1900; a masked year is what its
digits say: ``18..`` is 1800 to 1899.

The ``edtf`` library reads what is left (seasons, sets, uncertain dates). It needs 3 to 50 ms for
one date and reads the open interval ``1930/`` as one of ten years, so intervals are split here,
each side is read by a pattern where one fits, and every reading is cached.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

Repair = Literal["hyphen interval", "9999", "no end"]

_CACHED: Final = 4096


@dataclass(frozen=True, slots=True)
class Period:
    """A span of whole years.

    Attributes:
        start: first year (astronomical), None when the source gives none.
        end: last year, None when there is none or none is given.
        open_end: the source says that the period goes on.
        repair: what had to be mended to read it.
        slack_years: how far either bound may be from another reading of the same words.
    """

    start: int | None
    end: int | None
    open_end: bool = False
    repair: Repair | None = None
    slack_years: int = 0


# --- normalised dates ----------------------------------------------------------------------------

_YEAR: Final = re.compile(r"-?[0-9]{4}", re.ASCII)
_DAY: Final = re.compile(
    r"(-?[0-9]{4})-(0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01])(?:T[0-9:.+Z-]+)?)?", re.ASCII
)
_COMPACT_DAY: Final = re.compile(r"([0-9]{4})(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])", re.ASCII)
_HYPHEN_INTERVAL: Final = re.compile(r"([0-9]{4})\s*[-‐-―]\s*([0-9]{4})?", re.ASCII)
_OPEN: Final = ("", "..", "open")


@cache
def _edtf_parser() -> tuple[Callable[[str], Any], type[Exception]]:
    # Imported at the first date that needs it: it costs 0.16 s, and pyparsing warns about the
    # library's own grammar when Python is asked for every warning.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from edtf import parse_edtf  # noqa: PLC0415
        from edtf.parser.edtf_exceptions import EDTFParseException  # noqa: PLC0415
    return parse_edtf, EDTFParseException


@lru_cache(maxsize=_CACHED)
def _edtf_years(text: str) -> tuple[int, int] | None:
    """Return the first and last year of one EDTF date that is not an interval."""
    parse_edtf, unreadable = _edtf_parser()
    try:
        parsed = parse_edtf(text)
        return int(parsed.lower_strict()[0]), int(parsed.upper_strict()[0])
    except (unreadable, TypeError, ValueError, AttributeError, OverflowError, IndexError):
        # the library parses some dates that it then cannot bound
        return None


def _side(text: str) -> tuple[int, int] | None:
    """Return the first and last year of one side of an interval."""
    for pattern in (_YEAR, _DAY, _COMPACT_DAY):
        found = pattern.fullmatch(text)
        if found is not None:
            year = int(found[1] if pattern.groups else found[0])
            return year, year
    return _edtf_years(text) if text else None


@lru_cache(maxsize=_CACHED)
def read_normal(text: str) -> Period | None:
    """Read a normalised date, as in EAD's ``unitdate/@normal``: ISO 8601 or EDTF, one or two sides.

    An end of 9999, ``..`` or nothing is open. Two years joined by a hyphen are an interval
    (repaired). Several periods separated by commas give the span from the first to the last.

    Returns:
        The period, or None when the text is not readable. A period whose start is after its end
        is returned as it stands: the caller reports it.

    >>> read_normal("1930/1970")
    Period(start=1930, end=1970, open_end=False, repair=None, slack_years=0)
    >>> read_normal("1400/9999")
    Period(start=1400, end=None, open_end=True, repair='9999', slack_years=0)
    >>> read_normal("1701-2000").repair
    'hyphen interval'
    >>> read_normal("1939-09-01 / 1945-05-08").end
    1945
    """
    text = " ".join(text.split())
    if "," in text and text[:1] not in ("[", "{"):
        return _span([read_normal(part) for part in text.split(",")])
    sides = [side.strip() for side in text.split("/")]
    if len(sides) == 1:
        joined = _HYPHEN_INTERVAL.fullmatch(text)
        if joined is not None:
            period = read_normal(f"{joined[1]}/{joined[2] or ''}")
            return None if period is None else replace(period, repair="hyphen interval")
        years = _side(text)
        if years is None or years == (9999, 9999):
            return None
        return Period(*years)
    if len(sides) != 2:
        return None
    first, last = sides
    start = None if first in _OPEN else _side(first)
    if (start is None and first not in _OPEN) or start == (9999, 9999):
        return None
    if last in _OPEN:
        if start is None:
            return None
        return Period(start[0], None, open_end=True, repair=None if last else "no end")
    end = _side(last)
    if end is None:
        return None
    lower = None if start is None else start[0]
    if end[1] == 9999:
        return Period(lower, None, open_end=True, repair="9999")
    return Period(lower, end[1])


def _span(periods: list[Period | None]) -> Period | None:
    readable = [period for period in periods if period is not None]
    if len(readable) != len(periods):
        return None
    starts = [period.start for period in readable]
    ends = [period.end for period in readable]
    return Period(
        None if None in starts else min(year for year in starts if year is not None),
        None if None in ends else max(year for year in ends if year is not None),
        open_end=any(period.open_end for period in readable),
        repair=next((period.repair for period in readable if period.repair), None),
    )


# --- French wording ------------------------------------------------------------------------------

_MONTHS: Final = (
    "janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre"
)
_SAID: Final = re.compile(
    r"(?P<about>(?:vers|environ|env\.?|circa|ca?\.?) )?"
    rf"(?:(?:(?:1er|[0-9]{{1,2}}) )?(?:{_MONTHS}) |[0-9]{{1,2}}/[0-9]{{1,2}}/)?"
    r"(?P<year>[0-9]{3,4}|[0-9]{1,2}(?= av))(?P<unsure> ?\?)?(?P<before> av\.? ?j\.?-?c\.?)?",
    re.ASCII,
)
_DECADE: Final = re.compile(r"(?:dans )?(?:les )?annees ([0-9]{3}0)", re.ASCII)
_MASKED: Final = re.compile(r"([0-9]{2,3})([.x]{1,2}) ?\??", re.ASCII)
_CENTURY: Final = re.compile(
    r"(?P<part>(?:debut|fin|milieu|(?:1re|1ere|premiere|2e|2de|seconde|deuxieme) moitie)"
    r" (?:du |de )?)?"
    r"(?P<roman>[ivx]+) ?(?:ieme|eme|er|e)(?: (?:siecles?|s\.?))?(?P<before> av\.? ?j\.?-?c\.?)?",
    re.ASCII,
)
_FROM: Final = re.compile(r"(?:depuis|a partir de|des) (.+)", re.ASCII)
_UNTIL: Final = re.compile(r"(?:avant|jusqu'(?:en|a|au)) (.+)", re.ASCII)
_AFTER: Final = re.compile(r"apres (.+)", re.ASCII)
_TWO_SIDES: Final = (" / ", "/", " - ", "-", " a ", " au ", " et ")
_ROMAN: Final = {
    numeral: number
    for number, numeral in enumerate(
        (
            *("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"),
            *("xi", "xii", "xiii", "xiv", "xv", "xvi", "xvii", "xviii", "xix", "xx", "xxi"),
        ),
        start=1,
    )
}
_BEFORE_CHRIST: Final = re.compile(r" av\.? ?j\.?-?c\.?$")


def _fold(text: str) -> str:
    """Return the text without accents, capitals, brackets and doubled spaces."""
    plain = unicodedata.normalize("NFKD", text.replace("’", "'").replace("…", "...")).casefold()
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    plain = re.sub(r"[\[\]()]", "", re.sub("[‐-―]", "-", plain))
    # a full stop at the end says nothing, except where it stands for a digit: « 190. », « 19.. »
    return re.sub(r"(?<![0-9.])\.$|(?<=[0-9]{4})\.$", "", " ".join(plain.split()))


def _century(number: int, *, before: bool) -> tuple[int, int]:
    return (1 - 100 * number, -100 * (number - 1)) if before else (100 * number - 99, 100 * number)


def _said(text: str) -> Period | None:
    """Read one side of a wording that is already folded."""
    if found := _SAID.fullmatch(text):
        year = 1 - int(found["year"]) if found["before"] else int(found["year"])
        slack = 10 if found["about"] or found["unsure"] else 0
        return Period(year, year, slack_years=slack)
    if found := _DECADE.fullmatch(text):
        return Period(int(found[1]), int(found[1]) + 9)
    if (found := _MASKED.fullmatch(text)) and len(found[1] + found[2]) == 4:
        width = 10 ** len(found[2])
        return Period(int(found[1]) * width, int(found[1]) * width + width - 1, slack_years=1)
    if (found := _CENTURY.fullmatch(text)) and found["roman"] in _ROMAN:
        start, end = _century(_ROMAN[found["roman"]], before=bool(found["before"]))
        part = found["part"] or ""
        if "moitie" in part:
            first = part.startswith(("1", "premiere"))
            return (
                Period(start, start + 49, slack_years=1)
                if first
                else Period(start + 50, end, slack_years=1)
            )
        # « début » and « fin » have no agreed length: the whole century, loosely
        return Period(start, end, slack_years=99 if part else 1)
    return None


@lru_cache(maxsize=_CACHED)
def read_wording(text: str) -> Period | None:
    """Read a date as a French notice displays it.

    Returns:
        The period, or None when the wording is not one of those known here.

    >>> read_wording("[1910]-1972")
    Period(start=1910, end=1972, open_end=False, repair=None, slack_years=0)
    >>> read_wording("Années 1960")
    Period(start=1960, end=1969, open_end=False, repair=None, slack_years=0)
    >>> read_wording("XIXe siècle").start, read_wording("18..?-19..").end
    (1801, 1999)
    >>> read_wording("500 av. J.-C.").start
    -499
    """
    folded = _fold(text)
    if re.fullmatch(r"[ivx]+(?: ?(?:ieme|eme|er|e))?", folded):
        return None  # « XIVe » alone may number anything
    period = _said(folded) or _qualified(folded) or _two_sided(folded)
    if period is None and re.match("-?[0-9]", folded):
        period = read_normal(text)
    return period


def _qualified(folded: str) -> Period | None:
    """Read « depuis… », « avant… », « après… », « 1951-.... »."""
    if found := _FROM.fullmatch(folded):
        period = _said(found[1])
        return period and replace(period, end=None, open_end=True)
    if found := re.fullmatch(r"(.+?) ?- ?(?:\.{2,}|9999|)", folded):
        period = _said(found[1])
        return period and replace(period, end=None, open_end=True)
    if found := _UNTIL.fullmatch(folded):
        period = _said(found[1])
        return period and replace(period, start=None)
    if found := _AFTER.fullmatch(folded):
        period = _said(found[1])
        return period and replace(period, end=None)
    return None


def _two_sided(folded: str) -> Period | None:
    """Read two dates joined by a hyphen, a slash, « à », « au » or « et »."""
    unqualified = re.sub(r"^(?:du|de|entre) ", "", folded)
    decades = re.fullmatch(r"(?:les )?annees ([0-9]{3}0)(?: ?- ?| a )([0-9]{3}0)", unqualified)
    if decades:
        return Period(int(decades[1]), int(decades[2]) + 9)
    for mark in _TWO_SIDES:
        left, found, right = unqualified.partition(mark)
        if not found:
            continue
        era = _BEFORE_CHRIST.search(right)
        first = _said(left + era[0] if era and not _BEFORE_CHRIST.search(left) else left)
        last = _said(right)
        if first is None or last is None or first.start is None or last.end is None:
            continue
        if first.start <= last.end:
            slack = max(first.slack_years, last.slack_years)
            return Period(first.start, last.end, slack_years=slack)
    return None


# --- the two together ----------------------------------------------------------------------------


def disagree(normal: str, text: str) -> bool:
    """Say whether a displayed date and its normalised form contradict one another.

    What cannot be read contradicts nothing, and neither does a bound that one of them leaves out.

    >>> disagree("1948/1972", "[1910]-1972"), disagree("1950/1963", "Années 1960")
    (True, True)
    >>> disagree("2014/2014", "2014"), disagree("1801/1900", "XIXe siècle")
    (False, False)
    """
    written, displayed = read_normal(normal), read_wording(text)
    if written is None or displayed is None:
        return False
    if displayed.open_end != written.open_end and None in (displayed.end, written.end):
        return displayed.open_end or displayed.end is not None
    pairs = ((written.start, displayed.start), (written.end, displayed.end))
    return any(
        one is not None and other is not None and abs(one - other) > displayed.slack_years
        for one, other in pairs
    )


# --- days ----------------------------------------------------------------------------------------

_DAY_FORMS: Final = (
    re.compile(r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})", re.ASCII),
    re.compile(r"(?P<y>[0-9]{4})[-/](?P<m>[0-9]{1,2})[-/](?P<d>[0-9]{1,2})", re.ASCII),
    re.compile(r"(?P<d>[0-9]{1,2})[-/.](?P<m>[0-9]{1,2})[-/.](?P<y>[0-9]{4})", re.ASCII),
)


def read_day(text: str) -> str | None:
    """Return the ``xsd:date`` of a day written ``20230309``, ``09/03/2023`` or ``2023/03/09``.

    Day before month, as everywhere in France.

    >>> read_day("20230309"), read_day("09/03/2023"), read_day("2021/04/27")
    ('2023-03-09', '2023-03-09', '2021-04-27')
    >>> read_day("20230231") is None
    True
    """
    for form in _DAY_FORMS:
        found = form.fullmatch(text.strip())
        if found is not None:
            try:
                return date(int(found["y"]), int(found["m"]), int(found["d"])).isoformat()
            except ValueError:
                return None
    return None


# --- years of lives, as authority files write them -----------------------------------------------

_LAST_POSSIBLE_YEAR: Final = 2100
_LIFE: Final = re.compile(
    r"(?P<before>-)? ?(?P<digits>[0-9]{1,4})(?P<masks>[X.?]{0,3})(?P<rest>.*)", re.ASCII
)
_DAY_OR_MONTH: Final = re.compile(r"-(?:0[0-9]|1[0-2]|XX)(?:-[0-3X][0-9?X])?", re.ASCII)
_LOST_DIGIT: Final = re.compile(r"-(?P<year>[0-9]{3})-0(?P<digit>[0-9])", re.ASCII)
_JOINED: Final = re.compile(r"(?P<first>[0-9]{4})(?P<last>[0-9]{2})\?", re.ASCII)


@dataclass(frozen=True, slots=True)
class YearBounds:
    """The years between which a birth or a death falls.

    Attributes:
        earliest: first possible year (astronomical).
        latest: last possible year.
        is_plain: the source wrote a year, a month or a day, doubtful or not (``-0470 ?``).
    """

    earliest: int
    latest: int
    is_plain: bool


@lru_cache(maxsize=_CACHED)
def read_life_year(text: str, *, padded: bool = True) -> YearBounds | None:
    """Read a year of birth or death as IdRef and data.bnf.fr write it.

    Both count as historians do: -0470 is 470 av. J.-C., the astronomical year -469 (their labels
    say so). Digits may be masked (``03XX``, ``19..``, ``013X``, ``1???``), or lost: IdRef fills
    a field of four characters, so that ``-05X`` is « 05.. av. J.-C. », ``08`` is « 08.. », ``-034``
    is 340 or any year of that decade, and ``-041-03`` is 413 cut as if 3 were a month.

    Args:
        text: the year as written.
        padded: years of fewer than four digits begin with zeros, so that three digits have lost one
            (IdRef); False where 775 is the year 775 (data.bnf.fr).

    Returns:
        The bounds, or None for what is no year.

    >>> read_life_year("1931"), read_life_year("0373-05-02").earliest
    (YearBounds(earliest=1931, latest=1931, is_plain=True), 373)
    >>> [(b.earliest, b.latest) for b in map(read_life_year, ("03XX", "-05X", "08", "013X")) if b]
    [(300, 399), (-598, -499), (800, 899), (130, 139)]
    >>> [(b.earliest, b.latest) for b in map(read_life_year, ("-0470 ?", "- 019.", "-041-03")) if b]
    [(-469, -469), (-198, -189), (-412, -412)]
    >>> read_life_year("Fond") is None
    True
    """
    text = " ".join(text.split()).replace("\u2026", "...")
    if lost := _LOST_DIGIT.fullmatch(text):
        year = 1 - int(lost["year"] + lost["digit"])
        return YearBounds(year, year, is_plain=False)
    if joined := _JOINED.fullmatch(text):
        first = int(joined["first"])
        last = first - first % 100 + int(joined["last"])
        return YearBounds(first, last, is_plain=False) if first <= last else None
    found = _LIFE.fullmatch(text)
    if found is None:
        return None
    digits, masks, rest = found["digits"], found["masks"], found["rest"]
    before = bool(found["before"])
    if re.fullmatch(r" ?\??(?: ?av\.?(?: ?j\.? ?-?c\.?)?)", rest, re.IGNORECASE):
        before, rest = True, ""
    doubtful = rest.strip() == "?"
    if rest and not doubtful and not (len(digits) == 4 and _DAY_OR_MONTH.fullmatch(rest)):
        return None
    masked = _masked_digits(digits, masks, signed=bool(found["before"]), padded=padded)
    if masked is None:
        return None
    width = 10**masked
    low = int(digits) * width
    high = low + width - 1
    if low > _LAST_POSSIBLE_YEAR:
        return None
    if before:
        low, high = 1 - high, 1 - low
    is_plain = masked == 0
    # there is no year 0 among historians: « 00.. » is 1 to 99, « 00.. av. J.-C. » 99 to 1
    if before:
        high = min(high, 0)
    else:
        low = max(low, 1)
    return YearBounds(low, high, is_plain=is_plain) if low <= high else None


def _masked_digits(digits: str, masks: str, *, signed: bool, padded: bool) -> int | None:
    """Return how many digits of a year are not known; None where that cannot be told."""
    lost = len(digits) == 3 and padded and int(digits) * 10 <= _LAST_POSSIBLE_YEAR
    if masks:
        written = len(digits) + len(masks)
        if masks == "?" and (len(digits) == 4 or not lost):
            return 0
        if written == 4:
            return len(masks)
        # the sign takes one of the four characters: « -05X » and « -03. » have lost one
        return 4 - len(digits) if signed and padded and written == 3 else None
    if len(digits) == 2 and padded:
        return 2
    return 1 if lost else 0


_BEFORE_OUR_ERA: Final = re.compile(r"av\.? ?j\.? ?-?\.? ?c\.?", re.IGNORECASE)
_DATES_OF_HEADING: Final = re.compile(
    r"[(,] ?(?P<birth>[-0-9.?X]+)(?P<first>§)? ?-+ ?(?P<death>[-0-9.?X]+)(?P<last>§)? ?[;,)]"
)


@lru_cache(maxsize=_CACHED)
def eras_of_heading(heading: str) -> tuple[bool, bool]:
    """Say whether a heading puts birth and death before our era.

    « av. J.-C. » after the second date holds for both, after the first for the first alone.

    >>> eras_of_heading("Xénophon (0430?-0355? av. J.-C.)")
    (True, True)
    >>> eras_of_heading("Auguste (0063 av. J.-C.-0014 ; empereur romain)")
    (True, False)
    >>> eras_of_heading("Sérapion de Thmuis (03..-0370? ; saint)")
    (False, False)
    """
    plain = re.sub(r" ?§", "§", _BEFORE_OUR_ERA.sub("§", " ".join(heading.split())))
    found = _DATES_OF_HEADING.search(plain)
    if found is None:
        return False, False
    return bool(found["first"] or found["last"]), bool(found["last"])
