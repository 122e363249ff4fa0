"""The names and texts of a snapshot in lower case, one after the other, to find letters in them.

``FILTER(CONTAINS(LCASE(?label), "herbi"))`` asks for letters, not for words: no index of words
answers it. Reading all texts of a predicate at once takes a hundredth of the time that an engine
needs to fetch each of them. A predicate has two columns: its texts, and their subjects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from collex_graph.rdf.namespaces import expand
from collex_graph.store.columns import ColumnReader, ColumnWriter

if TYPE_CHECKING:
    from pathlib import Path

    from pyoxigraph import Store

FOLDER = "lower"

MOST_FOUND = 5_000

_PREDICATES = (
    "rdfs:label", "skos:prefLabel", "skos:altLabel", "dcterms:title", "rico:title",
    "dcterms:abstract", "rico:scopeAndContent", "rico:history", "skos:definition",
)  # fmt: skip


def without_long_s(lower: str) -> str:
    """Return a text in lower case as the columns have it.

    A regular expression that ignores case takes the long s for an s.
    """
    return lower.replace("ſ", "s")


def write_lower_texts(store: Store, folder: Path) -> None:
    """Write the columns.

    Args:
        store: whose default graph is read. The engine puts the texts in lower case, so that they
            are what its ``LCASE`` makes of them.
        folder: made here.
    """
    folder.mkdir(parents=True)
    for name in _PREDICATES:
        # whatever STR takes, an IRI too
        lower = "BIND(LCASE(STR(?text)) AS ?lower) FILTER(BOUND(?lower))"
        query = f"SELECT ?thing ?lower {{ ?thing <{expand(name)}> ?text {lower} }}"
        stem = _stem(name)
        with ColumnWriter(folder / f"{stem}-texts") as texts, ColumnWriter(folder / stem) as things:
            for row in store.query(query):  # type: ignore[union-attr]
                texts.add(without_long_s(row["lower"].value))
                things.add(str(row["thing"]))


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
            for name in _PREDICATES
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
