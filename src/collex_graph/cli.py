"""The command line: parse, call, print. Exit codes: 0 done, 1 data or service problem, 2 usage."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from contextlib import nullcontext
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from pyoxigraph import NamedNode
from rich.console import Console
from rich.table import Table

from collex_graph import __version__
from collex_graph.errors import (
    CollexGraphError,
    ConfigurationError,
    InvalidDatasetError,
    QuerySyntaxError,
    SnapshotNotFoundError,
)
from collex_graph.model import Severity
from collex_graph.rdf.iris import is_absolute_iri
from collex_graph.resources import resource_dir
from collex_graph.settings import ENVIRONMENT_PREFIX, Settings, demo_folder, load_settings
from collex_graph.store.export import export_snapshot
from collex_graph.store.snapshot import (
    current_snapshot,
    list_snapshots,
    named_snapshot,
    prune_snapshots,
    switch_to,
)
from collex_graph.uploads.formats import REPORT_FORMATS
from collex_graph.validation.words import SEVERITIES

if TYPE_CHECKING:
    from collex_graph.build import BuildSummary
    from collex_graph.errors import UnreadableSourceError
    from collex_graph.model import Problem, QueryResult, Snapshot
    from collex_graph.pipeline import MappedSource
    from collex_graph.sparql.catalogue import StoredQuery
    from collex_graph.sparql.results import Term

_OUT = Console(highlight=False, soft_wrap=True)
_ERR = Console(stderr=True, highlight=False, soft_wrap=True)
_COUNTS = {
    "notices": "notices",
    "fonds": "fonds",
    "subfonds": "sub-fonds",
    "archive_fonds": "archive fonds",
    "components": "components",
    "deposits": "deposits",
    "counted_as_labelled": "labelled (sub-fonds that repeat the label not counted again)",
    "libraries": "libraries",
    "establishments": "establishments",
    "access_points": "access points",
    "triples": "triples",
    "quads": "quads",
}
_VAR = click.option(
    "--var", type=click.Path(path_type=Path), help="Data folder; default var/.", default=None
)


class _Group(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # click leaves in silence when nobody reads any more
        except ConfigurationError as error:
            _ERR.print(f"[bold]collex-graph:[/] {error}", markup=True)
            ctx.exit(2)
        except CollexGraphError as error:
            _ERR.print(f"collex-graph: {error}", markup=False)
            ctx.exit(1)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            _ERR.print(
                f"collex-graph: {where}{error.strerror or error}; check the path, its rights and "
                "the space left (--var names the data folder)",
                markup=False,
            )
            ctx.exit(1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="collex-graph")
def main() -> None:
    """Build, publish and serve the knowledge graph of French research collections."""


@main.command("build")
@click.argument("inputs", nargs=-1, required=True, metavar="SOURCE=PATH…")
@_VAR
@click.option("--full", is_flag=True, help="Map every file again and make the store anew.")
@click.option(
    "--as-of",
    default=None,
    metavar="YYYY-MM-DD",
    help="Day for which labels are said to hold or not; default today.",
)
def build_command(inputs: tuple[str, ...], var: Path | None, full: bool, as_of: str | None) -> None:
    """Map, validate and publish sources, such as ccfr=notices/ esr=establishments.csv.

    Files that are what they were when the current snapshot was built are not mapped again, and only
    what differs is loaded; the result is that of a full build.
    """
    summary = _build(_parse_inputs(inputs), load_settings(var=var, as_of=as_of), full=full)
    sys.exit(summary.exit_code)


@main.command("serve")
@_VAR
@click.option("--host", default=None, help="Address to listen on; default 127.0.0.1.")
@click.option("--port", type=int, default=None, help="Port to listen on; default 8080.")
def serve_command(var: Path | None, host: str | None, port: int | None) -> None:
    """Serve the current snapshot: pages, linked data, SPARQL."""
    _serve(load_settings(var=var, host=host, port=port), next_free_port=False)


@main.command("demo")
@_VAR
@click.option("--port", type=int, default=None, help="Port; default 8080, the next free if taken.")
def demo_command(var: Path | None, port: int | None) -> None:
    """Build a snapshot from the bundled sample and serve it."""
    settings = load_settings(var=var or demo_folder(), port=port)
    mappings = resource_dir("mappings")
    samples = [
        (folder.parent.name, folder)
        for folder in sorted(mappings.glob("*/sample"))
        if folder.is_dir()
    ]
    summary = _build(samples, settings, brief=True)
    _OUT.print(f"data folder: {summary.snapshot.directory}", markup=False)
    _serve(settings, next_free_port=True)


@main.group("snapshots", invoke_without_command=True)
@_VAR
@click.pass_context
def snapshots_group(ctx: click.Context, var: Path | None) -> None:
    """List, switch and prune snapshots."""
    if ctx.invoked_subcommand is None:
        _list_snapshots(load_settings(var=var))
    else:
        ctx.obj = var


@snapshots_group.command("list")
@_VAR
@click.pass_obj
def list_command(group_var: Path | None, var: Path | None) -> None:
    """List the snapshots, oldest first; the one being served has a star."""
    _list_snapshots(load_settings(var=var or group_var))


@snapshots_group.command("switch")
@click.argument("identifier")
@_VAR
@click.pass_obj
def switch_command(group_var: Path | None, identifier: str, var: Path | None) -> None:
    """Serve another snapshot; running servers notice by themselves."""
    settings = load_settings(var=var or group_var)
    _OUT.print(f"now served: {switch_to(settings.var, identifier).identifier}", markup=False)


@snapshots_group.command("prune")
@click.option("--keep", type=click.IntRange(min=1), default=None, help="Newest ones to keep.")
@_VAR
@click.pass_obj
def prune_command(group_var: Path | None, keep: int | None, var: Path | None) -> None:
    """Remove the oldest snapshots, never the current one."""
    settings = load_settings(var=var or group_var)
    removed = prune_snapshots(settings.var, keep or settings.snapshots_kept)
    for identifier in removed:
        _OUT.print(f"removed {identifier}", markup=False)
    if not removed:
        _OUT.print("nothing to remove", markup=False)


@main.command("export")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@_VAR
@click.option("--snapshot", "identifier", default=None, help="A snapshot kept; default current.")
@click.option(
    "--default-graph",
    default="",
    metavar="IRI",
    help="Named graph to write the default graph into, for engines that have none of their own.",
)
def export_command(
    target: Path, var: Path | None, identifier: str | None, default_graph: str
) -> None:
    """Write a snapshot as N-Quads for another engine (.nq, .nq.gz): see README, Another engine."""
    settings = load_settings(var=var)
    snapshot = (
        named_snapshot(settings.var, identifier) if identifier else current_snapshot(settings.var)
    )
    if default_graph and not is_absolute_iri(default_graph):
        raise click.BadParameter("not an absolute IRI", param_hint="--default-graph")
    if not target.parent.is_dir():
        raise click.BadParameter(f"no folder {target.parent}", param_hint="FILE")
    size = export_snapshot(snapshot, target, default_graph=default_graph)
    _OUT.print(f"{target}: {size} bytes of N-Quads of {snapshot.identifier}", markup=False)


_ON = {"violation": Severity.VIOLATION, "warning": Severity.WARNING, "info": Severity.INFO}


@main.command("validate")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option("--source", default=None, help="What the files are of (kbart, ccfr…; rdf: as RDF).")
@click.option("--lang", "language", type=click.Choice(["fr", "en"]), default="fr")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(REPORT_FORMATS)),
    default="text",
    help="github: annotations of a workflow.",
)
@click.option("--fail-on", type=click.Choice(list(_ON)), default="violation", show_default=True)
@click.option(
    "--shapes",
    type=click.Path(exists=True, path_type=Path),
    help="Other SHACL shapes: FILE|FOLDER.",
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it there.")
@click.option(
    "--corrected",
    type=click.Path(path_type=Path, file_okay=False),
    help="New folder: the files with what is certain repaired, and the list of what was changed.",
)
@_VAR
@click.option("--alone", is_flag=True, help="Look for nothing in the published snapshot.")
def validate_command(
    *,
    paths: tuple[Path, ...],
    source: str | None,
    language: str,
    form: str,
    fail_on: str,
    shapes: Path | None,
    output: Path | None,
    corrected: Path | None,
    var: Path | None,
    alone: bool,
) -> None:
    """Check files of any source, or RDF, and say by file and row what to mend.

    What they refer to is looked for in the current snapshot of --var, where there is one.

    Exit code 1 where something is as grave as --fail-on, or graver; else 2 where a file of a folder
    or an archive looks like no source and was not checked.
    """
    from collex_graph.pipeline.checking import check_files  # noqa: PLC0415
    from collex_graph.repair import refuse_filled, write_corrected  # noqa: PLC0415
    from collex_graph.uploads.check_in_words import (  # noqa: PLC0415
        check_in_words,
        compared_with,
        corrected_in_words,
    )
    from collex_graph.uploads.report_formats import write_report  # noqa: PLC0415
    from collex_graph.validation.any_shapes import read_any_shapes  # noqa: PLC0415
    from collex_graph.validation.report import known_rules  # noqa: PLC0415

    # of a large table there are millions of things, and hardly a circle among them
    gc.set_threshold(100_000, 50, 100)
    settings = load_settings(var=var)
    against = read_any_shapes(shapes) if shapes else None
    if corrected is not None:
        refuse_filled(corrected)
    beside = None if alone else _published(settings, required=var is not None)
    checked = check_files(
        paths,
        base_iri=settings.base_iri,
        day=settings.day,
        source=source,
        against=against,
        correct=corrected is not None,
        beside=beside,
    )
    for line in check_in_words(checked, language):
        _ERR.print(line, markup=False)
    rules = {**known_rules(), **(against.rules if against else {})}
    with output.open("wb") if output is not None else nullcontext(sys.stdout.buffer) as stream:
        write_report(
            stream,
            form,
            checked.report,
            language=language,
            base_iri=settings.base_iri,
            rules=rules,
            head=compared_with(checked.beside)[language],
            paths=_paths_by_name(paths),
        )
    if corrected is not None:
        changes = write_corrected(checked.corrected, corrected, language)
        for line in corrected_in_words(checked.corrected, changes, language):
            _ERR.print(line, markup=False)
    if checked.fails(_ON[fail_on]):
        sys.exit(1)
    sys.exit(2 if checked.unknown else 0)


def _published(settings: Settings, *, required: bool) -> Snapshot | None:
    """Return the current snapshot; None where there is none and none was asked for."""
    try:
        return current_snapshot(settings.var)
    except SnapshotNotFoundError:
        if required:
            raise
        return None


def _paths_by_name(paths: tuple[Path, ...]) -> dict[str, str]:
    """Return the path of each file given or found in a folder given, by its name alone."""
    found: dict[str, str] = {}
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            found.setdefault(file.name, file.as_posix())
    return found


@main.command("query", context_settings={"ignore_unknown_options": True})
@click.argument("name", required=False, metavar="[NAME]")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[--PARAMETER VALUE]…")
@_VAR
@click.option("--format", "wanted", default=None, help="table, csv, xlsx, json, geojson, turtle…")
@click.option("--snapshot", "identifier", default=None, help="A snapshot kept; default current.")
@click.option("--about", is_flag=True, help="Say what a query asks, its parameters and meaning.")
@click.option("--sparql", is_flag=True, help="Print the query with its values; ask nothing.")
@click.option("--list", "listed", is_flag=True, help="List the questions; so does no NAME.")
def query_command(
    *,
    name: str | None,
    words: tuple[str, ...],
    var: Path | None,
    wanted: str | None,
    identifier: str | None,
    about: bool,
    sparql: bool,
    listed: bool,
) -> None:
    """Ask a stored query, such as 14, 14-labelled-collections-map or my-own.rq."""
    from collex_graph.sparql.by_name import (  # noqa: PLC0415
        example_queries,
        find_query,
        read_values,
    )

    if listed or not name:
        _print_rows(
            ("query", "difficulty", "programmes", "title"),
            [
                (
                    query.name.removeprefix("examples/"),
                    query.difficulty or "",
                    ", ".join(query.programmes),
                    query.title["fr"],
                )
                for query in example_queries()
            ],
        )
        return
    query = find_query(name)
    if about:
        _print_about(query)
        return
    values = read_values(query, words)
    try:
        text = query.text(**values)
    except QuerySyntaxError as error:
        help_ = f"`collex-graph query {name} --about` tells its parameters"
        raise ConfigurationError(f"{error}\n{help_}") from None
    if sparql:
        click.echo(text, nl=False)
        return
    _ask(query, text, wanted, identifier, load_settings(var=var))


@main.group("mapping")
def mapping_group() -> None:
    """Run, export and check one mapping document (YARRRML, or RML in Turtle)."""


@mapping_group.command("run")
@click.argument("mapping", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--base-iri", default=None, help="Base of the IRIs; default the document's, or ours.")
def mapping_run_command(mapping: Path, base_iri: str | None) -> None:
    """Map the files beside a document; N-Quads go to standard output, problems to the other."""
    from collex_graph.validation.readings import ReadingRules  # noqa: PLC0415
    from collex_graph.workbench import run_mapping  # noqa: PLC0415

    rules = ReadingRules.load()

    def report(problem: Problem) -> None:
        result, position = rules.result(problem), problem.position
        place = position.line if position.row is None else f"row {position.row}"
        where = f"{position.file}:{place}" if place else position.file
        _ERR.print(f"{where}: {result.messages['en']}", markup=False)

    unreadable = 0

    def pass_over(error: UnreadableSourceError) -> None:
        nonlocal unreadable
        unreadable += 1
        _ERR.print(f"collex-graph: {error}", markup=False)

    out = sys.stdout.buffer
    rejected = run_mapping(
        mapping, base_iri, load_settings().base_iri, out, report, pass_over=pass_over
    )
    out.flush()
    if rejected:
        _ERR.print(f"collex-graph: {mapping}: {rejected} values or records left out", markup=False)
    if rejected or unreadable:
        sys.exit(1)


@mapping_group.command("export")
@click.argument("source")
def mapping_export_command(source: str) -> None:
    """Write a source of mappings/, or a YARRRML document, as RML in Turtle."""
    from collex_graph.mapping.export import export_mapping  # noqa: PLC0415
    from collex_graph.mapping.rules import read_mapping  # noqa: PLC0415
    from collex_graph.workbench import mapping_path  # noqa: PLC0415

    document = read_mapping(mapping_path(source))
    click.echo(export_mapping(document, load_settings().base_iri), nl=False)


@mapping_group.command("check")
@click.argument("mapping")
@click.option("--base-iri", default=None, help="Base of the IRIs; default the document's, or ours.")
def mapping_check_command(mapping: str, base_iri: str | None) -> None:
    """Say all the mistakes of a source's mapping, or of a document, and try it on its sample."""
    from collex_graph.workbench import check_mapping, mapping_path  # noqa: PLC0415

    path = mapping_path(mapping)
    mistakes, tried = check_mapping(path, base_iri, load_settings().base_iri)
    for mistake in mistakes:
        where = f"{path}:{mistake.line}" if mistake.line else str(path)
        _OUT.print(f"{where}: {mistake.problem}", markup=False)
    count = f"{len(mistakes)} mistake{'' if len(mistakes) == 1 else 's'}"
    _OUT.print(f"{count}; {tried}", markup=False)
    sys.exit(1 if mistakes else 0)


