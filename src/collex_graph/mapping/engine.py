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

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from collex_graph.errors import UnreadableSourceError
from collex_graph.model import Note, Position, Problem, Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from collex_graph.mapping.passes import Pass
    from collex_graph.mapping.plan import Plan
    from collex_graph.model import (
        Record,
        RecordSource,
        RecordStream,
        SourceFile,
        UnreadableValue,
    )

    OpenRecords = Callable[[SourceFile, Sequence[RecordSource]], RecordStream]


@dataclass(slots=True)
class MappedRecord:
    """What one mapping says about one subject of one record.

    Attributes:
        record: key of the record: ``{file name}#{component}`` or ``{file name}#row=12``.
        position: where it stands.
        subject: IRI of the subject; None where none could be made, and then there are no lines.
        lines: N-Quads, each ending with a full stop and a line feed.
        problems: what could not be read, or was repaired.
        parent: key of the record of the unit around this one's, for EAD.
    """

    record: str
    position: Position
    subject: str | None
    lines: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    parent: str | None = None


class MappingRun:
    """One run of a plan over any number of files.

    Attributes:
        plan: the plan.
        records_read: rows, or notices and components, or other records, so far.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.records_read = 0
        self._counts = [0] * len(plan.rules)

    @property
    def rule_counts(self) -> dict[str, int]:
        """Quads per rule so far, ``"unit rico:title"``; every rule is there, with 0 if need be."""
        counts = self.plan.zero_counts()
        for rule, count in zip(self.plan.rules, self._counts, strict=True):
            if rule.counts is not None:
                counts[rule.counts] += count
        return dict(counts)

    def map_file(
        self, source_file: SourceFile, open_records: OpenRecords
    ) -> Iterator[MappedRecord]:
        """Map one file, as it is read.

        Args:
            source_file: the file.
            open_records: the reader, `collex_graph.sources.open_records`.

        Raises:
            UnreadableSourceError: when the file cannot be read, or from some point on.
        """
        sources = self.plan.sources_for(source_file.name)
        if not sources:
            wanted = sorted({s.access for s in self.plan.document.sources.values()})
            raise UnreadableSourceError(
                source_file.path, f"the mapping reads {', '.join(wanted)}, not this file"
            )
        stream = open_records(source_file, sources)
        passes = [self.plan.pass_for(source.name, stream.columns) for source in sources]
        self._counts += [0] * (len(self.plan.rules) - len(self._counts))
        before = self.records_read
        file = _FileRun(self.plan, source_file, passes, self._counts)
        try:
            for record in stream:
                yield from file.map(record)
        finally:
            self.records_read = before + stream.records_read


class _FileRun:
    """The state of a pass: the current record, and what was said about it so far."""

    def __init__(
        self, plan: Plan, source_file: SourceFile, passes: list[Pass], counts: list[int]
    ) -> None:
        self._plan = plan
        self._name = source_file.name
        self._stem = source_file.path.stem
        self._passes = passes
        self._root: Any = None
        self._pass = passes[0]
        self._out: list[MappedRecord] = []
        self._problems: list[Problem] = []
        self._said: set[Note] = set()
        self._key = ""
        self._parent: str | None = None
        self._position = Position(self._name)
        self._callbacks = (self._emit, self._fail, self._values, counts)

    def map(self, record: Record) -> list[MappedRecord]:
        """Map one record."""
        self._begin(record)
        if record.usable:
            if self._root is None and record.row is None:
                self._root = record.content.getroottree().getroot()
            row = "" if record.row is None else str(record.row)
            hits = 0
            try:
                for index, number in record.sources:
                    self._pass = self._passes[index]
                    hits += self._pass.process(
                        record.content, number, self._root, self._stem, row, *self._callbacks
                    )
            except Exception as error:
                error.add_note(f"while mapping {self._key} with {self._plan.document.path}")
                raise
            if not hits and not self._problems and not self._out:
                self._say(Note("RecordWithoutSubject", self._key), None, "", None, None)
        if self._problems:
            if not self._out:
                self._out.append(MappedRecord(self._key, self._position, None, parent=self._parent))
            self._out[-1].problems += self._problems
        return self._out

    def _begin(self, record: Record) -> None:
        name = self._name
        self._position = Position(
            file=name, line=record.line, row=record.row, component=record.component
        )
        self._key = f"{name}#{self._position.fragment()}"
        self._parent = f"{name}#{record.parent}" if record.parent else None
        self._out = []
        self._problems = []
        self._said.clear()
        for note, column in record.notes:
            self._say(note, column, "", None, None)

    def _emit(self, mapping: int, subject: str, lines: list[str]) -> None:
        if not lines and not self._problems:
            return
        self._out.append(
            MappedRecord(
                self._key, self._position, subject[1:-1], lines, self._problems, self._parent
            )
        )
        self._problems = []

    def _fail(self, rule: int, error: UnreadableValue, subject: str | None) -> None:
        self._remark(rule, error.note, subject)

    def _values(self, rule: int, result: Any, subject: str | None) -> Sequence[str]:
        """Return the texts that a function gave, and report what it remarked."""
        if isinstance(result, Reading):
            for note in result.notes:
                self._remark(rule, note, subject)
            result = result.values
        return [text for text in result if text]

    def _remark(self, rule: int, note: Note, subject: str | None) -> None:
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
        if note in self._said:
            return
        self._said.add(note)
        self._problems.append(
            Problem(
                note=note,
                position=replace(self._position, column=column) if column else self._position,
                record=self._key,
                subject=subject[1:-1] if subject else None,
                mapping=mapping,
                predicate=predicate,
            )
        )
