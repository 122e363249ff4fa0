"""The pages of notices and labellings, and of anything that has no page of its own kind."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from collex_graph.rdf.namespaces import compact, expand
from collex_graph.server.contexts.records import (
    EntityContext,
    LabellingContext,
    NoticeContext,
    PointGroup,
    PointRow,
)
from collex_graph.server.contexts.values import Fact, Text
from collex_graph.server.evidence import (
    describe_datasets,
    describe_provenance,
    describe_quality,
    formats_of,
    property_labels,
)
from collex_graph.server.fact_lists import (
    incoming_facts,
    incoming_name,
    outgoing_facts,
    pointing_fact,
)
from collex_graph.server.fonds_page import date_in_words
from collex_graph.server.list_pages import list_pages
from collex_graph.server.reader import is_web_address, sort_key
from collex_graph.server.subject_pages import element_in_words
from collex_graph.server.unit_cards import describe_cards

if TYPE_CHECKING:
    from collex_graph.server.contexts.evidence import SourceStatement
    from collex_graph.server.contexts.values import Value
    from collex_graph.server.reader import GraphReader, Row, Statements, Term

_ROLE_CODES = {"390": "role.former_owner", "320": "role.donor", "producteur": "role.producer"}
_SOURCE_FILE = "id/source-file/"
# The RCR of the agency that most notices of the CCFr state, which holds no fonds here itself.
_BNF = "751131015"
# What a labelling says when it is more than a mention in a notice.
_DECISION = ("collex:campaign", "collex:decisionDate", "collex:validFrom", "collex:validUntil")
_SHOWN_OTHERWISE = frozenset(
    map(
        expand,
        (
            "rdfs:label", "collex:concerns", "collex:awardedLabel", "collex:status", "prov:used",
            "dcterms:isPartOf",
        ),
    )
)  # fmt: skip


def describe_notice(reader: GraphReader, iri: str, statements: Statements) -> NoticeContext:
    """Return the page of a notice."""
    words = reader.words
    topics = statements.iris("foaf:primaryTopic")
    parts = [topic for topic in statements.iris("foaf:topic") if topic not in topics]
    groups = _points(reader, iri, topics)
    pages = [link for link in statements.iris("rdfs:seeAlso") if is_web_address(link)]
    dataset = statements.iris("dcterms:isPartOf")
    candidates: tuple[tuple[str, tuple[Value, ...]], ...] = (
        ("notice.identifier", _texts(reader, statements.literals("dcterms:identifier"))),
        ("notice.title", _texts(reader, statements.literals("dcterms:title"))),
        ("notice.issued", _dates(reader, statements.literals("dcterms:issued"))),
        ("notice.modified", _dates(reader, statements.literals("dcterms:modified"))),
        ("notice.publisher", _texts(reader, statements.literals("dcterms:publisher"))),
        ("notice.agency", _agencies(reader, statements.literals("collex:cataloguingAgency"))),
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
        parts=tuple(
            sorted(
                describe_cards(reader, parts),
                key=lambda card: sort_key(card.node.label.value),
            )
        ),
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


def _agencies(reader: GraphReader, codes: list[Term]) -> tuple[Value, ...]:
    """Return cataloguing agencies with their names: a code alone says nothing to a reader."""
    libraries = [f"{reader.iris.base}id/library/{code.value}" for code in codes]
    reader.learn_labels(libraries)
    found: list[Value] = []
    for code, library in zip(codes, libraries, strict=True):
        if code.value == _BNF:
            found.append(Text(reader.words("notice.agency_bnf", rcr=code.value)))
        elif reader.is_named(library):
            found.append(reader.node(library))
        else:
            found.append(Text(reader.words("notice.agency_rcr", rcr=code.value)))
    return tuple(found)


def _texts(reader: GraphReader, terms: list[Term]) -> tuple[Text, ...]:
    return reader.in_best_language(terms)


def _dates(reader: GraphReader, terms: list[Term]) -> tuple[Text, ...]:
    return tuple(Text(date_in_words(reader, term)) for term in terms)


def _points(reader: GraphReader, iri: str, topics: list[str]) -> tuple[PointGroup, ...]:
    """Return the access points of a notice: its fonds, then sub-fonds by title, each in order."""
    by_point: dict[str, Row] = {}
    for row in reader.rows("notice-points", notice=[iri]):
        by_point.setdefault(row["point"].value, row)
    reader.learn_labels(row[name].value for row in by_point.values() for name in ("node", "unit"))
    by_unit: dict[str, list[PointRow]] = defaultdict(list)
    for row in by_point.values():
        by_unit[row["unit"].value].append(_point(reader, row))
    groups = [PointGroup(reader.node(unit), tuple(rows)) for unit, rows in by_unit.items()]
    groups.sort(key=lambda group: (group.unit.iri not in topics, sort_key(group.unit.label.value)))
    return tuple(groups)


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
    node = reader.node(iri)
    return LabellingContext(
        title=node.label.value,
        iri=iri,
        node=node,
        unit=next(iter(describe_cards(reader, units)), None),
        label=reader.node(labels[0]) if labels else None,
        facts=(
            *(Fact(words(key), values) for key, values in candidates if values),
            *outgoing_facts(reader, iri, statements, without=_SHOWN_OTHERWISE),
        ),
        bare=not statements.terms(*_DECISION),
        provenance=describe_provenance(reader, iri)
        or (describe_provenance(reader, units[0]) if units else ()),
        quality=describe_quality(reader, iri),
        formats=formats_of(reader, iri),
    )


def describe_entity(reader: GraphReader, iri: str, statements: Statements) -> EntityContext:
    """Return the page of anything: all the graph says of it, and what points at it."""
    types = statements.iris("rdf:type")
    reader.learn_labels(types)
    title = expand("dcterms:title")
    labels = set(statements.terms("rdfs:label"))
    repeated = {title} if set(statements.terms("dcterms:title")) == labels else ()
    facts = outgoing_facts(reader, iri, statements, without=repeated)
    incoming = list(incoming_facts(reader, iri))
    if iri.startswith(f"{reader.iris.base}{_SOURCE_FILE}"):
        derived = expand("prov:wasDerivedFrom")
        name = incoming_name(reader, derived, property_labels(reader, [derived])[derived])
        (counted,) = reader.rows("file-reads-count", file=[iri])
        count = int(counted["count"].value)
        if count:
            incoming.append(pointing_fact(reader, "file-reads", derived, name, count, file=[iri]))
    node = reader.node(iri)
    return EntityContext(
        title=node.label.value,
        iri=iri,
        node=node,
        section=_section(node.href, types),
        types=_types(reader, iri, types),
        facts=facts,
        incoming=tuple(incoming),
        provenance=describe_provenance(reader, iri),
        quality=describe_quality(reader, iri),
        formats=formats_of(reader, iri),
    )


def _section(href: str, types: list[str]) -> str:
    """Return the page that lists things like this one."""
    if href.startswith(("/id/source-file/", "/id/dataset/")):
        return "dataset"
    lists = (
        page for page in list_pages().values() for kind in page.kinds if expand(kind.of) in types
    )
    return next((page.name for page in lists), "")


def _types(reader: GraphReader, iri: str, types: list[str]) -> tuple[Text, ...]:
    """Return what kind of thing this is; a class of PROV says nothing to a reader."""
    if iri.startswith(f"{reader.iris.base}{_SOURCE_FILE}"):
        return (Text(reader.words("kind.source_file")),)
    ours = [each for each in types if each.startswith(expand("collex:"))]
    if ours:
        # what others call it, more generally, adds nothing for a reader
        return tuple(reader.label_of(each) for each in ours)
    shown = [each for each in types if each != expand("prov:Entity")]
    for general in ("bibo:Document", "foaf:Document"):
        if len(shown) > 1:
            shown = [each for each in shown if each != expand(general)]
    named = {f"class.{compact(each)}": each for each in shown}
    names = [
        Text(reader.words(key)) if reader.words.knows(key) else reader.label_of(iri)
        for key, iri in named.items()
    ]
    return tuple(dict.fromkeys(names))
