"""Where the nodes of an RDF file are described: the line of each, as far as it shows.

A parser of RDF hands out statements without their places. The places are looked for in the text:
the line that begins with the subject in N-Triples, N-Quads, Turtle and TriG (an IRI, or a prefixed
name as the prefixes declared above it say), the one that has it in ``rdf:about`` in RDF/XML and in
``@id`` in JSON-LD. A node whose line does not show has none.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from collex_graph.sources.rdf import DOCUMENT_BASE

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

_PREFIX: Final = re.compile(r"\s*@?prefix\s+([\w.-]*):\s*<([^>]*)>", re.IGNORECASE)
_BASE: Final = re.compile(r"\s*@?base\s+<([^>]*)>", re.IGNORECASE)
_SUBJECT: Final = re.compile(r"\s*(?:<([^<>\s]*)>|([\w.-]*):((?:[\w.:%-]|\\.)*))(?=\s|$)")
_ABOUT: Final = re.compile(
    r"""\b(?:rdf:)?about\s*=\s*(?:"([^"]*)"|'([^']*)')|"@id"\s*:\s*"([^"\\]*)"|xml:base\s*=\s*"([^"]*)\""""
)
_LONG_TEXT: Final = re.compile(r"\"{3}|'{3}")


def lines_of_nodes(path: Path, nodes: Container[str]) -> dict[str, int]:
    """Return the line where each of some nodes is described first.

    Args:
        path: an RDF file in UTF-8.
        nodes: IRIs of subjects of the file; what is no such IRI is no place.

    Returns:
        IRI → line, from 1.
    """
    found: dict[str, int] = {}
    # a line that is set in begins as often with a predicate, or with one more object
    set_in: dict[str, int] = {}
    prefixes: dict[str, str] = {}
    base = DOCUMENT_BASE
    # what ends a text of several lines that is open
    closing: str | None = None
    with path.open(encoding="utf-8-sig", errors="replace") as text:
        for number, line in enumerate(text, start=1):
            if closing is None:
                if declared := _PREFIX.match(line):
                    prefixes[declared[1]] = _joined(base, declared[2])
                elif declared := _BASE.match(line):
                    base = _joined(base, declared[1])
                elif subject := _SUBJECT.match(line):
                    iri = subject[1]
                    if iri is None:
                        start = prefixes.get(subject[2], f"{subject[2]}:")
                        iri = start + subject[3].replace("\\", "")
                    _keep(set_in if line[0].isspace() else found, nodes, base, iri, number)
                for about in _ABOUT.finditer(line):
                    if about[4] is not None:
                        base = about[4]
                        continue
                    iri = unescape(about[1] or about[2] or "") if about[3] is None else about[3]
                    _keep(found, nodes, base, iri, number)
            for mark in _LONG_TEXT.findall(line):
                if closing is None:
                    closing = mark
                elif closing == mark:
                    closing = None
    return set_in | found


def _keep(found: dict[str, int], nodes: Container[str], base: str, iri: str, number: int) -> None:
    for one in (iri, _joined(base, iri)):
        if one in nodes:
            found.setdefault(one, number)
            return


def _joined(base: str, iri: str) -> str:
    """Return an IRI resolved against a base; as it is where it is none."""
    try:
        return urljoin(base, iri)
    except ValueError:
        return iri
