"""The data set as a whole: its dump, its description, and what monitors ask."""

import base64
import gzip
import hashlib
from dataclasses import replace

import pyoxigraph as ox
import pytest

from collex_graph.errors import SnapshotNotFoundError
from collex_graph.rdf.namespaces import term
from collex_graph.server import create_app
from collex_graph.server.datasets import sha256_of_dump

BASE = "https://w3id.org/collex-graph/"
DUMP = "/dataset/dataset.nq.gz"


def test_the_dump_is_the_file_of_the_snapshot_with_its_length(client, snapshot):
    response = client.get(DUMP, buffered=True)
    assert response.status_code == 200
    assert response.data == snapshot.dump.read_bytes()
    assert int(response.headers["Content-Length"]) == len(response.data)
    assert response.mimetype == "application/gzip"
    assert "Content-Encoding" not in response.headers
    assert snapshot.identifier in response.headers["Content-Disposition"]


def test_the_dump_says_its_checksum(client):
    response = client.get(DUMP, buffered=True)
    digest = hashlib.sha256(response.data)
    encoded = base64.b64encode(digest.digest()).decode()
    assert response.headers["Repr-Digest"] == f"sha-256=:{encoded}:"
    assert response.headers["ETag"] == f'"{digest.hexdigest()}"'


def test_the_dump_holds_named_graphs_that_can_be_loaded(client, snapshot):
    lines = gzip.decompress(client.get(DUMP, buffered=True).data)
    quads = list(ox.parse(lines, ox.RdfFormat.N_QUADS))
    assert len(quads) == snapshot.counts["quads"]


def test_a_part_of_the_dump_can_be_asked_for(client, snapshot):
    response = client.get(DUMP, buffered=True, headers={"Range": "bytes=10-19"})
    assert response.status_code == 206
    assert response.data == snapshot.dump.read_bytes()[10:20]
    assert response.headers["Content-Range"].startswith("bytes 10-19/")


def test_a_dump_that_the_client_holds_is_not_sent_again(client):
    tag = client.get(DUMP, buffered=True).headers["ETag"]
    assert client.get(DUMP, buffered=True, headers={"If-None-Match": tag}).status_code == 304


def test_head_of_the_dump_says_its_length(client, snapshot):
    response = client.head(DUMP, buffered=True)
    assert response.data == b""
    assert int(response.headers["Content-Length"]) == snapshot.dump.stat().st_size


def test_a_checksum_that_the_manifest_lacks_is_computed(snapshot):
    bare = replace(snapshot, manifest={})
    assert sha256_of_dump(bare) == hashlib.sha256(snapshot.dump.read_bytes()).hexdigest()


def test_a_missing_dump_is_not_found(client, queries, tmp_path):
    queries.snapshot = replace(queries.snapshot, directory=tmp_path)
    assert client.get(DUMP, buffered=True).status_code == 404


@pytest.mark.parametrize("path", ["/.well-known/void", "/dataset.ttl"])
def test_the_description_says_where_the_dump_and_the_endpoint_are(client, path):
    response = client.get(path)
    assert response.status_code == 200
    assert response.mimetype == "text/turtle"
    found = {q.triple for q in ox.parse(response.data, ox.RdfFormat.TURTLE)}
    dataset = ox.NamedNode(BASE + "id/dataset/collex-graph")
    assert ox.Triple(dataset, term("void:dataDump"), ox.NamedNode(BASE + DUMP[1:])) in found
    endpoint = ox.NamedNode(BASE + "sparql")
    assert ox.Triple(dataset, term("void:sparqlEndpoint"), endpoint) in found


@pytest.mark.parametrize("accept", ["text/html", "text/html,application/xml;q=0.9,*/*;q=0.8"])
def test_people_who_open_the_description_for_robots_get_the_page(client, accept):
    response = client.get("/.well-known/void", headers={"Accept": accept})
    assert response.status_code == 303
    assert response.headers["Location"] == "/dataset"
    assert client.get("/.well-known/void", headers={"Accept": "*/*"}).mimetype == "text/turtle"


def test_the_page_of_the_data_set_offers_the_dump_with_its_checksum(client, snapshot):
    response = client.get("/dataset", headers={"Accept": "text/html"})
    assert response.status_code == 200
    assert DUMP in response.text
    assert sha256_of_dump(snapshot) in response.text


def test_an_unknown_format_of_the_description_is_not_found(client):
    assert client.get("/dataset.exe").status_code == 404


def test_a_description_that_the_client_holds_is_not_sent_again(client):
    tag = client.get("/.well-known/void").headers["ETag"]
    again = client.get("/.well-known/void", headers={"If-None-Match": tag})
    assert again.status_code == 304


def test_monitors_learn_which_snapshot_is_served(client, snapshot):
    response = client.get("/healthz")
    assert response.get_json()["snapshot"] == snapshot.identifier
    assert response.headers["Cache-Control"] == "no-store"


def test_monitors_learn_that_there_is_no_data_yet(settings):
    class NothingYet:
        @property
        def snapshot(self):
            raise SnapshotNotFoundError("nothing in /srv/var")

    response = create_app(settings, NothingYet()).test_client().get("/healthz")
    assert response.status_code == 503
    assert "Retry-After" in response.headers
    assert "/srv" not in response.text


def test_robots_are_asked_not_to_query(client):
    assert "Disallow: /sparql" in client.get("/robots.txt").text
