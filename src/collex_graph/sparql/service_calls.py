"""Replaces each ``SERVICE`` that the policy lets pass by its answer, before anybody evaluates.

``SERVICE collex:search { … }`` is answered from the snapshot's indexes; other IRIs, those of
``federation_endpoints``, by that endpoint. The answer takes the place of the call as ``VALUES``,
which an evaluator joins first; the worker, which has no network, never sees a SERVICE.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode

from collex_graph.errors import FederationError, QueryRefusedError
from collex_graph.model import Box
from collex_graph.rdf.namespaces import expand
from collex_graph.sparql.lexer import (
    Kind,
    Token,
    line_and_column,
    read_tokens,
    syntax_error,
    unquoted,
)
from collex_graph.sparql.policy import CheckedRequest, check_query
from collex_graph.sparql.remote import fetch_result, read_rows
from collex_graph.sparql.terms import within_select, write_term

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from collex_graph.errors import QuerySyntaxError
    from collex_graph.model import (
        QueryRequest,
        QueryResult,
        QueryService,
        SearchIndex,
        Snapshot,
    )
    from collex_graph.settings import Settings
    from collex_graph.sparql.policy import CheckedQuery, ServiceCall

SEARCH = expand("collex:search")

MOST_FOUND = 5_000
"""Rows that a search gives at most."""

MOST_WORDS = 20
"""Words of one search at most."""

_DEFAULT_FOUND = 1_000
_MOST_WORDS_BYTES = 1_000
_NO_ROW = "VALUES () { () }"


def allowed_services(settings: Settings) -> frozenset[str]:
    """Return the IRIs that SERVICE may name."""
    return frozenset({SEARCH, *settings.federation_endpoints})


def calls_others(query: CheckedQuery) -> bool:
    """Whether a query's result depends on anything beside the snapshot."""
    return any(call.iri != SEARCH for call in query.calls)


