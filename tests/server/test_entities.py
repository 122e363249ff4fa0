"""Every IRI of the graph answers, and nothing else does."""

import re
from urllib.parse import urlencode

import pyoxigraph as ox
import pytest

from collex_graph.rdf.namespaces import term
from collex_graph.resources import resource_dir
from collex_graph.server.entities import INCOMING_LINKS
from server.html_page import Page

BASE = "https://w3id.org/collex-graph/"
FONDS = "/id/fonds/FRFONDS-751132108-1756"
MASSE = "http://www.idref.fr/027015181/id"


def triples(response):
    assert response.status_code == 200
    return {quad.triple for quad in ox.parse(response.data, ox.RdfFormat.N_TRIPLES)}


def data(client, address):
    return triples(client.get(address, headers={"Accept": "application/n-triples"}))


def node(text):
    return ox.NamedNode(text if "://" in text else BASE + text)


def test_the_data_are_all_statements_about_the_entity(client, queries, iris):
    fonds = node(iris.at_path(FONDS))
    stored = {
        quad.triple
        for quad in queries.store.quads_for_pattern(fonds, None, None, ox.DefaultGraph())
    }
    assert len(stored) > 20
    assert stored <= data(client, FONDS)


def test_the_data_hold_the_labels_of_what_they_point_to(client):
    label = ox.Triple(
        node("id/library/751132108"),
        term("rdfs:label"),
        ox.Literal("Bibliothèque universitaire des langues et civilisations. Paris", language="fr"),
    )
    assert label in data(client, FONDS)


def test_the_data_hold_what_points_at_the_entity_with_its_label(client):
    found = data(client, "/id/library/674821001")
    fonds = node("id/fonds/FRFONDS-674821001-xBW")
    assert ox.Triple(fonds, term("rico:hasOrHadHolder"), node("id/library/674821001")) in found
    label = ox.Literal("Fonds Emile Erckmann", language="fr")
    assert ox.Triple(fonds, term("rdfs:label"), label) in found


def test_the_data_say_where_the_entity_was_read(client):
    file = node("id/source-file/ccfr/0123456789ab#FRFONDS-751132108-1756")
    derived = ox.Triple(node(BASE + FONDS[1:]), term("prov:wasDerivedFrom"), file)
    assert derived in data(client, FONDS)


def test_a_node_that_only_the_description_knows_answers(client):
    title = ox.Literal("National register of fonds (CCFr)", language="en")
    found = data(client, "/id/dataset/ccfr")
    assert ox.Triple(node("id/dataset/ccfr"), term("dcterms:title"), title) in found


def test_the_iris_of_authorities_answer_too(client):
    response = client.get(
        "/entity", query_string={"iri": MASSE}, headers={"Accept": "application/n-triples"}
    )
    found = triples(response)
    assert ox.Triple(node(MASSE), term("rdf:type"), term("rico:Person")) in found
    assert any(triple.object == node(MASSE) for triple in found)


def test_the_page_of_an_authority_is_a_page(client):
    response = client.get("/entity", query_string={"iri": MASSE}, headers={"Accept": "text/html"})
    assert response.status_code == 200
    assert "Massé, Henri" in response.text


@pytest.mark.parametrize("extension", ["ttl", "jsonld", "nt", "rdf", "html"])
def test_the_format_of_an_authority_can_be_named_in_the_address(client, extension):
    response = client.get("/entity", query_string={"iri": MASSE, "format": extension})
    assert response.status_code == 200
    assert f"format={extension}" in response.headers["Content-Location"]


def test_an_iri_of_ours_is_sent_to_its_own_address(client):
    response = client.get("/entity", query_string={"iri": BASE + "id/library/751132108"})
    assert response.status_code == 303
    assert response.headers["Location"] == "/id/library/751132108"


@pytest.mark.parametrize(
    "spelling",
    ["https://www.idref.fr/027015181", "http://www.idref.fr/027015181", "idref:027015181",
     "https://www.idref.fr/027015181/id", "http://idref.fr/027015181.rdf"],
)  # fmt: skip
def test_another_spelling_of_an_authority_leads_to_the_one_of_the_graph(client, spelling):
    response = client.get("/entity", query_string={"iri": spelling})
    assert response.status_code == 303
    assert response.headers["Location"] == f"/entity?{urlencode({'iri': MASSE})}"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    named = client.get("/entity", query_string={"iri": spelling, "format": "ttl"})
    assert client.get(named.headers["Location"]).mimetype == "text/turtle"


