"""The graph that is checked: a store in place, or statements of a file put into one.

Oxigraph rewrites some literals when it stores them: ``01`` becomes ``1``, ``xsd:byte`` becomes
``xsd:integer``. A store that is checked in place is judged by what it holds. Statements that are
given as such are judged by what they say: their rewritten literals are stored under a name of their
own (`DataGraph.verbatim`), and the nodes that a rule could judge by them are left to pySHACL, which
sees them as they were written.
"""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    Literal,
    NamedNode,
    Quad,
    QuerySolutions,
    Store,
    Triple,
    Variable,
)

from collex_graph.rdf.namespaces import expand, term

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from collex_graph.validation.shapes_graph import Term

VERBATIM = "urn:x-collex-graph:verbatim:"
_LOADED_AT_ONCE = 100_000
_PLAIN = frozenset({expand("xsd:string"), expand("rdf:langString")})
_Row = dict[str, "Term"]


class DataGraph:
    """The statements to check, as one graph.

    Args:
        store: holds them.
        union: check the union of the named graphs; else the default graph.
        verbatim: literal that the store would have rewritten → the one that stands for it.
        is_own: the store was made for this check.
    """

    def __init__(
        self,
        store: Store,
        *,
        union: bool = False,
        verbatim: Mapping[Literal, Literal] | None = None,
        is_own: bool = False,
    ) -> None:
        self._store = store
        self._union = union
        self._verbatim = verbatim or {}
        self._is_own = is_own

    @classmethod
    def of_statements(cls, statements: Iterable[Quad | Triple]) -> DataGraph:
        """Put statements into a store in memory, whichever graph they stand in."""
        store = Store()
        verbatim: dict[Literal, Literal] = {}
        kept: set[Literal] = set()
        default = DefaultGraph()
        chunk: list[Quad | Triple] = []
        for statement in chain(statements, (None,)):
            if statement is not None:
                chunk.append(statement)
                if len(chunk) < _LOADED_AT_ONCE:
                    continue
            values = {s.object for s in chunk if isinstance(s.object, Literal)}
            new = [v for v in values if v not in kept and v not in verbatim]
            for literal in rewritten(new):
                verbatim[literal] = Literal(
                    literal.value, datatype=NamedNode(f"{VERBATIM}{literal.datatype.value}")
                )
            kept.update(v for v in new if v not in verbatim)
            store.bulk_extend(
                Quad(s.subject, s.predicate, _stored(s.object, verbatim), default) for s in chunk
            )
            chunk = []
        return cls(store, verbatim=verbatim, is_own=True)

    @property
    def has_verbatim(self) -> bool:
        """Whether some literals stand under a name of their own."""
        return bool(self._verbatim)

    def hold_shapes(self, shapes: Iterable[Triple], graph: str) -> bool:
        """Put the shapes beside the data, for constraints that look at them.

        Returns:
            False for a store that is checked in place, which nothing here may write to.
        """
        if not self._is_own:
            return False
        name = NamedNode(graph)
        self._store.extend(Quad(s.subject, s.predicate, s.object, name) for s in shapes)
        return True

    def rows(self, query: str, this: Term | None = None) -> Iterator[_Row]:
        """Run a SELECT; yield the variables that are bound.

        Args:
            query: the query.
            this: a value for ``?this``, for a term that no query can name.
        """
        found = self._store.query(
            query,
            use_default_graph_as_union=self._union,
            substitutions=None if this is None else {Variable("this"): this},
        )
        if not isinstance(found, QuerySolutions):
            raise TypeError("a check is a SELECT query")
        names = [variable.value for variable in found.variables]
        for row in found:
            values = row if not self._verbatim else map(self._original_of, row)
            yield {
                name: value for name, value in zip(names, values, strict=True) if value is not None
            }

    def objects(self, subject: Term, predicate: NamedNode) -> Iterator[Term]:
        """Yield the objects of a subject and a predicate."""
        for quad in self._quads(subject, predicate, None):
            yield self._original(quad.object)

    def triples(
        self, subject: Term | None, predicate: NamedNode | None, value: Term | None
    ) -> Iterator[Triple]:
        """Yield the statements that match, a statement of several graphs once for each."""
        for quad in self._quads(subject, predicate, value):
            yield Triple(quad.subject, quad.predicate, self._original(quad.object))

    def _quads(
        self, subject: Term | None, predicate: NamedNode | None, value: Term | None
    ) -> Iterable[Quad]:
        if isinstance(subject, Literal | Triple):
            return ()
        graph = None if self._union else DefaultGraph()
        value = self._stand_in(value)
        return self._store.quads_for_pattern(subject, predicate, value, graph)

    def classes_below(self, name: NamedNode) -> Sequence[Term]:
        """Return a class and all its subclasses, the class first, the others in order.

        A store in memory gives its statements in another order each time; what is compiled for the
        classes of one is used again for another.
        """
        found: set[Term] = {name}
        todo: list[Term] = [name]
        while todo:
            for triple in self.triples(None, term("rdfs:subClassOf"), todo.pop()):
                if triple.subject not in found:
                    found.add(triple.subject)
                    todo.append(triple.subject)
        return [name, *sorted(found - {name}, key=str)]

    def neighbourhood(
        self, nodes: Iterable[Term], steps: Iterable[tuple[str, bool]], *, whole_nodes: bool
    ) -> Iterator[Triple]:
        """Yield the statements that lie along some steps from some nodes.

        Args:
            nodes: where to start.
            steps: (predicate, whether it is followed from object to subject).
            whole_nodes: yield all that is said of every node on the way.
        """
        forward = [NamedNode(predicate) for predicate, inverse in steps if not inverse]
        backward = [NamedNode(predicate) for predicate, inverse in steps if inverse]
        todo = list(dict.fromkeys(nodes))
        seen = set(todo)
        while todo:
            node = todo.pop()
            next_nodes: list[Term] = []
            for predicate in forward:
                for triple in self.triples(node, predicate, None):
                    yield triple
                    next_nodes.append(triple.object)
            for predicate in backward:
                for triple in self.triples(None, predicate, node):
                    yield triple
                    next_nodes.append(triple.subject)
            if whole_nodes:
                yield from self.triples(node, None, None)
            elif isinstance(node, BlankNode):
                # pySHACL names a blank node in its messages by a statement about it
                yield from self.triples(node, None, None)
                yield from islice(self.triples(None, None, node), 1)
            todo += [one for one in dict.fromkeys(next_nodes) if one not in seen]
            seen.update(next_nodes)

    def _original_of(self, value: Term | None) -> Term | None:
        return None if value is None else self._original(value)

    def _original(self, value: Term) -> Term:
        if (
            self._verbatim
            and isinstance(value, Literal)
            and value.datatype.value.startswith(VERBATIM)
        ):
            return Literal(value.value, datatype=NamedNode(value.datatype.value[len(VERBATIM) :]))
        return value

    def _stand_in(self, value: Term | None) -> Term | None:
        return self._verbatim.get(value, value) if isinstance(value, Literal) else value


def _stored(value: Term, verbatim: Mapping[Literal, Literal]) -> Term:
    return verbatim.get(value, value) if isinstance(value, Literal) else value


def rewritten(literals: Iterable[Literal]) -> list[Literal]:
    """Return those of some literals that a store would not give back as they are.

    >>> number = NamedNode("http://www.w3.org/2001/XMLSchema#integer")
    >>> [one.value for one in rewritten([Literal("01", datatype=number), Literal("01")])]
    ['01']
    """
    typed = [one for one in literals if one.datatype.value not in _PLAIN]
    if not typed:
        return []
    store = Store()
    predicate = NamedNode("urn:x:value")
    store.bulk_extend(
        Quad(NamedNode(f"urn:x:{number}"), predicate, one) for number, one in enumerate(typed)
    )
    stored = {quad.subject.value: quad.object for quad in store}
    return [one for number, one in enumerate(typed) if stored[f"urn:x:{number}"] != one]
