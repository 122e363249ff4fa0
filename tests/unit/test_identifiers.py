"""Identifiers: real ones in every spelling met, and wrong ones made from them."""

from __future__ import annotations

import csv
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collex_graph.rdf.identifiers import (
    Identified,
    Refused,
    is_ppn,
    isil_of,
    noid_check,
    ppn_check,
    read_ark,
    read_bnf,
    read_ccfr,
    read_doi,
    read_idref,
    read_idrefs,
    read_isbn,
    read_isni,
    read_issn,
    read_orcid,
    read_persee,
    read_rcr,
    read_ror,
    read_siren,
    read_sudoc,
    read_uai,
    read_wikidata,
    ror_check,
    uai_letter,
)


def identified(found: Identified | Refused) -> Identified:
    assert isinstance(found, Identified), found
    return found


def refused(found: Identified | Refused) -> Refused:
    assert isinstance(found, Refused), found
    return found


TURKEY = "http://www.idref.fr/027254755/id"


@pytest.mark.parametrize(
    "text",
    [
        "027254755",
        "http://www.idref.fr/027254755",
        "https://www.idref.fr/027254755",
        "http://www.idref.fr/027254755/id",
        "https://www.idref.fr/027254755/id",
    ],
)
def test_the_daily_spellings_of_a_ppn_need_no_repair(text: str) -> None:
    found = identified(read_idref(text))
    assert (found.value, found.iri, found.repairs) == ("027254755", TURKEY, ())


@pytest.mark.parametrize(
    "text",
    [
        "http://www.idref.fr/027254755/id/id",
        "http://www.idref.fr/027254755.rdf",
        "https://www.idref.fr/027254755.xml",
        "http://idref.fr/027254755",
        "www.idref.fr/027254755",
        "idref:027254755",
        "IDREF:027254755",
        "(IDREF)027254755",
        "PPN 027254755",
        "https://www.idref.fr/027254755 ",
        "https://www.idref.fr/027254755/",
        "02 725 475 5",
        "027254755\u00a0",
    ],
)
def test_every_other_spelling_of_a_ppn_is_read_and_reported(text: str) -> None:
    found = identified(read_idref(text))
    assert (found.iri, found.repairs) == (TURKEY, ("spelling",))


def test_a_small_x_is_made_a_capital_one() -> None:
    found = identified(read_idref("https://www.idref.fr/02740837x"))
    assert (found.value, found.repairs) == ("02740837X", ("spelling",))


@pytest.mark.parametrize(("text", "ppn"), [("26820897", "026820897"), ("66951844", "066951844")])
def test_a_lost_zero_is_given_back_when_the_check_fits(text: str, ppn: str) -> None:
    found = identified(read_idref(text))
    assert (found.value, found.repairs) == (ppn, ("leading zero",))


def test_a_zero_is_not_added_when_the_check_does_not_fit() -> None:
    assert refused(read_idref("66951845")) == Refused("idref", "66951845", "form")


def test_two_ppns_joined_by_a_comma_are_two() -> None:
    found = read_idrefs("086908480,193857561")
    assert [identified(one).value for one in found] == ["086908480", "193857561"]


@pytest.mark.parametrize(
    "text",
    [
        "ark:/12148/cb119323881",
        "http://data.bnf.fr/ark:/12148/cb119323881",
        "https://www.persee.fr/authority/385736",
        "https://www.sudoc.fr/107996537/id",
        "http://www.idref.fr/027254755/birth",
        "119323881x",
        "０２７２５４７５５",
        "027254755\n027234576",
        "",
    ],
)
def test_what_is_written_in_another_scheme_is_never_read_as_a_ppn(text: str) -> None:
    assert refused(read_idref(text)).reason == "form"


def test_a_ppn_of_the_sudoc_is_a_record_and_not_an_authority() -> None:
    assert identified(read_sudoc("107996537")).iri == "https://www.sudoc.fr/107996537/id"
    assert identified(read_sudoc("http://www.sudoc.fr/107996537")).value == "107996537"
    assert refused(read_sudoc("https://www.idref.fr/107996537")).reason == "form"


EIGHT_DIGITS = st.text(alphabet="0123456789", min_size=8, max_size=8)
PPN_CHARACTERS = "0123456789X"


@given(EIGHT_DIGITS)
def test_every_ppn_with_its_check_character_passes(digits: str) -> None:
    ppn = digits + ppn_check(digits)
    assert is_ppn(ppn)
    assert identified(read_idref(ppn)).value == ppn


@given(EIGHT_DIGITS, st.integers(0, 8), st.sampled_from(PPN_CHARACTERS))
def test_every_change_of_one_character_of_a_ppn_is_noticed(
    digits: str, place: int, character: str
) -> None:
    ppn = digits + ppn_check(digits)
    changed = ppn[:place] + character + ppn[place + 1 :]
    assert is_ppn(changed) == (changed == ppn)
    assert isinstance(read_idref(changed), Identified) == (changed == ppn)


