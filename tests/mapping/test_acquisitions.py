"""Lists of titles, corpora and usage reports read together answer what is asked of acquisitions."""

from dataclasses import replace

import pytest
from pyoxigraph import Store

from collex_graph.build import build
from collex_graph.rdf.namespaces import prefixes
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings

DATASETS = ("kbart", "istex", "counter")


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """Run a query on a snapshot of the three samples; rows of plain texts."""
    settings = replace(Settings(), var=tmp_path_factory.mktemp("var"))
    inputs = [(name, resource_dir("mappings") / name / "sample") for name in DATASETS]
    store = Store.read_only(str(build(inputs, settings).snapshot.store))
    declared = "\n".join(f"PREFIX {name}: <{iri}>" for name, iri in prefixes().items())

    def run(query):
        rows = store.query(f"{declared}\n{query}")
        return sorted(tuple("" if cell is None else cell.value for cell in row) for row in rows)

    return run


def test_acquired_resources_with_year_contract_and_packages(ask):
    rows = ask("""
        SELECT ?name ?year ?contract (COUNT(DISTINCT ?package) AS ?packages) WHERE {
          ?resource a collex:AcquiredResource ; rdfs:label ?name .
          OPTIONAL { ?resource collex:acquisitionYear ?year }
          OPTIONAL { ?resource collex:licenceDocument ?contract }
          OPTIONAL { ?resource collex:hasPackage ?package }
        } GROUP BY ?name ?year ?contract""")
    contract = "http://www.licencesnationales.fr/wp-content/uploads/LICENCE-2013-16ISTEX-RSC.pdf"
    assert rows == [
        ("CASALINI : ebooks iberique", "", "", "1"),
        ("EXEMPLE : journals", "", "", "1"),
        ("Lavoisier", "2017", "", "0"),
        ("ProQuest-Early English Books Online (EEBO)", "2012", "", "0"),
        ("RSC : ebooks", "", "", "1"),
        ("Royal Society of Chemistry-revues", "2014", contract, "3"),
    ]


def test_acquired_resources_of_each_domain(ask):
    rows = ask("""
        SELECT ?domain (COUNT(DISTINCT ?resource) AS ?resources) WHERE {
          ?resource a collex:AcquiredResource ; collex:discipline/rdfs:label ?domain .
          FILTER(LANG(?domain) = "fr")
        } GROUP BY ?domain""")
    assert rows == [
        ("Lettres et sciences humaines", "1"),
        ("Sciences de la vie et santé", "1"),
        ("Sciences et techniques", "2"),
    ]


def test_use_meets_titles_by_identifier_and_so_the_resource_that_was_acquired(ask):
    rows = ask("""
        SELECT ?name ?document ?metric (SUM(?count) AS ?uses) WHERE {
          { SELECT DISTINCT ?node ?name WHERE {
              ?resource collex:hasPackage ?package ; rdfs:label ?name .
              ?title dcterms:isPartOf ?package ; collex:givesAccessTo ?node } }
          ?observation collex:usageOf ?node ; collex:usageCount ?count ;
            collex:metric/skos:notation ?metric .
          ?node rdfs:label ?document .
        } GROUP BY ?name ?document ?metric""")
    assert rows == [
        ("RSC : ebooks", "A Handbook of Applied Biopolymer Technology", "Unique_Title_Requests",
         "2"),
        ("Royal Society of Chemistry-revues", "Analytical communications", "Total_Item_Requests",
         "7"),
        ("Royal Society of Chemistry-revues", "Analytical communications", "Unique_Item_Requests",
         "5"),
    ]  # fmt: skip


def test_one_book_is_one_node_for_list_report_and_chapter(ask):
    rows = ask("""
        SELECT DISTINCT ?node WHERE {
          ?title collex:givesAccessTo ?node . ?chapter dcterms:isPartOf ?node ; collex:inCorpus [] .
          ?observation collex:usageOf ?node }""")
    assert rows == [("https://www.sudoc.fr/198471483/id",)]


def test_journals_of_a_corpus_with_the_years_that_a_package_opens(ask):
    rows = ask("""
        SELECT ?journal ?start ?end ?corpus WHERE {
          ?resource collex:hasCorpus/rdfs:label ?corpus ; collex:hasPackage ?package .
          ?package collex:platform/skos:notation "PFISTEX" .
          ?title dcterms:isPartOf ?package ; rdfs:label ?journal ;
            collex:startYear ?start ; collex:endYear ?end .
        }""")
    corpus = "Royal Society of Chemistry-revues"
    assert rows == [
        ("Abstracts of the proceedings of the Chemical Society", "1885", "1889", corpus),
        ("Analytical communications", "1996", "1999", corpus),
    ]
