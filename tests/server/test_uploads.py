"""Files that strangers send: judged as our own are, within limits, and nothing of them is kept."""

import base64
import gzip
import http.server
import io
import json
import logging
import re
import socket
import subprocess
import sys
import tarfile
import threading
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
import xlsxwriter

from collex_graph.errors import (
    FetchError,
    QueryCancelledError,
    QueryServiceBusyError,
    UploadMemoryError,
    UploadRefusedError,
    UploadTimeoutError,
)
from collex_graph.pipeline.checking import check_files
from collex_graph.resources import resource_dir
from collex_graph.server import create_app
from collex_graph.settings import Settings
from collex_graph.store.snapshot import open_snapshot
from collex_graph.uploads import fetching
from collex_graph.uploads.file_names import fitting_name, is_office_document
from collex_graph.uploads.frames import Job
from collex_graph.uploads.judge import MORE_WAIT, Judgement
from server.conftest import GRAPH_FILE, InProcessQueries, write_snapshot

API = "/api/validate"
DAY = "2026-11-26"
CANARY = "Zorglub le gardien"
MAPPINGS = resource_dir("mappings")
HEADER = "publication_title\tprint_identifier\tonline_identifier\ttitle_url\ttitle_id\n"
TITLES = (
    f"{HEADER}Analytical communications\t1359-7338\t1364-5536\thttps://pubs.rsc.org/\tac\n"
    "Une revue\t1234-5678\t\thttpss://pubs.rsc.org/b\tb\n"
).encode()
NOTICE = f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE ead PUBLIC "+//ISBN 1-931666-00-8//DTD ead.dtd (EAD) Version 2002)//EN"
  "http://lcweb2.loc.gov/xmlcommon/dtds/ead2002/ead.dtd">
<ead><eadheader><eadid>FRFONDS-674821001-xBW</eadid></eadheader>
<archdesc level="fonds"><did><unitid>1</unitid><unittitle>Fonds &lt;script&gt;</unittitle></did>
<processinfo audience="internal"><p>Responsable du fonds : {CANARY}</p></processinfo>
<controlaccess><persname authfilenumber="12345678X" source="IdRef">Erckmann
&lt;script&gt;</persname></controlaccess></archdesc></ead>
""".encode()
LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE ead [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;">]><ead><eadheader><eadid>&c;</eadid></eadheader>
<archdesc level="fonds"><did><unittitle>x</unittitle></did></archdesc></ead>"""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uploads") / "snapshots" / "2026-11-22T094900Z"
    written = write_snapshot(folder, GRAPH_FILE.read_text(encoding="utf-8"))
    manifest = json.dumps({**written.manifest, "base_iri": Settings().base_iri})
    (folder / "manifest.json").write_text(manifest, encoding="utf-8")
    snapshot = open_snapshot(folder)
    # a slow machine waits its turn, and no budget ends
    settings = Settings(query_queue_seconds=60.0, client_budget_seconds=0, upload_seconds=120.0)
    app = create_app(settings, InProcessQueries(snapshot))
    yield app
    app.extensions["collex_graph"].judge.close()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def judge(app):
    return app.extensions["collex_graph"].judge


@contextmanager
def limits(judge, **changes):
    """Judge within other limits, with the process that is there."""
    before = judge._settings
    judge._settings = replace(before, **changes)
    try:
        yield
    finally:
        judge._settings = before


@pytest.fixture(scope="module")
def told(app):
    """What is told of the titles, as JSON, with its headers."""
    response = send(app.test_client(), TITLES, name="titres.txt", fail_on="warning")
    return response.get_json(), response.headers


@pytest.fixture(scope="module")
def page(app):
    """The page about the titles."""
    return page_of(app.test_client(), TITLES, "titres.txt").text


