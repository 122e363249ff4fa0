"""What is published uses only declared terms, and those of RiC-O as RiC-O defines them.

The samples of all sources say it without any file of others; the real sources say it of real data,
and RiC-O's own file that the list of its terms here is right.
"""

import csv
import shutil
from collections import defaultdict
from functools import cache
from pathlib import Path

import pyoxigraph as ox
import pytest

from collex_graph.build import build
from collex_graph.rdf.namespaces import compact, expand, prefixes, term
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings
from collex_graph.validation.shapes import shapes

RICO = prefixes()["rico"]
COLLEX = prefixes()["collex"]
RICO_TERMS = Path(__file__).parent / "unit" / "rico-1.1-terms.csv"

# Vocabularies of others whose terms the data may use beside ours; all are in prefixes.ttl.
DECLARED = {
    "adms", "bibframe", "bibo", "cito", "collex", "collex-sh", "crm", "dcat", "dcmitype", "dcterms",
    "dqv",
    "foaf", "frbr", "geo", "lrmoo", "marcrel", "odrl", "org", "owl", "persee", "prov", "qb", "rdf",
    "rdfs", "rico", "schema", "sd", "sh", "skos", "sssom", "vann", "void", "wgs84",
}  # fmt: skip


@cache
def rico_terms():
    with RICO_TERMS.open(encoding="utf-8", newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


class Published:
    """The statements of a snapshot, and the classes of its nodes with those above them."""

    def __init__(self, snapshot):
        self._store = ox.Store.read_only(str(snapshot.store))
        self._above = defaultdict(set)
        for row in rico_terms().values():
            if row["kind"] == "Class":
                above = {RICO + name for name in row["super_classes"].split()}
                self._above[RICO + row["name"]] |= above
        for quad in self.quads(term("rdfs:subClassOf")):
            self._above[quad.subject.value].add(quad.object.value)

    def quads(self, predicate, graph=None):
        return self._store.quads_for_pattern(None, predicate, None, graph or ox.DefaultGraph())

    @cache  # noqa: B019 - lives as long as the module's fixture
    def classes_of(self, node):
        found, todo = set(), [
            quad.object.value
            for quad in self._store.quads_for_pattern(
                node, term("rdf:type"), None, ox.DefaultGraph()
            )
        ]  # fmt: skip
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += self._above.get(name, ())
        return found

    def names(self):
        """Return the predicates, and the classes of nodes, of all graphs."""
        rows = self._store.query(
            "SELECT DISTINCT ?name WHERE { GRAPH ?g { { ?s ?name ?o } UNION { ?s a ?name } } }"
        )
        return {row["name"].value for row in rows}

    def misuses_of_rico(self):
        """Return uses of RiC-O's properties outside their domain or range.

        A node that nothing says the class of is described elsewhere, and may be anything.
        """
        found = set()
        for row in rico_terms().values():
            if row["kind"] == "Class":
                continue
            domain = {RICO + name for name in row["domain"].split()}
            values = {RICO + name for name in row["range"].split() if ":" not in name}
            literal = row["kind"] == "DatatypeProperty"
            for quad in self.quads(ox.NamedNode(RICO + row["name"])):
                if isinstance(quad.object, ox.Literal) is not literal:
                    found.add((row["name"], "kind", quad.subject.value))
                elif not self._fits(quad.subject, domain):
                    found.add((row["name"], "domain", quad.subject.value))
                elif not literal and not self._fits(quad.object, values):
                    found.add((row["name"], "range", quad.object.value))
        return sorted(found)

    def misuses_of_ours(self, domains, ranges):
        """Return uses of our properties outside the domain or range that the ontology gives."""
        found = set()
        for name in sorted({*domains, *ranges}):
            for quad in self.quads(ox.NamedNode(name)):
                if not self._fits(quad.subject, domains.get(name, set())):
                    found.add((compact(name), "domain", quad.subject.value))
                expected = ranges.get(name, set())
                if isinstance(quad.object, ox.Literal):
                    if expected and quad.object.datatype.value not in expected:
                        found.add((compact(name), "range", quad.object.value))
                elif not self._fits(quad.object, expected):
                    found.add((compact(name), "range", quad.object.value))
        return sorted(found)

    def _fits(self, node, expected):
        if not expected or RICO + "Thing" in expected:
            return True
        classes = self.classes_of(node)
        return not classes or bool(classes & expected)


@pytest.fixture(scope="module")
def samples(sample_snapshot):
    return Published(sample_snapshot)


BYTES_OF_A_SOURCE = 100_000
LINES_OF_A_LIST = 60


def some_of(folder, target):
    """Copy the smaller files of a source, and the first lines of its lists of titles.

    All real files were read when these tests were written (906,139 triples, no misuse), which takes
    minutes; each source keeps enough of its files here to use every rule that they use.
    """
    left = BYTES_OF_A_SOURCE
    for path in sorted(folder.iterdir(), key=lambda path: path.stat().st_size):
        if path.suffix == ".txt":
            lines = path.read_bytes().splitlines(keepends=True)
            (target / path.name).write_bytes(b"".join(lines[:LINES_OF_A_LIST]))
        elif path.is_file() and (left := left - path.stat().st_size) > 0:
            shutil.copy(path, target)
    return target


@pytest.fixture(scope="module")
def real_sources(shared_data, tmp_path_factory):
    names = {path.parent.name for path in resource_dir("mappings").glob("*/mapping.yml")}
    places = {path.name: path for path in shared_data.iterdir() if path.is_dir()}
    places |= {"archives-nationales": places["ead-an"], "eac": places["eac-an"]}
    institutions = places.pop("institutions")
    (table,) = institutions.glob("fr-esr-*.csv")
    places |= {"beneficiaries": institutions, "esr": table}
    sources = [
        (name, some_of(place, tmp_path_factory.mktemp(name)) if place.is_dir() else place)
        for name, place in sorted(places.items())
        if name in names
    ]
    return Published(build(sources, Settings(var=tmp_path_factory.mktemp("real"))).snapshot)


@cache
def ontology():
    return list(ox.parse(path=resource_dir("ontology") / "collex.ttl", format=ox.RdfFormat.TURTLE))


def stated(predicate):
    found = defaultdict(set)
    for s in ontology():
        if s.predicate == term(predicate):
            found[s.subject.value].add(s.object.value)
    return dict(found)


def undeclared(names):
    """Return the names that no declared vocabulary has; ours must be in the ontology's file."""
    own = {s.subject.value for s in ontology()}
    found = set()
    for name in names:
        prefix = next((p for p in sorted(DECLARED) if name.startswith(prefixes()[p])), None)
        known = {"collex": own, "rico": {RICO + each for each in rico_terms()}}
        if prefix is None or name not in known.get(prefix, {name}):
            found.add(name)
    return sorted(found)


def test_the_samples_use_no_undeclared_term(samples):
    assert undeclared(samples.names()) == []


def test_the_samples_use_the_terms_of_rico_as_rico_defines_them(samples):
    assert samples.misuses_of_rico() == []


def test_the_samples_use_our_terms_as_the_ontology_defines_them(samples):
    assert samples.misuses_of_ours(stated("rdfs:domain"), stated("rdfs:range")) == []


@pytest.mark.real_data
def test_the_real_sources_use_no_undeclared_term(real_sources):
    assert undeclared(real_sources.names()) == []


@pytest.mark.real_data
def test_the_real_sources_use_the_terms_of_rico_as_rico_defines_them(real_sources):
    assert real_sources.misuses_of_rico() == []


@pytest.mark.real_data
def test_the_real_sources_use_our_terms_as_the_ontology_defines_them(real_sources):
    assert real_sources.misuses_of_ours(stated("rdfs:domain"), stated("rdfs:range")) == []


def test_a_misuse_is_seen(tmp_path):
    store = ox.Store(str(tmp_path / "store"))
    thing, other = (ox.NamedNode(f"https://example.org/{name}") for name in ("a", "b"))
    for predicate, value in (
        ("rdf:type", term("rico:Person")),
        ("rico:scopeAndContent", ox.Literal("words")),
        ("rico:hasOrHadLocation", other),
        ("rico:title", other),
    ):
        store.add(ox.Quad(thing, ox.NamedNode(expand(predicate)), value))
    store.add(ox.Quad(other, term("rdf:type"), term("rico:Person")))
    store.flush()
    del store

    class Snapshot:
        store = tmp_path / "store"

    assert Published(Snapshot).misuses_of_rico() == [
        ("hasOrHadLocation", "range", other.value),
        ("scopeAndContent", "domain", thing.value),
        ("title", "kind", thing.value),
    ]
    assert undeclared(["https://example.org/x", COLLEX + "nothing", RICO + "hasProvenance"]) == [
        "https://example.org/x", COLLEX + "nothing", RICO + "hasProvenance",
    ]  # fmt: skip


# What the model takes from others, and has nodes of its own for.
CLASSES_OF_OTHERS = (
    "rico:Person", "rico:CorporateBody", "rico:Family", "rico:Place", "foaf:Person", "skos:Concept",
    "bibo:Document", "bibo:Thesis",
)  # fmt: skip


def test_every_class_of_the_model_has_a_shape():
    targets = {
        triple.object.value
        for triple in shapes().graph.triples()
        if triple.predicate == term("sh:targetClass")
    }
    above = stated("rdfs:subClassOf")
    classes = {name for name, types in stated("rdf:type").items() if expand("owl:Class") in types}
    classes = {name for name in classes if name.startswith(COLLEX)}
    assert len(classes) > 50
    without = {
        compact(name)
        for name in classes | {expand(name) for name in CLASSES_OF_OTHERS}
        if not ({name} | above.get(name, set())) & targets
    }
    assert without == set()
