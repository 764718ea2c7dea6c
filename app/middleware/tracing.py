"""Traces by OpenTelemetry: each request is a span, and so is each piece of background work.

Imported only where OTEL_EXPORTER_OTLP_ENDPOINT is set. What a span says is chosen here name by name: no address,
header, body, value or text of an error is ever part of it (docs/adr/0021-spans-are-made-by-hand.md).
"""

import atexit
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from flask import Flask, Response, current_app, g, request
from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app import working
from app.config import Settings
from app.extensions import db
from app.flask_config import API_VERSION
from app.middleware.device_answers import is_for_device
from app.middleware.entry import EXEMPT, Entry
from app.middleware.metrics import UNMATCHED, known_method
from app.middleware.request_log import request_id
from app.middleware.tracing_calls import trace_calls, trace_statements
from app.middleware.tracing_export import PerProcess
from app.middleware.tracing_looks import FOUND, LOOK, Looks

EXPORT_SECONDS = 5
_propagator = TraceContextTextMapPropagator()


def register_tracing(app: Flask, settings: Settings) -> None:
    """Trace from now on; called before anything else sees a request. `trace_database` follows once there is one."""
    provider = _provider(settings)
    tracer = provider.get_tracer("aisle", API_VERSION)
    app.extensions["tracing"] = provider
    working.trace_by(_Pieces(tracer))
    trace_calls(tracer)

    def begin() -> None:
        _begin(tracer)

    app.before_request(begin)
    app.after_request(_describe)
    app.teardown_request(_end)


def trace_database(app: Flask) -> None:
    """Make a span of every statement that belongs to a traced piece of work; in the context of `app`, once it logs."""
    troubles = logging.getLogger("opentelemetry")
    troubles.handlers, troubles.propagate = logging.getLogger("aisle").handlers, False
    tracer = app.extensions["tracing"].get_tracer("aisle", API_VERSION)
    for engine in db.engines.values():
        trace_statements(engine, tracer)


def _provider(settings: Settings) -> TracerProvider:
    endpoint = f"{settings.otel_exporter_otlp_endpoint.rstrip('/')}/v1/traces"
    provider = TracerProvider(
        resource=Resource.create({"service.name": settings.otel_service_name, "service.version": API_VERSION}),
        sampler=ParentBased(TraceIdRatioBased(settings.otel_traces_sampler_arg)),
        shutdown_on_exit=False,  # it would wait half a minute for a collector that hangs
    )
    exporter = PerProcess(lambda: BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=EXPORT_SECONDS)))
    provider.add_span_processor(Looks(exporter))
    atexit.register(exporter.force_flush)
    return provider


def _begin(tracer: trace.Tracer) -> None:
    """Open the span of a request, below that of its sender. Probes and scrapes are not traced."""
    entry: Entry | None = current_app.extensions["table"].get(request.blueprint)
    if entry is not None and entry.limit == EXEMPT:
        return
    route = request.url_rule.rule if request.url_rule else UNMATCHED
    span = tracer.start_span(
        f"{known_method()} {route}",
        context=_propagator.extract(request.headers, Context()),
        kind=SpanKind.SERVER,
        attributes={"http.request.method": known_method(), "http.route": route},
    )
    g.span, g.span_token = span, context.attach(trace.set_span_in_context(span))


def _describe(response: Response) -> Response:
    if "span" in g:
        g.span.set_attribute("http.response.status_code", response.status_code)
        g.span.set_attribute("aisle.request_id", request_id())
        if response.status_code >= 500:
            g.span.set_status(StatusCode.ERROR)
        if not is_for_device():
            sent: dict[str, str] = {}
            _propagator.inject(sent)
            response.headers.update(sent)
    return response


def _end(_error: BaseException | None) -> None:
    if "span" in g:
        g.span.end()
        context.detach(g.span_token)


class _Pieces:
    """The tracer of `app.working`."""

    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer

    @contextmanager
    def piece(self, name: str, about: working.About) -> Iterator[None]:
        """A span below the one at hand, or at the top of a trace."""
        with self._span(name, {f"aisle.{key}": value for key, value in about.items()}):
            yield

    @contextmanager
    def look(self, name: str) -> Iterator[Callable[[], None]]:
        """A span that is kept if what it yields is called, if it fails, or if a piece of work was done below it."""
        with self._span(name, {LOOK: True}) as span:
            yield lambda: span.set_attribute(FOUND, True)

    @contextmanager
    def _span(self, name: str, attributes: Mapping[str, str | int]) -> Iterator[trace.Span]:
        with self._tracer.start_as_current_span(
            name, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield span
            except Exception as error:
                self.fail(type(error).__qualname__)
                raise

    def note(self, what: str, about: working.About) -> None:
        trace.get_current_span().add_event(what, {f"aisle.{key}": value for key, value in about.items()})

    def fail(self, kind: str) -> None:
        span = trace.get_current_span()
        span.set_attribute("error.type", kind)
        span.set_status(StatusCode.ERROR)

    def ids(self) -> tuple[str, str] | None:
        at_hand = trace.get_current_span().get_span_context()
        if not at_hand.is_valid:
            return None
        return trace.format_trace_id(at_hand.trace_id), trace.format_span_id(at_hand.span_id)
