"""No client holds the others up, whatever it sends, however slowly it sends or takes."""

import contextlib
import errno
import http.client
import os
import queue
import select
import socket
import threading
import time
from urllib.parse import quote

import pytest
from gunicorn.config import Config
from tests.server.test_serving import COUNT, ENDLESS, Server, request_for
from werkzeug.utils import send_file
from werkzeug.wrappers import Request, Response

from collex_graph.resources import resource_dir
from collex_graph.server import connections
from collex_graph.server.connections import ConnectionWorker, _Connection

MORE_THAN_THREADS = 40
POSTED = b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\n"
FORM = (
    b"POST /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: x\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n"
)
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
LONG = "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f } LIMIT 5000"


@pytest.fixture(scope="module")
def server(snapshot):
    """Few threads, so that few clients would be enough to occupy them all."""
    with Server(snapshot.directory, query_queue=1, result_spool_bytes=8_000_000,
                result_bytes=8_000_000) as server:  # fmt: skip
        yield server


def connect_all(opened, server, number=MORE_THAN_THREADS, **options):
    return [opened.enter_context(server.connect(**options)) for _ in range(number)]


def read_answers(connection, count):
    """Read so many answers from one connection."""
    answers = []
    with connection.makefile("rb") as file:
        for _ in range(count):
            head = [file.readline()]
            while (line := file.readline()) not in (b"\r\n", b""):
                head.append(line)
            lengths = [line.split(b":")[1] for line in head if line.startswith(b"Content-Length")]
            answers.append((head[0].split()[1], file.read(int(lengths[0]) if lengths else 0)))
    return answers


@pytest.mark.parametrize(
    "beginning",
    [
        b"G",
        b"GET /sparql?query=ASK HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        POSTED + b"Content-Length: 1000\r\n\r\nASK",
        POSTED + b"Transfer-Encoding: chunked\r\n\r\n3\r\nASK\r\n",
        b"",
    ],
    ids=["first byte", "header", "body", "chunk", "nothing"],
)
def test_clients_that_send_by_the_byte_hold_nobody_up(server, beginning):
    with contextlib.ExitStack() as opened:
        clients = connect_all(opened, server)
        for client in clients:
            client.sendall(beginning)
        assert server.is_healthy()
        assert server.ask(COUNT)[0] == 200


def test_clients_that_take_nothing_hold_nobody_up(server):
    with contextlib.ExitStack() as opened:
        whole = server.ask(LONG)[2]
        for _ in range(MORE_THAN_THREADS):
            client = opened.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", server.port))
            client.sendall(request_for(LONG))
        assert server.is_healthy()
        assert server.ask(COUNT)[0] == 200
        # who takes it late gets all of it all the same
        received = b""
        while part := client.recv(1 << 20):
            received += part
        assert received.endswith(whole)


def test_a_query_that_takes_long_keeps_no_other_request_waiting(server):
    with server.connect() as patient:
        patient.sendall(request_for(ENDLESS))
        # there is one worker, and one thread for plain queries
        assert server.ask("SELEKT")[0] == 400
        assert not select.select([patient], [], [], 0)[0]


def test_clients_that_wait_for_the_same_result_hold_nobody_up(server):
    with contextlib.ExitStack() as opened:
        clients = connect_all(opened, server)
        for client in clients:
            client.sendall(request_for(ENDLESS))
        assert server.is_healthy()
        told = select.select(clients, [], [], 0)[0]
        assert len(told) < len(clients)
        assert {client.recv(65536).split()[1] for client in told} <= {b"503"}


def test_requests_in_one_go_are_answered_in_their_order(server):
    asked = f"GET /sparql?query={quote(COUNT)} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    body = COUNT.encode()
    posted = POSTED + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    with server.connect() as connection:
        connection.sendall(asked + HEALTH + posted + asked)
        answers = read_answers(connection, 4)
    assert [status for status, _ in answers] == [b"200"] * 4
    assert answers[0][1] == answers[2][1] == answers[3][1]
    assert b"snapshot" in answers[1][1]


