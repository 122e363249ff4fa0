"""The functions that mapping documents call, each under its name in ``collex-fn:``.

Every one is pure: texts in, texts out, nothing read but our own concordances. None, an empty text
or an empty list mean "no statement, no problem". What was repaired on the way is a `Note` of the
`Reading`; what cannot be read raises `UnreadableValue`, which leaves out the statement alone. Both
name a rule of ``shapes/readings.ttl``, where its severity and its words stand.

In a mapping document a function and its parameters have the names below in camel case
(``start_year`` is ``collex-fn:startYear``). A parameter with a default is optional; one that is a
tuple receives all the values of its references at once. A result that starts with ``base:`` is
completed with the base of our IRIs by the engine.

Where several functions read the same value (a start and an end year), one of them reports and the
others stay silent, so that a defect is told once; the docstrings say which.
"""

from __future__ import annotations

import calendar
import csv
import inspect
import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote

import langcodes

from collex_graph.errors import ResourceFileError
from collex_graph.model import Note, Reading, UnreadableValue
from collex_graph.rdf import dates, identifiers
from collex_graph.rdf.identifiers import Identified, Refused
from collex_graph.rdf.iris import Iris, slug
from collex_graph.rdf.literals import canonical_decimal
from collex_graph.rdf.namespaces import expand
from collex_graph.resources import resource_dir

if TYPE_CHECKING:
    from collections.abc import Callable

Result = str | list[str] | tuple[str, ...] | Reading | None
F = TypeVar("F", bound="Callable[..., Result]")


@dataclass(frozen=True)
class MappingFunction:
    """A function as the engine calls it.

    Attributes:
        name: its local name in ``collex-fn:``.
        call: the function; takes its parameters by keyword.
        parameters: their names.
        all_values: those that receive all values of their references, as a tuple.
        optional: those that get ``""`` (or ``()``) when they have no value; without a value for
            any other one the function is not called.
    """

    name: str
    call: Callable[..., Result]
    parameters: tuple[str, ...]
    all_values: frozenset[str]
    optional: frozenset[str]


FUNCTIONS: Final[dict[str, MappingFunction]] = {}
"""Every mapping function by its local name."""

_BASE: Final = Iris("base:")


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _mapping_function(function: F) -> F:
    """Enter a function in the registry, under its name in camel case."""
    parameters = inspect.signature(function).parameters
    name = _camel(function.__name__)
    FUNCTIONS[name] = MappingFunction(
        name=name,
        call=function,
        parameters=tuple(parameters),
        all_values=frozenset(
            p.name for p in parameters.values() if p.annotation == "tuple[str, ...]"
        ),
        optional=frozenset(p.name for p in parameters.values() if p.default is not p.empty),
    )
    return function


def _note(rule: str, value: str, **arguments: str) -> Note:
    return Note(rule, value, tuple(sorted(arguments.items())))


def _squeeze(text: str) -> str:
    """Return the text with single spaces, no-break and thin ones included."""
    return " ".join(text.split())


@lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    """Return what two wordings must share to be the same in a concordance."""
    return _squeeze(unicodedata.normalize("NFC", text).replace("’", "'")).casefold()


@cache
def _concordance(table: str) -> dict[str, str]:
    """Return folded wording → concept of a concordance, ``""`` where it gives none on purpose.

    Raises:
        ResourceFileError: when there is no such table or a line of it cannot be used.
    """
    folder = resource_dir("mappings")
    path = (folder / table).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise ResourceFileError(folder / table, "no such concordance; give its path in mappings/")
    found: dict[str, str] = {}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        if not {"wording", "concept"} <= set(reader.fieldnames or ()):
            raise ResourceFileError(path, "expected the columns wording, concept, note", line=1)
        for row in reader:
            wording, concept = _folded(row["wording"]), row["concept"].strip()
            if not wording or wording in found:
                problem = "an empty wording" if not wording else f"{wording!r} is there twice"
                raise ResourceFileError(path, problem, line=reader.line_num)
            if concept and not concept.startswith(("base:", "http://", "https://")):
                try:
                    concept = expand(concept)
                except KeyError:
                    problem = f"no declared prefix in {concept!r}"
                    raise ResourceFileError(path, problem, line=reader.line_num) from None
            found[wording] = concept
    return found


# --- texts ---------------------------------------------------------------------------------------


@_mapping_function
def not_empty(value: tuple[str, ...]) -> str | None:
    """Return ``true`` when one of the values holds something else than white space.

    >>> not_empty(("", "Don")), not_empty((" ",))
    ('true', None)
    """
    return "true" if any(text.strip() for text in value) else None


@_mapping_function
def first(
    value: tuple[str, ...] = (), otherwise: tuple[str, ...] = (), lastly: tuple[str, ...] = ()
) -> str | None:
    """Return the first value that is not empty, in the order of the parameters.

    >>> first((" ",), ("Catalogue",))
    'Catalogue'
    """
    return next((text for text in (*value, *otherwise, *lastly) if text.strip()), None)


@_mapping_function
def paragraphs(value: tuple[str, ...]) -> str | None:
    r"""Return the paragraphs as one text, an empty line between two.

    >>> paragraphs(("Premier.", " ", "Second."))
    'Premier.\n\nSecond.'
    """
    return "\n\n".join(text.strip() for text in value if text.strip()) or None


# --- concordances --------------------------------------------------------------------------------


