"""Tables that people fill in: their template, how they are read, the rows set aside."""

import csv
import io
import re
import zipfile

import pytest
from click.testing import CliRunner
from lxml import etree
from pyoxigraph import Literal, NamedNode, RdfFormat, Store, parse

from collex_graph import cli
from collex_graph.build import build
from collex_graph.pipeline import map_source
from collex_graph.rdf.namespaces import expand
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings
from collex_graph.template import read_template, template_names, write_texts, write_workbook

BASE = Settings().base_iri
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
COLLEX = "https://w3id.org/collex-graph/ontology#"
GROUPS = sorted(template_names())
HEADER = "Campagne;Fonds;Label;État;Date de décision;Début;Fin;Note à nous\n"


def parts_of(workbook):
    """Sheet → the path of its part."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        names = re.findall(r'<sheet name="([^"]+)"', archive.read("xl/workbook.xml").decode())
    return {name: f"xl/worksheets/sheet{n}.xml" for n, name in enumerate(names, start=1)}


def sheet_of(workbook, name):
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        return etree.fromstring(archive.read(parts_of(workbook)[name]))


def rows_of(workbook, name):
    """The texts of a sheet, a dict of column letter → text for each row."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        is_shared = "xl/sharedStrings.xml" in archive.namelist()
        shared = etree.fromstring(archive.read("xl/sharedStrings.xml")) if is_shared else ()
    texts = ["".join(item.itertext()) for item in shared]
    return [
        {
            cell.get("r").rstrip("0123456789"): "".join(cell.itertext())
            if cell.get("t") == "inlineStr"
            else texts[int(cell.findtext(f"{MAIN}v"))]
            for cell in row
            if len(cell)
        }
        for row in sheet_of(workbook, name).iter(f"{MAIN}row")
    ]


def changed(workbook, name, change):
    """The workbook after a change of one sheet's tree."""
    out = io.BytesIO()
    part = parts_of(workbook)[name]
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.namelist():
            content = old.read(member)
            if member == part:
                tree = etree.fromstring(content)
                change(tree)
                content = etree.tostring(tree)
            new.writestr(member, content)
    return out.getvalue()


def filled(workbook, name, *rows, first=5):
    """The workbook with rows of texts below the examples, as a spreadsheet writes them."""

    def add(tree):
        data = tree.find(f"{MAIN}sheetData")
        for number, row in enumerate(rows, start=first):
            line = etree.SubElement(data, f"{MAIN}row", r=str(number))
            for place, value in enumerate(row):
                if value:
                    at = f"{chr(ord('A') + place)}{number}"
                    cell = etree.SubElement(line, f"{MAIN}c", r=at, t="inlineStr")
                    text = etree.SubElement(etree.SubElement(cell, f"{MAIN}is"), f"{MAIN}t")
                    text.text = value

    return changed(workbook, name, add)


def mapped(folder, source, content, name="table.xlsx"):
    path = folder / name
    path.write_bytes(content)
    spool = folder / "mapped.nq"
    found = map_source(source, path, base_iri=BASE, spool=spool)
    return set(parse(spool.read_bytes(), format=RdfFormat.N_QUADS)), found


def notes(found):
    return sorted(f"{problem.note.rule} | {problem.note.value}" for problem in found.problems)


def subjects(quads, name):
    return sorted(
        quad.subject.value.removeprefix(BASE)
        for quad in quads
        if quad.predicate.value.endswith("#type") and quad.object == NamedNode(COLLEX + name)
    )


# --- the template --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GROUPS)
def test_every_template_has_help_in_both_languages_and_two_examples(name):
    template = read_template(name)
    for sheet in template.sheets:
        assert sheet.columns
        assert len(sheet.examples) >= 1, sheet.name
        for column in sheet.columns:
            assert column.help["fr"].strip(), column.name
            assert column.help["en"].strip(), column.name
        assert any(column.required for column in sheet.columns), sheet.name


@pytest.mark.parametrize("name", GROUPS)
def test_a_template_as_it_is_written_holds_no_data(name, tmp_path):
    for file, content in {"t.xlsx": write_workbook(read_template(name))}.items():
        quads, found = mapped(tmp_path, name, content, file)
        assert not quads
        rules = {problem.note.rule for problem in found.problems}
        assert rules <= {"ExampleRows", "EmptySheet"}, notes(found)
    for file, content in write_texts(read_template(name)).items():
        quads, found = mapped(tmp_path, name, content, file)
        assert not quads, file


