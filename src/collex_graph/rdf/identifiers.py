"""Identifiers of authorities, libraries and institutions: canonical form, spellings, check.

Every reader takes a text as a source wrote it and answers with a value, never an exception:

* `Identified`: the canonical bare value, the canonical IRI where the scheme has one, and the
  repairs that were needed to read it;
* `Refused`: why it is not an identifier of that scheme, and the nearest valid spelling where only
  the check character is wrong.

**The scheme is tested before the check.** Nine digits that end an ARK look like a PPN, and one in
eleven of those even has a right check character; so a reader matches the whole text against the
spellings of its own scheme and nothing else.

A correction is the same identifier with the check character that its other characters call for. It
is a suggestion for a person: the fault may as well be in one of the other characters.

``stdnum`` is imported by the readers that need it: it takes a tenth of the time that mapping a
small file takes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote

Repair = Literal["spelling", "leading zero", "naan", "stray characters"]
Reason = Literal["form", "check"]


@dataclass(frozen=True, slots=True)
class Identified:
    """An identifier that was read.

    Attributes:
        scheme: short name of the scheme (``idref``, ``bnf``, ``issn``…).
        value: the canonical bare identifier.
        iri: its canonical IRI, None for schemes that publish none (RCR, UAI, SIREN).
        repairs: what had to be mended; empty for every spelling that sources use every day.
    """

    scheme: str
    value: str
    iri: str | None
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A text that is not an identifier of the scheme it was read as.

    Attributes:
        scheme: the scheme that was expected.
        text: the text, untouched.
        reason: ``form`` when it does not look like one, ``check`` when its check is wrong.
        correction: the nearest valid identifier, where there is one to offer.
    """

    scheme: str
    text: str
    reason: Reason
    correction: str | None = None


_SPACES = re.compile(r"\s+")


def _squeeze(text: str) -> tuple[str, tuple[Repair, ...]]:
    """Drop white space, which belongs to no identifier; the outer one counts as a repair."""
    squeezed = _SPACES.sub("", text)
    return squeezed, ("spelling",) if squeezed != text else ()


# --- PPN: IdRef and Sudoc ------------------------------------------------------------------------

_PPN_TAIL: Final = r"(?P<ppn>[0-9]{7,8}[0-9X])(?P<tail>(?:/id)*(?:\.(?:rdf|xml|html|json))?/?)"
_IDREF: Final = re.compile(
    r"(?P<head>(?:https?://)?(?:www\.)?idref\.fr/|idref:|\(idref\)|ppn:?)?" + _PPN_TAIL,
    re.ASCII | re.IGNORECASE,
)
_SUDOC: Final = re.compile(
    r"(?P<head>(?:https?://)?(?:www\.)?sudoc\.fr/|sudoc:|ppn:?)?" + _PPN_TAIL,
    re.ASCII | re.IGNORECASE,
)
_USUAL_HEADS: Final = {
    "",
    "http://www.idref.fr/", "https://www.idref.fr/",
    "http://www.sudoc.fr/", "https://www.sudoc.fr/",
}  # fmt: skip


def ppn_check(digits: str) -> str:
    """Return the check character of eight digits (Pica: weights 9 to 2, modulo 11).

    >>> ppn_check("02725475")  # 027254755 is « Turquie » in IdRef
    '5'
    >>> ppn_check("02740837")
    'X'
    """
    total = sum(int(digit) * weight for digit, weight in zip(digits, range(9, 1, -1), strict=True))
    check = (11 - total % 11) % 11
    return "X" if check == 10 else str(check)


def is_ppn(text: str) -> bool:
    """Say whether a text is a PPN in canonical form with the right check character.

    >>> is_ppn("02740837X"), is_ppn("027408371"), is_ppn("751132108")
    (True, False, False)
    """
    return (
        len(text) == 9 and text.isascii() and text[:8].isdigit() and ppn_check(text[:8]) == text[8]
    )


