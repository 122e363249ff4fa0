"""What the worker processes cost, and how soon a runaway query is gone.

Run with ``python tests/benchmarks/bench_endpoint.py [DOCUMENTS]``. Both engines answer the same
queries on the same store in the same run, in turns, so that a busy machine is unkind to both.
Targets: the pool adds less than 1 ms to a point query; a query at its limit is gone within 0.5 s of
it, and the next one is answered within 1 s.
"""

import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import pyoxigraph as ox

from collex_graph.errors import QueryTimeoutError
from collex_graph.model import QueryRequest, Snapshot
from collex_graph.settings import Settings
from collex_graph.sparql.policy import check_query
from collex_graph.sparql.results import read_body
from collex_graph.sparql.workers import WorkerPool

BASE = "https://w3id.org/collex-graph/"
LABEL = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
HOLDER = ox.NamedNode("https://www.ica.org/standards/RiC/ontology#hasOrHadHolder")
START = ox.NamedNode("https://w3id.org/collex-graph/ontology#startYear")
INTEGER = ox.NamedNode("http://www.w3.org/2001/XMLSchema#integer")

POINT = f"SELECT ?p ?o {{ <{BASE}id/fonds/%d> ?p ?o }}"
MANY = "SELECT ?s ?l { ?s <http://www.w3.org/2000/01/rdf-schema#label> ?l } LIMIT 10000"
RUNAWAYS = {
    "cross product": "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
    "ordered cross product": "SELECT * { ?a ?b ?c . ?d ?e ?f } ORDER BY ?f",
    "path over everything": "SELECT (COUNT(*) AS ?n) { ?a (!<a:p>)* ?b . ?c (!<a:p>)* ?d }",
    "plan of 1,000 patterns": "ASK {" + "".join(f"?v{i} ?p ?v{i + 1}." for i in range(1_000)) + "}",
    "10,000 sums": "SELECT (1" + "+1" * 10_000 + " AS ?x) { ?s ?p ?o . ?a ?b ?c }",
}
LIMIT_SECONDS = 1.0


def write_snapshot(folder: Path, documents: int) -> Snapshot:
    """Write a store of three statements a document."""
    folder.mkdir(parents=True)
    store = ox.Store(str(folder / "store"))
    subjects = ((n, ox.NamedNode(f"{BASE}id/fonds/{n}")) for n in range(documents))
    store.bulk_extend(
        quad
        for number, subject in subjects
        for quad in (
            ox.Quad(subject, LABEL, ox.Literal(f"Fonds {number}", language="fr")),
            ox.Quad(subject, HOLDER, ox.NamedNode(f"{BASE}id/library/{number % 500}")),
            ox.Quad(subject, START, ox.Literal(str(1500 + number % 500), datatype=INTEGER)),
        )
    )
    store.optimize()
    store.flush()
    return Snapshot(folder, datetime.now(UTC), {}, {})


def milliseconds(call) -> float:
    """Time one call."""
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def compare(name: str, pool: WorkerPool, store: ox.Store, text, times: int) -> None:
    """Print the medians of both on one query."""
    in_process, in_worker, checking = [], [], []
    for number in range(times):
        query = text % number if "%d" in text else text
        in_process.append(
            milliseconds(
                lambda q=query: store.query(q).serialize(format=ox.QueryResultsFormat.JSON)
            )
        )
        in_worker.append(milliseconds(lambda q=query: read_body(pool.run(QueryRequest(q)))))
        checking.append(milliseconds(lambda q=query: check_query(q, text_bytes=10**6, nesting=100)))
    alone, pooled, check = map(statistics.median, (in_process, in_worker, checking))
    high = statistics.quantiles(in_worker, n=100)[98]
    print(
        f"{name:24} in process {alone:8.3f} ms   pool {pooled:8.3f} ms   overhead "
        f"{pooled - alone:+.3f} ms (of which the check {check:.3f})   p99 {high:.3f} ms"
    )


def stop(name: str, pool: WorkerPool, text: str) -> None:
    """Print how long after its limit a query is gone, and how soon the next is answered."""
    late, following = [], []
    for _ in range(3):
        start = time.perf_counter()
        ended = "answered"
        try:
            read_body(pool.run(QueryRequest(text)))
        except QueryTimeoutError:
            ended = "stopped"
        late.append(time.perf_counter() - start - LIMIT_SECONDS)
        canary = QueryRequest("ASK { ?s ?p ?o }")
        following.append(milliseconds(lambda c=canary: pool.run(c)) / 1000)
    print(f"{name:24} {ended} {max(late):+.3f} s after its limit   next {max(following):.3f} s")


def main() -> None:
    """Run everything and print it."""
    documents = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        snapshot = write_snapshot(Path(folder) / "2026", documents)
        for place, store_bytes in (("in memory", 1 << 40), ("on disk", 0)):
            settings = Settings(
                query_workers=2, query_timeout_seconds=LIMIT_SECONDS, worker_store_bytes=store_bytes
            )
            start = time.perf_counter()
            with WorkerPool(snapshot, settings) as pool:
                print(f"\nworkers {place}: {documents * 3} statements, ready in "
                      f"{time.perf_counter() - start:.2f} s")  # fmt: skip
                if store_bytes:
                    store = ox.Store()
                    store.bulk_extend(ox.Store.read_only(str(snapshot.store)))
                else:
                    store = ox.Store.read_only(str(snapshot.store))
                for _ in range(50):
                    pool.run(QueryRequest(POINT % 1))
                compare("point query", pool, store, POINT, 2_000)
                compare("10,000 rows", pool, store, MANY, 20)
                for name, text in RUNAWAYS.items():
                    stop(name, pool, text)
                took = milliseconds(lambda p=pool: p.switch(snapshot)) / 1000
                print(f"{'switch of snapshots':24} {took:.2f} s")


if __name__ == "__main__":
    main()
