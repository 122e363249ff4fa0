"""The web side of a snapshot: linked data, the SPARQL endpoint, downloads and pages.

Everything HTTP is here and nothing else is: the graph is reached through `model.QueryService`,
pages are written by ``web/templates``. `create_app` puts the parts together, `run_server` runs it.
"""

from collex_graph.server.application import create_app

__all__ = ["create_app"]
