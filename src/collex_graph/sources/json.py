"""JSON: one document, or several one after another (JSON Lines), as a stream.

The file is walked member by member down to the first list on the way to records. An element of it
that ends within `WINDOW` characters is decoded whole by the standard library and walked in memory;
a larger one is walked further. So a file of any size is read in constant memory, nearly at the
speed of the decoder. Numbers keep the form they have in the file.

Of an object that is too large to be whole, only the members that references look at are kept
(`JsonPattern.looked_at`). Where one of them comes behind the records, the reader looks ahead for
it, so that a rule sees the same whatever the order of the members.

A record's component is its JSON path (``$.hits[3]``); in the second and later documents of a file
the document's number stands before it (``2$.hits[3]``). Its line is that of the value decoded whole
which it is, or is part of.
"""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NoReturn

from collex_graph.errors import UnreadableSourceError
from collex_graph.model import WHOLE_ARRAY, JsonNode, Note, Number, Record
from collex_graph.sources.tabular import find_encoding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from collex_graph.model import JsonPattern, RecordSource, SourceFile

MAX_DEPTH = 200
WINDOW = 1 << 20
"""Characters of a value that is decoded whole without need."""
MAX_VALUE = 64 << 20
"""Characters of a value that a rule needs whole."""

_CHUNK = 1 << 18
_CONTAINERS: Final = (dict, list)
_NAME = 1 << 20
"""Characters of a member's name."""
_SPACE = re.compile(r"[ \t\r\n\x1e]*")  # with the mark of JSON text sequences (RFC 7464)
_AFTER = frozenset(" \t\r\n\x1e,:]}")
_SHORT_NAME = re.compile(r"[^\x00-@\[-^`{-\x7f][^\x00-/:-@\[-^`{-\x7f]*")
"""A name that JSONPath takes without quotes."""
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no value of JSON")


_decode = json.JSONDecoder(
    parse_float=Number, parse_int=Number, parse_constant=_refuse_constant, strict=False
).raw_decode


class _NotWholeError(Exception):
    """A value does not end within the characters allowed, or is not well-formed."""


