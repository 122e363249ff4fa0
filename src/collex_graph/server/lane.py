"""The short way of a query: whatever is a plain request to the endpoint, without a web framework.

A framework takes a millisecond to do what most queries do not need. Here a request is read by one
strict pattern; what does not match it, and every answer that is not a whole result, goes the way of
all other requests, with what was computed so far. What a query may do, what it costs its client and
how its result is described is decided in `runs`, for both ways alike.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING

from collex_graph.errors import CollexGraphError
from collex_graph.server.caching import tag_of
from collex_graph.server.compression import choose_coding
from collex_graph.server.fair_use import address_of
from collex_graph.server.headers import DATA_FOR_EVERY_ORIGIN, EVERY_ANSWER
from collex_graph.server.running import HEADER, new_identifier
from collex_graph.server.runs import Asker, Run, describe, held_headers, held_tag, run_query
from collex_graph.sparql.protocol import PAGE_TYPE, read_request
from collex_graph.sparql.result_cache import result_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from collex_graph.model import QueryRequest
    from collex_graph.server.access_log import AccessLog
    from collex_graph.server.services import Services

EXTENSION = "collex_graph_lane"
"""Where an application keeps its lane."""

LONGEST_BYTES = 8_000
"""A longer request goes the long way, where reading it holds nobody else up."""

_MOST_FIELDS = 50
_LISTS = ("accept", "accept-encoding", "if-none-match")
_LONGEST_LIST = 1_000  # in characters: reading one takes a millisecond
_REMEMBERED = 2_000

# RFC 9112, sections 3 and 5, and no more of it than clients use: ASCII, one space where one stands.
_HEAD = re.compile(
    r"(GET|HEAD|POST) /sparql(?:\?([!-\"$-~]*+))?+ HTTP/1\.1\r\n"
    r"((?:[A-Za-z0-9-]++:[\t -~]*+\r\n)++)\r\n"
)

# What these mean is understood on the long way alone.
_LONG_WAY = frozenset(
    {
        "content-encoding", "expect", "http2-settings", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade",
    }
)  # fmt: skip
_CONNECTIONS = {"keep-alive": True, "close": False}

_CONSTANT = "".join(
    f"{name}: {value}\r\n" for name, value in (EVERY_ANSWER | DATA_FOR_EVERY_ORIGIN).items()
)
_STATUSES = {200: "200 OK", 304: "304 NOT MODIFIED"}


@dataclass
class Keyed:
    """A query that is remembered: the same object for all clients that ask it the same way.

    Attributes:
        query: what is asked.
        key: what its result depends on, from ``result_key``; None until somebody needed it.
    """

    query: QueryRequest
    key: str | None = None


@dataclass(frozen=True)
class Asked:
    """A request of the short way.

    Attributes:
        method: GET, HEAD or POST.
        keyed: what it asks.
        fields: its header fields, the names in small letters. What they say of a client is
            forgotten with the request.
        keeps_connection: the client may ask again on the same connection.
    """

    method: str
    keyed: Keyed
    fields: Mapping[str, str]
    keeps_connection: bool


@dataclass(frozen=True)
class Reply:
    """An answer, ready to be sent.

    Attributes:
        status: 200 or 304.
        headers: those that depend on the request.
        body: empty for HEAD and 304.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    def head(self, *, keeps_connection: bool) -> bytes:
        """Return its status line and headers."""
        fields = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        return (
            f"HTTP/1.1 {_STATUSES[self.status]}\r\nDate: {_date(int(time.time()))}\r\n"
            f"Connection: {'keep-alive' if keeps_connection else 'close'}\r\n"
            f"{fields}{_CONSTANT}\r\n"
        ).encode("latin-1")


