"""Runs queries of the public and says how their results are sent: without any web framework.

Both ways to the endpoint come here, that of every request (`public_queries`) and the short one
(`lane`), so that the two cannot differ in what a query costs, may do or answers.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from werkzeug.http import parse_etags

from collex_graph.errors import QueryError
from collex_graph.server.caching import freshness, tag_of
from collex_graph.server.compression import (
    SMALLEST_BYTES,
    bare_tag,
    choose_coding,
    compressed,
    is_compressible,
)
from collex_graph.server.running import HEADER

if TYPE_CHECKING:
    from collections.abc import Callable

    from collex_graph.model import QueryRequest, QueryResult
    from collex_graph.server.fair_use import Turn
    from collex_graph.server.running import RunningQuery
    from collex_graph.server.services import Services


@dataclass(frozen=True)
class Asker:
    """Whoever asks, as far as a query needs to know.

    Attributes:
        address: whose computing time it takes.
        wished: the identifier it wishes for its query, if any.
        has_gone: says whether it has left.
    """

    address: str
    wished: str | None
    has_gone: Callable[[], bool]


@dataclass(frozen=True)
class Run:
    """A query that has its result, or the beginning of one.

    Attributes:
        identifier: of the query.
        result: what came of it.
        end: to be called when the result is a stream that nobody reads any more.
    """

    identifier: str
    result: QueryResult
    end: Callable[[], None] = lambda: None


def run_query(site: Services, asked: QueryRequest, key: str, asker: Asker) -> Run:
    """Run a query on its client's account.

    Args:
        site: the parts of the site.
        asked: the query.
        key: from ``result_key``.
        asker: whose account.

    Raises:
        QueryError: when it has no result.
        ClientBudgetError: when it has to be computed, and the client has no computing time left.
        ClientQueriesError: when too many of the client are being computed.
    """
    running = site.running.start(asker.wished)
    turn = site.fair_use.turn(asker.address)
    began = time.monotonic()
    seconds = 0.0
    is_stream = False
    try:
        try:
            result = site.queries.run(
                asked,
                key=key,
                turn=turn,
                is_cancelled=lambda: running.is_stopped or asker.has_gone(),
            )
        except QueryError as error:
            seconds = error.seconds
            site.usage.count_query(type(error).__name__, time.monotonic() - began)
            raise
        seconds = result.seconds
        is_stream = not isinstance(result.body, bytes)
        run = Run(running.identifier, result)
        if is_stream:
            run = replace(run, end=_end_of(site, running, result, turn))
            if (cancel := getattr(result.body, "cancel", None)) is not None:
                running.becomes_stream(cancel)
        outcome = "cached" if result.cached else "streamed" if is_stream else "computed"
        site.usage.count_query(outcome, time.monotonic() - began)
        return run
    finally:
        if not is_stream:
            turn.end(seconds)
            site.running.finish(running)


def _end_of(
    site: Services, running: RunningQuery, result: QueryResult, turn: Turn
) -> Callable[[], None]:
    """Return what ends a stream and charges the client for all of it, once."""
    first = threading.Lock()

    def end() -> None:
        if not first.acquire(blocking=False):
            return
        close = getattr(result.body, "close", None)
        try:
            if close is not None:
                close()
        finally:
            turn.end(getattr(result.body, "seconds", result.seconds))
            site.running.finish(running)

    return end


# --- what is said with a result ------------------------------------------------------------------


def held_tag(ours: str, if_none_match: str | None) -> str:
    """Return the tag of a result of this query that the client holds, as it says it, else "".

    Args:
        ours: from `tag_of`, what the tags of all results of this query begin with.
        if_none_match: the header.
    """
    if not if_none_match:
        return ""
    named = parse_etags(if_none_match)
    for tags, is_weak in ((named.as_set(), False), (named.as_set(include_weak=True), True)):
        for tag in sorted(tags):
            stem = bare_tag(tag)
            if stem == ours or stem.startswith(f"{ours}-"):
                return f'W/"{tag}"' if is_weak else f'"{tag}"'
    return ""


def held_headers(site: Services, held: str) -> dict[str, str]:
    """Return the headers of 304 for a client that holds the result of a query."""
    return {
        "ETag": held,
        "Vary": "Accept, Accept-Encoding",
        "Cache-Control": freshness(site.settings),
    }


def limit_in_force(site: Services, asked: QueryRequest) -> float:
    """Return the time limit of a query, in seconds."""
    limit = site.settings.query_timeout_seconds
    return min(limit, asked.timeout_seconds or limit)


@dataclass(frozen=True)
class Sent:
    """What is sent of a result.

    Attributes:
        body: as it travels, None where it is a stream.
        headers: everything that depends on the result.
    """

    body: bytes | None
    headers: dict[str, str]


def describe(
    site: Services,
    asked: QueryRequest,
    key: str,
    result: QueryResult,
    *,
    identifier: str,
    accept_encoding: str | None,
    variant: str = "",
) -> Sent:
    """Say how a result is sent.

    Args:
        site: the parts of the site.
        asked: the query.
        key: from ``result_key``; empty for a result that differs each time.
        result: the result.
        identifier: of the query.
        accept_encoding: the header.
        variant: tells apart what the same result is made into; its coded forms are not kept.
    """
    headers = {
        "Content-Type": result.media_type,
        "X-Snapshot": result.snapshot,
        "X-Query-Seconds": in_seconds(result.seconds),
        "X-Query-Timeout-Seconds": in_seconds(limit_in_force(site, asked)),
        HEADER: identifier,
        "Vary": "Accept",
    }
    body = result.body if isinstance(result.body, bytes) else None
    coding = None
    if body is not None and is_compressible(result.media_type):
        headers["Vary"] = "Accept, Accept-Encoding"
        if len(body) >= SMALLEST_BYTES:
            coding = choose_coding(accept_encoding)
    if coding is not None and body is not None:
        body = _coded(site, key if not variant else "", result, body, coding)
        headers["Content-Encoding"] = coding
    if body is not None:
        headers["Content-Length"] = str(len(body))
    if not key:
        headers["Cache-Control"] = "no-store"
        return Sent(body, headers)
    headers["Cache-Status"] = f"collex-graph; {'hit' if result.cached else 'fwd=miss'}"
    headers["Cache-Control"] = freshness(site.settings)
    # Rows may come in another order another time: only the bytes tell for sure.
    tag = tag_of(result.snapshot, key, variant)
    if result.digest:
        suffix = f"-{coding}" if coding else ""
        headers["ETag"] = f'"{tag}-{result.digest}{suffix}"'
    else:
        headers["ETag"] = f'W/"{tag}"'
    return Sent(body, headers)


def _coded(site: Services, key: str, result: QueryResult, body: bytes, coding: str) -> bytes:
    """Return a body in a coding, from the cache where it was once made."""
    kept = site.queries.coded(result, key, coding) if key else None
    if kept is not None:
        return kept
    made = compressed(body, coding)
    if key:
        site.queries.keep_coded(result, key, coding, made)
    return made


def in_seconds(value: float) -> str:
    """Write a duration as headers say it.

    >>> in_seconds(0.25), in_seconds(30.0)
    ('0.25', '30')
    """
    return f"{value:.3f}".rstrip("0").rstrip(".")
