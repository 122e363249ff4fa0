"""The bundled samples hold every element and defect of the formats; nothing internal gets out."""

import gzip
import re
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree
from pyoxigraph import NamedNode, RdfFormat, parse

from collex_graph.build import build
from collex_graph.pipeline import map_source
from collex_graph.rdf.namespaces import expand
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings

BASE = Settings().base_iri
CCFR = resource_dir("mappings") / "ccfr" / "sample"
ESR = resource_dir("mappings") / "esr" / "sample"
CANARY = "CANARI"

# Every element that the survey of the real notices found, as in mappings/ccfr/README.md.
ELEMENTS = {
    "identifier of the notice": "//eadid[starts-with(@identifier, 'FRFONDS-')]",
    "agency of the notice": "//eadid[@mainagencycode='751131015']",
    "first edition": "//filedesc//date[@type='date_de_la_première_édition'][@normal!='']",
    "electronic version": "//filedesc//date[@type='date_de_la_version_électronique'][@normal!='']",
    "empty date of the header": "//filedesc//date[@normal='']",
    "fonds": "//archdesc[@level='fonds']",
    "sub-fonds": "//c[@level='subfonds']",
    "holder": "//did/repository/corpname[@source='Répertoire_des_Centres_de_Ressources']",
    "title": "//did/unittitle",
    "abstract": "//did/abstract",
    "date": "//did/unitdate[@normal]",
    "language": "//did/langmaterial/language[@langcode]",
    "total extent": "//did/physdesc/extent[starts-with(., 'Volume total')]",
    "other extent": "//did/physdesc/extent[starts-with(., 'Autre volumétrie')]",
    "condition": "//did/physdesc/physfacet[@type='état']",
    "old identifier": "//did/unitid[@type='old_id_ccfr'][@audience='internal']",
    "origination": "//did/origination",
    "label": "//genreform[@type='type de fonds'][.='Fonds CollEx']",
    "extents by language": "//scopecontent[head='Volumétrie par langue']",
    "extents by type": "//scopecontent[head='Volumétrie par type de document']",
    "extents by period": "//scopecontent[head='Volumétrie par période']",
    "extents by theme": "//scopecontent[head='Volumétrie par thème']",
    "narrative": "//scopecontent[not(head)]/p",
    "subject": "//controlaccess[head='Thème(s)']/subject",
    "place": "//controlaccess[head='Lieu(x) géographique(s)']/geogname",
    "person": "//controlaccess[head='Personne(s) liée(s)']/persname",
    "body": "//controlaccess[head='Personne(s) morale(s) liée(s)']/corpname",
    "accruals with a note": "//accruals[count(p)=2]",
    "treatment": "//processinfo[@type='traitement du fonds']",
    "person in charge": "//processinfo[head='Responsable du fonds']",
    "status of the notice": "//processinfo[@audience='internal']",
    "history": "//bioghist",
    "former owner, person": "//custodhist//persname[@role='390']",
    "former owner, body": "//custodhist//corpname[@role='390']",
    "former owner, family": "//custodhist//famname[@role='390']",
    "acquisition": "//acqinfo[not(head)]/p",
    "donor": "//acqinfo[head='Donateur(s)']//persname[@role='320']",
    "digitised copy": "//altformavail//extref",
    "finding aid": "//otherfindaid//extref",
    "link to a fonds": "//relatedmaterial//extref[contains(@href, '/006FRFONDS-')]",
    "link to a sub-fonds": "//relatedmaterial//extref[contains(@href, '/007')]",
    "bibliography": "//bibliography[head='Bibliographie']/bibref",
    "remark": "//archdesc/odd/p",
    "remarkable document": "//bibliography[head='Document(s) remarquable(s)']/bibref",
    "access": "//accessrestrict/p[starts-with(., 'Accès : ')]",
    "loan": "//accessrestrict/p[starts-with(., 'Prêt : ')]",
    "use": "//userestrict",
    "citation form": "//prefercite",
    "thumbnail": "//daogrp/daoloc[@role='vignette']",
    "page of a thumbnail": "//daogrp/daoloc[@role='rebond']",
}
FONDS_TYPES = ("spécialisé", "ancien", "particulier", "régional")
DISCIPLINES = ("étrangères", "anciennes", "régionales", "francophones")
# D23, the status of a notice, is reported to the curator and never published.
REPORTED = {f"D{number}" for number in range(1, 27)}
# Rules that state nothing: they report dates that disagree and empty addresses.
ONLY_REPORT = {
    "dates rico:date", "relatedUnits rdfs:seeAlso", "findingAids collex:findingAid",
    "textLinks rdfs:seeAlso",
}  # fmt: skip


