from collections import namedtuple

import pytest
from pyoxigraph import RdfFormat, parse

from collex_graph.errors import ResourceFileError, UnreadableSourceError
from collex_graph.mapping.engine import MappingRun
from collex_graph.mapping.plan import compile_mapping
from collex_graph.mapping.rules import read_mapping
from collex_graph.model import Note, Position, Reading, UnreadableValue
from collex_graph.sources import find_source_files, open_records

BASE = "https://example.org/base/"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"

Function = namedtuple("Function", "name call parameters all_values optional")
FUNCTIONS = {}


def function(*, all_values=(), optional=()):
    def enter(call):
        parameters = call.__code__.co_varnames[: call.__code__.co_argcount]
        FUNCTIONS[call.__name__] = Function(
            call.__name__, call, parameters, frozenset(all_values), frozenset(optional)
        )
        return call

    return enter


@function()
def upper(value):
    return value.upper()


@function()
def split(value):
    return value.split(";")


@function()
def nothing(value):
    return None


@function(all_values=["values"])
def joined(values):
    return "+".join(values)


@function(all_values=["values"], optional=["values"])
def counted(values):
    return str(len(values))


@function(optional=["second"])
def pair(first, second):
    return f"{first}/{second}"


@function(optional=["second"])
def default(first, second="none"):
    return f"{first}/{second}"


@function()
def equal(value, expected):
    return "true" if value == expected else "false"


@function()
def node(value):
    return f"base:id/node/{value}" if value != "none" else None


@function()
def raw(value):
    return value


@function()
def strict(value):
    if "bad" in value:
        raise UnreadableValue("UnreadableDate", value, why="bad")
    return Reading((value.strip("!"),), (Note("HyphenInterval", value),) if "!" in value else ())


@function()
def broken(value):
    return {}["no such key"]


def run(tmp_path, document, content, *, name=None, base=BASE):
    kind = "xml" if "xpath" in document else "csv"
    (tmp_path / "mapping.yml").write_text(document, encoding="utf-8")
    path = tmp_path / (name or f"data.{kind}")
    path.write_text(content, encoding="utf-8")
    run = MappingRun(compile_mapping(read_mapping(tmp_path / "mapping.yml"), base, FUNCTIONS))
    (found,), _ = find_source_files("test", path)
    return run, list(run.map_file(found, open_records))


def quads(records):
    """Every quad, parsed as the store would: (subject, predicate, object) in short form."""
    text = "".join(line for record in records for line in record.lines)
    found = []
    for quad in parse(text.encode(), format=RdfFormat.N_QUADS):
        subject, predicate = (
            term.value.replace(BASE, "").replace(RDFS, "")
            for term in (quad.subject, quad.predicate)
        )
        found.append((subject, predicate, str(quad.object).replace(BASE, "")))
    return found


def objects(tmp_path, rule, content, *, document=None):
    _, records = run(tmp_path, (document or TABLE) + rule + "\n", content)
    return [found[2] for found in quads(records)]


def problems(records):
    return [problem for record in records for problem in record.problems]


TABLE = """
sources:
  row: {access: "*.csv", referenceFormulation: csv}
mappings:
  thing:
    sources: row
    subject: "base:id/$(id)"
    graphs: "base:graph/$(_file)"
    po:
"""
TREE = """
sources:
  item: {access: "*.xml", referenceFormulation: xpath, iterator: "//item"}
mappings:
  thing:
    sources: item
    subject: "base:id/$(@id)"
    graphs: "base:graph/$(_file)"
    po:
"""


# --- terms ---------------------------------------------------------------------------------------


def test_a_row_says_what_its_rules_say(tmp_path):
    rules = """      - [a, skos:Concept]
      - [rdfs:label, "$(name)", fr~lang]
      - [rdfs:seeAlso, "https://x.org/$(name)~iri"]
      - [collex:position, "$(n)", xsd:integer]
      - [rdfs:comment, "n° $(n) of $(name)~literal"]
      - [rdfs:comment, constant~literal]
"""
    _, records = run(tmp_path, TABLE + rules, "id,name,n\na/b,Écriture «1»,7\n")
    (record,) = records
    assert record.subject == f"{BASE}id/a%2Fb"
    assert record.lines[0] == (
        f"<{BASE}id/a%2Fb> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
        f"<http://www.w3.org/2004/02/skos/core#Concept> <{BASE}graph/data> .\n"
    )
    assert [found[2] for found in quads(records)][1:] == [
        '"Écriture «1»"@fr',
        "<https://x.org/%C3%89criture%20%C2%AB1%C2%BB>",
        '"7"^^<http://www.w3.org/2001/XMLSchema#integer>',
        '"n° 7 of Écriture «1»"',
        '"constant"',
    ]


