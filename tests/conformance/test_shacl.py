"""The validator against the W3C test suite of SHACL, Core and SPARQL, with pySHACL beside it."""

import tomllib
import warnings
from collections import Counter
from pathlib import Path

import pytest

from conformance.shacl_suite import cases, ours, pyshacls
from conftest import SHARED

SUITE = SHARED / "suites" / "shacl"
CASES = cases(SUITE) if SUITE.is_dir() else []
DEVIATIONS = tomllib.loads(
    (Path(__file__).parent / "deviations.toml").read_text(encoding="utf-8")
).get("shacl", {})

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not CASES, reason="the suite is not beside the project (../shared/suites)"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_report_is_the_one_the_suite_expects(case):
    """A deviation is listed with its reason, and no longer when it has gone."""
    if case.name in DEVIATIONS:
        assert ours(case) != case.expected, f"passes now: {DEVIATIONS[case.name]}"
    else:
        assert ours(case) == case.expected


def test_every_case_is_there_and_every_deviation_is_a_case():
    assert len(CASES) == 120
    assert set(DEVIATIONS) <= {case.name for case in CASES}


def test_as_many_cases_pass_as_with_pyshacl(capsys):
    passed = Counter()
    for case in CASES:
        passed["ours"] += ours(case) == case.expected
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = pyshacls(case)
            except Exception as error:
                found = error
        passed["pySHACL"] += found == case.expected
    with capsys.disabled():
        print(f"\nSHACL suite, {len(CASES)} cases: {dict(passed)}")
    assert passed["ours"] >= passed["pySHACL"]
    assert passed["pySHACL"] > 100
