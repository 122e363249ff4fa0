"""The list of fonds: words, facets, chips, order and pages, all in the address.

Every state of the list is an address made of GET parameters, so it can be kept, sent and printed,
and works without scripts. Choosing a value narrows the list: values of one facet and of several are
all wanted at once, so the number beside a value is how many units stay.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pyoxigraph as ox

from collex_graph.rdf.namespaces import expand
from collex_graph.server.contexts.lists import (
    Chip,
    Facet,
    FacetValue,
    Pagination,
    SearchContext,
)
from collex_graph.server.contexts.values import Choice, Text
from collex_graph.server.evidence import coverage_of, describe_datasets
from collex_graph.server.reader import fold, integer
from collex_graph.server.unit_cards import describe_cards
from collex_graph.sparql.terms import is_named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from collex_graph.rdf.iris import Iris
    from collex_graph.server.reader import GraphReader, Term

PAGE_SIZE = 20
_MOST_WORDS = 8
_LONGEST_TEXT = 200
_VALUES_SHOWN = 6
_WORD = re.compile(r"[^\s,;:.!?()\[\]\"«»“”]+")
_PLURAL = re.compile(r"(?<=.{5})[sx]$")
_LOCAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
COUNTED = "true"
"""In place of an IRI: the unit counts as labelled."""
_LEVELS = {
    "fonds": "collex:Fonds",
    "subfonds": "collex:SousFonds",
    "archive": "collex:ArchiveFonds",
    "component": "collex:Component",
}


@dataclass(frozen=True)
class Filter:
    """A parameter of the list.

    Attributes:
        name: in the address; ``facet.{name}`` is its label.
        predicate: what links a unit to its value.
        scheme: concept scheme or kind of entity that short values are in.
        is_shown: whether its values are listed beside the results.
    """

    name: str
    predicate: str
    scheme: str = ""
    is_shown: bool = False


FILTERS = {
    each.name: each
    for each in (
        Filter("label", "collex:hasCurrentLabel", "vocabulary/label", is_shown=True),
        Filter("counted", "collex:countsAsLabelled", "counted", is_shown=True),
        Filter("level", "rdf:type", "level", is_shown=True),
        Filter("discipline", "collex:discipline", "vocabulary/discipline", is_shown=True),
        Filter("holder", "rico:hasOrHadHolder", "id/library", is_shown=True),
        Filter("region", "collex:inRegion", "vocabulary/region", is_shown=True),
        Filter("type", "collex:fondsType", "vocabulary/fonds-type", is_shown=True),
        Filter("document", "collex:documentType", "vocabulary/document-type", is_shown=True),
        Filter("language", "dcterms:language", "lexvo", is_shown=True),
        Filter("departement", "collex:inDepartement", "vocabulary/departement"),
        Filter("treatment", "collex:treatmentStatus", "vocabulary/treatment-status"),
        Filter("accrual", "collex:accrualStatus", "vocabulary/accrual-status"),
        Filter("acquisition", "collex:acquisitionMode", "vocabulary/acquisition-mode"),
        Filter("subject", "rico:hasOrHadSubject"),
        Filter("agent", "collex:linkedAgent"),
    )
}
_NO_NODES = (expand("rdf:type"), expand("collex:countsAsLabelled"))
ORDERS = ("relevance", "title", "start", "holder")


@dataclass(frozen=True)
class Search:
    """What is asked of the list, read from an address.

    Attributes:
        text: the words as typed.
        wanted: (parameter, value as written, IRI) of each filter; ``true`` in place of the IRI for
            what a unit is or is not.
        order: one of `ORDERS`.
        page: from 1.
        unreadable: parameters that could not be read, as (name, value).
        path: of the page that shows what is found.
        kept: parameters of that page itself, which narrow nothing here.
        implied: IRIs wanted as well, which the page itself says and its addresses do not.
    """

    text: str
    wanted: tuple[tuple[str, str, str], ...]
    order: str
    page: int
    unreadable: tuple[tuple[str, str], ...] = ()
    path: str = "/search"
    kept: tuple[tuple[str, str], ...] = ()
    implied: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The words to find, folded, without the mark of a plural; each must be found.

        A word is found inside others: « persan » in « persane » and « persans » too.
        """
        words = (_PLURAL.sub("", word) for word in _WORD.findall(fold(self.text)))
        return tuple(dict.fromkeys(words))[:_MOST_WORDS]

    def href(self, **changes: object) -> str:
        """Return the address of the list with some of its state changed."""
        text = changes.get("text", self.text)
        wanted = changes.get("wanted", self.wanted)
        order = changes.get("order", self.order)
        page = changes.get("page", 1)
        pairs = [("q", text)] if text else []
        pairs += self.kept
        pairs += [(name, value) for name, value, _ in wanted]  # type: ignore[attr-defined]
        usual = "relevance" if text else "title"
        if order not in (usual, "relevance"):
            pairs.append(("sort", order))
        if page != 1:
            pairs.append(("page", page))
        return f"{self.path}?{urlencode(pairs)}" if pairs else self.path


