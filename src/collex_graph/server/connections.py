"""The serving process seen from the network: a gunicorn worker that lets no client hold it up.

One thread, the first, reads and writes all connections and waits for none of them. A request goes
to another thread when all of it is there, and its answer comes back as soon as it is made: a client
that sends by the byte, or takes by the byte, costs some memory and nobody's time. Only what is
streamed is sent by the thread that makes it; a query's stream ends at its time limit.

Plain queries go the short way (`lane`), known results without leaving the first thread. All other
requests are read by gunicorn's parser and answered by the application.
"""

from __future__ import annotations

import errno
import gc
import io
import json
import os
import queue
import re
import resource
import select
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from gunicorn.http import RequestParser, wsgi
from gunicorn.http import errors as http_errors
from gunicorn.http.body import ChunkedReader
from gunicorn.workers.base import Worker
from werkzeug.wsgi import _RangeWrapper

from collex_graph.server import lane
from collex_graph.server.public_queries import OUTCOME, client_has_gone
from collex_graph.server.runs import Run
from collex_graph.server.services import EXTENSION
from collex_graph.server.uploads import MOST_FILE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_SECONDS = 20.0
"""A request must be there whole so long after its first byte…"""

LEAST_BYTES_PER_SECOND = 500
"""…and a second later for each so many bytes of it that have come."""

STALLED_CLIENT_SECONDS = 30.0
"""A client that takes nothing of its answer for so long is let go."""

LINGERING_SECONDS = 2.0
"""How long a client may take to close its side of a connection that is over…"""

MOST_LINGERING_BYTES = 65_536
"""…and what it may still send meanwhile."""

REQUEST_LINE_BYTES = 128 * 1024
"""Longest request line. Queries travel in it, percent-encoded; longer ones are sent by POST."""

MOST_HELD_BYTES = 256_000_000
"""What all clients together may have sent of requests and not yet taken of answers."""

_MOST_HEAD_BYTES = REQUEST_LINE_BYTES + 64 * 1024
_JOINED_BYTES = 65_536  # an answer up to this leaves in one go
_FILE_BYTES = 262_144  # of a file in one go
_RECEIVED_BYTES = 65_536
_ACCEPTED_AT_ONCE = 64
_ANSWERED_IN_A_ROW = 16  # of one client's requests, before others get their turn
_MOST_DESCRIPTORS = 8_192
_SWEEP_SECONDS = 0.5
_PATIENCE_SECONDS = 0.05

_BRINGS_FILE = re.compile(rb"POST /(?:api/)?validate[? ]")
_LENGTH = re.compile(rb"\r\ncontent-length[ \t]*:(?:[ \t]*(\d{1,18})[ \t]*\r\n)?", re.IGNORECASE)
_CODED = re.compile(rb"\r\ntransfer-encoding[ \t]*:", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect[ \t]*:[ \t]*(100-continue[ \t]*\r\n)?", re.IGNORECASE)
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]{0,200}\r\n")
_LONGEST_CHUNK_LINE = 256

_Job = tuple["_Connection", bytes, bool, "lane.Asked | None"]

_REFUSED, _TOO_LARGE = -1, -2  # sizes of requests that are not waited for

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class _Head(NamedTuple):
    """What the head of a request says of the rest.

    Attributes:
        end: where it ends.
        is_coded: it announces chunks.
        length: of the body that it announces, None when what it says is no length.
        most: bytes that the body may have.
        expects: it waits for a word before it sends the body; None for a word that we do not know.
    """

    end: int
    is_coded: bool
    length: int | None
    most: int
    expects: bool | None


class _FilePart:
    """A part of an answer that is a part of a file."""

    def __init__(self, descriptor: int, offset: int, count: int) -> None:
        self.descriptor = descriptor
        self.offset = offset
        self.count = count


