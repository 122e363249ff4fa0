"""The service over HTTP beside ``oxigraph serve-read-only``, on one generated graph, in turns.

Run with ``python tests/benchmarks/bench_service.py [UNITS] [RUNS]`` (70,000 units are about a
million statements). Each query is asked of both in turn, uncached; processor time is that of every
process of a server. Then what only we do: known results, eight misses at once, words and boxes by
the indexes against the FILTER that gives the same rows, two hundred clients at once.
"""

import contextlib
import http.client
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pyoxigraph as ox

from collex_graph.rdf.namespaces import expand, prefixes
from collex_graph.store.search_index import FOLDER, write_search_index

BASE = "https://w3id.org/collex-graph/"
CPU_TICK = os.sysconf("SC_CLK_TCK")
LIBRARIES, PLACES, DISCIPLINES, REGIONS, AGENTS = 400, 10_000, 24, 18, 8_000
WORDS = [
    "archives", "cathédrale", "université", "forêt", "médecine", "astronomie", "commerce",
    "musique", "théâtre", "poésie", "grammaire", "monastère", "château", "village", "montagne",
    "océan", "orient", "noblesse", "presse", "imprimerie", "reliure", "géologie", "botanique",
    "zoologie", "chimie", "physique", "philosophie", "économie", "guerre", "diplomatie",
    "photographie", "voyage", "correspondance", "herbier", "cartes", "manuscrits", "estampes",
]  # fmt: skip

QUERIES = {
    "point": "SELECT ?p ?o { <id/fonds/1234> ?p ?o }",
    "describe": "DESCRIBE <id/fonds/4321>",
    "card, OPTIONAL chain": """SELECT ?t ?l ?pl ?r ?d ?a {
        BIND(<id/fonds/777> AS ?u) ?u rdfs:label ?t
        OPTIONAL { ?u rico:hasOrHadHolder ?h . ?h rdfs:label ?l
            OPTIONAL { ?h collex:hasPlace ?p . ?p rdfs:label ?pl
                OPTIONAL { ?p collex:region ?r } } }
        OPTIONAL { ?u collex:discipline ?d }
        OPTIONAL { ?u collex:linkedAgent ?g . ?g rdfs:label ?a } }""",
    "words, FILTER": """SELECT ?u ?t { ?u a collex:Fonds ; rdfs:label ?t
        FILTER(CONTAINS(LCASE(STR(?t)), "cathédrale herbier")) }""",
    "facet by discipline": """SELECT ?d ?l (COUNT(?u) AS ?n) {
        ?u a collex:Fonds ; collex:discipline ?d .
        ?d rdfs:label ?l } GROUP BY ?d ?l ORDER BY DESC(?n)""",
    "count by region": """SELECT ?r (COUNT(DISTINCT ?u) AS ?n) { ?u rico:hasOrHadHolder ?h .
        ?h collex:hasPlace ?p . ?p collex:region ?r } GROUP BY ?r ORDER BY DESC(?n)""",
    "count by decade": """SELECT ?x (COUNT(*) AS ?n) { ?u collex:startYear ?y
        BIND(FLOOR(?y / 10) * 10 AS ?x) } GROUP BY ?x ORDER BY ?x""",
    "COUNT(*)": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }",
    "map of 5,000": """SELECT ?p ?l ?lat ?long {
        ?p rdfs:label ?l ; wgs84:lat ?lat ; wgs84:long ?long } LIMIT 5000""",
    "map of 50,000": """SELECT ?u ?lat ?long { ?u a collex:Fonds ; collex:place ?p .
        ?p wgs84:lat ?lat ; wgs84:long ?long } LIMIT 50000""",
    "box, FILTER": """SELECT ?p ?l { ?p wgs84:lat ?lat ; wgs84:long ?long ; rdfs:label ?l
        FILTER(?lat > 48.0 && ?lat < 48.5 && ?long > 2.0 && ?long < 2.5) }""",
    "path up": "SELECT ?a ?t { <id/fonds/999> rico:isDirectlyIncludedIn+ ?a . ?a rdfs:label ?t }",
    "path down": "SELECT (COUNT(?u) AS ?n) { ?u rico:isDirectlyIncludedIn+ <id/fonds/3> }",
    "dashboard": """SELECT ?h ?l (COUNT(?u) AS ?n) (MIN(?y) AS ?from) { ?h a collex:Library ;
        rdfs:label ?l . ?u rico:hasOrHadHolder ?h OPTIONAL { ?u collex:startYear ?y } }
        GROUP BY ?h ?l ORDER BY DESC(?n) LIMIT 100""",
    "CONSTRUCT of 100,000": """CONSTRUCT { ?u rdfs:label ?t ; collex:startYear ?y }
        { ?u rdfs:label ?t ; collex:startYear ?y } LIMIT 50000""",
}
INDEXED = {
    "words, FILTER": """SELECT ?u ?t { ?u a collex:Fonds ; rdfs:label ?t
        SERVICE collex:search {
            ?u collex:searchText "cathédrale herbier" ; collex:searchLimit 5000 }
        FILTER(CONTAINS(LCASE(STR(?t)), "cathédrale herbier")) }""",
    "box, FILTER": """SELECT ?p ?l { SERVICE collex:search {
        ?p collex:searchBox "2.0 48.0 2.5 48.5" ; collex:searchLimit 5000 } ?p rdfs:label ?l }""",
}