def test_hundreds_of_requests_in_one_go_are_answered(server):
    asked = f"GET /sparql?query={quote(COUNT)} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    assert server.ask(COUNT)[0] == 200
    with server.connect() as connection:
        connection.sendall(asked * 600)
        answers = read_answers(connection, 600)
    assert {status for status, _ in answers} == {b"200"}


def test_a_request_that_comes_in_pieces_is_one_request(server):
    body = COUNT.encode()
    pieces = [
        POSTED[:24], POSTED[24:], b"Transfer-Encoding: chunked\r\n\r", b"\n5", b"\r\n" + body[:5],
        b"\r\n", b"%x\r\n%s\r\n0\r" % (len(body) - 5, body[5:]), b"\n\r\n" + HEALTH,
    ]  # fmt: skip
    with server.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
        assert [status for status, _ in read_answers(connection, 2)] == [b"200", b"200"]


def test_a_body_that_waits_to_be_wanted_is_wanted(server):
    body = COUNT.encode()
    with server.connect() as connection:
        connection.sendall(
            POSTED + b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(body)
        )
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("received", "status"),
    [
        (b"GET / HTTP/1.1\nHost: x\n\n", b"400"),
        (POSTED + b"Expect: wonders\r\nContent-Length: 9\r\n\r\n", b"417"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na", b"400"),
        (FORM + b"Content-Length: +%d\r\n\r\n%s" % (len(HEALTH), HEALTH), b"400"),
        (FORM + b"Content-Length: 3, 3\r\n\r\n" + HEALTH, b"400"),
        (FORM + b"Content-Length: %020d\r\n\r\n%s" % (len(HEALTH), HEALTH), b"200"),
        (HEALTH[:-2] + b"Content-Length: %020d\r\n\r\n%s" % (len(HEALTH), HEALTH), b"200"),
        (b"\r\n\r\n", b"400"),
    ],
    ids=["line ends", "expectation", "coding", "two lengths", "no length", "sign", "list",
         "long length", "long length that nobody reads", "nothing"],
)  # fmt: skip
def test_what_cannot_be_told_apart_begins_no_other_request(server, received, status):
    answer = server.send(received)
    assert answer.split()[1] == status
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Transfer-Encoding: chunked", b"zz\r\nx\r\n0\r\n\r\n"),
        (b"Transfer-Encoding : chunked", b"zz\r\nx\r\n0\r\n\r\n"),
        (b"Transfer-Encoding: chunked", b"6;a\nb\r\nASK {}\r\n0\r\n\r\n"),
        (b"Transfer-Encoding: chunked", b"6;\x01\r\nASK {}\r\n0\r\n\r\n"),
        (b"Transfer-Encoding: chunked", b"6\r\nASK {}0\r\n\r\n"),
        (b"Transfer-Encoding: chunked", b"6\r\nASK {}\r\n0\r\nContent-Length: 5\r\n\r\n"),
    ],
)
def test_chunks_that_are_none_begin_no_other_request(server, framing, body):
    answer = server.send(POSTED + framing + b"\r\n\r\n" + body + HEALTH)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith(b"HTTP/1.1 400")


def test_a_file_is_sent_whole(server):
    path = next((resource_dir("web") / "static" / "css").glob("*.css"))
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    with contextlib.closing(client):
        for method, body in (("GET", path.read_bytes()), ("HEAD", b""), ("GET", path.read_bytes())):
            client.request(method, f"/static/css/{path.name}")
            with client.getresponse() as answer:
                assert answer.status == 200
                assert int(answer.headers["Content-Length"]) == path.stat().st_size
                assert answer.read() == body


# --- what time decides, without letting it pass --------------------------------------------------


class Log:
    def __init__(self):
        self.exceptions = 0

    def exception(self, _):
        self.exceptions += 1


class Settings:
    keepalive = 5
    worker_connections = 3


