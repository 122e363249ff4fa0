"""Source files of any size, the same ones at each run: what the benchmarks map and build.

The records are nobody's: names and titles are drawn from short lists, PPN have a check character
that is wrong on purpose.
"""

from __future__ import annotations

import csv
import json
import random
import zipfile
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape as escape_xml

if TYPE_CHECKING:
    from pathlib import Path

WORDS = (
    "archives", "fonds", "manuscrit", "correspondance", "édition", "photographie", "carte", "thèse",
    "revue", "périodique", "numismatique", "estampe", "dessin", "herbier", "mathématiques",
    "géologie", "égyptologie", "médiéval", "révolution", "bibliothèque", "collection", "recueil",
    "notes", "cours", "laboratoire", "expédition", "mission", "relevé", "plan", "œuvre",
)  # fmt: skip
NAMES = ("Dupont", "Lefèvre", "Müller", "d'Alembert", "Saint-Hilaire", "Bréal", "Nguyễn")
LANGUAGES = ("fra", "deu", "eng", "lat", "grc", "ara", "ita", "spa")
COLUMNS = (
    "id", "ark", "title", "title_en", "short_title", "type", "parent", "creator_ppn", "creator",
    "date_text", "year_start", "year_end", "language", "topic", "place", "extent", "description",
    "holder", "url", "updated",
)  # fmt: skip
KBART_COLUMNS = (
    "publication_title", "print_identifier", "online_identifier", "date_first_issue_online",
    "num_first_vol_online", "num_first_issue_online", "date_last_issue_online",
    "num_last_vol_online", "num_last_issue_online", "title_url", "first_author", "title_id",
    "embargo_info", "coverage_depth", "notes", "publisher_name", "publication_type",
    "date_monograph_published_print", "date_monograph_published_online", "monograph_volume",
    "monograph_edition", "first_editor", "parent_publication_title_id",
    "preceding_publication_title_id", "access_type",
)  # fmt: skip


def ppn(number: random.Random) -> str:
    """Return nine digits with a check character that is wrong on purpose."""
    digits = "".join(number.choice("0123456789") for _ in range(8))
    check = (11 - sum(int(c) * w for c, w in zip(digits, range(9, 1, -1), strict=True)) % 11) % 11
    return digits + str((check + 1) % 10)


def issn(number: int) -> str:
    """Return the ISSN with these seven digits."""
    digits = f"{number:07d}"
    check = (11 - sum(int(c) * w for c, w in zip(digits, range(8, 1, -1), strict=True)) % 11) % 11
    return f"{digits[:4]}-{digits[4:]}{'X' if check == 10 else check}"


def sentence(number: random.Random, length: int) -> str:
    """Return words with now and then a quotation mark, a backslash or markup characters."""
    text = " ".join(number.choice(WORDS) for _ in range(length))
    kind = number.random()
    if kind < 0.05:
        text = text.replace(" ", ' "', 1) + '"'
    elif kind < 0.06:
        text += " C:\\fonds\\a"
    elif kind < 0.09:
        text += " & <voir> l’inventaire"
    return text[0].upper() + text[1:]


def name(number: random.Random) -> str:
    """Return the name of nobody."""
    return f"{number.choice(NAMES)}, {number.choice('ABCDEFGHJ')}. ({number.randint(1700, 1950)})"


def table_rows(rows: int) -> list[list[object]]:
    """Return the rows of a table of 20 columns."""
    number = random.Random(42)
    found: list[list[object]] = []
    for row in range(rows):
        start = number.randint(1500, 1950)
        found.append([
            f"C{row:07d}", f"ark:/99999/bench{row:08d}", sentence(number, 6),
            sentence(number, 5) if number.random() < 0.4 else "",
            sentence(number, 2) if number.random() < 0.5 else "",
            number.choice(("fonds", "fonds ancien", "fonds spécialisé")),
            f"C{number.randrange(max(1, row)):07d}" if row and number.random() < 0.7 else "",
            ppn(number) if number.random() < 0.8 else "", name(number),
            f"{start}-{start + 10}" if number.random() < 0.8 else f"vers {start}",
            start, start + 10 if number.random() < 0.8 else "", number.choice(LANGUAGES),
            number.choice(WORDS), number.choice(("Paris", "Strasbourg", "Besançon", "")),
            number.randint(1, 300), sentence(number, 30) if number.random() < 0.9 else "",
            number.choice(("751052105", "674821001", "751059807")),
            f"https://example.org/c/{row}?lang=fr",
            f"20{number.randint(10, 25)}-0{number.randint(1, 9)}-{number.randint(10, 28)}",
        ])  # fmt: skip
    return found


