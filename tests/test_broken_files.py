"""Files that break off: what came before the break is published, and the place is named."""

import gzip
from dataclasses import replace

import pytest

from collex_graph.build import build
from collex_graph.model import Severity
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return replace(Settings(), var=tmp_path / "var")


def broken(summary):
    """The results that say that a file breaks off."""
    found = [r for r in summary.report.results if r.rule.endswith("BrokenFile")]
    assert all(result.severity is Severity.VIOLATION for result in found)
    return found


def dump(summary):
    return gzip.decompress(summary.snapshot.dump.read_bytes()).decode()


def test_the_rows_before_a_quotation_mark_that_never_closes_are_published(settings, tmp_path):
    sample = next((resource_dir("mappings") / "esr" / "sample").glob("*.csv"))
    lines = sample.read_text(encoding="utf-8-sig").splitlines()
    path = tmp_path / "esr.csv"
    path.write_text("\n".join([*lines[:3], '"' + lines[3]]), encoding="utf-8")
    summary = build([("esr", path)], settings)
    assert summary.exit_code == 1
    (result,) = broken(summary)
    assert result.position.line == 4
    assert "ligne 4" in result.messages["fr"]
    assert dump(summary).count("collex-graph/ontology#Establishment>") >= 2


def test_the_values_before_the_break_of_a_json_file_are_published(settings, tmp_path):
    sample = resource_dir("mappings") / "counter" / "sample" / "tr_r5.json"
    text = sample.read_text(encoding="utf-8")
    path = tmp_path / "tr_r5.json"
    path.write_text(text[: text.rindex('"Performance"') + 40], encoding="utf-8")
    whole = build([("counter", sample)], replace(settings, var=tmp_path / "whole"))
    summary = build([("counter", path)], settings)
    assert summary.exit_code == 1
    (result,) = broken(summary)
    assert result.position.line == text[: text.rindex('"Performance"') + 40].count("\n") + 1
    before, after = dump(whole).count("UsageObservation>"), dump(summary).count("UsageObservation>")
    assert 0 < after < before


def test_a_broken_file_beside_a_whole_one_leaves_that_alone(settings, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    sample = resource_dir("mappings") / "counter" / "sample" / "tr_r5.json"
    text = sample.read_text(encoding="utf-8")
    (folder / "whole.json").write_text(text, encoding="utf-8")
    (folder / "cut.json").write_text(text[:200], encoding="utf-8")
    summary = build([("counter", folder)], settings)
    assert summary.exit_code == 1
    said = [r for r in summary.report.results if r.position and r.position.file == "cut.json"]
    assert any(r.severity is Severity.VIOLATION for r in said)
    assert "UsageObservation>" in dump(summary)
