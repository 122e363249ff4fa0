"""Every exception becomes one status, one problem document, one page; never a trace."""

import html
import json
import re

import pytest
from werkzeug.exceptions import Gone

from collex_graph.errors import (
    ClientBudgetError,
    ClientQueriesError,
    CollexGraphError,
    EntityNotFoundError,
    FederationError,
    FetchError,
    InvalidDatasetError,
    NotAcceptableError,
    QueryCancelledError,
    QueryMediaTypeError,
    QueryRefusedError,
    QueryServiceBusyError,
    QuerySyntaxError,
    QueryTimeoutError,
    QueryTooLargeError,
    ResourceFileError,
    ResultTooLargeError,
    SnapshotNotFoundError,
    SnapshotNotKeptError,
    UncheckableUploadError,
    UnwritableResultError,
    UploadMemoryError,
    UploadRefusedError,
    UploadTimeoutError,
)
from collex_graph.server.errors import KINDS, problem_of

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ASK = {"query": "ASK { ?s ?p ?o }"}

STATUSES = [
    (QuerySyntaxError("here", line=3, column=7), 400, "query-syntax"),
    (QueryRefusedError("no"), 403, "query-refused"),
    (EntityNotFoundError("no"), 404, "entity-unknown"),
    (NotAcceptableError("no"), 406, "not-acceptable"),
    (Gone(), 410, "entity-gone"),
    (QueryTooLargeError("no"), 413, "content-too-large"),
    (QueryMediaTypeError("no"), 415, "unsupported-media-type"),
    (QueryCancelledError("no"), 409, "query-stopped"),
    (UnwritableResultError("no"), 406, "not-acceptable"),
    (ClientBudgetError("no", retry_after_seconds=7), 429, "budget-spent"),
    (ClientQueriesError("no", retry_after_seconds=7), 429, "too-many-queries"),
    (FederationError("no"), 502, "other-endpoint"),
    (SnapshotNotKeptError("no"), 410, "data-not-kept"),
    (QueryServiceBusyError("no", retry_after_seconds=7), 503, "service-busy"),
    (SnapshotNotFoundError("no"), 503, "no-data-yet"),
    (QueryTimeoutError("no"), 504, "query-timeout"),
    (ResultTooLargeError("no"), 507, "result-too-large"),
    (UploadRefusedError("no"), 403, "upload-refused"),
    (UncheckableUploadError("no"), 422, "uncheckable-file"),
    (FetchError("no"), 502, "fetch-failed"),
    (UploadTimeoutError("no"), 504, "check-timeout"),
    (UploadMemoryError("no"), 507, "check-too-large"),
    (ResourceFileError("/srv/secret.rq", "is broken"), 500, "internal-error"),
    (InvalidDatasetError("no", object()), 500, "internal-error"),
    (ZeroDivisionError("division by zero"), 500, "internal-error"),
]


def failing(client, queries, error, **headers):
    queries.failure = error
    return client.get("/sparql", query_string=ASK, headers=headers)


@pytest.mark.parametrize(
    ("error", "status", "name"), STATUSES, ids=[type(row[0]).__name__ for row in STATUSES]
)
def test_an_exception_has_its_status_and_its_problem_document(client, queries, error, status, name):
    response = failing(client, queries, error)
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    problem = json.loads(response.data)
    assert problem["type"].endswith(f"/problem/{name}")
    assert problem["status"] == status
    assert problem["title"]
    assert problem["advice"]
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_every_error_of_the_project_has_a_kind_on_purpose():
    covered = {type(error) for error, _, _ in STATUSES}

    def leaves(kind):
        below = kind.__subclasses__()
        return {kind} if not below else {leaf for each in below for leaf in leaves(each)}

    ours = {leaf for leaf in leaves(CollexGraphError) if leaf.__module__ == "collex_graph.errors"}
    never_raised_by_requests = {"ConfigurationError", "UnreadableSourceError"}
    assert {kind.__name__ for kind in ours - covered} == never_raised_by_requests


def test_a_syntax_error_names_its_position(client, queries):
    problem = failing(client, queries, QuerySyntaxError("here", line=3, column=7)).get_json()
    assert problem["position"] == {"line": 3, "column": 7}
    assert problem["detail"] == "here"


def test_an_error_without_a_position_sends_nobody_to_one(client, queries):
    def advice(**place):
        return failing(client, queries, QuerySyntaxError("here", **place)).get_json()["advice"]

    assert "indiqué" in advice(line=3, column=7)
    assert "indiqué" not in advice()


@pytest.mark.parametrize("wish", ["timeout=abc", "format=pdf", "query=ASK%7B%7D"])
def test_a_wrong_parameter_sends_nobody_to_a_place_in_the_query(client, wish):
    problem = client.get(f"/sparql?query=ASK%7B%7D&{wish}").get_json()
    assert problem["status"] == 400
    assert problem["type"].endswith("/query-syntax")
    assert "position" not in problem
    assert "indiqué" not in problem["advice"]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_french_words_have_french_signs(kind):
    words = kind.title["fr"] + kind.advice["fr"]
    assert not re.search(r"\w'\w| [;:!?]|« | »", words)


