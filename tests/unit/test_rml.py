import io

import pytest
from click.testing import CliRunner
from pyoxigraph import RdfFormat, parse

from collex_graph.cli import main
from collex_graph.errors import ResourceFileError, UnreadableSourceError
from collex_graph.mapping.plan import compile_mapping
from collex_graph.mapping.rml import read_rml
from collex_graph.workbench import run_mapping

EX = "http://example.org/"
XSD = "http://www.w3.org/2001/XMLSchema#"
PREFIXES = """@prefix rml: <http://w3id.org/rml/> .
@prefix ex: <http://example.org/> . @prefix csvw: <http://www.w3.org/ns/csvw#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix collex-fn: <https://w3id.org/collex-graph/functions#> .
"""
CSV = """
ex:Book rml:logicalSource [ rml:source "books.csv" ; rml:referenceFormulation rml:CSV ] ;
  rml:subjectMap [ rml:template "http://example.org/book/{id}" %s ] ;
  rml:predicateObjectMap [ rml:predicate ex:p ; %s ] .
"""
JSON = CSV.replace('"books.csv"', '"books.json" ; rml:iterator "$[*]"').replace(
    "rml:CSV", "rml:JSONPath"
)
OLD = """@base <http://example.org/base/> .
@prefix rr: <http://www.w3.org/ns/r2rml#> .
@prefix rml: <http://semweb.mmlab.be/ns/rml#> .
@prefix ql: <http://semweb.mmlab.be/ns/ql#> .
@prefix ex: <http://example.org/> .
"""


def run(tmp_path, mapping, *, base="http://example.org/base/", **files):
    """The quads of a document, and the problems with values."""
    (tmp_path / "mapping.ttl").write_text(mapping, encoding="utf-8")
    for name, text in files.items():
        (tmp_path / name.replace("_", ".")).write_text(text, encoding="utf-8")
    out, problems = io.BytesIO(), []
    run_mapping(tmp_path / "mapping.ttl", base, "", out, problems.append)
    quads = list(parse(out.getvalue(), format=RdfFormat.N_QUADS))
    return quads, [(p.note.rule, p.note.value) for p in problems]


def objects(tmp_path, object_map, *, json=None, csv="id,name,tag\n1,Zoë,fr\n"):
    document = CSV if json is None else JSON
    files = {"books_csv": csv} if json is None else {"books_json": json}
    quads, problems = run(tmp_path, PREFIXES + document % ("", object_map), **files)
    return [str(quad.object) for quad in quads], problems


def refusal(tmp_path, mapping):
    path = tmp_path / "mapping.ttl"
    path.write_text(mapping, encoding="utf-8")
    with pytest.raises(ResourceFileError) as raised:
        compile_mapping(read_rml(path, EX), EX, blank_nodes=True)
    assert str(path) in str(raised.value)
    return raised.value.line, str(raised.value)


# --- terms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("object_map", "expected"),
    [
        ('rml:objectMap [ rml:reference "name" ]', '"Zoë"'),
        ('rml:objectMap [ rml:reference "name" ; rml:language "fr" ]', '"Zoë"@fr'),
        (
            'rml:objectMap [ rml:reference "name" ; rml:languageMap [ rml:reference "tag" ] ]',
            '"Zoë"@fr',
        ),
        (
            'rml:objectMap [ rml:reference "id" ; rml:datatype xsd:int ]',
            f'"1"^^<{XSD}int>',
        ),
        (
            (
                'rml:objectMap [ rml:reference "id" ; '
                'rml:datatypeMap [ rml:template "http://example.org/{tag}" ] ]'
            ),
            '"1"^^<http://example.org/fr>',
        ),
        ('rml:objectMap [ rml:template "http://example.org/{name}" ]', f"<{EX}Zoë>"),
        (
            'rml:objectMap [ rml:template "http://example.org/{name}" ; rml:termType rml:URI ]',
            f"<{EX}Zo%C3%AB>",
        ),
        ('rml:objectMap [ rml:template "{name}" ]', f"<{EX}base/Zoë>"),
        (
            'rml:objectMap [ rml:reference "name" ; rml:termType rml:IRI ]',
            f"<{EX}base/Zoë>",
        ),
        (
            'rml:objectMap [ rml:template "\\\\{{name}\\\\}" ; rml:termType rml:Literal ]',
            '"{Zoë}"',
        ),
        ("rml:object ex:thing", f"<{EX}thing>"),
        ("rml:object true", f'"true"^^<{XSD}boolean>'),
        ('rml:objectMap [ rml:constant "x"@fr ]', '"x"@fr'),
        (
            (
                "rml:objectMap [ rml:functionExecution [ rml:function collex-fn:first ; rml:input "
                "[ rml:parameter collex-fn:value ; rml:inputValueMap [ rml:reference 'none' ] ] , "
                '[ rml:parameter collex-fn:otherwise ; rml:inputValue "other" ] ] ]'
            ),
            '"other"',
        ),
    ],
)
def test_a_term_map_makes_the_term_that_the_specification_says(tmp_path, object_map, expected):
    csv = "id,name,tag,none\n1,Zoë,fr,\n"
    assert objects(tmp_path, object_map, csv=csv) == ([expected], [])


