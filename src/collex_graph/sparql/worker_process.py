"""The processes behind the pool: a zygote, and the workers it forks.

Run as ``python -m collex_graph.sparql.worker_process FD``, in an interpreter that holds neither
Flask nor a thread: a fork of the serving process would copy locks that other threads hold. The
zygote holds the graph in memory (then workers share its pages until they touch them) or leaves the
store to each worker to open; it forks a worker when the pool asks, and tells the pool how one
died. It opens no disk store itself, because RocksDB's threads do not survive a fork.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import logging
import os
import re
import signal
import socket
import sys
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from pyoxigraph import (
    Literal,
    NamedNode,
    QueryResultsFormat,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Store,
    serialize,
)

from collex_graph.errors import UnwritableResultError
from collex_graph.rdf.formats import (
    GEOJSON,
    GRAPH_FORMATS,
    JSON_LD,
    N_TRIPLES,
    RESULT_FORMATS,
    ROW_FORMATS,
    XLSX,
    Format,
    compact_json_ld,
)
from collex_graph.rdf.namespaces import expand, prefixes
from collex_graph.sparql.forking import next_question
from collex_graph.sparql.frames import (
    DATA,
    DATA_BYTES,
    HEADER,
    READY,
    Ending,
    Outcome,
    Question,
    frame,
)
from collex_graph.sparql.geojson import write_geojson
from collex_graph.sparql.sandbox import (
    die_with_parent,
    forbid_system_calls,
    limit_memory,
    resident_bytes,
    return_free_memory,
)
from collex_graph.sparql.shortcuts import Shortcuts
from collex_graph.sparql.spreadsheet import write_spreadsheet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyoxigraph import QueryBoolean, Triple

_LOG = logging.getLogger(__name__)

STACK_BYTES = 256 << 20
"""Oxigraph's parser and optimiser recurse: with this, chains at the policy's limit survive."""

JSON_LD_COMPACTION_BYTES = 2_000_000
"""Expanded JSON-LD up to this size is compacted, at about a second a megabyte; beyond, it is sent
as it is, which is the same graph."""

TRIPLES_READ_FOR_PREFIXES = 10_000
"""A graph of up to so many triples declares only the prefixes it uses."""

RETIRE_GROWTH_BYTES = 128 << 20
"""A worker that keeps so much more memory than at its start asks to be replaced."""

_EXITS_REMEMBERED = 1024
_UNWRITTEN_DATATYPES = frozenset({expand("xsd:string"), expand("rdf:langString")})
_SYNTAX_ERROR = re.compile(r"error at (\d+):(\d+): (.*)", re.DOTALL)


@dataclass(frozen=True)
class WorkerConfiguration:
    """What the zygote is told at its start.

    Attributes:
        store: folder of the Oxigraph store.
        snapshot: folder of the snapshot, whose counts and indexes shorten queries.
        in_memory: whether the zygote loads the graph and workers inherit it.
        base_iri: what relative IRIs of queries are resolved against.
        memory_bytes: what a query may use beyond the loaded graph.
        result_bytes: the largest result.
        warm: load at the start what only some queries need, so that no client waits for it.
    """

    store: str
    snapshot: str
    in_memory: bool
    base_iri: str
    memory_bytes: int
    result_bytes: int
    warm: bool = False

    def pack(self) -> bytes:
        """Return the packet."""
        return json.dumps(vars(self)).encode()


# --- the worker ----------------------------------------------------------------------------------


class _ResultLimitError(Exception):
    """The result has reached its limit."""


class _FrontGoneError(Exception):
    """Nobody reads the result any more."""


class FrameWriter(io.RawIOBase):
    """The file that a result is written to: it leaves in frames, the last one with the ending.

    Args:
        connection: the socket to the serving process.
        limit_bytes: the largest result.
    """

    def __init__(self, connection: socket.socket, limit_bytes: int) -> None:
        super().__init__()
        self._connection = connection
        self._limit_bytes = limit_bytes
        self._parts: list[bytes] = []
        self._waiting_bytes = 0
        self._total_bytes = 0
        self.over_limit = False

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, part: Any) -> int:
        """Take a part of the result."""
        taken = bytes(part)
        self._total_bytes += len(taken)
        if self._total_bytes > self._limit_bytes:
            self.over_limit = True
            raise _ResultLimitError
        self._parts.append(taken)
        self._waiting_bytes += len(taken)
        if self._waiting_bytes >= DATA_BYTES:
            self._send(self._take_waiting())
        return len(taken)

    def end(self, ending: Ending) -> None:
        """Send what is left and the ending, in one go; after an error nothing but the ending."""
        waiting = self._take_waiting()
        self._send((waiting if ending.outcome is Outcome.COMPLETE else b"") + ending.pack())

    def _take_waiting(self) -> bytes:
        if not self._parts:
            return b""
        waiting = HEADER.pack(DATA, self._waiting_bytes) + b"".join(self._parts)
        self._parts.clear()
        self._waiting_bytes = 0
        return waiting

    def _send(self, data: bytes) -> None:
        try:
            self._connection.sendall(data)
        except OSError as error:
            raise _FrontGoneError from error


def write_result(
    result: QuerySolutions | QueryBoolean | QueryTriples, written_as: Format, output: io.RawIOBase
) -> None:
    """Write a query's result in a format of its family."""
    if isinstance(result, QuerySolutions) and written_as is GEOJSON:
        write_geojson(result, output)
    elif isinstance(result, QuerySolutions) and written_as is XLSX:
        write_spreadsheet(result, output)
    elif not isinstance(result, QueryTriples):
        assert isinstance(written_as.oxigraph, QueryResultsFormat)
        result.serialize(output, format=written_as.oxigraph)  # type: ignore[arg-type]
    elif written_as is JSON_LD:
        _write_json_ld(result, output)
    elif written_as is N_TRIPLES:  # which has no prefixes, so that no triple need be looked at
        result.serialize(output, format=RdfFormat.N_TRIPLES)  # type: ignore[arg-type]
    else:
        assert isinstance(written_as.oxigraph, RdfFormat)
        first = list(islice(result, TRIPLES_READ_FOR_PREFIXES))
        declared = prefixes()
        if len(first) < TRIPLES_READ_FOR_PREFIXES:
            declared = _prefixes_used(first)
        serialize(
            chain(first, result),
            output,  # type: ignore[arg-type]
            written_as.oxigraph,
            prefixes=declared,
        )


