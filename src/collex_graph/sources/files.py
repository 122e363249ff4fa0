"""Which files are source files: of a folder, of a pattern, of an archive."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from collex_graph.errors import UnreadableSourceError
from collex_graph.model import SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from tempfile import TemporaryDirectory

    from collex_graph.sources.archives import Unpacked

MEDIA_TYPES = {
    ".xml": "application/xml",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".tab": "text/tab-separated-values",
    ".txt": "text/plain",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".rdf": "application/rdf+xml",
    ".rdfn3": "text/n3",
    ".n3": "text/n3",
    ".ttl": "text/turtle",
    ".nt": "application/n-triples",
    ".nq": "application/n-quads",
    ".jsonld": "application/ld+json",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".ndjson": "application/x-ndjson",
}
ARCHIVES: Final = ".zip, .tar, .tar.gz, .tgz, and .gz, .bz2 or .xz of one file"

_TAR_ENDINGS: Final = (
    ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz",
)  # fmt: skip
_COMPRESSIONS: Final = (".gz", ".bz2", ".xz")
_WILD = frozenset("*?[")


def is_archive(name: str) -> bool:
    """Say whether a file of this name holds other files.

    >>> is_archive("people.tar.gz"), is_archive("people.rdf.gz")
    (True, False)
    """
    return name.lower().endswith((*_TAR_ENDINGS, ".zip"))


def inner_name(name: str) -> str | None:
    """Return the name that a compressed file has without its compression; None for others.

    >>> inner_name("notice.xml.gz"), inner_name("people.tar.gz"), inner_name("notice.xml")
    ('notice.xml', None, None)
    """
    if is_archive(name):
        return None
    ending = next((end for end in _COMPRESSIONS if name.lower().endswith(end)), None)
    return None if ending is None else name[: -len(ending)]


def is_pattern(path: Path) -> bool:
    """Say whether a path that does not exist is a pattern of files.

    >>> is_pattern(Path("lists/*FRANCE*.txt")), is_pattern(Path("lists/a.txt"))
    (True, False)
    """
    return bool(_WILD & set(str(path))) and not path.exists()


def find_source_files(
    dataset: str, path: Path, unpacked: Path | None = None, *, digests: bool = True
) -> tuple[list[SourceFile], list[Path]]:
    """Find the source files at a path, in the order of their names.

    Args:
        dataset: short name of the source dataset they belong to.
        path: a file, an archive, a folder that is searched with its subfolders, or a pattern
            (``lists/*FRANCE*.txt``, ``**`` for any folders).
        unpacked: folder for what archives hold, which the caller removes; None for a temporary one
            that goes when the program ends.
        digests: compute `SourceFile.sha256`; where nothing is published nobody asks for it.

    Returns:
        The files that a reader exists for, and the others, which are no error: a folder may hold
        a ``PROVENANCE.md``. An archive that cannot be unpacked, or a part of it, is a file with a
        `SourceFile.problem`.

    Raises:
        UnreadableSourceError: when there is nothing at the path, one file that no reader reads, or
            a folder that cannot be listed.
    """
    search = _Search(dataset, unpacked, digests=digests)
    if path.is_dir():
        for parts, file in sorted(_files_below(path)):
            search.take(file, "/".join(parts))
    elif is_pattern(path):
        base, pattern = _split_pattern(path)
        found = sorted(file for file in base.glob(pattern) if file.is_file())
        if not found:
            raise UnreadableSourceError(path, "no file has such a name")
        for file in found:
            search.take(file, file.relative_to(base).as_posix())
    elif path.is_file():
        search.take(path, path.name)
        if not search.files:
            raise UnreadableSourceError(
                path, f"no reader for {path.suffix or 'a file without extension'}"
                f"{', save the workbook as .xlsx' * (path.suffix.lower() in ('.ods', '.xls'))}; "
                f"known ones: {', '.join(MEDIA_TYPES)}; archives: {ARCHIVES}"
            )  # fmt: skip
    else:
        raise UnreadableSourceError(path, "there is no such file or folder")
    return search.files, search.ignored


def describe_file(
    dataset: str, path: Path, *, shown: str = "", label: str = "", digest: bool = True
) -> SourceFile:
    """Say of one file what is known before it is read.

    Args:
        dataset: short name of its source dataset.
        path: where it is.
        shown: as for `SourceFile`.
        label: as for `SourceFile`.
        digest: compute `SourceFile.sha256`.

    Raises:
        UnreadableSourceError: when its bytes cannot be read.
    """
    try:
        with path.open("rb", buffering=0) as stream:
            sha256 = _digest_of(stream) if digest else ""
            size = stream.seek(0, os.SEEK_END)
    except OSError as error:
        raise UnreadableSourceError(path, f"cannot be read: {error.strerror}") from error
    return SourceFile(
        path=path,
        dataset=dataset,
        media_type=MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream"),
        sha256=sha256,
        size_bytes=size,
        shown=shown,
        label=label,
    )


def _digest_of(stream: io.FileIO | io.BytesIO) -> str:
    # a small file is mapped in less time than this takes to import
    import hashlib  # noqa: PLC0415

    return hashlib.file_digest(stream, "sha256").hexdigest()


def _files_below(folder: Path) -> Iterator[tuple[tuple[str, ...], Path]]:
    """Yield each file below a folder: its path from there, in parts, and itself."""

    def refuse(error: OSError) -> None:
        # to go on would publish the folder's records as gone
        where = Path(error.filename)
        raise UnreadableSourceError(where, f"cannot be listed: {error.strerror}") from error

    for around, _, names in os.walk(folder, onerror=refuse):
        inside = Path(around)
        parts = inside.relative_to(folder).parts
        for name in names:
            file = inside / name
            if file.is_file():
                yield (*parts, name), file


def _split_pattern(path: Path) -> tuple[Path, str]:
    """Split a pattern into the folder where it starts, and the rest.

    >>> _split_pattern(Path("lists/2023/*/a?.txt"))[1]
    '*/a?.txt'
    """
    parts = path.parts
    first = next(place for place, part in enumerate(parts) if _WILD & set(part))
    return Path(*parts[:first]), str(PurePosixPath(*parts[first:]))


class _Search:
    """Collects files.

    Args:
        dataset: as for `find_source_files`.
        unpacked: as for `find_source_files`.
        digests: as for `find_source_files`.
    """

    def __init__(self, dataset: str, unpacked: Path | None, *, digests: bool) -> None:
        self.files: list[SourceFile] = []
        self.ignored: list[Path] = []
        self._dataset = dataset
        self._unpacked = unpacked
        self._digests = digests

    def take(self, path: Path, label: str) -> None:
        """Take a file, or what it holds."""
        name = path.name
        if _is_known(name):
            self.files.append(self._describe(path, name, label))
        elif is_archive(name):
            self._take_archive(path, label)
        elif (inner := inner_name(name)) is not None and _is_known(inner):
            self._take_compressed(path, label)
        else:
            self.ignored.append(path)

    def _take_archive(self, archive: Path, label: str) -> None:
        members = self._unpack(archive, _is_wanted)
        for found in sorted(members, key=lambda unpacked: PurePosixPath(unpacked.member).parts):
            shown = f"{archive.name}/{found.member}" if found.member else archive.name
            below = f"{label}/{found.member}" if found.member else label
            if found.problem:
                self.files.append(self._refused(shown, below, archive, found.problem))
            elif found.path is None:
                self.ignored.append(archive / found.member)
            else:
                self.files.append(self._describe(found.path, shown, below))

    def _take_compressed(self, path: Path, label: str) -> None:
        for found in self._unpack(path, _is_known):
            if found.path is None:
                self.files.append(self._refused(path.name, label, path, found.problem))
            else:
                packed = self._describe(found.path, path.name, label)
                # the file as published is the packed one
                whole = describe_file(self._dataset, path, digest=self._digests)
                self.files.append(replace(packed, sha256=whole.sha256, size_bytes=whole.size_bytes))

    def _unpack(self, archive: Path, wanted: Callable[[str], bool]) -> Iterator[Unpacked]:
        # most sources are plain files, some of them read in less time than these take to import
        import tempfile  # noqa: PLC0415

        from collex_graph.sources.archives import unpack  # noqa: PLC0415

        if self._unpacked is None:
            self._unpacked = Path(_temporary_folder().name)
        self._unpacked.mkdir(parents=True, exist_ok=True)
        return unpack(archive, Path(tempfile.mkdtemp(dir=self._unpacked)), wanted)

    def _describe(self, path: Path, name: str, label: str) -> SourceFile:
        shown = name if name != path.name else ""
        return describe_file(self._dataset, path, shown=shown, label=label, digest=self._digests)

    def _refused(self, name: str, label: str, archive: Path, problem: str) -> SourceFile:
        sha256 = _digest_of(io.BytesIO(f"{label}\0{problem}".encode())) if self._digests else ""
        return SourceFile(
            path=archive,
            dataset=self._dataset,
            media_type="application/octet-stream",
            sha256=sha256,
            size_bytes=archive.stat().st_size,
            shown=name,
            label=label,
            problem=problem,
        )


def _is_known(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in MEDIA_TYPES


def _is_wanted(member: str) -> bool:
    """Say whether a member may be a source file; what macOS adds to archives is none."""
    path = PurePosixPath(member)
    if "__MACOSX" in path.parts or path.name.startswith("._"):
        return False
    return _is_known(member) or is_archive(member) or inner_name(path.name) is not None


@lru_cache(maxsize=1)
def _temporary_folder() -> TemporaryDirectory[str]:
    from tempfile import TemporaryDirectory  # noqa: PLC0415

    return TemporaryDirectory(prefix="collex-graph-")
