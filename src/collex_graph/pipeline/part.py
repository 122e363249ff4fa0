"""Maps one source file into a *part*: a folder that depends on nothing but what it was made of.

A part is made of the bytes of the file, its name below the folder that was given, the mapping
document, the concordances, the software and the base of IRIs; `PartRequest.key` is a digest of
these. So parts are made in any order, in processes of their own, and kept from one build to the
next. A part holds::

    summary.json       what it is, what was counted, the digests of the other files
    lines.nq.gz        its quads, sorted, each once
    origins.nq.gz      where each thing was read, for graph/provenance
    identities.nq.gz   the lines that identities are found from
    records.gz         each record: row, line, component, parent, things it describes
    problems.json.gz   what could not be read, or was repaired
    aside.nq.gz        the quads of records that were left out on purpose, and may be kept
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from collex_graph.errors import UnreadableSourceError
from collex_graph.mapping.engine import MappingRun
from collex_graph.mapping.plan import compile_mapping
from collex_graph.mapping.rules import read_mapping
from collex_graph.model import Note, Position, Problem
from collex_graph.pipeline.recognition import sources_like
from collex_graph.pipeline.stretches import WHOLE, stretches_of
from collex_graph.rdf.iris import Iris, percent_encode
from collex_graph.rdf.namespaces import expand
from collex_graph.resources import resource_dir
from collex_graph.sources import open_records
from collex_graph.sources.by_hand import rows_as_written, tables_in
from collex_graph.store.builder import Member
from collex_graph.store.description import describe_graph, describe_source_file, source_file_iri
from collex_graph.store.lines import LinesFile, LinesWriter, gzip_writer, read_chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from collex_graph.mapping.engine import MappedRecord
    from collex_graph.mapping.plan import Plan
    from collex_graph.model import RecordSource, SourceFile
    from collex_graph.pipeline.stretches import Stretch

FORMAT = 1
"""Of the files of a part; another number makes all kept parts foreign."""
_SUMMARY = "summary.json"
_LINES, _ORIGINS, _ASIDE = "lines.nq.gz", "origins.nq.gz", "aside.nq.gz"
_IDENTITIES, _RECORDS, _PROBLEMS = "identities.nq.gz", "records.gz", "problems.json.gz"
_TYPE = f"> <{expand('rdf:type')}> <"
"""What an N-Quads line that gives a class has after its subject."""
_ENTRIES_AT_ONCE = 1000
_NO_ROW = b"[null,"
"""How the entry of a record begins that is no row of a table."""
_DOUBLE = "SameIdentifierInTwoRows"
_DERIVED_FROM = expand("prov:wasDerivedFrom")


class MappedRecordEntry(NamedTuple):
    """One record of a part.

    Attributes:
        key: ``{label}#{component}`` or ``{label}#row=12``.
        parent: key of the record around it, None at the top.
        position: where it stands.
        identified: its component is an identifier of the source's own.
        describes: IRIs of the things that it gives a class, its own first. Other records may speak
            of them too (a link names its target), but this one answers for them.
    """

    key: str
    parent: str | None
    position: Position
    identified: bool
    describes: tuple[str, ...]


@dataclass(frozen=True)
class PartRequest:
    """What a part is made of.

    Attributes:
        file: the source file.
        label: its path below the folder that was given; the start of its records' keys.
        base_iri: the setting of that name.
        circumstances: digest of everything else (`collex_graph.pipeline.circumstances`).
        left_out: keys of records to set aside; the label itself stands for the whole file.
        withheld: those of them of which nothing may be kept, for it is private.
        beside: all files of the input, where the mapping joins records of different files.
    """

    file: SourceFile
    label: str
    base_iri: str
    circumstances: str
    left_out: frozenset[str] = frozenset()
    withheld: frozenset[str] = frozenset()
    beside: tuple[SourceFile, ...] = ()

    @property
    def key(self) -> str:
        """The name of the part's folder."""
        made_of = [
            FORMAT, self.file.dataset, self.file.sha256, self.file.media_type, self.file.name,
            self.label, self.file.kind, self.base_iri, self.circumstances, sorted(self.left_out),
            sorted(self.withheld),
            [(file.label, file.sha256) for file in self.beside],
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:32]