@_mapping_function
def lookup(table: str, value: str) -> str | None:
    """Return the concept that a concordance gives for a wording, and report one it lacks.

    Args:
        table: path of the CSV in ``mappings/`` (columns wording, concept, note). A row without a
            concept is a wording that has none on purpose.
        value: the wording; capitals, accents' encoding and spaces do not matter.

    >>> lookup("ccfr/document-types.csv", "cartes  et plans")
    'base:vocabulary/document-type/cartes-et-plans'
    """
    if not value.strip():
        return None
    concept = _concordance(table).get(_folded(value))
    if concept is None:
        raise UnreadableValue("UnlistedWording", value, table=table)
    return concept


@_mapping_function
def unlisted(table: str, value: str) -> str | None:
    """Return the wording that a concordance lacks, to be kept as text; `lookup` reports it.

    >>> unlisted("ccfr/document-types.csv", "Phonogrammes")
    'Phonogrammes'
    """
    return None if _folded(value) in _concordance(table) else _squeeze(value)


@_mapping_function
def role(code: str) -> str | Reading:
    """Return the property of a role: UNIMARC code (``mappings/ccfr/roles.csv``) or word.

    UNIMARC Bibliographic, appendix C, has the codes; D25: the sources mix them with words.

    >>> role("390")
    'http://id.loc.gov/vocabulary/relators/fmo'
    >>> role("producteur").values
    ('https://www.ica.org/standards/RiC/ontology#hasOrganicProvenance',)
    """
    term = _concordance("ccfr/roles.csv").get(_folded(code))
    if not term:
        raise UnreadableValue("UnknownRole", code)
    if not code.strip().isdigit():
        return Reading((term,), (_note("RoleInWords", code, role=term),))
    return term


@_mapping_function
def discipline(text: str) -> str | None:
    """Return the concept of a discipline, for a subject that ends with « (discipline) ».

    >>> discipline("Histoire (discipline)")
    'base:vocabulary/discipline/histoire'
    >>> discipline("Histoire") is None
    True
    """
    found = _DISCIPLINE.fullmatch(_squeeze(text))
    if found is None:
        return None
    concept = _concordance("ccfr/disciplines.csv").get(_folded(found[1]))
    if not concept:
        raise UnreadableValue("UnknownDiscipline", text)
    return concept


_DISCIPLINE: Final = re.compile(r"(.+?) ?\(discipline\)", re.IGNORECASE)


@_mapping_function
def acquisition_modes(text: str) -> list[str]:
    """Return the ways of acquisition that a text names at the start of one of its parts.

    A part begins the text or follows a comma, a semicolon, a full stop or « et »; so the donor's
    story that follows « Don de… » is not searched for other words.

    >>> acquisition_modes("Achat(s), Don(s)")
    ['base:vocabulary/acquisition-mode/achat', 'base:vocabulary/acquisition-mode/don']
    >>> acquisition_modes("Acquisitions")
    []
    """
    modes = _concordance("ccfr/acquisition-modes.csv")
    found: dict[str, None] = {}
    for part in re.split(r"[,;./\n]|\bet\b", text):
        word = re.match(r"\s*([^\W\d_]+)", part)
        if word is not None and (mode := _by_either_number(modes, word[1])):
            found[mode] = None
    return list(found)


def _by_either_number(concepts: dict[str, str], words: str) -> str:
    """Return the concept of a wording, in the plural (« (s) » included) or in the singular."""
    plain = _folded(words).replace("(s)", "s").replace("(x)", "x")
    singular = " ".join(re.sub(r"(?<=\w\w\w)[sx]$", "", word) for word in plain.split())
    return concepts.get(plain) or concepts.get(singular, "")


# --- dates ---------------------------------------------------------------------------------------


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


@_mapping_function
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
        notes.append(_note("UnreadableNormalDate", normal, text=text))
    if day := _impossible_day(normal if written else text):
        notes.append(_note("ImpossibleDay", normal if written else text, day=day))
    if period.repair == "hyphen interval":
        repaired = normal if normal.strip() else text
        bounds = f"{period.start}/{'..' if period.end is None else period.end}"
        notes.append(_note("HyphenInterval", repaired, repaired=bounds))
    start = () if period.start is None else (str(period.start),)
    return Reading(start, tuple(notes)) if notes else start[0] if start else None


@_mapping_function
def end_year(normal: str = "", text: str = "") -> str | None:
    """Return the last year, nothing for an open end; `start_year` reports.

    >>> end_year("1930/1970"), end_year("1400/9999")
    ('1970', None)
    """
    period = _period(normal, text)
    return None if period is None or period.end is None else str(period.end)


@_mapping_function
def open_end(normal: str = "", text: str = "") -> str | Reading | None:
    """Return ``true`` for a period that goes on, and report how its openness was written.

    >>> open_end("1400/9999").values, open_end("1930/1970")
    (('true',), None)
    """
    period = _period(normal, text)
    if period is None or not period.open_end:
        return None
    if period.repair == "9999":
        return Reading(("true",), (_note("OpenEndAs9999", normal, start=str(period.start)),))
    if period.repair == "no end":
        return Reading(("true",), (_note("OpenEndUnmarked", normal, start=str(period.start)),))
    return "true"


@_mapping_function
def date_agreement(normal: str, text: str) -> Reading | None:
    """Say nothing, and report a displayed date that contradicts its normalised form.

    >>> date_agreement("1950/1963", "Années 1960").notes[0].rule
    'DatesDisagree'
    """
    if normal.strip() and text.strip() and dates.disagree(normal, text):
        return Reading((), (_note("DatesDisagree", text, normal=normal),))
    return None


