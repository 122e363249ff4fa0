"""Publishes a graph: the report, the description, the dump, the manifest, the snapshot."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from collex_graph import __version__
from collex_graph.build.contents import (
    KINDS,
    keep_for_next,
    possibly_lost,
    quads_member,
    remove_folder,
    write_aside,
    write_dump,
)
from collex_graph.build.quality import ConcernedRecords, quality_counts
from collex_graph.errors import SnapshotNotFoundError
from collex_graph.model import Severity, ValidationReport
from collex_graph.rdf.skolem import read_turtle
from collex_graph.resources import resource_dir
from collex_graph.sparql.brought_answers import FOLDER as ANSWERS_FOLDER
from collex_graph.sparql.brought_answers import write_answers
from collex_graph.sparql.catalogue import stored_query
from collex_graph.sparql.result_cache import result_key
from collex_graph.store.counts import FILE_NAME as COUNTS_FILE_NAME
from collex_graph.store.counts import write_counts
from collex_graph.store.description import describe_snapshot, source_file_iri
from collex_graph.store.gone import FILE_NAME as GONE_FILE_NAME
from collex_graph.store.gone import find_gone
from collex_graph.store.quality import FILE_NAME as QUALITY_FILE_NAME
from collex_graph.store.quality import write_quality
from collex_graph.store.search_index import FOLDER as SEARCH_FOLDER
from collex_graph.store.search_index import write_search_index
from collex_graph.store.snapshot import current_snapshot, publish
from collex_graph.validation.report import report_quads, report_turtle
from collex_graph.validation.scores import own_criteria, score_quads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from pyoxigraph import Quad

    from collex_graph.build.contents import LinkedMembers
    from collex_graph.model import Snapshot, ValidationResult
    from collex_graph.pipeline import MappedSource, Part
    from collex_graph.rdf.iris import Iris
    from collex_graph.settings import Settings
    from collex_graph.store.builder import Member, StoreBuilder
    from collex_graph.store.lines import LinesFile


class Publication:
    """A snapshot in the making.

    Args:
        building: the folder that becomes the snapshot.
        work: where files stand that the snapshot does not keep.
        settings: ``var``, ``base_iri`` and ``as_of`` are used.
        iris: mints the IRIs.
        created: when it is published (UTC).
    """

    def __init__(
        self, building: Path, work: Path, settings: Settings, iris: Iris, *, created: datetime
    ) -> None:
        self._building = building
        self._work = work
        self._settings = settings
        self._iris = iris
        self._created = created
        self._counts: dict[str, int] = {}
        self._report = ValidationReport(())
        self._concerned: ConcernedRecords | None = None

    def load(
        self,
        store: StoreBuilder,
        sources: Sequence[MappedSource],
        report: ValidationReport,
        everything: Sequence[Part],
    ) -> None:
        """Load what is said about the data: report, scores, shapes, description."""
        iris, base_iri = self._iris, self._settings.base_iri
        published = ValidationReport(tuple(r for r in report.results if not r.internal))
        self._report = published
        files = {
            file.name: source_file_iri(file, iris) for source in sources for file in source.files
        }
        said = quads_member(
            self._work / "report.nq.gz", report_quads(published, base_iri, source_files=files)
        )
        store.replace("report", [said])
        scored = score_quads(own_criteria().scores(store.store), base_iri)
        store.replace("quality", [quads_member(self._work / "quality.nq.gz", scored)])
        rules = (
            quad
            for path in sorted(resource_dir("shapes").glob("*.ttl"))
            for quad in read_turtle(path, iris.base, iris.graph("shapes"))
        )
        store.replace("shapes", [quads_member(self._work / "shapes.nq.gz", rules)])
        (self._building / "report.ttl").write_text(
            report_turtle(published, base_iri, source_files=files), encoding="utf-8"
        )
        self._load_concerned(store, sources, said, everything)
        # the description counts the data and is none, so what it says changes no count
        counts = {row["name"]: int(row["count"]) for row in _rows(store, "statistics/counts")}
        counts["triples"] = store.count() - store.quads()
        self._counts = counts
        described = quads_member(
            self._work / "description.nq.gz", self._description(store, sources, counts)
        )
        store.replace("description", [described])
        store.write_turtle(self._building / "description.ttl", iris.graph("description"))

    def _load_concerned(
        self,
        store: StoreBuilder,
        sources: Sequence[MappedSource],
        report: Member,
        everything: Sequence[Part],
    ) -> None:
        """Say whom each result concerns."""
        datasets: dict[str, str] = {}
        for source in sources:
            for file in source.files:
                if datasets.setdefault(file.name, source.dataset) != source.dataset:
                    datasets[file.name] = ""
        concerned = ConcernedRecords(store.store, self._iris, datasets, everything)
        lines = quads_member(self._work / "concerned.nq.gz", concerned.quads())
        store.replace("report", [report, lines])
        self._concerned = concerned

    def write_quality(self, store: StoreBuilder, sources: Sequence[MappedSource]) -> bool:
        """Write the counts of the quality pages; say whether those of before were kept."""
        assert self._concerned is not None
        read = Counter[str]()
        for source in sources:
            read[source.dataset] += source.records_read
        counts = quality_counts(
            self._concerned,
            read=read,
            institutions=_rows(store, "statistics/records-of-institutions"),
            rules=_rows(store, "statistics/judged-by-rules"),
            alignments=_rows(store, "statistics/alignments"),
            announced=_rows(store, "statistics/announced-rules"),
            scores=_rows(store, "statistics/scores"),
        )
        try:
            former = current_snapshot(self._settings.var).directory / QUALITY_FILE_NAME
        except SnapshotNotFoundError:
            former = None
        path = self._building / QUALITY_FILE_NAME
        return write_quality(path, counts, self._created, former=former)

    def _description(
        self, store: StoreBuilder, sources: Sequence[MappedSource], counts: Mapping[str, int]
    ) -> Iterator[Quad]:
        graph = self._iris.graph("description")
        yield from read_turtle(resource_dir("mappings") / "sources.ttl", self._iris.base, graph)
        read = Counter[str]()
        files = Counter[str]()
        for source in sources:
            read[source.dataset] += source.publisher_records
            files[source.dataset] += len({file.path for file in source.files})
        yield from describe_snapshot(
            iris=self._iris,
            created=self._created,
            as_of=self._settings.day,
            version=__version__,
            counts=counts,
            classes=_rows(store, "statistics/classes"),
            properties=_rows(store, "statistics/properties"),
            schemes=_rows(store, "statistics/schemes"),
            datasets={name: {"records": read[name], "files": files[name]} for name in read},
            graph=graph,
        )

    def write(
        self,
        store: StoreBuilder,
        store_path: Path,
        *,
        sources: Sequence[MappedSource],
        set_aside: Sequence[frozenset[str]],
        linked: LinkedMembers,
        verdicts: Sequence[ValidationResult] | None,
    ) -> None:
        """Write the dump, the manifest and what the next build starts from; close the store."""
        building = self._building
        held = {kind: store.held(kind) for kind in KINDS}
        dump = building / "dataset.nq.gz"
        members = (file for kind in KINDS for file in held[kind])
        self._counts["quads"], digest, size_bytes = write_dump(dump, members)
        self._write_gone(store, [file for files in held.values() for file in files])
        keep_for_next(
            building,
            held,
            linked,
            base_iri=self._iris.base,
            statements=self._counts["triples"] + store.quads(),
            unordered=store.unordered,
            verdicts=verdicts,
            day=self._settings.day,
        )
        store.finish()
        store_path.rename(building / "store")
        manifest = {
            "created": self._created.isoformat(),
            "software": __version__,
            "base_iri": self._settings.base_iri,
            "as_of": self._settings.day,
            "counts": self._counts,
            "dump": {"name": dump.name, "sha256": digest, "size_bytes": size_bytes},
            "sources": [
                {
                    "dataset": source.dataset,
                    "records_read": source.records_read,
                    "set_aside": sorted(keys),
                    "files": [
                        {
                            "name": file.name,
                            "sha256": file.sha256,
                            "size_bytes": file.size_bytes,
                            "media_type": file.media_type,
                        }
                        # the sheets of a workbook are one file
                        for file in {file.path: file for file in source.files}.values()
                    ],
                }
                for source, keys in zip(sources, set_aside, strict=True)
            ],
            "report": {
                severity.value: len(self._report.of_severity(severity)) for severity in Severity
            },
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=1)
        (building / "manifest.json").write_text(text + "\n", encoding="utf-8")

    def write_index(self, store: StoreBuilder) -> None:
        """Write what words and places are searched in, and what every page begins with."""
        write_search_index(store.store, self._building / SEARCH_FOLDER)
        write_counts(store.store, self._building / COUNTS_FILE_NAME)
        write_answers(store.store, self._building / ANSWERS_FOLDER, self._settings, result_key)

    def write_aside(self, parts: Sequence[Part]) -> None:
        """Write the quads of the records that were set aside and hold nothing private."""
        write_aside(self._building / "set-aside.nq.gz", parts)

    def finish(self) -> Snapshot:
        """Make it the current snapshot."""
        remove_folder(self._work)
        return publish(self._building, self._created)

    def _write_gone(self, store: StoreBuilder, kept: Sequence[LinesFile]) -> None:
        try:
            former = current_snapshot(self._settings.var)
        except SnapshotNotFoundError:
            return
        lost = possibly_lost(former, kept)
        gone = find_gone(former, self._settings.base_iri, store.is_described, lost)
        (self._building / GONE_FILE_NAME).write_text("\n".join(gone), encoding="utf-8")


def _rows(store: StoreBuilder, name: str) -> list[dict[str, str]]:
    return store.select(stored_query(name).text())