@pytest.fixture(scope="module")
def notice(app):
    """The page about the notice, called by a name that bites, and what was logged meanwhile."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    logging.getLogger().addHandler(handler)
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.DEBUG)
    try:
        text = page_of(app.test_client(), NOTICE, "<img src=x onerror=a>/notice.xml").text
    finally:
        logging.getLogger().setLevel(level)
        logging.getLogger().removeHandler(handler)
    return text, heard.getvalue()


@pytest.fixture
def canned(judge, monkeypatch):
    """A judge who has judged: for what surrounds it."""
    jobs = []

    def judged(job, **_):
        jobs.append(job)
        head = {"outcome": "judged", "conforms": True, "fails": False}
        return Judgement(head, dict.fromkeys(job.documents, b"report"), 0.1)

    monkeypatch.setattr(judge, "judge", judged)
    return jobs


@pytest.fixture(autouse=True)
def _nothing_is_kept(judge):
    yield
    if judge._zygote is not None and judge._zygote.root.is_dir():
        assert [path.name for path in judge._zygote.root.iterdir()] == ["lock"]


def send(client, body, *, name="", **asked):
    query = {key.replace("_", "-"): value for key, value in asked.items()}
    return client.post(API, query_string={"name": name, "day": DAY, **query}, data=body)


def page_of(client, body, name, **fields):
    sent = {"file": (io.BytesIO(body), name), "day": DAY, **fields}
    return client.post("/validate?lang=fr", data=sent)


def embedded(text):
    """Return the files that a page holds, by their names."""
    found = re.findall(r'href="data:[^,]+,([^"]+)" download="([^"]+)"', text)
    return {unescape(name): base64.b64decode(body) for body, name in found}


def zipped(members):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return packed.getvalue()


# --- what is found -------------------------------------------------------------------------------


def test_a_file_that_is_sent_is_judged_as_the_command_line_judges_it(app, told, tmp_path):
    path = tmp_path / "titres.txt"
    path.write_bytes(TITLES)
    beside = open_snapshot(app.extensions["collex_graph"].snapshot.directory)
    checked = check_files([path], base_iri=Settings().base_iri, day=DAY, beside=beside)
    here = checked.report.results
    results = told[0]["results"]
    assert {(r["rule"], r.get("row"), r.get("column"), r.get("value")) for r in results} == {
        (r.rule, r.position.row, r.position.column, r.value) for r in here
    }
    assert "1234-5678" in {result.get("value") for result in results}


def test_the_answer_is_a_report_whatever_the_verdict(told):
    report, headers = told
    assert report["fails"] is True
    assert headers["X-Fails"] == "true"
    assert headers["Cache-Control"] == "no-store"
    assert report["known"] == "2026-11-22T094900Z"
    assert report["files"] == [{"name": "titres.txt", "source": "kbart", "alike": [], "records": 2}]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("text/csv", "text/csv"),
        ("text/turtle", "text/turtle"),
        ("application/ld+json", "application/ld+json"),
        ("text/plain", "text/plain"),
        ("*/*", "application/json"),
    ],
)
@pytest.mark.usefixtures("canned")
def test_the_format_is_the_one_that_is_accepted(client, accept, media_type):
    response = client.post(f"{API}?name=t.txt", data=TITLES, headers={"Accept": accept})
    assert (response.status_code, response.mimetype) == (200, media_type)


def test_no_format_that_is_accepted_is_406_before_the_file_is_read(client):
    response = client.post(API, data=TITLES, headers={"Accept": "image/png"})
    assert response.status_code == 406


@pytest.mark.usefixtures("canned")
@pytest.mark.parametrize("name", ["xlsx", "html", "csv"])
def test_a_report_for_people_is_saved_and_never_shown_as_ours(client, name):
    response = send(client, TITLES, name="titres <é>.txt", format=name)
    assert response.headers["Content-Disposition"].startswith(
        "attachment; filename*=UTF-8''controle-titres"
    )
    assert "sandbox" in response.headers["Content-Security-Policy"]


def test_annotations_stand_beside_their_line(client):
    (line,) = [
        line
        for line in send(client, TITLES, name="t.txt", format="github", lang="en").text.splitlines()
        if "UnusableLink" in line
    ]
    assert line.startswith("::warning file=t.txt,title=")
    assert ",line=3::" in line


def test_a_form_of_a_program_is_a_file_too(client, canned):
    sent = {"file": (io.BytesIO(TITLES), "listes.txt"), "day": DAY, "source": "kbart"}
    assert client.post(f"{API}?format=text&fail-on=info", data=sent).status_code == 200
    (job,) = canned
    assert (job.source, job.day, job.fail_on) == ("kbart", DAY, "info")
    assert Path(job.file).name == "listes.txt"


def test_what_curl_sends_as_it_is_is_the_file(client, canned):
    kind = "application/x-www-form-urlencoded"
    assert client.post(API, data=TITLES, content_type=kind).status_code == 200
    assert Path(canned[0].file).name == "fichier.txt"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"source": "nowhere"}, "nowhere"),
        ({"day": "26/11/2026"}, "26/11/2026"),
        ({"day": "2026-02-30"}, "2026-02-30"),
        ({"fail_on": "hint"}, "hint"),
        ({"format": "pdf"}, "pdf"),
    ],
)
def test_a_wrong_wish_is_named(client, asked, said):
    response = client.post(
        API,
        query_string={key.replace("_", "-"): value for key, value in asked.items()},
        data=TITLES,
    )
    assert response.status_code == 400
    assert said in response.get_json()["detail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 422), (b"bonjour, ceci n'est pas un fichier", 422), (b"\0" * 99, 422)],
)
def test_what_cannot_be_judged_is_refused_with_words(client, body, status):
    response = send(client, body)
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    assert response.get_json()["detail"]


def open_document(kind):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
        archive.writestr("META-INF/manifest.rdf", "<rdf:RDF xmlns:rdf='x'/>")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("labels.ods", open_document("spreadsheet")),
        ("labels", open_document("text")),
        ("labels.xls", bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 504),
        ("labels.docx", zipped([("word/document.xml", b"<document/>")])),
    ],
)
def test_an_office_document_is_to_be_saved_as_what_is_read(client, name, body):
    response = send(client, body, name=name)
    assert response.status_code == 422
    assert "enregistrez le classeur au format XLSX" in response.get_json()["detail"]


def test_the_list_of_an_archive_is_read_by_the_process_that_is_shut_in_alone(tmp_path, monkeypatch):
    book, letter = tmp_path / "book", tmp_path / "letter"
    book.write_bytes(zipped([("xl/workbook.xml", b"<workbook/>")]))
    letter.write_bytes(zipped([("a.xml", b"<a/>"), ("word/document.xml", b"<document/>")]))

    def refused(*_, **__):
        raise AssertionError("a list of a million members takes seconds to read")

    monkeypatch.setattr("zipfile.ZipFile", refused)
    assert fitting_name("labels", "", book) == "labels.xlsx"
    assert [is_office_document(path) for path in (book, letter)] == [False, True]


def test_the_interface_is_described_as_it_is(client, told):
    from jsonschema import validate

    document = client.get("/api/openapi.json").get_json()
    described = document["paths"][API]["post"]
    validate(told[0], document["components"]["schemas"]["Report"])
    assert set(described["requestBody"]["content"]) >= {"multipart/form-data"}
    assert {"200", "413", "422", "429", "503", "504"} <= set(described["responses"])


# --- hostile files -------------------------------------------------------------------------------


def test_a_document_type_of_ead_is_read_and_its_address_is_not(notice):
    results = json.loads(embedded(notice[0])["controle-notice.json"])["results"]
    assert not any("BrokenFile" in result["rule"] for result in results)
    assert any(result.get("value", "").startswith("12345678X") for result in results)
    assert "<mark>12345678X</mark>" in notice[0]


@contextmanager
def listener():
    """A server that counts who connects."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server.getsockname()[1], lambda: _has_connection(server)