@pytest.fixture(scope="module")
def notices():
    parser = etree.XMLParser(load_dtd=False, no_network=True, resolve_entities=False)
    return {path.name: etree.parse(path, parser) for path in sorted(CCFR.glob("*.xml"))}


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The summary of a build of both samples, as `make demo` runs it."""
    settings = replace(Settings(), var=tmp_path_factory.mktemp("var"))
    return build([("ccfr", CCFR), ("esr", ESR)], settings)


def _map(dataset, path, tmp_path):
    spool = tmp_path / f"{dataset}.nq"
    mapped = map_source(dataset, path, base_iri=BASE, spool=spool)
    return mapped, spool.read_bytes()


def _defects_of_rules():
    """Return rule IRI → the defects (D1…) that it is about, as the shapes and readings say."""
    found = {}
    for path in resource_dir("shapes").glob("*.ttl"):
        for quad in parse(path=str(path), format=RdfFormat.TURTLE):
            if quad.predicate == NamedNode(expand("collex-sh:rule")):
                defects = re.findall(r"\bCG-(D\d+)$", quad.object.value)
                found.setdefault(quad.subject.value, set()).update(defects)
    return found


@pytest.mark.parametrize("element", ELEMENTS)
def test_every_element_of_the_format_occurs_in_the_sample(notices, element):
    assert any(notice.xpath(ELEMENTS[element]) for notice in notices.values())


def test_every_type_of_fonds_and_of_document_occurs_in_the_sample(notices):
    values = {
        genre.text for notice in notices.values() for genre in notice.xpath("//genreform[@type]")
    }
    assert {f"Fonds {kind}" for kind in FONDS_TYPES} <= values
    lines = (resource_dir("mappings") / "ccfr" / "document-types.csv").read_text("utf-8")
    assert {line.partition(",")[0] for line in lines.splitlines()[1:]} <= values


def test_every_discipline_occurs_in_the_sample(notices):
    subjects = {s.text for notice in notices.values() for s in notice.iter("subject")}
    wanted = {f"Langues, littératures et cultures {kind} (discipline)" for kind in DISCIPLINES}
    assert wanted | {"Histoire (discipline)"} <= subjects


def test_every_notice_of_the_sample_says_that_it_is_not_one_of_ccfr(notices):
    for path in CCFR.glob("*.xml"):
        assert "ce n'est pas celle du CCFr" in path.read_text(encoding="utf-8"), path.name


def test_the_sample_plants_canaries_wherever_something_is_internal(notices):
    whole = "".join(etree.tostring(notice, encoding="unicode") for notice in notices.values())
    places = {match[1] for match in re.finditer(rf"{CANARY}-INTERNE-([A-Z-]+)", whole)}
    assert {
        "ENCODAGE", "ANCIEN-IDENTIFIANT", "PERSONNE", "STATUT", "RESPONSABLE", "PARAGRAPHE",
        "SOUS-FONDS", "SUJET", "REVISION",
    } <= places  # fmt: skip


def test_no_canary_is_in_what_the_mapping_says_or_reports(tmp_path):
    mapped, quads = _map("ccfr", CCFR, tmp_path)
    assert quads
    assert CANARY.encode() not in quads
    assert CANARY not in repr(list(mapped.problems))
    assert CANARY not in repr(list(mapped.records()))


def test_no_canary_is_in_any_file_of_a_snapshot(sample):
    files = [path for path in sample.snapshot.directory.rglob("*") if path.is_file()]
    assert any(path.name == "dataset.nq.gz" for path in files)
    for path in files:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        assert CANARY.encode() not in content, path.name
    assert CANARY not in repr(sample.report)


def test_every_defect_of_the_survey_is_reported_on_the_sample(sample):
    defects = _defects_of_rules()
    reported = set().union(*(defects.get(result.rule, set()) for result in sample.report.results))
    assert sorted(REPORTED - reported) == []


def test_the_whole_sample_publishes_but_the_establishment_without_a_name(sample):
    keys = {key for keys in sample.set_aside.values() for key in keys}
    assert {key.partition("#")[0] for key in keys} == {"etablissements.csv"}
    assert len(keys) == 1


def test_every_rule_of_the_mappings_says_something_of_the_sample(sample):
    silent = {
        rule.partition(" (line ")[0]
        for source in sample.sources
        if source.dataset in ("ccfr", "esr")
        for rule, quads in source.rule_counts.items()
        if not quads
    }
    assert silent <= ONLY_REPORT


@pytest.mark.real_data
def test_the_real_notices_map_without_loss(shared_data, tmp_path):
    folder = shared_data / "ccfr"
    mapped, quads = _map("ccfr", folder, tmp_path)
    names = {path.name for path in folder.glob("*.xml")}
    assert {file.name for file in mapped.files} == names
    assert {path.name for path in mapped.ignored} == {"PROVENANCE.md"}
    assert "UnreadableFile" not in {problem.note.rule for problem in mapped.problems}
    graphs = {quad.graph_name.value for quad in parse(quads, format=RdfFormat.N_QUADS)}
    assert graphs == {f"{BASE}graph/source/ccfr/{Path(name).stem}" for name in names}


@pytest.mark.real_data
def test_every_described_unit_and_index_entry_of_the_real_notices_is_in_the_graph(
    shared_data, tmp_path
):
    parser = etree.XMLParser(load_dtd=False, no_network=True)
    units = points = 0
    for path in (shared_data / "ccfr").glob("*.xml"):
        tree = etree.parse(path, parser)
        units += 1 + len(tree.xpath("//c"))
        points += len(
            tree.xpath(
                "//controlaccess/* | //custodhist//*[@role] | //acqinfo//*[self::persname"
                " or self::corpname or self::famname]"
            )
        ) - len(tree.xpath("//controlaccess/head"))
    _, quads = _map("ccfr", shared_data / "ccfr", tmp_path)
    types = [
        quad.object.value
        for quad in parse(quads, format=RdfFormat.N_QUADS)
        if quad.predicate.value == expand("rdf:type")
    ]
    assert types.count(expand("collex:DescribedUnit")) == units
    assert types.count(expand("collex:AccessPoint")) == points


@pytest.mark.real_data
def test_nothing_private_of_the_real_notices_is_in_the_graph(shared_data, tmp_path):
    parser = etree.XMLParser(load_dtd=False, no_network=True)
    _, quads = _map("ccfr", shared_data / "ccfr", tmp_path)
    said = {
        quad.object.value
        for quad in parse(quads, format=RdfFormat.N_QUADS)
        if type(quad.object).__name__ == "Literal"
    }
    for path in (shared_data / "ccfr").glob("*.xml"):
        tree = etree.parse(path, parser)
        private = tree.xpath(
            "//*[@audience='internal']//text() | //revisiondesc//text()"
            " | //processinfo[contains(head, 'Responsable')]//p//text()"
        )
        for text in {" ".join(text.split()) for text in private}:
            if len(text) > 5:
                assert not any(text in value for value in said), path.name
    assert not any("nom retiré" in value or "Statut de la notice" in value for value in said)


@pytest.mark.real_data
def test_the_real_establishments_map_without_loss(shared_data, tmp_path):
    (table,) = (shared_data / "institutions").glob("fr-esr-principaux-etablissements*.csv")
    mapped, quads = _map("esr", table, tmp_path)
    assert mapped.records_read == 250
    predicates = [quad.predicate.value for quad in parse(quads, format=RdfFormat.N_QUADS)]
    assert predicates.count(expand("collex:hasPlace")) == 249
    assert predicates.count(expand("collex:uai")) == 247
