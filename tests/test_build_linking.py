"""A build with several sources: one node a thing, alignments decided by persons, proposals."""

from __future__ import annotations

import gzip
import os
import shutil
from dataclasses import replace

import pytest
from pyoxigraph import Store

from collex_graph.build import build
from collex_graph.errors import ConfigurationError, ResourceFileError
from collex_graph.linking.alignments import read_alignments
from collex_graph.rdf.namespaces import prefixes
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings

BASE = Settings().base_iri
MAPPINGS = resource_dir("mappings")
SOURCES = ("ccfr", "counter", "idref", "kbart", "sudoc", "theses")
IRAN = "http://www.idref.fr/028056663/id"
OURS = f"{BASE}id/concept/751132108/etudes-iraniennes"
HEADER = "subject_id\tpredicate_id\tobject_id\tmapping_justification\tmapping_status\n"


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(var=tmp_path_factory.mktemp("var"))


@pytest.fixture(scope="module")
def several(settings):
    """A build of the samples of several sources."""
    return build([(name, MAPPINGS / name / "sample") for name in SOURCES], settings)


def ask(summary, query):
    store = Store.read_only(str(summary.snapshot.store))
    return list(store.query(query, prefixes=prefixes()))


def notice(identifier, *subjects):
    points = "".join(
        f'<subject authfilenumber="{ppn}" source="IdRef">{label}</subject>' if ppn
        else f"<subject>{label}</subject>"
        for label, ppn in subjects
    )  # fmt: skip
    return (
        f'<ead><eadheader><eadid identifier="{identifier}">{identifier}.xml</eadid></eadheader>'
        '<archdesc level="fonds"><did><repository><corpname '
        'source="Répertoire_des_Centres_de_Ressources" authfilenumber="751132108">Bibliothèque'
        f"</corpname></repository><unittitle>Un fonds</unittitle></did><controlaccess>"
        f"<head>Thème(s)</head>{points}</controlaccess></archdesc></ead>"
    )


