"""Usage reports (COUNTER 5 and 5.1): counts, months, metrics, and what a provider answers instead.

What names a customer (``Customer_ID``, ``Requestor_ID``, an address, the parameters of a request)
is taken out of every message: it is nobody's business, and some of it opens a door.
"""

from __future__ import annotations

import calendar
import json
import re
from typing import Final

from collex_graph.mapping.functions.documents import document_node
from collex_graph.mapping.functions.institutions import _identified
from collex_graph.mapping.functions.registry import BASE, mapping_function, note, squeeze
from collex_graph.model import Note, Reading, UnreadableValue
from collex_graph.rdf import identifiers
from collex_graph.rdf.identifiers import Identified

# --- counts, months, metrics ---------------------------------------------------------------------

_MONTHS: Final = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_NAMED_MONTH: Final = re.compile(r"(?P<name>[A-Za-z]{3})-(?P<year>[0-9]{2}|[0-9]{4})")
_ISO_MONTH: Final = re.compile(r"(?P<year>[0-9]{4})-(?P<month>0[1-9]|1[0-2])(?:-01)?")


@mapping_function
def usage_count(value: str, column: str = "") -> str:
    """Return a count as an integer.

    Args:
        value: digits; a space may part the thousands.
        column: which month it is of, for the report.

    >>> usage_count("12"), usage_count("1 204")
    ('12', '1204')
    """
    digits = re.sub(r"\s", "", value)
    if not re.fullmatch("[0-9]+", digits, re.ASCII):
        raise UnreadableValue("UnreadableCount", value, month=column)
    return str(int(digits))


def _month(value: str) -> tuple[int, int]:
    found = _ISO_MONTH.fullmatch(value.strip())
    if found is not None:
        return int(found["year"]), int(found["month"])
    found = _NAMED_MONTH.fullmatch(value.strip())
    if found is None or found["name"].lower() not in _MONTHS:
        raise UnreadableValue("UnreadableMonth", value)
    year = int(found["year"])
    return year + 2000 if year < 100 else year, _MONTHS[found["name"].lower()]


@mapping_function
def month_start(value: str) -> str:
    """Return the first day of a month written ``Jan-2017``, ``Feb-19``, ``2022-01``, or as a date.

    >>> month_start("Jan-2017"), month_start("Feb-19"), month_start("2022-01")
    ('2017-01-01', '2019-02-01', '2022-01-01')
    >>> month_start("2022-01-01")
    '2022-01-01'
    """
    year, month = _month(value)
    return f"{year:04}-{month:02}-01"


@mapping_function
def month_end(value: str) -> str:
    """Return the last day of a month.

    >>> month_end("Feb-19"), month_end("2020-02")
    ('2019-02-28', '2020-02-29')
    """
    year, month = _month(value)
    return f"{year:04}-{month:02}-{calendar.monthrange(year, month)[1]:02}"


@mapping_function
def month_key(value: str) -> str:
    """Return a month as ``2017-01``, for the name of an observation.

    >>> month_key("Jan-2017")
    '2017-01'
    """
    year, month = _month(value)
    return f"{year:04}-{month:02}"


_METRICS: Final = {metric: BASE.concept("usage-metric", metric) for metric in (
    "searches-regular", "searches-automated", "searches-federated", "searches-platform",
    "total-item-investigations", "unique-item-investigations", "unique-title-investigations",
    "total-item-requests", "unique-item-requests", "unique-title-requests",
    "no-license", "limit-exceeded",
)}  # fmt: skip


def _metric(value: str) -> str:
    return re.sub(r"[\s_]+", "-", value.strip()).lower()


@mapping_function
def usage_metric(value: str) -> str:
    """Return the metric as a concept; one of no COUNTER release is reported.

    >>> usage_metric("Total_Item_ Investigations")
    'base:vocabulary/usage-metric/total-item-investigations'
    """
    concept = _METRICS.get(_metric(value))
    if concept is None:
        raise UnreadableValue("UnknownMetric", value)
    return concept