def _has_connection(server):
    try:
        server.accept()[0].close()
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.jsonld", '{{"@context": "http://127.0.0.1:{port}/c", "@id": "urn:x:a", "b": 1}}'),
        ("a.ttl", ("<urn:x:a> a <urn:x:b> ; <http://www.w3.org/2002/07/owl#imports>"
         " <http://127.0.0.1:{port}/o> .")),
        ("a.xml", ('<?xml version="1.0"?><!DOCTYPE ead SYSTEM "http://127.0.0.1:{port}/d" ['
         '<!ENTITY % p SYSTEM "http://127.0.0.1:{port}/p"> %p;'
         '<!ENTITY x SYSTEM "http://127.0.0.1:{port}/x">]>'
         "<ead><eadheader><eadid>&x;</eadid></eadheader><archdesc level='fonds'><did>"
         "<unittitle>y</unittitle></did></archdesc></ead>")),
        ("a.rdf", ('<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
         '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="urn:e#">'
         '<rdf:Description rdf:about="urn:x:a"><e:b>&x;</e:b></rdf:Description></rdf:RDF>')),
    ],
)  # fmt: skip
def test_nothing_in_a_file_reaches_out_or_shows_a_file(client, name, text):
    with listener() as (port, has_connection):
        response = send(client, text.format(port=port).encode(), name=name, format="text")
        assert response.status_code in (200, 422)
        assert not has_connection()
    assert "root:" not in response.text


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("laughs.xml", LAUGHS),
        ("deep.xml", b"<ead>" + b"<c>" * 50_000),
        ("wide.xml", b"<ead " + b" ".join(b"a%d='1'" % n for n in range(100_000)) + b"/>"),
        ("deep.json", b"[" * 100_000),
        ("deep.jsonld", b'{"@graph":' * 50_000),
        ("deep.ttl", b"<urn:x:a> <urn:x:b> " + b"[ <urn:x:b> " * 60_000),
        ("deep.rdf", b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' "
         b"xmlns:e='urn:e#'>" + b"<e:a><e:b>" * 30_000),
    ],
)  # fmt: skip
def test_a_bomb_of_markup_ends_with_words(client, name, body):
    response = send(client, body, name=name, format="text")
    assert response.status_code in (200, 422, 504, 507)
    assert len(response.data) < 20_000
    words = response.text if response.status_code == 200 else response.get_json()["detail"]
    assert words


