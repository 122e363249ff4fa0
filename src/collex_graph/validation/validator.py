"""Checks a graph against the shapes: statements in, validation results out.

The engine is pySHACL on an rdflib graph in memory, driven shape by shape on the shape's own targets
and not through `pyshacl.validate`, for reasons that were measured: that function builds the shapes
anew at each call; its option ``focus_nodes`` also filters the values that nested shapes look at, so
that ``sh:or`` always passes and ``sh:not`` always fails; its option ``use_shapes`` checks nothing.
Messages come from the shapes themselves, because pySHACL loses the language of some.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rdflib
from pyshacl.graph_abstraction import DataGraph
from pyshacl.pytypes import SHACLExecutor

from collex_graph.model import ValidationResult
from collex_graph.rdf.namespaces import expand
from collex_graph.validation.shapes import Shapes, shapes
from collex_graph.validation.terms import rdflib_graph, to_pyoxigraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pyoxigraph

    from collex_graph.model import Position
    from collex_graph.validation.terms import RdflibTerm

_VALUES_SHOWN = 5
_LABELS = (rdflib.URIRef(expand("rdfs:label")), rdflib.URIRef(expand("skos:prefLabel")))
_PROPERTY = rdflib.URIRef(expand("sh:property"))
_INCOMPARABLE = rdflib.URIRef(expand("sh:LessThanOrEqualsConstraintComponent"))
_SPARQL = expand("sh:SPARQLConstraintComponent")
# Constraints on several values at once: no single value is at fault, so all of them are shown. The
# same goes for a query that names no value.
_ON_ALL_VALUES = frozenset(
    expand(f"sh:{name}ConstraintComponent") for name in ("MaxCount", "UniqueLang")
)


def validate(
    data: Iterable[pyoxigraph.Quad | pyoxigraph.Triple],
    *,
    focus_nodes: Iterable[str] | None = None,
    positions: Mapping[str, Position] | None = None,
    against: Shapes | None = None,
) -> list[ValidationResult]:
    """Check statements against the shapes.

    Args:
        data: the statements, derived ones included; named graphs are read as one.
        focus_nodes: IRIs of the only nodes to check; None checks every target of every shape. What
            these nodes point to must be in ``data`` all the same.
        positions: IRI of a node → where its record stands in a source. A node that has none takes
            that of its owner (the notice of an access point) or of a node that refers to it.
        against: the shapes; None means the project's own.

    Returns:
        The results, sorted by focus node, rule and value, so that two runs say the same.
    """
    check = _Check(rdflib_graph(data), positions or {}, against or shapes())
    wanted = None if focus_nodes is None else {rdflib.URIRef(iri) for iri in focus_nodes}
    return sorted(check.results(wanted), key=_order)


def _order(result: ValidationResult) -> tuple[str, ...]:
    return (
        result.focus_node or "",
        result.rule,
        result.source_constraint_component or "",
        result.value_term or "",
        result.value or "",
    )


class _Check:
    """One run: the graph, the places of its records, the shapes."""

    def __init__(
        self, graph: rdflib.Graph, positions: Mapping[str, Position], against: Shapes
    ) -> None:
        self.graph = graph
        self.positions = positions
        self.shapes = against
        self.engine_graph = DataGraph.from_rdflib(graph)
        self.executor = SHACLExecutor()

    def results(self, wanted: set[rdflib.URIRef] | None) -> Iterator[ValidationResult]:
        """Yield the results of every shape on its targets, in no particular order."""
        for shape in self.shapes.engine.shapes:
            targets = shape.focus_nodes(self.engine_graph)
            if wanted is not None:
                targets &= wanted
            if targets:
                for part in self._parts(shape):
                    yield from map(self._result, self._found(part, targets))

    def _parts(self, shape: Any) -> list[Any]:
        """Return the property shapes of a node shape, or the shape where it constrains itself.

        pySHACL runs a property shape ten times faster on all focus nodes together than when a node
        shape calls it for each.
        """
        if str(shape.node) in self.shapes.rules:
            return [shape]
        names = self.shapes.graph.objects(shape.node, _PROPERTY)
        return [self.shapes.engine.lookup_shape_from_node(name) for name in names]

    def _found(self, shape: Any, targets: set[Any]) -> Iterator[dict[str, RdflibTerm]]:
        """Yield the results of one shape on some focus nodes: SHACL's properties and their values.

        pySHACL breaks off where two values cannot be compared, such as a year and a text. SHACL
        makes that a result (section 4.5.3), so the node concerned gets it here.
        """
        try:
            _, found = shape.validate(self.executor, self.engine_graph, focus=targets)
        except TypeError:
            if len(targets) > 1:
                for target in targets:
                    yield from self._found(shape, {target})
                return
            yield {
                "focusNode": next(iter(targets)),
                "sourceShape": shape.node,
                "sourceConstraintComponent": _INCOMPARABLE,
            }
            return
        for _, node, statements in found:
            yield dict(_plain(node, statements))

    def _result(self, found: Mapping[str, RdflibTerm]) -> ValidationResult:
        rule = self.shapes.rules[str(found["sourceShape"])]
        focus, value = found["focusNode"], found.get("value")
        component = str(found["sourceConstraintComponent"])
        named = isinstance(focus, rdflib.URIRef)
        term = None if value is None or isinstance(value, rdflib.BNode) else to_pyoxigraph(value)
        words = None if value is None else self._words(value)
        if component in _ON_ALL_VALUES or (component == _SPARQL and value is None):
            words = self._all_values(found["sourceShape"], focus)
        elif not named and words is None:
            words = self._words(focus)
        if rule.withholds_value:
            words = term = None
        return ValidationResult(
            focus_node=str(focus) if named else None,
            severity=rule.severity,
            rule=rule.iri,
            messages=rule.messages,
            advice=rule.advice,
            source_constraint_component=component,
            path=None if rule.path is None else rule.path.name,
            value=words,
            value_term=None if term is None else str(term),
            position=self._position(focus, value),
            of_dataset=rule.of_dataset,
            internal=rule.internal,
        )

    def _all_values(self, shape: RdflibTerm, focus: RdflibTerm) -> str:
        found = self.shapes.engine.lookup_shape_from_node(shape).value_nodes(
            self.engine_graph, focus
        )
        words = sorted({self._words(value) for value in found[focus]})
        more = f" | … ({len(words)})" if len(words) > _VALUES_SHOWN else ""
        return " | ".join(words[:_VALUES_SHOWN]) + more

    def _words(self, value: RdflibTerm) -> str:
        """Return a term as a person would name it: a text, a label (French first), an IRI."""
        if isinstance(value, rdflib.Literal):
            return str(value)
        for predicate in _LABELS:
            labels = [
                (label.language != "fr", str(label))
                for label in self.graph.objects(value, predicate)
                if isinstance(label, rdflib.Literal) and label.strip()
            ]
            if labels:
                return min(labels)[1]
        return "—" if isinstance(value, rdflib.BNode) else str(value)

    def _position(self, focus: RdflibTerm, value: RdflibTerm | None) -> Position | None:
        """Return where to look: the record of the node, its owner's, or that of a referrer."""
        if not self.positions:
            return None
        for node in (focus, value):
            if isinstance(node, rdflib.URIRef) and (found := self._owned(str(node))):
                return found
        referrers = sorted(str(node) for node in self.graph.subjects(None, focus))
        return next(filter(None, map(self._owned, referrers)), None)

    def _owned(self, iri: str) -> Position | None:
        """Return the position of a node, or of the node whose IRI it starts with."""
        while iri.count("/") > _SLASHES_OF_A_HOST:
            if iri in self.positions:
                return self.positions[iri]
            iri = iri.rpartition("/")[0]
        return None


_SLASHES_OF_A_HOST = 3


def _plain(node: Any, statements: Any) -> Iterator[tuple[str, RdflibTerm]]:
    """Yield the local name and the object of each statement of one pySHACL result."""
    for subject, predicate, value in statements:
        if subject == node:
            local = str(predicate).removeprefix(expand("sh:"))
            yield local, value[1] if isinstance(value, tuple) else value
