"""A file given as the wrong source is recognised from the mapping documents themselves."""

import pytest

from collex_graph.build import build
from collex_graph.pipeline.recognition import sources_like
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings

MAPPINGS = resource_dir("mappings")
SAMPLES = sorted(
    path
    for path in MAPPINGS.glob("*/sample/*")
    if path.is_file() and path.suffix not in (".md", ".gz", ".zip")
)


def sample(dataset, pattern="*"):
    return next(path for path in SAMPLES if path.match(f"{dataset}/sample/{pattern}"))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_a_sample_is_never_taken_for_another_source_alone(path):
    """Sources of one format (finding aids) look alike; a file is never taken from its own."""
    dataset = path.parts[-3]
    like = sources_like(path, "none")
    assert not like or dataset in like


@pytest.mark.parametrize(
    ("dataset", "pattern", "given"),
    [
        ("kbart", "*.t*", "counter"),
        ("kbart", "*.t*", "ccfr"),
        ("esr", "*.csv", "kbart"),
        ("counter", "tr_r5.json", "theses"),
        ("counter", "ir_r51.json", "esr"),
        ("eac", "*.xml", "ccfr"),
        ("ccfr", "*.xml", "eac"),
        ("databnf", "*.rdfn3", "ccfr"),
        ("idref", "*.rdf", "kbart"),
    ],
)
def test_a_file_looks_like_its_source_and_not_like_the_one_given(dataset, pattern, given):
    like = sources_like(sample(dataset, pattern), given)
    assert dataset in like
    assert given not in like


def test_a_file_of_the_source_given_is_not_said_to_be_another(tmp_path):
    assert sources_like(sample("kbart"), "kbart") == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x01\x02",
        b"a;b\n1;2\n",
        b"<a/>",
        b"{}",
        b"[1, 2]",
        b"<<<",
        b"\xff\xfe",
        b"PK\x03\x04",
    ],
)
def test_what_looks_like_nothing_is_said_to_be_nothing(tmp_path, content):
    path = tmp_path / "file.xml"
    path.write_bytes(content)
    assert sources_like(path, "ccfr") == []


@pytest.fixture(scope="module")
def summary(tmp_path_factory):
    """A build of a folder that holds a report of usage, a list of titles and something else."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "report.json").write_bytes(sample("counter", "tr_r5.json").read_bytes())
    (folder / "list.csv").write_bytes(sample("kbart").read_bytes())
    (folder / "notes.xml").write_text("<notes/>")
    return build([("counter", folder)], Settings(var=tmp_path_factory.mktemp("var")))


def test_the_report_says_what_a_file_looks_like(summary):
    assert summary.exit_code == 1
    (said,) = [r for r in summary.report.results if r.rule.endswith("LooksLikeAnotherSource")]
    assert "list.csv" in said.messages["fr"]
    assert "kbart" in said.messages["fr"]


def test_files_of_a_folder_that_the_source_does_not_read_are_left_alone(summary):
    (counter,) = [source for source in summary.sources if source.dataset == "counter"]
    assert [file.name for file in counter.files] == ["list.csv", "report.json"]
    assert [path.name for path in counter.ignored] == ["notes.xml"]
