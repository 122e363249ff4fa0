"""The ontology and the shapes as people and machines read them, on the samples of all sources."""

import json
import re
from collections import Counter, defaultdict
from urllib.parse import parse_qs, quote, urlsplit

import pyoxigraph as ox
import pytest
from pyld import jsonld

from collex_graph.rdf.iris import Iris
from collex_graph.rdf.namespaces import compact, expand, prefixes, term
from collex_graph.resources import resource_dir
from collex_graph.server import create_app
from collex_graph.server.messages import words
from collex_graph.server.model_drawing import ClassName, LinkedClass, draw_class
from collex_graph.server.ontology_page import draw, read_terms
from collex_graph.server.reader import GraphReader
from collex_graph.settings import Settings
from server.conftest import InProcessQueries
from server.html_page import Page

BASE = Settings().base_iri
COLLEX = prefixes()["collex"]
ONTOLOGY_FILE = resource_dir("ontology") / "collex.ttl"


@pytest.fixture(scope="module")
def queries(sample_snapshot):
    return InProcessQueries(sample_snapshot)


@pytest.fixture(scope="module")
def client(queries):
    return create_app(Settings(), queries).test_client()


@pytest.fixture(scope="module")
def page(client):
    return read(client, "/ontology")


@pytest.fixture(scope="module")
def terms(queries):
    return read_terms(GraphReader(queries, Iris(BASE), words("fr")))


def read(client, path, language="fr"):
    return Page(client.get(path, headers={"Accept": "text/html", "Accept-Language": language}))


def of_file(*kinds):
    wanted = {term(kind) for kind in kinds}
    return sorted(
        {
            s.subject.value
            for s in ox.parse(path=ONTOLOGY_FILE, format=ox.RdfFormat.TURTLE)
            if s.predicate == term("rdf:type") and s.object in wanted
        }
    )


CLASSES = of_file("owl:Class")
TERMS = of_file("owl:Class", "owl:ObjectProperty", "owl:DatatypeProperty")


# --- the page of the ontology --------------------------------------------------------------------


def test_every_term_has_its_anchor_so_that_its_iri_leads_to_it(page):
    anchors = page.all("//li[contains(@class, 'term')]/@id")
    assert sorted(anchors) == sorted(iri.removeprefix(COLLEX) for iri in TERMS)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_term_is_shown_with_its_label_and_definition_in_the_page_s_language(client, language):
    page = read(client, "/ontology", language)
    said = defaultdict(dict)
    for s in ox.parse(path=ONTOLOGY_FILE, format=ox.RdfFormat.TURTLE):
        if isinstance(s.object, ox.Literal) and s.object.language == language:
            said[s.subject.value][compact(s.predicate.value)] = s.object.value
    for iri in TERMS:
        text = page.text(f"//li[@id='{iri.removeprefix(COLLEX)}']")
        assert said[iri]["rdfs:label"] in text
        assert " ".join(said[iri]["skos:definition"].split()) in text


def test_the_number_of_uses_is_the_one_counted_at_publication(page, queries):
    for name, kind in (("Fonds", "class"), ("startYear", "property")):
        query = {
            "class": f"SELECT (COUNT(DISTINCT ?x) AS ?n) WHERE {{ ?x a <{COLLEX}{name}> }}",
            "property": f"SELECT (COUNT(*) AS ?n) WHERE {{ ?x <{COLLEX}{name}> ?y }}",
        }[kind]
        (row,) = queries.store.query(query)
        number = int(row["n"].value)
        assert number > 1
        unit = "entités" if kind == "class" else "énoncés"
        assert f"{number} {unit}" in page.text(f"//li[@id='{name}']")


def test_no_page_of_the_ontology_counts_uses_on_request(client, queries):
    queries.asked.clear()
    assert read(client, "/ontology?q=fonds").status == 200
    assert not [r for r in queries.asked if "COUNT" in r.text and "inScheme" not in r.text]


def test_terms_that_nothing_uses_say_so(page, terms):
    unused = [
        iri for iri in TERMS if not terms.uses["class", iri] and not terms.uses["property", iri]
    ]
    for iri in unused[:5]:
        assert "sans emploi" in page.text(f"//li[@id='{iri.removeprefix(COLLEX)}']")


@pytest.mark.parametrize("name", ["Fonds", "Labelling", "startYear", "linkedAgent", "pointOf"])
def test_the_query_of_a_term_runs_and_finds_its_uses(page, queries, name):
    (href,) = page.all(f"//li[@id='{name}']//a[contains(@href, '/query?')]/@href")
    (text,) = parse_qs(urlsplit(href).query)["query"]
    assert list(queries.store.query(text))


