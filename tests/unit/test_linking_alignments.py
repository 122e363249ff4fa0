"""Alignments: SSSOM tables read, written, stated; proposals made, never accepted by themselves."""

from __future__ import annotations

import io

import pytest
from pyoxigraph import NamedNode, RdfFormat, parse

from collex_graph.errors import ResourceFileError
from collex_graph.linking.alignments import (
    Alignment,
    alignment_lines,
    read_alignments,
    write_alignments,
)
from collex_graph.linking.proposals import propose
from collex_graph.rdf.iris import Iris
from collex_graph.rdf.namespaces import expand

BASE = "https://w3id.org/collex-graph/"
OURS = f"{BASE}id/concept/751132108/etudes-iraniennes"
IDREF = "http://www.idref.fr/028056663/id"
HEADER = "subject_id\tpredicate_id\tobject_id\tmapping_justification\tconfidence\tmapping_status"
MANUAL = expand("semapv:ManualMappingCuration")
ROW = (
    "base:id/concept/751132108/etudes-iraniennes\tskos:exactMatch\t{}\t"
    "semapv:ManualMappingCuration\t{}\t{}"
)


@pytest.fixture
def table(tmp_path):
    def write(*rows: str, header: str = HEADER):
        path = tmp_path / "essai.sssom.tsv"
        metadata = "# curie_map:\n#   idref: http://www.idref.fr/\n"
        path.write_text(metadata + "\n".join((header, *rows)) + "\n", encoding="utf-8")
        return path

    return write


def test_a_table_is_read_with_prefixes_and_canonical_targets(table):
    rows = [
        ROW.format(target, "0.9", "accepted").replace("iraniennes", name)
        for name, target in (("a", "idref:028056663/id"), ("b", "https://www.idref.fr/028056663"))
    ]
    found = read_alignments(table(*rows), BASE)
    assert [one.target for one in found] == [IDREF, IDREF]
    assert found[0].subject == OURS.replace("iraniennes", "a")
    assert all(one.makes_one_node for one in found)


def test_a_row_without_status_is_a_proposal(table):
    (one,) = read_alignments(table(ROW.format(IDREF, "", "")), BASE)
    assert one.status == "proposed"
    assert not one.makes_one_node


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (ROW.format("http://www.idref.fr/028056664/id", "", ""), "028056663"),
        (ROW.format("nowhere:1", "", ""), "curie_map|no IRI"),
        (ROW.format(IDREF, "very", ""), "confidence"),
        (ROW.format(IDREF, "", "perhaps"), "mapping_status"),
        (ROW.format(IDREF, "", "").replace("skos:exactMatch", "rdfs:seeAlso"), "predicate_id"),
        (ROW.format(IDREF, "", "").replace("base:id", "base:vocabulary"), "no node of ours"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_with_its_line(table, row, said):
    with pytest.raises(ResourceFileError, match=rf"essai\.sssom\.tsv:4: .*({said})"):
        read_alignments(table(row), BASE)


def test_a_table_without_a_column_that_sssom_requires_is_refused(table):
    with pytest.raises(ResourceFileError, match="object_id"):
        read_alignments(table("a\tb", header="subject_id\tpredicate_id"), BASE)


def test_a_node_accepted_as_two_things_is_refused_with_both_lines(table):
    rows = [ROW.format(iri, "", "accepted") for iri in (IDREF, "http://www.idref.fr/027254755/id")]
    with pytest.raises(ResourceFileError, match=r":5: .*line 4"):
        read_alignments(table(*rows), BASE)


def test_a_reviewer_is_an_orcid_and_never_a_name(table):
    header = f"{HEADER}\treviewer_id"
    with pytest.raises(ResourceFileError, match="reviewer_id"):
        read_alignments(table(ROW.format(IDREF, "", "") + "\tA. Nom", header=header), BASE)


def test_what_is_written_can_be_read_again(tmp_path):
    one = Alignment(
        subject=OURS,
        predicate=expand("skos:exactMatch"),
        target=IDREF,
        justification=expand("semapv:LexicalMatching"),
        subject_label='Études\tiraniennes "bis"',
        confidence="0.5",
        date="2026-11-22",
        comment="même forme",
    )
    stream = io.StringIO()
    write_alignments([one], stream, BASE)
    path = tmp_path / "proposals.sssom.tsv"
    path.write_text(stream.getvalue(), encoding="utf-8")
    assert read_alignments(path, BASE) == [one]


def test_an_accepted_alignment_is_stated_and_described_a_proposal_only_described():
    same = expand("skos:exactMatch")
    accepted = Alignment(OURS, same, IDREF, MANUAL, "accepted", confidence="0.9")
    proposed = Alignment(f"{OURS}-2", same, IDREF, MANUAL)
    lines = "".join(alignment_lines([accepted, proposed], Iris(BASE)))
    quads = list(parse(lines, format=RdfFormat.N_QUADS))
    stated = [q for q in quads if q.predicate.value == expand("skos:exactMatch")]
    assert [(q.subject.value, q.object.value) for q in stated] == [(OURS, IDREF)]
    assert {q.graph_name for q in quads if q.subject == NamedNode(accepted.iri(Iris(BASE)))} == {
        NamedNode(f"{BASE}graph/mapping/accepted")
    }
    assert {q.graph_name for q in quads if q.subject == NamedNode(proposed.iri(Iris(BASE)))} == {
        NamedNode(f"{BASE}graph/mapping/proposed")
    }


def use(wording: str, node: str, uses: int = 1, element: str = "subject") -> dict[str, str]:
    return {"element": element, "wording": wording, "node": node, "uses": str(uses)}


def test_the_same_words_and_type_aligned_elsewhere_are_a_proposal():
    (one,) = propose(
        [use("Études iraniennes", OURS), use("Études  Iraniennes", IDREF, 3)], base_iri=BASE
    )
    assert (one.subject, one.target, one.status) == (OURS, IDREF, "proposed")
    assert one.confidence == "0.75"
    assert "3 points d’accès sur 3" in one.comment


def test_another_type_with_the_same_words_is_no_proposal():
    uses = [use("Turquie", OURS), use("Turquie", IDREF, element="geogname")]
    assert propose(uses, base_iri=BASE) == []


def test_words_that_mean_two_things_give_two_proposals_of_less_confidence():
    other = "http://www.idref.fr/027254755/id"
    found = propose(
        [use("Turquie", OURS), use("Turquie", IDREF), use("Turquie", other, 3)], base_iri=BASE
    )
    assert [(one.target, one.confidence) for one in found] == [(other, "0.56"), (IDREF, "0.12")]


@pytest.mark.parametrize("status", ["accepted", "rejected"])
def test_what_was_judged_is_not_proposed_again(status):
    judged = [Alignment(OURS, expand("skos:exactMatch"), IDREF, MANUAL, status)]
    uses = [use("Turquie", OURS), use("Turquie", IDREF)]
    assert propose(uses, base_iri=BASE, judged=judged) == []
