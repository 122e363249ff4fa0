"""UNIMARC: fields whose subfields mean something only in their order.

A rule gives these functions a field as two lists of the same length, the codes of its subfields,
``$(subfield[@code][normalize-space(.)]/@code)``, and their texts,
``$(subfield[@code][normalize-space(.)])``.
UNIMARC Bibliographic (IFLA, 2023) and the Sudoc's « Guide méthodologique » say what each one holds.
"""

from __future__ import annotations

import re
from typing import Final

from collex_graph.mapping.functions.access_points import repairs
from collex_graph.mapping.functions.registry import BASE, mapping_function, note
from collex_graph.model import Note, Reading
from collex_graph.rdf import identifiers
from collex_graph.rdf.identifiers import Identified
from collex_graph.rdf.iris import slug
from collex_graph.rdf.namespaces import expand

# --- what a record is -----------------------------------------------------------------------------

# Leader, position 6, where it is neither text nor an electronic resource.
_MATERIALS: Final = {
    "e": "bibo:Map", "f": "bibo:Map", "g": "bibo:AudioVisualDocument", "i": "bibo:AudioDocument",
    "j": "bibo:AudioDocument", "k": "bibo:Image",
}  # fmt: skip
_LEADER: Final = re.compile(r"(?:[0-9]{5})?[a-z](?P<material>[a-z])(?P<level>[a-z])")


@mapping_function
def document_classes(
    leader: str, thesis: tuple[str, ...] = (), serial: str = ""
) -> list[str] | None:
    """Return the classes of a document: always bibo:Document, and the most precise one known.

    Args:
        leader: the record label; its positions 6 and 7 are the kind of material and the level.
        thesis: type of degree of each thesis note (328 $b).
        serial: coded data of a serial (110 $a): its first letter tells a periodical from a series.

    >>> [iri.rpartition("/")[2] for iri in document_classes("cas0 22 450", (), "aeu||||0uu|")]
    ['Journal', 'Document']
    >>> [iri.rpartition("/")[2] for iri in document_classes("clm0 22 450", ("Thèse d'exercice",))]
    ['Thesis', 'Document']
    """
    found = _LEADER.match(leader)
    if found is None:
        return [expand("bibo:Document")]
    material, level = found["material"], found["level"]
    if any(text.casefold().startswith(("thèse", "mémoire")) for text in thesis):
        kind = "bibo:Thesis"
    elif material in _MATERIALS:
        kind = _MATERIALS[material]
    elif level == "s":
        kind = "bibo:Series" if serial[:1] == "b" else "bibo:Journal"
    elif level == "a":
        kind = "bibo:Article"
    elif level == "m" and material in "abl":
        kind = "bibo:Book"
    else:
        kind = ""
    return [expand(term) for term in (kind, "bibo:Document") if term]


_CODED_DATES: Final = re.compile(r"[0-9]{8}(?P<type>[a-z])(?P<first>[0-9]{4})(?P<last>[0-9]{4})?")


@mapping_function
def coded_year(value: str, which: str) -> str | None:
    """Return a year of the coded data (100 $a), None where it is not known to the year.

    Args:
        value: the coded data.
        which: ``publication`` the first date; ``start`` and ``end`` the bounds of a serial's
            publication; ``open`` gives ``true`` for a serial that still appears.

    >>> coded_year("19910626b19482016u y0frey50 ba", "end")
    '2016'
    >>> coded_year("20100427d2010 m y0frey50 ba", "publication")
    '2010'
    """
    found = _CODED_DATES.match(value)
    if found is None:
        return None
    serial = found["type"] in "abc"
    if which == "open":
        return "true" if found["type"] == "a" else None
    if which == "end":
        known = found["type"] == "b" and found["last"] not in (None, "9999")
        return str(int(found["last"])) if known else None
    if which == "start" and not serial:
        return None
    return str(int(found["first"]))


# ISBD punctuation before each subfield of field 200.
_TITLE_MARKS: Final = {"a": " ; ", "c": ". ", "d": " = ", "e": " : ", "h": ". ", "i": ", "}


