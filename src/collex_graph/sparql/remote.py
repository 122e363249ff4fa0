"""Asks other SPARQL endpoints, carefully: one address, one answer, within a time and a size.

The host's name is resolved here and the connection goes to the address that was checked, so that
a name cannot lead anywhere else a moment later. Private, loopback and link-local addresses are
refused, unless the configured IRI itself is written with such an address: then somebody meant it.
Redirects are never followed.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import re
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from pyoxigraph import Literal, NamedNode

from collex_graph import __version__
from collex_graph.errors import FederationError
from collex_graph.rdf.formats import JSON
from collex_graph.rdf.iris import is_absolute_iri

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

QUERY_TYPE = "application/sparql-query"
FORM_TYPE = "application/x-www-form-urlencoded"
_AGENT = f"collex-graph/{__version__}"
_PART_BYTES = 1 << 16
_SAID_BYTES = 2_000
_VARIABLE = re.compile(r"\w+")
_PARTIAL = ("X-SPARQL-MaxRows", "X-SQL-State", "X-Partial-Result")
"""Headers by which Virtuoso says that it did not give everything."""

Term = NamedNode | Literal


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was checked, under the name that it was checked for."""

    def __init__(self, host: str, port: int, address: str, seconds: float, *, secure: bool) -> None:
        super().__init__(host, port, timeout=seconds)
        self._address = address
        self._secure = secure

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        if self._secure:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(plain, server_hostname=self.host)
        else:
            self.sock = plain


def fetch_result(
    endpoint: str,
    query: str,
    *,
    seconds: float,
    most_bytes: int,
    accept: str = JSON.media_type,
    graphs: Sequence[tuple[str, str]] | None = None,
) -> tuple[str, bytes]:
    """Ask a query of an endpoint (SPARQL 1.1 Protocol, section 2.1).

    Args:
        endpoint: its IRI.
        query: in SPARQL.
        seconds: the longest it may take, from the name's resolution to the last byte.
        most_bytes: the largest answer read.
        accept: the media types to ask for.
        graphs: ``default-graph-uri`` and ``named-graph-uri`` parameters. Where they are given, even
            if empty, the query is sent as a form (section 2.1.2): Virtuoso 7.2 never answers one
            that is posted as it is beside parameters.

    Returns:
        The media type of the answer, and its body.

    Raises:
        FederationError: when there is no whole answer; it says why.
    """
    deadline = time.monotonic() + seconds
    parts = urlsplit(endpoint)
    host, secure = parts.hostname or "", parts.scheme == "https"
    try:
        port = parts.port or (443 if secure else 80)
    except ValueError:
        raise _failed(endpoint, "son adresse est mal formée", "its address is malformed") from None
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise _failed(endpoint, "son adresse est mal formée", "its address is malformed")
    connection = _Connection(
        host, port, _address_of(endpoint, host, port), _left(endpoint, deadline), secure=secure
    )
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    headers = {"Content-Type": QUERY_TYPE, "Accept": accept, "User-Agent": _AGENT}
    body = query.encode()
    if graphs is not None:
        headers["Content-Type"] = FORM_TYPE
        body = urlencode([("query", query), *graphs]).encode()
    try:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        return _read(endpoint, connection, response, deadline, most_bytes)
    except TimeoutError:
        raise _too_slow(endpoint) from None
    except (OSError, http.client.HTTPException) as error:
        said = type(error).__name__
        raise _failed(
            endpoint, f"la connexion a échoué ({said})", f"the connection failed ({said})"
        ) from None
    finally:
        connection.close()


