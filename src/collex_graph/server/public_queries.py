"""Runs a query of the public and answers with its result: one way for every room that takes any.

Checks, in this order: the query may run at all, the client holds the result already, the result is
known or being computed, the client has computing time left and fewer queries computed than it may.
A result that is ready is sent with its length and a strong entity tag. A longer one is streamed,
and when the rest cannot be produced the connection breaks before its end is announced: a cut result
never looks whole. HTTP/1.0 has no way to announce an end, so its clients get every result whole,
once it is computed.
"""

from __future__ import annotations

import errno
import hashlib
import socket
import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Response, current_app, g, request
from werkzeug.wsgi import wrap_file

from collex_graph.errors import QueryError, UnwritableResultError
from collex_graph.server.caching import tag_of
from collex_graph.server.fair_use import client_address
from collex_graph.server.running import HEADER
from collex_graph.server.runs import (
    Asker,
    describe,
    held_headers,
    held_tag,
    limit_in_force,
    run_query,
)
from collex_graph.server.services import services
from collex_graph.sparql.result_cache import result_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from logging import Logger

    from collex_graph.model import QueryRequest, QueryResult

    Transform = Callable[[bytes, str], tuple[bytes, str]]

OUTCOME = "collex_graph.outcome"
"""Where `lane` puts what came of a query that it ran: a `Run`, or the exception."""

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
    g.query_timeout_seconds = limit_in_force(site, asked)
    key = result_key(asked, site.settings)
    # RFC 9110 allows 304 for GET and HEAD alone; a POST that says If-None-Match is answered.
    if key and request.method != "POST" and OUTCOME not in request.environ:
        ours = tag_of(asked.snapshot or site.snapshot.identifier, key, variant)
        if held := held_tag(ours, request.headers.get("If-None-Match")):
            site.usage.count_query("held", 0.0)
            # whatever the client holds, data
            return Response(status=304, mimetype="text/plain", headers=held_headers(site, held))
    result = run(asked, key)
    if transform is not None:
        result = _transformed(result, transform)
    sent = describe(
        site,
        asked,
        key,
        result,
        identifier=g.run.identifier,
        accept_encoding=request.headers.get("Accept-Encoding"),
        variant=variant,
    )
    response = Response(sent.body) if sent.body is not None else _stream(result)
    response.headers.update(sent.headers)
    return response


def run(asked: QueryRequest, key: str | None = None) -> QueryResult:
    """Run a query of the public on its client's account.

    Args:
        asked: the query.
        key: from `result_key`, when known.

    Raises:
        QueryError: when it has no result.
        ClientBudgetError: when the client has no computing time left.
        ClientQueriesError: when too many of the client are being computed.
    """
    site = services()
    outcome = request.environ.get(OUTCOME)
    if outcome is None:
        asker = Asker(
            client_address(request.environ, site.settings.client_address_header),
            request.headers.get(HEADER),
            client_has_gone(request.environ.get("gunicorn.socket")),
        )
        key = result_key(asked, site.settings) if key is None else key
        outcome = run_query(site, asked, key, asker)
    elif isinstance(outcome, Exception):
        raise outcome
    g.run = outcome
    result: QueryResult = outcome.result
    return result


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
        g.run.end()
    return b"".join(parts)


def _stream(result: QueryResult) -> Response:
    end = g.run.end
    assert not isinstance(result.body, bytes)
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
        # as a file, which is sent without a thread that waits for the client
        response = Response(
            wrap_file(request.environ, spool, _PART_BYTES),
            content_type=result.media_type,
            direct_passthrough=True,
        )
        response.content_length = length
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


def client_has_gone(connection: object) -> Callable[[], bool]:
    """Return a way to ask whether the client of a connection has left; no, when nobody knows."""

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
