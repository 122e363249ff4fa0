"""Reads a mapping document: the YARRRML subset that ``mappings/README.md`` describes.

`read_mapping` gives the document's rules as plain data, each with its line, and refuses what is
outside the subset with the file, the line and the name. Prefixed names stay as written: the base of
our IRIs is known only to `collex_graph.mapping.plan`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NoReturn, TypeVar

import yaml

from collex_graph.errors import ResourceFileError
from collex_graph.mapping.formulations import FORMULATIONS
from collex_graph.mapping.suggestions import nearest, suggestion
from collex_graph.rdf.iris import is_absolute_iri
from collex_graph.rdf.literals import check_language_tag
from collex_graph.rdf.namespaces import prefixes as project_prefixes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

Kind = Literal["iri", "literal", "blank"]
Encoding = Literal["uri", "iri", "no uri", "no iri"]

DEFAULT_GRAPH: Final = "http://w3id.org/rml/defaultGraph"
"""The graph that a document names in order to name none."""

RECORD_NUMBER: Final = "\0position"
"""Running number of a record where ``_position`` is an ordinary name: no header holds a NUL."""

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, four times as fast, where PyYAML was built with it."""
_PREFIXED = re.compile(r"([A-Za-z][\w-]*):(?!//)")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|urn:")
_SUFFIX = re.compile(r"~(iri|literal)\Z")
_FUNCTIONS = "collex-fn:"
SOURCE_LANGUAGE = "source"
"""In place of a language tag: the one that the literal has in the source (RDF)."""

_MAPPING_KEYS = {
    "sources": "sources", "source": "sources",
    "subject": "subjects", "subjects": "subjects", "s": "subjects",
    "graphs": "graphs", "graph": "graphs", "g": "graphs",
    "predicateobjects": "predicateobjects", "po": "predicateobjects",
    "condition": "condition",
}  # fmt: skip
_STATEMENT_KEYS = {
    "predicates": "predicates", "predicate": "predicates", "p": "predicates",
    "objects": "objects", "object": "objects", "o": "objects",
    "graphs": "graphs", "graph": "graphs", "g": "graphs",
    "condition": "condition",
}  # fmt: skip
_OBJECT_KEYS = {
    "value": "value", "v": "value",
    "function": "function", "fn": "function", "f": "function",
    "parameters": "parameters", "pms": "parameters",
    "type": "type", "language": "language", "lang": "language", "datatype": "datatype",
}  # fmt: skip
_JOIN_KEYS = {
    "mapping": "mapping", "mappings": "mapping", "m": "mapping",
    "condition": "condition", "conditions": "condition",
}  # fmt: skip
_CONDITION_KEYS = {
    key: name for key, name in _OBJECT_KEYS.items() if name in ("function", "parameters")
}
_SOURCE_KEYS = {
    name: name
    for name in (
        "access", "referenceFormulation", "iterator", "namespaces", "delimiter", "quotes",
        "aliases", "values", "header", "headerRow", "sheet", "columns", "cells", "optional",
        "leaves", "withoutNamespace", "sign",
    )
}  # fmt: skip


_TABLE_KEYS = (
    "delimiter", "quotes", "aliases", "header", "headerRow", "sheet", "columns", "cells",
    "optional",
)  # fmt: skip
T = TypeVar("T")

_ENGINE_VALUES = frozenset({"_file", "_position", "_positionInUnit", "_row"})


@dataclass(frozen=True)
class Reference:
    """A ``$(…)``: a column's header, an XPath, or a value of the engine such as ``_position``."""

    text: str


@dataclass(frozen=True)
class Template:
    """Constant text and references, in order; one constant or one reference alone included."""

    parts: tuple[str | Reference, ...]
    line: int

    @property
    def references(self) -> tuple[Reference, ...]:
        """Its references, in order."""
        return tuple(part for part in self.parts if isinstance(part, Reference))

    @property
    def constant(self) -> str | None:
        """Its text, where it has no reference."""
        return None if self.references else "".join(str(part) for part in self.parts)


@dataclass(frozen=True)
class Call:
    """A function with its arguments.

    Attributes:
        function: local name in ``collex-fn:``.
        arguments: parameter name → value.
    """

    function: str
    arguments: tuple[tuple[str, Value], ...]
    line: int

    @property
    def references(self) -> tuple[Reference, ...]:
        """The references of its arguments, in order."""
        return tuple(ref for _, value in self.arguments for ref in value.references)