def read_search(parameters: Mapping[str, Sequence[str]], iris: Iris) -> Search:
    """Read the address of the list; what cannot be read is left out and said.

    Args:
        parameters: name → values, as the address has them.
        iris: mints the IRIs of short values.
    """

    def first(name: str) -> str:
        return next(iter(parameters.get(name, ())), "")

    text = " ".join(first("q")[:_LONGEST_TEXT].split())
    wanted, unreadable = [], []
    for name, filter_ in FILTERS.items():
        for value in dict.fromkeys(parameters.get(name, ())):
            iri = _iri_of(filter_, value, iris)
            if iri is None:
                unreadable.append((name, value[:80]))
            else:
                wanted.append((name, value, iri))
    order = first("sort")
    if order not in ORDERS or (order == "relevance" and not text):
        order = "relevance" if text else "title"
    number = first("page")
    page = int(number) if number.isascii() and number.isdigit() and len(number) < 7 else 1
    return Search(text, tuple(wanted), order, max(page, 1), tuple(unreadable))


def _iri_of(filter_: Filter, value: str, iris: Iris) -> str | None:
    if filter_.scheme == "level":
        name = _LEVELS.get(value)
        return expand(name) if name else None
    if filter_.scheme == "counted":
        return value if value == COUNTED else None
    if "://" in value:
        return value if len(value) <= 2000 and is_named(value) else None
    if not filter_.scheme or not _LOCAL.fullmatch(value):
        return None
    if filter_.scheme == "lexvo":
        return expand("lexvo:") + value
    return f"{iris.base}{filter_.scheme}/{value}"


def short_value(name: str, iri: str, iris: Iris) -> str:
    """Return the shortest value of a filter that `_iri_of` reads back."""
    filter_ = FILTERS[name]
    if filter_.scheme == "level":
        return next(value for value, name in _LEVELS.items() if expand(name) == iri)
    if filter_.scheme == "counted":
        return iri
    start = expand("lexvo:") if filter_.scheme == "lexvo" else f"{iris.base}{filter_.scheme}/"
    local = iri.removeprefix(start)
    return local if iri.startswith(start) and _LOCAL.fullmatch(local) else iri


def parameters_of(search: Search) -> dict[str, list[str | Term]]:
    """Return what the stored queries of the list are asked with."""
    asked: dict[str, list[str | Term]] = {
        "wanted": [
            expand("collex:DescribedUnit"),
            *(
                _term(i)
                for i in dict.fromkeys((*search.implied, *(i for _, _, i in search.wanted)))
            ),
        ],
        "word": [ox.Literal(word) for word in search.words],
    }
    asked["matches"] = [ox.Literal(len(asked["wanted"]) + len(asked["word"]))]
    return asked


