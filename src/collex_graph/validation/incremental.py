"""Judges again only what a change can touch, and finds what a full run would.

From the statements that came or went, the steps of each shape are taken backwards
(`validation.dependencies`), through what is in the graph and what has left it: the focus nodes met
are judged anew, the former results of all others stand. A shape that may look at anything is run
as a whole; so is every shape where the hierarchy of classes changed.

Meant for builds that start from the snapshot before; so far every build judges the whole graph.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, Literal, NamedNode

from collex_graph.rdf.namespaces import term
from collex_graph.validation.compiler import WHOLE_NODES
from collex_graph.validation.data_graph import DataGraph
from collex_graph.validation.dependencies import steps_of_part
from collex_graph.validation.engine import Engine
from collex_graph.validation.shapes import shapes
from collex_graph.validation.validator import ResultWriter, in_order, validate_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyoxigraph import Store, Triple

    from collex_graph.model import Position, ValidationResult
    from collex_graph.validation.compiler import Part
    from collex_graph.validation.dependencies import Steps
    from collex_graph.validation.shapes import Shapes
    from collex_graph.validation.shapes_graph import ShapesGraph, Term

_MOST_TOUCHED = 20_000
"""Focus nodes from which a shape is run as a whole."""


def validate_changes(
    store: Store,
    former: Iterable[ValidationResult],
    changes: Iterable[Triple],
    *,
    positions: Mapping[str, Position] | None = None,
    against: Shapes | None = None,
) -> list[ValidationResult]:
    """Return what `validate_store` would, from what it returned before a change.

    Args:
        store: the store after the change; its default graph is judged.
        former: all results before it, by the same shapes.
        changes: the statements that came and those that went; others may be among them.
        positions: as for `validate_store`, after the change.
        against: the shapes; None means the project's own.
    """
    changed = _Changes(changes)
    if changed.of_hierarchy:
        return validate_store(store, positions=positions, against=against)
    own = against or shapes()
    data = DataGraph(store)
    engine = Engine(own.graph, own.reference, data)
    results = list(former)
    whole = {result.rule for result in results if result.focus_node is None}
    whole |= {iri for iri, rule in own.rules.items() if rule.withholds_value}
    touched: dict[str, set[Term] | None] = {}
    for part in engine.parts:
        nodes = changed.touched(data, own.graph, part)
        for rule in _rules_of(own.graph, part):
            known = touched.setdefault(rule, set())
            is_whole = nodes is None or known is None or rule in whole
            touched[rule] = None if is_whole else known | nodes  # type: ignore[operator]
    writer = ResultWriter(data, positions or {}, own)
    found = []
    for result in results:
        nodes = touched.get(result.rule)
        if nodes is not None and NamedNode(result.focus_node or "urn:x:") not in nodes:
            # the place may be another: rows move when one is inserted above them
            found.append(replace(result, position=writer.place(result)))
    for part in engine.parts:
        sets = [touched[rule] for rule in _rules_of(own.graph, part)]
        if None in sets:
            found += map(writer.result, engine.violations_of(part))
            continue
        among = {node for some in sets for node in some or ()}
        if among and (focus := engine.focus_nodes(part, among)):
            found += map(writer.result, engine.violations_of(part, focus))
    return in_order(found)


def _rules_of(graph: ShapesGraph, part: Part) -> set[str]:
    """Return the IRIs of the shapes that results of a part may be of."""
    named = {part.shape, *(check.shape for check in part.checks)}
    if part.refused:
        named |= set(graph.sh(part.shape, "property"))
    return {str(one.value) for one in named if isinstance(one, NamedNode | BlankNode)}


class _Changes:
    """Statements that came or went."""

    def __init__(self, changes: Iterable[Triple]) -> None:
        self._triples = list(dict.fromkeys(changes))
        self.of_hierarchy = any(t.predicate == term("rdfs:subClassOf") for t in self._triples)
        self._subjects: dict[tuple[str, Term], list[Term]] = {}
        self._objects: dict[tuple[str, Term], list[Term]] = {}
        for triple in self._triples:
            name = triple.predicate.value
            self._subjects.setdefault((name, triple.object), []).append(triple.subject)
            self._subjects.setdefault(("", triple.object), []).append(triple.subject)
            self._objects.setdefault((name, triple.subject), []).append(triple.object)
        self._known: dict[Steps, set[Term] | None] = {}

    def touched(self, data: DataGraph, graph: ShapesGraph, part: Part) -> set[Term] | None:
        """Return the nodes from which the steps of a part lead to a change; None for any node."""
        steps = steps_of_part(graph, part)
        if steps is None or part.climbs or part.refused:
            return None
        if steps not in self._known:
            self._known[steps] = self._backwards(data, steps)
        found = self._known[steps]
        if found is None or any(isinstance(one, BlankNode) for one in found):
            return None
        if part.targets.objects_of and any(isinstance(o, Literal) for o in found):
            return None
        return {one for one in found if isinstance(one, NamedNode)}

    def _backwards(self, data: DataGraph, steps: Steps) -> set[Term] | None:
        found: set[Term] = set()
        for triple in self._triples:
            name = triple.predicate.value
            if (name, False) in steps or WHOLE_NODES in steps:
                found.add(triple.subject)
            if (name, True) in steps:
                found.add(triple.object)
        pending = list(found)
        while pending:
            node = pending.pop()
            before: list[Term] = []
            for name, inverse in steps:
                if inverse:
                    before += self._objects.get((name, node), ())
                    before += data.objects(node, NamedNode(name))
                else:
                    predicate = NamedNode(name) if name else None
                    before += self._subjects.get((name, node), ())
                    before += (t.subject for t in data.triples(None, predicate, node))
            new = [one for one in dict.fromkeys(before) if one not in found]
            found.update(new)
            pending += new
            if len(found) > _MOST_TOUCHED:
                return None
        return found