def test_every_character_of_a_literal_survives(tmp_path):
    rule = f"      - {{p: rdfs:label, o: {call('raw', value='$(n)')}}}"
    text = 'quote " backslash \\ brace {x} bell \x07 delete \x7f euro € emoji 🗺 \\u00e9 \\" end'
    quoted = text.replace('"', '""')
    _, records = run(tmp_path, TABLE + rule, f'id,n\n1,"{quoted}"\n')
    (quad,) = parse("".join(records[0].lines).encode(), format=RdfFormat.N_QUADS)
    assert quad.object.value == text


def test_line_ends_of_a_function_s_result_are_escaped(tmp_path):
    @function()
    def lines(value):
        return "one\n\ntwo\r\tthree"

    rule = "      - {p: rdfs:label, o: {f: collex-fn:lines, pms: [[collex-fn:value, '$(id)']]}}"
    _, records = run(tmp_path, TABLE + rule, "id\n1\n")
    assert records[0].lines[0].count("\n") == 1
    (quad,) = parse(records[0].lines[0].encode(), format=RdfFormat.N_QUADS)
    assert quad.object.value == "one\n\ntwo\r\tthree"


def test_white_space_of_a_cell_is_made_single(tmp_path):
    found = objects(tmp_path, "      - [rdfs:label, '$(n)']", 'id,n\n1," a\u00a0 b\n\nc\t"\n')
    assert found == ['"a b c"']


def test_an_empty_value_makes_no_statement(tmp_path):
    rules = """      - [rdfs:label, "$(n)"]
      - [rdfs:comment, "$(id) $(n)~literal"]
      - {p: rdfs:seeAlso, o: {f: collex-fn:upper, pms: [[collex-fn:value, "$(n)"]]}}"""
    assert objects(tmp_path, rules, "id,n\n1,\n2, \n") == []


def test_constants_with_braces_and_quotes_are_written_as_they_are(tmp_path):
    rule = r"""      - [rdfs:label, 'a {b} "c" \d %s $(id) {}~literal']"""
    _, records = run(tmp_path, TABLE + rule, "id\n1\n")
    (quad,) = parse(records[0].lines[0].encode(), format=RdfFormat.N_QUADS)
    assert quad.object.value == r'a {b} "c" \d %s 1 {}'


def test_a_reference_alone_must_be_an_absolute_iri(tmp_path):
    rule = "      - [rdfs:seeAlso, '$(url)~iri']"
    content = (
        "id,url\n1,https://x.org/a?b=c#d\n2,www.x.org\n3,http://x.org/a b\n4,http://x.org/%zz\n"
        "5,http://x.org:port/\n6,http://[x/\n"
    )
    _, records = run(tmp_path, TABLE + rule, content)
    assert [found[2] for found in quads(records)] == ["<https://x.org/a?b=c#d>"]
    assert [(p.note.rule, p.note.value) for p in problems(records)] == [
        ("InvalidIri", "www.x.org"),
        ("InvalidIri", "http://x.org/a b"),
        ("InvalidIri", "http://x.org/%zz"),
        ("InvalidIri", "http://x.org:port/"),
        ("InvalidIri", "http://[x/"),
    ]
    assert [p.position.row for p in problems(records)] == [3, 4, 5, 6, 7]


def test_a_result_with_a_known_prefix_is_completed(tmp_path):
    value = call("raw", value="$(v)").replace("}", ", type: iri}")
    rule = f"      - {{p: rdfs:seeAlso, o: {value}}}"
    assert objects(tmp_path, rule, "id,v\n1,base:x/y\n2,skos:Concept\n3,urn:x:y\n") == [
        "<x/y>",
        "<http://www.w3.org/2004/02/skos/core#Concept>",
        "<urn:x:y>",
    ]