@pytest.fixture
def worker():
    """A worker without threads, an application or a parent."""
    worker = ConnectionWorker.__new__(ConnectionWorker)
    worker.cfg = Settings()
    worker.alive = True
    worker.log = Log()
    worker._poll = select.epoll()
    worker._connections = {}
    worker._jobs = queue.SimpleQueue()
    worker._changing_hands = threading.RLock()
    worker._most_body_bytes = 1000
    yield worker
    for connection in worker._connections.values():
        connection.close()
    worker._poll.close()


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def connect(worker, listener, sent=b""):
    client = socket.create_connection(listener.getsockname())
    client.settimeout(30)
    client.sendall(sent)
    before = set(worker._connections)
    deadline = time.monotonic() + 30
    while not (new := set(worker._connections) - before) and time.monotonic() < deadline:
        worker._accept(listener, listener.getsockname())
    connection = worker._connections[new.pop()]
    while len(connection.received) < len(sent) and time.monotonic() < deadline:
        worker._read(connection)
    return client, connection


def test_a_request_that_does_not_end_is_told_that_its_time_is_over(worker, listener):
    client, connection = connect(worker, listener, b"GET /")
    with client:
        worker._sweep(connection.deadline - 0.001)
        assert not connection.outgoing
        worker._sweep(connection.deadline)
        assert client.recv(1000).startswith(b"HTTP/1.1 408")


def test_a_request_has_more_time_the_more_of_it_has_come(worker, listener):
    first, few = connect(worker, listener, b"GET /")
    second, many = connect(worker, listener, b"GET /" + b"x" * 100_000)
    with first, second:
        assert few.deadline - few.began < connections.FIRST_SECONDS + 1
        assert many.deadline - many.began > connections.FIRST_SECONDS + 100


def test_who_says_nothing_is_let_go_without_a_word(worker, listener):
    client, connection = connect(worker, listener)
    with client:
        worker._sweep(connection.deadline)
        assert client.recv(1000) == b""
        assert not worker._connections


def test_a_new_client_takes_the_place_of_the_one_that_was_silent_longest(worker, listener):
    with contextlib.ExitStack() as opened:
        clients = [opened.enter_context(connect(worker, listener, b"G")[0]) for _ in range(4)]
        assert len(worker._connections) == Settings.worker_connections
        assert clients[0].recv(1000) == b""
        assert {each.peer for each in worker._connections.values()} == {
            client.getsockname() for client in clients[1:]
        }


def test_who_keeps_most_memory_busy_goes_first(worker, listener, monkeypatch):
    monkeypatch.setattr(connections, "MOST_HELD_BYTES", 3000)
    small, _ = connect(worker, listener, b"GET /" + b"x" * 1000)
    large, _ = connect(worker, listener, b"GET /" + b"x" * 5000)
    with small, large:
        worker._sweep(0.0)
        assert [each.peer for each in worker._connections.values()] == [small.getsockname()]


def test_a_body_that_many_take_is_counted_once(worker, listener, monkeypatch):
    monkeypatch.setattr(connections, "MOST_HELD_BYTES", 6000)
    body, other = bytes(2000), bytes(3000)
    with contextlib.ExitStack() as opened:
        found = [connect(worker, listener, b"G") for _ in range(3)]
        for client, connection in found:
            opened.enter_context(client)
            connection.outgoing.append(memoryview(body)[500:])
        found[0][1].outgoing.append(memoryview(other))
        worker._sweep(0.0)
        assert len(worker._connections) == 3
        found[1][1].outgoing.append(memoryview(bytes(2000)))
        worker._sweep(0.0)
        assert found[0][0].recv(1000) == b""
        assert len(worker._connections) == 2


def test_without_descriptors_the_oldest_silent_client_goes(worker, listener):
    class Full:
        def accept(self):
            raise OSError(errno.EMFILE, "too many open files")

    client, _ = connect(worker, listener)
    with client:
        worker._accept(Full(), None)
        assert not worker._connections


