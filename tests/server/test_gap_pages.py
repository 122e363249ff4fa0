"""The questions about what is missing: the numbers, the four states, the pictures, the files."""

import csv
import io
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from collex_graph.server import create_app
from collex_graph.server.drawn_figures import Bar, Segment, draw_bars
from collex_graph.server.gap_pages import GAPS
from collex_graph.server.gap_resources import merged, without
from server.conftest import InProcessQueries, write_snapshot
from server.html_page import Page

SVG = "//*[local-name()='svg'][@role='group']"


@pytest.fixture(scope="module")
def gaps_snapshot(tmp_path_factory):
    text = Path(__file__).with_name("gaps.trig").read_text(encoding="utf-8")
    return write_snapshot(tmp_path_factory.mktemp("gaps") / "2026-11-22T094900Z", text)


@pytest.fixture(scope="module")
def bare_snapshot(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bare") / "2026-11-22T094900Z"
    return write_snapshot(folder, "<graph/source/x> { <id/x> rdfs:label 'x' }")


def client_of(settings, snapshot):
    app = create_app(settings, InProcessQueries(snapshot))
    app.testing = True
    return app.test_client()


@pytest.fixture
def read(settings, gaps_snapshot):
    client = client_of(settings, gaps_snapshot)

    def ask(path, language="fr"):
        page = Page(client.get(path, headers={"Accept": "text/html", "Accept-Language": language}))
        assert page.status == 200
        assert page.faults() == []
        return page

    return ask


@pytest.fixture
def rows(settings, gaps_snapshot):
    def ask(name):
        answer = client_of(settings, gaps_snapshot).get(f"/gaps/{name}.csv?lang=fr")
        assert answer.mimetype == "text/csv"
        assert "attachment" in answer.headers["Content-Disposition"]
        return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))

    return ask


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("name", GAPS)
def test_each_question_has_an_answer_a_picture_and_a_table_in_both_languages(read, name, language):
    page = read(f"/gaps/{name}", language)
    assert page.text("//p[@class='answer']")
    for picture in page.all(SVG):
        title, what = (picture.xpath(f"./*[local-name()='{tag}']") for tag in ("title", "desc"))
        named = picture.get("aria-labelledby").split()
        assert named == [title[0].get("id"), what[0].get("id")]
        assert title[0].text
        assert what[0].text
    assert page.all(f"{SVG}//*[contains(@class, 'mark')]")
    assert page.all("//tbody/tr")
    assert page.all("//ul[@class='legend']/li")


def test_the_page_of_all_questions_leads_to_each(read):
    page = read("/gaps")
    assert [a.get("href") for a in page.all("//main//h2/a")] == [f"/gaps/{name}" for name in GAPS]
    assert read("/").all("//nav//a[@href='/gaps']")


@pytest.mark.parametrize("name", GAPS)
def test_a_question_without_data_says_what_would_be_needed(settings, bare_snapshot, name):
    client = client_of(settings, bare_snapshot)
    page = Page(client.get(f"/gaps/{name}?lang=fr", headers={"Accept": "text/html"}))
    assert page.status == 200
    assert page.faults() == []
    assert "Sans donnée à ce jour" in page.text()
    assert not page.all("//table")
    assert not page.all(SVG)


def test_a_question_that_nobody_asked_is_not_found(client):
    assert client.get("/gaps/nothing").status_code == 404
    assert client.get("/gaps/nothing.csv").status_code == 404


def test_a_cell_of_discipline_and_region_is_in_one_of_four_states(rows):
    states = {
        (r["Discipline"], r["Région"]): (r["Fonds labellisés"], r["État"]) for r in rows("matrix")
    }
    assert states == {
        ("Histoire", "Île-de-France"): ("2", "present"),
        ("Histoire", "Grand Est"): ("0", "not-given"),
        ("Histoire", "Bretagne"): ("0", "none-read"),
        ("Histoire", "Corse"): ("0", "outside"),
        ("Droit", "Île-de-France"): ("0", "none-read"),
        ("Droit", "Grand Est"): ("0", "not-given"),
        ("Droit", "Bretagne"): ("0", "none-read"),
        ("Droit", "Corse"): ("0", "outside"),
    }


def test_the_picture_of_the_matrix_tells_the_states_by_form_and_by_words(read):
    page = read("/gaps/matrix")
    marks = page.all(f"{SVG}//*[local-name()='rect' or local-name()='circle']/@class")
    for form, count in (("full", 1), ("unknown", 2), ("empty", 3), ("outside", 2)):
        assert marks.count(f"mark mark-{form}") == count
    said = [title.text for title in page.all(f"{SVG}//*[local-name()='g']/*[local-name()='title']")]
    assert "Droit, Corse\xa0: hors de l’échantillon" in said
    assert "Droit, Grand Est\xa0: discipline non donnée" in said


def test_disciplines_that_nobody_gives_share_a_row_where_there_are_many(read, rows, monkeypatch):
    monkeypatch.setattr("collex_graph.server.gap_matrices._MOST_EMPTY", 0)
    for name in ("matrix", "periods"):
        page = read(f"/gaps/{name}")
        assert "1 autre discipline, sans fonds labellisé" in page.text(SVG)
        assert "réunies ici en une seule ligne\xa0: Droit." in page.one("//main").text_content()
        assert {row["Discipline"] for row in rows(name)} == {"Histoire", "Droit"}


