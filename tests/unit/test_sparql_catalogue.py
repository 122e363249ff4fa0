"""Stored queries: their header, their markers, and parameters that stay terms."""

from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collex_graph.errors import QuerySyntaxError, ResourceFileError
from collex_graph.resources import resource_dir
from collex_graph.sparql.catalogue import Parameter, query_names, read_query, stored_query
from collex_graph.sparql.policy import QueryForm, check_query
from collex_graph.sparql.service_calls import SEARCH
from collex_graph.sparql.terms import write_term

NODE = ox.NamedNode("http://a/b")
HEADER = """\
#+ title:
#+   fr: Fonds d'une période
#+   en: Fonds of a period
#+ description:
#+   fr: >-
#+     Les fonds d'une discipline.
#+     En deux lignes.
#+   en: The fonds of a discipline.
#+ parameters:
#+   discipline: {type: concept, scheme: discipline, optional: true, example: "http://a/d"}
#+   from: {type: integer, default: 1500, minimum: 0, maximum: 2100}
#+   word: {type: string, optional: true, multiple: true}
#+   size: {type: integer, default: 50, minimum: 1, maximum: 500}
#+   start: {type: integer, optional: true}
"""
BODY = """\
SELECT ?unit ?start
WHERE {
  #@ VALUES ?discipline
  #@ VALUES ?from
  ?unit collex:discipline ?discipline ; rdfs:label "skos:no" . # owl:no
  {
    #@ VALUES ?word
  }
  BIND("#@ VALUES ?discipline" AS ?text)
}
#@ LIMIT size
#@ OFFSET start
"""


def read(content, name="examples/x"):
    return read_query(name, Path(f"queries/{name}.rq"), content)


@pytest.fixture
def query():
    return read(HEADER + BODY)


# --- the header ----------------------------------------------------------------------------------


def test_a_header_gives_titles_descriptions_and_parameters(query):
    assert query.title == {"fr": "Fonds d'une période", "en": "Fonds of a period"}
    assert query.description["fr"] == "Les fonds d'une discipline. En deux lignes."
    assert query.form is QueryForm.SELECT
    assert query.parameters["discipline"] == Parameter(
        "discipline", "concept", optional=True, example="http://a/d", scheme="discipline"
    )
    assert query.parameters["size"].maximum == 500
    assert query.source == BODY


def test_only_the_prefixes_that_are_used_are_declared(query):
    text = query.text()
    assert text.startswith("PREFIX collex: <https://w3id.org/collex-graph/ontology#>\nPREFIX rdfs:")
    assert text.count("PREFIX") == 2


