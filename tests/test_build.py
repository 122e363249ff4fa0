"""The whole line on the bundled sample: sources in, snapshot out."""

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, NamedNode, Store

from collex_graph import build as build_module
from collex_graph.build import build
from collex_graph.errors import ConfigurationError, InvalidDatasetError
from collex_graph.model import Severity, ValidationResult
from collex_graph.rdf.namespaces import prefixes
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings
from collex_graph.store.snapshot import current_snapshot, list_snapshots

SAMPLES = [
    ("ccfr", resource_dir("mappings") / "ccfr" / "sample"),
    ("esr", resource_dir("mappings") / "esr" / "sample"),
]
CANARY = "CANARI-INTERNE"


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(var=tmp_path_factory.mktemp("var"))


@pytest.fixture(scope="module")
def summary(settings):
    return build(SAMPLES, settings)


@pytest.fixture(scope="module")
def store(summary):
    return Store.read_only(str(summary.snapshot.store))


@pytest.fixture(scope="module")
def ask(store):
    def run(query):
        return list(store.query(query, prefixes=prefixes()))

    return run


def content(snapshot):
    """The lines that two builds of one input share, as DESIGN defines the same content."""
    lines = gzip.decompress(snapshot.dump.read_bytes()).decode().splitlines()
    return sorted(
        line
        for line in lines
        if "/graph/description> ." not in line and "/graph/provenance> ." not in line
    )


def test_the_sample_publishes_with_one_establishment_set_aside(summary):
    assert summary.snapshot.counts["fonds"] >= 8
    assert summary.exit_code == 1
    assert [key for keys in summary.set_aside.values() for key in keys]
    assert not [key for key in summary.set_aside["ccfr"] if "FRFONDS" not in key]


def test_two_builds_of_the_same_input_have_the_same_content(summary, settings, tmp_path):
    again = build(SAMPLES, replace(settings, var=tmp_path))
    assert content(again.snapshot) == content(summary.snapshot)


def test_the_default_graph_holds_each_triple_once_whatever_the_sources(summary, store, ask):
    distinct = ask(
        "SELECT (COUNT(*) AS ?n) { SELECT DISTINCT ?s ?p ?o { GRAPH ?g { ?s ?p ?o } "
        'FILTER(!STRENDS(STR(?g), "/description") && !STRENDS(STR(?g), "/provenance") && '
        '!STRENDS(STR(?g), "/report") && !STRENDS(STR(?g), "/quality") && '
        '!STRENDS(STR(?g), "/shapes") && '
        '!STRENDS(STR(?g), "/mapping/proposed")) } }'
    )[0][0]
    assert int(distinct.value) == summary.snapshot.counts["triples"]
    repeated = ask(
        "SELECT ?s { GRAPH ?g { ?s a collex:Library } } GROUP BY ?s HAVING(COUNT(?g) > 1)"
    )
    assert repeated, "the sample needs a library that two notices describe"
    library = repeated[0]["s"]
    assert len(ask(f"SELECT ?c {{ {library} a ?c FILTER(?c = collex:Library) }}")) == 1


def test_nothing_published_is_a_blank_node(summary):
    assert "_:" not in gzip.decompress(summary.snapshot.dump.read_bytes()).decode()


def test_no_private_word_enters_the_snapshot(summary):
    sample = (resource_dir("mappings") / "ccfr" / "sample").glob("*.xml")
    assert any(CANARY in path.read_text(encoding="utf-8") for path in sample)
    for path in summary.snapshot.directory.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            data = gzip.decompress(data) if path.suffix == ".gz" else data
            assert CANARY.encode() not in data, path.name


def test_libraries_meet_their_establishments(ask):
    joined = ask(
        "SELECT ?unit ?establishment { ?unit rico:hasOrHadHolder ?library . "
        "?library org:unitOf ?establishment . ?establishment a collex:Establishment }"
    )
    assert joined


def test_every_holder_has_a_point_with_its_precision_a_region_and_a_departement(ask):
    holders = ask("SELECT DISTINCT ?l { ?u rico:hasOrHadHolder ?l }")
    placed = ask(
        "SELECT DISTINCT ?l { ?u rico:hasOrHadHolder ?l . ?l collex:hasPlace ?p ; "
        "collex:inRegion ?r ; collex:inDepartement ?d . ?p wgs84:lat ?lat ; wgs84:long ?long ; "
        "collex:positionPrecision ?precision }"
    )
    assert len(holders) == len(placed) > 5


