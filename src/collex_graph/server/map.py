"""The map: where the labelled fonds, all fonds, or the institutions are, as a page and as GeoJSON.

The page, the embedded view and the data are asked with the same parameters and answered from the
same rows, so that a map elsewhere never shows other things than the one here. What has no position
is counted and listed, never left out in silence.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from collex_graph.rdf.namespaces import expand
from collex_graph.server.contexts.lists import Chip, Facet, FacetValue
from collex_graph.server.contexts.map import MapContext, MapEmbedContext, MapRow, MapUseContext
from collex_graph.server.contexts.values import Choice, Fact, Text
from collex_graph.server.drawn_map import draw_map, position_of
from collex_graph.server.evidence import coverage_of, describe_datasets
from collex_graph.server.reader import fold, integer
from collex_graph.server.search_page import (
    COUNTED,
    FILTERS,
    Search,
    describe_chips,
    describe_facets,
    describe_unreadable,
    parameters_of,
    read_search,
    short_value,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from collex_graph.rdf.iris import Iris
    from collex_graph.server.contexts.figures import PointMap
    from collex_graph.server.reader import GraphReader, Row

PATH = "/map"
GEOJSON = "application/geo+json"
VIEWS = ("labelled", "units", "institutions")
"""What may be shown: units that count as labelled, all units, libraries and establishments."""
FEATURES = ("institution", "unit")
"""What one feature of the GeoJSON may be."""

_PROPERTIES = (
    "kind", "label", "page", "units", "holder", "labels", "disciplines", "regions", "startYear",
    "endYear", "place", "precision",
)  # fmt: skip
_FACETS = ("label", "discipline", "region", "holder")
_OF_INSTITUTIONS = ("region",)
KNOWN = frozenset({"show", "feature", "programme", "lang", *FILTERS})
"""Every parameter of the map and its data."""

_VALUES_SHOWN = 6
_PLACED_KINDS = {"collex:Library": "library", "collex:Establishment": "establishment"}


@dataclass(frozen=True)
class MapAsked:
    """What is asked of the map, read from an address.

    Attributes:
        view: one of `VIEWS`.
        programmes: IRIs of the programmes of which an institution must hold a role in one.
        search: the filters that the list of fonds has too.
    """

    view: str
    programmes: tuple[str, ...]
    search: Search

    def address(self, path: str, *more: tuple[str, str]) -> str:
        """Return the address of another form of the same map."""
        query = self.search.href().partition("?")[2]
        pairs = [part for part in (query, urlencode(more)) if part]
        return path + ("?" + "&".join(pairs) if pairs else "")


@dataclass
class Spot:
    """An institution at one of its positions.

    Attributes:
        institution: its IRI; empty for units whose holder no source names.
        kind: ``library`` or ``establishment``.
        place: IRI of the place.
        position: latitude and longitude in degrees (WGS 84), None where nobody gives one.
        precision: IRI of the concept that says how exact the position is.
        regions: IRIs of the regions it is in, where institutions are asked for.
        units: IRIs of the units that are asked for and held there.
    """

    institution: str
    kind: str = "library"
    place: str = ""
    position: tuple[float, float] | None = None
    precision: str = ""
    regions: set[str] = field(default_factory=set)
    units: list[str] = field(default_factory=list)


def read_map(parameters: Mapping[str, Sequence[str]], iris: Iris) -> MapAsked:
    """Read the address of the map; what cannot be read is left out and said.

    Args:
        parameters: name → values: ``show`` (one of `VIEWS`), ``programme``, and the filters of the
            list of fonds.
        iris: mints the IRIs of short values.
    """
    view = next(iter(parameters.get("show", ())), VIEWS[0])
    unreadable = []
    if view not in VIEWS:
        unreadable.append(("show", view[:80]))
        view = VIEWS[0]
    programmes, kept = [], [("show", view)] if view != VIEWS[0] else []
    for value in dict.fromkeys(parameters.get("programme", ())):
        if value.replace("-", "").isalnum() and value.isascii():
            programmes.append(f"{iris.base}vocabulary/programme/{value}")
            kept.append(("programme", value))
        else:
            unreadable.append(("programme", value[:80]))
    search = read_search({k: v for k, v in parameters.items() if k not in ("q", "sort")}, iris)
    if view == "institutions":
        ignored = [(n, v) for n, v, _ in search.wanted if n not in _OF_INSTITUTIONS]
        search = replace(search, wanted=tuple(w for w in search.wanted if w[0] in _OF_INSTITUTIONS))
        unreadable += ignored
    return MapAsked(
        view,
        tuple(programmes),
        replace(
            search,
            path=PATH,
            kept=tuple(kept),
            implied=(COUNTED,) if view == "labelled" else (),
            unreadable=(*search.unreadable, *unreadable),
        ),
    )


# --- rows ----------------------------------------------------------------------------------------


def find_spots(
    reader: GraphReader, asked: MapAsked, members: Mapping[str, set[str]] | None = None
) -> list[Spot]:
    """Return the institutions that are asked for, each once per position.

    Args:
        reader: the graph.
        asked: what is asked for.
        members: what `find_members` returned, by whoever needs it as well.
    """
    spots: dict[tuple[str, str], Spot] = {}
    # the query of the units takes the other filters
    regions: set[str] = set()
    if asked.view == "institutions":
        regions = {iri for name, _, iri in asked.search.wanted if name == "region"}
        for row in reader.rows("map-institutions"):
            spot = _spot(spots, row, "institution")
            spot.regions |= {row["region"].value} if "region" in row else set()
            spot.kind = next(
                kind for name, kind in _PLACED_KINDS.items() if expand(name) == row["kind"].value
            )
    else:
        filters = parameters_of(asked.search)
        del filters["word"]
        for row in reader.rows("map-units", **filters):
            units = _spot(spots, row, "library").units
            if row["unit"].value not in units[-1:]:
                units.append(row["unit"].value)
    if members is None:
        members = find_members(reader) if asked.programmes else {}
    return [
        spot
        for spot in spots.values()
        if regions <= spot.regions
        and all(spot.institution in members.get(each, ()) for each in asked.programmes)
    ]


def _spot(spots: dict[tuple[str, str], Spot], row: Row, name: str) -> Spot:
    institution = row[name].value if name in row else ""
    place = row["place"].value if "place" in row else ""
    spot = spots.setdefault((institution, place), Spot(institution, place=place))
    spot.position = position_of(row)
    spot.precision = row["precision"].value if "precision" in row else ""
    return spot


def find_members(reader: GraphReader) -> dict[str, set[str]]:
    """Return the institutions of each programme."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in reader.rows("map-programmes"):
        found[row["programme"].value].add(row["institution"].value)
    return found


