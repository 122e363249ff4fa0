"""The only place where an exception becomes an HTTP status.

Programs get ``application/problem+json`` (RFC 9457), people get a page, and the SPARQL endpoint
answers in plain text when asked for it. A trace is written to the log and never to a client.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, current_app, g, request
from werkzeug.exceptions import (
    BadRequest,
    Gone,
    HTTPException,
    MethodNotAllowed,
    RequestEntityTooLarge,
)

from collex_graph.errors import (
    ClientBudgetError,
    ClientQueriesError,
    EntityNotFoundError,
    FederationError,
    FetchError,
    NotAcceptableError,
    QueryCancelledError,
    QueryMediaTypeError,
    QueryRefusedError,
    QueryServiceBusyError,
    QuerySyntaxError,
    QueryTimeoutError,
    QueryTooLargeError,
    ResultTooLargeError,
    SnapshotNotFoundError,
    SnapshotNotKeptError,
    TryLaterError,
    UncheckableUploadError,
    UnwritableResultError,
    UploadMemoryError,
    UploadRefusedError,
    UploadTimeoutError,
)
from collex_graph.rdf.formats import read_accept
from collex_graph.server import pages, uploads
from collex_graph.server.contexts.frame import ErrorContext
from collex_graph.server.negotiation import language_of
from collex_graph.server.services import services

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask

    from collex_graph.server.messages import Language
    from collex_graph.settings import Settings

PROBLEM_JSON = "application/problem+json"
NO_SNAPSHOT_RETRY_SECONDS = 60

blueprint = Blueprint("errors", __name__)


@dataclass(frozen=True)
class Kind:
    """A kind of problem: what `Problem.kind` names.

    Attributes:
        name: the end of the problem's ``type`` IRI.
        status: the HTTP status.
        title: language → what happened, the same for every occurrence.
        advice: language → what to do.
    """

    name: str
    status: int
    title: Mapping[Language, str]
    advice: Mapping[Language, str]


def _kind(name: str, status: int, fr: tuple[str, str], en: tuple[str, str]) -> Kind:
    return Kind(name, status, {"fr": fr[0], "en": en[0]}, {"fr": fr[1], "en": en[1]})


QUERY_SYNTAX = _kind(
    "query-syntax", 400,
    ("La requête est mal formée", "Corrigez-la à l’endroit indiqué, puis renvoyez-la."),
    ("The query is malformed", "Correct it at the place shown, then send it again."),
)  # fmt: skip
# The same kind where nothing can be pointed at: a parameter, the query as a whole.
QUERY_SYNTAX_ANYWHERE = replace(
    QUERY_SYNTAX,
    advice={
        "fr": "Corrigez ce que dit le message, puis renvoyez la requête.",
        "en": "Correct what the message says, then send the query again.",
    },
)
BAD_REQUEST = _kind(
    "bad-request", 400,
    ("La demande est mal formée", "Vérifiez l’adresse et ses paramètres."),
    ("The request is malformed", "Check the address and its parameters."),
)  # fmt: skip
QUERY_REFUSED = _kind(
    "query-refused", 403,
    ("La requête est refusée",
     "Ce service ne répond que sur ses données : retirez SERVICE, LOAD ou la mise à jour."),
    ("The query is refused",
     "This service answers on its own data only: remove SERVICE, LOAD or the update."),
)  # fmt: skip
NOT_FOUND = _kind(
    "not-found", 404,
    ("Il n’y a rien à cette adresse",
     "Vérifiez l’adresse, ou cherchez depuis la page d’accueil."),
    ("There is nothing at this address", "Check the address, or search from the home page."),
)  # fmt: skip
ENTITY_UNKNOWN = _kind(
    "entity-unknown", 404,
    ("Le graphe ne dit rien de cet identifiant",
     "Vérifiez l’identifiant, ou cherchez depuis la page d’accueil."),
    ("The graph says nothing about this identifier",
     "Check the identifier, or search from the home page."),
)  # fmt: skip
METHOD_NOT_ALLOWED = _kind(
    "method-not-allowed", 405,
    ("Cette adresse ne se demande pas ainsi", "Utilisez une des méthodes de l’en-tête Allow."),
    ("This address cannot be asked that way", "Use one of the methods of the Allow header."),
)  # fmt: skip
NOT_ACCEPTABLE = _kind(
    "not-acceptable", 406,
    ("Aucun des formats acceptés n’est disponible", "Demandez un des formats de la liste."),
    ("None of the accepted formats is available", "Ask for one of the formats listed."),
)  # fmt: skip
ENTITY_GONE = _kind(
    "entity-gone", 410,
    ("Cet identifiant n’est plus décrit",
     "Une version précédente des données le décrivait ; voyez la page des données."),
    ("This identifier is no longer described",
     "An earlier version of the data described it; see the page of the data."),
)  # fmt: skip
DATA_NOT_KEPT = _kind(
    "data-not-kept", 410,
    ("Les données demandées ne sont pas gardées",
     "Demandez les données courantes, sans snapshot=, ou d’autres que nomme le message."),
    ("The data asked for are not kept",
     "Ask for the current data, without snapshot=, or for others that the message names."),
)  # fmt: skip
TOO_LARGE = _kind(
    "content-too-large", 413,
    ("Ce qui a été envoyé est trop long", "Envoyez moins d’octets que la limite."),
    ("What was sent is too long", "Send fewer bytes than the limit."),
)  # fmt: skip
FILE_TOO_LARGE = replace(
    TOO_LARGE,
    advice={
        "fr": "Envoyez le fichier en plusieurs parties, ou contrôlez-le avec "
        "« collex-graph validate », sur votre poste.",
        "en": "Send the file in several parts, or check it with “collex-graph validate”, on "
        "your computer.",
    },
)
UNSUPPORTED_MEDIA_TYPE = _kind(
    "unsupported-media-type", 415,
    ("Le type de contenu envoyé n’est pas lu ici",
     "Envoyez application/sparql-query ou application/x-www-form-urlencoded, sans compression."),
    ("The media type sent is not read here",
     "Send application/sparql-query or application/x-www-form-urlencoded, uncompressed."),
)  # fmt: skip
# The same kind for files.
CODED_FILE = replace(
    UNSUPPORTED_MEDIA_TYPE,
    advice={
        "fr": "Envoyez le fichier tel quel, sans Content-Encoding ; une archive .zip ou .tar.gz "
        "est lue comme un fichier.",
        "en": "Send the file as it is, without Content-Encoding; an archive .zip or .tar.gz is "
        "read as a file.",
    },
)
UPLOAD_REFUSED = _kind(
    "upload-refused", 403,
    ("Ce fichier n’est pas accepté ainsi",
     "Déposez-le sur la page /validate, ou envoyez-le à /api/validate."),
    ("This file is not taken that way",
     "Drop it on the page /validate, or send it to /api/validate."),
)  # fmt: skip
UNCHECKABLE = _kind(
    "uncheckable-file", 422,
    ("Ce fichier ne peut pas être contrôlé",
     "Vérifiez que c’est un fichier d’une source connue ou du RDF ; la page /validate les liste."),
    ("This file cannot be checked",
     "Check that it is a file of a known source, or RDF; the page /validate lists them."),
)  # fmt: skip
FETCH_FAILED = _kind(
    "fetch-failed", 502,
    ("L’adresse n’a pas donné de fichier",
     "Vérifiez l’adresse, ou téléchargez le fichier et déposez-le."),
    ("The address gave no file", "Check the address, or download the file and drop it."),
)  # fmt: skip
UPLOAD_TIMEOUT = _kind(
    "check-timeout", 504,
    ("Le contrôle a dépassé sa durée limite et a été arrêté",
     "Envoyez le fichier en plusieurs parties, ou contrôlez-le avec « collex-graph validate »."),
    ("The check passed its time limit and was stopped",
     "Send the file in several parts, or check it with “collex-graph validate”."),
)  # fmt: skip
UPLOAD_MEMORY = _kind(
    "check-too-large", 507,
    ("Le contrôle a dépassé sa limite de mémoire et a été arrêté",
     "Envoyez le fichier en plusieurs parties, ou contrôlez-le avec « collex-graph validate »."),
    ("The check passed its memory limit and was stopped",
     "Send the file in several parts, or check it with “collex-graph validate”."),
)  # fmt: skip
QUERY_STOPPED = _kind(
    "query-stopped", 409,
    ("La requête a été arrêtée à la demande de son client",
     "Renvoyez-la si vous la voulez encore."),
    ("The query was stopped at its client’s request", "Send it again if you still want it."),
)  # fmt: skip
BUDGET_SPENT = _kind(
    "budget-spent", 429,
    ("Votre temps de calcul est épuisé pour l’instant",
     "Réessayez après le délai indiqué ; les résultats déjà connus du site ne coûtent rien."),
    ("Your computing time is spent for now",
     "Try again after the time shown; results that the site already knows cost nothing."),
)  # fmt: skip
TOO_MANY_QUERIES = _kind(
    "too-many-queries", 429,
    ("Trop de vos requêtes sont calculées à la fois",
     "Envoyez-les l’une après l’autre ; les résultats déjà connus du site n’attendent pas."),
    ("Too many of your queries are being computed at once",
     "Send them one after the other; results that the site already knows do not wait."),
)  # fmt: skip
OTHER_ENDPOINT = _kind(
    "other-endpoint", 502,
    ("Un autre point d’accès, appelé par la requête, n’a pas répondu comme il faut",
     "Réessayez plus tard, ou essayez cette partie de la requête chez lui."),
    ("Another endpoint, called by the query, did not answer as it should",
     "Try again later, or try that part of the query there."),
)  # fmt: skip
INTERNAL = _kind(
    "internal-error", 500,
    ("Le site a rencontré une erreur",
     "Elle est notée dans le journal. Réessayez ; si elle persiste, signalez-la avec l’adresse."),
    ("The site met an error",
     "It has been logged. Try again; if it lasts, report it with the address."),
)  # fmt: skip
SERVICE_BUSY = _kind(
    "service-busy", 503,
    ("Le service est occupé", "Réessayez après le délai indiqué."),
    ("The service is busy", "Try again after the time shown."),
)  # fmt: skip
NO_SNAPSHOT = _kind(
    "no-data-yet", 503,
    ("Aucune donnée n’est publiée pour l’instant", "Réessayez après le délai indiqué."),
    ("No data is published yet", "Try again after the time shown."),
)  # fmt: skip
QUERY_TIMEOUT = _kind(
    "query-timeout", 504,
    ("La requête a dépassé sa durée limite et a été arrêtée",
     "Précisez-la ou ajoutez LIMIT ; pour de grands volumes, téléchargez le jeu de données."),
    ("The query passed its time limit and was stopped",
     "Make it more selective or add LIMIT; for large volumes, download the data set."),
)  # fmt: skip
RESULT_TOO_LARGE = _kind(
    "result-too-large", 507,
    ("La requête a dépassé sa limite de mémoire ou de résultat et a été arrêtée",
     "Précisez-la ou ajoutez LIMIT ; pour de grands volumes, téléchargez le jeu de données."),
    ("The query passed its memory or result limit and was stopped",
     "Make it more selective or add LIMIT; for large volumes, download the data set."),
)  # fmt: skip

KINDS = {
    kind.name: kind
    for kind in (
        QUERY_SYNTAX, BAD_REQUEST, QUERY_REFUSED, NOT_FOUND, ENTITY_UNKNOWN, METHOD_NOT_ALLOWED,
        NOT_ACCEPTABLE, ENTITY_GONE, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, INTERNAL, SERVICE_BUSY,
        NO_SNAPSHOT, QUERY_TIMEOUT, RESULT_TOO_LARGE, QUERY_STOPPED, BUDGET_SPENT,
        TOO_MANY_QUERIES, OTHER_ENDPOINT, DATA_NOT_KEPT, UPLOAD_REFUSED, UNCHECKABLE, FETCH_FAILED,
        UPLOAD_TIMEOUT, UPLOAD_MEMORY,
    )
}  # fmt: skip

# The first class that an exception is an instance of decides.
_BY_EXCEPTION: tuple[tuple[type[Exception], Kind], ...] = (
    (QuerySyntaxError, QUERY_SYNTAX),
    (QueryRefusedError, QUERY_REFUSED),
    (QueryTooLargeError, TOO_LARGE),
    (QueryMediaTypeError, UNSUPPORTED_MEDIA_TYPE),
    (QueryTimeoutError, QUERY_TIMEOUT),
    (ResultTooLargeError, RESULT_TOO_LARGE),
    (QueryServiceBusyError, SERVICE_BUSY),
    (QueryCancelledError, QUERY_STOPPED),
    (ClientBudgetError, BUDGET_SPENT),
    (ClientQueriesError, TOO_MANY_QUERIES),
    (UploadRefusedError, UPLOAD_REFUSED),
    (UncheckableUploadError, UNCHECKABLE),
    (UploadTimeoutError, UPLOAD_TIMEOUT),
    (UploadMemoryError, UPLOAD_MEMORY),
    (FetchError, FETCH_FAILED),
    (SnapshotNotKeptError, DATA_NOT_KEPT),
    (FederationError, OTHER_ENDPOINT),
    (UnwritableResultError, NOT_ACCEPTABLE),
    (NotAcceptableError, NOT_ACCEPTABLE),
    (EntityNotFoundError, ENTITY_UNKNOWN),
    (SnapshotNotFoundError, NO_SNAPSHOT),
    (Gone, ENTITY_GONE),
    (MethodNotAllowed, METHOD_NOT_ALLOWED),
    (RequestEntityTooLarge, TOO_LARGE),
    (BadRequest, BAD_REQUEST),
)
_BY_STATUS = {404: NOT_FOUND, 406: NOT_ACCEPTABLE, 415: UNSUPPORTED_MEDIA_TYPE}

# Messages of these may be shown: they speak of the request. Those of others may name files.
_SPEAKS_OF_THE_REQUEST = (
    QuerySyntaxError, QueryRefusedError, QueryTooLargeError, QueryMediaTypeError,
    QueryTimeoutError, ResultTooLargeError, TryLaterError, NotAcceptableError,
    EntityNotFoundError, QueryCancelledError, FederationError,
    UnwritableResultError, SnapshotNotKeptError, UploadRefusedError, UncheckableUploadError,
    UploadTimeoutError, UploadMemoryError, FetchError,
)  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """One occurrence of a problem, before it is written for somebody.

    Attributes:
        kind: which problem.
        status: its HTTP status.
        detail: what is wrong with this very request; empty when the title says it all.
        members: further members of the problem document (``limit``, ``retry_after_seconds``…).
        headers: what HTTP wants said with the status.
    """

    kind: Kind
    status: int
    detail: str = ""
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def problem_of(error: Exception, settings: Settings) -> Problem:
    """Return what an exception means to a client.

    Args:
        error: any exception raised while a request was handled.
        settings: for the limits that were in force.
    """
    kind = _kind_of(error)
    status = kind.status
    if isinstance(error, HTTPException) and error.code and kind is BAD_REQUEST:
        status = error.code
    members: dict[str, Any] = {}
    headers: dict[str, str] = {}
    if isinstance(error, QuerySyntaxError) and error.line is not None:
        members["position"] = {"line": error.line, "column": error.column}
    elif isinstance(error, QueryTimeoutError):
        seconds = g.get("query_timeout_seconds", settings.query_timeout_seconds)
        members["limit"] = {"seconds": seconds}
        _retry_after(math.ceil(seconds), members, headers)
    elif isinstance(error, ResultTooLargeError):
        members["limit"] = {
            "result_bytes": settings.result_bytes,
            "memory_bytes": settings.query_memory_bytes,
        }
    elif kind is FILE_TOO_LARGE:
        members["limit"] = {
            "file_bytes": settings.upload_bytes,
            "text_bytes": uploads.MOST_TEXT_BYTES,
        }
    elif isinstance(error, QueryTooLargeError | RequestEntityTooLarge):
        members["limit"] = {"query_bytes": settings.query_text_bytes}
    elif isinstance(error, UploadTimeoutError):
        members["limit"] = {"seconds": settings.upload_seconds}
    elif isinstance(error, UploadMemoryError):
        members["limit"] = {
            "memory_bytes": settings.upload_memory_bytes,
            "disk_bytes": settings.upload_disk_bytes,
        }
    elif isinstance(error, ClientBudgetError):
        members["limit"] = {
            "computing_seconds": settings.client_budget_seconds,
            "window_seconds": settings.client_window_seconds,
        }
    elif isinstance(error, ClientQueriesError):
        members["limit"] = {"queries_at_once": settings.queries_of_a_client}
    elif isinstance(error, SnapshotNotFoundError):
        _retry_after(NO_SNAPSHOT_RETRY_SECONDS, members, headers)
    elif isinstance(error, MethodNotAllowed):
        allowed = sorted(error.valid_methods or ())
        members["allowed"] = allowed
        headers["Allow"] = ", ".join(allowed)
    elif kind is NOT_ACCEPTABLE and "alternates" in g:
        members["available"] = [
            {"media_type": media_type, "href": href} for href, media_type in g.alternates
        ]
    if isinstance(error, TryLaterError):
        _retry_after(error.retry_after_seconds, members, headers)
    detail = str(error) if isinstance(error, _SPEAKS_OF_THE_REQUEST) else ""
    if kind is FILE_TOO_LARGE:
        most = [f"{size / 1e6:g}" for size in (settings.upload_bytes, uploads.MOST_TEXT_BYTES)]
        detail = "Un fichier fait {} Mo au plus, un texte collé {} Mo.\n".format(
            *(size.replace(".", ",") for size in most)
        ) + "A file has {} MB at most, a pasted text {} MB.".format(*most)
    if isinstance(error, BadRequest) and type(error) is BadRequest:
        detail = error.description or ""
    return Problem(kind, status, detail, members, headers)


def _kind_of(error: Exception) -> Kind:
    if isinstance(error, RequestEntityTooLarge) and uploads.takes_file(request):
        return FILE_TOO_LARGE
    for exception, kind in _BY_EXCEPTION:
        if isinstance(error, exception):
            if isinstance(error, QuerySyntaxError) and error.line is None:
                return QUERY_SYNTAX_ANYWHERE
            return kind
    if isinstance(error, HTTPException) and error.code and error.code < 500:
        if error.code == 415 and uploads.takes_file(request):
            return CODED_FILE
        return _BY_STATUS.get(error.code, BAD_REQUEST)
    return INTERNAL


def _retry_after(seconds: int, members: dict[str, Any], headers: dict[str, str]) -> None:
    members["retry_after_seconds"] = max(seconds, 1)
    headers["Retry-After"] = str(max(seconds, 1))


def register(app: Flask) -> None:
    """Make every exception of an application an answer of this module."""
    app.register_error_handler(Exception, _answer)


def _answer(error: Exception) -> Response:
    problem = problem_of(error, services().settings)
    if problem.kind is INTERNAL:
        current_app.logger.error("%s %r failed", request.method, request.path, exc_info=error)
    response = respond(problem)
    for name, value in problem.headers.items():
        response.headers[name] = value
    response.headers["Cache-Control"] = "no-store"
    response.vary.update(("Accept", "Accept-Language"))
    return response


def respond(problem: Problem) -> Response:
    """Write a problem in the form that the client of the current request reads."""
    language = language_of(request)
    form = _form_for(request.headers.get("Accept"), is_endpoint=request.path == "/sparql")
    if form == "text/html":
        page = _page(problem, language)
        if page is not None:
            return Response(page, problem.status, mimetype="text/html")
    if form == "text/plain":
        detail = in_language(problem.detail, language)
        lines = [problem.kind.title[language], detail, problem.kind.advice[language]]
        text = "".join(f"{line}\n" for line in lines if line)
        return Response(text, problem.status, mimetype="text/plain")
    document = {
        "type": services().iris.base + f"problem/{problem.kind.name}",
        "title": problem.kind.title[language],
        "status": problem.status,
        **({"detail": in_language(problem.detail, language)} if problem.detail else {}),
        "advice": problem.kind.advice[language],
        **problem.members,
    }
    response = Response(
        json.dumps(document, ensure_ascii=False), problem.status, mimetype=PROBLEM_JSON
    )
    response.content_language.add(language)
    return response


def in_language(message: str, language: Language) -> str:
    r"""Return one language of a message: those of the rooms below are French, then English.

    >>> in_language("SERVICE est refusé.\nSERVICE is refused.", "en")
    'SERVICE is refused.'
    >>> in_language("unexpected end", "fr")
    'unexpected end'
    """
    lines = message.split("\n")
    if len(lines) != 2:
        return message
    return lines[0] if language == "fr" else lines[1]


def _form_for(accept: str | None, *, is_endpoint: bool) -> str:
    """Return the media type of an error: a page or plain text only for those who name it.

    >>> _form_for("text/html,application/xml;q=0.9,*/*;q=0.8", is_endpoint=True)
    'text/html'
    >>> _form_for("*/*", is_endpoint=False)
    'application/problem+json'
    """
    forms = [PROBLEM_JSON, "application/json", "text/html", *["text/plain"] * is_endpoint]
    named = [media_type for media_type in read_accept(accept) if media_type in forms]
    return named[0] if named and not named[0].endswith("json") else PROBLEM_JSON


def _page(problem: Problem, language: Language) -> str | None:
    position = problem.members.get("position")
    where = request.path
    if position:
        line, column = position["line"], position["column"]
        where = {"fr": f"ligne {line}, colonne {column}", "en": f"line {line}, column {column}"}[
            language
        ]
    context = ErrorContext(
        title=problem.kind.title[language],
        status=problem.status,
        detail=in_language(problem.detail, language),
        where=where,
        advice=problem.kind.advice[language],
    )
    try:
        return pages.error_page(context)
    except Exception:
        # The page of an error may fail for the reason the error is about; the problem document
        # needs nothing but this module.
        current_app.logger.exception("the error page could not be written")
        return None


@blueprint.get("/problem/<name>")
def problem_kind(name: str) -> Response:
    """Say what a problem's ``type`` means: the IRIs of problem documents lead here."""
    kind = KINDS.get(name)
    if kind is None:
        raise EntityNotFoundError(
            f"Aucune sorte de problème ne s’appelle {name}.\nNo kind of problem is called {name}."
        )
    response = respond(Problem(kind, kind.status))
    response.status_code = 200
    return response
