"""JSONPath, the subset of RFC 9535 that a mapping needs, with three additions.

::

    union    = path *( "|" path )
    path     = [ climbs ] [ "$" | name ] segments [ "~" ]
    climbs   = 1*( "^" [ name | "$" ] )
    segments = *( "." name | ".*" | "[" selector "]" | ".." name | "..[" quoted "]" )
    selector = "*" | integer | quoted | "?" test *( "&&" test )
    test     = "@" singular [ ( "==" | "!=" ) literal ]

A reference starts at its record, with ``$`` or without (RML). The additions: ``^`` climbs to the
object around, ``^name`` to the nearest value around that stands under a name, ``^$`` to the whole
document; ``~`` at the end gives the name that a value stands under in place of the value; ``|``
joins paths. Slices, other operators, functions and several selectors in brackets are refused.

An iterator has no climbs, no ``~`` and no ``..``, and its integers are not negative.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from collex_graph.mapping.formulations import ReferenceSyntaxError
from collex_graph.model import WHOLE_ARRAY, JsonNode, JsonPattern, Number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

# names: all but what of ASCII is no letter, digit or _; said so, it compiles twenty times faster
_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<descend>\.\.)
      | (?P<mark>[$@.\[\]*~^|?!])
      | (?P<operator>==|!=|&&|\|\||<=?|>=?)
      | (?P<name>[^\x00-@\[-^`{-\x7f][^\x00-/:-@\[-^`{-\x7f]*)
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_OPERATOR = re.compile(r"==|!=|&&|\|\||<=?|>=?")
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


@dataclass(frozen=True)
class Comparison:
    """``[?@.a.b == 'x']``: a path of names and integers, and what its value is compared with.

    Attributes:
        steps: from the element or member that is tested.
        equal: True for ``==``, False for ``!=``, None where it is enough that there is a value.
        literal: a text, a number as written, ``True``, ``False`` or ``None``.
    """

    steps: tuple[str | int, ...]
    equal: bool | None = None
    literal: Any = None

    def __call__(self, value: Any) -> bool:
        """Say whether a value passes."""
        for step in self.steps:
            if isinstance(step, str):
                if type(value) is not dict or step not in value:
                    return self.equal is False
                value = value[step]
            else:
                if type(value) is not list or not -len(value) <= step < len(value):
                    return self.equal is False
                value = value[step]
        if self.equal is None:
            return True
        return (value == self.literal and _kind(value) == _kind(self.literal)) is self.equal


def _kind(value: Any) -> str:
    return type(value).__name__


@dataclass(frozen=True)
class AllOf:
    """Several tests joined by ``&&``."""

    tests: tuple[Comparison, ...]

    def __call__(self, value: Any) -> bool:
        """Say whether a value passes all of them."""
        return all(test(value) for test in self.tests)


@dataclass(frozen=True)
class Descend:
    """``..name``: the members of that name at any depth."""

    name: str


Step = str | int | None | Comparison | AllOf | Descend
"""A name, an integer, ``*`` (None), a test, or ``..name``."""


@dataclass(frozen=True)
class Path:
    """One path.

    Attributes:
        climbs: each a name, ``$``, or None for the object around.
        steps: down from there.
        key: it ends with ``~``.
    """

    climbs: tuple[str | None, ...]
    steps: tuple[Step, ...]
    key: bool


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0

    def union(self) -> tuple[Path, ...]:
        paths = [self._path()]
        while self._take("|"):
            paths.append(self._path())
        if self._next.kind != "end":
            self._refuse("a path ends before this")
        return tuple(paths)

    # --- tokens ----------------------------------------------------------------------------------

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, text: str) -> bool:
        if self._next.kind in ("mark", "operator", "descend") and self._next.text == text:
            self._at += 1
            return True
        return False

    def _kind(self, kind: str) -> str | None:
        token = self._next
        if token.kind != kind:
            return None
        self._at += 1
        return token.text

    def _refuse(self, problem: str) -> NoReturn:
        token = self._next
        what = repr(token.text) if token.text else "the end"
        raise ReferenceSyntaxError(f"{problem}: {what} at character {token.at + 1}")

    # --- grammar ---------------------------------------------------------------------------------

    def _path(self) -> Path:
        climbs: list[str | None] = []
        while self._take("^"):
            climbs.append("$" if self._take("$") else self._kind("name"))
        steps: list[Step] = []
        if not climbs and not self._take("$"):
            name = self._kind("name")
            if name is not None:
                steps.append(name)
            elif self._next.text not in ("[", "~", "*", ".."):
                self._refuse("a path begins with $, with a name or with ^")
            elif self._take("*"):
                steps.append(None)
        while (step := self._segment()) is not _NO_STEP:
            steps.append(step)  # type: ignore[arg-type]
        return Path(tuple(climbs), tuple(steps), self._take("~"))

    def _segment(self) -> Step | object:
        if self._take(".."):
            if self._take("["):
                name = self._quoted()
                self._close()
                return Descend(name)
            return Descend(self._name("after .. stands a name"))
        if self._take("."):
            if self._take("*"):
                return None
            if self._take("["):  # `$.['a b']`, which RML documents write
                return self._selector()
            return self._name("after a full stop stands a name or *")
        if self._take("["):
            return self._selector()
        if self._next.kind in ("name", "number") or self._next.text == "-":
            self._refuse("names with other signs than letters, digits and _ are written ['a name']")
        return _NO_STEP

    def _name(self, problem: str) -> str:
        name = self._kind("name")
        if name is None:
            self._refuse(problem)
        return name

    def _selector(self) -> Step:
        step: Step
        if self._take("*"):
            step = None
        elif self._take("?"):
            tests = [self._test()]
            while self._take("&&"):
                tests.append(self._test())
            if self._next.kind == "operator":
                self._refuse("only == and != and && are known in a test")
            step = tests[0] if len(tests) == 1 else AllOf(tuple(tests))
        elif self._next.kind == "number":
            step = self._integer()
        else:
            step = self._quoted()
        self._close()
        return step

    def _close(self) -> None:
        if not self._take("]"):
            self._refuse("one name, one integer, * or one test stands in brackets, then ]")

    def _integer(self) -> int:
        text = self._kind("number") or ""
        if "." in text or (text.lstrip("-").startswith("0") and text != "0"):
            self._at -= 1
            self._refuse("an index is an integer")
        return int(text)

    def _quoted(self) -> str:
        text = self._kind("quoted")
        if text is None:
            self._refuse("in brackets stands * or an integer or a name in quotation marks")
        return _unquoted(text)

    def _test(self) -> Comparison:
        if not self._take("@"):
            self._refuse("a test begins with @, the element that is tested")
        steps: list[str | int] = []
        while True:
            if self._take("."):
                steps.append(self._name("after a full stop stands a name"))
            elif self._take("["):
                quoted = self._next.kind == "quoted"
                steps.append(self._quoted() if quoted else self._integer())
                self._close()
            else:
                break
        for operator in ("==", "!="):
            if self._take(operator):
                return Comparison(tuple(steps), operator == "==", self._literal())
        return Comparison(tuple(steps))

    def _literal(self) -> Any:
        if self._next.kind == "quoted":
            return self._quoted()
        number = self._kind("number")
        if number is not None:
            return Number(number)
        word = self._kind("name")
        words = {"true": True, "false": False, "null": None}
        if word not in words:
            self._at -= word is not None
            self._refuse("a literal is a text in quotation marks, a number, true, false or null")
        return words[word]


_NO_STEP: Final = object()


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        found = _OPERATOR.match(text, at)
        kind = "operator"
        if found is None:
            found = _TOKEN.match(text, at)
            assert found is not None
            kind = str(found.lastgroup)
        if kind != "space":
            yield _Token(kind, found[0], at)
        at = found.end()
    yield _Token("end", "", len(text))


def _unquoted(text: str) -> str:
    r"""Return the text between quotation marks.

    >>> _unquoted(r"'l\'an'")
    "l'an"
    """

    def replace(found: re.Match[str]) -> str:
        sign = found[1]
        if sign[0] == "u" and len(sign) == 5:
            return chr(int(sign[1:], 16))
        return _ESCAPES.get(sign, sign)

    return re.sub(r"\\(u[0-9A-Fa-f]{4}|.)", replace, text[1:-1], flags=re.DOTALL)


def parse(text: str) -> tuple[Path, ...]:
    """Parse a reference, or the paths of an iterator.

    >>> parse("Item_ID[?@.Type == 'ISBN'].Value")[0].steps[-1]
    'Value'
    >>> parse("$.a[1:2]")
    Traceback (most recent call last):
    ...
    collex_graph.mapping.formulations.ReferenceSyntaxError: one name, one integer, * or one test \
