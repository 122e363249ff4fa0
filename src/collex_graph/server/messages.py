"""The words of the interface: which language a reader gets, and how it writes numbers and dates.

``web/messages/{language}.json`` holds every word the pages say, one flat object: key → sentence
with ``{placeholders}``, or key → plural forms (``one``, ``other``, the categories of CLDR) chosen
by the placeholder ``count``. Both files have the same keys and placeholders; a test compares them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Literal, cast

import langcodes
from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal

from collex_graph.errors import ResourceFileError
from collex_graph.resources import resource_dir

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from decimal import Decimal

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "en")
COOKIE = "lang"

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_ROMAN = ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
_LEXVO = "http://lexvo.org/id/iso639-3/"

Sentence = str | dict[str, str]


def choose_language(asked: str | None, remembered: str | None, accepted: str | None) -> Language:
    """Choose the language of a page: the address, then the cookie, then the browser, then French.

    Args:
        asked: the value of ``?lang=``, or None.
        remembered: the value of the cookie, or None.
        accepted: the ``Accept-Language`` header, or None.

    >>> choose_language(None, "en", "fr")
    'en'
    >>> choose_language("de", None, "de, en-GB;q=0.8, fr;q=0.5")
    'en'
    >>> choose_language(None, None, None)
    'fr'
    """
    for wish in (asked, remembered):
        if wish in LANGUAGES:
            return wish
    for tag in _by_preference(accepted or ""):
        if tag in LANGUAGES:
            return tag
    return "fr"


def _by_preference(header: str) -> list[str]:
    wishes: list[tuple[float, str]] = []
    for part in header.split(","):
        tag, _, parameters = part.strip().partition(";")
        match = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", parameters) if parameters else None
        quality = float(match[1]) if match else (0.0 if parameters else 1.0)
        if tag and quality > 0:
            wishes.append((quality, tag.split("-")[0].lower()))
    return [tag for _, tag in sorted(wishes, key=lambda wish: -wish[0])]


def read_messages(language: Language) -> Mapping[str, Sentence]:
    """Read one language's sentences.

    Raises:
        ResourceFileError: when the file is not a flat object of sentences and plural forms.
    """
    path = resource_dir("web") / "messages" / f"{language}.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ResourceFileError(path, f"is not JSON: {error}") from None
    for key, sentence in content.items():
        forms = sentence.values() if isinstance(sentence, dict) else [sentence]
        if not all(isinstance(form, str) for form in forms):
            raise ResourceFileError(path, f"{key!r} must be a sentence or plural forms")
        if isinstance(sentence, dict) and "other" not in sentence:
            raise ResourceFileError(path, f"{key!r} has no form `other`")
    return cast("Mapping[str, Sentence]", content)


def placeholders(sentence: Sentence) -> frozenset[str]:
    """Return the names a sentence expects.

    >>> sorted(placeholders({"one": "{count} fonds", "other": "{count} fonds à {place}"}))
    ['count', 'place']
    """
    forms = sentence.values() if isinstance(sentence, dict) else [sentence]
    return frozenset(name for form in forms for name in _PLACEHOLDER.findall(form))


def century(year: int, language: Language) -> str:
    """Return the century of a year, without the word: Roman numerals in French.

    >>> century(1839, "fr"), century(100, "fr"), century(101, "en"), century(1911, "en")
    ('XIXe', 'Ier', '2nd', '20th')
    """
    number = (year - 1) // 100 + 1
    if language == "fr":
        numeral, rest = "", number
        for value, letters in _ROMAN:
            count, rest = divmod(rest, value)
            numeral += letters * count
        return f"{numeral}{'er' if number == 1 else 'e'}"
    suffix = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


@dataclass(frozen=True)
class Words:
    """One language: its sentences, and its ways with numbers, dates and years.

    Templates call it ``t``: ``t("search.results", count=12)``.
    """

    language: Language
    sentences: Mapping[str, Sentence]

    def __call__(self, key: str, **values: object) -> str:
        """Return a sentence with its placeholders filled; whole numbers are written in words' way.

        Raises:
            KeyError: for a key the file does not have; a test finds every key that is used.
        """
        sentence = self.sentences[key]
        if isinstance(sentence, dict):
            count = values["count"]
            form = Locale(self.language).plural_form(cast("int", count))
            sentence = sentence.get(form, sentence["other"])
        written = {
            name: self.number(value) if type(value) is int else str(value)
            for name, value in values.items()
        }
        return _PLACEHOLDER.sub(lambda match: written[match[1]], sentence)

    def knows(self, key: str) -> bool:
        """Say whether there is a sentence for a key that data made up (a rule, a predicate)."""
        return key in self.sentences

    def number(self, value: int | float | Decimal) -> str:
        r"""Write a number: narrow no-break spaces in French, commas in English.

        >>> words("fr").number(44000), words("en").number(44000)
        ('44\u202f000', '44,000')
        """
        return _written(value, self.language)

    def size(self, size_bytes: int) -> str:
        r"""Write a file size in the largest unit that keeps it above one.

        >>> words("fr").size(1_530_000), words("en").size(900)
        ('1,5\xa0Mo', '900\xa0bytes')
        """
        units = {"fr": ("octets", "ko", "Mo", "Go"), "en": ("bytes", "kB", "MB", "GB")}
        value, rank = float(size_bytes), 0
        while value >= 1000 and rank < 3:
            value, rank = value / 1000, rank + 1
        shown = self.number(round(value, 1) if rank else size_bytes)
        return f"{shown}\u00a0{units[self.language][rank]}"

    def date(self, day: date) -> str:
        """Write a date in words.

        >>> from datetime import date
        >>> words("fr").date(date(2024, 3, 1)), words("en").date(date(2024, 3, 21))
        ('1er mars 2024', '21 March 2024')
        """
        if self.language == "en":
            return format_date(day, "d MMMM y", locale="en")
        return format_date(day, "d MMMM y", locale="fr").replace("1 ", "1er ", 1 * (day.day == 1))

    def years(self, start: int | None, end: int | None, *, open_end: bool = False) -> str:
        """Write the years a unit covers.

        >>> words("fr").years(1839, 1936), words("fr").years(1855, None, open_end=True)
        ('1839–1936', 'depuis 1855')
        >>> words("en").years(1902, 1902), words("en").years(None, 1600)
        ('1902', 'until 1600')
        """
        if start is None:
            return "" if end is None else self("years.until", year=str(end))
        if open_end:
            return self("years.since", year=str(start))
        return str(start) if end in (None, start) else f"{start}–{end}"

    def centuries(self, start: int | None, end: int | None) -> str:
        """Write the centuries a unit covers, or nothing when it has no start.

        >>> words("fr").centuries(1839, 1936), words("en").centuries(1839, 1890)
        ('XIXe–XXe siècles', '19th century')
        """
        if start is None or start < 1:
            return ""
        first, last = century(start, self.language), century(end or start, self.language)
        if first == last:
            return self("years.century", century=first)
        return self("years.centuries", first=first, last=last)

    def language_name(self, iri: str) -> str | None:
        """Return the name of a language from its Lexvo IRI, or None for another IRI.

        >>> words("fr").language_name("http://lexvo.org/id/iso639-3/fas")
        'persan'
        """
        if not iri.startswith(_LEXVO):
            return None
        code = iri.removeprefix(_LEXVO)
        tag = langcodes.standardize_tag(code)
        return Locale(self.language).languages.get(tag) or Locale("en").languages.get(tag) or code


@lru_cache(maxsize=8192)
def _written(value: int | float | Decimal, language: Language) -> str:
    # a table writes the same small numbers hundreds of times
    return format_decimal(value, locale=language)


@cache
def words(language: Language) -> Words:
    """Return the words of one language, read once."""
    return Words(language, read_messages(language))
