"""What a build counts about quality is what its report says, recounted here in another way."""

from collections import Counter, defaultdict

import pyoxigraph as ox
import pytest

from collex_graph.rdf.namespaces import prefixes, term
from collex_graph.settings import Settings
from collex_graph.sparql.catalogue import stored_query
from collex_graph.store.quality import QualityHistory

BASE = Settings().base_iri
REPORT = ox.NamedNode(f"{BASE}graph/report")


@pytest.fixture(scope="module")
def store(sample_snapshot):
    return ox.Store.read_only(str(sample_snapshot.store))


@pytest.fixture(scope="module")
def history(sample_snapshot):
    return QualityHistory(sample_snapshot.directory, sample_snapshot.created)


def pairs(store, name):
    return [
        (quad.subject.value, quad.object.value)
        for quad in store.quads_for_pattern(None, term(name), None, REPORT)
    ]


def test_results_are_counted_once_whatever_they_are_counted_by(store, history, sample_snapshot):
    severities = Counter(level.rpartition("#")[2] for _, level in pairs(store, "sh:resultSeverity"))
    whole = {
        severity: tally.results
        for severity, tally in history.tallies("whole")[""].items()
        if severity
    }
    # internal results are in neither
    assert whole == dict(severities)
    assert whole == {k: v for k, v in sample_snapshot.manifest["report"].items() if v}
    for kind in ("source", "rule"):
        assert sum(one[""].results for one in history.tallies(kind).values()) == sum(whole.values())
    together = [one for one in history.found() if not one.institution]
    assert sum(one.results for one in together) == sum(whole.values())


def test_every_institution_has_the_results_and_records_that_the_report_gives_it(store, history):
    results, records = Counter(), defaultdict(set)
    of = dict(pairs(store, "collex-sh:record"))
    for result, institution in pairs(store, "collex-sh:institution"):
        results[institution] += 1
        if result in of:
            records[institution].add(of[result])
    tallies = {iri: one[""] for iri, one in history.tallies("institution").items()}
    assert {iri: one.results for iri, one in tallies.items()} == dict(results)
    assert len(results) > 15
    for iri, one in tallies.items():
        assert one.records >= len(records[iri])
        # what was set aside is touched, and held no more
        assert len(records[iri]) <= history.judged("institution")[iri]


def test_a_record_that_breaks_several_rules_is_touched_once(history):
    together = history.found(rule="")
    for institution, by_severity in history.tallies("institution").items():
        own = [one for one in together if one.institution == institution]
        assert sum(one.results for one in own) == by_severity[""].results
        assert max(one.records for one in own) <= by_severity[""].records
        assert by_severity[""].records <= sum(one.records for one in own)
    by_rule = Counter()
    for one in history.found():
        by_rule[one.institution, one.source] += one.records
    touched = {(one.institution, one.source): one.records for one in together}
    assert touched.keys() == by_rule.keys()
    assert all(touched[key] <= by_rule[key] for key in touched)
    assert any(touched[key] < by_rule[key] for key in touched)


def test_a_result_on_a_part_of_a_record_concerns_the_record_and_its_holder(store):
    points = [
        (result, focus) for result, focus in pairs(store, "sh:focusNode") if "/point/" in focus
    ]
    record = dict(pairs(store, "collex-sh:record"))
    institutions = defaultdict(set)
    for result, institution in pairs(store, "collex-sh:institution"):
        institutions[result].add(institution)
    assert len(points) > 5
    for result, focus in points:
        (unit,) = (
            quad.object
            for quad in store.quads_for_pattern(
                ox.NamedNode(focus), term("collex:pointOf"), None, ox.DefaultGraph()
            )
        )
        assert record[result] == unit.value
        holders = {
            quad.object.value
            for quad in store.quads_for_pattern(
                unit, term("rico:hasOrHadHolder"), None, ox.DefaultGraph()
            )
        }
        assert holders
        assert holders <= institutions[result]


def test_the_rate_of_alignment_is_that_of_question_23(store, history):
    asked = store.query(stored_query("examples/23-alignment-rates").text(), base_iri=BASE)
    answer = {
        (row["institution"].value, row["type"].value): tuple(
            int(row[name].value) for name in ("points", "idref", "otherAuthority")
        )
        for row in asked
    }
    counted = {
        (one.institution, one.type): (one.points, one.idref, one.other)
        for one in history.alignments()
        if one.institution
    }
    assert answer
    assert {key: counted[key] for key in answer} == answer
    whole = [one for one in history.alignments() if not one.institution]
    points = store.query(
        "SELECT (COUNT(DISTINCT ?p) AS ?n) WHERE { ?p collex:element ?e ; collex:refersTo ?x ;"
        " collex:pointOf ?unit . ?unit rico:hasOrHadHolder ?holder }",
        prefixes=prefixes(),
    )
    assert sum(one.points for one in whole) == int(next(iter(points))["n"].value)