def test_a_time_out_says_the_limit_in_force_and_when_to_try_again(client, queries):
    queries.failure = QueryTimeoutError("stopped")
    response = client.get("/sparql", query_string={**ASK, "timeout": "0.5"})
    assert response.status_code == 504
    assert response.headers["Retry-After"] == "1"
    problem = response.get_json()
    assert problem["limit"] == {"seconds": 0.5}
    assert problem["retry_after_seconds"] == 1


def test_a_busy_service_says_when_to_try_again(client, queries):
    response = failing(client, queries, QueryServiceBusyError("full", retry_after_seconds=7))
    assert response.headers["Retry-After"] == "7"


def test_a_result_that_is_too_large_says_the_limits(client, queries, settings):
    limit = failing(client, queries, ResultTooLargeError("memory")).get_json()["limit"]
    assert limit == {
        "result_bytes": settings.result_bytes,
        "memory_bytes": settings.query_memory_bytes,
    }


@pytest.mark.parametrize(
    ("language", "title"),
    [("fr", "La requête est refusée"), ("en", "The query is refused")],
)
def test_the_title_is_in_the_language_of_the_client(client, queries, language, title):
    error = QueryRefusedError("SERVICE est refusé.\nSERVICE is refused.")
    response = failing(client, queries, error, **{"Accept-Language": language})
    problem = response.get_json()
    assert problem["title"] == title
    assert problem["detail"] in ("SERVICE est refusé.", "SERVICE is refused.")
    assert ("est" in problem["detail"]) == (language == "fr")
    assert response.headers["Content-Language"] == language


def test_people_get_a_page(client):
    response = client.get("/id/fonds/none", headers=BROWSER)
    assert response.status_code == 404
    assert response.mimetype == "text/html"
    assert "Le graphe ne dit rien de cet identifiant" in html.unescape(response.text)
    assert "/id/fonds/none" in response.text


def test_people_get_a_page_for_an_address_that_is_none(client):
    response = client.get("/nowhere", headers=BROWSER)
    assert response.status_code == 404
    assert response.mimetype == "text/html"


def test_a_program_that_takes_anything_gets_a_problem_document(client):
    response = client.get("/nowhere", headers={"Accept": "*/*"})
    assert response.status_code == 404
    assert response.mimetype == "application/problem+json"


def test_the_endpoint_answers_in_plain_text_when_asked(client, queries):
    response = failing(client, queries, QuerySyntaxError("here"), Accept="text/plain")
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "here" in response.text


def test_only_the_endpoint_answers_in_plain_text(client):
    response = client.get("/nowhere", headers={"Accept": "text/plain"})
    assert response.mimetype == "application/problem+json"


def test_an_unexpected_exception_is_logged_and_tells_the_client_nothing(client, queries, caplog):
    response = failing(client, queries, ZeroDivisionError("at /srv/collex/secret.py"))
    assert response.status_code == 500
    assert "secret" not in response.text
    assert "Traceback" not in response.text
    assert "detail" not in response.get_json()
    assert "secret.py" in caplog.text


def test_an_error_that_names_a_file_keeps_it_to_the_log(client, queries):
    response = failing(client, queries, ResourceFileError("/srv/collex/x.rq", "broken", line=3))
    assert "/srv" not in response.text


def test_a_page_that_cannot_be_written_leaves_the_problem_document(client, monkeypatch, caplog):
    from collex_graph.server import pages

    def broken(_):
        raise RuntimeError("template missing")

    monkeypatch.setattr(pages, "error_page", broken)
    response = client.get("/nowhere", headers=BROWSER)
    assert response.status_code == 404
    assert response.mimetype == "application/problem+json"
    assert "template missing" in caplog.text


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch", "trace"])
@pytest.mark.parametrize("path", ["/", "/id/fonds/Fonds_5229", "/dataset", "/healthz"])
def test_a_method_that_an_address_does_not_have_is_refused_with_those_it_has(client, path, method):
    response = client.open(path, method=method.upper())
    assert response.status_code == 405
    allowed = {name.strip() for name in response.headers["Allow"].split(",")}
    assert allowed == {"GET", "HEAD", "OPTIONS"}
    assert response.get_json()["allowed"] == sorted(allowed)


def test_the_endpoint_takes_post_and_no_other_writing_method(client):
    response = client.put("/sparql")
    assert response.status_code == 405
    allowed = {name.strip() for name in response.headers["Allow"].split(",")}
    assert allowed == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("headers", [{}, BROWSER])
def test_the_type_of_a_problem_leads_to_its_explanation(client, name, headers):
    response = client.get(f"/problem/{name}", headers=headers)
    assert response.status_code == 200
    assert KINDS[name].title["fr"] in html.unescape(response.text)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_speaks_both_languages(kind):
    for words in (kind.title, kind.advice):
        assert set(words) == {"fr", "en"}
        assert words["fr"] != words["en"]


def test_a_client_error_of_the_web_framework_is_a_bad_request(app, settings):
    from werkzeug.exceptions import Conflict

    with app.test_request_context("/"):
        problem = problem_of(Conflict(), settings)
    assert (problem.kind.name, problem.status) == ("bad-request", 409)
