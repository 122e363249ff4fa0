"""The W3C test suite of SHACL: its cases, and reports in one form that can be compared."""

from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyoxigraph
import pyshacl
import rdflib
from pyoxigraph import NamedNode, RdfFormat, Triple

from collex_graph.rdf.namespaces import term
from collex_graph.validation.data_graph import DataGraph
from collex_graph.validation.engine import Engine
from collex_graph.validation.reference import Reference
from collex_graph.validation.shapes_graph import ShapesGraph
from collex_graph.validation.terms import rdflib_graph, to_pyoxigraph

MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
SHT = "http://www.w3.org/ns/shacl-test#"


@dataclass(frozen=True)
class Case:
    """One test.

    Attributes:
        name: the path of its file in the suite, without extension.
        data: the file of the data graph.
        shapes: the file of the shapes graph.
        expected: the results, as `Found`; None where the shapes must be refused.
        says: which of the results' messages and source constraints the suite states.
    """

    name: str
    data: Path
    shapes: Path
    expected: Counter | None
    says: frozenset


def read(path):
    """Return the triples of a Turtle file; blank nodes have the same names each time."""
    return _read(path)


@cache
def _read(path):
    base = path.as_uri()
    return tuple(
        quad.triple
        for quad in pyoxigraph.parse(path=str(path), format=RdfFormat.TURTLE, base_iri=base)
    )


def cases(suite):
    """Return every case of the suite, in order of their names."""
    found = []
    todo = [suite / "tests" / "manifest.ttl"]
    while todo:
        path = todo.pop()
        graph = ShapesGraph(read(path))
        manifest = NamedNode(path.as_uri())
        todo += map(_file, graph.objects(manifest, NamedNode(f"{MF}include")))
        heads = graph.objects(manifest, NamedNode(f"{MF}entries"))
        for entry in [entry for head in heads for entry in graph.members(head)]:
            (action,) = graph.objects(entry, NamedNode(f"{MF}action"))
            (result,) = graph.objects(entry, NamedNode(f"{MF}result"))
            files = [
                _file(graph.objects(action, NamedNode(f"{SHT}{kind}Graph"))[0])
                for kind in ("data", "shapes")
            ]
            says = {
                name
                for name in ("resultMessage", "sourceConstraint")
                if any(graph.sh(one, name) for one in graph.sh(result, "result"))
            }
            name = str(path.relative_to(suite / "tests").with_suffix(""))
            failure = result == NamedNode(f"{SHT}Failure")
            expected = None if failure else report(graph, result, says)
            found.append(Case(name, *files, expected, frozenset(says)))
    return sorted(found, key=lambda case: case.name)


def _file(iri):
    return Path(iri.value.removeprefix("file://"))


def report(graph, node, says):
    """Return the results of a validation report, counted: what SHACL demands of each."""
    return Counter(
        (
            *(
                tuple(graph.sh(one, name))
                for name in (
                    "focusNode", "value", "sourceShape", "sourceConstraintComponent",
                    "resultSeverity",
                )
            ),
            _path(graph, one),
            *(frozenset(map(str, graph.sh(one, name))) for name in sorted(says)),
        )
        for one in graph.sh(node, "result")
    )  # fmt: skip


def _path(graph, result):
    from collex_graph.validation.paths import read_path

    return tuple(read_path(one, graph.objects).sparql for one in graph.sh(result, "resultPath"))


def ours(case):
    """Return what our validator finds, None where it refuses the shapes."""
    shapes = ShapesGraph(read(case.shapes))
    data = DataGraph.of_statements(read(case.data))
    try:
        engine = Engine(shapes, Reference(shapes), data)
        found = list(engine.violations())
    except ValueError:
        return None
    triples = []
    for number, one in enumerate(found):
        node = NamedNode(f"urn:x:{number}")
        path = [one.path] if one.path else shapes.sh(one.shape, "path")
        messages = shapes.sh(one.constraint, "message") if one.constraint else []
        messages = messages or shapes.sh(one.shape, "message") or one.messages
        said = {
            "focusNode": [one.focus],
            "value": [one.value] if one.value is not None else [],
            "sourceShape": [one.shape],
            "sourceConstraintComponent": [NamedNode(one.component)],
            "resultSeverity": [shapes.severity(one.shape)],
            "resultPath": path,
            "resultMessage": messages,
            "sourceConstraint": [one.constraint] if one.constraint else [],
        }
        triples.append(Triple(NamedNode("urn:x"), term("sh:result"), node))
        triples += [
            Triple(node, term(f"sh:{name}"), value)
            for name, values in said.items()
            for value in values
        ]
    return report(ShapesGraph([*shapes.triples(), *triples]), NamedNode("urn:x"), case.says)


def pyshacls(case):
    """Return what pySHACL finds, None where it refuses the shapes."""
    _, graph, _ = pyshacl.validate(_plain_graph(case.data), shacl_graph=_plain_graph(case.shapes))
    if not hasattr(graph, "triples"):
        return None
    triples = [Triple(to_pyoxigraph(s), to_pyoxigraph(p), to_pyoxigraph(o)) for s, p, o in graph]
    found = ShapesGraph(triples)
    (node,) = found.subjects(term("rdf:type"), term("sh:ValidationReport"))
    return report(found, node, case.says)


def _plain_graph(path):
    """Return a graph as rdflib would read it: with the file's prefixes, which queries may use."""
    graph = rdflib.Graph()
    for triple in rdflib_graph(read(path)):
        graph.add(triple)
    reader = pyoxigraph.parse(path=str(path), format=RdfFormat.TURTLE, base_iri=path.as_uri())
    for _ in reader:
        pass
    for prefix, iri in reader.prefixes.items():
        graph.bind(prefix, iri)
    return graph
