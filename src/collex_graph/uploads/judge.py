"""Has files judged: a folder, a process and an end for each, within limits.

Any number of threads may use a `Judge`. As many checks run as ``upload_processes`` says, a few more
wait for their turn, and whoever comes beyond is turned away at once, before anything is written. A
check that passes its time or its room, or whose client has gone, is killed; its folder is removed
in every case. The processes belong to a zygote (`judge_process`), which starts with the first one.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import socket
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from collex_graph.errors import (
    QueryCancelledError,
    QueryServiceBusyError,
    UncheckableUploadError,
    UploadMemoryError,
    UploadTimeoutError,
)
from collex_graph.sparql.forking import ForkingProcess
from collex_graph.uploads.frames import HEADER, Job, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from collex_graph.settings import Settings

MORE_WAIT: Final = 8
"""Files that may be received or wait while others are judged."""

ANSWER_BYTES: Final = 200_000_000
"""The largest answer of a judge that is read."""

_PREFIX: Final = "collex-graph-uploads-"
_LOCK: Final = "lock"
_START_SECONDS: Final = 120.0
_ASK_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.25
_PART_BYTES: Final = 1 << 16
_RETRY_SECONDS: Final = 10
_NEW_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Judgement:
    """What was found.

    Attributes:
        head: what is said of the file as a whole; see `judge_process`.
        documents: name → document, as asked for.
        seconds: how long it took.
    """

    head: Mapping[str, Any]
    documents: Mapping[str, bytes] = field(default_factory=dict)
    seconds: float = 0.0


class Judge:
    """Judges files.

    Args:
        settings: ``upload_*``, ``query_queue_seconds``, ``base_iri``.

    Attributes:
        starts_early: whether `start` does anything; a running site sets it.
    """

    def __init__(self, settings: Settings) -> None:
        self.starts_early = False
        self._settings = settings
        self._places = threading.BoundedSemaphore(settings.upload_processes + MORE_WAIT)
        self._turns = threading.BoundedSemaphore(max(settings.upload_processes, 1))
        self._life = threading.Lock()
        self._zygote: _Zygote | None = None
        self._closed = False
        self._jobs = 0

    @contextmanager
    def place(self) -> Iterator[Path]:
        """Give a folder for one file, to be judged there; it is removed in the end.

        Raises:
            QueryServiceBusyError: when too many are here, or nothing is judged on this site.
        """
        if not self._settings.upload_processes or not self._places.acquire(blocking=False):
            raise _busy()
        try:
            folder = self._new_folder()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            self._places.release()

    def judge(self, job: Job, *, is_cancelled: Callable[[], bool] = lambda: False) -> Judgement:
        """Have a file judged.

        Args:
            job: the file and what is wanted; its folder is one that `place` gave.
            is_cancelled: asked a few times a second; when it says yes, the check is killed.

        Raises:
            UploadError: one of its subclasses, when there is no report.
            QueryServiceBusyError: when it is not its turn in time.
            QueryCancelledError: when the client has gone.
        """
        if not self._turns.acquire(timeout=self._settings.query_queue_seconds):
            raise _busy()
        began = time.monotonic()
        try:
            zygote = self._running_zygote()
            return self._judge(zygote, job, is_cancelled, began)
        except (UploadTimeoutError, UploadMemoryError, UncheckableUploadError) as error:
            error.seconds = time.monotonic() - began
            raise
        finally:
            self._turns.release()

    def start(self) -> None:
        """Begin to be ready, and return at once: the first check would wait for it."""
        if self.starts_early and self._settings.upload_processes and self._zygote is None:
            threading.Thread(target=self._try_to_start, name="uploads", daemon=True).start()

    def close(self) -> None:
        """End every check and remove what is on disk."""
        with self._life:
            self._closed = True
            zygote, self._zygote = self._zygote, None
        if zygote is not None:
            zygote.close()

    # --- one check -------------------------------------------------------------------------------

    def _judge(
        self, zygote: _Zygote, job: Job, is_cancelled: Callable[[], bool], began: float
    ) -> Judgement:
        connection, pid = zygote.fork()
        code: int | None = None
        try:
            with connection:
                connection.sendall(job.pack())
                answer = self._read(connection, Path(job.folder), is_cancelled, began)
        finally:
            code = zygote.end(pid)
        seconds = time.monotonic() - began
        if answer is None:
            raise self._died(code, seconds)
        head, documents = answer
        match head.get("outcome"):
            case Outcome.JUDGED:
                return Judgement(head, documents, seconds)
            case Outcome.UNCHECKABLE:
                if why := head.get("why"):
                    french, english = (" ".join(str(why[i]).split())[:300] for i in ("fr", "en"))
                    raise UncheckableUploadError(
                        f"L’archive n’est pas lue\u00a0: {french}.\n"
                        f"The archive is not read: {english}."
                    )
                raise UncheckableUploadError(
                    "Ce fichier ne ressemble à rien de connu\u00a0: vérifiez qu’il a son en-tête "
                    "ou sa racine, ou dites de quelle source il est.\n"
                    "This file looks like nothing that is known: check that it has its header or "
                    "its root element, or say which source it is of."
                )
            case Outcome.MEMORY:
                raise self._too_much()
            case _:
                raise RuntimeError(f"a judge failed: {str(head.get('where', ''))[:200]}")

    def _read(
        self,
        connection: socket.socket,
        folder: Path,
        is_cancelled: Callable[[], bool],
        began: float,
    ) -> tuple[dict[str, Any], dict[str, bytes]] | None:
        """Read the answer while the judge keeps its limits; None when it died without one."""
        received = bytearray()
        while True:
            if time.monotonic() - began > self._settings.upload_seconds:
                raise self._too_slow()
            if is_cancelled():
                raise QueryCancelledError(
                    "Le client est parti\u00a0: le contrôle a été arrêté.\n"
                    "The client has gone: the check was stopped."
                )
            if _size_of(folder) > self._settings.upload_disk_bytes:
                raise self._too_much()
            if not select.select([connection], [], [], _LOOK_SECONDS)[0]:
                continue
            try:
                part = connection.recv(_PART_BYTES)
            except OSError:
                part = b""
            if not part:
                return _parsed(bytes(received))
            received += part
            if len(received) > ANSWER_BYTES:
                raise self._too_much()

    def _died(self, code: int | None, seconds: float) -> UploadTimeoutError | UploadMemoryError:
        # SIGXCPU, or the SIGKILL that follows it
        if code in (-24, -9) and seconds >= self._settings.upload_seconds / 2:
            return self._too_slow()
        return self._too_much()

    def _too_slow(self) -> UploadTimeoutError:
        limit = self._settings.upload_seconds
        return UploadTimeoutError(
            f"Le contrôle a été arrêté au bout de {limit:g} s.\n"
            f"The check was stopped after {limit:g} s."
        )

    def _too_much(self) -> UploadMemoryError:
        memory = self._settings.upload_memory_bytes // 1_000_000
        room = self._settings.upload_disk_bytes // 1_000_000
        return UploadMemoryError(
            f"Le contrôle a été arrêté\u00a0: il lui fallait plus de {memory} Mo de mémoire ou de "
            f"{room} Mo sur disque, ou le fichier est imbriqué sans fin.\n"
            f"The check was stopped: it needed more than {memory} MB of memory or {room} MB of "
            "disk, or the file is nested without end."
        )

    # --- folders and the zygote ------------------------------------------------------------------

    def _new_folder(self) -> Path:
        root = self._running_zygote().root
        with self._life:
            self._jobs += 1
            number = self._jobs
        folder = root / str(number)
        folder.mkdir(mode=0o700)
        return folder

    def _running_zygote(self) -> _Zygote:
        with self._life:
            if self._closed:
                raise _busy()
            if self._zygote is None or not self._zygote.is_alive():
                if self._zygote is not None:
                    self._zygote.close()
                self._zygote = _Zygote()
            return self._zygote

    def _try_to_start(self) -> None:
        with contextlib.suppress(QueryServiceBusyError, OSError):
            self._running_zygote()


class _Zygote:
    """The process that forks judges, and the folder of their jobs.

    The folder's lock is held as long as this process lives: a folder whose lock is free was left by
    one that was killed together with its zygote, and is removed by the next to start.
    """

    def __init__(self) -> None:
        _remove_what_was_left()
        self.root = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._lock = os.open(self.root / _LOCK, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._forking = ForkingProcess(
            "collex_graph.uploads.judge_process",
            str(self.root),
            is_silent=True,
            # every thread of a child would reserve address space for an allocator of its own
            MALLOC_ARENA_MAX="2",
        )
        try:
            self._forking.ask(b"", _START_SECONDS)
        except BaseException:
            self.close()
            raise

    def is_alive(self) -> bool:
        """Whether the process has not ended."""
        return self._forking.is_alive()

    def fork(self) -> tuple[socket.socket, int]:
        """Fork a judge; return the socket to it and its number.

        Raises:
            OSError: when that fails.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with theirs:
                answer, _ = self._forking.ask(b'{"do": "fork"}', _ASK_SECONDS, theirs.fileno())
        except BaseException:
            ours.close()
            raise
        if "pid" not in answer:
            ours.close()
            raise OSError(answer.get("error", "no judge was forked"))
        return ours, int(answer["pid"])

    def end(self, pid: int) -> int | None:
        """Kill a judge with all that it began; return how it ended, None when nobody knows."""
        try:
            question = json.dumps({"do": "end", "pid": pid}).encode()
            answer, _ = self._forking.ask(question, _ASK_SECONDS)
        except OSError:
            return None  # the zygote has gone, and its children with it
        code = answer.get("code")
        return None if code is None else int(code)

    def close(self) -> None:
        """End the process with its children, and remove the folder."""
        self._forking.close()
        shutil.rmtree(self.root, ignore_errors=True)
        os.close(self._lock)