@given(EIGHT_DIGITS, st.integers(0, 6))
def test_every_swap_of_two_neighbours_in_a_ppn_is_noticed(digits: str, place: int) -> None:
    ppn = digits + ppn_check(digits)
    swapped = ppn[:place] + ppn[place + 1] + ppn[place] + ppn[place + 2 :]
    assert is_ppn(swapped) == (swapped == ppn)


@given(EIGHT_DIGITS, st.sampled_from(PPN_CHARACTERS))
def test_the_correction_of_a_ppn_is_right(digits: str, check: str) -> None:
    found = read_idref(digits + check)
    if isinstance(found, Refused):
        assert found.reason == "check"
        assert is_ppn(found.correction or "")


@given(st.text(max_size=40))
def test_no_text_upsets_a_reader(text: str) -> None:
    readers = (
        read_idref, read_sudoc, read_bnf, read_ccfr, read_ark, read_persee, read_rcr, read_uai,
        read_siren, read_ror, read_wikidata, read_isni, read_orcid, read_issn, read_isbn, read_doi,
    )  # fmt: skip
    for reader in readers:
        found = reader(text)
        if isinstance(found, Identified) and found.scheme not in ("doi", "ark"):
            assert identified(reader(found.value if found.scheme != "persee" else found.iri or ""))


BNF_ARKS = [
    "cb11932512b", "cb133189252", "cb11931565p", "cb11933140q", "cb11931295s", "cb119328694",
    "cb11976799k", "cb11934457h", "cb119323881", "cb11945077g", "cb119704999", "cb11935712m",
    "cb11939456c", "cb11948112w", "cb12008651x", "cb109933213", "cb14007825z",
]  # fmt: skip


@pytest.mark.parametrize("name", BNF_ARKS)
def test_every_ark_of_the_notices_has_its_noid_check(name: str) -> None:
    assert noid_check(name[:-1]) == name[-1]
    assert identified(read_bnf(f"ark:/12148/{name}")).value == name


@pytest.mark.parametrize(
    ("text", "repairs"),
    [
        ("ark:/12148/cb109933213", ()),
        ("http://data.bnf.fr/ark:/12148/cb109933213", ()),
        ("https://data.bnf.fr/ark:/12148/cb109933213#about", ()),
        ("https://catalogue.bnf.fr/ark:/12148/cb109933213", ()),
        ("http://catalogue.bnf.fr/ark:/12148/cb109933213/PUBLIC", ()),
        ("ark:12148/cb109933213", ("spelling",)),
        (" ark:/12148/cb109933213", ("spelling",)),
    ],
)
def test_every_spelling_of_a_bnf_ark_is_read(text: str, repairs: tuple[str, ...]) -> None:
    concept, person = identified(read_bnf(text)), identified(read_bnf(text, person=True))
    assert concept.iri == "http://data.bnf.fr/ark:/12148/cb109933213"
    assert person.iri == "http://data.bnf.fr/ark:/12148/cb109933213#foaf:Person"
    assert concept.repairs == repairs


def test_an_address_that_says_person_means_the_person() -> None:
    found = read_bnf("http://data.bnf.fr/ark:/12148/cb109933213#foaf:Person")
    assert identified(found).iri == "http://data.bnf.fr/ark:/12148/cb109933213#foaf:Person"


def test_an_frbnf_number_is_given_its_check_character() -> None:
    assert identified(read_bnf("FRBNF11868511")).value == "cb11868511w"
    assert refused(read_bnf("FRBNF11868511x")).correction == "cb11868511w"


def test_a_bnf_ark_with_a_wrong_check_is_refused_with_the_right_one() -> None:
    assert refused(read_bnf("ark:/12148/cb119323882")).correction == "cb119323881"


@given(EIGHT_DIGITS, st.sampled_from("0123456789bcdfghjkmnpqrstvwxz"))
def test_a_bnf_ark_has_exactly_one_check_character(digits: str, check: str) -> None:
    found = read_bnf(f"ark:/12148/cb{digits}{check}")
    assert isinstance(found, Identified) == (check == noid_check(f"cb{digits}"))