def test_a_number_of_the_matrix_leads_to_the_fonds_behind_it(read):
    page = read("/gaps/matrix")
    (href,) = set(page.all(f"{SVG}//*[local-name()='a']/@href"))
    asked = parse_qs(urlsplit(href).query)
    assert asked == {"counted": ["true"], "discipline": ["histoire"], "region": ["11"]}
    assert page.all(f"//td/a[@href='{href}']")


def test_a_discipline_held_by_one_institution_is_named(read):
    assert "Un seul établissement" in read("/gaps/matrix").text()
    assert "Histoire" in read("/gaps/matrix").text("//div[@class='prose']")


def test_how_much_was_read_of_what_is_known_stands_beside_the_answer(read):
    assert "0 notices lues sur 1 243 connues" in read("/gaps/matrix").text()


def test_a_century_is_told_apart_like_a_region(rows):
    by_discipline = {row["Discipline"]: row for row in rows("periods")}
    history, law = by_discipline["Histoire"], by_discipline["Droit"]
    assert history["XVIIIe siècle"] == "1"
    assert history["XIXe siècle"] == "2"
    assert history["XVIIe siècle"] == "aucun dans les notices lues"
    assert history["XVe siècle"] == "hors de l’échantillon"
    # fonds B gives no discipline and covers the 20th and 21st centuries
    assert history["XXe siècle"] == law["XXIe siècle"] == "discipline non donnée"
    assert law["XIXe siècle"] == "aucun dans les notices lues"


def test_a_labelled_fonds_is_digitised_when_a_part_of_it_is(rows):
    found = {row["Fonds"]: row for row in rows("digitised")}
    assert found["Fonds A"]["Unités numérisées"] == "1"
    assert found["Fonds A"]["Unités du fonds"] == "2"
    assert found["Fonds A"]["Reproduction"].startswith("reproduction connue")
    assert found["Fonds B"]["Reproduction"] == "dit numérisé, sans dire où"
    assert found["'=Fonds D"]["Reproduction"].startswith("aucune reproduction")
    assert found["Fonds A"]["Fonds (IRI)"].endswith("/id/fonds/a")


def test_alignment_counts_the_access_points_of_what_is_digitised(rows):
    found = {row["Unité ou corpus"]: row for row in rows("aligned")}
    assert (found["Sous-fonds A1"]["Alignés"], found["Sous-fonds A1"]["Désignés"]) == ("1", "2")
    assert found["Silent corpus"]["Alignement"] == "rien à aligner"
    assert set(found) == {"Sous-fonds A1", "Silent corpus"}


def test_a_document_with_two_numbers_is_one_document(rows):
    found = {row["Ressource"]: row for row in rows("discoverable")}
    x = found["Resource X"]
    assert [x[n] for n in ("Documents", "Sudoc", "ISSN ou ISBN seuls", "Sans identifiant")] == [
        "3", "1", "1", "1",
    ]  # fmt: skip
    assert found["Resource Y"]["Ce qui fait trouver"] == "aucune liste de titres lue"


def test_a_deposit_counts_for_the_fonds_it_transfers(rows):
    found = {row["Fonds"]: row for row in rows("deposited")}
    assert set(found) == {"Papiers P", "Papiers Q", "Papiers R"}
    assert found["Papiers P"]["Versement"] == "aucun versement connu"
    assert found["Papiers Q"]["Étape"] == "étape non dite"
    assert found["Papiers R"]["Versement"] == "versé"


def test_the_missing_years_of_persee_and_istex_are_told(read, rows):
    found = {row["Revue"]: row for row in rows("coverage")}
    both = found["Both"]
    assert both["Dans Persée"] == "1950–1980"
    assert both["Dans ISTEX"] == "1971–1975, 1990–1999"
    assert both["Années que seule Persée a"] == "1950–1970, 1976–1980"
    assert both["Années que seul ISTEX a"] == "1990–1999"
    assert both["Années qu’aucune n’a"] == "1981–1989"
    assert found["Persée alone"]["Dans ISTEX"] == "Non"
    page = read("/gaps/coverage")
    assert "parmi 2 revues de Persée et 2 d’ISTEX" in page.text("//p[@class='answer']")
    assert "1981–1999 : années manquantes" in page.text(f"{SVG}//*[local-name()='title']")


@pytest.mark.parametrize(
    ("spans", "others", "left"),
    [
        ([(1, 9)], [], ((1, 9),)),
        ([(1, 9)], [(1, 9)], ()),
        ([(1, 9), (5, 12)], [(0, 3), (8, 8)], ((4, 7), (9, 12))),
        ([(5, 5)], [(1, 4), (6, 9)], ((5, 5),)),
    ],
)
def test_years_without_others(spans, others, left):
    assert without(spans, others) == left
    assert set(_years(left)) == set(_years(spans)) - set(_years(others))


def _years(spans):
    return [year for a, b in spans for year in range(a, b + 1)]


def test_spans_that_touch_are_one():
    assert merged([(3, 4), (1, 2), (6, 6)]) == ((1, 4), (6, 6))


def test_bars_stay_within_their_picture():
    bars = [
        Bar("n", (Segment("full", 1, ""), Segment("empty", 999, "")), "1000"),
        Bar("o", (), "?"),
    ]
    for as_shares in (True, False):
        figure = draw_bars("f", "t", "d", bars=bars, legend={}, as_shares=as_shares)
        assert all(m.x >= 0 and m.x + m.width <= figure.width for m in figure.marks)
        assert max(m.y + m.height for m in figure.marks) <= figure.height
        assert figure.marks[-1].text == "?"
