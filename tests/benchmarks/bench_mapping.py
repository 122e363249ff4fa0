"""How fast the mapping engine is, beside mappers written by hand and beside morph-kgc.

    python tests/benchmarks/bench_mapping.py [--scale 1] [--pairs 3] [--no-morph]

Maps one file of each format, always the same ones (`sources_at_scale`): a table of 100,000 rows, a
list of titles (KBART) of 200,000, 50,000 records of documents in JSON, a finding aid of 50,000
nested components, a workbook of 10,000 rows, and the 700 records of people in RDF/XML that stand
beside the project, where they do. Each is mapped with our engine and with plain Python that follows
the same rules (`mappers_by_hand`), in turn, every run in a process of its own, start-up included.
Quads must be the same. The engine also does what the plain mappers do not: positions, problems,
checks of each term, private elements. Memory is the peak of the process. Last, each file is made
into a part of a build (sorted, compressed, with its origins): what a build's process does.

morph-kgc pins an old pyoxigraph, so it gets a virtual environment in the user's cache folder, made
with pip on the first run. It maps the tables and a tenth of the JSON from the same documents, and a
tenth of the finding aid from what it can read of its document; the quads that it loses are counted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import mappers_by_hand
import sources_at_scale
from as_installed import bytecode_on_disk

if TYPE_CHECKING:
    from collections.abc import Callable

MORPH = "morph-kgc==2.10.0"
PEOPLE = (
    Path(__file__).resolve().parents[3] / "shared" / "data" / "idref" / "idref-people-700.tar.gz"
)


# --- measuring -----------------------------------------------------------------------------------


@dataclass
class Measure:
    """What one process took: processor seconds (user and system) and its peak memory."""

    seconds: float
    peak_mb: float


def measure(command: list[str], cwd: Path | None = None) -> Measure:
    """Run a command to its end."""
    process = subprocess.Popen(command, cwd=cwd)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"failed: {' '.join(command)}")
    return Measure(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def run_apart(run: str, mapping: Path, source: Path, out: Path) -> Measure:
    """Run one of `mappers_by_hand.RUNS` in a process of its own."""
    return measure([
        sys.executable, mappers_by_hand.__file__, run, str(mapping), str(source), str(out)
    ])  # fmt: skip


def write_apart(kind: str, source: Path, size: int) -> None:
    """Write a source file in a process of its own.

    A process that is started begins with the peak of the one that starts it (`ru_maxrss` outlives
    exec), so this one must stay small.
    """
    command = [sys.executable, __file__, "--write", kind, str(source), str(size)]
    subprocess.run(command, check=True)


def differences(first: Path, second: Path) -> tuple[int, int, int]:
    """Compare two files of quads in processes apart.

    Returns:
        The distinct lines of the first; those that the second lacks; those that it alone has.
    """
    command = [sys.executable, __file__, "--differ", str(first), str(second)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    count, lost, more = map(int, done.stdout.split())
    return count, lost, more


def differ(first: Path, second: Path) -> tuple[int, int, int]:
    """Do so: `differences`."""
    from collex_graph.store.lines import difference

    with tempfile.TemporaryDirectory(dir=first.parent) as folder:
        ordered = []
        for number, path in enumerate((first, second)):
            ordered.append(Path(folder) / str(number))
            subprocess.run(
                ["/usr/bin/env", "sort", "-u", "-o", str(ordered[-1]), str(path)],
                check=True, env={**os.environ, "LC_ALL": "C"},
            )  # fmt: skip
        with ordered[0].open("rb") as lines:
            count = sum(1 for _ in lines)
        with ordered[0].open("rb") as old, ordered[1].open("rb") as new:
            changed = [is_new for _, is_new in difference(old, new)]
    return count, changed.count(False), changed.count(True)


def show(label: str, quads: int, taken: Measure) -> None:
    """Print one line of the results."""
    print(
        f"  {label:28} {quads:>10,} quads {taken.seconds:8.2f} s {quads / taken.seconds:>11,.0f} "
        f"quads/s {taken.peak_mb:7.0f} MB"
    )


def compare(folder: Path, kind: str, mapping: Path, source: Path, pairs: int) -> tuple[Path, float]:
    """Run the engine and the mapper by hand in turn; return the engine's output and its time."""
    engine_out, hand_out = folder / f"{kind}-engine.nq", folder / f"{kind}-hand.nq"
    ours, theirs = [], []
    for _ in range(pairs):
        ours.append(run_apart("engine", mapping, source, engine_out))
        theirs.append(run_apart(f"{kind} by hand", mapping, source, hand_out))
    quads, lost, more = differences(engine_out, hand_out)
    if lost or more:
        sys.exit(f"the quads differ: {engine_out} {hand_out}")
    middle = [
        Measure(statistics.median(m.seconds for m in runs), max(m.peak_mb for m in runs))
        for runs in (ours, theirs)
    ]
    show("collex-graph", quads, middle[0])
    show("by hand", quads, middle[1])
    ratios = [a.seconds / b.seconds for a, b in zip(ours, theirs, strict=True)]
    print(f"  ratio to the mapper by hand: {', '.join(f'{r:.2f}' for r in ratios)}; same quads")
    return engine_out, middle[0].seconds


# --- morph-kgc -----------------------------------------------------------------------------------


