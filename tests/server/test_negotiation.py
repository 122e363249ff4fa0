"""The same thing as a page, as triples, in French, in English: who gets what."""

import json

import pyoxigraph as ox
import pytest

FONDS = "/id/fonds/FRFONDS-751132108-1756"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
SYNTAXES = {
    "text/turtle": ("ttl", ox.RdfFormat.TURTLE),
    "application/ld+json": ("jsonld", None),
    "application/n-triples": ("nt", ox.RdfFormat.N_TRIPLES),
    "application/rdf+xml": ("rdf", ox.RdfFormat.RDF_XML),
}


def mimetype(response):
    return response.headers["Content-Type"].partition(";")[0]


@pytest.mark.parametrize("media_type", SYNTAXES)
def test_an_accept_header_chooses_the_syntax(client, media_type):
    response = client.get(FONDS, headers={"Accept": media_type})
    assert response.status_code == 200
    assert mimetype(response) == media_type


@pytest.mark.parametrize("media_type", SYNTAXES)
def test_an_extension_chooses_the_syntax_whatever_is_accepted(client, media_type):
    extension, _ = SYNTAXES[media_type]
    response = client.get(f"{FONDS}.{extension}", headers={"Accept": "text/html"})
    assert response.status_code == 200
    assert mimetype(response) == media_type


@pytest.mark.parametrize("accept", [BROWSER, "*/*", "", "gibberish", "text/*"])
def test_people_and_those_without_a_wish_get_a_page(client, accept):
    response = client.get(FONDS, headers={"Accept": accept})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"


def test_the_html_extension_gives_the_page_to_a_program(client):
    response = client.get(f"{FONDS}.html", headers={"Accept": "text/turtle"})
    assert mimetype(response) == "text/html"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/turtle;q=0.2, application/n-triples;q=0.8", "application/n-triples"),
        ("text/html;q=0, */*;q=0.1", "text/turtle"),
        ("application/json", "application/ld+json"),
        ("text/turtle;charset=utf-8", "text/turtle"),
        ("TEXT/TURTLE", "text/turtle"),
        ("image/png, application/rdf+xml;q=0.01", "application/rdf+xml"),
        ("application/rdf+xml, text/turtle", "application/rdf+xml"),
    ],
)
def test_quality_values_decide(client, accept, expected):
    assert mimetype(client.get(FONDS, headers={"Accept": accept})) == expected


@pytest.mark.parametrize("accept", ["image/png", "text/turtle;q=0", "application/zip, audio/*"])
def test_a_format_nobody_has_is_refused_with_the_list_of_those_there_are(client, accept):
    response = client.get(FONDS, headers={"Accept": accept})
    assert response.status_code == 406
    problem = json.loads(response.data)
    offered = {each["media_type"]: each["href"] for each in problem["available"]}
    assert offered["text/turtle"] == f"{FONDS}.ttl"
    assert offered["text/html"] == f"{FONDS}.html"
    assert set(SYNTAXES) < set(offered)


def test_answers_say_what_they_vary_with(client):
    data = client.get(FONDS, headers={"Accept": "text/turtle"})
    assert "Accept" in data.vary
    page = client.get(FONDS, headers={"Accept": "text/html"})
    assert {"accept", "accept-language", "cookie"} <= {name.lower() for name in page.vary}


def test_links_name_the_iri_the_other_formats_and_the_licence(client, iris):
    header = client.get(f"{FONDS}.ttl").headers["Link"]
    assert f'<{iris.at_path(FONDS)}>; rel="canonical"' in header
    for media_type, (extension, _) in SYNTAXES.items():
        assert f'<{FONDS}.{extension}>; rel="alternate"; type="{media_type}"' in header
    assert '<https://www.etalab.gouv.fr/licence-ouverte-open-licence>; rel="license"' in header


def test_the_content_location_is_the_address_of_the_representation_sent(client):
    response = client.get(FONDS, headers={"Accept": "application/ld+json"})
    assert response.headers["Content-Location"] == f"{FONDS}.jsonld"


@pytest.mark.parametrize(
    ("address", "headers", "expected"),
    [
        (FONDS, {}, "fr"),
        (FONDS, {"Accept-Language": "en-GB,en;q=0.9"}, "en"),
        (FONDS, {"Accept-Language": "de"}, "fr"),
        (f"{FONDS}?lang=en", {"Accept-Language": "fr"}, "en"),
        (f"{FONDS}?lang=xx", {"Accept-Language": "en"}, "en"),
    ],
)
def test_the_language_comes_from_the_address_then_the_browser(client, address, headers, expected):
    response = client.get(address, headers={"Accept": "text/html", **headers})
    assert response.headers["Content-Language"] == expected
    assert f'<html lang="{expected}"' in response.text


def test_a_chosen_language_is_remembered_and_wins_over_the_browser(client):
    client.get(f"{FONDS}?lang=en", headers={"Accept": "text/html"})
    page = client.get(FONDS, headers={"Accept": "text/html", "Accept-Language": "fr"})
    assert page.headers["Content-Language"] == "en"


def test_data_set_no_cookie(client):
    assert "Set-Cookie" not in client.get(f"{FONDS}.ttl?lang=en").headers


@pytest.mark.parametrize(
    "address",
    ["/dataset", "/.well-known/void", "/ontology", "/graph/derived", "/vocabulary/region/44"],
)
@pytest.mark.parametrize("media_type", SYNTAXES)
def test_everything_that_is_data_comes_in_every_syntax(client, address, media_type):
    response = client.get(address, headers={"Accept": media_type})
    assert response.status_code == 200
    assert mimetype(response) == media_type
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("media_type", SYNTAXES)
def test_every_syntax_says_the_same(client, media_type):
    extension, syntax = SYNTAXES[media_type]
    body = client.get(f"{FONDS}.{extension}").data
    if syntax is None:
        from pyld import jsonld

        lines = jsonld.to_rdf(json.loads(body), {"format": "application/n-quads"}).encode()
        found = {quad.triple for quad in ox.parse(lines, ox.RdfFormat.N_TRIPLES)}
    else:
        found = {quad.triple for quad in ox.parse(body, syntax)}
    turtle = ox.parse(client.get(f"{FONDS}.ttl").data, ox.RdfFormat.TURTLE)
    assert found == {quad.triple for quad in turtle}