class _Cursor:
    r"""A place in a file's text, of which a window is in memory.

    Attributes:
        text: the window.
        at: the place in it.
        mended: halves of characters (``\ud800`` alone) that were replaced since the last record.
    """

    def __init__(self, path: Path, stream: BinaryIO, encoding: str) -> None:
        self.text = ""
        self.at = 0
        self.mended: list[str] = []
        self._path = path
        self._stream = stream
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(
            "utf-8-sig" if encoding == "utf-8" else encoding
        )()
        self._ended = False
        self._line = self._column = 1  # of the character at _counted
        self._counted = 0

    def copy(self, stream: BinaryIO) -> _Cursor:
        """Return another cursor at this place, on a stream of its own."""
        other = _Cursor(self._path, stream, self._encoding)
        stream.seek(self._stream.tell())
        other._decoder.setstate(self._decoder.getstate())
        other.text, other.at, other._ended = self.text, self.at, self._ended
        return other

    def more(self) -> bool:
        """Read on, ever more the more is waiting; False at the end of the file."""
        text = ""
        while not text:
            if self._ended:
                return False
            chunk = self._stream.read(max(_CHUNK, len(self.text) - self.at))
            self._ended = not chunk
            text = self._decoder.decode(chunk, self._ended)
        self.line()
        self.text = self.text[self.at :] + text
        self.at = self._counted = 0
        return True

    def line(self) -> int:
        """Return the line of the place, from 1."""
        breaks = self.text.count("\n", self._counted, self.at)
        if breaks:
            self._line += breaks
            self._column = self.at - self.text.rindex("\n", self._counted, self.at)
        else:
            self._column += self.at - self._counted
        self._counted = self.at
        return self._line

    def peek(self) -> str:
        """Skip white space, and return the character that follows; empty at the end."""
        while True:
            found = _SPACE.match(self.text, self.at)
            assert found is not None
            self.at = found.end()
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def holds_something(self) -> bool:
        """Say whether the value at the place is more than null, or something empty."""
        self.peek()
        while len(self.text) - self.at < 4 and self.more():
            pass
        start = self.text[self.at : self.at + 4]
        return start != "null" and not start.startswith(('""', "[]", "{}"))

    def refuse(self, problem: str) -> NoReturn:
        """Refuse the file, at this place.

        Raises:
            UnreadableSourceError: always.
        """
        if not self.peek():
            problem = "the file breaks off before its JSON ends"
        line = self.line()
        raise UnreadableSourceError(self._path, f"{problem} (column {self._column})", line=line)

    def decode(self, limit: int) -> Any:
        """Decode the value at the place, and go behind it.

        Raises:
            _NotWholeError: when it is larger than the limit, or not well-formed. Walked member by
                member, the one that is wrong is found.
        """
        while True:
            try:
                value, end = _decode(self.text, self.at)
            except (ValueError, RecursionError):
                pass
            else:
                # the digits of a number may go on in what has not been read yet
                if self.text[self.at] in '"[{' or self.text[end : end + 1] in _AFTER:
                    break
                if self._ended:
                    if end == len(self.text):
                        break
                    raise _NotWholeError
            if len(self.text) - self.at > limit or not self.more():
                raise _NotWholeError
        if self.text.find("\\ud", self.at, end) >= 0 or self.text.find("\\uD", self.at, end) >= 0:
            value = self._decode_mended(end, value)
        self.at = end
        return value

    def _decode_mended(self, end: int, value: Any) -> Any:
        """Put U+FFFD for halves of characters, which no text can hold."""
        text = self.text[self.at : end]
        halves: list[str] = []

        def mend(found: re.Match[str]) -> str:
            if found[1] is None:
                return found[0]
            halves.append(found[0])
            return "\\ufffd"

        mended = _ESCAPE.sub(mend, text)
        if not halves:
            return value
        self.mended += halves[:1]
        return _decode(mended)[0]


_Needed = Mapping[str | int, Any] | None
"""What is kept of a value, as `JsonPattern.looked_at` has it; None for all."""
_NOTHING: Final[Mapping[str | int, Any]] = {}
_State = tuple[int, "JsonPattern", int]
"""A source's index, one of its patterns, how many of its steps have been gone."""
_Sight = Mapping[str | None, Any]
_Tested = tuple[_State, "Callable[[Any], bool]"]
"""A state that holds for the values that pass a test."""


