"""Writes validation reports: a W3C ``sh:ValidationReport``, a summary for a terminal, a table.

Internal results (they report an element that a source keeps to itself) are in no published form;
the summary counts them and quotes nothing.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from functools import cache, lru_cache
from textwrap import shorten, wrap
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Triple, serialize

from collex_graph.model import Severity, ValidationReport, ValidationResult
from collex_graph.rdf.iris import Iris, is_absolute_iri
from collex_graph.rdf.literals import check_literal, read_term
from collex_graph.rdf.namespaces import compact, expand, prefixes, term
from collex_graph.validation.paths import Path
from collex_graph.validation.readings import ReadingRules
from collex_graph.validation.shapes import shapes
from collex_graph.validation.words import CERTAINTIES, SEVERITIES, place_in_words, repair_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from _typeshed import SupportsWrite

    from collex_graph.model import Position, Repair
    from collex_graph.validation.shapes import Rule

# What a spreadsheet would run as a formula (OWASP ASVS 5.0, 1.2.10).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_HEADERS = {
    "fr": (
        "gravité", "règle", "constat", "message", "conseil", "nœud", "propriété", "valeur",
        "réparation proposée", "sûreté de la réparation", "raison de la réparation",
        "fichier", "ligne", "rangée", "composant", "colonne", "règle écrite",
        "identifiant de la règle",
    ),
    "en": (
        "severity", "rule", "finding", "message", "advice", "node", "property", "value",
        "suggested repair", "certainty of the repair", "reason of the repair",
        "file", "line", "row", "component", "column", "written rule", "identifier of the rule",
    ),
}  # fmt: skip
# Where in a row what its result alone says begins, and where it ends.
_WORDS, _RULE = 5, 16
_ROWS_AT_ONCE = 1_000
_SUMMARY = {
    "fr": {
        "nothing": "Contrôle : rien à signaler.",
        "title": "Contrôle",
        "dataset": "concerne tout le jeu de données : rien n’est publié",
        "internal": "interne, non publié",
        "example": "par exemple",
        "colon": " : ",
        "advice": "À faire",
        "nowhere": "sans lieu connu",
        "no file": "Sans fichier",
        "more": "et {count} de plus : --format csv ou xlsx les donne tous",
        "times": "fois",
        "repairs": "Réparations proposées : certaines {certain} (--corrected les écrit dans une "
        "copie), suggérées {suggested}",
    },
    "en": {
        "nothing": "Validation: nothing to report.",
        "title": "Validation",
        "dataset": "concerns the whole data set: nothing is published",
        "internal": "internal, not published",
        "example": "for instance",
        "colon": ": ",
        "advice": "What to do",
        "nowhere": "no known place",
        "no file": "Without a file",
        "more": "and {count} more: --format csv or xlsx has them all",
        "times": "times",
        "repairs": "Repairs: certain {certain} (--corrected writes them into a copy), "
        "suggested {suggested}",
    },
}


# Eighty columns, less a margin: the lines fit a plain terminal and a mail.
_LINE_WIDTH = 78
_INDENT = " " * 8
# No line may begin with a sign that French sets off by a space, nor end with an opening quote.
_GLUE = "\ue000"  # stands for such a space while lines are cut; no text holds it
_FRENCH_SPACE = re.compile(r"(?<=«) | (?=[»:;?!])")
_VALUE_WIDTH = 60


@cache
def known_rules() -> Mapping[str, Rule]:
    """Return every rule of the project: those of the shapes and those of reading."""
    return {**shapes().rules, **ReadingRules.load().rules}


def cited(iri: str, rule: Rule | None) -> str:
    """Return how a report cites a rule: its short name, and the codes of the written rules.

    >>> iri = "https://w3id.org/collex-graph/shapes#DescribedUnit-extent"
    >>> cited(iri, known_rules()[iri])
    'DescribedUnit-extent, CG-D16'
    """
    name = iri.removeprefix(expand("collex-sh:")).removeprefix("collex-sh:")
    return ", ".join([name, *(rule.codes if rule else ())])


# --- the W3C report ------------------------------------------------------------------------------


def report_quads(
    report: ValidationReport,
    base_iri: str,
    *,
    source_files: Mapping[str, str] | None = None,
    rules: Mapping[str, Rule] | None = None,
) -> Iterator[Quad]:
    """Yield the report for ``graph/report``, without blank nodes and without internal results.

    The IRI of a result is made of its focus node, rule, path and value, so that a defect keeps its
    IRI from one run to the next; the second of two that share all four gets ``-2``.

    Args:
        report: what was found.
        base_iri: the setting of that name.
        source_files: file name → IRI of the source file, which stands in for the focus node of a
            problem that concerns no node of the graph; without it the report itself does.
        rules: IRI → rule; None means the project's own.
    """
    writer = _Writer(Iris(base_iri), rules or known_rules(), source_files or {})
    published = _published(report)
    node = writer.report
    yield writer.quad(node, "rdf:type", term("sh:ValidationReport"))
    yield writer.quad(node, "rdfs:label", Literal("Rapport de contrôle", language="fr"))
    yield writer.quad(node, "rdfs:label", Literal("Validation report", language="en"))
    # SHACL, section 3.6.1.1: a report conforms only when it has no result, however slight.
    yield writer.quad(node, "sh:conforms", Literal(not published))
    nodes = [writer.node(result) for result in published]
    for found in nodes:
        yield writer.quad(node, "sh:result", found)
    for found, result in zip(nodes, published, strict=True):
        yield from writer.result(found, result)


def report_turtle(
    report: ValidationReport,
    base_iri: str,
    *,
    source_files: Mapping[str, str] | None = None,
    rules: Mapping[str, Rule] | None = None,
) -> str:
    """Return the report in Turtle; see `report_quads`."""
    quads = report_quads(report, base_iri, source_files=source_files, rules=rules)
    text = io.BytesIO()
    triples = (Triple(quad.subject, quad.predicate, quad.object) for quad in quads)
    serialize(triples, text, format=RdfFormat.TURTLE, prefixes=prefixes())
    # pyoxigraph writes the prefixes in an order of its own, another one at each run.
    lines = text.getvalue().decode().splitlines(keepends=True)
    declared = [line for line in lines if line.startswith("@prefix ")]
    return "".join([*sorted(declared), *lines[len(declared) :]])


class _Writer:
    """Writes results one by one, and each path once."""

    def __init__(
        self, iris: Iris, rules: Mapping[str, Rule], source_files: Mapping[str, str]
    ) -> None:
        self.rules = rules
        self.report = NamedNode(iris.at_path("/id/report"))
        self._iris = iris
        self._graph = NamedNode(iris.graph("report"))
        self._source_files = source_files
        self._digests: Counter[str] = Counter()
        self._said_of_paths: set[Quad] = set()

    def quad(self, node: NamedNode, predicate: str, value: NamedNode | Literal) -> Quad:
        """Return one statement of the report's graph."""
        return Quad(node, term(predicate), value, self._graph)

    def node(self, result: ValidationResult) -> NamedNode:
        """Return the IRI of a result; to be asked once for each, in the report's order."""
        place = result.focus_node
        if place is None and result.position is not None:
            place = f"{result.position.file}#{result.position.fragment()}"
        parts = (place, result.rule, result.path, result.value_term or result.value)
        text = "\x00".join(part or "" for part in parts)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        self._digests[digest] += 1
        number = self._digests[digest]
        return NamedNode(
            self._iris.entity("result", digest if number == 1 else f"{digest}-{number}")
        )

    def result(self, node: NamedNode, result: ValidationResult) -> Iterator[Quad]:
        """Yield one result, in SHACL's order of properties."""
        rule = self.rules.get(result.rule)
        yield self.quad(node, "rdf:type", term("sh:ValidationResult"))
        labels = rule.labels if rule else result.messages
        yield from self._texts(node, "rdfs:label", labels)
        yield self.quad(node, "sh:focusNode", self._focus(result))
        yield from self._path(node, result, rule)
        value = _value(result)
        if value is not None:
            yield self.quad(node, "sh:value", value)
        yield self.quad(node, "sh:sourceShape", NamedNode(result.rule))
        for code in rule.codes if rule else ():
            yield self.quad(node, "collex-sh:rule", term(f"collex-sh:{code}"))
        component = result.source_constraint_component or expand("collex-sh:ReadingRule")
        yield self.quad(node, "sh:sourceConstraintComponent", NamedNode(component))
        severity = term(f"sh:{result.severity.value}")
        yield self.quad(node, "sh:resultSeverity", severity)
        yield from self._texts(node, "sh:resultMessage", result.messages)
        yield from self._texts(node, "collex-sh:advice", result.advice)
        if result.value is not None:
            yield self.quad(node, "collex-sh:found", Literal(result.value))
        if result.repair is not None:
            certain = Literal(result.repair.certain)
            yield self.quad(node, "collex-sh:repaired", Literal(result.repair.repaired))
            yield self.quad(node, "collex-sh:certain", certain)
            yield from self._texts(node, "collex-sh:repairReason", result.repair.reasons)
        if result.of_dataset:
            yield self.quad(node, "collex-sh:ofDataset", Literal(True))
        if result.position is not None:
            yield from self._position(node, result.position)

    def _texts(self, node: NamedNode, predicate: str, texts: Mapping[str, str]) -> Iterator[Quad]:
        for language, text in texts.items():
            yield self.quad(node, predicate, Literal(text, language=language))

    def _position(self, node: NamedNode, position: Position) -> Iterator[Quad]:
        for name in ("file", "component", "column"):
            words = getattr(position, name)
            if words is not None:
                yield self.quad(node, f"collex-sh:{name}", Literal(words))
        for name in ("line", "row"):
            number = getattr(position, name)
            if number is not None:
                yield self.quad(node, f"collex-sh:{name}", Literal(number))

    def _path(self, node: NamedNode, result: ValidationResult, rule: Rule | None) -> Iterator[Quad]:
        if rule is not None and rule.path is not None:
            path = rule.path
        elif result.path is not None and is_absolute_iri(result.path):
            path = Path("predicate", result.path)
        else:
            return
        yield self.quad(node, "sh:resultPath", path.node(self._mint_path))
        # Different paths share parts, and a path serves many results: each statement once.
        for quad in path.quads(self._mint_path, self._graph):
            if quad not in self._said_of_paths:
                self._said_of_paths.add(quad)
                yield quad

    def _mint_path(self, digest: str) -> str:
        return self._iris.at_path(f"/.well-known/genid/path-{digest}")

    def _focus(self, result: ValidationResult) -> NamedNode:
        if result.focus_node is not None:
            return NamedNode(result.focus_node)
        file = result.position and self._source_files.get(result.position.file)
        if not result.position or not file:
            return self.report
        fragment = result.position.fragment()
        return NamedNode(f"{file}#{fragment}" if fragment else file)


