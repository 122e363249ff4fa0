"""Which authority file an IRI belongs to, and where its record can be read."""

from __future__ import annotations

import re
from typing import NamedTuple

from collex_graph.server.contexts.values import Authority


class _Pattern(NamedTuple):
    key: str
    name: str
    iri: re.Pattern[str]
    record: str


# The canonical forms of the model; the record is the page that people read there.
_PATTERNS = (
    _Pattern(
        "idref", "IdRef",
        re.compile(r"http://www\.idref\.fr/(\d{8}[\dX])/id"),
        "https://www.idref.fr/{}",
    ),
    _Pattern(
        "bnf", "BnF",
        re.compile(r"http://data\.bnf\.fr/ark:/12148/(cb\w+)(?:#foaf:Person)?"),
        "https://data.bnf.fr/ark:/12148/{}",
    ),
    _Pattern(
        "persee", "Persée",
        re.compile(r"http://data\.persee\.fr/authority/(\d+)#Person"),
        "https://www.persee.fr/authority/{}",
    ),
    _Pattern(
        "sudoc", "Sudoc",
        re.compile(r"https://www\.sudoc\.fr/(\d{8}[\dX])/id"),
        "https://www.sudoc.fr/{}",
    ),
    _Pattern("ror", "ROR", re.compile(r"https://ror\.org/(0\w{8})"), "https://ror.org/{}"),
    _Pattern(
        "isni", "ISNI",
        re.compile(r"https?://(?:www\.)?isni\.org/(?:isni/)?(\d{15}[\dX])"),
        "https://isni.org/isni/{}",
    ),
    _Pattern("viaf", "VIAF", re.compile(r"https?://viaf\.org/viaf/(\d+)"), "https://viaf.org/viaf/{}"),
    _Pattern(
        "orcid", "ORCID",
        re.compile(r"https?://orcid\.org/((?:\d{4}-){3}\d{3}[\dX])"),
        "https://orcid.org/{}",
    ),
    _Pattern(
        "geonames", "GeoNames",
        re.compile(r"https?://sws\.geonames\.org/(\d+)/?"),
        "https://www.geonames.org/{}",
    ),
    _Pattern(
        "wikidata", "Wikidata",
        re.compile(r"http://www\.wikidata\.org/entity/(Q\d+)"),
        "https://www.wikidata.org/wiki/{}",
    ),
)  # fmt: skip


def authority_of(iri: str) -> Authority | None:
    """Return the authority mark of an IRI, None when it is in no authority file we know.

    >>> authority_of("http://www.idref.fr/026852071/id").href
    'https://www.idref.fr/026852071'
    >>> authority_of("https://example.org/026852071") is None
    True
    """
    for pattern in _PATTERNS:
        match = pattern.iri.fullmatch(iri)
        if match:
            identifier = match[1]
            return Authority(
                pattern.key, pattern.name, identifier, pattern.record.format(identifier)
            )
    return None
