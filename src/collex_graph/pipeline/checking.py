"""Checks files as they are given: read → map → link → derive → validate, and nothing published.

What is checked stands beside what every build reads (the ontology, the vocabularies, libraries and
establishments), and beside what a published snapshot says of the things that the files refer to;
results are of the given files alone. RDF is checked as it is, unless it is of a source that has a
mapping.
"""

from __future__ import annotations

import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pyoxigraph import (
    DefaultGraph,
    Literal,
    NamedNode,
    Quad,
    QueryTriples,
    RdfFormat,
    Store,
    Triple,
    serialize,
)

from collex_graph.errors import ConfigurationError, UnreadableSourceError
from collex_graph.linking.identities import Identities, find_identities
from collex_graph.model import Note, Position, Problem, Severity, ValidationReport
from collex_graph.pipeline.batches import Batches, divide
from collex_graph.pipeline.published import Published, looked_for
from collex_graph.pipeline.recognition import recognise
from collex_graph.pipeline.results import double_results, positions_of, read_results
from collex_graph.pipeline.sources import (
    ENOUGH_FOR_PROCESSES,
    MappedSource,
    PartShelf,
    known_sources,
    less_doubles,
    map_files,
    map_sources,
)
from collex_graph.pipeline.survey import Survey
from collex_graph.rdf.iris import Iris, is_absolute_iri
from collex_graph.rdf.namespaces import expand, prefixes, term
from collex_graph.rdf.skolem import model_quads
from collex_graph.resources import resource_dir
from collex_graph.sources.files import find_source_files
from collex_graph.sources.outline import outline_of
from collex_graph.sources.rdf import DOCUMENT_BASE, RdfRecords, remark_on
from collex_graph.sources.rdf_lines import lines_of_nodes
from collex_graph.sparql.catalogue import stored_query
from collex_graph.store.lines import read_chunks
from collex_graph.validation.compiler import compile_shapes
from collex_graph.validation.data_graph import DataGraph
from collex_graph.validation.dependencies import looked_back, names_in
from collex_graph.validation.readings import ReadingRules
from collex_graph.validation.shapes import shapes
from collex_graph.validation.validator import first_referrer, validate, validate_store

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from collex_graph.model import Snapshot, SourceFile, ValidationResult
    from collex_graph.pipeline.part import Part
    from collex_graph.repair import Corrected
    from collex_graph.validation.shapes import Shapes

RDF: Final = "rdf"
"""What stands for a source where a file is checked as the RDF that it is."""
BUNDLED_SOURCE: Final = "institutions"
_UNDIVIDED_BYTES: Final = 40_000_000
"""Lines that are checked in one go; more are divided into batches."""
_IN_MEMORY_BYTES: Final = 100_000_000
"""Lines that are loaded into a store in memory; more go to a temporary store on disk."""
_JUDGED_AT_ONCE: Final = 2
"""Batches: the stores, where most of the time goes, need no Python meanwhile."""
_DECLARED: Final = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in prefixes().items())
_NAMED: Final = re.compile(r"<([^<>\s]+)>|\b([a-z][\w-]*:[A-Za-z][\w-]*)")
_CITED: Final = re.compile(
    rb"(?m)^[^ ]+ (?!<http://www\.w3\.org/1999/02/22-rdf)[^ ]+ <([^>]+)> \.$"
)
"""The object of an N-Triples line, where it is a node and no class."""
_SUBJECT: Final = re.compile(rb"(?m)^<([^>]+)>")
_GRAVEST_FIRST: Final = list(Severity)
_IS_A: Final = term("rdf:type")
_CLASS: Final = expand("sh:ClassConstraintComponent")
_FOR_WORDS: Final = ("rdf:type", "rdfs:label", "skos:prefLabel", "dcterms:title", "rico:title")
"""What results name nodes by."""


@dataclass(frozen=True)
class CheckedFile:
    """One file that was given.

    Attributes:
        name: what it is called in positions.
        source: short name of the source that it was read as, or `RDF`.
        alike: other sources that it looks like.
        records: rows, notices and components, or statements, read.
    """

    name: str
    source: str
    alike: tuple[str, ...] = ()
    records: int = 0


@dataclass
class Checked:
    """What a check found.

    Attributes:
        report: every result, in the order of files and places.
        files: what was checked, in the order given.
        ignored: files of folders and archives that nobody reads.
        unknown: files of folders and archives that a reader would read, and that look like no
            source; by their path there.
        corrected: where asked for, the files in which something certain was repaired.
        beside: identifier of the snapshot that references were looked for in; None for none.
    """

    report: ValidationReport
    files: list[CheckedFile] = field(default_factory=list)
    ignored: list[Path] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    corrected: list[Corrected] = field(default_factory=list)
    beside: str | None = None

    def fails(self, on: Severity) -> bool:
        """Say whether there is a result as grave as that, or graver."""
        return any(self.report.of_severity(severity) for severity in _as_grave_as(on))


