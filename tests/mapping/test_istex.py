"""The real tables and records of ISTEX, counted again by hand."""

import csv
import json

import pytest
from pyoxigraph import RdfFormat, parse

from collex_graph.pipeline import map_source
from collex_graph.rdf.namespaces import expand
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings

BASE = Settings().base_iri
SAMPLE = resource_dir("mappings") / "istex" / "sample"


def mapped(folder, tmp_path):
    spool = tmp_path / "mapped.nq"
    return map_source("istex", folder, base_iri=BASE, spool=spool), spool


def arks(node):
    """The ARKs of all records of an answer, wherever they stand."""
    if isinstance(node, list):
        return {ark for part in node for ark in arks(part)}
    if isinstance(node, dict):
        found = {node["arkIstex"]} if "arkIstex" in node else set()
        return found.union(*(arks(part) for part in node.values()))
    return set()


@pytest.mark.real_data
def test_the_real_tables_and_records_are_read_without_loss(shared_data, tmp_path):
    folder = shared_data / "istex"
    source, spool = mapped(folder, tmp_path)
    with (folder / "lodex_data.istex_loaded-corpus.csv").open(
        encoding="utf-8-sig", newline=""
    ) as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    wanted = set()
    for path in folder.glob("*.json"):
        wanted |= arks(json.loads(path.read_text(encoding="utf-8")))
    said = {}
    for quad in parse(path=spool, format=RdfFormat.N_QUADS):
        said.setdefault(quad.predicate.value, set()).add((quad.subject.value, quad.object.value))
    corpora = {row["Identifiant du corpus ISTEX"] for row in rows}
    loaded = {subject for subject, _ in said[expand("collex:loadingYear")]}
    assert {iri.rpartition("/")[2] for iri in loaded} == corpora
    assert len(corpora) == 23
    kinds = said[expand("rdf:type")]
    resources = {s for s, kind in kinds if kind == expand("collex:AcquiredResource")}
    assert len(resources) == 23
    packages = {object_ for _, object_ in said[expand("collex:hasPackage")]}
    bacon = [row for row in rows if any("package2kbart/" in (cell or "") for cell in row.values())]
    assert len(packages) == len(bacon) == 20
    documents = {ark for subject, ark in said[expand("collex:ark")] if "/document/ark-" in subject}
    assert documents == wanted
    files = {p.position.file for p in source.problems if p.note.rule == "NothingRead"}
    assert files == {"istex-dl-manifest.json"}


@pytest.mark.real_data
def test_no_text_of_a_publisher_and_no_address_of_a_person_is_published(shared_data, tmp_path):
    _, spool = mapped(shared_data / "istex", tmp_path)
    text = spool.read_text(encoding="utf-8")
    record = json.loads((shared_data / "istex" / "ezs_istexFetch.json").read_text(encoding="utf-8"))
    assert record["abstract"][:60] not in text
    assert "E-mail" not in text
    assert "scrollId" not in text


def test_lists_of_today_and_the_table_of_corpora_are_of_one_resource(tmp_path):
    found = set()
    for dataset in ("istex", "kbart"):
        spool = tmp_path / f"{dataset}.nq"
        map_source(
            dataset, resource_dir("mappings") / dataset / "sample", base_iri=BASE, spool=spool
        )
        found |= {
            quad.object.value.rpartition("/")[2]
            for quad in parse(path=spool, format=RdfFormat.N_QUADS)
            if quad.predicate.value == expand("collex:hasPackage")
            and quad.subject.value == f"{BASE}id/resource/rsc-istex-journals"
        }
    assert found == {
        "RSC_FRANCE_ISTEXJOURNALS",
        "RSC_FRANCE_LN-ISTEX-JOURNALS-PFEDITEUR",
        "RSC_FRANCE_LN-ISTEX-JOURNALS-PFISTEX",
    }


def test_every_rule_says_something_of_the_sample(tmp_path):
    source, _ = mapped(SAMPLE, tmp_path)
    assert [rule for rule, count in source.rule_counts.items() if not count] == []


def test_what_stands_in_the_sample_under_a_canary_is_an_author_or_nothing(tmp_path):
    _, spool = mapped(SAMPLE, tmp_path)
    lines = spool.read_text(encoding="utf-8").splitlines()
    found = [line for line in lines if "canari" in line.casefold()]
    assert found
    assert all(expand("collex:authorName") in line for line in found)
