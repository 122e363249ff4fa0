"""The list of fonds: reading its address, narrowing it, and counting honestly."""

import unicodedata
from urllib.parse import parse_qs, urlsplit

import pyoxigraph as ox
import pytest

from collex_graph.rdf.iris import Iris
from collex_graph.server.reader import FOLDS, fold
from collex_graph.server.search_page import read_search
from collex_graph.sparql.catalogue import stored_query
from server.html_page import Page

IRIS = Iris("https://w3id.org/collex-graph/")


def search(address):
    return read_search(parse_qs(urlsplit(address).query, keep_blank_values=True), IRIS)


@pytest.fixture
def read(client):
    def ask(address, language="fr"):
        response = client.get(address, headers={"Accept": "text/html", "Accept-Language": language})
        page = Page(response)
        assert page.status == 200
        assert page.faults() == []
        return page

    return ask


def titles(page):
    return [link.text_content() for link in page.all("//h3[@class='result-title']/a")]


# --- addresses -----------------------------------------------------------------------------------


def test_a_short_value_stands_for_the_concept_of_its_scheme():
    asked = search("/search?region=44&holder=751132108&language=fas")
    assert [iri for _, _, iri in asked.wanted] == [
        "https://w3id.org/collex-graph/id/library/751132108",
        "https://w3id.org/collex-graph/vocabulary/region/44",
        "http://lexvo.org/id/iso639-3/fas",
    ]


def test_an_authority_is_given_by_its_whole_iri():
    asked = search("/search?subject=http://www.idref.fr/027234576/id")
    assert asked.wanted == (
        ("subject", "http://www.idref.fr/027234576/id", "http://www.idref.fr/027234576/id"),
    )


@pytest.mark.parametrize(
    "address",
    [
        "/search?subject=iran",
        "/search?region=../44",
        "/search?region=",
        "/search?level=everything",
        "/search?holder=http://exa mple.org/",
        "/search?discipline=a/b",
    ],
)
def test_a_value_that_cannot_be_read_is_left_out_and_said(read, address):
    assert search(address).wanted == ()
    assert len(search(address).unreadable) == 1
    assert "n’a pas été appliqué" in read(address).text("//*[@role='status']")


def test_the_order_is_by_relevance_only_where_there_are_words():
    assert search("/search").order == "title"
    assert search("/search?q=iran").order == "relevance"
    assert search("/search?sort=relevance").order == "title"
    assert search("/search?sort=nonsense").order == "title"


@pytest.mark.parametrize("page", ["0", "-1", "two", "99999999", "²"])
def test_a_page_number_that_is_none_is_the_first_page(page):
    assert search(f"/search?page={page}").page == 1


def test_an_address_keeps_what_was_asked_and_drops_what_goes_without_saying():
    asked = search("/search?q=iran+persan&label=collex&region=11&sort=start&page=3")
    assert asked.href() == "/search?q=iran+persan&label=collex&region=11&sort=start"
    assert asked.href(page=2).endswith("&page=2")
    assert asked.href(text="", wanted=(), order="title") == "/search"


def test_only_so_many_words_are_looked_for():
    assert len(search("/search?q=" + "+".join(f"mot{n}" for n in range(30))).words) == 8
    assert search("/search?q=%C2%AB+%C3%89tudes,+(iraniennes)+%C2%BB").words == (
        "etude", "iranienne",
    )  # fmt: skip


# --- folding -------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["pages/search-units", "pages/search-facets"])
def test_the_query_folds_exactly_as_the_words_are_folded(query):
    text = stored_query(query).source
    for letters, plain in FOLDS:
        escaped = "".join(
            f"\\u{ord(c):04X}" if unicodedata.category(c) in ("Zs", "Pd") and c != "-" else c
            for c in letters
        )
        assert f'"{escaped}", "{plain}"' in " ".join(text.split()), letters


def test_folding_is_known_to_both_sides_for_every_letter(queries):
    letters = "".join(letters.strip("[]") for letters, _ in FOLDS)
    source = stored_query("pages/search-units").source
    binds = source[source.index("BIND(REPLACE") : source.index("FILTER(CONTAINS")]
    rows = queries.store.query(f"SELECT ?folded {{ BIND('{letters}' AS ?text) {binds} }}")
    assert next(iter(rows))["folded"].value == fold(letters)


