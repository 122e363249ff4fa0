"""Documents: their identifiers in canonical form, and their nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collex_graph.mapping.functions.institutions import _identified, _value_and_repairs
from collex_graph.mapping.functions.registry import BASE, mapping_function
from collex_graph.rdf import identifiers
from collex_graph.rdf.identifiers import Identified

if TYPE_CHECKING:
    from collex_graph.model import Reading


@mapping_function
def sudoc_ppn(value: str) -> str | Reading | None:
    """Return the PPN of a Sudoc record, bare.

    >>> sudoc_ppn("https://www.sudoc.fr/107996537/id")
    '107996537'
    """
    if not value.strip():
        return None
    found = _identified(identifiers.read_sudoc(value))
    return _value_and_repairs(found, value, found.value)


@mapping_function
def issn(value: str) -> str | Reading | None:
    """Return an ISSN with its hyphen; what stands around it is taken away and reported.

    >>> issn("14740540")
    '1474-0540'
    >>> issn("1474-0540á").values
    ('1474-0540',)
    """
    if not value.strip():
        return None
    found = _identified(identifiers.read_issn(value))
    return _value_and_repairs(found, value, found.value)


@mapping_function
def isbn(value: str) -> str | Reading | None:
    """Return an ISBN as thirteen digits.

    >>> isbn("978-3-662-03539-9")
    '9783662035399'
    """
    if not value.strip():
        return None
    found = _identified(identifiers.read_isbn(value))
    return _value_and_repairs(found, value, found.value)


@mapping_function
def doi(value: str) -> str | Reading | None:
    """Return a DOI without prefix, in small letters.

    >>> doi("https://dx.doi.org/10.1039/9781847550019")
    '10.1039/9781847550019'
    """
    if not value.strip():
        return None
    found = _identified(identifiers.read_doi(value))
    return _value_and_repairs(found, value, found.value)


@mapping_function
def ark(value: str) -> str | Reading | None:
    """Return an ARK without its resolver.

    >>> ark("https://revue-sommaire.istex.fr/ark:/67375/8Q1-23W6HDS7-G")
    'ark:/67375/8Q1-23W6HDS7-G'
    """
    if not value.strip():
        return None
    found = _identified(identifiers.read_ark(value))
    return _value_and_repairs(found, value, found.value)


@mapping_function
def document_node(
    *,
    ppn: str = "",
    nnt: str = "",
    doi: str = "",
    issn: tuple[str, ...] = (),
    isbn: tuple[str, ...] = (),
    ark: str = "",
) -> str | None:
    """Return the node of a document, named by the first of its identifiers that holds.

    A Sudoc PPN names it with the Sudoc's IRI; else a thesis number, DOI, ISSN, ISBN, ARK, in this
    order, give ``base:id/document/{scheme}-{value}``. Nothing where none holds: a title names no
    document. What is wrong with an identifier is reported by the function of its scheme.

    Args:
        ppn: of the Sudoc record.
        nnt: number of a thesis.
        doi: of this document, not of what it is part of.
        issn: all known ones, in order of preference (print first, so that sources meet).
        isbn: all known ones, in order of preference (electronic first).
        ark: with or without resolver.

    >>> document_node(ppn="107996537", issn=("0959-7743",))
    'https://www.sudoc.fr/107996537/id'
    >>> document_node(issn=("", "14740540"), isbn=())
    'base:id/document/issn-1474-0540'
    >>> document_node(ark="ark:/67375/8Q1-23W6HDS7-G")
    'base:id/document/ark-67375-8Q1-23W6HDS7-G'
    """
    if ppn.strip():
        record = identifiers.read_sudoc(ppn)
        if isinstance(record, Identified) and record.iri is not None:
            return record.iri
    if nnt.strip():
        return BASE.entity("document", f"nnt-{nnt.strip().upper()}")
    if doi.strip():
        found = identifiers.read_doi(doi)
        if isinstance(found, Identified):
            return BASE.entity("document", "doi-" + found.value.replace("/", "_"))
    for text in issn:
        found = identifiers.read_issn(text)
        if isinstance(found, Identified):
            return BASE.entity("document", f"issn-{found.value}")
    for text in isbn:
        found = identifiers.read_isbn(text)
        if isinstance(found, Identified):
            return BASE.entity("document", f"isbn-{found.value}")
    if ark.strip():
        found = identifiers.read_ark(ark)
        if isinstance(found, Identified):
            local = found.value.removeprefix("ark:/").replace("/", "-")
            return BASE.entity("document", f"ark-{local}")
    return None