def test_a_workbook_has_its_sheets_its_lists_and_how_to_fill_it_in():
    template = read_template("labels")
    workbook = write_workbook(template)
    assert list(parts_of(workbook)) == ["Labels", "Lisez-moi", "Listes"]
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        book = archive.read("xl/workbook.xml").decode()
    assert re.search(r'name="Listes"[^>]*state="hidden"', book)
    assert workbook == write_workbook(template), "the same file whenever it is written"
    header, explained, first, second = rows_of(workbook, "Labels")
    assert list(header.values())[:4] == ["Campagne", "Fonds", "Label", "État"]
    assert all(text.startswith("[aide] ") for text in explained.values())
    assert "Obligatoire." in explained["A"]
    assert "Obligatoire." not in explained["K"]
    assert first["A"].startswith("[exemple] ")
    assert second["A"].startswith("[exemple] ")
    assert first["D"] == "Labellisée", "a cell with a list keeps its value"


def test_the_checks_of_a_workbook_are_those_of_what_the_columns_hold():
    sheet = sheet_of(write_workbook(read_template("labels")), "Labels")
    checks = {
        check.get("sqref").partition(":")[0]: (check.get("type"), check.findtext(f"{MAIN}formula1"))
        for check in sheet.iter(f"{MAIN}dataValidation")
    }
    assert checks["C5"][0] == checks["D5"][0] == "list"
    assert checks["E5"][0] == "date"
    assert checks["G5"] == ("date", "N(F5)"), "the last day does not precede the first"
    assert all(len(formula) <= 255 for _, formula in checks.values())
    assert sheet.find(f".//{MAIN}pane").get("state") == "frozen"
    signatures = sheet_of(write_workbook(read_template("charters")), "Signatures")
    formulas = [
        check.findtext(f"{MAIN}formula1") for check in signatures.iter(f"{MAIN}dataValidation")
    ]
    assert any("ABCDEFGHJKLMNPRSTUVWXYZ" in formula for formula in formulas)


def test_the_columns_of_identifiers_have_the_format_text():
    workbook = write_workbook(read_template("gis"))
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        styles = etree.fromstring(archive.read("xl/styles.xml"))
    forms = [xf.get("numFmtId") for xf in styles.find(f"{MAIN}cellXfs")]
    (first, *_) = sheet_of(workbook, "Rôles").find(f"{MAIN}cols")
    assert forms[int(first.get("style"))] == "49", "49 is @, text"


def test_a_csv_template_opens_in_a_spreadsheet():
    (content,) = write_texts(read_template("gis")).values()
    assert content.startswith(b"\xef\xbb\xbf")
    header, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";")
    assert header[0] == "Établissement"
    assert len(rows) == 3


def test_the_command_lists_templates_and_writes_one(tmp_path):
    run = CliRunner().invoke(cli.main, ["template"])
    assert run.exit_code == 0
    assert re.search(r"campaigns\s+Campagnes, Cibles", run.stdout)
    target = tmp_path / "x.xlsx"
    assert (
        CliRunner().invoke(cli.main, ["template", "labels", "--output", str(target)]).exit_code == 0
    )
    assert target.read_bytes() == write_workbook(read_template("labels"))
    folder = tmp_path / "csv"
    wanted = ["template", "campaigns", "--format", "csv", "--output", str(folder)]
    assert CliRunner().invoke(cli.main, wanted).exit_code == 0
    assert sorted(path.name for path in folder.iterdir()) == ["campagnes.csv", "cibles.csv"]
    refused = CliRunner().invoke(cli.main, ["template", "fonds"])
    assert refused.exit_code == 2


# --- what people do ------------------------------------------------------------------------------

ROW = ["2024", "FRFONDS-674821001-xBW", "CollEx", "Labellisée"]


def test_a_template_filled_in_is_read_sheet_by_sheet(tmp_path):
    workbook = write_workbook(read_template("campaigns"))
    workbook = filled(workbook, "Campagnes", ["2030", "Campagne 2030", "2030"])
    workbook = filled(workbook, "Cibles", ["2030", "Histoire", "3"])
    quads, found = mapped(tmp_path, "campaigns", workbook)
    assert subjects(quads, "LabellingCampaign") == ["id/campaign/2030"]
    assert subjects(quads, "DisciplineTarget") == ["id/campaign/2030/target/histoire"]
    assert {quad.graph_name.value for quad in quads} == {f"{BASE}graph/source/campaigns/table"}
    assert [problem.position.component for problem in found.problems] == ["Campagnes", "Cibles"]
    assert notes(found) == ["ExampleRows | 3, 4", "ExampleRows | 3, 4"]
    assert found.records_read == 2


