"""Our validator beside the other SHACL engines, on generated records with planted defects.

    python tests/benchmarks/bench_validation.py [--records 1000 10000] [--rounds 3]

`records_at_scale.py` makes the records (15.7 statements each, one in fifty with one defect),
`records.ttl` holds 39 constraints, one of them in SPARQL. The engines run in turns, each in a
process of its own; CPU is of all its threads and of the processes below it, memory the peak of the
process. What is found is compared with what was planted as sets of (focus node, component, path,
severity). Then one record is checked again and again in a process that has the shapes loaded.

``--records 100000`` and ``--records 1000000`` are for a patient machine: five minutes and eight
minutes with ``--rounds 1``, 3 GB for the peers at 100,000 and 5 GB of disk at a million. Each
engine is run up to the size that it can bear, and where the table has no row it was not run.

Not alike, and not to be forgotten when the ratios are read:

* ours on disk reads a store that is loaded already, which no peer can; its loading is not counted;
* pyshifty and TopBraid parse the file themselves, so that their first column is empty and only the
  total compares; TopBraid's holds the start of Java, two seconds; pyshifty has prepared the shapes
  before, which all others do while they are timed;
* the peers make a report in RDF; ours makes results in French and English with the values in words;
* pySHACL, "patched", is changed in its own process (`peer_validators.patch_pyshacl`): nobody runs
  it so, it shows what its own time is without three slownesses;
* pySHACL on rdflib's memory finds one thing more for each beginning in words: rdflib compares a
  text with a date, where SPARQL has an error;
* the shapes are of one kind, tables; the project's own four hundred rules are in `bench_rules.py`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import records_at_scale
from peers import peers_python
from pyoxigraph import RdfFormat, Store, parse

from collex_graph.rdf.namespaces import expand
from collex_graph.validation.any_shapes import read_any_shapes
from collex_graph.validation.validator import validate, validate_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from records_at_scale import Found

    from collex_graph.model import ValidationResult

SHAPES = records_at_scale.SHAPES
_MEMORY, _DISK = "ours, in memory", "ours, on disk in place"
_SHIPPED, _PATCHED = "pySHACL", "pySHACL, patched"
_SHIPPED_STORE, _PATCHED_STORE = "pySHACL on Oxigraph", "pySHACL on Oxigraph, patched"


@dataclass(frozen=True)
class Peer:
    """An engine and the most records that it is given.

    Attributes:
        most: so many records, and no more.
        once_from: from so many records on, it runs in the first round only.
    """

    most: int
    once_from: int = 10**9


ENGINES = {
    _MEMORY: Peer(100_000),
    _DISK: Peer(10**9),
    "pyshifty": Peer(100_000),
    "pyshacl-turbo": Peer(100_000),
    "TopBraid": Peer(100_000),
    _PATCHED: Peer(10_000),
    _PATCHED_STORE: Peer(10_000),
    _SHIPPED: Peer(10_000, once_from=10_000),
    # four times the time for twice the records: a thousand take two minutes
    _SHIPPED_STORE: Peer(300),
}


@dataclass(frozen=True)
class Run:
    """What one run of an engine took and found.

    Attributes:
        load: CPU seconds until the engine could begin.
        validate: CPU seconds of the engine.
        megabytes: peak memory of the process.
        found: the results.
    """

    load: float
    validate: float
    megabytes: int
    found: set[Found]

    @property
    def total(self) -> float:
        """CPU seconds with loading."""
        return self.load + self.validate


# --- ours, in a process of its own ---------------------------------------------------------------


def as_found(result: ValidationResult) -> Found:
    """Return a result as the sets have it."""
    component = str(result.source_constraint_component).removeprefix(expand("sh:"))
    return (str(result.focus_node), component, result.path or "", result.severity.value)


def measure_ours(name: str, data: Path, output: Path) -> None:
    """Check a file or a store with ours; print what it took, and write what was found."""
    own = read_any_shapes(SHAPES)
    start = time.process_time()
    if name == _MEMORY:
        store = Store()
        store.bulk_load(path=str(data), format=RdfFormat.N_TRIPLES)
    else:
        store = Store.read_only(str(data))
    loaded = time.process_time()
    results = validate_store(store, against=own)
    end = time.process_time()
    output.write_text("".join("\t".join(as_found(one)) + "\n" for one in results), encoding="utf-8")
    taken = {"load": loaded - start, "validate": end - loaded, "megabytes": peak_mb()}
    print(json.dumps(taken))


def peak_mb() -> int:
    """Return the peak memory of this process in megabytes; what its parent had does not count."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) >> 10


def load_on_disk(records: Path, folder: Path) -> None:
    """Make a store on disk, in a process of its own: loading leaves its memory behind."""
    start = time.process_time()
    store = Store(str(folder))
    store.bulk_load(path=str(records), format=RdfFormat.N_TRIPLES)
    store.optimize()
    store.flush()
    size = sum(file.stat().st_size for file in folder.iterdir()) >> 20
    print(f"    the store on disk: {time.process_time() - start:.1f} s CPU to make, {size} MB")


