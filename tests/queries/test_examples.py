"""The sixty questions: complete headers, pinned answers on the samples, real files, command line.

``expected/NN.csv`` holds rows that a question must give on the samples, with the values of its
header's examples; ``expected/NN.absent.csv`` rows that it must not give. Other rows are allowed, so
that a sample may grow.
"""

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from collex_graph.cli import main
from collex_graph.model import QueryRequest
from collex_graph.sparql.by_name import example_queries, find_query
from collex_graph.sparql.policy import check_query
from collex_graph.sparql.results import read_body
from collex_graph.store.snapshot import current_snapshot

EXPECTED = Path(__file__).with_name("expected")
QUERIES = {query.name.removeprefix("examples/")[:2]: query for query in example_queries()}
every_question = pytest.mark.parametrize("number", QUERIES)
# The others ask for what only curators' tables say.
ANSWERED_BY_REAL_FILES = {
    2, 3, 5, 6, 7, 8, 11, 12, 13, 14, 15, 18, 20, 22, 23, 24, 25, 27, 33, 34, 37, 38, 39, 42, 43,
    44, 45, 46, 49, 51, 53, 54, 55, 56, 58,
}  # fmt: skip
OPTIONS = {"var", "format", "snapshot", "about", "sparql", "list", "help"}


def text_of(query):
    """Return the question with the examples of its header."""
    values = {
        name: parameter.example
        for name, parameter in query.parameters.items()
        if parameter.example is not None
    }
    return query.text(**values)


def answer(pool, query):
    """Return the columns and the rows of an answer in CSV."""
    result = pool.run(QueryRequest(text_of(query), ("text/csv",)))
    return read_rows(read_body(result).decode())


def read_rows(text):
    columns, *rows = csv.reader(io.StringIO(text))
    return columns, [tuple(row) for row in rows]


def pinned(name):
    path = EXPECTED / name
    return read_rows(path.read_text(encoding="utf-8")) if path.exists() else None


# --- headers -------------------------------------------------------------------------------------


def test_there_are_sixty_questions_numbered_in_order():
    assert list(QUERIES) == [f"{number:02}" for number in range(1, 61)]


@every_question
def test_a_question_says_all_that_a_reader_needs(number):
    query = QUERIES[number]
    for texts in (query.title, query.description, query.meaning, query.expected):
        assert set(texts) == {"fr", "en"}
        assert all(texts.values())
    assert query.audience
    assert query.difficulty
    assert query.programmes
    for parameter in query.parameters.values():
        assert set(parameter.label) == {"fr", "en"}, parameter.name
        given = (parameter.default, parameter.example)
        assert parameter.optional or given != (None, None)
        assert parameter.type != "concept" or parameter.scheme
        assert parameter.name not in OPTIONS


@every_question
def test_a_question_passes_the_policy_of_the_endpoint(number, settings):
    limits = {"text_bytes": settings.query_text_bytes, "nesting": settings.query_nesting}
    assert check_query(text_of(QUERIES[number]), **limits).form.value == "SELECT"


# --- answers -------------------------------------------------------------------------------------


@every_question
def test_a_question_gives_its_pinned_answer_on_the_samples(number, on_samples):
    columns, rows = answer(on_samples, QUERIES[number])
    expected = pinned(f"{number}.csv")
    assert expected, "nothing is pinned"
    assert columns == expected[0]
    assert expected[1]
    assert [row for row in expected[1] if row not in rows] == []
    absent = pinned(f"{number}.absent.csv")
    if absent:
        assert columns == absent[0]
        assert [row for row in absent[1] if row in rows] == []


@pytest.mark.real_data
@every_question
def test_a_question_is_asked_of_the_real_files(number, on_real_files):
    rows = answer(on_real_files, QUERIES[number])[1]
    assert rows or int(number) not in ANSWERED_BY_REAL_FILES


# --- the command line ----------------------------------------------------------------------------


@pytest.fixture
def ask(samples):
    def run(*words):
        return CliRunner().invoke(main, ["query", *words, "--var", str(samples)])

    return run


