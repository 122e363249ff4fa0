"""The answers that several rooms send: a page, data, and the links between the two."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import Response, g, request

from collex_graph.server.negotiation import HTML, choose

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from collex_graph.server.messages import Language
    from collex_graph.server.negotiation import Representation


_VARY_OF_DATA = ("Accept",)
_VARY_OF_PAGES = ("Accept", "Accept-Language", "Cookie")


def vary(response: Response, representation: Representation) -> Response:
    """Say which headers decided on an answer, one without a body included."""
    response.vary.update(_VARY_OF_PAGES if representation is HTML else _VARY_OF_DATA)
    return response


def page(text: str, language: Language) -> Response:
    """Send a page written in a language."""
    response = Response(text, mimetype="text/html")
    response.content_language.add(language)
    response.vary.update(_VARY_OF_PAGES)
    return response


def data(body: bytes, representation: Representation) -> Response:
    """Send triples."""
    response = Response(body, content_type=representation.content_type)
    response.vary.update(_VARY_OF_DATA)
    return response


def see_other(path: str) -> Response:
    """Send the client to another path of this site."""
    response = Response(status=303)
    # Without a body there is no type: it is data as much as a page, which other sites may follow.
    del response.headers["Content-Type"]
    response.headers["Location"] = path
    response.vary.update(_VARY_OF_DATA)
    return response


def choose_among(
    offered: Sequence[Representation], alternates: Iterable[tuple[str, Representation]]
) -> Representation:
    """Choose what the client of the current request gets.

    Args:
        offered: what there is, the preferred one first.
        alternates: the address of each, which a 406 lists.

    Raises:
        NotAcceptableError: when the client accepts none of them.
    """
    g.alternates = [(href, each.media_type) for href, each in alternates if each in offered]
    return choose(request.headers.get("Accept"), offered)


def link(
    response: Response,
    *,
    canonical: str,
    alternates: Iterable[tuple[str, Representation]],
    licences: Iterable[str],
) -> Response:
    """Say where else the same is (RFC 8288): its IRI, its other representations, its licences."""
    links = [f'<{_as_uri(canonical)}>; rel="canonical"']
    links += [f'<{href}>; rel="alternate"; type="{r.media_type}"' for href, r in alternates]
    links += [f'<{_as_uri(licence)}>; rel="license"' for licence in licences]
    response.headers["Link"] = ", ".join(links)
    return response


def _as_uri(iri: str) -> str:
    """Return an IRI as header fields may hold it (RFC 3987, section 3.1)."""
    return quote(iri, safe="!#$%&'()*+,/:;=?@[]~")
