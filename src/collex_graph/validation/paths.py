"""SHACL property paths: read from a shapes graph, written as text and as quads without blank nodes.

A report names the path of a result in two forms: the text of a SPARQL property path, for people,
and the structure that SHACL defines (section 2.3.1), for machines.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode, Quad

from collex_graph.rdf.namespaces import compact, term

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyoxigraph import BlankNode, Literal, Triple

    Node = NamedNode | BlankNode | Literal | Triple
    Objects = Callable[[Node, NamedNode], list[Node]]

_SUFFIXES = {"zeroOrMorePath": "*", "oneOrMorePath": "+", "zeroOrOnePath": "?"}
_NEVER = "urn:x-collex-graph:never"
_UNARY = ("inversePath", *_SUFFIXES)


@dataclass(frozen=True)
class Path:
    """One node of a path's tree.

    Attributes:
        kind: ``predicate``, ``sequence``, ``alternativePath``, ``inversePath``,
            ``zeroOrMorePath``, ``oneOrMorePath`` or ``zeroOrOnePath``.
        predicate: the predicate's IRI; empty unless ``kind`` is ``predicate``.
        parts: the paths below; empty for a predicate.
    """

    kind: str
    predicate: str = ""
    parts: tuple[Path, ...] = ()

    @cached_property
    def text(self) -> str:
        """The path in SPARQL's syntax, with the project's prefixes.

        >>> holder = Path("predicate", "https://www.ica.org/standards/RiC/ontology#hasOrHadHolder")
        >>> Path("sequence", parts=(Path("zeroOrMorePath", parts=(holder,)), holder)).text
        'rico:hasOrHadHolder*/rico:hasOrHadHolder'
        """
        if self.kind == "predicate":
            return compact(self.predicate) or f"<{self.predicate}>"
        inner = [part.text if len(part.parts) < 2 else f"({part.text})" for part in self.parts]
        if self.kind == "sequence":
            return "/".join(inner)
        if self.kind == "alternativePath":
            return "|".join(inner)
        if self.kind == "inversePath":
            return f"^{inner[0]}"
        # `^a*` would be read as `^(a*)`.
        repeated = f"({inner[0]})" if inner[0].startswith("^") else inner[0]
        return repeated + _SUFFIXES[self.kind]

    @property
    def name(self) -> str:
        """The predicate's IRI where the path is one predicate, else the path's text."""
        return self.predicate or self.text

    @cached_property
    def sparql(self) -> str:
        """The path in SPARQL's syntax, IRIs written out, safe to stand between two terms.

        A sequence is written as an alternative to a predicate that no statement has. Oxigraph takes
        a bare one apart and may start from its last step, which inside EXISTS means to go through
        all statements of that predicate for each node: time grows with the square of the graph.
        """
        if self.kind == "predicate":
            return f"<{self.predicate}>"
        inner = [part.sparql for part in self.parts]
        if self.kind == "sequence":
            return f"(({'/'.join(inner)})|<{_NEVER}>)"
        if self.kind == "alternativePath":
            return f"({'|'.join(inner)})"
        if self.kind == "inversePath":
            return f"(^{inner[0]})"
        return f"({inner[0]}{_SUFFIXES[self.kind]})"

    @property
    def starts(self) -> frozenset[str] | None:
        """The predicates of which a node with a value has one at least; None where unknown."""
        if self.kind == "predicate":
            return frozenset({self.predicate})
        if self.kind in {"sequence", "oneOrMorePath"}:
            return self.parts[0].starts
        if self.kind == "alternativePath":
            found = [part.starts for part in self.parts]
            return None if None in found else frozenset().union(*filter(None, found))
        return None

    @property
    def is_nullable(self) -> bool:
        """Whether the path leads from a node to itself, whatever the graph says."""
        if self.kind in {"zeroOrMorePath", "zeroOrOnePath"}:
            return True
        if self.kind == "alternativePath":
            return any(part.is_nullable for part in self.parts)
        return bool(self.parts) and all(part.is_nullable for part in self.parts)

    def steps(self, *, inverse: bool = False) -> frozenset[tuple[str, bool]]:
        """Return every (predicate, whether it is followed from object to subject) of the path."""
        if self.kind == "predicate":
            return frozenset({(self.predicate, inverse)})
        turned = inverse != (self.kind == "inversePath")
        return frozenset().union(*(part.steps(inverse=turned) for part in self.parts))

    def node(self, mint: Callable[[str], str]) -> NamedNode:
        """Return the node that stands for the path.

        Args:
            mint: makes the IRI of a node that has none, from a digest of what it says.
        """
        if self.kind == "predicate":
            return NamedNode(self.predicate)
        return NamedNode(mint(_digest(f"{self.kind} {self.text}")))

    def quads(self, mint: Callable[[str], str], graph: NamedNode) -> Iterator[Quad]:
        """Yield the statements that describe the path, every node with an IRI."""
        if self.kind == "predicate":
            return
        node = self.node(mint)
        if self.kind == "sequence":
            yield from self._list(node, mint, graph)
        elif self.kind == "alternativePath":
            head = NamedNode(mint(_digest(f"list {self.text}")))
            yield Quad(node, term("sh:alternativePath"), head, graph)
            yield from self._list(head, mint, graph)
        else:
            yield Quad(node, term(f"sh:{self.kind}"), self.parts[0].node(mint), graph)
        for part in self.parts:
            yield from part.quads(mint, graph)

    def _list(
        self, head: NamedNode, mint: Callable[[str], str], graph: NamedNode
    ) -> Iterator[Quad]:
        for index, part in enumerate(self.parts):
            last = index == len(self.parts) - 1
            rest = (
                term("rdf:nil") if last else NamedNode(mint(_digest(f"{head.value} {index + 1}")))
            )
            yield Quad(head, term("rdf:first"), part.node(mint), graph)
            yield Quad(head, term("rdf:rest"), rest, graph)
            head = rest


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_path(node: Node, objects: Objects) -> Path:
    """Read a SHACL path.

    Args:
        node: the value of ``sh:path``.
        objects: gives the objects of a subject and a predicate in the shapes graph.

    Raises:
        ValueError: for a node that is no path.
    """
    if isinstance(node, NamedNode):
        return Path("predicate", node.value)
    if objects(node, term("rdf:first")):
        return Path("sequence", parts=_read_list(node, objects))
    for alternatives in objects(node, term("sh:alternativePath")):
        return Path("alternativePath", parts=_read_list(alternatives, objects))
    for kind in _UNARY:
        for inner in objects(node, term(f"sh:{kind}")):
            return Path(kind, parts=(read_path(inner, objects),))
    raise ValueError(f"{node} is not a SHACL path")


def _read_list(head: Node, objects: Objects) -> tuple[Path, ...]:
    parts: list[Path] = []
    while head != term("rdf:nil"):
        first, rest = objects(head, term("rdf:first")), objects(head, term("rdf:rest"))
        if len(first) != 1 or len(rest) != 1:
            raise ValueError("the list of a SHACL path is broken")
        parts.append(read_path(first[0], objects))
        head = rest[0]
    if len(parts) < 2:
        raise ValueError("a sequence or alternative path needs at least two members")
    return tuple(parts)
