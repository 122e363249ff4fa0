"""The indexes of a snapshot: words of labels and texts (tantivy), positions (SQLite R*Tree).

Written once, when the snapshot is published, from its default graph; opened read-only by whoever
serves it. ``search/words`` holds one document a text; ``search/places.sqlite`` one row a position.

Words are folded (lower case, no accents) and stemmed twice, as French and as English, whatever
language the text says it is in: titles of one language are full of words of the other. A word
that ends with ``*`` is compared as a beginning, without stemming.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from typing import TYPE_CHECKING

import tantivy
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, Store

from collex_graph.errors import SnapshotNotFoundError
from collex_graph.rdf.namespaces import expand

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from collex_graph.model import Box, Snapshot

FOLDER = "search"

MOST_WORDS = 20
"""Words of one search; more are refused by whoever reads them."""

_NAMES = ("rdfs:label", "skos:prefLabel", "skos:altLabel", "dcterms:title", "rico:title")
_TEXTS = ("dcterms:abstract", "rico:scopeAndContent", "rico:history", "skos:definition")
_NAME_BOOST = 3.0
_HEAP_BYTES = 64_000_000
_LONGEST_WORD = 60
_STEMMED = {"fr": "french", "en": "english"}
_WORD = re.compile(r"\w+\*?")
_DUPLICATES = 4  # a thing has about so many texts that say the same words
_ROUNDING = 1e-4  # degrees: an R*Tree keeps 32 bits, about 10 m; the exact test follows


def _analyzer(language: str | None) -> tantivy.TextAnalyzer:
    builder = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(_LONGEST_WORD))
        .filter(tantivy.Filter.lowercase())
    )
    if language is not None:  # the stemmers know accents, so they come first
        builder = builder.filter(tantivy.Filter.stemmer(language))
    return builder.filter(tantivy.Filter.ascii_fold()).build()


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("iri", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("language", tokenizer_name="raw", index_option="basic")
    for field in ("name", "text"):
        for stem in ("word", *_STEMMED):
            builder.add_text_field(
                f"{field}_{stem}", tokenizer_name=f"collex_{stem}", index_option="freq"
            )
    return builder.build()


def _register(index: tantivy.Index) -> None:
    for stem in ("word", *_STEMMED):
        index.register_tokenizer(f"collex_{stem}", _analyzer(_STEMMED.get(stem)))


# --- writing -------------------------------------------------------------------------------------


def write_search_index(store: Store, folder: Path) -> None:
    """Write both indexes.

    Args:
        store: whose default graph is indexed.
        folder: made here.
    """
    words = folder / "words"
    words.mkdir(parents=True)
    index = tantivy.Index(_schema(), path=str(words))
    _register(index)
    writer = index.writer(_HEAP_BYTES, 1)
    for field, predicates in (("name", _NAMES), ("text", _TEXTS)):
        for predicate in predicates:
            for iri, text, language in _texts(store, predicate):
                content = {f"{field}_{stem}": text for stem in ("word", *_STEMMED)}
                document = tantivy.Document(iri=iri, language=language, **content)
                writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    with contextlib.closing(sqlite3.connect(folder / "places.sqlite")) as database:
        _write_places(store, database)


def _texts(store: Store, predicate: str) -> Iterator[tuple[str, str, str]]:
    label = NamedNode(expand(_NAMES[0]))
    for quad in store.quads_for_pattern(None, NamedNode(expand(predicate)), None, DefaultGraph()):
        if isinstance(quad.subject, NamedNode) and isinstance(quad.object, Literal):
            # most titles are the label as well, and need not be found twice
            if predicate != _NAMES[0] and Quad(quad.subject, label, quad.object) in store:
                continue
            language = (quad.object.language or "").partition("-")[0]
            yield quad.subject.value, quad.object.value, language


def _write_places(store: Store, database: sqlite3.Connection) -> None:
    database.execute("PRAGMA synchronous = OFF")
    database.execute("PRAGMA journal_mode = OFF")
    database.execute("CREATE TABLE place (id INTEGER PRIMARY KEY, iri TEXT, lat REAL, long REAL)")
    database.execute("CREATE VIRTUAL TABLE box USING rtree (id, west, east, south, north)")
    latitude, longitude = (NamedNode(expand(f"wgs84:{name}")) for name in ("lat", "long"))
    for quad in store.quads_for_pattern(None, latitude, None, DefaultGraph()):
        for other in store.quads_for_pattern(quad.subject, longitude, None, DefaultGraph()):
            try:
                lat, long = float(quad.object.value), float(other.object.value)  # type: ignore[union-attr]
            except ValueError:
                continue
            row = database.execute(
                "INSERT INTO place (iri, lat, long) VALUES (?, ?, ?)",
                (quad.subject.value, lat, long),  # type: ignore[union-attr]
            )
            database.execute(
                "INSERT INTO box VALUES (?, ?, ?, ?, ?)", (row.lastrowid, long, long, lat, lat)
            )
    database.commit()


# --- reading -------------------------------------------------------------------------------------


class SearchIndex:
    """Both indexes of one snapshot, a `model.SearchIndex`; any number of threads may read.

    Args:
        snapshot: whose they are.

    Raises:
        SnapshotNotFoundError: when it has none, or they cannot be read.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        folder = snapshot.directory / FOLDER
        try:
            index = tantivy.Index.open(str(folder / "words"))
            _register(index)
            self._searcher = index.searcher()
            places = (folder / "places.sqlite").resolve(strict=True)
        except (OSError, ValueError) as error:
            raise SnapshotNotFoundError(
                f"the snapshot {snapshot.identifier} has no search index; build it again"
            ) from error
        self._schema = index.schema
        self._analyzers = {stem: _analyzer(_STEMMED.get(stem)) for stem in ("word", *_STEMMED)}
        self._places = f"{places.as_uri()}?mode=ro&immutable=1"

    def find_words(self, text: str, *, language: str, limit: int) -> list[tuple[str, float]]:
        """Return what the words of a search name, best first, each with its score.

        Args:
            text: the words, all of which must be found in one text of a thing.
            language: ``fr`` or ``en``: of the texts to look at; empty for all.
            limit: how many at most.
        """
        queries = [self._word_query(word) for word in _WORD.findall(text)]
        if not queries:
            return []
        if language:
            only = tantivy.Query.term_query(self._schema, "language", language, "basic")
            queries.append(tantivy.Query.const_score_query(only, 0.0))
        query = tantivy.Query.boolean_query([(tantivy.Occur.Must, each) for each in queries])
        wanted, best = limit * _DUPLICATES, dict[str, float]()
        while True:
            hits = self._searcher.search(query, limit=wanted, count=False).hits
            best.clear()
            for score, address in hits:
                best.setdefault(self._searcher.doc(address)["iri"][0], float(score))
            if len(best) >= limit or len(hits) < wanted:
                break
            wanted *= _DUPLICATES
        ordered = sorted(best.items(), key=lambda found: (-found[1], found[0]))
        return ordered[:limit]

    def find_places(self, box: Box, *, limit: int) -> list[str]:
        """Return what has a position in a box, sorted."""
        with contextlib.closing(sqlite3.connect(self._places, uri=True)) as database:
            rows = database.execute(
                "SELECT DISTINCT place.iri FROM box JOIN place USING (id) "
                "WHERE box.east >= :west - :r AND box.west <= :east + :r "
                "AND box.north >= :south - :r AND box.south <= :north + :r "
                "AND long BETWEEN :west AND :east AND lat BETWEEN :south AND :north "
                "ORDER BY place.iri LIMIT :limit",
                {**box._asdict(), "limit": limit, "r": _ROUNDING},
            )
            return [iri for (iri,) in rows]

    def _word_query(self, word: str) -> tantivy.Query:
        stems = ("word",) if word.endswith("*") else ("word", *_STEMMED)
        either = []
        for field, boost in (("name", _NAME_BOOST), ("text", 1.0)):
            for stem in stems:
                if word.endswith("*"):
                    (folded,) = self._analyzers[stem].analyze(word[:-1]) or ("",)
                    query = tantivy.Query.regex_query(
                        self._schema, f"{field}_{stem}", f"{re.escape(folded)}.*"
                    )
                else:
                    (folded,) = self._analyzers[stem].analyze(word) or ("",)
                    query = tantivy.Query.term_query(
                        self._schema, f"{field}_{stem}", folded, "freq"
                    )
                either.append(tantivy.Query.boost_query(query, boost))
        return tantivy.Query.disjunction_max_query(either)
