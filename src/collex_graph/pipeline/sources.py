"""Maps sources: finds their files, makes the part of each, decides what several files tell.

Parts (`collex_graph.pipeline.part`) that an earlier build left are used again where they fit; the
others are made, in parallel processes where there is more than one core and enough to do. Nothing
depends on the order in which they are done.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
from collections import Counter
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from collex_graph.errors import ConfigurationError, UnreadableSourceError
from collex_graph.model import Note, Problem
from collex_graph.pipeline.circumstances import circumstances
from collex_graph.pipeline.part import (
    Part,
    PartRequest,
    finish_part,
    joins_files,
    make_part,
    names_of_its_own,
    read_stretch,
    reads,
    stretches,
    tables,
)
from collex_graph.pipeline.stretches import WHOLE
from collex_graph.resources import resource_dir
from collex_graph.sources.files import find_source_files, is_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from collex_graph.model import SourceFile
    from collex_graph.pipeline.part import MappedRecordEntry, StretchRead
    from collex_graph.pipeline.stretches import Stretch

ENOUGH_FOR_PROCESSES = 4_000_000
"""Bytes to map from which processes of their own (half a second of CPU each to start) pay."""


@dataclass
class MappedSource:
    """One input of a build after mapping.

    Attributes:
        dataset: short name of the source.
        files: what was read.
        ignored: files of the folder that no reader knows.
        requests: what the part of each file is made of.
        parts: the part of each file, whole.
        across: problems that other files had to be known for, by label.
    """

    dataset: str
    files: list[SourceFile] = field(default_factory=list)
    ignored: list[Path] = field(default_factory=list)
    requests: list[PartRequest] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    across: dict[str, list[Problem]] = field(default_factory=dict)

    @property
    def rule_counts(self) -> Counter[str]:
        """Mapping rule → quads; a rule that produced none is there with 0."""
        counts: Counter[str] = Counter()
        for part in self.parts:
            counts.update(part.rule_counts)
        return counts

    @property
    def left_out(self) -> Counter[str]:
        """What the files hold and no rule looks at → how often."""
        counts: Counter[str] = Counter()
        for part in self.parts:
            counts.update(part.left_out)
        return counts

    @property
    def leaves(self) -> Counter[str]:
        """What the mapping leaves out on purpose → how often it was met, 0 for never."""
        counts: Counter[str] = Counter()
        for part in self.parts:
            counts.update(part.leaves)
        return counts

    @property
    def records_read(self) -> int:
        """Notices and components, or rows."""
        return sum(part.records_read for part in self.parts)

    @property
    def publisher_records(self) -> int:
        """Records as the publisher counts them: notices (not their components), or rows."""
        return sum(part.publisher_records for part in self.parts)

    @property
    def describes_something(self) -> bool:
        """Whether any record gives a thing a class."""
        return any(part.describes_something for part in self.parts)

    @property
    def problems(self) -> Iterator[Problem]:
        """Everything that the mapping could not read, or repaired, file by file."""
        for part in self.parts:
            yield from part.problems()
            yield from self.across.get(part.label, ())

    def records(self) -> Iterator[MappedRecordEntry]:
        """Every record, in the order they were read."""
        for part in self.parts:
            yield from part.records()


class PartShelf:
    """The parts of one build, and those that an earlier one left.

    Args:
        folder: where the parts of this build stand.
        unpacked: where the files of archives are put, which the caller removes in the end.
        former: where an earlier build left its own; None for none.
        progress: told of each file that is mapped, and of parts that cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        unpacked: Path,
        *,
        former: Path | None = None,
        progress: Callable[[str, str], None] = lambda _stage, _detail: None,
    ) -> None:
        self.unpacked = unpacked
        self._folder = folder
        self._former = former
        self._progress = progress
        self._mapped: set[SourceFile] = set()
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def mapped(self) -> int:
        """How many files were mapped, those mapped again without what is set aside once."""
        return len(self._mapped)

    def fetch(self, requests: Sequence[PartRequest]) -> list[Part]:
        """Return the parts asked for, in that order; those that are not there are made.

        Raises:
            ResourceFileError: when a mapping or a concordance cannot be used.
            UnreadableSourceError: when the process that mapped a file died.
        """
        missing: dict[str, PartRequest] = {}
        for request in requests:
            if not (self._folder / request.key).exists() and not self._take_over(request.key):
                missing.setdefault(request.key, request)
        # the largest first, so that no process is left alone with one at the end
        self._make(sorted(missing.values(), key=lambda request: -request.file.size_bytes))
        return [Part(self._folder / request.key, request.file) for request in requests]

    def keep_only(self, parts: Sequence[Part]) -> None:
        """Remove the parts that the finished build does not consist of."""
        keys = {part.key for part in parts}
        for folder in self._folder.iterdir():
            if folder.name not in keys:
                shutil.rmtree(folder)

    def _take_over(self, key: str) -> bool:
        """Link the files of a part of the former build here, if they are what they were."""
        if self._former is None or not (self._former / key).is_dir():
            return False
        try:
            # the file of the part is not needed to check it
            Part(self._former / key, None).check()  # type: ignore[arg-type]
        except (ValueError, KeyError, TypeError, OSError) as error:
            self._progress("map", f"a kept part is not used: {error}")
            return False
        temporary = self._folder / f".{key}"
        temporary.mkdir()
        for path in sorted((self._former / key).iterdir()):
            link_file(path, temporary / path.name)
        temporary.rename(self._folder / key)
        return True

    def _make(self, requests: Sequence[PartRequest]) -> None:
        self._mapped |= {request.file for request in requests}
        enough = sum(r.file.size_bytes for r in requests) >= ENOUGH_FOR_PROCESSES
        cores = _cores() if enough else 1
        cut = [(request, stretches(request, cores)) for request in requests]
        processes = min(cores, sum(len(some) for _, some in cut))
        if processes < 2:
            for request in requests:
                self._progress("map", request.file.name)
                make_part(request, self._folder / request.key)
            return
        try:
            self._make_in_processes(cut, processes)
        except BrokenProcessPool:
            # which file it was is not said: those not finished are mapped again one by one
            for request in requests:
                folder = self._folder / request.key
                if _is_whole(folder, request):
                    continue
                shutil.rmtree(folder, ignore_errors=True)
                try:
                    self._make_in_processes([(request, [WHOLE])], 1)
                except BrokenProcessPool:
                    raise UnreadableSourceError(
                        request.file.path,
                        "the process that mapped it died, most likely for want of memory; nothing "
                        "was published. Free memory, or split the file",
                    ) from None

    def _make_in_processes(
        self, requests: Sequence[tuple[PartRequest, Sequence[Stretch]]], processes: int
    ) -> None:
        # spawn: a process that shares nothing with this one, its threads and open stores included
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, mp_context=context) as pool:
            waiting: dict[Future[Any], PartRequest] = {}
            read: dict[str, list[Future[StretchRead]]] = {}
            for request, some in requests:
                folder = self._folder / request.key
                try:
                    if len(some) == 1:
                        waiting[pool.submit(make_part, request, folder)] = request
                        continue
                    folder.mkdir(parents=True)
                    read[request.key] = [
                        pool.submit(read_stretch, request, folder, one) for one in some
                    ]
                except OSError as error:
                    # a process died while another was being started, or none can be
                    raise BrokenProcessPool(str(error)) from error
                waiting |= dict.fromkeys(read[request.key], request)
            left = Counter(request.key for request in waiting.values())
            try:
                for future in as_completed(waiting):
                    future.result()
                    request = waiting[future]
                    left[request.key] -= 1
                    if left[request.key]:
                        continue
                    if request.key in read:
                        found = [one.result() for one in read[request.key]]
                        finish_part(request, self._folder / request.key, found)
                    self._progress("map", request.file.name)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def map_sources(
    inputs: Sequence[tuple[str, Path]], *, base_iri: str, shelf: PartShelf
) -> list[MappedSource]:
    """Read and map every file of some sources.

    Args:
        inputs: (short name of a source; file, archive, folder, or pattern of files).
        base_iri: the setting of that name.
        shelf: where the parts are, and stand afterwards.

    Raises:
        ConfigurationError: for a source without mapping, or a path that does not exist.
        ResourceFileError: when a mapping cannot be used.
        UnreadableSourceError: when the process that mapped a file died.
    """
    known = known_sources()
    for dataset, path in inputs:
        if dataset not in known:
            raise ConfigurationError(f"unknown source {dataset!r}; known ones: {', '.join(known)}")
        if not path.exists() and not is_pattern(path):
            raise ConfigurationError(
                f"{path}: no such file or folder (given for source {dataset!r})"
            )
    sources = []
    for dataset, path in inputs:
        source = MappedSource(dataset)
        try:
            source.files, source.ignored = find_source_files(dataset, path, shelf.unpacked)
        except UnreadableSourceError as error:
            raise ConfigurationError(f"{error} (given for source {dataset!r})") from error
        if path.is_dir():
            _leave_others_alone(source, base_iri, circumstances(dataset))
        sources.append(source)
    map_files(sources, base_iri=base_iri, shelf=shelf)
    return sources


