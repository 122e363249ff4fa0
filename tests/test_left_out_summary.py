"""The build's summary names what the files hold and nobody reads."""

import subprocess
import sys

from collex_graph.resources import resource_dir


def test_the_summary_counts_a_column_that_no_rule_reads(tmp_path):
    sample = resource_dir("mappings") / "esr" / "sample" / "etablissements.csv"
    header, *rows = sample.read_text(encoding="utf-8-sig").splitlines()
    table = [f"{header};colonne_nouvelle", *(f"{row};x" for row in rows)]
    path = tmp_path / "esr.csv"
    path.write_text("\n".join(table), encoding="utf-8")
    command = [sys.executable, "-m", "collex_graph", "build", f"esr={path}", "--var", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    (line,) = [text for text in done.stdout.splitlines() if text.startswith("esr: not read: ")]
    assert f"colonne_nouvelle {len(rows)}" in line
    assert done.returncode == 1, done.stderr  # the sample has a row that is set aside
