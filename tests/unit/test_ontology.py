"""The ontology defines what the project uses, in two languages, and uses others' terms rightly."""

import csv
import json
import re
from functools import cache
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, parse

from collex_graph.rdf.namespaces import compact, expand, prefixes, term
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings

ONTOLOGY = NamedNode("https://w3id.org/collex-graph/ontology")
NAMESPACE = prefixes()["collex"]
RICO = prefixes()["rico"]
BASE = Settings().base_iri

# The RiC-O terms in use with kind, domain and range, as RiC-O 1.1 defines them.
RICO_TERMS = Path(__file__).with_name("rico-1.1-terms.csv")


# Names that a shape speaks of although no mapping may write them.
NEVER_STATED = {
    "noticeStatus",  # internal to the source: a shape forbids it
}


@cache
def statements():
    return list(parse(path=resource_dir("ontology") / "collex.ttl", format=RdfFormat.TURTLE))


def objects(subject, predicate):
    node = term(predicate)
    return [s.object for s in statements() if s.subject == subject and s.predicate == node]


def terms_of(*kinds):
    wanted = {term(kind) for kind in kinds}
    return sorted(
        {
            s.subject.value
            for s in statements()
            if s.predicate == term("rdf:type")
            and s.object in wanted
            and s.subject.value.startswith(NAMESPACE)
        }
    )


def classes():
    return terms_of("owl:Class")


def properties():
    return terms_of("owl:ObjectProperty", "owl:DatatypeProperty")


def names_used(prefix):
    """Return local name → files that use it, over mappings, queries, shapes and vocabularies."""
    pattern = re.compile(rf"(?<![\w-]){prefix}:([A-Za-z](?:[\w-]*\w)?)")
    found = {}
    for folder, suffixes in (
        ("mappings", {".yml", ".ttl", ".csv"}),
        ("queries", {".rq"}),
        ("shapes", {".ttl"}),
        ("ontology", {".ttl"}),
    ):
        for path in sorted(resource_dir(folder).rglob("*")):
            if path.suffix not in suffixes or "sample" in path.parts:
                continue
            for name in pattern.findall(path.read_text(encoding="utf-8")):
                found.setdefault(name, set()).add(f"{folder}/{path.name}")
    return found


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


@pytest.fixture(scope="module")
def rico(shared_data):
    """RiC-O 1.1 itself: local name → kind, domain, range, classes above, as the list has them."""
    path = shared_data / "rico-ontology" / "RiC-O_1-1.rdf"
    if not path.is_file():
        pytest.skip("RiC-O 1.1 is not beside the project (../shared/data/rico-ontology)")
    said = {}
    for s in parse(path=path, format=RdfFormat.RDF_XML, base_iri=RICO.removesuffix("#")):
        said.setdefault(s.subject, {}).setdefault(s.predicate, []).append(s.object)

    def names(node):
        if isinstance(node, NamedNode):
            return [node.value.removeprefix(RICO) if RICO in node.value else compact(node.value)]
        rest, found = said[node][term("owl:unionOf")][0], []
        while rest != term("rdf:nil"):
            found += names(said[rest][term("rdf:first")][0])
            (rest,) = said[rest][term("rdf:rest")]
        return found

    def above(node):
        found = set()
        for parent in said.get(node, {}).get(term("rdfs:subClassOf"), []):
            if isinstance(parent, NamedNode) and parent.value.startswith(RICO):
                found |= {parent.value.removeprefix(RICO)} | above(parent)
        return found

    kinds = {term(f"owl:{kind}"): kind for kind in ("Class", "ObjectProperty", "DatatypeProperty")}
    header, found = list(rows(RICO_TERMS)[0]), {}
    for node, about in said.items():
        (kind, *_) = [kinds[t] for t in about.get(term("rdf:type"), []) if t in kinds] or [None]
        if kind and isinstance(node, NamedNode) and node.value.startswith(RICO):
            name = node.value.removeprefix(RICO)
            ends = [
                " ".join(sorted(n for o in about.get(term(p), []) for n in names(o)))
                for p in ("rdfs:domain", "rdfs:range")
            ]
            row = [name, kind, *ends, " ".join(sorted(above(node))) if kind == "Class" else ""]
            found[name] = dict(zip(header, row, strict=True))
    return found


def test_the_ontology_names_its_version_and_its_licence():
    (version,) = (v.value for v in objects(ONTOLOGY, "owl:versionInfo"))
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert objects(ONTOLOGY, "owl:versionIRI") == [NamedNode(f"{ONTOLOGY.value}/{version}")]
    assert objects(ONTOLOGY, "dcterms:license") == [
        NamedNode("https://creativecommons.org/licenses/by/4.0/")
    ]