def map_files(sources: Sequence[MappedSource], *, base_iri: str, shelf: PartShelf) -> None:
    """Map the files of some sources, each of which has been found.

    Args:
        sources: with their ``files``; the rest of them is filled in.
        base_iri: as for `map_sources`.
        shelf: as for `map_sources`.

    Raises:
        ResourceFileError: as for `map_sources`.
        UnreadableSourceError: as for `map_sources`.
    """
    given = {source.dataset: circumstances(source.dataset) for source in sources}
    joined = {name: joins_files(name, base_iri, digest) for name, digest in given.items()}
    for source in sources:
        dataset = source.dataset
        source.files = [
            table
            for file in source.files
            for table in tables(dataset, base_iri, given[dataset], file)
        ]
        beside = tuple(source.files) if joined[dataset] else ()
        source.requests = [
            PartRequest(file, file.label or file.name, base_iri, given[dataset], beside=beside)
            for file in source.files
        ]
    parts = iter(shelf.fetch([request for source in sources for request in source.requests]))
    for source in sources:
        source.parts = [next(parts) for _ in source.requests]
    decide_doubles(sources, [{} for _ in sources])


def _leave_others_alone(source: MappedSource, base_iri: str, circumstances: str) -> None:
    """In a folder, files whose names the mapping does not read are none of the source's.

    Where it reads none of them at all, each is an error: they may be of another source.
    """
    taken: list[SourceFile] = []
    others: list[SourceFile] = []
    for file in source.files:
        known = file.problem or reads(source.dataset, base_iri, circumstances, file)
        (taken if known else others).append(file)
    if taken:
        source.ignored += [file.path for file in others]
        source.files = taken


