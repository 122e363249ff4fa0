"""What the way to a query costs: one client and two hundred, ours beside oxigraph, in turns.

Run with ``python tests/benchmarks/bench_front.py [UNITS] [ROUNDS]`` (70,000 units are about a
million statements). The client speaks HTTP by bare sockets, so that it costs little beside what it
measures; it never asks the same query twice unless the result is to be known. Processor time is
that of every process of a server.
"""

import select
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

from bench_service import BASE, Server, ours, oxigraph, write_data

CLIENTS = 200
POINT = "SELECT ?p ?o {{ <{}id/fonds/{}> ?p ?o }}"
DESCRIBE = "DESCRIBE <{}id/fonds/{}>"


class Client:
    """One client, which asks again when it has its answer."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket: socket.socket | None = None
        self.received = bytearray()
        self.asked_at = 0.0

    def ask(self, request: bytes) -> None:
        """Send a request, over the connection there is, or a new one."""
        self.received.clear()
        self.asked_at = time.perf_counter()
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(request)

    def read(self) -> bool:
        """Read what has come; say whether the answer is whole; another status than 200 ends all."""
        assert self.socket is not None
        part = self.socket.recv(1 << 18)
        if not part:
            raise SystemExit("a connection was lost")
        self.received += part
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self.received[:end]).lower()
        if b" 200 " not in head[:16]:
            raise SystemExit(f"not answered: {head[:60]!r}")
        _, found, length = head.partition(b"content-length: ")
        if found:
            return len(self.received) >= end + 4 + int(length.split(b"\r\n")[0])
        return self.received.endswith(b"\r\n0\r\n\r\n")

    def close(self) -> None:
        """Leave."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def crowd(server: Server, requests: list[bytes], clients: int, *, keeps: bool) -> list[float]:
    """Ask all requests, each client its next one when it has its answer; return the times in ms."""
    poll = select.epoll()
    free = [Client(server.port) for _ in range(min(clients, len(requests)))]
    asking: dict[int, Client] = {}
    left = iter(requests)
    taken: list[float] = []

    def ask(client: Client) -> None:
        request = next(left, None)
        if request is not None:
            client.ask(request)
            assert client.socket is not None
            asking[client.socket.fileno()] = client
            poll.register(client.socket.fileno(), select.EPOLLIN)

    for client in free:
        ask(client)
    while asking:
        for number, _ in poll.poll(60):
            client = asking[number]
            if client.read():
                taken.append((time.perf_counter() - client.asked_at) * 1000)
                poll.unregister(number)
                del asking[number]
                if not keeps:
                    client.close()
                ask(client)
    for client in free:
        client.close()
    return taken


def requests_for(server: Server, template: str, numbers, *, keeps: bool) -> list[bytes]:
    """Return a request for each unit of these numbers."""
    closing = "" if keeps else "Connection: close\r\n"
    return [
        f"GET {server.path}?query={quote(template.format(BASE, number))} HTTP/1.1\r\n"
        f"Host: localhost\r\nAccept: */*\r\n{closing}\r\n".encode()
        for number in numbers
    ]


def compare(servers, name, template, clients, times, rounds, *, keeps=True, same=False) -> None:
    """Print what one kind of crowd waits for, and what it costs, on each server in turns."""
    taken: dict[str, list[float]] = {who: [] for who in servers}
    spent = dict.fromkeys(servers, 0.0)
    for turn in range(rounds):
        numbers = range(times) if same else range(turn * times, (turn + 1) * times)
        for who, server in servers.items():
            requests = requests_for(server, template, numbers, keeps=keeps)
            before = server.cpu_seconds()
            taken[who] += crowd(server, requests, clients, keeps=keeps)
            spent[who] += server.cpu_seconds() - before
    print(f"{name} ({times * rounds} requests)")
    for who, times_taken in taken.items():
        quantiles = statistics.quantiles(times_taken, n=100)
        print(
            f"  {who:10} median {quantiles[49]:7.2f} ms   p99 {quantiles[98]:7.2f} ms   "
            f"processor {spent[who] * 1000 / len(times_taken):.3f} ms",
            flush=True,
        )


def main() -> None:
    """Run everything and print it."""
    units = int(sys.argv[1]) if len(sys.argv) > 1 else 70_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as folder:
        var = Path(folder)
        print(f"{write_data(var, units)} statements")
        service, peer = ours(var, 0), oxigraph(var)
        servers = {"ours": service, "oxigraph": peer}
        for server in servers.values():
            crowd(server, requests_for(server, POINT, range(units - 100, units), keeps=True), 4,
                  keeps=True)  # fmt: skip
        compare(servers, "point, one client", POINT, 1, 300, rounds)
        compare(servers, "describe, one client", DESCRIBE, 1, 300, rounds)
        compare(servers, "point, new connections", POINT, 1, 200, rounds, keeps=False)
        compare(servers, f"point, {CLIENTS} clients at once, once each", POINT, CLIENTS, CLIENTS,
                rounds, keeps=False)  # fmt: skip
        compare(servers, f"point, {CLIENTS} clients that go on", POINT, CLIENTS, 2_000, rounds)
        service.stop()
        peer.stop()
        service = ours(var, 256_000_000)
        servers = {"ours": service}
        known = requests_for(service, POINT, range(CLIENTS), keeps=True)
        crowd(service, known, 4, keeps=True)
        compare(servers, "known, one client", POINT, 1, CLIENTS, rounds, same=True)
        compare(servers, f"known, {CLIENTS} clients at once, once each", POINT, CLIENTS, CLIENTS,
                rounds, keeps=False, same=True)  # fmt: skip
        service.stop()


if __name__ == "__main__":
    main()
