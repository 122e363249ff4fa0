"""Writes a snapshot for another engine: its named graphs, and its default graph, as N-Quads.

Engines differ in what their default graph is (none, or the union of all graphs, which counts a
statement once per graph that makes it). So the default graph, where each distinct statement stands
once, can be written as a named graph, which every engine can be asked as its default graph.
"""

from __future__ import annotations

import gzip
import io
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import pyoxigraph as ox
from isal import igzip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collex_graph.model import Snapshot

_LEVEL = 2


def export_snapshot(snapshot: Snapshot, target: Path, *, default_graph: str = "") -> int:
    """Write a snapshot's statements; the file is there when it is whole, or not at all.

    Args:
        snapshot: what to write.
        target: the file; gzipped where its name ends with ``.gz``.
        default_graph: IRI of the named graph to write the default graph into; empty: its
            statements stay without a graph, as N-Quads has it for a default graph.

    Returns:
        How many bytes of N-Quads were written, before compression.
    """
    with _whole(target) as output:
        size = 0
        with gzip.open(snapshot.directory / "dataset.nq.gz") as dump:
            while part := dump.read(1 << 20):
                size += output.write(part)
        graph = _WithGraph(output, default_graph)
        store = ox.Store.read_only(str(snapshot.directory / "store"))
        store.dump(graph, ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())  # type: ignore[arg-type]
        graph.finish()
    return size + graph.size_bytes


@contextmanager
def _whole(target: Path) -> Iterator[BinaryIO]:
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as plain:
            if target.name.endswith(".gz"):
                with igzip.IGzipFile(  # type: ignore[no-untyped-call]
                    filename="", mode="wb", fileobj=plain, compresslevel=_LEVEL, mtime=0
                ) as packed:
                    yield cast("BinaryIO", packed)
            else:
                yield plain
        beside.chmod(0o644)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


class _WithGraph(io.RawIOBase):
    """Gives each line of N-Triples a graph: the last two bytes of a line are ``.`` and its end."""

    def __init__(self, output: BinaryIO, graph: str) -> None:
        super().__init__()
        self._output = output
        self._ending = f" {ox.NamedNode(graph)} .\n".encode() if graph else b" .\n"
        self._rest = b""
        self.size_bytes = 0

    def writable(self) -> bool:
        return True

    def write(self, part: object) -> int:
        taken = bytes(part)  # type: ignore[call-overload]
        lines = (self._rest + taken).split(b" .\n")
        self._rest = lines.pop()
        if lines:
            written = self._ending.join([*lines, b""])
            self._output.write(written)
            self.size_bytes += len(written)
        return len(taken)

    def finish(self) -> None:
        """Say whether everything was lines.

        Raises:
            ValueError: when the last line has no end.
        """
        if self._rest:
            raise ValueError(f"the last line has no end: {self._rest[:80]!r}")
