"""Where a description comes from, what is wrong with it, and how else it can be had."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlencode

import pyoxigraph as ox

from collex_graph.rdf.iris import is_absolute_iri
from collex_graph.rdf.namespaces import compact, expand
from collex_graph.server.contexts.evidence import (
    NoticeScore,
    Quality,
    QualityResult,
    RuleRow,
    ScoredCriterion,
    SourceDataset,
    SourceStatement,
)
from collex_graph.server.contexts.values import Format, Text
from collex_graph.server.negotiation import DATA
from collex_graph.server.reader import integer
from collex_graph.sparql.catalogue import stored_query

if TYPE_CHECKING:
    from collex_graph.server.contexts.values import WebLink
    from collex_graph.server.reader import GraphReader, Row, Term

_SEVERITIES = {
    expand("sh:Violation"): "violation",
    expand("sh:Warning"): "warning",
    expand("sh:Info"): "info",
}
_RESULTS_OF_A_RULE = "quality-of-rule"
_WORST_FIRST = ("violation", "warning", "info")


def formats_of(reader: GraphReader, iri: str) -> tuple[Format, ...]:
    """Return the addresses of a node's data."""
    href = reader.href_of(iri)
    link = "{}&format={}" if href.startswith("/entity?") else "{}.{}"
    return tuple(
        Format(each.label, each.media_type, link.format(href, each.extension)) for each in DATA
    )


# --- provenance ----------------------------------------------------------------------------------


def describe_provenance(reader: GraphReader, iri: str) -> tuple[SourceStatement, ...]:
    """Return the places in source files that a node was read from, each file once."""
    by_file: dict[str, list[Row]] = defaultdict(list)
    for row in reader.rows("provenance", subject=[iri]):
        by_file[row["file"].value].append(row)
    return tuple(_source_statement(reader, rows, iri) for rows in by_file.values())


def _source_statement(reader: GraphReader, rows: list[Row], iri: str) -> SourceStatement:
    row = _in_page_language(reader, rows, "title")
    dataset = reader.node(row["dataset"].value)
    title = reader.best([each["title"] for each in rows if "title" in each])
    if title is not None:
        dataset = type(dataset)(dataset.iri, title, dataset.href)
    places = list(dict.fromkeys(each["position"].value.partition("#")[2] for each in rows))
    if iri.rpartition("/")[2] in places:
        # other records of the file speak of it as well, but this one is its own
        places = [iri.rpartition("/")[2]]
    words = (_place_in_words(reader, place) for place in places if place)
    shown = [place for place in words if place]
    more = f" (+{len(shown) - 3})" if len(shown) > 3 else ""
    return SourceStatement(
        file_name=row["name"].value,
        place=", ".join(shown[:3]) + more,
        dataset=dataset,
        publisher=row["publisher"].value if "publisher" in row else "",
        licence=_licence(reader, row),
        rights=row["rights"].value if "rights" in row else "",
    )


def _place_in_words(reader: GraphReader, fragment: str) -> str:
    if fragment.startswith("row="):
        return reader.words("place.row", row=fragment.removeprefix("row="))
    component = unquote(fragment)
    if is_absolute_iri(component):
        # a node of an RDF file is named by its IRI, which the page gives anyway
        return ""
    return reader.words("place.component", component=component)


def _in_page_language(reader: GraphReader, rows: list[Row], name: str) -> Row:
    for language in (reader.words.language, "fr"):
        for row in rows:
            term = row.get(name)
            if isinstance(term, ox.Literal) and term.language == language:
                return row
    return rows[0]


LICENCES = {
    "https://www.etalab.gouv.fr/licence-ouverte-open-licence": "Licence Ouverte (Etalab)",
    "https://creativecommons.org/licenses/by/4.0/": "CC BY 4.0",
    "https://creativecommons.org/publicdomain/zero/1.0/": "CC0 1.0",
}


def _licence(reader: GraphReader, row: Row) -> WebLink | None:
    if "licence" not in row:
        return None
    iri = row["licence"].value
    return reader.web_link(iri, Text(LICENCES[iri]) if iri in LICENCES else None)


def describe_datasets(reader: GraphReader) -> tuple[SourceDataset, ...]:
    """Return the source datasets, with how much of each was read."""
    read = {
        row["dataset"].value: integer(row["count"]) or 0 for row in reader.rows("datasets-read")
    }
    by_dataset: dict[str, list[Row]] = defaultdict(list)
    for row in reader.rows("datasets"):
        by_dataset[row["dataset"].value].append(row)
    found = []
    for iri, rows in by_dataset.items():
        row = _in_page_language(reader, rows, "title")
        node = reader.node(iri)
        title = reader.text(row["title"])
        found.append(
            SourceDataset(
                node=type(node)(iri, title or node.label, node.href),
                description=row["description"].value if "description" in row else "",
                publisher=row["publisher"].value if "publisher" in row else "",
                licence=_licence(reader, row),
                rights=row["rights"].value if "rights" in row else "",
                page=reader.web_link(row["page"].value) if "page" in row else None,
                known=integer(row.get("known")),
                read=read.get(iri) or integer(row.get("records")) or 0,
            )
        )
    return tuple(found)


def coverage_of(datasets: tuple[SourceDataset, ...]) -> tuple[int, int | None]:
    """Return how many notices were read and how many are known, of sources with a known total."""
    counted = [dataset for dataset in datasets if dataset.known]
    if not counted:
        return sum(dataset.read for dataset in datasets), None
    return sum(d.read for d in counted), sum(d.known or 0 for d in counted)


# --- quality -------------------------------------------------------------------------------------


