r"""A complete lexer of SPARQL 1.1 (and of the additions of 1.2 that Oxigraph reads).

It exists because no parser survives every query: what a query may do is decided on its tokens,
before any parser sees the text. Three things follow:

* It takes linear time and constant stack for every input: one compiled pattern whose quantifiers
  are all possessive, and no recursion.
* Codepoint escapes (``\u0041``, ``\U00000041``) are decoded first, anywhere in the text, as
  section 19.2 of SPARQL 1.1 says, and it is the *decoded* text that is evaluated. An evaluator
  that decodes them at another moment would otherwise see other tokens than we did.
* Where two readers may disagree about what ``<`` begins (``FILTER(?a<'>')``), the policy rewrites
  the IRI so that only one reading is left; see `Token.is_treacherous`.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from collex_graph.errors import QuerySyntaxError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Kind(Enum):
    """The kinds of tokens."""

    WORD = "word"  # a keyword, a built-in function, `a`, `true`
    NAME = "name"  # a prefixed name
    IRI = "iri"  # with its angle brackets
    VARIABLE = "variable"  # with ? or $
    STRING = "string"  # with its quotes, any of the four forms
    NUMBER = "number"  # without sign
    BLANK = "blank"  # _:label
    LANGUAGE = "language"  # @fr, @ar--rtl
    OPERATOR = "operator"  # brackets and punctuation too
    COMMENT = "comment"  # with its #, without the end of the line

    __hash__ = object.__hash__  # members are looked up in sets for every token of every query


class Token(NamedTuple):
    """One token.

    Attributes:
        kind: what it is.
        text: its characters.
        start: its offset in the text that was lexed.
    """

    kind: Kind
    text: str
    start: int

    @property
    def is_treacherous(self) -> bool:
        """Whether another reader could take this IRI for an operator and then lose its way.

        In an expression, ``?a<'>`` may be read as *less than* and the beginning of a string; from
        there on, one reader's strings and comments are the other's query. Only ``'`` and ``#`` can
        do that, as an IRI holds no other character that begins a string or a comment.
        """
        return self.kind is Kind.IRI and ("'" in self.text or "#" in self.text)


# --- the terminals of the grammar (SPARQL 1.1, section 19.8) -------------------------------------

_BASE = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_VARNAME = rf"{_BASE}_0-9\u00b7\u0300-\u036f\u203f-\u2040"
_PN = rf"{_VARNAME}\-"
_PREFIX = rf"[{_BASE}][{_PN}]*+(?:\.++[{_PN}]++)*+"
_PLX = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?#@%]"
_LOCAL = rf"(?:[{_BASE}_0-9:]|{_PLX})(?:[{_PN}:]++|{_PLX})*+(?:\.++(?:[{_PN}:]++|{_PLX})++)*+"
_ECHAR = r"""\\[tbnrf"'\\]"""

_IRI = r"""<[^<>"{}|^`\\\x00-\x20]*+>"""
_TERMINALS = {
    "space": r"[\t\n\r ]++",
    Kind.COMMENT.value: r"\#[^\n\r]*+",
    Kind.VARIABLE.value: rf"[?$][{_BASE}_0-9][{_VARNAME}]*+",
    Kind.NAME.value: rf"(?:{_PREFIX})?:(?:{_LOCAL})?+",
    Kind.WORD.value: rf"[{_BASE}][{_VARNAME}]*+",
    Kind.IRI.value: _IRI,
    Kind.STRING.value: (
        rf'"""(?:"{{0,2}}+(?:[^"\\]++|{_ECHAR}))*+"""'
        rf"|'''(?:'{{0,2}}+(?:[^'\\]++|{_ECHAR}))*+'''"
        # A short string never begins a long one: an unterminated long string is an error, not
        # an empty string followed by something else.
        rf'|"(?!"")(?:[^"\\\n\r]++|{_ECHAR})*+"'
        rf"|'(?!'')(?:[^'\\\n\r]++|{_ECHAR})*+'"
    ),
    Kind.NUMBER.value: (
        r"(?:[0-9]++\.?+[0-9]*+|\.[0-9]++)[eE][+\-]?+[0-9]++|[0-9]*+\.[0-9]++|[0-9]++"
    ),
    Kind.BLANK.value: rf"_:[{_BASE}_0-9][{_PN}]*+(?:\.++[{_PN}]++)*+",
    Kind.LANGUAGE.value: r"@[A-Za-z]++(?:-[A-Za-z0-9]++)*+(?:--[A-Za-z]++)?+",
    # `<<` is one token only where its second half begins no IRI: `?a<<http://x>` is a comparison.
    Kind.OPERATOR.value: (rf"<(?!{_IRI})<|>>|\^\^|&&|\|\||!=|[<>]=|[()\[\]{{}};,.=<>!+\-*/|^?~]"),
}


def _pattern(*left_out: str) -> re.Pattern[str]:
    return re.compile(
        "|".join(f"(?P<{name}>{text})" for name, text in _TERMINALS.items() if name not in left_out)
    )


_TOKEN = _pattern()
_TOKEN_BUT_NAMES = _pattern(Kind.NAME.value)
_REST_OF_PREFIX = re.compile(rf"[{_PN}]*+(?:\.++[{_PN}]++)*+")
_KINDS = {kind.value: kind for kind in Kind}

# `?a<?b&&?c>?d`: the longest match is an IRI, and people mean a comparison. After something that
# can end an operand, a `<…>` that begins as an expression does is read as they mean it.
_COMPARISON = re.compile(r"<(?:[?$(=!+\-.0-9]|[A-Za-z]+\()")
_OPERAND_ENDS = frozenset(
    {Kind.VARIABLE, Kind.STRING, Kind.NUMBER, Kind.NAME, Kind.IRI, Kind.LANGUAGE}
)


def read_tokens(text: str) -> Iterator[Token]:
    """Split a text into tokens, comments included, white space left out.

    Args:
        text: SPARQL without codepoint escapes, as `decode_escapes` leaves it.

    Raises:
        QuerySyntaxError: at the first character that begins no token.

    >>> [token.text for token in read_tokens("ASK { ?s <p> 'it''s' } # end")]
    ['ASK', '{', '?s', '<p>', "'it'", "'s'", '}', '# end']
    """
    position, end = 0, len(text)
    # Up to here a run of letters, dots and hyphens is known to hold no colon; without that,
    # `a.a-a.a…` would be searched for a prefix once per letter.
    no_name_before = 0
    after_operand = False
    while position < end:
        pattern = _TOKEN_BUT_NAMES if position < no_name_before else _TOKEN
        match = pattern.match(text, position)
        if match is None:
            raise _unreadable(text, position)
        name = match.lastgroup
        assert name is not None
        if name == "space":
            position = match.end()
            continue
        token = Token(_KINDS[name], match.group(), position)
        if (
            token.kind is Kind.IRI
            and after_operand
            and not token.is_treacherous
            and _COMPARISON.match(token.text)
        ):
            token = Token(Kind.OPERATOR, "<", position)
        elif token.kind is Kind.WORD and position >= no_name_before:
            rest = _REST_OF_PREFIX.match(text, match.end())
            no_name_before = rest.end() if rest else match.end()
        yield token
        position += len(token.text)
        if token.kind is not Kind.COMMENT:
            after_operand = token.kind in _OPERAND_ENDS or token.text == ")"


def _unreadable(text: str, position: int) -> QuerySyntaxError:
    line, column = line_and_column(text, position)
    rest = text[position : position + 3]
    if rest[0] in "\"'":
        french, english = "chaîne non terminée", "unterminated string"
        if "\\" in text[position:].partition("\n")[0]:
            french += " ou échappement inconnu"
            english += " or unknown escape"
    else:
        french = f"caractère inattendu {rest[0]!r}"
        english = f"unexpected character {rest[0]!r}"
    return syntax_error(french, english, line, column)


def syntax_error(french: str, english: str, line: int, column: int) -> QuerySyntaxError:
    """Make the error for a place in the query, in both languages."""
    return QuerySyntaxError(
        f"Erreur de syntaxe à la ligne {line}, colonne {column} : {french}.\n"
        f"Syntax error at line {line}, column {column}: {english}.",
        line=line,
        column=column,
    )


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    r"""Return where an offset is, both counted from 1.

    >>> line_and_column("ASK\n{ }", 6)
    (2, 3)
    """
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


_ESCAPED = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}