@main.command("template")
@click.argument("name", required=False)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["xlsx", "csv"]),
    default="xlsx",
    help="A workbook, or one CSV file for each sheet.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=None,
    help="File to write; for several CSV files a folder. Default NAME.xlsx, NAME.csv or NAME/.",
)
def template_command(name: str | None, kind: str, output: Path | None) -> None:
    """Write the template of a table that people fill in; without NAME, list them."""
    from collex_graph.template import (  # noqa: PLC0415
        read_template,
        template_names,
        write_texts,
        write_workbook,
    )

    if name is None:
        _print_rows(
            ("template", "sheets"),
            [(known, ", ".join(sheets)) for known, sheets in template_names().items()],
        )
        return
    template = read_template(name)
    if kind == "xlsx":
        files = {output or Path(f"{name}.xlsx"): write_workbook(template)}
    else:
        texts = write_texts(template)
        if len(texts) == 1:
            files = {output or Path(f"{name}.csv"): next(iter(texts.values()))}
        else:
            folder = output or Path(name)
            folder.mkdir(parents=True, exist_ok=True)
            files = {folder / file: content for file, content in texts.items()}
    for path, content in files.items():
        path.write_bytes(content)
        _OUT.print(f"written {path}", markup=False)


@main.command("settings")
def settings_command() -> None:
    """Show every setting: its variable, value, unit and meaning."""
    settings = load_settings()
    _print_rows(
        ("variable", "value", "unit", "meaning"),
        [
            (
                f"{ENVIRONMENT_PREFIX}{declared.name.upper()}",
                str(getattr(settings, declared.name)),
                declared.metadata["unit"],
                declared.metadata["help"],
            )
            for declared in fields(Settings)
        ],
    )


