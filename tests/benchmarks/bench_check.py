"""How long `collex-graph validate` takes on tables of many rows, and how much memory.

    python tests/benchmarks/bench_check.py [--rows 100000]

Each table is checked by a process of its own, from the command line to the report in CSV: a sheet
of labels as curators fill it in (11 columns; one row in fifty has its interval the wrong way round,
and every row names a fonds that nothing describes) and a list of titles (KBART, 25 columns). Ends
with 1 where these rules do not find what was planted.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import sources_at_scale

# rule → how many results a sheet of so many rows must have; other rules may speak too
PLANTED = {
    "Labelling-validity": lambda rows: (rows + 49) // 50,
    "Labelling-concerns-unit": lambda rows: rows,
}
COLUMNS = "Campagne;Fonds;Label;État;Date de décision;Début;Fin;Charte;Discipline;Preuve;Remarque"


def write_labels(path: Path, rows: int) -> None:
    """Write a sheet of labels."""
    with path.open("w", encoding="utf-8-sig") as sheet:
        sheet.write(f"{COLUMNS}\n")
        for number in range(rows):
            first = "01/01/2031" if number % 50 == 0 else "01/01/2019"
            sheet.write(
                f"{2018 + number % 9};FRFONDS-751132108-{number};CollEx;Labellisée;12/09/2018;"
                f"{first};31/12/2023;engagement-1;Études aréales;https://www.collexpersee.eu/;"
                f"Décision d’essai\n"
            )


def check(path: Path, report: Path) -> Counter[str]:
    """Check a file in a process of its own; print what it took; return rule → results."""
    command = [sys.executable, "-m", "collex_graph", "validate", str(path), "--alone"]
    command += ["--format", "csv", "--output", str(report)]
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ)
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    with report.open(encoding="utf-8", newline="") as stream:
        rules = Counter(row[1] for row in csv.reader(stream))
    rules.pop(next(iter(rules)))  # the header
    print(
        f"{path.name}: {path.stat().st_size >> 20} MB; {rules.total():,} results; "
        f"{used.ru_utime + used.ru_stime:.1f} s CPU, {wall:.1f} s; {used.ru_maxrss >> 10} MB; "
        f"exit code {os.waitstatus_to_exitcode(status)}",
        flush=True,
    )
    return rules


def main() -> None:
    """Check both tables and print it."""
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=100_000)
    rows = options.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.csv"
        titles = Path(folder) / "PUB_FRANCE_LN-X_2023-01-01.txt"
        sources_at_scale.write_kbart(titles, rows)
        check(titles, report)
        labels = Path(folder) / "labels.csv"
        write_labels(labels, rows)
        found = check(labels, report)
    planted = {rule: count(rows) for rule, count in PLANTED.items()}
    if {rule: found[rule] for rule in planted} != planted:
        sys.exit(f"found {dict(found)}, planted {planted}")
    print(f"labels: found = planted ({sum(planted.values()):,}); by rule {dict(found)}")


if __name__ == "__main__":
    main()