class ExpandingQueries:
    """A `model.QueryService` that replaces service calls for the one behind it.

    Args:
        behind: evaluates.
        settings: ``federation_*`` and the limits of queries.
        open_index: gives the indexes of a snapshot, None where it has none.
    """

    def __init__(
        self,
        behind: QueryService,
        settings: Settings,
        open_index: Callable[[Snapshot], SearchIndex | None],
    ) -> None:
        self.behind = behind
        self._settings = settings
        self._open_index = open_index
        self._services = allowed_services(settings)

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that new queries are answered from."""
        return self.behind.snapshot

    def run(
        self, request: QueryRequest, *, is_cancelled: Callable[[], bool] | None = None
    ) -> QueryResult:
        """Run one query.

        Raises:
            QueryError: as ``WorkerPool.run``, and ``FederationError``.
        """
        settings = self._settings
        query = check_query(
            request.text,
            text_bytes=settings.query_text_bytes,
            nesting=settings.query_nesting,
            services=self._services,
        )
        if not query.calls:
            checked = CheckedRequest(**vars(request) | {"query": query})
            return self.behind.run(checked, is_cancelled=is_cancelled)
        limit = min(request.timeout_seconds or settings.query_timeout_seconds,
                    settings.query_timeout_seconds)  # fmt: skip
        while True:
            began = time.monotonic()
            snapshot = self.behind.snapshot
            answered = query.answered(self._answers(query, snapshot, began + limit))
            spent = time.monotonic() - began
            changed = {
                "text": answered.text,
                "timeout_seconds": max(0.001, limit - spent),
                "query": answered,
            }
            expanded = CheckedRequest(**vars(request) | changed)
            result = self.behind.run(expanded, is_cancelled=is_cancelled)
            if result.snapshot == snapshot.identifier:
                return replace(result, seconds=result.seconds + spent)
            # Another snapshot was published in between: what its indexes said may not hold.

    def _answers(self, query: CheckedQuery, snapshot: Snapshot, deadline: float) -> list[str]:
        answers: list[str] = []
        for call in query.calls:
            if call.iri == SEARCH:
                answers.append(self._search(query, call, snapshot))
            else:
                answers.append(self._ask(query, call, deadline))
            if sum(map(len, answers)) > self._settings.query_text_bytes // 2:
                raise FederationError(
                    f"Ce que {call.iri} répond est trop long pour la suite de la requête\u00a0; "
                    "limitez-le.\n"
                    f"What {call.iri} answers is too long for the rest of the query; limit it."
                )
        return answers

    # --- search ----------------------------------------------------------------------------------

    def _search(self, query: CheckedQuery, call: ServiceCall, snapshot: Snapshot) -> str:
        wanted = _read_search(query, call)
        index = self._open_index(snapshot)
        if index is None:
            raise QueryRefusedError(
                "Cet instantané n’a pas d’index de recherche.\n"
                "This snapshot has no index to search."
            )
        found: Iterable[tuple[str, float]]
        if not wanted.text:
            assert wanted.box is not None
            found = [(iri, 1.0) for iri in index.find_places(wanted.box, limit=wanted.limit)]
        elif wanted.box is None:
            found = index.find_words(wanted.text, language=wanted.language, limit=wanted.limit)
        else:  # the best of those that are in the box, however many are elsewhere
            places = set(index.find_places(wanted.box))
            everywhere = index.find_words(wanted.text, language=wanted.language)
            found = islice((each for each in everywhere if each[0] in places), wanted.limit)
        if wanted.score:
            scored = ((NamedNode(iri), _decimal(score)) for iri, score in found)
            return _values((wanted.thing, wanted.score), scored)
        return _values((wanted.thing,), ((NamedNode(iri),) for iri, _ in found))

    # --- other endpoints -------------------------------------------------------------------------

    def _ask(self, query: CheckedQuery, call: ServiceCall, deadline: float) -> str:
        settings = self._settings
        body = query.decoded[call.body : call.end - 1]
        asked = f"{query.decoded[: query.prologue]}\nSELECT * {{{body}\n}}"
        try:
            media_type, answer = fetch_result(
                call.iri,
                asked,
                seconds=min(settings.federation_seconds, deadline - time.monotonic()),
                most_bytes=settings.federation_bytes,
            )
            names, rows = read_rows(call.iri, media_type, answer)
            return _values(names, list(rows))
        except FederationError:
            if call.silent:  # SPARQL 1.1 Federated Query, section 2.3: one row that binds nothing
                return _NO_ROW
            raise


def _values(names: Sequence[str], rows: Iterable[Sequence[NamedNode | Literal | None]]) -> str:
    written = (
        f"({' '.join('UNDEF' if term is None else write_term(term) for term in row)})"
        for row in rows
    )
    variables = " ".join(f"?{name}" for name in names)
    values = f"VALUES ({variables}) {{ {' '.join(written)} }}"
    return within_select(variables, values) if names else values


def _decimal(score: float) -> Literal:
    return Literal(f"{score:.4f}", datatype=NamedNode(expand("xsd:decimal")))


# --- the pattern of a search ---------------------------------------------------------------------


@dataclass
class _Wanted:
    """What one search asks for."""

    thing: str = ""
    text: str = ""
    score: str = ""
    language: str = ""
    limit: int = _DEFAULT_FOUND
    box: Box | None = None


class _SearchReader:
    """Reads ``?thing collex:searchText "…" ; collex:searchScore ?score .``, and nothing else."""

    def __init__(self, query: CheckedQuery, call: ServiceCall) -> None:
        self._query = query
        self._call = call
        body = query.decoded[call.body : call.end - 1]
        self._tokens = [token for token in read_tokens(body) if token.kind is not Kind.COMMENT]
        self._namespaces = _namespaces(query.decoded[: query.prologue])
        self._place = 0
        self.wanted = _Wanted()

    def read(self) -> _Wanted:
        self._read_subject()
        while True:
            self._read_property()
            sign = self._next()
            while sign is not None and sign.text == ";" and self._is(";"):
                sign = self._next()
            if sign is None:
                break
            if sign.text == ".":
                if self._place == len(self._tokens):
                    break
                self._read_subject()
            elif sign.text == ";":
                if self._place == len(self._tokens) or self._is("."):
                    self._next()
                    break
            else:
                raise self._error("« ; » ou « . » attendu", "expected ';' or '.'", sign)
        if self._place < len(self._tokens):
            raise self._error("fin attendue", "expected the end", self._tokens[self._place])
        if not self.wanted.text and self.wanted.box is None:
            raise self._error(
                "il faut collex:searchText ou collex:searchBox",
                "collex:searchText or collex:searchBox is needed",
                None,
            )
        return self.wanted

    def _read_subject(self) -> None:
        token = self._next()
        if token is None or token.kind is not Kind.VARIABLE:
            raise self._error("variable attendue", "expected a variable", token)
        name = token.text[1:]
        if self.wanted.thing not in ("", name):
            raise self._error("un seul sujet par recherche", "one subject a search", token)
        self.wanted.thing = name

    def _read_property(self) -> None:
        token = self._next()
        if token is None or token.kind not in (Kind.NAME, Kind.IRI):
            raise self._error("propriété attendue", "expected a property", token)
        name = self._iri(token).removeprefix(expand("collex:"))
        value = self._next()
        if value is None:
            raise self._error("valeur attendue", "expected a value", None)
        wanted = self.wanted
        match name, value.kind:
            case "searchText", Kind.STRING:
                wanted.text = unquoted(value)
                if not 1 <= len(wanted.text.split()) <= MOST_WORDS:
                    raise self._error(
                        f"un texte de 1 à {MOST_WORDS} mots est attendu",
                        f"expected a text of 1 to {MOST_WORDS} words",
                        value,
                    )
                if len(wanted.text.encode()) > _MOST_WORDS_BYTES:
                    raise self._error(
                        f"un texte d’au plus {_MOST_WORDS_BYTES} octets est attendu",
                        f"expected a text of {_MOST_WORDS_BYTES} bytes at most",
                        value,
                    )
            case "searchScore", Kind.VARIABLE:
                wanted.score = value.text[1:]
            case "searchLanguage", Kind.STRING if unquoted(value) in ("fr", "en"):
                wanted.language = unquoted(value)
            case "searchLimit", Kind.NUMBER if (
                value.text.isdecimal() and 0 < int(value.text[:9]) <= MOST_FOUND
            ):
                wanted.limit = int(value.text)
            case "searchBox", Kind.STRING:
                wanted.box = self._box(value)
            case _:
                raise self._error(
                    'attendu\u00a0: collex:searchText "…", searchBox "ouest sud est nord", '
                    f"searchScore ?s, searchLimit 1 à {MOST_FOUND}, "
                    'searchLanguage "fr" ou "en"',
                    'expected collex:searchText "…", searchBox "west south east north", '
                    f"searchScore ?s, searchLimit 1 to {MOST_FOUND}, "
                    'searchLanguage "fr" or "en"',
                    token,
                )

    def _box(self, token: Token) -> Box:
        try:
            box = Box(*(float(number) for number in unquoted(token).split()))
        except (ValueError, TypeError):
            box = None
        if (
            box is None
            or not (-180 <= box.west <= box.east <= 180)
            or not (-90 <= box.south <= box.north <= 90)
        ):
            raise self._error(
                "quatre nombres attendus, ouest sud est nord, en degrés",
                "expected four numbers, west south east north, in degrees",
                token,
            )
        return box

    def _iri(self, token: Token) -> str:
        if token.kind is Kind.IRI:
            return token.text[1:-1]
        prefix, _, local = token.text.partition(":")
        return self._namespaces.get(prefix, "") + local

    def _is(self, text: str) -> bool:
        return self._place < len(self._tokens) and self._tokens[self._place].text == text

    def _next(self) -> Token | None:
        if self._place == len(self._tokens):
            return None
        self._place += 1
        return self._tokens[self._place - 1]

    def _error(self, french: str, english: str, token: Token | None) -> QuerySyntaxError:
        offset = self._call.body + token.start if token is not None else self._call.end - 1
        line, column = line_and_column(self._query.decoded, offset)
        return syntax_error(f"collex:search, {french}", f"collex:search, {english}", line, column)


def _read_search(query: CheckedQuery, call: ServiceCall) -> _Wanted:
    return _SearchReader(query, call).read()


def _namespaces(prologue: str) -> dict[str, str]:
    tokens = [token for token in read_tokens(prologue) if token.kind is not Kind.COMMENT]
    return {
        name.text.partition(":")[0]: iri.text[1:-1]
        for name, iri in pairwise(tokens)
        if name.kind is Kind.NAME and iri.kind is Kind.IRI
    }
