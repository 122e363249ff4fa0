"""Runs the site with gunicorn: one process with threads, which owns the pool of query workers.

Threads suffice because the work of a request is done elsewhere, in the workers that run queries;
one process suffices because threads wait without cost. A second would double the pool.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication
from gunicorn.http import message

from collex_graph.errors import ConfigurationError
from collex_graph.server.connections import REQUEST_LINE_BYTES, ConnectionWorker
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
        # Connections inherit it from the socket that accepts them.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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
        # As many may wait for a worker, for what others compute, and for their client's turn.
        waiting = 3 * self._settings.query_queue
        threads = self._settings.query_processes + waiting + _SPARE_THREADS
        options: dict[str, Any] = {
            "bind": [f"fd://{self._listener.detach()}"],
            "workers": 1,
            "worker_class": ConnectionWorker,
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
        services.judge.close()
        services.queries.close()
        # An ordinary exit would wait for the threads whose queries have just been ended.
        os._exit(0)


def _shorten_grace(_server: Any, worker: Any) -> None:
    # The serving process must be done before its parent loses patience and kills it, or it could
    # not end the query workers itself.
    worker.cfg.set("graceful_timeout", IN_FLIGHT_SECONDS)