class Lane:
    """Answers plain requests to the endpoint of one site.

    Args:
        site: its parts.
        log: where answers are written down, None for nowhere.
    """

    def __init__(self, site: Services, log: AccessLog | None) -> None:
        self._site = site
        self._log = log
        self._keyed = lru_cache(_REMEMBERED)(self._read_query)

    def read(self, received: bytes) -> Asked | None:
        """Read a request, its body included; None when it has to go the long way."""
        head, _, body = received.partition(b"\r\n\r\n")
        try:
            match = _HEAD.fullmatch((head + b"\r\n\r\n").decode("ascii"))
            fields = _read_fields(match.group(3)) if match else None
        except UnicodeDecodeError:
            return None
        if match is None or fields is None:
            return None
        method, query_string, _ = match.groups()
        if fields.get("content-length") != (str(len(body)) if method == "POST" else None):
            return None
        if any(len(fields.get(name, "")) > _LONGEST_LIST for name in _LISTS):
            return None
        keyed = self._keyed(
            method, query_string or "", fields.get("content-type"), body, fields.get("accept")
        )
        if keyed is None:
            return None
        keeps = _CONNECTIONS[fields.get("connection", "keep-alive").lower()]
        return Asked(method, keyed, fields, keeps)

    def _read_query(
        self,
        method: str,
        query_string: str,
        content_type: str | None,
        body: bytes,
        accept: str | None,
    ) -> Keyed | None:
        """Read what is asked; None when the long way has something to say about it."""
        try:
            query = read_request(
                method=method,
                query_string=query_string,
                content_type=content_type,
                body=body,
                accept=accept,
                settings=self._site.settings,
            )
        except CollexGraphError:
            return None
        is_plain = query.accept != (PAGE_TYPE,) and query.snapshot is None
        return Keyed(query) if is_plain else None

    def known(self, asked: Asked) -> Reply | None:
        """Answer with what is known, without waiting for anything; None when that is not enough."""
        key = asked.keyed.key
        if not key:
            return None
        began = time.monotonic()
        reply = self._held(asked, key)
        if reply is None and HEADER.lower() not in asked.fields:
            coding = choose_coding(asked.fields.get("accept-encoding"))
            result = self._site.queries.known(key, coding=coding)
            if result is not None:
                self._site.usage.count_query("cached", time.monotonic() - began)
                run = Run(new_identifier(), result)
                reply = self._reply(asked, key, run)
        if reply is not None:
            self._note(asked, reply, began)
        return reply

    def answer(
        self, asked: Asked, *, peer: str, has_gone: Callable[[], bool]
    ) -> Reply | Run | Exception:
        """Answer a request, however long it takes.

        Args:
            asked: the request.
            peer: the address at the other end of the connection.
            has_gone: says whether the client has left.

        Returns:
            The answer; or what came of the query, for the long way to send: a stream, an error.
        """
        began = time.monotonic()
        site = self._site
        try:
            keyed = asked.keyed
            if keyed.key is None:
                keyed.key = result_key(keyed.query, site.settings)
            key = keyed.key
            reply = self._held(asked, key)
            if reply is None:
                said = asked.fields.get(site.settings.client_address_header.lower(), "")
                wished = asked.fields.get(HEADER.lower())
                asker = Asker(address_of(peer, said), wished, has_gone)
                run = run_query(site, keyed.query, key, asker)
                if not isinstance(run.result.body, bytes):
                    return run
                reply = self._reply(asked, key, run)
        except Exception as error:  # the long way makes an answer of it
            return error
        self._note(asked, reply, began)
        return reply

    def _held(self, asked: Asked, key: str) -> Reply | None:
        """Return 304 for a client that holds the result."""
        named = asked.fields.get("if-none-match")
        if not named or not key or asked.method == "POST":
            return None
        held = held_tag(tag_of(self._site.snapshot.identifier, key, ""), named)
        if not held:
            return None
        self._site.usage.count_query("held", 0.0)
        return Reply(304, held_headers(self._site, held), b"")

    def _reply(self, asked: Asked, key: str, run: Run) -> Reply:
        sent = describe(
            self._site,
            asked.keyed.query,
            key,
            run.result,
            identifier=run.identifier,
            accept_encoding=asked.fields.get("accept-encoding"),
        )
        body = sent.body if sent.body is not None and asked.method != "HEAD" else b""
        return Reply(200, sent.headers, body)

    def _note(self, asked: Asked, reply: Reply, began: float) -> None:
        self._site.usage.count_answer("sparql", reply.status, is_page=False)
        if self._log is not None:
            self._log.write(
                asked.method, "/sparql", reply.status, reply.headers, time.monotonic() - began
            )


def _read_fields(lines: str) -> dict[str, str] | None:
    """Read header fields; None when there is one that only the long way understands."""
    fields: dict[str, str] = {}
    for line in lines[:-2].split("\r\n"):
        name, _, value = line.partition(":")
        name = name.lower()
        if name in fields or name in _LONG_WAY:
            return None
        fields[name] = value.strip(" \t")
    if "host" not in fields or len(fields) > _MOST_FIELDS:
        return None
    if fields.get("connection", "close").lower() not in _CONNECTIONS:
        return None
    return fields


@lru_cache(1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)
