"""Answers queries from another SPARQL 1.1 server that holds the same snapshot.

``collex-graph export`` writes a snapshot for it, and ``query_endpoint`` names it. Policy, limits,
formats, cache and pages stay ours: what the engine sends is read whole and written anew, so that a
client meets the same service whatever is behind it, and a part that an engine passes off as a
result (Virtuoso's limits on rows and time) is an error.
"""

from __future__ import annotations

import io
import json
import threading
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pyoxigraph as ox

from collex_graph.errors import (
    FederationError,
    NotAcceptableError,
    QueryCancelledError,
    QueryRefusedError,
    QueryServiceBusyError,
    QuerySyntaxError,
    QueryTimeoutError,
    ResultTooLargeError,
)
from collex_graph.model import QueryResult
from collex_graph.rdf.formats import JSON, N_TRIPLES, choose_format
from collex_graph.rdf.iris import is_absolute_iri
from collex_graph.rdf.namespaces import prefixes
from collex_graph.sparql.lexer import Kind, read_tokens
from collex_graph.sparql.policy import QueryForm, query_of
from collex_graph.sparql.remote import fetch_result
from collex_graph.sparql.worker_process import write_result

if TYPE_CHECKING:
    from collections.abc import Callable

    from collex_graph.model import QueryRequest, Snapshot
    from collex_graph.rdf.formats import Format
    from collex_graph.settings import Settings
    from collex_graph.sparql.policy import CheckedQuery

ASKED_AT_ONCE = 8
"""Queries that the engine is asked at the same time, where ``query_workers`` says nothing."""

_GRAPHS = (QueryForm.CONSTRUCT, QueryForm.DESCRIBE)
_RETRY_SECONDS = 2


