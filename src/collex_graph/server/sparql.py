"""The SPARQL endpoint (SPARQL 1.1 Protocol), its description of itself, and how to stop a query."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from collex_graph.errors import EntityNotFoundError
from collex_graph.server import answers, public_queries
from collex_graph.server.caching import client_holds, fresh, not_modified, tag_of
from collex_graph.server.negotiation import DATA, HTML, TURTLE
from collex_graph.server.runs import in_seconds
from collex_graph.server.serialization import serialize
from collex_graph.server.services import services
from collex_graph.server.statements import construct
from collex_graph.sparql.protocol import PAGE_TYPE, read_request

if TYPE_CHECKING:
    from collections.abc import Sequence

blueprint = Blueprint("sparql", __name__)


@blueprint.route("/sparql", methods=["GET", "POST"])
def endpoint() -> Response:
    """Answer a query, or describe the service when there is none."""
    if request.method != "POST" and not {"query", "update"} & set(request.args):
        return _describe_service()
    asked = read_request(
        method=request.method,
        query_string=request.query_string,
        content_type=request.headers.get("Content-Type"),
        body=request.get_data(cache=False),
        accept=request.headers.get("Accept"),
        settings=services().settings,
    )
    if asked.accept == (PAGE_TYPE,):
        pinned = {"snapshot": asked.snapshot} if asked.snapshot else {}
        return answers.see_other(f"/query?{urlencode({'query': asked.text} | pinned)}")
    return public_queries.answer(asked)


@blueprint.delete("/sparql/queries/<identifier>")
def stop(identifier: str) -> Response:
    """Stop a query that runs; its identifier is the permission to do so."""
    if not services().running.stop(identifier):
        raise EntityNotFoundError(
            "Aucune requête en cours n’a cet identifiant\u00a0; elle est peut-être finie.\n"
            "No query that runs has this identifier; it may have ended."
        )
    return Response(status=204)


def _describe_service() -> Response:
    site = services()
    offered = (TURTLE, HTML, *DATA[1:])
    representation = answers.choose_among(offered, [("/sparql", each) for each in offered])
    if representation.syntax is None:
        return answers.see_other("/query")
    snapshot = site.snapshot.identifier
    federated: Sequence[str] = site.settings.federation_endpoints
    tag = tag_of(snapshot, "/sparql", representation.extension, *federated)
    if client_holds(tag):
        held = not_modified(tag, mimetype=representation.media_type)
        return answers.vary(fresh(held), representation)
    triples = list(construct("entities/service"))
    if federated:
        triples += construct("entities/service-federation")
    body = serialize(triples, representation.syntax, first=f"{site.iris.base}sparql")
    response = answers.data(body, representation)
    response.headers["X-Snapshot"] = snapshot
    response.headers["X-Query-Timeout-Seconds"] = in_seconds(site.settings.query_timeout_seconds)
    response.set_etag(tag)
    return fresh(response)
