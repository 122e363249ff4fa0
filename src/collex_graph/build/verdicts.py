"""What the rules found in a snapshot, kept so that the next build judges only what changed.

A line of the file is a list in JSON: rule, focus node, SHACL component, value in words, value as a
term, messages (null where they are the rule's, word for word). All else is said by the rule, and
the place by the sources, anew. Results of internal rules are in no file: these rules are run in
full by every build.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import TYPE_CHECKING

from collex_graph.pipeline.circumstances import software
from collex_graph.resources import resource_dir
from collex_graph.store.lines import gzip_writer
from collex_graph.validation.shapes import shapes
from collex_graph.validation.validator import result_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from collex_graph.model import ValidationResult

_START = "collex_graph.validation.incremental"
_LIBRARIES = ("pyoxigraph", "pyshacl", "rdflib")


def verdicts_by(day: str) -> str:
    """Return a digest of what results depend on besides the data.

    Args:
        day: the day that the rules take for today.
    """
    digest = hashlib.sha256(f"{day}\0{software(_START, _LIBRARIES)}".encode())
    for path in sorted(resource_dir("shapes").glob("*.ttl")):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def write_verdicts(path: Path, results: Iterable[ValidationResult]) -> None:
    """Write results of the project's own rules, less those of internal ones."""
    rules = shapes().rules
    with gzip_writer(path) as lines:
        for one in results:
            rule = rules[one.rule]
            if not rule.internal:
                messages = None if one.messages == rule.messages else dict(one.messages)
                told = (
                    one.rule,
                    one.focus_node,
                    one.source_constraint_component,
                    one.value,
                    one.value_term,
                    messages,
                )
                lines.write(json.dumps(told, ensure_ascii=False).encode() + b"\n")


def read_verdicts(path: Path) -> list[ValidationResult]:
    """Read what `write_verdicts` wrote with the same rules; places are not known yet."""
    rules = shapes().rules
    results = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            iri, focus, component, value, value_term, messages = json.loads(line)
            result = result_of(
                rules[iri],
                focus_node=focus,
                component=component,
                value=value,
                value_term=value_term,
                messages=messages or rules[iri].messages,
            )
            results.append(result)
    return results
