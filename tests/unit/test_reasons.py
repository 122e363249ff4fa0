"""Every reason that a reader gives for refusing a file has its French."""

import ast
import csv
import re
from pathlib import Path

import pytest

import collex_graph
from collex_graph.model import Note, Position, Problem
from collex_graph.resources import resource_dir
from collex_graph.validation.readings import ReadingRules
from collex_graph.validation.reasons import REASONS_FILE, in_french

PACKAGE = Path(collex_graph.__file__).parent
RAISING = {"UnreadableSourceError", "refuse", "_refuse", "_BombError", "Unpacked"}
NOT_TOLD = {
    # parts of reasons, whose other part is in the list
    "{} (column {})",
    "{}: this is no archive of records; unpack it and look at it",
    "{} breaks off{}: {}",
}


def template(node):
    """The text of a literal, ``{}`` for what is put into it; None for other expressions."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(v.value if isinstance(v, ast.Constant) else "{}" for v in node.values)
    return None


def name_of(node):
    """The name that a value is given to."""
    return node.arg if isinstance(node, ast.keyword) else getattr(node.targets[0], "id", "")


def reasons():
    paths = [*sorted((PACKAGE / "sources").glob("*.py")), PACKAGE / "mapping" / "engine.py"]
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            given = []
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                given = node.args if name in RAISING else []
            elif isinstance(node, ast.Assign | ast.keyword) and name_of(node) == "problem":
                given = [node.value]
            for text in filter(None, map(template, given)):
                yield path.name, text


@pytest.mark.parametrize(("module", "reason"), sorted(set(reasons())))
def test_a_reason_has_its_french(module, reason):
    said = re.sub(r"\{\}", "42", reason)
    if module == "json.py" and "(column" not in said and "million" not in said:
        said = f"{said} (column 7)" if in_french(said) == said else said
    if module == "archives.py" and in_french(said) == said:
        said = f"{said}: this is no archive of records; unpack it and look at it"
    assert reason in NOT_TOLD or in_french(said) != said


def test_the_french_has_its_no_break_spaces():
    with (resource_dir("shapes") / REASONS_FILE).open(encoding="utf-8", newline="") as stream:
        french = [row["fr"] for row in csv.DictReader(stream)]
    assert not [text for text in french if re.search(r" [;:!?»]|« |'", text)]


def test_a_reason_inside_a_reason_is_translated_too():
    assert in_french("refused: its entities expand without measure") == (
        "refusé\u00a0: ses entités grossissent sans mesure"
    )
    zipped = in_french("the archive is damaged or breaks off (File is not a zip file)")
    assert zipped.endswith("(ce n’est pas un fichier ZIP, ou sa fin manque)")
    assert in_french("what nobody wrote down") == "what nobody wrote down"


def test_a_report_says_a_reason_in_both_languages():
    note = Note("UnreadableFile", "a.csv", (("reason", "the file is empty"),))
    problem = Problem(note, Position("a.csv"), "a.csv", None, "", None)
    messages = ReadingRules.load().result(problem).messages
    assert "le fichier est vide" in messages["fr"]
    assert "the file is empty" in messages["en"]