def test_every_query_of_the_page_is_accepted(page, queries):
    for href in page.all("//li[contains(@class, 'term')]//a[contains(@href, '/query?')]/@href"):
        (text,) = parse_qs(urlsplit(href).query)["query"]
        queries.store.query(text)


def test_a_search_without_scripts_narrows_the_list_whatever_case_and_accents(client):
    found = read(client, "/ontology?" + "q=" + quote("ÉTABLISSEMENT porteur"))
    shown = found.all("//li[contains(@class, 'term')]")
    assert "leadInstitution" in [item.get("id") for item in shown]
    assert 0 < len(shown) < 10
    english = read(client, "/ontology?q=leadinst", "en")
    assert english.all("//li[contains(@class, 'term')]/@id") == ["leadInstitution"]
    assert found.one("//input[@id='term-search']").get("value") == "ÉTABLISSEMENT porteur"


def test_a_search_that_finds_nothing_says_what_could_be_done(client):
    found = read(client, "/ontology?q=xylophone")
    assert not found.all("//li[contains(@class, 'term')]")
    assert "Aucun terme ne répond" in found.text()
    assert found.all("//main//a[@href='/ontology']")


def test_every_scheme_of_the_folder_is_listed_with_its_concepts(page):
    names = {path.stem for path in (resource_dir("ontology") / "vocabularies").glob("*.ttl")}
    rows = page.all("//section[@aria-labelledby='concept-schemes']//tbody/tr")
    hrefs = {row.xpath("./th/a/@href")[0] for row in rows}
    assert {f"/vocabulary/{name}" for name in names} <= hrefs
    assert all(int(re.sub(r"\D", "", row.xpath("./td")[0].text)) > 0 for row in rows)
    counts = {r.xpath("./th/a/@href")[0]: r.xpath("./td")[1].text for r in rows}
    assert int(counts["/vocabulary/region"]) > 5


def test_terms_of_others_are_listed_by_vocabulary(page):
    assert "rico:RecordSet" in page.text("//section[@aria-labelledby='other-vocabularies']")
    assert "collex:" not in page.text("//section[@aria-labelledby='other-vocabularies']")


# --- one term ------------------------------------------------------------------------------------


def address(iri):
    return "/entity?iri=" + quote(iri, safe="")


@pytest.mark.parametrize("iri", TERMS, ids=compact)
def test_a_term_s_iri_leads_to_its_page_and_its_data(client, iri):
    page = read(client, address(iri))
    assert page.status == 200
    assert compact(iri) in page.text("//header[@class='page-head']")
    assert page.all("//section[@aria-labelledby='example']//pre")
    data = client.get(address(iri), headers={"Accept": "text/turtle"})
    assert data.mimetype == "text/turtle"
    assert "skos:definition" in data.text


def test_the_page_of_a_class_links_its_properties_its_rules_and_some_entities(client):
    page = read(client, address(f"{COLLEX}Labelling"))
    assert "collex:concerns" in page.text("//section[@aria-labelledby='properties']")
    assert "Labellisation sans label" in page.text()
    assert page.all("//ul[contains(@class, 'term-uses')]//a[starts-with(@href, '/id/labelling/')]")
    assert "crm:E13_Attribute_Assignment" in page.text()


def test_the_page_of_a_property_shows_statements_of_the_snapshot(client):
    page = read(client, address(f"{COLLEX}rcr"), "en")
    assert "130015101" in page.text("//ul[contains(@class, 'term-uses')]")


def test_a_term_that_the_ontology_lacks_is_not_found(client):
    assert client.get(address(f"{COLLEX}nothing")).status_code == 404


# --- machines ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "accept", "media_type"),
    [
        ("/ontology", "text/turtle", "text/turtle"),
        ("/ontology", "application/ld+json", "application/ld+json"),
        ("/ontology.ttl", "*/*", "text/turtle"),
        ("/ontology.jsonld", "*/*", "application/ld+json"),
        ("/shapes", "text/turtle", "text/turtle"),
        ("/shapes", "text/html", "text/html"),
        ("/shapes.jsonld", "*/*", "application/ld+json"),
        ("/ontology", "text/html", "text/html"),
    ],
)
def test_ontology_and_shapes_are_sent_as_asked(client, path, accept, media_type):
    response = client.get(path, headers={"Accept": accept})
    assert response.status_code == 200
    assert response.mimetype == media_type


