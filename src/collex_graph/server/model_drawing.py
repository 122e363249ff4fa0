"""Draws a class among those it is linked with: once for a wide page, once for a narrow one.

The drawing is made from links alone, whatever they are: the class stands in the middle, what points
at it on the left, what it points at on the right, each on a line of its own with the words of the
property above it; on a narrow page all of them stand below. So no line crosses another and no word
lies on a box, which a test checks on the whole ontology.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDE = 1060
_BOX_WIDTH = 232
_NARROW = 344
_SPINE = 14
_INDENT = 40
_ROW_GAP = 18
_NAME_LINE = 19
_WORD_LINE = 17
_NAME_CHARACTERS = 21
_WORD_CHARACTERS = 20
_NARROW_CHARACTERS = 42


@dataclass(frozen=True)
class ClassName:
    """A class in a drawing: its name in the page's language, its short name, its page."""

    label: str
    curie: str
    href: str


@dataclass(frozen=True)
class LinkedClass:
    """A class at the other end of one or several properties, with their names."""

    name: ClassName
    properties: tuple[str, ...]


@dataclass(frozen=True)
class Box:
    """A box with a class in it."""

    x: int
    y: int
    width: int
    height: int
    lines: tuple[str, ...]
    curie: str
    href: str
    main: bool = False

    @property
    def middle(self) -> int:
        """Where its words are centred."""
        return self.x + self.width // 2

    def baseline(self, number: int) -> int:
        """Return the height of a line of its words; the short name is the last one."""
        top = self.y + (self.height - _words_height(len(self.lines))) // 2
        return top + _NAME_LINE * number + 15


@dataclass(frozen=True)
class Edge:
    """A line between two boxes, and the head of the arrow at its end."""

    path: str
    head: str


@dataclass(frozen=True)
class EdgeWord:
    """A line of words beside an edge."""

    x: int
    y: int
    text: str
    anchor: str


@dataclass(frozen=True)
class Drawing:
    """A drawing: a viewBox of ``width`` × ``height``, and what is in it."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    words: tuple[EdgeWord, ...]


@dataclass(frozen=True)
class ClassDrawing:
    """The same links drawn for both widths, and said in words."""

    label: str
    wide: Drawing
    narrow: Drawing


def draw_class(
    main: ClassName,
    pointing_at_it: Sequence[LinkedClass],
    pointed_at: Sequence[LinkedClass],
    label: str,
) -> ClassDrawing:
    """Draw a class with its links.

    Args:
        main: the class.
        pointing_at_it: the classes whose properties lead to it.
        pointed_at: the classes its properties lead to.
        label: what the drawing shows, for those who do not see it.
    """
    return ClassDrawing(
        label, _wide(main, pointing_at_it, pointed_at), _narrow(main, pointing_at_it, pointed_at)
    )


def wrap(text: str, characters: int) -> tuple[str, ...]:
    """Break a text into lines at its spaces.

    >>> wrap("Période d'un état de collection", 21)
    ("Période d'un état de", 'collection')
    """
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= characters:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return tuple(lines)


def _words_height(lines: int) -> int:
    return _NAME_LINE * (lines + 1)


def _box(name: ClassName, x: int, y: int, width: int, height: int, *, main: bool = False) -> Box:
    lines = wrap(name.label, _NAME_CHARACTERS)
    return Box(x, y, width, height, lines, name.curie, name.href, main)


def _box_height(name: ClassName) -> int:
    return _words_height(len(wrap(name.label, _NAME_CHARACTERS))) + 20


def _right(x: int, y: int) -> str:
    return f"M{x} {y}l-9 -5v10z"


# --- wide ----------------------------------------------------------------------------------------


def _row_height(linked: LinkedClass) -> int:
    words = sum(len(wrap(text, _WORD_CHARACTERS)) for text in linked.properties)
    return max(_box_height(linked.name), 2 * (_WORD_LINE * words + 4))


def _column_height(column: Sequence[LinkedClass]) -> int:
    return sum(_row_height(each) for each in column) + _ROW_GAP * max(0, len(column) - 1)


def _wide(main: ClassName, left: Sequence[LinkedClass], right: Sequence[LinkedClass]) -> Drawing:
    tallest = max(_column_height(left), _column_height(right), _box_height(main) + 20)
    gap = (_WIDE - 3 * _BOX_WIDTH) // 2
    hub_x = _BOX_WIDTH + gap if left else 2
    hub = _box(main, hub_x, 2, _BOX_WIDTH, tallest, main=True)
    boxes, edges, words = [hub], [], []
    for column, box_x, start, end in (
        (left, 2, 2 + _BOX_WIDTH, hub_x),
        (right, hub_x + _BOX_WIDTH + gap - 2, hub_x + _BOX_WIDTH, hub_x + _BOX_WIDTH + gap - 2),
    ):
        y = 2 + (tallest - _column_height(column)) // 2
        for linked in column:
            height, row = _box_height(linked.name), _row_height(linked)
            middle = y + row // 2
            boxes.append(_box(linked.name, box_x, middle - height // 2, _BOX_WIDTH, height))
            edges.append(Edge(f"M{start} {middle}H{end - 8}", _right(end, middle)))
            lines = [line for text in linked.properties for line in wrap(text, _WORD_CHARACTERS)]
            for number, line in enumerate(reversed(lines)):
                above = middle - 7 - _WORD_LINE * number
                words.append(EdgeWord((start + end) // 2, above, line, "middle"))
            y += row + _ROW_GAP
    return Drawing(_WIDE, tallest + 4, tuple(boxes), tuple(edges), tuple(words))


# --- narrow --------------------------------------------------------------------------------------


def _narrow(main: ClassName, left: Sequence[LinkedClass], right: Sequence[LinkedClass]) -> Drawing:
    hub = _box(main, 2, 2, _NARROW - 4, _box_height(main), main=True)
    boxes, edges, words = [hub], [], []
    y = hub.y + hub.height + _ROW_GAP
    for linked, leads_here in [(each, True) for each in left] + [(each, False) for each in right]:
        for text in linked.properties:
            for line in wrap(text, _NARROW_CHARACTERS):
                words.append(EdgeWord(_INDENT, y + 12, line, "start"))
                y += _WORD_LINE
        height = _box_height(linked.name)
        boxes.append(_box(linked.name, _INDENT, y + 2, _NARROW - _INDENT - 2, height))
        middle, below = y + 2 + height // 2, hub.y + hub.height
        edges.append(
            Edge(f"M{_INDENT} {middle}H{_SPINE}V{below + 8}", f"M{_SPINE} {below}l-5 9h10z")
            if leads_here
            else Edge(f"M{_SPINE} {below}V{middle}H{_INDENT - 8}", _right(_INDENT, middle))
        )
        y += height + _ROW_GAP
    return Drawing(_NARROW, y, tuple(boxes), tuple(edges), tuple(words))