@_mapping_function
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
        return Reading((day,), (_note("EmptyNormalDate", text, day=day),))
    if text.strip():
        raise UnreadableValue("UnreadableDay", text)
    if empty.strip():
        return Reading((), (_note("EmptyDate", _squeeze(empty.replace("_", " "))),))
    return None


# --- languages -----------------------------------------------------------------------------------

# ISO 639-2: bibliographic codes that differ from the terminological ones, which ISO 639-3 uses.
_BIBLIOGRAPHIC: Final = {
    "alb": "sqi", "arm": "hye", "baq": "eus", "bur": "mya", "chi": "zho", "cze": "ces",
    "dut": "nld", "fre": "fra", "geo": "kat", "ger": "deu", "gre": "ell", "ice": "isl",
    "mac": "mkd", "mao": "mri", "may": "msa", "per": "fas", "rum": "ron", "slo": "slk",
    "tib": "bod", "wel": "cym",
}  # fmt: skip
# Codes that the ISO 639-2 registration authority withdrew (« Code changes »).
_OBSOLETE: Final = {"scc": "srp", "scr": "hrv", "mol": "ron", "jaw": "jav"}
# Codes of groups of languages (ISO 639-5): ISO 639-3 has none, so Lexvo has no node of that kind.
_COLLECTIVE: Final = frozenset((
    "aav", "afa", "alg", "alv", "apa", "aqa", "aql", "art", "ath", "auf", "aus", "awd", "azc",
    "bad", "bai", "bat", "ber", "bih", "bnt", "btk", "cai", "cau", "cba", "ccn", "ccs", "cdc",
    "cdd", "cel", "cmc", "cpe", "cpf", "cpp", "crp", "csu", "cus", "day", "dmn", "dra", "egx",
    "esx", "euq", "fiu", "fox", "gem", "gme", "gmq", "gmw", "grk", "him", "hmx", "hok", "hyx",
    "iir", "ijo", "inc", "ine", "ira", "iro", "itc", "jpx", "kar", "kdo", "khi", "kro", "map",
    "mkh", "mno", "mun", "myn", "nah", "nai", "ngf", "nic", "nub", "omq", "omv", "oto", "paa",
    "phi", "plf", "poz", "pqe", "pqw", "pra", "qwe", "roa", "sai", "sal", "sdv", "sem", "sgn",
    "sio", "sit", "sla", "smi", "son", "sqj", "ssa", "syd", "tai", "tbq", "trk", "tup", "tut",
    "tuw", "urj", "wak", "wen", "xgn", "xnd", "ypk", "zhx", "zle", "zls", "zlw", "znd",
))  # fmt: skip
_PRIVATE_USE: Final = re.compile("q[a-t][a-z]")


@lru_cache(maxsize=1024)
def _language(code: str) -> tuple[str, str]:
    """Return (rule, ISO 639-3 code); the rule is ``""`` where there is nothing to say."""
    if code in _OBSOLETE:
        return "ObsoleteLanguageCode", _OBSOLETE[code]
    if code in _COLLECTIVE:
        return "CollectiveLanguageCode", ""
    if len(code) == 3 and code in _BIBLIOGRAPHIC:
        return "", _BIBLIOGRAPHIC[code]
    if re.fullmatch("[a-z]{2,3}", code) and not _PRIVATE_USE.fullmatch(code):
        known = langcodes.Language.get(code)
        if known.is_valid():
            return "", code if len(code) == 3 else known.to_alpha3()
    return "UnknownLanguageCode", ""


@_mapping_function
def language(code: str) -> str | Reading | None:
    """Return the Lexvo IRI of an ISO 639 code: two letters, or three of 639-2/B, 639-2/T, 639-3.

    Lexvo names languages by ISO 639-3. D21: withdrawn codes are mapped and reported.

    >>> language("fre"), language("per")
    ('http://lexvo.org/id/iso639-3/fra', 'http://lexvo.org/id/iso639-3/fas')
    >>> language("scc").values
    ('http://lexvo.org/id/iso639-3/srp',)
    """
    plain = code.strip().lower()
    if not plain:
        return None
    rule, found = _language(plain)
    if not found:
        raise UnreadableValue(rule, code)
    iri = expand("lexvo:") + found
    if rule:
        return Reading((iri,), (_note("ObsoleteLanguageCode", code, code=found),))
    return iri


# --- access points -------------------------------------------------------------------------------

# « 150.195 Psychanalyse »: a Dewey index before a label that starts with a capital.
_INDEX: Final = re.compile(r"([0-9]{3}(?:\.[0-9]+)?) (?=[^\W\d_])(?=\W*(\w))")


@lru_cache(maxsize=8192)
def _label(text: str) -> tuple[str, str, str]:
    """Split a subject label into index, wording and extent, each ``""`` where there is none."""
    label, index, extent = _squeeze(text), "", ""
    found = _INDEX.match(label)
    if found is not None and found[2].isupper():
        index, label = found[1], label[found.end() :]
    key, colon, tail = label.rpartition(" : ")
    if colon and key:
        measured = _MEASURED.fullmatch(tail.rstrip(". "))
        if measured is not None and _unit(measured["unit"] or ""):
            label, extent = key, tail.rstrip(". ")
    return index, label, extent


@_mapping_function
def wording_of(text: str) -> str | None:
    """Return the wording of an access point without Dewey index or extent.

    « (discipline) » stays: it is part of the heading.

    >>> wording_of("150.195 Psychanalyse"), wording_of("Belles-lettres : 91 volumes")
    ('Psychanalyse', 'Belles-lettres')
    """
    return _label(text)[1] or None


