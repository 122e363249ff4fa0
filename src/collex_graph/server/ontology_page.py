"""The pages of the ontology and of the shapes: every term, by topic, with how often it is used.

Terms come from the graph ``graph/ontology`` of the snapshot, uses from its description, where they
were counted at publication. What classes are linked by comes from domains and ranges, and from
``ontology/links.csv`` where a property has none or belongs to others.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pyoxigraph as ox

from collex_graph.rdf.namespaces import compact, expand, prefixes
from collex_graph.resources import resource_dir
from collex_graph.server.contexts.ontology import (
    OntologyContext,
    OtherTerm,
    OtherVocabulary,
    SchemeRow,
    TermContext,
    TermEntry,
    TermLink,
    TermUse,
    Topic,
)
from collex_graph.server.contexts.shapes import ShapeGroup, ShapeRow, ShapesContext, WrittenRuleRow
from collex_graph.server.contexts.values import Format, Text
from collex_graph.server.evidence import property_label
from collex_graph.server.intervals import day_of
from collex_graph.server.model_drawing import ClassDrawing, ClassName, LinkedClass, draw_class
from collex_graph.server.quality_parts import SEVERITIES, history_of, in_general
from collex_graph.server.reader import Statements, fold, integer, sort_key
from collex_graph.sparql.catalogue import stored_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from collex_graph.server.contexts.values import Node
    from collex_graph.server.reader import GraphReader, Row, Term

ONTOLOGY = expand("collex:").rstrip("#")
SHAPES = expand("collex-sh:").rstrip("#")

_NAMESPACE = expand("collex:")
_CENTRE = "collex:DescribedUnit"
_EXAMPLE_OF_CLASS = "example-of-class"
_EXAMPLE_OF_PROPERTY = "example-of-property"
_PROPERTIES = ("owl:ObjectProperty", "owl:DatatypeProperty")
_MACHINES = (
    ("Turtle", "text/turtle", "ttl"),
    ("JSON-LD", "application/ld+json", "jsonld"),
    ("N-Triples", "application/n-triples", "nt"),
    ("RDF/XML", "application/rdf+xml", "rdf"),
)


@dataclass(frozen=True)
class Link:
    """A property that leads from one class to another, all as prefixed names."""

    start: str
    name: str
    end: str


# --- reading -------------------------------------------------------------------------------------


class Terms:
    """The ontology of a snapshot.

    Args:
        reader: the graph.

    Attributes:
        statements: term → what the ontology says of it.
        uses: (``class``, ``property`` or ``scheme``; IRI) → how often the snapshot uses it.
        terms: classes and properties, in the order of their labels.
        links: how classes are linked.
        labels: term → its label in the language of the page.
    """

    def __init__(self, reader: GraphReader) -> None:
        self.labels: dict[str, Text] = {}
        found: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
        for row in reader.rows("ontology-statements"):
            found[row["subject"].value][row["predicate"].value].append(row["object"])
        self.statements = {iri: Statements(said) for iri, said in found.items()}
        self.uses: dict[tuple[str, str], int] = defaultdict(int)
        for row in reader.rows("uses"):
            number = integer(row["count"]) or 0
            self.uses[row["kind"].value, row["name"].value] += number
        for iri, about in self.statements.items():
            label = reader.best(about.literals("rdfs:label"))
            if label is not None:
                self.labels[iri] = label
        self.terms = self.named("owl:Class", *_PROPERTIES)
        self.links = self._links()

    def about(self, iri: str) -> Statements:
        """Return what the ontology says of a term."""
        return self.statements.get(iri, Statements({}))

    def named(self, *kinds: str) -> list[str]:
        """Return the terms of some kinds, in the order of their labels."""
        found = [
            iri
            for iri, about in self.statements.items()
            if iri.startswith(_NAMESPACE) and iri in self.labels and about.is_a(*kinds)
        ]
        return sorted(found, key=lambda iri: (sort_key(self.labels[iri].value), iri))

    def _links(self) -> list[Link]:
        """Return how classes are linked, each way once."""
        found = dict.fromkeys(_stated_links())
        for iri in self.named("owl:ObjectProperty"):
            about = self.about(iri)
            for domain in about.iris("rdfs:domain"):
                for values in about.iris("rdfs:range"):
                    if values != expand("skos:Concept"):
                        names = (compact(each) or each for each in (domain, iri, values))
                        found[Link(*names)] = None
        # a body in general says less than the institution that links.csv names
        exact = {(link.start, link.name) for link in _stated_links()}
        return [
            link
            for link in found
            if link in _stated_links() or (link.start, link.name) not in exact
        ]


_KEPT: dict[str, tuple[str, Terms]] = {}


def read_terms(reader: GraphReader) -> Terms:
    """Return the ontology of the snapshot, read once for each snapshot and language."""
    snapshot, language = str(reader.snapshot.directory), reader.words.language
    kept = _KEPT.get(language)
    if kept is None or kept[0] != snapshot:
        kept = _KEPT[language] = (snapshot, Terms(reader))
    reader.know_labels(kept[1].labels)
    return kept[1]


@cache
def _stated_links() -> tuple[Link, ...]:
    path = resource_dir("ontology") / "links.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(Link(*row) for row in list(csv.reader(file, strict=True))[1:])


# --- the ontology --------------------------------------------------------------------------------


def describe_ontology(reader: GraphReader, wanted: str) -> OntologyContext:
    """Return the page of the ontology.

    Args:
        reader: the graph.
        wanted: words that a term must have in its name, labels or definitions; empty for all.
    """
    terms, words = read_terms(reader), reader.words
    about = terms.about(ONTOLOGY)
    shown = {iri for iri in terms.terms if _matches(terms, iri, wanted)}
    topics = []
    for topic in (iri for iri in terms.statements if terms.about(iri).is_a("skos:Collection")):
        inside = [
            iri
            for iri in terms.terms
            if iri in shown and topic in terms.about(iri).iris("dcterms:subject")
        ]
        classes = [iri for iri in inside if terms.about(iri).is_a("owl:Class")]
        topics.append(
            Topic(
                anchor=topic.removeprefix(_NAMESPACE),
                label=reader.label_of(topic),
                definition=reader.best(terms.about(topic).literals("skos:definition")),
                classes=tuple(_entry(reader, terms, iri) for iri in classes),
                properties=tuple(
                    _entry(reader, terms, iri) for iri in inside if iri not in classes
                ),
                drawing=None if wanted else _drawing_of_topic(reader, terms, classes),
            )
        )
    topics.sort(key=lambda topic: _topic_rank(terms, topic.anchor))
    return OntologyContext(
        title=words("ontology.heading"),
        iri=ONTOLOGY,
        version=about.value("owl:versionInfo"),
        version_href=f"/ontology/{about.value('owl:versionInfo')}",
        releases=released_versions(),
        description=reader.best(about.literals("dcterms:description")),
        note=reader.best(about.literals("skos:editorialNote")),
        wanted=wanted,
        found=len(shown),
        total=len(terms.terms),
        topics=tuple(topic for topic in topics if topic.classes or topic.properties),
        drawing=None if wanted else draw(reader, terms, _CENTRE),
        schemes=() if wanted else _schemes(reader, terms),
        others=() if wanted else _others(reader, terms),
        formats=_formats("/ontology"),
    )


def released_versions() -> tuple[str, ...]:
    """Return the versions that are kept as they were released, the newest first."""
    folder = resource_dir("ontology") / "releases"
    found = [path.name for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    return tuple(sorted(found, key=lambda name: [int(n) for n in name.split(".")], reverse=True))


def read_release(version: str) -> list[ox.Triple]:
    """Return the ontology as it was released."""
    path = resource_dir("ontology") / "releases" / version / "collex.ttl"
    return [
        ox.Triple(quad.subject, quad.predicate, quad.object)
        for quad in ox.parse(path=path, format=ox.RdfFormat.TURTLE)
    ]


def _topic_rank(terms: Terms, anchor: str) -> tuple[int, str]:
    # the topic of what everything is about first, those with more uses before others
    if anchor == "topic-unit":
        return (-(1 << 62), anchor)
    iri = _NAMESPACE + anchor
    uses = sum(
        terms.uses["property", term]
        for term, about in terms.statements.items()
        if iri in about.iris("dcterms:subject")
    )
    return (-uses, anchor)


def _matches(terms: Terms, iri: str, wanted: str) -> bool:
    if not wanted:
        return True
    about = terms.about(iri)
    texts = [compact(iri) or iri]
    texts += [t.value for t in about.literals("rdfs:label", "skos:definition", "skos:scopeNote")]
    text = fold(" ".join(texts))
    return all(word in text for word in fold(wanted).split())


def _entry(reader: GraphReader, terms: Terms, iri: str) -> TermEntry:
    about = terms.about(iri)
    is_class = about.is_a("owl:Class")
    uses = terms.uses["class" if is_class else "property", iri]
    return TermEntry(
        name=iri.removeprefix(_NAMESPACE),
        curie=compact(iri) or iri,
        is_class=is_class,
        label=reader.label_of(iri),
        definition=reader.best(about.literals("skos:definition")),
        domain=_links_to(reader, about.iris("rdfs:domain")),
        range=_links_to(reader, about.iris("rdfs:range")),
        above=_links_to(reader, about.iris("rdfs:subClassOf", "rdfs:subPropertyOf")),
        uses=uses,
        deprecated=about.truth("owl:deprecated"),
        href=reader.href_of(iri),
        query_href="/query?" + urlencode({"query": example_query(iri, is_class=is_class)}),
    )


def example_query(iri: str, *, is_class: bool) -> str:
    """Return a query that finds uses of a term."""
    if is_class:
        text = stored_query(f"pages/{_EXAMPLE_OF_CLASS}").text(**{"class": iri})
    else:
        text = stored_query(f"pages/{_EXAMPLE_OF_PROPERTY}").text(property=iri)
    return text.strip()


def _links_to(reader: GraphReader, iris: Iterable[str]) -> tuple[TermLink, ...]:
    return tuple(
        TermLink(
            label=class_or_datatype(reader, iri),
            curie=compact(iri) or iri,
            href=reader.href_of(iri) if iri.startswith(_NAMESPACE) else "",
        )
        for iri in iris
    )


def class_or_datatype(reader: GraphReader, iri: str) -> str:
    """Return what to call a class or a datatype: our label, our words for it, or its short name."""
    name = compact(iri) or iri
    key = f"class.{name}"
    if not iri.startswith(_NAMESPACE) and reader.words.knows(key):
        return reader.words(key)
    return reader.label_of(iri).value


def _schemes(reader: GraphReader, terms: Terms) -> tuple[SchemeRow, ...]:
    rows = {row["scheme"].value: row for row in reader.rows("scheme-sizes")}
    ours = [iri for iri in rows if reader.iris.path_of(iri)]
    return tuple(
        SchemeRow(
            node=node,
            concepts=integer(rows[node.iri]["count"]) or 0,
            uses=terms.uses["scheme", node.iri],
        )
        for node in reader.nodes(ours)
    )


def _others(reader: GraphReader, terms: Terms) -> tuple[OtherVocabulary, ...]:
    by_prefix: dict[str, list[OtherTerm]] = defaultdict(list)
    for (kind, iri), uses in terms.uses.items():
        name = compact(iri)
        if kind == "scheme" or name is None or iri.startswith(_NAMESPACE):
            continue
        label = class_or_datatype(reader, iri) if kind == "class" else property_label(reader, iri)
        by_prefix[name.partition(":")[0]].append(
            OtherTerm(name, label if label != name else "", kind == "class", uses)
        )
    return tuple(
        OtherVocabulary(
            prefix,
            prefixes()[prefix],
            tuple(sorted(found, key=lambda term: (not term.is_class, -term.uses, term.curie))),
        )
        for prefix, found in sorted(by_prefix.items())
    )


def _formats(href: str) -> tuple[Format, ...]:
    return tuple(Format(label, media, f"{href}.{ending}") for label, media, ending in _MACHINES)


# --- drawings ------------------------------------------------------------------------------------


def draw(reader: GraphReader, terms: Terms, name: str) -> ClassDrawing | None:
    """Draw a class with all its links; None where it has none."""
    pointing: dict[str, list[str]] = defaultdict(list)
    pointed: dict[str, list[str]] = defaultdict(list)
    for link in terms.links:
        if link.start == name:
            pointed[link.end].append(link.name)
        elif link.end == name:
            pointing[link.start].append(link.name)
    if not pointing and not pointed:
        return None
    main = _class_name(reader, name)
    columns = [
        tuple(
            LinkedClass(
                _class_name(reader, other),
                tuple(_property_in_words(reader, each) for each in names),
            )
            for other, names in sorted(column.items(), key=lambda each: (-len(each[1]), each[0]))
        )
        for column in (pointing, pointed)
    ]
    said = reader.words(
        "ontology.drawing",
        name=main.label,
        sources=", ".join(each.name.label for each in columns[0]) or "–",
        targets=", ".join(each.name.label for each in columns[1]) or "–",
    )
    return draw_class(main, columns[0], columns[1], said)


def _drawing_of_topic(
    reader: GraphReader, terms: Terms, classes: Sequence[str]
) -> ClassDrawing | None:
    """Draw the class of a topic that has the most links; the centre of all is drawn on top."""
    ends = [name for link in terms.links for name in {link.start, link.end}]
    names = [compact(iri) or iri for iri in classes]
    names = [name for name in names if name != _CENTRE and ends.count(name) > 1]
    if not names:
        return None
    return draw(reader, terms, max(names, key=lambda name: (ends.count(name), name)))


def _class_name(reader: GraphReader, name: str) -> ClassName:
    iri = expand(name)
    href = reader.href_of(iri) if iri.startswith(_NAMESPACE) else ""
    return ClassName(class_or_datatype(reader, iri), name, href)


def _property_in_words(reader: GraphReader, name: str) -> str:
    label = property_label(reader, expand(name))
    return label[:1].lower() + label[1:] if ":" not in label else label


# --- one term ------------------------------------------------------------------------------------


def is_term(iri: str, statements: Statements) -> bool:
    """Say whether a node is a class or a property of the ontology."""
    return iri.startswith(_NAMESPACE) and statements.is_a("owl:Class", *_PROPERTIES)


def describe_term(reader: GraphReader, iri: str) -> TermContext:
    """Return the page of one term."""
    terms = read_terms(reader)
    about, entry = terms.about(iri), _entry(reader, terms, iri)
    topics = about.iris("dcterms:subject")
    topic = topics[0] if topics else ""
    related = [
        other
        for other in terms.named(*_PROPERTIES)
        if iri in terms.about(other).iris("rdfs:domain", "rdfs:range", "rdfs:subPropertyOf")
    ]
    below = [
        other
        for other in terms.named("owl:Class")
        if iri in terms.about(other).iris("rdfs:subClassOf")
    ]
    return TermContext(
        title=entry.label.value,
        iri=iri,
        entry=entry,
        topic=reader.label_of(topic) if topic else None,
        topic_href=f"/ontology#{topic.removeprefix(_NAMESPACE)}",
        notes=reader.in_best_language(about.literals("skos:scopeNote", "skos:changeNote")),
        examples=tuple(_in_lines(term.value) for term in about.literals("skos:example")),
        close=_links_outside(about.iris("skos:closeMatch")),
        related=_links_outside(about.iris("skos:relatedMatch")),
        below=_links_to(reader, below),
        properties=tuple(_entry(reader, terms, other) for other in related),
        drawing=draw(reader, terms, entry.curie) if entry.is_class else None,
        found=_uses(reader, iri, is_class=entry.is_class) if entry.uses else (),
        query=example_query(iri, is_class=entry.is_class),
        rules=_rules_about(reader, iri),
        formats=tuple(
            Format(label, media, f"{entry.href}&format={ending}")
            for label, media, ending in _MACHINES
        ),
    )


def _in_lines(example: str) -> str:
    """Write the subject of an example, and what it says of it, on lines of their own."""
    subject, _, said = example.partition(" ")
    return f"{subject}\n    " + said.replace(" ; rdfs:label", " ;\n    rdfs:label")


def _links_outside(iris: Iterable[str]) -> tuple[TermLink, ...]:
    return tuple(TermLink("", compact(iri) or iri, iri) for iri in iris)


def _uses(reader: GraphReader, iri: str, *, is_class: bool) -> tuple[TermUse, ...]:
    if is_class:
        rows = reader.rows("term-entities", **{"class": [iri]})
    else:
        rows = reader.rows("term-values", property=[iri])
    reader.remember_labels(rows, "subject", "label")
    reader.remember_labels(rows, "value", "valueLabel")
    found: dict[tuple[str, str], TermUse] = {}
    for row in rows:
        value, subject = row.get("value"), row["subject"].value
        key = (subject, str(value))
        if isinstance(value, ox.NamedNode):
            text, href = reader.label_of(value.value), reader.href_of(value.value)
        else:
            text, href = (reader.text(value) or Text("")), ""
        found.setdefault(key, TermUse(reader.node(subject), text, href))
    return tuple(found.values())


def _rules_about(reader: GraphReader, iri: str) -> tuple[Text, ...]:
    """Return the rules of the validation that are about a class or a property."""
    rows = reader.rows("term-rules", term=[iri])
    by_rule: dict[str, list[Term]] = defaultdict(list)
    for row in rows:
        by_rule[row["rule"].value].append(row["label"])
    found = [label for labels in by_rule.values() if (label := reader.best(labels)) is not None]
    return tuple(sorted(found, key=lambda label: sort_key(label.value)))


# --- the shapes ----------------------------------------------------------------------------------


def describe_shapes(reader: GraphReader) -> ShapesContext:
    """Return the page of the shapes: what is checked of which class, and how often it fails."""
    said: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for row in reader.rows("shape-statements"):
        said[row["subject"].value][row["predicate"].value].append(row["object"])
    statements = {iri: Statements(about) for iri, about in said.items()}
    results = {
        row["rule"].value: integer(row["count"]) or 0 for row in reader.rows("quality-rules")
    }
    checked = reader.rows("commitments-of-rules")
    reader.learn_labels(
        {target for shape in statements.values() for target in shape.iris("sh:targetClass")}
        | {row[name].value for row in checked for name in ("commitment", "charter") if name in row}
    )
    commitments = _commitments(reader, checked)
    about, groups, grouped = statements.get(SHAPES, Statements({})), [], set()
    for iri, shape in statements.items():
        if not shape.is_a("sh:NodeShape") or not iri.startswith(SHAPES):
            continue
        members = [iri, *shape.iris("sh:property", "sh:sparql")]
        rows = _shape_rows(reader, statements, members, results, commitments)
        grouped.update(members)
        targets = shape.iris("sh:targetClass")
        label = reader.best(shape.literals("rdfs:label"))
        if rows and label:
            groups.append(
                ShapeGroup(iri.removeprefix(f"{SHAPES}#"), label, _links_to(reader, targets), rows)
            )
    groups.sort(key=lambda group: sort_key(group.label.value))
    rest = [iri for iri in statements if iri not in grouped and iri.startswith(f"{SHAPES}#")]
    readings = _shape_rows(reader, statements, rest, results, commitments)
    return ShapesContext(
        title=reader.words("shapes.heading"),
        iri=SHAPES,
        version=about.value("owl:versionInfo"),
        description=reader.best(about.literals("dcterms:description")),
        groups=tuple(groups),
        readings=readings,
        book=_book(reader, statements, [*(row for g in groups for row in g.rows), *readings]),
        rules=sum(len(group.rows) for group in groups) + len(readings),
        counted=history_of(reader).is_kept,
        formats=_formats("/shapes"),
    )


def _shape_rows(
    reader: GraphReader,
    statements: Mapping[str, Statements],
    members: Iterable[str],
    results: Mapping[str, int],
    commitments: Mapping[str, tuple[tuple[Node, Node | None], ...]],
) -> tuple[ShapeRow, ...]:
    rows = []
    for iri in members:
        about = statements.get(iri, Statements({}))
        severity = _severity(about, "sh:severity")
        label = reader.best(about.literals("rdfs:label"))
        if not severity or label is None:
            continue
        rows.append(
            ShapeRow(
                name=iri.removeprefix(f"{SHAPES}#"),
                label=label,
                message=in_general(reader.best(about.literals("sh:message"))),
                severity=severity,
                results=results.get(iri, 0),
                codes=_codes(about),
                announced=_severity(about, "collex-sh:announcedSeverity"),
                from_day=day_of(about.value("collex-sh:inForceFrom")),
                weight=about.integer("collex-sh:weight") or 0,
                commitments=commitments.get(iri, ()),
            )
        )
    order = list(SEVERITIES.values())
    return tuple(
        sorted(rows, key=lambda r: (order.index(r.severity), -r.weight, sort_key(r.label.value)))
    )


def _commitments(
    reader: GraphReader, rows: Iterable[Row]
) -> dict[str, tuple[tuple[Node, Node | None], ...]]:
    """Return rule → the commitments of charters that it checks, each with its charter."""
    found: dict[str, list[tuple[Node, Node | None]]] = defaultdict(list)
    for row in rows:
        charter = reader.node(row["charter"].value) if "charter" in row else None
        found[row["rule"].value].append((reader.node(row["commitment"].value), charter))
    return {rule: tuple(some) for rule, some in found.items()}


def _severity(about: Statements, predicate: str) -> str:
    return SEVERITIES.get(about.value(predicate).rpartition("#")[2], "")


def _codes(about: Statements) -> tuple[str, ...]:
    found = (iri.removeprefix(f"{SHAPES}#") for iri in about.iris("collex-sh:rule"))
    return tuple(sorted(found, key=_code_order))


def _code_order(code: str) -> tuple[str, int]:
    """Return what codes are sorted by: their letter, then their number."""
    kind = code.rstrip("0123456789")
    return kind, int(code.removeprefix(kind) or 0)


def _book(
    reader: GraphReader, statements: Mapping[str, Statements], rows: Iterable[ShapeRow]
) -> tuple[WrittenRuleRow, ...]:
    """Return the written rules in the order of their codes, with the rules that check each."""
    checks: dict[str, dict[str, ShapeRow]] = defaultdict(dict)
    for row in rows:
        for code in row.codes:
            checks[code][row.name] = row  # a rule of several groups is one rule
    book = []
    for iri, about in statements.items():
        label = reader.best(about.literals("rdfs:label"))
        if not about.is_a("collex-sh:WrittenRule") or label is None:
            continue
        code = iri.removeprefix(f"{SHAPES}#")
        checking = sorted(checks[code].values(), key=lambda row: sort_key(row.label.value))
        book.append(
            WrittenRuleRow(
                code=code,
                label=label,
                text=reader.best(about.literals("rdfs:comment")),
                checks=tuple((row.name, row.label) for row in checking),
                results=sum(row.results for row in checking),
            )
        )
    return tuple(sorted(book, key=lambda row: _code_order(row.code)))