def _read_ppn(scheme: str, spelling: re.Pattern[str], text: str) -> Identified | Refused:
    squeezed, repairs = _squeeze(text)
    found = spelling.fullmatch(squeezed)
    if found is None:
        return Refused(scheme, text, "form")
    written, head, tail = found["ppn"], found["head"] or "", found["tail"]
    ppn = written.upper()
    if ppn != written or head not in _USUAL_HEADS or tail not in ("", "/id"):
        repairs = ("spelling",)
    if len(ppn) == 8:
        # A spreadsheet took the number for a number. Only the check says so: it fits by accident
        # for one number in eleven, so the repair is always reported.
        if not is_ppn("0" + ppn):
            return Refused(scheme, text, "form")
        ppn, repairs = "0" + ppn, (*repairs, "leading zero")
    elif not is_ppn(ppn):
        return Refused(scheme, text, "check", ppn[:8] + ppn_check(ppn[:8]))
    host = "http://www.idref.fr" if scheme == "idref" else "https://www.sudoc.fr"
    return Identified(scheme, ppn, f"{host}/{ppn}/id", repairs)


def read_idref(text: str) -> Identified | Refused:
    """Read the PPN of an IdRef authority.

    >>> read_idref("https://www.idref.fr/027254755").iri
    'http://www.idref.fr/027254755/id'
    >>> read_idref("26820897")  # the leading zero was lost
    Identified(scheme='idref', value='026820897', iri='http://www.idref.fr/026820897/id', \
repairs=('leading zero',))
    >>> read_idref("027254756")
    Refused(scheme='idref', text='027254756', reason='check', correction='027254755')
    >>> read_idref("ark:/12148/cb119323881").reason  # no PPN, though nine digits stand in it
    'form'
    """
    return _read_ppn("idref", _IDREF, text)


def read_idrefs(text: str) -> tuple[Identified | Refused, ...]:
    """Read one or more IdRef PPNs joined by a comma or a semicolon.

    >>> [found.value for found in read_idrefs("086908480,193857561")]
    ['086908480', '193857561']
    """
    return tuple(read_idref(part) for part in re.split("[,;]", text) if part.strip())


def read_sudoc(text: str) -> Identified | Refused:
    """Read the PPN of a Sudoc bibliographic record (``bestppn``, UNIMARC 001, sudoc.fr).

    A PPN names either an authority or a record, never both, and nothing in it says which: the
    place where it stands does.

    >>> read_sudoc("107996537").iri
    'https://www.sudoc.fr/107996537/id'
    """
    return _read_ppn("sudoc", _SUDOC, text)


# --- ARKs ----------------------------------------------------------------------------------------

_NOID: Final = "0123456789bcdfghjkmnpqrstvwxz"
_BNF: Final = re.compile(
    r"(?P<head>(?:https?://(?:data|catalogue)\.bnf\.fr/)?)ark:/?12148/"
    r"(?P<name>cb[0-9]{8})(?P<check>[0-9a-z])"
    r"(?P<tail>/PUBLIC|#about|#foaf:(?:Person|Organization|Agent))?",
    re.ASCII | re.IGNORECASE,
)
_FRBNF: Final = re.compile(r"FRBNF(?P<digits>[0-9]{8})(?P<check>[0-9a-z]?)", re.I | re.ASCII)
_CCFR: Final = re.compile(
    r"(?:https?://ccfr\.bnf\.fr/portailccfr/)?ark:/?(?P<naan>06871|16871)/"
    r"(?P<name>00[0-9][A-Za-z0-9_.-]+)",
    re.ASCII,
)
_ARK: Final = re.compile(
    r"(?P<resolver>https?://[^/?#\s]+/(?:[^?#\s]*/)?)?ark:/?(?P<naan>[0-9b-df-hj-km-np-tv-z]{5,9})/"
    r"(?P<name>[A-Za-z0-9=~*+@_$.%/-]+)",
    re.ASCII,
)


def noid_check(name: str) -> str:
    """Return the NOID check character of an ARK's name (without its NAAN, as at the BnF).

    The sum of each character's rank in the alphabet times its position counted from 1, modulo 29
    (Noid, « NOID CHECK DIGIT ALGORITHM »); characters outside the alphabet count for nothing.

    >>> noid_check("cb11932388")  # cb119323881 is « Madagascar »
    '1'
    """
    total = sum(
        place * _NOID.index(character)
        for place, character in enumerate(name, start=1)
        if character in _NOID
    )
    return _NOID[total % 29]


