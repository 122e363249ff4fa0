"""What every request needs, reached through the application and never through a global."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from flask import current_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from collex_graph.model import QueryService, Snapshot
    from collex_graph.rdf.iris import Iris
    from collex_graph.settings import Settings

EXTENSION = "collex_graph"


@dataclass(frozen=True)
class Services:
    """The parts of a running site.

    Attributes:
        settings: the settings in force.
        queries: answers every query; it alone knows the current snapshot.
        iris: mints and recognises the IRIs of ``settings.base_iri``.
        known_before: says whether an earlier snapshot, still kept, knew an IRI (410, not 404).
        presentation: a digest of templates, messages and scripts: part of a page's entity tag, so
            that a browser never keeps a page of an older design.
    """

    settings: Settings
    queries: QueryService
    iris: Iris
    known_before: Callable[[str], bool]
    presentation: str

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that requests are answered from now."""
        return self.queries.snapshot


def services() -> Services:
    """Return the parts of the application that handles the current request."""
    return cast("Services", current_app.extensions[EXTENSION])