@mapping_function
def isbd_title(code: tuple[str, ...], text: tuple[str, ...]) -> str | None:
    """Return a title with its complements, punctuated as ISBD has it.

    >>> isbd_title(("a", "e", "f"), ("SOMIVAC", "bulletin", "Société"))
    'SOMIVAC : bulletin'
    """
    title = ""
    for mark, part in zip(code, text, strict=False):
        if mark in _TITLE_MARKS:
            title += (_TITLE_MARKS[mark] if title else "") + part.strip(" ;")
    return title or None


# --- people and bodies ----------------------------------------------------------------------------

_LIVING: Final = re.compile(r".*-\s*(?:\.{2,}|\?*)\s*")


def _name(tag: str, code: tuple[str, ...], text: tuple[str, ...]) -> str:
    """Return the name of a field of people or bodies, without the birth year of a living person."""
    given: dict[str, list[str]] = {}
    for mark, part in zip(code, text, strict=False):
        given.setdefault(mark, []).append(part)
    person = tag[1:2] == "0" and tag[2:3] in "0123"
    name = "".join(given.get("a", [])[:1])
    parts = [*given.get("d", []), *given.get("c", [])]
    if person:
        name = ", ".join([name, *given.get("b", [])])
        parts += [years for years in given.get("f", []) if not _LIVING.fullmatch(years)]
    else:
        name = ". ".join([name, *given.get("b", [])])
        parts += given.get("e", []) + given.get("f", [])
    return f"{name} ({' ; '.join(parts)})" if parts else name


@mapping_function
def unimarc_name(tag: str, code: tuple[str, ...], text: tuple[str, ...]) -> str | None:
    """Return the name that a field gives a person, a body or a family.

    The year of birth stays where the person has died: that of a living person is left out.

    >>> unimarc_name("700", ("a", "b", "f"), ("Hugo", "Adèle", "1830-1915"))
    'Hugo, Adèle (1830-1915)'
    >>> unimarc_name("701", ("a", "b", "f"), ("Bellamy", "David", "1965-...."))
    'Bellamy, David'
    >>> unimarc_name("710", ("a", "b"), ("France", "Direction de la documentation française"))
    'France. Direction de la documentation française'
    """
    return _name(tag, code, text) or None


@mapping_function
def unimarc_element(tag: str, code: tuple[str, ...] = ()) -> str:
    """Return the kind of thing that a field names, in the words of access points.

    A heading with subdivisions is a subject, whatever it begins with.

    >>> unimarc_element("607", ("a",)), unimarc_element("607", ("a", "x"))
    ('geogname', 'subject')
    >>> unimarc_element("712"), unimarc_element("700")
    ('corpname', 'persname')
    """
    if tag.startswith("6") and _SUBDIVISIONS.intersection(code):
        return "subject"
    if tag == "607":
        return "geogname"
    if tag[:1] == "7" or tag in ("600", "601", "602"):
        kind = tag[1:] if tag[:1] == "7" else tag[2:]
        if kind in ("0", "00", "01", "02", "03"):
            return "persname"
        if kind in ("1", "10", "11", "12"):
            return "corpname"
        return "famname"
    return "subject"


# --- headings -------------------------------------------------------------------------------------

_SUBDIVISIONS: Final = frozenset("jxyz")
_NAMES: Final = frozenset(("600", "601", "602"))


def _heading(
    tag: str, code: tuple[str, ...], text: tuple[str, ...]
) -> tuple[str, list[tuple[str, bool]]]:
    """Return the wording of a heading, and each PPN in it with whether words follow it.

    A ``$3`` stands before the subfields that it identifies; words before the first one have none.
    """
    head: list[tuple[str, str]] = []
    words: list[str] = []
    parts: list[tuple[str, bool]] = []
    for mark, part in zip(code, text, strict=False):
        if mark == "3":
            parts.append((part, False))
            continue
        if mark in _SUBDIVISIONS:
            words.append(part)
        elif mark == "a" or (mark in "bcdef" and tag in _NAMES):
            head.append((mark, part))
        else:
            continue
        if parts:
            parts[-1] = (parts[-1][0], True)
        else:
            parts.append(("", True))
    first = _name(tag, *zip(*head, strict=True)) if head else ""
    return " -- ".join([first, *words] if first else words), parts


