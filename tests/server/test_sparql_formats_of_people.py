"""GeoJSON, XLSX, compression, whole graphs: what the endpoint gives beside the W3C formats."""

import gzip
import io
import json
import zipfile
from xml.etree import ElementTree

import pyoxigraph as ox
import pytest
import zstandard

GEOJSON = "application/geo+json"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ALL = "SELECT * WHERE { ?s ?p ?o }"
WKT = "<http://www.opengis.net/ont/geosparql#wktLiteral>"
GRAPH = "https://w3id.org/collex-graph/graph/source/ccfr/FRFONDS-674821001-xBW"


def get(client, query, accept=None, headers=(), **parameters):
    sent = dict(headers) | ({"Accept": accept} if accept else {})
    return client.get("/sparql", query_string={"query": query, **parameters}, headers=sent)


# --- GeoJSON -------------------------------------------------------------------------------------


def features(response):
    assert response.status_code == 200, response.text
    document = json.loads(response.data)
    assert document["type"] == "FeatureCollection"
    return document["features"]


def test_rows_with_latitude_and_longitude_are_features(real_client):
    query = (
        "SELECT ?name ?count ?lat ?long { VALUES (?name ?count ?lat ?long) {"
        '("Strasbourg" 3 48.5846 7.7507) ("Nulle part" UNDEF UNDEF UNDEF) } }'
    )
    response = get(real_client, query, GEOJSON)
    assert response.headers["Content-Type"] == GEOJSON
    found = features(response)
    assert [each["properties"] for each in found] == [
        {"name": "Strasbourg", "count": 3},
        {"name": "Nulle part", "count": None, "lat": None, "long": None},
    ]  # fmt: skip
    assert found[0]["geometry"] == {"type": "Point", "coordinates": [7.7507, 48.5846]}
    assert found[1]["geometry"] is None


@pytest.mark.parametrize(
    ("wkt", "geometry"),
    [
        ("POINT(7.75 48.58)", {"type": "Point", "coordinates": [7.75, 48.58]}),
        (
            "<http://www.opengis.net/def/crs/EPSG/0/4326> POINT(48.58 7.75)",
            {"type": "Point", "coordinates": [7.75, 48.58]},
        ),
        (
            "LINESTRING(0 1, 2 3)",
            {"type": "LineString", "coordinates": [[0.0, 1.0], [2.0, 3.0]]},
        ),
    ],
)
def test_a_wkt_literal_is_a_geometry(real_client, wkt, geometry):
    found = features(get(real_client, f'SELECT ("{wkt}"^^{WKT} AS ?where) {{}}', GEOJSON))
    assert [each["geometry"] for each in found] == [geometry]


@pytest.mark.parametrize(
    "query", ["SELECT ?s { ?s ?p ?o } LIMIT 3", "SELECT (99 AS ?lat) (500 AS ?long) {}"]
)
def test_rows_without_any_place_are_no_map(real_client, query):
    response = get(real_client, query, GEOJSON)
    assert response.status_code == 406
    assert "?lat" in response.get_json()["detail"]


def test_no_rows_are_an_empty_map(real_client):
    assert features(get(real_client, "SELECT ?lat ?long { FILTER(false) }", GEOJSON)) == []


@pytest.mark.parametrize("media_type", [GEOJSON, XLSX])
@pytest.mark.parametrize("query", ["ASK {}", "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"])
def test_only_rows_are_maps_or_tables(real_client, query, media_type):
    assert get(real_client, query, media_type).status_code == 406


# --- XLSX ----------------------------------------------------------------------------------------


def cells(response):
    assert response.status_code == 200, response.text
    with zipfile.ZipFile(io.BytesIO(response.data)) as book:
        assert book.testzip() is None
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        for name in book.namelist():
            ElementTree.fromstring(book.read(name))
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    return [
        [(cell.get("t"), "".join(cell.itertext())) for cell in row]
        for row in sheet.iter(f"{space}row")
    ]


def test_rows_are_a_workbook_whose_texts_are_never_formulas(real_client):
    query = (
        'SELECT ?a ?b { VALUES (?a ?b) { ("=1+1" 12) ("<é & \\u0001>" 1.5) '
        "(UNDEF 12345678901234567890) } }"
    )
    assert cells(get(real_client, query, format="xlsx")) == [
        [("inlineStr", "a"), ("inlineStr", "b")],
        [("inlineStr", "=1+1"), (None, "12")],
        [("inlineStr", "<é & \ufffd>"), (None, "1.5")],
        [(None, ""), ("inlineStr", "12345678901234567890")],
    ]


def test_a_text_longer_than_a_cell_is_an_error_not_a_cut(real_client):
    doubled = "".join(f"BIND(CONCAT(?a{n}, ?a{n}) AS ?a{n + 1}) " for n in range(16))
    query = f'SELECT ?a16 {{ BIND("x" AS ?a0) {doubled} }}'
    response = get(real_client, query, XLSX)
    assert response.status_code == 406
    assert "32767" in response.get_json()["detail"]


def test_the_same_result_is_the_same_workbook(real_client):
    first, second = (get(real_client, "SELECT (1 AS ?a) {}" + end, XLSX) for end in ("", "#"))
    assert first.data == second.data


