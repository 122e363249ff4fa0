"""What to write instead: the repair that a rule states, for one of its results.

A rule says in its file what to write (`collex-sh:repair`), in the words of its messages:
``{value}``, and the arguments that the reader gives. A bar names a form that the value is brought
into: ``{value|issn}``. Where an argument is missing or the value cannot be brought into the form,
there is no repair.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from collex_graph.model import Repair
from collex_graph.rdf import dates, identifiers
from collex_graph.rdf.identifiers import Identified

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from collex_graph.model import Position

_PLACEHOLDER: Final = re.compile(r"\{(\w+)(?:\|(\w+))?\}")
_NOTHING: Final = frozenset({"", "–", "…"})
"""What readers give where they have nothing to offer."""


@dataclass(frozen=True)
class RepairRule:
    """What a rule says of the repair of its results.

    Attributes:
        template: what to write.
        reasons: language → why, with the placeholders of messages.
        certain_where: what the value, followed by a space and the scheme where the rule has one,
            must be for a machine to write it; None where a person always decides.
        found: what is replaced.
        target: as in `Repair`.
        beside: attribute or text, and the template of what it must be.
        within: as in `Repair`.
    """

    template: str
    reasons: Mapping[str, str]
    certain_where: re.Pattern[str] | None = None
    found: str = "{value}"
    target: str = ""
    beside: tuple[tuple[str, str], ...] = ()
    within: bool = False

    @property
    def unknown_forms(self) -> list[str]:
        """Forms that the template names and nobody knows."""
        forms = [form for _, form in _PLACEHOLDER.findall(self.template)]
        return [form for form in forms if form and form not in FORMS]

    def repair(
        self,
        rule: str,
        value: str,
        arguments: Mapping[str, str],
        position: Position | None,
    ) -> Repair | None:
        """Return the repair of one result; None where there is none to offer.

        Args:
            rule: IRI of the rule.
            value: what was found.
            arguments: those of the note.
            position: where the result stands.
        """
        known = {**arguments, "value": value}
        repaired, found = _filled(self.template, known), _filled(self.found, known)
        if repaired is None or found is None or repaired == found:
            return None
        scheme = arguments.get("scheme")
        judged = f"{value} {scheme}" if scheme else value
        words = {**known, "repaired": repaired}
        return Repair(
            position=position,
            found=found if self.within else " ".join(found.split()),
            repaired=repaired,
            certain=self.certain_where is not None
            and self.certain_where.fullmatch(judged) is not None,
            rule=rule,
            reasons={
                language: _PLACEHOLDER.sub(lambda m: words.get(m[1], "…"), text)
                for language, text in self.reasons.items()
            },
            target=self.target,
            beside=tuple((name, _filled(text, known) or "") for name, text in self.beside),
            within=self.within,
        )


def _filled(template: str, known: Mapping[str, str]) -> str | None:
    parts: list[str] = []
    end = 0
    for found in _PLACEHOLDER.finditer(template):
        text: str | None = known.get(found[1], "")
        if found[2] and text:
            text = FORMS[found[2]](text)
        if text is None or text.strip() in _NOTHING:
            return None
        parts += (template[end : found.start()], text)
        end = found.end()
    return "".join((*parts, template[end:]))


# --- forms ----------------------------------------------------------------------------------------

FORMS: dict[str, Callable[[str], str | None]] = {}
"""Name → what brings a text into a form, or says that it cannot."""


def _form(make: Callable[[str], str | None]) -> Callable[[str], str | None]:
    FORMS[make.__name__.strip("_")] = make
    return make


def _read(
    read: Callable[[str], identifiers.Identified | identifiers.Refused], text: str, *, iri: bool
) -> str | None:
    found = read(text)
    if not isinstance(found, Identified):
        if not found.correction:
            return None
        found = read(found.correction)
        if not isinstance(found, Identified):
            return None
    return found.iri if iri else found.value


@_form
def _ppn(text: str) -> str | None:
    """The PPN of a document.

    >>> FORMS["ppn"]("PPN 107996537"), FORMS["ppn"]("107996538")
    ('107996537', '107996537')
    """
    return _read(identifiers.read_sudoc, text, iri=False)


@_form
def _issn(text: str) -> str | None:
    """An ISSN with its hyphen and its check character.

    >>> FORMS["issn"]("1016 9008"), FORMS["issn"]("1016-9007"), FORMS["issn"]("?")
    ('1016-9008', '1016-9008', None)
    """
    return _read(identifiers.read_issn, text, iri=False)


@_form
def _isbn(text: str) -> str | None:
    return _read(identifiers.read_isbn, text, iri=False)


@_form
def _rcr(text: str) -> str | None:
    """A number of the directory of libraries, its leading zero restored.

    >>> FORMS["rcr"]("FR-751132108"), FORMS["rcr"]("10536101")
    ('751132108', '010536101')
    """
    return _read(identifiers.read_rcr, text, iri=False)


@_form
def _isil(text: str) -> str | None:
    number = _rcr(text)
    return number and f"FR-{number}"


@_form
def _uai(text: str) -> str | None:
    return _read(identifiers.read_uai, text, iri=False)


@_form
def _siren(text: str) -> str | None:
    return _read(identifiers.read_siren, text, iri=False)


@_form
def _registry(text: str) -> str | None:
    """The canonical IRI of an authority, whichever of those that we know it is of.

    >>> FORMS["registry"]("https://www.idref.fr/028056663")
    'http://www.idref.fr/028056663/id'
    >>> FORMS["registry"]("https://catalogue.bnf.fr/ark:/12148/cb119323881")
    'http://data.bnf.fr/ark:/12148/cb119323881'
    """
    lower = text.casefold()
    for sign, read in (
        ("idref.fr", identifiers.read_idref), ("bnf.fr", identifiers.read_bnf),
        ("ark:", identifiers.read_bnf), ("ror.org", identifiers.read_ror),
        ("isni", identifiers.read_isni), ("wikidata", identifiers.read_wikidata),
        ("orcid", identifiers.read_orcid),
    ):  # fmt: skip
        if sign in lower:
            return _read(read, text, iri=True)
    return None


@_form
def _open(text: str) -> str | None:
    """An interval whose end is 9999 or nothing, with two dots for it (EDTF).

    >>> FORMS["open"]("1400/9999"), FORMS["open"]("1855/"), FORMS["open"]("1855-03/9999-12-31")
    ('1400/..', '1855/..', '1855-03/..')
    """
    first, slash, last = text.partition("/")
    if not slash or not first.strip() or not re.fullmatch(r"\s*(?:9999[0-9-]*)?\s*", last):
        return None
    return f"{first.strip()}/.."


@_form
def _address(text: str) -> str | None:
    """The address of a page that lacks its scheme.

    >>> FORMS["address"]("www.calames.abes.fr"), FORMS["address"]("voir la page")
    ('https://www.calames.abes.fr', None)
    """
    host = re.match(r"[\w-]+(?:\.[\w-]+)+(?=[/?#:]|$)", text.strip())
    return f"https://{text.strip()}" if host and not re.search(r"\s", text.strip()) else None


def _plain_words(text: str) -> str:
    letters = unicodedata.normalize("NFKD", " ".join(text.split())).casefold()
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


_MONTH_NAMES: Final = (
    "janvier", "fevrier", "mars", "avril", "mai", "juin", "juillet", "aout", "septembre",
    "octobre", "novembre", "decembre",
)  # fmt: skip


@_form
def _day(text: str) -> str | None:
    """A day of the calendar, year first.

    >>> FORMS["day"]("9.3.2023"), FORMS["day"]("1er août 2023"), FORMS["day"]("2023-03-09T10:00")
    ('2023-03-09', '2023-08-01', '2023-03-09')
    >>> FORMS["day"]("2023 3 9"), FORMS["day"]("9 3 2023"), FORMS["day"]("30.2.2023")
    ('2023-03-09', '2023-03-09', None)
    """
    plain = _plain_words(text)
    plain = re.sub(r"(?<=[0-9])[t ][0-9]{2}:[0-9]{2}.*$", "", plain)
    found = re.fullmatch(r"(?:[a-z]+ )?([0-9]{1,2})(?:er)? ([a-z]+)\.? ([0-9]{4})", plain)
    if found is not None:
        months = [n for n, name in enumerate(_MONTH_NAMES, 1) if name.startswith(found[2][:4])]
        if len(found[2]) < 3 or len(months) != 1:
            return None
        plain = f"{found[1]}/{months[0]}/{found[3]}"
    return dates.read_day(re.sub(r"(?<=[0-9])[. ](?=[0-9])", "/", plain))


@_form
def _compact_day(text: str) -> str | None:
    """A day as ``@normal`` has it.

    >>> FORMS["compact_day"]("9 mars 2023")
    '20230309'
    """
    day = _day(text)
    return day and day.replace("-", "")


_NUMBERS: Final = re.compile(
    r"[+-]?[0-9]{1,3}(?:[ \u00a0\u202f.][0-9]{3})+(?:,[0-9]+)?|[+-]?[0-9]+(?:[.,][0-9]+)?", re.ASCII
)


@_form
def _number(text: str) -> str | None:
    """The one number of a text, with a decimal point.

    >>> FORMS["number"]("1 234,5 €"), FORMS["number"]("12 à 15"), FORMS["number"]("env. 40 000")
    ('1234.5', None, '40000')
    """
    numbers = _NUMBERS.findall(text)
    if len(numbers) != 1:
        return None
    number = re.sub(r"[ \u00a0\u202f]", "", numbers[0])
    if "," in number:
        return number.replace(".", "").replace(",", ".")
    # « 1.234 » is a thousand or a fraction: nothing says which
    return None if re.fullmatch(r"[+-]?[0-9]{1,3}\.[0-9]{3}", number) else number


@_form
def _coordinates(text: str) -> str | None:
    """Latitude and longitude with decimal points.

    >>> FORMS["coordinates"]("48,84531 ; 2,32804"), FORMS["coordinates"]("48,84531, 2,32804")
    ('48.84531, 2.32804', '48.84531, 2.32804')
    """
    figures = re.findall(r"-?[0-9]{1,3}[.,][0-9]+", text)
    rest = re.sub(r"-?[0-9]{1,3}[.,][0-9]+", "", text)
    if len(figures) != 2 or re.search(r"\w", rest):
        return None
    lat, long = (figure.replace(",", ".") for figure in figures)
    return f"{lat}, {long}" if abs(float(lat)) <= 90 and abs(float(long)) <= 180 else None


@_form
def _truth(text: str) -> str | None:
    """« oui » or « non », for words that begin with either.

    >>> FORMS["truth"]("Oui, depuis 2019"), FORMS["truth"]("peut-être")
    ('oui', None)
    """
    found = re.match(r"\W*(oui|non|yes|no)\b", text, re.IGNORECASE)
    return found and ("oui" if found[1].lower() in ("oui", "yes") else "non")


@_form
def _embargo(text: str) -> str | None:
    """A code of embargo (KBART), its unit in English.

    >>> FORMS["embargo"]("p 3 a"), FORMS["embargo"]("3 ans")
    ('P3Y', None)
    """
    found = re.fullmatch(r"([PR])\s*([0-9]+)\s*([DMYAJ])", text.strip().upper())
    return found and found[1] + found[2] + {"A": "Y", "J": "D"}.get(found[3], found[3])


@_form
def _language(text: str) -> str | None:
    """The code (ISO 639-2) of a language that is named, or of a tag with a country.

    >>> FORMS["language"]("Français"), FORMS["language"]("fr-FR"), FORMS["language"]("?")
    ('fre', 'fre', None)
    """
    import langcodes  # noqa: PLC0415

    name = _plain_words(text)
    code = _languages().get(name) or re.split("[-_]", name)[0]
    if not re.fullmatch("[a-z]{2,3}", code):
        return None
    known = langcodes.Language.get(code)
    return str(known.to_alpha3(variant="B")) if known.is_valid() else None


@cache
def _languages() -> Mapping[str, str]:
    from babel import Locale  # noqa: PLC0415

    return {
        _plain_words(name): code
        for language in ("en", "fr")
        for code, name in Locale(language).languages.items()
        if re.fullmatch("[a-z]{2,3}", code)
    }


@_form
def _tag(text: str) -> str | None:
    """A tag of a language (BCP 47).

    >>> FORMS["tag"]("fr_FR"), FORMS["tag"]("langue inconnue")
    ('fr-FR', None)
    """
    import langcodes  # noqa: PLC0415

    tag = text.strip().replace("_", "-")
    return str(langcodes.standardize_tag(tag)) if langcodes.tag_is_valid(tag) else None