def unquoted(token: Token) -> str:
    """Return what a string says, once its codepoint escapes are decoded."""
    quotes = 3 if token.text[:3] in ('"""', "'''") else 1
    inside = token.text[quotes:-quotes]
    parts = inside.split("\\")
    text = parts[0]
    place = 1
    while place < len(parts):
        if parts[place]:
            text += _ESCAPED.get(parts[place][0], parts[place][0]) + parts[place][1:]
            place += 1
        else:  # an escaped backslash
            text += "\\" + (parts[place + 1] if place + 1 < len(parts) else "")
            place += 2
    return text


# --- texts made from texts -----------------------------------------------------------------------


class Rewriting:
    """A text made from another by replacing pieces of it, which remembers where each part was.

    Args:
        source: the text to start from.
        replacements: (start, end, new piece) in ``source``, in order, without overlap.

    >>> rewriting = Rewriting("abc", [(1, 2, "XYZ")])
    >>> rewriting.text, rewriting.origin(2), rewriting.origin(4)
    ('aXYZc', 1, 2)
    """

    def __init__(self, source: str, replacements: Sequence[tuple[int, int, str]]) -> None:
        self.source = source
        self.replacements = replacements
        parts: list[str] = []
        self._starts: list[int] = [0]  # where a part begins in the new text…
        self._origins: list[tuple[int, bool]] = [(0, False)]  # …and in the source; replaced?
        length = done = 0
        for start, end, piece in replacements:
            parts += [source[done:start], piece]
            length += start - done
            self._starts += [length, length + len(piece)]
            self._origins += [(start, True), (end, False)]
            length += len(piece)
            done = end
        parts.append(source[done:])
        self.text = "".join(parts)

    def origin(self, offset: int) -> int:
        """Return the offset in the source of what stands at an offset of the new text."""
        part = bisect_right(self._starts, offset) - 1
        start, replaced = self._origins[part]
        return start if replaced else start + offset - self._starts[part]


