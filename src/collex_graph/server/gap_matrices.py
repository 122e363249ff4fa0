"""Disciplines by region and by century: which cells are empty, and why.

A cell has four states that are never merged: present; none in the notices read; discipline (or
date) not given; outside the sample. A silence is not a no: no page says that something does not
exist, but that what was read does not show it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from collex_graph.server.contexts.figures import Cell, Column, DataTable
from collex_graph.server.drawn_figures import Square, draw_matrix
from collex_graph.server.gap_parts import (
    answered_gap,
    by_label,
    columns_named,
    count_of,
    local_name,
    missing_gap,
    node_cell,
    number_cell,
    year_of_snapshot,
)
from collex_graph.server.messages import century
from collex_graph.server.reader import integer

if TYPE_CHECKING:
    from collections.abc import Callable

    from collex_graph.server.contexts.gaps import Gap
    from collex_graph.server.reader import GraphReader

_STATES = ("present", "none-read", "not-given", "outside")
_FILLS = {"present": "full", "none-read": "empty", "not-given": "unknown", "outside": "outside"}
_SIGNS = {"not-given": "?"}


def _legend(reader: GraphReader) -> dict[str, str]:
    return {_FILLS[state]: reader.words(f"state.{state}") for state in _STATES}


_MOST_EMPTY = 4
"""Disciplines without any labelled fonds that have a row of their own; more share one."""


def _apart(disciplines: list[str], is_empty: Callable[[str], bool]) -> tuple[list[str], list[str]]:
    """Return disciplines with a row of their own, and those that share one, theirs being alike.

    The rows of disciplines that no labelled fonds gives differ in their names alone.
    """
    empty = [discipline for discipline in disciplines if is_empty(discipline)]
    if len(empty) <= _MOST_EMPTY:
        return disciplines, []
    return [discipline for discipline in disciplines if discipline not in empty], empty


def _names(reader: GraphReader, disciplines: list[str]) -> str:
    return ", ".join(reader.label_of(discipline).value for discipline in disciplines)


# --- discipline × region -------------------------------------------------------------------------


def discipline_by_region(reader: GraphReader) -> Gap:
    """Which cells of discipline × region have labelled fonds, and why the others are empty."""
    words = reader.words
    read = {row["region"].value: row for row in reader.rows("gap-regions")}
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    holders: Counter[str] = Counter()
    for row in reader.rows("gap-disciplines"):
        discipline = row["discipline"].value
        counts[discipline].update(
            {row["region"].value: count_of(row, "count")} if "region" in row else {}
        )
        holders[discipline] += count_of(row, "holders")
    if not read:
        return missing_gap(reader, "matrix")
    all_regions = [row["concept"].value for row in reader.rows("gap-scheme-regions")]
    reader.learn_labels({*all_regions, *read, *counts})
    regions = by_label(reader, {*all_regions, *read})
    disciplines = by_label(reader, counts)

    def state_of(discipline: str, region: str) -> str:
        if counts[discipline].get(region):
            return "present"
        if region not in read:
            return "outside"
        return "not-given" if count_of(read[region], "silent") else "none-read"

    def records(discipline: str, region: str) -> str:
        pairs = [
            ("counted", "true"),
            ("discipline", local_name(discipline)),
            ("region", local_name(region)),
        ]
        return "/search?" + urlencode(pairs)

    states = Counter(state_of(d, r) for d in disciplines for r in regions)
    own, alike = _apart(disciplines, lambda discipline: not counts[discipline])
    headings = [(d, reader.label_of(d).value) for d in own]
    if alike:
        headings.append((alike[0], words("gap.alike", count=len(alike))))
    drawn = []
    for discipline, name in headings:
        squares = []
        for region in regions:
            state, count = state_of(discipline, region), counts[discipline].get(region, 0)
            said = words("count.labelled", count=count) if count else words(f"state.{state}")
            squares.append(
                Square(
                    _FILLS[state],
                    words("gap.cell", row=name, column=reader.label_of(region).value, says=said),
                    str(count) if count else _SIGNS.get(state, ""),
                    records(discipline, region) if count else "",
                )
            )
        drawn.append((name, squares))
    exported = [
        (
            node_cell(reader.node(discipline)),
            node_cell(reader.node(region)),
            Cell(str(counts[discipline].get(region, 0))),
            Cell(state_of(discipline, region)),
            Cell(str(count_of(read[region], "units") if region in read else 0)),
        )
        for discipline in disciplines
        for region in regions
    ]
    rows = []
    for region in regions:
        row = read.get(region, {})
        labelled, silent = count_of(row, "labelled"), count_of(row, "silent")
        href = "/search?" + urlencode({"region": local_name(region)})
        cells = [
            node_cell(reader.node(region)),
            number_cell(reader, count_of(row, "units"), href),
            number_cell(reader, labelled, f"{href}&counted=true"),
            number_cell(reader, silent),  # no search finds what has no value
        ]
        for discipline, _ in headings:
            state, count = state_of(discipline, region), counts[discipline].get(region, 0)
            cells.append(
                Cell(
                    words.number(count) if count else words(f"state.{state}"),
                    records(discipline, region) if count else "",
                    fill=_FILLS[state],
                )
            )
        rows.append(tuple(cells))
    single = [d for d in disciplines if holders[d] == 1]
    notes = [words("gap.matrix.note"), words("gap.matrix.note_states")]
    if single:
        notes.append(words("gap.matrix.single", count=len(single), names=_names(reader, single)))
    if alike:
        notes.append(words("gap.alike_names", names=_names(reader, alike)))
    whole = len(regions) * len(disciplines)
    answer = words(
        "gap.matrix.answer", count=states["present"], whole=whole, none=states["none-read"],
        silent=states["not-given"], outside=states["outside"],
    )  # fmt: skip
    figure = draw_matrix(
        "matrix", words("gap.matrix.figure"), answer,
        columns=[reader.label_of(region).value for region in regions],
        rows=drawn, legend=_legend(reader),
    )  # fmt: skip
    columns = columns_named(reader, "region*", "units#", "labelled#", "silent#")
    return answered_gap(
        reader, "matrix", answer=answer, notes=notes, figures=(figure,),
        table=DataTable(
            words("gap.matrix.caption"),
            columns + tuple(Column(name) for _, name in headings),
            tuple(rows),
        ),
        export=DataTable(
            "", columns_named(reader, "discipline*", "region*", "labelled#", "state", "units#"),
            tuple(exported),
        ),
        query="gap-disciplines",
    )  # fmt: skip


# --- discipline × century ------------------------------------------------------------------------


def discipline_by_century(reader: GraphReader) -> Gap:
    """Which centuries have labelled fonds, discipline by discipline."""
    words = reader.words
    units: dict[str, tuple[set[str], list[tuple[int, int]]]] = {}
    now = year_of_snapshot()
    for row in reader.rows("gap-periods"):
        named, spans = units.setdefault(row["unit"].value, (set(), []))
        if "discipline" in row:
            named.add(row["discipline"].value)
        start = integer(row.get("start"))
        end = integer(row.get("end")) or (now if "open" in row else start)
        if start is not None and end is not None and start > 0:
            spans.append((_century(start), _century(max(start, end))))
    covered = {
        number
        for row in reader.rows("gap-centuries")
        for number in range(count_of(row, "first"), count_of(row, "last") + 1)
        if number > 0
    }
    if not units or not covered:
        return missing_gap(reader, "periods")
    listed = {row["discipline"].value for row in reader.rows("gap-disciplines")}
    reader.learn_labels(listed)
    disciplines = by_label(reader, listed)
    centuries = range(min({15, *covered}), max(covered) + 1)

    def covers(spans: list[tuple[int, int]], number: int) -> bool:
        return any(first <= number <= last for first, last in spans)

    counts = {
        (d, c): sum(d in said and covers(spans, c) for said, spans in units.values())
        for d in disciplines
        for c in centuries
    }
    undated = Counter(d for said, spans in units.values() if not spans for d in said)
    silent = {
        c: sum(not said and (covers(spans, c) or not spans) for said, spans in units.values())
        for c in centuries
    }

    def state_of(discipline: str, number: int) -> str:
        if counts[discipline, number]:
            return "present"
        if number not in covered:
            return "outside"
        return "not-given" if undated[discipline] or silent[number] else "none-read"

    names = {
        c: words("years.century", century=century((c - 1) * 100 + 1, words.language))
        for c in centuries
    }

    def records(discipline: str) -> str:
        pairs = [("counted", "true"), ("discipline", local_name(discipline))]
        return "/search?" + urlencode(pairs)

    states = Counter(state_of(d, c) for d in disciplines for c in centuries)
    own, alike = _apart(
        disciplines,
        lambda d: not undated[d] and not any(counts[d, number] for number in centuries),
    )
    headings = [(reader.node(d), reader.label_of(d).value) for d in own]
    if alike:
        headings.append((reader.node(alike[0]), words("gap.alike", count=len(alike))))
    drawn = []
    for node, name in headings:
        squares = []
        for number in centuries:
            state, count = state_of(node.iri, number), counts[node.iri, number]
            said = words("count.labelled", count=count) if count else words(f"state.{state}")
            squares.append(
                Square(
                    _FILLS[state],
                    words("gap.cell", row=name, column=names[number], says=said),
                    str(count) if count else _SIGNS.get(state, ""),
                    records(node.iri) if count else "",
                )
            )
        drawn.append((name, squares))

    def cells(discipline: str) -> tuple[Cell, ...]:
        return tuple(
            Cell(
                words.number(counts[discipline, number])
                if counts[discipline, number]
                else words(f"state.{state_of(discipline, number)}"),
                records(discipline) if counts[discipline, number] else "",
                fill=_FILLS[state_of(discipline, number)],
            )
            for number in centuries
        )

    columns = columns_named(reader, "discipline*") + tuple(Column(names[c]) for c in centuries)
    rows = [
        (node_cell(node) if node.iri in own else Cell(name), *cells(node.iri))
        for node, name in headings
    ]
    exported = [(node_cell(reader.node(d)), *cells(d)) for d in disciplines]
    answer = words(
        "gap.periods.answer", count=states["present"], whole=len(counts), none=states["none-read"],
        silent=states["not-given"], outside=states["outside"],
    )  # fmt: skip
    notes = [words("gap.periods.note"), words("gap.periods.note_states")]
    if alike:
        notes.append(words("gap.alike_names", names=_names(reader, alike)))
    legend = _legend(reader) | {"unknown": words("state.date-not-given")}
    return answered_gap(
        reader, "periods", answer=answer,
        notes=notes,
        figures=(
            draw_matrix(
                "periods", words("gap.periods.figure"), answer,
                columns=[names[c] for c in centuries], rows=drawn, legend=legend,
            ),
        ),
        table=DataTable(
            words("gap.periods.caption"),
            columns,
            tuple(rows),
        ),
        export=DataTable("", columns, tuple(exported)),
        query="gap-periods",
    )  # fmt: skip


def _century(year: int) -> int:
    return (year - 1) // 100 + 1
