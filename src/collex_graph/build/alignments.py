"""Alignments in a build: what persons decided comes in, what could be decided goes out."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode

from collex_graph.errors import ConfigurationError, ResourceFileError
from collex_graph.linking.alignments import (
    Alignment,
    alignment_lines,
    read_alignments,
    write_alignments,
)
from collex_graph.linking.proposals import propose
from collex_graph.model import Note, Position, Problem
from collex_graph.resources import resource_dir
from collex_graph.sparql.catalogue import stored_query
from collex_graph.store.builder import Member
from collex_graph.store.lines import LinesWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pyoxigraph import Store

    from collex_graph.linking.identities import Identities
    from collex_graph.pipeline import Part
    from collex_graph.rdf.iris import Iris
    from collex_graph.store.builder import StoreBuilder

INPUT = "alignments"
"""What stands before ``=`` on the command line for tables of alignments."""
PROPOSALS_FILE = "proposals.sssom.tsv"
_SUFFIX = ".sssom.tsv"


def judged_alignments(given: Iterable[Path], base_iri: str) -> list[Alignment]:
    """Read the tables of ``mappings/alignments/`` and those that a build was given.

    Raises:
        ConfigurationError: for a path without such a table.
        ResourceFileError: for a row that cannot be used, with file and line, and for decisions of
            two tables that exclude each other.
    """
    paths = sorted((resource_dir("mappings") / "alignments").glob(f"*{_SUFFIX}"))
    for path in given:
        found = sorted(path.rglob(f"*{_SUFFIX}")) if path.is_dir() else [path]
        if not found or not all(each.is_file() for each in found):
            raise ConfigurationError(
                f"{INPUT}={path}: no such file, or no *{_SUFFIX} in the folder"
            )
        paths += found
    decided: dict[tuple[str, str], tuple[Alignment, Path]] = {}
    nodes: dict[str, tuple[Alignment, Path]] = {}
    for path in paths:
        for one in read_alignments(path, base_iri):
            before, where = decided.setdefault((one.subject, one.target), (one, path))
            if "proposed" in (before.status, one.status):
                if one.status != "proposed":
                    decided[one.subject, one.target] = (one, path)
            elif before.status != one.status:
                raise ResourceFileError(
                    path, f"{one.subject} and {one.target} are {one.status} here and "
                    f"{before.status} in {where.name}: keep one decision",
                )  # fmt: skip
            if one.makes_one_node:
                same, where = nodes.setdefault(one.subject, (one, path))
                if same.target != one.target:
                    raise ResourceFileError(
                        path, f"{one.subject} is accepted as {one.target} here and as "
                        f"{same.target} in {where.name}: keep one",
                    )  # fmt: skip
    return [one for one, _ in decided.values()]


def alignments_member(
    path: Path, alignments: Sequence[Alignment], identities: Identities, iris: Iris
) -> Member:
    """Write alignments as a member, about the nodes that they made."""
    lines = LinesWriter(path)
    graphs = set()
    for line in alignment_lines(alignments, iris):
        graphs.add(line[line.rindex("<") + 1 : -4])
        lines.add(identities.rewrite(line.encode()))
    return Member(lines.finish(), frozenset(graphs))


def names_lines(identities: Identities, graph: str, predicate: str) -> list[bytes]:
    """Return, sorted, which IRI stands for each other name of a thing."""
    return sorted(
        f"<{name}> <{predicate}> <{node}> <{graph}> .\n".encode()
        for name, node in identities.canonical.items()
    )


def contradictions(identities: Identities, parts: Iterable[Part]) -> Iterator[Problem]:
    """Yield the claims of sameness that were not followed, at the files that make them."""
    files: dict[str, str] = {}
    for name, graphs in sorted((part.file.name, part.lines.graphs) for part in parts):
        files |= {graph: name for graph in graphs if graph not in files}
    for claim in identities.contradictions:
        note = Note(claim.rule, claim.value, (("first", claim.first), ("second", claim.second)))
        file = files.get(claim.graph, f"{INPUT}/*{_SUFFIX}")
        yield Problem(note, Position(file), file, claim.first, "", None)


def about_nothing(
    judged: Iterable[Alignment], identities: Identities, members: Iterable[Member], store: Store
) -> Iterator[Problem]:
    """Yield the accepted alignments whose subject no source speaks of, at their rows."""
    met = frozenset[str]().union(*(member.aligned for member in members))
    for one in judged:
        if one.status != "accepted":
            continue
        if one.makes_one_node:
            # where the claim was not followed, that is what is said of it
            spoken_of = one.subject in met or identities.node(one.subject) == one.subject
        else:
            node = NamedNode(one.subject)
            about = chain(
                store.quads_for_pattern(node, None, None), store.quads_for_pattern(None, None, node)
            )
            spoken_of = any(_is_source(quad.graph_name) for quad in about)
        if not spoken_of:
            note = Note("AlignmentOfNothing", one.subject, (("target", one.target),))
            position = Position(one.file, line=one.line)
            yield Problem(note, position, one.file, one.subject, "", None)


def _is_source(graph: object) -> bool:
    return isinstance(graph, NamedNode) and (
        "/graph/source/" in graph.value or "/graph/authority/" in graph.value
    )


def proposals_of(store: StoreBuilder, iris: Iris, judged: Sequence[Alignment]) -> list[Alignment]:
    """Return what the words of the graph propose, and what a table proposes without deciding it."""
    uses = store.select(stored_query("linking/uses-of-wordings").text())
    found = {one.iri(iris): one for one in propose(uses, base_iri=iris.base, judged=judged)}
    undecided = {one.iri(iris): one for one in judged if one.status == "proposed"}
    return sorted({**undecided, **found}.values())


def write_proposals(folder: Path, proposals: Sequence[Alignment], base_iri: str) -> None:
    """Write ``proposals.sssom.tsv``, for a person to judge."""
    with (folder / PROPOSALS_FILE).open("w", encoding="utf-8", newline="") as stream:
        write_alignments(proposals, stream, base_iri)
