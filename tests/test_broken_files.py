"""Files that break off: what came before the break is published, and the place is named."""

import gzip
import json

import pytest

from collex_graph.build import build
from collex_graph.model import Severity
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings

MAPPINGS = resource_dir("mappings")
REPORT = (MAPPINGS / "counter" / "sample" / "tr_r5.json").read_text(encoding="utf-8")
DOCUMENTS = (MAPPINGS / "istex" / "sample" / "documents.json").read_text(encoding="utf-8")
CUT_DOCUMENTS = DOCUMENTS[: DOCUMENTS.rindex('"arkIstex"') + 25]
LATE = REPORT[: REPORT.rindex('"Performance"') + 40]


@pytest.fixture(scope="module")
def summary(tmp_path_factory):
    """A build of a table, a list of documents and a report that break off late."""
    folder = tmp_path_factory.mktemp("files")
    sample = next((MAPPINGS / "esr" / "sample").glob("*.csv"))
    lines = sample.read_text(encoding="utf-8-sig").splitlines()
    table = "\n".join([*lines[:3], '"' + lines[3]])
    (folder / "esr.csv").write_text(table, encoding="utf-8")
    (folder / "late.json").write_text(LATE, encoding="utf-8")
    (folder / "documents.json").write_text(CUT_DOCUMENTS, encoding="utf-8")
    inputs = [
        ("esr", folder / "esr.csv"),
        ("istex", folder / "documents.json"),
        ("counter", folder / "late.json"),
    ]
    return build(inputs, Settings(var=tmp_path_factory.mktemp("var")))


def observations(summary, name):
    """How many counts of a report are published."""
    lines = gzip.decompress(summary.snapshot.dump.read_bytes()).decode().splitlines()
    return sum(f"/id/usage/{name}/" in line and "UsageObservation>" in line for line in lines)


def broken(summary, name):
    """The only result that says that a file breaks off."""
    (result,) = [
        result
        for result in summary.report.results
        if result.rule.endswith("BrokenFile") and result.position.file == name
    ]
    assert result.severity is Severity.VIOLATION
    return result


def test_the_rows_before_a_quotation_mark_that_never_closes_are_published(summary):
    assert summary.exit_code == 1
    result = broken(summary, "esr.csv")
    assert result.position.line == 4
    assert "ligne 4" in result.messages["fr"]
    assert summary.snapshot.counts["establishments"] >= 2


def test_the_values_before_the_break_of_a_json_file_are_published(summary):
    assert broken(summary, "documents.json").position.line == CUT_DOCUMENTS.count("\n") + 1
    dump = gzip.decompress(summary.snapshot.dump.read_bytes()).decode()
    *whole, cut = (document["arkIstex"] for document in json.loads(DOCUMENTS))
    assert whole
    assert all(ark in dump for ark in whole)
    assert cut not in dump


def test_a_report_whose_end_is_missing_is_set_aside_with_all_its_counts(summary):
    assert broken(summary, "late.json").position.line == LATE.count("\n") + 1
    assert observations(summary, "late") == 0


def test_a_broken_file_beside_a_whole_one_leaves_that_alone(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "whole.json").write_text(REPORT, encoding="utf-8")
    (folder / "cut.json").write_text(REPORT[:200], encoding="utf-8")
    summary = build([("counter", folder)], Settings(var=tmp_path / "var"))
    assert summary.exit_code == 1
    said = [r for r in summary.report.results if r.position and r.position.file == "cut.json"]
    assert any(r.severity is Severity.VIOLATION for r in said)
    assert observations(summary, "whole") == REPORT.count('"Count"')
