"""Every rule of the shapes has a file that keeps it and a file that breaks it.

The first lines of each file name the rules: ``# valid:`` the rules that its nodes are checked
against and keep, ``# invalid:`` exactly the results that it gives, one name per result.
"""

import re
from collections import Counter
from pathlib import Path

import pyoxigraph
import pyshacl
import pytest
import rdflib
from pyshacl.entrypoints import meta_validate

from collex_graph.rdf.namespaces import compact, expand, term
from collex_graph.resources import resource_dir
from collex_graph.validation.shapes import shapes
from collex_graph.validation.terms import rdflib_graph
from collex_graph.validation.validator import validate

HERE = Path(__file__).parent
BASE = "https://w3id.org/collex-graph/"
SHAPES = rdflib_graph(shapes().graph.triples())
_NAME = re.compile(r"collex-sh:[\w-]+")


def _read(path):
    return list(pyoxigraph.parse(path=str(path), format=pyoxigraph.RdfFormat.TURTLE, base_iri=BASE))


def _declared(path):
    """The rules that the leading comment lines name."""
    comment = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        comment.append(line)
    assert comment[0].startswith(f"# {path.stem.partition('-')[0]}: "), path
    return _NAME.findall("\n".join(comment))


def _files(kind):
    return sorted(HERE.glob(f"*/{kind}-*.ttl"))


def _name(path):
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", _files("valid"), ids=_name)
def test_a_valid_file_gives_no_result(path):
    assert [(compact(r.rule), r.focus_node) for r in validate(_read(path))] == []


@pytest.mark.parametrize("path", _files("valid"), ids=_name)
def test_a_valid_file_holds_nodes_that_its_rules_look_at(path):
    quads = _read(path)
    classes = {quad.object for quad in quads if quad.predicate == term("rdf:type")}
    predicates = {quad.predicate for quad in quads}
    for name in _declared(path):
        assert _targets(expand(name)) & (classes | predicates), f"{path}: nothing for {name}"


@pytest.mark.parametrize("path", _files("invalid"), ids=_name)
def test_an_invalid_file_gives_the_results_it_names_and_no_other(path):
    found = Counter(compact(result.rule) for result in validate(_read(path)))
    assert found == Counter(_declared(path))


def test_every_rule_has_a_valid_and_an_invalid_file():
    rules = {compact(iri) for iri in shapes().rules}
    for kind in ("valid", "invalid"):
        shown = {name for path in _files(kind) for name in _declared(path)}
        assert rules - shown == set(), f"no {kind} file"
        assert shown - rules == set(), f"unknown rule in a {kind} file"


def test_file_names_say_whether_they_are_valid():
    for path in HERE.glob("*/*"):
        assert path.suffix == ".ttl", path
        assert path.stem.startswith(("valid-", "invalid-")), path


def _targets(rule):
    """The classes and predicates by which the node shapes of a rule choose their nodes."""
    graph = SHAPES
    owners = [str(s) for s, p, o in graph if str(p) == expand("sh:property") and str(o) == rule]
    kinds = {expand("sh:targetClass"), expand("sh:targetSubjectsOf"), expand("sh:targetObjectsOf")}
    return {
        pyoxigraph.NamedNode(str(o))
        for s, p, o in graph
        if str(s) in {rule, *owners} and str(p) in kinds
    }


def test_pyshacl_alone_finds_the_same_results_in_all_files_together():
    """The validator drives pySHACL shape by shape; the results must be those of its own run."""
    # pySHACL breaks off on these, or compares a year with a number, which SHACL calls incomparable
    incomparable = {"invalid-date", "invalid-year-against-text", "invalid-year-not-an-integer"}
    paths = [path for path in sorted(HERE.glob("*/invalid-*.ttl")) if path.stem not in incomparable]
    quads = [quad for path in paths for quad in _read(path)]
    _, report, _ = pyshacl.validate(rdflib_graph(quads), shacl_graph=SHAPES)
    theirs = Counter(
        tuple(
            str(report.value(result, rdflib.SH[name]))
            for name in ("focusNode", "sourceShape", "sourceConstraintComponent")
        )
        for result in report.subjects(rdflib.RDF.type, rdflib.SH.ValidationResult)
        if isinstance(report.value(result, rdflib.SH.focusNode), rdflib.URIRef)
    )
    ours = Counter(
        (result.focus_node, result.rule, result.source_constraint_component)
        for result in validate(quads)
        if result.focus_node is not None
    )
    assert ours == theirs
    assert sum(ours.values()) > 50


def test_the_shapes_are_well_formed_shacl():
    conforms, _, text = meta_validate(SHAPES, max_validation_depth=60)
    assert conforms, text


def test_every_term_of_ours_in_the_shapes_is_in_the_ontology():
    ontology = _read(resource_dir("ontology") / "collex.ttl")
    defined = {quad.subject.value for quad in ontology if hasattr(quad.subject, "value")}
    used = {
        str(node)
        for triple in SHAPES
        for node in triple
        if isinstance(node, rdflib.URIRef) and node.startswith(expand("collex:"))
    }
    assert used - defined == set()
