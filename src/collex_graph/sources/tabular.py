"""Delimited text: CSV, TSV and the ``.txt`` of KBART, row by row.

The encoding is found by reading the file once: UTF-8 with or without a byte order mark, UTF-16 with
one, else Windows-1252 where every byte has a meaning in it. What is neither is refused in words
rather than read as other characters.

Rows are counted from 1 with the header (RFC 7111) and a row is not a line: a cell may hold several.
A block of names and values may stand above the header (COUNTER); its rows count too.
A cell's text has runs of white space, non-breaking spaces and line ends included, made one space.
"""

from __future__ import annotations

import codecs
import csv
import re
import unicodedata
from collections import Counter
from contextlib import suppress
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, Literal, TextIO

from collex_graph.errors import UnreadableSourceError
from collex_graph.model import Note, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from collex_graph.model import RecordSource, SourceFile

DELIMITERS = (";", ",", "\t", "|")

_NO_COLUMN = ("MissingColumn", "RenamedColumn", "ColumnNotInSheet")
_HEADER_AMONG = 20
"""Of a table that people fill in, the first rows, of which one is the header."""
_CELL_VALUES = ("_column", "_cell")
_HEADER_VALUE = "_header."
_CHUNK_BYTES = 1 << 20
_BLANK = ' \t\r\n,;|"\xa0'
_MOST_BLOCK_ROWS = 100
_MULTIBYTE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_HIGH = re.compile(rb"[\x80-\xff]")
_UNDEFINED_IN_1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_IN_PARENTHESES = re.compile(r"\([^()]*\)")
_UTF_7 = re.compile(rb"\+/v[89+/]")


