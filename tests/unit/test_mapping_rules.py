from collections import namedtuple

import pytest

from collex_graph.errors import ResourceFileError
from collex_graph.mapping.plan import compile_mapping
from collex_graph.mapping.rules import Call, Reference, Template, read_mapping, split_template

BASE = "https://example.org/base/"
Function = namedtuple("Function", "name call parameters all_values optional")
FUNCTIONS = {
    "upper": Function("upper", lambda value: value.upper(), ("value",), frozenset(), frozenset()),
    "join": Function(
        "join",
        lambda values=(), separator=" ": separator.join(values),
        ("values", "separator"),
        frozenset({"values"}),
        frozenset({"values", "separator"}),
    ),
}

TABLE = """
sources:
  row: {access: "*.csv", referenceFormulation: csv}
mappings:
  thing:
    sources: row
    subject: "base:id/thing/$(id)"
    graphs: "base:graph/source/test"
    predicateobjects:
      - [rdfs:label, "$(name)", fr~lang]
"""
TREE = TABLE.replace(
    '{access: "*.csv", referenceFormulation: csv}',
    '{access: "*.xml", referenceFormulation: xpath, iterator: "//item"}',
)


def read(tmp_path, text):
    path = tmp_path / "mapping.yml"
    path.write_text(text, encoding="utf-8")
    return read_mapping(path)


def refusal(tmp_path, text):
    """The line and the words with which a document is refused."""
    with pytest.raises(ResourceFileError) as raised:
        compile_mapping(read(tmp_path, text), BASE, FUNCTIONS)
    assert str(tmp_path / "mapping.yml") in str(raised.value)
    return raised.value.line, str(raised.value).partition(": ")[2]


def with_rule(rule, document=TABLE):
    return document.replace('- [rdfs:label, "$(name)", fr~lang]', rule)


# --- what is read --------------------------------------------------------------------------------


def test_a_document_gives_its_sources_and_mappings(tmp_path):
    document = read(tmp_path, TABLE)
    (mapping,) = document.mappings
    (statements,) = mapping.statements
    assert document.sources["row"].formulation == "csv"
    assert mapping.subjects[0].value == Template(("base:id/thing/", Reference("id")), 7)
    assert [term.language for term in statements.objects] == ["fr"]
    assert statements.line == 10


def test_short_keys_say_the_same_as_long_ones(tmp_path):
    short = (
        TABLE.replace("subject:", "s:")
        .replace("graphs:", "g:")
        .replace("predicateobjects:", "po:")
        .replace("- [rdfs:label", "- {p: rdfs:label, o: {v: ")
        .replace(', "$(name)", fr~lang]', '"$(name)", lang: fr}}')
    )
    ours, theirs = read(tmp_path, short), read(tmp_path, TABLE)
    assert ours.mappings == theirs.mappings


def test_objects_of_a_are_iris_and_others_literals(tmp_path):
    document = read(tmp_path, with_rule("- [a, [skos:Concept, rico:Place]]"))
    (statements,) = document.mappings[0].statements
    assert [term.kind for term in statements.objects] == ["iri", "iri"]
    document = read(tmp_path, with_rule('- [rdfs:label, "$(name)"]'))
    assert document.mappings[0].statements[0].objects[0].kind == "literal"


def test_a_suffix_says_what_a_text_is(tmp_path):
    document = read(
        tmp_path,
        with_rule('- [rdfs:seeAlso, ["base:x/$(id)~iri", "a: $(id)~literal", "b~literal"]]'),
    )
    terms = document.mappings[0].statements[0].objects
    assert [term.kind for term in terms] == ["iri", "literal", "literal"]
    assert terms[2].value.constant == "b"


def test_a_list_of_predicates_has_each_object(tmp_path):
    document = read(tmp_path, with_rule('- [[rdfs:label, skos:prefLabel], "$(name)"]'))
    assert len(document.mappings[0].statements[0].predicates) == 2


