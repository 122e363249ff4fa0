"""Puts the site together: configuration, blueprints, and what holds for every answer.

Each room has a module with a ``blueprint``. `pages` also writes the pages that other rooms decide
to send: ``entity_page(iri)``, ``dataset_page()`` and ``error_page(context)`` return HTML text;
statuses, negotiation and entity tags stay with the caller.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from jinja2 import StrictUndefined
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from collex_graph.errors import SnapshotNotFoundError
from collex_graph.rdf.iris import Iris
from collex_graph.resources import resource_dir
from collex_graph.server import (
    datasets,
    entities,
    errors,
    graph_store,
    lane,
    monitoring,
    pages,
    rest,
    sparql,
    uploads,
)
from collex_graph.server.access_log import AccessLog, log_answers
from collex_graph.server.compression import compress
from collex_graph.server.fair_use import FairUse
from collex_graph.server.headers import DATA_FOR_EVERY_ORIGIN, EVERY_ANSWER
from collex_graph.server.messages import COOKIE, LANGUAGES
from collex_graph.server.services import EXTENSION, Services, services
from collex_graph.server.usage import Usage
from collex_graph.server.warming import WARMING
from collex_graph.sparql.kept_snapshots import KeptSnapshots
from collex_graph.sparql.result_cache import CachingQueries
from collex_graph.sparql.service_calls import ExpandingQueries
from collex_graph.store.search_index import SearchIndex
from collex_graph.uploads.judge import Judge

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from collex_graph.model import QueryService, Snapshot
    from collex_graph.settings import Settings

# Each holds the routes of one room; the order decides nothing but the reading of a route list.
BLUEPRINTS = (
    errors.blueprint, sparql.blueprint, graph_store.blueprint, monitoring.blueprint,
    rest.blueprint, uploads.blueprint,
    datasets.blueprint, entities.blueprint, pages.blueprint,
)  # fmt: skip

_ONE_YEAR_SECONDS = 365 * 24 * 3600

# A percent-encoded form triples a query's bytes in the worst case; the rest is for its parameters.
_FORM_OVERHEAD_BYTES = 64 * 1024

_PREFLIGHT = {
    "Access-Control-Allow-Headers": (
        "Accept, Accept-Language, Content-Type, If-None-Match, Range, X-Query-Id"
    ),
    "Access-Control-Max-Age": "86400",
}


def _never(_: str) -> bool:
    return False


def create_app(
    settings: Settings,
    queries: QueryService,
    *,
    known_before: Callable[[str], bool] = _never,
    usage: Usage | None = None,
) -> Flask:
    """Return the WSGI application of one site.

    Args:
        settings: the settings in force.
        queries: answers every query, and knows the current snapshot.
        known_before: says whether an earlier snapshot that is still kept knew an IRI; such an IRI
            is answered with 410 when the current snapshot does not know it.
        usage: what was counted before, if anything.
    """
    web = resource_dir("web")
    app = Flask(
        "collex_graph.server",
        static_folder=web / "static",
        static_url_path="/static",
        template_folder=web / "templates",
        root_path=str(web),
    )
    app.config.update(
        MAX_CONTENT_LENGTH=3 * settings.query_text_bytes + _FORM_OVERHEAD_BYTES,
        MAX_FORM_MEMORY_SIZE=3 * settings.query_text_bytes + _FORM_OVERHEAD_BYTES,
        MAX_FORM_PARTS=16,
        MOST_FILE_BYTES=settings.upload_bytes + uploads.FORM_BYTES,
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    # `//` in a path is not `/`, and no address of ours ends with a slash: nothing is ever
    # redirected by the router, whose redirects would repeat the Host header.
    app.url_map.merge_slashes = False

    def expanding(behind: QueryService) -> QueryService:
        return ExpandingQueries(behind, settings, _SearchIndexes().of)

    kept = KeptSnapshots(expanding(queries), settings, expanding)
    site = app.extensions[EXTENSION] = Services(
        settings=settings,
        queries=CachingQueries(kept, settings),
        kept=kept,
        fair_use=FairUse(settings),
        judge=Judge(settings),
        iris=Iris(settings.base_iri),
        known_before=known_before,
        presentation=_digest_of(web),
        usage=usage or Usage(),
        vendored=frozenset(path.name for path in (web / "static" / "vendor").glob("*")),
    )
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    errors.register(app)
    log = AccessLog(settings.access_log) if settings.access_log else None
    if log is not None:
        log_answers(app, log)
    app.extensions[f"{EXTENSION}_log"] = log
    app.extensions[lane.EXTENSION] = lane.Lane(site, log)
    app.before_request(_refuse_early)
    # They run in the reverse order: first the headers, then the coding, then the count.
    app.after_request(_count)
    app.after_request(compress)
    app.after_request(_complete_headers)
    return app


class _SearchIndexes:
    """The indexes of the snapshot being served, opened when somebody searches."""

    def __init__(self) -> None:
        self._opened: tuple[str, SearchIndex | None] = ("", None)

    def of(self, snapshot: Snapshot) -> SearchIndex | None:
        identifier, index = self._opened
        if identifier != snapshot.identifier:
            try:
                index = SearchIndex(snapshot)
            except SnapshotNotFoundError:
                index = None
            self._opened = (snapshot.identifier, index)
        return index


def _digest_of(web: Path) -> str:
    """Return a digest of everything that shapes a page without being data."""
    digest = hashlib.blake2b(digest_size=8)
    for folder in ("messages", "static", "templates"):
        for path in sorted((web / folder).rglob("*")):
            if path.is_file():
                digest.update(path.relative_to(web).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _refuse_early() -> None:
    """Refuse a body that is announced too large, or compressed, before a byte of it is read."""
    uploads.allow_file(request)
    limit = request.max_content_length
    if limit is not None and (request.content_length or 0) > limit:
        raise RequestEntityTooLarge
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType


def _complete_headers(response: Response) -> Response:
    # a page that other sites may frame says so in its policy; this older header knows no "anyone"
    framed = "frame-ancestors *" in response.headers.get("Content-Security-Policy", "")
    for name, value in EVERY_ANSWER.items():
        if not (framed and name == "X-Frame-Options"):
            response.headers.setdefault(name, value)
    if response.mimetype == "text/html" or "Location" in response.headers:
        _remember_language(response)
    if response.mimetype == "text/html" and request.method != "OPTIONS":
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response
    for name, value in DATA_FOR_EVERY_ORIGIN.items():
        response.headers.setdefault(name, value)
    if request.method == "OPTIONS":
        for name, value in _PREFLIGHT.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault(
            "Access-Control-Allow-Methods", response.headers.get("Allow", "GET, HEAD, OPTIONS")
        )
    return response


def _count(response: Response) -> Response:
    if WARMING in request.environ:
        return response
    room = (request.endpoint or "nowhere").partition(".")[0]
    is_page = response.mimetype == "text/html"
    services().usage.count_answer(room, response.status_code, is_page=is_page)
    return response


def _remember_language(response: Response) -> None:
    """Keep a language chosen by ``?lang=`` in the only cookie of the site."""
    chosen = request.args.get("lang")
    if chosen in LANGUAGES and chosen != request.cookies.get(COOKIE):
        response.set_cookie(
            COOKIE, chosen, max_age=_ONE_YEAR_SECONDS, path="/", httponly=True, samesite="Lax"
        )
