"""The page where a curator gives a file and sees what to mend in it.

What comes from the process that judged the file is plain JSON, which is taken apart here and shown
as text. Nothing is kept on this side, so a report in another format travels inside the page, as a
``data:`` address, up to the size that browsers save from one.
"""

from __future__ import annotations

import base64
import json
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from flask import request

from collex_graph.model import Severity
from collex_graph.server import uploads
from collex_graph.server.contexts.query import QueryProblem
from collex_graph.server.contexts.validate import (
    CheckedFile,
    CheckFinding,
    CheckForm,
    CheckResult,
    Correction,
    Download,
    FindingLine,
    Quotation,
    QuotedCell,
    RecordFindings,
    RuleFindings,
    Suggestion,
    ValidateContext,
    ValidateUseContext,
)
from collex_graph.server.gallery import public_address
from collex_graph.server.services import services
from collex_graph.uploads.formats import REPORT_FORMATS
from collex_graph.uploads.frames import CHANGES, CORRECTED, PAGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from collex_graph.server.errors import Problem
    from collex_graph.server.messages import Words

DOWNLOADS: Final = ("csv", "xlsx", "html", "turtle", "json")
DOCUMENTS: Final = (PAGE, *DOWNLOADS, CORRECTED, CHANGES)
MOST_EMBEDDED_BYTES: Final = 1_500_000
"""Of a document in the page: in base64 it stays below the 2 MiB that Chromium saves."""

_MOST_TEXT_SHOWN: Final = 200_000

WORKFLOW: Final = """\
name: notices
on: [push, pull_request]
jobs:
  validate:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {python-version: "3.12"}
      - run: pip install .../collex_graph-VERSION-py3-none-any.whl
      - run: collex-graph validate notices/ labels.xlsx --format github --fail-on violation
"""
CURL: Final = """\
curl --fail-with-body --data-binary @notice.xml \\
  'ADDRESS/api/validate?name=notice.xml&fail-on=violation&format=json' > report.json
jq --exit-status '(.fails | not) and .unknown == []' report.json   # else 1

curl -F file=@labels.xlsx 'ADDRESS/api/validate?format=csv' > report.csv
curl -F file=@labels.xlsx 'ADDRESS/api/validate?format=corrected' > labels-corrected.xlsx
"""


def describe_form(
    words: Words, problem: Problem | None = None, detail: str = ""
) -> ValidateContext:
    """Return the page with the form, as it was sent, and the problem that there was with it."""
    language = words.language
    shown = None
    if problem is not None:
        shown = QueryProblem(problem.kind.title[language], detail, problem.kind.advice[language])
    return ValidateContext(words("validate.heading"), _form(words), problem=shown)


def describe_result(words: Words, checked: uploads.Checked) -> ValidateContext:
    """Return the page of a file that was judged."""
    head, documents = checked.judgement.head, checked.judgement.documents
    view = json.loads(documents[PAGE])
    labels = uploads.source_labels(words.language)
    sources = {name: labels.get(name, name) for name in uploads.source_names()}
    downloads = [name for name in DOWNLOADS if _fits(documents.get(name))]
    known = str(head.get("known") or "")
    unknown = tuple(map(str, head["unknown"]))
    result = CheckResult(
        name=checked.name,
        files=tuple(
            CheckedFile(
                str(one["name"]),
                sources.get(str(one["source"]), ""),
                tuple(sources[name] for name in one["alike"] if name in sources),
                int(one["records"]),
            )
            for one in head["files"]
        ),
        left_alone=tuple(name for name in map(str, head["left_alone"]) if name not in unknown),
        unknown=unknown,
        counts=tuple((s.value.lower(), int(head["counts"][s.value])) for s in Severity),
        internal=int(head["internal"]),
        known=words.date(date.fromisoformat(known[:10])) if known else "",
        seconds=words.number(round(checked.judgement.seconds, 1)),
        rules=tuple(_rule(one) for one in view["rules"]),
        records=tuple(_record(one) for one in view["records"]),
        more_records=int(view["more_records"]),
        downloads=tuple(
            Download(
                REPORT_FORMATS[name].label,
                uploads.file_name(checked.name, name, words.language),
                _data_address(documents[name]),
            )
            for name in downloads
        ),
        missing=tuple(REPORT_FORMATS[name].label for name in DOWNLOADS if name not in downloads),
        correction=_correction(checked, words),
    )
    return ValidateContext(words("validate.result", name=checked.name), _form(words), result=result)


