import json
import multiprocessing
import os
import signal
from datetime import UTC, datetime

import pytest

from collex_graph.errors import SnapshotNotFoundError
from collex_graph.store import snapshot as snapshot_module
from collex_graph.store.snapshot import (
    building_folder,
    current_snapshot,
    list_snapshots,
    prune_snapshots,
    publish,
    snapshots_folder,
    switch_to,
)

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


def publish_one(var, moment=NOON):
    with building_folder(var) as building:
        (building / "store").mkdir()
        (building / "dataset.nq.gz").write_bytes(b"")
        manifest = {"created": moment.isoformat(), "counts": {"triples": 3}}
        (building / "manifest.json").write_text(json.dumps(manifest))
        return publish(building, moment)


def test_a_published_snapshot_is_current_and_listed(tmp_path):
    snapshot = publish_one(tmp_path)
    assert snapshot.identifier == "2026-11-22T120000Z"
    assert current_snapshot(tmp_path) == snapshot
    assert list_snapshots(tmp_path) == [snapshot]


def test_two_builds_in_one_second_get_different_names(tmp_path):
    assert publish_one(tmp_path).identifier == "2026-11-22T120000Z"
    assert publish_one(tmp_path).identifier == "2026-11-22T120000Z-2"
    assert current_snapshot(tmp_path).identifier == "2026-11-22T120000Z-2"


def test_without_any_build_the_message_says_what_to_do(tmp_path):
    with pytest.raises(SnapshotNotFoundError, match="collex-graph build"):
        current_snapshot(tmp_path)


def test_a_build_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), building_folder(tmp_path):
        raise ZeroDivisionError
    assert list(snapshots_folder(tmp_path).iterdir()) == []


def _build_until_killed(var, ready):
    with building_folder(var) as building:
        (building / "store").mkdir()
        (building / "manifest.json").write_text("{}")
        ready.set()
        signal.pause()


def test_a_build_killed_at_once_leaves_the_former_snapshot_and_its_remains_go(tmp_path):
    former = publish_one(tmp_path)
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    process = context.Process(target=_build_until_killed, args=(tmp_path, ready))
    process.start()
    assert ready.wait(10)
    # while it lives, another build leaves its folder alone
    publish_one(tmp_path, NOON.replace(minute=1))
    assert any(p.name.startswith(".building-") for p in snapshots_folder(tmp_path).iterdir())
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert [s.identifier for s in list_snapshots(tmp_path)] == [
        former.identifier,
        "2026-11-22T120100Z",
    ]
    publish_one(tmp_path, NOON.replace(minute=2))
    assert not any(p.name.startswith(".building-") for p in snapshots_folder(tmp_path).iterdir())


def test_switching_back_serves_the_older_snapshot(tmp_path):
    older = publish_one(tmp_path)
    publish_one(tmp_path, NOON.replace(minute=1))
    switch_to(tmp_path, older.identifier)
    assert current_snapshot(tmp_path) == older


@pytest.mark.parametrize("name", ["nothing", "../x", "2020-01-01T000000Z", ".building-1"])
def test_switching_to_what_is_no_snapshot_is_refused(tmp_path, name):
    publish_one(tmp_path)
    with pytest.raises(SnapshotNotFoundError):
        switch_to(tmp_path, name)
    assert current_snapshot(tmp_path).identifier == "2026-11-22T120000Z"


def test_pruning_never_removes_the_current_snapshot(tmp_path):
    for minute in range(4):
        publish_one(tmp_path, NOON.replace(minute=minute))
    switch_to(tmp_path, "2026-11-22T120000Z")
    assert prune_snapshots(tmp_path, 1) == ["2026-11-22T120100Z", "2026-11-22T120200Z"]
    assert [s.identifier for s in list_snapshots(tmp_path)] == [
        "2026-11-22T120000Z",
        "2026-11-22T120300Z",
    ]


def test_a_damaged_snapshot_is_refused_in_words_and_not_listed(tmp_path):
    snapshot = publish_one(tmp_path)
    (snapshot.directory / "manifest.json").write_text("{")
    with pytest.raises(SnapshotNotFoundError, match="damaged"):
        current_snapshot(tmp_path)
    assert list_snapshots(tmp_path) == []


def test_another_build_leaves_one_alone_that_is_being_flushed(tmp_path, monkeypatch):
    flush = snapshot_module._flush_file

    def flush_while_another_build_starts(path):
        for building in snapshots_folder(tmp_path).glob(".building-*"):
            os.utime(building, (0, 0))  # it began long ago
        with building_folder(tmp_path):
            pass
        flush(path)

    monkeypatch.setattr(snapshot_module, "_flush_file", flush_while_another_build_starts)
    snapshot = publish_one(tmp_path)
    assert (snapshot.directory / "dataset.nq.gz").is_file()
    assert not (snapshot.directory / ".lock").exists()
