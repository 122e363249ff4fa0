"""Resources: acquired but not discoverable; the journals of Persée and ISTEX, and their years."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from collex_graph.server.contexts.figures import Cell, DataTable
from collex_graph.server.drawn_figures import Bar, Lane, Line, Segment, draw_bars, draw_timeline
from collex_graph.server.gap_parts import (
    MOST_BARS,
    answered_gap,
    by_label,
    columns_named,
    count_of,
    missing_gap,
    node_cell,
    number_cell,
    state_cell,
    year_of_snapshot,
)
from collex_graph.server.reader import integer, sort_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from collex_graph.server.contexts.gaps import Gap
    from collex_graph.server.reader import GraphReader

_LINES = 16


# --- acquired, not discoverable ------------------------------------------------------------------


def acquired_not_discoverable(reader: GraphReader) -> Gap:
    """Which acquired resources have titles that no catalogue leads to."""
    words = reader.words
    rows = reader.rows("gap-discoverable")
    if not rows:
        return missing_gap(reader, "discoverable")
    reader.learn_labels(row["resource"].value for row in rows)
    kinds = (("full", "inSudoc"), ("part", "numbered"), ("empty", "unidentified"))
    found = []
    for row in rows:
        counts = {fill: count_of(row, name) for fill, name in kinds}
        whole = sum(counts.values())
        fill = (
            "unknown" if not whole else "full" if counts["full"] == whole
            else "empty" if counts["empty"] else "part"
        )  # fmt: skip
        node = reader.node(row["resource"].value)
        rank = ("empty", "part", "full", "unknown").index(fill)
        found.append((rank, -whole, sort_key(node.label.value), node, counts, whole, fill))
    found.sort(key=lambda each: each[:3])
    legend = {fill: words(f"discoverable.{fill}") for fill in ("full", "part", "empty", "unknown")}
    total: Counter[str] = Counter()
    for each in found:
        total.update(each[4])
    without_list = sum(each[6] == "unknown" for each in found)
    answer = words(
        "gap.discoverable.answer", count=len(found), unlisted=without_list, titles=total.total(),
        hidden=total["part"] + total["empty"],
    )  # fmt: skip
    bars = [
        Bar(
            node.label.value,
            tuple(
                Segment(fill, counts[fill], f"{legend[fill]} – {words.number(counts[fill])}")
                for fill, _ in kinds
            ),
            words.number(whole),
            node.href,
        )
        for _, _, _, node, counts, whole, _ in found[:MOST_BARS]
        if whole
    ]
    if without_list:
        said = words("discoverable.unlisted", count=without_list)
        bars.append(Bar(said, (Segment("unknown", without_list, said),), ""))
    return answered_gap(
        reader, "discoverable", answer=answer, notes=(words("gap.discoverable.note"),),
        coverage=words("gap.discoverable.read", count=len(found)),
        figures=(
            draw_bars(
                "discoverable", words("gap.discoverable.figure"), answer, bars=bars, legend=legend,
                as_shares=True,
            ),
        ),
        table=DataTable(
            words("gap.discoverable.caption"),
            columns_named(
                reader, "resource*", "finding", "titles#", "in_sudoc#", "numbered#", "unidentified#"
            ),
            tuple(
                (
                    node_cell(node), state_cell(reader, fill, f"discoverable.{fill}"),
                    number_cell(reader, whole, node.href),
                    *(number_cell(reader, counts[kind], node.href) for kind, _ in kinds),
                )
                for _, _, _, node, counts, whole, fill in found
            ),
        ),
        query="gap-discoverable",
    )  # fmt: skip


# --- Persée and ISTEX ----------------------------------------------------------------------------

Span = tuple[int, int]


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return spans of years in order, those that touch made one.

    >>> merged([(1990, 1995), (1959, 1970), (1971, 1971)])
    ((1959, 1971), (1990, 1995))
    """
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)


def without(spans: Iterable[Span], others: Iterable[Span]) -> tuple[Span, ...]:
    """Return the years of some spans that are in none of the others.

    >>> without([(1950, 2000)], [(1960, 1969), (1990, 2010)])
    ((1950, 1959), (1970, 1989))
    """
    left = list(merged(spans))
    for start, end in merged(others):
        left = [
            part
            for first, last in left
            for part in ((first, min(last, start - 1)), (max(first, end + 1), last))
            if part[0] <= part[1]
        ]
    return merged(left)


