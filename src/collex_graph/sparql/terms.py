"""Writes RDF terms into SPARQL: the only way a value from outside gets into a query."""

from __future__ import annotations

from pyoxigraph import Literal, NamedNode

from collex_graph.rdf.iris import is_absolute_iri
from collex_graph.rdf.namespaces import expand

Term = NamedNode | Literal

_ESCAPES = str.maketrans(
    {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
)


def write_term(term: Term) -> str:
    r"""Write an IRI or a literal so that a query can hold no more than that.

    Raises:
        ValueError: for an IRI that is not absolute or has characters no IRI may have.

    >>> write_term(Literal('L\'"été"\\', language="fr"))
    '"L\'\\"été\\"\\\\"@fr'
    >>> write_term(Literal("12", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#integer")))
    '"12"^^<http://www.w3.org/2001/XMLSchema#integer>'
    """
    if isinstance(term, NamedNode):
        if not is_absolute_iri(term.value):
            raise ValueError(f"not an absolute IRI: {term.value!r}")
        return f"<{term.value}>"
    quoted = f'"{term.value.translate(_ESCAPES)}"'
    if term.language:
        direction = f"--{term.direction}" if term.direction else ""
        return f"{quoted}@{term.language}{direction}"
    if term.datatype.value == expand("xsd:string"):
        return quoted
    return f"{quoted}^^{write_term(term.datatype)}"


def named_node(iri: str) -> NamedNode:
    """Return the term of an IRI.

    Raises:
        ValueError: when it is not absolute or has characters no IRI may have, where they stand.
    """
    if not is_absolute_iri(iri):
        raise ValueError(f"not an absolute IRI: {iri!r}")
    return NamedNode(iri)


def is_named(iri: str) -> bool:
    """Say whether a text is the IRI of a term: `named_node` takes it.

    >>> is_named("http://a/b"), is_named("http://a/%zz"), is_named("a/b")
    (True, False, False)
    """
    try:
        named_node(iri)
    except ValueError:
        return False
    return True


def within_select(variables: str, values: str) -> str:
    """Write a ``VALUES`` so that the engine begins with it.

    Oxigraph holds a pattern with two given terms (``?u a collex:Fonds``) for a thousand solutions,
    however many it has, and begins with it where a ``VALUES`` has more rows: 2,000 rows took two
    seconds among 30,000 things, and take 0.06 s so.
    """
    return f"{{ SELECT {variables} {{ {values} }} }}"
