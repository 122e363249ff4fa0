"""Requests of the SPARQL 1.1 Protocol, without a server."""

import re
from urllib.parse import urlencode

import pytest

from collex_graph.errors import (
    QueryError,
    QueryMediaTypeError,
    QueryRefusedError,
    QuerySyntaxError,
    QueryTooLargeError,
)
from collex_graph.settings import Settings
from collex_graph.sparql.protocol import read_parameters, read_request

FORM = "application/x-www-form-urlencoded"
DIRECT = "application/sparql-query"
SETTINGS = Settings(query_timeout_seconds=30.0, query_text_bytes=1_000)


def get(*parameters, accept=None):
    return read_request(
        method="GET", query_string=urlencode(parameters), accept=accept, settings=SETTINGS
    )


def post(body, content_type, *parameters, accept=None):
    return read_request(
        method="POST",
        query_string=urlencode(parameters),
        content_type=content_type,
        body=body if isinstance(body, bytes) else body.encode(),
        accept=accept,
        settings=SETTINGS,
    )


# --- the three ways ------------------------------------------------------------------------------


def test_a_query_comes_by_get():
    assert get(("query", "ASK { ?s ?p 'é+&=' }")).text == "ASK { ?s ?p 'é+&=' }"


def test_a_query_comes_as_a_form():
    assert post("query=ASK%20%7B%7D+%23+%C3%A9", FORM).text == "ASK {} # é"
    assert post("query=ASK{}", f"{FORM}; charset=UTF-8").text == "ASK{}"


def test_a_query_comes_as_a_body():
    assert post("ASK { } # é", DIRECT).text == "ASK { } # é"
    assert post("ASK {}", 'Application/SPARQL-Query; charset="utf-8"').text == "ASK {}"
    assert post(b"\xef\xbb\xbfASK {}", DIRECT).text == "ASK {}"


def test_a_body_is_never_read_for_get():
    request = read_request(
        method="GET",
        query_string=b"query=ASK%7B%7D",
        content_type=DIRECT,
        body=b"DROP ALL",
        settings=SETTINGS,
    )
    assert request.text == "ASK{}"


def test_graphs_stand_in_the_address_or_in_the_form():
    graphs = [
        ("default-graph-uri", "http://a/1"),
        ("default-graph-uri", "http://a/2"),
        ("named-graph-uri", "http://a/3"),
        ("default-graph-uri", "http://a/1"),
    ]
    for request in (
        get(("query", "ASK {}"), *graphs),
        post("ASK {}", DIRECT, *graphs),
        post("query=ASK{}", FORM, *graphs),
        post("query=ASK{}&" + urlencode(graphs), FORM),
        post("query=ASK{}&" + urlencode(graphs[:2]), FORM, *graphs[2:]),
    ):
        assert set(request.default_graphs) == {"http://a/1", "http://a/2"}
        assert request.named_graphs == ("http://a/3",)


@pytest.mark.parametrize("name", ["default-graph-uri", "named-graph-uri"])
@pytest.mark.parametrize("iri", ["", "x", "a b:c", "http://a/<b>", 'http://a/"', "http://a/\n"])
def test_a_graph_that_is_no_absolute_iri_is_malformed(name, iri):
    with pytest.raises(QuerySyntaxError, match=name):
        get(("query", "ASK {}"), (name, iri))


# --- what is wrong with a request ----------------------------------------------------------------


def test_a_query_must_be_there_once():
    for wrong in (
        get,
        lambda: get(("format", "csv")),
        lambda: get(("query", "ASK {}"), ("query", "ASK {}")),
        lambda: post("", FORM),
        lambda: post("query=ASK{}&query=ASK{}", FORM),
        lambda: post("query=ASK{}", FORM, ("query", "ASK {}")),
        lambda: post("ASK {}", DIRECT, ("query", "ASK {}")),
    ):
        with pytest.raises(QuerySyntaxError, match="query="):
            wrong()


def test_an_update_is_refused_on_every_way():
    for refused in (
        lambda: get(("update", "DROP ALL")),
        lambda: get(("query", "ASK {}"), ("update", "DROP ALL")),
        lambda: post("update=DROP+ALL", FORM),
        lambda: post("query=ASK{}&update=DROP+ALL", FORM),
        lambda: post("query=ASK{}", FORM, ("update", "DROP ALL")),
        lambda: post("ASK {}", DIRECT, ("update", "")),
        lambda: post("DROP ALL", "application/sparql-update"),
        lambda: post("query=ASK{}&using-graph-uri=http://a/b", FORM),
    ):
        with pytest.raises(QueryRefusedError, match="updates"):
            refused()


