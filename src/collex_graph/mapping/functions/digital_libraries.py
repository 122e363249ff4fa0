"""Digital libraries: ARKs of Gallica, licences, and what descriptions say in set phrases."""

from __future__ import annotations

import re
from typing import Final

from collex_graph.mapping.functions.access_points import _refusal
from collex_graph.mapping.functions.documents import document_node
from collex_graph.mapping.functions.institutions import _identified
from collex_graph.mapping.functions.registry import BASE, folded, mapping_function
from collex_graph.model import Reading, UnreadableValue
from collex_graph.rdf import identifiers
from collex_graph.rdf.identifiers import Identified, Refused, noid_check

_GALLICA: Final = re.compile(
    r"(?:(?:oai:bnf\.fr:gallica/)?|https?://gallica\.bnf\.fr/)ark:/?12148/"
    r"(?P<name>(?:bpt6k|btv1b|bd6t5|cc)[0-9a-z]+)(?:\.[\w.-]+|/[\w./-]*)?",
    re.ASCII | re.IGNORECASE,
)


@mapping_function
def gallica_name(value: str) -> str | None:
    """Return the name of a digitised document of Gallica, whose last character is a NOID check.

    >>> gallica_name("https://gallica.bnf.fr/ark:/12148/bpt6k5738219s")
    'bpt6k5738219s'
    """
    if not value.strip():
        return None
    found = _GALLICA.fullmatch(value.strip())
    if found is None:
        raise UnreadableValue("MalformedIdentifier", value, scheme="Gallica (ARK)")
    name = found["name"].lower()
    if noid_check(name[:-1]) != name[-1]:
        correction = name[:-1] + noid_check(name[:-1])
        raise UnreadableValue(
            "WrongCheckCharacter", value, scheme="Gallica (ARK)", correction=correction
        )
    return name


_CATALOGUE: Final = "Notice du catalogue"


@mapping_function
def catalogue_ark(relation: str) -> str | None:
    """Return the name of the BnF's record that « Notice du catalogue : … » leads to.

    >>> catalogue_ark("Notice du catalogue : http://catalogue.bnf.fr/ark:/12148/cb33539190h")
    'cb33539190h'
    """
    address = said_after(relation, _CATALOGUE)
    if not isinstance(address, str):
        return None
    return _identified(identifiers.read_bnf(address)).value


@mapping_function
def digitised_document(name: str, relation: tuple[str, ...] = ()) -> str | None:
    """Return the node of the document that a reproduction digitises.

    The BnF's record names it where there is one, so that other sources that cite the record meet it
    there; else the ARK of the reproduction. `catalogueArk` and `gallicaName` report.

    >>> digitised_document("https://gallica.bnf.fr/ark:/12148/bpt6k5738219s")
    'base:id/document/ark-12148-bpt6k5738219s'
    """
    for text in relation:
        address = said_after(text, _CATALOGUE)
        record = identifiers.read_bnf(address) if isinstance(address, str) else None
        if isinstance(record, Identified):
            return BASE.entity("document", f"ark-12148-{record.value}")
    found = _GALLICA.fullmatch(name.strip())
    return BASE.entity("document", f"ark-12148-{found['name'].lower()}") if found else None


@mapping_function
def answers_nothing(value: str, count: str = "") -> str | None:
    """Report the answer of a service that holds no record, or an error.

    Args:
        value: what the service says, or what was asked.
        count: number of records in the answer; an error gives none.

    >>> answers_nothing("recherche", "1") is None
    True
    """
    if count.strip() not in ("", "0"):
        return None
    raise UnreadableValue("AnswerWithoutRecord", value)


_AFTER_COLON: Final = re.compile(r"(?P<head>[^:]+?)\s*:\s*(?P<tail>.+)", re.DOTALL)


@mapping_function
def said_after(value: str, phrase: str) -> str | None:
    """Return what follows a set phrase and a colon, None where the text begins otherwise.

    >>> said_after("Appartient à l’ensemble : BbLevt0", "Appartient à l'ensemble")
    'BbLevt0'
    >>> said_after("Avec mode texte", "Appartient à l'ensemble") is None
    True
    """
    found = _AFTER_COLON.fullmatch(value.strip())
    if found is None or folded(found["head"]) != folded(phrase):
        return None
    return found["tail"].strip()


_SET_PHRASES: Final = (
    "appartient à l'ensemble documentaire",
    "notice du catalogue",
    "notice d'ensemble",
    "nombre total de vues",
)


@mapping_function
def unless_said(value: str) -> str | None:
    """Return a description that is none of the set phrases which other rules read.

    >>> unless_said("Avec mode texte"), unless_said("Nombre total de vues : 374")
    ('Avec mode texte', None)
    """
    return None if folded(value).startswith(_SET_PHRASES) else value.strip() or None


_OAI: Final = re.compile(r"oai:[^:\s]+:(?P<name>[A-Za-z0-9_./-]+)", re.ASCII)


@mapping_function
def oai_name(value: str) -> str | None:
    """Return the name of a record in its repository, fit for an IRI.

    >>> oai_name("oai:revues.org:conflits/756")
    'conflits-756'
    """
    if not value.strip():
        return None
    found = _OAI.fullmatch(value.strip())
    if found is None:
        raise UnreadableValue("MalformedIdentifier", value, scheme="OAI-PMH")
    return found["name"].replace("/", "-")


@mapping_function
def oai_document(identifier: str, doi: str = "") -> str | None:
    """Return the node of a document that a repository describes, by its DOI, else its record.

    `oaiName` and `doi` report.

    >>> oai_document("oai:revues.org:conflits/756", "10.4000/conflits.756")
    'base:id/document/doi-10.4000_conflits.756'
    >>> oai_document("oai:revues.org:conflits/756")
    'base:id/document/oai-conflits-756'
    """
    found = identifiers.read_doi(doi)
    if isinstance(found, Identified):
        return document_node(doi=found.value)
    record = _OAI.fullmatch(identifier.strip())
    if record is None:
        return None
    return BASE.entity("document", "oai-" + record["name"].replace("/", "-"))


@mapping_function
def journal_of_urns(part: tuple[str, ...]) -> str | Reading | None:
    """Return the node of the journal that URNs of its ISSNs name, print first.

    >>> journal_of_urns(("urn:eissn:1777-5345", "urn:issn:1157-996X"))
    'base:id/document/issn-1157-996X'
    """
    numbers = [
        text.strip()[len(start) :]
        for start in ("urn:issn:", "urn:eissn:")
        for text in part
        if text.strip().startswith(start)
    ]
    node = document_node(issn=tuple(numbers))
    refused = [identifiers.read_issn(number) for number in numbers]
    notes = tuple(
        _refusal(found, found.text, "ISSN") for found in refused if isinstance(found, Refused)
    )
    return Reading((node,) if isinstance(node, str) else (), notes) if notes else node