def _list_snapshots(settings: Settings) -> None:
    snapshots = list_snapshots(settings.var)
    if not snapshots:
        _OUT.print(f"no snapshot in {settings.var}", markup=False)
        return
    current = current_snapshot(settings.var).identifier
    _print_rows(
        ("", "snapshot", "fonds", "sub-fonds", "triples", "dump (bytes)"),
        [
            (
                "*" if snapshot.identifier == current else "",
                snapshot.identifier,
                str(snapshot.counts.get("fonds", 0)),
                str(snapshot.counts.get("subfonds", 0)),
                str(snapshot.counts.get("triples", 0)),
                str(snapshot.dump.stat().st_size),
            )
            for snapshot in snapshots
        ],
    )


def _ask(
    query: StoredQuery, text: str, wanted: str | None, identifier: str | None, settings: Settings
) -> None:
    """Run a query in a worker process, as the service does, and print its result."""
    from collex_graph.model import QueryRequest  # noqa: PLC0415
    from collex_graph.rdf.formats import JSON, find_format  # noqa: PLC0415
    from collex_graph.sparql.policy import QueryForm  # noqa: PLC0415
    from collex_graph.sparql.results import read_truth  # noqa: PLC0415
    from collex_graph.sparql.workers import WorkerPool  # noqa: PLC0415

    offered = query.form.formats
    as_table = wanted in (None, "table") and not query.form.gives_a_graph
    written_as = JSON if as_table else find_format(wanted or offered[0].name, offered)
    if written_as is None:
        table = [] if query.form.gives_a_graph else ["table"]
        names = ", ".join(table + [offer.name for offer in offered])
        raise ConfigurationError(
            f"{wanted!r} is no format of a {query.form.value} query; it has: {names}"
        )
    if identifier is None:
        snapshot = current_snapshot(settings.var)
    else:
        snapshot = named_snapshot(settings.var, identifier)
    # one query does not pay for loading the graph into memory
    limits = replace(settings, query_workers=1, worker_store_bytes=0)
    with WorkerPool(snapshot, limits) as pool:
        result = pool.run(QueryRequest(text, (written_as.media_type,)))
        if as_table and query.form is QueryForm.ASK:
            _OUT.print("true" if read_truth(result) else "false")
        elif as_table:
            _print_table(result, settings.base_iri)
        else:
            body = [result.body] if isinstance(result.body, bytes) else result.body
            for part in body:
                sys.stdout.buffer.write(part)
            sys.stdout.buffer.flush()


