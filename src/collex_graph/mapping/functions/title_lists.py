"""Lists of titles (KBART, NISO RP-9): names of packages, rows, coverage, embargo.

The name of a file is data: ``RSC_FRANCE_LN-ISTEX-JOURNALS-PFISTEX_2021-09-23`` says provider,
region, package and date (BACON, the knowledge base of Abes). A name that is not built like that is
the package's name all the same.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from collex_graph.mapping.functions.institutions import _identified, _value_and_repairs
from collex_graph.mapping.functions.registry import BASE, mapping_function, note, squeeze
from collex_graph.mapping.suggestions import nearest
from collex_graph.model import Reading, UnreadableValue
from collex_graph.rdf import identifiers
from collex_graph.rdf.dates import read_day
from collex_graph.rdf.identifiers import Identified
from collex_graph.rdf.iris import percent_encode, slug

# --- packages ------------------------------------------------------------------------------------

_PACKAGE: Final = re.compile(
    r"(?P<provider>[A-Z0-9-]+)_(?P<region>FRANCE|COUPERIN|GLOBAL)_(?P<content>[A-Z0-9-]+)"
)
_DATED: Final = re.compile(r"(?P<name>.+?)_(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})")
_NATIONAL: Final = re.compile(r"(?:LN-)?(?P<programme>ISTEX|COLLEX)-?(?P<rest>.*)")
_PLATFORM: Final = re.compile(r"-PF(?P<platform>EDITEUR|ISTEX)\Z")


class _Package(NamedTuple):
    """What a file name says; provider, region and content are empty where it is not regular."""

    name: str
    date: str
    provider: str
    region: str
    content: str


@lru_cache(maxsize=1024)
def _package(file: str) -> _Package:
    dated = _DATED.fullmatch(file)
    name = dated["name"] if dated else file
    found = _PACKAGE.fullmatch(name)
    parts = (found["provider"], found["region"], found["content"]) if found else ("", "", "")
    return _Package(name, (dated and read_day(dated["date"])) or "", *parts)


@mapping_function
def package_name(file: str) -> str:
    """Return the name of the package: that of the file without its date.

    >>> package_name("CUP_COUPERIN_ALLJOURNALS_2026-03-08"), package_name("persee_2014-02-13")
    ('CUP_COUPERIN_ALLJOURNALS', 'persee')
    """
    return _package(file).name


@lru_cache(maxsize=64)
def _package_iri(file: str) -> str:
    return BASE.entity("package", _package(file).name)


@mapping_function
def package_node(file: str) -> str:
    """Return the node of the package: the date of its list is a version of it, not another package.

    >>> package_node("CUP_COUPERIN_ALLJOURNALS_2026-03-08")
    'base:id/package/CUP_COUPERIN_ALLJOURNALS'
    """
    return _package_iri(file)


@mapping_function
def package_date(file: str) -> str | Reading:
    """Return the date of the list, which is its version, and report a name that is not regular.

    >>> package_date("CUP_COUPERIN_ALLJOURNALS_2026-03-08")
    '2026-03-08'
    >>> package_date("persee_2014-02-13").notes[0].rule
    'IrregularListName'
    """
    found = _package(file)
    if found.provider and found.date:
        return found.date
    remark = note("IrregularListName", file, name=found.name)
    return Reading((found.date,) if found.date else (), (remark,))


@mapping_function
def package_provider(file: str) -> str | None:
    """Return the provider's code.

    >>> package_provider("CUP_COUPERIN_ALLJOURNALS_2026-03-08")
    'CUP'
    """
    return _package(file).provider or None


@mapping_function
def package_region(file: str) -> str | None:
    """Return who the package is offered to, as a concept.

    >>> package_region("CUP_COUPERIN_ALLJOURNALS_2026-03-08")
    'base:vocabulary/package-region/couperin'
    """
    region = _package(file).region
    return BASE.concept("package-region", region.lower()) if region else None


@mapping_function
def package_platform(file: str) -> str | None:
    """Return the platform of a package that says it: the publisher's or ISTEX.

    >>> package_platform("DUKE_FRANCE_LN-ISTEX-JOURNALS-PFISTEX_2022-03-01")
    'base:vocabulary/platform/istex'
    """
    found = _PLATFORM.search(_package(file).content)
    if found is None:
        return None
    return BASE.concept("platform", {"ISTEX": "istex", "EDITEUR": "editeur"}[found["platform"]])


def _acquired(name: str, *, licensed: bool) -> tuple[str, str, str]:
    """Return (slug, label, programme) of the resource behind a package; empty where there is none.

    Args:
        name: ``RSC_FRANCE_LN-ISTEX-JOURNALS-PFISTEX``, or ``RSC_FRANCE_ISTEXJOURNALS`` as the
            packages of ISTEX were called until 2018.
        licensed: whether something else than the name says that it was acquired.
    """
    found = _PACKAGE.fullmatch(name)
    if found is None or found["region"] != "FRANCE":
        return "", "", ""
    national = _NATIONAL.fullmatch(_PLATFORM.sub("", found["content"]))
    if national is None or not (licensed or found["content"].startswith("LN-")):
        return "", "", ""
    words = [found["provider"], national["programme"], *national["rest"].split("-")]
    label = f"{found['provider']} : {' '.join(national['rest'].split('-')).lower()}"
    return slug(" ".join(words)), label, national["programme"].lower()


@mapping_function
def acquired_resource(name: str, licensed: str = "") -> str | None:
    """Return the node of the acquired resource that a package gives access to.

    Only national licences say in their name that they were acquired; the package on the publisher's
    platform and the one on ISTEX are two packages of one resource.

    Args:
        name: of the package.
        licensed: ``true`` where the source itself says that the resource was acquired.

    >>> acquired_resource("RSC_FRANCE_LN-ISTEX-JOURNALS-PFISTEX")
    'base:id/resource/rsc-istex-journals'
    >>> acquired_resource("RSC_FRANCE_LN-ISTEX-JOURNALS-PFEDITEUR")
    'base:id/resource/rsc-istex-journals'
    >>> acquired_resource("CUP_COUPERIN_ALLJOURNALS") is None
    True
    """
    key = _acquired(name, licensed=licensed == "true")[0]
    return BASE.entity("resource", key) if key else None


@mapping_function
def acquired_label(name: str) -> str | None:
    """Return what an acquired resource is called after its package.

    >>> acquired_label("RSC_FRANCE_LN-ISTEX-JOURNALS-PFISTEX")
    'RSC : journals'
    """
    return _acquired(name, licensed=False)[1] or None


@mapping_function
def acquisition_programme(name: str) -> str | None:
    """Return the programme that acquired a resource, as a concept.

    >>> acquisition_programme("CASALINI_FRANCE_LN-COLLEX-EBOOKS-IBERIQUE-PFEDITEUR")
    'base:vocabulary/acquisition-programme/collex'
    """
    programme = _acquired(name, licensed=False)[2]
    return BASE.concept("acquisition-programme", programme) if programme else None


# --- rows ----------------------------------------------------------------------------------------

_NOT_LOCAL: Final = re.compile(r"[/:]+")


@mapping_function
def title_node(
    file: str,
    *,
    identifier: str = "",
    online: str = "",
    printed: str = "",
    title: str = "",
    date: str = "",
    volume: str = "",
    issue: str = "",
) -> str | None:
    """Return the node of a row, under its package.

    The key is the provider's identifier, else ISSN or ISBN, else the title, with the start of the
    coverage behind it: a title may have a row for each period, and a row keeps its key when others
    are added.

    Args:
        file: name of the list's file.
        identifier: the provider's identifier.
        online: ISSN or ISBN.
        printed: ISSN or ISBN.
        title: of the publication.
        date: that the coverage begins with.
        volume: that it begins with.
        issue: that it begins with.

    >>> title_node("CUP_COUPERIN_ALLJOURNALS_2026-03-08", identifier="F47", date="2000")
    'base:id/package/CUP_COUPERIN_ALLJOURNALS/title/F47~2000'
    """
    key = squeeze(identifier) or squeeze(online) or squeeze(printed)
    key = _NOT_LOCAL.sub("-", key) if key else slug(title) if title.strip() else ""
    if not key:
        return None
    first = (date, volume, issue)
    start = ".".join(_NOT_LOCAL.sub("-", text) for text in map(squeeze, first) if text)
    local = f"{key}~{start}" if start else key
    return f"{_package_iri(file)}/title/{percent_encode(local)}"


# A row's identifiers are read for its node and for its statements.
_read_issn: Final = lru_cache(maxsize=16)(identifiers.read_issn)
_read_isbn: Final = lru_cache(maxsize=16)(identifiers.read_isbn)
_NOT_PLAIN: Final = re.compile("[^0-9A-Za-z]+")


def _is_isbn(text: str) -> bool:
    """Say whether a cell that may hold either has the length of an ISBN."""
    return len(_NOT_PLAIN.sub("", text)) >= 10


@mapping_function
def title_issn(value: str) -> str | Reading | None:
    """Return the ISSN of a cell that may hold an ISBN; all that is neither is reported here.

    >>> title_issn("0012-7094"), title_issn("9780854046812")
    ('0012-7094', None)
    """
    if not value.strip() or _is_isbn(value):
        return None
    found = _identified(_read_issn(value))
    return _value_and_repairs(found, value, found.value)


@mapping_function
def title_isbn(value: str) -> str | Reading | None:
    """Return the ISBN of a cell that may hold an ISSN.

    >>> title_isbn("978-3-662-03539-9"), title_isbn("0012-7094")
    ('9783662035399', None)
    """
    if not value.strip() or not _is_isbn(value):
        return None
    found = _identified(_read_isbn(value))
    return _value_and_repairs(found, value, found.value)


@mapping_function
def unread_identifier(value: str, ppn: str = "") -> Reading | None:
    """Return an identifier that cannot be read, as the list writes it, and say why.

    Args:
        value: a cell that holds an ISSN or an ISBN.
        ppn: ``true`` for one that holds a Sudoc PPN.

    >>> unread_identifier("0012-7095").values, unread_identifier("0012-7094")
    (('0012-7095',), None)
    """
    if not value.strip():
        return None
    if ppn == "true":
        found = identifiers.read_sudoc(value)
    else:
        found = _read_isbn(value) if _is_isbn(value) else _read_issn(value)
    try:
        _identified(found)
    except UnreadableValue as refusal:
        return Reading((squeeze(value),), (refusal.note,))
    return None


@mapping_function
def title_issns(printed: str = "", online: str = "") -> list[str]:
    """Return the ISSNs of a row, print first; `title_issn` reports.

    >>> title_issns("0959-7743", "1474-0540á"), title_issns("9780854046812")
    (['0959-7743', '1474-0540'], [])
    """
    cells = [text for text in (printed, online) if text and not _is_isbn(text)]
    return [found.value for text in cells if isinstance(found := _read_issn(text), Identified)]


@mapping_function
def title_isbns(online: str = "", printed: str = "") -> list[str]:
    """Return the ISBNs of a row, electronic first; `title_isbn` reports.

    >>> title_isbns("9781847550019", "9780854046812")
    ['9781847550019', '9780854046812']
    """
    cells = [text for text in (online, printed) if text and _is_isbn(text)]
    return [found.value for text in cells if isinstance(found := _read_isbn(text), Identified)]


@mapping_function
def title_ark(identifier: str = "", url: str = "") -> str | None:
    """Return the ARK of a title, which is its identifier or its address on ISTEX.

    >>> title_ark("", "https://revue-sommaire.istex.fr/ark:/67375/8Q1-23W6HDS7-G")
    'ark:/67375/8Q1-23W6HDS7-G'
    """
    for text in (identifier, url):
        if "ark:" in text:
            found = identifiers.read_ark(text)
            if isinstance(found, Identified):
                return found.value
    return None


@mapping_function
def title_doi(kind: str, identifier: str = "", url: str = "") -> str | None:
    """Return the DOI of a book, which is its identifier or its address.

    A journal's address may look like a DOI and lead to a year of it, so journals have none here.

    >>> title_doi("monograph", "9781847550019", "http://dx.doi.org/10.1039/9781847550019")
    '10.1039/9781847550019'
    >>> title_doi("serial", "ac", "http://dx.doi.org/10.1039/1364-5536/1996") is None
    True
    """
    if kind.casefold() != "monograph":
        return None
    for text in (identifier, url):
        if "10." in text:
            found = identifiers.read_doi(text)
            if isinstance(found, Identified):
                return found.value
    return None


# Concepts are named once, not row by row.
_TYPES: Final = {
    "serial": BASE.concept("title-type", "publication-en-serie"),
    "monograph": BASE.concept("title-type", "monographie"),
}


@lru_cache(maxsize=64)
def _in_book_list(file: str) -> bool:
    words = re.split("[-_]", _package(file).name.casefold())
    return any(word in ("books", "ebooks") for word in words)


@lru_cache(maxsize=256)
def _near_type(kind: str) -> str:
    return nearest(kind, _TYPES)


@mapping_function
def title_type(value: str, file: str) -> str | Reading | None:
    """Return the type of a title as a concept, and report a serial in a list of books.

    >>> title_type("serial", "CUP_COUPERIN_ALLJOURNALS_2026-03-08")
    'base:vocabulary/title-type/publication-en-serie'
    """
    if not value.strip():
        return None
    kind = value.strip().casefold()
    concept = _TYPES.get(kind)
    if concept is None:
        near = _near_type(kind)
        raise UnreadableValue("UnlistedWording", value, near=near, table="title-type")
    if kind == "serial" and _in_book_list(file):
        return Reading((concept,), (note("SerialInBookList", value),))
    return concept


@mapping_function
def title_class(
    file: str, kind: str = "", issn: tuple[str, ...] = (), isbn: tuple[str, ...] = ()
) -> str | None:
    """Return the class of the document behind a row; none where the list leaves it in doubt.

    Args:
        file: name of the list's file: a serial in a list of books is most often a series.
        kind: ``serial`` or ``monograph``; older lists do not have it.
        issn: ISSNs of the row, as read.
        isbn: ISBNs of the row, as read.

    >>> title_class("persee_2014-02-13", issn=("2108-6443",))
    'bibo:Journal'
    """
    kind = kind.strip().casefold()
    if kind == "monograph" or (not kind and any(isbn)):
        return "bibo:Book"
    if kind == "serial":
        return None if _in_book_list(file) else "bibo:Journal"
    return "bibo:Journal" if not kind and any(issn) else None


_ACCESS_TYPES: Final = {
    "F": BASE.concept("access-type", "libre"),
    "P": BASE.concept("access-type", "payant"),
}


@mapping_function
def access_type(value: str) -> str | None:
    """Return whether a title is free or paid for, as a concept.

    >>> access_type("F")
    'base:vocabulary/access-type/libre'
    """
    if not value.strip():
        return None
    concept = _ACCESS_TYPES.get(value.strip().upper())
    if concept is None:
        raise UnreadableValue("UnlistedWording", value, table="access-type")
    return concept


# --- coverage and embargo ------------------------------------------------------------------------

_COVERAGE_DATE: Final = re.compile(r"([0-9]{4})(?:-(?:0[1-9]|1[0-2])(?:-[0-9]{2})?)?", re.ASCII)


@mapping_function
def coverage_year(value: str) -> str | None:
    """Return the year of a date written ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``.

    >>> coverage_year("2000-04-01"), coverage_year("1996")
    ('2000', '1996')
    """
    text = value.strip()
    if not text:
        return None
    found = _COVERAGE_DATE.fullmatch(text)
    if found is None or (len(text) == 10 and read_day(text) is None) or int(found[1]) == 0:
        raise UnreadableValue("UnreadableCoverageDate", value)
    return str(int(found[1]))


@mapping_function
def book_year(printed: str = "", online: str = "") -> str | None:
    """Return the year in which a book was published: that of its print edition, else online.

    >>> book_year("2003", "2020-06-09"), book_year("", "2015")
    ('2003', '2015')
    """
    return coverage_year(printed) or coverage_year(online)


@mapping_function
def coverage_is_open(first: str, last: str = "") -> str | None:
    """Return ``true`` for a coverage that has a beginning and no end.

    >>> coverage_is_open("1996"), coverage_is_open("1996", "1999")
    ('true', None)
    """
    return "true" if first.strip() and not last.strip() else None


_EMBARGO: Final = re.compile(r"(?P<type>[PR])(?P<length>[0-9]{1,5})(?P<unit>[DMY])", re.I)
_EMBARGO_TYPES: Final = {
    "P": BASE.concept("embargo-type", "parutions-anciennes"),
    "R": BASE.concept("embargo-type", "parutions-recentes"),
}
_EMBARGO_UNITS: Final = {
    letter: BASE.concept("time-unit", unit)
    for letter, unit in (("D", "jour"), ("M", "mois"), ("Y", "annee"))
}


@mapping_function
def embargo_codes(value: str) -> list[str] | Reading | None:
    """Return the embargo codes of a cell, in capitals: one, or two joined by a semicolon.

    NISO RP-9-2014, 6.6.13: ``P`` is all but the latest, ``R`` only the latest; a number; days,
    months or years.

    >>> embargo_codes("P3Y"), embargo_codes("R10Y;P30D")
    (['P3Y'], ['R10Y', 'P30D'])
    """
    codes, wrong = [], []
    for part in re.split("[;,]", value):
        if not part.strip():
            continue
        found = _EMBARGO.fullmatch(part.strip())
        if found is None or int(found["length"]) == 0:
            wrong.append(note("MalformedEmbargo", part.strip()))
        else:
            codes.append(part.strip().upper())
    return Reading(tuple(codes), tuple(wrong)) if wrong else codes or None


@mapping_function
def embargo_node(title: str, code: str) -> str:
    """Return the node of an embargo, under the title that it concerns.

    >>> embargo_node("base:id/package/P/title/T", "P3Y")
    'base:id/package/P/title/T/embargo/P3Y'
    """
    return f"{title}/embargo/{code}"


def _embargo(code: str, part: str) -> str:
    found = _EMBARGO.fullmatch(code)
    return found[part].upper() if found else ""


@mapping_function
def embargo_type(code: str) -> str | None:
    """Return what is closed, as a concept.

    >>> embargo_type("P3Y")
    'base:vocabulary/embargo-type/parutions-anciennes'
    """
    return _EMBARGO_TYPES.get(_embargo(code, "type"))


@mapping_function
def embargo_length(code: str) -> str | None:
    """Return the number of days, months or years.

    >>> embargo_length("R365D")
    '365'
    """
    length = _embargo(code, "length")
    return str(int(length)) if length else None


@mapping_function
def embargo_unit(code: str) -> str | None:
    """Return the unit of an embargo, as a concept.

    >>> embargo_unit("R365D")
    'base:vocabulary/time-unit/jour'
    """
    return _EMBARGO_UNITS.get(_embargo(code, "unit"))
