"""The engine against the public RML suites beside the project (``../shared/suites``)."""

import tomllib
from pathlib import Path

import pytest

from conformance.rml_suites import cases, our_answer

HERE = Path(__file__).parent
SUITES = HERE.parents[2] / "shared" / "suites"
DEVIATIONS, REASONS = (
    tomllib.loads((HERE / name).read_text(encoding="utf-8"))
    for name in ("deviations.toml", "reasons.toml")
)
ALL = [case for suite in ("rml-legacy", "rml-core") for case in cases(SUITES, suite)]
NOT_THERE = "the public suites are not beside the project (../shared/suites)"


@pytest.mark.real_data
@pytest.mark.skipif(not ALL, reason=NOT_THERE)
@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.suite}/{case.name}")
def test_a_case_gives_what_it_expects_or_deviates_for_a_listed_reason(case):
    answer = our_answer(case)
    right = answer.is_right(case, REASONS[case.suite].get(case.name, ""))
    if case.name in DEVIATIONS[case.suite]:
        assert not right, "it passes: remove it from deviations.toml"
    else:
        assert right, answer.error or answer.quads.decode()


@pytest.mark.real_data
@pytest.mark.skipif(not ALL, reason=NOT_THERE)
@pytest.mark.parametrize("suite", ["rml-legacy", "rml-core"])
def test_at_most_a_tenth_of_the_cases_with_output_deviates(suite):
    with_output = [c.name for c in ALL if c.suite == suite and c.expected is not None]
    assert len(DEVIATIONS[suite].keys() & set(with_output)) <= len(with_output) / 10


def test_every_deviation_has_a_reason():
    assert all(reason for suite in DEVIATIONS.values() for reason in suite.values())
