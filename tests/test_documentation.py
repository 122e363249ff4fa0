"""Documents say what the code does: they are checked against its declarations."""

import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from collex_graph import cli
from collex_graph.pipeline import known_sources
from collex_graph.settings import ENVIRONMENT_PREFIX, Settings

CHECKOUT = Path(__file__).resolve().parents[1]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("declared", fields(Settings), ids=lambda f: f.name)
def test_every_setting_is_in_the_readme_with_its_default_and_help(declared):
    name = f"{ENVIRONMENT_PREFIX}{declared.name.upper()}"
    default = getattr(Settings(), declared.name)
    row = f"| `{name}` | `{default}` | {declared.metadata['unit']} | {declared.metadata['help']} |"
    assert row in README


@pytest.mark.parametrize("command", sorted(cli.main.commands))
def test_every_command_has_help_and_is_in_the_readme(command):
    assert cli.main.commands[command].help
    assert f"collex-graph {command}" in README


@pytest.mark.parametrize("source", known_sources())
def test_every_source_is_in_the_readme_and_has_one_of_its_own(source):
    assert f"`{source}`" in README
    assert (CHECKOUT / "mappings" / source / "README.md").is_file()


def test_what_is_deployed_sets_settings_that_exist():
    known = {f"{ENVIRONMENT_PREFIX}{declared.name.upper()}" for declared in fields(Settings)}
    for path in (CHECKOUT / "deployment").iterdir():
        found = set(re.findall(r"COLLEX_GRAPH_[A-Z_]+", path.read_text(encoding="utf-8")))
        assert found <= known, path.name


def test_every_dependency_is_named_in_the_readme():
    project = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    block = re.search(r"^dependencies = \[(.*?)^\]", project, re.MULTILINE | re.DOTALL)
    for name in re.findall(r'"([a-z0-9-]+)[><=]', block.group(1)):
        assert f"| {name} |" in README, name


def test_every_benchmark_is_run_by_make_bench_and_named_beside_its_figures():
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    benchmarks = sorted((CHECKOUT / "tests" / "benchmarks").glob("bench_*.py"))
    assert benchmarks
    for path in benchmarks:
        assert f"$(BIN)/python tests/benchmarks/{path.name}\n" in makefile
        assert f"`tests/benchmarks/{path.name}`" in README


def test_the_changelog_has_an_entry_for_this_version():
    project = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    version = re.search(r'^version = "(.+)"', project, re.MULTILINE).group(1)
    assert f"## {version}" in (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_no_tracked_file_names_a_registry_host():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=CHECKOUT, text=True, capture_output=True, check=False
    ).stdout.split()
    for name in tracked:
        path = CHECKOUT / name
        if path.suffix in {".png", ".ico"} or not path.is_file() or name.startswith("tests/"):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for host in ("npm" + "js.com", "files." + "pythonhosted", "index" + "-url"):
            assert host not in text, f"{name} names {host}"
