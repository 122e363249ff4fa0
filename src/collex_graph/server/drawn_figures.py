"""Matrices, bars and time lines, drawn by the server as SVG that is legible on a phone.

A picture is 360 units wide, about as many as a phone has pixels, and grows on a wide screen. What a
mark stands for is told by its form (full, hatched, outlined, a question mark, a dot), by its words
and by the table beside the picture; colour repeats it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from collex_graph.server.contexts.figures import Curve, Figure, FigureText, Mark

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

WIDTH = 360.0
_LETTER = 5.9
"""Mean width of a letter of a label."""
_LABEL = 15.0
"""Height of a line of label."""
_LARGEST_CELL = 26.0
_BAR = 13.0
_ROOM_FOR_NUMBERS = 44.0
_LANE = 9.0
_SPACE = 9.0


@dataclass(frozen=True)
class Square:
    """A cell of a matrix."""

    fill: str
    label: str
    text: str = ""
    href: str = ""


@dataclass(frozen=True)
class Segment:
    """A part of a bar: so many of a kind."""

    fill: str
    count: int
    label: str
    href: str = ""


@dataclass(frozen=True)
class Bar:
    """A bar: its name, its parts, what stands at its end."""

    label: str
    segments: tuple[Segment, ...]
    end: str
    href: str = ""


@dataclass(frozen=True)
class Lane:
    """A line of years under a name: spans of years with their fill and words."""

    label: str
    spans: tuple[tuple[str, int, int, str], ...]


@dataclass(frozen=True)
class Line:
    """The lanes of one thing."""

    label: str
    lanes: tuple[Lane, ...]
    href: str = ""


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def draw_matrix(
    name: str,
    title: str,
    description: str,
    *,
    columns: Sequence[str],
    rows: Sequence[tuple[str, Sequence[Square]]],
    legend: Mapping[str, str],
) -> Figure:
    """Draw a matrix: the names of columns upright above, that of each row above its squares.

    Args:
        name: tells the picture from others of the page.
        title: what it is.
        description: what there is to see.
        columns: their names.
        rows: name and squares of each, as many as there are columns.
        legend: fill → what it means.
    """
    pitch = min(_LARGEST_CELL, WIDTH / max(len(columns), 1))
    size = round(pitch - 2.5, 1)
    head = round(max((len(_cut(c, 30)) for c in columns), default=0) * _LETTER + 6, 1)
    marks, texts = [], []
    for place, column in enumerate(columns):
        x = round(place * pitch + size / 2 + 3.5, 1)
        texts.append(FigureText(x, head - 4, _cut(column, 30), upright=True))
    y = head
    for label, squares in rows:
        texts.append(FigureText(0, round(y + 11, 1), _cut(label, 56)))
        y += _LABEL
        for place, square in enumerate(squares):
            x = round(place * pitch + 0.5, 1)
            marks.append(
                Mark(square.fill, x, round(y + 0.5, 1), size, size, square.text, square.label,
                     square.href)
            )  # fmt: skip
        y += pitch + 6
    return Figure(
        name, title, description, WIDTH, round(y, 1), tuple(marks), tuple(texts),
        tuple(legend.items()),
    )  # fmt: skip


def draw_bars(
    name: str,
    title: str,
    description: str,
    *,
    bars: Sequence[Bar],
    legend: Mapping[str, str],
    as_shares: bool = False,
) -> Figure:
    """Draw bars of several parts, one under the other, each with its name above it.

    Args:
        name: tells the picture from others of the page.
        title: what it is.
        description: what there is to see.
        bars: from top to bottom.
        legend: fill → what it means.
        as_shares: draw every bar whole, and not as long as its number is large.
    """
    longest = max((len(bar.end) for bar in bars), default=0)
    room = WIDTH - max(_ROOM_FOR_NUMBERS, longest * _LETTER + 7)
    most = max((sum(s.count for s in bar.segments) for bar in bars), default=0)
    marks, texts = [], []
    y = 0.0
    for bar in bars:
        texts.append(FigureText(0, round(y + 11, 1), _cut(bar.label, 58), href=bar.href))
        y += _LABEL + 1
        whole = sum(segment.count for segment in bar.segments) if as_shares else most
        x = 0.5
        for segment in bar.segments:
            if not segment.count:
                continue
            # what is there stays visible beside thousands of others
            width = max(room * segment.count / whole, 2.5)
            marks.append(
                Mark(
                    segment.fill, round(x, 1), round(y, 1), round(width, 1), _BAR,
                    label=segment.label, href=segment.href,
                )
            )  # fmt: skip
            x += width
        if x == 0.5:
            marks.append(Mark("unknown", x, round(y, 1), _BAR + 4, _BAR, "?", bar.end))
            x += _BAR + 4
        texts.append(FigureText(round(x + 5, 1), round(y + 10.5, 1), bar.end, fine=True))
        y += _BAR + 9
    return Figure(
        name, title, description, WIDTH, round(y, 1), tuple(marks), tuple(texts),
        tuple(legend.items()),
    )  # fmt: skip


def draw_timeline(
    name: str,
    title: str,
    description: str,
    *,
    lines: Sequence[Line],
    legend: Mapping[str, str],
) -> Figure:
    """Draw spans of years, the lanes of one thing under its name, on one scale.

    Args:
        name: tells the picture from others of the page.
        title: what it is.
        description: what there is to see.
        lines: from top to bottom.
        legend: fill → what it means.
    """
    years = [
        year
        for line in lines
        for lane in line.lanes
        for span in lane.spans
        for year in (span[1], span[2])
    ]
    first, last = min(years, default=1900), max(years, default=2000)
    step = next(s for s in (5, 10, 20, 50, 100, 500) if (last - first) / s <= 7 or s == 500)
    first, last = first // step * step, -(-(last + 1) // step) * step
    left = 46.0
    scale = (WIDTH - left - 2) / max(last - first, 1)
    marks, texts, rules = [], [], []
    y = 16.0
    for line in lines:
        texts.append(FigureText(0, round(y + 11, 1), _cut(line.label, 58), href=line.href))
        y += _LABEL + 2
        for lane in line.lanes:
            texts.append(FigureText(0, round(y + 8, 1), _cut(lane.label, 8), fine=True))
            for fill, start, end, label in lane.spans:
                x = left + (start - first) * scale
                width = max((end + 1 - start) * scale, 1.5)
                marks.append(
                    Mark(fill, round(x, 1), round(y, 1), round(width, 1), _LANE, label=label)
                )
            y += _LANE + 3
        y += _SPACE
    for year in range(first, last + 1, step):
        x = round(left + (year - first) * scale, 1)
        rules.append((x, 14.0, x, round(y, 1)))
        anchor = "end" if year == last else "middle"
        texts.append(FigureText(x, 10, str(year), anchor=anchor, fine=True))
    return Figure(
        name, title, description, WIDTH, round(y, 1), tuple(marks), tuple(texts),
        tuple(legend.items()), tuple(rules),
    )  # fmt: skip


_PLOT = 130.0
_POINT = 5.0


def draw_trend(
    name: str,
    title: str,
    description: str,
    *,
    moments: Sequence[tuple[datetime, str]],
    series: Mapping[str, Sequence[tuple[float | None, str]]],
    legend: Mapping[str, str],
    write: Callable[[float], str],
    highest: float = 0.0,
) -> Figure:
    """Draw numbers over time: a line for each series, a mark for each moment.

    Args:
        name: tells the picture from others of the page.
        title: what it is.
        description: what there is to see.
        moments: at least two, oldest first, each with its words.
        series: fill of the marks → value of each moment (None where nobody counted) and its words.
        legend: fill → what it means.
        write: writes the last value of each series, at its end.
        highest: the top of the scale, where it is not the largest value.
    """
    values = [value for line in series.values() for value, _ in line if value is not None]
    top = highest or max(values, default=0) or 1
    left, right, upper = 4.0, WIDTH - 4.0, 16.0
    first, last = moments[0][0], moments[-1][0]
    span = max((last - first).total_seconds(), 1.0)

    def across(moment: datetime) -> float:
        return round(left + (right - left) * (moment - first).total_seconds() / span, 1)

    def down(value: float) -> float:
        return round(upper + _PLOT * (1 - value / top), 1)

    lines = [(left, upper, right, upper), (left, upper + _PLOT, right, upper + _PLOT)]
    base = round(upper + _PLOT + 14, 1)
    texts = [
        FigureText(left, base, moments[0][1], fine=True),
        FigureText(right, base, moments[-1][1], anchor="end", fine=True),
    ]
    marks, curves = [], []
    labelled: list[float] = []
    for fill, line in series.items():
        points = [
            (across(moment), down(value), words)
            for (moment, _), (value, words) in zip(moments, line, strict=True)
            if value is not None
        ]
        if points and all(abs(points[-1][1] - each) > _LABEL for each in labelled):
            labelled.append(points[-1][1])
            latest = next(value for value, _ in reversed(line) if value is not None)
            texts.append(
                FigureText(right, points[-1][1] - 5, write(latest), anchor="end", fine=True)
            )
        curves.append(Curve(fill, " ".join(f"{x},{y}" for x, y, _ in points)))
        marks += [
            Mark(
                fill,
                round(x - _POINT / 2, 1),
                round(y - _POINT / 2, 1),
                _POINT,
                _POINT,
                label=words,
            )
            for x, y, words in points
        ]
    return Figure(
        name, title, description, WIDTH, round(base + 6, 1), tuple(marks), tuple(texts),
        tuple(legend.items()), tuple(lines), tuple(curves),
    )  # fmt: skip