def read_bnf(text: str, *, person: bool = False) -> Identified | Refused:
    """Read the ARK of a BnF authority, or its FRBNF number.

    Args:
        text: bare ARK, data.bnf.fr or catalogue.bnf.fr address, or ``FRBNF`` number.
        person: whether the person is meant rather than the concept; an address that ends with
            ``#foaf:Person`` says so itself.

    >>> read_bnf("ark:/12148/cb119323881").iri
    'http://data.bnf.fr/ark:/12148/cb119323881'
    >>> read_bnf("https://data.bnf.fr/ark:/12148/cb109933213#about", person=True).iri
    'http://data.bnf.fr/ark:/12148/cb109933213#foaf:Person'
    >>> read_bnf("FRBNF11868511").value
    'cb11868511w'
    >>> read_bnf("ark:/12148/cb119323882").correction
    'cb119323881'
    """
    squeezed, repairs = _squeeze(text)
    found = _BNF.fullmatch(squeezed)
    if found is not None:
        name, check, tail = found["name"].lower(), found["check"].lower(), found["tail"] or ""
        if not squeezed.startswith(found["head"] + "ark:/12148/" + name + check):
            repairs = ("spelling",)
    else:
        numbered = _FRBNF.fullmatch(squeezed)
        if numbered is None:
            return Refused("bnf", text, "form")
        name, tail = "cb" + numbered["digits"], ""
        check = numbered["check"].lower() or noid_check(name)
    if check != noid_check(name):
        return Refused("bnf", text, "check", name + noid_check(name))
    thing = "#foaf:Person" if person or tail.lower() == "#foaf:person" else ""
    value = name + check
    return Identified("bnf", value, f"http://data.bnf.fr/ark:/12148/{value}{thing}", repairs)


def read_ccfr(text: str) -> Identified | Refused:
    """Read a CCFr ARK: ``006`` + a fonds, ``007`` + a sub-fonds, ``005`` + another inventory.

    The NAAN 16871, which occurs in links between notices, is no other institution's: it is 06871
    mistyped, since the names behind it are those of CCFr.

    >>> read_ccfr("https://ccfr.bnf.fr/portailccfr/ark:/16871/007Fonds_5229")
    Identified(scheme='ccfr', value='007Fonds_5229', \
iri='https://ccfr.bnf.fr/portailccfr/ark:/06871/007Fonds_5229', repairs=('naan',))
    """
    squeezed, repairs = _squeeze(text)
    found = _CCFR.fullmatch(squeezed)
    if found is None:
        return Refused("ccfr", text, "form")
    if found["naan"] != "06871":
        repairs = (*repairs, "naan")
    name = found["name"]
    return Identified("ccfr", name, f"https://ccfr.bnf.fr/portailccfr/ark:/06871/{name}", repairs)


def read_ark(text: str) -> Identified | Refused:
    """Read any ARK; its resolver is kept, a bare one gets the global resolver n2t.net.

    >>> read_ark("https://bina.bulac.fr/s/bina/ark:/73193/bd25qb").value
    'ark:/73193/bd25qb'
    >>> read_ark("ark:67375/8Q1-23W6HDS7-G").iri
    'https://n2t.net/ark:/67375/8Q1-23W6HDS7-G'
    """
    squeezed, repairs = _squeeze(text)
    found = _ARK.fullmatch(squeezed)
    if found is None:
        return Refused("ark", text, "form")
    ark = f"ark:/{found['naan']}/{found['name']}"
    return Identified("ark", ark, (found["resolver"] or "https://n2t.net/") + ark, repairs)


# --- Persée --------------------------------------------------------------------------------------

_PERSEE: Final = re.compile(
    r"https?://(?:data|www)\.persee\.fr/"
    r"(?:(?P<authority>authority)/(?P<number>[0-9]+)"
    r"|(?P<kind>doc|issue|collection)/(?P<slug>[A-Za-z0-9][A-Za-z0-9_.-]*))"
    r"/?(?:\#(?:Person|Web|Print))?",
    re.ASCII,
)
_PERSEE_ISSN: Final = re.compile(r"[a-z0-9]+_([0-9]{4}-[0-9]{3}[0-9Xx])(?:_|$)", re.I | re.ASCII)


