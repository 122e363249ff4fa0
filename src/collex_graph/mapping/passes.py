r"""One generated Python function per source: the rules of all its mappings, in one straight pass.

The function is written as text, compiled once and called per record: nothing is interpreted while
a file streams past. `Plan.generated` shows it. Its shape, checks and handlers left out::

    def process(rec, number, root, stem, place, emit, fail, values, C):
        n1 = [e1 for e1 in rec.iterchildren('did')]  # elements several references go through
        v1 = squeezed(rec.get('_unit'))              # references several rules need
        v2 = A3(root)                                # an absolute path, remembered
        hits = 0
        # mapping 'unit'
        S = None
        if v1:
            S = f"<https://w3id.org/collex-graph/id/fonds/{segment(v1)}>"
            for x4 in v2:
                G = f" <https://w3id.org/collex-graph/graph/source/ccfr/{segment(x4)}> .\n"
                hits += 1
                W = []
                for e1 in n1:
                    for e2 in e1.iterchildren('unittitle'):
                        x5 = text_of(e2)
                        if x5:
                            W.append(f"{S} <https://…#title> \"{escape(x5)}\"@fr{G}"); C[4] += 1
                emit(0, S, W)
        return hits

Several references in one term give every combination; one reference used twice in a rule has the
same value in both places.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Protocol

from collex_graph.errors import ResourceFileError
from collex_graph.mapping import nquads, references
from collex_graph.mapping.formulations import FORMULATIONS, ReferenceSyntaxError, formulation
from collex_graph.mapping.rules import (
    DEFAULT_GRAPH,
    RECORD_NUMBER,
    SOURCE_LANGUAGE,
    Call,
    Join,
    MappingRule,
    Reference,
    Template,
    Term,
)
from collex_graph.mapping.suggestions import suggestion
from collex_graph.model import UnreadableValue
from collex_graph.rdf.identity import (
    AUTHORITIES,
    CLASS_PREDICATE,
    IDENTIFYING_PREDICATES,
    LABEL_PREDICATES,
)
from collex_graph.rdf.iris import is_absolute_iri
from collex_graph.rdf.namespaces import expand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from collex_graph.mapping.rules import MappingDocument, Source, Statements, Value
    from collex_graph.mapping.xpath import Expression

_REMEMBERED = 256
"""Results of a function that are kept for each place where the rules of a sheet call it."""
_IDENTITY = IDENTIFYING_PREDICATES | LABEL_PREDICATES | {CLASS_PREDICATE}
_TREATMENTS = {
    "escape": "to_escape", "segment": "to_encode", "letters_kept": "to_encode",
    "label": "to_encode",
}  # fmt: skip
_CONSTANTS = {"escape": nquads.escape, "label": nquads.blank_label}
_ENCODINGS = {"uri": "segment", "iri": "letters_kept", "no uri": "", "no iri": ""}
_DEFAULT_GRAPH_END = '" .\\n"'
ENGINE_REFERENCES = ("_file", "_position", "_positionInUnit", "_row")
"""The same names as in `rules`, in the order in which a message lists them."""


HEADER_REFERENCE = "_header."
"""How a value of the header block of a table is referred to: ``$(_header.Report_ID)``."""
CELL_REFERENCES = ("_column", "_cell")
"""Where the records are cells: the header of the cell's column, and the cell."""


class MappingFunction(Protocol):
    """What the engine needs to know of a function; see `collex_graph.mapping.functions`."""

    @property
    def name(self) -> str:
        """Local name in ``collex-fn:``."""
        ...

    @property
    def call(self) -> Callable[..., Any]:
        """The function itself, called with keyword arguments."""
        ...

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of its parameters."""
        ...

    @property
    def all_values(self) -> frozenset[str]:
        """Parameters that get all values of their references, as a tuple."""
        ...

    @property
    def optional(self) -> frozenset[str]:
        """Parameters that may have no value."""
        ...


@dataclass(frozen=True)
class Rule:
    """What a problem or a count says about where it comes from.

    Attributes:
        mapping: name of the mapping.
        predicate: IRI of the predicate, None for a subject or a computed predicate.
        column: the first reference it reads.
        counts: key of `MappingRun.rule_counts`; None for what makes no quads by itself.
    """

    mapping: str
    predicate: str | None
    column: str
    counts: str | None


@dataclass(frozen=True)
class PlannedJoin:
    """A join of a document.

    Attributes:
        place: its number, which the index knows it by.
        join: what the document says.
        child: the mapping it stands in.
        parent: the mapping whose subjects it gives.
        in_file: both read the same files, so that a record is joined with those of its own.
    """

    place: int
    join: Join
    child: MappingRule
    parent: MappingRule
    in_file: bool


@dataclass(frozen=True)
class Vocabulary:
    """What a document's names mean: prefixes, the base, functions and joins."""

    document: MappingDocument
    namespaces: Mapping[str, str]
    base_iri: str
    functions: Mapping[str, MappingFunction] | None
    """Those that it may call; None for the project's own."""
    joins: tuple[PlannedJoin, ...] = ()

    def iri(self, text: str) -> str:
        """Expand a prefixed name."""
        prefix, colon, local = text.partition(":")
        if colon and prefix in self.namespaces and not local.startswith("//"):
            return self.namespaces[prefix] + local
        return text

    def known_functions(self) -> Mapping[str, MappingFunction]:
        """Return the functions that the document may call, imported once it calls one."""
        if self.functions is not None:
            return self.functions
        from collex_graph.mapping.functions import FUNCTIONS  # noqa: PLC0415

        return FUNCTIONS

    def refuse(self, line: int, problem: str) -> ResourceFileError:
        """Return the error for a line of the document."""
        return ResourceFileError(self.document.path, problem, line=line)


