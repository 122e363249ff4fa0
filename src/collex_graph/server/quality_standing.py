"""How one institution, one rule or one source stands, with the list of what there is to mend.

The list has everything in its file (CSV, XLSX); the page shows the first results. Both can be
narrowed to a rule and to a severity, which stand in the address.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyoxigraph as ox
import xlsxwriter
from werkzeug.exceptions import BadRequest

from collex_graph.errors import EntityNotFoundError
from collex_graph.rdf.namespaces import compact, expand, term
from collex_graph.server.contexts.figures import Cell, DataTable
from collex_graph.server.contexts.quality import Finding, Narrowing, Section, StandingContext
from collex_graph.server.contexts.values import Format, Text
from collex_graph.server.evidence import place_of_result
from collex_graph.server.gallery import public_address
from collex_graph.server.gap_pages import harmless
from collex_graph.server.gap_parts import local_name
from collex_graph.server.quality_pages import ROWS_SHOWN, rule_cell, severity_cell, source_names
from collex_graph.server.quality_parts import (
    SEVERITIES,
    SHAPES,
    RuleWords,
    alignment_figures,
    announcement,
    by_name,
    columns_of,
    day_in_words,
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
    rule_href,
    score_figures,
    share,
    source_href,
    tally_of,
    trend_of_alignment,
    trend_of_results,
    unknown_rule,
)
from collex_graph.store.quality import NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from collex_graph.server.contexts.figures import Column
    from collex_graph.server.reader import GraphReader, Row
    from collex_graph.store.quality import Found

FINDINGS_SHOWN = 50
_PROPERTY = {
    "institution": "collex-sh:institution",
    "rule": "sh:sourceShape",
    "source": "collex-sh:dataset",
}
_FILES = (
    ("CSV", "text/csv", "csv"),
    ("XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
)
_MOST_ROWS = 1_048_575
"""Rows of a sheet (ECMA-376), less the heading; a workbook has as many sheets as it takes."""
_MOST_CHARACTERS = 32_000
_WIDTHS = (14, 34, 60, 44, 30, 12, 40, 46, 46, 22, 30, 8, 8, 24, 24, 30, 30)
_PAGE = 7
"""Column of the address of the record's page."""

STANDINGS = {
    "institution": (
        "une institution dont une notice a été jugée", "an institution of which a record was judged"
    ),
    "rule": ("une règle", "a rule"),
    "source": ("une source qui a été lue", "a source that was read"),
}  # fmt: skip
"""What has a page of its own → how it is called where it has none."""


@dataclass(frozen=True)
class Standing:
    """What is looked at.

    Attributes:
        kind: ``institution``, ``rule`` or ``source``.
        name: IRI of the institution or rule, short name of the source.
        rule: IRI of the rule that the list is narrowed to; empty for all.
        severity: likewise, ``Violation``, ``Warning`` or ``Info``.
    """

    kind: str
    name: str
    rule: str = ""
    severity: str = ""


def read_standing(
    reader: GraphReader, kind: str, name: str, parameters: Mapping[str, str]
) -> Standing:
    """Read an address; an empty rule or severity narrows nothing.

    Raises:
        BadRequest: for a rule or a severity that does not exist.
    """
    words = {"": "", **{word: severity for severity, word in SEVERITIES.items()}}
    severity = parameters.get("severity", "")
    if severity not in words:
        known = ", ".join(SEVERITIES.values())
        raise BadRequest(
            f"« severity » n’accepte que {known}, et non « {severity[:80]} ».\n"
            f"“severity” takes {known}, not “{severity[:80]}”."
        )
    rule = "" if kind == "rule" else parameters.get("rule", "")
    if rule and not is_known(reader, Standing("rule", SHAPES + rule)):
        raise BadRequest(
            f"Aucune règle ne s’appelle « {rule[:80]} » : voyez /quality/rules.\n"
            f"No rule is called “{rule[:80]}”: see /quality/rules."
        )
    return Standing(kind, name, SHAPES + rule if rule else "", words[severity])


def is_known(reader: GraphReader, asked: Standing) -> bool:
    """Say whether there is a page of what is asked for."""
    history = history_of(reader)
    if not asked.name:
        return False
    if asked.name in history.judged(asked.kind) or asked.name in history.tallies(asked.kind):
        return True
    return asked.kind == "rule" and history.is_kept and asked.name in read_rules(reader)


def not_known(asked: Standing) -> EntityNotFoundError:
    """Return what to say of an address that has no page, and where those stand that have one."""
    name = asked.name.removeprefix(SHAPES)[:200]
    french, english = STANDINGS[asked.kind]
    return EntityNotFoundError(
        f"« {name} » n’est pas {french} : voyez /quality/{asked.kind}s.\n"
        f"“{name}” is not {english}: see /quality/{asked.kind}s."
    )


