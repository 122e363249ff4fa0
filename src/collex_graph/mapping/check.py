"""Everything that is wrong with a mapping document, found without stopping at the first mistake.

`find_mistakes` reads and compiles a document piece by piece and looks its names up in the ontology.
What only data can show (columns, silent rules) is asked by `collex_graph.workbench`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode, RdfFormat, parse

from collex_graph.errors import ResourceFileError
from collex_graph.mapping.documents import read_document
from collex_graph.mapping.plan import compile_mapping
from collex_graph.mapping.rules import Join, Template, Term
from collex_graph.mapping.suggestions import suggestion
from collex_graph.rdf.literals import xsd_datatypes
from collex_graph.rdf.namespaces import expand, prefixes
from collex_graph.resources import resource_dir

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from collex_graph.mapping.plan import Plan
    from collex_graph.mapping.rules import MappingDocument, MappingRule


@dataclass(frozen=True, order=True)
class Mistake:
    """Something wrong in a document.

    Attributes:
        line: where, from 1; 0 where that is not known.
        problem: what, and what was perhaps meant.
    """

    line: int
    problem: str


def find_mistakes(
    path: Path, base_iri: str | None, default_base_iri: str
) -> tuple[Plan | None, list[Mistake]]:
    """Read, compile and look up a document.

    Args:
        path: its file.
        base_iri: base of the IRIs it mints, where one is asked for.
        default_base_iri: the same where the document has none either.

    Returns:
        The plan of what can be compiled, None where nothing can, and the mistakes by line.
    """
    found: list[ResourceFileError] = []
    plan: Plan | None = None
    try:
        document, base = read_document(path, base_iri, default_base_iri, found)
    except ResourceFileError as error:
        found.append(error)
        return None, _sorted(found, [])
    if not document.mappings:
        return None, _sorted(found, [])
    try:
        plan = compile_mapping(document, base, blank_nodes=document.is_rml)
    except ResourceFileError:
        sound = _sound_part(document, base, found)
        if sound.mappings:
            plan = compile_mapping(sound, base, blank_nodes=document.is_rml)
    return plan, _sorted(found, list(_unknown_names(document, base)))


def _sorted(errors: list[ResourceFileError], names: list[Mistake]) -> list[Mistake]:
    return sorted({*(Mistake(error.line or 0, error.problem) for error in errors), *names})


def _sound_part(
    document: MappingDocument, base_iri: str, found: list[ResourceFileError]
) -> MappingDocument:
    """Compile every rule by itself; add the mistakes, and return what has none."""

    def compiles(*mappings: MappingRule) -> bool:
        try:
            compile_mapping(
                replace(document, mappings=mappings), base_iri, blank_nodes=document.is_rml
            )
        except ResourceFileError as error:
            found.append(error)
            return False
        return True

    bare = {
        mapping.name: replace(mapping, statements=())
        for mapping in document.mappings
        if compiles(replace(mapping, statements=()))
    }
    sound: list[MappingRule] = []
    for mapping in document.mappings:
        if mapping.name not in bare:
            continue
        rules = []
        for rule in mapping.statements:
            parents = {join.parent for join in rule.joins} - {mapping.name}
            others = [bare[name] for name in parents if name in bare]
            if compiles(replace(mapping, statements=(rule,)), *others):
                rules.append(rule)
        sound.append(replace(mapping, statements=tuple(rules)))
    return replace(document, mappings=tuple(sound))


# --- names ---------------------------------------------------------------------------------------


@cache
def ontology_terms() -> frozenset[str]:
    """Return the IRIs that the project's ontology declares."""
    found: set[str] = set()
    for path in sorted(resource_dir("ontology").glob("*.ttl")):
        for quad in parse(path=str(path), format=RdfFormat.TURTLE):
            if isinstance(quad.subject, NamedNode):
                found.add(quad.subject.value)
    return frozenset(found)


def _unknown_names(document: MappingDocument, base_iri: str) -> Iterator[Mistake]:
    """Find names of our ontology that it does not have, and names in no declared namespace."""
    namespaces = {**prefixes(), **document.prefixes, "base": base_iri}
    ours, xsd = expand("collex:"), expand("xsd:")
    known = {iri.removeprefix(ours) for iri in ontology_terms() if iri.startswith(ours)}
    for text, line, is_vocabulary in _constants(document):
        if not text:
            continue
        prefix, colon, local = text.partition(":")
        expands = colon and prefix in namespaces and not local.startswith("//")
        iri = namespaces[prefix] + local if expands else text
        if iri.startswith(ours):
            name = iri.removeprefix(ours)
            if name not in known:
                yield Mistake(
                    line,
                    f"collex:{name} is not in the ontology (ontology/collex.ttl)"
                    + suggestion(name, known),
                )
        elif iri.startswith(xsd) and iri.removeprefix(xsd) not in xsd_datatypes():
            name = iri.removeprefix(xsd)
            yield Mistake(
                line, f"there is no datatype xsd:{name}" + suggestion(name, xsd_datatypes())
            )
        elif (
            is_vocabulary and not document.is_rml and not iri.startswith(tuple(namespaces.values()))
        ):
            yield Mistake(
                line,
                f"<{iri}> is in no declared namespace: declare a prefix in "
                "ontology/prefixes.ttl or under `prefixes`",
            )


def _constants(document: MappingDocument) -> Iterator[tuple[str, int, bool]]:
    """Yield the constant IRIs, and whether each is a property, a class or a datatype."""
    for mapping in document.mappings:
        for term in _iris(mapping):
            yield _constant(term), term.line, False
        for rule in mapping.statements:
            predicates = [_constant(term) for term in rule.predicates]
            types = bool({"rdf:type", expand("rdf:type")} & set(predicates))
            for term in rule.predicates:
                yield _constant(term), term.line, True
            for thing in rule.objects:
                if isinstance(thing, Join):
                    continue
                if thing.kind == "iri":
                    yield _constant(thing), thing.line, types
                if isinstance(thing.datatype, str):
                    yield thing.datatype, thing.line, True


def _constant(term: Term) -> str:
    """Return the constant that a term is; empty for any other."""
    return (term.value.constant or "") if isinstance(term.value, Template) else ""


def _iris(mapping: MappingRule) -> Iterator[Term]:
    yield from mapping.subjects
    yield from mapping.graphs
    for rule in mapping.statements:
        yield from rule.graphs