def known_sources() -> list[str]:
    """Return the short names of the sources that have a mapping."""
    return sorted(path.parent.name for path in resource_dir("mappings").glob("*/mapping.yml"))


def enclosed_by(records: Mapping[str, str | None], set_aside: frozenset[str]) -> frozenset[str]:
    """Return the records set aside together with everything that they enclose.

    Args:
        records: key → key of the record around it.
        set_aside: keys.
    """
    inside: dict[str, list[str]] = {}
    for key, parent in records.items():
        if parent is not None:
            inside.setdefault(parent, []).append(key)
    closed = set(set_aside)
    pending = list(set_aside)
    while pending:
        for key in inside.get(pending.pop(), ()):
            if key not in closed:
                closed.add(key)
                pending.append(key)
    return frozenset(closed)


def decide_doubles(
    sources: Sequence[MappedSource], asides: Sequence[Mapping[str, frozenset[str]]]
) -> None:
    """Find records that claim to be the thing of an earlier one, which is believed.

    Of two rows of a table the first is believed, and of two files that describe one component. What
    is set aside for another reason claims nothing.

    Args:
        sources: their ``across`` is replaced.
        asides: label of a file → keys of records set aside for other reasons, or the label itself.
    """
    for source, aside in zip(sources, asides, strict=True):
        source.across = {}
        for part in source.parts:
            found = _rows_told_twice(part, aside.get(part.label, frozenset()))
            if found:
                source.across[part.label] = found
    _refuse_components_of_two_files(sources, asides)


def less_doubles(source: MappedSource) -> list[PartRequest]:
    """Return what the parts of a source are made of, less what tells of the thing of another."""
    requests = []
    for request, part in zip(source.requests, source.parts, strict=True):
        doubles = frozenset(problem.record for problem in source.across.get(part.label, ()))
        if doubles:
            records = {record.key: record.parent for record in part.records()}
            requests.append(replace(request, left_out=enclosed_by(records, doubles)))
        else:
            requests.append(request)
    return requests


def _rows_told_twice(part: Part, left_out: frozenset[str]) -> list[Problem]:
    claims: dict[str, list[Problem]] = {}
    for problem in part.doubles():
        claims.setdefault(problem.note.value, []).append(problem)
    found = []
    for own, later in claims.items():
        believed = dict(later[0].note.arguments)["first"]
        is_aside = part.label in left_out or f"{part.label}#row={believed}" in left_out
        for problem in later:
            if part.label in left_out or problem.record in left_out:
                continue
            if is_aside:
                believed, is_aside = str(problem.position.row), False
                continue
            note = Note(problem.note.rule, own, (("first", believed),))
            found.append(replace(problem, note=note))
    return found


def _refuse_components_of_two_files(
    sources: Sequence[MappedSource], asides: Sequence[Mapping[str, frozenset[str]]]
) -> None:
    """A component that an earlier file of the dataset has described sets the later one aside."""
    owners: dict[tuple[str, str], tuple[Path, str]] = {}
    several = Counter(source.dataset for source in sources for part in source.parts)
    for source, aside in zip(sources, asides, strict=True):
        for part in source.parts:
            left_out = aside.get(part.label, frozenset())
            is_one = part.has_components or bool(part.file.kind)
            if several[source.dataset] < 2 or not is_one or part.label in left_out:
                continue
            for record in part.records():
                if record.key in left_out:
                    continue
                # what two files that people fill in say of one thing cannot both stand
                own = record.describes[:1] if part.file.kind else names_of_its_own(record)
                for name in own:
                    here = (part.file.path, part.file.name.rpartition("/")[2])
                    owner, first = owners.setdefault((source.dataset, name), here)
                    if owner == part.file.path:
                        continue
                    told = record.position.component or name
                    if part.file.kind:
                        told = name.partition("/id/")[2] or name
                    note = Note("IdentifierInTwoFiles", told, (("first", first),))
                    source.across.setdefault(part.label, []).append(
                        Problem(note, record.position, record.key, None, "", None)
                    )


def _is_whole(folder: Path, request: PartRequest) -> bool:
    try:
        Part(folder, request.file).check()
    except (ValueError, KeyError, TypeError, OSError):
        return False
    return True


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def link_file(path: Path, target: Path) -> None:
    """Give a file a second name; copy it where the file system has no such names."""
    with contextlib.suppress(OSError):
        target.hardlink_to(path)
        return
    shutil.copyfile(path, target)
