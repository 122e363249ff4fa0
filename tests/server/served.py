"""Serves a snapshot folder as production does; `test_serving` runs it as a process of its own."""

import dataclasses
import json
import sys
from pathlib import Path

from collex_graph.server import create_app
from collex_graph.server.serving import run_server
from collex_graph.settings import Settings
from collex_graph.sparql.workers import WorkerPool
from collex_graph.store.snapshot import open_snapshot


def main():
    snapshot = open_snapshot(Path(sys.argv[1]))
    settings = dataclasses.replace(Settings(), **json.loads(sys.argv[2]))
    return run_server(
        settings,
        lambda: create_app(settings, WorkerPool(snapshot, settings)),
        announce=lambda address: print(address, flush=True),
        take_next_free_port=True,
    )


if __name__ == "__main__":
    sys.exit(main())