@dataclass
class Pass:
    """The generated function of one source.

    Attributes:
        mappings: names of the mappings in it, in order; ``emit`` names them by index.
        text: its Python.
        process: itself; asks for the index of joins where it has any, as ``joined``.
        has_joins: it does.
        asks_for_place: it uses the number of the row, or that of the record in its unit.
        has_root: its records are elements of a tree (XML).
    """

    mappings: list[str]
    text: str
    process: Callable[..., int]
    has_joins: bool = False
    asks_for_place: bool = True
    has_root: bool = False


@dataclass
class _Scope:
    """Where a line of the generated function goes, and what is bound there.

    ``bound`` maps a reference to its variable and whether that may be empty.
    """

    indent: int = 1
    bound: dict[str, tuple[str, bool]] = field(default_factory=dict)

    def deeper(self, by: int = 1) -> _Scope:
        return _Scope(self.indent + by, dict(self.bound))


class PassWriter:
    """Writes the pass of one source.

    Args:
        vocabulary: what names mean.
        source: the source.
        mappings: its mappings.
        rules: all rules of the plan; the source's are appended.
        columns: column → place, for a table.

    Attributes:
        rule_lines: name of a rule in the counts → its line in the document.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        source: Source,
        mappings: list[MappingRule],
        rule_at: Callable[[Rule], int],
        columns: Mapping[str, int],
    ) -> None:
        self._vocabulary = vocabulary
        self._source = source
        self._mappings = mappings
        self._rule_at = rule_at
        self._columns = columns
        self.rule_lines: dict[str, int] = {}
        self._lines: list[str] = []
        self._names = 0
        self._standard = source.standard
        self._has_joins = any(
            statements.joins for mapping in mappings for statements in mapping.statements
        )
        self._check_iri = nquads.iri_checker(vocabulary.base_iri)
        # a document that is no source of ours may have no base of our IRIs
        ours = f"{vocabulary.namespaces.get('base', 'base:')}id/"
        institutions = (f"{ours}library/", f"{ours}establishment/")
        self._environment: dict[str, Any] = {
            "KNOWN": tuple(f"<{start}" for start in (*dict(AUTHORITIES).values(), *institutions)),
            "Unreadable": UnreadableValue,
            "attribute_above": references.attribute_above,
            "children_by_name": references.children_by_name,
            "escape": nquads.escape,
            "iri": self._check_iri,
            "label": nquads.blank_label,
            "language": nquads.language_tag,
            "letters_kept": nquads.encode_letters_kept,
            "natural": nquads.natural_literal,
            "name_of": references.name_of,
            "segment": nquads.encode_segment,
            "squeezed": references.squeezed,
            "to_encode": nquads.TO_ENCODE.search,
            "to_escape": nquads.TO_ESCAPE.search,
            "text_of": references.text_of,
            "typed": nquads.typed_literal,
        }
        if self._standard:
            self._environment |= {
                "language": partial(nquads.language_tag, registered=False),
                "squeezed": references.verbatim,
                "text_of": references.verbatim_text_of,
                "typed": partial(nquads.typed_literal, canonical=False),
            }
        self._shared: dict[str, str] = {}
        self._elements = references.SharedElements([])
        self._has_graphs = False
        self._identifies = False
        self._identified = {
            self._subject_of(mapping)
            for mapping in mappings
            for statements in mapping.statements
            for predicate in statements.predicates
            if self._predicate_iri(predicate) in IDENTIFYING_PREDICATES
        }
        self._counted = Counter(
            (mapping.name, self._label(predicate))
            for mapping in mappings
            for statements in mapping.statements
            for predicate in statements.predicates
        )

    def write(self) -> Pass:
        """Write and compile the pass.

        Raises:
            ResourceFileError: for what the document says wrongly, with its line.
        """
        scope = _Scope()
        joined = ", joined" if self._has_joins else ""
        self._put(0, f"def process(rec, number, root, stem, place, emit, fail, values, C{joined}):")
        self._share_references(scope)
        self._put(1, "hits = 0")
        for index, mapping in enumerate(self._mappings):
            one = 0 if self._standard else 1
            self._has_graphs = len(mapping.graphs) > one
            self._write_mapping(index, mapping, scope)
        self._put(1, "return hits")
        return self._compiled()

    def write_index(self, joins: Iterable[PlannedJoin]) -> Pass:
        """Write and compile the pass that enters subjects in the index of joins.

        Its ``emit`` takes the number of a join, the values it compares and a subject.
        """
        scope = _Scope()
        self._put(0, "def process(rec, number, root, stem, place, emit, fail, values, C):")
        self._share_references(scope)
        for planned in joins:
            self._put(1, f"# join {planned.place} with mapping {planned.parent.name!r}")
            self._write_keys(planned, scope)
        self._put(1, "return 1")
        return self._compiled()

    def _compiled(self) -> Pass:
        text = "\n".join(self._lines) + "\n"
        # The text is made here from checked parts; nothing of a source file is ever in it.
        exec(compile(text, f"<pass over {self._source.name}>", "exec"), self._environment)  # noqa: S102
        return Pass(
            [mapping.name for mapping in self._mappings],
            text,
            self._environment["process"],
            self._has_joins,
            re.search(r"\bplace\b", text.partition("\n")[2]) is not None,
            self._source.formulation == "xpath" and bool(self._source.access),
        )

    # --- lines and names -------------------------------------------------------------------------

    def _put(self, indent: int, line: str) -> None:
        self._lines.append("    " * indent + line)

    def _new(self, letter: str) -> str:
        self._names += 1
        return f"{letter}{self._names}"

    def _constant(self, letter: str, value: object) -> str:
        name = self._new(letter)
        self._environment[name] = value
        return name

    # --- references ------------------------------------------------------------------------------

    def _share_references(self, scope: _Scope) -> None:
        """Read at the start what several rules refer to, and compute the source's own values."""
        uses: Counter[str] = Counter()
        lines: dict[str, int] = {}
        for value, weight in self._all_values():
            for text, line in dict(references_of(value)).items():
                uses[text] += weight
                lines.setdefault(text, line)
        paths = [self._plain_path(text, lines[text]) for text in uses]
        self._elements = references.SharedElements(
            path.names for path in paths if path is not None and not path.absolute
        )
        for line_of_code in self._elements.lines:
            self._put(scope.indent, line_of_code)
        for text, count in uses.items():
            if count > 1 and text not in self._source.values:
                code, _ = self._code(text, lines[text])
                self._shared[text] = self._new("v")
                self._put(scope.indent, f"{self._shared[text]} = {code}")
        for name, call in self._source.values.items():
            if name in uses:
                rule = self._rule_at(Rule("", None, self._column(call), None))
                self._put(scope.indent, "S = None")
                self._shared[name] = self._collect(call, scope, rule)

    def _all_values(self) -> Iterator[tuple[Value, int]]:
        """Yield every value of the pass, with 2 for those that several rules depend on."""
        for mapping in self._mappings:
            for term in (*mapping.subjects, *mapping.graphs):
                for value in term.values:
                    yield value, 2
            if mapping.condition is not None:
                yield mapping.condition, 2
            for statements in mapping.statements:
                for value in statements.values:
                    yield value, 1
        for call in self._source.values.values():
            yield call, 2

    def _code(self, text: str, line: int) -> tuple[str, bool]:
        """Return the Python that reads a reference, and whether it gives one text."""
        if text == RECORD_NUMBER or (text == "_position" and not self._standard):
            return "str(number)", True
        if text == "_file" and not self._standard:
            return "stem", True
        if self._source.formulation == "csv":
            if text == "_row" and not self._standard:
                return "place", True
            if not self._standard:
                self._check_table_reference(text, line)
            if text not in self._columns:
                return "''", True
            if self._standard:
                return f"rec[{self._columns[text]}]", True
            return f"' '.join(rec[{self._columns[text]}].split())", True
        if text == "_positionInUnit" and not self._standard:
            return "place", True
        if text == "_row" and not self._standard:
            raise self._vocabulary.refuse(line, "_row belongs to tables: refer to _position")
        if self._source.formulation in FORMULATIONS:
            if self._standard:
                from collex_graph.mapping.natural import natural_reader  # noqa: PLC0415

                rule = self._rule_at(Rule("", None, text, None))
                values = natural_reader(text, lists=self._source.lists)
                return f"{self._constant('J', values)}(rec, {rule}, fail)", False
            try:
                chosen = formulation(self._source.formulation)
                values_of = chosen.reader(text, self._source.namespaces)
            except ReferenceSyntaxError as error:
                raise self._vocabulary.refuse(line, f"$({text}): {error}") from error
            return f"{self._constant('J', values_of)}(rec)", False
        expression, namespaces = self._parsed(text, line)
        if expression.text == "name()":
            return "name_of(rec)", True
        nearest = references.attribute_of_nearest(expression, namespaces)
        if nearest is not None and not self._standard:
            return f"attribute_above(rec, {nearest!r})", True
        path = references.plain_path(expression, namespaces)
        if path is None:
            try:
                reader = references.xpath_reader(expression, namespaces, squeeze=not self._standard)
            except ReferenceSyntaxError as error:
                raise self._vocabulary.refuse(line, f"$({text}): {error}") from error
            return f"{self._constant('X', reader)}(rec)", False
        if path.absolute:
            absolute = references.AbsolutePath(
                list(path.names), path.attribute, squeeze=not self._standard
            )
            return f"{self._constant('A', absolute)}(root)", False
        if not path.names:
            return path.value("rec"), True
        loops = " ".join(self._elements.loops(path.names))
        return f"[t {loops} if (t := {path.value(f'e{len(path.names)}')})]", False

    def _check_table_reference(self, text: str, line: int) -> None:
        """Refuse what neither a column nor anything around the source's records can be."""
        source = self._source
        around = source.header and text.startswith(HEADER_REFERENCE)
        if around or (source.cells and text in CELL_REFERENCES):
            return
        if text.startswith("_"):
            raise self._vocabulary.refuse(
                line,
                f"$({text}) is not a value of the engine ({', '.join(ENGINE_REFERENCES)}), "
                f"not one of the `values` of source {source.name!r}, and `header` or `cells` of "
                "the source do not give it",
            )

    def _parsed(self, text: str, line: int) -> tuple[Expression, dict[str, str]]:
        try:
            return parse_for(self._source, text)
        except ReferenceSyntaxError as error:
            raise self._vocabulary.refuse(line, f"$({text}): {error}") from error

    def _is_single(self, text: str, line: int) -> bool:
        if text in self._source.values:
            return False
        return self._code(text, line)[1]

    def _bind(self, reference: Reference, scope: _Scope, line: int) -> tuple[str, _Scope]:
        """Bind a reference to one value at a time; without a value the lines inside do not run."""
        text = reference.text
        if text in scope.bound:
            name, may_be_empty = scope.bound[text]
            if not may_be_empty:
                return name, scope
            self._put(scope.indent, f"if {name}:")
            scope = scope.deeper()
            scope.bound[text] = (name, False)
            return name, scope
        path = None if text in self._shared else self._plain_path(text, line)
        if path is not None and path.names and not path.absolute:
            name, scope = self._loop(path, scope)
        else:
            name, single = self._read(text, scope, line)
            if single:
                self._put(scope.indent, f"if {name}:")
            else:
                item = self._new("x")
                self._put(scope.indent, f"for {item} in {name}:")
                name = item
        scope = scope.deeper()
        scope.bound[text] = (name, False)
        return name, scope

    def _loop(self, path: references.PlainPath, scope: _Scope) -> tuple[str, _Scope]:
        """Write plain loops to the elements of a path, without a list in between."""
        for clause in self._elements.loops(path.names):
            self._put(scope.indent, f"{clause}:")
            scope = scope.deeper()
        item = self._new("x")
        self._put(scope.indent, f"{item} = {path.value(f'e{len(path.names)}')}")
        self._put(scope.indent, f"if {item}:")
        return item, scope

    def _plain_path(self, text: str, line: int) -> references.PlainPath | None:
        if (
            self._source.formulation != "xpath"
            or text == RECORD_NUMBER
            or (text in ENGINE_REFERENCES and not self._standard)
            or text in self._source.values
        ):
            return None
        return references.plain_path(*self._parsed(text, line))

    def _read(self, text: str, scope: _Scope, line: int) -> tuple[str, bool]:
        """Return a variable that holds a reference's value, or list of values."""
        if text in self._shared:
            return self._shared[text], self._is_single(text, line)
        code, single = self._code(text, line)
        name = self._new("v")
        self._put(scope.indent, f"{name} = {code}")
        return name, single

    # --- values ----------------------------------------------------------------------------------

    def _value(
        self, value: Value, scope: _Scope, rule: int, *, wrap: str = "", constant: str = ""
    ) -> tuple[str, _Scope]:
        """Write what leads to one value at a time, and return it as the inside of an f-string.

        Args:
            value: the value.
            scope: where.
            rule: which rule a problem belongs to.
            wrap: function that each varying part goes through.
            constant: function for the constant parts: ``escape`` in literals, ``label``.
        """
        if isinstance(value, Call):
            item, scope = self._call(value, scope, rule)
            return _inset(item, wrap), scope
        text = ""
        for part in value.parts:
            if isinstance(part, Reference):
                name, scope = self._bind(part, scope, value.line)
                text += _inset(name, wrap)
            else:
                text += _quoted(_CONSTANTS[constant](part) if constant else part)
        return text, scope

    def _collect(self, value: Value, scope: _Scope, rule: int) -> str:
        """Write what gathers all values in a list, and return the list's name."""
        name = self._new("t")
        if isinstance(value, Template) and len(value.parts) == 1:
            (part,) = value.parts
            if isinstance(part, Reference):
                if part.text in scope.bound:
                    bound = scope.bound[part.text][0]
                    self._put(scope.indent, f"{name} = [{bound}] if {bound} else []")
                    return name
                read, single = self._read(part.text, scope, value.line)
                if not single:
                    return read
                self._put(scope.indent, f"{name} = [{read}] if {read} else []")
                return name
        self._put(scope.indent, f"{name} = []")
        item, inner = self._value(value, scope.deeper(0), rule)
        self._put(inner.indent, f"{name}.append({_f(item)})")
        return name

    def _call(self, call: Call, scope: _Scope, rule: int) -> tuple[str, _Scope]:
        """Write a function call, and return a variable that holds one of its results at a time."""
        function = self._function(call)
        arguments: list[str] = []
        for parameter, value in call.arguments:
            argument, scope = self._argument(function, parameter, value, scope, rule)
            arguments.append(f"{parameter}={argument}")
        result, item = self._new("r"), self._new("y")
        run = function.call
        if self._source.columns:
            # functions are pure, and most columns of a sheet say the same few things
            run = lru_cache(_REMEMBERED)(run)
        called = f"{self._constant('F', run)}({', '.join(arguments)})"
        self._put(scope.indent, "try:")
        self._put(scope.indent + 1, f"{result} = {called}")
        self._put(scope.indent, "except Unreadable as e:")
        self._put(scope.indent + 1, f"{result} = fail({rule}, e, S)")
        self._put(scope.indent, f"if {result}:")
        scope = scope.deeper()
        self._put(
            scope.indent,
            f"for {item} in (({result},) if {result}.__class__ is str "
            f"else values({rule}, {result}, S)):",
        )
        return item, scope.deeper()

    def _argument(
        self, function: MappingFunction, parameter: str, value: Value, scope: _Scope, rule: int
    ) -> tuple[str, _Scope]:
        optional = parameter in function.optional
        if parameter in function.all_values:
            name = self._collect(value, scope, rule)
            if not optional:
                self._put(scope.indent, f"if {name}:")
                scope = scope.deeper()
            return f"tuple({name})", scope
        if isinstance(value, Template) and value.constant is not None:
            return repr(value.constant), scope
        if not optional:
            text, scope = self._value(value, scope, rule)
            return _f(text), scope
        if isinstance(value, Template) and len(value.parts) == 1:
            (part,) = value.parts
            assert isinstance(part, Reference)
            return self._optional_reference(part, scope, value.line)
        name, item = self._collect(value, scope, rule), self._new("x")
        self._put(scope.indent, f"for {item} in {name} or ('',):")
        return item, scope.deeper()

    def _optional_reference(
        self, reference: Reference, scope: _Scope, line: int
    ) -> tuple[str, _Scope]:
        if reference.text in scope.bound:
            return scope.bound[reference.text][0], scope
        name, single = self._read(reference.text, scope, line)
        if not single:
            item = self._new("x")
            self._put(scope.indent, f"for {item} in {name} or ('',):")
            name, scope = item, scope.deeper()
        scope.bound[reference.text] = (name, True)
        return name, scope

    def _function(self, call: Call) -> MappingFunction:
        functions = self._vocabulary.known_functions()
        function = functions.get(call.function)
        if function is None:
            raise self._vocabulary.refuse(
                call.line,
                f"there is no function collex-fn:{call.function}"
                + suggestion(call.function, functions),
            )
        given = [name for name, _ in call.arguments]
        for name in given:
            if name not in function.parameters:
                raise self._vocabulary.refuse(
                    call.line,
                    f"collex-fn:{call.function} has no parameter {name!r}; it has "
                    + ", ".join(function.parameters)
                    + suggestion(name, function.parameters),
                )
        for name in function.parameters:
            if name not in given and name not in function.optional:
                raise self._vocabulary.refuse(
                    call.line, f"collex-fn:{call.function} needs the parameter {name!r}"
                )
        return function

    # --- terms -----------------------------------------------------------------------------------

    def _term(self, term: Term, scope: _Scope, rule: int) -> tuple[str, _Scope, bool]:
        """Write what leads to a term; return its f-string text and whether making it may fail."""
        if self._standard and self._source.formulation != "csv":
            # RML gives every term map all the values of its references by itself.
            scope = _Scope(scope.indent, {})
        if term.kind == "iri":
            return self._iri(term, scope, rule)
        if term.kind == "blank":
            text, scope = self._value(term.value, scope, rule, wrap="label", constant="label")
            return f"_:b{text}", scope, False
        if term.language == SOURCE_LANGUAGE:
            return self._tagged(term, scope)
        value, suffix, datatype = term.value, "", term.datatype
        if datatype is not None and not isinstance(datatype, str):
            return self._typed_by_record(value, datatype, scope, rule)
        if datatype is not None:
            full = self._vocabulary.iri(datatype)
            if full != expand("xsd:string"):
                suffix = f"^^<{_quoted(full)}>"
                return self._typed(term, full, suffix, scope, rule)
        elif term.natural and term.language is None:
            text, scope = self._value(value, scope, rule)
            return f"{{natural({self._variable(text, scope)})}}", scope, True
        text, scope = self._value(value, scope, rule, wrap="escape", constant="escape")
        if isinstance(term.language, str):
            suffix = f"@{term.language}"
        elif term.language is not None:
            tag, scope = self._value(term.language, scope, rule)
            suffix = f"@{{language({self._variable(tag, scope)})}}"
        return f'\\"{text}\\"{suffix}', scope, True

    def _tagged(self, term: Term, scope: _Scope) -> tuple[str, _Scope, bool]:
        """Write a literal with the language that it has in the source."""
        parts = term.value.parts if isinstance(term.value, Template) else ()
        if len(parts) != 1 or not isinstance(parts[0], Reference):
            raise self._vocabulary.refuse(
                term.line, f"{SOURCE_LANGUAGE}~lang goes with one reference and nothing else"
            )
        name, scope = self._bind(parts[0], scope, term.line)
        self._environment["tag_of"] = nquads.tag_of
        return f'\\"{_inset(name, "escape")}\\"{{tag_of({name})}}', scope, True

    def _typed_by_record(
        self, value: Value, datatype: Term, scope: _Scope, rule: int
    ) -> tuple[str, _Scope, bool]:
        """Write a literal whose datatype is read from the record."""
        text, scope = self._value(value, scope, rule)
        text = self._variable(text, scope)
        iri, scope, _ = self._iri(datatype, scope, rule)
        name = self._new("t")
        self._put(scope.indent, "try:")
        self._put(scope.indent + 1, f"{name} = typed({text}, {_f(iri)}[1:-1])")
        self._put(scope.indent, "except Unreadable as e:")
        self._put(scope.indent + 1, f"{name} = fail({rule}, e, S)")
        return f"{{{name}}}", self._made(scope, True, name), False

    def _typed(
        self, term: Term, datatype: str, suffix: str, scope: _Scope, rule: int
    ) -> tuple[str, _Scope, bool]:
        check = nquads.literal_checker(datatype, canonical=not self._standard)
        if isinstance(term.value, Template) and term.value.constant is not None:
            try:
                text = check(term.value.constant)
            except UnreadableValue as error:
                reason = dict(error.note.arguments).get("reason", "")
                raise self._vocabulary.refuse(
                    term.line, f"{term.value.constant!r} is no {term.datatype} ({reason})"
                ) from error
            return f'\\"{_quoted(text)}\\"{suffix}', scope, False
        text, scope = self._value(term.value, scope, rule)
        checked = f"{self._constant('T', check)}({self._variable(text, scope)})"
        return f'\\"{{{checked}}}\\"{suffix}', scope, True

    def _variable(self, text: str, scope: _Scope) -> str:
        """Return a variable with the value of an f-string's inside (f-strings do not nest)."""
        code = _f(text)
        if code.isidentifier():
            return code
        name = self._new("t")
        self._put(scope.indent, f"{name} = {code}")
        return name

    def _iri(self, term: Term, scope: _Scope, rule: int) -> tuple[str, _Scope, bool]:
        value = term.value
        if isinstance(value, Call) or (isinstance(value.parts[0], Reference) and not term.base):
            text, scope = self._value(value, scope, rule)
            return f"<{{iri({self._variable(text, scope)})}}>", scope, True
        wrap = _ENCODINGS[term.encoding]
        if term.base is not None and (not _is_absolute(value) or (value.references and not wrap)):
            ascii_only = term.encoding in ("uri", "no uri")
            completer = nquads.iri_completer(term.base, ascii_only=ascii_only)
            complete = self._constant("B", completer)
            text, scope = self._value(value, scope, rule, wrap=wrap)
            return f"<{{{complete}({self._variable(text, scope)})}}>", scope, True
        first = self._vocabulary.iri(str(value.parts[0]))
        sample = first + "".join("x" if isinstance(p, Reference) else p for p in value.parts[1:])
        if not is_absolute_iri(sample):
            raise self._vocabulary.refuse(term.line, f"{sample!r} is not an IRI")
        template = Template((first, *value.parts[1:]), value.line)
        text, scope = self._value(template, scope, rule, wrap=wrap)
        return f"<{text}>", scope, bool(template.references)

    # --- mappings --------------------------------------------------------------------------------

    def _write_mapping(self, index: int, mapping: MappingRule, outer: _Scope) -> None:
        self._put(1, f"# mapping {mapping.name!r}")
        for subject in mapping.subjects:
            rule = self._rule_at(Rule(mapping.name, None, self._column(subject.value), None))
            self._put(1, "S = None")
            if isinstance(subject.value, Call):
                # A function that gives no subject says so on purpose.
                self._put(1, "hits += 1")
            scope = outer.deeper(0)
            text, scope, fails = self._term(subject, scope, rule)
            self._guarded(scope.indent, fails, rule, "S", _f(text))
            scope = self._made(scope, fails, "S")
            scope = self._write_graphs(mapping.graphs, scope, rule)
            self._put(scope.indent, "hits += 1")
            if mapping.condition is not None:
                condition_rule = self._rule_at(
                    Rule(mapping.name, None, self._column(mapping.condition), None)
                )
                name = self._collect(mapping.condition, scope, condition_rule)
                self._put(scope.indent, f"if {_holds(name)}:")
                scope = scope.deeper()
            # a function may give the IRI of an authority: what such a thing is called, and its
            # class, is to be heard as well
            known = isinstance(subject.value, Call)
            identified = self._subject_of(mapping) in self._identified
            self._identifies = identified or known
            self._put(scope.indent, "W, I = [], []" if self._identifies else "W = []")
            for statements in mapping.statements:
                self._write_statements(mapping, statements, scope)
            heard = ", I" if identified else ", I if S.startswith(KNOWN) else ()" if known else ""
            self._put(scope.indent, f"emit({index}, S, W{heard})")

    def _write_keys(self, planned: PlannedJoin, outer: _Scope) -> None:
        """Write what enters the subjects of a mapping in the index of a join."""
        mapping, values = planned.parent, [parent for _, parent in planned.join.conditions]
        for subject in mapping.subjects:
            rule = self._rule_at(Rule(mapping.name, None, self._column(subject.value), None))
            self._put(1, "S = None")
            text, scope, fails = self._term(subject, outer.deeper(0), rule)
            self._guarded(scope.indent, fails, rule, "S", _f(text))
            scope = self._made(scope, fails, "S")
            if mapping.condition is not None:
                name = self._collect(mapping.condition, scope, rule)
                self._put(scope.indent, f"if {_holds(name)}:")
                scope = scope.deeper()
            key, scope = self._key(values, scope, rule)
            self._put(scope.indent, f"emit({planned.place}, {key}, S)")

    def _key(self, values: Iterable[Value], scope: _Scope, rule: int) -> tuple[str, _Scope]:
        """Write what leads to the values that a join compares, and return them as a tuple."""
        if self._standard and self._source.formulation != "csv":
            scope = _Scope(scope.indent, {})
        parts: list[str] = []
        for value in values:
            text, scope = self._value(value, scope, rule)
            # str: a number and the text of its digits are the same value
            parts.append(f'f"{text}"')
        return f"({', '.join(parts)},)", scope

    def _joined(self, join: Join, scope: _Scope, rule: int) -> tuple[str, _Scope, bool]:
        """Write the loop over the subjects that a join finds."""
        (place,) = (planned.place for planned in self._vocabulary.joins if planned.join is join)
        key, scope = self._key(join.values, scope, rule)
        name = self._new("o")
        self._put(scope.indent, f"for {name} in joined({place}, {key}):")
        return f"{{{name}}}", scope.deeper(), False

    def _subject_of(self, mapping: MappingRule) -> str:
        """Return what the subjects of a mapping are made from: two mappings may share it."""
        return re.sub(r"\bline=\d+", "", repr(mapping.subjects))

    def _guarded(self, indent: int, fails: bool, rule: int, name: str, code: str) -> None:
        """Write an assignment; one that fails is reported and leaves nothing."""
        if not fails:
            self._put(indent, f"{name} = {code}")
            return
        self._put(indent, "try:")
        self._put(indent + 1, f"{name} = {code}")
        self._put(indent, "except Unreadable as e:")
        self._put(indent + 1, f"{name} = fail({rule}, e, S)")

    def _made(self, scope: _Scope, fails: bool, name: str) -> _Scope:
        if not fails:
            return scope
        self._put(scope.indent, f"if {name}:")
        return scope.deeper()

    def _write_graphs(self, graphs: Iterable[Term], scope: _Scope, rule: int) -> _Scope:
        if self._has_graphs and self._standard:
            return self._write_each_graph(graphs, scope, rule)
        names: list[str] = []
        for graph in graphs:
            if _is_default(graph):
                names.append(_DEFAULT_GRAPH_END)
                continue
            text, scope, fails = self._term(graph, scope, rule)
            name = self._new("g")
            self._guarded(scope.indent, fails, rule, name, _f(f" {text} .\\n"))
            scope = self._made(scope, fails, name)
            names.append(name)
        if len(names) > 1:
            self._put(scope.indent, f"G = ({', '.join(names)})")
        else:
            self._put(scope.indent, f"G = {names[0]}" if names else 'G = " .\\n"')
        return scope

    def _write_each_graph(self, graphs: Iterable[Term], scope: _Scope, rule: int) -> _Scope:
        """Write graphs as RML has them: one without a value leaves out nothing but itself."""
        self._put(scope.indent, "G = []")
        for graph in graphs:
            if _is_default(graph):
                self._put(scope.indent, f"G.append({_DEFAULT_GRAPH_END})")
                continue
            text, inner, fails = self._term(graph, scope.deeper(0), rule)
            name = self._new("g")
            self._guarded(inner.indent, fails, rule, name, _f(f" {text} .\\n"))
            inner = self._made(inner, fails, name)
            self._put(inner.indent, f"G.append({name})")
        return scope

    def _write_statements(
        self, mapping: MappingRule, statements: Statements, outer: _Scope
    ) -> None:
        # a rule's own graphs are added to those of its mapping (R2RML, section 9)
        graphs = list(statements.graphs) if not mapping.graphs else [None, *statements.graphs]
        for predicate in statements.predicates:
            for term in statements.objects:
                condition = statements.condition
                label = self._label(predicate)
                counts = f"{mapping.name} {label}"
                if self._counted[mapping.name, label] > 1:
                    counts += f" (line {statements.line})"
                self.rule_lines[counts] = statements.line
                others = [predicate.value, *([] if condition is None else [condition])]
                column = self._column(*term.values, *others)
                rule = self._rule_at(
                    Rule(mapping.name, self._predicate_iri(predicate), column, counts)
                )
                for own in graphs or [None]:
                    scope = outer.deeper(0)
                    self._write_statement(statements, predicate, term, scope, rule, own_graph=own)

    def _write_statement(
        self,
        statements: Statements,
        predicate: Term,
        term: Term | Join,
        scope: _Scope,
        rule: int,
        *,
        own_graph: Term | None,
    ) -> None:
        condition = statements.condition
        if condition is not None:
            in_condition = {text for text, _ in references_of(condition)}
            for reference in (ref for value in term.values for ref in self._varying(value)):
                if reference.text in in_condition:
                    _, scope = self._bind(reference, scope, statements.line)
            name = self._collect(condition, scope, rule)
            self._put(scope.indent, f"if {_holds(name)}:")
            scope = scope.deeper()
        predicate_text, scope, predicate_fails = self._term(predicate, scope, rule)
        if isinstance(term, Join):
            text, scope, object_fails = self._joined(term, scope, rule)
        else:
            text, scope, object_fails = self._term(term, scope, rule)
        graph, graph_fails = "{G}", False
        if own_graph is not None:
            graph = " .\\n"
            if not _is_default(own_graph):
                named, scope, graph_fails = self._term(own_graph, scope, rule)
                graph = f" {named} .\\n"
        elif self._has_graphs:
            self._put(scope.indent, "for g in G:")
            scope, graph = scope.deeper(), "{g}"
        line = f"W.append({_f(f'{{S}} {predicate_text} {text}{graph}')}); C[{rule}] += 1"
        if self._identifies and self._predicate_iri(predicate) in _IDENTITY:
            line += "; I.append(W[-1])"
        if predicate_fails or object_fails or graph_fails:
            self._put(scope.indent, "try:")
            self._put(scope.indent + 1, line)
            self._put(scope.indent, "except Unreadable as e:")
            self._put(scope.indent + 1, f"fail({rule}, e, S)")
        else:
            self._put(scope.indent, line)

    def _varying(self, value: Value) -> Iterator[Reference]:
        """Yield the references that take one value at a time."""
        if isinstance(value, Template):
            yield from value.references
            return
        function = self._function(value)
        for parameter, argument in value.arguments:
            if parameter not in function.all_values and parameter not in function.optional:
                yield from self._varying(argument)

    def _label(self, predicate: Term) -> str:
        if isinstance(predicate.value, Call):
            return f"collex-fn:{predicate.value.function}"
        return predicate.value.constant or self._column(predicate.value)

    def _column(self, *values: Value) -> str:
        """Return the reference a problem is shown beside: the first one, as it stands in the file.

        A value that the document computes is shown beside what it is computed from.
        """
        for value in values:
            for reference in value.references:
                call = self._source.values.get(reference.text)
                return reference.text if call is None else self._column(call)
        return ""

    def _predicate_iri(self, predicate: Term) -> str | None:
        if isinstance(predicate.value, Template) and predicate.value.constant is not None:
            return self._vocabulary.iri(predicate.value.constant)
        return None


