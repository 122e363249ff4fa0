"""What a snapshot is the sum of: members, which are files of quads, by kind.

=========== ========================================================================
data        the ontology, the vocabularies, and what the sources say, linked
derived     what the derivations add
origins     where each thing was read (``graph/provenance``)
proposals   alignments for a person to judge (``graph/mapping/proposed``)
shapes      the rules
report      the validation report
description VoID, DCAT, PROV and statistics
=========== ========================================================================

Each quad stands in one member alone. The dump is the members one after the other, the store holds
them all, and a later build replaces those that changed (`Former`).
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from collex_graph.pipeline.part import digest_of
from collex_graph.pipeline.sources import link_file
from collex_graph.store.builder import Member
from collex_graph.store.description import source_file_iri
from collex_graph.store.lines import (
    LinesFile,
    LinesWriter,
    compressor,
    merged,
    read_chunks,
    write_lines,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pyoxigraph import Quad

    from collex_graph.linking.identities import Identities
    from collex_graph.model import Snapshot
    from collex_graph.pipeline import Part
    from collex_graph.rdf.iris import Iris

KINDS = ("data", "derived", "origins", "proposals", "shapes", "report", "description")
FORMAT = 3
"""Of ``members/``; another number makes a former snapshot unfit to start from.

Before 2 a store could hold the strings of statements that it no longer held.
"""
_LIST = "members.json"
_SMALL_BYTES = 1 << 16
_PACKED_BYTES = 1 << 20


@dataclass
class Former:
    """What an earlier build left for the next one.

    Attributes:
        store: the finished store.
        parts: folder of the parts.
        held: kind → members that the store holds.
        linked: digest of parts and identities → member made of them.
        statements: how many the store holds, for a check.
        unordered: statements changed since the store was last put in order.
    """

    store: Path
    parts: Path
    held: dict[str, list[LinesFile]]
    linked: dict[str, Member]
    statements: int
    unordered: int


def open_former(snapshot: Snapshot, base_iri: str) -> Former:
    """Read what a snapshot left for the next build.

    Raises:
        ValueError: when it cannot be started from; says why.
    """
    folder = snapshot.directory / "members"
    try:
        told: dict[str, Any] = json.loads((folder / _LIST).read_bytes())
        whole = told.pop("digest") == digest_of(told)
        if not whole or told["format"] != FORMAT or told["base_iri"] != base_iri:
            raise ValueError(
                f"{_LIST} was altered, or made by another version or for another base of IRIs"
            )
        files = {
            digest: LinesFile(folder / f"{digest}.nq.gz", count, digest)
            for digest, count in told["members"].items()
        }
        for digest, file in files.items():
            if _sha256(file.path) != digest:
                raise ValueError(f"{file.path.name} was altered")
        return Former(
            store=snapshot.store,
            parts=snapshot.directory / "parts",
            held={kind: [files[d] for d in digests] for kind, digests in told["kinds"].items()},
            linked={
                key: Member(files[digest], frozenset(graphs), frozenset(aligned))
                for key, (digest, graphs, aligned) in told["linked"].items()
            },
            statements=int(told["statements"]),
            unordered=int(told["unordered"]),
        )
    except OSError as error:
        raise ValueError(f"{error.filename}: {error.strerror}") from None
    except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{_LIST} was altered: {error!r}") from None


def possibly_lost(snapshot: Snapshot, kept: Iterable[LinesFile]) -> list[Path]:
    """Return files of a former snapshot that hold every line of it that is kept no more."""
    folder = snapshot.directory / "members"
    digests = {file.digest for file in kept}
    try:
        told = json.loads((folder / _LIST).read_bytes())
        former = {
            digest for kind, some in told["kinds"].items() if kind != "report" for digest in some
        }
        files = {digest: folder / f"{digest}.nq.gz" for digest in sorted(former - digests)}
        if all(_sha256(path) == digest for digest, path in files.items()):
            return list(files.values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    return [snapshot.dump]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def keep_for_next(
    building: Path,
    kinds: Mapping[str, Sequence[LinesFile]],
    linked: Mapping[str, Member],
    *,
    base_iri: str,
    statements: int,
    unordered: int,
) -> None:
    """Leave the members, and what they are, for the next build."""
    folder = building / "members"
    folder.mkdir()
    counts: dict[str, int] = {}
    for files in kinds.values():
        for file in files:
            if file.digest not in counts:
                counts[file.digest] = file.count
                link_file(file.path, folder / f"{file.digest}.nq.gz")
    told: dict[str, Any] = {
        "format": FORMAT,
        "base_iri": base_iri,
        "members": counts,
        "kinds": {kind: [file.digest for file in files] for kind, files in kinds.items()},
        "linked": {
            key: (member.lines.digest, sorted(member.graphs), sorted(member.aligned))
            for key, member in linked.items()
            if member.lines.digest in counts
        },
        "statements": statements,
        "unordered": unordered,
    }
    told["digest"] = digest_of(told)
    (folder / _LIST).write_text(json.dumps(told), encoding="utf-8")


# --- making members ------------------------------------------------------------------------------


def quads_member(path: Path, quads: Iterable[Quad]) -> Member:
    """Write quads as a member."""
    lines = LinesWriter(path)
    graphs = set()
    for quad in quads:
        graphs.add(quad.graph_name.value)  # type: ignore[union-attr] # in a named graph
        lines.add(f"{quad} .\n".encode())
    return Member(lines.finish(), frozenset(graphs))


class LinkedMembers:
    """Members made of parts, with every IRI that of its node.

    Args:
        folder: where members are written that are not simply the lines of one part.
        known: what an earlier build made, by digest of what it made it of.
    """

    def __init__(self, folder: Path, known: Mapping[str, Member]) -> None:
        self._folder = folder
        self._known = known
        self.made: dict[str, Member] = {}

    def data(self, parts: Sequence[Part], identities: Identities) -> list[Member]:
        """Return what the parts say; parts that share a named graph make one member."""
        return self._members("lines", _sharing_graphs(parts), identities)

    def origins(self, parts: Sequence[Part], identities: Identities, iris: Iris) -> list[Member]:
        """Return where the parts read things; copies of one file make one member."""
        groups: dict[str, list[Part]] = {}
        for part in parts:
            groups.setdefault(source_file_iri(part.file, iris), []).append(part)
        return self._members("origins", groups.values(), identities)

    def _members(
        self, what: str, groups: Iterable[Sequence[Part]], identities: Identities
    ) -> list[Member]:
        told = [identities.canonical, identities.shown_labels, sorted(identities.aligned)]
        said = json.dumps(told, sort_keys=True)
        fingerprint = hashlib.sha256(said.encode()).hexdigest()
        found = []
        for group in groups:
            made_of = json.dumps([what, fingerprint, [part.key for part in group]])
            key = hashlib.sha256(made_of.encode()).hexdigest()
            if key not in self.made:
                members = [part.lines if what == "lines" else part.origins for part in group]
                self.made[key] = self._known.get(key) or self._link(key, members, identities)
            found.append(self.made[key])
        return [member for member in found if member.lines.count]

    def _link(self, key: str, members: Sequence[Member], identities: Identities) -> Member:
        graphs = frozenset[str]().union(*(member.graphs for member in members))
        paths = [member.lines.path for member in members]
        linked = bool(identities.canonical or identities.shown_labels)
        if not linked or not any(
            identities.rewrite(chunk) != chunk for path in paths for chunk in read_chunks(path)
        ):
            if len(members) == 1:
                return members[0]
            return Member(
                write_lines(self._folder / f"{key}.nq.gz", merged(paths, self._folder)), graphs
            )
        lines = LinesWriter(self._folder / f"{key}.nq.gz")
        identities.met.clear()
        for path in paths:
            for chunk in read_chunks(path):
                lines.add(identities.rewrite(chunk))
        return Member(lines.finish(), graphs, frozenset(identities.met))


def _sharing_graphs(parts: Sequence[Part]) -> list[list[Part]]:
    """Put parts together that have a named graph in common, in the order of the first of each."""
    # each graph, and so each part, has a root; parts of one root make a group (union-find)
    above: dict[str, str] = {}

    def root(graph: str) -> str:
        while (higher := above.setdefault(graph, graph)) != graph:
            above[graph] = above[higher]
            graph = higher
        return graph

    for part in parts:
        graphs = sorted(part.lines.graphs)
        for graph in graphs[1:]:
            above[root(graph)] = root(graphs[0])
    groups: dict[str, list[Part]] = {}
    for place, part in enumerate(parts):
        graphs = sorted(part.lines.graphs)
        groups.setdefault(root(graphs[0]) if graphs else f" {place}", []).append(part)
    return list(groups.values())


# --- the dump ------------------------------------------------------------------------------------


def write_dump(path: Path, files: Iterable[LinesFile]) -> tuple[int, str, int]:
    """Write members one after the other as gzipped N-Quads.

    Large members are copied as they are, small ones compressed together.

    Returns:
        Quads written, SHA-256 of the file, its size in bytes.
    """
    count = 0
    size = 0
    digest = hashlib.sha256()
    with path.open("wb") as dump:

        def write(data: bytes) -> None:
            nonlocal size
            digest.update(data)
            size += dump.write(data)

        pending = bytearray()

        def pack() -> None:
            if pending:
                squeeze = compressor()
                write(squeeze.compress(bytes(pending)) + squeeze.flush())
                pending.clear()

        for file in files:
            count += file.count
            if file.path.stat().st_size >= _SMALL_BYTES:
                pack()
                with file.path.open("rb") as member:
                    while part := member.read(_PACKED_BYTES):
                        write(part)
                continue
            for chunk in read_chunks(file.path):
                pending += chunk
            if len(pending) > _PACKED_BYTES:
                pack()
        pack()
    return count, digest.hexdigest(), size


def write_aside(path: Path, parts: Iterable[Part]) -> None:
    """Write the quads of the records that were set aside, for those who mend them."""
    squeeze = compressor()
    with path.open("wb") as file:
        for part in parts:
            for chunk in part.aside():
                file.write(squeeze.compress(chunk))
        file.write(squeeze.flush())


def remove_folder(folder: Path) -> None:
    """Remove a folder of work that is done."""
    shutil.rmtree(folder)
