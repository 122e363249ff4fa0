"""Triples written for people and programs: the same triples are the same bytes, every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from collex_graph.rdf.formats import JSON_LD, compact_json_ld
from collex_graph.rdf.namespaces import expand, prefixes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from collex_graph.rdf.formats import Format

# Compacting costs a second of processor time per megabyte. Expanded JSON-LD says the same.
COMPACTED_UP_TO_BYTES = 2_000_000


def serialize(triples: Iterable[ox.Triple], syntax: Format, *, first: str = "") -> bytes:
    """Write triples, sorted, with the prefixes that they use.

    Args:
        triples: any triples; a repeated one is written once.
        syntax: one of the RDF formats.
        first: IRI of the subject whose triples come first.
    """
    ordered = sorted(set(triples), key=lambda triple: _order(triple, first))
    if not isinstance(syntax.oxigraph, ox.RdfFormat):
        raise TypeError(f"{syntax.label} is not an RDF format")
    written = ox.serialize(ordered, format=syntax.oxigraph, prefixes=_prefixes_of(ordered))
    assert written is not None
    if syntax is JSON_LD and len(written) <= COMPACTED_UP_TO_BYTES:
        return compact_json_ld(written)
    return written


# Turtle writes literals of these without their datatype.
_UNWRITTEN = frozenset(
    expand(name)
    for name in (
        "xsd:string", "rdf:langString", "xsd:boolean", "xsd:integer", "xsd:decimal", "xsd:double",
    )
)  # fmt: skip


def _order(triple: ox.Triple, first: str) -> tuple[bool, str, bool, str, str]:
    is_type = triple.predicate.value == expand("rdf:type")
    subject = str(triple.subject)
    return subject != f"<{first}>", subject, not is_type, str(triple.predicate), str(triple.object)


def _prefixes_of(triples: Iterable[ox.Triple]) -> dict[str, str]:
    """Return the declared prefixes whose namespaces occur in the triples."""
    namespaces: set[str] = set()
    for triple in triples:
        for node in (triple.subject, triple.predicate, triple.object):
            if isinstance(node, ox.Literal):
                if node.datatype.value not in _UNWRITTEN:
                    namespaces.add(_namespace(node.datatype.value))
            elif isinstance(node, ox.NamedNode):
                namespaces.add(_namespace(node.value))
    return {
        prefix: namespace for prefix, namespace in prefixes().items() if namespace in namespaces
    }


def _namespace(iri: str) -> str:
    return iri[: max(iri.rfind("#"), iri.rfind("/")) + 1]