@pytest.mark.parametrize(
    ("text", "name", "repairs"),
    [
        (
            "https://ccfr.bnf.fr/portailccfr/ark:/06871/006FRFONDS-751132108-660",
            "006FRFONDS-751132108-660",
            (),
        ),
        ("https://ccfr.bnf.fr/portailccfr/ark:/06871/007Fonds_5230", "007Fonds_5230", ()),
        ("https://ccfr.bnf.fr/portailccfr/ark:/16871/007b79336817", "007b79336817", ("naan",)),
        ("ark:/06871/005FRCGMNOV-751135101-D0l", "005FRCGMNOV-751135101-D0l", ()),
        (
            "http://ccfr.bnf.fr/portailccfr/ark:/06871/007Fonds_5230 ",
            "007Fonds_5230",
            ("spelling",),
        ),
    ],
)
def test_a_ccfr_ark_is_read_and_its_naan_repaired(
    text: str, name: str, repairs: tuple[str, ...]
) -> None:
    found = identified(read_ccfr(text))
    assert found.iri == f"https://ccfr.bnf.fr/portailccfr/ark:/06871/{name}"
    assert (found.value, found.repairs) == (name, repairs)


def test_an_ark_of_another_host_is_no_ccfr_ark() -> None:
    assert refused(read_ccfr("https://bina.bulac.fr/s/bina/ark:/73193/bd25qb")).reason == "form"


def test_any_ark_keeps_its_resolver_or_gets_the_global_one() -> None:
    found = identified(read_ark("https://bina.bulac.fr/s/bina/ark:/73193/bd25qb"))
    assert found.iri == "https://bina.bulac.fr/s/bina/ark:/73193/bd25qb"
    bare = identified(read_ark("ark:67375/8Q1-23W6HDS7-G"))
    assert bare.iri == "https://n2t.net/ark:/67375/8Q1-23W6HDS7-G"
    assert refused(read_ark("https://bina.bulac.fr/s/bina")).reason == "form"


@pytest.mark.parametrize(
    ("text", "iri"),
    [
        ("https://www.persee.fr/authority/385736", "authority/385736#Person"),
        ("http://data.persee.fr/authority/385736#Person", "authority/385736#Person"),
        ("http://data.persee.fr/authority/385736", "authority/385736#Person"),
        (
            "https://www.persee.fr/doc/hista_0992-2059_1998_num_42_1_2826",
            "doc/hista_0992-2059_1998_num_42_1_2826#Web",
        ),
        (
            "http://data.persee.fr/doc/hista_0992-2059_1998_num_42_1_2826#Print",
            "doc/hista_0992-2059_1998_num_42_1_2826#Web",
        ),
        ("http://data.persee.fr/collection/ccgg_1016-9008#Web", "collection/ccgg_1016-9008#Web"),
    ],
)
def test_persee_addresses_lead_to_the_thing_and_not_to_its_page(text: str, iri: str) -> None:
    assert identified(read_persee(text)).iri == f"http://data.persee.fr/{iri}"


def test_a_persee_collection_without_its_issn_is_refused() -> None:
    assert refused(read_persee("https://www.persee.fr/collection/ccgg")).reason == "form"


def test_the_issn_in_a_persee_address_is_checked() -> None:
    found = refused(read_persee("http://data.persee.fr/collection/ccgg_1016-9009#Web"))
    assert (found.reason, found.correction) == ("check", "ccgg_1016-9008")


@pytest.mark.parametrize("text", ["751132108", "FR-751132108", "fr-751132108", "RCR751132108"])
def test_an_rcr_is_read_with_or_without_its_prefix(text: str) -> None:
    found = identified(read_rcr(text))
    assert (found.value, found.iri, isil_of(found.value)) == ("751132108", None, "FR-751132108")


def test_an_rcr_of_eight_digits_is_not_repaired() -> None:
    # it has no check character: nothing says that the missing digit is a zero, nor that it is first
    assert refused(read_rcr("10536101")).correction == "010536101"


@pytest.mark.parametrize("text", ["75113210", "7511321088", "0951214D", "", "ABC"])
def test_what_is_no_rcr_is_refused(text: str) -> None:
    assert refused(read_rcr(text)).reason == "form"


def test_a_uai_has_its_letter() -> None:
    assert identified(read_uai(" 0951214d ")).repairs == ("spelling",)
    assert refused(read_uai("0951214E")).correction == "0951214D"
    assert refused(read_uai("951214D")).reason == "form"


@given(st.text(alphabet="0123456789", min_size=7, max_size=7), st.sampled_from("ABCDIOQZ"))
def test_a_uai_has_exactly_one_letter(digits: str, letter: str) -> None:
    assert isinstance(read_uai(digits + letter), Identified) == (letter == uai_letter(digits))


def test_a_siren_is_checked_and_its_zero_given_back() -> None:
    assert identified(read_siren("775 663 958")).value == "775663958"
    assert refused(read_siren("775663959")).correction == "775663958"
    assert refused(read_siren("77566395800046")).reason == "form"  # a SIRET
    lost = identified(read_siren("05410782"))
    assert (lost.value, lost.repairs) == ("005410782", ("leading zero",))


