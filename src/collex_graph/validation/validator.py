"""Checks a graph against the project's shapes: a store or statements in, validation results out.

`compiler` makes SPARQL of the shapes, `engine` runs it, and here the rows become results: with the
severity and the words of the rule, the value in words, and the place in a source file.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, Literal, NamedNode

from collex_graph.model import ValidationResult
from collex_graph.rdf.literals import read_term
from collex_graph.rdf.namespaces import expand, term
from collex_graph.validation.data_graph import DataGraph
from collex_graph.validation.engine import Engine
from collex_graph.validation.shapes import shapes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyoxigraph import Quad, Store, Triple

    from collex_graph.model import Position
    from collex_graph.validation.engine import Violation
    from collex_graph.validation.shapes import Rule, Shapes
    from collex_graph.validation.shapes_graph import Term

_VALUES_SHOWN = 5
_SLASHES_OF_A_HOST = 3
_LABELS = (term("rdfs:label"), term("skos:prefLabel"))
_SPARQL = expand("sh:SPARQLConstraintComponent")
# Constraints on several values at once: no single value is at fault, so all of them are shown. The
# same goes for a query that names no value.
_ON_ALL_VALUES = frozenset(
    expand(f"sh:{name}ConstraintComponent") for name in ("MaxCount", "UniqueLang")
)
_PLACEHOLDER = re.compile(r"\{[?$](\w+)\}")


def validate(
    data: Iterable[Quad | Triple],
    *,
    focus_nodes: Iterable[str] | None = None,
    positions: Mapping[str, Position] | None = None,
    against: Shapes | None = None,
) -> list[ValidationResult]:
    """Check statements against the shapes, word for word as they are given.

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
    return _results(DataGraph.of_statements(data), focus_nodes, positions, against)


def validate_store(
    store: Store,
    *,
    union: bool = False,
    focus_nodes: Iterable[str] | None = None,
    positions: Mapping[str, Position] | None = None,
    against: Shapes | None = None,
) -> list[ValidationResult]:
    """Check a store in place; nothing is copied, and nothing written.

    A literal is judged as the store holds it. What a store would rewrite was to be found when it
    was loaded: `mapping.nquads` lets no such literal in.

    Args:
        store: the store.
        union: check the union of its named graphs; else its default graph. A statement of several
            graphs is in the union once for each, so a rule that counts solutions in SPARQL
            (``COUNT`` without ``DISTINCT``) needs the default graph.
        focus_nodes: as for `validate`.
        positions: as for `validate`.
        against: as for `validate`.

    Returns:
        As `validate` does.
    """
    return _results(DataGraph(store, union=union), focus_nodes, positions, against)


def ways(against: Shapes | None = None) -> dict[str, str]:
    """Say how the constraints of each shape are run; see `Engine.ways`.

    Args:
        against: the shapes; None means the project's own.

    Returns:
        IRI of the shape → the way.
    """
    own = against or shapes()
    engine = Engine(own.graph, own.reference, DataGraph.of_statements([]))
    return {_label(shape): way for shape, way in engine.ways().items()}


def _results(
    data: DataGraph,
    focus_nodes: Iterable[str] | None,
    positions: Mapping[str, Position] | None,
    against: Shapes | None,
) -> list[ValidationResult]:
    wanted = None if focus_nodes is None else {NamedNode(iri) for iri in focus_nodes}
    writer = ResultWriter(data, positions or {}, against or shapes())
    engine = Engine(writer.shapes.graph, writer.shapes.reference, data)
    return in_order(map(writer.result, engine.violations(wanted)))


def in_order(results: Iterable[ValidationResult]) -> list[ValidationResult]:
    """Return results sorted by focus node, rule and value."""
    return sorted(results, key=_order)


def _order(result: ValidationResult) -> tuple[str, ...]:
    return (
        result.focus_node or "",
        result.rule,
        result.source_constraint_component or "",
        result.value_term or "",
        result.value or "",
    )


def result_of(
    rule: Rule,
    *,
    focus_node: str | None,
    component: str | None,
    value: str | None,
    value_term: str | None,
    messages: Mapping[str, str],
    position: Position | None = None,
) -> ValidationResult:
    """Return the result of a rule; all but what is given is said by the rule."""
    repair = None
    if rule.repair is not None and value_term is not None:
        repair = rule.repair.repair(rule.iri, read_term(value_term).value, {}, position)
    return ValidationResult(
        focus_node=focus_node,
        severity=rule.severity,
        rule=rule.iri,
        messages=messages,
        advice=rule.advice,
        source_constraint_component=component,
        path=None if rule.path is None else rule.path.name,
        value=value,
        value_term=value_term,
        position=position,
        of_dataset=rule.of_dataset,
        internal=rule.internal,
        repair=repair,
    )


