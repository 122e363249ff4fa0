"""Writes a YARRRML document as RML, in the vocabulary of the Community Group.

Functions become executions of RML-FNML with our function IRIs. What RML has no words for is said
with ``collex-map:``, which other engines pass over and `collex_graph.mapping.rml` reads back:

* ``collex-map:Source`` on a logical source: references, white space and IRIs are those of YARRRML
  (``_file``, ``_position``; values are squeezed texts; an IRI is absolute);
* ``collex-map:options``, its keys that are not RML's, as JSON; ``collex-map:value``, a value
  computed for each record;
* ``collex-map:condition`` on a triples map or a predicate-object map;
* ``collex-map:sourceLanguage``: the literal has the language that it has in the source.
"""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final

from pyoxigraph import Literal, NamedNode

from collex_graph.errors import ResourceFileError
from collex_graph.mapping.rules import (
    SOURCE_LANGUAGE,
    Call,
    Join,
    Reference,
    Source,
    Template,
)
from collex_graph.rdf.namespaces import compact, prefixes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from collex_graph.mapping.rules import (
        MappingDocument,
        MappingRule,
        Statements,
        Term,
        Value,
    )

IN_RML: Final = {"csv": "rml:CSV", "xpath": "rml:XPath", "jsonpath": "rml:JSONPath"}
"""Reference formulations that RML has a name for."""

NO_OPTIONS: Final = frozenset(
    {
        *("name", "access", "formulation", "iterator", "line", "delimiter", "values"),
        *("standard", "lists"),
    }
)
"""Fields of a source that are not among its ``collex-map:options``."""

_PREFIX = re.compile(r"([A-Za-z][\w-]*):(?!//)")
_SIMPLE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")

Block = list[str]
"""What stands inside brackets: predicate and object, one a line."""


def export_mapping(document: MappingDocument, base_iri: str) -> str:
    """Return a document as RML in Turtle.

    Args:
        document: as `collex_graph.mapping.rules.read_mapping` gives it.
        base_iri: what ``base:`` stands for.

    Raises:
        ResourceFileError: for a document that is RML already, or joins records of files that
            several patterns name.
    """
    if document.is_rml:
        raise ResourceFileError(document.path, "is RML already: what is exported is YARRRML")
    return _Writer(_one_pattern_each(document), base_iri).text()


def _one_pattern_each(document: MappingDocument) -> MappingDocument:
    """Return a document in which each source has one pattern of file names, as RML has it."""
    parts: dict[str, list[str]] = {}
    sources: dict[str, Source] = {}
    for name, source in document.sources.items():
        patterns = source.access.split("|")
        for number, access in enumerate(patterns, start=1):
            own = name if number == 1 else f"{name}-{number}"
            while number > 1 and (own in document.sources or own in sources):
                own += "-"
            parts.setdefault(name, []).append(own)
            sources[own] = replace(source, name=own, access=access)
    mappings = []
    for mapping in document.mappings:
        divided = any(len(parts[name]) > 1 for name in mapping.sources)
        joins = [join for statements in mapping.statements for join in statements.joins]
        if divided and joins:
            raise ResourceFileError(
                document.path,
                f"mapping {mapping.name!r} joins records of one file, and its source has several "
                "patterns of file names: RML has one a source, and would join across files; write "
                "a source for each pattern",
                line=joins[0].line,
            )
        own_sources = tuple(own for name in mapping.sources for own in parts[name])
        mappings.append(replace(mapping, sources=own_sources))
    return replace(document, sources=sources, mappings=type(document.mappings)(mappings))