@mapping_function
def unlisted_metric(value: str) -> str | None:
    """Return a metric that is no concept, to be kept in words; `usage_metric` reports it.

    >>> unlisted_metric("tandfeBooks:Total_Chapter_Requests")
    'tandfeBooks:Total_Chapter_Requests'
    """
    return None if _metric(value) in _METRICS else squeeze(value)


# --- what was used -------------------------------------------------------------------------------


@mapping_function
def usage_item_node(
    printed: tuple[str, ...] = (),
    online: tuple[str, ...] = (),
    isbn: tuple[str, ...] = (),
    doi: tuple[str, ...] = (),
) -> str | None:
    """Return the node of what was used: by ISSN, else ISBN, else DOI, never by its title.

    >>> usage_item_node(("0931-8658",), (), (), ("10.1000/xyz123",))
    'base:id/document/issn-0931-8658'
    """
    for text in doi:
        if not (node := document_node(issn=(*printed, *online), isbn=isbn)):
            return document_node(doi=text)
        return node
    return document_node(issn=(*printed, *online), isbn=isbn)


_READERS: Final = {
    "issn": identifiers.read_issn, "isbn": identifiers.read_isbn, "doi": identifiers.read_doi,
}  # fmt: skip


@mapping_function
def unread_item_identifiers(
    printed: tuple[str, ...] = (),
    online: tuple[str, ...] = (),
    isbn: tuple[str, ...] = (),
    doi: tuple[str, ...] = (),
) -> Reading | None:
    """Return the identifiers of an item that cannot be read, as written, and say why.

    >>> unread_item_identifiers(online=("9876-5432",)).notes[0].rule
    'WrongCheckCharacter'
    """
    texts: list[str] = []
    notes: list[Note] = []
    for scheme, values in (("issn", (*printed, *online)), ("isbn", isbn), ("doi", doi)):
        for text in filter(str.strip, values):
            try:
                _identified(_READERS[scheme](text))
            except UnreadableValue as refusal:
                texts.append(squeeze(text))
                notes.append(refusal.note)
    return Reading(tuple(texts), tuple(notes)) if texts else None


@mapping_function
def usage_item_class(data: str) -> str | None:
    """Return the class of what was used, from its ``Data_Type``; none for the other types.

    >>> usage_item_class("Journal"), usage_item_class("Platform")
    ('bibo:Journal', None)
    """
    kinds = {"journal": "bibo:Journal", "book": "bibo:Book", "article": "bibo:Article"}
    return kinds.get(data.strip().lower())


# --- the report ----------------------------------------------------------------------------------


_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@mapping_function
def reporting_start(period: str) -> str | None:
    """Return the first day of a reporting period.

    >>> reporting_start("Begin_Date=2019-02-01; End_Date=2019-12-31")
    '2019-02-01'
    """
    days = _DAY.findall(period)
    return days[0] if days else None


@mapping_function
def reporting_end(period: str) -> str | None:
    """Return the last day of a reporting period.

    >>> reporting_end("2017-01-01 to 2017-06-30")
    '2017-06-30'
    """
    days = _DAY.findall(period)
    return days[1] if len(days) > 1 else None


@mapping_function
def created_day(value: str) -> str | None:
    """Return the day of ``2021-02-02T17:16:34Z`` or ``2020-07-03 02:02:30-0700``.

    >>> created_day("2021-02-02T17:16:34Z")
    '2021-02-02'
    """
    found = _DAY.match(value.strip())
    return found[0] if found else None


_OWN_COLUMN: Final = {"T": "Title", "D": "Database", "I": "Item", "P": "Platform"}


