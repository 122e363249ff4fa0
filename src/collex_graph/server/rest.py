"""Stored queries as an HTTP interface: ``/api/queries/{name}?parameter=value``.

Parameters become RDF terms (`sparql/catalogue.py`), never text of a query. A page is a slice of the
whole result, which is computed once and kept, so pages never overlap nor leave a row out; links
to further pages name the snapshot, and are answered from it while it is kept, then 410, rather than
with a row too many.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request

from collex_graph.errors import (
    NotAcceptableError,
    QuerySyntaxError,
    UnwritableResultError,
)
from collex_graph.model import QueryRequest
from collex_graph.rdf import formats
from collex_graph.rdf.namespaces import expand
from collex_graph.server import answers, public_queries
from collex_graph.server.caching import client_holds, fresh, not_modified, tag_of
from collex_graph.server.messages import LANGUAGES
from collex_graph.server.named_queries import bound_text, find_question, given_values, questions
from collex_graph.server.negotiation import language_of
from collex_graph.server.openapi import describe_interface
from collex_graph.server.services import services
from collex_graph.sparql.protocol import read_snapshot, read_timeout

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from collex_graph.server.messages import Language
    from collex_graph.sparql.catalogue import StoredQuery

MOST_ROWS_OF_A_PAGE = 10_000
ROWS_OF_A_PAGE = 100

_JSON = "application/json"
_LIMIT = re.compile(r"\bLIMIT\s+(\d+)\s*$", re.IGNORECASE)
_WHOLE_NUMBER = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_NUMBERS = frozenset(expand(f"xsd:{name}") for name in ("decimal", "double", "float"))
_INTEGER, _BOOLEAN = expand("xsd:integer"), expand("xsd:boolean")

blueprint = Blueprint("rest", __name__, url_prefix="/api")


@blueprint.get("")
def start() -> Response:
    """Send people to the page that explains the interface."""
    return answers.see_other("/about/api")


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """Describe the interface (OpenAPI 3.1)."""
    return _described("openapi", describe_interface)


@blueprint.get("/queries")
def index() -> Response:
    """List the queries that may be asked."""
    return _described("queries", _list_queries)


def _described(name: str, describe: Callable[[Language], dict[str, Any]]) -> Response:
    """Send what depends on nothing but the software and the language."""
    language = _language()
    tag = tag_of(name, language, services().presentation)
    if client_holds(tag):
        return fresh(not_modified(tag, mimetype=_JSON))
    response = jsonify(describe(language))
    response.content_language.add(language)
    response.vary.add("Accept-Language")
    response.set_etag(tag)
    return fresh(response)


def _list_queries(language: Language) -> dict[str, Any]:
    listed = [
        {
            "name": name,
            "title": query.title[language],
            "description": query.description.get(language, ""),
            "audience": list(query.audience),
            "difficulty": query.difficulty,
            "programmes": list(query.programmes),
            "form": query.form.value,
            "parameters": [
                {
                    "name": parameter.name,
                    "type": parameter.type,
                    "label": parameter.label.get(language, parameter.name),
                    "required": not parameter.optional and parameter.default is None,
                    "multiple": parameter.multiple,
                    "default": parameter.default,
                    "example": parameter.example,
                }
                for parameter in query.parameters.values()
            ],
            "href": f"/api/queries/{name}",
            "page": f"/queries/{name}",
        }
        for name, query in questions().items()
    ]
    return {"queries": listed}


@blueprint.get("/queries/<name>")
def answer(name: str) -> Response:
    """Answer a stored query with the values given."""
    query = find_question(name)
    values = given_values(query, request.args, empty_is_none=False)
    language = _language()
    wanted = _wanted(query)
    page = _read_page(wanted)
    asked = QueryRequest(
        bound_text(query, values),
        (wanted.media_type,),
        timeout_seconds=read_timeout(
            list(request.args.items(multi=True)), services().settings.query_timeout_seconds
        ),
        snapshot=read_snapshot(list(request.args.items(multi=True))),
    )
    if wanted.writer is None:
        response = public_queries.answer(asked)
    else:
        written = _Writer(name, query, page, values, language)
        write = getattr(written, wanted.writer)
        response = public_queries.answer(asked, variant=f"{wanted.writer} {page}", transform=write)
        if written.links:
            response.headers["Link"] = ", ".join(
                f'<{href}>; rel="{relation}"' for relation, href in written.links.items()
            )
    if wanted.writer == "write_csv":
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    elif wanted.media_type == formats.XLSX.media_type:
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return response


def _language() -> Language:
    """Return the language asked for; a page overlooks a wrong one, programs are told."""
    given = request.args.getlist("lang")
    if len(given) > 1 or set(given) - set(LANGUAGES):
        known = ", ".join(LANGUAGES)
        raise QuerySyntaxError(f"lang est un de\u00a0: {known}.\nlang is one of: {known}.")
    return language_of(request)


# --- what is asked for ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Wanted:
    """A format of the interface: what the service is asked for, and who writes it anew."""

    name: str
    offered_as: str
    media_type: str
    writer: str | None = None


_ROWS = (
    _Wanted("json", _JSON, formats.JSON.media_type, "write_json"),
    _Wanted("csv", formats.CSV.media_type, formats.CSV.media_type, "write_csv"),
    _Wanted("geojson", formats.GEOJSON.media_type, formats.GEOJSON.media_type, "write_geojson"),
    *(
        _Wanted(each.name, each.media_type, each.media_type)
        for each in (formats.XLSX, formats.TSV, formats.XML)
    ),
    _Wanted("srj", formats.JSON.media_type, formats.JSON.media_type),
)
_TRUTH = (_ROWS[0], _Wanted("srj", formats.JSON.media_type, formats.JSON.media_type))
_GRAPH = (
    _Wanted("json", formats.JSON_LD.media_type, formats.JSON_LD.media_type),
    *(_Wanted(each.name, each.media_type, each.media_type) for each in formats.GRAPH_FORMATS),
)


def formats_of(query: StoredQuery) -> dict[str, str]:
    """Return the formats that a query's answer may have: name → media type, ours first."""
    return {each.name: each.offered_as for each in _offered(query)}


