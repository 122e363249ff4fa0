"""What each column of a template is: its kind, by the functions that read it, its help, examples.

The mapping document gives the columns in order and the function that reads each; the ontology the
help of those without help of their own, by the property they feed; the shapes say which are
required; the sample of the folder gives the examples.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

from pyoxigraph import NamedNode, RdfFormat, parse

from collex_graph.errors import ConfigurationError, ResourceFileError
from collex_graph.mapping.functions.cells import concepts
from collex_graph.mapping.plan import compile_mapping
from collex_graph.mapping.rules import Call, Term, calls_in, read_mapping
from collex_graph.mapping.rules import Template as RuleTemplate
from collex_graph.rdf.namespaces import expand
from collex_graph.resources import resource_dir
from collex_graph.sources import find_source_files
from collex_graph.sources.by_hand import rows_as_written, tables_in
from collex_graph.validation.shapes import shapes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from collex_graph.mapping.plan import Plan
    from collex_graph.mapping.rules import MappingDocument, MappingRule, Source, Value
    from collex_graph.validation.shapes_graph import Term as Node

Kind = Literal[
    "text", "list", "day", "year", "whole", "decimal", "truth", "institution", "unit", "ppn",
    "issn", "link", "reference", "identifier",
]  # fmt: skip

_KINDS: Final[Mapping[str, Kind]] = {
    "concept": "list",
    "conceptKey": "list",
    "calendarDay": "day",
    "wholeNumber": "whole",
    "decimalNumber": "decimal",
    "truth": "truth",
    "institution": "institution",
    "institutionKey": "institution",
    "unit": "unit",
    "unitKey": "unit",
    "idrefNodes": "ppn",
    "cellIdrefs": "ppn",
    "sudocPpn": "ppn",
    "sudocNode": "ppn",
    "issn": "issn",
    "webLinks": "link",
    "publicPages": "link",
    "webLink": "link",
    "named": "reference",
    "slug": "identifier",
}
"""Function → what the columns that it reads hold; the first that reads a column decides."""
_SEVERAL: Final = frozenset({"list", "institution", "unit", "ppn", "link", "reference"})
_FALLBACK: Final = "otherwise"
"""Parameter of functions for what stands in where there is no other value: it may hold anything."""
_EXAMPLES = 2


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: its header.
        kind: what it holds.
        help: language (``fr``, ``en``) → what to write.
        required: a row without it is set aside, or reported.
        takes_several: its cells may hold several values.
        values: labels that may be chosen, for lists.
        scheme: name of their concept scheme.
        not_before: name of the column whose day comes first.
    """

    name: str
    kind: Kind
    help: Mapping[str, str]
    required: bool
    takes_several: bool = False
    values: tuple[str, ...] = ()
    scheme: str = ""
    not_before: str = ""


@dataclass(frozen=True)
class Sheet:
    """One kind of row.

    Attributes:
        name: of the sheet, and start of the CSV file's name.
        columns: in order.
        examples: rows of the sample.
    """

    name: str
    columns: tuple[Column, ...]
    examples: tuple[tuple[str, ...], ...] = field(default=())


@dataclass(frozen=True)
class Template:
    """All sheets of a source.

    Attributes:
        name: of the source.
        titles: language → title of its dataset.
        sheets: in the order of the mapping document.
    """

    name: str
    titles: Mapping[str, str]
    sheets: tuple[Sheet, ...]


def template_names() -> dict[str, tuple[str, ...]]:
    """Return the sources that have a template, each with the names of its sheets."""
    found = {}
    for path in sorted(resource_dir("mappings").glob("*/mapping.yml")):
        if "columns:" in path.read_text(encoding="utf-8"):
            sources = read_mapping(path).sources.values()
            sheets = dict.fromkeys(source.sheet for source in sources if source.columns)
            if sheets:
                found[path.parent.name] = tuple(sheets)
    return found


