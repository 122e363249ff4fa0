"""Every kind of page: its structure, its languages, its states, and that data stay text."""

import dataclasses
import importlib
import pkgutil
import re
from pathlib import Path
from urllib.parse import quote

import pytest

from collex_graph.resources import resource_dir
from collex_graph.server import contexts
from collex_graph.sparql.catalogue import query_names
from server.html_page import Page

FONDS = "/id/fonds/FRFONDS-751132108-1756"
PAGES = {
    "home": "/",
    "list": "/search",
    "narrowed list": "/search?q=iran&label=collex",
    "empty list": "/search?q=introuvable",
    "institutions": "/institutions",
    "gaps": "/gaps",
    "gap": "/gaps/matrix",
    "gap without data": "/gaps/discoverable",
    "about": "/about",
    "model": "/about/model",
    "dataset": "/dataset",
    "query": "/query",
    "table": "/query?query=" + quote("SELECT * { ?s ?p ?o } LIMIT 3"),
    "boolean": "/query?query=" + quote("ASK {}"),
    "graph": "/query?query=" + quote("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 3"),
    "fonds": FONDS,
    "sub-fonds": "/id/fonds/Fonds_5229",
    "bare fonds": "/id/fonds/Fonds_9999.nt",
    "hostile fonds": "/id/fonds/Fonds_8888",
    "cited fonds": "/id/fonds/FRFONDS-751132108-5221",
    "notice": "/id/notice/FRFONDS-751132108-1756",
    "library": "/id/library/751132108",
    "establishment": "/id/establishment/0753488J",
    "person": "/entity?iri=http://www.idref.fr/027015181/id",
    "concept": "/entity?iri=http://www.idref.fr/028056663/id",
    "place": "/entity?iri=http://www.idref.fr/027234576/id",
    "commune": "/id/place/insee-67482",
    "region": "/vocabulary/region/44",
    "scheme": "/vocabulary/region",
    "labelling": "/id/labelling/source-ccfr/FRFONDS-751132108-1756",
    "source": "/id/dataset/ccfr",
    "extent": "/id/fonds/FRFONDS-751132108-1756/extent/1",
    "access point": "/id/notice/FRFONDS-751132108-1756/point/1",
}


@pytest.fixture
def read(client):
    """Ask for a page as a browser does."""

    def ask(path, language="fr", status=200):
        page = Page(client.get(path, headers={"Accept": "text/html", "Accept-Language": language}))
        assert page.status == status
        return page

    return ask


# --- every page ----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_a_page_is_well_built(read, path, language):
    page = read(path, language)
    assert page.faults() == []
    assert page.one("/html").get("lang") == language


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_a_page_says_that_it_is_an_independent_reuse(read, path):
    footer = read(path).text("//footer")
    assert "Réutilisation indépendante" in footer
    for name in ("BnF", "CCFr", "Abes", "Persée", "Licence Ouverte"):
        assert name in footer
    assert "An independent reuse" in read(path, "en").text("//footer")


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_no_word_of_the_interface_is_missing_in_english(read, path):
    french = {"Accueil", "Chercher", "Rubriques", "Provenance :", "Voir et corriger", "Thèmes"}
    shown = set(read(path, "en").text("//body").split())
    assert not shown & french


@pytest.mark.parametrize("path", ["/nowhere", "/id/fonds/none", "/entity", "/vocabulary/none"])
def test_an_error_page_says_what_happened_where_and_what_to_do(client, path):
    response = client.get(path, headers={"Accept": "text/html", "Accept-Language": "fr"})
    page = Page(response)
    assert page.status in (400, 404)
    assert page.faults() == []
    assert f"Erreur {page.status}" in page.text()
    assert path in page.text()
    assert "Que faire" in page.text()
    assert page.links()["Chercher dans les fonds"] == "/search"


def test_the_page_of_a_site_without_data_has_a_frame(client, queries):
    from collex_graph.errors import SnapshotNotFoundError

    queries.failure = SnapshotNotFoundError("none")
    page = Page(client.get("/", headers={"Accept": "text/html"}))
    assert page.status == 503
    assert page.faults() == []


# --- languages -----------------------------------------------------------------------------------


