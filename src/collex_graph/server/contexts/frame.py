"""The frame around every page, and the page of an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Site:
    """The frame around every page.

    Attributes:
        language: the language of the page.
        alternates: language → the address of the same page in it.
        section: the entry of the navigation that is current.
        version: of the software.
        snapshot: identifier of the snapshot, empty when there is none yet.
        snapshot_date: when it was published, in words.
    """

    language: str
    alternates: Mapping[str, str]
    section: str
    version: str
    snapshot: str
    snapshot_date: str


@dataclass(frozen=True)
class ErrorContext:
    """An error: what happened, where, what to do."""

    title: str
    status: int
    detail: str
    where: str
    advice: str
