"""The page of a fonds, of a sub-fonds, and of a fonds that is only cited."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pyoxigraph as ox

from collex_graph.rdf.namespaces import expand
from collex_graph.server.contexts.fonds import (
    DigitalCopy,
    ExtentRow,
    FondsContext,
    IndexEntry,
    NoticeSummary,
    StubContext,
)
from collex_graph.server.contexts.values import Fact, Text, WebLink
from collex_graph.server.drawn_map import locate
from collex_graph.server.evidence import describe_provenance, describe_quality, formats_of
from collex_graph.server.fact_lists import curated_facts
from collex_graph.server.reader import fold, integer, is_web_address, sort_key
from collex_graph.server.unit_cards import describe_cards, describe_hierarchy, extent_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from collex_graph.server.contexts.units import UnitCard
    from collex_graph.server.contexts.values import Node, Value
    from collex_graph.server.reader import GraphReader, Row, Statements, Term

_PASSAGES = (
    ("unit.presentation", "rico:scopeAndContent"),
    ("unit.history", "rico:history"),
)
_ORIGIN = (
    ("unit.origination", ("collex:originationNote",)),
    ("unit.custody", ("collex:custodialHistory",)),
    ("unit.acquisition", ("collex:acquisitionNote",)),
    ("unit.fact.acquisition_mode", ("collex:acquisitionMode",)),
)
_FACTS = (
    ("unit.fact.fonds_type", ("collex:fondsType",)),
    ("unit.fact.document_type", ("collex:documentType",)),
    ("unit.fact.other_type", ("dcterms:type",)),
    ("unit.fact.accrual", ("collex:accrualStatus", "rico:accruals")),
    ("unit.fact.treatment", ("collex:treatmentStatus", "collex:treatmentNote")),
    ("unit.fact.condition", ("collex:physicalCondition",)),
)
_CONDITIONS = (
    ("unit.access", "rico:conditionsOfAccess"),
    ("unit.use", "rico:conditionsOfUse"),
)
# The headings that notices of the CCFr write inside their text on access.
_CONDITION_HEADING = re.compile(
    r"(?:^|(?<=[.\n)]))\s*(Accès|Prêt inter-bibliothèques|Prêt|Reproduction)\s*:\s*"
)
_HEADING_KEYS = {
    "Accès": "unit.access",
    "Prêt": "unit.loan",
    "Prêt inter-bibliothèques": "unit.interlibrary_loan",
    "Reproduction": "unit.reproduction",
}
_BIBLIOGRAPHY = (
    ("unit.remarkable", ("collex:remarkableDocument",)),
    ("unit.references", ("collex:bibliographicReference",)),
)
_ROLES = {
    expand("rico:hasOrganicProvenance"): "role.producer",
    expand("marcrel:fmo"): "role.former_owner",
    expand("marcrel:dnr"): "role.donor",
}
_ELEMENT_OF_PLACES = "geogname"
_ELEMENTS_OF_AGENTS = ("persname", "corpname", "famname")
_LONGEST_ACCESS_LINE = 48
_LANGUAGES_SHOWN = 4
_CCFR = "ccfr.bnf.fr"
_ACCESS_PREFIX = re.compile(r"^Accès\s*:\s*")
_DISCIPLINE_MARK = re.compile(r"\s*\(discipline\)\s*$")
_REASONS_SHOWN = 3


def describe_fonds(reader: GraphReader, iri: str, statements: Statements) -> FondsContext:
    """Return the page of a unit that a notice describes."""
    words = reader.words
    derived = {
        (row["predicate"].value, row["object"].value)
        for row in reader.rows("derived", subject=[iri])
    }
    unit = describe_cards(reader, [iri])[0]
    ancestors = [row["ancestor"].value for row in reader.rows("unit-ancestors", unit=[iri])]
    reader.learn_labels(ancestors)
    notices = _notices(reader, iri)
    places_of_points, themes, people = _index(reader, iri)
    starts = [n for n in map(integer, statements.terms("collex:startYear")) if n is not None]
    ends = [n for n in map(integer, statements.terms("collex:endYear")) if n is not None]
    holder_is_derived = unit.holder is not None and (
        expand("rico:hasOrHadHolder"), unit.holder.iri
    ) in derived  # fmt: skip
    place = statements.iris("collex:hasPlace")
    disciplines = reader.nodes(statements.iris("collex:discipline"))
    cites = _linked(reader, iri, "cites")
    return FondsContext(
        title=unit.node.label.value,
        iri=iri,
        unit=unit,
        breadcrumb=_breadcrumb(reader, unit, ancestors),
        labels=_labels(reader, iri, statements),
        holder_note=_holder_note(reader, unit, is_derived=holder_is_derived),
        languages=_languages(reader, statements),
        access_line=_access_line(reader, statements),
        abstract=reader.in_best_language(statements.literals("dcterms:abstract")),
        passages=tuple(
            Fact(words(key), reader.in_best_language(statements.literals(name)))
            for key, name in _PASSAGES
            if statements.literals(name)
        ),
        origin=_facts(reader, statements, _ORIGIN),
        tree=describe_hierarchy(reader, iri, ancestors),
        facts=_leading_facts(reader, statements, starts, ends) + _facts(reader, statements, _FACTS),
        themes=_without_disciplines(reader, themes, disciplines),
        disciplines=disciplines,
        places=places_of_points,
        people=people,
        extents=_extents(reader, iri),
        digital=_digital(reader, iri),
        conditions=_conditions(reader, statements),
        finding_aids=_links(reader, statements.iris("collex:findingAid")),
        finding_aid_notes=_notes_beyond_links(
            reader, statements.literals("collex:findingAidNote"), statements
        ),
        cites=cites,
        cited_by=tuple(card for card in _linked(reader, iri, "cited") if card not in cites),
        near=_near(reader, iri),
        related_notes=reader.in_best_language(statements.literals("collex:relatedMaterialNote")),
        pages_elsewhere=_links(reader, statements.iris("rdfs:seeAlso")),
        bibliography=_facts(reader, statements, _BIBLIOGRAPHY),
        notices=notices,
        citation=_citation(reader, iri, unit, notices),
        map=locate(reader, place[0], reader.label_of(place[0]).value) if place else None,
        curated=curated_facts(reader, iri),
        provenance=describe_provenance(reader, iri),
        quality=describe_quality(reader, iri),
        formats=formats_of(reader, iri),
    )


def describe_stub(reader: GraphReader, iri: str, statements: Statements) -> StubContext:
    """Return the page of a fonds that notices cite, and whose own notice was not read."""
    cited_as = reader.best(statements.literals("collex:citedAs"))
    node = reader.node(iri)
    if cited_as is not None and not statements.literals("rdfs:label"):
        node = type(node)(iri, cited_as, node.href)
    return StubContext(
        title=node.label.value,
        iri=iri,
        node=node,
        cited_by=_linked(reader, iri, "cited"),
        pages_elsewhere=_links(reader, statements.iris("rdfs:seeAlso")),
        formats=formats_of(reader, iri),
    )


# --- the head ------------------------------------------------------------------------------------


def _breadcrumb(reader: GraphReader, unit: UnitCard, ancestors: list[str]) -> tuple[Node, ...]:
    above = [reader.node(iri) for iri in reversed(ancestors)]
    return ((unit.holder,) if unit.holder else ()) + tuple(above)


def _labels(reader: GraphReader, iri: str, statements: Statements) -> tuple[Node, ...]:
    """Return where the mark of each label leads: to the last decision that gave it, if any."""
    labels = statements.iris("collex:hasCurrentLabel")
    given: dict[str, str] = {}
    for row in reader.rows("labellings", unit=[iri]) if labels else []:
        given.setdefault(row["label"].value, row["labelling"].value)
    return tuple(reader.node(given.get(label, label)) for label in labels)


def _holder_note(reader: GraphReader, unit: UnitCard, *, is_derived: bool) -> str:
    if unit.holder is None:
        return ""
    where = unit.place.value if unit.place else ""
    note = f"{unit.holder.label.value}, {where}" if where else unit.holder.label.value
    return f"{note} ({reader.words('unit.holder_derived')})" if is_derived else note


def _access_line(reader: GraphReader, statements: Statements) -> str:
    """Return the first sentence of the conditions of access when it is short, for the head."""
    text = reader.best(statements.literals("rico:conditionsOfAccess"))
    if text is None:
        return ""
    line = _ACCESS_PREFIX.sub("", text.value).partition(". ")[0].strip().rstrip(".")
    return line if len(line) <= _LONGEST_ACCESS_LINE else ""


def _languages(reader: GraphReader, statements: Statements) -> str:
    """Return the languages for the head: the first ones, and how many more there are."""
    names = [node.label.value for node in reader.nodes(statements.iris("dcterms:language"))]
    if len(names) <= _LANGUAGES_SHOWN + 1:
        return ", ".join(names)
    shown = ", ".join(names[:_LANGUAGES_SHOWN])
    return reader.words("unit.languages", shown=shown, count=len(names) - _LANGUAGES_SHOWN)


def _citation(
    reader: GraphReader, iri: str, unit: UnitCard, notices: Sequence[NoticeSummary]
) -> str:
    for notice in notices:
        if notice.citation is not None and unit.unit_kind == "fonds":
            return notice.citation.value
    parts = [unit.holder.label.value] if unit.holder else []
    parts.append(unit.node.label.value)
    if notices and notices[0].page is not None:
        parts.append(reader.words("cite.notice", address=notices[0].page.href))
    return ". ".join(part.rstrip(". ") for part in parts) + f". <{iri}>"


# --- facts ---------------------------------------------------------------------------------------


def _facts(
    reader: GraphReader, statements: Statements, wanted: Iterable[tuple[str, tuple[str, ...]]]
) -> tuple[Fact, ...]:
    found = []
    for key, names in wanted:
        nodes: tuple[Value, ...] = reader.nodes(statements.iris(*names))
        texts = reader.in_best_language(statements.literals(*names))
        if nodes or texts:
            found.append(Fact(reader.words(key), nodes + texts, names[0]))
    return tuple(found)


def _leading_facts(
    reader: GraphReader, statements: Statements, starts: list[int], ends: list[int]
) -> tuple[Fact, ...]:
    words = reader.words
    facts = []
    wordings = [term.value for term in statements.literals("rico:date")]
    years = words.years(
        min(starts, default=None),
        max(ends, default=None),
        open_end=statements.truth("collex:openEnd"),
    )
    if years or wordings:
        is_open = statements.truth("collex:openEnd")
        centuries = (
            "" if is_open else words.centuries(min(starts, default=None), max(ends, default=None))
        )
        values: list[Value] = []
        if years:
            values.append(Text(f"{years} ({centuries})" if centuries else years))
        values += [
            Text(words("unit.date_wording", wording=wording))
            for wording in wordings
            if fold(wording) != fold(years)
        ]
        facts.append(Fact(words("unit.fact.dates"), tuple(values), "collex:startYear"))
    languages = reader.nodes(statements.iris("dcterms:language"))
    if languages:
        text = ", ".join(node.label.value for node in languages)
        facts.append(Fact(words("unit.fact.languages"), (Text(text),), "dcterms:language"))
    return tuple(facts)


def _conditions(reader: GraphReader, statements: Statements) -> tuple[Fact, ...]:
    """Return the conditions of access and use, each under the heading its notice gives it."""
    facts = []
    for key, name in _CONDITIONS:
        for text in reader.in_best_language(statements.literals(name)):
            first, *rest = _CONDITION_HEADING.split(text.value)
            headed = [(reader.words(key), first), *zip(rest[::2], rest[1::2], strict=True)]
            facts += [
                Fact(_heading(reader, heading), (replace(text, value=passage.strip()),), name)
                for heading, passage in headed
                if passage.strip()
            ]
    return tuple(facts)


def _heading(reader: GraphReader, heading: str) -> str:
    key = _HEADING_KEYS.get(heading)
    return reader.words(key) if key else heading


# --- index entries -------------------------------------------------------------------------------


def _index(
    reader: GraphReader, iri: str
) -> tuple[tuple[IndexEntry, ...], tuple[IndexEntry, ...], tuple[IndexEntry, ...]]:
    """Return the places, themes and people of a unit, each node once."""
    rows = reader.rows("unit-points", unit=[iri])
    reader.remember_labels(rows, "node", "label")
    points: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        points[row["node"].value].append(row)
    roles, agents = _roles(reader, iri)
    people = list(dict.fromkeys([*agents, *_of_elements(points, _ELEMENTS_OF_AGENTS)]))
    places = [n for n in _of_elements(points, (_ELEMENT_OF_PLACES,)) if n not in agents]
    themes = [n for n in _of_elements(points, ("subject",)) if n not in people and n not in places]

    def entries(nodes: Iterable[str]) -> tuple[IndexEntry, ...]:
        return tuple(
            _entry(reader, node, points.get(node, []), roles.get(node, ())) for node in nodes
        )

    in_order = sorted(
        entries(people), key=lambda entry: (not entry.roles, sort_key(entry.node.label.value))
    )
    return entries(places), entries(themes), tuple(in_order)


def _without_disciplines(
    reader: GraphReader, themes: Iterable[IndexEntry], disciplines: Iterable[Node]
) -> tuple[IndexEntry, ...]:
    """Leave out the themes that are the disciplines shown above them, under whatever identifier."""
    shown = list(disciplines)
    iris = {node.iri for node in shown}
    # access points are worded in French, whatever the language of the page
    names = {fold(row["label"].value) for row in reader.rows("labels", node=sorted(iris))}
    names |= {fold(_DISCIPLINE_MARK.sub("", name)) for name in names}
    return tuple(
        entry
        for entry in themes
        if entry.node.iri not in iris
        and not (
            _DISCIPLINE_MARK.search(entry.node.label.value)
            and fold(_DISCIPLINE_MARK.sub("", entry.node.label.value)) in names
        )
    )


def _of_elements(points: dict[str, list[Row]], elements: Iterable[str]) -> list[str]:
    wanted = set(elements)
    return [
        node for node, rows in points.items() if any(r["element"].value in wanted for r in rows)
    ]


def _roles(reader: GraphReader, iri: str) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    rows = reader.rows("unit-people", unit=[iri])
    reader.remember_labels(rows, "node", "label")
    roles: dict[str, dict[str, None]] = defaultdict(dict)
    for row in rows:
        key = _ROLES.get(row["role"].value)
        if key:
            roles[row["node"].value][reader.words(key)] = None
    agents = list(dict.fromkeys(row["node"].value for row in rows))
    return {node: tuple(names) for node, names in roles.items()}, agents


def _entry(reader: GraphReader, node: str, points: list[Row], roles: tuple[str, ...]) -> IndexEntry:
    named = reader.node(node)
    shown = fold(named.label.value)
    wordings = dict.fromkeys(
        row["wording"].value for row in points if fold(row["wording"].value) != shown
    )
    notations = dict.fromkeys(row["notation"].value for row in points if "notation" in row)
    notation = ", ".join(notations)
    return IndexEntry(
        node=named,
        # a class number in front of the label is shown as a class number
        wordings=tuple(w for w in wordings if not (notation and w.startswith(tuple(notations)))),
        roles=roles,
        notation=notation,
    )


# --- extents, copies, links ----------------------------------------------------------------------


def _extents(reader: GraphReader, iri: str) -> tuple[ExtentRow, ...]:
    rows = reader.rows("unit-extents", unit=[iri])
    reader.learn_labels(
        row[name].value for row in rows for name in ("unitOfMeasure", "criterion") if name in row
    )
    found = []
    for row in rows:
        criterion = row.get("criterion")
        quantity = row.get("quantity")
        found.append(
            ExtentRow(
                wording=extent_in_words(row["text"].value) if "text" in row else "",
                quantity=reader.words.number(_number(quantity.value)) if quantity else "",
                unit=reader.node(row["unitOfMeasure"].value) if "unitOfMeasure" in row else None,
                criterion=reader.label_of(criterion.value).value if criterion else "",
                criterion_value=row["criterionValue"].value if "criterionValue" in row else "",
            )
        )
    return tuple(dict.fromkeys(found))


def _number(text: str) -> float | int:
    value = float(text)
    return int(value) if value.is_integer() else value


def _digital(reader: GraphReader, iri: str) -> tuple[DigitalCopy, ...]:
    rows = reader.rows("unit-digital", unit=[iri])
    reader.learn_labels(row["platform"].value for row in rows if "platform" in row)
    copies: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        copies[row["copy"].value].append(row)
    found = []
    for copy in copies.values():
        first = copy[0]
        urls = dict.fromkeys(row["url"].value for row in copy if "url" in row)
        found.append(
            DigitalCopy(
                label=reader.text(first.get("label")) or Text(reader.words("unit.digital_copy")),
                links=tuple(reader.web_link(url) for url in urls),
                platform=reader.node(first["platform"].value) if "platform" in first else None,
            )
        )
    return tuple(found)


def _links(reader: GraphReader, iris: Iterable[str]) -> tuple[WebLink, ...]:
    wanted = [iri for iri in iris if is_web_address(iri)]
    reader.learn_labels(wanted)
    links = []
    for iri in wanted:
        label = reader.label_of(iri)
        if reader.iris.path_of(iri) is not None:
            links.append(WebLink(label, reader.href_of(iri), ""))
            continue
        link = reader.web_link(iri, None if label.value == iri else label)
        if label.value == iri and link.host == _CCFR:
            link = replace(link, label=Text(reader.words("link.ccfr")))
        links.append(link)
    return tuple(links)


def _notes_beyond_links(
    reader: GraphReader, notes: Iterable[Term], statements: Statements
) -> tuple[Text, ...]:
    """Return the notes that say more than the labels of the links listed beside them."""
    labels = [fold(reader.label_of(i).value) for i in statements.iris("collex:findingAid")]
    return tuple(
        note
        for note in reader.in_best_language(notes)
        if not any(label and len(fold(note.value)) <= len(label) + 12 and label in fold(note.value)
                   for label in labels)
    )  # fmt: skip


def _linked(reader: GraphReader, iri: str, direction: str) -> tuple[UnitCard, ...]:
    others = [
        row["other"].value
        for row in reader.rows("unit-links", unit=[iri])
        if row["direction"].value == direction
    ]
    return describe_cards(reader, others)


def _near(reader: GraphReader, iri: str) -> tuple[UnitCard, ...]:
    others = [row["other"].value for row in reader.rows("unit-near", unit=[iri])]
    shared: dict[str, list[str]] = defaultdict(list)
    for row in reader.rows("unit-shared", unit=[iri], other=others):
        shared[row["other"].value].append(row["node"].value)
    reader.learn_labels(node for nodes in shared.values() for node in nodes)
    reasons = {
        other: [reader.node(node) for node in nodes[:_REASONS_SHOWN]]
        for other, nodes in shared.items()
    }
    return describe_cards(reader, others, reasons=reasons)


# --- notices -------------------------------------------------------------------------------------


def _notices(reader: GraphReader, iri: str) -> tuple[NoticeSummary, ...]:
    by_notice: dict[str, list[Row]] = defaultdict(list)
    for row in reader.rows("unit-notice", unit=[iri]):
        by_notice[row["notice"].value].append(row)
    reader.remember_labels([r for rows in by_notice.values() for r in rows], "notice", "label")
    return tuple(_notice(reader, notice, rows) for notice, rows in by_notice.items())


def _notice(reader: GraphReader, notice: str, rows: list[Row]) -> NoticeSummary:
    row = rows[0]
    page = row.get("page")
    return NoticeSummary(
        node=reader.node(notice),
        issued=date_in_words(reader, row.get("issued")),
        modified=date_in_words(reader, row.get("modified")),
        publisher=row["publisher"].value if "publisher" in row else "",
        citation=reader.text(row.get("citation")),
        page=reader.web_link(page.value) if page and is_web_address(page.value) else None,
    )


def date_in_words(reader: GraphReader, term: Term | None) -> str:
    """Return a date literal in words, its own text when it is no date."""
    if not isinstance(term, ox.Literal):
        return ""
    try:
        return reader.words.date(date.fromisoformat(term.value[:10]))
    except ValueError:
        return term.value
