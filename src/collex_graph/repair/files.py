"""One file: which repairs are made in it, how, and the list of what was changed."""

from __future__ import annotations

import csv
import io
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from collex_graph.errors import ConfigurationError, UnreadableSourceError
from collex_graph.rdf.namespaces import expand
from collex_graph.repair.markup import correct_markup
from collex_graph.repair.tables import correct_table
from collex_graph.repair.workbooks import correct_workbook
from collex_graph.validation.report import plain_cell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from collex_graph.model import RecordSource, Repair, SourceFile

LARGEST_BYTES: Final = 256 << 20
"""Of a file that is corrected: it is held in memory, several times."""
_HEADERS: Final = {
    "fr": (
        "fichier", "ligne", "rangée", "composant", "colonne", "avant", "après", "état", "raison",
        "règle",
    ),
    "en": (
        "file", "line", "row", "component", "column", "before", "after", "state", "reason", "rule",
    ),
}  # fmt: skip
_STATES: Final = {
    "fr": ("réparé", "laissé : l’endroit n’est pas retrouvé tel qu’il a été lu"),
    "en": ("repaired", "left: the spot is not found as it was read"),
}
"""What is said of what was changed, and of what could not be."""
_LISTS: Final = {"fr": "modifications.csv", "en": "changes.csv"}


@dataclass(frozen=True)
class Corrected:
    """A corrected file.

    Attributes:
        name: of the file, as positions have it.
        content: its bytes; those of the original where nothing was changed.
        applied: what was changed, each at its exact place, in the order of the file.
        left: repairs that were certain and that could not be made, because the spot is not found as
            it was read (markup inside a text, a formula, a cell merged with another).
    """

    name: str
    content: bytes
    applied: tuple[Repair, ...]
    left: tuple[Repair, ...]


def correct_file(
    tables: Sequence[tuple[SourceFile, Sequence[RecordSource]]], repairs: Sequence[Repair]
) -> Corrected:
    """Make the certain ones of some repairs in a file.

    Args:
        tables: the file; for a workbook that people fill in each of its sheets that is read, with
            the sources that read it.
        repairs: of results in that file; those that are not certain are passed over.
    """
    file = tables[0][0]
    wanted = list(dict.fromkeys(repair for repair in repairs if repair.certain))
    content = file.path.read_bytes()
    if not wanted or len(content) > LARGEST_BYTES or file.problem:
        return Corrected(file.name, content, (), tuple(wanted))
    applied: list[Repair] = []
    corrected = content
    suffix = file.path.suffix.lower()
    formulations = {source.formulation for _, sources in tables for source in sources}
    try:
        if formulations == {"csv"} and suffix == ".xlsx":
            corrected, applied = correct_workbook(content, tables, wanted)
        elif formulations == {"csv"}:
            corrected, applied = correct_table(content, *tables[0], wanted)
        elif formulations == {"xpath"}:
            corrected, applied = correct_markup(content, file.path, wanted)
    except UnreadableSourceError:
        # a file that breaks off was read up to there; a part of it is no corrected file
        return Corrected(file.name, content, (), tuple(wanted))
    made = {_what(repair) for repair in applied}
    left = tuple(repair for repair in wanted if _what(repair) not in made)
    return Corrected(file.name, corrected, tuple(applied), left)


def _what(repair: Repair) -> tuple[object, ...]:
    """Return what a repair and the places where it was made have in common."""
    place = repair.position
    where = (place.row, place.component) if place else ()
    return (repair.rule, repair.found, repair.repaired, *where)


def write_corrected(corrected: Sequence[Corrected], folder: Path, language: str = "fr") -> Path:
    """Write the files in which something was repaired, and the list of what was changed.

    Args:
        corrected: the files.
        folder: where to; new or empty, so that nothing is ever overwritten.
        language: of the list.

    Returns:
        The list of what was changed.

    Raises:
        ConfigurationError: when the folder holds something, or cannot be written to.
    """
    changed = [file for file in corrected if file.applied]
    files = {file.name.replace("/", "--"): file.content for file in changed}
    name = _LISTS[language]
    while name in files:
        name = f"_{name}"
    files[name] = changes_csv(corrected, language)
    refuse_filled(folder)
    # all or nothing: a folder beside it becomes that folder
    made = folder.absolute().parent / f".{folder.name}-{uuid4().hex}"
    try:
        made.mkdir(parents=True)
        for file, content in files.items():
            (made / file).write_bytes(content)
        made.replace(folder)
    except OSError as error:
        raise ConfigurationError(
            f"{folder}: corrected files cannot be written: {error.strerror}"
        ) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder / name


def refuse_filled(folder: Path) -> None:
    """Refuse a folder that holds something.

    Raises:
        ConfigurationError: when it does, or is no folder.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(
            f"{folder} is not empty: name a new folder, so that no file is overwritten"
        )


def changes_csv(corrected: Sequence[Corrected], language: str = "fr") -> bytes:
    """Return what was changed, a row for each spot, then what had to be left.

    It is for a spreadsheet: in UTF-8 with its mark, and no cell can be taken for a formula.

    Args:
        corrected: the files.
        language: ``fr`` or ``en``.
    """
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(_HEADERS[language])
    for file in corrected:
        for state, some in zip(_STATES[language], (file.applied, file.left), strict=True):
            for repair in some:
                place = repair.position
                where = (
                    (place.line, place.row, place.component, place.column) if place else (None,) * 4
                )
                name = repair.rule.removeprefix(expand("collex-sh:"))
                reason = repair.reasons.get(language, "")
                row = (file.name, *where, repair.found, repair.repaired, state, reason, name)
                table.writerow(plain_cell(cell) for cell in row)
    return text.getvalue().encode("utf-8-sig")
