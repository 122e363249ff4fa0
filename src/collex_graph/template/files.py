"""Templates as files: a workbook with help, lists and checks; or delimited texts.

The workbook is the same, byte for byte, whenever it is written.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import xlsxwriter
import yaml

from collex_graph.rdf.iris import slug
from collex_graph.resources import resource_dir
from collex_graph.sources.by_hand import EXAMPLE_MARK, HELP_MARK, OTHER_SHEETS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collex_graph.template.columns import Column, Sheet, Template

README_SHEET, LISTS_SHEET = OTHER_SHEETS
HEADER_ROWS = 2
"""The header and the help, which stay in sight."""
TEXT_FORMAT = 49
"""The built-in number format ``@``: what is typed stays as it is typed, its zeros too."""
CHECKED_ROWS = 5000
"""Rows that have lists and checks; those below are read all the same."""

_FREE: Final = frozenset({"text", "reference", "identifier"})
"""Kinds of columns without list or check, where the mark of examples stands."""
# Formulas of checks have at most 255 characters and no array constants; {c} is the cell.
_PPN_SUM: Final = "+".join(f"MID({{c}},{place},1)*{10 - place}" for place in range(1, 9))
_ISSN_SUM: Final = "+".join(
    f"MID({{c}},{place},1)*{weight}"
    for place, weight in zip((1, 2, 3, 4, 6, 7, 8), range(8, 1, -1), strict=True)
)
_CHECK_CHARACTER: Final = 'MID("0123456789X",MOD(11-MOD({sum},11),11)+1,1)=UPPER(RIGHT({{c}},1))'
_FORMULAS: Final[Mapping[str, str]] = {
    "ppn": f"=AND(LEN({{c}})=9,{_CHECK_CHARACTER.format(sum=_PPN_SUM)})",
    "issn": f"=AND(LEN({{c}})=9,{_CHECK_CHARACTER.format(sum=_ISSN_SUM)})",
    "institution": (
        '=OR(AND(LEN({c})=9,ISNUMBER(--{c})),AND(LEN({c})=8,MID("ABCDEFGHJKLMNPRSTUVWXYZ",'
        'MOD(LEFT({c},7),23)+1,1)=UPPER(RIGHT({c},1))),ISNUMBER(SEARCH(" ",{c})),'
        'ISNUMBER(SEARCH(":",{c})),ISNUMBER(SEARCH("|",{c})))'
    ),
    "link": '=OR(LEFT({c},7)="http://",LEFT({c},8)="https://")',
}


@cache
def _words() -> Mapping[str, Any]:
    """Return the words of every template, as ``mappings/template.yml`` has them."""
    path = resource_dir("mappings") / "template.yml"
    words: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return words


def help_of(column: Column, language: str = "fr") -> str:
    """Return what the help row says of a column."""
    place = ("fr", "en").index(language)
    words = _words()
    said = [column.help[language]]
    if column.required:
        said.append(words["required"][place])
    if column.kind in words["hints"]:
        said.append(words["hints"][column.kind][place])
    if column.takes_several:
        said.append(words["several"][place])
    return " ".join(said)


def example_of(sheet: Sheet, row: tuple[str, ...]) -> list[str]:
    """Return an example as it stands in the template, marked so that it is never read."""
    return [
        f"{EXAMPLE_MARK} {cell}" if cell and (not place or column.kind in _FREE) else cell
        for place, (column, cell) in enumerate(zip(sheet.columns, row, strict=True))
    ]


def write_texts(template: Template) -> dict[str, bytes]:
    """Return file name → CSV of each sheet: UTF-8 with a mark, ``;``, as spreadsheets expect it."""
    files = {}
    for sheet in template.sheets:
        text = io.StringIO()
        writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
        writer.writerow(column.name for column in sheet.columns)
        writer.writerow(f"{HELP_MARK} {help_of(column)}" for column in sheet.columns)
        writer.writerows(example_of(sheet, row) for row in sheet.examples)
        files[f"{slug(sheet.name)}.csv"] = text.getvalue().encode("utf-8-sig")
    return files


def write_workbook(template: Template) -> bytes:
    """Return the workbook of a template."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(
        stream, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}
    ) as book:
        # the time of writing is left out, so that two workbooks can be compared
        book.set_properties(
            {
                "title": template.titles.get("fr", template.name),
                "comments": f"collex-graph template {template.name}",
                "created": datetime(2000, 1, 1),  # noqa: DTZ001 - the format has no zones
            }
        )
        _Writer(book, template).write()
    return stream.getvalue()


