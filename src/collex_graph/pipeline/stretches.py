"""Stretches of a table, which processes of their own map at the same time.

Each is read from the first row of the table on, which takes a tenth of the time of mapping it: so
rows have their numbers whatever their cells hold, and the reader says of the whole what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from collex_graph.sources import open_records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from collex_graph.mapping.plan import Plan
    from collex_graph.model import Record, RecordSource, RecordStream, SourceFile

_ENOUGH: Final = 2_000_000
"""Bytes of a stretch for which a process of its own pays."""


@dataclass(frozen=True)
class Stretch:
    """Some rows of a table, or all of any file.

    Attributes:
        number: its place among the stretches of the file.
        start: row of its first record; what comes after that belongs to it whatever its row.
        end: row of the first record that does not; None for the last stretch.
    """

    number: int = 0
    start: int = 0
    end: int | None = None

    def open_records(self, file: SourceFile, sources: Sequence[RecordSource]) -> RecordStream:
        """Open a file, and read this stretch of it."""
        stream = open_records(file, sources)
        return stream if self == WHOLE else _RecordsOfStretch(stream, self)


WHOLE: Final = Stretch()


def stretches_of(file: SourceFile, plan: Plan, most: int) -> list[Stretch]:
    """Return the stretches that a file is mapped in: those of a large table of text, else one.

    Args:
        file: the file.
        plan: its mapping.
        most: how many there may be.
    """
    count = min(most, file.size_bytes // _ENOUGH)
    sources = plan.sources_for(file.path.name, file.kind)
    is_text = file.path.suffix.lower() != ".xlsx" and not file.problem
    if count < 2 or plan.joins or not is_text or {s.formulation for s in sources} != {"csv"}:
        return [WHOLE]
    with file.path.open("rb") as stream:
        lines = sum(chunk.count(b"\n") for chunk in iter(partial(stream.read, 1 << 20), b""))
    starts = [lines * number // count for number in range(count)]
    ends = [*starts[1:], None]
    return [Stretch(number, start, ends[number]) for number, start in enumerate(starts)]


class _RecordsOfStretch:
    """Those of a `RecordStream` that belong to a stretch.

    What it counts is told of the whole by the last stretch alone, which reads all of it.
    """

    def __init__(self, stream: RecordStream, stretch: Stretch) -> None:
        self._stream = stream
        self._stretch = stretch

    @property
    def columns(self) -> Mapping[str, int]:
        return self._stream.columns

    @property
    def records_read(self) -> int:
        return self._stream.records_read

    @property
    def left_out(self) -> Mapping[str, int]:
        return self._stream.left_out

    def __iter__(self) -> Iterator[Record]:
        reached, start, end = 0, self._stretch.start, self._stretch.end
        for record in self._stream:
            # what a reader says in the end may be of an earlier row
            reached = max(reached, record.row or 0)
            if end is not None and reached >= end:
                return
            if reached >= start:
                yield record
