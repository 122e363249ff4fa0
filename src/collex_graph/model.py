"""The nouns that travel between rooms: what two siblings share stands here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from collex_graph.rdf.iris import percent_encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from collex_graph.rdf.graph import Node


# --- sources -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class SourceFile:
    """One file of a source dataset, as found on disk.

    Attributes:
        path: where it is.
        dataset: short name of the source dataset (``ccfr``), as in ``mappings/sources.ttl``.
        media_type: ``application/xml``, ``text/csv``…
        sha256: hexadecimal digest of its bytes; empty where nobody asked for it.
        size_bytes: its size.
        shown: what to call it where that is not the name of the path: ``people.tar.gz/a.rdf`` for
            what was unpacked from an archive.
        label: its path below the folder that was given, archives included.
        problem: why it cannot be read, where that is known before it is opened; else empty.
        sheet: name of the sheet, where the file is one of a workbook that people fill in.
        kind: for a table that people fill in, the ``sheet`` of the sources that read it.
        notes: what is to be said of it before its first row.
    """

    path: Path
    dataset: str
    media_type: str
    sha256: str
    size_bytes: int
    shown: str = ""
    label: str = ""
    problem: str = ""
    sheet: str = ""
    kind: str = ""
    notes: tuple[Note, ...] = ()

    @property
    def name(self) -> str:
        """What it is called in public: no folders, which belong to one machine."""
        return self.shown or self.path.name


@dataclass(frozen=True, slots=True)
class Position:
    """Where in a source file something stands.

    Attributes:
        file: file name.
        line: line in the file, from 1, where the reader knows it.
        row: row of a table, from 1 with the header (RFC 7111), for tables.
        component: identifier of the described unit, for EAD; IRI of the node, for RDF; name of the
            sheet, for workbooks.
        column: the column's header, or the path (XPath) inside the component.
    """

    file: str
    line: int | None = None
    row: int | None = None
    component: str | None = None
    column: str | None = None

    def fragment(self) -> str:
        """Return the fragment that names the record: ``row=12`` (RFC 7111) or the component id.

        An identifier of a source may hold any character; a fragment may not.
        """
        if self.row is not None:
            sheet = f"sheet={percent_encode(self.component)}&" if self.component else ""
            return f"{sheet}row={self.row}"
        return percent_encode(self.component or "")


# --- records: the seam between readers and the mapping engine -------------------------------------


@dataclass(frozen=True)
class ElementPattern:
    """One location path of an XML iterator: which elements are records.

    Names are lxml's: ``{namespace}local``, ``local``, or ``*``.

    Attributes:
        steps: the path from the root, each step ``(at any depth?, name)``.
        test: an XPath 1.0 expression on the element, true where its predicates hold; None where
            the steps say everything.
    """

    steps: tuple[tuple[bool, str], ...]
    test: str | None = None


@dataclass(frozen=True)
class Reach:
    """What references look at, so that a reader knows what it may release while streaming.

    Attributes:
        touched: names of elements whose content is read by name: never released early.
        shells: names of elements of which attributes alone are read, or that are only counted;
            ``*`` stands for all.
        swallowed: names of elements whose whole text, or everything below, is read.
        around: names of elements around the record whose whole text is read; ``..`` stands for
            the parent, whatever its name.
        whole_record: the whole of the record is read (``.``, ``.//x``, ``*``).
        whole_file: a reference climbs out of its record and reads everything it finds there.
    """

    touched: frozenset[str] = frozenset()
    shells: frozenset[str] = frozenset()
    swallowed: frozenset[str] = frozenset()
    around: frozenset[str] = frozenset()
    whole_record: bool = False
    whole_file: bool = False


@dataclass(frozen=True)
class Sight:
    """What the paths of an XML source look at, so that a reader can count the rest.

    Names are lxml's. ``*`` stands for any element, as a parent or as a name.

    Attributes:
        elements: (parent, name) of the elements that a path goes through or reads.
        whole: those of them, and others, of which all that is inside is read.
        attributes: (element, attribute).
    """

    elements: frozenset[tuple[str, str]] = frozenset()
    whole: frozenset[tuple[str, str]] = frozenset()
    attributes: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class NodeChoice:
    """One alternative of an RDF iterator: which nodes are records.

    Attributes:
        wanted: IRI of the class; None for every node that has an IRI.
        holds: what must hold of the node as well; None where the class says everything.
        looks: IRIs of the predicates that the source's rules look at; a namespace ends with ``*``,
            ``^*`` is there where a rule asks who names a node, whatever they say.
    """

    wanted: str | None
    holds: Callable[[Node], bool] | None = None
    looks: frozenset[str] = frozenset()


WHOLE_ARRAY = -1
"""In `JsonPattern.looked_at`: all of the value is needed where it is an array."""


@dataclass(frozen=True)
class JsonPattern:
    """One path of a JSON iterator: which values are records, and what rules look at on the way.

    Attributes:
        steps: the path from the document; each a member's name, the index of an element, None for
            every member or element, or a test that these must pass.
        looked_at: for the document and for the value after each step, what references from there
            need in memory: name of a member, or index of an element → the same of its value; None
            in its place where all of the value is needed. The last is the record's.
        sight: what the iterator and the references look at, from the document down: the name of a
            member, ``*`` for any, None for the elements of an array → the same of its value; None
            in its place where all of the value is read.
    """

    steps: tuple[str | int | Callable[[Any], bool] | None, ...]
    looked_at: tuple[Mapping[str | int, Any] | None, ...]
    sight: Mapping[str | None, Any] | None = None


class JsonNode:
    """A value of a JSON document: a record, or what is around it.

    Attributes:
        value: as decoded; numbers are `Number`.
        key: the name of the member it stands under, arrays looked through; None at the top.
        around: the object that it stands in, arrays looked through; None at the top.
    """

    __slots__ = ("around", "key", "value")

    def __init__(self, value: Any, key: str | None = None, around: JsonNode | None = None) -> None:
        self.value = value
        self.key = key
        self.around = around


class Number(str):
    """A number of a JSON document, as it is written there."""

    __slots__ = ()


@dataclass(frozen=True)
class RecordSource:
    """What a mapping document asks of a reader: one of its ``sources``.

    Attributes:
        name: its name in the mapping document.
        access: the file names it reads, as shell patterns (``*.xml``) joined by ``|``.
        formulation: ``csv`` (any table), ``xpath``, or one of `mapping.formulations`.
        numbered: a rule refers to ``_position``.
        patterns: for XML, the elements that are records.
        namespaces: for XML, prefix → namespace of the patterns' tests.
        reach: for XML, what the rules look at, for releasing what they do not.
        sight: for XML, what the rules look at, for counting what they do not.
        columns: for tables, the columns the rules refer to.
        aliases: for tables, column → other headers it goes by.
        delimiter: for tables, the delimiter; None lets the reader find it.
        quoted: for tables, whether a quotation mark encloses a cell.
        header: for tables, ``blank`` where a header block of names and values stands above the
            table, ended by a blank row; ``""`` where the first row has the columns.
        optional: for tables, columns that a file may lack without a word.
        header_row: for tables, the row that has the columns; 0 where that is the first.
        sheet: for workbooks, the name or the number of the sheet; ``""`` for the first. For tables
            that people fill in, the kind of table (`SourceFile.kind`).
        by_hand: for tables, people fill it in: its sheet is found by its name, its columns in spite
            of capitals and accents, what is not meant as a value is taken away.
        dates: for tables that people fill in, the columns that hold days.
        cells: for tables, a regular expression: the records are the filled cells of the columns
            whose whole header it matches; ``""`` where they are the rows.
        iterator: for formulations of `mapping.formulations`, the records, as the document says it;
            for tables, ``file`` for one record a file, with the cells of its first row.
        references: for formulations of `mapping.formulations`, what the rules refer to.
        selection: for formulations of `mapping.formulations`, what the formulation made of both:
            `JsonPattern` or `NodeChoice`.
        without_namespace: for XML, namespaces whose elements and attributes are read as if they had
            none; those of every source of a document together.
        sign: a text near the beginning of a file that tells it from those of like sources.
    """

    name: str
    access: str
    formulation: str
    numbered: bool = False
    patterns: tuple[ElementPattern, ...] = ()
    namespaces: Mapping[str, str] = field(default_factory=dict)
    reach: Reach = field(default_factory=Reach)
    sight: Sight = field(default_factory=Sight)
    columns: frozenset[str] = frozenset()
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    delimiter: str | None = None
    quoted: bool = True
    header: str = ""
    header_row: int = 0
    sheet: str = ""
    by_hand: bool = False
    dates: frozenset[str] = frozenset()
    cells: str = ""
    optional: frozenset[str] = frozenset()
    iterator: str = ""
    references: frozenset[str] = frozenset()
    selection: tuple[Any, ...] = ()
    without_namespace: frozenset[str] = frozenset()
    sign: str = ""


@dataclass(slots=True)
class Record:
    """One record, alive until the next one is asked for.

    Attributes:
        content: an lxml element, a `JsonNode`, a node of an RDF graph, or the cells of a row in the
            order of `RecordStream.columns`; behind those of the file come what is read around them
            (``_cell``, ``_header.…``).
        sources: the record sources it belongs to, each as ``(index, running number from 1)``.
        component: identifier of the described unit it belongs to, for EAD; the node's IRI, for RDF;
            else what names the record in its file: element and number, JSON path.
        parent: identifier of the unit around that unit, None at the top.
        line: line of its start, from 1.
        row: row of a table, from 1 with the header.
        notes: what the reader remarked, each with the column or path it concerns.
        usable: False for a record that must not be mapped; its notes say why.
        identified: the component is an identifier of the source's own, which no other file has.
    """

    content: Any
    sources: tuple[tuple[int, int], ...]
    component: str | None = None
    parent: str | None = None
    line: int | None = None
    row: int | None = None
    notes: tuple[tuple[Note, str | None], ...] = ()
    usable: bool = True
    identified: bool = False


class RecordStream(Protocol):
    """The records of one source file, in document order of their ends, read while iterated.

    Iterating raises `UnreadableSourceError` where the file cannot be read further.
    """

    @property
    def columns(self) -> Mapping[str, int]:
        """Column → place in `Record.content`, for tables; empty for XML."""
        ...

    @property
    def records_read(self) -> int:
        """Rows, or described units, or else records read so far."""
        ...

    @property
    def left_out(self) -> Mapping[str, int]:
        """What the file holds and no rule looks at → how often it was met so far.

        A column's header, counted in rows where it is filled; ``parent/element`` and
        ``element/@attribute``; the path of a member; a predicate. Of what stands inside another
        thing left out nothing is counted.
        """
        ...

    def __iter__(self) -> Iterator[Record]:
        """Read the file, once."""
        ...


# --- readings and problems -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Note:
    """One remark of a mapping function: which rule, about which value, with which arguments."""

    rule: str
    value: str
    arguments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Reading:
    """What a mapping function read, with the repairs it made on the way."""

    values: tuple[str, ...]
    notes: tuple[Note, ...] = ()


class UnreadableValue(Exception):  # noqa: N818 - a signal between a function and the engine
    """Raised by a mapping function for a value it cannot read; the engine makes it a problem."""

    def __init__(self, rule: str, value: str, **arguments: str) -> None:
        super().__init__(f"{rule}: {value!r}")
        self.note = Note(rule, value, tuple(sorted(arguments.items())))


@dataclass(frozen=True, slots=True)
class Problem:
    """A note with its place: what the engine hands to the pipeline.

    Attributes:
        note: the rule, the value, the arguments.
        position: where it stands in the source.
        record: key of the record (``SourceFile.name`` and component or row), for setting aside.
        subject: IRI the statement would have been about, where one could be minted.
        mapping: name of the mapping in the mapping document.
        predicate: IRI of the predicate left out, where there is one.
    """

    note: Note
    position: Position
    record: str
    subject: str | None
    mapping: str
    predicate: str | None


# --- validation ----------------------------------------------------------------------------------


class Severity(Enum):
    """The three severities of SHACL, in the sense of the model's severity contract."""

    VIOLATION = "Violation"
    WARNING = "Warning"
    INFO = "Info"


@dataclass(frozen=True)
class Repair:
    """What to write in place of something in a source.

    Attributes:
        position: where it stands, as far as the result knows; once made, exactly.
        found: what stands there, white space made single; one value of a cell that holds several.
        repaired: what to write in its place.
        certain: a machine may write it, because what the source says stays the same; else a person
            decides.
        rule: IRI of the rule whose result it mends.
        reasons: language tag → why (``fr``, ``en``).
        target: for XML, the attribute (``@source``) or the text (``.``) to rewrite where it is not
            that of the position.
        beside: for XML, attributes or texts of the same element and what they must be for the spot
            to be the one that is meant.
        within: what was found is a run of signs inside a text, to be replaced wherever it stands
            there; else it is the whole text, or one value of several.
    """

    position: Position | None
    found: str
    repaired: str
    certain: bool
    rule: str
    reasons: Mapping[str, str] = field(hash=False)
    target: str = ""
    beside: tuple[tuple[str, str], ...] = ()
    within: bool = False


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """One thing that is wrong or worth knowing.

    Attributes:
        focus_node: IRI of the node concerned, or None when none could be minted.
        severity: see `Severity`.
        rule: IRI of the property shape or reading rule that speaks.
        source_constraint_component: IRI of the SHACL component, None for reading rules.
        path: the SHACL path or the predicate, as an IRI or a property path text; may be None.
        value: the offending value in words; None when the problem is an absence.
        value_term: the offending value as an RDF term in N-Triples, where it is one term of the
            graph; None for an absence, for several values together, for a text of a source.
        messages: language tag → what is wrong and where (``fr``, ``en``).
        advice: language tag → how to mend it; may be empty.
        position: where it stands in a source file, where known.
        of_dataset: a violation of the whole data set, which stops publication.
        internal: kept out of every published file (it reports an internal element of a source).
        repair: what to write instead, where that can be known.
    """

    focus_node: str | None
    severity: Severity
    rule: str
    messages: Mapping[str, str] = field(hash=False)
    source_constraint_component: str | None = None
    path: str | None = None
    value: str | None = None
    value_term: str | None = None
    advice: Mapping[str, str] = field(default_factory=dict, hash=False)
    position: Position | None = None
    of_dataset: bool = False
    internal: bool = False
    repair: Repair | None = None


@dataclass(frozen=True)
class ValidationReport:
    """All results of one run, in a stable order."""

    results: tuple[ValidationResult, ...]

    def of_severity(self, severity: Severity) -> Sequence[ValidationResult]:
        """Return the results of one severity."""
        return [result for result in self.results if result.severity is severity]

    @property
    def conforms(self) -> bool:
        """Whether no result is a violation."""
        return not self.of_severity(Severity.VIOLATION)


# --- snapshots -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Snapshot:
    """One published state of the graph, immutable.

    Attributes:
        directory: its folder, whose name is its identifier.
        created: when it was published (UTC).
        counts: what it holds, by name (``quads``, ``triples``, ``units``…).
        manifest: the whole of ``manifest.json``.
    """

    directory: Path
    created: datetime
    counts: Mapping[str, int]
    manifest: Mapping[str, object]

    @cached_property
    def identifier(self) -> str:
        """The name of its folder, such as ``2026-11-22T094900Z``."""
        return self.directory.name

    @property
    def store(self) -> Path:
        """The Oxigraph store, to be opened read-only."""
        return self.directory / "store"

    @property
    def dump(self) -> Path:
        """The named graphs as gzipped N-Quads."""
        return self.directory / "dataset.nq.gz"

    @property
    def report(self) -> Path:
        """The validation report, in Turtle."""
        return self.directory / "report.ttl"

    @property
    def description(self) -> Path:
        """The VoID, DCAT and PROV description, in Turtle."""
        return self.directory / "description.ttl"


# --- queries -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class QueryRequest:
    """One query, as the protocol or a page asks it.

    Attributes:
        text: the SPARQL query.
        accept: media types the client accepts, best first; empty means ours to choose.
        default_graphs: graph IRIs of the protocol's ``default-graph-uri``.
        named_graphs: graph IRIs of ``named-graph-uri``.
        timeout_seconds: a limit lower than the setting; None means the setting.
        priority: one of the site's own stored queries: it may take the worker that queries of the
            public never get, and is served before those that wait.
        snapshot: identifier of the snapshot to ask, as long as it is kept; None for the current
            one.
    """

    text: str
    accept: tuple[str, ...] = ()
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    timeout_seconds: float | None = None
    priority: bool = False
    snapshot: str | None = None


@dataclass(frozen=True)
class QueryResult:
    """A complete result, or a stream that breaks visibly when it cannot be completed.

    Attributes:
        media_type: of the body, with its charset where text.
        body: the whole body, or an iterator of its parts; the iterator raises a `QueryError` when
            the rest cannot be produced, so that the server can break the connection.
        length_bytes: the body's length when it is whole, else None.
        snapshot: identifier of the snapshot that answered.
        seconds: time spent until the first byte was ready.
        cached: nothing was computed for it.
        digest: of the body when it is whole, else empty.
    """

    media_type: str
    body: bytes | Iterator[bytes]
    length_bytes: int | None
    snapshot: str
    seconds: float
    cached: bool = False
    digest: str = ""


class Box(NamedTuple):
    """A box on the map, in degrees (WGS 84)."""

    west: float
    south: float
    east: float
    north: float


class SearchIndex(Protocol):
    """Finds things of one snapshot by words and by place."""

    def find_words(
        self, text: str, *, language: str = "", limit: int | None = None
    ) -> list[tuple[str, float]]:
        """Return IRIs, best first, each with its score; all of them without a limit."""
        ...

    def find_places(self, box: Box, *, limit: int | None = None) -> list[str]:
        """Return IRIs, sorted; all of them without a limit."""
        ...


class QueryService(Protocol):
    """Answers queries on the current snapshot, within limits."""

    def run(
        self, request: QueryRequest, *, is_cancelled: Callable[[], bool] | None = None
    ) -> QueryResult:
        """Run one query.

        Args:
            request: the query, its wishes and its limit.
            is_cancelled: asked now and then until the result begins; when it says yes (the client
                has gone), the query is stopped.

        Raises:
            QueryError: one of its subclasses, before the first byte.
        """
        ...

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that new queries are answered from."""
        ...