stands in brackets, then ]: ':' at character 6

    Raises:
        ReferenceSyntaxError: for what is outside the subset.
    """
    return _Parser(text).union()


# --- reading ------------------------------------------------------------------------------------


def texts_of(value: Any) -> Iterator[str]:
    """Yield the texts of a value: itself, or the scalars of a list; an object has none."""
    if isinstance(value, str):
        text = " ".join(value.split())
        if text:
            yield text
    elif value is True:
        yield "true"
    elif value is False:
        yield "false"
    elif type(value) is list:
        for item in value:
            yield from texts_of(item)


def _found(start: JsonNode, steps: Sequence[Step]) -> list[tuple[Any, str | None]]:
    """Return the values at the end of steps, each with the name it stands under."""
    current: list[tuple[Any, str | None]] = [(start.value, start.key)]
    for step in steps:
        following: list[tuple[Any, str | None]] = []
        for value, key in current:
            following += _step(value, key, step)
        current = following
    return current


def _step(value: Any, key: str | None, step: Step) -> Iterable[tuple[Any, str | None]]:
    if isinstance(step, str):
        return [(value[step], step)] if type(value) is dict and step in value else ()
    if isinstance(step, int):
        if type(value) is list and -len(value) <= step < len(value):
            return [(value[step], key)]
        return ()
    if isinstance(step, Descend):
        return _descend(value, step.name)
    children: list[tuple[Any, str | None]]
    if type(value) is dict:
        children = [(child, name) for name, child in value.items()]
    elif type(value) is list:
        children = [(child, key) for child in value]
    else:
        return ()
    return children if step is None else [child for child in children if step(child[0])]


def _descend(value: Any, name: str) -> Iterator[tuple[Any, str | None]]:
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if type(value) is dict:
            if name in value:
                yield value[name], name
            waiting += reversed(value.values())
        elif type(value) is list:
            waiting += reversed(value)


def climb(node: JsonNode, climbs: Sequence[str | None]) -> JsonNode | None:
    """Return the node that climbs lead to; None where there is none."""
    here: JsonNode | None = node
    for target in climbs:
        assert here is not None
        if target is None:
            here = here.around
        elif target == "$":
            here = here.around
            while here is not None and here.around is not None:
                here = here.around
        else:
            here = here.around
            while here is not None and here.key != target:
                here = here.around
        if here is None:
            return None
    return here


def reader_of(paths: tuple[Path, ...]) -> Callable[[JsonNode], list[str]]:
    """Return what reads the texts of paths from a record."""
    if len(paths) == 1:
        (path,) = paths
        plain = [step for step in path.steps if step is None or isinstance(step, str)]
        if not path.key and len(plain) == len(path.steps) > 0:
            return _plain_reader(path.climbs, plain)
        return _path_reader(path)
    readers = [reader_of((path,)) for path in paths]
    return lambda node: [text for read in readers for text in read(node)]


def _plain_reader(
    climbs: tuple[str | None, ...], steps: list[str | None]
) -> Callable[[JsonNode], list[str]]:
    """Return a reader of names and ``*``, written out as nested loops: most references are such."""
    lines = ["def read(node):", "    found = []"]
    indent = "    "
    if climbs:
        lines += [
            f"    node = climb(node, {climbs!r})",
            "    if node is None:",
            "        return found",
        ]
    lines.append("    v0 = node.value")
    for number, step in enumerate(steps):
        here, inside = f"v{number}", f"v{number + 1}"
        if step is None:
            lines.append(
                f"{indent}for {inside} in {here} if {here}.__class__ is list else "
                f"{here}.values() if {here}.__class__ is dict else ():"
            )
        else:
            lines += [
                f"{indent}if {here}.__class__ is dict:",
                f"{indent}    {inside} = {here}.get({step!r})",
            ]
        indent += "    "
    last = f"v{len(steps)}"
    lines += [
        f"{indent}if {last}.__class__ is str:",
        f"{indent}    text = ' '.join({last}.split())",
        f"{indent}    if text:",
        f"{indent}        found.append(text)",
        f"{indent}elif {last} is not None:",
        f"{indent}    found += texts_of({last})",
        "    return found",
    ]
    environment: dict[str, Any] = {"climb": climb, "texts_of": texts_of}
    # The text is made here from parsed steps, whose names are written as literals.
    exec(compile("\n".join(lines), "<reader of a JSONPath>", "exec"), environment)  # noqa: S102
    reader: Callable[[JsonNode], list[str]] = environment["read"]
    return reader


def _path_reader(path: Path) -> Callable[[JsonNode], list[str]]:
    def read(node: JsonNode) -> list[str]:
        start = climb(node, path.climbs)
        if start is None:
            return []
        found = _found(start, path.steps)
        if path.key:
            return [text for _, key in found for text in texts_of(key)]
        return [text for value, _ in found for text in texts_of(value)]

    return read


def values_reader(paths: tuple[Path, ...]) -> Callable[[JsonNode], list[Any]]:
    """Return what reads the values of paths from a record, as decoded, nulls included."""

    def read(node: JsonNode) -> list[Any]:
        values: list[Any] = []
        for path in paths:
            start = climb(node, path.climbs)
            if start is not None:
                values += [key if path.key else v for v, key in _found(start, path.steps)]
        return values

    return read


# --- what the reader of JSON is told --------------------------------------------------------------


def steps_of(text: str) -> tuple[tuple[Step, ...], ...]:
    """Return the steps of each path of an iterator.

    Raises:
        ReferenceSyntaxError: for what is outside the subset, or no iterator.
    """
    found = []
    for path in parse(text):
        if path.climbs or path.key:
            raise ReferenceSyntaxError("an iterator goes down from the document: no ^, no ~")
        for step in path.steps:
            if isinstance(step, Descend):
                raise ReferenceSyntaxError(
                    f"..{step.name} is not for iterators: write the way from the document, "
                    "several ways joined by |"
                )
            if isinstance(step, int) and step < 0:
                raise ReferenceSyntaxError("an iterator does not count from the end")
        found.append(path.steps)
    return tuple(found)


def pattern_of(steps: tuple[Step, ...], paths: Sequence[Path]) -> JsonPattern:
    """Return the pattern of an iterator's path, for a source with these references."""
    looked_at: list[dict[str | int, Any] | None] = [{} for _ in range(len(steps) + 1)]
    for path in paths:
        for depth in _depths_after(path.climbs, steps):
            needed = looked_at[depth]
            if path.steps:
                looked_at[depth] = _with(needed, path.steps)
            elif not path.key and needed is not None:
                needed[WHOLE_ARRAY] = None  # an object has no text of its own
    return JsonPattern(
        tuple(step for step in steps if not isinstance(step, Descend)),
        tuple(looked_at),
        _sight_of(steps, paths),
    )