def test_a_label_repeated_by_a_subfonds_counts_once(ask):
    repeating = ask(
        "SELECT ?sub { ?sub rico:isDirectlyIncludedIn ?fonds ; collex:hasCurrentLabel ?l . "
        "?fonds collex:hasCurrentLabel ?l }"
    )
    assert repeating
    for row in repeating:
        assert len(ask(f"SELECT ?x {{ {row['sub']} collex:countsAsLabelled ?x }}")) == 0


def test_every_node_that_an_access_point_refers_to_has_one_label_and_a_class(ask):
    wrong = ask(
        "SELECT ?node { { SELECT ?node (COUNT(DISTINCT ?l) AS ?n) { ?p collex:refersTo ?node "
        "OPTIONAL { ?node rdfs:label ?l } } GROUP BY ?node } FILTER(?n != 1) }"
    )
    assert [str(row["node"]) for row in wrong] == []
    assert not ask("SELECT ?node { ?p collex:refersTo ?node FILTER NOT EXISTS { ?node a ?class } }")


def test_each_subject_says_where_it_was_read(ask):
    row = ask(
        "SELECT ?origin ?file { GRAPH ?g { ?unit prov:wasDerivedFrom ?origin } "
        "?unit a collex:SousFonds }"
    )[0]
    assert "/id/source-file/ccfr/" in row["origin"].value
    assert "#" in row["origin"].value


def test_a_violation_of_the_data_set_stops_publication(settings, tmp_path, monkeypatch):
    result = ValidationResult(
        None, Severity.VIOLATION, "https://example.org/rule", {"fr": "x", "en": "x"},
        of_dataset=True,
    )  # fmt: skip
    monkeypatch.setattr(build_module, "validate_store", lambda *_args, **_options: [result])
    with pytest.raises(InvalidDatasetError):
        build(SAMPLES[1:], replace(settings, var=tmp_path))
    assert list_snapshots(tmp_path) == []


def test_an_unknown_source_is_a_usage_error(settings, tmp_path):
    with pytest.raises(ConfigurationError, match="known ones"):
        build([("cfr", SAMPLES[0][1])], replace(settings, var=tmp_path))


def command(*arguments):
    return [sys.executable, "-m", "collex_graph", *arguments]


def test_exit_codes_of_the_command_line(tmp_path):
    def code(*arguments):
        return subprocess.run(command(*arguments), capture_output=True, check=False).returncode

    assert code("build", "ccfr") == 2
    assert code("build", "nothing=/nowhere", "--var", str(tmp_path)) == 2
    assert code("snapshots", "--var", str(tmp_path), "switch", "x") == 1
    assert code("nosuchcommand") == 2