@mapping_function
def report_type(
    identifier: str, title: str = "", database: str = "", item: str = ""
) -> str | Reading:
    """Return a report's type, and report one whose rows are of another.

    Args:
        identifier: ``TR``, ``TR_J1``, ``DR``…
        title: of the first row.
        database: of the first row.
        item: of the first row.

    >>> report_type("TR_J1", title="Journal A")
    'TR_J1'
    >>> report_type("DR", title="Journal A").notes[0].rule
    'ReportOfAnotherType'
    """
    found = {"I": item, "D": database, "T": title}
    kind = squeeze(identifier).upper()
    actual = next((letter for letter, text in found.items() if text.strip()), kind[:1])
    # an item report names the title that an item is part of
    if kind[:1] in _OWN_COLUMN and kind[:1] != actual and not (kind[:1] == "I" and actual == "T"):
        return Reading((kind,), (note("ReportOfAnotherType", kind, rows=_OWN_COLUMN[actual]),))
    return kind


_PUBLISHED_FILTERS: Final = frozenset({
    "data_type", "access_type", "access_method", "section_type", "metric_type", "yop", "platform",
})  # fmt: skip


@mapping_function
def report_filters(value: str) -> list[str]:
    """Return the filters that say what a report leaves out; those that name a customer are dropped.

    >>> report_filters("Data_Type=Multimedia; Site=1234568; Begin_Date=2020-01-01")
    ['Data_Type=Multimedia']
    """
    parts = [squeeze(part) for part in value.split(";")]
    return [
        part
        for part in parts
        if "=" in part and part.partition("=")[0].strip().lower() in _PUBLISHED_FILTERS
    ]


@mapping_function
def organisation_node(
    isni: tuple[str, ...] = (), ror: tuple[str, ...] = (), mixed: tuple[str, ...] = ()
) -> str | Reading | None:
    """Return the node of the institution whose use is reported, from its ROR or ISNI.

    Args:
        isni: identifiers that are said to be ISNI.
        ror: identifiers that are said to be ROR.
        mixed: cells such as ``isni=0000 0001 2158 9529; ror=…``; other schemes name an account
            and are not looked at.

    >>> organisation_node(ror=("02dga6j42",))
    'base:id/establishment/ror-02dga6j42'
    """
    notes: list[Note] = []
    isnis, rors = list(isni), list(ror)
    for cell in mixed:
        for part in cell.split(";"):
            scheme, _, value = part.replace(":", "=", 1).partition("=")
            if scheme.strip().lower() in ("isni", "ror") and value.strip():
                (isnis if scheme.strip().lower() == "isni" else rors).append(value.strip())
    for text in rors:
        found = identifiers.read_ror(text)
        if isinstance(found, Identified):
            return BASE.entity("establishment", f"ror-{found.value}")
        notes.append(note("MalformedIdentifier", text, scheme="ROR"))
    for text in isnis:
        found = identifiers.read_isni(text)
        if isinstance(found, Identified):
            return BASE.entity("establishment", f"isni-{found.value}")
        notes.append(note("MalformedIdentifier", text, scheme="ISNI"))
    return Reading((), tuple(notes)) if notes else None


@mapping_function
def organisation_match(node: str) -> str | None:
    """Return the IRI in ROR or ISNI of what `organisation_node` has named after it.

    >>> organisation_match("base:id/establishment/ror-02dga6j42")
    'https://ror.org/02dga6j42'
    """
    scheme, _, value = node.rpartition("/")[2].partition("-")
    found = identifiers.read_ror(value) if scheme == "ror" else identifiers.read_isni(value)
    return found.iri if isinstance(found, Identified) else None


# --- what a provider answers in place of a report ------------------------------------------------

_QUERY: Final = re.compile(r"(https?://[^\s?]+)\?\S*")
_MAIL: Final = re.compile(r"[\w.+%-]+(?:@|%40)[\w.-]+")
_TOKEN: Final = re.compile(r"\b(?=[0-9A-Za-z-]*[0-9])[0-9A-Za-z-]{16,}\b")
_LONGEST: Final = 300


def _public(text: str) -> str:
    """Return a message without what names a customer or opens a door.

    >>> _public("404 for https://a.org/tr?customer_id=X&requestor_id=u%40a.org (ask u@a.org)")
    '404 for https://a.org/tr?… (ask …)'
    """
    text = _QUERY.sub(r"\1?…", squeeze(text))
    return _TOKEN.sub("…", _MAIL.sub("…", text))[:_LONGEST]


