"""Blank nodes become IRIs, so that two snapshots can be compared line by line.

RDF 1.1 Concepts, section 3.5: a skolem IRI has the path ``/.well-known/genid/``. The name is the
node's label after RDF Dataset Canonicalization (RDFC-1.0), hence the same from run to run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyoxigraph import (
    BlankNode,
    CanonicalizationAlgorithm,
    Dataset,
    NamedNode,
    Quad,
    RdfFormat,
    parse,
)

from collex_graph.errors import ResourceFileError
from collex_graph.resources import resource_dir

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from collex_graph.rdf.iris import Iris


def read_turtle(path: Path, base_iri: str, graph: str) -> Iterator[Quad]:
    """Read a Turtle file of ours into a named graph, its blank nodes skolemised.

    Args:
        path: the file; its relative IRIs are resolved against the base.
        base_iri: the setting of that name.
        graph: IRI of the graph that receives the triples.

    Raises:
        ResourceFileError: when the file is not Turtle.
    """
    try:
        dataset = Dataset(parse(path=str(path), format=RdfFormat.TURTLE, base_iri=base_iri))
    except SyntaxError as error:
        raise ResourceFileError(path, str(error), line=error.lineno) from None
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    target, genid = NamedNode(graph), f"{base_iri}.well-known/genid/{path.stem}/"
    for quad in dataset:
        subject, value = quad.subject, quad.object
        if subject.__class__ is BlankNode:
            subject = NamedNode(genid + subject.value)
        if value.__class__ is BlankNode:
            value = NamedNode(genid + value.value)
        yield Quad(subject, quad.predicate, value, target)


def model_quads(iris: Iris) -> Iterator[Quad]:
    """Yield the ontology, the vocabularies and what the sources are."""
    ontology = resource_dir("ontology")
    yield from read_turtle(ontology / "collex.ttl", iris.base, iris.graph("ontology"))
    for path in sorted((ontology / "vocabularies").glob("*.ttl")):
        yield from read_turtle(path, iris.base, iris.graph("vocabulary", path.stem))
    # what the sources are is data too: a notice says which dataset it is part of
    datasets = resource_dir("mappings") / "sources.ttl"
    yield from read_turtle(datasets, iris.base, iris.graph("source", "collex-graph", "sources"))