class TableRecords:
    """The rows of one table (a `RecordStream`).

    Args:
        source_file: the file.
        sources: what is asked of it; where several are, the first declares delimiter and quotes.

    Raises:
        UnreadableSourceError: when the file is empty, binary, in no known encoding, or has none of
            the columns asked for.

    Attributes:
        encoding: as found: ``utf-8``, ``windows-1252``, ``utf-16``.
        delimiter: as declared or found.
        header: the names of its columns.
    """

    def __init__(self, source_file: SourceFile, sources: Sequence[RecordSource]) -> None:
        self._path = source_file.path
        self._sources = sources
        self._by_hand = sources[0].by_hand
        self._wanted_sheet = source_file.sheet or sources[0].sheet
        self._name_of = column_key if self._by_hand else header_name
        self._sheet: str | None = None
        self._beyond = 0
        self._indexes = tuple(
            i for i, source in enumerate(sources) if not (source.cells or source.iterator)
        )
        self._of_file = tuple(i for i, source in enumerate(sources) if source.iterator == "file")
        self._read = 0
        self.encoding = self._prepare()
        asked = {column for source in sources for column in source.columns}
        around = {name for name in asked if name in _CELL_VALUES or name.startswith(_HEADER_VALUE)}
        asked -= around
        aliases = {
            column: others for source in sources for column, others in source.aliases.items()
        }
        self._quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if sources[0].quoted else csv.QUOTE_NONE
        header_row = sources[0].header_row
        if self._by_hand:
            header_row = self._find_header_row(asked, aliases)
        block, lines, self._header_line = self._first_rows(sources[0].header, header_row)
        self._header_row = len(block) + 1
        self.delimiter = self._find_delimiter(lines, asked, aliases)
        header = self._split(lines, self.delimiter)
        self.header = list(map(header_name, header))
        self._width = len(header)
        self._columns, self._notes = self._read_header(header, asked, aliases)
        optional = {name for source in sources for name in source.optional}
        self._notes = [
            (note, column)
            for note, column in self._notes
            if note.rule not in _NO_COLUMN or note.value not in optional
        ]
        if asked and not self._columns.keys() & asked:
            shown = ", ".join(sorted(asked)[:8])
            raise UnreadableSourceError(
                self._path,
                f"none of the columns that the mapping reads is there (delimiter "
                f"{self.delimiter!r}): {shown}",
                line=self._header_line,
            )
        self._cells = [
            (index, [(place, name) for place, name in enumerate(map(header_name, header))
                     if re.fullmatch(source.cells, name)])
            for index, source in enumerate(sources) if source.cells
        ]  # fmt: skip
        self._around = self._place_around(block, around)
        self._unread = self._unread_columns(header, asked)
        self._filled = [0] * len(self._unread)
        if self.encoding != "utf-8":
            self._notes.insert(0, (Note("EncodingNotUtf8", self.encoding), None))

    @property
    def columns(self) -> Mapping[str, int]:
        """Column name of the mapping → place in a row."""
        return self._columns

    @property
    def sheet(self) -> str | None:
        """Name of the sheet, for workbooks."""
        return self._sheet

    @property
    def name(self) -> str:
        """What the table is called: its sheet, else its file."""
        return self._sheet or self._path.name

    @property
    def left_out(self) -> Mapping[str, int]:
        """Columns that no rule refers to → rows read so far in which they are filled.

        Of the header block above a table, its names, as ``_header.Release``.
        """
        found = Counter(self._header_left_out)
        for (_, name), count in zip(self._unread, self._filled, strict=True):
            found[name] += count
        if self._beyond:
            found[f"column {self._width + 1} and further"] += self._beyond
        return +found

    @property
    def records_read(self) -> int:
        """Rows read so far, without the header and blank rows."""
        return self._read

    def __iter__(self) -> Iterator[Record]:
        """Read the rows.

        Raises:
            UnreadableSourceError: for a quotation mark that is never closed.
        """
        notes: tuple[tuple[Note, str | None], ...]
        if self._notes:
            line, row = self._header_line, self._header_row
            notes = tuple(self._notes)
            yield Record([], (), self._sheet, line=line, row=row, notes=notes, usable=False)
        sheet, is_sheet = self._sheet, self._sheet is not None
        width, indexes, around = self._width, self._indexes, self._around
        numbers = dict.fromkeys((index for index, _ in self._cells), 0)
        with self._open() as stream:
            rows = csv.reader(stream, delimiter=self.delimiter, quoting=self._quoting, strict=True)
            number, line = 0, 1
            while True:
                number += 1
                notes = ()
                usable = True
                try:
                    cells = next(rows)
                except StopIteration:
                    if self._of_file and not self._read and self._header_row > 1:
                        yield self._record_of_file([""] * width)
                    break
                except csv.Error as error:
                    self._check_end(str(error), line)
                    cells, usable = [], False
                    notes = ((Note("MalformedRow", str(number)), None),)
                start, line = line, rows.line_num + 1
                if is_sheet:
                    notes = (*notes, *self._notes_of(number))
                if number <= self._header_row or (
                    usable and not notes and not any(map(str.strip, cells))
                ):
                    continue
                if usable and len(cells) != width:
                    if len(cells) < width:
                        if not is_sheet:  # a sheet leaves out empty cells at the end
                            notes = (_row_note("ShortRow", number, len(cells), width),)
                        cells += [""] * (width - len(cells))
                    elif is_sheet:
                        self._beyond += any(map(str.strip, cells[width:]))
                        del cells[width:]
                    elif any(map(str.strip, cells[width:])):
                        notes = (*notes, _row_note("LongRow", number, len(cells), width))
                        usable = False
                    else:
                        del cells[width:]
                if self._of_file and not self._read:
                    yield self._record_of_file(cells if usable else [""] * width)
                self._read += 1
                for unread, (place, _) in enumerate(self._unread) if usable else ():
                    if cells[place]:
                        self._filled[unread] += 1
                if around:
                    cells += around
                if indexes or notes:
                    yield Record(
                        content=cells,
                        sources=tuple([(index, self._read) for index in indexes]),
                        component=sheet,
                        line=start,
                        row=number,
                        notes=notes,
                        usable=usable and bool(indexes),
                    )
                for index, places in self._cells if usable else ():
                    for place, name in places:
                        if not cells[place].strip():
                            continue
                        numbers[index] += 1
                        content = [*cells[:width], name, cells[place], *around[2:]]
                        of_cell = ((index, numbers[index]),)
                        yield Record(content, of_cell, sheet, line=start, row=number)
        if last := self._last_notes():
            row = self._header_row
            yield Record([], (), sheet, line=row, row=row, notes=last, usable=False)

    def _unread_columns(self, header: list[str], asked: set[str]) -> list[tuple[int, str]]:
        """Return the columns that no rule refers to and that are no cells' column."""
        read = {self._columns[name] for name in asked if name in self._columns}
        read |= {place for _, places in self._cells for place, _ in places}
        return [
            (place, name or f"column {place + 1}")
            for place, name in enumerate(map(header_name, header))
            if place not in read
        ]

    def _record_of_file(self, first: list[str]) -> Record:
        """Return what stands for the table as a whole: its header block, and its first row.

        A block without any row behind it is a report that says why there is none.
        """
        of_file = tuple((index, 1) for index in self._of_file)
        return Record([*first, *self._around], of_file, self._sheet, line=1, row=1)

    def _place_around(self, block: list[list[str]], asked: set[str]) -> list[str]:
        """Give places behind the columns to a cell's column and text, and to the header block.

        Returns:
            What stands there in every record, the cell's two left empty; nothing where no rule
            refers to any of it.
        """
        values = dict.fromkeys(_CELL_VALUES, "")
        for lines in block:
            name, *rest = self._split(lines, self.delimiter) or [""]
            values.setdefault(f"{_HEADER_VALUE}{header_name(name)}", rest[0] if rest else "")
        self._header_left_out = {
            name: 1 for name, value in values.items() if value and name not in asked
        }
        if not asked:
            return []
        for place, name in enumerate(values):
            self._columns[name] = self._width + place
        for name in sorted(asked - values.keys()):
            self._notes.append((Note("MissingColumn", name), name))
        return list(values.values())

    def _check_end(self, problem: str, line: int) -> None:
        """Refuse a file whose rows can no longer be told apart."""
        if "unexpected end of data" in problem:
            raise UnreadableSourceError(
                self._path, "a quotation mark is opened in this row and never closed", line=line
            )
        if "field limit" in problem:
            raise UnreadableSourceError(
                self._path,
                f"a cell holds more than {csv.field_size_limit():,} characters: probably a "
                "quotation mark that is never closed",
                line=line,
            )

    # --- what a format of tables does in its own way ----------------------------------------------

    def _prepare(self) -> str:
        """Look at the file as a whole, and return its encoding."""
        return find_encoding(self._path)

    def _delimiters(self) -> tuple[str, ...]:
        """Return the delimiters that the table may have."""
        declared = self._sources[0].delimiter
        return (declared,) if declared else DELIMITERS

    def _open(self) -> AbstractContextManager[Iterable[str]]:
        """Open the table as lines of text."""
        return self._open_text()

    def _notes_of(self, row: int) -> tuple[tuple[Note, str | None], ...]:
        """Return what is to be said of a row that has just been read."""
        return ()

    def _last_notes(self) -> tuple[tuple[Note, str | None], ...]:
        """Return what is known when all rows have been read."""
        return ()

    def _open_text(self) -> TextIO:
        stream = self._path.open(encoding=self.encoding, newline="")
        if self.encoding == "utf-8" and stream.read(1) != "\ufeff":
            stream.seek(0)
        return stream

    def _first_rows(self, header: str, row: int) -> tuple[list[list[str]], list[str], int]:
        """Return the header block row by row, the lines of the columns' row, and its line.

        The blank row that ends the block is its last one.
        """
        block: list[list[str]] = []
        line = 1
        with self._open() as stream:
            while True:
                lines: list[str] = []
                for text in stream:
                    lines.append(text)
                    if "".join(lines).count('"') % 2 == 0 or len(lines) > 100:
                        break
                blank = not "".join(lines).strip(_BLANK)
                if row:
                    if len(block) == row - 1:
                        break
                    if not lines:
                        raise UnreadableSourceError(
                            self._path, f"has no row {row}, where its header should be", line=line
                        )
                    block.append([])
                    line += len(lines)
                    continue
                if not header or (block and not block[-1]):
                    break
                if not lines or len(block) >= _MOST_BLOCK_ROWS:
                    raise UnreadableSourceError(
                        self._path,
                        "a table with names and values above it was expected, and no blank row "
                        "stands between the two",
                        line=line,
                    )
                block.append([] if blank else lines)
                line += len(lines)
        if blank:
            raise UnreadableSourceError(self._path, f"has no header in line {line}", line=line)
        return [lines or [""] for lines in block], lines, line

    def _split(self, lines: list[str], delimiter: str) -> list[str]:
        try:
            return next(csv.reader(lines, delimiter=delimiter, quoting=self._quoting), [])
        except csv.Error as error:
            raise UnreadableSourceError(
                self._path, f"its header cannot be split into columns ({error})", line=1
            ) from error

    def _find_delimiter(
        self, lines: list[str], asked: set[str], aliases: Mapping[str, Sequence[str]]
    ) -> str:
        """Choose the delimiter that gives most of the columns asked for, then most columns."""

        def merit(delimiter: str) -> tuple[int, int]:
            header = self._split(lines, delimiter)
            columns, _ = self._read_header(header, asked, aliases)
            return len(columns.keys() & asked), len(header)

        return max(self._delimiters(), key=merit)

    def _read_header(
        self, header: list[str], asked: set[str], aliases: Mapping[str, Sequence[str]]
    ) -> tuple[dict[str, int], list[tuple[Note, str | None]]]:
        places: dict[str, int] = {}
        key_of = self._name_of
        wanted = {key_of(name) for name in asked}
        wanted |= {key_of(other) for others in aliases.values() for other in others}
        notes: list[tuple[Note, str | None]] = []
        for place, name in enumerate(header):
            key = key_of(name)
            if not key:
                continue
            if key in places:
                if key in wanted:
                    notes.append((Note("DuplicateColumn", header_name(name)), header_name(name)))
            else:
                places[key] = place
        columns = {} if self._by_hand else dict(places)
        for name in sorted(asked):
            keys = (key_of(name), *(key_of(other) for other in aliases.get(name, ())))
            found = next((key for key in keys if key in places), None)
            if found is not None:
                columns[name] = places[found]
            elif not self._by_hand:
                notes.append((Note("MissingColumn", name), name))
        if self._by_hand:
            notes += self._absent_columns(asked - columns.keys(), header, set(columns.values()))
        return columns, notes

    def _absent_columns(
        self, absent: set[str], header: list[str], read: set[int]
    ) -> Iterator[tuple[Note, str]]:
        """Tell the columns that a sheet lacks, and under which name they perhaps stand there."""
        others = {
            column_key(name): header_name(name)
            for place, name in enumerate(header)
            if place not in read and column_key(name)
        }
        for name in sorted(absent):
            near = get_close_matches(column_key(name), others, n=1, cutoff=0.7)
            if near:
                yield Note("RenamedColumn", name, (("near", others[near[0]]),)), name
            else:
                yield Note("ColumnNotInSheet", name), name

    def _find_header_row(self, asked: set[str], aliases: Mapping[str, Sequence[str]]) -> int:
        """Find the row with most of the columns: people write titles above it."""
        keys = {column_key(name) for name in asked}
        keys |= {column_key(other) for others in aliases.values() for other in others}
        best, best_row = 0, 1
        for delimiter in self._delimiters():
            with self._open() as stream:
                rows = csv.reader(stream, delimiter=delimiter, quoting=self._quoting)
                with suppress(csv.Error):
                    for number, cells in enumerate(islice(rows, _HEADER_AMONG), start=1):
                        found = len(keys & {column_key(cell) for cell in cells})
                        if found > best:
                            best, best_row = found, number
        return best_row


