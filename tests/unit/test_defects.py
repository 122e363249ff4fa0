"""Every defect that was observed in real notices is caught by a rule, and a test shows it.

The list is that of section 10 of the study of sources: D1 to D25. A rule names the defects that it
catches by its code, ``CG-D16``; a feature of a mapping (``problems.txt``), an invalid file of the
shapes or a test that names it shows that it does.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from collex_graph.rdf.namespaces import expand
from collex_graph.validation.report import known_rules

TESTS = Path(__file__).parent.parent
DEFECTS = {
    "D1": "access point without the identifier of an authority",
    "D2": "one name as a person and as a body",
    "D3": "a body typed as a person",
    "D4": "an authority file spelt in several ways",
    "D5": "an identifier of another authority file than stated",
    "D6": "several spellings of one identifier",
    "D7": "a label that is not the form of the authority",
    "D8": "an index of Dewey inside the label",
    "D9": "an extent inside a subject",
    "D10": "9999 for an open end",
    "D11": "an open interval that ends with a slash",
    "D12": "an interval written with a hyphen",
    "D13": "dates that disagree",
    "D14": "a doubled prefix in an extent",
    "D15": "an extent without unit, or in words",
    "D16": "no extent, date, language, subject, agent, type or access",
    "D17": "a labelled fonds without discipline",
    "D18": "an address that is no address",
    "D19": "a link to a fonds that is not there",
    "D20": "an empty normalised date",
    "D21": "obsolete codes of languages",
    "D22": "one identifier with two labels or types",
    "D23": "a notice that is being changed",
    "D24": "one subject twice in a record",
    "D25": "roles as codes and as words",
}


def _shown():
    """Names of rules that a test shows at work."""
    names = set()
    for told in TESTS.glob("mapping/*/*/problems.txt"):
        names |= {line.partition(" |")[0] for line in told.read_text("utf-8").splitlines()}
    for invalid in TESTS.glob("shapes/*/invalid-*.ttl"):
        first = invalid.read_text("utf-8").splitlines()[0]
        names |= set(re.findall(r"collex-sh:([\w-]+)", first))
    for tests in sorted(TESTS.rglob("test_*.py")):
        if tests != Path(__file__):
            names |= set(re.findall(r'"([A-Z][A-Za-z]+)"', tests.read_text("utf-8")))
    return names


@pytest.fixture(scope="module")
def catching():
    """Defect → names of the rules that say they catch it."""
    found = {}
    for iri, rule in known_rules().items():
        for code in rule.codes:
            if (defect := code.removeprefix("CG-")) in DEFECTS:
                found.setdefault(defect, set()).add(iri.removeprefix(expand("collex-sh:")))
    return found


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda name: f"{name}-{DEFECTS[name][:40]}")
def test_a_defect_of_real_notices_is_caught_by_rules_that_tests_show(defect, catching):
    rules = catching.get(defect, set())
    assert rules, f"no rule names {defect}: {DEFECTS[defect]}"
    assert rules - _shown() == set()