class Part:
    """A part on disk.

    Args:
        folder: its folder.
        file: the source file, as found today (its path may differ from when the part was made).

    Raises:
        ValueError: when the folder is not that of a part; says why.
    """

    def __init__(self, folder: Path, file: SourceFile) -> None:
        self.folder = folder
        self.file = file
        try:
            self._summary: dict[str, Any] = json.loads((folder / _SUMMARY).read_bytes())
        except OSError as error:
            raise ValueError(f"{error.filename}: {error.strerror}") from None
        except ValueError:
            raise ValueError(f"{folder / _SUMMARY} was altered") from None
        if not isinstance(self._summary, dict) or self._summary.get("format") != FORMAT:
            raise ValueError(f"{folder / _SUMMARY} is no summary of a part")

    def check(self) -> None:
        """Compare every file with its digest.

        Raises:
            ValueError: naming the file that is damaged.
        """
        summary = dict(self._summary)
        said = summary.pop("digest", None)
        if said != digest_of(summary):
            raise ValueError(f"{self.folder / _SUMMARY} was altered")
        for name, digest in summary["digests"].items():
            path = self.folder / name
            if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                raise ValueError(f"{path} is missing or was altered")

    @property
    def key(self) -> str:
        """The name of its folder."""
        return self.folder.name

    @property
    def label(self) -> str:
        """Path of the source file below the folder that was given."""
        return str(self._summary["label"])

    @property
    def rule_counts(self) -> dict[str, int]:
        """Mapping rule → quads; a rule that produced none is there with 0."""
        return dict(self._summary["rule_counts"])

    @property
    def left_out(self) -> dict[str, int]:
        """What the file holds and no rule looks at → how often."""
        return dict(self._summary["left_out"])

    @property
    def leaves(self) -> dict[str, int]:
        """What the mapping leaves out on purpose → how often it was met, 0 for never."""
        return dict(self._summary["leaves"])

    @property
    def records_read(self) -> int:
        """Notices and components, or rows."""
        return int(self._summary["records_read"])

    @property
    def publisher_records(self) -> int:
        """Records as the publisher counts them: notices (not their components), or rows."""
        return int(self._summary["publisher_records"])

    @property
    def describes_something(self) -> bool:
        """Whether any record gives a thing a class."""
        return bool(self._summary["describes_something"])

    @property
    def has_components(self) -> bool:
        """Whether its records are named otherwise than by rows."""
        return bool(self._summary["has_components"])

    @property
    def lines(self) -> Member:
        """Its quads."""
        return self._member(_LINES, frozenset(self._summary["graphs"]))

    @property
    def origins(self) -> Member:
        """Where its things were read."""
        iris = Iris(self._summary["base_iri"])
        return self._member(_ORIGINS, frozenset({iris.graph("provenance")}))

    def _member(self, name: str, graphs: frozenset[str]) -> Member:
        count, digest = self._summary["counts"][name], self._summary["digests"][name]
        return Member(LinesFile(self.folder / name, count, digest), graphs)

    def aside(self) -> Iterator[bytes]:
        """Yield the lines of the records left out, in chunks."""
        return read_chunks(self.folder / _ASIDE)

    def identity_lines(self) -> bytes:
        """Return the lines that identities are found from."""
        return b"".join(read_chunks(self.folder / _IDENTITIES))

    def problems(self) -> list[Problem]:
        """Return what could not be read, or was repaired."""
        return [one for one in self._problems() if one.note.rule != _DOUBLE]

    def doubles(self) -> list[Problem]:
        """Return the rows that claim to be the thing of an earlier row."""
        return [one for one in self._problems() if one.note.rule == _DOUBLE]

    def _problems(self) -> Iterator[Problem]:
        with gzip.open(self.folder / _PROBLEMS, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield _problem(json.loads(line))

    def records(self) -> Iterator[MappedRecordEntry]:
        """Yield the records, left-out ones included, in the order they were read."""
        with gzip.open(self.folder / _RECORDS, "rt", encoding="utf-8") as lines:
            for text in lines:
                row, line, component, parent, identified, *describes = json.loads(text)
                position = Position(self.file.name, line, row, component)
                yield MappedRecordEntry(
                    _key(self.label, row, component),
                    None if parent is None else f"{self.label}#{parent}",
                    position,
                    bool(identified),
                    tuple(describes),
                )


def _key(label: str, row: int | None, component: str | None) -> str:
    return f"{label}#row={row}" if row is not None else f"{label}#{component or ''}"


@lru_cache(maxsize=8)
def _plan(dataset: str, base_iri: str, _circumstances: str) -> Plan:
    """Return the compiled mapping of a source, made once in each process."""
    document = resource_dir("mappings") / dataset / "mapping.yml"
    return compile_mapping(read_mapping(document), base_iri)


def joins_files(dataset: str, base_iri: str, circumstances: str) -> bool:
    """Compile the mapping of a source; say whether it joins records of different files.

    Raises:
        ResourceFileError: when it cannot be used.
    """
    return MappingRun(_plan(dataset, base_iri, circumstances)).needs_index


def reads(dataset: str, base_iri: str, circumstances: str, file: SourceFile) -> bool:
    """Say whether the mapping of a source reads files of such a name."""
    return bool(_plan(dataset, base_iri, circumstances).sources_for(file.path.name))


def tables(dataset: str, base_iri: str, circumstances: str, file: SourceFile) -> list[SourceFile]:
    """Return the tables of a file that people filled in; else the file."""
    plan = _plan(dataset, base_iri, circumstances)
    try:
        return tables_in(file, plan.sources_for(file.path.name))
    except UnreadableSourceError as error:
        return [replace(file, problem=error.problem)]


def readers(
    dataset: str, base_iri: str, circumstances: str, file: SourceFile
) -> tuple[RecordSource, ...]:
    """Return the sources of a mapping that read a file, or a table of it."""
    plan = _plan(dataset, base_iri, circumstances)
    return plan.sources_for(file.path.name, file.kind)


def written_rows(
    request: PartRequest, wanted: frozenset[int]
) -> tuple[list[str], dict[int, list[str]]]:
    """Return the header and some rows of a table that people filled in, as it has them."""
    sources = sources_of(request)
    if not sources:  # a table that the mapping does not read, told when it was met
        return [], {}
    return rows_as_written(request.file, sources, wanted)


def sources_of(request: PartRequest) -> Sequence[RecordSource]:
    """Return the sources of the mapping that read the file of a request."""
    file = request.file
    return readers(file.dataset, request.base_iri, request.circumstances, file)


def stretches(request: PartRequest, most: int) -> list[Stretch]:
    """Return the stretches of a source file that may be mapped each in a process of its own."""
    plan = _plan(request.file.dataset, request.base_iri, request.circumstances)
    return stretches_of(request.file, plan, most)


def make_part(request: PartRequest, folder: Path) -> None:
    """Map a source file into a folder, which must not exist.

    Raises:
        ResourceFileError: when the mapping or a concordance cannot be used.
    """
    folder.mkdir(parents=True)
    finish_part(request, folder, [_Reading(request, folder, WHOLE).run()])


def read_stretch(request: PartRequest, folder: Path, stretch: Stretch) -> StretchRead:
    """Map a stretch of a source file, in a process of its own, into the folder of the part.

    Raises:
        ResourceFileError: as for `make_part`.
    """
    read = _Reading(request, folder, stretch).run()
    for writer in read.writers.values():
        writer.leave()
    return read


def records_that_state(request: PartRequest, is_it: Callable[[bytes], bool]) -> frozenset[str]:
    """Map a source file once more, to find which of its records state something.

    Args:
        request: the file.
        is_it: whether that is among the N-Quads lines given.

    Returns:
        The keys of these records.
    """
    run = _run_for(request)
    keys = set()
    with suppress(UnreadableSourceError):  # said already; what comes after is in no graph
        for found in run.map_file(request.file, open_records):
            if found.lines and is_it("".join(found.lines).encode()):
                keys.add(request.label + found.record.removeprefix(request.file.name))
    return frozenset(keys)


def _run_for(request: PartRequest) -> MappingRun:
    run = MappingRun(_plan(request.file.dataset, request.base_iri, request.circumstances))
    for file in request.beside:
        with suppress(UnreadableSourceError):  # said when the file itself is mapped
            run.index(file, open_records)
    return run


@dataclass
class StretchRead:
    """What was read of a stretch of a source file, beside what stands in the folder of its part.

    Attributes:
        writers: name of a file of the part → its lines.
        entries: the records, as lines of JSON.
        problems: as of the part, without doubles.
        graphs: the named graphs of its quads.
        publisher_records: as of the part.
        describes_something: as of the part.
        has_components: as of the part.
        broken: why it could not be read, or not from some point on.
        rule_counts: as of the part.
        left_out: as of the part, of the last stretch.
        leaves: as of the part, of the last stretch.
        records_read: as of the part, of the last stretch.
    """

    writers: dict[str, LinesWriter]
    entries: Path
    problems: list[Problem] = field(default_factory=list)
    graphs: set[str] = field(default_factory=set)
    publisher_records: int = 0
    describes_something: bool = False
    has_components: bool = False
    broken: UnreadableSourceError | None = None
    rule_counts: Counter[str] = field(default_factory=Counter)
    left_out: dict[str, int] = field(default_factory=dict)
    leaves: dict[str, int] = field(default_factory=dict)
    records_read: int = 0

    def take_over(self, later: StretchRead) -> None:
        """Take what was read of the stretch that follows, which read the table up to there too."""
        for name, writer in self.writers.items():
            writer.take_over(later.writers[name])
        self.problems += later.problems
        self.graphs |= later.graphs
        self.publisher_records += later.publisher_records
        self.describes_something |= later.describes_something
        self.has_components |= later.has_components
        self.broken = later.broken
        self.rule_counts.update(later.rule_counts)
        self.left_out, self.leaves = later.left_out, later.leaves
        self.records_read = later.records_read


class _Reading:
    """One pass over one stretch of a file."""

    def __init__(self, request: PartRequest, folder: Path, stretch: Stretch) -> None:
        self._request = request
        self._stretch = stretch
        self._label = request.label
        self._name = request.file.name
        self._iris = Iris(request.base_iri)
        mark = f"{stretch.number}-" if stretch.number else ""
        writers = {
            name: LinesWriter(folder / f"{mark}{name}")
            for name in (_LINES, _ORIGINS, _ASIDE, _IDENTITIES)
        }
        self._read = StretchRead(writers, folder / f"{mark}records.part")
        self._lines, self._origins, self._aside, self._identities = writers.values()
        self._problems, self._graphs = self._read.problems, self._read.graphs
        self._keys: set[str] = set()
        self._current: tuple[str, list[Any]] | None = None
        self._entries: list[str] = []
        self._origin = source_file_iri(request.file, self._iris)
        self._provenance = self._iris.graph("provenance")

    def run(self) -> StretchRead:
        request, read = self._request, self._read
        run = _run_for(request)
        with read.entries.open("wb") as self._records:
            try:
                for found in run.map_file(request.file, self._stretch.open_records):
                    self._take(found)
            except UnreadableSourceError as error:
                read.broken = error
            self._end_record()
            self._write_entries()
        read.has_components = bool(self._keys)
        read.rule_counts = Counter(run.rule_counts)
        read.left_out, read.leaves = dict(run.left_out), dict(run.leaves)
        read.records_read = run.records_read
        return read

    def _take(self, found: MappedRecord) -> None:
        key = self._label + found.record.removeprefix(self._name)
        if self._current is None or self._current[0] != key:
            self._end_record()
            self._begin_record(key, found)
        assert self._current is not None
        if self._is_withheld(key):
            return
        self._problems.extend(
            replace(
                problem, record=self._label + problem.record.removeprefix(problem.position.file)
            )
            for problem in found.problems
        )
        if not found.lines:
            return
        text = "".join(found.lines)
        if found.subject is not None and _TYPE in text:
            describes = self._current[1]
            if found.subject not in describes[5:]:
                describes.append(found.subject)
                self._read.describes_something = True
        if key in self._request.left_out or self._label in self._request.left_out:
            self._aside.add(text.encode())
            return
        self._lines.add(text.encode())
        # the graph is the last term of an N-Quads line: ``… <graph> .``; most often one for all
        end = text[text.rindex(" <") :]
        if all([line.endswith(end) for line in found.lines]):  # noqa: C419 - twice as fast
            self._graphs.add(end[2:-4])
        else:
            self._graphs.update(line[line.rindex("<") + 1 : -4] for line in found.lines)
        if found.identities:
            self._identities.add("".join(found.identities).encode())

    def _is_withheld(self, key: str) -> bool:
        withheld = self._request.withheld
        return bool(withheld) and (key in withheld or self._label in withheld)

    def _begin_record(self, key: str, found: MappedRecord) -> None:
        position = found.position
        parent = None
        if found.parent is not None:
            parent = found.parent.removeprefix(f"{self._name}#")
        self._current = (
            key,
            [position.row, position.line, position.component, parent, int(found.identified)],
        )
        is_new = position.row is not None or key not in self._keys
        if position.row is None:
            self._keys.add(key)
        # the first row of a table is its header: what is said of it concerns the whole table
        self._read.publisher_records += is_new and parent is None and position.row != 1

    def _end_record(self) -> None:
        if self._current is None:
            return
        key, entry = self._current
        self._current = None
        row, line, component, parent, _, *describes = entry
        if component is None and parent is None:
            # as json.dumps, many times faster; an IRI holds nothing that JSON would escape
            things = "".join(f', "{subject}"' for subject in describes)
            text = f"[{_number(row)}, {_number(line)}, null, null, 0{things}]\n"
        else:
            text = json.dumps(entry) + "\n"
        self._entries.append(text)
        if len(self._entries) > _ENTRIES_AT_ONCE:
            self._write_entries()
        if not describes:
            return
        if key in self._request.left_out or self._label in self._request.left_out:
            return
        fragment = Position(self._name, line, row, component).fragment()
        origin = f"{self._origin}#{fragment}" if fragment else self._origin
        end = f"> <{_DERIVED_FROM}> <{origin}> <{self._provenance}> .\n"
        self._origins.add("".join([f"<{subject}{end}" for subject in describes]).encode())

    def _write_entries(self) -> None:
        self._records.write("".join(self._entries).encode())
        self._entries.clear()


def finish_part(request: PartRequest, folder: Path, stretches: Sequence[StretchRead]) -> None:
    """Make a part of what was read of all stretches of a file, in their order.

    Raises:
        ResourceFileError: when the mapping of a source that the file looks like cannot be used.
    """
    file, (read, *others) = request.file, stretches
    for other in others:
        read.take_over(other)
    problems = [*read.problems, *_problems_of_all(request, read)]
    with gzip_writer(folder / _RECORDS) as lines:
        for stretch in stretches:
            with stretch.entries.open("rb") as entries:
                shutil.copyfileobj(entries, lines)
    problems += _second_rows(request, stretches)
    for stretch in stretches:
        stretch.entries.unlink()
    iris = Iris(request.base_iri)
    quads = [
        *describe_source_file(file, iris),
        *(describe_graph(graph, file, iris) for graph in sorted(read.graphs)),
    ]
    read.writers[_ORIGINS].add("".join(f"{quad} .\n" for quad in quads).encode())
    written = [writer.finish() for writer in read.writers.values()]
    with gzip_writer(folder / _PROBLEMS) as lines:
        for problem in problems:
            lines.write(json.dumps(asdict(problem)).encode() + b"\n")
    digests = {found.path.name: found.digest for found in written}
    for name in (_RECORDS, _PROBLEMS):
        digests[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    summary = {
        "format": FORMAT,
        "dataset": file.dataset,
        "label": request.label,
        "base_iri": request.base_iri,
        "graphs": sorted(read.graphs),
        "counts": {found.path.name: found.count for found in written},
        "digests": digests,
        "rule_counts": read.rule_counts,
        "left_out": read.left_out,
        "leaves": read.leaves,
        "records_read": read.records_read,
        "publisher_records": read.publisher_records,
        "describes_something": read.describes_something,
        "has_components": read.has_components,
    }
    summary["digest"] = digest_of(summary)
    # last and at once: a part without it is not one
    text = json.dumps(summary, ensure_ascii=False, indent=1)
    unfinished = folder / f"{_SUMMARY}.part"
    unfinished.write_text(text, encoding="utf-8")
    unfinished.rename(folder / _SUMMARY)


def _problems_of_all(request: PartRequest, read: StretchRead) -> Iterator[Problem]:
    """Yield what is to be said of a file as a whole: that it breaks off, or that it is empty."""
    file, broken = request.file, read.broken
    if broken is not None:
        rule = "BrokenFile" if read.describes_something else "UnreadableFile"
        note = Note(rule, file.name, (("reason", broken.problem),))
    elif not read.describes_something and not (file.kind and not read.records_read):
        note = Note("NothingRead", file.name)
    else:
        return
    position = Position(file.name, line=None if broken is None else broken.line)
    yield Problem(note, position, request.label, None, "", None)
    if read.describes_something or file.problem:
        return
    like = sources_like(file.path, file.dataset)
    if like:
        note = Note("LooksLikeAnotherSource", ", ".join(like), (("given", file.dataset),))
        yield Problem(note, Position(file.name), request.label, None, "", None)


def _second_rows(request: PartRequest, stretches: Iterable[StretchRead]) -> Iterator[Problem]:
    """Yield the rows of one table that claim to be the thing of an earlier one.

    A row's own thing comes first; of the others (a journal, its publisher) several may speak.
    """
    # a 64-bit hash instead of the IRI, for large tables
    rows: dict[int, int] = {}
    for stretch in stretches:
        with stretch.entries.open("rb") as entries:
            for text in entries:
                if text.startswith(_NO_ROW):
                    continue
                row, line, component, _, _, *describes = json.loads(text)
                if not describes:
                    continue
                own = describes[0]
                first = rows.setdefault(hash(own), row)
                if first != row:
                    note = Note(_DOUBLE, own, (("first", str(first)),))
                    position = Position(request.file.name, line, row, component)
                    key = _key(request.label, row, component)
                    yield Problem(note, position, key, own, "", None)


def names_of_its_own(record: MappedRecordEntry) -> list[str]:
    """Return what no record of another file of the source may be named.

    That is the record's identifier where the source has one for it. Elsewhere two files may use one
    short identifier (``d_1``); only the mapping knows, in the IRI that it makes of it, whether they
    mean one thing. What else a record describes (a place, a publisher) is named after something
    else.
    """
    component = record.position.component
    if component is None:
        return []
    if record.identified:
        return [component]
    segment = percent_encode(component)
    return [subject for subject in record.describes if segment in subject.split("/")]


def _number(value: int | None) -> str:
    return "null" if value is None else str(value)


def digest_of(summary: dict[str, Any]) -> str:
    """Return a digest of what a JSON file says."""
    return hashlib.sha256(json.dumps(summary, sort_keys=True).encode()).hexdigest()


def _problem(told: dict[str, Any]) -> Problem:
    note = told.pop("note")
    return Problem(
        note=Note(note["rule"], note["value"], tuple((k, v) for k, v in note["arguments"])),
        position=Position(**told.pop("position")),
        **told,
    )
