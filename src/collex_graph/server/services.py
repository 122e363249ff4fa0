"""What every request needs, reached through the application and never through a global."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from flask import current_app

from collex_graph.server.running import RunningQueries
from collex_graph.server.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from collex_graph.model import Snapshot
    from collex_graph.rdf.iris import Iris
    from collex_graph.server.fair_use import FairUse
    from collex_graph.settings import Settings
    from collex_graph.sparql.kept_snapshots import KeptSnapshots
    from collex_graph.sparql.result_cache import CachingQueries
    from collex_graph.uploads.judge import Judge

EXTENSION = "collex_graph"


@dataclass(frozen=True)
class Services:
    """The parts of a running site.

    Attributes:
        settings: the settings in force.
        queries: answers every query, and keeps results; it alone knows the current snapshot.
        kept: answers from snapshots that are current no more.
        fair_use: the computing time that clients have left.
        judge: judges the files that are given to be checked.
        iris: mints and recognises the IRIs of ``settings.base_iri``.
        known_before: says whether an earlier snapshot, still kept, knew an IRI (410, not 404).
        presentation: a digest of templates, messages and scripts: part of a page's entity tag, so
            that a browser never keeps a page of an older design.
        running: the queries of the public that run now.
        usage: what is counted.
        vendored: names of the third-party files that set-up installed (`web/install.py`).
    """

    settings: Settings
    queries: CachingQueries
    kept: KeptSnapshots
    fair_use: FairUse
    judge: Judge
    iris: Iris
    known_before: Callable[[str], bool]
    presentation: str
    running: RunningQueries = field(default_factory=RunningQueries)
    usage: Usage = field(default_factory=Usage)
    vendored: frozenset[str] = frozenset()

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that requests are answered from now."""
        return self.queries.snapshot


def services() -> Services:
    """Return the parts of the application that handles the current request."""
    return cast("Services", current_app.extensions[EXTENSION])
