"""What the endpoint and the interface can do, on pages for people; and how much they are used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from collex_graph.rdf import formats
from collex_graph.server.contexts.endpoint import (
    EndpointContext,
    InterfaceContext,
    Limit,
    Term,
    UsageContext,
    UsageDay,
)
from collex_graph.server.contexts.query import Example
from collex_graph.server.contexts.values import Format
from collex_graph.server.gallery import public_address
from collex_graph.server.named_queries import questions
from collex_graph.server.query_page import completions
from collex_graph.server.services import services
from collex_graph.sparql.catalogue import stored_query
from collex_graph.sparql.policy import MOST_CALLS
from collex_graph.sparql.service_calls import MOST_FOUND, MOST_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from collex_graph.server.messages import Words
    from collex_graph.server.reader import GraphReader

FEATURES = (
    "words", "box", "distance", "polygon", "triple-terms", "annotations", "direction",
)  # fmt: skip
GEO_FUNCTIONS = (
    *(f"sf{name}" for name in (
        "Contains", "Crosses", "Disjoint", "Equals", "Intersects", "Overlaps", "Touches", "Within",
    )),
    *(f"eh{name}" for name in (
        "Contains", "CoveredBy", "Covers", "Disjoint", "Equals", "Inside", "Meet", "Overlap",
    )),
    *(f"rcc8{name}" for name in ("dc", "ec", "eq", "ntpp", "ntppi", "po", "tpp", "tppi")),
    "relate", "distance", "length", "union", "intersection", "difference", "symDifference",
    "envelope", "convexHull", "centroid", "asGeoJSON", "dimension", "coordinateDimension",
    "getSRID", "isEmpty", "isSimple",
)  # fmt: skip
"""What Oxigraph 0.5 has of GeoSPARQL; a test asks each of them."""

TERMS_SHOWN = 60
DAYS_SHOWN = 60


def describe_endpoint(reader: GraphReader) -> EndpointContext:
    """Return the page of the endpoint: limits, formats, examples, what is in the graph."""
    words = reader.words
    terms = completions(reader)
    return EndpointContext(
        title=words("endpoint.heading"),
        address=f"{public_address()}sparql",
        limits=tuple(_limits(words)),
        row_formats=_formats((*formats.RESULT_FORMATS, *formats.ROW_FORMATS)),
        graph_formats=_formats(formats.GRAPH_FORMATS),
        examples=tuple(_example(name, words) for name in FEATURES),
        geo_functions=GEO_FUNCTIONS,
        federated=services().settings.federation_endpoints,
        classes=_terms(terms["classes"]),
        properties=_terms(terms["properties"]),
        schemes=reader.nodes(row["scheme"].value for row in reader.rows("schemes")),
        graphs=tuple(terms["graphs"][:TERMS_SHOWN]),
    )


def _limits(words: Words) -> Iterable[Limit]:
    settings = services().settings
    number, size = words.number, words.size
    yield Limit(
        words("endpoint.limit.time"),
        words("endpoint.seconds", count=_short(settings.query_timeout_seconds)),
        "504",
        words("endpoint.limit.time_what"),
    )
    yield Limit(
        words("endpoint.limit.memory"), size(settings.query_memory_bytes), "507",
        words("endpoint.limit.memory_what"),
    )  # fmt: skip
    yield Limit(
        words("endpoint.limit.result"), size(settings.result_bytes), "507",
        words("endpoint.limit.result_what", whole=size(settings.result_spool_bytes)),
    )  # fmt: skip
    yield Limit(
        words("endpoint.limit.text"), size(settings.query_text_bytes), "413",
        words("endpoint.limit.text_what"),
    )  # fmt: skip
    yield Limit(
        words("endpoint.limit.nesting"), number(settings.query_nesting), "400",
        words("endpoint.limit.nesting_what"),
    )  # fmt: skip
    if settings.client_budget_seconds:
        yield Limit(
            words("endpoint.limit.budget"),
            words("endpoint.seconds", count=_short(settings.client_budget_seconds)),
            "429",
            words(
                "endpoint.limit.budget_what", window=number(_short(settings.client_window_seconds))
            ),
        )
    yield Limit(
        words("endpoint.limit.at_once"), number(settings.queries_of_a_client), "429",
        words("endpoint.limit.at_once_what", seconds=number(_short(settings.query_queue_seconds))),
    )  # fmt: skip
    yield Limit(
        words("endpoint.limit.queue"), number(settings.query_queue), "503",
        words("endpoint.limit.queue_what", seconds=number(_short(settings.query_queue_seconds))),
    )  # fmt: skip
    yield Limit(
        words("endpoint.limit.search"), number(MOST_FOUND), "400",
        words("endpoint.limit.search_what"),
    )  # fmt: skip
    yield Limit(
        words("endpoint.limit.calls"), number(MOST_CALLS), "400",
        words("endpoint.limit.calls_what", words=number(MOST_WORDS)),
    )  # fmt: skip


def _short(seconds: float) -> int | float:
    """Return a duration without a decimal that says nothing."""
    return int(seconds) if seconds.is_integer() else seconds


def _formats(offered: tuple[formats.Format, ...]) -> tuple[Format, ...]:
    return tuple(
        Format(
            each.label,
            each.media_type,
            each.extension if each in formats.GRAPH_FORMATS else each.name,
        )
        for each in offered
    )


def _example(name: str, words: Words) -> Example:
    stored = stored_query(f"features/{name}")
    text = stored.text().strip()
    return Example(
        name=name,
        title=stored.title[words.language],
        description=stored.description[words.language],
        text=text,
        href="/query?" + urlencode({"query": text}),
    )


def _terms(found: list[Mapping[str, Any]]) -> tuple[Term, ...]:
    return tuple(
        Term(
            name=str(each["name"] or each["iri"]),
            label=str(each["label"]),
            count=int(each["count"] or 0),
            href="/entity?" + urlencode({"iri": str(each["iri"])}),
        )
        for each in found[:TERMS_SHOWN]
    )


def describe_use(reader: GraphReader) -> InterfaceContext:
    """Return the page of the interface for programs."""
    name = next(iter(questions()))
    return InterfaceContext(
        title=reader.words("interface.heading"),
        address=public_address().rstrip("/"),
        count=len(questions()),
        example=name,
    )


def describe_usage(words: Words) -> UsageContext:
    """Return the page that says how much the site is used."""
    names = ("pages", "data", "queries", "failed queries")
    days = list(services().usage.days.items())[:DAYS_SHOWN]
    return UsageContext(
        title=words("usage.heading"),
        days=tuple(
            UsageDay(day, tuple(counts.get(name, 0) for name in names)) for day, counts in days
        ),
    )
