"""What a traced server talks to: a collector of traces, and a payment provider that holds whatever is asked."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Sent


@dataclass(frozen=True)
class Seen:
    """A span as it arrived."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    kind: int
    attributes: dict[str, Any]
    notes: list[tuple[str, dict[str, Any]]]
    is_error: bool
    service: dict[str, Any]


@dataclass
class Collector:
    """What arrived; `raw` is every byte of it. While `is_open` is not set it takes a span and answers nothing."""

    url: str
    is_open: threading.Event = field(default_factory=threading.Event)
    spans: list[Seen] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    def named(self, name: str) -> list[Seen]:
        return [span for span in self.spans if span.name == name]

    def below(self, parent: Seen) -> list[Seen]:
        return [span for span in self.spans if (span.trace_id, span.parent_id) == (parent.trace_id, parent.span_id)]

    def until(self, happened: Callable[[], Any], seconds: float = 40) -> Any:
        give_up = time.monotonic() + seconds
        while not (found := happened()):
            assert time.monotonic() < give_up, sorted({span.name for span in self.spans})
            time.sleep(0.05)
        return found


@contextmanager
def collector() -> Iterator[Collector]:
    """Takes spans as OTLP over HTTP on a free port."""

    class Handler(_Quiet):
        def do_POST(self) -> None:
            body = self.body()
            assert self.path == "/v1/traces"
            taken.raw.append(body)
            taken.spans.extend(_read(body))
            taken.is_open.wait(30)
            self.reply(b"", "application/x-protobuf")

    with _serving(Handler) as url:
        taken = Collector(url)
        taken.is_open.set()
        yield taken
        taken.is_open.set()


@dataclass
class Provider:
    """A payment provider; `traceparents` are what it was told of the callers' traces."""

    url: str
    traceparents: list[str | None] = field(default_factory=list)


@contextmanager
def payment_provider() -> Iterator[Provider]:
    """Holds every amount, as Stripe would."""

    class Handler(_Quiet):
        def do_POST(self) -> None:
            provider.traceparents.append(self.headers.get("traceparent"))
            form = {name: values[0] for name, values in parse_qs(self.body().decode()).items()}
            intent = {
                "id": "pi_1",
                "status": "requires_capture",
                "amount": int(form["amount"]),
                "amount_capturable": int(form["amount"]),
                "currency": form["currency"],
                "metadata": {"reference": form["metadata[reference]"]},
            }
            self.reply(json.dumps(intent).encode(), "application/json")

    with _serving(Handler) as url:
        provider = Provider(url)
        yield provider


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def reply(self, content: bytes, media_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (named by the standard library)
        """Keep the test output clean."""


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _read(body: bytes) -> Iterator[Seen]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = _values(resource.resource.attributes)
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Seen(
                    name=span.name,
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    kind=span.kind,
                    attributes=_values(span.attributes),
                    notes=[(event.name, _values(event.attributes)) for event in span.events],
                    is_error=span.status.code == 2,
                    service=service,
                )


def _values(attributes: Any) -> dict[str, Any]:
    return {item.key: getattr(item.value, item.value.WhichOneof("value")) for item in attributes}


SERVER, CLIENT = Sent.SPAN_KIND_SERVER, Sent.SPAN_KIND_CLIENT
