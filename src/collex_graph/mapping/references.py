"""References while a pass runs: what reads an XPath from an element.

Plain paths become loops over lxml elements in the generated code, several times faster than an
XPath object; everything else becomes a compiled XPath. Either way a value is text
with runs of white space (non-breaking spaces included) made one space, and empty values are none.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from collex_graph.mapping.xpath import Expression, Step


def text_of(element: Any) -> str:
    """Return all the text inside an element, in order."""
    text = "".join(element.itertext()) if len(element) else element.text
    return " ".join(text.split()) if text else ""


def squeezed(text: str | None) -> str:
    r"""Return a text with single spaces; None is empty.

    >>> squeezed(" a \u00a0 b")
    'a b'
    """
    return " ".join(text.split()) if text else ""


def verbatim_text_of(element: Any) -> str:
    """Return all the text inside an element as it is written."""
    return "".join(element.itertext())


def verbatim(text: str | None) -> str:
    """Return a text as it is; None is empty."""
    return text or ""


def name_of(element: Any) -> str:
    """Return an element's name as XPath's ``name()`` does, prefix included."""
    tag: str = element.tag
    if not tag.startswith("{"):
        return tag
    local = tag.rpartition("}")[2]
    return f"{element.prefix}:{local}" if element.prefix else local


def attribute_above(element: Any, name: str) -> str:
    """Return an attribute of the nearest element around a record that has it."""
    above = element.getparent()
    while above is not None:
        value = above.get(name)
        if value is not None:
            return " ".join(value.split())
        above = above.getparent()
    return ""


class AbsolutePath:
    """Reads a plain path from the root (``/ead/eadheader/eadid/@identifier``), remembering it.

    Almost every record asks for the same part of a file's beginning. What was found is the answer
    as long as nothing has been added beside it: the elements on the way are finished as soon as
    another one follows them, so it is enough to look at the last child of each open one.
    """

    def __init__(self, names: list[str], attribute: str | None, *, squeeze: bool = True) -> None:
        self._names = names
        self._attribute = attribute
        self._text_of, self._squeezed = _texts(squeeze)
        # One attribute, so that threads which share a plan never see half of it.
        self._memory: tuple[list[tuple[Any, Any]], list[str]] = ([], [])

    def __call__(self, root: Any) -> list[str]:
        """Return the texts found from a root element."""
        unfinished, found = self._memory
        if not unfinished or unfinished[0][0] is not root:
            return self._read(root)
        for element, last in unfinished:
            if _last_child(element) is not last:
                return self._read(root)
        return found

    def _read(self, root: Any) -> list[str]:
        elements = [root] if root.tag == self._names[0] else []
        for name in self._names[1:]:
            elements = [child for element in elements for child in element.iterchildren(name)]
        if self._attribute is None:
            texts = [self._text_of(element) for element in elements]
        else:
            texts = [self._squeezed(element.get(self._attribute)) for element in elements]
        found = [text for text in texts if text]
        self._memory = (self._still_open(root), found)
        return found

    def _still_open(self, root: Any) -> list[tuple[Any, Any]]:
        """Return the elements where more could be added, each with its last child; or nothing."""
        chain: list[tuple[Any, Any]] = []
        element = root
        for name in self._names[1:]:
            last = _last_child(element)
            chain.append((element, last))
            if last is None or last.tag != name:
                return chain
            element = last
        return []  # the element that is read is itself unfinished


def _last_child(element: Any) -> Any:
    try:
        return element[-1]
    except IndexError:
        return None


def children_by_name(elements: Iterable[Any]) -> dict[str, list[Any]]:
    """Return the children of elements under their names, in order."""
    found: dict[str, list[Any]] = {}
    for element in elements:
        for child in element:
            found.setdefault(child.tag, []).append(child)
    return found


def _texts(squeeze: bool) -> tuple[Callable[[Any], str], Callable[[str | None], str]]:
    return (text_of, squeezed) if squeeze else (verbatim_text_of, verbatim)


def xpath_reader(
    expression: Expression, namespaces: Mapping[str, str], *, squeeze: bool = True
) -> Callable[[Any], list[str]]:
    """Return a function that evaluates an XPath on an element.

    Raises:
        XPathError: for what libxml2 does not accept.
    """
    # imported here: most sources are no XML, and small tables are read in less time than it takes
    from lxml import etree  # noqa: PLC0415

    from collex_graph.mapping.xpath import XPathError  # noqa: PLC0415

    try:
        evaluate = etree.XPath(
            expression.text, namespaces=dict(namespaces) or None, smart_strings=False
        )
        # libxml2 looks at prefixes and arguments when it evaluates: once before any file
        evaluate(etree.Element("none"))
    except etree.XPathError as error:
        raise XPathError(str(error)) from error

    text_of_element, squeezed_text = _texts(squeeze)

    def read(element: Any) -> list[str]:
        found = evaluate(element)
        if isinstance(found, list):
            texts = [
                text_of_element(n) if etree.iselement(n) else squeezed_text(str(n)) for n in found
            ]
        elif isinstance(found, bool):
            texts = ["true" if found else "false"]
        elif isinstance(found, float):
            texts = [str(int(found)) if found.is_integer() else str(found)]
        else:
            texts = [squeezed_text(str(found))]
        return [text for text in texts if text]

    return read


@dataclass(frozen=True)
class PlainPath:
    """A path of child steps without predicates, with an attribute at its end or none.

    Attributes:
        absolute: it starts from the root.
        names: lxml names of the elements on the way.
        attribute: lxml name of the attribute; None for the text of the last element.
    """

    absolute: bool
    names: tuple[str, ...]
    attribute: str | None

    @property
    def is_single(self) -> bool:
        """Whether it gives one text: an attribute or the text of the record itself."""
        return not self.names

    def value(self, element: str) -> str:
        """Return Python for the text of an element that a variable holds."""
        if self.attribute is None:
            return f"text_of({element})"
        return f"squeezed({element}.get({self.attribute!r}))"


def plain_path(expression: Expression, namespaces: Mapping[str, str]) -> PlainPath | None:
    """Return an expression as a plain path, None for any other."""
    from collex_graph.mapping.xpath import Step, lxml_name  # noqa: PLC0415 - as above

    path = expression.path
    if path is None:
        return None
    steps, attribute = path.steps, None
    if steps and steps[-1].axis == "attribute":
        if not _is_plain(steps[-1]):
            return None
        attribute = lxml_name(steps[-1].test, namespaces)
        steps = steps[:-1]
    if not path.absolute and all(step == Step("self", "node()") for step in steps):
        return PlainPath(False, (), attribute)
    if not steps or not all(step.axis == "child" and _is_plain(step) for step in steps):
        return None
    names = tuple(lxml_name(step.test, namespaces) for step in steps)
    return PlainPath(path.absolute, names, attribute)


def attribute_of_nearest(expression: Expression, namespaces: Mapping[str, str]) -> str | None:
    """Return the name in ``ancestor::*[@name][1]/@name``, None for other expressions."""
    from collex_graph.mapping.xpath import lxml_name  # noqa: PLC0415 - as above

    path = expression.path
    if path is None or path.absolute or len(path.steps) != 2:
        return None
    climb, read = path.steps
    if climb.axis != "ancestor" or climb.test != "*" or read.axis != "attribute":
        return None
    wanted = [f"attribute::{read.test}", "1"]
    if [predicate.text for predicate in climb.predicates] != wanted or not _is_plain(read):
        return None
    return lxml_name(read.test, namespaces)


def _is_plain(step: Step) -> bool:
    return not step.predicates and not step.is_any and step.test != "text()"


class SharedElements:
    """Finds once what several plain paths go through, in generated code.

    Elements that several paths go through (``did``) are put in a list, and where three or more
    paths part, the children are sorted by name in one go.

    Args:
        paths: the names of each path from the record (``rec``).

    Attributes:
        lines: assignments that stand before the paths are used.
    """

    def __init__(self, paths: Iterable[tuple[str, ...]]) -> None:
        self.lines: list[str] = []
        self._lists: dict[tuple[str, ...], str] = {}
        self._tables: dict[tuple[str, ...], str] = {}
        through: Counter[tuple[str, ...]] = Counter()
        branches: dict[tuple[str, ...], set[str]] = {}
        for names in paths:
            through.update(names[:length] for length in range(1, len(names) + 1))
            for length, name in enumerate(names):
                branches.setdefault(names[:length], set()).add(name)
        for names in sorted(branches.keys() | through.keys(), key=lambda n: (len(n), n)):
            shown = "/".join(names) or "."
            if names and through[names] > 1:
                steps = self._steps(names)
                loops = " ".join(self.loops(names))
                elements = f"[{steps[-1][0]} {loops}]"
                if len(steps) == 1 and names[:-1] in self._tables:
                    elements = steps[0][1]
                variable = f"n{len(self._lists) + 1}"
                self.lines.append(f"{variable} = {elements}  # {shown}")
                self._lists[names] = variable
            if len(branches.get(names, ())) > 2 and (not names or names in self._lists):
                variable = f"k{len(self._tables) + 1}"
                elements = self._lists.get(names, "(rec,)")
                self.lines.append(f"{variable} = children_by_name({elements})  # {shown}/*")
                self._tables[names] = variable

    def loops(self, names: tuple[str, ...]) -> list[str]:
        """Return the ``for`` clauses to the elements of a path; the last one binds ``e{depth}``.

        >>> SharedElements([]).loops(("did", "unittitle"))
        ["for e1 in rec.iterchildren('did')", "for e2 in e1.iterchildren('unittitle')"]
        """
        return [f"for {variable} in {many}" for variable, many in self._steps(names)]

    def _steps(self, names: tuple[str, ...]) -> list[tuple[str, str]]:
        for length in range(len(names), 0, -1):
            start, name = names[:length], names[length - 1]
            if start in self._lists:
                first = (f"e{length}", self._lists[start])
                break
            if start[:-1] in self._tables:
                first = (f"e{length}", f"{self._tables[start[:-1]]}.get({name!r}, ())")
                break
        else:
            length, first = 1, ("e1", f"rec.iterchildren({names[0]!r})")
        rest = [
            (f"e{depth + 1}", f"e{depth}.iterchildren({names[depth]!r})")
            for depth in range(length, len(names))
        ]
        return [first, *rest]
