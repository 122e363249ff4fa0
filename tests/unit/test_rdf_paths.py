"""References into RDF: what each construct reads, and what is refused."""

import pytest
from pyoxigraph import RdfFormat, parse

from collex_graph.mapping.formulations import ReferenceSyntaxError
from collex_graph.mapping.rdfpath import RdfPaths
from collex_graph.rdf.graph import Graph, Node
from collex_graph.sources.rdf import _term

NAMESPACES = {"bio": "http://purl.org/vocab/bio/0.1/"}
A = "http://data.example/a"
TURTLE = """
@prefix bio: <http://purl.org/vocab/bio/0.1/> .
@prefix bibo: <http://purl.org/ontology/bibo/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix marcrel: <http://id.loc.gov/vocabulary/relators/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<http://data.example/record> foaf:primaryTopic <http://data.example/a> ;
  dcterms:created "2011-03-01"^^xsd:date .
<http://data.example/a> a foaf:Person , foaf:Agent ;
  foaf:name "  Anne \\n Martin " , "Ana Martín"@es-419 , "Anne Martin"@FR ;
  skos:altLabel "A. Martin" ;
  bio:event [ a bio:Birth ; bio:date "1901"^^xsd:gYear ] , [ a bio:Death ; bio:date "1980" ] ;
  dcterms:subject <http://data.example/s> , "Histoire" ;
  skos:note "" .
<http://data.example/s> skos:prefLabel "Sujet"@fr .
<http://data.example/d1> a bibo:Document ; marcrel:aut <http://data.example/a> ;
  marcrel:edt <http://data.example/a> .
<http://data.example/d2> a bibo:Document ; marcrel:ths <http://data.example/a> .
[] marcrel:trl <http://data.example/a> .
"""


@pytest.fixture(scope="module")
def graph():
    found = Graph()
    for subject, predicate, value, _ in parse(TURTLE, format=RdfFormat.TURTLE):
        found.add(str(_term(subject)), predicate.value, _term(value))
    return found


@pytest.mark.parametrize(
    ("reference", "values"),
    [
        (".", [A]),
        (".[a foaf:Person]/skos:altLabel", ["A. Martin"]),
        (".[not(a foaf:Person)]/skos:altLabel", []),
        ("foaf:name", ["Anne Martin", "Ana Martín", "Anne Martin"]),
        ("foaf:name@none", ["Anne Martin"]),
        ("foaf:name@fr,es-419", ["Ana Martín", "Anne Martin"]),
        ("foaf:name@!fr,none", ["Ana Martín"]),
        ("foaf:name^^xsd:string", ["Anne Martin"]),
        ("foaf:name|skos:altLabel", ["Anne Martin", "Ana Martín", "Anne Martin", "A. Martin"]),
        ("a", ["http://xmlns.com/foaf/0.1/Person", "http://xmlns.com/foaf/0.1/Agent"]),
        ("bio:event", []),
        ("bio:event/bio:date", ["1901", "1980"]),
        ("bio:event[a bio:Birth]/bio:date", ["1901"]),
        ("bio:event[a bio:Birth|bio:Death]/bio:date", ["1901", "1980"]),
        ("bio:event/bio:date^^xsd:gYear", ["1901"]),
        ('bio:event[bio:date = "1980"]/bio:date', ["1980"]),
        ('bio:event[bio:date != "1980"]/bio:date', ["1901"]),
        ("^foaf:primaryTopic/dcterms:created", ["2011-03-01"]),
        ("<http://purl.org/dc/terms/subject>[iri()]", ["http://data.example/s"]),
        ("dcterms:subject[literal()]", ["Histoire"]),
        ("dcterms:subject[skos:prefLabel]", ["http://data.example/s"]),
        ("dcterms:subject[not(skos:prefLabel)]", ["Histoire"]),
        ("dcterms:subject[. = <http://data.example/s>]/skos:prefLabel", ["Sujet"]),
        ("^marcrel:*[a bibo:Document]", ["http://data.example/d1", "http://data.example/d2"]),
        ("count(^marcrel:*)", ["3"]),
        ("count(^*[a bibo:Document])", ["2"]),
        ("count(foaf:mbox)", ["0"]),
        ("skos:note", []),
        ("foaf:mbox/foaf:name", []),
    ],
)
def test_a_reference_reads_what_its_path_reaches(graph, reference, values):
    assert RdfPaths().reader(reference, NAMESPACES)(Node(graph, A)) == values


