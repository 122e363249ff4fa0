"""What may run: queries only, nothing that reaches out, nothing too deep."""

import contextlib

import pyoxigraph as ox
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from collex_graph.errors import (
    QueryError,
    QueryRefusedError,
    QuerySyntaxError,
    QueryTooLargeError,
)
from collex_graph.sparql.policy import LONGEST_CHAIN, MOST_TOKENS, QueryForm, check_query

TARGET = "<http://127.0.0.1:1/>"
CALL = f"SERVICE {TARGET} {{}}"


def check(text, nesting=100):
    return check_query(text, text_bytes=1_000_000, nesting=nesting)


def two_statements():
    store = ox.Store()
    store.update('INSERT DATA { <a:s> <a:p> "b" . <a:s> <a:p> 1 }')
    return store


# --- forms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("SELECT * { ?s ?p ?o }", QueryForm.SELECT),
        ("select*{}", QueryForm.SELECT),
        ("# ASK\nSELECT * {}", QueryForm.SELECT),
        ("BASE <http://a/> PREFIX ask: <x> PREFIX : <y> ASK {}", QueryForm.ASK),
        ('VERSION "1.2" prefix a: <x> Construct { a:b a a:c } WHERE {}', QueryForm.CONSTRUCT),
        ("DESCRIBE <http://a/b>", QueryForm.DESCRIBE),
        (r"\u0041SK {}", QueryForm.ASK),
    ],
)
def test_the_form_of_a_query_is_known(text, form):
    assert check(text).form is form


@pytest.mark.parametrize(
    "text", ["", "  \n", "# only a comment", "PREFIX a: <x>", "{}", "WHERE {}", "?x", "BASE", "1"]
)
def test_what_is_no_query_is_malformed(text):
    with pytest.raises(QuerySyntaxError) as caught:
        check(text)
    assert caught.value.line == 1


@pytest.mark.parametrize(
    "update",
    ["INSERT DATA { <a:a> <a:b> 1 }", "DELETE WHERE { ?s ?p ?o }", "LOAD <http://127.0.0.1:1/>",
     "CLEAR ALL", "DROP SILENT GRAPH <a:g>", "CREATE GRAPH <a:g>", "ADD <a:g> TO <a:h>",
     "MOVE <a:g> TO <a:h>", "COPY <a:g> TO <a:h>", "WITH <a:g> DELETE { ?s ?p ?o } WHERE {}"],
)  # fmt: skip
@pytest.mark.parametrize(
    "around",
    ["{}", "  {}", "# a comment\n{}", "PREFIX a: <http://a/> BASE <http://b/> # x\n{}",
     "SELECT * {{}} ; {}", "ASK {{}} # x\n;{}"],
)  # fmt: skip
def test_an_update_is_refused_wherever_it_stands(update, around):
    for text in (update, update.lower(), f"\\u{ord(update[0]):04x}{update[1:]}"):
        with pytest.raises(QueryRefusedError, match="update"):
            check(around.format(text))


# --- SERVICE -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f"ASK {{ {CALL} }}",
        f"ASK {{ SERVICE SILENT {TARGET} {{}} }}",
        "ASK { BIND(<http://127.0.0.1:1/> AS ?x) service ?x {} }",
        f"ASK {{ FILTER NOT EXISTS {{ {CALL} }} }}",
        f"ASK {{ {{ SELECT * {{ OPTIONAL {{ {CALL} }} }} }} UNION {{}} }}",
        "PREFIX a: <http://127.0.0.1:1/> ASK { SERVICE a:b {} }",
        "ASK { SERVICE <file:///etc/passwd> {} }",
        "ASK { SERVICE <http://2130706433/> {} }",
        f"ASK {{ SERVICE#{TARGET}\n{TARGET} {{}} }}",
        f"ASK {{ SERVICE{TARGET}{{}} }}",
        f"ASK {{ SeRvIcE\t{TARGET} {{}} }}",
        rf"ASK {{ SERV\u0049CE {TARGET} {{}} }}",
        rf"ASK {{ \U00000053\u0045\u0052\u0056\u0049\u0043\u0045 {TARGET} {{}} }}",
        f"ASK {{ '' {CALL} }}",
        f"ASK {{ ?s ?p 'it\\'s' . {CALL} }}",
        f"ASK {{ ?s ?p '''a''' . {CALL} #'''\n}}",
        f"ASK {{ ?s ?p 1{CALL} }}",
        f"ASK {{ ?s ?p 'x'@en {CALL} }}",
        f"ASK {{ # \r {CALL} }}",
    ],
)
def test_service_is_refused_in_every_spelling(text):
    with pytest.raises(QueryRefusedError, match="SERVICE"):
        check(text)


