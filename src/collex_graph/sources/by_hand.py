"""Tables that people fill in: which sheet is which, and what of it is no value.

A mapping document says so with ``columns``. One workbook then holds a table for each kind of thing,
found by the sheet's name, else by its columns; a CSV file is one such table. The rows of help and
of example that `collex-graph template` writes are never data, wherever they stand, and neither are
the columns that tell why a row was set aside.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final

from collex_graph.model import Note, Record
from collex_graph.sources.tabular import DELIMITERS, TableRecords, column_key, find_encoding
from collex_graph.sources.xlsx import SheetRecords, first_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from collex_graph.model import RecordSource, SourceFile

HELP_MARK: Final = "[aide]"
"""What the cells of a row of help begin with."""
EXAMPLE_MARK: Final = "[exemple]"
"""What the first cell, and every cell of free text, of a row of example begins with."""
WHY_COLUMN: Final = "Motif de mise de côté"
WHERE_COLUMN: Final = "Origine"
"""The columns that the build adds to rows set aside."""
OTHER_SHEETS: Final = ("Lisez-moi", "Listes")
"""Sheets of a template that hold no data."""

_ADDED: Final = frozenset({column_key(WHY_COLUMN), column_key(WHERE_COLUMN)})
_LOOKED_AT = 20
_FEWEST_COLUMNS = 2
# without « aucun », « none »: lists have such concepts
_NOTHING: Final = frozenset(
    {
        "-", "--", "---", "–", "—", "/", "?", "??", "n/a", "na", "n.a.", "n.a", "nc", "n.c.",
        "néant", "neant", "sans objet", "s.o.", "non renseigné", "non renseignée", "non communiqué",
        "à compléter",
    }
)  # fmt: skip
_LONGEST_NOTHING: Final = max(map(len, _NOTHING))
_MAILBOX: Final = re.compile(
    r"(?:mailto:)?[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}", re.ASCII
)
_MASK: Final = "[…]"
"""What stands for an address of electronic mail, which never enters a graph or a report."""
_MISREAD: Final = re.compile("[ÃÂÅ][^ A-Za-z]|â€")
"""How the accented letters and the quotation marks of UTF-8 look in Windows-1252."""
_INVISIBLE: Final = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))


def tables_in(file: SourceFile, sources: Sequence[RecordSource]) -> list[SourceFile]:
    """Return the tables of a file that people filled in; the file itself where it is none.

    Args:
        file: the file.
        sources: those that read a file of its name.
    """
    kinds: dict[str, set[str]] = {}
    for source in sources:
        if source.by_hand:
            names = {column_key(name) for name in source.columns}
            names |= {column_key(o) for others in source.aliases.values() for o in others}
            kinds.setdefault(source.sheet, set()).update(names)
    if not kinds or file.problem:
        return [file]
    if file.path.suffix.lower() == ".xlsx":
        return _sheets(file, kinds)
    kind = _kind_by_name(file.path.stem, kinds)
    if kind is None:
        kind = _kind_by_columns(_rows_of_text(file), kinds)
    if kind is None:
        return [_refused(file, kinds)]
    return [replace(file, kind=kind)]


def _refused(file: SourceFile, kinds: Mapping[str, set[str]]) -> SourceFile:
    names = ", ".join(f"« {kind} »" for kind in kinds)
    return replace(
        file,
        problem=f"neither its name nor its columns tell which sheet of the template it is: {names}",
    )


def _sheets(file: SourceFile, kinds: Mapping[str, set[str]]) -> list[SourceFile]:
    tables: list[SourceFile] = []
    notes: list[Note] = []
    taken: dict[str, str] = {}
    others = {column_key(name) for name in OTHER_SHEETS}
    for name, is_hidden, rows in first_rows(file.path, _LOOKED_AT):
        if column_key(name) in others:
            continue
        kind = _kind_by_name(name, kinds)
        by_columns = None
        if kind is None:
            by_columns = kind = _kind_by_columns(rows, kinds)
        if not rows:
            if kind is not None:
                notes.append(Note("EmptySheet", name))
            continue
        if kind is None:
            known = ", ".join(f"« {one} »" for one in kinds)
            notes.append(Note("UnknownSheet", name, (("known", known),)))
            continue
        if by_columns is not None:
            notes.append(Note("SheetByItsColumns", name, (("kind", kind),)))
        if is_hidden:
            notes.append(Note("HiddenSheet", name))
        taken[name] = kind
        tables.append(
            replace(file, sheet=name, kind=kind, label=f"{file.label or file.name}/{name}")
        )
    if not tables:
        return [_refused(file, kinds)]
    tables[0] = replace(tables[0], notes=tuple(notes))
    return tables


def _kind_by_name(name: str, kinds: Mapping[str, set[str]]) -> str | None:
    """Return the kind whose name a sheet's or a file's name begins with, the longest of several."""
    key = column_key(re.sub(r"[-_.]+", " ", name))
    fitting = [
        kind
        for kind in kinds
        if re.match(rf"{re.escape(column_key(kind.replace('-', ' ')))}(?!\w)", key)
    ]
    return max(fitting, key=len, default=None)


def _kind_by_columns(rows: Sequence[Sequence[str]], kinds: Mapping[str, set[str]]) -> str | None:
    """Return the kind that alone has most of the columns of one of some rows."""
    merits = Counter(
        {
            kind: max((len(names & set(map(column_key, row))) for row in rows), default=0)
            for kind, names in kinds.items()
        }
    )
    (kind, best), *others = merits.most_common(2)
    if best < min(_FEWEST_COLUMNS, len(kinds[kind])) or (others and others[0][1] == best):
        return None
    return kind


def _rows_of_text(file: SourceFile) -> list[list[str]]:
    """Return the first rows of a delimited text, under each delimiter."""
    found: list[list[str]] = []
    encoding = find_encoding(file.path)
    for delimiter in DELIMITERS:
        with (
            suppress(csv.Error),
            file.path.open(encoding=encoding.replace("utf-8", "utf-8-sig"), newline="") as stream,
        ):
            found += islice(csv.reader(stream, delimiter=delimiter), _LOOKED_AT)
    return found


class FilledRecords:
    """The rows of a table that people filled in (a `RecordStream`).

    Args:
        source_file: the table, as `tables_in` gives it.
        sources: what is asked of it.

    Raises:
        UnreadableSourceError: as `TableRecords` does.
    """

    def __init__(self, source_file: SourceFile, sources: Sequence[RecordSource]) -> None:
        is_workbook = source_file.path.suffix.lower() == ".xlsx"
        self._table = (SheetRecords if is_workbook else TableRecords)(source_file, sources)
        self._notes = source_file.notes
        self._passed_over = 0
        self._nothing_said: set[int] = set()

    @property
    def columns(self) -> Mapping[str, int]:
        """Column name of the mapping → place in a row."""
        return self._table.columns

    @property
    def header(self) -> list[str]:
        """The names of its columns."""
        return self._table.header

    @property
    def left_out(self) -> Mapping[str, int]:
        """Columns that no rule refers to → rows in which they are filled."""
        return {
            name: count
            for name, count in self._table.left_out.items()
            if column_key(name) not in _ADDED
        }

    @property
    def records_read(self) -> int:
        """Rows read so far, without the header, blank rows, help and examples."""
        return self._table.records_read - self._passed_over

    def __iter__(self) -> Iterator[Record]:
        """Read the rows."""
        names = {place: name for name, place in self.columns.items()}
        examples: list[int] = []
        row = 1
        for record in self._notes_first():
            if not record.sources:
                yield record
                continue
            cells = record.content
            row = record.row or row
            # a mark anywhere in the row; that it begins a cell is seen to only then
            text = "\n".join(cells).casefold()
            if HELP_MARK in text and _is_help(cells):
                self._passed_over += 1
                continue
            if EXAMPLE_MARK in text and _is_example(cells):
                self._passed_over += 1
                examples.append(row)
                continue
            notes = self._clean(cells, names)
            if notes:
                record.notes = (*record.notes, *notes)
            if any(cells):
                yield record
                continue
            self._passed_over += 1
            if record.notes:
                yield self._remark(record.notes, row)
        if examples:
            shown = ", ".join(map(str, examples[:10])) + (", …" if len(examples) > 10 else "")
            note = Note("ExampleRows", shown, (("count", str(len(examples))),))
            yield self._remark(((note, None),), examples[0])
        if not self.records_read:
            yield self._remark(((Note("EmptySheet", self._table.name), None),), 1)

    def _remark(self, notes: tuple[tuple[Note, str | None], ...], row: int) -> Record:
        return Record([], (), self._table.sheet, row=row, line=row, notes=notes, usable=False)

    def _notes_first(self) -> Iterator[Record]:
        if self._notes:
            yield self._remark(tuple((note, None) for note in self._notes), 1)
        yield from self._table

    def _clean(self, cells: list[str], names: Mapping[int, str]) -> list[tuple[Note, str | None]]:
        """Take away what is not meant as a value; say so once a column."""
        notes: list[tuple[Note, str | None]] = []
        for place, name in names.items():
            cell = cells[place]
            if not cell:
                continue
            cells[place], nothing, said = _cleaned(cell)
            notes += [(note, name) for note in said]
            if nothing and place not in self._nothing_said:
                self._nothing_said.add(place)
                notes.append((Note("NothingInWords", nothing), name))
        return notes


@lru_cache(maxsize=1024)
def _cleaned(cell: str) -> tuple[str, str, tuple[Note, ...]]:
    """Return what is meant as a value in a cell, the words that say "nothing", and remarks.

    Most columns of a table say the same few things.
    """
    notes: list[Note] = []
    if not cell.isascii():
        for run, letter in _misread(cell).items():
            # what was meant by the cell may be a name: the signs alone are quoted
            notes.append(Note("Mojibake", run, (("repaired", letter),)))
            cell = cell.replace(run, letter)
        cell = cell.translate(_INVISIBLE)
    if "@" in cell and _MAILBOX.search(cell):
        whole = _MAILBOX.fullmatch(cell.strip()) is not None
        cell = "" if whole else _MAILBOX.sub(_MASK, cell)
        notes.append(Note("MailboxInsteadOfPage" if whole else "MailboxInCell", ""))
    if not cell or len(cell) > _LONGEST_NOTHING + 8:
        return cell, "", tuple(notes)
    word = " ".join(cell.split())
    if not word or word.casefold() in _NOTHING:
        return "", word, tuple(notes)
    return cell, "", tuple(notes)


def _misread(cell: str) -> dict[str, str]:
    """Return the signs of a cell whose UTF-8 was read as Windows-1252 → the letter they are of.

    Empty for any other cell, and for one that was misread twice.

    >>> _misread("BibliothÃ¨que de lâ€™Arsenal"), _misread("SÃO PAULO"), _misread("Épée")
    ({'Ã¨': 'è', 'â€™': '’'}, {}, {})
    """
    if not _MISREAD.search(cell):
        return {}
    try:
        meant = b"".join(map(_byte, cell)).decode()
    except UnicodeError:
        return {}
    runs = {
        "".join(map(_sign, letter.encode())): letter
        for letter in dict.fromkeys(meant)
        if not letter.isascii()
    }
    return {} if _MISREAD.search(meant) else runs


def _byte(sign: str) -> bytes:
    # five bytes have no character in Windows-1252, and are passed as they are
    return sign.encode("latin-1" if "\x80" <= sign <= "\x9f" else "cp1252")


def _sign(byte: int) -> str:
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


def _is_help(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    marked = sum(cell.lstrip()[:6].casefold() == HELP_MARK for cell in filled)
    return bool(marked) and 2 * marked >= len(filled)


def _is_example(cells: Sequence[str]) -> bool:
    return any(cell.lstrip()[:9].casefold() == EXAMPLE_MARK for cell in cells if cell)


def masked(text: str) -> str:
    """Return a text with a mark in place of each address of electronic mail.

    >>> masked("écrire à nom@example.org, merci")
    'écrire à […], merci'
    """
    return _MAILBOX.sub(_MASK, text) if "@" in text else text


def rows_as_written(
    source_file: SourceFile, sources: Sequence[RecordSource], wanted: frozenset[int]
) -> tuple[list[str], dict[int, list[str]]]:
    """Return the header and some rows of a table, with the texts of their cells.

    An address of electronic mail is masked: such rows are kept in a snapshot.

    Args:
        source_file: the table.
        sources: what was asked of it.
        wanted: numbers of the rows.
    """
    is_workbook = source_file.path.suffix.lower() == ".xlsx"
    table = (SheetRecords if is_workbook else TableRecords)(source_file, sources)
    rows = {
        record.row: [masked(cell) for cell in record.content]
        for record in table
        if record.row in wanted and record.content
    }
    return table.header, {row: cells for row, cells in rows.items() if row is not None}
