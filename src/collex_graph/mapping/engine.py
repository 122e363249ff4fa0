"""Runs a plan over source files, record by record, in constant memory.

::

    plan = compile_mapping(read_mapping(path), base_iri)
    run = MappingRun(plan)
    for mapped in run.map_file(source_file, open_records):
        spool.writelines(mapped.lines)

`MappingRun.map_file` is lazy and yields one `MappedRecord` per record, mapping and subject; several
share the key of one described unit or row. What cannot be read is a `Problem` beside the record's
other statements. One remark about one record is made once, however many rules meet it.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from collex_graph.errors import UnreadableSourceError
from collex_graph.mapping.joins import JoinIndex
from collex_graph.model import Note, Position, Problem, Reading, Record
from collex_graph.rdf.namespaces import expand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from collex_graph.mapping.passes import Pass
    from collex_graph.mapping.plan import Plan
    from collex_graph.model import (
        RecordSource,
        RecordStream,
        SourceFile,
        UnreadableValue,
    )

    OpenRecords = Callable[[SourceFile, Sequence[RecordSource]], RecordStream]


_GIVES_A_CLASS = f" <{expand('rdf:type')}> "


class MappedRecord:
    """What one mapping says about one subject of one record.

    Attributes:
        subject: IRI of the subject, or a blank node; None where none could be made, and then there
            are no lines.
        lines: N-Quads, each ending with a full stop and a line feed.
        problems: what could not be read, or was repaired.
        identities: those of the lines that say which thing the subject is (`rdf.identity`), with
            its classes and labels; none where the document says no identifier of such subjects.
    """

    __slots__ = ("_about", "identities", "lines", "problems", "subject")

    def __init__(
        self,
        about: _About,
        subject: str | None,
        lines: list[str],
        problems: list[Problem],
        identities: Sequence[str] = (),
    ) -> None:
        self._about = about
        self.subject = subject
        self.lines = lines
        self.problems = problems
        self.identities = identities

    @property
    def record(self) -> str:
        """Key of the record: ``{file name}#{component}`` or ``{file name}#row=12``."""
        return self._about.key

    @property
    def parent(self) -> str | None:
        """Key of the record of the unit around this one's, for EAD."""
        return self._about.parent

    @property
    def identified(self) -> bool:
        """Whether the source gives its component as an identifier (`Record.identified`)."""
        return self._about.identified

    @property
    def position(self) -> Position:
        """Where the record stands."""
        return self._about.position()


class _About:
    """The key and the place of a record, as little as is needed for each of them."""

    __slots__ = ("_record", "file", "identified", "key", "parent")

    def __init__(self, file: str, key: str, parent: str | None, record: Record) -> None:
        self.file = file
        self.key = key
        self.parent = parent
        self.identified = record.identified
        self._record = (record.line, record.row, record.component)

    @property
    def has_columns(self) -> bool:
        return self._record[1] is not None

    def position(self, column: str | None = None) -> Position:
        return Position(self.file, *self._record, column)


