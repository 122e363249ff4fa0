"""Reads the plain part of a query: the triples and the filters of its outermost group.

Most queries are a group of triple patterns and filters, with other groups beside them. This reads
the first and only measures the second, which is enough to say what a triple pattern is joined with
and where else a variable stands. What it does not know (blank nodes, lists, ``SELECT`` in the place
of the group, ``FROM``, ``SERVICE``, ``!`` in a path…) makes it give up: `read_plain_query` returns
None.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from collex_graph.errors import QuerySyntaxError
from collex_graph.rdf.iris import is_absolute_iri
from collex_graph.rdf.namespaces import expand
from collex_graph.sparql.lexer import Kind, read_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from collex_graph.sparql.lexer import Token

_TYPE = expand("rdf:type")
_CLOSED_BY = {"(": ")", "[": "]", "{": "}"}
_GROUPS = frozenset({"optional", "minus", "union", "lateral"})


class Term(NamedTuple):
    """A term or a path of a triple pattern.

    Attributes:
        text: as it is written.
        start: where it stands.
        variable: its name, empty where it is none.
        iri: where it is an absolute one, else empty.
    """

    text: str
    start: int
    variable: str = ""
    iri: str = ""


class Pattern(NamedTuple):
    """A triple pattern."""

    subject: Term
    predicate: Term
    object: Term

    @property
    def text(self) -> str:
        """The pattern, with nothing abbreviated and no full stop."""
        return f"{self.subject.text} {self.predicate.text} {self.object.text}"


@dataclass(frozen=True)
class Block:
    """Triple patterns that follow each other, nothing else between them.

    Attributes:
        start: where the first begins.
        end: where the last ends, its full stop apart.
        patterns: all of them.
    """

    start: int
    end: int
    patterns: tuple[Pattern, ...]


@dataclass(frozen=True)
class PlainQuery:
    """A query of which the outermost group is understood.

    Attributes:
        tokens: of all of it but its prologue, without comments.
        form: ``select``, ``ask`` or ``construct``.
        head: of ``SELECT``, what stands between it and the group; else empty.
        group: where the group begins and ends, without its braces.
        blocks: its triple patterns.
        filters: the expressions of its filters, one that is in brackets without them.
        given: the variables to which it gives values.
        tail: what follows the group.
    """

    tokens: Sequence[Token]
    form: str
    head: Sequence[Token]
    group: tuple[int, int]
    blocks: Sequence[Block]
    filters: Sequence[Sequence[Token]]
    given: frozenset[str]
    tail: Sequence[Token]


def read_plain_query(text: str) -> PlainQuery | None:
    """Read a query that has been checked and is without codepoint escapes.

    >>> query = read_plain_query("SELECT ?s { ?s a <x:y> ; <x:z> ?o FILTER(?o > 1) }")
    >>> [pattern.text for block in query.blocks for pattern in block.patterns]
    ['?s a <x:y>', '?s <x:z> ?o']
    """
    try:
        return _Reader(text).read()
    except (_OtherError, QuerySyntaxError):
        return None


def skip_brackets(tokens: Sequence[Token], place: int) -> int:
    """Return the place behind the bracket that closes the one at a place."""
    closing = [_CLOSED_BY[tokens[place].text]]
    while closing:
        place += 1
        token = tokens[place]
        if token.kind is Kind.OPERATOR:
            if token.text in _CLOSED_BY:
                closing.append(_CLOSED_BY[token.text])
            elif token.text == closing[-1]:
                closing.pop()
    return place + 1


class _OtherError(Exception):
    """The query is of another kind."""


@dataclass
class _Reader:
    text: str
    tokens: list[Token] = field(init=False)
    place: int = 0
    namespaces: dict[str, str] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.tokens = [each for each in read_tokens(self.text) if each.kind is not Kind.COMMENT]

    def read(self) -> PlainQuery:
        try:
            return self._read()
        except (IndexError, KeyError):  # no SPARQL: the engine says why
            raise _OtherError from None

    def _read(self) -> PlainQuery:
        self._read_prologue()
        if any(map(self._is_negated_path, range(len(self.tokens)))):
            raise _OtherError
        first, form = self.place, self._word()
        head: Sequence[Token] = ()
        self.place += 1
        if form == "construct":
            self._expect("{")
            self.place = skip_brackets(self.tokens, self.place)
        elif form == "select":
            while self._word() != "where" and self.tokens[self.place].text != "{":
                if self._word() == "from":
                    raise _OtherError
                is_open = self.tokens[self.place].text == "("
                self.place = skip_brackets(self.tokens, self.place) if is_open else self.place + 1
            head = self.tokens[first + 1 : self.place]
        elif form != "ask":
            raise _OtherError
        if self._word() == "where":
            self.place += 1
        self._expect("{")
        behind = skip_brackets(self.tokens, self.place)
        start, end = self.tokens[self.place].start + 1, self.tokens[behind - 1].start
        self.place += 1
        blocks: list[Block] = []
        filters: list[Sequence[Token]] = []
        while self.place < behind - 1:
            self._read_element(blocks, filters)
        tail = self.tokens[behind:]
        return PlainQuery(
            tokens=self.tokens[first:],
            form=form,
            head=head,
            group=(start, end),
            blocks=blocks,
            filters=filters,
            given=frozenset(self.given),
            tail=tail,
        )

    def _read_prologue(self) -> None:
        while (word := self._word()) in ("prefix", "base", "version"):
            if word == "prefix":
                name, iri = self.tokens[self.place + 1 : self.place + 3]
                self.namespaces[name.text[:-1]] = iri.text[1:-1]
            self.place += 3 if word == "prefix" else 2

    def _read_element(self, blocks: list[Block], filters: list[Sequence[Token]]) -> None:
        word = self._word()
        if self.tokens[self.place].text == ".":
            self.place += 1
        elif self.tokens[self.place].text == "{":
            if self.tokens[self.place + 1].text == "|":  # an annotation of the triple before
                raise _OtherError
            self.place = skip_brackets(self.tokens, self.place)
        elif word == "filter":
            self._read_filter(filters)
        elif word == "bind":
            self.place = skip_brackets(self.tokens, self.place + 1)
        elif word in _GROUPS or word == "graph":
            self.place += 2 if word == "graph" else 1
            self._expect("{")
            self.place = skip_brackets(self.tokens, self.place)
        elif word == "values":
            first = self.place + 1
            is_variable = self.tokens[first].kind is Kind.VARIABLE
            self.place = first + 1 if is_variable else skip_brackets(self.tokens, first)
            self.given.update(variables(self.tokens[first : self.place]))
            self._expect("{")
            self.place = skip_brackets(self.tokens, self.place)
        elif word:
            raise _OtherError
        else:
            blocks.append(self._read_block())

    def _read_filter(self, filters: list[Sequence[Token]]) -> None:
        first = self.place + 1
        self.place = first
        if self.tokens[first].text == "(":
            self.place = skip_brackets(self.tokens, first)
            filters.append(self.tokens[first + 1 : self.place - 1])
            return
        while self.tokens[self.place].text not in ("(", "{"):
            if self.tokens[self.place].kind not in (Kind.WORD, Kind.NAME, Kind.IRI):
                raise _OtherError
            self.place += 1
        self.place = skip_brackets(self.tokens, self.place)
        filters.append(self.tokens[first : self.place])

    def _read_block(self) -> Block:
        start = self.tokens[self.place].start
        patterns: list[Pattern] = []
        while True:
            self._read_subject(patterns)
            end = self._end_of(self.place - 1)
            # a full stop, and then another subject: the block goes on
            if (last := self.tokens[self.place]).text != ".":
                if last.kind is not Kind.WORD and last.text not in ("{", "}"):  # no full stop
                    raise _OtherError
                break
            following = self.tokens[self.place + 1]
            if following.kind is Kind.WORD or following.text in ("{", "}", "."):
                break
            self.place += 1
        return Block(start, end, tuple(patterns))

    def _read_subject(self, patterns: list[Pattern]) -> None:
        subject = self._read_term()
        while True:
            predicate = self._read_predicate()
            patterns.append(Pattern(subject, predicate, self._read_term()))
            while self.tokens[self.place].text == ",":
                self.place += 1
                patterns.append(Pattern(subject, predicate, self._read_term()))
            if self.tokens[self.place].text != ";":
                return
            while self.tokens[self.place].text == ";":
                self.place += 1
            following = self.tokens[self.place]
            if following.text in (".", "}", "{") or (
                following.kind is Kind.WORD and following.text != "a"
            ):
                return

    def _read_term(self) -> Term:
        first = self.tokens[self.place]
        self.place += 1
        match first.kind:
            case Kind.VARIABLE:
                return Term(first.text, first.start, variable=first.text[1:])
            case Kind.IRI | Kind.NAME:
                return Term(first.text, first.start, iri=self._iri(first))
            case Kind.STRING:
                if self.tokens[self.place].kind is Kind.LANGUAGE:
                    self.place += 1
                elif self.tokens[self.place].text == "^^":
                    self.place += 2
            case Kind.NUMBER:
                pass
            case Kind.OPERATOR if first.text in "+-":
                if self.tokens[self.place].kind is not Kind.NUMBER:
                    raise _OtherError
                self.place += 1
            case Kind.WORD if first.text.lower() in ("true", "false"):
                pass
            case _:
                raise _OtherError
        return Term(self.text[first.start : self._end_of(self.place - 1)], first.start)

    def _read_predicate(self) -> Term:
        first = self.tokens[self.place]
        if first.kind is Kind.VARIABLE:
            return self._read_term()
        begin = self.place
        self._read_path()
        text = self.text[first.start : self._end_of(self.place - 1)]
        if self.place > begin + 1:
            return Term(text, first.start)
        return Term(text, first.start, iri=_TYPE if first.text == "a" else self._iri(first))

    def _read_path(self) -> None:
        while True:
            while self.tokens[self.place].text == "^":
                self.place += 1
            token = self.tokens[self.place]
            if token.text == "(":
                self.place = skip_brackets(self.tokens, self.place)
            elif token.kind in (Kind.IRI, Kind.NAME) or token.text == "a":
                self.place += 1
            else:
                raise _OtherError
            if self.tokens[self.place].text in ("?", "*", "+"):
                self.place += 1
            if self.tokens[self.place].text not in ("/", "|"):
                return
            self.place += 1

    def _is_negated_path(self, place: int) -> bool:
        """Say whether a path that leaves predicates out begins at a place, ``!x:p`` or ``!(…)``.

        An engine finds such a path as often as there are predicates, or, if it knows both ends
        already, once: how often depends on what it evaluates first.
        """
        if self.tokens[place].text != "!":
            return False
        following = self.tokens[place + 1]
        if following.text == "(":
            following = self.tokens[place + 2]
        return following.kind in (Kind.NAME, Kind.IRI) or following.text in ("a", "^", ")")

    def _iri(self, token: Token) -> str:
        if token.kind is Kind.IRI:
            iri = token.text[1:-1]
        else:
            prefix, _, local = token.text.partition(":")
            if not is_absolute_iri(namespace := self.namespaces.get(prefix, "")):
                return ""
            iri = namespace + local
        # an engine resolves dots, knows what is escaped, and refuses what is no IRI
        return iri if "\\" not in iri and "/." not in iri and is_absolute_iri(iri) else ""

    def _word(self) -> str:
        token = self.tokens[self.place]
        return token.text.lower() if token.kind is Kind.WORD else ""

    def _expect(self, text: str) -> None:
        if self.tokens[self.place].text != text:
            raise _OtherError

    def _end_of(self, place: int) -> int:
        return self.tokens[place].start + len(self.tokens[place].text)


def variables(tokens: Sequence[Token]) -> Mapping[str, int]:
    """Return how often each variable stands among tokens, by its name."""
    found: dict[str, int] = {}
    for token in tokens:
        if token.kind is Kind.VARIABLE:
            found[token.text[1:]] = found.get(token.text[1:], 0) + 1
    return found
