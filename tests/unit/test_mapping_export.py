import re

import pytest
from click.testing import CliRunner
from pyoxigraph import RdfFormat, parse

from collex_graph.cli import main
from collex_graph.errors import ResourceFileError
from collex_graph.mapping.engine import MappingRun
from collex_graph.mapping.export import export_mapping
from collex_graph.mapping.plan import compile_mapping
from collex_graph.mapping.rml import read_rml
from collex_graph.mapping.rules import read_mapping
from collex_graph.resources import resource_dir
from collex_graph.sources import find_source_files, open_records

BASE = "https://w3id.org/collex-graph/"
MAPPINGS = sorted(resource_dir("mappings").glob("*/mapping.yml"))

EVERYTHING = r"""
prefixes: {ex: "http://example.org/"}
sources:
  row:
    access: "rows.csv"
    referenceFormulation: csv
    delimiter: ";"
    aliases: {name: [nom, "nom {long}"]}
    optional: [none, nothing]
    values: {_key: {function: collex-fn:first, parameters: [[collex-fn:value, "$(id)"]]}}
  other: ['rows.csv~csv']
  item: {access: "*.xml", referenceFormulation: xpath, iterator: "//x:item",
         namespaces: {x: "http://example.org/x"}}
  member: {access: "*.json", referenceFormulation: jsonpath, iterator: "$.a[*]"}
mappings:
  row:
    sources: [row, other]
    subject: ["base:id/$(id)", "ex:x-$(name)"]
    graphs: "base:graph/$(_file)"
    condition: {function: collex-fn:notEmpty, parameters: [[collex-fn:value, "$(id)"]]}
    po:
      - [a, [collex:Fonds, "ex:Thing"]]
      - [rdfs:label, ['$(name) "\{x}"~literal', "C:\\dir~literal"], fr~lang]
      - [rdfs:comment, "$(name)", "$(lang)~lang"]
      - {p: ex:typed, o: {value: "$(id)", datatype: "xsd:$(type)"}}
      - [ex:date, 2020-01-01, xsd:date]
      - p: "ex:$(type)"
        o: {function: collex-fn:first, parameters: [[collex-fn:value, "$(none)"],
            [collex-fn:otherwise, "row $(_row)"]]}
        graphs: ["base:graph/one", "base:graph/$(type)"]
        condition: {function: collex-fn:notEmpty, parameters: [[collex-fn:value, "$(name)"]]}
      - p: rdfs:seeAlso
        o: {mapping: row, condition: {function: equal,
            parameters: [[str1, "$(parent)"], [str2, "$(id)"]]}}
  item:
    sources: item
    s: "ex:item/$(@id)"
    po:
      - [rdfs:label, "$(x:name)"]
      - [ex:where, "$(x:url)~iri"]
  member:
    sources: member
    s: "ex:member/$(id)"
    po:
      - [ex:n, "$(^$.year)"]
"""
ROWS = (
    "id;nom;lang;type;parent;none\n1; A  b ;fr;string;2;\n2;B;en;integer;;\n;C;fr;string;1;\n"
    "4;Ré;x;integer;2;\n"
)


def lines(document, folder):
    run = MappingRun(compile_mapping(document, BASE))
    files, _ = find_source_files("test", folder)
    if run.needs_index:
        for file in files:
            run.index(file, open_records)
    return {line for file in files for r in run.map_file(file, open_records) for line in r.lines}


def exported(path, folder):
    text = export_mapping(read_mapping(path), BASE)
    assert list(parse(text, format=RdfFormat.TURTLE))
    target = folder / "exported.ttl"
    target.write_text(text, encoding="utf-8")
    return read_rml(target, BASE)


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda path: path.parent.name)
def test_a_mapping_of_the_project_says_the_same_after_export(path, tmp_path):
    again = exported(path, tmp_path)
    sample = path.parent / "sample"
    if not sample.is_dir():
        sample = path.parent
    quads = lines(read_mapping(path), sample)
    assert quads
    assert lines(again, sample) == quads