@mapping_function
def heading_wording(tag: str, code: tuple[str, ...], text: tuple[str, ...]) -> str | None:
    """Return a subject heading as one text, its subdivisions after two hyphens.

    >>> heading_wording("606", ("3", "a", "x"), ("02787088X", "Informatique", "Personnel"))
    'Informatique -- Personnel'
    """
    return _heading(tag, code, text)[0] or None


@mapping_function
def heading_node(
    tag: str, code: tuple[str, ...], text: tuple[str, ...], scope: str
) -> str | Reading | None:
    """Return the one node of a heading, which is never split, and report what it lacks.

    IdRef's where one PPN covers it all; where several do, one of ours that the row of PPNs names,
    so that the same heading is the same node in every record; else one that belongs to the record.

    Args:
        tag: the field, ``600`` to ``608``.
        code: codes of its subfields.
        text: their texts.
        scope: what a heading without identifier belongs to (``sudoc-039226859``).

    >>> heading_node("606", ("3", "a"), ("034206256", "Fibrose pulmonaire"), "sudoc-257133615")
    'http://www.idref.fr/034206256/id'
    >>> codes, texts = ("3", "a", "3", "x"), ("027790479", "Économie", "02724640X", "Périodiques")
    >>> heading_node("606", codes, texts, "sudoc-039226859")
    'base:id/concept/idref/027790479-02724640X'
    """
    wording, parts = _heading(tag, code, text)
    if not wording:
        return None
    return node_of_heading([ppn for ppn, _ in parts], wording, unimarc_element(tag, code), scope)


def node_of_heading(ppns: list[str], wording: str, element: str, scope: str) -> str | Reading:
    """Return the node of a heading from the PPN of each of its parts, ``""`` where one has none."""
    notes: list[Note] = []
    found = [identifiers.read_idref(ppn) for ppn in ppns]
    known = [one for one in found if isinstance(one, Identified)]
    for one, written in zip(found, ppns, strict=True):
        if isinstance(one, Identified):
            notes += repairs(one, written)
        elif written and one.reason == "check":
            notes.append(
                note("WrongCheckCharacter", written, scheme="IdRef (PPN)",
                     correction=one.correction or "")
            )  # fmt: skip
        elif written:
            notes.append(note("UnknownIdentifier", written, source="IdRef"))
    if found and len(known) == len(found):
        node = known[0].iri or ""
        if len(known) > 1:
            node = BASE.entity("concept", "idref", "-".join(one.value for one in known))
    else:
        if "" in ppns or not ppns:
            notes.append(note("MissingIdentifier", wording, element=element))
        kind = {"geogname": "place", "subject": "concept"}.get(element, "agent")
        node = BASE.entity(kind, scope, slug(wording))
    return Reading((node,), tuple(notes)) if notes else node


@mapping_function
def heading_parts(code: tuple[str, ...], text: tuple[str, ...]) -> list[str]:
    """Return the IdRef nodes that a heading is composed of, none where one covers it all.

    >>> heading_parts(("3", "a", "3", "x"), ("027790479", "Économie", "02724640X", "Périodiques"))
    ['http://www.idref.fr/027790479/id', 'http://www.idref.fr/02724640X/id']
    """
    return parts_of_heading([part for mark, part in zip(code, text, strict=False) if mark == "3"])


def parts_of_heading(ppns: list[str]) -> list[str]:
    """Return the nodes of the PPNs of a heading where there are several and each one holds."""
    found = [identifiers.read_idref(ppn) for ppn in ppns]
    nodes = [one.iri for one in found if isinstance(one, Identified) and one.iri]
    return nodes if len(nodes) == len(ppns) > 1 else []


# --- holdings -------------------------------------------------------------------------------------

_DESIGNATIONS: Final = {"a": "vol. ", "b": "no. ", "c": ""}
_YEAR: Final = re.compile(r"(?<![0-9])[12][0-9]{3}(?![0-9])")
_Bound = dict[str, str]


