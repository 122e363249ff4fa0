"""Runs queries in processes that can be killed, for nothing else stops a query.

A `WorkerPool` serves one snapshot at a time with one `Crew`. Each query has a worker to itself
until its result is whole or given up; a worker that reaches the time limit is killed and replaced,
and a spare one takes the next query meanwhile. `WorkerPool.switch` prepares a crew on another
snapshot, then exchanges the two at once: queries that run finish on the old one.

Threads: any number may call `WorkerPool.run`. One more, the keeper, forks what is missing and
notices who died. Processes start at the first query (or `WorkerPool.start`), so a pool may be made
before the server forks; a pool that finds itself in another process than its own starts afresh.

The public never has all workers: one is left to the site's own stored queries, so that pages answer
while queries of others run to their limit.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import math
import os
import select
import threading
from collections import deque
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Self

from collex_graph.errors import NotAcceptableError, QueryServiceBusyError, SnapshotNotFoundError
from collex_graph.rdf.formats import choose_format
from collex_graph.sparql.answer import Answer, LostWorkerError
from collex_graph.sparql.crew import Crew
from collex_graph.sparql.frames import Question
from collex_graph.sparql.policy import query_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from collex_graph.model import QueryRequest, QueryResult, Snapshot
    from collex_graph.rdf.formats import Format
    from collex_graph.settings import Settings
    from collex_graph.sparql.crew import Worker
    from collex_graph.sparql.policy import QueryForm

_LOG = logging.getLogger(__name__)

SPARES = 1
"""Workers beyond those that may be busy, ready to take over from a killed one."""

RESERVED = 1
"""Workers that queries of the public never get, where there are two or more."""

_FIRST_RETRY_SECONDS = 0.05
_LAST_RETRY_SECONDS = 5.0


@dataclass(frozen=True)
class PoolStatistics:
    """What a pool has done and is doing.

    Attributes:
        answered: queries with a complete result.
        failed: queries that ended with an error of theirs.
        timed_out: queries stopped at their time limit.
        died: queries whose worker died.
        given_up: results that nobody read to their end.
        turned_away: queries that found no worker in time.
        busy: workers that answer now.
        idle: workers that are ready now.
        waiting: queries that wait for a worker now.
    """

    answered: int = 0
    failed: int = 0
    timed_out: int = 0
    died: int = 0
    given_up: int = 0
    turned_away: int = 0
    busy: int = 0
    idle: int = 0
    waiting: int = 0


@dataclass(eq=False)
class _Ticket:
    """A place in the queue."""

    is_public: bool
    worker: Worker | None = None
    _called: threading.Lock = field(default_factory=threading.Lock)  # taken until it is called

    def __post_init__(self) -> None:
        self._called.acquire()

    def call(self, worker: Worker | None) -> None:
        """Say that it is this place's turn, with a worker unless the pool is closed."""
        self.worker = worker
        self._called.release()

    def wait(self, seconds: float) -> None:
        """Wait to be called."""
        self._called.acquire(timeout=seconds)


