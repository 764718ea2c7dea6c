"""Spans of what a traced piece of work asks of others: the database, and services over HTTP.

Outside of such work there are none: looking once a second whether something is due is no story to tell.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import httpx
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

LONGEST_STATEMENT = 2000

_propagator = TraceContextTextMapPropagator()
_SEND, _SEND_ASYNC = httpx.Client.send, httpx.AsyncClient.send
"""As httpx has them: a second application in a process would otherwise trace what is traced already."""


def trace_statements(engine: Engine, tracer: trace.Tracer) -> None:
    """Make a span of each statement: its text, in which values have only places."""

    def begin(_connection: Any, _cursor: Any, _statement: str, _values: Any, context: Any, _many: bool) -> None:
        context.traced_from = time.time_ns()

    def end(_connection: Any, _cursor: Any, statement: str, _values: Any, context: Any, _many: bool) -> None:
        if trace.get_current_span().is_recording():
            _statement_span(tracer, statement, context.traced_from).end()

    def fail(failure: ExceptionContext) -> None:
        began = getattr(failure.execution_context, "traced_from", None)
        if began is not None and failure.statement and trace.get_current_span().is_recording():
            span = _statement_span(tracer, failure.statement, began)
            span.set_attribute("db.response.status_code", getattr(failure.original_exception, "sqlstate", None) or "")
            span.set_status(StatusCode.ERROR)
            span.end()

    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)
    event.listen(engine, "handle_error", fail)


def _statement_span(tracer: trace.Tracer, statement: str, began: int) -> Span:
    text = statement.strip()
    attributes = {"db.system.name": "postgresql", "db.query.text": text[:LONGEST_STATEMENT]}
    return tracer.start_span(
        text.partition(" ")[0].upper()[:20], kind=SpanKind.CLIENT, start_time=began, attributes=attributes
    )


def trace_calls(tracer: trace.Tracer) -> None:
    """Make a span of each call by httpx: method, host, port and status, as the rest of an address may be secret.

    Whoever is called is told the ids of trace and span (`traceparent`), and nothing else.
    """

    @wraps(_SEND)
    def send(self: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        with _call(tracer, request) as span:
            answer = _SEND(self, request, **options)
            span.set_attribute("http.response.status_code", answer.status_code)
        return answer

    @wraps(_SEND_ASYNC)
    async def send_async(self: httpx.AsyncClient, request: httpx.Request, **options: Any) -> httpx.Response:
        with _call(tracer, request) as span:
            answer = await _SEND_ASYNC(self, request, **options)
            span.set_attribute("http.response.status_code", answer.status_code)
        return answer

    httpx.Client.send = send  # type: ignore[method-assign]
    httpx.AsyncClient.send = send_async  # type: ignore[method-assign]


@contextmanager
def _call(tracer: trace.Tracer, asked: httpx.Request) -> Iterator[Span]:
    if not trace.get_current_span().is_recording():
        yield trace.INVALID_SPAN
        return
    attributes: dict[str, str | int] = {"http.request.method": asked.method, "server.address": asked.url.host}
    if asked.url.port is not None:
        attributes["server.port"] = asked.url.port
    with tracer.start_as_current_span(
        asked.method, kind=SpanKind.CLIENT, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        _propagator.inject(asked.headers)
        try:
            yield span
        except Exception as error:
            span.set_attribute("error.type", type(error).__qualname__)
            span.set_status(StatusCode.ERROR)
            raise
