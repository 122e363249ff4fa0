"""Answers also from snapshots that are current no more, for as long as they are kept.

An address that somebody cited names the data that its answer came from, and so does the link to the
second page of a result. A query that names such a snapshot (``snapshot=``) is computed on it, by
few processes that read its store where it is on disk, and that end when nobody asks any more.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from collex_graph.errors import (
    QueryServiceBusyError,
    SnapshotNotFoundError,
    SnapshotNotKeptError,
)
from collex_graph.sparql.workers import WorkerPool
from collex_graph.store.snapshot import list_snapshots, named_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from collex_graph.model import QueryRequest, QueryResult, QueryService, Snapshot
    from collex_graph.settings import Settings

MOST_OPEN = 2
"""Snapshots beside the current one that are queried at the same time."""

IDLE_SECONDS = 300.0
"""How long the processes of one wait for another query."""

SHORTEST_SECONDS = 10.0
"""How long they stay at least: to start them costs more than most queries, and nobody's time."""

_PROCESSES = 2  # one of which queries of the public get


@dataclass
class _Opened:
    """A snapshot that is queried.

    Attributes:
        pool: computes.
        service: what stands in front of it.
        users: those who wait for it now.
        used: when it was asked last, by the monotonic clock.
    """

    pool: WorkerPool
    service: QueryService
    users: int = 0
    used: float = field(default_factory=time.monotonic)

    @property
    def is_idle(self) -> bool:
        # a result that is streamed keeps its process busy after it was handed over
        return not self.users and not self.pool.statistics.busy


class KeptSnapshots:
    """A `model.QueryService` in front of that of the current snapshot.

    Args:
        behind: answers from the current snapshot.
        settings: ``var``, where snapshots are kept, and the limits of queries.
        in_front_of: puts in front of a pool what stands in front of the current one.
    """

    def __init__(
        self,
        behind: QueryService,
        settings: Settings,
        in_front_of: Callable[[QueryService], QueryService],
    ) -> None:
        self.behind = behind
        self._var = settings.var
        self._limits = replace(settings, query_workers=_PROCESSES, worker_store_bytes=0)
        self._in_front_of = in_front_of
        self._lock = threading.Lock()
        self._opened: dict[str, _Opened] = {}

    @property
    def snapshot(self) -> Snapshot:
        """The current snapshot."""
        return self.behind.snapshot

    def run(
        self, request: QueryRequest, *, is_cancelled: Callable[[], bool] | None = None
    ) -> QueryResult:
        """Run one query.

        Raises:
            SnapshotNotKeptError: when it names a snapshot that there is not.
            QueryServiceBusyError: when too many other snapshots are being queried, too.
            QueryError: as ``WorkerPool.run``.
        """
        wanted = request.snapshot
        if wanted is None:
            return self.behind.run(request, is_cancelled=is_cancelled)
        if wanted == self.behind.snapshot.identifier:
            result = self.behind.run(request, is_cancelled=is_cancelled)
            if result.snapshot == wanted:
                return result
            # another was published in between; of a stream nobody reads the rest
            if (close := getattr(result.body, "close", None)) is not None:
                close()
        opened = self._take(wanted)
        try:
            return opened.service.run(request, is_cancelled=is_cancelled)
        except SnapshotNotFoundError as error:
            raise self._not_kept(wanted) from error
        finally:
            with self._lock:
                opened.users -= 1
                opened.used = time.monotonic()

    def find(self, identifier: str) -> Snapshot:
        """Return the snapshot of this name.

        Raises:
            SnapshotNotKeptError: when there is none.
        """
        current = self.behind.snapshot
        if identifier == current.identifier:
            return current
        try:
            return named_snapshot(self._var, identifier)
        except SnapshotNotFoundError as error:
            raise self._not_kept(identifier) from error

    def end_idle(self, idle_seconds: float = IDLE_SECONDS) -> None:
        """End the processes that nobody has asked for so long."""
        with self._lock:
            before = time.monotonic() - idle_seconds
            for identifier, opened in list(self._opened.items()):
                if opened.used <= before and opened.is_idle:
                    self._opened.pop(identifier).pool.close()

    def close(self) -> None:
        """End the processes of all snapshots but the current one."""
        with self._lock:
            for opened in self._opened.values():
                opened.pool.close()
            self._opened.clear()

    def _take(self, identifier: str) -> _Opened:
        with self._lock:
            opened = self._opened.get(identifier)
            if opened is None:
                snapshot = self.find(identifier)
                self._make_room()
                pool = WorkerPool(snapshot, self._limits)
                opened = self._opened[identifier] = _Opened(pool, self._in_front_of(pool))
            opened.users += 1
            return opened

    def _make_room(self) -> None:
        """End what was asked longest ago, if there is one too many; the lock is held."""
        if len(self._opened) < MOST_OPEN:
            return
        before = time.monotonic() - SHORTEST_SECONDS
        idle = [
            name
            for name, opened in self._opened.items()
            if opened.used <= before and opened.is_idle
        ]
        if not idle:
            raise QueryServiceBusyError(
                f"On interroge déjà {MOST_OPEN} instantanés anciens\u00a0; réessayez plus tard.\n"
                f"{MOST_OPEN} earlier snapshots are being queried already; try again later.",
                retry_after_seconds=math.ceil(SHORTEST_SECONDS),
            )
        self._opened.pop(min(idle, key=lambda name: self._opened[name].used)).pool.close()

    def _not_kept(self, identifier: str) -> SnapshotNotKeptError:
        current = self.behind.snapshot.identifier
        kept = ", ".join(each.identifier for each in list_snapshots(self._var)) or current
        return SnapshotNotKeptError(
            f"L’instantané {identifier} n’est pas ou plus gardé\u00a0; il y a\u00a0: {kept}. Sans "
            f"snapshot=, c’est l’instantané courant ({current}) qui répond.\n"
            f"The snapshot {identifier} is not kept, or no longer; there are: {kept}. Without "
            f"snapshot= the current one ({current}) answers."
        )