_RULES: Final = (
    ("ReportNotReady", {"1010", "1011", "1020", "3031"}),
    ("ReportAccessRefused", {"1030", "2000", "2010", "2011", "2020", "2030"}),
    ("ReportNotSupported", {"3000", "3010"}),
    ("ReportWithoutUsage", {"3020", "3030", "3032"}),
    ("ReportRequestRefused", {"3050", "3060", "3061", "3062", "3063", "3070"}),
)


def _told(code: str, message: str, details: str) -> str:
    return " : ".join(part for part in (code, _public(message), _public(details)) if part)


@mapping_function
def report_exception(
    code: str = "",
    *,
    number: str = "",
    message: str = "",
    details: str = "",
    usage: tuple[str, ...] = (),
    text: str = "",
) -> str | Reading | None:
    """Return what a provider remarks on a report, and say that there is none where it refuses.

    A remark on a report with usage is a warning. Without usage it is an error, whatever severity
    the provider gives it: an answer without figures is never an empty report.

    Args:
        code: COUNTER's code of the exception.
        number: the same, in older answers.
        message: the provider's words.
        details: ``Data``, further words.
        usage: anything of a first item: whether the report has any.
        text: the whole answer, where it is a text that holds JSON.

    >>> report_exception("3031", message="Usage Not Ready", usage=("TR",)).values
    ('3031 : Usage Not Ready',)
    >>> report_exception("1011", message="Report Queued").notes[0].rule
    'ReportNotReady'
    """
    if text.strip():
        code, message = _stringified(text)
    return _exception((code or number).strip(), message, details, usage)


def _exception(
    code: str, message: str, details: str, usage: tuple[str, ...]
) -> str | Reading | None:
    if not code and not message.strip():
        return None
    told = _told(code, message, details)
    if any(usage):
        if code == "0":
            return told
        return Reading((told,), (note("ReportWithRemark", told),))
    rule = next((rule for rule, codes in _RULES if code in codes), "ReportRefused")
    return Reading((), (note(rule, told),))


def _stringified(text: str) -> tuple[str, str]:
    """Return code and message of an answer that a provider has put into a text once more."""
    try:
        answer = json.loads(text)
    except ValueError:
        return "", ""
    for part in (answer.get("Exception"), answer) if isinstance(answer, dict) else ():
        if isinstance(part, dict) and part.get("Code") is not None:
            return str(part["Code"]), str(part.get("Message") or "")
    return "", ""


@mapping_function
def report_exceptions(value: str, usage: tuple[str, ...] = ()) -> Reading | None:
    """Return the exceptions of a table's header, as `report_exception` does.

    Args:
        value: ``3031: Usage Not Ready; 3040: Partial Data``.
        usage: anything of a first row.

    >>> report_exceptions("3031: Usage Not Ready", ("Total_Item_Requests",)).notes[0].rule
    'ReportWithRemark'
    """
    texts: list[str] = []
    notes: list[Note] = []
    for part in filter(None, map(squeeze, value.split(";"))):
        code, _, message = part.partition(":")
        read = _exception(code.strip(), message, "", usage)
        texts += [read] if isinstance(read, str) else read.values if read else ()
        notes += read.notes if isinstance(read, Reading) else ()
    return Reading(tuple(texts), tuple(notes)) if texts or notes else None


@mapping_function
def empty_report(
    report: str = "", usage: tuple[str, ...] = (), code: tuple[str, ...] = ()
) -> Reading | None:
    """Say that a report has no figure and that the provider does not say why.

    Args:
        report: identifier of the report, where the answer has a header.
        usage: anything of a first item.
        code: codes of the exceptions, each of which says why.

    >>> empty_report("TR").notes[0].rule
    'EmptyReport'
    """
    if any(usage) or any(code) or not report.strip():
        return None
    return Reading((), (note("EmptyReport", report),))
