"""What monitors see, and what is counted."""

import json
from dataclasses import dataclass, replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from collex_graph.errors import ConfigurationError
from collex_graph.server import create_app
from collex_graph.server.usage import Usage

COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"


def values(client):
    response = client.get("/metrics")
    assert response.status_code == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def ask(client, query):
    return client.get("/sparql", query_string={"query": query})


def test_queries_are_counted_by_how_they_ended(real_client):
    for query in (COUNT, COUNT, "SELECT", "ASK { ?s ?p }"):
        ask(real_client, query)
    found = values(real_client)
    assert found["collex_graph_queries_total", "computed"] == 1
    assert found["collex_graph_queries_total", "cached"] == 1
    assert found["collex_graph_queries_total", "query_syntax"] == 2
    assert found[("collex_graph_query_seconds_count",)] == 4
    assert found["collex_graph_answers_total", "sparql", "400"] == 2
    assert found[("collex_graph_cache_hits",)] == 1
    assert found[("collex_graph_workers_idle",)] >= 1
    assert found[("collex_graph_queries_running",)] == 0


def test_a_site_without_workers_is_not_ready(settings, snapshot):
    @dataclass
    class Statistics:
        idle: int = 0
        busy: int = 0

    class Queries:
        statistics = Statistics()

    Queries.snapshot = snapshot
    client = create_app(settings, Queries()).test_client()
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
    Queries.statistics = Statistics(idle=1)
    assert client.get("/readyz").status_code == 200


def test_a_monitor_is_never_answered_from_a_cache(real_client):
    for path in ("/healthz", "/readyz", "/metrics"):
        assert real_client.get(path).headers["Cache-Control"] == "no-store"


def test_counts_by_day_survive_and_hold_nothing_but_numbers(settings, queries, tmp_path):
    path = tmp_path / "usage.json"
    usage = Usage(path)
    client = create_app(settings, queries, usage=usage).test_client()
    ask(client, COUNT)
    client.get("/about", headers={"Accept": "text/html"}, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    client.get("/nowhere")
    usage.save()
    (counts,) = json.loads(path.read_text()).values()
    assert counts == {"queries": 1, "pages": 1}
    assert "192.0.2.7" not in path.read_text()
    again = Usage(path)
    again.count_query("computed", 0.1)
    assert list(again.days.values()) == [{"queries": 2, "pages": 1}]


def test_a_damaged_file_of_counts_is_begun_again(tmp_path):
    path = tmp_path / "usage.json"
    path.write_text('{"2026-11-22": [1]}')
    assert Usage(path).days == {}


# --- the access log ------------------------------------------------------------------------------


def test_a_line_says_what_was_answered_and_neither_to_whom_nor_which_query(
    settings, queries, tmp_path
):
    path = tmp_path / "access.log"
    app = create_app(replace(settings, access_log=str(path)), queries)
    client = app.test_client()
    query = "SELECT (COUNT(*) AS ?canary) WHERE { ?s ?p ?o }"
    client.get("/sparql", query_string={"query": query}, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    client.post("/sparql", data={"query": query})
    client.get("/search?q=canary", headers={"Accept": "text/html", "Referer": "http://canary/"})
    client.get("/nowhere%0Aforged", headers={"User-Agent": "canary"})
    app.extensions["collex_graph_log"].close()
    text = path.read_text()
    assert "canary" not in text
    assert "192.0.2.7" not in text
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["method"], line["path"], line["status"]) for line in lines] == [
        ("GET", "/sparql", 200),
        ("POST", "/sparql", 200),
        ("GET", "/search", 200),
        ("GET", "/nowhere\nforged", 404),
    ]
    assert lines[0]["cache"] == "collex-graph; fwd=miss"
    assert len(lines[0]["query"]) == 32


def test_a_log_that_cannot_be_written_is_told_at_the_start(settings, queries, tmp_path):
    with pytest.raises(ConfigurationError, match="access log"):
        create_app(replace(settings, access_log=str(tmp_path / "no" / "log")), queries)


def test_without_a_place_nothing_is_logged(client, capsys):
    client.get("/healthz")
    assert capsys.readouterr().out == ""
