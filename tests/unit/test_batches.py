"""What is checked is divided so that things looked at together stay together."""

from __future__ import annotations

import pytest

from collex_graph.pipeline import batches
from collex_graph.pipeline.batches import divide
from collex_graph.pipeline.survey import Survey

GRAPH = "<urn:g>"


def divided(tmp_path, monkeypatch, statements, looked_back):
    """Divide statements into batches as small as can be; return the subjects of each."""
    monkeypatch.setattr(batches, "_BYTES_OF_A_BATCH", 1)
    survey = Survey(None, "urn:vocabulary/")
    lines = tmp_path / "lines.nt"
    with lines.open("wb") as stream:
        for statement in statements:
            stream.write(survey.cut(f"{statement} {GRAPH} .\n".encode()))
    found = divide(lines, survey, looked_back)
    subjects = [
        {line.split()[0].decode() for chunk in found.chunks(number) for line in chunk.splitlines()}
        for number in range(len(found.pieces))
    ]
    return found, subjects


@pytest.mark.parametrize(
    ("looked_back", "expected"),
    [
        ((), [{"<urn:a>"}, {"<urn:b>"}, {"<urn:c>"}]),
        (("urn:name",), [{"<urn:a>", "<urn:c>"}, {"<urn:b>"}]),
        (("urn:of",), [{"<urn:a>", "<urn:b>"}, {"<urn:c>"}]),
        (
            ("http://www.w3.org/1999/02/22-rdf-syntax-ns#type",),
            [{"<urn:a>"}, {"<urn:b>", "<urn:c>"}],
        ),
    ],
)
def test_what_shares_a_text_a_node_or_a_class_that_is_looked_back_from_stays_together(
    looked_back, expected, tmp_path, monkeypatch
):
    is_a = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
    statements = [
        '<urn:a> <urn:name> "Un"@fr',
        "<urn:a> <urn:of> <urn:x>",
        '<urn:b> <urn:name> "Un"',
        "<urn:b> <urn:of> <urn:x>",
        f"<urn:b> {is_a} <urn:Thing>",
        '<urn:c> <urn:name> "Un"@fr',
        f"<urn:c> {is_a} <urn:Thing>",
    ]
    found, subjects = divided(tmp_path, monkeypatch, statements, looked_back)
    assert subjects == expected
    assert found.is_anywhere("urn:x") == (looked_back != ("urn:of",))


def test_what_many_point_to_is_in_every_batch_with_what_it_leads_to(tmp_path, monkeypatch):
    monkeypatch.setattr(batches, "_POINTED_TO_BY_MANY", 1)
    statements = [
        *(f"<urn:{name}> <urn:in> <urn:package>" for name in "abc"),
        "<urn:package> <urn:by> <urn:publisher>",
        *(f"<urn:{name}> <urn:by> <urn:publisher>" for name in "de"),
        '<urn:publisher> <urn:name> "Un"',
    ]
    found, subjects = divided(tmp_path, monkeypatch, statements, ())
    assert [sorted(some) for some in subjects] == [[f"<urn:{name}>"] for name in "abcde"]
    assert found.shared.decode().splitlines() == [f"{statements[i]} ." for i in (3, 6)]
    assert [n for n in range(5) if found.is_judged("urn:publisher", n)] == [0]


def test_lines_are_read_in_whole_lines_however_long_a_piece_is(tmp_path, monkeypatch):
    monkeypatch.setattr(batches, "_READ_AT_ONCE", 50)
    lines = tmp_path / "lines.nt"
    lines.write_text("".join(f'<urn:a> <urn:p> "{"x" * n}" .\n' for n in range(60)))
    chunks = list(batches.Batches.undivided(lines).chunks(0))
    assert b"".join(chunks) == lines.read_bytes()
    assert len(chunks) > 10
    assert all(chunk.endswith(b" .\n") for chunk in chunks)


def test_a_survey_leaves_out_texts_and_concepts_that_nobody_asks_for():
    survey = Survey({"urn:asked"}, "urn:vocabulary/")
    kept = survey.cut(
        b'<urn:a> <urn:asked> "Un" <urn:g> .\n'
        b'<urn:a> <urn:note> "Un" <urn:g> .\n'
        b"<urn:a> <urn:note> <urn:vocabulary/x> <urn:g> .\n"
        b"<urn:a> <urn:of> <urn:b> <urn:g> .\n"
    )
    assert kept == b'<urn:a> <urn:asked> "Un" .\n<urn:a> <urn:of> <urn:b> .\n'
    assert survey.names() == {("urn:asked", ""), ("urn:of", "")}
    assert survey.size_bytes == len(kept)