ARK = "http://data.bnf.fr/ark:/12148/cb11935712m"


@pytest.mark.parametrize("known", [ARK, f"{ARK}#foaf:Person"])
@pytest.mark.parametrize(
    "spelling",
    ["https://data.bnf.fr/ark:/12148/cb11935712m", "ark:/12148/cb11935712m", ARK,
     "https://catalogue.bnf.fr/ark:/12148/cb11935712m", f"{ARK}#about", f"{ARK}#foaf:Person"],
)  # fmt: skip
def test_a_bnf_ark_leads_to_the_concept_or_the_person(
    client, queries, monkeypatch, spelling, known
):
    store = ox.Store()
    store.add(ox.Quad(node(known), term("rdfs:label"), ox.Literal("x")))
    monkeypatch.setattr(queries, "store", store)
    asked = {"iri": spelling, "format": "ttl"}
    response = client.get("/entity", query_string=asked, follow_redirects=True)
    assert response.status_code == 200
    assert known in response.text


@pytest.mark.parametrize(
    ("path", "format_asked"),
    [
        ("/id/agent/751132108/masse-henri", ""),
        ("/id/agent/751132108/masse-henri.ttl", "&format=ttl"),
        ("/entity?iri=http://www.idref.fr/150401957/id", ""),
        ("/entity?iri=http://www.idref.fr/150401957/id&format=jsonld", "&format=jsonld"),
    ],
)
def test_another_name_of_a_thing_leads_to_the_one_that_stands_for_it(client, path, format_asked):
    response = client.get(path)
    assert response.status_code == 303
    assert response.headers["Location"].endswith(
        "/entity?" + urlencode({"iri": MASSE}) + format_asked
    )


@pytest.mark.parametrize(
    "iri",
    ["https://www.idref.fr/027015182", "https://www.idref.fr/026498987x",
     "https://example.org/027015181"],
)  # fmt: skip
def test_an_authority_that_the_graph_does_not_know_leads_nowhere(client, iri):
    assert client.get("/entity", query_string={"iri": iri}).status_code == 404


def test_the_queries_of_the_site_go_before_those_of_the_public(client, queries):
    client.get(FONDS, headers={"Accept": "text/html"})
    client.get(f"{FONDS}.ttl")
    assert queries.asked
    assert all(asked.priority for asked in queries.asked)
    queries.asked.clear()
    client.get("/sparql?query=ASK%7B%7D")
    client.get("/query?query=ASK%7B%7D", headers={"Accept": "text/html"})
    assert [asked.priority for asked in queries.asked if "ASK{}" in asked.text] == [False, False]


@pytest.mark.parametrize(
    "path", [f"{FONDS}.ttl", "/ontology.ttl", "/dataset.ttl", "/graph/derived"]
)
def test_other_sites_may_read_that_data_have_not_changed(client, path):
    tag = client.get(path).headers["ETag"]
    again = client.get(path, headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert again.headers["Access-Control-Allow-Origin"] == "*"


def test_a_page_is_for_this_site_alone_even_unchanged(client):
    tag = client.get(f"{FONDS}.html").headers["ETag"]
    again = client.get(f"{FONDS}.html", headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert "Access-Control-Allow-Origin" not in again.headers


@pytest.mark.parametrize("path", ["/graph/source/ccfr/FRFONDS-674821001-xBW", "/graph/derived"])
@pytest.mark.parametrize("accept", ["text/html", "text/html,application/xml;q=0.9,*/*;q=0.8"])
def test_a_browser_shows_data_without_a_page_as_text(client, path, accept):
    response = client.get(path, headers={"Accept": accept})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    data = client.get(path, headers={"Accept": "text/turtle"})
    assert data.mimetype == "text/turtle"
    assert response.data == data.data
    assert response.headers["ETag"] != data.headers["ETag"]
    assert client.get(path, headers={"Accept": "image/png"}).status_code == 406


def test_an_iri_with_letters_beyond_ascii_is_answered_with_legal_headers(client):
    response = client.get("/entity", query_string={"iri": "http://example.org/é"})
    assert response.status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "",
        "iri=",
        "iri=not-an-iri",
        "iri=http://a/%20b",
        "iri=http://a/%3Cb%3E",
        "iri=http://a/b&iri=http://a/c",
        "iri=http://a/" + "x" * 3000,
        "iri=http://a/b&format=exe",
        "iri=http://a/%0D%0AX-Injected:1",
        "iri=http://a/%C2%85x",
    ],
)
def test_an_iri_that_cannot_be_one_is_refused(client, query):
    response = client.get(f"/entity?{query}", headers={"Accept": "text/turtle"})
    assert response.status_code == 400
    assert "X-Injected" not in response.headers


