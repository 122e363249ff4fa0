"""What the pages about quality share: counts, names of rules and institutions, the trend."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from collex_graph.rdf.namespaces import expand
from collex_graph.server.contexts.figures import Cell, Column, DataTable
from collex_graph.server.contexts.quality import Trend
from collex_graph.server.contexts.values import Text
from collex_graph.server.drawn_figures import Bar, Segment, draw_bars, draw_trend
from collex_graph.server.intervals import day_of
from collex_graph.server.reader import sort_key
from collex_graph.store.quality import NOBODY, QualityHistory

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from collex_graph.server.contexts.figures import Figure
    from collex_graph.server.contexts.values import Node
    from collex_graph.server.reader import GraphReader, Term
    from collex_graph.store.quality import Alignment, Point, Score, Tally

SEVERITIES = {"Violation": "violation", "Warning": "warning", "Info": "info"}
FILLS = {"Violation": "full", "Warning": "part", "Info": "empty"}
SHAPES = expand("collex-sh:")
_PLACEHOLDER = re.compile(r"\{[?$]?\w+\}")
"""Of a message: of the readings ``{value}``, of SHACL ``{?value}`` or ``{$this}``."""
TYPES = (
    "person", "family", "body", "place", "subject", "form", "function", "occupation",
)  # fmt: skip


def history_of(reader: GraphReader) -> QualityHistory:
    """Return the counts of the snapshot that is read, and of those before."""
    snapshot = reader.snapshot
    return QualityHistory(snapshot.directory, snapshot.created)


# --- rules, sources, institutions ----------------------------------------------------------------


@dataclass(frozen=True)
class RuleWords:
    """What a rule is called and says.

    Attributes:
        iri: of the rule.
        label: the defect in a few words.
        message: what is wrong, where, how to mend it, as it holds for every case.
        advice: how to mend it, of a rule of reading, likewise.
        severity: ``Violation``, ``Warning`` or ``Info``.
        becomes: the severity to come, of an announced rule.
        from_day: from when.
    """

    iri: str
    label: Text
    message: Text | None
    advice: Text | None
    severity: str
    becomes: str
    from_day: date | None

    @property
    def name(self) -> str:
        """Its name in addresses."""
        return self.iri.removeprefix(SHAPES)

    @property
    def href(self) -> str:
        """The address of its page."""
        return rule_href(self.iri)


_KEPT: dict[str, tuple[str, dict[str, RuleWords]]] = {}


def read_rules(reader: GraphReader) -> dict[str, RuleWords]:
    """Return the rules of the snapshot, read once for each language: IRI → its words."""
    snapshot, language = str(reader.snapshot.directory), reader.words.language
    kept = _KEPT.get(language)
    if kept is None or kept[0] != snapshot:
        kept = _KEPT[language] = (snapshot, _read_rules(reader))
    return kept[1]


def _read_rules(reader: GraphReader) -> dict[str, RuleWords]:
    said: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for row in reader.rows("quality-rule-words"):
        said[row["rule"].value][row["predicate"].value].append(row["value"])

    def ending(about: Mapping[str, list[Term]], name: str) -> str:
        return next((t.value.rpartition("#")[2] for t in about.get(expand(name), ())), "")

    rules = {}
    for iri, about in said.items():
        label = reader.best(about.get(expand("rdfs:label"), ()))
        days = about.get(expand("collex-sh:inForceFrom"), ())
        rules[iri] = RuleWords(
            iri,
            label or Text(iri.removeprefix(SHAPES)),
            in_general(reader.best(about.get(expand("sh:message"), ()))),
            in_general(reader.best(about.get(expand("collex-sh:advice"), ()))),
            ending(about, "sh:severity"),
            ending(about, "collex-sh:announcedSeverity"),
            next((day_of(day.value) for day in days), None),
        )
    return rules


def in_general(message: Text | None) -> Text | None:
    """Return the message of a rule as it holds for every case: an ellipsis where cases differ.

    >>> in_general(Text("« {value} » a été lu comme {year} ({place}).")).value
    '« … » a été lu comme …'
    >>> in_general(Text("{?value} is “{$this}” ({element}).")).value
    '… is “…” (…).'
    """
    if message is None:
        return None
    # where a case stands in its file says nothing of the others
    said = _PLACEHOLDER.sub("…", message.value.replace(" ({place})", ""))
    return replace(message, value=said.replace("….", "…"))


def unknown_rule(iri: str, severity: str = "") -> RuleWords:
    """Return a rule that the shapes of the snapshot do not have any more."""
    return RuleWords(iri, Text(iri.removeprefix(SHAPES)), None, None, severity, "", None)


def rule_href(iri: str, **narrowed: str) -> str:
    """Return the address of what a rule found, perhaps narrowed to a severity."""
    return _address(f"/quality/rule/{iri.removeprefix(SHAPES)}", narrowed)


def announcement(reader: GraphReader, rule: RuleWords, touched: int) -> str:
    """Return what a rule will become, from when; nothing where that is not announced."""
    if not rule.becomes or rule.from_day is None:
        return ""
    words = reader.words
    return words(
        "quality.announced_rule",
        now=words(f"quality.severity.{SEVERITIES[rule.severity]}"),
        then=words(f"quality.severity.{SEVERITIES[rule.becomes]}"),
        day=words.date(rule.from_day),
        count=touched,
    )


def day_in_words(reader: GraphReader, day: str) -> str:
    """Return a day (xsd:date) as it is written in the language of the page."""
    found = day_of(day)
    return reader.words.date(found) if found else day


def source_href(name: str, **narrowed: str) -> str:
    """Return the address of how a source stands, perhaps narrowed to a rule or a severity."""
    return _address(f"/quality/source/{name}", narrowed)


def institution_href(reader: GraphReader, iri: str, **narrowed: str) -> str:
    """Return the address of how an institution stands, perhaps narrowed likewise."""
    path = reader.iris.path_of(iri)
    if path is not None and path.startswith("/id/"):
        return _address(f"/quality/institution/{path.removeprefix('/id/')}", narrowed)
    return _address("/quality/institution", {"iri": iri, **narrowed})


def _address(path: str, parameters: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(parameters)}" if parameters else path


def standing_href(reader: GraphReader, iri: str) -> str:
    """Return the address of how an institution stands, nothing where nobody counted."""
    is_judged = iri in history_of(reader).judged("institution")
    return institution_href(reader, iri) if is_judged else ""


def institution_cell(reader: GraphReader, iri: str) -> Cell:
    """Return a cell with an institution that leads to how it stands."""
    if iri == NOBODY:
        return Cell(reader.words("quality.no_institution"))
    label = reader.label_of(iri)
    return Cell(label.value, institution_href(reader, iri), iri, language=label.language)


def read_parents(reader: GraphReader) -> dict[str, str]:
    """Return the establishment of each institution that is part of one."""
    return {
        row["institution"].value: row["establishment"].value
        for row in reader.rows("quality-parents")
    }


def by_name(reader: GraphReader, iris: Iterable[str]) -> list[str]:
    """Return institutions in the order of their names."""
    wanted = list(iris)
    reader.learn_labels(wanted)
    return sorted(wanted, key=lambda iri: (sort_key(reader.label_of(iri).value), iri))


# --- numbers -------------------------------------------------------------------------------------


def results_of(tallies: Mapping[str, Tally], severity: str = "") -> int:
    """Return how many results of a severity, or in all, there are."""
    return tallies[severity].results if severity in tallies else 0


def records_of(tallies: Mapping[str, Tally]) -> int:
    """Return how many records any results touch."""
    return tallies[""].records if "" in tallies else 0


def gravest_first(tallies: Mapping[str, Tally]) -> tuple[int, ...]:
    """Return what sorts things, those with most to mend first."""
    return tuple(-results_of(tallies, severity) for severity in SEVERITIES)


def tally_of(tallies: Mapping[str, Tally]) -> tuple[tuple[str, int], ...]:
    """Return the severities that occur, as the pages call them, with their results."""
    return tuple(
        (name, results_of(tallies, severity))
        for severity, name in SEVERITIES.items()
        if results_of(tallies, severity)
    )


def share(part: int, whole: int) -> float | None:
    """Return a percentage with one decimal, None where it would mean nothing.

    >>> share(1, 3), share(0, 0), share(7, 5)
    (33.3, None, None)
    """
    return round(100 * part / whole, 1) if 0 <= part <= whole and whole else None


def share_cell(reader: GraphReader, part: int, whole: int) -> Cell:
    """Return a cell with a percentage, or a dash."""
    value = share(part, whole)
    return Cell("–" if value is None else reader.words.number(value))


def number(reader: GraphReader, count: int, href: str = "") -> Cell:
    """Return a cell with a number that leads to what it counts."""
    return Cell(reader.words.number(count), href if count else "")


def columns_of(reader: GraphReader, *names: str) -> tuple[Column, ...]:
    """Return columns; a name ending in ``#`` is of numbers, in ``*`` of nodes."""
    return tuple(
        Column(
            reader.words(f"quality.column.{name.rstrip('#*')}"),
            name.endswith("#"),
            name.endswith("*"),
        )
        for name in names
    )


