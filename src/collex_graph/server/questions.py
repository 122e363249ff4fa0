"""The stored questions of ``queries/examples``, found by their number, with their answers."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from collex_graph.server.contexts.gallery import Question
from collex_graph.sparql.catalogue import query_names, stored_query

if TYPE_CHECKING:
    from collections.abc import Iterable

    from collex_graph.server.reader import GraphReader
    from collex_graph.sparql.catalogue import StoredQuery

_FOLDER = "examples/"


@cache
def question_names() -> dict[int, str]:
    """Return the number of each question → its name: ``examples/08-labelled-not-digitised``."""
    return {
        int(number): name
        for name in query_names()
        if name.startswith(_FOLDER)
        and (number := name.removeprefix(_FOLDER).partition("-")[0]).isdigit()
    }


def _href(stored: StoredQuery) -> str:
    """Return the address of an answer, with examples for the parameters it cannot do without."""
    examples = {
        name: parameter.example
        for name, parameter in stored.parameters.items()
        if parameter.example is not None and not parameter.optional
    }
    address = f"/queries/{stored.name.removeprefix(_FOLDER)}"
    return f"{address}?{urlencode(examples)}" if examples else address


def describe_questions(reader: GraphReader, numbers: Iterable[int]) -> tuple[Question, ...]:
    """Return questions in the order of their numbers given, each with the address of its answer."""
    names = question_names()
    language = reader.words.language
    found = []
    for number in numbers:
        stored = stored_query(names[number])
        found.append(
            Question(
                number,
                stored.title[language],
                stored.description[language],
                _href(stored),
            )
        )
    return tuple(found)