def test_an_identifier_that_ends_like_a_file_name_is_an_entity_first(client):
    page = client.get("/id/fonds/Fonds_9999.nt", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert page.mimetype == "text/html"
    turtle = client.get("/id/fonds/Fonds_9999.nt.ttl")
    assert turtle.mimetype == "text/turtle"
    assert b"Fonds_9999.nt" in turtle.data


@pytest.mark.parametrize("suffix", ["", ".ttl", ".html", ".jsonld"])
def test_an_unknown_entity_is_not_found(client, suffix):
    response = client.get(f"/id/fonds/FRFONDS-000000000-1{suffix}")
    assert response.status_code == 404


@pytest.mark.parametrize("suffix", ["", ".ttl", ".html"])
def test_an_entity_that_an_earlier_snapshot_knew_is_gone(client, formerly_known, suffix):
    formerly_known.add(BASE + "id/fonds/FRFONDS-000000000-1")
    assert client.get(f"/id/fonds/FRFONDS-000000000-1{suffix}").status_code == 410


def test_an_unknown_extension_is_part_of_an_unknown_identifier(client):
    assert client.get(f"{FONDS}.zip").status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/id/fonds/..%2F..%2Fetc%2Fpasswd", 400),
        ("/id/fonds/../../etc/passwd", 400),
        ("/id/fonds/%2e%2e/x", 400),
        ("/id/fonds/%252e%252e%252fx", 404),
        ("/id/fonds/a%5Cb", 400),
        ("/id/fonds/a%00b", 400),
        ("/id/fonds/%C0%AE%C0%AE", 400),
        ("/id/fonds/%FF", 400),
        ("/id/fonds/a%0D%0Ab", 404),
        ("/id/fonds//x", 404),
        ("/id/fonds/" + "x" * 9000, 400),
        ("/id/%F0%9F%92%A5", 404),
        ("/id/fonds/%zz", 404),
    ],
)
def test_a_path_is_decoded_once_and_never_leads_to_a_file(client, path, status):
    response = client.get(path, headers={"Accept": "text/turtle"})
    assert response.status_code == status
    assert b"root:" not in response.data


def test_an_identifier_is_found_however_its_letters_were_encoded(client):
    response = client.get("/id/fonds/FRFONDS%2D751132108%2D1756.ttl")
    assert response.status_code == 200


def test_the_ontology_answers_with_its_terms(client):
    found = data(client, "/ontology")
    assert ox.Triple(term("collex:Fonds"), term("rdf:type"), term("owl:Class")) in found


def test_a_named_graph_answers_with_its_content_and_no_more(client, queries):
    graph = node("graph/source/ccfr/FRFONDS-674821001-xBW")
    stored = {q.triple for q in queries.store.quads_for_pattern(None, None, None, graph)}
    assert data(client, "/graph/source/ccfr/FRFONDS-674821001-xBW") == stored


def test_the_ontology_answers_at_its_version_iri_and_at_no_other(client):
    assert data(client, "/ontology/0.1.0") == data(client, "/ontology")
    assert client.get("/ontology/0.1.0.ttl").mimetype == "text/turtle"
    assert client.get("/ontology/9.9.9", headers={"Accept": "text/turtle"}).status_code == 404


def test_a_released_version_of_the_ontology_answers_as_it_was_released(client):
    path = resource_dir("ontology") / "releases" / "0.2.0" / "collex.ttl"
    released = {statement.triple for statement in ox.parse(path=path, format=ox.RdfFormat.TURTLE)}
    assert data(client, "/ontology/0.2.0") == released
    assert client.get("/ontology/0.2.0.jsonld").mimetype == "application/ld+json"
    browser = client.get("/ontology/0.2.0", headers={"Accept": "text/html"})
    assert browser.headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("path", ["/id/result/0a1b2c3d", "/.well-known/genid/path-1"])
