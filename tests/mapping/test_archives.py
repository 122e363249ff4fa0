"""Archival sources: their samples, and their real files counted by other means than the mapping."""

import gzip
from collections import Counter
from dataclasses import replace

import pytest
from lxml import etree
from pyoxigraph import NamedNode, Quad, RdfFormat, Store, parse

from collex_graph.build import build
from collex_graph.pipeline import map_source
from collex_graph.rdf.namespaces import expand, term
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings

BASE = Settings().base_iri
CANARY = "CANARI"
# Rules that state nothing of their own: they report.
ONLY_REPORT = {
    "archives-nationales": {"dates rico:date"},
    "calames": {"dates rico:date"},
    "eac": set(),
    "seda": set(),
}


def sample_of(source):
    return resource_dir("mappings") / source / "sample"


def mapped(source, path, tmp_path):
    spool = tmp_path / f"{source}.nq"
    found = map_source(source, path, base_iri=BASE, spool=spool)
    return found, list(parse(spool.read_bytes(), format=RdfFormat.N_QUADS))


def tree_of(path):
    return etree.parse(path, etree.XMLParser(load_dtd=False, no_network=True))


def count(quads, predicate, value=None):
    wanted = None if value is None else term(value)
    return len(
        {
            (q.subject, q.object)
            for q in quads
            if q.predicate == term(predicate) and wanted in (None, q.object)
        }
    )


@pytest.mark.parametrize("source", sorted(ONLY_REPORT))
def test_every_rule_of_an_archival_mapping_says_something_of_its_sample(source, tmp_path):
    found, _ = mapped(source, sample_of(source), tmp_path)
    silent = {r.partition(" (line ")[0] for r, quads in found.rule_counts.items() if not quads}
    assert silent == ONLY_REPORT[source]


@pytest.mark.parametrize("source", sorted(ONLY_REPORT))
def test_the_names_of_staff_in_an_archival_sample_are_neither_said_nor_reported(source, tmp_path):
    files = [path.read_text(encoding="utf-8") for path in sample_of(source).iterdir()]
    assert any(CANARY in text for text in files)
    found, quads = mapped(source, sample_of(source), tmp_path)
    assert CANARY not in "".join(map(str, quads))
    assert CANARY not in repr(found.problems)
    assert CANARY not in repr(found.records)


def test_two_finding_aids_may_use_one_short_identifier(tmp_path):
    given = (sample_of("archives-nationales") / "FRAN_IR_003500.xml").read_text(encoding="utf-8")
    folder = tmp_path / "given"
    folder.mkdir()
    for number in ("003500", "021972"):
        text = given.replace("FRAN_IR_003500", f"FRAN_IR_{number}")
        (folder / f"{number}.xml").write_text(text, encoding="utf-8")
    (folder / "copie.xml").write_text(given, encoding="utf-8")
    found, _ = mapped("archives-nationales", folder, tmp_path)
    taken = [p for p in found.problems if p.note.rule == "IdentifierInTwoFiles"]
    assert {p.position.file for p in taken} == {"copie.xml"}
    assert {p.note.value for p in taken} >= {"FRAN_IR_003500", "d_1", "d_1_1"}


# --- Archives nationales: finding aids -----------------------------------------------------------


@pytest.fixture(scope="module")
def finding_aids(shared_data, tmp_path_factory):
    folder = shared_data / "ead-an"
    found, quads = mapped("archives-nationales", folder, tmp_path_factory.mktemp("an"))
    return folder, found, quads


@pytest.mark.real_data
def test_the_real_finding_aids_give_as_many_things_as_their_files_hold(finding_aids):
    folder, found, quads = finding_aids
    trees = [tree_of(path) for path in sorted(folder.glob("*.xml"))]

    def held(path):
        return sum(len(tree.xpath(path)) for tree in trees)

    assert held("//c") == 1941
    assert count(quads, "rdf:type", "collex:Component") == held("//c")
    assert count(quads, "rdf:type", "collex:ArchiveFonds") == len(trees) == 7
    assert count(quads, "rico:isDirectlyIncludedIn") == held("//c")
    assert count(quads, "rico:directlyIncludes") == held("//c")
    assert count(quads, "rico:directlyPrecedesInSequence") == held("//c/preceding-sibling::c[1]")
    assert count(quads, "rdf:type", "rico:RecordResourceExtent") == held("//extent")
    names = ["persname", "corpname", "famname", "geogname", "subject", "function", "genreform"]
    assert count(quads, "rdf:type", "collex:AccessPoint") == sum(held(f"//{n}") for n in names)
    units = {q.subject for q in quads if q.object == term("collex:DescribedUnit")}
    dated = [q for q in quads if q.predicate == term("collex:startYear") and q.subject in units]
    assert len(dated) == held("//did[.//unitdate]")
    ranges = sum(
        len(
            {
                part.replace(" ", "")
                for n in did.xpath(".//unitdate/@normal")
                for part in n.split(",")
            }
        )
        for tree in trees
        for did in tree.iter("did")
    )
    assert count(quads, "collex:dateRange") == ranges
    assert {problem.note.rule for problem in found.problems} == {
        "DatesDisagree", "ExtentWithoutQuantity", "MissingIdentifier", "SeveralQuantities",
    }  # fmt: skip


