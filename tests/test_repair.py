"""Corrected files: the very same file, with what is certain repaired in its place."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from pyoxigraph import RdfFormat, parse

from collex_graph.cli import main
from collex_graph.mapping.functions.access_points import repairs
from collex_graph.model import Note, Position, Problem, Repair
from collex_graph.pipeline import map_source
from collex_graph.pipeline.checking import check_files
from collex_graph.rdf import identifiers
from collex_graph.rdf.namespaces import expand
from collex_graph.repair import changes_csv
from collex_graph.repair.markup import correct_markup
from collex_graph.repair.spots import rewritten, squeeze
from collex_graph.repair.tables import cell_spans
from collex_graph.settings import Settings
from collex_graph.template import read_template, write_workbook
from collex_graph.uploads.report_page import report_html
from collex_graph.validation.readings import ReadingRules
from collex_graph.validation.report import (
    known_rules,
    report_by_place,
    report_turtle,
    write_csv,
)
from collex_graph.validation.report_files import report_xlsx

BASE = Settings().base_iri
EAD = """<?xml version='1.0' encoding="ISO-8859-1"  ?>
<!DOCTYPE ead PUBLIC "+//ISBN 1-931666-00-8//DTD ead.dtd (Encoded Archival Description (EAD) Version 2002)//EN" "ead.dtd">
<!-- un commentaire : idref, 1701-2000 -->
<ead><eadheader><eadid identifier='FRFONDS-751132108-A'>a.xml</eadid><filedesc><titlestmt>
<titleproper>Bibliothèque A &amp; B</titleproper></titlestmt><publicationstmt>
  <date type='date_de_la_première_édition'   normal=''>23/06/2022</date></publicationstmt></filedesc></eadheader>
<archdesc level="fonds">
 <processinfo audience="internal"><p><extref href="http://www.bulac.fr/a b">note interne</extref></p></processinfo>
 <did><repository><corpname authfilenumber="751132108">Bibliothèque A</corpname></repository>
  <unittitle>Fonds  A</unittitle>
  <unitdate
     normal = '1701-2000'>de 1701 à 2000</unitdate>
  <physdesc><extent>
     Volume total : Volume total : 12 volumes
  </extent></physdesc>
  <langmaterial><language langcode='scc'/></langmaterial></did>
 <scopecontent><p>Voir <extref href="http://www.bulac.fr/a b?x=1&amp;y='2'" >la page</extref>.</p></scopecontent>
 <controlaccess>
  <subject source='idref'  authfilenumber="https://www.idref.fr/027236935">Littérature française</subject>
  <subject authfilenumber="ark:/12148/cb119323881" source='idref'>Madagascar</subject>
  <geogname authfilenumber=" 26820897 "
     source="IdRef">Lieu</geogname>
  <persname source="IdRef" authfilenumber="idref:026820897,027254756">X</persname>
 </controlaccess>
 <relatedmaterial><p><extref href="https://ccfr.bnf.fr/portailccfr/ark:/16871/007b79336817"/></p></relatedmaterial>