def _with(
    needed: dict[str | int, Any] | None, steps: Sequence[Step]
) -> dict[str | int, Any] | None:
    """Add what a path needs to what is needed of a value; None where all of it is.

    An element is needed whole, so that what is kept of a list is its beginning.

    >>> _with(_with({}, ("hits", 0, "title")), ("total",))
    {'hits': {0: None}, 'total': None}
    """
    first, rest = steps[0], steps[1:]
    if needed is None or not isinstance(first, str | int) or (isinstance(first, int) and first < 0):
        return None
    if not rest or isinstance(first, int):
        needed[first] = None
    else:
        needed[first] = _with(needed.get(first, {}), rest)
    return needed


class _Seen(dict[str | None, "_Seen"]):
    """What is looked at in a value, as `JsonPattern.sight` has it."""

    is_whole = False

    def frozen(self) -> Mapping[str | None, Any] | None:
        """Return it without methods; None where all of the value is read."""
        return None if self.is_whole else {name: seen.frozen() for name, seen in self.items()}

    def step(self, step: Step) -> list[_Seen]:
        """Return what a step may lead to; one that is no name may be into an array."""
        if isinstance(step, Descend):
            self.is_whole = True
            return []
        if isinstance(step, str):
            return [self.setdefault(step, _Seen())]
        here = [self.setdefault(None, _Seen())]
        if not isinstance(step, int):
            here.append(self.setdefault("*", _Seen()))
        if isinstance(step, Comparison):
            step = AllOf((step,))
        for test in step.tests if isinstance(step, AllOf) else ():
            for seen in here:
                seen.walk(test.steps)
        return here

    def walk(self, steps: Iterable[Step]) -> list[_Seen]:
        """Return what steps may lead to."""
        here = [self]
        for step in steps:
            here = [seen for start in here for seen in start.step(step)]
        return here


