"""Sources: from the bytes of a file to its records, as a stream in constant memory.

The seam with the mapping engine is in `collex_graph.model`: the sources of a mapping document say
what they want (`RecordSource`), `open_records` gives back a `RecordStream`. The pipeline joins the
two rooms::

    files, ignored = find_source_files("ccfr", path)
    run = MappingRun(plan)
    for source_file in files:
        for mapped in run.map_file(source_file, open_records):
            ...

A file that cannot be read raises `UnreadableSourceError`, when it is opened or later while it is
read; a record that cannot be read is a note on that record. What must never be published (internal
elements, names of staff) is dropped here, before a rule or a message can see it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from collex_graph.errors import UnreadableSourceError
from collex_graph.sources.files import find_source_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from collex_graph.model import RecordSource, RecordStream, SourceFile
    from collex_graph.sources.xml import XmlRecords

__all__ = ["find_source_files", "open_records"]


def open_records(source_file: SourceFile, sources: Sequence[RecordSource]) -> RecordStream:
    """Open a source file for the sources of a mapping that read it.

    Args:
        source_file: the file.
        sources: what to read in it, at least one; all of one formulation. A record names them by
            their index here.

    Raises:
        UnreadableSourceError: when the file cannot be read at all.
    """
    # a reader is imported when a file needs it: a small file is read in less time than they take
    formulations = {source.formulation for source in sources}
    if formulations == {"csv"}:
        if sources[0].by_hand:
            from collex_graph.sources.by_hand import FilledRecords

            return FilledRecords(source_file, sources)
        if source_file.path.suffix.lower() == ".xlsx":
            from collex_graph.sources.xlsx import SheetRecords

            return SheetRecords(source_file, sources)
        from collex_graph.sources.tabular import TableRecords

        return TableRecords(source_file, sources)
    if formulations == {"xpath"}:
        return _reader_of_xml(source_file.path)(source_file, sources)
    if formulations == {"rdf"}:
        from collex_graph.sources.rdf import RdfRecords

        return RdfRecords(source_file, sources)
    if formulations == {"jsonpath"}:
        from collex_graph.sources.json import JsonRecords

        return JsonRecords(source_file, sources)
    raise UnreadableSourceError(
        source_file.path, "no source of the mapping reads this file, or sources of two kinds do"
    )


def _reader_of_xml(path: Path) -> type[XmlRecords]:
    """Tell the reader by the root element."""
    from collex_graph.sources.ead import ROOTS, EadRecords
    from collex_graph.sources.manifest import ManifestRecords
    from collex_graph.sources.markup import root_element
    from collex_graph.sources.units import ROOTS as ROOTS_OF_UNITS
    from collex_graph.sources.units import UnitRecords
    from collex_graph.sources.xml import XmlRecords

    _, local_name = root_element(path)
    if local_name in ROOTS:
        return EadRecords
    if local_name in ROOTS_OF_UNITS:
        return UnitRecords
    return ManifestRecords if local_name == "ArchiveTransfer" else XmlRecords
