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
from itertools import islice
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
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS: Final = "0123456789"
_MERGED_RANGE = re.compile(
    rb'<(?:\w+:)?mergeCell\b[^>]*?\bref="([A-Z]+)([0-9]+):([A-Z]+)([0-9]+)"', re.ASCII
)
_HIDDEN_COLUMN = re.compile(rb'<(?:\w+:)?col\b[^>]*?\bhidden="(?:1|true)"[^>]*>', re.ASCII)
_MOST_RANGES: Final = 50
"""Of merged cells, those that are told one by one."""
_SERIAL = re.compile(r"[1-9][0-9]{4}(?:\.[0-9]+)?", re.ASCII)
"""A day as a spreadsheet counts it; a number of four digits is a year."""
_UNSEEN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
"""Of a number format: texts, fillings, colours and conditions."""


class SheetRecords(TableRecords):
    """The rows of one sheet (a `RecordStream`); `RecordSource.sheet` says which."""

    def _prepare(self) -> str:
        self._book = _Workbook(self._path, self._wanted_sheet, by_hand=self._by_hand)
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
        if self._by_hand:
            columns = getattr(self, "_columns", {})
            dates = {name for source in self._sources for name in source.dates}
            self._book.date_columns = {columns[name]: name for name in dates & columns.keys()}
        self._row_notes.clear()  # of the rows read to find the header
        with self._book.rows(self._row_notes) as rows:
            yield _lines(rows)

    def _notes_of(self, row: int) -> tuple[tuple[Note, str | None], ...]:
        return tuple(self._row_notes.pop(row, ()))

    def _last_notes(self) -> tuple[tuple[Note, str | None], ...]:
        if self._by_hand:
            return tuple((note, None) for note in self._book.remarks(self._header_row))
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
        by_hand: people fill it in: cells merged down repeat their value, and what is odd is said.

    Attributes:
        sheet: name of the sheet.
        part: the part of the archive that holds it.
        names: name of each sheet, and whether it is hidden.
        merged: its merged ranges, known when its rows have been read to the end.
        date_columns: place of the columns that hold days → header; a number there is a day.
    """

    def __init__(self, path: Path, wanted: str, *, by_hand: bool = False) -> None:
        self._path = path
        self._by_hand = by_hand
        self.merged: list[str] = []
        self.names: list[tuple[str, bool]] = []
        self.date_columns: dict[int, str] = {}
        self._down: dict[int, list[tuple[int, int, int]]] = {}
        self._hidden_rows: list[int] = []
        self._noted: set[tuple[str, int]] = set()
        try:
            with zipfile.ZipFile(path) as archive:
                self._check_size(archive)
                book = _tree(archive, "xl/workbook.xml")
                targets = _targets(archive, "xl/_rels/workbook.xml.rels")
                self.sheet, self.part = self._choose(book, targets, wanted)
                properties = book.find(f"{_MAIN}workbookPr")
                starts_1904 = properties is not None and properties.get("date1904") in ("1", "true")
                self._first_day = datetime(1904, 1, 1) if starts_1904 else datetime(1899, 12, 30)  # noqa: DTZ001 - spreadsheets know no zones
                self._formats = _formats(archive)
                if by_hand:
                    self._look_ahead(archive)
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
                self.names.append((sheets[-1][0], sheet.get("state") in ("hidden", "veryHidden")))
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

    def _look_ahead(self, archive: zipfile.ZipFile) -> None:
        """Find what stands behind the rows and concerns them: the merged cells.

        The part is searched as text, which takes a tenth of the time of parsing it.
        """
        self._hidden_columns: list[str] = []
        before = b""
        with archive.open(self.part) as stream:
            while chunk := stream.read(1 << 20):
                text = before + chunk
                for found in _MERGED_RANGE.finditer(text):
                    self._take_range(*(part.decode() for part in found.groups()))
                for found in _HIDDEN_COLUMN.finditer(text):
                    self._hidden_columns += _letters_between(found[0])
                # an element that the chunk cuts in two begins again with the next
                cut = text.rfind(b"<")
                before = text[cut:] if b">" not in text[cut:] else b""

    def _take_range(self, first_letters: str, first: str, last_letters: str, last: str) -> None:
        reference = f"{first_letters}{first}:{last_letters}{last}"
        if reference in self.merged:
            return
        self.merged.append(reference)
        if first_letters == last_letters:
            column = cell_place(f"{first_letters}1", 0)
            self._down.setdefault(int(first), []).append((column, int(first), int(last)))

    def remarks(self, header_row: int) -> Iterator[Note]:
        """Yield what is to be said of the sheet when it has been read.

        Args:
            header_row: what is merged above it concerns no value.
        """
        for reference in self.merged[:_MOST_RANGES]:
            first, _, last = reference.partition(":")
            if int(first.lstrip(_LETTERS)) > header_row:
                down = first.rstrip(_DIGITS) == last.rstrip(_DIGITS)
                yield Note("MergedDown" if down else "MergedAcross", reference)
        if len(self.merged) > _MOST_RANGES:
            more = str(len(self.merged) - _MOST_RANGES)
            yield Note("MergedCells", "…", (("count", more),))
        if self._hidden_rows:
            shown = ", ".join(map(str, self._hidden_rows[:10]))
            shown += ", …" if len(self._hidden_rows) > 10 else ""
            yield Note("HiddenRows", shown, (("count", str(len(self._hidden_rows))),))
        if self._hidden_columns:
            yield Note("HiddenColumns", ", ".join(self._hidden_columns))

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
        with zipfile.ZipFile(self._path) as archive, archive.open(self.part) as stream:
            yield self._rows(stream, notes)

    def _rows(
        self, stream: Any, notes: dict[int, list[tuple[Note, str | None]]]
    ) -> Iterator[tuple[int, list[str]]]:
        number = 0
        wanted = ("row",) if self._by_hand else ("row", "mergeCell")
        if not self._by_hand:
            self.merged.clear()
        self._hidden_rows.clear()
        self._noted.clear()
        repeated: list[list[Any]] = []
        try:
            for tag, element in _elements(stream, *wanted):
                if tag == "mergeCell":
                    self.merged.append(element.get("ref") or "")
                    _release(element)
                    continue
                number = max(number + 1, int(element.get("r") or 0))
                cells = self._cells(element, notes.setdefault(number, []))
                if self._by_hand:
                    if element.get("hidden") in ("1", "true"):
                        self._hidden_rows.append(number)
                    repeated = self._repeat_down(number, cells, repeated)
                if not notes[number]:
                    del notes[number]
                yield number, cells
                _release(element)
        except _BROKEN as error:
            raise UnreadableSourceError(
                self._path, f"the sheet « {self.sheet} » breaks off behind row {number} ({error})"
            ) from error

    def _repeat_down(
        self, number: int, cells: list[str], repeated: list[list[Any]]
    ) -> list[list[Any]]:
        """Give a row the values of the cells above that it is merged with, if it has its own.

        Args:
            number: the row's number.
            cells: its cells.
            repeated: column, last row and value of the ranges that reach down to here.

        Returns:
            Those that reach down to the next row.
        """
        if repeated and any(map(str.strip, cells)):
            for column, _, value in repeated:
                cells += [""] * (column + 1 - len(cells))
                cells[column] = cells[column] or value
        for column, _, last in self._down.get(number, ()):
            repeated.append([column, last, cells[column] if column < len(cells) else ""])
        return [one for one in repeated if one[1] > number]

    def _cells(self, row: Any, notes: list[tuple[Note, str | None]]) -> list[str]:
        cells: list[str] = []
        namespace = row.tag[: -len("row")]
        for cell in row.iterchildren(f"{namespace}c"):
            place = cell_place(cell.get("r"), len(cells))
            if place >= MAX_COLUMNS:
                raise ValueError(f"a cell stands in column {place + 1:,}")
            if place > len(cells):
                cells += [""] * (place - len(cells))
            cells.append(self._value(cell, place, namespace, notes))
        return cells

    def _note_once(
        self, rule: str, place: int, where: str, notes: list[tuple[Note, str | None]]
    ) -> None:
        if self._by_hand and (rule, place) not in self._noted:
            self._noted.add((rule, place))
            notes.append((Note(rule, where), self.date_columns.get(place)))

    def _value(
        self, cell: Any, place: int, namespace: str, notes: list[tuple[Note, str | None]]
    ) -> str:
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
        if has_formula and kind != "e":
            self._note_once("FormulaRead", place, where, notes)
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
        if place in self.date_columns and form != "date" and _SERIAL.fullmatch(value):
            self._note_once("DateAsNumber", place, where, notes)
            form = "date"
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


def first_rows(path: Path, count: int) -> list[tuple[str, bool, list[list[str]]]]:
    """Return each sheet of a workbook: name, whether it is hidden, its first rows with content.

    Raises:
        UnreadableSourceError: when it is no workbook.
    """
    book = _Workbook(path, "")
    found = []
    for name, is_hidden in book.names:
        rows = []
        with _Workbook(path, name).rows({}) as some:
            for _, cells in islice(some, count):
                if any(map(str.strip, cells)):
                    rows.append(cells)
        found.append((name, is_hidden, rows))
    return found


def sheet_part(path: Path, sheet: str) -> str:
    """Return the part of a workbook that holds a sheet, such as ``xl/worksheets/sheet1.xml``.

    Raises:
        UnreadableSourceError: when it is no workbook, or has no such sheet.
    """
    return _Workbook(path, sheet).part


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


def _letters_between(column: bytes) -> list[str]:
    """Return the letters of the columns that a ``<col min= max=>`` is about, few of many.

    >>> _letters_between(b'<col min="2" max="3" hidden="1"/>')
    ['B', 'C']
    """
    bounds = [
        int(found[1])
        for name in (b"min", b"max")
        if (found := re.search(rb'\b%b="([0-9]+)"' % name, column)) is not None
    ]
    if len(bounds) < 2:
        return []
    return [_letters_of(place) for place in range(bounds[0], min(bounds[1], bounds[0] + 25) + 1)]


def _letters_of(number: int) -> str:
    """Return the letters of a column, from 1.

    >>> _letters_of(1), _letters_of(28)
    ('A', 'AB')
    """
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = _LETTERS[rest] + letters
    return letters


def cell_place(reference: str | None, following: int) -> int:
    """Return the column of a cell, from 0; cells without reference follow the one before.

    >>> cell_place("A1", 5), cell_place("AB12", 0), cell_place(None, 5)
    (5, 27, 5)
    """
    found = _REFERENCE.fullmatch(reference or "")
    if found is None:
        return following
    place = 0
    for letter in found[1]:
        place = place * 26 + ord(letter) - 64
    return max(place - 1, following)
