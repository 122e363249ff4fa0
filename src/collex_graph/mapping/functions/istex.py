"""ISTEX: its corpora, the resources they were acquired as, its types and categories."""

from __future__ import annotations

import re
from typing import Final

from collex_graph.mapping.functions.authorities import same_thing
from collex_graph.mapping.functions.documents import document_node
from collex_graph.mapping.functions.languages import language
from collex_graph.mapping.functions.links import web_link
from collex_graph.mapping.functions.registry import BASE, mapping_function, squeeze
from collex_graph.mapping.functions.title_lists import _acquired
from collex_graph.model import Note, Reading, UnreadableValue
from collex_graph.rdf import identifiers
from collex_graph.rdf.identifiers import Identified
from collex_graph.rdf.iris import slug

_CONCEPT: Final = re.compile(
    r"(?:https?://(?P<table>[a-z-]+)\.data\.istex\.fr/ ?)?"
    r"(?P<ark>ark:/67375/[A-Z0-9]{3}-[A-Z0-9-]+)"
)
_BACON: Final = re.compile(r"https?://bacon\.abes\.fr/package2kbart/(?P<name>[A-Z0-9_-]+)")


@mapping_function
def istex_entries(value: str, table: str) -> list[str]:
    """Return the IRIs of the entries of a table of ISTEX that a cell names, one or several.

    Args:
        value: an ARK, or addresses joined by commas or semicolons.
        table: ``content-type``, ``publication-type``, ``scientific-domain``…

    >>> istex_entries("ark:/67375/XTP-1JC4F85T-7", "content-type")
    ['https://content-type.data.istex.fr/ark:/67375/XTP-1JC4F85T-7']
    """
    found = _CONCEPT.finditer(value)
    return [f"https://{entry['table'] or table}.data.istex.fr/{entry['ark']}" for entry in found]


@mapping_function
def istex_publisher(value: str) -> list[str]:
    """Return the node of a publisher in ISTEX's table; its authorities are said to be the same.

    >>> istex_publisher("https://scientific-publisher.data.istex.fr/ark:/67375/H02-RWBHQBJV-W")
    ['base:id/agent/istex/H02-RWBHQBJV-W']
    """
    found = _CONCEPT.finditer(value)
    return [BASE.entity("agent", "istex", entry["ark"].rpartition("/")[2]) for entry in found]


@mapping_function
def istex_page(ark: str) -> str | None:
    """Return the address of a document in ISTEX.

    >>> istex_page("ark:/67375/56L-C7S8LWKF-D")
    'https://api.istex.fr/ark:/67375/56L-C7S8LWKF-D'
    """
    found = identifiers.read_ark(ark)
    return f"https://api.istex.fr/{found.value}" if isinstance(found, Identified) else None


@mapping_function
def bacon_package(url: str) -> str | None:
    """Return the name of the package that an address of BACON leads to; other addresses name none.

    >>> bacon_package("https://bacon.abes.fr/package2kbart/RSC_FRANCE_ISTEXJOURNALS")
    'RSC_FRANCE_ISTEXJOURNALS'
    """
    found = _BACON.fullmatch(url.strip())
    return found["name"] if found else None


@mapping_function
def not_bacon(url: str) -> str | None:
    """Return ``true`` for the address of a list of titles that is no package of BACON.

    >>> not_bacon("https://bacon.abes.fr/package2kbart/RSC_FRANCE_ISTEXJOURNALS") is None
    True
    """
    return "true" if url.strip() and bacon_package(url) is None else None


@mapping_function
def istex_host(issn: tuple[str, ...] = (), isbn: tuple[str, ...] = ()) -> str | None:
    """Return the node of what a document is part of, by ISSN (print first) or ISBN.

    >>> istex_host(("1474-905X", "1474-9092"))
    'base:id/document/issn-1474-905X'
    """
    return document_node(issn=issn, isbn=isbn)


@mapping_function
def istex_language(code: str) -> str | Reading | None:
    """Return the language of a document, nothing where ISTEX does not know it.

    >>> istex_language("eng"), istex_language("unknown")
    ('http://lexvo.org/id/iso639-3/eng', None)
    """
    return None if code.strip().lower() in ("unknown", "und", "zxx") else language(code)


@mapping_function
def publisher_match(value: str) -> str | None:
    """Return the IRI of a publisher in an authority; an address that names none is reported.

    >>> publisher_match("https://www.idref.fr/074130617")
    'http://www.idref.fr/074130617/id'
    """
    if not value.strip():
        return None
    if "catalogue.bnf.fr" in value:
        found = identifiers.read_bnf(value.strip())
        if isinstance(found, Identified):
            return found.iri
        raise UnreadableValue("MalformedIdentifier", value, scheme="BnF (ARK)")
    if "idref.fr" in value and not isinstance(identifiers.read_idref(value), Identified):
        raise UnreadableValue("MalformedIdentifier", value, scheme="IdRef (PPN)")
    return same_thing(squeeze(value))


