"""What an author of mappings does with one document: run it where it stands, check it on data.

Nothing is published here. The sources of a document are files beside it, and its quads go
to a stream.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Final

from collex_graph.errors import ConfigurationError, UnreadableSourceError
from collex_graph.mapping.check import Mistake, find_mistakes
from collex_graph.mapping.documents import read_document
from collex_graph.mapping.engine import MappingRun
from collex_graph.mapping.plan import compile_mapping
from collex_graph.mapping.suggestions import suggestion
from collex_graph.model import Record
from collex_graph.resources import resource_dir
from collex_graph.sources import find_source_files
from collex_graph.sources import open_records as open_file
from collex_graph.sources.by_hand import tables_in
from collex_graph.sources.files import describe_file, inner_name, is_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import BinaryIO

    from collex_graph.mapping.plan import Plan
    from collex_graph.model import Problem, RecordSource, RecordStream, SourceFile


def run_mapping(
    path: Path,
    base_iri: str | None,
    default_base_iri: str,
    out: BinaryIO,
    report: Callable[[Problem], None],
    *,
    pass_over: Callable[[UnreadableSourceError], None] | None = None,
) -> int:
    """Map the sources of a document and write the quads.

    Args:
        path: the document, YARRRML or RML.
        base_iri: base of the IRIs it mints, where one is asked for.
        default_base_iri: the same where the document has none either.
        out: receives N-Quads, whole lines only.
        report: told of every problem, in the order of the records.
        pass_over: told of a file that cannot be read; then the others are read on.

    Returns:
        How many values and records were left out.

    Raises:
        ResourceFileError: when the document cannot be used.
        UnreadableSourceError: when a source cannot be read and nobody is told; the lines of what
            stood before it have been written.
    """
    document, base = read_document(path, base_iri, default_base_iri)
    plan = compile_mapping(document, base, blank_nodes=True)
    files = source_files(plan, path.parent)
    run = MappingRun(plan)
    if run.needs_index:
        for file, sources in files:
            run.index(file, open_records, sources)
    for file, sources in files:
        try:
            for record in run.map_file(file, open_records, sources):
                for problem in record.problems:
                    report(problem)
                if record.lines:
                    out.write("".join(record.lines).encode())
        except UnreadableSourceError as error:
            if pass_over is None:
                raise
            pass_over(error)
    return run.rejected


def mapping_path(name: str) -> Path:
    """Return the document that a command names: a file, or a source of ``mappings/``.

    Raises:
        ConfigurationError: when there is neither.
    """
    own = resource_dir("mappings") / name / "mapping.yml"
    path = Path(name)
    if path.is_file():
        return path
    if path.name == name and own.is_file():
        return own
    known = sorted(file.parent.name for file in resource_dir("mappings").glob("*/mapping.yml"))
    raise ConfigurationError(
        f"{name}: no such file, and no source of that name; known sources: {', '.join(known)}"
    )


def check_mapping(
    path: Path, base_iri: str | None, default_base_iri: str
) -> tuple[list[Mistake], str]:
    """Find everything that is wrong with a document, on its sample where it has one.

    Args:
        path: the document, YARRRML or RML; the sample is the folder ``sample`` beside it, else the
            files beside it.
        base_iri: base of the IRIs it mints, where one is asked for.
        default_base_iri: the same where the document has none either.

    Returns:
        The mistakes by line, and in a few words what was tried.
    """
    plan, mistakes = find_mistakes(path, base_iri, default_base_iri)
    if plan is None:
        return mistakes, "not tried on data: it cannot be compiled"
    sample = path.parent / "sample"
    folder = sample if sample.is_dir() else path.parent
    try:
        files = source_files(plan, folder, optional=True)
    except UnreadableSourceError as error:
        return mistakes, f"not tried on data: {error}"
    if not files:
        return mistakes, f"not tried on data: no source has a file in {folder}"
    found, quads = _try_on(plan, files)
    return sorted({*mistakes, *found}), f"tried on {len(files)} files of {folder}: {quads} quads"


def _try_on(
    plan: Plan, files: list[tuple[SourceFile, list[RecordSource]]]
) -> tuple[list[Mistake], int]:
    """Map the sample of a document and find columns it lacks and rules that stay silent."""
    run = MappingRun(plan)
    mistakes: list[Mistake] = []
    absent: dict[str, set[str]] = {}
    headers: dict[str, set[str]] = {}
    for file, sources in files:
        try:
            if run.needs_index:
                for other, of_other in files:
                    run.index(other, open_records, of_other)
            columns = set(open_records(file, sources).columns)
            for source in sources:
                if source.formulation == "csv":
                    lacking = set(source.columns - columns - source.optional)
                    absent[source.name] = absent.get(source.name, lacking) & lacking
                    headers.setdefault(source.name, set()).update(columns)
            for _ in run.map_file(file, open_records, sources):
                pass
        except UnreadableSourceError as error:
            mistakes.append(Mistake(0, f"the sample cannot be read: {error}"))
    lines = plan.reference_lines
    mistakes += [
        Mistake(
            lines.get((name, column), 0),
            f"$({column}): no file of the sample has this column"
            + suggestion(column, headers[name]),
        )
        for name, columns in absent.items()
        for column in columns
    ]
    told = {mistake.line for mistake in mistakes}  # a rule without its column is silent, too
    mistakes += [
        Mistake(plan.rule_lines.get(rule, 0), f"the rule {rule!r} gave nothing on the sample")
        for rule in run.silent_rules
        if plan.rule_lines.get(rule) not in told
    ]
    return mistakes, sum(run.rule_counts.values())


_PATTERN: Final = re.compile(r"[*?]")


class _OneRecord:
    """A record stream of one record without content."""

    def __init__(self, sources: Sequence[RecordSource]) -> None:
        self.columns: Mapping[str, int] = {}
        self.left_out: Mapping[str, int] = {}
        self.records_read = 1
        self._sources = tuple((index, 1) for index in range(len(sources)))

    def __iter__(self) -> Iterator[Record]:
        yield Record([], self._sources)


def open_records(source_file: SourceFile, sources: Sequence[RecordSource]) -> RecordStream:
    """Open a file for sources, or nothing for those that read no file."""
    return open_file(source_file, sources) if sources[0].access else _OneRecord(sources)


def source_files(
    plan: Plan, folder: Path, *, optional: bool = False
) -> list[tuple[SourceFile, list[RecordSource]]]:
    """Return the files that a document reads, each with the sources that read it.

    Args:
        plan: the compiled document.
        folder: what the paths of its sources start from.
        optional: pass over sources without a file.

    Raises:
        UnreadableSourceError: for a source without the file that it names, or patterns of which
            none has a file.
    """
    found: dict[tuple[Path, str], list[RecordSource]] = {}
    unmatched: list[RecordSource] = []
    for source in plan.record_sources:
        if not source.access:  # no file: constants only
            found.setdefault((plan.document.path, ""), []).append(source)
            continue
        # a pattern that fits the document itself does not mean it
        document = plan.document.path.resolve()
        paths = [path for path in _paths(folder, source.access) if path.resolve() != document]
        if not paths:
            unmatched.append(source)
        for path in paths:
            found.setdefault((path, source.formulation), []).append(source)
    # one pattern among several may match nothing, such as *.xlsx beside *.csv
    is_any = any(source.access for sources in found.values() for source in sources)
    for source in unmatched:
        if not optional and not (is_any and _PATTERN.search(source.access)):
            raise UnreadableSourceError(
                folder / source.access, f"source {source.name!r} has no such file"
            )
    dataset = folder.resolve().name
    return [
        (table, [source for source in sources if table.kind in ("", source.sheet)])
        for (path, _), sources in found.items()
        for file in _unpacked(dataset, path)
        for table in tables_in(file, sources)
    ]


def _unpacked(dataset: str, path: Path) -> list[SourceFile]:
    """Return a file, or what it holds; the mapping says what it is, whatever its name."""
    if is_archive(path.name) or inner_name(path.name) is not None:
        return find_source_files(dataset, path, digests=False)[0]
    return [describe_file(dataset, path, digest=False)]


def _paths(folder: Path, access: str) -> list[Path]:
    """Return the files of paths joined by ``|``, whose last part may be a pattern."""
    if (folder / access).is_file():
        return [folder / access]
    found: set[Path] = set()
    for text in access.split("|"):
        path = folder / text.strip()
        if path.parent.is_dir():
            pattern = path.name.casefold()
            found.update(
                file
                for file in path.parent.iterdir()
                if file.is_file() and fnmatchcase(file.name.casefold(), pattern)
            )
    return sorted(found)
