"""Theses: headings and people as theses.fr and TEF give them."""

from __future__ import annotations

from typing import Final

from collex_graph.mapping.functions.catalogue import name_without_life
from collex_graph.mapping.functions.registry import BASE, mapping_function
from collex_graph.mapping.functions.unimarc import node_of_heading, parts_of_heading
from collex_graph.model import Reading, UnreadableValue
from collex_graph.rdf.iris import slug

# The elements of TEF 2.0 (« sujetRameau ») that head something else than a topic.
_HEADS: Final = {
    "vedetteRameauPersonne": "persname", "vedetteRameauCollectivite": "corpname",
    "vedetteRameauFamille": "famname", "vedetteRameauNomGeographique": "geogname",
}  # fmt: skip


@mapping_function
def rameau_wording(text: tuple[str, ...], name: str = "") -> str | None:
    """Return a heading as one text, its subdivisions after two hyphens.

    Args:
        text: the heading and its subdivisions.
        name: the element of TEF; of a person, or where nothing says what the heading is, the year
            of birth of the living is left out.

    >>> rameau_wording(("Acheuléen", "Europe de l'Ouest"))
    "Acheuléen -- Europe de l'Ouest"
    >>> rameau_wording(("Toma, Yann (1969-....)",)), rameau_wording(("Hugo, Adèle (1830-1915)",))
    ('Toma, Yann', 'Hugo, Adèle (1830-1915)')
    """
    words = " -- ".join(part for part in text if part.strip())
    return name_without_life(words) if name in ("", "vedetteRameauPersonne") else words or None


@mapping_function
def rameau_element(name: str, text: tuple[str, ...] = ()) -> str:
    """Return the kind of thing that a heading of TEF names, in the words of access points.

    >>> rameau_element("vedetteRameauPersonne", ("Hugo, Adèle (1830-1915)",))
    'persname'
    >>> rameau_element("vedetteRameauPersonne", ("Hugo, Adèle (1830-1915)", "11e siècle"))
    'subject'
    """
    return "subject" if len(text) > 1 else _HEADS.get(name, "subject")


@mapping_function
def rameau_node(
    text: tuple[str, ...], scope: str, ppn: tuple[str, ...] = (), name: str = ""
) -> str | Reading | None:
    """Return the one node of a heading, as `headingNode` does for UNIMARC.

    Args:
        text: the heading and its subdivisions.
        scope: what a heading without identifier belongs to (``theses-2011AIX10218``).
        ppn: the PPN of each of them, in the same order; fewer, and the heading is not identified.
        name: the element of TEF, which says whether a heading without PPN is a person or a place.

    >>> rameau_node(("Nanotubes",), "theses-2009NAN10089", ("050734334",))
    'http://www.idref.fr/050734334/id'
    >>> rameau_node(("Acheuléen", "Europe"), "theses-2011AIX10218", ("14459482X", "02722953X"))
    'base:id/concept/idref/14459482X-02722953X'
    """
    wording = rameau_wording(text, name)
    if not isinstance(wording, str):
        return None
    known = [*ppn, *[""] * (len(text) - len(ppn))]
    element = rameau_element(name, text)
    return node_of_heading(known, wording, str(element), scope)


@mapping_function
def rameau_parts(ppn: tuple[str, ...]) -> list[str]:
    """Return the IdRef nodes that a heading is composed of, none where one covers it all.

    >>> rameau_parts(("050734334",))
    []
    """
    return parts_of_heading(list(ppn))


@mapping_function
def contribution_node(scope: str, role: str, name: str) -> str | None:
    """Return the node of a contribution, named by the role and the name as they are written.

    So the two formats of theses.fr name it alike, and a change in the order changes nothing.

    Args:
        scope: the record it belongs to (``theses-2011AIX10218``).
        role: the concept of the role.
        name: the name.

    >>> role = "base:vocabulary/thesis-role/auteur"
    >>> contribution_node("theses-2011AIX10218", role, "Nicoud, Elisa")
    'base:id/notice/theses-2011AIX10218/contribution/auteur-nicoud-elisa'
    """
    if not name.strip(" ,"):
        return None
    key = f"{role.rpartition('/')[2]}-{slug(name)}"
    return BASE.entity("notice", scope, "contribution", key)


@mapping_function
def full_name(family: str, given: str = "") -> str | None:
    """Return a name as catalogues write it.

    >>> full_name("Nicoud", "Elisa"), full_name("Aix-Marseille 1")
    ('Nicoud, Elisa', 'Aix-Marseille 1')
    """
    return ", ".join(part.strip() for part in (family, given) if part.strip()) or None


@mapping_function
def local_concept(scope: str, wording: str) -> str | None:
    """Return the concept that a source has of its own, named by its wording within the source.

    >>> local_concept("theses", "Histoire ancienne et préhistoire")
    'base:id/concept/theses/histoire-ancienne-et-prehistoire'
    """
    return BASE.entity("concept", scope, slug(wording)) if wording.strip() else None


@mapping_function
def point_node(scope: str, wording: str) -> str | None:
    """Return the node of a heading in a record, named by its wording.

    >>> point_node("theses-2009NAN10089", "Nanotubes")
    'base:id/notice/theses-2009NAN10089/point/nanotubes'
    """
    return BASE.entity("notice", scope, "point", slug(wording)) if wording.strip() else None


_BODIES: Final = frozenset(
    ("etablissement-de-soutenance", "ecole-doctorale", "partenaire-de-recherche")
)


@mapping_function
def role_element(role: str) -> str:
    """Return the kind of thing that has a role, in the words of access points.

    >>> role_element("base:vocabulary/thesis-role/rapporteur")
    'persname'
    """
    return "corpname" if role.rpartition("/")[2] in _BODIES else "persname"


@mapping_function
def thesis_of_index(nnt: str = "", ppn: str = "", title: str = "") -> str | None:
    """Return the node of a thesis of the search index, nothing for a person, and report neither.

    Args:
        nnt: number of the thesis.
        ppn: of the person, where the line is a person's.
        title: what is told of a thesis that has no number.

    >>> thesis_of_index("2014TOU20047"), thesis_of_index("", "139254544")
    ('base:id/document/nnt-2014TOU20047', None)
    """
    if nnt.strip():
        return BASE.entity("document", f"nnt-{nnt.strip().upper()}")
    if ppn.strip():
        return None
    raise UnreadableValue("RecordWithoutIdentifier", title)