@pytest.mark.parametrize(
    ("datatype", "value"),
    [
        ("xsd:date", "13/08/2015"),
        ("xsd:integer", "vers 1638"),
        ("xsd:integer", "01"),
        ("xsd:decimal", "1.50"),
        ("xsd:dateTime", "2024-09-07BST21:13:02"),
    ],
)
def test_a_literal_that_its_datatype_or_the_store_does_not_keep_is_left_out(
    tmp_path, datatype, value
):
    rules = f"      - [rdfs:label, '$(n)', {datatype}]\n      - [rdfs:comment, '$(n)']"
    _, records = run(tmp_path, TABLE + rules, f"id,n\n1,{value}\n")
    assert [found[1] for found in quads(records)] == ["comment"]
    (problem,) = problems(records)
    assert (problem.note.rule, problem.note.value) == ("InvalidLiteral", value)
    assert dict(problem.note.arguments)["datatype"] == datatype


def test_a_literal_made_of_several_references_can_have_a_datatype(tmp_path):
    rule = "      - [geo:asWKT, 'POINT($(x) $(y))', geo:wktLiteral]"
    (found,) = objects(tmp_path, rule, "id,x,y\n1,2.3,48.8\n")
    assert found.startswith('"POINT(2.3 48.8)"^^<')


# --- several values ------------------------------------------------------------------------------


def test_a_rule_makes_a_statement_for_each_value(tmp_path):
    content = "<r><item id='1'><a>x</a><a/><a> y <b>z</b></a></item></r>"
    assert objects(tmp_path, "      - [rdfs:label, $(a)]", content, document=TREE) == [
        '"x"',
        '"y z"',
    ]


def test_several_references_give_every_combination(tmp_path):
    content = "<r><item id='1'><a>x</a><a>y</a><b>1</b><b>2</b></item></r>"
    rule = "      - [rdfs:label, '$(a)$(b)~literal']"
    assert objects(tmp_path, rule, content, document=TREE) == ['"x1"', '"x2"', '"y1"', '"y2"']


def test_one_reference_used_twice_has_one_value_at_a_time(tmp_path):
    content = "<r><item id='1'><a>x</a><a>y</a></item></r>"
    rule = "      - [rdfs:label, '$(a)$(a)~literal']"
    assert objects(tmp_path, rule, content, document=TREE) == ['"xx"', '"yy"']


def test_several_predicates_and_objects_are_combined(tmp_path):
    rule = "      - [[rdfs:label, skos:prefLabel], ['$(a)', '$(b)'], en~lang]"
    assert len(objects(tmp_path, rule, "id,a,b\n1,x,y\n")) == 4


def test_several_subjects_and_graphs_are_combined(tmp_path):
    document = """
sources: {row: ["*.csv~csv"]}
mappings:
  thing:
    sources: row
    subjects: ["base:id/$(id)", "base:other/$(id)"]
    graphs: [base:g1, base:g2]
    po: [[rdfs:label, "$(id)"]]
"""
    _, records = run(tmp_path, document, "id\n1\n")
    assert [record.subject for record in records] == [f"{BASE}id/1", f"{BASE}other/1"]
    assert sum(len(record.lines) for record in records) == 4


def test_a_mapping_without_graph_writes_to_the_default_graph(tmp_path):
    document = TABLE.replace('    graphs: "base:graph/$(_file)"\n', "")
    _, records = run(tmp_path, document + "      - [rdfs:label, '$(id)']", "id\n1\n")
    (quad,) = parse(records[0].lines[0].encode(), format=RdfFormat.N_QUADS)
    assert "DefaultGraph" in type(quad.graph_name).__name__


# --- functions -----------------------------------------------------------------------------------


def call(name, **parameters):
    """Write a call; a parameter is a template or another call."""
    quoted = {k: v if v.startswith("{function") else f"'{v}'" for k, v in parameters.items()}
    written = ", ".join(f"[collex-fn:{key}, {value}]" for key, value in quoted.items())
    return f"{{function: collex-fn:{name}, parameters: [{written}]}}"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (call("upper", value="$(a)"), ['"X"', '"Y"']),
        (call("upper", value="const"), ['"CONST"']),
        (call("upper", value="$(absent)"), []),
        (call("split", value="$(c)"), ['"p"', '"q"']),
        (call("nothing", value="$(a)"), []),
        (call("joined", values="$(a)"), ['"x+y"']),
        (call("joined", values="$(absent)"), []),
        (call("joined", values="$(a)-$(c)"), ['"x-p;;q+y-p;;q"']),
        (call("counted", values="$(absent)"), ['"0"']),
        (call("pair", first="$(c)", second="$(absent)"), ['"p;;q/"']),
        (call("default", first="$(c)"), ['"p;;q/none"']),
        (call("pair", first="$(a)", second="$(a)"), ['"x/x"', '"y/y"']),
        (call("pair", first="$(c)", second="$(a)$(absent)"), ['"p;;q/"']),
        (call("upper", value=call("split", value="$(c)")), ['"P"', '"Q"']),
        (call("joined", values=call("split", value="$(c)")), ['"p+q"']),
        (call("pair", first="$(c)", second=call("nothing", value="x")), ['"p;;q/"']),
        (
            call("pair", first="$(c)", second=call("upper", value="$(a)")),
            ['"p;;q/X"', '"p;;q/Y"'],
        ),
        (call("upper", value="$(@id)"), ['"1"']),
        (call("upper", value="$(name())"), ['"ITEM"']),
    ],
)
def test_a_function_is_called_with_its_values(tmp_path, value, expected):
    content = "<r><item id='1'><a>x</a><a>y</a><c>p;;q</c></item></r>"
    rule = f"      - {{p: rdfs:label, o: {value}}}"
    assert objects(tmp_path, rule, content, document=TREE) == expected