@pytest.mark.parametrize(
    "predicate", ["rdfs:label", "dcterms:title", "dcterms:description", "skos:editorialNote"]
)
def test_the_ontology_describes_itself_in_french_and_english(predicate):
    assert {v.language for v in objects(ONTOLOGY, predicate)} == {"fr", "en"}


def test_the_ontology_says_that_its_base_belongs_to_no_institution():
    notes = " ".join(note.value for note in objects(ONTOLOGY, "skos:editorialNote"))
    assert "n'appartient à aucune institution" in notes
    assert "belongs to no institution" in notes


def test_there_are_classes_and_properties():
    assert len(classes()) >= 10
    assert len(properties()) >= 50


@pytest.mark.parametrize("iri", classes() + properties(), ids=compact)
def test_a_term_has_one_label_and_one_definition_in_each_language(iri):
    for predicate in ("rdfs:label", "skos:definition"):
        values = objects(NamedNode(iri), predicate)
        assert sorted(value.language for value in values) == ["en", "fr"]
        assert all(value.value.strip() == value.value != "" for value in values)


@pytest.mark.parametrize("iri", classes() + properties(), ids=compact)
def test_a_term_says_which_ontology_defines_it(iri):
    assert objects(NamedNode(iri), "rdfs:isDefinedBy") == [ONTOLOGY]


def examples_of(iri):
    """Return the triples of a term's examples, read with the prefixes and base of the project."""
    declared = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in prefixes().items())
    return [
        triple
        for example in objects(NamedNode(iri), "skos:example")
        for triple in parse(declared + example.value, RdfFormat.TURTLE, base_iri=BASE)
    ]


@pytest.mark.parametrize("iri", classes() + properties(), ids=compact)
def test_a_term_has_an_example_that_uses_it(iri):
    found = examples_of(iri)
    if iri in classes():
        assert any(t.predicate == term("rdf:type") and t.object.value == iri for t in found)
        assert any(t.predicate == term("rdfs:label") for t in found)
    else:
        assert any(t.predicate.value == iri for t in found)


@pytest.mark.parametrize("iri", properties(), ids=compact)
def test_an_example_has_a_value_of_the_property_s_kind(iri):
    values = [t.object for t in examples_of(iri) if t.predicate.value == iri]
    if iri in terms_of("owl:ObjectProperty"):
        assert all(isinstance(value, NamedNode) for value in values)
    else:
        ranges = {r.value for r in objects(NamedNode(iri), "rdfs:range")}
        assert all(isinstance(value, Literal) for value in values)
        assert all(value.datatype.value in ranges for value in values if ranges)


def test_a_concept_that_an_example_names_is_in_its_scheme():
    schemes = resource_dir("ontology") / "vocabularies"
    known = {
        statement.subject.value
        for path in schemes.glob("*.ttl")
        for statement in parse(path=path, format=RdfFormat.TURTLE, base_iri=BASE)
    }
    named = {
        node.value
        for iri in classes() + properties()
        for triple in examples_of(iri)
        for node in (triple.subject, triple.object)
        if isinstance(node, NamedNode) and node.value.startswith(f"{BASE}vocabulary/")
    }
    assert named
    assert sorted(named - known) == []


@pytest.mark.parametrize("iri", classes() + properties(), ids=compact)
def test_a_term_belongs_to_one_topic(iri):
    (topic,) = objects(NamedNode(iri), "dcterms:subject")
    assert term("skos:Collection") in objects(topic, "rdf:type")


def test_a_topic_is_named_in_both_languages_and_has_terms():
    topics = terms_of("skos:Collection")
    assert topics
    for topic in topics:
        for predicate in ("rdfs:label", "skos:definition"):
            assert sorted(v.language for v in objects(NamedNode(topic), predicate)) == ["en", "fr"]
        assert any(
            s.predicate == term("dcterms:subject") and s.object.value == topic for s in statements()
        )


def test_a_scope_note_is_written_in_both_languages():
    for iri in classes() + properties():
        notes = objects(NamedNode(iri), "skos:scopeNote")
        assert sorted(note.language for note in notes) in ([], ["en", "fr"]), iri


def test_the_ontology_is_aligned_with_those_it_names():
    targets = {
        prefix_of(s.object.value)
        for s in statements()
        if compact(s.predicate.value)
        in {"rdfs:subClassOf", "rdfs:subPropertyOf", "skos:closeMatch", "skos:relatedMatch"}
    }
    assert None not in targets
    assert targets >= {
        "rico", "schema", "dcat", "prov", "odrl", "sssom", "bibframe", "lrmoo", "crm", "org", "qb",
    }  # fmt: skip


