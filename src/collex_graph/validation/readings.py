"""Reading rules: gives the problems met while reading a source their severity and their words.

The functions that read values know only the name of a rule and its arguments; what the rule says,
in which language and how gravely, stands in `shapes/readings.ttl` alone.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from collex_graph.errors import ResourceFileError
from collex_graph.model import ValidationResult
from collex_graph.rdf.namespaces import expand
from collex_graph.resources import resource_dir
from collex_graph.validation.reasons import in_french
from collex_graph.validation.shapes import READINGS_FILE, RuleFile
from collex_graph.validation.words import place_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from collex_graph.model import Problem, Repair
    from collex_graph.validation.shapes import Rule

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_UNKNOWN = _WITHHELD = "…"


class ReadingRules:
    """The rules of one file.

    Args:
        path: a Turtle file of `collex-sh:ReadingRule`.

    Attributes:
        rules: IRI → rule.

    Raises:
        ResourceFileError: when the file cannot be read, or a rule lacks its severity, its name, its
            message in both languages or its source.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        file = RuleFile(path)
        nodes = file.subjects("collex-sh:ReadingRule")
        if not nodes:
            raise ResourceFileError(path, "states no collex-sh:ReadingRule")
        self.rules: Mapping[str, Rule] = {
            rule.iri: rule for rule in (file.rule(node) for node in nodes)
        }

    @classmethod
    def load(cls) -> ReadingRules:
        """Return the project's own reading rules, read once."""
        return _own_rules()

    def rule(self, name: str) -> Rule:
        """Return the rule of a local name.

        Raises:
            ResourceFileError: when the file states no such rule.
        """
        found = self.rules.get(expand(f"collex-sh:{name}"))
        if found is None:
            raise ResourceFileError(
                self.path, f"states no rule collex-sh:{name}, which a reader reports; add it"
            )
        return found

    def result(self, problem: Problem) -> ValidationResult:
        """Say a problem in words.

        A message may hold ``{value}``, the name of any argument of the note, and the words of the
        place: ``{place}``, ``{file}``, ``{line}``, ``{row}``, ``{component}``, ``{column}``.

        Raises:
            ResourceFileError: when no rule has the problem's name.
        """
        rule = self.rule(problem.note.rule)
        position = problem.position
        known = {
            "file": position.file,
            "line": position.line,
            "row": position.row,
            "component": position.component,
            "column": position.column,
        }
        arguments = {name: str(value) for name, value in known.items() if value is not None}
        arguments |= dict(problem.note.arguments)
        arguments["value"] = _WITHHELD if rule.withholds_value else problem.note.value

        def filled(texts: Mapping[str, str]) -> dict[str, str]:
            return {
                language: _fill(text, arguments | words_in(language))
                for language, text in texts.items()
            }

        def words_in(language: str) -> dict[str, str]:
            words = {"place": place_in_words(position, language)}
            if language == "fr" and "reason" in arguments:
                words["reason"] = in_french(arguments["reason"])
            return words

        return ValidationResult(
            focus_node=problem.subject,
            severity=rule.severity,
            rule=rule.iri,
            messages=filled(rule.messages),
            advice=filled(rule.advice),
            path=problem.predicate,
            value=None if rule.withholds_value else problem.note.value,
            position=position,
            of_dataset=rule.of_dataset,
            internal=rule.internal,
            repair=self._repair(rule, problem),
        )

    def _repair(self, rule: Rule, problem: Problem) -> Repair | None:
        if rule.repair is None or rule.withholds_value or rule.internal:
            return None
        note = problem.note
        return rule.repair.repair(rule.iri, note.value, dict(note.arguments), problem.position)


@cache
def _own_rules() -> ReadingRules:
    return ReadingRules(resource_dir("shapes") / READINGS_FILE)


def _fill(text: str, arguments: Mapping[str, str]) -> str:
    """Fill in a message; a value that looks like a placeholder is left as it is.

    >>> _fill("{value} lu {read}", {"value": "{read}", "read": "1855"})
    '{read} lu 1855'
    """
    return _PLACEHOLDER.sub(lambda found: arguments.get(found[1], _UNKNOWN), text)
