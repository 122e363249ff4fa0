"""The process that judges files: a zygote, and a child of it for each file.

Run as ``python -m collex_graph.uploads.judge_process FD PARENT``. The zygote has read the rules and
checked a file of our own before it forks, so a small file is judged in half a second. A child has a
session of its own, limits on memory, time and files, one processor, no network and no other program
(`sparql/sandbox.py`); it judges one file and ends. The zygote kills it with whatever it began, and
when the serving process has gone, removes what that left on disk.

No child writes a log: a message could quote the file.
"""

from __future__ import annotations

import errno
import gc
import io
import json
import os
import random
import resource
import shutil
import signal
import socket
import sys
import tempfile
import traceback
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from collex_graph.errors import (
    ConfigurationError,
    SnapshotNotFoundError,
    UnreadableSourceError,
)
from collex_graph.model import Severity
from collex_graph.pipeline.checking import Checked, check_files
from collex_graph.repair import changes_csv
from collex_graph.settings import Settings
from collex_graph.sources import find_source_files
from collex_graph.sources.archives import lower_limits
from collex_graph.sources.files import inner_name, is_archive
from collex_graph.sparql.forking import next_question
from collex_graph.sparql.sandbox import (
    die_with_parent,
    forbid_system_calls,
    limit_memory,
    return_free_memory,
)
from collex_graph.store.snapshot import open_snapshot
from collex_graph.uploads.check_in_words import compared_with
from collex_graph.uploads.formats import REPORT_FORMATS
from collex_graph.uploads.frames import (
    CHANGES,
    CORRECTED,
    HEADER,
    PAGE,
    Job,
    Outcome,
    write_answer,
)
from collex_graph.uploads.page_view import page_view
from collex_graph.uploads.report_formats import write_report
from collex_graph.validation.reasons import in_french
from collex_graph.validation.report import known_rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from collex_graph.model import Snapshot
    from collex_graph.repair import Corrected

MOST_MEMBERS: Final = 2_000
"""Files of an archive."""

MOST_IN_A_PAGE: Final = 2_000
"""Results up to which the documents that accompany a page are written."""

_FILES_OPEN: Final = 512
_SAID_FIRST: Final = ("fails", "fail_on", "known", "files", "left_alone", "unknown")
"""Of the head, what a report in JSON says too."""
_FAIL_ON: Final = {severity.value.lower(): severity for severity in Severity}
_OUR_OWN: Final = (
    "publication_title\tprint_identifier\tonline_identifier\ttitle_url\ttitle_id\tpublication_type\n"
    "Revue\t0000-0000\t\thttps://example.org/\tr\tserial\n"
)


# --- the child -----------------------------------------------------------------------------------


def judge(job: Job) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Check a file; return what is said of it as a whole, and the documents that are wanted.

    Raises:
        ConfigurationError: when it looks like nothing that is known.
    """
    checked = check_files(
        [Path(job.file)],
        base_iri=job.base_iri,
        day=job.day,
        source=job.source or None,
        correct=CORRECTED in job.documents,
        beside=_snapshot(job),
    )
    rules = known_rules()
    documents: dict[str, bytes] = {}
    head = _head(checked, _FAIL_ON[job.fail_on])
    is_page = PAGE in job.documents
    if checked.corrected:
        head["corrected"], files = _corrected(checked.corrected, job)
        documents |= {name: body for name, body in files.items() if name in job.documents}
    for name in job.documents:
        if name != PAGE and is_page and len(checked.report.results) > MOST_IN_A_PAGE:
            continue
        if name in REPORT_FORMATS:
            written = io.BytesIO()
            write_report(
                written,
                name,
                checked.report,
                language=job.language,
                base_iri=job.base_iri,
                rules=rules,
                head=compared_with(checked.beside)[job.language],
                about={key: head[key] for key in _SAID_FIRST},
            )
            documents[name] = written.getvalue()
        elif name == PAGE:
            view = page_view(
                checked, Path(job.file), job.language, Path(job.folder), base_iri=job.base_iri
            )
            documents[name] = json.dumps(view, ensure_ascii=False).encode("utf-8", "replace")
    return head, documents


def _snapshot(job: Job) -> Snapshot | None:
    """Return the snapshot whose things are known.

    None where it has just been removed, or has another base of IRIs: nothing of it would be found.
    """
    if not job.snapshot:
        return None
    try:
        snapshot = open_snapshot(Path(job.snapshot))
    except SnapshotNotFoundError:
        return None
    return snapshot if snapshot.manifest.get("base_iri") == job.base_iri else None


def _corrected(corrected: Sequence[Corrected], job: Job) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return what is said of the corrected file, it and the list of changes.

    Of an archive it is an archive again, of the files in which something was corrected; where
    nothing could be, there is the list alone.
    """
    documents = {CHANGES: changes_csv(corrected, job.language)}
    changed = [file for file in corrected if file.applied]
    name = ""
    if len(changed) == 1 and not is_archive(job.file) and inner_name(job.file) is None:
        name, documents[CORRECTED] = changed[0].name, changed[0].content
    elif changed:
        name = f"{Path(job.file).name.partition('.')[0]}.zip"
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in changed:
                archive.writestr(file.name, file.content)
        documents[CORRECTED] = packed.getvalue()
    told = {
        "name": name,
        "applied": sum(len(file.applied) for file in corrected),
        "left": sum(len(file.left) for file in corrected),
    }
    return told, documents