@pytest.mark.parametrize(
    "words", ["études", "ETUDES", "iraniennes etudes", "d’études", "Fonds  émile", "erckmann"]
)
def test_words_are_found_whatever_their_accents_and_capitals(read, words):
    found = titles(read(f"/search?q={words}"))
    assert found or words == "d’études"


def test_a_plural_finds_the_singular_and_a_short_word_stays_as_it_is(read):
    assert search("/search?q=Paris+manuscrits+journaux+bois").words == (
        "paris", "manuscrit", "journau", "bois",
    )  # fmt: skip
    singular = titles(read("/search?q=roman+francophone"))
    assert singular
    assert titles(read("/search?q=romans+francophones")) == singular


def test_a_theme_a_person_and_a_library_lead_to_their_fonds(read):
    assert "Fonds Emile Erckmann" in titles(read("/search?q=roman+francophone"))
    assert "Iran et monde persan" in titles(read("/search?q=darmesteter"))
    assert "Fonds Emile Erckmann" in titles(read("/search?q=strasbourg"))


def test_a_city_and_a_region_lead_to_what_is_held_there(read):
    assert "Iran et monde persan" in titles(read("/search?q=13e+arrondissement"))
    held = titles(read("/search?region=44"))
    assert held
    assert titles(read("/search?q=grand+est")) == held


def test_every_word_must_be_found(read):
    assert titles(read("/search?q=iran+erckmann")) == ["Fonds Emile Erckmann"]
    assert titles(read("/search?q=iran+introuvable")) == []


def test_a_word_in_the_title_comes_before_a_word_in_a_theme(read):
    assert titles(read("/search?q=iran"))[0] == "Iran et monde persan"


# --- counting ------------------------------------------------------------------------------------


def facet(page, name):
    """Return value → count, and how many say nothing."""
    box = page.one(f"//div[@class='facet'][h3[@id='facet-{name}']]")
    values = {
        li.xpath("string(.//*[@class='facet-label'])"): int(
            li.xpath("string(.//*[@class='count'])")
        )
        for li in box.xpath(".//li")
    }
    unstated = box.xpath("string(p[@class='unstated']/span[@class='count'])")
    return values, int(unstated or 0)


def test_the_number_beside_a_value_is_how_many_stay(read):
    page = read("/search")
    for name in ("label", "level", "holder", "region", "document", "language"):
        values, _ = facet(page, name)
        links = page.links(f"//div[h3[@id='facet-{name}']]//li/a")
        for link, address in links.items():
            value, _, count = link.rpartition(" ")
            assert len(titles(read(address))) == int(count) == values[value]


def test_stated_and_unstated_make_the_whole(read):
    page = read("/search")
    total = int(page.text("//h2[@id='count']").split()[0])
    values, unstated = facet(page, "region")
    assert sum(values.values()) + unstated == total
    values, unstated = facet(page, "discipline")
    assert values == {"Histoire (discipline)": 1}
    assert unstated == total - 1


def test_a_unit_with_two_values_of_a_facet_counts_once_in_the_total(read):
    page = read("/search")
    languages, unstated = facet(page, "language")
    assert languages == {"français": 1, "persan": 1, "russe": 1}
    total = int(page.text("//h2[@id='count']").split()[0])
    assert unstated == total - 2


def test_two_values_of_one_facet_are_both_wanted(read):
    assert titles(read("/search?language=fas&language=rus")) == ["Iran et monde persan"]
    assert titles(read("/search?language=fas&language=fra")) == []


def test_facets_count_within_what_is_already_asked(read):
    values, _ = facet(read("/search?region=11"), "level")
    assert values == {"Fonds": 1, "Sous-fonds": 2}


# --- chips, order, pages -------------------------------------------------------------------------


def test_a_chip_removes_its_own_filter_and_no_other(read):
    chips = read("/search?q=iran&label=collex&region=11").links("//ul[@class='chips']//a")
    assert chips == {
        "Retirer le filtre Mots : iran": "/search?label=collex&region=11",
        "Retirer le filtre Label : Label CollEx": "/search?q=iran&region=11",
        "Retirer le filtre Région : Île-de-France": "/search?q=iran&label=collex",
        "Tout retirer": "/search",
    }


def test_searching_again_keeps_the_filters(read):
    hidden = read("/search?label=collex&region=11").all(
        "//form[@class='search-form']//input[@type='hidden']"
    )
    assert [(i.get("name"), i.get("value")) for i in hidden] == [
        ("label", "collex"), ("region", "11"),
    ]  # fmt: skip