def describe_standing(reader: GraphReader, asked: Standing) -> StandingContext:
    """Return the page of an institution, a rule or a source that is known."""
    return _Described(reader, asked).page()


class _Described:
    """The page of one thing, part by part."""

    def __init__(self, reader: GraphReader, asked: Standing) -> None:
        history = history_of(reader)
        self.reader = reader
        self.words = reader.words
        self.history = history
        self.asked = asked
        self.tallies = history.tallies(asked.kind).get(asked.name, {})
        self.judged = history.judged(asked.kind).get(asked.name)
        self.rules = read_rules(reader)
        found = history.found(**{asked.kind: asked.name})
        # a record that breaks several rules is touched once
        together = history.found(**{"rule": "", asked.kind: asked.name})
        # by institution a result may count twice, for a library and for its establishment
        self.by_institution = [one for one in together if one.institution]
        is_one = asked.kind == "institution"
        self.found = [one for one in found if is_one or not one.institution]
        self.by_source = [one for one in together if is_one or not one.institution]

    def rule(self, iri: str) -> RuleWords:
        return self.rules.get(iri) or unknown_rule(iri)

    def page(self) -> StandingContext:
        asked, words = self.asked, self.words
        total = self._counted(asked.severity, asked.rule)
        title, language = self._title()
        own = self.rule(asked.name) if asked.kind == "rule" else None
        return StandingContext(
            title=title,
            language=language,
            kicker=words(f"quality.kind.{asked.kind}"),
            view=f"{asked.kind}s",
            node_href=self._node_href(),
            node_words=words(f"quality.node.{asked.kind}"),
            answer=self._answer(),
            remarks=tuple(self._remarks(own)),
            severity=SEVERITIES.get(own.severity, "") if own else "",
            tally=tally_of(self.tallies),
            trend=trend_of_results(
                self.reader, "trend", self.history.trend(asked.kind, asked.name),
                self.history.judged_trend(asked.kind, asked.name),
            ),
            sections=tuple(self._sections()),
            choices=tuple(self._choices()),
            findings=tuple(self._findings()) if total else (),
            total=total,
            files=tuple(
                Format(label, media_type, _file_href(href_of(self.reader, asked), ending))
                for label, media_type, ending in _FILES
            ),
        )  # fmt: skip

    # --- words -----------------------------------------------------------------------------------

    def _title(self) -> tuple[str, str]:
        asked, reader = self.asked, self.reader
        if asked.kind == "source":
            node = source_names(reader).get(asked.name)
            return (node.label.value, node.label.language) if node else (asked.name, "")
        if asked.kind == "rule":
            label = self.rule(asked.name).label
            return label.value, label.language
        reader.learn_labels([asked.name])
        label = reader.label_of(asked.name)
        return label.value, label.language

    def _node_href(self) -> str:
        asked, reader = self.asked, self.reader
        if asked.kind == "rule":
            return f"/shapes#{asked.name.removeprefix(SHAPES)}"
        if asked.kind == "source":
            return reader.href_of(reader.iris.entity("dataset", asked.name))
        return reader.href_of(asked.name)

    def _answer(self) -> str:
        words, touched = self.words, records_of(self.tallies)
        results = results_of(self.tallies)
        rate = share(touched, self.judged or 0)
        if not results:
            if self.asked.kind == "rule" and not self.judged:
                return words("quality.stands_unbroken")
            return words("quality.stands_clean", count=self.judged or 0)
        if rate is None or self.judged is None:
            return words("quality.stands_touched", count=results, records=touched)
        return words(
            "quality.stands", count=results, records=touched, judged=self.judged,
            rate=words.number(rate),
        )  # fmt: skip

    def _remarks(self, rule: RuleWords | None) -> Iterator[Text]:
        words = self.words
        if rule is not None:
            if rule.message:
                yield rule.message
            if rule.advice:
                yield Text(f"{words('quality.remedy')} {rule.advice.value}", rule.advice.language)
            announced = announcement(self.reader, rule, records_of(self.tallies))
            if announced:
                yield Text(announced, words.language)
        if self.asked.kind == "institution":
            for one in self.history.announced():
                if one.institution == self.asked.name:
                    yield Text(
                        words(
                            f"quality.would.{SEVERITIES[one.severity]}",
                            count=one.records, day=day_in_words(self.reader, one.day),
                        ),
                        words.language,
                    )  # fmt: skip

    # --- tables and pictures ---------------------------------------------------------------------

    def _sections(self) -> Iterator[Section]:
        kind = self.asked.kind
        if kind != "rule" and self.found:
            yield self._rules_section()
        if kind != "source" and len({one.source for one in self.by_source}) > 1:
            yield self._sources_section()
        if kind != "institution" and self.by_institution:
            yield self._institutions_section()
        if kind == "institution":
            yield from self._members_section()
            yield from self._alignment_section()
            yield from self._score_section()

    def _rules_section(self) -> Section:
        results: Counter[tuple[str, str]] = Counter()
        records: Counter[tuple[str, str]] = Counter()
        for one in self.found:
            results[one.severity, one.rule] += one.results
            records[one.severity, one.rule] += one.records
        order = list(SEVERITIES)
        rows = tuple(
            (
                rule_cell(self.rule(iri)),
                severity_cell(self.reader, severity),
                number(self.reader, count, self._narrowed(rule=iri)),
                number(self.reader, records[severity, iri]),
            )
            for (severity, iri), count in sorted(
                results.items(), key=lambda item: (order.index(item[0][0]), -item[1], item[0][1])
            )
        )
        columns = columns_of(self.reader, "rule*", "severity", "results#", "touched#")
        return self._section("rules", columns, rows)

    def _sources_section(self) -> Section:
        names = source_names(self.reader)
        rows = tuple(
            (
                Cell(names[name].label.value if name in names else name, source_href(name))
                if name else Cell(self.words("quality.no_source")),
                number(self.reader, sum(one.results for one in own)),
                number(self.reader, sum(one.records for one in own)),
            )
            for name in sorted({one.source for one in self.by_source})
            for own in ([one for one in self.by_source if one.source == name],)
        )  # fmt: skip
        columns = columns_of(self.reader, "source*", "results#", "touched#")
        return self._section("sources", columns, rows)

    def _institutions_section(self) -> Section:
        parents = read_parents(self.reader)
        own: dict[str, list[Found]] = {}
        for one in self.by_institution:
            if one.institution not in parents:
                own.setdefault(one.institution, []).append(one)
        named = by_name(self.reader, (iri for iri in own if iri != NOBODY))
        ordered = sorted(named, key=lambda iri: -sum(one.results for one in own[iri]))
        is_rule = self.asked.kind == "rule"
        narrowed = {"rule": self.asked.name.removeprefix(SHAPES)} if is_rule else {}
        rows = tuple(
            (
                institution_cell(self.reader, iri),
                number(
                    self.reader,
                    sum(o.results for o in own[iri]),
                    "" if iri == NOBODY else institution_href(self.reader, iri, **narrowed),
                ),
                number(self.reader, sum(o.records for o in own[iri])),
            )
            for iri in (*ordered, *([NOBODY] if NOBODY in own else []))
        )
        columns = columns_of(self.reader, "institution*", "results#", "touched#")
        return self._section("institutions", columns, rows)

    def _members_section(self) -> Iterator[Section]:
        parents = read_parents(self.reader)
        tallies, judged = self.history.tallies("institution"), self.history.judged("institution")
        own = [iri for iri, parent in parents.items() if parent == self.asked.name]
        if own:
            rows = tuple(
                (
                    institution_cell(self.reader, iri),
                    number(self.reader, judged.get(iri, 0)),
                    number(self.reader, records_of(tallies.get(iri, {}))),
                    number(self.reader, results_of(tallies.get(iri, {}))),
                )
                for iri in by_name(self.reader, own)
            )
            columns = columns_of(self.reader, "library*", "judged#", "touched#", "results#")
            yield self._section("members", columns, rows)

    def _section(
        self, name: str, columns: tuple[Column, ...], rows: tuple[tuple[Cell, ...], ...]
    ) -> Section:
        title = self.words(f"quality.of.{name}")
        table = DataTable(self.words(f"quality.caption.{name}"), columns, rows)
        return Section(name, title, table=table, rows=rows[:ROWS_SHOWN])

    def _alignment_section(self) -> Iterator[Section]:
        own = [one for one in self.history.alignments() if one.institution == self.asked.name]
        points = sum(one.points for one in own)
        if not points:
            return
        words = self.words
        aligned = sum(one.idref + one.other for one in own)
        answer = words(
            "quality.of_alignment", count=points, aligned=aligned,
            rate=words.number(share(aligned, points) or 0.0),
        )  # fmt: skip
        trend = trend_of_alignment(
            self.reader, "alignment-trend", self.history.alignment_trend(self.asked.name)
        )
        figures = alignment_figures(self.reader, own, trend, answer)
        yield Section("alignment", words("quality.of.alignment"), (answer,), figures)

    def _score_section(self) -> Iterator[Section]:
        own = [one for one in self.history.scores() if one.institution == self.asked.name]
        if not own:
            return
        words = self.words
        metrics = metric_names(self.reader, own)
        notes = []
        for iri, node in metrics.items():
            notices, mean = mean_score(own, iri)
            said = words.number(mean) if mean is not None else "–"
            notes.append(
                words("quality.of_score", metric=node.label.value, mean=said, count=notices)
            )
        figures = score_figures(self.reader, own, metrics, notes)
        notes.append(words("quality.view.scores.note"))
        yield Section("scores", words("quality.of.scores"), tuple(notes), figures)

    # --- the list --------------------------------------------------------------------------------

    def _narrowed(self, **changes: str) -> str:
        return href_of(self.reader, replace(self.asked, **changes)) + "#worklist"

    def _counted(self, severity: str, rule: str) -> int:
        """Return how many results there are of a severity and a rule, empty for any."""
        if not rule:
            return results_of(self.tallies, severity)
        return sum(
            one.results for one in self.found if one.rule == rule and severity in ("", one.severity)
        )

    def _choices(self) -> Iterator[tuple[str, tuple[Narrowing, ...]]]:
        asked, words = self.asked, self.words
        severities = [s for s in SEVERITIES if self._counted(s, asked.rule) or s == asked.severity]
        if len(severities) > 1 or asked.severity:
            yield (
                words("quality.column.severity"),
                tuple(
                    Narrowing(
                        words(f"quality.severity.{SEVERITIES[severity]}"),
                        self._counted(severity, asked.rule),
                        self._narrowed(severity="" if severity == asked.severity else severity),
                        severity == asked.severity,
                        SEVERITIES[severity],
                    )
                    for severity in severities
                ),
            )
        if asked.rule:
            rule = self.rule(asked.rule)
            yield (
                words("quality.column.rule"),
                (
                    Narrowing(
                        rule.label.value, self._counted(asked.severity, asked.rule),
                        self._narrowed(rule=""), current=True,
                    ),
                ),
            )  # fmt: skip

    def _findings(self) -> Iterator[Finding]:
        rows = findings_of(self.reader, self.asked, limit=FINDINGS_SHOWN)
        _learn_records(self.reader, rows)
        for row in rows:
            rule = self.rule(row["rule"].value)
            record = _record_of(self.reader, row)
            message = row["message"].value if "message" in row else rule.label.value
            place = place_of_result(self.reader, row)
            yield Finding(
                severity=SEVERITIES[row["severity"].value.rpartition("#")[2]],
                rule=rule.label.value,
                rule_href=rule.href,
                message=message,
                advice=row["advice"].value if "advice" in row else "",
                repaired=row["repaired"].value if "repaired" in row else "",
                certainty=_certainty(self.reader, row),
                record=self.reader.node(record) if record else None,
                place=place if place.partition(",")[0] not in message else "",
            )


