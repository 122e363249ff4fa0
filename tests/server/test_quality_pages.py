"""How the data stand: by institution, source and rule, over snapshots, and the worklists."""

import csv
import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collex_graph.rdf.namespaces import expand
from collex_graph.server import create_app
from collex_graph.server.quality_pages import VIEWS
from collex_graph.store.quality import (
    FILE_NAME,
    Alignment,
    Announced,
    Found,
    Judged,
    QualityCounts,
    Score,
    Tally,
    write_quality,
)
from server.conftest import BASE, InProcessQueries, write_snapshot
from server.html_page import Page

SVG = "//*[local-name()='svg'][@role='group']"
A, B, C, D, E = (
    f"{BASE}id/{name}"
    for name in ("library/a", "library/b", "library/c", "library/d", "establishment/e")
)
DATES, ODD = expand("collex-sh:Fonds-date"), expand("collex-sh:OddTitle")


def tallies(kind, name, **counts):
    """Tallies of one thing: severity → (results, records); ``whole`` for all together."""
    return [
        Tally(kind, name, "" if severity == "whole" else severity, *both)
        for severity, both in counts.items()
    ]


def counts(warnings):
    """The counts of a snapshot with so many results of the rule of dates."""
    return QualityCounts(
        tallies=[
            *tallies("whole", "", whole=(warnings + 2, 3), Warning=(warnings, 1),
                     Info=(1, 1), Violation=(1, 1)),
            *tallies("source", "ccfr", whole=(warnings + 2, 3), Warning=(warnings, 1),
                     Info=(1, 1), Violation=(1, 1)),
            *tallies("institution", A, whole=(warnings, 1), Warning=(warnings, 1)),
            *tallies("institution", E, whole=(warnings, 1), Warning=(warnings, 1)),
            *tallies("institution", C, whole=(2, 2), Info=(1, 1), Violation=(1, 1)),
            *tallies("institution", D, whole=(1, 1), Violation=(1, 1)),
            *tallies("rule", DATES, whole=(warnings, 1), Warning=(warnings, 1)),
            *tallies("rule", ODD, whole=(2, 2), Info=(1, 1), Violation=(1, 1)),
        ],
        judged=[
            Judged("source", "ccfr", 12), Judged("source", "empty", 0), Judged("institution", A, 4),
            Judged("institution", B, 1), Judged("institution", C, 2), Judged("institution", E, 6),
            Judged("rule", DATES, 8),
        ],
        found=[
            Found(A, DATES, "ccfr", "Warning", warnings, 1),
            Found(E, DATES, "ccfr", "Warning", warnings, 1),
            Found(C, ODD, "ccfr", "Info", 1, 1),
            Found(C, ODD, "ccfr", "Violation", 1, 1),
            Found(C, DATES, "ccfr", "Warning", 1, 1),
            Found("", DATES, "ccfr", "Warning", warnings, 1),
            Found("", ODD, "ccfr", "Info", 1, 1),
            Found("", ODD, "ccfr", "Violation", 1, 1),
            *(Found(one, "", "ccfr", "", warnings, 1) for one in (A, E)),
            Found(C, "", "ccfr", "", 3, 2), Found("", "", "ccfr", "", warnings + 3, 3),
        ],
        alignments=[
            Alignment("", "person", 10, 4, 1), Alignment(E, "person", 8, 4, 0),
            Alignment(A, "person", 8, 4, 0), Alignment(C, "person", 2, 0, 1),
        ],
        announced=[
            Announced("", "2027-01-01", "Violation", 1), Announced(A, "2027-01-01", "Violation", 1),
            Announced(E, "2027-01-01", "Violation", 1),
        ],
        scores=[
            Score("", expand("collex-sh:Completeness"), 70, 2, 150),
            Score(E, expand("collex-sh:Completeness"), 70, 2, 150),
        ],
    )  # fmt: skip


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    text = Path(__file__).with_name("quality.trig").read_text(encoding="utf-8")
    snapshot = write_snapshot(tmp_path_factory.mktemp("quality") / "2026-11-22T094900Z", text)
    before = snapshot.directory / "before.sqlite"
    write_quality(before, counts(5), datetime(2026, 11, 1, 8, 0, tzinfo=UTC))
    write_quality(snapshot.directory / FILE_NAME, counts(1), snapshot.created, former=before)
    return snapshot