@pytest.mark.parametrize(("kind", "made"), [("IRI", [f"<{EX}base/Zoë>"]), ("URI", [])])
def test_a_uri_has_no_letters_of_other_scripts_where_nothing_encodes_them(tmp_path, kind, made):
    found, problems = objects(
        tmp_path, f'rml:objectMap [ rml:reference "name" ; rml:termType rml:{kind} ]'
    )
    assert found == made
    assert problems == ([] if made else [("InvalidIri", "Zoë")])


def test_a_dialect_states_the_delimiter(tmp_path):
    document = CSV.replace(
        '"books.csv"', "[ csvw:url 'books.csv' ; csvw:dialect [ csvw:delimiter '|' ] ]"
    )
    map_ = 'rml:objectMap [ rml:reference "a,b" ]'
    quads, _ = run(tmp_path, PREFIXES + document % ("", map_), books_csv="id|a,b\n1|x,y\n")
    assert [str(quad.object) for quad in quads] == ['"x,y"']


def test_numbers_and_truth_values_of_json_have_their_datatypes(tmp_path):
    json = '[{"id": 1, "v": [12, 1.50, true, null, "", " a  b ", "01"]}]'
    found, problems = objects(tmp_path, 'rml:objectMap [ rml:reference "$.v[*]" ]', json=json)
    assert (found, problems) == (
        [
            f'"12"^^<{XSD}integer>',
            f'"1.5E0"^^<{XSD}double>',
            f'"true"^^<{XSD}boolean>',
            '""',
            '" a  b "',
            '"01"',
        ],
        [],
    )


def test_a_reference_to_a_list_is_a_problem_and_the_rest_is_kept(tmp_path):
    map_ = 'rml:objectMap [ rml:reference "$.v" ], [ rml:reference "$.id" ]'
    found, problems = objects(tmp_path, map_, json='[{"id": "a", "v": [1]}]')
    assert found == ['"a"']
    assert problems == [("NotOneValue", "$.v")]


def test_term_maps_of_one_triple_take_their_values_independently(tmp_path):
    document = JSON.replace("book/{id}", "book/{$.v[*]}")
    map_ = 'rml:objectMap [ rml:reference "$.v[*]" ]'
    quads, _ = run(tmp_path, PREFIXES + document % ("", map_), books_json='[{"v": ["a", "b"]}]')
    assert len(quads) == 4


def test_cells_keep_their_white_space_and_empty_ones_say_nothing(tmp_path):
    map_ = 'rml:objectMap [ rml:reference "name" ]'
    assert objects(tmp_path, map_, csv="id,name\n1, a  b \n2,\n") == (['" a  b "'], [])


def test_columns_may_have_the_names_of_our_engine_s_values(tmp_path):
    map_ = 'rml:objectMap [ rml:reference "_row" ]'
    assert objects(tmp_path, map_, csv="id,_row\n1,x\n") == (['"x"'], [])


def test_blank_nodes_of_one_text_are_one_and_a_map_without_text_makes_one_a_record(tmp_path):
    same = CSV.replace('"http://example.org/book/{id}" %s', '"{name}" ; rml:termType rml:BlankNode')
    new = CSV.replace(
        'rml:template "http://example.org/book/{id}" %s', "rml:termType rml:BlankNode"
    )
    map_ = 'rml:objectMap [ rml:reference "id" ]'
    for document, nodes in ((same, 1), (new, 2)):
        quads, _ = run(tmp_path, PREFIXES + document % map_, books_csv="id,name\n1,A b\n2,A b\n")
        assert (len(quads), len({quad.subject for quad in quads})) == (2, nodes)


