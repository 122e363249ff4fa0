"""Sudoc, theses, Gallica: nothing personal gets out, nothing is lost, one thing is one node."""

import csv
import json
import shutil
from collections import Counter

import pytest
from lxml import etree
from pyoxigraph import RdfFormat, parse

from collex_graph.pipeline import map_source
from collex_graph.rdf.namespaces import expand
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings

BASE = Settings().base_iri
MAPPINGS = resource_dir("mappings")


@pytest.fixture(scope="module")
def big_record(shared_data, tmp_path_factory):
    """The record of 495 holdings, and what the mapping says of it."""
    path = shared_data / "sudoc" / "039226859.xml"
    return path, _mapped("sudoc", path, tmp_path_factory.mktemp("big"))[0]


def _mapped(dataset, path, folder):
    spool = folder / f"{dataset}.nq"
    mapped = map_source(dataset, path, base_iri=BASE, spool=spool)
    return set(parse(spool.read_bytes(), format=RdfFormat.N_QUADS)), mapped


def _pairs(quads, predicate):
    name = expand(predicate)
    return {(q.subject.value, q.object.value) for q in quads if q.predicate.value == name}


def _of_class(quads, name):
    return {subject for subject, kind in _pairs(quads, "rdf:type") if kind == expand(name)}


def test_personal_data_of_a_doctoral_student_reach_no_statement_and_no_problem(tmp_path):
    text = (MAPPINGS / "theses" / "sample" / "2011AIX10218.xml").read_text(encoding="utf-8")
    assert text.count("CANARI-INTERNE") == 6
    quads, mapped = _mapped("theses", MAPPINGS / "theses" / "sample", tmp_path)
    assert "CANARI" not in repr(quads)
    assert "CANARI" not in repr(list(mapped.problems))


def test_gender_and_career_of_an_author_reach_no_statement_and_no_problem(tmp_path):
    sample = MAPPINGS / "encpos" / "sample"
    assert (sample / "positions.tsv").read_text(encoding="utf-8").count("CANARI") == 2
    quads, mapped = _mapped("encpos", sample, tmp_path)
    assert "CANARI" not in repr(quads)
    assert "CANARI" not in repr(list(mapped.problems))
    assert set(mapped.leaves) >= {"author_gender", "enc_teacher"}


@pytest.mark.parametrize("dataset", ["sudoc", "theses"])
def test_no_label_says_the_birth_year_of_a_living_person(tmp_path, dataset):
    quads, _ = _mapped(dataset, MAPPINGS / dataset / "sample", tmp_path)
    labels = {label for _, label in _pairs(quads, "rdfs:label")}
    named = {node for node, element in _pairs(quads, "collex:element") if element == "persname"}
    people = _of_class(quads, "foaf:Person") | named
    assert people
    assert not [
        label for node, label in _pairs(quads, "rdfs:label") if node in people and "-...." in label
    ]
    assert "Paris, Louis (1802-1887 ; érudit)" in labels or dataset == "theses"


def test_the_samples_of_sudoc_and_theses_meet_by_number_and_heading(tmp_path):
    sudoc, _ = _mapped("sudoc", MAPPINGS / "sudoc" / "sample", tmp_path)
    theses, _ = _mapped("theses", MAPPINGS / "theses" / "sample", tmp_path)
    for predicate in ("collex:ppn", "collex:nnt"):
        shared = {value for _, value in _pairs(sudoc, predicate)} & {
            value for _, value in _pairs(theses, predicate)
        }
        assert len(shared) == 1, predicate
    composed = f"{BASE}id/concept/idref/14459482X-02722953X"
    for quads in (sudoc, theses):
        assert composed in {concept for _, concept in _pairs(quads, "dcterms:subject")}


def _fields(path):
    return etree.parse(path).getroot().iter("datafield")


def _items(path, *tags):
    return {
        text
        for field in _fields(path)
        if not tags or field.get("tag") in tags
        for text in field.xpath("subfield[@code='5']/text()")
    }


def _without_words(path):
    for field in _fields(path):
        for part in field.xpath("subfield[@code='r' or @code='w' or @code='z']"):
            field.remove(part)
        yield field


@pytest.mark.real_data
def test_every_copy_of_a_record_of_495_holdings_is_a_holding_of_its_library(big_record):
    path, quads = big_record
    assert len(_items(path, "930")) == 495
    identifiers = dict(_pairs(quads, "rico:identifier"))
    holdings = {identifiers[holding] for holding in _of_class(quads, "collex:Holding")}
    assert holdings == _items(path)
    held = {holder.rpartition("/")[2] for _, holder in _pairs(quads, "rico:hasOrHadHolder")}
    assert held == {item.partition(":")[0] for item in _items(path)}


