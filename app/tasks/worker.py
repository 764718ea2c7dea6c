"""Background work by Celery: beat calls for each chore at its period, and each event of the outbox is a task.

Celery carries no data and decides nothing. What is to be done, who does it and when it is tried again stands in the
database, so Redis may lose every message: beat calls again, and what was offered and not taken is offered again.
Nothing the web processes need imports this module.
"""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from celery import Celery, signals
from flask import Flask

from app.config import ConfigurationError, Settings
from app.extensions import db
from app.services.offering import offer_due
from app.services.relay import relay_offered
from app.tasks import worker_logs
from app.tasks.chores import Chore, attempt, chores

CHORES = "aisle.chores"
EVENTS = "aisle.events"
"""A queue of its own for events, as a worker takes from both in turns: many events hold up no chore."""

LONGEST_QUEUE = 500
"""No more events are offered while so many wait: their leases must not end before a worker gets to them."""

HANDLE_SOFT, HANDLE_HARD = 90, 105
"""Seconds after which a handler is interrupted, and its process killed: before the event's lease ends."""

CHORE_SOFT, CHORE_HARD = 300, 330
SHORTEST_LIFE = 5.0
"""Seconds for which the call for a chore is valid at least, as clocks of two machines differ."""


def make_celery(app: Flask) -> Celery:
    """The Celery application that works for `app`. Raises ConfigurationError without REDIS_URL."""
    settings: Settings = app.extensions["settings"]
    if not settings.redis_url:
        raise ConfigurationError("REDIS_URL is required: Celery's workers are called through Redis")
    celery = Celery("aisle", set_as_current=False)
    celery.conf.update(_configuration(settings))
    celery.conf.beat_schedule = {chore.name: _call(chore) for chore in chores()}
    _add_tasks(celery, app)
    _connect_signals(app, settings)
    return celery


def _configuration(settings: Settings) -> dict[str, Any]:
    is_encrypted = settings.redis_url.startswith("rediss://")
    return {
        "broker_url": settings.redis_url,
        "broker_use_ssl": {"ssl_cert_reqs": ssl.CERT_REQUIRED} if is_encrypted else None,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            "visibility_timeout": 600,  # what a killed worker had taken comes back, if anybody still waits for it
            "socket_connect_timeout": 5,
            "socket_timeout": 15,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
        "result_backend": None,
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_publish_retry": False,
        "task_default_queue": CHORES,
        "task_queues": {name: {"exchange": name, "routing_key": name} for name in (CHORES, EVENTS)},
        "worker_prefetch_multiplier": 1,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_redirect_stdouts": False,
        "beat_scheduler": "celery.beat:Scheduler",  # keeps its times in memory: there is no file to write or to break
        "beat_max_loop_interval": 1,
        "timezone": "UTC",
    }


def _call(chore: Chore) -> dict[str, Any]:
    """A line of beat's schedule; each chore is called for as soon as beat starts, as the in-process loop does."""
    return {
        "task": f"aisle.{chore.name}",
        "schedule": chore.seconds,
        "last_run_at": datetime(2000, 1, 1, tzinfo=UTC),
        "options": {"queue": CHORES, "expires": max(chore.seconds, SHORTEST_LIFE)},
    }


def _add_tasks(celery: Celery, app: Flask) -> None:
    def handle(event_id: int, tried: int) -> None:
        attempt(app, "handle", lambda: relay_offered(event_id, tried))

    handling = _task(celery, handle, "aisle.handle", HANDLE_SOFT, HANDLE_HARD)
    for chore in chores():
        work = (lambda: _offer(celery, handling)) if chore.name == "relay" else chore.work
        _add_chore(celery, app, Chore(chore.name, chore.seconds, work))


def _add_chore(celery: Celery, app: Flask, chore: Chore) -> None:
    def run() -> None:
        chore.run(app)

    _task(celery, run, f"aisle.{chore.name}", CHORE_SOFT, CHORE_HARD)


def _task(celery: Celery, work: Callable[..., None], name: str, soft: int, hard: int) -> Any:
    """A task of this application alone: unless told otherwise Celery adds it to every other one, too."""
    return celery.task(work, name=name, soft_time_limit=soft, time_limit=hard, shared=False, lazy=False)


def _offer(celery: Celery, handling: Any) -> int:
    """Offer due events while the queue has room."""
    with celery.producer_or_acquire() as producer:
        waiting = producer.channel.queue_declare(EVENTS).message_count

        def send(event_id: int, tried: int) -> None:
            handling.apply_async((event_id, tried), producer=producer, queue=EVENTS)

        return offer_due(send, most=LONGEST_QUEUE - waiting)


def _connect_signals(app: Flask, settings: Settings) -> None:
    def forget_connections(**_: object) -> None:
        """A connection opened before the fork belongs to the parent: it is dropped here and not closed."""
        with app.app_context():
            for engine in db.engines.values():
                engine.dispose(close=False)

    def log_as_the_house_does(**_: object) -> None:
        worker_logs.configure(settings.log_level)

    signals.worker_process_init.connect(forget_connections, weak=False)
    signals.setup_logging.connect(log_as_the_house_does, weak=False)
    if "tracing" in app.extensions:
        signals.worker_process_shutdown.connect(lambda **_: app.extensions["tracing"].force_flush(), weak=False)
