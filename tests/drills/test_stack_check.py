"""What the check of the stack takes for right, and for wrong."""

import math
from typing import Any

import pytest

from scripts import stack_check
from scripts.dashboard_queries import Query
from scripts.drills.running import PromiseBroken

TWO = ("instance=a", "instance=b")


class Stack:
    """As much of a stack as is asked; what it says is right unless `wrong` says otherwise."""

    def __init__(self, **wrong: Any) -> None:
        self.said: dict[str, Any] = {
            "events": 3,
            "handled": 4,
            "violations": {"stock": 0, "money": 0},
            "series": {"": [math.nan, 0.0]},
            "requests": dict.fromkeys(TWO, 5.0),
            "readers": {"server=replica": 7.0, "server=primary": 1.0},
            **wrong,
        }
        self.prometheus = self.databases = self.primary = self.worker = self
        self.webs = TWO

    def ask(self, query: str) -> Any:
        """Of the primary, or of Prometheus."""
        answers = {
            "done_at IS NULL": 0,
            "count(*) FROM outbox": self.said["events"],
            "flask_http": self.said["requests"],
            "aisle_reading": self.said["readers"],
            "replay_lag": None,
        }
        return next(answer for words, answer in answers.items() if words in query)

    def ask_since(self, _query: str, _began: float) -> Any:
        return self.said["series"]

    def done(self) -> dict[str, int]:
        return {"aisle.handle": self.said["handled"], "aisle.sweep": 2}

    def inside(self, _work: object) -> Any:
        return self.said["violations"]

    def alerts(self) -> list[str]:
        return ["HighRequestLatency (pending)"]

    def rules(self) -> int:
        return 20


@pytest.fixture(autouse=True)
def dashboard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_check, "dashboard_queries", lambda _: [Query("Requests", "sum(requests)")])


def found(stack: Any) -> list[tuple[str, str]]:
    return [
        stack_check._settled(stack),
        stack_check._books(stack),
        stack_check._dashboard(stack, 0.0),
        *stack_check._servers(stack),
    ]


def test_the_table_has_the_figures() -> None:
    assert found(Stack()) == [
        ("outbox", "3 events acted on by Celery, empty after 0.0 s"),
        ("invariants", "2 rules, no row breaks one"),
        ("dashboard", "1 queries, data for each; 20 rules loaded, alerts: HighRequestLatency (pending)"),
        ("web machines", "5 + 5 requests, each to the next in turn"),
        ("replica", "7 of 8 reading requests; nothing behind"),
        ("Celery", "6 tasks"),
    ]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"handled": 2}, "of 3 events Celery was given 2"),
        ({"violations": {"stock": 0, "money": 2}}, "the books do not agree: money 2"),
        ({"series": {}}, "the dashboard shows nothing for: sum.requests."),
        ({"series": {"": [math.nan, math.nan]}}, "the dashboard shows nothing"),
        ({"requests": {TWO[0]: 10.0}}, "not everybody had work"),
        ({"readers": {"server=primary": 8.0}}, "not everybody had work"),
    ],
)
def test_what_is_not_as_it_must_be_breaks_the_promise(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(PromiseBroken, match=said):
        found(Stack(**wrong))
