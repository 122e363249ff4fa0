"""Catalogues: the nodes of documents that a Sudoc record or a national thesis number names."""

from __future__ import annotations

import re
from typing import Final

from collex_graph.mapping.functions.institutions import _identified as identified
from collex_graph.mapping.functions.registry import mapping_function
from collex_graph.model import UnreadableValue
from collex_graph.rdf import dates, identifiers
from collex_graph.rdf.identifiers import Identified


@mapping_function
def sudoc_node(value: str) -> str | None:
    """Return the node of a document that has a Sudoc record; `sudocRecord` reports.

    >>> sudoc_node("039226859")
    'https://www.sudoc.fr/039226859/id'
    """
    found = identifiers.read_sudoc(value)
    return found.iri if isinstance(found, Identified) else None


@mapping_function
def sudoc_record(value: str) -> str | None:
    """Return the Sudoc record itself, as distinct from the document, and report a wrong PPN.

    >>> sudoc_record("039226859")
    'https://www.sudoc.fr/039226859'
    """
    node = identified(identifiers.read_sudoc(value)).iri
    return node.removesuffix("/id") if node is not None else None


# A national thesis number: year of defence, code of the establishment, running number.
_NNT: Final = re.compile(
    r"(?:https?://(?:www\.)?theses\.fr/(?:api/v1/document/)?)?"
    r"(?P<nnt>[12][0-9]{3}[A-Z0-9]{4}[A-Z0-9]{4})(?:/(?:id|document|abes))?/?",
    re.ASCII | re.IGNORECASE,
)


@mapping_function
def nnt(value: str) -> str | None:
    """Return the national number of a thesis (NNT), None for any other number.

    It has no check character.

    >>> nnt("https://www.theses.fr/2011AIX10218/id"), nnt("dumas-03601218")
    ('2011AIX10218', None)
    """
    found = _NNT.fullmatch(value.strip())
    return found["nnt"].upper() if found is not None else None


_ISBD: Final = re.compile(r"(?P<title>.*?)(?: ?/ (?P<responsibility>.*))?", re.ASCII)
_IMPRINT: Final = re.compile(r"(?:(?P<place>.*?) : )?(?P<publisher>.*?) ?(?:, (?P<date>[^,]*))?")


@mapping_function
def isbd_part(value: str, part: str) -> str | None:
    """Return a part of a title or an imprint that is punctuated as ISBD has it.

    Args:
        value: « titre / mention de responsabilité », or « lieu : éditeur , date ».
        part: ``title``, ``responsibility``, ``place`` or ``publisher``.

    >>> isbd_part("Le Cabinet historique / par Louis Paris", "title")
    'Le Cabinet historique'
    >>> isbd_part("Paris : Isthme éditions , 2004", "publisher"), isbd_part(", 2020", "publisher")
    ('Isthme éditions', None)
    """
    if part in ("place", "publisher"):
        found = _IMPRINT.fullmatch(value.strip())
    else:
        found = _ISBD.fullmatch(value.strip())
    if found is None or part not in found.groupdict():
        return None
    return (found[part] or "").strip() or None


_LIFE: Final = re.compile(r" ?\([^()]*-\s*\.{2,}[^()]*\)")


@mapping_function
def name_without_life(value: str) -> str | None:
    """Return a name without the birth year of a living person.

    >>> name_without_life("Moreau, Julien (1977-....)")
    'Moreau, Julien'
    >>> name_without_life("Paris, Louis (1802-1887 ; érudit)")
    'Paris, Louis (1802-1887 ; érudit)'
    """
    return " ".join(_LIFE.sub("", value).split()) or None


@mapping_function
def day_of(value: str) -> str | None:
    """Return the day of a date and time of ISO 8601, white space around it or not.

    >>> day_of(" 2022-03-08T01:35:10"), day_of("20170516112049.000"), day_of("2020-12-11")
    ('2022-03-08', '2017-05-16', '2020-12-11')
    """
    text = value.strip()
    if not text:
        return None
    found = _DAY.match(text)
    day = dates.read_day(found[0]) if found is not None else None
    if day is None:
        raise UnreadableValue("UnreadableDay", value)
    return day


_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?=$|T)|[0-9]{8}")
