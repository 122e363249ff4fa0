"""What travels between the serving process and one that judges a file.

The job goes one way as JSON; back come a head in JSON and the documents that it announces, each
with its length before it. Nothing is ever unpickled, and the serving process believes no length
beyond its limit.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from io import BufferedIOBase

HEADER: Final = struct.Struct(">Q")
PAGE: Final = "page"
"""The document that holds what the page shows; the others have the names of report formats."""
CORRECTED: Final = "corrected"
"""The document that holds the corrected file."""
CHANGES: Final = "changes"
"""The document that lists what was changed in it."""


class Outcome(StrEnum):
    """How the judging of a file ended."""

    JUDGED = "judged"
    UNCHECKABLE = "uncheckable"
    MEMORY = "memory"
    FAILED = "failed"


@dataclass(frozen=True)
class Job:
    """What a process is to do.

    Attributes:
        folder: where it may write; the file stands in it.
        file: the path of the file.
        source: what it is of; empty to tell from it.
        day: for which labels hold, ``YYYY-MM-DD``.
        language: of what is written for people.
        documents: what is wanted, in this order: names of report formats, `PAGE`, `CORRECTED`.
        fail_on: ``violation``, ``warning`` or ``info``.
        base_iri: the setting of that name.
        snapshot: folder of the snapshot whose things count as known; empty for none.
        cpu_seconds: of computing.
        memory_bytes: beyond what it starts with.
        disk_bytes: of one file that it writes, and of all that an archive holds.
    """

    folder: str
    file: str
    source: str
    day: str
    language: str
    documents: tuple[str, ...]
    fail_on: str
    base_iri: str
    snapshot: str
    cpu_seconds: int
    memory_bytes: int
    disk_bytes: int

    def pack(self) -> bytes:
        """Return it with its length."""
        return _framed(json.dumps(asdict(self)).encode())

    @classmethod
    def unpack(cls, packed: bytes) -> Job:
        """Read what `pack` wrote, without its length."""
        values = json.loads(packed)
        return cls(**values | {"documents": tuple(values["documents"])})


def write_answer(
    stream: BufferedIOBase, head: Mapping[str, Any], documents: Mapping[str, bytes]
) -> None:
    """Write a head, then each document that it names."""
    told = {**head, "documents": {name: len(body) for name, body in documents.items()}}
    stream.write(_framed(json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")))
    for body in documents.values():
        stream.write(body)


def _framed(body: bytes) -> bytes:
    return HEADER.pack(len(body)) + body