def test_a_predicate_and_a_subject_may_come_from_a_function(tmp_path):
    document = """
sources: {row: ["*.csv~csv"]}
mappings:
  thing:
    sources: row
    subject: {function: collex-fn:node, parameters: [[collex-fn:value, "$(id)"]]}
    po:
      - p: {function: collex-fn:node, parameters: [[collex-fn:value, "$(role)"]]}
        o: "$(id)"
"""
    run_, records = run(tmp_path, document, "id,role\n1,donor\n2,none\nnone,donor\n")
    assert quads(records) == [("id/node/1", "id/node/donor", '"1"')]
    assert problems(records) == []
    assert run_.rule_counts == {"thing collex-fn:node": 1}


def test_an_unreadable_value_leaves_out_its_statement_alone(tmp_path):
    content = "<r>\n<item id='1'><a>x</a><a>bad</a><a>y!</a><b>kept</b></item></r>"
    rules = f"""      - {{p: rdfs:label, o: {call("strict", value="$(a)")}}}
      - [rdfs:comment, $(b)]"""
    _, records = run(tmp_path, TREE + rules, content)
    assert [found[2] for found in quads(records)] == ['"x"', '"y"', '"kept"']
    bad, repaired = problems(records)
    assert bad.note == Note("UnreadableDate", "bad", (("why", "bad"),))
    assert repaired.note == Note("HyphenInterval", "y!")
    assert bad.position == Position("data.xml", line=2, component="item-1", column="a")
    assert (bad.mapping, bad.predicate) == ("thing", f"{RDFS}label")
    assert (bad.subject, bad.record) == (f"{BASE}id/1", "data.xml#item-1")


def test_one_remark_about_a_record_is_made_once_however_many_rules_meet_it(tmp_path):
    value = call("strict", value="$(a)")
    rules = f"""      - {{p: rdfs:label, o: {value}}}
      - {{p: rdfs:comment, o: {value}}}
  other:
    sources: row
    subject: "base:other/$(id)"
    po: [{{p: rdfs:label, o: {value}}}]"""
    _, records = run(tmp_path, TABLE + rules, "id,a\n1,bad\n2,bad\n")
    assert [problem.record for problem in problems(records)] == ["data.csv#row=2", "data.csv#row=3"]


def test_a_mistake_in_a_function_says_where_it_happened(tmp_path):
    rule = f"      - {{p: rdfs:label, o: {call('broken', value='$(id)')}}}"
    with pytest.raises(KeyError) as raised:
        run(tmp_path, TABLE + rule, "id\n1\n")
    assert "data.csv#row=2" in raised.value.__notes__[0]


# --- conditions ----------------------------------------------------------------------------------


def test_a_condition_decides_for_a_whole_mapping(tmp_path):
    document = TABLE.replace(
        "    po:", f"    condition: {call('equal', value='$(kind)', expected='yes')}\n    po:"
    )
    _, records = run(
        tmp_path, document + "      - [rdfs:label, '$(id)']", "id,kind\n1,yes\n2,no\n3,\n"
    )
    assert quads(records) == [("id/1", "label", '"1"')]
    assert problems(records) == []


def test_a_condition_decides_for_each_value_of_a_rule(tmp_path):
    content = "<r><item id='1'><a>x</a><a>y</a></item></r>"
    condition = call("equal", value="$(a)", expected="y")
    rule = f"      - {{p: rdfs:label, o: '$(a)', condition: {condition}}}"
    assert objects(tmp_path, rule, content, document=TREE) == ['"y"']


