"""References into RDF: paths of predicates from a node, and which nodes are records.

::

    reference  path ( "|" path )*   or   count(path)
    path       ( "." filter* | step ) ( "/" step )*
    step       "^"? predicate filter*
    predicate  foaf:name, <http://…>, a, marcrel:* (any of a namespace), * (any)
    filter     @fr,en   @none   @!fr,en   ^^xsd:date   [test]
    test       a foaf:Person | foaf:Organization     a class of the node that is reached
               owl:sameAs/foaf:name                  a path that leads somewhere
               dcterms:language = "fr"   . = <http://…>   or !=
               iri()   literal()
               not(test)
    iterator   class filter* ( "|" class filter* )*, where * is every node with an IRI

``^`` goes from a node to what names it. ``.`` is the node's own IRI. A path that ends at a blank
node gives nothing there: one walks through it. What is outside this grammar is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from collex_graph.mapping.formulations import ReferenceSyntaxError
from collex_graph.model import NodeChoice
from collex_graph.rdf.graph import Graph, Node, Term, Value, is_named
from collex_graph.rdf.literals import check_language_tag
from collex_graph.rdf.namespaces import expand, prefixes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    # goes from nodes to what a path reaches from them
    _Walk = Callable[[Graph, Iterable[Term]], Iterator[Term]]

_TOKEN = re.compile(
    r"""\s+
    | (?P<iri><[^<>\s]+>)
    | (?P<text>"[^"]*"|'[^']*')
    | @(?P<tags>!?[A-Za-z][A-Za-z0-9-]*(?:,[A-Za-z][A-Za-z0-9-]*)*)
    | (?P<call>count|not|iri|literal)(?=\()
    | (?P<name>[A-Za-z][\w-]*:(?:\*|(?:[\w-]|\.(?=\w)|%[0-9A-Fa-f]{2})*))
    | (?P<mark>\^\^|!=|[.^/|()\[\]=*]|a(?![\w:-]))
    """,
    re.VERBOSE,
)


class RdfText(str):
    """A text with the language that its literal has in the source; empty without one."""

    __slots__ = ("language",)
    language: str


def _text(term: Term) -> str | None:
    """Return a term as the text of a value, squeezed; None for what has none."""
    if isinstance(term, Value):
        squeezed = " ".join(term.text.split())
        if not squeezed or not term.language:
            return squeezed or None
        tagged = RdfText(squeezed)
        tagged.language = term.language
        return tagged
    return term if is_named(term) else None


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ReferenceSyntaxError(f"{text[position:]!r} is not understood in {text!r}")
        if match.lastgroup is not None:
            found.append(_Token(match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


class _Parser:
    """Reads one reference or iterator into functions that walk."""

    def __init__(self, text: str, namespaces: Mapping[str, str]) -> None:
        self._text = text
        self._namespaces = {**prefixes(), **namespaces}
        for prefix, namespace in namespaces.items():
            if prefixes().get(prefix, namespace) != namespace:
                raise ReferenceSyntaxError(
                    f"the prefix {prefix!r} means something else in the whole project: take another"
                )
        self._tokens = _tokens(text)
        self._place = 0
        self.predicates: set[str] = set()
        # what is worth a shorter way: paths of one plain step, and the parts of alternatives
        self._plain: dict[_Walk, tuple[bool, str]] = {}
        self._parts: dict[_Walk, list[_Walk]] = {}

    # --- tokens ----------------------------------------------------------------------------------

    def _peek(self) -> str:
        return self._tokens[self._place].text if self._place < len(self._tokens) else ""

    def _kind(self) -> str:
        return self._tokens[self._place].kind if self._place < len(self._tokens) else ""

    def _take(self, expected: str = "") -> str:
        text = self._peek()
        if self._place >= len(self._tokens) or (expected and text != expected):
            found = repr(text) if text else "the end"
            wanted = repr(expected) if expected else "something"
            raise ReferenceSyntaxError(f"expected {wanted}, found {found} in {self._text!r}")
        self._place += 1
        return text

    def _end(self) -> None:
        if self._place < len(self._tokens):
            raise ReferenceSyntaxError(f"{self._peek()!r} is one thing too many in {self._text!r}")

    def _iri(self) -> str:
        """Take a prefixed name or an IRI."""
        kind, text = self._kind(), self._peek()
        if kind == "iri":
            return self._take()[1:-1]
        if kind != "name":
            found = repr(text) if text else "the end"
            raise ReferenceSyntaxError(
                f"expected a prefixed name such as foaf:name, found {found} in {self._text!r}"
            )
        prefix, _, local = self._take().partition(":")
        if prefix not in self._namespaces:
            raise ReferenceSyntaxError(
                f"the prefix {prefix!r} has no namespace: declare it under `namespaces`"
            )
        return self._namespaces[prefix] + local

    # --- paths -----------------------------------------------------------------------------------

    def reference(self) -> Callable[[Node], list[str]]:
        """Read a whole reference."""
        counted = self._kind() == "call" and self._peek() == "count"
        if counted:
            self._take()
            self._take("(")
        walk = self._union()
        if counted:
            self._take(")")
        self._end()

        def count(node: Node) -> list[str]:
            return [str(sum(1 for _ in walk(node.graph, (node.name,))))]

        def read(node: Node) -> list[str]:
            terms = walk(node.graph, (node.name,))
            return [text for term in terms if (text := _text(term)) is not None]

        inverse, predicate = self._plain.get(walk, (True, ""))

        def read_at_once(node: Node) -> list[str]:
            terms = node.graph.values(node.name, predicate)
            return [text for term in terms if (text := _text(term)) is not None]

        if counted:
            return count
        return read if inverse else read_at_once

    def iterator(self) -> tuple[NodeChoice, ...]:
        """Read a whole iterator."""
        choices = [self._choice()]
        while self._peek() == "|":
            self._take()
            choices.append(self._choice())
        self._end()
        return tuple(choices)

    def _choice(self) -> NodeChoice:
        if self._peek() == "*":
            self._take()
            wanted = None
        else:
            wanted = self._iri()
        tests = self._filters()

        def holds(node: Node) -> bool:
            graph, name = node
            for test in tests:  # noqa: SIM110 - a loop costs half of a generator here
                if not test(graph, name):
                    return False
            return True

        return NodeChoice(wanted, holds if tests else None)

    def _union(self) -> _Walk:
        paths = [self._path()]
        while self._peek() == "|":
            self._take()
            paths.append(self._path())
        if len(paths) == 1:
            return paths[0]

        def either(graph: Graph, start: Iterable[Term]) -> Iterator[Term]:
            terms = tuple(start)
            seen: dict[Term, None] = {}
            for path in paths:
                seen.update(dict.fromkeys(path(graph, terms)))
            return iter(seen)

        self._parts[either] = paths
        return either

    def _path(self) -> _Walk:
        steps = [self._self() if self._peek() == "." else self._step()]
        while self._peek() == "/":
            self._take()
            steps.append(self._step())
        if len(steps) == 1:
            return steps[0]

        def walk(graph: Graph, start: Iterable[Term]) -> Iterator[Term]:
            terms = start
            for step in steps:
                # two ways to one node count once
                terms = dict.fromkeys(step(graph, terms))
            return iter(terms)

        return walk

    def _self(self) -> _Walk:
        self._take()
        tests = self._filters()
        return lambda graph, start: (
            term for term in start if all(test(graph, term) for test in tests)
        )

    def _step(self) -> _Walk:
        inverse = self._peek() == "^"
        if inverse:
            self._take()
        wanted, many = self._predicate_name(inverse=inverse)
        pairs = _pairs(wanted, many=many, inverse=inverse)
        tests = self._filters()

        def walk(graph: Graph, start: Iterable[Term]) -> Iterator[Term]:
            for node in start:
                if isinstance(node, str):
                    yield from pairs(graph, node)

        def tested(graph: Graph, start: Iterable[Term]) -> Iterator[Term]:
            for term in walk(graph, start):
                if all(test(graph, term) for test in tests):
                    yield term

        if tests:
            return tested
        if not many:
            self._plain[walk] = (inverse, wanted)
        return walk

    def _predicate_name(self, *, inverse: bool) -> tuple[str, bool]:
        """Take a predicate: its IRI, or the start of many."""
        if self._peek() == "a":
            self._take()
            wanted, many = _TYPE, False
        elif self._peek() == "*":
            self._take()
            wanted, many = "", True
        elif self._kind() == "name" and self._peek().endswith(":*"):
            wanted, many = self._iri()[:-1], True
        else:
            wanted, many = self._iri(), False
        look = wanted + "*" if many else wanted
        # « ^* » asks who names a node, whatever they say: it needs every statement, sees none
        self.predicates.add("^*" if inverse and look == "*" else look)
        return wanted, many

    # --- filters ---------------------------------------------------------------------------------

    def _filters(self) -> list[Callable[[Graph, Term], bool]]:
        found: list[Callable[[Graph, Term], bool]] = []
        while True:
            if self._kind() == "tags":
                found.append(self._language())
            elif self._peek() == "^^":
                self._take()
                found.append(_of_datatype(self._iri()))
            elif self._peek() == "[":
                self._take()
                found.append(self._test())
                self._take("]")
            else:
                return found

    def _language(self) -> Callable[[Graph, Term], bool]:
        text = self._take()
        tags = frozenset(text.lstrip("!").lower().split(","))
        for tag in tags - {"none"}:
            if check_language_tag(tag) is not None:
                raise ReferenceSyntaxError(f"{tag!r} is not a language tag in {self._text!r}")
        if text.startswith("!"):
            return lambda _, term: isinstance(term, Value) and (term.language or "none") not in tags
        return lambda _, term: isinstance(term, Value) and (term.language or "none") in tags

    def _test(self) -> Callable[[Graph, Term], bool]:
        if self._kind() == "call" and self._peek() != "count":
            call = self._take()
            self._take("(")
            if call == "not":
                test = self._test()
                self._take(")")
                return lambda graph, term: not test(graph, term)
            self._take(")")
            if call == "iri":
                return lambda _, term: is_named(term)
            return lambda _, term: isinstance(term, Value)
        if self._peek() == "a":
            self._take()
            classes = {self._iri()}
            self.predicates.add(_TYPE)
            while self._peek() == "|":
                self._take()
                classes.add(self._iri())

            def is_one(graph: Graph, term: Term) -> bool:
                if not isinstance(term, str):
                    return False
                return any(kind in classes for kind in graph.classes(term))

            return is_one
        path = self._union()
        if self._peek() not in ("=", "!="):
            return self._existence(path)
        equal = self._take() == "="
        wanted = self._take()[1:-1] if self._kind() == "text" else self._iri()

        def compare(graph: Graph, term: Term) -> bool:
            texts = (_text(found) for found in path(graph, (term,)))
            return any((text == wanted) is equal for text in texts if text is not None)

        return compare

    def _existence(self, path: _Walk) -> Callable[[Graph, Term], bool]:
        """Return the test that a path leads somewhere."""
        steps = [self._plain.get(part) for part in self._parts.get(path, [path])]
        plain = [step for step in steps if step is not None]
        if len(plain) < len(steps):
            return lambda graph, term: next(path(graph, (term,)), None) is not None
        said = frozenset(predicate for inverse, predicate in plain if not inverse)
        named_by = frozenset(predicate for inverse, predicate in plain if inverse)
        return lambda graph, term: isinstance(term, str) and graph.has(term, said, named_by)


def _pairs(wanted: str, *, many: bool, inverse: bool) -> Callable[[Graph, str], Iterable[Term]]:
    """Return what goes from a node along a predicate."""

    def said(graph: Graph, node: str) -> Iterable[Term]:
        return graph.values(node, wanted)

    def names(graph: Graph, node: str) -> Iterable[Term]:
        return graph.naming(node).get(wanted, ())

    def all_of(graph: Graph, node: str) -> Iterable[Term]:
        by_predicate: Mapping[str, Iterable[Term]]
        by_predicate = graph.naming(node) if inverse else graph.about(node)
        seen: dict[Term, None] = {}
        for predicate, terms in by_predicate.items():
            if predicate.startswith(wanted):
                seen.update(dict.fromkeys(terms))
        return seen

    if many:
        return all_of
    return names if inverse else said


_TYPE = expand("rdf:type")


def _of_datatype(datatype: str) -> Callable[[Graph, Term], bool]:
    wanted = "" if datatype == expand("xsd:string") else datatype
    return lambda _, term: isinstance(term, Value) and not term.language and term.datatype == wanted


class RdfPaths:
    """The formulation ``rdf``: records are nodes, references are paths of predicates."""

    def selection(
        self, iterator: str, references: Iterable[str], namespaces: Mapping[str, str]
    ) -> tuple[NodeChoice, ...]:
        """Return which nodes are records.

        >>> choices = RdfPaths().selection("foaf:Person | *[skos:prefLabel]", (), {})
        >>> [choice.wanted for choice in choices]
        ['http://xmlns.com/foaf/0.1/Person', None]

        Raises:
            ReferenceSyntaxError: for an iterator outside the grammar.
        """
        parser = _Parser(iterator, namespaces)
        choices = parser.iterator()
        looks = set(parser.predicates)
        for reference in references:
            read = _Parser(reference, namespaces)
            read.reference()
            looks |= read.predicates
        return tuple(replace(choice, looks=frozenset(looks)) for choice in choices)

    def reader(self, reference: str, namespaces: Mapping[str, str]) -> Callable[[Node], list[str]]:
        """Return what reads a reference from a node.

        >>> graph = Graph()
        >>> graph.add("http://a/", "http://xmlns.com/foaf/0.1/name", Value("Anne", "fr"))
        >>> RdfPaths().reader("foaf:name@fr", {})(Node(graph, "http://a/"))
        ['Anne']

        Raises:
            ReferenceSyntaxError: for a reference outside the grammar.
        """
        return _Parser(reference, namespaces).reference()
