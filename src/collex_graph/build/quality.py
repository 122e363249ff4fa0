"""Says whom each result of the validation concerns, and counts what the quality pages tell.

A result concerns a record (of a fonds for its access point, extent, notice or labelling) and the
institutions that answer for it: the holder, and the establishment that it is part of. Both are
stated in ``graph/report``, so that anybody can ask for them; the counts stand in `store.quality`.

The way from a node to its record is walked node by node: as one query it took four minutes for the
2,456 results of the real files.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Store, parse

from collex_graph.rdf.namespaces import expand, term
from collex_graph.store.quality import (
    NOBODY,
    Alignment,
    Announced,
    Found,
    Judged,
    QualityCounts,
    Score,
    Tally,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from collex_graph.pipeline import Part
    from collex_graph.rdf.iris import Iris

_TO_RECORD = ("collex:pointOf", "collex:concerns", "foaf:primaryTopic")
_UP = (*_TO_RECORD, "rico:isDirectlyIncludedIn")
"""From a node of a record that was set aside, and so has nothing derived, to one with a holder."""
_FROM_RECORD = ("rico:hasExtent", "collex:hasPlace")
_HOLDER = "rico:hasOrHadHolder"
_INSTITUTIONS = ("collex:Library", "collex:Establishment")
_SEVERITIES = ("Violation", "Warning", "Info")
_BAND = 10
_DEFAULT = DefaultGraph()


@dataclass
class _Result:
    """A result of the report, as the graph has it."""

    node: NamedNode
    focus: NamedNode
    rule: str
    severity: str
    file: str = ""
    place: str = ""
    dataset: str = ""
    record: str = ""
    institutions: tuple[str, ...] = ()

    @cached_property
    def in_source(self) -> str:
        """What tells its record from others of its source."""
        return f"{self.file}#{self.place}" if self.file else self.focus.value


class ConcernedRecords:
    """The results of a report, each with whom it concerns.

    Args:
        store: the graph, with the report and the origins in it.
        iris: mints the IRIs.
        datasets: name of a source file → short name of its source; empty where files of several
            sources have that name.
        aside: the parts of the sources, for what was set aside of them.
    """

    def __init__(
        self, store: Store, iris: Iris, datasets: Mapping[str, str], aside: Iterable[Part]
    ) -> None:
        self._store = store
        self._iris = iris
        self._datasets = datasets
        self._graph = NamedNode(iris.graph("report"))
        self._origins = NamedNode(iris.graph("provenance"))
        self._bodies: dict[str, tuple[str, ...]] = {}
        self.results = self._read()
        left = self._concern()
        if left:
            self._concern_aside(left, aside)

    # --- reading ---------------------------------------------------------------------------------

    def _objects(self, node: NamedNode, name: str) -> list[NamedNode]:
        found = self._store.quads_for_pattern(node, term(name), None, _DEFAULT)
        return [quad.object for quad in found if isinstance(quad.object, NamedNode)]

    def _subjects(self, name: str, node: NamedNode) -> list[NamedNode]:
        found = self._store.quads_for_pattern(None, term(name), node, _DEFAULT)
        return [quad.subject for quad in found if isinstance(quad.subject, NamedNode)]

    def _read(self) -> list[_Result]:
        said: dict[NamedNode, dict[str, NamedNode | Literal]] = defaultdict(dict)
        for name in ("sh:focusNode", "sh:sourceShape", "sh:resultSeverity", "collex-sh:file",
                     "collex-sh:row", "collex-sh:component"):  # fmt: skip
            for quad in self._store.quads_for_pattern(None, term(name), None, self._graph):
                assert isinstance(quad.subject, NamedNode)
                assert isinstance(quad.object, NamedNode | Literal)
                said[quad.subject][name] = quad.object
        results = []
        for node in sorted(said, key=str):
            about = said[node]
            focus = about["sh:focusNode"]
            assert isinstance(focus, NamedNode)
            file = about["collex-sh:file"].value if "collex-sh:file" in about else ""
            place = [
                about[name].value for name in ("collex-sh:component", "collex-sh:row")
                if name in about
            ]  # fmt: skip
            results.append(
                _Result(
                    node,
                    focus,
                    about["sh:sourceShape"].value,
                    about["sh:resultSeverity"].value.rpartition("#")[2],
                    file,
                    " ".join(place),
                    self._datasets.get(file, ""),
                )
            )
        return results

    # --- whom they concern -----------------------------------------------------------------------

    def _concern(self) -> list[_Result]:
        """Find the record and the institutions of each result; return those without."""
        known: dict[NamedNode, tuple[str, tuple[str, ...]]] = {}
        left = []
        for result in self.results:
            if result.focus not in known:
                known[result.focus] = self._concerned(result.focus)
            result.record, result.institutions = known[result.focus]
            if not result.institutions:
                left.append(result)
        return left

    def _concerned(self, focus: NamedNode) -> tuple[str, tuple[str, ...]]:
        near = [focus]
        near += [node for name in _TO_RECORD for node in self._objects(focus, name)]
        near += [node for name in _FROM_RECORD for node in self._subjects(name, focus)]
        for node in near:
            bodies = self._bodies_of(node)
            if bodies:
                return node.value, bodies
        # a problem of the reading is about a place in a file: what was read there
        origins = self._store.quads_for_pattern(
            None, term("prov:wasDerivedFrom"), focus, self._origins
        )
        read = sorted(q.subject.value for q in origins if isinstance(q.subject, NamedNode))
        for iri in read:
            bodies = self._bodies_of(NamedNode(iri))
            if bodies:
                return iri, bodies
        return "", ()

    def _bodies_of(self, node: NamedNode) -> tuple[str, ...]:
        """Return the institutions that answer for a record, if it is one."""
        if node.value not in self._bodies:
            found = self._objects(node, _HOLDER)
            kinds = {kind.value for kind in self._objects(node, "rdf:type")}
            if not kinds.isdisjoint(map(expand, _INSTITUTIONS)):
                found.append(node)
            self._bodies[node.value] = self._with_parents(found)
        return self._bodies[node.value]

    def _with_parents(self, bodies: Iterable[NamedNode]) -> tuple[str, ...]:
        found = {
            each.value for body in bodies for each in (body, *self._objects(body, "org:unitOf"))
        }
        return tuple(sorted(found))

    def _concern_aside(self, left: Sequence[_Result], parts: Iterable[Part]) -> None:
        """Find the holder of records that were set aside in what is kept of them."""
        read = {f"<{expand(name)}>".encode() for name in (*_UP, _HOLDER)}
        above: dict[str, list[NamedNode]] = defaultdict(list)
        holders: dict[str, list[NamedNode]] = defaultdict(list)
        for part in parts:
            for chunk in part.aside():
                lines = (
                    line for line in chunk.splitlines()
                    if line.partition(b" ")[2].partition(b" ")[0] in read
                )  # fmt: skip
                for quad in parse(b"\n".join(lines), RdfFormat.N_QUADS):
                    if isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode):
                        into = holders if quad.predicate == term(_HOLDER) else above
                        into[quad.subject.value].append(quad.object)
        for result in left:
            node = result.focus.value
            seen = set[str]()
            while node not in seen and node not in holders and above.get(node):
                seen.add(node)
                node = above[node][0].value
            if node in holders:
                result.institutions = self._with_parents(holders[node])

    # --- what is said of it ----------------------------------------------------------------------

    def quads(self) -> Iterator[Quad]:
        """Yield source, record and institutions of each result, for ``graph/report``."""
        for result in self.results:
            if result.dataset:
                dataset = NamedNode(self._iris.entity("dataset", result.dataset))
                yield Quad(result.node, term("collex-sh:dataset"), dataset, self._graph)
            if result.record:
                record = NamedNode(result.record)
                yield Quad(result.node, term("collex-sh:record"), record, self._graph)
            for institution in result.institutions:
                body = NamedNode(institution)
                yield Quad(result.node, term("collex-sh:institution"), body, self._graph)


# --- the counts ----------------------------------------------------------------------------------


@dataclass
class _Sum:
    results: int = 0
    records: set[str] = field(default_factory=set)

    def add(self, record: str) -> None:
        self.results += 1
        self.records.add(record)


def quality_counts(
    concerned: ConcernedRecords,
    *,
    read: Mapping[str, int],
    institutions: Iterable[Mapping[str, str]],
    rules: Iterable[Mapping[str, str]],
    alignments: Iterable[Mapping[str, str]],
    announced: Iterable[Mapping[str, str]],
    scores: Iterable[Mapping[str, str]],
) -> QualityCounts:
    """Count the results of a report.

    Args:
        concerned: the results.
        read: short name of a source → records read of it.
        institutions: rows ``institution``, ``records``.
        rules: rows ``rule``, ``records``.
        alignments: rows ``institution`` (none for all), ``type``, ``points``, ``idref``, ``other``.
        announced: rows ``rule``, ``severity``, ``day``.
        scores: rows ``institution`` (none for all), ``metric``, ``notice``, ``points``.
    """
    sums: dict[tuple[str, str, str], _Sum] = defaultdict(_Sum)
    cross: dict[tuple[str, str, str, str], _Sum] = defaultdict(_Sum)
    coming: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    becomes = {row["rule"]: (row["day"], row["severity"].rpartition("#")[2]) for row in announced}
    for result in concerned.results:
        record = result.record or result.in_source
        for severity in ("", result.severity):
            sums["whole", "", severity].add(record)
            sums["source", result.dataset, severity].add(result.in_source)
            sums["rule", result.rule, severity].add(record)
            for institution in result.institutions:
                sums["institution", institution, severity].add(record)
        for institution in ("", *(result.institutions or (NOBODY,))):
            for rule, severity in (("", ""), (result.rule, result.severity)):
                cross[institution, rule, result.dataset, severity].add(record)
        then = becomes.get(result.rule)
        if then is not None and _is_stricter(then[1], result.severity):
            for institution in ("", *result.institutions):
                coming[(institution, *then)].add(record)
    return QualityCounts(
        tallies=[
            Tally(*key, one.results, _number_of_records(one.records)) for key, one in sums.items()
        ],
        judged=[
            *(Judged("source", name, count) for name, count in read.items()),
            *(_judged("institution", row, "institution") for row in institutions),
            *(_judged("rule", row, "rule") for row in rules),
        ],
        found=[
            Found(*key, one.results, _number_of_records(one.records)) for key, one in cross.items()
        ],
        alignments=[
            Alignment(
                row.get("institution", ""), row["type"], int(row["points"]), int(row["idref"]),
                int(row["other"]),
            )
            for row in alignments
        ],
        announced=[
            Announced(*key, _number_of_records(records)) for key, records in coming.items()
        ],
        scores=_spread(scores),
    )  # fmt: skip


def _number_of_records(records: set[str]) -> int:
    """Return how many records there are; a whole file is none beside its records."""
    files = {record.partition("#")[0] for record in records if not record.endswith("#")}
    return sum(not record.endswith("#") or record[:-1] not in files for record in records)


def _judged(kind: str, row: Mapping[str, str], name: str) -> Judged:
    return Judged(kind, row[name], int(row["records"]))


def _is_stricter(severity: str, other: str) -> bool:
    return _SEVERITIES.index(severity) < _SEVERITIES.index(other)


def _spread(rows: Iterable[Mapping[str, str]]) -> list[Score]:
    spread: dict[tuple[str, str, int], list[int]] = defaultdict(list)
    for row in rows:
        points = int(row["points"])
        band = min(points // _BAND * _BAND, 100 - _BAND)
        spread[row.get("institution", ""), row["metric"], band].append(points)
    return [Score(*key, len(points), sum(points)) for key, points in spread.items()]
