"""The server as it runs in production, seen from a socket and from the outside."""

import contextlib
import errno
import http.client
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from collex_graph.errors import ConfigurationError
from collex_graph.server import site
from collex_graph.server.serving import run_server
from collex_graph.settings import Settings
from collex_graph.sparql.kept_snapshots import KeptSnapshots

SERVED = Path(__file__).with_name("served.py")
COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
LARGE = "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f }"
ENDLESS = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
SMUGGLED = (
    b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
)
LIMITS = {
    "query_workers": 1,
    "query_timeout_seconds": 20.0,
    "result_spool_bytes": 20_000,
    "result_bytes": 200_000,
    "client_queries": 200,  # all clients of a test have one address
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A serving process in a session of its own, so that what it leaves behind can be found."""

    def __init__(self, directory, **settings):
        options = json.dumps({**LIMITS, "port": free_port(), **settings})
        self.process = subprocess.Popen(
            [sys.executable, str(SERVED), str(directory), options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.address = self.process.stdout.readline().strip()
        self.port = urlsplit(self.address).port

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def ask(self, query):
        """Ask a query as a well-behaved client does, and read the result to its end."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(client):
            client.request("GET", f"/sparql?query={quote(query)}")
            with client.getresponse() as response:
                return response.status, response.headers, response.read()

    def is_healthy(self):
        return self.send(b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200")

    def send(self, lines):
        """Send a request as it is and return everything that comes back."""
        with self.connect() as connection:
            connection.sendall(lines)
            received = b""
            while part := connection.recv(65536):
                received += part
            return received

    @contextlib.contextmanager
    def family(self):
        """Give a handle on each process there is now: the server's and all below it."""
        parents = {}
        for status in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = status.read_text().rpartition(")")[2].split()
                parents[int(status.parent.name)] = int(fields[1])
        members = [self.process.pid]
        for member in members:
            members += [process for process, parent in parents.items() if parent == member]
        with contextlib.ExitStack() as opened:
            handles = [os.pidfd_open(member) for member in members]
            for handle in handles:
                opened.callback(os.close, handle)
            # the parent, the serving process, the zygote and its workers
            assert len(handles) > 3
            yield handles

    def stop(self, number=signal.SIGTERM):
        """End the server with a signal; return its exit code and what it logged."""
        self.process.send_signal(number)
        code = self.process.wait(timeout=15)
        return code, self.process.stderr.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()
        self.process.stdout.close()
        self.process.stderr.close()


@pytest.fixture(scope="module")
def server(snapshot):
    with Server(snapshot.directory) as server:
        yield server


def has_ended(handle):
    """Say whether a process ends; one that does not within seconds never will."""
    return bool(select.select([handle], [], [], 15)[0])


def request_for(query, version="1.1"):
    return (
        f"GET /sparql?query={quote(query)} HTTP/{version}\r\nHost: x\r\nConnection: close\r\n\r\n"
    ).encode()


def test_a_small_result_is_sent_whole_with_its_length(server):
    status, headers, body = server.ask(COUNT)
    assert status == 200
    assert int(headers["Content-Length"]) == len(body)


def test_a_large_result_is_streamed_to_its_announced_end(server):
    received = server.send(request_for(LARGE + " LIMIT 300"))
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert body.endswith(b"\r\n0\r\n\r\n")


def test_a_result_over_its_limit_breaks_off_without_an_end(server):
    received = server.send(request_for(LARGE))
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert len(body) > LIMITS["result_spool_bytes"]
    assert not body.endswith(b"0\r\n\r\n")


def test_a_client_notices_that_a_result_was_cut(server):
    with pytest.raises(http.client.IncompleteRead):
        server.ask(LARGE)


def test_over_http_1_0_a_result_over_its_limit_is_an_error(server):
    assert server.send(request_for(LARGE, "1.0")).startswith(b"HTTP/1.0 507")


def test_over_http_1_0_a_large_result_is_sent_with_its_length(server):
    received = server.send(request_for(LARGE + " LIMIT 300", "1.0"))
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"Content-Length: %d" % len(body) in head
    json.loads(body)


def test_a_query_of_death_in_the_address_is_a_bad_request(server):
    status, _, body = server.ask("SELECT * WHERE " + "{" * 2200 + "}" * 2200)
    assert status == 400
    assert json.loads(body)["type"].endswith("/query-syntax")


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (b"GET /?" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 20_000 + b"\r\n\r\n", b"431"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nBad Header: x\r\n\r\n", b"400"),
        (SMUGGLED, b"400"),
    ],
    ids=["long line", "long header", "TLS", "version", "header name", "smuggling"],
)
def test_what_is_no_request_gets_a_problem_document(server, lines, status):
    received = server.send(lines)
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.split()[1] == status
    assert b"application/problem+json" in head
    assert b"nosniff" in head
    assert json.loads(body)["status"] == int(status)


def test_a_body_announced_too_large_is_refused_at_once(server):
    with server.connect() as connection:
        connection.sendall(
            b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\n"
            b"Content-Length: 20000000000\r\n\r\n"
        )
        assert connection.recv(65536).startswith(b"HTTP/1.1 413")


def test_a_chunked_body_is_cut_at_the_limit(server):
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    with server.connect() as connection:
        # the server answers, and closes, before it has read everything
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(
                b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 4 + b"0\r\n\r\n"
            )
        assert connection.recv(65536).startswith(b"HTTP/1.1 413")


def test_a_file_may_be_larger_than_a_query_and_no_larger_than_files_may_be(server):
    head = (
        b"POST /api/validate?source=nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Content-Type: text/csv\r\nContent-Length: "
    )
    # the wrong parameter is told once the file is there, as little as that costs
    whole = server.send(head + b"5000000\r\n\r\n" + b"a;b\r\n" * 1_000_000)
    assert whole.startswith(b"HTTP/1.1 400")
    announced = server.send(head + b"20000000000\r\n\r\n")
    assert announced.startswith(b"HTTP/1.1 413")


def test_no_version_of_any_software_is_told(server):
    headers = server.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    name = re.search(rb"\r\nServer: ([^\r]*)", headers)
    assert name is None or not re.search(rb"\d", name[1])


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "Script-Name", "PATH_INFO", "X-Script-Name"])
def test_no_header_moves_the_site(server, name):
    received = server.send(
        f"GET /healthz HTTP/1.1\r\nHost: x\r\n{name}: /evil\r\nConnection: close\r\n\r\n".encode()
    )
    assert b"/evil" not in received
    assert b'"status":"ok"' in received.replace(b" ", b"")


