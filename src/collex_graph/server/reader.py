"""Reads the graph for pages: runs a stored query, gives its rows, and names what they speak of.

Everything goes through `model.QueryService`: pages evaluate nothing themselves, so a page can never
cost more than a query may.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import pyoxigraph as ox

from collex_graph.model import QueryRequest
from collex_graph.rdf.formats import JSON
from collex_graph.rdf.namespaces import compact, expand
from collex_graph.server.authorities import authority_of
from collex_graph.server.contexts.values import Node, Text, WebLink
from collex_graph.sparql.catalogue import stored_query
from collex_graph.sparql.results import read_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from collex_graph.model import QueryService, Snapshot
    from collex_graph.rdf.iris import Iris
    from collex_graph.server.messages import Words

Term = ox.NamedNode | ox.Literal
Row = dict[str, Term]

_LABELS_AT_ONCE = 2_000
"""Nodes named in one query, whose text must stay within what is accepted."""


def is_web_address(iri: str) -> bool:
    """Say whether a browser may be sent there: http and https, nothing else.

    >>> is_web_address("https://ccfr.bnf.fr/"), is_web_address("javascript:alert(1)")
    (True, False)
    """
    return iri.startswith(("http://", "https://"))


class GraphReader:
    """The graph, as one page in one language sees it.

    Args:
        queries: answers the queries.
        iris: recognises IRIs of ours.
        words: the language of the page.
    """

    def __init__(self, queries: QueryService, iris: Iris, words: Words) -> None:
        self._queries = queries
        self.iris = iris
        self.words = words
        self._labels: dict[str, Text | None] = {}

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that is read."""
        return self._queries.snapshot

    # --- rows ------------------------------------------------------------------------------------

    def rows(self, query: str, **parameters: Iterable[str | Term]) -> list[Row]:
        """Run a stored query of the pages and return its rows.

        Args:
            query: its name in ``queries/pages``.
            parameters: the terms of each parameter; a text that is no term is an IRI.
        """
        terms = {
            name: [ox.NamedNode(value) if isinstance(value, str) else value for value in values]
            for name, values in parameters.items()
        }
        if terms and not any(terms.values()):
            return []
        text = stored_query(f"pages/{query}").text(**terms)
        table = read_table(self._queries.run(QueryRequest(text, (JSON.media_type,), priority=True)))
        return [
            {name: term for name, term in row.terms.items() if isinstance(term, Term)}
            for row in table
        ]

    # --- words and links -------------------------------------------------------------------------

    def text(self, term: Term | None) -> Text | None:
        """Return a literal as words with their language."""
        if not isinstance(term, ox.Literal):
            return None
        return Text(term.value, term.language or "")

    def best(self, terms: Iterable[Term]) -> Text | None:
        """Return the words in the page's language, else in French, else the first."""
        texts = [Text(t.value, t.language or "") for t in terms if isinstance(t, ox.Literal)]
        for language in (self.words.language, "fr", ""):
            for text in texts:
                if text.language.split("-")[0] == language:
                    return text
        return texts[0] if texts else None

    def in_best_language(self, terms: Iterable[Term]) -> tuple[Text, ...]:
        """Return every text in the page's language, else every text there is."""
        texts = [Text(t.value, t.language or "") for t in terms if isinstance(t, ox.Literal)]
        chosen = [text for text in texts if text.language.split("-")[0] == self.words.language]
        return tuple(chosen or texts)

    def remember_labels(self, rows: Iterable[Row], node: str, label: str) -> None:
        """Keep the labels that rows carry, so that nobody asks for them again."""
        found: dict[str, list[Term]] = defaultdict(list)
        for row in rows:
            if isinstance(row.get(node), ox.NamedNode):
                found[row[node].value] += [row[label]] if label in row else []
        for iri, labels in found.items():
            if labels and self._labels.get(iri) is None:
                self._labels[iri] = self.best(labels)

    def know_labels(self, labels: Mapping[str, Text]) -> None:
        """Take labels that were read before."""
        self._labels.update(labels)

    def learn_labels(self, iris: Iterable[str]) -> None:
        """Ask for the labels of nodes that are not known yet, many at once."""
        unknown = sorted({iri for iri in iris if iri not in self._labels})
        for start in range(0, len(unknown), _LABELS_AT_ONCE):
            asked = unknown[start : start + _LABELS_AT_ONCE]
            self.remember_labels(self.rows("labels", node=asked), "node", "label")
            self._labels = {**dict.fromkeys(asked), **self._labels}

    def label_of(self, iri: str) -> Text:
        """Return what to call a node: its label, our words for it, its identifier, or its IRI."""
        known = self._labels.get(iri)
        if known is not None:
            return known
        language = self.words.language_name(iri)
        if language:
            return Text(language, self.words.language)
        authority = authority_of(iri)
        if authority is not None:
            return Text(f"{authority.name} {authority.identifier}")
        name = compact(iri)
        for kind in ("class", "property"):
            if self.words.knows(f"{kind}.{name}"):
                return Text(self.words(f"{kind}.{name}"), self.words.language)
        # one of ours is called by its identifier
        path = (self.iris.path_of(iri) or "").split("/", 3)
        return Text(path[3] if path[1:2] == ["id"] and path[3:] else name or iri)

    def is_named(self, iri: str) -> bool:
        """Say whether the graph, or the list of languages, has a name for a node."""
        language = self.words.language_name(iri)
        code = iri.rpartition("/")[2]
        return self._labels.get(iri) is not None or language not in (None, code)

    def href_of(self, iri: str) -> str:
        """Return the path of a node's page on this site."""
        path = self.iris.path_of(iri)
        if path is not None and path.startswith(("/id/", "/vocabulary/", "/graph/", "/shapes#")):
            return path
        return "/entity?" + urlencode({"iri": iri})

    def node(self, iri: str, *, derived: bool = False) -> Node:
        """Return a node with its label, its page and its authority mark."""
        return Node(iri, self.label_of(iri), self.href_of(iri), authority_of(iri), derived=derived)

    def nodes(self, iris: Iterable[str]) -> tuple[Node, ...]:
        """Return several nodes in the order of their labels."""
        wanted = list(dict.fromkeys(iris))
        self.learn_labels(wanted)
        return tuple(sorted((self.node(iri) for iri in wanted), key=_by_label))

    def web_link(self, iri: str, label: Text | None = None) -> WebLink:
        """Return an address elsewhere; one that a browser must not follow stays plain words."""
        if not is_web_address(iri):
            return WebLink(label or Text(iri), "", "")
        host = (urlsplit(iri).hostname or "").removeprefix("www.")
        return WebLink(label or Text(host), iri, host)

    # --- one node --------------------------------------------------------------------------------

    def statements(self, iri: str) -> Statements:
        """Return everything the default graph says of a node."""
        return self._statements(iri, "statements")

    def statements_about(self, iri: str) -> Statements:
        """Return what description and provenance say of a source, a file, the snapshot."""
        return self._statements(iri, "statements-about")

    def _statements(self, iri: str, query: str) -> Statements:
        rows = self.rows(query, subject=[iri])
        self.remember_labels(rows, "object", "label")
        found: dict[str, dict[Term, None]] = defaultdict(dict)
        for row in rows:
            found[row["predicate"].value][row["object"]] = None
        statements = Statements({name: tuple(objects) for name, objects in found.items()})
        own = statements.literals("skos:prefLabel") or statements.literals("rdfs:label")
        self._labels[iri] = self.best(own)
        return statements


