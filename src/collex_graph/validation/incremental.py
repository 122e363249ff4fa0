"""Judges again only what a change can touch, and finds what a full run would.

From the statements that came or went, the steps of each shape are taken backwards
(`validation.dependencies`), through what is in the graph and what has left it: the focus nodes met
are judged anew, the former results of all others stand. A shape that may look at anything is run
as a whole; so is every shape where the hierarchy of classes changed.

All shapes share what was read: around a node two reads, whatever the steps, and sets of numbers for
nodes. One read for each node, step and shape took forty times as long.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, Literal, NamedNode

from collex_graph.rdf.namespaces import expand, term
from collex_graph.validation.compiler import WHOLE_NODES
from collex_graph.validation.data_graph import DataGraph
from collex_graph.validation.dependencies import steps_of_part
from collex_graph.validation.engine import Engine
from collex_graph.validation.shapes import shapes
from collex_graph.validation.validator import ResultWriter, in_order, validate_store

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pyoxigraph import Store, Triple

    from collex_graph.model import Position, ValidationResult
    from collex_graph.validation.compiler import Part
    from collex_graph.validation.dependencies import Steps
    from collex_graph.validation.shapes import Shapes
    from collex_graph.validation.shapes_graph import ShapesGraph, Term

_MOST_TOUCHED = 20_000
"""Focus nodes from which a shape is run as a whole."""
_MANY = 1_000
"""Statements with one object from which they are read by predicate, as steps ask for them."""
_IS_A = expand("rdf:type")


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
        former: the results before it, by the same shapes; those of internal rules may be missing.
        changes: the statements that came and those that went; others may be among them.
        positions: as for `validate_store`, after the change.
        against: the shapes; None means the project's own.
    """
    changed = list(dict.fromkeys(changes))
    if any(triple.predicate == term("rdfs:subClassOf") for triple in changed):
        return validate_store(store, positions=positions, against=against)
    own = against or shapes()
    data = DataGraph(store)
    engine = Engine(own.graph, own.reference, data)
    steps = {}
    for number, part in enumerate(engine.parts):
        # without focus nodes, all of a part is run at once
        is_whole = part.climbs or part.refused or not engine.has_focus_nodes(part)
        steps[number] = None if is_whole else steps_of_part(own.graph, part)
    around = _Surroundings(data, changed, {one for some in steps.values() for one in some or ()})
    results = list(former)
    # the place of a result can be that of its value, which is not told here
    whole = {r.rule for r in results if r.focus_node is None or own.rules[r.rule].withholds_value}
    whole |= {iri for iri, rule in own.rules.items() if rule.internal}
    touched: dict[str, set[int] | None] = {}
    for number, part in enumerate(engine.parts):
        nodes = around.touched(steps[number], part)
        for rule in _rules_of(own.graph, part):
            known = touched.setdefault(rule, set())
            is_whole = nodes is None or known is None or rule in whole
            touched[rule] = None if is_whole else known | nodes  # type: ignore[operator]
    writer = ResultWriter(data, positions or {}, own)
    found = []
    for result in results:
        numbers = touched.get(result.rule)
        if numbers is not None and around.number_of(result.focus_node) not in numbers:
            # the place may be another: rows move when one is inserted above them
            found.append(writer.placed(result))
    for part in engine.parts:
        sets = [touched[rule] for rule in _rules_of(own.graph, part)]
        if None in sets:
            found += map(writer.result, engine.violations_of(part))
            continue
        among = set[int]().union(*(some for some in sets if some))
        if among and (focus := around.focus_nodes(engine, part, among)):
            found += map(writer.result, engine.violations_of(part, focus))
    return in_order(found)


def _rules_of(graph: ShapesGraph, part: Part) -> set[str]:
    """Return the IRIs of the shapes that results of a part may be of."""
    named = {part.shape, *(check.shape for check in part.checks)}
    if part.refused:
        named |= set(graph.sh(part.shape, "property"))
    return {str(one.value) for one in named if isinstance(one, NamedNode | BlankNode)}