@_mapping_function
def notation_of(text: str) -> Reading | None:
    """Return the Dewey index at the head of a label, and report it.

    >>> notation_of("150.195 Psychanalyse").values
    ('150.195',)
    """
    index = _label(text)[0]
    return Reading((index,), (_note("IndexInLabel", text, index=index),)) if index else None


@_mapping_function
def extent_in_label(text: str) -> Reading | None:
    """Return the extent at the end of a label, and report it.

    >>> extent_in_label("Belles-lettres : 91 volumes").values
    ('91 volumes',)
    """
    extent = _label(text)[2]
    return Reading((extent,), (_note("ExtentInLabel", text, extent=extent),)) if extent else None


_KINDS: Final = {
    "persname": "agent", "corpname": "agent", "famname": "agent", "name": "agent",
    "geogname": "place",
}  # fmt: skip
_SCHEME_NAMES: Final = {
    "idref": "IdRef (PPN)", "sudoc": "Sudoc (PPN)", "bnf": "BnF (ARK)", "persee": "Persée",
    "rcr": "RCR", "uai": "UAI", "siren": "SIREN", "ror": "ROR", "isni": "ISNI",
    "wikidata": "Wikidata",
}  # fmt: skip


def _authority(identifier: str, source: str, *, person: bool) -> Identified | Refused:
    """Read an identifier by the first scheme whose form it has."""
    folded = identifier.casefold()
    bare = not re.search("[:/]", identifier)
    if "idref" in folded or (bare and _folded(source) in ("idref", "sudoc", "")):
        return identifiers.read_idref(identifier)
    if "sudoc.fr" in folded:
        return identifiers.read_sudoc(identifier)
    if "persee.fr" in folded:
        return identifiers.read_persee(identifier)
    return identifiers.read_bnf(identifier, person=person)


@_mapping_function
def authority_node(
    element: str, wording: str = "", holder: str = "", identifier: str = "", source: str = ""
) -> str | Reading | None:
    """Return the node that an access point refers to, and report all that is odd about it.

    The authority's IRI where there is an identifier that holds: IdRef, data.bnf.fr, Persée, Sudoc;
    else ``base:id/{concept|agent|place}/{holder}/{slug of the wording}``, never shared between
    holders. A wrong check character therefore gives the local node, and the correction.

    Args:
        element: EAD element (``subject``, ``persname``…), which says the kind of a local node and
            whether a BnF ARK means the person.
        wording: the label.
        holder: RCR of the library that holds the unit.
        identifier: ``@authfilenumber`` as written; several may be joined by commas.
        source: ``@source`` as written.

    >>> authority_node("subject", "Études iraniennes", "751132108", "https://www.idref.fr/028056663")
    'http://www.idref.fr/028056663/id'
    >>> authority_node("geogname", "Quimperlé", "290192210").values
    ('base:id/place/290192210/quimperle',)
    """
    notes: list[Note] = []
    nodes: list[str] = []
    given = [part for part in re.split("[,;]", identifier) if part.strip()]
    if not given and not wording.strip():
        return None
    if not given:
        notes.append(_note("MissingIdentifier", wording, element=element))
    elif len(given) > 1:
        notes.append(_joined(identifier, given))
    for part in given:
        found = _authority(part, source, person=element == "persname")
        if isinstance(found, Refused):
            notes.append(_refusal(found, part, source))
            continue
        if found.iri is not None:
            nodes.append(found.iri)
        notes.extend(_source_notes(source, found, part))
        notes.extend(_repairs(found, part))
    if not nodes and wording.strip() and holder.strip():
        nodes.append(
            _BASE.entity(_KINDS.get(element, "concept"), _holder(holder), slug(_label(wording)[1]))
        )
    return Reading(tuple(nodes), tuple(notes)) if notes else nodes[0] if nodes else None


def _joined(written: str, parts: list[str]) -> Note:
    read = ", ".join(_squeeze(part) for part in parts)
    return _note("JoinedIdentifiers", written, count=str(len(parts)), read=read)


@lru_cache(maxsize=1024)
def _holder(text: str) -> str:
    found = identifiers.read_rcr(text)
    return found.value if isinstance(found, Identified) else _squeeze(text)


def _source_notes(source: str, found: Identified, written: str) -> list[Note]:
    """Say how ``@source`` and the identifier go together."""
    actual = _SCHEME_NAMES[found.scheme].partition(" ")[0]
    if source.strip() in (actual, ""):
        return []
    # A PPN under « Sudoc » is an authority all the same: the Sudoc is indexed with IdRef.
    named = "idref" if _folded(source) == "sudoc" else _folded(source)
    if named != actual.casefold() and named in ("idref", "bnf", "persée"):
        return [_note("SourceContradicted", source, identifier=written, actual=actual)]
    return [_note("SourceSpelling", source, expected=actual, identifier=written)]


def _refusal(found: Refused, written: str, source: str) -> Note:
    if found.reason == "check":
        return _note(
            "WrongCheckCharacter",
            written,
            scheme=_SCHEME_NAMES[found.scheme],
            correction=found.correction or "",
        )
    return _note("UnknownIdentifier", written, source=source)


def _repairs(found: Identified, written: str) -> list[Note]:
    notes = []
    if "leading zero" in found.repairs:
        scheme = _SCHEME_NAMES[found.scheme]
        notes.append(_note("LostLeadingZero", written, identifier=found.value, scheme=scheme))
    if "spelling" in found.repairs:
        notes.append(_note("IdentifierSpelling", written, canonical=found.iri or found.value))
    return notes