class _Seen:
    """What is looked at in a value, and how often the rest was met.

    Attributes:
        names: the way to it, by the names of members.
        members: those looked at; None in their place where all of them is read.
        any_member: for the members that are not among these; `_UNLOOKED` where they are not read.
        elements: for those of an array, likewise.
        unread: member → how often it was met; None stands for elements.
    """

    __slots__ = ("_any_sight", "_inside", "any_member", "elements", "members", "names", "unread")

    def __init__(self, sight: _Sight, names: str) -> None:
        self.names = names
        self.members = {
            name: _seen(inside, _joined(names, name))
            for name, inside in sight.items()
            if name is not None and name != "*"
        }
        self._any_sight = sight.get("*")
        self.any_member = (
            _seen(self._any_sight, f"{names}.*".removeprefix(".")) if "*" in sight else _UNLOOKED
        )
        self.elements = _seen(sight[None], names) if None in sight else _UNLOOKED
        self.unread: dict[str | None, int] = {}
        self._inside = [(name, seen) for name, seen in self.members.items() if seen is not None]

    def member(self, name: str) -> _Seen | None:
        """Return what is looked at in a member.

        One that only `*` leads to gets a place of its own, so that what is not read in it is
        told by its name; the names beyond the first thousand share one.
        """
        if name in self.members:
            return self.members[name]
        if self.any_member is None or self.any_member is _UNLOOKED or len(self.members) > 1000:
            return self.any_member
        assert self._any_sight is not None
        seen = _Seen(self._any_sight, _joined(self.names, name))
        self.members[name] = seen
        self._inside.append((name, seen))
        return seen

    def miss(self, name: str | None) -> None:
        """Count a member, or an element, that is not looked at."""
        self.unread[name] = self.unread.get(name, 0) + 1

    def miss_elements(self, elements: list[Any]) -> None:
        """Count the objects and arrays in an array; texts in it are read with the array."""
        for element in elements:
            if element and element.__class__ in _CONTAINERS:
                self.miss(None)

    def count(self, value: dict[str, Any] | list[Any]) -> None:
        """Count what is not looked at in a value in memory: called often, so written out."""
        if value.__class__ is list:
            elements = self.elements
            if elements is None:
                return
            if elements is _UNLOOKED:
                self.miss_elements(value)
                return
            for child in value:
                if child.__class__ in _CONTAINERS:
                    elements.count(child)
            return
        assert isinstance(value, dict)
        members, any_member = self.members, self.any_member
        if any_member is _UNLOOKED:
            for name in value.keys() - members.keys():
                child = value[name]
                if child or child is False:
                    self.miss(name)
        elif any_member is not None:
            for name, child in value.items():
                if name not in members and child.__class__ in _CONTAINERS:
                    seen = self.member(name)
                    if seen is any_member:
                        any_member.count(child)
        for name, seen in self._inside:
            found: Any = value.get(name)
            kind = found.__class__
            if kind is dict:
                seen.count(found)
            elif kind is list:
                elements = seen.elements
                if elements is None:
                    continue
                if elements is _UNLOOKED:
                    seen.miss_elements(found)
                    continue
                for element in found:
                    if element.__class__ is not str and element.__class__ in _CONTAINERS:
                        elements.count(element)

    def left_out(self) -> Iterator[tuple[str, int]]:
        """Yield what was counted, here and further in."""
        for name, count in self.unread.items():
            yield _joined(self.names, name), count
        for seen in {
            id(s): s for s in (*self.members.values(), self.any_member, self.elements)
        }.values():
            if seen is not None and seen is not _UNLOOKED:
                yield from seen.left_out()


_UNLOOKED: Final = object.__new__(_Seen)
"""In the place of what is looked at in a value, where nothing is."""


def _seen(sight: _Sight | None, names: str) -> _Seen | None:
    return None if sight is None else _Seen(sight, names)


class _Here:
    """The place of a value.

    Attributes:
        node: its node.
        path: its JSON path.
        parent: component of the record around it.
        depth: how many arrays and objects are open, itself included.
        in_list: it is in an array.
        line: of what is decoded whole, and holds it.
        seen: what is looked at in it; None where nothing is counted.
        is_unlooked: it is not looked at itself.
        kept_in: the object or the list that keeps it, and its name or index there.
    """

    __slots__ = (
        "depth", "in_list", "is_unlooked", "kept_in", "line", "node", "parent", "path", "seen",
    )  # fmt: skip

    def __init__(self, node: JsonNode, path: str, parent: str | None, around: _Here | None) -> None:
        self.node = node
        self.path = path
        self.parent = parent
        self.is_unlooked = False
        self.seen: _Seen | None = None
        self.kept_in: tuple[Any, str | int] | None = None
        if around is None:
            self.depth, self.in_list, self.line = 1, False, 1
        else:
            self.depth, self.in_list, self.line = around.depth + 1, around.in_list, around.line

    def element(self, index: int, *, is_record: bool = False) -> _Here:
        """Return the place of an element; its value is still to be read."""
        node = JsonNode(None, self.node.key, self.node.around)
        parent = self.path if is_record else self.parent
        element = _Here(node, f"{self.path}[{index}]", parent, self)
        element.in_list = True
        if self.seen is not None:
            element.look(self.seen.elements)
        return element

    def member(self, name: str, *, is_record: bool) -> _Here:
        """Return the place of a member; its value is still to be read."""
        parent = self.path if is_record else self.parent
        member = _Here(JsonNode(None, name, self.node), self.path + _member(name), parent, self)
        if self.seen is not None:
            member.look(self.seen.member(name))
        return member

    def hold(self, value: Any) -> None:
        """Set the value, and keep it where it is needed, before the records in it are read."""
        self.node.value = value
        if self.kept_in is not None:
            container, key = self.kept_in
            if isinstance(key, int):
                container += [None] * (key + 1 - len(container))
            container[key] = value

    def look(self, seen: _Seen | None) -> None:
        """Note what is looked at in the value."""
        self.is_unlooked = seen is _UNLOOKED
        self.seen = None if self.is_unlooked else seen

    def count(self) -> _Here:
        """Count what is not looked at in the value, which is in memory; nothing after that."""
        if self.seen is not None and self.node.value.__class__ in _CONTAINERS:
            self.seen.count(self.node.value)
        self.look(None)
        return self