# A backslash pair is taken first, so that the `\\u0041` of a string stays a backslash and a word.
_CODEPOINT = re.compile(r"\\(?:\\|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|[uU])")
# These five cannot stand for themselves inside a string: there they become that string's own
# escapes, and everywhere else the backslash makes them errors.
_STRING_ESCAPES = {'"': '\\"', "'": "\\'", "\\": "\\\\", "\n": "\\n", "\r": "\\r"}


def decode_escapes(text: str) -> Rewriting:
    r"""Decode the codepoint escapes of a query, wherever they stand (section 19.2).

    Quotes, backslashes and line ends written that way are left as escapes of strings: "only escape
    sequences for characters that would be legal at that point in the grammar may be given".

    Raises:
        QuerySyntaxError: for an escape that is incomplete or means no character, and for the end
            of a line written as an escape in a comment.

    >>> decode_escapes(r"SERV\u0049CE").text
    'SERVICE'
    >>> decode_escapes(r'"a\u0022b"').text
    '"a\\"b"'
    """
    if "\\" not in text:
        return Rewriting(text, ())
    replacements: list[tuple[int, int, str]] = []
    line_ends: list[int] = []
    for match in _CODEPOINT.finditer(text):
        if match.group() == "\\\\":
            continue
        digits = match.group(1) or match.group(2)
        number = int(digits, 16) if digits else -1
        if not 0 <= number <= 0x10FFFF or 0xD800 <= number <= 0xDFFF:
            raise syntax_error(
                "échappement \\u ou \\U qui ne désigne aucun caractère",
                "a \\u or \\U escape that means no character",
                *line_and_column(text, match.start()),
            )
        character = chr(number)
        if character in "\n\r":
            line_ends.append(match.start())
        replacements.append((*match.span(), _STRING_ESCAPES.get(character, character)))
    rewriting = Rewriting(text, replacements)
    if line_ends:
        _refuse_line_ends_in_comments(rewriting, line_ends)
    return rewriting


def _refuse_line_ends_in_comments(rewriting: Rewriting, line_ends: list[int]) -> None:
    """Refuse what would end a comment for one reader and not for another."""
    for token in read_tokens(rewriting.text):
        if token.kind is Kind.COMMENT:
            start = rewriting.origin(token.start)
            end = rewriting.origin(token.start + len(token.text))
            first = bisect_left(line_ends, start)
            if first < len(line_ends) and line_ends[first] < end:
                raise syntax_error(
                    "fin de ligne écrite comme un échappement dans un commentaire",
                    "the end of a line written as an escape in a comment",
                    *line_and_column(rewriting.source, line_ends[first]),
                )
