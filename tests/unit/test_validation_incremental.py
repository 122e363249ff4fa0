"""`validate_changes` finds what a full run would."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Store, Triple

from collex_graph.model import Position
from collex_graph.rdf.namespaces import term
from collex_graph.validation.any_shapes import read_any_shapes
from collex_graph.validation.compiler import compile_shapes
from collex_graph.validation.dependencies import steps_of_part
from collex_graph.validation.incremental import validate_changes
from collex_graph.validation.shapes import shapes
from collex_graph.validation.validator import validate_store

EX = "http://example.org/"
SHAPES = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix ex: <http://example.org/> .
ex:AShape a sh:NodeShape ; sh:targetClass ex:A ;
  sh:property ex:own , ex:chain , ex:back , ex:kind , ex:deep ; sh:closed false .
ex:own a sh:PropertyShape ; sh:path ex:p ; sh:minCount 1 ; sh:maxCount 1 .
ex:chain a sh:PropertyShape ; sh:path ( ex:p [ sh:zeroOrMorePath ex:q ] rdfs:label ) ;
  sh:minCount 1 .
ex:back a sh:PropertyShape ; sh:path [ sh:inversePath ex:q ] ; sh:maxCount 1 .
ex:kind a sh:PropertyShape ; sh:path ex:q ; sh:class ex:B .
ex:deep a sh:PropertyShape ; sh:path ex:r ; sh:node [ sh:property [ sh:path ex:p ; sh:minCount 1 ] ] .
ex:ObjectShape a sh:NodeShape ; sh:targetObjectsOf ex:p ; sh:property ex:named .
ex:named a sh:PropertyShape ; sh:path rdfs:label ; sh:minCount 1 .
ex:SubjectShape a sh:NodeShape ; sh:targetSubjectsOf ex:r ; sh:property ex:pair .
ex:pair a sh:PropertyShape ; sh:path ex:p ; sh:disjoint ex:q .
ex:QueryShape a sh:NodeShape ; sh:targetClass ex:B ; sh:sparql [
  sh:select "SELECT $this ?value WHERE { $this <http://example.org/p> ?x . ?value <http://example.org/q> ?x . FILTER NOT EXISTS { ?value <http://example.org/r> ?y } }" ] .
ex:FarShape a sh:NodeShape ; sh:targetClass ex:C ; sh:sparql [
  sh:select "SELECT $this WHERE { $this <http://example.org/p> ?x . FILTER EXISTS { ?y <http://example.org/r> ?z } }" ] .
"""  # noqa: E501
NODES = [NamedNode(f"{EX}{name}") for name in "abcdef"]
CLASSES = [NamedNode(f"{EX}{name}") for name in "ABC"]
statements = st.one_of(
    st.builds(Triple, st.sampled_from(NODES), st.just(term("rdf:type")), st.sampled_from(CLASSES)),
    st.builds(
        Triple,
        st.sampled_from(NODES),
        st.sampled_from([NamedNode(f"{EX}{name}") for name in "pqr"]),
        st.sampled_from(NODES),
    ),
    st.builds(
        Triple,
        st.sampled_from(NODES),
        st.just(term("rdfs:label")),
        st.sampled_from([Literal("un", language="fr"), Literal("two")]),
    ),
)
OURS = {
    "collex:Notice": ("foaf:primaryTopic", "dcterms:isPartOf"),
    "collex:DescribedUnit": ("collex:discipline", "rico:hasOrHadHolder", "rico:title"),
    "collex:Labelling": ("collex:concerns", "collex:status"),
    "collex:AccessPoint": ("collex:pointOf", "collex:refersTo", "dcterms:isPartOf"),
}
our_statements = st.one_of(
    st.builds(
        Triple,
        st.sampled_from(NODES),
        st.just(term("rdf:type")),
        st.sampled_from([term(name) for name in OURS]),
    ),
    st.builds(
        Triple,
        st.sampled_from(NODES),
        st.sampled_from([term(name) for names in OURS.values() for name in names]),
        st.sampled_from([*NODES, Literal("Fonds", language="fr")]),
    ),
    st.builds(
        Triple, st.sampled_from(NODES), st.just(term("rdfs:label")), st.just(Literal("Un fonds"))
    ),
)


