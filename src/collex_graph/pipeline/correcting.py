"""Corrects the files that were checked: what is certain, in its place, and nothing else."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from collex_graph.pipeline.part import sources_of
from collex_graph.repair import Corrected, correct_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from collex_graph.model import RecordSource, Repair, SourceFile, ValidationReport
    from collex_graph.pipeline.sources import MappedSource


def correct_files(sources: Sequence[MappedSource], report: ValidationReport) -> list[Corrected]:
    """Return the files in which something was repaired, corrected.

    A file whose name another one has too is left alone: a result names its file, not its folder.

    Args:
        sources: what was read; the files must still be there.
        report: what was found in them.
    """
    repairs: defaultdict[str, list[Repair]] = defaultdict(list)
    for result in report.results:
        repair = result.repair
        if repair is not None and repair.certain and repair.position is not None:
            repairs[repair.position.file].append(repair)
    tables: dict[Path, list[tuple[SourceFile, Sequence[RecordSource]]]] = {}
    named: defaultdict[str, set[Path]] = defaultdict(set)
    for source in sources:
        for request in source.requests:
            if request.file.name in repairs and not request.file.problem:
                named[request.file.name].add(request.file.path)
                tables.setdefault(request.file.path, []).append((request.file, sources_of(request)))
    corrected = [
        correct_file(tables[path], repairs[name])
        for name, paths in named.items()
        if len(paths) == 1
        for path in paths
    ]
    return [file for file in corrected if file.applied or file.left]