class _Writer:
    """Writes one document."""

    def __init__(self, document: MappingDocument, base_iri: str) -> None:
        self._document = document
        self._namespaces = {**document.prefixes, "base": base_iri}
        self._used = {"rml", "collex-map", "map"}
        name = document.path.resolve().parent.name
        self._own = f"{base_iri}mapping/{name}#"
        self._names: dict[str, list[str]] = {}
        for mapping in document.mappings:
            parts = [(s, t) for s in mapping.sources for t in mapping.subjects]
            self._names[mapping.name] = [
                mapping.name if number == 1 else f"{mapping.name}-{number}"
                for number in range(1, len(parts) + 1)
            ]

    def text(self) -> str:
        blocks = [self._source(source) for source in self._document.sources.values()]
        for mapping in self._document.mappings:
            blocks += self._triples_maps(mapping)
        known = {**prefixes(), "map": self._own}
        declared = [
            f"@prefix {name}: <{known[name]}> ." for name in sorted(self._used) if name in known
        ]
        return "\n".join(declared) + "\n\n" + "\n\n".join(blocks) + "\n"

    # --- names and texts -------------------------------------------------------------------------

    def _node(self, name: str) -> str:
        if _SIMPLE.fullmatch(name):
            return f"map:{name}"
        return str(NamedNode(self._own + re.sub(r"[^\w.-]", lambda m: f"%{ord(m[0]):02X}", name)))

    def _iri(self, text: str) -> str:
        """Write a prefixed name or an IRI."""
        prefix = _PREFIX.match(text)
        if prefix is not None and prefix[1] in self._namespaces:
            text = self._namespaces[prefix[1]] + text[prefix.end() :]
        short = compact(text)
        if short is not None:
            self._used.add(short.partition(":")[0])
            return short
        return str(NamedNode(text))

    def _name_of(self, kind: str, name: str) -> str:
        self._used.add("collex-fn")
        return f"{kind} collex-fn:{name}"

    # --- sources ---------------------------------------------------------------------------------

    def _source(self, source: Source) -> str:
        block = [
            "a rml:LogicalSource , collex-map:Source",
            f"collex-map:name {_text(source.name)}",
            f"rml:source {_nested(self._file(source))}",
            f"rml:referenceFormulation {self._formulation(source)}",
        ]
        if source.iterator:
            block.append(f"rml:iterator {_text(source.iterator)}")
        options = _options(source)
        if options:
            written = json.dumps(options, ensure_ascii=False, sort_keys=True)
            self._used.add("rdf")
            block.append(f"collex-map:options {_text(written)}^^rdf:JSON")
        for name, call in source.values.items():
            value = [f"collex-map:name {_text(name)}", *self._expression(call)]
            block.append(f"collex-map:value {_nested(value)}")
        return _statement(self._node(f"source-{source.name}"), block)

    def _file(self, source: Source) -> Block:
        if source.delimiter is None:
            return [
                "a rml:RelativePathSource",
                "rml:root rml:MappingDirectory",
                f"rml:path {_text(source.access)}",
            ]
        self._used.add("csvw")
        dialect = ["a csvw:Dialect", f"csvw:delimiter {_text(source.delimiter)}"]
        return [
            "a csvw:Table",
            f"csvw:url {_text(source.access)}",
            f"csvw:dialect {_nested(dialect)}",
        ]

    def _formulation(self, source: Source) -> str:
        if source.formulation == "xpath" and source.namespaces:
            block = ["a rml:XPathReferenceFormulation"]
            for prefix, url in source.namespaces.items():
                namespace = [
                    "a rml:Namespace",
                    f"rml:namespacePrefix {_text(prefix)}",
                    f"rml:namespaceURL {_text(url)}",
                ]
                block.append(f"rml:namespace {_nested(namespace)}")
            return _nested(block)
        return IN_RML.get(source.formulation, f"collex-map:{source.formulation}")

    # --- triples maps ----------------------------------------------------------------------------

    def _triples_maps(self, mapping: MappingRule) -> Iterator[str]:
        """Yield a triples map for each source and subject: RML has one of either."""
        pairs = [(source, term) for source in mapping.sources for term in mapping.subjects]
        for name, (source, subject) in zip(self._names[mapping.name], pairs, strict=True):
            subject_map = self._term_map(subject, "iri")
            subject_map += [self._graph(graph) for graph in mapping.graphs]
            block = [
                "a rml:TriplesMap",
                f"rml:logicalSource {self._node(f'source-{source}')}",
                f"rml:subjectMap {_nested(subject_map)}",
                *self._condition(mapping.condition),
            ]
            block += [
                f"rml:predicateObjectMap {_nested(self._statements(statements))}"
                for statements in mapping.statements
            ]
            yield _statement(self._node(name), block)

    def _condition(self, condition: Call | None) -> Block:
        if condition is None:
            return []
        return [f"collex-map:condition {_nested(self._expression(condition))}"]

    def _statements(self, statements: Statements) -> Block:
        block: Block = []
        for predicate in statements.predicates:
            block.append(self._short("rml:predicate", predicate))
        for term in statements.objects:
            if isinstance(term, Join):
                block += self._join(term)
            else:
                block.append(self._short("rml:object", term))
        block += [self._graph(graph) for graph in statements.graphs]
        return block + self._condition(statements.condition)

    def _join(self, join: Join) -> Iterator[str]:
        conditions: Block = []
        for child, parent in join.conditions:
            sides = [
                f"rml:childMap {_nested(self._expression(child))}",
                f"rml:parentMap {_nested(self._expression(parent))}",
            ]
            conditions.append(f"rml:joinCondition {_nested(sides)}")
        for name in self._names[join.parent]:
            block = [f"rml:parentTriplesMap {self._node(name)}", *conditions]
            yield f"rml:objectMap {_nested(block)}"

    def _graph(self, graph: Term) -> str:
        return self._short("rml:graph", graph)

    def _short(self, name: str, term: Term) -> str:
        """Write a constant in its short form, everything else as a map."""
        constant = term.value.constant if isinstance(term.value, Template) else None
        plain = not isinstance(term.datatype, str) or term.datatype is None
        if constant is not None and term.kind == "iri":
            return f"{name} {self._iri(constant)}"
        if constant is not None and plain and isinstance(term.language, str | None):
            tag = f"@{term.language}" if term.language else ""
            return f"{name} {_text(constant)}{tag}"
        default = "literal" if name == "rml:object" else "iri"
        return f"{name}Map {_nested(self._term_map(term, default))}"

    def _term_map(self, term: Term, default: str) -> Block:
        block = self._expression(term.value, iri=term.kind == "iri")
        if term.kind == "iri":
            lone = isinstance(term.value, Call) or isinstance(term.value.parts[0], Reference)
            block.append("rml:termType rml:IRI" if lone else "rml:termType rml:URI")
        elif default != "literal" or isinstance(term.value, Template):
            block.append("rml:termType rml:Literal")
        if term.language == SOURCE_LANGUAGE:
            block.append("collex-map:sourceLanguage true")
        elif isinstance(term.language, str):
            block.append(f"rml:language {_text(term.language)}")
        elif term.language is not None:
            block.append(f"rml:languageMap {_nested(self._expression(term.language))}")
        if isinstance(term.datatype, str):
            block.append(f"rml:datatype {self._iri(term.datatype)}")
        elif term.datatype is not None:
            block.append(f"rml:datatypeMap {_nested(self._term_map(term.datatype, 'iri'))}")
        return block

    def _expression(self, value: Value, *, iri: bool = False) -> Block:
        """Write what a text is made of; ``iri``: the beginning may be a prefixed name."""
        if isinstance(value, Call):
            return [f"rml:functionExecution {_nested(self._call(value))}"]
        constant = value.constant
        if constant is not None:
            return [f"rml:constant {self._iri(constant) if iri else _text(constant)}"]
        if len(value.parts) == 1:
            return [f"rml:reference {_text(value.references[0].text)}"]
        template = ""
        for place, part in enumerate(value.parts):
            if isinstance(part, Reference):
                template += "{" + _escaped(part.text) + "}"
                continue
            text = part
            prefix = _PREFIX.match(text) if iri and place == 0 else None
            if prefix is not None and prefix[1] in self._namespaces:
                text = self._namespaces[prefix[1]] + text[prefix.end() :]
            template += _escaped(text)
        return [f"rml:template {_text(template)}"]

    def _call(self, call: Call) -> Block:
        block = [self._name_of("rml:function", call.function)]
        for parameter, value in call.arguments:
            given = [self._name_of("rml:parameter", parameter)]
            if isinstance(value, Template) and value.constant is not None:
                given.append(f"rml:inputValue {_text(value.constant)}")
            else:
                given.append(f"rml:inputValueMap {_nested(self._expression(value))}")
            block.append(f"rml:input {_nested(given)}")
        return block


