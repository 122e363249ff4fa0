"""Reads the folder of shapes: which rules there are, what each says, how grave each is.

Every rule of `shapes/` has an IRI, a severity, a name, a message in French and in English, and the
code of the written rule that it checks; a file that breaks this contract is refused when it is
loaded, with its line, so that no result can ever lack words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property
from typing import TYPE_CHECKING

import pyoxigraph

from collex_graph.errors import ResourceFileError
from collex_graph.model import Severity
from collex_graph.rdf.namespaces import expand, term
from collex_graph.resources import resource_dir
from collex_graph.validation.compiler import compile_shapes
from collex_graph.validation.paths import read_path
from collex_graph.validation.prebinding import on_day
from collex_graph.validation.reference import Reference
from collex_graph.validation.repairs import RepairRule
from collex_graph.validation.shapes_graph import ShapeError, ShapesGraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path as FilePath

    from collex_graph.validation.paths import Node, Path

READINGS_FILE = "readings.ttl"
RULEBOOK_FILE = "rulebook.ttl"
CRITERIA_FILE = "criteria.ttl"
NOT_SHAPES = frozenset({READINGS_FILE, CRITERIA_FILE})
"""Files of rules that nothing is validated against: for readers, and for scores."""
LANGUAGES = ("fr", "en")
_QUERIES = (term("sh:select"), term("sh:ask"))
# For so many days, the shapes are kept as they were compiled.
_KEPT_DAYS = 4
_CODE = re.compile("CG-[A-Z]+[1-9][0-9]*")

# What a node shape may say without being a rule itself.
_NOT_CONSTRAINTS = frozenset(
    {
        "rdf:type", "rdfs:label", "rdfs:comment", "sh:targetClass", "sh:targetNode",
        "sh:targetSubjectsOf", "sh:targetObjectsOf", "sh:property", "collex-sh:rule",
    }
)  # fmt: skip


@dataclass(frozen=True)
class WrittenRule:
    """What is expected of a description, in words, under a stable code.

    Attributes:
        code: the code that rules and reports cite, such as ``CG-D16``.
        labels: language → the rule in a few words.
        texts: language → the rule in a sentence.
    """

    code: str
    labels: Mapping[str, str]
    texts: Mapping[str, str]


@dataclass(frozen=True)
class Announcement:
    """What a rule will become.

    Attributes:
        severity: the severity to come, graver than today's.
        from_day: the first day on which it holds.
    """

    severity: Severity
    from_day: date


@dataclass(frozen=True)
class Rule:
    """One rule that results can name: a shape of ours, or a reading rule.

    Attributes:
        iri: its IRI.
        severity: how grave its results are.
        labels: language → the defect in a few words.
        names: language → the property concerned, in words; empty for reading rules.
        messages: language → what is wrong, where, and how to mend it.
        advice: language → how to mend it, where the message does not say it.
        path: the SHACL path; None for node shapes and reading rules.
        codes: the written rules that it checks, such as ``CG-D16``; empty for shapes of others.
        of_dataset: whether one result stops all publication.
        internal: whether its results are never published.
        withholds_value: whether its results never quote the value, which is private data.
        announced: the graver severity that it will have, None for most rules.
        file: the file that states it.
        line: the line where it starts, from 1.
        repair: what to write instead, where the rule can say it.
    """

    iri: str
    severity: Severity
    labels: Mapping[str, str]
    messages: Mapping[str, str]
    codes: tuple[str, ...]
    file: FilePath
    line: int | None
    names: Mapping[str, str] = field(default_factory=dict)
    advice: Mapping[str, str] = field(default_factory=dict)
    path: Path | None = None
    of_dataset: bool = False
    internal: bool = False
    withholds_value: bool = False
    announced: Announcement | None = None
    repair: RepairRule | None = None


@dataclass(frozen=True)
class Shapes:
    """The shapes in force.

    Attributes:
        rules: IRI → rule, of every shape that can be the source of a result.
        graph: the shapes graph.
    """

    rules: Mapping[str, Rule]
    graph: ShapesGraph

    @cached_property
    def reference(self) -> Reference:
        """The shapes as pySHACL holds them, for what cannot be compiled."""
        return Reference(self.graph)

    @cached_property
    def _days(self) -> dict[str, Shapes]:
        return {}

    def on(self, day: str) -> Shapes:
        """Return the shapes for the report of a day, which is what ``NOW()`` says in their queries.

        Args:
            day: ``YYYY-MM-DD``.
        """
        if day not in self._days:
            stated = list(self.graph.triples())
            dated = [_on_day(triple, day) for triple in stated]
            self._days[day] = self if dated == stated else Shapes(self.rules, ShapesGraph(dated))
            for former in list(self._days)[:-_KEPT_DAYS]:
                del self._days[former]
        return self._days[day]


class RuleFile:
    """One Turtle file of rules, with what is needed to check it and to say where it is wrong.

    Raises:
        ResourceFileError: when the file cannot be read or is not Turtle.
    """

    def __init__(self, path: FilePath) -> None:
        self.path = path
        try:
            self.text = path.read_text(encoding="utf-8")
            self.triples = [
                quad.triple
                for quad in pyoxigraph.parse(self.text, format=pyoxigraph.RdfFormat.TURTLE)
            ]
        except SyntaxError as error:
            raise ResourceFileError(
                path, f"not well-formed Turtle: {error.msg}", line=error.lineno
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise ResourceFileError(path, f"cannot be read: {error}") from error
        self._objects: dict[tuple[Node, Node], list[Node]] = {}
        for triple in self.triples:
            self._objects.setdefault((triple.subject, triple.predicate), []).append(triple.object)

    def objects(self, subject: Node, predicate: pyoxigraph.NamedNode) -> list[Node]:
        """Return the objects of a subject and a predicate, in the file's order."""
        return self._objects.get((subject, predicate), [])

    def subjects(self, *types: str) -> list[Node]:
        """Return the nodes of some classes, in the file's order."""
        wanted = {term(name) for name in types}
        return [
            triple.subject
            for triple in self.triples
            if triple.predicate == term("rdf:type") and triple.object in wanted
        ]

    def line_of(self, node: Node) -> int | None:
        """Return the line where a node of ours is described, counted from 1."""
        if not isinstance(node, pyoxigraph.NamedNode):
            return None
        local = re.escape(node.value.removeprefix(expand("collex-sh:")))
        found = re.search(rf"^collex-sh:{local}\s", self.text, re.MULTILINE)
        return self.text.count("\n", 0, found.start()) + 1 if found else None

    def fail(self, node: Node, problem: str) -> ResourceFileError:
        """Return the error that names a node of the file."""
        name = node.value if isinstance(node, pyoxigraph.NamedNode) else "a shape without an IRI"
        name = name.replace(expand("collex-sh:"), "collex-sh:")
        return ResourceFileError(self.path, f"{name}: {problem}", line=self.line_of(node))

    def words(self, node: Node, predicate: str, *, required: bool = True) -> dict[str, str]:
        """Return language → text, French first.

        Raises:
            ResourceFileError: when a language is missing (and required), double, or another one.
        """
        found: dict[str, str] = {}
        for value in self.objects(node, term(predicate)):
            if (
                not isinstance(value, pyoxigraph.Literal)
                or value.language not in LANGUAGES
                or value.language in found
            ):
                raise self.fail(node, f"{predicate} must be one text @fr and one text @en")
            found[value.language] = value.value
        if len(found) != len(LANGUAGES) and (required or found):
            raise self.fail(node, f"{predicate} is missing in French or in English")
        return {language: found[language] for language in LANGUAGES if found}

    def rule(self, node: Node) -> Rule:
        """Read what every rule says, whichever its kind.

        Raises:
            ResourceFileError: when the rule breaks the contract of `shapes/README.md`.
        """
        if not isinstance(node, pyoxigraph.NamedNode) or not node.value.startswith(
            expand("collex-sh:")
        ):
            raise self.fail(node, "a rule needs an IRI in collex-sh:, so that reports can name it")
        severities = [
            severity
            for severity in Severity
            if term(f"sh:{severity.value}") in self.objects(node, term("sh:severity"))
        ]
        if len(severities) != 1:
            raise self.fail(node, "sh:severity must be sh:Violation, sh:Warning or sh:Info")
        codes = self.codes(node)
        of_dataset = self._flag(node, "collex-sh:ofDataset")
        if of_dataset and severities[0] is not Severity.VIOLATION:
            raise self.fail(node, "only a sh:Violation can concern the data set as a whole")
        return Rule(
            iri=node.value,
            severity=severities[0],
            labels=self.words(node, "rdfs:label"),
            messages=self.words(node, "sh:message"),
            advice=self.words(node, "collex-sh:advice", required=False),
            codes=codes,
            of_dataset=of_dataset,
            internal=self._flag(node, "collex-sh:internal"),
            withholds_value=self._flag(node, "collex-sh:withholdsValue"),
            announced=self._announced(node, severities[0]),
            file=self.path,
            line=self.line_of(node),
            repair=self._repair(node),
        )

    def codes(self, node: Node) -> tuple[str, ...]:
        """Read which written rules a rule checks.

        Raises:
            ResourceFileError: when it names none, or one that the rule book lacks.
        """
        named = self.objects(node, term("collex-sh:rule"))
        if not named:
            raise self.fail(
                node, f"collex-sh:rule must name a written rule of {RULEBOOK_FILE} (CG-…)"
            )
        book = written_rules()
        codes = []
        for one in named:
            iri = one.value if isinstance(one, pyoxigraph.NamedNode) else ""
            code = iri.removeprefix(expand("collex-sh:"))
            if code not in book:
                raise self.fail(node, f"collex-sh:rule {code or one} is not in {RULEBOOK_FILE}")
            codes.append(code)
        return tuple(sorted(codes, key=lambda code: list(book).index(code)))

    def _announced(self, node: Node, today: Severity) -> Announcement | None:
        """Read what a rule will become."""
        severities = self.objects(node, term("collex-sh:announcedSeverity"))
        days = self.objects(node, term("collex-sh:inForceFrom"))
        if not severities and not days:
            return None
        order = list(Severity)
        graver = [
            one for one in order[: order.index(today)] if term(f"sh:{one.value}") in severities
        ]
        if len(severities) != 1 or not graver:
            raise self.fail(
                node, "collex-sh:announcedSeverity must be one severity, graver than sh:severity"
            )
        day = days[0] if len(days) == 1 else None
        if not isinstance(day, pyoxigraph.Literal) or day.datatype != term("xsd:date"):
            raise self.fail(node, "collex-sh:inForceFrom must be one xsd:date")
        try:
            return Announcement(graver[0], date.fromisoformat(day.value))
        except ValueError as error:
            raise self.fail(node, f"collex-sh:inForceFrom is no day: {day.value}") from error

    def _repair(self, node: Node) -> RepairRule | None:
        """Read what a rule says of the repair of its results."""
        template = self._text(node, "collex-sh:repair")
        if template is None:
            return None
        certain = self._text(node, "collex-sh:certainWhere")
        beside = self._text(node, "collex-sh:beside")
        found = self._text(node, "collex-sh:inPlaceOf")
        try:
            pattern = None if certain is None else re.compile(certain, re.ASCII | re.DOTALL)
        except re.error as error:
            raise self.fail(node, f"collex-sh:certainWhere is no pattern: {error}") from error
        repair = RepairRule(
            template=template,
            reasons=self.words(node, "collex-sh:repairReason"),
            certain_where=pattern,
            found="{value}" if found is None else found,
            target=self._text(node, "collex-sh:rewrites") or "",
            beside=() if beside is None else (_pair(beside),),
            within=self._flag(node, "collex-sh:within"),
        )
        if repair.unknown_forms:
            raise self.fail(node, f"no such form of a value: {', '.join(repair.unknown_forms)}")
        return repair

    def _text(self, node: Node, predicate: str) -> str | None:
        values = self.objects(node, term(predicate))
        return values[0].value if values and isinstance(values[0], pyoxigraph.Literal) else None

    def _flag(self, node: Node, predicate: str) -> bool:
        return any(
            isinstance(value, pyoxigraph.Literal) and value.value == "true"
            for value in self.objects(node, term(predicate))
        )


