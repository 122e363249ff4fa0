"""The reference formulations besides tables and XPath: what a reference is, and what reads it.

A formulation is one of `FORMULATIONS`, under the name that a mapping document gives it. The
generated pass calls the reader of each reference with the content of a record; a reader
gives all the texts found, squeezed, without empty ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class ReferenceSyntaxError(ValueError):
    """A reference or an iterator that its formulation does not know; says why."""


class Formulation(Protocol):
    """How the records of a kind of source are chosen and read."""

    def selection(
        self, iterator: str, references: Iterable[str], namespaces: Mapping[str, str]
    ) -> tuple[object, ...]:
        """Return what the reader of such sources is told (`RecordSource.selection`).

        Args:
            iterator: which values are records.
            references: what the rules refer to, each already accepted by `reader`.
            namespaces: prefix → namespace, as the source declares them.

        Raises:
            ReferenceSyntaxError: for an iterator outside the subset, saying what is wrong.
        """
        ...

    def reader(self, reference: str, namespaces: Mapping[str, str]) -> Callable[[Any], list[str]]:
        """Return what reads a reference from the content of a record.

        Raises:
            ReferenceSyntaxError: for a reference outside the subset.
        """
        ...


FORMULATIONS: Final = ("jsonpath", "rdf")
"""The names they have in ``referenceFormulation``."""


def formulation(name: str) -> Formulation:
    """Return one of `FORMULATIONS`, imported when a document needs it."""
    if name == "jsonpath":
        from collex_graph.mapping.jsonpath import JsonPathFormulation  # noqa: PLC0415

        return JsonPathFormulation()
    from collex_graph.mapping.rdfpath import RdfPaths  # noqa: PLC0415

    return RdfPaths()
