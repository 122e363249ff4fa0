"""Which of our IRIs an earlier snapshot knew and this one does not: they answer 410, not 404.

Each snapshot carries the list (``gone.txt``, one IRI a line): what the one before it had lost, and
what was lost since. So the answer survives the pruning of old snapshots.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from collex_graph.rdf.iris import Iris
from collex_graph.store.lines import read_chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from collex_graph.model import Snapshot

FILE_NAME = "gone.txt"


def read_gone(snapshot: Snapshot) -> frozenset[str]:
    """Return the IRIs that the snapshot knows to be gone."""
    path = snapshot.directory / FILE_NAME
    if not path.is_file():
        return frozenset()
    return frozenset(path.read_text(encoding="utf-8").split())


def find_gone(
    former: Snapshot, base_iri: str, is_known: Callable[[str], bool], lost: Iterable[Path]
) -> list[str]:
    """Return the IRIs of ours that the former snapshot described and the new graph does not.

    Args:
        former: the snapshot served until now.
        base_iri: the setting of that name; IRIs of others are not ours to call gone.
        is_known: whether the new graph says anything about an IRI.
        lost: files of N-Quads lines of the former snapshot, among them every line it has lost.
    """
    candidates = set(read_gone(former))
    candidates.update(_subjects(lost, f"{Iris(base_iri).base}id/"))
    return sorted(iri for iri in candidates if not is_known(iri))


def _subjects(paths: Iterable[Path], start: str) -> Iterator[str]:
    pattern = re.compile(b"^<(" + re.escape(start.encode()) + b"[^>]*)>", re.MULTILINE)
    # results of a report come and go with every build: nobody cites them
    ignored = (f"{start}result/", f"{start}report")
    for path in paths:
        for chunk in read_chunks(path):
            for found in set(pattern.findall(chunk)):
                subject = found.decode()
                if not subject.startswith(ignored):
                    yield subject
