"""The documentation of the endpoint and of the interface, and how much both are used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collex_graph.server.contexts.query import Example
    from collex_graph.server.contexts.values import Format, Node


@dataclass(frozen=True)
class Limit:
    """A limit of the endpoint: its value, the status of what passes it, what to do then."""

    label: str
    value: str
    status: str
    what: str


@dataclass(frozen=True)
class Term:
    """A class or property, and how often it is used."""

    name: str
    label: str
    count: int
    href: str


@dataclass(frozen=True)
class EndpointContext:
    """``/about/sparql``: limits, formats, examples, what is in the graph.

    Attributes:
        row_formats: of SELECT and ASK; the ``href`` of each is what ``format=`` takes.
        graph_formats: of CONSTRUCT and DESCRIBE, likewise.
        geo_functions: names of the functions geof:…
        federated: other endpoints that SERVICE may call.
        graphs: some named graphs.
    """

    title: str
    address: str
    limits: tuple[Limit, ...]
    row_formats: tuple[Format, ...]
    graph_formats: tuple[Format, ...]
    examples: tuple[Example, ...]
    geo_functions: tuple[str, ...]
    federated: tuple[str, ...]
    classes: tuple[Term, ...]
    properties: tuple[Term, ...]
    schemes: tuple[Node, ...]
    graphs: tuple[str, ...]


@dataclass(frozen=True)
class InterfaceContext:
    """``/about/api``: how programs ask the stored queries."""

    title: str
    address: str
    count: int
    example: str


@dataclass(frozen=True)
class UsageDay:
    """What was counted on one day, in the order of the columns."""

    day: str
    counts: tuple[int, ...]


@dataclass(frozen=True)
class UsageContext:
    """``/usage``: how much the site is used."""

    title: str
    days: tuple[UsageDay, ...]