def prefix_of(iri):
    return next((name for name, namespace in prefixes().items() if iri.startswith(namespace)), None)


def test_nothing_is_imported():
    assert objects(ONTOLOGY, "owl:imports") == []


def test_a_class_starts_with_a_capital_and_a_property_does_not():
    assert all(iri[len(NAMESPACE)].isupper() for iri in classes())
    assert all(iri[len(NAMESPACE)].islower() for iri in properties())


def test_labels_are_unique_within_a_language():
    for language in ("fr", "en"):
        labels = [
            (label.value, iri[len(NAMESPACE)].isupper())
            for iri in classes() + properties()
            for label in objects(NamedNode(iri), "rdfs:label")
            if label.language == language
        ]
        assert len(labels) == len(set(labels))


def test_nothing_is_said_about_the_terms_of_others():
    subjects = {s.subject.value for s in statements()}
    assert all(s == ONTOLOGY.value or s.startswith(NAMESPACE) for s in subjects)


def test_there_are_no_blank_nodes():
    assert not any(isinstance(s.object, BlankNode) for s in statements())


def test_an_object_property_never_ranges_over_a_datatype_nor_the_reverse():
    xsd = prefixes()["xsd"]
    for iri in terms_of("owl:ObjectProperty"):
        assert not any(r.value.startswith(xsd) for r in objects(NamedNode(iri), "rdfs:range"))
    for iri in terms_of("owl:DatatypeProperty"):
        assert all(r.value.startswith(xsd) for r in objects(NamedNode(iri), "rdfs:range"))


def test_every_collex_name_used_in_the_data_folders_is_defined():
    defined = {s.subject.value.removeprefix(NAMESPACE) for s in statements()}
    used = names_used("collex")
    undefined = {n: sorted(f) for n, f in used.items() if n not in defined}
    assert undefined == {}


def test_a_name_that_is_never_stated_is_in_no_mapping():
    for name in NEVER_STATED:
        files = names_used("collex").get(name, ())
        assert all(file.startswith(("shapes/", "ontology/collex.ttl")) for file in files), name


def test_no_term_of_ours_shadows_another_kind_of_term():
    assert not set(classes()) & set(properties())
    assert not set(terms_of("owl:ObjectProperty")) & set(terms_of("owl:DatatypeProperty"))


def prefix_declarations(path):
    text = path.read_text(encoding="utf-8")
    return dict(re.findall(r"(?m)^@prefix\s+([\w-]+):\s+<([^>]+)>\s*\.", text))


@pytest.mark.parametrize(
    "path",
    sorted(resource_dir("ontology").rglob("*.ttl")),
    ids=lambda path: path.name,
)
def test_a_file_declares_prefixes_as_the_only_list_does_and_no_base(path):
    declared = prefix_declarations(path)
    assert declared
    assert declared.items() <= prefixes().items()
    text = path.read_text(encoding="utf-8")
    assert "@base" not in text
    if path.name != "prefixes.ttl":
        body = re.sub(r"(?m)^@prefix.*$|^#.*$|'''.*'''|\"[^\"]*\"", "", text)
        used = set(
            re.findall(r"(?<![\w<:/-])([a-z][\w-]*):(?=[A-Za-z])", re.sub("<[^>]*>", "", body))
        )
        assert used <= set(declared)
        unused = set(declared) - used - {"xsd"}
        assert not unused


# --- RiC-O ---------------------------------------------------------------------------------------


def test_every_rico_term_used_is_in_the_list_of_those_in_use():
    listed = {row["name"] for row in rows(RICO_TERMS)}
    used = names_used("rico")
    assert {n: sorted(files) for n, files in used.items() if n not in listed} == {}
    assert {value.removeprefix("rico:") for value in context_names("rico")} <= listed


def test_our_super_terms_in_rico_are_of_the_same_kind():
    kinds = {row["name"]: row["kind"] for row in rows(RICO_TERMS)}
    for predicate, iris, kind in (
        ("rdfs:subClassOf", classes(), "Class"),
        ("rdfs:subPropertyOf", terms_of("owl:ObjectProperty"), "ObjectProperty"),
        ("rdfs:subPropertyOf", terms_of("owl:DatatypeProperty"), "DatatypeProperty"),
    ):
        for iri in iris:
            for parent in objects(NamedNode(iri), predicate):
                if parent.value.startswith(RICO):
                    assert kinds[parent.value.removeprefix(RICO)] == kind, (iri, parent.value)


@pytest.mark.real_data
def test_the_list_of_rico_terms_says_what_rico_says(rico):
    for row in rows(RICO_TERMS):
        assert rico.get(row["name"]) == row


