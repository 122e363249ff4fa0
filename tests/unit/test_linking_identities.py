"""One node per real thing: what is joined, what is kept apart, and how statements are rewritten."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import RdfFormat, parse

from collex_graph.linking.identities import find_identities
from collex_graph.rdf.namespaces import prefixes

BASE = "https://w3id.org/collex-graph/"
IDREF = "http://www.idref.fr/"
# Identifiers met in real files; what is said of them here is made up for the tests.
PERSON = f"{IDREF}057648816/id"
OTHER_PERSON = f"{IDREF}150401957/id"
BNF = "http://data.bnf.fr/ark:/12148/cb11932512b"
PERSEE = "http://data.persee.fr/authority/214267#Person"


def lines(text: str, graph: str) -> bytes:
    """Return Turtle as N-Quads lines of a named graph."""
    head = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in prefixes().items())
    triples = parse(f"@base <{BASE}> .\n{head}{text}", format=RdfFormat.TURTLE)
    made = (f"{t.subject} {t.predicate} {t.object} <{BASE}graph/{graph}> .\n" for t in triples)
    return "".join(made).encode()


def identities(*parts: tuple[str, str], accepted: tuple[tuple[str, str], ...] = ()):
    read = [lines(text, graph) for graph, text in parts]
    return find_identities(read, base_iri=BASE, accepted=accepted)


def test_what_an_authority_says_of_its_own_entity_makes_one_node():
    found = identities(
        ("authority/idref/150401957", f"<{PERSON}> owl:sameAs <{PERSEE}> , <{BNF}> ."),
    )
    assert found.canonical == {PERSEE: PERSON, BNF: PERSON}
    assert not found.contradictions


def test_a_source_that_is_no_authority_makes_no_node_by_saying_the_same():
    found = identities(("source/ccfr/x", f"<{PERSON}> owl:sameAs <{PERSEE}> ."))
    assert not found.canonical


def test_a_name_makes_no_node():
    text = 'a bibo:Journal ; rdfs:label "Annales" ; bibo:issn "{}" .'
    found = identities(
        ("source/kbart/a", "<id/document/issn-0003-441X> " + text.format("0003-441X")),
        ("source/kbart/b", "<id/document/issn-0395-2649> " + text.format("0395-2649")),
    )
    assert not found.canonical


def test_a_journal_of_three_sources_is_one_node_by_its_issn():
    sudoc, persee = (
        "https://www.sudoc.fr/037596225/id",
        "http://data.persee.fr/collection/ahess#Web",
    )
    found = identities(
        ("source/kbart/a", '<id/document/issn-0395-2649> a bibo:Journal ; bibo:issn "0395-2649" .'),
        ("source/sudoc/037596225", f'<{sudoc}> a bibo:Periodical ; bibo:issn "0395-2649" .'),
        ("source/persee/ahess", f'<{persee}> a bibo:Journal ; bibo:eissn "0395-2649" .'),
    )
    # Persée comes before Sudoc where several know the thing
    assert set(found.canonical.values()) == {persee}
    assert found.canonical[sudoc] == persee


def test_an_article_that_gives_the_issn_of_its_journal_stays_an_article():
    found = identities(
        ("source/a/1", '<id/document/ark-a> a bibo:Article ; bibo:issn "0395-2649" .'),
        ("source/a/2", '<id/document/issn-0395-2649> a bibo:Journal ; bibo:issn "0395-2649" .'),
    )
    assert not found.canonical
    assert not found.contradictions


def test_two_records_of_one_authority_are_never_joined():
    one, two = "https://www.sudoc.fr/037596225/id", "https://www.sudoc.fr/039226859/id"
    found = identities(
        ("source/sudoc/1", f'<{one}> a bibo:Journal ; bibo:issn "0395-2649" .'),
        ("source/sudoc/2", f'<{two}> a bibo:Journal ; bibo:issn "0395-2649" .'),
    )
    assert not found.canonical
    (claim,) = found.contradictions
    assert (claim.rule, claim.value) == ("IdentifierOfTwoRecords", "0395-2649")
    assert (claim.first, claim.second) == (one, two)


def test_a_record_that_two_of_an_authority_claim_is_reported_with_those_two():
    found = identities(
        ("authority/idref/1", f"<{PERSON}> owl:sameAs <{BNF}> ."),
        ("authority/idref/2", f"<{OTHER_PERSON}> owl:sameAs <{BNF}> ."),
    )
    assert found.canonical == {BNF: PERSON}
    (claim,) = found.contradictions
    assert (claim.value, {claim.first, claim.second}) == (BNF, {PERSON, OTHER_PERSON})


def test_a_person_is_never_joined_with_a_body():
    found = identities(
        ("authority/idref/1", f"<{PERSON}> a foaf:Person ; owl:sameAs <{PERSEE}> ."),
        ("authority/persee/1", f"<{PERSEE}> a foaf:Organization ."),
    )
    assert not found.canonical
    assert [claim.rule for claim in found.contradictions] == ["SamenessOfTwoKinds"]


def test_a_merged_record_gives_way_to_the_one_that_replaces_it():
    found = identities(
        ("authority/idref/1", f"<{OTHER_PERSON}> dcterms:isReplacedBy <{PERSON}> ."),
        ("authority/idref/1", f"<{OTHER_PERSON}> owl:sameAs <{BNF}> ."),
    )
    assert found.canonical == {OTHER_PERSON: PERSON, BNF: PERSON}
    assert not found.contradictions


def test_what_a_merged_record_says_of_itself_stays_with_its_old_name():
    text = f"<{OTHER_PERSON}> owl:deprecated true ; dcterms:isReplacedBy <{PERSON}> ."
    found = identities(("authority/idref/1", text))
    kept = lines(text, "authority/idref/1")
    assert found.rewrite(kept) == kept


def test_records_that_replace_each_other_in_a_circle_are_reported():
    found = identities(
        ("authority/idref/1", f"<{OTHER_PERSON}> dcterms:isReplacedBy <{PERSON}> ."),
        ("authority/idref/2", f"<{PERSON}> dcterms:isReplacedBy <{OTHER_PERSON}> ."),
    )
    assert len(found.canonical) == 1
    assert [claim.rule for claim in found.contradictions] == ["ReplacedInCircle"]


def test_an_accepted_alignment_makes_the_authority_the_node():
    ours = f"{BASE}id/concept/751132108/ecriture-cuneiforme"
    found = identities(accepted=((ours, PERSON),))
    assert found.canonical == {ours: PERSON}


def test_institutions_keep_our_iri_and_meet_by_what_they_match():
    uai, abes = f"{BASE}id/establishment/0755976N", f"{BASE}id/establishment/abes-1"
    found = identities(
        ("source/esr/a", f"<{uai}> a collex:Establishment ; skos:exactMatch <{PERSON}> ."),
        ("source/istex/b", f"<{abes}> a collex:Establishment ; skos:exactMatch <{BNF}> ."),
        ("authority/idref/1", f"<{PERSON}> a org:Organization ; owl:sameAs <{BNF}> ."),
    )
    assert found.canonical == {abes: uai, BNF: PERSON}


def test_two_establishments_of_different_uai_stay_two():
    one, two = f"{BASE}id/establishment/0755976N", f"{BASE}id/establishment/0753742K"
    text = f"a collex:Establishment ; skos:exactMatch <{PERSON}> ."
    found = identities(("source/esr/a", f"<{one}> {text}\n<{two}> {text}"))
    assert not found.canonical
    assert [claim.rule for claim in found.contradictions] == ["IdentifierOfTwoRecords"]


def test_a_library_and_an_establishment_that_match_one_body_stay_two():
    text = f"skos:exactMatch <{PERSON}> ."
    found = identities(
        ("source/a/a", f"<id/library/751132108> a collex:Library ; {text}"),
        ("source/esr/a", f"<id/establishment/x-1> a collex:Establishment ; {text}"),
    )
    assert not found.canonical
    assert not found.contradictions


def test_statements_are_rewritten_each_in_its_graph():
    found = identities(("authority/idref/1", f"<{PERSON}> owl:sameAs <{BNF}> ."))
    text = f'<id/point/1> collex:refersTo <{BNF}> . <{BNF}> collex:note "voir <{BNF}> ici" .'
    expected = (
        f'<id/point/1> collex:refersTo <{PERSON}> . <{PERSON}> collex:note "voir <{BNF}> ici" .'
    )
    assert found.rewrite(lines(text, "source/a/b")) == lines(expected, "source/a/b")


def test_the_other_name_of_a_node_stays_known_as_such():
    found = identities(("authority/idref/1", f"<{PERSON}> owl:sameAs <{BNF}> ."))
    kept = lines(f"<{PERSON}> owl:sameAs <{BNF}> .", "authority/idref/1")
    assert found.rewrite(kept) == kept
    turned = lines(f"<{BNF}> skos:exactMatch <{PERSON}> .", "authority/bnf/1")
    expected = lines(f"<{PERSON}> skos:exactMatch <{BNF}> .", "authority/bnf/1")
    assert found.rewrite(turned) == expected


def test_one_label_is_shown_and_the_others_are_kept_as_alternatives():
    bnf = f'<{BNF}> a foaf:Person ; skos:prefLabel "Hottin, Ch."'
    idref = f'<{PERSON}> a foaf:Person ; skos:prefLabel "Hottin"'
    found = identities(
        ("authority/bnf/1", bnf + " ."),
        ("authority/idref/1", idref + f" ; owl:sameAs <{BNF}> ."),
    )
    assert list(found.shown_labels) == [PERSON]
    assert {label.split(" ")[0] for label in found.shown_labels[PERSON].values()} == {
        f"{BASE}graph/authority/idref/1"
    }
    rewritten = found.rewrite(lines(bnf + " .", "authority/bnf/1"))
    expected = f'<{PERSON}> a foaf:Person ; skos:altLabel "Hottin, Ch." .'
    assert rewritten == lines(expected, "authority/bnf/1")
    kept = lines(idref + " .", "authority/idref/1")
    assert found.rewrite(kept) == kept


def test_of_two_labels_in_one_graph_one_is_shown():
    list_of_titles = (
        '<id/document/x> a bibo:Journal ; bibo:issn "1359-7337" ; '
        'rdfs:label "Titre d\'après" , "Titre d\'avant" , "Title"@en .'
    )
    found = identities(("source/kbart/list", list_of_titles))
    rewritten = found.rewrite(lines(list_of_titles, "source/kbart/list"))
    expected = list_of_titles.replace(
        ', "Titre d\'avant"', '; skos:altLabel "Titre d\'avant" ; rdfs:label "Title"@en'
    ).replace(' , "Title"@en', "")
    assert sorted(rewritten.splitlines()) == sorted(
        lines(expected, "source/kbart/list").splitlines()
    )
    assert found.rewrite(rewritten) == rewritten


def test_labels_of_another_property_or_language_stand_beside_each_other():
    source = f'<{PERSON}> rdfs:label "Hottin"@fr , "Hottin (in English)"@en .'
    found = identities(
        ("authority/idref/1", f'<{PERSON}> skos:prefLabel "Hottin, Christian" .'),
        ("source/a/1", source),
        ("source/b/1", f'<{PERSON}> rdfs:label "C. Hottin" .'),
    )
    assert found.rewrite(lines(source, "source/a/1")) == lines(source, "source/a/1")
    demoted = found.rewrite(lines(f'<{PERSON}> rdfs:label "C. Hottin" .', "source/b/1"))
    assert demoted == lines(f'<{PERSON}> skos:altLabel "C. Hottin" .', "source/b/1")


def test_an_iri_without_a_host_is_a_name_like_another():
    text = '<urn:isbn:1> a bibo:Book ; rdfs:label "{}" ; bibo:isbn "9780306406157" .'
    found = identities(("source/a/1", text.format("un")), ("source/b/1", text.format("deux")))
    rewritten = found.rewrite(lines(text.format("deux"), "source/b/1"))
    assert b"altLabel" in rewritten


def test_a_record_that_was_split_is_followed_nowhere():
    third = f"{IDREF}028056663/id"
    found = identities(
        ("authority/idref/1", f"<{OTHER_PERSON}> dcterms:isReplacedBy <{PERSON}> , <{third}> ."),
    )
    assert not found.canonical
    assert [claim.value for claim in found.contradictions] == [OTHER_PERSON]


def test_a_person_is_not_replaced_by_a_body():
    found = identities(
        (
            "authority/idref/1",
            f"<{OTHER_PERSON}> a foaf:Person ; dcterms:isReplacedBy <{PERSON}> .",
        ),
        ("authority/idref/2", f"<{PERSON}> a rico:CorporateBody ."),
    )
    assert not found.canonical
    assert [claim.rule for claim in found.contradictions] == ["SamenessOfTwoKinds"]


def test_the_kind_of_a_merged_record_is_that_of_the_one_that_replaces_it():
    found = identities(
        (
            "authority/idref/1",
            f"<{OTHER_PERSON}> a foaf:Person ; dcterms:isReplacedBy <{PERSON}> .",
        ),
        ("authority/idref/2", f"<{PERSON}> owl:sameAs <{PERSEE}> ."),
        ("authority/persee/1", f"<{PERSEE}> a foaf:Organization ."),
    )
    assert found.canonical == {OTHER_PERSON: PERSON}


def test_a_thing_of_two_kinds_joins_nothing_that_either_of_them_excludes():
    found = identities(
        ("authority/idref/1", f"<{PERSON}> a foaf:Person ; owl:sameAs <{BNF}> ."),
        ("authority/bnf/1", f"<{BNF}> a foaf:Person , foaf:Organization ."),
    )
    assert not found.canonical


def test_things_of_unknown_kind_are_not_joined_by_an_issn():
    found = identities(
        ("source/a/1", '<id/document/x> bibo:issn "0395-2649" .'),
        ("source/a/2", '<id/document/y> a bibo:Journal ; bibo:issn "0395-2649" .'),
    )
    assert not found.canonical


def test_a_library_is_known_by_its_iri_alone():
    found = identities(
        ("source/a/a", f"<id/library/751132108> skos:exactMatch <{PERSON}> ."),
        ("source/esr/a", f"<id/establishment/ror-1> skos:exactMatch <{PERSON}> ."),
    )
    assert not found.canonical


def test_a_graph_without_a_label_is_never_the_one_whose_label_is_shown():
    label = f'<{BNF}> skos:prefLabel "Hottin, Ch." .'
    found = identities(
        ("authority/bnf/1", label),
        ("authority/idref/1", f"<{PERSON}> a foaf:Person ; owl:sameAs <{BNF}> ."),
    )
    expected = lines(f'<{PERSON}> skos:prefLabel "Hottin, Ch." .', "authority/bnf/1")
    assert found.rewrite(lines(label, "authority/bnf/1")) == expected


def test_lines_without_an_affected_name_are_untouched():
    found = identities(("authority/idref/1", f"<{PERSON}> owl:sameAs <{BNF}> ."))
    text = lines(
        f'<{PERSON}> rdfs:label "x" . <http://data.bnf.fr/ark:/12148/cb1> a foaf:Person .', "a"
    )
    assert found.rewrite(text) is text


NODES = [
    PERSON,
    OTHER_PERSON,
    BNF,
    PERSEE,
    f"{BASE}id/agent/a/b",
    "https://www.sudoc.fr/037596225/id",
]


@given(
    st.lists(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)), max_size=8),
    st.lists(st.tuples(st.sampled_from(NODES), st.sampled_from("12")), max_size=6),
    st.randoms(use_true_random=False),
)
def test_identities_do_not_depend_on_the_order_and_never_join_two_records_of_an_authority(
    same: list[tuple[str, str]], keys: list[tuple[str, str]], chance: random.Random
):
    statements = [f"<{a}> owl:sameAs <{b}> ." for a, b in same]
    statements += [f'<{a}> bibo:doi "{value}" .' for a, value in keys]
    shuffled = statements.copy()
    chance.shuffle(shuffled)
    one = identities(("authority/idref/1", "\n".join(statements)))
    two = identities(("authority/idref/1", "\n".join(shuffled)))
    assert one == two
    clusters: dict[str, set[str]] = {}
    for iri in NODES:
        clusters.setdefault(one.node(iri), set()).add(iri)
    for node, names in clusters.items():
        assert one.node(node) == node
        assert len({n for n in names if n.startswith(IDREF)}) <= 1


def test_lines_change_only_with_what_is_said_of_the_names_in_them():
    """Whoever keeps linked lines relies on it: they are made again where the digest differs."""
    names = [PERSON, OTHER_PERSON, BNF, PERSEE, f"{BASE}id/agent/x", "http://x.example/y#z"]
    graphs = ["source/a/1", "authority/bnf/1", "authority/idref/1"]
    number = random.Random(7)
    kept = same = 0
    starts = frozenset[str]()
    marks: set[int] | None = None
    said = made = None
    text = lines(
        f'<{BNF}> rdfs:label "Hottin"@fr ; dcterms:creator <{PERSEE}> . <{PERSON}> a foaf:Person .',
        "source/b/2",
    )
    for _ in range(300):
        one, other = number.sample(names, 2)
        statements = [
            (number.choice(graphs), f"<{one}> owl:sameAs <{other}> ."),
            (number.choice(graphs), f'<{number.choice(names)}> rdfs:label "C. Hottin"@fr .'),
            ("source/b/2", f'<{BNF}> rdfs:label "Hottin"@fr .'),
        ]
        found = identities(*statements)
        covered = found.look_for(starts)
        starts = found.starts
        if covered and marks is not None and found.said_of(marks) == said:
            assert found.rewrite(text) == made
            same += 1
            continue
        marks = set()
        changes = list(found.changes(text, marks))
        said, made = found.said_of(marks), found.rewrite(text)
        assert bool(changes) == (made != text)
        kept += 1
    assert same > 30
    assert kept > 30
