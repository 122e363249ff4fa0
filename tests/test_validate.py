"""`collex-graph validate`: files as they are, and what to mend by file and row."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import shutil
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from pyoxigraph import DefaultGraph, NamedNode, RdfFormat, Store, parse

from collex_graph.build import build
from collex_graph.cli import main
from collex_graph.errors import ConfigurationError
from collex_graph.model import Severity
from collex_graph.pipeline import batches, checking, survey
from collex_graph.pipeline.batches import divide
from collex_graph.pipeline.checking import _Check as Check
from collex_graph.pipeline.checking import check_files
from collex_graph.pipeline.recognition import recognise
from collex_graph.rdf.namespaces import expand
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings
from collex_graph.sources.rdf_lines import lines_of_nodes
from collex_graph.sources.xlsx import first_rows

BASE = Settings().base_iri
DAY = "2026-11-26"
MAPPINGS = resource_dir("mappings")
SHAPES = Path(__file__).parent / "shapes"
KBART = (
    "publication_title\tprint_identifier\tonline_identifier\ttitle_url\ttitle_id\tpublication_type\n"
    "Analytical communications\t1359-7338\t1364-5536\thttps://pubs.rsc.org/\tac\tserial\n"
    "Une revue\t\t\thttps://pubs.rsc.org/b\tb\tserial\n"
)
SAMPLES = [
    path
    for path in sorted(MAPPINGS.glob("*/sample/*"))
    # a table of two columns of which one is read looks like nothing
    if path.is_file() and path.parent.parent.name != "alignments" and path.name != "abesid_idp.tsv"
]
OTHER_SHAPES = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix ex: <http://example.org/> .
ex:BookShape a sh:NodeShape ; sh:targetClass ex:Book ;
  sh:property [ sh:path ex:pages ; sh:datatype xsd:byte ; sh:message "wie viele?"@de ] ;
  sh:property ex:Book-title .
ex:Book-title a sh:PropertyShape ; sh:path ex:title ; sh:minCount 1 ; sh:severity sh:Warning .
"""
BOOKS = """
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix ex: <http://example.org/> .
ex:one a ex:Book ; ex:title "Un" ; ex:pages "01"^^xsd:byte .
ex:two a ex:Book ; ex:pages "1"^^xsd:integer .
"""


@pytest.fixture
def titles(tmp_path):
    path = tmp_path / "RSC_FRANCE_LN-X_2023-01-01.txt"
    path.write_text(KBART, encoding="utf-8")
    return path


def checked(*paths, **options):
    return check_files(paths, base_iri=BASE, day=DAY, **options)


def rules_at(found):
    """(local name of the rule, file, row or line, column) of each result."""
    return [
        (r.rule.rpartition("#")[2], p.file, p.row or p.line, p.column)
        for r in found.report.results
        if (p := r.position) is not None
    ]


def run(*arguments):
    return CliRunner().invoke(main, ["validate", *map(str, arguments)])


def test_a_row_that_tells_of_the_thing_of_an_earlier_row_is_not_held_against_that_one(tmp_path):
    first = (
        "2024;FRFONDS-751132108-1756;CollEx;Renouvelée;20/09/2024;01/01/2025;31/12/2029;"
        "engagement-2;Études aréales;https://www.collexpersee.eu/"
    )
    heads = "Campagne;Fonds;Label;État;Date de décision;Début;Fin;Charte;Discipline;Preuve"
    path = tmp_path / "labels.csv"
    path.write_text(f"{heads}\n{first}\n", encoding="utf-8")
    alone = {rule: row for rule, _, row, _ in rules_at(checked(path))}
    path.write_text(
        f"{heads}\n{first}\n{first.replace('Renouvelée', 'Refusée')}\n", encoding="utf-8"
    )
    twice = {rule: row for rule, _, row, _ in rules_at(checked(path))}
    assert twice == alone | {"SameIdentifierInTwoRows": 3}


@pytest.mark.parametrize(
    "sample", SAMPLES, ids=lambda path: f"{path.parent.parent.name}-{path.name}"
)
def test_a_file_is_recognised_by_its_content_and_its_name(sample, tmp_path):
    copy = tmp_path / sample.name
    shutil.copy(sample, copy)
    assert recognise(copy, copy.name)[:1] == [sample.parent.parent.name]


