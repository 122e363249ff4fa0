"""The statements of one RDF file, held in memory so that a mapping can walk through them.

A node is its IRI as text, or ``_:`` and a label for a blank node; a value is a `Value`. Terms
are not checked here: a source may hold IRIs and dates that no store accepts, and what is made of
them is checked when it is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from collex_graph.rdf.namespaces import expand

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RELATIVE_BASE = "http://relative.invalid/"
"""Stands before a relative IRI of a file that says no base (``.invalid``: RFC 2606)."""

_KEPT_NODES = 256
_FEW = 16
"""Predicates and values of a node that it costs more to sort than to go through."""


class Value(NamedTuple):
    """A literal.

    Attributes:
        text: its lexical form, as the source wrote it.
        language: its tag in lower case; empty without one.
        datatype: IRI of its datatype; empty for a plain text.
    """

    text: str
    language: str = ""
    datatype: str = ""


Term = str | Value


def is_named(term: Term) -> bool:
    """Say whether a term is a node with an IRI of its own, so that it may be published.

    >>> is_named("http://www.idref.fr/027654974/id"), is_named("_:b1"), is_named(Value("x"))
    (True, False, False)
    """
    return isinstance(term, str) and not term.startswith(("_:", RELATIVE_BASE))


class Graph:
    """Statements, by subject in the order of the file; by object once somebody asks.

    Statements are kept as one flat list a subject, because most subjects of a large file (the
    45,000 documents that name one person) are never looked at. The lists of the nodes
    that are looked at are sorted by predicate once.

    Attributes:
        statements: how many were added.
        last: the node that the last of them is about.
    """

    def __init__(self) -> None:
        self.statements = 0
        self.last = ""
        self._names: dict[str, str] = {}
        self._about: dict[str, list[Term]] = {}
        self._naming: dict[str, list[str]] | None = None
        self._sorted: dict[str, dict[str, list[Term]]] = {}
        self._sorted_inverse: dict[str, dict[str, list[str]]] = {}

    def add(self, subject: str, predicate: str, value: Term) -> None:
        """Add a statement; the same one twice is one."""
        names = self._names
        subject = names.setdefault(subject, subject)
        if value.__class__ is str:
            value = names.setdefault(value, value)
        about = self._about.get(subject)
        if about is None:
            about = self._about[subject] = []
        about += (names.setdefault(predicate, predicate), value)
        self.statements += 1
        self.last = subject

    def subjects(self) -> Iterable[str]:
        """Return the nodes that statements are about, in the order of the file."""
        return self._about.keys()

    def about(self, node: str) -> dict[str, list[Term]]:
        """Return what is said about a node: predicate → its values, each once, in order."""
        found = self._sorted.get(node)
        if found is None:
            if node not in self._about:
                return {}
            seen: dict[str, dict[Term, None]] = {}
            said = self._about[node]
            for predicate, value in zip(said[::2], said[1::2], strict=True):
                seen.setdefault(str(predicate), {})[value] = None
            found = {predicate: list(values) for predicate, values in seen.items()}
            if len(self._sorted) >= _KEPT_NODES:
                self._sorted.clear()
            self._sorted[node] = found
        return found

    def values(self, node: str, predicate: str) -> Iterable[Term]:
        """Return what a predicate says of a node, each value once, in order."""
        said = self._about.get(node)
        if said is None:
            return ()
        if len(said) > _FEW:
            return self.about(node).get(predicate, ())
        found = [said[place + 1] for place in range(0, len(said), 2) if said[place] == predicate]
        return found if len(found) < 2 else dict.fromkeys(found)

    def has(self, node: str, said: frozenset[str], named_by: frozenset[str]) -> bool:
        """Say whether one of some predicates says something of a node, or names it."""
        if said and not said.isdisjoint(self._about.get(node, ())[::2]):
            return True
        if not named_by:
            return False
        if self._naming is None:
            self._naming = self._index()
        return not named_by.isdisjoint(self._naming.get(node, ())[::2])

    def naming(self, node: str) -> dict[str, list[str]]:
        """Return what names a node: predicate → the subjects that name it by it, each once."""
        found = self._sorted_inverse.get(node)
        if found is None:
            if self._naming is None:
                self._naming = self._index()
            if node not in self._naming:
                return {}
            seen: dict[str, dict[str, None]] = {}
            naming = self._naming[node]
            for predicate, subject in zip(naming[::2], naming[1::2], strict=True):
                seen.setdefault(predicate, {})[subject] = None
            found = {predicate: list(subjects) for predicate, subjects in seen.items()}
            if len(self._sorted_inverse) >= _KEPT_NODES:
                self._sorted_inverse.clear()
            self._sorted_inverse[node] = found
        return found

    def classes(self, node: str) -> Iterable[Term]:
        """Return the classes of a node."""
        return self.values(node, _TYPE)

    def typed(self) -> Iterator[tuple[str, str]]:
        """Yield each subject with each class it is given, in the order of the file."""
        for subject, said in self._about.items():
            for place in range(0, len(said), 2):
                value = said[place + 1]
                if said[place] == _TYPE and isinstance(value, str):
                    yield subject, value

    def _index(self) -> dict[str, list[str]]:
        naming: dict[str, list[str]] = {}
        for subject, said in self._about.items():
            for place in range(1, len(said), 2):
                value = said[place]
                if isinstance(value, str):
                    found = naming.get(value)
                    if found is None:
                        found = naming[value] = []
                    found += (str(said[place - 1]), subject)
        return naming


_TYPE = expand("rdf:type")


class Node(NamedTuple):
    """A node of a graph: the content of a record."""

    graph: Graph
    name: str