def _head(checked: Checked, fail_on: Severity) -> dict[str, Any]:
    report = checked.report
    published = [result for result in report.results if not result.internal]
    return {
        "outcome": Outcome.JUDGED,
        "conforms": report.conforms,
        "fails": checked.fails(fail_on),
        "fail_on": fail_on.value.lower(),
        "counts": {s.value: sum(r.severity is s for r in published) for s in Severity},
        "known": checked.beside or "",
        "internal": len(report.results) - len(published),
        "files": [
            {"name": f.name, "source": f.source, "alike": list(f.alike), "records": f.records}
            for f in checked.files
        ],
        "left_alone": [*(path.name for path in checked.ignored), *checked.unknown],
        "unknown": checked.unknown,
    }


def _shut_in(job: Job) -> None:
    """Give up everything that judging a file does not need."""
    tempfile.tempdir = job.folder
    os.chdir(job.folder)
    # One processor: whoever counts them starts no other process.
    os.sched_setaffinity(0, {random.choice(sorted(os.sched_getaffinity(0)))})  # noqa: S311
    lower_limits(members=MOST_MEMBERS, unpacked_bytes=job.disk_bytes)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES_OPEN, _FILES_OPEN))
    resource.setrlimit(resource.RLIMIT_CPU, (job.cpu_seconds, job.cpu_seconds + 1))
    limit_memory(job.memory_bytes, file_bytes=job.disk_bytes)
    forbid_system_calls()


def _why(job: Job) -> Mapping[str, str]:
    """Say in each language what is wrong with an archive, the first thing; else say nothing."""
    try:
        files, _ = find_source_files("", Path(job.file), Path(job.folder) / "why", digests=False)
    except UnreadableSourceError:
        return {}
    why = next((file.problem for file in files if file.problem), None)
    return {"fr": in_french(why), "en": why} if why else {}


def _answer(job: Job) -> tuple[Mapping[str, Any], Mapping[str, bytes]]:
    try:
        return judge(job)
    except (MemoryError, RecursionError):
        return {"outcome": Outcome.MEMORY}, {}
    except OSError as error:
        # the limit of a file, of the disk, of open files, of memory
        if error.errno in (errno.EFBIG, errno.ENOSPC, errno.EMFILE, errno.ENOMEM):
            return {"outcome": Outcome.MEMORY}, {}
        return {"outcome": Outcome.FAILED, "where": f"OSError {error.errno}"}, {}
    except (ConfigurationError, UnreadableSourceError):
        return {"outcome": Outcome.UNCHECKABLE, "why": _why(job)}, {}
    # Rust's panics arrive as BaseException. What they say may quote the file: where is enough.
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"
        return {"outcome": Outcome.FAILED, "where": where}, {}


def _be_judge(connection: socket.socket, zygote: int) -> NoReturn:
    code = 1
    try:
        die_with_parent(zygote)
        os.setsid()
        with connection.makefile("rb") as incoming, connection.makefile("wb") as stream:
            (length,) = HEADER.unpack(incoming.read(HEADER.size))
            job = Job.unpack(incoming.read(length))
            _shut_in(job)
            head, documents = _answer(job)
            try:
                write_answer(stream, head, documents)
            except MemoryError:
                write_answer(stream, {"outcome": Outcome.MEMORY}, {})
        code = 0
    except BaseException:  # nobody to tell: the serving process sees the end
        code = 1
    finally:
        os._exit(code)


# --- the zygote ----------------------------------------------------------------------------------


class Zygote:
    """Forks a judge on demand, and ends it when told.

    Args:
        control: the socket to the serving process.
        parent: its number.
        root: the folder of all jobs, removed when the serving process has gone.
    """

    def __init__(self, control: socket.socket, parent: int, root: Path) -> None:
        self._control = control
        self._parent = parent
        self._root = root
        self._children: set[int] = set()

    def run(self) -> None:
        """Serve until the serving process has gone."""
        _prepare()
        self._reply({})
        while True:
            packet, descriptors = self._receive()
            asked = json.loads(packet)
            if asked["do"] == "fork":
                self._fork(socket.socket(fileno=descriptors[0]))
            else:
                self._reply({"code": self._end(int(asked["pid"]))})

    def _fork(self, connection: socket.socket) -> None:
        zygote = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            self._reply({"error": str(error)})
        else:
            if pid == 0:
                self._control.close()
                _be_judge(connection, zygote)
            self._children.add(pid)
            self._reply({"pid": pid})
        finally:
            connection.close()

    def _end(self, pid: int) -> int | None:
        """Kill a judge with its session, and say how it ended; it may have ended by itself."""
        if pid not in self._children:
            return None
        self._children.discard(pid)
        for kill in (os.killpg, os.kill):  # before it has a session, it has no group of its own
            try:
                kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def _receive(self) -> tuple[bytes, list[int]]:
        question, descriptors = next_question(self._control, self._parent)
        if not question:
            self._leave()
        return question, descriptors

    def _reply(self, answer: dict[str, Any]) -> None:
        try:
            self._control.send(json.dumps(answer).encode())
        except OSError:
            self._leave()

    def _leave(self) -> NoReturn:
        for pid in sorted(self._children):
            self._end(pid)
        shutil.rmtree(self._root, ignore_errors=True)
        os._exit(0)


def _prepare() -> None:
    """Read and compile, once for all children, what judging any file needs."""
    with tempfile.TemporaryDirectory(prefix="collex-graph-") as folder:
        path = Path(folder) / "revues.txt"
        path.write_text(_OUR_OWN, encoding="utf-8")
        settings = Settings()
        check_files([path], base_iri=settings.base_iri, day=settings.day)
    known_rules()
    return_free_memory()
    gc.collect()
    gc.freeze()  # the collector of a child must not touch, and so copy, these pages


def main(arguments: list[str]) -> None:
    """Be the zygote; the arguments are the socket's number, the parent's, the folder of jobs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=int(arguments[0]))
    Zygote(control, int(arguments[1]), Path(arguments[2])).run()


if __name__ == "__main__":
    main(sys.argv[1:])
