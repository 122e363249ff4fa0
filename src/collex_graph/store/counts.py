"""The counts of a snapshot: how many statements each predicate has, with which values, of whom.

Made once, when the snapshot is published, from its default graph, so that whoever asks how many
things have each value of a predicate need not visit the things. A predicate with many statements
and few values has a count for each value, of all subjects and of those of each class.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pyoxigraph import Literal, NamedNode

from collex_graph.rdf.namespaces import expand

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pyoxigraph import Store

FILE_NAME = "counts.json"

FEW_STATEMENTS = 500
"""Predicates with fewer statements have no values counted: an engine counts them at once."""

MOST_VALUES = 1_000
"""Predicates with more values have none counted."""

_INTEGER = re.compile(r"0|-?[1-9][0-9]*", re.ASCII)
_XSD_INTEGER = expand("xsd:integer")

Values = dict[str, int]
"""The value, as SPARQL writes it, and how many subjects have it."""


@dataclass(frozen=True)
class PredicateCounts:
    """What is known of a predicate.

    Attributes:
        statements: how many there are.
        subjects: how many things have it; None where values are not counted.
        values: of all subjects; None where they are too many, or cannot be written.
        of_class: class → values of its members; a class that is not here has none with a value.
    """

    statements: int
    subjects: int | None = None
    values: Values | None = None
    of_class: Mapping[str, Values] = field(default_factory=dict)


@dataclass(frozen=True)
class Counts:
    """The counts of a default graph.

    Attributes:
        statements: of all predicates.
        predicates: IRI → its counts; one that is not here has no statement.
    """

    statements: int
    predicates: Mapping[str, PredicateCounts]


def write_counts(store: Store, path: Path) -> None:
    """Count what a default graph states."""
    predicates: dict[str, dict[str, Any]] = {}
    counted: list[str] = []
    for row in _rows(store, "?predicate (COUNT(*) AS ?n) { ?s ?predicate ?o } GROUP BY ?predicate"):
        iri = row["predicate"].value
        found = predicates[iri] = {"statements": int(row["n"].value)}
        if found["statements"] >= FEW_STATEMENTS and (values := _values(store, iri)) is not None:
            (subjects,) = _rows(store, f"(COUNT(DISTINCT ?s) AS ?n) {{ ?s <{iri}> ?o }}")
            found |= {"subjects": int(subjects["n"].value), "values": values}
            counted.append(iri)
    of_class: dict[str, dict[str, Values]] = defaultdict(lambda: defaultdict(dict))
    if counted:
        # One pass over the statements of whatever has a class takes half the time of a join for
        # each predicate.
        listed = ", ".join(f"<{iri}>" for iri in counted)
        pattern = f"{{ ?s a ?class . ?s ?predicate ?value FILTER(?predicate IN ({listed})) }}"
        keys = "?class ?predicate ?value"
        for row in _rows(store, f"{keys} (COUNT(*) AS ?n) {pattern} GROUP BY {keys}"):
            if isinstance(row["class"], NamedNode):
                values = of_class[row["predicate"].value][row["class"].value]
                values[_written(row["value"])] = int(row["n"].value)
    for iri, classes in of_class.items():
        predicates[iri]["of_class"] = classes
    statements = sum(found["statements"] for found in predicates.values())
    content = {"statements": statements, "predicates": predicates}
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def read_counts(path: Path) -> Counts | None:
    """Read the counts of a snapshot, None where it has none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    predicates = {iri: PredicateCounts(**found) for iri, found in content["predicates"].items()}
    return Counts(content["statements"], predicates)


def _rows(store: Store, query: str) -> Any:
    return store.query(f"SELECT {query}")


def _values(store: Store, predicate: str) -> Values | None:
    pattern = f"?value (COUNT(*) AS ?n) {{ ?s <{predicate}> ?value }} GROUP BY ?value"
    values: Values = {}
    for row in _rows(store, f"{pattern} LIMIT {MOST_VALUES + 1}"):
        if len(values) == MOST_VALUES or not isinstance(row["value"], NamedNode | Literal):
            return None
        values[_written(row["value"])] = int(row["n"].value)
    return values


def _written(term: NamedNode | Literal) -> str:
    """Write a term as SPARQL does, integers in the short way, which is read faster."""
    is_integer = isinstance(term, Literal) and term.datatype.value == _XSD_INTEGER
    return term.value if is_integer and _INTEGER.fullmatch(term.value) else str(term)
