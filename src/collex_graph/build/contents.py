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
from array import array
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from collex_graph.build.verdicts import read_verdicts, verdicts_by, write_verdicts
from collex_graph.pipeline.part import digest_of
from collex_graph.pipeline.sources import link_file
from collex_graph.store.builder import Member
from collex_graph.store.description import source_file_iri
from collex_graph.store.lines import (
    LinesFile,
    LinesWriter,
    compressor,
    read_chunks,
    read_lines,
    with_others,
    write_lines,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pyoxigraph import Quad

    from collex_graph.linking.identities import Identities
    from collex_graph.model import Snapshot, ValidationResult
    from collex_graph.pipeline import Part
    from collex_graph.rdf.iris import Iris

KINDS = (
    "data", "derived", "origins", "proposals", "shapes", "report", "quality", "description"
)  # fmt: skip
FORMAT = 6
"""Of ``members/``; another number makes a former snapshot unfit to start from.

Before 2 a store could hold the strings of statements that it no longer held; before 5 there were
no scores, before 6 no results of the rules.
"""
_LIST = "members.json"
_MARKS = "marks"
_VERDICTS = "verdicts.gz"
_SMALL_BYTES = 1 << 16
_PACKED_BYTES = 1 << 20


@dataclass
class Former:
    """What an earlier build left for the next one.

    Attributes:
        store: the finished store.
        parts: folder of the parts.
        held: kind → members that the store holds.
        linked: digest of parts → member made of them.
        starts: how the IRIs begin that were looked for in all of these.
        statements: how many the store holds, for a check.
        unordered: statements changed since the store was last put in order.
        verdicts: file of what the rules found in the store; None where there is none.
        verdicts_by: digest of what that depends on besides.
    """

    store: Path
    parts: Path
    held: dict[str, list[LinesFile]]
    linked: dict[str, Linked]
    starts: frozenset[str]
    statements: int
    unordered: int
    verdicts: Path | None
    verdicts_by: str

    def verdicts_on(self, day: str) -> list[ValidationResult] | None:
        """Return what the rules found, if on a day they would still find it in the same data."""
        if self.verdicts is None or self.verdicts_by != verdicts_by(day):
            return None
        return read_verdicts(self.verdicts)


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
        for path, digest in (
            *((file.path, digest) for digest, file in files.items()),
            (folder / _MARKS, told["marks"]),
            *([(folder / _VERDICTS, told["verdicts"])] if told["verdicts"] else []),
        ):
            if _sha256(path) != digest:
                raise ValueError(f"{path.name} was altered")
        every = array("I", (folder / _MARKS).read_bytes())
        return Former(
            store=snapshot.store,
            parts=snapshot.directory / "parts",
            held={kind: [files[d] for d in digests] for kind, digests in told["kinds"].items()},
            linked={
                key: Linked(
                    Member(files[digest], frozenset(graphs), frozenset(aligned)),
                    said,
                    every[start:end],
                )
                for key, (digest, graphs, aligned, said, start, end) in told["linked"].items()
            },
            starts=frozenset(told["starts"]),
            statements=int(told["statements"]),
            unordered=int(told["unordered"]),
            verdicts=folder / _VERDICTS if told["verdicts"] else None,
            verdicts_by=str(told["verdicts_by"]),
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
            digest
            for kind, some in told["kinds"].items()
            if kind not in ("report", "quality")
            for digest in some
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
    linked: LinkedMembers,
    *,
    base_iri: str,
    statements: int,
    unordered: int,
    verdicts: Sequence[ValidationResult] | None,
    day: str,
) -> None:
    """Leave the members, what they are, and what the rules found, for the next build."""
    folder = building / "members"
    folder.mkdir()
    counts: dict[str, int] = {}
    for files in kinds.values():
        for file in files:
            if file.digest not in counts:
                counts[file.digest] = file.count
                link_file(file.path, folder / f"{file.digest}.nq.gz")
    marks = array("I")
    ways: dict[str, tuple[object, ...]] = {}
    for key, one in linked.made.items():
        member = one.member
        if member.lines.digest in counts:
            place = (len(marks), len(marks) + len(one.marks))
            marks += one.marks
            named = sorted(member.graphs), sorted(member.aligned)
            ways[key] = (member.lines.digest, *named, one.said, *place)
    (folder / _MARKS).write_bytes(marks.tobytes())
    if verdicts is not None:
        write_verdicts(folder / _VERDICTS, verdicts)
    told: dict[str, Any] = {
        "format": FORMAT,
        "base_iri": base_iri,
        "members": counts,
        "kinds": {kind: [file.digest for file in files] for kind, files in kinds.items()},
        "linked": ways,
        "starts": sorted(linked.starts),
        "marks": _sha256(folder / _MARKS),
        "statements": statements,
        "unordered": unordered,
        "verdicts": None if verdicts is None else _sha256(folder / _VERDICTS),
        "verdicts_by": verdicts_by(day),
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


@dataclass(frozen=True)
class Linked:
    """A member made of parts.

    Attributes:
        member: the member.
        said: digest of what the identities said of the IRIs in it.
        marks: CRC-32 of these IRIs, sorted: of all that begin like one that is of importance.
    """

    member: Member
    said: str
    marks: array[int]


class LinkedMembers:
    """Members made of parts, with every IRI that of its node.

    A member depends on its parts and on what the identities say of the IRIs that stand in them,
    and is made again when one of these changes.

    Args:
        folder: where members are written that are not simply the lines of one part.
        former: what an earlier build left.

    Attributes:
        made: digest of parts → the member made of them.
        starts: how the IRIs begin that were looked for in all of them.
    """

    def __init__(self, folder: Path, former: Former | None) -> None:
        self._folder = folder
        self._known: Mapping[str, Linked] = former.linked if former else {}
        self.made: dict[str, Linked] = {}
        self.starts = former.starts if former else frozenset[str]()

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
        if not identities.look_for(self.starts):
            # nobody looked for such IRIs when these were made
            self._known = {}
            self.made.clear()
        self.starts = identities.starts
        found = []
        for group in groups:
            made_of = json.dumps([what, [part.key for part in group]])
            key = hashlib.sha256(made_of.encode()).hexdigest()
            linked = self.made.get(key) or self._known.get(key)
            if linked is None or identities.said_of(linked.marks) != linked.said:
                members = [part.lines if what == "lines" else part.origins for part in group]
                linked = self._link(key, members, identities)
            self.made[key] = linked
            found.append(linked.member)
        return [member for member in found if member.lines.count]

    def _link(self, key: str, members: Sequence[Member], identities: Identities) -> Linked:
        paths = [member.lines.path for member in members]
        identities.met.clear()
        marks: set[int] = set()
        changed = LinesWriter(self._folder / f"{key}.changed.gz")
        left: list[list[array[int]]] = []
        for path in paths:
            left.append([])
            for chunk in read_chunks(path):
                places = array("I")
                for start, end, line in identities.changes(chunk, marks):
                    changed.add(line + b"\n")
                    if places and places[-1] == start:
                        places[-1] = end + 1
                    else:
                        places.extend((start, end + 1))
                left[-1].append(places)
        others = changed.finish()
        said = identities.said_of(marks)
        # another name for each attempt of a build: the store still holds the one before
        made = self._folder / f"{key}-{said[:16]}.nq.gz"
        kept = (_without(*pair) for pair in zip(paths, left, strict=True))
        graphs = frozenset[str]().union(*(member.graphs for member in members))
        if len(members) > 1:
            writer = LinesWriter(made)
            for chunk in chain(*kept, read_chunks(others.path)):
                writer.add(chunk)
            member = Member(writer.finish(), graphs, frozenset(identities.met))
        elif others.count:
            lines = write_lines(made, with_others(next(kept), read_lines(others.path)))
            member = Member(lines, graphs, frozenset(identities.met))
        else:
            (member,) = members
        others.path.unlink()
        return Linked(member, said, array("I", sorted(marks)))


def _without(path: Path, places: Iterable[Sequence[int]]) -> Iterator[bytes]:
    """Yield the lines of a file without some (of each chunk: from, to, from, to, and so on)."""
    for chunk, some in zip(read_chunks(path), places, strict=True):
        bounds = [0, *some, len(chunk)]
        kept = b"".join(
            chunk[start:end] for start, end in zip(bounds[::2], bounds[1::2], strict=True)
        )
        if kept:
            yield kept


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
