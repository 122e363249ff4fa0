"""What every answer must hold, whoever asks for what."""

import json
import re

import pytest

PATHS = [
    "/", "/dataset", "/dataset/dataset.nq.gz", "/id/fonds/Fonds_8888", "/id/fonds/Fonds_8888.ttl",
    "/sparql", "/sparql?query=ASK%7B%7D", "/sparql?query=broken", "/healthz", "/nowhere",
    "/entity?iri=http://www.idref.fr/027015181/id", "/query", "/search", "/about", "/ontology",
]  # fmt: skip
BROWSER = {"Accept": "text/html,*/*;q=0.8"}
EVIL = {
    "Host": "evil.example",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "203.0.113.9",
    "Forwarded": "host=evil.example;proto=https",
    "X-Original-URL": "/evil.example",
    "X-Rewrite-URL": "/evil.example",
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", [{}, BROWSER], ids=["program", "browser"])
def test_every_answer_carries_the_security_headers(client, path, headers):
    response = client.get(path, headers=headers, buffered=True)
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert "geolocation=()" in response.headers["Permissions-Policy"]
    assert "Server" not in response.headers
    assert "X-Powered-By" not in response.headers


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", [{}, BROWSER], ids=["program", "browser"])
def test_no_answer_repeats_a_host_that_the_client_made_up(client, path, headers):
    response = client.get(
        path, headers={**headers, **EVIL}, base_url="http://evil.example", buffered=True
    )
    assert response.status_code < 500
    assert b"evil.example" not in response.data
    assert all("evil.example" not in value for value in response.headers.values())


@pytest.fixture
def pages(client):
    """The pages among the answers a browser gets."""
    responses = [client.get(path, headers=BROWSER, buffered=True) for path in PATHS]
    found = [response.text for response in responses if response.mimetype == "text/html"]
    assert len(found) > 8
    return found


def test_no_page_holds_script_or_style_in_its_text(pages):
    html = "\n".join(pages)
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert "<style" not in html
    assert not re.search(r"\s(on\w+|style)\s*=", re.sub(r">[^<]*<", "><", html))


def test_no_page_loads_anything_from_another_host(pages):
    html = "\n".join(pages)
    loaded = re.findall(r'<(?:script|img|iframe|source|video|embed)\b[^>]*\bsrc="([^"]*)', html)
    loaded += re.findall(r'<link\b[^>]*\brel="(?:stylesheet|icon|preload)"[^>]*href="([^"]*)', html)
    assert all(address.startswith("/") and not address.startswith("//") for address in loaded)


def test_markup_in_a_label_stays_text(client):
    html = client.get("/id/fonds/Fonds_8888", headers=BROWSER).text
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


def test_an_address_that_runs_script_is_no_link(client):
    html = client.get("/id/fonds/Fonds_8888", headers=BROWSER).text
    assert not re.search(r"(href|src)\s*=\s*[\"']?\s*(javascript|data|vbscript):", html, re.I)


@pytest.mark.parametrize(
    "path",
    [
        "/<script>alert(1)</script>",
        "/id/fonds/<script>alert(1)</script>",
        "/entity?iri=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/search?q=%3Cscript%3Ealert(1)%3C/script%3E",
        "/sparql?query=%3Cscript%3Ealert(1)%3C/script%3E",
        "/query?query=%3Cscript%3Ealert(1)%3C/script%3E",
        "/problem/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    ],
)
def test_what_a_client_sends_comes_back_as_text_only(client, path):
    response = client.get(path, headers=BROWSER)
    assert response.status_code < 500
    assert "<script>alert" not in response.text
    if response.mimetype != "text/html":
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "address",
    [
        "/entity?iri=https://w3id.org/collex-graph//evil.example/x",
        "/entity?iri=https://w3id.org/collex-graph/%5Cevil.example",
        "/entity?iri=https://w3id.org/collex-graph/id/../../evil.example",
        "//evil.example/",
        "/%2Fevil.example",
        "/id/x?lang=en&next=//evil.example",
        "/?url=https://evil.example",
    ],
)
def test_no_address_leads_to_another_host(client, address):
    response = client.get(address, headers=BROWSER)
    assert response.status_code < 500
    location = response.headers.get("Location", "/")
    assert re.match(r"/(?![/\\])", location)


@pytest.mark.parametrize(
    "path",
    [
        "/.git/config", "/.git/HEAD", "/.env", "/.htaccess", "/static/", "/static",
        "/static/../templates/base.html", "/static/%2e%2e/templates/base.html", "/console",
        "/static/..%2f..%2fpyproject.toml", "/server-status", "/metrics/../.env", "/backup.zip",
        "/templates/base.html", "/pyproject.toml", "/dataset/", "/dataset/manifest.json",
        "/dataset/../manifest.json", "/debug", "/__debugger__", "/actuator", "/id", "/graph",
    ],
)  # fmt: skip
def test_nothing_is_served_but_what_is_meant_to_be(client, path):
    response = client.get(path)
    assert response.status_code in (400, 404)
    assert "Traceback" not in response.text


def test_a_debugger_never_opens(client, queries):
    queries.failure = ZeroDivisionError("boom")
    response = client.get(
        "/sparql?query=ASK%7B%7D&__debugger__=yes&cmd=resource&f=debugger.js", headers=BROWSER
    )
    assert response.status_code == 500
    assert "boom" not in response.text
    assert "Traceback" not in response.text


@pytest.mark.parametrize(
    "headers",
    [
        {"X-HTTP-Method-Override": "PUT"},
        {"X-HTTP-Method": "DELETE"},
        {"X-Method-Override": "PATCH"},
        {"X-Forwarded-User": "admin"},
        {"Authorization": "Bearer admin"},
        {"Remote-User": "admin"},
    ],
)
def test_no_header_makes_a_client_more_than_a_reader(client, headers):
    response = client.post("/sparql?query=ASK%7B%7D&_method=PUT", headers=headers, data={})
    plain = client.post("/sparql?query=ASK%7B%7D&_method=PUT", data={})
    assert response.status_code == plain.status_code


@pytest.mark.parametrize("path", ["/SPARQL", "/sparql/", "/sparql%2F", "//sparql", "/./sparql"])
def test_no_other_spelling_of_a_path_is_that_path(client, path):
    response = client.post(path, data={"update": "DROP ALL"})
    assert response.status_code in (400, 404)


def test_a_body_announced_too_large_is_refused_before_it_is_read(client, settings):
    class Untouchable:
        def read(self, *_):
            raise AssertionError("the body was read")

        readline = __iter__ = read

    response = client.post(
        "/sparql",
        environ_overrides={
            "wsgi.input": Untouchable(),
            "CONTENT_LENGTH": str(20 * 10**9),
            "CONTENT_TYPE": "application/sparql-query",
        },
    )
    assert response.status_code == 413


@pytest.mark.parametrize("path", ["/", "/sparql", "/id/x"])
def test_a_body_announced_too_large_is_refused_everywhere(client, path):
    response = client.post(path, environ_overrides={"CONTENT_LENGTH": str(20 * 10**9)})
    assert response.status_code == 413


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "identity, gzip"])
def test_a_compressed_body_is_not_unpacked(client, coding):
    response = client.post(
        "/sparql",
        data=b"\x1f\x8b",
        content_type="application/sparql-query",
        headers={"Content-Encoding": coding},
    )
    assert response.status_code == 415


