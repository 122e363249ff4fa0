"""The words of the interface: complete in both languages, and every one of them used."""

import re

import pytest

from collex_graph.resources import resource_dir
from collex_graph.server.messages import (
    LANGUAGES,
    choose_language,
    placeholders,
    read_messages,
    words,
)

FRENCH, ENGLISH = read_messages("fr"), read_messages("en")
SOURCES = [
    *resource_dir("web").glob("templates/*.html"),
    *(resource_dir("web").parent / "src" / "collex_graph" / "server").glob("*.py"),
]
# Keys whose end is made at run time: a prefix in the code, the rest from data or from a list.
MADE = re.compile(
    r"(about\.limit|nav|kind|unit\.kind|quality\.(count|severity|view|column|type|kind|node|of|then|would|caption)|home\.(count|entrance)|element"
    r"|dataset\.count|gap|state|digitised|aligned|discoverable|deposited|coverage|column|interval|list|programmes|sort|facet|level|property|class|place|labelling|incoming|value|scheme|model\.(principle|box)|map\.(view|label|kind)|query\.view|gallery\.(audience|difficulty)|endpoint\.ask|interface\.use|usage\.count|validate\.(how|readable)|validateuse\.(codes|interface)|mapuse\.(parameter|property))\..+"
)


def test_both_languages_have_the_same_keys_in_the_same_order():
    assert list(FRENCH) == list(ENGLISH)


@pytest.mark.parametrize("key", FRENCH)
def test_both_languages_expect_the_same_placeholders(key):
    assert placeholders(FRENCH[key]) == placeholders(ENGLISH[key])
    assert isinstance(FRENCH[key], dict) == isinstance(ENGLISH[key], dict)


@pytest.mark.parametrize("key", [k for k, s in FRENCH.items() if isinstance(s, dict)])
def test_a_plural_has_the_forms_of_its_language(key):
    assert set(FRENCH[key]) == {"one", "other"}
    assert set(ENGLISH[key]) == {"one", "other"}
    words("fr")(key, count=0, **dict.fromkeys(placeholders(FRENCH[key]) - {"count"}, "x"))


def used_keys():
    found = set()
    for source in SOURCES:
        text = source.read_text(encoding="utf-8")
        found |= set(re.findall(r"""["']([a-z]+(?:\.[A-Za-z_]+)+)["']""", text))
    return found


def test_every_key_that_is_used_exists():
    templates = "\n".join(
        source.read_text(encoding="utf-8") for source in SOURCES if source.suffix == ".html"
    )
    asked = set(re.findall(r"""\bt\(["']([\w.]+)["']\s*[,)]""", templates))
    code = "\n".join(s.read_text(encoding="utf-8") for s in SOURCES if s.suffix == ".py")
    asked |= set(re.findall(r"""\bwords\(\s*["']([\w]+\.[\w.]+)["']""", code))
    assert len(asked) > 150
    assert asked <= set(FRENCH)


def test_every_key_that_exists_is_used():
    used = used_keys()
    unused = {key for key in FRENCH if key not in used and not MADE.fullmatch(key)}
    assert unused == set()


@pytest.mark.parametrize("key", [k for k in FRENCH if k.startswith("property.")])
def test_a_named_property_has_a_declared_prefix(key):
    from collex_graph.rdf.namespaces import expand

    assert expand(key.removeprefix("property."))


def test_french_is_typeset():
    for key, sentence in FRENCH.items():
        for form in sentence.values() if isinstance(sentence, dict) else [sentence]:
            assert not re.search(r" [:;?!»]|« |'", form), key
            assert "!" not in form, key


def test_no_sentence_mentions_markup():
    for messages in (FRENCH, ENGLISH):
        assert not [key for key, s in messages.items() if "<" in str(s) or "&" in str(s)]


@pytest.mark.parametrize(
    ("asked", "remembered", "accepted", "chosen"),
    [
        ("en", "fr", "fr", "en"),
        ("xx", "en", "fr", "en"),
        (None, None, "en-GB,en;q=0.9", "en"),
        (None, None, "de;q=0.9, en;q=0, fr;q=0.1", "fr"),
        (None, None, "fr;q=oops, en;q=0.2", "en"),
        (None, "", "", "fr"),
        (None, None, ";;q=1,,*", "fr"),
    ],
)
def test_the_address_wins_over_the_cookie_and_the_cookie_over_the_browser(
    asked, remembered, accepted, chosen
):
    assert choose_language(asked, remembered, accepted) == chosen


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_whole_number_in_a_sentence_is_written_as_its_language_writes_numbers(language):
    sentence = words(language)("count.read_of_known", read=12, known=1243)
    assert {"fr": "1\u202f243", "en": "1,243"}[language] in sentence


def test_a_year_is_not_written_as_a_number():
    assert words("fr").years(1400, None, open_end=True) == "depuis 1400"
    assert words("en").years(1400, 1900) == "1400–1900"


@pytest.mark.parametrize(
    ("start", "end", "french", "english"),
    [
        (1801, 1900, "XIXe siècle", "19th century"),
        (1701, 1801, "XVIIIe–XIXe siècles", "18th–19th centuries"),
        (1, 101, "Ier–IIe siècles", "1st–2nd centuries"),
        (None, 1900, "", ""),
        (-5, 10, "", ""),
    ],
)
def test_centuries_are_roman_in_french(start, end, french, english):
    assert words("fr").centuries(start, end) == french
    assert words("en").centuries(start, end) == english


def test_a_language_is_named_in_the_language_of_the_page():
    assert words("fr").language_name("http://lexvo.org/id/iso639-3/pal") == "pahlavi"
    assert words("en").language_name("http://lexvo.org/id/iso639-3/pal") == "Pahlavi"
    assert words("fr").language_name("http://lexvo.org/id/iso639-3/zzq") == "zzq"
    assert words("fr").language_name("http://example.org/fra") is None