@pytest.fixture
def client(settings, graph):
    app = create_app(settings, InProcessQueries(graph))
    app.testing = True
    return app.test_client()


@pytest.fixture
def read(client):
    def ask(path, language="fr"):
        page = Page(client.get(path, headers={"Accept": "text/html", "Accept-Language": language}))
        assert page.status == 200
        assert page.faults() == []
        return page

    return ask


@pytest.fixture
def table(client):
    def ask(path):
        answer = client.get(path, headers={"Accept-Language": "fr"})
        assert answer.status_code == 200
        assert answer.mimetype == "text/csv"
        return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))

    return ask


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_page_of_quality_leads_to_every_view_and_draws_the_trend(read, language):
    page = read("/quality", language)
    assert page.all("//main//h2/a/@href") == [f"/quality/{name}" for name in VIEWS]
    lines = page.all(f"{SVG}//*[local-name()='polyline']/@class")
    assert lines == ["curve curve-full", "curve curve-part", "curve curve-empty"]
    assert read("/", language).all("//nav//a[@href='/quality']")


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("name", VIEWS)
def test_each_view_has_an_answer_and_a_table_in_both_languages(read, name, language):
    page = read(f"/quality/{name}", language)
    assert page.text("//p[@class='answer']")
    assert page.all("//tbody/tr")
    assert "{" not in page.text("//main//p[@class='answer']")


def test_institutions_stand_with_their_libraries_and_the_one_with_most_to_mend_comes_first(table):
    rows = table("/quality/institutions.csv")
    assert [
        (r["Institution"], r["Notices jugées"], r["Notices touchées"], r["Part touchée (%)"])
        for r in rows
    ] == [
        ("Bibliothèque C", "2", "2", "100"),
        # all that it holds was set aside
        ("d", "0", "1", "–"),
        ("Université d'essai", "6", "1", "16,7"),
    ]
    assert rows[0]["Institution (IRI)"] == C
    assert [r["Violations"] for r in rows] == ["1", "1", "0"]


def test_a_rule_that_nothing_breaks_is_there_and_one_not_counted_has_a_dash(table):
    rows = {r["Règle"]: r for r in table("/quality/rules.csv")}
    assert rows["Dates absentes"]["Part touchée (%)"] == "12,5"
    assert rows["Titre singulier"]["Jugés par la règle"] == "–"
    assert rows["Règle gardée"]["Constats"] == "0"


def test_the_trend_of_a_rule_says_nothing_of_what_it_judged_where_nobody_counted(read):
    columns = "//section[@aria-labelledby='trend']//th[@scope='col']"
    for rule, is_counted in (("Fonds-date", True), ("OddTitle", False)):
        titles = [th.text_content() for th in read(f"/quality/rule/{rule}").all(columns)]
        assert titles[:2] == ["Instantané", "Violations"]
        assert ("Notices jugées" in titles) == is_counted


def test_the_rate_of_alignment_counts_every_authority(table, read):
    rows = {(r["Institution"], r["Type"]): r for r in table("/quality/alignment.csv")}
    assert rows["Bibliothèque C", "Personnes"]["Taux d’alignement (%)"] == "50"
    assert rows["Toutes les institutions", "Personnes"]["Taux d’alignement (%)"] == "50"
    assert ("Bibliothèque A", "Personnes") not in rows
    assert read("/quality/alignment").all("//a[starts-with(@href, '/queries/23-')]")


