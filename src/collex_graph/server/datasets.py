"""The data set as a whole: its description, its dump, and what robots and monitors ask for."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING

import pyoxigraph as ox
from flask import Blueprint, Response, request, send_file
from werkzeug.exceptions import NotFound

from collex_graph.rdf.namespaces import expand
from collex_graph.server import answers, pages
from collex_graph.server.caching import REVALIDATE, client_holds, not_modified, tag_of, tagged
from collex_graph.server.negotiation import (
    BY_EXTENSION,
    DATA,
    HTML,
    PAGE_AND_DATA,
    language_of,
)
from collex_graph.server.serialization import serialize
from collex_graph.server.services import services

if TYPE_CHECKING:
    from pathlib import Path

    from collex_graph.model import Snapshot
    from collex_graph.server.negotiation import Representation

DUMP_PATH = "/dataset/dataset.nq.gz"

_SHA256 = re.compile(r"[0-9a-f]{64}")
_ALTERNATES = tuple((f"/dataset.{each.extension}", each) for each in PAGE_AND_DATA)
_ROBOTS = """\
User-agent: *
Disallow: /sparql
Disallow: /query
"""

blueprint = Blueprint("datasets", __name__)


@blueprint.get("/dataset")
def dataset() -> Response:
    """Send the page of the data set, or its description in RDF."""
    return _description(answers.choose_among(PAGE_AND_DATA, _ALTERNATES))


@blueprint.get("/dataset.<extension>")
def dataset_in(extension: str) -> Response:
    """Send the description in the format that the address names."""
    representation = BY_EXTENSION.get(extension)
    if representation is None:
        raise NotFound
    return _description(representation)


@blueprint.get("/.well-known/void")
def void() -> Response:
    """Send the description where robots look for it (VoID, section 6.2); people get the page."""
    representation = answers.choose_among((*DATA, HTML), _ALTERNATES)
    if representation is HTML:
        return answers.see_other("/dataset")
    return _description(representation)


def _description(representation: Representation) -> Response:
    site = services()
    snapshot = site.snapshot
    language = language_of(request)
    if representation is HTML:
        tag = tag_of(snapshot.identifier, "dataset", language, site.presentation, request.full_path)
    else:
        tag = tag_of(snapshot.identifier, "dataset", representation.extension)
    if client_holds(tag):
        response = not_modified(tag, mimetype=representation.media_type)
    elif representation.syntax is None:
        response = answers.page(pages.dataset_page(), language)
    else:
        triples = _described(snapshot.description)
        about = site.iris.entity("dataset", "collex-graph")
        response = answers.data(
            serialize(triples, representation.syntax, first=about), representation
        )
    answers.link(
        response,
        canonical=f"{site.iris.base}dataset",
        alternates=_ALTERNATES,
        licences=licences(snapshot),
    )
    response.headers["X-Snapshot"] = snapshot.identifier
    return tagged(answers.vary(response, representation), tag)


@lru_cache(maxsize=4)
def _described(path: Path) -> tuple[ox.Triple, ...]:
    """Read a snapshot's description, which never changes once it is published."""
    return tuple(quad.triple for quad in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE))


def licences(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the IRIs of the licences that a snapshot's description states, sorted."""
    wanted = expand("dcterms:license")
    found = {
        triple.object.value
        for triple in _described(snapshot.description)
        if triple.predicate.value == wanted and isinstance(triple.object, ox.NamedNode)
    }
    return tuple(sorted(found))


@blueprint.get(DUMP_PATH)
def dump() -> Response:
    """Send the named graphs as one file; parts of it can be asked for (RFC 9110, section 14)."""
    snapshot = services().snapshot
    if not snapshot.dump.is_file():
        raise NotFound
    digest = sha256_of_dump(snapshot)
    response = send_file(
        snapshot.dump.resolve(),
        mimetype="application/gzip",
        as_attachment=True,
        download_name=f"collex-graph-{snapshot.identifier}.nq.gz",
        conditional=True,
        etag=digest,
    )
    encoded = base64.b64encode(bytes.fromhex(digest)).decode()
    response.headers["Repr-Digest"] = f"sha-256=:{encoded}:"
    response.headers["Cache-Control"] = REVALIDATE
    response.headers["X-Snapshot"] = snapshot.identifier
    return response


def sha256_of_dump(snapshot: Snapshot) -> str:
    """Return the hexadecimal SHA-256 of a snapshot's dump, as its manifest states it."""
    stated = snapshot.manifest.get("dump")
    digest = stated.get("sha256") if isinstance(stated, dict) else None
    if isinstance(digest, str) and _SHA256.fullmatch(digest):
        return digest
    return _compute_sha256(snapshot.dump)


@lru_cache(maxsize=4)
def _compute_sha256(path: Path) -> str:
    with path.open("rb") as dump_file:
        return hashlib.file_digest(dump_file, "sha256").hexdigest()


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Keep crawlers away from what costs a query each time."""
    return Response(_ROBOTS, mimetype="text/plain")
