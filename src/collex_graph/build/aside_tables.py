"""Rows set aside, as tables that open in a spreadsheet and, corrected, are read again.

``set-aside/{source}.xlsx`` of the snapshot for tables that people fill in, a sheet for each;
``set-aside/{source}/{file}`` for other delimited texts, and where a sheet cannot hold a table. The
columns are those of the table, after one that says why (in French) and one that says where the row
stood; a reader of tables that people fill in passes over both. Of what is private nothing is
written. The folder belongs to who builds: the server hands none of it out.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

import xlsxwriter

from collex_graph.errors import UnreadableSourceError
from collex_graph.model import Severity
from collex_graph.pipeline import written_rows
from collex_graph.rdf.iris import slug
from collex_graph.sources.by_hand import WHERE_COLUMN, WHY_COLUMN
from collex_graph.template.files import TEXT_FORMAT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from collex_graph.build.aside import Aside
    from collex_graph.model import SourceFile, ValidationResult
    from collex_graph.pipeline import MappedSource

FOLDER: Final = "set-aside"
_TABLES: Final = frozenset({".csv", ".tsv", ".tab", ".txt", ".xlsx"})
_MOST_ROWS, _MOST_COLUMNS, _MOST_CHARACTERS = 1_048_575, 16_384, 32_767
"""What one sheet of a workbook holds (ECMA-376)."""


class _Table(NamedTuple):
    file: SourceFile
    header: list[str]
    rows: list[list[str]]


def write_aside_tables(
    folder: Path,
    sources: Sequence[MappedSource],
    asides: Sequence[Aside],
    withheld: Sequence[Aside],
    results: Iterable[ValidationResult],
) -> dict[str, list[Path]]:
    """Write the rows that were set aside.

    Args:
        folder: of the snapshot; nothing is written where no row was set aside.
        sources: the sources.
        asides: what is set aside of each.
        withheld: what of it is private.
        results: of the whole build.

    Returns:
        Source → the files written, their paths in the folder.
    """
    reasons = _reasons(results)
    tables: defaultdict[str, list[_Table]] = defaultdict(list)
    for source, aside, private in zip(sources, asides, withheld, strict=True):
        tables[source.dataset] += _tables(source, aside, private, reasons)
    written: dict[str, list[Path]] = {}
    for dataset, some in tables.items():
        if some:
            written[dataset] = _write(folder / FOLDER, dataset, some)
    return {
        dataset: [path.relative_to(folder) for path in paths] for dataset, paths in written.items()
    }


def _reasons(
    results: Iterable[ValidationResult],
) -> Mapping[tuple[str, str | None, int], dict[str, None]]:
    """Return file, sheet and row → what is wrong there, in French, in the order of the report."""
    found: defaultdict[tuple[str, str | None, int], dict[str, None]] = defaultdict(dict)
    for result in results:
        position = result.position
        if result.severity is Severity.VIOLATION and position is not None and position.row:
            words = [result.messages.get("fr", ""), result.advice.get("fr", "")]
            text = " ".join(filter(None, words))
            found[position.file, position.component, position.row][text] = None
    return found


def _tables(
    source: MappedSource,
    aside: Aside,
    private: Aside,
    reasons: Mapping[tuple[str, str | None, int], dict[str, None]],
) -> Iterator[_Table]:
    for part, request in zip(source.parts, source.requests, strict=True):
        keys = aside.get(part.label, frozenset())
        hidden = private.get(part.label, frozenset())
        file = request.file
        if not keys or part.label in hidden or file.path.suffix.lower() not in _TABLES:
            continue
        wanted = frozenset(
            record.position.row
            for record in part.records()
            if record.position.row
            and (record.key in keys or part.label in keys)
            and record.key not in hidden
        )
        header, rows = list[str](), dict[int, list[str]]()
        with suppress(UnreadableSourceError):  # said when the file was mapped
            header, rows = written_rows(request, wanted)
        told = []
        for row, cells in sorted(rows.items()):
            why = reasons.get((file.name, file.sheet or None, row), {})
            where = ", ".join(filter(None, (file.name, file.sheet, f"rangée {row}")))
            told.append([" — ".join(why) or "Voir le rapport.", where, *cells])
        if told:
            yield _Table(file, [WHY_COLUMN, WHERE_COLUMN, *header], told)


def _write(folder: Path, dataset: str, tables: Sequence[_Table]) -> list[Path]:
    folder.mkdir(exist_ok=True)
    merged: dict[str, list[_Table]] = {}
    others = []
    for table in tables:
        if table.file.kind and _fits(table):
            merged.setdefault(table.file.kind, []).append(table)
        else:
            others.append(table)
    paths = []
    if merged:
        paths.append(folder / f"{dataset}.xlsx")
        with xlsxwriter.Workbook(paths[0], {"constant_memory": True}) as book:
            for kind, some in merged.items():
                for place, table in enumerate(some, start=1):
                    _write_sheet(book, kind if place == 1 else f"{kind} ({place})", table)
    for table in others:
        name = table.file.path.name
        if table.file.kind:
            name = f"{slug(table.file.kind)}-{slug(table.file.path.stem)}.csv"
        path = folder / dataset / name
        path.parent.mkdir(exist_ok=True)
        with path.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(
                stream, delimiter="\t" if path.suffix in {".tsv", ".tab", ".txt"} else ";"
            )
            writer.writerow(table.header)
            writer.writerows(table.rows)
        paths.append(path)
    return paths


def _fits(table: _Table) -> bool:
    """Say whether a sheet of a workbook can hold a table whole."""
    return (
        len(table.rows) <= _MOST_ROWS
        and max(map(len, table.rows)) <= _MOST_COLUMNS
        and all(len(cell) <= _MOST_CHARACTERS for row in table.rows for cell in row)
    )


def _write_sheet(book: xlsxwriter.Workbook, name: str, table: _Table) -> None:
    text = book.add_format({"num_format": TEXT_FORMAT, "valign": "top"})
    why = book.add_format(
        {"num_format": TEXT_FORMAT, "valign": "top", "text_wrap": True, "bg_color": "#FBEFD5"}
    )
    heading = book.add_format({"bold": True, "bg_color": "#D9E2EC", "border": 1})
    page = book.add_worksheet(name[:31])
    page.freeze_panes(1, 2)
    page.set_column(0, 0, 60, why)
    page.set_column(1, 1, 24, text)
    page.set_column(2, max(2, len(table.header) - 1), 22, text)
    for place, cell in enumerate(table.header):
        page.write_string(0, place, cell, heading)
    for row, cells in enumerate(table.rows, start=1):
        for place, cell in enumerate(cells):
            if cell:
                page.write_string(row, place, cell, why if not place else text)
