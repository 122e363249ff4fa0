"""The ontology and its terms, and the model in one picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collex_graph.server.contexts.query import Example
    from collex_graph.server.contexts.values import Format, Node, Text
    from collex_graph.server.model_drawing import ClassDrawing


@dataclass(frozen=True)
class TermLink:
    """Another term: its label where it has one here, its short name, and where it is explained."""

    label: str
    curie: str
    href: str


@dataclass(frozen=True)
class TermEntry:
    """A class or property of the ontology, in a list.

    Attributes:
        name: its local name, which is its anchor in the page.
        uses: entities of the class, or statements with the property, in the snapshot.
        href: its own page.
        query_href: a query that finds uses of it.
    """

    name: str
    curie: str
    is_class: bool
    label: Text
    definition: Text | None
    domain: tuple[TermLink, ...]
    range: tuple[TermLink, ...]
    above: tuple[TermLink, ...]
    uses: int
    deprecated: bool
    href: str
    query_href: str


@dataclass(frozen=True)
class Topic:
    """The terms about one topic, and a drawing of the class that matters most there."""

    anchor: str
    label: Text
    definition: Text | None
    classes: tuple[TermEntry, ...]
    properties: tuple[TermEntry, ...]
    drawing: ClassDrawing | None


@dataclass(frozen=True)
class SchemeRow:
    """A concept scheme: how many concepts it has, how many statements lead to one of them."""

    node: Node
    concepts: int
    uses: int


@dataclass(frozen=True)
class OtherTerm:
    """A term of another vocabulary that the snapshot uses."""

    curie: str
    label: str
    is_class: bool
    uses: int


@dataclass(frozen=True)
class OtherVocabulary:
    """Another vocabulary, and which of its terms the snapshot uses."""

    prefix: str
    namespace: str
    terms: tuple[OtherTerm, ...]


@dataclass(frozen=True)
class OntologyContext:
    """``/ontology``: every term by topic, the lists of concepts, the vocabularies of others.

    Attributes:
        wanted: the words searched for, empty when all terms are shown.
        found: how many terms are shown, of ``total``.
        drawing: the class in the middle of everything.
        releases: versions that are kept as they were released.
    """

    title: str
    iri: str
    version: str
    version_href: str
    releases: tuple[str, ...]
    description: Text | None
    note: Text | None
    wanted: str
    found: int
    total: int
    topics: tuple[Topic, ...]
    drawing: ClassDrawing | None
    schemes: tuple[SchemeRow, ...]
    others: tuple[OtherVocabulary, ...]
    formats: tuple[Format, ...]


@dataclass(frozen=True)
class TermUse:
    """A use of a term: the subject, and the value of the property where it is one."""

    subject: Node
    value: Text
    href: str


@dataclass(frozen=True)
class TermContext:
    """A term of the ontology: what it means, how it is used, an example, a query that runs."""

    title: str
    iri: str
    entry: TermEntry
    topic: Text | None
    topic_href: str
    notes: tuple[Text, ...]
    examples: tuple[str, ...]
    close: tuple[TermLink, ...]
    related: tuple[TermLink, ...]
    below: tuple[TermLink, ...]
    properties: tuple[TermEntry, ...]
    drawing: ClassDrawing | None
    found: tuple[TermUse, ...]
    query: str
    rules: tuple[Text, ...]
    formats: tuple[Format, ...]


@dataclass(frozen=True)
class ModelContext:
    """``/about/model``: the model in one picture, and queries to copy."""

    title: str
    patterns: tuple[Example, ...]
    prefixes: tuple[tuple[str, str], ...]
    schemes: tuple[Node, ...]