# --- extents -------------------------------------------------------------------------------------

_NUMBER: Final = r"[0-9]{1,3}(?: [0-9]{3})+(?:,[0-9]+)?|[0-9]+(?:[.,][0-9]+)?"
_MEASURED: Final = re.compile(rf"(?P<number>{_NUMBER}) ?(?P<unit>[^\W\d_][^\d:;,]*)?")
_MEASURE: Final = re.compile(rf"(?<![\w.,])(?:{_NUMBER}) ?[^\W\d_]")
_HEADING: Final = re.compile(r"(Volume total|Autre volumétrie|Volumétrie par [\w ]+?) ?: ?", re.I)
_INEXACT: Final = re.compile(
    r"\b(?:moins|plus|près|quelques?|environ|env\.?|vers|entre|une? (?:dizaine|trentaine|quinzaine|"
    r"vingtaine|quarantaine|cinquantaine|soixantaine|centaine|millier))\b|[~±<>]",
    re.IGNORECASE,
)
_CRITERIA: Final = {
    "volume total": "total",
    "autre volumétrie": "autre",
    "volumétrie par langue": "langue",
    "volumétrie par type de document": "type-de-document",
    "volumétrie par période": "periode",
    "volumétrie par thème": "theme",
}


@dataclass(frozen=True, slots=True)
class _Extent:
    """An extent taken apart; ``problem`` is the rule that says why there is no quantity."""

    wording: str
    heading: str = ""
    repeated: bool = False
    key: str = ""
    number: str = ""
    unit: str = ""
    problem: str = ""


@lru_cache(maxsize=1024)
def _unit(words: str) -> str:
    """Return the concept of a unit, by its whole wording or by its first word; ``""`` if unknown.

    « boîtes d'archives » are boxes, « titres de périodiques » are titles.
    """
    units = _concordance("ccfr/extent-units.csv")
    return _by_either_number(units, words) or _by_either_number(units, words.partition(" ")[0])


@lru_cache(maxsize=4096)
def _extent(text: str) -> _Extent:
    rest = _squeeze(text)
    heading, repeated = "", False
    while found := _HEADING.match(rest):
        repeated = repeated or bool(heading)
        heading, rest = found[1], rest[found.end() :]
    wording = f"{heading} : {rest}" if heading and rest else rest or heading
    body, key = rest.rstrip(". "), ""
    measured = _MEASURED.fullmatch(body)
    if measured is None and ":" in body:
        key, _, tail = (part.strip() for part in body.rpartition(":"))
        measured = None if ":" in key else _MEASURED.fullmatch(tail)
    if measured is None:
        if not re.search(r"[0-9]", body):
            problem = "ExtentWithoutQuantity"
        elif len(_MEASURE.findall(body)) > 1:
            problem = "SeveralQuantities"
        elif _INEXACT.search(body):
            problem = "InexactQuantity"
        else:
            problem = "ExtentWithoutQuantity"
        return _Extent(wording, heading, repeated, problem=problem)
    number = measured["number"].replace(" ", "")
    if re.fullmatch(r"[1-9][0-9]{0,2}[.,][0-9]{3}", number):
        # thirteen and a half, or thirteen thousand five hundred: nothing says which
        return _Extent(wording, heading, repeated, key, problem="AmbiguousNumber")
    quantity = canonical_decimal(number.replace(",", ".")) or ""
    return _Extent(wording, heading, repeated, key, quantity, (measured["unit"] or "").strip())


@_mapping_function
def extent_wording(text: str) -> str | Reading | None:
    """Return an extent as worded, with its heading said once (D14).

    >>> extent_wording("Volume total : Volume total : 132 volume(s)").values
    ('Volume total : 132 volume(s)',)
    """
    extent = _extent(text)
    if extent.repeated:
        note = _note("RepeatedHeading", text, repaired=extent.wording)
        return Reading((extent.wording,), (note,))
    return extent.wording or None


@_mapping_function
def extent_quantity(text: str) -> str | Reading | None:
    """Return the number of an extent that is one exact quantity, as a canonical xsd:decimal.

    Reports an extent without a number, without a unit, with several or with an inexact one; such
    an extent is kept in words.

    >>> extent_quantity("Volume total : 44 000 unités"), extent_quantity("0,64 ml")
    ('44000', '0.64')
    >>> extent_quantity("moins de 200 manuscrits").notes[0].rule
    'InexactQuantity'
    """
    extent = _extent(text)
    if extent.problem:
        return Reading((), (Note(extent.problem, text),)) if extent.wording else None
    if not extent.unit:
        note = _note("ExtentWithoutUnit", text, number=extent.number)
        return Reading((extent.number,), (note,))
    return extent.number


@_mapping_function
def extent_unit(text: str) -> str | None:
    """Return the unit of an extent that is one exact quantity.

    >>> extent_unit("7 mètre(s) linéaire(s)")
    'base:vocabulary/extent-unit/metres-lineaires'
    """
    extent = _extent(text)
    if not extent.unit:
        return None
    unit = _unit(extent.unit)
    if not unit:
        raise UnreadableValue("UnknownExtentUnit", text, unit=extent.unit)
    return unit


