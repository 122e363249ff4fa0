"""What a whole build costs beside loading its result, and a second build beside a full one.

    python tests/benchmarks/bench_build.py [--files 100] [--rows 1050] [--rounds 1]

Makes lists of titles (KBART), always the same ones, and builds them with the project's own mapping,
each build in a process of its own, its worker processes included. Three comparisons:

* the whole build, validation and the index of words and places told apart, with the load of what it
  published: the dump's N-Quads given to `bulk_load` as one file, and the distinct triples of its
  data graphs as one N-Triples file for the default graph, then `optimize`: what the store of a
  snapshot holds, no more. Both vary from run to run, so they are run in turn, ``--rounds`` times;
* one process with several: the same snapshot, less time;
* a second build after one file of all has changed, with a full build of the same files: the same
  statements, line for line, in a share of the time.

CPU is user and system time of all processes; memory is the peak of the largest one.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from as_installed import bytecode_on_disk
from sources_at_scale import write_kbart


def cpu_seconds() -> float:
    """Return the CPU time of this process and of those it waited for."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def peak_mb() -> float:
    """Return the peak memory of the largest of these processes."""
    return (
        max(
            resource.getrusage(who).ru_maxrss
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        / 1024
    )


# --- what is measured, each in a process of its own -----------------------------------------------


def run_build(folder: Path, var: Path, full: str) -> None:
    """Build, and say what each phase took."""
    from collex_graph.build import build
    from collex_graph.settings import Settings

    phases: dict[str, float] = {}
    current, since = "start", 0.0

    def progress(stage: str, _detail: str) -> None:
        nonlocal current, since
        now = cpu_seconds()
        phases[current] = phases.get(current, 0.0) + now - since
        current, since = stage, now

    summary = build([("kbart", folder)], Settings(var=var), progress, full=full == "full")
    progress("end", "")
    counts = summary.snapshot.counts
    print(
        json.dumps({
            "phases": phases, "cpu": cpu_seconds(), "mb": peak_mb(), "mapped": summary.mapped,
            "started_from": summary.started_from, "quads": counts["quads"],
            "triples": counts["triples"], "folder": str(summary.snapshot.directory),
        })
    )  # fmt: skip


def run_unpack(snapshot: Path, named: Path, default: str) -> None:
    """Write the dump, and the triples of the default graph, as plain files."""
    from pyoxigraph import DefaultGraph, Store

    with gzip.open(snapshot / "dataset.nq.gz") as packed, named.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    store = Store.read_only(str(snapshot / "store"))
    with Path(default).open("w", encoding="utf-8") as triples:
        for quad in store.quads_for_pattern(None, None, None, DefaultGraph()):
            triples.write(f"{quad.triple} .\n")


def run_load(named: Path, default: Path, store_folder: str) -> None:
    """Load the plain files into an empty store."""
    from pyoxigraph import RdfFormat, Store

    store = Store(store_folder)
    store.bulk_load(path=str(named), format=RdfFormat.N_QUADS)
    store.bulk_load(path=str(default), format=RdfFormat.N_TRIPLES)
    loaded = cpu_seconds()
    store.optimize()
    store.flush()
    print(json.dumps({"load": loaded, "cpu": cpu_seconds(), "mb": peak_mb()}))


def run_content(snapshot: Path, out: Path, _: str) -> None:
    """Write what two builds of the same files share: named graphs, default graph, report."""
    from pyoxigraph import DefaultGraph, Store

    with gzip.open(snapshot / "dataset.nq.gz", "rt", encoding="utf-8") as lines:
        said = [line for line in lines if "/graph/description> ." not in line]
    store = Store.read_only(str(snapshot / "store"))
    default = sorted(str(q) for q in store.quads_for_pattern(None, None, None, DefaultGraph()))
    report = (snapshot / "report.ttl").read_text(encoding="utf-8")
    out.write_text("".join(said) + "\n".join(default) + report, encoding="utf-8")


RUNS = {
    "build": run_build, "unpack": run_unpack, "load": run_load, "content": run_content,
}  # fmt: skip


def apart(name: str, *arguments: Path | str, processes: int | None = None) -> dict:
    """Run one of the above in a process of its own, on one core or on all; return what it says."""
    command = [sys.executable, __file__, "--run", name, *map(str, arguments)]
    if processes == 1:
        command = ["taskset", "-c", "0", *command]
    started = time.monotonic()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told = json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else {}
    return told | {"wall": time.monotonic() - started}


def show(label: str, found: dict) -> None:
    """Print one line of the results."""
    sys.stdout.flush()
    print(f"  {label:44} {found['cpu']:8.2f} s CPU {found['wall']:8.2f} s {found['mb']:6.0f} MB")


def content(folder: Path, snapshot: str) -> str:
    """Return a digest of what two builds of the same files share."""
    out = folder / "content"
    apart("content", snapshot, out, "-")
    with out.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def main() -> None:
    """Run everything and print the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--rows", type=int, default=1050, help="of each file")
    parser.add_argument("--rounds", type=int, default=1, help="builds and loads in turn")
    parser.add_argument("--run", nargs=4, metavar=("NAME", "PATH", "PATH", "OPTION"))
    arguments = parser.parse_args()
    if arguments.run:
        run, first, second, option = arguments.run
        RUNS[run](Path(first), Path(second), option)
        return
    with bytecode_on_disk(), tempfile.TemporaryDirectory(prefix="bench-build-") as name:
        folder = Path(name)
        lists = folder / "lists"
        lists.mkdir()
        for number in range(arguments.files):
            path = lists / f"BENCH_GLOBAL_LIST{number:03d}_2026-01-01.txt"
            write_kbart(path, arguments.rows, seed=number)
        compare(folder, lists, arguments.rounds)


def with_load(folder: Path, lists: Path, name: str, processes: int | None = None) -> dict:
    """Build, load the same statements alone, and say how much more the build takes."""
    made = apart("build", lists, folder / "var", "full", processes=processes)
    show(f"whole build, {name}", made)
    total = made["cpu"]
    for phase, seconds in made["phases"].items():
        print(f"    {phase:42} {seconds:8.2f} s CPU {seconds / total:6.0%}")
    named, default = folder / "named.nq", folder / "default.nt"
    if not named.exists():
        apart("unpack", made["folder"], named, default)
    load = apart("load", named, default, folder / "loaded", processes=processes)
    show("load of the same statements alone, ordered", load)
    shutil.rmtree(folder / "loaded")
    # a load alone makes no index of words and places
    rest = total - made["phases"]["validate"] - made["phases"]["index"]
    print(
        f"  the build takes {rest / load['cpu']:.2f} × the load without validation and index, "
        f"{total / load['cpu']:.2f} × with them"
    )
    return made


def compare(folder: Path, lists: Path, rounds: int) -> None:
    """Compare builds with loads and with one another."""
    for _ in range(rounds):
        first = with_load(folder, lists, "all cores")
    print(f"{first['quads']:,} quads in named graphs, {first['triples']:,} triples by default")
    alone = with_load(folder, lists, "one core", processes=1)
    same = content(folder, first["folder"]) == content(folder, alone["folder"])
    print(f"  {'the same snapshot' if same else 'ANOTHER SNAPSHOT'} whatever the cores")
    for name in ("named.nq", "default.nt"):
        (folder / name).unlink()
    changed = sorted(lists.iterdir())[len(list(lists.iterdir())) // 2]
    write_kbart(changed, sum(1 for _ in changed.open()) - 1, seed=10_000)
    second = apart("build", lists, folder / "var", "-")
    show(f"second build, {second['mapped']} of {len(list(lists.iterdir()))} files mapped", second)
    for phase, seconds in second["phases"].items():
        print(f"    {phase:42} {seconds:8.2f} s CPU {seconds / second['cpu']:6.0%}")
    again = apart("build", lists, folder / "again", "full")
    show("full build of the same files", again)
    same = content(folder, second["folder"]) == content(folder, again["folder"])
    print(
        f"  the second build takes {second['cpu'] / again['cpu']:.0%} of the CPU of a full one; "
        f"{'the same, line for line' if same else 'ANOTHER SNAPSHOT'}"
    )


if __name__ == "__main__":
    main()