def _published(report: ValidationReport) -> Sequence[ValidationResult]:
    return [result for result in report.results if not result.internal]


def _value(result: ValidationResult) -> NamedNode | Literal | None:
    """Return the value as a term, None for one that must not enter a store as it is."""
    if result.value_term is not None:
        value = read_term(result.value_term)
        if isinstance(value, NamedNode) or not check_literal(value.value, value.datatype.value):
            return value
        return None
    if result.source_constraint_component is None and result.value is not None:
        return Literal(result.value)
    return None


# --- for people -----------------------------------------------------------------------------------


def report_text(
    report: ValidationReport, language: str = "fr", *, rules: Mapping[str, Rule] | None = None
) -> str:
    """Return a summary for a terminal: each rule once, gravest and most frequent first.

    A rule bears its short name (its local name), the code of the written rule that it checks, its
    count, and its message and advice with the place of an example; of violations every result is
    listed, because each must be mended.

    Args:
        report: what was found.
        language: ``fr`` or ``en``.
        rules: IRI → rule; None means the project's own.
    """
    words = _SUMMARY[language]
    if not report.results:
        return words["nothing"]
    rules = rules or known_rules()
    counts = ", ".join(
        _counted(len(report.of_severity(severity)), severity, language) for severity in Severity
    )
    lines = [f"{words['title']}{' :' if language == 'fr' else ':'} {counts}"]
    for severity in Severity:
        found: dict[str, list[ValidationResult]] = {}
        for result in report.of_severity(severity):
            found.setdefault(result.rule, []).append(result)
        if found:
            lines += ["", SEVERITIES[severity][language][1].capitalize()]
        for iri in sorted(found, key=lambda iri: (-len(found[iri]), iri)):
            lines += _rule_lines(iri, found[iri], rules.get(iri), language)
    return "\n".join(lines)