def _print_table(result: QueryResult, base_iri: str) -> None:
    """Print the rows of a SELECT; how many there are goes beside."""
    from collex_graph.sparql.results import read_table  # noqa: PLC0415

    table = read_table(result)
    _print_rows(
        table.variables,
        [tuple(_cell(row.terms.get(name), base_iri) for name in table.variables) for row in table],
    )
    count = f"{len(table)} row{'' if len(table) == 1 else 's'}"
    _ERR.print(f"{count}; snapshot {result.snapshot}; {result.seconds:.3f} s", markup=False)


def _cell(term: Term | None, base_iri: str) -> str:
    """One line for a term: our own nodes without the base, as parameters take them."""
    from collex_graph.rdf.namespaces import compact  # noqa: PLC0415

    if isinstance(term, NamedNode):
        if term.value.startswith(base_iri) and "#" not in term.value:
            return term.value.removeprefix(base_iri)
        return compact(term.value) or term.value
    return "" if term is None else " ".join(str(getattr(term, "value", term)).split())


def _print_about(query: StoredQuery) -> None:
    for title, texts in (
        (query.name.removeprefix("examples/"), query.title),
        ("question", query.description),
        ("meaning", query.meaning),
        ("expected", query.expected),
    ):
        for language in ("fr", "en"):
            if language in texts:
                _OUT.print(f"{title} ({language}): {texts[language]}", markup=False)
    for parameter in query.parameters.values():
        facts = [
            f"{parameter.type} of {parameter.scheme}" if parameter.scheme else parameter.type,
            *(["optional"] if parameter.optional else []),
            *(["repeatable"] if parameter.multiple else []),
            *([f"default {parameter.default}"] if parameter.default is not None else []),
            *([f"for example {parameter.example}"] if parameter.example is not None else []),
        ]
        label = " / ".join(parameter.label.values())
        _OUT.print(f"--{parameter.name}: {', '.join(facts)} {label}".rstrip(), markup=False)