@_mapping_function
def extent_criterion(text: str, heading: str = "") -> str | None:
    """Return what an extent measures: the whole, a language, a period… as its heading says.

    >>> extent_criterion("1501-1600 : 37 volume(s)", heading="Volumétrie par période")
    'base:vocabulary/extent-criterion/periode'
    """
    criterion = _CRITERIA.get(_folded(heading)) or _CRITERIA.get(_folded(_extent(text).heading))
    return _BASE.concept("extent-criterion", criterion) if criterion else None


@_mapping_function
def extent_criterion_value(text: str, heading: str = "") -> str | None:
    """Return the language, the period, the theme… that an extent measures.

    >>> extent_criterion_value("occitan (après 1500) : 234 volume(s)", "Volumétrie par langue")
    'occitan (après 1500)'
    """
    return _extent(text).key or None


# --- links ---------------------------------------------------------------------------------------

_HTTP: Final = re.compile(r"(https?)://([^/?#\\]*)(.*)", re.IGNORECASE | re.DOTALL)
_HOST: Final = re.compile(r"(?:[\w-]+\.)*[\w-]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?![0-9]+(?:/|$))")
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def _encoded(character: str) -> str:
    """Return a character of a path, query or fragment as an IRI allows it (RFC 3987, 2.2)."""
    if character.isascii():
        allowed = character.isalnum() or character in "-._~:/?#@!$&'()*+,;=%"
    else:
        allowed = unicodedata.category(character)[0] not in "CZ" and ord(character) < 0xFFF0
    return character if allowed else quote(character, safe="")


@lru_cache(maxsize=4096)
def _link(href: str) -> tuple[str, str]:
    """Return (rule, IRI): the rule is ``""`` where there is nothing to say."""
    text = href.strip()
    if not text:
        return "EmptyLink", ""
    found = _HTTP.fullmatch(text)
    if found is None:
        return ("UnusableLink" if _SCHEME.match(text) else "RelativeLink"), ""
    scheme, host, rest = found[1].lower(), found[2], found[3]
    if not _HOST.fullmatch(host):
        return "UnusableLink", ""
    rest = _STRAY_PERCENT.sub("%25", rest)
    before, mark, fragment = rest.partition("#")
    rest = before + mark + fragment.replace("#", "%23")
    iri = f"{scheme}://{host}" + "".join(map(_encoded, rest))
    return ("" if iri == href else "RepairedLink"), iri


@_mapping_function
def web_link(href: str) -> str | Reading:
    """Return an absolute http or https IRI; repair spaces and illegal characters (D18).

    A relative or empty link, another scheme (``javascript:``, ``ftp:``), a name and password before
    the host are refused.

    >>> web_link("http://www.bulac.fr/node/2646")
    'http://www.bulac.fr/node/2646'
    >>> web_link("http://www.bulac.fr/a b").values
    ('http://www.bulac.fr/a%20b',)
    """
    rule, iri = _link(href)
    if not iri:
        raise UnreadableValue(rule, href)
    return Reading((iri,), (_note("RepairedLink", href, iri=iri),)) if rule else iri


@_mapping_function
def link_presence(href: str = "") -> Reading | None:
    """Say nothing, and report a link element whose address is empty (D18).

    For a rule whose iterator is the link element itself: `web_link` is not called without a value.

    >>> link_presence("").notes[0].rule
    'EmptyLink'
    """
    return None if href.strip() else Reading((), (_note("EmptyLink", href),))


@_mapping_function
def platform_of(href: str) -> str | None:
    """Return the platform that an address belongs to, by its host (``ccfr/platforms.csv``).

    >>> platform_of("https://bina.bulac.fr/s/bina/ark:/73193/bd25qb")
    'base:vocabulary/platform/bina'
    """
    found = _HTTP.match(href.strip())
    if found is None:
        return None
    platforms = _concordance("ccfr/platforms.csv")
    labels = found[2].casefold().partition(":")[0].split(".")
    hosts = (".".join(labels[start:]) for start in range(len(labels)))
    return next((platforms[host] for host in hosts if platforms.get(host)), None)


def _ccfr_unit(href: str) -> Identified | None:
    found = identifiers.read_ccfr(href) if "ark:" in href else None
    if isinstance(found, Identified) and found.value.startswith(("006", "007")):
        return found
    return None


@_mapping_function
def ccfr_unit(href: str) -> str | Reading | None:
    """Return the unit behind a CCFr ARK: ``006`` + fonds, ``007`` + sub-fonds; D26 reported.

    >>> ccfr_unit("https://ccfr.bnf.fr/portailccfr/ark:/06871/006FRFONDS-751132108-660")
    'base:id/fonds/FRFONDS-751132108-660'
    >>> ccfr_unit("https://ccfr.bnf.fr/portailccfr/ark:/16871/007b79336817").values
    ('base:id/fonds/b79336817',)
    """
    found = _ccfr_unit(href)
    if found is None:
        return None
    unit = _BASE.entity("fonds", found.value[3:])
    if "naan" in found.repairs:
        return Reading((unit,), (_note("MistypedNaan", href, ark=found.iri or ""),))
    return unit


@_mapping_function
def not_ccfr_unit(href: str) -> str | None:
    """Return ``true`` for a link that names no fonds or sub-fonds of CCFr.

    >>> not_ccfr_unit("https://ccfr.bnf.fr/portailccfr/ark:/06871/005FRCGMNOV-751135101-D0l")
    'true'
    """
    return "true" if _ccfr_unit(href) is None else None


