"""Writes the rows of a SELECT as a workbook (Office Open XML, ECMA-376), a row at a time.

Texts are written as texts, so nothing in them is ever taken for a formula. What a cell or a sheet
cannot hold is an error: a spreadsheet that silently lost rows or ends of texts would be believed.

XlsxWriter, which writes the workbooks that people fill in, needs either all rows in memory or a
temporary file, and a query worker may not write any.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from pyoxigraph import BlankNode, Literal, NamedNode

from collex_graph.errors import UnwritableResultError
from collex_graph.rdf.namespaces import expand

if TYPE_CHECKING:
    from pyoxigraph import QuerySolutions

MOST_ROWS = 1_048_576
"""Rows of a sheet, the heading included: what spreadsheet programs hold."""

MOST_CHARACTERS = 32_767
"""Characters of a cell, likewise."""

_NUMBERS = frozenset(expand(f"xsd:{name}") for name in ("integer", "decimal", "double", "float"))
# A spreadsheet keeps 15 digits of a number; longer ones stay texts, and so do 1E400 and INF.
_EXACT = re.compile(r"-?\d{1,15}|-?(?=[\d.]{3,16}$)\d+\.\d+|-?\d\.\d{1,14}E-?\d{1,2}", re.ASCII)
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET_TYPE}.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" '
        f'ContentType="{_SHEET_TYPE}.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="collex-graph" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the same result is the same bytes


def write_spreadsheet(solutions: QuerySolutions, output: io.RawIOBase) -> None:
    """Write a result.

    Raises:
        UnwritableResultError: for more rows than a sheet holds, or a longer text than a cell does.
    """
    names = [variable.value for variable in solutions.variables]
    with zipfile.ZipFile(_Forward(output), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, text in _PARTS.items():
            book.writestr(_member(name), _DECLARATION + text)
        with book.open(_member("xl/worksheets/sheet1.xml"), "w", force_zip64=True) as sheet:
            sheet.write(f'{_DECLARATION}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            sheet.write(_row([_text(name) for name in names]))
            for number, solution in enumerate(solutions, start=2):
                if number > MOST_ROWS:
                    raise UnwritableResultError(
                        f"XLSX a au plus {MOST_ROWS - 1} lignes ; ce résultat en a davantage. "
                        "Demandez un autre format.\n"
                        f"XLSX has at most {MOST_ROWS - 1} rows; this result has more. "
                        "Ask for another format."
                    )
                sheet.write(_row([_cell(solution[name]) for name in names]))
            sheet.write(b"</sheetData></worksheet>")


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _EARLIEST)
    member.compress_type = zipfile.ZIP_DEFLATED
    return member


def _row(cells: list[str]) -> bytes:
    return f"<row>{''.join(cells)}</row>".encode()


def _cell(term: Any) -> str:
    if term is None:
        return "<c/>"
    if isinstance(term, Literal):
        if term.datatype.value in _NUMBERS and _EXACT.fullmatch(term.value):
            return f"<c><v>{term.value}</v></c>"
        return _text(term.value)
    return _text(term.value if isinstance(term, NamedNode | BlankNode) else str(term))


def _text(text: str) -> str:
    if len(text) > MOST_CHARACTERS:
        raise UnwritableResultError(
            f"Une cellule de XLSX a au plus {MOST_CHARACTERS} caractères ; un texte de ce résultat "
            f"en a {len(text)}. Demandez un autre format.\n"
            f"A cell of XLSX has at most {MOST_CHARACTERS} characters; a text of this result has "
            f"{len(text)}. Ask for another format."
        )
    written = escape(_NOT_IN_XML.sub("\ufffd", text))
    return f'<c t="inlineStr"><is><t xml:space="preserve">{written}</t></is></c>'


class _Forward(io.RawIOBase):
    """What a zip archive is written to when nobody can go back in it."""

    def __init__(self, output: io.RawIOBase) -> None:
        super().__init__()
        self._output = output

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        return self._output.write(part) or 0
