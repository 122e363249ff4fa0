"""A validation report as one page that stands alone: to keep, to print, to send by mail."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from collex_graph.model import Severity
from collex_graph.resources import resource_dir
from collex_graph.validation.report import cited, known_rules
from collex_graph.validation.words import SEVERITIES, place_in_words, repair_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collex_graph.model import ValidationReport, ValidationResult
    from collex_graph.validation.shapes import Rule


def report_html(
    report: ValidationReport,
    language: str = "fr",
    *,
    rules: Mapping[str, Rule] | None = None,
    head: str = "",
) -> str:
    """Return the report as a page of its own, without scripts and without other files.

    Args:
        report: what was found, in the order of files and places.
        language: ``fr`` or ``en``.
        rules: IRI → rule; None means the project's own.
        head: what is said before the findings.
    """
    rules = rules or known_rules()
    pages = Environment(
        loader=FileSystemLoader(resource_dir("web") / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown = [result for result in report.results if not result.internal]

    def file_of(result: ValidationResult) -> str:
        return result.position.file if result.position else ""

    files = [
        (file, [_row(result, language, rules) for result in results])
        for file, results in groupby(shown, key=file_of)
    ]
    counts = [
        (severity.value.lower(), SEVERITIES[severity][language][1], len(found))
        for severity in Severity
        if (found := [result for result in shown if result.severity is severity])
    ]
    template = pages.get_template("validation_report.html")
    return template.render(language=language, files=files, counts=counts, head=head)


def _row(
    result: ValidationResult, language: str, rules: Mapping[str, Rule]
) -> Mapping[str, str | None]:
    rule = rules.get(result.rule)
    place, where = "", ""
    if result.position is not None:
        place = place_in_words(result.position, language)
        where = place.removeprefix(f"{result.position.file}, ")
    return {
        "severity": result.severity.value.lower(),
        "gravity": SEVERITIES[result.severity][language][0],
        "place": where or result.focus_node,
        "label": rule.labels[language] if rule else "",
        "name": cited(result.rule, rule),
        "message": result.messages.get(language, "").replace(f" ({place})", ""),
        "advice": result.advice.get(language, ""),
        "value": result.value,
        "repair": repair_in_words(result.repair, language) if result.repair else None,
        "reason": result.repair.reasons.get(language, "") if result.repair else None,
    }