# --- coding --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"), ("zstd", "zstd"), ("gzip, zstd", "zstd"), ("zstd;q=0.5, gzip", "gzip"),
        ("*", "zstd"), ("br", None), ("gzip;q=0", None), ("", None),
    ],
)  # fmt: skip
def test_a_result_is_compressed_as_its_client_likes(real_client, accepted, coding):
    response = get(real_client, ALL, "text/csv", {"Accept-Encoding": accepted})
    assert response.headers.get("Content-Encoding") == coding
    assert "Accept-Encoding" in response.vary
    unpack = {"gzip": gzip.decompress, "zstd": unpack_zstd, None: bytes}[coding]
    assert unpack(response.data) == get(real_client, ALL, "text/csv").data
    assert int(response.headers["Content-Length"]) == len(response.data)


def unpack_zstd(data):
    return zstandard.ZstdDecompressor().decompressobj().decompress(data)


def test_each_coding_has_a_tag_of_its_own_and_each_is_known_again(real_client):
    tags = set()
    for coding in ("identity", "gzip", "zstd"):
        accepted = {"Accept-Encoding": coding}
        tag = get(real_client, ALL, "text/csv", accepted).headers["ETag"]
        tags.add(tag)
        held = get(real_client, ALL, "text/csv", accepted | {"If-None-Match": tag})
        assert (held.status_code, held.headers["ETag"]) == (304, tag)
    assert len(tags) == 3


def test_a_small_answer_is_not_compressed(real_client):
    response = get(real_client, "ASK {}", None, {"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in response.headers


def test_pages_are_compressed_too(client):
    response = client.get("/about", headers={"Accept": "text/html", "Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert b"<html" in gzip.decompress(response.data)


# --- tags and caches -----------------------------------------------------------------------------


def test_a_whole_result_has_a_strong_tag_that_names_its_bytes(real_client):
    response = get(real_client, ALL)
    assert not response.headers["ETag"].startswith("W/")
    spaced = get(real_client, "SELECT *\n WHERE {  ?s ?p ?o } # all")
    assert spaced.headers["ETag"] == response.headers["ETag"]
    assert get(real_client, ALL, "text/csv").headers["ETag"] != response.headers["ETag"]


def test_a_result_may_be_used_again_for_a_moment(real_client, settings):
    rule = get(real_client, ALL).headers["Cache-Control"]
    assert f"max-age={settings.cache_seconds}" in rule
    assert "public" in rule


# --- whole graphs (Graph Store Protocol) ---------------------------------------------------------


def triples(response):
    assert response.status_code == 200
    syntax = ox.RdfFormat.from_media_type(response.mimetype)
    return {quad.triple for quad in ox.parse(response.data, syntax)}


def test_a_graph_is_sent_whole(real_client, snapshot):
    store = ox.Store.read_only(str(snapshot.store))
    graph = ox.NamedNode(GRAPH)
    expected = {quad.triple for quad in store.quads_for_pattern(None, None, None, graph)}
    response = real_client.get("/data", query_string={"graph": GRAPH})
    assert response.mimetype == "text/turtle"
    assert triples(response) == expected
    default = {quad.triple for quad in store.quads_for_pattern(None, None, None, ox.DefaultGraph())}
    assert triples(real_client.get("/data?default")) == default
    assert triples(real_client.get("/data?default=")) == default


@pytest.mark.parametrize("media_type", ["application/ld+json", "application/n-triples"])
def test_a_graph_comes_in_the_syntax_that_its_client_reads(real_client, media_type):
    response = real_client.get(
        "/data", query_string={"graph": GRAPH}, headers={"Accept": media_type}
    )
    assert response.mimetype == media_type


def test_a_graph_answers_to_head_and_keeps_its_tag(real_client):
    response = real_client.head("/data", query_string={"graph": GRAPH})
    assert response.status_code == 200
    assert int(response.headers["Content-Length"]) > 0
    held = real_client.get(
        "/data",
        query_string={"graph": GRAPH},
        headers={"If-None-Match": response.headers["ETag"]},
    )
    assert held.status_code == 304


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_graph_that_is_not_held_is_not_found(real_client, method):
    response = getattr(real_client, method)("/data?graph=http://127.0.0.1:9/x.ttl")
    assert response.status_code == 404


@pytest.mark.parametrize(
    "parameters", ["", "graph=", "graph=x", "default&graph=http://a/", "graph=http://a/&graph=http://b/"]
)  # fmt: skip
def test_one_graph_is_asked_for_at_a_time(real_client, parameters):
    assert real_client.get(f"/data?{parameters}").status_code == 400


@pytest.mark.parametrize("method", ["put", "post", "delete", "patch"])
def test_no_graph_can_be_written(real_client, method):
    response = getattr(real_client, method)(f"/data?graph={GRAPH}", data="<a:a> <a:b> <a:c> .")
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_a_graph_is_acceptable_or_not(real_client):
    response = real_client.get(f"/data?graph={GRAPH}", headers={"Accept": "image/png"})
    assert response.status_code == 406
