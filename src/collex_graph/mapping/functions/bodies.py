"""People and bodies in the cells of sheets: by an identifier, never by a person's name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from collex_graph.mapping.functions.archives import local_node
from collex_graph.mapping.functions.cells import each, institution, web_links
from collex_graph.mapping.functions.institutions import idref_nodes
from collex_graph.mapping.functions.registry import mapping_function, squeeze
from collex_graph.model import UnreadableValue
from collex_graph.rdf import identifiers
from collex_graph.rdf.identifiers import Identified

if TYPE_CHECKING:
    from collex_graph.model import Reading

_MAILBOX: Final = re.compile(r"(?:mailto:)?[^\s@/:?#]+@[^\s@/?#]+", re.IGNORECASE)


def _identified(text: str) -> str | Reading | None:
    """Return the node that an identifier in a cell stands for, None where it holds a name."""
    if "idref" in text.casefold():
        found = identifiers.read_idref(re.sub(r"(?i)^idref[\s:]+", "", text))
        if isinstance(found, Identified):
            return found.iri
    if not any(character.isdigit() for character in text):
        return None
    try:
        return institution(text)
    except UnreadableValue:
        return None


@mapping_function
def body_node(value: str, owner: str) -> str | Reading | None:
    """Return the node of a body: IdRef's, ours for an institution, else one of its own for a name.

    Args:
        value: address of IdRef or « IdRef … », any identifier of an institution, or a name.
        owner: what a name is scoped to; two sources never share a node for a name alone.

    >>> body_node("https://www.idref.fr/026403587", "archive-services")
    'http://www.idref.fr/026403587/id'
    >>> body_node("0921204J", "archive-services")
    'base:id/establishment/0921204J'
    >>> body_node("Archives départementales du Finistère", "archive-services")
    'base:id/agent/archive-services/archives-departementales-du-finistere'
    """
    text = squeeze(value)
    return (_identified(text) or local_node("agent", owner, text)) if text else None


@mapping_function
def body_name(value: str) -> str | None:
    """Return the name of a body that a cell names by nothing else.

    >>> body_name("Archives départementales du Finistère"), body_name("0921204J")
    ('Archives départementales du Finistère', None)
    """
    text = squeeze(value)
    return text if text and not _identified(text) else None


@mapping_function
def cell_idrefs(value: str) -> str | Reading | None:
    """Return the IdRef nodes of a cell, `idrefNodes` of each value; a name is refused unquoted.

    >>> cell_idrefs("028056663 | 027290921").values
    ('http://www.idref.fr/028056663/id', 'http://www.idref.fr/027290921/id')
    """

    def read(part: str) -> str | Reading | None:
        if not any(character.isdigit() for character in part):
            raise UnreadableValue("NameInsteadOfPpn", "")
        return idref_nodes(part)

    return each(value, read)


@mapping_function
def public_pages(value: str) -> str | Reading | None:
    """Return the addresses of the pages of a cell, as `webLinks`; a mailbox is refused unquoted.

    >>> public_pages("https://www.bulac.fr/")
    'https://www.bulac.fr/'
    """

    def read(part: str) -> str | Reading | None:
        if _MAILBOX.fullmatch(part):
            raise UnreadableValue("MailboxInsteadOfPage", "")
        return web_links(part)

    return each(value, read)
