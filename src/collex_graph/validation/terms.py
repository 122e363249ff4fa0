"""Terms of pyoxigraph as terms of rdflib, and back; nothing is normalised on the way."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyoxigraph
import rdflib
from rdflib.namespace import XSD
from rdflib.plugins.sparql import prepareQuery

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rdflib.plugins.sparql.sparql import Query
    from rdflib.query import Result

# rdflib logs a traceback for every ill-typed literal it meets; the shapes report them in words.
logging.getLogger("rdflib.term").setLevel(logging.ERROR)

RdflibTerm = rdflib.URIRef | rdflib.BNode | rdflib.Literal


@lru_cache(maxsize=65_536)
def to_rdflib(
    term: pyoxigraph.NamedNode | pyoxigraph.BlankNode | pyoxigraph.Literal,
) -> RdflibTerm:
    """Return the rdflib term that says the same, lexical form included."""
    if isinstance(term, pyoxigraph.NamedNode):
        return rdflib.URIRef(term.value)
    if isinstance(term, pyoxigraph.BlankNode):
        return rdflib.BNode(term.value)
    if term.language is not None:
        return rdflib.Literal(term.value, lang=term.language)
    datatype = rdflib.URIRef(term.datatype.value)
    # rdflib holds "a" and "a"^^xsd:string for different terms, so sh:in and sh:hasValue would fail.
    if datatype == XSD.string:
        return rdflib.Literal(term.value)
    return rdflib.Literal(term.value, datatype=datatype, normalize=False)


def to_pyoxigraph(
    term: RdflibTerm,
) -> pyoxigraph.NamedNode | pyoxigraph.BlankNode | pyoxigraph.Literal:
    """Return the pyoxigraph term that says the same."""
    if isinstance(term, rdflib.URIRef):
        return pyoxigraph.NamedNode(str(term))
    if isinstance(term, rdflib.BNode):
        return pyoxigraph.BlankNode(str(term))
    if term.language:
        return pyoxigraph.Literal(str(term), language=term.language)
    if term.datatype:
        return pyoxigraph.Literal(str(term), datatype=pyoxigraph.NamedNode(str(term.datatype)))
    return pyoxigraph.Literal(str(term))


class _Graph(rdflib.Graph):
    """A graph that parses a query once: pySHACL asks it anew, as text, for every focus node.

    Parsing takes rdflib about 20 ms, the answer well under one.
    """

    def query(self, query_object: Any, *args: Any, **kwargs: Any) -> Result:
        """Answer a query; see `rdflib.Graph.query`."""
        if isinstance(query_object, str):
            query_object = _prepared(query_object)
        return super().query(query_object, *args, **kwargs)


@lru_cache(maxsize=64)
def _prepared(text: str) -> Query:
    return prepareQuery(text)


def rdflib_graph(statements: Iterable[pyoxigraph.Quad | pyoxigraph.Triple]) -> rdflib.Graph:
    """Return one graph with every statement once, whichever named graph it stands in."""
    graph = _Graph(bind_namespaces="none")
    add = graph.store.add
    for statement in statements:
        add(
            (
                to_rdflib(statement.subject),
                to_rdflib(statement.predicate),
                to_rdflib(statement.object),
            ),
            graph,
        )
    return graph