def _sight_of(steps: tuple[Step, ...], paths: Iterable[Path]) -> Mapping[str | None, Any] | None:
    document = _Seen()
    document.walk(steps)
    for path in paths:
        for depth in _depths_after(path.climbs, steps):
            for start in document.walk(steps[:depth]):
                start.walk(path.steps)
    return document.frozen()


def _depths_after(climbs: Sequence[str | None], steps: tuple[Step, ...]) -> set[int]:
    """Return where climbs from a record may lead: how many steps are gone there.

    A step by name leaves an object, one by index an array; any other may leave either.
    """
    here = {len(steps)}
    for target in climbs:
        here = {depth for start in here for depth in _climbed(target, start, steps)}
    return here


def _climbed(target: str | None, start: int, steps: tuple[Step, ...]) -> Iterator[int]:
    way = range(start) if target == "$" else range(start - 1, -1, -1)
    for depth in way:
        if isinstance(steps[depth], int):
            continue
        surely_object = isinstance(steps[depth], str)
        if target is not None and target != "$":
            named, surely_named = _may_be_named(target, depth, steps)
            if not named:
                continue
            surely_object = surely_object and surely_named
        yield depth
        if surely_object:
            return


def _may_be_named(name: str, depth: int, steps: tuple[Step, ...]) -> tuple[bool, bool]:
    """Say whether the value after some steps may, and whether it must, stand under a name."""
    sure = True
    for step in reversed(steps[:depth]):
        if isinstance(step, str):
            return step == name, step == name and sure
        if not isinstance(step, int):
            if not sure:
                return True, False
            sure = False
    return not sure, False


class JsonPathFormulation:
    """The formulation ``jsonpath`` (a `collex_graph.mapping.formulations.Formulation`)."""

    def reader(
        self, reference: str, namespaces: Mapping[str, str]
    ) -> Callable[[JsonNode], list[str]]:
        """Return what reads a reference from a record."""
        return reader_of(parse(reference))

    def selection(
        self, iterator: str, references: Iterable[str], namespaces: Mapping[str, str]
    ) -> tuple[JsonPattern, ...]:
        """Return the patterns that the reader of JSON follows."""
        paths = [path for reference in references for path in parse(reference)]
        return tuple(pattern_of(steps, paths) for steps in steps_of(iterator))
