"""Answers from snapshots that are current no more: the same address, the same answer."""

import threading
from dataclasses import replace
from urllib.parse import urlencode

import pyoxigraph as ox
import pytest

from collex_graph.errors import QueryServiceBusyError, SnapshotNotKeptError
from collex_graph.model import QueryRequest
from collex_graph.server import create_app
from collex_graph.server.services import EXTENSION
from collex_graph.settings import Settings
from collex_graph.sparql import kept_snapshots
from collex_graph.sparql.kept_snapshots import KeptSnapshots
from collex_graph.sparql.workers import WorkerPool
from collex_graph.store.search_index import FOLDER, write_search_index
from server.conftest import write_snapshot
from server.html_page import Page

FIRST, SECOND, CURRENT = "2026-11-20T094900Z", "2026-11-21T094900Z", "2026-11-22T094900Z"
NEVER = "2020-01-01T000000Z"
LABELS = """PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?label WHERE { ?fonds rdfs:label ?label } ORDER BY ?label"""
FOUND = """PREFIX collex: <https://w3id.org/collex-graph/ontology#>
SELECT ?x WHERE { SERVICE collex:search { ?x collex:searchText "herbier" } }"""


def fonds(*labels):
    said = " ".join(
        f'<id/fonds/{number}> a collex:Fonds ; rdfs:label "{label}"@fr .'
        for number, label in enumerate(labels)
    )
    return f"<graph/source/ccfr/1> {{ {said} }}"


@pytest.fixture(scope="module")
def kept_settings(tmp_path_factory):
    var = tmp_path_factory.mktemp("kept")
    labels = {FIRST: ("Herbier",), SECOND: ("Herbier", "Cartes"), CURRENT: ("Cartes", "Plans")}
    for identifier, some in labels.items():
        written = write_snapshot(var / "snapshots" / identifier, fonds(*some))
        write_search_index(ox.Store.read_only(str(written.store)), written.directory / FOLDER)
    return Settings(var=var, query_workers=1, query_timeout_seconds=10.0)


@pytest.fixture(scope="module")
def kept_app(kept_settings):
    snapshot = write_snapshot(kept_settings.var / "served", fonds("Cartes", "Plans"))
    served = replace(snapshot, directory=kept_settings.var / "snapshots" / CURRENT)
    app = create_app(kept_settings, WorkerPool(served, kept_settings))
    yield app
    app.extensions[EXTENSION].queries.close()


@pytest.fixture(scope="module")
def site(kept_app):
    return kept_app.test_client()


def ask(site, query=LABELS, headers=None, **more):
    return site.get("/sparql", query_string={"query": query, **more}, headers=headers)


def labels(response):
    assert response.status_code == 200, response.text
    rows = response.get_json(force=True)["results"]["bindings"]
    return [term["value"] for row in rows for term in row.values()]


def test_a_query_that_names_a_snapshot_is_answered_from_it(site):
    for name, expected in {FIRST: ["Herbier"], SECOND: ["Cartes", "Herbier"]}.items():
        response = ask(site, snapshot=name)
        assert labels(response) == expected
        assert response.headers["X-Snapshot"] == name
    assert labels(ask(site)) == labels(ask(site, snapshot=CURRENT)) == ["Cartes", "Plans"]


def test_its_answer_is_kept_apart_and_has_a_tag_of_its_own(site):
    first = ask(site, snapshot=FIRST)
    assert ask(site, snapshot=FIRST).headers["Cache-Status"].endswith("hit")
    tag = first.headers["ETag"]
    assert tag != ask(site).headers["ETag"]
    assert ask(site, headers={"If-None-Match": tag}, snapshot=FIRST).status_code == 304
    assert ask(site, headers={"If-None-Match": tag}).status_code == 200


def test_words_are_sought_in_its_own_index(site):
    assert len(labels(ask(site, FOUND, snapshot=SECOND))) == 1
    assert labels(ask(site, FOUND)) == []


def test_a_snapshot_that_is_not_kept_is_said_to_be_gone_with_those_there_are(site):
    response = ask(site, snapshot=NEVER)
    assert response.status_code == 410
    detail = response.get_json()["detail"]
    assert NEVER in detail
    assert f"{FIRST}, {SECOND}, {CURRENT}" in detail


@pytest.mark.parametrize("wrong", ["", "yesterday", "../../etc", [FIRST, FIRST], f"{FIRST}/.."])
def test_what_cannot_name_a_snapshot_is_a_bad_request(site, wrong):
    assert ask(site, snapshot=wrong).status_code == 400


