"""The pages of people, bodies, concepts and places: the fonds they lead to, and their wordings."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from collex_graph.rdf.namespaces import expand
from collex_graph.server.contexts.subjects import (
    SchemeConcept,
    SchemeContext,
    SubjectContext,
    WordingRow,
)
from collex_graph.server.contexts.values import Count, Fact, Text, WebLink
from collex_graph.server.drawn_map import locate
from collex_graph.server.evidence import describe_provenance, formats_of
from collex_graph.server.fact_lists import incoming_facts, outgoing_facts
from collex_graph.server.reader import integer, is_web_address, sort_key
from collex_graph.server.unit_cards import describe_cards

if TYPE_CHECKING:
    from collex_graph.server.contexts.values import Node, Value
    from collex_graph.server.reader import GraphReader, Row, Statements

_KINDS = (
    ("body", ("rico:CorporateBody",)),
    ("family", ("rico:Family",)),
    ("person", ("rico:Person", "foaf:Person")),
    ("place", ("rico:Place",)),
    ("concept", ("skos:Concept",)),
)
# The role of a node in a unit, in words; a mere subject needs none said.
_ROLES = {
    expand("rico:hasOrganicProvenance"): "role.producer",
    expand("marcrel:fmo"): "role.former_owner",
    expand("marcrel:dnr"): "role.donor",
}
# Which parameter of the search a concept of ours is a value of, by its scheme.
_SEARCH_BY_SCHEME = {
    "discipline": "discipline",
    "fonds-type": "type",
    "document-type": "document",
    "label": "label",
    "region": "region",
    "departement": "departement",
    "treatment-status": "treatment",
    "accrual-status": "accrual",
    "acquisition-mode": "acquisition",
}
_CARDS_SHOWN = 20
_SHOWN_OTHERWISE = frozenset(
    map(
        expand,
        (
            "rdfs:label", "rdfs:seeAlso", "rdfs:isDefinedBy", "skos:prefLabel", "skos:altLabel",
            "skos:notation", "skos:inScheme", "skos:topConceptOf", "skos:broader", "skos:narrower",
            "skos:definition", "skos:scopeNote", "skos:note", "skos:exactMatch", "owl:sameAs",
            "foaf:homepage", "foaf:page", "foaf:name", "collex:inseeCode", "collex:inRegion",
            "collex:inDepartement", "collex:positionPrecision", "wgs84:lat", "wgs84:long",
            "geo:asWKT",
        ),
    )
)  # fmt: skip
"""Properties of a subject that its page has a place of its own for."""
_UNITS_SAY = frozenset(
    map(
        expand,
        (
            "rico:hasOrHadSubject", "rico:hasOrganicProvenance", "rico:hasOrHadHolder",
            "collex:linkedAgent",
            "marcrel:fmo", "marcrel:dnr", "collex:representedBy", "skos:broader", "skos:narrower",
            "collex:inRegion", "collex:inDepartement", "owl:annotatedTarget",
        ),
    )
)  # fmt: skip
"""What points at a subject and is shown otherwise: units, other names, narrower concepts."""


def subject_kind(statements: Statements) -> str | None:
    """Return whether a node is a person, a body, a family, a place or a concept; else None."""
    return next((kind for kind, classes in _KINDS if statements.is_a(*classes)), None)


def describe_subject(
    reader: GraphReader, iri: str, statements: Statements, kind: str
) -> SubjectContext:
    """Return the page of an agent, a concept or a place."""
    node = reader.node(iri)
    roles: dict[str, dict[str, None]] = defaultdict(dict)
    for row in reader.rows("node-units", node=[iri]):
        key = _ROLES.get(row["role"].value)
        roles[row["unit"].value].update({reader.words(key): None} if key else {})
    units = list(roles)[:_CARDS_SHOWN]
    counted = reader.rows("node-unit-count", node=[iri])
    libraries = [row["library"].value for row in reader.rows("node-holders", node=[iri])]
    libraries = [library for library in libraries if library != iri]
    schemes = statements.iris("skos:inScheme")
    insee = statements.value("collex:inseeCode")
    latitude = statements.decimal("wgs84:lat")
    beside = reader.rows("node-beside", node=[iri])
    reader.learn_labels([row["other"].value for row in beside])
    cards = describe_cards(reader, units, roles={unit: list(r) for unit, r in roles.items()})
    return SubjectContext(
        title=node.label.value,
        iri=iri,
        node=node,
        subject_kind=kind,
        scheme=reader.node(schemes[0]) if schemes else None,
        definition=reader.best(statements.literals("skos:definition")),
        notes=reader.in_best_language(statements.literals("skos:scopeNote", "skos:note")),
        facts=_facts(reader, statements, node),
        broader=reader.nodes(statements.iris("skos:broader")),
        narrower=_narrower(reader, iri),
        cards=tuple(sorted(cards, key=lambda card: sort_key(card.node.label.value))),
        units=integer(counted[0]["count"]) or 0 if counted else 0,
        all_href=_search_for(reader, iri, kind),
        libraries=reader.nodes(libraries),
        wordings=_wordings(reader, iri),
        beside=tuple(
            (reader.node(row["other"].value), integer(row["count"]) or 0) for row in beside
        ),
        elsewhere=tuple(
            reader.web_link(link)
            for link in statements.iris("rdfs:seeAlso", "foaf:homepage", "foaf:page")
            if is_web_address(link)
        ),
        map=locate(reader, iri, node.label.value) if latitude is not None else None,
        code=f"INSEE {insee}" if insee else "",
        is_ours=_is_ours(reader, iri),
        said=outgoing_facts(reader, iri, statements, without=_SHOWN_OTHERWISE),
        # what bears a concept of a list of ours is found by the search
        incoming=() if schemes else incoming_facts(reader, iri, without=_UNITS_SAY),
        provenance=describe_provenance(reader, iri),
        formats=formats_of(reader, iri),
    )


def _is_ours(reader: GraphReader, iri: str) -> bool:
    """Say whether a place is one that we describe: those of notices are below their library."""
    parts = (reader.iris.path_of(iri) or "").strip("/").split("/")
    is_place = parts[:2] == ["id", "place"] and len(parts) == 3
    return is_place or parts[:2] == ["id", "establishment"]


def describe_scheme(reader: GraphReader, iri: str, statements: Statements) -> SchemeContext:
    """Return the page of a concept scheme."""
    by_concept: dict[str, list[Row]] = defaultdict(list)
    for row in reader.rows("scheme-concepts", scheme=[iri]):
        by_concept[row["concept"].value].append(row)
    reader.learn_labels(by_concept)
    counted = next((name for name in ("units", "uses") if _is_counted(by_concept, name)), "")
    concepts = [
        SchemeConcept(
            node=reader.node(concept),
            notation=rows[0]["notation"].value if "notation" in rows[0] else "",
            definition=reader.best([r["definition"] for r in rows if "definition" in r]),
            count=integer(rows[0][counted or "units"]) or 0,
        )
        for concept, rows in by_concept.items()
    ]
    concepts.sort(key=lambda each: sort_key(each.node.label.value))
    node = reader.node(iri)
    return SchemeContext(
        title=node.label.value,
        iri=iri,
        node=node,
        description=reader.best(statements.literals("dcterms:description")),
        notes=reader.in_best_language(statements.literals("skos:editorialNote")),
        concepts=tuple(concepts),
        counted=counted,
        formats=formats_of(reader, iri),
    )


def _is_counted(by_concept: dict[str, list[Row]], name: str) -> bool:
    return any(integer(row[name]) for rows in by_concept.values() for row in rows if name in row)


def _facts(reader: GraphReader, statements: Statements, node: Node) -> tuple[Fact, ...]:
    facts = []
    if node.authority is not None:
        identifier = Text(node.authority.identifier)
        facts.append(Fact(node.authority.name, (WebLink(identifier, node.authority.href, ""),)))
    for key, name in (
        ("subject.notation", "skos:notation"),
        ("subject.insee", "collex:inseeCode"),
        ("subject.alternatives", "skos:altLabel"),
    ):
        texts: tuple[Value, ...] = reader.in_best_language(statements.literals(name))
        if texts:
            facts.append(Fact(reader.words(key), texts, name))
    for key, name in (
        ("subject.region", "collex:inRegion"),
        ("subject.departement", "collex:inDepartement"),
        ("library.position", "collex:positionPrecision"),
    ):
        nodes: tuple[Value, ...] = reader.nodes(statements.iris(name))
        if nodes:
            facts.append(Fact(reader.words(key), nodes, name))
    same: list[Value] = []
    for match in statements.iris("skos:exactMatch", "owl:sameAs"):
        node = reader.node(match)
        if node.authority:
            label = Text(f"{node.authority.name} {node.authority.identifier}")
            same.append(reader.web_link(node.authority.href, label))
        elif reader.iris.path_of(match) is None:
            same.append(reader.web_link(match))
        elif reader.is_named(match):
            same.append(node)
        # what has no name is an old address of this very node
    if same:
        facts.append(Fact(reader.words("entity.same"), tuple(same), "skos:exactMatch"))
    return tuple(facts)


def _narrower(reader: GraphReader, iri: str) -> tuple[Count, ...]:
    rows = reader.rows("concept-narrower", concept=[iri])
    reader.learn_labels([row["narrower"].value for row in rows])
    numbers = {row["narrower"].value: integer(row["count"]) or 0 for row in rows}
    most = max(numbers.values(), default=0)
    counts = [
        Count(
            reader.label_of(narrower).value,
            number,
            reader.href_of(narrower),
            number / most if most else 0.0,
        )
        for narrower, number in numbers.items()
    ]
    return tuple(sorted(counts, key=lambda count: (-count.count, sort_key(count.label))))


def _wordings(reader: GraphReader, iri: str) -> tuple[WordingRow, ...]:
    return tuple(
        WordingRow(
            wording=row["wording"].value,
            element=element_in_words(reader, row["element"].value),
            source=row["source"].value if "source" in row else "",
            count=integer(row["count"]) or 0,
        )
        for row in reader.rows("node-wordings", node=[iri])
    )


def element_in_words(reader: GraphReader, element: str) -> str:
    """Return what an index element of EAD says its entry is."""
    key = f"element.{element}"
    return reader.words(key) if reader.words.knows(key) else element


def _search_for(reader: GraphReader, iri: str, kind: str) -> str:
    """Return the list of every unit that a node appears in, empty when there is none."""
    path = reader.iris.path_of(iri) or ""
    parts = path.strip("/").split("/")
    if len(parts) == 3 and parts[0] == "vocabulary":
        name = _SEARCH_BY_SCHEME.get(parts[1])
        return "/search?" + urlencode({name: parts[2]}) if name else ""
    name = "agent" if kind in ("person", "body", "family") else "subject"
    return "/search?" + urlencode({name: iri})
