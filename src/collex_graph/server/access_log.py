"""A line of JSON for each answer: what was asked of which room, not by whom, nor which query.

Parameters of addresses hold queries and search words, so only paths are written. Lines go to
standard output (``-``), for the service manager to keep, or to a file that is reopened when it has
been moved away (by logrotate).
"""

from __future__ import annotations

import json
import logging
import sys
import time
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from typing import TYPE_CHECKING

from flask import g, request

from collex_graph.errors import ConfigurationError
from collex_graph.server.warming import WARMING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask, Response
    from werkzeug.datastructures import Headers


class AccessLog:
    """Where the lines go.

    Args:
        place: a file, or ``-`` for standard output.

    Raises:
        ConfigurationError: when the file cannot be written.
    """

    def __init__(self, place: str) -> None:
        self._lines = logging.Logger("collex_graph.access")
        try:
            self._handler = (
                logging.StreamHandler(sys.stdout)
                if place == "-"
                else WatchedFileHandler(place, encoding="utf-8")
            )
        except OSError as error:
            raise ConfigurationError(
                f"cannot write the access log {place}: {error.strerror}"
            ) from None
        self._handler.setFormatter(logging.Formatter("%(message)s"))
        self._lines.addHandler(self._handler)

    def write(
        self,
        method: str,
        path: str,
        status: int,
        headers: Mapping[str, str] | Headers,
        seconds: float,
    ) -> None:
        """Write the line of one answer.

        Args:
            method: of the request.
            path: of the address, without its parameters.
            status: of the answer.
            headers: of the answer.
            seconds: that it took.
        """
        length = headers.get("Content-Length")
        said: dict[str, object] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "method": method,
            "path": path[:500],
            "status": status,
            "media_type": headers.get("Content-Type", "").partition(";")[0] or None,
            "bytes": None if length is None else int(length),
            "seconds": round(seconds, 4),
        }
        for name, header in (
            ("query", "X-Query-Id"), ("query_seconds", "X-Query-Seconds"),
            ("cache", "Cache-Status"), ("snapshot", "X-Snapshot"),
        ):  # fmt: skip
            if header in headers:
                said[name] = headers[header]
        self._lines.info("%s", json.dumps(said, ensure_ascii=False))

    def close(self) -> None:
        """Let the file go."""
        self._handler.close()


def log_answers(app: Flask, log: AccessLog) -> None:
    """Write a line for each answer of an application."""

    def begin() -> None:
        g.began = time.monotonic()

    def end(response: Response) -> Response:
        began = g.get("began", time.monotonic())
        seconds = time.monotonic() - began
        if WARMING not in request.environ:
            log.write(request.method, request.path, response.status_code, response.headers, seconds)
        return response

    app.before_request(begin)
    app.after_request(end)
