"""Read → map → one part a file: what the build loads, and what `mapping run` prints.

`sources` finds the files and decides what takes several of them to know; `part` maps one file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from collex_graph.pipeline.part import (
    MappedRecordEntry,
    Part,
    PartRequest,
    records_that_state,
    written_rows,
)
from collex_graph.pipeline.sources import (
    MappedSource,
    PartShelf,
    decide_doubles,
    enclosed_by,
    known_sources,
    map_sources,
)
from collex_graph.store.lines import read_chunks

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "MappedRecordEntry",
    "MappedSource",
    "Part",
    "PartRequest",
    "PartShelf",
    "decide_doubles",
    "enclosed_by",
    "known_sources",
    "map_source",
    "map_sources",
    "records_that_state",
    "written_rows",
]


def map_source(dataset: str, path: Path, *, base_iri: str, spool: Path) -> MappedSource:
    """Read and map every file of one source, and write all that they say into one file.

    Args:
        dataset: short name of the source, a folder of ``mappings/``.
        path: a file, an archive, a folder that is searched through, or a pattern of files.
        base_iri: the setting of that name.
        spool: N-Quads file to write; the parts stand beside it, in ``{spool}.parts``.

    Raises:
        ConfigurationError: for a source without mapping, or a path that does not exist.
        ResourceFileError: when the mapping cannot be used.
    """
    shelf = PartShelf(
        spool.with_name(f"{spool.name}.parts"), spool.with_name(f"{spool.name}.unpacked")
    )
    (mapped,) = map_sources([(dataset, path)], base_iri=base_iri, shelf=shelf)
    with spool.open("wb") as lines:
        for part in mapped.parts:
            lines.writelines(read_chunks(part.lines.lines.path))
    return mapped
