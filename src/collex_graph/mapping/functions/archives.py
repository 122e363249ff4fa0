"""Archival descriptions: authority files of an archive, and links between its descriptions."""

from __future__ import annotations

import re
from typing import Final

from collex_graph.mapping.functions.access_points import KINDS, authority_node
from collex_graph.mapping.functions.registry import BASE, folded, mapping_function, note, squeeze
from collex_graph.model import Reading
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
def file_name(href: str) -> str | None:
    """Return what a link gives in place of an address: the name of a file, or a number.

    >>> file_name("FRAN_0123_0001_L.jpg"), file_name("https://archive.org/details/MS126")
    ('FRAN_0123_0001_L.jpg', None)
    """
    name = squeeze(href)
    return name if name and not re.match("[A-Za-z][A-Za-z0-9+.-]*:", name) else None