def read_persee(text: str) -> Identified | Refused:
    """Read the address of a Persée person, document, issue or collection.

    >>> read_persee("https://www.persee.fr/authority/385736").iri
    'http://data.persee.fr/authority/385736#Person'
    >>> read_persee("https://www.persee.fr/doc/hista_0992-2059_1998_num_42_1_2826").iri
    'http://data.persee.fr/doc/hista_0992-2059_1998_num_42_1_2826#Web'
    """
    squeezed, repairs = _squeeze(text)
    found = _PERSEE.fullmatch(squeezed)
    if found is None:
        return Refused("persee", text, "form")
    if found["authority"]:
        value, thing = f"authority/{found['number']}", "#Person"
    else:
        serial = _PERSEE_ISSN.match(found["slug"])
        if serial is None and found["kind"] == "collection":
            # the portal's short addresses (/collection/hista) do not say the ISSN
            return Refused("persee", text, "form")
        if serial is not None:
            checked = read_issn(serial[1])
            if isinstance(checked, Refused):
                mended = found["slug"].replace(serial[1], checked.correction or serial[1])
                return Refused("persee", text, "check", mended)
        value, thing = f"{found['kind']}/{found['slug']}", "#Web"
    return Identified("persee", value, f"http://data.persee.fr/{value}{thing}", repairs)


# --- libraries and institutions ------------------------------------------------------------------

_RCR: Final = re.compile(r"(?:(?:ISIL|RCR):?)?(?:FR-?)?(?P<rcr>[0-9]{8,9})", re.I | re.ASCII)
_UAI: Final = re.compile(r"(?P<digits>[0-9]{7})(?P<letter>[A-Z])", re.I | re.ASCII)
_UAI_LETTERS: Final = "ABCDEFGHJKLMNPRSTUVWXYZ"
_ROR: Final = re.compile(
    r"(?:(?:https?://)?(?:www\.)?ror\.org/|ror:)?(?P<ror>0[a-hj-km-np-tv-z0-9]{6}[0-9]{2})/?",
    re.I | re.ASCII,
)
_CROCKFORD: Final = {c: n for n, c in enumerate("0123456789abcdefghjkmnpqrstvwxyz")}
_WIKIDATA: Final = re.compile(
    r"(?:(?:https?://)?(?:www\.)?wikidata\.org/(?:wiki|entity)/|wd:)?(?P<q>Q[1-9][0-9]*)",
    re.I | re.ASCII,
)
_ISNI: Final = re.compile(
    r"(?:(?:https?://)?(?:www\.)?isni\.org/(?:isni/)?|isni:?)?(?P<isni>[0-9]{15}[0-9X])",
    re.I | re.ASCII,
)
_ORCID: Final = re.compile(
    r"(?:(?:https?://)?(?:www\.)?orcid\.org/|orcid:)?(?P<orcid>[0-9]{15}[0-9X])",
    re.I | re.ASCII,
)


def read_rcr(text: str) -> Identified | Refused:
    """Read the number of a library in the Répertoire des centres de ressources, or its ISIL.

    Nine digits without a check character, so an RCR is no PPN. Eight digits are refused, and the
    number with a zero before it offered: nothing can tell whether that is the right one.

    >>> read_rcr("FR-751132108").value
    '751132108'
    >>> read_rcr("10536101").correction
    '010536101'
    """
    squeezed, repairs = _squeeze(text)
    found = _RCR.fullmatch(squeezed)
    if found is None:
        return Refused("rcr", text, "form")
    if len(found["rcr"]) == 8:
        return Refused("rcr", text, "form", "0" + found["rcr"])
    return Identified("rcr", found["rcr"], None, repairs)


def isil_of(rcr: str) -> str:
    """Return the ISIL (ISO 15511) of a French library from its RCR.

    >>> isil_of("751132108")
    'FR-751132108'
    """
    return f"FR-{rcr}"


def uai_letter(digits: str) -> str:
    """Return the check letter of the seven digits of a UAI (modulo 23, without I, O and Q).

    >>> uai_letter("0951214")
    'D'
    """
    return _UAI_LETTERS[int(digits) % 23]


def read_uai(text: str) -> Identified | Refused:
    """Read the number of an establishment in the national register (UAI, once RNE).

    >>> read_uai("0951214d").value
    '0951214D'
    >>> read_uai("0951214E").correction
    '0951214D'
    """
    squeezed, repairs = _squeeze(text)
    found = _UAI.fullmatch(squeezed)
    if found is None:
        return Refused("uai", text, "form")
    value, right = squeezed.upper(), found["digits"] + uai_letter(found["digits"])
    if value != right:
        return Refused("uai", text, "check", right)
    return Identified("uai", value, None, repairs if value == squeezed else ("spelling",))


