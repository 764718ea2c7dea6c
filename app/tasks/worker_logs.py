"""Log lines of Celery's processes: JSON like all others, with the task they belong to, and one line for one outage."""

import logging
import time

from celery import current_task
from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from app.middleware.request_log import configure_logging

PAUSE = 60.0
"""Seconds in which a warning that is repeated is said once."""

_OUTAGES = (OperationalError, RedisConnectionError, RedisTimeoutError, OSError)
_ROUTINE = ("celery.worker.strategy", "celery.app.trace", "celery.beat", "celery.worker.request", "httpx")
"""Loggers that say of every task that it came and went; and of every call its whole address, which may hold a token."""


def configure(level: str) -> None:
    """Celery's own lines go where the application's go, and look like them; safe to call again."""
    configure_logging(level)
    house = logging.getLogger("aisle")
    for handler in house.handlers:
        handler.addFilter(with_task)
    root = logging.getLogger()
    root.setLevel(max(logging.INFO, logging.getLevelNamesMapping()[level]))
    root.handlers = [_brief(house.handlers)]
    logging.getLogger("aisle.background").filters = [Seldom()]
    for name in _ROUTINE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _brief(handlers: list[logging.Handler]) -> logging.Handler:
    """A handler for the lines of libraries, in the form of the application's own."""
    handler = logging.StreamHandler()
    handler.setFormatter(handlers[0].formatter)
    for each in (with_task, in_one_line, Seldom()):
        handler.addFilter(each)
    return handler


def with_task(record: logging.LogRecord) -> bool:
    """Add name and id of the running task to a line."""
    if current_task:
        record.task, record.task_id = current_task.name, current_task.request.id
    return True


def in_one_line(record: logging.LogRecord) -> bool:
    """Shorten a line to its first, and leave out the traceback of an outage: where it was noticed is of no interest."""
    record.msg, record.args = record.getMessage().partition("\n")[0], None
    if record.exc_info and _is_outage(record.exc_info[1]):
        record.exc_info = record.exc_text = None
    return True


def _is_outage(error: BaseException | None) -> bool:
    """Also behind an error that was made of it."""
    return isinstance(error, _OUTAGES) or (error is not None and _is_outage(error.__cause__ or error.__context__))


class Seldom(logging.Filter):
    """Lets a warning or error pass when its like has not passed for PAUSE seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[object, ...], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Alike is what comes from the same place about the same chore, whatever it counts up."""
        if record.levelno < logging.WARNING:
            return True
        alike = (record.pathname, record.lineno, getattr(record, "chore", None))
        now = time.monotonic()
        if now - self._said.get(alike, -PAUSE) < PAUSE:
            return False
        self._said[alike] = now
        return True
