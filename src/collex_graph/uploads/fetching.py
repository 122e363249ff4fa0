"""Fetches a file from an address, carefully: https, a host on the list, one public address.

The host's name is resolved here and the connection goes to the address that was checked; redirects
are never followed; time and size are limited (as `sparql/remote.py` does for endpoints).
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote, urlsplit

from collex_graph import __version__
from collex_graph.errors import FetchError, UploadRefusedError
from collex_graph.uploads.file_names import harmless_name

if TYPE_CHECKING:
    from pathlib import Path

    from collex_graph.settings import Settings

SECONDS: Final = 20.0
_PART_BYTES: Final = 1 << 16
_HTTPS_PORT: Final = 443


class _Connection(http.client.HTTPSConnection):
    """A connection to an address that was checked, under the name that it was checked for."""

    def __init__(self, host: str, address: str, seconds: float) -> None:
        super().__init__(host, _HTTPS_PORT, timeout=seconds)
        self._address = address

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)


def fetch(address: str, folder: Path, settings: Settings) -> tuple[Path, str, str]:
    """Fetch a file.

    Args:
        address: its https address, on a host of ``upload_hosts``.
        folder: receives it.
        settings: ``upload_hosts``, ``upload_bytes``.

    Returns:
        The file, its name, and the media type that was said of it.

    Raises:
        UploadRefusedError: when nothing is fetched from such an address.
        FetchError: when it gave no file; it says why.
    """
    host, path = _checked(address, settings)
    deadline = time.monotonic() + SECONDS
    connection = _Connection(host, _public_address(host), SECONDS)
    target = folder / "fetched"
    try:
        connection.request(
            "GET", path, headers={"User-Agent": f"collex-graph/{__version__}", "Accept": "*/*"}
        )
        response = connection.getresponse()
        if 300 <= response.status < 400:
            raise _failed("il renvoie ailleurs, ce qui n’est jamais suivi", "it redirects, which "
                          "is never followed")  # fmt: skip
        if response.status != 200:
            raise _failed(f"statut {response.status}", f"status {response.status}")
        _receive(response, connection, target, deadline, settings.upload_bytes)
    except TimeoutError:
        raise _too_slow() from None
    except (OSError, http.client.HTTPException) as error:
        said = type(error).__name__
        raise _failed(
            f"la connexion a échoué ({said})", f"the connection failed ({said})"
        ) from None
    finally:
        connection.close()
    media_type = (response.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    name = harmless_name(unquote(PurePosixPath(path.partition("?")[0]).name))
    return target, name, media_type


def _checked(address: str, settings: Settings) -> tuple[str, str]:
    """Return the host and the path of an address that may be asked."""
    try:
        parts = urlsplit(address.strip())
        host, port = (parts.hostname or "").rstrip(".").lower(), parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    allowed = {name.lower() for name in settings.upload_hosts}
    is_plain = parts.username is None and port in (None, _HTTPS_PORT)
    if parts.scheme != "https" or not is_plain or not host or host not in allowed:
        shown = ", ".join(sorted(allowed)) or "—"
        raise UploadRefusedError(
            f"Seules sont lues les adresses https de ces hôtes\u00a0: {shown}.\n"
            f"Only https addresses of these hosts are read: {shown}."
        )
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=-._~")
    query = f"?{quote(parts.query, safe='/%:@!$&()*+,;=-._~?')}" if parts.query else ""
    return host, path + query


def _public_address(host: str) -> str:
    try:
        found = {
            str(info[4][0])
            for info in socket.getaddrinfo(host, _HTTPS_PORT, type=socket.SOCK_STREAM)
        }
    except (OSError, UnicodeError):
        raise _failed("son nom est inconnu", "its name is unknown") from None
    if not found or not all(ipaddress.ip_address(address).is_global for address in found):
        raise _failed("son nom mène à une adresse qui n’est pas publique", "its name leads to an "
                      "address that is not public")  # fmt: skip
    return sorted(found)[0]


def _receive(
    response: http.client.HTTPResponse,
    connection: http.client.HTTPConnection,
    target: Path,
    deadline: float,
    most_bytes: int,
) -> None:
    size = 0
    with target.open("xb") as file:
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise _too_slow()
            if connection.sock is not None:
                connection.sock.settimeout(left)
            part = response.read1(_PART_BYTES)
            if not part:
                break
            size += len(part)
            if size > most_bytes:
                raise _failed(f"il donne plus de {most_bytes} octets", f"it gives over "
                              f"{most_bytes} bytes")  # fmt: skip
            file.write(part)
    if response.length not in (None, 0):
        raise _failed("sa réponse est coupée", "its answer is cut short")


def _too_slow() -> FetchError:
    return _failed("il n’a pas répondu à temps", "it did not answer in time")


def _failed(french: str, english: str) -> FetchError:
    return FetchError(f"Cet hôte n’a pas donné le fichier\u00a0: {french}.\n"
                      f"This host did not give the file: {english}.")  # fmt: skip
