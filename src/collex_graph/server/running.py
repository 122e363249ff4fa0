"""The queries that run now, by an identifier that whoever asked may use to stop them.

The identifier is a permission: 128 random bits, unless the client chose it (``X-Query-Id``), told
to nobody else.
"""

from __future__ import annotations

import re
import secrets
import threading
from typing import TYPE_CHECKING

from collex_graph.errors import QuerySyntaxError

if TYPE_CHECKING:
    from collections.abc import Callable

HEADER = "X-Query-Id"

_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)


def new_identifier() -> str:
    """Return an identifier that nobody can guess."""
    return secrets.token_hex(16)


class RunningQuery:
    """One query that runs."""

    def __init__(self, identifier: str) -> None:
        self.identifier = identifier
        self._stopped = False
        self._stop_stream: Callable[[], None] | None = None
        self._lock = threading.Lock()

    @property
    def is_stopped(self) -> bool:
        """Whether somebody asked to stop it."""
        return self._stopped

    def stop(self) -> None:
        """Stop it, whether its result has begun or not."""
        with self._lock:
            self._stopped = True
            stop_stream = self._stop_stream
        if stop_stream is not None:
            stop_stream()

    def becomes_stream(self, stop: Callable[[], None]) -> None:
        """Say how to stop it from now on."""
        with self._lock:
            self._stop_stream = stop
            already = self._stopped
        if already:
            stop()


class RunningQueries:
    """All of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, RunningQuery] = {}

    def __len__(self) -> int:
        return len(self._running)

    def start(self, wished: str | None) -> RunningQuery:
        """Note a query; `finish` must follow.

        Args:
            wished: the identifier that the client chose, if it did.

        Raises:
            QuerySyntaxError: when it is none, or that of a query that runs.
        """
        if wished is not None and not _IDENTIFIER.fullmatch(wished):
            raise QuerySyntaxError(
                f"{HEADER} doit avoir de 16 à 64 lettres ASCII, chiffres, « - » ou « _ ».\n"
                f"{HEADER} must have 16 to 64 ASCII letters, digits, '-' or '_'."
            )
        query = RunningQuery(wished or new_identifier())
        with self._lock:
            if query.identifier in self._running:
                raise QuerySyntaxError(
                    f"Une requête en cours porte déjà cet {HEADER}.\n"
                    f"A query that runs has this {HEADER} already."
                )
            self._running[query.identifier] = query
        return query

    def finish(self, query: RunningQuery) -> None:
        """Forget a query."""
        with self._lock:
            self._running.pop(query.identifier, None)

    def stop(self, identifier: str) -> bool:
        """Stop the query of an identifier; say whether there was one."""
        with self._lock:
            query = self._running.get(identifier)
        if query is None:
            return False
        query.stop()
        return True