class EngineElsewhere:
    """A `model.QueryService` over the SPARQL 1.1 Protocol.

    Args:
        snapshot: the snapshot that the engine holds.
        settings: ``query_endpoint``, ``query_endpoint_default_graph`` and the limits.
    """

    def __init__(self, snapshot: Snapshot, settings: Settings) -> None:
        self._snapshot = snapshot
        self._settings = settings
        self._places = threading.BoundedSemaphore(settings.query_workers or ASKED_AT_ONCE)
        self._ending = threading.Event()

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that queries are answered from."""
        return self._snapshot

    def start(self) -> None:
        """Do nothing: the engine is started elsewhere."""

    def close(self) -> None:
        """Tell those who wait that the site ends."""
        self._ending.set()

    def wait_until_closed(self, seconds: float) -> bool:
        """Wait for the end of the site; say whether it has come."""
        return self._ending.wait(seconds)

    def switch(self, snapshot: Snapshot) -> None:
        """Take another snapshot as the one that the engine holds: who publishes it loads it."""
        self._snapshot = snapshot

    def run(
        self, request: QueryRequest, *, is_cancelled: Callable[[], bool] | None = None
    ) -> QueryResult:
        """Run one query.

        Args:
            request: the query, its wishes and its limit.
            is_cancelled: asked before the engine is, and before its answer is written.

        Raises:
            QueryError: one of its subclasses; what the engine says is in its message.
            NotAcceptableError: the client accepts no format that this form of query can have.
        """
        settings = self._settings
        started = time.monotonic()
        query = query_of(request, settings)
        written_as = choose_format(request.accept, query.form.formats)
        if written_as is None:
            types = ", ".join(each.media_type for each in query.form.formats)
            raise NotAcceptableError(f"Formats disponibles : {types}.\nAvailable: {types}.")
        seconds = min(
            settings.query_timeout_seconds,
            request.timeout_seconds or settings.query_timeout_seconds,
        )
        if not self._places.acquire(timeout=settings.query_queue_seconds):
            raise QueryServiceBusyError(
                "Le moteur de requêtes est occupé.\nThe query engine is busy.",
                retry_after_seconds=_RETRY_SECONDS,
            )
        try:
            _stop_if(is_cancelled)
            body = self._ask(query, request, seconds)
        finally:
            self._places.release()
        _stop_if(is_cancelled)
        written = self._write(body, query.form, written_as)
        return QueryResult(
            media_type=written_as.content_type,
            body=written,
            length_bytes=len(written),
            snapshot=self._snapshot.identifier,
            seconds=time.monotonic() - started,
        )

    def _ask(self, query: CheckedQuery, request: QueryRequest, seconds: float) -> bytes:
        settings, form = self._settings, query.form
        text = text_for_others(query, settings.base_iri)
        default, named = request.default_graphs, request.named_graphs
        if not default and not named and settings.query_endpoint_default_graph:
            default = (settings.query_endpoint_default_graph,)
            named = graphs_named(query, settings.base_iri)
        graphs = [("default-graph-uri", iri) for iri in default]
        graphs += [("named-graph-uri", iri) for iri in named]
        asked_as = N_TRIPLES if form in _GRAPHS else JSON
        try:
            _, body = fetch_result(
                settings.query_endpoint,
                text,
                seconds=seconds,
                most_bytes=settings.result_bytes,
                accept=asked_as.media_type,
                graphs=graphs,
            )
        except FederationError as error:
            raise _as_ours(error, settings) from None
        return body

    def _write(self, body: bytes, form: QueryForm, written_as: Format) -> bytes:
        output = io.BytesIO()
        try:
            if form in _GRAPHS:
                triples = (quad.triple for quad in ox.parse(body, ox.RdfFormat.N_TRIPLES))
                store = ox.Store()
                store.extend(ox.Quad(*triple) for triple in triples)
                answer = store.query("CONSTRUCT WHERE { ?s ?p ?o }")
            else:
                answer = _read_rows(body, form)
            write_result(answer, written_as, output)  # type: ignore[arg-type]
        except (SyntaxError, ValueError) as error:
            raise QueryServiceBusyError(
                "Le moteur de requêtes a envoyé une réponse illisible.\n"
                f"The query engine sent an answer that cannot be read: {error}.",
                retry_after_seconds=_RETRY_SECONDS,
            ) from None
        if output.tell() > self._settings.result_bytes:
            raise _too_large(self._settings)
        return output.getvalue()


def graphs_named(query: CheckedQuery, base_iri: str) -> tuple[str, ...]:
    """Return the IRIs that a query's GRAPH clauses name.

    Once an engine is told what its default graph is, it has the named graphs that it is told, and
    no others (SPARQL 1.1, section 13.2): those that the query names.

    Raises:
        QueryRefusedError: when a clause leaves the graph open, which would find nothing.

    >>> from collex_graph.sparql.policy import check_query
    >>> graphs_named(check_query("ASK { GRAPH <g> {} }", text_bytes=99, nesting=9), "http://b/")
    ('http://b/g',)
    """
    found: dict[str, None] = {}
    tokens = [t for t in read_tokens(query.decoded) if t.kind is not Kind.COMMENT]
    namespaces = dict(prefixes())
    for word, name, namespace in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if word.text.lower() == "prefix" and namespace.kind is Kind.IRI:
            namespaces[name.text.removesuffix(":")] = namespace.text[1:-1]
    for before, token in pairwise(tokens):
        if before.kind is not Kind.WORD or before.text.lower() != "graph":
            continue
        if token.kind is Kind.IRI:
            iri = token.text[1:-1]
            found[iri if is_absolute_iri(iri) else base_iri + iri] = None
        elif token.kind is Kind.NAME:
            prefix, _, local = token.text.partition(":")
            found[namespaces.get(prefix, "") + local] = None
        else:
            raise QueryRefusedError(
                "Le moteur de requêtes derrière ce service ne sait pas chercher parmi tous les "
                "graphes : nommez le graphe après GRAPH.\n"
                "The query engine behind this service cannot look in all graphs: name the graph "
                "after GRAPH."
            )
    return tuple(found)


def text_for_others(query: CheckedQuery, base_iri: str) -> str:
    r"""Return a checked query as any reader of SPARQL 1.1 reads it, in the one way we read it.

    An IRI that could be taken for *less than* and the beginning of a string or comment is named
    by a prefix of its own: in a prologue nothing can be taken for an operator. (The embedded store
    gets ``\u0023`` in such IRIs, which Virtuoso does not read.) Relative IRIs get their base.

    >>> from collex_graph.sparql.policy import check_query
    >>> query = check_query("ASK { ?s a <http://x/#A> }", text_bytes=100, nesting=9)
    >>> print(text_for_others(query, "http://b/"))
    BASE <http://b/>
    PREFIX iri0: <http://x/#A>
    ASK { ?s a iri0: }
    """
    text, end = query.decoded, query.prologue
    named: dict[str, str] = {}
    parts: list[str] = []
    # prefixes that the query itself has begin otherwise
    start = "iri"
    while f"{start}0" in text:
        start += "x"
    for token in read_tokens(text):
        if token.start >= query.prologue and token.is_treacherous:
            name = named.setdefault(token.text, f"{start}{len(named)}:")
            parts += [text[end : token.start], name]
            end = token.start + len(token.text)
    declared = "".join(f"PREFIX {name} {iri}\n" for iri, name in named.items())
    prologue = text[: query.prologue]
    gap = "\n" if declared and prologue and not prologue.endswith("\n") else ""
    return f"BASE <{base_iri}>\n{prologue}{gap}{declared}" + "".join([*parts, text[end:]])


def _read_rows(body: bytes, form: QueryForm) -> ox.QuerySolutions | ox.QueryBoolean:
    answer = ox.parse_query_results(body, ox.QueryResultsFormat.JSON)
    if form is QueryForm.ASK and isinstance(answer, ox.QuerySolutions):
        # Virtuoso gives the truth as a row of one number, and a false one as no row
        said = [solution[0] for solution in answer]
        truth = bool(said) and said[0] is not None and said[0].value not in ("0", "false")
        document = json.dumps({"head": {}, "boolean": truth}).encode()
        answer = ox.parse_query_results(document, ox.QueryResultsFormat.JSON)
    return answer


def _stop_if(is_cancelled: Callable[[], bool] | None) -> None:
    if is_cancelled is not None and is_cancelled():
        raise QueryCancelledError


def _too_large(settings: Settings) -> ResultTooLargeError:
    return ResultTooLargeError(
        f"Le résultat dépasse {settings.result_bytes} octets, ou le moteur n’en a donné qu’une "
        "partie. Ajoutez LIMIT.\n"
        f"The result is over {settings.result_bytes} bytes, or the engine gave only a part of it. "
        "Add LIMIT."
    )


def _as_ours(error: FederationError, settings: Settings) -> Exception:
    """Return what the engine's failure is to a client of ours."""
    match error.reason:
        case "slow":
            return QueryTimeoutError(str(error))
        case "large" | "partial":
            return _too_large(settings)
        case "refused":
            said = " ".join(error.said.split())[:300]
            return QuerySyntaxError(
                f"Le moteur de requêtes refuse cette requête : {said}\n"
                f"The query engine refuses this query: {said}"
            )
    return QueryServiceBusyError(str(error), retry_after_seconds=_RETRY_SECONDS)
