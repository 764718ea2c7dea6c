"""Counting requests and statements, and telling Prometheus: `/metrics`."""

import hmac
import time
from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask, Response, current_app, g, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine, event

from app import meter_files, meters
from app.config import settings
from app.errors import AuthFailed, AuthRequired, NotFound
from app.extensions import db
from app.flask_config import API_VERSION
from app.services.figures import queues, reading
from app.services.figures.catalog import CATALOG, Figure
from app.services.figures.shown import Board

UNMATCHED = "unmatched"
"""The one label for every address without a route: raw paths would make as many series as there are visitors."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER_METHOD = "OTHER"

Note = Callable[[float], None]
_notes: dict[tuple[str, str, int], Note] = {}
"""What to do with the seconds of a request, by method, route and status: looking labels up each time costs more."""


def register_metrics(app: Flask) -> None:
    """Count every answer; called first, so that it sees the answer as it is sent."""
    app.after_request(_count)

    def read() -> list[Figure]:
        with app.app_context():
            return reading.read() + queues.depths(settings())

    app.extensions["figures"] = Board(read)


def watch_database(pool_size: int) -> None:
    """Time every statement and count connections at work, of the application whose context is entered."""
    for name, engine in db.engines.items():
        _watch(engine, name or "write", pool_size)


def check_scraper() -> None:
    """Let in who sends METRICS_TOKEN as bearer; while there is none, everybody outside production.

    Raises AuthRequired, AuthFailed, or in production without a token NotFound.
    """
    token = settings().metrics_token
    if not token:
        if settings().in_production:
            raise NotFound
        return
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given:
        raise AuthRequired
    if not hmac.compare_digest(given.encode(), token.encode()):
        raise AuthFailed


def count_exception() -> None:
    """Count the running request as one that failed by an exception nobody foresaw."""
    meters.EXCEPTIONS.labels(known_method(), "500").inc()


def exposition() -> bytes:
    """Everything there is to tell, in Prometheus' text format: this machine's counts and the business's figures."""
    business = CollectorRegistry()
    business.register(_Business())
    return meter_files.exposition() + generate_latest(business)


class _Business(Collector):
    """Figures out of the database. Without a database there are none, and `aisle_figures_up` says so."""

    def collect(self) -> Iterator[Metric]:
        yield _one("flask_exporter_info", "What makes these metrics.", {"version": API_VERSION})
        yield _one("app_info", "The version of the application.", {"version": API_VERSION})
        found = current_app.extensions["figures"].look()
        yield _one("aisle_figures_up", "Whether the figures of the business could be read just now.", {}, found.is_up)
        for family, rows in found.by_family():
            yield _family(family, rows)


def _one(name: str, what: str, labels: dict[str, str], value: float = 1) -> Metric:
    family = GaugeMetricFamily(name, what, labels=tuple(labels))
    family.add_metric(tuple(labels.values()), value)
    return family


def _family(name: str, rows: list[Figure]) -> Metric:
    known = CATALOG[name]
    kind = CounterMetricFamily if known.only_grows else GaugeMetricFamily
    family = kind(name, known.what, labels=known.labels)
    for row in rows:
        family.add_metric(row.labels, row.value)
    return family


def _count(response: Response) -> Response:
    rule = request.url_rule
    key = (request.method, rule.rule if rule else UNMATCHED, response.status_code)
    note = _notes.get(key)
    if note is None:
        note = _new_note(key)
    note(time.perf_counter() - g.started)
    return response


def _new_note(key: tuple[str, str, int]) -> Note:
    """Look up what belongs to a kind of request. Methods nobody knows are one kind together."""
    _, path, status = key
    method, code = known_method(), str(status)
    observe = meters.REQUEST_SECONDS.labels(method, path, code).observe
    count = meters.REQUESTS.labels(method, code).inc
    fail = meters.ERRORS.labels(request.endpoint or UNMATCHED, method, code).inc if status >= 400 else None

    def note(seconds: float) -> None:
        observe(seconds)
        count()
        if fail:
            fail()

    if method != _OTHER_METHOD:
        _notes[key] = note
    return note


def known_method() -> str:
    """The method of the running request, or one word for all that nobody knows."""
    return request.method if request.method in _METHODS else _OTHER_METHOD


def _watch(engine: Engine, pool: str, pool_size: int) -> None:
    in_use, size = meters.POOL_IN_USE.labels(pool), meters.POOL_SIZE.labels(pool)
    observe = meters.QUERY_SECONDS.observe

    def begin(_connection: Any, _cursor: Any, _statement: str, _values: Any, context: Any, _many: bool) -> None:
        context.began = time.perf_counter()

    def end(_connection: Any, _cursor: Any, _statement: str, _values: Any, context: Any, _many: bool) -> None:
        observe(time.perf_counter() - context.began)

    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)
    event.listen(engine, "connect", lambda *_: size.set(pool_size))  # in the worker, and not in the master before it
    event.listen(engine, "checkout", lambda *_: in_use.inc())
    event.listen(engine, "checkin", lambda *_: in_use.dec())
