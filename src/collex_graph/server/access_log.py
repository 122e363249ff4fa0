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

from flask import Flask, Response, g, request

from collex_graph.errors import ConfigurationError

if TYPE_CHECKING:
    from collex_graph.settings import Settings


def log_answers(app: Flask, settings: Settings) -> logging.Handler | None:
    """Write a line for each answer of an application, where ``access_log`` says.

    Returns:
        Who writes the lines, to be closed with the application; None when nobody does.

    Raises:
        ConfigurationError: when the file cannot be written.
    """
    if not settings.access_log:
        return None
    lines = logging.Logger("collex_graph.access")
    try:
        handler = (
            logging.StreamHandler(sys.stdout)
            if settings.access_log == "-"
            else WatchedFileHandler(settings.access_log, encoding="utf-8")
        )
    except OSError as error:
        raise ConfigurationError(
            f"cannot write the access log {settings.access_log}: {error.strerror}"
        ) from None
    handler.setFormatter(logging.Formatter("%(message)s"))
    lines.addHandler(handler)

    def begin() -> None:
        g.began = time.monotonic()

    def end(response: Response) -> Response:
        began = g.get("began", time.monotonic())
        said: dict[str, object] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "method": request.method,
            "path": request.path[:500],
            "status": response.status_code,
            "media_type": response.mimetype,
            "bytes": response.content_length,
            "seconds": round(time.monotonic() - began, 4),
        }
        for name, header in (
            ("query", "X-Query-Id"), ("query_seconds", "X-Query-Seconds"),
            ("cache", "Cache-Status"), ("snapshot", "X-Snapshot"),
        ):  # fmt: skip
            if header in response.headers:
                said[name] = response.headers[header]
        lines.info("%s", json.dumps(said, ensure_ascii=False))
        return response

    app.before_request(begin)
    app.after_request(end)
    return handler
