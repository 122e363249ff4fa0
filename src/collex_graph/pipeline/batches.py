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
from itertools import repeat
from typing import TYPE_CHECKING, Final

from collex_graph.rdf.namespaces import expand

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_LINES_OF_A_BATCH: Final = 50_000
_POINTED_TO_BY_MANY: Final = 50
_ANYWHERE: Final = -1
_READ_AT_ONCE: Final = 8 << 20
_IS_A: Final = expand("rdf:type")
# all lines of one subject, which follow each other
_SUBJECT: Final = re.compile(rb"(?m)^<([^>]+)>(?: .*\n)(?:<\1> .*\n)*")
# what a text may have of this does no harm: more names, more that is looked at
_PREDICATES: Final = re.compile(rb"> <([^>]+)> ")
_CLASSES: Final = re.compile(rb"> <" + re.escape(_IS_A.encode()) + rb"> <([^>]+)> \.\n")
_TO_NODES: Final = re.compile(rb"(?m) <([^>]+)> <([^>]+)> \.$")
_TO_TEXTS: Final = re.compile(rb'(?m)> <([^>]+)> (".*) \.$')
_OF_TEXTS: Final = re.compile(rb'> <([^>]+)> "')


@dataclass(frozen=True)
class Names:
    """What lines are made of, as `validation.dependencies` names it.

    Attributes:
        names: each predicate, and each class.
        many: predicates that lead from many nodes to few.
    """

    names: frozenset[tuple[str, str]]
    many: frozenset[str]

    @classmethod
    def of(cls, chunks: Iterable[bytes]) -> Names:
        """Find them in N-Triples lines; which predicates lead to few is told from the first."""
        predicates: set[bytes] = set()
        classes: set[bytes] = set()
        many: set[str] | None = None
        for chunk in chunks:
            predicates.update(_PREDICATES.findall(chunk))
            classes.update(_CLASSES.findall(chunk))
            if many is None:
                values: dict[bytes, list[bytes]] = {}
                for predicate, value in _TO_NODES.findall(chunk):
                    values.setdefault(predicate, []).append(value)
                many = {
                    predicate.decode()
                    for predicate, some in values.items()
                    if len(some) > _POINTED_TO_BY_MANY * len(set(some)) / 2
                }
        names = {(one.decode(), "") for one in predicates}
        names |= {(_IS_A, one.decode()) for one in classes}
        return cls(frozenset(names), frozenset(many or ()))


@dataclass
class Batches:
    """Files of N-Triples lines that can be checked each by itself.

    Attributes:
        files: the files, one for each batch.
        shared: lines that belong to every batch.
        numbers: node → number.
        home: number → the batch where the node is judged; `_ANYWHERE` where that does not matter.
    """

    files: list[Path]
    shared: bytes = b""
    home: array[int] = field(default_factory=lambda: array("i"))
    numbers: dict[bytes, int] = field(default_factory=dict)

    def is_judged(self, iri: str, batch: int) -> bool:
        """Say whether the results of a node count that were found in a batch.

        What the lines do not describe and nothing looks back from is complete wherever it is.
        """
        return self.is_anywhere(iri) or self.home[self.numbers[iri.encode()]] == batch

    def is_anywhere(self, iri: str) -> bool:
        """Say whether a node is complete wherever it is."""
        number = self.numbers.get(iri.encode())
        return number is None or self.home[number] == _ANYWHERE


def divide(lines: Path, folder: Path, looked_back: Iterable[str]) -> Batches:
    """Divide N-Triples lines, sorted by subject in runs, into batches.

    Args:
        lines: the file.
        folder: where the files of the batches are written.
        looked_back: the predicates that something follows from object to subject.
    """
    graph = _Nodes({name.encode() for name in looked_back})
    for chunk in chunks_of(lines):
        graph.add(chunk)
    hubs = graph.hubs()
    batch_of = graph.batches(hubs)
    count = max(batch_of, default=-1) + 1
    found = Batches([folder / f"batch-{number}.nt" for number in range(max(count, 1))])
    found.numbers, found.home = graph.numbers, batch_of
    for hub in hubs:
        batch_of[hub] = 0
    shared: list[bytes] = []
    waiting: list[list[bytes]] = [[] for _ in found.files]
    streams = [path.open("wb") for path in found.files]
    try:
        for chunk in chunks_of(lines):
            for run in _SUBJECT.finditer(chunk):
                number = graph.numbers[run[1]]
                (shared if number in hubs else waiting[batch_of[number]]).append(run[0])
            for stream, some in zip(streams, waiting, strict=True):
                stream.writelines(some)
                some.clear()
    finally:
        for stream in streams:
            stream.close()
    found.shared = b"".join(shared)
    return found