def href_of(reader: GraphReader, asked: Standing) -> str:
    """Return the address of a page, with its list narrowed as is asked."""
    narrowed = {}
    if asked.rule:
        narrowed["rule"] = asked.rule.removeprefix(SHAPES)
    if asked.severity:
        narrowed["severity"] = SEVERITIES[asked.severity]
    if asked.kind == "source":
        return source_href(asked.name, **narrowed)
    if asked.kind == "rule":
        return rule_href(asked.name, **narrowed)
    return institution_href(reader, asked.name, **narrowed)


def _file_href(href: str, ending: str) -> str:
    """Return the address of a worklist as a file.

    >>> _file_href("/quality/rule/Notice-citation?severity=info", "csv")
    '/quality/worklist/rule/Notice-citation.csv?severity=info'
    >>> _file_href("/quality/institution?iri=x&severity=info", "csv")
    '/quality/worklist/institution.csv?iri=x&severity=info'
    """
    path, mark, query = href.replace("/quality/", "/quality/worklist/", 1).partition("?")
    return f"{path}.{ending}{mark}{query}"


# --- results -------------------------------------------------------------------------------------


def findings_of(reader: GraphReader, asked: Standing, *, limit: int | None = None) -> list[Row]:
    """Return the results of a page, the gravest first; without a limit, all of them."""
    given: dict[str, list[str | ox.NamedNode | ox.Literal]] = {
        "by": [expand(_PROPERTY[asked.kind])],
        "one": [
            reader.iris.entity("dataset", asked.name) if asked.kind == "source" else asked.name
        ],
        "language": [ox.Literal(reader.words.language)],
    }
    if asked.rule:
        given["rule"] = [asked.rule]
    if asked.severity:
        given["severity"] = [term(f"sh:{asked.severity}")]
    if limit is not None:
        given["limit"] = [ox.Literal(limit)]
    return reader.rows("quality-findings", **given)


