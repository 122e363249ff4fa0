"""Cells of sheets that people fill in: lists, references, days, numbers, truth values.

A cell may hold several values, with `` | `` between them; every function here reads each of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from collex_graph.errors import ResourceFileError
from collex_graph.mapping.functions.access_points import repairs
from collex_graph.mapping.functions.institutions import abes_id, establishment_node
from collex_graph.mapping.functions.links import ccfr_unit, web_link
from collex_graph.mapping.functions.registry import BASE, mapping_function, note, squeeze
from collex_graph.mapping.functions.title_lists import package_node
from collex_graph.mapping.suggestions import nearest
from collex_graph.model import Note, Reading, UnreadableValue
from collex_graph.rdf import identifiers
from collex_graph.rdf import iris as iris_module
from collex_graph.rdf.dates import read_day
from collex_graph.rdf.identifiers import Identified, Refused
from collex_graph.rdf.literals import canonical_decimal
from collex_graph.rdf.namespaces import expand
from collex_graph.resources import resource_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SEPARATOR: Final = "|"


def _parts(cell: str) -> list[str]:
    return [text for part in cell.split(SEPARATOR) if (text := squeeze(part))]


def each(cell: str, read: Callable[[str], str | Reading | None]) -> str | Reading | None:
    """Read every value of a cell; what cannot be read is reported, the others are kept."""
    parts = _parts(cell)
    if len(parts) == 1:
        return read(parts[0])
    values: dict[str, None] = {}
    notes: list[Note] = []
    for part in parts:
        try:
            found = read(part)
        except UnreadableValue as problem:
            notes.append(problem.note)
            continue
        if isinstance(found, Reading):
            notes += found.notes
            values.update(dict.fromkeys(found.values))
        elif found:
            values[found] = None
    return Reading(tuple(values), tuple(notes))


# --- words ---------------------------------------------------------------------------------------


@mapping_function
def cell_texts(value: str) -> str | Reading | None:
    """Return the texts of a cell.

    >>> cell_texts("Paris | Lyon").values
    ('Paris', 'Lyon')
    """
    return each(value, lambda part: part)


@mapping_function
def slug(value: str = "", otherwise: str = "") -> str | None:
    """Return the last part of a thing's IRI: the identifier that is given, else made of its name.

    >>> slug("", "Appel à projets 2021"), slug("AAP-2021", "Appel à projets")
    ('appel-a-projets-2021', 'aap-2021')
    """
    text = squeeze(value) or squeeze(otherwise)
    return iris_module.slug(text) if text else None


@mapping_function
def named(kind: str, value: str) -> str | Reading | None:
    """Return the things that a cell names by their identifiers in another sheet, or our addresses.

    Args:
        kind: what stands before the identifier in their IRIs (``campaign``).
        value: identifiers; a whole IRI of ours is taken as it is.

    >>> named("corpus", "Fonds Vitet | fonds-hadot").values
    ('base:id/corpus/fonds-vitet', 'base:id/corpus/fonds-hadot')
    """

    def read(part: str) -> str | None:
        address = _address(part)
        return address if address else BASE.entity(kind, iris_module.slug(part))

    return each(value, read)


# --- lists ---------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    """Return what two labels must share to be the same: letters and digits without accents."""
    normal = text.replace("œ", "oe").replace("Œ", "oe")
    letters = unicodedata.normalize("NFKD", normal).casefold()
    return " ".join(re.findall(r"\w+", "".join(c for c in letters if not unicodedata.combining(c))))


def _stem(text: str) -> str:
    """Return plain words without the ends of feminine and plural."""
    return " ".join(re.sub(r"(?<=\w\w\w)e?s?$", "", word) for word in _plain(text).split())


@cache
def concepts(scheme: str) -> dict[str, str]:
    """Return concept → French label of a scheme, in the order of its file.

    Raises:
        ResourceFileError: when there is no such scheme.
    """
    return {concept: labels[0] for concept, labels in _labels(scheme).items()}


@cache
def _labels(scheme: str) -> dict[str, list[str]]:
    """Return concept → its labels, the French one first, then notation and alternative ones."""
    path = resource_dir("ontology") / "vocabularies" / f"{scheme}.ttl"
    if not path.is_file():
        raise ResourceFileError(path, "there is no such concept scheme")
    order = [expand(f"skos:{name}") for name in ("prefLabel", "notation", "altLabel")]
    found: dict[str, list[tuple[int, int, str]]] = {}
    members: set[str] = set()
    for quad in parse(path.read_bytes(), RdfFormat.TURTLE, base_iri="base:"):
        subject, predicate, term = quad.subject, quad.predicate.value, quad.object
        if not isinstance(subject, NamedNode):
            continue
        if isinstance(term, Literal) and predicate in order:
            rank = (order.index(predicate), term.language != "fr", term.value)
            found.setdefault(subject.value, []).append(rank)
        elif predicate == expand("skos:inScheme") and term == NamedNode(BASE.scheme(scheme)):
            members.add(subject.value)
    return {
        concept: [label for _, _, label in sorted(labels)]
        for concept, labels in found.items()
        if concept in members
    }


@cache
def _index(scheme: str) -> dict[str, str]:
    """Return plain label → concept; of several concepts with one label, the one it names first."""
    index: dict[str, str] = {}
    stems: defaultdict[str, set[str]] = defaultdict(set)
    for concept, (first, *_) in _labels(scheme).items():
        index.setdefault(_plain(first), concept)
        index.setdefault(_plain(concept.rstrip("/").rpartition("/")[2]), concept)
    for concept, labels in _labels(scheme).items():
        for label in labels:
            index.setdefault(_plain(label), concept)
            stems[_stem(label)].add(concept)
    for stem, several in stems.items():
        if len(several) == 1:
            index.setdefault(stem, next(iter(several)))
    return index


@lru_cache(maxsize=4096)
def _concept(scheme: str, text: str) -> str | None:
    index = _index(scheme)
    if text in _labels(scheme):
        return text
    if text.startswith(("http://", "https://", "base:")):
        start = f"/vocabulary/{scheme}/"
        _, found, last = text.partition(start)
        concept = f"base:vocabulary/{scheme}/{last}"
        return concept if found and concept in _labels(scheme) else None
    return index.get(_plain(text)) or index.get(_stem(text))


def _pieces(part: str) -> list[str]:
    return [text for piece in re.split(r"[;,/]| et | and ", part) if (text := squeeze(piece))]


def _with_semicolons(scheme: str, part: str) -> list[str]:
    """Return the concepts of a part that joins them otherwise than with `` | ``."""
    pieces = _pieces(part)
    found = [_concept(scheme, piece) for piece in pieces]
    return [one for one in found if one] if len(pieces) > 1 and all(found) else []


@mapping_function
def concept(scheme: str, value: str) -> str | Reading | None:
    """Return the concepts of a scheme that a cell names by label, notation or address.

    Capitals, accents, feminine and plural do not matter. A word that the scheme lacks is reported
    with the nearest label; `unlistedConcept` keeps it.

    Args:
        scheme: name of the scheme, a file of ``ontology/vocabularies/``.
        value: the words.

    >>> concept("label-status", "labellisé")
    'base:vocabulary/label-status/labelled'
    >>> concept("label-status", "Refusée | Retirée").values
    ('base:vocabulary/label-status/refused', 'base:vocabulary/label-status/withdrawn')
    """

    def read(part: str) -> str | Reading:
        found = _concept(scheme, part)
        if found is not None:
            return found
        several = _with_semicolons(scheme, part)
        if several:
            repaired = f" {SEPARATOR} ".join(_pieces(part))
            return Reading(tuple(several), (note("OtherSeparator", part, repaired=repaired),))
        labels = {_plain(label): label for some in _labels(scheme).values() for label in some}
        near = nearest(_plain(part), labels)
        raise UnreadableValue(
            "UnlistedConcept",
            part,
            scheme=scheme,
            near=labels[near] if near else "–",
            known=_enumerated(concepts(scheme).values()),
        )

    return each(value, read)


def _enumerated(labels: Iterable[str], room: int = 400) -> str:
    """Return labels in a row, as many as there is room for; « … » stands for those left out.

    >>> _enumerated(["Labellisée", "Refusée"]), _enumerated(["Labellisée", "Refusée"], 15)
    ('Labellisée · Refusée', 'Labellisée · …')
    """
    said = " · ".join(labels)
    return said if len(said) <= room else said[:room].rpartition(" · ")[0] + " · …"


@mapping_function
def unlisted_concept(scheme: str, value: str) -> str | Reading | None:
    """Return the words of a cell that a scheme lacks, to be kept as text; `concept` reports them.

    >>> unlisted_concept("label-status", "labellisé"), unlisted_concept("label-status", "ajournée")
    (None, 'ajournée')
    """

    def read(part: str) -> str | None:
        return None if _concept(scheme, part) or _with_semicolons(scheme, part) else part

    return each(value, read)


@mapping_function
def concept_key(scheme: str, value: str) -> str | None:
    """Return the last part of the IRI of a cell's first concept; a word's slug where it has none.

    >>> concept_key("label-status", "Refusée"), concept_key("label-status", "Ajournée")
    ('refused', 'ajournee')
    """
    for part in _parts(value):
        found = _concept(scheme, part) or next(iter(_with_semicolons(scheme, part)), None)
        return found.rpartition("/")[2] if found else iris_module.slug(part)
    return None


# --- references ----------------------------------------------------------------------------------


def _address(text: str) -> str | None:
    """Return the IRI of a thing of ours for its address, on whatever host it was copied from.

    >>> _address("http://127.0.0.1:8080/id/fonds/Fonds_5229?lang=fr")
    'base:id/fonds/Fonds_5229'
    """
    found = re.fullmatch(r"(?:https?://[^/]+(?:/[^/]+)*?)?/?(id/[a-z-]+/[^?#\s]+)(?:[?#].*)?", text)
    if found is None:
        return None
    _, kind, *local = found[1].rstrip("/").split("/")
    return BASE.entity(kind, *map(unquote, local)) if local else None


# an identifier of CCFr and of finding aids: no spaces, and at least one digit
_UNIT: Final = re.compile(r"(?=[^0-9]*[0-9])[A-Za-z][\w.-]*", re.ASCII)


@mapping_function
def unit(value: str) -> str | Reading | None:
    """Return the described units or documents of a cell: identifier of CCFr, ARK, PPN, our address.

    >>> unit("FRFONDS-751132108-1756"), unit("Fonds_5229")
    ('base:id/fonds/FRFONDS-751132108-1756', 'base:id/fonds/Fonds_5229')
    >>> unit("https://www.sudoc.fr/037596225")
    'https://www.sudoc.fr/037596225/id'
    """
    return each(value, _unit_of)


@lru_cache(maxsize=16)
def _unit_of(part: str) -> str | Reading:
    """Read one unit; the rules of a sheet ask for the same one several times a row."""
    if found := _address(part):
        return found
    if "ark:" in part and (found_unit := ccfr_unit(part)):
        return found_unit
    document = identifiers.read_sudoc(part)
    if isinstance(document, Identified) and document.iri:
        notes = tuple(repairs(document, part)) if "leading zero" in document.repairs else ()
        return Reading((document.iri,), notes) if notes else document.iri
    if _UNIT.fullmatch(part):
        return BASE.entity("fonds", part)
    raise UnreadableValue("UnusableUnit", part)


@mapping_function
def unit_key(value: str) -> str | None:
    """Return the last part of the IRI of the first unit of a cell; `unit` reports.

    >>> unit_key("https://ccfr.bnf.fr/portailccfr/ark:/06871/006FRFONDS-751132108-660")
    'FRFONDS-751132108-660'
    """
    found = _first(unit, value)
    if found is None:
        return None
    last = found.removesuffix("/id").rpartition("/")[2]
    return unquote(last)


def _first(read: Callable[[str], str | Reading | None], cell: str) -> str | None:
    for part in _parts(cell):
        try:
            found = read(part)
        except UnreadableValue:
            continue
        values = found.values if isinstance(found, Reading) else (found,)
        if values and values[0]:
            return values[0]
    return None


def _library(part: str) -> str | Reading | None:
    """Return the library of an RCR, or of eight digits whose zero a spreadsheet has taken."""
    found = identifiers.read_rcr(part)
    if isinstance(found, Refused):
        # the first two digits are a département: 01 to 09 for a number that began with a zero
        if not found.correction or found.correction[1] == "0":
            return None
        restored = note("LostLeadingZero", part, identifier=found.correction, scheme="RCR")
        return Reading((BASE.entity("library", found.correction),), (restored,))
    return BASE.entity("library", found.value)


def _prefixed(part: str) -> tuple[str, str]:
    """Split « RCR 751132108 » or « siren:775663958 » into the registry and the number."""
    found = re.fullmatch(r"(rcr|isil|uai|rne|siren|ror|idref|ppn|abes)\s*[:\s]\s*(.+)", part, re.I)
    return (found[1].lower(), found[2]) if found else ("", part)


@mapping_function
def institution(value: str) -> str | Reading | None:
    """Return the libraries and establishments of a cell, by any identifier of theirs.

    Nine digits alone are an RCR: nothing tells them from a SIREN, which is written « SIREN … ».
    A PPN of IdRef is written as its address, or « IdRef … ».

    >>> institution("751132108"), institution("0751717J")
    ('base:id/library/751132108', 'base:id/establishment/0751717J')
    >>> institution("https://ror.org/02dga6j42"), institution("IdRef 026403587")
    ('base:id/establishment/ror-02dga6j42', 'base:id/establishment/idref-026403587')
    >>> institution("10536101").values
    ('base:id/library/010536101',)
    """

    def read(part: str) -> str | Reading | None:
        if found := _address(part):
            return found
        registry, number = _prefixed(part)
        node: str | Reading | None = None
        if registry in ("", "idref", "ppn") and (registry or "idref.fr" in number):
            person = identifiers.read_idref(number)
            if isinstance(person, Identified):
                node = BASE.entity("establishment", f"idref-{person.value}")
        elif registry == "siren":
            node = establishment_node(siren=number)
        elif registry == "abes" or number.upper().startswith(("ABES", "UID:/ABES")):
            node = establishment_node(abes=str(abes_id(number)))
        elif registry == "ror" or "ror.org" in number:
            node = establishment_node(ror=number)
        elif registry in ("uai", "rne") or re.fullmatch(r"[0-9]{7}[A-Za-z]", number):
            node = establishment_node(uai=number)
            if node is None:
                wrong = identifiers.read_uai(number)
                correction = (wrong.correction if isinstance(wrong, Refused) else "") or ""
                raise UnreadableValue(
                    "WrongCheckCharacter", part, scheme="UAI", correction=correction
                )
        else:
            node = _library(number) or establishment_node(ror=number)
        if node is None and not any(character.isdigit() for character in part):
            # it may be a person's name: no report quotes it
            raise UnreadableValue("NameInsteadOfInstitution", "")
        if node is None:
            raise UnreadableValue("UnusableInstitution", part)
        return node

    return each(value, read)


@mapping_function
def institution_key(value: str) -> str | None:
    """Return the last part of the IRI of the first institution of a cell; `institution` reports.

    >>> institution_key("0751717J")
    '0751717J'
    """
    found = _first(institution, value)
    return found.rpartition("/")[2] if found else None


@mapping_function
def institution_match(value: str) -> str | Reading | None:
    """Return the authority's IRI for institutions that are named by IdRef or ROR.

    It makes one node of them and of the institution that another source says to match it.

    >>> institution_match("https://ror.org/02dga6j42"), institution_match("751132108")
    ('https://ror.org/02dga6j42', None)
    """

    def read(part: str) -> str | None:
        key = institution_key(part) or ""
        scheme, _, number = key.partition("-")
        if scheme == "ror":
            return f"https://ror.org/{number}"
        return f"http://www.idref.fr/{number}/id" if scheme == "idref" else None

    return each(value, read)


@mapping_function
def packages(value: str) -> str | Reading | None:
    """Return the packages that a cell names as their KBART lists are named, with a date or without.

    >>> packages("CUP_COUPERIN_ALLJOURNALS_2026-03-08 | persee").values
    ('base:id/package/CUP_COUPERIN_ALLJOURNALS', 'base:id/package/persee')
    """
    return each(value, lambda part: _address(part) or package_node(part.removesuffix(".txt")))


@mapping_function
def web_links(value: str) -> str | Reading | None:
    """Return the addresses of a cell; one that begins with ``www.`` gets its scheme, reported.

    >>> web_links("https://www.persee.fr/ | https://www.istex.fr/").values
    ('https://www.persee.fr/', 'https://www.istex.fr/')
    """

    def read(part: str) -> str | Reading | None:
        if re.match(r"www\.\w", part, re.I):
            found = web_link(f"https://{part}")
            iri = found.values[0] if isinstance(found, Reading) else found
            return Reading((iri,), (note("RepairedLink", part, iri=iri),))
        return web_link(part)

    return each(value, read)


# --- days, numbers, truth values -----------------------------------------------------------------

_MONTHS: Final = {
    name: number
    for names, number in (
        ("janvier janv jan january", 1), ("février fevrier févr fevr fev february feb", 2),
        ("mars march mar", 3), ("avril avr april apr", 4), ("mai may", 5), ("juin june jun", 6),
        ("juillet juil july jul", 7), ("août aout august aug", 8),
        ("septembre sept september sep", 9), ("octobre oct october", 10),
        ("novembre nov november", 11), ("décembre decembre déc dec december", 12),
    )
    for name in names.split()
}  # fmt: skip
_SERIAL: Final = re.compile(r"([1-9][0-9]{4})(?:[.,][0-9]+)?", re.ASCII)
_IN_WORDS: Final = re.compile(
    r"(?:(?:[^\W\d_]+\s+)?(?P<day>[0-9]{1,2})(?:er)?\s+)?(?P<month>[^\W\d_]+)\.?\s+(?P<year>[0-9]{4})"
)
_IN_FIGURES: Final = re.compile(
    r"(?P<day>[0-9]{1,2})[-/. ](?P<month>[0-9]{1,2})[-/. ](?P<year>[0-9]{4}|[0-9]{2})", re.ASCII
)
_MONTH_AND_YEAR: Final = re.compile(
    r"(?P<m>0?[1-9]|1[0-2])[/.-](?P<y>[0-9]{4})|(?P<y2>[0-9]{4})[/.-](?P<m2>0?[1-9]|1[0-2])",
    re.ASCII,
)
_FIRST_SERIAL_DAY: Final = date(1899, 12, 30)


def _day(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _edge(year: int, month: int | None, edge: str) -> str:
    """Return the first or the last day of a month or a year."""
    if edge == "start":
        return f"{year:04}-{month or 1:02}-01"
    following = date(year + (month or 12) // 12, (month or 12) % 12 + 1, 1)
    return (following - timedelta(days=1)).isoformat()


@mapping_function
def calendar_day(value: str, edge: str = "") -> str | Reading | None:
    """Return a day as xsd:date, however people write it: « 12/03/2021 », « 12 mars 2021 », 44267.

    A number is read as spreadsheets count days, and reported. A month or a year alone is no day: it
    is read as its first or last one where ``edge`` says which, and reported either way with its
    form in EDTF. The day stands before the month.

    Args:
        value: the cell.
        edge: ``start`` for the first day of an interval, ``end`` for the last.

    >>> calendar_day("12/03/2021"), calendar_day("1er mars 2021"), calendar_day("2021-03-12")
    ('2021-03-12', '2021-03-01', '2021-03-12')
    >>> calendar_day("44267").values, calendar_day("mars 2021", "end").values
    (('2021-03-12',), ('2021-03-31',))
    >>> calendar_day("2021-03-12 0:00:00")  # a day and its hour, as LibreOffice writes them
    '2021-03-12'
    """
    text = squeeze(value)
    if not text:
        return None
    plain = re.sub(r"[T ][0-9]{1,2}:[0-9]{2}(:[0-9.]+)?Z?$", "", text)
    day = read_day(plain)
    if day is not None:
        return day
    if found := _SERIAL.fullmatch(text):
        day = (_FIRST_SERIAL_DAY + timedelta(days=int(found[1]))).isoformat()
        return Reading((day,), (note("NumberAsDay", text, day=day),))
    year, month = 0, None
    meant = ""
    if found := _IN_WORDS.fullmatch(plain):
        month = _MONTHS.get(found["month"].casefold())
        if month is not None:
            year = int(found["year"])
            if found["day"]:
                day = _day(year, month, int(found["day"]))
                if day is not None:
                    return day
                month, year = None, 0
    elif found := _IN_FIGURES.fullmatch(plain):
        figures = int(found["day"]), int(found["month"]), int(found["year"])
        if len(found["year"]) == 4:
            day = _day(figures[2], figures[1], figures[0])
            if day is not None:
                return day
            meant = _day(figures[2], figures[0], figures[1]) or ""
        else:
            meant = _day(2000 + figures[2], figures[1], figures[0]) or ""
    elif found := _MONTH_AND_YEAR.fullmatch(plain):
        year, month = int(found["y"] or found["y2"]), int(found["m"] or found["m2"])
    elif re.fullmatch(r"(?:19|20)[0-9]{2}", plain):
        year = int(plain)
    if not year:
        raise UnreadableValue("UnreadableCellDay", text, meant=meant or "AAAA-MM-JJ")
    edtf = f"{year:04}" if month is None else f"{year:04}-{month:02}"
    if edge not in ("start", "end"):
        raise UnreadableValue("DayMissing", text, edtf=edtf)
    day = _edge(year, month, edge)
    return Reading((day,), (note("DayCompleted", text, edtf=edtf, day=day),))


_TRUE: Final = frozenset(["oui", "o", "vrai", "true", "yes", "y", "x", "1", "✓", "✔", "ok"])
_FALSE: Final = frozenset(["non", "n", "faux", "false", "no", "0"])


@mapping_function
def truth(value: str) -> str | None:
    """Return ``true`` or ``false`` for « oui », « non », « vrai », « x », 1, 0 and the like.

    >>> truth("Oui"), truth("FAUX")
    ('true', 'false')
    """
    text = squeeze(value).casefold()
    if not text:
        return None
    if text in _TRUE:
        return "true"
    if text in _FALSE:
        return "false"
    raise UnreadableValue("UnreadableTruth", value)


def _number(value: str) -> str | None:
    """Return a number as xsd:decimal writes it; spaces may group its digits, a comma may stand."""
    text = re.sub(r"(?<=[0-9])[\s  ](?=[0-9]{3}(?:\D|$))", "", squeeze(value))
    percent = text.endswith("%")
    text = text.removesuffix("%").strip()
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    if not re.fullmatch(r"[+-]?[0-9]+(?:\.[0-9]+)?", text, re.ASCII):
        return None
    if percent:
        sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text.lstrip("+"))
        whole, _, rest = digits.partition(".")
        whole = whole.rjust(3, "0")
        text = f"{sign}{whole[:-2]}.{whole[-2:]}{rest}"
    return canonical_decimal(text)


@mapping_function
def decimal_number(value: str) -> str | None:
    """Return a number as xsd:decimal, written as in France or as in a programme; ``95 %`` is 0.95.

    >>> decimal_number("0,95"), decimal_number("95 %"), decimal_number("1 234,5")
    ('0.95', '0.95', '1234.5')
    """
    if not value.strip():
        return None
    found = _number(value)
    if found is None:
        raise UnreadableValue("UnreadableNumber", value)
    return found


@mapping_function
def whole_number(value: str) -> str | None:
    """Return a whole number as xsd:integer.

    >>> whole_number("1 234"), whole_number("12,0")
    ('1234', '12')
    """
    if not value.strip():
        return None
    found = _number(value)
    whole, _, rest = (found or "").partition(".")
    if found is None or rest.strip("0"):
        raise UnreadableValue("UnreadableNumber", value)
    return whole
