"""How the data stand: by institution, by source, by rule, over snapshots, and what is announced.

Numbers come from the counts of the snapshot (`store.quality`), results from its report. Nothing of
what the report withholds can be here: neither has it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from collex_graph.server.contexts.figures import Cell, DataTable
from collex_graph.server.contexts.quality import (
    QualityContext,
    QualityView,
    QualityViewContext,
    Trend,
)
from collex_graph.server.contexts.values import Entrance
from collex_graph.server.drawn_figures import draw_bars
from collex_graph.server.evidence import describe_datasets
from collex_graph.server.gap_parts import MOST_BARS, local_name
from collex_graph.server.quality_parts import (
    SEVERITIES,
    SHAPES,
    TYPES,
    RuleWords,
    alignment_figures,
    announcement,
    by_name,
    columns_of,
    day_in_words,
    gravest_first,
    history_of,
    institution_cell,
    institution_href,
    mean_score,
    metric_names,
    number,
    read_parents,
    read_rules,
    records_of,
    results_of,
    score_figures,
    severity_bar,
    severity_legend,
    share,
    share_cell,
    source_href,
    tally_of,
    trend_of_alignment,
    trend_of_results,
    unknown_rule,
)
from collex_graph.server.questions import describe_questions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from collex_graph.server.contexts.figures import Figure
    from collex_graph.server.contexts.values import Node
    from collex_graph.server.drawn_figures import Bar
    from collex_graph.server.reader import GraphReader
    from collex_graph.store.quality import Alignment

ROWS_SHOWN = 100
"""Rows of a table that its page shows; all of them are in the file."""
_FEW_BARS = 4
"""Bars of a picture on the page of all views."""
_ALIGNMENT_QUESTION = 23


def _view(
    reader: GraphReader,
    name: str,
    *,
    answer: str = "",
    notes: Sequence[str] = (),
    figures: Sequence[Figure] = (),
    table: DataTable | None = None,
    links: Sequence[Entrance] = (),
) -> QualityView:
    words = reader.words
    return QualityView(
        name=name,
        title=words(f"quality.view.{name}.title"),
        question=words(f"quality.view.{name}.question"),
        answer=answer,
        notes=tuple(notes),
        figures=tuple(figures),
        table=table or DataTable("", (), ()),
        needed="" if answer else words(f"quality.view.{name}.needed"),
        links=tuple(links),
    )


def _results_figure(
    reader: GraphReader, name: str, answer: str, bars: Sequence[Bar]
) -> tuple[Figure, ...]:
    """Draw the results of a view by severity, where there are some."""
    if not bars:
        return ()
    title, legend = reader.words(f"quality.view.{name}.figure"), severity_legend(reader)
    return (draw_bars(name, title, answer, bars=bars, legend=legend),)


# --- by institution ------------------------------------------------------------------------------


def by_institution(reader: GraphReader, most: int = MOST_BARS) -> QualityView:
    """How every institution stands: those that hold something, those with most to mend first."""
    words, history = reader.words, history_of(reader)
    tallies, judged = history.tallies("institution"), history.judged("institution")
    parents = read_parents(reader)
    known = dict.fromkeys((*judged, *tallies))
    # an institution of which only its own record was read holds nothing here
    holding = {
        iri for iri in known
        if judged.get(iri, 0) > 1 or results_of(tallies.get(iri, {}), "Violation")
    }  # fmt: skip
    holders = [iri for iri in known if iri in holding and iri not in parents]
    if not holders:
        return _view(reader, "institutions")
    ordered = sorted(by_name(reader, holders), key=lambda iri: gravest_first(tallies.get(iri, {})))
    touched = [iri for iri in ordered if results_of(tallies.get(iri, {}))]
    rows = []
    for iri in ordered:
        own = tallies.get(iri, {})
        rows.append(
            (
                institution_cell(reader, iri),
                number(reader, judged.get(iri, 0)),
                number(reader, records_of(own)),
                share_cell(reader, records_of(own), judged.get(iri, 0)),
                *(number(reader, results_of(own, severity),
                         institution_href(reader, iri, severity=name))
                  for severity, name in SEVERITIES.items()),
            )
        )  # fmt: skip
    answer = words(
        "quality.view.institutions.answer", count=len(holders), touched=len(touched),
        warned=sum(
            bool(results_of(tallies.get(iri, {}), "Violation")
                 or results_of(tallies.get(iri, {}), "Warning"))
            for iri in holders
        ),
    )  # fmt: skip
    bars = [
        severity_bar(
            reader, reader.label_of(iri).value, tallies[iri], institution_href(reader, iri)
        )
        for iri in touched[:most]
    ]
    return _view(
        reader, "institutions", answer=answer,
        figures=_results_figure(reader, "institutions", answer, bars),
        notes=(
            words("quality.view.institutions.note"),
            words("quality.view.institutions.note_own", count=len(known) - len(holding)),
        ),
        table=DataTable(
            words("quality.view.institutions.caption"),
            columns_of(reader, "institution*", "judged#", "touched#", "rate#", "violations#",
                       "warnings#", "infos#"),
            tuple(rows),
        ),
    )  # fmt: skip


# --- by source -----------------------------------------------------------------------------------


def source_names(reader: GraphReader) -> dict[str, Node]:
    """Return the source data sets by their short names."""
    return {local_name(each.node.iri): each.node for each in describe_datasets(reader)}


def by_source(reader: GraphReader, most: int = MOST_BARS) -> QualityView:
    """How every source stands."""
    words, history = reader.words, history_of(reader)
    tallies, judged = history.tallies("source"), history.judged("source")
    if not judged:
        return _view(reader, "sources")
    names = source_names(reader)
    ordered = sorted(
        {*judged, *(name for name in tallies if name)},
        key=lambda name: (*gravest_first(tallies.get(name, {})), name),
    )

    def label(name: str) -> str:
        return names[name].label.value if name in names else name

    rows = [
        (
            Cell(label(name), source_href(name), names[name].iri if name in names else ""),
            number(reader, judged.get(name, 0)),
            number(reader, records_of(own)),
            share_cell(reader, records_of(own), judged.get(name, 0)),
            *(number(reader, results_of(own, severity), source_href(name, severity=word))
              for severity, word in SEVERITIES.items()),
        )
        for name in ordered
        for own in (tallies.get(name, {}),)
    ]  # fmt: skip
    touched = [name for name in ordered if results_of(tallies.get(name, {}))]
    answer = words(
        "quality.view.sources.answer", count=len(ordered), touched=len(touched),
        records=sum(judged.values()),
    )  # fmt: skip
    notes = [words("quality.view.sources.note")]
    if results_of(tallies.get("", {})):
        notes.append(words("quality.view.sources.unknown", count=results_of(tallies[""])))
    bars = [severity_bar(reader, label(n), tallies[n], source_href(n)) for n in touched[:most]]
    return _view(
        reader, "sources", answer=answer, notes=notes,
        figures=_results_figure(reader, "sources", answer, bars),
        table=DataTable(
            words("quality.view.sources.caption"),
            columns_of(reader, "source*", "read#", "touched#", "rate#", "violations#",
                       "warnings#", "infos#"),
            tuple(rows),
        ),
    )  # fmt: skip


# --- by rule -------------------------------------------------------------------------------------


def rule_cell(rule: RuleWords) -> Cell:
    """Return a cell with a rule that leads to its page."""
    return Cell(rule.label.value, rule.href, rule.iri, language=rule.label.language)


def severity_cell(reader: GraphReader, severity: str) -> Cell:
    """Return a cell with a severity in words."""
    return Cell(reader.words(f"quality.severity.{SEVERITIES[severity]}"))


def by_rule(reader: GraphReader, most: int = MOST_BARS) -> QualityView:
    """What every rule found."""
    words, history = reader.words, history_of(reader)
    if not history.is_kept:
        return _view(reader, "rules")
    rules, tallies, judged = read_rules(reader), history.tallies("rule"), history.judged("rule")
    broken = sorted(
        (rules.get(iri) or unknown_rule(iri, next(filter(None, tallies[iri]), ""))
         for iri in tallies),
        key=lambda rule: (*gravest_first(tallies[rule.iri]), rule.name),
    )  # fmt: skip
    kept = [rule for iri, rule in rules.items() if iri not in tallies]
    rows = [
        (
            rule_cell(rule),
            severity_cell(reader, rule.severity),
            number(reader, results_of(tallies.get(rule.iri, {})), rule.href),
            number(reader, records_of(tallies.get(rule.iri, {}))),
            number(reader, judged[rule.iri]) if rule.iri in judged else Cell("–"),
            share_cell(reader, records_of(tallies.get(rule.iri, {})), judged.get(rule.iri, 0)),
        )
        for rule in (*broken, *sorted(kept, key=lambda rule: rule.name))
        if rule.severity
    ]
    answer = words("quality.view.rules.answer", count=len(rows), broken=len(broken))
    bars = [
        severity_bar(reader, rule.label.value, tallies[rule.iri], rule.href)
        for rule in broken[:most]
    ]
    return _view(
        reader, "rules", answer=answer, notes=(words("quality.view.rules.note"),),
        figures=_results_figure(reader, "rules", answer, bars),
        links=(Entrance(words("shapes.heading"), "", "/shapes"),),
        table=DataTable(
            words("quality.view.rules.caption"),
            columns_of(reader, "rule*", "severity", "results#", "touched#", "judged_by#", "rate#"),
            tuple(rows),
        ),
    )  # fmt: skip


# --- alignment -----------------------------------------------------------------------------------


def alignment(reader: GraphReader, most: int = MOST_BARS) -> QualityView:
    """Which share of the access points leads to an authority."""
    words, history = reader.words, history_of(reader)
    found = history.alignments()
    whole = [one for one in found if not one.institution]
    points = sum(one.points for one in whole)
    if not points:
        return _view(reader, "alignment")
    parents = read_parents(reader)
    by_institution: dict[str, list[Alignment]] = defaultdict(list)
    for one in found:
        if one.institution and one.institution not in parents:
            by_institution[one.institution].append(one)
    rows = []
    for iri in by_name(reader, by_institution):
        own = {one.type: one for one in by_institution[iri]}
        rows += [_alignment_row(reader, iri, own[kind]) for kind in TYPES if kind in own]
    rows += [_alignment_row(reader, "", one) for kind in TYPES for one in whole if one.type == kind]
    aligned = sum(one.idref + one.other for one in whole)
    answer = words(
        "quality.view.alignment.answer", count=points, aligned=aligned,
        rate=words.number(share(aligned, points) or 0.0), institutions=len(by_institution),
    )  # fmt: skip
    trend = trend_of_alignment(reader, "alignment-trend", history.alignment_trend())
    figures = alignment_figures(reader, whole, trend, answer, most=most)
    questions = describe_questions(reader, [_ALIGNMENT_QUESTION])
    return _view(
        reader, "alignment", answer=answer, figures=figures,
        notes=(words("quality.view.alignment.note"), words("quality.view.alignment.note_rate"),
               trend.note),
        links=tuple(Entrance(each.title, "", each.href) for each in questions),
        table=DataTable(
            words("quality.view.alignment.caption"),
            columns_of(reader, "institution*", "type", "points#", "idref#", "other#",
                       "rate_aligned#"),
            tuple(rows),
        ),
    )  # fmt: skip


def _alignment_row(reader: GraphReader, iri: str, one: Alignment) -> tuple[Cell, ...]:
    return (
        institution_cell(reader, iri) if iri else Cell(reader.words("quality.all_institutions")),
        Cell(reader.words(f"quality.type.{one.type}")),
        number(reader, one.points),
        number(reader, one.idref),
        number(reader, one.other),
        share_cell(reader, one.idref + one.other, one.points),
    )


# --- announced rules -----------------------------------------------------------------------------


def announced(reader: GraphReader, _most: int = MOST_BARS) -> QualityView:
    """What would change on the day when announced rules come into force."""
    words, history = reader.words, history_of(reader)
    rules = [rule for rule in read_rules(reader).values() if rule.becomes and rule.from_day]
    if not rules:
        return _view(reader, "announced")
    rules.sort(key=lambda rule: (str(rule.from_day), rule.name))
    tallies = history.tallies("rule")
    coming = history.announced()
    whole = [one for one in coming if not one.institution]
    parents = read_parents(reader)
    links = [
        Entrance(
            rule.label.value,
            announcement(reader, rule, records_of(tallies.get(rule.iri, {}))),
            rule.href,
        )
        for rule in rules
    ]
    concerned = defaultdict(list)
    for one in coming:
        if one.institution and one.institution not in parents:
            concerned[one.institution].append(one)
    rows = [
        (
            institution_cell(reader, iri),
            Cell(day_in_words(reader, one.day)),
            Cell(words(f"quality.then.{SEVERITIES[one.severity]}")),
            number(reader, one.records, institution_href(reader, iri)),
        )
        for iri in by_name(reader, concerned)
        for one in concerned[iri]
    ]
    aside = sum(one.records for one in whole if one.severity == "Violation")
    warned = sum(one.records for one in whole if one.severity == "Warning")
    answer = words("quality.view.announced.answer", count=len(rules), aside=aside, warned=warned)
    return _view(
        reader, "announced", answer=answer, links=links,
        notes=(words("quality.view.announced.note"),),
        table=DataTable(
            words("quality.view.announced.caption"),
            columns_of(reader, "institution*", "from_day", "effect", "records#"),
            tuple(rows),
        ),
    )  # fmt: skip


# --- scores --------------------------------------------------------------------------------------


def scores(reader: GraphReader, _most: int = MOST_BARS) -> QualityView:
    """How the scores of notices spread."""
    words, history = reader.words, history_of(reader)
    found = history.scores()
    if not found:
        return _view(reader, "scores")
    metrics = metric_names(reader, found)
    whole = [score for score in found if not score.institution]
    parents = read_parents(reader)
    means = {iri: mean_score(whole, iri) for iri in metrics}
    said = [
        words(
            "quality.mean", metric=metrics[iri].label.value,
            mean=words.number(mean) if mean is not None else "–",
        )
        for iri, (_, mean) in means.items()
    ]  # fmt: skip
    answer = words(
        "quality.view.scores.answer", count=max(notices for notices, _ in means.values()),
        means=" ; ".join(said) if words.language == "fr" else "; ".join(said),
    )  # fmt: skip
    rows = []
    institutions = {s.institution for s in found if s.institution and s.institution not in parents}
    for institution in by_name(reader, institutions):
        own = [score for score in found if score.institution == institution]
        for iri, node in metrics.items():
            notices, mean = mean_score(own, iri)
            low = sum(s.notices for s in own if s.metric == iri and s.band < 50)
            rows.append(
                (
                    institution_cell(reader, institution),
                    Cell(node.label.value, f"/shapes#{iri.removeprefix(SHAPES)}Shape", iri),
                    number(reader, notices),
                    Cell("–" if mean is None else words.number(mean)),
                    number(reader, low),
                )
            )
    return _view(
        reader, "scores", answer=answer, figures=score_figures(reader, whole, metrics, said),
        notes=(words("quality.view.scores.note"),),
        links=(Entrance(words("shapes.heading"), "", "/shapes"),),
        table=DataTable(
            words("quality.view.scores.caption"),
            columns_of(reader, "institution*", "metric", "notices#", "mean#", "low#"),
            tuple(rows),
        ),
    )  # fmt: skip


# --- pages ---------------------------------------------------------------------------------------

VIEWS: dict[str, Callable[..., QualityView]] = {
    "institutions": by_institution,
    "sources": by_source,
    "rules": by_rule,
    "alignment": alignment,
    "scores": scores,
    "announced": announced,
}


def describe_quality_page(reader: GraphReader) -> QualityContext:
    """Return the page of how everything stands."""
    words, history = reader.words, history_of(reader)
    whole = history.tallies("whole").get("", {})
    trend: Trend | None = None
    if history.is_kept:
        trend = trend_of_results(reader, "trend", history.trend("whole"), ())
    answer = words(
        "quality.answer", count=results_of(whole), records=records_of(whole),
        judged=sum(history.judged("source").values()),
    )  # fmt: skip
    return QualityContext(
        title=words("quality.heading"),
        tally=tally_of(whole),
        answer=answer if history.is_kept else "",
        trend=trend,
        views=tuple(make(reader, _FEW_BARS) for make in VIEWS.values()) if history.is_kept else (),
        needed="" if history.is_kept else words("quality.needed"),
    )


def describe_view(reader: GraphReader, name: str) -> QualityViewContext:
    """Return the page of one way to look at quality.

    Raises:
        KeyError: when there is none of that name.
    """
    view = VIEWS[name](reader)
    return QualityViewContext(
        title=view.title,
        view=view,
        rows=view.table.rows[:ROWS_SHOWN],
        more=max(len(view.table.rows) - ROWS_SHOWN, 0),
        others=tuple(_view(reader, other) for other in VIEWS if other != name),
    )
