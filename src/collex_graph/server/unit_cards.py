"""Fonds and sub-fonds in brief, for every list of the site."""

from __future__ import annotations

import re
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pyoxigraph as ox

from collex_graph.server.contexts.units import Branch, Tree, UnitCard
from collex_graph.server.reader import Statements, sort_key
from collex_graph.sparql.catalogue import stored_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from collex_graph.server.contexts.values import Node, Text
    from collex_graph.server.messages import Words
    from collex_graph.server.reader import GraphReader, Term

_NO_STATEMENTS = Statements({})
_WHOLE = 200
"""Units of the largest hierarchy that a page shows whole."""
_DIRECTLY = 300
"""Units directly in one unit that a page shows."""
_WHOLE_IN_LIST = 50
"""Units of the largest hierarchy that a list of several units shows whole."""
_DIRECTLY_IN_LIST = 20
"""Units directly in one unit that a list of several units shows."""
_DEEPEST = 20
"""Levels of the deepest hierarchy that is shown whole; as many as are sought above a unit."""


_KINDS = {
    "collex:Fonds": "fonds",
    "collex:SousFonds": "subfonds",
    "collex:ArchiveFonds": "archive",
    "collex:Component": "component",
}


def unit_kind(statements: Statements) -> str:
    """Return what kind of unit this is: fonds, sub-fonds, component, another unit, or a stub."""
    for name, kind in _KINDS.items():
        if statements.is_a(name):
            return kind
    return "unit" if statements.is_a("collex:DescribedUnit") else "stub"


