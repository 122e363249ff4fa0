"""The index of a join: values of one mapping's records → the subjects they give.

It is filled before the records that ask it are mapped. Up to `MEMORY_ENTRIES` it is a dictionary;
beyond, a SQLite table in a temporary file that goes away with the process, so that memory does not
grow with the source. Answers are sorted, whatever the order of the records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

MEMORY_ENTRIES: Final = 100_000
"""Entries kept in memory: some 30 MB for keys and IRIs of ordinary length."""

_BATCH: Final = 10_000


class JoinIndex:
    """Keys and subjects of all joins of a document, or of its joins inside one file.

    >>> with JoinIndex() as index:
    ...     index.keep(0, ("100",), "<http://example.org/tennis>")
    ...     index.subjects(0, ("100",)), index.subjects(0, ("200",))
    (['<http://example.org/tennis>'], [])
    """

    def __init__(self, memory_entries: int = MEMORY_ENTRIES) -> None:
        self._limit = memory_entries
        self._entries = 0
        self._subjects: dict[tuple[int, tuple[str, ...]], set[str]] = {}
        self._table: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def on_disk(self) -> bool:
        """Whether it has outgrown memory."""
        return self._table is not None

    def close(self) -> None:
        """Give its memory and its file back."""
        self._subjects.clear()
        if self._table is not None:
            self._table.close()

    def keep(self, join: int, key: tuple[str, ...], subject: str) -> None:
        """Enter a subject, as N-Quads writes it, under the values of its record."""
        subjects = self._subjects.setdefault((join, key), set())
        if subject in subjects:
            return
        subjects.add(subject)
        self._entries += 1
        if self._entries >= (self._limit if self._table is None else _BATCH):
            self._move()

    def subjects(self, join: int, key: tuple[str, ...]) -> Sequence[str]:
        """Return the subjects entered under these values, sorted."""
        if self._table is None:
            return sorted(self._subjects.get((join, key), ()))
        self._move()
        # by bytes, as the dictionary's answers are by code points: the same order
        found = self._table.execute(
            "SELECT subject FROM entry WHERE key = ? ORDER BY subject", (_packed(join, key),)
        )
        return [subject.decode() for (subject,) in found]

    def _move(self) -> None:
        """Move what memory holds to the table."""
        if self._table is None:
            import sqlite3  # noqa: PLC0415 - few runs need it

            # an empty name is a file of the system's temporary folder, without a name of its own
            self._table = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._table.execute(
                "CREATE TABLE entry (key BLOB, subject BLOB, PRIMARY KEY (key, subject)) "
                "WITHOUT ROWID"
            )
        if self._subjects:
            self._table.execute("BEGIN")
            self._table.executemany("INSERT OR IGNORE INTO entry VALUES (?, ?)", self._rows())
            self._table.execute("COMMIT")
            self._subjects.clear()
        self._entries = 0

    def _rows(self) -> Iterator[tuple[bytes, bytes]]:
        for (join, key), subjects in self._subjects.items():
            packed = _packed(join, key)
            for subject in subjects:
                yield packed, subject.encode()


def _packed(join: int, key: tuple[str, ...]) -> bytes:
    """Write a join's number and values so that two keys are never the same bytes."""
    parts = [str(join).encode(), *(value.encode("utf-8", "surrogatepass") for value in key)]
    return b"".join(b"%d:%s" % (len(part), part) for part in parts)
