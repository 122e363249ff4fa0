"""Build a snapshot: map the sources, derive, validate, set aside, publish.

A record that violates a rule is set aside and the rest publishes; a violation of the data set as a
whole stops publication, and the snapshot served until now stays.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from collex_graph import __version__
from collex_graph.errors import ConfigurationError, InvalidDatasetError, SnapshotNotFoundError
from collex_graph.model import Severity, ValidationReport
from collex_graph.pipeline import MappedSource, map_source
from collex_graph.rdf.iris import Iris
from collex_graph.rdf.skolem import read_turtle
from collex_graph.resources import resource_dir
from collex_graph.sparql.catalogue import stored_query
from collex_graph.store.builder import StoreBuilder
from collex_graph.store.description import (
    describe_graph,
    describe_origin,
    describe_snapshot,
    describe_source_file,
    source_file_iri,
)
from collex_graph.store.gone import FILE_NAME as GONE_FILE_NAME
from collex_graph.store.gone import find_gone
from collex_graph.store.snapshot import building_folder, current_snapshot, publish
from collex_graph.validation.readings import ReadingRules
from collex_graph.validation.report import report_quads, report_turtle
from collex_graph.validation.validator import validate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pyoxigraph import Quad

    from collex_graph.model import Position, Snapshot, ValidationResult
    from collex_graph.settings import Settings

BUNDLED_SOURCE = "institutions"
"""The concordances that every build reads: libraries, establishments, communes."""


@dataclass
class BuildSummary:
    """What a build did, for the person who ran it.

    Attributes:
        snapshot: what was published.
        sources: each source after mapping.
        report: every result, the internal ones included.
        set_aside: keys of the records left out, by source.
        derived: derivation → distinct triples.
    """

    snapshot: Snapshot
    sources: list[MappedSource]
    report: ValidationReport
    set_aside: Mapping[str, frozenset[str]]
    derived: Mapping[str, int]

    @property
    def exit_code(self) -> int:
        """0 when everything was published, 1 when a record or a file was left out."""
        return 1 if self.report.of_severity(Severity.VIOLATION) else 0


def build(
    inputs: Sequence[tuple[str, Path]],
    settings: Settings,
    progress: Callable[[str, str], None] = lambda _stage, _detail: None,
) -> BuildSummary:
    """Build and publish a snapshot.

    Args:
        inputs: (source, path) pairs, as on the command line.
        settings: ``var`` and ``base_iri`` are used.
        progress: told of each step.

    Raises:
        ConfigurationError: for an unknown source or a path that does not exist.
        InvalidDatasetError: when the data set as a whole may not be published.
    """
    if not inputs:
        raise ConfigurationError("nothing to build: give at least one SOURCE=PATH")
    iris = Iris(settings.base_iri)
    with building_folder(settings.var) as building:
        work = building / "work"
        work.mkdir()
        given = [*inputs, (BUNDLED_SOURCE, resource_dir("mappings") / BUNDLED_SOURCE)]
        owners: defaultdict[str, dict[str, str]] = defaultdict(dict)
        sources = [
            map_source(
                dataset,
                path,
                base_iri=settings.base_iri,
                spool=work / f"{number}-{dataset}.nq",
                owners=owners[dataset],
                progress=progress,
            )
            for number, (dataset, path) in enumerate(given)
        ]
        rules = ReadingRules.load()
        read = {id(source): _read_results(source, rules) for source in sources}
        _refuse_empty(given, sources, read)
        set_aside = {id(source): _aside_by_reading(source, read[id(source)]) for source in sources}
        positions = _positions(sources)

        earlier: list[ValidationResult] = []
        attempt = 0
        while True:
            attempt += 1
            store_path = work / f"store-{attempt}"
            store = StoreBuilder(store_path, settings.base_iri)
            _load(store, sources, set_aside, iris, progress)
            derived = _derive(store, iris, progress)
            progress("validate", "")
            results = validate(store.quads(_is_data(iris)), positions=positions)
            grown = _aside_by_shapes(sources, results, set_aside)
            if grown == set_aside:
                _refuse_what_no_record_answers_for(results)
                break
            earlier += [r for r in results if r.severity is Severity.VIOLATION and not r.of_dataset]
            set_aside = grown
            del store

        results = [
            *(result for source in sources for result, _ in read[id(source)]),
            *earlier,
            *results,
        ]
        report = ValidationReport(tuple(dict.fromkeys(results)))
        of_dataset = [r for r in report.results if r.of_dataset]
        if of_dataset:
            raise InvalidDatasetError(
                f"{len(of_dataset)} violations of the whole data set; nothing was published",
                report,
            )
        created = datetime.now(UTC).replace(microsecond=0)
        snapshot = _publish(
            building,
            store,
            store_path,
            sources=sources,
            set_aside=set_aside,
            report=report,
            settings=settings,
            created=created,
            progress=progress,
        )
        return BuildSummary(
            snapshot,
            sources,
            report,
            _by_dataset(sources, set_aside),
            derived,
        )


def _read_results(source: MappedSource, rules: ReadingRules) -> list[tuple[ValidationResult, str]]:
    """Problems of the mapping as results, each with the key of its record; each said once."""
    seen: dict[tuple[object, ...], tuple[ValidationResult, str]] = {}
    for problem in source.problems:
        result = rules.result(problem)
        key = (problem.record, problem.note, problem.position.column, problem.subject)
        seen.setdefault(key, (result, problem.record))
    return list(seen.values())


def _by_dataset(
    sources: Sequence[MappedSource], set_aside: Mapping[int, frozenset[str]]
) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for source in sources:
        found[source.dataset] = found.get(source.dataset, frozenset()) | set_aside[id(source)]
    return found


def _refuse_empty(
    given: Sequence[tuple[str, Path]],
    sources: Sequence[MappedSource],
    read: Mapping[int, list[tuple[ValidationResult, str]]],
) -> None:
    """A source that gives nothing never replaces a snapshot in which it gave something."""
    for (dataset, path), source in zip(given, sources, strict=True):
        if any(record.describes for record in source.records.values()):
            continue
        why = "no reader knows any file there" if not source.files else "no record could be read"
        raise InvalidDatasetError(
            f"{dataset}={path}: {why}; nothing was published, the former snapshot stays",
            ValidationReport(tuple(result for result, _ in read[id(source)])),
        )


def _refuse_what_no_record_answers_for(results: Sequence[ValidationResult]) -> None:
    left = [r for r in results if r.severity is Severity.VIOLATION and not r.of_dataset]
    if left:
        raise InvalidDatasetError(
            f"{len(left)} violations concern no record that could be set aside; nothing was "
            "published",
            ValidationReport(tuple(left)),
        )


def _aside_by_reading(
    source: MappedSource, results: Iterable[tuple[ValidationResult, str]]
) -> frozenset[str]:
    doomed = {key for result, key in results if result.severity is Severity.VIOLATION}
    # a file that breaks off is not half read: what it gave before the break is left out with it
    broken = {key for key in doomed if key not in source.records}
    starts = tuple(f"{label}#" for label in broken)
    doomed |= {key for key in source.records if key.startswith(starts)}
    return source.enclosed_by(frozenset(doomed & source.records.keys()))


def _aside_by_shapes(
    sources: Sequence[MappedSource],
    results: Sequence[ValidationResult],
    set_aside: Mapping[int, frozenset[str]],
) -> dict[int, frozenset[str]]:
    focus = {r.focus_node for r in results if r.severity is Severity.VIOLATION and not r.of_dataset}
    grown = {}
    for source in sources:
        doomed = set(set_aside[id(source)])
        for subject, keys in source.describing().items():
            if subject in focus:
                # several records may describe one thing (a library): the first that is left
                # answers for it, and the next one if the thing is still wrong without it
                doomed.update([key for key in keys if key not in doomed][:1])
        grown[id(source)] = source.enclosed_by(frozenset(doomed))
    return grown


def _positions(sources: Sequence[MappedSource]) -> dict[str, Position]:
    found: dict[str, Position] = {}
    for source in sources:
        for subject, keys in source.describing().items():
            found.setdefault(subject, source.records[keys[0]].position)
    return found


def _is_data(iris: Iris) -> Callable[[str], bool]:
    """Which named graphs the default graph is made of (the model, section 4)."""
    starts = tuple(
        iris.graph(kind) for kind in ("source", "derived", "vocabulary", "authority", "ontology")
    )
    accepted = iris.graph("mapping", "accepted")
    return lambda graph: graph.startswith(starts) or graph == accepted


def _load(
    store: StoreBuilder,
    sources: Sequence[MappedSource],
    set_aside: Mapping[int, frozenset[str]],
    iris: Iris,
    progress: Callable[[str, str], None],
) -> None:
    progress("load", "")
    ontology = resource_dir("ontology")
    store.load_quads(read_turtle(ontology / "collex.ttl", iris.base, iris.graph("ontology")))
    for path in sorted((ontology / "vocabularies").glob("*.ttl")):
        store.load_quads(read_turtle(path, iris.base, iris.graph("vocabulary", path.stem)))
    # what the sources are is data too: a notice says which dataset it is part of
    datasets = resource_dir("mappings") / "sources.ttl"
    own = iris.graph("source", "collex-graph", "sources")
    store.load_quads(read_turtle(datasets, iris.base, own))
    for source in sources:
        store.load_lines(source.spool, source.kept_ranges(set_aside[id(source)]))


def _derive(
    store: StoreBuilder, iris: Iris, progress: Callable[[str, str], None]
) -> dict[str, int]:
    graph = iris.graph("derived")
    derived = {}
    for path in sorted((resource_dir("queries") / "derivations").glob("*.rq")):
        progress("derive", path.stem)
        query = stored_query(f"derivations/{path.stem}")
        derived[path.stem] = store.derive(query.text(), graph)
    return derived


def _publish(
    building: Path,
    store: StoreBuilder,
    store_path: Path,
    *,
    sources: Sequence[MappedSource],
    set_aside: Mapping[int, frozenset[str]],
    report: ValidationReport,
    settings: Settings,
    created: datetime,
    progress: Callable[[str, str], None],
) -> Snapshot:
    progress("publish", "")
    iris = Iris(settings.base_iri)
    published = ValidationReport(tuple(r for r in report.results if not r.internal))
    source_files = {
        file.name: source_file_iri(file, iris) for source in sources for file in source.files
    }
    store.load_quads(report_quads(published, settings.base_iri, source_files=source_files))
    for path in sorted(resource_dir("shapes").glob("*.ttl")):
        store.load_quads(read_turtle(path, iris.base, iris.graph("shapes")))
    # one stream: each bulk load has a fixed cost
    store.load_quads(_provenance(sources, set_aside, iris))
    sources_ttl = resource_dir("mappings") / "sources.ttl"
    description = iris.graph("description")
    store.load_quads(read_turtle(sources_ttl, iris.base, description))

    triples = store.materialise_default_graph(_is_data(iris))
    counts = {row["name"]: int(row["count"]) for row in _rows(store, "statistics/counts")}
    counts["triples"] = triples
    read = Counter[str]()
    files = Counter[str]()
    for source in sources:
        read[source.dataset] += source.publisher_records
        files[source.dataset] += len(source.files)
    quads = describe_snapshot(
        iris=iris,
        created=created,
        version=__version__,
        counts=counts,
        classes=_rows(store, "statistics/classes"),
        properties=_rows(store, "statistics/properties"),
        datasets={name: {"records": read[name], "files": files[name]} for name in read},
        graph=description,
    )
    store.load_quads(quads)
    store.write_turtle(building / "description.ttl", description)
    (building / "report.ttl").write_text(
        report_turtle(published, settings.base_iri, source_files=source_files), encoding="utf-8"
    )
    _write_gone(building, store, settings)
    counts["quads"], digest, size_bytes = store.write_dump(building / "dataset.nq.gz")
    store.finish()
    store_path.rename(building / "store")
    _write_set_aside(building / "set-aside.nq.gz", sources, set_aside)
    for source in sources:
        source.spool.unlink()
    for leftover in sorted((building / "work").rglob("*"), reverse=True):
        leftover.rmdir() if leftover.is_dir() else leftover.unlink()
    (building / "work").rmdir()
    manifest = {
        "created": created.isoformat(),
        "software": __version__,
        "base_iri": settings.base_iri,
        "counts": counts,
        "dump": {"name": "dataset.nq.gz", "sha256": digest, "size_bytes": size_bytes},
        "sources": [
            {
                "dataset": source.dataset,
                "records_read": source.records_read,
                "set_aside": sorted(set_aside[id(source)]),
                "files": [
                    {
                        "name": file.name,
                        "sha256": file.sha256,
                        "size_bytes": file.size_bytes,
                        "media_type": file.media_type,
                    }
                    for file in source.files
                ],
            }
            for source in sources
        ],
        "report": {severity.value: len(published.of_severity(severity)) for severity in Severity},
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    (building / "manifest.json").write_text(text + "\n", encoding="utf-8")
    return publish(building, created)


def _provenance(
    sources: Sequence[MappedSource], set_aside: Mapping[int, frozenset[str]], iris: Iris
) -> Iterator[Quad]:
    for source in sources:
        for file in source.files:
            yield from describe_source_file(file, iris)
        for graph, file in source.graphs.items():
            yield describe_graph(graph, file, iris)
        for key, record in source.records.items():
            if key in set_aside[id(source)]:
                continue
            for subject in record.describes:
                yield from describe_origin(subject, record.file, record.position, iris)


def _write_gone(building: Path, store: StoreBuilder, settings: Settings) -> None:
    try:
        former = current_snapshot(settings.var)
    except SnapshotNotFoundError:
        return
    gone = find_gone(former, settings.base_iri, store.is_described)
    (building / GONE_FILE_NAME).write_text("\n".join(gone), encoding="utf-8")


def _rows(store: StoreBuilder, name: str) -> list[dict[str, str]]:
    return store.select(stored_query(name).text())


def _write_set_aside(
    path: Path, sources: Sequence[MappedSource], set_aside: Mapping[int, frozenset[str]]
) -> None:
    with path.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as lines:
        for source in sources:
            kept = source.records.keys() - set_aside[id(source)]
            with source.spool.open("rb") as spool:
                for offset, length in source.kept_ranges(frozenset(kept)):
                    spool.seek(offset)
                    lines.write(spool.read(length))