class _Connection:
    """One connection; it belongs to the first thread, or to the one that answers its request."""

    def __init__(self, connection: socket.socket, peer: Any, server: Any) -> None:
        self.socket = connection
        self.number = connection.fileno()
        self.peer = peer
        self.server = server
        self.events = 0  # what the poll looks for
        self.act: Callable[[_Connection], None]  # what to do then
        self.deadline: float | None = None  # by when, while it belongs to the first thread
        self.received = bytearray()
        self.began = 0.0  # when the first byte of the request came
        self.head: _Head | None = None  # of the request, once it is there
        self.searched = 0  # in `received`: no head ends before this
        self.followed = 0  # in `received`: chunks are known up to this
        self.was_encouraged = False  # with 100 Continue
        self.outgoing: deque[memoryview | _FilePart] = deque()
        self.keeps = False  # after what is outgoing, another request may come
        self.lingered_bytes = 0

    @property
    def memory_parts(self) -> list[memoryview]:
        return [part for part in self.outgoing if isinstance(part, memoryview)]

    @property
    def held_bytes(self) -> int:
        return len(self.received) + sum(map(len, self.memory_parts))

    def close(self) -> None:
        for part in self.outgoing:
            if isinstance(part, _FilePart):
                os.close(part.descriptor)
        self.outgoing.clear()
        self.socket.close()