@_mapping_function
def ccfr_ark_of(href: str) -> str | None:
    """Return the public ARK behind a link to CCFr; `ccfr_unit` reports how it was written.

    >>> ccfr_ark_of("https://ccfr.bnf.fr/portailccfr/ark:/16871/007b79336817")
    'https://ccfr.bnf.fr/portailccfr/ark:/06871/007b79336817'
    """
    found = identifiers.read_ccfr(href) if "ark:" in href else None
    return found.iri if isinstance(found, Identified) else None


# --- libraries and institutions ------------------------------------------------------------------


def _identified(found: Identified | Refused) -> Identified:
    """Return what was read.

    Raises:
        UnreadableValue: when nothing was.
    """
    if isinstance(found, Identified):
        return found
    scheme = _SCHEME_NAMES[found.scheme]
    if found.reason == "check":
        raise UnreadableValue(
            "WrongCheckCharacter", found.text, scheme=scheme, correction=found.correction or ""
        )
    raise UnreadableValue("MalformedIdentifier", found.text, scheme=scheme)


def _value_and_repairs(found: Identified, written: str, value: str) -> str | Reading:
    notes = _repairs(found, written)
    return Reading((value,), tuple(notes)) if notes else value


@_mapping_function
def rcr(value: str) -> str | Reading | None:
    """Return the RCR of a library: nine digits.

    >>> rcr("751132108")
    '751132108'
    """
    if not value.strip():
        return None
    found = _identified(identifiers.read_rcr(value))
    return _value_and_repairs(found, value, found.value)


@_mapping_function
def isil(value: str) -> str | None:
    """Return the ISIL of a library from its RCR; `rcr` reports.

    >>> isil("751132108")
    'FR-751132108'
    """
    found = identifiers.read_rcr(value)
    return identifiers.isil_of(found.value) if isinstance(found, Identified) else None


@_mapping_function
def library_node(value: str = "", name: str = "") -> str | None:
    """Return the node of a library, from its RCR however it is spelt; `rcr` reports the spelling.

    Args:
        value: the RCR.
        name: what the library is called where it has no usable RCR.

    >>> library_node("751132108"), library_node("FR-751132108")
    ('base:id/library/751132108', 'base:id/library/751132108')
    """
    if not value.strip():
        raise UnreadableValue("LibraryWithoutRcr", _squeeze(name))
    found = identifiers.read_rcr(value)
    if isinstance(found, Refused):
        raise UnreadableValue("UnusableRcr", value, library=_squeeze(name))
    return _BASE.entity("library", found.value)


def _joined_parts(cell: str) -> list[str]:
    """Return the identifiers that a cell joins with commas or semicolons."""
    return [part for part in re.split("[,;]", cell) if part.strip()]


def _first_uai(cell: str) -> Identified | Refused:
    """Read the first UAI of a cell that can be read."""
    read = [identifiers.read_uai(part) for part in _joined_parts(cell) or [cell]]
    return next((found for found in read if isinstance(found, Identified)), read[0])


@_mapping_function
def uai(value: str) -> str | Reading | None:
    """Return a UAI whose check letter is right; of several in a cell, the first.

    An establishment has one UAI per site that it registers, so a cell may join several.

    >>> uai("0951214D")
    '0951214D'
    >>> uai("0753607N;0942340H").values
    ('0753607N',)
    """
    if not value.strip():
        return None
    parts = _joined_parts(value)
    found = _identified(_first_uai(value))
    if len(parts) > 1:
        count = str(len(parts))
        note = _note("JoinedIdentifiers", value, count=count, read=found.value)
        return Reading((found.value,), (note,))
    return _value_and_repairs(found, value, found.value)


@_mapping_function
def siren(value: str) -> str | Reading | None:
    """Return a SIREN whose check is right.

    >>> siren("775663958")
    '775663958'
    """
    if not value.strip():
        return None
    found = _identified(identifiers.read_siren(value))
    return _value_and_repairs(found, value, found.value)


def _iri(found: Identified | Refused, written: str) -> str | Reading:
    identified = _identified(found)
    return _value_and_repairs(identified, written, identified.iri or identified.value)


@_mapping_function
def ror(value: str) -> str | Reading | None:
    """Return the IRI of a ROR identifier.

    >>> ror("02dga6j42")
    'https://ror.org/02dga6j42'
    """
    return _iri(identifiers.read_ror(value), value) if value.strip() else None


@_mapping_function
def isni(value: str) -> str | Reading | None:
    """Return the IRI of an ISNI.

    >>> isni("0000 0001 0666 5255")
    'https://isni.org/isni/0000000106665255'
    """
    return _iri(identifiers.read_isni(value), value) if value.strip() else None


@_mapping_function
def wikidata(value: str) -> str | Reading | None:
    """Return the IRI of a Wikidata item.

    >>> wikidata("Q273642")
    'http://www.wikidata.org/entity/Q273642'
    """
    return _iri(identifiers.read_wikidata(value), value) if value.strip() else None


@_mapping_function
def idref_nodes(value: str) -> str | Reading | None:
    """Return the IdRef nodes of a cell, which may hold several PPNs or one without its zero.

    >>> idref_nodes("028029429")
    'http://www.idref.fr/028029429/id'
    >>> idref_nodes("66951844").values
    ('http://www.idref.fr/066951844/id',)
    """
    nodes: list[str] = []
    notes: list[Note] = []
    parts = _joined_parts(value)
    if len(parts) > 1:
        notes.append(_joined(value, parts))
    for part in parts:
        found = identifiers.read_idref(part)
        if isinstance(found, Refused):
            notes.append(_refusal(found, part, "IdRef"))
        elif found.iri is not None:
            nodes.append(found.iri)
            notes.extend(_repairs(found, part))
    return Reading(tuple(nodes), tuple(notes)) if notes else nodes[0] if nodes else None


