"""Literals: which lexical forms may enter the store, and how ours are written.

Oxigraph keeps a literal whose lexical form its datatype does not allow, and then silently drops it
from every comparison; and it rewrites others on load (``"01"``, ``"1.50"``, every integer type
derived from xsd:integer), so that a dump no longer says what the source file said. Neither may
reach it. What is accepted here is the lexical space of the datatype, minus what Oxigraph rewrites
and what lies outside its numbers (64 bits for an integer, 18 decimals for a decimal or a second).
"""

from __future__ import annotations

import re
from functools import cache
from math import isinf
from typing import TYPE_CHECKING, Final

from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from collex_graph.rdf.namespaces import expand

if TYPE_CHECKING:
    from collections.abc import Callable

_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_ANY_INTEGER: Final = re.compile(r"[+-]?[0-9]+", re.ASCII)
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?", re.ASCII)
_ANY_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)", re.ASCII)
_ANY_DOUBLE: Final = re.compile(
    r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN", re.ASCII
)
_LANGUAGE_TAG: Final = re.compile(
    # RFC 5646, section 2.1, without the grandfathered tags: language, script, region, variants,
    # extensions, private use
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*"
    r"(?:-x(?:-[a-z0-9]{1,8})+)?|x(?:-[a-z0-9]{1,8})+",
    re.ASCII,
)
NOT_ALLOWED: Final = "not in the lexical space"
"""The reason of a form that the datatype does not allow."""

TOO_LARGE: Final = "outside the numbers that the store compares"
"""The reason of a form that is right, and that the store would nevertheless never compare."""

DERIVED_INTEGERS: Final[dict[str, tuple[int | None, int | None]]] = {
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-(2**7), 2**7 - 1),
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 2**8 - 1),
}
"""XSD's integer types: least and greatest value, None where there is none."""

_INTEGERS: Final = range(-(2**63), 2**63)
_DECIMALS: Final = 2**127 - 1  # in units of 10 to the power of -18


def canonical_integer(text: str) -> str | None:
    """Return the canonical xsd:integer of a whole number, None when the text is none.

    >>> canonical_integer("+0042"), canonical_integer("-0"), canonical_integer("4.0")
    ('42', '0', None)
    """
    return str(int(text)) if _ANY_INTEGER.fullmatch(text) else None


def canonical_decimal(text: str) -> str | None:
    """Return the canonical xsd:decimal of a number, None when the text is none.

    >>> canonical_decimal("0.10"), canonical_decimal("5."), canonical_decimal("-0.0")
    ('0.1', '5', '0')
    >>> canonical_decimal("1e3") is None
    True
    """
    if not _ANY_DECIMAL.fullmatch(text):
        return None
    whole, _, fraction = text.lstrip("+-").partition(".")
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    number = f"{whole}.{fraction}" if fraction else whole
    return f"-{number}" if text.startswith("-") and number != "0" else number


def check_language_tag(tag: str) -> str | None:
    """Say what is wrong with a language tag: None, or a reason.

    >>> check_language_tag("fr"), check_language_tag("zh-hant")
    (None, None)
    >>> check_language_tag("FR")
    'canonical form: fr'
    >>> check_language_tag("fr_FR")
    'not in the lexical space'
    """
    lower = tag.lower()
    if not _LANGUAGE_TAG.fullmatch(lower):
        return NOT_ALLOWED
    return None if tag == lower else f"canonical form: {lower}"


def _check_integer(lexical: str) -> str | None:
    if _INTEGER.fullmatch(lexical) and lexical != "-0":
        return None if len(lexical) < 19 or int(lexical) in _INTEGERS else TOO_LARGE
    canonical = canonical_integer(lexical)
    return NOT_ALLOWED if canonical is None else f"canonical form: {canonical}"


def _check_decimal(lexical: str) -> str | None:
    if _DECIMAL.fullmatch(lexical) and lexical != "-0":
        return None if len(lexical) < 19 or _is_stored(lexical) else TOO_LARGE
    canonical = canonical_decimal(lexical)
    return NOT_ALLOWED if canonical is None else f"canonical form: {canonical}"