class _Surroundings:
    """What stands around the statements that came or went; read as far as steps lead to it.

    Args:
        data: the graph after the change.
        changes: the statements.
        asked: every step that some shape takes.
    """

    def __init__(
        self, data: DataGraph, changes: Iterable[Triple], asked: Collection[tuple[str, bool]]
    ) -> None:
        self._data = data
        self._asked = asked
        self._terms: list[Term] = []
        self._numbers: dict[Term, int] = {}
        self._known: dict[Steps, set[int] | None] = {}
        # step → the nodes that are one step before a change
        self._starts = defaultdict[tuple[str, bool], set[int]](set)
        # step → node → the nodes that are one step before it, in the graph or before the change
        self._before: dict[tuple[str, bool], defaultdict[int, set[int]]] = {
            step: defaultdict(set) for step in asked
        }
        self._of_class = defaultdict[str, set[int]](set)
        self._saying = defaultdict[str, set[int]](set)
        self._blank: set[int] = set()
        self._literal: set[int] = set()
        self._looked_around: set[int] = set()
        self._crowded: set[int] = set()
        self._looked_back: set[tuple[str, int]] = set()
        for triple in changes:
            name = triple.predicate.value
            subject, value = self._number(triple.subject), self._number(triple.object)
            for step in ((name, False), WHOLE_NODES):
                if step in asked:
                    self._starts[step].add(subject)
            if (name, True) in asked:
                self._starts[name, True].add(value)
            self._note(name, subject, value)

    def number_of(self, iri: str | None) -> int | None:
        """Return the number of a node that was met; None for any other."""
        return None if iri is None else self._numbers.get(NamedNode(iri))

    def touched(self, steps: Steps | None, part: Part) -> set[int] | None:
        """Return the nodes from which the steps of a part lead to a change; None for any node."""
        if steps is None:
            return None
        if steps not in self._known:
            self._known[steps] = self._backwards(steps)
        found = self._known[steps]
        if found is None:
            return None
        if not self._blank.isdisjoint(found):
            return None
        if part.targets.objects_of and not self._literal.isdisjoint(found):
            return None
        return found

    def focus_nodes(self, engine: Engine, part: Part, among: set[int]) -> set[Term]:
        """Return those among some touched nodes that a part is for."""
        targets = part.targets
        if targets.names_nodes or targets.has_nameless or targets.objects_of or targets.apart:
            return engine.focus_nodes(
                part, {self._terms[number] for number in among - self._literal}
            )
        found = set[int]()
        for name in targets.classes & self._of_class.keys():
            found |= among & self._of_class[name]
        for name in targets.subjects_of & self._saying.keys():
            found |= among & self._saying[name]
        return {self._terms[number] for number in found}

    def _number(self, node: Term) -> int:
        number = self._numbers.setdefault(node, len(self._terms))
        if number == len(self._terms):
            self._terms.append(node)
            if isinstance(node, BlankNode):
                self._blank.add(number)
            elif isinstance(node, Literal):
                self._literal.add(number)
        return number

    def _note(self, name: str, subject: int, value: int) -> None:
        for step in ((name, False), WHOLE_NODES):
            if step in self._before:
                self._before[step][value].add(subject)
        if (name, True) in self._before:
            self._before[name, True][subject].add(value)

    def _backwards(self, steps: Steps) -> set[int] | None:
        """Return the nodes from which some steps lead to a change; None where they are many."""
        found = set[int]().union(*(self._starts[step] for step in steps & self._starts.keys()))
        ways = [self._before[step] for step in steps]
        new = set(found)
        while new:
            if len(found) > _MOST_TOUCHED:
                return None
            for number in new - self._looked_around:
                self._look_around(number)
            for number in new & self._crowded:
                self._look_back(number, steps)
            reached = set[int]()
            for before in ways:
                for number in before.keys() & new:
                    reached |= before[number]
            new = reached - found
            found |= new
        return found

    def _look_around(self, number: int) -> None:
        """Read what is said of a node, and by whom it is named unless there are many."""
        self._looked_around.add(number)
        node = self._terms[number]
        for triple in self._data.triples(node, None, None):
            name = triple.predicate.value
            self._saying[name].add(number)
            if name == _IS_A and isinstance(triple.object, NamedNode):
                self._of_class[triple.object.value].add(number)
            if (name, True) in self._before:
                self._before[name, True][number].add(self._number(triple.object))
        naming = list(islice(self._data.triples(None, None, node), _MANY + 1))
        if len(naming) > _MANY:
            self._crowded.add(number)
            return
        for triple in naming:
            self._note(triple.predicate.value, self._number(triple.subject), number)

    def _look_back(self, number: int, steps: Steps) -> None:
        """Read who names a node that many name, by the predicates of some steps."""
        node = self._terms[number]
        for name, inverse in steps:
            if not inverse and (name, number) not in self._looked_back:
                self._looked_back.add((name, number))
                predicate = NamedNode(name) if name else None
                naming = self._data.triples(None, predicate, node)
                for triple in islice(naming, _MOST_TOUCHED + 1):
                    self._note(triple.predicate.value, self._number(triple.subject), number)