def test_an_announced_rule_says_what_it_would_change(read, table):
    page = read("/quality/announced")
    assert page.all("//a[@href='/quality/rule/Fonds-date']")
    assert "1er janvier 2027" in page.text()
    (row,) = table("/quality/announced.csv")
    assert (row["Institution"], row["Notices"]) == ("Université d'essai", "1")
    assert "1er janvier 2027" in read("/quality/institution/library/a").text()


def test_an_institution_shows_its_findings_with_record_rule_and_place(read):
    page = read("/quality/institution/library/a")
    (finding,) = page.all("//li[@class='problem']")
    assert finding.xpath(".//a/@href") == ["/id/fonds/a1", "/quality/rule/Fonds-date"]
    text = " ".join(finding.text_content().split())
    assert "Ajouter <unitdate>." in text
    assert "a.xml, composant a1" in text
    assert "Fonds C1" not in page.text()
    assert page.all("//a[@href='/id/library/a']")


def test_an_establishment_lists_its_libraries(read):
    page = read("/quality/institution/establishment/e")
    links = page.all("//section[@aria-labelledby='of-members']//tbody//a/@href")
    assert "/quality/institution/library/a" in links
    assert "/quality/institution/library/b" in links


def test_a_rule_says_how_to_mend_and_leads_to_its_shape(read):
    page = read("/quality/rule/OddTitle")
    assert "Le relire." in page.text()
    assert page.all("//a[@href='/shapes#OddTitle']")
    links = page.all("//section[@aria-labelledby='of-institutions']//tbody//a/@href")
    assert "/quality/institution/library/c?rule=OddTitle" in links
    assert "Rien de ce qui a été lu n’enfreint cette règle" in read("/quality/rule/Kept").text()


def test_a_source_of_which_nothing_was_read_is_no_rule_that_nothing_breaks(read):
    assert "0 notice jugée" in read("/quality/source/empty").text("//p[@class='answer']")


def test_a_result_counts_once_in_its_source_whoever_answers_for_it(read):
    rows = read("/quality/source/ccfr").all("//section[@aria-labelledby='of-rules']//tbody/tr")
    cells = [[" ".join(cell.text_content().split()) for cell in row] for row in rows]
    assert ["Dates absentes", "Avertissement", "1", "1"] in cells


def test_a_record_that_breaks_two_rules_is_one_record_of_its_institution(read):
    rows = read("/quality/source/ccfr").all(
        "//section[@aria-labelledby='of-institutions']//tbody/tr"
    )
    cells = [[" ".join(cell.text_content().split()) for cell in row] for row in rows]
    assert cells == [["Bibliothèque C", "3", "2"], ["Université d'essai", "1", "1"]]


def test_a_list_is_narrowed_by_severity_and_rule(read, table):
    page = read("/quality/institution/library/c?severity=violation")
    (finding,) = page.all("//li[@class='problem']")
    # what was set aside has no page to lead to
    assert finding.xpath(".//a/@href") == ["/quality/rule/OddTitle"]
    assert page.all("//a[contains(@href, '/quality/worklist/institution/library/c.csv?severity=')]")
    path = "/quality/worklist/institution/library/c.csv"
    assert len(table(path)) == 2
    assert [r["Constat"] for r in table(f"{path}?severity=info")] == ["Titre singulier."]
    assert table(f"{path}?rule=Fonds-date") == []


def test_no_cell_of_a_worklist_is_a_formula(client, table):
    path = "/quality/worklist/source/ccfr"
    rows = {r["Rangée"]: r for r in table(f"{path}.csv")}
    assert set(rows) == {"", "3", "9"}
    assert rows["3"]["Valeur"] == "'=1+1"
    assert (rows["3"]["Réparation"], rows["3"]["Certitude"]) == ("1 + 1", "suggérée")
    assert rows["3"]["Notice"] == "'=Fonds C1"
    assert rows["3"]["Page"].endswith("/id/fonds/c1")
    answer = client.get(f"{path}.xlsx")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        links = book.read("xl/worksheets/_rels/sheet1.xml.rels").decode()
    assert "<f>" not in sheet
    assert "=1+1" in sheet
    assert sheet.count("<row ") == 4
    assert "<autoFilter" in sheet
    assert '/id/fonds/c1"' in links