def test_a_build_killed_at_any_moment_leaves_the_former_snapshot(tmp_path):
    var = tmp_path / "var"
    arguments = [f"esr={SAMPLES[1][1]}", "--var", str(var)]
    assert subprocess.run(command("build", *arguments), capture_output=True, check=False).returncode
    former = current_snapshot(var)
    arguments = [f"ccfr={SAMPLES[0][1]}", *arguments]
    for moment in (0, 0.6, 1.2):
        process = subprocess.Popen(
            command("build", *arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        # wait for the build's folder, then kill a little later each time
        deadline = time.monotonic() + 30
        while not list((var / "snapshots").glob(".building-*")):
            assert process.poll() is None
            assert time.monotonic() < deadline
        try:
            process.wait(timeout=moment)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            assert current_snapshot(var) == former
            assert list_snapshots(var) == [former]
            assert Store.read_only(str(former.store)) is not None


@pytest.mark.real_data
def test_the_twelve_real_notices_and_the_establishments_publish(shared_data, settings, tmp_path):
    table = "fr-esr-principaux-etablissements_2023-04_technical-headers.csv"
    inputs = [("ccfr", shared_data / "ccfr"), ("esr", shared_data / "institutions" / table)]
    found = build(inputs, replace(settings, var=tmp_path))
    counts = found.snapshot.counts
    assert (counts["fonds"], counts["subfonds"], counts["notices"]) == (12, 12, 12)
    assert counts["establishments"] == 249
    assert not found.set_aside["ccfr"]
    assert len(found.set_aside["esr"]) == 1
    assert [path.name for path in found.sources[0].ignored] == ["PROVENANCE.md"]
    manifest = json.loads((found.snapshot.directory / "manifest.json").read_text())
    assert manifest["dump"]["size_bytes"] == found.snapshot.dump.stat().st_size
    store = Store.read_only(str(found.snapshot.store))
    holders = list(
        store.query(
            "SELECT DISTINCT ?l { ?u rico:hasOrHadHolder ?l FILTER NOT EXISTS { "
            "?l collex:hasPlace/wgs84:lat ?lat ; collex:inRegion ?r ; collex:inDepartement ?d } }",
            prefixes=prefixes(),
        )
    )
    assert holders == []
    label = NamedNode(prefixes()["collex"] + "hasCurrentLabel")
    assert len(list(store.quads_for_pattern(None, label, None, None))) > 0
    assert Path(found.snapshot.directory, "report.ttl").stat().st_size > 1000


def notice(identifier, body, *, title="Un fonds"):
    named = f"<unittitle>{title}</unittitle>" if title else ""
    source = "Répertoire_des_Centres_de_Ressources"
    return (
        f'<ead><eadheader><eadid identifier="{identifier}">{identifier}.xml</eadid></eadheader>'
        f'<archdesc level="fonds"><did><repository><corpname source="{source}" '
        f'authfilenumber="751132108">Bibliothèque</corpname></repository>{named}</did>'
        f"{body}</archdesc></ead>"
    )


def component(identifier, title="Un sous-fonds", inside=""):
    did = f"<did><unittitle>{title}</unittitle></did>" if title else "<did/>"
    return f'<c id="{identifier}" level="subfonds">{did}{inside}</c>'


def build_notices(tmp_path, files, settings):
    folder = tmp_path / "notices"
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return build([("ccfr", folder)], replace(settings, var=tmp_path / "var"))


def identifier(number):
    return f"FRFONDS-751132108-t{number}"


LINK = (
    "<relatedmaterial><p><extref href="
    '"https://ccfr.bnf.fr/portailccfr/ark:/06871/007T_22">voir</extref></p></relatedmaterial>'
)
EXTENT = "<did><unittitle>Un</unittitle><physdesc><extent>3 cartons</extent></physdesc></did>"
PARTS = "".join(component(f"T_4{number}") for number in range(9))
CUT = notice(identifier(4), f"<dsc>{PARTS}</dsc>")
# Each case has files, units and rows of its own, so that one build tells them all.
WRONG_NOTICES = {
    "untitled/n.xml": notice(identifier(1), f"<dsc>{component('T_11')}</dsc>", title=""),
    "untitled-part/part.xml": notice(
        identifier(2), f"<dsc>{component('T_21', inside=LINK)}{component('T_22', title='')}</dsc>"
    ),
    "space/n.xml": notice(identifier(3), f"<dsc>{component('Fonds 12')}</dsc>"),
    "cut/cut.xml": CUT[: CUT.index("T_48")],
    "extents/n.xml": notice(
        identifier(5),
        "<dsc>"
        + "".join(f'<c id="T_5{n}" level="subfonds">{EXTENT}</c>' for n in (1, 2))
        + "</dsc>",
    ),
    "same/a.xml": notice(identifier(6), f"<dsc>{component('T_61')}</dsc>"),
    "same/b.xml": notice(identifier(6), f"<dsc>{component('T_61')}</dsc>"),
    "same/c/a.xml": notice(identifier(6), "", title="Un autre"),
    "first-wrong/a.xml": notice(identifier(7), "", title=""),
    "first-wrong/b.xml": notice(identifier(7), "", title="Le bon"),
    "first-wrong/c.xml": notice(identifier(7), "", title="Le second"),
}
WRONG_ROWS = {
    "two.csv": ["0921204J;Premier nom", "0921204J;Second nom"],
    "first-wrong.csv": ["0951214D;", "0951214D;Troisième nom", "0951214D;Quatrième nom"],
}


@pytest.fixture(scope="module")
def wrong(settings, tmp_path_factory):
    """A build of files in each of which something is wrong."""
    folder = tmp_path_factory.mktemp("wrong")
    files = {f"notices/{name}": text for name, text in WRONG_NOTICES.items()}
    for name, rows in WRONG_ROWS.items():
        files[f"tables/{name}"] = "\n".join(["uai;uo_lib", *rows, ""])
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    inputs = [("ccfr", folder / "notices"), ("esr", folder / "tables")]
    return build(inputs, replace(settings, var=tmp_path_factory.mktemp("var")))


@pytest.fixture(scope="module")
def dump(wrong):
    return gzip.decompress(wrong.snapshot.dump.read_bytes()).decode()


def aside(summary, case, source="ccfr"):
    """What is set aside of the files of a case."""
    return {key for key in summary.set_aside[source] if key.startswith(case)}


def test_the_rest_of_what_is_wrong_is_published(wrong):
    assert wrong.snapshot.counts["fonds"] == 5
    assert wrong.snapshot.counts["subfonds"] == 5
    assert wrong.exit_code == 1


def test_a_fonds_without_title_is_set_aside_with_its_subfonds_and_no_other(wrong):
    name = "untitled/n.xml"
    assert aside(wrong, "untitled/") == {f"{name}#{identifier(1)}", f"{name}#T_11"}


def test_a_subfonds_without_title_goes_alone_even_when_another_links_to_it(wrong):
    assert aside(wrong, "untitled-part/") == {"untitled-part/part.xml#T_22"}
    titles = {
        result.position.component
        for result in wrong.report.of_severity(Severity.VIOLATION)
        if result.position.file == "part.xml"
    }
    assert titles == {"T_22"}


def test_an_identifier_with_a_space_is_published_encoded(wrong, dump):
    assert not aside(wrong, "space/")
    assert "/id/fonds/Fonds%2012>" in dump


def test_a_file_that_breaks_off_is_set_aside_whole_and_named(wrong, dump):
    assert identifier(4) not in dump
    assert "T_41" not in dump
    told = {r.position.file for r in wrong.report.of_severity(Severity.VIOLATION) if r.position}
    assert "cut.xml" in told


def test_what_is_added_to_one_unit_renumbers_no_other(wrong, dump):
    assert not aside(wrong, "extents/")
    assert "/id/fonds/T_51/extent/1>" in dump
    assert "/id/fonds/T_52/extent/1>" in dump
    assert "/extent/2>" not in dump


def test_the_same_identifier_in_other_files_sets_these_aside_whatever_their_names(wrong):
    assert aside(wrong, "same/") == {
        f"same/b.xml#{identifier(6)}", "same/b.xml#T_61", f"same/c/a.xml#{identifier(6)}"
    }  # fmt: skip


def test_a_component_is_believed_when_the_first_file_that_has_it_is_set_aside(wrong, dump):
    names = ("first-wrong/a.xml", "first-wrong/c.xml")
    assert aside(wrong, "first-wrong/") == {f"{name}#{identifier(7)}" for name in names}
    assert "Le bon" in dump


def test_two_rows_of_one_establishment_are_not_merged(wrong, dump):
    assert aside(wrong, "two.csv", "esr") == {"two.csv#row=3"}
    assert "Premier nom" in dump
    assert "Second nom" not in dump


def test_a_row_is_believed_when_the_first_of_its_doubles_is_set_aside(wrong, dump):
    rows = {"first-wrong.csv#row=2", "first-wrong.csv#row=4"}
    assert aside(wrong, "first-wrong.csv", "esr") == rows
    assert "Troisième nom" in dump
    assert "Quatrième nom" not in dump


def test_two_records_that_describe_one_wrong_thing_are_both_set_aside(
    settings, tmp_path, monkeypatch
):
    wrong = NamedNode(f"{settings.base_iri}id/library/999999999")

    def find_it_wrong(store, **_options):
        found = ValidationResult(
            wrong.value, Severity.VIOLATION, "https://example.org/rule", {"fr": "x", "en": "x"}
        )
        return [found] if list(store.quads_for_pattern(wrong, None, None, DefaultGraph())) else []

    monkeypatch.setattr(build_module, "validate_store", find_it_wrong)
    one = notice("FRFONDS-290192210-t1", "").replace("751132108", "999999999")
    files = {
        "a.xml": one,
        "b.xml": one.replace("-t1", "-t2"),
        "c.xml": notice("FRFONDS-751132108-t3", ""),
    }
    found = build_notices(tmp_path, files, settings)
    assert found.snapshot.counts["fonds"] == 1
    assert {key.partition("#")[0] for key in found.set_aside["ccfr"]} == {"a.xml", "b.xml"}


def test_the_same_source_given_twice_is_checked_as_one(settings, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "n.xml").write_text(notice("FRFONDS-751132108-t1", ""))
    inputs = [("ccfr", tmp_path / "one"), ("ccfr", tmp_path / "two")]
    found = build(inputs, replace(settings, var=tmp_path / "var"))
    assert found.set_aside["ccfr"] == {"n.xml#FRFONDS-751132108-t1"}
    assert found.snapshot.counts["fonds"] == 1
    assert found.exit_code == 1


def test_a_table_that_the_mapping_does_not_read_is_told_beside_those_it_reads(settings, tmp_path):
    table = "uai;uo_lib\n0921204J;Un nom\n"
    (tmp_path / "table.csv").write_text(table, encoding="utf-8")
    for path in (resource_dir("mappings") / "istex" / "sample").glob("*.csv"):
        shutil.copy(path, tmp_path)
    inputs = [("istex", tmp_path / "*.csv")]
    found = build(inputs, replace(settings, var=tmp_path / "var"))
    told = {r.position.file for r in found.report.results if r.severity is Severity.VIOLATION}
    assert "table.csv" in told
    assert found.snapshot.counts["triples"] > 0


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.csv", "x;y\n1;2\n"), ("a.xml", "<ead/>"), ("a.xml", ""), ("notes.md", "rien")],
)
def test_a_source_that_gives_nothing_never_replaces_a_snapshot(settings, tmp_path, name, text):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / name).write_text(text, encoding="utf-8")
    source = "esr" if name.endswith(".csv") else "ccfr"
    with pytest.raises(InvalidDatasetError, match="nothing was published"):
        build([(source, folder)], replace(settings, var=tmp_path / "var"))
    assert list_snapshots(tmp_path / "var") == []


