r"""Reads an RML document in Turtle as the same rules that a YARRRML document gives.

Both vocabularies are read: RML of 2013 with R2RML (``http://semweb.mmlab.be/ns/rml#``, ``rr:``)
and RML-Core, RML-IO and RML-FNML (``http://w3id.org/rml/``). What is outside the subset of
``mappings/README.md`` is refused with file, line and name.

Sources that `collex_graph.mapping.export` wrote have the class ``collex-map:Source``: their
references, white space and IRIs are read as those of the YARRRML document they came from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, parse

from collex_graph.errors import ResourceFileError
from collex_graph.mapping.export import IN_RML, options_of
from collex_graph.mapping.formulations import FORMULATIONS, ReferenceSyntaxError
from collex_graph.mapping.jsonpath import parse as parse_json_path
from collex_graph.mapping.nquads import is_language_tag
from collex_graph.mapping.rules import (
    DEFAULT_GRAPH,
    RECORD_NUMBER,
    SOURCE_LANGUAGE,
    Call,
    Join,
    MappingDocument,
    MappingRule,
    Reference,
    Source,
    Statements,
    Template,
    Term,
    document_text,
)
from collex_graph.mapping.suggestions import suggestion
from collex_graph.rdf.namespaces import expand

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from collex_graph.mapping.rules import Encoding, Kind, Value

RML: Final = expand("rml:")
OWN: Final = expand("collex-map:")
"""What RML has no words for: see `collex_graph.mapping.export`."""

_R2RML = "http://www.w3.org/ns/r2rml#"
_CSVW = expand("csvw:")
_OTHER_NAMESPACES = (
    _R2RML, "http://semweb.mmlab.be/ns/rml#", "http://semweb.mmlab.be/ns/ql#",
    "http://semweb.mmlab.be/ns/fnml#", "http://semweb.mmlab.be/ns/rml-target#",
    "https://w3id.org/kg-construct/rml-star#",
)  # fmt: skip
_LINE = "urn:collex-graph:line"
_OWN_LABEL = "\0"
"""Begins the texts of blank nodes that no source names, so that no text of a source is the same."""
_NOWHERE = "urn:collex-graph:no-base/"
_FUNCTIONS = expand("collex-fn:")
_TYPE = expand("rdf:type")
_STRING = expand("xsd:string")

_TOKEN = re.compile(
    r"""(?P<skip>\#[^\n]* | <[^<>"{}|^`\\\s]*>
      | \"\"\"(?:[^"\\]|\\.|"(?!""))*\"\"\" | '''(?:[^'\\]|\\.|'(?!''))*'''
      | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*')
      | (?P<open>\[)""",
    re.VERBOSE | re.DOTALL,
)
_FIRST_WORD = re.compile(r"\s*(?:#[^\n]*\n\s*)*(@prefix\b|@base\b|prefix\s|base\s+<|<|\[|_:)", re.I)

_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "a triples map": (
        "logicalSource", "subjectMap", "subject", "predicateObjectMap", "baseIRI",
    ),
    "a logical source": ("source", "referenceFormulation", "iterator"),
    "a source": ("path", "root", f"{_CSVW}url", f"{_CSVW}dialect"),
    "a CSVW dialect": (f"{_CSVW}delimiter",),
    "a reference formulation": ("namespace",),
    "a namespace": ("namespacePrefix", "namespaceURL"),
    "a subject map": (
        "template", "reference", "constant", "functionExecution", "termType", "class", "graph",
        "graphMap",
    ),
    "a predicate or graph map": (
        "template", "reference", "constant", "functionExecution", "termType",
    ),
    "an object map": (
        "template", "reference", "constant", "functionExecution", "termType", "language",
        "languageMap", "datatype", "datatypeMap", "parentTriplesMap", "joinCondition",
    ),
    "a predicate-object map": (
        "predicate", "predicateMap", "object", "objectMap", "graph", "graphMap",
    ),
    "a join condition": ("child", "childMap", "parent", "parentMap"),
    "a function execution": ("function", "functionMap", "input"),
    "an input": ("parameter", "parameterMap", "inputValue", "inputValueMap"),
}  # fmt: skip
_EXPRESSIONS = ("template", "reference", "constant", "functionExecution")
_TERM_TYPES: Final[dict[str, tuple[Kind, Encoding]]] = {
    "IRI": ("iri", "iri"),
    "URI": ("iri", "uri"),
    "UnsafeIRI": ("iri", "no iri"),
    "UnsafeURI": ("iri", "no uri"),
    "Literal": ("literal", "iri"),
    "BlankNode": ("blank", "iri"),
}
_FORMULATION_NAMES = {name.removeprefix("rml:"): own for own, name in IN_RML.items()}

Node = NamedNode | BlankNode | Literal
T = TypeVar("T")


def is_turtle(text: str) -> bool:
    r"""Say whether a text is a Turtle document rather than a YAML one.

    >>> is_turtle("# rules\n@prefix rr: <http://www.w3.org/ns/r2rml#> ."), is_turtle("prefixes:")
    (True, False)
    """
    return _FIRST_WORD.match(text) is not None


def read_rml(
    path: Path,
    base_iri: str | None,
    default_base_iri: str = "",
    mistakes: list[ResourceFileError] | None = None,
) -> MappingDocument:
    """Read an RML document.

    Args:
        path: its file.
        base_iri: what relative IRIs are completed with, unless a triples map names its own base.
        default_base_iri: the same, where base_iri is None and the document has no base either.
        mistakes: where given, what is not understood is added to it and left out, as far as the
            rest can be read without.

    Raises:
        ResourceFileError: with the line and the name of what is not understood.
    """
    text = document_text(path)
    return _Reader(path, text, base_iri, default_base_iri, mistakes).document()


def split_template(text: str) -> list[str | Reference]:
    r"""Split a template at its references (R2RML, section 7.3).

    >>> split_template(r"\{ {ISO 3166} \}")
    ['{ ', Reference(text='ISO 3166'), ' }']

    Raises:
        ValueError: for braces or backslashes that are not balanced.
    """
    parts: list[str | Reference] = []
    constant, reference = "", None
    position = 0
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
            character = text[position : position + 1]
            if character not in ("{", "}", "\\"):
                raise ValueError("a backslash stands before {, } or another backslash only")
        elif character == "{":
            if reference is not None:
                raise ValueError("a brace inside a reference is written \\{")
            if constant:
                parts.append(constant)
            constant, reference, character = "", "", ""
        elif character == "}":
            if not reference:
                problem = "a reference is empty" if reference == "" else "} closes no reference"
                raise ValueError(problem)
            parts.append(Reference(reference))
            reference, character = None, ""
        if reference is None:
            constant += character
        else:
            reference += character
        position += 1
    if reference is not None:
        raise ValueError("a reference has no end")
    if constant:
        parts.append(constant)
    if not parts:
        raise ValueError("the template is empty")
    return parts


@dataclass
class _TriplesMap:
    """A triples map while it is read."""

    node: NamedNode | BlankNode
    name: str
    source: Source
    base: str


class _Reader:
    """Walks the graph of one document."""

    def __init__(
        self,
        path: Path,
        text: str,
        base_iri: str | None,
        default_base_iri: str,
        mistakes: list[ResourceFileError] | None,
    ) -> None:
        self._path = path
        self._lines = text.split("\n")
        self._mistakes = mistakes
        self._where = "the document"
        base = re.search(r"^\s*@?base\s+<([^>]*)>", text, re.IGNORECASE | re.MULTILINE)
        self._base = base_iri or (base[1] if base else default_base_iri)
        self._graph: dict[Node, dict[str, list[Node]]] = {}
        self._is_old = False
        self._parse(text)
        self._sources: dict[tuple[object, ...], Source] = {}
        self._maps: dict[Node, _TriplesMap] = {}

    def _parse(self, text: str) -> None:
        """Read the Turtle; every blank node in brackets is told its line."""

        def mark(found: re.Match[str]) -> str:
            if found["open"] is None:
                return found[0]
            return f"[ <{_LINE}> {text.count(chr(10), 0, found.start()) + 1} ; "

        marked = _TOKEN.sub(mark, text)
        try:
            for quad in parse(marked, format=RdfFormat.TURTLE, base_iri=self._base or _NOWHERE):
                predicate = quad.predicate.value
                for namespace in _OTHER_NAMESPACES:
                    if predicate.startswith(namespace):
                        predicate = RML + predicate.removeprefix(namespace)
                        self._is_old = True
                about = self._graph.setdefault(quad.subject, {})
                about.setdefault(predicate, []).append(quad.object)
        except SyntaxError as error:
            raise ResourceFileError(
                self._path, f"not Turtle: {error.msg}", line=error.lineno
            ) from error

    # --- the graph -------------------------------------------------------------------------------

    def _line(self, node: Node, name: str = "") -> int:
        """Return the line of a node, or of a property or value of it where that can be found."""
        start = 1
        marks = self._graph.get(node, {}).get(_LINE)
        if marks:
            start = int(marks[0].value)
        elif isinstance(node, NamedNode):
            local = re.split(r"[/#]", node.value)[-1] or node.value
            begins = re.compile(rf"\s*\S*{re.escape(local)}(?!\w)")
            numbered = list(enumerate(self._lines, start=1))
            found = [n for n, line in numbered if begins.match(line)]
            start = (found or [n for n, line in numbered if local in line] or [1])[0]
        if name:
            for number in range(start, len(self._lines) + 1):
                if name in self._lines[number - 1]:
                    return number
        return start

    def _refuse(self, node: Node, problem: str, name: str = "") -> NoReturn:
        raise ResourceFileError(
            self._path, f"{self._where}: {problem}", line=self._line(node, name)
        )

    def _attempt(self, read: Callable[..., T], *arguments: object) -> T | None:
        """Read a part; where mistakes are collected, one in it leaves out the part alone."""
        try:
            return read(*arguments)
        except ResourceFileError as error:
            if self._mistakes is None:
                raise
            self._mistakes.append(error)
            return None

    def _all(self, node: Node, name: str) -> list[Node]:
        return self._graph.get(node, {}).get(name if ":" in name else RML + name, [])

    def _one(self, node: Node, name: str) -> Node | None:
        found = self._all(node, name)
        if len(found) > 1:
            self._refuse(node, f"{len(found)} values of {_short(name)}, where one is allowed", name)
        return found[0] if found else None

    def _iri_of(self, node: Node, name: str) -> str | None:
        found = self._one(node, name)
        if found is None:
            return None
        if not isinstance(found, NamedNode):
            self._refuse(node, f"{_short(name)} is an IRI", name)
        return self._given(node, found)

    def _text_of(self, node: Node, name: str) -> str | None:
        found = self._one(node, name)
        if found is None:
            return None
        if not isinstance(found, Literal):
            self._refuse(node, f"{_short(name)} is a text", name)
        return found.value

    def _given(self, node: Node, found: NamedNode) -> str:
        if found.value.startswith(_NOWHERE):
            self._refuse(node, f"<{found.value.removeprefix(_NOWHERE)}> is relative to no base")
        return found.value

    def _check_keys(self, node: Node, what: str) -> None:
        """Refuse what RML says of a node and this reader does not know."""
        known = _KEYS[what]
        for predicate in self._graph.get(node, {}):
            if not predicate.startswith((RML, _CSVW)):
                continue
            name = predicate.removeprefix(RML)
            if name not in known:
                written = name.removeprefix(_CSVW)
                self._refuse(
                    node,
                    f"{written} is not supported in {what}; known: "
                    + ", ".join(key.removeprefix(_CSVW) for key in known)
                    + suggestion(written, known),
                    written,
                )

    # --- the document ----------------------------------------------------------------------------

    def document(self) -> MappingDocument:
        """Return its rules."""
        nodes = [node for node in self._graph if self._is_triples_map(node)]
        if not nodes:
            raise ResourceFileError(self._path, "there is no triples map in this document")
        # Subjects first: joins without condition take those of other triples maps.
        for node in nodes:
            read = self._attempt(self._triples_map, node)
            if read is not None:
                self._maps[node] = read
        rules = tuple(
            rule
            for found in self._maps.values()
            for rule in self._attempt(self._rules, found) or ()
        )
        sources = {source.name: source for source in self._sources.values()}
        return MappingDocument(self._path, {}, sources, rules, is_rml=True)

    def _is_triples_map(self, node: Node) -> bool:
        types = {_local(found) for found in self._all(node, _TYPE)}
        names = ("logicalSource", "logicalTable", "subjectMap", "predicateObjectMap")
        return "TriplesMap" in types or any(self._all(node, name) for name in names)

    def _triples_map(self, node: NamedNode | BlankNode) -> _TriplesMap:
        name = f"line {self._line(node)}"
        if isinstance(node, NamedNode):
            taken = {found.name for found in self._maps.values()}
            short = re.split(r"[/#]", node.value)[-1]
            name = node.value if not short or short in taken else short
        self._where = f"triples map {name}"
        self._check_keys(node, "a triples map")
        logical = self._one(node, "logicalSource")
        source = self._no_source(node) if logical is None else self._source(logical)
        return _TriplesMap(node, name, source, self._iri_of(node, "baseIRI") or self._base)

    def _rules(self, found: _TriplesMap) -> list[MappingRule]:
        node, self._where = found.node, f"triples map {found.name}"
        subject = self._subject(found)
        graphs: tuple[Term, ...] = ()
        statements: list[Statements] = []
        for subject_map in self._all(node, "subjectMap"):
            graphs = self._graphs(subject_map, found)
            line = self._line(subject_map)
            for kind in self._all(subject_map, "class"):
                if not isinstance(kind, NamedNode):
                    self._refuse(subject_map, "a class is an IRI", "class")
                types = (_constant(_TYPE, line),)
                objects = (_constant(self._given(subject_map, kind), line),)
                statements.append(Statements(types, objects, (), None, line))
        for part in self._all(node, "predicateObjectMap"):
            rule = self._attempt(self._statements, part, found)
            if rule is not None:
                statements.append(rule)
        read = MappingRule(
            found.name,
            (found.source.name,),
            (subject,),
            graphs,
            self._condition(node),
            tuple(statements),
            self._line(node),
        )
        if not found.source.access:
            for text in read.references:
                if text != RECORD_NUMBER:
                    self._refuse(node, f"there is no rml:logicalSource to read {text!r} from")
        return [read]

    def _subject(self, found: _TriplesMap) -> Term:
        node = found.node
        constants, maps = self._all(node, "subject"), self._all(node, "subjectMap")
        if len(constants) + len(maps) != 1:
            self._refuse(
                node, f"a triples map has one subject map, this one {len(constants) + len(maps)}"
            )
        if maps:
            self._check_keys(maps[0], "a subject map")
            subject = self._term(maps[0], found, "subject map")
        else:
            subject = self._constant(node, constants[0], found)
        if subject.kind == "literal":
            self._refuse(
                maps[0] if maps else node, "a subject is an IRI or a blank node, not a literal"
            )
        return subject

    def _statements(self, node: Node, found: _TriplesMap) -> Statements:
        self._check_keys(node, "a predicate-object map")
        predicates = [self._constant(node, term, found) for term in self._all(node, "predicate")]
        predicates += [
            self._plain_term(term, found, "predicate map")
            for term in self._all(node, "predicateMap")
        ]
        objects: list[Term | Join] = [
            self._constant(node, term, found) for term in self._all(node, "object")
        ]
        objects += [self._object(term, found) for term in self._all(node, "objectMap")]
        if not predicates or not objects:
            missing = "predicate" if not predicates else "object"
            self._refuse(node, f"a predicate-object map has no {missing}")
        if any(predicate.kind != "iri" for predicate in predicates):
            self._refuse(node, "a predicate is an IRI", "predicate")
        graphs = self._graphs(node, found)
        condition = self._condition(node)
        return Statements(tuple(predicates), tuple(objects), graphs, condition, self._line(node))

    def _graphs(self, node: Node, found: _TriplesMap) -> tuple[Term, ...]:
        graphs: list[Term] = []
        for name in ("graph", "graphMap"):
            for graph in self._all(node, name):
                if graph in self._graph and self._is_term_map(graph):
                    term = self._plain_term(graph, found, "graph map")
                else:
                    term = self._constant(node, graph, found)
                if term.kind == "literal":
                    self._refuse(node, "a graph is an IRI or a blank node, not a literal", name)
                graphs.append(term)
        return tuple(_with_default(term) for term in graphs)

    def _is_term_map(self, node: Node) -> bool:
        return any(self._all(node, name) for name in (*_EXPRESSIONS, "termType"))

    def _object(self, node: Node, found: _TriplesMap) -> Term | Join:
        self._check_keys(node, "an object map")
        parent_node = self._one(node, "parentTriplesMap")
        if parent_node is None:
            if self._all(node, "joinCondition"):
                self._refuse(node, "a join condition without rml:parentTriplesMap")
            return self._term(node, found, "object map")
        if self._is_term_map(node):
            self._refuse(node, "rml:parentTriplesMap stands alone, without another expression")
        parent = self._maps.get(parent_node)
        if parent is None:
            self._refuse(
                node, f"{parent_node} is no triples map of this document", "parentTriplesMap"
            )
        conditions = self._all(node, "joinCondition")
        if not conditions:
            if parent.source != found.source:
                self._refuse(
                    node,
                    f"a join with {parent.name}, which reads another source, needs an "
                    "rml:joinCondition",
                )
            return self._subject(parent)
        line = self._line(node)
        pairs = tuple(self._equality(part, found, parent) for part in conditions)
        return Join(parent.name, pairs, line)

    def _equality(self, node: Node, found: _TriplesMap, parent: _TriplesMap) -> tuple[Value, Value]:
        self._check_keys(node, "a join condition")
        sides: list[Value] = []
        for name, of in (("child", found), ("parent", parent)):
            text = self._text_of(node, name)
            side = self._one(node, f"{name}Map")
            if (text is None) == (side is None):
                self._refuse(node, f"a join condition has one rml:{name} or rml:{name}Map")
            if text is not None:
                reference = self._reference(text, of.source)
                sides.append(Template((reference,), self._line(node)))
            else:
                assert side is not None
                self._check_keys(side, "a predicate or graph map")
                sides.append(self._value(side, of))
        return sides[0], sides[1]

    # --- terms -----------------------------------------------------------------------------------

    def _plain_term(self, node: Node, found: _TriplesMap, what: str) -> Term:
        self._check_keys(node, "a predicate or graph map")
        return self._term(node, found, what)

    def _term(self, node: Node, found: _TriplesMap, what: str) -> Term:
        given = [name for name in _EXPRESSIONS if self._all(node, name)]
        type_ = self._one(node, "termType")
        type_name = _local(type_) if type_ is not None else None
        if type_name is not None and type_name not in _TERM_TYPES:
            self._refuse(
                node, f"there is no term type {type_name}{suggestion(type_name, _TERM_TYPES)}",
                "termType",
            )  # fmt: skip
        line = self._line(node)
        if not given and type_name == "BlankNode":
            # a blank node of its own for every record
            parts = (f"{_OWN_LABEL}{found.name} ", Reference(RECORD_NUMBER))
            return Term(Template(parts, line), "blank", line)
        if len(given) != 1:
            written = f"has {' and '.join(given)}" if given else "has no expression"
            self._refuse(node, f"this {what} {written}: it needs one of {', '.join(_EXPRESSIONS)}")
        if given == ["constant"]:
            constant = self._one(node, "constant")
            assert constant is not None
            term = self._constant(node, constant, found)
            # A term type has no effect on a constant, which is a term already.
            return self._with_language_or_datatype(node, term, found)
        value = self._value(node, found)
        kind, encoding = self._kind(node, given[0], type_name, what)
        if given == ["reference"]:
            encoding = "no uri" if encoding == "uri" else "no iri"
        own = not found.source.standard
        term = Term(
            value, kind, line, encoding=encoding,
            base=None if own or kind != "iri" else found.base,
            natural=kind == "literal" and given == ["reference"] and self._is_natural(found.source),
        )  # fmt: skip
        return self._with_language_or_datatype(node, term, found)

    def _is_natural(self, source: Source) -> bool:
        """Say whether literals get the datatype of the source's values: not in RML of 2013."""
        return source.standard and source.formulation == "jsonpath" and not self._is_old

    def _kind(
        self, node: Node, expression: str, type_name: str | None, what: str
    ) -> tuple[Kind, Encoding]:
        if type_name is not None:
            return _TERM_TYPES[type_name]
        literal = expression in ("reference", "functionExecution") or any(
            self._all(node, name) for name in ("language", "languageMap", "datatype", "datatypeMap")
        )
        return ("literal" if what == "object map" and literal else "iri"), "iri"

    def _with_language_or_datatype(self, node: Node, term: Term, found: _TriplesMap) -> Term:
        language = self._language(node, found)
        datatype = self._datatype(node, found)
        if language is None and datatype is None:
            return term
        if language is not None and datatype is not None:
            self._refuse(node, "a literal has a language or a datatype, not both")
        if term.kind != "literal":
            self._refuse(node, "only a literal has a language or a datatype")
        return Term(term.value, "literal", term.line, language, datatype)

    def _language(self, node: Node, found: _TriplesMap) -> str | Value | None:
        if self._all(node, OWN + "sourceLanguage"):
            return SOURCE_LANGUAGE
        language: str | Value | None = self._text_of(node, "language")
        map_ = self._one(node, "languageMap")
        if map_ is not None:
            self._check_keys(map_, "a predicate or graph map")
            value = self._value(map_, found)
            language = value if isinstance(value, Call) or value.references else value.constant
        if isinstance(language, str) and not self._is_language(language):
            self._refuse(node, f"{language!r} is not a language tag", language)
        return language

    def _is_language(self, tag: str) -> bool:
        """Say whether a tag is valid, as R2RML wants it, or well-formed, as RML does."""
        return is_language_tag(tag, registered=self._is_old)

    def _datatype(self, node: Node, found: _TriplesMap) -> str | Term | None:
        datatype = self._iri_of(node, "datatype")
        map_ = self._one(node, "datatypeMap")
        if map_ is None:
            return datatype
        term = self._plain_term(map_, found, "datatype map")
        if term.kind != "iri":
            self._refuse(map_, "a datatype is an IRI")
        if isinstance(term.value, Template) and term.base is None:
            return term.value.constant or term
        return term

    def _constant(self, node: Node, constant: Node, found: _TriplesMap) -> Term:
        line = self._line(node)
        if isinstance(constant, NamedNode):
            return _constant(self._given(node, constant), line)
        if isinstance(constant, BlankNode):
            if self._graph.get(constant):
                self._refuse(
                    node, "expected a term, found a map: use the property that ends in Map"
                )
            return Term(Template((f"{_OWN_LABEL}{constant.value}",), line), "blank", line)
        template = Template((constant.value,), line)
        datatype = constant.datatype.value
        if constant.language:
            if not self._is_language(constant.language):
                self._refuse(node, f"{constant.language!r} is not a language tag")
            return Term(template, "literal", line, constant.language)
        return Term(template, "literal", line, None, None if datatype == _STRING else datatype)

    def _value(self, node: Node, found: _TriplesMap) -> Value:
        """Read an expression map where only its text counts."""
        line = self._line(node)
        execution = self._one(node, "functionExecution")
        if execution is not None:
            return self._call(execution, found)
        constant = self._one(node, "constant")
        if constant is not None:
            return Template((constant.value,), line)
        reference = self._text_of(node, "reference")
        if reference is not None:
            return Template((self._reference(reference, found.source),), line)
        template = self._text_of(node, "template")
        if template is None:
            self._refuse(node, f"it needs one of {', '.join(_EXPRESSIONS)}")
        try:
            parts = tuple(
                self._reference(part.text, found.source) if isinstance(part, Reference) else part
                for part in split_template(template)
            )
            return Template(parts, line)
        except ValueError as error:
            self._refuse(node, f"the template {template!r}: {error}", "template")

    def _reference(self, text: str, source: Source) -> Reference:
        """Read a reference; in RML of 2013 the name of a member of JSON needs no brackets."""
        if source.formulation == "jsonpath" and self._is_old and not text.startswith("$"):
            try:
                parse_json_path(text)
            except ReferenceSyntaxError:
                return Reference("['" + text.replace("\\", "\\\\").replace("'", "\\'") + "']")
        return Reference(text)

    # --- functions -------------------------------------------------------------------------------

    def _condition(self, node: Node) -> Call | None:
        condition = self._one(node, OWN + "condition")
        if condition is None:
            return None
        execution = self._one(condition, "functionExecution")
        if execution is None:
            self._refuse(node, "a condition has an rml:functionExecution", "condition")
        owner = next(iter(self._maps.values()))
        return self._call(execution, owner)

    def _call(self, node: Node, found: _TriplesMap) -> Call:
        self._check_keys(node, "a function execution")
        name = self._function_name(node, "function")
        arguments: list[tuple[str, Value]] = []
        for part in self._all(node, "input"):
            self._check_keys(part, "an input")
            parameter = self._function_name(part, "parameter")
            constant, map_ = self._one(part, "inputValue"), self._one(part, "inputValueMap")
            if (constant is None) == (map_ is None):
                self._refuse(part, "an input has one rml:inputValue or rml:inputValueMap")
            if constant is not None:
                value: Value = Template((constant.value,), self._line(part))
            else:
                assert map_ is not None
                value = self._value(map_, found)
            arguments.append((parameter, value))
        return Call(name, tuple(arguments), self._line(node))

    def _function_name(self, node: Node, name: str) -> str:
        iri = self._iri_of(node, name)
        map_ = self._one(node, f"{name}Map")
        if iri is None and map_ is not None:
            iri = self._iri_of(map_, "constant")
        if iri is None:
            self._refuse(node, f"there is no rml:{name}")
        if not iri.startswith(_FUNCTIONS):
            self._refuse(
                node, f"the {name} <{iri}> is none of this project: they begin with {_FUNCTIONS}"
            )
        return iri.removeprefix(_FUNCTIONS)

    # --- sources ---------------------------------------------------------------------------------

    def _source(self, node: Node) -> Source:
        self._check_keys(node, "a logical source")
        own = OWN + "Source" in {found.value for found in self._all(node, _TYPE)}
        access, delimiter = self._access(node)
        formulation, namespaces = self._formulation(node)
        iterator = self._text_of(node, "iterator") or ""
        options: Mapping[str, Any] = {}
        written = self._text_of(node, OWN + "options")
        if written is not None:
            try:
                options = options_of(written)
            except ValueError as error:
                self._refuse(node, f"collex-map:options: {error}", "options")
        if formulation == "csv":
            if iterator and not own:
                self._refuse(node, "a table has no iterator", "iterator")
            delimiter = delimiter or (None if own else ",")
        elif not iterator and formulation == "jsonpath":
            iterator = "$"
        elif not iterator:
            self._refuse(node, "there is no rml:iterator")
        key: tuple[object, ...] = (
            access, formulation, iterator, tuple(namespaces.items()), delimiter,
        )  # fmt: skip
        if own or key not in self._sources:
            shown = f"{access} {iterator}".strip()
            taken = sum(source.name.startswith(shown) for source in self._sources.values())
            source = Source(
                name=self._text_of(node, OWN + "name") or (f"{shown} {taken}" if taken else shown),
                access=access,
                formulation=formulation,
                iterator=iterator,
                line=self._line(node),
                delimiter=delimiter,
                standard=not own,
                lists=self._is_old,
                **{"namespaces": namespaces, **options},
            )
            if own:
                key = (source.name, *key)
            if key not in self._sources:
                self._sources[key] = source
                if own:
                    self._read_values(node, source)
        return self._sources[key]

    def _no_source(self, node: Node) -> Source:
        """Return the source of a triples map whose terms are all constant: one empty record."""
        if self._is_old:
            self._refuse(node, "there is no rml:logicalSource")
        source = Source("no source", "", "csv", "", self._line(node), standard=True)
        return self._sources.setdefault(("no source",), source)

    def _access(self, node: Node) -> tuple[str, str | None]:
        """Return the path of a source's file and the delimiter it states."""
        source = self._one(node, "source")
        if source is None:
            self._refuse(node, "there is no rml:source")
        if isinstance(source, Literal):
            return source.value, None
        self._check_keys(source, "a source")
        path = self._text_of(source, "path")
        delimiter = None
        if path is None:
            url = self._one(source, _CSVW + "url")
            if url is None:
                kinds = ", ".join(_short(t.value) for t in self._all(source, _TYPE)) or str(source)
                self._refuse(node, f"a source is a file with rml:path; not supported: {kinds}")
            path = url.value
            dialect = self._one(source, _CSVW + "dialect")
            if dialect is not None:
                self._check_keys(dialect, "a CSVW dialect")
                delimiter = self._text_of(dialect, _CSVW + "delimiter")
                if delimiter is not None and len(delimiter) != 1:
                    self._refuse(dialect, f"a delimiter is one character, not {delimiter!r}")
        root = self._one(source, "root")
        if isinstance(root, NamedNode) and _local(root) == "CurrentWorkingDirectory":
            from pathlib import Path  # noqa: PLC0415 - only here a path is more than a name

            return str(Path.cwd() / path), delimiter
        if isinstance(root, Literal):
            return f"{root.value.rstrip('/')}/{path}", delimiter
        if root is not None and _local(root) != "MappingDirectory":
            self._refuse(source, f"the root {root} is not supported", "root")
        return path, delimiter

    def _formulation(self, node: Node) -> tuple[str, dict[str, str]]:
        found = self._one(node, "referenceFormulation")
        if found is None:
            self._refuse(node, "there is no rml:referenceFormulation")
        namespaces: dict[str, str] = {}
        if self._all(found, "namespace"):
            self._check_keys(found, "a reference formulation")
            name = "XPath"
            for part in self._all(found, "namespace"):
                self._check_keys(part, "a namespace")
                prefix = self._text_of(part, "namespacePrefix")
                url = self._one(part, "namespaceURL")
                if prefix is None or url is None:
                    self._refuse(part, "a namespace has a namespacePrefix and a namespaceURL")
                namespaces[prefix] = url.value
        else:
            name = _local(found)
        known = [
            written
            for written, own in _FORMULATION_NAMES.items()
            if own in ("csv", "xpath", *FORMULATIONS)
        ]
        if name.removeprefix(OWN) in FORMULATIONS:
            return name.removeprefix(OWN), namespaces
        if name not in known:
            self._refuse(
                node,
                f"the reference formulation {name} is not supported; known: {', '.join(known)}",
                "referenceFormulation",
            )
        return _FORMULATION_NAMES[name], namespaces

    def _read_values(self, node: Node, source: Source) -> None:
        values: dict[str, Call] = {}
        owner = _TriplesMap(BlankNode(), source.name, source, self._base)
        for value in self._all(node, OWN + "value"):
            name, execution = (
                self._text_of(value, OWN + "name"),
                self._one(value, "functionExecution"),
            )
            if name is None or execution is None:
                self._refuse(value, "a value of a source has a name and an rml:functionExecution")
            values[name] = self._call(execution, owner)
        source.values.update(values)  # type: ignore[attr-defined] # made above, not yet shared


def _constant(iri: str, line: int) -> Term:
    return Term(Template((iri,), line), "iri", line)


def _with_default(graph: Term) -> Term:
    """Give the default graph of either vocabulary its one name."""
    constant = graph.value.constant if isinstance(graph.value, Template) else None
    if constant in (_R2RML + "defaultGraph", DEFAULT_GRAPH):
        return _constant(DEFAULT_GRAPH, graph.line)
    return graph


def _local(node: Node) -> str:
    """Return the last part of an IRI of one of the vocabularies, else the whole."""
    for namespace in (RML, *_OTHER_NAMESPACES):
        if node.value.startswith(namespace):
            return node.value.removeprefix(namespace)
    return node.value


def _short(iri: str) -> str:
    return f"rml:{iri.removeprefix(RML)}" if iri.startswith(RML) or ":" not in iri else f"<{iri}>"
