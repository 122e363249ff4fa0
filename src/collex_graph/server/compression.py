"""Compresses answers on their way out (RFC 9110, section 8.4): Zstandard or gzip.

A strong entity tag belongs to bytes, so a compressed representation has a tag of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import zstandard
from flask import Response, request
from isal import isal_zlib

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
    coding = choose_coding()
    if coding is None or response.status_code != 200:
        return response
    compressor = _compressor(coding)
    if not response.is_sequence:
        if "Content-Length" in response.headers:
            return response  # HTTP/1.0: its end cannot be told but by its length
        response.response = _compressed(response.iter_encoded(), compressor)
    else:
        body = response.get_data()
        if len(body) < SMALLEST_BYTES:
            return response
        response.set_data(compressor.compress(body) + compressor.flush())
    response.headers["Content-Encoding"] = coding
    tag, is_weak = response.get_etag()
    if tag is not None:
        response.set_etag(f"{tag}-{coding}", weak=bool(is_weak))
    return response


def choose_coding() -> str | None:
    """Return the coding that the current request's client likes best, None for none."""
    wishes = request.accept_encodings
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


def _is_compressible(response: Response) -> bool:
    return (
        ((response.mimetype or "").startswith("text/") or response.mimetype in _TEXTS)
        and "Content-Encoding" not in response.headers
        and not response.direct_passthrough
    )


def _compressor(coding: str) -> _Compressor:
    if coding == "zstd":
        compressor: _Compressor = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compressobj()
        return compressor
    gzip: _Compressor = isal_zlib.compressobj(level=_GZIP_LEVEL, wbits=_GZIP_WINDOW)
    return gzip


def _compressed(parts: Iterator[bytes], compressor: _Compressor) -> Iterator[bytes]:
    """Compress a stream; one that breaks stays broken, without the end of its compression."""
    for part in parts:
        if written := compressor.compress(part):
            yield written
    yield compressor.flush()
