"""The gate before the tree: what of an XML file is let through, and where its records end.

expat reads every byte, with handlers and without a tree. It knows where each element starts and
ends, so the gate refuses what is dangerous (declared entities, depth, attributes), cuts out what is
withheld, and hands on the rest in pieces, each of which ends exactly at the end of a record.

Nothing before the root element is handed on: no DTD, no declaration, whatever they hold. No address
is ever opened.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from collex_graph.errors import UnreadableSourceError
from collex_graph.model import Reach
from collex_graph.sources.markup import expat_parser, parse, plain_chunks, quoted, utf8_chunks
from collex_graph.sources.unlooked import Unlooked, Unread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from collex_graph.model import Note, Record, RecordSource

MAX_DEPTH = 200
MAX_ATTRIBUTES = 256
MAX_TOKEN_BYTES = 2 << 20
MAX_JUDGED_BYTES = 2 << 20
MAX_TREE_BYTES = 64 << 20
MAX_TREE_ELEMENTS = 1_000_000

_HEARD = 64
"""Pieces of text of a withheld element that are listened to."""

_START_TAG = re.compile(rb"<[^\s/>]+(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
_TAG_NAME = re.compile(rb"<[^\s/>]+")


@dataclass(frozen=True)
class Withheld:
    """Which elements of a format are never read.

    Attributes:
        attribute: an attribute that marks an element as withheld…
        value: …when it has this value.
        values: …or one of these; in lower case, as ``value``.
        names: elements that are always withheld.
        judged: elements that are withheld when their text matches ``words``.
        told: what a withheld element may still tell the reader, in the same letters as ``words``;
            the reader learns that it was said, and nothing of the text.
        words: see ``judged``; of the text only the letters are left, unaccented and in lower case,
            because markup and line ends may stand anywhere in it.
    """

    attribute: str = ""
    value: str = ""
    values: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    judged: frozenset[str] = frozenset()
    words: re.Pattern[str] | None = None
    told: re.Pattern[str] | None = None


@dataclass(slots=True)
class Unit:
    """A described unit that is open.

    Attributes:
        identifier: what names it; None where nothing does.
        parent: the unit around it.
        depth: how many elements are open, itself included.
        path: its position among the units (``c1-3-2``), empty for the outermost.
        children: units met directly inside it so far.
        last_child: identifier of the last of them.
        notes: remarks not yet handed out with a record.
        held: records that wait for its end.
    """

    identifier: str | None
    parent: Unit | None
    depth: int
    path: str
    children: int = 0
    last_child: str | None = None
    notes: list[tuple[Note, str | None]] = field(default_factory=list)
    held: list[Record] = field(default_factory=list)


@dataclass(slots=True, frozen=True)
class Place:
    """A path of element names in a file, and what its elements are.

    Attributes:
        name: name of the element, as expat gives it (``namespace}local``).
        matches: the sources it is a record of, each with the test it must pass, or None.
        numbered: the sources that number it as it starts.
        whole: a rule reads everything inside it.
        prunable: nothing looks at it once it has ended, as far as names can tell.
        is_unit: it is a described unit.
    """

    name: str
    matches: tuple[tuple[int, Any], ...]
    numbered: tuple[int, ...]
    whole: bool
    prunable: bool
    is_unit: bool


class Candidate:
    """An element that is a record by its place, or a unit, or only shares a name with records.

    One is made for every such element, so it is a plain class; what is known at the end of the
    element is filled in there.

    Attributes:
        name: as expat gives it.
        place: None for an element that only shares its name with records.
        line: of its start.
        numbers: its running number by source, for the sources that number it as it starts.
        offset: just behind it, or at its end tag where nothing is fed.
        unit: the unit it stands in, itself for a unit.
        feed: records can be handed out at its end, so lxml reads up to there.
        prune: the element can be released then.
    """

    __slots__ = (
        "before", "feed", "line", "name", "numbers", "offset", "place", "prune", "start", "unit",
    )  # fmt: skip

    name: str
    place: Place | None
    start: int
    line: int
    numbers: dict[int, int] | None
    before: int
    offset: int
    unit: Unit | None
    feed: bool
    prune: bool

    def __init__(self, name: str, place: Place | None, start: int) -> None:
        self.name = name
        self.place = place
        self.start = start
        self.numbers = None
        self.unit = None
        self.feed = self.prune = False


@dataclass(slots=True)
class _Open:
    """An open element that is, or may be, withheld.

    Attributes:
        depth: how many elements are open, itself included.
        start: where it started, or where what is left of it starts.
        edits: how many edits came before.
        cut: its beginning has been forgotten.
    """

    depth: int
    start: int
    edits: int
    cut: bool = False


_Edit = tuple[int, int, bytes]  # from, to, what stands there instead


class Places:
    """Says what an element is from the names of the elements around it.

    Args:
        sources: what is asked of the file; patterns have names as lxml writes them.
        compile_test: makes the test of a pattern of a source.
        unit_names: names of described units.
        hold_all: no record is released before the end of the file.
    """

    def __init__(
        self,
        sources: Sequence[RecordSource],
        compile_test: Callable[[str, RecordSource], Any],
        unit_names: frozenset[str],
        *,
        hold_all: bool,
    ) -> None:
        self.unit_names = unit_names
        self.hold_all = hold_all
        self.sights = [source.sight for source in sources]
        self.without = without_namespace(sources)
        self._sources = sources
        self._patterns = [
            (
                index,
                tuple((deep, expat_name(name)) for deep, name in pattern.steps),
                compile_test(pattern.test, source) if pattern.test else None,
            )
            for index, source in enumerate(sources)
            for pattern in source.patterns
        ]
        last = {steps[-1][1] for _, steps, _ in self._patterns}
        self.any_name = "*" in last
        self.names = frozenset(last - {"*"}) | unit_names
        self._tested = {index for index, _, test in self._patterns if test is not None}
        reach = union(source.reach for source in sources)
        self._touched = frozenset(map(expat_name, reach.touched))
        self._swallowed = frozenset(map(expat_name, reach.swallowed))
        self._known: dict[tuple[str, ...], Place | None] = {}

    def find(self, stack: list[str]) -> Place | None:
        """Return what the innermost of the open elements is; None for nothing of interest."""
        path = tuple(stack)
        try:
            return self._known[path]
        except KeyError:
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[path] = place = self._place(stack)
            return place

    def _place(self, stack: list[str]) -> Place | None:
        name = stack[-1]
        tests: dict[int, list[Any]] = {}
        for index, steps, test in self._patterns:
            if stands_at(stack, steps):
                tests.setdefault(index, []).append(test)
        matches = {index: _any_of(alternatives) for index, alternatives in tests.items()}
        is_unit = name in self.unit_names
        if not matches and not is_unit:
            return None
        return Place(
            name=name,
            matches=tuple(matches.items()),
            # Where one pattern of a source has a test, its records are numbered as they end.
            numbered=tuple(
                index
                for index in matches
                if self._sources[index].numbered and index not in self._tested
            ),
            whole=any(self._sources[index].reach.whole_record for index in matches),
            prunable=not self.hold_all
            and name not in self._touched
            and self._swallowed.isdisjoint(stack),
            is_unit=is_unit,
        )


class Gate:
    """Reads a file and hands on what is let through.

    Args:
        path: the file.
        places: which elements are records.
        withheld: which elements are dropped.
        special: further names for which `entered` and `left` are called.
    """

    def __init__(
        self,
        path: Path,
        places: Places,
        withheld: Withheld | None = None,
        special: frozenset[str] = frozenset(),
    ) -> None:
        self.unlooked = Unlooked(places.sights)
        self.unit: Unit | None = None
        self.counters: dict[int, int] = {}
        self._path = path
        self._places = places
        self._withheld = withheld or Withheld()
        self._special = special | self._withheld.names | self._withheld.judged
        self._expat = expat_parser(path)
        self._expat.StartElementHandler = self._start_root
        # What is open.
        self.stack: list[str] = []
        self._candidates: list[Candidate] = []
        self._whole_open = 0
        self._skip: _Open | None = None
        self._judging: _Open | None = None
        self._judged_text: list[str] = []
        # What expat has read and nobody else has.
        self._edits: list[_Edit | Candidate] = []
        self._ended: list[Candidate] = []
        self._pending = bytearray()
        self._base = 0
        self._received = 0
        # For the size of the tree: bytes dropped and released, tags in all that was read.
        self._dropped = 0
        self._pruned = 0
        self._tags = 0

    # --- what a format adds ---------------------------------------------------------------------

    def entered(self, name: str, attributes: dict[str, str], offset: int) -> None:
        """A special element begins at a byte offset."""

    def left(self, name: str) -> None:
        """A special element ends; it is still on the stack."""

    def set_attributes(self, offset: int, attributes: Mapping[str, str]) -> None:
        """Write attributes into the start tag at an offset, as if the file had them."""
        found = _TAG_NAME.match(self._pending, offset - self._base)
        assert found is not None
        at = found.end() + self._base
        written = "".join(f" {name}={quoted(value)}" for name, value in attributes.items())
        self._edits.append((at, at, written.encode()))

    def insert(self, offset: int, text: bytes) -> None:
        """Write text before the element that starts at an offset, as if the file had it."""
        self._edits.append((offset, offset, text))

    def told(self) -> None:
        """A withheld element has said what ``Withheld.told`` listens for; for subclasses."""

    def read_text_into(self, texts: list[str] | None) -> None:
        """Collect the texts that follow, until None."""
        self._expat.CharacterDataHandler = texts.append if texts is not None else None

    def refuse(self, problem: str) -> NoReturn:
        """Refuse the file, at the line just read.

        Raises:
            UnreadableSourceError: always.
        """
        raise UnreadableSourceError(self._path, problem, line=self._expat.CurrentLineNumber)

    # --- handing on -----------------------------------------------------------------------------

    def pieces(self) -> Iterator[tuple[bytes, list[Candidate]]]:
        """Yield the file in pieces; with one that ends a record, what has ended since the last.

        Raises:
            UnreadableSourceError: for XML that is not well-formed, or beyond a limit.
        """
        without = self._places.without
        chunks = plain_chunks(self._path, without) if without else utf8_chunks(self._path)
        for chunk in chunks:
            self._pending += chunk
            self._received += len(chunk)
            self._tags += chunk.count(b"<")
            yield from self._parse_and_replay(chunk)
            self._check_size(self._expat.CurrentByteIndex)
        yield from self._parse_and_replay(b"", final=True)
        yield from self._replay(self._received)
        if self._ended:
            yield b"", self._ended

    def _parse_and_replay(
        self, chunk: bytes, *, final: bool = False
    ) -> Iterator[tuple[bytes, list[Candidate]]]:
        """Let expat read on; where it breaks, what ended before the break is still handed on."""
        try:
            parse(self._expat, self._path, chunk, final=final)
        except UnreadableSourceError:
            parsed = self._expat.CurrentByteIndex
            ends = [e.offset for e in self._edits if isinstance(e, Candidate) and e.feed]
            yield from self._replay(max((end for end in ends if end <= parsed), default=0))
            raise
        yield from self._replay(self._expat.CurrentByteIndex)

    def _replay(self, parsed: int) -> Iterator[tuple[bytes, list[Candidate]]]:
        if not self.stack and not self._edits:
            return  # the root has not begun, or has ended
        limit = min(
            parsed,
            *(open_.start for open_ in (self._judging, self._skip) if open_ is not None),
            parsed,
        )
        position, done, passed = self._base, 0, list[bytes]()
        for edit in self._edits:
            if isinstance(edit, Candidate):
                if edit.offset > limit:
                    break
                self._ended.append(edit)
                if edit.feed:
                    passed.append(self._bytes(position, edit.offset))
                    position = edit.offset
                    ended, self._ended = self._ended, []
                    yield b"".join(passed), ended
                    passed.clear()
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
            yield b"".join(passed), []
        del self._edits[:done]
        if self._judging is not None:
            self._judging.edits -= done
        del self._pending[: position - self._base]
        self._base = position

    def _bytes(self, start: int, end: int) -> bytes:
        return bytes(self._pending[start - self._base : end - self._base])

    def _check_size(self, parsed: int) -> None:
        if self._received - parsed > MAX_TOKEN_BYTES:
            self.refuse(f"one tag or comment is longer than {MAX_TOKEN_BYTES >> 20} MB")
        if self._skip is not None:
            self._forget_withheld(parsed)
        elif len(self._pending) > MAX_TOKEN_BYTES + MAX_JUDGED_BYTES:
            self.refuse(
                f"one passage of more than {MAX_JUDGED_BYTES >> 20} MB cannot be judged before "
                "its end"
            )
        kept = self._base - self._dropped - self._pruned
        # Of all elements read, the tree holds about as large a share as of all bytes.
        elements = self._tags * kept // (2 * max(self._received, 1))
        if kept > MAX_TREE_BYTES or elements > MAX_TREE_ELEMENTS:
            self.refuse(
                f"more than {MAX_TREE_BYTES >> 20} MB or {MAX_TREE_ELEMENTS:,} elements stand "
                "outside any finished record; is this the kind of file that the mapping reads?"
            )

    def _forget_withheld(self, parsed: int) -> None:
        """Nothing inside a withheld element is ever needed again."""
        assert self._skip is not None
        if self._base == self._skip.start and self._judging is None and not self._edits:
            forgotten = parsed - self._base
            del self._pending[:forgotten]
            self._dropped += forgotten
            self._base = self._skip.start = parsed
            self._skip.cut = True

    # --- expat's handlers -----------------------------------------------------------------------

    def _start_root(self, name: str, attributes: dict[str, str]) -> None:
        """The root begins: what came before stays behind, and the other handlers take over."""
        start, end = self._handlers()
        self._expat.StartElementHandler, self._expat.EndElementHandler = start, end
        offset = self._expat.CurrentByteIndex
        self._edits.append((0, offset, b""))
        self._dropped += offset
        start(name, attributes)

    def _handlers(
        self,
    ) -> tuple[Callable[[str, dict[str, str]], None], Callable[[str], None]]:
        """Return what is called for each element: closures, because it is called so often."""
        stack, mark, deepest = self.stack, self._withheld.attribute, MAX_DEPTH
        watched, any_name = self._places.names | self._special, self._places.any_name
        unlooked = self.unlooked
        elements = unlooked.open
        push, pop, enter, leave = stack.append, stack.pop, elements.append, elements.pop

        def start(name: str, attributes: dict[str, str]) -> None:
            push(name)
            if len(stack) > deepest:
                self.refuse(f"elements are nested more than {deepest} levels deep")
            around = elements[-1]
            known = around.inside.get(name)
            if known is None or around.__class__ is Unread:
                unlooked.enter(name, attributes)
            else:
                enter(known)
                if attributes and not known.covers(attributes):
                    known.count(attributes)
            if attributes and (mark in attributes or len(attributes) > MAX_ATTRIBUTES):
                self._look_at(attributes)
                if self._skip is not None:
                    return
            if name in watched or any_name:
                self._start_watched(name, attributes)

        def end(name: str) -> None:
            if name in watched or any_name:
                self._end_watched(name)
            pop()
            element = leave()
            if element.__class__ is Unread:
                unlooked.leave(element)

        return start, end

    def _begin_skip(self) -> None:
        """A withheld element begins: until its end, only depth and size count."""
        self._skip = self._open()
        parser, stack, depth = self._expat, self.stack, len(self.stack)
        handlers = parser.StartElementHandler, parser.EndElementHandler
        texts = parser.CharacterDataHandler
        heard: list[str] = []
        told = self._withheld.told

        def listen(text: str) -> None:
            if len(heard) < _HEARD:
                heard.append(text)

        if told is not None and texts is None:
            # enough for a status, and no more: a withheld element may be of any size
            parser.CharacterDataHandler = listen

        def start(name: str, attributes: dict[str, str]) -> None:
            stack.append(name)
            if len(stack) > MAX_DEPTH:
                self.refuse(f"elements are nested more than {MAX_DEPTH} levels deep")
            if len(attributes) > MAX_ATTRIBUTES:
                self._look_at(attributes)

        def end(name: str) -> None:
            if len(stack) == depth:
                assert self._skip is not None
                self._withhold(self._skip)
                self._skip = None
                parser.StartElementHandler, parser.EndElementHandler = handlers
                parser.CharacterDataHandler = texts
                if told is not None and told.search(_letters("".join(heard))):
                    self.told()
                self.unlooked.open.pop()
            stack.pop()

        parser.StartElementHandler, parser.EndElementHandler = start, end

    def _look_at(self, attributes: dict[str, str]) -> None:
        if len(attributes) > MAX_ATTRIBUTES:
            self.refuse(f"an element has more than {MAX_ATTRIBUTES} attributes")
        value = attributes.get(self._withheld.attribute, "").strip().lower()
        withheld = value == self._withheld.value or value in self._withheld.values
        if self._skip is None and withheld:
            self._begin_skip()

    def _open(self) -> _Open:
        return _Open(len(self.stack), self._expat.CurrentByteIndex, len(self._edits))

    def _start_watched(self, name: str, attributes: dict[str, str]) -> None:
        offset = self._expat.CurrentByteIndex
        if name in self._special:
            if name in self._withheld.names:
                self._begin_skip()
                return
            if name in self._withheld.judged and self._judging is None:
                self._judging = self._open()
                self._judged_text.clear()
                self.read_text_into(self._judged_text)
            self.entered(name, attributes, offset)
        place = self._places.find(self.stack)
        candidate = Candidate(name, place, offset)
        self._candidates.append(candidate)
        if place is None:
            return
        candidate.line = self._expat.CurrentLineNumber
        if place.numbered:
            candidate.numbers = numbers = {}
            for index in place.numbered:
                numbers[index] = self.counters[index] = self.counters.get(index, 0) + 1
        if place.whole:
            self._whole_open += 1
        if place.prunable:
            candidate.before = self._pruned

    def _end_watched(self, name: str) -> None:
        candidate = self._candidates.pop()
        if candidate.place is not None:
            self._end_candidate(candidate, candidate.place)
        elif name in self._places.names and not self._places.any_name:
            # lxml will tell of it, and the two must stay in step.
            candidate.offset = self._expat.CurrentByteIndex
            self._edits.append(candidate)
        if name in self._special:
            self.left(name)
            if self._judging is not None and len(self.stack) == self._judging.depth:
                self._judge()

    def _end_candidate(self, candidate: Candidate, place: Place) -> None:
        if place.whole:
            self._whole_open -= 1
        places = self._places
        candidate.unit = self.unit
        at_once = not places.hold_all and (self.unit is None or place.is_unit)
        candidate.feed = at_once or places.any_name
        if not candidate.feed:
            candidate.offset = self._expat.CurrentByteIndex
        else:
            candidate.offset = offset = self._end_from(candidate.start)
            if at_once and place.prunable and not self._whole_open:
                candidate.prune = True
                self._pruned = candidate.before + offset - candidate.start
        self._edits.append(candidate)

    def _end_from(self, start: int) -> int:
        """Return where the element that ends now ends, given where it started (-1: long ago).

        expat stands at the end tag, or, for ``<c/>``, behind it.
        """
        at = self._expat.CurrentByteIndex - self._base
        if start >= self._base and self._pending[at - 2 : at] == b"/>":
            tag = _START_TAG.match(self._pending, start - self._base)
            if tag is not None and tag.end() == at:
                return at + self._base
        return self._pending.index(b">", at) + self._base + 1

    def _judge(self) -> None:
        assert self._judging is not None
        judged, self._judging = self._judging, None
        self.read_text_into(None)
        text = _letters("".join(self._judged_text))
        self._judged_text.clear()
        if self._withheld.words is not None and self._withheld.words.search(text):
            del self._edits[judged.edits :]
            self._withhold(judged)

    def _withhold(self, element: _Open) -> None:
        end = self._end_from(-1 if element.cut else element.start)
        self._edits.append((element.start, end, b""))
        self._dropped += end - element.start


def _any_of(tests: list[Any]) -> Any:
    """Join the tests of several patterns of one source that stand at one place."""
    if None in tests:
        return None
    return tests[0] if len(tests) == 1 else lambda element: any(test(element) for test in tests)


# --- names ---------------------------------------------------------------------------------------


def expat_name(name: str) -> str:
    """Turn lxml's name of an element (``{namespace}local``) into expat's (``namespace}local``)."""
    return name.removeprefix("{")


def lxml_name(name: str) -> str:
    """Turn expat's name of an element into lxml's."""
    return "{" + name if "}" in name else name


def without_namespace(sources: Iterable[RecordSource]) -> frozenset[str]:
    """Return the namespaces that the sources of a document read as none."""
    return frozenset().union(*(source.without_namespace for source in sources))


def union(reaches: Iterator[Reach]) -> Reach:
    """Return what several sources look at together."""
    every = list(reaches)
    return Reach(
        touched=frozenset().union(*(reach.touched for reach in every)),
        shells=frozenset().union(*(reach.shells for reach in every)),
        swallowed=frozenset().union(*(reach.swallowed for reach in every)),
        around=frozenset().union(*(reach.around for reach in every)),
        whole_record=any(reach.whole_record for reach in every),
        whole_file=any(reach.whole_file for reach in every),
    )


def stands_at(stack: list[str], steps: tuple[tuple[bool, str], ...]) -> bool:
    """Say whether the innermost of the open elements stands at the end of a path.

    >>> stands_at(["ead", "dsc", "c"], ((True, "c"),))
    True
    >>> stands_at(["ead", "dsc", "c"], ((False, "c"),))
    False
    >>> stands_at(["ead", "dsc", "c", "c"], ((False, "ead"), (True, "c"), (False, "c")))
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


def _letters(text: str) -> str:
    r"""Return the letters of a text alone, unaccented and in lower case.

    >>> _letters("Responsable(s) du\n fonds :")
    'responsablesdufonds'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z]", "", plain)