@pytest.mark.real_data
def test_every_dated_run_of_a_holding_has_its_years(big_record):
    path, quads = big_record
    # a field that repeats another one of the same copy says nothing more
    dated = {
        (field.get("tag"), *((part.get("code"), part.text) for part in field if part.text))
        for field in _without_words(path)
        if field.get("tag") in ("955", "956", "957")
        and field.xpath("subfield[@code='i'][string-length(normalize-space(.)) = 4]")
    }
    runs = _of_class(quads, "collex:HoldingCoverage")
    started = [run for run, _ in _pairs(quads, "collex:startYear") if run in runs]
    # reversed years (a slip of the pen) give words without years
    assert len(dated) - 5 <= len(started) <= len(dated)


@pytest.mark.real_data
def test_every_heading_of_the_real_records_is_one_access_point(shared_data, tmp_path):
    tags = {"600", "601", "602", "604", "605", "606", "607", "608"}
    for name in ("037596225", "257133615", "252383524", "24276858X"):
        path = shared_data / "sudoc" / f"{name}.xml"
        quads, _ = _mapped("sudoc", path, tmp_path)
        expected = sum(field.get("tag") in tags for field in _fields(path))
        assert len(_of_class(quads, "collex:AccessPoint")) == expected, name


@pytest.mark.real_data
def test_every_person_of_the_index_of_theses_is_said_and_none_is_invented(shared_data, tmp_path):
    path = shared_data / "theses" / "theses-sample-data.json"
    quads, mapped = _mapped("theses", path, tmp_path)
    assert not list(mapped.problems)
    expected = Counter()
    with path.open(encoding="utf-8") as lines:
        for thesis in (json.loads(line)["_source"] for line in lines if line.strip()):
            for member, predicate in (("auteurs", "aut"), ("directeurs", "ths")):
                expected[predicate] += len({p["ppn"] for p in thesis[member] if p.get("ppn")})
            expected["subjects"] += len({s["ppn"] for s in thesis["sujetsRameau"]})
    assert len(_of_class(quads, "bibo:Thesis")) == 13
    theses = _of_class(quads, "bibo:Thesis")
    for predicate in ("aut", "ths"):
        said = {pair for pair in _pairs(quads, f"marcrel:{predicate}") if pair[0] in theses}
        assert len(said) == expected[predicate]
    assert len(_pairs(quads, "dcterms:subject")) == expected["subjects"]
    assert not _of_class(quads, "foaf:Person")


@pytest.mark.real_data
def test_theses_of_the_ecole_des_chartes_are_the_rows_that_name_an_author(shared_data, tmp_path):
    path = shared_data / "encpos" / "encpos_sample.tsv"
    with path.open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    theses = [row for row in rows if row["author_name"]]
    quads, mapped = _mapped("encpos", path, tmp_path)
    node = f"{BASE}id/document/encpos-"
    assert _of_class(quads, "bibo:Document") == {node + row["id"] for row in rows}
    assert _of_class(quads, "bibo:Thesis") == {node + row["id"] for row in theses}
    assert len(_of_class(quads, "collex:Contribution")) == len(theses)
    assert _pairs(quads, "marcrel:aut") == {
        (node + row["id"], f"http://www.idref.fr/{row['author_idref-id']:0>9}/id")
        for row in theses
        if row["author_idref-id"] not in ("", "ABSENT")
    }
    for column, predicate in (("topic_notBefore", "startYear"), ("topic_notAfter", "endYear")):
        assert _pairs(quads, f"collex:{predicate}") == {
            (node + row["id"], row[column]) for row in theses if row[column]
        }
    told = Counter(problem.note.rule for problem in mapped.problems)
    absent = sum(row["author_idref-id"] == "ABSENT" for row in theses)
    assert told == {"UnknownIdentifier": absent, "LostLeadingZero": 1}


@pytest.mark.real_data
@pytest.mark.parametrize("dataset", ["sudoc", "theses", "encpos", "gallica", "openedition"])
def test_every_element_of_the_real_files_is_mapped_or_left_out_with_a_reason(
    shared_data, tmp_path, dataset
):
    folder = tmp_path / dataset
    # one file of the folder is a record of IdRef, not of the Sudoc
    others = shutil.ignore_patterns("document_with_date_fields.rdf", "*.md")
    shutil.copytree(shared_data / dataset, folder, ignore=others)
    _, mapped = _mapped(dataset, folder, tmp_path)
    assert dict(mapped.left_out) == {}
