"""Archival descriptions: authority files of an archive, and links between its descriptions."""

from __future__ import annotations

import re
from typing import Final

from collex_graph.mapping.functions.access_points import KINDS, authority_node
from collex_graph.mapping.functions.registry import BASE, folded, mapping_function, note, squeeze
from collex_graph.model import Reading, UnreadableValue
from collex_graph.rdf import identifiers
from collex_graph.rdf.identifiers import Identified
from collex_graph.rdf.iris import slug

_FINDING_AID: Final = re.compile(
    r"(?:.*/siv/IR/)?(FRAN_IR_[0-9]{6}[A-Z]?)(?:\.xml)?", re.IGNORECASE
)
_AUTHORITIES: Final = frozenset(("idref", "sudoc", "bnf"))


@mapping_function
def archive_node(
    element: str, archive: str, wording: str = "", identifier: str = "", source: str = ""
) -> str | Reading | None:
    """Return the node that an access point of an archive's finding aid refers to.

    An archive names things by its own files: the pair of ``@source`` and ``@authfilenumber``, or
    the number alone for its file of agents. The node is ours, and scoped to that file. An
    identifier of IdRef or BnF is read as everywhere else; words without identifier make a node of
    the archive.

    Args:
        element: EAD element, which says the kind of the node.
        archive: short name of the archive.
        wording: the label.
        identifier: ``@authfilenumber`` as written.
        source: ``@source`` as written.

    >>> archive_node("subject", "archives-nationales", "cinéma", "d3ndev0uwd--15u7", "FRAN_RI_004")
    'base:id/concept/FRAN_RI_004/d3ndev0uwd--15u7'
    >>> archive_node("famname", "archives-nationales", "Vitet (famille)", "FRAN_NP_050218")
    'base:id/agent/archives-nationales/FRAN_NP_050218'
    """
    local = squeeze(identifier)
    if re.search("[:/]", local) or (local and folded(source) in _AUTHORITIES):
        return authority_node(element, wording, archive, identifier, source)
    kind = KINDS.get(element, "concept")
    if local:
        return BASE.entity(kind, squeeze(source) or archive, local)
    if not wording.strip():
        return None
    node = BASE.entity(kind, archive, slug(wording))
    return Reading((node,), (note("MissingIdentifier", wording, element=element),))


@mapping_function
def local_node(kind: str, owner: str, wording: str) -> str | None:
    """Return a node of ours for a wording, scoped to the source that uses it.

    >>> local_node("place", "archives-nationales", "Pierrefitte")
    'base:id/place/archives-nationales/pierrefitte'
    """
    return BASE.entity(kind, owner, slug(wording)) if wording.strip() else None


_OWN_AGENT: Final = re.compile(r"(?:.*/siv/NP/)?(FRAN_NP_[0-9]{6}[A-Z]?)(?:\.xml)?", re.IGNORECASE)
_BNF_NOTICE: Final = re.compile(r"FRBNF ?[0-9]{8}|\bcb[0-9]{8}[0-9bcdfghjkmnpqrstvwxz]\b")


@mapping_function
def archive_agent(href: str = "", wording: str = "") -> str | None:
    """Return the node of an agent that a relation of an authority record names.

    The record of the archive where the link gives its number, a node of the archive for words
    alone; nothing for the address of a page.

    >>> archive_agent("FRAN_NP_005070", "Archives nationales, section outre-mer")
    'base:id/agent/archives-nationales/FRAN_NP_005070'
    >>> archive_agent("", "Tournon, Paul")
    'base:id/agent/archives-nationales/tournon-paul'
    >>> archive_agent("https://fr.wikipedia.org/wiki/x", "X") is None
    True
    """
    own = _OWN_AGENT.fullmatch(href.strip())
    if own is not None:
        return BASE.entity("agent", "archives-nationales", own[1])
    if ":" in href or not wording.strip():
        return None
    return BASE.entity("agent", "archives-nationales", squeeze(href) or slug(wording))


@mapping_function
def bnf_authority(href: str, person: str = "") -> str | None:
    """Return the IRI of an authority of BnF behind an address, None for another address.

    Args:
        href: the address.
        person: anything, where the entity is a person: BnF has an IRI of its own for that.

    >>> bnf_authority("http://catalogue.bnf.fr/ark:/12148/cb11862272t")
    'http://data.bnf.fr/ark:/12148/cb11862272t'
    >>> bnf_authority("https://fr.wikipedia.org/wiki/Archives") is None
    True
    """
    if "bnf" not in href.casefold():
        return None
    found = identifiers.read_bnf(href, person=bool(person.strip()))
    if isinstance(found, Identified):
        return found.iri
    raise UnreadableValue("UnknownIdentifier", href, source="BnF")


@mapping_function
def bnf_notices(text: str) -> list[str]:
    """Return the records of BnF that a text names by their numbers, as pages to see.

    >>> bnf_notices("Notice BnF n° FRBNF11868511")
    ['http://data.bnf.fr/ark:/12148/cb11868511w']
    """
    read = (identifiers.read_bnf(found[0].replace(" ", "")) for found in _BNF_NOTICE.finditer(text))
    return [found.iri for found in read if isinstance(found, Identified) and found.iri is not None]


@mapping_function
def finding_aid_node(href: str) -> str | None:
    """Return the notice that a link names by an identifier of the Archives nationales.

    >>> finding_aid_node("FRAN_IR_041643")
    'base:id/notice/FRAN_IR_041643'
    >>> finding_aid_node("FRAN_ANX_012619.pdf") is None
    True
    """
    found = _FINDING_AID.fullmatch(href.strip())
    return None if found is None else BASE.entity("notice", found[1])


@mapping_function
def finding_aid_fonds(href: str) -> str | None:
    """Return what a finding aid of the Archives nationales describes as a whole.

    >>> finding_aid_fonds("FRAN_IR_003500")
    'base:id/component/FRAN_IR_003500/FRAN_IR_003500'
    """
    found = _FINDING_AID.fullmatch(href.strip())
    return None if found is None else BASE.entity("component", found[1], found[1])


@mapping_function
def file_name(href: str) -> str | None:
    """Return what a link gives in place of an address: the name of a file, or a number.

    >>> file_name("FRAN_0123_0001_L.jpg"), file_name("https://archive.org/details/MS126")
    ('FRAN_0123_0001_L.jpg', None)
    """
    name = squeeze(href)
    return name if name and not re.match("[A-Za-z][A-Za-z0-9+.-]*:", name) else None
