"""A crew: one zygote on one snapshot and the workers it forked, seen from the serving process."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import signal
import socket
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from collex_graph.errors import SnapshotNotFoundError
from collex_graph.sparql.forking import ForkingProcess
from collex_graph.sparql.frames import HEADER
from collex_graph.sparql.worker_process import WorkerConfiguration

if TYPE_CHECKING:
    from collex_graph.model import Snapshot
    from collex_graph.settings import Settings

_LOG = logging.getLogger(__name__)

MEMORY_PER_DISK_BYTE = 3
"""A graph in memory takes about three times its optimised store on disk (400 bytes a quad)."""

_START_SECONDS = 60.0
_FORK_SECONDS = 30.0
_EXIT_SECONDS = 1.0
_SOCKET_BUFFER_BYTES = 1 << 20


class Worker:
    """One worker process.

    Args:
        crew: where it belongs.
        connection: the socket for its frames.
        pid: its process number.
        handle: its pidfd, which never means another process and becomes readable at its end.
    """

    def __init__(self, crew: Crew, connection: socket.socket, pid: int, handle: int) -> None:
        self.crew = crew
        self.connection = connection
        self.pid = pid
        self.handle = handle
        self._owner = os.getpid()
        self._closing = threading.Lock()
        os.set_inheritable(handle, False)
        self._end = select.poll()
        self._end.register(handle, select.POLLIN)

    def is_alive(self) -> bool:
        """Whether the process has not ended."""
        return not self._end.poll(0)

    def wait_until_ready(self) -> str:
        """Wait for its first frame.

        Returns:
            Why its system calls could not be restricted; empty when they are.

        Raises:
            OSError: when it does not start.
        """
        self.connection.settimeout(_START_SECONDS)
        header = self.connection.recv(HEADER.size, socket.MSG_WAITALL)
        if len(header) < HEADER.size:
            raise OSError("a query worker ended before it was ready")
        length = HEADER.unpack(header)[1]
        return self.connection.recv(length, socket.MSG_WAITALL).decode() if length else ""

    def kill(self) -> None:
        """End the process now, whatever it is doing; its connection stays open on this side."""
        with self._closing:
            # A copy of this object in a process forked from ours must do no harm.
            if self.handle >= 0 and self._owner == os.getpid():
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self.handle, signal.SIGKILL)

    def close(self) -> None:
        """End the process and forget it."""
        self.kill()
        with self._closing:
            if self.handle >= 0:
                os.close(self.handle)
                self.handle = -1
        self.connection.close()


class Crew:
    """A zygote on one snapshot, and its workers.

    The pool that owns the crew guards ``idle``, ``busy`` and ``retired`` with its lock.

    Attributes:
        snapshot: what they answer from.
        in_memory: whether they hold the graph in memory, by the rule of ``worker_store_bytes``.
        idle: workers that wait for a query.
        busy: how many answer one.
        retired: no longer the pool's crew; it ends with its last busy worker.
        has_complained: the log says already that its workers cannot be replaced.

    Args:
        snapshot: what to answer from.
        settings: ``query_memory_bytes``, ``result_bytes``, ``worker_store_bytes``, ``base_iri``.
        processes: how many workers there will be, busy or not.
        warm: load at the start what only some queries need.

    Raises:
        SnapshotNotFoundError: when the store is missing or cannot be read.
    """

    def __init__(
        self, snapshot: Snapshot, settings: Settings, processes: int, *, warm: bool = False
    ) -> None:
        self.snapshot = snapshot
        self.idle: deque[Worker] = deque()
        self.busy = 0
        self.retired = False
        self.has_complained = False
        self._closed = False
        self._has_warned = False
        self._life = threading.Lock()
        disk_bytes = sum(file.stat().st_size for file in snapshot.store.glob("*") if file.is_file())
        together_bytes = processes * disk_bytes * MEMORY_PER_DISK_BYTE
        self.in_memory = together_bytes <= settings.worker_store_bytes
        self._configuration = WorkerConfiguration(
            store=str(snapshot.store.resolve()),
            snapshot=str(snapshot.directory.resolve()),
            in_memory=self.in_memory,
            base_iri=settings.base_iri,
            memory_bytes=settings.query_memory_bytes,
            result_bytes=settings.result_bytes,
            warm=warm,
        )
        self._start_zygote()

    # --- workers ---------------------------------------------------------------------------------

    def fork(self) -> Worker:
        """Fork one worker and wait until it is ready.

        Raises:
            OSError: when that fails.
            SnapshotNotFoundError: when the store that the worker would open is not there any more.
        """
        if not self.in_memory:
            self._check_store()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with theirs:
                for end in (ours, theirs):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BUFFER_BYTES)
                answer, handles = self._zygote.ask(
                    b'{"do": "fork"}', _FORK_SECONDS, theirs.fileno()
                )
        except BaseException:
            ours.close()
            raise
        if not handles:
            ours.close()
            raise OSError(answer.get("error", "a query worker was not handed over"))
        worker = Worker(self, ours, answer["pid"], handles[0])
        try:
            unprotected = worker.wait_until_ready()
        except BaseException:
            worker.close()
            raise
        if unprotected and not self._has_warned:
            self._has_warned = True
            _LOG.warning("query workers run without a system call filter: %s", unprotected)
        return worker

    def exit_code(self, pid: int) -> int | None:
        """Return how a worker that died did: minus the signal's number; None if unknown."""
        patience = time.monotonic() + _EXIT_SECONDS
        question = json.dumps({"do": "exit", "pid": pid}).encode()
        while time.monotonic() < patience:
            try:
                answer, _ = self._zygote.ask(question, _EXIT_SECONDS)
            except OSError:
                return None
            if "code" in answer:
                return int(answer["code"])
            time.sleep(0.005)
        return None

    # --- the zygote ------------------------------------------------------------------------------

    @property
    def descriptor(self) -> int:
        """A descriptor that is hung up when the zygote ends."""
        return self._zygote.descriptor

    def is_alive(self) -> bool:
        """Whether the zygote has not ended."""
        return self._zygote.is_alive()

    def restart(self) -> None:
        """Start another zygote in place of one that died, whose workers died with it.

        Raises:
            SnapshotNotFoundError: when the store cannot be read any more.
            OSError: when the crew is closed.
        """
        with self._life:
            if self._closed:
                raise OSError("the crew is closed")
            self._zygote.close()
            self._start_zygote()

    def close(self) -> None:
        """End every idle worker and the zygote, with which the busy ones end."""
        with self._life:
            if not self._closed:
                self._closed = True
                while self.idle:
                    self.idle.popleft().close()
                self._zygote.close()

    def _check_store(self) -> None:
        if not self.snapshot.store.is_dir():
            raise SnapshotNotFoundError(f"no store at {self.snapshot.store}")

    def _start_zygote(self) -> None:
        self._check_store()
        self._zygote = ForkingProcess("collex_graph.sparql.worker_process")
        try:
            answer, _ = self._zygote.ask(self._configuration.pack(), None)
        except OSError:
            answer = {"error": "the process that forks query workers did not start"}
        except BaseException:
            self._zygote.close()
            raise
        if "error" in answer:
            self._zygote.close()
            raise SnapshotNotFoundError(
                f"the snapshot {self.snapshot.identifier} cannot be queried: {answer['error']}"
            )