PREFIXES = (
    "PREFIX a: <http://127.0.0.1:1/> PREFIX : <http://127.0.0.1:1/> PREFIX service: <x:> "
    "PREFIX SERVICEa: <x:> PREFIX SERVICESILENTa: <x:> PREFIX trueSERVICEa: <x:> "
)


@pytest.mark.parametrize(
    "text",
    [
        # Oxigraph reads keywords without looking where the word ends…
        PREFIXES + "ASK { SERVICEa:b {} }",
        PREFIXES + "ASK { service:b {} }",
        PREFIXES + "ASK { SERVICE:b # x\n {} }",
        f"ASK {{ SERVICE{TARGET} {{}} }}",
        f"ASK {{ ?s ?p 1SERVICE{TARGET}{{}} }}",
        # …reads `<'z>` in an expression as less than and the beginning of a string…
        f"ASK {{ ?s ?p ?o FILTER(?o<'z>') {CALL} #')\n}}",
        # …and leaves codepoint escapes to strings and IRIs, where a quote is a character.
        f'ASK {{ ?s ?p ?o FILTER(?o != "a\\u0022b") {CALL} #")\n}}',
        f'ASK {{ ?s ?p ?o FILTER(?o != "\\u005C") {CALL} #")\n}}',
    ],
)
def test_what_oxigraph_would_fetch_is_refused_or_harmless(text):
    store = two_statements()

    def fetches(query):
        try:
            store.query(query, base_iri="http://127.0.0.1:1/")
        except OSError:  # port 1 is refused before any connection: the attempt is what counts
            return True
        except SyntaxError:
            return False
        return False

    assert fetches(text)
    try:
        checked = check(text)
    except QueryError:
        return
    assert not fetches(checked.text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ?service ?load $insert { ?service ?drop ?with }",
        "PREFIX service: <http://a/> ASK { ?s service:load service:insert . ?x a service:SERVICE }",
        "PREFIX a: <http://a/> ASK { a:SERVICE a:LOAD.DROP a:x\\-DELETE }",
        "ASK { ?s ?p 'SERVICE <http://a/> {}', \"LOAD\", '''DROP ' ALL''', \"\"\"a\"CLEAR\"\"\" }",
        "ASK { ?s ?p 'it\\'s SERVICE' }",
        "ASK { <http://SERVICE/LOAD?DROP#INSERT> ?p ?o }",
        "ASK { _:service ?p _:DROP }",
        "ASK { ?s ?p 'x'@load, 'y'@service-insert }",
        "# SERVICE LOAD INSERT\nASK {} # DROP ALL",
        "ASK { GRAPH <http://a/SERVICE> { ?s ?p ?o } }",
        "PREFIX s: <http://a/> ASK { GRAPH s:service { ?s ?p ?o } }",
    ],
)  # fmt: skip
def test_words_that_only_look_like_commands_pass(text):
    assert check(text).form in QueryForm


@pytest.mark.parametrize("word", ["SERVICESILENT", "trueSERVICE", "webservice", "ASKSERVICE"])
def test_a_service_glued_to_another_word_is_refused(word):
    with pytest.raises(QueryRefusedError):
        check(f"ASK {{ {word} <a:b> {{}} }}")


@pytest.mark.parametrize("word", ["SELEC", "bindings", "LIMIT1", "été", "trueUNION"])
def test_a_word_that_sparql_does_not_have_is_malformed(word):
    with pytest.raises(QuerySyntaxError, match="unknown word") as caught:
        check(f"ASK {{\n  {word} }}")
    assert (caught.value.line, caught.value.column) == (2, 3)


def test_an_undeclared_prefix_is_named_with_what_declares_it():
    with pytest.raises(
        QuerySyntaxError, match=r"PREFIX skos: <http://www.w3.org/2004/02/skos/"
    ) as e:
        check("SELECT * { ?s a\n skos:Concept }")
    assert (e.value.line, e.value.column) == (2, 2)
    with pytest.raises(QuerySyntaxError, match="PREFIX foo: <…>"):
        check("PREFIX fo: <x> ASK { foo:a ?p ?o }")


# --- sizes ---------------------------------------------------------------------------------------


def test_a_text_over_its_limit_is_too_large_in_bytes():
    text = "ASK {} # é"
    size = len(text.encode())
    assert check_query(text, text_bytes=size, nesting=9)
    with pytest.raises(QueryTooLargeError, match=str(size - 1)):
        check_query(text, text_bytes=size - 1, nesting=9)


def test_a_text_of_too_many_words_is_too_large():
    with pytest.raises(QueryTooLargeError, match=str(MOST_TOKENS)):
        check("ASK {" + "." * MOST_TOKENS)


def test_a_list_of_fifty_thousand_iris_passes():
    text = "SELECT * { VALUES ?x { " + "<http://a/b#c> " * 50_000 + "} }"
    assert check(text).form is QueryForm.SELECT


