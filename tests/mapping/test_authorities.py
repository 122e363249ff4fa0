"""Authority files and dumps in RDF: nothing is lost, counted by another parser."""

import tarfile
from collections import Counter

import pytest
from lxml import etree
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, parse

from collex_graph.pipeline import map_source
from collex_graph.rdf.literals import check_literal
from collex_graph.rdf.namespaces import expand, prefixes
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings

BASE = Settings().base_iri
SOURCES = ["databnf", "idref", "persee", "scienceplus"]
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
SKOS = "{http://www.w3.org/2004/02/skos/core#}"
BIBO = "{http://purl.org/ontology/bibo/}"
# Rules that real dumps need and that no record at hand, nor the sample, feeds.
SILENT = {
    "idref": set(),
    "databnf": set(),
    "persee": {
        "marcrel",
        "cito",
        "dcterms:rights",
        "eissn",
        "issue dcterms:",
        "collection ",
        "death",
        "document dcterms:subject",
    },
    "scienceplus": {"keywords", "bibo:"},
}
# Rules that state nothing: they report.
ONLY_REPORT = {"issue dcterms:isPartOf"}


def mapped(dataset, path, tmp_path):
    spool = tmp_path / f"{dataset}.nq"
    source = map_source(dataset, path, base_iri=BASE, spool=spool)
    return source, list(parse(path=spool, format=RdfFormat.N_QUADS))


def subjects(quads, kind):
    wanted = (NamedNode(expand("rdf:type")), NamedNode(expand(kind)))
    return {q.subject.value for q in quads if (q.predicate, q.object) == wanted}


def objects(quads, predicate):
    wanted = NamedNode(expand(predicate))
    return Counter((q.subject.value, q.object.value) for q in set(quads) if q.predicate == wanted)


def assert_clean(quads):
    """Nothing is blank, no literal is one that a store misreads, no IRI is relative."""
    for quad in quads:
        assert not isinstance(quad.subject, BlankNode)
        assert not isinstance(quad.object, BlankNode)
        assert "relative.invalid" not in str(quad)
        if isinstance(quad.object, Literal):
            assert check_literal(quad.object.value, quad.object.datatype.value) is None


@pytest.mark.parametrize("dataset", SOURCES)
def test_a_sample_feeds_every_rule_and_leaves_nothing_unlooked_at(dataset, tmp_path):
    source, quads = mapped(dataset, resource_dir("mappings") / dataset / "sample", tmp_path)
    assert_clean(quads)
    assert dict(source.left_out) == {}
    silent = {rule for rule, count in source.rule_counts.items() if not count}
    unexpected = {
        rule for rule in silent if not any(part in rule for part in SILENT[dataset] | ONLY_REPORT)
    }
    assert unexpected == set()


