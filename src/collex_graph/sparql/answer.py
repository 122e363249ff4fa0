"""One query on one worker: from the question to the last byte of the result, or to its end."""

from __future__ import annotations

import logging
import signal
import threading
import time
import weakref
from typing import TYPE_CHECKING, Protocol, Self

from collex_graph.errors import (
    QueryCancelledError,
    QueryError,
    QueryRefusedError,
    QuerySyntaxError,
    QueryTimeoutError,
    ResultTooLargeError,
    UnwritableResultError,
)
from collex_graph.model import QueryResult
from collex_graph.sparql.frames import DATA, HEADER, Ending, Outcome, Question
from collex_graph.sparql.lexer import syntax_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from collex_graph.rdf.formats import Format
    from collex_graph.settings import Settings
    from collex_graph.sparql.crew import Worker
    from collex_graph.sparql.policy import CheckedQuery

_LOG = logging.getLogger(__name__)

_READ_BYTES = 1 << 18
_CANCEL_CHECK_SECONDS = 0.5
_SHORTEST_WAIT_SECONDS = 0.001
_INNOCENT_SECONDS = 0.1
# what the engine says of mistakes that its grammar does not show: it stops where the query ends
_KNOWN_MISTAKES = {
    "variable that is unbound": (
        "une variable de ce SELECT n’est ni dans GROUP BY ni dans un calcul (COUNT, SAMPLE…)",
        "a variable of this SELECT is neither in GROUP BY nor in a computation (COUNT, SAMPLE…)",
    ),
    "not authorized with GROUP BY": (
        "SELECT * ne va pas avec GROUP BY, nommez les variables",
        "SELECT * does not go with GROUP BY, name the variables",
    ),
    "overrides an existing variable": (
        "après AS, ce SELECT reprend le nom d’une variable qui existe déjà, choisissez-en un autre",
        "after AS, this SELECT takes the name of a variable that exists already, choose another",
    ),
    "Duplicated variable name": (
        "ce SELECT nomme deux fois la même variable",
        "this SELECT names the same variable twice",
    ),
}


class Employer(Protocol):
    """Who lends the worker: the pool."""

    def give_back(self, worker: Worker) -> None:
        """Take back a worker that has finished its query."""

    def dismiss(self, worker: Worker) -> None:
        """Count out and kill a worker that will not be used again; it is closed by the caller."""

    def count(self, name: str) -> None:
        """Count one more ending of this name, a field of ``PoolStatistics``."""


class _WorkerDiedError(Exception):
    """The stream of a worker stopped before its end."""


class _TimeLimitError(Exception):
    """The time limit was reached."""


class LostWorkerError(Exception):
    """The worker was killed from outside as the query reached it: another may be asked."""


