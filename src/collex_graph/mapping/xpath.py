"""XPath 1.0 as the mappings use it: read once, so that a streaming reader knows what it must keep.

`parse` reads an expression (XPath 1.0, section 3) into location paths, `reach_of` says what a
reference looks at, `patterns_of` turns a source's iterator into element patterns. What cannot be
answered while a file streams past (following elements, released ones) is refused here, in words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from collex_graph.mapping.formulations import ReferenceSyntaxError
from collex_graph.model import ElementPattern, Reach, Sight

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEFAULT_PREFIX = "_default"

_OPERATOR_NAMES = {"and", "or", "div", "mod"}
_UP = {"ancestor", "ancestor-or-self", "parent"}
_ACROSS = {"preceding-sibling"}
_REFUSED_AXES = {
    "following": "what follows has not been read yet",
    "following-sibling": "what follows has not been read yet",
    "preceding": "what came before has been released",
    "namespace": "namespaces are no data",
}
_AXES = {"child", "descendant", "descendant-or-self", "self", "attribute"} | _UP | _ACROSS
_NODE_TYPES = {"node", "text", "comment", "processing-instruction"}
_NUMBER_FUNCTIONS = {
    "last", "position", "count", "string-length", "number", "sum", "floor", "ceiling", "round",
}  # fmt: skip
_FUNCTIONS = _NUMBER_FUNCTIONS | {
    "local-name", "namespace-uri", "name", "string", "concat", "starts-with", "contains",
    "substring-before", "substring-after", "substring", "normalize-space", "translate", "boolean",
    "not", "true", "false", "lang",
}  # fmt: skip


class XPathError(ReferenceSyntaxError):
    """An expression outside the subset; the message says why."""


@dataclass(frozen=True)
class Step:
    """One step of a location path; ``test`` is a name, ``*``, ``node()`` or ``text()``."""

    axis: str
    test: str
    predicates: tuple[Expression, ...] = ()

    @property
    def is_any(self) -> bool:
        """Whether it names no one element: ``*``, ``p:*``, ``node()``."""
        return self.test in ("*", "node()") or self.test.endswith(":*")


@dataclass(frozen=True)
class Path:
    """A location path, absolute or from the context."""

    absolute: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Expression:
    """An expression: its text, the paths in it, and whether its value is a number by its form.

    Attributes:
        text: the expression, rebuilt from its tokens.
        paths: the location paths it evaluates in its own context.
        path: the path that the whole expression is, None for any other.
        branches: the paths that it is the union of.
        is_number: it is a number, so that a predicate of it would count positions.
        of_context: it reads the context's own text (``string()``, ``normalize-space()``).
    """

    text: str
    paths: tuple[Path, ...] = ()
    path: Path | None = None
    branches: tuple[Path, ...] = ()
    is_number: bool = False
    of_context: bool = False


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def parse(expression: str, *, default_namespace: bool = False) -> Expression:
    """Read an expression.

    Args:
        expression: XPath 1.0.
        default_namespace: give names without prefix the prefix `DEFAULT_PREFIX`.

    >>> parse("did/unitdate[1]/@normal").path.steps[1].test
    'unitdate'

    Raises:
        XPathError: for anything that is no XPath 1.0 or cannot be streamed.
    """
    tokens = _tokens(expression)
    parser = _Parser(tokens, default_namespace)
    found = parser.expression()
    parser.expect_end()
    return found


@cache
def _token() -> re.Pattern[str]:
    """Return what finds the next token, made for the first document about XML."""
    return re.compile(
        r"""\s*(?:
          (?P<literal>"[^"]*"|'[^']*')
        | (?P<number>\d+(?:\.\d*)?|\.\d+)
        | (?P<symbol>::|//|\.\.|!=|<=|>=|[/.@()\[\],|+\-=<>*$])
        | (?P<name>[^\W\d][\w.-]*(?::(?:[^\W\d][\w.-]*|\*))?)
        )""",
        re.VERBOSE,
    )


def _tokens(expression: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    text = expression.rstrip()
    token_at = _token().match
    while position < len(text):
        found = token_at(text, position)
        if found is None:
            raise XPathError(f"unexpected {text[position:].strip()[:10]!r}")
        kind = found.lastgroup or ""
        tokens.append(_Token(kind, found[kind]))
        position = found.end()
    # Section 3.7: a name or a * after an operand is an operator.
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else None
        if before is None or before.kind == "operator":
            continue
        if before.kind == "symbol" and before.text not in (")", "]", ".", "..", "*"):
            continue
        if token.text == "*" or token.text in _OPERATOR_NAMES:
            tokens[index] = _Token("operator", token.text)
        elif token.kind in ("name", "literal", "number"):
            raise XPathError(f"unexpected {token.text!r} after {before.text!r}")
    return tokens


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, tokens: list[_Token], default_namespace: bool) -> None:
        self._tokens = tokens
        self._at = 0
        self._default = default_namespace

    def _peek(self, offset: int = 0) -> str:
        place = self._at + offset
        return self._tokens[place].text if place < len(self._tokens) else ""

    def _kind(self, offset: int = 0) -> str:
        place = self._at + offset
        return self._tokens[place].kind if place < len(self._tokens) else ""

    def _take(self, expected: str | None = None) -> str:
        text = self._peek()
        if self._at >= len(self._tokens) or (expected is not None and text != expected):
            wanted = repr(expected) if expected else "more"
            raise XPathError(f"expected {wanted}, found {text!r}" if text else f"expected {wanted}")
        self._at += 1
        return text

    def expect_end(self) -> None:
        if self._at < len(self._tokens):
            raise XPathError(f"unexpected {self._peek()!r}")

    def expression(self) -> Expression:
        """Operators need no precedence here: only the operands' paths matter."""
        operands = [self._operand()]
        operators: list[str] = []
        while self._peek() in {"=", "!=", "<", "<=", ">", ">=", "+", "-", "|"} or (
            self._kind() == "operator"
        ):
            operators.append(self._take())
            operands.append(self._operand())
        if not operators:
            return operands[0]
        text = operands[0].text
        for operator, operand in zip(operators, operands[1:], strict=True):
            text += f" {operator} {operand.text}"
        unions = set(operators) == {"|"}
        return Expression(
            text=text,
            paths=tuple(path for operand in operands for path in operand.paths),
            branches=tuple(path for operand in operands for path in operand.branches)
            if unions
            else (),
            is_number=set(operators) <= {"+", "-", "*", "div", "mod"} and not unions,
            of_context=any(operand.of_context for operand in operands),
        )

    def _operand(self) -> Expression:
        sign = ""
        while self._peek() == "-":
            sign += self._take() + " "
        operand = self._path_expression()
        if not sign:
            return operand
        return Expression(sign + operand.text, operand.paths, is_number=True)

    def _path_expression(self) -> Expression:
        kind, text = self._kind(), self._peek()
        if kind in ("literal", "number"):
            return Expression(self._take(), is_number=kind == "number")
        if text == "$":
            raise XPathError("variables do not exist in mappings")
        if text == "(":
            self._take()
            inner = self.expression()
            self._take(")")
            primary = Expression(
                f"({inner.text})", inner.paths, is_number=inner.is_number,
                of_context=inner.of_context,
            )  # fmt: skip
            return self._filtered(primary)
        if kind == "name" and self._peek(1) == "(" and text not in _NODE_TYPES:
            return self._filtered(self._call())
        return self._location_path()

    def _call(self) -> Expression:
        name = self._take()
        if name not in _FUNCTIONS:
            raise XPathError(
                f"the function {name}() is not one of XPath's that a stream can answer"
            )
        self._take("(")
        arguments: list[Expression] = []
        while self._peek() != ")":
            if arguments:
                self._take(",")
            arguments.append(self.expression())
        self._take(")")
        counted = name in {"count", "name", "local-name", "namespace-uri", "boolean", "not"}
        paths = tuple(path for argument in arguments for path in argument.paths)
        if counted:
            # Existence, number and names need the elements, not what is inside them.
            paths = tuple(_without_text(path) for path in paths)
        reads_itself = {"string", "normalize-space", "string-length", "number"}
        return Expression(
            f"{name}({', '.join(argument.text for argument in arguments)})",
            paths,
            is_number=name in _NUMBER_FUNCTIONS,
            of_context=any(argument.of_context for argument in arguments)
            or (name in reads_itself and not arguments),
        )

    def _filtered(self, primary: Expression) -> Expression:
        predicates = self._predicates()
        steps: list[Step] = []
        if self._peek() in ("/", "//"):
            if self._take() == "//":
                steps.append(Step("descendant-or-self", "node()"))
            steps += self._relative()
        if not predicates and not steps:
            return primary
        text = primary.text + "".join(f"[{predicate.text}]" for predicate in predicates)
        if steps:
            text += "/" + _steps_text(steps)
        # The paths inside the predicates start from elements of the primary expression: taken as
        # if they started from the context and climbed, which can only keep more.
        inner = tuple(
            Path(False, (Step("ancestor", "*"), *path.steps))
            for predicate in predicates
            for path in predicate.paths
        )
        whole = tuple(Path(path.absolute, (*path.steps, *steps)) for path in primary.paths)
        return Expression(text, whole + inner, is_number=False, of_context=primary.of_context)

    def _location_path(self) -> Expression:
        absolute = False
        steps: list[Step] = []
        if self._peek() == "/":
            self._take()
            absolute = True
            if self._starts_step():
                steps += self._relative()
        elif self._peek() == "//":
            self._take()
            absolute = True
            steps.append(Step("descendant-or-self", "node()"))
            steps += self._relative()
        else:
            steps += self._relative()
        path = Path(absolute, tuple(steps))
        text = ("/" if absolute else "") + _steps_text(steps)
        return Expression(text, (path,), path=path, branches=(path,))

    def _starts_step(self) -> bool:
        return self._kind() == "name" or self._peek() in {".", "..", "@", "*"}

    def _relative(self) -> list[Step]:
        steps = [self._step()]
        while self._peek() in ("/", "//"):
            if self._take() == "//":
                steps.append(Step("descendant-or-self", "node()"))
            steps.append(self._step())
        return steps

    def _step(self) -> Step:
        text = self._peek()
        if text == ".":
            self._take()
            return Step("self", "node()")
        if text == "..":
            self._take()
            return Step("parent", "node()")
        axis = "child"
        if text == "@":
            self._take()
            axis = "attribute"
        elif self._peek(1) == "::":
            axis = self._take()
            self._take("::")
            if axis in _REFUSED_AXES:
                raise XPathError(f"the axis {axis}:: is refused: {_REFUSED_AXES[axis]}")
            if axis not in _AXES:
                raise XPathError(f"there is no axis {axis}::")
        test = self._node_test(axis)
        return Step(axis, test, tuple(self._predicates()))

    def _node_test(self, axis: str) -> str:
        if self._kind() not in ("name",) and self._peek() != "*":
            raise XPathError(
                f"expected a name, found {self._peek()!r}" if self._peek() else "expected a name"
            )
        name = self._take()
        if name in _NODE_TYPES and self._peek() == "(":
            self._take("(")
            self._take(")")
            if name in ("comment", "processing-instruction"):
                raise XPathError(f"{name}() is not read from sources")
            return f"{name}()"
        if self._default and ":" not in name and name != "*" and axis != "attribute":
            return f"{DEFAULT_PREFIX}:{name}"
        return name

    def _predicates(self) -> list[Expression]:
        found: list[Expression] = []
        while self._peek() == "[":
            self._take()
            found.append(self.expression())
            self._take("]")
        return found


def _steps_text(steps: list[Step]) -> str:
    return "/".join(
        f"{step.axis}::{step.test}"
        + "".join(f"[{predicate.text}]" for predicate in step.predicates)
        for step in steps
    )


_NO_TEXT = Step("attribute", "*")


def _without_text(path: Path) -> Path:
    """Mark a path as one whose elements are counted or named, not read."""
    if path.steps and path.steps[-1].axis == "attribute":
        return path
    return Path(path.absolute, (*path.steps, _NO_TEXT))


# --- what a reference looks at -------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """Where a path stands while it is followed.

    Attributes:
        where: ``inside`` the record (itself included), on an element ``around`` it, or ``outside``.
        name: the element's name; None for the record itself, and for an element around or outside
            of which no name is known; ``..`` for the parent.
        kept: everything from here down is kept already.
    """

    where: Literal["inside", "around", "outside"]
    name: str | None = None
    kept: bool = False


_RECORD = _Place("inside")


class _Looks:
    """Collects what paths look at, element by element."""

    def __init__(self, namespaces: Mapping[str, str]) -> None:
        self._namespaces = namespaces
        self.touched: set[str] = set()
        self.shells: set[str] = set()
        self.swallowed: set[str] = set()
        self.around: set[str] = set()
        self.whole_record = False
        self.whole_file = False

    def expression(self, expression: Expression, start: _Place) -> None:
        for path in expression.paths:
            self._path(path, start)
        if expression.of_context:
            self._everything_below(start)

    def _path(self, path: Path, start: _Place) -> None:
        place = _Place("outside") if path.absolute else start
        for index, step in enumerate(path.steps):
            if step.axis == "attribute":
                lxml_name(step.test, self._namespaces)
                if place.name is not None and not place.kept and place.where != "around":
                    self.shells.add(place.name)
                return
            if step.test == "text()":
                if step.axis not in ("child", "self"):
                    self._everything_below(place)
                elif place.name is not None and place.where != "around":
                    self.touched.add(place.name)
                return
            if step.axis in _UP:
                place = self._climb(place, step)
            elif step.axis in _ACROSS:
                if step.test == "*" and path.steps[index + 1 :] == (_NO_TEXT,):
                    self.shells.add("*")
                    return
                place = self._enter(_Place("outside"), step)
            elif step.axis != "self":
                place = self._enter(place, step)
            for predicate in step.predicates:
                self._predicate(predicate, place)
        self._everything_below(place)

    def _climb(self, place: _Place, step: Step) -> _Place:
        if not step.is_any:
            return _Place("around", lxml_name(step.test, self._namespaces))
        if step.axis == "parent" and place == _RECORD:
            return _Place("around", "..")
        return _Place("outside")

    def _enter(self, place: _Place, step: Step) -> _Place:
        if place.kept:
            return place
        if step.axis.startswith("descendant") or step.is_any:
            lxml_name(step.test, self._namespaces)
            self._everything_below(place)
            return _Place(place.where, place.name, kept=True)
        if place.name is not None and place.where != "around":
            self.touched.add(place.name)
        where: Literal["inside", "outside"] = "inside" if place.where == "inside" else "outside"
        return _Place(where, lxml_name(step.test, self._namespaces))

    def _predicate(self, predicate: Expression, place: _Place) -> None:
        if place.name is not None and not place.kept and place.where != "around":
            attributes = all(
                bool(path.steps) and path.steps[0].axis == "attribute" for path in predicate.paths
            )
            (self.shells if attributes else self.touched).add(place.name)
        self.expression(predicate, place)

    def _everything_below(self, place: _Place) -> None:
        if place.kept:
            return
        if place.where == "around":
            assert place.name is not None
            self.around.add(place.name)
        elif place.name is not None:
            self.touched.add(place.name)
            self.swallowed.add(place.name)
        elif place.where == "inside":
            self.whole_record = True
        else:
            self.whole_file = True


def reach_of(expressions: Sequence[Expression], namespaces: Mapping[str, str]) -> Reach:
    """Say what expressions look at, taken from a record of a source.

    >>> reach = reach_of([parse("did/unittitle"), parse("ancestor::c[1]/@id")], {})
    >>> sorted(reach.touched), sorted(reach.swallowed), reach.whole_file
    (['did', 'unittitle'], ['unittitle'], False)

    Raises:
        XPathError: for a prefix without namespace.
    """
    looks = _Looks(namespaces)
    for expression in expressions:
        looks.expression(expression, _RECORD)
    return Reach(
        touched=frozenset(looks.touched),
        shells=frozenset(looks.shells - looks.touched),
        swallowed=frozenset(looks.swallowed),
        around=frozenset(looks.around),
        whole_record=looks.whole_record,
        whole_file=looks.whole_file,
    )


class _Sight:
    """Collects the elements and attributes that paths go through, by their parent's name.

    A place is the names from some element down, ``*`` where any may stand; ``/`` is the document.
    """

    def __init__(self, namespaces: Mapping[str, str]) -> None:
        self._namespaces = namespaces
        self.elements: set[tuple[str, str]] = set()
        self.whole: set[tuple[str, str]] = set()
        self.attributes: set[tuple[str, str]] = set()

    def expression(self, expression: Expression, start: tuple[str, ...]) -> None:
        for path in expression.paths:
            self._path(path, start)
        if expression.of_context:
            self._read_whole(start)

    def _path(self, path: Path, start: tuple[str, ...], *, read: bool = True) -> None:
        place = ("/",) if path.absolute else start
        for step in path.steps:
            if step is _NO_TEXT:
                return
            name = "*" if step.is_any else lxml_name(step.test, self._namespaces)
            if step.axis == "attribute":
                self.attributes.add((place[-1], name))
                return
            if step.test == "text()":
                if step.axis not in ("child", "self"):
                    self._read_whole(place)
                return
            place = self._step(step, name, place)
            for predicate in step.predicates:
                if predicate.path is not None:
                    self._path(predicate.path, place, read=False)
                else:
                    self.expression(predicate, place)
        if read:
            self._read_whole(place)

    def _step(self, step: Step, name: str, place: tuple[str, ...]) -> tuple[str, ...]:
        if step.axis == "self":
            return place if name == "*" else (*place[:-1], name)
        if step.axis == "child":
            self.elements.add((place[-1], name))
            return (*place, name)
        if step.axis == "parent":
            above = place[:-1] or ("*",)
            return above if name == "*" else (*above[:-1], name)
        if step.axis == "preceding-sibling":
            above = place[:-1] or ("*",)
            self.elements.add((above[-1], name))
            return (*above, name)
        if step.axis.startswith("descendant") and name != "*":
            self.elements.add(("*", name))
        return ("*", name)

    def _read_whole(self, place: tuple[str, ...]) -> None:
        self.whole.add((place[-2] if len(place) > 1 else "*", place[-1]))


def sight_of(
    patterns: Sequence[ElementPattern],
    expressions: Sequence[Expression],
    namespaces: Mapping[str, str],
) -> Sight:
    """Say which elements and attributes an iterator and the references of its records look at.

    >>> patterns, _ = patterns_of(parse("/list/item"), {})
    >>> sight = sight_of(patterns, [parse("name"), parse("../@date")], {})
    >>> sorted(sight.elements), sorted(sight.whole), sorted(sight.attributes)
    ([('/', 'list'), ('item', 'name'), ('list', 'item')], [('item', 'name')], [('list', 'date')])
    """
    found = _Sight(namespaces)
    for pattern in patterns:
        place: tuple[str, ...] = ("/",)
        for deep, name in pattern.steps:
            place = (*place, "*") if deep else place
            found.elements.add((place[-1], name))
            place = (*place, name)
        for expression in expressions:
            found.expression(expression, place)
    return Sight(frozenset(found.elements), frozenset(found.whole), frozenset(found.attributes))


def lxml_name(test: str, namespaces: Mapping[str, str]) -> str:
    """Return lxml's name of a node test: ``{namespace}local``.

    Raises:
        XPathError: for a prefix without namespace.
    """
    prefix, colon, local = test.partition(":")
    if not colon:
        return test
    if prefix not in namespaces:
        raise XPathError(f"the prefix {prefix!r} has no namespace: declare it under `namespaces`")
    return f"{{{namespaces[prefix]}}}{local}"


# --- iterators -----------------------------------------------------------------------------------


def patterns_of(
    iterator: Expression, namespaces: Mapping[str, str]
) -> tuple[tuple[ElementPattern, ...], list[Expression]]:
    """Turn an iterator into element patterns.

    Args:
        iterator: one or several absolute paths of child and descendant steps, joined by ``|``.
        namespaces: prefix → namespace.

    Returns:
        The patterns, and their tests, which look at records as references do.

    >>> patterns, _ = patterns_of(parse("//archdesc | //c[dao]"), {})
    >>> [(pattern.steps, pattern.test) for pattern in patterns]
    [(((True, 'archdesc'),), None), (((True, 'c'),), 'self::*[child::dao]')]

    Raises:
        XPathError: for anything else.
    """
    if not iterator.branches:
        raise XPathError("an iterator is one or several location paths joined by |")
    patterns: list[ElementPattern] = []
    tests: list[Expression] = []
    for path in iterator.branches:
        steps = _downward(path)
        names = tuple((deep, lxml_name(step.test, namespaces)) for deep, step in steps)
        test = None
        if any(step.predicates for _, step in steps):
            test = f"self::*{_conditions(steps[-1][1])}{_around(steps)}"
            # what a test looks at, without the text of the element itself: it only has to be there
            tests.append(parse(f"{test}/@_"))
        patterns.append(ElementPattern(names, test))
    return tuple(patterns), tests


def _downward(path: Path) -> list[tuple[bool, Step]]:
    """Return the steps of an iterator's path, each with whether it goes to any depth."""
    if not path.absolute or not path.steps:
        raise XPathError("an iterator begins with / or //")
    steps: list[tuple[bool, Step]] = []
    deep = False
    for step in path.steps:
        if step == Step("descendant-or-self", "node()"):
            deep = True
            continue
        if step.axis not in ("child", "descendant"):
            raise XPathError(f"an iterator goes down, so {step.axis}:: has no place in it")
        if step.test in ("node()", "text()") or step.test.endswith(":*"):
            raise XPathError(f"an iterator selects elements by name or *, not by {step.test}")
        for predicate in step.predicates:
            if predicate.is_number or re.search(r"\b(?:position|last)\(", predicate.text):
                raise XPathError(
                    f"[{predicate.text}] counts positions, which an iterator cannot: compare "
                    "something, or refer to _position"
                )
        steps.append((deep or step.axis == "descendant", step))
        deep = False
    return steps


def _conditions(step: Step) -> str:
    return "".join(f"[{predicate.text}]" for predicate in step.predicates)


def _around(steps: Sequence[tuple[bool, Step]]) -> str:
    """Write what stands around the last step's element as a predicate on it."""
    deep = steps[-1][0]
    if len(steps) == 1:
        return "" if deep else "[not(parent::*)]"
    outer = steps[-2][1]
    axis = "ancestor" if deep else "parent"
    return f"[{axis}::{outer.test}{_conditions(outer)}{_around(steps[:-1])}]"