@pytest.mark.real_data
def test_the_real_idref_records_are_read_without_loss(shared_data, tmp_path):
    folder = tmp_path / "idref"
    with tarfile.open(shared_data / "idref" / "idref-people-700.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    source, quads = mapped("idref", folder, tmp_path)
    assert_clean(quads)
    expected, linked, replaced = Counter(), {}, set()
    for path in folder.rglob("*.rdf"):
        root = etree.parse(path).getroot()
        topic = root.find(f".//{{{prefixes()['foaf']}}}primaryTopic")
        node = topic.get(f"{RDF}resource")
        (main,) = root.xpath("//*[@rdf:about = $node]", namespaces={"rdf": RDF[1:-1]}, node=node)
        for name in ("prefLabel", "altLabel", "note"):
            for child in main.findall(f"{SKOS}{name}"):
                expected[name, node, " ".join(child.text.split())] = 1
        # a document that two roles link is there twice
        linked[node] = len(
            {
                document.get(f"{RDF}about")
                for document in root.findall(f"{BIBO}Document")
                if document is not topic.getparent()
                and any(child.get(f"{RDF}resource") == node for child in document)
            }
        )
        replaced |= {
            (child.get(f"{RDF}resource") + "/id", node)
            for child in root.iter(f"{{{prefixes()['dcterms']}}}replaces")
        }
    found = Counter()
    for name in ("prefLabel", "altLabel", "note"):
        found.update({(name, *pair): 1 for pair in objects(quads, f"skos:{name}")})
    assert found == expected
    assert subjects(quads, "rico:Person") >= set(linked)
    counts = {s: int(n) for s, n in objects(quads, "collex:linkedDocumentCount")}
    assert counts == linked
    assert set(objects(quads, "dcterms:isReplacedBy")) == replaced
    assert len(replaced) == 146
    assert Counter(problem.note.rule for problem in source.problems) == {
        "YearAsBounds": 368, "RepairedYear": 38, "YearWithoutSign": 35, "EmptyIri": 11,
        "UnreadableYear": 1,
    }  # fmt: skip
    assert dict(source.left_out) == {}


@pytest.mark.real_data
def test_every_year_of_the_real_idref_records_is_bounded_or_reported(shared_data, tmp_path):
    folder = tmp_path / "idref"
    with tarfile.open(shared_data / "idref" / "idref-people-700.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    source, quads = mapped("idref", folder, tmp_path)
    for kind in ("birth", "death"):
        worded = {s for s, _ in objects(quads, f"rico:{kind}Date")}
        earliest = dict(objects(quads, f"collex:{kind}YearEarliest").keys())
        latest = dict(objects(quads, f"collex:{kind}YearLatest").keys())
        assert worded == set(earliest) == set(latest)
        assert all(int(earliest[s]) <= int(latest[s]) <= 2025 for s in worded)
        label = dict(objects(quads, "skos:prefLabel").keys())
        before = [s for s in worded if "av. J.-C.)" in label[s] or "av. J.-C. ;" in label[s]]
        assert len(before) > 100
        assert all(int(earliest[s]) < 0 for s in before)
    assert [p.note.value for p in source.problems if p.note.rule == "UnreadableYear"] == ["Fond"]


@pytest.mark.real_data
def test_the_real_authorities_of_the_bnf_are_read_whatever_their_format(shared_data, tmp_path):
    folder = shared_data / "databnf"
    source, quads = mapped("databnf", folder, tmp_path)
    assert_clean(quads)
    arks = {path.stem for path in folder.glob("*.rdfn3")}
    people = subjects(quads, "foaf:Person")
    assert people == {f"http://data.bnf.fr/ark:/12148/{ark}#foaf:Person" for ark in arks}
    idref = {o for _, o in objects(quads, "owl:sameAs") if o.startswith("http://www.idref.fr/")}
    written = "".join(path.read_text("utf-8") for path in folder.glob("*.rdfn3"))
    assert {ppn for ppn in idref if ppn.removesuffix("/id") not in written} == set()
    assert len(idref) == len({o.replace("/id/id", "/id") for o in idref}) > 5
    assert dict(source.left_out) == {}
    assert {problem.note.rule for problem in source.problems} == {"YearAsBounds"}


@pytest.mark.real_data
def test_the_real_records_of_persee_are_one_node_for_each_thing(shared_data, tmp_path):
    source, quads = mapped("persee", shared_data / "persee", tmp_path)
    assert_clean(quads)
    names = {q.subject.value for q in quads} | {
        q.object.value for q in quads if isinstance(q.object, NamedNode)
    }
    assert not [name for name in names if name.endswith("#Print")]
    assert subjects(quads, "bibo:Article") == {
        "http://data.persee.fr/doc/hista_0992-2059_1998_num_42_1_2826#Web"
    }
    assert len(subjects(quads, "foaf:Person")) == 2
    assert {problem.note.rule for problem in source.problems} == {
        "UnreadableInstant", "UnreadableYear", "IssueOfAnotherJournal",
    }  # fmt: skip
    assert dict(source.left_out) == {}


@pytest.mark.real_data
def test_the_real_records_of_science_plus_are_read(shared_data, tmp_path):
    source, quads = mapped("scienceplus", shared_data / "scienceplus", tmp_path)
    assert_clean(quads)
    assert list(source.problems) == []
    assert dict(source.left_out) == {}
    assert {len(subjects(quads, f"bibo:{kind}")) for kind in ("Article", "Issue", "Journal")} == {1}


@pytest.mark.parametrize(
    ("dataset", "other"), [("persee", "idref"), ("databnf", "persee"), ("idref", "persee")]
)
def test_the_entities_of_another_authority_are_not_published_in_its_name(dataset, other, tmp_path):
    source, quads = mapped(dataset, resource_dir("mappings") / other / "sample", tmp_path)
    name = {"databnf": "bnf"}.get(dataset, dataset)
    assert not [q for q in quads if f"/graph/authority/{name}/" in q.graph_name.value]
    assert "MalformedIdentifier" in {problem.note.rule for problem in source.problems}
