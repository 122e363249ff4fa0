"""Build a snapshot: map the sources, link, load, derive, validate, set aside, publish.

A record that violates a rule is set aside and the rest publishes; a violation of the data set as a
whole stops publication, and the snapshot served until now stays.

A build starts from the current snapshot where it can: files that are what they were are not mapped
again, and the store is a copy in which only what differs is replaced. It publishes what a full
build would. The phases are functions below, in their order.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from collex_graph.build.alignments import (
    INPUT,
    about_nothing,
    alignments_member,
    contradictions,
    judged_alignments,
    names_lines,
    proposals_of,
    write_proposals,
)
from collex_graph.build.aside import (
    Aside,
    added,
    aside_by_reading,
    aside_by_shapes,
    is_private,
    keys_aside,
    private_results,
    requests_without,
    union,
    unquoted,
    withheld_among,
)
from collex_graph.build.aside_tables import write_aside_tables
from collex_graph.build.contents import (
    Former,
    LinkedMembers,
    open_former,
    quads_member,
)
from collex_graph.build.publication import Publication
from collex_graph.errors import ConfigurationError, InvalidDatasetError, SnapshotNotFoundError
from collex_graph.linking.identities import Identities, find_identities
from collex_graph.model import Severity, ValidationReport
from collex_graph.pipeline import MappedSource, PartShelf, decide_doubles, map_sources
from collex_graph.pipeline.results import Positions, double_results, read_results
from collex_graph.rdf.iris import Iris
from collex_graph.rdf.namespaces import expand
from collex_graph.rdf.skolem import model_quads
from collex_graph.resources import resource_dir
from collex_graph.sparql.catalogue import stored_query
from collex_graph.store.builder import Member, StoreBuilder
from collex_graph.store.lines import LinesWriter
from collex_graph.store.snapshot import building_folder, current_snapshot
from collex_graph.validation.incremental import validate_changes
from collex_graph.validation.readings import ReadingRules
from collex_graph.validation.shapes import shapes
from collex_graph.validation.validator import validate_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from collex_graph.linking.alignments import Alignment
    from collex_graph.model import Problem, Snapshot, ValidationResult
    from collex_graph.pipeline import Part
    from collex_graph.settings import Settings

    Progress = Callable[[str, str], None]

BUNDLED_SOURCE = "institutions"
"""The concordances that every build reads: libraries, establishments, communes."""
_MOSTLY_NEW = 0.5
"""Share of the lines in changed members from which a store is made anew."""
_EXACT_ATTEMPTS = 5
"""How often the records that state a wrong value are looked for; then all that describe it go."""
_JUDGED_ANEW = 400_000
"""Quads up to which judging all of them costs less than finding what a
change can touch; and so many more for each changed statement:"""
_JUDGED_FOR_A_CHANGE = 10


@dataclass
class BuildSummary:
    """What a build did, for the person who ran it.

    Attributes:
        snapshot: what was published.
        sources: each source after mapping.
        report: every result, the internal ones included.
        set_aside: keys of the records left out, by source.
        derived: derivation → distinct triples.
        mapped: how many files were mapped; the others were kept from the build before.
        started_from: identifier of the snapshot whose store was copied; None for a full build.
        proposed: how many alignments are proposed, in ``proposals.sssom.tsv`` of the snapshot.
        aside_tables: source → files of the snapshot that hold its rows set aside, to be corrected.
    """

    snapshot: Snapshot
    sources: list[MappedSource]
    report: ValidationReport
    set_aside: Mapping[str, frozenset[str]]
    derived: Mapping[str, int]
    mapped: int
    started_from: str | None
    proposed: int
    aside_tables: Mapping[str, Sequence[Path]]

    @property
    def exit_code(self) -> int:
        """0 when everything was published, 1 when a record or a file was left out."""
        return 1 if self.report.of_severity(Severity.VIOLATION) else 0


def build(
    inputs: Sequence[tuple[str, Path]],
    settings: Settings,
    progress: Progress = lambda _stage, _detail: None,
    *,
    full: bool = False,
) -> BuildSummary:
    """Build and publish a snapshot.

    Args:
        inputs: (source, path) pairs, as on the command line.
        settings: ``var``, ``base_iri`` and ``as_of`` are used; without a day it is today.
        progress: told of each step.
        full: map every file and make the store anew, whatever the current snapshot left.

    Raises:
        ConfigurationError: for an unknown source or a path that does not exist.
        InvalidDatasetError: when the data set as a whole may not be published.
    """
    if not inputs:
        raise ConfigurationError("nothing to build: give at least one SOURCE=PATH")
    settings = replace(settings, as_of=settings.day)  # one day, even of a build at midnight
    decided = [path for dataset, path in inputs if dataset == INPUT]
    judged = judged_alignments(decided, Iris(settings.base_iri).base)
    given = [(dataset, path) for dataset, path in inputs if dataset != INPUT]
    given.append((BUNDLED_SOURCE, resource_dir("mappings") / BUNDLED_SOURCE))
    with building_folder(settings.var) as building:
        work = building / "work"
        work.mkdir()
        former, snapshot = (None, None) if full else _former(settings, progress)
        shelf = PartShelf(
            building / "parts",
            work / "unpacked",
            former=former.parts if former else None,
            progress=progress,
        )
        sources = map_sources(given, base_iri=settings.base_iri, shelf=shelf)
        graph = _Graph(settings, work, shelf, sources, former, progress, judged)

        rules = ReadingRules.load()
        read = [read_results(source, rules) for source in sources]
        _refuse_empty(given, sources, [result for results in read for result, *_ in results])
        # what is set aside for other reasons than that another record tells the same
        wrong = [aside_by_reading(*pair) for pair in zip(sources, read, strict=True)]
        withheld: list[Aside] = [{} for _ in sources]
        earlier: list[ValidationResult] = []
        attempts = 0
        while True:
            decide_doubles(sources, wrong)
            doubles = [double_results(source, rules) for source in sources]
            asides = [
                union(*both)
                for both in zip(wrong, map(aside_by_reading, sources, doubles), strict=True)
            ]
            graph.link(asides, withheld)
            graph.load()
            graph.derive()
            results = graph.validate()
            attempts += 1
            exactly = attempts <= _EXACT_ATTEMPTS
            grown = graph.aside(results, asides, exactly=exactly)
            if grown == asides:
                _refuse_what_no_record_answers_for(results)
                break
            earlier += [r for r in results if r.severity is Severity.VIOLATION and not r.of_dataset]
            private = [result for result in results if is_private(result)]
            if private:
                theirs = added(asides, graph.aside(private, asides, exactly=exactly))
                withheld = list(map(union, withheld, theirs))
                graph.start_anew()
            wrong = list(map(union, wrong, added(asides, grown)))

        unseen = private_results(graph.everything(), work / "aside", graph.shapes)
        if unseen:
            withheld = list(map(union, withheld, withheld_among(sources, asides, unseen)))
            graph.link(asides, withheld)
            if graph.former is not None:
                # what was published of such a record once is in the copied store
                graph.start_anew()
                graph.load()
                graph.derive()
        reading = [
            unquoted(result) if {key, label} & withheld_there.get(label, frozenset()) else result
            for told, twice, withheld_there in zip(read, doubles, withheld, strict=True)
            for result, label, key in (*told, *twice)
        ]
        secret = {r.focus_node for r in earlier if is_private(r)}
        earlier = [unquoted(r) if r.focus_node in secret else r for r in earlier]

        claims = [rules.result(problem) for problem in graph.claims()]
        report = ValidationReport(tuple(dict.fromkeys([*reading, *claims, *earlier, *results])))
        of_dataset = [r for r in report.results if r.of_dataset]
        if of_dataset:
            raise InvalidDatasetError(
                f"{len(of_dataset)} violations of the whole data set; nothing was published",
                report,
            )
        progress("publish", "")
        set_aside = [keys_aside(*pair) for pair in zip(sources, asides, strict=True)]
        tables = write_aside_tables(building, sources, asides, withheld, report.results)
        published = graph.publish(building, report, set_aside, withheld)
        by_dataset: dict[str, frozenset[str]] = {}
        for source, keys in zip(sources, set_aside, strict=True):
            by_dataset[source.dataset] = by_dataset.get(source.dataset, frozenset()) | keys
        return BuildSummary(
            published,
            sources,
            report,
            by_dataset,
            graph.derived,
            shelf.mapped,
            snapshot.identifier if snapshot and graph.former else None,
            graph.proposed,
            tables,
        )


def is_data(iris: Iris) -> Callable[[str], bool]:
    """Return which named graphs the default graph is made of (the model, section 4)."""
    starts = tuple(
        iris.graph(kind) for kind in ("source", "derived", "vocabulary", "authority", "ontology")
    )
    accepted = iris.graph("mapping", "accepted")
    return lambda graph: graph.startswith(starts) or graph == accepted


def _former(settings: Settings, progress: Progress) -> tuple[Former | None, Snapshot | None]:
    """Return what the current snapshot left, if a build can start from it."""
    try:
        snapshot = current_snapshot(settings.var)
        return open_former(snapshot, Iris(settings.base_iri).base), snapshot
    except SnapshotNotFoundError:
        pass
    except ValueError as error:
        progress("map", f"a full build: the current snapshot cannot be started from ({error})")
    return None, None


@dataclass
class _Graph:
    """The graph under construction: what is loaded after each attempt, and where.

    Attributes:
        former: what an earlier build left; None once the store is made anew.
        shapes: what the graph is checked against.
        judged: alignments that a person decided, or wrote down to decide.
        parts: the parts that the graph is made of, less what is set aside.
        identities: which IRIs are one node.
        derived: derivation → distinct triples.
        proposed: how many alignments are proposed.
        attempts: the members of alignments that were made.
        verdicts: what the rules found in what the store held then; None where nobody knows.
    """

    settings: Settings
    work: Path
    shelf: PartShelf
    sources: list[MappedSource]
    former: Former | None
    progress: Progress
    judged: list[Alignment]
    parts: list[list[Part]] = field(default_factory=list)
    identities: Identities = field(default_factory=Identities)
    derived: dict[str, int] = field(default_factory=dict)
    proposed: int = 0
    attempts: list[Path] = field(default_factory=list)
    verdicts: list[ValidationResult] | None = None

    def __post_init__(self) -> None:
        self.iris = Iris(self.settings.base_iri)
        self.linked = LinkedMembers(self.work, self.former)
        self.shapes = shapes().on(self.settings.day)
        self.model = quads_member(self.work / "model.nq.gz", model_quads(self.iris))
        self.members: list[Member] = []
        self.store: StoreBuilder | None = None
        self.store_path = self.work / "store"

    def link(self, asides: Sequence[Aside], withheld: Sequence[Aside]) -> None:
        """Take the parts without what is set aside, and decide which IRIs are one node."""
        requests = list(map(requests_without, self.sources, asides, withheld))
        parts = iter(self.shelf.fetch([one for some in requests for one in some]))
        self.parts = [[next(parts) for _ in some] for some in requests]
        self.progress("link", "")
        everything = self.everything()
        self.identities = find_identities(
            (part.identity_lines() for part in everything),
            base_iri=self.iris.base,
            accepted=[(one.subject, one.target) for one in self.judged if one.makes_one_node],
        )
        self.identities.aligned = frozenset(
            one.subject for one in self.judged if one.makes_one_node
        )
        self.members = [self.model, *self.linked.data(everything, self.identities)]
        decided = [one for one in self.judged if one.status != "proposed"]
        if decided:
            # a file of its own for each attempt: the store still holds the one before
            path = self.work / f"alignments-{len(self.attempts)}.nq.gz"
            self.attempts.append(path)
            member = alignments_member(path, decided, self.identities, self.iris)
            self.members.append(member)

    def everything(self) -> list[Part]:
        """Return the parts that the graph is made of."""
        return [part for some in self.parts for part in some]

    def claims(self) -> Iterator[Problem]:
        """Yield the claims of sameness that were not followed, or are about nothing."""
        assert self.store is not None
        yield from contradictions(self.identities, self.everything())
        yield from about_nothing(self.judged, self.identities, self.members, self.store.store)

    def start_anew(self) -> None:
        """Forget the store: it keeps the strings of quads that are removed from it."""
        self.progress("load", "the store is made anew, without private data")
        self.store = None
        self.former = None
        self.store_path = self.store_path.with_name(f"{self.store_path.name}-clean")

    def load(self) -> None:
        """Bring the store to what the model and the parts say."""
        self.progress("load", "")
        if self.store is None:
            self.store = self._open_store()
        # what was derived from other data goes first
        self.store.replace("derived", [])
        self.store.replace("data", self.members)
        origins = self.linked.origins(self.everything(), self.identities, self.iris)
        self.store.replace("origins", origins)
        # nearly all is there now, and all that follows reads it
        self.store.put_in_order()

    def _open_store(self) -> StoreBuilder:
        data = is_data(self.iris)
        if self.former is not None:
            held = {file.digest for file in self.former.held.get("data", ())}
            new = sum(m.lines.count for m in self.members if m.lines.digest not in held)
            if new <= _MOSTLY_NEW * sum(m.lines.count for m in self.members):
                try:
                    copied = StoreBuilder(
                        self.store_path,
                        self.iris.base,
                        data,
                        copy_of=self.former.store,
                        held=dict(self.former.held),
                        statements=self.former.statements,
                        unordered=self.former.unordered,
                    )
                except ValueError as error:
                    self.progress("load", f"a full build: {error}")
                else:
                    self.verdicts = self.former.verdicts_on(self.settings.day)
                    return copied
                self.store_path = self.work / "store-anew"
            self.former = None
        return StoreBuilder(self.store_path, self.iris.base, data)

    def derive(self) -> None:
        """Add what follows from the data, one derivation after the other."""
        assert self.store is not None
        graph = self.iris.graph("derived")
        lines = LinesWriter(self.work / "derived.nq.gz")
        names = names_lines(self.identities, graph, expand("collex:representedBy"))
        self.store.load_data(b"".join(names), graph)
        lines.add(b"".join(names))
        for path in sorted((resource_dir("queries") / "derivations").glob("*.rq")):
            self.progress("derive", path.stem)
            query = stored_query(f"derivations/{path.stem}")
            values = {"asOf": self.settings.day} if "asOf" in query.parameters else {}
            found = self.store.construct(query.text(**values), graph)
            self.store.load_data(b"".join(found), graph)
            self.derived[path.stem] = len(found)
            lines.add(b"".join(found))
        self.store.adopt("derived", Member(lines.finish(), frozenset({graph})))

    def validate(self) -> list[ValidationResult]:
        """Check the default graph against the shapes: as far as it changed, where that is known."""
        assert self.store is not None
        self.progress("validate", "")
        positions = Positions(self.sources, self.identities)
        store, changes = self.store.store, self.store.take_changes()
        if self.verdicts is None or changes is None or not self._is_worth_it(len(changes)):
            self.verdicts = validate_store(store, positions=positions, against=self.shapes)
        else:
            self.verdicts = validate_changes(
                store, self.verdicts, changes, positions=positions, against=self.shapes
            )
        return self.verdicts

    def _is_worth_it(self, changes: int) -> bool:
        """Say whether judging what some changes touch costs less than judging everything."""
        assert self.store is not None
        return self.store.quads() > _JUDGED_ANEW + changes * _JUDGED_FOR_A_CHANGE

    def aside(
        self, results: Sequence[ValidationResult], asides: Sequence[Aside], *, exactly: bool
    ) -> list[Aside]:
        """Return what is set aside with what some results add."""
        assert self.store is not None
        return aside_by_shapes(
            self.sources, results, asides, self.identities, self.store.store, exactly=exactly
        )

    def publish(
        self,
        building: Path,
        report: ValidationReport,
        set_aside: Sequence[frozenset[str]],
        withheld: Sequence[Aside],
    ) -> Snapshot:
        """Add what is said about the data, and make the whole a snapshot."""
        assert self.store is not None
        everything = self.everything()
        proposals = proposals_of(self.store, self.iris, self.judged)
        self.proposed = len(proposals)
        write_proposals(building, proposals, self.iris.base)
        path = self.work / "proposals.nq.gz"
        proposed = alignments_member(path, proposals, Identities(), self.iris)
        self.store.replace("proposals", [proposed])
        publication = Publication(
            building,
            self.work,
            self.settings,
            self.iris,
            created=datetime.now(UTC).replace(microsecond=0),
        )
        publication.load(self.store, self.sources, report, everything)
        if not publication.write_quality(self.store, self.sources):
            self.progress(
                "publish",
                "the history of quality begins anew: that of the former snapshot is damaged, "
                "or another version wrote it",
            )
        self.store.put_in_order()
        self.progress("index", "")
        publication.write_index(self.store)
        self.progress("publish", "")
        publication.write(
            self.store,
            self.store_path,
            sources=self.sources,
            set_aside=set_aside,
            linked=self.linked,
            # less was published than was judged where private data was found afterwards
            verdicts=self.verdicts if self.store.take_changes() == [] else None,
        )
        publication.write_aside(everything)
        whole = (
            part
            for source, some in zip(self.sources, withheld, strict=True)
            for part in source.parts
            if part.label not in some
        )
        self.shelf.keep_only([*everything, *whole])
        return publication.finish()


def _refuse_empty(
    given: Sequence[tuple[str, Path]],
    sources: Sequence[MappedSource],
    reading: Sequence[ValidationResult],
) -> None:
    """A source that gives nothing never replaces a snapshot in which it gave something."""
    for (dataset, path), source in zip(given, sources, strict=True):
        if source.describes_something:
            continue
        why = "no reader knows any file there" if not source.files else "no record could be read"
        raise InvalidDatasetError(
            f"{dataset}={path}: {why}; nothing was published, the former snapshot stays",
            ValidationReport(tuple(reading)),
        )


def _refuse_what_no_record_answers_for(results: Sequence[ValidationResult]) -> None:
    left = [r for r in results if r.severity is Severity.VIOLATION and not r.of_dataset]
    if left:
        raise InvalidDatasetError(
            f"{len(left)} violations concern no record that could be set aside; nothing was "
            "published",
            ValidationReport(tuple(left)),
        )
