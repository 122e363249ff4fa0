"""Linked data: every IRI of the graph answers, as a page or as triples.

The IRI ``{base_iri}X`` is served at ``/X``, whatever host the site runs on; the IRIs of others are
served at ``/entity?iri=…``. An address that ends like a file name (``.ttl``) names a
representation, unless the whole path is the IRI of an entity.

The data about a node are all its statements in the default graph and in those of provenance,
description, validation and shapes; what points at it in the default graph, up to `INCOMING_LINKS`;
and the labels of the nodes at the other end. The header
``X-Incoming-Links`` says how many there are, and ``partial`` where more are left.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes, urlencode

import pyoxigraph as ox
from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, Gone

from collex_graph.errors import EntityNotFoundError
from collex_graph.rdf.identifiers import (
    Identified,
    read_bnf,
    read_ccfr,
    read_doi,
    read_idref,
    read_isni,
    read_issn,
    read_orcid,
    read_persee,
    read_ror,
    read_sudoc,
    read_wikidata,
)
from collex_graph.rdf.iris import is_absolute_iri, percent_encode
from collex_graph.rdf.namespaces import expand
from collex_graph.server import answers, pages
from collex_graph.server.caching import client_holds, not_modified, tag_of, tagged
from collex_graph.server.datasets import licences
from collex_graph.server.negotiation import (
    BY_EXTENSION,
    DATA,
    HTML,
    PAGE_AND_DATA,
    TURTLE_TO_READ,
    language_of,
    split_extension,
)
from collex_graph.server.ontology_page import read_release, released_versions
from collex_graph.server.serialization import serialize
from collex_graph.server.services import services
from collex_graph.server.statements import ask, construct

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from collex_graph.server.messages import Language
    from collex_graph.server.negotiation import Representation

INCOMING_LINKS = 1000
"""How many links that point at a node its data hold; the query reads one more to know of others."""

LONGEST_IRI = 2000
"""Characters of the longest IRI asked for; a longer one is no identifier of anybody."""

_READERS = (
    read_idref, read_sudoc, read_bnf, partial(read_bnf, person=True), read_ccfr, read_persee,
    read_ror, read_wikidata, read_isni, read_orcid, read_issn, read_doi,
)  # fmt: skip

_SERVED_PATHS = ("/id/", "/vocabulary/", "/graph/", "/.well-known/genid/")

blueprint = Blueprint("entities", __name__)


# --- addresses -----------------------------------------------------------------------------------


def requested_path() -> str:
    """Return the path of the request as its IRI spells it: decoded once, then encoded our way.

    The path that WSGI gives is decoded already, so that an encoded slash and a slash look alike;
    this reads the path as it was sent.

    Raises:
        BadRequest: for a path that no IRI of ours has: bad UTF-8, an encoded slash, ``..``,
            a backslash or a control character.
    """
    environ = request.environ
    sent = environ.get("RAW_URI") or environ.get("REQUEST_URI") or quote(request.path)
    if not sent.startswith("/"):
        # the absolute form of a request line, whose host is nobody's business here
        sent = "/" + sent.partition("://")[2].partition("/")[2]
    path = sent.partition("?")[0]
    if len(path) > 3 * LONGEST_IRI:
        raise BadRequest("Le chemin est trop long.\nThe path is too long.")
    return "/".join(_canonical_segment(segment) for segment in path.split("/"))


def _canonical_segment(segment: str) -> str:
    try:
        decoded = unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest(
            "Le chemin n’est pas en UTF-8 codé par %.\nThe path is not percent-encoded UTF-8."
        ) from None
    if decoded in (".", "..") or any(
        character in "/\\" or ord(character) < 0x20 or ord(character) == 0x7F
        for character in decoded
    ):
        raise BadRequest(
            "Le chemin contient des caractères qu’aucun identifiant n’a ici.\n"
            "The path holds characters that no identifier here has."
        )
    return percent_encode(decoded)


def href_of(iri: str) -> str:
    """Return the local address of any IRI: its path when it is ours, else ``/entity?iri=…``."""
    path = services().iris.path_of(iri)
    if path is not None and path.startswith(_SERVED_PATHS):
        return path
    return "/entity?" + urlencode({"iri": iri})


# --- routes --------------------------------------------------------------------------------------


@blueprint.get("/id/<path:_>")
@blueprint.get("/vocabulary/<path:_>")
@blueprint.get("/.well-known/genid/<path:_>")
def entity(_: str) -> Response:
    """Send what the graph says of an entity, a concept or a skolemised blank node of ours."""
    path = requested_path()
    iris = services().iris
    split = split_extension(path)
    if split is None or is_known(iris.at_path(path)):
        return _answer(iris.at_path(path), path, None)
    stem, representation = split
    return _answer(iris.at_path(stem), stem, representation)


@blueprint.get("/entity")
def any_entity() -> Response:
    """Send what the graph says of an IRI that others minted."""
    wanted = request.args.getlist("iri")
    if len(wanted) != 1:
        raise BadRequest("Donnez une seule IRI : /entity?iri=…\nGive one IRI: /entity?iri=…")
    iri = wanted[0]
    if len(iri) > LONGEST_IRI or not is_absolute_iri(iri):
        raise BadRequest(
            "iri= attend une IRI absolue, codée par % dans l’adresse.\n"
            "iri= must be an absolute IRI, percent-encoded in the address."
        )
    href = href_of(iri)
    if not href.startswith("/entity?"):
        # The path starts with /id/ or the like, so this never leads to another host.
        return answers.see_other(href)
    extension = request.args.get("format")
    if extension is not None and extension not in BY_EXTENSION:
        raise BadRequest(
            f"format= est l’un de {', '.join(BY_EXTENSION)}.\n"
            f"format= is one of {', '.join(BY_EXTENSION)}."
        )
    canonical = _known_spelling(iri)
    if canonical != iri:
        return answers.see_other(_address(href_of(canonical), extension))
    return _answer(iri, href, BY_EXTENSION[extension] if extension else None)


def _known_spelling(iri: str) -> str:
    """Return the IRI under which the graph knows what an address of an authority names.

    Authorities are written in many ways (https, without ``/id``, the pages of catalogues); the
    graph holds one. An IRI that the graph knows as it is, and one that it does not know in any
    spelling, is returned unchanged.
    """
    others = [each for each in _spellings(iri) if each != iri]
    if not others or is_known(iri):
        return iri
    return next((each for each in others if is_known(each)), iri)


def _spellings(iri: str) -> list[str]:
    """Return the canonical IRIs that an address may stand for, the likeliest first.

    >>> _spellings("https://data.bnf.fr/ark:/12148/cb11935712m")
    ['http://data.bnf.fr/ark:/12148/cb11935712m', \
'http://data.bnf.fr/ark:/12148/cb11935712m#foaf:Person']
    >>> _spellings("https://example.org/027254755")
    []
    """
    read = [reader(iri) for reader in _READERS]
    # A person of the BnF may be known as a concept alone, and the other way round.
    read.append(read_bnf(iri.partition("#")[0]))
    found = [each.iri for each in read if isinstance(each, Identified) and each.iri]
    return list(dict.fromkeys(found))


@blueprint.get("/ontology")
@blueprint.get("/ontology.<extension>")
def ontology(extension: str | None = None) -> Response:
    """Send the ontology: the IRIs of its terms lead here once their fragment is dropped."""
    named = expand("collex:").rstrip("#")
    return _graph(
        services().iris.graph("ontology"), "/ontology", extension, content=named, has_page=True
    )


@blueprint.get("/ontology/<version>")
def ontology_version(version: str) -> Response:
    """Send the ontology at a version IRI: the version in force, or one as it was released."""
    split = split_extension(version)
    number, representation = split or (version, None)
    base = expand("collex:").rstrip("#")
    named = f"{base}/{number}"
    in_force = ox.NamedNode(named) in {
        triple.object
        for triple in construct("entities/describe", node=[_node(base)])
        if triple.predicate.value == expand("owl:versionIRI")
    }
    if not in_force and number not in released_versions():
        raise _absent(named)
    return _graph(
        services().iris.graph("ontology"),
        f"/ontology/{number}",
        representation.extension if representation else None,
        content=named,
        has_page=in_force,
        read=None if in_force else partial(read_release, number),
    )


@blueprint.get("/shapes")
@blueprint.get("/shapes.<extension>")
def shapes(extension: str | None = None) -> Response:
    """Send the shapes that the data are validated with."""
    named = expand("collex-sh:").rstrip("#")
    return _graph(
        services().iris.graph("shapes"), "/shapes", extension, content=named, has_page=True
    )


@blueprint.get("/graph/<path:_>")
def graph(_: str) -> Response:
    """Send the content of a named graph; graphs are data and have no page, but can be read."""
    path = requested_path()
    split = split_extension(path)
    if split is not None:
        stem, representation = split
        return _graph(services().iris.at_path(stem), stem, representation.extension)
    return _graph(services().iris.at_path(path), path, None)


# --- answers -------------------------------------------------------------------------------------


def _address(href: str, extension: str | None) -> str:
    """Return the address of a representation of what has an address without extension."""
    if extension is None:
        return href
    return f"{href}&format={extension}" if href.startswith("/entity?") else f"{href}.{extension}"


def _alternates(href: str, offered: Sequence[Representation]) -> list[tuple[str, Representation]]:
    return [(_address(href, each.extension), each) for each in offered]


def _home_of(iri: str) -> str | None:
    """Return the IRI that stands for another name of its thing: a merged record, an old address."""
    for triple in construct("entities/represented", node=[_node(iri)]):
        return str(getattr(triple.object, "value", "")) or None
    return None


def _answer(iri: str, href: str, representation: Representation | None) -> Response:
    """Send one entity, or lead to the IRI under which it is described here.

    Args:
        iri: the entity.
        href: its address here, without extension.
        representation: what the address names; None leaves it to negotiation.
    """
    site = services()
    snapshot = site.snapshot
    alternates = _alternates(href, PAGE_AND_DATA)
    asked = representation.extension if representation is not None else None
    if representation is None:
        representation = answers.choose_among(PAGE_AND_DATA, alternates)
    language = language_of(request)
    tag = _tag(iri, representation, language)
    if client_holds(tag):
        response = not_modified(tag, mimetype=representation.media_type)
    elif (home := _home_of(iri)) is not None:
        return answers.see_other(_address(href_of(home), asked))
    elif representation.syntax is None:
        if not is_known(iri):
            raise _absent(iri)
        response = answers.page(pages.entity_page(iri), language)
    else:
        triples, incoming = describe(iri)
        if not triples:
            raise _absent(iri)
        body = serialize(triples, representation.syntax, first=iri)
        response = answers.data(body, representation)
        response.headers["X-Incoming-Links"] = incoming
    answers.link(response, canonical=iri, alternates=alternates, licences=licences(snapshot))
    response.headers["Content-Location"] = next(
        address for address, each in alternates if each is representation
    )
    response.headers["X-Snapshot"] = snapshot.identifier
    return tagged(answers.vary(response, representation), tag)


def _absent(iri: str) -> Exception:
    if services().known_before(iri):
        return Gone()
    return EntityNotFoundError(
        f"Le graphe ne dit rien de <{iri}>.\nThe graph says nothing about <{iri}>."
    )


def is_known(iri: str) -> bool:
    """Say whether any statement has this IRI as its subject or its object."""
    return ask("entities/known", node=[_node(iri)])


def describe(iri: str) -> tuple[list[ox.Triple], str]:
    """Return the triples about a node, and how many links point at it, in words for a header."""
    triples = construct("entities/describe", node=[_node(iri)])
    label = expand("rdfs:label")
    incoming = sorted(
        (t for t in triples if isinstance(t.object, ox.NamedNode) and t.object.value == iri),
        key=lambda t: (str(t.subject), str(t.predicate)),
    )
    if len(incoming) <= INCOMING_LINKS:
        return triples, str(len(incoming))
    beyond = set(incoming[INCOMING_LINKS:])
    kept = {t.subject for t in incoming[:INCOMING_LINKS]}
    orphans = {t.subject for t in beyond} - kept
    return [
        t
        for t in triples
        if t not in beyond and not (t.subject in orphans and t.predicate.value == label)
    ], f"{INCOMING_LINKS}, partial"


def _graph(
    iri: str,
    href: str,
    extension: str | None,
    *,
    content: str | None = None,
    has_page: bool = False,
    read: Callable[[], list[ox.Triple]] | None = None,
) -> Response:
    """Send the content of a named graph.

    Args:
        iri: the graph.
        href: its address here, without extension.
        extension: what the address names; None leaves it to negotiation.
        content: the IRI of what the graph contains, where that has one of its own.
        has_page: that IRI has a page, for people.
        read: gives the content, where that is not in the snapshot.
    """
    site = services()
    snapshot = site.snapshot
    named = content or iri
    offered = PAGE_AND_DATA if has_page else DATA
    alternates = _alternates(href, offered)
    if extension is None:
        representation = answers.choose_among((*offered, HTML), alternates)
        if representation is HTML and not has_page:
            representation = TURTLE_TO_READ
    elif BY_EXTENSION.get(extension) in offered:
        representation = BY_EXTENSION[extension]
    else:
        raise _absent(f"{iri}.{extension}")
    language = language_of(request)
    tag = _tag(iri, representation, language)
    if client_holds(tag):
        response = not_modified(tag, mimetype=representation.media_type)
    elif representation.syntax is None:
        response = answers.page(pages.entity_page(named), language)
    else:
        triples = read() if read else construct("entities/graph", graph=[_node(iri)])
        if not triples:
            raise _absent(iri)
        response = answers.data(serialize(triples, representation.syntax), representation)
    answers.link(response, canonical=named, alternates=alternates, licences=licences(snapshot))
    response.headers["Content-Location"] = f"{href}.{representation.extension}"
    response.headers["X-Snapshot"] = snapshot.identifier
    return tagged(answers.vary(response, representation), tag)


def _tag(iri: str, representation: Representation, language: Language) -> str:
    site = services()
    if representation is HTML:
        return tag_of(site.snapshot.identifier, iri, language, site.presentation, request.full_path)
    return tag_of(site.snapshot.identifier, iri, representation.media_type)


def _node(iri: str) -> ox.NamedNode:
    try:
        return ox.NamedNode(iri)
    except ValueError:
        raise BadRequest("Ceci n’est pas une IRI.\nThis is not an IRI.") from None