def _by_label(node: Node) -> tuple[str, str]:
    return (sort_key(node.label.value), node.iri)


def sort_key(text: str) -> str:
    """Return a text as French alphabetical order compares it: without accents or case.

    >>> sorted(["Zoé", "Élan", "étude"], key=sort_key)
    ['Élan', 'étude', 'Zoé']
    """
    return fold(text)


@dataclass(frozen=True)
class Statements:
    """What the graph says of one node: predicate → objects, asked for by prefixed names."""

    by_predicate: Mapping[str, Sequence[Term]]

    def __bool__(self) -> bool:
        return bool(self.by_predicate)

    def terms(self, *names: str) -> list[Term]:
        """Return the objects of one or several predicates."""
        return [term for name in names for term in self.by_predicate.get(expand(name), ())]

    def iris(self, *names: str) -> list[str]:
        """Return the objects that are nodes."""
        return [t.value for t in self.terms(*names) if isinstance(t, ox.NamedNode)]

    def literals(self, *names: str) -> list[Term]:
        """Return the objects that are literals."""
        return [term for term in self.terms(*names) if isinstance(term, ox.Literal)]

    def value(self, name: str) -> str:
        """Return the first object in words, or nothing."""
        terms = self.terms(name)
        return terms[0].value if terms else ""

    def integer(self, name: str) -> int | None:
        """Return the first object as a whole number."""
        return integer(self.terms(name)[0]) if self.terms(name) else None

    def decimal(self, name: str) -> float | None:
        """Return the first object as a number."""
        try:
            return float(self.value(name))
        except ValueError:
            return None

    def truth(self, name: str) -> bool:
        """Say whether the first object is true."""
        return self.value(name) in ("true", "1")

    def is_a(self, *classes: str) -> bool:
        """Say whether the node is in one of the classes."""
        types = set(self.iris("rdf:type"))
        return any(expand(name) in types for name in classes)


def integer(term: Term | None) -> int | None:
    """Return a literal as a whole number, None when it is not one."""
    try:
        return int(term.value) if isinstance(term, ox.Literal) else None
    except ValueError:
        return None


# The letters that French, and the transliterations of oriental languages, put accents on. The query
# search-units folds its texts with the same classes; a test compares the two.
FOLDS = (
    ("[àáâãäåāăą]", "a"), ("[çćč]", "c"), ("[ďḍḏ]", "d"), ("[èéêëēėęě]", "e"),
    ("[ğġģǧ]", "g"), ("[ḥḫẖ]", "h"), ("[ìíîïīįıĭ]", "i"), ("[ḳķ]", "k"), ("[łļ]", "l"),
    ("[ñńňņṇ]", "n"), ("[òóôõöōőø]", "o"), ("[řṛ]", "r"), ("[śšşșṣ]", "s"), ("[ťţțṭṯ]", "t"),
    ("[ùúûüūůű]", "u"), ("[ýÿ]", "y"), ("[źżžẓẕ]", "z"), ("œ", "oe"), ("æ", "ae"),
    ("[’ʼʻʾʿ‘]", "'"), ("[\u00a0\u202f\u2011\u2013-]", " "),
)  # fmt: skip
_FOLDING = str.maketrans(
    {
        letter: plain
        for letters, plain in FOLDS
        for letter in (letters.strip("[]") if letters.startswith("[") else letters)
    }
)


def fold(text: str) -> str:
    """Return a text without case and accents, for finding and for alphabetical order.

    >>> fold("Études iraniennes, Œuvres d’al-Ḥallāǧ")
    "etudes iraniennes, oeuvres d'al hallag"
    """
    return text.lower().translate(_FOLDING)
