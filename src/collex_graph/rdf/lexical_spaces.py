"""The lexical spaces of dates, times, durations and of the rarer datatypes of XSD.

`collex_graph.rdf.literals.check_literal` asks here for the datatypes that it does not know itself.
"""

from __future__ import annotations

import re
from calendar import monthrange
from typing import TYPE_CHECKING, Final

from collex_graph.rdf.literals import NOT_ALLOWED, TOO_LARGE

if TYPE_CHECKING:
    from collections.abc import Callable

_YEAR: Final = r"-?(?:[1-9][0-9]{3,8}|0[0-9]{3})"
_MONTH: Final = r"(?:0[1-9]|1[0-2])"
_DAY: Final = r"(?:0[1-9]|[12][0-9]|3[01])"
_ZONE: Final = r"(?P<zone>Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
_CLOCK: Final = (
    r"(?:(?P<hour>[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?P<fraction>\.[0-9]+)?"
    r"|(?P<midnight>24:00:00(?:\.0+)?))"
)
_DATE: Final = re.compile(rf"(?P<y>{_YEAR})-(?P<m>{_MONTH})-(?P<d>{_DAY}){_ZONE}", re.ASCII)
_DATE_TIME: Final = re.compile(
    rf"(?P<y>{_YEAR})-(?P<m>{_MONTH})-(?P<d>{_DAY})T{_CLOCK}{_ZONE}", re.ASCII
)
_TIME: Final = re.compile(rf"{_CLOCK}{_ZONE}", re.ASCII)
_PARTIAL: Final = {
    "gYear": re.compile(rf"{_YEAR}{_ZONE}", re.ASCII),
    "gYearMonth": re.compile(rf"{_YEAR}-{_MONTH}{_ZONE}", re.ASCII),
    "gMonthDay": re.compile(
        # XSD allows --02-29, which the store cannot compare
        rf"--(?:(?:0[13578]|1[02])-{_DAY}|(?:0[469]|11)-(?!31){_DAY}|02-(?!29|3){_DAY}){_ZONE}",
        re.ASCII,
    ),
    "gMonth": re.compile(rf"--{_MONTH}{_ZONE}", re.ASCII),
    "gDay": re.compile(rf"---{_DAY}{_ZONE}", re.ASCII),
}
_DURATION: Final = re.compile(
    r"-?P(?=.)(?:(?P<Y>[0-9]{1,9})Y)?(?:(?P<M>[0-9]{1,9})M)?(?:(?P<D>[0-9]{1,9})D)?"
    r"(?P<T>T(?=.)(?:[0-9]{1,9}H)?(?:[0-9]{1,9}M)?(?:[0-9]{1,9}(?:\.[0-9]{1,18})?S)?)?",
    re.ASCII,
)
# Months below 12, hours below 24 and so on, no part that is nought, no zero at either end.
_SHORT: Final = r"(?:[1-9]|[1-5][0-9])"
_PLAIN_DURATION: Final = re.compile(
    r"PT0S|P0M"
    r"|-?P(?=.)(?:[1-9][0-9]*Y)?(?:(?:[1-9]|1[01])M)?(?:[1-9][0-9]*D)?"
    rf"(?:T(?=.)(?:(?:[1-9]|1[0-9]|2[0-3])H)?(?:{_SHORT}M)?"
    rf"(?:(?:{_SHORT}|(?:0|{_SHORT})\.[0-9]*[1-9])S)?)?",
    re.ASCII,
)
_URI_SPACE: Final = re.compile(r"\s")
_LANGUAGE: Final = re.compile(r"[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*", re.ASCII)
_NCNAME: Final = re.compile(r"[^\W\d][\w.-]*")


def _check_zone_and_fraction(found: re.Match[str]) -> str | None:
    parts = found.groupdict()
    if parts.get("zone") in ("+00:00", "-00:00"):
        return "canonical form: Z"
    if parts.get("midnight"):
        return "canonical form: 00:00:00"
    fraction = parts.get("fraction")
    if fraction and len(fraction) > 19:
        return TOO_LARGE
    if fraction and fraction.endswith("0"):
        return f"canonical form: {fraction.rstrip('0').rstrip('.') or 'no fraction'}"
    return None


def _check_calendar(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    def check(lexical: str) -> str | None:
        found = pattern.fullmatch(lexical)
        if found is None:
            return NOT_ALLOWED
        if "d" in pattern.groupindex:
            # the calendar repeats every 400 years, and year 0 is a leap year (XSD 1.1, D.2.2)
            year = int(found["y"]) % 400 + 400
            if int(found["d"]) > monthrange(year, int(found["m"]))[1]:
                return NOT_ALLOWED
        return _check_zone_and_fraction(found)

    return check


def _check_duration(forbidden: tuple[str, ...], naught: str) -> Callable[[str], str | None]:
    def check(lexical: str) -> str | None:
        found = _DURATION.fullmatch(lexical)
        if found is None or any(found[part] for part in forbidden):
            return NOT_ALLOWED
        if _PLAIN_DURATION.fullmatch(lexical) and lexical not in {"PT0S", "P0M"} - {naught}:
            return None
        return f"not the canonical duration (nought is {naught})"

    return check


def _matches(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    return lambda lexical: None if pattern.fullmatch(lexical) else NOT_ALLOWED


CHECKS: Final[dict[str, Callable[[str], str | None]]] = {
    "date": _check_calendar(_DATE),
    "dateTime": _check_calendar(_DATE_TIME),
    "time": _check_calendar(_TIME),
    **{name: _check_calendar(pattern) for name, pattern in _PARTIAL.items()},
    "duration": _check_duration((), "PT0S"),
    "yearMonthDuration": _check_duration(("D", "T"), "P0M"),
    "dayTimeDuration": _check_duration(("Y", "M"), "PT0S"),
    "anyURI": lambda lexical: NOT_ALLOWED if _URI_SPACE.search(lexical) else None,
    "language": _matches(_LANGUAGE),
    "NCName": _matches(_NCNAME),
}
"""Local name of the datatype → what says why a form may not enter the store."""
