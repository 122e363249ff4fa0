"""The cases of the W3C suites of the SPARQL 1.1 Protocol, of its results and of its description.

The suites stand beside the project (../shared/suites). Updates are refused here, so the cases that
begin with one are held to that: 403, and nothing written.
"""

import csv
import io
import json
from pathlib import Path
from urllib.parse import quote

import pyoxigraph as ox
import pytest

SUITES = Path(__file__).resolve().parents[3] / "shared" / "suites" / "sparql"
DATA = "http://kasei.us/2009/09/sparql/data/data{}.rdf"
MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
HT = "http://www.w3.org/2011/http#"
CNT = "http://www.w3.org/2011/content#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RESULT_TYPES = ("application/sparql-results+json", "application/sparql-results+xml")

pytestmark = pytest.mark.real_data


class Graph:
    """The triples of a manifest."""

    def __init__(self, path):
        self.store = ox.Store()
        self.store.load(path=path, format=ox.RdfFormat.TURTLE, base_iri="http://x/")

    def values(self, subject, predicate):
        return [
            quad.object
            for quad in self.store.quads_for_pattern(subject, ox.NamedNode(predicate), None)
        ]

    def value(self, subject, predicate):
        return next(iter(self.values(subject, predicate)), None)

    def items(self, head):
        while head is not None and head != ox.NamedNode(RDF + "nil"):
            yield self.value(head, RDF + "first")
            head = self.value(head, RDF + "rest")


def protocol_cases():
    if not SUITES.is_dir():
        return []
    graph = Graph(SUITES / "protocol" / "manifest.ttl")
    manifest = next(graph.store.quads_for_pattern(None, ox.NamedNode(MF + "entries"), None))
    found = []
    for case in graph.items(manifest.object):
        requests = []
        action = graph.value(case, MF + "action")
        for each in graph.items(graph.value(action, HT + "requests")):
            body = graph.value(each, HT + "body")
            headers = {
                graph.value(header, HT + "fieldName").value: graph.value(
                    header, HT + "fieldValue"
                ).value
                for header in graph.items(graph.value(each, HT + "headers"))
            }
            answer = graph.value(each, HT + "resp")
            statuses = {
                status.value.rpartition("StatusCode")[2][0]
                for status in graph.values(answer, MF + "expectedStatus")
            }
            truth = graph.value(answer, MF + "expectedBoolean")
            kind = graph.value(answer, MF + "expectedFormat")
            encoding = graph.value(body, CNT + "characterEncoding") if body else None
            text = graph.value(body, CNT + "chars").value if body else ""
            requests.append(
                {
                    "method": graph.value(each, HT + "methodName").value,
                    "path": graph.value(each, HT + "absolutePath").value,
                    "body": text.encode(encoding.value) if encoding else text.encode(),
                    "headers": headers,
                    "statuses": statuses,
                    "truth": None if truth is None else truth.value == "true",
                    "kind": kind.value if kind else None,
                }
            )
        found.append(pytest.param(requests, id=case.value.rpartition("#")[2]))
    return found


@pytest.fixture(scope="module")
def client(make_client):
    if not SUITES.is_dir():
        pytest.skip("the public suites are not beside the project (../shared/suites)")
    trig = "".join(
        f"<{DATA.format(n)}> {{\n{(SUITES / 'protocol' / f'data{n}.nt').read_text()}\n}}\n"
        for n in (1, 2, 3)
    )
    return make_client(trig)


@pytest.mark.parametrize("requests", protocol_cases())
def test_every_case_of_the_protocol_suite(client, requests):
    is_update = any("sparql-update" in str(each["headers"]) for each in requests) or any(
        each["body"].startswith(b"update=") or "using-" in each["path"] for each in requests
    )
    for each in requests:
        response = client.open(
            each["path"].replace("/sparql/", "/sparql", 1),
            method=each["method"],
            data=each["body"],
            headers=each["headers"],
        )
        if is_update and "sparql-query" not in str(each["headers"]):
            assert 400 <= response.status_code < 500
            continue
        if is_update:  # what the update would have written is not there
            assert response.get_json(force=True)["boolean"] is False
            continue
        assert str(response.status_code)[0] in each["statuses"], response.text
        if each["truth"] is not None:
            assert response.get_json(force=True)["boolean"] is each["truth"]
        if each["kind"] == "RDF":
            list(ox.parse(response.data, ox.RdfFormat.from_media_type(response.mimetype)))
        elif each["kind"]:
            assert response.mimetype in RESULT_TYPES


