"""What the page of a check shows: results by rule and by record, each quoted once.

It is made where the file is judged, as plain values for JSON; the serving process only writes it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

from collex_graph.model import Severity
from collex_graph.rdf.namespaces import expand
from collex_graph.uploads.excerpts import excerpts
from collex_graph.validation.report import known_rules
from collex_graph.validation.words import place_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from collex_graph.model import Repair, ValidationResult
    from collex_graph.pipeline.checking import Checked
    from collex_graph.validation.shapes import Rule

MOST_OF_A_RULE: Final = 20
"""Results of one rule that the page shows; the files hold all of them."""
MOST_RECORDS: Final = 300
MOST_OF_A_RECORD: Final = 20


def page_view(
    checked: Checked, path: Path, language: str, unpacked: Path, *, base_iri: str
) -> dict[str, Any]:
    """Return what the page shows of a check.

    Args:
        checked: what was found.
        path: the file that was given.
        language: ``fr`` or ``en``.
        unpacked: folder for what an archive holds, which the caller removes.
        base_iri: the setting of that name.
    """
    every = [result for result in checked.report.results if not result.internal]
    by_rule: defaultdict[str, list[int]] = defaultdict(list)
    by_record: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for number, result in enumerate(every):
        by_rule[result.rule].append(number)
        by_record[_record(result, language)].append(number)
    shown = sorted(n for numbers in by_rule.values() for n in numbers[:MOST_OF_A_RULE])
    sources = {file.name: file.source for file in checked.files}
    quoted = excerpts(
        path, sources, [every[n] for n in shown], base_iri=base_iri, unpacked=unpacked / "quoted"
    )
    # what names a notice is quoted where there are several
    alone = {file.name for file in checked.files if file.records <= 1}
    excerpt_of = {
        shown[place]: asdict(excerpt)
        for place, excerpt in quoted.items()
        if any(cell.marked for cell in excerpt.cells)
        or excerpt.is_row
        or every[shown[place]].position.file not in alone  # type: ignore[union-attr]
    }
    rules = known_rules()
    visible = set(shown)
    return {
        "rules": [
            _group(rules.get(iri), by_rule[iri], every, excerpt_of, language)
            for iri in sorted(by_rule, key=lambda iri: _order(iri, by_rule, every))
        ],
        "records": [
            {
                "file": file,
                "place": place,
                "results": [
                    _line(n, every[n], rules, language, is_shown=n in visible)
                    for n in numbers[:MOST_OF_A_RECORD]
                ],
                "more": max(0, len(numbers) - MOST_OF_A_RECORD),
            }
            for (file, place), numbers in list(by_record.items())[:MOST_RECORDS]
        ],
        "more_records": max(0, len(by_record) - MOST_RECORDS),
    }


def _order(
    iri: str, by_rule: Mapping[str, Sequence[int]], every: Sequence[ValidationResult]
) -> tuple[int, int, str]:
    """The gravest first, then the most frequent."""
    first = every[by_rule[iri][0]]
    return list(Severity).index(first.severity), -len(by_rule[iri]), iri


def _group(
    rule: Rule | None,
    numbers: Sequence[int],
    every: Sequence[ValidationResult],
    excerpt_of: Mapping[int, dict[str, Any]],
    language: str,
) -> dict[str, Any]:
    first = every[numbers[0]]
    told = [_result(n, every[n], excerpt_of.get(n), language) for n in numbers[:MOST_OF_A_RULE]]
    # what all of them say is said once, above them
    said = {(one["message"], one["advice"]) for one in told}
    shared = said.pop() if len(said) == 1 and len(told) > 1 else ("", "")
    advice = {one["advice"] for one in told}
    if not any(shared) and len(advice) == 1:
        shared = ("", advice.pop())
    for one in told:
        one["message"] = "" if shared[0] else one["message"]
        one["advice"] = "" if shared[1] else one["advice"]
    return {
        "name": first.rule.removeprefix(expand("collex-sh:")),
        "label": rule.labels[language] if rule else first.messages.get(language, first.rule),
        "is_ours": rule is not None,
        "severity": first.severity.value.lower(),
        "of_dataset": first.of_dataset,
        "count": len(numbers),
        "message": shared[0],
        "advice": shared[1],
        "results": told,
        "more": max(0, len(numbers) - MOST_OF_A_RULE),
    }


def _result(
    number: int, result: ValidationResult, excerpt: dict[str, Any] | None, language: str
) -> dict[str, Any]:
    place = place_in_words(result.position, language) if result.position else ""
    return {
        "number": number,
        "file": result.position.file if result.position else "",
        "place": _within(place, result) or result.focus_node or "",
        "message": result.messages.get(language, "").replace(f" ({place})", ""),
        "advice": result.advice.get(language, ""),
        "excerpt": excerpt,
        "repair": _repair(result.repair, language),
    }


def _repair(repair: Repair | None, language: str) -> dict[str, Any] | None:
    if repair is None:
        return None
    return {
        "found": repair.found,
        "repaired": repair.repaired,
        "certain": repair.certain,
        "reason": repair.reasons.get(language, ""),
    }


def _line(
    number: int,
    result: ValidationResult,
    rules: Mapping[str, Rule],
    language: str,
    *,
    is_shown: bool,
) -> dict[str, Any]:
    rule = rules.get(result.rule)
    return {
        "number": number,
        "is_shown": is_shown,
        "severity": result.severity.value.lower(),
        "label": rule.labels[language] if rule else result.messages.get(language, ""),
        "column": result.position.column if result.position and result.position.row else "",
    }


def _record(result: ValidationResult, language: str) -> tuple[str, str]:
    """Return the file and the record in words: the row, or the component with its line."""
    place = result.position
    if place is None:
        return "", result.focus_node or ""
    words = place_in_words(replace(place, column=None), language)
    return place.file, _within(words, result)


def _within(words: str, result: ValidationResult) -> str:
    """Return the words for a place without the name of its file."""
    if result.position is None:
        return words
    return words.removeprefix(result.position.file).removeprefix(", ")
