"""Texts: emptiness, order, paragraphs."""

from __future__ import annotations

import re
from html import unescape
from typing import Final

from collex_graph.mapping.functions.registry import mapping_function, squeeze

_BLOCK: Final = re.compile(
    r"</?(?:address|article|blockquote|br|dd|div|dl|dt|h[1-6]|hr|li|ol|p|pre|section|table|td|th|tr|ul)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_MARKUP: Final = re.compile(r"<!--.*?-->|</?[A-Za-z][^<>]*>", re.DOTALL)


@mapping_function
def not_empty(value: tuple[str, ...]) -> str | None:
    """Return ``true`` when one of the values holds something else than white space.

    >>> not_empty(("", "Don")), not_empty((" ",))
    ('true', None)
    """
    return "true" if any(text.strip() for text in value) else None


@mapping_function
def is_none(value: tuple[str, ...] = ()) -> str | None:
    """Return ``true`` when no value holds anything.

    >>> is_none(()), is_none(("Don",))
    ('true', None)
    """
    return None if any(text.strip() for text in value) else "true"


@mapping_function
def first(
    value: tuple[str, ...] = (), otherwise: tuple[str, ...] = (), lastly: tuple[str, ...] = ()
) -> str | None:
    """Return the first value that is not empty, in the order of the parameters.

    >>> first((" ",), ("Catalogue",))
    'Catalogue'
    """
    return next((text for text in (*value, *otherwise, *lastly) if text.strip()), None)


@mapping_function
def paragraphs(value: tuple[str, ...]) -> str | None:
    r"""Return the paragraphs as one text, an empty line between two.

    >>> paragraphs(("Premier.", " ", "Second."))
    'Premier.\n\nSecond.'
    """
    return "\n\n".join(text.strip() for text in value if text.strip()) or None


_BORN_AND_ALIVE: Final = re.compile(
    r"(, [^,()]{1,60}?) ?\((?:19[1-9]|20[0-9])[0-9] ?- ?\.{2,4}[^()]*\)"
)


@mapping_function
def without_birth(value: str) -> str | None:
    """Return words in which the heading of a person who may be alive has no year of birth.

    Authorities state it themselves; bodies and people who died keep their years.

    >>> without_birth("Don de Viennot, Éliane (1951-....), en 2015")
    'Don de Viennot, Éliane, en 2015'
    >>> without_birth("Archives nationales (France ; 1790-....)")
    'Archives nationales (France ; 1790-....)'
    >>> without_birth("Paris, Louis (1902-1987 ; érudit)")
    'Paris, Louis (1902-1987 ; érudit)'
    """
    return _BORN_AND_ALIVE.sub(r"\1", value).strip() or None


@mapping_function
def joined(value: tuple[str, ...]) -> str | None:
    """Return the values as one text, a dash between two, as ISBD separates areas.

    >>> joined(("Lettres à sa femme.", " ", "1832-1837"))
    'Lettres à sa femme. – 1832-1837'
    """
    return " – ".join(text.strip() for text in value if text.strip()) or None


@mapping_function
def plain_text(html: str) -> str | None:
    r"""Return the words of a text that may hold HTML: a line for each block, no markup.

    >>> plain_text("<ol><li>Les <i>acteurs</i> </li><li>R&eacute;ception</li></ol>")
    'Les acteurs\nRéception'
    >>> plain_text("a < b")
    'a < b'
    """
    lines = _BLOCK.sub("\n", html).split("\n")
    texts = (squeeze(unescape(_MARKUP.sub("", line))) for line in lines)
    return "\n".join(text for text in texts if text) or None