def _print_rows(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """A table for people; in a pipe, tab-separated lines that no width cuts."""
    if not _OUT.is_terminal:
        for row in (header, *rows):
            click.echo("\t".join(row))  # the console would turn tabs into spaces
        return
    table = Table(*header)
    for row in rows:
        table.add_row(*row)
    _OUT.print(table)


def _parse_inputs(inputs: tuple[str, ...]) -> list[tuple[str, Path]]:
    parsed = []
    for text in inputs:
        dataset, equals, path = text.partition("=")
        if not equals or not dataset or not path:
            raise ConfigurationError(f"expected SOURCE=PATH, got {text!r}")
        parsed.append((dataset, Path(path)))
    return parsed


def _build(
    inputs: list[tuple[str, Path]], settings: Settings, *, brief: bool = False, full: bool = False
) -> BuildSummary:
    # imported here, so that serving does not pay for the start-up of the validator
    from collex_graph.build import build  # noqa: PLC0415
    from collex_graph.validation.report import report_text  # noqa: PLC0415

    with _ERR.status("collex-graph build") as status:

        def progress(stage: str, detail: str) -> None:
            status.update(f"{stage} {detail}")
            if not _ERR.is_terminal:
                _ERR.print(f"{stage} {detail}".rstrip(), markup=False)

        try:
            summary = build(inputs, settings, progress, full=full)
        except InvalidDatasetError as error:
            _ERR.print(report_text(error.report), markup=False)  # type: ignore[arg-type]
            raise
    if brief:
        _print_outcome(summary)
    else:
        _print_summary(summary, report_text(summary.report))
    return summary


def _print_summary(summary: BuildSummary, report: str) -> None:
    """Results go to standard output, in the order a curator needs them."""
    for source in summary.sources:
        _OUT.print(
            f"{source.dataset}: {len({file.path for file in source.files})} files, "
            f"{source.records_read} records read, "
            f"{sum(source.rule_counts.values())} quads",
            markup=False,
        )
        for path in source.ignored:
            _OUT.print(f"{source.dataset}: no reader for {path.name}, left alone", markup=False)
    files = sum(len(source.files) for source in summary.sources)
    start = f"a copy of {summary.started_from}" if summary.started_from else "an empty store"
    _OUT.print(f"mapped {summary.mapped} of {files} files; started from {start}", markup=False)
    for source in summary.sources:
        _print_rows(
            (f"{source.dataset}: mapping rule", "quads"),
            [(rule, str(count)) for rule, count in source.rule_counts.items()],
        )
        silent = [rule for rule, count in source.rule_counts.items() if not count]
        if silent:
            _OUT.print(
                f"{source.dataset}: rules that produced nothing: {', '.join(silent)}", markup=False
            )
        _print_left_out(source)
    _print_rows(
        ("derivation", "triples"), [(name, str(count)) for name, count in summary.derived.items()]
    )
    _OUT.print(report, markup=False)
    _print_outcome(summary)


def _print_left_out(source: MappedSource) -> None:
    """What the files hold and nobody reads, most frequent first."""
    if source.left_out:
        counts = sorted(source.left_out.items(), key=lambda item: (-item[1], item[0]))
        named = ", ".join(f"{name} {count}" for name, count in counts)
        _OUT.print(f"{source.dataset}: not read: {named}", markup=False)
    met = [f"{name} {count}" for name, count in sorted(source.leaves.items()) if count]
    if met:
        _OUT.print(f"{source.dataset}: left out on purpose: {', '.join(met)}", markup=False)
    never = sorted(name for name, count in source.leaves.items() if not count)
    if never:
        _OUT.print(f"{source.dataset}: leaves that never occur: {', '.join(never)}", markup=False)


def _print_outcome(summary: BuildSummary) -> None:
    if summary.proposed:
        folder = summary.snapshot.directory
        _OUT.print(
            f"alignments proposed: {summary.proposed}, to be judged in "
            f"{folder / 'proposals.sssom.tsv'}",
            markup=False,
        )
    for dataset, keys in summary.set_aside.items():
        for key in sorted(keys):
            _OUT.print(f"set aside: {dataset} {key}", markup=False)
    for dataset, paths in summary.aside_tables.items():
        for path in paths:
            file = summary.snapshot.directory / path
            _OUT.print(
                f"rows of {dataset} set aside, each with its reason: {file}; corrected, they are "
                f"read again: {dataset}={file.name}",
                markup=False,
            )
    by_severity = Counter(result.severity for result in summary.report.results)
    problems = ", ".join(f"{by_severity[s]} {SEVERITIES[s]['en'][1]}" for s in Severity)
    internal = sum(result.internal for result in summary.report.results)
    all_in = f"all but the {internal} on internal data in" if internal else "all in"
    _OUT.print(f"problems: {problems}; {all_in} {summary.snapshot.report}", markup=False)
    # a build of lists of titles has no fonds: what is not there is not named
    found = summary.snapshot.counts
    counts = ", ".join(
        f"{found[name]} {words}" for name, words in _COUNTS.items() if found.get(name)
    )
    _OUT.print(f"published {summary.snapshot.identifier}: {counts}", markup=False)


def _serve(settings: Settings, *, next_free_port: bool) -> None:
    # imported here, so that a build does not need the web framework's start-up time
    from collex_graph.server.serving import run_server  # noqa: PLC0415
    from collex_graph.server.site import make_site  # noqa: PLC0415

    current_snapshot(settings.var)
    code = run_server(
        settings,
        lambda: make_site(settings),
        announce=lambda address: _OUT.print(f"collex-graph: {address}", markup=False),
        take_next_free_port=next_free_port,
    )
    sys.exit(code)
