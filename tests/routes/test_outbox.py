"""The desk of the outbox: what was given up is seen, tried again and settled by hand, and no secret is shown."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import Role
from app.models import AuditEvent, OutboxEvent, User
from app.services import dead_letters, events, relay
from app.services.events.event import Event
from tests.conftest import Statements
from tests.factories import make_event, make_user, sign_in

DESK = "/api/v1/admin/outbox"
YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def admin(session: Session) -> User:
    return make_user(session, role=Role.ADMIN)


@pytest.fixture
def headers(session: Session, admin: User) -> dict[str, str]:
    return sign_in(session, admin)


@pytest.fixture
def get(client: FlaskClient, headers: dict[str, str]) -> Any:
    def call(path: str = "") -> TestResponse:
        return client.get(f"{DESK}{path}", headers=headers)

    return call


@pytest.fixture
def post(client: FlaskClient, headers: dict[str, str]) -> Any:
    def call(path: str, **body: Any) -> TestResponse:
        return client.post(f"{DESK}{path}", json=body or None, headers=headers)

    return call


def make(session: Session, topic: str = "order.confirmed", *, payload: Any = None, **columns: Any) -> OutboxEvent:
    event = make_event(session, topic, **(payload or {"order_id": 1}))
    for name, value in columns.items():
        setattr(event, name, value)
    session.commit()
    return event


def given_up(session: Session, topic: str = "order.confirmed", **columns: Any) -> OutboxEvent:
    """An event of which every try failed, yesterday."""
    values = {"failed": True, "attempts": 12, "last_error": "MessageNotSent: 500", "created_at": YESTERDAY}
    return make(session, topic, **{**values, **columns})


def again(session: Session, event: OutboxEvent) -> OutboxEvent:
    session.refresh(event)
    return event


def audits(session: Session) -> list[AuditEvent]:
    statement = select(AuditEvent).where(AuditEvent.entity_type == "outbox_event").order_by(AuditEvent.id)
    return list(session.execute(statement).scalars())


def test_the_list_shows_what_was_given_up_unless_asked_for_something_else(session: Session, get: Any) -> None:
    failed, pending, done = given_up(session), make(session), make(session, done_at=func.now())

    shown = {state: get(f"?state={state}").json["data"] for state in ("failed", "pending", "done")}

    assert [item["id"] for item in get().json["data"]] == [failed.id]
    assert {state: [item["id"] for item in items] for state, items in shown.items()} == {
        "failed": [failed.id],
        "pending": [pending.id],
        "done": [done.id],
    }
    assert [items[0]["state"] for items in shown.values()] == ["failed", "pending", "done"]
    assert [items[0]["next_at"] is None for items in shown.values()] == [True, False, True]
    assert shown["failed"][0]["last_error"] == "MessageNotSent: 500"


def test_the_list_has_pages_and_can_be_narrowed_to_a_topic(session: Session, get: Any) -> None:
    ids = [given_up(session, topic).id for topic in ("a", "b", "a", "a")]

    first = get("?topic=a&limit=2").json
    second = get(f"?topic=a&limit=2&cursor={first['meta']['next_cursor']}").json

    assert [item["id"] for item in first["data"]] == [ids[3], ids[2]]
    assert [item["id"] for item in second["data"]] == [ids[0]]
    assert (first["meta"]["total"], second["meta"]["has_next"]) == (3, False)


def test_an_unknown_state_is_refused(get: Any) -> None:
    assert get("?state=lost").status_code == 400


def test_the_list_takes_one_statement(session: Session, get: Any, statements: Statements) -> None:
    given_up(session)
    statements.clear()

    get()

    assert len([one for one in statements if "outbox" in one]) == 1


def test_the_summary_counts_what_is_not_settled_by_topic_with_its_age(session: Session, get: Any) -> None:
    given_up(session, "b")
    make(session, "b")
    make(session, "a")
    make(session, "a", done_at=func.now())

    found = get("/summary").json["data"]

    assert (found["pending"], found["failed"]) == (2, 1)
    assert [(topic["topic"], topic["pending"], topic["failed"]) for topic in found["topics"]] == [
        ("b", 1, 1),
        ("a", 1, 0),
    ]
    age = (datetime.now(UTC) - YESTERDAY).total_seconds()
    assert age - 60 < found["topics"][0]["oldest_seconds"] <= age
    assert found["topics"][1]["oldest_seconds"] < 60


def test_an_empty_outbox_has_an_empty_summary(get: Any) -> None:
    assert get("/summary").json["data"] == {"pending": 0, "failed": 0, "topics": []}


def test_a_secret_is_not_shown(session: Session, get: Any, post: Any) -> None:
    payload = {"email": "dana@example.com", "token": "abcdefgh", "link": "https://shop.example/?token=abcdefgh"}
    event = make(session, "password.reset", payload=payload)

    answers = [get(f"/{event.id}"), post(f"/{event.id}/retry"), get("?state=pending")]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert not any("abcdefgh" in answer.text for answer in answers)
    assert answers[0].json["data"]["payload"]["email"] == "dana@example.com"
    assert again(session, event).payload == payload


def test_an_event_nobody_has_is_not_found(get: Any, post: Any) -> None:
    answers = [get("/999999"), post("/999999/retry"), post("/999999/discard", reason="no use")]

    assert [(answer.status_code, answer.json["error"]["code"]) for answer in answers] == [
        (404, "OUTBOX_EVENT_NOT_FOUND")
    ] * 3


def test_what_was_given_up_is_tried_again_and_settled(
    session: Session, get: Any, post: Any, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    handled: list[Event] = []
    monkeypatch.setitem(events.HANDLERS, "test.count", handled.append)
    event = given_up(session, "test.count")

    answer = post(f"/{event.id}/retry")
    relay.relay_due()

    assert (answer.json["data"]["state"], answer.json["data"]["attempts"]) == ("pending", 0)
    assert [(seen.id, seen.attempts) for seen in handled] == [(event.id, 1)]
    assert get(f"/{event.id}").json["data"]["state"] == "done"
    [audit] = audits(session)
    assert (audit.action, audit.entity_id, audit.actor_user_id) == ("RETRY", event.id, admin.id)
    assert audit.old_value == {"state": "failed", "attempts": 12, "last_error": "MessageNotSent: 500"}


def test_a_pending_event_need_not_wait_for_its_next_try(session: Session, post: Any) -> None:
    event = make(session, attempts=5, next_at=datetime.now(UTC) + timedelta(hours=1))

    post(f"/{event.id}/retry")

    assert again(session, event).attempts == 0
    assert event.next_at <= datetime.now(UTC)


@pytest.mark.parametrize(("path", "body"), [("retry", {}), ("discard", {"reason": "no use"})])
def test_what_is_done_stays_done(session: Session, post: Any, path: str, body: dict[str, str]) -> None:
    event = make(session, done_at=YESTERDAY)

    answer = post(f"/{event.id}/{path}", **body)

    assert (answer.status_code, answer.json["error"]["code"]) == (409, "OUTBOX_EVENT_DONE")
    assert again(session, event).done_at == YESTERDAY
    assert audits(session) == []


def test_an_event_whose_secret_is_gone_is_not_tried_again_and_says_what_to_do(session: Session, post: Any) -> None:
    event = given_up(session, "registration.code", payload={"email": "dana@example.com", "code": ""})

    answers = [post(f"/{event.id}/retry"), post("/retry", topic="registration.code")]

    assert [answer.json["error"]["code"] for answer in answers] == ["OUTBOX_SECRET_GONE"] * 2
    assert "ask for a new one" in answers[0].json["error"]["message"]
    assert again(session, event).failed


def test_a_topic_is_tried_again_in_one_go(session: Session, post: Any) -> None:
    lost, other, done = [given_up(session, "a") for _ in range(3)], given_up(session, "b"), make(session, "a")
    done.done_at = YESTERDAY
    session.commit()

    answer = post("/retry", topic="a")

    assert answer.json["data"] == {"retried": 3, "has_more": False}
    assert [(again(session, event).failed, event.attempts) for event in lost] == [(False, 0)] * 3
    assert again(session, other).failed
    assert again(session, done).done_at == YESTERDAY
    [audit] = audits(session)
    assert (audit.action, audit.new_value) == ("RETRY_TOPIC", {"topic": "a", "retried": 3})


def test_a_great_many_are_tried_again_in_several_goes(
    session: Session, post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "MOST_AT_ONCE", 2)
    lost = [given_up(session, "a") for _ in range(3)]

    answers = [post("/retry", topic="a").json["data"] for _ in range(3)]

    assert [(answer["retried"], answer["has_more"]) for answer in answers] == [(2, True), (1, False), (0, False)]
    assert not any(again(session, event).failed for event in lost)
    assert len(audits(session)) == 2


def test_an_event_is_settled_by_hand_with_a_reason(session: Session, post: Any, admin: User) -> None:
    event = given_up(session, "phone.code", payload={"phone": "+972501234567", "code": "482113"})

    answer = post(f"/{event.id}/discard", reason="Called instead.")

    assert (answer.json["data"]["state"], answer.json["data"]["last_error"]) == (
        "done",
        "discarded by hand: Called instead.",
    )
    assert again(session, event).payload == {"phone": "+972501234567", "code": ""}
    assert (event.failed, relay.relay_due()) == (False, 0)
    [audit] = audits(session)
    assert (audit.action, audit.actor_user_id) == ("DISCARD", admin.id)
    assert audit.new_value == {"topic": "phone.code", "reason": "Called instead."}


@pytest.mark.parametrize("reason", ["", "no", "x" * 401, "a\x00b"])
def test_a_reason_is_a_short_text(session: Session, post: Any, reason: str) -> None:
    event = given_up(session)

    assert post(f"/{event.id}/discard", reason=reason).status_code == 400
    assert again(session, event).failed


def test_a_failure_that_comes_late_undoes_no_decision(
    session: Session, post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = make(session, "test.slow", attempts=11)

    def discarded_meanwhile(seen: Event) -> None:
        post(f"/{seen.id}/discard", reason="Called instead.")
        raise TimeoutError("no answer")

    monkeypatch.setitem(events.HANDLERS, "test.slow", discarded_meanwhile)

    relay.relay_due()

    assert (again(session, event).failed, event.last_error) == (False, "discarded by hand: Called instead.")
    assert event.done_at is not None


def test_only_admins_enter(client: FlaskClient, session: Session) -> None:
    manager = sign_in(session, make_user(session, role=Role.MANAGER))

    assert client.get(DESK, headers=manager).status_code == 403


def test_the_lists_of_what_is_not_settled_read_no_settled_row(session: Session) -> None:
    """Done events are kept for weeks: what is not settled is found by indexes that hold nothing else."""
    session.execute(
        text(
            "INSERT INTO outbox (topic, aggregate, payload, done_at)"
            " SELECT 'a', 'test:1', '{}', now() FROM generate_series(1, 20000)"
        )
    )
    session.execute(text("ANALYZE outbox"))

    plan = "\n".join(session.execute(text(f"EXPLAIN {dead_letters._SUMMARY.text}")).scalars())

    assert "ix_outbox_due" in plan
    assert "ix_outbox_failed" in plan
    assert "Seq Scan" not in plan
