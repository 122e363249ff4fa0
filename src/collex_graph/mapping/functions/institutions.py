"""Libraries and institutions: their identifiers and nodes."""

from __future__ import annotations

import re
from typing import Final

from collex_graph.mapping.functions.access_points import SCHEME_NAMES, _joined, _refusal, repairs
from collex_graph.mapping.functions.registry import BASE, mapping_function, note, squeeze
from collex_graph.model import Note, Reading, UnreadableValue
from collex_graph.rdf import identifiers
from collex_graph.rdf.identifiers import Identified, Refused


def _identified(found: Identified | Refused) -> Identified:
    """Return what was read.

    Raises:
        UnreadableValue: when nothing was.
    """
    if isinstance(found, Identified):
        return found
    scheme = SCHEME_NAMES[found.scheme]
    if found.reason == "check":
        raise UnreadableValue(
            "WrongCheckCharacter", found.text, scheme=scheme, correction=found.correction or ""
        )
    raise UnreadableValue("MalformedIdentifier", found.text, scheme=scheme)


def _value_and_repairs(found: Identified, written: str, value: str) -> str | Reading:
    notes = repairs(found, written)
    return Reading((value,), tuple(notes)) if notes else value


@mapping_function
def rcr(value: str) -> str | Reading | None:
    """Return the RCR of a library: nine digits.

    >>> rcr("751132108")
    '751132108'
    """
    if not value.strip():
        return None
    found = _identified(identifiers.read_rcr(value))
    return _value_and_repairs(found, value, found.value)


@mapping_function
def isil(value: str) -> str | None:
    """Return the ISIL of a library from its RCR; `rcr` reports.

    >>> isil("751132108")
    'FR-751132108'
    """
    found = identifiers.read_rcr(value)
    return identifiers.isil_of(found.value) if isinstance(found, Identified) else None


@mapping_function
def library_node(value: str = "", name: str = "") -> str | None:
    """Return the node of a library, from its RCR however it is spelt; `rcr` reports the spelling.

    Args:
        value: the RCR.
        name: what the library is called where it has no usable RCR.

    >>> library_node("751132108"), library_node("FR-751132108")
    ('base:id/library/751132108', 'base:id/library/751132108')
    """
    if not value.strip():
        raise UnreadableValue("LibraryWithoutRcr", squeeze(name))
    found = identifiers.read_rcr(value)
    if isinstance(found, Refused):
        raise UnreadableValue("UnusableRcr", value, library=squeeze(name))
    return BASE.entity("library", found.value)


def _joined_parts(cell: str) -> list[str]:
    """Return the identifiers that a cell joins with commas or semicolons."""
    return [part for part in re.split("[,;]", cell) if part.strip()]


def _first_uai(cell: str) -> Identified | Refused:
    """Read the first UAI of a cell that can be read."""
    read = [identifiers.read_uai(part) for part in _joined_parts(cell) or [cell]]
    return next((found for found in read if isinstance(found, Identified)), read[0])


@mapping_function
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
        remark = note("JoinedIdentifiers", value, count=count, read=found.value)
        return Reading((found.value,), (remark,))
    return _value_and_repairs(found, value, found.value)


@mapping_function
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


@mapping_function
def ror(value: str) -> str | Reading | None:
    """Return the IRI of a ROR identifier.

    >>> ror("02dga6j42")
    'https://ror.org/02dga6j42'
    """
    return _iri(identifiers.read_ror(value), value) if value.strip() else None


@mapping_function
def isni(value: str) -> str | Reading | None:
    """Return the IRI of an ISNI.

    >>> isni("0000 0001 0666 5255")
    'https://isni.org/isni/0000000106665255'
    """
    return _iri(identifiers.read_isni(value), value) if value.strip() else None


@mapping_function
def wikidata(value: str) -> str | Reading | None:
    """Return the IRI of a Wikidata item.

    >>> wikidata("Q273642")
    'http://www.wikidata.org/entity/Q273642'
    """
    return _iri(identifiers.read_wikidata(value), value) if value.strip() else None


@mapping_function
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
            notes.extend(repairs(found, part))
    return Reading(tuple(nodes), tuple(notes)) if notes else nodes[0] if nodes else None


@mapping_function
def establishment_node(
    uai: str = "",
    siren: str = "",
    ror: str = "",
    paysage: str = "",
    part: str = "",
    *,
    abes: str = "",
) -> str | None:
    """Return the node of an establishment, named by its UAI, else ROR, SIREN, Paysage, Abes.

    A SIREN may be shared by several establishments, so it comes after the identifiers that are one
    establishment's own; `uai`, `siren` and `ror` report.

    Args:
        uai: unité administrative immatriculée; of several in a cell, the first.
        siren: nine digits.
        ror: identifier or IRI.
        paysage: identifier of the ministry's Paysage table.
        part: name of something under the establishment, such as ``place``.
        abes: number of an account at Abes, as `abesId` reads it.

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
    elif number := _ABES.fullmatch(abes.strip()):
        key = f"abes-{number['id'].upper()}"
    else:
        return None
    return BASE.entity("establishment", key, *([part] if part else []))


# No register publishes its form: nine letters and digits after « ABES », without a check character.
_ABES: Final = re.compile(r"(?:uid:/)?(?P<id>ABES[0-9A-Z]{9})", re.ASCII | re.IGNORECASE)


@mapping_function
def abes_id(value: str) -> str | None:
    """Return the number of an account at Abes, which national licences and ISTEX use.

    >>> abes_id("uid:/ABES1584HP4PA")
    'ABES1584HP4PA'
    """
    if not value.strip():
        return None
    found = _ABES.fullmatch(value.strip())
    if found is None:
        raise UnreadableValue("MalformedIdentifier", value, scheme="Abes")
    return found["id"].upper()


@mapping_function
def postal_address(
    street: str = "", code: str = "", city: str = "", country: str = "", place: str = ""
) -> str | None:
    """Return the address of an institution on one line; never for a person's.

    Args:
        street: number and street; hyphens left at its ends by empty lines are taken away.
        code: postal code.
        city: town, with « Cedex ».
        country: in words.
        place: what stands above the street.

    >>> postal_address("1 avenue Bourgelat -  - ", "69280", "MARCY L'ETOILE - ", "France")
    "1 avenue Bourgelat, 69280 MARCY L'ETOILE, France"
    """
    parts = [re.sub(r"(?:\s*-)+\s*$", "", squeeze(text)) for text in (place, street)]
    parts.append(squeeze(f"{code} {re.sub(r'(?: ?-)+ *$', '', squeeze(city))}"))
    parts.append(squeeze(country))
    return ", ".join(part for part in parts if part) or None
