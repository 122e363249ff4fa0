"""pySHACL, for what cannot be compiled: run as it is shipped, on what a shape can see.

It is driven shape by shape on given focus nodes and not through `pyshacl.validate`, for reasons
that were measured: that function builds the shapes anew at each call; its option ``focus_nodes``
also filters the values that nested shapes look at, so that ``sh:or`` always passes and ``sh:not``
always fails; its option ``use_shapes`` checks nothing.
"""

from __future__ import annotations

from functools import cached_property
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any

from pyoxigraph import BlankNode, Literal, Triple
from pyshacl.errors import ReportableRuntimeError
from pyshacl.graph_abstraction import DataGraph as PyshaclGraph
from pyshacl.pytypes import SHACLExecutor
from pyshacl.shapes_graph import ShapesGraph as PyshaclShapes

from collex_graph.rdf.namespaces import expand, term
from collex_graph.validation.compiler import EVERYWHERE, WHOLE_NODES
from collex_graph.validation.shapes_graph import ShapeError
from collex_graph.validation.terms import rdflib_graph, to_pyoxigraph, to_rdflib

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from collex_graph.validation.compiler import Part
    from collex_graph.validation.data_graph import DataGraph
    from collex_graph.validation.shapes_graph import ShapesGraph, Term

_NODES_AT_ONCE = 1_000
_SH = expand("sh:")
_COMPARING = "Cannot use sh:lessThan"


class Reference:
    """pySHACL with one shapes graph.

    Args:
        shapes: the shapes.
    """

    def __init__(self, shapes: ShapesGraph) -> None:
        self._shapes = shapes
        self._whole: tuple[DataGraph, PyshaclGraph] | None = None
        # rdflib parses queries for one thread at a time
        self._alone = Lock()

    @cached_property
    def _engine(self) -> PyshaclShapes:
        try:
            engine = PyshaclShapes(rdflib_graph(_with_plain_inverses(self._shapes)))
            engine.shapes  # noqa: B018 - reading it is what builds the shapes
        except ReportableRuntimeError as error:
            raise ShapeError(term("sh:Shape"), error.message) from error
        return engine

    def results(
        self, data: DataGraph, part: Part, nodes: Iterable[Term]
    ) -> Iterator[dict[str, Any]]:
        """Yield the results of one part on some focus nodes.

        Args:
            data: the graph.
            part: what is run.
            nodes: the focus nodes.

        Yields:
            Local name of a property of SHACL → term; ``messages`` → the messages.
        """
        todo = iter(nodes)
        has_path = bool(self._shapes.sh(part.shape, "path"))
        while chunk := set(islice(todo, _NODES_AT_ONCE)):
            with self._alone:
                shape = self._engine.lookup_shape_from_node(to_rdflib(part.shape))
                graph = self._graph(data, part, chunk)
                found = list(self._found(shape, graph, {to_rdflib(node) for node in chunk}))
            for one in found:
                # a node shape is run whole, but its property shapes are parts of their own
                if has_path or one["sourceShape"] == part.shape:
                    yield one

    def _graph(self, data: DataGraph, part: Part, nodes: set[Term]) -> PyshaclGraph:
        if EVERYWHERE not in part.steps:
            steps = [step for step in part.steps if step != WHOLE_NODES]
            whole = WHOLE_NODES in part.steps
            around = data.neighbourhood(nodes, steps, whole_nodes=whole)
            return PyshaclGraph.from_rdflib(rdflib_graph(around))
        if self._whole is None or self._whole[0] is not data:
            everything = rdflib_graph(data.triples(None, None, None))
            self._whole = (data, PyshaclGraph.from_rdflib(everything))
        return self._whole[1]

    def _found(self, shape: Any, graph: PyshaclGraph, nodes: set[Any]) -> Iterator[dict[str, Any]]:
        """Yield the results of one shape.

        pySHACL breaks off where two values cannot be compared, such as a year and a text. SHACL
        makes that a result (section 4.5.3), so the node concerned gets it here, and none other.
        """
        try:
            _, found = shape.validate(SHACLExecutor(), graph, focus=nodes)
        except (ReportableRuntimeError, TypeError) as error:
            if isinstance(error, ReportableRuntimeError) and _COMPARING not in error.message:
                raise ShapeError(to_pyoxigraph(shape.node), error.message) from error
            if len(nodes) > 1:
                for node in nodes:
                    yield from self._found(shape, graph, {node})
                return
            node = to_pyoxigraph(shape.node)
            name = "LessThan" if self._shapes.sh(node, "lessThan") else "LessThanOrEquals"
            yield {
                "focusNode": to_pyoxigraph(next(iter(nodes))),
                "sourceShape": node,
                "sourceConstraintComponent": term(f"sh:{name}ConstraintComponent"),
                "messages": (),
            }
            return
        for _, node, statements in found:
            said: dict[str, Any] = {}
            messages: list[Literal] = []
            for subject, predicate, value in statements:
                if subject != node:
                    continue
                plain = value[1] if isinstance(value, tuple) else value
                local = str(predicate).removeprefix(_SH)
                term_ = to_pyoxigraph(plain)
                if local == "resultMessage" and isinstance(term_, Literal):
                    messages.append(term_)
                else:
                    said[local] = term_
            yield {**said, "messages": tuple(messages)}


def _with_plain_inverses(shapes: ShapesGraph) -> Iterator[Triple]:
    """Yield the shapes with each inverse of a sequence as the sequence of inverses, last one first.

    pySHACL follows the steps of ``^(a/b)`` in the order of ``a/b``.
    """
    inverse, first, rest = term("sh:inversePath"), term("rdf:first"), term("rdf:rest")
    todo = list(shapes.triples())
    while todo:
        triple = todo.pop()
        if triple.predicate != inverse or not shapes.objects(triple.object, first):
            yield triple
            continue
        head = triple.subject
        steps = shapes.members(triple.object)[::-1]
        for number, step in enumerate(steps):
            turned, after = BlankNode(), BlankNode()
            todo.append(Triple(turned, inverse, step))
            yield Triple(head, first, turned)
            yield Triple(head, rest, after if number < len(steps) - 1 else term("rdf:nil"))
            head = after
