"""Writes a validation report in each of its formats."""

from __future__ import annotations

from codecs import getwriter
from typing import IO, TYPE_CHECKING, Any

from collex_graph.uploads.annotations import report_annotations
from collex_graph.uploads.report_page import report_html
from collex_graph.validation.report import report_by_place, report_turtle, write_csv
from collex_graph.validation.report_files import report_json, report_json_ld, report_xlsx

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collex_graph.model import ValidationReport
    from collex_graph.validation.shapes import Rule


def write_report(
    stream: IO[bytes],
    name: str,
    report: ValidationReport,
    *,
    language: str,
    base_iri: str,
    rules: Mapping[str, Rule],
    head: str = "",
    about: Mapping[str, Any] | None = None,
    paths: Mapping[str, str] | None = None,
) -> None:
    """Write a report in one of `formats.REPORT_FORMATS`.

    Args:
        stream: receives it.
        name: the format.
        report: what was found.
        language: ``fr`` or ``en``, of what is written for people.
        base_iri: the setting of that name.
        rules: IRI → rule.
        head: for ``html``, what is said first.
        about: for ``json``, what is said first of what was checked.
        paths: for ``github``, name of a file → its path.
    """
    told: str | bytes
    match name:
        case "csv":
            write_csv(getwriter("utf-8-sig")(stream), report, language, rules=rules)
            return
        case "xlsx":
            told = report_xlsx(report, language, rules=rules)
        case "html":
            told = report_html(report, language, rules=rules, head=head)
        case "turtle":
            told = report_turtle(report, base_iri, rules=rules)
        case "json-ld":
            told = report_json_ld(report, base_iri, rules=rules)
        case "json":
            told = report_json(report, rules=rules, about=about)
        case "github":
            told = report_annotations(report, language, paths=paths)
        case "text":
            told = report_by_place(report, language, rules=rules)
        case _:
            raise ValueError(name)
    stream.write(told if isinstance(told, bytes) else f"{told.rstrip()}\n".encode())
