"""The programmes of CollEx-Persée, row by row, each with what serves it in the current snapshot.

``web/programmes.yml`` states what is asked for and what answers it; the graph tells the names of
programmes and axes, and whether anything was read of the classes a row needs. A row without data
says so, with what would have to be read.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import yaml

from collex_graph.errors import ResourceFileError
from collex_graph.rdf.namespaces import expand
from collex_graph.resources import resource_dir
from collex_graph.server.contexts.programmes import Axis, Programme, ProgrammeRow, ProgrammesContext
from collex_graph.server.contexts.values import Entrance
from collex_graph.server.list_pages import (
    Kind,
    list_pages,
    needed_for,
    numbers_of_classes,
    templates,
)
from collex_graph.server.questions import describe_questions

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping

    from collex_graph.server.contexts.gallery import Question
    from collex_graph.server.reader import GraphReader, Row

_PAGES = {
    "/search": "nav.search", "/map": "nav.map", "/institutions": "nav.institutions",
    "/quality": "nav.quality", "/query": "nav.query", "/about/model": "nav.model",
    "/dataset": "nav.dataset", "/about": "nav.about",
}  # fmt: skip
"""Pages that rows lead to, besides lists, gaps and vocabularies, and their names."""


@dataclass(frozen=True)
class AskedRow:
    """A row of ``web/programmes.yml``, as it stands there.

    Attributes:
        number: its number.
        at: notation of its programme or axis.
        text: language → what is asked for.
        of: classes of which at least one thing must have been read; none: any data serve it.
        pages: addresses of pages of this site.
        questions: numbers of stored questions.
    """

    number: int
    at: str
    text: Mapping[str, str]
    of: tuple[str, ...]
    pages: tuple[str, ...]
    questions: tuple[int, ...]


@dataclass(frozen=True)
class Asked:
    """What ``web/programmes.yml`` states.

    Attributes:
        rows: what is asked for.
        questions: number of a question → the class it needs things of, where it needs any.
        needed: class → language → what would have to be read for it, where no list says it.
    """

    rows: tuple[AskedRow, ...]
    questions: Mapping[int, str]
    needed: Mapping[str, Mapping[str, str]]


@cache
def asked() -> Asked:
    """Read what the programmes ask for.

    Raises:
        ResourceFileError: when the file is not of that form.
    """
    path = resource_dir("web") / "programmes.yml"
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Asked(
            tuple(map(_read_row, said["rows"])), dict(said["questions"]), dict(said["needed"])
        )
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ResourceFileError(path, f"is not a list of rows: {error}") from None


def _read_row(said: Mapping[str, Any]) -> AskedRow:
    unknown = set(said) - {"n", "at", "fr", "en", "of", "see"}
    if unknown:
        raise ValueError(f"row {said['n']} has {', '.join(sorted(unknown))}")
    return AskedRow(
        number=int(said["n"]),
        at=str(said["at"]),
        text={"fr": said["fr"], "en": said["en"]},
        of=tuple(said["of"]),
        pages=tuple(each for each in said["see"] if isinstance(each, str)),
        questions=tuple(each for each in said["see"] if isinstance(each, int)),
    )


def kind_of(address: str) -> Kind | None:
    """Return the kind of things that the address of a list shows, None for another page."""
    split = urlsplit(address)
    page = list_pages().get(split.path.strip("/"))
    if page is None:
        return None
    asked = parse_qs(split.query).get("kind", [page.kinds[0].name])[0]
    return next(kind for kind in page.kinds if kind.name == asked)


def describe_programmes(reader: GraphReader) -> ProgrammesContext:
    """Return the page of the programmes."""
    words = reader.words
    counts = numbers_of_classes(reader)
    questions = {
        question.number: question
        for question in describe_questions(
            reader, sorted({number for row in asked().rows for number in row.questions})
        )
    }
    names: dict[str, list[Row]] = defaultdict(list)
    for said in reader.rows("programme-concepts"):
        names[said["notation"].value].append(said)
    of_axis: dict[str, list[ProgrammeRow]] = defaultdict(list)
    for row in asked().rows:
        of_axis[row.at].append(_row(reader, row, counts, questions))

    def name(notation: str, part: str) -> str:
        best = reader.best([each[part] for each in names[notation] if part in each])
        return best.value if best else notation if part == "label" else ""

    programmes = []
    for notation in ("N", "C", "A", "Q", "X"):
        axes = sorted(at for at in of_axis if at.startswith(notation) and at != notation)
        programmes.append(
            Programme(
                notation,
                name(notation, "label"),
                name(notation, "definition"),
                tuple(of_axis[notation]),
                tuple(
                    Axis(axis, name(axis, "label"), name(axis, "definition"), tuple(of_axis[axis]))
                    for axis in axes
                ),
            )
        )
    every = [row for rows in of_axis.values() for row in rows]
    return ProgrammesContext(
        title=words("programmes.heading"),
        programmes=tuple(programmes),
        whole=len(every),
        served=sum(row.served for row in every),
    )


def _row(
    reader: GraphReader, row: AskedRow, counts: Counter[str], questions: Mapping[int, Question]
) -> ProgrammeRow:
    language = reader.words.language
    is_served = not row.of or any(counts[expand(name)] for name in row.of)
    kinds = [kind for page in row.pages if (kind := kind_of(page)) is not None]
    filled_by = dict.fromkeys(kind.template for kind in kinds if kind.template in templates())
    if not is_served:
        return ProgrammeRow(
            row.number, row.text[language], False, (), (), tuple(filled_by),
            _needed(reader, row.of[0]),
        )  # fmt: skip
    needs = asked().questions
    return ProgrammeRow(
        number=row.number,
        text=row.text[language],
        served=True,
        links=tuple(
            Entrance(_page_name(reader, page), "", page)
            for page in row.pages
            if (kind := kind_of(page)) is None or counts[expand(kind.of)]
        ),
        questions=tuple(
            questions[number]
            for number in row.questions
            if number not in needs or counts[expand(needs[number])]
        ),
        templates=tuple(filled_by),
        needed="",
    )


def _needed(reader: GraphReader, name: str) -> str:
    """Return what would have to be read for there to be things of a class."""
    kinds = (kind for page in list_pages().values() for kind in page.kinds if kind.of == name)
    kind = next(kinds, None)
    if kind is not None:
        return needed_for(reader, kind)
    return asked().needed[name][reader.words.language]


def _page_name(reader: GraphReader, address: str) -> str:
    words = reader.words
    path = urlsplit(address).path
    kind = kind_of(address)
    if kind is not None:
        return words(f"list.kind.{kind.name}")
    if path.startswith("/gaps/"):
        return words(f"gap.{path.removeprefix('/gaps/')}.title")
    if path.startswith("/quality/"):
        return words(f"quality.view.{path.removeprefix('/quality/')}.title")
    if path.startswith("/vocabulary/"):
        iri = reader.iris.base + path.lstrip("/")
        reader.learn_labels([iri])
        return words("programmes.vocabulary", name=reader.label_of(iri).value)
    return words(_PAGES[path])