def _bounds(code: tuple[str, ...], text: tuple[str, ...]) -> list[_Bound]:
    """Split a field 955, 956 or 957 into its first and its last issue.

    A bound ends with its year, so what comes after a year, or repeats a code, begins the next one.
    """
    bounds: list[_Bound] = []
    for mark, part in zip(code, text, strict=False):
        if mark not in "abcijk":
            continue
        if not bounds or mark in bounds[-1] or "i" in bounds[-1]:
            bounds.append({})
        bounds[-1][mark] = part
    return bounds


def _bound_words(bound: _Bound) -> str:
    issue = " ".join(_DESIGNATIONS[mark] + bound[mark] for mark in "abc" if mark in bound)
    day = "-".join(bound[mark] for mark in "kji" if mark in bound)
    return " ".join(part for part in (issue, f"({day})" if day else "") if part)


@mapping_function
def coverage_wording(code: tuple[str, ...], text: tuple[str, ...], ongoing: str = "") -> str | None:
    """Return what one field 955, 956 or 957 says of a holding, in the words of the Sudoc.

    Args:
        code: codes of its subfields.
        text: their texts.
        ongoing: number of empty years, which stand for a collection that goes on.

    >>> coverage_wording(("b", "i", "b", "i"), ("84", "1977", "111", "1984"))
    'no. 84 (1977) - no. 111 (1984)'
    >>> coverage_wording(("i",), ("1981",), "1")
    '(1981)-....'
    """
    words = " - ".join(_bound_words(bound) for bound in _bounds(code, text))
    if words and _is_ongoing(ongoing):
        words += "-...."
    return words or None


@mapping_function
def coverage_node(
    record: str,
    item: str,
    tag: str,
    code: tuple[str, ...],
    text: tuple[str, ...],
    *,
    ongoing: str = "",
) -> str | None:
    """Return the node of what one field says of a holding, named by its words.

    So it stays the same when another library's fields come before it.

    Args:
        record: PPN of the record.
        item: RCR and number of the copy, joined by a colon ($5).
        tag: the field.
        code: codes of its subfields.
        text: their texts.
        ongoing: number of empty years.

    >>> coverage_node("037596225", "200962101:118374680", "955", ("b", "i"), ("84", "1977"))
    'base:id/holding/037596225/200962101/118374680/coverage/955-no-84-1977'
    """
    words = coverage_wording(code, text, ongoing)
    library, colon, copy = item.partition(":")
    if not isinstance(words, str) or not (colon and library and copy):
        return None
    return BASE.entity("holding", record, library, copy, "coverage", f"{tag}-{slug(words)}")


def _is_ongoing(empty_years: str) -> bool:
    return empty_years not in ("", "0")


def _years(code: tuple[str, ...], text: tuple[str, ...]) -> list[int]:
    written = [bound["i"] for bound in _bounds(code, text) if "i" in bound]
    years = [int(year) for part in written for year in _YEAR.findall(part)]
    return years if years and years[0] <= years[-1] else []


@mapping_function
def coverage_start(code: tuple[str, ...], text: tuple[str, ...]) -> str | None:
    """Return the first year of a holding statement.

    >>> coverage_start(("b", "i", "b", "i"), ("84", "1977", "111", "1984"))
    '1977'
    """
    years = _years(code, text)
    return str(years[0]) if years else None


@mapping_function
def coverage_end(code: tuple[str, ...], text: tuple[str, ...], ongoing: str = "") -> str | None:
    """Return the last year of a holding statement, None where the collection goes on.

    >>> coverage_end(("b", "i"), ("2210", "1991")), coverage_end(("i",), ("1981",), "1")
    ('1991', None)
    """
    years = _years(code, text)
    return str(years[-1]) if years and not _is_ongoing(ongoing) else None


@mapping_function
def coverage_open(ongoing: str) -> str | None:
    """Return ``true`` for a collection that goes on.

    >>> coverage_open("1"), coverage_open("0")
    ('true', None)
    """
    return "true" if _is_ongoing(ongoing) else None