def test_a_condition_on_something_else_holds_when_one_value_does(tmp_path):
    content = "<r><item id='1'><a>x</a><a>y</a><b>1</b></item></r>"
    condition = call("equal", value="$(a)", expected="y")
    rule = f"      - {{p: rdfs:label, o: '$(b)', condition: {condition}}}"
    assert objects(tmp_path, rule, content, document=TREE) == ['"1"']


# --- records and positions -----------------------------------------------------------------------


def test_rows_have_their_number_and_line_and_files_their_name(tmp_path):
    rules = "      - [rdfs:label, '$(_file) $(_position) $(_row)~literal']"
    _, records = run(tmp_path, TABLE + rules, 'id,n\n1,"a\nb"\n\n2,c\n', name="my table.csv")
    assert [found[2] for found in quads(records)] == ['"my table 1 2"', '"my table 2 4"']
    assert [(r.position.row, r.position.line, r.record) for r in records] == [
        (2, 2, "my table.csv#row=2"),
        (4, 5, "my table.csv#row=4"),
    ]
    assert f"<{BASE}graph/my%20table>" in records[0].lines[0]


def test_a_record_without_any_subject_is_reported(tmp_path):
    _, records = run(tmp_path, TABLE + "      - [rdfs:label, '$(n)']", "id,n\n,lost\n2,kept\n")
    (problem,) = problems(records)
    assert problem.note == Note("RecordWithoutSubject", "data.csv#row=2")
    assert (records[0].subject, records[0].lines) == (None, [])


def test_a_row_that_is_left_out_says_nothing_but_its_problem(tmp_path):
    _, records = run(tmp_path, TABLE + "      - [rdfs:label, '$(n)']", "id,n\n1,a,b\n")
    assert [problem.note.rule for problem in problems(records)] == ["LongRow"]
    assert quads(records) == []


def test_a_value_can_be_computed_for_all_rules_of_a_source(tmp_path):
    document = TABLE.replace(
        "csv}", f"csv, values: {{_key: {call('pair', first='$(a)', second='$(b)')}}}}}"
    ).replace("$(id)", "$(_key)")
    rule = "      - [rdfs:label, '$(_key)']"
    _, records = run(tmp_path, document + rule, "a,b\nx,y\nz,\n")
    assert quads(records) == [("id/x%2Fy", "label", '"x/y"'), ("id/z%2F", "label", '"z/"')]


def test_a_mistake_in_a_computed_value_is_shown_beside_the_column_it_comes_from(tmp_path):
    document = TABLE.replace("csv}", f"csv, values: {{_each: {call('split', value='$(a)')}}}}}")
    rule = f"      - {{p: rdfs:label, o: {call('strict', value='$(_each)')}}}"
    _, records = run(tmp_path, document + rule, "id,a\n1,x;bad\n")
    assert [problem.position.column for problem in problems(records)] == ["a"]


def test_every_rule_is_counted_even_without_quads(tmp_path):
    rules = """      - [rdfs:label, "$(n)"]
      - [rdfs:comment, "$(absent)"]
      - [rdfs:label, "$(id)"]
      - [[skos:note, rdfs:seeAlso], "$(n)"]"""
    run_, _ = run(tmp_path, TABLE + rules, "id,n\n1,a\n2,b\n3,\n")
    assert run_.rule_counts == {
        "thing rdfs:label (line 10)": 2,
        "thing rdfs:comment": 0,
        "thing rdfs:label (line 12)": 3,
        "thing skos:note": 2,
        "thing rdfs:seeAlso": 2,
    }
    assert run_.records_read == 3


def test_counts_add_up_over_files(tmp_path):
    run_, _ = run(tmp_path, TABLE + "      - [rdfs:label, '$(n)']", "id,n\n1,a\n")
    path = tmp_path / "more.csv"
    path.write_text("n;id\nb;2\nc;3\n", encoding="utf-8")
    (found,), _ = find_source_files("test", path)
    assert quads(list(run_.map_file(found, open_records))) == [
        ("id/2", "label", '"b"'),
        ("id/3", "label", '"c"'),
    ]
    assert (run_.records_read, run_.rule_counts) == (3, {"thing rdfs:label": 3})


def test_records_read_counts_what_was_read_before_a_file_became_unreadable(tmp_path):
    with pytest.raises(UnreadableSourceError):
        run(tmp_path, TREE + "      - [rdfs:label, '$(@id)']", "<r><item id='1'/>")


