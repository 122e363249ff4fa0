"""Periods: every form of the real notices, and the French wordings around them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collex_graph.rdf.dates import Period, disagree, read_day, read_normal, read_wording


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("1930/1970", 1930, 1970),
        ("2014/2014", 2014, 2014),
        ("0701/1914", 701, 1914),
        ("1939-09-01 / 1945-05-08", 1939, 1945),
        ("1939-09-01/1945-05-08", 1939, 1945),
        ("1939-09/1945-05", 1939, 1945),
        ("19390901/19450508", 1939, 1945),
        ("1855", 1855, 1855),
        ("20230309", 2023, 2023),
        ("2023-03-09T10:00:00Z", 2023, 2023),
        ("-0499/-0400", -499, -400),
        ("0000", 0, 0),
        ("-0043/0014", -43, 14),
        ("1780/1790, 1800/1810", 1780, 1810),
        ("1790,1791-05-03", 1790, 1791),
        # what EDTF adds
        ("198X", 1980, 1989),
        ("1984?", 1984, 1984),
        ("1984~/2004-06", 1984, 2004),
        ("[1667,1668]", 1667, 1668),
        ("2001-21", 2001, 2001),
        ("Y-17000", -17000, -17000),
    ],
)
def test_a_closed_period_has_both_its_years(text: str, start: int, end: int) -> None:
    assert read_normal(text) == Period(start, end)


@pytest.mark.parametrize(
    ("text", "start", "repair"),
    [
        ("1400/9999", 1400, "9999"),
        ("1400/9999-12-31", 1400, "9999"),
        ("1855/", 1855, "no end"),
        ("1855/..", 1855, None),
        ("1741-9999", 1741, "hyphen interval"),
        ("1741-", 1741, "hyphen interval"),
    ],
)
def test_an_open_end_has_no_last_year(text: str, start: int, repair: str | None) -> None:
    assert read_normal(text) == Period(start, None, open_end=True, repair=repair)


@pytest.mark.parametrize("text", ["1701-2000", "1701 - 2000", "1701–2000"])
def test_two_years_joined_by_a_hyphen_are_an_interval(text: str) -> None:
    assert read_normal(text) == Period(1701, 2000, repair="hyphen interval")


def test_a_year_and_a_month_are_no_interval() -> None:
    assert read_normal("1701-12") == Period(1701, 1701)


def test_an_open_start_leaves_the_end() -> None:
    assert read_normal("../1985") == Period(None, 1985)


@pytest.mark.parametrize(
    "text",
    ["", "/", "..", "../..", "9999", "9999/9999", "s.d.", "1930/1970/1980", "1939-13", "1930/x",
     "XIXe", "1855/mars", "19300230x", "1930,", "1939-02-32"],
)  # fmt: skip
def test_what_is_no_date_is_not_read(text: str) -> None:
    assert read_normal(text) is None


def test_a_period_that_ends_before_it_starts_is_returned_as_it_stands() -> None:
    assert read_normal("1970/1930") == Period(1970, 1930)


@given(st.integers(-9999, 9998), st.integers(-9999, 9998))
def test_every_pair_of_years_is_read(start: int, end: int) -> None:
    def four(year: int) -> str:
        return f"-{-year:04d}" if year < 0 else f"{year:04d}"

    assert read_normal(f"{four(start)}/{four(end)}") == Period(start, end)


@given(st.text(alphabet="0123456789-/.X?~,[]{} ", max_size=14))
def test_no_text_upsets_the_reader(text: str) -> None:
    read_normal(text)
    read_wording(text)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("1839-1936", 1839, 1936),
        ("[1910]-1972", 1910, 1972),
        ("1927 - 1962", 1927, 1962),
        ("1950 à 1960", 1950, 1960),
        ("de 1950 à 1960", 1950, 1960),
        ("1950-1960.", 1950, 1960),
        ("2014", 2014, 2014),
        ("1930/1970", 1930, 1970),
        ("Années 1960", 1960, 1969),
        ("années 1920-1930", 1920, 1939),
        ("XIXe siècle", 1801, 1900),
        ("XIXème siècle", 1801, 1900),
        ("Ier siècle", 1, 100),
        ("XVIIe-XVIIIe siècles", 1601, 1800),
        ("XVIIe et XVIIIe siècles", 1601, 1800),
        ("Du XVIIe au XXe siècle", 1601, 2000),
        ("1re moitié du XIXe siècle", 1801, 1850),
        ("Seconde moitié du XIXe siècle", 1851, 1900),
        ("Fin du XIXe siècle", 1801, 1900),
        ("18..?-19..", 1800, 1999),
        ("19..", 1900, 1999),
        ("190.", 1900, 1909),
        ("vers 1850", 1850, 1850),
        ("[ca. 1850]", 1850, 1850),
        ("mars 1950", 1950, 1950),
        ("1er mars 1950 - 12 avril 1951", 1950, 1951),
        ("01/03/1950", 1950, 1950),
        ("44 av. J.-C.", -43, -43),
        ("500-400 av. J.-C.", -499, -399),
        ("Ve siècle av. J.-C.", -499, -400),
        ("avant 1800", None, 1800),
        ("jusqu’en 1800", None, 1800),
        ("après 1900", 1900, None),
    ],
)
def test_a_french_wording_is_read(text: str, start: int | None, end: int | None) -> None:
    period = read_wording(text)
    assert period is not None
    assert (period.start, period.end, period.open_end) == (start, end, False)


@pytest.mark.parametrize("text", ["1951-....", "1951-", "1951 -", "depuis 1951", "1951-9999"])
def test_a_wording_without_end_is_open(text: str) -> None:
    period = read_wording(text)
    assert period is not None
    assert (period.start, period.end, period.open_end) == (1951, None, True)


@pytest.mark.parametrize(
    "text", ["", "s.d.", "Sans date", "XIVe", "années 20", "Ancien Régime", "12", "vers la fin"]
)
def test_a_wording_that_says_no_year_is_not_read(text: str) -> None:
    assert read_wording(text) is None


@pytest.mark.parametrize(
    ("normal", "text"),
    [("1948/1972", "[1910]-1972"), ("1950/1963", "Années 1960"), ("1950/1963", "1950"),
     ("1855/1900", "depuis 1855"), ("1855/..", "1855-1900"), ("1701/1800", "XIXe siècle")],
)  # fmt: skip
def test_two_dates_that_say_different_things_disagree(normal: str, text: str) -> None:
    assert disagree(normal, text)


@pytest.mark.parametrize(
    ("normal", "text"),
    [("1930/1970", "1930/1970"), ("2014/2014", "2014"), ("1400/9999", "1400-9999"),
     ("1927/1962", "1927 - 1962"), ("1801/1900", "XIXe siècle"), ("1800/1899", "XIXe siècle"),
     ("1855/", "depuis 1855"), ("1845/1855", "vers 1850"), ("1880/1900", "Fin du XIXe siècle"),
     ("1900/..", "après 1900"), ("1700/1800", "avant 1800"), ("1930/1970", "s.d."),
     ("illisible", "1930"), ("1800/1999", "18..?-19..")],
)  # fmt: skip
def test_two_dates_that_say_the_same_agree(normal: str, text: str) -> None:
    assert not disagree(normal, text)


@pytest.mark.parametrize(
    ("text", "day"),
    [("20230309", "2023-03-09"), ("09/03/2023", "2023-03-09"), ("2021/04/27", "2021-04-27"),
     ("2023-03-09", "2023-03-09"), ("9.3.2023", "2023-03-09"), (" 20240229 ", "2024-02-29"),
     ("20230229", None), ("2023", None), ("", None), ("31/02/2023", None), ("00000101", None)],
)  # fmt: skip
def test_a_day_is_read_in_the_orders_met(text: str, day: str | None) -> None:
    assert read_day(text) == day