class ResultWriter:
    """Makes results of violations.

    Args:
        data: the graph.
        positions: as for `validate`.
        against: the shapes.
    """

    def __init__(self, data: DataGraph, positions: Mapping[str, Position], against: Shapes) -> None:
        self.shapes = against
        self._data = data
        self._positions = positions
        self._places: dict[NamedNode, Position | None] = {}
        self._named: dict[Term, str] = {}
        self._asked: dict[str, tuple[str, ...]] = {}
        # results share their messages: there may be hundreds of thousands
        self._told: dict[tuple[str, tuple[str | None, ...]], Mapping[str, str]] = {}

    def result(self, found: Violation) -> ValidationResult:
        """Return one result."""
        rule = self.shapes.rules[_label(found.shape)]
        named = isinstance(found.focus, NamedNode)
        value = found.value
        value_term = None if value is None or isinstance(value, BlankNode) else value
        words = None if value is None else self._words(value)
        if found.component in _ON_ALL_VALUES or (found.component == _SPARQL and value is None):
            words = self._all_values(found)
        elif not named and words is None:
            words = self._words(found.focus)
        if rule.withholds_value:
            words = value_term = None
        return result_of(
            rule,
            focus_node=found.focus.value if isinstance(found.focus, NamedNode) else None,
            component=found.component,
            value=words,
            value_term=None if value_term is None else str(value_term),
            messages=self._messages(rule, found),
            position=self._position(found.focus, value),
        )

    def _messages(self, rule: Rule, found: Violation) -> Mapping[str, str]:
        """Fill in ``{?value}`` and ``{$this}`` (SHACL, section 5.3.2), as people name the terms."""
        if rule.iri not in self._asked:
            names = {name for text in rule.messages.values() for name in _PLACEHOLDER.findall(text)}
            self._asked[rule.iri] = tuple(sorted(names))
        asked = self._asked[rule.iri]
        if not asked:
            return rule.messages
        words: list[str | None] = []
        for name in asked:
            value = found.bindings.get(name)
            if name == "this":
                value = found.focus
            elif name == "value" and found.value is not None:
                value = found.value
            if value is None:
                words.append(None)
            else:
                words.append("…" if rule.withholds_value else self._words(value))
        key = rule.iri, tuple(words)
        if key not in self._told:
            known = {
                name: said for name, said in zip(asked, words, strict=True) if said is not None
            }
            self._told[key] = {
                language: _PLACEHOLDER.sub(lambda m: known.get(m[1], m[0]), text)
                for language, text in rule.messages.items()
            }
        return self._told[key]

    def _all_values(self, found: Violation) -> str:
        path = self.shapes.rules[_label(found.shape)].path
        if path is None:
            return self._words(found.focus)
        query = f"SELECT DISTINCT ?this ?value {{ ?this {path.sparql} ?value }}"
        words = sorted({self._words(row["value"]) for row in self._data.rows(query, found.focus)})
        more = f" | … ({len(words)})" if len(words) > _VALUES_SHOWN else ""
        return " | ".join(words[:_VALUES_SHOWN]) + more

    def _words(self, value: Term) -> str:
        """Return a term as a person would name it: a text, a label (French first), an IRI."""
        if isinstance(value, Literal):
            return value.value
        if value not in self._named:
            self._named[value] = self._name(value)
        return self._named[value]

    def _name(self, value: Term) -> str:
        for predicate in _LABELS:
            labels = [
                (label.language != "fr", label.value)
                for label in self._data.objects(value, predicate)
                if isinstance(label, Literal) and label.value.strip()
            ]
            if labels:
                return min(labels)[1]
        return "—" if isinstance(value, BlankNode) else _label(value)

    def placed(self, result: ValidationResult) -> ValidationResult:
        """Return a result of an earlier run with the place where to look for it now."""
        if result.focus_node is None:
            return result
        value = read_term(result.value_term) if result.value_term else None
        position = self._position(NamedNode(result.focus_node), value)
        repair = result.repair and replace(result.repair, position=position)
        return replace(result, position=position, repair=repair)

    def _position(self, focus: Term, value: Term | None) -> Position | None:
        """Return where to look: the record of the node, its owner's, or that of a referrer."""
        if not self._positions:
            return None
        for node in (focus, value):
            if isinstance(node, NamedNode) and (found := self._owned(node.value)):
                return found
        if not isinstance(focus, NamedNode):
            return self._referrer(focus)
        if focus not in self._places:
            self._places[focus] = self._referrer(focus)
        return self._places[focus]

    def _referrer(self, node: Term) -> Position | None:
        return self._owned(first_referrer(self._data, node, self._positions))

    def _owned(self, iri: str) -> Position | None:
        return _position_of_owner(self._positions, iri)


def _position_of_owner(positions: Mapping[str, Position], iri: str) -> Position | None:
    """Return the position of a node, or of the node whose IRI it starts with."""
    while iri not in positions:
        iri = iri.rpartition("/")[0]
        if iri.count("/") <= _SLASHES_OF_A_HOST:
            return None
    return positions[iri]


def first_referrer(data: DataGraph, node: Term, positions: Mapping[str, Position]) -> str:
    """Return the node whose position the results of another node take, where it has none; or ""."""
    referrers = {triple.subject for triple in data.triples(None, None, node)}
    iris = sorted(one.value for one in referrers if isinstance(one, NamedNode))
    return next((iri for iri in iris if _position_of_owner(positions, iri)), "")


def _label(node: Term) -> str:
    return node.value if isinstance(node, NamedNode | BlankNode) else str(node)
