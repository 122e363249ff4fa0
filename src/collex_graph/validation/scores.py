"""Scores of notices: how complete each is, and how easily found, with the criteria that say why.

A score is a metric of `shapes/criteria.ttl`. Its criteria are property shapes with a weight; the
weights of a metric sum to 100, and a notice has the points of the criteria that it meets. The same
engine runs them as the rules, so a criterion is exactly what its shape says, and any SHACL
processor can check it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

from collex_graph.errors import ResourceFileError
from collex_graph.rdf.iris import Iris
from collex_graph.rdf.namespaces import expand, term
from collex_graph.resources import resource_dir
from collex_graph.validation.data_graph import DataGraph
from collex_graph.validation.engine import Engine
from collex_graph.validation.reference import Reference
from collex_graph.validation.shapes import CRITERIA_FILE, RuleFile
from collex_graph.validation.shapes_graph import ShapesGraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from pyoxigraph import Store

    from collex_graph.validation.shapes import Rule

FULL_SCORE = 100


@dataclass(frozen=True)
class Criterion:
    """One thing that counts for a score.

    Attributes:
        rule: its shape: IRI, words, written rules.
        weight: the points that a notice has for it.
    """

    rule: Rule
    weight: int


@dataclass(frozen=True)
class Metric:
    """What a score measures.

    Attributes:
        iri: its IRI.
        labels: language → its name.
        codes: the written rules that it measures.
        criteria: what counts for it, in the order of the file.
    """

    iri: str
    labels: Mapping[str, str]
    codes: tuple[str, ...]
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True)
class Score:
    """The score of one notice.

    Attributes:
        notice: IRI of the notice.
        metric: what is measured.
        lacking: the criteria that it does not meet, in the order of the metric.
    """

    notice: str
    metric: Metric
    lacking: tuple[Criterion, ...]

    @property
    def points(self) -> int:
        """The score, from 0 to `FULL_SCORE`."""
        return FULL_SCORE - sum(criterion.weight for criterion in self.lacking)

    @property
    def met(self) -> tuple[Criterion, ...]:
        """The criteria that the notice meets."""
        return tuple(one for one in self.metric.criteria if one not in self.lacking)


class Criteria:
    """The criteria of a file.

    Args:
        path: a Turtle file of metrics and of the shapes that count for them.

    Attributes:
        metrics: the metrics, in the order of the file.
        graph: the shapes.

    Raises:
        ResourceFileError: for a file that is no Turtle, a criterion that lacks what every rule has
            or its weight, or a metric whose weights do not sum to 100.
    """

    def __init__(self, path: Path) -> None:
        file = RuleFile(path)
        self.graph = ShapesGraph(file.triples)
        criteria: dict[str, list[Criterion]] = {}
        for node in file.subjects("sh:PropertyShape"):
            weights = file.objects(node, term("collex-sh:weight"))
            metrics = file.objects(node, term("collex-sh:countsFor"))
            weight = weights[0] if len(weights) == 1 else None
            if not isinstance(weight, Literal) or not weight.value.isdecimal() or len(metrics) != 1:
                raise file.fail(node, "a criterion needs one collex-sh:weight and one countsFor")
            criteria.setdefault(str(metrics[0]), []).append(
                Criterion(file.rule(node), int(weight.value))
            )
        self.metrics: list[Metric] = []
        for node in file.subjects("dqv:Metric"):
            counted = tuple(criteria.pop(str(node), ()))
            if sum(criterion.weight for criterion in counted) != FULL_SCORE:
                raise file.fail(node, f"the weights of its criteria must sum to {FULL_SCORE}")
            iri = node.value if isinstance(node, NamedNode) else ""
            labels = file.words(node, "rdfs:label")
            self.metrics.append(Metric(iri, labels, file.codes(node), counted))
        if criteria:
            raise ResourceFileError(path, f"no dqv:Metric is stated for {', '.join(criteria)}")

    def scores(self, store: Store) -> Iterator[Score]:
        """Yield the scores of the notices of a store that describe something, sorted by notice.

        Args:
            store: its default graph is looked at, with what was derived.
        """
        typed = store.quads_for_pattern(
            None, term("rdf:type"), term("collex:Notice"), DefaultGraph()
        )
        notices = sorted(
            quad.subject.value
            for quad in typed
            if isinstance(quad.subject, NamedNode)
            and any(
                store.quads_for_pattern(
                    quad.subject, term("foaf:primaryTopic"), None, DefaultGraph()
                )
            )
        )
        engine = Engine(self.graph, Reference(self.graph), DataGraph(store))
        lacking: dict[str, set[str]] = {}
        for found in engine.violations():
            if isinstance(found.focus, NamedNode) and isinstance(found.shape, NamedNode):
                lacking.setdefault(found.focus.value, set()).add(found.shape.value)
        for notice in notices:
            lacks = lacking.get(notice, set())
            for metric in self.metrics:
                missed = tuple(one for one in metric.criteria if one.rule.iri in lacks)
                yield Score(notice, metric, missed)


@cache
def own_criteria() -> Criteria:
    """Return the project's own criteria, read once."""
    return Criteria(resource_dir("shapes") / CRITERIA_FILE)


def score_quads(scores: Iterable[Score], base_iri: str) -> Iterator[Quad]:
    """Yield the scores for ``graph/quality``, as measurements of the Data Quality Vocabulary.

    Args:
        scores: the scores.
        base_iri: the setting of that name.
    """
    graph = NamedNode(Iris(base_iri).graph("quality"))
    for score in scores:
        name = score.metric.iri.removeprefix(expand("collex-sh:")).lower()
        node = NamedNode(f"{score.notice}/score/{name}")

        def said(predicate: str, value: NamedNode | Literal, node: NamedNode = node) -> Quad:
            return Quad(node, term(predicate), value, graph)

        yield said("rdf:type", term("dqv:QualityMeasurement"))
        for language, label in score.metric.labels.items():
            colon = "\u00a0:" if language == "fr" else ":"
            yield said("rdfs:label", Literal(f"{label}{colon} {score.points}", language=language))
        yield said("dqv:computedOn", NamedNode(score.notice))
        yield said("dqv:isMeasurementOf", NamedNode(score.metric.iri))
        yield said("dqv:value", Literal(score.points))
        for criterion in score.met:
            yield said("collex-sh:meets", NamedNode(criterion.rule.iri))
        for criterion in score.lacking:
            yield said("collex-sh:lacks", NamedNode(criterion.rule.iri))