def test_a_query_may_declare_a_prefix_of_its_own():
    assert "PREFIX skos:" not in read("PREFIX x: <http://x/> ASK { x:a x:b ?o }").text()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("#+ title: [\nASK {}", "not YAML"),
        ("#+ title: x\nASK {}", "by language"),
        ("#+ titre:\n#+   fr: x\nASK {}", "no other keys"),
        ("#+ - a\nASK {}", "no other keys"),
        ("#+ parameters:\n#+   p: {type: year}\nASK {\n#@ VALUES ?p\n}", "type"),
        ("#+ difficulty: hardest\nASK {}", "easy, join, hard"),
        ("#+ audience: {who: curator}\nASK {}", "researcher, curator"),
        ("#+ programmes: [archive]\nASK {}", "archives"),
        ("#+ meaning: x\nASK {}", "by language"),
        ("#+ parameters:\n#+   p: {type: date, default: 2024}\nASK {\n#@ VALUES ?p\n}",
         "default of 'p'"),
        ("#+ parameters:\n#+   p: {kind: iri}\nASK {\n#@ VALUES ?p\n}", "may have"),
        ("#+ parameters: [p]\nASK {\n#@ VALUES ?p\n}", "by its name"),
        ("#+ parameters:\n#+   p: {type: iri, example: x}\nASK {\n#@ VALUES ?p\n}",
         "example of 'p'"),
        ("#+ parameters:\n#+   p: {type: integer, default: 5, maximum: 4}\nASK {\n#@ VALUES ?p\n}",
         "default of 'p'"),
        ("#+ parameters:\n#+   p: {type: iri}\nASK {}", "no marker"),
        ("ASK { ?s nope:a ?o }", "'nope' is not in ontology/prefixes.ttl"),
        ("ASK { ?s ?p 'x }", "unterminated"),
        ("ASK { SERVICE <a:b> {} }", "SERVICE"),
        ("DROP ALL", "update"),
        ("ASK { #@ VALUES ?p\n}", "Syntax|line of its own"),
        ("ASK { ?s ?p ?o . #@ VALUES ?s\n}", "line of its own"),
        ("ASK {\n#@ VALUE ?p\n}", "line of its own"),
        ("ASK {\n#@ VALUES p\n}", "line of its own"),
        ("ASK {\n#@ VALUES ?p ?q\n}", "line of its own"),
        ("SELECT * {}\n#@ LIMIT n", "declare 'n'"),
        ("#+ parameters:\n#+   n: {type: string}\nSELECT * {}\n#@ LIMIT n", "declare 'n'"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_refused_with_its_name(content, problem):
    with pytest.raises(ResourceFileError, match=problem) as caught:
        read(content)
    assert "queries/examples/x.rq" in str(caught.value)


def test_the_line_of_an_error_is_that_of_the_file():
    with pytest.raises(ResourceFileError) as caught:
        read("#+ title:\n#+   fr: x\nASK {\n\n  ?s nope:a ?o }")
    assert caught.value.line == 5
    with pytest.raises(ResourceFileError) as caught:
        read("#+ title:\n#+   fr: x: y\nASK {}")
    assert caught.value.line == 2


# --- parameters ----------------------------------------------------------------------------------


def test_values_enter_at_their_markers_and_nowhere_else(query):
    text = query.text(discipline=NODE, word=["a", "b"], size=10, start="20")
    assert "  VALUES (?discipline) { (<http://a/b>) }\n" in text
    assert '    VALUES (?word) { ("a") ("b") }\n' in text
    assert 'BIND("#@ VALUES ?discipline" AS ?text)' in text
    assert '"1500"^^<http://www.w3.org/2001/XMLSchema#integer>' in text
    assert text.endswith("LIMIT 10\nOFFSET 20\n")


def test_an_optional_parameter_without_a_value_leaves_the_query_unconstrained(query):
    text = query.text()
    assert "VALUES (?discipline)" not in text
    assert "VALUES (?word)" not in text
    assert "OFFSET" not in text
    assert "LIMIT 50" in text


def test_an_empty_list_matches_nothing(query):
    assert "VALUES (?word) {  }" in query.text(word=[])


def test_a_limit_may_be_a_number():
    assert read("SELECT * {}\n#@ LIMIT 7\n").text() == "SELECT * {}\nLIMIT 7\n"


def test_days_and_truth_values_become_typed_literals():
    query = read(
        "#+ parameters:\n#+   day: {type: date, default: 2024-02-29}\n"
        "#+   all: {type: boolean, default: false}\nASK {\n#@ VALUES ?day\n#@ VALUES ?all\n}"
    )
    assert '("2024-02-29"^^<http://www.w3.org/2001/XMLSchema#date>)' in query.text()
    assert '("true"^^<http://www.w3.org/2001/XMLSchema#boolean>)' in query.text(all="true")
    assert '("true"^^<http://www.w3.org/2001/XMLSchema#boolean>)' in query.text(all=True)
    for wrong in (
        {"day": "2023-02-29"},
        {"day": "hier"},
        {"day": 2024},
        {"all": "oui"},
        {"all": 1},
    ):
        with pytest.raises(QuerySyntaxError, match=next(iter(wrong))):
            query.text(**wrong)


def test_our_own_nodes_may_be_given_without_the_base():
    query = read(
        "#+ parameters:\n#+   d: {type: concept, scheme: discipline}\n#+   u: {type: iri}\n"
        "ASK {\n#@ VALUES ?d\n#@ VALUES ?u\n}"
    )
    text = query.text(d="histoire", u="id/fonds/FRFONDS-751132108-1756")
    assert "(<vocabulary/discipline/histoire>)" in text
    assert "(<id/fonds/FRFONDS-751132108-1756>)" in text
    for wrong in ("id/../x", "id/a b", "id/x> } #", "pages/x", "id", "id//x"):
        with pytest.raises(QuerySyntaxError, match="u"):
            query.text(d="histoire", u=wrong)
    for wrong in ("histoire de l'art", "a/b", "a>"):
        with pytest.raises(QuerySyntaxError, match="d"):
            query.text(d=wrong, u="http://a/")


def test_an_undeclared_parameter_takes_any_terms_and_must_be_given():
    query = read("ASK {\n  #@ VALUES ?p\n  ?p ?q ?r }")
    literal = ox.Literal("x", language="fr")
    assert '(<http://a/b>) ("x"@fr)' in query.text(p=[NODE, literal])
    assert "(<http://a/b>)" in query.text(p=iter([NODE]))
    for wrong in ({}, {"p": None}, {"p": "http://a/b"}, {"p": [1]}):
        with pytest.raises(QuerySyntaxError, match="p"):
            query.text(**wrong)


@pytest.mark.parametrize(
    "values",
    [
        {"discipline": "not an iri"}, {"discipline": ox.Literal("x")}, {"discipline": 5},
        {"discipline": "http://a/> } DROP ALL #"}, {"discipline": [NODE, NODE]},
        {"discipline": []}, {"from": "1850 }"}, {"from": 1850.5}, {"from": True}, {"from": -1},
        {"from": 2101}, {"from": "9" * 30}, {"word": 5}, {"word": NODE}, {"word": ["a", 5]},
        {"size": 0}, {"size": 501}, {"size": "10; DROP ALL"}, {"size": [1, 2]}, {"start": -1},
        {"nothing": 1}, {"fro": 1},
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_refused(query, values):
    with pytest.raises(QuerySyntaxError, match=next(iter(values))) as caught:
        query.text(**values)
    assert len(str(caught.value).splitlines()) == 2


def test_a_blank_node_cannot_be_a_value(query):
    with pytest.raises(QuerySyntaxError):
        query.text(discipline=ox.BlankNode("b"))


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from([None, "fr", "en-gb"]))
def test_any_text_stays_one_literal(text, language):
    literal = ox.Literal(text, language=language)
    query = read("#+ parameters:\n#+   p: {type: string}\nSELECT ?p {\n#@ VALUES ?p\n}")
    checked = check_query(query.text(p=literal), text_bytes=100_000, nesting=10)
    assert [row["p"] for row in ox.Store().query(checked.text)] == [literal]


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_iri_stays_one_iri_or_is_refused(text):
    query = read("#+ parameters:\n#+   p: {type: iri}\nSELECT ?p {\n#@ VALUES ?p\n}")
    iri = "http://a/" + text
    try:
        filled = query.text(p=iri)
    except (QuerySyntaxError, ValueError):
        return
    checked = check_query(filled, text_bytes=100_000, nesting=10)
    assert [row["p"] for row in ox.Store().query(checked.text)] == [ox.NamedNode(iri)]


@pytest.mark.parametrize(
    "term",
    [
        ox.Literal("5", datatype=ox.NamedNode("http://www.w3.org/2001/XMLSchema#integer")),
        ox.Literal("a\tb\bc\fd\re\nf\"g'h\\i"),
        ox.Literal("x", datatype=ox.NamedNode("http://a/type#x")),
        ox.Literal("x", language="ar", direction=ox.BaseDirection.RTL),
        ox.NamedNode("http://a/é?b=c&d#e'f"),
    ],
)
def test_a_written_term_is_read_as_the_same_term(term):
    text = f"SELECT ?x {{ VALUES ?x {{ {write_term(term)} }} }}"
    checked = check_query(text, text_bytes=10_000, nesting=10)
    assert [row["x"] for row in ox.Store().query(checked.text)] == [term]


# --- the queries of the project ------------------------------------------------------------------


def test_a_name_that_is_not_in_the_catalogue_is_refused():
    for name in ("pages/nothing", "../README", "pages/../pages/home-counts", ""):
        with pytest.raises(ResourceFileError):
            stored_query(name)


def test_every_stored_query_is_in_the_catalogue():
    files = resource_dir("queries").glob("**/*.rq")
    assert len(query_names()) == sum(1 for _ in files) > 0


@pytest.mark.parametrize("name", query_names())
def test_every_stored_query_reads_evaluates_and_speaks_two_languages(name):
    query = stored_query(name)
    assert set(query.title) == set(query.description) == {"fr", "en"}
    values = {
        parameter.name: parameter.example or NODE
        for parameter in query.parameters.values()
        if parameter.default is None
        and (parameter.example or parameter.type in ("iri", "concept", "term"))
    }
    checked = check_query(
        query.text(**values), text_bytes=100_000, nesting=100, services=frozenset({SEARCH})
    )
    if checked.calls:  # tests/server/test_endpoint_pages.py runs these, with an index
        return
    result = ox.Store().query(checked.text, base_iri="http://a/")
    assert isinstance(result, ox.QueryBoolean) or list(result) is not None
