"""What monitors ask: is the process alive, may it be sent requests, what has it done."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response, jsonify

from collex_graph.server.services import services

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

blueprint = Blueprint("monitoring", __name__)


@blueprint.get("/healthz")
def health() -> Response:
    """Say that the process answers, and from which snapshot."""
    snapshot = services().snapshot
    response = jsonify(
        status="ok", snapshot=snapshot.identifier, published=snapshot.created.isoformat()
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/readyz")
def readiness() -> Response:
    """Say whether requests may be sent here: 503 while no query could be answered."""
    statistics = services().queries.workers
    is_ready = statistics is None or statistics.idle + statistics.busy > 0
    response = jsonify(status="ready" if is_ready else "not ready")
    response.status_code = 200 if is_ready else 503
    response.headers["Cache-Control"] = "no-store"
    if not is_ready:
        response.headers["Retry-After"] = "1"
    return response


@blueprint.get("/metrics")
def metrics() -> Response:
    """Send all counts in the text format of Prometheus."""
    site = services()
    state: dict[str, float] = {
        "snapshot_timestamp_seconds": site.snapshot.created.timestamp(),
        "queries_running": len(site.running),
    }
    cache = site.queries.statistics
    state |= {f"cache_{name}": float(value) for name, value in asdict(cache).items()}
    workers = site.queries.workers
    if workers is not None:
        state |= {f"workers_{name}": float(value) for name, value in asdict(workers).items()}
    response = Response(site.usage.metrics(state), content_type=METRICS_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response
