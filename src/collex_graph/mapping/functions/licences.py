"""Licences: from what a source writes to the licence's own IRI."""

from __future__ import annotations

import re
from typing import Final

from collex_graph.mapping.functions.registry import mapping_function, squeeze

ETALAB: Final = "https://www.etalab.gouv.fr/licence-ouverte-open-licence"
_CREATIVE_COMMONS: Final = re.compile(
    r"https?://creativecommons\.org/(?P<kind>licenses|publicdomain)/(?P<name>[a-z-]+)/"
    r"(?P<version>[0-9]\.[0-9])(?:/(?P<country>[a-z]{2}))?(?:/(?:deed(?:\.[a-z]{2})?|legalcode))?/?",
    re.IGNORECASE,
)
_NAMED: Final = re.compile(
    r"\bCC[ -](?P<name>BY(?:-(?:NC|SA|ND)){0,2}|0)[ -](?P<version>[0-9]\.[0-9])?", re.IGNORECASE
)
_PUBLIC_DOMAIN: Final = re.compile(r"(?:domaine public|public domain)\W*", re.IGNORECASE)
_OPEN: Final = re.compile(r"etalab|licen[cs]e ouverte|open licen[cs]e", re.IGNORECASE)


def _licence(text: str) -> str:
    """Return the IRI of a licence, ``""`` for words that name none."""
    if found := _CREATIVE_COMMONS.search(text):
        country = f"{found['country'].lower()}/" if found["country"] else ""
        return (
            f"https://creativecommons.org/{found['kind'].lower()}/{found['name'].lower()}/"
            f"{found['version']}/{country}"
        )
    if (found := _NAMED.search(text + " ")) and found["version"]:
        if found["name"] == "0":
            return f"https://creativecommons.org/publicdomain/zero/{found['version']}/"
        return f"https://creativecommons.org/licenses/{found['name'].lower()}/{found['version']}/"
    if _PUBLIC_DOMAIN.fullmatch(text.strip()):
        return "https://creativecommons.org/publicdomain/mark/1.0/"
    return ETALAB if _OPEN.search(text) else ""


@mapping_function
def licence(text: str) -> str | None:
    """Return the IRI of a licence that a text names, by its address or by its name.

    >>> licence("http://creativecommons.org/licenses/by-nc-sa/3.0/fr/")
    'https://creativecommons.org/licenses/by-nc-sa/3.0/fr/'
    >>> licence("Etalab v2.0 (https://www.etalab.gouv.fr/licence-ouverte-open-licence)")
    'https://www.etalab.gouv.fr/licence-ouverte-open-licence'
    >>> licence("Domaine public")
    'https://creativecommons.org/publicdomain/mark/1.0/'
    >>> licence("Tous droits réservés") is None
    True
    """
    return _licence(text) or None


@mapping_function
def rights(text: str) -> str | None:
    """Return the words of a licence that has no IRI; `licence` has the others.

    >>> rights("Tous  droits réservés"), rights("CC BY 4.0")
    ('Tous droits réservés', None)
    """
    return None if _licence(text) else squeeze(text) or None
