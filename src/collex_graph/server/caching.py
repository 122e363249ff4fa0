"""Entity tags: an answer that a client already holds is not sent again (RFC 9110, section 13)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from flask import Response, request

from collex_graph import __version__
from collex_graph.server.compression import bare_tag
from collex_graph.server.services import services

if TYPE_CHECKING:
    from collex_graph.settings import Settings

# Every answer may be kept by anybody, and asked again before use: a new snapshot may be published
# at any moment, and asking costs one short round trip.
REVALIDATE = "public, no-cache"

STALE_SECONDS = 86_400
"""How long a proxy may go on with an old answer while the site cannot be reached."""


def fresh(response: Response) -> Response:
    """Let browsers and proxies use an answer again for a moment, and longer when we are down.

    A poll of a map then costs us nothing, and a new snapshot is seen within ``cache_seconds``.
    """
    response.headers["Cache-Control"] = freshness(services().settings)
    return response


def freshness(settings: Settings) -> str:
    """Return the ``Cache-Control`` of what stays true as long as its snapshot is served."""
    seconds = settings.cache_seconds
    return f"public, max-age={seconds}, stale-if-error={STALE_SECONDS}" if seconds else REVALIDATE


def tag_of(*parts: str) -> str:
    """Return an entity tag for what these parts determine; the software's version is one of them.

    >>> tag_of("a", "bc") == tag_of("ab", "c")
    False
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in (__version__, *parts):
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return digest.hexdigest()


def client_holds(tag: str) -> bool:
    """Say whether the request names this tag in ``If-None-Match`` (weak comparison)."""
    named = request.if_none_match
    return named.star_tag or any(bare_tag(held) == tag for held in named.as_set(include_weak=True))


def not_modified(tag: str, *, weak: bool = False, mimetype: str = "text/html") -> Response:
    """Return the answer without a body for a client that holds this very representation.

    Args:
        tag: from `tag_of`.
        weak: as in `tagged`.
        mimetype: what the client holds; it is not sent, but decides who may read the answer.
    """
    response = Response(status=304, mimetype=mimetype)
    return tagged(response, tag, weak=weak)


def tagged(response: Response, tag: str, *, weak: bool = False) -> Response:
    """Give a response its entity tag and its caching rule.

    Args:
        response: the response.
        tag: from `tag_of`.
        weak: the same result, perhaps not the same bytes (rows of a query in another order).
    """
    response.set_etag(tag, weak=weak)
    response.headers["Cache-Control"] = REVALIDATE
    return response