@pytest.mark.real_data
def test_the_tree_of_a_real_finding_aid_is_walked_down_and_up(finding_aids):
    _, _, quads = finding_aids
    store = Store()
    store.extend(Quad(q.subject, q.predicate, q.object) for q in quads)
    scope = f"{BASE}id/component/FRAN_IR_028491/"

    def ask(pattern):
        text = f"SELECT (COUNT(DISTINCT ?x) AS ?n) WHERE {{ {pattern} }}"
        (row,) = store.query(text, prefixes={"rico": expand("rico:")})
        return int(row["n"].value)

    top = f"<{scope}FRAN_IR_028491>"
    assert ask(f"{top} rico:directlyIncludes+ ?x") == 1339
    assert ask(f"?x rico:isDirectlyIncludedIn+ {top}") == 1339
    # each level is in one sequence: as many first components as units that have any
    assert ask("?x rico:directlyIncludes ?y") == ask(
        "?x rico:directlyIncludes ?y FILTER NOT EXISTS { ?y rico:directlyFollowsInSequence ?z }"
    )


@pytest.mark.real_data
def test_no_word_of_a_real_section_is_lost(finding_aids):
    folder, _, quads = finding_aids
    texts = Counter(
        word
        for q in quads
        if not isinstance(q.object, NamedNode)
        for word in q.object.value.split()
    )
    for path in folder.glob("*.xml"):
        tree = tree_of(path)
        for element in tree.xpath("//archdesc//p | //unittitle | //unitid | //unitdate | //extent"):
            missing = [w for w in "".join(element.itertext()).split() if w not in texts]
            assert missing == [], (path.name, element.sourceline)


@pytest.mark.real_data
@pytest.mark.parametrize("number", ["003500", "007375", "021972", "053378"])
def test_a_finding_aid_says_what_the_archives_publish_of_it_in_rico(
    finding_aids, shared_data, number
):
    """The units, their titles, order and days are those of the published RiC-O."""
    base = "https://rdf.archives-nationales.culture.gouv.fr/"
    published = list(
        parse(
            path=shared_data / "rico-an" / f"FRAN_RecordResource_{number}.rdf",
            format=RdfFormat.RDF_XML,
            base_iri=base,
        )
    )
    scope = f"{BASE}id/component/FRAN_IR_{number}/"

    def ours(node):
        local = node.value.removeprefix(f"{base}recordResource/")
        if local.startswith("top-"):
            return f"{scope}FRAN_IR_{number}"
        return scope + local.removeprefix(f"{number}-")

    units = {
        q.subject: ours(q.subject)
        for q in published
        if q.predicate == term("rdf:type") and q.object == term("rico:RecordResource")
    }

    def theirs(*predicates):
        said = {}
        for q in published:
            if q.subject in units and q.predicate in {term(p) for p in predicates}:
                value = units.get(q.object) or q.object.value
                said.setdefault(units[q.subject], set()).add(value)
        return said

    def said_here(predicate):
        said = {}
        for q in finding_aids[2]:
            if q.predicate == term(predicate) and q.subject.value.startswith(scope):
                said.setdefault(q.subject.value, set()).add(q.object.value)
        return said

    here = {
        q.subject.value
        for q in finding_aids[2]
        if q.object == term("collex:DescribedUnit") and q.subject.value.startswith(scope)
    }
    assert here == set(units.values())
    for predicate in ("rico:directlyPrecedesInSequence", "rico:directlyFollowsInSequence"):
        assert said_here(predicate) == theirs(predicate), predicate
    # they give no bounds to a single day, nor to a list of ranges
    several = {unit for unit, ranges in said_here("collex:dateRange").items() if len(ranges) > 1}
    days = {u for u, ranges in said_here("collex:dateRange").items() if len(min(ranges)) == 10}
    for predicate in ("rico:beginningDate", "rico:endDate"):
        dated = said_here(predicate)
        assert dated.items() >= theirs(predicate).items()
        assert set(dated) - set(theirs(predicate)) == several | days
    assert said_here("rico:isDirectlyIncludedIn") == theirs(
        "rico:isDirectlyIncludedIn", "rico:isOrWasPartOf"
    )
    titles = {unit: " – ".join(sorted(values)) for unit, values in theirs("rico:title").items()}
    for unit, (title,) in said_here("rico:title").items():
        assert " – ".join(sorted(" ".join(t.split()) for t in title.split(" – "))) == " ".join(
            titles[unit].split()
        )


