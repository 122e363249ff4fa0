"""The engine of validation on shapes of its own: compiled, node by node, and left to pySHACL."""

import time

import pyoxigraph
import pytest
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Store

from collex_graph.errors import ResourceFileError
from collex_graph.rdf.namespaces import expand, term
from collex_graph.validation.data_graph import DataGraph
from collex_graph.validation.engine import Engine
from collex_graph.validation.prebinding import Query
from collex_graph.validation.reference import Reference
from collex_graph.validation.shapes import read_shapes
from collex_graph.validation.shapes_graph import ShapeError, ShapesGraph
from collex_graph.validation.validator import validate, validate_store
from collex_graph.validation.validator import ways as our_ways

EX = "http://example.org/"
PREFIXES = f"@prefix ex: <{EX}> .\n" + "".join(
    f"@prefix {name}: <{expand(name + ':')}> .\n"
    for name in ("rdf", "rdfs", "rico", "sh", "xsd", "owl", "collex", "collex-sh", "dcterms")
)


def read(turtle):
    return list(pyoxigraph.parse((PREFIXES + turtle).encode(), format=RdfFormat.TURTLE))


def engine_of(shape, data):
    """Return the engine for shapes in Turtle, and quads or a DataGraph."""
    graph = ShapesGraph(quad.triple for quad in read(shape))
    data = data if isinstance(data, DataGraph) else DataGraph.of_statements(data)
    return Engine(graph, Reference(graph), data)


def found(shape, turtle, wanted=None):
    """Return the results as (focus node, component, value), sorted."""
    results = engine_of(shape, read(turtle)).violations(wanted)
    return sorted((name(r.focus), part(r.component), name(r.value)) for r in results)


def part(component):
    return component.removeprefix(expand("sh:")).removesuffix("ConstraintComponent")


def name(value):
    if value is None:
        return ""
    if isinstance(value, BlankNode):
        return "_"
    return value.value.removeprefix(EX)


def ways(engine):
    """Return the ways that the parts of the engine take."""
    return list(engine.ways().values())


NODE = "ex:S a sh:NodeShape ; sh:targetClass ex:C ; "
PROPERTY = "ex:S a sh:PropertyShape ; sh:targetClass ex:C ; "