RESULT_CASES = [
    *(("json-res", f"jsonres0{n}", "data.ttl", "srj") for n in (1, 2, 3, 4)),
    *(("csv-tsv-res", f"csvtsv0{n}", data, form)
      for n, data in ((1, "data.ttl"), (2, "data.ttl"), (3, "data2.ttl"))
      for form in ("csv", "tsv")),
]  # fmt: skip


@pytest.fixture(scope="module")
def clients(make_client):
    if not SUITES.is_dir():
        pytest.skip("the public suites are not beside the project (../shared/suites)")
    made = {}

    def client_of(path):
        if path not in made:
            triples = ox.parse(path=path, format=ox.RdfFormat.TURTLE)
            text = "".join(f"{each.triple} .\n" for each in triples)
            made[path] = make_client(f"<graph/source/suite> {{\n{text}}}\n")
        return made[path]

    return client_of


@pytest.mark.parametrize(("folder", "name", "data", "form"), RESULT_CASES)
def test_every_case_of_the_result_suites(clients, folder, name, data, form):
    path = SUITES / folder / f"{name}.rq"
    if not path.exists():  # the third of CSV and TSV uses the query of the first
        path = SUITES / folder / "csvtsv01.rq"
    client = clients(SUITES / folder / data)
    query = quote(path.read_text(encoding="utf-8"))
    response = client.get(f"/sparql?format={form}&query={query}")
    assert response.status_code == 200
    expected = (SUITES / folder / f"{name}.{form}").read_text(encoding="utf-8")
    if form == "srj":
        assert comparable(json.loads(response.data)) == comparable(json.loads(expected))
    else:
        assert rows(response.text, form) == rows(expected, form)


def comparable(document):
    """A result in JSON without its blank nodes' labels, rows in any order."""
    if "boolean" in document:
        return document["boolean"]
    found = []
    for binding in document["results"]["bindings"]:
        for term in binding.values():
            if term["type"] == "bnode":
                term["value"] = "b"
            term["type"] = term["type"].replace("typed-literal", "literal")
        found.append(json.dumps(binding, sort_keys=True))
    return sorted(document["head"]["vars"]), sorted(found)


def rows(text, form):
    dialect = {"delimiter": "\t", "quoting": csv.QUOTE_NONE} if form == "tsv" else {}
    table = list(csv.reader(io.StringIO(text), **dialect))
    said = [["b" if cell.startswith("_:") else canonical(cell) for cell in row] for row in table]
    # the order of the columns of `SELECT *` is nobody's promise
    return sorted(sorted(zip(said[0], row, strict=True)) for row in said[1:])


def canonical(cell):
    """A number as the store keeps it: 1.0E6 is 1000000.0, the same value."""
    bare = cell.partition("^^")[0].strip('"')
    try:
        return repr(float(bare)) if bare and not cell.startswith("<") else cell
    except ValueError:
        return cell


def test_every_case_of_the_service_description_suite(client):
    sd = "http://www.w3.org/ns/sparql-service-description#"
    response = client.get("/sparql", headers={"Accept": "application/rdf+xml"})
    assert response.mimetype == "application/rdf+xml"  # returns-rdf
    found = [quad.triple for quad in ox.parse(response.data, ox.RdfFormat.RDF_XML)]
    service = next(t.subject for t in found if t.object == ox.NamedNode(sd + "Service"))
    endpoints = [t.object for t in found if t.predicate == ox.NamedNode(sd + "endpoint")]
    assert [str(each) for each in endpoints] == ["<https://w3id.org/collex-graph/sparql>"]
    # conforms-to-schema: what the recommendation gives a range to is of that class
    typed = {(t.subject, t.object.value) for t in found if t.predicate.value == RDF + "type"}
    for name, class_ in (
        ("extensionFunction", "Function"), ("defaultDataset", "Dataset"),
        ("defaultGraph", "Graph"), ("namedGraph", "NamedGraph"),
    ):  # fmt: skip
        said = [t.object for t in found if t.predicate.value == sd + name]
        assert said
        assert all((each, sd + class_) in typed for each in said)
    assert any(t.subject == service and t.predicate.value == sd + "resultFormat" for t in found)
