"""Divides what is checked into batches that can be judged one after the other, each in memory.

A table of a hundred thousand rows is a graph that no store in memory should hold, and one on disk
takes four times as long. But what a rule finds at a node depends on the statements near it alone,
as `validation.dependencies` tells. Things that a rule or a derivation may look at together go into
one batch (union-find over the statements); what thousands of rows point to and nothing looks back
from (the package of its titles, the campaign of its labels) is in every batch. Where that cannot be
shown, there is one batch.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from collex_graph.pipeline.survey import IS_A

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from collex_graph.pipeline.survey import Survey

_BYTES_OF_A_BATCH: Final = 9_000_000
_POINTED_TO_BY_MANY: Final = 50
_ANYWHERE: Final = -1
_READ_AT_ONCE: Final = 8 << 20
_TEXTS: Final = rb'(?m)^(<[^>]+>) <(?:%b)> (".*) \.$'


@dataclass
class Batches:
    """Lines that can be checked batch by batch.

    Attributes:
        lines: the file of all of them.
        pieces: for each batch, the parts of the file that are its own (from, to); whole lines.
        shared: lines that belong to every batch.
        numbers: node, as N-Triples write it → number.
        home: number → the batch where the node is judged; `_ANYWHERE` where that does not matter.
    """

    lines: Path
    pieces: list[list[tuple[int, int]]]
    shared: bytes = b""
    home: array[int] = field(default_factory=lambda: array("i"))
    numbers: Mapping[bytes, int] = field(default_factory=dict)

    @classmethod
    def undivided(cls, lines: Path) -> Batches:
        """Return one batch of all the lines."""
        return cls(lines, [[(0, lines.stat().st_size)]])

    def size(self, batch: int) -> int:
        """Return how many bytes there are in a batch of its own lines."""
        return sum(end - start for start, end in self.pieces[batch])

    def chunks(self, batch: int) -> Iterator[bytes]:
        """Yield the lines of a batch, whole lines of some megabytes."""
        waiting: list[bytes] = []
        held = 0
        with self.lines.open("rb") as stream:
            for start, end in self.pieces[batch]:
                stream.seek(start)
                while (left := end - stream.tell()) > 0:
                    part = stream.read(min(left, _READ_AT_ONCE))
                    if left > _READ_AT_ONCE:
                        part += stream.readline()
                    waiting.append(part)
                    held += len(part)
                    if held >= _READ_AT_ONCE:
                        yield b"".join(waiting)
                        waiting, held = [], 0
        if waiting:
            yield b"".join(waiting)

    def is_judged(self, iri: str, batch: int) -> bool:
        """Say whether the results of a node count that were found in a batch.

        What the lines do not describe and nothing looks back from is complete wherever it is.
        """
        return self._home(iri) in (_ANYWHERE, batch)

    def is_anywhere(self, iri: str) -> bool:
        """Say whether a node is complete wherever it is."""
        return self._home(iri) == _ANYWHERE

    def _home(self, iri: str) -> int:
        number = self.numbers.get(f"<{iri}>".encode())
        return _ANYWHERE if number is None else self.home[number]


def divide(lines: Path, survey: Survey, looked_back: Iterable[str]) -> Batches:
    """Divide N-Triples lines into batches.

    Args:
        lines: the file.
        survey: what cut them.
        looked_back: the predicates that something follows from object to subject.
    """
    nodes = _Nodes(lines, survey, {f"<{name}>".encode() for name in looked_back})
    hubs = nodes.hubs()
    home = nodes.batches(hubs)
    for hub in hubs:
        home[hub] = 0
    pieces: list[list[tuple[int, int]]] = [[] for _ in range(max(home, default=0) + 1)]
    shared: list[tuple[int, int]] = []
    for number, start, end in survey.spans():
        own = shared if number in hubs else pieces[home[number]]
        if own and own[-1][1] == start:
            own[-1] = own[-1][0], end
        else:
            own.append((start, end))
    found = Batches(lines, pieces, home=home, numbers=survey.numbers)
    found.shared = b"".join(Batches(lines, [shared]).chunks(0))
    return found


class _Nodes:
    """The nodes of the lines, and what goes together."""

    def __init__(self, lines: Path, survey: Survey, looked_back: set[bytes]) -> None:
        tied = [
            pair
            for predicate in looked_back & survey.leads.keys()
            for pair in zip(
                survey.leads[predicate].sources, survey.leads[predicate].targets, strict=True
            )
        ]
        if texts := looked_back & survey.told:
            pattern = re.compile(_TEXTS % b"|".join(re.escape(one[1:-1]) for one in texts))
            for chunk in Batches.undivided(lines).chunks(0):
                for subject, text in pattern.findall(chunk):
                    tied.append((survey.numbers[subject], survey.numbers[text]))
        count = len(survey.numbers)
        self._above = array("i", range(count))
        self._size = array("q", bytes(8 * count))  # of its lines as a subject
        for number, start, end in survey.spans():
            self._size[number] += end - start
        self._tied = bytearray(count)  # something looks back from it, or past it
        for one, other in tied:
            self._tied[one] = self._tied[other] = 1
            self._join(one, other)
        self._from, self._to = array("i"), array("i")
        for predicate, lead in survey.leads.items():
            if predicate in looked_back or predicate == IS_A:
                continue
            targets = {node for node in set(lead.targets) if self._is_homed(node)}
            for source, target in zip(lead.sources, lead.targets, strict=True) if targets else ():
                if target in targets:
                    self._from.append(source)
                    self._to.append(target)

    def _root(self, node: int) -> int:
        above = self._above
        while above[node] != node:
            above[node] = above[above[node]]
            node = above[node]
        return node

    def _join(self, one: int, other: int) -> None:
        first, second = self._root(one), self._root(other)
        if first != second:
            # the lesser number: batches keep the order of the lines
            self._above[max(first, second)] = min(first, second)

    def _is_homed(self, node: int) -> bool:
        """Say whether something is said of a node, or looks back from it."""
        return bool(self._size[node] or self._tied[node])

    def hubs(self) -> frozenset[int]:
        """Return the nodes that stand in every batch: described, and pointed to by many."""
        pointed = Counter(self._to)
        hubs = {
            node
            for node, count in pointed.items()
            if count > _POINTED_TO_BY_MANY and self._size[node] and not self._tied[node]
        }
        edges = [
            (source, target)
            for source, target in zip(self._from, self._to, strict=True)
            if source in hubs
        ]
        while True:
            # what a hub leads to must be in every batch too
            left = {source for source, target in edges if target not in hubs}
            if not left & hubs:
                return frozenset(hubs)
            hubs -= left

    def batches(self, hubs: frozenset[int]) -> array[int]:
        """Return the batch of each node; `_ANYWHERE` for one that is not homed."""
        for source, target in zip(self._from, self._to, strict=True):
            if target not in hubs and source not in hubs:
                self._join(source, target)
        sizes: Counter[int] = Counter()
        for node, size in enumerate(self._size):
            if size and node not in hubs:
                sizes[self._root(node)] += size
        batch_of_root: dict[int, int] = {}
        batch, held = 0, 0
        for root in sorted(sizes):
            if held and held + sizes[root] > _BYTES_OF_A_BATCH:
                batch, held = batch + 1, 0
            batch_of_root[root] = batch
            held += sizes[root]
        found = array("i", [_ANYWHERE]) * len(self._above)
        for node in range(len(found)):
            if self._is_homed(node) and node not in hubs:
                found[node] = batch_of_root.get(self._root(node), 0)
        return found
