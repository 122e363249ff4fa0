"""The values of JSON as RML reads them: verbatim, numbers and truth values with their datatype.

YARRRML documents of this project read texts (`collex_graph.mapping.jsonpath`); RML documents read
what the RML registry of reference formulations calls natural values.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from collex_graph.mapping.jsonpath import parse, values_reader
from collex_graph.mapping.nquads import NaturalText
from collex_graph.model import Number, UnreadableValue
from collex_graph.rdf.namespaces import expand

if TYPE_CHECKING:
    from collections.abc import Callable

_INTEGER = re.compile(r"-?\d+")
_BOOLEAN, _DOUBLE, _WHOLE = (expand(f"xsd:{name}") for name in ("boolean", "double", "integer"))


def natural_reader(
    reference: str, *, lists: bool
) -> Callable[[Any, int, Callable[[int, UnreadableValue, None], object]], list[str]]:
    """Return what reads the values of a reference from a record.

    Args:
        reference: a JSONPath.
        lists: a reference to a list gives its elements, as in RML of 2013; else it is a mistake.

    Returns:
        A function of the record, of the number of a rule and of what is told of a value that is
        no single one.

    Raises:
        ReferenceSyntaxError: for a reference outside the subset.
    """
    read = values_reader(parse(reference))

    def values(
        record: Any, rule: int, fail: Callable[[int, UnreadableValue, None], object]
    ) -> list[str]:
        found: list[str] = []
        waiting = read(record)
        while waiting:
            value = waiting.pop(0)
            if lists and type(value) is list:
                waiting[:0] = value
            elif type(value) in (list, dict):
                kind = "list" if type(value) is list else "object"
                fail(rule, UnreadableValue("NotOneValue", reference, kind=kind), None)
            elif value is not None:
                found.append(natural(value))
        return found

    return values


def natural(value: Any) -> str:
    """Return the text of a single value, with its datatype where that is not a string.

    >>> natural(Number("30.50")), natural(Number("30.50")).literal
    ('30.50', '"3.05E1"^^<http://www.w3.org/2001/XMLSchema#double>')
    >>> natural(True).literal
    '"true"^^<http://www.w3.org/2001/XMLSchema#boolean>'
    """
    if isinstance(value, bool):
        word = "true" if value else "false"
        return NaturalText(word, word, _BOOLEAN)
    if isinstance(value, Number):
        if _INTEGER.fullmatch(value):
            return NaturalText(value, str(int(value)), _WHOLE)
        return NaturalText(value, canonical_double(value), _DOUBLE)
    return str(value)


def canonical_double(text: str) -> str:
    """Return the canonical form of a number as an xsd:double (XML Schema 1.1, 3.3.5).

    >>> canonical_double("30.5"), canonical_double("1e400"), canonical_double("-0.0")
    ('3.05E1', 'INF', '-0.0E0')
    """
    number = float(text)
    if number in (float("inf"), float("-inf")):
        return "INF" if number > 0 else "-INF"
    sign, digits, exponent = Decimal(repr(number)).as_tuple()
    assert isinstance(exponent, int)
    shown = "".join(map(str, digits)).lstrip("0")
    if not shown:
        return "-0.0E0" if sign else "0.0E0"
    power = exponent + len(shown) - 1
    shown = shown.rstrip("0") or "0"
    return f"{'-' * sign}{shown[0]}.{shown[1:] or '0'}E{power}"
