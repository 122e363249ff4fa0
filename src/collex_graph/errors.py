"""Every error the project raises, in one tree.

::

    CollexGraphError
    ├── ConfigurationError            a setting, a command line
    ├── ResourceFileError             a file of the data folders that cannot be used
    ├── SourceError
    │   └── UnreadableSourceError     a source file that no reader can read at all
    ├── InvalidDatasetError           the data set may not be published (carries .report)
    ├── SnapshotNotFoundError
    ├── EntityNotFoundError
    ├── NotAcceptableError            no representation that the client accepts
    ├── UploadError                   a file given to be checked that gets no report
    │   ├── UploadRefusedError        from another site's page, of an address that is not allowed
    │   ├── UncheckableUploadError    it looks like nothing that is known
    │   ├── UploadTimeoutError        stopped at its time limit
    │   ├── UploadMemoryError         stopped at its limit of memory or room, or it died
    │   └── FetchError                an address that gave no file
    └── QueryError
        ├── QuerySyntaxError          malformed, too deeply nested, conflicting parameters
        ├── QueryRefusedError         SERVICE, LOAD, updates
        ├── QueryTooLargeError        text over its limit
        ├── QueryMediaTypeError       a request body in a media type we do not read
        ├── QueryTimeoutError         stopped at its time limit
        ├── QueryCancelledError       stopped because its client asked for it or has gone
        ├── ResultTooLargeError       memory or result limit, or the worker died
        ├── UnwritableResultError     the format asked for cannot hold this result
        ├── SnapshotNotKeptError      a query of data that are no longer kept
        ├── FederationError           another endpoint did not answer as it should
        └── TryLaterError             nothing is wrong with the query
            ├── ClientBudgetError         the client has spent its computing time
            ├── ClientQueriesError        too many queries of the client at once
            └── QueryServiceBusyError     no worker in time

Wrong *data* is never an exception below ``build.py``: it is a validation result.
Which HTTP status an error gets is decided in ``server/errors.py`` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class CollexGraphError(Exception):
    """The base of every error the project raises on purpose."""


class ConfigurationError(CollexGraphError):
    """A setting or an argument that cannot be used; the message names it."""


class ResourceFileError(CollexGraphError):
    """A file of the project's own data folders that cannot be used.

    Args:
        path: the file.
        problem: what is wrong and what to do.
        line: the line, counted from 1, where known.
    """

    def __init__(self, path: Path | str, problem: str, *, line: int | None = None) -> None:
        where = f"{path}:{line}" if line else f"{path}"
        super().__init__(f"{where}: {problem}")
        self.path = path
        self.problem = problem
        self.line = line

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (type(self), self.path, self.problem, self.line)


class SourceError(CollexGraphError):
    """Something about a source file."""


class UnreadableSourceError(SourceError):
    """A source file that cannot be read at all (not XML, unknown encoding, unreadable).

    ``problem`` is the reason without the path, which belongs to one machine and is not published.
    """

    def __init__(self, path: Path | str, problem: str, *, line: int | None = None) -> None:
        where = f"{path}:{line}" if line else f"{path}"
        super().__init__(f"{where}: {problem}")
        self.path = path
        self.problem = problem
        self.line = line

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (type(self), self.path, self.problem, self.line)


def _again(
    kind: type[ResourceFileError | UnreadableSourceError],
    path: Path | str,
    problem: str,
    line: int | None,
) -> ResourceFileError | UnreadableSourceError:
    """Make an error that another process raised anew: pickling knows positional arguments alone."""
    return kind(path, problem, line=line)


class InvalidDatasetError(CollexGraphError):
    """The data set as a whole may not be published; ``report`` says why."""

    def __init__(self, message: str, report: object) -> None:
        super().__init__(message)
        self.report = report


class SnapshotNotFoundError(CollexGraphError):
    """No such snapshot, or none at all yet."""


class EntityNotFoundError(CollexGraphError):
    """The graph says nothing about this IRI."""


class NotAcceptableError(CollexGraphError):
    """None of the media types the client accepts can be produced; the message lists ours."""


class UploadError(CollexGraphError):
    """A file given to be checked that gets no report; ``seconds`` is what was spent on it."""

    seconds: float = 0.0


class UploadRefusedError(UploadError):
    """The file may not be given that way."""


class UncheckableUploadError(UploadError):
    """The file looks like nothing that is known; the message says what to do."""


class UploadTimeoutError(UploadError):
    """The check was stopped at its time limit."""


class UploadMemoryError(UploadError):
    """The check was stopped at its limit of memory or room, or its process died."""


class FetchError(UploadError):
    """An address gave no file; the message says why."""


class QueryError(CollexGraphError):
    """A query that gets no result; ``seconds`` is the time that a worker spent on it."""

    seconds: float = 0.0


class QuerySyntaxError(QueryError):
    """The query is malformed or nested too deeply, or the request contradicts itself.

    Args:
        message: what is wrong and what to do.
        line: the line in the query, counted from 1, where known.
        column: the column in that line, counted from 1, where known.
    """

    def __init__(self, message: str, *, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class QueryRefusedError(QueryError):
    """The query asks for something this service does not do."""


class QueryTooLargeError(QueryError):
    """The text of the query is over its limit."""


class QueryMediaTypeError(QueryError):
    """The request body has a media type that the SPARQL protocol does not define."""


class QueryTimeoutError(QueryError):
    """The query was stopped at its time limit."""


class QueryCancelledError(QueryError):
    """The query was stopped because its client asked for it, or has gone."""

    def __init__(
        self,
        message: str = (
            "Requête arrêtée\u00a0: son client l’a demandé ou n’attend plus.\n"
            "The query was stopped: its client asked for it or has gone."
        ),
    ) -> None:
        super().__init__(message)


class UnwritableResultError(QueryError):
    """The result exists, and the format asked for cannot hold it; the message says why."""


class SnapshotNotKeptError(QueryError):
    """The request names a snapshot that is not kept, or no longer."""


class FederationError(QueryError):
    """Another endpoint did not answer as it should; the message says how.

    Args:
        message: what happened.
        reason: ``slow`` (no whole answer in time), ``large`` (over the size), ``partial`` (it says
            that its answer is not whole), ``refused`` (it says that the query is wrong), or
            ``failed`` for everything else.
        said: the beginning of what it answered, for ``refused``.
    """

    def __init__(self, message: str, *, reason: str = "failed", said: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.said = said


class TryLaterError(QueryError):
    """The query may have a result later.

    Args:
        message: why it has none now.
        retry_after_seconds: when to try again.
    """

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ClientBudgetError(TryLaterError):
    """The client has spent its computing time."""


class ClientQueriesError(TryLaterError):
    """The client has as many queries computed at once as it may, and no time to wait is left."""


class ResultTooLargeError(QueryError):
    """The query was stopped at its memory or result limit; the message says which."""


class QueryServiceBusyError(TryLaterError):
    """No worker was free in time."""
