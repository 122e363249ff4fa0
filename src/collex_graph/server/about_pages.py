"""The pages about the site itself: what it is, its sources, the data as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from collex_graph.server.contexts.about import AboutContext, DatasetContext, SnapshotRow
from collex_graph.server.contexts.values import Format
from collex_graph.server.evidence import describe_datasets, describe_rules
from collex_graph.server.reader import integer
from collex_graph.store.snapshot import list_snapshots

if TYPE_CHECKING:
    from collex_graph.model import Snapshot
    from collex_graph.server.messages import Words
    from collex_graph.server.reader import GraphReader

_COUNTS = (
    "units", "fonds", "subfonds", "archive_fonds", "components", "deposits", "counted_as_labelled",
    "notices", "access_points", "libraries", "establishments", "agents",
)  # fmt: skip
_LINKS = (
    ("dataset.link.void", "text/turtle", "/.well-known/void"),
    ("dataset.link.sparql", "text/html", "/query"),
    ("dataset.link.ontology", "text/turtle", "/ontology.ttl"),
    ("dataset.link.shapes", "text/turtle", "/shapes.ttl"),
)
_SEVERITIES = (("Violation", "violation"), ("Warning", "warning"), ("Info", "info"))
_SNAPSHOTS_SHOWN = 10


def describe_about(reader: GraphReader) -> AboutContext:
    """Return what this is and is not."""
    return AboutContext(
        title=reader.words("about.heading"),
        datasets=describe_datasets(reader),
        base_iri=reader.iris.base,
    )


def describe_dataset(
    reader: GraphReader, snapshot: Snapshot, *, dump_href: str, sha256: str
) -> DatasetContext:
    """Return the page of the data as a whole.

    Args:
        reader: the graph.
        snapshot: the one that is served.
        dump_href: where its dump is.
        sha256: of the dump.
    """
    words = reader.words
    size = snapshot.dump.stat().st_size if snapshot.dump.is_file() else 0
    day = words.date(snapshot.created.date())
    found = {
        row["severity"].value: integer(row["count"]) or 0 for row in reader.rows("quality-counts")
    }
    return DatasetContext(
        title=words("dataset.heading"),
        dump_href=dump_href,
        dump_size=words.size(size),
        dump_sha256=sha256,
        quads=snapshot.counts.get("quads", 0),
        counts=tuple(
            (words(f"dataset.count.{name}"), snapshot.counts[name])
            for name in _COUNTS
            if name in snapshot.counts
        ),
        links=tuple(Format(words(key), media, href) for key, media, href in _LINKS),
        datasets=describe_datasets(reader),
        snapshots=_snapshots(words, snapshot),
        citation=words("dataset.citation", snapshot=snapshot.identifier, date=day),
        quality=tuple(
            (name, count)
            for ending, name in _SEVERITIES
            for iri, count in found.items()
            if iri.endswith(f"#{ending}")
        ),
        rules=describe_rules(reader),
        set_aside=_set_aside(words, snapshot),
        report_href="/graph/report.ttl" if found else "",
    )


def _set_aside(words: Words, snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    """Return the records that the build left out: their file, and their place in it."""
    found = []
    for source in cast("list[dict[str, Any]]", snapshot.manifest.get("sources") or []):
        for record in source.get("set_aside") or []:
            name, _, fragment = str(record).partition("#")
            row = fragment.removeprefix("row=")
            place = (
                words("place.row", row=row)
                if fragment.startswith("row=")
                else words("place.component", component=fragment)
            )
            found.append((name, place if fragment else ""))
    return tuple(found)


def _snapshots(words: Words, current: Snapshot) -> tuple[SnapshotRow, ...]:
    """Return the published states of the graph, the newest first."""
    kept = list_snapshots(current.directory.parent.parent)
    return tuple(
        SnapshotRow(
            identifier=each.identifier,
            date=words.date(each.created.date()),
            current=each.identifier == current.identifier,
            quads=each.counts.get("quads"),
        )
        for each in reversed(kept[-_SNAPSHOTS_SHOWN:])
    )
