"""Which format a client gets, and JSON-LD that never leaves the machine."""

import json

import pyoxigraph as ox
import pytest
from pyld import jsonld

from collex_graph.rdf.formats import (
    CSV,
    DATASET_FORMATS,
    GRAPH_FORMATS,
    JSON,
    JSON_LD,
    N_TRIPLES,
    RDF_XML,
    RESULT_FORMATS,
    TURTLE,
    XML,
    choose_format,
    choose_media_type,
    compact_json_ld,
    find_format,
    json_ld_context,
    read_accept,
)

EVERY = (*RESULT_FORMATS, *GRAPH_FORMATS, *DATASET_FORMATS)
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"


def test_every_format_is_one_that_pyoxigraph_writes():
    for each in EVERY:
        known = each.oxigraph.media_type.partition(";")[0]
        assert each.media_type == known
        assert each.extension == each.oxigraph.file_extension


def test_names_extensions_and_media_types_are_unambiguous_within_a_family():
    for family in (RESULT_FORMATS, GRAPH_FORMATS, DATASET_FORMATS):
        words = [w for each in family for w in {each.name, each.extension, *each.aliases}]
        assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("word", "family", "found"),
    [
        ("json", RESULT_FORMATS, JSON), ("json", GRAPH_FORMATS, JSON_LD),
        ("XML", RESULT_FORMATS, XML), ("xml", GRAPH_FORMATS, RDF_XML),
        ("ttl", GRAPH_FORMATS, TURTLE), ("text/turtle", GRAPH_FORMATS, TURTLE),
        ("nt", GRAPH_FORMATS, N_TRIPLES), (" csv ", RESULT_FORMATS, CSV),
        ("ttl", RESULT_FORMATS, None), ("", GRAPH_FORMATS, None),
    ],
)  # fmt: skip
def test_a_format_is_found_by_what_people_call_it(word, family, found):
    assert find_format(word, family) is found


@pytest.mark.parametrize(
    ("header", "family", "chosen"),
    [
        (None, RESULT_FORMATS, JSON),
        ("", RESULT_FORMATS, JSON),
        ("*/*", GRAPH_FORMATS, TURTLE),
        ("text/csv;q=0.5, application/sparql-results+xml", RESULT_FORMATS, XML),
        ("text/csv;q=0.5, application/sparql-results+xml;q=0.4", RESULT_FORMATS, CSV),
        ("text/*", RESULT_FORMATS, CSV),
        ("TEXT/CSV", RESULT_FORMATS, CSV),
        ("text/csv;header=present;q=0.7", RESULT_FORMATS, CSV),
        ("application/json", RESULT_FORMATS, JSON),
        ("application/json", GRAPH_FORMATS, JSON_LD),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", GRAPH_FORMATS, RDF_XML),
        ("*/*, application/sparql-results+json;q=0", RESULT_FORMATS, XML),
        ("application/*;q=0, */*", RESULT_FORMATS, CSV),
        ("*/*;q=0, text/csv", RESULT_FORMATS, CSV),
        ("text/csv;q=nonsense, */*;q=0.1", RESULT_FORMATS, JSON),
        ("image/png", RESULT_FORMATS, None),
        ("text/csv;q=0", (CSV,), None),
        ("nonsense", RESULT_FORMATS, JSON),
        (",,;q=1,/", RESULT_FORMATS, JSON),
    ],
)
def test_the_accept_header_decides(header, family, chosen):
    assert choose_format(read_accept(header), family) is chosen


def test_a_very_long_accept_header_is_cut():
    assert len(read_accept("text/csv," * 100_000)) == 100


def test_nothing_offered_is_nothing_chosen():
    assert choose_media_type((), ()) is None


def test_text_formats_say_their_charset_and_the_others_have_none():
    assert CSV.content_type == "text/csv; charset=utf-8"
    assert JSON.content_type == "application/sparql-results+json"


def graph():
    collex = json_ld_context()["collex"]
    unit = ox.NamedNode("https://w3id.org/collex-graph/id/fonds/x")
    integer = ox.NamedNode("http://www.w3.org/2001/XMLSchema#integer")
    return [
        ox.Triple(unit, ox.NamedNode(LABEL), ox.Literal("Fonds & « été »", language="fr")),
        ox.Triple(unit, ox.NamedNode(LABEL), ox.Literal("Fonds", language="en")),
        ox.Triple(unit, ox.NamedNode(collex + "startYear"), ox.Literal("1850", datatype=integer)),
        ox.Triple(unit, ox.NamedNode("http://unknown.example/p"), ox.BlankNode("b")),
        ox.Triple(ox.BlankNode("b"), ox.NamedNode("http://unknown.example/q"), unit),
    ]


def test_compacted_json_ld_says_the_same_graph_without_fetching_its_context():
    compacted = compact_json_ld(ox.serialize(graph(), format=ox.RdfFormat.JSON_LD))
    assert isinstance(json.loads(compacted)["@context"], dict)
    found = ox.Dataset(ox.parse(compacted, ox.RdfFormat.JSON_LD))
    expected = ox.Dataset(ox.Quad(*triple) for triple in graph())
    for dataset in (found, expected):
        dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    assert found == expected


def test_compacted_json_ld_carries_only_the_terms_it_uses():
    document = json.loads(compact_json_ld(ox.serialize(graph(), format=ox.RdfFormat.JSON_LD)))
    assert "startYear" in document["@context"]
    assert "collex" in document["@context"]
    assert len(document["@context"]) < len(json_ld_context()) / 2


def test_an_empty_graph_compacts_to_an_empty_document():
    assert json.loads(compact_json_ld(b"[]"))["@graph"] == []


@pytest.mark.parametrize(
    "context",
    [
        {"@import": "http://127.0.0.1:9/c"},
        {"x": {"@id": "http://x/", "@context": "http://127.0.0.1:9/c"}},
    ],
)
def test_a_remote_context_is_refused(context):
    document = b'[{"@id": "http://a/b", "http://x/": [{"@id": "http://a/c"}]}]'
    with pytest.raises(jsonld.JsonLdError):
        compact_json_ld(document, context)
