import resource
import zipfile

import pytest

from collex_graph.errors import UnreadableSourceError
from collex_graph.model import RecordSource
from collex_graph.sources import find_source_files, open_records, xlsx

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STYLES = """<numFmts><numFmt numFmtId="170" formatCode="00000000"/>
<numFmt numFmtId="171" formatCode="[$-40C]d\\ mmmm\\ yyyy;@"/>
<numFmt numFmtId="172" formatCode="0.00 &quot;mètres&quot;"/></numFmts>
<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/><xf numFmtId="171"/>
<xf numFmtId="172"/><xf numFmtId="22"/><xf numFmtId="21"/></cellXfs>"""
DAY, ZEROS, LONG_DAY, METRES, TIME_OF_DAY, TIME = range(1, 7)


def cell(reference, value, kind="", style=0, formula=False):
    attributes = f' r="{reference}"' if reference else ""
    attributes += f' t="{kind}"' if kind else ""
    attributes += f' s="{style}"' if style else ""
    if kind == "inlineStr":
        return f"<c{attributes}><is><t>{value}</t></is></c>"
    inside = "<f>SUM(A1)</f>" if formula else ""
    inside += "" if value is None else f"<v>{value}</v>"
    return f"<c{attributes}>{inside}</c>"


def text(reference, value):
    return cell(reference, value, "inlineStr")


def row(number, *cells, more=""):
    return f'<row r="{number}"{more}>{"".join(cells)}</row>'


def book(tmp_path, *sheets, strings=(), properties="", name="book.xlsx"):
    """Sheets are (name, rows, what follows the rows)."""
    path = tmp_path / name
    listed = "".join(
        f'<sheet name="{sheet[0]}" sheetId="{n}" r:id="rId{n}"/>' for n, sheet in enumerate(sheets)
    )
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{RELATIONS}/worksheet" Target="worksheets/s{n}.xml"/>'
        for n in range(len(sheets))
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{properties}'
            f"<sheets>{listed}</sheets></workbook>",
        )
        archive.writestr("xl/_rels/workbook.xml.rels", f"<Relationships>{related}</Relationships>")
        archive.writestr("xl/styles.xml", f'<styleSheet xmlns="{MAIN}">{STYLES}</styleSheet>')
        shared = "".join(f"<si>{item}</si>" for item in strings)
        archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}">{shared}</sst>')
        for number, (_, rows, *after) in enumerate(sheets):
            archive.writestr(
                f"xl/worksheets/s{number}.xml",
                f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{"".join(after)}'
                "</worksheet>",
            )
    return path


def opened(path, *columns, **options):
    (file,), _ = find_source_files("test", path)
    source = RecordSource("s", "*.xlsx", "csv", columns=frozenset(columns), **options)
    return open_records(file, [source])


def column(path, name, **options):
    stream = opened(path, name, **options)
    place = stream.columns[name]
    return [record.content[place] for record in stream if record.usable]


def one_value(tmp_path, content, **options):
    rows = row(1, text("A1", "v"), text("B1", "w")) + row(2, content, text("B2", "x"))
    return column(book(tmp_path, ("S", rows), **options), "v")


def notes(path, *columns, **options):
    found = []
    for record in opened(path, *columns, **options):
        found += [(record.row, note.rule, note.value) for note, _ in record.notes]
    return found


# --- cells ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "style", "shown"),
    [
        ("12", 0, "12"),
        ("12.0", 0, "12"),
        ("1.2E+3", 0, "1200"),
        ("0.1", 0, "0.1"),
        ("3.2000000000000002", 0, "3.2"),
        ("-4.5", 0, "-4.5"),
        ("1E-7", 0, "0.0000001"),
        ("123456789012345", 0, "123456789012345"),
        ("45000", DAY, "2023-03-15"),
        ("45000", LONG_DAY, "2023-03-15"),
        ("45000.5", TIME_OF_DAY, "2023-03-15T12:00:00"),
        ("0.75", TIME, "18:00:00"),
        ("1", DAY, "1900-01-01"),
        ("61", DAY, "1900-03-01"),
        ("3245", ZEROS, "00003245"),
        ("2.5", METRES, "2.5"),
    ],
)
def test_numbers_and_dates_are_shown_as_people_see_them(tmp_path, value, style, shown):
    assert one_value(tmp_path, cell("A2", value, style=style)) == [shown]


