"""The predicates by which statements say what a thing is, among all that they say of it.

The mapping engine sets such statements apart, and `collex_graph.linking` decides from them which
IRIs name one thing.
"""

from __future__ import annotations

from typing import Final

from collex_graph.rdf.namespaces import expand

IDENTIFIERS: Final = (
    "collex:ppn", "collex:nnt", "bibo:doi", "collex:ark", "bibo:issn", "bibo:eissn", "bibo:isbn",
    "collex:uai", "collex:rcr",
)  # fmt: skip
"""Identifiers of registries, the surest first."""

SAMENESS: Final = ("dcterms:isReplacedBy", "owl:sameAs", "skos:exactMatch")
"""What an authority says of two IRIs for one thing."""

IDENTIFYING_PREDICATES: Final = frozenset(map(expand, (*IDENTIFIERS, *SAMENESS)))
CLASS_PREDICATE: Final = expand("rdf:type")
LABEL_PREDICATES: Final = frozenset(map(expand, ("rdfs:label", "skos:prefLabel")))
"""What shows a thing's name: of several graphs that give one, one is chosen."""

AUTHORITIES: Final = (
    ("idref", "http://www.idref.fr/"),
    ("bnf", "http://data.bnf.fr/"),
    ("persee", "http://data.persee.fr/"),
    ("sudoc", "https://www.sudoc.fr/"),
)
"""Authorities in the order of preference for the node, with the start of their IRIs."""