def chunks_of(path: Path) -> Iterator[bytes]:
    """Yield whole lines, with all lines of a subject in one chunk."""
    rest = b""
    with path.open("rb") as stream:
        while chunk := stream.read(_READ_AT_ONCE):
            chunk = rest + chunk
            end = chunk.rfind(b"\n") + 1
            last = chunk.rfind(b"\n", 0, max(end - 1, 0)) + 1
            subject = chunk[last : chunk.find(b" ", last) + 1]
            cut = last
            # the run of the last subject goes with what follows
            while cut:
                before = chunk.rfind(b"\n", 0, cut - 1) + 1
                if not chunk.startswith(subject, before):
                    break
                cut = before
            if cut:
                yield chunk[:cut]
            rest = chunk[cut:]
    if rest:
        yield rest


class _Numbers(dict[bytes, int]):
    """Node → number, in the order in which they are met."""

    def __missing__(self, node: bytes) -> int:
        number = self[node] = len(self)
        return number


class _Nodes:
    """The nodes of the lines, and what goes together."""

    def __init__(self, looked_back: set[bytes]) -> None:
        self.numbers = _Numbers()
        self._looked_back = looked_back
        self._above = array("i")
        self._lines = array("i")  # of each node as a subject
        self._tied = bytearray()  # something looks back from it, or past it
        self._from, self._to = array("i"), array("i")

    def add(self, chunk: bytes) -> None:
        """Take the lines of some subjects."""
        numbers, looked_back = self.numbers, self._looked_back
        is_a = _IS_A.encode()
        has_texts = not looked_back.isdisjoint(_OF_TEXTS.findall(chunk))
        counts: list[tuple[int, int]] = []
        tied: list[tuple[int, int]] = []
        for run in _SUBJECT.finditer(chunk):
            lines, subject = run[0], numbers[run[1]]
            counts.append((subject, lines.count(b"\n")))
            for predicate, value in _TO_NODES.findall(lines):
                if predicate in looked_back:
                    tied.append((subject, numbers[value]))
                elif predicate != is_a:
                    self._from.append(subject)
                    self._to.append(numbers[value])
            for predicate, value in _TO_TEXTS.findall(lines) if has_texts else ():
                if predicate in looked_back:
                    tied.append((subject, numbers[value]))
        before, now = len(self._above), len(numbers)
        self._above.extend(range(before, now))
        self._lines.extend(repeat(0, now - before))
        self._tied.extend(bytes(now - before))
        for subject, count in counts:
            self._lines[subject] += count
        for one, other in tied:
            self._tied[one] = self._tied[other] = 1
            self._join(one, other)

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
        return bool(self._lines[node] or self._tied[node])

    def hubs(self) -> frozenset[int]:
        """Return the nodes that stand in every batch: described, and pointed to by many."""
        pointed = Counter(self._to)
        hubs = {
            node
            for node, count in pointed.items()
            if count > _POINTED_TO_BY_MANY and self._lines[node] and not self._tied[node]
        }
        edges = [
            (source, target)
            for source, target in zip(self._from, self._to, strict=True)
            if source in hubs and self._is_homed(target)
        ]
        while True:
            # what a hub leads to must be in every batch too
            left = {source for source, target in edges if target not in hubs}
            if not left & hubs:
                return frozenset(hubs)
            hubs -= left

    def batches(self, hubs: frozenset[int]) -> array[int]:
        """Return the batch of each node; `_ANYWHERE` for one that is not homed."""
        homed = [self._is_homed(node) and node not in hubs for node in range(len(self._above))]
        for source, target in zip(self._from, self._to, strict=True):
            # whatever something is said of is homed, but for a hub
            if homed[target] and homed[source]:
                self._join(source, target)
        sizes: Counter[int] = Counter()
        for node, count in enumerate(self._lines):
            if count and node not in hubs:
                sizes[self._root(node)] += count
        batch_of_root: dict[int, int] = {}
        batch, held = 0, 0
        for root in sorted(sizes):
            if held and held + sizes[root] > _LINES_OF_A_BATCH:
                batch, held = batch + 1, 0
            batch_of_root[root] = batch
            held += sizes[root]
        found = array("i", [_ANYWHERE]) * len(self._above)
        for node, is_homed in enumerate(homed):
            if is_homed:
                found[node] = batch_of_root.get(self._root(node), 0)
        return found