# --- Calames -------------------------------------------------------------------------------------


@pytest.mark.real_data
def test_the_real_catalogues_of_calames_give_as_many_things_as_their_files_hold(
    shared_data, tmp_path
):
    folder = shared_data / "calames"
    found, quads = mapped("calames", folder, tmp_path)
    trees = [tree_of(path) for path in folder.glob("numahop_ead_*.xml")]

    def held(path):
        return sum(len(tree.xpath(path)) for tree in trees)

    assert count(quads, "rdf:type", "collex:Component") == held("//c") == 3
    assert count(quads, "rico:isDirectlyIncludedIn") == held("//c[parent::c or parent::dsc]")
    names = ["persname", "famname", "geogname", "subject", "genreform"]
    points = sum(held(f"//{n}") for n in names) + held("//corpname[not(parent::repository)]")
    assert count(quads, "rdf:type", "collex:AccessPoint") == points
    identified = {
        ppn for tree in trees for ppn in tree.xpath("//*[@source='Sudoc']/@authfilenumber")
    }
    referred = {q.object.value for q in quads if q.predicate == term("collex:refersTo")}
    assert {f"http://www.idref.fr/{ppn}/id" for ppn in identified} <= referred
    assert count(quads, "collex:bibliographicReference") == held("//bibref")
    digital = held("//daogrp") + held("//altformavail//extref")
    assert count(quads, "rdf:type", "collex:DigitalReproduction") == digital
    assert "NothingRead" not in {problem.note.rule for problem in found.problems}


# --- Archives nationales: authority records ------------------------------------------------------


@pytest.mark.real_data
def test_the_real_authority_records_give_as_many_things_as_their_files_hold(shared_data, tmp_path):
    folder = shared_data / "eac-an"
    found, quads = mapped("eac", folder, tmp_path)
    trees = [tree_of(path) for path in folder.glob("*.xml")]

    def held(path):
        names = {"e": "urn:isbn:1-931666-33-4"}
        return sum(len(tree.xpath(path, namespaces=names)) for tree in trees)

    assert found.records_read == len(trees) == 7
    assert count(quads, "rdf:type", "rico:CorporateBody") == 7
    assert count(quads, "rdf:type", "rico:AgentName") == held("//e:nameEntry") == 44
    relations = held("//e:cpfRelation[@cpfRelationType != 'identity']")
    assert count(quads, "rdf:type", "rico:Relation") == relations == 264
    hierarchical = held("//e:cpfRelation[starts-with(@cpfRelationType, 'hierarchical')]")
    assert count(quads, "rdf:type", "rico:AgentHierarchicalRelation") == hierarchical
    temporal = held("//e:cpfRelation[starts-with(@cpfRelationType, 'temporal')]")
    assert count(quads, "rdf:type", "rico:AgentTemporalRelation") == temporal
    # one record names a finding aid twice
    created = {
        (tree.xpath("string(//*[local-name() = 'recordId'])"), href)
        for tree in trees
        for href in tree.xpath("//*[@resourceRelationType = 'creatorOf']/@*[local-name()='href']")
    }
    assert count(quads, "rico:isOrganicProvenanceOf") == len(created)
    assert count(quads, "rdf:type", "rico:Activity") == held("//e:function")
    assert count(quads, "rdf:type", "rico:Mandate") == held("//e:mandate")
    matches = {q.object.value for q in quads if q.predicate == term("skos:exactMatch")}
    assert len([m for m in matches if m.startswith("https://isni.org/")]) == held("//e:entityId")
    assert len([m for m in matches if m.startswith("http://data.bnf.fr/")]) == held(
        "//e:cpfRelation[contains(@*[local-name() = 'href'], 'bnf.fr')]"
    )
    assert {problem.note.rule for problem in found.problems} == {"MissingIdentifier"}