def test_a_constant_blank_node_is_never_one_of_the_source(tmp_path):
    map_ = (
        'rml:objectMap [ rml:constant _:x ] , [ rml:reference "name" ; rml:termType rml:BlankNode ]'
    )
    quads, _ = run(tmp_path, PREFIXES + CSV % ("", map_), books_csv="id,name\n1,x\n")
    assert len({quad.object for quad in quads}) == 2


def test_graphs_of_subject_and_predicate_object_map_are_both_used(tmp_path):
    map_ = 'rml:objectMap [ rml:reference "name" ] ; rml:graph rml:defaultGraph'
    document = PREFIXES + CSV % ("; rml:class ex:Book ; rml:graph ex:g", map_)
    quads, _ = run(tmp_path, document, books_csv="id,name\n1,A\n")
    assert sorted((q.object.value, getattr(q.graph_name, "value", "")) for q in quads) == [
        ("A", ""),
        ("A", f"{EX}g"),
        (f"{EX}Book", f"{EX}g"),
    ]


def test_a_graph_without_a_value_leaves_out_nothing_but_itself(tmp_path):
    map_ = 'rml:objectMap [ rml:reference "id" ] ; rml:graphMap [ rml:template "{other}" ]'
    graph = '; rml:class ex:Book ; rml:graphMap [ rml:template "http://example.org/g/{name}" ]'
    quads, _ = run(
        tmp_path, PREFIXES + CSV % (graph, map_), books_csv="id,name,other\n1,,x\n2,a,\n"
    )
    assert sorted((q.object.value, q.graph_name.value.removeprefix(EX)) for q in quads) == [
        ("1", "base/x"),
        ("2", "g/a"),
        (f"{EX}Book", "g/a"),
    ]


def test_a_term_type_has_no_effect_on_a_constant(tmp_path):
    map_ = "rml:objectMap [ rml:constant ex:o ; rml:termType rml:Literal ]"
    assert objects(tmp_path, map_) == ([f"<{EX}o>"], [])


def test_constants_alone_need_no_source(tmp_path):
    document = (
        PREFIXES
        + """
ex:T rml:subject ex:s ; rml:predicateObjectMap [ rml:predicate ex:p ; rml:object ex:o , 1 ] .
"""
    )
    quads, _ = run(tmp_path, document)
    assert len(quads) == 2
    assert (
        "to read 'name' from"
        in refusal(
            tmp_path,
            document.replace("rml:object ex:o , 1", 'rml:objectMap [ rml:reference "name" ]'),
        )[1]
    )


# --- both vocabularies ---------------------------------------------------------------------------


def test_the_old_vocabulary_says_the_same_with_numbers_as_texts(tmp_path):
    document = (
        OLD
        + """
<TM> rml:logicalSource [ rml:source "books.json" ; rml:referenceFormulation ql:JSONPath ;
    rml:iterator "$[*]" ] ;
  rr:subjectMap [ rr:template "{Book Code}" ; rr:class ex:Book ] ;
  rr:predicateObjectMap [ rr:predicate ex:p ; rr:objectMap [ rml:reference "pages" ] ] .
"""
    )
    quads, _ = run(tmp_path, document, base=None, books_json='[{"Book Code": "a b", "pages": 12}]')
    assert sorted(str(quad.object) for quad in quads) == ['"12"', f"<{EX}Book>"]
    assert {quad.subject.value for quad in quads} == {f"{EX}base/a%20b"}


def test_joins_find_the_subjects_of_another_source(tmp_path):
    document = (
        PREFIXES
        + """
ex:Loan rml:logicalSource [ rml:source "loans.csv" ; rml:referenceFormulation rml:CSV ] ;
  rml:subjectMap [ rml:template "http://example.org/loan/{id}" ] ;
  rml:predicateObjectMap [ rml:predicate ex:of ; rml:objectMap [
    rml:parentTriplesMap ex:Book ;
    rml:joinCondition [ rml:child "book" ; rml:parent "mark" ],
      [ rml:childMap [ rml:template "{site}" ] ; rml:parentMap [ rml:constant "Paris" ] ] ] ] .
ex:Book rml:logicalSource [ rml:source [ a rml:RelativePathSource ;
      rml:root rml:MappingDirectory ; rml:path "books.csv" ] ; rml:referenceFormulation rml:CSV ] ;
  rml:subjectMap [ rml:template "http://example.org/book/{copy}" ] .
"""
    )
    quads, _ = run(
        tmp_path,
        document,
        loans_csv="id,book,site\n1,A,Paris\n2,A,Lyon\n3,C,Paris\n",
        books_csv="mark,copy\nA,2\nA,1\nB,3\n",
    )
    assert [(q.subject.value[len(EX) :], q.object.value[len(EX) :]) for q in quads] == [
        ("loan/1", "book/1"),
        ("loan/1", "book/2"),
    ]


