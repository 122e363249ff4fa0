"""The programs that the benchmarks compare with, in a virtual environment of their own.

    python tests/benchmarks/peers.py

installs them into `.venv-peers` at the root of the checkout, as `peers.txt` pins them (200 MB
with a Java runtime). The benchmarks do it themselves when it is not done. Virtuoso is no Python
package: on Debian, ``apt-get install virtuoso-opensource-7-bin``; without it, it is left out.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE.parent.parent / ".venv-peers"
REQUIREMENTS = HERE / "peers.txt"


def peers_python() -> Path:
    """Return the Python that has the peers; install them first where they are not as pinned."""
    python = FOLDER / "bin" / "python"
    done = FOLDER / "installed.txt"
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    if not done.is_file() or done.read_text(encoding="utf-8") != wanted:
        print(f"installing the peers into {FOLDER}", flush=True)
        if not python.is_file():
            venv.create(FOLDER, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if subprocess.run([*pip, "--requirement", str(REQUIREMENTS)], check=False).returncode:
            raise SystemExit("pip could not install the peers; what it says is above")
        done.write_text(wanted, encoding="utf-8")
    return python


if __name__ == "__main__":
    print(peers_python())
    sys.exit()