def test_dates_of_the_1904_calendar_are_read(tmp_path):
    properties = '<workbookPr date1904="1"/>'
    content = cell("A2", "43538", style=DAY)
    assert one_value(tmp_path, content, properties=properties) == ["2023-03-15"]


def test_texts_booleans_and_formulas_are_read(tmp_path):
    strings = ["<t>partagé</t>", "<r><t>en </t></r><r><t>morceaux</t></r><rPh><t>x</t></rPh>"]
    rows = row(1, text("A1", "v")) + "".join(
        row(number, content)
        for number, content in enumerate(
            [
                cell("A2", "0", "s"),
                cell("A3", "1", "s"),
                text("A4", "a&#10;b"),
                cell("A5", "1", "b"),
                cell("A6", "0", "b"),
                cell("A7", "calculé", "str", formula=True),
                cell("A8", "7", formula=True),
            ],
            start=2,
        )
    )
    path = book(tmp_path, ("S", rows), strings=strings)
    found = [" ".join(value.split()) for value in column(path, "v")]
    assert found == ["partagé", "en morceaux", "a b", "true", "false", "calculé", "7"]


def test_errors_and_formulas_without_value_are_said_and_give_no_value(tmp_path):
    rows = (
        row(1, text("A1", "v"), text("B1", "w"))
        + row(2, cell("A2", "#N/A", "e"), text("B2", "x"))
        + row(3, cell("A3", None, formula=True), text("B3", "y"))
        + row(4, cell("A4", "#REF!", "e"))
        + row(5, cell("A5", "", formula=True))
        + row(6, cell("A6", "", "str", formula=True), text("B6", "z"))
    )
    path = book(tmp_path, ("S", rows))
    assert notes(path, "v") == [
        (2, "SpreadsheetError", "#N/A"),
        (3, "FormulaWithoutValue", "A3"),
        (4, "SpreadsheetError", "#REF!"),
        (5, "FormulaWithoutValue", "A5"),
    ]
    assert column(path, "v") == ["", "", "", "", ""]


def test_merged_cells_are_said(tmp_path):
    rows = row(1, text("A1", "v")) + row(2, text("A2", "x"))
    after = '<mergeCells><mergeCell ref="A2:A4"/><mergeCell ref="B1:C1"/></mergeCells>'
    path = book(tmp_path, ("S", rows, after))
    assert notes(path, "v") == [(1, "MergedCells", "A2:A4, B1:C1")]


# --- rows and columns ----------------------------------------------------------------------------


def test_rows_have_the_numbers_that_the_sheet_shows(tmp_path):
    rows = (
        row(3, text("B3", "v"), text("D3", "w"))
        + row(5, text("B5", "a"), text("D5", "b"))
        + row(9, text("D9", "c"), more=' hidden="1"')
    )
    stream = opened(book(tmp_path, ("S", rows)), "v", "w", header_row=3)
    places = stream.columns["v"], stream.columns["w"]
    found = [(r.row, r.component, *(r.content[p] for p in places)) for r in stream]
    assert found == [(5, "S", "a", "b"), (9, "S", "", "c")]


def test_cells_without_reference_follow_one_another(tmp_path):
    rows = f"<row>{text('', 'v')}{text('', 'w')}</row><row>{text('', 'a')}{text('', 'b')}</row>"
    assert column(book(tmp_path, ("S", rows)), "w") == ["b"]


