"""Files of distinct N-Quads lines in the order of their bytes, gzipped: what a snapshot is made of.

Sorted lines can be told apart, merged and compared as streams, in constant memory. The bytes of a
file depend on its lines alone, so that equal digests mean equal statements, and several files one
after the other are again a gzip file (RFC 1952, section 2.2).
"""

from __future__ import annotations

import hashlib
import io
from bisect import bisect_right
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from operator import ne
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from isal import igzip, isal_zlib

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

_LEVEL = 2
"""Of ISA-L: a tenth of zlib's time at its level 3, for files no larger (19 : 1 on N-Quads)."""
_GZIP = 31
"""A gzip wrapper around the largest window, as zlib numbers them."""
_RUN_BYTES = 12 << 20
"""Lines sorted at once in memory: most files of a source give fewer."""
_CHUNK_BYTES = 1 << 20
_BYTES_FOR_ONE = 2048
"""Bytes of sorted lines that are sorted again in the time that finding a place in them takes."""
_OPEN_AT_ONCE = 200
"""Files merged at once; a process may open 1,024 as a rule."""


@dataclass(frozen=True)
class LinesFile:
    """One finished file.

    Attributes:
        path: where it is.
        count: its lines, that is, quads.
        digest: SHA-256 of its bytes, hexadecimal. ISA-L may pack the same lines otherwise on
            another kind of processor, so equal digests mean equal lines, and unequal ones mean
            nothing where the files were made on two machines.
    """

    path: Path
    count: int
    digest: str


class LinesWriter:
    """Sorts lines given in any order and writes each once.

    Args:
        path: the file to write; runs that do not fit in memory stand beside it until the end.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._blocks: list[bytes] = []
        self._size = 0
        self._runs: list[Path] = []

    def add(self, lines: bytes) -> None:
        """Take some lines, each with its line feed."""
        self._blocks.append(lines)
        self._size += len(lines)
        if self._size > _RUN_BYTES:
            self._spill()

    def leave(self) -> None:
        """Put everything on disk, so that nothing is lost when the writer goes to a process."""
        if self._blocks:
            self._spill()

    def take_over(self, other: LinesWriter) -> None:
        """Take what another writer left, one of another path."""
        self._runs += other._runs

    def finish(self) -> LinesFile:
        """Write the file; the writer takes nothing more."""
        if not self._runs:
            return write_lines(self._path, [self._sorted()])
        self.leave()
        with ExitStack() as stack:
            runs = [stack.enter_context(run.open("rb")) for run in self._runs]
            parts = [iter(partial(_whole_lines, run), b"") for run in runs]
            found = write_lines(self._path, map(b"".join, _stretches(parts)))
        for run in self._runs:
            run.unlink()
        return found

    def _sorted(self) -> bytes:
        whole = b"".join(self._blocks)
        self._blocks.clear()
        self._size = 0
        lines = whole.splitlines(keepends=True)
        del whole
        lines.sort()
        return b"".join(_each_once(lines))

    def _spill(self) -> None:
        run = self._path.with_name(f"{self._path.name}.run-{len(self._runs)}")
        run.write_bytes(self._sorted())
        self._runs.append(run)


def compressor() -> Any:
    """Return what makes a gzip stream, without name and time: equal lines give equal bytes."""
    return isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP)


@contextmanager
def gzip_writer(path: Path) -> Iterator[BinaryIO]:
    """Open a gzip file to write many small pieces; equal pieces give equal bytes."""
    with path.open("wb") as file:
        packed = igzip.IGzipFile("", "wb", _LEVEL, file, mtime=0)  # type: ignore[no-untyped-call]
        with packed, io.BufferedWriter(packed, _CHUNK_BYTES) as pieces:
            yield pieces


def write_lines(path: Path, lines: Iterable[bytes]) -> LinesFile:
    """Write lines that are sorted and distinct already, given one by one or many together."""
    squeeze = compressor()
    digest = hashlib.sha256()
    count = 0
    with path.open("wb") as file:

        def write(packed: bytes) -> None:
            digest.update(packed)
            file.write(packed)

        for piece in _of_one_size(lines):
            count += piece.count(b"\n")
            write(squeeze.compress(piece))
        write(squeeze.flush())
    return LinesFile(path, count, digest.hexdigest())


def _of_one_size(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut bytes anew: how they are packed depends on the pieces that the compressor is given."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= _CHUNK_BYTES:
            whole = b"".join(waiting)
            cut = size - size % _CHUNK_BYTES
            for start in range(0, cut, _CHUNK_BYTES):
                yield whole[start : start + _CHUNK_BYTES]
            waiting = [whole[cut:]]
            size -= cut
    if size:
        yield b"".join(waiting)


def read_chunks(path: Path, size_bytes: int = _CHUNK_BYTES) -> Iterator[bytes]:
    """Yield the lines of a file in chunks of whole lines, of about the size given.

    Raises:
        EOFError: when the file is cut short.
        OSError: when it is damaged.
    """
    with path.open("rb") as file:
        stretch = isal_zlib.decompressobj(_GZIP)
        parts: list[bytes] = []
        size = 0
        while packed := file.read(_CHUNK_BYTES // 8):
            while packed:
                try:
                    plain = stretch.decompress(packed)
                except isal_zlib.error as error:  # type: ignore[misc] # a stub calls it a value
                    raise OSError(f"{path} is damaged ({error})") from None
                packed = b""
                if stretch.eof and stretch.unused_data:
                    packed, stretch = stretch.unused_data, isal_zlib.decompressobj(_GZIP)
                parts.append(plain)
                size += len(plain)
                if size >= size_bytes:
                    whole = b"".join(parts) if len(parts) > 1 else parts[0]
                    end = whole.rfind(b"\n") + 1
                    if end:
                        yield whole[:end]
                    parts, size = [whole[end:]], len(whole) - end
        left = b"".join(parts)
        if not stretch.eof or (left and not left.endswith(b"\n")):
            raise EOFError(f"{path} is cut short")
        if left:
            yield left


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file, each with its line feed."""
    for chunk in read_chunks(path):
        yield from chunk.splitlines(keepends=True)