@pytest.fixture(scope="module")
def notices(tmp_path_factory):
    """Two notices with the same subject, once with its identifier and once without."""
    folder = tmp_path_factory.mktemp("notices")
    aligned = notice("FRFONDS-751132108-a1", ("Études iraniennes", "028056663"))
    silent = notice("FRFONDS-751132108-a2", ("études  Iraniennes", ""))
    (folder / "a.xml").write_text(aligned, encoding="utf-8")
    (folder / "b.xml").write_text(silent, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def undecided(notices, settings, tmp_path_factory):
    """A build of the two notices, about which nobody decided anything."""
    return build([("ccfr", notices)], replace(settings, var=tmp_path_factory.mktemp("var")))


@pytest.fixture(scope="module")
def accepted(notices, settings, tmp_path_factory):
    """A build of the two notices with a table that says that their subjects are one."""
    inputs = [
        ("ccfr", notices),
        ("alignments", table(tmp_path_factory.mktemp("t"), row("accepted"))),
    ]
    return build(inputs, replace(settings, var=tmp_path_factory.mktemp("var")))


@pytest.fixture
def begun(undecided, settings, tmp_path):
    """Settings of a build that starts from the undecided one."""
    former = undecided.snapshot.directory.parents[1]
    var = tmp_path / "var"
    shutil.copytree(former, var, symlinks=True, copy_function=os.link)
    return replace(settings, var=var)


def table(folder, *rows):
    path = folder / "decisions.sssom.tsv"
    path.write_text(HEADER + "".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    return path


def row(status):
    return (OURS.replace(BASE, "base:"), "skos:exactMatch", IRAN, "semapv:LexicalMatching", status)


STRAY = """ASK {
  { NAME ?p ?o } UNION { ?s ?p NAME }
  FILTER(?p NOT IN (collex:representedBy, owl:sameAs, skos:exactMatch, skos:closeMatch,
    dcterms:isReplacedBy, dcterms:replaces, owl:deprecated))
}"""


def test_no_name_that_another_stands_for_is_left_in_the_data(several):
    names = ask(several, "SELECT ?name ?node { ?name collex:representedBy ?node }")
    assert len(names) > 3
    for found in names:
        asked = STRAY.replace("NAME", str(found["name"]))
        store = Store.read_only(str(several.snapshot.store))
        assert not store.query(asked, prefixes=prefixes()), found["name"]


def test_a_journal_of_a_list_and_of_a_usage_report_is_one_node_with_both_sources(several):
    found = ask(
        several,
        "SELECT ?name ?document (COUNT(DISTINCT ?graph) AS ?graphs) { "
        "?name collex:representedBy ?document . "
        'FILTER(STRSTARTS(STR(?document), "https://www.sudoc.fr/")) '
        'GRAPH ?graph { ?document ?p ?o } FILTER(CONTAINS(STR(?graph), "/graph/source/")) '
        "} GROUP BY ?name ?document",
    )
    assert found
    for each in found:
        assert f"{BASE}id/document/" in each["name"].value
        assert int(each["graphs"].value) >= 2


def test_no_node_of_an_authority_has_two_shown_labels(several):
    twice = ask(
        several,
        "SELECT ?node (COUNT(?label) AS ?n) { ?node skos:prefLabel ?label "
        'FILTER(STRSTARTS(STR(?node), "http://www.idref.fr/")) } GROUP BY ?node '
        "(LANG(?label)) HAVING (COUNT(?label) > 1)",
    )
    assert twice == []


def test_every_node_of_a_class_shows_one_name(several):
    named = ask(
        several,
        "SELECT ?node (COUNT(DISTINCT ?name) AS ?names) { ?node a ?class OPTIONAL { "
        "?node rdfs:label ?label FILTER(LANG(?label) != 'en') BIND(STR(?label) AS ?name) "
        "} } GROUP BY ?node HAVING (COUNT(DISTINCT ?name) != 1)",
    )
    # shapes and terms in English alone have none in French
    stray = [row["node"].value for row in named if "/id/" in row["node"].value]
    assert stray == []


def test_the_same_words_without_identifier_are_proposed_and_nothing_is_merged(undecided):
    found = undecided
    assert found.proposed == 1
    (one,) = read_alignments(found.snapshot.directory / "proposals.sssom.tsv", BASE)
    assert (one.subject, one.target, one.status) == (OURS, IRAN, "proposed")
    assert len(ask(found, f"SELECT ?p {{ ?p collex:refersTo <{OURS}> }}")) == 1
    described = ask(
        found,
        "SELECT ?m { GRAPH ?g { ?m a collex:Mapping ; collex:mappingStatus 'proposed' } "
        f"FILTER(?g = <{BASE}graph/mapping/proposed>) }}",
    )
    assert len(described) == 1


def test_an_accepted_alignment_makes_the_authority_the_node_and_keeps_the_wording(accepted):
    found = accepted
    assert found.proposed == 0
    points = ask(found, f"SELECT ?w {{ ?p collex:refersTo <{IRAN}> ; collex:wording ?w }}")
    assert sorted(p["w"].value for p in points) == ["Études iraniennes", "études Iraniennes"]
    (stated,) = ask(found, f"SELECT ?node {{ <{OURS}> collex:representedBy ?node }}")
    assert stated["node"].value == IRAN
    (source,) = ask(
        found, "SELECT ?s { GRAPH ?g { ?m owl:annotatedSource ?s ; owl:annotatedTarget ?t } }"
    )
    assert source["s"].value == OURS


def quads_of(summary):
    """The distinct quads of the dump, which the manifest counts and the store holds."""
    lines = gzip.decompress(summary.snapshot.dump.read_bytes()).splitlines()
    store = Store.read_only(str(summary.snapshot.store))
    named = sum(1 for quad in store if str(quad.graph_name) != "DEFAULT")
    assert len(set(lines)) == len(lines) == summary.snapshot.counts["quads"] == named
    return {line for line in lines if b"/graph/description> ." not in line}


def test_a_table_given_back_undecided_states_nothing_twice(undecided, notices, begun, tmp_path):
    first = undecided
    given_back = tmp_path / "undecided.sssom.tsv"
    given_back.write_bytes((first.snapshot.directory / "proposals.sssom.tsv").read_bytes())
    second = build([("ccfr", notices), ("alignments", given_back)], begun)
    third = build([("ccfr", notices)], begun)
    assert quads_of(first) == quads_of(second) == quads_of(third)
    assert (first.proposed, second.proposed, third.proposed) == (1, 1, 1)


def test_decisions_of_two_tables_that_exclude_each_other_are_refused(notices, settings, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one = table(tmp_path / "one", row("accepted"))
    another = [
        "http://www.idref.fr/027234576/id" if cell == IRAN else cell for cell in row("accepted")
    ]
    for other in (row("rejected"), another):
        two = table(tmp_path / "two", other)
        inputs = [("ccfr", notices), ("alignments", one), ("alignments", two)]
        with pytest.raises(ResourceFileError, match="keep one"):
            build(inputs, replace(settings, var=tmp_path / "var"))


def test_a_rejected_alignment_is_not_proposed_again(notices, begun, tmp_path):
    inputs = [("ccfr", notices), ("alignments", table(tmp_path, row("rejected")))]
    found = build(inputs, begun)
    assert found.proposed == 0
    assert len(ask(found, f"SELECT ?p {{ ?p collex:refersTo <{OURS}> }}")) == 1


def test_a_decision_added_to_a_build_gives_what_a_full_build_with_it_gives(
    accepted, notices, begun, tmp_path
):
    inputs = [("ccfr", notices), ("alignments", table(tmp_path, row("accepted")))]
    second = build(inputs, begun)
    assert second.mapped == 0
    assert accepted.started_from is None

    def content(summary):
        lines = gzip.decompress(summary.snapshot.dump.read_bytes()).decode().splitlines()
        return sorted(line for line in lines if "/graph/description> ." not in line)

    assert content(second) == content(accepted)


def test_an_accepted_alignment_of_what_no_source_speaks_of_is_reported_at_its_row(
    notices, begun, tmp_path
):
    elsewhere = f"{BASE}id/concept/751132108/nulle-part"
    near = f"{BASE}id/concept/751132108/pres-de-rien"
    rows = [
        row("accepted"),
        (elsewhere, *row("accepted")[1:]),
        (near, "skos:closeMatch", *row("accepted")[2:]),
        (f"{near}-2", *row("rejected")[1:]),
    ]
    inputs = [("ccfr", notices), ("alignments", table(tmp_path, *rows))]
    # the second build starts from the first, and rewrites nothing
    for summary in (build(inputs, begun), build(inputs, begun)):
        told = [r for r in summary.report.results if r.rule.endswith("AlignmentOfNothing")]
        assert [(r.focus_node, r.position.line) for r in told] == [(elsewhere, 3), (near, 4)]
        assert "ligne 3" in told[0].messages["fr"]
        assert elsewhere in told[0].messages["en"]
    assert summary.mapped == 0


def test_an_input_without_a_table_of_alignments_is_a_usage_error(notices, settings, tmp_path):
    with pytest.raises(ConfigurationError, match=r"sssom\.tsv"):
        build([("ccfr", notices), ("alignments", notices)], replace(settings, var=tmp_path / "v"))
