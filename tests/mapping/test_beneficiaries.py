"""The lists of beneficiaries: bodies by Abes number, merged by identifier, without contacts."""

import csv
import json

import pytest
from pyoxigraph import RdfFormat, parse

from collex_graph.pipeline import map_source
from collex_graph.rdf.namespaces import expand
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings

BASE = Settings().base_iri
SAMPLE = resource_dir("mappings") / "beneficiaries" / "sample"


def _mapped(path, folder):
    spool = folder / "mapped.nq"
    mapped = map_source("beneficiaries", path, base_iri=BASE, spool=spool)
    return set(parse(spool.read_bytes(), format=RdfFormat.N_QUADS)), mapped


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return _mapped(SAMPLE, tmp_path_factory.mktemp("beneficiaries"))


def _objects(quads, subject, predicate):
    node, name = BASE + subject if ":" not in subject else subject, expand(predicate)
    return {q.object.value for q in quads if (q.subject.value, q.predicate.value) == (node, name)}


def test_a_body_has_the_same_node_in_every_list(sample):
    quads, _ = sample
    toulouse = "id/establishment/abes-ABES2IJ1Q7DNC"
    graphs = {
        quad.graph_name.value.rpartition("/")[2]
        for quad in quads
        if quad.subject.value == BASE + toulouse
    }
    assert graphs == {"istex-authorized-user", "organization-list"}
    assert _objects(quads, toulouse, "collex:abesId") == {"ABES2IJ1Q7DNC"}
    assert _objects(quads, toulouse, "skos:exactMatch") == {
        "http://data.bnf.fr/ark:/12148/cb118657978"
    }
    assert _objects(quads, toulouse, "collex:beneficiaryOf") == {
        f"{BASE}vocabulary/acquisition-programme/istex"
    }


def test_the_spellings_of_a_type_are_one_concept_and_the_words_stay(sample):
    quads, mapped = sample
    vetagro = "id/establishment/abes-ABES4OW6QR5FD"
    assert _objects(quads, vetagro, "collex:bodyType") == {
        f"{BASE}vocabulary/body-type/ecole-de-formation-specialisee"
    }
    assert _objects(quads, vetagro, "collex:establishmentType") == {
        "Ecoles de formation spécialisée"
    }
    unknown = [p.note.value for p in mapped.problems if p.note.rule == "UnlistedWording"]
    assert unknown == ["Type que rien ne connaît"]


def test_addresses_are_cleaned_and_sites_get_one_scheme(sample):
    quads, _ = sample
    vetagro = "id/establishment/abes-ABES4OW6QR5FD"
    assert _objects(quads, vetagro, "schema:address") == {
        "1 avenue Bourgelat, 69280 MARCY L'ETOILE, France"
    }
    assert _objects(quads, vetagro, "foaf:homepage") == {"http://www.vetagro-sup.fr/fr/"}
    isara = "id/establishment/abes-ABES1584HP4PA"
    assert _objects(quads, isara, "foaf:homepage") == {"https://www.isara.fr"}


def test_of_an_account_the_number_alone_is_read(sample):
    quads, mapped = sample
    account = "id/establishment/abes-ABESIBK75C99Y"
    assert _objects(quads, account, "collex:abesId") == {"ABESIBK75C99Y"}
    assert "shibboleth" not in repr(quads) + repr(list(mapped.problems))


def test_a_short_code_is_said_of_the_node_of_idref(sample):
    quads, _ = sample
    idref = "http://www.idref.fr/026403781/id"
    assert _objects(quads, idref, "collex:establishmentCode") == {"AIX1"}


@pytest.mark.real_data
def test_every_body_of_the_real_lists_is_there_once(shared_data, tmp_path):
    folder = shared_data / "institutions"
    users = folder / "istex-authorized-user.csv"
    with users.open(encoding="utf-8-sig", newline="") as stream:
        numbers = {
            row["uri"].removeprefix("uid:/") for row in csv.DictReader(stream, delimiter=";")
        }
    quads, mapped = _mapped(users, tmp_path)
    kind = expand("collex:Establishment")
    found = {q.subject.value for q in quads if q.object.value == kind}
    assert found == {f"{BASE}id/establishment/abes-{number}" for number in numbers}
    assert {p.note.rule for p in mapped.problems} == {"RepairedLink"}
    codes = folder / "thesesfr_list_code_court.json"
    bindings = json.loads(codes.read_text(encoding="utf-8"))["results"]["bindings"]
    quads, _ = _mapped(codes, tmp_path)
    said = {
        q.object.value for q in quads if q.predicate.value == expand("collex:establishmentCode")
    }
    assert said == {binding["codeCourt"]["value"] for binding in bindings}
