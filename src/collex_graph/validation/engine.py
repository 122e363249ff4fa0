"""Finds what breaks the shapes: compiled queries on the store, pySHACL for what they leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, Literal, NamedNode

from collex_graph.rdf.namespaces import expand
from collex_graph.validation.compiler import (
    SHAPES_GRAPH,
    all_nodes,
    among,
    compile_shapes,
)
from collex_graph.validation.data_graph import VERBATIM
from collex_graph.validation.shapes_graph import ShapeError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from collex_graph.validation.compiler import Among, Check, Part
    from collex_graph.validation.data_graph import DataGraph
    from collex_graph.validation.reference import Reference
    from collex_graph.validation.shapes_graph import ShapesGraph, Term

_NODES_AT_ONCE = 1_000
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
        for part in self.parts:
            if part.refused:
                yield from self._by_reference(part, self._focus_nodes(part, wanted))
                continue
            apart = self._told_apart(part, wanted)
            if apart and part.climbs:
                yield from self._by_reference(part, self._focus_nodes(part, wanted))
                continue
            for check in part.checks:
                if check.query is not None:
                    nodes = set(self._nodes(check, wanted)) - apart
                    apart |= {node for node in nodes if isinstance(node, BlankNode)}
                    yield from self._node_by_node(check, nodes - apart)
                else:
                    for found in self._rows(check, wanted):
                        if found.focus not in apart:
                            yield found
            yield from self._by_reference(part, apart)

    # --- compiled --------------------------------------------------------------------------------

    def _rows(self, check: Check, wanted: Collection[NamedNode] | None) -> Iterator[Violation]:
        seen: set[object] = set()
        for restriction in _restrictions(wanted):
            for row in self._data.rows(check.text(restriction)):
                key = _items(row)
                if key not in seen:
                    seen.add(key)
                    yield from self._row(check, row)

    def _nodes(self, check: Check, wanted: Collection[NamedNode] | None) -> Iterator[Term]:
        for restriction in _restrictions(wanted):
            for row in self._data.rows(check.text(restriction)):
                yield row["this"]

    def _node_by_node(self, check: Check, nodes: Iterable[Term]) -> Iterator[Violation]:
        for node in nodes:
            text = check.query.bound(str(node)) if check.query else None
            seen: set[object] = set()
            for row in self._data.rows(text or ""):
                key = _items(row)
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

    def _focus_nodes(self, part: Part, wanted: Collection[NamedNode] | None) -> set[Term]:
        found = set(part.targets.apart) if wanted is None else set()
        for restriction in _restrictions(wanted):
            target = part.targets.write("?this", restriction)
            found.update(
                row["this"] for row in self._data.rows(f"SELECT DISTINCT ?this {{ {target} }}")
            )
        return found

    def _told_apart(self, part: Part, wanted: Collection[NamedNode] | None) -> set[Term]:
        """Return the focus nodes that a query on the store would misjudge.

        They look at a literal that a store would have rewritten, or are one.
        """
        if not self._data.has_verbatim:
            return set(part.targets.apart) if wanted is None else set()
        if part.reach is None:
            return self._focus_nodes(part, wanted)
        found = set(part.targets.apart) if wanted is None else set()
        for restriction in _restrictions(wanted):
            target = part.targets.write("?this", restriction)
            for path in part.reach:
                value, pattern = ("?v", f"?this {path} ?v .") if path else ("?this", "")
                test = f"STRSTARTS(STR(DATATYPE({value})), '{VERBATIM}')"
                query = f"SELECT DISTINCT ?this {{ {target} {pattern} FILTER({test}) }}"
                found.update(row["this"] for row in self._data.rows(query))
        return found


def _restrictions(wanted: Collection[NamedNode] | None) -> Iterator[Among]:
    if wanted is None:
        yield all_nodes
        return
    nodes = list(wanted)
    for start in range(0, len(nodes), _NODES_AT_ONCE):
        yield among(nodes[start : start + _NODES_AT_ONCE])


def _items(row: Mapping[str, Term]) -> tuple[tuple[str, Term], ...]:
    return tuple(sorted(row.items(), key=lambda item: item[0]))