class JsonRecords:
    """The records of one JSON file (a `RecordStream`).

    Args:
        source_file: the file.
        sources: what is asked of it; `RecordSource.selection` is a tuple of `JsonPattern`.

    Raises:
        UnreadableSourceError: when the file is empty, or no text.
    """

    def __init__(self, source_file: SourceFile, sources: Sequence[RecordSource]) -> None:
        self._path = source_file.path
        self._encoding = find_encoding(self._path)
        self._states: tuple[_State, ...] = tuple(
            (index, pattern, 0)
            for index, source in enumerate(sources)
            for pattern in source.selection
        )
        sight = _merged([p.sight for source in sources for p in source.selection])
        self._seen = _seen(sight, "")
        self._numbers = [0] * len(sources)
        self._read = 0

    @property
    def columns(self) -> Mapping[str, int]:
        """Empty: JSON has paths, not columns."""
        return {}

    @property
    def left_out(self) -> Mapping[str, int]:
        """Paths of members that no reference looks at → how often they were met so far."""
        found: Counter[str] = Counter()
        for name, count in self._seen.left_out() if self._seen is not None else ():
            found[name] += count
        return found

    @property
    def records_read(self) -> int:
        """Records read so far."""
        return self._read

    def __iter__(self) -> Iterator[Record]:
        """Read the file.

        Raises:
            UnreadableSourceError: where it is not well-formed, or beyond a limit.
        """
        if self._encoding != "utf-8":
            note = Note("EncodingNotUtf8", self._encoding)
            yield Record(None, (), line=1, component="$", notes=((note, None),), usable=False)
        with self._path.open("rb") as stream:
            cursor = _Cursor(self._path, stream, self._encoding)
            if not cursor.peek():
                raise UnreadableSourceError(self._path, "the file holds no JSON value", line=1)
            document = 1
            while cursor.peek():
                path = "$" if document == 1 else f"{document}$"
                yield from self._visit(cursor, self._states, self._top(path))
                document += 1

    def _top(self, path: str) -> _Here:
        here = _Here(JsonNode(None), path, None, None)
        here.seen = self._seen
        return here

    # --- what is walked as it is read -------------------------------------------------------------

    def _visit(
        self, cursor: _Cursor, states: Sequence[_State], here: _Here, needed: _Needed = _NOTHING
    ) -> Iterator[Record]:
        """Read the value at the cursor and hand out its records.

        Args:
            cursor: at the value.
            states: the patterns that lead here.
            here: its place.
            needed: what is kept of it, besides what references from here need.
        """
        first = cursor.peek()
        here.line = cursor.line()
        ends = [state for state in states if state[2] == len(state[1].steps)]
        # down to the first list, walked in any case: each of its elements has a line of its own
        if here.in_list or len(ends) == len(states):
            try:
                here.hold(cursor.decode(WINDOW))
            except _NotWholeError:
                pass
            else:
                yield from self._walk(states, here.count(), cursor.mended)
                return
        if here.depth > MAX_DEPTH:
            cursor.refuse(f"values are nested more than {MAX_DEPTH} levels deep")
        if first not in ("{", "["):
            self._whole(cursor, here)
            yield from self._walk(states, here, cursor.mended)
            return
        needed = _both(needed, _looked_at(ends))
        if needed is None or (first == "[" and WHOLE_ARRAY in needed):
            yield from self._visit_whole(cursor, states, here)
        elif first == "[":
            if ends:
                here.hold([])
            yield from self._visit_array(cursor, states, here, needed)
            here.look(None)
            yield from self._walk(ends, here, cursor.mended)
        else:
            here.hold({})
            yield from self._visit_object(cursor, states, here, needed, is_record=bool(ends))
            here.look(None)
            yield from self._walk(ends, here, cursor.mended)

    def _visit_whole(
        self, cursor: _Cursor, states: Sequence[_State], here: _Here
    ) -> Iterator[Record]:
        """Read a value that is needed whole, and hand out its records.

        Where it breaks off, it is no record itself, but those in it, up to the break, are.
        """
        first = cursor.peek()
        here.line = cursor.line()
        try:
            here.hold(cursor.decode(MAX_VALUE))
        except _NotWholeError:
            on = [state for state in states if state[2] < len(state[1].steps)]
            if first == "[":
                yield from self._visit_array(cursor, on, here, _NOTHING)
            elif first == "{":
                here.hold({})
                yield from self._visit_object(cursor, on, here, _NOTHING, is_record=False)
            else:
                self._whole(cursor, here)
            raise self._too_large(here.line) from None
        yield from self._walk(states, here.count(), cursor.mended)

    def _visit_needed(
        self, cursor: _Cursor, states: Sequence[_State], here: _Here, needed: _Needed
    ) -> Iterator[Record]:
        """Read a value of which something is needed, and hand out its records."""
        if needed is None:
            yield from self._visit_whole(cursor, states, here)
        else:
            yield from self._visit(cursor, states, here, needed)

    def _visit_array(
        self, cursor: _Cursor, states: Sequence[_State], here: _Here, needed: _Needed
    ) -> Iterator[Record]:
        indexes = [key for key in needed or () if isinstance(key, int) and key != WHOLE_ARRAY]
        kept: list[Any] = []
        if indexes:
            here.hold(kept)
        for index, _ in enumerate(_elements(cursor)):
            inner, tested = _advance(states, index)
            element = here.element(index)
            if (
                element.is_unlooked
                and here.seen is not None
                and cursor.peek() in ("{", "[")
                and cursor.holds_something()
            ):
                here.seen.miss(None)
            if index in indexes:
                element.kept_in = kept, index
            if index in indexes and not tested:
                yield from self._visit_whole(cursor, inner, element)
            else:
                yield from self._visit_child(cursor, inner, tested, element)

    def _visit_object(
        self,
        cursor: _Cursor,
        states: Sequence[_State],
        here: _Here,
        needed: _Needed,
        *,
        is_record: bool,
    ) -> Iterator[Record]:
        wanted = _both(_looked_at(states), needed)
        members: dict[str, Any] = here.node.value
        has_looked = False
        for name in _members(cursor):
            inner, tested = _advance(states, name)
            member = here.member(name, is_record=is_record)
            if member.is_unlooked and here.seen is not None and cursor.holds_something():
                here.seen.miss(name)
            is_wanted = wanted is None or name in wanted
            if is_wanted:
                member.kept_in = members, name
            if inner or tested:
                if not has_looked:
                    has_looked = True
                    self._look_ahead(cursor, states, here)
                if is_wanted and not tested:
                    yield from self._visit_needed(cursor, inner, member, _of(wanted, name))
                else:
                    yield from self._visit_child(cursor, inner, tested, member)
            elif is_wanted:
                self._keep(cursor, member, _of(wanted, name))
            else:
                self._skip(cursor, member)

    def _visit_child(
        self, cursor: _Cursor, states: list[_State], tested: list[_Tested], here: _Here
    ) -> Iterator[Record]:
        if tested:
            here.line = cursor.line()
            value = self._whole(cursor, here)
            states += [state for state, test in tested if test(value)]
            yield from self._walk(states, here, cursor.mended)
        else:
            yield from self._visit(cursor, states, here)

    def _look_ahead(self, cursor: _Cursor, states: Sequence[_State], here: _Here) -> None:
        """Read the members around records that stand behind the first of these."""
        wanted = _looked_at([state for state in states if state[2] < len(state[1].steps)])
        members: dict[str, Any] = here.node.value
        if wanted is not None and wanted.keys() - {WHOLE_ARRAY} <= members.keys():
            return
        with self._path.open("rb") as stream:
            ahead = cursor.copy(stream)
            try:
                first = here.element(0)
                first.look(None)
                self._skip(ahead, first)
                for name in _members(ahead, begun=True):
                    member = here.member(name, is_record=False)
                    member.look(None)
                    if wanted is None or name in wanted:
                        member.kept_in = members, name
                        self._keep(ahead, member, _of(wanted, name))
                        if wanted is not None and wanted.keys() - {WHOLE_ARRAY} <= members.keys():
                            return
                    else:
                        self._skip(ahead, member)
            except UnreadableSourceError:
                return  # said when the reader comes there

    def _skip(self, cursor: _Cursor, here: _Here) -> None:
        for _ in self._visit(cursor, (), here):
            pass

    def _keep(self, cursor: _Cursor, here: _Here, needed: _Needed) -> None:
        """Decode what is needed of a value in which no record is."""
        if needed is None:
            self._whole(cursor, here)
        else:
            for _ in self._visit(cursor, (), here, needed):
                pass

    def _whole(self, cursor: _Cursor, here: _Here) -> Any:
        """Decode a value that is needed whole."""
        cursor.peek()
        try:
            value = cursor.decode(MAX_VALUE)
        except _NotWholeError:
            line = cursor.line()
            if cursor.peek() in ("{", "["):
                self._skip(cursor, here)  # finds what is wrong in it
            elif len(cursor.text) - cursor.at < MAX_VALUE:
                cursor.refuse("this is no JSON value, or a text that does not end")
            raise self._too_large(line) from None
        here.hold(value)
        here.count()
        return value

    def _too_large(self, line: int) -> UnreadableSourceError:
        return UnreadableSourceError(
            self._path,
            f"a value of more than {MAX_VALUE >> 20} million characters begins here, and a rule "
            "needs the whole of it",
            line=line,
        )

    # --- what is in memory ------------------------------------------------------------------------

    def _walk(self, states: Iterable[_State], here: _Here, mended: list[str]) -> Iterator[Record]:
        """Hand out the records of a value in memory: itself, then those inside it."""
        on: list[_State] = []
        ends: dict[int, None] = {}
        for state in states:
            if state[2] == len(state[1].steps):
                ends[state[0]] = None
            else:
                on.append(state)
        value = here.node.value
        is_record = bool(ends) and value is not None
        if is_record:
            numbers = self._numbers
            for index in ends:
                numbers[index] += 1
            self._read += 1
            record = Record(
                here.node,
                tuple([(index, numbers[index]) for index in ends]),
                component=here.path,
                parent=here.parent,
                line=here.line,
            )
            if mended:
                record.notes = tuple((Note("HalfCharacter", text), None) for text in mended)
                mended.clear()
            yield record
        if not on:
            return
        if type(value) is dict:
            for name, child in value.items():
                inner, tested = _advance(on, name)
                inner += [state for state, test in tested if test(child)]
                if inner:
                    member = here.member(name, is_record=is_record)
                    member.node.value = child
                    yield from self._walk(inner, member, mended)
        elif type(value) is list:
            for index, child in enumerate(value):
                inner, tested = _advance(on, index)
                inner += [state for state, test in tested if test(child)]
                if inner:
                    element = here.element(index, is_record=is_record)
                    element.node.value = child
                    yield from self._walk(inner, element, mended)