def describe_search(reader: GraphReader, search: Search) -> SearchContext:
    """Return the list that is asked for."""
    words = reader.words
    asked = parameters_of(search)
    facets, total = describe_facets(reader, search)
    pages = max(1, -(-total // PAGE_SIZE))
    page = min(search.page, pages)
    is_beyond = search.page > pages
    start = (page - 1) * PAGE_SIZE
    rows = reader.rows(
        "search-units",
        order=[ox.Literal(search.order)],
        limit=[ox.Literal(PAGE_SIZE)],
        offset=[ox.Literal(start)],
        **asked,
    )
    cards = () if is_beyond else describe_cards(reader, [row["unit"].value for row in rows])
    read, known = coverage_of(describe_datasets(reader))
    return SearchContext(
        title=words("search.heading"),
        text=search.text,
        kept=tuple((name, value) for name, value, _ in search.wanted),
        chips=describe_chips(reader, search),
        facets=facets,
        cards=cards,
        sorts=tuple(
            Choice(words(f"sort.{order}"), search.href(order=order), order == search.order)
            for order in ORDERS
            if order != "relevance" or search.text
        ),
        pagination=Pagination(
            first=start + 1 if cards else 0,
            last=start + len(cards),
            total=total,
            page=page,
            pages=pages,
            previous=search.href(page=page - 1) if page > 1 else "",
            next=search.href(page=page + 1) if page < pages else "",
        ),
        read=read,
        known=known,
        unreadable=describe_unreadable(reader, search),
        beyond=words("search.beyond", count=pages, page=str(search.page)) if is_beyond else "",
        last_href=search.href(page=pages),
    )


def _term(value: str) -> str | Term:
    return ox.Literal(True) if value == COUNTED else value


def _value_label(reader: GraphReader, name: str, iri: str) -> Text:
    if name == "level":
        key = next(key for key, curie in _LEVELS.items() if expand(curie) == iri)
        return Text(reader.words(f"level.{key}"))
    if name == "counted":
        return Text(reader.words("level.counted"))
    return reader.label_of(iri)


def describe_unreadable(reader: GraphReader, search: Search) -> tuple[str, ...]:
    """Return what to say of the filters that could not be read."""
    words = reader.words
    return tuple(
        words("search.unreadable", facet=words(f"facet.{name}"), value=value)
        for name, value in search.unreadable
    )


def describe_chips(reader: GraphReader, search: Search) -> tuple[Chip, ...]:
    """Return the filters in force, each with the address that removes it."""
    reader.learn_labels(iri for name, _, iri in search.wanted if name not in ("level", "counted"))
    chips = []
    if search.text:
        chips.append(Chip(reader.words("facet.q"), Text(search.text), search.href(text="")))
    for each in search.wanted:
        name, value, iri = each
        rest = tuple(other for other in search.wanted if other != each)
        label = _value_label(reader, name, iri)
        if name not in ("level", "counted") and not reader.is_named(iri):
            label = Text(reader.words("search.unknown", value=value[:80]))
        chips.append(
            Chip(
                reader.words(f"facet.{name}"),
                label,
                search.href(wanted=rest),
            )
        )
    return tuple(chips)


def describe_facets(reader: GraphReader, search: Search) -> tuple[tuple[Facet, ...], int]:
    """Return the facets that can narrow the list further, and how long the list is."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    stated: dict[str, int] = {}
    for row in reader.rows("search-facets", **parameters_of(search)):
        facet, count = row["facet"].value, integer(row["count"]) or 0
        if "value" in row:
            counts[facet][row["value"].value] = count
        else:
            stated[facet] = count
    total = counts[expand("rdf:type")].get(expand("collex:DescribedUnit"), 0)
    levels = {expand(name) for name in _LEVELS.values()}
    reader.learn_labels(
        iri for facet, values in counts.items() if facet not in _NO_NODES for iri in values
    )
    chosen = {iri for _, _, iri in search.wanted}
    facets = []
    for filter_ in FILTERS.values():
        if not filter_.is_shown:
            continue
        found = counts[expand(filter_.predicate)]
        if filter_.name == "level":
            found = {iri: count for iri, count in found.items() if iri in levels}
        values = [
            FacetValue(
                _value_label(reader, filter_.name, iri),
                count,
                search.href(wanted=(*search.wanted, _wish(filter_, iri, reader.iris))),
            )
            for iri, count in found.items()
            if iri not in chosen and not (count == total and len(found) == 1)
        ]
        values.sort(key=lambda value: (-value.count, fold(value.label.value)))
        says = (
            total
            if filter_.name in ("level", "counted")
            else stated.get(expand(filter_.predicate), 0)
        )
        if values:
            facets.append(
                Facet(
                    name=filter_.name,
                    label=reader.words(f"facet.{filter_.name}"),
                    values=tuple(values[:_VALUES_SHOWN]),
                    more=tuple(values[_VALUES_SHOWN:]),
                    unstated=total - says,
                )
            )
    return tuple(facets), total


def _wish(filter_: Filter, iri: str, iris: Iris) -> tuple[str, str, str]:
    return filter_.name, short_value(filter_.name, iri, iris), iri
