"""Fair use: what a client may have computed in a minute, and at once; known results are free.

What a query took of a worker's time is counted, short queries too; queries that still run count
with the time they have run. That alone would leave all workers to a client that starts everything
in the same instant: so only a few of its queries are computed at once, and its others wait their
turn before they join the queue of all. Nothing is written down: the sums are kept in memory for a
minute, under a keyed hash of the address that nobody can turn back.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import secrets
import threading
import time
from collections import OrderedDict, deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

from collex_graph.errors import ClientBudgetError, ClientQueriesError, QueryCancelledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from collex_graph.settings import Settings

MOST_CLIENTS = 100_000
_TOGETHER_SECONDS = 0.5  # of use are one note: short queries come by the thousand
_LOOK_SECONDS = 0.5  # until whoever waits is asked again whether it still does
_NETWORK_OF_ONE_CLIENT = 64  # whoever has an IPv6 address has the 2⁶⁴ around it


def client_address(environ: Mapping[str, str], header: str) -> str:
    """Return the address of the client of a request.

    Args:
        environ: of WSGI.
        header: the name of the header in which our own proxy says it; empty when there is none.
    """
    said = environ.get(f"HTTP_{header.upper().replace('-', '_')}", "") if header else ""
    return address_of(environ.get("REMOTE_ADDR", ""), said)


def address_of(connected: str, said: str) -> str:
    """Return the address of a client: what our own proxy says, else who is connected.

    Args:
        connected: the address at the other end of the connection.
        said: the proxy's header, empty when there is none. The last address in it is the one that
            the proxy added; those before it are hearsay.

    >>> address_of("192.0.2.1", "198.51.100.7, 203.0.113.9"), address_of("192.0.2.1", "")
    ('203.0.113.9', '192.0.2.1')
    """
    try:
        return str(ipaddress.ip_address(said.rpartition(",")[2].strip()))
    except ValueError:
        return connected


class _Client:
    """What one client has used of late."""

    def __init__(self) -> None:
        self.spent: deque[tuple[float, float]] = deque()  # (from when, seconds)
        self.running: list[float] = []  # when each began
        self.computing = 0  # queries, among those that run
        self.waiting: deque[tuple[Turn, threading.Event]] = deque()  # the event is set on its turn

    def spend(self, now: float, seconds: float) -> None:
        """Note what was used, with what was used just before: every check adds up all notes."""
        if self.spent and now < self.spent[-1][0] + _TOGETHER_SECONDS:
            since, before = self.spent.pop()
            self.spent.append((since, before + seconds))
        elif seconds > 0:
            self.spent.append((now, seconds))

    def total(self, now: float, window: float) -> float:
        while self.spent and self.spent[0][0] <= now - window:
            self.spent.popleft()
        return sum(seconds for _, seconds in self.spent) + sum(now - t for t in self.running)


class FairUse:
    """What all clients have used, and may use.

    Args:
        settings: ``client_budget_seconds``, ``client_window_seconds``, ``client_queries``, and
            ``query_queue`` and ``query_queue_seconds`` for those who wait their turn.
        clock: in seconds.
    """

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.most_at_once = settings.queries_of_a_client
        self.most_waiting = settings.query_queue
        self.longest_wait = settings.query_queue_seconds
        self._budget = settings.client_budget_seconds
        self._window = settings.client_window_seconds
        self.clock = clock
        self._key = secrets.token_bytes(16)
        self.lock = threading.Lock()
        self._clients: OrderedDict[bytes, _Client] = OrderedDict()
        self.waiting = 0  # of all clients together

    def check(self, address: str) -> None:
        """Let a client ask, if it has any budget left.

        Raises:
            ClientBudgetError: when it has none; it says when there will be some.
        """
        with self.lock:
            client = self._clients.get(self._name(address))
            if client is not None:
                self.check_client(client)

    def check_client(self, client: _Client) -> None:
        """Do what `check` does; the lock is held."""
        if self._budget <= 0:
            return
        now = self.clock()
        total = client.total(now, self._window)
        if total < self._budget:
            return
        wait = self._wait(client, now, total)
        raise ClientBudgetError(
            f"Vous avez utilisé {total:.0f} s de calcul en {self._window:g} s\u00a0; la limite est "
            f"de {self._budget:g} s par client. Réessayez dans {wait} s.\n"
            f"You have used {total:.0f} s of computing in {self._window:g} s; the limit is "
            f"{self._budget:g} s a client. Try again in {wait} s.",
            retry_after_seconds=wait,
        )

    def turn(self, address: str) -> Turn:
        """Return the turn of a query, which costs its client nothing until it is taken."""
        return Turn(self, address)

    @contextmanager
    def running(self, address: str) -> Iterator[Callable[[float], None]]:
        """Count what is no query while it runs; the function given is told what it took."""
        with self.lock:
            client = self.client(address)
            began = self.clock()
            client.running.append(began)
        took = 0.0

        def charge(seconds: float) -> None:
            nonlocal took
            took += seconds

        try:
            yield charge
        finally:
            with self.lock:
                client.running.remove(began)
                client.spend(self.clock(), took)

    def client(self, address: str) -> _Client:
        """Return a client, the longest idle of too many forgotten; the lock is held."""
        name = self._name(address)
        client = self._clients.setdefault(name, _Client())
        self._clients.move_to_end(name)
        while len(self._clients) > MOST_CLIENTS:
            self._clients.popitem(last=False)
        return client

    def _wait(self, client: _Client, now: float, total: float) -> int:
        over = total - self._budget
        for since, seconds in client.spent:
            over -= seconds
            if over < 0:
                return max(1, math.ceil(since + self._window - now))
        return max(1, math.ceil(self._window))

    def _name(self, address: str) -> bytes:
        try:
            parsed = ipaddress.ip_address(address) if ":" in address else None
        except ValueError:
            parsed = None
        if isinstance(parsed, ipaddress.IPv6Address):
            if parsed.ipv4_mapped is not None:
                address = str(parsed.ipv4_mapped)
            else:
                network = ipaddress.ip_network((parsed, _NETWORK_OF_ONE_CLIENT), strict=False)
                address = str(network)
        return hashlib.blake2b(address.encode(), key=self._key, digest_size=12).digest()


class Turn:
    """The turn of one query: from the wish to have it computed to its end.

    Args:
        fair_use: where all turns are counted.
        address: whose query it is.
    """

    def __init__(self, fair_use: FairUse, address: str) -> None:
        self._fair_use = fair_use
        self._address = address
        self._client: _Client | None = None  # whose it is, once it is taken
        self._began = 0.0

    def take(self) -> bool:
        """Take it if no other query of the client has to end first; say whether it is taken.

        Raises:
            ClientBudgetError: when the client has no computing time left.
        """
        with self._fair_use.lock:
            return self._take()

    def wait(self, is_cancelled: Callable[[], bool] | None) -> None:
        """Take it, after those of the same client that came before.

        Args:
            is_cancelled: asked twice a second whether the client has gone.

        Raises:
            ClientBudgetError: when the client has no computing time left.
            ClientQueriesError: when it takes too long, or too many wait.
            QueryCancelledError: when the client has gone.
        """
        fair_use = self._fair_use
        called = threading.Event()
        with fair_use.lock:
            if self._take():
                return
            client = fair_use.client(self._address)
            # Nobody takes more places to wait in than are left to others.
            if len(client.waiting) >= fair_use.most_waiting - fair_use.waiting:
                raise self._too_many()
            client.waiting.append((self, called))
            fair_use.waiting += 1
        try:
            self._await(called, is_cancelled)
        finally:
            with fair_use.lock:
                if not called.is_set():
                    client.waiting.remove((self, called))
                    fair_use.waiting -= 1
        # Those that came before may have spent what there was.
        fair_use.check(self._address)

    def end(self, seconds: float) -> None:
        """Leave it to the next; nothing happens where it was not taken, or has ended.

        Args:
            seconds: what the query took of a worker's time.
        """
        client, self._client = self._client, None
        if client is None:
            return
        fair_use = self._fair_use
        with fair_use.lock:
            client.running.remove(self._began)
            client.spend(fair_use.clock(), seconds)
            client.computing -= 1
            if client.waiting:
                fair_use.waiting -= 1
                heir, called = client.waiting.popleft()
                heir._begin(client)
                called.set()

    def _take(self) -> bool:
        """Do what `take` does; the lock is held."""
        if self._client is None:
            client = self._fair_use.client(self._address)
            self._fair_use.check_client(client)
            if client.computing < self._fair_use.most_at_once:
                self._begin(client)
        return self._client is not None

    def _begin(self, client: _Client) -> None:
        self._client, self._began = client, self._fair_use.clock()
        client.computing += 1
        client.running.append(self._began)

    def _await(self, called: threading.Event, is_cancelled: Callable[[], bool] | None) -> None:
        until = time.monotonic() + self._fair_use.longest_wait
        while not called.wait(min(_LOOK_SECONDS, max(0.0, until - time.monotonic()))):
            if is_cancelled is not None and is_cancelled():
                raise QueryCancelledError
            if time.monotonic() >= until:
                raise self._too_many()

    def _too_many(self) -> ClientQueriesError:
        most = self._fair_use.most_at_once
        return ClientQueriesError(
            f"{most} de vos requêtes sont en cours de calcul, ce qui est la limite, et celle-ci ne "
            f"peut pas attendre davantage.\n"
            f"{most} of your queries are being computed, which is the limit, and this one cannot "
            "wait any longer.",
            retry_after_seconds=max(1, math.ceil(self._fair_use.longest_wait)),
        )