def test_functions_may_be_arguments_subjects_and_predicates(tmp_path):
    rule = """- predicates: {function: collex-fn:upper, parameters: [[collex-fn:value, "$(p)"]]}
        objects:
          function: collex-fn:upper
          parameters:
            - - collex-fn:value
              - {function: collex-fn:join, parameters: [[collex-fn:values, "$(name)"]]}
        condition: {function: collex-fn:upper, parameters: [[collex-fn:value, "$(c)"]]}"""
    (statements,) = read(tmp_path, with_rule(rule)).mappings[0].statements
    assert isinstance(statements.predicates[0].value, Call)
    assert statements.predicates[0].kind == "iri"
    assert isinstance(statements.objects[0].value.arguments[0][1], Call)
    assert statements.condition.function == "upper"


def test_an_anchored_block_may_be_used_again(tmp_path):
    document = TABLE.replace('"base:graph/source/test"', '&g "base:graph/source/test"') + (
        "  other:\n    sources: row\n    s: base:x\n    g: *g\n    po: [[a, skos:Concept]]\n"
    )
    first, second = read(tmp_path, document).mappings
    assert first.graphs == second.graphs


def test_yarrrml_s_short_sources_are_read(tmp_path):
    document = TABLE.replace('{access: "*.csv", referenceFormulation: csv}', "['*.csv~csv']")
    assert read(tmp_path, document).sources["row"].access == "*.csv"
    document = TREE.replace(
        '{access: "*.xml", referenceFormulation: xpath, iterator: "//item"}',
        "['*.xml~xpath', '//item']",
    )
    assert read(tmp_path, document).sources["row"].iterator == "//item"


def test_a_document_may_declare_prefixes_of_its_own(tmp_path):
    document = "prefixes: {ex: 'http://example.org/ns#'}" + with_rule('- [ex:name, "$(name)"]')
    assert read(tmp_path, document).prefixes["ex"] == "http://example.org/ns#"


@pytest.mark.parametrize(
    ("template", "quotes", "parts"),
    [
        ("", True, []),
        ("plain", True, ["plain"]),
        ("$(a)", True, [Reference("a")]),
        ("x$(a)y$( b )z", True, ["x", Reference("a"), "y", Reference("b"), "z"]),
        ("$(count(p) + 1)", True, [Reference("count(p) + 1")]),
        ("$(p[.=')'])", True, [Reference("p[.=')']")]),
        ("$(Type d'objet (s))", False, [Reference("Type d'objet (s)")]),
        (r"$(odd\) name)", False, [Reference("odd) name")]),
        ("POINT($(long) $(lat))", False, ["POINT(", Reference("long"), " ", Reference("lat"), ")"]),
        ("5 $", False, ["5 $"]),
    ],
)
def test_a_template_is_split_at_its_references(template, quotes, parts):
    assert split_template(template, quotes=quotes) == parts


# --- what is refused, with file, line and name ---------------------------------------------------

