"""A column of texts on disk: their bytes one after the other, and beside them where each ends.

A reader maps both files into memory: a text is found by its number without reading any other, and
letters are found by reading all texts as one.
"""

from __future__ import annotations

import mmap
import struct
import sys
from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

_END = struct.Struct("<Q")
_BOTH_ENDS = struct.Struct("<2Q")
_ENDS_SUFFIX = ".ends"


class ColumnWriter:
    """Writes a column.

    Args:
        path: of its first file; the other has ``.ends`` behind its name, and is written at the end.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._texts = path.open("wb")
        self._ends = array("Q", [0])

    def add(self, text: str) -> int:
        """Add a text and return its number."""
        ends = self._ends
        ends.append(ends[-1] + self._texts.write(text.encode()))
        return len(ends) - 2

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._texts.close()
        if sys.byteorder == "big":
            self._ends.byteswap()
        self._path.with_name(self._path.name + _ENDS_SUFFIX).write_bytes(self._ends.tobytes())


class ColumnReader:
    """Reads a column; any number of threads and of forked processes may.

    Args:
        path: as the writer's.

    Raises:
        OSError: when it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._texts = _mapped(path)
        self._ends = _mapped(path.with_name(path.name + _ENDS_SUFFIX))

    def __len__(self) -> int:
        return len(self._ends) // _END.size - 1

    def __getitem__(self, number: int) -> str:
        start, end = _BOTH_ENDS.unpack_from(self._ends, number * _END.size)
        return self._texts[start:end].decode()

    def find(self, sought: str, most: int) -> list[int] | None:
        """Return the numbers of the texts that contain another; None when they are more."""
        letters = sought.encode()
        found: list[int] = []
        place = self._texts.find(letters)
        while place >= 0:
            number = bisect_right(range(len(self) + 1), place, key=self._end) - 1
            end = self._end(number + 1)
            if place + len(letters) > end:  # half of it is in the next text
                place = self._texts.find(letters, place + 1)
                continue
            if len(found) == most:
                return None
            found.append(number)
            place = self._texts.find(letters, end)
        return found

    def _end(self, number: int) -> int:
        end: int = _END.unpack_from(self._ends, number * _END.size)[0]
        return end


def _mapped(path: Path) -> mmap.mmap | bytes:
    with path.open("rb") as file:
        if not path.stat().st_size:  # which cannot be mapped
            return b""
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