@pytest.mark.parametrize(
    "name",
    ["02", "2", "02-fonds-of-a-library", "fonds-of-a-library", "examples/02-fonds-of-a-library"],
)
def test_a_question_is_found_by_number_and_by_name(name):
    assert find_query(name).name == "examples/02-fonds-of-a-library"


def test_the_command_prints_a_table_with_nodes_as_parameters_take_them(ask):
    found = ask("02", "--rcr", "920125201")
    assert found.exit_code == 0
    header, *rows = found.stdout.splitlines()
    assert header.split("\t")[:2] == ["fonds", "fondsTitle"]
    assert any(row.startswith("id/fonds/FRFONDS-920125201-5487\t") for row in rows)
    assert "snapshot 20" in found.stderr


def test_the_command_writes_every_format_of_the_endpoint(ask, tmp_path):
    assert ask("2", "--rcr=920125201", "--format", "csv").stdout.startswith("fonds,fondsTitle")
    found = json.loads(ask("2", "--rcr", "920125201", "--format", "json").stdout)
    assert found["head"]["vars"][0] == "fonds"
    assert ask("2", "--rcr", "920125201", "--format", "tsv").stdout.startswith("?fonds\t")
    places = json.loads(ask("14", "--format", "geojson").stdout)["features"]
    assert {place["geometry"]["type"] for place in places} == {"Point"}
    own = tmp_path / "own.rq"
    own.write_text(
        "CONSTRUCT { ?s rdfs:label ?l } { ?s a collex:Deposit ; rdfs:label ?l }", "utf-8"
    )
    assert "rdfs:label" in ask(str(own)).stdout
    own.write_text("ASK { ?s a collex:Deposit }", "utf-8")
    assert ask(str(own)).stdout == "true\n"


def test_parameters_are_optional_repeated_and_boolean(ask):
    regions = ["--region", "11", "--region", "44"]
    found = ask("3", *regions, "--discipline", "histoire", "--format", "csv")
    assert len(found.stdout.splitlines()) == 3
    assert '"false"^^' in ask("31", "--sparql").stdout
    assert '"true"^^' in ask("31", "--all", "--sparql").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fonds-of-a-libary"], "did you mean fonds-of-a-library?"),
        (["nothing-like-it-at-all"], "--list"),
        (["here.rq"], "no file"),
        (["2", "--rc", "920125201"], "did you mean --rcr?"),
        (["2", "920125201"], "--name value"),
        (["2", "--rcr"], "needs a value"),
        (["2"], "rcr"),
        (["17", "--date", "hier"], "date"),
        (["17", "--months", "900"], "between 1 and 120"),
        (["2", "--rcr", "1", "--rcr", "2"], "one value"),
        (["2", "--rcr", "920125201", "--format", "docx"], "table, json, xml, csv, tsv"),
    ],
)
def test_a_mistake_on_the_command_line_is_told_with_what_to_do(ask, words, said):
    found = ask(*words)
    assert found.exit_code == 2
    assert said in found.stderr


def test_the_command_lists_explains_and_shows_questions(ask):
    assert ask().stdout == ask("--list").stdout
    assert len(ask().stdout.splitlines()) == 61
    about = ask("17", "--about").stdout
    assert "question (fr): Quels labels expirent" in about
    assert "--months: integer, default 12" in about
    shown = ask("17", "--months", "6", "--sparql").stdout
    assert '"6"^^' in shown
    assert shown.startswith("PREFIX ")


def test_a_question_is_asked_again_at_a_version_of_the_data(ask, samples):
    version = current_snapshot(samples).identifier
    found = ask("46", "--snapshot", version, "--format", "csv")
    assert f"version,{version}," in found.stdout
    assert ask("46", "--snapshot", version, "--format", "csv").stdout == found.stdout
    gone = ask("46", "--snapshot", "2020-01-01T000000Z")
    assert gone.exit_code == 1
    assert version in gone.stderr


def test_the_same_files_make_the_same_version_of_the_content(on_samples):
    columns, rows = answer(on_samples, QUERIES["46"])
    digests = [dict(zip(columns, row, strict=True)) for row in rows if row[0] == "file"]
    assert all(len(digest["sha256"]) == 64 for digest in digests)
