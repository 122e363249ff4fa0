"""Alignments in a build: what persons decided comes in, what could be decided goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collex_graph.errors import ConfigurationError
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
        ResourceFileError: for a row that cannot be used, with file and line.
    """
    paths = sorted((resource_dir("mappings") / "alignments").glob(f"*{_SUFFIX}"))
    for path in given:
        found = sorted(path.rglob(f"*{_SUFFIX}")) if path.is_dir() else [path]
        if not found or not all(each.is_file() for each in found):
            raise ConfigurationError(
                f"{INPUT}={path}: no such file, or no *{_SUFFIX} in the folder"
            )
        paths += found
    return list(dict.fromkeys(one for path in paths for one in read_alignments(path, base_iri)))


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
    files = {graph: part.file.name for part in parts for graph in part.lines.graphs}
    for claim in identities.contradictions:
        note = Note(claim.rule, claim.value, (("first", claim.first), ("second", claim.second)))
        file = files.get(claim.graph, f"{INPUT}/*{_SUFFIX}")
        yield Problem(note, Position(file), file, claim.first, "", None)


def proposals_of(store: StoreBuilder, iris: Iris, judged: Sequence[Alignment]) -> list[Alignment]:
    """Return what the words of the graph propose."""
    uses = store.select(stored_query("linking/uses-of-wordings").text())
    return propose(uses, base_iri=iris.base, judged=judged)


def write_proposals(folder: Path, proposals: Sequence[Alignment], base_iri: str) -> None:
    """Write ``proposals.sssom.tsv``, for a person to judge."""
    with (folder / PROPOSALS_FILE).open("w", encoding="utf-8", newline="") as stream:
        write_alignments(proposals, stream, base_iri)
