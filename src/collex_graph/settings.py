"""Every setting of the software: its default, its unit, its help, declared once.

Each field is also an environment variable ``COLLEX_GRAPH_<FIELD IN CAPITALS>``; an unknown variable
with that prefix is an error, so that a misspelt one never goes unnoticed.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import Field, dataclass, field, fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collex_graph.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENT_PREFIX = "COLLEX_GRAPH_"
_DEFAULT_VAR = Path("var")

LAST_PORT = 65535
"""The highest port of TCP."""


def _setting(default: Any, unit: str, description: str) -> Any:
    return field(default=default, metadata={"unit": unit, "help": description})


@dataclass(frozen=True)
class Settings:
    """The settings in force; see each field's metadata for its unit and help."""

    base_iri: str = _setting(
        "https://w3id.org/collex-graph/",
        "IRI",
        "Start of every IRI minted here; the namespaces of ontology and shapes never change.",
    )
    var: Path = _setting(_DEFAULT_VAR, "folder", "Where snapshots and unfinished builds are kept.")
    as_of: str = _setting(
        "",
        "date",
        "Day on which a build says which labels hold, YYYY-MM-DD; empty means today (UTC).",
    )
    host: str = _setting("127.0.0.1", "address", "Address the server listens on.")
    port: int = _setting(8080, "port", "Port the server listens on.")
    public_address: str = _setting(
        "",
        "address",
        "Address at which people reach the site, for code to copy; empty: that of host and port.",
    )
    query_timeout_seconds: float = _setting(
        30.0, "seconds", "Longest time a public query may run; timeout= may only lower it."
    )
    query_memory_bytes: int = _setting(
        1 << 30, "bytes", "Memory a query may use beyond the loaded graph."
    )
    query_text_bytes: int = _setting(1_000_000, "bytes", "Longest query text accepted.")
    query_nesting: int = _setting(100, "levels", "Deepest nesting of a query accepted.")
    query_workers: int = _setting(
        0, "processes", "Processes that run queries; 0 means processor cores + 2."
    )
    query_endpoint: str = _setting(
        "",
        "IRI",
        "SPARQL 1.1 server that answers in place of the embedded store (Another engine, above).",
    )
    query_endpoint_default_graph: str = _setting(
        "",
        "IRI",
        "Named graph in which that server holds the default graph; empty: it has a default graph.",
    )
    query_queue: int = _setting(
        256,
        "queries",
        "Queries that may wait for a worker; as many may wait for what others compute, and as many "
        "for their client's turn.",
    )
    query_queue_seconds: float = _setting(
        5.0, "seconds", "Longest wait for a worker, and for a client's turn before it."
    )
    result_bytes: int = _setting(200_000_000, "bytes", "Largest result of a query.")
    result_spool_bytes: int = _setting(
        20_000_000,
        "bytes",
        "Results up to this size are sent whole, with their length, and computed once for all who "
        "ask for them at the same time.",
    )
    worker_store_bytes: int = _setting(
        4_000_000_000,
        "bytes",
        "Workers hold the graph in memory while all of them together stay under this size.",
    )
    cache_bytes: int = _setting(
        256_000_000, "bytes", "Results kept, so that asking again costs nothing; 0 keeps none."
    )
    cache_seconds: int = _setting(
        60,
        "seconds",
        "How long browsers and proxies may use a result again before asking; a new snapshot is "
        "seen after it at the latest.",
    )
    client_budget_seconds: float = _setting(
        60.0, "seconds", "Computing time of one client in a window; 0 for no limit."
    )
    client_window_seconds: float = _setting(60.0, "seconds", "Length of that window.")
    client_queries: int = _setting(
        0,
        "queries",
        "Queries of one client that are computed at once; 0 means half as many as processes that "
        "run queries. Others of it wait their turn.",
    )
    access_log: str = _setting(
        "",
        "file",
        "Where a line for each answer goes, without addresses or queries; - is standard output, "
        "empty nowhere.",
    )
    client_address_header: str = _setting(
        "",
        "header",
        "Header in which our own proxy says the client's address, such as X-Real-IP; empty: the "
        "address that connects.",
    )
    federation_endpoints: tuple[str, ...] = _setting(
        (),
        "IRIs, separated by commas",
        "SPARQL endpoints that SERVICE may call; none by default.",
    )
    federation_seconds: float = _setting(
        10.0, "seconds", "Longest time another endpoint may take to answer."
    )
    federation_bytes: int = _setting(
        5_000_000, "bytes", "Largest answer read from another endpoint."
    )
    upload_bytes: int = _setting(
        50_000_000, "bytes", "Largest file that /validate and /api/validate take."
    )
    upload_seconds: float = _setting(60.0, "seconds", "Longest time the check of one may take.")
    upload_memory_bytes: int = _setting(2 << 30, "bytes", "Memory that the check of one may use.")
    upload_disk_bytes: int = _setting(
        2_000_000_000, "bytes", "Room that it may take on disk while it runs, unpacked."
    )
    upload_processes: int = _setting(2, "processes", "Checks that run at once; 0 for no checks.")
    upload_hosts: tuple[str, ...] = _setting(
        (),
        "host names, separated by commas",
        "Hosts from which /validate fetches a file by its https address; none by default.",
    )
    snapshots_kept: int = _setting(5, "snapshots", "Snapshots that `snapshots prune` keeps.")

    def __post_init__(self) -> None:
        if not self.base_iri.endswith("/") or "://" not in self.base_iri:
            raise ConfigurationError(
                f"base_iri must be an absolute IRI that ends with '/', not {self.base_iri!r}"
            )
        for positive in (
            "query_timeout_seconds", "query_memory_bytes", "query_text_bytes", "query_nesting",
            "query_queue", "query_queue_seconds", "result_bytes", "client_window_seconds",
            "federation_seconds", "federation_bytes", "upload_bytes", "upload_seconds",
            "upload_memory_bytes", "upload_disk_bytes",
        ):  # fmt: skip
            if getattr(self, positive) <= 0:
                raise ConfigurationError(f"{positive} must be greater than 0")
        if self.client_queries < 0:
            raise ConfigurationError("client_queries must be 0 or more")
        if self.as_of:
            try:
                is_day = date.fromisoformat(self.as_of).isoformat() == self.as_of
            except ValueError:
                is_day = False
            if not is_day:
                raise ConfigurationError(f"as_of is a day YYYY-MM-DD, not {self.as_of!r}")
        if not 0 <= self.port <= LAST_PORT:
            raise ConfigurationError(
                f"port must be from 0 (any free one) to {LAST_PORT}, not {self.port}"
            )

    @property
    def query_processes(self) -> int:
        """How many processes run queries."""
        return self.query_workers or (os.cpu_count() or 1) + 2

    @property
    def queries_of_a_client(self) -> int:
        """How many queries of one client are computed at once."""
        return self.client_queries or max(1, self.query_processes // 2)

    @property
    def day(self) -> str:
        """The day on which a build says what holds, as xsd:date."""
        return self.as_of or datetime.now(UTC).date().isoformat()


def _kind(declared: Field[Any]) -> type[Any]:
    kind: type[Any] = type(getattr(Settings, declared.name))
    return Path if issubclass(kind, Path) else kind


def _read_value(kind: type[Any], text: str) -> Any:
    if kind is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return kind(text)


def load_settings(environment: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Read the settings: defaults, then the environment, then ``overrides`` that are not None.

    Raises:
        ConfigurationError: for an unknown ``COLLEX_GRAPH_*`` variable or a value of the wrong type.
    """
    environment = os.environ if environment is None else environment
    known = {f"{ENVIRONMENT_PREFIX}{f.name.upper()}": f for f in fields(Settings)}
    values: dict[str, Any] = {}
    for name, text in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        if name not in known:
            raise ConfigurationError(
                f"unknown setting {name}; known ones: {', '.join(sorted(known))}"
            )
        declared = known[name]
        try:
            values[declared.name] = _read_value(_kind(declared), text)
        except ValueError:
            raise ConfigurationError(
                f"{name}={text!r} is not a {_kind(declared).__name__} ({declared.metadata['unit']})"
            ) from None
    values |= {name: value for name, value in overrides.items() if value is not None}
    return replace(Settings(), **values)


def child_environment(**changes: str) -> dict[str, str]:
    """Return the environment for a process of ours: this one's, with some variables set.

    ``PYTHONPATH`` is put before the one in force.
    """
    path = [changes.pop("PYTHONPATH", ""), os.environ.get("PYTHONPATH", "")]
    return os.environ | changes | {"PYTHONPATH": os.pathsep.join(filter(None, path))}


def demo_folder() -> Path:
    """Return a folder of the user's cache, or a temporary one where no home can be written to."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    folder = Path(cache) / "collex-graph" / "demo"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="collex-graph-"))
    return folder