def test_a_text_keeps_the_language_of_its_literal(graph):
    texts = RdfPaths().reader("foaf:name", NAMESPACES)(Node(graph, A))
    assert [getattr(text, "language", "") for text in texts] == ["", "es-419", "fr"]


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("", "expected"),
        ("foaf:name/", "expected a prefixed name"),
        ("foaf:name foaf:mbox", "one thing too many"),
        ("nobody:name", "the prefix 'nobody' has no namespace"),
        ("name", "is not understood"),
        ("foaf:name@fr_FR", "is not understood"),
        ("foaf:name@abcdefghijk", "is not a language tag"),
        ("foaf:name[", "expected"),
        ("foaf:name[a]", "expected a prefixed name"),
        ("count(foaf:name", "expected ')'"),
        ("//foaf:name", "expected a prefixed name"),
        ("foaf:name[position() = 1]", "is not understood"),
        ("?x", "is not understood"),
    ],
)
def test_what_is_outside_the_grammar_is_refused_with_its_reason(reference, reason):
    with pytest.raises(ReferenceSyntaxError) as refusal:
        RdfPaths().reader(reference, NAMESPACES)
    assert reason in str(refusal.value)


def test_an_iterator_names_classes_and_nothing_else():
    choices = RdfPaths().selection("foaf:Person|bio:Birth | *", (), NAMESPACES)
    assert [choice.wanted for choice in choices] == [
        "http://xmlns.com/foaf/0.1/Person", "http://purl.org/vocab/bio/0.1/Birth", None,
    ]  # fmt: skip
    for iterator in ("foaf:Person/foaf:name", "^foaf:name", "foaf:Person|", ""):
        with pytest.raises(ReferenceSyntaxError):
            RdfPaths().selection(iterator, (), NAMESPACES)


def test_a_prefix_of_the_project_keeps_its_meaning():
    with pytest.raises(ReferenceSyntaxError, match="means something else"):
        RdfPaths().reader("schema:name", {"schema": "http://schema.org/"})


MAPPING = """
sources:
  person: {{access: "*", referenceFormulation: {formulation}, {rest}}}
mappings:
  person:
    sources: person
    subject: "http://e.example/$({subject})"
    predicateobjects:
      - [foaf:name, {value}, source~lang]
"""


def _plan(tmp_path, **parts):
    from collex_graph.mapping.plan import compile_mapping
    from collex_graph.mapping.rules import read_mapping

    (tmp_path / "mapping.yml").write_text(MAPPING.format(**parts))
    return compile_mapping(read_mapping(tmp_path / "mapping.yml"), "https://e.example/")


def test_a_literal_keeps_its_language_and_one_that_is_no_tag_is_reported(tmp_path):
    from collex_graph.mapping.engine import MappingRun
    from collex_graph.sources import open_records
    from collex_graph.sources.files import find_source_files

    names = '<e:id xmlns:e="http://e.example/">1</e:id>'
    for tag in ("FR", "zh-Hant", "", "pas_une_langue"):
        names += f'<foaf:name xml:lang="{tag}">Nom {tag}</foaf:name>'
    (tmp_path / "file.rdf").write_text(
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        f'xmlns:foaf="http://xmlns.com/foaf/0.1/"><foaf:Person rdf:about="http://e.example/1">{names}'
        "</foaf:Person></rdf:RDF>"
    )
    plan = _plan(
        tmp_path, formulation="rdf", rest="iterator: foaf:Person", value="$(foaf:name)",
        subject="<http://e.example/id>",
    )  # fmt: skip
    (file,), _ = find_source_files("x", tmp_path / "file.rdf", tmp_path)
    (record,) = MappingRun(plan).map_file(file, open_records)
    written = [line.split("> ", 2)[2].strip(" .\n") for line in record.lines]
    assert written == ['"Nom FR"@fr', '"Nom zh-Hant"@zh-hant', '"Nom"']
    assert [(p.note.rule, p.note.value) for p in record.problems] == [
        ("InvalidLanguageTag", "Nom pas_une_langue")
    ]


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"formulation": "csv", "rest": "delimiter: ','", "value": "$(name)"}, "only literals of"),
        (
            {"formulation": "rdf", "rest": "iterator: '*'", "value": '"M. $(foaf:name)"'},
            "goes with one reference",
        ),
    ],
)
def test_the_language_of_the_source_is_for_one_reference_into_rdf(parts, reason, tmp_path):
    from collex_graph.errors import ResourceFileError

    with pytest.raises(ResourceFileError, match=reason):
        _plan(tmp_path, **parts, subject="foaf:nick" if parts["formulation"] == "rdf" else "id")


def test_a_faulty_path_is_refused_with_its_line(tmp_path):
    from collex_graph.errors import ResourceFileError

    with pytest.raises(ResourceFileError, match=r"mapping\.yml:9: .*is not understood"):
        _plan(
            tmp_path, formulation="rdf", rest="iterator: '*'", value='"$(foaf:name[?x])"',
            subject="foaf:nick",
        )  # fmt: skip
