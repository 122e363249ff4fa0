import pytest
from click.testing import CliRunner

from collex_graph.cli import main
from collex_graph.resources import resource_dir

FAULTY = """sources:
  row: {access: "*.csv", referenceFormulation: csv, delimitr: ";"}
mappings:
  thing:
    sources: row
    subject: "base:id/$(id)"
    po:
      - [foaff:name, "$(name)"]
      - [rdfs:label, "$(nmae)"]
      - {predicates: collex:startYaer, objects: "$(year)"}
      - {predicats: rdfs:label, objects: "$(name)"}
      - {p: rdfs:label, o: {function: collex-fn:frist, parameters: [[collex-fn:value, "$(name)"]]}}
      - {p: rdfs:label, o: {function: collex-fn:first, parameters: [[collex-fn:valeu, "$(name)"]]}}
      - [a, collex:Fond]
      - ["http://example.org/p", "$(name)"]
      - [rdfs:comment, "$(empty)"]
  other:
    sources: rwo
    subject: "base:id/$(id)"
    po: []
"""
FOUND = {
    2: "'delimitr' is not a key of a source",
    8: "did you mean foaf?",
    9: "$(nmae): no file of the sample has this column; did you mean name?",
    10: "collex:startYaer is not in the ontology (ontology/collex.ttl); did you mean startYear",
    11: "did you mean predicates?",
    12: "did you mean first",
    13: "did you mean value?",
    14: "collex:Fond is not in the ontology (ontology/collex.ttl); did you mean Fonds",
    15: "<http://example.org/p> is in no declared namespace",
    16: "the rule 'thing rdfs:comment' gave nothing on the sample",
    18: "there is no source 'rwo'; known: row; did you mean row?",
}


def check(tmp_path, document, **sample):
    (tmp_path / "mapping.yml").write_text(document, encoding="utf-8")
    folder = tmp_path / "sample"
    folder.mkdir(exist_ok=True)
    for name, text in sample.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    result = CliRunner().invoke(main, ["mapping", "check", str(tmp_path / "mapping.yml")])
    return result.exit_code, result.stdout.splitlines()


def by_line(lines):
    found = {}
    for line in lines[:-1]:
        place, _, problem = line.partition("mapping.yml:")[2].partition(": ")
        found.setdefault(int(place), []).append(problem)
    return found


CSV = "id,name,year,empty\n1,A,1900,\n"


def without(*numbers):
    return "".join(
        line for n, line in enumerate(FAULTY.splitlines(keepends=True), 1) if n not in numbers
    )


def test_a_mapping_of_an_unknown_source_is_checked_on(tmp_path):
    document = """sources:
  row: {access: "*.csv", referenceFormulation: csv}
mappings:
  thing:
    sources: rows
    subject: "base:id/$(id)"
    po:
      - [collex:publicationYear, "$(year)", xsd:integr]
      - [dcterm:title, "$(name)"]
"""
    found = by_line(check(tmp_path, document, data_csv=CSV)[1])
    assert found.keys() == {5, 8, 9}
    assert found[8] == ["there is no datatype xsd:integr; did you mean integer?"]


def test_every_mistake_is_said_with_its_line_and_what_was_perhaps_meant(tmp_path):
    code, lines = check(tmp_path, FAULTY, a_csv=CSV)
    found = by_line(lines)
    assert code == 1
    for number, words in FOUND.items():
        assert any(words in problem for problem in found[number]), (number, found)
    assert found.keys() == FOUND.keys()
    assert "tried on 1 files" in lines[-1]


def test_a_column_that_one_file_has_is_not_missing(tmp_path):
    document = without(2, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20).replace(
        "sources:\n", 'sources:\n  row: {access: "*.csv", referenceFormulation: csv}\n', 1
    )
    code, lines = check(tmp_path, document, a_csv=CSV, b_csv="id,name,empty\n2,B,x\n")
    assert (code, lines[:-1]) == (0, [])
    assert lines[-1].startswith("0 mistakes; tried on 2 files")


def test_a_rule_that_only_reports_is_not_silent_where_it_does(tmp_path):
    document = """sources:
  row: {access: "*.csv", referenceFormulation: csv, optional: [link]}
mappings:
  thing:
    sources: row
    subject: "base:id/$(id)"
    po:
      - [rdfs:label, "$(id)"]
      - {p: rdfs:seeAlso, o: {function: collex-fn:webLink, type: iri,
                              parameters: [[collex-fn:href, "$(url)"]]}}
"""
    code, lines = check(tmp_path, document, a_csv="id,url\n1,not a link\n")
    assert (code, lines[:-1]) == (0, [])
    code, lines = check(tmp_path, document, a_csv="id,url\n1,\n")
    assert code == 1
    assert "the rule 'thing rdfs:seeAlso' gave nothing on the sample" in lines[0]


def test_a_document_that_is_no_mapping_is_one_mistake(tmp_path):
    code, lines = check(tmp_path, "sources: [")
    assert code == 1
    assert "not YAML" in lines[0]


def test_mistakes_of_rml_are_all_said(tmp_path):
    (tmp_path / "m.ttl").write_text(
        """@prefix rml: <http://w3id.org/rml/> . @prefix ex: <http://example.org/> .
ex:A rml:logicalSource [ rml:source "a.csv" ; rml:referenceFormulation rml:CSV ] ;
  rml:subjectMap [ rml:template "http://example.org/{id}" ] ;
  rml:predicateObjectMap [ rml:predicate ex:p ; rml:objectMap [ rml:template "{{x}" ] ] ;
  rml:predicateObjectMap [ rml:predicate ex:p ; rml:objectMap [
    rml:referenc "x" ] ] .
ex:B rml:logicalSource [ rml:source "a.csv" ; rml:referenceFormulation rml:SQL ] .
""",
        encoding="utf-8",
    )
    result = CliRunner().invoke(main, ["mapping", "check", str(tmp_path / "m.ttl")])
    found = sorted(line.partition("m.ttl:")[2] for line in result.stdout.splitlines()[:-1])
    assert result.exit_code == 1
    assert [line.partition(":")[0] for line in found] == ["4", "6", "7"]
    assert "did you mean reference" in found[1]


@pytest.mark.parametrize("path", sorted(resource_dir("mappings").glob("*/mapping.yml")), ids=str)
def test_no_mapping_of_the_project_has_a_wrong_name(path):
    result = CliRunner().invoke(main, ["mapping", "check", path.parent.name])
    # what a sample does not show is for the author of the source to see
    of_sample = ("gave nothing on the sample", "no file of the sample")
    lines = result.stdout.splitlines()
    assert [line for line in lines[:-1] if not any(words in line for words in of_sample)] == []
    assert "; tried on " in lines[-1]
