"""Fair use: each client has so many seconds of computing a minute, and cached answers are free.

What a query took of a worker's time is counted, short queries too; queries that still run count
with the time they have run. Nothing is written down: the sums are kept in memory for a minute,
under a keyed hash of the address that nobody can turn back.
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

from collex_graph.errors import ClientBudgetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MOST_CLIENTS = 100_000
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
        self.spent: deque[tuple[float, float]] = deque()  # (when it ended, seconds)
        self.running: list[float] = []  # when each began

    def total(self, now: float, window: float) -> float:
        while self.spent and self.spent[0][0] <= now - window:
            self.spent.popleft()
        return sum(seconds for _, seconds in self.spent) + sum(now - t for t in self.running)


class FairUse:
    """The budgets of all clients.

    Args:
        budget_seconds: of computing in a window; 0 for no limit.
        window_seconds: how long use is remembered.
        clock: in seconds.
    """

    def __init__(
        self,
        budget_seconds: float,
        window_seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._budget = budget_seconds
        self._window = window_seconds
        self._clock = clock
        self._key = secrets.token_bytes(16)
        self._lock = threading.Lock()
        self._clients: OrderedDict[bytes, _Client] = OrderedDict()

    def check(self, address: str) -> None:
        """Let a client ask, if it has any budget left.

        Raises:
            ClientBudgetError: when it has none; it says when there will be some.
        """
        if self._budget <= 0:
            return
        with self._lock:
            client = self._clients.get(self._name(address))
            if client is None:
                return
            now = self._clock()
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

    @contextmanager
    def running(self, address: str) -> Iterator[Callable[[float], None]]:
        """Count a query while it runs; the function given is told what it took in the end."""
        with self._lock:
            client = self._client(address)
            began = self._clock()
            client.running.append(began)
        took = 0.0

        def charge(seconds: float) -> None:
            nonlocal took
            took += seconds

        try:
            yield charge
        finally:
            with self._lock:
                client.running.remove(began)
                if took > 0:
                    client.spent.append((self._clock(), took))

    def charge(self, address: str, seconds: float) -> None:
        """Count what a query took after its result began."""
        with self._lock:
            self._client(address).spent.append((self._clock(), seconds))

    def _client(self, address: str) -> _Client:
        """Return a client, the longest idle of too many forgotten; the lock is held."""
        name = self._name(address)
        client = self._clients.setdefault(name, _Client())
        self._clients.move_to_end(name)
        while len(self._clients) > MOST_CLIENTS:
            self._clients.popitem(last=False)
        return client

    def _wait(self, client: _Client, now: float, total: float) -> int:
        over = total - self._budget
        for ended, seconds in client.spent:
            over -= seconds
            if over < 0:
                return max(1, math.ceil(ended + self._window - now))
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