class TestConstraints:
    """One case a component: a node that keeps it (``ex:good``) and nodes that break it."""

    @pytest.mark.parametrize(
        ("constraint", "good", "bad", "component", "values"),
        [
            ("sh:minCount 1", "ex:p 1", "ex:q 1", "MinCount", [""]),
            ("sh:minCount 3", "ex:p 1 , 2 , 3", "ex:p 1 , 2", "MinCount", [""]),
            ("sh:maxCount 0", "ex:q 1", "ex:p 1 , 2", "MaxCount", [""]),
            ("sh:maxCount 1", "ex:p 1", "ex:p 1 , 2 , 3", "MaxCount", [""]),
            ("sh:maxCount 2", "ex:p 1 , 2", "ex:p 1 , 2 , 3", "MaxCount", [""]),
            ("sh:nodeKind sh:IRI", "ex:p ex:x", "ex:p 'x' , []", "NodeKind", ["_", "x"]),
            ("sh:datatype xsd:integer", "ex:p 1", "ex:p 'x'^^xsd:integer", "Datatype", ["x"]),
            ("sh:datatype rdf:langString", "ex:p 'x'@fr", "ex:p 'x'", "Datatype", ["x"]),
            ("sh:datatype xsd:hexBinary", "ex:p '0A'^^xsd:hexBinary",
             "ex:p 'xy'^^xsd:hexBinary", "Datatype", ["xy"]),
            ("sh:class ex:K", "ex:p ex:k", "ex:p ex:x , 'x'", "Class", ["x", "x"]),
            ("sh:minInclusive 5", "ex:p 5 , 6.5", "ex:p 4 , 'x' , true", "MinInclusive",
             ["4", "true", "x"]),
            ("sh:maxExclusive 5", "ex:p 4", "ex:p 5", "MaxExclusive", ["5"]),
            ("sh:minExclusive '2020-01-01'^^xsd:date", "ex:p '2020-01-02'^^xsd:date",
             "ex:p '2020-01-01'^^xsd:date , 2021", "MinExclusive", ["2020-01-01", "2021"]),
            ("sh:minLength 2", "ex:p 'ab'", "ex:p 'a' , []", "MinLength", ["_", "a"]),
            ("sh:maxLength 2", "ex:p 'né'@fr , 'ab'", "ex:p 'abc'", "MaxLength", ["abc"]),
            ("sh:pattern '^a' ; sh:flags 'i'", "ex:p 'Ab'", "ex:p 'b' , []", "Pattern", ["_", "b"]),
            ("sh:pattern '^(?!a)'", "ex:p 'b'", "ex:p 'a'", "Pattern", ["a"]),
            ("sh:languageIn ('fr' 'en')", "ex:p 'a'@fr-CA , 'b'@en", "ex:p 'a'@de , 'b'",
             "LanguageIn", ["a", "b"]),
            ("sh:uniqueLang true", "ex:p 'a'@fr , 'a'@en , 'a' , 'b'",
             "ex:p 'a'@fr , 'b'@fr , 'c'@fr , 'a'@en , 'b'@en", "UniqueLang", ["", ""]),
            ("sh:in ('a' ex:x)", "ex:p 'a' , ex:x", "ex:p 'a'@fr , ex:y", "In", ["a", "y"]),
            ("sh:hasValue 'a'", "ex:p 'a' , 'b'", "ex:p 'a'@fr", "HasValue", [""]),
            ("sh:equals ex:q", "ex:p 1 ; ex:q 1", "ex:p 1 ; ex:q 2", "Equals", ["1", "2"]),
            ("sh:disjoint ex:q", "ex:p 1 ; ex:q 2", "ex:p 1 , 2 ; ex:q 2", "Disjoint", ["2"]),
            ("sh:lessThan ex:q", "ex:p 1 ; ex:q 2", "ex:p 2 ; ex:q 2 , 'x'", "LessThan",
             ["2", "2"]),
            ("sh:lessThanOrEquals ex:q", "ex:p 2 ; ex:q 2", "ex:p '2020'^^xsd:gYear ; ex:q 2030",
             "LessThanOrEquals", ["2020"]),
            ("sh:node [ a sh:NodeShape ; sh:property [ sh:path ex:r ; sh:minCount 2 ] ]",
             "ex:p ex:two", "ex:p ex:one", "Node", ["one"]),
            ("sh:not [ sh:pattern '^a' ]", "ex:p 'b'", "ex:p 'a'", "Not", ["a"]),
            ("sh:and ( [ sh:nodeKind sh:IRI ] [ sh:class ex:K ] )", "ex:p ex:k", "ex:p ex:x",
             "And", ["x"]),
            ("sh:or ( [ sh:nodeKind sh:IRI ] [ sh:datatype xsd:integer ] )", "ex:p ex:k , 1",
             "ex:p 'x'", "Or", ["x"]),
            ("sh:xone ( [ sh:nodeKind sh:IRI ] [ sh:class ex:K ] )", "ex:p ex:x", "ex:p ex:k , 'x'",
             "Xone", ["k", "x"]),
            ("sh:qualifiedValueShape [ sh:class ex:K ] ; sh:qualifiedMinCount 1",
             "ex:p ex:k , ex:x", "ex:p ex:x", "QualifiedMinCount", [""]),
            ("sh:qualifiedValueShape [ sh:nodeKind sh:IRI ] ; sh:qualifiedMaxCount 1",
             "ex:p ex:k , 1 , 2", "ex:p ex:k , ex:x", "QualifiedMaxCount", [""]),
        ],
    )  # fmt: skip
    def test_on_the_values_of_a_property(self, constraint, good, bad, component, values):
        data = (
            f"ex:good a ex:C ; {good} . ex:bad a ex:C ; {bad} . ex:other {bad} ."
            "ex:k a ex:L . ex:L rdfs:subClassOf ex:K . ex:one ex:r 1 . ex:two ex:r 1 , 2 ."
        )
        expected = [("bad", component, value) for value in values]
        assert found(f"{PROPERTY} sh:path ex:p ; {constraint} .", data) == sorted(expected)

    @pytest.mark.parametrize(
        ("constraint", "component", "values"),
        [
            ("sh:nodeKind sh:BlankNode", "NodeKind", ["bad"]),
            ("sh:pattern 'good$'", "Pattern", ["bad"]),
            ("sh:in ( ex:good )", "In", ["bad"]),
            ("sh:hasValue ex:good", "HasValue", [""]),
            ("sh:closed true ; sh:ignoredProperties ( rdf:type ex:p )", "Closed", ["1", "2"]),
            ("sh:disjoint ex:r", "Disjoint", ["bad"]),
            ("sh:not [ sh:path ex:q ; sh:minCount 2 ]", "Not", ["bad"]),
        ],
    )
    def test_on_the_node_itself(self, constraint, component, values):
        data = "ex:good a ex:C ; ex:p 1 . ex:bad a ex:C ; ex:q 1 , 2 ."
        if component == "Disjoint":
            data = "ex:good a ex:C ; ex:r ex:bad . ex:bad a ex:C ; ex:r ex:bad ."
        results = [r for r in found(f"{NODE} {constraint} .", data) if r[0] == "bad"]
        assert results == [("bad", component, value) for value in values]

    def test_a_closed_shape_says_which_property_is_too_much(self):
        shape = f"{NODE} sh:closed true ; sh:ignoredProperties ( rdf:type ) ."
        (result,) = engine_of(shape, read("ex:a a ex:C ; ex:q 1 .")).violations()
        assert result.path == NamedNode(f"{EX}q")

    @pytest.mark.parametrize(
        ("path", "values"),
        [
            ("( ex:p ex:q )", ["c"]),
            ("[ sh:alternativePath ( ex:p ex:r ) ]", ["b", "d"]),
            ("[ sh:inversePath ex:r ]", ["d"]),
            ("[ sh:inversePath ( ex:q ex:r ) ]", ["c"]),
            ("[ sh:zeroOrMorePath ex:p ]", ["a", "b", "e"]),
            ("[ sh:oneOrMorePath ex:p ]", ["b", "e"]),
            ("[ sh:zeroOrOnePath ex:p ]", ["a", "b"]),
            ("( [ sh:zeroOrMorePath ex:p ] ex:q )", ["c"]),
        ],
    )
    def test_a_path_leads_where_it_says(self, path, values):
        data = (
            "ex:a a ex:C ; ex:p ex:b ; ex:r ex:d . ex:b ex:q ex:c ; ex:p ex:e ."
            " ex:d ex:r ex:a . ex:c ex:q ex:d ."
        )
        results = found(f"{PROPERTY} sh:path {path} ; sh:nodeKind sh:Literal .", data)
        assert [value for _, _, value in results] == values

    def test_a_node_that_several_targets_reach_is_checked_once(self):
        shape = (
            "ex:S a sh:NodeShape ; sh:targetClass ex:C , ex:D ; sh:targetSubjectsOf ex:p ;"
            " sh:targetObjectsOf ex:q ; sh:targetNode ex:a , ex:absent ; sh:property"
            " [ a sh:PropertyShape ; sh:path ex:r ; sh:minCount 1 ] ."
        )
        data = "ex:a a ex:C , ex:D ; ex:p 1 , 2 ; ex:q ex:a , ex:b . ex:D rdfs:subClassOf ex:C ."
        assert [focus for focus, _, _ in found(shape, data)] == ["a", "absent", "b"]

    def test_a_shape_that_is_a_class_looks_at_its_instances(self):
        shape = "ex:C a sh:NodeShape , rdfs:Class ; sh:nodeKind sh:BlankNode ."
        assert found(shape, "ex:a a ex:C .") == [("a", "NodeKind", "a")]

    def test_property_shapes_of_a_property_shape_look_at_its_values(self):
        shape = (
            f"{PROPERTY} sh:path ex:p ; sh:property"
            " [ a sh:PropertyShape ; sh:path ex:q ; sh:minCount 1 ] ."
        )
        data = "ex:a a ex:C ; ex:p ex:b . ex:c a ex:C ; ex:p ex:b ."
        # once for each way that leads there, as SHACL has it
        assert found(shape, data) == [("b", "MinCount", "")] * 2

    def test_what_is_deactivated_is_silent(self):
        for off in ("ex:S", "ex:P"):
            shape = (
                f"{NODE} sh:property ex:P . ex:P sh:path ex:p ; sh:minCount 1 ."
                f" {off} sh:deactivated true ."
            )
            assert found(shape, "ex:a a ex:C .") == []


