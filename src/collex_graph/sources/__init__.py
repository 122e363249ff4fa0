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

from typing import TYPE_CHECKING, Final

from collex_graph.errors import UnreadableSourceError
from collex_graph.sources.by_hand import FilledRecords, rows_as_written, tables_in
from collex_graph.sources.ead import ROOTS, EadRecords
from collex_graph.sources.files import find_source_files
from collex_graph.sources.json import JsonRecords
from collex_graph.sources.manifest import ManifestRecords
from collex_graph.sources.markup import root_element
from collex_graph.sources.rdf import RdfRecords
from collex_graph.sources.tabular import TableRecords
from collex_graph.sources.units import UnitRecords
from collex_graph.sources.xlsx import SheetRecords
from collex_graph.sources.xml import XmlRecords

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collex_graph.model import RecordSource, RecordStream, SourceFile

__all__ = ["find_source_files", "open_records", "rows_as_written", "tables_in"]

_XML_READERS: Final[dict[str, type[XmlRecords]]] = {
    **dict.fromkeys(ROOTS, EadRecords),
    "ArchiveTransfer": ManifestRecords,
    # UNIMARC, OAI-PMH (« results » is Gallica's OAIRecord) and SRU answers, TEF, EAC-CPF
    **dict.fromkeys(
        (
            *("record", "collection", "OAI-PMH", "results", "searchRetrieveResponse", "mets"),
            *("eac-cpf", "eac"),
        ),
        UnitRecords,
    ),
}
"""Reader by the local name of the root element; any other XML has `XmlRecords`."""


def open_records(source_file: SourceFile, sources: Sequence[RecordSource]) -> RecordStream:
    """Open a source file for the sources of a mapping that read it.

    Args:
        source_file: the file.
        sources: what to read in it, at least one; all of one formulation. A record names them by
            their index here.

    Raises:
        UnreadableSourceError: when the file cannot be read at all.
    """
    formulations = {source.formulation for source in sources}
    if formulations == {"csv"}:
        if sources[0].by_hand:
            return FilledRecords(source_file, sources)
        reader = SheetRecords if source_file.path.suffix.lower() == ".xlsx" else TableRecords
        return reader(source_file, sources)
    if formulations == {"xpath"}:
        _, local_name = root_element(source_file.path)
        return _XML_READERS.get(local_name, XmlRecords)(source_file, sources)
    if formulations == {"rdf"}:
        return RdfRecords(source_file, sources)
    if formulations == {"jsonpath"}:
        return JsonRecords(source_file, sources)
    raise UnreadableSourceError(
        source_file.path, "no source of the mapping reads this file, or sources of two kinds do"
    )