def read_template(name: str) -> Template:
    """Find out what the template of a source is made of.

    Raises:
        ConfigurationError: for a source that has none.
        ResourceFileError: for a column that nothing explains.
    """
    path = resource_dir("mappings") / name / "mapping.yml"
    if not path.is_file() or not any(s.columns for s in read_mapping(path).sources.values()):
        known = ", ".join(template_names())
        raise ConfigurationError(f"{name}: no template of that name; there are: {known}")
    plan = compile_mapping(read_mapping(path), "base:")
    examples = _examples(plan, name)
    sheets = {
        source.sheet: Sheet(
            source.sheet,
            tuple(_columns(plan, source)),
            tuple(
                tuple(row.get(column, "") for column in source.columns)
                for row in examples.get(source.sheet, ())
            ),
        )
        for source in plan.document.sources.values()
        if source.columns
    }
    return Template(name, _titles(name), tuple(sheets.values()))


# --- columns -------------------------------------------------------------------------------------


def _columns(plan: Plan, source: Source) -> Iterator[Column]:
    document = plan.document
    mappings = [mapping for mapping in document.mappings if source.name in mapping.sources]
    named_by = plan.naming_columns(source.name)
    classes = _classes(document, mappings)
    at_least, at_most = _counts(classes)
    fed = {name: list(_properties(document, mappings, name)) for name in source.columns}
    days = [name for name in source.columns if _kind(source, mappings, name)[0] == "day"]
    order = [pair for class_ in classes for pair in _order_of(class_)]
    for name, texts in source.columns.items():
        kind, scheme = _kind(source, mappings, name)
        properties = fed[name]
        if kind == "whole" and expand("collex:year") in properties:
            kind = "year"
        words = dict(zip(("fr", "en"), texts, strict=True)) if texts else _definition(properties)
        if not {"fr", "en"} <= words.keys():
            raise ResourceFileError(
                document.path,
                f"source {source.name!r}: nothing explains the column {name!r}: write "
                "[help in French, help in English] for it",
                line=source.line,
            )
        yield Column(
            name,
            kind,
            words,
            name in named_by or not at_least.isdisjoint(properties),
            kind in _SEVERAL and name not in named_by and at_most.isdisjoint(properties),
            tuple(concepts(scheme).values()) if scheme else (),
            scheme,
            next(
                (
                    other
                    for earlier, later in order
                    for other in days
                    if name in days and later in properties and earlier in fed[other]
                ),
                "",
            ),
        )


def _calls(source: Source, mappings: Sequence[MappingRule]) -> Iterator[Call]:
    values: list[Value] = [value for mapping in mappings for value in mapping.values]
    for value in (*values, *source.values.values()):
        yield from calls_in(value)


def _kind(source: Source, mappings: Sequence[MappingRule], column: str) -> tuple[Kind, str]:
    """Return what a column holds, and for a list its scheme."""
    found: list[tuple[Kind, str]] = []
    for call in _calls(source, mappings):
        if call.function not in _KINDS:
            continue
        arguments = dict(call.arguments)
        if any(
            isinstance(value, RuleTemplate) and [r.text for r in value.references] == [column]
            for parameter, value in call.arguments
            if parameter != _FALLBACK
        ):
            scheme = arguments.get("scheme")
            name = scheme.constant if isinstance(scheme, RuleTemplate) else None
            found.append((_KINDS[call.function], name or ""))
    order = list(dict.fromkeys(_KINDS.values()))
    return min(found, key=lambda one: order.index(one[0]), default=("text", ""))


