"""Keeps whole results, and computes what several clients ask for at once only once.

A result depends on nothing but the snapshot, the query, its data set and the format: that is its
key. The text counts without comments and with any white space as one space. Queries whose result
differs each time (``NOW()``, ``RAND()``…) are never kept. A snapshot never changes, so nothing here
ever has to be thrown away for being old: what belongs to a former snapshot is only dropped to make
room. What a snapshot brings along (`brought_answers`) is never computed at all.
"""

from __future__ import annotations

import hashlib
import math
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from collex_graph.errors import QueryCancelledError, QueryServiceBusyError, QueryTimeoutError
from collex_graph.rdf.formats import choose_format
from collex_graph.sparql.brought_answers import brought_answer, is_brought
from collex_graph.sparql.policy import check_query
from collex_graph.sparql.service_calls import allowed_services, calls_others

if TYPE_CHECKING:
    from collections.abc import Callable

    from collex_graph.model import QueryRequest, QueryResult, QueryService, Snapshot
    from collex_graph.settings import Settings

# A query that names one of these may answer differently each time. A literal that holds the word
# costs its query the cache, which is harmless.
_VOLATILE = re.compile(r"\b(?:RAND|NOW|UUID|STRUUID|BNODE)\b", re.IGNORECASE)

SOON_CODED = 50_000
"""Bytes that are compressed within a millisecond."""

_LARGEST_SHARE = 8  # a result that takes more than an eighth of the cache is not kept
_ENTRY_OVERHEAD_BYTES = 500
_FOLLOWER_LOOK_SECONDS = 0.5


def result_key(request: QueryRequest, settings: Settings) -> str:
    """Return what a result depends on beside the snapshot, as a short text.

    Returns:
        Empty when the result differs each time, or when the client accepts no format of ours.

    Raises:
        QueryError: when the query may not run at all.
    """
    query = check_query(
        request.text,
        text_bytes=settings.query_text_bytes,
        nesting=settings.query_nesting,
        services=allowed_services(settings),
    )
    written_as = choose_format(request.accept, query.form.formats)
    if written_as is None or _VOLATILE.search(query.text) or calls_others(query):
        return ""
    digest = hashlib.blake2b(digest_size=16)
    dataset = ("\n".join(request.default_graphs), "\n".join(request.named_graphs))
    for part in (written_as.name, settings.base_iri, *dataset, query.normal):
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return digest.hexdigest()


@dataclass(frozen=True)
class CacheStatistics:
    """What a cache has done and holds.

    Attributes:
        hits: results that were there.
        shared: results that were being computed for somebody else.
        misses: results that had to be computed.
        entries: results it holds.
        bytes: what they take.
    """

    hits: int
    shared: int
    misses: int
    entries: int
    bytes: int