def describe_quality(reader: GraphReader, iri: str) -> Quality:
    """Return the validation results about a node and its parts, the worst first, and its scores."""
    by_result: dict[str, list[Row]] = defaultdict(list)
    for row in reader.rows("quality", subject=[iri], focus=[iri]):
        by_result[row["result"].value].append(row)
    paths = {r["path"].value for rows in by_result.values() for r in rows if "path" in r}
    focuses = {rows[0]["focus"].value for rows in by_result.values()}
    reader.learn_labels(paths | focuses - {iri})
    results = [_quality_result(reader, rows, iri) for rows in by_result.values()]
    results.sort(key=lambda result: (_WORST_FIRST.index(result.severity), result.message.value))
    return Quality(tuple(results), describe_scores(reader, iri))


def describe_scores(reader: GraphReader, iri: str) -> tuple[NoticeScore, ...]:
    """Return the scores of a notice, or of those that describe a unit, with what they lack."""
    measured: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in reader.rows("scores", notice=[iri], unit=[iri]):
        measured[row["measurement"].value][row["criterion"].value].append(row)
    scores = []
    for by_criterion in measured.values():
        met: list[ScoredCriterion] = []
        lacking: list[ScoredCriterion] = []
        for criterion, rows in by_criterion.items():
            is_met = rows[0]["judged"].value == expand("collex-sh:meets")
            (met if is_met else lacking).append(
                ScoredCriterion(
                    name=criterion.removeprefix(expand("collex-sh:")),
                    label=reader.best([row["label"] for row in rows]) or Text(criterion),
                    message=reader.best([row["message"] for row in rows]) or Text(""),
                    weight=integer(rows[0]["weight"]) or 0,
                )
            )
        rows = next(iter(by_criterion.values()))
        metric = rows[0]["metric"].value.removeprefix(expand("collex-sh:"))
        name = reader.best([row["name"] for row in rows]) or Text(metric)
        points = integer(rows[0]["points"]) or 0
        scores.append(NoticeScore(metric, name, points, tuple(met), tuple(lacking)))
    return tuple(sorted(scores, key=lambda score: score.name))


def describe_rules(reader: GraphReader) -> tuple[RuleRow, ...]:
    """Return the rules that were broken, the worst and most frequent first, with one case each."""
    rows = reader.rows("quality-rules")
    cases: dict[str, list[Row]] = defaultdict(list)
    for row in reader.rows("quality-examples", result=[row["example"].value for row in rows]):
        cases[row["result"].value].append(row)
    paths = {r["path"].value for found in cases.values() for r in found if "path" in r}
    reader.learn_labels(paths | {found[0]["focus"].value for found in cases.values()})
    rules = []
    for row in rows:
        found = cases.get(row["example"].value)
        if not found:
            continue
        name = reader.best([each["name"] for each in found if "name" in each])
        rule = row["rule"].value
        query = stored_query(f"pages/{_RESULTS_OF_A_RULE}").text(
            rule=[ox.NamedNode(rule)], language=[ox.Literal(reader.words.language)]
        )
        example = _quality_result(reader, found, "")
        rules.append(
            RuleRow(
                name=name.value if name else compact(rule) or rule,
                severity=_SEVERITIES.get(row["severity"].value, "info"),
                count=integer(row["count"]) or 0,
                # what was set aside has no page to lead to
                example=example
                if example.focus and reader.is_named(example.focus.iri)
                else replace(example, focus=None),
                href="/query?" + urlencode({"query": query.strip()}),
            )
        )
    rules.sort(key=lambda rule: (_WORST_FIRST.index(rule.severity), -rule.count, rule.name))
    return tuple(rules)


def _quality_result(reader: GraphReader, rows: list[Row], page: str) -> QualityResult:
    row = rows[0]
    focus = row["focus"].value
    message = reader.best([each["message"] for each in rows])
    place = place_of_result(reader, row)
    return QualityResult(
        severity=_SEVERITIES.get(row["severity"].value, "info"),
        message=message or Text(""),
        advice=reader.best([each["advice"] for each in rows if "advice" in each]),
        property_label=_property_label(reader, row.get("path")),
        value=row["found"].value if "found" in row else "",
        # most messages of reading rules say their place themselves
        place=place if message is None or place.partition(",")[0] not in message.value else "",
        focus=None if focus == page else reader.node(focus),
    )


def _property_label(reader: GraphReader, path: Term | None) -> str:
    if path is None:
        return ""
    if isinstance(path, ox.NamedNode):
        return property_label(reader, path.value)
    return path.value


def place_of_result(reader: GraphReader, row: Row) -> str:
    """Return where a result stands in its source file, from the file to the element."""
    parts = []
    for name in ("file", "line", "row", "component", "column"):
        if name in row:
            key = f"place.{name}"
            value = row[name].value
            parts.append(value if name == "file" else reader.words(key, **{name: value}))
    return ", ".join(parts)


# --- names of properties -------------------------------------------------------------------------


def property_label(reader: GraphReader, iri: str) -> str:
    """Return what to call a property: our words for it, the ontology's label, or its short name."""
    name = compact(iri)
    key = f"property.{name}"
    if name is not None and reader.words.knows(key):
        return reader.words(key)
    label = reader.label_of(iri).value
    if "genid" in label:
        # a property path has no name of its own
        return ""
    return label if label == name else label[:1].upper() + label[1:]


def property_labels(reader: GraphReader, iris: list[str]) -> dict[str, str]:
    """Return the names of several properties, asked for at once."""
    reader.learn_labels(iris)
    return {iri: property_label(reader, iri) for iri in iris}
