"""Lists of what is not a fonds: labels, corpora, acquisitions, archives, competences, communities.

A page has several kinds of things, one shown at a time. Its whole state is its address: the kind,
the facets, the day that intervals are looked at from. A facet that would narrow nothing is not
shown, and a kind that nothing was read of says what would be needed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pyoxigraph as ox
import yaml

from collex_graph.errors import ResourceFileError
from collex_graph.rdf.namespaces import expand
from collex_graph.resources import resource_dir
from collex_graph.server.contexts.lists import (
    Chip,
    Facet,
    FacetValue,
    KindChoice,
    ListContext,
    ListItem,
    Pagination,
)
from collex_graph.server.contexts.values import Text
from collex_graph.server.evidence import property_labels
from collex_graph.server.fact_lists import outgoing_fact
from collex_graph.server.gap_parts import named_gap
from collex_graph.server.intervals import STATES, Interval, day_of, interval_of
from collex_graph.server.questions import describe_questions
from collex_graph.server.reader import Statements, fold, integer, sort_key
from collex_graph.server.services import services
from collex_graph.template import template_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from collex_graph.server.reader import GraphReader, Term

PAGE_SIZE = 20
_VALUES_SHOWN = 6
_INTERVAL = ("collex:validFrom", "collex:validUntil")


@dataclass(frozen=True)
class Kind:
    """A kind of things that a page lists.

    Attributes:
        name: in the address; ``list.kind.{name}`` is its name.
        of: the class of its things.
        facets: the properties that narrow the list.
        facts: the properties that a thing of the list shows, in their order.
        template: the spreadsheet template that would fill it; where there is none,
            ``list.needed.{name}`` says what would.
        sheet: the sheet of that template.
    """

    name: str
    of: str
    facets: tuple[str, ...]
    facts: tuple[str, ...]
    template: str = ""
    sheet: str = ""


@dataclass(frozen=True)
class ListPage:
    """A page of lists.

    Attributes:
        name: of its address; ``list.{name}.title`` and ``list.{name}.lede`` are its words.
        kinds: what it lists, the first shown first.
        gaps: the questions about what is missing that concern it.
        questions: the numbers of the stored questions that concern it.
    """

    name: str
    kinds: tuple[Kind, ...]
    gaps: tuple[str, ...]
    questions: tuple[int, ...]


@cache
def templates() -> frozenset[str]:
    """Return the names of the spreadsheet templates there are."""
    return frozenset(template_names())


@cache
def list_pages() -> dict[str, ListPage]:
    """Read the pages of lists from ``web/lists.yml``: name → page.

    Raises:
        ResourceFileError: when the file is not of that form.
    """
    path = resource_dir("web") / "lists.yml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return {name: _read_page(name, said) for name, said in content.items()}
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ResourceFileError(path, f"is not a description of list pages: {error}") from None


def _read_page(name: str, said: Mapping[str, Any]) -> ListPage:
    kinds = []
    for kind, about in said["kinds"].items():
        template, sheet = about.get("sheet", ("", ""))
        kinds.append(
            Kind(
                kind, about["class"], tuple(about["facets"]), tuple(about["facts"]), template, sheet
            )
        )
    return ListPage(name, tuple(kinds), tuple(said.get("gaps", ())), tuple(said["questions"]))


@dataclass(frozen=True)
class Wish:
    """What is asked of a list.

    Attributes:
        page: the page.
        kind: the kind shown.
        wanted: (facet, value) of each filter, as the address has them.
        on: the day that intervals are looked at from, as it was typed.
        number: of the page of the list, from 1.
    """

    page: ListPage
    kind: Kind
    wanted: tuple[tuple[str, str], ...] = ()
    on: str = ""
    number: int = 1

    def href(self, **changes: object) -> str:
        """Return the address of the list with some of its state changed."""
        wish = replace(self, number=1)
        wish = replace(wish, **changes)  # type: ignore[arg-type]
        pairs = [] if wish.kind is wish.page.kinds[0] else [("kind", wish.kind.name)]
        pairs += wish.wanted
        pairs += [("on", wish.on)] if wish.on else []
        pairs += [("page", str(wish.number))] if wish.number > 1 else []
        return f"/{wish.page.name}" + ("?" + urlencode(pairs) if pairs else "")


def read_wish(name: str, parameters: Mapping[str, Sequence[str]]) -> Wish:
    """Read the address of a list; an unknown kind is the first, an unknown facet nothing."""
    page = list_pages()[name]
    asked = next(iter(parameters.get("kind", ())), "")
    kind = next((each for each in page.kinds if each.name == asked), page.kinds[0])
    facets = [_parameter(facet) for facet in kind.facets]
    wanted = [
        (facet, value[:2000])
        for facet in ("state", *facets)
        for value in dict.fromkeys(parameters.get(facet, ()))
    ]
    number = next(iter(parameters.get("page", ())), "")
    is_number = number.isascii() and number.isdigit() and len(number) < 7
    return Wish(
        page, kind, tuple(wanted), next(iter(parameters.get("on", ())), "")[:20],
        max(int(number), 1) if is_number else 1,
    )  # fmt: skip


def _parameter(facet: str) -> str:
    """Return the name of a facet in the address.

    >>> _parameter("collex:legalStatus"), _parameter("rico:hasOrHadHolder")
    ('legalStatus', 'hasOrHadHolder')
    """
    return facet.partition(":")[2]


@dataclass
class _Thing:
    iri: str
    label: str
    values: dict[str, list[Term]]
    interval: Interval | None


def describe_list(reader: GraphReader, wish: Wish) -> ListContext:
    """Return a page of a list."""
    words = reader.words
    kind = wish.kind
    things = _things(reader, kind)
    day = day_of(wish.on) or services().snapshot.created.date()
    is_dated = any(thing.interval for thing in things)
    kept = [thing for thing in things if _answers(reader, thing, wish, day)]
    pages = max(1, -(-len(kept) // PAGE_SIZE))
    number = min(wish.number, pages)
    shown = kept[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    total = numbers_of_classes(reader)
    return ListContext(
        title=words(f"list.{wish.page.name}.title"),
        name=wish.page.name,
        lede=words(f"list.{wish.page.name}.lede"),
        kinds=tuple(
            KindChoice(
                words(f"list.kind.{each.name}"),
                len(things) if each is kind else total[expand(each.of)],
                f"/{wish.page.name}" if each is wish.page.kinds[0]
                else f"/{wish.page.name}?kind={each.name}",
                each is kind,
            )
            for each in wish.page.kinds
        ),
        kind=words(f"list.kind.{kind.name}"),
        needed=needed_for(reader, kind) if not things else "",
        template=kind.template if kind.template in templates() else "",
        chips=_chips(reader, wish, things),
        facets=_facets(reader, wish, kept, day) if things else (),
        things=tuple(_items(reader, kind, shown, day)),
        on=wish.on if day_of(wish.on) else "",
        on_words=words.date(day),
        on_problem=words("list.on_problem", value=wish.on)
        if wish.on and not day_of(wish.on) else "",
        kept=_state(wish),
        is_dated=is_dated,
        all_href=wish.href(wanted=(), on=""),
        pagination=Pagination(
            first=(number - 1) * PAGE_SIZE + 1 if shown else 0,
            last=(number - 1) * PAGE_SIZE + len(shown),
            total=len(kept),
            page=number,
            pages=pages,
            previous=wish.href(number=number - 1) if number > 1 else "",
            next=wish.href(number=number + 1) if number < pages else "",
        ),
        gaps=tuple(named_gap(reader, name) for name in wish.page.gaps),
        questions=describe_questions(reader, wish.page.questions),
    )  # fmt: skip


def _state(wish: Wish) -> tuple[tuple[str, str], ...]:
    """Return the state that a form beside the list keeps."""
    kind = () if wish.kind is wish.page.kinds[0] else (("kind", wish.kind.name),)
    return (*kind, *wish.wanted)


def numbers_of_classes(reader: GraphReader) -> Counter[str]:
    """Return how many things each class has, as counted when the snapshot was published."""
    return Counter(
        {row["class"].value: integer(row["count"]) or 0 for row in reader.rows("class-counts")}
    )


def _things(reader: GraphReader, kind: Kind) -> list[_Thing]:
    """Return the things of a kind in the order of their labels, with what sorts them."""
    asked = ("rdfs:label", *kind.facets, *_INTERVAL)
    rows = reader.rows("things", kind=[expand(kind.of)], property=list(map(expand, asked)))
    values: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        of_thing = values[row["thing"].value]
        if "property" in row:
            of_thing[row["property"].value].append(row["value"])
    label, first, last = expand("rdfs:label"), *map(expand, _INTERVAL)
    things = []
    for iri, said in values.items():
        name = reader.best(said[label])
        things.append(
            _Thing(
                iri, name.value if name else reader.label_of(iri).value, dict(said),
                interval_of(said[first], said[last]),
            )
        )  # fmt: skip
    return sorted(things, key=lambda thing: (sort_key(thing.label), thing.iri))


def _written(reader: GraphReader, term: Term) -> str:
    """Return a value as an address has it: an IRI of ours without the base, a literal as it is."""
    return term.value.removeprefix(reader.iris.base)


def _answers(reader: GraphReader, thing: _Thing, wish: Wish, day: date) -> bool:
    if wish.on and day_of(wish.on) and not _holds(thing, day):
        return False
    by_name = {_parameter(facet): expand(facet) for facet in wish.kind.facets}
    for name, value in wish.wanted:
        if name == "state":
            if not thing.interval or thing.interval.state(day) != value:
                return False
        elif value not in {_written(reader, t) for t in thing.values.get(by_name[name], ())}:
            return False
    return True


def _holds(thing: _Thing, day: date) -> bool:
    return thing.interval is None or thing.interval.state(day) in ("current", "ending")


def _facets(reader: GraphReader, wish: Wish, kept: list[_Thing], day: date) -> tuple[Facet, ...]:
    """Return the facets that can narrow the list further."""
    words = reader.words
    facets = []
    chosen = set(wish.wanted)
    states = Counter(thing.interval.state(day) for thing in kept if thing.interval)
    dated = sum(states.values())
    found = [
        FacetValue(
            Text(words(f"interval.{state}")), states[state],
            wish.href(wanted=(*wish.wanted, ("state", state))),
        )
        for state in STATES
        if states[state] and ("state", state) not in chosen and states[state] < len(kept)
    ]  # fmt: skip
    if found:
        label = words("list.state", date=words.date(day))
        facets.append(Facet("state", label, tuple(found), (), len(kept) - dated))
    names = property_labels(reader, [expand(facet) for facet in wish.kind.facets])
    reader.learn_labels(
        term.value
        for thing in kept
        for facet in wish.kind.facets
        for term in thing.values.get(expand(facet), ())
        if isinstance(term, ox.NamedNode)
    )
    for facet in wish.kind.facets:
        name = _parameter(facet)
        counts: Counter[Term] = Counter()
        says = 0
        for thing in kept:
            terms = set(thing.values.get(expand(facet), ()))
            counts.update(terms)
            says += bool(terms)
        values = [
            FacetValue(
                _label_of_value(reader, term), count,
                wish.href(wanted=(*wish.wanted, (name, _written(reader, term)))),
            )
            for term, count in counts.items()
            if (name, _written(reader, term)) not in chosen and count < len(kept)
        ]  # fmt: skip
        values.sort(key=lambda value: (-value.count, fold(value.label.value)))
        if values:
            facets.append(
                Facet(
                    name, names[expand(facet)], tuple(values[:_VALUES_SHOWN]),
                    tuple(values[_VALUES_SHOWN:]), len(kept) - says,
                )
            )  # fmt: skip
    return tuple(facets)


def _label_of_value(reader: GraphReader, term: Term) -> Text:
    if isinstance(term, ox.NamedNode):
        return reader.label_of(term.value)
    if term.datatype.value == expand("xsd:boolean"):
        return Text(reader.words("query.yes" if term.value in ("true", "1") else "query.no"))
    return Text(term.value, term.language or "")


def _chips(reader: GraphReader, wish: Wish, things: list[_Thing]) -> tuple[Chip, ...]:
    """Return the filters in force; one that no thing of the kind bears says so."""
    words = reader.words
    names = property_labels(reader, [expand(facet) for facet in wish.kind.facets])
    by_name = {_parameter(facet): expand(facet) for facet in wish.kind.facets}
    known = {
        (name, _written(reader, term)): term
        for name, facet in by_name.items()
        for thing in things
        for term in thing.values.get(facet, ())
    }
    reader.learn_labels(t.value for t in known.values() if isinstance(t, ox.NamedNode))
    chips = []
    for each in wish.wanted:
        name, value = each
        rest = wish.href(wanted=tuple(other for other in wish.wanted if other != each))
        if name == "state":
            label = Text(
                words(f"interval.{value}") if value in STATES
                else words("search.unknown", value=value[:80])
            )  # fmt: skip
            chips.append(Chip(words("list.state_short"), label, rest))
        else:
            term = known.get(each)
            label = (
                _label_of_value(reader, term) if term is not None
                else Text(words("search.unknown", value=value[:80]))
            )  # fmt: skip
            chips.append(Chip(names[by_name[name]], label, rest))
    if wish.on and (day := day_of(wish.on)):
        chips.append(Chip(words("list.on"), Text(words.date(day)), wish.href(on="")))
    return tuple(chips)


def _items(reader: GraphReader, kind: Kind, shown: list[_Thing], day: date) -> list[ListItem]:
    """Return the things of a page, with what they say."""
    if not shown:
        return []
    said: dict[str, dict[str, dict[Term, None]]] = defaultdict(lambda: defaultdict(dict))
    properties = [expand(fact) for fact in kind.facts]
    rows = reader.rows("values-of-things", thing=[t.iri for t in shown], property=properties)
    reader.remember_labels(rows, "value", "label")
    for row in rows:
        said[row["thing"].value][row["property"].value][row["value"]] = None
    names = property_labels(reader, properties)
    items = []
    for thing in shown:
        statements = Statements({p: tuple(terms) for p, terms in said[thing.iri].items()})
        facts = tuple(
            outgoing_fact(reader, thing.iri, predicate, terms, names[predicate])
            for fact, predicate in zip(kind.facts, properties, strict=True)
            if (terms := statements.terms(fact))
        )
        node = reader.node(thing.iri)
        items.append(
            ListItem(
                replace(node, label=Text(thing.label, node.label.language)),
                facts,
                thing.interval.in_words(reader.words) if thing.interval else "",
                thing.interval.state(day) if thing.interval else "",
            )
        )
    return items


def needed_for(reader: GraphReader, kind: Kind) -> str:
    """Return what would have to be read for a kind to have things, in words."""
    if kind.template:
        return reader.words("list.needed_sheet", sheet=kind.sheet, template=kind.template)
    return reader.words(f"list.needed.{kind.name}")
