"""N-Quads terms as text: escaping, percent-encoding and the last check before the store.

The mapping engine writes lines, not objects, because lines are what a bulk load reads. Whatever a
source holds, a line made here is one valid quad, or the term raises `UnreadableValue` with the rule
``InvalidIri`` or ``InvalidLiteral`` and the statement is left out.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode

from collex_graph.model import UnreadableValue
from collex_graph.rdf.iris import is_absolute_iri, percent_encode
from collex_graph.rdf.literals import check_language_tag, check_literal
from collex_graph.rdf.namespaces import compact, prefixes

if TYPE_CHECKING:
    from collections.abc import Callable

TO_ESCAPE = re.compile('[\x00-\x1f"\\\\\x7f\ud800-\udfff]')
_ESCAPES = {
    "\t": "\\t", "\b": "\\b", "\n": "\\n", "\r": "\\r", "\f": "\\f", '"': '\\"', "\\": "\\\\",
}  # fmt: skip
TO_ENCODE = re.compile(r"[^A-Za-z0-9\-._~]")
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
        try:
            # What the store accepts is decided by its own parser.
            NamedNode(full)
        except ValueError:
            raise UnreadableValue("InvalidIri", text) from None
        return full

    return check


def literal_checker(datatype_iri: str) -> Callable[[str], str]:
    """Return a function that checks a lexical form and escapes it.

    >>> literal_checker("http://www.w3.org/2001/XMLSchema#integer")("1930")
    '1930'
    """
    name = compact(datatype_iri) or datatype_iri

    @lru_cache(maxsize=4096)
    def check(lexical: str) -> str:
        reason = check_literal(lexical, datatype_iri)
        if reason is not None:
            raise UnreadableValue("InvalidLiteral", lexical, reason=reason, datatype=name)
        return escape(lexical)

    return check
