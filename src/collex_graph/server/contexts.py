"""What each template may use: one frozen dataclass per page, and the small things they share.

A template receives ``page`` (one of the contexts at the end of this module), ``site`` (the frame
around it) and ``t`` (the words of its language). Everything in a context is ready to be shown:
templates choose the order and the elements, never the content.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from collex_graph.server.model_drawing import ClassDrawing


# --- what pages are made of ----------------------------------------------------------------------


@dataclass(frozen=True)
class Text:
    """Words of the data, with the language they are in (empty: not stated)."""

    kind: ClassVar[str] = "text"
    value: str
    language: str = ""
    derived: bool = False


@dataclass(frozen=True)
class Authority:
    """The mark of an authority file: its name, the identifier there, and the record's address."""

    key: str
    name: str
    identifier: str
    href: str


@dataclass(frozen=True)
class Node:
    """Something with a page here.

    Attributes:
        iri: its IRI.
        label: what to call it.
        href: the path of its page on this site.
        authority: the authority file it comes from, where it does.
        derived: said by an inference of ours, not by a source.
    """

    kind: ClassVar[str] = "node"
    iri: str
    label: Text
    href: str
    authority: Authority | None = None
    derived: bool = False


@dataclass(frozen=True)
class WebLink:
    """An address elsewhere; ``host`` tells the reader where the link leads."""

    kind: ClassVar[str] = "link"
    label: Text
    href: str
    host: str


Value = Text | Node | WebLink


@dataclass(frozen=True)
class Fact:
    """One line of a fact list.

    Attributes:
        label: its name.
        values: the values shown.
        curie: its property.
        more: how many more values there are; ``more_href`` leads to all of them.
    """

    label: str
    values: tuple[Value, ...]
    curie: str = ""
    more: int = 0
    more_href: str = ""

    @property
    def inline(self) -> bool:
        """Whether its values are short names that one line can hold."""
        return 1 < len(self.values) <= 8 and all(
            isinstance(value, Node)
            and value.authority is None
            and not value.derived
            and len(value.label.value) <= 24
            for value in self.values
        )


@dataclass(frozen=True)
class Count:
    """Something counted; ``href`` leads to what was counted."""

    label: str
    count: int
    href: str = ""
    share: float = 0.0


