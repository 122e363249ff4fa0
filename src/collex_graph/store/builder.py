"""The only place that opens a store to write.

A store holds *members* (`Member`): files of N-Quads lines, each quad in its named graph and, where
the graph is data, its triple once in the default graph. `StoreBuilder.replace` brings the store
from the members of one kind that it holds to others: it loads what is new, or, where members went,
only what differs. So a store made anew and one made from a copy of an earlier one hold the same.

How to load was measured on 2,055,202 quads of a table (2 cores, CPU seconds, peak memory):

===================================================  ======  =======
one `bulk_load` from a file (batches of a million)   23.3 s  1534 MB
`bulk_load` of chunks of whole lines, 128 MB         21.6 s   742 MB
the same, 64 MB                                      23.0 s   393 MB
the same, 8 MB                                       23.4 s   111 MB
`bulk_extend` of parsed quads (a quarter of them)     5.3 s   482 MB
`bulk_load` from a file (the same quarter)            5.3 s   483 MB
… told that the lines are valid (the same quarter)    4.9 s   483 MB
named and default graph in one stream (the same)     10.5 s  1226 MB
named graphs, then the default graph (the same)       7.4 s   484 MB
===================================================  ======  =======

Sorted lines load no faster than others: keys are hashes. Once loaded the store is put in order
(`StoreBuilder.put_in_order`), before it is asked anything: joins are three to eleven times faster
than straight after a bulk load. Reading the quads back from the store to
write a dump or the default graph costs 6 s a million, so both are made from the lines.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyoxigraph import (
    DefaultGraph,
    NamedNode,
    Quad,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Store,
    parse,
)

from collex_graph.rdf.namespaces import prefixes
from collex_graph.store.lines import LinesFile, difference, merged, read_chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from pyoxigraph import Triple

_LOADED_AT_ONCE = 8 << 20
"""Bytes of lines handed to the store in one bulk load."""
_FEW_BYTES = 1 << 18
"""Up to here a transaction costs less than a bulk load, which makes a file of its own."""
_GRAPHS_CUT_ONE_BY_ONE = 16
_MOST_NOTED = 400_000
"""Lines of changes kept in memory, about 250 bytes each; with more, nobody knows what changed."""
_OUT_OF_ORDER = 0.1
"""Share of changed quads from which a store is worth putting in order."""
_GRAPH_TERM = re.compile(rb" <([^<>]*)> \.\n")


@dataclass(frozen=True)
class Member:
    """Lines that a snapshot is made of.

    Attributes:
        lines: the file.
        graphs: the named graphs that they are in.
        aligned: the subjects of accepted alignments that a source speaks of in them.
    """

    lines: LinesFile
    graphs: frozenset[str]
    aligned: frozenset[str] = frozenset()


class StoreBuilder:
    """A store under construction.

    Args:
        directory: where the store is written; must not exist. Files that are needed for a while
            stand beside it.
        base_iri: what relative IRIs of derivations are resolved against.
        is_data: which named graphs the default graph is made of.
        copy_of: a finished store to start from, which stays as it is; its files are shared (hard
            links) until they change.
        held: what the copied store holds, by kind.
        statements: how many the copied store must hold.
        unordered: quads of it that changed since it was put in order.

    Attributes:
        unordered: quads that changed since the store was put in order.

    Raises:
        ValueError: when the store to copy is damaged, or not what it was; says why.
    """

    def __init__(
        self,
        directory: Path,
        base_iri: str,
        is_data: Callable[[str], bool],
        *,
        copy_of: Path | None = None,
        held: dict[str, list[LinesFile]] | None = None,
        statements: int | None = None,
        unordered: int = 0,
    ) -> None:
        if copy_of is None:
            self.store = Store(str(directory))
        else:
            self.store = _copy(copy_of, directory, statements)
        self.unordered = unordered
        self._scratch = directory.parent
        self._base_iri = base_iri
        self._is_data = is_data
        self._held: dict[str, list[LinesFile]] = held or {}
        # N-Triples line of the default graph → how many more data graphs state it than did
        self._noted: Counter[bytes] | None = None if copy_of is None else Counter()

    def replace(self, kind: str, members: Sequence[Member]) -> None:
        """Make the store hold these members of a kind instead of those that it holds."""
        held = {file.digest: file for file in self._held.get(kind, ())}
        wanted = {member.lines.digest: member for member in members}
        gone = [file for digest, file in held.items() if digest not in wanted]
        come = [member for digest, member in wanted.items() if digest not in held]
        if gone:
            self._change(
                difference(
                    merged((file.path for file in gone), self._scratch),
                    merged((member.lines.path for member in come), self._scratch),
                )
            )
        else:
            for member in come:
                self.unordered += member.lines.count
            self._load(come)
        self._held[kind] = [member.lines for member in wanted.values()]

    def load_data(self, lines: bytes, graph: str) -> None:
        """Load lines of one data graph that belong to no member yet."""
        triples = _without_graphs(lines, frozenset({graph}))
        _load(self.store, lines, RdfFormat.N_QUADS)
        _load(self.store, triples, RdfFormat.N_TRIPLES)
        self._note(triples)

    def take_changes(self) -> list[Triple] | None:
        """Return what came to the default graph or went from it since this was last asked.

        Returns:
            The triples, and perhaps some that stayed; None where too many changed, or where the
            store was made anew.
        """
        noted, self._noted = self._noted, Counter()
        if noted is None:
            return None
        lines = b"".join(line for line, more in noted.items() if more)
        return [quad.triple for quad in parse(lines, RdfFormat.N_TRIPLES, lenient=True)]

    def _note(self, triples: bytes, more: int = 1) -> None:
        """Note lines of the default graph that one more data graph states, or one less."""
        if self._noted is None:
            return
        for line in triples.splitlines(keepends=True):
            self._noted[line] += more
        if len(self._noted) > _MOST_NOTED:
            self._noted = None

    def adopt(self, kind: str, member: Member) -> None:
        """Take note that all lines of a member are in the store already."""
        self._held[kind] = [member.lines]
        self.unordered += member.lines.count

    def held(self, kind: str) -> list[LinesFile]:
        """Return the members of a kind that the store holds, in their order."""
        return list(self._held.get(kind, ()))

    def quads(self) -> int:
        """Return how many quads the named graphs hold."""
        return sum(file.count for files in self._held.values() for file in files)

    def _load(self, members: Sequence[Member]) -> None:
        named, default = (
            _Batches(self.store, RdfFormat.N_QUADS),
            _Batches(self.store, RdfFormat.N_TRIPLES),
        )
        for member in members:
            data = frozenset(graph for graph in member.graphs if self._is_data(graph))
            mixed = data and data != member.graphs
            for chunk in read_chunks(member.lines.path):
                named.add(chunk)
                if data:
                    stated = _only(chunk, data) if mixed else chunk
                    triples = _without_graphs(stated, data)
                    default.add(triples)
                    self._note(triples)
        named.finish()
        default.finish()

    def _change(self, lines: Iterable[tuple[bytes, bool]]) -> None:
        removed: list[bytes] = []
        named, default = (
            _Batches(self.store, RdfFormat.N_QUADS),
            _Batches(self.store, RdfFormat.N_TRIPLES),
        )
        for line, is_new in lines:
            self.unordered += 1
            graph = _graph_of(line)
            triple = _without_graphs(line, frozenset({graph})) if self._is_data(graph) else b""
            self._note(triple, 1 if is_new else -1)
            if is_new:
                named.add(line)
                default.add(triple)
            else:
                removed.append(line)
        named.finish()
        quads = [next(parse(line, RdfFormat.N_QUADS)) for line in removed]
        for quad in quads:
            self.store.remove(quad)
        everywhere = DefaultGraph()
        for quad in quads:
            # the default graph loses a triple only when no other data graph holds it
            if not self._is_stated(quad):
                self.store.remove(Quad(quad.subject, quad.predicate, quad.object, everywhere))
        # last, because what one line says may be a triple that another line took away
        default.finish()

    def _is_stated(self, quad: Quad) -> bool:
        others = self.store.quads_for_pattern(quad.subject, quad.predicate, quad.object, None)
        return any(
            isinstance(other.graph_name, NamedNode) and self._is_data(other.graph_name.value)
            for other in others
        )

    def construct(self, query: str, graph: str) -> list[bytes]:
        """Run a CONSTRUCT on the default graph.

        Args:
            query: without prefixes; relative IRIs are resolved against the base.
            graph: the graph that the lines name.

        Returns:
            The distinct triples as sorted N-Quads lines.
        """
        triples = self.store.query(query, base_iri=self._base_iri, prefixes=prefixes())
        if not isinstance(triples, QueryTriples):
            raise TypeError("a derivation is a CONSTRUCT query")
        return sorted({f"{triple} <{graph}> .\n".encode() for triple in triples})

    def select(self, query: str) -> list[dict[str, str]]:
        """Run a SELECT on the default graph; return its rows as plain values."""
        solutions = self.store.query(query, base_iri=self._base_iri, prefixes=prefixes())
        if not isinstance(solutions, QuerySolutions):
            raise TypeError("a statistic is a SELECT query")
        names = [variable.value for variable in solutions.variables]
        return [
            {name: row[name].value for name in names if row[name] is not None} for row in solutions
        ]

    def is_described(self, iri: str) -> bool:
        """Say whether any graph says something about an IRI."""
        found = self.store.quads_for_pattern(NamedNode(iri), None, None, None)
        return next(iter(found), None) is not None

    def write_turtle(self, path: Path, graph: str) -> None:
        """Write one named graph as Turtle."""
        self.store.dump(
            str(path),
            format=RdfFormat.TURTLE,
            from_graph=NamedNode(graph),
            prefixes=prefixes(),
        )

    def count(self) -> int:
        """Return how many statements the store holds, those of the default graph included."""
        return len(self.store)

    def put_in_order(self) -> None:
        """Order the whole store for reading, unless little of it changed since that was done."""
        if self.unordered > _OUT_OF_ORDER * self.quads():
            self.store.optimize()
            self.unordered = 0

    def finish(self) -> None:
        """Flush the store and close it.

        Nothing can be asked of the builder afterwards: a reader must never open a folder that a
        writer still holds.
        """
        self.store.flush()
        del self.store


def _copy(store: Path, directory: Path, statements: int | None) -> Store:
    """Open a copy of a store; Oxigraph says in RuntimeError or OSError that it is damaged."""
    try:
        Store.read_only(str(store)).backup(str(directory))
        copied = Store(str(directory))
        # a file that is missing or cut short may be found only when it is read
        count = len(copied)
    except (RuntimeError, OSError) as error:
        raise ValueError(f"the former store is damaged: {error}") from None
    if statements not in {None, count}:
        raise ValueError("the former store is not what it was")
    return copied


class _Batches:
    """Hands lines to a store in batches: each bulk load has a fixed cost."""

    def __init__(self, store: Store, form: RdfFormat) -> None:
        self._store = store
        self._form = form
        self._lines = bytearray()

    def add(self, lines: bytes) -> None:
        self._lines += lines
        if len(self._lines) > _LOADED_AT_ONCE:
            self.finish()

    def finish(self) -> None:
        if self._lines:
            _load(self._store, bytes(self._lines), self._form)
            self._lines.clear()


def _load(store: Store, lines: bytes, form: RdfFormat) -> None:
    load = store.load if len(lines) < _FEW_BYTES else store.bulk_load
    # lenient: the mapping engine has checked each term (or the store wrote it itself)
    load(lines, form, lenient=True)


def _graph_of(line: bytes) -> str:
    return line[line.rindex(b" <") + 2 : -4].decode()


def _only(lines: bytes, graphs: frozenset[str]) -> bytes:
    return b"".join(line for line in lines.splitlines(keepends=True) if _graph_of(line) in graphs)


def _without_graphs(lines: bytes, graphs: frozenset[str]) -> bytes:
    """Cut the graph term off N-Quads lines: no text of a literal ends with a line feed."""
    if len(graphs) > _GRAPHS_CUT_ONE_BY_ONE:
        return _GRAPH_TERM.sub(b" .\n", lines)
    for graph in graphs:
        lines = lines.replace(f" <{graph}> .\n".encode(), b" .\n")
    return lines