class TestSparql:
    HEAD = f"{PROPERTY} sh:path ex:p ; sh:sparql [ sh:prefixes ex:o ; sh:select "
    DECLARED = f' ] . ex:o sh:declare [ sh:prefix "ex" ; sh:namespace "{EX}"^^xsd:anyURI ] .'
    DATA = "ex:a a ex:C ; ex:p 1 ; ex:q 2 . ex:b a ex:C ; ex:p 3 ; ex:q 2 ."

    def shape(self, query):
        return f'{self.HEAD} """{query}""" {self.DECLARED}'

    @pytest.mark.parametrize(
        ("query", "by_node"),
        [
            ("SELECT $this ?value { $this ex:p ?value ; ex:q ?q FILTER (?value > ?q) }", False),
            ("SELECT $this ?value WHERE { $this $PATH ?value ; ex:q ?q FILTER (?value > ?q) }",
             False),
            (("SELECT $this (MAX(?p) AS ?value) { $this ex:p ?p } GROUP BY $this"
              " HAVING (MAX(?p) > 2)"), False),
            (("SELECT $this ?value { $this ex:p ?value FILTER NOT EXISTS { $this ex:q ?q"
              " FILTER (?value <= ?q) } }"), False),
            (("SELECT $this ?value { { ?x ex:p ?value FILTER (?x = $this && ?value > 2) }"
              " UNION { $this ex:none ?value } }"), True),
            (("SELECT $this ?value { { SELECT $this ?value { $this ex:p ?value ; ex:q ?q"
              " FILTER (?value > ?q) } } }"), True),
            (("SELECT $this ?value { $this ex:p ?value FILTER (?value > 2) } ORDER BY ?value"
              " LIMIT 1"), True),
            (("SELECT $this (MAX(?p) AS ?value) { ?x ex:p ?p FILTER (BOUND($this) && ?x = $this) }"
              " HAVING (MAX(?p) > 2)"), True),
        ],
    )  # fmt: skip
    def test_this_is_the_focus_node_wherever_it_stands(self, query, by_node):
        engine = engine_of(self.shape(query), read(self.DATA))
        results = [(name(r.focus), name(r.value)) for r in engine.violations()]
        assert results == [("b", "3")]
        assert ways(engine) == ["node by node" if by_node else "in place"]

    def test_a_sorted_query_and_a_nested_one_are_left_to_pyshacl(self):
        query = "SELECT $this ?value { $this ex:p ?value . FILTER (?value > 2) } ORDER BY $this"
        limited = query + " LIMIT 5"
        engine = engine_of(self.shape(limited), read(self.DATA))
        assert [name(r.focus) for r in engine.violations()] == ["b"]
        assert ways(engine) == ["pySHACL: a SPARQL constraint sorts by $this"]
        nested = (
            f'{NODE} sh:node ex:T . ex:T a sh:NodeShape ; sh:sparql [ sh:select """'
            f'SELECT $this {{ $this <{EX}p> ?v FILTER (?v > 2) }}""" ] .'
        )
        assert found(nested, self.DATA) == [("b", "Node", "b")]

    def test_a_component_of_the_shapes_own_is_left_to_pyshacl(self):
        shape = (
            f"{NODE} ex:most 2 . ex:Most a sh:ConstraintComponent ;"
            " sh:parameter [ sh:path ex:most ] ; sh:validator [ a sh:SPARQLAskValidator ;"
            f' sh:ask "ASK {{ FILTER NOT EXISTS {{ $value <{EX}p> ?v FILTER (?v > $most) }} }}" ] .'
        )
        engine = engine_of(shape, read(self.DATA))
        assert [(name(r.focus), name(NamedNode(r.component))) for r in engine.violations()] == [
            ("b", "Most")
        ]
        assert "a component the shapes define" in ways(engine)[0]

    @pytest.mark.parametrize(
        ("query", "problem"),
        [
            ("SELECT $this { $this ?p ?o MINUS { $this ex:p 1 } }", "MINUS"),
            ("SELECT $this { VALUES ?x { 1 } $this ?p ?x }", "VALUES"),
            ("SELECT $this { SERVICE <urn:x> { $this ?p ?x } }", "SERVICE"),
            ("SELECT $this { BIND (1 AS $this) }", "this"),
            ("SELECT $this { { SELECT ?x { ?x ?p ?o } } }", "project"),
        ],
    )
    def test_what_shacl_forbids_is_refused(self, query, problem):
        with pytest.raises(ShapeError, match=problem):
            engine_of(self.shape(query), read(self.DATA))

    def test_words_in_texts_and_comments_are_not_keywords(self):
        text = "SELECT $this { $this ?p 'MINUS { $this }' } # VALUES"
        assert Query(text, {}, "", {}).joined("TARGET") == (
            "SELECT $this { TARGET  $this ?p 'MINUS { $this }' } # VALUES"
        )

    def test_each_solution_is_a_result_and_the_same_one_is_said_once(self):
        query = "SELECT $this ?value { $this ex:p ?value . ?other ex:q ?any }"
        results = found(self.shape(query), self.DATA)
        assert results == [("a", "SPARQL", "1"), ("b", "SPARQL", "3")]