def test_the_switch_leads_to_the_same_page_in_the_other_language(read):
    page = read("/search?q=iran&label=collex")
    switch = page.one("//a[@rel='alternate']")
    assert switch.text == "English"
    assert switch.get("href") == "/search?q=iran&label=collex&lang=en"
    assert read(switch.get("href"), "fr").one("/html").get("lang") == "en"


def test_the_cookie_remembers_the_language(client):
    client.get("/?lang=en", headers={"Accept": "text/html", "Accept-Language": "fr"})
    page = Page(client.get("/", headers={"Accept": "text/html", "Accept-Language": "fr"}))
    assert page.one("/html").get("lang") == "en"


def test_words_of_the_data_carry_their_language_on_an_english_page(read):
    heading = read(FONDS, "en").one("//h1/span")
    assert heading.get("lang") == "fr"


def test_a_concept_is_named_in_the_language_of_the_page(read):
    assert "Monographies" in read(FONDS).text()
    assert "Monographs" in read(FONDS, "en").text()


# --- home ----------------------------------------------------------------------------------------


def test_home_counts_each_labelled_fonds_once(read):
    page = read("/")
    assert "2 fonds labellisés CollEx" in page.text("//ul[@class='figures']")
    assert "2 notices lues sur 1 243 connues" in page.text()


def test_home_leads_to_the_labelled_fonds_of_a_region(read):
    links = read("/").links("//section[.//h2[@id='regions']]//a")
    assert links["Grand Est"] == "/search?counted=true&region=44"
    assert "Fonds Emile Erckmann" in read(links["Grand Est"]).text()


def test_home_says_how_many_notices_give_no_discipline(read):
    text = read("/").text("//section[.//h2[@id='disciplines']]")
    assert "1 fonds labellisé n’a de discipline ni dans sa notice, ni dans la décision" in text


# --- fonds ---------------------------------------------------------------------------------------


def test_a_fonds_page_shows_who_holds_it_where_and_when(read):
    page = read(FONDS)
    meta = page.text("//header[@class='page-head']")
    assert "Label CollEx" in meta
    for words in ("Bibliothèque universitaire des langues", "Île-de-France", "depuis 1400",
                  "44 000 unités", "persan", "Consultation sur place"):  # fmt: skip
        assert words in meta


def test_a_fonds_page_lists_its_sub_fonds(read):
    links = read(FONDS).links("//section[.//h2[@id='parts']]//a")
    assert links == {
        "Jean de Menasce (1902-1973). Archives": "/id/fonds/Fonds_5230",
        "Marijan Molé (1924-1963). Archives": "/id/fonds/Fonds_5229",
    }


def test_a_sub_fonds_shows_the_fonds_it_belongs_to_and_itself_in_it(read):
    page = read("/id/fonds/Fonds_5229")
    assert page.links("//nav[@class='breadcrumb']//a")["Iran et monde persan"] == FONDS
    assert page.one("//*[@aria-current='true']").text == "Marijan Molé (1924-1963). Archives"
    assert "d’après le fonds qui le contient" in page.source or not page.all("//figure")


def test_people_are_shown_with_their_role_and_authority(read):
    section = "//section[h2[@id='people']]"
    page = read(FONDS)
    assert "Darmesteter, James (1849-1894 ; orientaliste) IdRef 030617243 ancien possesseur" in (
        page.text(section)
    )
    record = page.one(f"{section}//a[contains(@href, '030617243') and @rel]")
    assert record.get("href") == "https://www.idref.fr/030617243"


def test_an_authority_has_a_page_here_and_a_record_there(read):
    page = read("/entity?iri=http://www.idref.fr/027015181/id")
    assert page.title == "Massé, Henri (1886-1969)"
    assert "https://www.idref.fr/027015181" in page.links().values()
    assert "donateur" in page.text("//section[.//h2[@id='units']]")


def test_a_node_without_authority_says_so(read):
    page = read("/id/concept/751132108/langues-litteratures-et-cultures-etrangeres")
    assert "sans identifiant" in page.text()
    assert "n’est rapprochée d’aucune autre sur son seul nom" in page.text()


def test_fonds_that_share_a_theme_are_near_and_the_reason_is_given(read):
    near = read(FONDS).text("//section[.//h2[@id='near']]")
    assert "Fonds Emile Erckmann" in near
    assert "En commun : Iran" in near