def test_a_file_that_no_source_reads_is_refused(tmp_path):
    document = TABLE.replace("*.csv", "other*.csv")
    with pytest.raises(UnreadableSourceError, match=r"reads other\*\.csv, not this file"):
        run(tmp_path, document + "      - [rdfs:label, '$(n)']", "id,n\n1,a\n")


def test_file_names_are_matched_whatever_their_capitals(tmp_path):
    _, records = run(tmp_path, TABLE + "      - [rdfs:label, '$(id)']", "id\n1\n", name="A.CSV")
    assert len(records) == 1


def test_a_plan_serves_several_runs(tmp_path):
    first, _ = run(tmp_path, TABLE + "      - [rdfs:label, '$(n)']", "id,n\n1,a\n")
    second = MappingRun(first.plan)
    assert second.rule_counts == {"thing rdfs:label": 0}
    assert first.rule_counts == {"thing rdfs:label": 1}


def test_nothing_of_a_document_or_a_file_is_run_as_code(tmp_path):
    trap = "{__import__('os').abort()}"
    rule = f"""      - [rdfs:label, "x{trap}$(n) \\"\\"\\" {trap}~literal"]"""
    document = TABLE.replace("thing:", f'"{trap}":').replace("row", '"row"')
    _, records = run(tmp_path, document + rule, f"id,n\n1,{trap}\n")
    assert len(quads(records)) == 1


# --- finding aids --------------------------------------------------------------------------------

EAD = """
sources:
  unit: {access: "*.xml", referenceFormulation: xpath, iterator: "//archdesc | //c"}
  point:
    access: "*.xml"
    referenceFormulation: xpath
    iterator: "//controlaccess/* | //p[persname]/persname[@role]"
mappings:
  unit:
    sources: unit
    subject: &self "base:id/$(@_unit)"
    graphs: &graph "base:graph/$(/ead/eadheader/eadid/@identifier)"
    po:
      - [rdfs:label, $(did/unittitle)]
      - [rico:isDirectlyIncludedIn, "base:id/$(ancestor::*[@_unit][1]/@_unit)~iri"]
  point:
    sources: point
    subject: "base:id/$(/ead/eadheader/eadid/@identifier)/point/$(_position)"
    graphs: *graph
    po:
      - [rdfs:label, $(.)]
      - [collex:element, $(name())]
      - [rdfs:comment, "$(ancestor::p[1])"]
      - [skos:note, "$(../head)"]
      - [collex:pointOf, "base:id/$(ancestor::*[@_unit][1]/@_unit)~iri"]
"""
NOTICE = """<ead><eadheader><eadid identifier="N"/></eadheader><archdesc>
<did><unittitle>Fonds <emph>A</emph></unittitle></did>
<controlaccess><head>Thèmes</head><subject>un</subject></controlaccess>
<p>Par <persname role="390">Nom</persname>, ancien possesseur.</p>
<dsc><c id="a"><did><unittitle>Sous-fonds</unittitle></did>
<controlaccess><subject>deux</subject><geogname>trois</geogname><head>Après</head></controlaccess>
<c id="b"><did><unittitle>Dossier</unittitle></did></c></c></dsc></archdesc></ead>"""


def test_a_notice_is_mapped_with_its_hierarchy_and_access_points(tmp_path):
    run_, records = run(tmp_path, EAD, NOTICE, name="N.xml")
    found = quads(records)
    assert {(s, o) for s, p, o in found if p.endswith("isDirectlyIncludedIn")} == {
        ("id/a", "<id/N>"),
        ("id/b", "<id/a>"),
    }
    assert {(s, o) for s, p, o in found if p == "label"} == {
        ("id/N", '"Fonds A"'),
        ("id/a", '"Sous-fonds"'),
        ("id/b", '"Dossier"'),
        ("id/N/point/1", '"Thèmes"'),
        ("id/N/point/2", '"un"'),
        ("id/N/point/3", '"Nom"'),
        ("id/N/point/4", '"deux"'),
        ("id/N/point/5", '"trois"'),
        ("id/N/point/6", '"Après"'),
    }
    assert ("id/N/point/3", "comment", '"Par Nom, ancien possesseur."') in found
    assert {(s, o) for s, p, o in found if p.endswith("#note")} == {
        ("id/N/point/1", '"Thèmes"'),
        ("id/N/point/2", '"Thèmes"'),
        ("id/N/point/4", '"Après"'),
        ("id/N/point/5", '"Après"'),
        ("id/N/point/6", '"Après"'),
    }
    assert run_.records_read == 3


