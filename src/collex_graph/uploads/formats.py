"""The formats that a validation report is written in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class ReportFormat:
    """A format of reports.

    Attributes:
        name: what ``--format`` and ``?format=`` call it.
        label: what people call it.
        media_type: as registered, with its charset.
        extension: of a file that holds it, without the dot.
    """

    name: str
    label: str
    media_type: str
    extension: str


REPORT_FORMATS: Final = {
    each.name: each
    for each in (
        ReportFormat("text", "texte", "text/plain; charset=utf-8", "txt"),
        ReportFormat("csv", "CSV", "text/csv; charset=utf-8", "csv"),
        ReportFormat(
            "xlsx",
            "XLSX",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "xlsx",
        ),
        ReportFormat("html", "HTML", "text/html; charset=utf-8", "html"),
        ReportFormat("turtle", "Turtle", "text/turtle; charset=utf-8", "ttl"),
        ReportFormat("json-ld", "JSON-LD", "application/ld+json", "jsonld"),
        ReportFormat("json", "JSON", "application/json", "json"),
        ReportFormat("github", "GitHub", "text/plain; charset=utf-8", "txt"),
    )
}
"""Name → format, in the order in which they are offered."""