class TestRefusals:
    @pytest.mark.parametrize(
        "shape",
        [
            f"{NODE} sh:node ex:S .",
            f"{NODE} sh:property ex:P . ex:P sh:path ex:p ; sh:or ( [ sh:not ex:S ] ) .",
        ],
    )
    def test_a_recursive_shape_is_refused(self, shape):
        with pytest.raises(ShapeError, match="made of itself"):
            engine_of(shape, [])

    @pytest.mark.parametrize(
        ("shape", "problem"),
        [
            ("ex:S a sh:NodeShape ; sh:target [ sh:select 'SELECT ?this {}' ] .", "Advanced"),
            (f"{NODE} sh:rule [] .", "Advanced"),
            (f"{NODE} sh:minCount 1 .", "property shapes"),
            (f"{PROPERTY} sh:path ex:p ; sh:minCount 'x' .", "xsd:integer"),
            (f"{PROPERTY} sh:path ex:p ; sh:nodeKind ex:Kind .", "nodeKind"),
            (f"{PROPERTY} sh:path ex:p ; sh:minKount 1 .", "sh:minKount is not known"),
            (f"{NODE} sh:not [ sh:minlength 1 ] .", "sh:minlength is not known"),
            (f"{PROPERTY} sh:path ex:p , ex:q ; sh:minCount 1 .", "several sh:path"),
            (f"{PROPERTY} sh:path ex:p ; sh:in [ rdf:first 1 ] .", "list"),
            (f"{PROPERTY} sh:path ex:p ; sh:qualifiedMinCount 1 .", "qualifiedValueShape"),
        ],
    )
    def test_a_shape_that_cannot_be_run_as_meant_is_refused(self, shape, problem):
        with pytest.raises(ShapeError, match=problem):
            engine_of(shape, [])

    def test_a_file_of_shapes_is_refused_with_its_line(self, tmp_path):
        words = (
            'rdfs:label "a"@fr , "b"@en ; sh:name "a"@fr , "b"@en ; sh:message "a"@fr , "b"@en ;'
            " sh:severity sh:Warning ; collex-sh:rule collex-sh:CG-M7"
        )
        (tmp_path / "thing.ttl").write_text(
            f"{PREFIXES}collex-sh:ThingShape a sh:NodeShape ; rdfs:label 'a' ;\n"
            " sh:targetClass collex:Thing ; sh:property collex-sh:Thing-part .\n\n"
            "collex-sh:Thing-part a sh:PropertyShape ; sh:path rdfs:label ;\n"
            f" sh:node collex-sh:ThingShape ; {words} .\n",
            encoding="utf-8",
        )
        with pytest.raises(ResourceFileError, match=r"thing\.ttl:\d+: .*made of itself"):
            read_shapes(tmp_path)

    def test_every_shape_of_ours_is_compiled_into_one_query_for_all_nodes(self):
        """A new shape need not be: it is then slow on a large graph, and belongs in this list."""
        slow: dict[str, str] = {}
        assert {rule: way for rule, way in our_ways().items() if way != "in place"} == slow
        assert len(our_ways()) > 80


