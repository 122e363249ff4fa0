"""Compresses answers on their way out (RFC 9110, section 8.4): Zstandard or gzip.

A strong entity tag belongs to bytes, so a compressed representation has a tag of its own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import zstandard
from flask import Response, request
from isal import isal_zlib
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

if TYPE_CHECKING:
    from collections.abc import Iterator

CODINGS = ("zstd", "gzip")
"""What is offered, the better first."""

SMALLEST_BYTES = 1_000
"""Answers below this size fit in one packet as they are."""

_ZSTD_LEVEL = 3
_GZIP_LEVEL = 2
_GZIP_WINDOW = 31  # of zlib: the largest window, with the header of gzip

_TEXTS = frozenset(
    {
        "application/geo+json", "application/javascript", "application/json",
        "application/ld+json", "application/n-quads", "application/n-triples",
        "application/problem+json", "application/rdf+xml", "application/schema+json",
        "application/sparql-results+json", "application/sparql-results+xml", "application/trig",
        "application/xml", "image/svg+xml",
    }
)  # fmt: skip


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


def compress(response: Response) -> Response:
    """Compress an answer if its client wants that and it pays."""
    if not _is_compressible(response):
        return response
    response.vary.add("Accept-Encoding")
    coding = choose_coding(request.headers.get("Accept-Encoding"))
    if coding is None or response.status_code != 200:
        return response
    if not response.is_sequence:
        if "Content-Length" in response.headers:
            return response  # HTTP/1.0: its end cannot be told but by its length
        response.response = _compressed_parts(response.iter_encoded(), coding)
    else:
        body = response.get_data()
        if len(body) < SMALLEST_BYTES:
            return response
        response.set_data(compressed(body, coding))
    response.headers["Content-Encoding"] = coding
    tag, is_weak = response.get_etag()
    if tag is not None:
        response.set_etag(f"{tag}-{coding}", weak=bool(is_weak))
    return response


def compressed(body: bytes, coding: str) -> bytes:
    """Return a body in a coding."""
    compressor = _compressor(coding)
    return compressor.compress(body) + compressor.flush()


@lru_cache(1_000)
def choose_coding(accept_encoding: str | None) -> str | None:
    """Return the coding that a client likes best, None for none.

    Args:
        accept_encoding: the header.

    >>> choose_coding("gzip, deflate, br"), choose_coding("identity"), choose_coding(None)
    ('gzip', None, None)
    """
    wishes = parse_accept_header(accept_encoding, Accept)
    liked = [(wishes.quality(coding), -place) for place, coding in enumerate(CODINGS)]
    quality, place = max(liked)
    return CODINGS[-place] if quality > 0 else None


def bare_tag(tag: str) -> str:
    """Return an entity tag without the coding it may name.

    >>> bare_tag("ab-cd-gzip"), bare_tag("ab-cd")
    ('ab-cd', 'ab-cd')
    """
    stem, _, coding = tag.rpartition("-")
    return stem if coding in CODINGS else tag


def is_compressible(media_type: str) -> bool:
    """Whether a media type is one of texts.

    >>> is_compressible("text/csv; charset=utf-8"), is_compressible("image/png")
    (True, False)
    """
    return media_type.startswith("text/") or media_type.partition(";")[0] in _TEXTS


def _is_compressible(response: Response) -> bool:
    return (
        is_compressible(response.mimetype or "")
        and "Content-Encoding" not in response.headers
        and not response.direct_passthrough
    )


def _compressor(coding: str) -> _Compressor:
    if coding == "zstd":
        compressor: _Compressor = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compressobj()
        return compressor
    gzip: _Compressor = isal_zlib.compressobj(level=_GZIP_LEVEL, wbits=_GZIP_WINDOW)
    return gzip


def _compressed_parts(parts: Iterator[bytes], coding: str) -> Iterator[bytes]:
    """Compress a stream; one that breaks stays broken, without the end of its compression."""
    compressor = _compressor(coding)
    for part in parts:
        if written := compressor.compress(part):
            yield written
    yield compressor.flush()
