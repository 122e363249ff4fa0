"""Reads requests of the SPARQL 1.1 Protocol, without any web framework.

https://www.w3.org/TR/sparql11-protocol/, section 2.1: a query by GET, by POST of a form, or by
POST of the query itself. Beyond the protocol, ``timeout=`` (seconds), ``format=`` (a name, an
extension or a media type) and ``snapshot=`` (an identifier) are for people; a parameter that is not
known is ignored, as the protocol allows others. Which methods exist at all is the server's affair.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from collex_graph.errors import (
    QueryMediaTypeError,
    QueryRefusedError,
    QuerySyntaxError,
    QueryTooLargeError,
)
from collex_graph.model import QueryRequest
from collex_graph.rdf.formats import (
    GRAPH_FORMATS,
    RESULT_FORMATS,
    ROW_FORMATS,
    find_format,
    read_accept,
)
from collex_graph.rdf.iris import is_absolute_iri

if TYPE_CHECKING:
    from collections.abc import Iterable

    from collex_graph.settings import Settings

QUERY_TYPE = "application/sparql-query"
FORM_TYPE = "application/x-www-form-urlencoded"
UPDATE_TYPE = "application/sparql-update"

PAGE_TYPE = "text/html"
"""What ``format=html`` wants; what a page is, the server knows."""

MOST_PARAMETERS = 1_000
"""Parameters of one request, so also graphs of one data set."""

SNAPSHOT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{6}Z(-[0-9]+)?")
"""How snapshots are called."""

_ENCODED_BYTES = 3  # what a byte takes in a form
_OTHER_PARAMETERS_BYTES = 65_536

_CHARSET = re.compile(r'charset\s*=\s*"?([^\s";]+)"?', re.IGNORECASE)
_SECONDS = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def read_parameters(text: str | bytes) -> list[tuple[str, str]]:
    """Decode a query string or the body of a form.

    Raises:
        QuerySyntaxError: when it is not UTF-8, or has too many parameters.

    >>> read_parameters("query=ASK+%7B%7D&format=")
    [('query', 'ASK {}'), ('format', '')]
    """
    try:
        decoded = text.decode("ascii") if isinstance(text, bytes) else text
        return parse_qsl(
            decoded,
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_PARAMETERS,
        )
    except UnicodeError:
        raise QuerySyntaxError(
            "Les paramètres ne sont pas en UTF-8, encodé en pourcents.\n"
            "The parameters are not in percent-encoded UTF-8."
        ) from None
    except ValueError:
        raise QuerySyntaxError(
            f"La requête a plus de {MOST_PARAMETERS} paramètres.\n"
            f"The request has more than {MOST_PARAMETERS} parameters."
        ) from None


def read_request(
    *,
    method: str,
    query_string: str | bytes,
    content_type: str | None = None,
    body: bytes = b"",
    accept: str | None = None,
    settings: Settings,
) -> QueryRequest:
    """Read one request.

    Args:
        method: GET, HEAD or POST.
        query_string: of the address, still encoded.
        content_type: of the body, for POST.
        body: its bytes, for POST.
        accept: the ``Accept`` header.
        settings: ``query_timeout_seconds``, to which ``timeout=`` is lowered, and
            ``query_text_bytes``.

    Returns:
        The query; its ``accept`` is ``text/html`` alone for ``format=html``.

    Raises:
        QuerySyntaxError: a parameter is missing, repeated, contradictory or malformed, or the text
            is not UTF-8.
        QueryRefusedError: an update.
        QueryMediaTypeError: a body in a media type or an encoding that the protocol does not have.
        QueryTooLargeError: a body that no query within the limit can have.

    >>> from collex_graph.settings import Settings
    >>> request = read_request(
    ...     method="GET", query_string="query=ASK+{}&timeout=1.5", settings=Settings()
    ... )
    >>> request.text, request.timeout_seconds
    ('ASK {}', 1.5)
    """
    given = read_parameters(query_string)
    texts = _values(given, "query")
    if method == "POST":
        media_type, charset = _read_content_type(content_type)
        if media_type == QUERY_TYPE:
            _check_size(body, settings.query_text_bytes)
            if texts:
                raise _conflict("query", "query= et un corps", "query= and a body")
            texts = [_decode(body, charset)]
        else:
            _check_size(body, settings.query_text_bytes * _ENCODED_BYTES + _OTHER_PARAMETERS_BYTES)
            given += read_parameters(body)
            texts = _values(given, "query")
    if _values(given, "update", "using-graph-uri", "using-named-graph-uri"):
        raise QueryRefusedError(
            "Requête refusée : ce service ne fait pas de mises à jour (update=).\n"
            "Query refused: this service makes no updates (update=)."
        )
    if not texts:
        raise QuerySyntaxError("Il manque le paramètre query=.\nThe parameter query= is missing.")
    if len(texts) > 1:
        raise _conflict("query", f"{len(texts)} query=", f"{len(texts)} of query=")
    return QueryRequest(
        text=texts[0],
        accept=read_wishes(given, accept),
        default_graphs=_graphs(given, "default-graph-uri"),
        named_graphs=_graphs(given, "named-graph-uri"),
        timeout_seconds=read_timeout(given, settings.query_timeout_seconds),
        snapshot=read_snapshot(given),
    )


# --- the body ------------------------------------------------------------------------------------


def _read_content_type(content_type: str | None) -> tuple[str, str]:
    media_type, _, parameters = (content_type or "").partition(";")
    media_type = media_type.strip().lower()
    charset = _CHARSET.search(parameters)
    encoding = charset.group(1).lower() if charset else "utf-8"
    if media_type == UPDATE_TYPE:
        raise QueryRefusedError(
            "Requête refusée : ce service ne fait pas de mises à jour.\n"
            "Query refused: this service makes no updates."
        )
    if media_type not in (QUERY_TYPE, FORM_TYPE):
        found = repr(media_type[:80]) if media_type else "-"
        raise QueryMediaTypeError(
            f"Le corps est en {found} ; il faut {QUERY_TYPE} ou {FORM_TYPE}.\n"
            f"The body is in {found}; expected {QUERY_TYPE} or {FORM_TYPE}."
        )
    if encoding not in ("utf-8", "utf8", "us-ascii"):
        raise QueryMediaTypeError(
            f"Le corps est encodé en {encoding[:40]!r} ; il faut UTF-8.\n"
            f"The body is encoded in {encoding[:40]!r}; expected UTF-8."
        )
    return media_type, encoding


def _check_size(body: bytes, most_bytes: int) -> None:
    if len(body) > most_bytes:
        raise QueryTooLargeError(
            f"Le corps compte {len(body)} octets ; la limite est de {most_bytes}.\n"
            f"The body has {len(body)} bytes; the limit is {most_bytes}."
        )


def _decode(body: bytes, charset: str) -> str:
    try:
        return body.decode("ascii" if charset == "us-ascii" else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise QuerySyntaxError(
            f"La requête n’est pas en UTF-8 : octet {error.start + 1}.\n"
            f"The query is not in UTF-8: byte {error.start + 1}."
        ) from None


# --- parameters ----------------------------------------------------------------------------------


def _values(parameters: Iterable[tuple[str, str]], *names: str) -> list[str]:
    return [value for name, value in parameters if name in names]


def _only(parameters: Iterable[tuple[str, str]], name: str) -> str | None:
    """Return the value of a parameter that may stand once; an empty one counts as absent."""
    values = _values(parameters, name)
    if len(values) > 1:
        raise _conflict(name, f"{len(values)} {name}=", f"{len(values)} of {name}=")
    return values[0].strip() if values and values[0].strip() else None


def _conflict(name: str, french: str, english: str) -> QuerySyntaxError:
    return QuerySyntaxError(
        f"Le paramètre {name}= ne peut être donné qu’une fois (ici : {french}).\n"
        f"The parameter {name}= may be given only once (here: {english})."
    )


def read_timeout(parameters: Iterable[tuple[str, str]], most_seconds: float) -> float | None:
    """Return the limit of ``timeout=``, lowered to the setting if above; None when there is none.

    Raises:
        QuerySyntaxError: when it is no time.
    """
    text = _only(parameters, "timeout")
    if text is None:
        return None
    seconds = float(text) if _SECONDS.fullmatch(text) else math.nan
    if not seconds > 0:
        raise QuerySyntaxError(
            f"timeout={text[:40]!r} n’est pas un nombre de secondes supérieur à 0.\n"
            f"timeout={text[:40]!r} is not a number of seconds greater than 0."
        )
    return min(seconds, most_seconds)


def read_snapshot(parameters: Iterable[tuple[str, str]]) -> str | None:
    """Return the identifier of ``snapshot=``; None when there is none.

    Raises:
        QuerySyntaxError: when no snapshot can be called so: to overlook it would be to answer from
            other data than those asked for.
    """
    given = _values(parameters, "snapshot")
    if not given:
        return None
    if len(given) > 1:
        raise _conflict("snapshot", f"{len(given)} snapshot=", f"{len(given)} of snapshot=")
    (text,) = given
    if not SNAPSHOT.fullmatch(text):
        raise QuerySyntaxError(
            f"snapshot={text[:40]!r} n’est pas un identifiant de données.\n"
            f"snapshot={text[:40]!r} is no identifier of data."
        )
    return text


def read_wishes(parameters: Iterable[tuple[str, str]], accept: str | None) -> tuple[str, ...]:
    """Return the media types wanted: those of ``format=`` if given, else the header's.

    Raises:
        QuerySyntaxError: for a format that does not exist.
    """
    word = _only(parameters, "format") or _only(parameters, "output")
    if word is None:
        return read_accept(accept)
    if word.lower() in ("html", PAGE_TYPE):
        return (PAGE_TYPE,)
    # The form of the query decides which of the two it will be.
    rows = (*RESULT_FORMATS, *ROW_FORMATS)
    found = [find_format(word, offered) for offered in (rows, GRAPH_FORMATS)]
    media_types = tuple(offer.media_type for offer in found if offer is not None)
    if not media_types:
        names = ", ".join(
            dict.fromkeys(
                offer.extension if offer in GRAPH_FORMATS else offer.name
                for offer in (*rows, *GRAPH_FORMATS)
            )
        )
        raise QuerySyntaxError(
            f"format={word[:40]!r} n’existe pas ; il y a : {names}.\n"
            f"format={word[:40]!r} does not exist; there are: {names}."
        )
    return media_types


def _graphs(parameters: Iterable[tuple[str, str]], name: str) -> tuple[str, ...]:
    iris = tuple(dict.fromkeys(_values(parameters, name)))
    for iri in iris:
        if not is_absolute_iri(iri):
            raise QuerySyntaxError(
                f"{name}={iri[:80]!r} n’est pas un IRI absolu.\n"
                f"{name}={iri[:80]!r} is not an absolute IRI."
            )
    return iris
