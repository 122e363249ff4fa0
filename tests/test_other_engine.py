"""A snapshot exported to other engines, and the same service in front of them."""

import dataclasses
import gzip
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pyoxigraph as ox
import pytest
from click.testing import CliRunner

from collex_graph.cli import main
from collex_graph.errors import (
    QueryRefusedError,
    QueryServiceBusyError,
    QuerySyntaxError,
    QueryTimeoutError,
    ResultTooLargeError,
)
from collex_graph.model import QueryRequest
from collex_graph.server import create_app
from collex_graph.settings import Settings
from collex_graph.sparql.catalogue import query_names, stored_query
from collex_graph.sparql.elsewhere import EngineElsewhere
from collex_graph.sparql.results import read_table, read_truth
from collex_graph.store.export import export_snapshot

BASE = Settings().base_iri
DEFAULT_GRAPH = f"{BASE}graph/default"
JSON = ("application/sparql-results+json",)
PATTERNS = sorted(name for name in query_names() if name.startswith("patterns/"))

VIRTUOSO_INI = """\
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
[Parameters]
ServerPort = 127.0.0.1:{port}
DirsAllowed = {folder}
NumberOfBuffers = 20000
[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerRoot = {folder}
ServerThreads = 8
[SPARQL]
ResultSetMaxRows = 500
"""

# What Virtuoso 7.2.5 answers otherwise than the standard, and why; see also `test_virtuoso_…`.
OTHER_IN_VIRTUOSO = {
    "patterns/provenance": "GRAPH ?graph is refused where the engine is told its default graph",
    "patterns/label-status": "xsd:boolean comes back as the integers 1 and 0",
}


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def wait_for(address, process):
    for _ in range(600):
        if process.poll() is not None:
            pytest.fail(f"the engine ended with code {process.returncode}")
        try:
            urllib.request.urlopen(address, timeout=1).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the engine does not answer")