def severity_legend(reader: GraphReader) -> dict[str, str]:
    """Return what the fills of pictures of results mean."""
    return {
        fill: reader.words(f"quality.severity.{SEVERITIES[severity]}")
        for severity, fill in FILLS.items()
    }


def severity_bar(reader: GraphReader, label: str, tallies: Mapping[str, Tally], href: str) -> Bar:
    """Return a bar of results by severity."""
    return Bar(
        label,
        tuple(
            Segment(
                fill,
                results_of(tallies, severity),
                reader.words(
                    f"quality.count.{SEVERITIES[severity]}", count=results_of(tallies, severity)
                ),
            )
            for severity, fill in FILLS.items()
        ),
        reader.words.number(results_of(tallies)),
        href,
    )


# --- over snapshots ------------------------------------------------------------------------------


def trend_of_results(
    reader: GraphReader, name: str, points: Sequence[Point], judged: Sequence[Point]
) -> Trend:
    """Return how results and records touched change from snapshot to snapshot.

    What was judged has its columns where it was counted at one snapshot at least.
    """
    words = reader.words
    records = {point.created: point.of()[0] for point in judged if point.numbers}
    rows = []
    for point in reversed(points):
        whole, (_, touched) = records.get(point.created), point.of()
        row = [
            moment_cell(reader, point),
            *(number(reader, point.of(severity)[0]) for severity in SEVERITIES),
            number(reader, touched),
        ]
        if records:
            row.append(Cell("–") if whole is None else number(reader, whole))
            row.append(share_cell(reader, touched, whole or 0))
        rows.append(tuple(row))
    columns = ("moment", "violations#", "warnings#", "infos#", "touched#")
    table = DataTable(
        words("quality.trend_caption"),
        columns_of(reader, *columns, *(("judged#", "rate#") if records else ())),
        tuple(rows),
    )
    series = {
        fill: [
            (
                float(point.of(severity)[0]),
                _at(reader, point, f"quality.count.{SEVERITIES[severity]}", point.of(severity)[0]),
            )
            for point in points
        ]
        for severity, fill in FILLS.items()
        if any(point.of(severity)[0] for point in points)
    }
    legend = {fill: text for fill, text in severity_legend(reader).items() if fill in series}
    return _trend(
        reader, name, words("quality.trend_figure"), points=points, series=series, legend=legend,
        table=table,
    )  # fmt: skip