@dataclass(frozen=True)
class UnitCard:
    """A fonds or a sub-fonds in a list.

    Attributes:
        node: the unit.
        unit_kind: ``fonds``, ``subfonds``, ``unit``, or ``stub`` when no notice of it was read.
        labelled: whether it bears the label now.
        holder: the library that holds it.
        region: the region it is in.
        place: the name of the commune it is in.
        years: the years it covers, in words.
        extent: its first extent, in the words of the source.
        abstract: one sentence about it.
        parent: the fonds that contains it.
        disciplines: the disciplines it gives.
        reasons: why it is in this list: shared people, themes and places.
        roles: in which roles the subject of the page appears in it.
    """

    node: Node
    unit_kind: str
    labelled: bool = False
    holder: Node | None = None
    region: Node | None = None
    place: Text | None = None
    years: str = ""
    extent: str = ""
    abstract: Text | None = None
    parent: Node | None = None
    disciplines: tuple[Node, ...] = ()
    reasons: tuple[Node, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Branch:
    """A unit of a hierarchy, with the units it contains.

    Attributes:
        card: the unit.
        children: the units in it that are shown.
        current: it is the unit of the page.
        size: how many units are in it: at every level where all of them are shown, else directly.
    """

    card: UnitCard
    children: tuple[Branch, ...] = ()
    current: bool = False
    size: int = 0


@dataclass(frozen=True)
class Tree:
    """The hierarchy that a unit stands in.

    Attributes:
        branches: what is shown of it.
        size: how many units it holds, at every level, the topmost not counted.
        more: how many units directly in that of the page are not shown.
        more_href: a query that lists them all, in a list of units the page of the unit.
    """

    branches: tuple[Branch, ...] = ()
    size: int = 0
    more: int = 0
    more_href: str = ""


@dataclass(frozen=True)
class Holding:
    """A unit that a library holds, with what it contains.

    Attributes:
        card: the unit.
        tree: what it contains, or the first part of it.
    """

    card: UnitCard
    tree: Tree


@dataclass(frozen=True)
class IndexEntry:
    """A theme, a place or a person of a unit: the node, and how the notice words it.

    Attributes:
        node: what the access points refer to.
        wordings: wordings of the notice that differ from the label shown.
        roles: what it is to the unit, in words; empty for a mere subject.
        notation: a class number given with it.
    """

    node: Node
    wordings: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    notation: str = ""


@dataclass(frozen=True)
class ExtentRow:
    """One measured extent."""

    wording: str
    quantity: str
    unit: Node | None
    criterion: str
    criterion_value: str


@dataclass(frozen=True)
class DigitalCopy:
    """A digitised form, and where it can be seen."""

    label: Text
    links: tuple[WebLink, ...]
    platform: Node | None


@dataclass(frozen=True)
class NoticeSummary:
    """The notice that describes a unit."""

    node: Node
    issued: str
    modified: str
    publisher: str
    citation: Text | None
    page: WebLink | None


@dataclass(frozen=True)
class SourceStatement:
    """Where a description comes from."""

    file_name: str
    place: str
    dataset: Node
    publisher: str
    licence: WebLink | None
    rights: str


@dataclass(frozen=True)
class QualityResult:
    """One validation result on a unit.

    Attributes:
        severity: ``violation``, ``warning`` or ``info``: also the shape drawn beside the word.
        message: what is wrong.
        advice: how to mend it.
        property_label: the property concerned, in words.
        value: the value concerned.
        place: where it stands in the source file.
        focus: the node concerned, when it is not the subject of the page.
    """

    severity: str
    message: Text
    advice: Text | None
    property_label: str
    value: str
    place: str
    focus: Node | None


@dataclass(frozen=True)
class ScoredCriterion:
    """One criterion of a score: what it is worth, and how to meet it.

    Attributes:
        name: its short name, which is its anchor on the page of the shapes.
    """

    name: str
    label: Text
    message: Text
    weight: int


@dataclass(frozen=True)
class NoticeScore:
    """A score of a notice out of 100, and the criteria that say why."""

    name: str
    label: Text
    points: int
    met: tuple[ScoredCriterion, ...]
    lacking: tuple[ScoredCriterion, ...]


@dataclass(frozen=True)
class Quality:
    """The validation results about one thing, and the scores of the notice that describes it."""

    results: tuple[QualityResult, ...] = ()
    scores: tuple[NoticeScore, ...] = ()

    @property
    def tally(self) -> tuple[tuple[str, int], ...]:
        """The severities that occur, the worst first, with their results."""
        counts = Counter(result.severity for result in self.results)
        return tuple((s, counts[s]) for s in ("violation", "warning", "info") if counts[s])


@dataclass(frozen=True)
class Format:
    """A representation of the same thing for machines."""

    label: str
    media_type: str
    href: str


@dataclass(frozen=True)
class MapPoint:
    """A point of the drawn map, in the coordinates of its drawing."""

    x: float
    y: float
    radius: float
    label: str = ""
    href: str = ""


@dataclass(frozen=True)
class MapInset:
    """A frame of the drawing for a region overseas: its name and its corner and size."""

    label: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class PointMap:
    """France drawn with one dot per département, and the places that matter on it.

    Attributes:
        ground: the dots of the départements.
        points: the places shown.
        insets: the frames of the regions overseas.
        outside: how many places lie outside the drawing and its frames, said beside it.
        frames: what scripts need to place a position: for each frame west, south, east and north
            in degrees, its left and upper edge, its scale, and how much longitudes shrink.
        label: what the drawing shows, for those who do not see it.
    """

    ground: tuple[MapPoint, ...]
    points: tuple[MapPoint, ...]
    insets: tuple[MapInset, ...]
    outside: int
    label: str
    width: int
    height: int
    frames: tuple[tuple[float, ...], ...]


# --- tables and pictures -------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """A column of a table; where its cells are nodes (``names_node``), a file adds their IRIs."""

    label: str
    numeric: bool = False
    names_node: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: what it says.
        href: what it leads to: the records behind a number, the page of a node.
        iri: the node it stands for.
        fill: the mark of the picture that it repeats in words, empty when it repeats none.
        language: of the text, when it is of the data.
    """

    text: str = ""
    href: str = ""
    iri: str = ""
    fill: str = ""
    language: str = ""


@dataclass(frozen=True)
class DataTable:
    """A table, the whole of it in the file that can be had, its first rows on the page."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Mark:
    """A rectangle of a picture.

    Attributes:
        fill: ``full``, ``part`` (hatched), ``empty`` (outlined), ``unknown`` (a question mark in a
            broken outline) or ``outside`` (a dot): never a colour alone.
        text: written on it.
        label: what it stands for, in words.
    """

    fill: str
    x: float
    y: float
    width: float
    height: float
    text: str = ""
    label: str = ""
    href: str = ""


@dataclass(frozen=True)
class FigureText:
    """Words of a picture; upright ones are read from below."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    upright: bool = False
    fine: bool = False
    href: str = ""


@dataclass(frozen=True)
class Curve:
    """A line through points (``x,y x,y``); its fill is that of the marks on it."""

    fill: str
    points: str


@dataclass(frozen=True)
class Figure:
    """A picture drawn by the server, that says in words what it shows.

    Attributes:
        name: tells it from the other pictures of its page.
        title: what it is.
        description: what there is to see, for those who do not see it.
        legend: fill → what it means, of the fills that occur or could.
        lines: x and y of both ends.
        curves: lines through marks.
    """

    name: str
    title: str
    description: str
    width: float
    height: float
    marks: tuple[Mark, ...]
    texts: tuple[FigureText, ...]
    legend: tuple[tuple[str, str], ...]
    lines: tuple[tuple[float, float, float, float], ...] = ()
    curves: tuple[Curve, ...] = ()


@dataclass(frozen=True)
class SourceDataset:
    """A source dataset, with how much of it was read.

    Attributes:
        known: how many records it is known to have, None where nobody knows.
        read: how many of its notices are in the graph.
    """

    node: Node
    description: str
    publisher: str
    licence: WebLink | None
    rights: str
    page: WebLink | None
    known: int | None
    read: int


@dataclass(frozen=True)
class Entrance:
    """A way into the site from the home page."""

    title: str
    text: str
    href: str


# --- the frame -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Site:
    """The frame around every page.

    Attributes:
        language: the language of the page.
        alternates: language → the address of the same page in it.
        section: the entry of the navigation that is current.
        version: of the software.
        snapshot: identifier of the snapshot, empty when there is none yet.
        snapshot_date: when it was published, in words.
    """

    language: str
    alternates: Mapping[str, str]
    section: str
    version: str
    snapshot: str
    snapshot_date: str


# --- the pages -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class HomeContext:
    """``/``: what is here, and the ways in."""

    title: str
    labelled: int
    read: int
    known: int | None
    counts: tuple[Count, ...]
    regions: tuple[Count, ...]
    disciplines: tuple[Count, ...]
    without_discipline: int
    map: PointMap
    entrances: tuple[Entrance, ...]


@dataclass(frozen=True)
class FacetValue:
    """One value of a facet: following ``href`` narrows the list to it."""

    label: Text
    count: int
    href: str


@dataclass(frozen=True)
class Facet:
    """One facet of the list.

    Attributes:
        name: its name in the address.
        label: its heading.
        values: the most frequent first.
        more: the others, behind a disclosure.
        unstated: how many units of the list say nothing here.
    """

    name: str
    label: str
    values: tuple[FacetValue, ...]
    more: tuple[FacetValue, ...]
    unstated: int


@dataclass(frozen=True)
class Chip:
    """A filter in force; ``href`` is the list without it."""

    facet: str
    label: Text
    href: str


@dataclass(frozen=True)
class Pagination:
    """Which part of a long list this is."""

    first: int
    last: int
    total: int
    page: int
    pages: int
    previous: str
    next: str


@dataclass(frozen=True)
class SortChoice:
    """One order of the list."""

    label: str
    href: str
    current: bool


@dataclass(frozen=True)
class SearchContext:
    """``/search``: the list of fonds, narrowed by words and facets."""

    title: str
    text: str
    kept: tuple[tuple[str, str], ...]
    chips: tuple[Chip, ...]
    facets: tuple[Facet, ...]
    cards: tuple[UnitCard, ...]
    sorts: tuple[SortChoice, ...]
    pagination: Pagination
    read: int
    known: int | None
    unreadable: tuple[str, ...]
    beyond: str
    last_href: str


@dataclass(frozen=True)
class View:
    """One of several ways to look at the same; ``current`` is the one shown."""

    label: str
    href: str
    current: bool


@dataclass(frozen=True)
class MapRow:
    """What stands at one place of the map.

    Attributes:
        node: the institution, None for units whose holder no source names.
        kind: what it is, in words.
        precision: how exact its position is.
        units: how many units of those asked for it holds there.
        units_href: the list of them.
        is_placed: whether it is on the map.
    """

    node: Node | None
    kind: str
    place: Text | None
    precision: Text | None
    units: int
    units_href: str
    is_placed: bool


@dataclass(frozen=True)
class MapContext:
    """``/map``: where things are, drawn and listed.

    Attributes:
        view: ``labelled``, ``units`` or ``institutions``.
        institutions: how many institutions are in the table.
        units: how many units; 0 where institutions are shown.
        unplaced: how many of them have no position.
        units_geojson_href: the data with one feature a unit; empty where institutions are shown.
    """

    title: str
    view: str
    views: tuple[View, ...]
    chips: tuple[Chip, ...]
    facets: tuple[Facet, ...]
    map: PointMap
    rows: tuple[MapRow, ...]
    institutions: int
    units: int
    unplaced: int
    read: int
    known: int | None
    unreadable: tuple[str, ...]
    geojson_href: str
    units_geojson_href: str
    embed_href: str


@dataclass(frozen=True)
class MapEmbedContext:
    """``/map/embed``: the drawing alone, with the way to the page."""

    title: str
    map: PointMap
    geojson_href: str
    page_href: str


@dataclass(frozen=True)
class MapUseContext:
    """``/about/map``: the parameters and the properties of the map's data."""

    title: str
    parameters: tuple[Fact, ...]
    properties: tuple[Fact, ...]


@dataclass(frozen=True)
class LibraryRow:
    """A library in the list of institutions."""

    node: Node
    place: Text | None
    region: Node | None
    establishment: Node | None
    units: int
    labelled: int


@dataclass(frozen=True)
class EstablishmentGroup:
    """The establishments of one region."""

    region: str
    establishments: tuple[tuple[Node, str, int], ...]


@dataclass(frozen=True)
class InstitutionsContext:
    """``/institutions``: who holds, who is responsible."""

    title: str
    libraries: tuple[LibraryRow, ...]
    groups: tuple[EstablishmentGroup, ...]
    establishment_count: int
    map: PointMap


@dataclass(frozen=True)
class FondsContext:
    """``/id/fonds/…``: a fonds, a sub-fonds or a component."""

    title: str
    iri: str
    unit: UnitCard
    breadcrumb: tuple[Node, ...]
    labels: tuple[Node, ...]
    holder_note: str
    languages: str
    access_line: str
    abstract: tuple[Text, ...]
    passages: tuple[Fact, ...]
    origin: tuple[Fact, ...]
    tree: Tree
    facts: tuple[Fact, ...]
    themes: tuple[IndexEntry, ...]
    disciplines: tuple[Node, ...]
    places: tuple[IndexEntry, ...]
    people: tuple[IndexEntry, ...]
    extents: tuple[ExtentRow, ...]
    digital: tuple[DigitalCopy, ...]
    conditions: tuple[Fact, ...]
    finding_aids: tuple[WebLink, ...]
    finding_aid_notes: tuple[Text, ...]
    cites: tuple[UnitCard, ...]
    cited_by: tuple[UnitCard, ...]
    near: tuple[UnitCard, ...]
    related_notes: tuple[Text, ...]
    pages_elsewhere: tuple[WebLink, ...]
    bibliography: tuple[Fact, ...]
    notices: tuple[NoticeSummary, ...]
    citation: str
    map: PointMap | None
    curated: tuple[Fact, ...]
    provenance: tuple[SourceStatement, ...]
    quality: Quality
    formats: tuple[Format, ...]


@dataclass(frozen=True)
class StubContext:
    """A fonds that notices cite and whose own notice was not read."""

    title: str
    iri: str
    node: Node
    cited_by: tuple[UnitCard, ...]
    pages_elsewhere: tuple[WebLink, ...]
    formats: tuple[Format, ...]


@dataclass(frozen=True)
class PointRow:
    """An access point of a notice, as the source words it."""

    wording: Text
    node: Node
    element: str
    role: str


@dataclass(frozen=True)
class PointGroup:
    """The access points of one unit of a notice."""

    unit: Node
    points: tuple[PointRow, ...]

    @property
    def aligned(self) -> int:
        """How many refer to an authority."""
        return sum(point.node.authority is not None for point in self.points)


@dataclass(frozen=True)
class NoticeContext:
    """``/id/notice/…``: the description, as distinct from the fonds."""

    title: str
    iri: str
    node: Node
    subject: UnitCard | None
    parts: tuple[UnitCard, ...]
    facts: tuple[Fact, ...]
    groups: tuple[PointGroup, ...]
    points: int
    aligned: int
    provenance: tuple[SourceStatement, ...]
    quality: Quality
    formats: tuple[Format, ...]


@dataclass(frozen=True)
class LibraryContext:
    """``/id/library/…``: what a library holds; ``quality_href`` is how its records stand."""

    title: str
    iri: str
    node: Node
    quality_href: str
    establishment: Node | None
    region: Node | None
    place: Node | None
    precision: str
    identifiers: tuple[Fact, ...]
    holdings: tuple[Holding, ...]
    topmost: int
    units: int
    labelled: int
    all_href: str
    map: PointMap | None
    curated: tuple[Fact, ...]
    provenance: tuple[SourceStatement, ...]
    quality: Quality
    formats: tuple[Format, ...]


@dataclass(frozen=True)
class EstablishmentContext:
    """``/id/establishment/…``: the libraries and fonds an establishment is responsible for."""

    title: str
    iri: str
    node: Node
    quality_href: str
    other_names: tuple[Text, ...]
    establishment_type: Text | None
    homepage: WebLink | None
    region: Node | None
    identifiers: tuple[Fact, ...]
    libraries: tuple[LibraryRow, ...]
    cards: tuple[UnitCard, ...]
    units: int
    map: PointMap | None
    curated: tuple[Fact, ...]
    provenance: tuple[SourceStatement, ...]
    quality: Quality
    formats: tuple[Format, ...]


@dataclass(frozen=True)
class WordingRow:
    """How notices word a node, and how often."""

    wording: str
    element: str
    source: str
    count: int


@dataclass(frozen=True)
class SubjectContext:
    """An agent, a concept or a place: the fonds it leads to, and how notices word it.

    Attributes:
        subject_kind: ``person``, ``body``, ``family``, ``concept`` or ``place``.
        cards: the first units, each with the roles in which the subject appears.
        beside: people, themes and places of the same fonds, the most shared first.
        map: for a place with coordinates.
        code: for a place that we describe: its official code, which is its identifier.
        is_ours: whether we describe it, for everybody, and not one notice for itself.
        said: what else the graph says of it.
        incoming: what points at it besides units.
    """

    title: str
    iri: str
    node: Node
    subject_kind: str
    scheme: Node | None
    definition: Text | None
    notes: tuple[Text, ...]
    facts: tuple[Fact, ...]
    broader: tuple[Node, ...]
    narrower: tuple[Count, ...]
    cards: tuple[UnitCard, ...]
    units: int
    all_href: str
    libraries: tuple[Node, ...]
    wordings: tuple[WordingRow, ...]
    beside: tuple[tuple[Node, int], ...]
    elsewhere: tuple[WebLink, ...]
    map: PointMap | None
    code: str
    is_ours: bool
    said: tuple[Fact, ...]
    incoming: tuple[Fact, ...]
    provenance: tuple[SourceStatement, ...]
    formats: tuple[Format, ...]


@dataclass(frozen=True)
class LabellingContext:
    """``/id/labelling/…``: one labelling of one unit."""

    title: str
    iri: str
    node: Node
    unit: UnitCard | None
    label: Node | None
    facts: tuple[Fact, ...]
    bare: bool
    provenance: tuple[SourceStatement, ...]
    quality: Quality
    formats: tuple[Format, ...]


@dataclass(frozen=True)
class SchemeContext:
    """``/vocabulary/{scheme}``: the concepts of a list, and how much each is used.

    Attributes:
        counted: what the column of numbers counts: ``units``, ``uses`` where no unit bears the
            concepts itself, or nothing where nobody uses them.
    """

    title: str
    iri: str
    node: Node
    description: Text | None
    notes: tuple[Text, ...]
    concepts: tuple[SchemeConcept, ...]
    counted: str
    formats: tuple[Format, ...]


@dataclass(frozen=True)
class SchemeConcept:
    """A concept of a scheme."""

    node: Node
    notation: str
    definition: Text | None
    count: int


@dataclass(frozen=True)
class EntityContext:
    """Anything else: everything the graph says of it, and what points at it.

    Attributes:
        section: the page that lists things like it, empty when none does.
    """

    title: str
    iri: str
    node: Node
    section: str
    types: tuple[Text, ...]
    facts: tuple[Fact, ...]
    incoming: tuple[Fact, ...]
    provenance: tuple[SourceStatement, ...]
    quality: Quality
    formats: tuple[Format, ...]


@dataclass(frozen=True)
class Example:
    """A query people can start from."""

    name: str
    title: str
    description: str
    text: str
    href: str


@dataclass(frozen=True)
class ResultCell:
    """A cell of a results table; ``href`` is a page of ours, an outer address, or empty."""

    text: str
    href: str = ""
    language: str = ""
    numeric: bool = False
    compact: str = ""


@dataclass(frozen=True)
class QueryProblem:
    """Why a query has no result."""

    title: str
    detail: str
    advice: str
    line: int | None = None
    column: int | None = None
    excerpt: str = ""


@dataclass(frozen=True)
class QueryContext:
    """``/query``: write a query, see its result.

    Attributes:
        answer: ``none``, ``table``, ``boolean``, ``graph`` or ``problem``.
        downloads: the same result in other formats.
        view: how the rows are shown: ``table``, ``chart`` or ``map``.
        views: the ways in which they can be shown.
        permalink: the address of this result, with the snapshot it was computed on.
        made_on: the snapshot that such an address names, when another is current.
    """

    title: str
    text: str
    answer: str = "none"
    variables: tuple[str, ...] = ()
    rows: tuple[tuple[ResultCell, ...], ...] = ()
    total: int = 0
    truth: bool = False
    graph_text: str = ""
    seconds: str = ""
    downloads: tuple[Format, ...] = ()
    problem: QueryProblem | None = None
    examples: tuple[Example, ...] = ()
    view: str = "table"
    views: tuple[View, ...] = ()
    map: PointMap | None = None
    bars: tuple[Count, ...] = ()
    permalink: str = ""
    made_on: str = ""


# --- the check of a file -------------------------------------------------------------------------


@dataclass(frozen=True)
class QuotedCell:
    """A cell of a quoted row, or a piece of a quoted passage; the marked ones are what is wrong."""

    header: str
    text: str
    marked: bool


@dataclass(frozen=True)
class Quotation:
    """A row as cells, or a passage as pieces that follow one another."""

    is_row: bool
    cells: tuple[QuotedCell, ...]

    def under(self, columns: Sequence[str]) -> tuple[QuotedCell, ...]:
        """Return the cells of a row in the order of some columns, empty where it has none."""
        cells = {cell.header: cell for cell in self.cells}
        return tuple(cells.get(name, QuotedCell(name, "", marked=False)) for name in columns)


@dataclass(frozen=True)
class Suggestion:
    """What to write instead; ``certain`` when the corrected file has it already."""

    found: str
    repaired: str
    certain: bool
    reason: str


@dataclass(frozen=True)
class CheckFinding:
    """One result of a check.

    Attributes:
        number: its place among all, which is its anchor.
        place: where it stands, in words.
        message: what is wrong, empty where its group says it for all.
        advice: what to do, likewise.
        quotation: the row or the passage, where it can be shown.
        suggestion: what to write instead, where it can be known.
    """

    number: int
    file: str
    place: str
    message: str
    advice: str
    quotation: Quotation | None
    suggestion: Suggestion | None


@dataclass(frozen=True)
class RuleFindings:
    """What one rule found: ``more`` than the findings that are shown.

    Attributes:
        href: where the rule is explained.
        message: what all of its findings say.
        advice: what to do about all of them.
        of_dataset: one such finding stops all publication.
        columns: of the rows quoted, where all findings can stand in one table; else none.
    """

    name: str
    label: str
    href: str
    severity: str
    count: int
    message: str
    advice: str
    of_dataset: bool
    findings: tuple[CheckFinding, ...]
    more: int
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class FindingLine:
    """A finding in the list of a record; ``anchor`` leads to it where it is shown above."""

    label: str
    severity: str
    column: str
    anchor: str


@dataclass(frozen=True)
class RecordFindings:
    """What was found in one row, notice or component."""

    file: str
    place: str
    lines: tuple[FindingLine, ...]
    more: int


@dataclass(frozen=True)
class CheckedFile:
    """A file that was checked: the source it was read as, and others that it looks like."""

    name: str
    source: str
    alike: tuple[str, ...]
    records: int


@dataclass(frozen=True)
class Correction:
    """A corrected file, with what was changed in it and how much is left to a person."""

    name: str
    href: str
    changes_href: str
    applied: int
    left: int


@dataclass(frozen=True)
class Download:
    """A file that travels inside the page: what it is called, and all of it as an address."""

    label: str
    file: str
    href: str


@dataclass(frozen=True)
class CheckResult:
    """What a check found.

    Attributes:
        name: of the file.
        counts: severity → how many.
        internal: results about what a source keeps to itself, which are not quoted.
        unknown: files of an archive that look like no source.
        known: the day of the data whose things were known beside the file; empty for none.
        downloads: the report in other formats, each whole in its address.
        missing: formats too large for that.
        more_records: records that are not listed.
    """

    name: str
    files: tuple[CheckedFile, ...]
    left_alone: tuple[str, ...]
    unknown: tuple[str, ...]
    counts: tuple[tuple[str, int], ...]
    internal: int
    known: str
    seconds: str
    rules: tuple[RuleFindings, ...]
    records: tuple[RecordFindings, ...]
    more_records: int
    downloads: tuple[Download, ...]
    missing: tuple[str, ...]
    corrections: tuple[Correction, ...]


@dataclass(frozen=True)
class CheckForm:
    """The form of ``/validate``, filled as it was sent.

    Attributes:
        sources: (name, label) of what a file may be of.
        answers: (name, label) of the forms that the report may have.
        hosts: from which an address may be given.
        most_bytes: of a file, in words.
        most_seconds: of a check, in words.
    """

    sources: tuple[tuple[str, str], ...]
    source: str
    day: str
    text: str
    address: str
    answers: tuple[tuple[str, str], ...]
    hosts: tuple[str, ...]
    most_bytes: str
    most_seconds: str


@dataclass(frozen=True)
class ValidateContext:
    """``/validate``: give a file, see what to mend in it."""

    title: str
    form: CheckForm
    problem: QueryProblem | None = None
    result: CheckResult | None = None


@dataclass(frozen=True)
class ValidateUseContext:
    """``/about/validate``: how platforms check files by themselves."""

    title: str
    workflow: str
    curl: str


@dataclass(frozen=True)
class AboutContext:
    """``/about``: what this is and is not, its sources and its limits."""

    title: str
    datasets: tuple[SourceDataset, ...]
    base_iri: str


@dataclass(frozen=True)
class TermLink:
    """Another term: its label where it has one here, its short name, and where it is explained."""

    label: str
    curie: str
    href: str


@dataclass(frozen=True)
class TermEntry:
    """A class or property of the ontology, in a list.

    Attributes:
        name: its local name, which is its anchor in the page.
        uses: entities of the class, or statements with the property, in the snapshot.
        href: its own page.
        query_href: a query that finds uses of it.
    """

    name: str
    curie: str
    is_class: bool
    label: Text
    definition: Text | None
    domain: tuple[TermLink, ...]
    range: tuple[TermLink, ...]
    above: tuple[TermLink, ...]
    uses: int
    deprecated: bool
    href: str
    query_href: str


@dataclass(frozen=True)
class Topic:
    """The terms about one topic, and a drawing of the class that matters most there."""

    anchor: str
    label: Text
    definition: Text | None
    classes: tuple[TermEntry, ...]
    properties: tuple[TermEntry, ...]
    drawing: ClassDrawing | None


@dataclass(frozen=True)
class SchemeRow:
    """A concept scheme: how many concepts it has, how many statements lead to one of them."""

    node: Node
    concepts: int
    uses: int


@dataclass(frozen=True)
class OtherTerm:
    """A term of another vocabulary that the snapshot uses."""

    curie: str
    label: str
    is_class: bool
    uses: int


@dataclass(frozen=True)
class OtherVocabulary:
    """Another vocabulary, and which of its terms the snapshot uses."""

    prefix: str
    namespace: str
    terms: tuple[OtherTerm, ...]


@dataclass(frozen=True)
class OntologyContext:
    """``/ontology``: every term by topic, the lists of concepts, the vocabularies of others.

    Attributes:
        wanted: the words searched for, empty when all terms are shown.
        found: how many terms are shown, of ``total``.
        drawing: the class in the middle of everything.
        releases: versions that are kept as they were released.
    """

    title: str
    iri: str
    version: str
    version_href: str
    releases: tuple[str, ...]
    description: Text | None
    note: Text | None
    wanted: str
    found: int
    total: int
    topics: tuple[Topic, ...]
    drawing: ClassDrawing | None
    schemes: tuple[SchemeRow, ...]
    others: tuple[OtherVocabulary, ...]
    formats: tuple[Format, ...]


@dataclass(frozen=True)
class TermUse:
    """A use of a term: the subject, and the value of the property where it is one."""

    subject: Node
    value: Text
    href: str


@dataclass(frozen=True)
class TermContext:
    """A term of the ontology: what it means, how it is used, an example, a query that runs."""

    title: str
    iri: str
    entry: TermEntry
    topic: Text | None
    topic_href: str
    notes: tuple[Text, ...]
    examples: tuple[str, ...]
    close: tuple[TermLink, ...]
    related: tuple[TermLink, ...]
    below: tuple[TermLink, ...]
    properties: tuple[TermEntry, ...]
    drawing: ClassDrawing | None
    found: tuple[TermUse, ...]
    query: str
    rules: tuple[Text, ...]
    formats: tuple[Format, ...]


@dataclass(frozen=True)
class ShapeRow:
    """A rule of the validation, or a criterion of a score.

    Attributes:
        results: how many results it has in the snapshot's report.
        announced: the graver severity that it will have from a day on; empty for most.
        weight: the points that a criterion is worth, 0 for a rule.
        commitments: the commitments of charters that it checks, each with its charter.
    """

    name: str
    label: Text
    message: Text | None
    severity: str
    results: int
    codes: tuple[str, ...]
    announced: str
    from_day: date | None
    weight: int
    commitments: tuple[tuple[Node, Node | None], ...]


@dataclass(frozen=True)
class WrittenRuleRow:
    """What is expected of a description, the rules that check it, and how often it is broken."""

    code: str
    label: Text
    text: Text | None
    checks: tuple[tuple[str, Text], ...]
    results: int


@dataclass(frozen=True)
class ShapeGroup:
    """The rules of one node shape, and the classes it is for."""

    name: str
    label: Text
    targets: tuple[TermLink, ...]
    rows: tuple[ShapeRow, ...]


@dataclass(frozen=True)
class ShapesContext:
    """``/shapes``: what the validation asks of each class, and of the reading of sources.

    Where results were ``counted``, each rule has a page of what it found.
    """

    title: str
    iri: str
    version: str
    description: Text | None
    groups: tuple[ShapeGroup, ...]
    readings: tuple[ShapeRow, ...]
    book: tuple[WrittenRuleRow, ...]
    rules: int
    counted: bool
    formats: tuple[Format, ...]


@dataclass(frozen=True)
class ModelContext:
    """``/about/model``: the model in one picture, and queries to copy."""

    title: str
    patterns: tuple[Example, ...]
    prefixes: tuple[tuple[str, str], ...]
    schemes: tuple[Node, ...]


@dataclass(frozen=True)
class SnapshotRow:
    """A published state of the graph."""

    identifier: str
    date: str
    current: bool
    quads: int | None


@dataclass(frozen=True)
class RuleRow:
    """A rule of the validation: how often it was broken, and one case.

    Attributes:
        name: what it asks, in words.
        severity: ``violation``, ``warning`` or ``info``.
        count: how many results it gave.
        example: one of them.
        href: every result of the rule, as a query.
    """

    name: str
    severity: str
    count: int
    example: QualityResult
    href: str


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


@dataclass(frozen=True)
class Gap:
    """A question about what is missing, and what the graph answers.

    Attributes:
        name: of its page, ``/gaps/{name}``.
        title: in few words.
        question: as one would ask it.
        answer: in one sentence, with its numbers; empty when there is nothing to count.
        coverage: how much was read of what is known.
        notes: how it is counted, and what cannot be known.
        figures: the pictures.
        table: the same in numbers and words, with links to the records.
        export: what the file holds, when it is not the table.
        needed: what would have to be read, when there is nothing to count.
        query_href: the query behind the numbers.
    """

    name: str
    title: str
    question: str
    answer: str
    coverage: str
    notes: tuple[str, ...]
    figures: tuple[Figure, ...]
    table: DataTable
    export: DataTable
    needed: str
    query_href: str

    @property
    def href(self) -> str:
        """The address of its page."""
        return f"/gaps/{self.name}"


@dataclass(frozen=True)
class GapsContext:
    """``/gaps``: every question about what is missing, with its answer."""

    title: str
    gaps: tuple[Gap, ...]


@dataclass(frozen=True)
class GapContext:
    """``/gaps/{name}``: one question, its picture, its table.

    Attributes:
        more: rows that the file holds and the page does not show.
    """

    title: str
    gap: Gap
    rows: tuple[tuple[Cell, ...], ...]
    more: int
    others: tuple[Gap, ...]


@dataclass(frozen=True)
class QualityView:
    """One way to look at the quality of the data: a sentence, pictures, a table, a file.

    Attributes:
        name: of its page, ``/quality/{name}``.
        title: in few words.
        question: as one would ask it.
        answer: in one sentence, with its numbers; empty when there is nothing to count.
        notes: how it is counted, and what cannot be known.
        figures: the pictures.
        table: the same in numbers and words; its first rows are shown, all are in the file.
        needed: what would have to be, when there is nothing to count.
        links: where else to look.
    """

    name: str
    title: str
    question: str
    answer: str
    notes: tuple[str, ...]
    figures: tuple[Figure, ...]
    table: DataTable
    needed: str = ""
    links: tuple[Entrance, ...] = ()

    @property
    def href(self) -> str:
        """The address of its page."""
        return f"/quality/{self.name}"


@dataclass(frozen=True)
class Trend:
    """Numbers over the snapshots; no picture where there is one snapshot alone."""

    figure: Figure | None
    table: DataTable
    note: str


@dataclass(frozen=True)
class QualityContext:
    """``/quality``: how everything stands, and the ways to look at it."""

    title: str
    tally: tuple[tuple[str, int], ...]
    answer: str
    trend: Trend | None
    views: tuple[QualityView, ...]
    needed: str


@dataclass(frozen=True)
class QualityViewContext:
    """``/quality/{view}``; ``more`` rows are in the file alone."""

    title: str
    view: QualityView
    rows: tuple[tuple[Cell, ...], ...]
    more: int
    others: tuple[QualityView, ...]


@dataclass(frozen=True)
class Finding:
    """A validation result, as a worklist shows it.

    Attributes:
        rule: what it is called, and ``rule_href`` the page of the rule.
        repaired: what to write instead, where that can be known, and ``certainty`` how surely.
        record: the thing whose record is to be mended, if it has a page.
        place: where it stands in the source, from the file to the element.
    """

    severity: str
    rule: str
    rule_href: str
    message: str
    advice: str
    repaired: str
    certainty: str
    record: Node | None
    place: str


@dataclass(frozen=True)
class Narrowing:
    """A value that narrows a list; ``href`` takes it, or leaves it when it is the current one."""

    label: str
    count: int
    href: str
    current: bool
    severity: str = ""


@dataclass(frozen=True)
class Section:
    """A heading with a table, its pictures and words."""

    name: str
    title: str
    notes: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    table: DataTable | None = None
    rows: tuple[tuple[Cell, ...], ...] = ()


@dataclass(frozen=True)
class StandingContext:
    """``/quality/institution/…``, ``/quality/rule/…``, ``/quality/source/…``: how one thing stands.

    Attributes:
        kicker: what kind of thing it is.
        node: its own page.
        node_words: what the link to it says.
        answer: how it stands, in one sentence.
        remarks: what else there is to know: how to mend, what is announced.
        severity: of a rule.
        sections: tables and pictures.
        choices: rules and severities that narrow the list, by heading.
        findings: the first results of the list.
        total: how many there are in the list.
        files: the whole list as a table.
    """

    title: str
    language: str
    kicker: str
    view: str
    node_href: str
    node_words: str
    answer: str
    remarks: tuple[Text, ...]
    severity: str
    tally: tuple[tuple[str, int], ...]
    trend: Trend
    sections: tuple[Section, ...]
    choices: tuple[tuple[str, tuple[Narrowing, ...]], ...]
    findings: tuple[Finding, ...]
    total: int
    files: tuple[Format, ...]


@dataclass(frozen=True)
class Question:
    """A stored question; ``href`` leads to its answer."""

    number: int
    title: str
    text: str
    href: str


@dataclass(frozen=True)
class KindChoice:
    """A kind of things that a page lists; 0 where nothing was read of it."""

    label: str
    count: int
    href: str
    current: bool


@dataclass(frozen=True)
class ListItem:
    """A thing of a list.

    Attributes:
        node: the thing.
        facts: what it says.
        interval: when it holds, in words; empty when no date is given.
        state: ``current``, ``ending``, ``past`` or ``future`` on the day looked at, else empty.
    """

    node: Node
    facts: tuple[Fact, ...]
    interval: str
    state: str


@dataclass(frozen=True)
class ListContext:
    """``/labels``, ``/corpora`` and their like: the things of one kind, narrowed by facets.

    Attributes:
        name: of the page.
        kind: what is shown, in words.
        needed: what would have to be read, when there is nothing of this kind.
        template: the spreadsheet template of this kind, empty when there is none.
        on: the day that was asked for, empty when none was.
        on_words: the day that intervals are looked at from.
        on_problem: why the day that was asked for could not be read.
        kept: the rest of the state, as hidden fields.
        is_dated: whether its things hold over intervals.
        all_href: the list without filters.
    """

    title: str
    name: str
    lede: str
    kinds: tuple[KindChoice, ...]
    kind: str
    needed: str
    template: str
    chips: tuple[Chip, ...]
    facets: tuple[Facet, ...]
    things: tuple[ListItem, ...]
    on: str
    on_words: str
    on_problem: str
    kept: tuple[tuple[str, str], ...]
    is_dated: bool
    all_href: str
    pagination: Pagination
    gaps: tuple[Gap, ...]
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class ProgrammeRow:
    """What a programme asks for, and what serves it.

    Attributes:
        number: of the row.
        text: what is asked for.
        served: whether what it needs was read.
        links: pages that serve it.
        questions: stored questions that serve it.
        templates: spreadsheet templates that fill it.
        needed: what would have to be read, when it is not served.
    """

    number: int
    text: str
    served: bool
    links: tuple[Entrance, ...]
    questions: tuple[Question, ...]
    templates: tuple[str, ...]
    needed: str


@dataclass(frozen=True)
class Axis:
    """An axis of a programme, with its rows."""

    notation: str
    name: str
    definition: str
    rows: tuple[ProgrammeRow, ...]


@dataclass(frozen=True)
class Programme:
    """A programme: the rows that belong to it as a whole, and its axes."""

    notation: str
    name: str
    definition: str
    rows: tuple[ProgrammeRow, ...]
    axes: tuple[Axis, ...]


@dataclass(frozen=True)
class ProgrammesContext:
    """``/programmes``: what is asked for, and what serves it; ``served`` rows of ``whole``."""

    title: str
    programmes: tuple[Programme, ...]
    whole: int
    served: int


@dataclass(frozen=True)
class ErrorContext:
    """An error: what happened, where, what to do."""

    title: str
    status: int
    detail: str
    where: str
    advice: str


# --- the gallery of queries ----------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """One of several ways to narrow a list; ``current`` is the one in force."""

    label: str
    href: str
    current: bool


@dataclass(frozen=True)
class GalleryEntry:
    """A stored query in the gallery."""

    title: str
    description: str
    href: str
    audience: str
    difficulty: str


@dataclass(frozen=True)
class GalleryContext:
    """``/queries``: what may be asked by name."""

    title: str
    entries: tuple[GalleryEntry, ...]
    audiences: tuple[Choice, ...]
    difficulties: tuple[Choice, ...]


@dataclass(frozen=True)
class Field:
    """A parameter of a stored query in a form, with its values or its default."""

    name: str
    label: str
    values: tuple[str, ...]
    example: str
    required: bool
    numeric: bool


@dataclass(frozen=True)
class Snippet:
    """Code that asks a query, in one language."""

    label: str
    code: str


@dataclass(frozen=True)
class NamedQueryContext:
    """``/queries/{name}``: one stored query.

    Attributes:
        is_missing: a value that it needs is not given, so there is no answer.
        text: the query with its values bound, or with examples while some are missing.
        rows: the rows of the answer that are shown.
    """

    title: str
    name: str
    description: str
    meaning: str
    expected: str
    audience: str
    difficulty: str
    fields: tuple[Field, ...]
    is_missing: bool
    text: str
    query_href: str
    answer: QueryContext | None
    rows: tuple[tuple[ResultCell, ...], ...]
    downloads: tuple[Format, ...]
    api_href: str
    permalink: str
    snippets: tuple[Snippet, ...]
    bibtex_href: str
    csl_href: str


# --- the endpoint, the interface, their use ------------------------------------------------------


@dataclass(frozen=True)
class Limit:
    """A limit of the endpoint: its value, the status of what passes it, what to do then."""

    label: str
    value: str
    status: str
    what: str


@dataclass(frozen=True)
class Term:
    """A class or property, and how often it is used."""

    name: str
    label: str
    count: int
    href: str


@dataclass(frozen=True)
class EndpointContext:
    """``/about/sparql``: limits, formats, examples, what is in the graph.

    Attributes:
        row_formats: of SELECT and ASK; the ``href`` of each is what ``format=`` takes.
        graph_formats: of CONSTRUCT and DESCRIBE, likewise.
        geo_functions: names of the functions geof:…
        federated: other endpoints that SERVICE may call.
        graphs: some named graphs.
    """

    title: str
    address: str
    limits: tuple[Limit, ...]
    row_formats: tuple[Format, ...]
    graph_formats: tuple[Format, ...]
    examples: tuple[Example, ...]
    geo_functions: tuple[str, ...]
    federated: tuple[str, ...]
    classes: tuple[Term, ...]
    properties: tuple[Term, ...]
    schemes: tuple[Node, ...]
    graphs: tuple[str, ...]


@dataclass(frozen=True)
class InterfaceContext:
    """``/about/api``: how programs ask the stored queries."""

    title: str
    address: str
    count: int
    example: str


@dataclass(frozen=True)
class UsageDay:
    """What was counted on one day, in the order of the columns."""

    day: str
    counts: tuple[int, ...]


@dataclass(frozen=True)
class UsageContext:
    """``/usage``: how much the site is used."""

    title: str
    days: tuple[UsageDay, ...]
