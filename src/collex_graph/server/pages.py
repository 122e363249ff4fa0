"""The pages of the site: their addresses, the language, the frame, and which kind a node gets.

Statuses, negotiation and entity tags of entities and of the data set belong to the rooms that call
`entity_page`, `dataset_page` and `error_page`; those return HTML text.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, render_template, request, url_for
from werkzeug.exceptions import BadRequest, HTTPException, NotFound

from collex_graph import __version__
from collex_graph.errors import (
    CollexGraphError,
    EntityNotFoundError,
    QueryError,
    SnapshotNotFoundError,
)
from collex_graph.rdf.iris import slug
from collex_graph.rdf.namespaces import expand
from collex_graph.server import answers, uploads
from collex_graph.server.about_pages import describe_about, describe_dataset
from collex_graph.server.caching import client_holds, not_modified, tag_of, tagged
from collex_graph.server.contexts.frame import Site
from collex_graph.server.endpoint_pages import describe_endpoint, describe_usage, describe_use
from collex_graph.server.fonds_page import describe_fonds, describe_stub
from collex_graph.server.gallery import describe_gallery, describe_named_query, public_address
from collex_graph.server.gap_pages import GAPS, describe_gap, describe_gaps, table_as_csv
from collex_graph.server.home_page import describe_home
from collex_graph.server.institution_pages import (
    describe_establishment,
    describe_institutions,
    describe_library,
)
from collex_graph.server.list_pages import describe_list, list_pages, read_wish, templates
from collex_graph.server.map import (
    FEATURES,
    GEOJSON,
    KNOWN,
    describe_embed,
    describe_map,
    describe_map_use,
    feature_collection,
    read_map,
)
from collex_graph.server.messages import LANGUAGES, words
from collex_graph.server.named_queries import bound_text, find_question, given_values
from collex_graph.server.negotiation import language_of
from collex_graph.server.ontology_page import (
    ONTOLOGY,
    SHAPES,
    describe_ontology,
    describe_shapes,
    describe_term,
    is_term,
)
from collex_graph.server.programme_pages import describe_programmes
from collex_graph.server.quality_pages import VIEWS, describe_quality_page, describe_view
from collex_graph.server.quality_standing import (
    STANDINGS,
    Standing,
    describe_standing,
    is_known,
    not_known,
    read_standing,
    worklist_csv,
    worklist_xlsx,
)
from collex_graph.server.query_page import (
    completions,
    describe_answer,
    describe_model,
    describe_problem,
    describe_start,
)
from collex_graph.server.reader import GraphReader, Statements
from collex_graph.server.record_pages import (
    describe_entity,
    describe_labelling,
    describe_notice,
)
from collex_graph.server.search_page import describe_search, read_search
from collex_graph.server.services import services
from collex_graph.server.snippets import Citation
from collex_graph.server.subject_pages import describe_scheme, describe_subject, subject_kind
from collex_graph.server.validate_page import (
    DOCUMENTS,
    describe_form,
    describe_result,
    describe_validate_use,
)
from collex_graph.sparql.catalogue import Audience, Difficulty
from collex_graph.sparql.protocol import read_snapshot
from collex_graph.template import read_template, write_workbook

if TYPE_CHECKING:
    from collections.abc import Callable

    from collex_graph.server.contexts.frame import ErrorContext
    from collex_graph.server.messages import Words

LONGEST_WORDS = 200
"""Characters of a search that are read."""

blueprint = Blueprint("pages", __name__)
_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


# --- what templates use --------------------------------------------------------------------------


@blueprint.app_template_global()
def asset(name: str) -> str:
    """Return the address of a static file, which changes when any of them does."""
    return url_for("static", filename=name, v=services().presentation)


@blueprint.app_template_global()
def vendored(name: str) -> str:
    """Return the address of a third-party file, empty where set-up did without npm."""
    return asset(f"vendor/{name}") if name in services().vendored else ""


@blueprint.app_template_filter()
def paragraphs(text: str) -> list[str]:
    r"""Split a text of the data into its paragraphs.

    >>> paragraphs("Un.\n\nDeux.\nDeux.\n")
    ['Un.', 'Deux.']
    """
    parts = [part.strip() for part in text.split("\n") if part.strip()]
    # some notices say the same sentence twice in a row
    return [part for part, before in zip(parts, ["", *parts], strict=False) if part != before]


def _words() -> Words:
    return words(language_of(request))


def _reader() -> GraphReader:
    site = services()
    return GraphReader(site.queries, site.iris, _words())


def _render(template: str, page: object, *, section: str = "") -> str:
    t = _words()
    return render_template(template, page=page, t=t, site=_site(t, section=section))


def _site(t: Words, *, section: str) -> Site:
    kept = [pair for pair in request.args.items(multi=True) if pair[0] != "lang"]
    path = request.path
    try:
        snapshot = services().snapshot
        identifier, day = snapshot.identifier, t.date(snapshot.created.date())
    except SnapshotNotFoundError:
        # the page that says there is no data yet has a frame as well
        identifier, day = "", ""
    return Site(
        language=t.language,
        alternates={
            language: f"{path}?{urlencode([*kept, ('lang', language)])}" for language in LANGUAGES
        },
        section=section,
        version=__version__,
        snapshot=identifier,
        snapshot_date=day,
    )


def _page(
    template: str,
    make: Callable[[], Any],
    *,
    section: str,
    is_gone: Callable[[Any], bool] = lambda _: False,
) -> Response:
    """Send a page of the current snapshot, unless the browser holds it already.

    Args:
        template: its file.
        make: gives its context.
        section: of the site.
        is_gone: says of the context whether what was asked for is there no more, whatever the page
            shows instead.
    """
    site = services()
    language = language_of(request)
    tag = tag_of(site.snapshot.identifier, language, site.presentation, request.full_path)
    if client_holds(tag):
        return not_modified(tag)
    context = make()
    response = answers.page(_render(template, context, section=section), language)
    if is_gone(context):
        response.status_code = 410
        response.headers["Cache-Control"] = "no-store"
        return response
    return tagged(response, tag)


# --- pages with an address of their own ----------------------------------------------------------


@blueprint.get("/")
def home() -> Response:
    """Say what is here."""
    return _page("home.html", lambda: describe_home(_reader()), section="home")


@blueprint.get("/about/sparql")
def about_endpoint() -> Response:
    """Say what the endpoint can do, its limits, and what is in the graph."""
    return _page("endpoint.html", lambda: describe_endpoint(_reader()), section="query")


@blueprint.get("/about/api")
def about_interface() -> Response:
    """Say how programs ask the stored queries."""
    return _page("interface.html", lambda: describe_use(_reader()), section="query")


@blueprint.get("/usage")
def usage() -> Response:
    """Say how much the site is used; counts change with every request, so nothing is kept."""
    text = _render("usage.html", describe_usage(_words()), section="about")
    response = answers.page(text, language_of(request))
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/queries")
def gallery() -> Response:
    """List the queries that may be asked by name."""
    audience, difficulty = (request.args.get(name, "") for name in ("audience", "difficulty"))
    for name, value, known in (
        ("audience", audience, get_args(Audience)),
        ("difficulty", difficulty, get_args(Difficulty)),
    ):
        if value and value not in known:
            raise _bad_parameter(name, value)
    return _page(
        "gallery.html",
        lambda: describe_gallery(_reader(), audience, difficulty),
        section="query",
    )


@blueprint.get("/queries/<name>")
def named_query(name: str) -> Response:
    """Ask one of them, and show how others may."""
    query = find_question(name)
    values = given_values(query, request.args)
    return _page(
        "namedquery.html",
        lambda: describe_named_query(
            _reader(), name, query, values, pinned=request.args.get("snapshot", "")
        ),
        section="query",
        is_gone=lambda context: context.answer is not None and bool(context.answer.made_on),
    )


@blueprint.get("/queries/<name>/citation.<extension>")
def citation(name: str, extension: str) -> Response:
    """Cite the answer of a query: its title, its data, its address, the day."""
    if extension not in ("bib", "json"):
        raise NotFound
    query = find_question(name)
    values = given_values(query, request.args)
    bound_text(query, values)
    site = services()
    named = read_snapshot(list(request.args.items(multi=True)))
    snapshot = site.kept.find(named) if named else site.snapshot
    pairs = [(key, value) for key, given in values.items() for value in given]
    pairs.append(("snapshot", snapshot.identifier))
    cited = Citation(
        name,
        query.title[_words().language],
        snapshot.identifier,
        snapshot.created.date(),
        datetime.now(UTC).date(),
        f"{public_address()}queries/{name}?{urlencode(pairs)}",
    )
    if extension == "bib":
        response = Response(cited.bibtex(), mimetype="application/x-bibtex")
    else:
        response = Response(
            json.dumps(cited.csl(), ensure_ascii=False, indent=1),
            mimetype="application/vnd.citationstyles.csl+json",
        )
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{extension}"'
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.get("/search")
def search() -> Response:
    """List fonds, narrowed by words and facets."""
    asked = read_search(request.args.to_dict(flat=False), services().iris)
    return _page("search.html", lambda: describe_search(_reader(), asked), section="search")


@blueprint.get("/map")
def map_page() -> Response:
    """Draw where things are, with a table of them."""
    asked = read_map(request.args.to_dict(flat=False), services().iris)
    return _page("map.html", lambda: describe_map(_reader(), asked), section="map")


@blueprint.get("/map/embed")
def map_embed() -> Response:
    """Send the drawing alone, which pages of other sites may frame."""
    asked = read_map(request.args.to_dict(flat=False), services().iris)
    response = _page("mapembed.html", lambda: describe_embed(_reader(), asked), section="map")
    response.headers["Content-Security-Policy"] = (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *; "
        "object-src 'none'"
    )
    return response


@blueprint.get("/map.geojson")
def map_data() -> Response:
    """Send what the map shows as GeoJSON, complete."""
    feature = request.args.get("feature", FEATURES[0])
    if feature not in FEATURES:
        raise _bad_parameter("feature", feature)
    parameters = request.args.to_dict(flat=False)
    asked = read_map(parameters, services().iris)
    unknown = [(name, values[0][:80]) for name, values in parameters.items() if name not in KNOWN]
    for name, value in (*unknown, *asked.search.unreadable):
        raise _bad_parameter(name, value)
    site = services()
    language = language_of(request)
    tag = tag_of(site.snapshot.identifier, language, request.full_path)
    if client_holds(tag):
        return not_modified(tag, mimetype=GEOJSON)
    body = json.dumps(feature_collection(_reader(), asked, feature), ensure_ascii=False)
    response = Response(body, content_type=GEOJSON)
    response.content_language.add(language)
    response.vary.update(("Accept-Language", "Cookie"))
    response.headers["Link"] = (
        f'<{asset("schemas/map.schema.json").partition("?")[0]}>; rel="describedby"; '
        'type="application/schema+json"'
    )
    return tagged(response, tag)


def _bad_parameter(name: str, value: str) -> BadRequest:
    # the page leaves out a filter that it cannot read, and says so; data has nowhere to say it
    return BadRequest(
        f"Le paramètre « {name} » n’admet pas « {value} » : voyez /about/map.\n"
        f"The parameter “{name}” does not take “{value}”: see /about/map."
    )


@blueprint.get("/about/map")
def about_map() -> Response:
    """Say how maps elsewhere use the data of this one."""
    return _page("mapuse.html", lambda: describe_map_use(_reader()), section="map")


@blueprint.get("/institutions")
def institutions() -> Response:
    """List libraries and establishments."""
    return _page(
        "institutions.html", lambda: describe_institutions(_reader()), section="institutions"
    )


@blueprint.get("/gaps")
def gaps() -> Response:
    """Say what is missing, question by question."""
    return _page("gaps.html", lambda: describe_gaps(_reader()), section="gaps")


@blueprint.get("/gaps/<name>")
def gap(name: str) -> Response:
    """Answer one question with a picture and a table; ``.csv`` gives the whole table."""
    question = name.removesuffix(".csv")
    if question not in GAPS:
        abort(404)
    if question == name:
        return _page("gap.html", lambda: describe_gap(_reader(), name), section="gaps")
    return _file(f"{question}.csv", lambda: table_as_csv(GAPS[question](_reader()).export))


@blueprint.get("/quality")
def quality() -> Response:
    """Say how the data stand."""
    return _page("quality.html", lambda: describe_quality_page(_reader()), section="quality")


@blueprint.get("/quality/<name>")
def quality_view(name: str) -> Response:
    """Show how everything stands in one way; ``.csv`` gives the whole table."""
    if name == "institution" and "iri" in request.args:
        return _standing(name, request.args["iri"])
    view = name.removesuffix(".csv")
    if view not in VIEWS:
        abort(404)
    if view == name:
        return _page("qualityview.html", lambda: describe_view(_reader(), name), section="quality")
    return _file(f"quality-{view}.csv", lambda: table_as_csv(VIEWS[view](_reader()).table))


@blueprint.get("/quality/<kind>/<path:name>")
def quality_standing(kind: str, name: str) -> Response:
    """Show how one institution, rule or source stands."""
    return _standing(kind, _name_of_standing(kind, name))


@blueprint.get("/quality/worklist/<kind>.<extension>")
def foreign_worklist(kind: str, extension: str) -> Response:
    """Send the worklist of an institution whose IRI is not one of ours."""
    return _worklist(kind, request.args.get("iri", ""), extension)


@blueprint.get("/quality/worklist/<kind>/<path:name>.<extension>")
def worklist(kind: str, name: str, extension: str) -> Response:
    """Send everything that there is to mend, as a table."""
    return _worklist(kind, _name_of_standing(kind, name), extension)


def _name_of_standing(kind: str, name: str) -> str:
    if kind == "institution":
        first, *others = name.split("/")
        return services().iris.entity(first, *others)
    return expand("collex-sh:") + name if kind == "rule" else name


def _standing(kind: str, name: str) -> Response:
    reader = _reader()
    asked = _asked_standing(reader, kind, name)
    return _page("standing.html", lambda: describe_standing(reader, asked), section="quality")


def _asked_standing(reader: GraphReader, kind: str, name: str) -> Standing:
    if kind not in STANDINGS or not name:
        abort(404)
    asked = read_standing(reader, kind, name, request.args)
    if not is_known(reader, asked):
        raise not_known(asked)
    return asked


def _worklist(kind: str, name: str, extension: str) -> Response:
    makers = {"csv": ("text/csv", worklist_csv), "xlsx": (_WORKBOOK, worklist_xlsx)}
    if extension not in makers:
        abort(404)
    reader = _reader()
    asked = _asked_standing(reader, kind, name)
    # a file has nowhere to say that it was not narrowed as was meant
    for unknown in request.args.keys() - {"iri", "lang", "rule", "severity"}:
        raise BadRequest(
            f"Le paramètre « {unknown[:80]} » n’existe pas : rule ou severity.\n"
            f"There is no parameter “{unknown[:80]}”: rule or severity."
        )
    media_type, make = makers[extension]
    short = slug(name.rstrip("/").rpartition("/")[2].rpartition("#")[2] or kind)
    return _file(f"{kind}-{short}.{extension}", lambda: make(reader, asked), media_type)


def _file(name: str, make: Callable[[], bytes], media_type: str = "text/csv") -> Response:
    """Send a table of the current snapshot as a file, unless the client holds it already."""
    site = services()
    tag = tag_of(
        site.snapshot.identifier, language_of(request), site.presentation, request.full_path
    )
    if client_holds(tag):
        return not_modified(tag, mimetype=media_type)
    response = Response(make(), mimetype=media_type)
    response.vary.update(("Accept-Language", "Cookie"))
    response.headers["Content-Disposition"] = f'attachment; filename="collex-graph-{name}"'
    return tagged(response, tag)


def _list(name: str) -> Response:
    wish = read_wish(name, request.args.to_dict(flat=False))
    return _page("list.html", lambda: describe_list(_reader(), wish), section=name)


for _name in list_pages():
    blueprint.add_url_rule(
        f"/{_name}", _name, partial(_list, _name), provide_automatic_options=True
    )


@blueprint.get("/programmes")
def programmes() -> Response:
    """Say what the programmes ask for, and what serves it."""
    return _page("programmes.html", lambda: describe_programmes(_reader()), section="programmes")


@blueprint.get("/templates/<name>.xlsx")
def template(name: str) -> Response:
    """Send the template of a table that people fill in."""
    if name not in templates():
        abort(404)
    tag = tag_of("template", name)
    if client_holds(tag):
        return not_modified(tag, mimetype=_WORKBOOK)
    response = Response(write_workbook(read_template(name)), mimetype=_WORKBOOK)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return tagged(response, tag)


@blueprint.get("/validate")
def validate() -> Response:
    """Offer to check a file."""
    services().judge.start()
    return _page("validate.html", lambda: describe_form(_words()), section="validate")


@blueprint.get("/about/validate")
def about_validate() -> Response:
    """Say how platforms check files by themselves."""
    return _page("validateuse.html", lambda: describe_validate_use(_words()), section="validate")


@blueprint.post("/validate")
def validate_file() -> Response:
    """Check the file that a form sends, and show what to mend, or send the report as a file."""
    # errors sends pages and so imports this module
    from collex_graph.server.errors import in_language, problem_of  # noqa: PLC0415

    language = language_of(request)
    status, headers = 200, {}
    try:
        uploads.refuse_other_sites()
        checked = uploads.check_what_is_sent(lambda: uploads.wanted_in_form(DOCUMENTS), form=True)
        if checked.wanted != DOCUMENTS:
            return uploads.document(checked, checked.wanted[0])
        context = describe_result(_words(), checked)
    except (CollexGraphError, HTTPException) as error:
        problem = problem_of(error, services().settings)
        if problem.status >= 500 and problem.kind.name == "internal-error":
            raise
        status, headers = problem.status, dict(problem.headers)
        detail = in_language(problem.detail, language)
        context = describe_form(_words(), problem, detail)
    response = answers.page(_render("validate.html", context, section="validate"), language)
    response.status_code = status
    response.headers.update(headers)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/about")
def about() -> Response:
    """Say what this site is and is not."""
    return _page("about.html", lambda: describe_about(_reader()), section="about")


@blueprint.get("/about/model")
def model() -> Response:
    """Draw the model, with queries to copy."""
    return _page("model.html", lambda: describe_model(_reader()), section="model")


@blueprint.get("/query")
def query() -> Response:
    """Run a query and show its result; without one, offer an editor."""
    text = request.args.get("query", "").strip()
    if not text:
        return _page("query.html", lambda: describe_start(_reader()), section="query")
    language = language_of(request)
    reader = _reader()
    status, headers = 200, {}
    try:
        context = describe_answer(
            reader,
            text,
            view=request.args.get("view", ""),
            pinned=request.args.get("snapshot", "")[:40],
        )
        status = 410 if context.made_on else 200
    except QueryError as error:
        # errors sends pages and so imports this module
        from collex_graph.server.errors import in_language, problem_of  # noqa: PLC0415

        problem = problem_of(error, services().settings)
        detail = in_language(problem.detail, language)
        status, headers = problem.status, dict(problem.headers)
        context = describe_problem(reader, text, problem, detail)
    response = answers.page(_render("query.html", context, section="query"), language)
    response.status_code = status
    response.headers.update(headers)
    response.headers["Cache-Control"] = "no-store" if status != 200 else "private, no-cache"
    return response


@blueprint.get("/query/completions")
def query_completions() -> Response:
    """Send what the editor proposes: prefixes, classes, properties and named graphs."""
    site = services()
    language = language_of(request)
    tag = tag_of(site.snapshot.identifier, language, "completions")
    if client_holds(tag):
        return not_modified(tag, mimetype="application/json")
    body = json.dumps(completions(_reader()), ensure_ascii=False)
    response = Response(body, content_type="application/json")
    response.content_language.add(language)
    response.vary.update(("Accept-Language", "Cookie"))
    return tagged(response, tag)


# --- pages that other rooms send -----------------------------------------------------------------


def entity_page(iri: str) -> str:
    """Return the page of a node, of the kind that its classes give it.

    Raises:
        EntityNotFoundError: when the graph neither describes nor names it.
    """
    reader = _reader()
    if iri == SHAPES:
        return _render("shapes.html", describe_shapes(reader), section="model")
    statements = reader.statements(iri)
    if iri == ONTOLOGY or iri.startswith(f"{ONTOLOGY}/"):
        wanted = request.args.get("q", "").strip()[:LONGEST_WORDS]
        return _render("ontology.html", describe_ontology(reader, wanted), section="model")
    template, page = _page_of(reader, iri, statements)
    return _render(template, page)


def _page_of(reader: GraphReader, iri: str, statements: Statements) -> tuple[str, Any]:
    if statements.is_a("collex:DescribedUnit"):
        return "fonds.html", describe_fonds(reader, iri, statements)
    if statements.is_a("collex:Notice"):
        return "notice.html", describe_notice(reader, iri, statements)
    if statements.is_a("collex:Library"):
        return "library.html", describe_library(reader, iri, statements)
    if statements.is_a("collex:Establishment"):
        return "establishment.html", describe_establishment(reader, iri, statements)
    if statements.is_a("collex:Labelling"):
        return "labelling.html", describe_labelling(reader, iri, statements)
    if statements.is_a("skos:ConceptScheme"):
        return "scheme.html", describe_scheme(reader, iri, statements)
    if is_term(iri, statements):
        return "term.html", describe_term(reader, iri)
    if statements.is_a("rico:RecordSet") or statements.terms("collex:citedAs"):
        return "stub.html", describe_stub(reader, iri, statements)
    kind = subject_kind(statements)
    if kind is not None:
        return "subject.html", describe_subject(reader, iri, statements, kind)
    entity = describe_entity(reader, iri, statements or reader.statements_about(iri))
    if not entity.facts and not entity.types and not entity.incoming:
        raise EntityNotFoundError(
            f"Le graphe ne dit rien de <{iri}>.\nThe graph says nothing about <{iri}>."
        )
    return "entity.html", entity


def dataset_page() -> str:
    """Return the page of the data as a whole."""
    # datasets sends this page and so imports this module
    from collex_graph.server.datasets import DUMP_PATH, sha256_of_dump  # noqa: PLC0415

    snapshot = services().snapshot
    context = describe_dataset(
        _reader(), snapshot, dump_href=DUMP_PATH, sha256=sha256_of_dump(snapshot)
    )
    return _render("dataset.html", context, section="dataset")


def error_page(context: ErrorContext) -> str:
    """Return the page of an error."""
    return _render("error.html", context)
