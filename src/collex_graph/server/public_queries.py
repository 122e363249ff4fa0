"""Runs a query of the public and answers with its result: one way for every room that takes any.

Checks, in this order: the query may run at all, the client holds the result already, the result is
known, the client has computing time left. A result that is ready is sent with its length and a
strong entity tag. A longer one is streamed, and when the rest cannot be produced the connection
breaks before its end is announced: a cut result never looks whole. HTTP/1.0 has no way to announce
an end, so its clients get every result whole, once it is computed.
"""

from __future__ import annotations

import errno
import hashlib
import socket
import tempfile
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Response, current_app, g, request

from collex_graph.errors import QueryError, UnwritableResultError
from collex_graph.server.caching import fresh, tag_of
from collex_graph.server.compression import bare_tag
from collex_graph.server.fair_use import client_address
from collex_graph.server.running import HEADER
from collex_graph.server.services import services
from collex_graph.sparql.result_cache import result_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from logging import Logger

    from collex_graph.model import QueryRequest, QueryResult

    Transform = Callable[[bytes, str], tuple[bytes, str]]

_PART_BYTES = 1 << 16
_MOST_TRANSFORMED_BYTES = 50_000_000


def answer(
    asked: QueryRequest, *, variant: str = "", transform: Transform | None = None
) -> Response:
    """Answer the current request with the result of a query.

    Args:
        asked: the query.
        variant: tells apart what the same result is made into.
        transform: makes of a whole result, and of its snapshot's identifier, what is sent and its
            media type.

    Raises:
        QueryError: when there is none.
        NotAcceptableError: when the client accepts no format that the result can have.
    """
    site = services()
    limit = site.settings.query_timeout_seconds
    in_force = min(limit, asked.timeout_seconds or limit)
    g.query_timeout_seconds = in_force
    key = result_key(asked, site.settings)
    # RFC 9110 allows 304 for GET and HEAD alone; a POST that says If-None-Match is answered.
    if key and request.method != "POST" and (held := _held(site.snapshot.identifier, key, variant)):
        site.usage.count_query("held", 0.0)
        response = Response(status=304, mimetype="text/plain")  # whatever the client holds, data
        response.headers["ETag"] = held
        response.vary.add("Accept")
        return fresh(response)
    result = run(asked, key)
    if transform is not None:
        result = _transformed(result, transform)
    response = _whole_or_stream(result)
    response.headers["X-Snapshot"] = result.snapshot
    response.headers["X-Query-Seconds"] = in_seconds(result.seconds)
    response.headers["X-Query-Timeout-Seconds"] = in_seconds(in_force)
    response.headers[HEADER] = g.running_query.identifier
    response.vary.add("Accept")
    if not key:
        response.headers["Cache-Control"] = "no-store"
        return response
    response.headers["Cache-Status"] = f"collex-graph; {'hit' if result.cached else 'fwd=miss'}"
    tag = _tag(result.snapshot, key, variant)
    # Rows may come in another order another time: only the bytes tell for sure.
    response.set_etag(f"{tag}-{result.digest}" if result.digest else tag, weak=not result.digest)
    return fresh(response)


def run(asked: QueryRequest, key: str | None = None) -> QueryResult:
    """Run a query of the public on its client's account.

    Args:
        asked: the query.
        key: from `result_key`, when known.

    Raises:
        QueryError: when it has no result.
        ClientBudgetError: when the client has no computing time left.
    """
    site = services()
    key = result_key(asked, site.settings) if key is None else key
    client = client_address(request.environ, site.settings.client_address_header)
    if not (key and site.queries.holds(key)):
        site.fair_use.check(client)
    running = site.running.start(request.headers.get(HEADER))
    g.running_query = running
    has_gone = client_has_gone()
    began = time.monotonic()
    is_stream = False
    try:
        with site.fair_use.running(client) as charge:
            try:
                result = site.queries.run(
                    asked, is_cancelled=lambda: running.is_stopped or has_gone()
                )
            except QueryError as error:
                charge(error.seconds)
                site.usage.count_query(type(error).__name__, time.monotonic() - began)
                raise
            charge(result.seconds)
        is_stream = not isinstance(result.body, bytes)
        if is_stream:
            _follow_stream(result, client)
        outcome = "cached" if result.cached else "streamed" if is_stream else "computed"
        site.usage.count_query(outcome, time.monotonic() - began)
        return result
    finally:
        if not is_stream:
            site.running.finish(running)