def test_xml_is_read_with_the_namespaces_of_the_reference_formulation(tmp_path):
    document = (
        PREFIXES
        + """
ex:T rml:logicalSource [ rml:source "a.xml" ; rml:iterator "//m:book" ; rml:referenceFormulation [
      a rml:XPathReferenceFormulation ; rml:namespace [ rml:namespacePrefix "m" ;
        rml:namespaceURL "http://example.org/m" ] ] ] ;
  rml:subjectMap [ rml:template "http://example.org/{@id}" ] ;
  rml:predicateObjectMap [ rml:predicate ex:p ; rml:objectMap [ rml:reference "m:title" ] ] .
"""
    )
    xml = '<l xmlns="http://example.org/m"><book id="1"><title>a  <b>b</b></title></book></l>'
    quads, _ = run(tmp_path, document, a_xml=xml)
    assert [str(quad.object) for quad in quads] == ['"a  b"']


# --- what is refused -----------------------------------------------------------------------------

REFUSED = {
    "a database": (
        ('"books.csv"', '[ a <http://example.org/Database> ]'), 5, "rml:path; not supported"
    ),
    "a dialect": (
        (
            '"books.csv"',
            "[ csvw:url 'books.csv' ; csvw:dialect [ csvw:header false ] ]",
        ),
        5,
        "header is not supported in a CSVW dialect; known: delimiter",
    ),
    "a long delimiter": (
        ('"books.csv"', "[ csvw:url 'books.csv' ; csvw:dialect [ csvw:delimiter '||' ] ]"),
        5,
        "a delimiter is one character",
    ),
    "a target of RML of 2013": (
        ("ex:p ;", "ex:p ; <http://semweb.mmlab.be/ns/rml-target#logicalTarget> ex:t ;"),
        7,
        "logicalTarget is not supported",
    ),
    "a query": (("rml:CSV ]", 'rml:CSV ; rml:query "SELECT" ]'), 5, "query is not supported"),
    "SPARQL": (("rml:CSV", "rml:SPARQL_Results_CSV"), 5, "SPARQL_Results_CSV is not supported"),
    "a target": (("ex:p ;", "ex:p ; rml:logicalTarget ex:t ;"), 7, "logicalTarget is not"),
    "a near miss": (("rml:template", "rml:templat"), 6, "did you mean template"),
    "no file": (('rml:source "books.csv" ; ', ""), 5, "no rml:source"),
    "a term type": (("/{id}\"", "/{id}\" ; rml:termType rml:Literal"), 6, "not a literal"),
    "an unknown term type": (("/{id}\"", "/{id}\" ; rml:termType rml:Litteral"), 6, "did you mean"),
    "two subjects": (("rml:subjectMap [", "rml:subject ex:s ; rml:subjectMap ["), 5, "this one 2"),
    "braces": (("{id}", "{{id}}"), 6, "a brace inside a reference"),
    "an open reference": (("{id}", "{id"), 6, "a reference has no end"),
    "a foreign function": (
        (
            'rml:reference "name"',
            "rml:functionExecution [ rml:function ex:f ]",
        ),
        7,
        "<http://example.org/f> is none of this project",
    ),
    "a parent that is not there": (
        ('rml:reference "name"', "rml:parentTriplesMap ex:Other"), 7, "no triples map"
    ),
    "Turtle": (("rml:CSV ] ;", "rml:CSV ;"), 8, "not Turtle"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_outside_the_subset_is_refused_by_name_and_line(tmp_path, what):
    (old, new), line, words = REFUSED[what]
    document = PREFIXES + CSV % ("", 'rml:objectMap [ rml:reference "name" ]')
    assert old in document
    found, message = refusal(tmp_path, document.replace(old, new).replace("\n\n", "\n"))
    assert words in message
    assert found is not None
    assert abs(found - line) <= 1


def test_blank_nodes_are_refused_where_they_would_be_published(tmp_path):
    document = CSV.replace(
        '"http://example.org/book/{id}" %s', '"{id}" ; rml:termType rml:BlankNode'
    )
    path = tmp_path / "mapping.ttl"
    path.write_text(PREFIXES + document % "rml:object ex:o", encoding="utf-8")
    with pytest.raises(ResourceFileError, match="blank node"):
        compile_mapping(read_rml(path, EX), EX)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UnreadableSourceError, match=r"books\.csv"):
        run(tmp_path, PREFIXES + CSV % ("", "rml:object ex:o"))


# --- the command ---------------------------------------------------------------------------------


def invoke(*arguments):
    return CliRunner().invoke(main, ["mapping", "run", *map(str, arguments)])


def test_the_command_writes_quads_and_says_what_it_left_out(tmp_path):
    document = PREFIXES + CSV % ("", 'rml:objectMap [ rml:reference "id" ; rml:datatype xsd:date ]')
    (tmp_path / "m.ttl").write_text(document, encoding="utf-8")
    (tmp_path / "books.csv").write_text("id\n2020-01-01\n2020-13-01\n", encoding="utf-8")
    result = invoke(tmp_path / "m.ttl")
    assert result.exit_code == 1
    assert result.stdout.count("\n") == 1
    assert "books.csv:row 3: “2020-13-01” is no proper value" in result.stderr
    assert "1 values or records left out" in result.stderr


def test_the_command_runs_yarrrml_beside_its_files(tmp_path):
    (tmp_path / "m.yml").write_text(
        "sources:\n  row: ['*.csv~csv']\nmappings:\n  t:\n    sources: row\n"
        '    s: "base:$(id)"\n    po:\n      - [rdfs:label, "$(name)"]\n',
        encoding="utf-8",
    )
    (tmp_path / "b.csv").write_text("id,name\n1,A\n", encoding="utf-8")
    result = invoke(tmp_path / "m.yml", "--base-iri", EX)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f'<{EX}1> <http://www.w3.org/2000/01/rdf-schema#label> "A" .\n'


def test_a_file_that_cannot_be_read_keeps_no_other_from_being_mapped(tmp_path):
    # the pattern fits the document as well, which is no table
    (tmp_path / "m.txt.yml").write_text(
        "sources:\n  row: {access: '*.txt*', referenceFormulation: csv}\nmappings:\n"
        '  t:\n    sources: row\n    s: "base:$(id)"\n    po:\n      - [rdfs:label, "$(name)"]\n',
        encoding="utf-8",
    )
    (tmp_path / "a.txt").write_text("", encoding="utf-8")
    (tmp_path / "b.txt").write_text("id,name\n1,A\n", encoding="utf-8")
    result = invoke(tmp_path / "m.txt.yml", "--base-iri", EX)
    assert result.exit_code == 1
    assert result.stdout == f'<{EX}1> <http://www.w3.org/2000/01/rdf-schema#label> "A" .\n'
    assert [line for line in result.stderr.splitlines() if "a.txt" in line]
    assert "m.txt.yml" not in result.stderr


def test_one_of_several_patterns_may_have_no_file_in_either_language(tmp_path):
    yarrrml = tmp_path / "m.yml"
    yarrrml.write_text(
        "sources:\n  row: {access: ['*.csv', '*.xlsx'], referenceFormulation: csv}\nmappings:\n"
        '  t:\n    sources: row\n    s: "base:$(id)"\n    po:\n      - [rdfs:label, "$(name)"]\n',
        encoding="utf-8",
    )
    exported = CliRunner().invoke(main, ["mapping", "export", str(yarrrml)]).stdout
    (tmp_path / "m.ttl").write_text(exported, encoding="utf-8")
    assert "has no such file" in invoke(tmp_path / "m.ttl").stderr
    (tmp_path / "b.csv").write_text("id,name\n1,A\n", encoding="utf-8")
    written, run = (invoke(tmp_path / name).stdout for name in ("m.yml", "m.ttl"))
    assert written == run != ""


def test_the_command_fails_with_a_message_for_what_it_cannot_use(tmp_path):
    (tmp_path / "m.ttl").write_text(PREFIXES, encoding="utf-8")
    result = invoke(tmp_path / "m.ttl")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no triples map" in result.stderr


def test_a_compressed_source_is_read(tmp_path):
    import gzip

    (tmp_path / "books.csv.gz").write_bytes(gzip.compress(b"id,name\n1,A\n"))
    document = CSV.replace('"books.csv"', '"books.csv.gz"')
    quads, _ = run(tmp_path, PREFIXES + document % ("", 'rml:objectMap [ rml:reference "name" ]'))
    assert [str(quad.object) for quad in quads] == ['"A"']