def test_every_construct_says_the_same_after_export(tmp_path):
    path = tmp_path / "mapping.yml"
    path.write_text(EVERYTHING, encoding="utf-8")
    data = tmp_path / "data"
    data.mkdir()
    (data / "rows.csv").write_text(ROWS, encoding="utf-8")
    (data / "a.xml").write_text(
        '<l xmlns="http://example.org/x"><item id="1"><name> a\n b</name>'
        "<url>http://example.org/u</url></item></l>",
        encoding="utf-8",
    )
    (data / "a.json").write_text('{"year": 1.50, "a": [{"id": "é/"}]}', encoding="utf-8")
    quads = lines(read_mapping(path), data)
    assert lines(exported(path, tmp_path), data) == quads
    text = "".join(sorted(quads))
    for piece in ('"A b"@fr', "graph/one", "integer>", '"row 2"', "seeAlso> <http", '"1.50"'):
        assert piece in text


def test_an_export_is_rml_as_other_engines_read_it(tmp_path):
    path = tmp_path / "mapping.yml"
    path.write_text(
        "sources:\n  row: ['*.csv~csv']\nmappings:\n  thing:\n    sources: row\n"
        '    s: "base:id/$(id)"\n    po:\n      - [rdfs:label, "$(name)", fr~lang]\n',
        encoding="utf-8",
    )
    text = export_mapping(read_mapping(path), BASE)
    for line in (
        "rml:referenceFormulation rml:CSV",
        'rml:template "https://w3id.org/collex-graph/id/{id}"',
        "rml:termType rml:URI",
        "rml:predicate rdfs:label",
        'rml:reference "name"',
        'rml:language "fr"',
    ):
        assert line in text


TWO_PATTERNS = """
prefixes: {ex: "http://example.org/"}
sources:
  row: {access: ["*.csv", "*.tsv"], referenceFormulation: csv}
mappings:
  row:
    sources: row
    s: "ex:row/$(id)"
    po:
      - [rdfs:label, "$(name)"]
"""


def test_a_source_with_two_patterns_of_file_names_is_two_logical_sources(tmp_path):
    path = tmp_path / "mapping.yml"
    path.write_text(TWO_PATTERNS, encoding="utf-8")
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.csv").write_text("id,name\n1,un\n", encoding="utf-8")
    (data / "b.tsv").write_text("id\tname\n2\tdeux\n", encoding="utf-8")
    text = export_mapping(read_mapping(path), BASE)
    assert re.findall('rml:path "(.*)"', text) == ["*.csv", "*.tsv"]
    quads = lines(read_mapping(path), data)
    assert len(quads) == 2
    assert lines(exported(path, tmp_path), data) == quads


def test_a_join_in_files_of_two_patterns_is_refused_in_words(tmp_path):
    join = """
      - p: ex:above
        o: {mapping: row, condition: {function: equal,
            parameters: [[str1, "$(up)"], [str2, "$(id)"]]}}
"""
    (tmp_path / "mapping.yml").write_text(TWO_PATTERNS.rstrip() + join, encoding="utf-8")
    with pytest.raises(ResourceFileError, match="write a source for each pattern"):
        export_mapping(read_mapping(tmp_path / "mapping.yml"), BASE)


def test_what_is_rml_already_is_not_exported(tmp_path):
    document = exported(MAPPINGS[0], tmp_path)
    with pytest.raises(ResourceFileError, match="RML already"):
        export_mapping(document, BASE)


def test_the_command_exports_a_source_by_its_name_and_knows_no_other():
    result = CliRunner().invoke(main, ["mapping", "export", "esr"])
    assert result.exit_code == 0
    assert list(parse(result.stdout, format=RdfFormat.TURTLE))
    result = CliRunner().invoke(main, ["mapping", "export", "nowhere"])
    assert result.exit_code == 2
    assert "known sources: " in result.stderr