def test_a_lone_surrogate_is_refused_with_its_place():
    with pytest.raises(QuerySyntaxError) as caught:
        check("ASK {\n '\ud800' }")
    assert (caught.value.line, caught.value.column) == (2, 3)


# --- depth ---------------------------------------------------------------------------------------

NESTS = {
    "groups": ("ASK ", "{", "", "}", ""),
    "brackets": ("SELECT (", "(", "1", ")", " AS ?x) {}"),
    "functions": ("SELECT (", "STR(", "1", ")", " AS ?x) {}"),
    "lists": ("ASK { ?s ?p ", "(", "1", ")", "}"),
    "blank nodes": ("ASK { ?s ?p ", "[ <a:p> ", "1", "]", "}"),
    "quoted triples": ("ASK { ", "<< ", "?s", " ?p ?o >>", " ?p ?o }"),
    "triple terms": ("ASK { ?s ?p ", "<<( ?s ?p ", "1", " )>>", "}"),
    "negations": ("SELECT (", "!", "1", "", " AS ?x) {}"),
    "signs": ("SELECT (", "- ", "?y", "", " AS ?x) {}"),
    "inverse paths": ("ASK { ?s ", "^", "<a:p>", "", " ?o }"),
    "mixed": ("SELECT (", "!(-", "1", ")", " AS ?x) {}"),
    "in strings' company": ("SELECT (", "IF('(', ", "1", ", ')')", " AS ?x) {}"),
}


@pytest.mark.parametrize("name", NESTS)
def test_nesting_is_counted_whatever_makes_it(name):
    before, opening, inner, closing, after = NESTS[name]

    def text(depth):
        return before + opening * depth + inner + closing * depth + after

    assert check(text(20), nesting=70)
    with pytest.raises(QuerySyntaxError, match="the limit is 70") as caught:
        check(text(200), nesting=70)
    assert caught.value.line == 1
    assert caught.value.column <= len(before) + 101 * len(opening)


def test_the_nested_query_of_four_kilobytes_is_refused_with_the_number():
    with pytest.raises(QuerySyntaxError, match="101 levels"):
        check("SELECT * " + "{" * 2200 + "}" * 2200)


def test_brackets_in_strings_and_comments_do_not_nest():
    assert check("ASK { ?s ?p '" + "{" * 500 + "' } # " + "(" * 500)


@pytest.mark.parametrize(
    "text", ["ASK {", "ASK }", "ASK { ( ]", "ASK { << ?s ?p ?o }", "ASK { ?a >> ?b }", "ASK {}}"]
)
def test_brackets_must_match(text):
    with pytest.raises(QuerySyntaxError):
        check(text)


@pytest.mark.parametrize(
    ("before", "link", "after"),
    [
        ("SELECT (1", "+1", " AS ?x) {}"), ("SELECT (1", "*1", " AS ?x) {}"),
        ("SELECT (1", "||1", " AS ?x) {}"), ("SELECT (1", "&&1", " AS ?x) {}"),
        ("ASK { ?s <a:p>", "/<a:p>", " ?o }"), ("ASK { ?s <a:p>", "|<a:p>", " ?o }"),
        ("ASK { {}", "UNION{}", "}"), ("ASK { ", "OPTIONAL{}", "}"), ("ASK { ", "MINUS{}", "}"),
        ("ASK { ", "FILTER(1)", "}"), ("ASK { ", "BIND(1 AS ?x)", "}"),
        ("ASK { ", "LATERAL{}", "}"),
    ],
)  # fmt: skip
def test_a_chain_is_limited_though_it_has_no_brackets(before, link, after):
    assert check(before + link * LONGEST_CHAIN + after)
    with pytest.raises(QuerySyntaxError, match=f"more than {LONGEST_CHAIN} operators") as caught:
        check(before + link * (LONGEST_CHAIN + 1) + after)
    assert caught.value.column > LONGEST_CHAIN