def _on_day(triple: pyoxigraph.Triple, day: str) -> pyoxigraph.Triple:
    query = triple.object
    if triple.predicate not in _QUERIES or not isinstance(query, pyoxigraph.Literal):
        return triple
    dated = pyoxigraph.Literal(on_day(query.value, day))
    return pyoxigraph.Triple(triple.subject, triple.predicate, dated)


def _pair(text: str) -> tuple[str, str]:
    name, _, template = text.partition("=")
    return name, template


def read_shapes(directory: FilePath) -> Shapes:
    """Read every Turtle file of a folder but the reading rules and the criteria of scores.

    Raises:
        ResourceFileError: for a file that is not Turtle or breaks the contract; names file, line,
            shape and what to do.
    """
    files = [
        RuleFile(path) for path in sorted(directory.glob("*.ttl")) if path.name not in NOT_SHAPES
    ]
    if not files:
        raise ResourceFileError(directory, "no shape file (*.ttl) in this folder")
    rules: dict[str, Rule] = {}
    for file in files:
        for rule in _rules_of(file):
            if rule.iri in rules:
                raise ResourceFileError(
                    file.path,
                    f"{rule.iri} is already stated in {rules[rule.iri].file.name}",
                    line=rule.line,
                )
            rules[rule.iri] = rule
    _check_links(files, rules)
    graph = ShapesGraph(triple for file in files for triple in file.triples)
    _check_constraints(files, graph)
    return Shapes(rules, graph)


