"""Read → map one source: its files become N-Quads on disk, its problems become results.

The quads are spooled to a file, record by record, so that memory does not grow with the source and
a record can be set aside later by leaving out its byte ranges.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from collex_graph.errors import ConfigurationError, UnreadableSourceError
from collex_graph.mapping.engine import MappingRun
from collex_graph.mapping.plan import compile_mapping
from collex_graph.mapping.rules import read_mapping
from collex_graph.model import Note, Position, Problem
from collex_graph.resources import resource_dir
from collex_graph.sources import open_records
from collex_graph.sources.files import find_source_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from collex_graph.model import SourceFile


@dataclass
class MappedRecord:
    """One record of a source after mapping: where it stands, what it says, where that is spooled.

    Attributes:
        file: the source file.
        position: of the record (component or row).
        parent: key of the record that encloses it, None at the top.
        subjects: IRIs that its mapping rules speak about.
        ranges: (offset, length) of its lines in the spool file.
    """

    file: SourceFile
    position: Position
    parent: str | None
    subjects: list[str] = field(default_factory=list)
    ranges: list[tuple[int, int]] = field(default_factory=list)


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

    @property
    def publisher_records(self) -> int:
        """Records as the publisher counts them: notices (not their components), or rows."""
        return sum(record.parent is None for record in self.records.values())

    def record_of_subject(self) -> dict[str, list[str]]:
        """Return subject IRI → keys of the records that speak about it first."""
        found: dict[str, list[str]] = {}
        for key, record in self.records.items():
            for subject in record.subjects:
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
    progress: Callable[[str, str], None],
) -> MappedSource:
    """Read and map every file of one source.

    Args:
        dataset: short name of the source, a folder of ``mappings/``.
        path: a file, or a folder that is searched through.
        base_iri: the setting of that name.
        spool: N-Quads file to write.
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
    if not path.exists():
        raise ConfigurationError(f"{path}: no such file or folder (given for source {dataset!r})")
    run = MappingRun(compile_mapping(read_mapping(document), base_iri))
    mapped = MappedSource(dataset, spool)
    mapped.files, mapped.ignored = find_source_files(dataset, path)
    owners: dict[str, str] = {}
    with spool.open("wb") as lines:
        for file in mapped.files:
            progress("map", file.name)
            try:
                _map_file(run, file, mapped, lines, owners)
            except UnreadableSourceError as error:
                note = Note("UnreadableFile", file.name, (("reason", error.problem),))
                position = Position(file.name, line=error.line)
                mapped.problems.append(Problem(note, position, file.name, None, "", None))
    mapped.rule_counts.update(run.rule_counts)
    mapped.records_read = run.records_read
    return mapped


def _map_file(
    run: MappingRun,
    file: SourceFile,
    mapped: MappedSource,
    lines: BinaryIO,
    owners: dict[str, str],
) -> None:
    offset = lines.tell()
    for found in run.map_file(file, open_records):
        record = mapped.records.get(found.record)
        if record is None:
            record = MappedRecord(file, found.position, found.parent)
            mapped.records[found.record] = record
            mapped.problems.extend(_identified_twice(found.record, found.position, owners))
        if found.subject is not None and found.subject not in record.subjects:
            record.subjects.append(found.subject)
        mapped.problems.extend(found.problems)
        if found.lines:
            # the graph is the last term of an N-Quads line: ``… <graph> .``
            graph = found.lines[0].rpartition("<")[2].partition(">")[0]
            mapped.graphs.setdefault(graph, file)
            encoded = "".join(found.lines).encode()
            lines.write(encoded)
            if record.ranges and sum(record.ranges[-1]) == offset:
                start, length = record.ranges[-1]
                record.ranges[-1] = (start, length + len(encoded))
            else:
                record.ranges.append((offset, len(encoded)))
            offset += len(encoded)


def _identified_twice(key: str, position: Position, owners: dict[str, str]) -> list[Problem]:
    """A component identifier that another file has taken sets this record aside."""
    if position.component is None:
        return []
    owner = owners.setdefault(position.component, position.file)
    if owner == position.file:
        return []
    note = Note("IdentifierInTwoFiles", position.component, (("first", owner),))
    return [Problem(note, position, key, None, "", None)]
