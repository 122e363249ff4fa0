"""The only place that opens a store to write: loads named graphs, derives, materialises, dumps."""

from __future__ import annotations

import gzip
import hashlib
from typing import TYPE_CHECKING

from pyoxigraph import DefaultGraph, NamedNode, Quad, QuerySolutions, QueryTriples, RdfFormat, Store

from collex_graph.rdf.namespaces import prefixes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

_LOADED_AT_ONCE = 200_000
"""Quads handed to the store in one bulk load."""


class StoreBuilder:
    """A store under construction.

    Args:
        directory: where the store is written; must not exist or be empty.
        base_iri: what relative IRIs of vocabularies and derivations are resolved against.
    """

    def __init__(self, directory: Path, base_iri: str) -> None:
        self._store = Store(str(directory))
        self._base_iri = base_iri

    def load_lines(self, path: Path, ranges: Iterable[tuple[int, int]] | None = None) -> None:
        """Load N-Quads from a file, all of it or only some byte ranges.

        Args:
            path: an N-Quads file.
            ranges: (offset, length) in bytes, each holding whole lines; None means everything.
        """
        if ranges is None:
            self._store.bulk_load(path=str(path), format=RdfFormat.N_QUADS)
            return
        chunk = bytearray()
        with path.open("rb") as lines:
            for offset, length in ranges:
                lines.seek(offset)
                chunk += lines.read(length)
                if len(chunk) > 64 << 20:
                    self._store.bulk_load(bytes(chunk), RdfFormat.N_QUADS)
                    chunk.clear()
        self._store.bulk_load(bytes(chunk), RdfFormat.N_QUADS)

    def load_quads(self, quads: Iterable[Quad]) -> int:
        """Load quads from a stream; return how many were given."""
        count = 0
        chunk: list[Quad] = []
        for quad in quads:
            chunk.append(quad)
            if len(chunk) >= _LOADED_AT_ONCE:
                self._store.bulk_extend(chunk)
                count += len(chunk)
                chunk = []
        self._store.bulk_extend(chunk)
        return count + len(chunk)

    def load_turtle(self, path: Path, graph: str) -> None:
        """Load a Turtle file of ours into a named graph, relative IRIs against the base."""
        self._store.bulk_load(
            path=str(path),
            format=RdfFormat.TURTLE,
            base_iri=self._base_iri,
            to_graph=NamedNode(graph),
        )

    def derive(self, construct: str, graph: str) -> int:
        """Run a CONSTRUCT over all named graphs and put what it says into a graph.

        Args:
            construct: the query, without prefixes; relative IRIs are resolved against the base.
            graph: the graph that receives the triples.

        Returns:
            How many distinct triples it produced.
        """
        triples = self._store.query(
            construct,
            base_iri=self._base_iri,
            prefixes=prefixes(),
            use_default_graph_as_union=True,
        )
        if not isinstance(triples, QueryTriples):
            raise TypeError("a derivation is a CONSTRUCT query")
        target = NamedNode(graph)
        quads = {Quad(t.subject, t.predicate, t.object, target) for t in triples}
        self._store.bulk_extend(quads)
        return len(quads)

    def select(self, query: str) -> list[dict[str, str]]:
        """Run a SELECT on the materialised default graph; return its rows as plain values."""
        solutions = self._store.query(query, base_iri=self._base_iri, prefixes=prefixes())
        if not isinstance(solutions, QuerySolutions):
            raise TypeError("a statistic is a SELECT query")
        names = [variable.value for variable in solutions.variables]
        return [
            {name: row[name].value for name in names if row[name] is not None} for row in solutions
        ]

    def is_described(self, iri: str) -> bool:
        """Say whether any named graph says something about an IRI."""
        found = self._store.quads_for_pattern(NamedNode(iri), None, None, None)
        return next(iter(found), None) is not None

    def quads(self, is_wanted: Callable[[str], bool] = lambda _: True) -> Iterator[Quad]:
        """Yield the quads of the named graphs whose IRI is wanted."""
        for graph in list(self._store.named_graphs()):
            if isinstance(graph, NamedNode) and is_wanted(graph.value):
                yield from self._store.quads_for_pattern(None, None, None, graph)

    def materialise_default_graph(self, is_data: Callable[[str], bool]) -> int:
        """Load each distinct triple of the data graphs once into the default graph.

        Oxigraph's union of named graphs returns a triple once for each graph that holds it, so
        counts over a union would lie.

        Returns:
            How many distinct triples the default graph holds.
        """
        default = DefaultGraph()
        self.load_quads(
            Quad(quad.subject, quad.predicate, quad.object, default) for quad in self.quads(is_data)
        )
        return sum(1 for _ in self._store.quads_for_pattern(None, None, None, default))

    def write_turtle(self, path: Path, graph: str) -> None:
        """Write one named graph as Turtle."""
        self._store.dump(
            str(path),
            format=RdfFormat.TURTLE,
            from_graph=NamedNode(graph),
            prefixes=prefixes(),
        )

    def write_dump(self, path: Path) -> tuple[int, str, int]:
        """Write the named graphs as sorted, gzipped N-Quads, byte for byte the same each time.

        Returns:
            Quads written, SHA-256 of the file, its size in bytes.
        """
        count = 0
        graphs = sorted(g.value for g in self._store.named_graphs() if isinstance(g, NamedNode))
        with (
            path.open("wb") as raw,
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as dump,
        ):
            for graph in graphs:
                lines = sorted(
                    f"{quad} .\n"
                    for quad in self._store.quads_for_pattern(None, None, None, NamedNode(graph))
                )
                dump.write("".join(lines).encode())
                count += len(lines)
        digest = hashlib.sha256()
        with path.open("rb") as written:
            while part := written.read(1 << 20):
                digest.update(part)
        return count, digest.hexdigest(), path.stat().st_size

    def finish(self) -> None:
        """Order the store for reading (three to eleven times faster joins), flush it, close it.

        Nothing can be asked of the builder afterwards: a reader must never open a folder that a
        writer still holds.
        """
        self._store.optimize()
        self._store.flush()
        del self._store
