"""Which records are set aside: those that cannot be read, and those that break a rule.

A record goes with everything that it encloses. Of a file that breaks off, complete records before
the break stay; one whose end is missing (a finding aid) is none, and what it
encloses goes with it.

Of a record that holds private data nothing is kept at all: neither its quads for those who mend
it, nor its part for the next build, nor a store that once held it, nor a word of it in the report.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pyoxigraph import NamedNode, Quad, RdfFormat, Store, parse

from collex_graph.model import Severity
from collex_graph.pipeline import enclosed_by, records_that_state
from collex_graph.rdf.literals import read_term
from collex_graph.rdf.namespaces import expand
from collex_graph.store.lines import read_chunks
from collex_graph.validation.shapes import shapes
from collex_graph.validation.validator import validate_store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from collex_graph.linking.identities import Identities
    from collex_graph.model import ValidationResult
    from collex_graph.pipeline import MappedSource, Part, PartRequest
    from collex_graph.validation.shapes import Shapes

_BROKEN_FILE = expand("collex-sh:BrokenFile")
Aside = dict[str, frozenset[str]]
"""Label of a file → keys of its records that are set aside; the label itself is the whole file."""


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
    store: Store,
    *,
    exactly: bool = True,
) -> list[Aside]:
    """Return what is set aside with what the violations of shapes add.

    Several records may speak of one thing (a journal). Those go that state the value at fault, and
    no other. Where it is something that is missing, or derived, those go that the thing is the
    subject of; where there are none left, all that describe it.

    Args:
        sources: the sources.
        results: of the validation.
        asides: what is set aside already.
        identities: which IRIs are one node.
        store: the graph that was validated.
        exactly: look for the value at fault; otherwise all that describe the thing go at once.
    """
    statements: dict[str, set[bytes]] = {}
    for result in results:
        if result.severity is Severity.VIOLATION and not result.of_dataset and result.focus_node:
            lines = statements.setdefault(result.focus_node, set())
            if exactly:
                lines |= _at_fault(store, result)
    wrong = set[bytes]().union(*statements.values())
    stated: set[bytes] = set()
    found = []
    for source, aside in zip(sources, asides, strict=True):
        taken: Aside = {}
        for part, request in zip(source.parts, source.requests, strict=True):
            here = wrong & _lines_of(part, wrong, identities)
            if not here or part.label in aside.get(part.label, ()):
                continue

            def is_here(lines: bytes, here: frozenset[bytes] = frozenset(here)) -> bool:
                return not here.isdisjoint(identities.rewrite(lines).splitlines(keepends=True))

            keys = records_that_state(request, is_here) - aside.get(part.label, frozenset())
            if keys:
                stated |= here
                taken[part.label] = keys
        found.append(taken)
    nodes = {node for node, lines in statements.items() if stated.isdisjoint(lines)}
    owners = _describing(sources, asides, nodes, identities, owning=exactly)
    left = nodes - {node for some in owners for node in some}
    others = _describing(sources, asides, left, identities, owning=False)
    grown = []
    for source, aside, taken, *by_node in zip(sources, asides, found, owners, others, strict=True):
        keys_of = {label: set(keys) for label, keys in taken.items()}
        for label, key in {one for some in by_node for these in some.values() for one in these}:
            keys_of.setdefault(label, set()).add(key)
        known = dict(aside)
        for part in source.parts:
            if part.label in keys_of:
                records = {record.key: record.parent for record in part.records()}
                all_keys = known.get(part.label, frozenset()) | keys_of[part.label]
                known[part.label] = enclosed_by(records, all_keys)
        grown.append(known)
    return grown


def _describing(
    sources: Sequence[MappedSource],
    asides: Sequence[Aside],
    nodes: set[str],
    identities: Identities,
    *,
    owning: bool,
) -> list[dict[str, set[tuple[str, str]]]]:
    """Return, by source, node → label and key of each record left that describes it.

    Args:
        sources: the sources.
        asides: what is set aside.
        nodes: the nodes that are looked for.
        identities: which IRIs are one node.
        owning: only records whose own thing the node is.
    """
    found = []
    for source, aside in zip(sources, asides, strict=True):
        by_node: dict[str, set[tuple[str, str]]] = {}
        for part in source.parts if nodes else ():
            left_out = aside.get(part.label, frozenset())
            if part.label in left_out:
                continue
            for record in part.records():
                if record.key not in left_out:
                    described = record.describes[:1] if owning else record.describes
                    for node in nodes.intersection(map(identities.node, described)):
                        by_node.setdefault(node, set()).add((part.label, record.key))
        found.append(by_node)
    return found


def _lines_of(part: Part, wanted: set[bytes], identities: Identities) -> set[bytes]:
    """Return which of some lines a part states."""
    lines = part.lines
    graphs = {line[line.rindex(b" <") + 2 : -4].decode() for line in wanted}
    if lines.graphs.isdisjoint(graphs):
        return set()
    return {
        line
        for chunk in read_chunks(lines.lines.path)
        for line in wanted.intersection(identities.rewrite(chunk).splitlines(keepends=True))
    }


def _at_fault(store: Store, result: ValidationResult) -> set[bytes]:
    """Return the statements that a violation is about, as lines; none for what is missing.

    Where no single value is at fault (two titles), it is the one that the fewest graphs state.
    """
    assert result.focus_node is not None
    focus = NamedNode(result.focus_node)
    rule = shapes().rules.get(result.rule)
    path = rule.path if rule else None
    values: list[Any] = []
    if result.value_term is not None:
        values = [read_term(result.value_term)]
    elif path is not None:
        query = f"SELECT DISTINCT ?value {{ {focus} {path.sparql} ?value }}"
        values = [row["value"] for row in store.query(query)]  # type: ignore[union-attr]
    predicate = NamedNode(path.predicate) if path is not None and path.predicate else None
    stating = []
    for value in values:
        quads = list(store.quads_for_pattern(focus, predicate, value, None))
        if not quads and isinstance(value, NamedNode):
            quads = list(store.quads_for_pattern(value, None, focus, None))
        named = (quad for quad in quads if isinstance(quad.graph_name, NamedNode))
        stating.append({f"{quad} .\n".encode() for quad in named})
    if result.value_term is None and not is_private(result):
        languages = Counter(getattr(value, "language", None) for value in values)
        repeated = [
            lines
            for value, lines in zip(values, stating, strict=True)
            if lines and languages[getattr(value, "language", None)] > 1
        ]
        return min(repeated, key=lambda lines: (len(lines), sorted(lines)), default=set())
    return set[bytes]().union(*stating)


def is_private(result: ValidationResult) -> bool:
    """Say whether a result sets a record aside because of private data, which it withholds."""
    rule = shapes().rules.get(result.rule)
    return result.severity is Severity.VIOLATION and rule is not None and rule.withholds_value


def withheld_among(
    sources: Sequence[MappedSource], asides: Sequence[Aside], private: Sequence[ValidationResult]
) -> list[Aside]:
    """Return the records set aside that private results are about, with what they enclose.

    Where nothing tells which records those are, it is all that are set aside.
    """
    nodes = {result.focus_node for result in private}
    known = set[str | None]()
    found = []
    for source, aside in zip(sources, asides, strict=True):
        withheld: Aside = {}
        for part in source.parts:
            left_out = aside.get(part.label)
            if not left_out:
                continue
            records = {record.key: record.parent for record in part.records()}
            keys = set()
            for record in part.records():
                here = nodes.intersection(record.describes)
                if here and (part.label in left_out or record.key in left_out):
                    keys.add(record.key)
                    known |= here
            if keys:
                withheld[part.label] = enclosed_by(records, frozenset(keys))
        found.append(withheld)
    return found if known == nodes else list(asides)


def added(asides: Sequence[Aside], grown: Sequence[Aside]) -> list[Aside]:
    """Return what was not set aside before."""
    return [
        {
            label: keys - before.get(label, frozenset())
            for label, keys in after.items()
            if keys != before.get(label)
        }
        for before, after in zip(asides, grown, strict=True)
    ]


def private_results(parts: Sequence[Part], folder: Path, against: Shapes) -> list[ValidationResult]:
    """Check what is set aside, which no validation of the graph has seen.

    Args:
        parts: the parts less what is set aside.
        folder: where a store is put for it; the caller removes it.
        against: the shapes.
    """
    store = None
    for part in parts:
        for chunk in part.aside():
            store = store or Store(str(folder))
            triples = (quad.triple for quad in parse(chunk, RdfFormat.N_QUADS))
            store.bulk_extend(Quad(*triple) for triple in triples)
    found = [] if store is None else validate_store(store, against=against)
    return [result for result in found if is_private(result)]


def unquoted(result: ValidationResult) -> ValidationResult:
    """Return a result without the value that it quotes, and without what to write instead of it."""

    def cut(texts: Mapping[str, str]) -> dict[str, str]:
        words = result.value or ""
        return {lang: text.replace(words, "…") if words else text for lang, text in texts.items()}

    return replace(
        result,
        value=None,
        value_term=None,
        messages=cut(result.messages),
        advice=cut(result.advice),
        repair=None,
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