# --- the page ------------------------------------------------------------------------------------


def describe_map(reader: GraphReader, asked: MapAsked) -> MapContext:
    """Return the page of the map."""
    members = find_members(reader)
    spots = find_spots(reader, asked, members)
    read, known = coverage_of(describe_datasets(reader))
    rows = _rows(reader, asked, spots)
    units = {unit for spot in spots for unit in spot.units}
    placed = {unit for spot in spots if spot.position for unit in spot.units}
    return MapContext(
        title=reader.words("map.heading"),
        view=asked.view,
        views=tuple(
            Choice(
                reader.words(f"map.view.{view}"),
                PATH + (f"?show={view}" if view != VIEWS[0] else ""),
                view == asked.view,
            )
            for view in VIEWS
        ),
        chips=_chips(reader, asked),
        facets=_facets(reader, asked, spots, members),
        map=_drawn(reader, asked, spots),
        rows=rows,
        institutions=len({spot.institution for spot in spots if spot.institution}),
        units=len(units),
        unplaced=len(units - placed)
        if asked.view != "institutions"
        else sum(spot.position is None for spot in spots),
        read=read,
        known=known,
        unreadable=describe_unreadable(reader, asked.search),
        geojson_href=asked.address(f"{PATH}.geojson"),
        units_geojson_href=""
        if asked.view == "institutions"
        else asked.address(f"{PATH}.geojson", ("feature", "unit")),
        embed_href=asked.address(f"{PATH}/embed"),
    )


def describe_embed(reader: GraphReader, asked: MapAsked) -> MapEmbedContext:
    """Return the drawing alone, for a frame in a page of another site."""
    return MapEmbedContext(
        title=reader.words("map.heading"),
        map=_drawn(reader, asked, find_spots(reader, asked)),
        geojson_href=asked.address(f"{PATH}.geojson"),
        page_href=asked.search.href(),
    )


