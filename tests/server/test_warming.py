"""What first visitors ask for is there before them, and is not counted as theirs."""

from dataclasses import replace

from collex_graph.server import create_app
from collex_graph.server.warming import warm


def test_a_site_is_asked_for_everything_before_its_first_visitor(
    settings, queries, tmp_path, caplog, monkeypatch
):
    monkeypatch.setattr("collex_graph.server.warming.LONGEST_SECONDS", 60)
    path = tmp_path / "access.log"
    app = create_app(replace(settings, access_log=str(path)), queries)
    warm(app)
    assert not caplog.records
    assert len(queries.asked) > 20
    before = len(queries.asked)
    client = app.test_client()
    assert client.get("/institutions", headers={"Accept": "text/html"}).status_code == 200
    assert len(queries.asked) == before, "what the first visitor asks is known"
    counts = client.get("/metrics").text
    app.extensions["collex_graph_log"].close()
    assert 'collex_graph_answers_total{room="pages",status="200"} 1.0' in counts
    assert counts.count("collex_graph_answers_total{") == 1
    assert [line.split('"path": ')[1].split(",")[0] for line in path.read_text().splitlines()] == [
        '"/institutions"', '"/metrics"',
    ]  # fmt: skip


def test_a_site_that_cannot_be_asked_is_served_all_the_same(settings, queries, caplog):
    queries.failure = RuntimeError("broken")
    warm(create_app(settings, queries))
    assert "before its first visitor" in caplog.text