def check_files(
    paths: Sequence[Path],
    *,
    base_iri: str,
    day: str,
    source: str | None = None,
    against: Shapes | None = None,
    correct: bool = False,
    beside: Snapshot | None = None,
) -> Checked:
    """Check files, folders and archives.

    Args:
        paths: what to check; a pattern is as good as its files.
        base_iri: the setting of that name.
        day: for which day labels hold, ``YYYY-MM-DD``.
        source: short name of the source that all of them are of, or `RDF`; None to tell from each.
        against: the shapes; None means the project's own.
        correct: whether to correct the files, see `Checked.corrected`.
        beside: the snapshot where things are looked for that the files refer to; None for none.

    Raises:
        ConfigurationError: for an unknown source, a path that does not exist, a file given by its
            name that looks like no source, and a snapshot with another base of IRIs.
        ResourceFileError: when a mapping cannot be used.
    """
    if source is not None and source != RDF and source not in known_sources():
        known = ", ".join((*known_sources(), RDF))
        raise ConfigurationError(f"unknown source {source!r}; known ones: {known}")
    with tempfile.TemporaryDirectory(prefix="collex-graph-") as folder:
        check = _Check(Path(folder), base_iri, day, against, beside)
        return check.run(paths, source, correct=correct)


class _Check:
    """One check, in a folder that is removed afterwards."""

    def __init__(
        self,
        work: Path,
        base_iri: str,
        day: str,
        against: Shapes | None,
        beside: Snapshot | None = None,
    ) -> None:
        self._work = work
        self._iris = Iris(base_iri)
        self._day = day
        self._against = against
        self._shapes = (against or shapes()).on(day)
        self._beside = None if beside is None else Published(beside, self._iris.base)
        self._rules = ReadingRules.load()
        self._shelf = PartShelf(work / "parts", work / "unpacked")

    def run(self, paths: Sequence[Path], given: str | None, *, correct: bool = False) -> Checked:
        checked = Checked(ValidationReport(()))
        checked.beside = None if self._beside is None else self._beside.identifier
        as_rdf: list[SourceFile] = []
        sources: dict[str, MappedSource] = {}
        told: dict[str, CheckedFile] = {}
        for path in paths:
            files, ignored = self._find(path)
            checked.ignored += ignored
            for file in files:
                name, alike = (given, ()) if given else _source_of(file)
                if name is None:
                    if not path.is_dir() and len(files) == 1:
                        raise ConfigurationError(_unknown(file))
                    checked.unknown.append(file.label or file.name)
                    continue
                told[file.label or file.name] = CheckedFile(file.name, name, tuple(alike))
                if name == RDF:
                    as_rdf.append(file)
                else:
                    mapped = sources.setdefault(name, MappedSource(name))
                    mapped.files.append(replace(file, dataset=name))
        if not told:
            names = ", ".join(checked.unknown) or "nothing there"
            raise ConfigurationError(f"no file that could be checked: {names}")
        results: list[ValidationResult] = []
        for file in as_rdf:
            count, found = self._check_rdf(file)
            results += found
            label = file.label or file.name
            told[label] = replace(told[label], records=count)
        if sources:
            results += self._check_sources(list(sources.values()))
            read: dict[str, int] = {}
            for mapped in sources.values():
                for part in mapped.parts:
                    read[part.file.name] = read.get(part.file.name, 0) + part.records_read
            for label, one in told.items():
                told[label] = replace(one, records=read.get(one.name, one.records))
        order = {one.name: place for place, one in enumerate(told.values())}
        results.sort(key=lambda result: _place(result, order))
        checked.report = ValidationReport(tuple(dict.fromkeys(results)))
        checked.files = list(told.values())
        if correct:
            from collex_graph.pipeline.correcting import correct_files  # noqa: PLC0415

            checked.corrected = correct_files(list(sources.values()), checked.report)
        return checked

    def _find(self, path: Path) -> tuple[list[SourceFile], list[Path]]:
        try:
            return find_source_files("", path, self._shelf.unpacked)
        except UnreadableSourceError as error:
            raise ConfigurationError(str(error)) from error

    # --- RDF as it is -----------------------------------------------------------------------------

    def _check_rdf(self, file: SourceFile) -> tuple[int, list[ValidationResult]]:
        """Check the statements of a file, as it writes them; return how many there are."""
        results: list[ValidationResult] = []

        told: set[tuple[Note, Position]] = set()

        def tell(note: Note, position: Position) -> None:
            if (note, position) in told:
                return
            told.add((note, position))
            problem = Problem(note, position, file.name, None, "", None)
            results.append(self._rules.result(problem))

        read: list[Triple] = []
        try:
            # what comes before a break is kept
            read.extend(_statements(file))
        except UnreadableSourceError as error:
            broken = Note("BrokenFile", error.problem, (("reason", error.problem),))
            tell(broken, Position(file.name, line=error.line))
        own = {t.subject.value for t in read if isinstance(t.subject, NamedNode)}
        lines = lines_of_nodes(file.path, own)
        positions = {iri: Position(file.name, lines.get(iri), component=iri) for iri in own}
        notes = {iri: note for iri in {i for t in read for i in _iris(t)} if (note := _remark(iri))}
        impossible = {iri for iri, note in notes.items() if note.rule == "InvalidIri"}
        # readers let through what no query can name
        statements = [t for t in read if impossible.isdisjoint(_iris(t))] if impossible else read
        for triple in read if notes else ():
            subject = triple.subject
            where = positions.get(subject.value) if isinstance(subject, NamedNode) else None
            for iri in sorted(notes.keys() & _iris(triple)):
                # what a file says of itself, it says of an empty IRI
                if iri != DOCUMENT_BASE or subject != NamedNode(iri):
                    tell(notes[iri], where or Position(file.name))
        own -= impossible
        about_own = {t.object.value for t in statements if isinstance(t.object, NamedNode)} | own
        data: list[Quad | Triple] = [*statements, *self._model]
        typed = {
            t.subject.value
            for t in data
            if t.predicate == _IS_A and isinstance(t.subject, NamedNode)
        }
        if self._beside is not None:
            data += list(self._beside.about(sorted(about_own), self._asked_for, typed.__contains__))
            typed |= self._beside.known
        found = [
            replace(result, position=result.position or Position(file.name))
            for result in validate(data, positions=positions, against=self._shapes)
            if result.focus_node is None or result.focus_node in about_own
        ]
        results += self._of_the_files(found, own, typed.__contains__)
        return len(statements), results

    def _of_the_files(
        self,
        results: Iterable[ValidationResult],
        own: Container[str],
        is_described: Callable[[str], bool],
    ) -> Iterator[ValidationResult]:
        """Leave out what the snapshot answers for, and say where missing things were looked for.

        Args:
            results: of the validation.
            own: the nodes that the files describe.
            is_described: whether a node has a class.
        """
        if self._beside is not None:
            graph = (self._against or shapes()).graph
            parts = compile_shapes(graph, lambda name: [name])
            results = self._beside.without_its_own(results, parts)
        words = looked_for(self._beside)
        # results share their words: there may be hundreds of thousands
        told: dict[tuple[str, ...], dict[str, str]] = {}
        for result in results:
            focus, value = result.focus_node, result.value_term or ""
            is_missing = (
                result.source_constraint_component == _CLASS
                and value.startswith("<")
                and not is_described(value[1:-1])
            ) or (focus is not None and focus not in own and not is_described(focus))
            if not is_missing:
                yield result
                continue
            key = tuple(result.messages.values())
            if key not in told:
                told[key] = {
                    language: f"{text} {words[language]}" if language in words else text
                    for language, text in result.messages.items()
                }
            yield replace(result, messages=told[key])

    # --- sources ----------------------------------------------------------------------------------

    def _check_sources(self, sources: list[MappedSource]) -> list[ValidationResult]:
        with ThreadPoolExecutor(1) as reader:
            size = sum(file.size_bytes for source in sources for file in source.files)
            if size >= ENOUGH_FOR_PROCESSES:
                reader.submit(self._read_ahead)
            map_files(sources, base_iri=self._iris.base, shelf=self._shelf)
        results = [
            result
            for source in sources
            for result, *_ in (
                *read_results(source, self._rules),
                *double_results(source, self._rules),
            )
        ]
        bundled = [(BUNDLED_SOURCE, resource_dir("mappings") / BUNDLED_SOURCE)]
        beside = map_sources(bundled, base_iri=self._iris.base, shelf=self._shelf)
        # what a build would set aside as told already is not held against what told it first
        own = list(self._shelf.fetch([one for source in sources for one in less_doubles(source)]))
        around = [part for source in beside for part in source.parts]
        identities = find_identities(
            (part.identity_lines() for part in (*own, *around)), base_iri=self._iris.base
        )
        positions = positions_of(sources, identities)
        results += self._judge(own, around, identities, positions)
        return results

    def _read_ahead(self) -> None:
        """Read what a large table is judged by, while other processes map it."""
        _ = self._model, self._asked_for
        for text in self._derivations():
            names_in(_DECLARED + text, self._iris.base)

    def _judge(
        self,
        own: Sequence[Part],
        around: Sequence[Part],
        identities: Identities,
        positions: Mapping[str, Position],
    ) -> Iterator[ValidationResult]:
        """Yield what the shapes find in some parts, batch by batch where there is much of them."""
        names, vocabularies = self._asked_for, f"{self._iris.base}vocabulary/"
        beside, survey = Survey(names, vocabularies), Survey(names, vocabularies)
        model = serialize(self._model, format=RdfFormat.N_QUADS)
        assert model is not None
        base = beside.cut(model) + b"".join(_cut(around, identities, beside))
        lines = self._work / "lines.nt"
        with lines.open("wb") as stream:
            stream.writelines(_cut(own, identities, survey))
            represented = expand("collex:representedBy")
            stream.writelines(
                survey.cut(f"<{name}> <{represented}> <{node}> <{name}> .\n".encode())
                for name, node in identities.canonical.items()
            )
        batches = self._divided(lines, survey, base, beside)
        # a thing that nothing describes is judged alike wherever it is cited
        anywhere: dict[ValidationResult, tuple[str, ValidationResult]] = {}
        judged = partial(self._judged, base, batches, names, positions)
        numbers = range(len(batches.pieces))
        with ThreadPoolExecutor(_JUDGED_AT_ONCE) as pool:
            for found in pool.map(judged, numbers) if len(numbers) > 1 else map(judged, numbers):
                for first, result in found:
                    if first is None:
                        yield result
                        continue
                    key = replace(result, position=None)
                    anywhere[key] = min(
                        anywhere.get(key, (first, result)), (first, result), key=lambda one: one[0]
                    )
        yield from (result for _, result in anywhere.values())

    def _judged(
        self,
        base: bytes,
        batches: Batches,
        names: frozenset[str] | None,
        positions: Mapping[str, Position],
        number: int,
    ) -> list[tuple[str | None, ValidationResult]]:
        """Load a batch and judge it; return the results of its nodes.

        Returns:
            Each result, with the first node that refers to its own where that is complete in
            several batches; else with None.
        """
        store = self._store(base, batches, number, names)
        found = [
            result
            for result in validate_store(store, positions=positions, against=self._shapes)
            if result.position is not None
            if result.focus_node is None or batches.is_judged(result.focus_node, number)
        ]
        several = len(batches.pieces) > 1
        told: list[tuple[str | None, ValidationResult]] = []
        for result in self._of_the_files(found, positions, partial(_has_class, store)):
            focus, first = result.focus_node, None
            if several and focus is not None and batches.is_anywhere(focus):
                first = first_referrer(DataGraph(store), NamedNode(focus), positions)
            told.append((first, result))
        return told

    def _divided(self, lines: Path, survey: Survey, base: bytes, beside: Survey) -> Batches:
        if survey.size_bytes < _UNDIVIDED_BYTES:
            return Batches.undivided(lines)
        around = Store()
        around.bulk_load(input=base, format=RdfFormat.N_TRIPLES, lenient=True)
        back = looked_back(
            self._shapes,
            [_DECLARED + text for text in self._derivations()],
            self._iris.base,
            closure=DataGraph(around).classes_below,
            own=survey.names(),
            around=beside.names(),
            many=survey.to_few(),
        )
        return Batches.undivided(lines) if back is None else divide(lines, survey, back)

    def _derivations(self) -> Iterator[str]:
        for path in sorted((resource_dir("queries") / "derivations").glob("*.rq")):
            query = stored_query(f"derivations/{path.stem}")
            yield query.text(**({"asOf": self._day} if "asOf" in query.parameters else {}))

    @cached_property
    def _model(self) -> list[Quad]:
        """The ontology, the vocabularies and what the sources are."""
        return list(model_quads(self._iris))

    @cached_property
    def _asked_for(self) -> frozenset[str] | None:
        """What shapes and derivations name; None for shapes that may ask for anything."""
        if self._against is not None:
            return None
        named = [triple.object for triple in shapes().graph.triples()]
        texts = [one.value for one in named if isinstance(one, Literal)]
        derivations = (resource_dir("queries") / "derivations").glob("*.rq")
        texts += [path.read_text(encoding="utf-8") for path in derivations]
        names = {one.value for one in named if isinstance(one, NamedNode)}
        for iri, name in (found for text in texts for found in _NAMED.findall(text)):
            if iri or name.partition(":")[0] in prefixes():
                names.add(iri or expand(name))
        return frozenset(names | set(map(expand, _FOR_WORDS)))

    def _store(
        self, base: bytes, batches: Batches, number: int, names: frozenset[str] | None
    ) -> Store:
        """Load what is checked into a default graph, with what follows from it."""
        small = batches.size(number) < _IN_MEMORY_BYTES
        store = Store() if small else Store(str(self._work / f"store-{number}"))
        cited: set[bytes] = set()
        for own in chain((batches.shared,), batches.chunks(number)):
            # what the mapping engine wrote is valid
            store.bulk_load(input=own, format=RdfFormat.N_TRIPLES, lenient=True)
            if self._beside is not None:
                cited.update(_CITED.findall(own), _SUBJECT.findall(own))
        store.bulk_load(input=base, format=RdfFormat.N_TRIPLES, lenient=True)
        if self._beside is not None:
            iris = sorted(map(bytes.decode, cited))
            read = list(self._beside.about(iris, names, partial(_has_class, store)))
            store.bulk_extend(Quad(t.subject, t.predicate, t.object) for t in read)
        for query in self._derivations():
            found = store.query(query, base_iri=self._iris.base, prefixes=prefixes())
            assert isinstance(found, QueryTriples)
            told = found.serialize(format=RdfFormat.N_TRIPLES)
            assert told is not None
            store.bulk_load(input=told, format=RdfFormat.N_TRIPLES, lenient=True)
        return store


