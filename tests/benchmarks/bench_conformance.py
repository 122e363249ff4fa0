"""How many cases of the public RML suites we pass, beside morph-kgc in the same run.

    python tests/benchmarks/bench_conformance.py [--suites ../shared/suites] [--all]

A case with ``output.nq`` is passed by the same quads (canonicalised, RDFC-1.0), a case without by
an error; which error is not asked here. morph-kgc gets every case as it is, each in a process of
its own, and the cases of rml-core also after two rewrites without which it reads almost none:
``rml:source`` as a literal path, and that with ``$.`` taken from references. ``--all`` names the
cases that are not passed.

morph-kgc pins an old pyoxigraph, so it has a virtual environment in the user's cache folder.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench_mapping import MORPH, morph_python

from conformance.rml_suites import BASES, Answer, Case, cases, our_answer

SUITES = Path(__file__).resolve().parents[3] / "shared" / "suites"
TIMEOUT_SECONDS = 60

# Run by the Python of the other environment: one fork a case, so that none spoils the next.
MORPH_RUNNER = """
import json, os, sys, traceback
import morph_kgc
for line in sys.stdin:
    folder, out, error = json.loads(line)
    child = os.fork()
    if child == 0:
        try:
            os.chdir(folder)
            sys.stdout = sys.stderr = open(os.devnull, "w")
            config = ("[CONFIGURATION]\\noutput_format=N-QUADS\\nlogging_level=CRITICAL\\n"
                      "number_of_processes=1\\n[CASE]\\nmappings=mapping.ttl\\n")
            quads = morph_kgc.materialize_set(config)
            with open(out, "w", encoding="utf-8") as stream:
                stream.writelines(quad + " .\\n" for quad in sorted(quads))
        except BaseException:
            with open(error, "w", encoding="utf-8") as stream:
                stream.write(traceback.format_exc())
        os._exit(0)
    os.waitpid(child, 0)
"""


def with_literal_source(mapping: str) -> str:
    """Write ``rml:source`` as a literal path."""
    return re.sub(r'rml:source\s*\[[^\]]*?rml:path\s+("[^"]*")[^\]]*\]', r"rml:source \1", mapping)


def without_dollars(mapping: str) -> str:
    """Take ``$.`` from references, which morph-kgc wants as bare names."""
    mapping = re.sub(r'(rml:(?:reference|child|parent)\s+")\$\.', r"\1", mapping)
    return re.sub(r"\{\$\.", "{", mapping)


def morph_answers(python: str, folders: list[Path], work: Path) -> list[Answer]:
    """Run morph-kgc on folders of cases."""
    work.mkdir()
    jobs = [
        (str(folder), str(work / f"{number}.nq"), str(work / f"{number}.error"))
        for number, folder in enumerate(folders)
    ]
    subprocess.run(
        [python, "-c", MORPH_RUNNER],
        input="".join(json.dumps(job) + "\n" for job in jobs),
        text=True,
        check=True,
        timeout=TIMEOUT_SECONDS + 5 * len(jobs),
    )
    answers = []
    for _, out, error in jobs:
        quads = Path(out).read_bytes() if Path(out).exists() else b""
        answers.append(Answer(quads, Path(error).read_text() if Path(error).exists() else ""))
    return answers


def rewritten(found: list[Case], work: Path, *, dollars: bool) -> list[Path]:
    """Copy cases with their mappings rewritten; return the folders."""
    folders = []
    for case in found:
        folder = work / case.name
        shutil.copytree(case.folder, folder)
        mapping = folder / "mapping.ttl"
        text = with_literal_source(mapping.read_text(encoding="utf-8"))
        mapping.write_text(text if dollars else without_dollars(text), encoding="utf-8")
        folders.append(folder)
    return folders


def show(engine: str, found: list[Case], answers: list[Answer], *, names: bool) -> None:
    """Print one line of the results."""
    right = {True: 0, False: 0}
    count = {True: 0, False: 0}
    missed = []
    for case, answer in zip(found, answers, strict=True):
        has_output = case.expected is not None
        count[has_output] += 1
        if answer.is_right(case):
            right[has_output] += 1
        else:
            missed.append(case.name)
    share = right[True] / count[True]
    print(
        f"  {engine:48} with output {right[True]:3} of {count[True]:3} ({share:4.0%}), "
        f"errors {right[False]:2} of {count[False]:2}, all {sum(right.values()):3} of {len(found)}"
    )
    if names and missed:
        print(f"    not passed: {', '.join(missed)}")


def main() -> None:
    """Run both suites with both engines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--suites", type=Path, default=SUITES)
    parser.add_argument("--all", action="store_true", help="name the cases that are not passed")
    arguments = parser.parse_args()
    if not arguments.suites.is_dir():
        print(f"no suites in {arguments.suites}, not run: name their folder with --suites")
        return
    python = morph_python()
    for suite in BASES:
        found = cases(arguments.suites, suite)
        print(f"{suite}: {len(found)} cases")
        show("collex-graph", found, [our_answer(case) for case in found], names=arguments.all)
        if python is None:
            print(f"  {MORPH} could not be installed: not compared")
            continue
        with tempfile.TemporaryDirectory(prefix="bench-conformance-") as name:
            work = Path(name)
            runs = {"": [case.folder for case in found]}
            if suite == "rml-core":
                runs[", source as a literal"] = rewritten(found, work / "source", dollars=True)
                runs[", and references without $."] = rewritten(found, work / "both", dollars=False)
            for number, (how, folders) in enumerate(runs.items()):
                answers = morph_answers(python, folders, work / f"answers-{number}")
                show(f"morph-kgc 2.10{how}", found, answers, names=arguments.all)


if __name__ == "__main__":
    main()