def _merged(sights: Sequence[_Sight | None]) -> _Sight | None:
    """Return what is looked at by one of several; what is looked at in any member, in all."""
    if not sights or None in sights:
        return None
    found = [sight for sight in sights if sight is not None]
    any_member = [sight["*"] for sight in found if "*" in sight]
    names = {name for sight in found for name in sight}
    return {
        name: _merged(
            [sight[name] for sight in found if name in sight]
            + (any_member if name is not None and name != "*" else [])
        )
        for name in names
    }


def _joined(names: str, name: str | None) -> str:
    """Write the way to a member, or to the elements of an array.

    >>> _joined("Report_Items", "Item_ID"), _joined("", "2022-01")
    ('Report_Items.Item_ID', "['2022-01']")
    >>> _joined("hits", None), _joined("", None)
    ('hits', '[*]')
    """
    return (names or "[*]") if name is None else (names + _member(name)).removeprefix(".")


def _advance(states: Sequence[_State], here: str | int) -> tuple[list[_State], list[_Tested]]:
    """Return the states of a member or an element, and those that it must pass a test for."""
    inner: list[_State] = []
    tested: list[_Tested] = []
    for index, pattern, gone in states:
        if gone == len(pattern.steps):
            continue
        step = pattern.steps[gone]
        if step is None or step == here:
            inner.append((index, pattern, gone + 1))
        elif callable(step):
            tested.append(((index, pattern, gone + 1), step))
    return inner, tested


