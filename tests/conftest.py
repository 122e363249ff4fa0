"""What every test shares: no network, the sibling folder of real data, the browser option."""

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
def sample_snapshot(tmp_path_factory):
    """One snapshot of the bundled samples of all sources; nobody may write in it."""
    from collex_graph.build import build
    from collex_graph.resources import resource_dir
    from collex_graph.settings import Settings

    folders = sorted(resource_dir("mappings").glob("*/sample"))
    sources = [(folder.parent.name, folder) for folder in folders]
    var = tmp_path_factory.mktemp("samples")
    return build(sources, Settings(var=var, as_of="2026-11-26")).snapshot
