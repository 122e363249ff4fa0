"""XML: attributes and texts rewritten at their bytes.

A spot is looked for where the result says: in EAD in the described unit, elsewhere in what begins
in the line of the record; by the attribute or the element that the path of the result ends with;
and it must hold exactly what was found. The same spot said twice in one unit is reported once, and
mended wherever it stands in that unit. In EAD what is withheld is not looked at.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from collex_graph.repair.spots import rewritten_by_all, squeeze
from collex_graph.sources.ead import COMPONENTS, ROOTS
from collex_graph.sources.markup import escaped, expat_parser, parse, xml_encoding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from collex_graph.model import Position, Repair

_ATTRIBUTE: Final = re.compile(rb"""\s([^\s=/>"'<]+)\s*=\s*("[^"]*"|'[^']*')""")
_PREDICATE: Final = re.compile(r"\[[^\[\]]*\]")
_SEPARATORS: Final = ",;"
"""Between the identifiers of one attribute."""
_WITHHELD: Final = frozenset({"revisiondesc", "processinfo"})
_TEXT: Final = "."
_OF_TEXT: Final = ""
_TAG_SIGN: Final = re.compile(rb"[>\"']")


@dataclass(frozen=True)
class _Wanted:
    """What to look for: the last steps of a path.

    Attributes:
        repair: what is to be written.
        element: name of the element; empty for any.
        attribute: name of the attribute; empty for the text.
    """

    repair: Repair
    element: str
    attribute: str


@dataclass
class _Open:
    """An element that has begun."""

    name: str
    attributes: Mapping[str, str]
    start: int
    line: int
    unit: _Unit | None
    lines: frozenset[int]
    texts: list[str] = field(default_factory=list)
    is_simple: bool = True


@dataclass
class _Unit:
    """A described unit: its identifier as the reader names it, and its place among others."""

    identifier: str | None
    path: str
    children: int = 0


def correct_markup(
    content: bytes, path: Path, repairs: Sequence[Repair]
) -> tuple[bytes, list[Repair]]:
    """Make repairs in an XML file.

    Args:
        content: the file.
        path: for messages.
        repairs: what to make.

    Returns:
        The corrected file and the repairs made, each at its place.

    Raises:
        UnreadableSourceError: when it is not well-formed to its end.
    """
    encoding, mark = xml_encoding(path, content[:512])
    before, body = content[:mark], content[mark:]
    is_utf8 = encoding in ("utf-8", "ascii")
    text = body if is_utf8 else body.decode(encoding).encode()
    if not is_utf8 and text.decode().encode(encoding) != body:
        return content, []
    out: list[bytes] = []
    end = 0
    applied: list[Repair] = []
    for spot, of_spot in _Scan(path, map(_wanted, repairs)).run(text).items():
        is_attribute = "@" in spot.column
        new, made = rewritten_by_all(spot.text, of_spot, _SEPARATORS if is_attribute else "")
        if made:
            quote = text[spot.start : spot.start + 1] if is_attribute else b""
            out += (text[end : spot.start], spot.written(quote, new))
            end = spot.end
            applied += made
    corrected = b"".join((*out, text[end:]))
    if not is_utf8:
        corrected = corrected.decode().encode(encoding, "xmlcharrefreplace")
    elif encoding == "ascii":
        corrected = corrected.decode().encode("ascii", "xmlcharrefreplace")
    return before + corrected, applied


def _wanted(repair: Repair) -> _Wanted:
    column = (repair.position.column if repair.position else None) or _TEXT
    steps = _PREDICATE.sub("", _PREDICATE.sub("", column)).partition("|")[0].split("/")
    steps = [step.strip().rpartition(":")[2] for step in steps]
    attribute = ""
    if repair.target.startswith("@"):
        attribute = repair.target[1:]
        if steps and steps[-1].startswith("@"):
            steps.pop()
    elif steps and steps[-1].startswith("@"):
        attribute = steps.pop()[1:]
    element = steps[-1] if steps else ""
    if not re.fullmatch(r"[\w.-]*\w", element):
        element = ""
    return _Wanted(repair, element, attribute)


@dataclass(frozen=True)
class _Spot:
    """A place in the file.

    Attributes:
        start: its first byte.
        end: the byte behind it.
        text: what it says.
        column: element and attribute.
    """

    start: int
    end: int
    text: str
    column: str

    def written(self, quote: bytes, new: str) -> bytes:
        """Return what to write there: an attribute with its quotation marks, or a text."""
        inner = escaped(new).encode()
        if quote not in (b'"', b"'"):
            return inner
        return quote + inner.replace(quote, b"&quot;" if quote == b'"' else b"&apos;") + quote


@dataclass(frozen=True)
class _Candidate:
    """A spot that holds what was found.

    Attributes:
        spot: the spot.
        repair: what to write, with its exact place.
        element: its element.
        said: where the result says that it is.
    """

    spot: _Spot
    repair: Repair
    element: _Open
    said: Position


class _Scan:
    """Reads a file from end to end and finds the spots."""

    def __init__(self, path: Path, wanted: Iterable[_Wanted]) -> None:
        self._path = path
        self._wanted: defaultdict[str, defaultdict[str, list[_Wanted]]]
        self._wanted = defaultdict(lambda: defaultdict(list))
        for one in wanted:
            self._wanted[one.attribute][one.repair.found].append(one)
        self._stack: list[_Open] = []
        self._candidates: list[_Candidate] = []
        self._notice: str | None = None
        self._identifiers: set[str] = set()
        self._withheld_at: int | None = None
        self._is_ead = False

    def run(self, text: bytes) -> dict[_Spot, list[Repair]]:
        """Return the spots with what is to be written there, in the order of the file."""
        self._text = text
        self._parser = parser = expat_parser(self._path)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parse(parser, self._path, text, final=True)
        spots: dict[_Spot, list[Repair]] = {}
        for one in sorted(self._candidates, key=lambda candidate: candidate.spot.start):
            if self._is_there(one):
                spots.setdefault(one.spot, []).append(one.repair)
        return spots

    def _is_there(self, one: _Candidate) -> bool:
        """Say whether a spot is where the result says."""
        if self._is_ead and one.said.component is not None:
            # what is outside of any unit is the notice's
            named = one.element.unit.identifier if one.element.unit is not None else self._notice
            return named == one.said.component
        return one.said.line in one.element.lines

    # --- handlers -------------------------------------------------------------------------------

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition("}")[2]
        if not self._stack:
            self._is_ead = local in ROOTS
        else:
            self._stack[-1].is_simple = False
        around = self._stack[-1] if self._stack else None
        if self._withheld_at is None and self._is_ead and _is_withheld(local, attributes):
            self._withheld_at = len(self._stack)
        unit = around.unit if around else None
        if self._is_ead and self._withheld_at is None:
            unit = self._unit(local, attributes, unit)
        line = self._parser.CurrentLineNumber
        lines = (around.lines if around else frozenset()) | {line}
        plain = {key.rpartition("}")[2]: value for key, value in attributes.items()}
        start = self._parser.CurrentByteIndex
        self._stack.append(_Open(local, plain, start, line, unit, lines))

    def _characters(self, text: str) -> None:
        if self._stack:
            self._stack[-1].texts.append(text)

    def _end(self, name: str) -> None:
        element = self._stack.pop()
        if self._withheld_at is not None:
            if len(self._stack) == self._withheld_at:
                self._withheld_at = None
            return
        if self._is_ead and element.name == "eadid" and self._notice is None:
            given = squeeze(element.attributes.get("identifier", ""))
            self._notice = given or squeeze("".join(element.texts)) or None
        for attribute, value in element.attributes.items():
            if by_value := self._wanted.get(attribute):
                for part in {value, *re.split(f"[{_SEPARATORS}]", value)}:
                    for wanted in by_value.get(squeeze(part), ()):
                        self._take_attribute(element, wanted)
        if (by_text := self._wanted.get(_OF_TEXT)) and element.is_simple:
            for wanted in by_text.get(squeeze("".join(element.texts)), ()):
                self._take_text(element, wanted, self._parser.CurrentByteIndex)

    # --- units, as the reader of EAD names them ---------------------------------------------------

    def _unit(self, name: str, attributes: Mapping[str, str], above: _Unit | None) -> _Unit | None:
        if name == "archdesc":
            if self._notice is not None:
                self._identifiers.add(self._notice)
            return _Unit(self._notice, "")
        if name not in COMPONENTS:
            return above
        path = "c1"
        if above is not None:
            above.children += 1
            path = f"{above.path}-{above.children}" if above.path else f"c{above.children}"
        identifier = squeeze(attributes.get("id", ""))
        if not identifier or identifier in self._identifiers:
            identifier = f"{self._notice}-{path}" if self._notice else path
        self._identifiers.add(identifier)
        return _Unit(identifier, path)

    # --- spots ----------------------------------------------------------------------------------

    def _is_meant(self, element: _Open, wanted: _Wanted) -> bool:
        if wanted.element and wanted.element != element.name:
            return False
        for name, text in wanted.repair.beside:
            there = (
                "".join(element.texts)
                if name == _TEXT
                else element.attributes.get(name.removeprefix("@"), "")
            )
            if squeeze(there) != squeeze(text):
                return False
        return True

    def _take_attribute(self, element: _Open, wanted: _Wanted) -> None:
        if not self._is_meant(element, wanted):
            return
        tag_end = self._end_of_tag(element.start)
        spans = [
            found.span(2)
            for found in _ATTRIBUTE.finditer(self._text, element.start, tag_end)
            if found[1].rpartition(b":")[2].decode() == wanted.attribute
        ]
        if len(spans) == 1:  # not where one name stands there in two namespaces
            value, column = element.attributes[wanted.attribute], f"@{wanted.attribute}"
            self._add(_Spot(*spans[0], value, f"{element.name}/{column}"), element, wanted)

    def _take_text(self, element: _Open, wanted: _Wanted, end: int) -> None:
        start = self._end_of_tag(element.start)
        inside = self._text[start:end]
        # a comment or a marked section would go with the text
        if b"<" in inside or end < start or not self._is_meant(element, wanted):
            return
        core = inside.strip()
        first = start + inside.index(core)
        text = squeeze("".join(element.texts))
        self._add(_Spot(first, first + len(core), text, element.name), element, wanted)

    def _add(self, spot: _Spot, element: _Open, wanted: _Wanted) -> None:
        said = wanted.repair.position
        if said is not None:
            exact = replace(said, line=element.line, column=spot.column)
            repair = replace(wanted.repair, position=exact)
            self._candidates.append(_Candidate(spot, repair, element, said))

    def _end_of_tag(self, start: int) -> int:
        """Return the place behind the start tag that begins at a place."""
        place = start
        while True:
            found = _TAG_SIGN.search(self._text, place)
            if found is None:
                return len(self._text)
            if found[0] == b">":
                return found.end()
            place = self._text.index(found[0], found.end()) + 1


def _is_withheld(name: str, attributes: Mapping[str, str]) -> bool:
    return name in _WITHHELD or attributes.get("audience", "").strip().lower() == "internal"
