"""N-Quads terms as text: escaping, percent-encoding and the last check before the store.

The mapping engine writes lines, not objects, because lines are what a bulk load reads. Whatever a
source holds, a line made here is one valid quad, or the term raises `UnreadableValue` with the rule
``InvalidIri`` or ``InvalidLiteral`` and the statement is left out.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from collex_graph.model import UnreadableValue
from collex_graph.rdf.iris import is_absolute_iri, percent_encode
from collex_graph.rdf.literals import (
    DERIVED_INTEGERS,
    NOT_ALLOWED,
    canonical_integer,
    check_language_tag,
    check_literal,
)
from collex_graph.rdf.namespaces import compact, expand, prefixes

if TYPE_CHECKING:
    from collections.abc import Callable

TO_ESCAPE = re.compile('[\x00-\x1f"\\\\\x7f\ud800-\udfff]')
_ESCAPES = {
    "\t": "\\t", "\b": "\\b", "\n": "\\n", "\r": "\\r", "\f": "\\f", '"': '\\"', "\\": "\\\\",
}  # fmt: skip
TO_ENCODE = re.compile(r"[^A-Za-z0-9\-._~]")
_NOT_LABEL = re.compile(r"[^A-Za-z0-9]")
_STRING = expand("xsd:string")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_PREFIX = re.compile(r"([A-Za-z][\w-]*):(?!//)")


def escape(text: str) -> str:
    r"""Escape the text of a literal (RDF 1.1 N-Quads, STRING_LITERAL_QUOTE).

    >>> print(escape('dit "le\\jeune"\n'))
    dit \"le\\jeune\"\n

    Raises:
        UnreadableValue: for what is no character (NUL, half a surrogate pair).
    """
    return text if TO_ESCAPE.search(text) is None else TO_ESCAPE.sub(_escape_one, text)


def _escape_one(found: re.Match[str]) -> str:
    character = found[0]
    if character == "\0" or "\ud800" <= character <= "\udfff":
        shown = found.string.encode("utf-8", "backslashreplace").decode()
        raise UnreadableValue("InvalidLiteral", shown, reason="not a character", datatype="")
    return _ESCAPES.get(character) or f"\\u{ord(character):04X}"


def tag_of(text: str) -> str:
    """Return the language mark of a text that came with one, ``""`` for any other.

    Raises:
        UnreadableValue: for a tag that is none (RFC 5646).
    """
    language: str = getattr(text, "language", "")
    if not language:
        return ""
    if check_language_tag(language) is not None:
        raise UnreadableValue("InvalidLanguageTag", text, tag=language)
    return f"@{language}"


def encode_segment(text: str) -> str:
    """Percent-encode a value that stands in a template of an IRI.

    >>> encode_segment("Fonds_5230"), encode_segment("a/b é")
    ('Fonds_5230', 'a%2Fb%20%C3%A9')
    """
    if TO_ENCODE.search(text) is None:
        return text
    try:
        return percent_encode(text)
    except UnicodeEncodeError:
        shown = text.encode("utf-8", "backslashreplace").decode()
        raise UnreadableValue("InvalidIri", shown) from None


def iri_checker(base_iri: str) -> Callable[[str], str]:
    """Return a function that completes and checks IRIs that are not made by a template.

    >>> iri_checker("https://w3id.org/collex-graph/")("base:vocabulary/region/44")
    'https://w3id.org/collex-graph/vocabulary/region/44'
    """
    namespaces = prefixes() | {"base": base_iri}

    @lru_cache(maxsize=4096)
    def check(text: str) -> str:
        prefix = _PREFIX.match(text)
        full = text
        if prefix is not None and prefix[1] in namespaces:
            full = namespaces[prefix[1]] + text[prefix.end() :]
        if not is_absolute_iri(full):
            raise UnreadableValue("InvalidIri", text)
        return full

    return check


def iri_completer(base_iri: str, *, ascii_only: bool = False) -> Callable[[str], str]:
    """Return a function that sets a base before relative IRIs and checks the result (R2RML, 7.3).

    Args:
        base_iri: the base.
        ascii_only: what is made is a URI (RFC 3986).

    >>> iri_completer("http://example.com/")("Carlos")
    'http://example.com/Carlos'
    """

    @lru_cache(maxsize=4096)
    def complete(text: str) -> str:
        full = text if SCHEME.match(text) else base_iri + text
        if not is_absolute_iri(full) or (ascii_only and not full.isascii()):
            raise UnreadableValue("InvalidIri", text)
        return full

    return complete


@cache
def _not_iunreserved() -> re.Pattern[str]:
    """Return what finds characters outside ``iunreserved`` (RFC 3987, section 2.2).

    Made on the first use: it takes as long as all other patterns here together.
    """
    return re.compile(
        "[^A-Za-z0-9\\-._~\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef\U00010000-\U0001fffd"
        "\U00020000-\U0002fffd\U00030000-\U0003fffd\U00040000-\U000dfffd\U000e1000-\U000efffd]"
    )


def encode_letters_kept(text: str) -> str:
    """Percent-encode a value in a template of an IRI, but for letters of any script (R2RML, 7.3).

    >>> encode_letters_kept("Zoë/é à")
    'Zoë%2Fé%20à'
    """
    if TO_ENCODE.search(text) is None:
        return text
    try:
        return _not_iunreserved().sub(lambda found: quote(found[0], safe=""), text)
    except UnicodeEncodeError:
        shown = text.encode("utf-8", "backslashreplace").decode()
        raise UnreadableValue("InvalidIri", shown) from None


def blank_label(text: str) -> str:
    """Write a value as part of a blank node's label: other values give other labels.

    >>> blank_label("Bob Smith_30")
    'Bob_20_Smith_5f_30'
    """
    return _NOT_LABEL.sub(lambda found: f"_{ord(found[0]):x}_", text)


@lru_cache(maxsize=1024)
def language_tag(text: str, *, registered: bool = True) -> str:
    """Return a text that is a language tag; see `is_language_tag`.

    Raises:
        UnreadableValue: for any other.
    """
    if not is_language_tag(text, registered=registered):
        raise UnreadableValue(
            "InvalidLiteral", text, reason="not a language tag", datatype="rdf:langString"
        )
    return text


def is_language_tag(text: str, *, registered: bool = True) -> bool:
    """Say whether a text is a well-formed language tag, whose parts are registered (BCP 47).

    >>> is_language_tag("en-US"), is_language_tag("english")
    (True, False)
    >>> is_language_tag("english", registered=False)
    True
    """
    if check_language_tag(text.lower()) is not None:
        return False
    if not registered:
        return True
    # imported here, so that mappings whose languages are constants do not wait for its registry
    from langcodes import tag_is_valid  # noqa: PLC0415

    return bool(tag_is_valid(text))


class NaturalText(str):
    """The text of a number or truth value of a source, which is a literal of its own datatype.

    Args:
        text: as the source has it.
        lexical: canonical form.
        datatype: IRI of the datatype.

    Attributes:
        literal: the literal.
    """

    __slots__ = ("literal",)
    literal: str

    def __new__(cls, text: str, lexical: str, datatype: str) -> NaturalText:  # noqa: D102
        self = super().__new__(cls, text)
        self.literal = f'"{lexical}"^^<{datatype}>'
        return self


def natural_literal(text: str) -> str:
    """Write a literal with the datatype that its value has by nature, none for a plain text."""
    if isinstance(text, NaturalText):
        return text.literal
    return f'"{escape(text)}"'


def typed_literal(text: str, datatype_iri: str, *, canonical: bool = True) -> str:
    """Write a literal whose datatype is known only now; see `literal_checker`."""
    if datatype_iri == _STRING:
        return f'"{escape(text)}"'
    check = _known_literal_checker(datatype_iri, canonical=canonical)
    return f'"{check(text)}"^^<{datatype_iri}>'


def literal_checker(datatype_iri: str, *, canonical: bool = True) -> Callable[[str], str]:
    """Return a function that checks a lexical form and escapes it.

    Args:
        datatype_iri: the datatype.
        canonical: refuse forms that the datatype allows and the store would rewrite; what is not
            for our store keeps them.

    >>> literal_checker("http://www.w3.org/2001/XMLSchema#integer")("1930")
    '1930'
    """
    name = compact(datatype_iri) or datatype_iri

    @lru_cache(maxsize=4096)
    def check(lexical: str) -> str:
        reason = check_literal(lexical, datatype_iri)
        if reason is not None and (canonical or _is_outside(lexical, datatype_iri, reason)):
            raise UnreadableValue("InvalidLiteral", lexical, reason=reason, datatype=name)
        return escape(lexical)

    return check


_known_literal_checker = lru_cache(maxsize=64)(literal_checker)


def _is_outside(lexical: str, datatype_iri: str, reason: str) -> bool:
    """Say whether a form that the store does not keep is none of the datatype at all."""
    name = datatype_iri.removeprefix(expand("xsd:"))
    if name == "float":
        return check_literal(lexical, expand("xsd:double")) == NOT_ALLOWED
    if name == "dateTimeStamp":
        return check_literal(lexical, expand("xsd:dateTime")) == NOT_ALLOWED
    if name in DERIVED_INTEGERS:
        least, most = DERIVED_INTEGERS[name]
        number = canonical_integer(lexical)
        return (
            number is None
            or (least is not None and int(number) < least)
            or (most is not None and int(number) > most)
        )
    return reason == NOT_ALLOWED