def test_chains_of_different_groups_do_not_add_up():
    group = "{ {}" + " UNION {}" * (LONGEST_CHAIN // 2) + " }"
    assert check(f"ASK {{ {group} {group} {group} }}")


# --- what is evaluated ---------------------------------------------------------------------------


def test_the_text_to_evaluate_has_no_escapes_and_no_treacherous_iris():
    checked = check(r"ASK { <http://a/b#c'd> ?p 'caf\u00e9 # \'' } # \u0041")
    assert checked.text == r"ASK { <http://a/b\u0023c\u0027d> ?p 'café # \'' } # A"


def test_rewritten_iris_are_the_same_iris():
    store = ox.Store()
    text = "SELECT ?x { VALUES ?x { <http://a/b#c'd> <http://a/\\u00e9#> } }"
    assert list(map(str, store.query(check(text).text))) == list(map(str, store.query(text)))


def test_the_place_of_an_error_is_that_of_the_text_as_it_was_asked():
    text = "ASK {\n <http://a/#b> <http://a/#c> '\\u0041' ; ; }"
    checked = check(text)
    line, column = 2, checked.text.split("\n")[1].index(";") + 1
    assert checked.origin(line, column) == (2, text.split("\n")[1].index(";") + 1)
    assert checked.excerpt(2, 2).startswith("<http://a/#b>")


@pytest.mark.parametrize("place", [(99, 1), (1, 999), (0, 0)])
def test_a_place_that_does_not_exist_harms_nothing(place):
    checked = check("ASK {}")
    checked.origin(*place)
    assert isinstance(checked.excerpt(*place), str)


# --- properties ----------------------------------------------------------------------------------

COMMANDS = st.sampled_from(["SERVICE", "LOAD", "INSERT", "DROP", "WITH", "DELETE"]).flatmap(
    lambda word: st.tuples(*(st.sampled_from([c.lower(), c.upper()]) for c in word)).map("".join)
)
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def as_string(text, quote):
    escaped = text.replace("\\", "\\\\").replace(quote[0], "\\" + quote[0])
    return quote + escaped.replace("\n", "\\n").replace("\r", "\\r") + quote


@settings(deadline=None)
@given(COMMANDS, ANY, ANY, st.sampled_from(["'", '"', "'''", '"""']))
def test_no_string_is_ever_a_command(word, before, after, quote):
    literal = as_string(f"{before} {word} <http://a/> {{}} {after}", quote)
    assert check(f"ASK {{ ?s ?p {literal} }}").form is QueryForm.ASK


@settings(deadline=None)
@given(COMMANDS, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\\\n\r")))
def test_no_comment_is_ever_a_command(word, text):
    assert check(f"#{text} {word}\nASK {{}} # {word} {text}").form is QueryForm.ASK


@settings(deadline=None)
@given(COMMANDS, st.from_regex(r"[a-z0-9_]{0,8}", fullmatch=True))
def test_no_name_is_ever_a_command(word, suffix):
    text = (
        f"PREFIX p: <http://a/> SELECT ?{word}{suffix} {{ ?{word}{suffix} p:{word}{suffix} "
        f"<http://a/{word}/{suffix}>, _:{word}{suffix}, 'x'@{word} }}"
    )
    assert check(text).form is QueryForm.SELECT


@settings(deadline=None)
@given(st.data(), st.sampled_from([f"ASK {{ {CALL} }}", "DROP ALL", "PREFIX a: <x> LOAD <a:b>"]))
def test_no_choice_of_escapes_hides_a_command(data, text):
    letters = [
        data.draw(st.sampled_from([c, f"\\u{ord(c):04X}", f"\\U{ord(c):08x}"]))
        if c.isalpha()
        else c
        for c in text
    ]
    with pytest.raises(QueryRefusedError):
        check("".join(letters))


FRAGMENTS = st.sampled_from(
    ["<", ">", "'", '"', "'''", "#", "\n", "?a", "FILTER(?o<", "'z>", ")", "<<", ">>", "{", "}",
     "a:b", "\\u0027", "\\u0022", "\\u0023", "\\", "1", " ", ".", "&&", "<#>", "<'z>')", "#')\n",
     CALL, "SERVICE a:b {}", "SERVICEa:b{}", "service:x{}", "true", "\\'", "@en", "^^", "|", "_:b"]
)  # fmt: skip
SEEDS = st.sampled_from(
    [
        ["ASK{", "?s ?p ?o ", "FILTER(?o<'z>')", CALL, "#')\n", "}"],
        ["ASK{", "?s ?p ", "'a'", ".", CALL, "}"],
        ["ASK{", "VALUES (?a ?b) {(", "1", " <a:b>", ")}", CALL, "}"],
        ["ASK{", "<<", " ?a ?b ?c ", ">>", " ?d ?e .", CALL, "}"],
    ]
)


@settings(deadline=None)
@given(SEEDS, st.lists(st.tuples(st.integers(0, 6), FRAGMENTS), max_size=4))
@example(["ASK{", "?s ?p ?o ", "}"], [(2, "FILTER(?o<'z>')"), (3, CALL), (4, "#')\n")])
def test_nothing_that_passes_makes_oxigraph_fetch(seed, insertions):
    pieces = list(seed)
    for place, fragment in insertions:
        pieces.insert(place, fragment)
    try:
        checked = check(PREFIXES + "".join(pieces))
    except QueryError:
        return
    with contextlib.suppress(SyntaxError, RuntimeError):  # an OSError would be an attempt
        two_statements().query(checked.text, base_iri="http://127.0.0.1:1/")


@settings(deadline=None)
@given(ANY)
def test_any_text_is_a_query_or_refused_in_words(text):
    said = "\n"
    try:
        check(text)
    except QueryError as error:
        said = str(error)
    assert said.count("\n") == 1