def test_a_file_with_the_sign_of_a_source_is_not_said_to_look_like_another_of_its_format():
    notice = MAPPINGS / "ccfr" / "sample" / "FRFONDS-674821001-xBW.xml"
    assert recognise(notice, notice.name) == ["ccfr"]


def test_a_wrong_identifier_is_told_at_its_row_and_column(titles):
    found = checked(titles)
    assert ("WrongCheckCharacter", titles.name, 2, "print_identifier") in rules_at(found)
    (file,) = found.files
    assert (file.source, file.records) == ("kbart", 2)
    rows = [p.row for r in found.report.results if (p := r.position) and p.row]
    assert rows == sorted(rows)


def test_what_is_found_is_what_a_build_reports(tmp_path):
    sample = MAPPINGS / "ccfr" / "sample"
    built = build([("ccfr", sample)], Settings(var=tmp_path / "var", as_of=DAY))

    def told(report):
        return {
            (r.rule, r.focus_node, r.position, r.value, r.messages["fr"])
            for r in report.results
            if r.position is not None and r.position.file.endswith(".xml")
        }

    found = told(checked(sample).report)
    assert found
    assert found == told(built.report)


@pytest.mark.parametrize("name", ["labels.csv", "labels.ttl"])
def test_a_label_is_over_on_the_day_that_is_asked_about(name, tmp_path):
    path = tmp_path / name
    if path.suffix == ".csv":
        path.write_text(
            "Campagne;Fonds;Label;État;Début;Fin;Charte\n"
            "2018;FRFONDS-786466101-4186;CollEx;Labellisée;01/01/2019;31/12/2023;engagement-1\n",
            encoding="utf-8",
        )
    else:
        shutil.copy(SHAPES / "labelling" / "invalid-over.ttl", path)

    def over_on(day):
        found = check_files([path], base_iri=BASE, day=day).report.results
        return [r for r in found if r.rule == expand("collex-sh:Labelling-over")]

    assert over_on("2023-12-31") == []
    assert len(over_on("2025-01-01")) == 1


@pytest.mark.parametrize("source", ["kbart", "calames", "idref"])
def test_leaving_out_what_no_shape_asks_for_changes_nothing(source, monkeypatch):
    sample = MAPPINGS / source / "sample"
    less = checked(sample).report.results
    monkeypatch.setattr(Check, "_asked_for", None)
    assert checked(sample).report.results == less


@pytest.mark.parametrize("source", ["kbart", "labels", "counter"])
def test_batches_find_what_the_whole_does(source, monkeypatch):
    sample = MAPPINGS / source / "sample"
    whole = checked(sample).report.results
    counts = []

    def counted(*given):
        found = divide(*given)
        counts.append(len(found.pieces))
        return found

    monkeypatch.setattr(checking, "divide", counted)
    monkeypatch.setattr(checking, "_UNDIVIDED_BYTES", 0)
    monkeypatch.setattr(batches, "_BYTES_OF_A_BATCH", 4_000)
    monkeypatch.setattr(batches, "_POINTED_TO_BY_MANY", 3)
    monkeypatch.setattr(survey, "_FEW", 2)
    found = checked(sample).report.results
    assert counts[0] > 2
    assert found == whole
    assert [result.messages for result in found] == [result.messages for result in whole]


def test_several_files_folders_and_archives_are_checked_together(titles, tmp_path):
    archive = tmp_path / "lots.zip"
    notice = next((MAPPINGS / "ccfr" / "sample").glob("*.xml"))
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(notice, f"notices/{notice.name}")
        packed.writestr("LISEZMOI.md", "rien")
        packed.writestr("notes.txt", "quelques mots\n")
    found = checked(titles, archive)
    assert [(file.name, file.source) for file in found.files] == [
        (titles.name, "kbart"),
        (f"lots.zip/notices/{notice.name}", "ccfr"),
    ]
    assert found.unknown == ["lots.zip/notes.txt"]
    assert [path.name for path in found.ignored] == ["LISEZMOI.md"]
    files = [r.position.file for r in found.report.results if r.position]
    assert files == sorted(files, key=[file.name for file in found.files].index)


