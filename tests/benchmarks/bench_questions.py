"""Worker CPU of the sixty questions on a graph of a million triples.

Run with ``python tests/benchmarks/bench_questions.py [TRIPLES] [NUMBER…]``; numbers choose
questions. The graph is made up in this project's model (`graph_at_scale`). Each question is asked
in a process of its own that holds the graph in memory, as workers do, and again on the store on
disk, as workers do beyond ``worker_store_bytes`` and as `collex-graph query` does; what is printed
is processor time, the best of three (one longer than three seconds is asked once), from the text to
the last byte in CSV. Parameters are the defaults, the examples of concepts, and names of the
made-up graph.

Target: each under one second in memory. One over it gets a star, and its reason and what would
change it are printed: `REASONS`. One that takes `LIMIT_SECONDS` is given up.
"""

import os
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path

import pyoxigraph as ox
from graph_at_scale import BASE, write_graph, wrong_ppn

from collex_graph.sparql.by_name import example_queries
from collex_graph.sparql.policy import check_query

LIMIT_SECONDS = 20
TARGET_SECONDS = 1.0
# What the made-up graph calls what a question needs; None: no example either.
VALUES = {
    "02": {"rcr": "900000003"},
    "20": {},
    "25": {"unit": "id/fonds/F3"},
    "27": {},
    "37": {"person": f"http://www.idref.fr/{wrong_ppn(37 * 40)}/id"},
    "43": {},
    "44": {"unit": "id/fonds/F3"},
    "45": {"record": "F3"},
}
REASONS: dict[str, str] = {}
"""Number → why a question is over the target, and what would change it; none is today."""


def text_of(number: str, query) -> str:
    """Return the text of a question with its values."""
    values = VALUES.get(number)
    if values is None:
        values = {
            name: parameter.example
            for name, parameter in query.parameters.items()
            if parameter.example is not None and parameter.type in ("concept", "date", "integer")
        }
    return check_query(query.text(**values), text_bytes=1 << 20, nesting=100).text


def measure(store: ox.Store, text: str) -> tuple[float, int]:
    """Ask in a forked process; return its processor seconds and the rows, -1 when given up."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_SECONDS, LIMIT_SECONDS))
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        best, rows = float("inf"), 0
        for _ in range(3):
            start = time.process_time()
            answer = store.query(text, base_iri=BASE)
            body = answer.serialize(format=ox.QueryResultsFormat.CSV)
            best = min(best, time.process_time() - start)
            rows = body.count(b"\n") - 1
            if best > 3 * TARGET_SECONDS:
                break
        os.write(writing, f"{best} {rows}".encode())
        os._exit(0)
    os.close(writing)
    said = b""
    while part := os.read(reading, 100):
        said += part
    os.close(reading)
    os.waitpid(child, 0)
    if not said:
        return float("inf"), -1
    seconds, rows = said.decode().split()
    return float(seconds), int(rows)


class OnDisk:
    """A store that the asking process opens by itself: RocksDB does not survive a fork."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)

    def query(self, text: str, **options):
        """Open the store and ask."""
        return ox.Store.read_only(self._path).query(text, **options)


def main() -> None:
    """Make the graph, ask everything, print the table."""
    triples = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    wanted = {f"{int(number):02}" for number in sys.argv[2:]}
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        path, count = write_graph(Path(folder), triples)
        print(
            f"{count} statements in the default graph, made in {time.process_time() - start:.1f} s"
        )
        disk = OnDisk(path)
        start = time.process_time()
        memory = ox.Store()
        memory.bulk_extend(ox.Store.read_only(str(path)))
        print(f"loaded into memory in {time.process_time() - start:.1f} s\n")
        print(f"{'question':44} {'rows':>6} {'memory s':>9} {'disk s':>9}")
        over = []
        for query in example_queries():
            name = query.name.removeprefix("examples/")
            if wanted and name[:2] not in wanted:
                continue
            text = text_of(name[:2], query)
            (in_memory, rows), (on_disk, _) = measure(memory, text), measure(disk, text)
            star = "*" if in_memory > TARGET_SECONDS else " "
            print(f"{name:44} {rows:6} {in_memory:9.3f} {on_disk:9.3f} {star}", flush=True)
            if star == "*":
                over.append(name)
        print(f"\nover {TARGET_SECONDS:g} s in memory: {len(over)}")
        for name in over:
            print(f"{name}: {REASONS.get(name[:2], 'no reason is known')}")


if __name__ == "__main__":
    main()
