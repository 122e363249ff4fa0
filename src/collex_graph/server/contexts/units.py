"""Fonds and their parts, in lists and in hierarchies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collex_graph.server.contexts.values import Node, Text


@dataclass(frozen=True)
class UnitCard:
    """A fonds or a sub-fonds in a list.

    Attributes:
        node: the unit.
        unit_kind: ``fonds``, ``subfonds``, ``unit``, or ``stub`` when no notice of it was read.
        labelled: whether it bears the label now.
        holder: the library that holds it.
        region: the region it is in.
        place: the name of the commune it is in.
        years: the years it covers, in words.
        extent: its first extent, in the words of the source.
        abstract: one sentence about it.
        parent: the fonds that contains it.
        disciplines: the disciplines it gives.
        reasons: why it is in this list: shared people, themes and places.
        roles: in which roles the subject of the page appears in it.
    """

    node: Node
    unit_kind: str
    labelled: bool = False
    holder: Node | None = None
    region: Node | None = None
    place: Text | None = None
    years: str = ""
    extent: str = ""
    abstract: Text | None = None
    parent: Node | None = None
    disciplines: tuple[Node, ...] = ()
    reasons: tuple[Node, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Branch:
    """A unit of a hierarchy, with the units it contains.

    Attributes:
        card: the unit.
        children: the units in it that are shown.
        current: it is the unit of the page.
        size: how many units are in it: at every level where all of them are shown, else directly.
    """

    card: UnitCard
    children: tuple[Branch, ...] = ()
    current: bool = False
    size: int = 0


@dataclass(frozen=True)
class Tree:
    """The hierarchy that a unit stands in.

    Attributes:
        branches: what is shown of it.
        size: how many units it holds, at every level, the topmost not counted.
        more: how many units directly in that of the page are not shown.
        more_href: a query that lists them all, in a list of units the page of the unit.
    """

    branches: tuple[Branch, ...] = ()
    size: int = 0
    more: int = 0
    more_href: str = ""


@dataclass(frozen=True)
class Holding:
    """A unit that a library holds, with what it contains.

    Attributes:
        card: the unit.
        tree: what it contains, or the first part of it.
    """

    card: UnitCard
    tree: Tree