def test_titles_are_in_french_alphabetical_order(read):
    found = titles(read("/search"))
    assert found == sorted(found, key=fold)


def test_the_order_by_date_puts_units_without_a_date_last(read):
    found = titles(read("/search?sort=start"))
    assert found[:3] == [
        "Iran et monde persan", "Fonds Emile Erckmann", "Marijan Molé (1924-1963). Archives",
    ]  # fmt: skip


def test_a_long_list_has_pages_that_hold_every_unit_once(read, monkeypatch):
    monkeypatch.setattr("collex_graph.server.search_page.PAGE_SIZE", 4)
    first = read("/search")
    assert "1 à 4 sur 6" in first.text("//nav[@class='pagination']")
    second = read(first.one("//a[@rel='next']").get("href"))
    assert "5 à 6 sur 6" in second.text("//nav[@class='pagination']")
    assert not second.all("//a[@rel='next']")
    assert sorted(titles(first) + titles(second)) == sorted(set(titles(first) + titles(second)))
    beyond = read("/search?page=9")
    assert "Il n’y a pas de page 9 : la liste en compte 2." in beyond.text().replace("\u00a0", " ")
    assert titles(read(beyond.links()["Aller à la dernière page"])) == titles(second)


def test_an_unknown_value_is_said_to_be_unknown(read):
    assert "valeur inconnue (zzz)" in read("/search?label=zzz").text("//ul[@class='chips']")


def test_the_list_can_keep_the_fonds_that_count_as_labelled(read):
    page = read("/search?counted=true")
    assert "fonds comptés comme labellisés" in page.text("//ul[@class='chips']")
    assert page.text("//h2[@id='count']") == "2 résultats"
    assert "n’a pas été appliqué" in read("/search?counted=no").text()


def test_an_empty_list_says_how_much_was_read_and_what_to_do(read):
    text = read("/search?q=introuvable").text()
    assert "Aucun fonds ne répond à ces critères" in text
    assert "Retirez un filtre" in text
    assert "sur 1 243" in text


def test_the_list_of_an_unknown_value_is_empty_and_not_an_error(read):
    assert titles(read("/search?holder=000000000")) == []
    assert titles(read("/search?agent=http://www.idref.fr/000000000/id")) == []


# --- the drawn map -------------------------------------------------------------------------------


def test_places_of_one_city_are_one_dot_and_places_in_no_frame_are_counted(queries):
    from collex_graph.server.drawn_map import draw_map
    from collex_graph.server.messages import words
    from collex_graph.server.reader import GraphReader

    reader = GraphReader(queries, IRIS, words("fr"))
    drawn = draw_map(
        reader,
        [
            ((48.83, 2.36), "A", "/a", 1), ((48.85, 2.31), "B", "/b", 3),
            ((48.58, 7.75), "C", "/c", 1), ((-17.5, -149.5), "D", "/d", 1),
        ],
        label="x",
    )  # fmt: skip
    assert [point.label for point in drawn.points] == ["A · B", "C"]
    assert drawn.points[0].radius == pytest.approx(2 * drawn.points[1].radius)
    assert drawn.points[1].href == "/c"
    assert drawn.outside == 1


def test_no_stored_query_of_a_page_names_a_graph_but_where_it_must():
    named = {
        "class-counts", "completion-graphs", "completion-terms", "datasets", "derived",
        "file-reads-count", "file-reads", "ontology-statements", "provenance",
        "quality-counts", "quality-examples", "quality-findings", "quality-metrics",
        "quality-of-rule", "quality-rule-words", "quality-rules", "quality", "scores",
        "shape-statements", "statements-about", "term-rules", "uses",
    }  # fmt: skip
    from collex_graph.sparql.catalogue import query_names

    for name in query_names():
        if name.startswith("pages/"):
            uses = "GRAPH" in stored_query(name).source
            assert uses == (name.removeprefix("pages/") in named), name


def test_every_stored_query_of_a_page_runs_and_has_an_order(queries):
    from collex_graph.sparql.catalogue import query_names

    for name in query_names():
        if not name.startswith("pages/"):
            continue
        stored = stored_query(name)
        values = {p: [ox.NamedNode("urn:x")] for p, q in stored.parameters.items()
                  if q.default is None and not q.optional}  # fmt: skip
        queries.store.query(stored.text(**values), base_iri=IRIS.base)
        assert set(stored.title) == set(stored.description) == {"fr", "en"}, name
