r"""What a public query may be, decided on its tokens before any parser or worker sees it.

The limits, and why they are sound:

* **Size**: ``query_text_bytes`` of the settings, and `MOST_TOKENS`, which bounds what the check
  itself costs to about half a second (a list of 50,000 IRIs is far below).
* **Nesting**: ``query_nesting`` levels of ``{ ( [ <<``, to which a run of prefix operators
  (``!!!!1``, ``- - -1``) adds its length, since a parser recurses for each. An Oxigraph of 8 MB
  stack dies at about 1,000 levels; workers have 256 MB, and the limit is a hundred.
* **Chains**: at most `LONGEST_CHAIN` operators (``|| && + - * / | ^``, ``UNION``, ``OPTIONAL``,
  ``MINUS``, ``BIND``, ``FILTER``, ``LATERAL``) at one bracket level. ``1+1+1…`` nests without a
  bracket: the tree grows by a level per operator. A worker survives chains of this length.
  Long flat lists (``VALUES``, ``IN``, triples) are no chains; a list that takes too long to plan is
  stopped at the time limit like any other query.
* **Calls**: at most `MOST_CALLS` services, since each is answered before the query is evaluated.
* **Words**: only queries, no update; no ``SERVICE``; no prefix that is not declared. A bare word
  that is no keyword is an error, because Oxigraph reads keywords without looking where the word
  ends: it finds a ``SERVICE`` in ``trueSERVICE<…>``, and in the prefixed name ``service:x {`` too.

What is evaluated is `CheckedQuery.text`: the text without codepoint escapes, its treacherous IRIs
rewritten (`Token.is_treacherous`), so that an evaluator reads the tokens that were checked here.
The worker's sandbox, without sockets, is the second line.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

from collex_graph.errors import QueryRefusedError, QuerySyntaxError, QueryTooLargeError
from collex_graph.model import QueryRequest
from collex_graph.rdf.formats import GRAPH_FORMATS, RESULT_FORMATS, ROW_FORMATS
from collex_graph.rdf.namespaces import prefixes
from collex_graph.sparql.lexer import (
    Kind,
    Rewriting,
    Token,
    decode_escapes,
    line_and_column,
    read_tokens,
    syntax_error,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collex_graph.rdf.formats import Format
    from collex_graph.settings import Settings

LONGEST_CHAIN = 10_000
MOST_TOKENS = 250_000
MOST_CALLS = 20

REMEMBERED_CHARACTERS = 10_000
"""Queries up to this length are remembered once checked: most are asked again and again."""

_REMEMBERED = 1_000
_REMEMBERED_SHORTLY = 8  # longer ones: whoever keeps, expands and runs a query checks it in turn


class QueryForm(Enum):
    """The four forms of a query."""

    SELECT = "SELECT"
    ASK = "ASK"
    CONSTRUCT = "CONSTRUCT"
    DESCRIBE = "DESCRIBE"

    @property
    def gives_a_graph(self) -> bool:
        """Whether the result is triples, not rows or a truth value."""
        return self in (QueryForm.CONSTRUCT, QueryForm.DESCRIBE)

    @property
    def formats(self) -> tuple[Format, ...]:
        """What its results can be written in, ours to choose first."""
        if self.gives_a_graph:
            return GRAPH_FORMATS
        return (*RESULT_FORMATS, *ROW_FORMATS) if self is QueryForm.SELECT else RESULT_FORMATS


@dataclass(frozen=True)
class ServiceCall:
    """A ``SERVICE`` that the policy let pass, to be replaced before evaluation.

    Attributes:
        iri: whom it calls.
        silent: whether its failure is an empty answer.
        start: offset of the word ``SERVICE`` in `CheckedQuery.decoded`.
        body: offset after its opening brace.
        end: offset after its closing brace.
    """

    iri: str
    silent: bool
    start: int
    body: int
    end: int


@dataclass(frozen=True)
class CheckedQuery:
    """A query that may run.

    Attributes:
        form: which of the four it is.
        text: what to evaluate: the same query, without anything two readers could read apart.
        normal: the text without comments, any white space between tokens as one space: two texts
            that become the same hold the same tokens, apart or touching at the same places.
        calls: its services, in order; they must be replaced before anybody evaluates it.
        prologue: how much of `decoded` stands before its form.
    """

    form: QueryForm
    text: str
    normal: str
    _rewritings: tuple[Rewriting, ...]
    calls: tuple[ServiceCall, ...] = ()
    prologue: int = 0

    @property
    def decoded(self) -> str:
        """The text as it was asked, without codepoint escapes, and with answers for its calls."""
        return self._rewritings[-1].source

    def answered(self, answers: Sequence[str]) -> CheckedQuery:
        """Return the query with an answer in the place of each of its calls.

        Args:
            answers: for each call, SPARQL that needs no check: a ``VALUES`` whose names are
                variables and whose terms `sparql.terms.write_term` has written.
        """
        there = [
            (call.start, call.end, answer) for call, answer in zip(self.calls, answers, strict=True)
        ]
        answered = Rewriting(self.decoded, there)
        # What was rewritten elsewhere moves with the text; what stood in a call is gone.
        left, moved, rewritten = deque(there), 0, []
        for start, end, piece in self._rewritings[-1].replacements:
            while left and left[0][1] <= start:
                begin, past, answer = left.popleft()
                moved += len(answer) - (past - begin)
            if not left or start < left[0][0]:
                rewritten.append((start + moved, end + moved, piece))
        safe = Rewriting(answered.text, rewritten)
        rewritings = (*self._rewritings[:-1], answered, safe)
        return replace(self, text=safe.text, _rewritings=rewritings, calls=())

    def origin(self, line: int, column: int) -> tuple[int, int]:
        """Return where in the text as asked stands what an evaluator finds at a place of `text`."""
        lines = self.text.split("\n")
        if not 1 <= line <= len(lines):
            return line, column
        offset = sum(len(before) + 1 for before in lines[: line - 1])
        offset += min(column, len(lines[line - 1]) + 1) - 1
        for rewriting in reversed(self._rewritings):
            offset = rewriting.origin(offset)
        return line_and_column(self.source, offset)

    @property
    def source(self) -> str:
        """The text as it was asked."""
        return self._rewritings[0].source

    def excerpt(self, line: int, column: int) -> str:
        """Return what stands at a place of `source`, a few words at most."""
        lines = self.source.split("\n")
        rest = lines[line - 1][column - 1 :] if 1 <= line <= len(lines) else ""
        return " ".join(rest.split()[:3])[:40]


@dataclass(frozen=True)
class CheckedRequest(QueryRequest):
    """A request whose text has been checked: whoever is asked need not do so again.

    Attributes:
        query: what the text is.
    """

    query: CheckedQuery = field(kw_only=True)


def query_of(request: QueryRequest, settings: Settings) -> CheckedQuery:
    """Return the query of a request, checked: now, if nobody has yet.

    Raises:
        QueryError: as `check_query`; no service may be called.
    """
    if isinstance(request, CheckedRequest):
        return request.query
    return check_query(
        request.text, text_bytes=settings.query_text_bytes, nesting=settings.query_nesting
    )


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_UPDATES = _words("insert delete load clear drop create add move copy with")
_PROLOGUE = frozenset({"base", "prefix", "version"})
_WORDS = _words(
    """
    a abs adjust all as asc ask avg base bind bnode bound by ceil coalesce concat construct contains
    count datatype day default desc describe distinct encode_for_uri exists false filter floor from
    graph group group_concat haslang haslangdir having hours if in iri isblank isiri isliteral
    isnumeric istriple isuri lang langdir langmatches lateral lcase limit max md5 min minus minutes
    month named not now object offset optional order predicate prefix rand reduced regex replace
    round sameterm samevalue sample seconds select separator sha1 sha256 sha384 sha512 str strafter
    strbefore strdt strends strlang strlangdir strlen strstarts struuid subject substr sum timezone
    triple true tz ucase undef union uri uuid values version where year
    """
)
_CHAIN_WORDS = _words("union optional minus bind filter lateral")
_CHAIN_OPERATORS = frozenset({"||", "&&", "+", "-", "*", "/", "|", "^"})
_PREFIX_OPERATORS = frozenset({"!", "-", "+", "^", "^^"})
_OPENING = {"(": ")", "[": "]", "{": "}", "<<": ">>"}
_CLOSING = frozenset(_OPENING.values())


def check_query(
    text: str, *, text_bytes: int, nesting: int, services: frozenset[str] = frozenset()
) -> CheckedQuery:
    r"""Decide whether a query may run.

    Args:
        text: the query as it was asked.
        text_bytes: the longest text accepted, in UTF-8.
        nesting: the deepest nesting accepted.
        services: the IRIs that ``SERVICE`` may name; whoever gives any replaces the calls.

    Raises:
        QueryTooLargeError: the text is too long.
        QuerySyntaxError: no query at all, unreadable, unbalanced, nested too deeply or chained too
            long; with the place.
        QueryRefusedError: an update, or SERVICE.

    >>> check_query("prefix x: <x> ask {}", text_bytes=100, nesting=9).form
    <QueryForm.ASK: 'ASK'>
    >>> check_query("ASK\n  { ?s  ?p 'a  b' } # why", text_bytes=100, nesting=9).normal
    "ASK { ?s ?p 'a  b' }"
    """
    remembering = (
        _check_and_remember if len(text) <= REMEMBERED_CHARACTERS else _check_and_remember_shortly
    )
    return remembering(text, text_bytes, nesting, services)


def _check(text: str, text_bytes: int, nesting: int, services: frozenset[str]) -> CheckedQuery:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise syntax_error(
            "demi-caractère UTF-16 isolé",
            "lone half of a UTF-16 pair",
            *line_and_column(text, error.start),
        ) from None
    if size > text_bytes:
        raise QueryTooLargeError(
            f"Le texte de la requête compte {size} octets ; la limite est de {text_bytes}.\n"
            f"The text of the query has {size} bytes; the limit is {text_bytes}."
        )
    decoded = decode_escapes(text)
    guard = _Guard(decoded, nesting, services)
    normal: list[str] = []
    end = 0
    for count, token in enumerate(read_tokens(decoded.text)):
        if count == MOST_TOKENS:
            raise QueryTooLargeError(
                f"La requête compte plus de {MOST_TOKENS} mots et signes.\n"
                f"The query has more than {MOST_TOKENS} words and signs."
            )
        if token.kind is not Kind.COMMENT:
            guard.see(token)
            if token.start > end and normal:
                normal.append(" ")
            normal.append(token.text)
            end = token.start + len(token.text)
    form = guard.finish()
    safe = Rewriting(decoded.text, guard.replacements)
    return CheckedQuery(
        form,
        safe.text,
        "".join(normal),
        (decoded, safe),
        tuple(guard.calls),
        guard.prologue,
    )


_check_and_remember = lru_cache(_REMEMBERED)(_check)
_check_and_remember_shortly = lru_cache(_REMEMBERED_SHORTLY)(_check)


class _Guard:
    """Watches the tokens of one query go by."""

    def __init__(self, decoded: Rewriting, nesting: int, services: frozenset[str]) -> None:
        self._decoded = decoded
        self._services = services
        self._namespaces: dict[str, str] = {}
        self._word: Token | None = None  # SERVICE, until its brace opens
        self._callee: str | None = None
        self._silent = False
        self._in_call: tuple[int, int] | None = None  # its depth, and where its body begins
        self.calls: list[ServiceCall] = []
        self.prologue = 0
        self._nesting = nesting
        self._open: list[tuple[str, Token]] = []
        self._chains = [0]
        self._prefix_run = 0
        self._form: QueryForm | None = None
        self._declared: set[str] = set()
        self._previous: Token | None = None
        self.replacements: list[tuple[int, int, str]] = []

    def see(self, token: Token) -> None:
        """Check one token against those before it."""
        if self._word is not None and self._in_call is None:
            self._see_call(token)
        elif token.kind is Kind.WORD:
            self._see_word(token)
        elif self._form is None:
            self._see_prologue(token)
        elif token.kind is Kind.NAME:
            self._see_name(token)
        if token.kind is Kind.OPERATOR:
            self._see_operator(token)
        else:
            self._prefix_run = 0
        if token.is_treacherous:
            harmless = token.text.replace("'", r"\u0027").replace("#", r"\u0023")
            self.replacements.append((token.start, token.start + len(token.text), harmless))
        self._previous = token

    def finish(self) -> QueryForm:
        """Say which form the query has, once all its tokens are seen."""
        if self._open:
            bracket, token = self._open[-1]
            raise self._error(
                f"« {token.text} » n’est pas refermé par « {bracket} »",
                f"{token.text!r} is not closed by {bracket!r}",
                token,
            )
        if self._form is None:
            raise QuerySyntaxError(
                "La requête est vide : il faut SELECT, ASK, CONSTRUCT ou DESCRIBE.\n"
                "The query is empty: expected SELECT, ASK, CONSTRUCT or DESCRIBE.",
                line=1,
                column=1,
            )
        return self._form

    def _see_word(self, token: Token) -> None:
        word = token.text.lower()
        if word in _UPDATES:
            raise self._refusal(
                f"{word.upper()} est une mise à jour ; ce service ne fait que répondre à des "
                "requêtes",
                f"{word.upper()} is an update; this service only answers queries",
                token,
            )
        if word == "service" and self._services and self._form is not None:
            if self._in_call is not None:
                raise self._refusal(
                    "un SERVICE ne peut pas en contenir un autre",
                    "a SERVICE cannot hold another",
                    token,
                )
            self._word, self._callee, self._silent = token, None, False
            return
        if "service" in word:
            raise self._service_refusal(token)
        if word not in _WORDS:
            raise self._error(
                f"mot inconnu « {token.text} »", f"unknown word “{token.text}”", token
            )
        if self._form is None and word not in _PROLOGUE:
            self.prologue = token.start
            try:
                self._form = QueryForm(word.upper())
            except ValueError:
                raise self._not_a_form(token) from None
        if word in _CHAIN_WORDS:
            self._lengthen_chain(token)

    def _see_prologue(self, token: Token) -> None:
        """Before the form, only ``PREFIX x: <…>``, ``BASE <…>`` and ``VERSION "…"`` may stand."""
        if token.kind not in (Kind.NAME, Kind.IRI, Kind.STRING) or self._previous is None:
            raise self._not_a_form(token)
        if token.kind is Kind.NAME:
            self._declared.add(token.text)
        elif token.kind is Kind.IRI and self._previous.kind is Kind.NAME:
            self._namespaces[self._previous.text] = token.text[1:-1]

    def _see_call(self, token: Token) -> None:
        """Read ``SILENT? IRI {`` after SERVICE; whoever is called must be on the list."""
        word = self._word
        assert word is not None
        if token.kind is Kind.WORD and token.text.lower() == "silent" and self._callee is None:
            self._silent = True
        elif token.kind in (Kind.IRI, Kind.NAME) and self._callee is None:
            if token.kind is Kind.IRI:
                callee = token.text[1:-1]
            else:
                self._see_name(token)
                prefix, _, local = token.text.partition(":")
                callee = self._namespaces.get(f"{prefix}:", "") + local
            if callee not in self._services:
                raise self._service_refusal(word)
            self._callee = callee
        elif token.text == "{" and self._callee is not None:
            self._in_call = (len(self._open), token.start + 1)
        else:
            raise self._service_refusal(word)

    def _end_call(self, token: Token) -> None:
        assert self._word is not None
        assert self._callee is not None
        assert self._in_call is not None
        if len(self.calls) == MOST_CALLS:
            raise self._error(
                f"plus de {MOST_CALLS} SERVICE dans une requête",
                f"more than {MOST_CALLS} SERVICE in one query",
                self._word,
            )
        self.calls.append(
            ServiceCall(
                self._callee,
                self._silent,
                self._word.start,
                self._in_call[1],
                token.start + len(token.text),
            )
        )
        self._word = self._in_call = None

    def _see_name(self, token: Token) -> None:
        """Refuse an undeclared prefix here, where its place is known; a parser finds it later."""
        prefix = token.text.partition(":")[0]
        if f"{prefix}:" not in self._declared:
            namespace = prefixes().get(prefix)
            help_ = f"PREFIX {prefix}: <{namespace or '…'}>"
            raise self._error(
                f"le préfixe {prefix}: n’est pas déclaré, ajoutez {help_}",
                f"the prefix {prefix}: is not declared, add {help_}",
                token,
            )

    def _see_operator(self, token: Token) -> None:
        text = token.text
        if text in _PREFIX_OPERATORS:
            self._prefix_run += len(text)
            self._check_depth(token)
        else:
            self._prefix_run = 0
        if text in _CHAIN_OPERATORS:
            self._lengthen_chain(token)
        if text in _OPENING:
            before = self._previous
            if (
                text == "{"
                and before is not None
                and before.kind is Kind.NAME
                and "service" in before.text.partition(":")[0].lower()
            ):
                raise self._service_refusal(before)
            self._open.append((_OPENING[text], token))
            self._chains.append(0)
            self._check_depth(token)
        elif text in _CLOSING:
            if not self._open or self._open[-1][0] != text:
                raise self._error(f"« {text} » ne referme rien", f"{text!r} closes nothing", token)
            self._open.pop()
            self._chains.pop()
            if self._in_call is not None and len(self._open) == self._in_call[0]:
                self._end_call(token)

    def _check_depth(self, token: Token) -> None:
        depth = len(self._open) + self._prefix_run
        if depth > self._nesting:
            raise self._error(
                f"la requête est imbriquée sur {depth} niveaux ou plus ; la limite est de "
                f"{self._nesting}",
                f"the query is nested {depth} levels deep or more; the limit is {self._nesting}",
                token,
            )

    def _lengthen_chain(self, token: Token) -> None:
        self._chains[-1] += 1
        if self._chains[-1] > LONGEST_CHAIN:
            raise self._error(
                f"plus de {LONGEST_CHAIN} opérateurs se suivent au même niveau ; il faut une liste "
                "(VALUES ou IN)",
                f"more than {LONGEST_CHAIN} operators follow each other at one level; use a list "
                "(VALUES or IN)",
                token,
            )

    # --- errors, at their place in the text as it was asked --------------------------------------

    def _place(self, token: Token) -> tuple[int, int]:
        return line_and_column(self._decoded.source, self._decoded.origin(token.start))

    def _error(self, french: str, english: str, token: Token) -> QuerySyntaxError:
        return syntax_error(french, english, *self._place(token))

    def _not_a_form(self, token: Token) -> QuerySyntaxError:
        return self._error(
            f"{token.text[:40]!r} au lieu de SELECT, ASK, CONSTRUCT ou DESCRIBE",
            f"{token.text[:40]!r} instead of SELECT, ASK, CONSTRUCT or DESCRIBE",
            token,
        )

    def _refusal(self, french: str, english: str, token: Token) -> QueryRefusedError:
        line, column = self._place(token)
        return QueryRefusedError(
            f"Requête refusée : {french} (ligne {line}, colonne {column}).\n"
            f"Query refused: {english} (line {line}, column {column})."
        )

    def _service_refusal(self, token: Token) -> QueryRefusedError:
        return self._refusal(
            "SERVICE n’est pas permis ici, aucune autre adresse n’est jamais interrogée",
            "SERVICE is not allowed here, no other address is ever asked",
            token,
        )
