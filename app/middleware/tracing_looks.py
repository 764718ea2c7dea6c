"""Looks whether something is due: of the many that find nothing, no span is kept."""

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import INVALID_TRACE_ID, SpanKind, StatusCode

LOOK = "aisle.look"
FOUND = "aisle.found"
MOST_HELD = 200
"""A look of so many spans is kept whatever it found: they are not to fill the memory."""


class Looks(SpanProcessor):
    """Holds the spans of a look back until one of them shows that something was found, or until it ends."""

    def __init__(self, following: SpanProcessor) -> None:
        self._following = following
        self._held: dict[int, list[ReadableSpan]] = {}

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Hold what belongs to the trace that a look begins."""
        if LOOK in (span.attributes or {}):
            self._held[_trace_id(span)] = []

    def on_end(self, span: ReadableSpan) -> None:
        """Take a finished span."""
        trace_id = _trace_id(span)
        held = self._held.get(trace_id)
        if held is None:
            self._following.on_end(span)
            return
        held.append(span)
        if _tells_something(span) or len(held) >= MOST_HELD:
            self._let_go(trace_id)
        elif LOOK in (span.attributes or {}):
            del self._held[trace_id]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what is not held."""
        return self._following.force_flush(timeout_millis)

    def _let_go(self, trace_id: int) -> None:
        for span in self._held.pop(trace_id):
            self._following.on_end(span)


def _trace_id(span: ReadableSpan) -> int:
    context = span.get_span_context()
    return context.trace_id if context else INVALID_TRACE_ID


def _tells_something(span: ReadableSpan) -> bool:
    """Whether a look found something, it or a part of it failed, or a piece of work was done below it."""
    attributes = span.attributes or {}
    is_piece = span.kind is SpanKind.INTERNAL and LOOK not in attributes
    return is_piece or FOUND in attributes or span.status.status_code is StatusCode.ERROR