Value = Template | Call


@dataclass(frozen=True)
class Term:
    """How a term is made.

    Attributes:
        value: where its text comes from.
        kind: IRI, literal or blank node; only RML documents have blank nodes.
        language: of a literal; a value where it is read from the record.
        datatype: of a literal, as written; a term where it is read from the record.
        encoding: of values inside the template of an IRI: everything outside RFC 3986's
            unreserved characters (``uri``), the same but for letters of other scripts (``iri``),
            or nothing (``no …``). A ``uri`` completed with a base is ASCII.
        base: what a relative IRI is completed with; None where an IRI is always absolute.
        natural: a number or truth value of the source gives the literal its datatype.
    """

    value: Value
    kind: Kind
    line: int
    language: str | Value | None = None
    datatype: str | Term | None = None
    encoding: Encoding = "uri"
    base: str | None = None
    natural: bool = False

    @property
    def values(self) -> tuple[Value, ...]:
        """Everything in it that may refer to a record."""
        datatype = self.datatype.value if isinstance(self.datatype, Term) else None
        others = (self.language, datatype)
        return (self.value, *(other for other in others if not isinstance(other, str | None)))


@dataclass(frozen=True)
class Join:
    """An object that is the subject of another mapping's records, found by equal values.

    Attributes:
        parent: name of that mapping.
        conditions: value of this record and value of the other, which must be the same text.
    """

    parent: str
    conditions: tuple[tuple[Value, Value], ...]
    line: int

    @property
    def values(self) -> tuple[Value, ...]:
        """Everything in it that refers to the record it is said of."""
        return tuple(child for child, _ in self.conditions)


@dataclass(frozen=True)
class Statements:
    """A predicate-object rule: each predicate with each object."""

    predicates: tuple[Term, ...]
    objects: tuple[Term | Join, ...]
    graphs: tuple[Term, ...]
    condition: Call | None
    line: int

    @property
    def values(self) -> Iterator[Value]:
        """Everything in it that may refer to a record."""
        for term in (*self.predicates, *self.objects, *self.graphs):
            yield from term.values
        if self.condition is not None:
            yield self.condition

    @property
    def joins(self) -> tuple[Join, ...]:
        """Its objects that are found by a join."""
        return tuple(term for term in self.objects if isinstance(term, Join))


@dataclass(frozen=True)
class MappingRule:
    """A mapping: what is said about one kind of subject."""

    name: str
    sources: tuple[str, ...]
    subjects: tuple[Term, ...]
    graphs: tuple[Term, ...]
    condition: Call | None
    statements: tuple[Statements, ...]
    line: int

    @property
    def values(self) -> Iterator[Value]:
        """Everything in it that may refer to a record."""
        for term in (*self.subjects, *self.graphs):
            yield from term.values
        if self.condition is not None:
            yield self.condition
        for statements in self.statements:
            yield from statements.values

    @property
    def references(self) -> Iterator[str]:
        """The texts of all references, in order."""
        return (reference.text for value in self.values for reference in value.references)


@dataclass(frozen=True)
class Source:
    """One of the document's sources, as written.

    Attributes:
        access: patterns of file names, joined by ``|``; empty where there is no file, and one
            record without content.
        leaves: what of the format is left out on purpose → why.
        columns: of a sheet that people fill in, in order → help in French and in English, empty
            where the ontology has it; none for other sources.
        sign: a text near the beginning of a file that tells it from those of like sources.
        values: values computed for each record, referred to as ``$(_name)``.
        standard: read as RML has it: white space stays, ``_name`` is an ordinary name.
        lists: a reference to a list gives its elements (JSON, RML of 2013).
    """

    name: str
    access: str
    formulation: str
    iterator: str
    line: int
    namespaces: Mapping[str, str] = field(default_factory=dict)
    without_namespace: frozenset[str] = frozenset()
    delimiter: str | None = None
    quoted: bool = True
    header: str = ""
    header_row: int = 0
    sheet: str = ""
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cells: str = ""
    optional: frozenset[str] = frozenset()
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    leaves: Mapping[str, str] = field(default_factory=dict)
    sign: str = ""
    values: Mapping[str, Call] = field(default_factory=dict)
    standard: bool = False
    lists: bool = False