def test_a_sheet_under_another_name_is_told_by_its_columns_and_a_strange_one_is_reported(tmp_path):
    workbook = filled(write_workbook(read_template("labels")), "Labels", ROW)
    renamed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(renamed, "w") as new:
        for member in old.namelist():
            content = old.read(member)
            if member == "xl/workbook.xml":
                content = content.replace(b'name="Labels"', b'name="Feuil1"')
                content = content.replace(b'name="Lisez-moi"', b'name="Brouillon"')
            new.writestr(member, content)
    quads, found = mapped(tmp_path, "labels", renamed.getvalue())
    assert subjects(quads, "Labelling") == ["id/labelling/2024/FRFONDS-674821001-xBW"]
    assert notes(found) == [
        "ExampleRows | 3, 4", "SheetByItsColumns | Feuil1", "UnknownSheet | Brouillon"
    ]  # fmt: skip


def test_cells_merged_downwards_repeat_their_value_and_others_do_not(tmp_path):
    workbook = filled(
        write_workbook(read_template("labels")),
        "Labels",
        ROW,
        ["", "FRFONDS-920502101-56B", "CollEx", "Refusée"],
        ["", "", "", ""],
        ["2021", "FRFONDS-130015101-jaa", "CollEx", ""],
    )

    def merge(tree):
        merged = etree.Element(f"{MAIN}mergeCells")
        for reference in ("A5:A7", "C8:D8"):
            etree.SubElement(merged, f"{MAIN}mergeCell", ref=reference)
        tree.find(f"{MAIN}sheetData").addnext(merged)

    quads, found = mapped(tmp_path, "labels", changed(workbook, "Labels", merge))
    assert subjects(quads, "Labelling") == [
        "id/labelling/2021/FRFONDS-130015101-jaa",
        "id/labelling/2024/FRFONDS-674821001-xBW",
        "id/labelling/2024/FRFONDS-920502101-56B",
    ]
    assert notes(found) == ["ExampleRows | 3, 4", "MergedAcross | C8:D8", "MergedDown | A5:A7"]


def numbers_and_formulas(tree):
    data = tree.find(f"{MAIN}sheetData")
    row = etree.SubElement(data, f"{MAIN}row", r="6", hidden="1")
    for letter, kind, value, formula in (
        ("A", "str", "2024", "B1&A2"), ("B", "str", "Fonds_1", ""), ("C", "str", "CollEx", ""),
        ("D", "e", "#REF!", "Z9"), ("E", "n", "42805", ""), ("F", "n", "42805", ""),
        ("G", "n", "44267", "F6+1461"), ("K", "n", "", "1+1"),
    ):  # fmt: skip
        cell = etree.SubElement(row, f"{MAIN}c", r=f"{letter}6", t=kind)
        if formula:
            etree.SubElement(cell, f"{MAIN}f").text = formula
        if value:
            etree.SubElement(cell, f"{MAIN}v").text = value
    (columns,) = tree.iter(f"{MAIN}cols")
    columns[1].set("hidden", "1")


@pytest.mark.parametrize(("date1904", "day"), [(False, "2017-03-11"), (True, "2021-03-12")])
def test_formulas_numbers_for_dates_and_what_is_hidden_are_read_and_said(tmp_path, date1904, day):
    workbook = write_workbook(read_template("labels"))
    workbook = changed(workbook, "Labels", numbers_and_formulas)
    if date1904:
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(out, "w") as new:
            for member in old.namelist():
                content = old.read(member)
                if member == "xl/workbook.xml":
                    content = content.replace(b"<workbookPr", b'<workbookPr date1904="1"')
                new.writestr(member, content)
        workbook = out.getvalue()
    quads, found = mapped(tmp_path, "labels", workbook)
    days = {
        q.object
        for q in quads
        if q.predicate.value in (f"{COLLEX}decisionDate", f"{COLLEX}validFrom")
    }
    assert {literal.value for literal in days} == {day}
    assert notes(found) == [
        "DateAsNumber | E6", "DateAsNumber | F6", "DateAsNumber | G6", "ExampleRows | 3, 4",
        "FormulaRead | A6", "FormulaRead | G6", "FormulaWithoutValue | K6",
        "HiddenColumns | E", "HiddenRows | 6", "SpreadsheetError | #REF!",
    ]  # fmt: skip


