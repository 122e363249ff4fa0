from pathlib import Path

import pytest

from collex_graph.errors import ConfigurationError
from collex_graph.settings import Settings, load_settings


def test_defaults_are_used_when_the_environment_says_nothing():
    assert load_settings({}) == Settings()


def test_the_environment_overrides_a_default_with_the_right_type():
    settings = load_settings(
        {"COLLEX_GRAPH_QUERY_TIMEOUT_SECONDS": "2.5", "COLLEX_GRAPH_VAR": "/tmp/x"}
    )
    assert settings.query_timeout_seconds == 2.5
    assert settings.var == Path("/tmp/x")


def test_an_argument_overrides_the_environment():
    assert load_settings({"COLLEX_GRAPH_PORT": "1"}, port=2).port == 2


def test_an_argument_left_out_overrides_nothing():
    assert load_settings({"COLLEX_GRAPH_PORT": "1"}, port=None).port == 1


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"COLLEX_GRAPH_QUERY_TIMEOUT": "3"}, "COLLEX_GRAPH_QUERY_TIMEOUT"),
        ({"COLLEX_GRAPH_PORT": "eighty"}, "COLLEX_GRAPH_PORT"),
        ({"COLLEX_GRAPH_BASE_IRI": "example.org"}, "base_iri"),
        ({"COLLEX_GRAPH_QUERY_TIMEOUT_SECONDS": "0"}, "query_timeout_seconds"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(environment, named):
    with pytest.raises(ConfigurationError, match=named):
        load_settings(environment)
