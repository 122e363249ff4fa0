"""References while a pass runs: from an XPath to the Python expression that reads it.

Simple paths become plain loops over lxml elements, several times faster than an XPath object and
readable in the generated code; everything else becomes a compiled XPath. Either way a value is text
with runs of white space (non-breaking spaces included) made one space, and empty values are none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lxml import etree

from collex_graph.mapping.xpath import Expression, Path, Step, lxml_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = "root"
"""Name of the variable that holds the root element in generated code."""


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


def xpath_reader(
    expression: Expression, namespaces: Mapping[str, str]
) -> Callable[[Any], list[str]]:
    """Return a function that evaluates an XPath on an element.

    Raises:
        etree.XPathError: for what libxml2 does not accept.
    """
    evaluate = etree.XPath(
        expression.text, namespaces=dict(namespaces) or None, smart_strings=False
    )

    # libxml2 looks at prefixes and arguments when it evaluates, so it does so once before any file.
    evaluate(etree.Element("none"))

    def read(element: Any) -> list[str]:
        found = evaluate(element)
        if isinstance(found, list):
            texts = [text_of(n) if etree.iselement(n) else squeezed(str(n)) for n in found]
        elif isinstance(found, bool):
            texts = ["true" if found else "false"]
        elif isinstance(found, float):
            texts = [str(int(found)) if found.is_integer() else str(found)]
        else:
            texts = [squeezed(str(found))]
        return [text for text in texts if text]

    return read


def python_of(expression: Expression, namespaces: Mapping[str, str]) -> tuple[str, bool] | None:
    """Return Python code that reads a simple XPath from ``rec``, and whether it gives one text.

    Returns:
        The code and True when it gives one text, False when a list; None for paths that need an
        XPath object.
    """
    if expression.text == "name()":
        return "name_of(rec)", True
    path = expression.path
    if path is None:
        return None
    nearest = _attribute_of_nearest(path, namespaces)
    if nearest is not None:
        return f"attribute_above(rec, {nearest!r})", True
    steps, attribute = path.steps, ""
    if steps and steps[-1].axis == "attribute":
        if not _is_plain(steps[-1]):
            return None
        attribute = repr(lxml_name(steps[-1].test, namespaces))
        steps = steps[:-1]
    if not path.absolute and all(step == Step("self", "node()") for step in steps):
        return (f"squeezed(rec.get({attribute}))" if attribute else "text_of(rec)"), True
    if not steps or not all(step.axis == "child" and _is_plain(step) for step in steps):
        return None
    loops = _loops([lxml_name(step.test, namespaces) for step in steps], absolute=path.absolute)
    last = f"e{len(steps)}"
    value = f"squeezed({last}.get({attribute}))" if attribute else f"text_of({last})"
    return f"[t {loops} if (t := {value})]", False


def _loops(names: list[str], *, absolute: bool) -> str:
    outer, loops = "rec", []
    for depth, name in enumerate(names, start=1):
        if absolute and depth == 1:
            loops.append(f"for e1 in ({ROOT},) if e1.tag == {name!r}")
        else:
            loops.append(f"for e{depth} in {outer}.iterchildren({name!r})")
        outer = f"e{depth}"
    return " ".join(loops)


def _is_plain(step: Step) -> bool:
    return not step.predicates and step.test not in ("*", "node()", "text()")


def _attribute_of_nearest(path: Path, namespaces: Mapping[str, str]) -> str | None:
    """Recognise ``ancestor::*[@name][1]/@name``."""
    if path.absolute or len(path.steps) != 2:
        return None
    climb, read = path.steps
    if climb.axis != "ancestor" or climb.test != "*" or read.axis != "attribute":
        return None
    wanted = [f"attribute::{read.test}", "1"]
    if [predicate.text for predicate in climb.predicates] != wanted or not _is_plain(read):
        return None
    return lxml_name(read.test, namespaces)