@pytest.mark.parametrize("media_type", ["text/html", "application/n-triples"])
def test_what_only_the_report_or_the_shapes_know_answers(client, path, media_type):
    response = client.get(path, headers={"Accept": media_type})
    assert response.status_code == 200


def test_an_unknown_graph_is_not_found(client):
    assert client.get("/graph/source/ccfr/none").status_code == 404


def test_a_client_that_holds_the_data_gets_no_body(client):
    first = client.get(f"{FONDS}.ttl")
    tag = first.headers["ETag"]
    assert not tag.startswith("W/")
    again = client.get(f"{FONDS}.ttl", headers={"If-None-Match": f'"other", {tag}'})
    assert again.status_code == 304
    assert again.data == b""
    assert again.headers["ETag"] == tag
    for name in ("Cache-Control", "Content-Location", "Vary"):
        assert again.headers[name] == first.headers[name]


def test_each_representation_and_each_language_has_its_own_tag(client):
    tags = {client.get(f"{FONDS}.{extension}").headers["ETag"] for extension in ("ttl", "nt")}
    tags |= {client.get(f"{FONDS}.html?lang={lang}").headers["ETag"] for lang in ("fr", "en")}
    tags.add(client.get("/id/library/751132108.ttl").headers["ETag"])
    assert len(tags) == 5


def test_a_page_that_the_client_holds_is_not_written_again(client, queries):
    tag = client.get(FONDS, headers={"Accept": "text/html"}).headers["ETag"]
    queries.asked.clear()
    again = client.get(FONDS, headers={"Accept": "text/html", "If-None-Match": tag})
    assert again.status_code == 304
    assert queries.asked == []


def test_head_says_what_get_would(client):
    got, headed = client.get(f"{FONDS}.ttl"), client.head(f"{FONDS}.ttl")
    assert headed.status_code == 200
    assert headed.data == b""
    for name in ("ETag", "Content-Type", "Content-Length", "Link", "X-Incoming-Links"):
        assert headed.headers[name] == got.headers[name]


def test_the_same_data_are_the_same_bytes(client):
    assert client.get(f"{FONDS}.ttl").data == client.get(f"{FONDS}.ttl").data


def test_turtle_declares_only_the_prefixes_it_uses(client):
    text = client.get("/vocabulary/region/44.ttl").text
    declared = re.findall(r"@prefix ([\w-]+):", text)
    assert "skos" in declared
    # rdf:type is written `a`
    assert all(re.search(rf"(?<![\w@]){name}:\w", text) for name in set(declared) - {"rdf"})


def test_json_ld_is_compacted_with_the_context_of_the_ontology(client):
    document = client.get(f"{FONDS}.jsonld").get_json(force=True)
    assert "@context" in document
    assert "@graph" in document


def test_the_header_counts_the_links_that_point_at_the_entity(client):
    assert client.get("/id/library/674821001.ttl").headers["X-Incoming-Links"] == "2"


def test_the_limit_of_incoming_links_is_the_one_of_the_query():
    text = (resource_dir("queries") / "entities" / "describe.rq").read_text(encoding="utf-8")
    assert f"LIMIT {INCOMING_LINKS + 1}" in text
    assert f"up to {INCOMING_LINKS} " in text


@pytest.fixture
def crowded(queries, monkeypatch):
    """A concept that more nodes point at than an answer holds."""
    store = ox.Store()
    concept = node("vocabulary/document-type/monographies")
    label = term("rdfs:label")
    store.add(ox.Quad(concept, label, ox.Literal("Monographies", language="fr")))
    for number in range(INCOMING_LINKS + 1):
        unit = node(f"id/fonds/Fonds_{number:05}")
        store.add(ox.Quad(unit, term("collex:documentType"), concept))
        store.add(ox.Quad(unit, label, ox.Literal(f"Fonds {number}")))
    monkeypatch.setattr(queries, "store", store)
    return concept