class _Writer:
    def __init__(self, book: Any, template: Template) -> None:
        self._book = book
        self._template = template
        wrapped = {"text_wrap": True, "valign": "top"}
        self._title = book.add_format({"bold": True, "font_size": 14})
        self._bold = book.add_format({"bold": True, **wrapped})
        self._plain = book.add_format(wrapped)
        self._header = book.add_format(
            {"bold": True, "bg_color": "#D9E2EC", "border": 1, **wrapped}
        )
        self._needed = book.add_format(
            {"bold": True, "bg_color": "#F3D9B1", "border": 1, **wrapped}
        )
        self._help = book.add_format(
            {
                "italic": True,
                "font_size": 9,
                "font_color": "#444444",
                "bg_color": "#F4F6F8",
                **wrapped,
            }
        )
        self._example = book.add_format(
            {"italic": True, "font_color": "#777777", "num_format": TEXT_FORMAT, "valign": "top"}
        )
        self._text = book.add_format({"num_format": TEXT_FORMAT})
        self._day = book.add_format({"num_format": "yyyy-mm-dd"})
        self._number = book.add_format({"num_format": "General"})

    def write(self) -> None:
        sheets = [self._book.add_worksheet(sheet.name[:31]) for sheet in self._template.sheets]
        readme = self._book.add_worksheet(README_SHEET)
        lists = self._book.add_worksheet(LISTS_SHEET)
        lists.hide()
        ranges = self._write_lists(lists)
        for sheet, page in zip(self._template.sheets, sheets, strict=True):
            self._write_sheet(sheet, page, ranges)
        self._write_readme(readme)
        sheets[0].activate()

    def _write_lists(self, page: Any) -> dict[str, str]:
        """Write each list in a column of the hidden sheet; return scheme → its range."""
        ranges: dict[str, str] = {}
        for sheet in self._template.sheets:
            for column in sheet.columns:
                if column.scheme and column.scheme not in ranges:
                    place = len(ranges)
                    page.write_string(0, place, column.scheme, self._bold)
                    for row, label in enumerate(column.values, start=1):
                        page.write_string(row, place, label)
                    letters = xlsxwriter.utility.xl_col_to_name(place, col_abs=True)
                    ranges[column.scheme] = (
                        f"={LISTS_SHEET}!{letters}$2:{letters}${len(column.values) + 1}"
                    )
        return ranges

    def _write_sheet(self, sheet: Sheet, page: Any, ranges: Mapping[str, str]) -> None:
        page.freeze_panes(HEADER_ROWS, 1)
        page.set_row(1, 90)
        for place, column in enumerate(sheet.columns):
            form = {"day": self._day, "year": self._number, "whole": self._number,
                    "decimal": self._number}.get(column.kind, self._text)  # fmt: skip
            page.set_column(place, place, _width(column), form)
            header = self._needed if column.required else self._header
            page.write_string(0, place, column.name, header)
            page.write_string(1, place, f"{HELP_MARK} {help_of(column)}", self._help)
            page.write_comment(0, place, help_of(column, "en"), {"x_scale": 2, "visible": False})
        for row, cells in enumerate(sheet.examples, start=HEADER_ROWS):
            for place, cell in enumerate(example_of(sheet, cells)):
                if cell:
                    page.write_string(row, place, cell, self._example)
        first = HEADER_ROWS + len(sheet.examples)
        for place, column in enumerate(sheet.columns):
            cell = xlsxwriter.utility.xl_rowcol_to_cell(first, place)
            check = _check(column, cell, ranges)
            message = _words()["checks"].get(column.kind, "")
            if column.not_before:
                # an empty cell and a text count as 0: both are told of where they stand
                before = [other.name for other in sheet.columns].index(column.not_before)
                start = xlsxwriter.utility.xl_rowcol_to_cell(first, before)
                check = {"validate": "date", "criteria": ">=", "value": f"=N({start})"}
                message = _words()["checks"]["later"].format(other=column.not_before)
            if check is not None:
                check |= {
                    "ignore_blank": True,
                    "error_type": "warning",
                    "error_title": column.name[:32],
                    "error_message": message,
                    "input_title": column.name[:32],
                    "input_message": _shortened(help_of(column), 255),
                }
                page.data_validation(first, place, CHECKED_ROWS, place, check)

    def _write_readme(self, page: Any) -> None:
        page.hide_gridlines(2)
        page.set_column(0, 0, 100, self._plain)
        page.write_string(0, 0, self._template.titles.get("fr", self._template.name), self._title)
        sheets = ", ".join(f"« {sheet.name} »" for sheet in self._template.sheets)
        for row, part in enumerate(_words()["readme"], start=2):
            text = part if isinstance(part, str) else part["heading"]
            form = self._plain if isinstance(part, str) else self._bold
            page.write_string(row, 0, text.format(name=self._template.name, sheets=sheets), form)


def _check(column: Column, cell: str, ranges: Mapping[str, str]) -> dict[str, Any] | None:
    if column.kind == "list":
        return {"validate": "list", "source": ranges[column.scheme]}
    if column.kind == "truth":
        return {"validate": "list", "source": ["oui", "non"]}
    if column.kind == "day":
        earliest = datetime(1900, 1, 1)  # noqa: DTZ001 - spreadsheets know no zones
        return {"validate": "date", "criteria": ">=", "value": earliest}
    if column.kind == "year":
        return {"validate": "integer", "criteria": "between", "minimum": 1000, "maximum": 2100}
    if column.kind == "whole":
        return {"validate": "integer", "criteria": ">=", "value": 0}
    if column.kind == "decimal":
        return {"validate": "decimal", "criteria": ">=", "value": 0}
    formula = _FORMULAS.get(column.kind)
    return {"validate": "custom", "value": formula.replace("{c}", cell)} if formula else None


def _width(column: Column) -> int:
    kinds = {"day": 14, "year": 10, "whole": 12, "decimal": 12, "truth": 10, "link": 40, "text": 36}
    return max(kinds.get(column.kind, 26), min(len(column.name) + 4, 40))


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