@pytest.mark.parametrize(
    "invalid", sorted(SHAPES.glob("*/invalid-*.ttl"))[::25], ids=lambda p: p.stem
)
def test_rdf_is_checked_as_it_is(invalid, tmp_path):
    (rule, *_) = re.findall(r"collex-sh:([\w-]+)", invalid.read_text(encoding="utf-8"))
    prefixes = (resource_dir("ontology") / "prefixes.ttl").read_text(encoding="utf-8")
    path = tmp_path / "donnees.ttl"
    text = f"@base <{BASE}> .\n{prefixes}\n" + invalid.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    found = checked(path)
    assert found.files[0].source == "rdf"
    assert rule in [told[0] for told in rules_at(found)]


NODES = {
    "a.ttl": (
        "@base <http://example.org/> .\n@prefix ex: <http://example.org/> .\n"
        '<one> a ex:Book ; ex:note """\nex:two est ailleurs\n""" .\n\nex:two a ex:Book .\n'
    ),
    "a.nt": (
        "<http://example.org/one> <http://example.org/p> <http://example.org/two> .\n"
        '<http://example.org/one> <http://example.org/p> "1" .\n'
        "# rien\n\n\n<http://example.org/two> <http://example.org/p> <http://example.org/x> .\n"
    ),
    "a.rdf": (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns:ex="http://example.org/"\n>\n<ex:Book rdf:about="http://example.org/one"/>\n'
        '<!-- --><!-- -->\n\n<rdf:Description\nrdf:about="http://example.org/two"/>\n</rdf:RDF>\n'
    ),
    "a.jsonld": '[\n{"@id": "http://example.org/one",\n "http://example.org/p": "x"},\n'
    '{"@id":\n "http://example.org/tow"},\n{"@id": "http://example.org/two"}]\n',
}


@pytest.mark.parametrize(
    ("name", "lines"),
    [("a.ttl", (3, 7)), ("a.nt", (1, 6)), ("a.rdf", (3, 7)), ("a.jsonld", (2, 6))],
)
def test_a_node_of_rdf_is_told_with_the_line_where_it_is_described(name, lines, tmp_path):
    path = tmp_path / name
    path.write_text(NODES[name], encoding="utf-8")
    nodes = {"http://example.org/one", "http://example.org/two", "http://example.org/three"}
    found = lines_of_nodes(path, nodes)
    assert found == dict(
        zip(["http://example.org/one", "http://example.org/two"], lines, strict=True)
    )


def test_results_of_rdf_have_the_line_of_their_node(tmp_path):
    path = tmp_path / "avis.ttl"
    kind = expand("collex:Notice")
    path.write_text(f"\n<{BASE}id/notice/x>\n  a <{kind}> .\n", encoding="utf-8")
    results = checked(path, source="rdf").report.results
    places = {(p.line, p.component) for r in results if (p := r.position)}
    assert places == {(2, f"{BASE}id/notice/x")}


def test_an_impossible_iri_of_rdf_is_told_at_its_line_and_its_statement_left_out(tmp_path):
    path = tmp_path / "avis.ttl"
    kind = expand("collex:Notice")
    path.write_text(
        f"@base <http://a.example/> .\n<n> a <{kind}> ;\n  <p> <http://a.example/%zz> .\n"
        f"<http://[n> a <{kind}> .\n[] <p> 'x'^^<http://a.example:port/> .\n",
        encoding="utf-8",
    )
    results = checked(path, source="rdf").report.results
    impossible = expand("collex-sh:InvalidIri")
    assert [(r.value, r.position.line) for r in results if r.rule == impossible] == [
        ("http://a.example:port/", None),
        ("http://a.example/%zz", 2),
        ("http://[n", 4),
    ]
    judged = {(r.focus_node, r.position.line) for r in results if r.rule != impossible}
    assert judged == {("http://a.example/n", 2)}


