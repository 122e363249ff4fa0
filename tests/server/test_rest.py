"""The stored queries as an HTTP interface, and its description."""

import csv
import html
import io
import json
import re

import pytest

from collex_graph.server.named_queries import RESERVED, questions

API = "/api/queries"
LIBRARY = "https://w3id.org/collex-graph/id/library/674821001"


def get(client, name, accept=None, **parameters):
    headers = {"Accept": accept} if accept else {}
    return client.get(f"{API}/{name}", query_string=parameters, headers=headers)


def first(form="SELECT", where=lambda query: True):
    return next(
        name for name, query in questions().items() if query.form.value == form and where(query)
    )


PLAIN = "label"  # of the patterns: it has rows on the small graph of the tests


@pytest.fixture
def described(real_client):
    response = real_client.get("/api/openapi.json")
    assert response.status_code == 200
    return response.get_json()


def test_every_question_is_listed_with_its_parameters(real_client):
    listed = real_client.get(API, headers={"Accept-Language": "fr"}).get_json()["queries"]
    assert [each["name"] for each in listed] == list(questions())
    assert len(listed) >= 68
    assert all(each["title"] and each["href"].startswith(API) for each in listed)


def test_no_parameter_of_a_question_is_called_like_one_of_the_interface():
    for query in questions().values():
        assert not set(query.parameters) & set(RESERVED), query.name


def test_rows_are_plain_json(real_client):
    document = get(real_client, PLAIN).get_json()
    assert document["query"] == PLAIN
    assert document["total"] == len(document["rows"]) > 3
    assert set(document["rows"][0]) == set(document["columns"])
    assert document["snapshot"] == "2026-11-22T094900Z"


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("json", "application/json"), ("csv", "text/csv"), ("tsv", "text/tab-separated-values"),
        ("srj", "application/sparql-results+json"), ("xml", "application/sparql-results+xml"),
    ],
)  # fmt: skip
def test_a_format_is_named_in_the_address_or_in_the_header(real_client, name, media_type):
    assert get(real_client, PLAIN, format=name).mimetype == media_type
    assert get(real_client, PLAIN, media_type).mimetype == media_type


def test_a_format_that_does_not_exist_is_told(real_client):
    assert get(real_client, PLAIN, format="pdf").status_code == 400
    assert get(real_client, PLAIN, "image/png").status_code == 406


def test_places_come_as_geojson(real_client):
    response = get(real_client, "place", format="geojson")
    assert response.status_code == 200, response.text
    assert response.mimetype == "application/geo+json"
    geometry = response.get_json(force=True)["features"][0]["geometry"]
    assert geometry["type"] == "Point"
    assert response.headers["Access-Control-Allow-Origin"] == "*"


# --- pages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_pages_hold_every_row_once_in_order(real_client, size):
    everything = get(real_client, PLAIN, page_size="10000").get_json()["rows"]
    rows, pages = [], 0
    address = f"{API}/{PLAIN}?page_size={size}"
    while address:
        document = real_client.get(address).get_json()
        assert document["total"] == len(everything)
        rows += document["rows"]
        pages += 1
        address = document["next"]
    assert rows == everything
    assert pages == document["pages"] == max(1, -(-len(everything) // size))


def test_pages_are_linked(real_client):
    response = get(real_client, PLAIN, page="2", page_size="2")
    relations = set(re.findall(r'rel="(\w+)"', response.headers["Link"]))
    assert relations == {"first", "prev", "next", "last"}
    assert "next" not in get(real_client, PLAIN, page="999", page_size="2").headers["Link"]


def test_a_page_beyond_the_last_is_empty_and_says_so(real_client):
    document = get(real_client, PLAIN, page="999").get_json()
    assert document["rows"] == []
    assert document["page"] > document["pages"]


def test_csv_pages_are_slices_of_the_whole(real_client):
    whole = list(csv.reader(io.StringIO(get(real_client, PLAIN, format="csv").text)))
    page = list(csv.reader(io.StringIO(
        get(real_client, PLAIN, format="csv", page="2", page_size="2").text
    )))  # fmt: skip
    assert page == [whole[0], *whole[3:5]]


def test_geojson_pages_are_slices_of_the_whole(real_client):
    whole = get(real_client, "place", format="geojson").get_json(force=True)["features"]
    page = get(real_client, "place", format="geojson", page="1", page_size="1")
    assert page.get_json(force=True)["features"] == whole[:1]


@pytest.mark.parametrize(
    "parameters",
    [
        {"page": "0"}, {"page": "-1"}, {"page": "x"}, {"page_size": "0"}, {"page_size": "10001"},
        {"page": "1.5"}, {"page": ["1", "2"]}, {"format": "srj", "page": "1"}, {"page": "٣"},
    ],
)  # fmt: skip
def test_a_page_that_cannot_be_is_a_bad_request(real_client, parameters):
    assert get(real_client, PLAIN, **parameters).status_code == 400


def test_what_is_wrong_is_told_before_what_is_gone(real_client):
    for wrong in ({"page": "0"}, {"format": "text/csv"}, {"timeout": "x"}, {"format": ""}):
        response = get(real_client, PLAIN, snapshot="2020-01-01T000000Z", **wrong)
        assert response.status_code == 400
    assert get(real_client, PLAIN, snapshot="yesterday").status_code == 400
    assert get(real_client, "02-fonds-of-a-library", rcr="").status_code == 400


def test_a_link_to_a_page_of_other_data_is_gone(real_client):
    response = get(real_client, PLAIN, page="2", snapshot="2020-01-01T000000Z")
    assert response.status_code == 410
    assert response.get_json()["type"].endswith("/data-not-kept")


def test_a_query_says_when_it_reached_its_own_limit(real_client):
    document = get(real_client, PLAIN).get_json()
    assert document["limit"] == 100
    assert document["limit_reached"] is (document["total"] >= 100)


# --- parameters ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parameters", [{"nonsense": "1"}, {"date": "soon"}, {"date": ["2024-01-01", "2025-01-01"]}]
)
def test_a_parameter_that_cannot_be_is_a_bad_request(real_client, parameters):
    response = get(real_client, "01-gis-roles-at-a-date", **parameters)
    assert response.status_code == 400
    assert response.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    "value",
    [
        "x> } DROP ALL #", 'x" } #', "x\\u003e", "http://a/ b", "<http://a/>", "SERVICE <http://a/>",
        "\u2028", "%00", "'; --", "http://a/{}",
    ],
)  # fmt: skip
def test_a_value_is_a_term_and_never_text_of_the_query(real_client, value):
    name = "02-fonds-of-a-library"
    (parameter,) = [p for p in questions()[name].parameters if p in ("institution", "rcr")][:1]
    plain = get(real_client, name, **{parameter: "000000000"})
    response = get(real_client, name, **{parameter: value})
    assert response.status_code in (200, 400)
    if response.status_code == 200:
        assert response.get_json()["total"] == 0 <= plain.get_json().get("total", 0)