def read_siren(text: str) -> Identified | Refused:
    """Read a SIREN (nine digits, Luhn), which a spreadsheet may have robbed of its first zero.

    >>> read_siren("775 663 958").value
    '775663958'
    >>> read_siren("775663959").correction
    '775663958'
    """
    from stdnum import luhn  # noqa: PLC0415

    squeezed = _SPACES.sub("", text)
    if not (squeezed.isascii() and squeezed.isdigit() and len(squeezed) in (8, 9)):
        return Refused("siren", text, "form")
    if len(squeezed) == 8:
        if not luhn.is_valid("0" + squeezed):
            return Refused("siren", text, "form")
        return Identified("siren", "0" + squeezed, None, ("leading zero",))
    if not luhn.is_valid(squeezed):
        return Refused("siren", text, "check", squeezed[:8] + luhn.calc_check_digit(squeezed[:8]))
    return Identified("siren", squeezed, None)


def ror_check(name: str) -> str:
    """Return the two check digits of the seven characters of a ROR identifier.

    The name is a number in Crockford's base 32; the check is that of ISO/IEC 7064, modulo 97-10.

    >>> ror_check("02dga6j")
    '42'
    """
    number = 0
    for character in name:
        number = number * 32 + _CROCKFORD[character]
    return f"{98 - number * 100 % 97:02d}"


def read_ror(text: str) -> Identified | Refused:
    """Read a ROR identifier.

    >>> read_ror("02dga6j42").iri
    'https://ror.org/02dga6j42'
    >>> read_ror("https://ror.org/02dga6j43").correction
    '02dga6j42'
    """
    squeezed, repairs = _squeeze(text)
    found = _ROR.fullmatch(squeezed)
    if found is None:
        return Refused("ror", text, "form")
    value = found["ror"].lower()
    right = value[:7] + ror_check(value[:7])
    if value != right:
        return Refused("ror", text, "check", right)
    return Identified("ror", value, f"https://ror.org/{value}", repairs)


def read_wikidata(text: str) -> Identified | Refused:
    """Read the number of a Wikidata item.

    >>> read_wikidata("https://www.wikidata.org/wiki/Q273642").iri
    'http://www.wikidata.org/entity/Q273642'
    """
    squeezed, repairs = _squeeze(text)
    found = _WIKIDATA.fullmatch(squeezed)
    if found is None:
        return Refused("wikidata", text, "form")
    value = found["q"].upper()
    return Identified("wikidata", value, f"http://www.wikidata.org/entity/{value}", repairs)


def _read_sixteen(
    scheme: Literal["isni", "orcid"], spelling: re.Pattern[str], text: str
) -> str | Refused:
    """Read sixteen characters whose last is the check of ISO/IEC 7064, modulo 11-2."""
    from stdnum.iso7064 import mod_11_2  # noqa: PLC0415

    squeezed = re.sub(r"[\s-]+", "", text)
    found = spelling.fullmatch(squeezed)
    if found is None:
        return Refused(scheme, text, "form")
    value = found[scheme].upper()
    right = value[:15] + mod_11_2.calc_check_digit(value[:15])
    return value if value == right else Refused(scheme, text, "check", right)


def read_isni(text: str) -> Identified | Refused:
    """Read an ISNI (ISO 27729).

    >>> read_isni("0000 0001 0666 5255").iri
    'https://isni.org/isni/0000000106665255'
    >>> read_isni("http://www.isni.org/0000000106665256").correction
    '0000000106665255'
    """
    value = _read_sixteen("isni", _ISNI, text)
    if isinstance(value, Refused):
        return value
    return Identified("isni", value, f"https://isni.org/isni/{value}")


def read_orcid(text: str) -> Identified | Refused:
    """Read an ORCID iD: an ISNI of the blocks reserved for ORCID.

    The blocks are 0000-0001-5000-0007 to 0000-0003-5000-0001 and 0009-0000-… to 0009-0010-…
    (ORCID, « Structure of the ORCID Identifier »).

    >>> read_orcid("0000 0001 0666 5255").reason  # an ISNI, outside ORCID's blocks
    'form'
    """
    value = _read_sixteen("orcid", _ORCID, text)
    if isinstance(value, Refused):
        if value.correction:
            hyphened = "-".join(value.correction[i : i + 4] for i in range(0, 16, 4))
            return Refused("orcid", text, value.reason, hyphened)
        return value
    number = int(value[:15])
    if not (15_000_000 <= number <= 35_000_000 or 900_000_000_000 <= number <= 900_100_000_000):
        return Refused("orcid", text, "form")
    hyphened = "-".join(value[i : i + 4] for i in range(0, 16, 4))
    return Identified("orcid", hyphened, f"https://orcid.org/{hyphened}")


