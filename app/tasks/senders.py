"""Threads that send webhooks beside everything else: an address that hangs must hold up nobody but itself.

At most SENDERS calls are made at a time in a process, and at most two to one endpoint.
"""

import logging
import threading
import time
from collections import Counter

from flask import Flask, current_app

from app.services.webhooks import sending
from app.services.webhooks.sending import Leased
from app.working import working

log = logging.getLogger("aisle.webhooks")

SENDERS = 8
AT_ONE_ENDPOINT = 2


class Senders:
    """The threads of one process. They are daemons: a process that ends does not wait for them, leases end instead."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[int] = Counter()
        self._threads: set[threading.Thread] = set()

    def call(self, app: Flask) -> None:
        """See to it that somebody looks for due messages; returns at once. A thread ends when nothing is due."""
        with self._lock:
            if len(self._threads) >= SENDERS:
                return
            thread = threading.Thread(target=self._run, args=(app,), name="webhooks", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the system gives no more: those at work go on, and the next pass asks again
                log.warning("no thread could be started to send webhooks")
            else:
                self._threads.add(thread)

    def join(self, seconds: float) -> bool:
        """Wait until every thread has ended, at most so long; answers whether they have."""
        deadline = time.monotonic() + seconds
        while (threads := self._at_work()) and (left := deadline - time.monotonic()) > 0:
            threads[0].join(left)
        return not threads

    def _at_work(self) -> list[threading.Thread]:
        with self._lock:
            return list(self._threads)

    def _run(self, app: Flask) -> None:
        try:
            with app.app_context():
                while message := self._lease():
                    self.call(app)  # there may be more
                    self._send(message)
        except Exception:
            log.exception("sending webhooks failed")
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())

    def _lease(self) -> Leased | None:
        """One at a time, so that the count of calls is true when the next one looks."""
        with self._lock:
            busy = [endpoint_id for endpoint_id, calls in self._calls.items() if calls >= AT_ONE_ENDPOINT]
            message = sending.lease(busy)
            if message is not None:
                self._calls[message.endpoint_id] += 1
        return message

    def _send(self, message: Leased) -> None:
        try:
            with working("webhook", delivery_id=message.id, event_id=message.event_id):
                sending.send(message)
        finally:
            with self._lock:
                self._calls[message.endpoint_id] -= 1
                self._calls += Counter()  # forgets those without a call


_senders = Senders()


def send_due() -> None:
    """Let the threads of this process send what is due; returns at once."""
    _senders.call(current_app._get_current_object())  # type: ignore[attr-defined]
