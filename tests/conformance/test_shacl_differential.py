"""The compiled shapes and pySHACL, on the same graphs: the same results, as sets."""

from pathlib import Path

import pyoxigraph
import pyshacl
import pytest
import rdflib
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    Literal,
    NamedNode,
    RdfFormat,
    Store,
    Triple,
)
from pyshacl.errors import ReportableRuntimeError

from collex_graph.build import build
from collex_graph.rdf.namespaces import expand, term
from collex_graph.settings import load_settings
from collex_graph.validation.data_graph import DataGraph
from collex_graph.validation.engine import Engine
from collex_graph.validation.reference import Reference
from collex_graph.validation.shapes import shapes
from collex_graph.validation.shapes_graph import ShapesGraph
from collex_graph.validation.terms import rdflib_graph, to_pyoxigraph
from conformance.shacl_generator import Generator

SH = rdflib.SH


def ours(graph, data):
    """Return (focus node, value, shape, component) of what the engine finds."""
    engine = Engine(graph, Reference(graph), data)
    found = {(one.focus, one.value, one.shape, one.component) for one in engine.violations()}
    return engine, found


def pyshacls(graph, data):
    """Return the same of pySHACL's own run."""
    shapes_graph = rdflib_graph(graph.triples())
    _, report, _ = pyshacl.validate(rdflib_graph(data), shacl_graph=shapes_graph)
    names = (SH.focusNode, SH.value, SH.sourceShape)
    found = set()
    for _, _, one in report.triples((None, SH.result, None)):
        values = [report.value(one, name) for name in names]
        terms = [None if value is None else to_pyoxigraph(value) for value in values]
        found.add((*terms, str(report.value(one, SH.sourceConstraintComponent))))
    return found


def read(turtle):
    return [quad.triple for quad in pyoxigraph.parse(turtle.encode(), format=RdfFormat.TURTLE)]


@pytest.mark.parametrize("odd", [True, False], ids=["odd literals", "numbers and comparisons"])
@settings(max_examples=100, deadline=None, derandomize=True)
@given(random=st.randoms(use_true_random=True))
def test_on_shapes_and_graphs_made_at_random(odd, random):
    generator = Generator(random, odd=odd)
    shape, data = generator.root(), generator.data()
    graph, triples = ShapesGraph(read(shape)), read(data)
    with pytest.MonkeyPatch.context() as patch:
        if not odd:
            # as on a large graph: statements of a predicate are read in one go where they can be
            for threshold, value in (("FEW_NODES", 0), ("NODES_A_SUSPECT", 1)):
                patch.setattr(f"collex_graph.validation.engine._{threshold}", value)
        _, found = ours(graph, DataGraph.of_statements(triples))
    assert found == pyshacls(graph, triples), f"{shape}\n{data}"


FILES = sorted((Path(__file__).parents[1] / "shapes").glob("*/valid-*.ttl"))
# What a mutation puts in the place of a value: texts, languages, identifiers of all kinds, numbers.
VALUES = [
    Literal(""), Literal(" "), Literal("x"), Literal("x", language="fr"),
    Literal("Responsable du fonds : N.", language="fr"), Literal("a@x.example", language="en"),
    Literal("12", datatype=term("xsd:byte")), Literal("1.50", datatype=term("xsd:decimal")),
    Literal("2020-13-01", datatype=term("xsd:date")), Literal(7), Literal(True),
    NamedNode("http://www.idref.fr/028056663"), NamedNode("https://isni.org/isni/1"),
    NamedNode("mailto:x@x.example"), NamedNode("urn:x:nowhere"), BlankNode("b"),
]  # fmt: skip
# pySHACL compares what SHACL calls incomparable; `test_validation_engine` has these cases.
COMPARING = tuple(
    expand(f"sh:{name}ConstraintComponent")
    for name in ("LessThanOrEquals", "MinInclusive", "MaxInclusive")
)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(path=st.sampled_from(FILES), random=st.randoms(use_true_random=True))
def test_on_our_shapes_and_their_valid_files_with_defects_put_in(path, random):
    base = "https://w3id.org/collex-graph/"
    quads = pyoxigraph.parse(path=str(path), format=RdfFormat.TURTLE, base_iri=base)
    triples = [quad.triple for quad in quads]
    for _ in range(random.choice([1, 2, 4])):
        index = random.randrange(len(triples))
        old = triples[index]
        kind = random.choice(["lost", "changed", "added", "added"])
        other = Triple(old.subject, old.predicate, random.choice(VALUES))
        if kind == "added":
            triples.append(other)
        elif kind == "changed":
            triples[index] = other
        elif len(triples) > 1:
            del triples[index]
    own = shapes().graph
    try:
        theirs = pyshacls(own, triples)
    except (TypeError, ReportableRuntimeError):
        reject()  # pySHACL breaks off where it cannot compare two values
    _, found = ours(own, DataGraph.of_statements(triples))
    assert {one for one in found ^ theirs if one[3] not in COMPARING} == set()


def test_on_everything_that_the_samples_say(sample_snapshot):
    assert len(compare(sample_snapshot)) > 20


@pytest.mark.real_data
def test_on_the_real_notices_and_establishments(shared_data, tmp_path):
    # the smaller half, and one row of six: pySHACL takes a minute for all
    notices = sorted((shared_data / "ccfr").glob("*.xml"), key=lambda path: path.stat().st_size)
    sources = [("ccfr", path) for path in notices[: len(notices) // 2]]
    (table,) = (shared_data / "institutions").glob("fr-esr-*.csv")
    header, *rows = table.read_bytes().splitlines(keepends=True)
    some = tmp_path / table.name
    some.write_bytes(header + b"".join(rows[::6]))
    sources.append(("esr", some))
    assert len(compare(build(sources, load_settings(var=tmp_path / "var")).snapshot)) > 20


def compare(snapshot):
    """Compare on a store's default graph; return what was found."""
    store = Store.read_only(str(snapshot.store))
    own = shapes().graph
    engine, found = ours(own, DataGraph(store))
    assert set(engine.ways().values()) == {"in place"}
    statements = store.quads_for_pattern(None, None, None, DefaultGraph())
    theirs = pyshacls(own, statements)
    assert {one for one in found if one not in theirs} == set()
    assert {one for one in theirs if one not in found} == set()
    return found
