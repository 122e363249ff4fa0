"""The history of quality: it outlives snapshots, stays small, and is never trusted blindly."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from collex_graph.store.quality import (
    DAYS_KEPT,
    FILE_NAME,
    QualityCounts,
    QualityHistory,
    Tally,
    write_quality,
)

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def counts(results):
    return QualityCounts(tallies=[Tally("whole", "", "", results, results)])


def publish(folder, created, results, former=None):
    folder.mkdir()
    kept = write_quality(
        folder / FILE_NAME, counts(results), created,
        former=former / FILE_NAME if former else None,
    )  # fmt: skip
    return folder, kept


def test_what_former_snapshots_said_outlives_them(tmp_path):
    first, _ = publish(tmp_path / "1", NOW - timedelta(days=2), 5)
    second, kept = publish(tmp_path / "2", NOW, 3, first)
    assert kept
    (first / FILE_NAME).unlink()
    history = QualityHistory(second, NOW)
    assert [(p.created, p.numbers[""]) for p in history.trend("whole")] == [
        (NOW - timedelta(days=2), (5, 5)),
        (NOW, (3, 3)),
    ]
    assert history.tallies("whole")[""][""].results == 3


def test_every_snapshot_of_today_is_kept_one_of_each_day_before_and_one_a_month_before_that(
    tmp_path,
):
    days = [
        *(NOW - timedelta(days=DAYS_KEPT + 40, hours=hours) for hours in (6, 0)),
        *(NOW - timedelta(days=3, hours=hours) for hours in (6, 0)),
        *(NOW - timedelta(hours=hours) for hours in (6, 3, 0)),
    ]
    folder = None
    for number, created in enumerate(days):
        folder, _ = publish(tmp_path / str(number), created, number, folder)
    assert QualityHistory(folder, NOW).created() == [days[1], days[3], *days[4:]]


@pytest.mark.parametrize("damage", ["cut", "other version"])
def test_a_history_that_cannot_be_read_begins_anew_and_says_so(tmp_path, damage):
    first, _ = publish(tmp_path / "1", NOW - timedelta(days=2), 5)
    path = first / FILE_NAME
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:3000])
    else:
        with sqlite3.connect(path) as file:
            file.execute("PRAGMA user_version = 99")
    second, kept = publish(tmp_path / "2", NOW, 3, first)
    assert not kept
    assert QualityHistory(second, NOW).created() == [NOW]


def test_a_snapshot_of_before_has_no_history(tmp_path):
    history = QualityHistory(tmp_path, NOW)
    assert not history.is_kept
    assert history.tallies("whole") == {}
    assert history.created() == []