def report_by_place(
    report: ValidationReport,
    language: str = "fr",
    *,
    most: int = 2_000,
    rules: Mapping[str, Rule] | None = None,
) -> str:
    """Return each result at its place, file by file, in the order of the report.

    Args:
        report: what was found, in the order of files and places.
        language: ``fr`` or ``en``.
        most: how many results are shown; how many more there are is said.
        rules: IRI → rule; None means the project's own.
    """
    words = _SUMMARY[language]
    rules = rules or known_rules()
    lines: list[str] = []
    file: str | None = None
    place = ""
    for result in _published(report)[:most]:
        here = result.position.file if result.position else words["no file"]
        if here != file:
            lines += ["", here] if lines else [here]
            file, place = here, ""
        where = _place(result, language).removeprefix(f"{here}, ")
        if where != place:
            lines.append(f"  {where}")
            place = where
        severity = SEVERITIES[result.severity][language][0]
        message = result.messages.get(language, "").replace(f" ({here}, {where})", "")
        if result.value and result.value not in message:
            message += f" → {shorten(result.value, _VALUE_WIDTH, placeholder=' …')}"
        name = cited(result.rule, rules.get(result.rule))
        lines += _wrapped(f"{severity}{words['colon']}{message} [{name}]")
        lines += _advice(result.advice.get(language, ""), language)
        if result.repair is not None:
            reason = result.repair.reasons.get(language, "")
            lines += _wrapped(f"{repair_in_words(result.repair, language)}. {reason}")
    more = len(_published(report)) - most
    if more > 0:
        lines += ["", f"… {words['more'].format(count=more)}"]
    if not report.results:
        return words["nothing"]
    counts = ", ".join(
        _counted(len(report.of_severity(severity)), severity, language) for severity in Severity
    )
    internal = sum(result.internal for result in report.results)
    if internal:
        counts += f" ({internal} {words['internal']})"
    lines += ["", f"{words['title']}{words['colon']}{counts}"]
    repairs = [result.repair for result in _published(report) if result.repair]
    if repairs:
        certain = sum(repair.certain for repair in repairs)
        counted = {"certain": certain, "suggested": len(repairs) - certain}
        lines += _wrapped(words["repairs"].format(**counted), indent="")
    return "\n".join(lines)