def _options(source: Source) -> dict[str, Any]:
    """Return what a source says beyond RML, each key that is not as it is by itself."""
    plain = Source("", "", "", "", 0)
    skipped = NO_OPTIONS | ({"namespaces"} if source.formulation == "xpath" else set())
    return {
        field.name: _jsonable(getattr(source, field.name))
        for field in fields(Source)
        if field.name not in skipped and getattr(source, field.name) != getattr(plain, field.name)
    }


def _jsonable(value: Any) -> Any:
    if isinstance(value, tuple | frozenset):
        return sorted(value) if isinstance(value, frozenset) else list(value)
    if hasattr(value, "items"):
        return {key: _jsonable(inner) for key, inner in value.items()}
    return value


def options_of(text: str) -> Mapping[str, Any]:
    """Return the options of a source as `export_mapping` wrote them.

    Raises:
        ValueError: for what is no option of a source.
    """
    known = {field.name for field in fields(Source)} - NO_OPTIONS
    read = json.loads(text)
    if not isinstance(read, dict) or not read.keys() <= known:
        raise ValueError(f"expected an object with some of {', '.join(sorted(known))}")
    plain = Source("", "", "", "", 0)
    return {
        name: frozenset(value) if isinstance(getattr(plain, name), frozenset) else _hashable(value)
        for name, value in read.items()
    }


def _hashable(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        return {key: _hashable(inner) for key, inner in value.items()}
    return value


def _text(text: str) -> str:
    return str(Literal(text))


def _escaped(text: str) -> str:
    return re.sub(r"[\\{}]", lambda found: "\\" + found[0], text)


def _nested(block: Iterable[str]) -> str:
    lines = [line.replace("\n", "\n  ") for line in block]
    if len(lines) == 1 and "\n" not in lines[0]:
        return f"[ {lines[0]} ]"
    return "[\n  " + " ;\n  ".join(lines) + "\n]"


def _statement(node: str, block: Iterable[str]) -> str:
    lines = [line.replace("\n", "\n  ") for line in block]
    return f"{node} " + " ;\n  ".join(lines) + " ."
