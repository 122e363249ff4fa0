"""Access points: wordings, and the authority they refer to."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from collex_graph.mapping.functions.extents import MEASURED, unit_of
from collex_graph.mapping.functions.registry import BASE, folded, mapping_function, note, squeeze
from collex_graph.model import Note, Reading
from collex_graph.rdf import identifiers
from collex_graph.rdf.identifiers import Identified, Refused
from collex_graph.rdf.iris import slug

# « 150.195 Psychanalyse »: a Dewey index before a label that starts with a capital.
_INDEX: Final = re.compile(r"([0-9]{3}(?:\.[0-9]+)?) (?=[^\W\d_])(?=\W*(\w))")


@lru_cache(maxsize=8192)
def _label(text: str) -> tuple[str, str, str]:
    """Split a subject label into index, wording and extent, each ``""`` where there is none."""
    label, index, extent = squeeze(text), "", ""
    found = _INDEX.match(label)
    if found is not None and found[2].isupper():
        index, label = found[1], label[found.end() :]
    key, colon, tail = label.rpartition(" : ")
    if colon and key:
        measured = MEASURED.fullmatch(tail.rstrip(". "))
        if measured is not None and unit_of(measured["unit"] or ""):
            label, extent = key, tail.rstrip(". ")
    return index, label, extent


@mapping_function
def wording_of(text: str) -> str | None:
    """Return the wording of an access point without Dewey index or extent.

    « (discipline) » stays: it is part of the heading.

    >>> wording_of("150.195 Psychanalyse"), wording_of("Belles-lettres : 91 volumes")
    ('Psychanalyse', 'Belles-lettres')
    """
    return _label(text)[1] or None


@mapping_function
def notation_of(text: str) -> Reading | None:
    """Return the Dewey index at the head of a label, and report it.

    >>> notation_of("150.195 Psychanalyse").values
    ('150.195',)
    """
    index, label, _ = _label(text)
    if not index:
        return None
    return Reading((index,), (note("IndexInLabel", text, index=index, label=label),))


@mapping_function
def extent_in_label(text: str) -> Reading | None:
    """Return the extent at the end of a label, and report it.

    >>> extent_in_label("Belles-lettres : 91 volumes").values
    ('91 volumes',)
    """
    _, label, extent = _label(text)
    if not extent:
        return None
    return Reading((extent,), (note("ExtentInLabel", text, extent=extent, label=label),))


KINDS: Final = {
    "persname": "agent", "corpname": "agent", "famname": "agent", "name": "agent",
    "geogname": "place",
}  # fmt: skip
SCHEME_NAMES: Final = {
    "idref": "IdRef (PPN)", "sudoc": "Sudoc (PPN)", "bnf": "BnF (ARK)", "persee": "Persée",
    "rcr": "RCR", "uai": "UAI", "siren": "SIREN", "ror": "ROR", "isni": "ISNI",
    "orcid": "ORCID",
    "wikidata": "Wikidata", "issn": "ISSN", "isbn": "ISBN", "doi": "DOI", "ark": "ARK",
}  # fmt: skip


def _authority(identifier: str, source: str, *, person: bool) -> Identified | Refused:
    """Read an identifier by the first scheme whose form it has."""
    lower = identifier.casefold()
    bare = not re.search("[:/]", identifier)
    if "idref" in lower or (bare and folded(source) in ("idref", "sudoc", "")):
        return identifiers.read_idref(identifier)
    if "sudoc.fr" in lower:
        return identifiers.read_sudoc(identifier)
    if "persee.fr" in lower:
        return identifiers.read_persee(identifier)
    return identifiers.read_bnf(identifier, person=person)


@mapping_function
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
        notes.append(note("MissingIdentifier", wording, element=element))
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
        notes.extend(repairs(found, part))
    if not nodes and wording.strip() and holder.strip():
        nodes.append(
            BASE.entity(KINDS.get(element, "concept"), _holder(holder), slug(_label(wording)[1]))
        )
    return Reading(tuple(nodes), tuple(notes)) if notes else nodes[0] if nodes else None


def _joined(written: str, parts: list[str]) -> Note:
    read = ", ".join(squeeze(part) for part in parts)
    return note("JoinedIdentifiers", written, count=str(len(parts)), read=read)


@lru_cache(maxsize=1024)
def _holder(text: str) -> str:
    found = identifiers.read_rcr(text)
    return found.value if isinstance(found, Identified) else squeeze(text)


def _source_notes(source: str, found: Identified, written: str) -> list[Note]:
    """Say how ``@source`` and the identifier go together."""
    actual = SCHEME_NAMES[found.scheme].partition(" ")[0]
    if source.strip() in (actual, ""):
        return []
    # A PPN under « Sudoc » is an authority all the same: the Sudoc is indexed with IdRef.
    named = "idref" if folded(source) == "sudoc" else folded(source)
    if named != actual.casefold() and named in ("idref", "bnf", "persée"):
        return [note("SourceContradicted", source, identifier=written, actual=actual)]
    return [note("SourceSpelling", source, expected=actual, identifier=written)]


def _refusal(found: Refused, written: str, source: str) -> Note:
    if found.reason == "check":
        return note(
            "WrongCheckCharacter",
            written,
            scheme=SCHEME_NAMES[found.scheme],
            correction=found.correction or "",
        )
    return note("UnknownIdentifier", written, source=source)


def repairs(found: Identified, written: str) -> list[Note]:
    """Return what is to be said of an identifier that was read in another form than its own."""
    notes = []
    if "leading zero" in found.repairs:
        scheme = SCHEME_NAMES[found.scheme]
        notes.append(note("LostLeadingZero", written, identifier=found.value, scheme=scheme))
    if "spelling" in found.repairs:
        canonical = found.iri or found.value
        # what was written bare stays bare, but for BnF, whose names are read with their ARK alone
        is_bare = not re.search("[:/]", written) and found.scheme != "bnf"
        repaired = found.value if is_bare else canonical
        if "leading zero" in found.repairs:
            repaired = ""  # what is said of the zero says whether it is certain
        notes.append(note("IdentifierSpelling", written, canonical=canonical, repaired=repaired))
    if "stray characters" in found.repairs:
        scheme = SCHEME_NAMES[found.scheme]
        notes.append(note("StrayCharacters", written, identifier=found.value, scheme=scheme))
    return notes
