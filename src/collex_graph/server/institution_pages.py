"""The pages of those who hold and those who are responsible: libraries and establishments."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pyoxigraph as ox

from collex_graph.server.contexts.institutions import (
    EstablishmentContext,
    EstablishmentGroup,
    InstitutionsContext,
    LibraryContext,
    LibraryRow,
)
from collex_graph.server.contexts.units import Holding, Tree
from collex_graph.server.contexts.values import Fact, Text
from collex_graph.server.drawn_map import draw_map, locate, position_of
from collex_graph.server.evidence import describe_provenance, describe_quality, formats_of
from collex_graph.server.fact_lists import curated_facts
from collex_graph.server.quality_parts import standing_href
from collex_graph.server.reader import integer, sort_key
from collex_graph.server.unit_cards import describe_cards, describe_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from collex_graph.server.contexts.figures import PointMap
    from collex_graph.server.contexts.values import Node, Value
    from collex_graph.server.reader import GraphReader, Row, Statements

_IDENTIFIERS = (
    ("RCR", "collex:rcr"),
    ("ISIL", "collex:isil"),
    ("UAI", "collex:uai"),
    ("SIREN", "collex:siren"),
)
_HOLDINGS_SHOWN = 50
"""Topmost units that the page of a library lists; the search lists them all."""
_CARDS_SHOWN = 20
_TREES_SHOWN = 12


def describe_library(reader: GraphReader, iri: str, statements: Statements) -> LibraryContext:
    """Return the page of a library."""
    counts = _counts(reader, [iri]).get(iri, (0, 0))
    units = [row["unit"].value for row in reader.rows("library-units", library=[iri])]
    node = reader.node(iri)
    place = _node(reader, statements, "collex:hasPlace")
    names = reader.in_best_language(statements.literals("rico:name"))
    others = tuple(name for name in names if name.value != node.label.value)
    identifiers = _identifiers(reader, statements)
    if others:
        identifiers += (Fact(reader.words("library.other_names"), others, "rico:name"),)
    return LibraryContext(
        title=node.label.value,
        iri=iri,
        node=node,
        quality_href=standing_href(reader, iri),
        establishment=_node(reader, statements, "org:unitOf"),
        region=_node(reader, statements, "collex:inRegion"),
        place=place,
        precision=_precision(reader, place),
        identifiers=identifiers,
        holdings=tuple(
            Holding(
                card,
                describe_tree(reader, card.node.iri, card.node.href)
                if len(units) <= _TREES_SHOWN
                else Tree(),
            )
            for card in describe_cards(reader, units[:_HOLDINGS_SHOWN])
        ),
        topmost=len(units),
        units=counts[0],
        labelled=counts[1],
        all_href="/search?" + urlencode({"holder": iri.rpartition("/")[2]}),
        map=locate(reader, place.iri, place.label.value) if place else None,
        curated=curated_facts(reader, iri),
        provenance=describe_provenance(reader, iri),
        quality=describe_quality(reader, iri),
        formats=formats_of(reader, iri),
    )


def describe_establishment(
    reader: GraphReader, iri: str, statements: Statements
) -> EstablishmentContext:
    """Return the page of an establishment, with the libraries it is responsible for."""
    libraries = [
        row["library"].value for row in reader.rows("establishment-libraries", establishment=[iri])
    ]
    rows = _library_rows(reader, [{"library": ox.NamedNode(each)} for each in libraries])
    units = [row["unit"].value for row in reader.rows("library-units", library=libraries)]
    node = reader.node(iri)
    homepages = statements.iris("foaf:homepage")
    place = _node(reader, statements, "collex:hasPlace")
    names = [
        text
        for term in statements.terms("skos:altLabel", "rdfs:label")
        if (text := reader.text(term)) and text.value != node.label.value
    ]
    return EstablishmentContext(
        title=node.label.value,
        iri=iri,
        node=node,
        quality_href=standing_href(reader, iri),
        other_names=tuple(dict.fromkeys(names)),
        establishment_type=reader.best(statements.literals("collex:establishmentType")),
        homepage=reader.web_link(homepages[0]) if homepages else None,
        region=_node(reader, statements, "collex:inRegion"),
        identifiers=_identifiers(reader, statements),
        libraries=rows,
        cards=describe_cards(reader, units[:_CARDS_SHOWN]),
        units=len(units),
        map=locate(reader, place.iri, node.label.value) if place else None,
        curated=curated_facts(reader, iri),
        provenance=describe_provenance(reader, iri),
        quality=describe_quality(reader, iri),
        formats=formats_of(reader, iri),
    )


def describe_institutions(reader: GraphReader) -> InstitutionsContext:
    """Return the list of libraries and establishments."""
    rows = reader.rows("institutions-libraries")
    libraries = _library_rows(reader, rows)
    by_iri = {row.node.iri: row for row in libraries}
    groups, count = _establishment_groups(reader)
    return InstitutionsContext(
        title=reader.words("institutions.heading"),
        libraries=libraries,
        groups=groups,
        establishment_count=count,
        map=_map_of(reader, rows, by_iri),
    )


# --- parts ---------------------------------------------------------------------------------------


def _node(reader: GraphReader, statements: Statements, name: str) -> Node | None:
    iris = statements.iris(name)
    return reader.node(iris[0]) if iris else None


def _precision(reader: GraphReader, place: Node | None) -> str:
    if place is None:
        return ""
    precisions = reader.statements(place.iri).iris("collex:positionPrecision")
    if not precisions:
        return place.label.value
    reader.learn_labels(precisions)
    return reader.words(
        "library.precision",
        place=place.label.value,
        precision=reader.label_of(precisions[0]).value.lower(),
    )


def _identifiers(reader: GraphReader, statements: Statements) -> tuple[Fact, ...]:
    facts = [
        Fact(label, tuple(Text(term.value) for term in statements.literals(name)), name)
        for label, name in _IDENTIFIERS
        if statements.literals(name)
    ]
    by_authority: dict[str, list[Value]] = defaultdict(list)
    for iri in statements.iris("skos:exactMatch", "owl:sameAs"):
        authority = reader.node(iri).authority
        if authority:
            link = reader.web_link(authority.href, Text(authority.identifier))
            by_authority[authority.name].append(replace(link, host=""))
        else:
            by_authority[reader.words("entity.same")].append(reader.web_link(iri))
    facts += [Fact(name, tuple(values)) for name, values in sorted(by_authority.items())]
    return tuple(facts)


def _counts(reader: GraphReader, libraries: Iterable[str]) -> dict[str, tuple[int, int]]:
    return {
        row["library"].value: (integer(row["units"]) or 0, integer(row["labelled"]) or 0)
        for row in reader.rows("library-counts", library=libraries)
    }


def _library_rows(reader: GraphReader, rows: Sequence[Row]) -> tuple[LibraryRow, ...]:
    by_library: dict[str, Row] = {}
    for row in rows:
        by_library.setdefault(row["library"].value, row)
    counts = _counts(reader, by_library)
    reader.learn_labels(
        term.value
        for row in by_library.values()
        for name, term in row.items()
        if name in ("library", "place", "region", "establishment")
    )
    found = []
    for iri, row in by_library.items():
        place, region, establishment = (
            reader.node(row[name].value) if name in row else None
            for name in ("place", "region", "establishment")
        )
        units, labelled = counts.get(iri, (0, 0))
        found.append(
            LibraryRow(
                reader.node(iri), place.label if place else None, region, establishment,
                units, labelled,
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda row: (sort_key(row.node.label.value), row.node.iri)))


def _map_of(reader: GraphReader, rows: Sequence[Row], libraries: dict[str, LibraryRow]) -> PointMap:
    places = []
    for iri, row in {row["library"].value: row for row in rows}.items():
        position = position_of(row)
        library = libraries[iri]
        if position:
            places.append((position, library.node.label.value, library.node.href, 1))
    return draw_map(reader, places, label=reader.words("institutions.map_label"))


def _establishment_groups(reader: GraphReader) -> tuple[tuple[EstablishmentGroup, ...], int]:
    rows = reader.rows("institutions-establishments")
    reader.learn_labels(
        row[name].value for row in rows for name in ("establishment", "region") if name in row
    )
    groups: dict[str, list[tuple[Node, str, int]]] = defaultdict(list)
    for row in rows:
        region = reader.label_of(row["region"].value).value if "region" in row else ""
        kind = row["kind"].value if "kind" in row else ""
        node = reader.node(row["establishment"].value)
        groups[region].append((node, kind, integer(row["libraries"]) or 0))
    return tuple(
        EstablishmentGroup(
            region, tuple(sorted(groups[region], key=lambda each: sort_key(each[0].label.value)))
        )
        for region in sorted(groups, key=lambda name: (not name, sort_key(name)))
    ), len({row["establishment"].value for row in rows})
