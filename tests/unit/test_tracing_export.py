"""What happens to spans once they ended: looks that found nothing are dropped, and nobody waits for a collector."""

import time
from collections.abc import Callable, Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from app import working
from app.config import Settings
from app.middleware import tracing, tracing_looks
from app.middleware.tracing_looks import Looks
from tests.system.collector import Collector, collector


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Spans of this process, as they would be sent."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(Looks(SimpleSpanProcessor(exporter)))
    monkeypatch.setattr(working, "_tracer", tracing._Pieces(provider.get_tracer("test")))
    return exporter


def names(exporter: InMemorySpanExporter) -> list[str]:
    return [span.name for span in exporter.get_finished_spans()]


def asking(answer: object) -> Callable[[], object]:
    """Work that asks the database once and answers how much it did."""
    tracer = working._tracer._tracer  # type: ignore[union-attr]

    def work() -> object:
        tracer.start_span("SELECT", kind=SpanKind.CLIENT).end()
        return answer

    return work


@pytest.mark.parametrize("answer", [0, None, False, {}, {"carts": 0, "orders": 0}])
def test_a_look_that_found_nothing_leaves_no_span(kept: InMemorySpanExporter, answer: object) -> None:
    working.look("chore sweep", asking(answer))

    assert names(kept) == []


@pytest.mark.parametrize("answer", [3, True, {"carts": 0, "orders": 1}])
def test_a_look_that_did_something_is_kept_with_its_statements(kept: InMemorySpanExporter, answer: object) -> None:
    working.look("chore sweep", asking(answer))

    select, look = kept.get_finished_spans()
    assert (select.name, look.name) == ("SELECT", "chore sweep")
    assert select.parent is not None
    assert select.parent.span_id == look.context.span_id


def test_a_look_that_failed_is_kept_with_the_kind_of_its_error_and_not_its_text(kept: InMemorySpanExporter) -> None:
    def fail() -> None:
        raise ValueError("hush")

    with pytest.raises(ValueError, match="hush"):
        working.look("chore sweep", fail)

    (look,) = kept.get_finished_spans()
    assert look.attributes == {tracing_looks.LOOK: True, "error.type": "ValueError"}
    assert look.status.is_ok is False
    assert "hush" not in look.to_json()


def test_a_piece_of_work_below_a_look_keeps_all_of_it(kept: InMemorySpanExporter) -> None:
    def work() -> int:
        asking(0)()
        with working.working("outbox order.placed", event_id=1):
            asking(0)()
        return 0

    working.look("chore relay", work)

    assert names(kept) == ["SELECT", "SELECT", "outbox order.placed", "chore relay"]


def test_a_look_of_very_many_spans_does_not_fill_the_memory(
    kept: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing_looks, "MOST_HELD", 3)
    select = asking(0)

    working.look("chore sweep", lambda: [select() for _ in range(5)] and 0)

    assert names(kept) == ["SELECT"] * 5 + ["chore sweep"]


@pytest.fixture
def hanging() -> Iterator[Collector]:
    with collector() as taken:
        taken.is_open.clear()
        yield taken


def test_a_process_that_ends_waits_for_a_collector_that_hangs_but_once_and_not_for_long(hanging: Collector) -> None:
    provider = tracing._provider(Settings(otel_exporter_otlp_endpoint=hanging.url))
    tracer = provider.get_tracer("test")

    began = time.monotonic()
    for _ in range(5000):  # twice what a queue holds
        tracer.start_span("SELECT").end()
    ended = time.monotonic()
    flushed = [provider.force_flush(300), provider.force_flush(300)]
    waited = time.monotonic() - ended

    assert ended - began < 3
    assert flushed == [False, False]
    assert 0.25 < waited < 0.55


def test_what_is_left_is_sent_when_a_process_ends(hanging: Collector) -> None:
    hanging.is_open.set()
    provider = tracing._provider(Settings(otel_exporter_otlp_endpoint=hanging.url))
    provider.get_tracer("test").start_span("last").end()

    assert provider.force_flush()
    assert [span.name for span in hanging.spans] == ["last"]