def _prefixes_used(triples: Iterable[Triple]) -> dict[str, str]:
    iris: set[str] = set()
    for triple in triples:
        for term in triple:
            if isinstance(term, NamedNode):
                iris.add(term.value)
            elif isinstance(term, Literal) and term.datatype.value not in _UNWRITTEN_DATATYPES:
                iris.add(term.datatype.value)
    used = {iri[: max(iri.rfind("#"), iri.rfind("/")) + 1] for iri in iris}
    return {prefix: namespace for prefix, namespace in prefixes().items() if namespace in used}


def _write_json_ld(triples: QueryTriples, output: io.RawIOBase) -> None:
    expanded = _Spool(output, JSON_LD_COMPACTION_BYTES)
    triples.serialize(expanded, format=RdfFormat.JSON_LD)  # type: ignore[arg-type]
    if expanded.kept is not None:
        output.write(compact_json_ld(b"".join(expanded.kept)))


class _Spool(io.RawIOBase):
    """Keeps what is written until it exceeds a size; from then on passes everything through."""

    def __init__(self, output: io.RawIOBase, most_bytes: int) -> None:
        super().__init__()
        self._output = output
        self._left_bytes = most_bytes
        self.kept: list[bytes] | None = []

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        taken = bytes(part)
        if self.kept is None:
            self._output.write(taken)
            return len(taken)
        self.kept.append(taken)
        self._left_bytes -= len(taken)
        if self._left_bytes < 0:
            kept, self.kept = self.kept, None
            self._output.write(b"".join(kept))
        return len(taken)