@pytest.fixture(scope="module")
def oxigraph(sample_snapshot, tmp_path_factory):
    """Oxigraph's own server on an export: the setting that leads to it."""
    binary = Path(sys.executable).with_name("oxigraph")
    if not binary.is_file():
        pytest.skip("oxigraph's server is not installed beside Python")
    folder = tmp_path_factory.mktemp("oxigraph")
    export_snapshot(sample_snapshot, folder / "snapshot.nq.gz")
    store = ["--location", str(folder / "store")]
    load = [binary, "load", *store, "--file", str(folder / "snapshot.nq.gz")]
    subprocess.run(load, check=True, capture_output=True)
    port = free_port()
    with subprocess.Popen(
        [binary, "serve-read-only", *store, "--bind", f"127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        wait_for(f"http://127.0.0.1:{port}/", process)
        yield {"query_endpoint": f"http://127.0.0.1:{port}/query"}
        process.terminate()


@pytest.fixture(scope="module")
def virtuoso(sample_snapshot, tmp_path_factory):
    """Debian's Virtuoso on an export, its row limit low."""
    server, client = shutil.which("virtuoso-t"), shutil.which("isql-vt")
    if not server or not client:
        pytest.skip("Debian's package virtuoso-opensource-7-bin is not installed")
    folder = tmp_path_factory.mktemp("virtuoso")
    export_snapshot(sample_snapshot, folder / "snapshot.nq", default_graph=DEFAULT_GRAPH)
    port, http = free_port(), free_port()
    ini = folder / "virtuoso.ini"
    ini.write_text(VIRTUOSO_INI.format(folder=folder, port=port, http=http), encoding="utf-8")
    with subprocess.Popen(
        [server, "+foreground", "+configfile", str(ini)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        wait_for(f"http://127.0.0.1:{http}/sparql", process)
        said = subprocess.run(
            [client, f"127.0.0.1:{port}", "dba", "dba"],
            input=f"ld_dir('{folder}', 'snapshot.nq', 'urn:none');\nrdf_loader_run();\n"
            "checkpoint;\nselect ll_state, ll_error from DB.DBA.load_list;\n",
            text=True,
            check=True,
            capture_output=True,
        ).stdout
        assert "\n2  " in said, said
        yield {
            "query_endpoint": f"http://127.0.0.1:{http}/sparql",
            "query_endpoint_default_graph": DEFAULT_GRAPH,
        }
        process.terminate()


@pytest.fixture(scope="module")
def store(sample_snapshot):
    return ox.Store.read_only(str(sample_snapshot.directory / "store"))


def rows_of(table):
    return sorted(str(sorted((k, str(v)) for k, v in row.terms.items())) for row in table)


def embedded(store, text):
    solutions = store.query(text, base_iri=BASE)
    names = [variable.value for variable in solutions.variables]
    return sorted(str(sorted((n, str(s[n])) for n in names if s[n] is not None)) for s in solutions)


def engine(sample_snapshot, where, **more):
    return EngineElsewhere(sample_snapshot, dataclasses.replace(Settings(), **where, **more))


# --- the export ----------------------------------------------------------------------------------


def test_an_export_holds_every_statement_of_both_kinds_of_graphs(sample_snapshot, tmp_path, store):
    target = tmp_path / "all.nq.gz"
    export_snapshot(sample_snapshot, target)
    again = ox.Store()
    with gzip.open(target) as lines:
        again.bulk_load(lines, ox.RdfFormat.N_QUADS)
    assert len(again) == len(store)
    named = tmp_path / "named.nq"
    export_snapshot(sample_snapshot, named, default_graph=DEFAULT_GRAPH)
    text = named.read_text(encoding="utf-8")
    inside = text.count(f" <{DEFAULT_GRAPH}> .\n")
    assert inside == len(list(store.quads_for_pattern(None, None, None, ox.DefaultGraph())))


def test_an_export_that_fails_leaves_nothing(sample_snapshot, tmp_path, monkeypatch):
    broken = dataclasses.replace(sample_snapshot, directory=tmp_path / "nowhere")
    with pytest.raises(OSError, match="nowhere"):
        export_snapshot(broken, tmp_path / "all.nq")
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_the_current_snapshot(sample_snapshot, tmp_path):
    var = sample_snapshot.directory.parents[1]
    run = CliRunner().invoke(main, ["export", str(tmp_path / "x.nq"), "--var", str(var)])
    assert run.exit_code == 0
    assert sample_snapshot.identifier in run.output
    wrong = ["export", str(tmp_path / "y.nq"), "--var", str(var), "--default-graph", "here"]
    run = CliRunner().invoke(main, wrong)
    assert run.exit_code == 2
    assert not (tmp_path / "y.nq").exists()


# --- Oxigraph's server ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in PATTERNS if name != "patterns/label"])
def test_oxigraph_answers_as_the_embedded_store(name, oxigraph, sample_snapshot, store):
    text = stored_query(name).text()
    found = engine(sample_snapshot, oxigraph).run(QueryRequest(text, JSON))
    assert rows_of(read_table(found)) == embedded(store, text) != []


def test_pages_data_and_formats_are_the_same_in_front_of_another_engine(oxigraph, sample_snapshot):
    settings = dataclasses.replace(Settings(), **oxigraph)
    client = create_app(settings, EngineElsewhere(sample_snapshot, settings)).test_client()
    page = client.get("/id/library/674821001", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "Strasbourg" in page.get_data(as_text=True)
    data = client.get("/id/library/674821001", headers={"Accept": "text/turtle"})
    assert data.status_code == 200
    query = "SELECT ?s WHERE { ?s a <https://w3id.org/collex-graph/ontology#Library> }"
    for name in ("json", "xml", "csv", "tsv", "xlsx"):
        answer = client.get("/sparql", query_string={"query": query, "format": name})
        assert answer.status_code == 200, name
    refused = client.get("/sparql", query_string={"query": "SELECT * { SERVICE <http://x/> {} }"})
    assert refused.status_code == 403
    wrong = client.get("/sparql", query_string={"query": "SELECT ?s WHERE { ?s a } "})
    assert wrong.status_code == 400


def test_a_construct_is_written_in_every_format(oxigraph, sample_snapshot):
    text = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ BIND(<{BASE}id/library/674821001> AS ?s) ?s ?p ?o }}"
    service = engine(sample_snapshot, oxigraph)
    for media_type in ("text/turtle", "application/ld+json", "application/n-triples"):
        body = service.run(QueryRequest(text, (media_type,))).body
        assert b"674821001" in body


def test_an_iri_that_readers_read_apart_reaches_the_engine_by_a_prefix(oxigraph, sample_snapshot):
    text = "ASK { VALUES ?x { 1 } FILTER(?x<2 || ?x = <urn:it's#so>) }"
    assert read_truth(engine(sample_snapshot, oxigraph).run(QueryRequest(text, JSON)))


@pytest.mark.parametrize(
    ("text", "limits", "error"),
    [
        ("SELECT * WHERE { ?a ?b }", {}, QuerySyntaxError),
        ("SELECT * WHERE { ?s ?p ?o }", {"result_bytes": 1000}, ResultTooLargeError),
        (
            "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
            {"query_timeout_seconds": 0.2},
            QueryTimeoutError,
        ),
    ],
)
def test_what_goes_wrong_in_the_engine_is_an_error_of_ours(
    text, limits, error, oxigraph, sample_snapshot
):
    with pytest.raises(error):
        engine(sample_snapshot, oxigraph, **limits).run(QueryRequest(text, JSON))


def test_an_engine_that_does_not_answer_is_a_busy_service(sample_snapshot):
    where = {"query_endpoint": f"http://127.0.0.1:{free_port()}/query"}
    with pytest.raises(QueryServiceBusyError):
        engine(sample_snapshot, where).run(QueryRequest("ASK {}", JSON))


# --- Virtuoso ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in PATTERNS if n not in OTHER_IN_VIRTUOSO])
def test_virtuoso_answers_as_the_embedded_store(name, virtuoso, sample_snapshot, store):
    if name == "patterns/label":
        pytest.skip("a hundred of many: which ones is for each engine to choose")
    text = stored_query(name).text()
    found = engine(sample_snapshot, virtuoso).run(QueryRequest(text, JSON))
    assert rows_of(read_table(found)) == embedded(store, text) != []


def test_virtuoso_counts_each_statement_of_the_default_graph_once(virtuoso, sample_snapshot, store):
    text = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
    found = engine(sample_snapshot, virtuoso).run(QueryRequest(text, JSON))
    assert rows_of(read_table(found)) == embedded(store, text)


def test_virtuoso_says_truth_as_the_standard_does(virtuoso, sample_snapshot):
    service = engine(sample_snapshot, virtuoso)
    assert read_truth(service.run(QueryRequest("ASK { ?s ?p ?o }", JSON)))
    assert not read_truth(service.run(QueryRequest("ASK { ?s <urn:nowhere> ?o }", JSON)))


def test_a_named_graph_of_virtuoso_is_asked_by_its_name_and_never_left_open(
    virtuoso, sample_snapshot, store
):
    service = engine(sample_snapshot, virtuoso)
    text = "SELECT (COUNT(*) AS ?n) WHERE { GRAPH <graph/derived> { ?s ?p ?o } }"
    found = service.run(QueryRequest(text, JSON))
    assert rows_of(read_table(found)) == embedded(store, text)
    with pytest.raises(QueryRefusedError):
        service.run(QueryRequest("SELECT ?g WHERE { GRAPH ?g { ?s ?p ?o } }", JSON))


def test_rows_that_virtuoso_leaves_out_are_an_error(virtuoso, sample_snapshot):
    with pytest.raises(ResultTooLargeError):
        engine(sample_snapshot, virtuoso).run(
            QueryRequest("SELECT ?s ?p ?o WHERE { ?s ?p ?o }", JSON)
        )
