"""What every visitor asks first is computed when a snapshot is published, not when they come."""

import json
from dataclasses import replace

import pytest
from tests.server.conftest import InProcessQueries

from collex_graph.server import create_app
from collex_graph.settings import Settings
from collex_graph.sparql.brought_answers import asked_of_every_snapshot
from collex_graph.sparql.result_cache import CachingQueries

NOTHING_KEPT = replace(Settings(), cache_bytes=0)
FIRST_VIEWS = (
    "/", "/map", "/map?show=units", "/map?show=institutions", "/map.geojson", "/search",
    "/search?counted=true", "/labels", "/programmes",
)  # fmt: skip


def sorted_rows(result):
    return sorted(json.dumps(row) for row in json.loads(result.body)["results"]["bindings"])


@pytest.fixture
def queries(sample_snapshot):
    return InProcessQueries(sample_snapshot)


@pytest.mark.parametrize("address", FIRST_VIEWS)
def test_a_first_view_counts_nothing(queries, address):
    client = create_app(NOTHING_KEPT, queries).test_client()
    assert client.get(address).status_code == 200
    counted = [asked.text for asked in queries.asked if "COUNT(" in asked.text]
    assert not counted


def test_what_was_computed_at_publication_is_what_would_be_computed_now(queries):
    site = CachingQueries(queries, NOTHING_KEPT)
    requests = list(asked_of_every_snapshot())
    assert len(requests) > 25
    for request in requests:
        brought = site.run(request)
        assert brought.cached
        assert brought.snapshot == queries.snapshot.identifier
        assert sorted_rows(brought) == sorted_rows(queries.run(request))
        assert brought.digest


def test_a_snapshot_that_brings_nothing_or_of_another_base_is_asked(queries, tmp_path):
    request = next(asked_of_every_snapshot())
    elsewhere = replace(NOTHING_KEPT, base_iri="https://example.org/")
    assert not CachingQueries(queries, elsewhere).run(request).cached
    queries.snapshot = replace(queries.snapshot, directory=tmp_path)
    site = CachingQueries(queries, NOTHING_KEPT)
    assert not site.run(request).cached