class Worker:
    """Answers one query after another, until its connection closes or it is killed."""

    def __init__(
        self,
        connection: socket.socket,
        configuration: WorkerConfiguration,
        store: Store | None,
        shortcuts: Shortcuts,
    ) -> None:
        self._connection = connection
        self._shortcuts = shortcuts
        self._configuration = configuration
        self._store = Store.read_only(configuration.store) if store is None else store
        self._nothing = Store()

    def serve(self) -> None:
        """Shut oneself in, then answer."""
        # The first query allocates what every query needs; it does not count as a query's memory.
        bool(self._store.query("ASK { ?s ?p ?o }"))
        limit_memory(self._configuration.memory_bytes)
        unprotected = forbid_system_calls()
        resident_at_start = resident_bytes()
        self._connection.sendall(frame(READY, (unprotected or "").encode()))
        incoming = self._connection.makefile("rb", 65_536)
        while header := incoming.read(HEADER.size):
            _, length = HEADER.unpack(header)
            writer = FrameWriter(self._connection, self._configuration.result_bytes)
            ending = self._answer(Question.unpack(incoming.read(length)), writer)
            if resident_bytes() - resident_at_start > RETIRE_GROWTH_BYTES:
                return_free_memory()
                if resident_bytes() - resident_at_start > RETIRE_GROWTH_BYTES:
                    ending = replace(ending, retire=True)
            writer.end(ending)

    def _answer(self, question: Question, writer: FrameWriter) -> Ending:
        try:
            self._evaluate(question, writer)
        except _FrontGoneError:
            raise
        except SyntaxError as error:
            return _syntax_ending(str(error))
        except UnwritableResultError as error:
            return Ending(Outcome.UNWRITABLE, str(error))
        except MemoryError:
            return Ending(Outcome.MEMORY, retire=True)
        except PermissionError as error:
            return Ending(Outcome.REFUSED, str(error))
        except (RuntimeError, ValueError) as error:
            return Ending(Outcome.UNEVALUABLE, str(error))
        # Rust's panics arrive as BaseException; a worker lives on only if it has said its ending.
        except BaseException as error:
            if writer.over_limit:
                return Ending(Outcome.RESULT_LIMIT)
            return Ending(Outcome.FAILED, f"{type(error).__name__}: {error}", retire=True)
        return Ending(Outcome.COMPLETE)

    def _evaluate(self, question: Question, writer: FrameWriter) -> None:
        default_graphs: list[Any] | None = None
        named_graphs: list[Any] | None = None
        if question.default_graphs is not None:
            default_graphs = [NamedNode(iri) for iri in question.default_graphs]
        if question.named_graphs is not None:
            named_graphs = [NamedNode(iri) for iri in question.named_graphs]
        # Only to be parsed: nothing in the store is looked at, whatever the query asks for.
        store = self._store if question.format else self._nothing
        base_iri = self._configuration.base_iri
        result = None
        if question.format and default_graphs is None and named_graphs is None:
            short = self._shortcuts.rewritten(question.text)
            if short != question.text:
                with contextlib.suppress(SyntaxError):  # then it is told of the text as asked
                    result = store.query(short, base_iri=base_iri)
        if result is None:
            result = store.query(
                question.text,
                base_iri=base_iri,
                default_graph=default_graphs,
                named_graphs=named_graphs,
            )
        if not question.format:
            return
        rows = (*RESULT_FORMATS, *ROW_FORMATS)
        offered = GRAPH_FORMATS if isinstance(result, QueryTriples) else rows
        written_as = next(offer for offer in offered if offer.name == question.format)
        write_result(result, written_as, writer)


def _syntax_ending(message: str) -> Ending:
    place = _SYNTAX_ERROR.fullmatch(message)
    if place is None:
        return Ending(Outcome.SYNTAX, message)
    line, column, problem = place.groups()
    return Ending(Outcome.SYNTAX, problem, int(line), int(column))