@dataclass(frozen=True)
class MappingDocument:
    """A mapping document as read.

    Attributes:
        path: its file.
        prefixes: prefix → namespace, the project's and its own; ``base`` is not among them.
        sources: by name.
        mappings: in order.
        is_rml: it was written in RML: every IRI is there in full.
    """

    path: Path
    prefixes: Mapping[str, str]
    sources: Mapping[str, Source]
    mappings: tuple[MappingRule, ...]
    is_rml: bool = False


def calls_in(value: Value) -> Iterator[Call]:
    """Yield the function of a value, and those of its arguments."""
    if isinstance(value, Call):
        yield value
        for _, argument in value.arguments:
            yield from calls_in(argument)


def document_text(path: Path) -> str:
    """Return the text of a mapping document.

    Raises:
        ResourceFileError: when it cannot be read as UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ResourceFileError(path, f"cannot be read: {error}") from error


def read_mapping(path: Path, mistakes: list[ResourceFileError] | None = None) -> MappingDocument:
    """Read a mapping document.

    Args:
        path: its file.
        mistakes: where given, what is not understood is added to it and left out, as far as the
            rest can be read without.

    Raises:
        ResourceFileError: with the line and the name of what is not understood.
    """
    text = document_text(path)
    try:
        node = _composed(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise ResourceFileError(path, f"not YAML: {error.problem}", line=line) from error
    except yaml.YAMLError as error:
        raise ResourceFileError(path, f"not YAML: {error}") from error
    return _Reader(path, mistakes).document(node)


def _composed(text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError:
        # the lines and words of PyYAML's own are better
        return yaml.compose(text, Loader=yaml.SafeLoader)


def split_template(text: str, *, quotes: bool) -> list[str | Reference]:
    r"""Split a template at its references.

    A reference ends at its balancing parenthesis; ``\(`` and ``\)`` are parentheses of a name.

    Args:
        text: such as ``base:id/fonds/$(@_unit)``.
        quotes: parentheses between quotation marks do not count (XPath).

    >>> split_template("Notice $(count(p) + 1)", quotes=True)
    ['Notice ', Reference(text='count(p) + 1')]

    Raises:
        ValueError: for a reference that is empty or does not end.
    """
    parts: list[str | Reference] = []
    position = 0
    while (start := text.find("$(", position)) >= 0:
        if start > position:
            parts.append(text[position:start])
        depth, place, quote, name = 1, start + 2, "", ""
        while depth:
            if place >= len(text):
                raise ValueError(f"the reference {text[start:]!r} has no end")
            character = text[place]
            if character == "\\" and text[place + 1 : place + 2] in ("(", ")"):
                place += 1
                character = text[place]
            elif quotes and quote:
                quote = "" if character == quote else quote
            elif quotes and character in "\"'":
                quote = character
            elif character in "()":
                depth += 1 if character == "(" else -1
            name += character
            place += 1
        if not name[:-1].strip():
            raise ValueError("a reference is empty")
        parts.append(Reference(name[:-1].strip()))
        position = place
    if position < len(text):
        parts.append(text[position:])
    return parts


class _Reader:
    """Walks the YAML nodes of one document."""

    def __init__(self, path: Path, mistakes: list[ResourceFileError] | None) -> None:
        self._path = path
        self._mistakes = mistakes
        self._prefixes: dict[str, str] = dict(project_prefixes())
        self._where = "the document"
        self._quotes = False
        self._has_languages = False
        self._names: list[str] = []

    def document(self, node: yaml.Node | None) -> MappingDocument:
        if node is None:
            raise ResourceFileError(self._path, "the document is empty")
        parts = self._keys(node, dict.fromkeys(("prefixes", "sources", "mappings")), "the document")
        if "prefixes" in parts:
            self._read_prefixes(parts["prefixes"])
        sources = {
            name: source
            for name, value in self._pairs(self._required(node, parts, "sources"))
            if (source := self._attempt(self._source, name, value)) is not None
        }
        if not sources:
            self._refuse(parts["sources"], "there is no source")
        written = list(self._pairs(self._required(node, parts, "mappings")))
        self._names = [name for name, _ in written]
        mappings = tuple(
            mapping
            for name, value in written
            if (mapping := self._attempt(self._mapping, name, value, sources)) is not None
        )
        if not written:
            self._refuse(parts["mappings"], "there is no mapping")
        return MappingDocument(self._path, self._prefixes, sources, mappings)

    # --- YAML ------------------------------------------------------------------------------------

    def _refuse(self, node: yaml.Node, problem: str) -> NoReturn:
        raise ResourceFileError(self._path, f"{self._where}: {problem}", line=_line(node))

    def _attempt(self, read: Callable[..., T], *arguments: object, **named: object) -> T | None:
        """Read a part; where mistakes are collected, one in it leaves out the part alone."""
        try:
            return read(*arguments, **named)
        except ResourceFileError as error:
            if self._mistakes is None:
                raise
            self._mistakes.append(error)
            return None

    def _pairs(self, node: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            self._refuse(node, "expected `name: …` pairs")
        seen: set[str] = set()
        for key, value in node.value:
            name = self._text(key)
            if name in seen:
                self._refuse(key, f"{name!r} is there twice")
            seen.add(name)
            yield name, value

    def _keys(
        self, node: yaml.Node, known: Mapping[str, str | None], what: str
    ) -> dict[str, yaml.Node]:
        """Return the values of a block under the full names of its keys."""
        found: dict[str, yaml.Node] = {}
        for key, value in self._pairs(node):
            if key not in known:
                self._attempt(
                    self._refuse,
                    value,
                    f"{key!r} is not a key of {what}; known ones: {', '.join(known)}"
                    + suggestion(key, known),
                )
                continue
            name = known[key] or key
            if name in found:
                self._refuse(value, f"{name!r} is given twice in {what}")
            found[name] = value
        return found

    def _required(self, node: yaml.Node, parts: Mapping[str, yaml.Node], name: str) -> yaml.Node:
        if name not in parts:
            self._refuse(node, f"{name!r} is missing")
        return parts[name]

    def _text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode) or node.tag == "tag:yaml.org,2002:null":
            self._refuse(node, "expected a text")
        return str(node.value)

    def _list(self, node: yaml.Node) -> Sequence[yaml.Node]:
        return node.value if isinstance(node, yaml.SequenceNode) else [node]

    # --- prefixes and sources --------------------------------------------------------------------

    def _read_prefixes(self, node: yaml.Node) -> None:
        self._where = "prefixes"
        for name, value in self._pairs(node):
            self._attempt(self._read_prefix, name, value)

    def _read_prefix(self, name: str, value: yaml.Node) -> None:
        namespace = self._text(value)
        if self._prefixes.get(name, namespace) != namespace or name == "base":
            self._refuse(value, f"{name!r} means something else in the whole project")
        if not is_absolute_iri(namespace):
            self._refuse(value, f"{namespace!r} is not an IRI")
        self._prefixes[name] = namespace

    def _source(self, name: str, node: yaml.Node) -> Source:
        self._where = f"source {name!r}"
        if isinstance(node, yaml.SequenceNode):
            return self._short_source(name, node)
        parts = self._keys(node, _SOURCE_KEYS, "a source")
        formulation = self._formulation(
            self._required(node, parts, "referenceFormulation"),
            self._text(self._required(node, parts, "referenceFormulation")),
        )
        table = formulation == "csv"
        for key in ("namespaces",) if table else _TABLE_KEYS:
            if key in parts:
                self._refuse(parts[key], f"{key!r} has no meaning for {formulation}")
        if "withoutNamespace" in parts and formulation != "xpath":
            self._refuse(
                parts["withoutNamespace"], f"'withoutNamespace' has no meaning for {formulation}"
            )
        self._quotes = not table
        return Source(
            name=name,
            access="|".join(
                self._text(name) for name in self._list(self._required(node, parts, "access"))
            ),
            formulation=formulation,
            iterator=self._table_iterator(parts)
            if table
            else self._text(self._required(node, parts, "iterator")),
            line=_line(node),
            namespaces={p: self._text(v) for p, v in self._pairs(parts["namespaces"])}
            if "namespaces" in parts
            else {},
            without_namespace=frozenset(
                self._text(name) for name in self._list(parts["withoutNamespace"])
            )
            if "withoutNamespace" in parts
            else frozenset(),
            delimiter=self._delimiter(parts.get("delimiter")),
            quoted=self._yes_or_no(parts["quotes"]) if "quotes" in parts else True,
            header=self._one_of(parts.get("header"), "blank"),
            header_row=self._header_row(parts),
            sheet=self._text(parts["sheet"]) if "sheet" in parts else "",
            columns=self._columns(parts),
            cells=self._pattern(parts.get("cells")),
            optional=frozenset(self._text(name) for name in self._list(parts["optional"]))
            if "optional" in parts
            else frozenset(),
            aliases={
                column: tuple(self._text(other) for other in self._list(others))
                for column, others in self._pairs(parts["aliases"])
            }
            if "aliases" in parts
            else {},
            leaves=dict(self._leaves(parts["leaves"])) if "leaves" in parts else {},
            sign=self._text(parts["sign"]) if "sign" in parts else "",
            values=self._values(parts.get("values")),
        )

    def _header_row(self, parts: Mapping[str, yaml.Node]) -> int:
        if "headerRow" not in parts:
            return 0
        text = self._text(parts["headerRow"])
        if not text.isdecimal() or int(text) < 1 or "header" in parts:
            self._refuse(parts["headerRow"], "expected the number of a row, from 1, and no header")
        return int(text)

    def _columns(self, parts: Mapping[str, yaml.Node]) -> dict[str, tuple[str, ...]]:
        """Read the columns of a sheet that people fill in, with their help."""
        if "columns" not in parts:
            return {}
        for key in ("header", "headerRow", "cells", "iterator", "optional"):
            if key in parts:
                self._refuse(parts[key], f"{key!r} has no meaning beside `columns`")
        if "sheet" not in parts:
            self._refuse(parts["columns"], "`columns` describes a sheet: `sheet` says which")
        columns = {}
        for name, node in self._pairs(parts["columns"]):
            help_texts = tuple(self._text(text) for text in self._list(node))
            if len(help_texts) not in (0, 2):
                self._refuse(node, f"expected {name}: [help in French, help in English], or []")
            columns[name] = help_texts
        return columns

    def _leaves(self, node: yaml.Node) -> Iterator[tuple[str, str]]:
        for name, reason in self._pairs(node):
            text = self._text(reason)
            if not text.strip():
                self._refuse(reason, f"why {name!r} is left out is not said")
            yield name, text

    def _short_source(self, name: str, node: yaml.SequenceNode) -> Source:
        """Read YARRRML's ``['*.csv~csv']`` and ``['*.xml~xpath', '//c']``."""
        texts = [self._text(part) for part in node.value]
        access, _, formulation = texts[0].rpartition("~") if texts else ("", "", "")
        if not access or len(texts) > 2:
            self._refuse(node, "expected [access~formulation, iterator]")
        known = self._formulation(node, formulation)
        if (known == "csv") == (len(texts) == 2):
            self._refuse(node, "csv has no iterator, every other formulation needs one")
        return Source(name, access, known, texts[1] if len(texts) == 2 else "", _line(node))

    def _formulation(self, node: yaml.Node, text: str) -> str:
        known = ("csv", "xpath", *FORMULATIONS)
        if text not in known:
            self._refuse(node, f"the reference formulation is {' or '.join(known)}, not {text!r}")
        return text

    def _delimiter(self, node: yaml.Node | None) -> str | None:
        if node is None:
            return None
        text = {"\\t": "\t", "tab": "\t"}.get(self._text(node), self._text(node))
        if len(text) != 1:
            self._refuse(node, "a delimiter is one character, or tab")
        return text

    def _table_iterator(self, parts: Mapping[str, yaml.Node]) -> str:
        """Read what the records of a table are: its rows, its cells, or the file as a whole."""
        if "iterator" in parts and "cells" in parts:
            self._refuse(parts["cells"], "the records are cells or files, not both")
        return self._one_of(parts.get("iterator"), "file")

    def _one_of(self, node: yaml.Node | None, *known: str) -> str:
        if node is None:
            return ""
        text = self._text(node)
        if text not in known:
            self._refuse(node, f"for a table it is {' or '.join(known)}, not {text!r}")
        return text

    def _pattern(self, node: yaml.Node | None) -> str:
        if node is None:
            return ""
        text = self._text(node)
        try:
            re.compile(text)
        except re.error as error:
            self._refuse(node, f"{text!r} is not a regular expression ({error})")
        return text

    def _yes_or_no(self, node: yaml.Node) -> bool:
        text = self._text(node)
        if text not in ("true", "false"):
            self._refuse(node, "expected true or false")
        return text == "true"

    def _values(self, node: yaml.Node | None) -> dict[str, Call]:
        if node is None:
            return {}
        values: dict[str, Call] = {}
        for name, value in self._pairs(node):
            if not re.fullmatch(r"_\w+", name) or name in (
                "_file",
                "_position",
                "_positionInUnit",
                "_row",
            ):
                self._refuse(
                    value, f"{name!r} cannot be computed: its name begins with _ and is new"
                )
            values[name] = self._call(value)
        return values

    # --- mappings --------------------------------------------------------------------------------

    def _mapping(self, name: str, node: yaml.Node, sources: Mapping[str, Source]) -> MappingRule:
        self._where = f"mapping {name!r}"
        parts = self._keys(node, _MAPPING_KEYS, "a mapping")
        named: list[str] = []
        for source in self._list(self._required(node, parts, "sources")):
            text = self._text(source)
            if text not in sources:
                self._attempt(
                    self._refuse,
                    source,
                    f"there is no source {text!r}; known: {', '.join(sources)}"
                    + suggestion(text, sources),
                )
                # the rules are read on, for the mistakes in them
                text = nearest(text, sources) or next(iter(sources))
            named.append(text)
        if len({sources[text].formulation for text in named}) != 1:
            self._refuse(parts["sources"], "the sources of one mapping are all of one formulation")
        self._quotes = sources[named[0]].formulation != "csv"
        self._has_languages = sources[named[0]].formulation == "rdf"
        return MappingRule(
            name=name,
            sources=tuple(named),
            subjects=tuple(
                self._iri_term(term) for term in self._list(self._required(node, parts, "subjects"))
            ),
            graphs=self._graphs(parts),
            condition=self._condition(parts),
            statements=tuple(
                rule
                for statements in self._list(self._required(node, parts, "predicateobjects"))
                if (rule := self._attempt(self._statements, name, statements)) is not None
            ),
            line=_line(node),
        )

    def _graphs(self, parts: Mapping[str, yaml.Node]) -> tuple[Term, ...]:
        if "graphs" not in parts:
            return ()
        return tuple(self._iri_term(graph) for graph in self._list(parts["graphs"]))

    def _condition(self, parts: Mapping[str, yaml.Node]) -> Call | None:
        if "condition" not in parts:
            return None
        node = parts["condition"]
        self._keys(node, _CONDITION_KEYS, "a condition")
        return self._call(node)

    def _statements(self, mapping: str, node: yaml.Node) -> Statements:
        self._where = f"mapping {mapping!r}"
        if isinstance(node, yaml.SequenceNode):
            return self._short_statements(node)
        parts = self._keys(node, _STATEMENT_KEYS, "a predicate-object rule")
        predicates = self._predicates(self._required(node, parts, "predicates"))
        types = _are_types(predicates)
        return Statements(
            predicates=predicates,
            objects=tuple(
                term
                for written in self._list(self._required(node, parts, "objects"))
                if (term := self._attempt(self._object_or_join, written, types)) is not None
            ),
            graphs=self._graphs(parts),
            condition=self._condition(parts),
            line=_line(node),
        )

    def _short_statements(self, node: yaml.SequenceNode) -> Statements:
        if len(node.value) not in (2, 3):
            self._refuse(node, "expected [predicate, object] or [predicate, object, language~lang]")
        predicates = self._predicates(node.value[0])
        language: str | Value | None = None
        datatype: str | Term | None = None
        if len(node.value) == 3:
            text = self._text(node.value[2])
            if text.endswith("~lang"):
                language = self._language(node.value[2], text.removesuffix("~lang"))
            else:
                datatype = self._datatype(node.value[2], text)
        types = _are_types(predicates)
        return Statements(
            predicates=predicates,
            objects=tuple(
                term
                for written in self._list(node.value[1])
                if (
                    term := self._attempt(
                        self._object, written, types=types, language=language, datatype=datatype
                    )
                )
                is not None
            ),
            graphs=(),
            condition=None,
            line=_line(node),
        )

    def _predicates(self, node: yaml.Node) -> tuple[Term, ...]:
        terms = []
        for predicate in self._list(node):
            if isinstance(predicate, yaml.ScalarNode) and predicate.value == "a":
                terms.append(
                    Term(Template(("rdf:type",), _line(predicate)), "iri", _line(predicate))
                )
            else:
                terms.append(self._iri_term(predicate))
        return tuple(terms)

    # --- terms -----------------------------------------------------------------------------------

    def _iri_term(self, node: yaml.Node) -> Term:
        """Read a subject, predicate or graph: always an IRI."""
        if isinstance(node, yaml.MappingNode):
            term = self._object(node, types=True)
            if term.kind != "iri" or term.language or term.datatype:
                self._refuse(node, "a subject, predicate or graph is an IRI")
            return term
        text = self._text(node)
        return Term(self._iri_template(node, text.removesuffix("~iri")), "iri", _line(node))

    def _object_or_join(self, node: yaml.Node, types: bool) -> Term | Join:
        if isinstance(node, yaml.MappingNode) and any(
            _JOIN_KEYS.get(key.value) == "mapping" for key, _ in node.value
        ):
            return self._join(node)
        return self._object(node, types=types)

    def _join(self, node: yaml.Node) -> Join:
        """Read YARRRML's ``{mapping: name, condition: {function: equal, parameters: …}}``."""
        parts = self._keys(node, _JOIN_KEYS, "a join")
        parent = self._text(parts["mapping"])
        if parent not in self._names:
            self._refuse(
                parts["mapping"], f"there is no mapping {parent!r}{suggestion(parent, self._names)}"
            )
        conditions = self._list(self._required(node, parts, "condition"))
        return Join(parent, tuple(self._equality(part) for part in conditions), _line(node))

    def _equality(self, node: yaml.Node) -> tuple[Value, Value]:
        parts = self._keys(node, _CONDITION_KEYS, "the condition of a join")
        function = self._text(self._required(node, parts, "function"))
        if function.rpartition(":")[2] != "equal":
            self._refuse(node, f"a join compares with the function `equal`, not {function!r}")
        sides: dict[str, Value] = {}
        for pair in self._list(self._required(node, parts, "parameters")):
            texts = [self._text(part) for part in self._list(pair)]
            if len(texts) not in (2, 3) or texts[0] not in ("str1", "str2"):
                self._refuse(pair, "expected [str1, $(…)] for this record, [str2, $(…)] the other")
            side = texts[2] if len(texts) == 3 else {"str1": "s", "str2": "o"}[texts[0]]
            if side not in ("s", "o") or side in sides:
                self._refuse(pair, "one side of a join is s (this record), the other o")
            sides[side] = self._template(pair, texts[1])
        if len(sides) != 2:
            self._refuse(node, "a join has two sides: str1 and str2")
        return sides["s"], sides["o"]

    def _object(
        self,
        node: yaml.Node,
        *,
        types: bool,
        language: str | Value | None = None,
        datatype: str | Term | None = None,
    ) -> Term:
        if isinstance(node, yaml.ScalarNode):
            return self._short_object(node, types, language, datatype)
        parts = self._keys(node, _OBJECT_KEYS, "an object")
        if "language" in parts:
            language = self._language(parts["language"], self._text(parts["language"]))
        if "datatype" in parts:
            datatype = self._datatype(parts["datatype"], self._text(parts["datatype"]))
        if language and datatype:
            self._refuse(node, "a literal has a language or a datatype, not both")
        kind: Kind = "iri" if types else "literal"
        if "type" in parts:
            written = self._text(parts["type"])
            if written not in ("iri", "literal"):
                self._refuse(parts["type"], f"a term is an iri or a literal, not {written!r}")
            kind = "iri" if written == "iri" else "literal"
        elif language or datatype:
            kind = "literal"
        if kind == "iri" and (language or datatype):
            self._refuse(node, "an IRI has neither language nor datatype")
        if "function" in parts:
            if "value" in parts:
                self._refuse(node, "an object has a value or a function, not both")
            return Term(self._call(node), kind, _line(node), language, datatype)
        value_node = self._required(node, parts, "value")
        if "parameters" in parts:
            self._refuse(parts["parameters"], "parameters belong to a function")
        text = self._text(value_node)
        if kind == "iri":
            return Term(self._iri_template(value_node, text), kind, _line(node))
        if "type" not in parts and not (language or datatype):
            self._check_literal(value_node, text, suffix=False)
        return Term(self._template(value_node, text), kind, _line(node), language, datatype)

    def _short_object(
        self,
        node: yaml.ScalarNode,
        types: bool,
        language: str | Value | None,
        datatype: str | Term | None,
    ) -> Term:
        text = self._text(node)
        suffix = _SUFFIX.search(text)
        if suffix is not None:
            text = text[: suffix.start()]
        is_iri = (suffix is not None and suffix[1] == "iri") or (types and suffix is None)
        if is_iri:
            if language or datatype:
                self._refuse(node, "an IRI has neither language nor datatype")
            return Term(self._iri_template(node, text), "iri", _line(node))
        if suffix is None:
            self._check_literal(node, text, suffix=bool(language or datatype))
        return Term(self._template(node, text), "literal", _line(node), language, datatype)

    def _check_literal(self, node: yaml.Node, text: str, *, suffix: bool) -> None:
        """Refuse a text that may be meant as an IRI: neither guess is safe."""
        template = self._template(node, text)
        first = template.parts[0] if template.parts else ""
        named = _PREFIXED.match(first) if isinstance(first, str) else None
        looks_like_iri = (
            named is not None and (named[1] in self._prefixes or named[1] == "base")
        ) or (isinstance(first, str) and _ABSOLUTE.match(first) is not None)
        if looks_like_iri or (template.constant is not None and not suffix):
            self._refuse(node, f"{text!r} is an IRI or a text? Write {text}~iri or {text}~literal")

    def _template(self, node: yaml.Node, text: str) -> Template:
        try:
            return Template(tuple(split_template(text, quotes=self._quotes)), _line(node))
        except ValueError as error:
            self._refuse(node, str(error))

    def _iri_template(self, node: yaml.Node, text: str) -> Template:
        template = self._template(node, text)
        if not template.parts:
            self._refuse(node, "an IRI is empty")
        first = template.parts[0]
        if isinstance(first, Reference):
            if len(template.parts) > 1:
                self._refuse(
                    node, "the template of an IRI begins with a prefix or a scheme (https://…)"
                )
            return template
        self._name(node, first)
        return template

    def _name(self, node: yaml.Node, text: str) -> str:
        """Check that a text begins with a known prefix, or is absolute."""
        prefixed = _PREFIXED.match(text)
        known = prefixed is not None and (prefixed[1] in self._prefixes or prefixed[1] == "base")
        if not known and not _ABSOLUTE.match(text):
            if prefixed is None:
                self._refuse(node, f"{text!r} is not an IRI: it has no prefix and no scheme")
            known_names = [*self._prefixes, "base"]
            self._refuse(
                node,
                f"unknown prefix {prefixed[1]!r} in {text!r}: declare it in "
                f"ontology/prefixes.ttl{suggestion(prefixed[1], known_names)}",
            )
        return text

    def _datatype(self, node: yaml.Node, text: str) -> str | Term:
        if "$(" in text:
            return Term(self._iri_template(node, text), "iri", _line(node))
        return self._name(node, text)

    def _language(self, node: yaml.Node, tag: str) -> str | Value:
        if tag == SOURCE_LANGUAGE:
            if not self._has_languages:
                self._refuse(node, "only literals of RDF sources have a language of their own")
            return tag
        if "$(" in tag:
            return self._template(node, tag)
        reason = check_language_tag(tag)
        if reason is not None:
            self._refuse(node, f"{tag!r} is not a language tag ({reason})")
        return tag

    # --- functions -------------------------------------------------------------------------------

    def _call(self, node: yaml.Node) -> Call:
        parts = self._keys(node, _OBJECT_KEYS, "a function")
        name_node = self._required(node, parts, "function")
        name = self._text(name_node)
        if not name.startswith(_FUNCTIONS):
            self._refuse(name_node, f"functions begin with {_FUNCTIONS}, {name!r} does not")
        arguments: list[tuple[str, Value]] = []
        for pair in self._list(parts["parameters"]) if "parameters" in parts else ():
            if not isinstance(pair, yaml.SequenceNode) or len(pair.value) != 2:
                self._refuse(pair, f"a parameter of {name} is written [{_FUNCTIONS}name, value]")
            parameter_node, value_node = pair.value
            parameter = self._text(parameter_node)
            if not parameter.startswith(_FUNCTIONS):
                self._refuse(parameter_node, f"parameters begin with {_FUNCTIONS}")
            parameter = parameter.removeprefix(_FUNCTIONS)
            if parameter in dict(arguments):
                self._refuse(parameter_node, f"the parameter {parameter!r} is given twice")
            arguments.append((parameter, self._argument(value_node)))
        return Call(name.removeprefix(_FUNCTIONS), tuple(arguments), _line(node))

    def _argument(self, node: yaml.Node) -> Value:
        if isinstance(node, yaml.MappingNode):
            self._keys(node, _CONDITION_KEYS, "a function")
            return self._call(node)
        text = self._text(node)
        return self._template(node, _SUFFIX.sub("", text))


def _are_types(predicates: Sequence[Term]) -> bool:
    """Say whether the objects are classes: all predicates are ``a``."""
    return all(
        isinstance(term.value, Template) and term.value.constant == "rdf:type"
        for term in predicates
    )


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
