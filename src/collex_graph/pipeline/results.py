"""What the mapping of sources reports, as results, and where their records stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collex_graph.linking.identities import Identities
    from collex_graph.model import Position, ValidationResult
    from collex_graph.pipeline.sources import MappedSource
    from collex_graph.validation.readings import ReadingRules


def read_results(
    source: MappedSource, rules: ReadingRules
) -> list[tuple[ValidationResult, str, str]]:
    """Return the problems of the mapping as results, each once, without doubles.

    Returns:
        Results, with the label of the file and the key of the record.
    """
    seen: dict[tuple[object, ...], tuple[ValidationResult, str, str]] = {}
    for part in source.parts:
        for problem in part.problems():
            key = (problem.record, problem.note, problem.position.column, problem.subject)
            if key not in seen:
                seen[key] = rules.result(problem), part.label, problem.record
    return list(seen.values())


def double_results(
    source: MappedSource, rules: ReadingRules
) -> list[tuple[ValidationResult, str, str]]:
    """Return the doubles of a source as results, like `read_results`."""
    return [
        (rules.result(problem), label, problem.record)
        for label, problems in source.across.items()
        for problem in dict.fromkeys(problems)
    ]


def positions_of(sources: Sequence[MappedSource], identities: Identities) -> dict[str, Position]:
    """Return node → where its record stands in a source."""
    found: dict[str, Position] = {}
    for source in sources:
        for record in source.records():
            for subject in record.describes:
                found.setdefault(identities.node(subject), record.position)
    return found


class Positions(Mapping[str, "Position"]):
    """What `positions_of` gives, made when first asked."""

    def __init__(self, sources: Sequence[MappedSource], identities: Identities) -> None:
        self._sources = sources
        self._identities = identities
        self._found: dict[str, Position] | None = None

    def __getitem__(self, iri: str) -> Position:
        return self._all()[iri]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _all(self) -> dict[str, Position]:
        if self._found is None:
            self._found = positions_of(self._sources, self._identities)
        return self._found
