"""Runs the site with gunicorn: one process with threads, which owns the pool of query workers.

Threads suffice because the work of a request is done elsewhere, in the workers that run queries;
one process suffices because threads wait without cost. A second would double the pool.
"""

from __future__ import annotations

import errno
import json
import os
import selectors
import socket
import struct
import time
from collections import deque
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication
from gunicorn.http import errors as http_errors
from gunicorn.http import message
from gunicorn.workers.gthread import ThreadWorker

from collex_graph.errors import ConfigurationError
from collex_graph.server.services import EXTENSION
from collex_graph.settings import LAST_PORT

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from collex_graph.settings import Settings

STOP_SECONDS = 10
"""After a signal, everything has ended within this time, give or take a second."""

IN_FLIGHT_SECONDS = 5
"""Of that time, what answers that are being sent get to finish."""

STALLED_CLIENT_SECONDS = 30
"""A client that neither sends nor takes a byte for so long is let go."""

LINGERING_SECONDS = 2.0
"""How long a client may take to close its side of a connection that is over…"""

MOST_LINGERING_BYTES = 65_536
"""…and what it may still send meanwhile."""

_DRAINED_BYTES = 16_384

REQUEST_LINE_BYTES = 128 * 1024
"""Longest request line. Queries travel in it, percent-encoded; longer ones are sent by POST."""

PORTS_TRIED = 50

_SPARE_THREADS = 16


def run_server(
    settings: Settings,
    make_app: Callable[[], Flask],
    *,
    announce: Callable[[str], None],
    take_next_free_port: bool = False,
) -> int:
    """Serve until a signal ends it; return the exit code.

    SIGTERM lets answers in flight finish for `IN_FLIGHT_SECONDS`, SIGINT does not. Either way no
    process is left.

    Args:
        settings: the settings in force.
        make_app: makes the application, in the process that serves; it starts the query workers.
        announce: told the address, once the port is taken; port 0 is any free one.
        take_next_free_port: when the port is in use, take one of the next.

    Raises:
        ConfigurationError: when the address cannot be listened on.
    """
    listener = _listen(settings, PORTS_TRIED if take_next_free_port else 1)
    announce(_address_of(listener))
    # gunicorn allows 8190 bytes at most, and answers longer request lines before we see them.
    message.MAX_REQUEST_LINE = REQUEST_LINE_BYTES
    try:
        _Server(settings, make_app, listener).run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def _listen(settings: Settings, ports: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    last = min(settings.port + ports - 1, LAST_PORT)
    for port in range(settings.port, last + 1):
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((settings.host, port))
            # listening, not binding, is what fails on a port another socket already listens on
            listener.listen(1024)
        except OSError as error:
            listener.close()
            if error.errno != errno.EADDRINUSE:
                raise ConfigurationError(
                    f"cannot listen on {settings.host} port {port}: {error.strerror}"
                ) from None
            continue
        # Connections inherit these from the socket that accepts them.
        stalled = struct.pack("ll", STALLED_CLIENT_SECONDS, 0)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, stalled)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, stalled)
        return listener
    taken = (
        f"port {settings.port} is"
        if last == settings.port
        else f"ports {settings.port} to {last} are"
    )
    raise ConfigurationError(f"{taken} in use on {settings.host}; choose another with --port")


def _address_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - told apart, not listened on
        host = "localhost"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


