"""What each process counts for itself, with the metric names of the marketplace contract, section 17.

Under gunicorn the counts of all workers lie in one folder (gunicorn.conf.py), so that whichever worker is asked tells
the sum of them all, and a worker that is killed takes nothing along.
"""

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from app import meter_room

FOLDER = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
"""Where the counts of all workers lie; None where one process counts for itself."""

meter_room.use()

REGISTRY = CollectorRegistry()

REQUEST_SECONDS = Histogram(
    "flask_http_request_duration_seconds",
    "How long requests took, by method, route and status.",
    ("method", "path", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
REQUESTS = Counter("flask_http_request", "Requests answered.", ("method", "status"), registry=REGISTRY)
EXCEPTIONS = Counter(
    "flask_http_request_exceptions",
    "Requests that failed by an exception nobody foresaw.",
    ("method", "status"),
    registry=REGISTRY,
)
ERRORS = Counter(
    "flask_error", "Answers of 400 and above, by endpoint.", ("endpoint", "method", "code"), registry=REGISTRY
)
QUERY_SECONDS = Histogram(
    "db_query_duration_seconds",
    "How long single statements took in the database.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
    registry=REGISTRY,
)
POOL_IN_USE = Gauge(
    "aisle_db_pool_in_use", "Database connections at work.", ("pool",), multiprocess_mode="livesum", registry=REGISTRY
)
POOL_SIZE = Gauge(
    "aisle_db_pool_size",
    "Database connections there may be at most.",
    ("pool",),
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
READERS = Counter(
    "aisle_reading_requests", "Reading requests, by the server that answered.", ("server",), registry=REGISTRY
)
REPLICA_BEHIND = Gauge(
    "aisle_replica_behind_seconds",
    "How far the replica is behind the primary, where there is one.",
    multiprocess_mode="livemax",
    registry=REGISTRY,
)
LIVE_STREAMS = Gauge(
    "aisle_live_streams", "Open streams of live updates.", multiprocess_mode="livesum", registry=REGISTRY
)