def _cut(parts: Iterable[Part], identities: Identities, survey: Survey) -> Iterator[bytes]:
    """Yield the lines of some parts, linked, less what nothing asks for."""
    for part in parts:
        for chunk in read_chunks(part.lines.lines.path):
            yield survey.cut(identities.rewrite(chunk))


def _has_class(store: Store, iri: str) -> bool:
    found = store.quads_for_pattern(NamedNode(iri), _IS_A, None, DefaultGraph())
    return next(iter(found), None) is not None


def _statements(file: SourceFile) -> Iterator[Triple]:
    if file.problem:
        raise UnreadableSourceError(file.path, file.problem)
    yield from RdfRecords(file, ()).statements()


def _remark(iri: str) -> Note | None:
    """Say what is wrong with an IRI; None for nothing."""
    return remark_on(iri) or (None if is_absolute_iri(iri) else Note("InvalidIri", iri))


def _iris(triple: Triple) -> Iterator[str]:
    """Yield the IRIs of a statement, and the datatype of its literal."""
    for one in (triple.subject, triple.predicate, triple.object):
        if isinstance(one, NamedNode):
            yield one.value
        elif isinstance(one, Literal):
            yield one.datatype.value
        elif isinstance(one, Triple):
            yield from _iris(one)


def _source_of(file: SourceFile) -> tuple[str | None, Sequence[str]]:
    """Tell which source a file is of; one that is RDF and of none is checked as it is."""
    found = recognise(file.path, file.name)
    outline = outline_of(file.path)
    if outline.kind == RDF and (not found or _speaks_our_words(outline.names)):
        return RDF, ()
    return (found[0], found[1:]) if found else (None, ())


def _speaks_our_words(names: Sequence[frozenset[str]]) -> bool:
    ours = expand("collex:")
    return any(name.startswith(ours) for group in names for name in group)


def _unknown(file: SourceFile) -> str:
    return (
        f"{file.name} looks like no source that is known: check that it has its header, or say "
        f"with --source what it is ({', '.join((*known_sources(), RDF))})"
    )


def _as_grave_as(severity: Severity) -> list[Severity]:
    return _GRAVEST_FIRST[: _GRAVEST_FIRST.index(severity) + 1]


def _place(result: ValidationResult, order: dict[str, int]) -> tuple[object, ...]:
    """By file, then from its beginning to its end, then the gravest first."""
    place = result.position
    if place is None:
        return (len(order), "", "", 0, 0, "", 0, result.rule, result.focus_node or "")
    return (
        order.get(place.file, len(order)),
        place.file,
        (place.component or "") if place.row is not None else "",
        place.row or 0,
        place.line or 0,
        place.component or "",
        _GRAVEST_FIRST.index(result.severity),
        result.rule,
        result.focus_node or "",
    )
