"""Puts a site together: the current snapshot, the workers that query it, the application.

A build or ``collex-graph snapshots switch`` changes the symbolic link ``current``; a running site
looks at it and goes over to the new snapshot without dropping a request.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from collex_graph.errors import CollexGraphError
from collex_graph.server.application import create_app
from collex_graph.server.services import EXTENSION
from collex_graph.server.usage import Usage
from collex_graph.server.warming import warm
from collex_graph.sparql.elsewhere import EngineElsewhere
from collex_graph.sparql.workers import WorkerPool
from collex_graph.store.gone import read_gone
from collex_graph.store.snapshot import current_snapshot

if TYPE_CHECKING:
    from flask import Flask

    from collex_graph.model import Snapshot
    from collex_graph.server.services import Services
    from collex_graph.settings import Settings
    from collex_graph.sparql.kept_snapshots import KeptSnapshots

LOOK_EVERY_SECONDS = 1.0
_log = logging.getLogger(__name__)


def make_site(settings: Settings) -> Flask:
    """Return the application on the current snapshot, its workers started, ready for visitors.

    Raises:
        SnapshotNotFoundError: when nothing has been published yet.
    """
    snapshot = current_snapshot(settings.var)
    pool = (
        EngineElsewhere(snapshot, settings)
        if settings.query_endpoint
        else WorkerPool(snapshot, settings, warm=True)
    )
    pool.start()
    gone = _Gone(pool.snapshot)
    app = create_app(
        settings,
        pool,
        known_before=lambda iri: gone.knows(pool.snapshot, iri),
        usage=Usage(settings.var / "usage.json"),
    )
    site: Services = app.extensions[EXTENSION]
    site.judge.starts_early = True
    follow = threading.Thread(
        target=_follow, args=(pool, settings, site.kept), name="snapshots", daemon=True
    )
    follow.start()
    warm(app)
    return app


class _Gone:
    """The IRIs that the snapshot being served has lost, read once per snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._read = (snapshot.identifier, read_gone(snapshot))

    def knows(self, snapshot: Snapshot, iri: str) -> bool:
        identifier, gone = self._read
        if identifier != snapshot.identifier:
            gone = read_gone(snapshot)
            self._read = (snapshot.identifier, gone)
        return iri in gone


def _follow(pool: WorkerPool | EngineElsewhere, settings: Settings, kept: KeptSnapshots) -> None:
    """Go over to each new snapshot until the pool is closed: the body of the watcher's thread."""
    said = ""
    while not pool.wait_until_closed(LOOK_EVERY_SECONDS):
        kept.end_idle()
        try:
            snapshot = current_snapshot(settings.var)
            if snapshot.identifier != pool.snapshot.identifier:
                pool.switch(snapshot)
            said = ""
        except (CollexGraphError, OSError) as error:
            # The snapshot being served goes on being served; what stays wrong is said once.
            if str(error) != said and not pool.wait_until_closed(0):
                said = str(error)
                _log.warning("the new snapshot cannot be served: %s", error)
