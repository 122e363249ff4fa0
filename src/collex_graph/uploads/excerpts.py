"""Quotes the row or the passage that a result is about, with what is wrong in it marked.

A file is read once more, by the reader that its mapping read it with: what that reader keeps from
every rule (internal elements, names of staff) is not there to be quoted. Of a table the columns
that a rule reads are quoted, no others, and never an address of electronic mail nor a value that
its rule withholds.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from collex_graph.errors import UnreadableSourceError
from collex_graph.pipeline.checking import RDF
from collex_graph.pipeline.circumstances import circumstances
from collex_graph.pipeline.part import readers, tables
from collex_graph.rdf.namespaces import compact
from collex_graph.sources import find_source_files, open_records
from collex_graph.sources.by_hand import masked
from collex_graph.validation.report import known_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from collex_graph.model import Record, RecordSource, RecordStream, SourceFile, ValidationResult

WITHHELD: Final = "[…]"
"""What stands for a value that is not quoted."""

MOST_CELLS: Final = 7
_CELL_CHARACTERS: Final = 160
_AROUND_CHARACTERS: Final = 140
_OWN_ATTRIBUTES: Final = ("_unit", "_rank", "_previous")
_IDENTITY: Final = ("did/unitid", "did/unittitle", "control/recordId")


@dataclass(frozen=True)
class Cell:
    """A cell of a row, or a piece of a passage.

    Attributes:
        header: of its column; empty for a piece of a passage.
        text: what it holds, cut where it is long.
        marked: it is what the result is about.
    """

    header: str
    text: str
    marked: bool = False


@dataclass(frozen=True)
class Excerpt:
    """A row as cells, or a passage as pieces that follow one another."""

    is_row: bool
    cells: tuple[Cell, ...]


def excerpts(
    path: Path,
    sources: Mapping[str, str],
    results: Sequence[ValidationResult],
    *,
    base_iri: str,
    unpacked: Path,
) -> dict[int, Excerpt]:
    """Quote what results are about, where that can be found again.

    Args:
        path: the file, or the archive, that was checked.
        sources: name of a file → source that it was read as.
        results: those to quote for.
        base_iri: the setting of that name.
        unpacked: folder for what an archive holds, which the caller removes.

    Returns:
        Place in ``results`` → excerpt.
    """
    found: dict[int, Excerpt] = {}
    by_file: defaultdict[str, list[int]] = defaultdict(list)
    for number, result in enumerate(results):
        if result.position is None:
            continue
        if sources.get(result.position.file, RDF) == RDF:
            found[number] = _statement(result)
        else:
            by_file[result.position.file].append(number)
    if not by_file:
        return found
    files, _ = find_source_files("", path, unpacked, digests=False)
    for file in files:
        if file.name not in by_file or file.problem:
            continue
        dataset = sources[file.name]
        wanted = {number: results[number] for number in by_file[file.name]}
        with suppress(UnreadableSourceError):  # told by a result; what came before is quoted
            for number, excerpt in _quoted(replace(file, dataset=dataset), base_iri, wanted):
                # several records may start in one line: the one that holds the value is meant
                if number not in found or not _marks(found[number]):
                    found[number] = excerpt
    for number in (number for numbers in by_file.values() for number in numbers):
        result = results[number]
        is_said = any((result.value or "") in message for message in result.messages.values())
        if number not in found and not is_said and not _is_withheld(result):
            found[number] = _statement(result)
    return found


def _quoted(
    file: SourceFile, base_iri: str, wanted: Mapping[int, ValidationResult]
) -> Iterator[tuple[int, Excerpt]]:
    digest = circumstances(file.dataset)
    for table in tables(file.dataset, base_iri, digest, file):
        sources = readers(file.dataset, base_iri, digest, table)
        if not sources or table.problem:
            continue
        if sources[0].formulation == "csv":
            yield from _rows(open_records(table, sources), wanted)
        elif sources[0].formulation == "xpath":
            yield from _passages(open_records(table, sources), sources, wanted)


def _marks(excerpt: Excerpt) -> bool:
    return any(cell.marked for cell in excerpt.cells)


def _is_withheld(result: ValidationResult) -> bool:
    rule = known_rules().get(result.rule)
    return result.internal or (rule is not None and rule.withholds_value)


# --- rows ----------------------------------------------------------------------------------------


def _rows(
    stream: RecordStream, wanted: Mapping[int, ValidationResult]
) -> Iterator[tuple[int, Excerpt]]:
    at: defaultdict[tuple[str | None, int], list[int]] = defaultdict(list)
    for number, result in wanted.items():
        assert result.position is not None
        if result.position.row is not None:
            at[result.position.component, result.position.row].append(number)
    header: Sequence[str] = getattr(stream, "header", ())
    read = sorted(place for place in set(stream.columns.values()) if place < len(header))
    for record in stream:
        # what stands for the table as a whole has its first row's cells and the header's number
        if record.row is None or record.row == 1 or not record.content:
            continue
        for number in at.pop((record.component, record.row), ()):
            yield number, _row(record, header, read, stream.columns, wanted[number])
        if not at:
            return


def _row(
    record: Record,
    header: Sequence[str],
    read: Sequence[int],
    columns: Mapping[str, int],
    result: ValidationResult,
) -> Excerpt:
    cells: Sequence[str] = record.content
    assert result.position is not None
    marked: set[int] = set()
    if result.position.column is not None:
        marked = {columns.get(result.position.column, -1)} & set(read)
    elif result.value:
        marked = {place for place in read if cells[place].strip() == result.value.strip()}
        # of a row that lacks what names it, the columns to fill in are the value
        named = set(result.value.split(" · "))
        marked |= {p for p in read if not cells[p].strip() and header[p].strip() in named}
    shown = sorted(marked) + [p for p in read if cells[p].strip() and p not in marked]
    is_withheld = _is_withheld(result)
    return Excerpt(
        True,
        tuple(
            Cell(
                header[place],
                WITHHELD if is_withheld and place in marked else _cut(masked(cells[place])),
                place in marked,
            )
            for place in sorted(shown[:MOST_CELLS])
        ),
    )


def _cut(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _CELL_CHARACTERS else f"{words[: _CELL_CHARACTERS - 1]}…"


# --- passages ------------------------------------------------------------------------------------


def _passages(
    stream: RecordStream, sources: Sequence[RecordSource], wanted: Mapping[int, ValidationResult]
) -> Iterator[tuple[int, Excerpt]]:
    at: defaultdict[tuple[str | None, int | None], list[int]] = defaultdict(list)
    # a rule of the graph knows the component alone: the element of it that says the value is meant
    within: defaultdict[str | None, list[int]] = defaultdict(list)
    for number, result in wanted.items():
        assert result.position is not None
        at[result.position.component, result.position.line].append(number)
        if result.position.column is None and result.value:
            within[result.position.component].append(number)
    namespaces = {name: iri for source in sources for name, iri in source.namespaces.items()}
    for record in stream:
        for number in at.get((record.component, record.line), ()):
            passage = _passage(record.content, wanted[number], namespaces)
            if passage is not None:
                yield number, passage
        if not (near := within.get(record.component)):
            continue
        text = " ".join("".join(record.content.itertext()).split())
        for number in near:
            if text == wanted[number].value:
                passage = _passage(record.content, wanted[number], namespaces)
                if passage is not None:
                    yield number, passage


def _passage(
    element: Any, result: ValidationResult, namespaces: Mapping[str, str]
) -> Excerpt | None:
    """Quote the element that a path leads to, or one that holds the value, or what names it all."""
    assert result.position is not None
    if _is_withheld(result):
        return Excerpt(False, (Cell("", WITHHELD, marked=True),))
    value = result.repair.found if result.repair else (result.value or "")
    at = [
        one for one in _at_paths(element, result.position.column, namespaces) if _is_it(one, result)
    ]
    if not at and value:
        at = [
            one
            for one in element.iter()
            if isinstance(one.tag, str) and value in _own(one) and _is_it(one, result)
        ]
    target = result.repair.target if result.repair else ""
    last = (result.position.column or "").partition(", ")[0].rpartition("/")[2]
    for one in at:
        pieces = _pieces(one)
        keys = [key for key in (target, last) if any(key == k and value in t for k, t in pieces)]
        keys += [key for key, text in pieces if key and value in text]
        if value and keys:
            return Excerpt(False, _marked(pieces, keys[0], value))
    if at:
        return Excerpt(False, _marked(_pieces(at[0]), "", ""))
    for path in _IDENTITY:
        if (named := element.find(path)) is not None:
            return Excerpt(False, _marked(_pieces(named), "", ""))
    return None


def _is_it(element: Any, result: ValidationResult) -> bool:
    """Say whether an element is the one that a repair means."""
    pieces = dict(_pieces(element))
    beside = result.repair.beside if result.repair else ()
    return all(pieces.get(key, "") == " ".join(expected.split()) for key, expected in beside)


def _at_paths(element: Any, column: str | None, namespaces: Mapping[str, str]) -> Iterator[Any]:
    for path in (column or "").split(", "):
        if not path or path == ".":
            continue
        try:
            found = element.xpath(path, namespaces=dict(namespaces) or None)
        except (etree.XPathError, ValueError):
            continue  # a path with functions of the mapping
        for one in found if isinstance(found, list) else ():
            owner = one if etree.iselement(one) else getattr(one, "getparent", lambda: None)()
            if owner is not None:
                yield owner
    if column and "." in column.split(", "):
        yield element


def _own(element: Any) -> str:
    """Return the text and the attributes of an element alone, without those inside it."""
    texts = [element.text or "", *(child.tail or "" for child in element)]
    return " ".join(" ".join((*texts, *map(str, element.attrib.values()))).split())


def _pieces(element: Any) -> list[tuple[str, str]]:
    """Write an element in one line: (``@attribute`` or ``.`` for the text, else nothing; text)."""
    name = etree.QName(element).localname
    pieces = [("", f"<{name}")]
    for key, value in element.attrib.items():
        if key not in _OWN_ATTRIBUTES:
            local = etree.QName(key).localname
            pieces += [
                ("", f' {local}="'),
                (f"@{local}", masked(" ".join(value.split()))),
                ("", '"'),
            ]
    text = " ".join("".join(element.itertext()).split())
    if not text:
        return [*pieces, ("", "/>")]
    return [*pieces, ("", ">"), (".", masked(text)), ("", f"</{name}>")]


def _marked(pieces: Sequence[tuple[str, str]], key: str, value: str) -> tuple[Cell, ...]:
    """Mark a value in one of the pieces, and cut what is far from it."""
    before, quoted, after = "", "", ""
    for name, text in pieces:
        if name == key and value and not quoted:
            start = text.find(value)
            before += text[:start]
            quoted, after = value, text[start + len(value) :]
        elif quoted:
            after += text
        else:
            before += text
    if not quoted:
        most = 2 * _AROUND_CHARACTERS
        return (Cell("", before if len(before) <= most else f"{before[: most - 1]}…"),)
    if len(before) > _AROUND_CHARACTERS:
        before = f"…{before[-_AROUND_CHARACTERS:]}"
    if len(after) > _AROUND_CHARACTERS:
        after = f"{after[:_AROUND_CHARACTERS]}…"
    if len(quoted) > 3 * _CELL_CHARACTERS:
        quoted = f"{quoted[: 3 * _CELL_CHARACTERS]}…"
    return tuple(
        cell
        for cell in (Cell("", before), Cell("", quoted, marked=True), Cell("", after))
        if cell.text
    )


# --- statements ----------------------------------------------------------------------------------


def _statement(result: ValidationResult) -> Excerpt:
    """Quote a result on RDF: the node, the property, the value."""
    node = _short(result.focus_node or (result.position and result.position.component) or "")
    path = _short(result.path or "")
    value = WITHHELD if _is_withheld(result) else masked(_short(result.value or ""))
    pieces = [Cell("", f"{node} {path} ".lstrip() if node or path else "")]
    pieces.append(Cell("", _cut(value) if value else "∅", marked=True))
    return Excerpt(False, tuple(piece for piece in pieces if piece.text))


def _short(iri: str) -> str:
    return compact(iri) or iri