@pytest.mark.parametrize("query", [LABELS, "ASK { ?s ?p ?o }", "DESCRIBE <id/fonds/0>"])
def test_the_page_of_a_lasting_link_shows_its_own_data_and_says_so(site, query):
    address = "/query?" + urlencode({"query": query, "snapshot": FIRST})
    page = Page(site.get(address, headers={"Accept": "text/html", "Accept-Language": "fr"}))
    assert page.status == 200
    assert page.faults() == []
    said = page.text("//div[@role='status']")
    assert FIRST in said
    assert CURRENT in said
    links = page.links()
    assert f"snapshot={FIRST}" in links["Lien permanent"]
    assert "snapshot=" not in links["Poser la même question aux données d’aujourd’hui"]
    downloads = [href for href in page.all("//a/@href") if href.startswith("/sparql?query=")]
    assert downloads
    assert all(f"snapshot={FIRST}" in href for href in downloads)


def test_the_page_shows_the_current_answer_with_410_where_the_data_are_not_kept(site):
    address = "/query?" + urlencode({"query": LABELS, "snapshot": NEVER})
    page = Page(site.get(address, headers={"Accept": "text/html", "Accept-Language": "fr"}))
    assert page.status == 410
    assert "Plans" in page.text("//table")
    assert NEVER in page.text("//div[@role='status']")
    assert f"snapshot={CURRENT}" in page.links()["Lien permanent"]


def test_the_second_page_of_a_result_comes_from_the_data_of_the_first(site):
    address = "/api/queries/15-labellings-by-campaign"
    response = site.get(address, query_string={"page_size": "1", "snapshot": SECOND})
    assert response.status_code == 200, response.text
    assert response.get_json()["snapshot"] == SECOND
    gone = site.get(address, query_string={"page": "2", "page_size": "1", "snapshot": NEVER})
    assert gone.status_code == 410


def test_the_page_of_a_stored_query_is_gone_with_its_data_and_kept_by_no_cache(site):
    address = "/queries/15-labellings-by-campaign"
    kept = site.get(address, query_string={"snapshot": FIRST})
    assert (kept.status_code, "ETag" in kept.headers) == (200, True)
    gone = site.get(address, query_string={"snapshot": NEVER})
    assert (gone.status_code, gone.headers["Cache-Control"]) == (410, "no-store")
    assert NEVER in gone.text


def test_a_citation_names_the_data_that_it_was_made_on(site):
    address = "/queries/15-labellings-by-campaign/citation.json"
    (cited,) = site.get(address, query_string={"snapshot": FIRST}).get_json(force=True)
    assert cited["version"] == FIRST
    assert cited["URL"].endswith(f"snapshot={FIRST}")
    assert site.get(address, query_string={"snapshot": NEVER}).status_code == 410


def test_processes_that_nobody_asks_any_more_end(kept_app, site):
    kept = kept_app.extensions[EXTENSION].kept
    # what is known already needs no process
    assert labels(ask(site, f"{LABELS} LIMIT 7", snapshot=FIRST)) == ["Herbier"]
    pools = [opened.pool for opened in kept._opened.values()]
    assert pools
    kept.end_idle()
    assert all(pool.statistics.idle for pool in pools)
    kept.end_idle(idle_seconds=0)
    assert kept._opened == {}
    assert all(pool.wait_until_closed(0) for pool in pools)
    assert labels(ask(site, f"{LABELS} LIMIT 8", snapshot=FIRST)) == ["Herbier"]


class Slow:
    """Stands for a service whose answer a test waits with."""

    def __init__(self, asked, go_on):
        self._asked, self._go_on = asked, go_on

    def run(self, _request, *, is_cancelled=None):
        self._asked.set()
        assert self._go_on.wait(30)
        return is_cancelled


def test_only_so_many_are_asked_at_once_and_the_one_asked_longest_ago_makes_room(
    kept_app, kept_settings, monkeypatch
):
    monkeypatch.setattr(kept_snapshots, "MOST_OPEN", 1)
    asked, go_on = threading.Event(), threading.Event()
    behind = kept_app.extensions[EXTENSION].queries.behind.behind
    kept = KeptSnapshots(behind, kept_settings, lambda _: Slow(asked, go_on))
    request = QueryRequest(LABELS, snapshot=FIRST)
    waiting = threading.Thread(target=kept.run, args=(request,))
    waiting.start()
    assert asked.wait(30)
    other = replace(request, snapshot=SECOND)
    with pytest.raises(QueryServiceBusyError):
        kept.run(other)
    go_on.set()
    waiting.join()
    with pytest.raises(QueryServiceBusyError):
        kept.run(other)  # its processes were started a moment ago
    monkeypatch.setattr(kept_snapshots, "SHORTEST_SECONDS", 0)
    kept.run(other)
    assert list(kept._opened) == [SECOND]
    with pytest.raises(SnapshotNotKeptError):
        kept.run(replace(request, snapshot=NEVER))
    kept.close()