def test_a_fonds_that_is_only_cited_is_marked_and_explained(read):
    assert "notice non lue" in read("/id/fonds/Fonds_5229").text("//section[.//h2[@id='near']]")
    page = read("/id/fonds/FRFONDS-751132108-5221")
    assert "n’est pas parmi celles qui ont été lues" in page.text()
    assert "Marijan Molé (1924-1963). Archives" in page.links()


def test_a_bare_fonds_says_what_is_missing_and_what_to_do(read):
    text = read("/id/fonds/Fonds_9999.nt").text()
    assert "La bibliothèque peut y ajouter un résumé" in text
    assert "adressez-vous à la bibliothèque" in text
    assert "La notice n’indexe aucun thème" in text


def test_validation_results_are_shown_with_severity_and_words(read):
    page = read("/id/fonds/Fonds_5230")
    assert "1 avertissement" in page.text("//section[.//h2[@id='quality']]")
    assert "Aucune date." in page.text("//section[.//h2[@id='quality']]")
    assert "No date." in read("/id/fonds/Fonds_5230", "en").text()
    assert "La validation n’a rien relevé" in read(FONDS).text()


def test_provenance_names_source_file_place_and_licence(read):
    text = read("/id/fonds/Fonds_5229").text("//section[.//h2[@id='provenance']]")
    assert "Répertoire national des fonds (CCFr)" in text
    assert "FRFONDS-751132108-1756.xml" in text
    assert "composant Fonds_5229" in text
    assert "Licence Ouverte" in text


@pytest.mark.parametrize("path", [FONDS, "/entity?iri=http://www.idref.fr/027015181/id"])
def test_the_formats_of_a_page_can_be_fetched(client, read, path):
    links = read(path).all("//details[@class='menu']//li/a")
    assert [link.get("type") for link in links] == [
        "text/turtle", "application/ld+json", "application/n-triples", "application/rdf+xml",
    ]  # fmt: skip
    for link in links:
        response = client.get(link.get("href"))
        assert response.status_code == 200
        assert response.mimetype == link.get("type")


# --- others --------------------------------------------------------------------------------------


def test_a_notice_says_how_many_access_points_have_an_authority(read):
    page = read("/id/notice/FRFONDS-751132108-1756")
    assert "1 sur 1 avec un identifiant d’autorité" in page.text()
    assert "25 juin 2009" in page.text()


def test_a_labelling_without_a_decision_assumes_none(read):
    text = read("/id/labelling/source-ccfr/FRFONDS-751132108-1756").text()
    assert "rien n’est supposé ici" in text


def test_a_library_shows_its_fonds_with_their_sub_fonds(read):
    page = read("/id/library/751132108")
    assert "Iran et monde persan" in page.links()
    assert "Marijan Molé (1924-1963). Archives" in page.links()
    assert "3 fonds et sous-fonds" in page.text()


def test_an_establishment_shows_identifiers_as_links(read):
    page = read("/id/establishment/0753488J")
    assert "INALCO" in page.text()
    assert "0753488J" in page.text("//section[.//h2[@id='identity']]")


def test_a_thing_of_no_known_kind_gets_its_statements(read):
    page = read("/id/fonds/FRFONDS-751132108-1756/extent/1")
    assert "44 000" in page.text()
    assert "Volume" in page.text()


def test_the_dump_is_offered_with_size_and_checksum(read, snapshot):
    page = read("/dataset")
    assert page.one("//a[@download]").get("href") == "/dataset/dataset.nq.gz"
    assert re.search(r"Télécharger \(.*(octets|ko|Mo)\)", page.text())
    assert snapshot.manifest["dump"]["sha256"] in page.text()


def test_the_validation_report_is_a_table_of_rules_with_an_example(read, client):
    page = read("/dataset")
    assert page.links("//section[h2[@id='quality']]//p/a")["Télécharger le rapport entier (Turtle)"]
    row = page.text("//table[@class='rules']//tbody/tr[1]")
    assert "Avertissement" in row
    assert "Aucune date." in row
    assert "No date." in read("/dataset", "en").text("//table[@class='rules']")
    found = read(page.one("//table[@class='rules']//td[@class='numeric']/a").get("href"))
    assert found.all("//tbody/tr")