def test_every_reader_of_a_sheet_says_file_sheet_row_and_column(tmp_path):
    workbook = filled(write_workbook(read_template("labels")), "Labels", [*ROW[:3], "ajournée"])
    _, found = mapped(tmp_path, "labels", workbook)
    (told,) = [p for p in found.problems if p.note.rule == "UnlistedConcept"]
    position = told.position
    assert (position.file, position.component, position.row, position.column) == (
        "table.xlsx", "Labels", 5, "État"
    )  # fmt: skip
    assert position.fragment() == "sheet=Labels&row=5"


def test_an_address_of_electronic_mail_never_leaves_a_sheet(tmp_path):
    table = HEADER.replace("Note à nous", "Remarque") + (
        "2018;Fonds_1;CollEx;Refusée;;;;Écrire à canari.x@example.org pour la suite\n"
        "2018;Fonds_2;CollEx;Refusée;;;;canari.x@example.org\n"
    )
    quads, found = mapped(tmp_path, "labels", table.encode(), "labels.csv")
    assert "canari" not in "".join(map(str, quads)).casefold()
    assert [q.object.value for q in quads if q.predicate.value.endswith("#note")] == [
        "Écrire à […] pour la suite"
    ]
    told = [note for note in notes(found) if "ColumnNotInSheet" not in note]
    assert told == ["MailboxInCell | ", "MailboxInsteadOfPage | "]


def test_of_two_files_that_decide_the_same_the_first_is_believed(tmp_path):
    for year in ("2023", "2024"):
        (tmp_path / f"labels-{year}.csv").write_text(
            f"Campagne;Fonds;Label;État\n2018;Fonds_1;CollEx;Refusée\n{year};Fonds_1;CollEx;Refusée\n",
            encoding="utf-8",
        )
    spool = tmp_path / "mapped.nq"
    found = map_source("labels", tmp_path, base_iri=BASE, spool=spool)
    (told,) = [p for p in found.problems if p.note.rule == "IdentifierInTwoFiles"]
    assert told.note.value == "labelling/2018/Fonds_1"
    assert (told.position.file, told.position.row) == ("labels-2024.csv", 2)
    assert dict(told.note.arguments) == {"first": "labels-2023.csv"}


def test_a_file_that_is_no_table_of_the_template_is_refused_in_words(tmp_path):
    _, found = mapped(tmp_path, "labels", b"a;b\n1;2\n", "autre.csv")
    (problem, *_) = found.problems
    assert problem.note.rule == "UnreadableFile"
    assert "« Labels »" in dict(problem.note.arguments)["reason"]


# --- rows set aside, and what holds on a day -----------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A table of decisions with rows that are set aside, built beside the notices of the CCFr."""
    folder = tmp_path_factory.mktemp("sheets")
    table = folder / "labels.csv"
    table.write_text(
        HEADER
        + "2018;FRFONDS-786466101-4186;CollEx;Labellisée;;01/01/2019;31/12/2023;garder\n"
        + "2018;FRFONDS-786466101-4186;CollEx;Refusée;;;;=1+1\n"
        + "2018;Fonds inconnu;CollEx;Labellisée;;;;voir CANARI@example.org\n"
        + "2018;FRFONDS-000000000-zz9;CollEx;Labellisée;;;;\n"
        + "2021;FRFONDS-810656201-1673;CollEx;Labellisée;15/09/2021;01/01/2022;;\n"
        + "2024;FRFONDS-810656201-1673;CollEx;Retirée;20/09/2024;;;\n",
        encoding="utf-8",
    )
    sources = [("labels", table), ("ccfr", resource_dir("mappings") / "ccfr" / "sample")]
    settings = Settings(var=folder / "var", as_of="2023-06-30")
    return folder, sources, settings, build(sources, settings)


def held(summary):
    store = Store.read_only(str(summary.snapshot.store))
    query = f"SELECT ?unit {{ ?unit <{COLLEX}hasCurrentLabel> ?label }}"
    return {str(row["unit"].value).rpartition("/")[2] for row in store.query(query)}


def test_rows_set_aside_open_in_a_spreadsheet_with_their_reason(built):
    _, _, _, summary = built
    assert len(summary.set_aside["labels"]) == 3
    (path,) = summary.aside_tables["labels"]
    assert path.as_posix() == "set-aside/labels.xlsx"
    workbook = (summary.snapshot.directory / path).read_bytes()
    header, *rows = rows_of(workbook, "Labels")
    assert list(header.values()) == ["Motif de mise de côté", "Origine", *HEADER.strip().split(";")]
    assert [row["B"] for row in rows] == [f"labels.csv, rangée {n}" for n in (3, 4, 5)]
    assert rows[0]["J"] == "=1+1", "as text, which no spreadsheet computes"
    assert "déjà" in rows[0]["A"] or "rangée 2" in rows[0]["A"]
    assert "Colonnes à remplir" in rows[1]["A"]
    assert "dont les données n’ont pas la notice" in rows[2]["A"]
    assert rows[1]["J"] == "voir […]"
    assert b"CANARI" not in workbook


