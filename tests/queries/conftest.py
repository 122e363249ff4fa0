"""One snapshot of all samples, and one of the real files that questions read; built once each."""

from dataclasses import replace

import pytest

from collex_graph.build import build
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings
from collex_graph.sparql.workers import WorkerPool

# The files that hold what the questions ask for. The long lists, thousands of rows of the same
# kind, add minutes and no case.
REAL_FILES = {
    "beneficiaries": "institutions",
    "calames": "calames",
    "ccfr": "ccfr",
    "counter": "counter",
    "encpos": "encpos",
    "esr": "institutions/fr-esr-principaux-etablissements_2023-04_technical-headers.csv",
    "gallica": "gallica",
    "idref": "idref/*.rdf",
    "istex": "istex",
    "kbart": "kbart/[pD]*.txt",
    "persee": "persee",
    "seda": "seda",
    "theses": "theses",
}


@pytest.fixture(scope="session")
def settings():
    return Settings(query_workers=1)


@pytest.fixture(scope="session")
def samples(settings, tmp_path_factory):
    """The data folder with a snapshot of all samples, as `make demo` builds it."""
    folders = sorted(resource_dir("mappings").glob("*/sample"))
    var = tmp_path_factory.mktemp("samples")
    build([(folder.parent.name, folder) for folder in folders], replace(settings, var=var))
    return var


@pytest.fixture(scope="session")
def on_samples(samples, settings):
    yield from pool(samples, settings)


@pytest.fixture(scope="session")
def on_real_files(settings, shared_data, tmp_path_factory):
    var = tmp_path_factory.mktemp("real")
    inputs = [(source, shared_data / path) for source, path in REAL_FILES.items()]
    build(inputs, replace(settings, var=var))
    yield from pool(var, settings)


def pool(var, settings):
    from collex_graph.store.snapshot import current_snapshot

    with WorkerPool(current_snapshot(var), settings) as queries:
        yield queries