@pytest.mark.real_data
def test_nobody_who_revised_a_real_authority_record_is_named_for_it(shared_data, tmp_path):
    _, quads = mapped("eac", shared_data / "eac-an", tmp_path)
    said = {q.object.value for q in quads if not isinstance(q.object, NamedNode)}
    for path in (shared_data / "eac-an").glob("*.xml"):
        tree = tree_of(path)
        for element in tree.iter("{*}agent", "{*}eventDescription"):
            text = " ".join("".join(element.itertext()).split())
            assert not any(text in value for value in said), path.name


# --- deposits ------------------------------------------------------------------------------------

SEDA = [f"fr:gouv:culture:archivesdefrance:seda:v{version}" for version in ("2.1", "2.2", "2.3")]


@pytest.mark.real_data
def test_the_real_manifests_give_as_many_things_as_their_files_hold(shared_data, tmp_path):
    folder = shared_data / "seda"
    found, quads = mapped("seda", folder, tmp_path)
    # one message was sent twice, under one identifier
    trees = [tree_of(path) for path in folder.glob("*.xml") if path.name != "OK_Test_Agencies.xml"]

    def held(path):
        return sum(len(tree.xpath(path, namespaces={"s": n})) for tree in trees for n in SEDA)

    units = held("//s:ArchiveUnit[not(s:ArchiveUnitRefId)]")
    assert count(quads, "rdf:type", "collex:Deposit") == len(trees) == 9
    assert count(quads, "collex:partOfDeposit") == units
    assert count(quads, "rico:directlyIncludes") == held("//s:ArchiveUnit/s:ArchiveUnit")
    assert count(quads, "rdf:type", "collex:DataFile") == held("//s:BinaryDataObject")
    assert count(quads, "collex:digest") == held("//s:BinaryDataObject")
    assert count(quads, "collex:sizeBytes") == held("//s:Size")
    assert count(quads, "rdf:type", "collex:PhysicalObject") == held("//s:PhysicalDataObject")
    titled = {q.subject for q in quads if q.predicate == term("rico:title")}
    assert len(titled) == held("//s:Content[s:Title]") + len(trees)
    aside = {p.position.file for p in found.problems if p.note.rule == "IdentifierInTwoFiles"}
    assert aside == {"OK_Test_Agencies.xml"}


@pytest.mark.real_data
def test_no_person_of_a_real_manifest_is_in_the_graph(shared_data, tmp_path):
    _, quads = mapped("seda", shared_data / "seda", tmp_path)
    said = " | ".join(q.object.value for q in quads if not isinstance(q.object, NamedNode))
    for path in (shared_data / "seda").glob("*.xml"):
        for element in tree_of(path).iter("{*}FullName", "{*}BirthName", "{*}GivenName"):
            assert element.text not in said, (path.name, element.tag)


def test_the_report_says_what_is_missing_before_a_deposit(tmp_path):
    settings = replace(Settings(), var=tmp_path)
    summary = build([("seda", sample_of("seda"))], settings)
    rules = {result.rule.rpartition("#")[2] for result in summary.report.results}
    assert {
        "Deposit-originating-agency", "Deposit-agreement", "Component-title", "DepositedUnit-date",
        "DepositedUnit-access-rule", "DepositedUnit-content", "DepositedUnit-reference",
        "DepositedUnit-group", "DepositedUnit-cycle", "DataFile-format", "DataFile-digest",
        "DataFile-size",
    } <= rules  # fmt: skip
    assert not any(summary.set_aside.values())
    with gzip.open(summary.snapshot.dump) as dump:
        quads = list(parse(dump.read(), format=RdfFormat.N_QUADS))
    # which deposits are incomplete, and by what (question 53)
    store = Store()
    store.extend(Quad(q.subject, q.predicate, q.object) for q in quads)
    rows = store.query(
        """SELECT ?deposit (COUNT(DISTINCT ?file) AS ?n) WHERE {
          ?unit collex:partOfDeposit ?deposit ; rico:hasOrHadInstantiation ?file .
          ?file a collex:DataFile . FILTER NOT EXISTS { ?file collex:puid ?format }
        } GROUP BY ?deposit""",
        prefixes={name: expand(f"{name}:") for name in ("collex", "rico")},
    )
    assert {(row["deposit"].value.rpartition("/")[2], row["n"].value) for row in rows} == {
        ("exemple-labo-2024-001", "1")
    }
    units = {q.subject for q in quads if q.predicate == term("collex:partOfDeposit")}
    held = {q.subject for q in quads if q.predicate == term("rico:hasOrHadHolder")}
    assert units <= held
    # flat or nested, every unit that nothing contains is at the first level of its fonds
    inside = {q.subject for q in quads if q.predicate == term("rico:isDirectlyIncludedIn")}
    assert units <= inside