def _offered(query: StoredQuery) -> tuple[_Wanted, ...]:
    if query.form.gives_a_graph:
        return _GRAPH
    return _ROWS if query.form.value == "SELECT" else _TRUTH


def _wanted(query: StoredQuery) -> _Wanted:
    offered = _offered(query)
    names = request.args.getlist("format")
    if len(names) > 1:
        raise QuerySyntaxError("Un seul format= à la fois.\nOne format= at a time.")
    if names:
        for each in offered:
            if names[0] == each.name:
                return each
        known = ", ".join(each.name for each in offered)
        raise QuerySyntaxError(
            f"format={names[0][:40]!r} n’existe pas ici\u00a0; il y a : {known}.\n"
            f"format={names[0][:40]!r} does not exist here; there are: {known}."
        )
    accepted = formats.read_accept(request.headers.get("Accept"))
    chosen = formats.choose_media_type(accepted, [each.offered_as for each in offered])
    if chosen is None:
        types = ", ".join(each.offered_as for each in offered)
        raise NotAcceptableError(f"Formats disponibles ici : {types}.\nAvailable here: {types}.")
    return next(each for each in offered if each.offered_as == chosen)


@dataclass(frozen=True)
class _Page:
    """A slice of a result: which page, of how many rows; ``size`` 0 is everything."""

    number: int
    size: int

    def of(self, rows: list[Any]) -> list[Any]:
        return rows[(self.number - 1) * self.size :][: self.size] if self.size else rows


def _read_page(wanted: _Wanted) -> _Page:
    given = {name: request.args.getlist(name) for name in ("page", "page_size")}
    numbers: dict[str, int] = {}
    for name, texts in given.items():
        most = MOST_ROWS_OF_A_PAGE if name == "page_size" else 10**9
        if not texts:
            continue
        if len(texts) > 1 or not _WHOLE_NUMBER.fullmatch(texts[0]) or int(texts[0]) > most:
            raise QuerySyntaxError(
                f"{name} doit être un nombre entier de 1 à {most}.\n"
                f"{name} must be a whole number from 1 to {most}."
            )
        numbers[name] = int(texts[0])
    if numbers and wanted.writer is None:
        raise QuerySyntaxError(
            f"Le format {wanted.name} se donne en entier, sans page ni page_size.\n"
            f"The format {wanted.name} is given whole, without page or page_size."
        )
    default = ROWS_OF_A_PAGE if wanted.writer == "write_json" or numbers else 0
    return _Page(numbers.get("page", 1), numbers.get("page_size", default))