def _remove_what_was_left() -> None:
    for root in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            known = root.stat()
            is_new = time.time() - known.st_mtime < _NEW_SECONDS  # its lock may be about to be held
            if root.is_symlink() or known.st_uid != os.getuid() or is_new:
                continue
            with (root / _LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(root, ignore_errors=True)


def _parsed(received: bytes) -> tuple[dict[str, Any], dict[str, bytes]] | None:
    """Take an answer apart; None for one that is not whole or not what it says."""
    if len(received) < HEADER.size:
        return None
    (length,) = HEADER.unpack(received[: HEADER.size])
    place = HEADER.size + length
    try:
        head = json.loads(received[HEADER.size : place])
        documents: dict[str, bytes] = {}
        for name, size in head.pop("documents").items():
            documents[str(name)] = received[place : place + int(size)]
            place += int(size)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return (head, documents) if place == len(received) else None


def _size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder, as far as they can be seen."""
    size = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                size += (Path(path) / name).lstat().st_size
    return size


def _busy() -> QueryServiceBusyError:
    return QueryServiceBusyError(
        f"D’autres fichiers sont en cours de contrôle. Réessayez dans {_RETRY_SECONDS} s.\n"
        f"Other files are being checked. Try again in {_RETRY_SECONDS} s.",
        retry_after_seconds=_RETRY_SECONDS,
    )
