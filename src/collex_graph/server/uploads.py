"""Takes files to be checked: ``POST /api/validate``, and what the page ``/validate`` needs.

Order matters: the client's budget, a place among the few that are judged or wait, then the bytes,
up to a size, into a folder that is removed whatever happens. Nothing is written anywhere else, so a
request that another site makes a browser send changes nothing; the page refuses those all the same,
because what they send would be shown under our name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from shutil import copyfileobj
from typing import IO, TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from flask import Blueprint, Response, current_app, request
from pyoxigraph import Literal, RdfFormat, parse
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from collex_graph.errors import (
    NotAcceptableError,
    UncheckableUploadError,
    UploadError,
    UploadRefusedError,
)
from collex_graph.rdf.formats import choose_media_type, read_accept
from collex_graph.rdf.namespaces import term
from collex_graph.resources import resource_dir
from collex_graph.server.fair_use import client_address
from collex_graph.server.negotiation import language_of
from collex_graph.server.public_queries import client_has_gone
from collex_graph.server.services import services
from collex_graph.uploads.fetching import fetch
from collex_graph.uploads.file_names import fitting_name, harmless_name, is_office_document
from collex_graph.uploads.formats import REPORT_FORMATS
from collex_graph.uploads.frames import CORRECTED, Job

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from flask import Request

    from collex_graph.server.messages import Language
    from collex_graph.uploads.judge import Judgement

MOST_TEXT_BYTES: Final = 5_000_000
"""Longest text that is pasted; a longer one comes as a file."""
MOST_FILE_BYTES: Final = "MOST_FILE_BYTES"
"""Of the application's configuration: the largest request that may bring a file."""
FORM_BYTES: Final = 64 * 1024
"""Of such a request, what is not the file."""

FAIL_ON: Final = ("violation", "warning", "info")
AS_RDF: Final = "rdf"

_API, _PAGE = "uploads.validate", "pages.validate_file"
_LONGEST_FIELD: Final = 2_000
_OFFERED: Final = ("json", "csv", "xlsx", "turtle", "json-ld", "html", "text")
_TO_SAVE: Final = frozenset({"csv", "xlsx", "html", CORRECTED})

blueprint = Blueprint("uploads", __name__, url_prefix="/api")


# --- before anything is read ---------------------------------------------------------------------


def takes_file(asked: Request) -> bool:
    """Say whether a request may bring a file."""
    return asked.method == "POST" and asked.endpoint in (_API, _PAGE)


def allow_file(asked: Request) -> None:
    """Let a request that may bring a file be as large as files may be."""
    if takes_file(asked):
        asked.max_content_length = current_app.config[MOST_FILE_BYTES]
        asked.max_form_memory_size = MOST_TEXT_BYTES