def _record_of(reader: GraphReader, row: Row) -> str:
    """Return the thing whose record is to be mended, nothing where no page would show it."""
    for name in ("record", "focus"):
        if name in row and reader.is_named(row[name].value):
            return row[name].value
    return ""


def _certainty(reader: GraphReader, row: Row) -> str:
    """Return whether what to write instead is certain, nothing where nobody knows what to write."""
    if "certain" not in row:
        return ""
    is_certain = row["certain"].value in ("true", "1")
    return reader.words("quality.certain" if is_certain else "quality.suggested")


def _learn_records(reader: GraphReader, rows: Sequence[Row]) -> None:
    names = ("record", "focus")
    reader.learn_labels(row[name].value for row in rows for name in names if name in row)


# --- the worklist as a file ----------------------------------------------------------------------


def worklist_rows(reader: GraphReader, asked: Standing) -> Iterator[list[str | int]]:
    """Yield the heading and every result of a list, in words, with the address of the record."""
    words = reader.words
    yield [
        words(f"quality.column.{name}")
        for name in (
            "severity", "rule", "message", "advice", "repaired", "certainty", "record", "page",
            "record_iri", "source", "file", "line", "row", "component", "place_column", "value",
            "rule_name",
        )
    ]  # fmt: skip
    rules, sources = read_rules(reader), source_names(reader)
    address = public_address()
    rows = findings_of(reader, asked)
    _learn_records(reader, rows)
    for row in rows:
        rule = rules.get(row["rule"].value) or unknown_rule(row["rule"].value)
        record = _record_of(reader, row)
        source = local_name(row["dataset"].value) if "dataset" in row else ""

        def said(name: str, row: Row = row) -> str:
            return row[name].value if name in row else ""

        def numbered(name: str, row: Row = row) -> str | int:
            return int(row[name].value) if name in row else ""

        severity = said("severity").rpartition("#")[2]
        yield [
            words(f"quality.severity.{SEVERITIES[severity]}"),
            rule.label.value,
            said("message"),
            said("advice"),
            said("repaired"),
            _certainty(reader, row),
            reader.label_of(record).value if record else "",
            address + reader.href_of(record).lstrip("/") if record else "",
            record,
            sources[source].label.value if source in sources else source,
            said("file"),
            numbered("line"),
            numbered("row"),
            said("component"),
            said("column"),
            said("found"),
            compact(rule.iri) or rule.iri,
        ]


