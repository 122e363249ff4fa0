"""What a judgement looks at: the steps from a node to every statement that can change it.

A step is (predicate, whether it is followed from object to subject). A statement that cannot be
reached from a focus node by the steps of a shape has no say in what the shape finds there. Of a
shape in SHACL Core the steps are those of its paths; of a query they are found in its algebra: from
a variable along the triple patterns that hang together, through OPTIONAL, EXISTS and groups, but
never by way of a variable that may be unbound. What cannot be followed so may look at anything.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from pyoxigraph import Literal, NamedNode
from rdflib import BNode, URIRef, Variable
from rdflib.paths import AlternativePath, InvPath, MulPath, Path, SequencePath
from rdflib.plugins.sparql.algebra import translateQuery
from rdflib.plugins.sparql.parser import parseQuery
from rdflib.plugins.sparql.parserutils import CompValue

from collex_graph.rdf.namespaces import expand
from collex_graph.validation.compiler import EVERYWHERE, WHOLE_NODES, compile_shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from collex_graph.validation.compiler import Part, Targets
    from collex_graph.validation.shapes import Shapes
    from collex_graph.validation.shapes_graph import ShapesGraph, Term

Steps = frozenset[tuple[str, bool]]

_IS_A = expand("rdf:type")
_TRANSPARENT = frozenset({"Distinct", "Reduced", "OrderBy"})
_LABELS = ("rdfs:label", "skos:prefLabel")


class AnywhereError(Exception):
    """A query of which a part does not hang together with the node that it is asked about."""


def steps_of_part(graph: ShapesGraph, part: Part, avoided: Container[str] = ()) -> Steps | None:
    """Return the steps that a part takes from its focus nodes, and to the words of its results.

    Args:
        graph: the shapes.
        part: the part.
        avoided: predicates that are better not followed from object to subject.

    Returns:
        The steps, those that make a node a target included; None where it may look at anything.
    """
    targets = part.targets
    found = {(expand(name), False) for name in _LABELS}
    if targets.classes or targets.has_nameless:
        found.add((_IS_A, False))
    found |= {(name, False) for name in targets.subjects_of}
    found |= {(name, True) for name in targets.objects_of}
    found |= part.steps - {EVERYWHERE}
    if EVERYWHERE in part.steps:
        constraints = graph.sh(part.shape, "sparql")
        selects = [
            (one.value, graph.prefixes(constraint))
            for constraint in constraints
            for one in graph.sh(constraint, "select")
            if isinstance(one, Literal)
        ]
        # where it climbs, a query may stand at any depth below it
        if part.refused or part.climbs or not selects:
            return None
        path = graph.path(part.shape)
        for text, prefixes in selects:
            written = text.replace("$PATH", path.sparql) if path else text
            steps = steps_of_query(_declared(written, prefixes), "this", avoided=avoided)
            if steps is None:
                return None
            found |= steps
    return frozenset(found)


def _declared(text: str, prefixes: Mapping[str, str]) -> str:
    return "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in prefixes.items()) + text


@cache
def _algebra(text: str, base: str) -> CompValue:
    return translateQuery(parseQuery(text), base=base).algebra


def steps_of_query(
    text: str, start: str, base: str = "urn:x:", avoided: Container[str] = ()
) -> Steps | None:
    """Return the steps that a query takes from what one of its variables stands for.

    Args:
        text: a SELECT or a CONSTRUCT, with its prefixes.
        start: the variable, without its mark.
        base: what relative IRIs are resolved against.
        avoided: predicates that are better not followed from object to subject.

    Returns:
        The steps; None where it may look at anything.

    >>> steps_of_query("SELECT * { ?this <urn:p>/<urn:q> ?x . ?y <urn:r> ?x }", "this") == {
    ...     ("urn:p", False), ("urn:q", False), ("urn:r", True)}
    True
    >>> steps_of_query("SELECT * { ?this <urn:p> ?x . ?y <urn:r> ?z }", "this")
    >>> steps_of_query("SELECT * { OPTIONAL { ?this <urn:p> ?x } ?x <urn:q> ?z }", "this")
    """
    walk = _Walk(avoided)
    algebra = _algebra(text, base)
    pattern = algebra.p.p if algebra.p.name == "Project" else algebra.p
    try:
        for branch in _branches(pattern):
            # a branch without the variable has no solution in which it stands for something
            if Variable(start) in _variables(branch):
                walk.walk(branch, frozenset({Variable(start)}))
    except AnywhereError:
        return None
    return frozenset(walk.steps)


def _branches(node: CompValue) -> Iterator[CompValue]:
    if node.name == "Union":
        yield from _branches(node.p1)
        yield from _branches(node.p2)
    else:
        yield node


def _variables(node: Any) -> set[Any]:
    if isinstance(node, Variable):
        return {node}
    if isinstance(node, CompValue):
        node = list(node.values())
    if isinstance(node, list | tuple | set):
        return set().union(*map(_variables, node))
    return set()


def template_of(text: str, base: str) -> list[tuple[Any, Any, Any]]:
    """Return the triples of the template of a CONSTRUCT."""
    return list(_algebra(text, base).template)


Name = tuple[str, str]
"""A predicate, or ``rdf:type`` and a class; the class is "" where it may be any."""


def names_in(text: str, base: str) -> set[Name]:
    """Return the names of all the triple patterns of a query; ("", "") for a variable."""
    return set(_all_names(_algebra(text, base).p))


def may_find(text: str, base: str, present: Container[Name]) -> bool:
    """Say whether a query may find anything in a graph that has some names.

    Args:
        text: the query, with its prefixes.
        base: what relative IRIs are resolved against.
        present: the names, see `names_in`; of a class also ``rdf:type`` alone.
    """
    return _may(_algebra(text, base).p, present)


def _name(predicate: Any, value: Any) -> Name:
    if not isinstance(predicate, URIRef):
        return "", ""
    is_class = str(predicate) == _IS_A and isinstance(value, URIRef)
    return str(predicate), str(value) if is_class else ""


def _all_names(node: Any) -> Iterator[Name]:
    if isinstance(node, CompValue):
        if node.name == "BGP":
            for _, predicate, value in node.triples:
                if isinstance(predicate, Path):
                    yield from ((name, "") for name in _predicates(predicate))
                else:
                    yield _name(predicate, value)
            return
        node = list(node.values())
    if isinstance(node, list | tuple):
        for one in node:
            yield from _all_names(one)


def _predicates(path: Any) -> Iterator[str]:
    if isinstance(path, URIRef):
        yield str(path)
    elif isinstance(path, InvPath):
        yield from _predicates(path.arg)
    elif isinstance(path, MulPath):
        yield from _predicates(path.path)
    elif isinstance(path, SequencePath | AlternativePath):
        for one in path.args:
            yield from _predicates(one)
    else:
        yield ""


def _may(node: Any, present: Container[Name]) -> bool:
    match node.name:
        case "BGP" | "Join":
            operands = list(_operands(node))
            listed = _listed(operands)
            return all(
                _may(one, present)
                if isinstance(one, CompValue)
                else _may_match(one, present, listed)
                for one in operands
            )
        case "LeftJoin" | "Minus":
            return _may(node.p1, present)
        case "Filter":
            if not _may(node.p, present):
                return False
            expression = node.expr
            is_exists = getattr(expression, "name", "") == "Builtin_EXISTS"
            return not is_exists or _may(expression.graph, present)
        case "Union":
            return _may(node.p1, present) or _may(node.p2, present)
        case "values":
            return True
        case _:
            below = node.p
            return not isinstance(below, CompValue) or _may(below, present)


def _may_match(
    pattern: tuple[Any, Any, Any], present: Container[Name], listed: Mapping[Any, set[str]]
) -> bool:
    _, predicate, value = pattern
    if isinstance(predicate, Path):
        return _path_may_match(predicate, present)
    if predicate in listed:
        return any((name, "") in present for name in listed[predicate])
    name = _name(predicate, value)
    return name == ("", "") or name in present


def _path_may_match(path: Any, present: Container[Name]) -> bool:
    if isinstance(path, URIRef):
        return (str(path), "") in present
    if isinstance(path, InvPath):
        return _path_may_match(path.arg, present)
    if isinstance(path, MulPath):
        return path.mod in "*?" or _path_may_match(path.path, present)
    if isinstance(path, SequencePath):
        return all(_path_may_match(one, present) for one in path.args)
    if isinstance(path, AlternativePath):
        return any(_path_may_match(one, present) for one in path.args)
    return True


class _Walk:
    """One walk through the algebra of a query; `walk` returns what is bound for certain.

    Args:
        avoided: predicates that are followed from object to subject only where nothing else leads
            on.
    """

    def __init__(self, avoided: Container[str] = ()) -> None:
        self.steps: set[tuple[str, bool]] = set()
        self._avoided = avoided

    def walk(self, node: CompValue, bound: frozenset[Any]) -> frozenset[Any]:
        match node.name:
            case "BGP" | "Join":
                return self._joined(list(_operands(node)), bound)
            case "LeftJoin":
                certain = self.walk(node.p1, bound)
                inner = self.walk(node.p2, bound | certain)
                self._tests(node.expr, bound | certain | inner)
                return certain
            case "Filter":
                certain = self.walk(node.p, bound)
                self._tests(node.expr, bound | certain)
                return certain
            case "Extend":
                certain = self.walk(node.p, bound)
                self._tests(node.expr, bound | certain)
                return certain
            case "Union":
                return self.walk(node.p1, bound) & self.walk(node.p2, bound)
            case "Minus":
                certain = self.walk(node.p1, bound)
                self.walk(node.p2, bound | certain)
                return certain
            case "Project":
                seen = frozenset(node.PV)
                return self.walk(node.p, bound & seen) & seen
            case "AggregateJoin":
                keys = frozenset(k for k in node.p.expr or () if isinstance(k, Variable))
                self._tests(node.A, keys)
                return self.walk(node.p.p, bound & keys) & keys
            case "ToMultiSet":
                return frozenset() if node.p is None else self.walk(node.p, bound)
            case "values":
                return frozenset()
            case _ if node.name in _TRANSPARENT:
                return self.walk(node.p, bound)
            case _:
                raise AnywhereError(node.name)

    def _joined(self, pending: list[Any], bound: frozenset[Any]) -> frozenset[Any]:
        """Walk what is joined: what is reached, forwards rather than backwards, comes first."""
        certain: frozenset[Any] = frozenset()
        listed = _listed(pending)
        while pending:
            reached = bound | certain
            for operand in sorted(pending, key=lambda one: self._cost(one, reached)):
                try:
                    if isinstance(operand, CompValue):
                        certain |= self.walk(operand, reached)
                    else:
                        certain |= self._pattern(operand, reached, listed)
                except AnywhereError:
                    continue
                # by identity: patterns of rdflib compare by value
                pending = [one for one in pending if one is not operand]
                break
            else:
                raise AnywhereError
        return certain

    def _cost(self, operand: Any, reached: frozenset[Any]) -> int:
        if isinstance(operand, CompValue):
            return 1
        if operand[0] in reached:
            return 0
        is_avoided = isinstance(operand[1], URIRef) and str(operand[1]) in self._avoided
        return 3 if is_avoided else 2

    def _pattern(
        self, pattern: tuple[Any, Any, Any], bound: frozenset[Any], listed: Mapping[Any, set[str]]
    ) -> frozenset[Any]:
        subject, predicate, value = pattern
        if subject not in bound and value not in bound:
            raise AnywhereError
        is_back = subject not in bound
        if isinstance(predicate, Variable):
            if predicate in listed:
                self.steps |= {(name, is_back) for name in listed[predicate]}
            elif is_back:
                raise AnywhereError
            else:
                self.steps.add(WHOLE_NODES)
        else:
            self.steps |= _steps_of_path(predicate, inverse=is_back)
        return frozenset(one for one in pattern if isinstance(one, Variable | BNode))

    def _tests(self, expression: Any, bound: frozenset[Any]) -> None:
        """Walk what EXISTS looks at inside an expression."""
        if isinstance(expression, CompValue):
            if expression.name in {"Builtin_EXISTS", "Builtin_NOTEXISTS"}:
                self.walk(expression.graph, bound)
                return
            for value in expression.values():
                self._tests(value, bound)
        elif isinstance(expression, list | tuple):
            for value in expression:
                self._tests(value, bound)


def _operands(node: CompValue) -> Iterator[Any]:
    """Yield the triple patterns and the other patterns that are joined."""
    if node.name == "BGP":
        yield from node.triples
    elif node.name == "Join":
        yield from _operands(node.p1)
        yield from _operands(node.p2)
    else:
        yield node


def _listed(operands: Iterable[Any]) -> dict[Any, set[str]]:
    """Return the variables for which VALUES gives IRIs alone."""
    found: dict[Any, set[str]] = {}
    for operand in operands:
        values = operand.p if getattr(operand, "name", "") == "ToMultiSet" else operand
        if getattr(values, "name", "") != "values":
            continue
        rows = list(values.res)
        for variable in {name for row in rows for name in row}:
            terms = [row.get(variable) for row in rows]
            if all(isinstance(term, URIRef) for term in terms):
                found[variable] = set(map(str, terms))
    return found


def _steps_of_path(path: Any, *, inverse: bool) -> set[tuple[str, bool]]:
    if isinstance(path, URIRef):
        return {(str(path), inverse)}
    if isinstance(path, InvPath):
        return _steps_of_path(path.arg, inverse=not inverse)
    if isinstance(path, MulPath):
        return _steps_of_path(path.path, inverse=inverse)
    if isinstance(path, SequencePath | AlternativePath):
        return {step for one in path.args for step in _steps_of_path(one, inverse=inverse)}
    if isinstance(path, Path) and not inverse:
        return {WHOLE_NODES}
    raise AnywhereError(str(path))


def looked_back(
    against: Shapes,
    derivations: Sequence[str],
    base: str,
    *,
    closure: Callable[[NamedNode], Sequence[Term]],
    own: Iterable[Name],
    around: Iterable[Name],
    many: frozenset[str],
) -> frozenset[str] | None:
    """Return the predicates that a rule or a derivation follows from object to subject.

    Args:
        against: the shapes.
        derivations: the CONSTRUCT queries, with their prefixes, in their order.
        base: what their relative IRIs are resolved against.
        closure: gives a class and those below it.
        own: the names of what is divided (`dependencies.names_in`).
        around: the names of what every batch has beside it.
        many: predicates that lead from many things to few, better not followed back.

    Returns:
        The predicates; None where something may look at anything.
    """
    # a variable stands for any predicate
    names = {("", ""), *own}
    present = {*names, *around}
    at_work = []
    for text in derivations:
        # one that looks at nothing of what is divided says the same in every batch
        if may_find(text, base, present) and names & names_in(text, base):
            at_work.append(text)
            for _, predicate, value in template_of(text, base):
                name = str(predicate), str(value) if str(predicate) == _IS_A else ""
                names.add(name)
                present.add(name)
    found: set[str] = set()
    for part in compile_shapes(against.graph, closure):
        if not _may_have_targets(part.targets, present):
            continue
        steps = steps_of_part(against.graph, part, many)
        if steps is None:
            return None
        found |= {name for name, inverse in steps if inverse}
    todo = [(text, triple) for text in at_work for triple in template_of(text, base)]
    while True:
        before = len(found)
        for text, (subject, predicate, value) in todo:
            starts = [subject]
            if str(predicate) in found:
                starts.append(value)
            for start in starts:
                if not isinstance(start, Variable):
                    continue
                steps = steps_of_query(text, str(start), base, many)
                if steps is None:
                    return None
                found |= {name for name, inverse in steps if inverse}
        if len(found) == before:
            return frozenset(found)


def _may_have_targets(targets: Targets, present: Container[Name]) -> bool:
    """Say whether a graph that has some names may have a node that a shape is for."""
    wanted = {(_IS_A, name) for name in targets.classes}
    wanted |= {(name, "") for name in targets.subjects_of | targets.objects_of}
    if targets.names_nodes or targets.has_nameless:
        return True
    return any(one in present for one in wanted)