def _looked_at(states: Sequence[_State]) -> _Needed:
    """Return what references need in memory of a value that patterns lead to."""
    found: _Needed = _NOTHING
    for _, pattern, gone in states:
        found = _both(found, pattern.looked_at[gone])
    return found


def _both(needed: _Needed, other: _Needed) -> _Needed:
    """Return what is needed of a value by either of two.

    >>> _both({"a": None, "b": {0: None}}, {"b": {1: None}})
    {'a': None, 'b': {0: None, 1: None}}
    """
    if needed is None or other is None:
        return None
    if not needed or not other:
        return needed or other
    return {
        key: _both(needed.get(key, _NOTHING), other.get(key, _NOTHING))
        for key in dict.fromkeys((*needed, *other))
    }


def _of(needed: _Needed, name: str) -> _Needed:
    """Return what is needed of a member that is."""
    return None if needed is None else needed[name]


def _elements(cursor: _Cursor) -> Iterator[None]:
    """Go from element to element of an array, with the cursor at each in turn."""
    cursor.at += 1
    if cursor.peek() == "]":
        cursor.at += 1
        return
    while True:
        yield
        after = cursor.peek()
        if after not in (",", "]"):
            cursor.refuse("a comma or ] should stand here")
        cursor.at += 1
        if after == "]":
            return


def _members(cursor: _Cursor, *, begun: bool = False) -> Iterator[str]:
    """Go from member to member of an object, with the cursor at the value of each in turn.

    Args:
        cursor: at the object, or behind the value of one of its members.
        begun: the latter.
    """
    if not begun:
        cursor.at += 1
        if cursor.peek() == "}":
            cursor.at += 1
            return
    while True:
        if begun:
            after = cursor.peek()
            if after not in (",", "}"):
                cursor.refuse("a comma or } should stand here")
            cursor.at += 1
            if after == "}":
                return
        begun = True
        if cursor.peek() != '"':
            cursor.refuse("the name of a member should stand here, in quotation marks")
        try:
            name = cursor.decode(_NAME)
        except _NotWholeError:
            cursor.refuse("this name does not end")
        if cursor.peek() != ":":
            cursor.refuse("a colon should stand here")
        cursor.at += 1
        cursor.peek()
        yield name


def _member(name: str) -> str:
    """Write a member's name as the step of a JSON path.

    >>> _member("hits"), _member("2022-01")
    ('.hits', "['2022-01']")
    """
    if _SHORT_NAME.fullmatch(name):
        return f".{name}"
    written = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{written}']"