# --- publications --------------------------------------------------------------------------------

_ISSN_HEAD: Final = re.compile(
    r"(?:https?://(?:portal\.)?issn\.org/resource/ISSN/|(?:urn:)?issn[:\s]*)", re.I
)
_ISBN_HEAD: Final = re.compile(r"(?:urn:isbn:|e?isbn(?:-1[03])?[:\s]*)", re.I)
_DOI: Final = re.compile(
    r"(?:https?://(?:dx\.)?doi\.org/|doi:)?(?P<doi>10\.[0-9]{4,9}(?:\.[0-9]+)*/\S+)", re.I
)
_NOT_PLAIN: Final = re.compile(r"[^0-9A-Za-z]+")
_STRAY: Final = re.compile(r"[^0-9A-Za-z\s‐-―-]")


def _plain(text: str, head: re.Pattern[str]) -> tuple[str, tuple[Repair, ...]]:
    """Drop the prefix, the hyphens and what is no letter or digit of ASCII."""
    start = head.match(text.strip())
    body = text.strip()[start.end() if start else 0 :]
    return _NOT_PLAIN.sub("", body).upper(), ("stray characters",) if _STRAY.search(body) else ()


def read_issn(text: str) -> Identified | Refused:
    """Read an ISSN (ISO 3297), with or without its hyphen.

    Its IRI is the one that the ISSN Portal's own RDF and data.persee.fr use.

    >>> read_issn("1474-0540á")
    Identified(scheme='issn', value='1474-0540', iri='http://issn.org/resource/ISSN/1474-0540', \
repairs=('stray characters',))
    >>> read_issn("0992-2058").correction
    '0992-2059'
    """
    from stdnum import issn  # noqa: PLC0415

    plain, repairs = _plain(text, _ISSN_HEAD)
    if not re.fullmatch("[0-9]{7}[0-9X]", plain):
        return Refused("issn", text, "form")
    right = plain[:7] + issn.calc_check_digit(plain[:7])
    hyphened = f"{right[:4]}-{right[4:]}"
    if plain != right:
        return Refused("issn", text, "check", hyphened)
    return Identified("issn", hyphened, f"http://issn.org/resource/ISSN/{hyphened}", repairs)


def read_isbn(text: str) -> Identified | Refused:
    """Read an ISBN of ten or thirteen digits as one of thirteen (ISO 2108; IRI of RFC 8254).

    >>> read_isbn("2-912688-42-6").value
    '9782912688422'
    >>> read_isbn("978-2-7472-2578-7").correction
    '9782747225786'
    """
    from stdnum import ean, isbn  # noqa: PLC0415

    plain, repairs = _plain(text, _ISBN_HEAD)
    if re.fullmatch("[0-9]{9}[0-9X]", plain):
        # weights 1 to 9, modulo 11 (ISO 2108:2017, annex)
        total = sum(int(digit) * weight for weight, digit in enumerate(plain[:9], start=1)) % 11
        right = plain[:9] + ("X" if total == 10 else str(total))
        value = isbn.to_isbn13(right)
    elif re.fullmatch("97[89][0-9]{10}", plain):
        value = right = plain[:12] + ean.calc_check_digit(plain[:12])
    else:
        return Refused("isbn", text, "form")
    if plain != right:
        return Refused("isbn", text, "check", value)
    return Identified("isbn", value, f"urn:isbn:{value}", repairs)


def read_doi(text: str) -> Identified | Refused:
    """Read a DOI (ISO 26324), which is the same in capitals and in small letters.

    >>> read_doi("https://dx.doi.org/10.3406/HISTA.1998.2826").iri
    'https://doi.org/10.3406/hista.1998.2826'
    """
    found = _DOI.fullmatch(text.strip())
    if found is None:
        return Refused("doi", text, "form")
    value = found["doi"].lower()
    return Identified("doi", value, "https://doi.org/" + quote(value, safe="/:;.,()_-+~@!$&'*="))
