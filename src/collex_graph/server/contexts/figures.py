"""Tables and pictures, the drawn map among them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column of a table; where its cells are nodes (``names_node``), a file adds their IRIs."""

    label: str
    numeric: bool = False
    names_node: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: what it says.
        href: what it leads to: the records behind a number, the page of a node.
        iri: the node it stands for.
        fill: the mark of the picture that it repeats in words, empty when it repeats none.
        language: of the text, when it is of the data.
    """

    text: str = ""
    href: str = ""
    iri: str = ""
    fill: str = ""
    language: str = ""


@dataclass(frozen=True)
class DataTable:
    """A table, the whole of it in the file that can be had, its first rows on the page."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Mark:
    """A rectangle of a picture.

    Attributes:
        fill: ``full``, ``part`` (hatched), ``empty`` (outlined), ``unknown`` (a question mark in a
            broken outline) or ``outside`` (a dot): never a colour alone.
        text: written on it.
        label: what it stands for, in words.
    """

    fill: str
    x: float
    y: float
    width: float
    height: float
    text: str = ""
    label: str = ""
    href: str = ""


@dataclass(frozen=True)
class FigureText:
    """Words of a picture; upright ones are read from below."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    upright: bool = False
    fine: bool = False
    href: str = ""


@dataclass(frozen=True)
class Curve:
    """A line through points (``x,y x,y``); its fill is that of the marks on it."""

    fill: str
    points: str


@dataclass(frozen=True)
class Figure:
    """A picture drawn by the server, that says in words what it shows.

    Attributes:
        name: tells it from the other pictures of its page.
        title: what it is.
        description: what there is to see, for those who do not see it.
        legend: fill → what it means, of the fills that occur or could.
        lines: x and y of both ends.
        curves: lines through marks.
    """

    name: str
    title: str
    description: str
    width: float
    height: float
    marks: tuple[Mark, ...]
    texts: tuple[FigureText, ...]
    legend: tuple[tuple[str, str], ...]
    lines: tuple[tuple[float, float, float, float], ...] = ()
    curves: tuple[Curve, ...] = ()


@dataclass(frozen=True)
class MapPoint:
    """A point of the drawn map, in the coordinates of its drawing."""

    x: float
    y: float
    radius: float
    label: str = ""
    href: str = ""


@dataclass(frozen=True)
class MapInset:
    """A frame of the drawing for a region overseas: its name and its corner and size."""

    label: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class PointMap:
    """France drawn with one dot per département, and the places that matter on it.

    Attributes:
        ground: the dots of the départements.
        points: the places shown.
        insets: the frames of the regions overseas.
        outside: how many places lie outside the drawing and its frames, said beside it.
        frames: what scripts need to place a position: for each frame west, south, east and north
            in degrees, its left and upper edge, its scale, and how much longitudes shrink.
        label: what the drawing shows, for those who do not see it.
    """

    ground: tuple[MapPoint, ...]
    points: tuple[MapPoint, ...]
    insets: tuple[MapInset, ...]
    outside: int
    label: str
    width: int
    height: int
    frames: tuple[tuple[float, ...], ...]
