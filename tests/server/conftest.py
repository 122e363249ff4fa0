"""A small snapshot, a query service without processes for speed, and the application on both.

`snapshot` is written once from ``graph.trig``; `queries` answers from it inside the test's process
and can be told to fail; `real_queries` is the service of production, with worker processes.
"""

import gzip
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyoxigraph as ox
import pytest
from flask import Flask
from jinja2 import BytecodeCache

from collex_graph.errors import NotAcceptableError, QuerySyntaxError, ResultTooLargeError
from collex_graph.model import QueryResult, Snapshot
from collex_graph.rdf.formats import GRAPH_FORMATS, RESULT_FORMATS, choose_format
from collex_graph.rdf.iris import Iris
from collex_graph.rdf.namespaces import prefixes
from collex_graph.server import create_app
from collex_graph.settings import Settings
from collex_graph.store.search_index import FOLDER, write_search_index

BASE = Settings().base_iri
GRAPH_FILE = Path(__file__).with_name("graph.trig")
DATA_GRAPHS = ("graph/source/", "graph/derived", "graph/vocabulary/", "graph/ontology")


def write_snapshot(directory, trig):
    """Write a snapshot folder as a build does: store, dump, report, description, manifest."""
    declared = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in prefixes().items())
    quads = list(ox.parse(declared + trig, ox.RdfFormat.TRIG, base_iri=BASE))
    directory.mkdir(parents=True)
    store = ox.Store(str(directory / "store"))
    store.bulk_extend(quads)
    materialised = {
        ox.Quad(q.subject, q.predicate, q.object)
        for q in quads
        if q.graph_name.value.removeprefix(BASE).startswith(DATA_GRAPHS)
    }
    store.bulk_extend(materialised)
    store.optimize()
    store.flush()
    del store

    lines = "".join(sorted(f"{quad} .\n" for quad in set(quads)))
    dump = gzip.compress(lines.encode(), mtime=0)
    (directory / "dataset.nq.gz").write_bytes(dump)
    for name, graph in (("report.ttl", "graph/report"), ("description.ttl", "graph/description")):
        triples = [q.triple for q in quads if q.graph_name.value == BASE + graph]
        (directory / name).write_bytes(
            ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=prefixes())
        )
    created = datetime(2026, 11, 22, 9, 49, 0, tzinfo=UTC)
    units = ox.NamedNode(prefixes()["collex"] + "DescribedUnit")
    counts = {
        "quads": len(set(quads)),
        "triples": len(materialised),
        "units": sum(q.object == units for q in materialised),
    }
    manifest = {
        "created": created.isoformat(),
        "counts": counts,
        "dump": {
            "name": "dataset.nq.gz",
            "sha256": hashlib.sha256(dump).hexdigest(),
            "size_bytes": len(dump),
        },
    }
    (directory / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return Snapshot(directory, created, counts, manifest)


class InProcessQueries:
    """A `QueryService` that evaluates where it stands: for tests of what surrounds it.

    Set ``failure`` to raise instead of answering; set ``breaks_after`` to stream, and to raise
    after that many bytes.
    """

    def __init__(self, snapshot):
        self.snapshot = snapshot
        self.store = ox.Store.read_only(str(snapshot.store))
        self.failure = None
        self.breaks_after = None
        self.asked = []

    def run(self, request, *, is_cancelled=None):
        self.asked.append(request)
        if self.failure is not None:
            raise self.failure
        try:
            found = self.store.query(request.text, base_iri=BASE)
        except SyntaxError as error:
            raise QuerySyntaxError(str(error), line=1, column=1) from None
        offered = GRAPH_FORMATS if isinstance(found, ox.QueryTriples) else RESULT_FORMATS
        written_as = choose_format(request.accept, offered)
        if written_as is None:
            # The error keeps this frame, and another thread may be the one to let go of it, which
            # the engine's rows do not allow.
            del found
            raise NotAcceptableError(", ".join(each.media_type for each in offered))
        body = found.serialize(format=written_as.oxigraph)
        result = QueryResult(
            written_as.content_type, body, len(body), self.snapshot.identifier, 0.001
        )
        if self.breaks_after is None:
            return result
        return replace(result, body=self._broken(body), length_bytes=None)

    def _broken(self, body):
        yield body[: self.breaks_after]
        raise ResultTooLargeError("the result is larger than the limit")


class CompiledTemplates(BytecodeCache):
    """Templates as they were compiled for an earlier application of this process."""

    def __init__(self):
        self._known = {}

    def load_bytecode(self, bucket):
        if bucket.key in self._known:
            bucket.bytecode_from_string(self._known[bucket.key])

    def dump_bytecode(self, bucket):
        self._known[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def _templates_are_compiled_once():
    """Hundreds of tests make an application of their own, all with the same templates."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": CompiledTemplates()})
        yield


@pytest.fixture(scope="session")
def settings():
    return Settings(query_workers=1, query_timeout_seconds=10.0)


@pytest.fixture(scope="session")
def iris():
    return Iris(BASE)


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory):
    folder = tmp_path_factory.mktemp("var") / "snapshots" / "2026-11-22T094900Z"
    return write_snapshot(folder, GRAPH_FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def make_client(tmp_path_factory):
    """A function that serves TriG, with the worker processes of production and given settings."""
    from collex_graph.sparql.workers import WorkerPool

    pools = []

    def make(trig, *, with_index=False, **changes):
        folder = tmp_path_factory.mktemp("served") / "snapshots" / "2026-11-22T094900Z"
        chosen = Settings(query_workers=1, query_timeout_seconds=10.0, **changes)
        written = write_snapshot(folder, trig)
        if with_index:
            write_search_index(ox.Store.read_only(str(written.store)), folder / FOLDER)
        pools.append(WorkerPool(written, chosen))
        return create_app(chosen, pools[-1]).test_client()

    yield make
    for pool in pools:
        pool.close()


@pytest.fixture
def queries(snapshot):
    return InProcessQueries(snapshot)


@pytest.fixture
def formerly_known():
    """IRIs that an earlier snapshot knew; a test adds to it."""
    return set()


@pytest.fixture
def app(settings, queries, formerly_known):
    # Nothing is kept: tests change what `queries` answers.
    kept = replace(settings, cache_bytes=0)
    app = create_app(kept, queries, known_before=formerly_known.__contains__)
    app.testing = True
    return app


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture(scope="session")
def real_queries(settings, snapshot):
    """The worker processes of production, on the same snapshot."""
    from collex_graph.sparql.workers import WorkerPool

    pool = WorkerPool(snapshot, settings)
    yield pool
    pool.close()


@pytest.fixture
def real_client(settings, real_queries):
    return create_app(settings, real_queries).test_client()
