"""Workers on the snapshot of all samples, and on one of the real files that questions read."""

import pytest

from collex_graph.settings import Settings
from collex_graph.sparql.workers import WorkerPool
from collex_graph.store.snapshot import current_snapshot

# Small files of every kind that the questions read. Long lists, thousands of rows alike, add
# minutes and no case.
REAL_FILES = {
    "calames": "calames",
    "ccfr": "ccfr",
    "counter": "counter/counter5_table_dr.csv",
    "esr": "institutions/fr-esr-principaux-etablissements_2023-04_technical-headers.csv",
    "gallica": "gallica",
    "idref": "idref/idref_*.rdf",
    "istex": "istex/*.csv",
    "kbart": "kbart/persee*.txt",
    "persee": "persee",
    "seda": "seda",
    "theses": "theses",
}


@pytest.fixture(scope="session")
def settings():
    return Settings(query_workers=1)


@pytest.fixture(scope="session")
def samples(sample_snapshot):
    """The data folder with a snapshot of all samples, as `make demo` builds it."""
    return sample_snapshot.directory.parents[1]


@pytest.fixture(scope="session")
def on_samples(samples, settings):
    yield from pool(current_snapshot(samples), settings)


@pytest.fixture(scope="session")
def on_real_files(settings, shared_data, build_once):
    inputs = [(source, shared_data / path) for source, path in REAL_FILES.items()]
    yield from pool(build_once("real", inputs), settings)


def pool(snapshot, settings):
    with WorkerPool(snapshot, settings) as queries:
        yield queries