def rico_changes():
    return rows(resource_dir("ontology") / "rico-0.2-to-1.1.csv")


def test_the_map_of_rico_versions_says_how_each_term_changed():
    for row in rico_changes():
        assert row["change"] in {"same", "renamed", "split", "merged", "generic", "removed"}, row
        assert (row["rico_0_2"] == row["rico_1_1"]) is (row["change"] == "same"), row
        assert (row["rico_1_1"] == "") is (row["change"] == "removed"), row
        assert bool(row["note_fr"]) is bool(row["note_en"]), row
        assert row["used_by_francearchives"] in {"", "yes"}, row
    pairs = [(row["rico_0_2"], row["rico_1_1"]) for row in rico_changes()]
    assert len(pairs) == len(set(pairs))
    assert sum(row["used_by_francearchives"] == "yes" for row in rico_changes()) >= 70


@pytest.mark.real_data
def test_the_map_of_rico_versions_names_terms_that_rico_has_now_or_had(rico):
    for row in rico_changes():
        assert not row["rico_1_1"] or row["rico_1_1"] in rico, row
        assert (row["rico_0_2"] in rico) is (row["change"] == "same"), row


# --- the JSON-LD context -------------------------------------------------------------------------


@cache
def context():
    path = resource_dir("ontology") / "context.jsonld"
    return json.loads(path.read_text(encoding="utf-8"))["@context"]


def definition(name):
    entry = context()[name]
    return (entry, None) if isinstance(entry, str) else (entry["@id"], entry.get("@type"))


def context_names(prefix):
    return {v for name in context() if (v := meaning(name) or "").startswith(f"{prefix}:")}


def meaning(name):
    return None if name.startswith("@") else definition(name)[0]


def test_the_context_declares_prefixes_as_the_only_list_does():
    declared = {k: v for k, v in context().items() if isinstance(v, str) and "://" in v}
    assert declared
    assert declared.items() <= prefixes().items()


def test_every_name_of_the_context_expands_with_its_own_prefixes():
    for name, entry in context().items():
        if name.startswith("@") or entry in ("@id", "@type") or name in prefixes():
            continue
        for value in definition(name):
            if value is not None and not value.startswith("@"):
                assert value.partition(":")[0] in context(), name
                assert expand(value)


def test_every_class_and_property_of_ours_is_in_the_context():
    named = {definition(name)[0] for name in context() if not name.startswith("@")}
    assert {compact(iri) for iri in classes() + properties()} <= named


def test_the_context_types_a_property_as_the_ontology_does():
    for iri in properties():
        name = iri[len(NAMESPACE) :]
        kind = definition(name)[1]
        if iri in terms_of("owl:ObjectProperty"):
            assert kind == "@id", name
        else:
            ranges = {compact(r.value) for r in objects(NamedNode(iri), "rdfs:range")}
            # A plain string has no datatype in JSON-LD, so typing it would prevent the match.
            assert ({kind} - {None}) == (ranges - {"xsd:string"}), name


def test_no_two_names_of_the_context_stand_for_the_same_property():
    meant = [definition(n)[0] for n in context() if not n.startswith("@")]
    assert len(meant) == len(set(meant))


def test_a_graph_compacts_with_the_context_to_short_names():
    from pyld import jsonld

    expanded = [
        {
            "@id": "https://w3id.org/collex-graph/id/fonds/x",
            "@type": [expand("collex:Fonds")],
            expand("collex:startYear"): [{"@value": "1839", "@type": expand("xsd:integer")}],
            expand("rdfs:label"): [{"@value": "Fonds x", "@language": "fr"}],
            expand("collex:inRegion"): [
                {"@id": "https://w3id.org/collex-graph/vocabulary/region/44"}
            ],
        }
    ]
    compacted = jsonld.compact(expanded, context())
    compacted.pop("@context")
    assert compacted == {
        "id": "https://w3id.org/collex-graph/id/fonds/x",
        "type": "Fonds",
        "startYear": "1839",
        "label": {"@language": "fr", "@value": "Fonds x"},
        "inRegion": "https://w3id.org/collex-graph/vocabulary/region/44",
    }


def test_literals_of_the_ontology_are_all_tagged_or_plain_identifiers():
    untagged = {
        compact(s.predicate.value)
        for s in statements()
        if isinstance(s.object, Literal) and s.object.language is None
    }
    assert untagged == {
        "dcterms:issued",
        "owl:versionInfo",
        "skos:example",
        "vann:preferredNamespacePrefix",
        "vann:preferredNamespaceUri",
    }