def test_records_of_one_unit_share_its_key_and_know_the_unit_around(tmp_path):
    _, records = run(tmp_path, EAD, NOTICE, name="N.xml")
    assert {(r.record, r.parent, r.position.component) for r in records} == {
        ("N.xml#N", None, "N"),
        ("N.xml#a", "N.xml#N", "a"),
        ("N.xml#b", "N.xml#a", "b"),
    }


@pytest.mark.parametrize("chunk", [7, 64, 1000])
def test_a_notice_says_the_same_however_it_is_cut_in_chunks(tmp_path, monkeypatch, chunk):
    _, whole = run(tmp_path, EAD, NOTICE, name="N.xml")
    monkeypatch.setattr("collex_graph.sources.markup._CHUNK_BYTES", chunk)
    _, cut = run(tmp_path, EAD, NOTICE, name="N.xml")
    assert quads(cut) == quads(whole)
    assert [record.position for record in cut] == [record.position for record in whole]


@pytest.mark.parametrize("extra", ["$(/ead//unittitle)", "$(../..)", "$(//p)"])
def test_a_reference_to_the_whole_file_sees_all_of_it_and_changes_nothing_else(tmp_path, extra):
    _, plain = run(tmp_path, EAD, NOTICE, name="N.xml")
    document = EAD + f'      - [skos:definition, "{extra}"]\n'
    _, held = run(tmp_path, document, NOTICE, name="N.xml")
    others = [found for found in quads(held) if not found[1].endswith("definition")]
    assert sorted(others) == sorted(quads(plain))
    seen = {found[2] for found in quads(held) if found[1].endswith("definition")}
    assert any("Dossier" in text or "possesseur" in text for text in seen)


def test_memory_does_not_grow_with_the_finding_aid(tmp_path):
    import tracemalloc

    component = '<c id="{}"><did><unittitle>Dossier</unittitle></did></c>'

    def peak(count):
        body = "".join(component.format(number) for number in range(count))
        content = NOTICE.replace('<c id="a">', f'{body}<c id="a">')
        (tmp_path / "mapping.yml").write_text(EAD, encoding="utf-8")
        (tmp_path / "N.xml").write_text(content, encoding="utf-8")
        run = MappingRun(compile_mapping(read_mapping(tmp_path / "mapping.yml"), BASE, FUNCTIONS))
        (found,), _ = find_source_files("test", tmp_path / "N.xml")
        tracemalloc.start()
        assert sum(1 for _ in run.map_file(found, open_records)) > count
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    # what stays is the identifiers met so far
    assert peak(20_000) < peak(2_000) + 18_000 * 250


def test_namespaces_are_declared_in_the_document(tmp_path):
    document = TREE.replace(
        '"//item"}', '"//r:item", namespaces: {r: "urn:r", xlink: "urn:xlink"}}'
    )
    content = (
        '<x:r xmlns:x="urn:r" xmlns:l="urn:xlink"><x:item id="1" l:href="https://x.org/" '
        'xml:lang="fr"><x:a>yes</x:a><a>no</a></x:item></x:r>'
    )
    rules = """      - [rdfs:label, $(r:a)]
      - [rdfs:seeAlso, $(@xlink:href)~iri]
      - [rdfs:comment, $(@xml:lang)]
      - [skos:note, $(name())]"""
    assert objects(tmp_path, rules, content, document=document) == [
        '"yes"',
        "<https://x.org/>",
        '"fr"',
        '"x:item"',
    ]


def test_names_without_prefix_are_in_the_default_namespace_where_one_is_declared(tmp_path):
    document = TREE.replace('"//item"}', '"//item[a]", namespaces: {default: "urn:r"}}')
    content = '<r xmlns="urn:r"><item id="1"><a>yes</a></item><item id="2"/></r>'
    rule = "      - [rdfs:label, '$(a[. = \"yes\"])']"
    assert objects(tmp_path, rule, content, document=document) == ['"yes"']


# --- the project's own mappings ------------------------------------------------------------------


@pytest.mark.real_data
@pytest.mark.parametrize("source", ["ccfr", "esr"])
def test_the_real_files_give_quads_that_the_store_accepts(shared_data, source):
    from collex_graph.resources import resource_dir

    folder = shared_data / "ccfr"
    if source == "esr":
        (folder,) = (shared_data / "institutions").glob("fr-esr-principaux*.csv")
    document = read_mapping(resource_dir("mappings") / source / "mapping.yml")
    run_ = MappingRun(compile_mapping(document, "https://w3id.org/collex-graph/"))
    files, _ = find_source_files(source, folder)
    lines = [
        line
        for found in files
        for record in run_.map_file(found, open_records)
        for line in record.lines
    ]
    assert len(list(parse("".join(lines).encode(), format=RdfFormat.N_QUADS))) == len(lines)
    assert run_.records_read == {"ccfr": 24, "esr": 250}[source]
    assert len(lines) == sum(run_.rule_counts.values())


