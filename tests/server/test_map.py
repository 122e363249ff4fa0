"""The map: the page, the view for other sites, and the data, which all say the same."""

import json

import jsonschema
import pytest

from collex_graph.resources import resource_dir
from collex_graph.server.drawn_map import project
from server.html_page import Page

BNU = "https://w3id.org/collex-graph/id/library/674821001"
BULAC = "https://w3id.org/collex-graph/id/library/751132108"
SCHEMA = json.loads((resource_dir("web") / "static/schemas/map.schema.json").read_text("utf-8"))


@pytest.fixture
def read(client):
    def ask(address, language="fr"):
        page = Page(
            client.get(address, headers={"Accept": "text/html", "Accept-Language": language})
        )
        assert page.status == 200
        return page

    return ask


@pytest.fixture
def data(client):
    def ask(query="", **headers):
        response = client.get(f"/map.geojson{query}", headers=headers)
        assert response.status_code == 200
        assert response.content_type == "application/geo+json"
        collection = json.loads(response.data)
        jsonschema.validate(collection, SCHEMA)
        return collection["features"]

    return ask


def rows(page):
    return [" ".join(row.text_content().split()) for row in page.all("//tbody/tr")]


@pytest.mark.parametrize(
    "address", ["/map", "/map?show=units", "/map?show=institutions", "/about/map"]
)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_pages_are_well_built(read, address, language):
    assert read(address, language).faults() == []


def test_a_library_is_drawn_listed_and_given_as_data(read, data):
    page = read("/map")
    drawn = page.all("//*[local-name()='svg' and contains(@class, 'map')]/*[local-name()='a']")
    assert {link.get("href") for link in drawn} == {
        "/id/library/674821001", "/id/library/751132108",
    }  # fmt: skip
    assert len(rows(page)) == 2
    assert {feature["id"] for feature in data()} == {BNU, BULAC}
    (bnu,) = (feature for feature in data() if feature["id"] == BNU)
    assert bnu["geometry"]["coordinates"] == [7.75, 48.58]
    assert bnu["properties"]["units"] == 1


def test_a_feature_may_be_a_unit_with_its_holder_and_its_disciplines(data):
    units = data("?feature=unit")
    assert len(units) == sum(feature["properties"]["units"] for feature in data())
    assert {unit["properties"]["holder"]["iri"] for unit in units} == {BNU, BULAC}
    assert all(unit["properties"]["labels"] for unit in units)


def test_filters_narrow_the_page_and_the_data_alike(read, data):
    page = read("/map?region=44")
    assert len(rows(page)) == 1
    assert [feature["id"] for feature in data("?region=44")] == [BNU]
    assert page.links()["GeoJSON, un objet par institution"] == "/map.geojson?region=44"


def test_a_region_shows_the_institutions_that_are_in_it_and_no_others(read, data):
    links = read("/map?show=institutions").all("//div[@class='facet']//li")
    assert links
    for link in links:
        (href,) = link.xpath(".//a/@href")
        count = int(link.xpath("string(.//*[@class='count'])"))
        assert len(rows(read(href))) == len(data(href.removeprefix("/map"))) == count


def test_the_addresses_of_values_do_not_repeat_what_the_view_says(read):
    links = [a.get("href") for a in read("/map").all("//div[@class='facet']//a")]
    assert links
    assert not [href for href in links if "counted" in href or not href.startswith("/map?")]


def test_what_has_no_position_is_counted_and_a_feature_without_geometry(read, data):
    everything = data("?show=institutions")
    unplaced = [feature for feature in everything if feature["geometry"] is None]
    table = [row for row in rows(read("/map?show=institutions")) if "sans position" in row]
    assert len(everything) == len(rows(read("/map?show=institutions")))
    assert len(table) == len(unplaced) > 0


def test_labels_are_in_the_language_asked_for(data):
    def labels(**headers):
        units = data("?feature=unit", **headers)
        return {label["label"] for unit in units for label in unit["properties"]["labels"]}

    assert labels() == {"Label CollEx"}
    assert labels(**{"Accept-Language": "en"}) == {"CollEx label"}


@pytest.mark.parametrize(
    "query",
    ["?show=everything", "?feature=page", "?region=../44", "?programme=a%20b", "?colour=red"],
)
def test_data_never_ignores_a_parameter_that_it_does_not_understand(client, query):
    response = client.get(f"/map.geojson{query}")
    assert response.status_code == 400
    assert query[1:].partition("=")[0] in response.get_data(as_text=True)


def test_the_page_says_which_filter_it_left_out(read):
    assert "programme" in read("/map?programme=a%20b").text("//*[@role='status']").lower()


def test_data_is_for_every_origin_and_kept_until_the_snapshot_changes(client):
    first = client.get("/map.geojson")
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    assert "describedby" in first.headers["Link"]
    again = client.get("/map.geojson", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    other = client.get("/map.geojson?region=44", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


def test_other_sites_may_frame_the_drawing_and_nothing_else(client):
    embedded, page = client.get("/map/embed"), client.get("/map")
    assert "frame-ancestors *" in embedded.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in embedded.headers
    assert page.headers["X-Frame-Options"] == "DENY"
    assert "indépendante" in embedded.get_data(as_text=True)


def test_regions_overseas_have_frames_of_their_own():
    spots = [project(16.2, -61.5), project(14.6, -61.0), project(4.9, -52.3), project(-20.9, 55.5),
             project(-12.8, 45.2)]  # fmt: skip
    assert all(spot and spot[1] > 420 for spot in spots)
    assert [spot[0] for spot in spots] == sorted(spot[0] for spot in spots)
