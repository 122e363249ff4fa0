"""Finds what breaks the shapes: compiled queries on the store, pySHACL for what they leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, Literal, NamedNode

from collex_graph.rdf.namespaces import expand, term
from collex_graph.validation.compiler import (
    ALL_NODES,
    SHAPES_GRAPH,
    among,
    compile_shapes,
)
from collex_graph.validation.data_graph import VERBATIM
from collex_graph.validation.shapes_graph import ShapeError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from collex_graph.validation.compiler import Among, Check, Part, Targets
    from collex_graph.validation.data_graph import DataGraph
    from collex_graph.validation.reference import Reference
    from collex_graph.validation.shapes_graph import ShapesGraph, Term

_NODES_AT_ONCE = 1_000
# Fewer focus nodes are looked at one by one.
_FEW_NODES = 500
# Of so many nodes that are asked for, all that is said of them is read, to know whose targets they
# may be.
_FEW_WANTED = 100
# A predicate is read as a whole where it has at most so many statements for each focus node.
_STATEMENTS_A_NODE = 2
# Suspects are worth looking at where they are at most one of so many focus nodes.
_NODES_A_SUSPECT = 20
_WITHOUT_VALUE = frozenset(
    {"MinCount", "MaxCount", "UniqueLang", "HasValue", "QualifiedMinCount", "QualifiedMaxCount"}
)


@dataclass(frozen=True)
class Violation:
    """One result, in the terms of the graph.

    Attributes:
        shape: the source shape.
        component: IRI of the constraint component.
        focus: the focus node.
        value: the value at fault, where it is one.
        path: the path that the result states instead of the shape's.
        constraint: the source constraint, for a constraint in SPARQL.
        bindings: variable → value, for messages.
        messages: messages that the engine gives, where neither shape nor constraint has one.
    """

    shape: Term
    component: str
    focus: Term
    value: Term | None = None
    path: Term | None = None
    constraint: Term | None = None
    bindings: Mapping[str, Term] = field(default_factory=dict, hash=False, compare=False)
    messages: tuple[Literal, ...] = ()


class Engine:
    """Shapes, compiled for one graph.

    Args:
        shapes: the shapes.
        reference: pySHACL with the same shapes.
        data: the graph.

    Attributes:
        parts: what is run.

    Raises:
        ShapeError: for a shape that cannot be run as it is meant.
    """

    def __init__(self, shapes: ShapesGraph, reference: Reference, data: DataGraph) -> None:
        self._shapes = shapes
        self._reference = reference
        self._data = data
        self._counted: dict[Targets | tuple[str, int], int] = {}
        self._inhabited: dict[Targets, bool] = {}
        self.parts = compile_shapes(shapes, data.classes_below)
        for part in self.parts:
            for check in part.checks:
                if check.looks_at_shapes and not data.hold_shapes(shapes.triples(), SHAPES_GRAPH):
                    raise ShapeError(check.shape, "$shapesGraph cannot be used in a store in place")

    def ways(self) -> dict[Term, str]:
        """Return the way that the constraints of each shape take.

        Returns:
            shape → ``in place`` (one query for all nodes), ``node by node`` (one query in place for
            each), or ``pySHACL: `` and the reason.
        """
        found: dict[Term, str] = {}
        for part in self.parts:
            by_node = any(check.query for check in part.checks)
            way = "node by node" if by_node else "in place"
            found[part.shape] = f"pySHACL: {part.refused}" if part.refused else way
        return found

    def violations(self, wanted: Collection[NamedNode] | None = None) -> Iterator[Violation]:
        """Yield what is found, in no particular order.

        Args:
            wanted: the only focus nodes to look at; None means all.
        """
        among_ = None if wanted is None else self._wanted(wanted)
        for part in self.parts:
            focus = None
            if among_ is not None:
                focus = among_(part)
                if not focus:
                    continue
            yield from self.violations_of(part, focus)

    def violations_of(
        self, part: Part, focus: Collection[Term] | None = None
    ) -> Iterator[Violation]:
        """Yield what one part finds.

        Args:
            part: one of `parts`.
            focus: some of its focus nodes; None means all.
        """
        if part.refused:
            yield from self._by_reference(part, self.focus_nodes(part) if focus is None else focus)
            return
        if focus is None and not self.has_focus_nodes(part):
            return
        apart = self._told_apart(part, focus)
        if apart and part.climbs:
            yield from self._by_reference(part, self.focus_nodes(part) if focus is None else focus)
            return
        for check in part.checks:
            if check.query is not None:
                nodes = set(self._nodes(check, focus)) - apart
                apart |= {node for node in nodes if isinstance(node, BlankNode)}
                yield from self._node_by_node(check, nodes - apart)
            else:
                for found in self._rows(part, check, focus):
                    if found.focus not in apart:
                        yield found
        yield from self._by_reference(part, apart)

    def _wanted(self, wanted: Collection[NamedNode]) -> Callable[[Part], set[Term]]:
        """Return what gives the focus nodes of a part among some; each target is asked once."""
        known: dict[Targets, set[Term]] = {}
        classes: set[str] = set()
        predicates: set[str] = set()
        are_few = len(wanted) <= _FEW_WANTED
        for node in wanted if are_few else ():
            for triple in self._data.triples(node, None, None):
                predicates.add(triple.predicate.value)
                if triple.predicate == term("rdf:type") and isinstance(triple.object, NamedNode):
                    classes.add(triple.object.value)

        def focus(part: Part) -> set[Term]:
            targets = part.targets
            if are_few and not targets.can_have(classes, predicates):
                return set()
            if targets not in known:
                known[targets] = self.focus_nodes(part, wanted)
            return known[targets]

        return focus

    # --- compiled --------------------------------------------------------------------------------

    def _rows(
        self, part: Part, check: Check, focus: Collection[Term] | None
    ) -> Iterator[Violation]:
        seen: set[object] = set()
        suspects = self._suspects(part, check) if focus is None else None
        for restriction in _restrictions(focus) if suspects is None else _chunks(suspects):
            for row in self._data.rows(check.text(restriction)):
                key = tuple(row.items())
                if key not in seen:
                    seen.add(key)
                    yield from self._row(check, row)

    def _suspects(self, part: Part, check: Check) -> set[Term] | None:
        """Return the nodes among which a check need be run; None means all focus nodes."""
        if check.suspects is None:
            return None
        nodes = self._count(part.targets, part.targets.write("?this", ALL_NODES))
        predicate = check.suspects.predicate
        most = nodes * _STATEMENTS_A_NODE
        statements = f"SELECT ?this {{ ?this <{predicate}> ?value }} LIMIT {most + 1}"
        if nodes < _FEW_NODES or self._count((predicate, most), f"{{ {statements} }}") > most:
            return None
        found: set[Term] = set()
        for row in self._data.rows(check.suspects.query):
            found.add(row["this"])
            if len(found) > nodes // _NODES_A_SUSPECT or isinstance(row["this"], BlankNode):
                return None
        return found

    def _count(self, what: Targets | tuple[str, int], pattern: str) -> int:
        """Return how many solutions a pattern has; each is counted once."""
        if what not in self._counted:
            (row,) = self._data.rows(f"SELECT (COUNT(*) AS ?count) {{ {pattern} }}")
            number = row["count"]
            assert isinstance(number, Literal)
            self._counted[what] = int(number.value)
        return self._counted[what]

    def has_focus_nodes(self, part: Part) -> bool:
        """Say whether a part has any; parts of the same targets are asked once."""
        targets = part.targets
        if targets.apart:
            return True
        if targets not in self._inhabited:
            pattern = targets.write("?this", ALL_NODES)
            found = self._data.rows(f"SELECT ?this {{ {pattern} }} LIMIT 1")
            self._inhabited[targets] = next(found, None) is not None
        return self._inhabited[targets]

    def _nodes(self, check: Check, focus: Collection[Term] | None) -> Iterator[Term]:
        for restriction in _restrictions(focus):
            for row in self._data.rows(check.text(restriction)):
                yield row["this"]

    def _node_by_node(self, check: Check, nodes: Iterable[Term]) -> Iterator[Violation]:
        for node in nodes:
            text = check.query.bound(str(node)) if check.query else None
            seen: set[object] = set()
            for row in self._data.rows(text or ""):
                key = tuple(row.items())
                if key not in seen:
                    seen.add(key)
                    yield from self._row(check, {**row, "this": node})

    def _row(self, check: Check, row: Mapping[str, Term]) -> Iterator[Violation]:
        for number, component in enumerate(check.components):
            flag = row.get(f"k{number}")
            if flag is not None and flag == Literal(True):
                continue
            value = None if component in _WITHOUT_VALUE else row.get("value")
            if value is None and component == "SPARQL" and not self._shapes.sh(check.shape, "path"):
                value = row["this"]
            path = row.get("path")
            yield Violation(
                check.shape,
                expand(f"sh:{component}ConstraintComponent"),
                row["this"],
                value,
                path if isinstance(path, NamedNode) else None,
                check.constraint,
                row,
            )

    # --- pySHACL ---------------------------------------------------------------------------------

    def _by_reference(self, part: Part, nodes: Iterable[Term]) -> Iterator[Violation]:
        for found in self._reference.results(self._data, part, nodes):
            component = found["sourceConstraintComponent"].value
            path = found.get("resultPath")
            if path in self._shapes.sh(found["sourceShape"], "path"):
                path = None
            yield Violation(
                found["sourceShape"],
                component,
                found["focusNode"],
                found.get("value"),
                path if isinstance(path, NamedNode) else None,
                found.get("sourceConstraint"),
                messages=found["messages"],
            )

    def focus_nodes(self, part: Part, wanted: Collection[Term] | None = None) -> set[Term]:
        """Return the focus nodes of a part, all of them or those among some."""
        found = set(part.targets.apart) if wanted is None else set()
        for restriction in [ALL_NODES] if wanted is None else _chunks(wanted):
            target = part.targets.write("?this", restriction)
            found.update(
                row["this"] for row in self._data.rows(f"SELECT DISTINCT ?this {{ {target} }}")
            )
        return found

    def _told_apart(self, part: Part, focus: Collection[Term] | None) -> set[Term]:
        """Return the focus nodes that a query on the store would misjudge.

        They look at a literal that a store would have rewritten, or are one.
        """
        found = set(part.targets.apart) if focus is None else set()
        if not self._data.has_verbatim:
            return found
        if part.reach is None:
            return self.focus_nodes(part) if focus is None else set(focus)
        for restriction in _restrictions(focus):
            target = part.targets.write("?this", restriction)
            for path in part.reach:
                value, pattern = ("?v", f"?this {path} ?v .") if path else ("?this", "")
                test = f"STRSTARTS(STR(DATATYPE({value})), '{VERBATIM}')"
                query = f"SELECT DISTINCT ?this {{ {target} {pattern} FILTER({test}) }}"
                found.update(row["this"] for row in self._data.rows(query))
        return found


def _restrictions(focus: Collection[Term] | None) -> Iterator[Among]:
    """Yield the restriction to some focus nodes, in chunks; None means all."""
    if focus is None:
        yield ALL_NODES
    else:
        yield from _chunks(focus, are_targets=True)


def _chunks(nodes: Collection[Term], *, are_targets: bool = False) -> Iterator[Among]:
    todo = list(nodes)
    for start in range(0, len(todo), _NODES_AT_ONCE):
        yield among(todo[start : start + _NODES_AT_ONCE], are_targets=are_targets)
