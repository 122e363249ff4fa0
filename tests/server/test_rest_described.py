"""Whatever is asked of the interface is answered as its description says (schemathesis).

Every stored query is asked its examples and a few things drawn at random, some that its description
allows and some that it does not; one query for each sort of parameter is asked every value at
the bounds of what is allowed. All checks are on. What is drawn is the same in every run.
"""

from dataclasses import replace

import pytest
import schemathesis
from schemathesis import config as chosen
from schemathesis.engine import events, from_schema

from collex_graph.server import create_app
from collex_graph.server.named_queries import questions

GIVEN_WHOLE = ("srj", "tsv", "xml", "xlsx")


@schemathesis.hook
def filter_case(context, case):
    """Leave out what the description says in words alone: these formats have no pages."""
    query = case.query if isinstance(case.query, dict) else {}
    return not (str(query.get("format")) in GIVEN_WHOLE and {"page", "page_size"} & set(query))


@pytest.fixture
def interface(settings, real_queries):
    """The description of the interface, beside the application that is asked."""
    app = create_app(replace(settings, client_budget_seconds=0), real_queries)

    def load(**phases):
        off = {
            name: kind(enabled=False)
            for name, kind in (
                ("examples", chosen.ExamplesPhaseConfig),
                ("coverage", chosen.CoveragePhaseConfig),
                ("fuzzing", chosen.FuzzingPhaseConfig),
                ("stateful", chosen.StatefulPhaseConfig),
            )
        }
        project = chosen.ProjectConfig(
            headers={"Accept-Encoding": "identity"},  # in process nobody decompresses
            continue_on_failure=True,
            generation=chosen.GenerationConfig(
                deterministic=True, database="none", no_shrink=True, max_examples=1
            ),
            phases=chosen.PhasesConfig(**off | phases),
            checks=chosen.ChecksConfig(
                # data of another day are gone, and a time limit may be too short
                positive_data_acceptance=chosen.PositiveDataAcceptanceConfig(
                    expected_statuses=["2xx", "410", "504"]
                ),
                not_a_server_error=chosen.NotAServerErrorConfig(
                    expected_statuses=["2xx", "3xx", "4xx", "504"]
                ),
            ),
        )
        configuration = chosen.SchemathesisConfig(
            seed=20261126, projects=chosen.ProjectsConfig(default=project)
        )
        return schemathesis.openapi.from_wsgi("/api/openapi.json", app, config=configuration)

    return load


def run(schema):
    """Run everything; return the cases, and what was wrong with each."""
    cases, wrong = [], []
    for event in from_schema(schema).execute():
        assert not isinstance(event, events.NonFatalError | events.FatalError), event
        if isinstance(event, events.ScenarioFinished):
            for case, checks in event.recorder.checks.items():
                cases.append((event.label, case))
                wrong += [
                    f"{event.label}: {check.name}: {check.failure_info.failure.message}\n"
                    f"{check.failure_info.code_sample}"
                    for check in checks
                    if check.failure_info is not None
                ]
    return cases, wrong


def one_for_each_sort_of_parameter():
    """Names of queries, so few that every sort of parameter of any is one of theirs."""
    sorts = {
        name: {
            (each.type, each.multiple, each.optional, each.default is None, each.minimum is None)
            for each in query.parameters.values()
        }
        for name, query in questions().items()
    }
    names, left = [], set().union(*sorts.values())
    while left:
        names.append(max(sorts, key=lambda name: len(sorts[name] & left)))
        left -= sorts[names[-1]]
    return names


def test_every_stored_query_answers_as_described(interface):
    schema = interface(
        examples=chosen.ExamplesPhaseConfig(), fuzzing=chosen.FuzzingPhaseConfig()
    ).include(path_regex="^/api/queries")
    cases, wrong = run(schema)
    assert not wrong, "\n\n".join(wrong[:5])
    assert {label.rpartition("/")[2] for label, _ in cases} == {"queries", *questions()}


def test_every_bound_of_every_sort_of_parameter_is_answered_as_described(interface):
    names = "|".join(one_for_each_sort_of_parameter())
    schema = interface(coverage=chosen.CoveragePhaseConfig()).include(
        path_regex=f"/api/queries(/({names}))?$"
    )
    cases, wrong = run(schema)
    assert not wrong, "\n\n".join(wrong[:5])
    assert len(cases) > 300
