"""What a file looks like from its beginning, whatever it was given as.

Used for a file from which a source could read nothing, to say which source's files look like it.
"""

from __future__ import annotations

import csv
import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from xml.parsers import expat

from collex_graph.errors import UnreadableSourceError
from collex_graph.sources.gate import lxml_name, without_namespace
from collex_graph.sources.markup import utf8_chunks
from collex_graph.sources.tabular import DELIMITERS, find_encoding, header_name
from collex_graph.sources.xlsx import first_rows

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from collex_graph.model import RecordSource

_BYTES = 1 << 18
_ROWS = 30
_MEMBER = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:')
_PREFIX = re.compile(r"@?prefix\s+([\w-]*):\s*<([^<>\s]*)>", re.IGNORECASE)
_IRI = re.compile(r"<([a-z][\w+.-]*:[^<>\s]*)>|(?<![\w:])([\w-]*):([\w-]+)", re.IGNORECASE)
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


@dataclass(frozen=True)
class Outline:
    """The beginning of a file.

    Attributes:
        kind: what it is.
        names: lxml's names of elements, names of members, IRIs; for a table the cells of each of
            its first rows.
    """

    kind: Literal["csv", "xpath", "jsonpath", "rdf", ""]
    names: tuple[frozenset[str], ...] = ()

    def likeness(self, sources: Iterable[RecordSource]) -> float:
        """Return how much of the names sources ask for, from 0 to 1; 0 where they read nothing.

        Args:
            sources: those of one mapping document.
        """
        asked = [source for source in sources if source.formulation == self.kind]
        if not asked or not self.names:
            return 0
        if self.kind == "csv":
            return max(self._likeness_of_table(source) for source in asked)
        (names,) = self.names
        known: set[str] = set()
        for namespace in without_namespace(asked):
            names = frozenset(name.removeprefix(f"{{{namespace}}}") for name in names)
        ways: list[set[str]] = []
        for source in asked:
            if self.kind == "xpath":
                ways += [{name for _, name in p.steps if name != "*"} for p in source.patterns]
                known |= {name for _, name in source.sight.elements}
            elif self.kind == "jsonpath":
                ways += [{s for s in p.steps if isinstance(s, str)} for p in source.selection]
                known |= {name for p in source.selection for name in _names_in(p.sight)}
            else:
                ways += [{choice.wanted} - {None} for choice in source.selection]
                known |= {look for choice in source.selection for look in choice.looks}
        if not names or not any(way <= names for way in ways):
            return 0
        return len(names & known) / len(names)

    def _likeness_of_table(self, source: RecordSource) -> float:
        columns = {name for name in source.columns if not name.startswith("_")}
        aliases = {header_name(other) for others in source.aliases.values() for other in others}
        best = 0.0
        for row in self.names:
            found = len(row & (columns | aliases))
            if found > 1:
                best = max(best, found / min(len(row), len(columns)))
        return min(best, 1.0)


def outline_of(path: Path) -> Outline:
    """Look at the beginning of a file."""
    try:
        if zipfile.is_zipfile(path):
            return _workbook(path)
        start = next(iter(utf8_chunks(path)), b"")[:2048].lstrip(b"\xef\xbb\xbf \t\r\n")
        if start.startswith(b"<") and not re.match(rb"<(?:https?|urn):", start):
            return _xml(path)
        text = path.read_bytes()[:_BYTES].decode(find_encoding(path), "ignore")
    except (UnreadableSourceError, OSError):
        return Outline("")
    if start.startswith((b"{", b"[")):
        return Outline("jsonpath", (frozenset(_MEMBER.findall(text)),))
    if _PREFIX.search(text) or text.startswith("<http"):
        return Outline("rdf", (frozenset(_iris(text)),))
    return Outline("csv", tuple(_rows(text)))


def _workbook(path: Path) -> Outline:
    rows = [row for _, _, rows in first_rows(path, _ROWS) for row in rows]
    names = (frozenset(header_name(cell) for cell in row) - {""} for row in rows)
    return Outline("csv", tuple(row for row in names if len(row) > 1))


def _xml(path: Path) -> Outline:
    names: set[str] = set()
    classes: set[str] = set()

    def start(name: str, attributes: dict[str, str]) -> None:
        names.add(name)
        if name == f"{_RDF}}}type":
            classes.add(attributes.get(f"{_RDF}}}resource", ""))

    parser = expat.ParserCreate("UTF-8", "}")
    parser.StartElementHandler = start
    size = 0
    for chunk in utf8_chunks(path):
        try:
            parser.Parse(chunk, False)
        except expat.ExpatError:
            break
        size += len(chunk)
        if size > _BYTES:
            break
    if f"{_RDF}}}RDF" in names:
        read = {name.replace("}", "") for name in names if not name.startswith(_RDF)}
        return Outline("rdf", (frozenset(read | classes),))
    return Outline("xpath", (frozenset(map(lxml_name, names)),))


def _rows(text: str) -> list[frozenset[str]]:
    found = []
    for line in text.splitlines()[:_ROWS]:
        for delimiter in DELIMITERS:
            try:
                cells = next(csv.reader([line], delimiter=delimiter), [])
            except csv.Error:  # a line of a hundred thousand letters is no row
                continue
            names = frozenset(header_name(cell) for cell in cells) - {""}
            if len(names) > 1:
                found.append(names)
    return found


def _iris(text: str) -> set[str]:
    prefixes = dict(_PREFIX.findall(text))
    return {
        iri or prefixes[prefix] + local
        for iri, prefix, local in _IRI.findall(text)
        if iri or prefix in prefixes
    }


def _names_in(sight: object) -> set[str]:
    if not isinstance(sight, dict):
        return set()
    inner = {name for inside in sight.values() for name in _names_in(inside)}
    return inner | {name for name in sight if name not in (None, "*")}
