"""What each snapshot said about quality, kept in a small file that the next snapshot takes over.

``quality.sqlite`` of a snapshot holds counts, no findings: results, records touched and records
judged by source, institution and rule, the rates of alignment, the scores, and what announced rules
would do. It is a copy of that of the snapshot before, with the counts of this one added, so that
removing old snapshots loses nothing. Of the current day every snapshot is kept; of earlier days the
last one; of what is older than `DAYS_KEPT` the last one of each month.

A file that cannot be read, or that another version wrote, is not taken over.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

FILE_NAME = "quality.sqlite"
DAYS_KEPT = 60
"""Days of which the last snapshot stays in the history; before, one a month."""
NOBODY = "-"
"""Stands for the institution of results that concern none."""
_FORMAT = 1
_TABLES = """
CREATE TABLE snapshot (number INTEGER PRIMARY KEY, created TEXT NOT NULL UNIQUE);
CREATE TABLE name (number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE tally (
  kind TEXT, name INTEGER, severity TEXT, snapshot INTEGER, results INTEGER, records INTEGER,
  PRIMARY KEY (kind, name, severity, snapshot)) WITHOUT ROWID;
CREATE TABLE judged (
  kind TEXT, name INTEGER, snapshot INTEGER, records INTEGER,
  PRIMARY KEY (kind, name, snapshot)) WITHOUT ROWID;
CREATE TABLE found (
  snapshot INTEGER, institution INTEGER, rule INTEGER, source INTEGER, severity TEXT,
  results INTEGER, records INTEGER,
  PRIMARY KEY (snapshot, institution, rule, source, severity)) WITHOUT ROWID;
CREATE TABLE alignment (
  institution INTEGER, type TEXT, snapshot INTEGER, points INTEGER, idref INTEGER, other INTEGER,
  PRIMARY KEY (institution, type, snapshot)) WITHOUT ROWID;
CREATE TABLE announced (
  snapshot INTEGER, institution INTEGER, day TEXT, severity TEXT, records INTEGER,
  PRIMARY KEY (snapshot, institution, day, severity)) WITHOUT ROWID;
CREATE TABLE score (
  institution INTEGER, metric INTEGER, band INTEGER, snapshot INTEGER,
  notices INTEGER, points INTEGER,
  PRIMARY KEY (institution, metric, band, snapshot)) WITHOUT ROWID;
"""
_OF_A_SNAPSHOT = ("tally", "judged", "found", "alignment", "announced", "score")


@dataclass(frozen=True)
class Tally:
    """How many results there are, and how many records they touch.

    Attributes:
        kind: ``whole``, ``source``, ``institution`` or ``rule``.
        name: which one: a short name of a source, an IRI; empty for the whole.
        severity: ``Violation``, ``Warning``, ``Info``; empty for all together, where a record
            counts once.
        results: how many.
        records: distinct records touched.
    """

    kind: str
    name: str
    severity: str
    results: int
    records: int


@dataclass(frozen=True)
class Judged:
    """How many records were judged of a source, of an institution, or by a rule."""

    kind: str
    name: str
    records: int


@dataclass(frozen=True)
class Found:
    """What one rule found at one institution in one source.

    Attributes:
        institution: IRI; empty for all together, where a result counts once; `NOBODY` for results
            that concern no institution.
        rule: IRI; empty for all together, where a record counts once, and then of no severity.
    """

    institution: str
    rule: str
    source: str
    severity: str
    results: int
    records: int


@dataclass(frozen=True)
class Alignment:
    """Access points of an institution and of a type, and how many lead to an authority.

    Attributes:
        institution: IRI; empty for all together.
        type: ``person``, ``body``, ``place``, ``subject``…
        points: how many there are.
        idref: of them, those that lead to IdRef.
        other: of them, those that lead to another authority.
    """

    institution: str
    type: str
    points: int
    idref: int
    other: int


@dataclass(frozen=True)
class Announced:
    """Records that rules would set aside or warn of from a day on and do not yet.

    Attributes:
        institution: IRI; empty for all together.
        day: from when (xsd:date).
        severity: what the rules become.
        records: distinct records touched by rules that become it on that day.
    """

    institution: str
    day: str
    severity: str
    records: int


@dataclass(frozen=True)
class Score:
    """How many notices of an institution have a score within a band of ten points.

    Attributes:
        institution: IRI; empty for all together.
        metric: IRI of what is measured.
        band: the lowest score of the band, from 0 to 90; 100 is in the last one.
        notices: how many.
        points: their scores, added up.
    """

    institution: str
    metric: str
    band: int
    notices: int
    points: int


@dataclass(frozen=True)
class QualityCounts:
    """What is kept of one snapshot."""

    tallies: Sequence[Tally] = ()
    judged: Sequence[Judged] = ()
    found: Sequence[Found] = ()
    alignments: Sequence[Alignment] = ()
    announced: Sequence[Announced] = ()
    scores: Sequence[Score] = ()


@dataclass(frozen=True)
class Point:
    """A snapshot in a history: when it was published, and numbers by severity or type."""

    created: datetime
    numbers: dict[str, tuple[int, int]] = field(default_factory=dict)

    def of(self, key: str = "") -> tuple[int, int]:
        """Return both numbers of a severity or type, zero where there are none."""
        return self.numbers.get(key, (0, 0))


def write_quality(
    path: Path, counts: QualityCounts, created: datetime, *, former: Path | None = None
) -> bool:
    """Write the counts of a snapshot beside those of earlier ones.

    Args:
        path: of the file, which must not exist.
        counts: of the snapshot.
        created: when it is published (UTC).
        former: the file of the snapshot before.

    Returns:
        Whether the history of the former one was taken over, or there was none.
    """
    if former is not None and former.is_file():
        shutil.copyfile(former, path)
        try:
            _add(path, counts, created)
        except (sqlite3.DatabaseError, ValueError):
            path.unlink()
        else:
            return True
        _add(path, counts, created)
        return False
    _add(path, counts, created)
    return True


def _add(path: Path, counts: QualityCounts, created: datetime) -> None:
    is_new = not path.exists()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as file:
        if is_new:
            file.executescript(_TABLES)
            file.execute(f"PRAGMA user_version = {_FORMAT}")
        elif file.execute("PRAGMA user_version").fetchone() != (_FORMAT,):
            raise ValueError("of another version")
        file.execute("BEGIN")
        _forget(file, created)
        _insert(file, counts, created)
        file.execute("COMMIT")
        file.execute("VACUUM")


def _forget(file: sqlite3.Connection, now: datetime) -> None:
    """Forget snapshots of which a later one of the same day, or month, is kept."""
    months_from = (now - timedelta(days=DAYS_KEPT)).date()
    last: dict[str, int] = {}
    gone = []
    for number, text in file.execute("SELECT number, created FROM snapshot ORDER BY created"):
        day = datetime.fromisoformat(text).date()
        if text == now.isoformat():
            gone.append(number)
        elif day != now.date():
            span = day.isoformat() if day >= months_from else day.isoformat()[:7]
            if span in last:
                gone.append(last[span])
            last[span] = number
    for table in (*_OF_A_SNAPSHOT, "snapshot"):
        column = "number" if table == "snapshot" else "snapshot"
        file.executemany(f"DELETE FROM {table} WHERE {column} = ?", [(each,) for each in gone])  # noqa: S608 - names of tables above


def _insert(file: sqlite3.Connection, counts: QualityCounts, created: datetime) -> None:
    number = file.execute(
        "INSERT INTO snapshot (created) VALUES (?)", (created.isoformat(),)
    ).lastrowid
    known: dict[str, int] = dict(file.execute("SELECT text, number FROM name"))

    def named(text: str) -> int:
        if text not in known:
            added = file.execute("INSERT INTO name (text) VALUES (?)", (text,)).lastrowid
            assert added is not None
            known[text] = added
        return known[text]

    file.executemany(
        "INSERT INTO tally VALUES (?, ?, ?, ?, ?, ?)",
        [(t.kind, named(t.name), t.severity, number, t.results, t.records) for t in counts.tallies],
    )
    file.executemany(
        "INSERT INTO judged VALUES (?, ?, ?, ?)",
        [(j.kind, named(j.name), number, j.records) for j in counts.judged],
    )
    file.executemany(
        "INSERT INTO found VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (number, named(f.institution), named(f.rule), named(f.source), f.severity, f.results,
             f.records)
            for f in counts.found
        ],
    )  # fmt: skip
    file.executemany(
        "INSERT INTO alignment VALUES (?, ?, ?, ?, ?, ?)",
        [
            (named(a.institution), a.type, number, a.points, a.idref, a.other)
            for a in counts.alignments
        ],
    )
    file.executemany(
        "INSERT INTO announced VALUES (?, ?, ?, ?, ?)",
        [(number, named(a.institution), a.day, a.severity, a.records) for a in counts.announced],
    )
    file.executemany(
        "INSERT INTO score VALUES (?, ?, ?, ?, ?, ?)",
        [
            (named(s.institution), named(s.metric), s.band, number, s.notices, s.points)
            for s in counts.scores
        ],
    )


class QualityHistory:
    """Reads the file of a snapshot.

    A snapshot without the file (an older version published it) has no counts and no history.

    Args:
        directory: of the snapshot.
        created: when the snapshot was published: the one whose state is told.
    """

    def __init__(self, directory: Path, created: datetime) -> None:
        self._path = directory / FILE_NAME
        self._created = created.isoformat()

    @property
    def is_kept(self) -> bool:
        """Whether there is anything to read."""
        return self._path.is_file()

    def _rows(self, query: str, *values: str | None) -> Iterator[tuple[Any, ...]]:
        if not self.is_kept:
            return
        address = f"{self._path.resolve().as_uri()}?mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(address, uri=True)) as file:
            yield from file.execute(query, values)

    def created(self) -> list[datetime]:
        """Return when the snapshots of the history were published, oldest first."""
        rows = self._rows("SELECT created FROM snapshot ORDER BY created")
        return [datetime.fromisoformat(created) for (created,) in rows]

    def tallies(self, kind: str) -> dict[str, dict[str, Tally]]:
        """Return the tallies of a kind: name → severity → tally."""
        found: dict[str, dict[str, Tally]] = defaultdict(dict)
        for row in self._rows(
            "SELECT t.kind, n.text, t.severity, t.results, t.records FROM tally t "
            "JOIN snapshot s ON s.number = t.snapshot JOIN name n ON n.number = t.name "
            "WHERE t.kind = ? AND s.created = ?",
            kind,
            self._created,
        ):
            tally = Tally(*row)
            found[tally.name][tally.severity] = tally
        return dict(found)

    def judged(self, kind: str) -> dict[str, int]:
        """Return how many records of a kind were judged: name → records."""
        rows = self._rows(
            "SELECT n.text, j.records FROM judged j JOIN snapshot s ON s.number = j.snapshot "
            "JOIN name n ON n.number = j.name WHERE j.kind = ? AND s.created = ?",
            kind,
            self._created,
        )
        return dict(rows)

    def found(
        self, *, institution: str | None = None, rule: str | None = None, source: str | None = None
    ) -> list[Found]:
        """Return what each rule found, narrowed to an institution, a rule or a source.

        An empty ``rule`` stands for all rules together.
        """
        rows = self._rows(
            "SELECT i.text, r.text, d.text, f.severity, f.results, f.records FROM found f "
            "JOIN snapshot s ON s.number = f.snapshot JOIN name i ON i.number = f.institution "
            "JOIN name r ON r.number = f.rule JOIN name d ON d.number = f.source "
            "WHERE s.created = ?1 AND (?2 IS NULL OR i.text = ?2) "
            "AND (r.text = ?3 OR ?3 IS NULL AND r.text <> '') AND (?4 IS NULL OR d.text = ?4)",
            self._created,
            institution,
            rule,
            source,
        )
        return [Found(*row) for row in rows]

    def alignments(self) -> list[Alignment]:
        """Return the alignment of every institution and type, and of all institutions together."""
        rows = self._rows(
            "SELECT n.text, a.type, a.points, a.idref, a.other FROM alignment a "
            "JOIN snapshot s ON s.number = a.snapshot JOIN name n ON n.number = a.institution "
            "WHERE s.created = ?",
            self._created,
        )
        return [Alignment(*row) for row in rows]

    def announced(self) -> list[Announced]:
        """Return what announced rules would do."""
        rows = self._rows(
            "SELECT n.text, a.day, a.severity, a.records FROM announced a "
            "JOIN snapshot s ON s.number = a.snapshot JOIN name n ON n.number = a.institution "
            "WHERE s.created = ? ORDER BY a.day, a.severity",
            self._created,
        )
        return [Announced(*row) for row in rows]

    def scores(self) -> list[Score]:
        """Return how the scores of notices spread, of every institution and of all together."""
        rows = self._rows(
            "SELECT n.text, m.text, c.band, c.notices, c.points FROM score c "
            "JOIN snapshot s ON s.number = c.snapshot JOIN name n ON n.number = c.institution "
            "JOIN name m ON m.number = c.metric WHERE s.created = ? ORDER BY c.band",
            self._created,
        )
        return [Score(*row) for row in rows]

    def trend(self, kind: str, name: str = "") -> list[Point]:
        """Return results and records touched over the snapshots: severity → both numbers."""
        return self._points(
            "SELECT s.created, t.severity, t.results, t.records FROM tally t "
            "JOIN snapshot s ON s.number = t.snapshot JOIN name n ON n.number = t.name "
            "WHERE t.kind = ? AND n.text = ? ORDER BY s.created",
            kind,
            name,
        )

    def judged_trend(self, kind: str, name: str = "") -> list[Point]:
        """Return how many records were judged over the snapshots, twice, under an empty key."""
        return self._points(
            "SELECT s.created, '', j.records, j.records FROM judged j "
            "JOIN snapshot s ON s.number = j.snapshot JOIN name n ON n.number = j.name "
            "WHERE j.kind = ? AND n.text = ? ORDER BY s.created",
            kind,
            name,
        )

    def alignment_trend(self, institution: str = "") -> list[Point]:
        """Return the alignment over the snapshots: type → (points, of them with authority)."""
        return self._points(
            "SELECT s.created, a.type, a.points, a.idref + a.other FROM alignment a "
            "JOIN snapshot s ON s.number = a.snapshot JOIN name n ON n.number = a.institution "
            "WHERE n.text = ? ORDER BY s.created",
            institution,
        )

    def _points(self, query: str, *values: str) -> list[Point]:
        points = {created: Point(created) for created in self.created()}
        for created, key, first, second in self._rows(query, *values):
            points[datetime.fromisoformat(created)].numbers[key] = (first, second)
        return list(points.values())
