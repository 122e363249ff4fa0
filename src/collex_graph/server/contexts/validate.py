"""The check of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collex_graph.server.contexts.query import QueryProblem


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
    correction: Correction | None


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
