"""What authority files say of their own entities: names in other files, lives, merged records."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from collex_graph.mapping.functions.institutions import _identified
from collex_graph.mapping.functions.registry import mapping_function, note
from collex_graph.model import Reading, UnreadableValue
from collex_graph.rdf import dates, identifiers
from collex_graph.rdf.identifiers import Identified
from collex_graph.rdf.iris import is_absolute_iri
from collex_graph.rdf.literals import check_literal
from collex_graph.rdf.namespaces import expand

if TYPE_CHECKING:
    from collections.abc import Callable

_HOST: Final = re.compile(r"https?://(?P<host>[^/?#]+)(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_VIAF: Final = re.compile(r"/viaf/(?P<number>[0-9]{1,22})/?", re.ASCII)
_HAL: Final = re.compile(r"/(?P<kind>structure|author|person)/(?P<name>[^/#?]+)/?(?:#.*)?")
_PAGES: Final = re.compile(r"https?://(?:[a-z-]+\.)?(?:wikipedia\.org|catalogue\.bnf\.fr)/")
_INSTANT: Final = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ](?P<clock>[0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?P<fraction>\.[0-9]+)?(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?)?",
    re.ASCII,
)
_COLLECTION: Final = re.compile(r"/collection/[a-z0-9]+_([0-9]{4}-[0-9]{3}[0-9Xx])(?:#|$)")
_DATE_TIME: Final = expand("xsd:dateTime")
_FRAGMENT_OF_A_KIND: Final = re.compile(r"#foaf:(?:Person|Organization|Agent)$|#this$")


def _bnf(iri: str, person: str) -> str | None:
    return _identified(identifiers.read_bnf(iri, person=bool(person))).iri


def _canonical(iri: str, person: str) -> str | None:
    """Return the canonical IRI behind an address, None for a page that only speaks of the thing."""
    if _PAGES.match(iri):
        return None
    found = _HOST.fullmatch(iri)
    if found is None:
        raise UnreadableValue("InvalidIri", iri)
    host, rest = found["host"].lower().removeprefix("www."), found["rest"]
    if host == "idref.fr":
        return _identified(identifiers.read_idref(iri)).iri
    if host == "data.bnf.fr" and "ark:" in rest:
        return _bnf(iri, person)
    if host in ("persee.fr", "data.persee.fr"):
        return _identified(identifiers.read_persee(iri)).iri
    if host == "viaf.org" and (viaf := _VIAF.fullmatch(rest)):
        return f"http://viaf.org/viaf/{viaf['number']}"
    if host == "isni.org":
        return _identified(identifiers.read_isni(iri)).iri
    if host == "orcid.org":
        return _identified(identifiers.read_orcid(iri)).iri
    if host == "wikidata.org":
        return _identified(identifiers.read_wikidata(iri)).iri
    if host == "ror.org":
        return _identified(identifiers.read_ror(_FRAGMENT_OF_A_KIND.sub("", iri))).iri
    if host in ("data.hal.science", "data.archives-ouvertes.fr") and (hal := _HAL.fullmatch(rest)):
        return f"https://data.hal.science/{hal['kind']}/{hal['name']}"
    if not is_absolute_iri(iri):
        raise UnreadableValue("InvalidIri", iri)
    return iri


@mapping_function
def same_thing(iri: str, person: str = "", of: str = "") -> str | None:
    """Return the IRI that an authority's thing has here, from an address of it.

    Pages about the thing (Wikipedia, a catalogue) give nothing: `page_about` has them. An
    address of a host that is not known here stays as it is.

    Args:
        iri: what the source says is the same thing.
        person: not empty where a person is meant (data.bnf.fr has a concept and a person).
        of: the thing itself, which is not its own equal.

    >>> same_thing("https://www.persee.fr/authority/248751")
    'http://data.persee.fr/authority/248751#Person'
    >>> same_thing("http://www.idref.fr/033796963"), same_thing("https://viaf.org/viaf/58124868/")
    ('http://www.idref.fr/033796963/id', 'http://viaf.org/viaf/58124868')
    >>> same_thing("https://fr.wikipedia.org/wiki/Nicias") is None
    True
    """
    return _other(iri, person, of)


def _other(iri: str, person: str, of: str) -> str | None:
    found = _canonical(" ".join(iri.split()), person.strip())
    return None if found == of.strip() else found


@mapping_function
def page_about(iri: str) -> str | None:
    """Return the address of a page about a thing that a source takes for the thing itself.

    >>> page_about("https://fr.wikipedia.org/wiki/Nicias")
    'https://fr.wikipedia.org/wiki/Nicias'
    >>> page_about("http://viaf.org/viaf/58124868") is None
    True
    """
    return iri if _PAGES.match(iri) else None


@mapping_function
def same_things(
    iri: tuple[str, ...] = (),
    isni: tuple[str, ...] = (),
    orcid: tuple[str, ...] = (),
    frbnf: tuple[str, ...] = (),
    *,
    person: str = "",
    of: str = "",
) -> Reading:
    """Return the IRIs of the same thing elsewhere, each once, whether given as IRI or as number.

    Args:
        iri: addresses, as for `same_thing`.
        isni: bare ISNIs.
        orcid: bare ORCID iDs.
        frbnf: numbers of BnF records (eight digits).
        person: not empty where a person is meant.
        of: the thing itself.

    >>> same_things(iri=("http://isni.org/isni/0000000120176319",), isni=("0000000120176319",),
    ...             frbnf=("11899295",), person="true").values
    ('https://isni.org/isni/0000000120176319', 'http://data.bnf.fr/ark:/12148/cb11899295s#foaf:Person')
    """
    found: dict[str, None] = {}
    notes = []
    readers: tuple[tuple[tuple[str, ...], Callable[[str], str | None]], ...] = (
        (iri, lambda value: _other(value, person, of)),
        (isni, lambda value: _identified(identifiers.read_isni(value)).iri),
        (orcid, lambda value: _identified(identifiers.read_orcid(value)).iri),
        (frbnf, lambda value: _bnf(f"FRBNF{value.strip().zfill(8)}", person.strip())),
    )
    for values, read in readers:
        for value in values:
            if not value.strip():
                continue
            try:
                same = read(value)
            except UnreadableValue as error:
                notes.append(error.note)
            else:
                if same:
                    found[same] = None
    return Reading(tuple(found), tuple(notes))


_READERS: Final = {
    "idref": identifiers.read_idref,
    "bnf": identifiers.read_bnf,
    "persee": identifiers.read_persee,
}


@mapping_function
def authority_number(iri: str, authority: str) -> str | None:
    """Return what names an entity in its authority file: PPN, ARK's name, number or slug at Persée.

    Args:
        iri: its address.
        authority: ``idref``, ``bnf`` or ``persee``; the entity of another one is refused, because
            what this authority says would be published in its name.

    >>> authority_number("http://www.idref.fr/026820080/id", "idref")
    '026820080'
    >>> authority_number("https://data.bnf.fr/ark:/12148/cb12437033d#about", "bnf")
    'cb12437033d'
    """
    read = _READERS.get(authority)
    if read is None:
        raise UnreadableValue("MalformedIdentifier", iri, scheme=authority)
    return _identified(read(iri)).value.rpartition("/")[2]


def _life_year(
    date: str, padded: str, birth: tuple[str, ...], death: tuple[str, ...]
) -> tuple[dates.YearBounds | None, bool]:
    """Return the bounds of a year, and whether the heading alone says that it is before our era."""
    written = " ".join(date.split())
    bounds = dates.read_life_year(written, padded=padded != "false")
    before = any(dates.eras_of_heading(heading)[0] for heading in birth) or any(
        dates.eras_of_heading(heading)[1] for heading in death
    )
    if bounds is None or not before or bounds.latest <= 0:
        return bounds, False
    return dates.YearBounds(1 - bounds.latest, 1 - bounds.earliest, bounds.is_plain), True


@mapping_function
def earliest_year(
    date: str,
    padded: str = "true",
    birth: tuple[str, ...] = (),
    death: tuple[str, ...] = (),
) -> str | Reading | None:
    """Return the first year that a birth or death may fall in, and report one that is masked.

    Args:
        date: as IdRef or data.bnf.fr write it; negative years count as historians do.
        padded: ``false`` where three digits are a whole year (data.bnf.fr).
        birth: headings of the person whose birth it is: one that says « av. J.-C. » mends a date
            that has lost its sign.
        death: the same for a death.

    >>> earliest_year("1891-11-18"), earliest_year("-0470")
    ('1891', '-469')
    >>> earliest_year("-05X").notes[0].arguments
    (('first', '-598'), ('last', '-499'))
    >>> earliest_year("0430", birth=("Xénophon (0430?-0355? av. J.-C.)",)).values
    ('-429',)
    """
    if not date.strip():
        return None
    bounds, mended = _life_year(date, padded, birth, death)
    if bounds is None:
        raise UnreadableValue("UnreadableYear", date)
    first, last = str(bounds.earliest), str(bounds.latest)
    if mended:
        return Reading((first,), (note("YearWithoutSign", date, first=first, last=last),))
    if bounds.is_plain:
        return first
    if first == last:
        return Reading((first,), (note("RepairedYear", date, year=first),))
    return Reading((first,), (note("YearAsBounds", date, first=first, last=last),))


@mapping_function
def latest_year(
    date: str,
    padded: str = "true",
    birth: tuple[str, ...] = (),
    death: tuple[str, ...] = (),
) -> str | None:
    """Return the last year that a birth or death may fall in; `earliest_year` reports.

    >>> latest_year("19XX"), latest_year("Fond")
    ('1999', None)
    """
    if not date.strip():
        return None
    bounds, _ = _life_year(date, padded, birth, death)
    return None if bounds is None else str(bounds.latest)


def _moment(text: str) -> tuple[str, str]:
    """Return a moment as ``xsd:dateTime``, and the day it is of; empty texts for what is none."""
    found = _INSTANT.fullmatch(text)
    if found is None:
        return "", ""
    moment = f"{found['day']}T{found['clock'] or '00:00:00'}"
    if fraction := (found["fraction"] or "").rstrip("0").rstrip("."):
        moment += fraction
    moment += {"+00:00": "Z", "-00:00": "Z"}.get(found["zone"] or "", found["zone"] or "")
    if check_literal(moment, _DATE_TIME) is not None:
        return "", ""
    return moment if found["clock"] else "", found["day"]


@mapping_function
def instant(value: str) -> str | None:
    """Return a moment as ``xsd:dateTime``; a space may stand for the ``T``.

    Letters that name a zone in the middle (``2021-09-24BST10:48:50``) are refused: the
    datatype has no room for them, and three letters do not say which zone is meant.

    >>> instant("2025-02-18T14:48:02"), instant("2021-06-23 19:46:55.993610")
    ('2025-02-18T14:48:02', '2021-06-23T19:46:55.99361')
    """
    text = " ".join(value.split())
    if not text:
        return None
    moment, _ = _moment(text)
    if not moment:
        raise UnreadableValue("UnreadableInstant", text)
    return moment


@mapping_function
def day_of_moment(value: str) -> str | None:
    """Return the day of a moment or a date as ``xsd:date``.

    >>> day_of_moment("2021-06-23 23:09:28.581"), day_of_moment("2014-09-24")
    ('2021-06-23', '2014-09-24')
    """
    text = " ".join(value.split())
    if not text:
        return None
    _, day = _moment(text)
    if not day:
        raise UnreadableValue("UnreadableInstant", text)
    return day


@mapping_function
def serial_number(iri: str) -> str | None:
    """Return the ISSN in the address of a Persée collection, None where it has none.

    >>> serial_number("http://data.persee.fr/collection/ccgg_1016-9008#Web")
    '1016-9008'
    """
    found = _COLLECTION.search(iri)
    return (
        found[1].upper()
        if found and isinstance(identifiers.read_issn(found[1]), Identified)
        else None
    )


@mapping_function
def serial_code(iri: str) -> str | None:
    """Return Persée's short name of a collection.

    >>> serial_code("http://data.persee.fr/collection/ccgg_1016-9008#Web")
    'ccgg'
    """
    found = re.search(r"/collection/([a-z0-9]+)(?:_|#|$)", iri)
    return found[1] if found else None


@mapping_function
def serial_agreement(part: str, whole: str) -> Reading | None:
    """Say nothing, and report an issue whose address names another journal than the one it is in.

    >>> serial_agreement(
    ...     "hista_0992-2059_1998_num_42_1", "http://data.persee.fr/collection/ccgg_1016-9008#Web"
    ... ).notes[0].rule
    'IssueOfAnotherJournal'
    """
    code = serial_code(whole)
    if code is None or part.partition("_")[0] == code:
        return None
    return Reading((), (note("IssueOfAnotherJournal", part, journal=code),))