def test_the_rows_set_aside_are_read_again_once_they_are_corrected(built, tmp_path):
    _, _, _, summary = built
    workbook = (summary.snapshot.directory / summary.aside_tables["labels"][0]).read_bytes()
    corrected = workbook
    for wrong, right in ((b"Fonds inconnu", b"FRFONDS-870856101-xqp"),
                         (b"FRFONDS-000000000-zz9", b"FRFONDS-751135101-M2H")):  # fmt: skip
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(corrected)) as old, zipfile.ZipFile(out, "w") as new:
            for member in old.namelist():
                new.writestr(member, old.read(member).replace(wrong, right))
        corrected = out.getvalue()
    quads, found = mapped(tmp_path, "labels", corrected, "labels.xlsx")
    assert subjects(quads, "Labelling") == [
        "id/labelling/2018/FRFONDS-751135101-M2H",
        "id/labelling/2018/FRFONDS-786466101-4186",
        "id/labelling/2018/FRFONDS-870856101-xqp",
    ]
    assert "Motif de mise de côté" not in found.left_out
    assert found.left_out["Note à nous"] == 2
    assert not [p for p in found.problems if p.note.rule not in ("ColumnNotInSheet",)]


def test_a_label_holds_on_the_day_that_the_build_is_asked_about(built, tmp_path):
    _, sources, settings, summary = built
    castres, versailles = "FRFONDS-810656201-1673", "FRFONDS-786466101-4186"
    assert {castres, versailles} <= held(summary)
    assert summary.snapshot.manifest["as_of"] == "2023-06-30"
    valid = NamedNode("http://purl.org/dc/terms/valid")
    days = [
        quad.object
        for quad in parse(summary.snapshot.description.read_bytes(), format=RdfFormat.TURTLE)
        if quad.predicate == valid
    ]
    day = NamedNode("http://www.w3.org/2001/XMLSchema#date")
    assert days == [Literal("2023-06-30", datatype=day)]
    later = build(sources, Settings(var=settings.var, as_of="2024-12-31"))
    assert later.mapped <= 1, "only what is derived differs"
    assert not {castres, versailles} & held(later)
    over = (expand("collex-sh:Labelling-over"), f"{BASE}id/labelling/2018/{versailles}")
    assert over in {(r.rule, r.focus_node) for r in later.report.results}
    before = build(sources, Settings(var=settings.var, as_of="2018-01-01"))
    assert not {castres, versailles} & held(before)
    # not begun is not over, whatever the day on which one builds
    assert over[0] not in {result.rule for result in before.report.results}
    assert "FRFONDS-674821001-xBW" in held(before), "a notice without dates is taken at its word"


def test_a_day_that_is_none_is_refused(tmp_path):
    run = CliRunner().invoke(
        cli.main, ["build", f"labels={tmp_path}", "--as-of", "30/06/2023", "--var", str(tmp_path)]
    )
    assert run.exit_code == 2


@pytest.mark.parametrize("group", GROUPS)
def test_a_sheet_is_published_by_those_who_fill_it_in_and_not_as_an_example(group):
    dataset = NamedNode(f"{BASE}id/dataset/{group}")
    path = resource_dir("mappings") / "sources.ttl"
    said = {
        quad.predicate.value.rpartition("/")[2]: quad.object.value
        for quad in parse(path=str(path), format=RdfFormat.TURTLE, base_iri=BASE)
        if quad.subject == dataset
        and not (isinstance(quad.object, Literal) and quad.object.language == "en")
    }
    assert said["publisher"] == "Ceux qui remplissent le tableau"
    assert "exemple" not in said["title"] + said["rights"]
    assert "license" not in said  # it is theirs to give


def test_every_row_of_the_samples_of_curators_is_in_the_graph(sample_snapshot):
    aside = {
        source["dataset"]: source["set_aside"]
        for source in sample_snapshot.manifest["sources"]
        if source["dataset"] in GROUPS
    }
    assert set(aside) == set(GROUPS)
    assert not any(aside.values()), aside