def write_table(path: Path, rows: int) -> None:
    """Write a table of 20 columns as CSV."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        writer.writerows(table_rows(rows))


def write_kbart(path: Path, rows: int, seed: int = 7) -> None:
    """Write a list of titles in KBART; lists of different seeds share a tenth of their titles."""
    number = random.Random(seed)
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write("\t".join(KBART_COLUMNS) + "\n")
        for row in range(rows):
            serial = number.random() < 0.8
            start = number.randint(1850, 2015)
            shared = row < rows // 10
            online = row if shared else (seed * rows + row) % 5_000_000 + 1_000_000
            title = f"Revue commune {row}" if shared else sentence(number, 5).replace('"', "'")
            ended = serial and number.random() < 0.5
            cells = [
                title,
                issn(online + 6_000_000) if serial and number.random() < 0.5 else "",
                issn(online) if serial else "",
                f"{start}-01-01" if serial else "", str(number.randint(1, 30)) if serial else "",
                "1" if serial else "",
                f"{min(2024, start + number.randint(1, 90))}-12-31" if ended else "",
                str(number.randint(31, 130)) if ended else "", "4" if ended else "",
                f"https://example.org/list{seed}/j{row}",
                "" if serial else number.choice(NAMES), f"j{row}",
                number.choice(("P1Y", "R10Y", "P6M", "")),
                number.choice(("fulltext", "selected articles")), "",
                number.choice(("Persée", "Elsevier Masson", "Armand Colin", "Springer")),
                "serial" if serial else "monograph", "" if serial else str(start),
                "" if serial else str(start + 1), "", "", "",
                f"j{number.randrange(max(1, row))}" if number.random() < 0.1 else "",
                f"j{number.randrange(max(1, row))}" if number.random() < 0.05 else "",
                number.choice("FP"),
            ]  # fmt: skip
            stream.write("\t".join(cells) + "\n")


def write_documents(path: Path, records: int) -> None:
    """Write an array of records of documents in JSON, in the shape of ISTEX's."""
    number = random.Random(11)
    with path.open("w", encoding="utf-8") as stream:
        stream.write("[\n")
        for place in range(records):
            first = number.randint(1, 900)
            record = {
                "corpusName": number.choice(("elsevier", "springer", "wiley")),
                "arkIstex": f"ark:/99999/bench-{place:06d}-{number.choice('0123456789BCDFGH')}",
                "author": [
                    {
                        "name": name(number),
                        "affiliations": [sentence(number, 4) for _ in range(number.randint(0, 2))],
                    }
                    for _ in range(number.randint(1, 5))
                ],
                "title": sentence(number, 9),
                "abstract": sentence(number, 60) if number.random() < 0.7 else "",
                "doi": [f"10.99999/s{place}-{number.randint(1, 9)}"],
                "language": [number.choice(LANGUAGES[:4])],
                "genre": [number.choice(("research-article", "review-article"))],
                "publicationDate": str(number.randint(1900, 2020)),
                "host": {
                    "title": sentence(number, 3),
                    "issn": [issn(number.randrange(10_000_000))],
                    "eissn": [issn(number.randrange(10_000_000))] if number.random() < 0.6 else [],
                    "volume": str(number.randint(1, 200)),
                    "issue": str(number.randint(1, 12)),
                    "pages": {"first": str(first), "last": str(first + number.randint(1, 30))},
                    "genre": ["journal"],
                },
                "subject": [{"value": number.choice(WORDS)} for _ in range(number.randint(0, 4))],
                "categories": {
                    "inist": [number.choice(WORDS) for _ in range(number.randint(0, 3))]
                },
                "qualityIndicators": {
                    "score": round(number.random() * 10, 3),
                    "pdfWordCount": number.randint(500, 12000),
                },
            }
            end = ",\n" if place < records - 1 else "\n"
            stream.write(json.dumps(record, ensure_ascii=False) + end)
        stream.write("]\n")