def describe_map_use(reader: GraphReader) -> MapUseContext:
    """Return the page that says how maps elsewhere use the data of this one."""
    return MapUseContext(
        title=reader.words("mapuse.heading"),
        parameters=tuple(
            Fact(name, (Text(reader.words(f"mapuse.parameter.{name}")),))
            for name in ("show", "feature", *_FACETS, "programme", "lang")
        ),
        properties=tuple(
            Fact(name, (Text(reader.words(f"mapuse.property.{name}")),)) for name in _PROPERTIES
        ),
    )


def _drawn(reader: GraphReader, asked: MapAsked, spots: Iterable[Spot]) -> PointMap:
    placed = [spot for spot in spots if spot.position]
    reader.learn_labels(spot.institution for spot in placed)
    points = [
        (
            spot.position,
            _caption(reader, asked, spot),
            reader.href_of(spot.institution),
            max(1, len(spot.units)),
        )
        for spot in placed
        if spot.position
    ]
    return draw_map(reader, points, label=reader.words(f"map.label.{asked.view}"))


def _caption(reader: GraphReader, asked: MapAsked, spot: Spot) -> str:
    label = reader.label_of(spot.institution).value
    if asked.view == "institutions":
        return label
    key = "home.map_point" if asked.view == "labelled" else "map.point"
    return reader.words(key, library=label, count=len(spot.units))


def _rows(reader: GraphReader, asked: MapAsked, spots: Sequence[Spot]) -> tuple[MapRow, ...]:
    reader.learn_labels(
        iri for spot in spots for iri in (spot.institution, spot.place, spot.precision) if iri
    )
    rows = []
    for spot in spots:
        query = [(n, v) for n, v, _ in asked.search.wanted if n != "holder"]
        query += [("counted", COUNTED)] if asked.view == "labelled" else []
        rows.append(
            MapRow(
                node=reader.node(spot.institution) if spot.institution else None,
                kind=reader.words(f"map.kind.{spot.kind}"),
                place=reader.label_of(spot.place) if spot.place else None,
                precision=reader.label_of(spot.precision) if spot.precision else None,
                units=len(spot.units),
                units_href="/search?"
                + urlencode(
                    [*query, ("holder", short_value("holder", spot.institution, reader.iris))]
                )
                if spot.institution and spot.units
                else "",
                is_placed=spot.position is not None,
            )
        )
    rows.sort(key=lambda row: (-row.units, fold(row.node.label.value) if row.node else "~"))
    return tuple(rows)


def _chips(reader: GraphReader, asked: MapAsked) -> tuple[Chip, ...]:
    chips = list(describe_chips(reader, asked.search))
    reader.learn_labels(asked.programmes)
    for iri in asked.programmes:
        value = iri.rpartition("/")[2]
        kept = tuple(pair for pair in asked.search.kept if pair != ("programme", value))
        chips.append(
            Chip(
                reader.words("facet.programme"),
                reader.label_of(iri),
                replace(asked.search, kept=kept).href(),
            )
        )
    return tuple(chips)


def _facets(
    reader: GraphReader,
    asked: MapAsked,
    spots: Sequence[Spot],
    members: Mapping[str, set[str]],
) -> tuple[Facet, ...]:
    if asked.view == "institutions":
        facets = list(_regions(reader, asked, spots))
    else:
        every, _ = describe_facets(reader, asked.search)
        facets = [facet for facet in every if facet.name in _FACETS]
    facets += _programmes(reader, asked, spots, members)
    return tuple(facets)


def _regions(reader: GraphReader, asked: MapAsked, spots: Sequence[Spot]) -> Iterable[Facet]:
    if asked.search.wanted:
        return
    found: dict[str, set[str]] = defaultdict(set)
    for spot in spots:
        for region in spot.regions:
            found[region].add(spot.institution)
    yield from _facet(
        reader,
        "region",
        {iri: len(institutions) for iri, institutions in found.items()},
        lambda value, iri: asked.search.href(wanted=(("region", value, iri),)),
    )


def _programmes(
    reader: GraphReader,
    asked: MapAsked,
    spots: Sequence[Spot],
    members: Mapping[str, set[str]],
) -> Iterable[Facet]:
    counts = {}
    for programme in members.keys() - set(asked.programmes):
        held = [spot for spot in spots if spot.institution in members[programme]]
        counts[programme] = (
            len({spot.institution for spot in held})
            if asked.view == "institutions"
            else len({unit for spot in held for unit in spot.units})
        )
    search = asked.search
    yield from _facet(
        reader,
        "programme",
        {programme: count for programme, count in counts.items() if count},
        lambda value, _: replace(search, kept=(*search.kept, ("programme", value))).href(),
    )