def _in_words(spans: Iterable[Span]) -> str:
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in spans)


def persee_and_istex(reader: GraphReader) -> Gap:
    """Which journals are both in Persée and in ISTEX, and which years each lacks."""
    words = reader.words
    journals: dict[str, set[str]] = {"persee": set(), "istex": set()}
    for row in reader.rows("gap-coverage-journals"):
        journals[row["side"].value].add(row["journal"].value)
    if not journals["persee"] and not journals["istex"]:
        return missing_gap(reader, "coverage")
    both = sorted(journals["persee"] & journals["istex"])
    now = year_of_snapshot()
    spans: dict[str, dict[str, list[Span]]] = {j: {"persee": [], "istex": []} for j in both}
    for row in reader.rows("gap-coverage", journal=both):
        start = integer(row.get("start"))
        end = integer(row.get("end")) or (now if "open" in row or start is None else start)
        if start is not None:
            spans[row["journal"].value][row["side"].value].append((start, max(start, end)))
    reader.learn_labels(journals["persee"] | journals["istex"])
    lines, rows = [], []
    gaps_known = 0
    for journal in by_label(reader, both):
        persee, istex = (merged(spans[journal][side]) for side in ("persee", "istex"))
        node = reader.node(journal)
        if persee and istex:
            only_persee, only_istex = without(persee, istex), without(istex, persee)
            whole = (min(persee[0][0], istex[0][0]), max(persee[-1][1], istex[-1][1]))
            neither = without([whole], [*persee, *istex])
            gaps_known += bool(only_persee or only_istex or neither)
            lanes = tuple(
                Lane(
                    words(f"coverage.{side}"),
                    tuple(
                        ("full", a, b, f"{words(f'coverage.{side}')}, {_in_words([(a, b)])}")
                        for a, b in own
                    )
                    + tuple(
                        ("part", a, b, words("coverage.lacking", years=_in_words([(a, b)])))
                        for a, b in without([whole], own)
                    ),
                )
                for side, own in (("persee", persee), ("istex", istex))
            )
            lines.append(Line(node.label.value, lanes, node.href))
            cells = (_in_words(only_persee), _in_words(only_istex), _in_words(neither))
        else:
            cells = (words("coverage.unknown"),) * 3
        rows.append(
            (
                node_cell(node),
                Cell(_in_words(persee) or words("coverage.no_years"), node.href),
                Cell(_in_words(istex) or words("coverage.no_years"), node.href),
                *(Cell(cell or words("coverage.nothing")) for cell in cells),
            )
        )
    for side, here in journals.items():
        held = [Cell(words("query.yes" if each == side else "query.no")) for each in journals]
        rows += [
            (node_cell(reader.node(journal)), *held, Cell(), Cell(), Cell())
            for journal in by_label(reader, here - set(both))
        ]
    sides = (
        ("persee", len(journals["persee"] - journals["istex"])),
        ("both", len(both)),
        ("istex", len(journals["istex"] - journals["persee"])),
    )
    answer = words(
        "gap.coverage.answer" if both else "gap.coverage.answer_none",
        count=len(both), persee=len(journals["persee"]),
        istex=len(journals["istex"]), lacking=gaps_known,
    )  # fmt: skip
    figures = [
        draw_bars(
            "sides", words("gap.coverage.figure_sides"), answer,
            bars=[
                Bar(
                    words(f"coverage.side_{side}"),
                    (Segment("full" if side == "both" else "empty", count, words.number(count)),),
                    words.number(count),
                )
                for side, count in sides
                if count
            ],
            legend={"full": words("coverage.side_both"), "empty": words("coverage.one_side")},
        )
    ]  # fmt: skip
    if lines:
        figures.insert(
            0,
            draw_timeline(
                "coverage", words("gap.coverage.figure"), answer, lines=lines[:_LINES],
                legend={"full": words("coverage.held"), "part": words("coverage.lacked")},
            ),
        )  # fmt: skip
    columns = columns_named(
        reader, "journal*", "in_persee", "in_istex", "only_persee", "only_istex", "neither"
    )
    return answered_gap(
        reader, "coverage", answer=answer, notes=(words("gap.coverage.note"),), figures=figures,
        table=DataTable(words("gap.coverage.caption"), columns, tuple(rows)),
        query="gap-coverage-journals",
        coverage=words(
            "gap.coverage.read", persee=len(journals["persee"]), istex=len(journals["istex"])
        ),
    )  # fmt: skip