# --- what is sent --------------------------------------------------------------------------------


class _Writer:
    """Writes a result anew, a page of it at a time."""

    def __init__(
        self,
        name: str,
        query: StoredQuery,
        page: _Page,
        values: Mapping[str, list[str]],
        language: Language,
    ) -> None:
        self._language = language
        self._name = name
        self._query = query
        self._page = page
        self._values = values
        self.links: dict[str, str] = {}

    def write_json(self, body: bytes, snapshot: str) -> tuple[bytes, str]:
        """Write rows as plain JSON: numbers as numbers, IRIs and texts as texts."""
        result = json.loads(body)
        document: dict[str, Any] = {
            "query": self._name,
            "title": self._query.title[self._language],
            "snapshot": snapshot,
            "parameters": dict(self._values),
        }
        if "boolean" in result:
            document["answer"] = result["boolean"]
        else:
            columns = result["head"]["vars"]
            bindings = result["results"]["bindings"]
            document |= self._paging(len(bindings), snapshot)
            document["columns"] = columns
            document["rows"] = [
                {name: _plain(row[name]) if name in row else None for name in columns}
                for row in self._page.of(bindings)
            ]
        return _dump(document), _JSON

    def write_csv(self, body: bytes, snapshot: str) -> tuple[bytes, str]:
        """Write rows as a file for a spreadsheet: no cell is taken for a formula."""
        header, *rows = csv.reader(io.StringIO(body.decode(), newline=""))
        self._paging(len(rows), snapshot)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(header)
        writer.writerows([_harmless(cell) for cell in row] for row in self._page.of(rows))
        return text.getvalue().encode(), formats.CSV.content_type

    def write_geojson(self, body: bytes, snapshot: str) -> tuple[bytes, str]:
        """Write rows as GeoJSON."""
        if not self._page.size:
            return body, formats.GEOJSON.content_type
        document = json.loads(body)
        self._paging(len(document["features"]), snapshot)
        document["features"] = self._page.of(document["features"])
        return _dump(document), formats.GEOJSON.content_type

    def _paging(self, total: int, snapshot: str) -> dict[str, Any]:
        number, size = self._page.number, self._page.size or max(total, 1)
        last = max(1, -(-total // size))
        others = {
            "first": 1, "prev": number - 1, "next": number + 1, "last": last,
        }  # fmt: skip
        if self._page.size:
            self.links = {
                relation: self._address(other, snapshot)
                for relation, other in others.items()
                if 1 <= other <= last and (relation != "prev" or number <= last + 1)
            }
        limit = self._limit()
        return {
            "total": total,
            "page": number,
            "page_size": size,
            "pages": last,
            "next": self.links.get("next"),
            "limit": limit,
            "limit_reached": limit is not None and total >= limit,
        }

    def _limit(self) -> int | None:
        """Return the LIMIT of the query itself, beyond which it does not look."""
        found = _LIMIT.search(bound_text(self._query, self._values).rstrip())
        return int(found[1]) if found else None

    def _address(self, number: int, snapshot: str) -> str:
        kept = [
            pair
            for pair in request.args.items(multi=True)
            if pair[0] not in ("page", "page_size", "snapshot") and pair[1]
        ]
        kept += [("page", str(number)), ("page_size", str(self._page.size))]
        return f"/api/queries/{self._name}?{urlencode([*kept, ('snapshot', snapshot)])}"


def _dump(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def _plain(term: dict[str, Any]) -> Any:
    value, datatype = term["value"], term.get("datatype")
    if not isinstance(value, str):
        raise UnwritableResultError(
            "Un énoncé cité n’a pas d’écriture en JSON simple\u00a0; demandez format=srj.\n"
            "A quoted statement cannot be written in plain JSON; ask for format=srj."
        )
    if datatype == _BOOLEAN:
        return value == "true"
    if (datatype == _INTEGER or datatype in _NUMBERS) and _JSON_NUMBER.fullmatch(value):
        return int(value) if datatype == _INTEGER else float(value)
    return value


def _harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula.

    >>> _harmless("=1+1"), _harmless("-1.5"), _harmless("-x"), _harmless("Iran")
    ("'=1+1", '-1.5', "'-x", 'Iran')
    """
    if cell[:1] in ("=", "+", "-", "@", "\t", "\r") and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell
