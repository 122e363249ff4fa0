"""The home page: what is here, how much of it, and the ways in."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from collex_graph.server.contexts.home import HomeContext
from collex_graph.server.contexts.values import Count, Entrance
from collex_graph.server.drawn_map import draw_map, position_of, weight_of
from collex_graph.server.evidence import coverage_of, describe_datasets
from collex_graph.server.reader import integer

if TYPE_CHECKING:
    from collex_graph.server.contexts.figures import PointMap
    from collex_graph.server.reader import GraphReader, Row

_COUNTS = (
    ("labelled", "/search?counted=true"),
    ("units", "/search"),
    ("libraries", "/institutions"),
    ("agents", ""),
    ("nodes", ""),
)
_ENTRANCES = (
    ("labelled", "/search?counted=true"),
    ("institutions", "/institutions"),
    ("programmes", "/programmes"),
    ("gaps", "/gaps"),
    ("labels", "/labels"),
    ("corpora", "/corpora"),
    ("acquisitions", "/acquisitions"),
    ("archives", "/archives"),
    ("validate", "/validate"),
    ("query", "/query"),
    ("model", "/about/model"),
    ("dataset", "/dataset"),
    ("about", "/about"),
)


def describe_home(reader: GraphReader) -> HomeContext:
    """Return the home page."""
    words = reader.words
    numbers = {row["what"].value: integer(row["count"]) or 0 for row in reader.rows("home-counts")}
    read, known = coverage_of(describe_datasets(reader))
    disciplines = reader.rows("home-disciplines")
    without = sum(integer(row["count"]) or 0 for row in disciplines if "discipline" not in row)
    return HomeContext(
        title=words("home.title"),
        labelled=numbers.get("labelled", 0),
        read=read,
        known=known,
        counts=tuple(
            Count(
                words(
                    f"home.count.{name}",
                    count=numbers.get(name, 0),
                    aligned=numbers.get("nodesWithAuthority", 0),
                ),
                numbers.get(name, 0),
                href,
            )
            for name, href in _COUNTS
        ),
        regions=_shares(reader, reader.rows("home-regions"), "region", "region"),
        disciplines=_shares(
            reader, [row for row in disciplines if "discipline" in row], "discipline", "discipline"
        ),
        without_discipline=without,
        map=_map(reader),
        entrances=tuple(
            Entrance(words(f"home.entrance.{name}"), words(f"home.entrance.{name}_text"), href)
            for name, href in _ENTRANCES
        ),
    )


def _shares(reader: GraphReader, rows: list[Row], name: str, parameter: str) -> tuple[Count, ...]:
    reader.learn_labels([row[name].value for row in rows])
    most = max((integer(row["count"]) or 0 for row in rows), default=0)
    counts = []
    for row in rows:
        iri, count = row[name].value, integer(row["count"]) or 0
        path = reader.iris.path_of(iri)
        value = path.rpartition("/")[2] if path and path.startswith("/vocabulary/") else iri
        href = "/search?" + urlencode([("counted", "true"), (parameter, value)])
        counts.append(Count(reader.label_of(iri).value, count, href, count / most if most else 0.0))
    return tuple(counts)


def _map(reader: GraphReader) -> PointMap:
    rows = reader.rows("map-labelled")
    reader.learn_labels([row["library"].value for row in rows])
    places = []
    for row in rows:
        position = position_of(row)
        if position:
            library, count = row["library"].value, weight_of(row)
            label = reader.words(
                "home.map_point", library=reader.label_of(library).value, count=count
            )
            places.append((position, label, reader.href_of(library), count))
    return draw_map(reader, places, label=reader.words("home.map_label"))