def measure_one(count: int, times: int = 200) -> None:
    """Check one record at a time; print the time of each way."""
    own = read_any_shapes(SHAPES)
    with tempfile.TemporaryDirectory(prefix="bench-validation-") as folder:
        path = Path(folder) / "records.nt"
        records_at_scale.write_records(path, count)
        store = Store()
        store.bulk_load(path=str(path), format=RdfFormat.N_TRIPLES)
    classes = records_at_scale.classes()
    institutions = dict(map(records_at_scale.institution, range(records_at_scale.INSTITUTIONS)))
    numbers = [(7 + 50 * n) % count if n % 2 else (n * 97) % count for n in range(times)]
    nodes = [f"{records_at_scale.ID}fonds/{number}" for number in numbers]
    planted = {found[0] for found in records_at_scale.planted(count)}

    def given(number: int, node: str) -> list[ValidationResult]:
        # with what it is included in and what holds it, as whoever sends a record does
        text = "".join(map(records_at_scale.record, range(max(number - 1, 0), number + 1)))
        holder = text.rpartition("hasOrHadHolder> <")[2].partition(">")[0]
        quads = parse(f"{classes}{institutions.get(holder, '')}{text}", format=RdfFormat.N_TRIPLES)
        return validate(quads, focus_nodes=[node], against=own)

    def in_place(_number: int, node: str) -> list[ValidationResult]:
        return validate_store(store, focus_nodes=[node], against=own)

    for name, check in ((f"in a store of {count:,} records", in_place), ("as a text", given)):
        taken = []
        right = True
        for number, node in zip(numbers, nodes, strict=True):
            start = time.process_time()
            results = check(number, node)
            taken.append((time.process_time() - start) * 1000)
            right = right and bool(results) == (node in planted)
        taken.sort()
        verdict = "found = planted" if right else "FOUND IS NOT PLANTED"
        print(
            f"one record {name}, the shapes loaded: median {statistics.median(taken):.1f} ms CPU,"
            f" p95 {taken[len(taken) * 95 // 100]:.1f} ms, {verdict}"
        )


# --- all engines, in turns -----------------------------------------------------------------------


def run(engine: str, folder: Path) -> Run:
    """Run an engine in a process of its own."""
    output = folder / "found.tsv"
    if engine in (_MEMORY, _DISK):
        data = folder / ("records.nt" if engine == _MEMORY else "store")
        command = [sys.executable, __file__, "--ours", engine, str(data), str(output)]
    else:
        program = Path(__file__).with_name("peer_validators.py")
        command = [str(peers_python()), str(program), engine, str(folder / "records.nt")]
        command += [str(SHAPES), str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{engine}: {done.stderr[-2000:]}")
    taken = json.loads(done.stdout.splitlines()[-1])
    lines = output.read_text(encoding="utf-8").splitlines()
    found = {tuple(line.split("\t")) for line in lines}
    return Run(taken["load"], taken["validate"], taken["megabytes"], found)


def compare(count: int, rounds: int, wanted: Sequence[str]) -> dict[str, Run]:
    """Run every engine that can bear so many records, in turns; print and return the medians."""
    with tempfile.TemporaryDirectory(prefix="bench-validation-") as name:
        folder = Path(name)
        records = folder / "records.nt"
        records_at_scale.write_records(records, count)
        with records.open("rb") as lines:
            statements = sum(1 for _ in lines)
        planted = records_at_scale.planted(count)
        print(f"\n{count:,} records, {statements:,} statements, {len(planted):,} defects planted")
        command = [sys.executable, __file__, "--load", str(records), str(folder / "store")]
        subprocess.run(command, check=True)
        engines = {one: ENGINES[one] for one in wanted if count <= ENGINES[one].most}
        if set(engines) == {_DISK}:
            records.unlink()
        runs: dict[str, list[Run]] = {}
        for number in range(rounds):
            for engine, peer in engines.items():
                if number == 0 or count < peer.once_from:
                    runs.setdefault(engine, []).append(run(engine, folder))
    medians = {engine: median(of) for engine, of in runs.items()}
    print_table(medians, {engine: len(of) for engine, of in runs.items()}, planted)
    return medians


def median(runs: list[Run]) -> Run:
    """Return the medians of some runs, and what the last one found."""
    return Run(
        statistics.median(one.load for one in runs),
        statistics.median(one.validate for one in runs),
        max(one.megabytes for one in runs),
        runs[-1].found,
    )


def print_table(runs: dict[str, Run], rounds: dict[str, int], planted: set[Found]) -> None:
    """Print a row for each engine, with its ratios to ours in memory."""
    ours = runs.get(_MEMORY)
    print(f"{'':30} {'load':>7} {'validate':>9} {'peak':>8}   times ours in memory; found")
    for engine, one in runs.items():
        wrong = found_otherwise(one.found, planted)
        ratios = ""
        if ours and engine != _MEMORY:
            ratios = f"validating {one.validate / ours.validate:5.1f} ×"
            ratios += "" if engine == _DISK else f", in all {one.total / ours.total:5.1f} ×"
        load = f"{one.load:7.2f}" if one.load >= 0.005 else f"{'':7}"
        print(
            f"{engine:30} {load} {one.validate:7.2f} s {one.megabytes:5} MB   {ratios}"
            f" {wrong} ({rounds[engine]} ×)",
            flush=True,
        )


def found_otherwise(found: set[Found], planted: set[Found]) -> str:
    """Say in what the results differ from the defects."""
    if found == planted:
        return "found = planted"
    return f"NOT FOUND {len(planted - found)}, not planted {len(found - planted)}"


def main() -> None:
    """Run everything and print it."""
    options = argparse.ArgumentParser()
    options.add_argument("--records", type=int, nargs="+", default=[300, 1_000, 10_000])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--engines", nargs="+", choices=list(ENGINES), default=list(ENGINES))
    options.add_argument("--ours", nargs=3, help=argparse.SUPPRESS)
    options.add_argument("--load", nargs=2, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.ours:
        measure_ours(given.ours[0], Path(given.ours[1]), Path(given.ours[2]))
    elif given.load:
        load_on_disk(*map(Path, given.load))
    else:
        peers_python()
        for count in given.records:
            compare(count, given.rounds, given.engines)
        print()
        measure_one(10_000)


if __name__ == "__main__":
    main()
