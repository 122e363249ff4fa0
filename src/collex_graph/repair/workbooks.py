"""XLSX workbooks: cells rewritten in the XML of their sheet.

A mended cell becomes a text of its own (an inline string) and keeps its format. Everything else in
the sheet stays as it is written, every other part of the workbook too.
"""

from __future__ import annotations

import io
import re
import zipfile
from copy import copy
from shutil import copyfileobj
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

from collex_graph.errors import UnreadableSourceError
from collex_graph.repair.spots import rewritten_by_all
from collex_graph.repair.tables import SEPARATORS, cells_to_mend
from collex_graph.sources.markup import escaped
from collex_graph.sources.xlsx import SheetRecords, cell_place, sheet_part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from collex_graph.model import RecordSource, Repair, SourceFile

_TYPE: Final = re.compile(rb"""\s+t\s*=\s*(?:"[^"]*"|'[^']*')""")


def correct_workbook(
    content: bytes,
    tables: Sequence[tuple[SourceFile, Sequence[RecordSource]]],
    repairs: Sequence[Repair],
) -> tuple[bytes, list[Repair]]:
    """Make repairs in a workbook.

    Args:
        content: the file.
        tables: its sheets that are read, each with the sources that read it.
        repairs: what to make.

    Returns:
        The corrected file and the repairs made.

    Raises:
        UnreadableSourceError: when it is no workbook.
    """
    applied: list[Repair] = []
    parts: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for file, sources in tables:
            table = SheetRecords(file, sources)
            of_sheet = [
                one for one in repairs if one.position and one.position.component == table.sheet
            ]
            by_row = cells_to_mend(of_sheet, table.columns)
            if not by_row:
                continue
            rows = {
                record.row: list(record.content)
                for record in table
                if record.row in by_row and record.content
            }
            wanted: dict[tuple[int, int], tuple[str, list[Repair]]] = {}
            for number, cells in by_row.items():
                for place, of_cell in cells.items():
                    for old in rows.get(number, [])[place : place + 1]:
                        new, made = rewritten_by_all(old, of_cell, SEPARATORS)
                        if made:
                            wanted[number, place] = new, made
            part = sheet_part(file.path, table.sheet or "")
            sheet = _Sheet(file, parts.get(part) or archive.read(part), wanted)
            parts[part] = sheet.corrected()
            applied += sheet.applied
        if not applied:
            return content, []
        return _with_parts(archive, parts), applied


class _Sheet:
    """One sheet's XML.

    Args:
        file: for messages.
        text: the XML.
        wanted: row and column (from 0) → text to be written, and why.

    Attributes:
        applied: repairs made, known when it has been corrected.
    """

    def __init__(
        self,
        file: SourceFile,
        text: bytes,
        wanted: Mapping[tuple[int, int], tuple[str, list[Repair]]],
    ) -> None:
        self.applied: list[Repair] = []
        self._file = file
        self._text = text
        self._wanted = wanted
        self._row = self._place = 0
        self._cell: tuple[int, tuple[str, list[Repair]]] | None = None
        self._has_formula = False
        self._edits: list[tuple[int, int, bytes, list[Repair]]] = []

    def corrected(self) -> bytes:
        """Return the XML with its cells mended."""
        # a sheet in UTF-16 is allowed, and written by nobody: its bytes are not those of the text
        if self._text[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return self._text
        self._parser = parser = expat.ParserCreate(None, "}")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.EntityDeclHandler = self._refuse
        try:
            parser.Parse(self._text, True)
        except expat.ExpatError as error:
            raise UnreadableSourceError(self._file.path, "a sheet of it is damaged") from error
        out: list[bytes] = []
        end = 0
        for start, stop, written, made in self._edits:
            out += (self._text[end:start], written)
            end = stop
            self.applied += made
        return b"".join((*out, self._text[end:]))

    def _refuse(self, *_: object) -> None:
        raise UnreadableSourceError(self._file.path, "a sheet of it declares entities")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition("}")[2]:
            case "row":
                self._row = max(self._row + 1, int(attributes.get("r") or 0))
                self._place = 0
            case "c":
                place = cell_place(attributes.get("r"), self._place)
                self._place = place + 1
                wanted = self._wanted.get((self._row, place))
                self._cell = wanted and (self._parser.CurrentByteIndex, wanted)
                self._has_formula = False
            case "f":
                self._has_formula = True

    def _end(self, name: str) -> None:
        if name.rpartition("}")[2] != "c" or self._cell is None:
            return
        (start, (new, made)), self._cell = self._cell, None
        if self._has_formula:  # its result would come back
            return
        tag_end = self._text.index(b">", start) + 1
        tag = self._text[start:tag_end]
        if tag.endswith(b"/>"):
            return
        stop = self._text.index(b">", self._parser.CurrentByteIndex) + 1
        element = re.match(rb"<([^\s>]+)", tag)
        assert element is not None
        prefix = element[1].rpartition(b":")[0]
        prefix = prefix + b":" if prefix else b""
        opened = _TYPE.sub(b"", tag)[:-1] + b' t="inlineStr">'
        text = escaped(new).encode("ascii", "xmlcharrefreplace")
        inside = b"<%bis><%bt xml:space=\"preserve\">%b</%bt></%bis>" % (
            prefix, prefix, text, prefix, prefix,
        )  # fmt: skip
        written = opened + inside + b"</" + element[1] + b">"
        self._edits.append((start, stop, written, made))


def _with_parts(archive: zipfile.ZipFile, parts: Mapping[str, bytes]) -> bytes:
    """Write an archive again, its entries in their order, some with other bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as written:
        for info in archive.infolist():
            data = parts.get(info.filename)
            with archive.open(info) as old, written.open(copy(info), "w") as new:
                copyfileobj(old if data is None else io.BytesIO(data), new)
    return out.getvalue()