def test_an_archive_is_judged_as_its_files_are(client):
    told = send(client, zipped([("a/titres.txt", TITLES), ("__MACOSX/._x", b"")]), name="a.zip")
    assert [file["source"] for file in told.get_json()["files"]] == ["kbart"]
    assert any(result.get("row") == 3 for result in told.get_json()["results"])


def test_a_file_of_an_archive_that_looks_like_nothing_is_named_and_the_page_says_it(client):
    body = zipped([("titres.txt", TITLES), ("a/fonds.csv", b"rien\n"), ("LISEZMOI.md", b"x")])
    told = send(client, body, name="a.zip").get_json()
    assert told["unknown"] == ["a.zip/a/fonds.csv"]
    assert told["left_alone"] == ["LISEZMOI.md", "a.zip/a/fonds.csv"]
    text = page_of(client, body, "a.zip").text
    assert "Un fichier n’a pas été contrôlé" in text
    assert "a.zip/a/fonds.csv" in text
    assert "Non contrôlé\u00a0: LISEZMOI.md." in text


def test_an_archive_that_grows_without_end_is_refused_with_the_reason(client, judge):
    bomb = zipped([("titres.txt", b"\0" * 30_000_000)])
    with limits(judge, upload_disk_bytes=5_000_000):
        asked = client.application.extensions["collex_graph"]
        object.__setattr__(asked, "settings", replace(asked.settings, upload_disk_bytes=5_000_000))
        try:
            responses = [
                send(client, bomb, name="bomb.zip"),
                send(client, gzip.compress(b"a,b\n" * 10_000_000), name="bomb.csv.gz"),
            ]
        finally:
            object.__setattr__(
                asked, "settings", replace(asked.settings, upload_disk_bytes=2_000_000_000)
            )
    for response in responses:
        assert response.status_code == 422
        assert "une fois décompressée" in response.get_json()["detail"]


@pytest.mark.parametrize("member", ["../../evil.txt", "/tmp/evil.txt"])
def test_a_path_that_leads_out_of_an_archive_is_refused(client, member):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        info = tarfile.TarInfo(member)
        info.size = len(TITLES)
        archive.addfile(info, io.BytesIO(TITLES))
    is_zip = member.startswith("/")
    body = zipped([(member, TITLES)]) if is_zip else packed.getvalue()
    for language, why in (("fr", "mène hors de l’archive"), ("en", "leads out of the archive")):
        response = send(client, body, name="a.zip" if is_zip else "a.tar.gz", lang=language)
        assert response.status_code == 422
        assert why in response.get_json()["detail"]
    assert not Path("/tmp/evil.txt").exists()


@pytest.mark.parametrize(
    "given", ["../../../etc/passwd", "..\\..\\a.csv", "a\0b.csv", "/etc/shadow", "....//x.csv", "."]
)
def test_a_name_is_never_a_path(tmp_path, given):
    path = tmp_path / "sent"
    path.write_bytes(TITLES)
    name = fitting_name(given, "", path)
    assert re.fullmatch(r"[^/\\\0]+\.(csv|txt)", name)
    assert (tmp_path / name).parent == tmp_path


@pytest.mark.parametrize(
    ("body", "ending"),
    [
        (NOTICE, ".xml"), (TITLES, ".txt"), (b"a;b\n1;2\n", ".csv"), (b'{"a": 1}', ".json"),
        (b'{"@id": "urn:x:a"}', ".jsonld"), (b"@prefix a: <urn:x:> .", ".ttl"),
        (b"<urn:x:a> <urn:x:b> 1 .", ".ttl"), ("é;b\n".encode("utf-16"), ".csv"),
        (b"<rdf:RDF xmlns:rdf='x'/>", ".rdf"), (zipped([("a.txt", b"")]), ".zip"),
        (zipped([("xl/workbook.xml", b"")]), ".xlsx"),
    ],
)  # fmt: skip
def test_a_file_without_a_name_is_called_after_what_it_holds(tmp_path, body, ending):
    path = tmp_path / "sent"
    path.write_bytes(body)
    assert fitting_name("", "application/octet-stream", path) == f"fichier{ending}"


