"""XML files: two parsers in a row, so that the tree holds only what was let through.

expat reads every byte first, with handlers and without a tree. It knows where each element starts
and ends in the file, so it refuses what is dangerous (declared entities, depth, attributes), cuts
out what is withheld, and stops lxml's parser exactly at the end of each record. lxml then builds
the tree of what is left, for XPath. Three things follow:

* what is withheld never exists in the tree, in memory or in an error message;
* a record sees the elements before its own end and none after it, wherever the file is cut in
  chunks, because lxml has not read further (in EAD: before the end of its described unit);
* line numbers are those of the file.

No DTD is loaded and no address is ever opened: everything before the root element stays behind.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from lxml import etree

from collex_graph.errors import UnreadableSourceError
from collex_graph.model import Reach, Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from collex_graph.model import Note, RecordSource, SourceFile

MAX_DEPTH = 200
MAX_ATTRIBUTES = 256
MAX_TOKEN_BYTES = 2 << 20
MAX_WITHHOLDING_BYTES = 8 << 20
MAX_TREE_BYTES = 64 << 20
MAX_TREE_ELEMENTS = 1_000_000

_CHUNK_BYTES = 1 << 16
_DECLARED_ENCODING = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_START_TAG = re.compile(rb"<([^\s/>]+)(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
_PASSED_AS_THEY_ARE = {"utf-8", "ascii"}
_TRANSCODED = re.compile(r"iso8859-\d+|cp125\d|utf-16(-[lb]e)?|mac-roman|koi8-r")


@dataclass(frozen=True)
class Withheld:
    """Which elements of a format are never read.

    Attributes:
        attribute: an attribute that marks an element as withheld…
        value: …when it has this value.
        names: elements that are always withheld (expat names).
        judged: elements that are withheld when their text matches ``words``.
        words: see ``judged``; the text is lower case, with single spaces.
    """

    attribute: str = ""
    value: str = ""
    names: frozenset[str] = frozenset()
    judged: frozenset[str] = frozenset()
    words: re.Pattern[str] | None = None


@dataclass(slots=True)
class _Candidate:
    """An open element that is a record by its place; its tests wait for its end."""

    start: int
    end: int | None
    line: int
    matches: list[tuple[int, etree.XPath | None]]
    numbers: dict[int, int]
    whole: bool
    pruned_before: int
    elements_before: int
    released_before: int


@dataclass(slots=True)
class Unit:
    """An open described unit.

    Attributes:
        identifier: what ``_unit`` says; None where the unit has none.
        parent: the unit around it.
        depth: how many elements are open, itself included.
        path: its position among the units (``c1-3-2``), empty for the outermost.
        children: units met directly inside it so far.
        held: records that wait for its end.
        notes: remarks not yet handed out with a record.
    """

    identifier: str | None
    parent: Unit | None
    depth: int
    path: str
    children: int = 0
    notes: list[tuple[Note, str | None]] = field(default_factory=list)
    held: list[Record] = field(default_factory=list)


@dataclass(slots=True)
class _Open:
    """An open element that is, or may be, withheld.

    ``end`` is known at once for an empty element (``<c/>``); ``edits`` says how many edits came
    before.
    """

    depth: int
    start: int
    end: int | None
    edits: int


@dataclass(slots=True)
class _Cut:
    """The end of a candidate: lxml is fed up to here, then the record is handed out."""

    end: int
    name: str
    candidate: _Candidate
    unit: Unit | None
    prune: bool


_Edit = tuple[int, int, bytes]  # from, to, what stands there instead


def root_element(path: Path) -> tuple[str, str]:
    """Return the namespace and the local name of a file's root element.

    Raises:
        UnreadableSourceError: when the file does not begin as XML does.
    """
    found: list[str] = []

    def stop_at_root(name: str, _: dict[str, str]) -> None:
        found.append(name)

    parser = _expat_parser(path)
    parser.StartElementHandler = stop_at_root
    for chunk in _utf8_chunks(path):
        _parse(parser, path, chunk)
        if found:
            break
    else:
        _parse(parser, path, b"", final=True)
    namespace, _, local = found[0].rpartition("}")
    return namespace, local


class XmlRecords:
    """The records of one XML file (a `RecordStream`).

    Args:
        source_file: the file.
        sources: what is asked of it.
        withheld: what must not be read.
    """

    def __init__(
        self,
        source_file: SourceFile,
        sources: Sequence[RecordSource],
        *,
        withheld: Withheld | None = None,
    ) -> None:
        self._path = source_file.path
        self._sources = sources
        self._withheld = withheld or Withheld()
        self._reach = _union([source.reach for source in sources])
        self._hold_all = self._must_hold_all()
        self._held: list[Record] = []
        self._patterns = _patterns_by_name(sources)
        self._unit_names = self._names_of_units()
        self._last_names = self._unit_names | (self._patterns.keys() - {"*"})
        self._parents_of_any = frozenset(
            steps[-2][1] if len(steps) > 1 and not steps[-1][0] else "*"
            for _, steps, _ in self._patterns.get("*", ())
        )
        self._touched, self._swallowed = (
            frozenset(name.removeprefix("{") for name in names)
            for names in (self._reach.touched, self._reach.swallowed)
        )
        self._watched = self._last_names | self._withheld.judged | self._watched_names()
        self._counters = [0] * len(sources)
        self._read = 0
        # What expat has found so far.
        self._stack: list[str] = []
        self._candidates: list[_Candidate | None] = []
        self._whole_open = 0
        self._unit: Unit | None = None
        self._edits: list[_Edit | _Cut] = []
        self._skip: _Open | None = None
        self._judging: _Open | None = None
        self._judged_text: list[str] = []
        self._root_seen = False
        # The bytes expat has read and lxml has not.
        self._pending = bytearray()
        self._base = 0
        self._received = 0
        self._pruned = 0
        self._elements = 0
        self._released = 0
        self._dropped = 0

    @property
    def columns(self) -> Mapping[str, int]:
        """Empty: XML has paths, not columns."""
        return {}

    @property
    def records_read(self) -> int:
        """Records read so far."""
        return self._read

    # --- what a format adds ---------------------------------------------------------------------

    def _must_hold_all(self) -> bool:
        """Say whether no record can be handed out before the end of the file."""
        return self._reach.whole_file or bool(self._reach.around)

    def _names_of_units(self) -> frozenset[str]:
        """Names of the elements at whose end the records inside them are handed out."""
        return frozenset()

    def _watched_names(self) -> frozenset[str]:
        """Names of elements for which `_entered` and `_left` are called."""
        return frozenset()

    def _entered(self, name: str, attributes: dict[str, str], offset: int) -> None:
        """A watched element begins at a byte offset."""

    def _left(self, name: str) -> None:
        """A watched element has ended; it is still on the stack."""

    def _component_of(self, unit: Unit | None, content: Any) -> str | None:
        """The identifier that names a record."""
        return f"{etree.QName(content).localname}-{self._read}"

    # --- iteration ------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Record]:
        """Read the file.

        Raises:
            UnreadableSourceError: for XML that is not well-formed, or beyond a limit.
        """
        parser = self._expat = _expat_parser(self._path)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        tree_parser = etree.XMLPullParser(
            events=("end",),
            tag=None if self._parents_of_any else [_lxml_name(name) for name in self._last_names],
            load_dtd=False,
            no_network=True,
            resolve_entities=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
            collect_ids=False,
        )
        for chunk in _utf8_chunks(self._path):
            self._pending += chunk
            self._received += len(chunk)
            _parse(parser, self._path, chunk)
            yield from self._replay(tree_parser, parser.CurrentByteIndex)
            self._check_memory(parser.CurrentByteIndex)
        _parse(parser, self._path, b"", final=True)
        yield from self._replay(tree_parser, self._received)
        yield from self._held

    def _replay(self, tree_parser: Any, parsed: int) -> Iterator[Record]:
        """Give lxml what expat has let through, record by record."""
        if not self._root_seen:
            return
        limit = parsed
        if self._judging is not None:
            limit = min(limit, self._judging.start)
        if self._skip is not None:
            limit = min(limit, self._skip.start)
        position, done, passed = self._base, 0, list[bytes]()
        for edit in self._edits:
            if isinstance(edit, _Cut):
                if edit.end > limit:
                    break
                passed.append(self._bytes(position, edit.end))
                position = edit.end
                self._feed(tree_parser, b"".join(passed), edit.candidate.line)
                passed.clear()
                yield from self._hand_out(tree_parser, edit)
            else:
                start, end, replacement = edit
                if end > limit:
                    break
                passed += (self._bytes(position, start), replacement)
                position = end
            done += 1
        if position < limit:
            passed.append(self._bytes(position, limit))
            position = limit
        if passed:
            self._feed(tree_parser, b"".join(passed), None)
        del self._edits[:done]
        if self._judging is not None:
            self._judging.edits -= done
        del self._pending[: position - self._base]
        self._base = position

    def _bytes(self, start: int, end: int) -> bytes:
        return bytes(self._pending[start - self._base : end - self._base])

    def _feed(self, tree_parser: Any, data: bytes, line: int | None) -> None:
        """Let the tree grow; what expat accepts and libxml2 does not is refused here.

        lxml reports some mistakes (an unknown entity in an attribute) in its log alone, and would
        begin a new document with the next bytes.
        """
        try:
            tree_parser.feed(data)
            problem = tree_parser.feed_error_log.last_error
        except etree.XMLSyntaxError as error:
            problem = error.msg
        if problem is not None:
            words = getattr(problem, "message", problem)
            raise UnreadableSourceError(self._path, f"not readable as XML: {words}", line=line)

    def _hand_out(self, tree_parser: Any, cut: _Cut) -> Iterator[Record]:
        element = None
        for _, element in tree_parser.read_events():  # noqa: B007 - the last one is the record
            pass
        if element is None or element.tag != _lxml_name(cut.name):
            raise UnreadableSourceError(self._path, "ambiguous structure", line=cut.candidate.line)
        candidate = cut.candidate
        numbers: list[tuple[int, int]] = []
        for index, test in candidate.matches:
            if test is not None and not test(element):
                continue
            number = candidate.numbers.get(index)
            if number is None:
                number = self._counters[index] = self._counters[index] + 1
            numbers.append((index, number))
        unit = cut.unit
        record = None
        if numbers:
            self._read += 1
            record = Record(
                content=element,
                sources=tuple(numbers),
                component=self._component_of(unit, element),
                parent=unit.parent.identifier if unit and unit.parent else None,
                line=candidate.line,
            )
            if unit is not None and unit.notes:
                record.notes = tuple(unit.notes)
                unit.notes.clear()
        if self._hold_all:
            self._held += [record] if record else []
            return
        if unit is None:
            if record is not None:
                yield record
        elif cut.name in self._unit_names:
            yield from unit.held
            if record is not None:
                yield record
        elif record is not None:
            unit.held.append(record)
        if cut.prune:
            self._release(element)

    def _release(self, element: Any) -> None:
        """Free a finished record, and its finished neighbours before it.

        lxml allows a parser's user to remove what stands before the current element, not the
        element itself, so a released element goes when the next one ends.
        """
        if not self._reach.shells.isdisjoint((element.tag, "*")):
            del element[:]
            element.text = None
            return
        element.clear(keep_tail=True)
        parent, before = element.getparent(), element.getprevious()
        while before is not None and before.tag == element.tag and not len(before):
            if before.attrib:
                break
            parent.remove(before)
            before = element.getprevious()

    def _check_memory(self, parsed: int) -> None:
        if self._received - parsed > MAX_TOKEN_BYTES:
            self._refuse(f"one tag or comment is longer than {MAX_TOKEN_BYTES >> 20} MB")
        if len(self._pending) > MAX_TOKEN_BYTES + MAX_WITHHOLDING_BYTES and self._skip is None:
            self._refuse(
                f"one passage of more than {MAX_WITHHOLDING_BYTES >> 20} MB "
                "cannot be judged before its end"
            )
        if self._skip is not None:
            # Nothing inside a withheld element is ever needed again.
            self._forget_withheld(parsed)
        if (
            self._base - self._dropped - self._pruned > MAX_TREE_BYTES
            or self._elements - self._released > MAX_TREE_ELEMENTS
        ):
            self._refuse(
                f"more than {MAX_TREE_BYTES >> 20} MB or {MAX_TREE_ELEMENTS:,} elements stand "
                "outside any finished record; is this the kind of file that the mapping reads?"
            )

    def _forget_withheld(self, parsed: int) -> None:
        assert self._skip is not None
        if self._base == self._skip.start and self._judging is None and not self._edits:
            forgotten = parsed - self._base
            del self._pending[:forgotten]
            self._dropped += forgotten
            self._base = self._skip.start = parsed

    def _refuse(self, problem: str) -> None:
        raise UnreadableSourceError(self._path, problem, line=self._expat.CurrentLineNumber)

    # --- expat's handlers -----------------------------------------------------------------------

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        stack = self._stack
        stack.append(name)
        self._elements += 1
        if len(stack) > MAX_DEPTH:
            self._refuse(f"elements are nested more than {MAX_DEPTH} levels deep")
        if attributes:
            if len(attributes) > MAX_ATTRIBUTES:
                self._refuse(f"an element has more than {MAX_ATTRIBUTES} attributes")
            if self._skip is None and self._withheld.attribute in attributes:
                value = attributes[self._withheld.attribute].strip().lower()
                if value == self._withheld.value:
                    self._skip = self._open(self._expat.CurrentByteIndex)
        if not self._root_seen:
            self._root_seen = True
            self._edits.append((0, self._expat.CurrentByteIndex, b""))
            self._dropped += self._expat.CurrentByteIndex
        if self._skip is not None:
            return
        if name in self._watched or self._is_any():
            self._start_watched(name, attributes)

    def _is_any(self) -> bool:
        """Say whether a pattern that ends in ``*`` may want the innermost element."""
        parents = self._parents_of_any
        return bool(parents) and (
            "*" in parents or (len(self._stack) > 1 and self._stack[-2] in parents)
        )

    def _open(self, offset: int) -> _Open:
        return _Open(len(self._stack), offset, self._end_if_empty(offset), len(self._edits))

    def _end(self, name: str) -> None:
        stack = self._stack
        if self._skip is not None:
            if len(stack) == self._skip.depth:
                self._withhold(self._skip)
                self._skip = None
        elif name in self._watched or self._is_any():
            self._end_watched(name)
        stack.pop()

    def _start_watched(self, name: str, attributes: dict[str, str]) -> None:
        offset = self._expat.CurrentByteIndex
        if name in self._withheld.names:
            self._skip = self._open(offset)
            return
        if name in self._withheld.judged and self._judging is None:
            self._judging = self._open(offset)
            self._judged_text.clear()
            self._expat.CharacterDataHandler = self._judged_text.append
        self._entered(name, attributes, offset)
        if name in self._last_names or self._is_any():
            self._candidates.append(self._candidate(name, offset))

    def _candidate(self, name: str, offset: int) -> _Candidate | None:
        matches: dict[int, etree.XPath | None] = {}
        for key in (name, "*"):
            for index, steps, test in self._patterns.get(key, ()):
                if not _stands_at(self._stack, steps):
                    continue
                if index not in matches or test is None:
                    matches[index] = test
        if not matches and name not in self._unit_names:
            return None
        numbers: dict[int, int] = {}
        whole = False
        for index, test in matches.items():
            source = self._sources[index]
            whole = whole or source.reach.whole_record
            if source.numbered and test is None:
                numbers[index] = self._counters[index] = self._counters[index] + 1
        self._whole_open += whole
        return _Candidate(
            start=offset,
            end=self._end_if_empty(offset),
            line=self._expat.CurrentLineNumber,
            matches=list(matches.items()),
            numbers=numbers,
            whole=whole,
            pruned_before=self._pruned,
            elements_before=self._elements,
            released_before=self._released,
        )

    def _end_watched(self, name: str) -> None:
        if name in self._last_names or self._is_any():
            candidate = self._candidates.pop()
            if candidate is not None:
                self._end_candidate(name, candidate)
        self._left(name)
        if self._judging is not None and len(self._stack) == self._judging.depth:
            self._judge()

    def _end_candidate(self, name: str, candidate: _Candidate) -> None:
        self._whole_open -= candidate.whole
        end = candidate.end or self._end_of_tag(self._expat.CurrentByteIndex)
        prune = (
            not self._hold_all
            and (self._unit is None or name in self._unit_names)
            and not self._whole_open
            and name not in self._touched
            and self._swallowed.isdisjoint(self._stack)
        )
        if prune:
            self._pruned = candidate.pruned_before + (end - candidate.start)
            inside = self._elements - candidate.elements_before
            self._released = candidate.released_before + inside
        self._edits.append(_Cut(end, name, candidate, self._unit, prune))

    def _judge(self) -> None:
        assert self._judging is not None
        judged, self._judging = self._judging, None
        self._expat.CharacterDataHandler = None
        text = " ".join("".join(self._judged_text).split()).lower()
        self._judged_text.clear()
        if self._withheld.words is not None and self._withheld.words.search(text):
            del self._edits[judged.edits :]
            self._withhold(judged)

    def _withhold(self, element: _Open) -> None:
        end = element.end or self._end_of_tag(self._expat.CurrentByteIndex)
        self._edits.append((element.start, end, b""))
        self._dropped += end - element.start

    def _end_if_empty(self, offset: int) -> int | None:
        """Return where an empty element (``<c/>``) ends, None for one with an end tag."""
        found = _START_TAG.match(self._pending, offset - self._base)
        return found.end() + self._base if found and found[0].endswith(b"/>") else None

    def _end_of_tag(self, offset: int) -> int:
        return self._pending.index(b">", offset - self._base) + self._base + 1

    def _set_attribute(self, offset: int, name: str, value: str) -> None:
        """Write an attribute into the start tag at an offset, as if the file had it."""
        found = _START_TAG.match(self._pending, offset - self._base)
        assert found is not None
        at = offset + 1 + len(found[1])
        self._edits.append((at, at, f" {name}={quoteattr(value)}".encode()))


def _lxml_name(name: str) -> str:
    """Turn expat's name of an element (``namespace}local``) into lxml's."""
    return "{" + name if "}" in name else name


def _patterns_by_name(
    sources: Sequence[RecordSource],
) -> dict[str, list[tuple[int, tuple[tuple[bool, str], ...], etree.XPath | None]]]:
    found: dict[str, list[tuple[int, tuple[tuple[bool, str], ...], etree.XPath | None]]] = {}
    for index, source in enumerate(sources):
        for pattern in source.patterns:
            steps = tuple((deep, name.removeprefix("{")) for deep, name in pattern.steps)
            test = (
                etree.XPath(f"boolean({pattern.test})", namespaces=dict(source.namespaces) or None)
                if pattern.test
                else None
            )
            found.setdefault(steps[-1][1], []).append((index, steps, test))
    return found


def _union(reaches: Sequence[Reach]) -> Reach:
    return Reach(
        touched=frozenset().union(*(reach.touched for reach in reaches)),
        shells=frozenset().union(*(reach.shells for reach in reaches)),
        swallowed=frozenset().union(*(reach.swallowed for reach in reaches)),
        around=frozenset().union(*(reach.around for reach in reaches)),
        whole_record=any(reach.whole_record for reach in reaches),
        whole_file=any(reach.whole_file for reach in reaches),
    )


def _stands_at(stack: list[str], steps: tuple[tuple[bool, str], ...]) -> bool:
    """Say whether the innermost element of a stack stands at the end of a path.

    >>> _stands_at(["ead", "dsc", "c"], ((True, "c"),))
    True
    >>> _stands_at(["ead", "dsc", "c"], ((False, "c"),))
    False
    >>> _stands_at(["ead", "dsc", "c", "c"], ((False, "ead"), (True, "c"), (False, "c")))
    True
    """

    def stands(depth: int, step: int) -> bool:
        if step < 0:
            return depth < 0
        deep, name = steps[step]
        if depth < 0 or name not in (stack[depth], "*"):
            return False
        if not deep:
            return stands(depth - 1, step - 1)
        return step == 0 or any(stands(above, step - 1) for above in range(depth - 1, -1, -1))

    return stands(len(stack) - 1, len(steps) - 1)


def _expat_parser(path: Path) -> expat.XMLParserType:
    def refuse_entity(name: str, is_parameter: int, value: str | None, *rest: str | None) -> None:
        notation = rest[-1]
        if notation is None:
            raise UnreadableSourceError(
                path,
                f"the file declares the entity {name!r}; entities are refused, because they can "
                "read other files or grow without end: write their text in place",
                line=parser.CurrentLineNumber,
            )

    def refuse_skipped(name: str, is_parameter: int) -> None:
        if not is_parameter:
            raise UnreadableSourceError(
                path,
                f"the entity &{name}; is declared in a DTD, which is never loaded: write the "
                "character itself",
                line=parser.CurrentLineNumber,
            )

    parser = expat.ParserCreate("UTF-8", "}")
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.EntityDeclHandler = refuse_entity
    parser.SkippedEntityHandler = refuse_skipped
    return parser


def _parse(parser: expat.XMLParserType, path: Path, data: bytes, *, final: bool = False) -> None:
    try:
        parser.Parse(data, final)
    except expat.ExpatError as error:
        words = expat.ErrorString(error.code) or "unknown error"
        raise UnreadableSourceError(
            path, f"not well-formed XML ({words}, column {error.offset + 1})", line=error.lineno
        ) from error


def _utf8_chunks(path: Path) -> Iterator[bytes]:
    """Read a file as UTF-8, whatever its encoding says.

    Both parsers then read the same characters: none of them guesses.
    """
    try:
        with path.open("rb") as stream:
            first = stream.read(_CHUNK_BYTES)
            encoding, mark = _encoding(path, first)
            if encoding in _PASSED_AS_THEY_ARE:
                yield first[mark:]
                while chunk := stream.read(_CHUNK_BYTES):
                    yield chunk
                return
            decoder = codecs.getincrementaldecoder(encoding)()
            lines, chunk = 1, first[mark:]
            while chunk:
                try:
                    text = decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    raise UnreadableSourceError(
                        path, f"is not {encoding} as it says", line=lines
                    ) from error
                lines += text.count("\n")
                yield text.encode("utf-8", "surrogatepass")
                chunk = stream.read(_CHUNK_BYTES)
            if decoder.getstate()[0]:
                raise UnreadableSourceError(path, "ends in the middle of a character", line=lines)
    except OSError as error:
        raise UnreadableSourceError(path, f"cannot be read: {error.strerror}") from error


def _encoding(path: Path, first: bytes) -> tuple[str, int]:
    """Return a file's encoding and the length of its byte order mark."""
    if first.startswith(codecs.BOM_UTF8):
        return "utf-8", len(codecs.BOM_UTF8)
    if first.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise UnreadableSourceError(path, "is UTF-32, which is not read: save it as UTF-8")
    for encoding, mark, start in (
        ("utf-16-le", codecs.BOM_UTF16_LE, b"<\0"),
        ("utf-16-be", codecs.BOM_UTF16_BE, b"\0<"),
    ):
        if first.startswith((mark, start)):
            return encoding, len(mark) if first.startswith(mark) else 0
    declared = _DECLARED_ENCODING.match(first.lstrip())
    if declared is None:
        return "utf-8", 0
    name = declared[1].decode("ascii")
    try:
        encoding = codecs.lookup(name).name
    except LookupError:
        encoding = ""
    if encoding in _PASSED_AS_THEY_ARE:
        return encoding, 0
    if not _TRANSCODED.fullmatch(encoding) or encoding.startswith("utf-16"):
        raise UnreadableSourceError(
            path, f"its declared encoding {name!r} is not read: save the file as UTF-8", line=1
        )
    return encoding, 0