class Answer:
    """The way of one query through its worker; also the body of a result too large to be kept.

    The worker is given back when the result is whole, and dismissed in every other case: time-out,
    death, an exception, `close`, or nobody holding the answer any more. The time limit holds until
    the last byte is read: a client that reads slowly does not keep a worker for ever.

    Args:
        pool: whose worker it is.
        worker: who answers.
        query: what was checked.
        seconds: the time limit.
        settings: the other limits.
        is_cancelled: see ``WorkerPool.run``.
    """

    def __init__(
        self,
        pool: Employer,
        worker: Worker,
        query: CheckedQuery,
        *,
        seconds: float,
        settings: Settings,
        is_cancelled: Callable[[], bool] | None,
    ) -> None:
        self._pool = pool
        self._worker = worker
        self._query = query
        self._seconds = seconds
        self._settings = settings
        self._is_cancelled = is_cancelled
        self._was_cancelled = False
        self._started = time.monotonic()
        self._ended: float | None = None
        self._deadline = self._started + seconds
        self._buffer = bytearray()
        self._first_parts: list[bytes] = []
        self._alarm: threading.Timer | None = None
        self._ending = threading.Lock()
        self._dismissed = False
        self._finished = False
        self._has_received = False

    def result(self, question: Question, written_as: Format) -> QueryResult:
        """Ask, and wait until the result is whole or larger than is kept whole.

        Raises:
            QueryError: when there is no result.
            LostWorkerError: when there is none, and the query is not the reason.
        """
        parts: list[bytes] = []
        length = 0
        try:
            self._send(question.pack())
            while (part := self._next_part()) is not None:
                parts.append(part)
                length += len(part)
                if length > self._settings.result_spool_bytes:
                    break
        except BaseException as error:
            raise self._give_up_for(error) from None
        whole = part is None
        body: bytes | Iterator[bytes] = b"".join(parts)
        if not whole:
            parts.reverse()
            self._first_parts = parts
            self._set_alarm()
            body = self
        return QueryResult(
            media_type=written_as.content_type,
            body=body,
            length_bytes=length if whole else None,
            snapshot=self._worker.crew.snapshot.identifier,
            seconds=time.monotonic() - self._started,
        )

    # --- the body of a large result --------------------------------------------------------------

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if self._first_parts:
            return self._first_parts.pop()
        if self._finished:
            raise StopIteration
        try:
            part = self._next_part()
        except BaseException as error:
            raise self._give_up_for(error) from None
        if part is None:
            raise StopIteration
        return part

    @property
    def seconds(self) -> float:
        """How long the worker has been, or was, at it."""
        return (self._ended or time.monotonic()) - self._started

    def cancel(self) -> None:
        """Stop the query from another thread: whoever reads finds the stream cut."""
        self._was_cancelled = True
        self._ring()

    def close(self) -> None:
        """Give the rest of the result up: its worker is killed and replaced."""
        if not self._finished:
            self._pool.count("given_up")
            self._first_parts.clear()
            self._finish(keep=False)

    def __del__(self) -> None:
        self.close()

    def _set_alarm(self) -> None:
        """Have the worker killed at the limit, without keeping this answer alive until then."""
        ring = weakref.WeakMethod(self._ring)

        def ring_if_held() -> None:
            method = ring()
            if method is not None:
                method()

        self._alarm = threading.Timer(max(0.0, self._deadline - time.monotonic()), ring_if_held)
        self._alarm.daemon = True
        self._alarm.start()

    def _ring(self) -> None:
        """Kill the worker at the limit even if nobody reads: a reader then finds the stream cut."""
        with self._ending:
            if self._finished or self._dismissed:
                return
            self._dismissed = True
        self._pool.dismiss(self._worker)

    # --- frames ----------------------------------------------------------------------------------

    def _send(self, data: bytes) -> None:
        self._worker.connection.settimeout(max(_SHORTEST_WAIT_SECONDS, self._seconds))
        try:
            self._worker.connection.sendall(data)
        except TimeoutError:
            raise _TimeLimitError from None
        except OSError:
            raise _WorkerDiedError from None

    def _next_part(self) -> bytes | None:
        """Return the next part of the result, None at its end, the worker then given back."""
        letter, length = HEADER.unpack(self._read(HEADER.size))
        payload = self._read(length)
        if letter == DATA:
            return payload
        ending = Ending.unpack(payload)
        if ending.outcome is Outcome.COMPLETE:
            self._pool.count("answered")
            self._finish(keep=not ending.retire)
            return None
        self._pool.count("failed")
        self._finish(keep=not ending.retire)
        raise self._error_of(ending)

    def _read(self, length: int) -> bytes:
        while len(self._buffer) < length:
            self._buffer += self._receive()
        taken = bytes(memoryview(self._buffer)[:length])
        del self._buffer[:length]
        return taken

    def _receive(self) -> bytes:
        while True:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise _TimeLimitError
            if self._is_cancelled is not None:
                left = min(left, _CANCEL_CHECK_SECONDS)
            self._worker.connection.settimeout(max(_SHORTEST_WAIT_SECONDS, left))
            try:
                received = self._worker.connection.recv(_READ_BYTES)
            except TimeoutError:
                if self._is_cancelled is not None and self._is_cancelled():
                    raise QueryCancelledError from None
                continue
            except OSError:
                received = b""
            if not received:
                if self._was_cancelled:
                    raise QueryCancelledError
                raise _TimeLimitError if self._dismissed else _WorkerDiedError
            self._has_received = True
            return received

    # --- endings ---------------------------------------------------------------------------------

    def _finish(self, *, keep: bool) -> None:
        with self._ending:
            if self._finished:
                return
            self._finished = True
            self._ended = time.monotonic()
            dismissed, self._dismissed = self._dismissed, True
        if self._alarm is not None:
            self._alarm.cancel()
        if keep and not dismissed:
            self._pool.give_back(self._worker)
            return
        if not dismissed:
            self._pool.dismiss(self._worker)
        self._worker.close()

    def _give_up_for(self, error: BaseException) -> BaseException:
        """Let the worker go, and say in the project's words why."""
        if isinstance(error, _TimeLimitError):
            self._pool.count("timed_out")
            error = QueryTimeoutError(
                f"Requête arrêtée à sa limite de {self._seconds:g} s.\n"
                f"The query was stopped at its limit of {self._seconds:g} s."
            )
        elif isinstance(error, _WorkerDiedError):
            error = self._error_of_death()
            if not isinstance(error, LostWorkerError):
                self._pool.count("died")
        elif isinstance(error, QueryCancelledError):
            self._pool.count("given_up")
        self._first_parts.clear()
        self._finish(keep=False)
        if isinstance(error, QueryError):
            error.seconds = self.seconds
        return error

    def _error_of_death(self) -> Exception:
        seconds = time.monotonic() - self._started
        code = self._worker.crew.exit_code(self._worker.pid)
        if (
            code in (None, -signal.SIGKILL)
            and not self._has_received
            and (seconds < _INNOCENT_SECONDS)
        ):
            return LostWorkerError()
        if code == -signal.SIGABRT:  # what Rust and C++ do when an allocation fails
            return self._memory_error()
        if code in (-signal.SIGSEGV, -signal.SIGBUS):
            return ResultTooLargeError(
                "Requête arrêtée : trop complexe, le processus qui l’évaluait est mort (pile).\n"
                "The query was stopped: too complex, the worker that evaluated it died (stack)."
            )
        return ResultTooLargeError(
            "Requête arrêtée : le processus qui l’évaluait est mort ; réessayez.\n"
            "The query was stopped: the worker that evaluated it died; try again."
        )

    def _memory_error(self) -> ResultTooLargeError:
        mebibytes = self._settings.query_memory_bytes >> 20
        return ResultTooLargeError(
            f"Requête arrêtée : elle a dépassé la limite de mémoire de {mebibytes} Mio.\n"
            f"The query was stopped: it went over the memory limit of {mebibytes} MiB."
        )

    def _error_of(self, ending: Ending) -> QueryError:
        said = " ".join(ending.message.split())
        match ending.outcome:
            case Outcome.SYNTAX:
                return self._syntax_error(ending)
            case Outcome.UNEVALUABLE:
                return QuerySyntaxError(
                    f"Cette requête ne peut pas être évaluée : {said}.\n"
                    f"This query cannot be evaluated: {said}."
                )
            case Outcome.REFUSED:
                return QueryRefusedError(f"Requête refusée : {said}.\nQuery refused: {said}.")
            case Outcome.RESULT_LIMIT:
                limit = self._settings.result_bytes
                return ResultTooLargeError(
                    f"Requête arrêtée : son résultat dépasse la limite de {limit} octets.\n"
                    f"The query was stopped: its result is over the limit of {limit} bytes."
                )
            case Outcome.MEMORY:
                return self._memory_error()
            case Outcome.UNWRITABLE:
                return UnwritableResultError(ending.message)
            case _:
                _LOG.error("a query failed in its worker: %s", ending.message)
                return ResultTooLargeError(
                    "Requête arrêtée : le processus qui l’évaluait a échoué.\n"
                    "The query was stopped: the worker that evaluated it failed."
                )

    def _syntax_error(self, ending: Ending) -> QuerySyntaxError:
        """Say where the parser stopped; what it would have expected there is seldom of help."""
        said = " ".join(ending.message.split())
        if ending.line is None or ending.column is None:
            return QuerySyntaxError(f"Erreur de syntaxe : {said}.\nSyntax error: {said}.")
        line, column = self._query.origin(ending.line, ending.column)
        if not said.startswith("expected"):
            return syntax_error(said, said, line, column)
        for sign, words in _KNOWN_MISTAKES.items():
            if sign in said:
                return syntax_error(*words, line, column)
        found = self._query.excerpt(line, column)
        if not found:
            return syntax_error(
                "texte inattendu juste avant la fin de la ligne",
                "unexpected text just before the end of the line",
                line,
                column,
            )
        return syntax_error(
            f"texte inattendu, ici ou juste avant : {found!r}",
            f"unexpected text, here or just before: {found!r}",
            line,
            column,
        )
