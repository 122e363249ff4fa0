"""On what a kept part depends: what may have had a hand in it, and no more."""

import shutil

import pytest

from collex_graph.mapping.functions import registry
from collex_graph.pipeline import circumstances as module
from collex_graph.pipeline.circumstances import circumstances, modules_from
from collex_graph.resources import resource_dir

SOURCES = ("ccfr", "charters", "kbart", "labels", "theses")
PROGRAM = modules_from("collex_graph.pipeline.part")


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Copies of the mappings, the ontology and the shapes that may be changed."""
    for name in ("mappings", "ontology", "shapes"):
        ignored = shutil.ignore_patterns("sample", "*.md")
        shutil.copytree(resource_dir(name), tmp_path / name, ignore=ignored)
    for reader in (module, registry):
        monkeypatch.setattr(reader, "resource_dir", lambda name: tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(
    ("changed", "concerned"),
    [
        ("mappings/theses/mapping.yml", {"theses"}),
        ("mappings/theses/roles.csv", {"theses"}),
        ("mappings/ccfr/fonds-types.csv", {"ccfr"}),
        ("mappings/ccfr/roles.csv", set(SOURCES)),  # our functions read it
        ("mappings/institutions/communes.csv", set()),  # a file of a source, which has its own sum
        ("ontology/prefixes.ttl", set(SOURCES)),
        ("ontology/collex.ttl", set()),
        ("ontology/vocabularies/discipline.ttl", {"charters", "labels"}),
        ("shapes/readings.ttl", {"charters"}),  # a commitment names a rule
    ],
)
def test_a_part_depends_on_what_its_source_uses(folders, changed, concerned):
    before = {source: circumstances(source) for source in SOURCES}
    with (folders / changed).open("a", encoding="utf-8") as file:
        file.write("\n")
    after = {source: circumstances(source) for source in SOURCES}
    assert {source for source in SOURCES if before[source] != after[source]} == concerned


def test_a_table_that_is_not_named_in_so_many_words_may_be_any(folders):
    document = folders / "mappings" / "kbart" / "mapping.yml"
    text = document.read_text("utf-8") + '# [[collex-fn:table, "$(which)"]]\n'
    document.write_text(text, encoding="utf-8")
    before = circumstances("kbart")
    with (folders / "mappings" / "theses" / "roles.csv").open("a") as file:
        file.write("x,,\n")
    assert circumstances("kbart") != before


@pytest.mark.parametrize(
    "name",
    ["mapping.passes", "mapping.functions.dates", "mapping.functions.usage", "rdf.identifiers",
     "sources.rdf", "sources.gate", "sources.xlsx", "store.lines", "pipeline.part", "model"],
)  # fmt: skip
def test_the_program_text_that_makes_a_part_is_found(name):
    assert f"collex_graph.{name}" in PROGRAM


@pytest.mark.parametrize("folder", ["server", "build", "linking", "validation", "cli"])
def test_what_comes_after_the_parts_leaves_them_alone(folder):
    assert not [name for name in PROGRAM if name.startswith(f"collex_graph.{folder}")]
