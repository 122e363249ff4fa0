"""What all pages are made of: words, nodes, links, facts, counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Text:
    """Words of the data, with the language they are in (empty: not stated)."""

    kind: ClassVar[str] = "text"
    value: str
    language: str = ""
    derived: bool = False


@dataclass(frozen=True)
class Authority:
    """The mark of an authority file: its name, the identifier there, and the record's address."""

    key: str
    name: str
    identifier: str
    href: str


@dataclass(frozen=True)
class Node:
    """Something with a page here.

    Attributes:
        iri: its IRI.
        label: what to call it.
        href: the path of its page on this site.
        authority: the authority file it comes from, where it does.
        derived: said by an inference of ours, not by a source.
    """

    kind: ClassVar[str] = "node"
    iri: str
    label: Text
    href: str
    authority: Authority | None = None
    derived: bool = False


@dataclass(frozen=True)
class WebLink:
    """An address elsewhere; ``host`` tells the reader where the link leads."""

    kind: ClassVar[str] = "link"
    label: Text
    href: str
    host: str


Value = Text | Node | WebLink


@dataclass(frozen=True)
class Fact:
    """One line of a fact list.

    Attributes:
        label: its name.
        values: the values shown.
        curie: its property.
        more: how many more values there are; ``more_href`` leads to all of them.
    """

    label: str
    values: tuple[Value, ...]
    curie: str = ""
    more: int = 0
    more_href: str = ""

    @property
    def inline(self) -> bool:
        """Whether its values are short names that one line can hold."""
        return 1 < len(self.values) <= 8 and all(
            isinstance(value, Node)
            and value.authority is None
            and not value.derived
            and len(value.label.value) <= 24
            for value in self.values
        )


@dataclass(frozen=True)
class Count:
    """Something counted; ``href`` leads to what was counted."""

    label: str
    count: int
    href: str = ""
    share: float = 0.0


@dataclass(frozen=True)
class Format:
    """A representation of the same thing for machines."""

    label: str
    media_type: str
    href: str


@dataclass(frozen=True)
class Entrance:
    """A way into the site from the home page."""

    title: str
    text: str
    href: str


@dataclass(frozen=True)
class Choice:
    """One of several ways to order, to narrow or to see the same; ``current`` is the one shown."""

    label: str
    href: str
    current: bool
