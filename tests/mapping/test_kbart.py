"""The real lists of titles: what an independent count of their cells says must be in the graph."""

import csv
from collections import Counter

import pytest
from pyoxigraph import RdfFormat, parse
from stdnum import isbn, issn

from collex_graph.pipeline import map_source
from collex_graph.rdf.namespaces import expand
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings

BASE = Settings().base_iri


def mapped(folder, tmp_path):
    spool = tmp_path / "mapped.nq"
    source = map_source("kbart", folder, base_iri=BASE, spool=spool)
    return source, parse(path=spool, format=RdfFormat.N_QUADS)


def cells(folder):
    """The rows of every list, each as column → cell, with the name of its file."""
    for path in sorted(folder.glob("*.txt")):
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream, delimiter="\t"):
                yield path.stem, {name: (value or "").strip() for name, value in row.items()}


@pytest.mark.real_data
def test_the_real_lists_are_read_without_loss(shared_data, tmp_path):
    folder = shared_data / "kbart"
    source, quads = mapped(folder, tmp_path)
    expected, found = Counter(), Counter()
    issns, isbns, ppns = set(), set(), set()
    for _, row in cells(folder):
        expected["collex:PackagedTitle"] += 1
        for name, predicate in (
            ("title_id", "dcterms:identifier"), ("publisher_name", "dcterms:publisher"),
            ("embargo_info", "collex:embargo"), ("publication_type", "dcterms:type"),
            ("access_type", "collex:accessType"), ("date_last_issue_online", "collex:endYear"),
            ("date_first_issue_online", "collex:startYear"),
            ("num_last_issue_online", "collex:lastIssue"),
        ):  # fmt: skip
            expected[predicate] += bool(row.get(name))
        ppns |= {row["bestppn"]} if row.get("bestppn") else set()
        for name in ("print_identifier", "online_identifier"):
            text = row[name].rstrip("á \xa0?")
            issns |= {text} if issn.is_valid(text) else set()
            isbns |= {isbn.to_isbn13(text).replace("-", "")} if isbn.is_valid(text) else set()
    stated = {"issn": set(), "isbn": set(), "ppn": set()}
    kinds = {
        expand("bibo:issn"): "issn", expand("bibo:eissn"): "issn",
        expand("bibo:isbn"): "isbn", expand("collex:ppn"): "ppn",
    }  # fmt: skip
    titles = 0
    for quad in quads:
        predicate, value = quad.predicate.value, quad.object.value
        if predicate in kinds:
            stated[kinds[predicate]].add(value)
        if value == expand("collex:PackagedTitle"):
            titles += 1
        for name in expected:
            about_title = "/title/" in quad.subject.value or name != "dcterms:identifier"
            found[name] += predicate == expand(name) and about_title
    assert titles == expected.pop("collex:PackagedTitle") == 23094
    found.pop("collex:PackagedTitle", None)
    assert found == expected
    assert stated == {"issn": issns, "isbn": isbns, "ppn": ppns}
    assert not [p for p in source.problems if p.note.rule == "SameIdentifierInTwoRows"]
    assert Counter(p.note.rule for p in source.problems)["SerialInBookList"] == 80


def test_only_national_licences_of_the_sample_are_acquired_resources(tmp_path):
    source, quads = mapped(resource_dir("mappings") / "kbart" / "sample", tmp_path)
    packages, resources = set(), Counter()
    for quad in quads:
        if quad.object.value == expand("collex:TitlePackage"):
            packages.add(quad.subject.value.rpartition("/")[2])
        if quad.predicate.value == expand("collex:hasPackage"):
            resources[quad.subject.value.rpartition("/")[2]] += 1
    assert len(packages) == len(source.files) == 9
    assert resources == {
        "rsc-istex-journals": 2, "rsc-istex-ebooks": 1, "casalini-collex-ebooks-iberique": 1,
        "exemple-istex-journals": 1,
    }  # fmt: skip


def test_every_rule_says_something_of_the_sample(tmp_path):
    source, _ = mapped(resource_dir("mappings") / "kbart" / "sample", tmp_path)
    assert [rule for rule, count in source.rule_counts.items() if not count] == []


def test_the_sample_shows_the_defects_of_real_lists(tmp_path):
    source, _ = mapped(resource_dir("mappings") / "kbart" / "sample", tmp_path)
    assert {
        "IrregularListName", "MalformedEmbargo", "MalformedIdentifier", "SerialInBookList",
        "StrayCharacters", "UnusableLink", "WrongCheckCharacter",
    } <= {p.note.rule for p in source.problems}  # fmt: skip