def _counted(count: int, severity: Severity, language: str) -> str:
    one, many = SEVERITIES[severity][language]
    # French counts nought as one: « 0 violation ».
    singular = count == 1 or (count == 0 and language == "fr")
    return f"{count} {one if singular else many}"


def _rule_lines(
    iri: str, results: Sequence[ValidationResult], rule: Rule | None, language: str
) -> list[str]:
    words = _SUMMARY[language]
    first = results[0]
    name = compact(iri) or iri
    label = rule.labels[language] if rule else first.messages.get(language, name)
    lines = [f"{len(results):>6}  {label} ({cited(name, rule)})"]
    if first.of_dataset:
        lines += _wrapped(words["dataset"])
    if first.internal:
        return [*lines, *_wrapped(words["internal"])]
    if first.severity is Severity.VIOLATION:
        return [*lines, *_every(results, language)]
    example = next((result for result in results if result.position), first)
    message, place = example.messages.get(language, ""), _place(example, language)
    advice = _advice(example.advice.get(language, ""), language)
    if place in message:
        return [*lines, *_wrapped(f"{words['example']}{words['colon']}{message}"), *advice]
    return [
        *lines,
        f"{_INDENT}{words['example']} {place}",
        *_wrapped(message),
        *advice,
    ]


def _every(results: Sequence[ValidationResult], language: str) -> Iterator[str]:
    """Yield every result, under the message and the advice that it shares with others."""
    groups: dict[tuple[str, str], list[str]] = {}
    for result in results:
        shared = (result.messages.get(language, ""), result.advice.get(language, ""))
        groups.setdefault(shared, []).append(_found_at(result, language))
    for (message, advice), places in groups.items():
        yield from _wrapped(message)
        yield from _advice(advice, language)
        for place, count in Counter(places).items():
            if place not in message:
                times = f" ({count} {_SUMMARY[language]['times']})" if count > 1 else ""
                yield f"{_INDENT}– {place}{times}"


