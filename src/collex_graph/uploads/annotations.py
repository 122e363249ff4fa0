"""A validation report as workflow commands of GitHub: each result stands beside its line.

See « Workflow commands for GitHub Actions »; a runner turns such lines of a job's output into
annotations of the files that changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from collex_graph.model import Severity
from collex_graph.rdf.namespaces import expand
from collex_graph.validation.words import SEVERITIES, place_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collex_graph.model import ValidationReport, ValidationResult

_COMMANDS: Final = {
    Severity.VIOLATION: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "notice",
}
# what a runner would take for the end of a line, of a property, or of an escape
_IN_TEXT: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY: Final = _IN_TEXT | str.maketrans({":": "%3A", ",": "%2C"})


def report_annotations(
    report: ValidationReport, language: str = "fr", *, paths: Mapping[str, str] | None = None
) -> str:
    """Return a line for each result, the published ones alone.

    Args:
        report: what was found.
        language: ``fr`` or ``en``.
        paths: name of a file → its path from the folder that the runner works in; a runner shows
            an annotation only beside a file that it finds.
    """
    return "\n".join(
        _line(result, language, paths or {}) for result in report.results if not result.internal
    )


def _line(result: ValidationResult, language: str, paths: Mapping[str, str]) -> str:
    name = result.rule.removeprefix(expand("collex-sh:"))
    gravity = SEVERITIES[result.severity][language][0]
    properties = {"title": f"{gravity} {name}"}
    place = ""
    if result.position is not None:
        file = result.position.file
        properties = {"file": paths.get(file, file)} | properties
        line = result.position.line or result.position.row
        if line is not None:
            properties["line"] = str(line)
        place = place_in_words(result.position, language)
    said = ",".join(f"{key}={value.translate(_IN_PROPERTY)}" for key, value in properties.items())
    message = result.messages.get(language, "")
    words = [message, result.advice.get(language, "")]
    if place and place not in message:
        words.append(f"({place})")
    text = " ".join(filter(None, words)).translate(_IN_TEXT)
    return f"::{_COMMANDS[result.severity]} {said}::{text}"