def trend_of_alignment(reader: GraphReader, name: str, points: Sequence[Point]) -> Trend:
    """Return how the rate of alignment changes from snapshot to snapshot."""
    words = reader.words
    rows, line = [], []
    for point in points:
        whole = sum(all_of for all_of, _ in point.numbers.values())
        aligned = sum(some for _, some in point.numbers.values())
        rate = share(aligned, whole)
        said = "–" if rate is None else words("quality.percent", rate=words.number(rate))
        line.append((rate, f"{moment_in_words(reader, point)} – {said}"))
        rows.append(
            (
                moment_cell(reader, point),
                number(reader, whole),
                number(reader, aligned),
                share_cell(reader, aligned, whole),
            )
        )
    table = DataTable(
        words("quality.trend_caption"),
        columns_of(reader, "moment", "points#", "with_authority#", "rate_aligned#"),
        tuple(reversed(rows)),
    )
    legend = {"full": words("quality.rate_legend")}
    return _trend(
        reader, name, words("quality.trend_alignment"), points=points, series={"full": line},
        legend=legend, table=table, highest=100.0,
    )  # fmt: skip


def _trend(
    reader: GraphReader,
    name: str,
    title: str,
    *,
    points: Sequence[Point],
    series: Mapping[str, Sequence[tuple[float | None, str]]],
    legend: Mapping[str, str],
    table: DataTable,
    highest: float = 0.0,
) -> Trend:
    words = reader.words
    if len(points) < 2 or not series:
        note = words("quality.trend_single" if len(points) < 2 else "quality.trend_nothing")
        return Trend(None, table, note)
    note = words("quality.trend_note", count=len(points))
    days = {point.created.date() for point in points}
    moments = [
        (
            point.created,
            words.date(point.created.date()) if len(days) > 1 else f"{point.created:%H:%M}",
        )
        for point in points
    ]
    figure = draw_trend(
        name, title, note, moments=moments, series=series, legend=legend, highest=highest,
        write=(lambda rate: words("quality.percent", rate=words.number(rate))) if highest
        else words.number,
    )  # fmt: skip
    return Trend(figure, table, note)


