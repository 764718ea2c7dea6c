"""Load over HTTP: what to send, and what came back. The sending is done by a process of its own (`driver`)."""

import json
import pickle
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from app.config import PROJECT
from scripts.drills.running import PromiseBroken
from scripts.parts.child import PartFailed


def http(
    method: str, path: str, *, token: str | None = None, body: object = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """The bytes of a request on a kept connection; `body` is sent as JSON."""
    content = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: shop.example", *(f"{k}: {v}" for k, v in (headers or {}).items())]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body is not None:
        lines.append("Content-Type: application/json")
    if content or method != "GET":
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join((*lines, "", "")).encode() + content


@dataclass(frozen=True)
class Job:
    """A closed loop: every connection sends its next request as soon as it has the answer to the last one."""

    port: int
    scripts: Sequence[Sequence[bytes]]
    """The requests of each connection, in order."""
    seconds: float | None
    """Scripts are sent again and again for so long; None: each once, to its end."""
    expected: frozenset[int] = frozenset({200})
    keep: int = 0
    """How many bodies of answers to hand back, the first ones."""


@dataclass
class Load:
    """What one round of one side came to."""

    seconds: float
    answered: int
    ms: list[float] = field(default_factory=list)
    """How long each answer took."""
    statuses: Counter[int] = field(default_factory=Counter)
    fault: str = ""
    """The first answer that was not expected, shortened."""
    bodies: list[bytes] = field(default_factory=list)
    bytes_read: int = 0
    driver_seconds: float = 0.0
    """CPU time of the driver itself."""

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.answered / self.seconds

    def percentile(self, share: int) -> float:
        """Milliseconds within which so many per cent of the answers came."""
        if len(self.ms) < 2:
            return self.ms[0] if self.ms else 0.0
        return statistics.quantiles(self.ms, n=100, method="inclusive")[share - 1]

    def check(self) -> Self:
        """Itself; raises PromiseBroken when an answer was not the one expected."""
        if self.fault:
            raise PromiseBroken(f"a wrong answer: {self.fault}")
        return self


class Driver:
    """The process that sends; started once, as its start would fall into the measurement otherwise."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scripts.bench.driver"],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.communicate()

    def begin(self, job: Job) -> None:
        """Start sending; `end` waits for the outcome."""
        assert self._process is not None
        assert self._process.stdin is not None
        pickle.dump(job.__dict__, self._process.stdin)
        self._process.stdin.flush()

    def end(self) -> Load:
        """What came of the job begun last. Raises PartFailed when the driver itself broke."""
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            outcome: dict[str, Any] = pickle.load(self._process.stdout)
        except EOFError:
            raise PartFailed("the load generator ended before its job was done") from None
        return Load(**outcome)

    def drive(self, job: Job) -> Load:
        """Do a job and answer with its outcome, checked. Raises PromiseBroken after a wrong answer."""
        self.begin(job)
        return self.end().check()


def turned(requests: Sequence[bytes], connections: int) -> list[list[bytes]]:
    """All the requests for every connection, each beginning at a place of its own."""
    starts = [number * len(requests) // connections for number in range(connections)]
    return [[*requests[start:], *requests[:start]] for start in starts]
