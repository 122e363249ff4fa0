"""Runs the public RML suites: one folder a case, ``mapping.ttl``, input, ``output.nq``.

``rml-legacy`` is kg-construct/rml-test-cases (2013 vocabulary), ``rml-core`` is
kg-construct/rml-core. A case without ``output.nq`` expects an error. The base of relative IRIs is
that which each suite states.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyoxigraph import CanonicalizationAlgorithm, Dataset, RdfFormat, parse

from collex_graph.errors import CollexGraphError
from collex_graph.workbench import run_mapping

if TYPE_CHECKING:
    from pathlib import Path

BASES = {"rml-core": "http://example.com/", "rml-legacy": None}
"""Base of the processor; in rml-legacy each document states its own."""
FORMATS = ("CSV", "JSON", "XML")


@dataclass(frozen=True)
class Case:
    """One case of a suite."""

    suite: str
    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def expected(self) -> bytes | None:
        """The quads it expects, None where it expects an error."""
        output = self.folder / "output.nq"
        return output.read_bytes() if output.exists() else None


@dataclass(frozen=True)
class Answer:
    """What an engine made of a case: its quads, and its error where it had one."""

    quads: bytes
    error: str

    def is_right(self, case: Case, reason: str = "") -> bool:
        """Say whether it is what the case expects.

        Where quads are expected, an engine may report beside them what it left out.
        """
        if case.expected is None:
            return bool(self.error) and reason in self.error
        try:
            return canonical(self.quads) == canonical(case.expected)
        except SyntaxError:
            return False


def cases(suites: Path, suite: str) -> list[Case]:
    """Return the cases of a suite whose input is a file."""
    found = sorted((suites / suite).glob("RMLTC*"))
    return [Case(suite, folder) for folder in found if folder.name.endswith(FORMATS)]


def canonical(quads: bytes) -> Dataset:
    """Return a data set with the blank nodes named by RDFC-1.0; invalid IRIs are let through."""
    dataset = Dataset(parse(quads, format=RdfFormat.N_QUADS, lenient=True))
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return dataset


def our_answer(case: Case) -> Answer:
    """Run our engine as ``collex-graph mapping run`` does."""
    out, problems = io.BytesIO(), []
    base = BASES[case.suite]
    mapping = case.folder / "mapping.ttl"
    error = ""
    try:
        rejected = run_mapping(mapping, base, "", out, lambda p: problems.append(p.note.rule))
        if rejected:
            error = f"{rejected} left out: {', '.join(problems)}"
    except CollexGraphError as raised:
        error = str(raised)
    return Answer(out.getvalue(), error)
