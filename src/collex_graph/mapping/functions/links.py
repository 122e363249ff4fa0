"""Links: addresses of the web, and of other described units."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from collex_graph.mapping.functions.registry import BASE, concordance, mapping_function, note
from collex_graph.model import Reading, UnreadableValue
from collex_graph.rdf import identifiers
from collex_graph.rdf.identifiers import Identified

_HTTP: Final = re.compile(r"(https?)://([^/?#\\]*)(.*)", re.IGNORECASE | re.DOTALL)
_HOST: Final = re.compile(r"(?:[\w-]+\.)*[\w-]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?![0-9]+(?:/|$))")
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def _encoded(character: str) -> str:
    """Return a character of a path, query or fragment as an IRI allows it (RFC 3987, 2.2)."""
    if character.isascii():
        allowed = character.isalnum() or character in "-._~:/?#@!$&'()*+,;=%"
    else:
        allowed = unicodedata.category(character)[0] not in "CZ" and ord(character) < 0xFFF0
    return character if allowed else quote(character, safe="")


@lru_cache(maxsize=4096)
def _link(href: str) -> tuple[str, str]:
    """Return (rule, IRI): the rule is ``""`` where there is nothing to say."""
    text = href.strip()
    if not text:
        return "EmptyLink", ""
    found = _HTTP.fullmatch(text)
    if found is None:
        return ("UnusableLink" if _SCHEME.match(text) else "RelativeLink"), ""
    scheme, host, rest = found[1].lower(), found[2], found[3]
    if not _HOST.fullmatch(host):
        return "UnusableLink", ""
    rest = _STRAY_PERCENT.sub("%25", rest)
    before, mark, fragment = rest.partition("#")
    rest = before + mark + fragment.replace("#", "%23")
    iri = f"{scheme}://{host}" + "".join(map(_encoded, rest))
    return ("" if iri == href else "RepairedLink"), iri


@mapping_function
def web_link(href: str) -> str | Reading:
    """Return an absolute http or https IRI; repair spaces and illegal characters (D18).

    A relative or empty link, another scheme (``javascript:``, ``ftp:``), a name and password before
    the host are refused.

    >>> web_link("http://www.bulac.fr/node/2646")
    'http://www.bulac.fr/node/2646'
    >>> web_link("http://www.bulac.fr/a b").values
    ('http://www.bulac.fr/a%20b',)
    """
    rule, iri = _link(href)
    if not iri:
        raise UnreadableValue(rule, href)
    return Reading((iri,), (note("RepairedLink", href, iri=iri),)) if rule else iri


_SCHEME_TWICE: Final = re.compile(r"https?://(?=https?://)", re.IGNORECASE)


@mapping_function
def site_address(href: str) -> str | Reading | None:
    """Return the address of an institution's site, which lists write without or with two schemes.

    >>> site_address("www.itech.fr/").values, site_address("http://https://www.mnhn.fr").values
    (('http://www.itech.fr/',), ('https://www.mnhn.fr',))
    """
    text = href.strip()
    if not text:
        return None
    mended = _SCHEME_TWICE.sub("", text)
    if _SCHEME.match(mended) is None and re.match(r"[\w-]+(?:\.[\w-]+)+(?:[/?#]|$)", mended):
        mended = f"http://{mended}"
    rule, iri = _link(mended)
    if not iri:
        raise UnreadableValue(rule, href)
    if iri == href:
        return iri
    return Reading((iri,), (note("RepairedLink", href, iri=iri),))


@mapping_function
def link_presence(href: str = "") -> Reading | None:
    """Say nothing, and report a link element whose address is empty (D18).

    For a rule whose iterator is the link element itself: `web_link` is not called without a value.

    >>> link_presence("").notes[0].rule
    'EmptyLink'
    """
    return None if href.strip() else Reading((), (note("EmptyLink", href),))


@mapping_function
def platform_of(href: str) -> str | None:
    """Return the platform that an address belongs to, by its host (``ccfr/platforms.csv``).

    >>> platform_of("https://bina.bulac.fr/s/bina/ark:/73193/bd25qb")
    'base:vocabulary/platform/bina'
    """
    found = _HTTP.match(href.strip())
    if found is None:
        return None
    platforms = concordance("ccfr/platforms.csv")
    labels = found[2].casefold().partition(":")[0].split(".")
    hosts = (".".join(labels[start:]) for start in range(len(labels)))
    return next((platforms[host] for host in hosts if platforms.get(host)), None)


def _ccfr_unit(href: str) -> Identified | None:
    found = identifiers.read_ccfr(href) if "ark:" in href else None
    if isinstance(found, Identified) and found.value.startswith(("006", "007")):
        return found
    return None


@mapping_function
def ccfr_unit(href: str) -> str | Reading | None:
    """Return the unit behind a CCFr ARK: ``006`` + fonds, ``007`` + sub-fonds; D26 reported.

    >>> ccfr_unit("https://ccfr.bnf.fr/portailccfr/ark:/06871/006FRFONDS-751132108-660")
    'base:id/fonds/FRFONDS-751132108-660'
    >>> ccfr_unit("https://ccfr.bnf.fr/portailccfr/ark:/16871/007b79336817").values
    ('base:id/fonds/b79336817',)
    """
    found = _ccfr_unit(href)
    if found is None:
        return None
    unit = BASE.entity("fonds", found.value[3:])
    if "naan" in found.repairs:
        return Reading((unit,), (note("MistypedNaan", href, ark=found.iri or ""),))
    return unit


@mapping_function
def not_ccfr_unit(href: str) -> str | None:
    """Return ``true`` for a link that names no fonds or sub-fonds of CCFr.

    >>> not_ccfr_unit("https://ccfr.bnf.fr/portailccfr/ark:/06871/005FRCGMNOV-751135101-D0l")
    'true'
    """
    return "true" if _ccfr_unit(href) is None else None


@mapping_function
def ccfr_ark_of(href: str) -> str | None:
    """Return the public ARK behind a link to CCFr; `ccfr_unit` reports how it was written.

    >>> ccfr_ark_of("https://ccfr.bnf.fr/portailccfr/ark:/16871/007b79336817")
    'https://ccfr.bnf.fr/portailccfr/ark:/06871/007b79336817'
    """
    found = identifiers.read_ccfr(href) if "ark:" in href else None
    return found.iri if isinstance(found, Identified) else None