def parse_for(source: Source, text: str) -> tuple[Expression, dict[str, str]]:
    """Parse an XPath of a source, and return it with its namespaces by prefix.

    Raises:
        XPathError: for an expression outside the subset.
    """
    # imported here: many a small file is mapped in less time than modules of no use take
    from xml.dom import XML_NAMESPACE  # noqa: PLC0415

    from collex_graph.mapping.xpath import DEFAULT_PREFIX, parse  # noqa: PLC0415

    namespaces = {"xml": XML_NAMESPACE, **source.namespaces}
    default = namespaces.pop("default", None)
    if default is not None:
        namespaces[DEFAULT_PREFIX] = default
    return parse(text, default_namespace=default is not None), namespaces


def references_of(value: Value) -> Iterator[tuple[str, int]]:
    """Yield the references of a value, each with its line."""
    if isinstance(value, Template):
        for reference in value.references:
            yield reference.text, value.line
    else:
        for _, argument in value.arguments:
            yield from references_of(argument)


def _is_default(graph: Term) -> bool:
    return isinstance(graph.value, Template) and graph.value.constant == DEFAULT_GRAPH


def _is_absolute(template: Template) -> bool:
    first = template.parts[0]
    return isinstance(first, str) and nquads.SCHEME.match(first) is not None


def _holds(name: str) -> str:
    return f"any(t and t != 'false' for t in {name})"


def _inset(name: str, wrap: str) -> str:
    """Write a variable inside an f-string; what needs no treatment is spared the call."""
    if not wrap:
        return f"{{{name}}}"
    return f"{{{name} if {_TREATMENTS[wrap]}({name}) is None else {wrap}({name})}}"


def _quoted(text: str) -> str:
    """Write constant text for the inside of an f-string in double quotes."""
    for plain, written in (
        ("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("{", "{{"), ("}", "}}"),
    ):  # fmt: skip
        text = text.replace(plain, written)
    return text


def _f(text: str) -> str:
    """Make an expression of an f-string's inside; a lone variable stays itself."""
    if text.startswith("{") and text.endswith("}") and text[1:-1].isidentifier():
        return text[1:-1]
    return f'f"{text}"'