</archdesc></ead>
"""  # noqa: E501
CERTAIN_IN_EAD = [
    ("normal=''>23/06", "normal='20220623'>23/06"),
    ("normal = '1701-2000'", "normal = '1701/2000'"),
    ("     Volume total : Volume total : 12", "     Volume total : 12"),
    ("langcode='scc'", "langcode='srp'"),
    ("a b?x=1&amp;y='2'\"", "a%20b?x=1&amp;y='2'\""),
    ("source='idref'  auth", "source='IdRef'  auth"),
    ('" 26820897 "', '"026820897"'),
    ('"idref:026820897,027254756"', '"http://www.idref.fr/026820897/id,027254756"'),
    ("ark:/16871/007b79336817", "ark:/06871/007b79336817"),
]
LABELS = (
    "\ufeffCampagne;Fonds;Label;État;Date de décision;Discipline;Preuve;Remarque\r\n"
    '2018;FRFONDS-751132108-1756;"CollEx";Labellisée;12/09/2018;"Histoire, Sociologie";'
    "https://www.collexpersee.eu/a b;\r\n"
    "\r\n"
    "2019 Ã©tÃ©;FRFONDS-751132108-1756;CollEx;labelisé;2019-02-30;Études aréales;;"
    '"DÃ©cision ""une"" Ã\xa0\n'
    'revoir, dÃ©jÃ\xa0"\r\n'
    "2020;FRFONDS-751132108-1756;CollEx;Refusée;mars 2020;Histoire;www.collexpersee.eu;ÂGE"
)
CERTAIN_IN_LABELS = [
    ("2019 Ã©tÃ©;", "2019 été;"),
    ('"Histoire, Sociologie"', '"Histoire | Sociologie"'),
    ("eu/a b;", "eu/a%20b;"),
    ('"DÃ©cision ""une"" Ã\xa0\nrevoir, dÃ©jÃ\xa0"', '"Décision ""une"" à\nrevoir, déjà"'),
]
KBART = (
    "publication_title\tprint_identifier\tonline_identifier\ttitle_url\ttitle_id\tpublication_type\r"
    'Une "revue"\t1359-7338\t1364-5536á\thttps://pubs.rsc.org/\tac\tserial\r'
    "Une autre\t\t\thttps://pubs.rsc.org/b c\tb\tSerials\r"
)


def check(path, **options):
    return check_files([path], base_iri=BASE, day="2026-11-26", **options)


def corrected(path, content, **options):
    """The file corrected, with the check of what was given."""
    path.write_bytes(content)
    found = check(path, correct=True, **options)
    (file,) = found.corrected
    return file, found


def graph_of(source, path):
    spool = path.parent / "spool.nq"
    map_source(source, path, base_iri=BASE, spool=spool)
    return {
        (quad.subject.value, quad.predicate.value, str(quad.object))
        for quad in parse(spool.read_bytes(), format=RdfFormat.N_QUADS)
    }


def replaced(text, pairs):
    for before, after in pairs:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return text


def rules_of(repairs_made):
    return sorted(repair.rule.removeprefix(expand("collex-sh:")) for repair in repairs_made)


# --- what to write -------------------------------------------------------------------------------


def repair_of(rule, value, **arguments):
    note = Note(rule, value, tuple(sorted(arguments.items())))
    problem = Problem(note, Position("a.csv", row=2, column="c"), "a.csv#row=2", None, "", None)
    return ReadingRules.load().result(problem).repair


@pytest.mark.parametrize(
    ("rule", "value", "arguments", "repaired", "certain"),
    [
        ("HyphenInterval", "1701-2000", {"repaired": "1701/2000"}, "1701/2000", True),
        ("HyphenInterval", "1701-", {"repaired": "1701/.."}, "1701/..", False),
        ("SourceSpelling", "Id-Ref", {"expected": "IdRef", "identifier": "i"}, "IdRef", True),
        # another list than the one that the identifier is of
        ("SourceSpelling", "rameau", {"expected": "IdRef", "identifier": "i"}, "IdRef", False),
        ("OpenEndAs9999", "1400/9999-12-31", {"start": "1400"}, "1400/..", False),
        ("OpenEndUnmarked", "1855/", {"start": "1855"}, "1855/..", False),
        ("UnreadableDay", "9 mars 2023", {}, "2023-03-09", False),
        ("UnknownLanguageCode", "Français", {}, "fre", False),
        ("LostLeadingZero", "26820897", {"identifier": "026820897", "scheme": "IdRef (PPN)"},
         "026820897", True),
        # what no spreadsheet does: a number that ends with X, or a library's, without check
        ("LostLeadingZero", "6820897X", {"identifier": "06820897X", "scheme": "IdRef (PPN)"},
         "06820897X", False),
        ("LostLeadingZero", "10536101", {"identifier": "010536101", "scheme": "RCR"},
         "010536101", False),
        ("WrongCheckCharacter", "1364-5537", {"correction": "1364-5536", "scheme": "ISSN"},
         "1364-5536", False),
        ("RepairedLink", "http://a.fr/b c", {"iri": "http://a.fr/b%20c"}, "http://a.fr/b%20c",
         True),
        ("RepairedLink", "www.a.fr", {"iri": "https://www.a.fr"}, "https://www.a.fr", False),
        ("RepairedLink", "http://https://a.fr", {"iri": "https://a.fr"}, "https://a.fr", False),
        ("RelativeLink", "www.calames.abes.fr", {}, "https://www.calames.abes.fr", False),
        ("UnusableCoordinates", "48,84 ; 2,32", {}, "48.84, 2.32", False),
        ("UnlistedConcept", "labelisé", {"near": "labellisé", "scheme": "s", "known": "k"},
         "labellisé", False),
        ("UnusableRuleName", "labelledunit-acces", {"near": "LabelledUnit-access"},
         "LabelledUnit-access", False),
        ("UnreadableNumber", "1 234,5 €", {}, "1234.5", False),
        ("UnreadableTruth", "Oui, depuis 2019", {}, "oui", False),
        ("MalformedEmbargo", "p3a", {}, "P3Y", False),
        ("UnusableRcr", "10536101", {"library": "l"}, "010536101", False),
        ("DayMissing", "mars 2020", {"edtf": "2020-03"}, "2020-03-01", False),
    ],
)  # fmt: skip
def test_a_rule_says_what_to_write_and_whether_a_machine_may(
    rule, value, arguments, repaired, certain
):
    found = repair_of(rule, value, **arguments)
    assert (found.repaired, found.certain) == (repaired, certain)
    assert all(found.reasons[language] for language in ("fr", "en"))
    assert "{" not in "".join(found.reasons.values())


@pytest.mark.parametrize(
    ("rule", "value", "arguments"),
    [
        ("WrongCheckCharacter", "x", {"correction": "", "scheme": "ISSN"}),
        ("UnlistedConcept", "x", {"near": "–", "scheme": "s", "known": "k"}),
        ("UnreadableDay", "un jour", {}),
        ("UnreadableNumber", "12 à 15", {}),
        ("MailboxInCell", "", {}),
        ("MissingIdentifier", "Iran", {"element": "subject"}),
    ],
)
def test_where_nothing_can_be_known_there_is_no_repair(rule, value, arguments):
    assert repair_of(rule, value, **arguments) is None


@pytest.mark.parametrize(
    ("shape", "value", "repaired"),
    [
        ("Value-ppn-check", "107996538", "107996537"),
        ("Value-issn-check", "09922059", "0992-2059"),
        ("Value-isil", "751132108", "FR-751132108"),
        ("Value-siren", "775 663 958", "775663958"),
        ("Value-idref-iri", "https://www.idref.fr/028056663", "http://www.idref.fr/028056663/id"),
        ("Value-bnf-iri", "ark:/12148/cb119323881", "http://data.bnf.fr/ark:/12148/cb119323881"),
        ("Value-registry-iri", "http://ror.org/02dga6j42", "https://ror.org/02dga6j42"),
        ("Value-web-address", "www.bulac.fr", "https://www.bulac.fr"),
    ],
)
def test_a_shape_suggests_what_its_registry_writes(shape, value, repaired):
    rule = known_rules()[expand(f"collex-sh:{shape}")]
    found = rule.repair.repair(rule.iri, value, {}, None)
    assert (found.repaired, found.certain) == (repaired, False)


def test_a_suggestion_says_what_it_looks_like():
    near = repair_of("UnlistedConcept", "labelisé", near="labellisé", scheme="s", known="k")
    assert near.reasons["fr"].replace("\u00a0", " ").startswith("Ressemble à « labellisé »")


def test_whoever_withholds_a_value_offers_no_repair():
    withheld = [rule for rule in known_rules().values() if rule.withholds_value or rule.internal]
    assert withheld
    assert [rule.iri for rule in withheld if rule.repair] == []


def spelt(scheme, form):
    return st.tuples(
        st.just(scheme), st.text("0123456789", min_size=8, max_size=8), st.sampled_from(form)
    )


@given(
    st.one_of(
        spelt(
            "idref", ["ppn {}", " {}", "https://www.idref.fr/{}/", "idref:{}", "idref.fr/{}.rdf"]
        ),
        spelt("sudoc", ["PPN:{}", "sudoc.fr/{}", "https://www.sudoc.fr/{} "]),
        spelt("bnf", ["FRBNF{}", "ARK:/12148/cb{}", "ark:12148/cb{}"]),
    )
)
def test_a_repaired_identifier_is_the_same_one_and_needs_no_repair(case):
    scheme, digits, form = case
    read = getattr(identifiers, f"read_{scheme}")
    if scheme == "bnf":
        number = digits + ("" if form.startswith("FR") else identifiers.noid_check(f"cb{digits}"))
    else:
        number = digits + identifiers.ppn_check(digits)
    written = form.format(number)
    found = read(written)
    for note in repairs(found, written):
        again = read(dict(note.arguments)["repaired"])
        assert (again.value, again.iri, again.repairs) == (found.value, found.iri, ())


# --- XML -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def notice(tmp_path_factory):
    """A notice, corrected: its path, what was made of it, what was found."""
    path = tmp_path_factory.mktemp("ead") / "FRFONDS-751132108-A.xml"
    file, found = corrected(path, EAD.encode("iso-8859-1"), source="ccfr")
    return path, file, found


def test_a_notice_is_the_same_to_the_byte_outside_the_repaired_spots(notice):
    _, file, _ = notice
    assert file.content.decode("iso-8859-1") == replaced(EAD, CERTAIN_IN_EAD)
    assert file.left == ()
    assert rules_of(file.applied) == [
        "EmptyNormalDate", "HyphenInterval", "IdentifierSpelling", "LostLeadingZero",
        "MistypedNaan", "ObsoleteLanguageCode", "RepairedLink", "RepeatedHeading", "SourceSpelling",
    ]  # fmt: skip


def test_what_is_only_suggested_is_said_and_not_written(notice):
    _, _, found = notice
    suggested = {r.rule.rpartition("#")[2]: r.repair for r in found.report.results if r.repair}
    assert suggested["SourceContradicted"].repaired == "BnF"
    assert suggested["WrongCheckCharacter"].repaired == "027254755"
    assert not suggested["SourceContradicted"].certain


def test_the_list_of_changes_says_place_before_after_and_reason(notice):
    _, file, _ = notice
    rows = list(csv.DictReader(io.StringIO(changes_csv([file]).decode("utf-8-sig"))))
    (row,) = [row for row in rows if row["règle"] == "HyphenInterval"]
    assert (row["fichier"], row["composant"]) == (file.name, "FRFONDS-751132108-A")
    assert EAD.splitlines()[int(row["ligne"]) - 1].strip() == "<unitdate"
    assert (row["colonne"], row["avant"], row["après"]) == (
        "unitdate/@normal", "1701-2000", "1701/2000",
    )  # fmt: skip
    assert "années" in row["raison"]


def test_a_corrected_notice_says_the_same_and_has_nothing_left_to_correct(notice):
    path, file, found = notice
    before = graph_of("ccfr", path)
    path.write_bytes(file.content)
    after = graph_of("ccfr", path)
    # the words of the source that were repaired, and nothing that was made of them
    changed = {predicate.rpartition("#")[2] for _, predicate, _ in before ^ after}
    assert changed <= {"sourceName", "normalizedDateValue", "textualValue", "rawIdentifier"}
    again = check(path, source="ccfr", correct=True)
    assert again.corrected == []
    certain = {r.rule for r in found.report.results if r.repair and r.repair.certain}
    assert certain & {r.rule for r in again.report.results} == set()
    assert len(again.report.results) == len(found.report.results) - len(file.applied)


def repair_at(line, column, found, repaired, **more):
    position = Position("a.xml", line=line, component="r-1", column=column)
    return Repair(position, found, repaired, certain=True, rule="r", reasons={}, **more)


def test_in_other_xml_the_record_is_found_by_its_line(tmp_path):
    text = b"<r>\n<a x='1'/>\n<a x='1'/>\n<b><c>1</c><c>1<!-- non --></c></b></r>"
    mended, made = correct_markup(text, tmp_path, [repair_at(3, "@x", "1", 'l\'"un" & <2>')])
    assert mended == text.replace(b"x='1'/>\n<b", b"x='l&apos;\"un\" &amp; &lt;2&gt;'/>\n<b")
    assert [repair.position.column for repair in made] == ["a/@x"]
    mended, _ = correct_markup(text, tmp_path, [repair_at(4, "c", "1", "2")])
    assert mended == text.replace(b"<c>1</c>", b"<c>2</c>")
    assert correct_markup(text, tmp_path, [repair_at(4, "@x", "1", "2")]) == (text, [])


VALUES = st.text("1é&<>\"' /=x", max_size=4)


@given(st.lists(st.tuples(VALUES, VALUES, st.sampled_from("'\"")), max_size=4), VALUES)
def test_whatever_stands_around_a_spot_only_the_spot_changes(tmp_path_factory, elements, new):
    def written(value, quote):
        plain = value.replace("&", "&amp;").replace("<", "&lt;")
        return quote + plain.replace(quote, "&#34;" if quote == '"' else "&#39;") + quote

    text = "<r>" + "".join(
        f"<a  y={written(other, quote)}\tx = {written(value, quote)} ><!-- x='1' --></a >"
        for value, other, quote in elements
    )
    repaired = squeeze(new)
    repairs_wanted = [repair_at(1, "a/@x", "1", repaired)]
    path = tmp_path_factory.getbasetemp()
    mended, made = correct_markup(f"{text}</r>".encode(), path, repairs_wanted)
    before, after = (list(etree.fromstring(one)) for one in (f"{text}</r>", mended.decode()))
    assert [a.get("y") for a in after] == [b.get("y") for b in before]
    assert [a.get("x") for a in after] == [
        repaired if squeeze(b.get("x")) == "1" else b.get("x") for b in before
    ]
    assert bool(made) == (mended.decode() != f"{text}</r>")


def test_a_letter_that_the_encoding_lacks_is_written_by_its_number(tmp_path):
    text = '<?xml version="1.0" encoding="iso-8859-1"?><r><a>é</a></r>'.encode("iso-8859-1")
    mended, _ = correct_markup(text, tmp_path, [repair_at(1, "a", "é", "œ")])
    assert mended == text.replace(b"<a>\xe9", b"<a>&#339;")


# --- tables --------------------------------------------------------------------------------------


def test_a_csv_keeps_its_mark_its_separator_its_quotation_marks_and_its_line_ends(tmp_path):
    path = tmp_path / "labels.csv"
    file, found = corrected(path, LABELS.encode(), source="labels")
    assert file.content.decode() == replaced(LABELS, CERTAIN_IN_LABELS)
    assert rules_of(file.applied) == [
        "Mojibake", "Mojibake", "Mojibake", "OtherSeparator", "RepairedLink",
    ]  # fmt: skip
    suggested = {
        r.rule.rpartition("#")[2]: r.repair.repaired
        for r in found.report.results
        if r.repair and not r.repair.certain
    }
    assert suggested["UnlistedConcept"] == "Labellisée"
    assert suggested["RepairedLink"] == "https://www.collexpersee.eu"
    before = graph_of("labels", path)
    path.write_bytes(file.content)
    assert graph_of("labels", path) == before
    assert check(path, source="labels", correct=True).corrected == []


@pytest.fixture(scope="module")
def titles(tmp_path_factory):
    """A list of titles, corrected: its path, what was made of it, what was found."""
    path = tmp_path_factory.mktemp("kbart") / "RSC_FRANCE_LN-X_2023-01-01.txt"
    file, found = corrected(path, KBART.encode("cp1252"), source="kbart")
    return path, file, found


def test_a_list_of_titles_is_corrected_in_windows_1252_without_quotation_marks(titles):
    path, file, found = titles
    expected = replaced(KBART, [("1364-5536á", "1364-5536"), ("rsc.org/b c", "rsc.org/b%20c")])
    assert file.content == expected.encode("cp1252")
    near = {r.value: r.repair.repaired for r in found.report.results if r.repair}
    assert near["Serials"] == "serial"
    assert near["1359-7338"] == "1359-7337"
    before = graph_of("kbart", path)
    path.write_bytes(file.content)
    assert graph_of("kbart", path) == before


TABLES = st.lists(
    st.lists(st.text('ab;"\n\r \t', max_size=6), min_size=1, max_size=4), min_size=1, max_size=5
)


@settings(max_examples=200)
@given(TABLES, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.sampled_from(["\n", "\r\n"]))
def test_cells_are_told_apart_as_the_reader_does(rows, quoting, end):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", quoting=quoting, lineterminator=end).writerows(rows)
    same_cells(text.getvalue())


@settings(max_examples=200)
@given(st.text('ab;"\n\r ', max_size=30))
def test_cells_of_any_text_are_told_apart_as_the_reader_does(text):
    same_cells(text)


def same_cells(text):
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True)
    spans = cell_spans(text, ";", quoted=True)
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            if "unexpected end" in str(error):  # the reader refuses the file
                return
            assert next(spans) is None
            continue
        found = next(spans, None)
        if row is None:
            assert found is None
            return
        cells = [text[start:stop] for start, stop in found]
        assert [c[1:-1].replace('""', '"') if c[:1] == '"' else c for c in cells] == row


@given(st.text("ab|; ", max_size=12), st.text("ab", min_size=1, max_size=3))
def test_a_spot_that_is_rewritten_once_is_not_rewritten_again(text, found):
    repair = Repair(None, found, found + "c", certain=True, rule="r", reasons={})
    new = rewritten(text, repair, "|;")
    if new is not None:
        assert rewritten(new, repair, "|;") is None
        assert new.replace("c", "") == text or text.split() == [found]


# --- workbooks -----------------------------------------------------------------------------------

CELLS = (
    '<row r="5" spans="1:11"><c r="A5" s="3" t="inlineStr"><is><t>2018</t></is></c>'
    '<c r="B5" t="inlineStr"><is><t>FRFONDS-751132108-1756</t></is></c>'
    '<c r="C5" t="inlineStr"><is><t>CollEx</t></is></c>'
    '<c r="D5" t="inlineStr"><is><t>Labellisée</t></is></c>'
    '<c r="E5" s="2" t="inlineStr"><is><t>12/09/2018</t></is></c>'
    '<c r="I5" s="4" t="inlineStr"><is><r><t>Histoire, </t></r><r><t>Sociologie</t></r></is></c>'
    '<c r="K5" t="str"><f>"Dé"&amp;"x"</f><v>DÃ©cision</v></c></row>'
    '<row r="6"><c r="A6" t="inlineStr"><is><t>2019</t></is></c>'
    '<c r="B6" s="5"><v>26820897</v></c>'
    '<c r="D6" t="inlineStr"><is><t>Refusée</t></is></c></row>'
)


def test_a_workbook_keeps_its_formats_its_other_cells_and_its_other_sheets(tmp_path):
    out = io.BytesIO()
    template = write_workbook(read_template("labels"))
    with zipfile.ZipFile(io.BytesIO(template)) as old, zipfile.ZipFile(out, "w") as new:
        part = "xl/worksheets/sheet1.xml"
        for info in old.infolist():
            content = old.read(info)
            if info.filename == part:
                content = content.replace(b"</sheetData>", CELLS.encode() + b"</sheetData>")
            new.writestr(info, content)
    path = tmp_path / "labels.xlsx"
    file, _ = corrected(path, out.getvalue(), source="labels")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(io.BytesIO(file.content)) as new:
        assert old.namelist() == new.namelist()
        assert [n for n in old.namelist() if old.read(n) != new.read(n)] == [part]
        sheet = old.read(part).decode()
        expected = replaced(sheet, [
            ("<is><r><t>Histoire, </t></r><r><t>Sociologie</t></r></is>",
             '<is><t xml:space="preserve">Histoire | Sociologie</t></is>'),
            ('<c r="B6" s="5"><v>26820897</v></c>',
             '<c r="B6" s="5" t="inlineStr"><is><t xml:space="preserve">026820897</t></is></c>'),
        ])  # fmt: skip
        assert new.read(part).decode() == expected
    # the result of a formula would come back
    assert rules_of(file.left) == ["Mojibake"]
    changes = io.StringIO(changes_csv([file], "en").decode("utf-8-sig"))
    states = [row["state"] for row in csv.DictReader(changes)]
    assert [state.partition(":")[0] for state in states] == ["repaired", "repaired", "left"]
    before = graph_of("labels", path)
    path.write_bytes(file.content)
    assert graph_of("labels", path) == before


# --- the command, and the reports ----------------------------------------------------------------


def test_the_command_writes_corrected_files_into_a_new_folder_and_leaves_the_given_ones(tmp_path):
    path = tmp_path / "given" / "labels.csv"
    # of two files of one name a result does not say which it is of: they are left alone
    for one in (path, tmp_path / "given/a/labels-2.csv", tmp_path / "given/b/labels-2.csv"):
        one.parent.mkdir(exist_ok=True)
        one.write_bytes(LABELS.encode())
    folder = tmp_path / "new" / "corrected"
    words = ["validate", str(path.parent), "--source", "labels", "--corrected", str(folder)]
    ran = CliRunner().invoke(main, [*words, "--format", "json"])
    assert path.read_bytes() == LABELS.encode()
    assert sorted(file.name for file in folder.iterdir()) == ["labels.csv", "modifications.csv"]
    assert (folder / "labels.csv").read_text("utf-8") != LABELS
    assert [file.name for file in folder.parent.iterdir()] == ["corrected"]
    told = [r["repair"] for r in json.loads(ran.stdout)["results"] if "repair" in r]
    assert {"found", "repaired", "certain", "reason"} == set(told[0])
    # what is there is never overwritten, be it the original
    for taken in (folder, path.parent, path):
        refused = CliRunner().invoke(main, [*words[:-1], str(taken)])
        assert refused.exit_code == 2
    assert path.read_bytes() == LABELS.encode()


def test_every_form_of_the_report_has_the_repair(titles):
    report = titles[2].report
    table = io.StringIO(newline="")
    write_csv(table, report)
    rows = csv.DictReader(io.StringIO(table.getvalue(), newline=""))
    (row,) = [row for row in rows if row["règle"] == "StrayCharacters"]
    assert row["réparation proposée"] == "1364-5536"
    assert row["sûreté de la réparation"] == "certaine"
    assert "clé de contrôle" in row["raison de la réparation"]
    text = re.sub(r"\s+", " ", report_by_place(report))
    assert "Réparation certaine : « 1364-5536á » → « 1364-5536 »" in text
    assert "Réparations proposées : certaines 2 (--corrected" in text
    assert 'collex-sh:repaired "1364-5536"' in report_turtle(report, BASE)
    page = report_html(report)
    assert "1364-5536 »" in re.sub(r"\s+", " ", page)
    assert "nowrap" not in page, "a long place would push the findings off the sheet of paper"
    with zipfile.ZipFile(io.BytesIO(report_xlsx(report))) as book:
        assert "sûreté de la réparation" in "".join(
            book.read(name).decode() for name in book.namelist() if name.endswith(".xml")
        )


@pytest.mark.real_data
def test_real_notices_and_lists_are_corrected_and_then_right(shared_data, tmp_path):
    name = "FRFONDS-751132108-1756.xml"
    original = (shared_data / "ccfr" / name).read_bytes()
    file, found = corrected(tmp_path / name, original, source="ccfr")
    assert len(file.applied) >= 12
    assert file.left == ()
    assert file.content.count(b"<") == original.count(b"<")
    (tmp_path / name).write_bytes(file.content)
    again = check(tmp_path / name, source="ccfr", correct=True)
    assert again.corrected == []
    assert len(again.report.results) < len(found.report.results)
