"""Sending spans in batches, by a thread of each process: one started before a fork would be missing after it."""

import os
import threading
from collections.abc import Callable

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

FLUSH_MILLISECONDS = 5_000


class PerProcess(SpanProcessor):
    """Makes itself a processor with the first span that ends in a process."""

    def __init__(self, make: Callable[[], SpanProcessor]) -> None:
        self._make = make
        self._made: SpanProcessor | None = None
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._forget)

    def on_end(self, span: ReadableSpan) -> None:
        """Take a finished span."""
        self._mine().on_end(span)

    def shutdown(self) -> None:
        """Send what is left; nothing is taken afterwards."""
        if self._made:
            self._made.shutdown()

    def force_flush(self, timeout_millis: int = FLUSH_MILLISECONDS) -> bool:
        """Send what is left; answers whether there was time enough."""
        return self._made is None or self._made.force_flush(timeout_millis)

    def _mine(self) -> SpanProcessor:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _forget(self) -> None:
        self._made, self._lock = None, threading.Lock()