def refuse_other_sites() -> None:
    """Refuse a form that the page of another site sent.

    Raises:
        UploadRefusedError: when the browser says so.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None:
        is_ours = site in ("same-origin", "none")
    else:
        # what browsers send that do not know the other header; programs send neither
        public = urlsplit(services().settings.public_address).netloc
        is_ours = origin is None or urlsplit(origin).netloc in {request.host, public} - {""}
    if not is_ours:
        raise UploadRefusedError(
            "Ce formulaire vient d’un autre site.\nThis form comes from another site."
        )


# --- what is given -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wishes:
    """What is asked about a file, apart from the file.

    Attributes:
        source: what it is of; empty to tell from it.
        day: for which labels hold.
        fail_on: the gravity from which it fails.
        name: what it is called; empty where its sender did not say.
    """

    source: str = ""
    day: str = ""
    fail_on: str = "violation"
    name: str = ""


@dataclass(frozen=True)
class Checked:
    """A file that was judged: what it is called, which documents were wanted, what was found."""

    name: str
    wanted: tuple[str, ...]
    judgement: Judgement


def read_wishes(values: Mapping[str, str]) -> Wishes:
    """Read what is asked about a file.

    Raises:
        BadRequest: for a value that is none.
    """
    source = values.get("source", "").strip()
    if source and source not in source_names():
        known = ", ".join(source_names())
        raise BadRequest(
            f"La source « {source[:80]} » n’existe pas\u00a0: {known}.\n"
            f"There is no source “{source[:80]}”: {known}."
        )
    day = values.get("day", "").strip()
    if day and not _is_day(day):
        raise BadRequest(
            f"Le jour « {day[:80]} » s’écrit AAAA-MM-JJ.\n"
            f"The day “{day[:80]}” is written YYYY-MM-DD."
        )
    fail_on = values.get("fail-on", "").strip() or FAIL_ON[0]
    if fail_on not in FAIL_ON:
        raise BadRequest(
            f"« fail-on » n’accepte que {', '.join(FAIL_ON)}, et non « {fail_on[:80]} ».\n"
            f"“fail-on” takes {', '.join(FAIL_ON)}, not “{fail_on[:80]}”."
        )
    return Wishes(source, day, fail_on, values.get("name", "").strip()[:_LONGEST_FIELD])


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


@cache
def source_names() -> tuple[str, ...]:
    """Return what ``source`` may be."""
    mapped = sorted(path.parent.name for path in resource_dir("mappings").glob("*/mapping.yml"))
    return (*mapped, AS_RDF)


@cache
def source_labels(language: Language) -> Mapping[str, str]:
    """Return name → what people call a source."""
    text = (resource_dir("mappings") / "sources.ttl").read_bytes()
    labels: dict[str, str] = {}
    for quad in parse(text, format=RdfFormat.TURTLE, base_iri="base:/"):
        if quad.predicate == term("rdfs:label") and isinstance(quad.object, Literal):
            name = str(quad.subject.value).rpartition("/")[2]
            if quad.object.language == language:
                labels[name] = quad.object.value
    return {name: labels.get(name, name) for name in source_names()}


# --- receiving and judging -----------------------------------------------------------------------


def check_what_is_sent(wanted: Callable[[], tuple[str, ...]], *, form: bool) -> Checked:
    """Receive the file of the current request and have it judged.

    Args:
        wanted: says, once the file is here, which documents are wanted; see `frames.Job`.
        form: it may come in the fields of a form alone.

    Raises:
        UploadError: when there is no report.
        BadRequest: when no file was sent, or a value is none.
        RequestEntityTooLarge: when it is larger than files may be.
        QueryServiceBusyError: when too many files are here.
        ClientBudgetError: when the client has no computing time left.
    """
    site = services()
    client = client_address(request.environ, site.settings.client_address_header)
    site.fair_use.check(client)
    with site.judge.place() as folder, site.fair_use.running(client) as charge:
        path, wishes, media_type = _received(folder, form=form)
        if path.stat().st_size > site.settings.upload_bytes:
            raise RequestEntityTooLarge
        if not path.stat().st_size:
            raise UncheckableUploadError("Le fichier est vide.\nThe file is empty.")
        if is_office_document(path):
            raise UncheckableUploadError(
                "C’est un document ODS, XLS, ODT ou DOCX, ou il a un mot de passe\u00a0: "
                "enregistrez le classeur au format XLSX, ou sa feuille en CSV, sans mot de passe.\n"
                "This is an ODS, XLS, ODT or DOCX document, or it has a password: save the "
                "workbook as XLSX, or its sheet as CSV, without a password."
            )
        documents = wanted()
        name = fitting_name(wishes.name, media_type, path)
        (folder / "given").mkdir()
        job = Job(
            folder=str(folder),
            file=str(path.rename(folder / "given" / name)),
            source=wishes.source,
            day=wishes.day or site.settings.day,
            language=language_of(request),
            documents=documents,
            fail_on=wishes.fail_on,
            base_iri=site.settings.base_iri,
            snapshot=str(site.snapshot.directory.resolve()),
            cpu_seconds=int(site.settings.upload_seconds) + 1,
            memory_bytes=site.settings.upload_memory_bytes,
            disk_bytes=site.settings.upload_disk_bytes,
        )
        try:
            judgement = site.judge.judge(
                job, is_cancelled=client_has_gone(request.environ.get("gunicorn.socket"))
            )
        except UploadError as error:
            charge(error.seconds)
            raise
        charge(judgement.seconds)
        return Checked(name, documents, judgement)


def _received(folder: Path, *, form: bool) -> tuple[Path, Wishes, str]:
    """Put what was sent into a folder; return it, what is asked about it, and its media type."""
    path = folder / "sent"
    values = request.args.to_dict()
    if not form and request.mimetype != "multipart/form-data":
        _save(request.stream, path)
        return path, read_wishes(values), request.mimetype
    values |= {key: value for key, value in request.form.items() if key not in ("text", "url")}
    wishes = read_wishes(values)
    files = [file for file in request.files.values() if file.filename or not form]
    text, address = request.form.get("text", ""), request.form.get("url", "").strip()
    if len(files) + bool(text.strip()) + bool(address) > 1:
        raise BadRequest(
            "Donnez une seule chose à la fois\u00a0: un fichier, un texte ou une adresse.\n"
            "Give one thing at a time: a file, a text or an address."
        )
    if files:
        _save(files[0].stream, path)
        name = wishes.name or files[0].filename or ""
        return path, replace(wishes, name=name), files[0].mimetype
    if text.strip():
        path.write_text(text.replace("\r\n", "\n"), encoding="utf-8", errors="replace")
        return path, wishes, ""
    if address:
        path, name, media_type = fetch(address, folder, services().settings)
        return path, replace(wishes, name=name), media_type
    raise BadRequest(
        "Rien n’a été envoyé\u00a0: choisissez un fichier ou collez un texte.\n"
        "Nothing was sent: choose a file or paste a text."
    )


def _save(stream: IO[bytes], path: Path) -> None:
    with path.open("xb") as file:
        copyfileobj(stream, file)


# --- the interface -------------------------------------------------------------------------------


@blueprint.post("/validate")
def validate() -> Response:
    """Check a file and answer with the report, whatever the verdict."""
    name = _wanted_format()
    return document(check_what_is_sent(lambda: (name,), form=False), name)


def _wanted_format() -> str:
    """Return the name of the format asked for, by ``format`` or by the header Accept.

    Raises:
        BadRequest: for a format that does not exist.
        NotAcceptableError: when the client accepts none.
    """
    given = request.args.get("format", "")
    if given:
        return _known_format(given)
    types = {REPORT_FORMATS[each].media_type.partition(";")[0]: each for each in _OFFERED}
    chosen = choose_media_type(read_accept(request.headers.get("Accept")), tuple(types))
    if chosen is None:
        known = ", ".join(types)
        raise NotAcceptableError(f"Formats disponibles ici : {known}.\nAvailable here: {known}.")
    return types[chosen]


def wanted_in_form(otherwise: tuple[str, ...]) -> tuple[str, ...]:
    """Return the format that the form of the page asks for, or what is wanted where it asks none.

    Raises:
        BadRequest: for a format that does not exist.
    """
    given = request.form.get("format", "").strip()
    return (_known_format(given),) if given else otherwise


def sent_fields() -> Mapping[str, str]:
    """Return the fields of the form that was sent; none where its body was refused unread."""
    return request.form if "form" in vars(request) else {}


def _known_format(given: str) -> str:
    if given not in REPORT_FORMATS and given != CORRECTED:
        known = ", ".join((*REPORT_FORMATS, CORRECTED))
        raise BadRequest(
            f"Le format « {given[:80]} » n’existe pas\u00a0: {known}.\n"
            f"There is no format “{given[:80]}”: {known}."
        )
    return given


def document(checked: Checked, name: str) -> Response:
    """Send one of the documents of a judgement."""
    head = checked.judgement.head
    body = checked.judgement.documents.get(name)
    if body is None:
        raise NotAcceptableError(
            "Rien ne peut être corrigé de façon certaine, ou l’endroit n’est pas retrouvé tel "
            "qu’il a été lu\u00a0: le fichier reste tel quel.\n"
            "Nothing can be corrected for certain, or the spot is not found as it was read: the "
            "file stays as it is."
        )
    response = Response(body, content_type=media_type_of(name))
    response.headers["X-Conforms"] = str(bool(head.get("conforms"))).lower()
    response.headers["X-Fails"] = str(bool(head.get("fails"))).lower()
    response.headers["Cache-Control"] = "no-store"
    response.content_language.add(language_of(request))
    response.vary.update(("Accept", "Accept-Language"))
    if name in _TO_SAVE:
        told = head.get("corrected") or {}
        of = harmless_name(str(told.get("name", ""))) if name == CORRECTED else checked.name
        file = quote(file_name(of, name, language_of(request)))
        response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{file}"
        # whoever opens it here all the same opens a text without any right
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'; sandbox"
        )
    return response


def media_type_of(name: str) -> str:
    """Return the media type of a document."""
    known = REPORT_FORMATS.get(name)
    return known.media_type if known else "application/octet-stream"


def file_name(given: str, name: str, language: Language) -> str:
    """Return what to call a document about a file."""
    if name == CORRECTED:
        return given
    word = {"fr": "controle", "en": "validation"}[language]
    return f"{word}-{given.rpartition('.')[0] or given}.{REPORT_FORMATS[name].extension}"
