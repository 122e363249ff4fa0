"""Delimited text: cells rewritten at their characters.

Rows and cells are told apart as the reader tells them (module ``csv``, strict), which
`tests/test_repair.py` checks on generated tables.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Final

from collex_graph.repair.spots import rewritten_by_all
from collex_graph.sources.tabular import TableRecords

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from collex_graph.model import RecordSource, Repair, SourceFile

SEPARATORS: Final = "|"
"""Between the values of a cell."""
_LINE_END: Final = re.compile(r"\r\n|\r|\n")


def correct_table(
    content: bytes, file: SourceFile, sources: Sequence[RecordSource], repairs: Sequence[Repair]
) -> tuple[bytes, list[Repair]]:
    """Make repairs in a delimited text.

    Args:
        content: the file.
        file: where it is.
        sources: those that read it.
        repairs: what to make.

    Returns:
        The corrected file and the repairs made.

    Raises:
        UnreadableSourceError: when it is no such table.
    """
    table = TableRecords(file, sources)
    encoding, mark = _encoding(table.encoding, content)
    text = content[mark:].decode(encoding)
    if text.encode(encoding) != content[mark:]:
        return content, []
    quoted = sources[0].quoted
    by_row = cells_to_mend(repairs, table.columns)
    out: list[str] = []
    end = 0
    applied: list[Repair] = []
    if not by_row:
        return content, []
    last = max(by_row)
    for number, spans in enumerate(cell_spans(text, table.delimiter, quoted=quoted), start=1):
        for place, of_cell in sorted(by_row.get(number, {}).items()):
            if spans is None or place >= len(spans):
                continue
            start, stop = spans[place]
            new, made = rewritten_by_all(
                _cell(text[start:stop], quoted=quoted), of_cell, SEPARATORS
            )
            written = _written(new, text[start:stop], table, quoted=quoted)
            if not made or written is None or not _can_be(written, encoding):
                continue
            out += (text[end:start], written)
            end = stop
            applied += made
        if number >= last:
            break
    return content[:mark] + "".join((*out, text[end:])).encode(encoding), applied


def cells_to_mend(
    repairs: Sequence[Repair], columns: Mapping[str, int]
) -> dict[int, dict[int, list[Repair]]]:
    """Return row → place in it → repairs, for those whose cell is known."""
    by_row: dict[int, dict[int, list[Repair]]] = {}
    for repair in repairs:
        where = repair.position
        place = columns.get(where.column or "") if where is not None else None
        if where is not None and where.row is not None and place is not None:
            by_row.setdefault(where.row, {}).setdefault(place, []).append(repair)
    return by_row


def _encoding(encoding: str, content: bytes) -> tuple[str, int]:
    """Return the encoding behind the byte order mark, and the length of the mark."""
    if encoding == "utf-16":
        little = content.startswith(codecs.BOM_UTF16_LE)
        return ("utf-16-le" if little else "utf-16-be"), 2
    has_mark = encoding == "utf-8" and content.startswith(codecs.BOM_UTF8)
    return encoding, len(codecs.BOM_UTF8) if has_mark else 0


def _can_be(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _cell(raw: str, *, quoted: bool) -> str:
    return raw[1:-1].replace('""', '"') if quoted and raw.startswith('"') else raw


def _written(new: str, raw: str, table: TableRecords, *, quoted: bool) -> str | None:
    """Return a cell as the file writes cells: quoted where it was, or where it must be."""
    must = any(sign in new for sign in (table.delimiter, "\r", "\n")) or new.startswith('"')
    if not quoted:
        return None if any(sign in new for sign in (table.delimiter, "\r", "\n")) else new
    if must or raw.startswith('"'):
        return '"' + new.replace('"', '""') + '"'
    return new


def cell_spans(
    text: str, delimiter: str, *, quoted: bool
) -> Iterator[list[tuple[int, int]] | None]:
    r"""Yield for each row where its cells stand, quotation marks included; None for a broken row.

    Args:
        text: the table.
        delimiter: between cells.
        quoted: whether a quotation mark encloses a cell.

    >>> list(cell_spans('a;"b;c"\r\n\r\n"d"x;e\n', ";", quoted=True))
    [[(0, 1), (2, 7)], [], None]
    """
    plain = re.compile(f"[^{re.escape(delimiter)}\r\n]*")
    enclosed = re.compile(r'"[^"]*(?:""[^"]*)*"')
    place, length = 0, len(text)
    while place < length:
        spans: list[tuple[int, int]] | None = []
        if line_end := _LINE_END.match(text, place):
            yield spans
            place = line_end.end()
            continue
        while spans is not None:
            is_quoted = quoted and text.startswith('"', place)
            found = (enclosed if is_quoted else plain).match(text, place)
            if found is None:  # never closed: the reader refuses the file
                return
            spans.append(found.span())
            place = found.end()
            if place >= length:
                break
            if text[place] == delimiter:
                place += 1
                continue
            line_end = _LINE_END.match(text, place)
            if line_end is not None:
                place = line_end.end()
                break
            # something stands behind a closing quotation mark: the reader gives the line up
            line_end = _LINE_END.search(text, place)
            place = line_end.end() if line_end else length
            spans = None
        yield spans