def test_what_fails_for_one_connection_ends_that_one_alone(worker, listener):
    def fail(_):
        raise ValueError

    with contextlib.ExitStack() as opened:
        first, broken = connect(worker, listener)
        second, _ = connect(worker, listener)
        opened.enter_context(first)
        opened.enter_context(second)
        broken.act = fail
        worker._act(broken)
        assert [each.peer for each in worker._connections.values()] == [second.getsockname()]


def test_without_descriptors_even_a_client_that_takes_its_answer_goes(worker, listener):
    taking_client, taking = connect(worker, listener)
    silent_client, _ = connect(worker, listener)
    with taking_client, silent_client:
        taking.outgoing.append(memoryview(b"x"))
        worker._make_room()
        assert list(worker._connections.values()) == [taking]
        worker._make_room()
        assert not worker._connections


def test_a_connection_that_could_not_be_watched_can_be_closed(worker, listener):
    client, connection = connect(worker, listener)
    with client:
        worker._watch(connection, 0)
        connection.events = select.EPOLLIN
        worker._close(connection)
        assert not worker._connections


@pytest.fixture
def answer(worker):
    """A function that has an application answer a request: the parts, and whether it goes on."""
    ours, theirs = socket.socketpair()
    worker.cfg = Config()

    def answer(application, received, *, is_whole=True):
        worker.wsgi = Request.application(application)
        connection = _Connection(ours, ("127.0.0.1", 1), ("127.0.0.1", 2))
        return worker._answer(connection, received, is_whole, None)

    with ours, theirs:
        yield answer


def echo(request):
    return Response(request.get_data())


def test_a_body_of_many_pieces_is_one_body(answer):
    body = bytes(range(256)) * 1000
    received = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    parts, keeps = answer(echo, received)
    assert b"".join(parts).endswith(b"\r\n\r\n" + body)
    assert keeps
    assert not answer(echo, received + b"x" * 100_000)[1]


def test_a_body_that_was_cut_is_not_taken_for_the_whole(answer):
    received = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\ncut"
    parts, keeps = answer(echo, received, is_whole=False)
    assert bytes(parts[0]).startswith(b"HTTP/1.1 400")
    assert not keeps


def test_a_header_of_ours_that_is_none_is_our_fault(worker, answer):
    parts, keeps = answer(
        lambda _: Response(headers={"X-Broken": "\x01"}), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    assert bytes(parts[0]).startswith(b"HTTP/1.1 500")
    assert not keeps
    assert worker.log.exceptions == 1


def test_a_part_of_a_file_is_sent_from_the_file(answer, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(100))
    received = b"GET / HTTP/1.1\r\nHost: x\r\nRange: bytes=10-29\r\n\r\n"
    (head, part), keeps = answer(
        lambda request: send_file(path, request.environ, conditional=True), received
    )
    assert bytes(head).startswith(b"HTTP/1.1 206")
    assert (part.offset, part.count, keeps) == (10, 20, True)
    os.close(part.descriptor)


@pytest.mark.parametrize(
    ("received", "size"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n", None),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET", 27),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", None),
        (b"POST / HTTP/1.1\r\ncontent-length:3\r\n\r\nabcd", 40),
        (b"POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", -1),
        (b"POST / HTTP/1.1\r\nContent-Length: 0000000000000000003\r\n\r\nabc", -1),
        (b"POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\nabc", -1),
        (b"POST / HTTP/1.1\r\nContent-Length:\r\n\r\n", -1),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", None),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n0\r\n\r\nG", 63),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n", 58),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 300, -1),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3e0\r\n" + b"x" * 900, None),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", -2),
    ],
)
def test_a_request_is_known_to_be_whole(worker, received, size):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = _Connection(ours, None, None)
        for end in range(1, len(received) + 1):
            connection.received = bytearray(received[:end])
            found = worker._size(connection)
            if found is not None:
                break
        assert found == size
        if size is not None and size > 0:
            assert end == size
