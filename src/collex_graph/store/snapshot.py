"""Published snapshots on disk, and the one that is current.

A snapshot is a folder ``{var}/snapshots/{identifier}/`` that is never altered. ``current`` is a
symbolic link beside them. A build works in ``.building-…`` and becomes a snapshot by one rename, so
that a build killed at any moment leaves nothing that looks like a snapshot.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from collex_graph.errors import SnapshotNotFoundError
from collex_graph.model import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_IDENTIFIER = re.compile(r"\d{4}-\d{2}-\d{2}T\d{6}Z(-\d+)?")
_BUILDING = ".building-"
KEPT_FOR_NEXT_BUILD = ("parts", "members")
"""Folders of a snapshot that only a later build reads."""


def snapshots_folder(var: Path) -> Path:
    """Return the folder that holds the snapshots."""
    return var / "snapshots"


def open_snapshot(directory: Path) -> Snapshot:
    """Read the manifest of one snapshot.

    Raises:
        SnapshotNotFoundError: when the folder is not a whole snapshot; the message says why.
    """
    path = directory / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        created = datetime.fromisoformat(manifest["created"])
        counts = {str(name): int(count) for name, count in manifest["counts"].items()}
    except FileNotFoundError:
        raise SnapshotNotFoundError(f"{directory} holds no snapshot: no manifest.json") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SnapshotNotFoundError(
            f"{path} is damaged ({error}); publish the data again with `collex-graph build`"
        ) from None
    if not (directory / "store").is_dir():
        raise SnapshotNotFoundError(
            f"{directory} has lost its store; publish the data again with `collex-graph build`"
        )
    return Snapshot(directory, created, counts, manifest)


def list_snapshots(var: Path) -> list[Snapshot]:
    """Return the whole snapshots, oldest first; a damaged one is left out."""
    folder = snapshots_folder(var)
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if _IDENTIFIER.fullmatch(path.name):
            with contextlib.suppress(SnapshotNotFoundError):
                found.append(open_snapshot(path))
    return sorted(found, key=lambda snapshot: (snapshot.created, snapshot.identifier))


def current_snapshot(var: Path) -> Snapshot:
    """Return the snapshot that is served.

    Raises:
        SnapshotNotFoundError: when nothing has been published yet.
    """
    link = snapshots_folder(var) / "current"
    try:
        target = link.resolve(strict=True)
    except OSError:
        raise SnapshotNotFoundError(
            f"no snapshot in {var}; make one with `collex-graph build SOURCE=PATH… --var {var}`"
        ) from None
    return open_snapshot(target)


def named_snapshot(var: Path, identifier: str) -> Snapshot:
    """Return a snapshot that is kept.

    Raises:
        SnapshotNotFoundError: when there is no such snapshot; the message names those there are.
    """
    if not _IDENTIFIER.fullmatch(identifier):
        raise SnapshotNotFoundError(f"{identifier!r} is not the name of a snapshot")
    directory = snapshots_folder(var) / identifier
    if not directory.is_dir():
        kept = ", ".join(snapshot.identifier for snapshot in list_snapshots(var)) or "none"
        raise SnapshotNotFoundError(f"no snapshot {identifier} in {var}; kept: {kept}")
    return open_snapshot(directory)


def switch_to(var: Path, identifier: str) -> Snapshot:
    """Make a snapshot the current one, atomically.

    Raises:
        SnapshotNotFoundError: when there is no such snapshot.
    """
    snapshot = named_snapshot(var, identifier)
    folder = snapshots_folder(var)
    temporary = folder / f".current-{os.getpid()}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(identifier)
    temporary.replace(folder / "current")
    _flush_folder(folder)
    return snapshot


def prune_snapshots(var: Path, keep: int) -> list[str]:
    """Remove the oldest snapshots, never the current one; return the identifiers removed.

    Args:
        var: the data folder.
        keep: how many of the newest to keep, at least 1.
    """
    snapshots = list_snapshots(var)
    current = current_snapshot(var).identifier if snapshots else None
    removed = []
    for snapshot in snapshots[: -max(keep, 1)]:
        if snapshot.identifier == current:
            continue
        # renamed first, so that a removal cut short leaves no half snapshot in the list
        doomed = snapshot.directory.with_name(f".removing-{snapshot.identifier}")
        snapshot.directory.rename(doomed)
        shutil.rmtree(doomed)
        removed.append(snapshot.identifier)
    return removed


@contextlib.contextmanager
def building_folder(var: Path) -> Iterator[Path]:
    """Give a folder to build a snapshot in; it is removed unless `publish` renamed it.

    Folders left behind by builds that died are removed first: a living build holds a lock on its
    own folder.
    """
    folder = snapshots_folder(var)
    folder.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(folder)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    building = folder / f"{_BUILDING}{stamp}-{os.getpid()}"
    building.mkdir()
    lock = os.open(building / ".lock", os.O_CREAT | os.O_RDWR, 0o644)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield building
    finally:
        os.close(lock)
        shutil.rmtree(building, ignore_errors=True)


def publish(building: Path, created: datetime) -> Snapshot:
    """Rename a finished build to its identifier and make it current.

    Args:
        building: the folder, with ``manifest.json`` written last.
        created: the moment that names it (UTC).
    """
    folder = building.parent
    for path in sorted(building.rglob("*")):
        # what is kept for the next build is checked before it is used, and may be lost
        if path.is_file() and path.relative_to(building).parts[0] not in KEPT_FOR_NEXT_BUILD:
            _flush_file(path)
    _flush_folder(building)
    base = created.strftime("%Y-%m-%dT%H%M%SZ")
    number = 1
    while True:
        identifier = base if number == 1 else f"{base}-{number}"
        try:
            # a rename onto a folder that is not empty fails, so a name is never taken twice
            building.rename(folder / identifier)
        except OSError:
            if not (folder / identifier).exists():
                raise
            number += 1
            continue
        break
    # not before: without its lock a build looks like one that died
    (folder / identifier / ".lock").unlink(missing_ok=True)
    _flush_folder(folder)
    return switch_to(folder.parent, identifier)


def _remove_leftovers(folder: Path) -> None:
    for path in folder.iterdir():
        is_dead = path.name.startswith(_BUILDING) and not _is_locked(path / ".lock")
        if is_dead or path.name.startswith(".removing-"):
            shutil.rmtree(path, ignore_errors=True)


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        # between mkdir and the lock a new build looks like a dead one: give it a minute
        with contextlib.suppress(OSError):
            return datetime.now(UTC).timestamp() - path.parent.stat().st_mtime < 60
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _flush_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_folder(path: Path) -> None:
    _flush_file(path)