@pytest.mark.parametrize("encoding", ["windows-1252", "utf-7"])
def test_letters_are_read_rightly_or_refused(client, encoding):
    body = TITLES.decode().replace("Une revue", "Une revue éditée à Noël").encode(encoding)
    response = send(client, body, name="titres.txt", format="text")
    if response.status_code == 200 and "titre" in response.text:
        assert "Ã" not in response.text


def test_a_value_never_runs_in_a_spreadsheet(client):
    body = HEADER.encode() + b"Revue\t=cmd|'/c calc'!A1\t\thttps://x.org/\tb\n"
    text = send(client, body, name="t.txt", format="csv").text
    assert "cmd|" in text
    assert not re.search(r"(^|,)\"?[=+@-]", text, re.MULTILINE)


# --- limits --------------------------------------------------------------------------------------


class Untouchable:
    def read(self, *_):
        raise AssertionError("the body was read")

    readline = readinto = __iter__ = read


@pytest.mark.parametrize("path", [API, "/validate"])
def test_twenty_gigabytes_are_refused_before_they_are_read(client, path):
    response = client.post(
        path,
        environ_overrides={"wsgi.input": Untouchable(), "CONTENT_LENGTH": str(20 * 10**9)},
        headers={"Content-Type": "multipart/form-data; boundary=x", "Accept": "text/html"},
    )
    assert response.status_code == 413
    page = response.get_data(as_text=True)
    assert "50 Mo au plus" in page
    assert "en plusieurs parties" in page


def test_a_body_longer_than_announced_by_nobody_is_cut_at_the_limit(client):
    settings = Settings()
    stream = io.BytesIO(b"a" * (settings.upload_bytes + 1_000_000))
    response = client.post(
        f"{API}?name=t.txt", input_stream=stream, environ_overrides={"wsgi.input_terminated": True}
    )
    assert response.status_code == 413
    assert response.get_json()["limit"]["file_bytes"] == settings.upload_bytes


