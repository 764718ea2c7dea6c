"""What is being worked at, for log lines and traces: who does something wraps it in `working`.

Nothing here knows OpenTelemetry. Where traces are kept, `app.middleware.tracing` puts its tracer in.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from types import MappingProxyType
from typing import Protocol

About = Mapping[str, str | int]
"""What tells one piece of work from another, such as the id of an event. Never anything of a person."""


class Tracer(Protocol):
    """Whoever keeps traces."""

    def piece(self, name: str, about: About) -> AbstractContextManager[object]:
        """A span around a piece of work."""

    def look(self, name: str) -> AbstractContextManager[Callable[[], None]]:
        """A span around a look whether something is due; it is kept if what it yields is called, or something fails."""

    def note(self, what: str, about: About) -> None:
        """Something that happened within the piece of work at hand."""

    def fail(self, kind: str) -> None:
        """The piece of work at hand has failed, by an error of that kind."""

    def ids(self) -> tuple[str, str] | None:
        """Trace and span at hand, in hexadecimal digits; None outside of any."""


_about: ContextVar[About] = ContextVar("about", default=MappingProxyType({}))
_tracer: Tracer | None = None


def trace_by(tracer: Tracer) -> None:
    """Let this tracer keep traces from now on, in this process and those it forks."""
    global _tracer  # noqa: PLW0603 (one for each process, set once while it starts)
    _tracer = tracer


@contextmanager
def working(name: str, **about: str | int) -> Iterator[None]:
    """A piece of work: log lines written meanwhile say what it is about, and it is a span where traces are kept."""
    token = _about.set({**_about.get(), **about})
    try:
        with _tracer.piece(name, about) if _tracer else nullcontext():
            yield
    finally:
        _about.reset(token)


def look(name: str, work: Callable[[], object]) -> None:
    """Do `work`, which answers how much it did: where traces are kept it is a span, unless there was nothing to do."""
    if _tracer is None:
        work()
        return
    with _tracer.look(name) as found:
        if _is_something(work()):
            found()


def _is_something(answer: object) -> bool:
    return any(answer.values()) if isinstance(answer, Mapping) else bool(answer)


def note(what: str, **about: str | int) -> None:
    """Leave a note in the trace at hand, if there is one."""
    if _tracer:
        _tracer.note(what, about)


def failed(error: Exception) -> None:
    """Say that the piece of work at hand failed, where the error itself goes no further. Its text is not kept."""
    if _tracer:
        _tracer.fail(type(error).__qualname__)


def told() -> dict[str, str | int]:
    """What a log line of this moment has to carry: what is worked at, and the trace it is part of."""
    ids = _tracer.ids() if _tracer else None
    return {**_about.get(), **({"trace_id": ids[0], "span_id": ids[1]} if ids else {})}
