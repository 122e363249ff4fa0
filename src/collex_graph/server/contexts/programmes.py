"""What programmes ask for, and what serves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collex_graph.server.contexts.gallery import Question
    from collex_graph.server.contexts.values import Entrance


@dataclass(frozen=True)
class ProgrammeRow:
    """What a programme asks for, and what serves it.

    Attributes:
        number: of the row.
        text: what is asked for.
        served: whether what it needs was read.
        links: pages that serve it.
        questions: stored questions that serve it.
        templates: spreadsheet templates that fill it.
        needed: what would have to be read, when it is not served.
    """

    number: int
    text: str
    served: bool
    links: tuple[Entrance, ...]
    questions: tuple[Question, ...]
    templates: tuple[str, ...]
    needed: str


@dataclass(frozen=True)
class Axis:
    """An axis of a programme, with its rows."""

    notation: str
    name: str
    definition: str
    rows: tuple[ProgrammeRow, ...]


@dataclass(frozen=True)
class Programme:
    """A programme: the rows that belong to it as a whole, and its axes."""

    notation: str
    name: str
    definition: str
    rows: tuple[ProgrammeRow, ...]
    axes: tuple[Axis, ...]


@dataclass(frozen=True)
class ProgrammesContext:
    """``/programmes``: what is asked for, and what serves it; ``served`` rows of ``whole``."""

    title: str
    programmes: tuple[Programme, ...]
    whole: int
    served: int