@pytest.mark.parametrize("path", [API, "/validate"])
def test_a_compressed_body_is_not_unpacked(client, path):
    response = client.post(path, data=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    assert response.status_code == 415


def test_a_text_that_is_too_long_to_be_pasted_is_refused(client):
    body = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n' + b"a" * 6_000_000
    response = client.post(
        API, data=body + b"\r\n--x--\r\n", content_type="multipart/form-data; boundary=x"
    )
    assert response.status_code == 413


def test_a_check_over_its_time_is_killed(client, judge):
    with limits(judge, upload_seconds=0.001):
        response = send(client, TITLES, name="t.txt")
    assert response.status_code == 504
    assert response.get_json()["type"].endswith("/check-timeout")


def job_in(folder, body=TITLES, **changes):
    path = folder / "titres.txt"
    path.write_bytes(body)
    values = {
        "folder": str(folder), "file": str(path), "source": "", "day": DAY, "language": "fr",
        "documents": ("json",), "fail_on": "violation", "base_iri": Settings().base_iri,
        "snapshot": "", "cpu_seconds": 100, "memory_bytes": 1 << 30, "disk_bytes": 100_000_000,
    }  # fmt: skip
    return Job(**values | changes)


@pytest.mark.parametrize("changes", [{"memory_bytes": 1}, {"cpu_seconds": 0}, {"disk_bytes": 10}])
def test_a_check_over_its_memory_time_or_room_ends_alone(judge, changes):
    with judge.place() as folder, pytest.raises((UploadMemoryError, UploadTimeoutError)):
        judge.judge(job_in(folder, **changes))


def test_a_check_whose_folder_grows_beyond_its_room_is_killed(judge):
    with (
        limits(judge, upload_disk_bytes=10),
        judge.place() as folder,
        pytest.raises(UploadMemoryError),
    ):
        judge.judge(job_in(folder))


def test_a_client_that_leaves_takes_its_check_with_it(judge):
    with judge.place() as folder, pytest.raises(QueryCancelledError):
        judge.judge(job_in(folder), is_cancelled=lambda: True)


def test_whoever_comes_beyond_the_places_is_told_when_to_come_back(client, judge):
    from contextlib import ExitStack

    with ExitStack() as held:
        for _ in range(judge._settings.upload_processes + MORE_WAIT):
            held.enter_context(judge.place())
        response = send(client, TITLES)
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0


def test_where_nothing_is_judged_that_is_said(judge):
    with limits(judge, upload_processes=0), pytest.raises(QueryServiceBusyError), judge.place():
        pass


def test_a_client_without_budget_is_told_so_before_its_file_is_read(app):
    from collex_graph.server.fair_use import FairUse

    site = app.extensions["collex_graph"]
    before = site.fair_use
    object.__setattr__(site, "fair_use", FairUse(Settings(client_budget_seconds=1.0)))
    try:
        with site.fair_use.running("127.0.0.1") as charge:
            charge(5.0)
        response = app.test_client().post(
            API, environ_overrides={"wsgi.input": Untouchable(), "CONTENT_LENGTH": "10"}
        )
    finally:
        object.__setattr__(site, "fair_use", before)
    assert response.status_code == 429


SHUT_IN = """
import os, socket, sys
from pathlib import Path
from collex_graph.uploads import judge_process
from collex_graph.uploads.frames import Job
folder = sys.argv[1]
judge_process._shut_in(Job(folder, "", "", "", "fr", (), "violation", "", "", 60, 1 << 28, 1000))
def refused(what):
    try:
        what()
    except (OSError, MemoryError):
        return "refused"
    return "allowed"
def write():
    with open("large", "wb", buffering=0) as file:
        file.write(b"a" * 1000)
        file.write(b"a")
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
print(
    refused(socket.socket), refused(lambda: os.execv("/bin/true", ["true"])),
    refused(lambda: os.kill(os.getppid(), 0)), refused(lambda: bytearray(1 << 29)), refused(write),
    len(os.sched_getaffinity(0)),
)
"""


def test_a_judge_has_no_network_no_program_no_large_file_and_one_processor(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SHUT_IN, str(tmp_path)],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["refused"] * 5 + ["1"]


# --- nothing is kept -----------------------------------------------------------------------------


def test_what_a_source_keeps_to_itself_is_in_no_answer_and_no_log(notice):
    text, logged = notice
    files = [body.decode("utf-8", "replace") for body in embedded(text).values()]
    assert len(files) > 4
    assert all("Zorglub" not in one for one in (text, logged, *files))
    assert "Erckmann" in text
    assert "Erckmann" not in logged


def test_a_folder_that_nobody_holds_any_more_is_removed(tmp_path, monkeypatch):
    from collex_graph.uploads import judge as module

    monkeypatch.setattr(module.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(module, "_NEW_SECONDS", -1.0)
    left = tmp_path / "collex-graph-uploads-left"
    left.mkdir()
    (left / "lock").touch()
    (left / "secret.txt").write_text("secret")
    module._remove_what_was_left()
    assert not left.exists()


# --- the page ------------------------------------------------------------------------------------


def test_the_page_marks_the_cell_and_groups_by_rule_and_by_row(page):
    text = page
    assert "<mark>httpss://pubs.rsc.org/b</mark>" in text
    assert "<mark>1234-5678</mark>" in text
    assert 'href="/shapes#UnusableLink"' in text
    by_rule, by_record = text.index('id="by-rule"'), text.index('id="by-record"')
    assert by_rule < text.index("rangée 3") < by_record < text.rindex("rangée 3")
    # every link to a finding leads to one
    assert set(re.findall(r'href="#(r\d+)"', text)) <= set(re.findall(r'id="(r\d+)"', text))


def test_the_reports_travel_inside_the_page(page):
    files = embedded(page)
    assert json.loads(files["controle-titres.json"])["files"][0]["name"] == "titres.txt"
    assert "1234-5678" in files["controle-titres.csv"].decode()
    assert files["controle-titres.xlsx"].startswith(b"PK")
    assert {Path(name).suffix for name in files} >= {".csv", ".xlsx", ".html", ".ttl", ".json"}


def test_what_can_be_mended_for_certain_is_in_the_corrected_file(client):
    wrong = NOTICE.replace(b"12345678X", b"27236935")
    text = page_of(client, wrong, "notice.xml").text
    files = embedded(text)
    assert files["notice.xml"] == NOTICE.replace(b"12345678X", b"027236935")
    # the mark, without which a spreadsheet takes UTF-8 for something else
    assert files["changements.csv"].startswith(b"\xef\xbb\xbf")
    assert "027236935" in files["changements.csv"].decode()
    assert "<ins>027236935</ins>" in text
    assert "Télécharger le fichier corrigé" in text


def test_where_nothing_is_certain_there_is_no_corrected_file(client):
    assert send(client, TITLES, name="titres.txt", format="corrected").status_code == 406


def test_what_is_certain_and_could_not_be_made_is_said_and_nothing_is_called_corrected(client):
    # the comment would go with the text
    extent = (
        b"<physdesc><extent>Volume total : Volume total : 12 m<!-- lin. --></extent></physdesc>"
    )
    body = NOTICE.replace(b"</did>", extent + b"</did>")
    refused = send(client, body, name="notice.xml", format="corrected")
    assert refused.status_code == 406
    text = page_of(client, body, "notice.xml").text
    assert "1 autre n’a pas pu être faite" in text
    assert "trop volumineux" not in text
    files = embedded(text)
    assert "notice.xml" not in files
    assert "laissé" in files["changements.csv"].decode()


def test_what_a_rule_of_the_graph_finds_is_quoted_as_the_file_writes_it(client):
    subject = b'\n<subject authfilenumber="033136327" source="IdRef">Roman francophone</subject>'
    twice = b"<controlaccess>" + subject * 2 + b"</controlaccess></archdesc>"
    text = page_of(client, NOTICE.replace(b"</archdesc>", twice), "notice.xml").text
    (found,) = re.findall(r"Point d’accès en double .*?</section>", text, re.DOTALL)
    assert "&lt;subject " in found
    assert "<mark>Roman francophone</mark>&lt;/subject&gt;" in found


def test_what_a_file_holds_is_text(notice):
    assert "Erckmann &lt;script&gt;" in notice[0]
    assert "Erckmann <script>" not in notice[0]


def test_what_a_file_is_called_is_text(client, monkeypatch, judge):
    judged = page_judgement("<img src=x onerror=a>", "<script>alert(1)</script>")
    monkeypatch.setattr(judge, "judge", lambda *_, **__: judged)
    text = page_of(client, TITLES, "a<script>b.txt").text
    assert "<img src=x" not in text
    assert "<script>" not in text.partition("<body>")[2]
    assert "&lt;img src=x" in text


def page_judgement(name, said):
    """What a judge would say who was taken over by the file."""
    finding = {"number": 0, "file": name, "place": said, "message": said, "advice": said,
               "repair": {"found": said, "repaired": said, "certain": True, "reason": said},
               "excerpt": {"is_row": False, "cells": [
                   {"header": said, "text": said, "marked": True}]}}  # fmt: skip
    rule = {"name": f'x" onclick="{said}', "label": said, "is_ours": True, "severity": said,
            "count": 1, "message": said, "advice": said, "of_dataset": False,
            "results": [finding], "more": 0}  # fmt: skip
    head = {
        "outcome": "judged", "conforms": False, "fails": True, "known": "", "internal": 0,
        "counts": {"Violation": 1, "Warning": 0, "Info": 0}, "left_alone": [said],
        "unknown": [f"{said}2"],
        "files": [{"name": name, "source": said, "alike": [said], "records": 1}],
        "corrected": {"name": f"../{name}", "applied": 1, "left": 0},
    }  # fmt: skip
    view = {"rules": [rule], "records": [], "more_records": 0}
    return Judgement(head, {"page": json.dumps(view).encode(), "corrected": b"x"}, 0.1)


def test_the_page_works_without_a_file_and_says_what_is_missing(client):
    response = client.post("/validate", data={"file": (io.BytesIO(b""), ""), "text": ""},
                           headers={"Accept-Language": "fr"})  # fmt: skip
    assert response.status_code == 400
    assert "Rien n’a été envoyé" in response.text


def test_a_text_is_pasted_and_its_report_saved(client, canned):
    sent = {"text": TITLES.decode().replace("\n", "\r\n"), "day": DAY, "format": "csv"}
    response = client.post("/validate?lang=fr", data=sent)
    assert (response.status_code, response.data) == (200, b"report")
    assert Path(canned[0].file).name == "fichier.txt"


@pytest.mark.usefixtures("canned")
def test_a_report_is_saved_from_the_form(client):
    response = page_of(client, TITLES, "titres.txt", format="csv")
    assert (response.status_code, response.mimetype) == (200, "text/csv")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, 400),
        ({"Origin": "http://localhost"}, 400),
        ({}, 400),
    ],
)
def test_a_form_of_another_site_is_refused(client, headers, status):
    assert client.post("/validate", data={"text": ""}, headers=headers).status_code == status