@mapping_function
def acquired_corpus(corpus: str, url: str = "") -> str:
    """Return the node of the resource that a corpus of ISTEX was acquired as.

    It is that of its package, so that the lists of today (``RSC_FRANCE_LN-ISTEX-JOURNALS-…``) and
    the package that the table names (``RSC_FRANCE_ISTEXJOURNALS``) are of one resource.

    Args:
        corpus: identifier of the corpus.
        url: of the package in BACON, where there is one.

    >>> acquired_corpus("rsc-journals", "http://bacon.abes.fr/package2kbart/RSC_FRANCE_ISTEXJOURNALS")
    'base:id/resource/rsc-istex-journals'
    >>> acquired_corpus("eebo")
    'base:id/resource/istex-eebo'
    """
    package = bacon_package(url)
    key = _acquired(package, licensed=True)[0] if isinstance(package, str) else ""
    return BASE.entity("resource", key or f"istex-{slug(corpus)}")


_ARTICLES: Final = frozenset({
    "research-article", "article", "review-article", "brief-communication", "case-report",
    "editorial", "book-reviews",
})  # fmt: skip


@mapping_function
def istex_class(genre: tuple[str, ...]) -> str | None:
    """Return the class of a document, from its content types; none for the others.

    >>> istex_class(("article", "research-article")), istex_class(("other",))
    ('bibo:Article', None)
    """
    kinds = {text.strip().lower() for text in genre}
    if kinds & _ARTICLES:
        return "bibo:Article"
    if "chapter" in kinds:
        return "bibo:Chapter"
    return "bibo:Book" if "book" in kinds else None


@mapping_function
def istex_host_class(genre: tuple[str, ...]) -> str | None:
    """Return the class of what a document is part of, from its publication types.

    >>> istex_host_class(("journal",)), istex_host_class(("database",))
    ('bibo:Journal', None)
    """
    kinds = {"journal": "bibo:Journal", "book": "bibo:Book", "book-series": "bibo:Series"}
    return next((kinds[text] for text in genre if text in kinds), None)


_LEVEL: Final = re.compile(r"[0-9] - (?P<words>.+)")


def _category(value: str) -> str:
    found = _LEVEL.fullmatch(squeeze(value))
    if found is None:
        raise UnreadableValue("UnknownCategory", value)
    return found["words"]


@mapping_function
def istex_category(value: str) -> str | None:
    """Return the words of a category, without its level; `istex_category_node` reports.

    >>> istex_category("2 - respiratory system")
    'respiratory system'
    """
    found = _LEVEL.fullmatch(squeeze(value))
    return found["words"] if found else None


def _node(words: str, scheme: str) -> str:
    return BASE.entity("concept", f"istex-{scheme}", slug(words))


@mapping_function
def istex_category_node(value: str, scheme: str) -> str:
    """Return the node of a category within its classification.

    Args:
        value: as ISTEX writes it, level first; anything else is reported.
        scheme: ``wos``, ``scopus``, ``scienceMetrix``, ``inist``.

    >>> istex_category_node("2 - respiratory system", "wos")
    'base:id/concept/istex-wos/respiratory-system'
    """
    return _node(_category(value), scheme)


@mapping_function
def in_istex_category(value: str, scheme: str) -> str | None:
    """Return the same for a document's statement; `istex_category_node` reports.

    >>> in_istex_category("respiratory system", "wos") is None
    True
    """
    found = _LEVEL.fullmatch(squeeze(value))
    return None if found is None else _node(found["words"], scheme)


@mapping_function
def homepages(value: str) -> Reading | None:
    """Return the addresses of a cell that joins several with semicolons.

    >>> homepages("https://www.elsevier.com ; http://www.sciencedirect.com/").values
    ('https://www.elsevier.com', 'http://www.sciencedirect.com/')
    """
    texts: list[str] = []
    notes: list[Note] = []
    for part in filter(None, map(squeeze, value.split(" ; "))):
        try:
            read = web_link(part)
        except UnreadableValue as refusal:
            notes.append(refusal.note)
            continue
        texts += [read] if isinstance(read, str) else read.values
        notes += read.notes if isinstance(read, Reading) else ()
    return Reading(tuple(texts), tuple(notes)) if texts or notes else None
