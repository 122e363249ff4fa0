"""Read → map one source: its files become N-Quads on disk, its problems become results.

The quads are spooled to a file, record by record, so that memory does not grow with the source and
a record can be set aside later by leaving out its byte ranges.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from collex_graph.errors import ConfigurationError, UnreadableSourceError
from collex_graph.mapping.engine import MappingRun
from collex_graph.mapping.plan import compile_mapping
from collex_graph.mapping.rules import read_mapping
from collex_graph.model import Note, Position, Problem
from collex_graph.rdf.iris import percent_encode
from collex_graph.rdf.namespaces import expand
from collex_graph.resources import resource_dir
from collex_graph.sources import open_records
from collex_graph.sources.files import find_source_files, is_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from collex_graph.model import SourceFile


_TYPE = f"> <{expand('rdf:type')}> <"
"""What an N-Quads line that gives a class has after its subject."""


@dataclass
class MappedRecord:
    """One record of a source after mapping: where it stands, what it says, where that is spooled.

    Attributes:
        file: the source file.
        position: of the record (component or row).
        parent: key of the record that encloses it, None at the top.
        describes: IRIs of the things that it gives a class. Other records may speak of them too (a
            link names its target, a sub-fonds its fonds), but this one answers for them.
        ranges: (offset, length) of its lines in the spool file.
    """

    file: SourceFile
    position: Position
    parent: str | None
    describes: list[str] = field(default_factory=list)
    ranges: list[tuple[int, int]] = field(default_factory=list)

    def extend(self, offset: int, length: int) -> None:
        """Add a byte range, joined to the last one where it follows it."""
        if self.ranges and sum(self.ranges[-1]) == offset:
            start, known = self.ranges[-1]
            self.ranges[-1] = (start, known + length)
        else:
            self.ranges.append((offset, length))


@dataclass
class MappedSource:
    """One source dataset after mapping.

    Attributes:
        dataset: its short name.
        files: what was read.
        ignored: files of the folder that no reader knows.
        spool: the N-Quads file.
        records: key → record.
        graphs: named graph → the source file it was read from.
        problems: everything the mapping could not read, or repaired.
        rule_counts: mapping rule → quads; a rule that produced none is there with 0.
        records_read: notices and components, or rows.
        left_out: what the files hold and no rule looks at → how often.
        leaves: what the mapping leaves out on purpose → how often it was met, 0 for never.
    """

    dataset: str
    spool: Path
    files: list[SourceFile] = field(default_factory=list)
    ignored: list[Path] = field(default_factory=list)
    records: dict[str, MappedRecord] = field(default_factory=dict)
    graphs: dict[str, SourceFile] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    rule_counts: Counter[str] = field(default_factory=Counter)
    records_read: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    leaves: Counter[str] = field(default_factory=Counter)

    @property
    def publisher_records(self) -> int:
        """Records as the publisher counts them: notices (not their components), or rows.

        The first row of a table is its header: what is said of it concerns the table as a whole.
        """
        return sum(
            record.parent is None and record.position.row != 1 for record in self.records.values()
        )

    def describing(self) -> dict[str, list[str]]:
        """Return IRI → keys of the records that describe it, in the order they were read."""
        found: dict[str, list[str]] = {}
        for key, record in self.records.items():
            for subject in record.describes:
                found.setdefault(subject, []).append(key)
        return found

    def kept_ranges(self, set_aside: frozenset[str]) -> Iterator[tuple[int, int]]:
        """Yield the byte ranges of the records that are not set aside, in file order."""
        ranges = [
            span
            for key, record in self.records.items()
            if key not in set_aside
            for span in record.ranges
        ]
        yield from sorted(ranges)

    def enclosed_by(self, set_aside: frozenset[str]) -> frozenset[str]:
        """Return the records set aside together with everything that they enclose."""
        closed = set(set_aside)
        grew = True
        while grew:
            grew = False
            for key, record in self.records.items():
                if key not in closed and record.parent in closed:
                    closed.add(key)
                    grew = True
        return frozenset(closed)


def known_sources() -> list[str]:
    """Return the short names of the sources that have a mapping."""
    return sorted(path.parent.name for path in resource_dir("mappings").glob("*/mapping.yml"))


def map_source(
    dataset: str,
    path: Path,
    *,
    base_iri: str,
    spool: Path,
    owners: dict[str, str],
    progress: Callable[[str, str], None],
) -> MappedSource:
    """Read and map every file of one source.

    Args:
        dataset: short name of the source, a folder of ``mappings/``.
        path: a file, an archive, a folder that is searched through, or a pattern of files.
        base_iri: the setting of that name.
        spool: N-Quads file to write.
        owners: IRI of a component → the file that described it; shared by the inputs of a dataset.
        progress: told of each file.

    Raises:
        ConfigurationError: for a source without mapping, or a path that does not exist.
        ResourceFileError: when the mapping cannot be used.
    """
    document = resource_dir("mappings") / dataset / "mapping.yml"
    if not document.is_file():
        raise ConfigurationError(
            f"unknown source {dataset!r}; known ones: {', '.join(known_sources())}"
        )
    if not path.exists() and not is_pattern(path):
        raise ConfigurationError(f"{path}: no such file or folder (given for source {dataset!r})")
    run = MappingRun(compile_mapping(read_mapping(document), base_iri))
    mapped = MappedSource(dataset, spool)
    try:
        mapped.files, mapped.ignored = find_source_files(
            dataset, path, spool.with_name(f"{spool.name}.unpacked")
        )
    except UnreadableSourceError as error:
        raise ConfigurationError(f"{error} (given for source {dataset!r})") from error
    for file in mapped.files if run.needs_index else ():
        progress("index", file.name)
        with suppress(UnreadableSourceError):  # said when the file is mapped
            run.index(file, open_records)
    with spool.open("wb") as lines:
        for file in mapped.files:
            progress("map", file.name)
            label = file.label or file.name
            try:
                _FilePass(file, label, mapped, owners).read(run, lines)
            except UnreadableSourceError as error:
                note = Note("UnreadableFile", file.name, (("reason", error.problem),))
                position = Position(file.name, line=error.line)
                mapped.problems.append(Problem(note, position, label, None, "", None))
    mapped.rule_counts.update(run.rule_counts)
    mapped.left_out = run.left_out
    mapped.leaves = run.leaves
    mapped.records_read = run.records_read
    return mapped


class _FilePass:
    """Spools what the mapping says of one file, record by record.

    Args:
        file: the file.
        label: its path below the folder that was given; the start of its records' keys.
        mapped: receives records and problems.
        owners: see `map_source`.
    """

    def __init__(
        self, file: SourceFile, label: str, mapped: MappedSource, owners: dict[str, str]
    ) -> None:
        self._file = file
        self._label = label
        self._mapped = mapped
        self._owners = owners
        self._described: dict[str, str] = {}
        self._named: set[str] = set()

    def read(self, run: MappingRun, lines: BinaryIO) -> None:
        """Map the whole file."""
        offset = lines.tell()
        for found in run.map_file(self._file, open_records):
            key = self._key(found.record)
            record = self._mapped.records.get(key)
            if record is None:
                parent = None if found.parent is None else self._key(found.parent)
                record = MappedRecord(self._file, found.position, parent)
                self._mapped.records[key] = record
                if found.identified:
                    self._refuse_what_another_file_has(
                        key, found.position, found.position.component
                    )
            self._mapped.problems.extend(
                replace(problem, record=self._key(problem.record)) for problem in found.problems
            )
            if not found.lines:
                continue
            if found.subject is not None and any(_TYPE in line for line in found.lines):
                self._describe(key, record, found.subject)
                if not found.identified:
                    self._refuse_what_another_file_describes(key, found.position, found.subject)
            # the graph is the last term of an N-Quads line: ``… <graph> .``
            for line in found.lines if run.plan.has_graphs_of_rules else found.lines[:1]:
                graph = line.rpartition("<")[2].partition(">")[0]
                self._mapped.graphs.setdefault(graph, self._file)
            encoded = "".join(found.lines).encode()
            lines.write(encoded)
            record.extend(offset, len(encoded))
            offset += len(encoded)
        if not self._described:
            note = Note("NothingRead", self._file.name)
            position = Position(self._file.name)
            self._mapped.problems.append(Problem(note, position, self._label, None, "", None))

    def _key(self, key: str) -> str:
        return self._label + key.removeprefix(self._file.name)

    def _describe(self, key: str, record: MappedRecord, subject: str) -> None:
        own = not record.describes or record.describes[0] == subject
        if subject not in record.describes:
            record.describes.append(subject)
        if not own:
            # a row's own thing comes first; of the others (a journal, its publisher) several
            # rows may speak
            return
        owner = self._described.setdefault(subject, key)
        if owner != key and record.position.row is not None:
            # two rows of one table that claim to be the same thing: the first is believed
            first = str(self._mapped.records[owner].position.row)
            note = Note("SameIdentifierInTwoRows", subject, (("first", first),))
            self._mapped.problems.append(Problem(note, record.position, key, subject, "", None))

    def _refuse_what_another_file_describes(
        self, key: str, position: Position, subject: str
    ) -> None:
        """Set aside a component whose IRI another file has described.

        Two finding aids may use one short identifier (``d_1``); only the mapping knows, in the IRI
        that it makes of it, whether they mean one thing. What else a record describes (a place, a
        publisher) is named after something else.
        """
        component = position.component
        if component is None or subject in self._named:
            return
        self._named.add(subject)
        if percent_encode(component) in subject.split("/"):
            self._refuse_what_another_file_has(key, position, subject)

    def _refuse_what_another_file_has(self, key: str, position: Position, name: str | None) -> None:
        """A component whose identifier or IRI another file has taken sets this record aside."""
        if position.component is None or name is None:
            return
        here = str(self._file.path)
        owner = self._owners.setdefault(name, here)
        if owner != here:
            first = owner.rpartition("/")[2]
            note = Note("IdentifierInTwoFiles", position.component, (("first", first),))
            self._mapped.problems.append(Problem(note, position, key, None, "", None))
