"""A site follows the snapshots: what a build publishes is served without a restart."""

import time
from dataclasses import replace

import pytest

from collex_graph.build import build
from collex_graph.server.services import EXTENSION
from collex_graph.server.site import make_site
from collex_graph.settings import Settings
from collex_graph.store.gone import read_gone

NANTERRE = "/id/establishment/0921204J"
CERGY = "/id/establishment/0951214D"
ROWS = {
    NANTERRE: "0921204J;Université Paris Nanterre",
    CERGY: "0951214D;École supérieure des sciences économiques et commerciales",
}


def publish(settings, *paths):
    table = settings.var.parent / "table.csv"
    rows = "\n".join(["uai;uo_lib", *(ROWS[path] for path in paths)])
    table.write_text(rows + "\n", encoding="utf-8")
    return build([("esr", table)], settings).snapshot


@pytest.fixture
def settings(tmp_path):
    return replace(Settings(), var=tmp_path / "var", query_workers=2)


@pytest.fixture
def site(settings, monkeypatch):
    monkeypatch.setattr("collex_graph.server.site.warm", lambda _: None)
    publish(settings, NANTERRE, CERGY)
    app = make_site(settings)
    yield app
    app.extensions[EXTENSION].queries.close()


def status_once_served(site, snapshot, path):
    queries = site.extensions[EXTENSION].queries
    deadline = time.monotonic() + 20
    while queries.snapshot.identifier != snapshot.identifier:
        assert time.monotonic() < deadline, "the site did not follow the new snapshot"
    return site.test_client().get(path, headers={"Accept": "text/turtle"}).status_code


def test_an_entity_that_a_new_snapshot_has_lost_is_gone_and_comes_back(site, settings):
    client = site.test_client()
    assert client.get(CERGY, headers={"Accept": "text/turtle"}).status_code == 200
    second = publish(settings, NANTERRE)
    assert status_once_served(site, second, CERGY) == 410
    assert status_once_served(site, second, NANTERRE) == 200
    third = publish(settings, NANTERRE)
    assert status_once_served(site, third, CERGY) == 410, "gone stays gone from build to build"
    fourth = publish(settings, NANTERRE, CERGY)
    assert status_once_served(site, fourth, CERGY) == 200
    assert not [iri for iri in read_gone(fourth) if iri.endswith("0951214D")]
