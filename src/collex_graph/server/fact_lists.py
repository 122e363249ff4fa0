"""Lists of facts about any node: what it states, and what points at it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pyoxigraph as ox

from collex_graph.rdf.namespaces import compact, expand
from collex_graph.server.contexts.values import Fact, Text
from collex_graph.server.evidence import LICENCES, property_labels
from collex_graph.server.intervals import day_of, interval_of
from collex_graph.server.reader import is_web_address
from collex_graph.server.services import services
from collex_graph.sparql.catalogue import stored_query

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from collex_graph.server.contexts.values import Value
    from collex_graph.server.reader import GraphReader, Statements, Term

_SHOWN = 30
"""Values of one property that a page shows; a query lists the rest."""
# What a reader looks for after what; elsewhere facts stand in the order of their properties.
_FOLLOWS = (
    ("collex:startYear", "collex:endYear"), ("collex:endYear", "collex:openEnd"),
    ("collex:periodStart", "collex:periodEnd"), ("collex:coverageFrom", "collex:coverageTo"),
    ("collex:firstVolume", "collex:lastVolume"), ("collex:firstIssue", "collex:lastIssue"),
    ("rico:beginningDate", "rico:endDate"), ("rico:usedFromDate", "rico:usedToDate"),
    ("bibo:pageStart", "bibo:pageEnd"), ("rico:birthDate", "rico:deathDate"),
)  # fmt: skip
# What a reader looks for first, in this order, and what can wait until everything else is said.
_FIRST = (
    "rdfs:label", "dcterms:title", "dcterms:abstract", "dcterms:description", "collex:concerns",
    "collex:digitises", "collex:conserves", "collex:depositedFonds", "collex:awardedLabel",
    "collex:status", "org:member", "org:role", "org:organization", "collex:signatory",
    "collex:institution", "collex:leadInstitution", "collex:partner", "collex:beneficiary",
    "collex:provider", "collex:organiser", "collex:campaign", "collex:charter", "collex:contract",
    "collex:underCharter", "collex:plan", "collex:charterKind", "collex:version",
    "collex:communityKind", "collex:capabilityKind", "collex:needKind", "collex:eventKind",
    "collex:channelKind", "collex:indicator", "collex:value", "collex:unit", "collex:platform",
    "collex:discipline", "collex:programme", "collex:competence", "collex:year",
    "collex:project", "collex:produces", "dcterms:license", "dcterms:rights", "collex:legalStatus",
    "collex:miningAllowed", "collex:textStatus", "collex:textQuality", "collex:startYear",
    "collex:decisionDate", "collex:signatureDate", "collex:depositDate", "collex:depositStage",
    "collex:validFrom",
)  # fmt: skip
_LAST = (
    "collex:unlistedValue", "skos:note", "prov:used", "dcterms:source", "foaf:page",
    "dcat:landingPage", "dcterms:identifier", "dcterms:isPartOf",
)  # fmt: skip
# What curators state of fonds and institutions, elsewhere than on them.
_CURATED = (
    "collex:concerns", "org:member", "collex:signatory", "collex:institution",
    "collex:leadInstitution", "collex:partner", "collex:beneficiary", "collex:networkMember",
    "collex:organiser", "collex:expressedBy", "collex:digitises", "collex:coversUnit",
    "collex:conserves", "collex:depositedFonds", "collex:responsibleFor", "prov:wasDerivedFrom",
)  # fmt: skip
_INTERVAL = ("collex:validFrom", "collex:validUntil")
# Bounds that say nothing more where the date itself is said.
_BOUNDS = {
    "rico:birthDate": ("collex:birthYearEarliest", "collex:birthYearLatest"),
    "rico:deathDate": ("collex:deathYearEarliest", "collex:deathYearLatest"),
}
# What leads a reader to a page elsewhere, and not to what the graph says of that page.
_WEB_PAGES = frozenset(
    {
        "collex:groundTruth",
        "collex:iiifManifest",
        "collex:licenceDocument",
        "collex:repository",
        "dcat:accessURL",
        "dcat:landingPage",
        "foaf:depiction",
        "foaf:homepage",
        "foaf:page",
        "foaf:thumbnail",
    }
)
# Numbers that count or measure, unlike years, codes and positions.
_QUANTITIES = frozenset(
    {
        "collex:documentCount", "collex:filesRead", "collex:journalCount",
        "collex:knownRecordCount", "collex:monographCount", "collex:recordsRead",
        "collex:requestCount", "collex:targetCount", "collex:usageCount", "collex:value",
        "collex:yearlyCapacity", "dcat:byteSize",
        "rico:quantity", "void:distinctObjects", "void:distinctSubjects", "void:entities",
        "void:properties", "void:classes", "void:triples",
    }
)  # fmt: skip


def outgoing_facts(
    reader: GraphReader, iri: str, statements: Statements, *, without: Collection[str] = ()
) -> tuple[Fact, ...]:
    """Return what a node states, but for its classes and some properties.

    Args:
        reader: the graph.
        iri: the node.
        statements: its statements.
        without: IRIs of properties that the page shows otherwise.
    """
    left = {*without, expand("rdf:type"), *_said_by_a_date(statements)}
    said = {p: list(terms) for p, terms in statements.by_predicate.items() if p not in left}
    first, last = map(expand, _INTERVAL)
    interval = interval_fact(reader, statements) if first in said or last in said else None
    if interval is not None:
        said.setdefault(first, [])
        said.pop(last, None)
    names = property_labels(reader, list(said))
    return tuple(
        interval
        if interval is not None and predicate == first
        else outgoing_fact(reader, iri, predicate, said[predicate], names[predicate])
        for predicate in _in_reading_order(said)
    )


def interval_fact(reader: GraphReader, statements: Statements) -> Fact | None:
    """Return from when to when a thing holds, and how that stands on the day of the snapshot.

    None when it states no day.
    """
    interval = interval_of(*(statements.terms(name) for name in _INTERVAL))
    if interval is None:
        return None
    words = reader.words
    state = interval.state(services().snapshot.created.date())
    said = words(
        "interval.said", interval=interval.in_words(words), state=words(f"interval.{state}")
    )
    return Fact(words("interval.fact"), (Text(said),), _INTERVAL[0])


def _said_by_a_date(statements: Statements) -> set[str]:
    """Return the bounds of a year that a date tells: both are its year."""
    return {
        expand(bound)
        for date, bounds in _BOUNDS.items()
        for bound in bounds
        if {term.value for term in statements.terms(*bounds)}
        == {term.value[:4] for term in statements.terms(date)}
    }


def _in_reading_order(predicates: Iterable[str]) -> list[str]:
    """Return properties as they are read: the main ones first, the end after the beginning.

    >>> [compact(p) for p in _in_reading_order(map(expand, ("collex:endYear", "collex:startYear")))]
    ['collex:startYear', 'collex:endYear']
    """
    rank = {expand(name): place - len(_FIRST) for place, name in enumerate(_FIRST)}
    rank |= {expand(name): place for place, name in enumerate(_LAST, start=1)}
    ordered = sorted(predicates, key=lambda predicate: rank.get(predicate, 0))
    for first, then in ((expand(first), expand(then)) for first, then in _FOLLOWS):
        if first in ordered and then in ordered:
            ordered.remove(then)
            ordered.insert(ordered.index(first) + 1, then)
    return ordered


def incoming_facts(
    reader: GraphReader, iri: str, *, without: Collection[str] = ()
) -> tuple[Fact, ...]:
    """Return what points at a node, by property, but for some properties."""
    counts = {
        row["predicate"].value: int(row["count"].value)
        for row in reader.rows("incoming-counts", object=[iri])
        if row["predicate"].value not in without
    }
    return _pointing_facts(reader, iri, counts)


def curated_facts(reader: GraphReader, iri: str) -> tuple[Fact, ...]:
    """Return what curators state of a fonds or an institution: decisions, roles and so on."""
    order = {expand(name): place for place, name in enumerate(_CURATED)}
    counts = {
        row["predicate"].value: int(row["count"].value)
        for row in reader.rows("incoming-counts", object=[iri])
        if row["predicate"].value in order
    }
    ordered = {predicate: counts[predicate] for predicate in sorted(counts, key=order.__getitem__)}
    return _pointing_facts(reader, iri, ordered)


def _pointing_facts(reader: GraphReader, iri: str, counts: dict[str, int]) -> tuple[Fact, ...]:
    names = property_labels(reader, list(counts))
    return tuple(
        pointing_fact(
            reader,
            "incoming",
            predicate,
            incoming_name(reader, predicate, names[predicate]),
            count,
            object=[iri],
            predicate=[predicate],
        )
        for predicate, count in counts.items()
    )


def outgoing_fact(
    reader: GraphReader, iri: str, predicate: str, terms: list[Term], name: str
) -> Fact:
    """Return a fact with its values, the first ones where there are very many."""
    curie = compact(predicate) or predicate
    if len(terms) <= _SHOWN:
        return Fact(name, values_of(reader, terms, curie), curie)
    # the words in the page's language are among those that stay
    first = sorted(terms, key=lambda term: _language_rank(reader, term))[:_SHOWN]
    shown = values_of(reader, first, curie)
    href = _all_of("values-of", subject=[iri], predicate=[predicate])
    return Fact(name, shown, curie, len(terms) - _SHOWN, href)


def pointing_fact(
    reader: GraphReader, query: str, by: str, name: str, count: int, **given: list[str]
) -> Fact:
    """Return who points at a node by a property, the first ones where there are very many."""
    rows = reader.rows(query, **given, limit=[ox.Literal(_SHOWN)])
    reader.remember_labels(rows, "subject", "label")
    subjects = dict.fromkeys(
        row["subject"].value for row in rows if isinstance(row["subject"], ox.NamedNode)
    )
    more = max(count - len(subjects), 0)
    href = _all_of(query, **given) if more else ""
    return Fact(name, reader.nodes(subjects), compact(by) or by, more, href)


def _all_of(query: str, **given: list[str]) -> str:
    """Return the address of a query that lists everything."""
    bound = {name: [ox.NamedNode(iri) for iri in iris] for name, iris in given.items()}
    text = stored_query(f"pages/{query}").text(**bound)
    return "/query?" + urlencode({"query": text.strip()})


def incoming_name(reader: GraphReader, predicate: str, name: str) -> str:
    """Return what to call a property read backwards, where our words have a name for that."""
    key = f"incoming.{compact(predicate)}"
    return reader.words(key) if reader.words.knows(key) else name


def _number_in_words(reader: GraphReader, predicate: str, text: str) -> str:
    """Return a quantity as the page's language writes it; years and codes stay as they are."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number.is_finite():
        return text
    whole = number == number.to_integral_value()
    if predicate == "dcat:byteSize" and whole:
        return reader.words.size(int(number))
    return reader.words.number(int(number) if whole else number)