def morph_python() -> str | None:
    """Return the Python of an environment with morph-kgc, made on the first run; None without."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = cache / "collex-graph" / MORPH.replace("==", "-")
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        print(f"  installing {MORPH} in {folder}")
        venv.create(folder, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", MORPH]
        done = subprocess.run(install, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            print(done.stderr)
            return None
        (folder / "complete").touch()
    return str(python)


def compare_morph(folder: Path, mapping: Path, source: Path, ours: Path, seconds: float) -> None:
    """Map a file with morph-kgc, and count what it loses."""
    python = morph_python()
    if python is None:
        print(f"  {MORPH} could not be installed: not compared")
        return
    out = folder / "morph.nq"
    (folder / "morph.ini").write_text(
        f"[CONFIGURATION]\noutput_file={out}\noutput_format=N-QUADS\nlogging_level=ERROR\n"
        f"number_of_processes=1\n[TABLE]\nmappings={mapping}\nfile_path={source}\n"
    )
    taken = measure([python, "-m", "morph_kgc", str(folder / "morph.ini")], cwd=folder)
    for path in (out, ours):
        run_apart("rewrite", mapping, path, path.with_suffix(".same"))
    wanted, lost, more = differences(ours.with_suffix(".same"), out.with_suffix(".same"))
    show("morph-kgc 2.10", wanted - lost + more, taken)
    same = f"loses {lost:,} quads ({lost / wanted:.1%}), has {more:,} others"
    print(
        f"  morph-kgc takes {taken.seconds / seconds:.1f} times our time; "
        f"{same if lost or more else 'same quads'}"
    )


@dataclass
class Format:
    """One format of the benchmark.

    Attributes:
        kind: what the file is.
        file: its name.
        mapping: the document.
        write: writes a file of some size; None for a folder of real files.
        size: how many records.
        unit: what a record is.
        morph: share of the records that morph-kgc maps in bearable time; 0 for none.
        plain: the part of the document that morph-kgc can read, where that is not all of it.
    """

    kind: str
    file: str
    mapping: str
    write: Callable[[Path, int], None] | None
    size: int
    unit: str
    morph: float = 0.0
    plain: str = ""


FORMATS = [
    Format("table", "table.csv", mappers_by_hand.TABLE_MAPPING, sources_at_scale.write_table,
           100_000, "rows of 20 columns", 1.0),
    Format("list of titles", "table.tsv", mappers_by_hand.KBART_MAPPING,
           sources_at_scale.write_kbart, 200_000, "rows of 25 columns", 1.0),
    Format("documents", "table.json", mappers_by_hand.DOCUMENTS_MAPPING,
           sources_at_scale.write_documents, 50_000, "records in JSON", 0.1),
    Format("finding aid", "table.xml", mappers_by_hand.EAD_MAPPING,
           sources_at_scale.write_finding_aid, 50_000, "nested components", 0.1,
           mappers_by_hand.PLAIN_EAD_MAPPING),
    Format("workbook", "table.xlsx", mappers_by_hand.WORKBOOK_MAPPING,
           sources_at_scale.write_workbook, 10_000, "rows of 20 columns"),
    Format("people", "people", mappers_by_hand.PEOPLE_MAPPING, None, 700, "real files in RDF/XML"),
]  # fmt: skip


def run_format(folder: Path, one: Format, size: int, pairs: int, *, morph: bool) -> None:
    """Measure one format."""
    mapping, source = folder / f"{one.file}.yml", folder / one.file
    mapping.write_text(one.mapping, encoding="utf-8")
    if one.write is None:
        if not PEOPLE.is_file():
            print(f"{one.kind}: skipped, {PEOPLE.name} is not beside the project (../shared/data)")
            return
        with tarfile.open(PEOPLE) as packed:
            packed.extractall(source, filter="data")
    else:
        write_apart(one.kind, source, 10)
    for run in ("engine", f"{one.kind} by hand"):
        run_apart(run, mapping, source, folder / "first.nq")
    if one.write is not None:
        write_apart(one.kind, source, size)
    bytes_ = [p.stat().st_size for p in (source, *source.rglob("*")) if p.is_file()]
    print(f"{one.kind}: {size:,} {one.unit}, {sum(bytes_) / 1e6:.0f} MB", flush=True)
    out, seconds = compare(folder, one.kind, mapping, source, pairs)
    if source.is_file():
        part = folder / "part.nq.gz"
        taken = run_apart("part", mapping, source, part)
        show("made into a part of a build", differences(out, out)[0], taken)
    if morph and one.morph:
        if one.morph < 1:
            write_apart(one.kind, source, int(size * one.morph))
            rules = ", plain rules" if one.plain else ""
            print(f"  {int(size * one.morph):,} {one.unit}{rules}:")
            if one.plain:
                mapping.write_text(one.plain, encoding="utf-8")
            taken = run_apart("engine", mapping, source, out)
            show("collex-graph", differences(out, out)[0], taken)
            seconds = taken.seconds
        compare_morph(folder, mapping, source, out, seconds)


def main() -> None:
    """Run everything and print the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of records")
    parser.add_argument("--pairs", type=int, default=3, help="runs of each, in turn")
    parser.add_argument("--only", help="one format: its name")
    parser.add_argument("--no-morph", action="store_true")
    parser.add_argument("--write", nargs=3, metavar=("KIND", "PATH", "SIZE"))
    parser.add_argument("--differ", nargs=2, metavar=("FILE", "FILE"), type=Path)
    arguments = parser.parse_args()
    if arguments.write:
        kind, path, size = arguments.write
        (writer,) = (one.write for one in FORMATS if one.kind == kind)
        writer(Path(path), int(size))
        return
    if arguments.differ:
        print(*differ(*arguments.differ))
        return
    with bytecode_on_disk():
        for one in FORMATS:
            if arguments.only in (None, one.kind):
                with tempfile.TemporaryDirectory(prefix="bench-mapping-") as name:
                    scale = 1 if one.write is None else arguments.scale
                    size, morph = max(1, int(one.size * scale)), not arguments.no_morph
                    run_format(Path(name), one, size, arguments.pairs, morph=morph)


if __name__ == "__main__":
    main()
