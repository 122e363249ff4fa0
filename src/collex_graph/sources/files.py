"""Which files of a folder are source files."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from collex_graph.errors import UnreadableSourceError
from collex_graph.model import SourceFile

if TYPE_CHECKING:
    from pathlib import Path

MEDIA_TYPES = {
    ".xml": "application/xml",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".tab": "text/tab-separated-values",
    ".txt": "text/plain",
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


def find_source_files(dataset: str, path: Path) -> tuple[list[SourceFile], list[Path]]:
    """Find the source files at a path, in the order of their names.

    Args:
        dataset: short name of the source dataset they belong to.
        path: a file, or a folder that is searched with its subfolders.

    Returns:
        The files that a reader exists for, and the others, which are no error: a folder may hold
        a ``PROVENANCE.md``.

    Raises:
        UnreadableSourceError: when there is nothing at the path, or one file that no reader reads.
    """
    if path.is_dir():
        found = sorted(
            (file for file in path.rglob("*") if file.is_file()),
            key=lambda file: file.relative_to(path).parts,
        )
        ignored = [file for file in found if file.suffix.lower() not in MEDIA_TYPES]
        return [describe_file(dataset, file) for file in found if file not in set(ignored)], ignored
    if not path.is_file():
        raise UnreadableSourceError(path, "there is no such file or folder")
    if path.suffix.lower() not in MEDIA_TYPES:
        raise UnreadableSourceError(
            path, f"no reader for {path.suffix or 'a file without extension'}; "
            f"known ones: {', '.join(MEDIA_TYPES)}"
        )  # fmt: skip
    return [describe_file(dataset, path)], []


def describe_file(dataset: str, path: Path) -> SourceFile:
    """Say of one file what is known before it is read.

    Raises:
        UnreadableSourceError: when its bytes cannot be read.
    """
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            size = stream.tell()
    except OSError as error:
        raise UnreadableSourceError(path, f"cannot be read: {error.strerror}") from error
    return SourceFile(
        path=path,
        dataset=dataset,
        media_type=MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream"),
        sha256=digest,
        size_bytes=size,
    )
