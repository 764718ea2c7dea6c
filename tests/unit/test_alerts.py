"""The words of alerts."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.alerts import ago, sentence

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Jerusalem")


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 min ago"),
        (timedelta(minutes=119), "119 min ago"),
        (timedelta(hours=2), "2 h ago"),
        (timedelta(hours=47, minutes=59), "47 h ago"),
        (timedelta(days=2), "2 days ago"),
    ],
)
def test_an_age_has_one_unit(passed: timedelta, words: str) -> None:
    assert ago(NOW - passed, NOW) == words


@pytest.mark.parametrize(
    ("at", "words"),
    [(NOW - timedelta(hours=2), "due 12:00 and"), (NOW - timedelta(days=1), "due 20 November, 14:00 and")],
)
def test_a_due_time_is_on_the_shops_clock(at: datetime, words: str) -> None:
    facts = {"branch": "Carmel", "order_number": "ORD-1", "status": "CREATED"}

    assert words in sentence("late_order", facts, at=at, now=NOW, zone=ZONE)


@pytest.mark.parametrize(("count", "words"), [(1, "1 product to be"), (2, "2 products to be")])
def test_one_is_singular(count: int, words: str) -> None:
    assert words in sentence("recount", {"branch": "Carmel", "count": count}, at=NOW, now=NOW, zone=ZONE)


def test_braces_in_what_people_write_stay() -> None:
    facts = {"branch": "Carmel", "customer": "{count}", "message": "{0} {x}"}

    text = sentence("assistance", facts, at=NOW, now=NOW, zone=ZONE)

    assert text == "{count} asks for help in Carmel: {0} {x}"
