"""Which representation and which language a client gets (RFC 9110, section 12).

The representations of a thing are a page, for people, and four RDF syntaxes. Between media types
that the client likes equally, the one it names first decides; when it names none, ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from collex_graph.errors import NotAcceptableError
from collex_graph.rdf import formats
from collex_graph.server.messages import COOKIE, choose_language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Request

    from collex_graph.server.messages import Language


@dataclass(frozen=True)
class Representation:
    """One way of writing down what is known of a thing.

    Attributes:
        label: its name, for lists of formats.
        media_type: the registered media type, without parameters.
        extension: how its address ends, without the dot.
        syntax: the RDF syntax, None for the page.
    """

    label: str
    media_type: str
    extension: str
    syntax: formats.Format | None = None

    @property
    def content_type(self) -> str:
        """The media type with its charset."""
        if self.syntax is not None and self.syntax.media_type == self.media_type:
            return self.syntax.content_type
        return f"{self.media_type}; charset=utf-8"

    @property
    def asked_as(self) -> tuple[str, ...]:
        """Every media type that asks for it."""
        if self.syntax is None:
            return (self.media_type, "application/xhtml+xml")
        return (self.media_type, *(alias for alias in self.syntax.aliases if "/" in alias))


def _in(syntax: formats.Format) -> Representation:
    return Representation(syntax.label, syntax.media_type, syntax.extension, syntax)


HTML = Representation("HTML", "text/html", "html")
TURTLE = _in(formats.TURTLE)
# For data without a page: a browser shows plain text and offers to save Turtle.
TURTLE_TO_READ = Representation("Turtle", "text/plain", "ttl", formats.TURTLE)
DATA = (TURTLE, _in(formats.JSON_LD), _in(formats.N_TRIPLES), _in(formats.RDF_XML))
PAGE_AND_DATA = (HTML, *DATA)
BY_EXTENSION = {representation.extension: representation for representation in PAGE_AND_DATA}


def choose(accept: str | None, offered: Sequence[Representation]) -> Representation:
    """Return the representation to send.

    Args:
        accept: the ``Accept`` header; missing or empty, anything goes.
        offered: ours, the preferred one first.

    Raises:
        NotAcceptableError: when the client accepts none of them; the message lists them.

    >>> choose("text/html,application/xml;q=0.9,*/*;q=0.8", PAGE_AND_DATA).label
    'HTML'
    >>> choose("*/*;q=0.1, application/json", PAGE_AND_DATA).label
    'JSON-LD'
    """
    wished = formats.read_accept(accept)
    by_type = {each.media_type: each for each in offered}
    for representation in offered:
        for media_type in representation.asked_as:
            by_type.setdefault(media_type, representation)
    chosen = formats.choose_media_type(wished, tuple(by_type))
    if chosen is None:
        types = ", ".join(each.media_type for each in offered)
        raise NotAcceptableError(f"Formats disponibles ici : {types}.\nAvailable here: {types}.")
    return by_type[chosen]


def split_extension(path: str) -> tuple[str, Representation] | None:
    """Split the address of a representation: ``/id/x.ttl`` is ``/id/x`` in Turtle.

    >>> split_extension("/id/library/751132108.ttl")[0]
    '/id/library/751132108'
    >>> split_extension("/id/library/751132108.zip") is None
    True
    """
    stem, dot, extension = path.rpartition(".")
    representation = BY_EXTENSION.get(extension)
    if not dot or representation is None or stem.endswith("/"):
        return None
    return stem, representation


def language_of(request: Request) -> Language:
    """Return the language of the answer: ``?lang=``, then the cookie, then ``Accept-Language``."""
    return choose_language(
        request.args.get("lang"),
        request.cookies.get(COOKIE),
        request.headers.get("Accept-Language"),
    )
