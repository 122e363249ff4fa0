"""Deposits of archives (SEDA): their identifiers, agencies, digests."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final

from collex_graph.mapping.functions.archives import archive_agent
from collex_graph.mapping.functions.registry import BASE, mapping_function, squeeze
from collex_graph.model import UnreadableValue
from collex_graph.rdf.iris import slug

_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
# Length in hexadecimal digits (FIPS 180-4, RFC 1321).
_DIGEST_LENGTHS: Final = {
    "md5": 32, "sha-1": 40, "sha-224": 56, "sha-256": 64, "sha-384": 96, "sha-512": 128,
}  # fmt: skip


@mapping_function
def message_key(identifier: str) -> str | None:
    """Return what stands for a message in IRIs: its identifier, or a slug and its hash.

    A ``MessageIdentifier`` may be any text; two of them never share a key.

    >>> message_key("FRAN-2024_001"), message_key("Versement A/1")
    ('FRAN-2024_001', 'versement-a-1-d4394842')
    """
    text = squeeze(unicodedata.normalize("NFC", identifier))
    if not text:
        return None
    if _PLAIN.fullmatch(text):
        return text
    digest = hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
    return f"{slug(text)[:70].rstrip('-')}-{digest}"


@mapping_function
def agency_node(identifier: str, archive: str = "") -> str | None:
    """Return the node of an agency of a message.

    A number of the Archives nationales is that agent; any other code is one of the archive that
    receives the message, since each keeps its own list.

    Args:
        identifier: code of the agency.
        archive: code of the receiving archive.

    >>> agency_node("FRAN_NP_009913", "FRAN")
    'base:id/agent/archives-nationales/FRAN_NP_009913'
    >>> agency_node("Vitam", "Identifier4")
    'base:id/agent/seda-identifier4/vitam'
    """
    code = squeeze(identifier)
    if not code:
        return None
    if re.fullmatch("FRAN_NP_[0-9]{6}", code):
        return archive_agent(code)
    scope = slug(archive) if archive.strip() else "x"
    return BASE.entity("agent", f"seda-{scope}", slug(code))


@mapping_function
def digest(value: str, algorithm: str = "") -> str:
    """Return a digest as ``algorithm:hexadecimal``, in lower case.

    >>> digest("D41D8CD98F00B204E9800998ECF8427E", "MD5")
    'md5:d41d8cd98f00b204e9800998ecf8427e'
    """
    name = squeeze(algorithm).casefold()
    name = re.sub("^sha-?(?=[0-9])", "sha-", name)
    text = "".join(value.split()).casefold()
    if _DIGEST_LENGTHS.get(name) != len(text) or not re.fullmatch("[0-9a-f]+", text):
        raise UnreadableValue("MalformedDigest", value, algorithm=algorithm)
    return f"{name}:{text}"


@mapping_function
def media_type(value: str) -> str:
    """Return the IRI of a media type in the IANA registry.

    >>> media_type("application/pdf")
    'https://www.iana.org/assignments/media-types/application/pdf'
    """
    text = squeeze(value).casefold().partition(";")[0].strip()
    if not re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", text):
        raise UnreadableValue("MalformedMediaType", value)
    return f"https://www.iana.org/assignments/media-types/{text}"


@mapping_function
def script_tag(text: str = "", tag: str = "") -> str:
    """Return the language of a text of a manifest: the one it states, else French.

    SEDA is the standard of French administrations, which write French without saying so; a text
    in another script than the Latin one is not French, and nothing says what it is.

    >>> script_tag("Correspondance"), script_tag("русский"), script_tag("Letters", "en-GB")
    ('fr', 'und', 'en-gb')
    """
    if tag.strip():
        return tag.strip().lower()
    letters = [c for c in text if c.isalpha()]
    latin = all(unicodedata.name(c, "").startswith("LATIN") for c in letters)
    return "fr" if latin else "und"