def test_records_set_aside_are_named(read, client, snapshot):
    from dataclasses import replace

    from collex_graph.server.about_pages import _set_aside
    from collex_graph.server.messages import words

    sources = [{"set_aside": ["table.csv#row=33", "notice.xml#Fonds_1", "notice.xml"]}, {}]
    changed = replace(snapshot, manifest={"sources": sources})
    assert _set_aside(words("fr"), changed) == (
        ("table.csv", "rangée 33"), ("notice.xml", "composant Fonds_1"), ("notice.xml", ""),
    )  # fmt: skip


def test_a_place_of_ours_has_its_code_for_identifier(read):
    text = read("/id/place/insee-67482").text()
    assert "INSEE 67482" in text
    assert "sans identifiant" not in text
    assert "ne vaut que pour la bibliothèque" not in text


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_discipline_is_shown_once(read, language):
    section = read(FONDS, language).text("//section[h2[@id='themes']]")
    assert section.count("234853859") <= 1


def test_a_notice_names_its_cataloguing_agency(read):
    assert "Bibliothèque nationale de France" in read("/id/notice/FRFONDS-751132108-1756").text(
        "//section[h2[@id='facts']]"
    )


# --- the query page ------------------------------------------------------------------------------


def test_a_result_is_a_table_whose_iris_lead_to_pages(read):
    query = "SELECT ?s ?n { VALUES (?s ?n) { (<http://www.idref.fr/027015181/id> 1880) } }"
    page = read("/query?query=" + quote(query))
    assert "1 ligne" in page.text("//h2[@id='result']")
    assert page.one("//td/a").get("href") == (
        "/entity?iri=http%3A%2F%2Fwww.idref.fr%2F027015181%2Fid"
    )
    assert page.text("//td[@class='numeric']") == "1880"
    assert page.one("//textarea").text.strip() == query


def test_a_result_can_be_downloaded_in_every_format(client, read):
    page = read("/query?query=" + quote("SELECT * { ?s ?p ?o } LIMIT 1"))
    downloads = page.links("//p[contains(., 'Ce résultat en')]/a")
    assert list(downloads) == ["SPARQL JSON", "SPARQL XML", "CSV", "TSV", "XLSX"]
    del downloads["XLSX"]  # written by the workers, which these pages do without
    for address in downloads.values():
        assert client.get(address).status_code == 200


def test_a_long_result_is_cut_on_the_page_and_says_so(read, monkeypatch):
    monkeypatch.setattr("collex_graph.server.query_page.ROWS_SHOWN", 5)
    page = read("/query?query=" + quote("SELECT * { ?s ?p ?o }"))
    assert len(page.all("//tbody/tr")) == 5
    assert "Les 5 premières lignes sur" in page.text("//caption")


def test_a_long_graph_is_cut_on_the_page_and_says_so(read, monkeypatch):
    monkeypatch.setattr("collex_graph.server.query_page.GRAPH_CHARACTERS_SHOWN", 100)
    page = read("/query?query=" + quote("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 9"))
    assert "Les 100 premiers caractères sur" in page.text("//section[h2[@id='result']]|//main")


def test_a_result_with_positions_can_be_downloaded_as_geojson(read):
    page = read("/query?query=" + quote("SELECT (48.5 AS ?lat) (7.7 AS ?long) {}"))
    address = page.links("//p[contains(., 'Ce résultat en')]/a")["GeoJSON"]
    assert address.startswith("/sparql?")
    assert address.endswith("format=geojson")


def test_an_empty_result_says_what_could_be_done(read):
    page = read("/query?query=" + quote("SELECT * { ?s <urn:none> ?o }"))
    assert "Aucune ligne" in page.text()
    assert "partez d’un exemple" in page.text()


def test_a_truth_value_is_a_word(read):
    assert read("/query?query=" + quote("ASK {}")).text("//h2[@id='result']") == "Oui"
    assert read("/query?query=" + quote("ASK {<urn:a> <urn:b> 1}")).text("//h2[@id='result']") == (
        "Non"
    )


def test_a_malformed_query_stays_in_the_editor_beside_its_problem(read):
    page = read("/query?query=" + quote("SELECT * {\n ?s ?p"), status=400)
    assert page.faults() == []
    assert "La requête est mal formée" in page.text("//*[@role='alert']")
    assert "SELECT * {" in page.one("//textarea").text