REFUSED_RULES = {
    "a short rule of one": ("- [rdfs:label]", 10, "expected [predicate, object]"),
    "an unknown prefix": ('- [foo:label, "$(name)"]', 10, "unknown prefix 'foo' in 'foo:label'"),
    "a predicate that is no IRI": ('- [label, "$(name)"]', 10, "'label' is not an IRI"),
    "a constant that may be either": ("- [rdfs:label, name]", 10, "Write name~iri or name~literal"),
    "an IRI that may be a text": (
        '- [rdfs:seeAlso, "base:x/$(id)"]',
        10,
        "Write base:x/$(id)~iri or base:x/$(id)~literal",
    ),
    "an address that may be a text": ('- [rdfs:seeAlso, "https://x.org/$(id)"]', 10, "~iri or"),
    "a language that is none": ('- [rdfs:label, "$(name)", french_FR~lang]', 10, "'french_FR'"),
    "a language in capitals": ('- [rdfs:label, "$(name)", FR~lang]', 10, "canonical form: fr"),
    "a language on an IRI": ('- [rdfs:label, "base:$(id)~iri", fr~lang]', 10, "neither language"),
    "an unknown datatype": ('- [rdfs:label, "$(name)", integer]', 10, "'integer' is not an IRI"),
    "a constant of the wrong type": ('- [rdfs:label, "x~literal", xsd:gYear]', 10, "no xsd:gYear"),
    "a reference without end": ('- [rdfs:label, "$(name"]', 10, "has no end"),
    "an empty reference": ('- [rdfs:label, "$( )"]', 10, "a reference is empty"),
    "an IRI that starts with a reference": (
        '- [rdfs:label, "$(id)/x~iri"]',
        10,
        "begins with a prefix or a scheme",
    ),
    "an IRI with a space": ('- [rdfs:label, "base:a b/$(id)~iri"]', 10, "is not an IRI"),
    "an unknown key": ("- {predicate: rdfs:label, obj: x}", 10, "'obj' is not a key"),
    "a key twice": ("- {p: rdfs:label, p: rdfs:label, o: x}", 10, "'p' is there twice"),
    "two keys of one meaning": ("- {p: rdfs:label, predicate: a, o: x}", 10, "is given twice"),
    "no object": ("- {p: rdfs:label}", 10, "'objects' is missing"),
    "a type that is none": ("- {p: rdfs:label, o: {value: x, type: text}}", 10, "iri or a literal"),
    "a language and a datatype": (
        "- {p: rdfs:label, o: {value: x, language: fr, datatype: xsd:date}}",
        10,
        "not both",
    ),
    "a value and a function": (
        "- {p: rdfs:label, o: {value: x, function: collex-fn:upper}}",
        10,
        "not both",
    ),
    "parameters without function": (
        "- {p: rdfs:label, o: {value: x, type: literal, parameters: []}}",
        10,
        "to a function",
    ),
    "a foreign function": (
        "- {p: rdfs:label, o: {function: 'grel:toUpperCase'}}",
        10,
        "grel:toUpper",
    ),
    "an unknown function": (
        "- {p: rdfs:label, o: {function: collex-fn:uppper}}",
        10,
        "no function collex-fn:uppper; did you mean upper?",
    ),
    "an unknown parameter": (
        "- {p: rdfs:label, o: {function: collex-fn:upper, parameters: [[collex-fn:text, x]]}}",
        10,
        "no parameter 'text'; it has value",
    ),
    "a missing parameter": (
        "- {p: rdfs:label, o: {function: collex-fn:upper}}",
        10,
        "needs the parameter 'value'",
    ),
    "a parameter twice": (
        "- {p: a, o: {f: collex-fn:upper, pms: [[collex-fn:value, x], [collex-fn:value, x]]}}",
        10,
        "given twice",
    ),
    "a parameter without name": (
        "- {p: rdfs:label, o: {function: collex-fn:upper, parameters: [x]}}",
        10,
        "is written [",
    ),
    "a join with no mapping": (
        "- {p: rdfs:seeAlso, o: {mapping: thin, condition: {function: equal, parameters: []}}}",
        10,
        "no mapping 'thin'; did you mean thing?",
    ),
    "a join that compares otherwise": (
        "- {p: rdfs:seeAlso, o: {mapping: thing, condition: {function: lower}}}",
        10,
        "compares with the function `equal`, not 'lower'",
    ),
    "a join of one side": (
        (
            "- {p: rdfs:seeAlso, o: {mapping: thing, "
            'condition: {function: equal, parameters: [[str1, "$(id)"]]}}}'
        ),
        10,
        "a join has two sides",
    ),
    "a key with a near miss": (
        '- {predicats: rdfs:label, objects: "$(name)"}',
        10,
        "did you mean predicates",
    ),
    "an unknown value of the engine": ('- [rdfs:label, "$(_key)"]', 10, "$(_key) is not a value"),
    "nothing": ("-", 10, "expected"),
}