@pytest.mark.parametrize(
    "path",
    [
        "/quality/nothing", "/quality/nothing/x", "/quality/institution/library/nobody",
        "/quality/rule/Nothing", "/quality/source/nothing", "/quality/institution?iri=urn:x:nobody",
        f"/quality/institution.csv?iri={A}", "/quality/institution/library",
        "/quality/worklist/rule/Nothing.csv", "/quality/worklist/rule/OddTitle.pdf",
    ],
)  # fmt: skip
def test_what_is_not_known_is_not_found(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("path", "name", "plural"),
    [
        ("institution/library/nobody", "id/library/nobody", "/quality/institutions"),
        ("rule/Nothing", "Nothing", "/quality/rules"),
        ("worklist/source/nothing.csv", "nothing", "/quality/sources"),
    ],
)
def test_what_has_no_page_is_named_and_leads_to_those_that_have_one(client, path, name, plural):
    for language in ("fr", "en"):
        headers = {"Accept": "application/problem+json", "Accept-Language": language}
        detail = client.get(f"/quality/{path}", headers=headers).json["detail"]
        assert name in detail
        assert plural in detail


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("severity=nonsense", ("violation, warning, info", "nonsense")),
        ("severity=Violation", ("violation, warning, info", "Violation")),
        ("rule=Nope", ("/quality/rules", "Nope")),
        ("rule=Fonds-date&severity=x", ("violation, warning, info", "x")),
    ],
)
def test_a_list_narrowed_to_what_does_not_exist_is_refused_in_words(client, asked, words):
    for path in ("worklist/source/ccfr.csv", "worklist/institution/library/a.xlsx", "source/ccfr"):
        for language in ("fr", "en"):
            headers = {"Accept": "application/problem+json", "Accept-Language": language}
            response = client.get(f"/quality/{path}?{asked}", headers=headers)
            assert response.status_code == 400
            assert all(word in response.json["detail"] for word in words)


def test_a_file_is_not_sent_whole_where_the_name_of_a_parameter_is_wrong(client):
    response = client.get("/quality/worklist/source/ccfr.csv?severty=info")
    assert response.status_code == 400
    assert "severty" in response.text
    assert client.get("/quality/worklist/source/ccfr.csv?severity=&rule=").status_code == 200


def test_a_rule_says_what_holds_for_all_that_it_finds(read):
    for path in ("/quality/rule/OddTitle", "/shapes"):
        for language, said in (
            ("fr", "Le titre « … » est singulier : … reste."),
            ("en", "The title “…” is odd: … stays."),
        ):
            page = read(path, language)
            assert said in page.text()
            assert "{" not in page.text("//main")


def test_a_snapshot_without_counts_says_what_is_needed(settings, snapshot):
    app = create_app(settings, InProcessQueries(snapshot))
    for path in ("/quality", *(f"/quality/{name}" for name in VIEWS)):
        page = Page(app.test_client().get(path, headers={"Accept": "text/html"}))
        assert page.status == 200
        assert page.faults() == []
        assert not page.all("//table")


def test_one_snapshot_alone_makes_no_trend(settings, graph, tmp_path):
    text = Path(__file__).with_name("quality.trig").read_text(encoding="utf-8")
    alone = write_snapshot(tmp_path / "2026-11-22T094900Z", text)
    write_quality(alone.directory / FILE_NAME, counts(1), alone.created)
    app = create_app(settings, InProcessQueries(alone))
    page = Page(app.test_client().get("/quality?lang=fr", headers={"Accept": "text/html"}))
    assert "Un seul instantané" in page.text()
    assert not page.all("//*[local-name()='polyline']")
