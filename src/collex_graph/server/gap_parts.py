"""What the questions about what is missing share: cells, columns, how one is put together."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from collex_graph.server.contexts.figures import Cell, Column, DataTable
from collex_graph.server.contexts.gaps import Gap
from collex_graph.server.evidence import coverage_of, describe_datasets
from collex_graph.server.reader import integer, sort_key
from collex_graph.server.services import services
from collex_graph.sparql.catalogue import stored_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyoxigraph as ox

    from collex_graph.server.contexts.figures import Figure
    from collex_graph.server.contexts.values import Node
    from collex_graph.server.reader import GraphReader, Row

MOST_BARS = 24
"""Bars of a picture; the table has a row for each thing."""
NO_TABLE = DataTable("", (), ())


def named_gap(reader: GraphReader, name: str) -> Gap:
    """Return a question with its words alone."""
    words = reader.words
    return Gap(
        name, words(f"gap.{name}.title"), words(f"gap.{name}.question"), "", "", (), (),
        NO_TABLE, NO_TABLE, "", "",
    )  # fmt: skip


def missing_gap(reader: GraphReader, name: str) -> Gap:
    """Return a question that nothing was read for, with what would be needed."""
    words = reader.words
    return Gap(
        name, words(f"gap.{name}.title"), words(f"gap.{name}.question"), "", read_of_known(reader),
        (), (), NO_TABLE, NO_TABLE, words(f"gap.{name}.needed"), "",
    )  # fmt: skip


def answered_gap(
    reader: GraphReader,
    name: str,
    *,
    answer: str,
    notes: Sequence[str],
    figures: Sequence[Figure],
    table: DataTable,
    query: str,
    export: DataTable | None = None,
    coverage: str = "",
    given: dict[str, list[ox.Literal | ox.NamedNode]] | None = None,
) -> Gap:
    """Return a question with its answer.

    Args:
        reader: the graph.
        name: of the question.
        answer: in one sentence.
        notes: how it is counted.
        figures: the pictures.
        table: the same in numbers and words.
        query: the stored query of the pages that counts.
        export: what the file holds, when it is not the table.
        coverage: how much was read, when it is not notices that count.
        given: the parameters of the query.
    """
    words = reader.words
    text = stored_query(f"pages/{query}").text(**(given or {}))
    return Gap(
        name=name,
        title=words(f"gap.{name}.title"),
        question=words(f"gap.{name}.question"),
        answer=answer,
        coverage=coverage or read_of_known(reader),
        notes=tuple(notes),
        figures=tuple(figures),
        table=table,
        export=export or table,
        needed="",
        query_href="/query?" + urlencode({"query": text.strip()}),
    )


def read_of_known(reader: GraphReader) -> str:
    """Return how many notices were read of how many are known, in words."""
    read, known = coverage_of(describe_datasets(reader))
    if known:
        return reader.words("count.read_of_known", read=read, known=known)
    return reader.words("count.read", count=read)


def count_of(row: Row, name: str) -> int:
    """Return a number of a row, 0 when it has none."""
    return integer(row.get(name)) or 0


def node_cell(node: Node) -> Cell:
    """Return a cell that leads to the page of a node."""
    return Cell(node.label.value, node.href, node.iri, language=node.label.language)


def number_cell(reader: GraphReader, count: int, href: str = "") -> Cell:
    """Return a cell with a number that leads to what it counts."""
    return Cell(reader.words.number(count), href if count else "")


def state_cell(reader: GraphReader, fill: str, key: str) -> Cell:
    """Return a cell with a mark of the picture and its words."""
    return Cell(reader.words(key), fill=fill)


def columns_named(reader: GraphReader, *names: str) -> tuple[Column, ...]:
    """Return columns; a name ending in ``#`` is of numbers, in ``*`` of nodes."""
    return tuple(
        Column(reader.words(f"column.{name.rstrip('#*')}"), name.endswith("#"), name.endswith("*"))
        for name in names
    )


def local_name(iri: str) -> str:
    """Return the last part of an IRI, as the addresses of the search have it."""
    return iri.rpartition("/")[2]


def by_label(reader: GraphReader, iris: Iterable[str]) -> list[str]:
    """Return nodes in the order of their labels."""
    return sorted(set(iris), key=lambda iri: (sort_key(reader.label_of(iri).value), iri))


def year_of_snapshot() -> int:
    """Return the year in which an open end is read to end."""
    return services().snapshot.created.year
