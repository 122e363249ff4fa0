"""Asks a new site for what its first visitors will ask: templates, stored queries, results.

The first answer of each kind takes tenths of a second, the next ones a few milliseconds. Nobody
should get the first: a site says that it is ready when these have been asked, or after a few
seconds, where a large graph or a busy machine makes them slow; the others are then left out.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from collex_graph.errors import CollexGraphError
from collex_graph.model import QueryRequest
from collex_graph.rdf.formats import GRAPH_FORMATS, RESULT_FORMATS, ROW_FORMATS
from collex_graph.server.services import EXTENSION

if TYPE_CHECKING:
    from flask import Flask

    from collex_graph.rdf.formats import Format
    from collex_graph.server.services import Services

WARMING = "collex_graph.warming"
"""Marks requests of ours, which are neither counted nor written down."""

LONGEST_SECONDS = 5.0

_PAGES = (
    "/", "/sparql", "/query", "/queries", "/search?q=archives", "/institutions", "/map",
    "/programmes", "/gaps", "/ontology", "/dataset", "/about", "/nowhere",
)  # fmt: skip
_DATA = ("/sparql", "/api/queries", "/api/openapi.json", "/map.geojson", "/nowhere")
_ROWS = "SELECT ?s ?p ?o { ?s ?p ?o } LIMIT 1"
_GRAPH = "DESCRIBE ?s { ?s ?p ?o } LIMIT 1"

_log = logging.getLogger(__name__)


def warm(app: Flask) -> None:
    """Ask for as much of it as a few seconds allow."""
    # What is being asked when they are over ends beside the visitors: it cannot be given up.
    warming = threading.Thread(target=_ask_everything, args=(app,), name="warming", daemon=True)
    warming.start()
    warming.join(LONGEST_SECONDS)


def _ask_everything(app: Flask) -> None:
    end = time.monotonic() + LONGEST_SECONDS
    site: Services = app.extensions[EXTENSION]
    client = app.test_client(use_cookies=False)
    try:
        for text, formats in ((_ROWS, (*RESULT_FORMATS, *ROW_FORMATS)), (_GRAPH, GRAPH_FORMATS)):
            for each in formats:
                _ask_for(site, text, each)
        for accept, paths in (("text/html", _PAGES), ("*/*", _DATA)):
            for path in paths:
                if time.monotonic() > end:
                    return
                # Errors are answers; what is not is written to the log by the application.
                client.get(path, headers={"Accept": accept}, environ_base={WARMING: True})
    except Exception:
        _log.exception("the site could not be asked for everything before its first visitor")


def _ask_for(site: Services, text: str, written_as: Format) -> None:
    try:
        site.queries.run(QueryRequest(text, (written_as.media_type,), priority=True))
    except CollexGraphError as error:
        # Not every format can hold every row; each has been tried now.
        _log.debug("%s: %s", written_as.name, error)