def test_a_relative_iri_without_a_base_is_told_as_the_file_has_it(tmp_path):
    path = tmp_path / "avis.ttl"
    path.write_text(
        f"<> a <http://a.example/File> .\n<avis> a <{expand('collex:Notice')}> ;\n"
        "  <http://a.example/p> <> , 'b' , 'c' .\n",
        encoding="utf-8",
    )
    found = rules_at(checked(path, source="rdf"))
    assert found.count(("RelativeIri", "avis.ttl", 2, None)) == 1
    assert [place for rule, *place in found if rule == "EmptyIri"] == [["avis.ttl", 2, None]]
    assert ("Notice-title", "avis.ttl", 2, None) in found


def test_what_is_of_a_class_without_an_iri_is_judged(tmp_path):
    path = tmp_path / "avis.ttl"
    path.write_text(
        f"@prefix rdfs: <{expand('rdfs:')}> .\n"
        f"_:own rdfs:subClassOf <{expand('collex:Notice')}> .\n<http://a.example/n> a _:own .\n",
        encoding="utf-8",
    )
    results = checked(path, source="rdf").report.results
    assert ("Notice-title", "avis.ttl", 3, None) in rules_at(checked(path, source="rdf"))
    assert len({(r.rule, r.value) for r in results}) == len(results)


def test_a_broken_rdf_file_is_told_with_its_line_and_what_came_before_is_checked(tmp_path):
    path = tmp_path / "livres.nt"
    kind = expand("collex:Notice")
    good = f"<{BASE}id/notice/x> <{expand('rdf:type')}> <{kind}> .\n"
    path.write_text(good + "<http://example.org/a> broken\n", encoding="utf-8")
    found = rules_at(checked(path, source="rdf"))
    assert ("BrokenFile", "livres.nt", 2, None) in found
    assert len(found) > 1


def test_other_shapes_may_be_given_and_literals_are_judged_as_they_are_written(tmp_path):
    (tmp_path / "shapes.ttl").write_text(OTHER_SHAPES, encoding="utf-8")
    (tmp_path / "livres.ttl").write_text(BOOKS, encoding="utf-8")
    arguments = (tmp_path / "livres.ttl", "--shapes", tmp_path / "shapes.ttl")
    done = run(*arguments, "--format", "json")
    told = json.loads(done.stdout)
    assert done.exit_code == 1
    assert told["counts"] == {"Violation": 1, "Warning": 1, "Info": 0}
    assert {(r["focusNode"][-3:], r["severity"]) for r in told["results"]} == {
        ("two", "Violation"),
        ("two", "Warning"),
    }
    assert "wie viele?" in {r["message"]["fr"] for r in told["results"]}
    (tmp_path / "shapes.ttl").write_text(BOOKS, encoding="utf-8")
    assert "holds no SHACL shape" in run(*arguments).stderr


@pytest.mark.parametrize(
    ("options", "code"),
    [((), 0), (("--fail-on", "warning"), 1), (("--fail-on", "info"), 1)],
)
def test_the_exit_code_is_that_of_the_gravest_finding_that_counts(titles, options, code):
    assert checked(titles).report.of_severity(Severity.WARNING)
    assert run(titles, *options).exit_code == code


