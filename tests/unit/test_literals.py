"""What may enter the store, checked against the store itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad, Store

from collex_graph.rdf.literals import (
    NOT_ALLOWED,
    TOO_LARGE,
    canonical_decimal,
    canonical_integer,
    check_language_tag,
    check_literal,
)

XSD = "http://www.w3.org/2001/XMLSchema#"
NODE = NamedNode("http://example.org/x")

# a value of each type that every other one can be compared with
REFERENCES = {
    "integer": "1", "decimal": "1", "double": "1", "boolean": "true", "date": "2000-01-01",
    "dateTime": "2000-01-01T00:00:00", "time": "10:00:00", "gYear": "2000",
    "gYearMonth": "2000-01", "gMonthDay": "--01-01", "gMonth": "--01", "gDay": "---01",
    "duration": "P1Y", "yearMonthDuration": "P1Y", "dayTimeDuration": "P1D",
}  # fmt: skip


def stored(lexical: str, datatype: str) -> Literal:
    store = Store()
    store.add(Quad(NODE, NODE, Literal(lexical, datatype=NamedNode(XSD + datatype))))
    found = next(iter(store)).object
    assert isinstance(found, Literal)
    return found


def is_compared(lexical: str, datatype: str) -> bool:
    """Whether the store can compare the literal at all, rather than dropping it."""
    text = f'''SELECT ?x {{ BIND("{lexical}"^^<{XSD}{datatype}> = "{REFERENCES[datatype]}"'''
    text += f"""^^<{XSD}{datatype}> AS ?x) }}"""
    solutions = list(Store().query(text))  # type: ignore[arg-type]
    return solutions[0]["x"] is not None  # type: ignore[index]


ACCEPTED = [
    ("integer", "0"), ("integer", "-1"), ("integer", "1930"), ("integer", "9223372036854775807"),
    ("decimal", "0.64"), ("decimal", "44000"), ("decimal", "-0.5"), ("decimal", "48.84531"),
    ("decimal", "170141183460469231731.687303715884105727"), ("decimal", "0.123456789012345678"),
    ("double", "1"), ("double", "0.1"), ("double", "150"), ("double", "INF"), ("double", "-0"),
    ("boolean", "true"), ("boolean", "false"),
    ("date", "2023-03-09"), ("date", "-0044-03-15"), ("date", "0000-02-29"),
    ("date", "2024-01-01Z"),
    ("dateTime", "2024-01-01T00:00:00Z"), ("dateTime", "2024-01-01T00:00:00.5+01:00"),
    ("time", "10:00:00"), ("gYear", "0701"), ("gYear", "-0499"), ("gYearMonth", "2024-01"),
    ("gMonthDay", "--12-31"), ("gMonth", "--12"), ("gDay", "---31"),
    ("duration", "P1Y"), ("duration", "P1M2DT3H"), ("duration", "PT1.5S"), ("duration", "-P1Y"),
    ("yearMonthDuration", "P1Y11M"), ("dayTimeDuration", "PT0S"), ("dayTimeDuration", "P90D"),
]  # fmt: skip

REWRITTEN = [
    ("integer", "01"), ("integer", "+1"), ("integer", "-0"),
    ("decimal", "1.50"), ("decimal", "1.0"), ("decimal", ".5"), ("decimal", "5."),
    ("decimal", "-0"), ("decimal", "-0.0"), ("decimal", "+1.5"), ("decimal", "00.5"),
    ("double", "1.0E0"), ("double", "1.5E2"), ("double", "+INF"), ("double", "1e400"),
    ("boolean", "1"), ("boolean", "0"),
    ("date", "2024-01-01+00:00"), ("dateTime", "2024-01-01T00:00:00-00:00"),
    ("dateTime", "2024-01-01T24:00:00"), ("dateTime", "2024-01-01T00:00:00.50"),
    ("dateTime", "2024-01-01T00:00:00.000"), ("time", "24:00:00"), ("gYear", "2024+00:00"),
    ("duration", "P0Y1M"), ("duration", "P12M"), ("duration", "PT60S"), ("duration", "P1YT0S"),
    ("duration", "P0D"), ("duration", "PT1.50S"), ("yearMonthDuration", "P12M"),
    ("dayTimeDuration", "PT24H"), ("dayTimeDuration", "P0D"),
    ("int", "1"), ("long", "1"), ("nonNegativeInteger", "1"), ("positiveInteger", "1"),
    ("unsignedByte", "1"), ("negativeInteger", "-1"), ("dateTimeStamp", "2024-01-01T00:00:00Z"),
]  # fmt: skip

WRONG = [
    ("integer", ""), ("integer", " 1"), ("integer", "1.0"), ("integer", "19.."),
    ("integer", "١٩٣٠"), ("decimal", "0,64"), ("decimal", "1e3"), ("decimal", "."),
    ("double", "nan"), ("boolean", "TRUE"), ("boolean", "oui"),
    ("date", "2024-02-30"), ("date", "2023-02-29"), ("date", "2024-1-1"), ("date", "-0480 ?"),
    ("date", "02024-01-01"), ("date", "2024-01-01\n"), ("date", "2024-01-01+15:00"),
    ("dateTime", "2024-09-07BST21:13:02"), ("dateTime", "2024-01-01T00:00:60"),
    ("dateTime", "2021-06-23 23:09:28.581"), ("time", "10:00"),
    ("gYear", "19.."), ("gYear", "99XX"), ("gYear", "-05X"), ("gYear", "701"), ("gYear", "Fond"),
    ("gYearMonth", "2024-13"), ("gMonthDay", "--02-30"), ("gMonthDay", "--04-31"),
    ("gDay", "---32"), ("gMonth", "--13"), ("duration", "P"), ("duration", "P1YT"),
    ("yearMonthDuration", "P1D"), ("dayTimeDuration", "P1Y"),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "lexical"), ACCEPTED)
def test_an_accepted_literal_is_stored_as_written_and_compared(datatype: str, lexical: str) -> None:
    assert check_literal(lexical, XSD + datatype) is None
    assert stored(lexical, datatype) == Literal(lexical, datatype=NamedNode(XSD + datatype))
    assert is_compared(lexical, datatype)


@pytest.mark.parametrize(("datatype", "lexical"), REWRITTEN)
def test_a_literal_that_the_store_would_rewrite_is_refused(datatype: str, lexical: str) -> None:
    assert stored(lexical, datatype) != Literal(lexical, datatype=NamedNode(XSD + datatype))
    assert check_literal(lexical, XSD + datatype) not in (None, NOT_ALLOWED)


@pytest.mark.parametrize(("datatype", "lexical"), WRONG)
def test_a_literal_outside_its_lexical_space_is_refused(datatype: str, lexical: str) -> None:
    assert check_literal(lexical, XSD + datatype) == NOT_ALLOWED


@pytest.mark.parametrize(
    ("datatype", "lexical"),
    [
        ("integer", "9223372036854775808"),
        ("integer", "-9223372036854775809"),
        ("decimal", "170141183460469231732"),
        ("decimal", "0.1234567890123456789"),
        ("dateTime", "2024-01-01T00:00:00.1234567890123456789"),
    ],
)
def test_a_number_that_the_store_cannot_hold_is_refused(datatype: str, lexical: str) -> None:
    assert not is_compared(lexical, datatype)
    assert check_literal(lexical, XSD + datatype) == TOO_LARGE


def test_xsd_float_is_refused_whatever_it_says() -> None:
    assert check_literal("0.1", XSD + "float") is not None


def test_a_web_address_with_a_space_is_no_any_uri() -> None:
    assert check_literal("http://a b", XSD + "anyURI") == NOT_ALLOWED
    assert check_literal("http://a/b", XSD + "anyURI") is None


def test_text_and_unknown_datatypes_allow_everything() -> None:
    assert check_literal(" 01 ", XSD + "string") is None
    assert check_literal("POINT(2 48)", "http://www.opengis.net/ont/geosparql#wktLiteral") is None


@given(st.integers(min_value=-(2**63), max_value=2**63 - 1))
def test_every_integer_written_plainly_is_accepted(number: int) -> None:
    assert check_literal(str(number), XSD + "integer") is None


@given(st.from_regex(r"[+-]?([0-9]{1,12}(\.[0-9]{0,12})?|\.[0-9]{0,12})?", fullmatch=True))
def test_the_canonical_decimal_is_what_the_store_keeps(text: str) -> None:
    canonical = canonical_decimal(text)
    if canonical is None:
        assert check_literal(text, XSD + "decimal") == NOT_ALLOWED
    else:
        assert stored(text, "decimal").value == canonical
        assert check_literal(canonical, XSD + "decimal") is None
        assert (check_literal(text, XSD + "decimal") is None) == (text == canonical)


@given(st.floats(allow_nan=False))
def test_a_double_is_accepted_exactly_when_the_store_keeps_it(number: float) -> None:
    for text in (repr(number).replace("inf", "INF"), f"{number:f}".replace("inf", "INF")):
        kept = stored(text, "double").value == text
        assert (check_literal(text, XSD + "double") is None) == kept


@given(st.from_regex(r"-?P([0-9]{1,3}Y)?([0-9]{1,3}M)?([0-9]{1,3}D)?(T([0-9]{1,3}H)?([0-9]{1,3}M)?"
                     r"([0-9]{1,3}(\.[0-9]{1,3})?S)?)?", fullmatch=True))  # fmt: skip
def test_an_accepted_duration_is_kept_as_written(text: str) -> None:
    for datatype in ("duration", "yearMonthDuration", "dayTimeDuration"):
        if check_literal(text, XSD + datatype) is None:
            assert stored(text, datatype).value == text


@given(st.text(alphabet="0123456789-+:.TZP", max_size=25))
def test_whatever_is_accepted_is_kept_and_compared(text: str) -> None:
    for datatype in REFERENCES:
        if check_literal(text, XSD + datatype) is None:
            assert stored(text, datatype).value == text
            assert is_compared(text, datatype)


@pytest.mark.parametrize("tag", ["fr", "en", "zh-hant", "grc-x-betacode", "fr-1694acad", "es-419"])
def test_a_lower_case_tag_is_accepted(tag: str) -> None:
    assert check_language_tag(tag) is None
    Literal("x", language=tag)


@pytest.mark.parametrize("tag", ["", "fr_FR", "français", "f", "fr-", "toolonglanguage", "12"])
def test_a_malformed_language_tag_is_refused(tag: str) -> None:
    assert check_language_tag(tag) == NOT_ALLOWED


def test_a_capital_in_a_language_tag_is_refused_with_the_right_tag() -> None:
    assert check_language_tag("zh-Hant") == "canonical form: zh-hant"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("0042", "42"), ("+7", "7"), ("-0", "0"), ("44 000", None), ("1.0", None), ("", None)],
)
def test_integers_are_written_canonically(text: str, canonical: str | None) -> None:
    assert canonical_integer(text) == canonical