def worklist_csv(reader: GraphReader, asked: Standing) -> bytes:
    """Return the list as a table for a spreadsheet (UTF-8 with its mark); no cell is a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in worklist_rows(reader, asked):
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row])
    return text.getvalue().encode("utf-8-sig")


def worklist_xlsx(reader: GraphReader, asked: Standing) -> bytes:
    """Return the list as a workbook; texts are written as texts, whatever they begin with."""
    content = io.BytesIO()
    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
        "strings_to_numbers": False,
    }  # fmt: skip
    rows = worklist_rows(reader, asked)
    heading = next(rows)
    with xlsxwriter.Workbook(content, options) as book:
        head = book.add_format({"bold": True, "bottom": 1})
        sheet, last = None, _MOST_ROWS
        ends: dict[xlsxwriter.worksheet.Worksheet, int] = {}
        for row in rows:
            if last == _MOST_ROWS:
                sheet = _new_sheet(book, heading, head)
                last = 0
            last += 1
            assert sheet is not None
            ends[sheet] = last
            for column, cell in enumerate(row):
                if isinstance(cell, int):
                    sheet.write_number(last, column, cell)
                # a sheet holds 65,530 links and an address of 2,079 characters at most
                elif column == _PAGE and cell and last <= 65_530 and len(cell) <= 2_079:
                    sheet.write_url(last, column, cell)
                elif cell:
                    sheet.write_string(last, column, cell[:_MOST_CHARACTERS])
        if sheet is None:
            _new_sheet(book, heading, head)
        for sheet, last in ends.items():
            sheet.autofilter(0, 0, last, len(_WIDTHS) - 1)
    return content.getvalue()


def _new_sheet(
    book: xlsxwriter.Workbook, heading: Sequence[str | int], head: object
) -> xlsxwriter.worksheet.Worksheet:
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    for column, (title, width) in enumerate(zip(heading, _WIDTHS, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, str(title), head)
    return sheet