def _is_stored(lexical: str) -> bool:
    from decimal import Context, Decimal  # noqa: PLC0415 - few numbers are so long

    number = Decimal(lexical)
    exponent = int(number.as_tuple().exponent)
    return exponent >= -18 and abs(int(number.scaleb(18, Context(prec=200)))) <= _DECIMALS


def _check_double(lexical: str) -> str | None:
    if not _ANY_DOUBLE.fullmatch(lexical):
        return NOT_ALLOWED
    if lexical in ("INF", "-INF", "NaN"):
        return None
    from decimal import Decimal  # noqa: PLC0415 - few sources have doubles

    # Oxigraph writes a double without exponent, with the fewest digits that give it back.
    number = float(lexical)
    plain = "INF" if isinf(number) else format(Decimal(repr(number)), "f").removesuffix(".0")
    return None if plain == lexical else f"canonical form: {plain}"


def _check_boolean(lexical: str) -> str | None:
    if lexical in ("true", "false"):
        return None
    canonical = {"1": "true", "0": "false"}.get(lexical)
    return NOT_ALLOWED if canonical is None else f"canonical form: {canonical}"


def _rewritten_type(lexical: str) -> str | None:
    return "the store keeps this datatype as xsd:integer: use xsd:integer"


def _unused_float(lexical: str) -> str | None:
    return "xsd:float is not used here: use xsd:double"


def _rewritten_stamp(lexical: str) -> str | None:
    return "the store keeps this datatype as xsd:dateTime: use xsd:dateTime"


_CHECKS: Final[dict[str, Callable[[str], str | None]]] = {
    "integer": _check_integer,
    "decimal": _check_decimal,
    "double": _check_double,
    "float": _unused_float,
    "boolean": _check_boolean,
    "dateTimeStamp": _rewritten_stamp,
    **dict.fromkeys(DERIVED_INTEGERS, _rewritten_type),
}
_BY_IRI: Final = {expand(f"xsd:{name}"): check for name, check in _CHECKS.items()}


@cache
def _rarer_by_iri() -> dict[str, Callable[[str], str | None]]:
    # imported here: many a small file is mapped in less time than its patterns take to compile
    from collex_graph.rdf.lexical_spaces import CHECKS  # noqa: PLC0415

    return {expand(f"xsd:{name}"): check for name, check in CHECKS.items()}


@cache
def xsd_datatypes() -> frozenset[str]:
    """Return the local names of the datatypes of XSD 1.1 that literals of RDF have."""
    texts = ["string", "normalizedString", "token", "Name", "NMTOKEN", "hexBinary", "base64Binary"]
    named = (*_BY_IRI, *_rarer_by_iri())
    return frozenset(texts).union(iri.removeprefix(expand("xsd:")) for iri in named)


def check_literal(lexical: str, datatype_iri: str) -> str | None:
    """Say why a literal may not enter the store.

    Args:
        lexical: the lexical form, exactly as it would be written.
        datatype_iri: the datatype; one that is not checked here (strings, WKT) allows everything.

    Returns:
        None when it may, else a reason in a few words: the form is not in the datatype's lexical
        space, or the store would rewrite it.

    >>> xsd = "http://www.w3.org/2001/XMLSchema#"
    >>> check_literal("1930", xsd + "integer")
    >>> check_literal("01", xsd + "integer")
    'canonical form: 1'
    >>> check_literal("2024-09-07BST21:13:02", xsd + "dateTime")
    'not in the lexical space'
    """
    check = _BY_IRI.get(datatype_iri) or _rarer_by_iri().get(datatype_iri)
    return None if check is None else check(lexical)


def read_term(text: str) -> NamedNode | Literal:
    """Return the term of an IRI or a literal in N-Triples.

    >>> read_term('"2024"@fr').language
    'fr'
    """
    (quad,) = parse(f"<urn:x> <urn:x> {text} .", RdfFormat.N_TRIPLES, lenient=True)
    assert isinstance(quad.object, NamedNode | Literal)
    return quad.object
