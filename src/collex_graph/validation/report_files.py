"""Validation reports as files for other programs: JSON-LD, JSON, XLSX."""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import xlsxwriter
from pyoxigraph import RdfFormat, Triple, serialize

from collex_graph.model import Severity
from collex_graph.rdf.formats import compact_json_ld
from collex_graph.rdf.namespaces import expand
from collex_graph.validation.report import known_rules, report_quads, report_rows
from collex_graph.validation.words import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collex_graph.model import Repair, ValidationReport
    from collex_graph.validation.shapes import Rule

_SHEETS = {"fr": ("Constats", "Règles"), "en": ("Findings", "Rules")}
_RULE_HEADERS = {
    "fr": ("gravité", "règle", "constat", "nombre", "règle écrite"),
    "en": ("severity", "rule", "finding", "count", "written rule"),
}
_WIDTHS = (14, 26, 34, 60, 44, 40, 24, 30, 30, 12, 40, 30, 8, 8, 20, 22, 16, 40)
_MOST_ROWS = 1_048_575


def report_json_ld(
    report: ValidationReport, base_iri: str, *, rules: Mapping[str, Rule] | None = None
) -> str:
    """Return the W3C report in JSON-LD, with the project's context; see `report_quads`."""
    expanded = io.BytesIO()
    quads = report_quads(report, base_iri, rules=rules)
    serialize(
        (Triple(quad.subject, quad.predicate, quad.object) for quad in quads),
        expanded,
        format=RdfFormat.JSON_LD,
    )
    return compact_json_ld(expanded.getvalue()).decode()


def report_json(
    report: ValidationReport,
    *,
    rules: Mapping[str, Rule] | None = None,
    about: Mapping[str, Any] | None = None,
) -> str:
    """Return the results as plain JSON: counts, then each result with its place and its words.

    Args:
        report: what was found.
        rules: IRI → rule; None means the project's own.
        about: what is said first, of what was checked.
    """
    rules = rules or known_rules()
    results: list[dict[str, Any]] = []
    for result in report.results:
        if result.internal:
            continue
        rule = rules.get(result.rule)
        place = result.position
        told = {
            "severity": result.severity.value,
            "rule": result.rule,
            "codes": list(rule.codes) if rule else [],
            "label": dict(rule.labels) if rule else {},
            "message": dict(result.messages),
            "advice": dict(result.advice),
            "focusNode": result.focus_node,
            "path": result.path,
            "value": result.value,
            "repair": _repair(result.repair),
            "component": result.source_constraint_component,
            "file": place.file if place else None,
            "line": place.line if place else None,
            "row": place.row if place else None,
            "record": place.component if place else None,
            "column": place.column if place else None,
        }
        results.append({name: value for name, value in told.items() if value not in (None, {}, [])})
    whole = {
        **(about or {}),
        "conforms": report.conforms,
        "counts": {s.value: len(report.of_severity(s)) for s in Severity},
        "results": results,
    }
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _repair(repair: Repair | None) -> dict[str, Any] | None:
    if repair is None:
        return None
    told = {
        "found": repair.found,
        "repaired": repair.repaired,
        "certain": repair.certain,
        "reason": dict(repair.reasons),
    }
    return told | ({"target": repair.target} if repair.target else {})


def report_xlsx(
    report: ValidationReport, language: str = "fr", *, rules: Mapping[str, Rule] | None = None
) -> bytes:
    """Return a workbook: a row for each result, and how often each rule speaks.

    Texts are written as texts, so that none can be taken for a formula.

    Args:
        report: what was found.
        language: ``fr`` or ``en``.
        rules: IRI → rule; None means the project's own.
    """
    rules = rules or known_rules()
    content = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, options) as book:
        head = book.add_format({"bold": True, "bottom": 1})
        findings, summary = _SHEETS[language]
        sheet = book.add_worksheet(findings)
        sheet.freeze_panes(1, 0)
        for column, width in enumerate(_WIDTHS):
            sheet.set_column(column, column, width)
        last = 0
        for number, row in enumerate(report_rows(report, language, rules=rules)):
            if number > _MOST_ROWS:
                break
            for column, cell in enumerate(row):
                if isinstance(cell, int):
                    sheet.write_number(number, column, cell)
                elif cell:
                    sheet.write_string(number, column, cell[:32_000], None if number else head)
            last = number
        sheet.autofilter(0, 0, last, len(_WIDTHS) - 1)
        sheet = book.add_worksheet(summary)
        for column, title in enumerate(_RULE_HEADERS[language]):
            sheet.set_column(column, column, (14, 30, 50, 10, 16)[column])
            sheet.write_string(0, column, title, head)
        counts = Counter((r.severity, r.rule) for r in report.results if not r.internal)
        order = sorted(
            counts, key=lambda found: (list(Severity).index(found[0]), -counts[found], found[1])
        )
        for number, (severity, iri) in enumerate(order, start=1):
            rule = rules.get(iri)
            sheet.write_string(number, 0, SEVERITIES[severity][language][0])
            sheet.write_string(number, 1, iri.removeprefix(expand("collex-sh:")))
            sheet.write_string(number, 2, rule.labels[language] if rule else "")
            sheet.write_number(number, 3, counts[severity, iri])
            sheet.write_string(number, 4, " ; ".join(rule.codes) if rule else "")
    return content.getvalue()