def test_an_unknown_question_is_not_found(real_client):
    assert get(real_client, "nothing").status_code == 404
    assert get(real_client, "../pages/labels").status_code == 404


def test_questions_of_the_site_alone_are_not_asked_here(real_client):
    assert get(real_client, "home-counts").status_code == 404


def test_csv_for_people_holds_no_formula(make_client):
    client = make_client('<graph/source/x> { <id/a> a collex:Fonds ; rdfs:label "=1+1"@fr . }')
    response = get(client, PLAIN, format="csv")
    assert "'=1+1" in response.text
    assert response.headers["Content-Disposition"] == f'attachment; filename="{PLAIN}.csv"'


def test_an_answer_is_known_again(real_client):
    tag = get(real_client, PLAIN).headers["ETag"]
    assert not tag.startswith("W/")
    held = real_client.get(f"{API}/{PLAIN}", headers={"If-None-Match": tag})
    assert held.status_code == 304
    other = real_client.get(f"{API}/{PLAIN}?format=csv", headers={"If-None-Match": tag})
    assert other.status_code == 200
    assert (
        real_client.get(f"{API}/{PLAIN}?page=2", headers={"If-None-Match": tag}).status_code == 200
    )


@pytest.mark.parametrize("path", [API, "/api/openapi.json"])
def test_a_description_is_known_again(real_client, path):
    tag = real_client.get(path).headers["ETag"]
    assert real_client.get(path, headers={"If-None-Match": tag}).status_code == 304


# --- everything around an authority ---------------------------------------------------------------


def test_what_surrounds_an_authority_is_given_with_its_names(real_client):
    iri = "http://www.idref.fr/027015181/id"
    rows = get(real_client, "by-authority", iri=iri).get_json()["rows"]
    assert {row["direction"] for row in rows} == {"says", "cited"}
    cited = [row for row in rows if row["direction"] == "cited"]
    assert any("Iran" in (row["name"] or "") for row in cited)
    assert {row["thing"] for row in rows} == {iri}


def test_an_authority_that_nothing_cites_has_no_rows(real_client):
    answer = get(real_client, "by-authority", iri="http://www.idref.fr/000000000/id").get_json()
    assert (answer["total"], answer["rows"]) == (0, [])


# --- every question ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(questions()))
def test_every_question_answers_with_its_examples(real_client, name):
    query = questions()[name]
    examples = {
        parameter.name: str(parameter.example)
        for parameter in query.parameters.values()
        if parameter.example is not None
    }
    response = get(real_client, name, **examples)
    assert response.status_code == 200, response.text
    json.loads(response.data)


# --- the description -----------------------------------------------------------------------------


def test_the_description_names_every_question_and_parameter(described):
    assert described["openapi"].startswith("3.1")
    for name, query in questions().items():
        operation = described["paths"][f"{API}/{name}"]["get"]
        named = {parameter["name"] for parameter in operation["parameters"]}
        assert set(query.parameters) <= named


@pytest.mark.parametrize("iri", ["http://a/[b]", "http://a/%zz", "http://a/\U0010100e"])
def test_an_iri_that_no_graph_can_hold_is_a_bad_request(real_client, iri):
    assert get(real_client, "by-authority", iri=iri).status_code == 400
    page = real_client.get("/search", query_string={"subject": iri})
    assert page.status_code == 200
    assert iri in html.unescape(page.text)


@pytest.mark.parametrize("path", ["/api/openapi.json", API, f"{API}/{PLAIN}"])
@pytest.mark.parametrize("language", ["lang=de", "lang=fr&lang=en", "lang="])
def test_a_language_that_does_not_exist_is_told(real_client, path, language):
    response = real_client.get(f"{path}?{language}")
    assert response.status_code == 400
    assert "fr, en" in response.get_json()["detail"]


def test_the_description_speaks_both_languages(real_client):
    titles = {
        real_client.get(f"/api/openapi.json?lang={language}").get_json()["info"]["title"]
        for language in ("fr", "en")
    }
    assert len(titles) == 2