@pytest.mark.usefixtures("canned")
def test_a_program_of_another_site_may_ask(client):
    response = client.post(
        f"{API}?name=t.txt", data=TITLES, headers={"Origin": "https://other.example"}
    )
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in response.headers


def test_what_is_wrong_with_a_workbook_as_a_whole_is_said_and_not_quoted(client):
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed) as book:
        sheet = book.add_worksheet("Labels")
        for number, line in enumerate(
            (MAPPINGS / "labels" / "sample" / "labels.csv").read_text(encoding="utf-8").split("\n")
        ):
            sheet.write_row(number, 0, line.split(";"))
        book.add_worksheet("Brouillon").write_string(0, 0, "rien")
    text = page_of(client, packed.getvalue(), "labels.xlsx").text
    assert "La feuille «\u00a0Brouillon\u00a0»" in text
    assert "<mark>Brouillon</mark>" not in text


def test_a_sheet_of_ours_is_quoted_with_its_columns_and_without_mailboxes(client):
    body = (MAPPINGS / "labels" / "sample" / "labels.csv").read_bytes()
    body = body.replace("Études de genre".encode(), b"nom@example.org")
    body += "2018;;CollEx;Labellisée;;;;;;;\n".encode()
    text = page_of(client, body, "labels.csv").text
    told = [text, *(one.decode("utf-8", "replace") for one in embedded(text).values())]
    assert '<th scope="col">Campagne</th>' in text
    # the column that would name the row stands there, empty
    assert "<td>2018</td><td><mark>(vide)</mark></td><td>CollEx</td>" in text
    assert all("nom@example" not in one for one in told)


