"""The indexes of a snapshot: words and letters of its texts, and positions (SQLite R*Tree).

Written once, when the snapshot is published, from its default graph; opened read-only by whoever
serves it. ``search/words`` (tantivy) holds one document a text; ``search/texts`` the IRI that each
of them is about, by its number, a column that is mapped into memory: what tantivy keeps beside its
columns it compresses, and unpacks anew for every hit. ``search/places.sqlite`` has one row a
position, and ``search/lower`` what `lower_texts` says.

Words are folded (lower case, no accents) and stemmed twice, as French and as English, whatever
language the text says it is in: titles of one language are full of words of the other. A word
that ends with ``*`` is compared as a beginning, and words in quotes must follow each other, both
without stemming.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

import tantivy
from pyoxigraph import DefaultGraph, Literal, NamedNode, Store

from collex_graph.errors import SnapshotNotFoundError
from collex_graph.rdf.namespaces import expand
from collex_graph.store.columns import ColumnReader, ColumnWriter
from collex_graph.store.lower_texts import FOLDER as LOWER_FOLDER
from collex_graph.store.lower_texts import NAMES, TEXTS, LowerTextsWriter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from collex_graph.model import Box, Snapshot

FOLDER = "search"

_NAME_BOOST = 3.0
_HEAP_BYTES = 64_000_000
_LONGEST_WORD = 60
_STEMMED = {"fr": "french", "en": "english"}
_AS_WRITTEN = "word"
_STEMS = (_AS_WRITTEN, *_STEMMED)
_SOUGHT = re.compile(r'"[^"]*"|\w+\*?')  # words in quotes, or a word
_DUPLICATES = 4  # a thing has about so many texts that say the same words
_IRIS = "texts"
_PLACES = "places.sqlite"
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
    builder.add_integer_field("number", fast=True)
    builder.add_text_field("language", tokenizer_name="raw", index_option="basic")
    for field in ("name", "text"):
        for stem in _STEMS:
            builder.add_text_field(
                f"{field}_{stem}",
                tokenizer_name=f"collex_{stem}",
                index_option="position" if stem == _AS_WRITTEN else "freq",
            )
    return builder.build()


def _register(index: tantivy.Index) -> None:
    for stem in _STEMS:
        index.register_tokenizer(f"collex_{stem}", _analyzer(_STEMMED.get(stem)))


# --- writing -------------------------------------------------------------------------------------


def write_search_index(store: Store, folder: Path) -> None:
    """Write all of them.

    Args:
        store: whose default graph is indexed. The engine puts the texts in lower case, so that they
            are what its ``LCASE`` makes of them.
        folder: made here.
    """
    words = folder / "words"
    words.mkdir(parents=True)
    (folder / LOWER_FOLDER).mkdir()
    index = tantivy.Index(_schema(), path=str(words))
    _register(index)
    writer = index.writer(_HEAP_BYTES, 1)
    with ColumnWriter(folder / _IRIS) as iris:
        for field, predicates in (("name", NAMES), ("text", TEXTS)):
            for predicate in predicates:
                with LowerTextsWriter(folder / LOWER_FOLDER, predicate) as lower:
                    for thing, text, in_lower_case, is_label in _texts(store, predicate):
                        lower.add(str(thing), in_lower_case.value)
                        # most titles are the label as well, and need not be found twice
                        if is_label.value == "true" or not isinstance(thing, NamedNode):
                            continue
                        if not isinstance(text, Literal):
                            continue
                        content = {f"{field}_{stem}": text.value for stem in _STEMS}
                        language = (text.language or "").partition("-")[0]
                        number = iris.add(thing.value)
                        document = tantivy.Document(number=number, language=language, **content)
                        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    with contextlib.closing(sqlite3.connect(folder / _PLACES)) as database:
        _write_places(store, database)


def _texts(store: Store, predicate: str) -> Iterator[Any]:
    """Yield subject, text, the text in lower case, and whether it is the label as well."""
    label = f"<{expand(NAMES[0])}>"
    is_label = f"EXISTS {{ ?thing {label} ?text }}" if predicate != NAMES[0] else "false"
    # whatever STR takes, an IRI too
    return iter(
        store.query(  # type: ignore[arg-type] # a SELECT
            f"SELECT ?thing ?text ?lower ?isLabel {{ ?thing <{expand(predicate)}> ?text "
            f"BIND(LCASE(STR(?text)) AS ?lower) FILTER(BOUND(?lower)) BIND({is_label} AS ?isLabel)"
            "}"
        )
    )


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


_IN_BOX = (
    "SELECT DISTINCT place.iri FROM box JOIN place USING (id) "
    "WHERE box.east >= :west - :r AND box.west <= :east + :r "
    "AND box.north >= :south - :r AND box.south <= :north + :r "
    "AND long BETWEEN :west AND :east AND lat BETWEEN :south AND :north"
)


# --- reading -------------------------------------------------------------------------------------


class Places:
    """The positions of one snapshot; any number of threads may read.

    Args:
        folder: that of the indexes.

    Raises:
        OSError: when they are not there.
    """

    def __init__(self, folder: Path) -> None:
        places = (folder / _PLACES).resolve(strict=True)
        self._address = f"{places.as_uri()}?mode=ro&immutable=1"
        self._threads = threading.local()

    def find(self, box: Box, *, limit: int | None = None) -> list[str]:
        """Return what has a position in a box, sorted; all of it, or so many."""
        return self._select(f"{_IN_BOX} ORDER BY place.iri", box, -1 if limit is None else limit)

    def find_few(self, box: Box, most: int) -> list[str] | None:
        """Return what has a position in a box, in any order; None when it is more than that."""
        # in order, it would be known only when everything was found
        found = self._select(_IN_BOX, box, most + 1)
        return found if len(found) <= most else None

    def _select(self, query: str, box: Box, limit: int) -> list[str]:
        values = {**box._asdict(), "limit": limit, "r": _ROUNDING}
        return [iri for (iri,) in self._database().execute(f"{query} LIMIT :limit", values)]

    def _database(self) -> sqlite3.Connection:
        """Return the connection of this thread; it keeps the prepared question."""
        kept: sqlite3.Connection | None = getattr(self._threads, "database", None)
        if kept is None:
            kept = self._threads.database = sqlite3.connect(self._address, uri=True)
        return kept


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
            self._iris = ColumnReader(folder / _IRIS)
            self._places = Places(folder)
        except (OSError, ValueError) as error:
            raise SnapshotNotFoundError(
                f"the snapshot {snapshot.identifier} has no search index; build it again"
            ) from error
        self._schema = index.schema
        self._analyzers = {stem: _analyzer(_STEMMED.get(stem)) for stem in _STEMS}

    def find_words(
        self, text: str, *, language: str = "", limit: int | None = None
    ) -> list[tuple[str, float]]:
        """Return what the words of a search name, best first, each with its score.

        Args:
            text: the words, all of which must be found in one text of a thing; those in quotes
                one after the other.
            language: ``fr`` or ``en``: of the texts to look at; empty for all.
            limit: how many at most; None for all.
        """
        sought = [each for each in _SOUGHT.findall(text) if any(map(str.isalnum, each))]
        if not sought:
            return []
        queries = [self._query(each) for each in sought]
        if language:
            only = tantivy.Query.term_query(self._schema, "language", language, "basic")
            queries.append(tantivy.Query.const_score_query(only, 0.0))
        query = tantivy.Query.boolean_query([(tantivy.Occur.Must, each) for each in queries])
        most = max(1, self._searcher.num_docs)
        wanted = most if limit is None else min(limit * _DUPLICATES, most)
        while True:
            hits = self._searcher.search(query, limit=wanted, count=False).hits
            numbers = self._searcher.fast_field_values("number", [place for _, place in hits])
            best = dict[str, float]()
            for (score, _), number in zip(hits, numbers, strict=True):
                assert isinstance(number, int)
                best.setdefault(self._iris[number], float(score))
            if limit is None or len(best) >= limit or len(hits) < wanted or wanted == most:
                break
            wanted = min(wanted * _DUPLICATES, most)
        return sorted(best.items(), key=lambda found: (-found[1], found[0]))[:limit]

    def find_places(self, box: Box, *, limit: int | None = None) -> list[str]:
        """Return what has a position in a box, sorted; all of it, or so many."""
        return self._places.find(box, limit=limit)

    def _query(self, sought: str) -> tantivy.Query:
        """Return what finds one word, one beginning of words, or words that follow each other."""
        beginning, phrase = sought.endswith("*"), sought.startswith('"')
        stems = (_AS_WRITTEN,) if beginning or phrase else _STEMS
        either = []
        for field, boost in (("name", _NAME_BOOST), ("text", 1.0)):
            for stem in stems:
                words = self._analyzers[stem].analyze(sought)
                name = f"{field}_{stem}"
                if not words:  # longer than any word that was kept
                    query = tantivy.Query.empty_query()
                elif len(words) > 1:
                    if stem != _AS_WRITTEN:
                        continue
                    query = tantivy.Query.phrase_query(self._schema, name, list(words))
                elif beginning:
                    pattern = f"{re.escape(words[0])}.*"
                    query = tantivy.Query.regex_query(self._schema, name, pattern)
                else:
                    query = tantivy.Query.term_query(self._schema, name, words[0], "freq")
                either.append(tantivy.Query.boost_query(query, boost))
        return tantivy.Query.disjunction_max_query(either)