def test_a_client_that_leaves_takes_its_query_with_it(server):
    with server.connect() as connection:
        connection.sendall(request_for(ENDLESS))
        assert server.is_healthy()
    # There is one worker: were it still busy, this would wait for it in vain and get a 503.
    assert server.ask(COUNT)[0] == 200


def test_a_client_that_leaves_a_stream_takes_its_query_with_it(snapshot):
    # the result begins, is larger than is kept whole, and its end is far away
    with Server(snapshot.directory, result_bytes=10**9) as server:
        with server.connect() as connection:
            connection.sendall(request_for(LARGE))
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        status, _, _ = server.ask(COUNT)
    assert status == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything_even_while_a_query_runs(snapshot, number):
    with Server(snapshot.directory) as server, server.connect() as connection:
        assert server.ask(COUNT)[0] == 200
        connection.sendall(request_for(ENDLESS))
        assert server.is_healthy()
        with server.family() as handles:
            code, log = server.stop(number)
            assert all(has_ended(handle) for handle in handles)
    assert code == 0
    assert "Traceback" not in log


def test_a_port_in_use_is_an_error():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = Settings(port=taken.getsockname()[1])
        with pytest.raises(ConfigurationError, match="in use"):
            run_server(settings, lambda: None, announce=print)


@pytest.mark.parametrize("port", [-1, 65536, 99999])
def test_a_port_that_cannot_be_is_refused_with_the_range(port):
    with pytest.raises(ConfigurationError, match=r"0 .* to 65535"):
        Settings(port=port)


def test_the_last_port_has_no_next_one(monkeypatch):
    def refused(*_):
        raise OSError(errno.EADDRINUSE, "in use")

    monkeypatch.setattr(socket.socket, "bind", refused)
    with pytest.raises(ConfigurationError, match="port 65535 is in use"):
        run_server(Settings(port=65535), lambda: None, announce=print, take_next_free_port=True)


def test_port_0_is_any_free_port(snapshot):
    with Server(snapshot.directory, port=0) as server:
        assert server.port > 0
        assert server.is_healthy()


class Pool:
    """A pool that is closed after some looks at the current snapshot."""

    def __init__(self, snapshot, looks):
        self.snapshot = snapshot
        self.looks = looks

    def wait_until_closed(self, seconds):
        if seconds:
            self.looks -= 1
        return self.looks < 0


def follow(pool, settings):
    site._follow(pool, settings, KeptSnapshots(pool, settings, lambda behind: behind))


def test_the_watcher_ends_with_the_pool_and_says_a_lasting_problem_once(snapshot, tmp_path, caplog):
    follow(Pool(snapshot, 5), Settings(var=tmp_path))
    assert len(caplog.records) == 1


def test_the_watcher_of_a_closed_pool_says_nothing(snapshot, tmp_path, caplog):
    follow(Pool(snapshot, 0), Settings(var=tmp_path))
    assert not caplog.records


def test_an_address_that_is_not_of_this_machine_is_an_error():
    with pytest.raises(ConfigurationError, match="cannot listen"):
        run_server(Settings(host="192.0.2.1"), lambda: None, announce=print)


def test_the_next_free_port_is_taken_when_asked_for(snapshot):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with Server(snapshot.directory, port=port) as server:
            assert port < server.port < port + 50
            assert server.ask(COUNT)[0] == 200


def test_a_killed_server_takes_everything_with_it(snapshot):
    with Server(snapshot.directory) as server:
        assert server.ask(COUNT)[0] == 200
        with server.family() as handles:
            server.stop(signal.SIGKILL)
            assert all(has_ended(handle) for handle in handles)


def test_two_hundred_clients_at_once_are_all_answered(server):
    """Each with a connection of its own, all open before the first is answered."""
    with contextlib.ExitStack() as opened:
        clients = [opened.enter_context(server.connect()) for _ in range(200)]
        for number, client in enumerate(clients):
            client.sendall(request_for(f"ASK {{ ?s ?p {number % 20} }}"))
        for client in clients:
            received = b""
            while part := client.recv(65536):
                received += part
            assert received.startswith((b"HTTP/1.1 200", b"HTTP/1.1 503"))
            assert not received.startswith(b"HTTP/1.1 503") or b"Retry-After: " in received


def test_a_client_that_does_not_close_its_side_keeps_nobody_waiting(server):
    with contextlib.ExitStack() as opened:
        for _ in range(10):
            idler = opened.enter_context(server.connect())
            idler.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert idler.recv(65536).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
        assert server.is_healthy()
        # gunicorn by itself would wait two seconds for each of them
        assert time.monotonic() - began < 5


def test_a_client_that_goes_on_sending_after_its_answer_is_let_go(server):
    with server.connect() as talker:
        talker.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        with suppress(OSError):
            for _ in range(1000):
                talker.sendall(b"x" * 65536)
        assert server.is_healthy()
