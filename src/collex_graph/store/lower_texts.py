"""The names and texts of a snapshot in lower case, one after the other, to find letters in them.

``FILTER(CONTAINS(LCASE(?label), "herbi"))`` asks for letters, not for words: no index of words
answers it. Reading all texts of a predicate at once takes a hundredth of the time that an engine
needs to fetch each of them. A predicate has two columns: its texts, and their subjects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from collex_graph.rdf.namespaces import expand
from collex_graph.store.columns import ColumnReader, ColumnWriter

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "lower"

MOST_FOUND = 5_000

NAMES = ("rdfs:label", "skos:prefLabel", "skos:altLabel", "dcterms:title", "rico:title")
TEXTS = ("dcterms:abstract", "rico:scopeAndContent", "rico:history", "skos:definition")
PREDICATES = (*NAMES, *TEXTS)


def without_long_s(lower: str) -> str:
    """Return a text in lower case as the columns have it.

    A regular expression that ignores case takes the long s for an s.
    """
    return lower.replace("ſ", "s")


class LowerTextsWriter:
    """Writes the columns of one predicate.

    Args:
        folder: where they stand.
        predicate: its short name, one of `PREDICATES`.
    """

    def __init__(self, folder: Path, predicate: str) -> None:
        stem = _stem(predicate)
        self._texts = ColumnWriter(folder / f"{stem}-texts")
        self._things = ColumnWriter(folder / stem)

    def add(self, thing: str, lower: str) -> None:
        """Add a text: its subject as SPARQL writes it, and what ``LCASE`` makes of the text."""
        self._texts.add(without_long_s(lower))
        self._things.add(thing)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._texts.__exit__(*error)
        self._things.__exit__(*error)


class LowerTexts:
    """Finds letters in the texts of a snapshot.

    Args:
        folder: where the columns are.

    Raises:
        OSError: when they are not there.
    """

    def __init__(self, folder: Path) -> None:
        self._columns = {
            expand(name): (
                ColumnReader(folder / f"{_stem(name)}-texts"),
                ColumnReader(folder / _stem(name)),
            )
            for name in PREDICATES
        }

    def find(self, predicate: str, lower: str, *, share: float) -> list[str] | None:
        """Return the things that have a text with these letters.

        Args:
            predicate: IRI of the one whose texts are read.
            lower: in lower case.
            share: of all texts; when more have the letters, nobody is helped by knowing which.

        Returns:
            As SPARQL writes them; None when they are more, when one of them has no name, or when
            the predicate has no columns.
        """
        if predicate not in self._columns or not lower:
            return None
        texts, things = self._columns[predicate]
        most = min(MOST_FOUND, int(len(texts) * share))
        numbers = texts.find(without_long_s(lower), most)
        if numbers is None:
            return None
        found = list(dict.fromkeys(things[number] for number in numbers))
        return None if any(thing.startswith("_:") for thing in found) else found


def _stem(name: str) -> str:
    return name.replace(":", "-")