def test_a_stopped_query_is_a_problem_with_its_status(client, queries):
    from collex_graph.errors import QueryTimeoutError

    queries.failure = QueryTimeoutError("Arrêtée.\nStopped.")
    response = client.get("/query?query=ASK%7B%7D", headers={"Accept": "text/html"})
    assert response.status_code == 504
    assert response.headers["Retry-After"]
    assert response.headers["Cache-Control"] == "no-store"


def test_a_result_too_large_for_a_page_says_where_to_get_it(read, monkeypatch):
    monkeypatch.setattr("collex_graph.server.query_page._BYTES_SHOWN", 100)
    page = read("/query?query=" + quote("SELECT * { ?s ?p ?o }"), status=507)
    assert "trop grand pour une page" in page.text("//*[@role='alert']")


def test_every_pattern_of_the_model_can_be_copied_and_run(client, read):
    page = read("/about/model")
    patterns = page.all("//article")
    assert len(patterns) == 8
    for pattern in patterns:
        assert pattern.xpath(".//code")[0].text.startswith("PREFIX")
        address = pattern.xpath(".//a/@href")[0]
        assert client.get(address, headers={"Accept": "text/html"}).status_code == 200


# --- data stay text ------------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "</textarea><script>alert(1)</script>",
    "</title><svg onload=alert(1)>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    "\u202e\u0000<b>",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("address", ["/search?q={}", "/query?query={}", "/search?region={}",
                                     "/search?subject={}", "/search?sort={}&page={}"])  # fmt: skip
def test_what_a_reader_types_comes_back_as_text(client, address, text):
    response = client.get(address.format(*[quote(text)] * 2), headers={"Accept": "text/html"})
    assert response.status_code in (200, 400)
    page = Page(response)
    assert [f for f in page.faults() if "stays open" in f or "closes" in f] == []
    assert not page.all("//img[@onerror]|//svg[@onload]|//script[not(@src)]|//b")
    assert "49" not in " ".join(page.all("//input/@value"))


def test_a_hostile_label_is_text_on_every_page_that_shows_it(read):
    for path in ("/search", "/id/fonds/Fonds_8888", "/id/library/674821001"):
        page = read(path)
        assert '<script>alert(1)</script> & "fonds"' in page.text()
        assert not page.all("//script[not(@src)]")


def test_an_iri_that_is_no_web_address_is_never_a_link(read):
    page = read("/id/fonds/Fonds_8888")
    assert not [href for href in page.all("//@href") if "javascript" in href]


# --- contexts and queries ------------------------------------------------------------------------

CONTEXTS = {
    name: context
    for module in pkgutil.iter_modules(contexts.__path__, f"{contexts.__name__}.")
    for name, context in vars(importlib.import_module(module.name)).items()
    if name.endswith("Context")
}
TEMPLATE_OF = {name: name.removesuffix("Context").lower() + ".html" for name in CONTEXTS}


@pytest.mark.parametrize(("context", "template"), TEMPLATE_OF.items())
def test_a_context_holds_what_its_template_uses_and_nothing_else(context, template):
    templates = resource_dir("web") / "templates"
    text = (templates / template).read_text() + (templates / "layout.html").read_text()
    used = set(re.findall(r"page\.(\w+)", text))
    fields = {field.name for field in dataclasses.fields(CONTEXTS[context])}
    assert used - fields <= {"formats"}
    assert fields - used == set()


def test_every_stored_query_of_the_pages_is_used():
    code = "".join(path.read_text() for path in Path(contexts.__file__).parents[1].glob("*.py"))
    names = [name.partition("/")[2] for name in query_names() if name.startswith("pages/")]
    assert [name for name in names if f'"{name}"' not in code] == []


# --- caching -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/search?q=iran", "/institutions", "/about", "/query"])
def test_a_page_that_the_browser_holds_is_not_sent_again(client, path):
    headers = {"Accept": "text/html", "Accept-Language": "fr"}
    first = client.get(path, headers=headers)
    again = client.get(path, headers={**headers, "If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    other = client.get(path, headers={**headers, "Accept-Language": "en",
                                      "If-None-Match": first.headers["ETag"]})  # fmt: skip
    assert other.status_code == 200