def test_a_file_of_a_folder_that_looks_like_nothing_fails_and_the_others_are_checked(
    titles, tmp_path
):
    folder = tmp_path / "livraison"
    folder.mkdir()
    titles.rename(folder / titles.name)
    (folder / "LISEZMOI.md").write_text("rien", encoding="utf-8")
    assert run(folder).exit_code == 0
    (folder / "fonds.csv").write_text("rien\n", encoding="utf-8")
    done = run(folder)
    assert done.exit_code == 2
    assert "WrongCheckCharacter" in done.stdout
    # what is graver speaks first
    assert run(folder, "--fail-on", "warning").exit_code == 1


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", [
            "Contrôle sans instantané\u00a0: ",
            "{notice}\u00a0: ccfr, 1 enregistrement lu",
            "{titles}\u00a0: kbart, 2 enregistrements lus",
            "guides.csv\u00a0: guides, 4 enregistrements lus (ressemble aussi à tools, ",
            "fonds.csv\u00a0: ne ressemble à aucune source, n’est pas contrôlé. ",
            "Laissé de côté\u00a0: LISEZMOI.md",
            "{notice}\u00a0: 8 réparations faites",
            "Ce qui a été changé\u00a0: {corrected}/modifications.csv",
        ]),
        ("en", [
            "Checked without a snapshot: ",
            "{notice}: ccfr, 1 record read",
            "{titles}: kbart, 2 records read",
            "guides.csv: guides, 4 records read (it also looks like tools, ",
            "fonds.csv: looks like no source, not checked. ",
            "Left alone: LISEZMOI.md",
            "{notice}: 8 repairs made",
            "What was changed: {corrected}/changes.csv",
        ]),
    ],
)  # fmt: skip
def test_what_is_said_beside_the_report_is_in_its_language(language, words, titles, tmp_path):
    notice = next((MAPPINGS / "ccfr" / "sample").glob("*-xBW.xml"))
    (tmp_path / "fonds.csv").write_text("rien\n", encoding="utf-8")
    (tmp_path / "LISEZMOI.md").write_text("rien", encoding="utf-8")
    shutil.copy(notice, tmp_path)
    shutil.copy(MAPPINGS / "guides" / "sample" / "guides.csv", tmp_path)
    corrected = tmp_path / "c"
    lines = run(
        tmp_path, "--alone", "--lang", language, "--corrected", corrected
    ).stderr.splitlines()
    names = {"notice": notice.name, "titles": titles.name, "corrected": corrected}
    for line, start in zip(lines, words, strict=True):
        assert line.startswith(start.format(**names))


@pytest.mark.parametrize(
    ("name", "content", "options", "words"),
    [
        ("notes.txt", "rien\n", (), "looks like no source"),
        ("image.png", "rien", (), "no reader for .png; known ones"),
        ("labels.ods", "rien", (), "no reader for .ods, save the workbook as .xlsx"),
        ("a.csv", "rien\n", ("--source", "kbrat"), "unknown source 'kbrat'"),
        (None, "", (), "no such file"),
    ],
)
def test_what_cannot_be_checked_is_a_usage_error_in_words(tmp_path, name, content, options, words):
    path = tmp_path / (name or "absent.csv")
    if name:
        path.write_text(content, encoding="utf-8")
    done = run(path, *options)
    assert done.exit_code == 2
    assert words in done.stderr


def test_an_empty_folder_is_said_to_hold_nothing(tmp_path):
    with pytest.raises(ConfigurationError, match="no file that could be checked"):
        checked(tmp_path)


def test_the_text_names_file_row_and_remedy_in_the_language_asked_for(titles):
    french, english = run(titles).stdout, run(titles, "--lang", "en").stdout
    assert french.splitlines()[0] == english.splitlines()[0] == titles.name
    assert "  rangée 2, colonne print_identifier" in french
    assert "  row 2, column print_identifier" in english
    assert "À faire : " in french.replace("\u00a0", " ")
    assert "What to do: " in english
    assert "[WrongCheckCharacter" in french


def test_every_format_says_the_same_findings(titles, tmp_path):
    count = len(checked(titles).report.results)
    written = run(titles, "--format", "csv").stdout_bytes
    # the mark, without which a spreadsheet takes UTF-8 for something else
    assert written.startswith(codecs.BOM_UTF8)
    table = written.decode("utf-8-sig")
    assert "\ufeff" not in table
    assert len(list(csv.reader(io.StringIO(table, newline="")))) == count + 1
    target = tmp_path / "report.csv"
    run(titles, "--format", "csv", "--output", target)
    assert target.read_bytes() == written
    assert len(json.loads(run(titles, "--format", "json").stdout)["results"]) == count
    for form, syntax in (("turtle", RdfFormat.TURTLE), ("json-ld", RdfFormat.JSON_LD)):
        target = tmp_path / f"report.{form}"
        assert run(titles, "--format", form, "--output", target).exit_code == 0
        triples = list(parse(target.read_bytes(), format=syntax))
        results = [t for t in triples if t.predicate.value == expand("sh:result")]
        rows = [t for t in triples if t.predicate.value == expand("collex-sh:row")]
        assert len(results) == count
        assert rows
    target = tmp_path / "report.xlsx"
    run(titles, "--format", "xlsx", "--output", target)
    (_, _, rows), (_, _, rules) = first_rows(target, 100)
    assert len(rows) == count + 1
    assert sum(int(row[3]) for row in rules[1:]) == count
    page = run(titles, "--format", "html").stdout
    assert page.count('<tr class="') == count
    assert "<script" not in page


