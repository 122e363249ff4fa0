"""The rules that a commitment of a charter names, as the folder of shapes has them."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from pyoxigraph import NamedNode, RdfFormat, parse

from collex_graph.errors import ResourceFileError
from collex_graph.mapping.functions.cells import each
from collex_graph.mapping.functions.registry import mapping_function
from collex_graph.mapping.suggestions import nearest
from collex_graph.model import UnreadableValue
from collex_graph.rdf.namespaces import expand, term
from collex_graph.resources import resource_dir

if TYPE_CHECKING:
    from collex_graph.model import Reading

_BEFORE_NAME: Final = re.compile(r"(?:collex-sh:|\S*/shapes#)", re.ASCII)


@mapping_function
def check_rules(value: str) -> str | Reading | None:
    """Return the rules that a cell names as the report of a build does, or by their address.

    What is no rule is reported with the nearest name: nothing would ever break it, so that the
    commitment would pass for kept.

    >>> check_rules("DescribedUnit-access | collex-sh:Corpus-licence").values[0]
    'https://w3id.org/collex-graph/shapes#DescribedUnit-access'
    """
    return each(value, _rule)


def _rule(part: str) -> str:
    prefix = _BEFORE_NAME.match(part)
    name = part[prefix.end() :] if prefix else part
    if name not in rule_names():
        by_lower = {known.lower(): known for known in rule_names()}
        near = by_lower.get(nearest(name.lower(), by_lower), "–")
        raise UnreadableValue("UnusableRuleName", part, near=near)
    return expand(f"collex-sh:{name}")


@cache
def rule_names() -> frozenset[str]:
    """Return the local names of all rules and of the criteria of scores: what has a severity."""
    start = expand("collex-sh:")
    found = set()
    for path in sorted(resource_dir("shapes").glob("*.ttl")):
        try:
            for triple in parse(path=str(path), format=RdfFormat.TURTLE):
                if triple.predicate == term("sh:severity") and isinstance(
                    triple.subject, NamedNode
                ):
                    found.add(triple.subject.value.removeprefix(start))
        except SyntaxError as error:
            raise ResourceFileError(path, str(error), line=error.lineno) from error
    return frozenset(found)
