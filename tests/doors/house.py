"""Knocking at doors: each request runs in a savepoint that is undone, so that the world is the same for the next."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from app.domain.enums import Role
from app.extensions import db
from tests.conftest import rolled_back
from tests.doors.world import Headers, World

_TIME = re.compile(rb'(?<="v":1,)"t":\d+')
"""The clock in answers to devices."""

INCIDENTAL = {"X-Request-Id", "Date", "Server-Timing"}
"""Headers that differ from answer to answer whatever is asked for."""


@dataclass(frozen=True)
class Answer:
    """What can be told apart about an answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...]

    @property
    def code(self) -> str:
        """The stable word of a refusal, empty where there is none."""
        try:
            said = json.loads(self.body)
        except ValueError:
            return ""
        error = said.get("error") if isinstance(said, dict) else None
        return str(error["code"]) if error else ""

    def tells_of(self, sent: object, other: "Answer", sent_there: object) -> bool:
        """Whether it says more than another answer does; repeating the id that was sent tells its sender nothing."""
        return self != other and self._without(sent) != other._without(sent_there)

    def _without(self, sent: object) -> tuple[int, bytes, object]:
        body = re.sub(rb"(?<![0-9a-z.])" + re.escape(str(sent).encode()) + rb"(?![0-9a-z])", b"it", self.body)
        return self.status, body, [one for one in self.headers if one[0] != "Content-Length"]

    def __str__(self) -> str:
        return f"{self.status} {self.body[:300].decode(errors='replace')}"


@dataclass
class House:
    """An application with its world, and the count of what was asked of it."""

    app: Flask
    world: World
    made: Counter[str] = field(default_factory=Counter)
    deviations: list[str] = field(default_factory=list)
    signed_in: dict[Role, Headers] = field(default_factory=dict)

    @contextmanager
    def open(self) -> Iterator["House"]:
        """Undo, at the end, whatever the block did."""
        held = rolled_back(self.app)
        with held:
            self._connection = held.connection
            held.context.pop()  # each request has a context of its own, as it has in service
            try:
                yield self
            finally:
                held.context.push()

    def deviates(self, how: str) -> None:
        """Note that an answer is not what it should be."""
        self.deviations.append(how)
        self.made["deviations"] += 1

    @contextmanager
    def demanding_second_factor(self) -> Iterator[None]:
        """As in production, where MANAGER and ADMIN need one."""
        before = self.app.extensions["settings"]
        self.app.extensions["settings"] = before.model_copy(update={"require_second_factor": True})
        try:
            yield
        finally:
            self.app.extensions["settings"] = before

    def knock(self, method: str, path: str, headers: Headers, **sent: Any) -> Answer:
        """One request, undone; `sent` as the test client takes it."""
        savepoint = self._connection.begin_nested()
        try:
            response: TestResponse = self.app.test_client().open(path, method=method, headers=headers, **sent)
            answer = Answer(response.status_code, _TIME.sub(b'"t":0', response.get_data()), _telling(response))
        finally:
            if savepoint.is_active:
                savepoint.rollback()
            with self.app.app_context():
                db.session.remove()
        self.made["requests"] += 1
        self.made[_kind(answer)] += 1
        return answer


def _telling(response: TestResponse) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, value) for name, value in response.headers if name not in INCIDENTAL))


def _kind(answer: Answer) -> str:
    """How a request ended, for the figures."""
    if answer.status < 400:
        return "answered: well"
    return f"answered: {answer.status}" + (f" {answer.code}" if answer.status in (401, 403) and answer.code else "")