@cache
def shapes() -> Shapes:
    """Return the project's own shapes, read once."""
    return read_shapes(resource_dir("shapes"))


@cache
def written_rules() -> Mapping[str, WrittenRule]:
    """Return code → written rule of the project, in the order of the rule book; read once.

    Raises:
        ResourceFileError: for a code of another form, or a rule that lacks words.
    """
    file = RuleFile(resource_dir("shapes") / RULEBOOK_FILE)
    book: dict[str, WrittenRule] = {}
    for node in file.subjects("collex-sh:WrittenRule"):
        iri = node.value if isinstance(node, pyoxigraph.NamedNode) else ""
        code = iri.removeprefix(expand("collex-sh:"))
        if not _CODE.fullmatch(code):
            raise file.fail(node, "a written rule needs an IRI like collex-sh:CG-D16")
        book[code] = WrittenRule(
            code, file.words(node, "rdfs:label"), file.words(node, "rdfs:comment")
        )
    return book


def _rules_of(file: RuleFile) -> Iterable[Rule]:
    for node in file.subjects("sh:PropertyShape"):
        rule = file.rule(node)
        try:
            (path_node,) = file.objects(node, term("sh:path"))
            path = read_path(path_node, file.objects)
        except ValueError as error:
            raise file.fail(node, f"sh:path must be one SHACL path ({error})") from error
        _check_patterns(file, node)
        yield Rule(**(vars(rule) | {"path": path, "names": file.words(node, "sh:name")}))
    plain = {term(name) for name in _NOT_CONSTRAINTS}
    for node in file.subjects("sh:NodeShape"):
        if {triple.predicate for triple in file.triples if triple.subject == node} - plain:
            rule = file.rule(node)
            yield Rule(**(vars(rule) | {"names": file.words(node, "sh:name")}))