def write_finding_aid(path: Path, components: int) -> None:
    """Write a finding aid of components nested in up to five levels."""
    number = random.Random(5)
    written = 0

    def component(depth: int) -> None:
        nonlocal written
        written += 1
        start = number.randint(1500, 1950)
        stream.write(
            f'{" " * depth}<c id="c{written:06d}" level="otherlevel"><did>'
            f"<unitid>F0/{written}</unitid>"
            f"<unittitle>{escape_xml(sentence(number, 6))}</unittitle>"
            f'<unitdate normal="{start}/{start + 10}">{start}-{start + 10}</unitdate>'
            f"<physdesc><extent>{number.randint(1, 90)} pièces</extent></physdesc><langmaterial>"
            f'<language langcode="{number.choice(LANGUAGES)}">x</language></langmaterial></did>\n'
        )
        if number.random() < 0.6:
            text = escape_xml(sentence(number, 20))
            stream.write(f"<scopecontent><p>{text} <emph>fin</emph></p></scopecontent>")
        points = number.randint(0, 3)
        if points:
            stream.write("<controlaccess>")
            for _ in range(points):
                if number.random() < 0.5:
                    stream.write(f"<subject>{number.choice(WORDS)}</subject>")
                else:
                    stream.write(
                        f'<persname authfilenumber="{ppn(number)}" role="auteur">'
                        f"{escape_xml(name(number))}</persname>"
                    )
            stream.write("</controlaccess>\n")
        if depth < 4:
            for _ in range((12, 10, 8, 5)[depth]):
                if written < components:
                    component(depth + 1)
        stream.write("</c>\n")

    with path.open("w", encoding="utf-8") as stream:
        stream.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE ead PUBLIC "+//ISBN 1-931666-00-8//'
            'DTD ead.dtd (Encoded Archival Description (EAD) Version 2002)//EN" "ead.dtd">\n'
            '<ead><eadheader><eadid identifier="BENCH"/></eadheader><archdesc level="fonds"><did>'
            "<unitid>F0</unitid><unittitle>Fonds</unittitle></did><dsc>\n"
        )
        while written < components:
            component(0)
        stream.write("</dsc></archdesc></ead>\n")


_XLSX_PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
    'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override '
    'PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override '
    'PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'spreadsheetml.sharedStrings+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/'
    '2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet '
    'name="Feuille1" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/'
    '2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/'
    'officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship '
    'Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    'sharedStrings" Target="sharedStrings.xml"/></Relationships>',
}
XLSX = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def write_workbook(path: Path, rows: int) -> None:
    """Write the table as a workbook of one sheet, texts shared as spreadsheets write them."""
    shared: dict[str, int] = {}
    sheet = []
    for place, row in enumerate([list(COLUMNS), *table_rows(rows)], start=1):
        cells = []
        for number, value in enumerate(row):
            reference = f"{chr(ord('A') + number)}{place}"
            if isinstance(value, int):
                cells.append(f'<c r="{reference}"><v>{value}</v></c>')
            elif value:
                text = shared.setdefault(str(value), len(shared))
                cells.append(f'<c r="{reference}" t="s"><v>{text}</v></c>')
        sheet.append(f'<row r="{place}">{"".join(cells)}</row>')
    texts = "".join(f"<si><t>{escape_xml(text)}</t></si>" for text in shared)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name_, content in _XLSX_PARTS.items():
            book.writestr(name_, content)
        data = f'<worksheet xmlns="{XLSX}"><sheetData>{"".join(sheet)}</sheetData></worksheet>'
        book.writestr("xl/worksheets/sheet1.xml", data)
        book.writestr("xl/sharedStrings.xml", f'<sst xmlns="{XLSX}">{texts}</sst>')
