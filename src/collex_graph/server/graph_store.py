"""The reading side of the SPARQL 1.1 Graph Store Protocol: one graph, whole, at ``/data``.

https://www.w3.org/TR/sparql11-http-rdf-update/, section 5.2: ``?graph=IRI`` or ``?default``. A
graph whose IRI is ours is also served at its own address (section 4.1). Nothing here writes.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from collex_graph.errors import EntityNotFoundError, QuerySyntaxError
from collex_graph.model import QueryRequest
from collex_graph.rdf.iris import is_absolute_iri
from collex_graph.server import public_queries
from collex_graph.server.statements import ask
from collex_graph.sparql.catalogue import stored_query
from collex_graph.sparql.protocol import read_parameters, read_wishes
from collex_graph.sparql.terms import named_node

blueprint = Blueprint("graph_store", __name__)


@blueprint.get("/data")
def graph() -> Response:
    """Send the statements of one graph."""
    given = read_parameters(request.query_string)
    wishes = read_wishes(given, request.headers.get("Accept"))
    graphs = [value for name, value in given if name == "graph"]
    is_default = any(name == "default" for name, _ in given)
    if len(graphs) + is_default != 1:
        raise QuerySyntaxError(
            "Il faut un et un seul des paramètres graph=IRI et default.\n"
            "Exactly one of the parameters graph=IRI and default is needed."
        )
    if is_default:
        text = stored_query("entities/default-graph").text()
    else:
        iri = graphs[0]
        if not is_absolute_iri(iri):
            raise QuerySyntaxError(
                f"graph={iri[:80]!r} n’est pas un IRI absolu.\n"
                f"graph={iri[:80]!r} is not an absolute IRI."
            )
        node = named_node(iri)
        if not ask("entities/graph-exists", graph=[node]):
            raise EntityNotFoundError(
                f"Il n’y a pas de graphe nommé {iri[:200]}.\nThere is no graph named {iri[:200]}."
            )
        text = stored_query("entities/graph").text(graph=node)
    return public_queries.answer(QueryRequest(text, wishes))