def find_encoding(path: Path) -> str:
    """Find the encoding of a text file.

    Returns:
        ``utf-8`` (a byte order mark may be there), ``utf-16`` with its mark, ``utf-16-le`` or
        ``utf-16-be`` without, or ``windows-1252``.

    Raises:
        UnreadableSourceError: for an empty file, NUL bytes, or bytes of no known encoding.
    """
    try:
        with path.open("rb") as stream:
            chunk = stream.read(_CHUNK_BYTES)
            if not chunk:
                raise UnreadableSourceError(path, "the file is empty")
            if chunk.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
                raise UnreadableSourceError(path, "is UTF-32, which is not read: save it as UTF-8")
            if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                encoding = "utf-16"
            elif unmarked := _utf_16_without_mark(chunk):
                encoding = unmarked
            elif _UTF_7.match(chunk):
                raise UnreadableSourceError(path, "is UTF-7, which is not read: save it as UTF-8")
            else:
                encoding = "utf-8"
            decoder = codecs.getincrementaldecoder(encoding)()
            line = 1
            while chunk:
                if encoding == "utf-8" and b"\0" in chunk:
                    line += chunk[: chunk.index(b"\0")].count(b"\n")
                    raise UnreadableSourceError(
                        path, "holds NUL bytes: no text, or UTF-16 without its mark", line=line
                    )
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    if encoding != "utf-8":
                        raise UnreadableSourceError(path, "is not UTF-16 as it says") from error
                    return _windows_1252(path)
                line += chunk.count(b"\n")
                chunk = stream.read(_CHUNK_BYTES)
            if decoder.getstate()[0]:
                if encoding != "utf-8":
                    raise UnreadableSourceError(path, "breaks off inside a character", line=line)
                return _windows_1252(path)
    except OSError as error:
        raise UnreadableSourceError(path, f"cannot be read: {error.strerror}") from error
    return encoding