def _facet(
    reader: GraphReader, name: str, counts: Mapping[str, int], address: Callable[[str, str], str]
) -> Iterable[Facet]:
    reader.learn_labels(counts)
    values = [
        FacetValue(reader.label_of(iri), count, address(iri.rpartition("/")[2], iri))
        for iri, count in counts.items()
    ]
    values.sort(key=lambda value: (-value.count, fold(value.label.value)))
    if values:
        yield Facet(
            name=name,
            label=reader.words(f"facet.{name}"),
            values=tuple(values[:_VALUES_SHOWN]),
            more=tuple(values[_VALUES_SHOWN:]),
            unstated=0,
        )


# --- the data ------------------------------------------------------------------------------------


def feature_collection(reader: GraphReader, asked: MapAsked, feature: str) -> dict[str, Any]:
    """Return the map as a GeoJSON FeatureCollection (RFC 7946), complete.

    What has no position is a feature whose geometry is null (section 3.2), so that counts agree
    with the page. ``web/static/schemas/map.schema.json`` is the schema of the answer.

    Args:
        reader: the graph; labels are in its language.
        asked: what is asked.
        feature: one of `FEATURES`.
    """
    spots = find_spots(reader, asked)
    if feature == "unit":
        features = _unit_features(reader, spots)
    else:
        reader.learn_labels(iri for spot in spots for iri in (spot.institution, spot.place) if iri)
        features = [
            _feature(spot.institution, spot, _about_institution(reader, asked, spot))
            for spot in spots
            if spot.institution
        ]
    return {"type": "FeatureCollection", "features": features}


def _feature(iri: str, spot: Spot, properties: dict[str, Any]) -> dict[str, Any]:
    geometry = None
    if spot.position:
        latitude, longitude = spot.position
        geometry = {"type": "Point", "coordinates": [longitude, latitude]}
    return {"type": "Feature", "id": iri, "geometry": geometry, "properties": properties}


def _about_institution(reader: GraphReader, asked: MapAsked, spot: Spot) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "kind": spot.kind,
        "label": reader.label_of(spot.institution).value,
        "page": reader.href_of(spot.institution),
        **_about_place(reader, spot),
    }
    if asked.view != "institutions":
        properties["units"] = len(spot.units)
    return properties


def _about_place(reader: GraphReader, spot: Spot) -> dict[str, Any]:
    return {
        "place": reader.label_of(spot.place).value if spot.place else None,
        "precision": spot.precision.rpartition("/")[2] or None,
    }


def _unit_features(reader: GraphReader, spots: Sequence[Spot]) -> list[dict[str, Any]]:
    units = list(dict.fromkeys(unit for spot in spots for unit in spot.units))
    details: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for row in reader.rows("map-details", unit=units) if units else ():
        details[row["unit"].value][row["property"].value].append(row["value"])
    reader.learn_labels(
        [*units, *(iri for spot in spots for iri in (spot.institution, spot.place) if iri)]
        + [
            term.value
            for each in details.values()
            for name in ("discipline", "hasCurrentLabel", "inRegion")
            for term in each.get(expand(f"collex:{name}"), ())
        ]
    )  # fmt: skip

    def names(unit: str, name: str) -> list[dict[str, str]]:
        return [
            {"iri": term.value, "label": reader.label_of(term.value).value}
            for term in details[unit].get(expand(f"collex:{name}"), ())
        ]

    def year(unit: str, name: str) -> int | None:
        return next(
            (integer(term) for term in details[unit].get(expand(f"collex:{name}"), ())), None
        )

    return [
        _feature(
            unit,
            spot,
            {
                "kind": "unit",
                "label": reader.label_of(unit).value,
                "page": reader.href_of(unit),
                "holder": {
                    "iri": spot.institution,
                    "label": reader.label_of(spot.institution).value,
                }
                if spot.institution
                else None,
                "labels": names(unit, "hasCurrentLabel"),
                "disciplines": names(unit, "discipline"),
                "regions": names(unit, "inRegion"),
                "startYear": year(unit, "startYear"),
                "endYear": year(unit, "endYear"),
                **_about_place(reader, spot),
            },
        )
        for spot in spots
        for unit in spot.units
    ]