def test_the_only_cookie_is_the_language(client):
    for path in PATHS:
        joint = "&" if "?" in path else "?"
        response = client.get(f"{path}{joint}lang=en", headers=BROWSER, buffered=True)
        cookies = response.headers.getlist("Set-Cookie")
        assert all(cookie.startswith("lang=en;") for cookie in cookies)
        assert all("HttpOnly" in cookie and "SameSite=Lax" in cookie for cookie in cookies)


@pytest.mark.parametrize("value", ["en%0D%0AX-Injected:1", "<script>", "fr;Domain=evil", "de"])
def test_a_language_that_does_not_exist_is_not_remembered(client, value):
    response = client.get(f"/dataset?lang={value}", headers=BROWSER)
    assert "Set-Cookie" not in response.headers
    assert "X-Injected" not in response.headers


def test_the_router_never_redirects(app):
    assert all(not rule.rule.endswith("/") for rule in app.url_map.iter_rules() if rule.rule != "/")
    assert not app.url_map.merge_slashes


def test_only_the_endpoint_takes_anything_but_reading(app):
    reading = {"GET", "HEAD", "OPTIONS"}
    others = {
        (rule.rule, *(rule.methods - reading))
        for rule in app.url_map.iter_rules()
        if rule.methods - reading
    }
    assert others == {
        ("/sparql", "POST"), ("/sparql/queries/<identifier>", "DELETE"),
        # they take a file, answer about it, and change nothing
        ("/validate", "POST"), ("/api/validate", "POST"),
    }  # fmt: skip


def test_a_problem_is_json_whatever_is_in_it(client):
    response = client.get("/sparql", query_string={"query": 'SELECT "\u2028</script>\x01'})
    json.loads(response.data)


def test_a_log_line_cannot_be_forged(client, queries, caplog):
    queries.failure = ZeroDivisionError("boom")
    client.get("/id/fonds/x%0AERROR forged", headers={"Accept": "text/turtle"})
    assert "\nERROR forged" not in caplog.text
