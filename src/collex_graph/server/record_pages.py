"""The pages of notices and labellings, and of anything that has no page of its own kind."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import pyoxigraph as ox

from collex_graph.rdf.namespaces import compact, expand
from collex_graph.server.contexts import (
    EntityContext,
    Fact,
    LabellingContext,
    NoticeContext,
    PointGroup,
    PointRow,
    Text,
)
from collex_graph.server.evidence import (
    describe_datasets,
    describe_provenance,
    describe_quality,
    formats_of,
    property_labels,
)
from collex_graph.server.fonds_page import date_in_words
from collex_graph.server.reader import is_web_address
from collex_graph.server.subject_pages import element_in_words
from collex_graph.server.unit_cards import describe_cards

if TYPE_CHECKING:
    from collex_graph.server.contexts import SourceStatement, Value
    from collex_graph.server.reader import GraphReader, Row, Statements, Term

_ROLE_CODES = {"390": "role.former_owner", "320": "role.donor", "producteur": "role.producer"}
# What a labelling says when it is more than a mention in a notice.
_DECISION = ("collex:campaign", "collex:decisionDate", "collex:validFrom", "collex:validUntil")


def describe_notice(reader: GraphReader, iri: str, statements: Statements) -> NoticeContext:
    """Return the page of a notice."""
    words = reader.words
    topics = statements.iris("foaf:primaryTopic")
    parts = [topic for topic in statements.iris("foaf:topic") if topic not in topics]
    groups = _points(reader, iri)
    pages = [link for link in statements.iris("rdfs:seeAlso") if is_web_address(link)]
    dataset = statements.iris("dcterms:isPartOf")
    candidates: tuple[tuple[str, tuple[Value, ...]], ...] = (
        ("notice.identifier", _texts(reader, statements.literals("dcterms:identifier"))),
        ("notice.title", _texts(reader, statements.literals("dcterms:title"))),
        ("notice.issued", _dates(reader, statements.literals("dcterms:issued"))),
        ("notice.modified", _dates(reader, statements.literals("dcterms:modified"))),
        ("notice.publisher", _texts(reader, statements.literals("dcterms:publisher"))),
        ("notice.agency", _texts(reader, statements.literals("collex:cataloguingAgency"))),
        ("notice.language", reader.nodes(statements.iris("dcterms:language"))),
        ("notice.citation", _texts(reader, statements.literals("dcterms:bibliographicCitation"))),
        (
            "notice.dataset",
            tuple(d.node for d in describe_datasets(reader) if d.node.iri in dataset),
        ),
        ("notice.page", tuple(reader.web_link(page) for page in pages)),
    )
    node = reader.node(iri)
    return NoticeContext(
        title=node.label.value,
        iri=iri,
        node=node,
        subject=next(iter(describe_cards(reader, topics)), None),
        parts=describe_cards(reader, parts),
        facts=tuple(Fact(words(key), values) for key, values in candidates if values),
        groups=groups,
        points=sum(len(group.points) for group in groups),
        aligned=sum(group.aligned for group in groups),
        provenance=_provenance_of_notice(reader, iri, topics),
        quality=describe_quality(reader, iri),
        formats=formats_of(reader, iri),
    )


def _provenance_of_notice(
    reader: GraphReader, iri: str, topics: list[str]
) -> tuple[SourceStatement, ...]:
    return describe_provenance(reader, iri) or (
        describe_provenance(reader, topics[0]) if topics else ()
    )


def _texts(reader: GraphReader, terms: list[Term]) -> tuple[Text, ...]:
    return reader.in_best_language(terms)


def _dates(reader: GraphReader, terms: list[Term]) -> tuple[Text, ...]:
    return tuple(Text(date_in_words(reader, term)) for term in terms)


def _points(reader: GraphReader, iri: str) -> tuple[PointGroup, ...]:
    """Return the access points of a notice by unit, in the order of the notice."""
    by_point: dict[str, Row] = {}
    for row in reader.rows("notice-points", notice=[iri]):
        by_point.setdefault(row["point"].value, row)
    reader.learn_labels(row[name].value for row in by_point.values() for name in ("node", "unit"))
    by_unit: dict[str, list[PointRow]] = defaultdict(list)
    for row in by_point.values():
        by_unit[row["unit"].value].append(_point(reader, row))
    return tuple(PointGroup(reader.node(unit), tuple(rows)) for unit, rows in by_unit.items())


def _point(reader: GraphReader, row: Row) -> PointRow:
    code = row["role"].value if "role" in row else ""
    key = _ROLE_CODES.get(code)
    return PointRow(
        wording=reader.text(row["wording"]) or Text(""),
        node=reader.node(row["node"].value),
        element=element_in_words(reader, row["element"].value),
        role=reader.words(key) if key else "",
    )


def describe_labelling(reader: GraphReader, iri: str, statements: Statements) -> LabellingContext:
    """Return the page of a labelling; one that only repeats a mention says so."""
    words = reader.words
    units = statements.iris("collex:concerns")
    labels = statements.iris("collex:awardedLabel")
    used = statements.iris("prov:used")
    candidates: list[tuple[str, tuple[Value, ...]]] = [
        ("labelling.label", reader.nodes(labels)),
        ("labelling.status", reader.nodes(statements.iris("collex:status"))),
        ("labelling.evidence", reader.nodes(used)),
    ]
    candidates += [
        (f"labelling.{name.partition(':')[2]}", values)
        for name in _DECISION
        if (values := _values(reader, statements.terms(name)))
    ]
    node = reader.node(iri)
    return LabellingContext(
        title=node.label.value,
        iri=iri,
        node=node,
        unit=next(iter(describe_cards(reader, units)), None),
        label=reader.node(labels[0]) if labels else None,
        facts=tuple(Fact(words(key), values) for key, values in candidates if values),
        bare=not statements.terms(*_DECISION),
        provenance=describe_provenance(reader, iri)
        or (describe_provenance(reader, units[0]) if units else ()),
        quality=describe_quality(reader, iri),
        formats=formats_of(reader, iri),
    )


def describe_entity(reader: GraphReader, iri: str, statements: Statements) -> EntityContext:
    """Return the page of anything: all the graph says of it, and what points at it."""
    type_of = expand("rdf:type")
    incoming = reader.rows("incoming", object=[iri])
    reader.remember_labels(incoming, "subject", "label")
    pointing: dict[str, dict[str, None]] = defaultdict(dict)
    for row in incoming:
        if isinstance(row["subject"], ox.NamedNode):
            pointing[row["predicate"].value][row["subject"].value] = None
    types = statements.iris("rdf:type")
    names = property_labels(reader, [*statements.by_predicate, *pointing])
    reader.learn_labels(types)
    facts = [
        Fact(names[predicate], _values(reader, list(terms)), compact(predicate) or predicate)
        for predicate, terms in statements.by_predicate.items()
        if predicate != type_of
    ]
    node = reader.node(iri)
    return EntityContext(
        title=node.label.value,
        iri=iri,
        node=node,
        types=tuple(reader.node(each) for each in types),
        facts=tuple(sorted(facts, key=lambda fact: fact.curie != "rdfs:label")),
        incoming=tuple(
            Fact(names[predicate], reader.nodes(subjects), compact(predicate) or predicate)
            for predicate, subjects in pointing.items()
        ),
        provenance=describe_provenance(reader, iri),
        quality=describe_quality(reader, iri),
        formats=formats_of(reader, iri),
    )


def _values(reader: GraphReader, terms: list[Term]) -> tuple[Value, ...]:
    """Return every value; words in the language of the page come first."""
    values: list[Value] = []
    for term in sorted(terms, key=lambda term: _language_rank(reader, term)):
        if isinstance(term, ox.Literal):
            values.append(Text(term.value, term.language or ""))
        elif is_web_address(term.value):
            values.append(reader.node(term.value))
        else:
            # a javascript: or data: address is shown as what it is, and never as a link
            values.append(Text(term.value))
    return tuple(values)


def _language_rank(reader: GraphReader, term: Term) -> bool:
    language = term.language if isinstance(term, ox.Literal) else None
    return bool(language) and language != reader.words.language
