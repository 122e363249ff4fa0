"""Python as an installed program has it: with its bytecode on disk."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def bytecode_on_disk() -> Iterator[None]:
    """Let the processes started inside keep bytecode, wherever this one may not.

    An installed program finds it there; a checkout may be forbidden to write it, and would compile
    every module in each process anew. The first run of each command still does: it is not measured.
    """
    with tempfile.TemporaryDirectory(prefix="bench-bytecode-") as folder:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        yield