def test_cells_beyond_the_header_are_counted_as_not_read(tmp_path):
    rows = row(1, text("A1", "v")) + row(2, text("A2", "a"), text("C2", "note"))
    stream = opened(book(tmp_path, ("S", rows)), "v")
    assert [record.content[0] for record in stream] == ["a"]
    assert dict(stream.left_out) == {"column 2 and further": 1}


def test_tabs_and_quotation_marks_in_cells_are_text(tmp_path):
    value = 'a&#9;"b'
    assert one_value(tmp_path, text("A2", value)) == ['a\t"b']


# --- sheets --------------------------------------------------------------------------------------


def two_sheets(tmp_path):
    return book(
        tmp_path,
        ("Lisez-moi", row(1, text("A1", "v")) + row(2, text("A2", "first"))),
        ("Données", row(1, text("A1", "v")) + row(2, text("A2", "second"))),
    )


@pytest.mark.parametrize(
    ("sheet", "value"),
    [("", "first"), ("Données", "second"), ("données", "second"), ("2", "second")],
)
def test_a_sheet_is_chosen_by_name_or_number(tmp_path, sheet, value):
    assert column(two_sheets(tmp_path), "v", sheet=sheet) == [value]


@pytest.mark.parametrize("sheet", ["Autre", "3", "0"])
def test_a_sheet_that_is_not_there_is_refused_with_those_that_are(tmp_path, sheet):
    with pytest.raises(UnreadableSourceError, match="« Lisez-moi », « Données »"):
        opened(two_sheets(tmp_path), "v", sheet=sheet)


def test_an_empty_sheet_is_refused(tmp_path):
    with pytest.raises(UnreadableSourceError, match="no header"):
        opened(book(tmp_path, ("S", "")), "v")


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no XLSX"),
        (b"PK no zip", "no XLSX"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old .xls, or protected"),
    ],
)
def test_what_is_no_workbook_is_refused(tmp_path, content, words):
    path = tmp_path / "book.xlsx"
    path.write_bytes(content)
    with pytest.raises(UnreadableSourceError, match=words):
        opened(path, "v")


def test_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(xlsx, "FREE_BYTES", 1 << 20)
    path = book(tmp_path, ("S", row(1, text("A1", "v" * (8 << 20)))))
    with pytest.raises(UnreadableSourceError, match="this is no table"):
        opened(path, "v")


def test_too_much_shared_text_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(xlsx, "MAX_STRING_CHARACTERS", 10)
    path = book(tmp_path, ("S", ""), strings=["<t>12345678</t>", "<t>12345678</t>"])
    with pytest.raises(UnreadableSourceError, match="split it"):
        opened(path, "v")


def test_a_sheet_that_breaks_off_gives_the_rows_before(tmp_path):
    rows = row(1, text("A1", "v")) + row(2, text("A2", "a")) + "<row r='3'><c"
    found = []
    with pytest.raises(UnreadableSourceError, match="breaks off behind row 2"):
        found.extend(column(book(tmp_path, ("S", rows)), "v"))


def test_an_entity_in_a_sheet_is_not_expanded(tmp_path):
    path = book(tmp_path, ("S", row(1, text("A1", "v")) + row(2, text("A2", "x"))))
    secret = tmp_path / "secret.txt"
    secret.write_text("canary")
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    sheet = parts["xl/worksheets/s0.xml"].replace(">x<", ">&e;<")
    parts["xl/worksheets/s0.xml"] = f'<!DOCTYPE worksheet [<!ENTITY e SYSTEM "{secret}">]>{sheet}'
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert all("canary" not in value for value in column(path, "v"))


def test_memory_does_not_grow_with_the_sheet(tmp_path):
    rows = row(1, text("A1", "v")) + "".join(
        row(number, *(cell(f"{letter}{number}", str(number)) for letter in "ABCDEFGH"))
        for number in range(2, 40_000)
    )
    path = book(tmp_path, ("S", rows))
    stream = opened(path, "v")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(1 for _ in stream) == 39_998
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000