def store_of(triples):
    store = Store()
    store.extend(Quad(t.subject, t.predicate, t.object) for t in triples)
    return store


def equals_the_full_run(before, came, gone, against=None):
    positions = {node.value: Position("a.csv", row=row) for row, node in enumerate(NODES[:4])}
    former = validate_store(store_of(before), positions=positions, against=against)
    after = (set(before) | set(came)) - set(gone)
    moved = {node.value: Position("a.csv", row=row) for row, node in enumerate(NODES[1:5])}
    store = store_of(after)
    full = validate_store(store, positions=moved, against=against)
    told = validate_changes(store, former, [*came, *gone], positions=moved, against=against)
    assert told == full
    assert [r.messages for r in told] == [r.messages for r in full]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(statements, max_size=25), st.lists(statements, max_size=3), st.data())
def test_judging_what_a_change_touches_finds_what_a_full_run_does(
    tmp_path_factory, before, came, data
):
    folder = tmp_path_factory.getbasetemp()
    path = folder / "shapes-of-changes.ttl"
    if not path.exists():
        path.write_text(SHAPES, encoding="utf-8")
    gone = data.draw(st.lists(st.sampled_from(before), max_size=2)) if before else []
    equals_the_full_run(before, came, gone, read_any_shapes(path))


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(our_statements, min_size=20, max_size=40), st.lists(our_statements, max_size=3))
def test_so_it_does_with_our_own_shapes(before, came):
    equals_the_full_run(before, came, before[:1])


def test_no_shape_of_ours_may_look_at_anything():
    own = shapes()
    parts = compile_shapes(own.graph, lambda name: [name])
    assert [part.shape for part in parts if steps_of_part(own.graph, part) is None] == []


def test_a_shape_with_a_query_far_below_it_may_look_at_anything(tmp_path):
    path = tmp_path / "shapes.ttl"
    path.write_text(
        "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <http://example.org/> .\n"
        "ex:AShape a sh:NodeShape ; sh:targetClass ex:A ; sh:property ex:one .\n"
        "ex:one a sh:PropertyShape ; sh:path ex:p ; sh:property ex:two ; sh:sparql [\n"
        '  sh:select "SELECT $this WHERE { $this <http://example.org/p> 1 }" ] .\n'
        "ex:two a sh:PropertyShape ; sh:path ex:q ; sh:property ex:three .\n"
        "ex:three a sh:PropertyShape ; sh:path ex:r ; sh:sparql [\n"
        '  sh:select "SELECT $this WHERE { ?other <http://example.org/r> $this }" ] .\n',
        encoding="utf-8",
    )
    graph = read_any_shapes(path).graph
    (part,) = compile_shapes(graph, lambda name: [name])
    assert steps_of_part(graph, part) is None


def test_what_comes_to_be_of_a_class_with_a_nameless_one_below_it_is_judged(tmp_path):
    path = tmp_path / "shapes.ttl"
    path.write_text(SHAPES, encoding="utf-8")
    below = Triple(BlankNode(), term("rdfs:subClassOf"), CLASSES[0])
    before = [below, Triple(NODES[0], term("rdf:type"), CLASSES[0])]
    came = [Triple(NODES[1], term("rdf:type"), CLASSES[0])]
    equals_the_full_run(before, came, before[1:], read_any_shapes(path))


def test_a_change_of_one_record_judges_few_nodes(monkeypatch):
    from collex_graph.validation import engine

    kind, unit = term("rdf:type"), term("collex:DescribedUnit")
    triples = [Triple(NamedNode(f"{EX}{n}"), kind, unit) for n in range(300)]
    former = validate_store(store_of(triples))
    change = Triple(NamedNode(f"{EX}7"), term("rico:title"), Literal("Titre", language="fr"))
    asked = []
    violations_of = engine.Engine.violations_of

    def counted(self, part, focus=None):
        asked.append(len(self.focus_nodes(part) if focus is None else focus))
        return violations_of(self, part, focus)

    monkeypatch.setattr(engine.Engine, "violations_of", counted)
    store = store_of([*triples, change])
    told = validate_changes(store, former, [change])
    assert set(asked) == {0, 1}
    assert told == validate_store(store)
    assert len(told) < len(former)