def _run_worker(
    connection: socket.socket,
    configuration: WorkerConfiguration,
    store: Store | None,
    shortcuts: Shortcuts,
    parent: int,
) -> NoReturn:
    """Be a worker, in a thread because only a thread's stack can be made large."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    die_with_parent(parent)

    def serve() -> None:
        code = 1
        try:
            Worker(connection, configuration, store, shortcuts).serve()
            code = 0
        except _FrontGoneError:
            code = 0
        except OSError as error:
            _LOG.error("a query worker ends: %s", error)
        finally:
            os._exit(code)

    threading.stack_size(STACK_BYTES)
    thread = threading.Thread(target=serve, name="query")
    thread.start()
    thread.join()
    os._exit(1)


# --- the zygote ----------------------------------------------------------------------------------


def load_in_memory(path: str) -> Store:
    """Copy a store on disk into memory.

    Another process reads the disk, so that no thread of RocksDB is left in this one.

    Raises:
        OSError: when the store cannot be read.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reading)
            with os.fdopen(writing, "wb", 1 << 16) as output:
                Store.read_only(path).dump(output, RdfFormat.N_QUADS)
            code = 0
        except OSError as error:
            _LOG.error("the store cannot be read: %s", error)
        finally:
            os._exit(code)
    os.close(writing)
    store = Store()
    with os.fdopen(reading, "rb", 1 << 16) as quads:
        store.bulk_load(quads, RdfFormat.N_QUADS)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0:
        raise OSError(f"the store {path} cannot be read")
    return store


class Zygote:
    """Forks workers on demand and knows how each of them died."""

    def __init__(self, control: socket.socket, parent: int) -> None:
        self._control = control
        self._parent = parent
        self._exits: OrderedDict[int, int] = OrderedDict()
        self._store: Store | None = None
        self._shortcuts: Shortcuts | None = None
        self._configuration: WorkerConfiguration | None = None

    def run(self) -> None:
        """Start, then serve the pool until it goes."""
        packet, _ = self._receive()
        self._configuration = WorkerConfiguration(**json.loads(packet))
        try:
            if self._configuration.in_memory:
                self._store = load_in_memory(self._configuration.store)
            self._shortcuts = Shortcuts(Path(self._configuration.snapshot))
            # Workers inherit what is done here, so that none of them has to do it for a client.
            prefixes()
            if self._configuration.warm:
                compact_json_ld(b"[]")
        except (OSError, SyntaxError, ValueError) as error:
            self._reply({"error": str(error)})
            return
        return_free_memory()
        gc.collect()
        gc.freeze()  # the collector of a worker must not touch, and so copy, pages of the graph
        signal.signal(signal.SIGCHLD, lambda *_: self._reap())
        self._reply({})
        while True:
            packet, descriptors = self._receive()
            request = json.loads(packet)
            if request["do"] == "fork":
                self._fork(socket.socket(fileno=descriptors[0]))
            else:
                self._tell_exit(int(request["pid"]))

    def _receive(self) -> tuple[bytes, list[int]]:
        """Wait for the pool, and end when it has gone."""
        question, descriptors = next_question(self._control, self._parent)
        if not question:
            os._exit(0)
        return question, descriptors

    def _reply(self, answer: dict[str, Any], descriptors: tuple[int, ...] = ()) -> None:
        try:
            socket.send_fds(self._control, [json.dumps(answer).encode()], descriptors)
        except OSError:
            os._exit(0)

    def _fork(self, connection: socket.socket) -> None:
        assert self._configuration is not None
        assert self._shortcuts is not None
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            connection.close()
            self._reply({"error": str(error)})
            return
        if pid == 0:
            self._control.close()
            _run_worker(connection, self._configuration, self._store, self._shortcuts, parent)
        connection.close()
        try:
            descriptor = os.pidfd_open(pid)
        except OSError as error:  # it died at once and was reaped
            self._reply({"error": str(error)})
            return
        self._reply({"pid": pid}, (descriptor,))
        os.close(descriptor)

    def _reap(self) -> None:
        """Note how children ended; the handler of SIGCHLD, so no zombie stays."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._exits[pid] = os.waitstatus_to_exitcode(status)
            if len(self._exits) > _EXITS_REMEMBERED:
                self._exits.popitem(last=False)

    def _tell_exit(self, pid: int) -> None:
        """Reply how a worker ended: -6 for signal 6; nothing when it is not known (yet)."""
        self._reap()
        code = self._exits.pop(pid, None)
        self._reply({} if code is None else {"code": code})


def main(arguments: list[str]) -> None:
    """Be the zygote; the arguments are the control socket's number and the pool's process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Zygote(socket.socket(fileno=int(arguments[0])), int(arguments[1])).run()


if __name__ == "__main__":
    main(sys.argv[1:])