@pytest.mark.parametrize(("rule", "line", "words"), REFUSED_RULES.values(), ids=REFUSED_RULES)
def test_a_rule_outside_the_subset_is_refused(tmp_path, rule, line, words):
    found_line, problem = refusal(tmp_path, with_rule(rule))
    assert words in problem
    assert found_line == line


def test_a_refusal_names_the_mapping(tmp_path):
    _, problem = refusal(tmp_path, with_rule('- [foo:label, "$(name)"]'))
    assert "mapping 'thing'" in problem


def changed(old, new, document=TABLE):
    assert old in document
    return document.replace(old, new)


REFUSED_DOCUMENTS = {
    "empty": ("", None, "the document is empty"),
    "not YAML": ("sources: [", 1, "not YAML"),
    "a list": ("- a", 1, "expected `name: …` pairs"),
    "without mappings": ("sources: {row: ['*~csv']}", 1, "'mappings' is missing"),
    "another key": (TABLE + "targets: {}\n", 11, "'targets' is not a key of the document"),
    "a key of authors": ("authors: x" + TABLE, 1, "'authors'"),
    "a source without access": (changed('access: "*.csv", ', ""), 3, "'access' is missing"),
    "a source of another kind": (
        changed("Formulation: csv", "Formulation: mongodb"),
        3,
        "'mongodb'",
    ),
    "an iterator of a table": (
        changed("n: csv}", "n: csv, iterator: x}"),
        3,
        "for a table it is file",
    ),
    "cells of a whole file": (
        changed("n: csv}", "n: csv, iterator: file, cells: 'a'}"),
        3,
        "cells or files, not both",
    ),
    "cells without an expression": (changed("n: csv}", "n: csv, cells: '('}"), 3, "regular"),
    "an unknown header block": (changed("n: csv}", "n: csv, header: twelve}"), 3, "blank"),
    "a cell where the records are rows": (changed("$(id)", "$(_cell)"), 7, "`cells`"),
    "a header block that is not declared": (changed("$(id)", "$(_header.x)"), 7, "`header`"),
    "a delimiter of a tree": (changed('//item"}', '//item", delimiter: ;}', TREE), 3, "no meaning"),
    "a long delimiter": (changed("n: csv}", "n: csv, delimiter: ', '}"), 3, "one character"),
    "quotes that are neither": (changed("n: csv}", "n: csv, quotes: maybe}"), 3, "true or false"),
    "an unknown source": (changed("sources: row", "sources: rows"), 6, "no source 'rows'"),
    "sources of two kinds": (
        changed("csv}", "csv}\n  tree: ['*~xpath', '//x']").replace("s: row", "s: [row, tree]"),
        7,
        "all of one formulation",
    ),
    "a mapping without subject": (
        changed('    subject: "base:id/thing/$(id)"\n', ""),
        6,
        "'subjects'",
    ),
    "a subject that is a text": (changed("base:id/thing/$(id)", "thing $(id)"), 7, "is not an IRI"),
    "a graph that is a text": (changed("base:graph/source/test", "graph"), 8, "is not an IRI"),
    "a condition with a value": (
        changed("    graphs:", "    condition: {value: x}\n    graphs:"),
        8,
        "'value' is not a key",
    ),
    "a prefix with another meaning": (
        "prefixes: {skos: 'http://x.org/'}" + TABLE,
        1,
        "whole project",
    ),
    "a prefix called base": ("prefixes: {base: 'http://x.org/'}" + TABLE, 1, "whole project"),
    "a prefix that is no IRI": ("prefixes: {ex: 'x y'}" + TABLE, 1, "is not an IRI"),
    "a computed value without _": (
        changed("n: csv}", "n: csv, values: {key: {function: collex-fn:join}}}"),
        3,
        "'key' cannot",
    ),
    "a computed value of the engine": (
        changed("n: csv}", "n: csv, values: {_row: {function: collex-fn:join}}}"),
        3,
        "'_row' cannot",
    ),
    "_row in a tree": (changed("$(id)", "$(_row)", TREE), 7, "_row belongs to tables"),
}


