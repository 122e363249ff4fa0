"""Shapes of others: any SHACL file, whose rules need not keep the contract of `shapes/`.

What a rule lacks is filled in: its severity is a violation (SHACL, section 2.1.4), its label the
name that the file gives it, its message the one that the file has in whatever language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple

from collex_graph.errors import ResourceFileError
from collex_graph.model import Severity
from collex_graph.rdf.namespaces import compact, term
from collex_graph.validation.compiler import compile_shapes
from collex_graph.validation.paths import read_path
from collex_graph.validation.shapes import LANGUAGES, NOT_SHAPES, Rule, Shapes
from collex_graph.validation.shapes_graph import ShapeError, ShapesGraph

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from collex_graph.validation.paths import Node, Objects

_FORMATS: Final = {
    ".ttl": RdfFormat.TURTLE,
    ".shacl": RdfFormat.TURTLE,
    ".rdf": RdfFormat.RDF_XML,
    ".xml": RdfFormat.RDF_XML,
    ".nt": RdfFormat.N_TRIPLES,
    ".jsonld": RdfFormat.JSON_LD,
}
_LEADS_TO_SHAPES: Final = ("sh:property", "sh:node", "sh:not", "sh:qualifiedValueShape")
_PLAIN: Final = {
    "fr": "La règle «\u00a0{name}\u00a0» n’est pas respectée.",
    "en": "The rule “{name}” is not kept.",
}


def read_any_shapes(path: Path) -> Shapes:
    """Read a file of SHACL shapes, or all of a folder.

    Raises:
        ResourceFileError: for a file that is not RDF, holds no shape, or one that cannot be run as
            it is meant; names the shape and what to do.
    """
    if path.is_dir():
        files = sorted(f for f in path.iterdir() if f.suffix.lower() in _FORMATS)
        files = [file for file in files if file.name not in NOT_SHAPES]
    else:
        files = [path]
    stated = {triple: file for file in files for triple in _read(file)}
    if not any(triple.predicate == term("sh:path") for triple in stated) and not any(
        triple.object == term("sh:NodeShape") for triple in stated
    ):
        raise ResourceFileError(path, "holds no SHACL shape")
    graph = ShapesGraph(stated)
    try:
        compile_shapes(graph, lambda name: [name])
    except ShapeError as error:
        where = next((f for t, f in stated.items() if t.subject == error.node), path)
        raise ResourceFileError(where, str(error)) from error
    objects: dict[tuple[Node, NamedNode], list[Node]] = {}
    for triple in stated:
        objects.setdefault((triple.subject, triple.predicate), []).append(triple.object)

    def objects_of(subject: Node, predicate: NamedNode) -> list[Node]:
        return objects.get((subject, predicate), [])

    rules = {}
    for subject, file in {triple.subject: file for triple, file in stated.items()}.items():
        if isinstance(subject, NamedNode):
            rules[subject.value] = _Reader(subject, file, objects_of).rule()
    return Shapes(rules, graph)


def _read(path: Path) -> Iterator[Triple]:
    """Yield the triples of a file; a shape without an IRI gets one, for reports to name it."""
    form = _FORMATS.get(path.suffix.lower(), RdfFormat.TURTLE)
    try:
        triples = [q.triple for q in pyoxigraph.parse(path.read_bytes(), format=form)]
    except SyntaxError as error:
        raise ResourceFileError(
            path, f"not well-formed {form.name}: {error.msg}", line=error.lineno
        ) from error
    except OSError as error:
        raise ResourceFileError(path, f"cannot be read: {error.strerror}") from error
    names = dict[BlankNode, NamedNode]()
    leads = {term(name) for name in _LEADS_TO_SHAPES}
    for triple in triples:
        if triple.predicate in leads and isinstance(triple.object, BlankNode):
            names.setdefault(
                triple.object, NamedNode(f"urn:x-collex-graph:shape:{path.stem}-{len(names) + 1}")
            )

    for triple in triples:
        subject, value = triple.subject, triple.object
        if isinstance(subject, BlankNode):
            subject = names.get(subject, subject)
        if isinstance(value, BlankNode):
            value = names.get(value, value)
        yield Triple(subject, triple.predicate, value)


class _Reader:
    """Reads what a shape says of itself."""

    def __init__(self, node: NamedNode, file: Path, objects_of: Objects) -> None:
        self._node = node
        self._file = file
        self._objects_of = objects_of

    def rule(self) -> Rule:
        """Return the shape as a rule."""
        severities = [
            severity
            for severity in Severity
            if term(f"sh:{severity.value}") in self._objects("sh:severity")
        ]
        name = compact(self._node.value) or self._node.value
        paths = self._objects("sh:path")
        path = None
        if len(paths) == 1:
            path = read_path(paths[0], self._objects_of)
            name = path.text if self._node.value.startswith("urn:x-collex-graph:") else name
        labels = self._words("rdfs:label") or self._words("sh:name")
        labels = {language: labels.get(language, name) for language in LANGUAGES}
        messages = self._words("sh:message")
        return Rule(
            iri=self._node.value,
            severity=severities[0] if severities else Severity.VIOLATION,
            labels=labels,
            messages={
                language: messages.get(language, _PLAIN[language].format(name=labels[language]))
                for language in LANGUAGES
            },
            codes=(),
            file=self._file,
            line=None,
            names=self._words("sh:name"),
            advice=self._words("collex-sh:advice"),
            path=path,
            of_dataset=self._flag("collex-sh:ofDataset"),
            internal=self._flag("collex-sh:internal"),
            withholds_value=self._flag("collex-sh:withholdsValue"),
        )

    def _objects(self, predicate: str) -> list[Node]:
        return self._objects_of(self._node, term(predicate))

    def _flag(self, predicate: str) -> bool:
        return any(isinstance(o, Literal) and o.value == "true" for o in self._objects(predicate))

    def _words(self, predicate: str) -> dict[str, str]:
        """Return language → text; where the file has another language or none, that for both."""
        texts = [o for o in self._objects(predicate) if isinstance(o, Literal)]
        if not texts:
            return {}
        own = {text.language: text.value for text in texts}
        fallback = min(texts, key=lambda text: (text.language is not None, text.value)).value
        return {language: own.get(language, fallback) for language in LANGUAGES}
