"""Cuts lines down to what is asked for, and notes what they are made of, in one pass over them."""

from __future__ import annotations

from array import array
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from collex_graph.rdf.namespaces import expand

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

IS_A: Final = f"<{expand('rdf:type')}>".encode()
_FEW: Final = 25
"""Statements for each object of a predicate, from which on it leads from many nodes to few."""


class Numbers(dict[bytes, int]):
    """Node, as N-Triples write it, → its number, in the order in which they are met."""

    def __missing__(self, node: bytes) -> int:
        number = self[node] = len(self)
        return number


@dataclass
class Leads:
    """Where a predicate leads: numbers of nodes.

    Attributes:
        sources: the subjects.
        targets: the objects, one for each subject.
    """

    sources: array[int] = field(default_factory=lambda: array("i"))
    targets: array[int] = field(default_factory=lambda: array("i"))


class Survey:
    """Lines in one graph, less what nothing asks for.

    Left out are texts that neither a shape nor a derivation looks at, half of what a table says,
    and concepts of ours. Statements about other nodes stay whatever they say: they lead from a
    node to its record.

    Args:
        names: the predicates that are looked at, and other names; None for all there are.
        vocabularies: what the IRIs of our concepts start with.

    Attributes:
        numbers: the subjects, and the objects that are no texts.
        leads: predicate → its statements between nodes.
        told: the predicates of texts.
        runs: the subject of each run of lines of one subject.
        starts: where the run starts in the lines that were kept.
        size_bytes: of the lines that were kept.
    """

    def __init__(self, names: AbstractSet[str] | None, vocabularies: str) -> None:
        self._names = None if names is None else {f"<{name}>".encode() for name in names}
        self._kept_out = (b'"', f"<{vocabularies}".encode())
        self._subject = b""
        self._number = 0
        self.numbers = Numbers()
        self.leads: defaultdict[bytes, Leads] = defaultdict(Leads)
        self.told: set[bytes] = set()
        self.runs = array("i")
        self.starts = array("q")
        self.size_bytes = 0

    def cut(self, lines: bytes) -> bytes:
        """Return N-Triples of N-Quads lines, which stand after those that were cut before."""
        names, kept_out = self._names, self._kept_out
        numbers, leads, told = self.numbers, self.leads, self.told
        last, number, size = self._subject, self._number, self.size_bytes
        kept = []
        for line in lines.splitlines():
            subject, predicate, rest = line.split(b" ", 2)
            if names is not None and predicate not in names and rest.startswith(kept_out):
                continue
            end = line.rindex(b" <")
            kept.append(line[:end])
            if subject != last:
                last, number = subject, numbers[subject]
                self.runs.append(number)
                self.starts.append(size)
            size += end + len(b" .\n")
            if rest.startswith(b"<"):
                lead = leads[predicate]
                lead.sources.append(number)
                lead.targets.append(numbers[rest[: rest.index(b" ")]])
            else:
                told.add(predicate)
        self._subject, self._number, self.size_bytes = last, number, size
        return b" .\n".join((*kept, b""))

    def names(self) -> set[tuple[str, str]]:
        """Return the predicates and the classes, as `validation.dependencies` names them."""
        found = {(_iri(predicate), "") for predicate in {*self.leads, *self.told}}
        if IS_A in self.leads:
            nodes = list(self.numbers)
            is_a = _iri(IS_A)
            found |= {(is_a, _iri(nodes[number])) for number in set(self.leads[IS_A].targets)}
        return found

    def spans(self) -> Iterator[tuple[int, int, int]]:
        """Yield the subject of each run, and where it starts and ends."""
        yield from zip(self.runs, self.starts, (*self.starts[1:], self.size_bytes), strict=True)

    def to_few(self) -> frozenset[str]:
        """Return the predicates that lead from many nodes to few."""
        return frozenset(
            _iri(predicate)
            for predicate, lead in self.leads.items()
            if len(lead.targets) > _FEW * len(set(lead.targets))
        )


def _iri(node: bytes) -> str:
    return node[1:-1].decode()
