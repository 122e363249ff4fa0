"""The service over HTTP beside other engines, on one generated graph, in turns.

    python tests/benchmarks/bench_service.py [--triples 1000000] [--rounds 3]

Fifteen queries are asked of each server in turns, over a connection that is kept, as a client that
asks often does. Ours runs as it is run in production, its cache of results off, on a snapshot with
what its publication counts and puts aside (`store.counts`, `store.lower_texts`, indexes), for
whatever query; and a second time without all that ("unaided"): the engine and our service alone.
Printed for each query: processor time of every process of a server (a clock of 10 ms,
so that short queries are asked many times), the 50th, 95th and 99th percentile of the time to the
last byte, how much more processor time than ours a peer takes, and whether its rows are ours. Then
what only we do: known results, eight misses at once, words and boxes by the indexes against the
FILTER that gives the same rows, two hundred clients at once.

Servers: ``oxigraph serve-read-only`` on a copy of the same store; Virtuoso where Debian's package
virtuoso-opensource-7-bin is installed; rdflib-endpoint on rdflib's memory, up to a million triples
and in the first round only. In process, without HTTP and without writing results: maplib in SPARQL,
DuckDB in SQL written by hand, the limit that columns set (`peer_engines.py`). `peers.txt` pins
them, and the first run installs them into `.venv-peers`.

A million triples take six minutes or so, three of them for rdflib-endpoint (``--without`` leaves
engines out). ``--triples 10000000`` takes half an hour, 6 GB of disk and 8 GB of memory.

Not alike, and not to be forgotten when the ratios are read:

* ours keeps the graph in the memory of its workers while they fit into
  COLLEX_GRAPH_WORKER_STORE_BYTES (a million triples do, ten do not: then it reads the store on
  disk, as the peer does); the memory is printed;
* ours checks each query before it runs, in processes that can be killed: a fixed price that
  oxigraph's server, which the first deep query ends, does not pay;
* Virtuoso is of 2018; its DESCRIBE may answer more than ours, and it spells numbers in its own way;
* with ``LIMIT`` and no order every engine may give other rows: only their number is compared;
* maplib and DuckDB give tables of numbers, not bytes for a client.
"""

import argparse
import contextlib
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pyoxigraph as ox
from peers import FOLDER as PEERS
from peers import peers_python

