"""Every IRI that is built from parts is built here, and encoded here once.

The patterns are those of the model: ``{base}id/{class}/{local id}``, ``{base}vocabulary/{scheme}/
{concept}``, ``{base}graph/{kind}/{name}…``. A local identifier is NFC, UTF-8, percent-encoded
outside the unreserved characters of RFC 3986.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote

from pyoxigraph import NamedNode

_NOT_SLUG = re.compile(r"[^a-z0-9]+")


def percent_encode(local: str) -> str:
    """Encode a local identifier for one path segment (RFC 3986, section 2.3).

    >>> percent_encode("Fonds_5230")
    'Fonds_5230'
    >>> percent_encode("a/b é")
    'a%2Fb%20%C3%A9'
    """
    return quote(unicodedata.normalize("NFC", local), safe="-._~")


def slug(label: str) -> str:
    """Return a readable identifier for a label: ASCII, lower case, hyphens.

    A label that leaves nothing (another script) or something very long ends with eight
    hexadecimal digits of its hash, so that two labels never share a slug by accident of script.

    >>> slug("Écriture cunéiforme")
    'ecriture-cuneiforme'
    >>> slug("Œuvres & thèses")
    'oeuvres-theses'
    >>> slug("ペルシア")
    'x-ebec4884'
    """
    normal = unicodedata.normalize("NFC", label).replace("œ", "oe").replace("Œ", "oe")
    normal = normal.replace("æ", "ae").replace("Æ", "ae")
    plain = unicodedata.normalize("NFKD", normal).encode("ascii", "ignore").decode().lower()
    words = _NOT_SLUG.sub("-", plain).strip("-")
    if words and len(words) <= 80:
        return words
    # few labels come here: most small files are mapped in less time than it takes to import
    import hashlib  # noqa: PLC0415

    digest = hashlib.blake2b(normal.encode(), digest_size=4).hexdigest()
    return f"{words[:70].rstrip('-') or 'x'}-{digest}"


def is_absolute_iri(text: str) -> bool:
    """Say whether a text is an IRI of RFC 3987, which the parser of the store decides.

    >>> is_absolute_iri("www.calames.abes.fr"), is_absolute_iri("http://a.b/ c")
    (False, False)
    >>> is_absolute_iri("http://a.b/%zz"), is_absolute_iri("http://a.b/é#c")
    (False, True)
    """
    try:
        NamedNode(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Iris:
    """Mints the IRIs that start with one base.

    Args:
        base: the setting ``base_iri``; ends with a slash.
    """

    base: str

    def entity(self, kind: str, *local: str) -> str:
        """Return ``{base}id/{kind}/{local}/…``.

        >>> Iris("https://w3id.org/collex-graph/").entity("library", "751132108")
        'https://w3id.org/collex-graph/id/library/751132108'
        """
        return f"{self.base}id/{kind}/" + "/".join(percent_encode(part) for part in local)

    def concept(self, scheme: str, concept: str) -> str:
        """Return the IRI of a concept of ours."""
        return f"{self.base}vocabulary/{percent_encode(scheme)}/{percent_encode(concept)}"

    def scheme(self, scheme: str) -> str:
        """Return the IRI of a concept scheme of ours."""
        return f"{self.base}vocabulary/{percent_encode(scheme)}"

    def graph(self, kind: str, *names: str) -> str:
        """Return the IRI of a named graph, such as ``graph/source/ccfr/FRFONDS-…``."""
        return "/".join([f"{self.base}graph/{kind}", *(percent_encode(name) for name in names)])

    def path_of(self, iri: str) -> str | None:
        """Return the server path (``/id/…``) of an IRI of ours, None for IRIs of others."""
        return "/" + iri[len(self.base) :] if iri.startswith(self.base) else None

    def at_path(self, path: str) -> str:
        """Return the IRI that a server path (already decoded once by nobody) stands for."""
        return self.base + path.removeprefix("/")
