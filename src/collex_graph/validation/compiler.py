"""Compiles shapes to SPARQL: SELECT queries of which every row is a violation.

The queries run in place on an Oxigraph store and touch nothing that keeps a rule; see
`validation.engine`. What is written here follows from measurements:

* every test is total: a FILTER that errs loses the row, so each is wrapped in COALESCE;
* the tests of one path's values are one query, with a column for each;
* ``rdfs:subClassOf*`` is followed once, here, and not for each node;
* a pattern that two equal terms could join in many ways (values of one node compared two by two) is
  an EXISTS, which stops at the first, or a count;
* a target is left out where the path implies it: what has a ``collex:rcr`` is a subject of
  ``collex:rcr``; values of many predicates are read predicate by predicate (`_Compiler._values`);
* a path is followed from the focus node (`Path.sparql`), which is dear for many nodes: to read the
  statements of one predicate in one go costs a fifth of it in memory, a tenth on disk. So a check
  on the values of a predicate has a second query that reads just these and gives a few suspects
  (`Suspects`), among which the check is then run.

What cannot be said in SPARQL exactly as SHACL means it is refused (`Part.refused` says why) and
left to pySHACL. A shape that no engine can run as it is meant is a `ShapeError`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, QuerySolutions, Store

from collex_graph.rdf.namespaces import expand, term
from collex_graph.validation.data_graph import rewritten
from collex_graph.validation.prebinding import Query
from collex_graph.validation.shapes_graph import ShapeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from collex_graph.validation.paths import Path
    from collex_graph.validation.shapes_graph import ShapesGraph, Term

EVERYWHERE = ("", True)
"""In `Part.steps`: the part may look at any statement of the graph."""
WHOLE_NODES = ("", False)
"""In `Part.steps`: the part looks at all that is said of the nodes on its way."""
SHAPES_GRAPH = "urn:x-collex-graph:shapes"

# The most values of one node that are told apart by joining: more is for GROUP BY or for pySHACL.
_JOINED_VALUES = 4
# For so many sets of classes, what was compiled is kept.
_KEPT = 8
# Up to so many classes are asked for one by one.
_FEW_CLASSES = 3
# From so many predicates on, their statements are read in one go.
_MANY_PREDICATES = 4

# Datatypes of which Oxigraph checks the lexical space; a cast of an ill-formed literal is an error.
_CAST = frozenset(
    expand(f"xsd:{name}")
    for name in (
        "integer", "decimal", "double", "float", "boolean", "date", "dateTime", "time",
        "gYear", "gYearMonth", "gMonth", "gDay", "gMonthDay",
        "duration", "dayTimeDuration", "yearMonthDuration",
    )
)  # fmt: skip
# Datatypes with a lexical space that only pySHACL checks.
_UNCHECKED = frozenset(expand(f"xsd:{name}") for name in ("hexBinary", "base64Binary"))

_NODE_KINDS = {
    "IRI": "isIRI({0})",
    "BlankNode": "isBlank({0})",
    "Literal": "isLiteral({0})",
    "BlankNodeOrIRI": "!isLiteral({0})",
    "BlankNodeOrLiteral": "!isIRI({0})",
    "IRIOrLiteral": "!isBlank({0})",
}
_RANGES = {"minInclusive": ">=", "maxInclusive": "<=", "minExclusive": ">", "maxExclusive": "<"}
_PAIRS = ("equals", "disjoint", "lessThan", "lessThanOrEquals")
_SET_PARAMETERS = (
    "minCount", "maxCount", "hasValue", "uniqueLang", "closed", "qualifiedMinCount",
    "qualifiedMaxCount", *_PAIRS,
)  # fmt: skip
_VALUE_PARAMETERS = (
    "nodeKind", "datatype", "class", *_RANGES, "minLength", "maxLength", "pattern", "languageIn",
    "in", "node", "not", "and", "or", "xone",
)  # fmt: skip
# What a shape may say without constraining anything.
_SILENT = frozenset(
    {
        "targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf", "path", "property",
        "severity", "message", "deactivated", "name", "description", "order", "group",
        "defaultValue", "flags", "ignoredProperties", "qualifiedValueShape",
        "qualifiedValueShapesDisjoint", "shapesGraph", "sparql",
        # of a node that is a SPARQL constraint as well
        "prefixes", "declare", "select",
    }
)  # fmt: skip


class RefusedError(Exception):
    """A constraint that cannot be compiled; the message says why."""


@dataclass(frozen=True)
class Among:
    """The only nodes that a check is run among.

    Attributes:
        values: IRIs and literals in SPARQL's syntax; "" for all nodes.
        are_targets: whether all of them are known to be focus nodes.
    """

    values: str = ""
    are_targets: bool = False

    def __call__(self, variable: str) -> str:
        """Return the pattern that restricts a variable to them."""
        return f"VALUES {variable} {{ {self.values} }}" if self.values else ""


ALL_NODES = Among()


def among(nodes: Iterable[Term], *, are_targets: bool = False) -> Among:
    """Return the restriction to some IRIs and literals."""
    return Among(" ".join(map(str, nodes)), are_targets)


@dataclass(frozen=True)
class Suspects:
    """A query that gives all focus nodes that a check could find, and perhaps others.

    Attributes:
        query: a SELECT of ``this``.
        predicate: the one predicate whose statements it reads, all of them.
    """

    query: str
    predicate: str


@dataclass(frozen=True)
class Check:
    """One query.

    Its rows have ``this`` (the focus node), ``value`` where one value is at fault, ``path`` where
    the query says so; with several components, a column ``k0``, ``k1``… for each, false where it is
    violated.

    Attributes:
        shape: the shape that the results are of.
        components: the constraint components that the query stands for, by local name.
        text: gives the query, for all focus nodes or among some.
        constraint: the node of a ``sh:sparql``.
        query: a ``sh:sparql`` that is run once for each focus node; ``text`` then gives these.
        looks_at_shapes: whether the query needs the shapes beside the data.
        suspects: a cheaper query that says among which nodes the check need be run.
    """

    shape: Term
    components: tuple[str, ...]
    text: Callable[[Among], str]
    constraint: Term | None = None
    query: Query | None = None
    looks_at_shapes: bool = False
    suspects: Suspects | None = None


@dataclass
class Part:
    """A root shape, or one of its property shapes, with the targets of the root.

    Attributes:
        root: the shape that has the targets.
        shape: the root itself, for its own constraints, or a property shape.
        targets: what it is run on.
        checks: its queries; empty where refused.
        refused: why it is left to pySHACL; "" where it is not.
        steps: the (predicate, is inverse) along which it looks; `WHOLE_NODES` and `EVERYWHERE` may
            be among them.
        reach: paths from a focus node to all the terms that it looks at closely; None for all.
        climbs: whether some of its checks have other focus nodes: the values of a property shape
            that has property shapes itself.
    """

    root: Term
    shape: Term
    targets: Targets
    checks: list[Check] = field(default_factory=list)
    refused: str = ""
    steps: frozenset[tuple[str, bool]] = frozenset()
    reach: frozenset[str] | None = frozenset()
    climbs: bool = False


@dataclass(frozen=True)
class Targets:
    """The focus nodes of a shape, as a pattern.

    Attributes:
        write: gives a pattern that binds a variable to each of them once.
        classes: the classes of ``sh:targetClass`` and those below them.
        subjects_of: the predicates of ``sh:targetSubjectsOf``.
        objects_of: the predicates of ``sh:targetObjectsOf``.
        via: the variables that the pattern binds beside: a node that is reached in several ways is
            a focus node each time.
        apart: terms of ``sh:targetNode`` that no query can name: blank nodes, and literals that a
            store would rewrite. The pattern leaves them out.
        names_nodes: whether there is a ``sh:targetNode``.
        has_nameless: whether a class among them has no IRI; `classes` then lacks some.
    """

    write: Callable[[str, Among], str]
    classes: frozenset[str] = frozenset()
    subjects_of: frozenset[str] = frozenset()
    objects_of: frozenset[str] = frozenset()
    via: str = ""
    apart: tuple[Term, ...] = ()
    names_nodes: bool = False
    has_nameless: bool = False

    def can_have(self, classes: set[str], predicates: set[str]) -> bool:
        """Say whether a node of some classes, with some predicates, can be among them."""
        return (
            self.names_nodes
            or self.has_nameless
            or bool(self.objects_of)
            or not self.classes.isdisjoint(classes)
            or not self.subjects_of.isdisjoint(predicates)
        )


@dataclass(frozen=True)
class _Rule:
    """One constraint on the values of a node taken together.

    Either ``violated``, an expression that is true where the focus node breaks it, or ``pattern``,
    with a solution for each result.

    Attributes:
        component: local name.
        violated: the expression.
        pattern: the pattern.
        value: the variable of the value at fault.
        more: further columns.
        tail: what follows GROUP BY, where the values are counted.
        needs_value: whether a focus node without a value keeps it.
        suspects: what follows the pattern of the values, in a query that gives suspects.
    """

    component: str
    violated: str = ""
    pattern: str = ""
    value: str = ""
    more: str = ""
    tail: str = ""
    needs_value: bool = False
    suspects: str = ""


def compile_shapes(
    graph: ShapesGraph, closure: Callable[[NamedNode], Sequence[Term]]
) -> list[Part]:
    """Compile a shapes graph.

    What was compiled is kept with the shapes, and used again for data with the same classes.

    Args:
        graph: the shapes.
        closure: gives a class and those below it, as the data has them.

    Raises:
        ShapeError: for a shape that no engine can run as it is meant.
    """
    for classes, parts in graph.compiled:
        if all(closure(name) == below for name, below in classes.items()):
            return parts
    graph.check_recursion()
    asked: dict[NamedNode, Sequence[Term]] = {}

    def remembered(name: NamedNode) -> Sequence[Term]:
        return asked.setdefault(name, closure(name))

    custom = graph.custom_parameters()
    parts = [
        part for root in graph.roots() for part in _Compiler(graph, remembered, custom).parts(root)
    ]
    graph.compiled.append((asked, parts))
    del graph.compiled[:-_KEPT]
    return parts


class _Compiler:
    def __init__(
        self,
        graph: ShapesGraph,
        closure: Callable[[NamedNode], Sequence[Term]],
        custom: frozenset[NamedNode],
    ) -> None:
        self._graph = graph
        self._closure = closure
        self._custom = custom
        self._number = 0

    def parts(self, root: Term) -> list[Part]:
        if self._graph.is_true(root, "deactivated"):
            return []
        targets = self._targets(root)
        # a property shape keeps its own property shapes: they look at its values
        below = [] if self._graph.sh(root, "path") else self._graph.sh(root, "property")
        shapes = [root, *below] if below else [root]
        return [part for shape in shapes for part in self._part(root, shape, targets)]

    def _part(self, root: Term, shape: Term, targets: Targets) -> list[Part]:
        if self._graph.is_true(shape, "deactivated"):
            return []
        own = shape == root and not self._graph.sh(root, "path")
        part = Part(root, shape, targets)
        part.climbs = not own and bool(self._graph.sh(shape, "property"))
        part.steps = self._steps(shape, with_properties=not own)
        part.reach = self._reach(shape, with_properties=not own)
        try:
            part.checks = self._checks(shape, targets, with_properties=not own)
        except RefusedError as error:
            part.refused = str(error)
        if targets.names_nodes and self._has_nullable_path(shape, with_properties=not own):
            part.checks = []
            part.refused = "SPARQL has no empty path from a node that the data may lack"
        return [part] if part.checks or part.refused else []

    # --- terms, paths, classes -------------------------------------------------------------------

    def _fresh(self) -> str:
        self._number += 1
        return f"?x{self._number}"

    def _identity(self, value: Term) -> str:
        """Write a term that is compared as a term."""
        if isinstance(value, Literal) and rewritten([value]):
            raise RefusedError(f"a store would rewrite {value}")
        return self._constant(value)

    @staticmethod
    def _constant(value: Term) -> str:
        if not isinstance(value, NamedNode | Literal):
            raise RefusedError("a blank node of the shapes cannot be named in a query")
        return str(value)

    def _whole_number(self, shape: Term, name: str, value: Term) -> int:
        try:
            if isinstance(value, Literal) and value.datatype == term("xsd:integer"):
                return int(value.value)
        except ValueError:
            pass
        raise ShapeError(shape, f"sh:{name} must be an xsd:integer")

    def _iri(self, shape: Term, name: str, value: Term) -> NamedNode:
        if not isinstance(value, NamedNode):
            raise ShapeError(shape, f"sh:{name} must be an IRI")
        return value

    def _single(self, shape: Term, name: str) -> Term | None:
        found = self._graph.sh(shape, name)
        if len(found) > 1:
            raise ShapeError(shape, f"has several sh:{name}; one is allowed")
        return found[0] if found else None

    def _classes(self, name: NamedNode) -> list[str]:
        found = self._closure(name)
        if not all(isinstance(one, NamedNode) for one in found):
            raise RefusedError(f"{name} has a subclass without an IRI")
        return [str(one) for one in found]

    def _is_instance(self, value: str, name: NamedNode) -> str:
        classes = self._classes(name)
        a = term("rdf:type")
        if len(classes) <= _FEW_CLASSES:
            return "(" + " || ".join(f"EXISTS {{ {value} {a} {one} }}" for one in classes) + ")"
        kind = self._fresh()
        return f"EXISTS {{ {value} {a} {kind} FILTER({kind} IN ({', '.join(classes)})) }}"

    # --- targets ---------------------------------------------------------------------------------

    def _targets(self, root: Term) -> Targets:
        graph = self._graph
        classes = [self._iri(root, "targetClass", c) for c in graph.sh(root, "targetClass")]
        if graph.is_class(root) and isinstance(root, NamedNode):
            classes.append(root)
        subjects = [
            self._iri(root, "targetSubjectsOf", p) for p in graph.sh(root, "targetSubjectsOf")
        ]
        objects = [self._iri(root, "targetObjectsOf", p) for p in graph.sh(root, "targetObjectsOf")]
        nodes = graph.sh(root, "targetNode")
        a = term("rdf:type")
        named: dict[str, None] = {}
        nameless: list[NamedNode] = []
        for one in classes:
            try:
                named.update(dict.fromkeys(self._classes(one)))
            except RefusedError:
                nameless.append(one)
        patterns: list[str] = [f"{{0}} {a} {one} ." for one in map(_plain, named)]
        # a class without an IRI cannot be named, but it is reached
        below = f"{a}/{term('rdfs:subClassOf')}*"
        patterns += [f"{{0}} {below} {one} ." for one in map(_plain, map(str, nameless))]
        patterns += [f"{{0}} {_plain(str(p))} [] ." for p in subjects]
        patterns += [f"[] {_plain(str(p))} {{0}} ." for p in objects]
        literals = [node for node in nodes if isinstance(node, Literal)]
        apart: list[Term] = [n for n in nodes if not isinstance(n, NamedNode | Literal)]
        apart += rewritten(literals)
        constants = [_plain(str(node)) for node in nodes if node not in apart]
        if constants:
            patterns.append(f"VALUES {{0}} {{{{ {' '.join(constants)} }}}}")
        once = len(patterns) == 1 and not subjects and not objects and not nameless
        return Targets(
            partial(_write_target, patterns, once),
            frozenset(name[1:-1] for name in named),
            frozenset(p.value for p in subjects),
            frozenset(p.value for p in objects),
            apart=tuple(apart),
            names_nodes=bool(nodes),
            has_nameless=bool(nameless),
        )

    # --- what a shape looks at -------------------------------------------------------------------

    def _has_nullable_path(self, shape: Term, *, with_properties: bool = True) -> bool:
        path = self._graph.path(shape)
        if path is not None and path.is_nullable:
            return True
        below = self._graph.refers_to(shape, with_properties=with_properties)
        return any(map(self._has_nullable_path, below))

    def _is_opaque(self, shape: Term) -> bool:
        return bool(self._graph.sh(shape, "sparql")) or any(
            self._graph.has(shape, parameter) for parameter in self._custom
        )

    def _steps(self, shape: Term, *, with_properties: bool = True) -> frozenset[tuple[str, bool]]:
        graph = self._graph
        path = graph.path(shape)
        found = set(path.steps()) if path else set()
        if graph.sh(shape, "class"):
            found |= {(expand("rdf:type"), False), (expand("rdfs:subClassOf"), False)}
        for name in _PAIRS:
            found |= {(p.value, False) for p in graph.sh(shape, name) if isinstance(p, NamedNode)}
        if graph.sh(shape, "closed"):
            found.add(WHOLE_NODES)
        if self._is_opaque(shape):
            found.add(EVERYWHERE)
        for below in self._graph.refers_to(shape, with_properties=with_properties):
            found |= self._steps(below)
        return frozenset(found)

    def _reach(self, shape: Term, *, with_properties: bool = True) -> frozenset[str] | None:
        graph = self._graph
        if self._is_opaque(shape):
            return None
        path = graph.path(shape)
        here = path.sparql if path else ""
        found = {here}
        found |= {
            f"<{p.value}>" for n in _PAIRS for p in graph.sh(shape, n) if isinstance(p, NamedNode)
        }
        for below in self._graph.refers_to(shape, with_properties=with_properties):
            more = self._reach(below)
            if more is None:
                return None
            found |= {"/".join(filter(None, (here, one))) for one in more}
        return frozenset(found)

    # --- the checks of a shape on its focus nodes ------------------------------------------------

    def _checks(self, shape: Term, targets: Targets, *, with_properties: bool) -> list[Check]:
        graph = self._graph
        if graph.is_true(shape, "deactivated"):
            return []
        self._refuse_unknown(shape)
        path = graph.path(shape)
        implied = (
            path is not None and path.starts is not None and path.starts <= targets.subjects_of
        )
        found: list[Check] = []
        tests = self._tests(shape, "?value" if path else "?this")
        if tests:
            source = self._values(path, "?value") if path else ""
            columns = f"?this {targets.via} {'?value' if path else '(?this AS ?value)'}"
            if len(tests) > 1:
                columns += "".join(f" ({test} AS ?k{n})" for n, (_, test) in enumerate(tests))
            failed = " && ".join(test for _, test in tests)
            write = partial(
                _select, columns, targets, f"{source} FILTER(!({failed}))", "", implied=implied
            )
            suspects = _suspects(path, targets, f"FILTER(!({failed})) }}") if not implied else None
            components = tuple(component for component, _ in tests)
            found.append(Check(shape, components, write, suspects=suspects))
        found += [
            self._rule_check(shape, path, rule, targets, implied=implied)
            for rule in self._rules(shape, path, "?this")
        ]
        for constraint in graph.sh(shape, "sparql"):
            found += self._sparql(shape, constraint, path, targets)
        if with_properties:
            for below in graph.sh(shape, "property"):
                inner = targets if path is None else self._values_as_targets(path, targets)
                found += self._checks(below, inner, with_properties=True)
        return found

    def _values(self, path: Path, value: str) -> str:
        """Return the pattern of the values of all focus nodes.

        Of many predicates, Oxigraph reads the statements of each in one go, tests the values and
        then looks whether the few that fail are of a focus node; a path it would follow predicate
        by predicate for each focus node, ten times slower on disk.
        """
        predicates = [part.predicate for part in path.parts if part.kind == "predicate"]
        if path.kind != "alternativePath" or len(predicates) < max(
            _MANY_PREDICATES, len(path.parts)
        ):
            return f"?this {path.sparql} {value} ."
        predicate = self._fresh()
        names = " ".join(f"<{name}>" for name in predicates)
        return f"VALUES {predicate} {{ {names} }} ?this {predicate} {value} ."

    @staticmethod
    def _rule_check(
        shape: Term, path: Path | None, rule: _Rule, targets: Targets, *, implied: bool
    ) -> Check:
        columns = f"?this {targets.via}"
        if rule.value:
            columns += " ?value" if rule.value == "?value" else f" ({rule.value} AS ?value)"
        columns = f"{columns} {rule.more}"
        if not rule.tail:
            columns = f"DISTINCT {columns}"
        pattern = rule.pattern or f"FILTER({rule.violated})"
        tail = rule.tail and f"GROUP BY ?this {targets.via} {rule.tail}"
        write = partial(
            _select, columns, targets, pattern, tail, implied=implied and rule.needs_value
        )
        suspects = None
        if rule.suspects and not implied:
            suspects = _suspects(path, targets, rule.suspects)
        return Check(shape, (rule.component,), write, suspects=suspects)

    def _values_as_targets(self, path: Path, targets: Targets) -> Targets:
        inner = self._fresh()
        via = f"{targets.via} {inner}"

        def write(variable: str, among_: Among) -> str:
            around = targets.write(inner, among_)
            values = f"{around} {inner} {path.sparql} {variable}"
            return f"{{ SELECT DISTINCT {via} {variable} {{ {values} }} }}"

        return Targets(write, via=via)

    def _refuse_unknown(self, shape: Term) -> None:
        known = _SILENT.union(_SET_PARAMETERS, _VALUE_PARAMETERS)
        for name in self._graph.properties(shape):
            if name not in known:
                raise ShapeError(shape, f"sh:{name} is not known; correct it, or take it out")
        for parameter in self._custom:
            if self._graph.has(shape, parameter):
                raise RefusedError(f"{parameter} is a parameter of a component the shapes define")

    # --- tests of one value ----------------------------------------------------------------------

    def _tests(self, shape: Term, value: str) -> list[tuple[str, str]]:
        """Return (component, expression that holds where a value keeps it); never an error."""
        found: list[tuple[str, str]] = []
        for name in _VALUE_PARAMETERS:
            for parameter in self._graph.sh(shape, name):
                test = self._test(shape, name, parameter, value)
                found.append((f"{name[0].upper()}{name[1:]}", test))
        if self._graph.path(shape) is None:
            found += [
                ("HasValue", f"sameTerm({value}, {self._identity(parameter)})")
                for parameter in self._graph.sh(shape, "hasValue")
            ]
        return found

    def _test(self, shape: Term, name: str, parameter: Term, value: str) -> str:
        graph = self._graph
        if name == "nodeKind":
            kind = self._iri(shape, name, parameter).value.removeprefix(expand("sh:"))
            if kind not in _NODE_KINDS:
                raise ShapeError(shape, f"sh:nodeKind cannot be {parameter}")
            return _NODE_KINDS[kind].format(value)
        if name == "datatype":
            return self._datatype(self._iri(shape, name, parameter), value)
        if name == "class":
            return self._is_instance(value, self._iri(shape, name, parameter))
        if name in _RANGES:
            return f"COALESCE({value} {_RANGES[name]} {self._constant(parameter)}, false)"
        if name in {"minLength", "maxLength"}:
            sign = ">=" if name == "minLength" else "<="
            number = self._whole_number(shape, name, parameter)
            return f"COALESCE(STRLEN(STR({value})) {sign} {number}, false)"
        if name == "pattern":
            return self._pattern(shape, parameter, value)
        if name == "languageIn":
            ranges = [self._constant(one) for one in graph.members(parameter)]
            tests = [f"LANGMATCHES(LANG({value}), {one})" for one in ranges]
            return f"COALESCE(LANG({value}) != '' && ({' || '.join(tests) or 'false'}), false)"
        if name == "in":
            allowed = [self._identity(one) for one in graph.members(parameter)]
            return f"({' || '.join(f'sameTerm({value}, {one})' for one in allowed) or 'false'})"
        if name == "node":
            return self._conforms(parameter, value)
        if name == "not":
            return f"!{self._conforms(parameter, value)}"
        tests = [self._conforms(one, value) for one in graph.members(parameter)]
        if name == "xone":
            return f"(({' + '.join(f'IF({test}, 1, 0)' for test in tests) or '0'}) = 1)"
        sign, empty = (" && ", "true") if name == "and" else (" || ", "false")
        return f"({sign.join(tests) or empty})"

    @staticmethod
    def _datatype(datatype: NamedNode, value: str) -> str:
        if datatype.value in _UNCHECKED:
            raise RefusedError(f"the lexical space of {datatype} is not checked in SPARQL")
        test = f"DATATYPE({value}) = {datatype}"
        if datatype.value in _CAST:
            test += f" && DATATYPE({datatype}({value})) = {datatype}"
        return f"COALESCE({test}, false)"

    def _pattern(self, shape: Term, parameter: Term, value: str) -> str:
        if not isinstance(parameter, Literal):
            raise ShapeError(shape, "sh:pattern must be a text")
        flags = self._single(shape, "flags")
        arguments = str(Literal(parameter.value))
        if isinstance(flags, Literal) and flags.value:
            arguments += f", {Literal(flags.value)}"
        if not _is_regex(arguments):
            raise RefusedError(f"Oxigraph cannot read the regular expression {arguments}")
        return f"COALESCE(REGEX(STR({value}), {arguments}), false)"

    def _conforms(self, shape: Term, value: str) -> str:
        """Return an expression that holds where a value conforms to a shape."""
        graph = self._graph
        if graph.is_true(shape, "deactivated"):
            return "(true)"
        self._refuse_unknown(shape)
        if graph.sh(shape, "sparql"):
            raise RefusedError("a sh:sparql inside a nested shape")
        path = graph.path(shape)
        found: list[str] = []
        one = self._fresh() if path else value
        tests = [test for _, test in self._tests(shape, one)]
        tests += [self._conforms(below, one) for below in graph.sh(shape, "property")]
        if path and tests:
            failed = f"FILTER(!({' && '.join(tests)}))"
            found.append(f"NOT EXISTS {{ {value} {path.sparql} {one} {failed} }}")
        else:
            found += tests
        for rule in self._rules(shape, path, value, nested=True):
            found.append(
                f"!({rule.violated})" if rule.violated else f"NOT EXISTS {{ {rule.pattern} }}"
            )
        return f"({' && '.join(found) or 'true'})"

    # --- rules on all values of a node together --------------------------------------------------

    def _rules(
        self, shape: Term, path: Path | None, focus: str, *, nested: bool = False
    ) -> list[_Rule]:
        found: list[_Rule] = []
        for name in _SET_PARAMETERS:
            for parameter in self._graph.sh(shape, name):
                if name in _PAIRS:
                    other = self._iri(shape, name, parameter)
                    found += self._pair(name, shape, path, focus, other)
                elif name == "closed":
                    found += self._closed(shape, focus) if path is None else []
                    if path is not None and self._graph.is_true(shape, "closed"):
                        raise RefusedError("sh:closed on a property shape")
                elif path is None:
                    # the W3C suite (node/qualified-001) wants a qualified count passed over here
                    if name in {"minCount", "maxCount", "uniqueLang"}:
                        raise ShapeError(shape, f"sh:{name} is for property shapes")
                elif name == "hasValue":
                    value = self._identity(parameter)
                    violated = f"NOT EXISTS {{ {focus} {path.sparql} {value} }}"
                    found.append(_Rule("HasValue", violated))
                elif name == "uniqueLang":
                    found += self._unique_lang(shape, path, focus)
                else:
                    number = self._whole_number(shape, name, parameter)
                    found += self._count(shape, name, path, focus, number, nested=nested)
        return found

    def _unique_lang(self, shape: Term, path: Path, focus: str) -> list[_Rule]:
        if not self._graph.is_true(shape, "uniqueLang"):
            return []
        a, b = self._fresh(), self._fresh()
        other = f"{focus} {path.sparql} {b} FILTER(!sameTerm({a}, {b}) && LANG({a}) = LANG({b}))"
        test = f"FILTER(LANG({a}) != '' && EXISTS {{ {other} }})"
        pattern = f"{focus} {path.sparql} {a} {test}"
        more = f"(LANG({a}) AS ?language)"
        suspects = "} GROUP BY ?this (LANG(?value) AS ?language) HAVING(COUNT(*) > 1)"
        return [
            _Rule("UniqueLang", pattern=pattern, more=more, needs_value=True, suspects=suspects)
        ]

    def _count(
        self, shape: Term, name: str, path: Path, focus: str, number: int, *, nested: bool
    ) -> list[_Rule]:
        component = f"{name[0].upper()}{name[1:]}"
        at_least = name.endswith("MinCount") or name == "minCount"
        if at_least and number < 1:
            return []
        accepted = self._qualified(shape) if name.startswith("qualified") else lambda _: ""
        most = number if at_least else number + 1
        # a path of one predicate gives each value once, any other may give it many times over
        simple = path.kind == "predicate"
        if most == 1 or nested or (simple and most == 2 and not at_least):
            if most > _JOINED_VALUES:
                raise RefusedError(f"sh:{name} {number} inside a nested shape")
            if not at_least and not nested:
                value = self._fresh()
                first = f"{self._values(path, value)} {accepted(value)}"
                if most == 2:
                    other = self._fresh()
                    test = f"{accepted(other)} FILTER(!sameTerm({value}, {other}))"
                    first += f" FILTER EXISTS {{ {focus} {path.sparql} {other} {test} }}"
                suspects = f"}} GROUP BY ?this HAVING(COUNT(*) > {number})"
                return [_Rule(component, pattern=first, needs_value=True, suspects=suspects)]
            exists = f"EXISTS {{ {self._different(path, focus, most, accepted)} }}"
            return [_Rule(component, f"NOT {exists}" if at_least else exists)]
        value = self._fresh()
        pattern = f"{focus} {path.sparql} {value} {accepted(value)}"
        sign = "<" if at_least else ">"
        tail = f"HAVING(COUNT(DISTINCT {value}) {sign} {number})"
        pattern = f"OPTIONAL {{ {pattern} }}" if at_least else pattern
        suspects = "" if at_least else f"}} GROUP BY ?this HAVING(COUNT(*) > {number})"
        return [
            _Rule(
                component, pattern=pattern, tail=tail, needs_value=not at_least, suspects=suspects
            )
        ]

    def _different(
        self, path: Path, focus: str, number: int, accepted: Callable[[str], str]
    ) -> str:
        """Return a pattern that matches where a node has so many different values."""
        pattern = ""
        values: list[str] = []
        for _ in range(number):
            value = self._fresh()
            tests = "".join(f" FILTER(!sameTerm({value}, {other}))" for other in values)
            pattern += f" {focus} {path.sparql} {value} . {accepted(value)}{tests}"
            values.append(value)
        return pattern

    def _qualified(self, shape: Term) -> Callable[[str], str]:
        graph = self._graph
        wanted = self._single(shape, "qualifiedValueShape")
        if wanted is None:
            raise ShapeError(shape, "a qualified count needs one sh:qualifiedValueShape")
        siblings: list[Term] = []
        if graph.is_true(shape, "qualifiedValueShapesDisjoint"):
            siblings = [
                other
                for parent in graph.subjects(term("sh:property"), shape)
                for sister in graph.sh(parent, "property")
                for other in graph.sh(sister, "qualifiedValueShape")
                if other != wanted
            ]

        def accepted(value: str) -> str:
            tests = [self._conforms(wanted, value)]
            tests += [f"!{self._conforms(other, value)}" for other in siblings]
            return f"FILTER({' && '.join(tests)})"

        return accepted

    def _pair(
        self, name: str, shape: Term, path: Path | None, focus: str, other: NamedNode
    ) -> list[_Rule]:
        component = f"{name[0].upper()}{name[1:]}"
        x, y = self._fresh(), self._fresh()
        if name == "disjoint":
            if path is None:
                return [_Rule(component, f"EXISTS {{ {focus} {other} {focus} }}", value=focus)]
            pattern = f"{focus} {path.sparql} {x} . {focus} {other} {x} ."
            return [_Rule(component, pattern=pattern, value=x, needs_value=True)]
        if name == "equals":
            extra = f"{focus} {other} {y} ."
            if path is None:
                missing = _Rule(component, f"NOT EXISTS {{ {focus} {other} {focus} }}", value=focus)
                surplus = f"{extra} FILTER(!sameTerm({focus}, {y}))"
            else:
                pattern = f"{focus} {path.sparql} {x} FILTER NOT EXISTS {{ {focus} {other} {x} }}"
                missing = _Rule(component, pattern=pattern, value=x)
                surplus = f"{extra} FILTER NOT EXISTS {{ {focus} {path.sparql} {y} }}"
            return [missing, _Rule(component, pattern=surplus, value=y)]
        if path is None:
            raise ShapeError(shape, f"sh:{name} is for property shapes")
        sign = "<" if name == "lessThan" else "<="
        pattern = (
            f"{focus} {path.sparql} {x} . {focus} {other} {y} ."
            f" FILTER(!COALESCE({x} {sign} {y}, false))"
        )
        more = f"({y} AS ?other)"
        return [_Rule(component, pattern=pattern, value=x, more=more, needs_value=True)]

    def _closed(self, shape: Term, focus: str) -> list[_Rule]:
        graph = self._graph
        if not graph.is_true(shape, "closed"):
            return []
        allowed = [
            path
            for below in graph.sh(shape, "property")
            for path in graph.sh(below, "path")
            if isinstance(path, NamedNode)
        ]
        for head in graph.sh(shape, "ignoredProperties"):
            allowed += [self._iri(shape, "ignoredProperties", p) for p in graph.members(head)]
        p, y = self._fresh(), self._fresh()
        names = ", ".join(map(str, dict.fromkeys(allowed)))
        pattern = f"{focus} {p} {y} FILTER({p} NOT IN ({names}))"
        return [_Rule("Closed", pattern=pattern, value=y, more=f"({p} AS ?path)")]

    # --- SPARQL constraints ----------------------------------------------------------------------

    def _sparql(
        self, shape: Term, constraint: Term, path: Path | None, targets: Targets
    ) -> list[Check]:
        graph = self._graph
        if graph.is_true(constraint, "deactivated"):
            return []
        select = self._single(constraint, "select")
        if not isinstance(select, Literal):
            raise ShapeError(shape, "its sh:sparql needs one sh:select, a text")
        constants = {"shapesGraph": f"<{SHAPES_GRAPH}>"}
        if isinstance(shape, NamedNode):
            constants["currentShape"] = str(shape)
        try:
            query = Query(
                select.value, graph.prefixes(constraint), path.sparql if path else "", constants
            )
        except ValueError as error:
            raise ShapeError(shape, f"its sh:sparql cannot be run: {error}") from error
        if query.uses("PATH") or query.uses("currentShape"):
            raise RefusedError("a SPARQL constraint uses $PATH or $currentShape without one")
        if query.joined("") is not None:
            write = partial(_join, query, targets)
            by_node = None
        elif query.bound("<urn:x>") is not None:
            write = partial(_select, "DISTINCT ?this", targets, "", "", implied=False)
            by_node = query
        else:
            raise RefusedError("a SPARQL constraint sorts by $this")
        looks_at_shapes = "shapesGraph" in select.value
        return [
            Check(
                shape,
                ("SPARQL",),
                write,
                constraint,
                query=by_node,
                looks_at_shapes=looks_at_shapes,
            )
        ]


def _plain(text: str) -> str:
    """Return a text that `str.format` leaves as it is."""
    return text.replace("{", "{{").replace("}", "}}")


def _suspects(path: Path | None, targets: Targets, rest: str) -> Suspects | None:
    """Return a query that reads the statements of a path in one go, where it is one predicate."""
    if path is None or path.kind != "predicate" or targets.via:
        return None
    query = f"SELECT ?this WHERE {{ ?this {path.sparql} ?value {rest}"
    return Suspects(query, path.predicate)


def _write_target(patterns: list[str], once: bool, variable: str, among_: Among) -> str:
    if among_.are_targets:
        return among_(variable)
    written = [f"{among_(variable)} {pattern.format(variable)}" for pattern in patterns]
    if not written:
        return f"VALUES {variable} {{ }}"
    if once:
        return written[0]
    union = " UNION ".join(f"{{ {one} }}" for one in written)
    return f"{{ SELECT DISTINCT {variable} {{ {union} }} }}"


def _select(
    columns: str, targets: Targets, pattern: str, tail: str, among_: Among, *, implied: bool
) -> str:
    target = among_("?this") if implied else targets.write("?this", among_)
    return f"SELECT {columns} WHERE {{ {target} {pattern} }} {tail}"


def _join(query: Query, targets: Targets, among_: Among) -> str:
    return query.joined(targets.write("?this", among_)) or ""


@cache
def _is_regex(arguments: str) -> bool:
    """Say whether Oxigraph can read a regular expression; one that it cannot never matches."""
    rows = Store().query(f"SELECT (REGEX('', {arguments}) AS ?found) {{}}")
    return isinstance(rows, QuerySolutions) and any(row["found"] is not None for row in rows)
