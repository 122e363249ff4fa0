"""Compressed files and archives: unpacked into a folder that the caller removes.

Nothing in an archive is trusted: a member is written under a number, never under the path that the
archive gives, and only plain files are; what is unpacked is counted as it is written. An archive
that breaks off gives what came before the break. A process that reads files of strangers lowers the
limits (`lower_limits`).

==========================  =====================================================================
`MAX_MEMBERS`               files in one archive
`MAX_UNPACKED_BYTES`        of all that one archive or compressed file holds
`MAX_RATIO`                 unpacked bytes for each packed one, once `FREE_BYTES` are unpacked
==========================  =====================================================================
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Final, cast

from collex_graph.sources.files import inner_name, is_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MAX_MEMBERS = 200_000
MAX_UNPACKED_BYTES = 16 << 30
MAX_RATIO = 250
FREE_BYTES = 64 << 20

_CHUNK_BYTES = 1 << 20
_BROKEN: Final = (
    tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, OSError, ValueError,
    NotImplementedError, RuntimeError,
)  # fmt: skip
"""What the standard library raises for archives that are damaged, or of a kind it does not know."""


@dataclass(frozen=True)
class Unpacked:
    """A file out of an archive, or why there is none.

    Attributes:
        member: its path in the archive; empty for the archive itself, or what a ``.gz`` holds.
        path: where it is now; None where it could not be unpacked.
        problem: why, in words.
    """

    member: str
    path: Path | None
    problem: str = ""


class _BombError(Exception):
    """More was unpacked than is allowed."""


_lowered: dict[str, int] = {}


def lower_limits(*, members: int, unpacked_bytes: int) -> None:
    """Allow less than usual to every archive that this process unpacks from now on."""
    _lowered.update(members=members, unpacked_bytes=unpacked_bytes)


def unpack(archive: Path, folder: Path, wanted: Callable[[str], bool]) -> Iterator[Unpacked]:
    """Unpack an archive or a compressed file.

    Args:
        archive: the file.
        folder: receives the files.
        wanted: says from a member's name whether it is unpacked.
    """
    space = _Space(archive.stat().st_size)
    name = inner_name(archive.name)
    try:
        if name is None:
            yield from _unpack_members(archive, folder, wanted, space)
        else:
            with _open_compressed(archive) as stream:
                space.write(stream, folder / name)
            yield Unpacked("", folder / name)
    except _BombError as error:
        problem = f"{error}: this is no archive of records; unpack it and look at it"
        yield Unpacked("", None, problem)
    except _BROKEN as error:
        yield Unpacked("", None, f"the archive is damaged or breaks off ({error})")


def _unpack_members(
    archive: Path, folder: Path, wanted: Callable[[str], bool], space: _Space
) -> Iterator[Unpacked]:
    is_zip = archive.suffix.lower() == ".zip"
    seen: set[str] = set()
    with (_zip_members if is_zip else _tar_members)(archive) as members:
        for number, (member, refusal, open_member) in enumerate(members):
            space.count(number)
            problem = refusal
            if _is_unsafe(member):
                problem = "its path leads out of the archive"
            elif not wanted(member):
                yield Unpacked(member, None)
                continue
            elif is_archive(member) or inner_name(member) is not None:
                problem = "what is packed twice is not read: unpack it"
            elif member in seen:
                problem = "the archive holds two files of this path"
            if problem:
                yield Unpacked(member, None, problem)
                continue
            seen.add(member)
            target = folder / str(number) / PurePosixPath(member).name
            target.parent.mkdir()
            with open_member() as stream:
                space.write(stream, target)
            yield Unpacked(member, target)


def _open_compressed(path: Path) -> IO[bytes]:
    ending = path.suffix.lower()
    if ending == ".bz2":
        return bz2.open(path)
    return cast("IO[bytes]", lzma.open(path) if ending == ".xz" else gzip.open(path))


class _Space:
    """How much an archive has grown.

    Args:
        packed: its size in bytes.
    """

    def __init__(self, packed: int) -> None:
        self._packed = max(packed, 1)
        self._unpacked = 0

    def count(self, members: int) -> None:
        """Refuse too many members."""
        most = min(MAX_MEMBERS, _lowered.get("members", MAX_MEMBERS))
        if members >= most:
            raise _BombError(f"it holds more than {most:,} files")

    def write(self, stream: IO[bytes], target: Path) -> None:
        """Copy a stream into a file; a file that is not whole is removed."""
        try:
            with target.open("xb") as file:
                while chunk := stream.read(_CHUNK_BYTES):
                    self._grow(len(chunk))
                    file.write(chunk)
        except BaseException:
            target.unlink(missing_ok=True)
            raise

    def _grow(self, size: int) -> None:
        self._unpacked += size
        most = min(MAX_UNPACKED_BYTES, _lowered.get("unpacked_bytes", MAX_UNPACKED_BYTES))
        if self._unpacked > most:
            raise _BombError(f"it unpacks to more than {most / (1 << 30):.3g} GB")
        if self._unpacked > FREE_BYTES and self._unpacked > MAX_RATIO * self._packed:
            raise _BombError(f"it unpacks to more than {MAX_RATIO} times its size")


_Member = tuple[str, str, "Callable[[], IO[bytes]]"]
"""Path in the archive, why it is not read, what opens it."""


@contextmanager
def _zip_members(archive: Path) -> Iterator[Iterator[_Member]]:
    with zipfile.ZipFile(archive) as opened:

        def members() -> Iterator[_Member]:
            for info in opened.infolist():
                mode = info.external_attr >> 16
                if info.is_dir() or stat.S_ISDIR(mode):
                    continue
                problem = ""
                if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                    problem = "it is a link or a device, not a file"
                elif info.flag_bits & 1:
                    problem = "it is protected by a password"
                yield info.filename, problem, lambda info=info: opened.open(info)  # type: ignore[misc]

        yield members()


@contextmanager
def _tar_members(archive: Path) -> Iterator[Iterator[_Member]]:
    with tarfile.open(archive, "r|*") as opened:

        def members() -> Iterator[_Member]:
            for info in opened:
                if info.isdir():
                    continue
                problem = "" if info.isreg() else "it is a link or a device, not a file"

                def open_member(info: tarfile.TarInfo = info) -> IO[bytes]:
                    stream = opened.extractfile(info)
                    assert stream is not None
                    return stream

                yield info.name.removeprefix("./"), problem, open_member
                opened.members.clear()  # type: ignore[attr-defined]

        yield members()


def _is_unsafe(member: str) -> bool:
    r"""Say whether a path leads out of the folder that it is unpacked in.

    >>> [_is_unsafe(m) for m in ("a/b.xml", "../b.xml", "/b.xml", "a\\..\\b.xml", "C:/b.xml", "")]
    [False, True, True, True, True, True]
    """
    path = PurePosixPath(member.replace("\\", "/"))
    return (
        path.is_absolute()
        or ".." in path.parts
        or not path.name
        or "\0" in member
        or path.parts[0].endswith(":")
    )