def read_whole(result: QueryResult, most_bytes: int) -> bytes | None:
    """Return the body of a result of `run`, None when it is larger than that.

    Raises:
        QueryError: when the rest of it cannot be produced.
    """
    if isinstance(result.body, bytes):
        return result.body if len(result.body) <= most_bytes else None
    parts, size = [], 0
    try:
        for part in result.body:
            parts.append(part)
            size += len(part)
            if size > most_bytes:
                return None
    finally:
        g.end_of_stream()
    return b"".join(parts)


def _follow_stream(result: QueryResult, client: str) -> None:
    """Let a stream be stopped, and charge the client for all of it at its end."""
    site, running = services(), g.running_query
    cancel = getattr(result.body, "cancel", None)
    if cancel is not None:
        running.becomes_stream(cancel)

    def end() -> None:
        close = getattr(result.body, "close", None)
        if close is not None:
            close()
        site.running.finish(running)
        site.fair_use.charge(
            client, max(0.0, getattr(result.body, "seconds", result.seconds) - result.seconds)
        )

    g.end_of_stream = end


def _whole_or_stream(result: QueryResult) -> Response:
    if isinstance(result.body, bytes):
        return Response(result.body, content_type=result.media_type)
    end = g.end_of_stream
    if request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        spool = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the response
        try:
            for part in result.body:
                spool.write(part)
        except BaseException:
            spool.close()
            raise
        finally:
            end()
        length = spool.tell()
        spool.seek(0)
        response = Response(
            iter(lambda: spool.read(_PART_BYTES), b""), content_type=result.media_type
        )
        response.content_length = length
        response.call_on_close(spool.close)
        return response
    parts = _parts_of(result.body, current_app.logger)
    response = Response(parts, content_type=result.media_type)
    # A client that leaves, or one that asked with HEAD, ends the query with its response.
    response.call_on_close(end)
    return response


def _parts_of(body: Iterator[bytes], logger: Logger) -> Iterator[bytes]:
    """Yield the parts of a result; when the rest cannot be produced, break the connection.

    To the server a broken pipe is a client that left: it drops the connection without the chunk
    that would end the body, and without writing a trace for what is no fault of its own.
    """
    try:
        yield from body
    except QueryError as error:
        logger.warning("a result was cut: %s", error)
        raise BrokenPipeError(errno.EPIPE, "the rest of the result cannot be produced") from None


def client_has_gone() -> Callable[[], bool]:
    """Return a way to ask whether the client of this request has left; no, when nobody knows."""
    connection = request.environ.get("gunicorn.socket")

    def has_gone() -> bool:
        if not isinstance(connection, socket.socket):
            return False
        try:
            return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    return has_gone


def _transformed(result: QueryResult, transform: Transform) -> QueryResult:
    body = read_whole(result, _MOST_TRANSFORMED_BYTES)
    if body is None:
        raise UnwritableResultError(
            f"Ce résultat dépasse {_MOST_TRANSFORMED_BYTES} octets\u00a0; demandez un format que "
            "/sparql donne.\n"
            f"This result is over {_MOST_TRANSFORMED_BYTES} bytes; ask for a format that /sparql "
            "gives."
        )
    made, media_type = transform(body, result.snapshot)
    digest = hashlib.blake2b(made, digest_size=12).hexdigest()
    return replace(result, body=made, media_type=media_type, length_bytes=len(made), digest=digest)


def _tag(snapshot: str, key: str, variant: str) -> str:
    return tag_of(snapshot, key, variant)


def _held(snapshot: str, key: str, variant: str) -> str:
    """Return the tag of a result of this query that the client holds, as it says it, else ""."""
    ours = _tag(snapshot, key, variant)
    named = request.if_none_match
    for tags, is_weak in ((named.as_set(), False), (named.as_set(include_weak=True), True)):
        for tag in sorted(tags):
            stem = bare_tag(tag)
            if stem == ours or stem.startswith(f"{ours}-"):
                return f'W/"{tag}"' if is_weak else f'"{tag}"'
    return ""


def in_seconds(value: float) -> str:
    """Write a duration as headers say it.

    >>> in_seconds(0.25), in_seconds(30.0)
    ('0.25', '30')
    """
    return f"{value:.3f}".rstrip("0").rstrip(".")