def _read(
    endpoint: str,
    connection: _Connection,
    response: http.client.HTTPResponse,
    deadline: float,
    most_bytes: int,
) -> tuple[str, bytes]:
    if 300 <= response.status < 400:
        raise _failed(
            endpoint, "il renvoie ailleurs, ce qui n’est jamais suivi",
            "it redirects, which is never followed",
        )  # fmt: skip
    if response.status != 200:
        is_refusal = response.status in (400, 422)
        raise _failed(
            endpoint,
            f"statut {response.status}",
            f"status {response.status}",
            reason="refused" if is_refusal else "failed",
            said=response.read(_SAID_BYTES).decode("utf-8", "replace") if is_refusal else "",
        )
    partial = next((name for name in _PARTIAL if response.headers.get(name)), None)
    if partial is not None:
        raise _failed(
            endpoint, f"il dit que sa réponse est incomplète ({partial})",
            f"it says that its answer is incomplete ({partial})",
            reason="partial",
        )  # fmt: skip
    found: list[bytes] = []
    size = 0
    while True:
        if connection.sock is not None:
            connection.sock.settimeout(_left(endpoint, deadline))
        part = response.read1(_PART_BYTES)
        if not part:
            break
        found.append(part)
        size += len(part)
        if size > most_bytes:
            raise _failed(
                endpoint, f"sa réponse dépasse {most_bytes} octets",
                f"its answer is over {most_bytes} bytes",
                reason="large",
            )  # fmt: skip
        _left(endpoint, deadline)
    if response.length not in (None, 0):
        raise _failed(endpoint, "sa réponse est coupée", "its answer is cut short")
    media_type = (response.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    return media_type, b"".join(found)


def _address_of(endpoint: str, host: str, port: int) -> str:
    """Resolve a name, and return an address that may be asked."""
    try:
        return str(ipaddress.ip_address(host))  # written so in the configuration, on purpose
    except ValueError:
        pass
    try:
        found = {
            str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        }
    except (OSError, UnicodeError):
        raise _failed(endpoint, "son nom est inconnu", "its name is unknown") from None
    if not found or not all(ipaddress.ip_address(address).is_global for address in found):
        raise _failed(
            endpoint, "son nom mène à une adresse qui n’est pas publique",
            "its name leads to an address that is not public",
        )  # fmt: skip
    return sorted(found)[0]


def _left(endpoint: str, deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise _too_slow(endpoint)
    return left


def _too_slow(endpoint: str) -> FederationError:
    return _failed(
        endpoint, "il n’a pas répondu à temps", "it did not answer in time", reason="slow"
    )


def _failed(
    endpoint: str, french: str, english: str, *, reason: str = "failed", said: str = ""
) -> FederationError:
    return FederationError(
        f"Le point d’accès {endpoint} n’a pas donné de réponse\u00a0: {french}.\n"
        f"The endpoint {endpoint} gave no answer: {english}.",
        reason=reason,
        said=said,
    )


# --- results -------------------------------------------------------------------------------------


def read_rows(
    endpoint: str, media_type: str, body: bytes
) -> tuple[list[str], Iterator[list[Term | None]]]:
    """Read the rows of a SELECT in SPARQL JSON, as whoever trusts nobody does.

    Blank nodes become IRIs of their own, since they mean nothing outside their answer.

    Raises:
        FederationError: when it is anything else.
    """
    wrong = _failed(
        endpoint, "sa réponse n’est pas un résultat en SPARQL JSON",
        "its answer is no result in SPARQL JSON",
    )  # fmt: skip
    if media_type not in (JSON.media_type, "application/json"):
        raise wrong
    try:
        document: Any = json.loads(body)
        names = [str(name) for name in document["head"]["vars"]]
        bindings = list(document["results"]["bindings"])
        if not all(_VARIABLE.fullmatch(name) for name in names):
            raise wrong
        rows = [
            [_term(binding[name]) if name in binding else None for name in names]
            for binding in bindings
        ]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise wrong from None
    return names, iter(rows)


def _term(said: dict[str, str]) -> Term:
    value = said["value"]
    if not isinstance(value, str):
        raise TypeError
    match said["type"]:
        case "uri" if is_absolute_iri(value):
            return NamedNode(value)
        case "bnode":
            return NamedNode(f"urn:blank:{value.encode().hex()}")
        case "literal" | "typed-literal":
            if "xml:lang" in said:
                return Literal(value, language=said["xml:lang"])
            if "datatype" in said:
                if not is_absolute_iri(said["datatype"]):
                    raise ValueError
                return Literal(value, datatype=NamedNode(said["datatype"]))
            return Literal(value)
    raise ValueError
