"""The lexer: every terminal of the grammar, every escape, linear time."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collex_graph.errors import QuerySyntaxError
from collex_graph.sparql.lexer import (
    Kind,
    Rewriting,
    decode_escapes,
    line_and_column,
    read_tokens,
)


def kinds(text):
    return [(token.kind, token.text) for token in read_tokens(text)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("SELECT", Kind.WORD), ("a", Kind.WORD), ("ENCODE_FOR_URI", Kind.WORD),
        ("été", Kind.WORD),
        ("a:b", Kind.NAME), (":", Kind.NAME), ("a:", Kind.NAME), (":b", Kind.NAME),
        ("a.b-c:d.e", Kind.NAME), ("a:b:c::d", Kind.NAME), ("a:1x", Kind.NAME),
        ("a:%41%e9", Kind.NAME), (r"a:\~\.\-\!\$\&\'\(\)\*\+\,\;\=\/\?\#\@\%", Kind.NAME),
        ("é:ü", Kind.NAME), ("a:b·c", Kind.NAME), ("a:SERVICE", Kind.NAME),
        ("<>", Kind.IRI), ("<http://a/b#c>", Kind.IRI), ("<a(b)'c;d,e?f=g&h>", Kind.IRI),
        ("?x", Kind.VARIABLE), ("$x", Kind.VARIABLE), ("?1", Kind.VARIABLE),
        ("?é_1", Kind.VARIABLE),
        ('""', Kind.STRING), ("''", Kind.STRING), ("'it\"s'", Kind.STRING),
        (r"'\t\b\n\r\f\\\"\''", Kind.STRING), ('"""a"b""c\nd"""', Kind.STRING),
        ("'''a'b''c\r\nd'''", Kind.STRING), ('""""a"""', Kind.STRING), (r"'''\''''", Kind.STRING),
        ("'#'", Kind.STRING), ("'<'", Kind.STRING),
        ("1", Kind.NUMBER), ("1.5", Kind.NUMBER), (".5", Kind.NUMBER), ("1e5", Kind.NUMBER),
        ("1.e5", Kind.NUMBER), (".5E-3", Kind.NUMBER), ("1.5E+10", Kind.NUMBER),
        ("_:b", Kind.BLANK), ("_:1.x", Kind.BLANK),
        ("@fr", Kind.LANGUAGE), ("@fr-FR-1990", Kind.LANGUAGE), ("@ar--rtl", Kind.LANGUAGE),
        ("# to the end '\"<", Kind.COMMENT), ("#", Kind.COMMENT),
        ("^^", Kind.OPERATOR), ("&&", Kind.OPERATOR), ("||", Kind.OPERATOR), ("<=", Kind.OPERATOR),
        (">=", Kind.OPERATOR), ("!=", Kind.OPERATOR), ("<<", Kind.OPERATOR), (">>", Kind.OPERATOR),
        *((sign, Kind.OPERATOR) for sign in "()[]{};,.=<>!+-*/|^?~"),
    ],
)  # fmt: skip
def test_each_terminal_is_one_token(text, kind):
    assert kinds(text) == [(kind, text)]


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("?s?p?o", ["?s", "?p", "?o"]),
        ("1.", ["1", "."]),
        ("1.2.3", ["1.2", ".3"]),
        ("a:b.", ["a:b", "."]),
        ("a:b..c", ["a:b..c"]),
        ("a.b", ["a", ".", "b"]),
        ("_:b.", ["_:b", "."]),
        ("''''a'''", ["''''a'''"]),
        ("#a\r#b\n1", ["#a", "#b", "1"]),
        ("1SERVICE", ["1", "SERVICE"]),
        ("1eSERVICE", ["1", "eSERVICE"]),
        ('"x"SERVICE', ['"x"', "SERVICE"]),
        ("@enSERVICE", ["@enSERVICE"]),
        ("SERVICE<x>", ["SERVICE", "<x>"]),
        ("SERVICE#c\n<x>", ["SERVICE", "#c", "<x>"]),
        ("<a b>", ["<", "a", "b", ">"]),
        ("?a<?b&&?c>?d", ["?a", "<", "?b", "&&", "?c", ">", "?d"]),
        ("?a<str(?b)&&1>0", ["?a", "<", "str", "(", "?b", ")", "&&", "1", ">", "0"]),
        ("?a<-1&&?b>2", ["?a", "<", "-", "1", "&&", "?b", ">", "2"]),
        ("?a<'>''", ["?a", "<'>", "''"]),
        ("?s <?p> ?o", ["?s", "<", "?p", ">", "?o"]),
        ("?a<<http://x>", ["?a", "<", "<http://x>"]),
        ("<<<a:s> <a:p> 1>>", ["<<", "<a:s>", "<a:p>", "1", ">>"]),
        (
            "<< <a:s> ?p << ?x ?y ?z >> >>",
            ["<<", "<a:s>", "?p", "<<", "?x", "?y", "?z", ">>", ">>"],
        ),
        ("a:p+/^a:q*|!a:r?", ["a:p", "+", "/", "^", "a:q", "*", "|", "!", "a:r", "?"]),
        ("(1 <p>)", ["(", "1", "<p>", ")"]),
        ("?x{|?a ?b|}", ["?x", "{", "|", "?a", "?b", "|", "}"]),
    ],
)
def test_neighbours_are_told_apart(text, texts):
    assert [token.text for token in read_tokens(text)] == texts


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("'x", 1, 1), ("ASK {\n  'x\n' }", 2, 3), ("'''x''", 1, 1), ('"\\q"', 1, 1),
        ("a \\ b", 1, 3), ("ASK {} @", 1, 8), ("ASK {} %", 1, 8),
        ("a:b\\u", 1, 4), ("ASK\u00a0{}", 1, 4), ("a\x00", 1, 2), ("_:", 1, 1), ("&", 1, 1),
    ],
)  # fmt: skip
def test_what_begins_no_token_is_refused_with_its_place(text, line, column):
    with pytest.raises(QuerySyntaxError) as caught:
        list(read_tokens(text))
    assert (caught.value.line, caught.value.column) == (line, column)
    assert len(str(caught.value).splitlines()) == 2