def describe_cards(
    reader: GraphReader,
    units: Sequence[str],
    *,
    reasons: Mapping[str, Sequence[Node]] | None = None,
    roles: Mapping[str, Sequence[str]] | None = None,
) -> tuple[UnitCard, ...]:
    """Return units in brief, in the order given.

    Args:
        reader: the graph.
        units: their IRIs.
        reasons: unit → why it is in the list.
        roles: unit → in which roles the subject of the page appears in it.
    """
    rows = reader.rows("unit-cards", unit=units)
    reader.remember_labels(rows, "value", "label")
    found: dict[str, dict[str, dict[Term, None]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        found[row["unit"].value][row["property"].value][row["value"]] = None
    everything = {
        unit: Statements({name: tuple(values) for name, values in properties.items()})
        for unit, properties in found.items()
    }
    measured = _measured(reader, units)
    return tuple(
        _card(
            reader,
            unit,
            everything.get(unit, _NO_STATEMENTS),
            measured.get(unit, ""),
            reasons=tuple((reasons or {}).get(unit, ())),
            roles=tuple((roles or {}).get(unit, ())),
        )
        for unit in units
    )


def _card(
    reader: GraphReader,
    unit: str,
    statements: Statements,
    measured: str,
    *,
    reasons: tuple[Node, ...],
    roles: tuple[str, ...],
) -> UnitCard:
    label = reader.best(statements.terms("rdfs:label") or statements.terms("collex:citedAs"))
    node = reader.node(unit)
    return UnitCard(
        node=node if label is None else _renamed(node, label),
        unit_kind=unit_kind(statements),
        labelled=bool(statements.iris("collex:hasCurrentLabel")),
        holder=_first(reader, statements, "rico:hasOrHadHolder"),
        region=_first(reader, statements, "collex:inRegion"),
        place=_name(_first(reader, statements, "collex:hasPlace")),
        years=years_of(reader, statements),
        extent=measured or first_extent(statements),
        abstract=reader.best(statements.terms("dcterms:abstract")),
        parent=_first(reader, statements, "rico:isDirectlyIncludedIn"),
        disciplines=tuple(reader.node(iri) for iri in statements.iris("collex:discipline")),
        reasons=reasons,
        roles=roles,
    )


def _renamed(node: Node, label: Text) -> Node:
    return type(node)(node.iri, label, node.href, node.authority)


def _first(reader: GraphReader, statements: Statements, name: str) -> Node | None:
    iris = statements.iris(name)
    return reader.node(iris[0]) if iris else None


def _name(node: Node | None) -> Text | None:
    return node.label if node else None


def years_of(reader: GraphReader, statements: Statements) -> str:
    """Return the years a unit covers, in words: the earliest start, the latest end."""
    starts = _integers(statements.terms("collex:startYear"))
    ends = _integers(statements.terms("collex:endYear"))
    return reader.words.years(
        min(starts, default=None),
        max(ends, default=None),
        open_end=statements.truth("collex:openEnd"),
    )


def _integers(terms: Iterable[Term]) -> list[int]:
    return [int(term.value) for term in terms if isinstance(term, ox.Literal)]


def _measured(reader: GraphReader, units: Sequence[str]) -> dict[str, str]:
    """Return the total extent of units that give one number and its unit, in words."""
    rows = reader.rows("unit-card-extents", unit=units)
    reader.remember_labels(rows, "measure", "label")
    found: dict[str, dict[tuple[str, bool], str]] = defaultdict(dict)
    for row in rows:
        quantity, measure = row["quantity"].value, reader.label_of(row["measure"].value).value
        is_total = "criterion" in row and row["criterion"].value.endswith("/total")
        found[row["unit"].value][row["extent"].value, is_total] = quantity_in_words(
            reader.words, quantity, measure
        )
    # several totals contradict one another: the words of the source are then better
    return {
        unit: chosen[0]
        for unit, each in found.items()
        if len(chosen := [text for (_, is_total), text in each.items() if is_total]) == 1
        or (not chosen and len(chosen := list(each.values())) == 1)
    }


def quantity_in_words(words: Words, quantity: str, measure: str) -> str:
    """Return a number with its unit, in the number that the language wants.

    >>> from collex_graph.server.messages import words
    >>> quantity_in_words(words("fr"), "0.1", "Mètres linéaires")
    '0,1 mètre linéaire'
    >>> quantity_in_words(words("en"), "3.0", "Boxes")
    '3 boxes'
    >>> quantity_in_words(words("en"), "122", "Archival units (articles)")
    '122 archival units (articles)'
    """
    number = Decimal(quantity)
    whole = number == number.to_integral_value()
    is_one = abs(number) < 2 if words.language == "fr" else number == 1
    noun = measure[:1].lower() + measure[1:]
    if not is_one and not noun.endswith(("s", "x", ")")):
        noun = _WORD_END.sub("s", noun) if words.language == "fr" else f"{noun}s"
    elif is_one:
        noun = _PLURAL.sub(lambda match: "x" if match[0] == "xes" else "", noun)
    return f"{words.number(int(number) if whole else number)} {noun}"


_PLURAL = re.compile(r"(?:xes|s)(?=\s|$)")
_WORD_END = re.compile(r"(?<=\w)(?=\s|$)")
_EXTENT_PREFIX = re.compile(r"^(?:\s*(?:Volume total|Autre volumétrie)\s*:)+\s*", re.IGNORECASE)
_OPTIONAL_PLURAL = re.compile(r"(\d[\d\s.,]*)(\S+?)\(s\)(?:(\s+\S+?)\(s\))?")
_LONGEST_EXTENT = 48


def extent_in_words(wording: str) -> str:
    """Return the wording of an extent without the heading that repeats what it is.

    >>> extent_in_words("Volume total : Volume total : 30 mètre(s) linéaire(s)")
    '30 mètres linéaires'
    >>> extent_in_words("Autre volumétrie : 1 carton(s)")
    '1 carton'
    """
    return _OPTIONAL_PLURAL.sub(_in_number, _EXTENT_PREFIX.sub("", wording)).strip()


def _in_number(match: re.Match[str]) -> str:
    number, noun, adjective = match[1], match[2], match[3] or ""
    mark = "" if number.strip() in ("0", "1") else "s"
    return f"{number}{noun}{mark}" + (f"{adjective}{mark}" if adjective else "")


def first_extent(statements: Statements) -> str:
    """Return the extent that sums a unit up: the total where there is one, else the shortest.

    A number without a unit sums nothing up, and a long enumeration is for the unit's own page.
    """
    wordings = [term.value for term in statements.literals("rico:recordResourceExtent")]
    totals = [wording for wording in wordings if wording.lower().startswith("volume total")]
    chosen = extent_in_words(totals[0] if totals else min(wordings, key=len, default=""))
    if len(chosen) > _LONGEST_EXTENT or not any(letter.isalpha() for letter in chosen):
        return ""
    return chosen


def describe_tree(reader: GraphReader, unit: str, href: str) -> Tree:
    """Return what a unit of a list contains.

    A small hierarchy is shown whole; of a large one the first units that the unit directly
    contains.

    Args:
        reader: the graph.
        unit: the unit.
        href: its page, which shows the rest.
    """
    size = _size(reader, unit)
    branches = _whole_tree(reader, unit, "") if size <= _WHOLE_IN_LIST else None
    if branches is not None:
        return Tree(branches, size)
    children, more = _children(reader, unit, _DIRECTLY_IN_LIST)
    return Tree(children, size, more, href if more else "")


def describe_hierarchy(reader: GraphReader, unit: str, ancestors: Sequence[str]) -> Tree:
    """Return the hierarchy that a unit stands in.

    A small one is shown whole; of a large or very deep one the way from the top to the unit and
    what the unit directly contains.

    Args:
        reader: the graph.
        unit: the unit of the page, marked in the tree.
        ancestors: the units around it, the nearest first.
    """
    top = ancestors[-1] if ancestors else unit
    size = _size(reader, top)
    branches = _whole_tree(reader, top, unit) if size <= _WHOLE else None
    if branches is not None:
        if ancestors and branches:
            branches = (_branch(describe_cards(reader, [top])[0], branches),)
        return Tree(branches, size)
    children, more = _children(reader, unit, _DIRECTLY)
    more_href = ""
    if more:
        text = stored_query("pages/unit-children").text(unit=[ox.NamedNode(unit)])
        more_href = "/query?" + urlencode({"query": text.strip()})
    if not ancestors:
        return Tree(children, size, more, more_href)
    branches = (Branch(describe_cards(reader, [unit])[0], children, current=True),)
    for card in describe_cards(reader, ancestors):
        branches = (Branch(card, branches),)
    return Tree(branches, size, more, more_href)


def _size(reader: GraphReader, unit: str) -> int:
    (counted,) = reader.rows("unit-tree-size", unit=[unit])
    return int(counted["count"].value)


def _children(reader: GraphReader, unit: str, shown: int) -> tuple[tuple[Branch, ...], int]:
    """Return the first units directly in a unit, and how many there are beside them."""
    rows = reader.rows("unit-children", unit=[unit], limit=[ox.Literal(shown + 1)])
    more = 0
    if len(rows) > shown:
        (counted,) = reader.rows("unit-children-count", unit=[unit])
        more = int(counted["count"].value) - shown
    inside = {row["part"].value: int(row["count"].value) for row in rows[:shown]}
    cards = describe_cards(reader, list(inside))
    return tuple(Branch(card, size=inside[card.node.iri]) for card in cards), more


def _branch(card: UnitCard, children: tuple[Branch, ...], *, current: bool = False) -> Branch:
    return Branch(card, children, current, sum(1 + child.size for child in children))


def _whole_tree(reader: GraphReader, unit: str, current: str) -> tuple[Branch, ...] | None:
    """Return everything that a unit contains, None where that goes down too many levels.

    A part of several units is shown in one of them, the highest, and nothing is ever shown inside
    itself: a source may say both.
    """
    parts: dict[str, dict[str, None]] = defaultdict(dict)
    ranks: dict[str, int] = {}
    for row in reader.rows("unit-tree", unit=[unit]):
        part = row["part"].value
        parts[row["parent"].value][part] = None
        ranks[part] = int(row["rank"].value) if "rank" in row else 0
    cards = {card.node.iri: card for card in describe_cards(reader, list(ranks))}

    def order(part: str) -> tuple[int, str, str]:
        return (ranks[part], sort_key(cards[part].node.label.value), part)

    placed = {unit}
    children: dict[str, list[str]] = {}
    levels = [[unit]]
    while levels[-1]:
        if len(levels) > _DEEPEST + 1:
            return None
        below: list[str] = []
        for parent in levels[-1]:
            children[parent] = sorted((p for p in parts[parent] if p not in placed), key=order)
            placed.update(children[parent])
            below += children[parent]
        levels.append(below)

    def branches(parent: str) -> tuple[Branch, ...]:
        return tuple(
            _branch(cards[part], branches(part), current=part == current)
            for part in children[parent]
        )

    return branches(unit)
