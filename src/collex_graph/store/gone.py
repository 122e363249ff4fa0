"""Which of our IRIs an earlier snapshot knew and this one does not: they answer 410, not 404.

Each snapshot carries the list (``gone.txt``, one IRI a line): what the one before it had lost, and
what was lost since. So the answer survives the pruning of old snapshots.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from collex_graph.rdf.iris import Iris

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from collex_graph.model import Snapshot

FILE_NAME = "gone.txt"


def read_gone(snapshot: Snapshot) -> frozenset[str]:
    """Return the IRIs that the snapshot knows to be gone."""
    path = snapshot.directory / FILE_NAME
    if not path.is_file():
        return frozenset()
    return frozenset(path.read_text(encoding="utf-8").split())


def find_gone(former: Snapshot, base_iri: str, is_known: Callable[[str], bool]) -> list[str]:
    """Return the IRIs of ours that the former snapshot described and the new graph does not.

    Args:
        former: the snapshot served until now.
        base_iri: the setting of that name; IRIs of others are not ours to call gone.
        is_known: whether the new graph says anything about an IRI.
    """
    candidates = set(read_gone(former))
    candidates.update(_subjects(former, f"<{Iris(base_iri).base}id/"))
    return sorted(iri for iri in candidates if not is_known(iri))


def _subjects(snapshot: Snapshot, start: str) -> Iterator[str]:
    last = ""
    with gzip.open(snapshot.dump, "rt", encoding="utf-8") as lines:
        for line in lines:
            # results of a report come and go with every build: nobody cites them
            if line.startswith(start) and "/graph/report> ." not in line:
                subject = line[1 : line.index(">")]
                if subject != last:
                    last = subject
                    yield subject