def describe_validate_use(words: Words) -> ValidateUseContext:
    """Return the page that says how platforms check files by themselves."""
    address = public_address().rstrip("/")
    return ValidateUseContext(
        title=words("validateuse.heading"),
        workflow=WORKFLOW,
        curl=CURL.replace("ADDRESS", address),
    )


def _form(words: Words) -> CheckForm:
    settings = services().settings
    sent = uploads.sent_fields()
    text = sent.get("text", "")
    answers = [("", words("validate.answer.page"))]
    answers += [(name, REPORT_FORMATS[name].label) for name in DOWNLOADS]
    answers.append((CORRECTED, words("validate.answer.corrected")))
    return CheckForm(
        sources=tuple(sorted(
            uploads.source_labels(words.language).items(), key=lambda pair: pair[1].casefold()
        )),
        source=sent.get("source", request.args.get("source", "")),
        day=sent.get("day", ""),
        text=text if len(text) <= _MOST_TEXT_SHOWN else "",
        address=sent.get("url", ""),
        answers=tuple(answers),
        hosts=settings.upload_hosts,
        most_bytes=words.size(settings.upload_bytes),
        most_seconds=words.number(settings.upload_seconds),
    )  # fmt: skip


def _fits(document: bytes | None) -> bool:
    return document is not None and len(document) <= MOST_EMBEDDED_BYTES


def _data_address(body: bytes) -> str:
    # a spreadsheet or a page never opens inside the browser from here: the link saves it
    return f"data:application/octet-stream;base64,{base64.b64encode(body).decode()}"


def _rule(told: Mapping[str, Any]) -> RuleFindings:
    name = str(told["name"])
    findings = tuple(
        CheckFinding(
            int(one["number"]),
            str(one["file"]),
            str(one["place"]),
            str(one["message"]),
            str(one["advice"]),
            _quotation(one["excerpt"]),
            _suggestion(one["repair"]),
        )
        for one in told["results"]
    )
    return RuleFindings(
        name=name,
        label=str(told["label"]),
        href=f"/shapes#{quote(name, safe='')}" if told["is_ours"] else "",
        severity=_severity(told),
        count=int(told["count"]),
        message=str(told["message"]),
        advice=str(told["advice"]),
        of_dataset=bool(told["of_dataset"]),
        findings=findings,
        more=int(told["more"]),
        columns=_columns(findings),
    )


def _columns(findings: Sequence[CheckFinding]) -> tuple[str, ...]:
    """Return the columns of one table of several rows about which the same is said."""
    columns: dict[str, None] = {}
    for finding in findings:
        quotation = finding.quotation
        says_more = finding.message or finding.advice or finding.suggestion
        if quotation is None or not quotation.is_row or says_more:
            return ()
        columns |= dict.fromkeys(cell.header for cell in quotation.cells)
    return tuple(columns) if len(findings) > 1 else ()


def _severity(told: Mapping[str, Any]) -> str:
    severity = str(told["severity"])
    return severity if severity in ("violation", "warning", "info") else "info"


def _quotation(told: Mapping[str, Any] | None) -> Quotation | None:
    if not told:
        return None
    cells = tuple(
        QuotedCell(str(cell["header"]), str(cell["text"]), bool(cell["marked"]))
        for cell in told["cells"]
    )
    return Quotation(bool(told["is_row"]), cells)


def _suggestion(told: Mapping[str, Any] | None) -> Suggestion | None:
    if not told:
        return None
    return Suggestion(
        str(told["found"]), str(told["repaired"]), bool(told["certain"]), str(told["reason"])
    )


def _record(told: Mapping[str, Any]) -> RecordFindings:
    return RecordFindings(
        str(told["file"]),
        str(told["place"]),
        tuple(
            FindingLine(
                str(one["label"]),
                _severity(one),
                str(one["column"] or ""),
                f"#r{int(one['number'])}" if one["is_shown"] else "",
            )
            for one in told["results"]
        ),
        int(told["more"]),
    )


def _correction(checked: uploads.Checked, words: Words) -> Correction | None:
    """Return the corrected file, where there is one and it fits into the page."""
    head, documents = checked.judgement.head, checked.judgement.documents
    corrected = head.get("corrected")
    if not corrected:
        return None
    body, changes = documents.get(CORRECTED), documents.get(CHANGES)
    return Correction(
        uploads.file_name(str(corrected["name"]), CORRECTED, words.language),
        _data_address(body) if body is not None and _fits(body) else "",
        _data_address(changes) if changes is not None and _fits(changes) else "",
        int(corrected["applied"]),
        int(corrected["left"]),
    )
