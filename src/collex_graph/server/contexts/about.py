"""What the site is, and its data as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collex_graph.server.contexts.evidence import RuleRow, SourceDataset
    from collex_graph.server.contexts.values import Format


@dataclass(frozen=True)
class AboutContext:
    """``/about``: what this is and is not, its sources and its limits."""

    title: str
    datasets: tuple[SourceDataset, ...]
    base_iri: str


@dataclass(frozen=True)
class SnapshotRow:
    """A published state of the graph."""

    identifier: str
    date: str
    current: bool
    quads: int | None


@dataclass(frozen=True)
class DatasetContext:
    """``/dataset``: the data as a whole."""

    title: str
    dump_href: str
    dump_size: str
    dump_sha256: str
    quads: int
    counts: tuple[tuple[str, int], ...]
    links: tuple[Format, ...]
    datasets: tuple[SourceDataset, ...]
    snapshots: tuple[SnapshotRow, ...]
    citation: str
    quality: Sequence[tuple[str, int]] = field(default=())
    rules: tuple[RuleRow, ...] = ()
    set_aside: tuple[tuple[str, str], ...] = ()
    report_href: str = ""