def _check_patterns(file: RuleFile, node: Node) -> None:
    for pattern in file.objects(node, term("sh:pattern")):
        if not isinstance(pattern, pyoxigraph.Literal):
            continue
        try:
            re.compile(pattern.value)
        except re.error as error:
            raise file.fail(node, f"sh:pattern is no regular expression: {error}") from error


def _check_constraints(files: list[RuleFile], graph: ShapesGraph) -> None:
    """Check that every constraint can be run as it is meant."""
    try:
        compile_shapes(graph, lambda name: [name])
    except ShapeError as error:
        stated = [file for file in files if any(one.subject == error.node for one in file.triples)]
        raise stated[0].fail(error.node, error.problem) from error


def _check_links(files: list[RuleFile], rules: Mapping[str, Rule]) -> None:
    """Check that node shapes name rules that exist, and that every rule is named by one."""
    used: set[str] = set()
    for file in files:
        for triple in file.triples:
            if triple.predicate != term("sh:property"):
                continue
            if not isinstance(triple.object, pyoxigraph.NamedNode):
                raise file.fail(triple.subject, "sh:property must name a property shape by its IRI")
            if triple.object.value not in rules:
                raise file.fail(triple.subject, f"sh:property {triple.object.value} is not stated")
            used.add(triple.object.value)
    for iri, rule in rules.items():
        if rule.path is not None and iri not in used:
            raise ResourceFileError(
                rule.file, f"{iri} is in no sh:property, so it never runs", line=rule.line
            )