def _utf_16_without_mark(start: bytes) -> str:
    """Return which UTF-16 a text without mark is in, by the zero bytes of its ASCII signs.

    >>> _utf_16_without_mark("title;year".encode("utf-16-le")), _utf_16_without_mark(b"title")
    ('utf-16-le', '')
    """
    sample = start[:4096]
    even, odd, most = sample[::2].count(0), sample[1::2].count(0), len(sample) // 5
    if odd > most and not even:
        return "utf-16-le"
    return "utf-16-be" if even > most and not odd else ""


def _windows_1252(path: Path) -> str:
    """Tell Windows-1252 from UTF-8 that was damaged, which would read as other characters."""
    proper = stray = first_stray = 0
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if b"\0" in line:
                raise UnreadableSourceError(path, "holds NUL bytes: not a text file", line=number)
            proper += len(_MULTIBYTE.findall(line))
            rest = _MULTIBYTE.sub(b"", line)
            if _HIGH.search(rest):
                stray += len(_HIGH.findall(rest))
                first_stray = first_stray or number
            undefined = _UNDEFINED_IN_1252.search(rest)
            if undefined is not None:
                raise UnreadableSourceError(
                    path,
                    f"the byte 0x{undefined[0].hex()} is neither UTF-8 nor Windows-1252: "
                    "save the file as UTF-8",
                    line=number,
                )
    if proper > stray:
        raise UnreadableSourceError(
            path, "is UTF-8 with damaged characters: save it again as UTF-8", line=first_stray
        )
    return "windows-1252"


def column_key(name: str) -> str:
    """Return what two headers that people write must share: letters and digits, no accents.

    >>> column_key("Date de  décision *"), column_key("DATE DE DECISION (jj/mm/aaaa)")
    ('date de decision', 'date de decision')
    """
    plain = unicodedata.normalize("NFKD", _IN_PARENTHESES.sub(" ", name).replace("œ", "oe"))
    letters = "".join(c for c in plain.casefold() if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", letters))


def header_name(name: str) -> str:
    """Return a column's name as it is compared: composed characters, single spaces."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def _row_note(rule: str, number: int, found: int, expected: int) -> tuple[Note, str | None]:
    arguments = (("expected", str(expected)), ("found", str(found)))
    return Note(rule, str(number), arguments), None