@pytest.mark.parametrize(
    ("document", "line", "words"), REFUSED_DOCUMENTS.values(), ids=REFUSED_DOCUMENTS
)
def test_a_document_outside_the_subset_is_refused(tmp_path, document, line, words):
    found_line, problem = refusal(tmp_path, document)
    assert words in problem
    assert found_line == line


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ResourceFileError, match="cannot be read"):
        read_mapping(tmp_path / "absent.yml")


REFUSED_XPATHS = {
    "following::c": "following:: is refused",
    "following-sibling::c": "following-sibling:: is refused",
    "preceding::c": "preceding:: is refused",
    "namespace::x": "namespace:: is refused",
    "sideways::c": "no axis sideways::",
    "id('x')": "the function id()",
    "document('x.xml')": "the function document()",
    "$x": "variables",
    "a[": "expected a name",
    "a]": "unexpected ']'",
    "a b": "unexpected 'b'",
    "a/": "expected a name",
    "comment()": "comment() is not read",
    "ead:c": "'ead' has no namespace",
    "@xlink:href": "prefix",
    "count()": "",
}


@pytest.mark.parametrize(("xpath", "words"), REFUSED_XPATHS.items(), ids=REFUSED_XPATHS)
def test_an_xpath_that_cannot_be_streamed_is_refused(tmp_path, xpath, words):
    line, problem = refusal(tmp_path, with_rule(f'- [rdfs:label, "$({xpath})"]', TREE))
    assert words in problem
    assert f"$({xpath})" in problem
    assert line == 10


REFUSED_ITERATORS = {
    "item": "begins with / or //",
    "//item[1]": "counts positions",
    "//item[position() = 2]": "counts positions",
    "//item[last()]": "counts positions",
    "//item[count(x)]": "counts positions",
    "//item/@id": "attribute:: has no place",
    "//item/..": "parent:: has no place",
    "//item/text()": "selects elements",
    "//xml:*": "selects elements",
    "//item[following-sibling::x]": "following-sibling:: is refused",
    "count(//item)": "one or several location paths",
    "//item | x": "begins with / or //",
    "/": "begins with / or //",
    "//p:item": "'p' has no namespace",
}


@pytest.mark.parametrize(("iterator", "words"), REFUSED_ITERATORS.items(), ids=REFUSED_ITERATORS)
def test_an_iterator_that_cannot_be_streamed_is_refused(tmp_path, iterator, words):
    line, problem = refusal(tmp_path, TREE.replace('"//item"', f'"{iterator}"'))
    assert words in problem
    assert "iterator of source 'row'" in problem
    assert line == 3


# --- the documentation ---------------------------------------------------------------------------


def test_the_example_of_the_documentation_is_read_and_names_every_key_of_a_source(tmp_path):
    import re

    from collex_graph.mapping.rules import _SOURCE_KEYS
    from collex_graph.resources import resource_dir

    text = (resource_dir("mappings") / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```yaml\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    plan = compile_mapping(read(tmp_path, example), BASE)
    assert [source.name for source in plan.sources_for("notice.xml")] == ["unit"]
    for key in _SOURCE_KEYS:
        assert f"| `{key}` |" in text


def test_the_example_of_the_tutorial_is_read(tmp_path):
    import re
    import textwrap

    from collex_graph.resources import resource_dir

    text = (resource_dir("mappings") / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^ +```yaml\n(.*?)^ +```", text, flags=re.DOTALL | re.MULTILINE)
    plan = compile_mapping(read(tmp_path, textwrap.dedent(example)), BASE)
    assert [source.name for source in plan.sources_for("positions.tsv")] == ["row"]