def _at(reader: GraphReader, point: Point, key: str, count: int) -> str:
    return f"{moment_in_words(reader, point)} – {reader.words(key, count=count)}"


def moment_in_words(reader: GraphReader, point: Point) -> str:
    """Return when a snapshot was published: the day and the hour (UTC)."""
    created = point.created
    return f"{reader.words.date(created.date())}, {created:%H:%M}"


def moment_cell(reader: GraphReader, point: Point) -> Cell:
    """Return a cell with when a snapshot was published."""
    return Cell(moment_in_words(reader, point))


# --- alignment -----------------------------------------------------------------------------------


def alignment_figures(
    reader: GraphReader,
    alignments: Iterable[Alignment],
    trend: Trend,
    answer: str,
    *,
    most: int | None = None,
) -> tuple[Figure, ...]:
    """Draw the alignment by type, and its trend where there is one to draw."""
    by_type = draw_bars(
        "types", reader.words("quality.view.alignment.figure"), answer, as_shares=True,
        bars=_alignment_bars(reader, alignments)[:most], legend=_alignment_legend(reader),
    )  # fmt: skip
    return (by_type,) if trend.figure is None else (by_type, trend.figure)


def _alignment_bars(reader: GraphReader, alignments: Iterable[Alignment]) -> list[Bar]:
    """Return a bar for each type: with IdRef, with another authority, without."""
    words = reader.words
    by_type = {one.type: one for one in alignments}
    return [
        Bar(
            words(f"quality.type.{kind}"),
            (
                Segment("full", one.idref, words("quality.with_idref", count=one.idref)),
                Segment("part", one.other, words("quality.with_other", count=one.other)),
                Segment(
                    "empty",
                    one.points - one.idref - one.other,
                    words("quality.without", count=one.points - one.idref - one.other),
                ),
            ),
            words("share.of", part=one.idref + one.other, whole=one.points),
        )
        for kind in TYPES
        if (one := by_type.get(kind)) is not None
    ]


def _alignment_legend(reader: GraphReader) -> dict[str, str]:
    words = reader.words
    return {
        "full": words("quality.legend_idref"),
        "part": words("quality.legend_other"),
        "empty": words("quality.legend_without"),
    }


# --- scores --------------------------------------------------------------------------------------


def metric_names(reader: GraphReader, scores: Iterable[Score]) -> dict[str, Node]:
    """Return what the measures are called, in the order of their names."""
    metrics = dict.fromkeys(score.metric for score in scores)
    labels = reader.rows("quality-metrics", metric=list(metrics))
    reader.remember_labels(labels, "metric", "label")
    return {iri: reader.node(iri) for iri in by_name(reader, metrics)}


def score_figures(
    reader: GraphReader, scores: Sequence[Score], metrics: Mapping[str, Node], said: Sequence[str]
) -> tuple[Figure, ...]:
    """Draw how the scores of each measure spread; ``said`` describes each picture."""
    words = reader.words
    return tuple(
        draw_bars(
            f"scores-{place}", words("quality.score_figure", metric=node.label.value), said[place],
            bars=_score_bars(reader, scores, iri), legend={"full": words("quality.score_legend")},
        )
        for place, (iri, node) in enumerate(metrics.items())
    )  # fmt: skip


def _score_bars(reader: GraphReader, scores: Sequence[Score], metric: str) -> list[Bar]:
    """Return a bar for each band of points, the best first."""
    words = reader.words
    bands: dict[int, int] = defaultdict(int)
    for score in scores:
        if score.metric == metric:
            bands[score.band] += score.notices
    return [
        Bar(
            words("quality.band", first=str(band), last=str(100 if band == 90 else band + 9)),
            (Segment("full", count, words("quality.notices_in_band", count=count)),),
            words.number(count),
        )
        for band, count in sorted(bands.items(), reverse=True)
        if count
    ]


def mean_score(scores: Iterable[Score], metric: str) -> tuple[int, float | None]:
    """Return how many notices were measured, and their mean."""
    own = [score for score in scores if score.metric == metric]
    notices = sum(score.notices for score in own)
    return notices, round(sum(score.points for score in own) / notices, 1) if notices else None
