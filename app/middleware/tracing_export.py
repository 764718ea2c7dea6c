"""Sending spans in batches, by threads of each process: those started before a fork would be missing after it.

Whoever ends a span only adds to a queue; when a collector hangs, the queue runs full and spans are dropped.
"""

import os
import threading
from collections.abc import Callable

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

FLUSH_MILLISECONDS = 3_000


class PerProcess(SpanProcessor):
    """Makes itself a processor with the first span that ends in a process."""

    def __init__(self, make: Callable[[], SpanProcessor]) -> None:
        self._make = make
        self._made: _Sender | None = None
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._forget)

    def on_end(self, span: ReadableSpan) -> None:
        """Take a finished span."""
        self._mine().processor.on_end(span)

    def force_flush(self, timeout_millis: int = FLUSH_MILLISECONDS) -> bool:
        """Send what is left; answers whether there was time enough."""
        return self._made is None or self._made.flush(timeout_millis / 1000)

    def _mine(self) -> "_Sender":
        with self._lock:
            if self._made is None:
                self._made = _Sender(self._make())
            return self._made

    def _forget(self) -> None:
        self._made, self._lock = None, threading.Lock()


class _Sender:
    """A processor whose flush can be waited for as long as one likes: the SDK's own waits for every batch.

    The thread is there from the beginning, as none can be started while a process ends.
    """

    def __init__(self, processor: SpanProcessor) -> None:
        self.processor = processor
        self._is_lost = False
        self._wanted, self._sent = threading.Event(), threading.Event()
        threading.Thread(target=self._flush, name="spans", daemon=True).start()

    def flush(self, seconds: float) -> bool:
        """A collector that was waited for in vain is not waited for again."""
        if not self._is_lost:
            self._sent.clear()
            self._wanted.set()
            self._is_lost = not self._sent.wait(seconds)
        return not self._is_lost

    def _flush(self) -> None:
        while self._wanted.wait():
            self._wanted.clear()
            self.processor.force_flush()
            self._sent.set()