class WorkerPool:
    """Answers queries on one snapshot, within limits: a `model.QueryService`.

    Args:
        snapshot: what to answer from.
        settings: the limits: ``query_*``, ``result_*`` and ``worker_store_bytes``.
        warm: load at the start what only some queries need: it takes a fifth of a second.
    """

    def __init__(self, snapshot: Snapshot, settings: Settings, *, warm: bool = False) -> None:
        self._snapshot = snapshot
        self._settings = settings
        self._warm = warm
        self._size = settings.query_processes
        self._public_size = max(1, self._size - RESERVED)
        self._closed = False
        self._reset()

    def _reset(self) -> None:
        self._process = os.getpid()
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._starting = threading.Lock()
        self._crew: Crew | None = None
        self._keeper: threading.Thread | None = None
        self._wake = -1
        self._busy = 0
        self._public_busy: set[Worker] = set()
        # Those who wait, the site's own queries before the public's.
        self._queues: dict[bool, deque[_Ticket]] = {False: deque(), True: deque()}
        self._counts = dict.fromkeys((declared.name for declared in fields(PoolStatistics)), 0)

    # --- what others call ------------------------------------------------------------------------

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that new queries are answered from."""
        return self._snapshot

    @property
    def statistics(self) -> PoolStatistics:
        """What the pool has done and is doing."""
        with self._lock:
            idle = len(self._crew.idle) if self._crew else 0
            now = {
                "busy": self._busy,
                "idle": idle,
                "waiting": sum(map(len, self._queues.values())),
            }
            return PoolStatistics(**self._counts | now)

    def start(self) -> None:
        """Start the processes now rather than at the first query.

        Raises:
            SnapshotNotFoundError: when the snapshot cannot be queried.
            QueryServiceBusyError: when the pool is closed.
        """
        if self._closed:
            raise self._closed_error()
        if self._process != os.getpid():
            self._reset()
        if not self._is_started():
            with self._starting:
                if not self._is_started():
                    self._start()

    def run(
        self, request: QueryRequest, *, is_cancelled: Callable[[], bool] | None = None
    ) -> QueryResult:
        """Run one query.

        Args:
            request: the query, its wishes and its limit.
            is_cancelled: asked twice a second until the result begins; when it says yes (the
                client has gone), the query is stopped.

        Raises:
            QueryError: one of its subclasses, before the first byte. When the result is larger
                than ``result_spool_bytes``, the body is an iterator that raises one too; its
                ``close`` gives the rest up.
            NotAcceptableError: the client accepts no format that this form of query can have; a
                query with an error of its own is told of that one first.
            SnapshotNotFoundError: when the snapshot cannot be queried at all.
        """
        settings = self._settings
        query = query_of(request, settings)
        offered = query.form.formats
        written_as = choose_format(request.accept, offered)
        seconds = settings.query_timeout_seconds
        if request.timeout_seconds is not None:
            seconds = min(seconds, request.timeout_seconds)
        # A data set in the request replaces that of the query (SPARQL Protocol, section 2.1.4).
        has_dataset = bool(request.default_graphs or request.named_graphs)
        question = Question(
            query.text,
            written_as.name if written_as else "",
            request.default_graphs if has_dataset else None,
            request.named_graphs if has_dataset else None,
        )
        self.start()
        # If the zygote was killed, every idle worker is about to be lost.
        for _ in range(self._size + SPARES + 1):
            answer = Answer(
                self,
                self._acquire(is_public=not request.priority),
                query,
                seconds=seconds,
                settings=settings,
                is_cancelled=is_cancelled,
            )
            with contextlib.suppress(LostWorkerError):
                result = answer.result(question, written_as or offered[0])
                if written_as is None:
                    raise _not_acceptable(query.form, offered)
                return result
        raise self._busy_error(
            "ses processus sont tués de l’extérieur", "its workers are killed from outside"
        )

    def switch(self, snapshot: Snapshot) -> None:
        """Answer new queries from another snapshot; those that run finish on the old one.

        Raises:
            SnapshotNotFoundError: when it cannot be queried; the old one goes on being served.
            QueryServiceBusyError: when the pool is closed.
        """
        with self._starting:
            if self._closed:
                raise self._closed_error()
            if self._process != os.getpid() or not self._is_started():
                self._snapshot = snapshot
                return
            crew = self._new_crew(snapshot)
            with self._lock:
                old, self._crew, self._snapshot = self._crew, crew, snapshot
                assert old is not None
                old.retired = True
                leavers, finished = list(old.idle), old.busy == 0
                old.idle.clear()
                self._serve_queue()
            for worker in leavers:
                worker.close()
            if finished:
                old.close()
            self._wake_keeper()

    def close(self) -> None:
        """End every process; queries that run end with an error."""
        with self._starting:
            if self._closed:
                return
            self._closed = True
            self._ending.set()
            if self._process != os.getpid() or not self._is_started():
                return
            atexit.unregister(self.close)
            self._wake_keeper()
            assert self._keeper is not None
            self._keeper.join()
            with self._lock:
                crew = self._crew
                for queue in self._queues.values():
                    while queue:
                        queue.popleft().call(None)
            assert crew is not None
            crew.close()
            with self._lock:
                wake, self._wake = self._wake, -1
                os.close(wake)

    def wait_until_closed(self, seconds: float) -> bool:
        """Wait for the pool to be closed, at most so long; say whether it is."""
        return self._ending.wait(seconds)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- what answers call -----------------------------------------------------------------------

    def give_back(self, worker: Worker) -> None:
        """Take back a worker that has finished its query."""
        crew = worker.crew
        with self._lock:
            self._count_out(worker)
            is_wanted = not crew.retired and not self._closed
            crew_ends = crew.retired and crew.busy == 0
            if is_wanted:
                crew.idle.append(worker)
            self._serve_queue()
        if not is_wanted:
            worker.close()
        if crew_ends:
            crew.close()

    def dismiss(self, worker: Worker) -> None:
        """Count out and kill a worker that will not be used again; it is closed by the caller."""
        if self._process != os.getpid():
            return
        crew = worker.crew
        worker.kill()
        with self._lock:
            self._count_out(worker)
            crew_ends = crew.retired and crew.busy == 0
            self._serve_queue()
        if crew_ends:
            crew.close()
        else:
            self._wake_keeper()

    def count(self, name: str) -> None:
        """Count one more ending of this name, a field of `PoolStatistics`."""
        with self._lock:
            self._counts[name] += 1

    # --- workers and queue -----------------------------------------------------------------------

    def _is_started(self) -> bool:
        return self._crew is not None

    def _start(self) -> None:
        crew = self._new_crew(self._snapshot)
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        with self._lock:
            self._crew = crew
        self._keeper = threading.Thread(target=self._keep, name="query-keeper", daemon=True)
        self._keeper.start()
        atexit.register(self.close)

    def _new_crew(self, snapshot: Snapshot) -> Crew:
        """Make a crew whose workers are all ready."""
        processes = self._size + SPARES
        crew = Crew(snapshot, self._settings, processes, warm=self._warm)
        try:
            for _ in range(processes):
                crew.idle.append(crew.fork())
        except OSError as error:
            crew.close()
            raise SnapshotNotFoundError(
                f"the snapshot {snapshot.identifier} cannot be queried: {error}"
            ) from error
        except BaseException:
            crew.close()
            raise
        return crew

    def _acquire(self, *, is_public: bool) -> Worker:
        """Take an idle worker, or wait in the queue for one."""
        settings = self._settings
        queue = self._queues[is_public]
        with self._lock:
            if self._closed:
                raise self._closed_error()
            if not queue and (worker := self._take_idle(is_public=is_public)) is not None:
                return worker
            waiting = len(queue)
            if waiting < settings.query_queue:
                ticket = _Ticket(is_public)
                queue.append(ticket)
            else:
                self._counts["turned_away"] += 1
                raise self._busy_error(
                    f"{waiting} requêtes attendent déjà", f"{waiting} queries are waiting already"
                )
        try:
            ticket.wait(settings.query_queue_seconds)
        except BaseException:
            if (worker := self._leave_queue(ticket)) is not None:
                self.dismiss(worker)
                worker.close()
            raise
        worker = self._leave_queue(ticket)
        if worker is None:
            self.count("turned_away")
            seconds = settings.query_queue_seconds
            raise self._busy_error(
                f"aucun processus ne s’est libéré en {seconds:g} s",
                f"no worker was free within {seconds:g} s",
            )
        return worker

    def _leave_queue(self, ticket: _Ticket) -> Worker | None:
        """Give up a place in the queue; return the worker that came with it, if one did."""
        with self._lock:
            if ticket.worker is None:
                with contextlib.suppress(ValueError):
                    self._queues[ticket.is_public].remove(ticket)
            return ticket.worker

    def _closed_error(self) -> QueryServiceBusyError:
        return self._busy_error("il est arrêté", "it is closed")

    def _busy_error(self, french: str, english: str) -> QueryServiceBusyError:
        return QueryServiceBusyError(
            f"Le service de requêtes ne peut pas répondre : {french} ; réessayez plus tard.\n"
            f"The query service cannot answer: {english}; try again later.",
            retry_after_seconds=max(1, math.ceil(self._settings.query_queue_seconds)),
        )

    def _take_idle(self, *, is_public: bool) -> Worker | None:
        """Take a living worker, if one more may be busy; the lock is held."""
        crew = self._crew
        kept = 0
        if is_public:
            if len(self._public_busy) >= self._public_size:
                return None
            # Several may be killed at once: until they are replaced, the public leaves one idle.
            site_busy = self._busy - len(self._public_busy)
            kept = max(0, self._size - self._public_size - site_busy)
        while crew is not None and self._busy < self._size and len(crew.idle) > kept:
            # The one that answered last: it has made its own copy of the pages that reading the
            # graph changes, half a second of work for a million triples; the others share them.
            worker = crew.idle.pop()
            if worker.is_alive():
                self._busy += 1
                crew.busy += 1
                if is_public:
                    self._public_busy.add(worker)
                return worker
            worker.close()
            self._wake_keeper_locked()
        return None

    def _serve_queue(self) -> None:
        """Give idle workers to those who wait; the lock is held."""
        for is_public, queue in self._queues.items():
            while queue and (worker := self._take_idle(is_public=is_public)) is not None:
                queue.popleft().call(worker)

    def _count_out(self, worker: Worker) -> None:
        self._busy -= 1
        self._public_busy.discard(worker)
        worker.crew.busy -= 1

    # --- the keeper ------------------------------------------------------------------------------

    def _wake_keeper(self) -> None:
        with self._lock:
            self._wake_keeper_locked()

    def _wake_keeper_locked(self) -> None:
        if self._wake >= 0:
            os.eventfd_write(self._wake, 1)

    def _keep(self) -> None:
        """Fork what is missing until the pool is closed: the body of the keeper's thread."""
        retry_seconds: float | None = None
        while not self._closed:
            crew = self._crew
            assert crew is not None
            try:
                is_complete = self._complete(crew)
                retry_seconds = None
                if is_complete:
                    crew.has_complained = False
            except (OSError, SnapshotNotFoundError) as error:
                if self._closed or crew.retired:
                    continue
                # What lasts, such as a store that was removed, is said once.
                if not crew.has_complained:
                    crew.has_complained = True
                    _LOG.error("query workers cannot be replaced: %s", error)
                is_complete = False
                retry_seconds = min(
                    _LAST_RETRY_SECONDS, (retry_seconds or _FIRST_RETRY_SECONDS) * 2
                )
            if is_complete or retry_seconds is not None:
                self._watch(crew, retry_seconds)

    def _complete(self, crew: Crew) -> bool:
        """Fork one worker if one is missing; say whether none is."""
        if crew.retired:
            return False
        if not crew.is_alive():
            crew.restart()
        with self._lock:
            dead = [worker for worker in crew.idle if not worker.is_alive()]
            for worker in dead:
                crew.idle.remove(worker)
            missing = self._size + SPARES - len(crew.idle) - crew.busy
        for worker in dead:
            worker.close()
        if missing <= 0:
            return True
        worker = crew.fork()
        with self._lock:
            is_wanted = not crew.retired and not self._closed
            if is_wanted:
                crew.idle.appendleft(worker)  # no query yet: the last to be taken
                self._serve_queue()
        if not is_wanted:
            worker.close()
        return False

    def _watch(self, crew: Crew, retry_seconds: float | None) -> None:
        """Sleep until someone is missing, the zygote ends, or it is time to try again."""
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        if retry_seconds is None:
            with self._lock, contextlib.suppress(ValueError):  # closed in the meantime
                # Only its end: what the zygote sends is an answer that another thread waits for.
                poll.register(crew.descriptor, 0)
                for worker in crew.idle:
                    poll.register(worker.handle, select.POLLIN)
        poll.poll(None if retry_seconds is None else retry_seconds * 1000)
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._wake)


def _not_acceptable(form: QueryForm, offered: tuple[Format, ...]) -> NotAcceptableError:
    names = ", ".join(offer.media_type for offer in offered)
    return NotAcceptableError(
        f"Une requête {form.value} peut donner : {names}.\n{form.value} queries can give: {names}."
    )
