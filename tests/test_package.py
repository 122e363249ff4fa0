"""The built wheel holds everything: it is installed elsewhere and used from another folder."""

import os
import signal
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, CHECKOUT],
        check=True,
        capture_output=True,
    )
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("elsewhere")
    subprocess.run(
        [
            sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
            "--disable-pip-version-check", "--target", folder / "site", wheel,
        ],
        check=True,
    )  # fmt: skip
    return folder


def run(installed, *arguments, **options):
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("COLLEX_GRAPH_")},
        "PYTHONPATH": str(installed / "site"),
    }
    command = [sys.executable, "-m", "collex_graph", *arguments]
    return subprocess.Popen(
        command, cwd=installed, env=environment, text=True, stdout=subprocess.PIPE, **options
    )


def test_the_wheel_holds_the_data_folders_and_no_front_end_dependency(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for needed in ("ontology/collex.ttl", "ontology/prefixes.ttl", "mappings/ccfr/mapping.yml"):
        assert f"collex_graph/data/{needed}" in names
    assert not [name for name in names if "node_modules" in name]


def test_the_data_of_the_wheel_is_used_from_any_folder(installed):
    probe = "from collex_graph.resources import resource_dir as r; print(r('ontology'))"
    environment = {**os.environ, "PYTHONPATH": str(installed / "site")}
    found = subprocess.run(
        [sys.executable, "-c", probe], cwd="/", env=environment, text=True, capture_output=True,
        check=True,
    )  # fmt: skip
    assert Path(found.stdout.strip()).is_relative_to(installed)


def test_the_demo_of_the_wheel_builds_and_serves_the_sample(installed, tmp_path):
    process = run(installed, "demo", "--var", str(tmp_path), start_new_session=True)
    try:
        address = ""
        for line in process.stdout:
            if line.startswith("collex-graph: http"):
                address = line.split()[1]
                break
        assert address, "the demo printed no address"
        with urllib.request.urlopen(address, timeout=20) as page:
            assert page.status == 200
            assert "collex-graph" in page.read().decode()
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.stdout.close()
        process.wait(timeout=20)