class _Outgoing:
    """What gunicorn writes an answer to: it stands for the socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self.parts: list[memoryview | _FilePart] = []
        self.has_left = False

    def sendall(self, data: bytes) -> None:
        self.parts.append(memoryview(data))

    def sendfile(self, file: Any, offset: int, count: int) -> None:
        self.parts.append(_FilePart(os.dup(file.fileno()), offset, count))

    def flush(self) -> None:
        """Send what there is, and wait for the client to take it."""
        data = b"".join(part for part in self.parts if isinstance(part, memoryview))
        self.parts.clear()
        self.has_left = True
        self._socket.settimeout(STALLED_CLIENT_SECONDS)
        try:
            self._socket.sendall(data)
        finally:
            self._socket.setblocking(False)

    def drop(self) -> None:
        """Forget what has not left."""
        for part in self.parts:
            if isinstance(part, _FilePart):
                os.close(part.descriptor)
        self.parts.clear()


class ConnectionWorker(Worker):  # type: ignore[misc]
    """The one process that serves, beside those that run queries."""

    def init_process(self) -> None:
        """Prepare what must not be shared with the parent process, then serve."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = (
            _MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_MOST_DESCRIPTORS, hard)
        )
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        self._poll = select.epoll()
        self._connections: dict[int, _Connection] = {}
        self._jobs: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._plain_jobs: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._changing_hands = threading.RLock()
        self._plain_done = 0  # how many of these have been answered
        self._plain_seen = (0, 0.0)  # how many when, as the first thread saw it last
        self._answered: queue.SimpleQueue[_Connection] = queue.SimpleQueue()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        super().init_process()

    # --- the first thread ------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until a signal ends it."""
        self._lane: lane.Lane = self.wsgi.extensions[lane.EXTENSION]
        self._most_body_bytes = int(self.wsgi.config["MAX_CONTENT_LENGTH"])
        self._most_file_bytes = int(self.wsgi.config[MOST_FILE_BYTES])
        few: int = self.wsgi.extensions[EXTENSION].settings.query_processes
        for jobs, threads in ((self._jobs, self.cfg.threads), (self._plain_jobs, few)):
            for number in range(threads):
                name = f"answers-{number}"
                threading.Thread(target=self._work, name=name, args=(jobs,), daemon=True).start()
        self._poll.register(self._wake, select.EPOLLIN)
        self._poll.register(self.PIPE[0], select.EPOLLIN)  # where signals are noted
        listeners = {each.fileno(): (each, each.getsockname()) for each in self.sockets}
        for number, (listener, _) in listeners.items():
            listener.setblocking(False)
            self._poll.register(number, select.EPOLLIN)
        gc.collect()
        gc.freeze()  # what is there now stays: the collector need not look at it again
        swept = 0.0
        while self.alive:
            self._turn(listeners)
            now = time.monotonic()
            if now - swept > _SWEEP_SECONDS:
                swept = now
                self.notify()
                self._sweep(now)
                if self.ppid != os.getppid():
                    break
        for number in listeners:
            self._poll.unregister(number)
        self._finish()

    def _finish(self) -> None:
        """Let answers that are being made or sent end, within the grace time."""
        end = time.monotonic() + self.cfg.graceful_timeout
        # Another request may be on its way already: it is answered, and told that it is the last.
        for connection in self._connections.values():
            if connection.deadline is not None and not connection.outgoing:
                connection.deadline = min(connection.deadline, end - 1, time.monotonic() + 1)
        while self._connections and time.monotonic() < end:
            self._turn({})
            self._sweep(time.monotonic())
            self.notify()

    def _turn(self, listeners: dict[int, Any]) -> None:
        """Wait for something to happen, and do what is to be done then."""
        called, accepting = False, []
        patience = _SWEEP_SECONDS if self._plain_jobs.empty() else _PATIENCE_SECONDS
        for number, _ in self._poll.poll(patience):
            connection = self._connections.get(number)
            if connection is not None:
                self._act(connection)
            elif number in listeners:
                accepting.append(number)  # last: a new connection may get the number of an old one
            elif number == self._wake:
                called = True
            elif number == self.PIPE[0]:
                with suppress(BlockingIOError):
                    os.read(number, 4096)
        if called:
            with suppress(BlockingIOError):
                os.eventfd_read(self._wake)
            for _ in range(self._answered.qsize()):
                connection = self._answered.get()
                if self._connections.get(connection.number) is not connection:
                    continue
                connection.act = self._settle
                connection.deadline = time.monotonic() + STALLED_CLIENT_SECONDS
                self._act(connection)
        for number in accepting:
            self._accept(*listeners[number])
        if not self._plain_jobs.empty():
            self._relieve()

    def _act(self, connection: _Connection) -> None:
        """Do what a connection is about; what goes wrong there goes wrong for it alone."""
        try:
            connection.act(connection)
        except Exception:
            self.log.exception("a connection failed")
            if connection.number in self._connections and connection.deadline is not None:
                self._close(connection)

    def _relieve(self) -> None:
        """Give plain queries to more threads when those they have are all held up.

        Few threads answer many short queries best: one that is done takes the next without anybody
        having to be woken. When none of them gets on, because queries take long, each that waits
        needs a thread of its own, in which it waits for a worker as long as it may.
        """
        now = time.monotonic()
        done, since = self._plain_seen
        if done != self._plain_done:
            self._plain_seen = (self._plain_done, now)
        elif now - since >= _PATIENCE_SECONDS:
            with suppress(queue.Empty):
                while True:
                    self._jobs.put(self._plain_jobs.get_nowait())

    def _watch(self, connection: _Connection, events: int) -> None:
        if events == connection.events:
            return
        before, connection.events = connection.events, events
        if not before:
            self._poll.register(connection.number, events)
        elif not events:
            self._poll.unregister(connection.number)
        else:
            self._poll.modify(connection.number, events)

    def _sweep(self, now: float) -> None:
        """Let go of those who were silent too long, and of the greediest when memory is short."""
        with self._changing_hands:
            self._let_go(now)

    def _let_go(self, now: float) -> None:
        waiting = [each for each in self._connections.values() if each.deadline is not None]
        for connection in waiting:
            if connection.deadline is not None and connection.deadline <= now:
                if connection.received and connection.act == self._read:
                    self._refuse(connection, HTTPStatus.REQUEST_TIMEOUT)
                else:
                    self._close(connection)
        waiting = [each for each in waiting if each.number in self._connections]
        # What several take of the same body is there once.
        bodies = {id(part.obj): part.obj for each in waiting for part in each.memory_parts}
        held = sum(len(each.received) for each in waiting)
        held += sum(memoryview(body).nbytes for body in bodies.values())
        if held > MOST_HELD_BYTES:
            for connection in sorted(waiting, key=lambda each: each.held_bytes, reverse=True):
                if held > MOST_HELD_BYTES:
                    held -= connection.held_bytes
                    self._close(connection)

    def _close(self, connection: _Connection) -> None:
        with suppress(OSError):  # it may never have come to be watched
            self._watch(connection, 0)
        del self._connections[connection.number]
        connection.close()

    # --- coming ----------------------------------------------------------------------------------

    def _accept(self, listener: Any, server: Any) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                accepted, peer = listener.accept()
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    self._make_room()
                return
            accepted.setblocking(False)
            if len(self._connections) >= self.cfg.worker_connections:
                self._make_room()
            connection = _Connection(accepted, peer, server)
            self._connections[connection.number] = connection
            connection.act = self._read
            connection.deadline = time.monotonic() + FIRST_SECONDS
            self._act(connection)

    def _make_room(self) -> None:
        """Let go of whoever has kept a connection longest without asking anything."""
        with self._changing_hands:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        waiting = [each for each in self._connections.values() if each.deadline is not None]
        if waiting:
            # whoever still takes an answer goes last
            self._close(min(waiting, key=lambda each: (bool(each.outgoing), each.deadline)))

    def _read(self, connection: _Connection) -> None:
        try:
            data = connection.socket.recv(_RECEIVED_BYTES)
        except BlockingIOError:
            self._watch(connection, select.EPOLLIN)
            return
        except OSError:
            data = b""
        if not data:
            self._close(connection)
            return
        if not connection.received:
            connection.began = time.monotonic()
        connection.received += data
        self._advance(connection)

    def _advance(self, connection: _Connection) -> None:
        """Answer what has come, or wait for the rest of it."""
        for _ in range(_ANSWERED_IN_A_ROW):
            size = self._size(connection)
            if size == _TOO_LARGE:
                self._refuse(connection, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                return
            if size is None:
                allowed = FIRST_SECONDS + len(connection.received) / LEAST_BYTES_PER_SECOND
                connection.deadline = connection.began + allowed
                connection.act = self._read
                self._watch(connection, select.EPOLLIN)
                return
            asked, reply, job = self._take(connection, size)
            if asked is None or reply is None:
                self._watch(connection, 0)
                connection.deadline = None
                self._give(job)
                return
            self._hand_over(connection, *self._written(asked, reply))
            if not self._sends_all(connection):
                return
            if not connection.keeps or not connection.received:
                self._settle(connection)
                return
        # The next of its requests comes after those of others.
        self._watch(connection, 0)
        self._answered.put(connection)
        os.eventfd_write(self._wake, 1)

    def _take(
        self, connection: _Connection, size: int
    ) -> tuple[lane.Asked | None, lane.Reply | None, _Job]:
        """Take a request from what has come, and the answer where it is known."""
        is_whole = size >= 0
        request = bytes(connection.received[:size] if is_whole else connection.received)
        del connection.received[: len(request)]
        connection.head = None
        connection.searched = connection.followed = 0
        connection.was_encouraged = False
        connection.began = time.monotonic()
        asked = None
        if is_whole and size <= lane.LONGEST_BYTES and b" /sparql" in request[:14]:
            asked = self._lane.read(request)
        reply = self._lane.known(asked) if asked is not None else None
        return asked, reply, (connection, request, is_whole, asked)

    def _give(self, job: _Job) -> None:
        """Give a request to the threads."""
        jobs = self._jobs if job[-1] is None else self._plain_jobs
        if jobs is self._plain_jobs and jobs.empty():
            self._plain_seen = (self._plain_done, time.monotonic())
        jobs.put(job)

    def _size(self, connection: _Connection) -> int | None:
        """Return how many bytes the request has, None while it is not all there.

        This only finds out how long to wait; what the bytes mean is for gunicorn's parser to say,
        which finds too few or too many of them where it does not agree, and then the connection is
        not used again. Requests that will be refused need not be whole: `_REFUSED` by the parser or
        the application, `_TOO_LARGE` here, because no length was announced.
        """
        received = connection.received
        head = connection.head
        if head is None:
            end = received.find(b"\r\n\r\n", max(0, connection.searched - 3))
            if end < 0:
                is_wrong = received.find(b"\n\n", max(0, connection.searched - 1)) >= 0
                connection.searched = len(received)
                return _REFUSED if is_wrong or len(received) > _MOST_HEAD_BYTES else None
            head = connection.head = self._read_head(bytes(received[: end + 4]))
        if head.length is None:
            return _REFUSED
        if head.is_coded:
            size = self._end_of_chunks(connection, head.end, head.most)
        else:
            size = head.end + head.length
        if size is not None and size <= len(received):
            return size
        if head.expects is None or (size or 0) - head.end > head.most:
            return _REFUSED
        if head.expects and not connection.was_encouraged:
            connection.was_encouraged = True
            with suppress(OSError):
                connection.socket.send(_CONTINUE)
        return None

    def _read_head(self, head: bytes) -> _Head:
        """Read a head, once for each request: it may be long, and the rest may come by the byte."""
        length = _LENGTH.search(head)
        expects = _EXPECTS.search(head)
        return _Head(
            end=len(head),
            is_coded=bool(_CODED.search(head)),
            length=(int(length[1]) if length[1] else None) if length else 0,
            most=self._most_file_bytes if _BRINGS_FILE.match(head) else self._most_body_bytes,
            expects=(b" HTTP/1.1\r\n" in head if expects[1] else None) if expects else False,
        )

    def _end_of_chunks(self, connection: _Connection, start: int, most: int) -> int | None:
        """Return where a chunked body ends, as `_size` does."""
        received = connection.received
        place = connection.followed or start
        while place <= start + most:
            connection.followed = place
            chunk = _CHUNK.match(received, place)
            if chunk is None:
                line = received[place : place + _LONGEST_CHUNK_LINE]
                return None if len(line) < _LONGEST_CHUNK_LINE and b"\n" not in line else _REFUSED
            if int(chunk[1], 16) == 0:  # the last one; trailers may follow
                end = received.find(b"\r\n\r\n", chunk.end() - 2)
                if end >= 0:
                    return end + 4
                return _REFUSED if len(received) - place > _RECEIVED_BYTES else None
            place = chunk.end() + int(chunk[1], 16) + 2
            if len(received) < place <= start + most:
                return None
        return _TOO_LARGE

    # --- going -----------------------------------------------------------------------------------

    def _written(self, asked: lane.Asked, reply: lane.Reply) -> tuple[list[Any], bool]:
        keeps = asked.keeps_connection and self.alive
        head = reply.head(keeps_connection=keeps)
        if len(reply.body) <= _JOINED_BYTES:
            return [memoryview(head + reply.body)], keeps
        return [memoryview(head), memoryview(reply.body)], keeps

    @staticmethod
    def _hand_over(connection: _Connection, parts: list[Any], keeps: bool) -> None:
        connection.outgoing.extend(parts)
        connection.keeps = keeps

    def _settle(self, connection: _Connection) -> None:
        """Send what is to be sent; then wait for the next request, or part."""
        if not self._sends_all(connection):
            return
        if not connection.keeps:
            self._linger(connection)
        elif connection.received:
            self._advance(connection)
        else:
            self._await_next(connection)

    def _sends_all(self, connection: _Connection) -> bool:
        """Send what is to be sent; False when the client must take some first, or has gone."""
        try:
            if self._send(connection):
                return True
        except OSError:
            self._close(connection)
            return False
        connection.deadline = time.monotonic() + STALLED_CLIENT_SECONDS
        connection.act = self._settle
        self._watch(connection, select.EPOLLOUT)
        return False

    def _await_next(self, connection: _Connection) -> None:
        with self._changing_hands:
            connection.act = self._read
            connection.deadline = time.monotonic() + self.cfg.keepalive
            self._watch(connection, select.EPOLLIN)

    @staticmethod
    def _send(connection: _Connection) -> bool:
        """Send without waiting; say whether all is sent."""
        outgoing = connection.outgoing
        while outgoing:
            part = outgoing[0]
            try:
                if isinstance(part, memoryview):
                    sent = connection.socket.send(part)
                    if sent < len(part):
                        outgoing[0] = part[sent:]
                        continue
                else:
                    count = min(part.count, _FILE_BYTES)
                    sent = os.sendfile(connection.number, part.descriptor, part.offset, count)
                    if not sent and count:
                        raise OSError(errno.EIO, "the file has become shorter")
                    part.offset += sent
                    part.count -= sent
                    if part.count:
                        return False  # others come in between
                    os.close(part.descriptor)
            except BlockingIOError:
                return False
            outgoing.popleft()
        return True

    def _linger(self, connection: _Connection) -> None:
        """Begin to part with a client.

        RFC 9112, section 9.6: say that nothing more comes, then read until the client has closed
        too, or an answer that is still on its way could be lost with what it sent last.
        """
        try:
            connection.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(connection)
            return
        connection.deadline = time.monotonic() + LINGERING_SECONDS
        connection.act = self._drain
        self._watch(connection, select.EPOLLIN)

    def _drain(self, connection: _Connection) -> None:
        try:
            count = len(connection.socket.recv(_RECEIVED_BYTES))
        except BlockingIOError:
            return
        except OSError:
            count = 0
        connection.lingered_bytes += count
        if not count or connection.lingered_bytes > MOST_LINGERING_BYTES:
            self._close(connection)

    def _refuse(self, connection: _Connection, status: HTTPStatus) -> None:
        connection.received.clear()
        self._hand_over(connection, [memoryview(_problem(status))], False)
        self._settle(connection)

    # --- the other threads -----------------------------------------------------------------------

    def _work(self, jobs: queue.SimpleQueue[Any]) -> None:
        """Answer one request after another: the body of each thread but the first."""
        while True:
            connection, request, is_whole, asked = jobs.get()
            parts: list[Any] = []
            keeps = False
            try:
                parts, keeps = self._answer(connection, request, is_whole, asked)
            except Exception:
                self.log.exception("a request failed outside the application")
            if jobs is self._plain_jobs:
                self._plain_done += 1
            self._hand_over(connection, parts, keeps)
            try:
                is_over = not self._send(connection) or not keeps or connection.received
                if not is_over and self.alive:
                    self._await_next(connection)  # from here on it is the first thread's again
                    continue
            except OSError:
                connection.keeps = False
            self._answered.put(connection)
            os.eventfd_write(self._wake, 1)

    def _answer(
        self,
        connection: _Connection,
        request: bytes,
        is_whole: bool,
        asked: lane.Asked | None,
    ) -> tuple[list[Any], bool]:
        """Return what is left to send, and whether another request may follow."""
        outcome: Run | Exception | None = None
        if asked is not None:
            answered = self._lane.answer(
                asked, peer=connection.peer[0], has_gone=client_has_gone(connection.socket)
            )
            if isinstance(answered, lane.Reply):
                return self._written(asked, answered)
            outcome = answered
        outgoing = _Outgoing(connection.socket)
        keeps = False
        # In pieces: the parser copies what it holds each time that a part of it is read.
        pieces = (
            request[start : start + _RECEIVED_BYTES]
            for start in range(0, len(request), _RECEIVED_BYTES)
        )
        try:
            parser = RequestParser(self.cfg, pieces, connection.peer)
            message = next(parser)
            if not is_whole:
                message.force_close()
            message._expected_100_continue = False
            keeps = self._respond(message, connection, outgoing, outcome, is_whole=is_whole)
            # What the parser and we do not agree on is no beginning of another request.
            keeps = keeps and parser.finish_body() and not parser.unreader.read()
        except (http_errors.NoMoreData, StopIteration):
            self._write_problem(outgoing, HTTPStatus.BAD_REQUEST)
        except OSError:
            outgoing.drop()  # the client has left, or is to see that its answer breaks off
        except Exception as error:
            status = _status_of(error)
            if status is None:
                self.log.exception("a request failed outside the application")
                status = HTTPStatus.INTERNAL_SERVER_ERROR
            self._write_problem(outgoing, status)
        finally:
            if isinstance(outcome, Run):
                outcome.end()
        return outgoing.parts, keeps

    def _respond(
        self,
        message: Any,
        connection: _Connection,
        outgoing: _Outgoing,
        outcome: object,
        *,
        is_whole: bool,
    ) -> bool:
        """Have the application answer; say whether the connection may go on."""
        response, environ = wsgi.create(
            message, outgoing, connection.peer, connection.server, self.cfg
        )
        environ["gunicorn.socket"] = connection.socket
        environ["wsgi.multithread"] = True
        if outcome is not None:
            environ[OUTCOME] = outcome
        if isinstance(message.body.reader, ChunkedReader):
            # What is wrong with its chunks is no fault of the application, which is not asked.
            environ["wsgi.input"] = io.BytesIO(message.body.read())
        elif not is_whole and "CONTENT_LENGTH" in environ:
            # The application is to see that a body is cut, and not take it for the whole.
            del environ["wsgi.input_terminated"]
        if not self.alive:
            response.force_close()
        body = self.wsgi(environ, response.start_response)
        try:
            file = body
            if isinstance(body, _RangeWrapper):  # a part of a file, as a rule
                file = body.iterable
                if isinstance(file, environ["wsgi.file_wrapper"]):
                    file.filelike.seek(body.start_byte)
            if isinstance(file, environ["wsgi.file_wrapper"]):
                response.write_file(file)
            else:
                # What has a length is in memory already, and need not wait here for its client.
                is_stream = response.response_length is None
                for part in body:
                    response.write(part)
                    if is_stream:
                        outgoing.flush()
            response.close()
        finally:
            if hasattr(body, "close"):
                body.close()
        return not response.should_close()

    @staticmethod
    def _write_problem(outgoing: _Outgoing, status: HTTPStatus) -> None:
        """Answer with a problem, unless an answer has begun: then it breaks off."""
        outgoing.drop()
        if not outgoing.has_left:
            outgoing.sendall(_problem(status))


def _problem(status: HTTPStatus) -> bytes:
    """Return the answer to what is no request, as the rest of the site writes it."""
    document = {"type": "about:blank", "title": status.phrase, "status": status.value}
    body = json.dumps(document).encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        "Content-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "Cache-Control: no-store\r\n"
        "Access-Control-Allow-Origin: *\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode("latin-1") + body


def _status_of(error: Exception) -> HTTPStatus | None:
    """Return the status for a request that HTTP itself forbids, None when the fault is ours."""
    if isinstance(error, http_errors.InvalidResponseHeader | http_errors.InvalidResponseHeaderName):
        return None
    if isinstance(error, http_errors.LimitRequestLine):
        return HTTPStatus.REQUEST_URI_TOO_LONG
    if isinstance(error, http_errors.LimitRequestHeaders):
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    if isinstance(error, http_errors.UnsupportedTransferCoding):
        return HTTPStatus.NOT_IMPLEMENTED
    if isinstance(error, http_errors.ExpectationFailed):
        return HTTPStatus.EXPECTATION_FAILED
    return HTTPStatus.BAD_REQUEST if isinstance(error, http_errors.ParseException) else None
