"""The real usage reports: counted again by hand, and nothing of a customer in what is published."""

import csv
import json
import re
from collections import Counter

import pytest
from pyoxigraph import RdfFormat, parse

from collex_graph.pipeline import map_source
from collex_graph.rdf.namespaces import expand
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings

BASE = Settings().base_iri
SAMPLE = resource_dir("mappings") / "counter" / "sample"
MONTH = re.compile(r"[A-Z][a-z]{2}-(\d{4}|\d{2})")


def mapped(folder, tmp_path):
    spool = tmp_path / "mapped.nq"
    source = map_source("counter", folder, base_iri=BASE, spool=spool)
    return source, spool


@pytest.fixture(scope="module")
def real_reports(shared_data, tmp_path_factory):
    return mapped(shared_data / "counter", tmp_path_factory.mktemp("counter"))


def counts_of_table(path):
    """Every count of a table, as the spreadsheet shows it."""
    delimiter = "\t" if path.suffix == ".tsv" else ","
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream, delimiter=delimiter))
    head = next(n for n, row in enumerate(rows) if "Metric_Type" in row)
    places = [n for n, name in enumerate(rows[head]) if MONTH.fullmatch(name)]
    for row in rows[head + 1 :]:
        yield from (int(row[n]) for n in places if n < len(row) and row[n].strip())


def counts_of_json(node):
    """Every count of a document of either release, wherever it stands."""
    if isinstance(node, list):
        for part in node:
            yield from counts_of_json(part)
    elif isinstance(node, dict):
        if "Metric_Type" in node:
            yield int(node["Count"])
        for name, part in node.items():
            if re.fullmatch(r"\d{4}-\d\d", name):
                yield int(part)
            elif name != "Item_Component":
                yield from counts_of_json(part)


@pytest.mark.real_data
def test_every_count_of_the_real_reports_is_an_observation(shared_data, real_reports):
    folder = shared_data / "counter"
    expected = Counter()
    sums = Counter()
    for path in sorted(folder.iterdir()):
        if path.suffix in (".csv", ".tsv"):
            counts = list(counts_of_table(path))
        elif path.suffix == ".json":
            counts = list(counts_of_json(json.loads(path.read_text(encoding="utf-8"))))
        else:
            continue
        if counts:
            expected[path.stem] += len(counts)
            sums[path.stem] += sum(counts)
    # one file is there twice, with commas and with tabs: the same names, the same observations
    expected["counter5_table_dr"] //= 2
    sums["counter5_table_dr"] //= 2
    source, spool = real_reports
    found, totals = Counter(), Counter()
    seen = set()
    for quad in parse(path=spool, format=RdfFormat.N_QUADS):
        if quad.predicate.value == expand("collex:usageCount") and quad.subject not in seen:
            seen.add(quad.subject)
            stem = quad.subject.value.removeprefix(f"{BASE}id/usage/").partition("/")[0]
            found[stem] += 1
            totals[stem] += int(quad.object.value)
    assert found == expected
    assert totals == sums
    described = {f.path.name for f in source.files} - {
        p.position.file for p in source.problems if p.note.rule in ("NothingRead", "UnreadableFile")
    }
    # a report is read, or its file is an error; one has rows without a single count, and the shape
    # of reports sets it aside
    assert {name.rpartition(".")[0] for name in described} == {*expected, "pycounter_tr_j1"}


@pytest.mark.real_data
def test_every_answer_without_figures_says_what_the_provider_said(real_reports):
    source, _ = real_reports
    silent = {p.position.file for p in source.problems if p.note.rule == "NothingRead"}
    told = {
        p.position.file
        for p in source.problems
        if p.note.rule.startswith(
            ("ReportRe", "ReportNot", "ReportAccess", "ReportWithout", "Empty")
        )
    }
    assert silent - told == {"data_incorrect.json"}
    assert told <= silent


def test_nothing_of_a_customer_is_published_or_reported(tmp_path):
    source, spool = mapped(SAMPLE, tmp_path)
    text = "".join(path.read_text(encoding="utf-8") for path in SAMPLE.iterdir())
    assert text.count("CANARI") >= 7
    assert "CANARI" not in spool.read_text(encoding="utf-8")
    assert not [p for p in source.problems if "CANARI" in str(p.note)]


@pytest.mark.real_data
def test_nothing_of_a_customer_of_the_real_reports_is_published_or_reported(real_reports):
    source, spool = real_reports
    said = spool.read_text(encoding="utf-8") + "".join(str(p.note) for p in source.problems)
    for secret in ("user@", "user%40", "customer_id=", "EBC:hidden", "8888888888", "9da418c0"):
        assert secret not in said, secret


def test_every_rule_says_something_of_the_sample_or_names_an_institution(tmp_path):
    source, _ = mapped(SAMPLE, tmp_path)
    silent = {rule for rule, count in source.rule_counts.items() if not count}
    # the sample names no institution that exists; the answer of a document is an error
    institution = {rule for rule in silent if re.search("institution|reportsUseBy", rule)}
    assert silent - institution == {"answer collex:reportException"}
