"""Compiles a mapping document: what its readers must read, and a pass for each of its sources.

The plan knows nothing of files. It says what it wants of them (`Plan.sources_for`, a tuple of
`RecordSource`) and gives the pass for what a reader found (`Plan.pass_for`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from collex_graph.errors import ResourceFileError
from collex_graph.mapping.formulations import FORMULATIONS, ReferenceSyntaxError, formulation
from collex_graph.mapping.passes import (
    ENGINE_REFERENCES,
    Pass,
    PassWriter,
    PlannedJoin,
    Rule,
    Vocabulary,
    parse_for,
    references_of,
)
from collex_graph.mapping.rules import RECORD_NUMBER, Join, calls_in
from collex_graph.mapping.suggestions import suggestion
from collex_graph.model import RecordSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from collex_graph.mapping.passes import MappingFunction
    from collex_graph.mapping.rules import MappingDocument, MappingRule, Source


_FALLBACK = "otherwise"
"""Parameter of functions for what stands in where there is no value."""
_DAY = "calendarDay"
"""The function that reads days."""


class Plan:
    """A compiled mapping document.

    Attributes:
        document: what was compiled.
        base_iri: start of the IRIs it mints.
        rules: what problems and counts refer to, by index.
        joins: its joins, by index.
        record_sources: its sources that a mapping reads.
        rule_lines: name of a rule in the counts → its line in the document.
    """

    def __init__(
        self,
        document: MappingDocument,
        base_iri: str,
        functions: Mapping[str, MappingFunction] | None,
    ) -> None:
        self.document = document
        self.base_iri = base_iri
        self.rules: list[Rule] = []
        self.rule_lines: dict[str, int] = {}
        self._rule_places: dict[Rule, int] = {}
        namespaces = {} if document.is_rml else {**document.prefixes, "base": base_iri}
        self.joins = _planned_joins(document)
        self._vocabulary = Vocabulary(document, namespaces, base_iri, functions, self.joins)
        self._mappings: dict[str, list[MappingRule]] = {
            name: [mapping for mapping in document.mappings if name in mapping.sources]
            for name in document.sources
        }
        self._passes: dict[tuple[str, tuple[tuple[str, int], ...]], Pass] = {}
        self.record_sources = tuple(
            self._record_source(source)
            for name, source in document.sources.items()
            if self._mappings[name]
        )
        self._access = [
            (source, [pattern.strip() for pattern in source.access.casefold().split("|")])
            for source in self.record_sources
        ]
        self._leaves: dict[tuple[str, ...], _Leaves] = {}

    def check(self) -> None:
        """Write every pass, without the columns of a file, so that each mistake shows at once.

        Raises:
            ResourceFileError: for what is outside the subset, with file, line and name.
        """
        for source in self.record_sources:
            self.pass_for(source.name, {})
            self.index_pass_for(source.name, {}, in_file=True)

    def sources_for(self, file_name: str, kind: str = "") -> tuple[RecordSource, ...]:
        """Return the sources that read a file of this name.

        Args:
            file_name: the name.
            kind: of a table that people fill in, which sheet it is; ``""`` for any.
        """
        name = file_name.casefold()
        return tuple(
            source
            for source, patterns in self._access
            if any(fnmatchcase(name, pattern) for pattern in patterns)
            and (not kind or (source.by_hand and source.sheet == kind))
        )

    def leaves_of(self, source_names: tuple[str, ...]) -> Mapping[str, str | None]:
        """Return, for what is left out, the entry of ``leaves`` that says why; None for none."""
        if source_names not in self._leaves:
            sources = [self.document.sources[name] for name in source_names]
            self._leaves[source_names] = _Leaves(sources)
        return self._leaves[source_names]

    def pass_for(self, source_name: str, columns: Mapping[str, int]) -> Pass:
        """Return the pass of a source, for a table with these columns."""
        key = (source_name, tuple(sorted(columns.items())))
        if key not in self._passes:
            writer = PassWriter(
                self._vocabulary,
                self.document.sources[source_name],
                self._mappings[source_name],
                self._place_of,
                columns,
            )
            self._passes[key] = writer.write()
            self.rule_lines.update(writer.rule_lines)
        return self._passes[key]

    def index_pass_for(
        self, source_name: str, columns: Mapping[str, int], *, in_file: bool
    ) -> Pass | None:
        """Return the pass that fills the index of joins from a source, None where none asks it.

        Args:
            source_name: the source.
            columns: of a table.
            in_file: for joins of records of one file, else for those of several.
        """
        joins = [
            planned
            for planned in self.joins
            if planned.in_file == in_file and source_name in planned.parent.sources
        ]
        if not joins:
            return None
        parents = {planned.parent.name: planned.parent for planned in joins}
        return PassWriter(
            self._vocabulary,
            self.document.sources[source_name],
            [replace(parent, graphs=(), statements=()) for parent in parents.values()],
            self._place_of,
            columns,
        ).write_index(joins)

    def naming_columns(self, source_name: str) -> tuple[str, ...]:
        """Return the columns without which a row's own thing, the first mapping's, has no name.

        A column that something else stands in for (``otherwise``) is not one.
        """
        source = self.document.sources[source_name]
        found: dict[str, None] = {}
        for subject in self._mappings[source_name][0].subjects:
            for reference in subject.value.references:
                call = source.values.get(reference.text)
                names = {r.text for r in call.references} if call else {reference.text}
                if call is None or _FALLBACK not in dict(call.arguments):
                    found.update(dict.fromkeys(names))
        return tuple(name for name in source.columns if name in found)

    def generated(self) -> str:
        """Return the Python of all passes, for reading."""
        return "\n\n".join(
            f"# source {source.name!r}\n{self.pass_for(source.name, {}).text}"
            for source in self.record_sources
        )

    @property
    def reference_lines(self) -> dict[tuple[str, str], int]:
        """Source and reference → the first line that refers to it."""
        lines: dict[tuple[str, str], int] = {}
        for name, mappings in self._mappings.items():
            values = [value for mapping in mappings for value in mapping.values]
            for value in (*values, *self.document.sources[name].values.values()):
                for text, line in references_of(value):
                    lines.setdefault((name, text), line)
        return lines

    def zero_counts(self) -> Counter[str]:
        """Return a counter that holds every rule with 0."""
        return Counter({rule.counts: 0 for rule in self.rules if rule.counts is not None})

    def _place_of(self, rule: Rule) -> int:
        if rule not in self._rule_places:
            self._rule_places[rule] = len(self.rules)
            self.rules.append(rule)
        return self._rule_places[rule]

    def _check_columns(self, source: Source, read: Mapping[str, int]) -> None:
        """Compare the columns of a sheet that people fill in with those that rules read."""
        for name, line in read.items():
            if name not in source.columns:
                near = suggestion(name, source.columns)
                raise self._vocabulary.refuse(
                    line, f"$({name}) is not among the `columns` of source {source.name!r}{near}"
                )
        for name in source.columns:
            if name not in read and name not in source.leaves:
                raise self._vocabulary.refuse(
                    source.line, f"no rule reads the column {name!r} of source {source.name!r}"
                )

    def _columns_of_days(self, source: Source) -> Iterator[str]:
        if not source.columns:
            return
        for mapping in self._mappings[source.name]:
            for value in (*mapping.values, *source.values.values()):
                for call in calls_in(value):
                    if call.function == _DAY:
                        yield from (reference.text for reference in call.references)

    def _record_source(self, source: Source) -> RecordSource:
        referred: dict[str, int] = {}
        for mapping in self._mappings[source.name]:
            for value in mapping.values:
                for text, line in references_of(value):
                    referred.setdefault(text, line)
        for call in source.values.values():
            for text, line in references_of(call):
                referred.setdefault(text, line)
        for planned in self.joins:
            if source.name in planned.parent.sources:
                for _, value in planned.join.conditions:
                    for text, line in references_of(value):
                        referred.setdefault(text, line)
        engine = {RECORD_NUMBER} if source.standard else set(ENGINE_REFERENCES)
        numbered = not referred.keys().isdisjoint((RECORD_NUMBER, "_position"))
        plain = {
            text: line
            for text, line in referred.items()
            if text not in engine and text not in source.values
        }
        if source.columns:
            self._check_columns(source, plain)
        if source.formulation == "csv":
            return RecordSource(
                name=source.name,
                access=source.access,
                sign=source.sign,
                formulation="csv",
                numbered=numbered,
                columns=frozenset(plain),
                aliases=source.aliases,
                delimiter=source.delimiter,
                quoted=source.quoted,
                header=source.header,
                header_row=source.header_row,
                sheet=source.sheet,
                by_hand=bool(source.columns),
                dates=frozenset(self._columns_of_days(source)),
                cells=source.cells,
                optional=source.optional,
                iterator=source.iterator,
            )
        line, what = source.line, f"the iterator of source {source.name!r}"
        if source.formulation in FORMULATIONS:
            chosen = formulation(source.formulation)
            try:
                chosen.selection(source.iterator, (), source.namespaces)
                for text, line in plain.items():  # noqa: B007 - the error below names it
                    what = f"$({text})"
                    chosen.reader(text, source.namespaces)
                selection = chosen.selection(source.iterator, plain, source.namespaces)
            except ReferenceSyntaxError as error:
                raise self._vocabulary.refuse(line, f"{what}: {error}") from error
            return RecordSource(
                name=source.name,
                access=source.access,
                sign=source.sign,
                formulation=source.formulation,
                numbered=numbered,
                iterator=source.iterator,
                namespaces=source.namespaces,
                references=frozenset(plain),
                selection=selection,
            )
        # imported here: many a small file is mapped in less time than a module of no use takes
        from collex_graph.mapping.xpath import patterns_of, reach_of, sight_of  # noqa: PLC0415

        try:
            iterator, namespaces = parse_for(source, source.iterator)
            patterns, looks = patterns_of(iterator, namespaces)
            for text, line in plain.items():  # noqa: B007 - the error below names it
                what = f"$({text})"
                looks.append(parse_for(source, text)[0])
            reach = reach_of(looks, namespaces)
        except ReferenceSyntaxError as error:
            raise self._vocabulary.refuse(line, f"{what}: {error}") from error
        return RecordSource(
            name=source.name,
            access=source.access,
            sign=source.sign,
            formulation="xpath",
            numbered=numbered,
            patterns=patterns,
            namespaces=namespaces,
            without_namespace=frozenset().union(
                *(other.without_namespace for other in self.document.sources.values())
            ),
            reach=reach,
            sight=sight_of(patterns, looks, namespaces),
        )


class _Leaves(dict[str, str | None]):
    """What is left out of some sources → the entry of ``leaves`` that says why, once asked for."""

    def __init__(self, sources: Iterable[Source]) -> None:
        super().__init__()
        self._sources = sources

    def __missing__(self, name: str) -> str | None:
        self[name] = self._find(name)
        return self[name]

    def _find(self, name: str) -> str | None:
        for source in self._sources:
            leaves = source.leaves
            if name in leaves:
                return name
            if source.formulation in ("xpath", "jsonpath"):
                mark = "/" if source.formulation == "xpath" else "."
                for leaf in leaves:
                    if name.endswith(mark + leaf):
                        return leaf
        return None


def compile_mapping(
    document: MappingDocument,
    base_iri: str,
    functions: Mapping[str, MappingFunction] | None = None,
    *,
    blank_nodes: bool = False,
) -> Plan:
    """Compile a mapping document.

    Args:
        document: as `collex_graph.mapping.rules.read_mapping` gives it.
        base_iri: what ``base:`` stands for.
        functions: the functions it may call; None for the project's own.
        blank_nodes: allow them: nothing that is published has any.

    Raises:
        ResourceFileError: for what is outside the subset, with file, line and name.
    """
    if not blank_nodes:
        _refuse_blank_nodes(document)
    plan = Plan(document, base_iri, functions)
    plan.check()
    return plan


def record_sources_of(document: MappingDocument) -> tuple[RecordSource, ...]:
    """Return what a mapping document asks of files, its rules unread.

    Raises:
        ResourceFileError: for an iterator or a reference that is not understood.
    """
    return Plan(document, "base:", None).record_sources


def _planned_joins(document: MappingDocument) -> tuple[PlannedJoin, ...]:
    by_name = {mapping.name: mapping for mapping in document.mappings}
    planned: list[PlannedJoin] = []
    for child in document.mappings:
        for statements in child.statements:
            for join in statements.joins:
                if join.parent not in by_name:
                    raise ResourceFileError(
                        document.path,
                        f"a join needs the mapping {join.parent!r}, which is not there",
                        line=join.line,
                    )
                parent = by_name[join.parent]
                files = {
                    document.sources[name].access for name in (*child.sources, *parent.sources)
                }
                planned.append(PlannedJoin(len(planned), join, child, parent, len(files) == 1))
    return tuple(planned)


def _refuse_blank_nodes(document: MappingDocument) -> None:
    for mapping in document.mappings:
        terms = [*mapping.subjects, *mapping.graphs]
        for statements in mapping.statements:
            terms += [t for t in statements.objects if not isinstance(t, Join)]
            terms += statements.graphs
        for term in terms:
            if term.kind == "blank":
                raise ResourceFileError(
                    document.path,
                    f"mapping {mapping.name!r} makes a blank node, and nothing that is published "
                    "is one: give it an IRI",
                    line=term.line,
                )