@_mapping_function
def establishment_node(
    uai: str = "", siren: str = "", ror: str = "", paysage: str = "", part: str = ""
) -> str | None:
    """Return the node of an establishment, named by its UAI, else ROR, SIREN, Paysage.

    A SIREN may be shared by several establishments, so it comes after the identifiers that are one
    establishment's own; `uai`, `siren` and `ror` report.

    Args:
        uai: unité administrative immatriculée; of several in a cell, the first.
        siren: nine digits.
        ror: identifier or IRI.
        paysage: identifier of the ministry's Paysage table.
        part: name of something under the establishment, such as ``place``.

    >>> establishment_node("0951214D", "775663958")
    'base:id/establishment/0951214D'
    >>> establishment_node("", "439946427", "02jj4jf83")
    'base:id/establishment/ror-02jj4jf83'
    >>> establishment_node("", "439946427", part="place")
    'base:id/establishment/siren-439946427/place'
    """
    code = _first_uai(uai)
    company = identifiers.read_siren(siren)
    organisation = identifiers.read_ror(ror)
    if isinstance(code, Identified):
        key = code.value
    elif isinstance(organisation, Identified):
        key = f"ror-{organisation.value}"
    elif isinstance(company, Identified):
        key = f"siren-{company.value}"
    elif paysage.strip():
        key = f"paysage-{paysage.strip()}"
    else:
        return None
    return _BASE.entity("establishment", key, *([part] if part else []))


# --- places --------------------------------------------------------------------------------------

_POINT: Final = re.compile(r"(-?[0-9]{1,2}(?:\.[0-9]+)?) ?[,; ] ?(-?[0-9]{1,3}(?:\.[0-9]+)?)")


@lru_cache(maxsize=4096)
def _point(value: str) -> tuple[str, str] | None:
    """Return latitude and longitude as canonical decimals."""
    found = _POINT.fullmatch(_squeeze(value))
    if found is None or abs(float(found[1])) > 90 or abs(float(found[2])) > 180:
        return None
    if float(found[1]) == float(found[2]) == 0:
        return None  # in the gulf of Guinea: what a geocoder says when it has found nothing
    return canonical_decimal(found[1]) or "", canonical_decimal(found[2]) or ""


@_mapping_function
def coordinate(value: str, axis: str) -> str | None:
    """Return one coordinate of a point written latitude first, in degrees (WGS 84).

    Args:
        value: ``48.84531, 2.32804``.
        axis: ``lat``, which reports an unusable point, or ``long``.

    >>> coordinate("49.03397,2.078427", "lat"), coordinate("49.03397,2.078427", "long")
    ('49.03397', '2.078427')
    """
    if not value.strip():
        return None
    point = _point(value)
    if point is None:
        if axis == "lat":
            raise UnreadableValue("UnusableCoordinates", value)
        return None
    return {"lat": point[0], "long": point[1]}[axis]


@_mapping_function
def wkt_point(value: str) -> str | None:
    """Return a point as WKT, longitude first (GeoSPARQL: CRS84); `coordinate` reports.

    >>> wkt_point("49.03397,2.078427")
    'POINT(2.078427 49.03397)'
    """
    point = _point(value)
    return f"POINT({point[1]} {point[0]})" if point else None


# INSEE, Code officiel géographique: regions and départements, not the other territories overseas.
_REGIONS: Final = frozenset((
    "01", "02", "03", "04", "06", "11", "24", "27", "28", "32", "44", "52", "53", "75", "76",
    "84", "93", "94",
))  # fmt: skip
_DEPARTEMENTS: Final = frozenset(
    [f"{number:02d}" for number in range(1, 96) if number != 20]
    + ["2A", "2B", "971", "972", "973", "974", "976"]
)


_INSEE_COMMUNE: Final = re.compile(r"(?:[0-9]{2}|2[AB])[0-9]{3}", re.ASCII)


@_mapping_function
def insee_code(value: str) -> str | Reading | None:
    """Return the INSEE code of a commune; what does not have its form is left out and reported.

    >>> insee_code("67482"), insee_code("2a004"), insee_code("PYEan").values
    ('67482', '2A004', ())
    """
    code = value.strip().upper()
    if not code:
        return None
    if _INSEE_COMMUNE.fullmatch(code) is None:
        return Reading((), (_note("NoInseeCode", value.strip()),))
    return code


@_mapping_function
def region_concept(value: str) -> str | None:
    """Return the concept of a region from its INSEE code, with or without an R.

    >>> region_concept("R11")
    'base:vocabulary/region/11'
    """
    if not value.strip():
        return None
    code = value.strip().upper().removeprefix("R")
    if code not in _REGIONS:
        raise UnreadableValue("UnknownRegion", value)
    return _BASE.concept("region", code)


@_mapping_function
def departement_concept(value: str) -> str | None:
    """Return the concept of a département from its INSEE code, or its code on four characters.

    >>> departement_concept("D095"), departement_concept("D02A"), departement_concept("D974")
    ('base:vocabulary/departement/95', 'base:vocabulary/departement/2A', \
'base:vocabulary/departement/974')
    """
    if not value.strip():
        return None
    code = value.strip().upper().removeprefix("D")
    if len(code) == 3 and code.startswith("0"):
        code = code[1:]
    if code not in _DEPARTEMENTS:
        raise UnreadableValue("UnknownDepartement", value)
    return _BASE.concept("departement", code)
