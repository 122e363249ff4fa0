"""What the serving process and the worker processes say to each other.

Between a query's thread and its worker: frames on a stream socket, each a letter, a length and
that many bytes. A worker that is ready sends ``R``; it receives ``Q`` with a `Question`; it sends
any number of ``D`` with parts of the result and always, at the end, one ``E`` with an `Ending`.
A stream that stops without ``E`` is a worker that died: a cut result never passes for a whole one.

Between the pool and the zygote: `forking`.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from enum import Enum

HEADER = struct.Struct("!cI")
READY = b"R"
QUESTION = b"Q"
DATA = b"D"
END = b"E"

DATA_BYTES = 65_536
"""Parts of a result are sent when they reach this size, and at the end."""


class Outcome(Enum):
    """How a query ended, as the worker sees it."""

    COMPLETE = "complete"
    SYNTAX = "syntax"  # the parser refused it
    UNEVALUABLE = "unevaluable"  # an unknown function, an aggregate that cannot be
    REFUSED = "refused"  # the sandbox refused it
    RESULT_LIMIT = "result-limit"
    MEMORY = "memory"
    UNWRITABLE = "unwritable"  # the format asked for cannot hold this result
    FAILED = "failed"  # the store or the worker is at fault


@dataclass(frozen=True)
class Question:
    """One query for a worker.

    Attributes:
        text: the checked query.
        format: name of the format to write (`rdf.formats`); empty to only parse the query.
        default_graphs: IRIs of the protocol's default graph; None leaves the query's own dataset.
        named_graphs: IRIs of its named graphs; None in the same case.
    """

    text: str
    format: str
    default_graphs: tuple[str, ...] | None = None
    named_graphs: tuple[str, ...] | None = None

    def pack(self) -> bytes:
        """Return the frame."""
        return frame(QUESTION, json.dumps(vars(self)).encode())

    @classmethod
    def unpack(cls, payload: bytes) -> Question:
        """Read the payload of a frame."""
        return cls(**json.loads(payload))


@dataclass(frozen=True)
class Ending:
    """The end of a result.

    Attributes:
        outcome: how it ended.
        message: what the evaluator said, when it did not complete.
        line: of a syntax error, in the checked text.
        column: of a syntax error, in the checked text.
        retire: the worker holds on to much memory and asks to be replaced.
    """

    outcome: Outcome
    message: str = ""
    line: int | None = None
    column: int | None = None
    retire: bool = False

    def pack(self) -> bytes:
        """Return the frame."""
        if self == _COMPLETE:
            return frame(END)
        return frame(END, json.dumps(vars(self) | {"outcome": self.outcome.value}).encode())

    @classmethod
    def unpack(cls, payload: bytes) -> Ending:
        """Read the payload of a frame; an empty one, the most frequent, says that all is well."""
        if not payload:
            return _COMPLETE
        values = json.loads(payload)
        return cls(**values | {"outcome": Outcome(values["outcome"])})


_COMPLETE = Ending(Outcome.COMPLETE)


def frame(letter: bytes, payload: bytes = b"") -> bytes:
    r"""Return one frame.

    >>> frame(DATA, b"abc")
    b'D\x00\x00\x00\x03abc'
    """
    return HEADER.pack(letter, len(payload)) + payload
