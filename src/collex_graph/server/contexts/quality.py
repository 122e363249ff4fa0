"""How the data stand: the ways to look, and one institution, rule or source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collex_graph.server.contexts.figures import Cell, DataTable, Figure
    from collex_graph.server.contexts.values import Entrance, Format, Node, Text


@dataclass(frozen=True)
class QualityView:
    """One way to look at the quality of the data: a sentence, pictures, a table, a file.

    Attributes:
        name: of its page, ``/quality/{name}``.
        title: in few words.
        question: as one would ask it.
        answer: in one sentence, with its numbers; empty when there is nothing to count.
        notes: how it is counted, and what cannot be known.
        figures: the pictures.
        table: the same in numbers and words; its first rows are shown, all are in the file.
        needed: what would have to be, when there is nothing to count.
        links: where else to look.
    """

    name: str
    title: str
    question: str
    answer: str
    notes: tuple[str, ...]
    figures: tuple[Figure, ...]
    table: DataTable
    needed: str = ""
    links: tuple[Entrance, ...] = ()

    @property
    def href(self) -> str:
        """The address of its page."""
        return f"/quality/{self.name}"


@dataclass(frozen=True)
class Trend:
    """Numbers over the snapshots; no picture where there is one snapshot alone."""

    figure: Figure | None
    table: DataTable
    note: str


@dataclass(frozen=True)
class QualityContext:
    """``/quality``: how everything stands, and the ways to look at it."""

    title: str
    tally: tuple[tuple[str, int], ...]
    answer: str
    trend: Trend | None
    views: tuple[QualityView, ...]
    needed: str


@dataclass(frozen=True)
class QualityViewContext:
    """``/quality/{view}``; ``more`` rows are in the file alone."""

    title: str
    view: QualityView
    rows: tuple[tuple[Cell, ...], ...]
    more: int
    others: tuple[QualityView, ...]


@dataclass(frozen=True)
class Finding:
    """A validation result, as a worklist shows it.

    Attributes:
        rule: what it is called, and ``rule_href`` the page of the rule.
        repaired: what to write instead, where that can be known, and ``certainty`` how surely.
        record: the thing whose record is to be mended, if it has a page.
        place: where it stands in the source, from the file to the element.
    """

    severity: str
    rule: str
    rule_href: str
    message: str
    advice: str
    repaired: str
    certainty: str
    record: Node | None
    place: str


@dataclass(frozen=True)
class Narrowing:
    """A value that narrows a list; ``href`` takes it, or leaves it when it is the current one."""

    label: str
    count: int
    href: str
    current: bool
    severity: str = ""


@dataclass(frozen=True)
class Section:
    """A heading with a table, its pictures and words."""

    name: str
    title: str
    notes: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    table: DataTable | None = None
    rows: tuple[tuple[Cell, ...], ...] = ()


@dataclass(frozen=True)
class StandingContext:
    """``/quality/institution/…``, ``/quality/rule/…``, ``/quality/source/…``: how one thing stands.

    Attributes:
        kicker: what kind of thing it is.
        node: its own page.
        node_words: what the link to it says.
        answer: how it stands, in one sentence.
        remarks: what else there is to know: how to mend, what is announced.
        severity: of a rule.
        sections: tables and pictures.
        choices: rules and severities that narrow the list, by heading.
        findings: the first results of the list.
        total: how many there are in the list.
        files: the whole list as a table.
    """

    title: str
    language: str
    kicker: str
    view: str
    node_href: str
    node_words: str
    answer: str
    remarks: tuple[Text, ...]
    severity: str
    tally: tuple[tuple[str, int], ...]
    trend: Trend
    sections: tuple[Section, ...]
    choices: tuple[tuple[str, tuple[Narrowing, ...]], ...]
    findings: tuple[Finding, ...]
    total: int
    files: tuple[Format, ...]