class TestLiterals:
    """Statements are judged as they are written; a store, as it holds them."""

    SHAPE = f"{PROPERTY} sh:path ex:p ; "

    @pytest.mark.parametrize(
        ("constraint", "values", "bad"),
        [
            ("sh:datatype xsd:nonNegativeInteger", "5 , '5'^^xsd:nonNegativeInteger", ["5"]),
            ("sh:datatype xsd:byte", "'300'^^xsd:byte , '5'^^xsd:byte", ["300"]),
            ("sh:in ( 1.5 )", "1.50 , 1.5", ["1.50"]),
            ("sh:in ( 1.50 )", "1.50 , 1.5", ["1.5"]),
            ("sh:maxCount 1", "'01'^^xsd:integer , 1", [""]),
            ("sh:pattern '^1$'", "'01'^^xsd:integer , 1", ["01"]),
        ],
    )
    def test_a_literal_that_a_store_would_rewrite_is_judged_as_written(
        self, constraint, values, bad
    ):
        data = f"ex:a a ex:C ; ex:p {values} . ex:b a ex:C ; ex:p 1.5 ."
        results = found(f"{self.SHAPE} {constraint} .", data)
        assert [value for focus, _, value in results if focus == "a"] == bad

    def test_only_the_nodes_that_have_such_a_literal_are_left_to_pyshacl(self):
        data = "ex:a a ex:C ; ex:p '01'^^xsd:integer . ex:b a ex:C ; ex:p 1 ."
        engine = engine_of(f"{self.SHAPE} sh:minInclusive 2 .", read(data))
        assert ways(engine) == ["in place"]
        assert sorted(name(r.value) for r in engine.violations()) == ["01", "1"]

    def test_a_store_in_place_is_judged_by_what_it_holds(self):
        store = Store()
        store.extend(read("ex:a a ex:C ; ex:p '5'^^xsd:nonNegativeInteger ."))
        engine = engine_of(f"{self.SHAPE} sh:datatype xsd:integer .", DataGraph(store))
        assert list(engine.violations()) == []

    def test_a_literal_named_as_target_is_the_one_that_is_named(self):
        shape = "ex:S a sh:NodeShape ; sh:targetNode 1.50 , 1.5 ; sh:pattern '5$' ."
        assert found(shape, "ex:a ex:p 1 .") == [("1.50", "Pattern", "1.50")]


