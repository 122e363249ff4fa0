"""The lists of labels, corpora, acquisitions…: their facets, their days, no hollow page."""

from datetime import date
from pathlib import Path
from urllib.parse import urlencode

import pytest

from collex_graph.rdf.namespaces import expand
from collex_graph.server import create_app
from collex_graph.server.gap_pages import GAPS
from collex_graph.server.intervals import Interval
from collex_graph.server.list_pages import list_pages
from collex_graph.server.messages import words
from collex_graph.server.questions import question_names
from server.conftest import InProcessQueries, write_snapshot
from server.html_page import Page

KINDS = [(page.name, kind) for page in list_pages().values() for kind in page.kinds]


@pytest.fixture(scope="module")
def lists_snapshot(tmp_path_factory):
    text = Path(__file__).with_name("lists.trig").read_text(encoding="utf-8")
    return write_snapshot(tmp_path_factory.mktemp("lists") / "2026-11-22T094900Z", text)


@pytest.fixture
def read(settings, lists_snapshot):
    app = create_app(settings, InProcessQueries(lists_snapshot))
    app.testing = True
    client = app.test_client()

    def ask(path, language="fr", **state):
        address = path + ("?" + urlencode(state, doseq=True) if state else "")
        headers = {"Accept": "text/html", "Accept-Language": language}
        page = Page(client.get(address, headers=headers))
        assert page.status == 200
        assert page.faults() == []
        return page

    return ask


def titles(page):
    return [" ".join(h.text_content().split()) for h in page.all("//h3[@class='result-title']/a")]


def facet(page, name):
    """Return value → (count, address) of a facet."""
    items = page.all(f"//ul[@aria-labelledby='facet-{name}']/li/a")
    return {
        a.xpath("string(./span[@class='facet-label'])"): (
            int(a.xpath("string(./span[@class='count'])")), a.get("href"),
        )
        for a in items
    }  # fmt: skip


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize(("page", "kind"), KINDS, ids=[kind.name for _, kind in KINDS])
def test_a_kind_lists_its_things_or_says_what_would_be_needed(read, page, kind, language):
    shown = read(f"/{page}", language, kind=kind.name)
    if kind.name in ("labellings", "campaigns", "corpora"):
        assert titles(shown)
        return
    said = shown.text("//div[@class='empty']")
    assert {"fr": "Sans donnée à ce jour", "en": "No data so far"}[language] in said
    assert (kind.sheet or "source") in said
    assert not shown.all("//form[contains(@class, 'as-of')]")


@pytest.mark.parametrize(("page", "kind"), KINDS, ids=[kind.name for _, kind in KINDS])
def test_a_kind_names_properties_and_classes_that_exist(page, kind):
    assert all(expand(name) for name in (kind.of, *kind.facets, *kind.facts))
    assert kind.template or words("fr").knows(f"list.needed.{kind.name}")


@pytest.mark.parametrize("page", list_pages().values(), ids=list(list_pages()))
def test_a_page_leads_to_gaps_and_questions_that_exist(read, page):
    assert set(page.gaps) <= set(GAPS)
    assert set(page.questions) <= set(question_names())
    shown = read(f"/{page.name}")
    assert len(shown.all("//section[h2[@id='questions']]//a")) == len(page.questions)


def test_a_kind_says_how_many_things_it_has(read):
    kinds = read("/labels").text("//nav[@class='kinds']")
    assert "Labellisations 3" in kinds
    assert "Campagnes 2" in kinds
    assert "Rôles dans le GIS sans donnée" in kinds


def test_following_a_facet_narrows_the_list_by_its_count(read):
    page = read("/labels")
    assert titles(page) == [
        "Labellisation de A en 2018",
        "Labellisation de A en 2023",
        "Refus de B",
    ]
    count, href = facet(page, "status")["Labellisée"]
    narrowed = read(href)
    assert count == len(titles(narrowed)) == 2
    # a facet that would narrow nothing further is not shown
    assert facet(narrowed, "status") == {}
    chips = narrowed.text("//ul[@class='chips']")
    assert "Labellisée" in chips
    assert titles(read(narrowed.all("//a[@class='chip']/@href")[0])) == titles(page)


def test_two_facets_narrow_together(read):
    page = read(facet(read("/labels"), "status")["Labellisée"][1])
    assert titles(read(facet(page, "campaign")["Campagne 2018"][1])) == [
        "Labellisation de A en 2018"
    ]


def test_what_gives_no_value_is_counted_beside_the_facet(read):
    unstated = read("/corpora").text("//div[h3[@id='facet-miningAllowed']]//p")
    assert unstated.split()[-1] == "1"
    assert set(facet(read("/corpora"), "miningAllowed")) == {"Oui", "Non"}


def test_a_truth_value_narrows_by_its_own_property_alone(read):
    assert titles(read(facet(read("/corpora"), "miningAllowed")["Non"][1])) == ["Corpus D"]