def _advice(advice: str, language: str) -> list[str]:
    words = _SUMMARY[language]
    return _wrapped(f"{words['advice']}{words['colon']}{advice}") if advice else []


def _place(result: ValidationResult, language: str) -> str:
    """Say where a result was found; where no place is known, which node it is about."""
    if result.position is not None:
        return place_in_words(result.position, language)
    return result.focus_node or _SUMMARY[language]["nowhere"]


def _found_at(result: ValidationResult, language: str) -> str:
    place = _place(result, language)
    if result.value is None or result.value in result.messages.get(language, ""):
        return place
    colon = _SUMMARY[language]["colon"]
    return f"{place}{colon}{shorten(result.value, _VALUE_WIDTH, placeholder=' …')}"


def _wrapped(text: str, indent: str = _INDENT) -> list[str]:
    """Return the lines of a paragraph; a name or an address is never broken.

    Places are not wrapped: they are there to be copied.

    >>> _wrapped("Remplir « did/unittitle ».")
    ['        Remplir « did/unittitle ».']
    """
    lines = wrap(
        _FRENCH_SPACE.sub(_GLUE, text),
        _LINE_WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_GLUE, " ") for line in lines]


def write_csv(
    stream: SupportsWrite[str],
    report: ValidationReport,
    language: str = "fr",
    *,
    rules: Mapping[str, Rule] | None = None,
) -> None:
    """Write one row per result, for a spreadsheet: no cell can be taken for a formula.

    Args:
        stream: receives the rows, some at a time: of hundreds of thousands no text is made.
        report: what was found.
        language: ``fr`` or ``en``.
        rules: IRI → rule; None means the project's own.
    """
    # most of a row is what its rule says: messages and advice are written out once
    shared = lru_cache(maxsize=256)(_csv_cells)
    lines: list[str] = []
    for row in report_rows(report, language, rules=rules):
        words, own, rule = row[:_WORDS], row[_WORDS:_RULE], row[_RULE:]
        lines.append(f"{shared(words)},{_csv_cells(own)},{shared(rule)}\r\n")
        if len(lines) == _ROWS_AT_ONCE:
            stream.write("".join(lines))
            lines.clear()
    stream.write("".join(lines))


class _Echo:
    """Gives back what is written."""

    def write(self, text: str) -> str:
        return text


_csv_row = csv.writer(_Echo()).writerow


def _csv_cells(cells: Sequence[str | int | None]) -> str:
    """Return some cells of a row in CSV, without the end of the line."""
    row: str = _csv_row(map(plain_cell, cells))
    return row.removesuffix("\r\n")


def report_rows(
    report: ValidationReport, language: str = "fr", *, rules: Mapping[str, Rule] | None = None
) -> Iterator[tuple[str | int | None, ...]]:
    """Yield the header of a table of the results, then a row for each; see `write_csv`."""
    rules = rules or known_rules()
    yield _HEADERS[language]
    for result in _published(report):
        rule = rules.get(result.rule)
        place = result.position
        yield (
            SEVERITIES[result.severity][language][0],
            result.rule.removeprefix(expand("collex-sh:")),
            rule.labels[language] if rule else "",
            result.messages.get(language, ""),
            result.advice.get(language, ""),
            result.focus_node,
            (rule.names.get(language) if rule else None) or result.path,
            result.value,
            *_repair_cells(result.repair, language),
            *(
                (place.file, place.line, place.row, place.component, place.column)
                if place
                else (None,) * 5
            ),
            " ; ".join(rule.codes) if rule else "",
            result.rule,
        )


def _repair_cells(repair: Repair | None, language: str) -> tuple[str | None, ...]:
    if repair is None:
        return (None,) * 3
    reason = repair.reasons.get(language, "")
    return repair.repaired, CERTAINTIES[repair.certain][language], reason


def plain_cell(cell: str | int | None) -> str:
    """Return a cell that a spreadsheet shows and never runs.

    >>> plain_cell("=1+1"), plain_cell(12), plain_cell(None)
    ("'=1+1", '12', '')
    """
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