from collex_graph.rdf.namespaces import expand, prefixes
from collex_graph.store.counts import FILE_NAME as COUNTS_FILE_NAME
from collex_graph.store.counts import write_counts
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
# Reads every statement and its object: asked of every server before anything is measured, eight
# times at once, so that what a process does once (reading files, copying the pages of memory that
# it shares with others) is not taken for the price of the first queries. Ours computes it once.
EVERYTHING = "SELECT (SUM(STRLEN(STR(?o))) AS ?n) { ?s ?p ?o }"
# Pairs that give the same rows: with a FILTER, and with our indexes.
INDEXED = {
    "words": (
        QUERIES["words, FILTER"],
        """SELECT ?u ?t { SERVICE collex:search {
            ?u collex:searchText '"cathédrale herbier"' ; collex:searchLimit 5000 }
        ?u a collex:Fonds ; rdfs:label ?t
        FILTER(CONTAINS(LCASE(STR(?t)), "cathédrale herbier")) }""",
    ),
    "places in a box": (
        QUERIES["box, FILTER"],
        """SELECT ?p ?l { SERVICE collex:search {
            ?p collex:searchBox "2.0 48.0 2.5 48.5" ; collex:searchLimit 5000 }
        ?p rdfs:label ?l }""",
    ),
    "fonds in a box": (
        """SELECT ?u ?p { ?u a collex:Fonds ; collex:place ?p .
        ?p wgs84:lat ?lat ; wgs84:long ?long
        FILTER(?lat > 48.0 && ?lat < 48.5 && ?long > 2.0 && ?long < 2.5) }""",
        """SELECT ?u ?p { SERVICE collex:search {
            ?p collex:searchBox "2.0 48.0 2.5 48.5" ; collex:searchLimit 5000 }
        ?u collex:place ?p ; a collex:Fonds }""",
    ),
}
# Of these every engine may give other rows; of the last, Virtuoso says more.
ANY_ROWS = ("map of 5,000", "map of 50,000", "dashboard", "CONSTRUCT of 100,000", "describe")


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
    write_counts(store, folder / COUNTS_FILE_NAME)
    statements = len(store)
    store.flush()
    store.dump(str(var / FILE), ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())
    del store
    (folder / "description.ttl").write_text("")
    manifest = {"created": datetime.now(UTC).isoformat(), "counts": {"triples": statements}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (var / "snapshots" / "current").symlink_to(folder.name)
    return statements


# --- servers -------------------------------------------------------------------------------------


class Server:
    """A server process and all below it.

    Args:
        path: where it answers queries.
        command: the program; PORT in it is a free port.
        folder: where it is run.
        environment: more variables.
    """

    def __init__(
        self, path: str, *command: str, folder: Path | None = None, **environment: str
    ) -> None:
        self.port = free_port()
        self.path = path
        self.process = subprocess.Popen(
            [part.replace("PORT", str(self.port)) for part in command],
            cwd=folder,
            env=os.environ | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.kept: http.client.HTTPConnection | None = None
        for _ in range(6000):
            if self.process.poll() is not None:
                raise SystemExit(f"{command[0]} ended with code {self.process.returncode}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                self.ask("ASK {}")
                return
            time.sleep(0.1)
        raise SystemExit(f"{command[0]} does not start")

    def ask(self, query: str) -> bytes:
        """Ask a query on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        with contextlib.closing(connection):
            return self._ask(connection, query)

    def ask_again(self, query: str) -> bytes:
        """Ask a query on a connection that is kept; a server may have closed it meanwhile."""
        try:
            self.kept = self.kept or http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
            return self._ask(self.kept, query)
        except (OSError, http.client.HTTPException):
            self.kept = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
            return self._ask(self.kept, query)

    def _ask(self, connection: http.client.HTTPConnection, query: str) -> bytes:
        triples = re.search(r"^(CONSTRUCT|DESCRIBE)", query, re.MULTILINE)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/n-triples" if triples else "application/sparql-results+json",
        }
        connection.request("POST", self.path, urlencode({"query": query}), headers)
        answer = connection.getresponse()
        read = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} {read[:300]!r}")
        return read

    def _members(self) -> dict[int, list[str]]:
        """Return the process and all below it: number → what the kernel says of it."""
        known = {}
        for status in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                known[int(status.parent.name)] = status.read_text().rpartition(")")[2].split()
        members = [self.process.pid]
        for member in members:
            members += [process for process, fields in known.items() if int(fields[1]) == member]
        return {member: known[member] for member in members if member in known}

    def cpu_seconds(self) -> float:
        """Processor time of the process and of all below it, ended children included."""
        return sum(sum(map(int, f[11:15])) for f in self._members().values()) / CPU_TICK

    def megabytes(self) -> int:
        """Memory of the process and of all below it; what several share counts once."""
        kilobytes = 0
        for member in self._members():
            with contextlib.suppress(OSError):
                lines = Path(f"/proc/{member}/smaps_rollup").read_text().splitlines()
                kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return kilobytes >> 10

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ours(var: Path, cache_bytes: int = 0) -> Server:
    """Start the service as it is run, without limits for a client."""
    return Server(
        "/sparql", str(Path(sys.executable).with_name("collex-graph")), "serve",
        "--var", str(var), "--port", "PORT",
        COLLEX_GRAPH_CACHE_BYTES=str(cache_bytes), COLLEX_GRAPH_CLIENT_BUDGET_SECONDS="0",
        COLLEX_GRAPH_CLIENT_QUERIES="200",  # all clients have one address
        COLLEX_GRAPH_QUERY_QUEUE="256", COLLEX_GRAPH_QUERY_TIMEOUT_SECONDS="120",
        COLLEX_GRAPH_QUERY_QUEUE_SECONDS="30",
    )  # fmt: skip


def unaided(var: Path) -> Server:
    """Start it on the same store, without anything that was made at publication."""
    snapshot = (var / "snapshots" / "current").resolve()
    alone = var / "unaided"
    copy = alone / "snapshots" / snapshot.name
    copy.mkdir(parents=True)
    for name in ("store", "manifest.json", "description.ttl"):
        (copy / name).symlink_to(snapshot / name)
    (alone / "snapshots" / "current").symlink_to(snapshot.name)
    return ours(alone)


def oxigraph(var: Path) -> Server:
    """Start oxigraph's server on a copy of the same store."""
    copy = var / "oxigraph"
    shutil.copytree(var / "snapshots" / "current" / "store", copy)
    program = str(Path(sys.executable).with_name("oxigraph"))
    return Server(
        "/query", program, "serve-read-only", "--location", str(copy), "--bind", "127.0.0.1:PORT"
    )


def virtuoso(var: Path) -> Server:
    """Start Virtuoso and load the statements into its default graph."""
    folder = var / "virtuoso"
    folder.mkdir()
    port = free_port()
    buffers = 85_000 if (var / FILE).stat().st_size < 1 << 30 else 400_000
    (folder / "virtuoso.ini").write_text(
        VIRTUOSO_INI.format(folder=folder, port=port, buffers=buffers, dirty=buffers * 3 // 4)
    )
    # its own file has the port of HTTP, which `Server` chooses
    start = f"sed -i s/@HTTP@/PORT/ virtuoso.ini; exec {VIRTUOSO} +foreground"
    path = f"/sparql?{urlencode({'default-graph-uri': GRAPH})}"
    server = Server(path, "/bin/sh", "-c", start, folder=folder)
    graph = f"ld_dir('{var}', '{FILE}', '{GRAPH}');"
    said = subprocess.run(
        [str(shutil.which("isql-vt")), f"127.0.0.1:{port}", "dba", "dba"],
        input=f"{graph}\nrdf_loader_run();\ncheckpoint;\n"
        "select ll_state, ll_error from DB.DBA.load_list;\n",
        text=True,
        check=True,
        capture_output=True,
    ).stdout
    if "\n2  " not in said:
        raise SystemExit(f"Virtuoso did not load the statements:\n{said}")
    return server


def rdflib_endpoint(var: Path) -> Server:
    """Start rdflib-endpoint on rdflib's memory."""
    program = [str(PEERS / "bin" / "rdflib-endpoint"), "serve", "--host", "127.0.0.1"]
    return Server("/", *program, "--port", "PORT", str(var / FILE))


VIRTUOSO = shutil.which("virtuoso-t")
GRAPH = "urn:bench"
FILE = "statements.nt"
VIRTUOSO_INI = """\
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
MaxCheckpointRemap = 2000
[Parameters]
ServerPort = 127.0.0.1:{port}
DirsAllowed = {folder}, {folder}/..
NumberOfBuffers = {buffers}
MaxDirtyBuffers = {dirty}
ThreadsPerQuery = 2
[HTTPServer]
ServerPort = 127.0.0.1:@HTTP@
ServerRoot = {folder}
ServerThreads = 16
KeepAliveTimeout = 60
MaxKeepAlives = 20
[SPARQL]
ResultSetMaxRows = 10000000
"""

OURS, UNAIDED = "ours", "ours, unaided"
SERVERS = {
    OURS: ours, UNAIDED: unaided, "oxigraph": oxigraph, "virtuoso": virtuoso,
    "rdflib-endpoint": rdflib_endpoint,
}  # fmt: skip
IN_PROCESS = ("maplib", "DuckDB")


# --- measurements --------------------------------------------------------------------------------


@dataclass
class Taken:
    """What the requests of one query took on one engine.

    Attributes:
        processor: ms of processor time a request, of each round.
        times: ms to the last byte, of each request.
        rows: what it answered, made comparable; None where it cannot answer.
    """

    processor: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    rows: list[str] | None = None

    @property
    def cpu(self) -> float:
        """Median of the rounds."""
        return statistics.median(self.processor)

    def quantile(self, percent: int) -> float:
        """Return a percentile of the times; of few requests, the upper ones are the slowest."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def measure(
    server: Server, query: str, taken: Taken, *, seconds: float = 1.0, least: int = 3
) -> None:
    """Ask a query again and again for so long, so often at least; add what it took."""
    text = full(query)
    before = server.cpu_seconds()
    asked = 0
    end = time.perf_counter() + seconds
    while asked < least or (time.perf_counter() < end and asked < 300):
        start = time.perf_counter()
        server.ask_again(text)
        taken.times.append((time.perf_counter() - start) * 1000)
        asked += 1
    taken.processor.append((server.cpu_seconds() - before) * 1000 / asked)


def compare(servers: dict[str, Server], var: Path, rounds: int, inside: list[str]) -> None:
    """Ask each query of each server, in turns; print what it took, and the ratios."""
    columns = run_inside(var, inside)
    for engine, server in servers.items():
        at_once([lambda s=server: s.ask(full(EVERYTHING))] * (1 if "rdflib" in engine else 8))
    won = {OURS: Counter[str](), UNAIDED: Counter[str]()}
    peers = [name for name in [*servers, *inside] if name not in won]
    for name, query in QUERIES.items():
        found = {engine: Taken() for engine in servers}
        for engine, server in servers.items():
            found[engine].rows = comparable(server.ask_again(full(query)), name)
        for turn in range(rounds):
            for engine, server in servers.items():
                if engine == "rdflib-endpoint":
                    if turn == 0:
                        measure(server, query, found[engine], least=1)
                else:
                    measure(server, query, found[engine])
        print(f"{name}: {len(found[OURS].rows or [])} rows")
        for engine, taken in found.items():
            verdict = ""
            if engine != OURS:
                ratio = taken.cpu / max(found[OURS].cpu, 0.01)
                verdict = f"{ratio:7.2f} ×  {same_rows(taken.rows, found[OURS].rows, name)}"
            print(
                f"    {engine:16} {taken.cpu:9.2f} ms CPU {taken.quantile(50):9.2f} p50"
                f" {taken.quantile(95):9.2f} p95 {taken.quantile(99):9.2f} p99  {verdict}",
                flush=True,
            )
        processor = {engine: taken.cpu for engine, taken in found.items()}
        for engine in inside:
            answer = columns[engine][name]
            if isinstance(answer, str):
                print(f"    {engine:16} cannot: {answer[:60]}")
                continue
            milliseconds, rows = answer
            ratio = milliseconds / max(found[OURS].cpu, 0.01)
            processor[engine] = milliseconds
            others = "" if rows == len(found[OURS].rows or []) else f"  {rows} rows"
            print(f"    {engine:16} {milliseconds:9.2f} ms CPU {'':44} {ratio:7.2f} ×{others}")
        for who, wins in won.items():
            wins.update(engine for engine in peers if processor[who] < processor.get(engine, 0))
    for who, wins in won.items():
        for engine in peers:
            print(f"{who}: less processor time than {engine} on {wins[engine]} of {len(QUERIES)}")


def run_inside(var: Path, engines: list[str]) -> dict[str, dict[str, tuple[float, int] | str]]:
    """Run the engines that have no server.

    Returns:
        engine → query → (ms of processor time, rows), or why it cannot answer.
    """
    found = {}
    (var / "queries.json").write_text(json.dumps({n: full(q) for n, q in QUERIES.items()}))
    for engine in engines:
        program = Path(__file__).with_name("peer_engines.py")
        command = [str(peers_python()), str(program), engine]
        done = subprocess.run(
            [*command, str(var / FILE), str(var / "queries.json")],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{engine}: {done.stderr[-2000:]}")
        said = json.loads(done.stdout.splitlines()[-1])
        print(f"{engine}: loaded in {said['load']:.1f} s CPU, peak {said['megabytes']} MB")
        found[engine] = said["queries"]
    return found


def comparable(body: bytes, name: str) -> list[str]:
    """Return the rows or the triples of an answer, sorted, numbers as numbers."""
    if name in {"describe", "CONSTRUCT of 100,000"}:
        lines = body.decode().splitlines()
        return sorted(line for line in lines if line.strip() and not line.startswith("#"))
    rows = json.loads(body)["results"]["bindings"]
    return sorted(str(sorted((v, number(t["value"])) for v, t in row.items())) for row in rows)


def number(text: str) -> str:
    """Return a number in one spelling, and what is none as it is."""
    try:
        return f"{float(text):g}"
    except ValueError:
        return text


def same_rows(rows: list[str] | None, others: list[str] | None, name: str) -> str:
    """Say whether two engines answered the same."""
    rows, others = rows or [], others or []
    if rows == others:
        return "same rows"
    if name in ANY_ROWS:
        return "as many rows" if len(rows) == len(others) else f"{len(rows)} rows"
    return f"OTHER ROWS ({len(rows)})"


def indexed(service: Server, alone: Server) -> None:
    """Print what the indexes save inside SPARQL, for the same rows.

    Args:
        service: asked by the indexes, and with the FILTER, which it shortens.
        alone: unaided, asked with the FILTER.
    """
    for name, (with_filter, with_index) in INDEXED.items():
        asked = ((alone, with_filter), (service, with_filter), (service, with_index))
        answers = [comparable(server.ask(full(text)), name) for server, text in asked]
        same = "same rows" if answers[0] == answers[1] == answers[2] else "OTHER ROWS"
        slow, short, fast = (Taken() for _ in asked)
        for (server, text), taken in zip(asked, (slow, short, fast), strict=True):
            measure(server, text, taken, seconds=3)
        print(
            f"{name}: {len(answers[0])} rows, {same}; FILTER unaided {slow.quantile(50):.1f} ms"
            f" ({slow.cpu:.1f} CPU), shortened {short.quantile(50):.2f} ms ({short.cpu:.2f} CPU),"
            f" index {fast.quantile(50):.2f} ms ({fast.cpu:.2f} CPU):"
            f" {slow.quantile(50) / fast.quantile(50):.0f} × the time, {slow.cpu / fast.cpu:.0f} ×"
            " the CPU"
        )


def cached(service: Server) -> None:
    """Print what known results cost, and how often eight misses at once are computed."""
    for name in ("point", "facet by discipline", "map of 5,000"):
        service.ask(full(QUERIES[name]))
        taken = Taken()
        measure(service, QUERIES[name], taken, seconds=2)
        print(f"known: {name:24} {taken.quantile(50):.2f} ms ({taken.cpu:.2f} CPU)")
    once, eight = (full(QUERIES["map of 50,000"].replace("50000", f"4999{n}")) for n in (8, 9))
    cpu = []
    for query, clients in ((once, 1), (eight, 8)):
        before = service.cpu_seconds()
        at_once([lambda text=query: service.ask(text)] * clients)
        cpu.append(service.cpu_seconds() - before)
    print(f"map of 50,000, unknown: one client {cpu[0]:.2f} s CPU, eight at once {cpu[1]:.2f} s")


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


def crowd(name: str, server: Server, *, known: bool = False) -> None:
    """Print the latency of a point query for two hundred clients; known: all were asked before."""
    queries = [full(f"SELECT ?p ?o {{ <id/fonds/{number}> ?p ?o }}") for number in range(200)]
    if known:
        for query in queries:
            server.ask(query)
    taken: list[float] = []
    for _ in range(5):
        taken += at_once([lambda q=query: server.ask(q) for query in queries])
    quantiles = statistics.quantiles(taken, n=100)
    print(
        f"200 clients, {name}: {len(taken)} of 1000 answered, median {quantiles[49]:.1f} ms, "
        f"p99 {quantiles[98]:.1f} ms"
    )


def wanted(triples: int, without: list[str]) -> tuple[list[str], list[str]]:
    """Return the servers and the other engines to run."""
    if VIRTUOSO is None and "virtuoso" not in without:
        print("virtuoso is not installed (Debian: virtuoso-opensource-7-bin): left out")
        without.append("virtuoso")
    if triples > 1_000_000 and "rdflib-endpoint" not in without:
        print("rdflib-endpoint is left out: a million triples are what it can bear")
        without.append("rdflib-endpoint")
    return tuple([name for name in names if name not in without] for names in (SERVERS, IN_PROCESS))


def main() -> None:
    """Run everything and print it."""
    options = argparse.ArgumentParser()
    options.add_argument("--triples", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--without", nargs="*", default=[], choices=[*SERVERS, *IN_PROCESS])
    given = options.parse_args()
    if {OURS, UNAIDED} & set(given.without):
        options.error("nothing is compared without ours")
    # so that whoever ends this ends the servers too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    names, inside = wanted(given.triples, given.without)
    if inside or "rdflib-endpoint" in names:
        peers_python()
    with tempfile.TemporaryDirectory(prefix="bench-service-") as folder:
        var = Path(folder)
        start = time.process_time()
        statements = write_data(var, max((given.triples - 49_000) // 14, 10_000))
        print(f"{statements:,} statements, made in {time.process_time() - start:.0f} s CPU")
        servers: dict[str, Server] = {}
        try:
            for name in names:
                servers[name] = SERVERS[name](var)
                cpu = servers[name].cpu_seconds()
                print(f"{name}: started and loaded in {cpu:.1f} s CPU", flush=True)
            compare(servers, var, given.rounds, inside)
            for name, server in servers.items():
                print(f"{name}: {server.megabytes()} MB of memory after all queries")
            indexed(servers[OURS], servers[UNAIDED])
            servers.pop(UNAIDED).stop()
            for name, server in servers.items():
                if name in {OURS, "oxigraph"}:
                    crowd(f"{name}, uncached", server)
            servers.pop(OURS).stop()
            servers[OURS] = ours(var, 256_000_000)
            cached(servers[OURS])
            crowd("ours, known results", servers[OURS], known=True)
        finally:
            for server in servers.values():
                server.stop()


if __name__ == "__main__":
    main()