def test_a_value_cannot_run_in_a_report(tmp_path):
    path = tmp_path / "X_FRANCE_LN-X_2023-01-01.txt"
    path.write_text(
        KBART.replace("1359-7338", '=1+1 <script>alert("x")</script>'), encoding="utf-8"
    )
    page = run(path, "--format", "html").stdout
    assert "alert" in page
    assert "<script" not in page
    table = csv.reader(io.StringIO(run(path, "--format", "csv").stdout))
    assert not [cell for row in table for cell in row if cell.startswith("=")]


@pytest.mark.parametrize("form", ["text", "csv", "html", "turtle", "json-ld", "json", "github"])
def test_what_a_source_keeps_to_itself_is_in_no_report(form, tmp_path):
    notice = next((MAPPINGS / "ccfr" / "sample").glob("*.xml"))
    text = notice.read_text(encoding="utf-8").replace(
        "<did>", '<processinfo audience="internal"><p>Zzqxcanary</p></processinfo><did>', 1
    )
    path = tmp_path / notice.name
    path.write_text(text, encoding="utf-8")
    done = run(path, "--format", form)
    assert done.stdout
    assert "Zzqxcanary" not in done.output


LABELS = (
    "Campagne;Fonds;Label;État;Date de décision;Début;Fin;Charte;Discipline;Preuve;Remarque\n"
    "2023;{known};CollEx;Labellisée;12/09/2018;01/01/2019;31/12/2030;;;;\n"
    "2023;FRFONDS-000000000-9;CollEx;Labellisée;12/09/2018;01/01/2019;31/12/2030;;;;\n"
)


@pytest.fixture
def decisions(tmp_path, sample_snapshot):
    """A sheet of two labels: of a fonds that the snapshot describes, and of one that none does."""
    store = Store.read_only(str(sample_snapshot.store))
    kind = NamedNode(expand("collex:Fonds"))
    found = store.quads_for_pattern(None, NamedNode(expand("rdf:type")), kind, DefaultGraph())
    start = f"{BASE}id/fonds/"
    known = min(q.subject.value for q in found if q.subject.value.startswith(start))
    path = tmp_path / "labels.csv"
    path.write_text(LABELS.format(known=known.removeprefix(start)), encoding="utf-8")
    return path


def missing_at(found):
    return {
        p.row: r.messages["fr"]
        for r in found.report.results
        if r.rule.endswith("#Labelling-concerns-unit") and (p := r.position)
    }


def test_what_the_published_snapshot_describes_is_not_said_to_be_missing(
    decisions, sample_snapshot
):
    alone, beside = checked(decisions), checked(decisions, beside=sample_snapshot)
    assert alone.beside is None
    assert beside.beside == sample_snapshot.identifier
    assert missing_at(alone).keys() == {2, 3}
    assert missing_at(beside).keys() == {3}
    assert "Cherché dans les seuls fichiers contrôlés" in missing_at(alone)[2]
    assert f"l’instantané {sample_snapshot.identifier}" in missing_at(beside)[3]


def test_the_faults_of_the_snapshot_are_not_those_of_a_file_that_refers_to_it(
    decisions, sample_snapshot
):
    def about_the_fonds(found):
        return [
            result
            for result in found.report.results
            if "/id/fonds/" in (result.focus_node or "")
            if result.position is not None and result.position.row == 2
        ]

    assert about_the_fonds(checked(decisions))
    assert about_the_fonds(checked(decisions, beside=sample_snapshot)) == []


def test_the_head_names_the_snapshot_that_was_looked_at(decisions, sample_snapshot):
    var = sample_snapshot.directory.parent.parent
    told = run(decisions, "--var", var)
    assert f"l’instantané {sample_snapshot.identifier}" in told.stderr
    page = run(decisions, "--var", var, "--format", "html", "--lang", "en").stdout
    assert f"in the snapshot {sample_snapshot.identifier}" in page
    assert "sans instantané" in run(decisions, "--var", var, "--alone").stderr
    assert "no snapshot" in run(decisions, "--var", decisions.parent / "none").stderr
