"""What is missing, question by question: a sentence, a picture, a table, a file."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from collex_graph.server.contexts.gaps import GapContext, GapsContext
from collex_graph.server.gap_collections import (
    archives_without_deposit,
    digitised_not_aligned,
    labelled_not_digitised,
)
from collex_graph.server.gap_matrices import discipline_by_century, discipline_by_region
from collex_graph.server.gap_parts import named_gap
from collex_graph.server.gap_resources import acquired_not_discoverable, persee_and_istex

if TYPE_CHECKING:
    from collections.abc import Callable

    from collex_graph.server.contexts.figures import DataTable
    from collex_graph.server.contexts.gaps import Gap
    from collex_graph.server.reader import GraphReader

ROWS_SHOWN = 100
"""Rows of a table that its page shows; all of them are in the file."""
GAPS: dict[str, Callable[[GraphReader], Gap]] = {
    "matrix": discipline_by_region,
    "periods": discipline_by_century,
    "digitised": labelled_not_digitised,
    "aligned": digitised_not_aligned,
    "discoverable": acquired_not_discoverable,
    "deposited": archives_without_deposit,
    "coverage": persee_and_istex,
}


def describe_gaps(reader: GraphReader) -> GapsContext:
    """Return the page of all the questions, each with its answer."""
    return GapsContext(
        title=reader.words("gaps.heading"), gaps=tuple(make(reader) for make in GAPS.values())
    )


def describe_gap(reader: GraphReader, name: str) -> GapContext:
    """Return the page of one question.

    Raises:
        KeyError: when there is none of that name.
    """
    gap = GAPS[name](reader)
    return GapContext(
        title=gap.title,
        gap=gap,
        rows=gap.table.rows[:ROWS_SHOWN],
        more=max(len(gap.table.rows) - ROWS_SHOWN, 0),
        others=tuple(named_gap(reader, other) for other in GAPS if other != name),
    )


def table_as_csv(table: DataTable) -> bytes:
    """Return a table as a file for a spreadsheet (UTF-8 with its mark), with the IRIs of nodes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    header: list[str] = []
    for column in table.columns:
        header += [column.label, f"{column.label} (IRI)"] if column.names_node else [column.label]
    writer.writerow(header)
    for row in table.rows:
        fields: list[str] = []
        for column, cell in zip(table.columns, row, strict=True):
            fields += (
                [harmless(cell.text), cell.iri] if column.names_node else [harmless(cell.text)]
            )
        writer.writerow(fields)
    return text.getvalue().encode("utf-8-sig")


def harmless(text: str) -> str:
    """Return words of the data so that a spreadsheet does not take them for a formula.

    >>> harmless("=1+1"), harmless("-"), harmless("Iran")
    ("'=1+1", '-', 'Iran')
    """
    return f"'{text}" if text[:1] in ("=", "+", "@", "\t", "\r") else text
