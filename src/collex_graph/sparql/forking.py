"""A process that forks others when it is asked to, and the questions put to it.

One forks the workers that answer queries (`worker_process`), another the judges of files
(`uploads/judge_process.py`). Questions and answers are packets of JSON, one at a time; with them
travel the descriptors of sockets and of processes.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Final

from collex_graph.settings import child_environment

_PACKET_BYTES: Final = 1 << 16
_PARENT_CHECK_SECONDS: Final = 5.0


class ForkingProcess:
    """Such a process, seen from the one that starts it.

    Its first arguments are the number of its socket and that of this process. It has a session of
    its own: Ctrl-C in a terminal is for the server, which ends the rest.

    Args:
        module: what it runs.
        arguments: further ones.
        is_silent: whether what it and its children write to standard error is thrown away.
        environment: variables beside those that every process of ours has.
    """

    def __init__(
        self, module: str, *arguments: str, is_silent: bool = False, **environment: str
    ) -> None:
        self._module = module
        self._asking = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        packages = str(Path(__file__).resolve().parents[2])
        numbers = (str(theirs.fileno()), str(os.getpid()))
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-P", "-m", module, *numbers, *arguments],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL if is_silent else None,
                start_new_session=True,
                env=child_environment(PYTHONPATH=packages, RUST_BACKTRACE="0", **environment),
            )

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    @property
    def descriptor(self) -> int:
        """A descriptor that is hung up when it ends."""
        return self._control.fileno()

    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def ask(
        self, question: bytes, seconds: float | None, *handed: int
    ) -> tuple[dict[str, Any], list[int]]:
        """Put a question to it; return the answer and the descriptors that came with it.

        Args:
            question: a packet; empty to wait for what it says first.
            seconds: how long to wait; None for as long as it takes.
            handed: descriptors that go with the question.

        Raises:
            OSError: when there is no answer; the process has ended then, or is killed.
        """
        with self._asking:
            try:
                self._control.settimeout(seconds)
                if question:
                    socket.send_fds(self._control, [question], handed)
                answer, handles, _, _ = socket.recv_fds(self._control, _PACKET_BYTES, 1)
            except BaseException:
                # An answer that nobody took would be taken for that to the next question.
                self._process.kill()
                raise
        if not answer:
            raise OSError(f"the process {self._module} has ended")
        told: dict[str, Any] = json.loads(answer)
        return told, handles

    def close(self) -> None:
        """End it."""
        self._control.close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def next_question(control: socket.socket, parent: int) -> tuple[bytes, list[int]]:
    """Wait, in such a process, for a question and the descriptors that come with it.

    Args:
        control: its socket.
        parent: number of the process that started it.

    Returns:
        An empty question when that one has gone, even if others hold its socket open.
    """
    control.settimeout(_PARENT_CHECK_SECONDS)
    while True:
        try:
            question, descriptors, _, _ = socket.recv_fds(control, _PACKET_BYTES, 1)
        except TimeoutError:
            if os.getppid() == parent:
                continue
            return b"", []
        except OSError:
            return b"", []
        return question, descriptors
