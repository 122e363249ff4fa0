"""The scores of notices: exact, explained, and the same for any SHACL processor."""

from collections import Counter

import pyoxigraph
import pyshacl
import pytest
import rdflib

from collex_graph.errors import ResourceFileError
from collex_graph.rdf.namespaces import expand, prefixes, term
from collex_graph.resources import resource_dir
from collex_graph.validation.scores import Criteria, own_criteria, score_quads
from collex_graph.validation.terms import rdflib_graph
from collex_graph.validation.validator import ways

BASE = "https://w3id.org/collex-graph/"
PREFIXES = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in prefixes().items())
BARE = f"{BASE}id/notice/FRFONDS-751132108-1756"
FULL = f"{BASE}id/notice/FRFONDS-674821001-xBW"
NOTICES = """
<id/notice/FRFONDS-751132108-1756> a collex:Notice ;
  foaf:primaryTopic <id/fonds/FRFONDS-751132108-1756> .

<id/notice/FRFONDS-674821001-xBW> a collex:Notice ;
  foaf:primaryTopic <id/fonds/FRFONDS-674821001-xBW> ;
  dcterms:bibliographicCitation "Fonds Émile Erckmann, Bnu"@fr ;
  rdfs:seeAlso <https://ccfr.bnf.fr/portailccfr/ark:/06871/006FRFONDS-674821001-xBW> .

<id/fonds/FRFONDS-674821001-xBW> a collex:DescribedUnit , collex:Fonds ;
  collex:startYear 1839 ; collex:endYear 1936 ; dcterms:language lexvo:fra ;
  rico:recordResourceExtent "1 carton"@fr ;
  rico:hasExtent <id/fonds/FRFONDS-674821001-xBW/extent/1> ;
  collex:linkedAgent <http://www.idref.fr/026852071/id> , <id/agent/674821001/anonyme> ;
  collex:custodialHistory "Donné."@fr ; rico:scopeAndContent "Manuscrits."@fr ;
  collex:documentType <vocabulary/document-type/archives> ;
  rico:conditionsOfAccess "Sur demande"@fr ; rico:conditionsOfUse "Autorisée"@fr ;
  collex:findingAid <https://www.bnu.fr/> ;
  collex:treatmentStatus <vocabulary/treatment-status/classe> ;
  rico:hasOrHadSubject <http://www.idref.fr/033136327/id> ;
  collex:discipline <vocabulary/discipline/histoire> ;
  rico:hasOrHadHolder <id/library/674821001> ;
  rico:isRecordResourceAssociatedWithRecordResource <id/fonds/FRFONDS-751132108-1756> .

<id/fonds/FRFONDS-674821001-xBW/extent/1> rico:quantity 1.0 .
<id/library/674821001> collex:hasPlace <id/place/strasbourg> .
<id/place/strasbourg> wgs84:lat 48.58 ; wgs84:long 7.75 .
<id/notice/FRFONDS-674821001-xBW/point/1> collex:pointOf <id/fonds/FRFONDS-674821001-xBW> ;
  collex:refersTo <http://www.idref.fr/033136327/id> .
"""


def read(turtle):
    return list(
        pyoxigraph.parse(PREFIXES + turtle, format=pyoxigraph.RdfFormat.TURTLE, base_iri=BASE)
    )


def scored(turtle):
    store = pyoxigraph.Store()
    store.extend(read(turtle))
    return {
        (score.notice, score.metric.iri.removeprefix(expand("collex-sh:"))): score
        for score in own_criteria().scores(store)
    }


def names(criteria):
    return {one.rule.iri.removeprefix(expand("collex-sh:")) for one in criteria}


def test_a_notice_that_says_everything_has_all_points():
    scores = scored(NOTICES)
    assert scores[FULL, "Completeness"].points == 100
    assert scores[FULL, "Findability"].points == 100
    assert scores[FULL, "Findability"].lacking == ()


def test_a_notice_that_says_nothing_has_none_and_every_criterion_says_so():
    for metric in ("Completeness", "Findability"):
        score = scored(NOTICES)[BARE, metric]
        assert score.points == 0
        assert score.met == ()
        assert score.lacking == score.metric.criteria