@dataclass
class _Kept:
    """A result that is kept, and what was made of it to be sent.

    Attributes:
        result: whole.
        coded: content coding → the body in it.
    """

    result: QueryResult
    coded: dict[str, bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        bodies = (self.result.body, *self.coded.values())
        return sum(map(len, bodies)) + _ENTRY_OVERHEAD_BYTES  # type: ignore[arg-type]


@dataclass
class _Flight:
    """A result that is being computed, for one client or for many."""

    landed: threading.Event = field(default_factory=threading.Event)
    followers: int = 0
    result: QueryResult | None = None
    error: Exception | None = None


class Turn(Protocol):
    """The leave of a client to have a query computed."""

    def take(self) -> bool:
        """Take it if that can be done at once; say whether it is taken, now or before.

        Raises:
            QueryError: when the client will not get it.
        """

    def wait(self, is_cancelled: Callable[[], bool] | None) -> None:
        """Take it as soon as that can be done.

        Args:
            is_cancelled: as ``WorkerPool.run``.

        Raises:
            QueryError: when the client does not get it.
        """


class CachingQueries:
    """A `model.QueryService` in front of another.

    Args:
        queries: who computes.
        settings: ``cache_bytes`` and the limits of queries.
    """

    def __init__(self, queries: QueryService, settings: Settings) -> None:
        self.behind = queries
        self._settings = settings
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self._flights: dict[tuple[str, str, bool, float | None], _Flight] = {}
        self._followers = 0  # of all flights, those of pages apart
        self._bytes = self._hits = self._shared = self._misses = 0

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that new queries are answered from."""
        return self.behind.snapshot

    @property
    def statistics(self) -> CacheStatistics:
        """What the cache has done and holds."""
        with self._lock:
            return CacheStatistics(
                self._hits, self._shared, self._misses, len(self._kept), self._bytes
            )

    @property
    def workers(self) -> Any:
        """The statistics of the pool that computes, None where there is no pool."""
        service: Any = self.behind
        while hasattr(service, "behind"):
            service = service.behind
        return getattr(service, "statistics", None)

    def known(self, key: str, *, coding: str | None) -> QueryResult | None:
        """Return the result of a key on the current snapshot if it can be sent at once.

        Args:
            key: from `result_key`.
            coding: the content coding to be sent in; a long body must be kept in it already.
        """
        place = (self.behind.snapshot.identifier, key)
        with self._lock:
            kept = self._kept.get(place)
            if kept is None or (coding and coding not in kept.coded and kept.size > SOON_CODED):
                return None
            return self._find(place)

    def coded(self, result: QueryResult, key: str, coding: str) -> bytes | None:
        """Return the body of a result in a content coding, if somebody kept it."""
        with self._lock:
            kept = self._kept.get((result.snapshot, key))
            # computed twice, rows may have come in another order
            is_same = kept is not None and kept.result.digest == result.digest
            return kept.coded.get(coding) if kept is not None and is_same else None

    def keep_coded(self, result: QueryResult, key: str, coding: str, body: bytes) -> None:
        """Keep the body of a result in a content coding, as long as the result itself."""
        with self._lock:
            kept = self._kept.get((result.snapshot, key))
            if kept is not None and kept.result.digest == result.digest:
                self._bytes += len(body) - len(kept.coded.get(coding, b""))
                kept.coded[coding] = body
                self._make_room()

    def run(
        self,
        request: QueryRequest,
        *,
        key: str | None = None,
        turn: Turn | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> QueryResult:
        """Run one query, or give the result that is known.

        Args:
            request: the query.
            key: from `result_key`, when known.
            turn: taken before anything is computed; None where nobody has to wait for one.
            is_cancelled: as ``WorkerPool.run``.

        Raises:
            QueryError: as ``WorkerPool.run``, and what the turn raises.
            QueryServiceBusyError: when too many wait for what others compute, too.
        """
        if key is None:
            key = result_key(request, self._settings)
        if not key:
            return _with_digest(self._run_apart(request, turn, is_cancelled))
        while True:
            snapshot = self.behind.snapshot
            asked = request.snapshot or snapshot.identifier
            flight_key = (asked, key, request.priority, request.timeout_seconds)
            mine = None
            with self._lock:
                known = self._find((asked, key))
                if known is not None:
                    return known
                flight = self._flights.get(flight_key)
                if flight is None:
                    # Whoever waits for a turn lets others, whose turn it is, compute the same.
                    brought = asked == snapshot.identifier and is_brought(snapshot, key)
                    if turn is None or brought or turn.take():
                        mine = self._flights[flight_key] = _Flight()
                        self._misses += 1
                elif not request.priority and self._followers >= self._settings.query_queue:
                    raise self._too_many()
                else:
                    flight.followers += 1
                    self._followers += not request.priority
            if mine is not None:
                return self._compute(request, key, flight_key, mine, is_cancelled)
            if flight is None:
                assert turn is not None
                turn.wait(is_cancelled)
                continue
            shared = self._follow(flight, request, is_cancelled)
            if shared is not None:
                return shared
            if flight.error is None:
                # Too large to be shared, so each has to read its own.
                return self._run_apart(request, turn, is_cancelled)
            # Whoever computed it gave it up: the next round computes it, or finds who does.

    def _run_apart(
        self,
        request: QueryRequest,
        turn: Turn | None,
        is_cancelled: Callable[[], bool] | None,
    ) -> QueryResult:
        """Compute a result for one client alone."""
        if turn is not None:
            turn.wait(is_cancelled)
        return self.behind.run(request, is_cancelled=is_cancelled)

    def _compute(
        self,
        request: QueryRequest,
        key: str,
        flight_key: tuple[str, str, bool, float | None],
        flight: _Flight,
        is_cancelled: Callable[[], bool] | None,
    ) -> QueryResult:
        def nobody_waits() -> bool:
            return is_cancelled is not None and flight.followers == 0 and is_cancelled()

        try:
            snapshot = self.behind.snapshot
            result = None
            if request.snapshot in {None, snapshot.identifier}:
                result = brought_answer(snapshot, key)
            if result is None:
                result = self.behind.run(
                    request, is_cancelled=None if is_cancelled is None else nobody_waits
                )
            result = _with_digest(result)
            if isinstance(result.body, bytes):
                flight.result = result
                self._keep((result.snapshot, key), result)
        except Exception as error:
            flight.error = error
            raise
        except BaseException:
            flight.error = QueryCancelledError()
            raise
        finally:
            with self._lock:
                del self._flights[flight_key]
            flight.landed.set()
        return result

    def _follow(
        self,
        flight: _Flight,
        request: QueryRequest,
        is_cancelled: Callable[[], bool] | None,
    ) -> QueryResult | None:
        """Wait for what another computes; None when there is nothing of it to share.

        Its time limit is ours too, so only the wait for a worker comes to it.
        """
        try:
            while not flight.landed.wait(_FOLLOWER_LOOK_SECONDS):
                if is_cancelled is not None and is_cancelled():
                    raise QueryCancelledError
        finally:
            with self._lock:
                flight.followers -= 1
                self._followers -= not request.priority
        if flight.result is not None:
            with self._lock:
                self._shared += 1
            return replace(flight.result, cached=True, seconds=0.0)
        if flight.error is not None and not isinstance(flight.error, QueryCancelledError):
            if isinstance(flight.error, QueryTimeoutError):
                raise QueryTimeoutError(*flight.error.args)
            raise flight.error
        return None

    def _too_many(self) -> QueryServiceBusyError:
        """Return the error for whoever would wait too: each who waits holds a thread."""
        return QueryServiceBusyError(
            "Trop de clients attendent déjà des résultats que l’on calcule\u00a0; réessayez plus "
            "tard.\nToo many clients wait already for results that are being computed; try again "
            "later.",
            retry_after_seconds=max(1, math.ceil(self._settings.query_queue_seconds)),
        )

    def _find(self, place: tuple[str, str]) -> QueryResult | None:
        """Return what is known, and count it; the lock is held."""
        kept = self._kept.get(place)
        if kept is None:
            return None
        self._kept.move_to_end(place)
        self._hits += 1
        return kept.result

    def _keep(self, place: tuple[str, str], result: QueryResult) -> None:
        # whoever gets it from here gets it for nothing
        kept = _Kept(replace(result, cached=True, seconds=0.0))
        if kept.size * _LARGEST_SHARE > self._settings.cache_bytes:
            return
        with self._lock:
            former = self._kept.pop(place, None)
            if former is not None:
                self._bytes -= former.size
            self._kept[place] = kept
            self._bytes += kept.size
            self._make_room()

    def _make_room(self) -> None:
        """Drop what was not asked for longest until the rest fits; the lock is held."""
        while self._bytes > self._settings.cache_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.size

    def close(self) -> None:
        """End what computes."""
        service: Any = self.behind
        while service is not None:
            close = getattr(service, "close", None)
            if close is not None:
                close()
            service = getattr(service, "behind", None)


def _with_digest(result: QueryResult) -> QueryResult:
    if not isinstance(result.body, bytes):
        return result
    return replace(result, digest=hashlib.blake2b(result.body, digest_size=12).hexdigest())
