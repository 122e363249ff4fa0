"""Which sources a file looks like, as their mapping documents tell: « this looks like KBART »."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from collex_graph.errors import ResourceFileError
from collex_graph.mapping.plan import compile_mapping
from collex_graph.mapping.rules import read_mapping
from collex_graph.resources import resource_dir
from collex_graph.sources.outline import outline_of

if TYPE_CHECKING:
    from pathlib import Path

    from collex_graph.model import RecordSource

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
    outline = outline_of(path)
    found = {dataset: outline.likeness(_asked(dataset)) for dataset in _datasets()}
    best = max(found.values(), default=0.0)
    near = [dataset for dataset, likeness in found.items() if likeness >= best * _NEARLY]
    if best < _LEAST or given in near:
        return []
    return sorted(near, key=lambda dataset: (-found[dataset], dataset))[:_MOST]


def _datasets() -> list[str]:
    return sorted(path.parent.name for path in resource_dir("mappings").glob("*/mapping.yml"))


@cache
def _asked(dataset: str) -> tuple[RecordSource, ...]:
    """Return what the mapping of a source asks of files; nothing where it cannot be used."""
    document = resource_dir("mappings") / dataset / "mapping.yml"
    try:
        return compile_mapping(read_mapping(document), "base:").record_sources
    except ResourceFileError:
        return ()
