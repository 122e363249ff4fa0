"""What an author of mappings does with one document: run it where it stands.

Nothing is published here. The sources of a document are files beside it, and its quads go
to a stream.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from collex_graph.errors import UnreadableSourceError
from collex_graph.mapping.documents import read_document
from collex_graph.mapping.engine import MappingRun
from collex_graph.mapping.plan import compile_mapping
from collex_graph.sources import open_records
from collex_graph.sources.files import describe_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import BinaryIO

    from collex_graph.mapping.plan import Plan
    from collex_graph.model import Problem, RecordSource, SourceFile


def run_mapping(
    path: Path,
    base_iri: str | None,
    default_base_iri: str,
    out: BinaryIO,
    report: Callable[[Problem], None],
) -> int:
    """Map the sources of a document and write the quads.

    Args:
        path: the document, YARRRML or RML.
        base_iri: base of the IRIs it mints, where one is asked for.
        default_base_iri: the same where the document has none either.
        out: receives N-Quads, whole lines only.
        report: told of every problem, in the order of the records.

    Returns:
        How many values and records were left out.

    Raises:
        ResourceFileError: when the document cannot be used.
        UnreadableSourceError: when a source cannot be read; the lines of what stood before it
            have been written.
    """
    document, base = read_document(path, base_iri, default_base_iri)
    plan = compile_mapping(document, base, blank_nodes=True)
    files = source_files(plan, path.parent)
    run = MappingRun(plan)
    if run.needs_index:
        for file, sources in files:
            run.index(file, open_records, sources)
    for file, sources in files:
        for record in run.map_file(file, open_records, sources):
            for problem in record.problems:
                report(problem)
            if record.lines:
                out.write("".join(record.lines).encode())
    return run.rejected


def source_files(plan: Plan, folder: Path) -> list[tuple[SourceFile, list[RecordSource]]]:
    """Return the files that a document reads, each with the sources that read it.

    Args:
        plan: the compiled document.
        folder: what the paths of its sources start from.

    Raises:
        UnreadableSourceError: for a source without a file.
    """
    found: dict[tuple[Path, str], list[RecordSource]] = {}
    for source in plan.record_sources:
        paths = _paths(folder, source.access)
        if not paths:
            raise UnreadableSourceError(
                folder / source.access, f"source {source.name!r} has no such file"
            )
        for path in paths:
            found.setdefault((path, source.formulation), []).append(source)
    return [
        (describe_file(folder.resolve().name, path), sources)
        for (path, _), sources in found.items()
    ]


def _paths(folder: Path, access: str) -> list[Path]:
    """Return the files of a path, whose last part may be a pattern as in a published mapping."""
    path = folder / access
    if path.is_file():
        return [path]
    if not path.parent.is_dir():
        return []
    pattern = path.name.casefold()
    return sorted(
        file
        for file in path.parent.iterdir()
        if file.is_file() and fnmatchcase(file.name.casefold(), pattern)
    )