def full(query: str) -> str:
    """Return a query with its prologue."""
    used = "".join(
        f"PREFIX {name}: <{iri}>\n" for name, iri in prefixes().items() if f"{name}:" in query
    )
    return f"BASE <{BASE}>\n{used}{query}"


# --- the graph -----------------------------------------------------------------------------------


def generate(units: int):
    """Yield the statements of a graph in the project's model; the same for the same number."""
    chance = random.Random(42)

    def node(kind: str, number: int) -> ox.NamedNode:
        return ox.NamedNode(f"{BASE}id/{kind}/{number}")

    def term(name: str) -> ox.NamedNode:
        return ox.NamedNode(expand(name))

    def number(value: object, kind: str) -> ox.Literal:
        return ox.Literal(str(value), datatype=term(f"xsd:{kind}"))

    def say(subject, predicate, *values):
        for value in values:
            yield ox.Quad(subject, term(predicate), value)

    for place in range(PLACES):
        this = node("place", place)
        yield from say(this, "rdfs:label", ox.Literal(f"Commune {place}", language="fr"))
        yield from say(this, "wgs84:lat", number(round(chance.uniform(42, 51), 4), "decimal"))
        yield from say(this, "wgs84:long", number(round(chance.uniform(-4.5, 8), 4), "decimal"))
        yield from say(this, "collex:region", node("region", place % REGIONS))
    for discipline in range(DISCIPLINES):
        label = ox.Literal(f"Discipline {discipline}", language="fr")
        yield from say(node("discipline", discipline), "rdfs:label", label)
    for library in range(LIBRARIES):
        this = node("library", library)
        yield from say(this, "rdf:type", term("collex:Library"))
        yield from say(this, "rdfs:label", ox.Literal(f"Bibliothèque {library}", language="fr"))
        yield from say(this, "collex:hasPlace", node("place", chance.randrange(PLACES)))
    for agent in range(AGENTS):
        yield from say(node("agent", agent), "rdfs:label", ox.Literal(f"Personne {agent}"))
    for unit in range(units):
        this = node("fonds", unit)
        words = " ".join(chance.choices(WORDS, k=5))
        holder = node("library", min(int(chance.expovariate(0.01)), LIBRARIES - 1))
        yield from say(this, "rdf:type", term("collex:Fonds"), term("collex:DescribedUnit"))
        yield from say(this, "rdfs:label", ox.Literal(f"Fonds {words}", language="fr"))
        yield from say(this, "dcterms:abstract", ox.Literal(f"Le fonds {unit}.", language="fr"))
        yield from say(this, "rico:hasOrHadHolder", holder)
        yield from say(this, "collex:place", node("place", chance.randrange(PLACES)))
        for _ in range(2):
            which = chance.randrange(DISCIPLINES)
            yield from say(this, "collex:discipline", node("discipline", which))
        yield from say(this, "collex:startYear", number(chance.randrange(1200, 1990), "integer"))
        yield from say(this, "collex:endYear", number(chance.randrange(1990, 2020), "integer"))
        yield from say(this, "rico:identifier", ox.Literal(f"F{unit}"))
        for _ in range(2):
            yield from say(this, "collex:linkedAgent", node("agent", chance.randrange(AGENTS)))
        if unit > 50:
            above = node("fonds", chance.randrange(unit // 20))
            yield from say(this, "rico:isDirectlyIncludedIn", above)


def write_data(var: Path, units: int) -> int:
    """Write a data folder with one snapshot; return how many statements it holds."""
    folder = var / "snapshots" / "2026-11-26T000000Z"
    folder.mkdir(parents=True)
    store = ox.Store(str(folder / "store"))
    store.bulk_extend(generate(units))
    store.optimize()
    write_search_index(store, folder / FOLDER)
    statements = len(store)
    store.flush()
    del store
    (folder / "description.ttl").write_text("")
    manifest = {"created": datetime.now(UTC).isoformat(), "counts": {"triples": statements}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (var / "snapshots" / "current").symlink_to(folder.name)
    return statements


# --- servers -------------------------------------------------------------------------------------


class Server:
    """A server process and all below it."""

    def __init__(self, path: str, *command: str, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.path = path
        self.process = subprocess.Popen(
            [part.replace("PORT", str(self.port)) for part in command],
            env=os.environ | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(600):
            with contextlib.suppress(OSError):
                self.ask("ASK {}")
                return
            time.sleep(0.1)
        raise SystemExit(f"{command[0]} does not start")

    def ask(self, query: str, accept: str = "*/*") -> bytes:
        """Ask a query on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        with contextlib.closing(connection):
            body = urlencode({"query": query})
            headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": accept}
            connection.request("POST", self.path, body, headers)
            answer = connection.getresponse()
            read = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{answer.status} {read[:300]!r}")
            return read

    def cpu_seconds(self) -> float:
        """Processor time of the process and of all below it, ended children included."""
        parents, times = {}, {}
        for status in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = status.read_text().rpartition(")")[2].split()
                parents[int(status.parent.name)] = int(fields[1])
                times[int(status.parent.name)] = sum(map(int, fields[11:15])) / CPU_TICK
        members = [self.process.pid]
        for member in members:
            members += [process for process, parent in parents.items() if parent == member]
        return sum(times.get(member, 0.0) for member in members)

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(30)


def ours(var: Path, cache_bytes: int) -> Server:
    """Start the service as it is run, without a budget."""
    return Server(
        "/sparql", str(Path(sys.executable).with_name("collex-graph")), "serve",
        "--var", str(var), "--port", "PORT",
        COLLEX_GRAPH_CACHE_BYTES=str(cache_bytes), COLLEX_GRAPH_CLIENT_BUDGET_SECONDS="0",
        COLLEX_GRAPH_QUERY_QUEUE="256", COLLEX_GRAPH_QUERY_TIMEOUT_SECONDS="120",
        COLLEX_GRAPH_QUERY_QUEUE_SECONDS="30",
    )  # fmt: skip


def oxigraph(var: Path) -> Server:
    """Start the peer on a copy of the same store."""
    copy = var / "oxigraph"
    shutil.copytree(var / "snapshots" / "current" / "store", copy)
    program = str(Path(sys.executable).with_name("oxigraph"))
    return Server(
        "/query", program, "serve-read-only", "--location", str(copy), "--bind", "127.0.0.1:PORT"
    )


# --- measurements --------------------------------------------------------------------------------


def measure(server: Server, query: str, times: int) -> tuple[float, float]:
    """Return the median of the wall time and the processor time of one request, in ms."""
    accept = "application/n-triples" if query.lstrip().startswith("CONSTRUCT") else "*/*"
    walls = []
    before = server.cpu_seconds()
    for _ in range(times):
        start = time.perf_counter()
        server.ask(full(query), accept)
        walls.append((time.perf_counter() - start) * 1000)
    return statistics.median(walls), (server.cpu_seconds() - before) * 1000 / times


def compare(runs: int, service: Server, peer: Server) -> None:
    """Print each query on both, in turns."""
    print(f"{'':24} {'ours':>18} {'oxigraph':>18}   processor")
    for name, query in QUERIES.items():
        times = 40 if "point" in name or "describe" in name or "path" in name else 4
        found: dict[str, list[tuple[float, float]]] = {"ours": [], "peer": []}
        for server in (service, peer):
            server.ask(full(query))
        for _ in range(runs):
            found["ours"].append(measure(service, query, times))
            found["peer"].append(measure(peer, query, times))
        (wall, cpu), (wall2, cpu2) = (
            tuple(statistics.median(column) for column in zip(*found[each], strict=True))
            for each in ("ours", "peer")
        )
        print(
            f"{name:24} {wall:8.2f} ({cpu:6.1f}) {wall2:8.2f} ({cpu2:6.1f})   "
            f"{cpu2 / cpu if cpu else 0:.2f} ×"
        )


def indexed(service: Server) -> None:
    """Print what the indexes save inside SPARQL, for the same rows."""
    for name, query in INDEXED.items():
        columns = []
        for text in (QUERIES[name], query):
            rows = json.loads(service.ask(full(text)))["results"]["bindings"]
            columns.append(sorted(map(str, rows)))
        same = "same rows" if columns[0] == columns[1] else "OTHER ROWS"
        slow, fast = measure(service, QUERIES[name], 5), measure(service, query, 20)
        print(
            f"{name.split(',')[0]:8} {len(columns[0])} rows, {same}: FILTER {slow[0]:.1f} ms "
            f"({slow[1]:.1f}), index {fast[0]:.2f} ms ({fast[1]:.2f}): {slow[0] / fast[0]:.0f} ×"
        )


def cached(service: Server) -> None:
    """Print what known results cost, and how often eight misses at once are computed."""
    for name in ("point", "facet by discipline", "map of 5,000"):
        wall, cpu = measure(service, QUERIES[name], 100)
        print(f"known: {name:24} {wall:.2f} ms ({cpu:.2f})")
    query = full(QUERIES["map of 50,000"].replace("LIMIT 50000", "LIMIT 49999"))
    before = service.cpu_seconds()
    start = time.perf_counter()
    at_once([lambda: service.ask(query)] * 8)
    print(
        f"eight misses at once: {time.perf_counter() - start:.2f} s, processor "
        f"{service.cpu_seconds() - before:.2f} s"
    )


def at_once(calls) -> list[float]:
    """Call all at once; return the time of each, in ms; a failure is the end of the program."""
    taken: list[float] = []

    def timed(call) -> None:
        start = time.perf_counter()
        call()
        taken.append((time.perf_counter() - start) * 1000)

    threads = [threading.Thread(target=timed, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


def crowd(name: str, server: Server) -> None:
    """Print the latency of a point query for two hundred clients."""
    queries = [full(f"SELECT ?p ?o {{ <id/fonds/{number}> ?p ?o }}") for number in range(200)]
    taken: list[float] = []
    for _ in range(5):
        taken += at_once([lambda q=query: server.ask(q) for query in queries])
    quantiles = statistics.quantiles(taken, n=100)
    print(
        f"200 clients, {name}: {len(taken)} of 1000 answered, median {quantiles[49]:.1f} ms, "
        f"p99 {quantiles[98]:.1f} ms"
    )


def main() -> None:
    """Run everything and print it."""
    units = int(sys.argv[1]) if len(sys.argv) > 1 else 60_000
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with tempfile.TemporaryDirectory() as folder:
        var = Path(folder)
        start = time.perf_counter()
        print(f"{write_data(var, units)} statements, {time.perf_counter() - start:.0f} s")
        service, peer = ours(var, 0), oxigraph(var)
        compare(runs, service, peer)
        indexed(service)
        crowd("ours, uncached", service)
        crowd("oxigraph", peer)
        service.stop()
        peer.stop()
        service = ours(var, 256_000_000)
        cached(service)
        crowd("ours, known results", service)
        service.stop()


if __name__ == "__main__":
    main()
