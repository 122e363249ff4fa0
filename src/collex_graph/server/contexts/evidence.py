"""Where statements come from, and what the validation says of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collex_graph.server.contexts.values import Node, Text, WebLink


@dataclass(frozen=True)
class SourceStatement:
    """Where a description comes from."""

    file_name: str
    place: str
    dataset: Node
    publisher: str
    licence: WebLink | None
    rights: str


@dataclass(frozen=True)
class SourceDataset:
    """A source dataset, with how much of it was read.

    Attributes:
        known: how many records it is known to have, None where nobody knows.
        read: how many of its notices are in the graph.
    """

    node: Node
    description: str
    publisher: str
    licence: WebLink | None
    rights: str
    page: WebLink | None
    known: int | None
    read: int


@dataclass(frozen=True)
class QualityResult:
    """One validation result on a unit.

    Attributes:
        severity: ``violation``, ``warning`` or ``info``: also the shape drawn beside the word.
        message: what is wrong.
        advice: how to mend it.
        property_label: the property concerned, in words.
        value: the value concerned.
        place: where it stands in the source file.
        focus: the node concerned, when it is not the subject of the page.
    """

    severity: str
    message: Text
    advice: Text | None
    property_label: str
    value: str
    place: str
    focus: Node | None


@dataclass(frozen=True)
class RuleRow:
    """A rule of the validation: how often it was broken, and one case.

    Attributes:
        name: what it asks, in words.
        severity: ``violation``, ``warning`` or ``info``.
        count: how many results it gave.
        example: one of them.
        href: every result of the rule, as a query.
    """

    name: str
    severity: str
    count: int
    example: QualityResult
    href: str


@dataclass(frozen=True)
class ScoredCriterion:
    """One criterion of a score: what it is worth, and how to meet it.

    Attributes:
        name: its short name, which is its anchor on the page of the shapes.
    """

    name: str
    label: Text
    message: Text
    weight: int


@dataclass(frozen=True)
class NoticeScore:
    """A score of a notice out of 100, and the criteria that say why."""

    name: str
    label: Text
    points: int
    met: tuple[ScoredCriterion, ...]
    lacking: tuple[ScoredCriterion, ...]


@dataclass(frozen=True)
class Quality:
    """The validation results about one thing, and the scores of the notice that describes it."""

    results: tuple[QualityResult, ...] = ()
    scores: tuple[NoticeScore, ...] = ()

    @property
    def tally(self) -> tuple[tuple[str, int], ...]:
        """The severities that occur, the worst first, with their results."""
        counts = Counter(result.severity for result in self.results)
        return tuple((s, counts[s]) for s in ("violation", "warning", "info") if counts[s])
