"""Collections: labelled but not digitised, digitised but not aligned, archives without deposit."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import pyoxigraph as ox

from collex_graph.server.contexts.figures import Cell, DataTable
from collex_graph.server.drawn_figures import Bar, Segment, draw_bars
from collex_graph.server.gap_parts import (
    MOST_BARS,
    answered_gap,
    columns_named,
    count_of,
    local_name,
    missing_gap,
    node_cell,
    number_cell,
    state_cell,
)
from collex_graph.server.reader import sort_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from collex_graph.server.contexts.gaps import Gap
    from collex_graph.server.contexts.values import Node
    from collex_graph.server.reader import GraphReader, Row


# --- labelled, not digitised ---------------------------------------------------------------------


def _bars_of_holders(
    reader: GraphReader,
    by_holder: Mapping[str, Counter[str]],
    legend: Mapping[str, str],
    *,
    done: tuple[str, ...],
) -> list[Bar]:
    """Return a bar for each holder, those with most to do first.

    Args:
        reader: names holders.
        by_holder: IRI of the holder, empty where nobody says → fill → how many units.
        legend: fill → what it means.
        done: the fills that the number at the end of a bar counts.
    """
    words = reader.words
    most_to_do_first = sorted(
        by_holder.items(), key=lambda item: (-item[1]["empty"], -item[1].total(), item[0])
    )
    return [
        Bar(
            reader.label_of(holder).value if holder else words("gap.no_holder"),
            tuple(
                Segment(
                    fill,
                    counted[fill],
                    f"{label} – {words('count.units_short', count=counted[fill])}",
                )
                for fill, label in legend.items()
            ),
            words("share.of", part=sum(counted[fill] for fill in done), whole=counted.total()),
            reader.href_of(holder) if holder else "",
        )
        for holder, counted in most_to_do_first[:MOST_BARS]
    ]


def labelled_not_digitised(reader: GraphReader) -> Gap:
    """Which labelled fonds have a reproduction, as far as what was read says."""
    words = reader.words
    rows = reader.rows("gap-digitised")
    if not rows:
        return missing_gap(reader, "digitised")
    reader.learn_labels([row[n].value for row in rows for n in ("unit", "holder") if n in row])
    by_holder: dict[str, Counter[str]] = defaultdict(Counter)
    found = []
    for row in rows:
        fill = (
            "full"
            if count_of(row, "digitised")
            else "part"
            if count_of(row, "declared")
            else "empty"
        )
        holder = row["holder"].value if "holder" in row else ""
        by_holder[holder][fill] += 1
        unit = reader.node(row["unit"].value)
        found.append(
            (
                ("empty", "part", "full").index(fill), sort_key(unit.label.value),
                (
                    node_cell(unit),
                    node_cell(reader.node(holder)) if holder else Cell(),
                    state_cell(reader, fill, f"digitised.{fill}"),
                    number_cell(reader, count_of(row, "digitised"), unit.href),
                    number_cell(reader, count_of(row, "parts"), unit.href),
                ),
            )
        )  # fmt: skip
    whole: Counter[str] = Counter()
    for each in by_holder.values():
        whole.update(each)
    legend = {fill: words(f"digitised.{fill}") for fill in ("full", "part", "empty")}
    answer = words(
        "gap.digitised.answer", count=len(rows), none=whole["empty"], some=whole["full"],
        declared=whole["part"],
    )  # fmt: skip
    bars = _bars_of_holders(reader, by_holder, legend, done=("full",))
    return answered_gap(
        reader, "digitised", answer=answer, notes=(words("gap.digitised.note"),),
        figures=(
            draw_bars("digitised", words("gap.digitised.figure"), answer, bars=bars, legend=legend),
        ),
        table=DataTable(
            words("gap.digitised.caption"),
            columns_named(
                reader, "fonds*", "holder*", "reproduction", "parts_digitised#", "parts#"
            ),
            tuple(cells for _, _, cells in sorted(found, key=lambda each: each[:2])),
        ),
        query="gap-digitised",
    )  # fmt: skip


# --- digitised, not aligned ----------------------------------------------------------------------


def digitised_not_aligned(reader: GraphReader) -> Gap:
    """Which digitised things nothing ties to an authority."""
    words = reader.words
    base = [ox.Literal(reader.iris.base)]
    units = reader.rows("gap-aligned", base=base)
    corpora = reader.rows("gap-aligned-corpora", base=base)
    if not units and not corpora:
        return missing_gap(reader, "aligned")
    reader.learn_labels(
        row[n].value for row in (*units, *corpora)
        for n in ("unit", "corpus", "holder", "platform") if n in row
    )  # fmt: skip
    legend = {fill: words(f"aligned.{fill}") for fill in ("full", "part", "empty", "unknown")}
    found: list[tuple[int, str, Node, Cell, int, int, str]] = []
    for row in (*units, *corpora):
        of_unit = "unit" in row
        whole, aligned = count_of(row, "points" if of_unit else "things"), count_of(row, "aligned")
        fill = (
            "unknown"
            if not whole
            else "full"
            if aligned == whole
            else "part"
            if aligned
            else "empty"
        )
        node = reader.node(row["unit" if of_unit else "corpus"].value)
        where = row.get("holder" if of_unit else "platform")
        found.append(
            (
                ("empty", "unknown", "part", "full").index(fill), sort_key(node.label.value), node,
                node_cell(reader.node(where.value)) if where is not None else Cell(),
                aligned, whole, fill,
            )
        )  # fmt: skip
    found.sort(key=lambda each: each[:2])
    states = Counter(each[6] for each in found)
    answer = words(
        "gap.aligned.answer", count=len(found), full=states["full"], part=states["part"],
        none=states["empty"], silent=states["unknown"],
    )  # fmt: skip
    told = [each for each in found if each[5]]
    bars = [
        Bar(
            node.label.value,
            (
                Segment("full", aligned, words("aligned.points", count=aligned)),
                Segment(
                    "empty", whole - aligned, words("aligned.points_without", count=whole - aligned)
                ),
            ),
            words("share.of", part=aligned, whole=whole),
            node.href,
        )
        for _, _, node, _, aligned, whole, _ in told[:MOST_BARS]
    ]
    figures = []
    if bars:
        figures.append(
            draw_bars(
                "aligned", words("gap.aligned.figure"), answer, bars=bars, as_shares=True,
                legend={"full": words("aligned.with"), "empty": words("aligned.without")},
            )
        )  # fmt: skip
    figures.append(
        draw_bars(
            "aligned-states", words("gap.aligned.figure_states"), answer, legend=legend,
            bars=[
                Bar(
                    words(f"aligned.kind_{kind}"),
                    tuple(
                        Segment(fill, count, f"{label} – {words.number(count)}")
                        for fill, label in legend.items()
                        if (count := sum(e[6] == fill and is_kind(e[2]) for e in found))
                    ),
                    words.number(sum(is_kind(e[2]) for e in found)),
                )
                for kind, is_kind in _kinds_of_digitised(units)
                if any(is_kind(e[2]) for e in found)
            ],
        )
    )  # fmt: skip
    return answered_gap(
        reader, "aligned", answer=answer, notes=(words("gap.aligned.note"),), figures=figures,
        table=DataTable(
            words("gap.aligned.caption"),
            columns_named(reader, "digitised*", "where*", "alignment", "aligned#", "cited#"),
            tuple(
                (
                    node_cell(node), where, state_cell(reader, fill, f"aligned.{fill}"),
                    number_cell(reader, aligned, node.href), number_cell(reader, whole, node.href),
                )
                for _, _, node, where, aligned, whole, fill in found
            ),
        ),
        query="gap-aligned", given={"base": list(base)},
    )  # fmt: skip


def _kinds_of_digitised(units: list[Row]) -> tuple[tuple[str, Callable[[Node], bool]], ...]:
    described = {row["unit"].value for row in units}
    return (
        ("unit", lambda node: node.iri in described),
        ("corpus", lambda node: node.iri not in described),
    )


# --- archives without deposit --------------------------------------------------------------------


def archives_without_deposit(reader: GraphReader) -> Gap:
    """Which archive fonds no deposit transfers."""
    words = reader.words
    rows = reader.rows("gap-deposited")
    if not rows:
        return missing_gap(reader, "deposited")
    reader.learn_labels(
        row[n].value for row in rows for n in ("unit", "holder", "deposit", "stage") if n in row
    )  # fmt: skip
    by_unit: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_unit[row["unit"].value].append(row)
    by_holder: dict[str, Counter[str]] = defaultdict(Counter)
    found = []
    for unit, of_unit in by_unit.items():
        deposits = list(dict.fromkeys(row["deposit"].value for row in of_unit if "deposit" in row))
        stages = list(dict.fromkeys(row["stage"].value for row in of_unit if "stage" in row))
        is_ingested = any(local_name(stage) == "ingested" for stage in stages)
        fill = "full" if is_ingested else "part" if deposits else "empty"
        holder = next((row["holder"].value for row in of_unit if "holder" in row), "")
        by_holder[holder][fill] += 1
        node = reader.node(unit)
        found.append(
            (
                ("empty", "part", "full").index(fill), sort_key(node.label.value),
                (
                    node_cell(node),
                    node_cell(reader.node(holder)) if holder else Cell(),
                    state_cell(reader, fill, f"deposited.{fill}"),
                    node_cell(reader.node(deposits[0])) if deposits else Cell(),
                    Cell(
                        reader.label_of(stages[0]).value if stages
                        else words("deposited.no_stage") if deposits else ""
                    ),
                ),
            )
        )  # fmt: skip
    legend = {fill: words(f"deposited.{fill}") for fill in ("full", "part", "empty")}
    whole: Counter[str] = Counter()
    for each in by_holder.values():
        whole.update(each)
    answer = words(
        "gap.deposited.answer", count=len(by_unit), none=whole["empty"], some=whole["part"],
        done=whole["full"],
    )  # fmt: skip
    bars = _bars_of_holders(reader, by_holder, legend, done=("full", "part"))
    read = words("gap.deposited.read", count=len(by_unit))
    return answered_gap(
        reader, "deposited", answer=answer, notes=(words("gap.deposited.note"),), coverage=read,
        figures=(
            draw_bars("deposited", words("gap.deposited.figure"), answer, bars=bars, legend=legend),
        ),
        table=DataTable(
            words("gap.deposited.caption"),
            columns_named(reader, "fonds*", "holder*", "deposit_state", "deposit*", "stage"),
            tuple(cells for _, _, cells in sorted(found, key=lambda each: each[:2])),
        ),
        query="gap-deposited",
    )  # fmt: skip