def merged(paths: Iterable[Path], scratch: Path) -> Iterator[bytes]:
    """Yield the distinct lines of several files, sorted.

    Many files are merged in rounds, for a process may open only so many at once.

    Args:
        paths: the files.
        scratch: a folder where the files of such rounds may stand for a while.
    """
    pending = list(paths)
    with ExitStack() as stack:
        if len(pending) > _OPEN_AT_ONCE:
            folder = Path(stack.enter_context(TemporaryDirectory(dir=scratch)))
            while len(pending) > _OPEN_AT_ONCE:
                some, pending = pending[:_OPEN_AT_ONCE], pending[_OPEN_AT_ONCE:]
                lines = map(b"".join, _stretches(map(read_chunks, some)))
                pending.append(write_lines(folder / f"{len(pending)}.nq.gz", lines).path)
        yield from chain.from_iterable(_stretches(map(read_chunks, pending)))


def with_others(chunks: Iterable[bytes], others: Iterator[bytes]) -> Iterator[bytes]:
    r"""Put other lines in their places among sorted ones, each line once.

    Args:
        chunks: sorted lines, many together.
        others: lines in the same order.

    >>> list(with_others([b"a\n", b"c\nd\n"], iter([b"b\n", b"d\n", b"e\n"])))
    [b'a\n', b'b\nc\nd\n', b'e\n']
    """
    other = next(others, None)
    for chunk in chunks:
        last = chunk[chunk.rfind(b"\n", 0, -1) + 1 :]
        here: list[bytes] = []
        while other is not None and other <= last:
            here.append(other)
            other = next(others, None)
        if len(here) * _BYTES_FOR_ONE > len(chunk):
            yield b"".join(_each_once(sorted(chunk.splitlines(keepends=True) + here)))
        elif here:
            yield _with_few(chunk, here)
        else:
            yield chunk
    if other is not None:
        yield other
        yield from others


def _with_few(chunk: bytes, others: Iterable[bytes]) -> bytes:
    """Put lines in their places, without looking at all those that are there."""
    parts: list[bytes] = []
    done = 0
    for other in others:
        low, high = done, len(chunk)
        while low < high:
            middle = (low + high) // 2
            start = chunk.rfind(b"\n", low, middle) + 1 or low
            end = chunk.index(b"\n", middle) + 1
            if chunk[start:end] < other:
                low = end
            else:
                high = start
        parts.append(chunk[done:low])
        if not chunk.startswith(other, low):
            parts.append(other)
        done = low
    parts.append(chunk[done:])
    return b"".join(parts)


def difference(old: Iterator[bytes], new: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Compare two sorted streams of distinct lines.

    Yields:
        Each line that only one of them has, with whether it is new.

    >>> list(difference(iter([b"a", b"b"]), iter([b"b", b"c"])))
    [(b'a', False), (b'c', True)]
    """
    here, there = next(old, None), next(new, None)
    while here is not None or there is not None:
        if here == there:
            here, there = next(old, None), next(new, None)
        elif there is None or (here is not None and here < there):
            assert here is not None
            yield here, False
            here = next(old, None)
        else:
            yield there, True
            there = next(new, None)


def _whole_lines(run: BinaryIO) -> bytes:
    """Read a little more, up to the end of a line."""
    return run.read(_CHUNK_BYTES // 4) + run.readline()


def _stretches(parts: Iterable[Iterator[bytes]]) -> Iterator[Iterable[bytes]]:
    """Yield the distinct lines of sorted parts in stretches, each part read a little at a time.

    Each part holds a line once, and gives its lines many together.

    A stretch ends with the least of the last lines at hand, so that no part can hold an earlier
    line that was not read yet. Sorting a stretch is many times faster than taking the least line of
    all parts one by one.
    """
    sources = list(parts)
    waiting: list[list[bytes]] = [[] for _ in sources]
    ended = [False] * len(sources)
    while True:
        for place, part in enumerate(sources):
            if not waiting[place] and not ended[place]:
                waiting[place] = next(part, b"").splitlines(keepends=True)
                ended[place] = not waiting[place]
        lasts = [lines[-1] for lines in waiting if lines]
        if not lasts:
            return
        bound = min(lasts)
        stretch: list[bytes] = []
        for lines in waiting:
            end = bisect_right(lines, bound)
            stretch += lines[:end]
            del lines[:end]
        stretch.sort()
        yield _each_once(stretch)


def _each_once(lines: list[bytes]) -> Iterable[bytes]:
    """Return sorted lines without those that are there twice, which most have none of."""
    if all(map(ne, lines, islice(lines, 1, None))):
        return lines
    return dict.fromkeys(lines)