def test_more_links_than_the_limit_are_said_to_be_left_out(client, crowded):
    response = client.get("/vocabulary/document-type/monographies.nt")
    assert response.headers["X-Incoming-Links"] == f"{INCOMING_LINKS}, partial"
    found = triples(response)
    assert sum(triple.object == crowded for triple in found) == INCOMING_LINKS
    # neither the link left out nor the label that came with it
    assert len(found) == 2 * INCOMING_LINKS + 1


def test_the_page_of_a_node_with_very_many_links_says_how_many_are_left(client, crowded):
    page = client.get("/vocabulary/document-type/monographies", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert f"{INCOMING_LINKS + 1 - 30:,}".replace(",", "\u202f") in page.text.replace(
        "\xa0", "\u202f"
    )
    assert "/query?query=" in page.text


def test_the_page_of_a_large_fonds_shows_the_way_down_and_says_how_much_it_leaves_out(
    client, queries, monkeypatch
):
    store = ox.Store()
    top, branch = node("id/component/x/x"), node("id/component/x/c0")

    def say(subject, predicate, value):
        store.add(ox.Quad(subject, term(predicate), value))

    def unit(subject, parent, rank):
        say(subject, "rdf:type", term("collex:DescribedUnit"))
        say(subject, "rdf:type", term("collex:Component"))
        say(subject, "rdfs:label", ox.Literal(f"Composant {rank}"))
        say(subject, "collex:position", ox.Literal(rank))
        say(subject, "rico:isDirectlyIncludedIn", parent)
        say(parent, "rico:directlyIncludes", subject)

    say(top, "rdf:type", term("collex:DescribedUnit"))
    say(top, "rdf:type", term("collex:ArchiveFonds"))
    say(top, "rdfs:label", ox.Literal("Un grand fonds"))
    unit(branch, top, 1)
    for rank in range(1, 401):
        unit(node(f"id/component/x/c{rank}"), branch, rank)
    monkeypatch.setattr(queries, "store", store)

    page = client.get("/id/component/x/c0", headers={"Accept": "text/html"}).text
    assert "401 unités" in page.replace("\xa0", " ").replace("\u202f", " ")
    assert page.index("Un grand fonds") < page.index("Composant 300")
    assert "Composant 301" not in page
    assert "et 100 autres" in page.replace("\xa0", " ").replace("\u202f", " ")
    whole = client.get("/id/component/x/x", headers={"Accept": "text/html"}).text
    assert "Composant 1" in whole
    assert "Composant 2" not in whole


class Holdings:
    """A library that holds hierarchies of units, and nothing else."""

    library = node("id/library/751132108")

    def __init__(self):
        self.store = ox.Store()
        self._say(self.library, "rdf:type", term("collex:Library"))
        self._say(self.library, "rdfs:label", ox.Literal("Une bibliothèque"))

    def _say(self, subject, predicate, value):
        self.store.add(ox.Quad(subject, term(predicate), value))

    def unit(self, name, *parents, rank=0):
        unit = node(f"id/fonds/{name}")
        self._say(unit, "rdf:type", term("collex:DescribedUnit"))
        self._say(unit, "rdfs:label", ox.Literal(f"Unité {name}."))
        self._say(unit, "rico:hasOrHadHolder", self.library)
        for parent in parents:
            self._say(unit, "collex:position", ox.Literal(rank))
            self._say(unit, "rico:isDirectlyIncludedIn", node(f"id/fonds/{parent}"))
            self._say(node(f"id/fonds/{parent}"), "rico:directlyIncludes", unit)


@pytest.fixture
def holdings(queries, monkeypatch):
    made = Holdings()
    monkeypatch.setattr(queries, "store", made.store)
    return made


def page_of(client, path):
    response = client.get(path, headers={"Accept": "text/html"})
    assert response.status_code == 200
    return Page(response)


def test_a_library_shows_of_a_large_fonds_what_it_directly_contains_and_where_the_rest_is(
    client, holdings
):
    holdings.unit("haut")
    for rank in range(60):
        holdings.unit(f"a{rank}", "haut", rank=rank)
        holdings.unit(f"b{rank}", f"a{rank}")
    page = page_of(client, "/id/library/751132108")
    assert "Unité a0." in page.text()
    assert "Unité a19." in page.text()
    assert "Unité a20." not in page.text()
    assert "Unité b0." not in page.text()
    assert page.links()["et 40 autres, sur sa page"] == "/id/fonds/haut"


def test_a_part_of_two_units_is_shown_in_one_of_them(client, holdings):
    holdings.unit("haut")
    above = ["haut"]
    for layer in range(8):
        names = [f"{layer}{side}" for side in "ab"]
        for name in names:
            holdings.unit(name, *above)
        above = names
    for path in ("/id/library/751132108", "/id/fonds/haut"):
        page = page_of(client, path)
        for side in ("7a", "7b"):
            assert len(page.all(f"//ul[@class='tree']//*[.='Unité {side}.']")) == 1


def test_a_hierarchy_of_very_many_levels_has_pages(client, holdings):
    holdings.unit("0")
    for level in range(1, 400):
        holdings.unit(str(level), str(level - 1))
    assert "Unité 1." in page_of(client, "/id/library/751132108").text()
    assert "Unité 1." in page_of(client, "/id/fonds/0").text()
    deep = page_of(client, "/id/fonds/150").text()
    assert "Unité 149." in deep
    assert "Unité 151." in deep


def test_units_inside_one_another_have_pages(client, holdings):
    holdings.unit("a", "b")
    holdings.unit("b", "a")
    page = page_of(client, "/id/fonds/a")
    assert len(page.all("//ul[@class='tree']//*[.='Unité b.']")) == 1


def test_the_limit_of_a_list_of_what_points_at_a_node_counts_nodes_and_not_their_labels(
    client, queries, monkeypatch
):
    store = ox.Store()
    concept = node("vocabulary/document-type/monographies")
    for number in range(40):
        unit = node(f"id/fonds/Fonds_{number:02}")
        store.add(ox.Quad(unit, term("collex:documentType"), concept))
        for language in ("fr", "en", "de"):
            name = ox.Literal(f"Fonds {number:02} {language}", language=language)
            store.add(ox.Quad(unit, term("rdfs:label"), name))
    monkeypatch.setattr(queries, "store", store)
    page = page_of(client, "/vocabulary/document-type/monographies")
    assert "Fonds 00 fr" in page.text()
    assert "Fonds 29 fr" in page.text()
    assert "Fonds 30" not in page.text()
    assert "et 10 autres : tout voir par une requête" in page.text().replace("\xa0", " ")


def test_of_very_many_values_those_in_the_language_of_the_page_are_shown(
    client, queries, monkeypatch
):
    store = ox.Store()
    thing = node("id/thing/x")
    for number in range(40):
        name = ox.Literal(f"Aname {number}", language="en")
        store.add(ox.Quad(thing, term("skos:altLabel"), name))
    store.add(ox.Quad(thing, term("skos:altLabel"), ox.Literal("Zut alors", language="fr")))
    monkeypatch.setattr(queries, "store", store)
    page = page_of(client, "/id/thing/x")
    assert "Zut alors" in page.text()
    assert "et 11 autres : tout voir par une requête" in page.text().replace("\xa0", " ")


@pytest.fixture
def said(queries, monkeypatch):
    """Fills the graph with statements: subject, predicate, object."""

    def say(*statements):
        store = ox.Store()
        for subject, predicate, value in statements:
            written = ox.Literal(value) if isinstance(value, str) else value
            store.add(ox.Quad(node(subject), term(predicate), written))
        monkeypatch.setattr(queries, "store", store)

    return say


def names_of_facts(page):
    return [" ".join(e.text_content().split()) for e in page.all("//dl[@class='facts']//dt")]


def test_the_end_stands_after_the_beginning(client, said):
    said(
        ("id/thing/x", "collex:endYear", ox.Literal(1984)),
        ("id/thing/x", "collex:startYear", ox.Literal(1977)),
        ("id/thing/x", "collex:periodEnd", "2023-03-31"),
        ("id/thing/x", "collex:periodStart", "2023-01-01"),
    )
    values = page_of(client, "/id/thing/x").text("//dl[@class='facts']//dd")
    assert values.index("1977") < values.index("1984")
    assert values.index("2023-01-01") < values.index("2023-03-31")


def test_the_bounds_of_a_year_of_birth_are_shown_only_where_the_date_does_not_tell_it(client, said):
    bounds = ("collex:birthYearEarliest", "collex:birthYearLatest")
    person = "http://www.idref.fr/026820080/id"
    page = f"/entity?{urlencode({'iri': person})}"
    exact = [(person, bound, ox.Literal(1891)) for bound in bounds]
    is_person = (person, "rdf:type", term("rico:Person"))
    said(is_person, (person, "rico:birthDate", "1891-11-18"), *exact)
    assert "1891-11-18" in page_of(client, page).text()
    assert len(page_of(client, page).all("//dt[starts-with(@title, 'collex:birthYear')]")) == 0
    for about in ([(person, "rico:birthDate", "189.")], []):
        said(is_person, *about, *exact)
        assert len(page_of(client, page).all("//dt[starts-with(@title, 'collex:birthYear')]")) == 2


def test_a_code_that_has_a_word_is_shown_as_the_word(client, said):
    said(("id/thing/x", "foaf:gender", "female"), ("id/thing/y", "foaf:gender", "unknown"))
    assert "Femme" in page_of(client, "/id/thing/x").text()
    assert "female" not in page_of(client, "/id/thing/x").text()
    assert "unknown" in page_of(client, "/id/thing/y").text()


def test_what_points_at_a_node_is_named_from_the_side_of_the_node(client, said):
    said(("id/thing/x", "dcterms:isPartOf", node("id/thing/whole")))
    assert names_of_facts(page_of(client, "/id/thing/x"))[0] == "Partie de"
    assert names_of_facts(page_of(client, "/id/thing/whole"))[0] == "Contient"


def test_a_country_of_geonames_is_named_and_linked(client, said):
    said(("id/thing/x", "schema:nationality", ox.NamedNode("http://sws.geonames.org/2802361/")))
    assert page_of(client, "/id/thing/x").text().count("GeoNames") == 1


def test_a_finding_aid_of_ours_without_a_name_is_called_by_its_identifier(client, said):
    said(
        ("id/fonds/x", "rdf:type", term("collex:DescribedUnit")),
        ("id/fonds/x", "rdfs:label", "Un fonds"),
        ("id/fonds/x", "collex:findingAid", node("id/notice/FRAN_IR_041643")),
    )
    page = page_of(client, "/id/fonds/x")
    assert page.links()["FRAN_IR_041643"] == "/id/notice/FRAN_IR_041643"
    assert "w3id.org" not in page.text("//section[.//h2[@id='aids']]")


def test_a_library_that_holds_items_of_documents_alone_holds_no_fonds(client, said):
    said(
        ("id/fonds/x", "rdf:type", term("collex:DescribedUnit")),
        ("id/fonds/x", "rico:hasOrHadHolder", node("id/library/751132108")),
        ("id/holding/y", "rico:hasOrHadHolder", node("id/library/674821001")),
        ("id/library/751132108", "rdf:type", term("collex:Library")),
        ("id/library/674821001", "rdf:type", term("collex:Library")),
    )
    figures = page_of(client, "/").text("//ul[@class='figures']")
    assert "1 bibliothèque qui détient des fonds" in figures


def test_a_truth_value_of_a_fact_is_a_word(client, said):
    said(("id/thing/x", "collex:openEnd", ox.Literal(value=True)))
    assert "Oui" in page_of(client, "/id/thing/x").text("//dl[@class='facts']//dd")


def test_the_page_of_a_thing_elsewhere_is_a_link_to_it(client, said):
    address = "https://shs.cairn.info/revue-enfance?lang=fr"
    said(
        ("id/thing/x", "foaf:page", ox.NamedNode(address)),
        ("id/thing/y", "foaf:page", ox.NamedNode("javascript:alert(1)")),
    )
    assert page_of(client, "/id/thing/x").links()[address] == address
    assert "javascript:alert(1)" not in page_of(client, "/id/thing/y").links()


def test_what_has_no_name_is_called_by_a_word_of_ours_or_its_identifier(client, said):
    said(
        ("id/thing/x", "rico:hasDocumentaryFormType", term("ric-dft:AuthorityRecord")),
        ("id/thing/x", "dcterms:isPartOf", node("id/component/exemple/U9")),
    )
    links = page_of(client, "/id/thing/x").links()
    assert "Notice d’autorité" in links
    assert links["exemple/U9"] == "/id/component/exemple/U9"


def test_a_licence_has_the_name_it_has_elsewhere_and_the_same_words_are_said_once(client, said):
    licence = "https://www.etalab.gouv.fr/licence-ouverte-open-licence"
    said(
        ("id/thing/x", "dcterms:license", ox.NamedNode(licence)),
        ("id/thing/x", "dcterms:rights", ox.Literal("Licence Ouverte 2.0", language="fr")),
        ("id/thing/x", "dcterms:rights", ox.Literal("Licence Ouverte 2.0", language="en")),
    )
    page = page_of(client, "/id/thing/x")
    assert page.links()["Licence Ouverte (Etalab)"] == licence
    assert page.text().count("Licence Ouverte 2.0") == 1


def test_the_units_that_an_agent_holds_are_shown_once_and_it_is_not_its_own_library(client, said):
    agent = "id/agent/archives-nationales/FRAN_NP_005061"
    said(
        (agent, "rdf:type", term("rico:CorporateBody")),
        (agent, "rdfs:label", "Archives"),
        ("id/fonds/x", "rdf:type", term("collex:DescribedUnit")),
        ("id/fonds/x", "rdfs:label", "Un fonds"),
        ("id/fonds/x", "rico:hasOrHadHolder", node(agent)),
    )
    page = page_of(client, f"/{agent}")
    assert len(page.all("//main//a[.='Un fonds']")) == 1
    # the fonds says who holds it; the page has no list of libraries beside
    assert len(page.all("//main//a[.='Archives']")) == 1


def test_libraries_without_described_fonds_are_listed_apart(client, said):
    said(
        ("id/fonds/x", "rdf:type", term("collex:DescribedUnit")),
        ("id/fonds/x", "rico:hasOrHadHolder", node("id/library/751132108")),
        ("id/library/751132108", "rdf:type", term("collex:Library")),
        ("id/library/751132108", "rdfs:label", "Bibliothèque du fonds"),
        ("id/library/674821001", "rdf:type", term("collex:Library")),
        ("id/library/674821001", "rdfs:label", "Bibliothèque citée"),
    )
    page = page_of(client, "/institutions")
    assert "2 bibliothèques" in page.text("//h2[@id='libraries']")
    assert page.text("//tbody//th") == "Bibliothèque du fonds"
    assert "Bibliothèque citée" in page.text("//details[contains(., '1 bibliothèque citée')]//li")


def test_an_institution_with_many_fonds_counts_them_all(client, queries, monkeypatch):
    store = ox.Store()
    library, establishment = node("id/library/751132108"), node("id/establishment/0753488J")

    def say(subject, predicate, value):
        store.add(ox.Quad(subject, term(predicate), value))

    say(library, "rdf:type", term("collex:Library"))
    say(library, "rdfs:label", ox.Literal("Une bibliothèque"))
    say(library, "org:unitOf", establishment)
    say(establishment, "rdf:type", term("collex:Establishment"))
    say(establishment, "rdfs:label", ox.Literal("Un établissement"))
    for number in range(73):
        unit = node(f"id/fonds/F_{number:02}")
        say(unit, "rdf:type", term("collex:DescribedUnit"))
        say(unit, "rdfs:label", ox.Literal(f"Fonds {number:02}"))
        say(unit, "rico:hasOrHadHolder", library)
    monkeypatch.setattr(queries, "store", store)
    html = {"Accept": "text/html"}
    for path in ("/id/library/751132108", "/id/establishment/0753488J"):
        text = client.get(path, headers=html).text
        assert "Fonds 00" in text
        assert "Fonds 72" not in text
        note = next(line for line in text.splitlines() if 'class="note"' in line and "73" in line)
        assert ("50" if "library" in path else "20") in note


def test_a_node_of_very_many_statements_counts_them_all(client, queries, monkeypatch):
    store = ox.Store()
    crowd = node("id/list/1")
    store.add(ox.Quad(crowd, term("rdfs:label"), ox.Literal("Une liste")))
    for number in range(6000):
        store.add(ox.Quad(crowd, term("skos:note"), ox.Literal(f"{number:05}")))
    monkeypatch.setattr(queries, "store", store)
    text = client.get("/id/list/1", headers={"Accept": "text/html"}).text
    assert "5970" in text.replace("\u202f", "").replace("\xa0", "")


def test_the_page_of_a_node_does_not_lead_to_its_own_old_address(client):
    text = client.get("/entity", query_string={"iri": MASSE}, headers={"Accept": "text/html"}).text
    assert "masse-henri" not in text