# --- an address ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "http://files.example.org/a.xml", "https://other.example.org/a.xml", "file:///etc/passwd",
        "https://files.example.org:8443/a.xml", "https://u:p@files.example.org/a.xml",
        "https://files.example.org.evil.org/", "https://127.0.0.1/", "https://[::1]/", "https://",
    ],
)  # fmt: skip
def test_only_https_addresses_of_the_list_are_read(tmp_path, address):
    settings = Settings(upload_hosts=("files.example.org",))
    with pytest.raises(UploadRefusedError):
        fetching.fetch(address, tmp_path, settings)


def test_without_a_list_no_address_is_read(client):
    response = client.post(API, data={"url": "https://files.example.org/a.xml"},
                           content_type="multipart/form-data")  # fmt: skip
    assert response.status_code == 403


@pytest.mark.parametrize("found", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"])
def test_a_name_that_leads_to_a_private_address_is_not_asked(tmp_path, monkeypatch, found):
    info = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, 443))]
    monkeypatch.setattr(fetching.socket, "getaddrinfo", lambda *_, **__: info)
    with pytest.raises(FetchError, match="publique"):
        fetching.fetch(
            "https://files.example.org/a.xml",
            tmp_path,
            Settings(upload_hosts=("files.example.org",)),
        )


class Host(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1/")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(TITLES if self.path == "/titres.txt" else b"a" * 3_000_000)

    def log_message(self, *_):
        pass


@pytest.fixture
def fetch_from(monkeypatch, tmp_path):
    """Fetch a path from a host that is a plain server of ours."""
    server = http.server.HTTPServer(("127.0.0.1", 0), Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    class Plain(http.client.HTTPConnection):
        def __init__(self, _host, _address, seconds):
            super().__init__("127.0.0.1", server.server_port, timeout=seconds)

    monkeypatch.setattr(fetching, "_Connection", Plain)
    monkeypatch.setattr(fetching, "_public_address", lambda _: "192.0.2.1")
    settings = Settings(upload_hosts=("files.example.org",), upload_bytes=1_000_000)
    yield lambda path: fetching.fetch(f"https://files.example.org{path}", tmp_path, settings)
    server.shutdown()
    server.server_close()


def test_a_file_is_fetched_with_its_name_and_type(fetch_from):
    path, name, media_type = fetch_from("/titres.txt")
    assert (path.read_bytes(), name, media_type) == (TITLES, "titres.txt", "text/plain")


def test_an_address_that_redirects_is_not_followed(fetch_from):
    with pytest.raises(FetchError, match="renvoie ailleurs"):
        fetch_from("/elsewhere")


def test_a_file_larger_than_files_may_be_is_not_fetched(fetch_from):
    with pytest.raises(FetchError, match="plus de 1000000"):
        fetch_from("/large")


# --- real files ----------------------------------------------------------------------------------


@pytest.mark.real_data
def test_real_files_are_judged_and_quoted(client, shared_data):
    for path in (
        sorted((shared_data / "ccfr").glob("*.xml"))[1],
        sorted((shared_data / "kbart").glob("*FRANCE*"))[0],
    ):
        response = page_of(client, path.read_bytes(), path.name)
        assert response.status_code == 200
        assert "<mark>" in response.text


# --- the end: no judge is left for a test after this one -----------------------------------------


def test_what_is_on_disk_goes_with_the_server(judge):
    zygote = judge._running_zygote()
    (zygote.root / "1").mkdir()
    (zygote.root / "1" / "secret.txt").write_text("secret")
    # what the kernel does when the process is killed
    zygote._forking._control.close()
    zygote._forking._process.wait(timeout=60)
    assert not zygote.root.exists()
    assert not zygote.is_alive()
