"""The notebook runs against a service, cell by cell, as a reader would run it."""

import json

from collex_graph.resources import resource_dir

NOTEBOOK = resource_dir("web") / "static" / "notebooks" / "premieres-questions.ipynb"


def cells(kind):
    document = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert document["nbformat"] == 4
    return ["".join(cell["source"]) for cell in document["cells"] if cell["cell_type"] == kind]


def test_every_cell_runs_and_finds_something(site, monkeypatch, capsys):
    monkeypatch.setenv("COLLEX_GRAPH_ADDRESS", site)
    known = {}
    for source in cells("code"):
        exec(compile(source, str(NOTEBOOK), "exec"), known)
    assert known["counts"]
    assert known["labelled"]
    assert known["placed"]
    assert known["answer"]["rows"]
    assert known["said"]
    assert "Bnu" in capsys.readouterr().out


def test_it_is_kept_without_answers_which_would_grow_old():
    document = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    code = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


def test_every_explanation_is_in_both_languages():
    assert all(" — " in text for text in cells("markdown"))
