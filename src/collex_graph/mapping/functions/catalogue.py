"""Catalogues: the nodes of documents that a Sudoc record or a national thesis number names."""

from __future__ import annotations

import re
from typing import Final

from collex_graph.mapping.functions.institutions import _identified as identified
from collex_graph.mapping.functions.registry import mapping_function
from collex_graph.rdf import identifiers
from collex_graph.rdf.identifiers import Identified


@mapping_function
def sudoc_node(value: str) -> str | None:
    """Return the node of a document that has a Sudoc record; `sudocRecord` reports.

    >>> sudoc_node("039226859")
    'https://www.sudoc.fr/039226859/id'
    """
    found = identifiers.read_sudoc(value)
    return found.iri if isinstance(found, Identified) else None


@mapping_function
def sudoc_record(value: str) -> str | None:
    """Return the Sudoc record itself, as distinct from the document, and report a wrong PPN.

    >>> sudoc_record("039226859")
    'https://www.sudoc.fr/039226859'
    """
    node = identified(identifiers.read_sudoc(value)).iri
    return node.removesuffix("/id") if node is not None else None


# A national thesis number: year of defence, code of the establishment, running number.
_NNT: Final = re.compile(
    r"(?:https?://(?:www\.)?theses\.fr/(?:api/v1/document/)?)?"
    r"(?P<nnt>[12][0-9]{3}[A-Z0-9]{4}[A-Z0-9]{4})(?:/id)?",
    re.ASCII | re.IGNORECASE,
)


@mapping_function
def nnt(value: str) -> str | None:
    """Return the national number of a thesis (NNT), None for any other number.

    It has no check character.

    >>> nnt("https://www.theses.fr/2011AIX10218/id"), nnt("dumas-03601218")
    ('2011AIX10218', None)
    """
    found = _NNT.fullmatch(value.strip())
    return found["nnt"].upper() if found is not None else None