def test_a_list_is_looked_at_as_of_a_day(read):
    assert titles(read("/labels", on="2020-05-01")) == ["Labellisation de A en 2018", "Refus de B"]
    assert titles(read("/labels", on="2024-05-01")) == ["Labellisation de A en 2023", "Refus de B"]
    # the last day is within
    assert "Labellisation de A en 2018" in titles(read("/labels", on="2022-12-31"))
    assert "Labellisation de A en 2018" not in titles(read("/labels", on="2023-01-01"))


def test_the_form_keeps_the_rest_of_the_state(read):
    page = read("/labels", status="vocabulary/label-status/labelled", on="2024-05-01")
    form = page.one("//form[contains(@class, 'as-of')]")
    kept = {i.get("name"): i.get("value") for i in form.xpath(".//input")}
    assert kept == {"on": "2024-05-01", "status": "vocabulary/label-status/labelled"}


def test_a_day_that_is_none_is_said_and_changes_nothing(read):
    page = read("/labels", on="31/12/2024")
    assert "« 31/12/2024 » n’est pas une date" in page.text("//*[@role='status']").replace(
        "\xa0", " "
    )
    assert len(titles(page)) == 3


def test_what_is_in_force_and_what_ends_within_a_year_is_said_in_words(read):
    page = read("/labels")
    states = facet(page, "state")
    assert set(states) == {"en cours, expire dans l’année", "expiré"}
    assert titles(read(states["expiré"][1])) == ["Labellisation de A en 2018"]
    assert "du 1er janvier 2018 au 31 décembre 2022" in page.text("//ul[@class='results']")
    assert "in force, ends within a year" in read("/labels", "en").text("//ul[@class='results']")


def test_a_filter_that_nothing_bears_leaves_an_empty_list_with_a_way_out(read):
    page = read("/labels", status="vocabulary/label-status/nothing", state="odd")
    assert titles(page) == []
    assert "valeur inconnue" in page.text("//ul[@class='chips']")
    assert titles(read(page.links()["Tout voir"]))


def test_an_unknown_kind_is_the_first(read):
    assert titles(read("/labels", kind="<script>")) == titles(read("/labels"))


def test_a_hostile_label_and_a_hostile_address_stay_text(read):
    page = read("/corpora", legalStatus='"><script>alert(1)</script>', page="9" * 5)
    assert not page.all("//script[not(@src)]|//b")
    assert "<b>Corpus</b> & C" in titles(read("/corpora"))


def test_a_page_beyond_the_last_is_the_last(read):
    assert titles(read("/labels", page="99")) == titles(read("/labels"))


@pytest.mark.parametrize(
    ("first", "last", "day", "state"),
    [
        (None, None, date(2024, 1, 1), "current"),
        (date(2024, 1, 1), None, date(2024, 1, 1), "current"),
        (date(2024, 1, 2), None, date(2024, 1, 1), "future"),
        (None, date(2024, 1, 1), date(2024, 1, 1), "ending"),
        (None, date(2023, 12, 31), date(2024, 1, 1), "past"),
        (None, date(2025, 6, 1), date(2024, 1, 1), "current"),
    ],
)
def test_the_state_of_an_interval(first, last, day, state):
    assert Interval(first, last).state(day) == state


# --- the pages of the things listed --------------------------------------------------------------


def fact(page, name):
    """Return the text of a line of a fact list."""
    return page.text(f"//dl[@class='facts']/div[dt='{name}']/dd")


def test_a_labelling_says_from_when_to_when_it_holds_and_that_it_is_over(read):
    page = read("/id/labelling/2018/a")
    assert fact(page, "Valable") == "du 1er janvier 2018 au 31 décembre 2022 – expiré"
    assert fact(page, "Statut") == "Labellisée"
    english = read("/id/labelling/2023/a", "en")
    assert "30 June 2027 – in force, ends within a year" in fact(english, "Holds")
    assert not page.all("//dt[@title='collex:validUntil']")


def test_the_main_facts_of_a_thing_come_first(read):
    page = read("/id/campaign/2023")
    names = page.all("//section[h2[@id='facts']]//dt/@title")
    assert names == ["rdfs:label", "collex:year", "foaf:page"]
    assert "Refus de B" in fact(page, "Labellisations et cibles")


def test_a_fonds_says_what_was_decided_about_it(read):
    page = read("/id/fonds/a")
    assert "Labellisation de A en 2018" in page.text("//section[h2[@id='curated']]")
    assert not read("/id/fonds/a").all("//section[h2[@id='curated']]//dt[.='Rôles']")


def test_the_page_of_a_thing_leads_back_to_its_list(read):
    assert read("/id/campaign/2023").all("//nav[@class='breadcrumb']//a[@href='/labels']")
    assert read("/id/corpus/d").all("//nav[@class='breadcrumb']//a[@href='/corpora']")