# --- codepoint escapes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        (r"SERV\u0049CE", "SERVICE"),
        (r"\u0053\U00000045RVICE", "SERVICE"),
        (r"'caf\u00E9'", "'café'"),
        (r"<http://a/\u00e9>", "<http://a/é>"),
        (r'"\U0001F600"', '"😀"'),
        (r'"a\u0022b"', r'"a\"b"'),
        (r"'a\u0027b'", r"'a\'b'"),
        (r'"\u005C"', r'"\\"'),
        (r'"\u000A\u000D"', r'"\n\r"'),
        (r'"\\u0041"', r'"\\u0041"'),
        (r'"\\\u0041"', r'"\\A"'),
        (r'"\u005Cu0041"', r'"\\u0041"'),
        ("no escape", "no escape"),
    ],
)
def test_codepoint_escapes_are_decoded_everywhere(text, decoded):
    assert decode_escapes(text).text == decoded


@pytest.mark.parametrize(
    "text",
    [
        r"\u", r"\u12", r"\u12G4", r"\U0000004", r"\U00110000", r"'\uD800'", r"\uDFFF",
        "# \\u000A SERVICE", "# a\n# \\u000D b", r"# \U0000000a",
    ],
)  # fmt: skip
def test_an_escape_that_means_no_character_there_is_refused(text):
    with pytest.raises(QuerySyntaxError):
        decode_escapes(text)


def test_an_escaped_line_end_outside_a_comment_stays_in_its_string():
    assert decode_escapes("# a\n'\\u000A' # b").text == "# a\n'\\n' # b"


def test_places_are_those_of_the_text_as_it_was_asked():
    text = "ASK { 'é\\u00e9' \\U00000041 ?x }"
    decoded = decode_escapes(text)
    assert decoded.origin(decoded.text.index("?x")) == text.index("?x")
    assert decoded.origin(decoded.text.index("A ?x")) == text.index("\\U")


@settings(deadline=None)
@given(st.text(), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5), st.text(max_size=4))))
def test_a_rewriting_knows_where_everything_was(source, cuts):
    replacements, done = [], 0
    for start, length, piece in sorted(cuts):
        if done <= start and start + length <= len(source):
            replacements.append((start, start + length, piece))
            done = start + length
    rewriting = Rewriting(source, replacements)
    assert len(rewriting.text) == len(source) + sum(len(p) - (e - s) for s, e, p in replacements)
    for offset in range(len(rewriting.text)):
        origin = rewriting.origin(offset)
        if not any(start <= origin < end for start, end, _ in replacements) and not any(
            start == origin for start, _, piece in replacements if piece
        ):
            assert rewriting.text[offset] == source[origin]


# --- properties ----------------------------------------------------------------------------------

PIECES = st.sampled_from(
    ["<", ">", "'", '"', "'''", '"""', "#", "\n", "\r", " ", "?a", "a", "a:b", ":", ".", "-", "_:",
     "@en", "\\", "\\'", "\\n", "\\u0041", "1", "e", "(", ")", "{", "}", "|", "^^", "<a>", "%41",
     "é", "\u00a0", "SERVICE", "\x00", "😀"]
)  # fmt: skip
SOUP = st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=40)


@settings(deadline=None)
@given(SOUP)
def test_tokens_and_white_space_are_the_whole_text(text):
    position, failure = 0, None
    tokens = read_tokens(text)
    while failure is None:
        try:
            token = next(tokens, None)
        except QuerySyntaxError as error:
            failure = error
            continue
        if token is None:
            break
        assert token.text
        assert text[position : token.start].strip("\t\n\r ") == ""
        assert text[token.start : token.start + len(token.text)] == token.text
        position = token.start + len(token.text)
    if failure is None:
        assert text[position:].strip("\t\n\r ") == ""
    else:
        assert (failure.line, failure.column) >= line_and_column(text, position)


@settings(deadline=None)
@given(SOUP)
def test_any_text_decodes_or_is_refused_with_its_place(text):
    with contextlib.suppress(QuerySyntaxError):
        assert decode_escapes(text).text == text or "\\" in text


@pytest.mark.parametrize(
    "piece",
    ["a.", "a-", "a ", "<a", "< ", "?a<", "'' ", "a:b.", "a:.", "1.", ". ", "_:a.", "@a-", "#\n",
     "\\u0041", "<<", "a.b-", "((", "'''a'''", '"""a""', "a:%41"],
)  # fmt: skip
def test_long_repetitions_end(piece):
    """A quadratic step would take minutes here."""
    with contextlib.suppress(QuerySyntaxError):
        for token in read_tokens(decode_escapes(piece * 50_000).text):
            assert token.text