@pytest.mark.parametrize(
    ("old", "new", "criterion", "points"),
    [
        ('rico:conditionsOfUse "Autorisée"', 'rdfs:comment "Autorisée"', "Completeness-use", 95),
        ("dcterms:language lexvo:fra", "rdfs:seeAlso lexvo:fra", "Completeness-language", 90),
        # where finding aids write the level of a component
        (
            "collex:documentType <vocabulary/document-type/archives>",
            'dcterms:type "liasse"@fr',
            "Completeness-document-type",
            90,
        ),
        ("http://www.idref.fr/026852071/id", "id/agent/x/erckmann", "Findability-agent", 85),
        ("rico:quantity 1.0", 'rico:textualValue "un"', "Findability-quantity", 90),
        ("refersTo <http://www.idref.fr", "refersTo <urn:x:", "Findability-all-aligned", 90),
        ("wgs84:lat 48.58", 'rdfs:label "ici"', "Findability-position", 95),
    ],
)
def test_what_is_lost_costs_its_weight(old, new, criterion, points):
    assert old in NOTICES
    score = scored(NOTICES.replace(old, new))[FULL, criterion.partition("-")[0]]
    assert names(score.lacking) == {criterion}
    assert score.points == points == sum(one.weight for one in score.met)


def test_what_a_sub_fonds_says_is_said_by_the_notice():
    """ISAD(G): what is true of a part alone is said of that part alone."""
    below = """
        <id/fonds/Fonds_5229> rico:isDirectlyIncludedIn <id/fonds/FRFONDS-751132108-1756> .
        <id/fonds/Fonds_5230> rico:isDirectlyIncludedIn <id/fonds/Fonds_5229> ;
          dcterms:language lexvo:fra ; collex:linkedAgent <http://www.idref.fr/026852071/id> .
    """
    scores = scored(NOTICES + below)
    assert names(scores[BARE, "Completeness"].met) == {
        "Completeness-language",
        "Completeness-agent",
    }
    assert scores[BARE, "Completeness"].points == 20
    assert names(scores[BARE, "Findability"].met) == {"Findability-agent"}


def test_pyshacl_finds_that_the_same_criteria_are_not_met():
    shapes = rdflib_graph(own_criteria().graph.triples())
    turtle = NOTICES.replace("collex:discipline", "rdfs:comment").replace(
        "collex:startYear", "rico:x"
    )
    _, report, _ = pyshacl.validate(rdflib_graph(read(turtle)), shacl_graph=shapes)
    theirs = Counter(
        (
            str(report.value(result, rdflib.SH.focusNode)),
            str(report.value(result, rdflib.SH.sourceShape)),
        )
        for result in report.subjects(rdflib.RDF.type, rdflib.SH.ValidationResult)
    )
    ours = {
        (score.notice, criterion.rule.iri)
        for score in scored(turtle).values()
        for criterion in score.lacking
    }
    assert ours == set(theirs)


def test_the_scores_as_statements_say_which_criteria_hold():
    quads = list(score_quads(scored(NOTICES).values(), BASE))
    assert {quad.graph_name.value for quad in quads} == {f"{BASE}graph/quality"}
    node = pyoxigraph.NamedNode(f"{FULL}/score/findability")
    about = [quad for quad in quads if quad.subject == node]
    said = {quad.predicate: quad.object for quad in about}
    assert said[term("dqv:computedOn")] == pyoxigraph.NamedNode(FULL)
    assert said[term("dqv:isMeasurementOf")] == term("collex-sh:Findability")
    assert said[term("dqv:value")] == pyoxigraph.Literal(100)
    assert len([q for q in about if q.predicate == term("collex-sh:meets")]) == 10
    assert pyoxigraph.Literal("Findability of the notice: 100", language="en") in [
        quad.object for quad in about
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("collex-sh:weight 15 ;", "collex-sh:weight 16 ;", "sum to 100"),
        ("  collex-sh:weight 15 ;\n", "", "one collex-sh:weight"),
        ("collex-sh:countsFor collex-sh:Findability", "collex-sh:countsFor collex-sh:Other", "100"),
        ("collex-sh:rule collex-sh:CG-P2", "collex-sh:rule collex-sh:CG-P77", "CG-P77"),
    ],
)
def test_criteria_that_cannot_be_used_are_refused_with_their_place(tmp_path, old, new, problem):
    text = (resource_dir("shapes") / "criteria.ttl").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "criteria.ttl"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ResourceFileError, match=problem):
        Criteria(path)


def test_criteria_are_no_rules_so_no_report_speaks_of_them():
    assert not [iri for iri in ways() if "Completeness-" in iri or "Findability-" in iri]