class _Server(BaseApplication):  # type: ignore[misc]
    """gunicorn, told everything here and nothing by its environment."""

    def __init__(
        self, settings: Settings, make_app: Callable[[], Flask], listener: socket.socket
    ) -> None:
        self._settings = settings
        self._make_app = make_app
        self._listener = listener
        self._app: Flask | None = None
        super().__init__()

    def load_config(self) -> None:
        workers = self._settings.query_workers or (os.cpu_count() or 1) + 2
        threads = workers + self._settings.query_queue + _SPARE_THREADS
        options: dict[str, Any] = {
            "bind": [f"fd://{self._listener.detach()}"],
            "workers": 1,
            "worker_class": _Worker,
            "threads": threads,
            "worker_connections": threads + 1000,
            "timeout": 120,
            "graceful_timeout": STOP_SECONDS,
            "keepalive": 5,
            "limit_request_line": REQUEST_LINE_BYTES,
            "loglevel": "warning",
            "proc_name": "collex-graph",
            "preload_app": False,
            "reuse_port": False,
            "control_socket_disable": True,
            # No header of a client is ever taken for a word of a proxy.
            "forwarded_allow_ips": "",
            "forwarder_headers": "",
            "secure_scheme_headers": {},
            "post_fork": _shorten_grace,
            "worker_exit": self._close,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        self._app = self._make_app()
        return self._app

    def _close(self, _server: Any, _worker: Any) -> None:
        """End the query workers with the process that owns them, and that process at once."""
        if self._app is None:
            # The application was never made: the exit code that says so is gunicorn's to give.
            return
        services = self._app.extensions[EXTENSION]
        services.usage.save()
        services.queries.close()
        # An ordinary exit would wait for the threads whose queries have just been ended.
        os._exit(0)


def _shorten_grace(_server: Any, worker: Any) -> None:
    # The serving process must be done before its parent loses patience and kills it, or it could
    # not end the query workers itself.
    worker.cfg.set("graceful_timeout", IN_FLIGHT_SECONDS)


class _Worker(ThreadWorker):  # type: ignore[misc]
    """A thread worker that answers unreadable requests as the rest of the site does.

    It also parts with connections without waiting: gunicorn itself waits two seconds, in the one
    thread that accepts all others, for each client that does not close its side first.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._lingering: deque[Any] = deque()

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Keep a connection for its next request, or begin to part with it."""
        is_over = fs.cancelled() or (fs.exception() is None and not fs.result())
        if not is_over:
            super().finish_request(conn, fs)
            return
        # RFC 9112, section 9.6: say that nothing more comes, then read until the client has
        # closed too, or an answer that is still on its way could be lost with what it sent last.
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.nr_conns -= 1
            conn.close()
            return
        conn.timeout = time.monotonic() + LINGERING_SECONDS
        conn.unread_bytes = MOST_LINGERING_BYTES
        self._lingering.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))

    def _drain(self, conn: Any, _socket: Any) -> None:
        try:
            received = len(conn.sock.recv(_DRAINED_BYTES))
        except BlockingIOError:
            return
        except OSError:
            received = 0
        conn.unread_bytes -= received
        if not received or conn.unread_bytes <= 0:
            self._lingering.remove(conn)
            self._part(conn)

    def _part(self, conn: Any) -> None:
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Do what is next, and part with clients that never close their side."""
        super().wait_for_and_dispatch_events(timeout)
        now = time.monotonic()
        while self._lingering and self._lingering[0].timeout <= now:
            self._part(self._lingering.popleft())

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        status = _status_of(exc)
        if status is None:
            self.log.exception("a request failed outside the application")
            status = HTTPStatus.INTERNAL_SERVER_ERROR
        document = {"type": "about:blank", "title": status.phrase, "status": status.value}
        body = json.dumps(document).encode()
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            "Content-Type: application/problem+json\r\n"
            f"Content-Length: {len(body)}\r\n"
            "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "Cache-Control: no-store\r\n"
            "Access-Control-Allow-Origin: *\r\n"
            "Connection: close\r\n\r\n"
        )
        try:
            client.sendall(head.encode("latin-1") + body)
        except OSError:
            self.log.debug("the client left before its error")


def _status_of(error: Exception) -> HTTPStatus | None:
    """Return the status for a request that HTTP itself forbids, None when the fault is ours."""
    if isinstance(error, http_errors.LimitRequestLine):
        return HTTPStatus.REQUEST_URI_TOO_LONG
    if isinstance(error, http_errors.LimitRequestHeaders):
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    if isinstance(error, http_errors.UnsupportedTransferCoding):
        return HTTPStatus.NOT_IMPLEMENTED
    if isinstance(error, http_errors.ExpectationFailed):
        return HTTPStatus.EXPECTATION_FAILED
    return HTTPStatus.BAD_REQUEST if isinstance(error, http_errors.ParseException) else None
