"""What import-linter cannot see: where words and namespaces may stand."""

import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "collex_graph"
MODULES = sorted(SOURCE.rglob("*.py"))


def code_of(path):
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_no_module_has_a_name_that_says_nothing(path):
    assert path.stem not in {"utils", "helpers", "common", "core", "base", "api"}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_the_environment_is_read_in_settings_alone(path):
    if path.name != "settings.py":
        assert not re.search(r"os\.environ|os\.getenv", code_of(path))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_printing_is_left_to_the_command_line(path):
    if path.name != "cli.py":
        assert not re.search(r"^\s*print\(", code_of(path), re.MULTILINE)


# What compiles shapes to SPARQL writes SPARQL.
GENERATORS = {"validation/compiler.py"}


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if str(path.relative_to(SOURCE)) not in GENERATORS],
    ids=lambda p: str(p.relative_to(SOURCE)),
)
def test_no_query_is_written_in_python(path):
    text = code_of(path)
    assert not re.search(r"(SELECT|CONSTRUCT)\s*(DISTINCT\s+)?[?{*(]\s*\S+.*WHERE\s*\{", text)