def _full(document: MappingDocument, name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"{document.prefixes[prefix]}{local}" if prefix in document.prefixes else name


def _properties(
    document: MappingDocument, mappings: Sequence[MappingRule], column: str
) -> Iterator[str]:
    """Yield the properties that a column feeds, those that say nothing of it left out."""
    passed_over = {expand("collex:unlistedValue")}
    for mapping in mappings:
        for statements in mapping.statements:
            for term in statements.objects:
                if column in {r.text for value in term.values for r in value.references}:
                    for predicate in statements.predicates:
                        value = predicate.value
                        constant = value.constant if isinstance(value, RuleTemplate) else None
                        iri = _full(document, constant or "")
                        if iri not in passed_over:
                            yield iri


def _classes(document: MappingDocument, mappings: Sequence[MappingRule]) -> list[str]:
    """Return the classes of a row's own thing."""
    return sorted(
        {
            _full(document, term.value.constant or "")
            for statements in mappings[0].statements
            for term in statements.objects
            if any(_is_type(predicate.value) for predicate in statements.predicates)
            and isinstance(term, Term)
            and isinstance(term.value, RuleTemplate)
        }
    )


def _counts(classes: Sequence[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the properties that the shapes of classes want, and want once at most."""
    least, most = zip(*map(_counts_of, classes), strict=True)
    return frozenset().union(*least), frozenset().union(*most)


def _is_type(value: Value) -> bool:
    return isinstance(value, RuleTemplate) and value.constant == "rdf:type"


@cache
def _counts_of(class_: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the properties that the shapes of a class want, and those they want once at most."""
    graph = shapes().graph
    least, most = set(), set()
    for predicate, rule in _rules_of(class_):
        if any(_iri(term) != "0" for term in graph.sh(rule, "minCount")):
            least.add(predicate)
        if any(_iri(term) == "1" for term in graph.sh(rule, "maxCount")):
            most.add(predicate)
    return frozenset(least), frozenset(most)


@cache
def _order_of(class_: str) -> tuple[tuple[str, str], ...]:
    """Return the pairs of properties of which the first may not come after the second."""
    graph = shapes().graph
    return tuple(
        (predicate, _iri(later))
        for predicate, rule in _rules_of(class_)
        for later in graph.sh(rule, "lessThanOrEquals")
    )


def _rules_of(class_: str) -> Iterator[tuple[str, Node]]:
    """Yield the property shapes of a class whose path is one property, each after it."""
    graph = shapes().graph
    for shape in graph.subjects(NamedNode(expand("sh:targetClass")), NamedNode(class_)):
        for rule in graph.sh(shape, "property"):
            path = graph.path(rule)
            if path is not None and path.predicate:
                yield path.predicate, rule


@cache
def _definitions() -> dict[str, dict[str, str]]:
    """Return property → language → definition, of the ontology."""
    found: dict[str, dict[str, str]] = {}
    path = resource_dir("ontology") / "collex.ttl"
    definition = expand("skos:definition")
    for quad in parse(path.read_bytes(), RdfFormat.TURTLE):
        if quad.predicate.value == definition:
            words = found.setdefault(_iri(quad.subject), {})
            words[getattr(quad.object, "language", "") or ""] = _iri(quad.object)
    return found


def _iri(node: object) -> str:
    """Return the IRI of a named node, the text of a literal."""
    return str(getattr(node, "value", ""))


def _definition(properties: Sequence[str]) -> dict[str, str]:
    for iri in properties:
        if iri in _definitions():
            return _definitions()[iri]
    return {}


# --- titles and examples -------------------------------------------------------------------------


def _titles(name: str) -> dict[str, str]:
    path = resource_dir("mappings") / "sources.ttl"
    subject, title = NamedNode(f"base:id/dataset/{name}"), NamedNode(expand("dcterms:title"))
    return {
        getattr(quad.object, "language", "") or "": _iri(quad.object)
        for quad in parse(path.read_bytes(), RdfFormat.TURTLE, base_iri="base:")
        if quad.subject == subject and quad.predicate == title
    }


def _examples(plan: Plan, name: str) -> dict[str, list[dict[str, str]]]:
    """Return the first rows of each sheet of the sample."""
    folder = resource_dir("mappings") / name / "sample"
    if not folder.is_dir():
        return {}
    wanted = frozenset(range(2, 2 + _EXAMPLES))
    found: dict[str, list[dict[str, str]]] = {}
    files, _ = find_source_files(name, folder, digests=False)
    for file in files:
        for table in tables_in(file, plan.sources_for(file.path.name)):
            if table.kind and table.kind not in found:
                sources = plan.sources_for(table.path.name, table.kind)
                header, rows = rows_as_written(table, sources, wanted)
                found[table.kind] = [
                    dict(zip(header, cells, strict=False)) for _, cells in sorted(rows.items())
                ]
    return found
