"""Counts what the site does: for monitors (Prometheus) and for the public (by day). No addresses.

Counts by day are kept in a small file, so that they survive a restart; it holds numbers alone.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from pathlib import Path

DAYS_KEPT = 400
SAVE_EVERY_SECONDS = 60.0

_BUCKETS = (0.001, 0.005, 0.02, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ANSWERED = frozenset({"cached", "computed", "streamed", "held"})


class Usage:
    """All counts of a running site.

    Args:
        path: where counts by day are kept; None keeps them in memory alone.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._days = _read(path)
        self._saved = time.monotonic()
        self.registry = CollectorRegistry()
        self._queries = Counter(
            "collex_graph_queries", "Queries of the public, by how they ended.", ["outcome"],
            registry=self.registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "collex_graph_query_seconds", "Time until a query's result began.",
            buckets=_BUCKETS, registry=self.registry,
        )  # fmt: skip
        self._answers = Counter(
            "collex_graph_answers", "HTTP answers, by room of the site and by status.",
            ["room", "status"], registry=self.registry,
        )  # fmt: skip
        self._gauges: dict[str, Gauge] = {}
        # Looking one up by its labels takes longer than counting.
        self._count_outcome = cache(lambda outcome: self._queries.labels(_label(outcome)).inc)
        self._count_status = cache(lambda room, status: self._answers.labels(room, str(status)).inc)

    def count_query(self, outcome: str, seconds: float) -> None:
        """Count one query of the public.

        Args:
            outcome: ``computed``, ``cached``, ``streamed``, ``held`` (by the client), or the name
                of the class of its error.
            seconds: until its result began.
        """
        self._count_outcome(outcome)()
        self._seconds.observe(seconds)
        self._count("queries" if outcome in _ANSWERED else "failed queries")

    def count_answer(self, room: str, status: int, *, is_page: bool) -> None:
        """Count one HTTP answer."""
        self._count_status(room, status)()
        if status < 400 and room not in ("sparql", "static", "monitoring"):
            self._count("pages" if is_page else "data")

    def _count(self, name: str) -> None:
        today = _day(int(time.time() // 86_400))
        with self._lock:
            counts = self._days.setdefault(today, {})
            counts[name] = counts.get(name, 0) + 1
            is_due = time.monotonic() - self._saved > SAVE_EVERY_SECONDS
            if is_due:
                self._saved = time.monotonic()
        if is_due:
            self.save()

    @property
    def days(self) -> dict[str, dict[str, int]]:
        """Day → what is counted → how often; newest first."""
        with self._lock:
            return {day: dict(self._days[day]) for day in sorted(self._days, reverse=True)}

    def save(self) -> None:
        """Write the counts by day down."""
        if self._path is None:
            return
        first = (datetime.now(UTC).date() - timedelta(days=DAYS_KEPT)).isoformat()
        with self._lock:
            self._days = {day: counts for day, counts in self._days.items() if day >= first}
            written = json.dumps(self._days, indent=1, sort_keys=True)
        beside = self._path.with_name(f".{self._path.name}")
        # Counts are worth no error: a full disk costs a minute of them.
        with contextlib.suppress(OSError):
            beside.write_text(written, encoding="utf-8")
            beside.replace(self._path)

    def metrics(self, state: dict[str, float]) -> bytes:
        """Write all counts for Prometheus.

        Args:
            state: what is true now, by the end of the metric's name.
        """
        for name, value in state.items():
            if name not in self._gauges:
                self._gauges[name] = Gauge(
                    f"collex_graph_{name}", name.replace("_", " ").capitalize() + ".",
                    registry=self.registry,
                )  # fmt: skip
            self._gauges[name].set(value)
        written: bytes = generate_latest(self.registry)
        return written


def _label(outcome: str) -> str:
    return _CAPITAL.sub("_", outcome.removesuffix("Error")).lower()


@lru_cache(1)
def _day(number: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=number)).isoformat()


def _read(path: Path | None) -> dict[str, dict[str, int]]:
    if path is None:
        return {}
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(day): {str(name): int(count) for name, count in counts.items()}
            for day, counts in document.items()
        }
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