def test_the_ontology_for_machines_is_the_file(client):
    sent = {*ox.parse(client.get("/ontology.nt").data, ox.RdfFormat.N_TRIPLES)}
    assert {str(s.triple) for s in sent} == {
        str(s.triple) for s in ox.parse(path=ONTOLOGY_FILE, format=ox.RdfFormat.TURTLE)
    }


def version_in_force():
    text = ONTOLOGY_FILE.read_text(encoding="utf-8")
    return re.search(r'owl:versionInfo "([^"]+)"', text)[1]


def test_the_version_iri_leads_to_the_page_and_the_data(client):
    path = f"/ontology/{version_in_force()}"
    assert read(client, path).all("//li[@id='Fonds']")
    assert (
        client.get(path, headers={"Accept": "text/turtle"}).data == client.get("/ontology.ttl").data
    )


# --- the shapes ----------------------------------------------------------------------------------


def rules_of_files():
    found = set()
    for path in sorted(resource_dir("shapes").glob("*.ttl")):
        for s in ox.parse(path=path, format=ox.RdfFormat.TURTLE):
            if s.predicate == term("sh:severity"):
                found.add(s.subject.value)
    return found


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_rule_is_on_the_page_of_the_shapes_under_its_anchor(client, language):
    page = read(client, "/shapes", language)
    anchors = set(page.all("//th/@id"))
    expected = {iri.removeprefix(expand("collex-sh:")) for iri in rules_of_files()}
    assert expected - anchors == set()


def test_the_page_of_the_shapes_says_how_often_a_rule_was_broken(client, queries):
    query = (
        "PREFIX sh: <http://www.w3.org/ns/shacl#> SELECT ?rule (COUNT(DISTINCT ?r) AS ?n) WHERE {"
        f" GRAPH <{BASE}graph/report> {{ ?r sh:sourceShape ?rule }} }} GROUP BY ?rule"
    )
    page = read(client, "/shapes")
    for row in queries.store.query(query):
        name = row["rule"].value.removeprefix(expand("collex-sh:"))
        number = page.one(f"//tr[th/@id='{name}']/td[2]")
        assert re.sub(r"\D", "", number.text_content()) == row["n"].value


# --- the drawing ---------------------------------------------------------------------------------


def width_of(text, size):
    """Return how wide a text is at most, in the units of the drawing: wide letters of a sans."""
    return len(text) * size * 0.56


def check_drawing(drawing, size):
    boxes = [(b.x, b.y, b.x + b.width, b.y + b.height) for b in drawing.boxes]
    for box in boxes:
        assert box[0] >= 0
        assert box[1] >= 0
        assert box[2] <= drawing.width
        assert box[3] <= drawing.height
    for number, one in enumerate(boxes):
        for other in boxes[number + 1 :]:
            assert not overlap(one, other)
    texts = []
    for word in drawing.words:
        width = width_of(word.text, size)
        left = word.x - width / 2 if word.anchor == "middle" else word.x
        texts.append((left, word.y - size, left + width, word.y))
    for number, one in enumerate(texts):
        assert one[0] >= 0
        assert one[2] <= drawing.width
        assert not any(overlap(one, other) for other in boxes + texts[number + 1 :])
    for box in drawing.boxes:
        for line in (*box.lines, box.curie):
            assert width_of(line, 12 if line == box.curie else 15) <= box.width + 30


