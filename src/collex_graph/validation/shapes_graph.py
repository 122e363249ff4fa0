"""The statements of a shapes graph, indexed, and what SHACL reads off them before any data.

Terms are pyoxigraph's, word for word as the file has them: a store would rewrite some literals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from collex_graph.rdf.namespaces import expand, term
from collex_graph.validation.paths import read_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pyoxigraph import Quad

    from collex_graph.validation.compiler import Part
    from collex_graph.validation.paths import Path

    Node = NamedNode | BlankNode | Triple
    Term = Node | Literal

_TARGETS = ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf")
# Terms of SHACL Advanced Features and of SHACL-JS: what they ask for is not done here, and a shape
# that is done by halves would let pass what it forbids.
_ADVANCED = frozenset({"target", "rule", "expression", "values", "js", "entailment"})


class ShapeError(ValueError):
    """A shape that no engine here can run as it is meant.

    Args:
        node: the shape.
        problem: what is wrong and what to do.
    """

    def __init__(self, node: Term, problem: str) -> None:
        super().__init__(f"{node}: {problem}")
        self.node = node
        self.problem = problem


class ShapesGraph:
    """A shapes graph.

    Args:
        statements: its triples, or quads of which the graph is ignored.

    Attributes:
        compiled: what `compiler.compile_shapes` made of it: for each class that it asked for, that
            and those below it; the parts.
    """

    def __init__(self, statements: Iterable[Quad | Triple]) -> None:
        self.compiled: list[tuple[Mapping[NamedNode, Sequence[Term]], list[Part]]] = []
        self._objects: dict[tuple[Node, NamedNode], dict[Term, None]] = {}
        self._subjects: dict[tuple[NamedNode, Term], dict[Term, None]] = {}
        self._properties: dict[Term, dict[NamedNode, None]] = {}
        for statement in statements:
            subject, predicate, value = statement.subject, statement.predicate, statement.object
            self._objects.setdefault((subject, predicate), {})[value] = None
            self._subjects.setdefault((predicate, value), {})[subject] = None
            self._properties.setdefault(subject, {})[predicate] = None

    def triples(self) -> Iterator[Triple]:
        """Yield the statements."""
        for (subject, predicate), values in self._objects.items():
            for value in values:
                yield Triple(subject, predicate, value)

    def objects(self, subject: Term, predicate: NamedNode) -> list[Term]:
        """Return the objects of a subject and a predicate, in the file's order."""
        if isinstance(subject, Literal):
            return []
        return list(self._objects.get((subject, predicate), ()))

    def sh(self, subject: Term, local: str) -> list[Term]:
        """Return the values of a property of SHACL's."""
        return self.objects(subject, term(f"sh:{local}"))

    def properties(self, subject: Term) -> list[str]:
        """Return the local names of the SHACL properties that a node has."""
        start = expand("sh:")
        found = self._properties.get(subject, ())
        return [p.value.removeprefix(start) for p in found if p.value.startswith(start)]

    def subjects(self, predicate: NamedNode, value: Term) -> list[Term]:
        """Return the subjects of a predicate and an object."""
        return list(self._subjects.get((predicate, value), ()))

    def is_true(self, subject: Term, local: str) -> bool:
        """Say whether a property is ``true``: SHACL takes no other spelling of that value."""
        return Literal(True) in self.sh(subject, local)

    def members(self, head: Term) -> list[Term]:
        """Return the members of an RDF list.

        Raises:
            ShapeError: for a list that is broken or bites its tail.
        """
        found: list[Term] = []
        seen: set[Term] = set()
        while head != term("rdf:nil"):
            first = self.objects(head, term("rdf:first"))
            rest = self.objects(head, term("rdf:rest"))
            if head in seen or len(first) != 1 or len(rest) != 1:
                raise ShapeError(head, "the list is broken")
            seen.add(head)
            found.append(first[0])
            head = rest[0]
        return found

    def path(self, shape: Term) -> Path | None:
        """Return the path of a property shape, None for a node shape.

        Raises:
            ShapeError: for several paths, or a node that is none.
        """
        found = self.sh(shape, "path")
        if not found:
            return None
        if len(found) > 1:
            raise ShapeError(shape, "has several sh:path; one is allowed")
        try:
            return read_path(found[0], self.objects)
        except ValueError as error:
            raise ShapeError(shape, f"sh:path cannot be read: {error}") from error

    def severity(self, shape: Term) -> NamedNode:
        """Return the severity of a shape's results."""
        for value in self.sh(shape, "severity"):
            if isinstance(value, NamedNode):
                return value
        return term("sh:Violation")

    def roots(self) -> list[Term]:
        """Return the shapes that choose nodes by themselves, in the file's order.

        Raises:
            ShapeError: for a target, a rule or an expression of SHACL Advanced Features.
        """
        found: dict[Term, None] = {}
        for subject in self._properties:
            names = self.properties(subject)
            if _ADVANCED.intersection(names) and "parameter" not in names:
                name = next(name for name in names if name in _ADVANCED)
                raise ShapeError(subject, f"sh:{name} is of SHACL Advanced Features: not supported")
            if set(names).intersection(_TARGETS) or self.is_class(subject):
                found[subject] = None
        return list(found)

    def is_class(self, shape: Term) -> bool:
        """Say whether a shape is a class too, and so chooses its instances (section 2.1.3.3)."""
        types = self.objects(shape, term("rdf:type"))
        if not {term("sh:NodeShape"), term("sh:PropertyShape")}.intersection(types):
            return False
        classes = {term("rdfs:Class")}
        todo = [term("rdfs:Class")]
        while todo:
            for below in self.subjects(term("rdfs:subClassOf"), todo.pop()):
                if isinstance(below, NamedNode) and below not in classes:
                    classes.add(below)
                    todo.append(below)
        return not classes.isdisjoint(types)

    def refers_to(self, shape: Term, *, with_properties: bool = True) -> list[Term]:
        """Return the shapes that a shape is made of.

        Args:
            shape: the shape.
            with_properties: its property shapes among them.

        Raises:
            ShapeError: for a broken list.
        """
        found = [
            value
            for name in ("node", "property", "not", "qualifiedValueShape")
            if with_properties or name != "property"
            for value in self.sh(shape, name)
        ]
        for name in ("and", "or", "xone"):
            for head in self.sh(shape, name):
                found += self.members(head)
        return found

    def check_recursion(self) -> None:
        """Make sure that no shape is made of itself.

        Raises:
            ShapeError: for one that is: SHACL leaves open what it means (section 3.4.3).
        """
        done: set[Term] = set()
        for shape in self._properties:
            open_shapes: list[Term] = []
            todo: list[tuple[Term, bool]] = [(shape, False)]
            while todo:
                node, leaving = todo.pop()
                if leaving:
                    open_shapes.pop()
                    done.add(node)
                elif node in open_shapes:
                    raise ShapeError(
                        node, "is made of itself; SHACL gives no meaning to recursive shapes"
                    )
                elif node not in done:
                    open_shapes.append(node)
                    todo.append((node, True))
                    todo += [(below, False) for below in self.refers_to(node)]

    def custom_parameters(self) -> frozenset[NamedNode]:
        """Return the properties that are parameters of components the graph defines itself."""
        return frozenset(
            path
            for component in self._properties
            for parameter in self.sh(component, "parameter")
            for path in self.sh(parameter, "path")
            if isinstance(path, NamedNode)
        )

    def has(self, subject: Term, predicate: NamedNode) -> bool:
        """Say whether a node has a property."""
        return bool(self.objects(subject, predicate))

    def prefixes(self, constraint: Term) -> dict[str, str]:
        """Return prefix → namespace of a SPARQL constraint's ``sh:prefixes`` (section 5.2.1)."""
        found: dict[str, str] = {}
        todo = self.sh(constraint, "prefixes")
        seen: set[Term] = set()
        while todo:
            node = todo.pop()
            if node in seen:
                continue
            seen.add(node)
            todo += self.objects(node, term("owl:imports"))
            for declaration in self.sh(node, "declare"):
                for prefix in self.sh(declaration, "prefix"):
                    for namespace in self.sh(declaration, "namespace"):
                        if isinstance(prefix, Literal) and isinstance(namespace, Literal):
                            found[prefix.value] = namespace.value
        return found
