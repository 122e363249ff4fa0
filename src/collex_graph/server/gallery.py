"""The gallery of stored queries: whom each is for, how hard it is, its answer, code to copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args
from urllib.parse import urlencode

from collex_graph.server.contexts.gallery import (
    Field,
    GalleryContext,
    GalleryEntry,
    NamedQueryContext,
    Snippet,
)
from collex_graph.server.contexts.values import Choice, Format
from collex_graph.server.named_queries import bound_text, questions
from collex_graph.server.query_page import describe_answer
from collex_graph.server.rest import formats_of
from collex_graph.server.services import services
from collex_graph.server.snippets import snippets
from collex_graph.sparql.catalogue import Audience, Difficulty

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collex_graph.server.messages import Words
    from collex_graph.server.reader import GraphReader
    from collex_graph.sparql.catalogue import Parameter, StoredQuery

ROWS_SHOWN = 100
"""Rows of an answer that its page shows."""

_LABELS = {
    "json": "JSON", "csv": "CSV", "geojson": "GeoJSON", "xlsx": "XLSX", "tsv": "TSV",
    "srj": "SPARQL JSON", "xml": "SPARQL XML", "turtle": "Turtle", "ntriples": "N-Triples",
    "rdfxml": "RDF/XML", "jsonld": "JSON-LD",
}  # fmt: skip


def public_address() -> str:
    """Return the address at which people reach the site, with its last slash."""
    settings = services().settings
    if settings.public_address:
        return settings.public_address.rstrip("/") + "/"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}/"


# --- the gallery ---------------------------------------------------------------------------------


def describe_gallery(reader: GraphReader, audience: str, difficulty: str) -> GalleryContext:
    """Return the page that lists the queries.

    Args:
        reader: the words of the page.
        audience: only what these people ask; empty for all.
        difficulty: only what is so hard; empty for all.
    """
    words = reader.words
    entries = tuple(
        GalleryEntry(
            title=query.title[words.language],
            description=query.description.get(words.language, ""),
            href=f"/queries/{name}",
            audience=", ".join(words(f"gallery.audience.{each}") for each in query.audience),
            difficulty=words(f"gallery.difficulty.{query.difficulty}") if query.difficulty else "",
        )
        for name, query in questions().items()
        if (not audience or audience in query.audience)
        and (not difficulty or difficulty == query.difficulty)
    )
    return GalleryContext(
        title=words("gallery.heading"),
        entries=entries,
        audiences=_choices(words, "audience", get_args(Audience), audience, difficulty),
        difficulties=_choices(words, "difficulty", get_args(Difficulty), difficulty, audience),
    )


def _choices(
    words: Words, kind: str, values: tuple[str, ...], chosen: str, kept: str
) -> tuple[Choice, ...]:
    other = "difficulty" if kind == "audience" else "audience"
    found = []
    for value in ("", *values):
        pairs = [(name, given) for name, given in ((kind, value), (other, kept)) if given]
        label = (
            words(f"gallery.{kind}.{value}")
            if value
            else (words("gallery.everyone") if kind == "audience" else words("gallery.all"))
        )
        address = f"/queries?{urlencode(pairs)}" if pairs else "/queries"
        found.append(Choice(label, address, value == chosen))
    return tuple(found)


# --- one query -----------------------------------------------------------------------------------


def describe_named_query(
    reader: GraphReader,
    name: str,
    query: StoredQuery,
    values: Mapping[str, list[str]],
    *,
    pinned: str = "",
) -> NamedQueryContext:
    """Return the page of one query, with its answer where every value it needs is given.

    Raises:
        QueryError: when it has no answer.
    """
    language = reader.words.language
    missing = missing_values(query, values)
    text = bound_text(query, values if not missing else with_examples(query, values)).strip()
    answer = describe_answer(reader, text, pinned=pinned) if not missing else None
    pairs = [(key, value) for key, given in values.items() for value in given]
    current = services().snapshot.identifier
    answered_on = answer.answered_on if answer else ""
    asked = [*pairs, *([("snapshot", answered_on)] if answered_on else [])]
    return NamedQueryContext(
        title=query.title[language],
        name=name,
        description=query.description.get(language, ""),
        meaning=query.meaning.get(language, ""),
        expected=query.expected.get(language, ""),
        audience=", ".join(reader.words(f"gallery.audience.{each}") for each in query.audience),
        difficulty=(
            reader.words(f"gallery.difficulty.{query.difficulty}") if query.difficulty else ""
        ),
        fields=tuple(
            _field(parameter, values, language) for parameter in query.parameters.values()
        ),
        is_missing=missing,
        text=text,
        query_href="/query?" + urlencode({"query": text}),
        answer=answer,
        rows=answer.rows[:ROWS_SHOWN] if answer else (),
        downloads=_downloads(name, query, asked) if answer else (),
        api_href=_address(f"/api/queries/{name}", asked),
        permalink=_address(f"/queries/{name}", [*pairs, ("snapshot", answered_on or current)]),
        current_href=_address(f"/queries/{name}", pairs),
        snippets=tuple(
            Snippet(label, code)
            for label, code in snippets(
                f"{public_address()}sparql", text, is_graph=query.form.gives_a_graph
            )
        ),
        bibtex_href=_address(f"/queries/{name}/citation.bib", asked),
        csl_href=_address(f"/queries/{name}/citation.json", asked),
    )


def missing_values(query: StoredQuery, values: Mapping[str, list[str]]) -> bool:
    """Whether a value is needed that is not given."""
    return any(
        not parameter.optional and parameter.default is None and parameter.name not in values
        for parameter in query.parameters.values()
    )


def with_examples(query: StoredQuery, values: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return the values given, and the examples of those that are needed and not given."""
    examples = {
        parameter.name: [str(parameter.example)]
        for parameter in query.parameters.values()
        if parameter.example is not None and not parameter.optional and parameter.default is None
    }
    return examples | dict(values)


def _field(parameter: Parameter, values: Mapping[str, list[str]], language: str) -> Field:
    given = values.get(parameter.name, [])
    default = "" if parameter.default is None else str(parameter.default)
    return Field(
        name=parameter.name,
        label=parameter.label.get(language, parameter.name),
        values=tuple(given) or (default,),
        example="" if parameter.example is None else str(parameter.example),
        required=not parameter.optional and parameter.default is None,
        numeric=parameter.type == "integer",
    )


def _downloads(name: str, query: StoredQuery, pairs: list[tuple[str, str]]) -> tuple[Format, ...]:
    return tuple(
        Format(
            _LABELS[word],
            media_type,
            _address(f"/api/queries/{name}", [*pairs, ("format", word)]),
        )
        for word, media_type in formats_of(query).items()
    )


def _address(path: str, pairs: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(pairs)}" if pairs else path
