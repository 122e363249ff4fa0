"""XLSX workbooks (ECMA-376 part 1, SpreadsheetML): one sheet as a table, row by row.

A sheet is handed to the reader of tables as rows of text, in constant memory besides the workbook's
shared strings. Cells are texts as people see them, as far as that is one text everywhere: dates as
ISO 8601, integers without ``.0``, ``true`` and ``false``, leading zeros where the cell's format is
made of zeros; percentages and currencies are the bare number. A formula is its last computed value.
Hidden rows are read. Nothing outside the workbook is opened.
"""

from __future__ import annotations

import csv
import io
import posixpath
import re
import zipfile
import zlib
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from collex_graph.errors import UnreadableSourceError
from collex_graph.model import Note
from collex_graph.sources.tabular import TableRecords

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

MAX_PART_BYTES = 2 << 30
MAX_RATIO = 400
FREE_BYTES = 64 << 20
MAX_STRING_CHARACTERS = 256 << 20
MAX_COLUMNS = 16_384

_MAIN: Final = "{*}"
_RELATION: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STRICT_RELATION: Final = "http://purl.oclc.org/ooxml/officeDocument/relationships"
_BUILT_IN_DATES: Final = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, etree.XMLSyntaxError, EOFError, OSError, KeyError, ValueError,
    NotImplementedError, RuntimeError,
)  # fmt: skip
_REFERENCE = re.compile(r"([A-Z]{1,3})[0-9]+")
_UNSEEN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
"""Of a number format: texts, fillings, colours and conditions."""


class SheetRecords(TableRecords):
    """The rows of one sheet (a `RecordStream`); `RecordSource.sheet` says which."""

    def _prepare(self) -> str:
        self._book = _Workbook(self._path, self._sources[0].sheet)
        if any(source.sheet != self._sources[0].sheet for source in self._sources):
            raise UnreadableSourceError(
                self._path, "the sources of one workbook name different sheets: one is read"
            )
        self._sheet = self._book.sheet
        self._row_notes: dict[int, list[tuple[Note, str | None]]] = {}
        return "utf-8"

    def _delimiters(self) -> tuple[str, ...]:
        return ("\t",)

    @contextmanager
    def _open(self) -> Generator[Iterator[str], None, None]:
        with self._book.rows(self._row_notes) as rows:
            yield _lines(rows)

    def _notes_of(self, row: int) -> tuple[tuple[Note, str | None], ...]:
        return tuple(self._row_notes.pop(row, ()))

    def _last_notes(self) -> tuple[tuple[Note, str | None], ...]:
        merged = self._book.merged
        if not merged:
            return ()
        shown = ", ".join(merged[:5]) + (", …" if len(merged) > 5 else "")
        note = Note("MergedCells", shown, (("count", str(len(merged))),))
        return ((note, None),)


