"""A released version of the ontology stays what it was, and nothing that it named goes away."""

import csv
import hashlib
import re

import pytest
from pyoxigraph import NamedNode, RdfFormat, parse

from collex_graph.rdf.namespaces import expand, prefixes, term
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings

BASE = Settings().base_iri
COLLEX = prefixes()["collex"]
ONTOLOGY = resource_dir("ontology")
RELEASES = ONTOLOGY / "releases"

# Version → file → SHA-256 of what was released. A line is added with a release, never changed.
RELEASED = {
    "0.2.0": {
        "collex.ttl": "8863df677d2b046d75aee40dcff0665da6a4bbad570b101b309b57f6537af5af",
        "context.jsonld": "877c110bc9f291cc595ec60659f81f70c16a5c5063a8357418b17332be4e8ae7",
        "concepts.csv": "249e8d61bf4e497acb0cd5af2720481fee22d2c1b721e33bf56023c60ed1c7d4",
    },
}

KINDS = ("owl:Class", "owl:ObjectProperty", "owl:DatatypeProperty")


def triples(path):
    return {s.triple for s in parse(path=path, format=RdfFormat.TURTLE, base_iri=BASE)}


def said(path):
    """Return subject → predicate → objects."""
    found = {}
    for s in triples(path):
        about = found.setdefault(s.subject, {})
        about.setdefault(s.predicate, set()).add(s.object)
    return found


def kind_of(about):
    return {term(kind) for kind in KINDS} & about.get(term("rdf:type"), set())


def version_of(path):
    return re.search(r'owl:versionInfo "([^"]+)"', path.read_text(encoding="utf-8"))[1]


def numbers(version):
    return [int(number) for number in version.split(".")]


def latest():
    return max(RELEASED, key=numbers)


def test_every_release_is_listed_here_and_nothing_else_is_in_its_folder():
    assert sorted(path.name for path in RELEASES.iterdir()) == sorted(RELEASED)
    for version, files in RELEASED.items():
        assert sorted(path.name for path in (RELEASES / version).iterdir()) == sorted(files)


@pytest.mark.parametrize("version", RELEASED)
def test_a_release_is_what_it_was(version):
    for name, digest in RELEASED[version].items():
        content = (RELEASES / version / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest, f"{version}/{name} was altered"


@pytest.mark.parametrize("version", RELEASED)
def test_a_release_names_itself(version):
    path = RELEASES / version / "collex.ttl"
    assert version_of(path) == version
    about = said(path)[NamedNode(COLLEX.rstrip("#"))]
    assert NamedNode(f"{COLLEX.rstrip('#')}/{version}") in about[term("owl:versionIRI")]


@pytest.mark.parametrize("version", RELEASED)
def test_no_released_term_is_deleted_or_changes_its_kind(version):
    now = said(ONTOLOGY / "collex.ttl")
    for subject, about in said(RELEASES / version / "collex.ttl").items():
        assert subject in now, f"{subject.value} was released and is gone: deprecate it instead"
        assert kind_of(about) == kind_of(now[subject]), subject.value


@pytest.mark.parametrize("version", RELEASED)
def test_a_released_property_is_only_ever_said_of_more_things(version):
    """A domain or range may go, so that old data stay right; a new one would make them wrong."""
    now = said(ONTOLOGY / "collex.ttl")
    if numbers(version_of(ONTOLOGY / "collex.ttl"))[0] > numbers(version)[0]:
        pytest.skip("a new major version may change meanings")
    for subject, about in said(RELEASES / version / "collex.ttl").items():
        for predicate in (term("rdfs:domain"), term("rdfs:range")):
            before, after = about.get(predicate, set()), now[subject].get(predicate, set())
            wider = {
                parent
                for one in before
                for parent in now.get(one, {}).get(term("rdfs:subClassOf"), set())
            }
            assert after <= before | wider if before else not after, subject.value


@pytest.mark.parametrize("version", RELEASED)
def test_no_released_concept_is_deleted(version):
    now = {
        s.subject.value
        for path in (ONTOLOGY / "vocabularies").glob("*.ttl")
        for s in triples(path)
        if s.predicate == term("rdf:type")
    }
    with (RELEASES / version / "concepts.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, strict=True):
            iri = row["concept"] if "://" in row["concept"] else BASE + row["concept"]
            assert iri in now, f"{row['concept']} was released and is gone: deprecate it instead"


def test_what_differs_from_the_latest_release_has_a_higher_version():
    path, version = ONTOLOGY / "collex.ttl", version_of(ONTOLOGY / "collex.ttl")
    if triples(path) != triples(RELEASES / latest() / "collex.ttl"):
        assert numbers(version) > numbers(latest()), (
            f"collex.ttl differs from release {latest()}: raise owl:versionIRI and "
            "owl:versionInfo, and say in ontology/CHANGELOG.md what changed"
        )
    else:
        assert version == latest()


def test_the_changelog_has_every_version():
    text = (ONTOLOGY / "CHANGELOG.md").read_text(encoding="utf-8")
    for version in {*RELEASED, version_of(ONTOLOGY / "collex.ttl")}:
        assert f"\n## {version}\n" in text


def test_a_deprecated_term_says_so_and_names_its_successor():
    for subject, about in said(ONTOLOGY / "collex.ttl").items():
        if term("owl:deprecated") in about:
            assert about.get(NamedNode(expand("skos:changeNote"))), subject.value
