"""The headers that answers have in common, whichever way they leave."""

from __future__ import annotations

EVERY_ANSWER = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Search words and queries stand in addresses: other sites learn none of them.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}

DATA_FOR_EVERY_ORIGIN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "Allow, Cache-Status, Content-Location, ETag, Link, Repr-Digest, Retry-After, "
        "X-Conforms, X-Fails, X-Incoming-Links, X-Query-Id, X-Query-Seconds, "
        "X-Query-Timeout-Seconds, X-Snapshot"
    ),
    "Cross-Origin-Resource-Policy": "cross-origin",
}