@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/plain", "application/json", "multipart/form-data; boundary=x",
     "application/sparql-query-x", f"text/plain; {DIRECT}", f"{DIRECT}; charset=utf-16",
     f"{FORM}; charset=iso-8859-1"],
)  # fmt: skip
def test_a_body_that_the_protocol_does_not_have_is_unsupported(content_type):
    with pytest.raises(QueryMediaTypeError):
        post("query=ASK{}", content_type)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("ASK {} # é".encode("latin-1"), DIRECT),
        ("ASK {}".encode("utf-16"), DIRECT),
        (b"query=ASK%7B%7D+%23+%E9", FORM),
        ("query=é".encode(), FORM),
        (b"\xff", FORM),
        ("ASK {} # é", f"{DIRECT}; charset=us-ascii"),
    ],
)
def test_text_that_is_not_utf_8_is_malformed(body, content_type):
    with pytest.raises(QuerySyntaxError, match="UTF-8"):
        post(body, content_type)


def test_bytes_in_the_address_must_be_utf_8():
    with pytest.raises(QuerySyntaxError, match="UTF-8"):
        read_request(method="GET", query_string=b"query=%E9", settings=SETTINGS)


def test_a_body_that_no_query_within_the_limit_can_have_is_too_large():
    assert post(b"x" * 1_000, DIRECT)
    with pytest.raises(QueryTooLargeError):
        post(b"x" * 1_001, DIRECT)
    assert post(b"query=" + b"%20" * 1_000, FORM).text == " " * 1_000
    with pytest.raises(QueryTooLargeError):
        post(b"query=" + b"x" * 100_000, FORM)


def test_a_request_of_very_many_parameters_is_malformed():
    with pytest.raises(QuerySyntaxError, match="1000 parameters"):
        read_parameters("a=1&" * 1_001)


# --- wishes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5", 5.0), ("0.25", 0.25), (" 2.5 ", 2.5), (".5", 0.5), ("30", 30.0), ("3600", 30.0),
     ("999999999", 30.0), ("1e9", 30.0), ("1E+3", 30.0), ("2.5e0", 2.5), ("1e-1", 0.1),
     ("9" * 400, 30.0), ("1e400", 30.0), ("7.", 7.0), ("", None)],
)  # fmt: skip
def test_a_limit_is_in_seconds_and_only_ever_lowered(text, seconds):
    assert get(("query", "ASK {}"), ("timeout", text)).timeout_seconds == seconds


@pytest.mark.parametrize(
    "text",
    ["0", "0.0", "0e9", "1e-400", "-1", "-1e9", "soon", "nan", "inf", "e3", ".", "5s", "1,5", "٣"],
)
def test_a_limit_that_is_no_time_is_malformed(text):
    with pytest.raises(QuerySyntaxError, match="timeout="):
        get(("query", "ASK {}"), ("timeout", text))


@pytest.mark.parametrize("name", ["timeout", "format"])
def test_a_wish_may_be_said_once(name):
    with pytest.raises(QuerySyntaxError, match=name):
        get(("query", "ASK {}"), (name, "5"), (name, "5"))


def test_the_accept_header_is_read_best_first():
    request = get(("query", "ASK {}"), accept="text/csv;q=0.5, */*;q=0.1, application/json")
    assert request.accept == ("application/json", "text/csv", "*/*")
    assert get(("query", "ASK {}")).accept == ()


@pytest.mark.parametrize(
    ("word", "accept"),
    [
        ("json", ("application/sparql-results+json", "application/ld+json")),
        ("xml", ("application/sparql-results+xml", "application/rdf+xml")),
        ("CSV", ("text/csv",)),
        ("ttl", ("text/turtle",)),
        ("turtle", ("text/turtle",)),
        ("application/n-triples", ("application/n-triples",)),
        ("html", ("text/html",)),
    ],
)
def test_people_say_a_format_in_the_address_which_beats_the_header(word, accept):
    assert get(("query", "ASK {}"), ("format", word), accept="image/png").accept == accept
    assert post("ASK {}", DIRECT, ("format", word)).accept == accept


def test_an_unknown_format_is_malformed_and_the_known_ones_are_listed():
    with pytest.raises(
        QuerySyntaxError, match="json, xml, csv, tsv, geojson, xlsx, ttl, nt, rdf, jsonld"
    ):
        get(("query", "ASK {}"), ("format", "xls"))


def test_other_parameters_are_ignored():
    request = get(("query", "ASK {}"), ("should-sponge", "grab-all"), ("_", "1"), ("debug", "on"))
    assert request.text == "ASK {}"


def test_every_refusal_speaks_two_languages():
    for parameters in ([], [("query", "a"), ("timeout", "x")], [("update", "x")]):
        with pytest.raises(QueryError) as caught:
            get(*parameters)
        french, _ = str(caught.value).splitlines()
        assert not re.search(r"\w'\w| [;:!?]|« ", french)