@pytest.mark.parametrize(
    "text", ["02dga6j42", "https://ror.org/02dga6j42", "ROR.ORG/02DGA6J42", "ror:02dga6j42"]
)
def test_a_ror_is_read(text: str) -> None:
    assert identified(read_ror(text)).iri == "https://ror.org/02dga6j42"


def test_a_ror_with_a_wrong_check_is_refused() -> None:
    assert refused(read_ror("02dga6j43")).correction == "02dga6j42"
    assert refused(read_ror("02lga6j42")).reason == "form"  # no l in this alphabet
    assert ror_check("02dga6j") == "42"


def test_a_wikidata_item_is_read_and_a_property_is_not() -> None:
    for text in ("Q273642", "https://www.wikidata.org/entity/Q273642", "wd:Q273642"):
        assert identified(read_wikidata(text)).iri == "http://www.wikidata.org/entity/Q273642"
    for text in ("P31", "Q0", "Q", "273642"):
        assert refused(read_wikidata(text)).reason == "form"


@pytest.mark.parametrize(
    "text",
    [
        "0000 0001 0666 5255", "0000000106665255", "http://www.isni.org/0000000106665255",
        "http://isni.org/isni/0000000106665255", "ISNI 0000 0001 0666 5255",
    ],
)  # fmt: skip
def test_every_spelling_of_an_isni_is_read(text: str) -> None:
    assert identified(read_isni(text)).iri == "https://isni.org/isni/0000000106665255"


def test_an_orcid_is_an_isni_of_its_own_block() -> None:
    found = identified(read_orcid("https://orcid.org/0000-0001-6743-9622"))
    assert found.iri == "https://orcid.org/0000-0001-6743-9622"
    assert refused(read_orcid("0000-0001-6743-9623")).correction == "0000-0001-6743-9622"
    assert refused(read_orcid("0000 0001 0666 5255")).reason == "form"


@pytest.mark.parametrize(
    ("text", "repairs"),
    [
        ("1474-0540", ()), ("14740540", ()), ("issn:1474-0540", ()),
        ("https://portal.issn.org/resource/ISSN/1474-0540", ()),
        ("1474-0540á", ("stray characters",)), ("1474–0540", ()),
    ],
)  # fmt: skip
def test_every_spelling_of_an_issn_is_read(text: str, repairs: tuple[str, ...]) -> None:
    found = identified(read_issn(text))
    assert found.iri == "http://issn.org/resource/ISSN/1474-0540"
    assert found.repairs == repairs


def test_an_issn_with_a_wrong_check_is_refused() -> None:
    assert refused(read_issn("0992-2058")).correction == "0992-2059"
    assert refused(read_issn("9788447216178")).reason == "form"


def test_an_isbn_is_read_as_thirteen_digits() -> None:
    assert identified(read_isbn("0128186755")).value == "9780128186756"
    assert identified(read_isbn("978-84-472-1617-8")).iri == "urn:isbn:9788447216178"
    assert refused(read_isbn("0128186756")).correction == "9780128186756"
    assert refused(read_isbn("9788447216179")).correction == "9788447216178"
    assert refused(read_isbn("1474-0540")).reason == "form"


def test_a_doi_is_the_same_in_capitals() -> None:
    for text in ("10.3406/hista.1998.2826", "doi:10.3406/HISTA.1998.2826"):
        assert identified(read_doi(text)).iri == "https://doi.org/10.3406/hista.1998.2826"
    assert identified(read_doi("10.1000/a<b>")).iri == "https://doi.org/10.1000/a%3Cb%3E"
    assert refused(read_doi("hista.1998.2826")).reason == "form"


@pytest.mark.real_data
def test_every_ppn_of_the_real_files_has_its_check_character(shared_data) -> None:
    texts = [path.read_text(encoding="utf-8") for path in (shared_data / "ccfr").glob("*.xml")]
    given_ones = [
        match
        for text in texts
        for match in re.findall(r'authfilenumber="([^"]*)"', text)
        if "idref" in match
    ]
    assert len(given_ones) > 100
    assert all(isinstance(read_idref(match), Identified) for match in given_ones)


@pytest.mark.real_data
def test_every_identifier_of_the_real_table_is_read(shared_data) -> None:
    readers = {
        "uai": read_uai, "siren": read_siren, "identifiant_ror": read_ror,
        "identifiant_isni": read_isni, "element_isni": read_isni,
        "identifiant_idref": read_idref, "identifiant_wikidata": read_wikidata,
    }  # fmt: skip
    read = 0
    for path in (shared_data / "institutions").glob("fr-esr*technical*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream, delimiter=";"):
                for column, reader in readers.items():
                    if row[column]:
                        identified(reader(row[column]))
                        read += 1
    assert read > 1000