def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    done = subprocess.run(
        command("build", f"esr={SAMPLES[1][1]}", "--var", str(blocked)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "--var" in done.stderr


def test_the_outcome_says_how_many_problems_the_report_leaves_out(tmp_path):
    done = subprocess.run(
        command("build", f"ccfr={SAMPLES[0][1]}", "--var", str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
    )
    told = re.search(
        r"problems: (\d+) violations?, (\d+) warnings?, (\d+) remarks?; "
        r"all but the (\d+) on internal data in",
        " ".join(done.stdout.split()),
    )
    *told_of, left_out = map(int, told.groups())
    assert left_out
    published = current_snapshot(tmp_path).manifest["report"]
    assert sum(told_of) - left_out == sum(published.values())


SECRET = "Zzqxcanary"


def files_that_hold(folder, word):
    """Names of the files below a folder that hold a word, decompressed where they are."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            data = gzip.decompress(data) if path.suffix == ".gz" else data
            if word.encode() in data or word.encode() in path.read_bytes():
                found.append(str(path.relative_to(folder)))
    return found


def treated_by(words):
    return f"<processinfo><p>Traité par {words}</p></processinfo>"


@pytest.mark.parametrize("named", ["set aside by its shape alone", "by another rule before"])
def test_a_record_withheld_for_staff_data_leaves_no_trace_now_or_later(settings, tmp_path, named):
    mail = f"Jeanne {SECRET} (jeanne.{SECRET}@exemple.fr)"
    private = notice(
        "FRFONDS-751132108-t1", treated_by(mail) + f"<dsc>{component('T_1', f'{SECRET} 2')}</dsc>"
    )
    first = notice("FRFONDS-751132108-t1", "") if "another" in named else ""
    files = {
        "b.xml": private,
        "c.xml": notice("FRFONDS-751132108-t2", ""),
        "a.xml": first or notice("FRFONDS-751132108-t3", ""),
    }
    found = build_notices(tmp_path, files, settings)
    assert found.set_aside["ccfr"] == {"b.xml#FRFONDS-751132108-t1", "b.xml#T_1"}
    assert files_that_hold(found.snapshot.directory, SECRET) == []
    # a build that starts from it, with the record still wrong, and one with the record mended
    if not first:
        files["c.xml"] = notice("FRFONDS-751132108-t2", "", title="Autre")
        found = build_notices(tmp_path, files, settings)
        assert files_that_hold(found.snapshot.directory, SECRET) == []
    files["b.xml"] = notice("FRFONDS-751132108-t4", "")
    found = build_notices(tmp_path, files, settings)
    assert found.started_from
    assert not found.set_aside["ccfr"] or first
    assert files_that_hold(found.snapshot.directory, SECRET) == []


def test_a_record_published_once_and_withheld_now_is_not_in_the_new_snapshot(settings, tmp_path):
    files = {"a.xml": notice("FRFONDS-751132108-t1", treated_by(SECRET)),
             "b.xml": notice("FRFONDS-751132108-t2", "")}  # fmt: skip
    found = build_notices(tmp_path, files, settings)
    assert files_that_hold(found.snapshot.directory, SECRET)
    files["a.xml"] = notice("FRFONDS-751132108-t1", treated_by(f"{SECRET}, a@exemple.fr"))
    found = build_notices(tmp_path, files, settings)
    assert found.set_aside["ccfr"] == {"a.xml#FRFONDS-751132108-t1"}
    assert files_that_hold(found.snapshot.directory, SECRET) == []


HEADER = (resource_dir("mappings") / "kbart" / "sample").joinpath(
    "RSC_FRANCE_LN-ISTEX-JOURNALS-PFEDITEUR_2021-01-22.txt"
)


def packages(folder, titles):
    """Lists of journals; each says one journal's title in its third row, and another's."""
    columns = HEADER.read_text(encoding="utf-8").splitlines()[0].split("\t")
    folder.mkdir()
    for number, title in enumerate(titles):
        rows = [
            {"publication_title": words, "print_identifier": issn, "title_id": name,
             "publication_type": "serial", "coverage_depth": "fulltext"}
            for words, issn, name in (
                ("Faraday discussions", "1359-6640", "fd"), (title, "1759-9660", "ay"),
                ("Analytical methods", "1759-9660", "ay2"),
            )
        ]  # fmt: skip
        lines = ["\t".join(columns)] + ["\t".join(row.get(c, "") for c in columns) for row in rows]
        (folder / f"P{number}_LIST_ALLJOURNALS_2026-01-0{number + 1}.txt").write_text(
            "\n".join(lines) + "\n", encoding="utf-8"
        )


@pytest.mark.parametrize("told", ["one value", "several values"])
def test_the_record_that_states_a_wrong_value_goes_and_no_other(
    settings, tmp_path, monkeypatch, told
):
    packages(tmp_path / "lists", ["Analytical methods"] * 5 + ["Faux"])
    attempts = []

    def find_it_wrong(store, **_options):
        attempts.append(1)
        wrong = {
            (quad.subject.value, str(quad.object))
            for quad in store.quads_for_pattern(None, None, None, DefaultGraph())
            if str(quad.object).startswith('"Faux"')
            and quad.predicate.value == prefixes()["dcterms"] + "title"
            and "/package/" not in quad.subject.value
        }
        return [
            ValidationResult(
                subject, Severity.VIOLATION, rule, {"fr": "x", "en": "x"},
                value_term=value if told == "one value" else None,
            )
            for subject, value in sorted(wrong)
        ]  # fmt: skip

    rule = prefixes()["collex-sh"] + "Document-title"
    monkeypatch.setattr(build_module, "validate_store", find_it_wrong)
    found = build([("kbart", tmp_path / "lists")], replace(settings, var=tmp_path / "var"))
    assert found.set_aside["kbart"] == {"P5_LIST_ALLJOURNALS_2026-01-06.txt#row=3"}
    assert len(attempts) == 2


def test_all_that_describe_a_thing_that_stays_wrong_go_in_a_bounded_number_of_attempts(
    settings, tmp_path, monkeypatch
):
    packages(tmp_path / "lists", ["Analytical methods"] * 9)
    attempts = []

    def find_it_wrong(store, **_options):
        attempts.append(1)
        titles = store.quads_for_pattern(None, NamedNode(prefixes()["dcterms"] + "title"), None)
        wrong = {
            quad.subject.value
            for quad in titles
            if str(quad.object).startswith('"Analytical') and "/package/" not in quad.subject.value
        }
        messages = {"fr": "x", "en": "x"}
        return [
            ValidationResult(iri, Severity.VIOLATION, "https://example.org/rule", messages)
            for iri in sorted(wrong)
        ]

    monkeypatch.setattr(build_module, "validate_store", find_it_wrong)
    found = build([("kbart", tmp_path / "lists")], replace(settings, var=tmp_path / "var"))
    assert len(found.set_aside["kbart"]) == 18
    assert len(attempts) <= 3