def _lines(rows: Iterator[tuple[int, list[str]]]) -> Iterator[str]:
    """Write rows as lines, a row a line, empty ones for those that the sheet leaves out."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    expected = 1
    for number, cells in rows:
        while expected < number:
            yield "\n"
            expected += 1
        text.seek(0)
        text.truncate()
        writer.writerow(cells)
        yield text.getvalue()
        expected += 1


class _Workbook:
    """A workbook, and the sheet of it that is read.

    Args:
        path: the file.
        wanted: name of the sheet, or its number from 1; empty for the first.

    Attributes:
        sheet: name of the sheet.
        merged: its merged ranges, known when its rows have been read to the end.
    """

    def __init__(self, path: Path, wanted: str) -> None:
        self._path = path
        self.merged: list[str] = []
        try:
            with zipfile.ZipFile(path) as archive:
                self._check_size(archive)
                book = _tree(archive, "xl/workbook.xml")
                targets = _targets(archive, "xl/_rels/workbook.xml.rels")
                self.sheet, self._part = self._choose(book, targets, wanted)
                properties = book.find(f"{_MAIN}workbookPr")
                starts_1904 = properties is not None and properties.get("date1904") in ("1", "true")
                self._first_day = datetime(1904, 1, 1) if starts_1904 else datetime(1899, 12, 30)  # noqa: DTZ001 - spreadsheets know no zones
                self._formats = _formats(archive)
                self._strings = self._shared_strings(archive)
        except _BROKEN as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> UnreadableSourceError:
        with self._path.open("rb") as stream:
            head = stream.read(8)
        if head.startswith(b"\xd0\xcf\x11\xe0"):
            return UnreadableSourceError(
                self._path, "is an old .xls, or protected by a password: save it as .xlsx without"
            )
        return UnreadableSourceError(self._path, f"is no XLSX workbook, or a damaged one ({error})")

    def _check_size(self, archive: zipfile.ZipFile) -> None:
        packed = max(self._path.stat().st_size, 1)
        for info in archive.infolist():
            if info.file_size > MAX_PART_BYTES or (
                info.file_size > FREE_BYTES and info.file_size > MAX_RATIO * packed
            ):
                raise UnreadableSourceError(
                    self._path,
                    f"{info.filename} in it unpacks to {info.file_size >> 20:,} MB, more than "
                    f"{MAX_PART_BYTES >> 20:,} or {MAX_RATIO} times the file: this is no table",
                )

    def _choose(self, book: Any, targets: dict[str, str], wanted: str) -> tuple[str, str]:
        sheets: list[tuple[str, str]] = []
        for sheet in book.iterfind(f"{_MAIN}sheets/{_MAIN}sheet"):
            relation = sheet.get(f"{{{_RELATION}}}id") or sheet.get(f"{{{_STRICT_RELATION}}}id")
            part = targets.get(relation or "", "")
            if "worksheets/" in part:
                sheets.append((sheet.get("name") or "", part))
        if not sheets:
            raise UnreadableSourceError(self._path, "holds no sheet with cells")
        if not wanted:
            return sheets[0]
        for name, part in sheets:
            if name.casefold() == wanted.casefold():
                return name, part
        if wanted.isdecimal() and 1 <= int(wanted) <= len(sheets):
            return sheets[int(wanted) - 1]
        there = ", ".join(f"« {name} »" for name, _ in sheets)
        raise UnreadableSourceError(self._path, f"has no sheet « {wanted} »; it has {there}")

    def _shared_strings(self, archive: zipfile.ZipFile) -> list[str]:
        strings: list[str] = []
        if "xl/sharedStrings.xml" not in archive.namelist():
            return strings
        size = 0
        with archive.open("xl/sharedStrings.xml") as stream:
            for _, item in _elements(stream, "si"):
                strings.append(_text(item))
                size += len(strings[-1])
                if size > MAX_STRING_CHARACTERS:
                    raise UnreadableSourceError(
                        self._path,
                        f"holds more than {MAX_STRING_CHARACTERS >> 20} million characters of "
                        "text: split it",
                    )
                _release(item)
        return strings

    @contextmanager
    def rows(
        self, notes: dict[int, list[tuple[Note, str | None]]]
    ) -> Generator[Iterator[tuple[int, list[str]]], None, None]:
        """Open the sheet; its rows come with their numbers, notes are added under these."""
        with zipfile.ZipFile(self._path) as archive, archive.open(self._part) as stream:
            yield self._rows(stream, notes)

    def _rows(
        self, stream: Any, notes: dict[int, list[tuple[Note, str | None]]]
    ) -> Iterator[tuple[int, list[str]]]:
        number = 0
        self.merged.clear()
        try:
            for tag, element in _elements(stream, "row", "mergeCell"):
                if tag == "mergeCell":
                    self.merged.append(element.get("ref") or "")
                    _release(element)
                    continue
                number = max(number + 1, int(element.get("r") or 0))
                cells = self._cells(element, notes.setdefault(number, []))
                if not notes[number]:
                    del notes[number]
                yield number, cells
                _release(element)
        except _BROKEN as error:
            raise UnreadableSourceError(
                self._path, f"the sheet « {self.sheet} » breaks off behind row {number} ({error})"
            ) from error

    def _cells(self, row: Any, notes: list[tuple[Note, str | None]]) -> list[str]:
        cells: list[str] = []
        namespace = row.tag[: -len("row")]
        for cell in row.iterchildren(f"{namespace}c"):
            place = _place(cell.get("r"), len(cells))
            if place >= MAX_COLUMNS:
                raise ValueError(f"a cell stands in column {place + 1:,}")
            if place > len(cells):
                cells += [""] * (place - len(cells))
            cells.append(self._value(cell, namespace, notes))
        return cells

    def _value(self, cell: Any, namespace: str, notes: list[tuple[Note, str | None]]) -> str:
        kind = cell.get("t") or "n"
        where = cell.get("r") or ""
        value, has_formula = "", False
        for part in cell:
            if part.tag == f"{namespace}v":
                value = part.text or ""
            elif part.tag == f"{namespace}f":
                has_formula = True
            elif part.tag == f"{namespace}is" and kind == "inlineStr":
                return _text(part)
        if not value:
            if has_formula and kind != "str":
                notes.append((Note("FormulaWithoutValue", where), None))
            return ""
        if kind == "s":
            return self._strings[int(value)]
        if kind == "b":
            return "true" if value.strip() in ("1", "true") else "false"
        if kind == "e":
            notes.append((Note("SpreadsheetError", value, (("cell", where),)), None))
            return ""
        if kind in ("str", "d"):
            return value
        style = int(cell.get("s") or 0)
        form = self._formats[style] if style < len(self._formats) else ""
        return self._number(value, form)

    def _number(self, text: str, form: str) -> str:
        try:
            number = Decimal(repr(float(text)))
        except (ValueError, InvalidOperation):
            return text
        if not number.is_finite():
            return text
        if form == "date":
            return self._date(float(number))
        shown = format(number, "f")
        if "." in shown:
            shown = shown.rstrip("0").rstrip(".")
        return shown.zfill(len(form)) if form and shown.isdecimal() else shown

    def _date(self, serial: float) -> str:
        if serial < 0:
            return format(Decimal(repr(serial)), "f")
        seconds = round(serial * 86_400)
        days, rest = divmod(seconds, 86_400)
        time = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
        if not days:
            return time
        # the spreadsheets' own calendar has a 29 February 1900 (day 60)
        early = days < 60 and self._first_day.year == 1899
        try:
            day = self._first_day + timedelta(days=days + early)
        except OverflowError:
            return str(serial)
        return f"{day:%Y-%m-%d}" if not rest else f"{day:%Y-%m-%d}T{time}"


# --- the parts of a workbook ----------------------------------------------------------------------


def _tree(archive: zipfile.ZipFile, part: str) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    with archive.open(part) as stream:
        return etree.parse(stream, parser).getroot()


def _elements(stream: Any, *names: str) -> Iterator[tuple[str, Any]]:
    """Yield the elements of these local names as they end."""
    found = etree.iterparse(
        stream,
        events=("end",),
        tag=[f"{{*}}{name}" for name in names],
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    for _, element in found:
        yield etree.QName(element).localname, element


def _release(element: Any) -> None:
    """Free an element that has been read, and those before it."""
    element.clear()
    parent = element.getparent()
    if parent is not None:
        while element.getprevious() is not None:
            del parent[0]


def _targets(archive: zipfile.ZipFile, part: str) -> dict[str, str]:
    """Return relation → path of the part it leads to."""
    found = {}
    for relation in _tree(archive, part):
        target = relation.get("Target") or ""
        found[relation.get("Id") or ""] = (
            target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
        )
    return found


def _formats(archive: zipfile.ZipFile) -> list[str]:
    """Return for each style: ``date``, a format of zeros such as ``00000``, or nothing."""
    if "xl/styles.xml" not in archive.namelist():
        return []
    styles = _tree(archive, "xl/styles.xml")
    codes = {
        int(entry.get("numFmtId") or 0): entry.get("formatCode") or ""
        for entry in styles.iterfind(f"{_MAIN}numFmts/{_MAIN}numFmt")
    }
    found = []
    for style in styles.iterfind(f"{_MAIN}cellXfs/{_MAIN}xf"):
        identifier = int(style.get("numFmtId") or 0)
        code = _UNSEEN.sub("", codes.get(identifier, "").partition(";")[0])
        if (identifier in _BUILT_IN_DATES and identifier not in codes) or re.search(
            "[dmyhs]", code.casefold().replace("general", "")
        ):
            found.append("date")
        else:
            found.append(code if re.fullmatch("0+", code) and len(code) > 1 else "")
    return found


def _text(item: Any) -> str:
    """Return the text of a string, its runs joined, phonetic readings left out."""
    return "".join(
        text.text or ""
        for text in item.iter(f"{_MAIN}t")
        if etree.QName(text.getparent()).localname != "rPh"
    ).replace("_x000D_", "")


def _place(reference: str | None, following: int) -> int:
    """Return the column of a cell, from 0; cells without reference follow the one before.

    >>> _place("A1", 5), _place("AB12", 0), _place(None, 5)
    (5, 27, 5)
    """
    found = _REFERENCE.fullmatch(reference or "")
    if found is None:
        return following
    place = 0
    for letter in found[1]:
        place = place * 26 + ord(letter) - 64
    return max(place - 1, following)
