"""What the mapping of a source depends on besides its files, as one digest.

A part (`collex_graph.pipeline.part`) is kept from one build to the next while that digest is the
same. It is made of the mapping document, the concordances that it or our functions name, the
vocabularies and the rules where a function of the document reads them, the program text that can
have a hand in a part, and the libraries. What is in doubt is taken: a part made once too often
costs less than one that is wrong.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from collex_graph.mapping.functions import FUNCTIONS
from collex_graph.resources import resource_dir

if TYPE_CHECKING:
    from collections.abc import Iterable

_LIBRARIES: Final = ("edtf", "langcodes", "lxml", "pyoxigraph", "python-stdnum", "pyyaml")
_PACKAGE: Final = Path(__file__).resolve().parents[1]
_START: Final = "collex_graph.pipeline.part"
_FUNCTIONS: Final = "collex_graph.mapping.functions"
_IMPORT: Final = re.compile(
    r"^[ \t]*(?:from[ \t]+(collex_graph[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)"
    r"|import[ \t]+(collex_graph[\w.]*))",
    re.MULTILINE,
)
_READS_ONTOLOGY: Final = 'resource_dir("ontology")'
_READS_SHAPES: Final = 'resource_dir("shapes")'
_NO_VOCABULARIES: Final = frozenset({"collex_graph.rdf.namespaces", __name__})
"""Modules that read nothing there but the prefixes, or only ask for the bytes."""
_TABLE: Final = re.compile(r"\bcollex-fn:table\b")
_NAMED_TABLE: Final = re.compile(r"\bcollex-fn:table,[ \t]*([\w-]+/[\w-]+\.[ct]sv)[ \t]*\]")
_CALLED: Final = re.compile(r"\bcollex-fn:(\w+)")
_NO_TABLES: Final = frozenset({"sample", "alignments"})
"""Folders of ``mappings/`` whose tables are no concordances."""


def circumstances(dataset: str) -> str:
    """Return a digest of what the mapping of a source depends on besides its files."""
    digest = hashlib.sha256(software(_START, _LIBRARIES).encode())
    mappings = resource_dir("mappings")
    document = mappings / dataset / "mapping.yml"
    text = document.read_text(encoding="utf-8", errors="replace")
    for path in (document, *_tables(text), *_model(text)):
        digest.update(f"{path.parent.name}/{path.name}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _tables(document: str) -> list[Path]:
    """Return the concordances that a mapping document or our own functions may read."""
    folder = resource_dir("mappings")
    tables = [
        path
        for path in sorted(folder.rglob("*.[ct]sv"))
        if _NO_TABLES.isdisjoint(path.relative_to(folder).parts)
    ]
    named = set(_NAMED_TABLE.findall(document))
    if len(_TABLE.findall(document)) != len(_NAMED_TABLE.findall(document)):
        return tables  # one is named otherwise than in so many words
    program = "".join(map(_text, modules_from(_START)))
    found = []
    for path in tables:
        name = path.relative_to(folder).as_posix()
        if name in named or name in program:
            found.append(path)
    return found


def _model(document: str) -> list[Path]:
    """Return the files of ``ontology/`` and ``shapes/`` that may be read for a mapping document."""
    called = {
        FUNCTIONS[name].call.__module__
        for name in _CALLED.findall(document)
        if name in FUNCTIONS
    }  # fmt: skip
    others = {name for name in modules_from(_START) if not name.startswith(f"{_FUNCTIONS}.")}
    texts = [
        _text(name)
        for name in others.union(*map(modules_from, called))
        if name not in _NO_VOCABULARIES
    ]
    found = [resource_dir("ontology") / "prefixes.ttl"]
    if any(_READS_ONTOLOGY in text for text in texts):
        found += sorted((resource_dir("ontology") / "vocabularies").glob("*.ttl"))
    if any(_READS_SHAPES in text for text in texts):
        found += sorted(resource_dir("shapes").glob("*.ttl"))
    return found


@cache
def software(start: str, libraries: tuple[str, ...]) -> str:
    """Return a digest of program text and libraries, so that nothing kept outlives them.

    Args:
        start: the module whose work is kept; those that it imports are taken with it.
        libraries: the distributions that have a hand in it.
    """
    digest = hashlib.sha256()
    for library in libraries:
        digest.update(f"{library} {version(library)}\0".encode())
    for name in sorted(modules_from(start)):
        digest.update(f"{name}\0{_text(name)}\0".encode())
    return digest.hexdigest()


@cache
def modules_from(start: str) -> frozenset[str]:
    """Return the modules that a module of ours imports, at once or later, itself included.

    The functions of mappings are found by their folder, so that all of them are there once their
    package is.
    """
    found: set[str] = set()
    pending = [start]
    while pending:
        name = pending.pop()
        if name in found or _file(name) is None:
            continue
        found.add(name)
        pending += _imported(_text(name))
        pending.append(name.rpartition(".")[0])  # the packages around it are run too
        if name == _FUNCTIONS and not start.startswith(f"{_FUNCTIONS}."):
            folder = _PACKAGE / "mapping" / "functions"
            pending += (f"{name}.{path.stem}" for path in folder.glob("[a-z]*.py"))
    return frozenset(found)


def _imported(text: str) -> Iterable[str]:
    for package, names, module in _IMPORT.findall(text):
        if module:
            yield module
            continue
        yield package
        # what is imported may be a module itself
        yield from (f"{package}.{name}" for name in re.findall(r"\w+", names))


def _file(module: str) -> Path | None:
    """Return the file of a module of ours; None for what is no module."""
    first, *parts = module.split(".")
    if first != _PACKAGE.name:
        return None
    path = _PACKAGE.joinpath(*parts)
    for file in (path / "__init__.py", path.with_suffix(".py")):
        if file.is_file():
            return file
    return None


@cache
def _text(module: str) -> str:
    file = _file(module)
    assert file is not None
    return file.read_text(encoding="utf-8")
