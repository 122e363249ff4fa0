"""Which records are set aside: those that cannot be read, and those that break a rule.

A record goes with everything that it encloses. Of a file that breaks off, complete records before
the break stay; one whose end is missing (a finding aid) is none, and what it
encloses goes with it.

Of a record that holds private data nothing is kept at all: neither its quads for those who mend
it, nor its part for the next build, nor a store that once held it, nor a word of it in the report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pyoxigraph import Quad, RdfFormat, Store, parse

from collex_graph.model import Severity
from collex_graph.pipeline import enclosed_by
from collex_graph.rdf.namespaces import expand
from collex_graph.validation.shapes import shapes
from collex_graph.validation.validator import validate_store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from collex_graph.linking.identities import Identities
    from collex_graph.model import Position, ValidationResult
    from collex_graph.pipeline import MappedSource, Part, PartRequest
    from collex_graph.validation.readings import ReadingRules

_BROKEN_FILE = expand("collex-sh:BrokenFile")
Aside = dict[str, frozenset[str]]
"""Label of a file → keys of its records that are set aside; the label itself is the whole file."""


def read_results(
    source: MappedSource, rules: ReadingRules
) -> list[tuple[ValidationResult, str, str]]:
    """Return the problems of the mapping as results, each once.

    Returns:
        Results, with the label of the file and the key of the record.
    """
    seen: dict[tuple[object, ...], tuple[ValidationResult, str, str]] = {}
    for part in source.parts:
        for problem in (*part.problems(), *source.across.get(part.label, ())):
            key = (problem.record, problem.note, problem.position.column, problem.subject)
            if key not in seen:
                seen[key] = rules.result(problem), part.label, problem.record
    return list(seen.values())


def aside_by_reading(
    source: MappedSource, results: Sequence[tuple[ValidationResult, str, str]]
) -> Aside:
    """Return what the problems of the mapping set aside."""
    doomed: dict[str, set[str]] = {}
    broken: set[str] = set()
    for result, label, key in results:
        if result.rule == _BROKEN_FILE:
            broken.add(label)
            doomed.setdefault(label, set())
        elif result.severity is Severity.VIOLATION:
            doomed.setdefault(label, set()).add(key)
    found: Aside = {}
    for part in source.parts:
        keys = doomed.get(part.label)
        if keys is None:
            continue
        records = {record.key: record.parent for record in part.records()}
        if part.label in broken:
            keys |= {parent for parent in records.values() if parent and parent not in records}
            found[part.label] = enclosed_by(records, frozenset(keys)) & records.keys()
        elif keys <= records.keys():
            found[part.label] = enclosed_by(records, frozenset(keys))
        else:
            found[part.label] = frozenset({part.label})
    return found


def aside_by_shapes(
    sources: Sequence[MappedSource],
    results: Sequence[ValidationResult],
    asides: Sequence[Aside],
    identities: Identities,
) -> list[Aside]:
    """Return what is set aside with what the violations of shapes add.

    Several records may describe one thing (a library): of each source the first that is left
    answers for it, and the next one if the thing is still wrong without it.
    """
    focus = {r.focus_node for r in results if r.severity is Severity.VIOLATION and not r.of_dataset}
    grown = []
    for source, aside in zip(sources, asides, strict=True):
        known = dict(aside)
        answered: set[str] = set()
        for part in source.parts if focus else ():
            keys = set(known.get(part.label, ()))
            if part.label in keys:
                continue
            before = len(keys)
            for record in part.records():
                if record.key in keys:
                    continue
                nodes = {identities.node(subject) for subject in record.describes}
                wrong = (nodes & focus) - answered
                if wrong:
                    answered |= wrong
                    keys.add(record.key)
            if len(keys) > before:
                records = {record.key: record.parent for record in part.records()}
                known[part.label] = enclosed_by(records, frozenset(keys))
        grown.append(known)
    return grown


def is_private(result: ValidationResult) -> bool:
    """Say whether a result sets a record aside because of private data, which it withholds."""
    rule = shapes().rules.get(result.rule)
    return result.severity is Severity.VIOLATION and rule is not None and rule.withholds_value


def withheld_among(
    sources: Sequence[MappedSource],
    asides: Sequence[Aside],
    results: Sequence[ValidationResult],
    identities: Identities,
) -> list[Aside]:
    """Return the records set aside of which nothing may be kept, with what they enclose.

    Args:
        sources: the sources.
        asides: what is set aside.
        results: those that are private say which things are.
        identities: what the nodes of the results stand for.
    """
    private = {result.focus_node for result in results if is_private(result)}
    found = []
    for source, aside in zip(sources, asides, strict=True):
        withheld: Aside = {}
        for part in source.parts if private else ():
            left_out = aside.get(part.label)
            if not left_out:
                continue
            records = {record.key: record.parent for record in part.records()}
            keys = frozenset(
                record.key
                for record in part.records()
                if (part.label in left_out or record.key in left_out)
                and not private.isdisjoint(map(identities.node, record.describes))
            )
            if keys:
                withheld[part.label] = enclosed_by(records, keys)
        found.append(withheld)
    return found


def private_results(parts: Sequence[Part], folder: Path) -> list[ValidationResult]:
    """Check what is set aside, which no validation of the graph has seen.

    Args:
        parts: the parts less what is set aside.
        folder: where a store is put for it; the caller removes it.
    """
    store = None
    for part in parts:
        for chunk in part.aside():
            store = store or Store(str(folder))
            triples = (quad.triple for quad in parse(chunk, RdfFormat.N_QUADS))
            store.bulk_extend(Quad(*triple) for triple in triples)
    return [] if store is None else [r for r in validate_store(store) if is_private(r)]


def unquoted(result: ValidationResult) -> ValidationResult:
    """Return a result without the value that it quotes."""

    def cut(texts: Mapping[str, str]) -> dict[str, str]:
        words = result.value or ""
        return {lang: text.replace(words, "…") if words else text for lang, text in texts.items()}

    return replace(
        result,
        value=None,
        value_term=None,
        messages=cut(result.messages),
        advice=cut(result.advice),
    )


def union(one: Aside, other: Aside) -> Aside:
    """Return what either sets aside."""
    return {
        label: one.get(label, frozenset()) | other.get(label, frozenset())
        for label in (*one, *other)
    }


def requests_without(source: MappedSource, aside: Aside, withheld: Aside) -> list[PartRequest]:
    """Return what the parts of a source are made of, less what is set aside."""
    return [
        replace(
            request,
            left_out=aside.get(request.label, frozenset()),
            withheld=withheld.get(request.label, frozenset()),
        )
        for request in source.requests
    ]


def keys_aside(source: MappedSource, aside: Aside) -> frozenset[str]:
    """Return the keys of all records of a source that are set aside."""
    keys: set[str] = set()
    for part in source.parts:
        left_out = aside.get(part.label, frozenset())
        if part.label in left_out:
            keys.update(record.key for record in part.records())
        else:
            keys |= left_out
    return frozenset(keys)


class Positions(Mapping[str, "Position"]):
    """Node → where its record stands in a source; made when first asked."""

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
            self._found = {}
            for source in self._sources:
                for record in source.records():
                    for subject in record.describes:
                        self._found.setdefault(self._identities.node(subject), record.position)
        return self._found
