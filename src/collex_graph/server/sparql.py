"""The SPARQL endpoint (SPARQL 1.1 Protocol): a complete answer, an error, or a visible break.

A result that is ready is sent with its length. A longer one is streamed, and when the rest cannot
be produced the connection breaks before its end is announced: a cut result never looks whole.
HTTP/1.0 has no way to announce an end, so its clients get every result whole, once it is computed.
"""

from __future__ import annotations

import errno
import re
import socket
import tempfile
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, g, request

from collex_graph.errors import QueryError
from collex_graph.server import answers
from collex_graph.server.caching import client_holds, not_modified, tag_of, tagged
from collex_graph.server.negotiation import DATA, HTML, TURTLE
from collex_graph.server.serialization import serialize
from collex_graph.server.services import services
from collex_graph.server.statements import construct
from collex_graph.sparql.protocol import PAGE_TYPE, read_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from logging import Logger

    from collex_graph.model import QueryRequest, QueryResult

# A query that names one of these may answer differently each time, so its answer has no tag. A
# literal that holds the word costs its query the tag, which is harmless.
_VOLATILE = re.compile(r"\b(?:RAND|NOW|UUID|STRUUID|BNODE)\b", re.IGNORECASE)

_PART_BYTES = 1 << 16

blueprint = Blueprint("sparql", __name__)


@blueprint.route("/sparql", methods=["GET", "POST"])
def endpoint() -> Response:
    """Answer a query, or describe the service when there is none."""
    if request.method != "POST" and not {"query", "update"} & set(request.args):
        return _describe_service()
    asked = read_request(
        method=request.method,
        query_string=request.query_string,
        content_type=request.headers.get("Content-Type"),
        body=request.get_data(cache=False),
        accept=request.headers.get("Accept"),
        settings=services().settings,
    )
    if asked.accept == (PAGE_TYPE,):
        return answers.see_other(f"/query?{urlencode({'query': asked.text})}")
    return _answer(asked)


def _describe_service() -> Response:
    site = services()
    offered = (TURTLE, HTML, *DATA[1:])
    representation = answers.choose_among(offered, [("/sparql", each) for each in offered])
    if representation.syntax is None:
        return answers.see_other("/query")
    snapshot = site.snapshot.identifier
    tag = tag_of(snapshot, "/sparql", representation.extension)
    if client_holds(tag):
        held = not_modified(tag, mimetype=representation.media_type)
        return answers.vary(held, representation)
    body = serialize(
        construct("entities/service"), representation.syntax, first=f"{site.iris.base}sparql"
    )
    response = answers.data(body, representation)
    response.headers["X-Snapshot"] = snapshot
    response.headers["X-Query-Timeout-Seconds"] = _seconds(site.settings.query_timeout_seconds)
    return tagged(response, tag)


def _answer(asked: QueryRequest) -> Response:
    site = services()
    limit = site.settings.query_timeout_seconds
    in_force = min(limit, asked.timeout_seconds or limit)
    g.query_timeout_seconds = in_force
    is_stable = _VOLATILE.search(asked.text) is None
    held = _tag(asked, site.snapshot.identifier)
    # RFC 9110 allows 304 for GET and HEAD alone; a POST that says If-None-Match is answered.
    if is_stable and request.method != "POST" and client_holds(held):
        # Whatever the client holds, it is data.
        response = not_modified(held, weak=True, mimetype="text/plain")
        response.vary.add("Accept")
        return response
    result = site.queries.run(asked, is_cancelled=_client_has_gone())
    response = _whole_or_stream(result)
    response.headers["X-Snapshot"] = result.snapshot
    response.headers["X-Query-Seconds"] = _seconds(result.seconds)
    response.headers["X-Query-Timeout-Seconds"] = _seconds(in_force)
    response.vary.add("Accept")
    if not is_stable:
        response.headers["Cache-Control"] = "no-store"
        return response
    return tagged(response, _tag(asked, result.snapshot), weak=True)


def _whole_or_stream(result: QueryResult) -> Response:
    if isinstance(result.body, bytes):
        return Response(result.body, content_type=result.media_type)
    if request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        spool = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the response
        try:
            for part in result.body:
                spool.write(part)
        except BaseException:
            spool.close()
            raise
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
    close = getattr(result.body, "close", None)
    if close is not None:
        response.call_on_close(close)
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


def _client_has_gone() -> Callable[[], bool] | None:
    """Return a way to ask whether the client of this request has left, None when nobody knows."""
    connection = request.environ.get("gunicorn.socket")
    if not isinstance(connection, socket.socket):
        return None

    def has_gone() -> bool:
        try:
            return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    return has_gone


def _tag(asked: QueryRequest, snapshot: str) -> str:
    """Return the tag of what determines a result; rows may still come in another order."""
    parts = (asked.accept, asked.default_graphs, asked.named_graphs)
    return tag_of(snapshot, asked.text.strip(), *("\n".join(part) for part in parts))


def _seconds(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
