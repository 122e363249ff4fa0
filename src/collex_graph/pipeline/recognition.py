"""Which sources a file looks like, as their mapping documents tell: « this looks like KBART »."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING

from collex_graph.errors import ResourceFileError, UnreadableSourceError
from collex_graph.mapping.plan import record_sources_of
from collex_graph.mapping.rules import read_mapping
from collex_graph.rdf.iris import slug
from collex_graph.resources import resource_dir
from collex_graph.sources.markup import utf8_chunks
from collex_graph.sources.outline import outline_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from collex_graph.mapping.rules import MappingDocument, Source
    from collex_graph.model import RecordSource
    from collex_graph.sources.outline import Outline

_LEAST = 0.25
"""Part of a file's names that a source must ask for."""
_NEARLY = 0.8
"""Sources this near to the best one are named with it."""
_MOST = 3


def sources_like(path: Path, given: str) -> list[str]:
    """Return the sources whose files look like a file, best first.

    Args:
        path: the file.
        given: the source that it was given as; where it looks as much like that, nothing is
            returned.
    """
    near = _nearest(outline_of(path), _datasets())
    return [] if given in near else near[:_MOST]


def recognise(path: Path, name: str) -> list[str]:
    """Return the sources that a file may be of, the likeliest first: those that read such names.

    Args:
        path: the file.
        name: what it is called. Between sources that it looks like as much decide the ``sign`` of
            a source, which leaves no other, the name of a sheet that people fill in, the name of
            the source in a folder's.
    """
    outline = outline_of(path)
    readers = [d for d in _datasets() if _reads(d, path)]
    near = _nearest(outline, readers)
    if len(near) < 2:
        return near
    beginning = _beginning(path)
    signs = {d: {source.sign for source in _asked(d)} - {""} for d in near}
    near = [d for d in near if any(sign in beginning for sign in signs[d])] or near
    words = set(re.split(r"[^a-z]+", f"{path.parent}/{name}".casefold()))
    stem = slug(path.stem)

    def unlikeliness(dataset: str) -> tuple[int, bool, bool]:
        sheets = {slug(source.sheet) for source in _asked(dataset) if source.sheet}
        return (
            len(signs[dataset]),
            not any(stem.startswith(sheet) for sheet in sheets),
            not words >= set(dataset.split("-")),
        )

    return sorted(near, key=unlikeliness)


def _beginning(path: Path) -> str:
    try:
        return next(iter(utf8_chunks(path)), b"").decode("utf-8", "replace")
    except UnreadableSourceError:
        return ""


def _nearest(outline: Outline, datasets: Iterable[str]) -> list[str]:
    found = {dataset: outline.likeness(_asked(dataset)) for dataset in datasets}
    best = max(found.values(), default=0.0)
    if best < _LEAST:
        return []
    near = [dataset for dataset, likeness in found.items() if likeness >= best * _NEARLY]
    return sorted(near, key=lambda dataset: (-found[dataset], dataset))


def _reads(dataset: str, path: Path) -> bool:
    """Say whether a source reads files of such a name; of few are the references looked at."""
    document = _document(dataset)
    if document is None or not any(_takes(one, path) for one in document.sources.values()):
        return False
    return any(_takes(source, path) for source in _asked(dataset))


def _takes(source: Source | RecordSource, path: Path) -> bool:
    name = path.name.casefold()
    return any(fnmatchcase(name, p.strip()) for p in source.access.casefold().split("|"))


def _datasets() -> list[str]:
    return sorted(path.parent.name for path in resource_dir("mappings").glob("*/mapping.yml"))


@cache
def _document(dataset: str) -> MappingDocument | None:
    """Return the mapping document of a source; None where it cannot be used."""
    try:
        return read_mapping(resource_dir("mappings") / dataset / "mapping.yml")
    except ResourceFileError:
        return None


@cache
def _asked(dataset: str) -> tuple[RecordSource, ...]:
    """Return what the mapping of a source asks of files; nothing where it cannot be used."""
    document = _document(dataset)
    try:
        return () if document is None else record_sources_of(document)
    except ResourceFileError:
        return ()