class MappingRun:
    """One run of a plan over any number of files.

    Attributes:
        plan: the plan.
        records_read: rows, or notices and components, or other records, so far.
        rejected: values and records that were left out because they could not be used, so far.
        left_out: what the files hold and no rule looks at, nor any ``leaves`` names → how often it
            was met so far (`RecordStream.left_out`).
        leaves: each entry of ``leaves`` → how often it was met so far; 0 for one that never was.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.records_read = 0
        self.rejected = 0
        self.left_out: Counter[str] = Counter()
        self.leaves = Counter(
            {leaf: 0 for source in plan.document.sources.values() for leaf in source.leaves}
        )
        self._remarked: set[int] = set()
        self._counts = [0] * len(plan.rules)
        self._between_files = JoinIndex()
        self._in_file = any(planned.in_file for planned in plan.joins)
        self._indexed = all(planned.in_file for planned in plan.joins)

    @property
    def rule_counts(self) -> dict[str, int]:
        """Quads per rule so far, ``"unit rico:title"``; every rule is there, with 0 if need be."""
        counts = self.plan.zero_counts()
        for rule, count in zip(self.plan.rules, self._counts, strict=True):
            if rule.counts is not None:
                counts[rule.counts] += count
        return dict(counts)

    @property
    def silent_rules(self) -> list[str]:
        """The rules that neither made a quad nor had a remark so far."""
        remarked = {self.plan.rules[rule].counts for rule in self._remarked}
        counts = self.rule_counts
        return [name for name, count in counts.items() if not count and name not in remarked]

    @property
    def needs_index(self) -> bool:
        """Whether `index` must be called first: mappings of different files are joined."""
        return not self._indexed

    def index(
        self,
        source_file: SourceFile,
        open_records: OpenRecords,
        sources: Sequence[RecordSource] | None = None,
    ) -> None:
        """Read what the joins between files look for in one of them.

        Called with every file of a data set before the first is mapped, where `needs_index` says
        so. Its problems are reported when the file is mapped.

        Raises:
            UnreadableSourceError: when the file cannot be read, or from some point on.
        """
        self._indexed = True
        if sources is None:
            sources = self.plan.sources_for(source_file.path.name, source_file.kind)
        self._fill(self._between_files, source_file, open_records, sources, in_file=False)

    def _fill(
        self,
        index: JoinIndex,
        source_file: SourceFile,
        open_records: OpenRecords,
        sources: Sequence[RecordSource],
        *,
        in_file: bool,
    ) -> None:
        asked = [
            source
            for source in sources
            if self.plan.index_pass_for(source.name, {}, in_file=in_file) is not None
        ]
        if not asked:
            return
        stream = open_records(source_file, asked)
        passes = [
            made
            for source in asked
            if (made := self.plan.index_pass_for(source.name, stream.columns, in_file=in_file))
        ]
        file = _FileRun(self.plan, source_file, passes, [], index)
        for record in stream:
            if record.usable:
                file.map(record)

    def map_file(
        self,
        source_file: SourceFile,
        open_records: OpenRecords,
        sources: Sequence[RecordSource] | None = None,
    ) -> Iterator[MappedRecord]:
        """Map one file, as it is read.

        Args:
            source_file: the file.
            open_records: the reader, `collex_graph.sources.open_records`.
            sources: which of the plan's sources read it; None for those that its name fits.

        Raises:
            UnreadableSourceError: when the file cannot be read, or from some point on.
        """
        if source_file.problem:
            raise UnreadableSourceError(source_file.path, source_file.problem)
        if sources is None:
            sources = self.plan.sources_for(source_file.path.name, source_file.kind)
        if not sources:
            wanted = sorted({s.access for s in self.plan.document.sources.values()})
            raise UnreadableSourceError(
                source_file.path, f"the mapping reads {', '.join(wanted)}, not this file"
            )
        if not self._indexed:
            raise ValueError("joins between files: call `index` with every file first")
        with JoinIndex() as index:
            if self._in_file:
                self._fill(index, source_file, open_records, sources, in_file=True)
            yield from self._map(source_file, open_records, sources, index)

    def _map(
        self,
        source_file: SourceFile,
        open_records: OpenRecords,
        sources: Sequence[RecordSource],
        index: JoinIndex,
    ) -> Iterator[MappedRecord]:
        stream = open_records(source_file, sources)
        passes = [self.plan.pass_for(source.name, stream.columns) for source in sources]
        self._counts += [0] * (len(self.plan.rules) - len(self._counts))
        before = self.records_read
        file = _FileRun(
            self.plan, source_file, passes, self._counts, sources=sources, columns=stream.columns
        )
        file.join(index, self._between_files)
        rejected = self.rejected
        try:
            for record in stream:
                yield from file.map(record)
        finally:
            self.records_read = before + stream.records_read
            self.rejected = rejected + file.rejected
            self._remarked |= file.remarked
            leaves = self.plan.leaves_of(tuple(source.name for source in sources))
            for name, count in stream.left_out.items():
                leaf = leaves[name]
                if leaf is None:
                    self.left_out[name] += count
                else:
                    self.leaves[leaf] += count


class _FileRun:
    """The state of a pass: the current record, and what was said about it so far.

    Args:
        plan: the plan.
        source_file: the file.
        passes: of each source that reads it.
        counts: quads per rule, counted on.
        index: receives what index passes give; None for passes that map.
        sources: that read it, of passes that map.
        columns: of a table, each with its place.
    """

    def __init__(
        self,
        plan: Plan,
        source_file: SourceFile,
        passes: list[Pass],
        counts: list[int],
        index: JoinIndex | None = None,
        *,
        sources: Sequence[RecordSource] = (),
        columns: Mapping[str, int] | None = None,
    ) -> None:
        self.rejected = 0
        self._columns = columns or {}
        self.remarked: set[int] = set()
        self._plan = plan
        self._sources = sources
        self._by_hand = any(source.by_hand for source in sources)
        self._name = source_file.name
        self._stem = source_file.path.stem
        self._passes = passes
        self._processes = [made.process for made in passes]
        self._placed = [made.asks_for_place for made in passes]
        self._has_root = any(made.has_root for made in passes)
        self._root: Any = None
        self._out: list[MappedRecord] = []
        self._problems: list[Problem] = []
        self._said: set[Note | tuple[Note, str | None]] = set()
        self._about = _About(self._name, "", None, Record(None, ()))
        self._component: str | None = None
        self._in_unit: dict[int, int] = {}
        self._key = ""
        self._parent: str | None = None
        emit = self._emit if index is None else index.keep
        self._callbacks = (emit, self._fail, self._values, counts)

    def join(self, in_file: JoinIndex, between_files: JoinIndex) -> None:
        """Give the passes that ask for joins what they ask."""
        planned = self._plan.joins

        def joined(place: int, key: tuple[str, ...]) -> Sequence[str]:
            index = in_file if planned[place].in_file else between_files
            return index.subjects(place, key)

        self._processes = [
            partial(made.process, joined=joined) if made.has_joins else made.process
            for made in self._passes
        ]

    def map(self, record: Record) -> list[MappedRecord]:
        """Map one record."""
        self._begin(record)
        if not record.usable:
            self.rejected += len(record.sources) and 1
        else:
            if self._has_root and self._root is None:
                self._root = record.content.getroottree().getroot()
            row = record.row
            hits = 0
            try:
                for index, number in record.sources:
                    if row is not None:
                        place = str(row)
                    else:
                        place = str(self._number_in_unit(index)) if self._placed[index] else ""
                    hits += self._processes[index](
                        record.content, number, self._root, self._stem, place, *self._callbacks
                    )
            except Exception as error:
                error.add_note(f"while mapping {self._key} with {self._plan.document.path}")
                raise
            if self._by_hand:
                self._check_name(record)
            elif not hits and not self._problems and not self._out:
                self._say(Note("RecordWithoutSubject", self._key), None, "", None, None)
        if self._problems:
            if not self._out:
                self._out.append(MappedRecord(self._about, None, [], self._problems))
            else:
                self._out[-1].problems += self._problems
        return self._out

    def _check_name(self, record: Record) -> None:
        """Say of a row that people filled in, and that describes nothing, what would name it."""
        if any(_GIVES_A_CLASS in line for made in self._out for line in made.lines):
            return
        naming = (
            self._plan.naming_columns(self._sources[index].name) for index, _ in record.sources
        )
        names = list(dict.fromkeys(name for some in naming for name in some))
        cells = {name: record.content[place] for name, place in self._columns.items()}
        # where none is empty, one of them holds what cannot be read
        empty = [name for name in names if not cells.get(name, "").strip()]
        self._say(Note("RowWithoutName", " · ".join(empty or names)), None, "", None, None)

    def _begin(self, record: Record) -> None:
        name, component, before = self._name, record.component, self._key
        if record.row is not None:
            self._key = f"{name}#row={record.row}"
        elif component != self._component or not self._key:
            self._component = component
            self._in_unit.clear()
            self._key = f"{name}#{component or ''}"
            self._parent = f"{name}#{record.parent}" if record.parent else None
        self._about = _About(name, self._key, self._parent, record)
        self._out = []
        if self._said:
            # the cells of one row are one record: what is odd about it is said once
            if record.row is None or self._key != before:
                self._said.clear()
            self._problems = []
        for note, column in record.notes:
            self.rejected += note.rule == "MissingColumn"
            self._say(note, column, "", None, None)

    def _number_in_unit(self, source: int) -> int:
        """Count the records of a source in one unit, which a reader hands out together."""
        number = self._in_unit[source] = self._in_unit.get(source, 0) + 1
        return number

    def _emit(
        self, mapping: int, subject: str, lines: list[str], identities: Sequence[str] = ()
    ) -> None:
        if lines or self._problems:
            problems, self._problems = self._problems, []
            self._out.append(
                MappedRecord(self._about, subject.strip("<>"), lines, problems, identities)
            )

    def _fail(self, rule: int, error: UnreadableValue, subject: str | None) -> None:
        self.rejected += 1
        self._remark(rule, error.note, subject)

    def _values(self, rule: int, result: Any, subject: str | None) -> Sequence[str]:
        """Return the texts that a function gave, and report what it remarked."""
        if isinstance(result, Reading):
            for note in result.notes:
                self._remark(rule, note, subject)
            result = result.values
        return [text for text in result if text]

    def _remark(self, rule: int, note: Note, subject: str | None) -> None:
        self.remarked.add(rule)
        about = self._plan.rules[rule]
        self._say(note, about.column or None, about.mapping, about.predicate, subject)

    def _say(
        self,
        note: Note,
        column: str | None,
        mapping: str,
        predicate: str | None,
        subject: str | None,
    ) -> None:
        # two cells of a row may hold the same mistake; the paths of one element read one value, and
        # what the document computes (`_each`) is of a cell that was told of
        is_cell = self._about.has_columns and column is not None and not column.startswith("_")
        if note in self._said and (not is_cell or (note, column) in self._said):
            return
        self._said |= {note, (note, column)}
        self._problems.append(
            Problem(
                note=note,
                position=self._about.position(column),
                record=self._key,
                subject=subject.strip("<>") if subject else None,
                mapping=mapping,
                predicate=predicate,
            )
        )
