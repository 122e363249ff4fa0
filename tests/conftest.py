"""What every test shares: no network, the sibling folder of real data, the browser option."""

import fcntl
import os
from pathlib import Path

import pytest
from hypothesis import settings

# how long an example takes depends on what else the machine does, and is no property of the code
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

CHECKOUT = Path(__file__).resolve().parents[1]
SHARED = CHECKOUT.parent / "shared"


def pytest_addoption(parser):
    parser.addoption(
        "--require-browser",
        action="store_true",
        help="fail, rather than skip, browser tests when Chromium is absent",
    )


@pytest.fixture(autouse=True)
def _no_network(socket_disabled_except_loopback):
    """Tests never leave the machine."""


@pytest.fixture(scope="session", autouse=True)
def _no_wait_for_the_disk():
    """What tests write need not outlast the power of the machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: None)
        yield


@pytest.fixture
def socket_disabled_except_loopback():
    from pytest_socket import socket_allow_hosts

    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    yield
    from pytest_socket import _remove_restrictions

    _remove_restrictions()


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real source files beside the project."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("the real source files are not beside the project (../shared/data)")
    return folder


@pytest.fixture(scope="session")
def build_once(tmp_path_factory):
    """What builds a snapshot under a name; nobody may write in it.

    Processes that share the tests share the snapshot: the first builds it, the others wait.
    """
    from collex_graph.build import build
    from collex_graph.errors import SnapshotNotFoundError
    from collex_graph.settings import Settings
    from collex_graph.store.snapshot import current_snapshot

    base = tmp_path_factory.getbasetemp()
    folder = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def find(name, sources, **settings):
        var = folder / name
        with var.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                return current_snapshot(var)
            except SnapshotNotFoundError:
                return build(sources, Settings(var=var, **settings)).snapshot

    return find


@pytest.fixture(scope="session")
def sample_snapshot(build_once):
    """One snapshot of the bundled samples of all sources; nobody may write in it."""
    from collex_graph.resources import resource_dir

    folders = sorted(resource_dir("mappings").glob("*/sample"))
    sources = [(folder.parent.name, folder) for folder in folders]
    return build_once("samples", sources, as_of="2026-11-26")


@pytest.fixture(scope="session")
def ccfr_and_esr(build_once):
    """A snapshot of the samples of notices and of establishments; nobody may write in it."""
    from collex_graph.resources import resource_dir

    mappings = resource_dir("mappings")
    return build_once("ccfr-esr", [(name, mappings / name / "sample") for name in ("ccfr", "esr")])