def values_of(reader: GraphReader, terms: list[Term], predicate: str = "") -> tuple[Value, ...]:
    """Return every value; words in the language of the page come first.

    The same words in several languages are said once.
    """
    values: list[Value] = []
    said: set[str] = set()
    for term in sorted(terms, key=lambda term: _language_rank(reader, term)):
        if isinstance(term, ox.Literal) and term.language:
            if term.value in said:
                continue
            said.add(term.value)
        if isinstance(term, ox.Literal) and predicate in _QUANTITIES:
            values.append(Text(_number_in_words(reader, predicate, term.value)))
        elif isinstance(term, ox.Literal) and (day := _day_in_words(reader, term)):
            values.append(Text(day))
        elif isinstance(term, ox.Literal) and (key := _word_for(reader, predicate, term)):
            values.append(Text(reader.words(key)))
        elif isinstance(term, ox.Literal):
            values.append(Text(term.value, term.language or ""))
        elif predicate == "dcterms:license" and term.value in LICENCES:
            values.append(reader.web_link(term.value, Text(LICENCES[term.value])))
        elif is_web_address(term.value) and predicate in _WEB_PAGES:
            values.append(replace(reader.web_link(term.value, Text(term.value)), host=""))
        elif is_web_address(term.value):
            values.append(reader.node(term.value))
        else:
            # a javascript: or data: address is shown as what it is, and never as a link
            values.append(Text(term.value))
    return tuple(values)


def _day_in_words(reader: GraphReader, term: ox.Literal) -> str:
    """Return a day of the calendar in words, nothing for other literals."""
    day = day_of(term.value) if term.datatype.value == expand("xsd:date") else None
    return reader.words.date(day) if day else ""


def _word_for(reader: GraphReader, predicate: str, term: ox.Literal) -> str:
    """Return the key of the word for a code or a truth value, nothing for other literals."""
    if term.datatype.value == expand("xsd:boolean"):
        return "query.yes" if term.value in ("true", "1") else "query.no"
    key = f"value.{predicate}.{term.value}"
    return key if reader.words.knows(key) else ""


def _language_rank(reader: GraphReader, term: Term) -> bool:
    language = term.language if isinstance(term, ox.Literal) else None
    return bool(language) and language != reader.words.language
