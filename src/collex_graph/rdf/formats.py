"""The formats of results and of RDF: media types, extensions, names, and which one a client wants.

Four families: `RESULT_FORMATS` for SELECT and ASK, `ROW_FORMATS` beside them for the rows of SELECT
alone, `GRAPH_FORMATS` for CONSTRUCT, DESCRIBE and entities, `DATASET_FORMATS` for dumps. In each,
the first is ours to send when a client has no wish.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from pyoxigraph import QueryResultsFormat, RdfFormat

from collex_graph.errors import ResourceFileError
from collex_graph.rdf.namespaces import expand
from collex_graph.resources import resource_dir

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, eq=False)
class Format:
    """One way of writing results or RDF.

    Attributes:
        name: the short name that ``format=`` takes (``json``, ``turtle``…).
        label: the name for people.
        media_type: the registered media type, without parameters.
        extension: of file names and of addresses, without the dot.
        charset: where the media type's registration has the parameter, else None.
        aliases: other media types, names and extensions that mean this format.
        oxigraph: what pyoxigraph calls it; None for what it cannot write.
    """

    name: str
    label: str
    media_type: str
    extension: str
    oxigraph: QueryResultsFormat | RdfFormat | None
    charset: str | None = None
    aliases: tuple[str, ...] = ()

    @property
    def content_type(self) -> str:
        """The media type with its charset, as a ``Content-Type`` says it.

        >>> CSV.content_type
        'text/csv; charset=utf-8'
        >>> TURTLE.content_type
        'text/turtle; charset=utf-8'
        """
        return f"{self.media_type}; charset={self.charset}" if self.charset else self.media_type

    def is_called(self, word: str) -> bool:
        """Whether a name, an extension or a media type means this format."""
        return word in {self.name, self.extension, self.media_type, *self.aliases}


JSON = Format(
    "json", "SPARQL JSON", "application/sparql-results+json", "srj", QueryResultsFormat.JSON,
    aliases=("application/json", "sparql-results+json"),
)  # fmt: skip
XML = Format(
    "xml", "SPARQL XML", "application/sparql-results+xml", "srx", QueryResultsFormat.XML,
    aliases=("application/xml", "text/xml", "sparql-results+xml"),
)  # fmt: skip
CSV = Format("csv", "CSV", "text/csv", "csv", QueryResultsFormat.CSV, charset="utf-8")
TSV = Format(
    "tsv", "TSV", "text/tab-separated-values", "tsv", QueryResultsFormat.TSV, charset="utf-8"
)
GEOJSON = Format(
    "geojson", "GeoJSON", "application/geo+json", "geojson", None,
    aliases=("application/vnd.geo+json",),
)  # fmt: skip
XLSX = Format(
    "xlsx", "XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx",
    None,
)  # fmt: skip

TURTLE = Format(
    "turtle", "Turtle", "text/turtle", "ttl", RdfFormat.TURTLE, charset="utf-8",
    aliases=("application/x-turtle", "application/turtle"),
)  # fmt: skip
N_TRIPLES = Format(
    "ntriples", "N-Triples", "application/n-triples", "nt", RdfFormat.N_TRIPLES,
    charset="utf-8", aliases=("text/plain", "n-triples"),
)  # fmt: skip
RDF_XML = Format(
    "rdfxml", "RDF/XML", "application/rdf+xml", "rdf", RdfFormat.RDF_XML,
    aliases=("application/xml", "text/xml", "xml", "rdf+xml"),
)  # fmt: skip
JSON_LD = Format(
    "jsonld", "JSON-LD", "application/ld+json", "jsonld", RdfFormat.JSON_LD,
    aliases=("application/json", "json", "json-ld", "ld+json"),
)  # fmt: skip
N_QUADS = Format(
    "nquads", "N-Quads", "application/n-quads", "nq", RdfFormat.N_QUADS, charset="utf-8"
)
TRIG = Format("trig", "TriG", "application/trig", "trig", RdfFormat.TRIG, charset="utf-8")

RESULT_FORMATS = (JSON, XML, CSV, TSV)
ROW_FORMATS = (GEOJSON, XLSX)
GRAPH_FORMATS = (TURTLE, N_TRIPLES, RDF_XML, JSON_LD)
DATASET_FORMATS = (N_QUADS, TRIG)


def find_format(word: str, offered: Iterable[Format]) -> Format | None:
    """Return the offered format that a name, an extension or a media type means.

    >>> find_format("xml", RESULT_FORMATS).label, find_format("xml", GRAPH_FORMATS).label
    ('SPARQL XML', 'RDF/XML')
    >>> find_format("ttl", RESULT_FORMATS) is None
    True
    """
    wanted = word.strip().lower()
    return next((offer for offer in offered if offer.is_called(wanted)), None)


# --- what the client accepts (RFC 9110, section 12.5.1) ------------------------------------------

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - the grammar's name for a word
_RANGE = re.compile(rf"({_TOKEN})/({_TOKEN})")
_QUALITY = re.compile(r"0(?:\.\d{0,3})?|1(?:\.0{0,3})?")
_EXCLUDED = ";q=0"
_MOST_RANGES = 100


@lru_cache(1_000)
def read_accept(header: str | None) -> tuple[str, ...]:
    """Read an ``Accept`` header into media ranges, best first.

    Higher q first; among equals the more specific first, then the header's order. A range with
    ``q=0`` comes last and keeps its mark, because it takes a type out of a wider range. Parameters
    other than q are dropped, and so are elements that are not media ranges: a strange header
    must not cost a client its answer.

    >>> read_accept("text/csv;q=0.5, */*;q=0.1, application/json")
    ('application/json', 'text/csv', '*/*')
    >>> read_accept("*/*, text/turtle, text/csv;q=0")
    ('text/turtle', '*/*', 'text/csv;q=0')
    >>> read_accept(None)
    ()
    """
    found: list[tuple[float, int, str]] = []
    for element in (header or "").split(",")[:_MOST_RANGES]:
        media_range, *parameters = (part.strip().lower() for part in element.split(";"))
        if _RANGE.fullmatch(media_range) is None:
            continue
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                text = value.strip()
                quality = float(text) if _QUALITY.fullmatch(text) else 0.0
        found.append((quality, -media_range.count("*"), media_range))
    found.sort(key=lambda item: (-item[0], -item[1]))
    return tuple(text if quality > 0 else text + _EXCLUDED for quality, _, text in found)


def _covers(media_range: str, media_type: str) -> bool:
    if media_range == "*/*":
        return True
    if media_range.endswith("/*"):
        return media_type.startswith(media_range[:-1])
    return media_range == media_type


def choose_media_type(accept: Sequence[str], offered: Sequence[str]) -> str | None:
    """Choose among media types.

    Args:
        accept: media ranges, best first, as `read_accept` gives them; empty accepts everything.
        offered: what can be produced, our favourite first.

    Returns:
        One of ``offered``, or None when the client accepts none of them.

    >>> choose_media_type(("text/html", "*/*"), ("text/turtle", "text/html"))
    'text/html'
    >>> choose_media_type(("image/png",), ("text/turtle",)) is None
    True
    >>> choose_media_type(read_accept("*/*, text/turtle;q=0"), ("text/turtle", "text/html"))
    'text/html'
    """
    if not accept:
        return offered[0] if offered else None
    ranks = [(_rank(accept, media_type), media_type) for media_type in offered]
    best = min((rank for rank, _ in ranks if rank is not None), default=None)
    if best is None:
        return None
    return next(media_type for rank, media_type in ranks if rank == best)


def _rank(accept: Sequence[str], media_type: str) -> int | None:
    """Return the place of the range that decides on a type: the most specific that covers it."""
    deciding: tuple[int, int] | None = None
    for place, media_range in enumerate(accept):
        bare = media_range.removesuffix(_EXCLUDED)
        if _covers(bare, media_type):
            candidate = (bare.count("*"), place)
            deciding = candidate if deciding is None else min(deciding, candidate)
    if deciding is None or accept[deciding[1]].endswith(_EXCLUDED):
        return None
    return deciding[1]


def choose_format(accept: Sequence[str], offered: Sequence[Format]) -> Format | None:
    """Choose among formats, whose aliases count as their media type.

    >>> choose_format(("application/xml",), GRAPH_FORMATS).label
    'RDF/XML'
    >>> choose_format((), RESULT_FORMATS).label
    'SPARQL JSON'
    """
    return _choose_format(tuple(accept), tuple(offered))


@lru_cache(1_000)
def _choose_format(accept: tuple[str, ...], offered: tuple[Format, ...]) -> Format | None:
    by_type: dict[str, Format] = {}
    for offer in offered:
        by_type[offer.media_type] = offer
    for offer in offered:
        for alias in offer.aliases:
            if "/" in alias:
                by_type.setdefault(alias, offer)
    chosen = choose_media_type(accept, tuple(by_type))
    return by_type[chosen] if chosen is not None else None


# --- JSON-LD -------------------------------------------------------------------------------------


@cache
def json_ld_context() -> dict[str, Any]:
    """Return the content of ``@context`` of ``ontology/context.jsonld``.

    Raises:
        ResourceFileError: when the file is missing or is not a JSON-LD context.
    """
    path = resource_dir("ontology") / "context.jsonld"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ResourceFileError(path, "the JSON-LD context is missing") from None
    except ValueError as error:
        raise ResourceFileError(path, f"not readable as JSON: {error}") from error
    context = document.get("@context") if isinstance(document, dict) else None
    if not isinstance(context, dict):
        raise ResourceFileError(path, 'expected an object with one "@context" object')
    return context


def _refuse_remote(address: str, _options: object) -> Any:
    """Be the document loader of PyLD: nothing is ever loaded from an address."""
    from pyld.jsonld import JsonLdError  # noqa: PLC0415 - see compact_json_ld

    raise JsonLdError(f"remote documents are not loaded: {address}", "jsonld.LoadDocumentError")


def _with_types(node: dict[str, Any]) -> dict[str, Any]:
    """Say ``@type`` where pyoxigraph says ``rdf:type``: only the keyword is compacted to names."""
    types = node.get(expand("rdf:type"), ())
    if not types or not all("@id" in each for each in types):
        return node
    others = {name: value for name, value in node.items() if name != expand("rdf:type")}
    return {"@type": [each["@id"] for each in types], **others}


def compact_json_ld(expanded: bytes, context: dict[str, Any] | None = None) -> bytes:
    """Compact expanded JSON-LD (what pyoxigraph writes); the context is written into the result.

    Of the context only what the document uses is written. Costs about one second of processor time
    per megabyte, so callers set a limit.

    Args:
        expanded: an array of node objects.
        context: another context than that of the ontology.

    Returns:
        A document with ``@context`` and ``@graph``.

    Raises:
        ResourceFileError: when the ontology's context cannot be read.
    """
    # PyLD takes 0.2 s to import and most processes never write JSON-LD.
    from pyld import jsonld  # noqa: PLC0415

    ours = json_ld_context() if context is None else context
    compacted = jsonld.compact(
        [_with_types(node) for node in json.loads(expanded)],
        {"@context": ours},
        options={"documentLoader": _refuse_remote, "graph": True},
    )
    document = compacted | {"@context": _context_used(ours, compacted["@graph"])}
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def _context_used(context: dict[str, Any], document: Any) -> dict[str, Any]:
    """Return the entries of a context that a compacted document may refer to."""
    names: set[str] = set()
    _collect_names(document, names)
    used: dict[str, Any] = {}
    while True:
        found = {
            name: definition
            for name, definition in context.items()
            if name not in used and (name in names or name.startswith("@"))
        }
        if not found:
            return {name: context[name] for name in context if name in used}
        used |= found
        _collect_names(list(found.values()), names)


def _collect_names(part: Any, names: set[str]) -> None:
    """Note every word that could be a term, and every prefix; too many do no harm."""
    if isinstance(part, dict):
        for key, value in part.items():
            _collect_names(key, names)
            _collect_names(value, names)
    elif isinstance(part, list):
        for value in part:
            _collect_names(value, names)
    elif isinstance(part, str):
        prefix, colon, _ = part.partition(":")
        names.update((part, prefix) if colon else (part,))