def overlap(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_box_or_word_of_a_drawing_lies_on_another(queries, language):
    reader = GraphReader(queries, Iris(BASE), words(language))
    terms = read_terms(reader)
    drawn = [d for iri in CLASSES if (d := draw(reader, terms, compact(iri))) is not None]
    assert len(drawn) > 30
    for drawing in drawn:
        check_drawing(drawing.wide, 14)
        check_drawing(drawing.narrow, 14)


def test_an_overlap_would_be_seen():
    name = ClassName("Une classe", "collex:X", "")
    drawing = draw_class(name, [LinkedClass(name, ("mot " * 30,))], [], "")
    check_drawing(drawing.wide, 14)
    with pytest.raises(AssertionError):
        check_drawing(drawing.wide, 40)


def test_a_drawing_shows_every_link_of_its_class(queries, terms):
    reader = GraphReader(queries, Iris(BASE), words("fr"))
    links = [x for x in terms.links if "collex:DescribedUnit" in (x.start, x.end)]
    drawing = draw(reader, read_terms(reader), "collex:DescribedUnit")
    shown = {box.curie for box in drawing.wide.boxes}
    assert shown == {name for link in links for name in (link.start, link.end)}
    assert shown == {box.curie for box in drawing.narrow.boxes}
    assert (
        len(drawing.wide.edges)
        == len(drawing.narrow.edges)
        == len(shown)
        - 1
        + sum(link.start == link.end for link in links)
        + sum(
            any((o.start, o.end) == (x.end, x.start) for o in links if o.start != o.end)
            for x in {(link.start, link.end): link for link in links}.values()
            if x.start == "collex:DescribedUnit" != x.end
        )
    )


def test_the_page_draws_the_unit_in_the_middle_for_both_widths(page):
    drawings = page.all("//section[@aria-labelledby='model-drawing']//svg")
    assert ["model-wide" in d.get("class") for d in drawings] == [True, False]
    for drawing in drawings:
        assert drawing.get("aria-label").startswith("Schéma de la classe Unité décrite")
        assert drawing.xpath(".//a[contains(@href, 'Labelling')]")


def test_every_stated_link_names_terms_that_exist(terms):
    for link in terms.links:
        for name in (link.start, link.name, link.end):
            iri = expand(name)
            assert not iri.startswith(COLLEX) or iri in TERMS, name


def test_every_link_that_is_drawn_is_found_in_the_samples(queries, terms):
    """A link is drawn because things are so linked: the samples have a case of each."""
    missing = []
    for link in terms.links:
        start, name, end = (expand(each) for each in (link.start, link.name, link.end))
        # shapes are in a graph of their own
        if not terms.uses["property", name] or link.end == "sh:Shape":
            continue
        ends = [end, *NARROWER.get(link.end, ())]
        values = " ".join(f"<{iri}>" for iri in ends)
        ask = f"ASK {{ ?s a <{start}> ; <{name}> ?o . ?o a ?c . VALUES ?c {{ {values} }} }}"
        if not queries.store.query(ask):
            missing.append((link.start, link.name, link.end))
    assert missing == []


# Classes of others whose data state the narrower one alone.
NARROWER = {
    "rico:Agent": [expand(f"rico:{name}") for name in ("Person", "CorporateBody", "Family")],
    "rico:CorporateBody": [expand("collex:Library"), expand("collex:Establishment")],
}


# --- JSON-LD -------------------------------------------------------------------------------------


def keys_of(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


def entity_of(queries, iri):
    rows = queries.store.query(
        f"SELECT ?s WHERE {{ ?s a <{iri}> FILTER(isIRI(?s)) }} ORDER BY STRLEN(STR(?s)) ?s LIMIT 1"
    )
    return next((row["s"].value for row in rows), None)


def test_the_context_has_a_prefix_for_every_predicate_of_the_samples(queries):
    context = json.loads((resource_dir("ontology") / "context.jsonld").read_bytes())["@context"]
    rows = queries.store.query("SELECT DISTINCT ?p WHERE { ?s ?p ?o }")
    names = {row["p"].value: compact(row["p"].value) for row in rows}
    assert [iri for iri, name in names.items() if name is None] == []
    assert {name.partition(":")[0] for name in names.values()} <= set(context)


@pytest.mark.parametrize("iri", CLASSES, ids=compact)
def test_json_ld_of_each_class_is_compact_and_says_the_same_as_the_triples(client, queries, iri):
    entity = entity_of(queries, iri)
    if entity is None:
        pytest.skip("the samples have no entity of this class")
    path = urlsplit(entity).path.removeprefix(urlsplit(BASE).path.rstrip("/"))
    address = path if entity.startswith(BASE) else "/entity?iri=" + quote(entity, safe="")
    ending = f"{path}.jsonld" if entity.startswith(BASE) else f"{address}&format=jsonld"
    sent = client.get(ending)
    assert sent.status_code == 200
    document = json.loads(sent.data)
    context = document.pop("@context")
    keys = set(keys_of(document))
    assert not [key for key in keys if "://" in key or key in ("rdf:type", "collex")]
    assert not [key for key in keys if key.startswith("collex:")]
    triples = client.get(address, headers={"Accept": "application/n-triples"})
    expanded = jsonld.to_rdf({"@context": context, **document}, {"format": "application/n-quads"})
    assert same(expanded.encode()) == same(triples.data)


def same(data):
    """Return triples as text, one spelling for each."""
    return Counter(
        f"{s.subject} {s.predicate} {s.object}" for s in ox.parse(data, ox.RdfFormat.N_QUADS)
    )