def test_the_generated_code_can_be_read(tmp_path):
    run_, _ = run(tmp_path, EAD, NOTICE, name="N.xml")
    assert "# mapping 'unit'" in run_.plan.generated()


def test_functions_of_the_project_are_the_default(tmp_path):
    (tmp_path / "mapping.yml").write_text(
        TABLE + f"      - {{p: rdfs:label, o: {call('no_such', value='x')}}}", encoding="utf-8"
    )
    with pytest.raises(ResourceFileError, match="no function collex-fn:no_such"):
        compile_mapping(read_mapping(tmp_path / "mapping.yml"), BASE)


# --- graphs, languages and datatypes of one statement ---------------------------------------------


def graphs(records):
    text = "".join(line for record in records for line in record.lines)
    return sorted(
        (quad.predicate.value.replace(RDFS, ""), quad.graph_name.value.replace(BASE, ""))
        for quad in parse(text.encode(), format=RdfFormat.N_QUADS)
    )


def test_a_rule_adds_graphs_of_its_own_to_those_of_its_mapping(tmp_path):
    rule = '- {p: rdfs:label, o: "$(name)", graphs: ["base:graph/names", "base:graph/of/$(id)"]}'
    document = f"{TABLE}      {rule}\n      - [rdfs:comment, x~literal]\n"
    _, records = run(tmp_path, document, "id,name\n1,A\n")
    assert graphs(records) == [
        ("comment", "graph/data"),
        ("label", "graph/data"),
        ("label", "graph/names"),
        ("label", "graph/of/1"),
    ]


def test_a_rule_of_a_mapping_without_graph_stands_in_its_own_alone(tmp_path):
    document = TABLE.replace('    graphs: "base:graph/$(_file)"\n', "")
    rule = '      - {p: rdfs:label, o: "$(name)", graphs: "base:graph/names"}\n'
    _, records = run(tmp_path, document + rule, "id,name\n1,A\n")
    assert graphs(records) == [("label", "graph/names")]


def test_the_language_of_a_literal_may_be_read_from_the_record(tmp_path):
    rule = '      - [rdfs:label, "$(name)", "$(lang)~lang"]\n'
    content = "id,name,lang\n1,Un,fr\n2,One,en-GB\n3,Eins,german\n4,Uno,\n"
    _, records = run(tmp_path, TABLE + rule, content)
    assert [found[2] for found in quads(records)] == ['"Un"@fr', '"One"@en-gb']
    (problem,) = problems(records)
    assert (problem.note.rule, problem.note.value) == ("InvalidLiteral", "german")
    assert dict(problem.note.arguments)["reason"] == "not a language tag"


def test_the_datatype_of_a_literal_may_be_read_from_the_record(tmp_path):
    rule = '      - {p: rdfs:label, o: {value: "$(name)", datatype: "xsd:$(type)"}}\n'
    content = "id,name,type\n1,12,integer\n2,a,string\n3,twelve,integer\n"
    _, records = run(tmp_path, TABLE + rule, content)
    integer = "<http://www.w3.org/2001/XMLSchema#integer>"
    assert [found[2] for found in quads(records)] == [f'"12"^^{integer}', '"a"']
    (problem,) = problems(records)
    assert (problem.note.rule, problem.note.value) == ("InvalidLiteral", "twelve")


def test_what_says_which_thing_a_subject_is_is_set_apart(tmp_path):
    rules = '      - [a, bibo:Journal]\n      - [bibo:issn, "$(name)"]\n'
    others = (
        '  other:\n    sources: row\n    s: "base:other/$(id)"\n    po:\n      - [a, bibo:Book]\n'
    )
    document = (
        TABLE + rules + '      - [skos:note, "$(id)"]\n      - [rdfs:label, "$(id)"]\n' + others
    )
    _, records = run(tmp_path, document, "id,name\n1,A\n")
    journal, other = records
    assert list(journal.identities) == [*journal.lines[:2], journal.lines[3]]
    assert len(journal.lines) == 4
    assert not other.identities