class TestStore:
    SHAPE = f"{PROPERTY} sh:path ex:p ; sh:maxCount 1 ."

    def test_a_statement_of_two_graphs_is_one_value(self):
        store = Store()
        for graph in ("g", "h"):
            store.extend(
                Quad(q.subject, q.predicate, q.object, NamedNode(f"urn:x:{graph}"))
                for q in read("ex:a a ex:C ; ex:p 1 .")
            )
        assert list(engine_of(self.SHAPE, DataGraph(store, union=True)).violations()) == []
        assert list(engine_of(self.SHAPE, DataGraph(store)).violations()) == []
        store.add(
            Quad(NamedNode(f"{EX}a"), NamedNode(f"{EX}p"), Literal("2"), NamedNode("urn:x:h"))
        )
        (result,) = engine_of(self.SHAPE, DataGraph(store, union=True)).violations()
        assert name(result.focus) == "a"

    def test_the_store_and_its_statements_give_the_same_results(self):
        quads = read(
            "<urn:x:f> a collex:DescribedUnit , collex:Fonds ; rico:title 'a'@fr , 'b'@fr ;"
            " collex:startYear 'x' . [] a collex:Library ; rdfs:label 'ici'@fr ."
        )
        store = Store()
        store.extend(quads)
        assert validate_store(store) == validate(quads)
        assert len(validate(quads)) > 5

    def test_nothing_is_written_into_a_store_in_place(self):
        store = Store()
        store.extend(read("ex:a a ex:C ; ex:p 1 , 2 ."))
        before = set(store)
        query = "SELECT $this { GRAPH $shapesGraph { ?s ?p ?o } }"
        shape = f'{NODE} sh:sparql [ sh:select "{query}" ] .'
        with pytest.raises(ShapeError, match="shapesGraph"):
            engine_of(shape, DataGraph(store))
        list(engine_of(self.SHAPE, DataGraph(store)).violations())
        assert set(store) == before

    def test_focus_nodes_by_the_thousand_are_asked_for_in_portions(self):
        data = "".join(f"ex:n{n} a ex:C ; ex:p 1 , 2 ." for n in range(2_500))
        engine = engine_of(self.SHAPE, read(data))
        wanted = [NamedNode(f"{EX}n{n}") for n in range(0, 2_500, 2)]
        assert len(list(engine.violations(wanted))) == 1_250
        assert len(list(engine.violations())) == 2_500
        assert list(engine.violations([NamedNode(f"{EX}other")])) == []

    def test_of_many_nodes_only_those_that_the_statements_make_suspect_are_looked_at(
        self, monkeypatch
    ):
        shape = PROPERTY + (
            "sh:path ex:p ; sh:maxCount 1 ; sh:uniqueLang true ; sh:datatype rdf:langString ."
        )
        values = {3: "'a'@fr , 'b'@fr", 5: "1", 8: "'a'@fr , 'b'@en", 9: "'a'"}
        lines = [f"ex:{n} a ex:C ; ex:p {values.get(n, '[]')} ." for n in range(600)]
        text = "\n".join([*lines, "ex:another ex:p 1 , 2 ."]).replace("[]", "'a'@fr")
        asked = []
        rows = DataGraph.rows
        monkeypatch.setattr(
            DataGraph, "rows", lambda self, query, *more: asked.append(query) or rows(self, query)
        )
        everywhere = found(shape, text)
        of_targets = [
            query
            for query in asked
            if f"{EX}C" in query and "COUNT(*)" not in query and not query.endswith("LIMIT 1")
        ]
        assert len(of_targets) == 3
        assert all("VALUES ?this" in query for query in of_targets)
        assert everywhere == found(shape, text, [NamedNode(f"{EX}{n}") for n in range(600)])
        one_by_one = [found(shape, text, [NamedNode(f"{EX}{n}")]) for n in (*values, "another")]
        assert everywhere == sorted(one for some in one_by_one for one in some)
        assert len(everywhere) == 5

    def test_time_grows_with_the_graph_and_not_with_its_square(self):
        """Units in units under a few fonds: a path of any length, inside a negation."""
        shape = (
            "ex:S a sh:PropertyShape ; sh:targetClass ex:C ; sh:minCount 1 ;"
            " sh:path ( [ sh:zeroOrMorePath ex:in ] ex:holder ) ."
        )

        def seconds(count):
            store = Store()
            a, inside, holder = term("rdf:type"), NamedNode(f"{EX}in"), NamedNode(f"{EX}holder")
            nodes = [NamedNode(f"{EX}n{n}") for n in range(count)]
            quads = [Quad(node, a, NamedNode(f"{EX}C"), DefaultGraph()) for node in nodes]
            quads += [
                Quad(node, inside, nodes[n // 10 * 10 if n % 10 else n // 100 * 100])
                for n, node in enumerate(nodes)
                if n % 100
            ]
            quads += [Quad(node, holder, nodes[0]) for node in nodes[::100]]
            store.extend(quads)
            engine = engine_of(shape, DataGraph(store))
            start = time.process_time()
            assert list(engine.violations()) == []
            return time.process_time() - start

        seconds(1_000)
        small, large = seconds(4_000), seconds(32_000)
        # eight times the graph: 8 times as long, or 64 times
        assert large < 24 * max(small, 0.005)


class TestMessages:
    def test_a_message_names_the_node_and_the_value_in_both_languages(self, tmp_path):
        (tmp_path / "thing.ttl").write_text(
            f"{PREFIXES}collex-sh:ThingShape a sh:NodeShape ; rdfs:label 'a' ;\n"
            " sh:targetClass collex:Thing ; sh:property collex-sh:Thing-part .\n\n"
            "collex-sh:Thing-part a sh:PropertyShape ; sh:path ex:p ; sh:datatype xsd:integer ;\n"
            ' rdfs:label "a"@fr , "b"@en ; sh:name "a"@fr , "b"@en ; sh:severity sh:Warning ;'
            ' sh:message "{$this} dit « {?value} » {?autre}"@fr , "{?this} says {?value}"@en ;'
            " collex-sh:rule collex-sh:CG-M7 .\n",
            encoding="utf-8",
        )
        data = read("<urn:x:t> a collex:Thing ; rdfs:label 'la chose'@fr ; ex:p '{?value}' .")
        (result,) = validate(data, against=read_shapes(tmp_path))
        assert result.messages == {
            "fr": "la chose dit « {?value} » {?autre}",
            "en": "la chose says {?value}",
        }


def test_what_was_compiled_is_used_again_in_whatever_order_a_store_gives_the_classes():
    graph = ShapesGraph(
        quad.triple
        for quad in read(
            "ex:S a sh:NodeShape ; sh:targetClass ex:Thing ; "
            "sh:property [ sh:path ex:p ; sh:minCount 1 ] ."
        )
    )
    classes = read("".join(f"ex:C{number} rdfs:subClassOf ex:Thing ." for number in range(4)))
    first, second = (
        Engine(graph, Reference(graph), DataGraph.of_statements(given)).parts
        for given in (classes, classes[::-1])
    )
    assert first is second
