"""Endpoints of integrators over HTTP: made, watched, paused, tried and replayed by admins alone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.clients import webhooks as client_of_webhooks
from app.domain.enums import DeliveryState, Role, SwitchedOff
from app.domain.webhooks import EVENTS, PATTERNS
from app.models import OutboxEvent, WebhookDelivery, WebhookEndpoint
from app.services import relay
from app.services.webhooks import deliveries, sending
from tests.factories import make_event, make_order, make_user
from tests.managing import Manager, audited, make_manager
from tests.receiving import SECRET, Receiver, allow_private, answering, make_delivery, make_webhook, receiving

URL = "https://hooks.example.com/aisle"
EVENT_LIST = "/api/v1/webhooks/events"


@pytest.fixture
def admin(client: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch) -> Manager:
    """An admin; every name resolves to a public address."""
    monkeypatch.setattr(client_of_webhooks, "resolve", lambda host, port: ["93.184.216.34"])
    return make_manager(session, client, role=Role.ADMIN)


@pytest.fixture
def receiver(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    allow_private(app, monkeypatch)
    monkeypatch.setattr(client_of_webhooks, "resolve", lambda host, port: ["127.0.0.1"])
    with receiving() as server:
        yield server


def form(**fields: Any) -> dict[str, Any]:
    return {"url": URL, "topics": ["order.*"], **fields}


def create(admin: Manager, **fields: Any) -> Any:
    return admin.done("POST", "/webhooks", status=201, json=form(**fields))


def send_due() -> None:
    while message := sending.lease():
        sending.send(message)


def count(session: Session) -> int:
    return int(session.execute(select(func.count()).select_from(WebhookDelivery)).scalar_one())


def test_a_new_endpoint_shows_its_secret_once(admin: Manager) -> None:
    answer = admin.call("POST", "/webhooks", json=form(description="  ERP  of the office "))

    made = answer.json["data"]
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert made["secret"].startswith("whsec_")
    assert (made["is_active"], made["disabled_reason"], made["description"]) == (True, None, "ERP of the office")
    shown = admin.get(f"/webhooks/{made['id']}")["data"]
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert made["secret"] not in str(admin.get("/webhooks"))


def test_two_endpoints_have_two_secrets(admin: Manager) -> None:
    assert create(admin)["secret"] != create(admin)["secret"]


def test_the_secret_is_not_in_the_audit_trail(admin: Manager, session: Session) -> None:
    made = create(admin)
    rotated = admin.done("POST", f"/webhooks/{made['id']}/secret")

    trail = audited(session, "webhook_endpoint")
    assert [action for action, _, _ in trail] == ["CREATE", "ROTATE_SECRET"]
    assert made["secret"] not in str(trail)
    assert rotated["secret"] not in str(trail)


def test_managers_read_in_the_audit_trail_where_messages_go_but_not_the_secrets_of_its_path(
    admin: Manager, session: Session
) -> None:
    made = create(admin, url=f"{URL}/T0SECRET")
    admin.done("PATCH", f"/webhooks/{made['id']}", json={"url": f"{URL}/T1SECRET?k=2"})
    admin.call("DELETE", f"/webhooks/{made['id']}")

    trail = audited(session, "webhook_endpoint")
    assert [action for action, _, _ in trail] == ["CREATE", "UPDATE", "DELETE"]
    assert f"https://{urlsplit(URL).hostname}/..." in str(trail)
    assert "SECRET" not in str(trail)


@pytest.mark.parametrize("topics", [["*"], ["order.*"], ["payout.paid", "shop_order.rated"], list(PATTERNS)])
def test_topics_are_events_families_or_everything(admin: Manager, topics: list[str]) -> None:
    assert create(admin, topics=topics)["topics"] == topics


def test_a_topic_named_twice_counts_once(admin: Manager) -> None:
    assert create(admin, topics=["order.*", "payout.*", "order.*"])["topics"] == ["order.*", "payout.*"]


@pytest.mark.parametrize(
    "fields",
    [
        {"topics": []},
        {"topics": ["order"]},
        {"topics": ["order.unknown"]},
        {"topics": ["or*"]},
        {"topics": ["webhook.ping"]},
        {"topics": ["password.reset"]},
        {"topics": "order.*"},
        {"url": ""},
        {"url": "https://x/" + "a" * 2000},
        {"url": "https://hooks.example.com/\x00"},
        {"description": "x" * 201},
        {"secret": "whsec_mine"},
    ],
)
def test_a_form_that_makes_no_sense_is_refused(admin: Manager, session: Session, fields: dict[str, Any]) -> None:
    refused = admin.refused("POST", "/webhooks", json=form(**fields))

    assert refused == (400, "VALIDATION_ERROR")
    assert session.execute(select(WebhookEndpoint)).all() == []


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_an_address_inside_our_network_is_refused(
    admin: Manager, session: Session, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    path = "/webhooks" if method == "POST" else f"/webhooks/{make_webhook(session, URL).id}"
    monkeypatch.setattr(client_of_webhooks, "resolve", lambda host, port: ["10.0.0.8"])

    answer = admin.call(method, path, json=form(url="https://inside.example.com/"))

    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "WEBHOOK_ADDRESS_REFUSED"
    assert "10.0.0.8" not in answer.get_data(as_text=True)
    assert session.execute(select(WebhookEndpoint.url).where(WebhookEndpoint.url != URL)).all() == []


def test_an_endpoint_is_changed_where_the_body_says_so(admin: Manager, session: Session) -> None:
    made = create(admin, description="ERP")

    changed = admin.done("PATCH", f"/webhooks/{made['id']}", json={"topics": ["payout.*"]})

    assert (changed["url"], changed["topics"], changed["description"]) == (URL, ["payout.*"], "ERP")
    assert audited(session, "webhook_endpoint")[-1] == (
        "UPDATE",
        {"topics": ["order.*"]},
        {"topics": ["payout.*"]},
    )
    assert admin.refused("PATCH", f"/webhooks/{made['id']}", json={"topics": None}) == (400, "VALIDATION_ERROR")


def test_the_list_shows_the_newest_first_by_cursor(admin: Manager, session: Session) -> None:
    ids = [make_webhook(session, URL).id for _ in range(3)]

    first = admin.get("/webhooks?limit=2")
    rest = admin.get(f"/webhooks?limit=2&cursor={first['meta']['next_cursor']}")

    assert [row["id"] for row in first["data"] + rest["data"]] == ids[::-1]
    assert (first["meta"]["total"], rest["meta"]["has_next"]) == (3, False)


def test_while_paused_nothing_is_put_up_and_what_waits_is_sent_on_resuming(
    admin: Manager, session: Session, receiver: Receiver
) -> None:
    endpoint = make_webhook(session, receiver.url)
    make_delivery(session, endpoint, 1)
    order = make_order(session, make_user(session))

    paused = admin.done("POST", f"/webhooks/{endpoint.id}/pause")
    make_event(session, "order.ready", order_id=order.id)
    relay.relay_due()
    send_due()
    before = len(receiver.received)
    resumed = admin.done("POST", f"/webhooks/{endpoint.id}/resume")
    send_due()

    assert (paused["is_active"], paused["disabled_reason"]) == (False, "paused")
    assert (resumed["is_active"], resumed["disabled_reason"]) == (True, None)
    assert before == 0
    assert [seen.id for seen in receiver.received] == ["evt_1"]


def test_resuming_forgets_the_failures(admin: Manager, session: Session) -> None:
    since = datetime.now(UTC) - timedelta(days=4)
    endpoint = make_webhook(session, URL, is_active=False, disabled_reason=SwitchedOff.FAILING, failing_since=since)

    assert admin.get(f"/webhooks/{endpoint.id}")["data"]["disabled_reason"] == "failing"
    resumed = admin.done("POST", f"/webhooks/{endpoint.id}/resume")

    assert (resumed["is_active"], resumed["failing_since"]) == (True, None)


def test_after_a_change_of_secret_messages_carry_both_signatures(
    admin: Manager, session: Session, receiver: Receiver
) -> None:
    endpoint = make_webhook(session, receiver.url)

    rotated = admin.call("POST", f"/webhooks/{endpoint.id}/secret")
    admin.done("POST", f"/webhooks/{endpoint.id}/ping", status=202)
    send_due()

    (seen,) = receiver.received
    fresh = rotated.json["data"]
    left = datetime.fromisoformat(fresh["previous_until"]) - datetime.now(UTC)
    assert seen.is_signed_with(fresh["secret"])
    assert seen.is_signed_with(SECRET)
    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
    assert rotated.headers["Cache-Control"] == "no-store"


def test_a_ping_reaches_whoever_listens_to_anything(admin: Manager, session: Session, receiver: Receiver) -> None:
    endpoint = make_webhook(session, receiver.url, "payout.paid")

    made = admin.done("POST", f"/webhooks/{endpoint.id}/ping", status=202)
    send_due()

    (seen,) = receiver.received
    shown = admin.get(f"/webhooks/{endpoint.id}/deliveries/{made['id']}")["data"]
    assert (made["topic"], made["state"]) == ("webhook.ping", "pending")
    assert seen.id == made["event_id"]
    assert seen.message == made["payload"] == shown["payload"]
    assert (shown["state"], shown["answer_status"], shown["next_at"]) == ("sent", 200, None)


def test_no_event_ever_gets_the_number_of_a_ping(admin: Manager, session: Session) -> None:
    endpoint = make_webhook(session, URL)

    pings = [admin.done("POST", f"/webhooks/{endpoint.id}/ping", status=202)["event_id"] for _ in range(2)]
    event = make_event(session, "order.ready")

    assert len({*pings, f"evt_{event.id}"}) == 3
    assert session.execute(select(func.count()).select_from(OutboxEvent)).scalar_one() == 1


def test_deliveries_are_listed_by_state_and_topic_newest_first(admin: Manager, session: Session) -> None:
    endpoint, other = make_webhook(session, URL), make_webhook(session, URL)
    rows = [
        make_delivery(session, endpoint, 1, state=DeliveryState.FAILED, last_error="answered 500"),
        make_delivery(session, endpoint, 2, topic="payout.paid"),
        make_delivery(session, endpoint, 3, state=DeliveryState.FAILED, topic="payout.paid"),
    ]
    make_delivery(session, other, 4)

    def ids(query: str) -> list[int]:
        return [row["id"] for row in admin.get(f"/webhooks/{endpoint.id}/deliveries{query}")["data"]]

    first, second, third = (row.id for row in rows)
    assert ids("") == [third, second, first]
    assert ids("?state=failed") == [third, first]
    assert ids("?topic=payout.paid") == [third, second]
    assert ids("?state=failed&topic=order.confirmed") == [first]
    assert ids("?state=&topic=") == [third, second, first]
    page = admin.get(f"/webhooks/{endpoint.id}/deliveries?limit=2")
    assert ids(f"?limit=2&cursor={page['meta']['next_cursor']}") == [first]
    assert page["data"][0]["event_id"] == "evt_3"
    assert "payload" not in page["data"][0]


def test_a_failed_message_is_replayed_under_its_name(admin: Manager, session: Session, receiver: Receiver) -> None:
    endpoint = make_webhook(session, receiver.url)
    lost = make_delivery(session, endpoint, 7, state=DeliveryState.FAILED, attempts=12)
    path = f"/webhooks/{endpoint.id}/deliveries/{lost.id}/replay"

    made = admin.done("POST", path, status=202)
    twice = admin.refused("POST", path)
    send_due()

    (seen,) = receiver.received
    assert (made["replay_of"], made["event_id"], made["attempts"]) == (lost.id, "evt_7", 0)
    assert twice == (409, "WEBHOOK_DELIVERY_PENDING")
    assert (seen.id, seen.message) == ("evt_7", lost.payload)
    assert admin.get(f"/webhooks/{endpoint.id}/deliveries/{lost.id}")["data"]["state"] == "failed"
    assert admin.done("POST", path, status=202)["id"] != made["id"]  # what was sent may be sent again


def replayed(admin: Manager, endpoint: WebhookEndpoint, since: datetime) -> tuple[int, bool]:
    body = {"since": since.isoformat()}
    made = admin.done("POST", f"/webhooks/{endpoint.id}/replay", status=202, json=body)
    return made["replayed"], made["has_more"]


def test_all_that_failed_since_a_time_is_replayed_once(admin: Manager, session: Session, receiver: Receiver) -> None:
    endpoint, other = make_webhook(session, receiver.url), make_webhook(session, receiver.url)
    now = datetime.now(UTC)
    failed = {"state": DeliveryState.FAILED}
    make_delivery(session, endpoint, 1, created_at=now - timedelta(days=2), **failed)
    for number in (2, 3):
        make_delivery(session, endpoint, number, created_at=now - timedelta(hours=number), **failed)
    make_delivery(session, endpoint, 4, state=DeliveryState.SENT, sent_at=now)
    make_delivery(session, other, 5, **failed)

    first = replayed(admin, endpoint, now - timedelta(days=1))
    again = replayed(admin, endpoint, now - timedelta(days=1))
    send_due()
    after = replayed(admin, endpoint, now - timedelta(days=1))

    assert (first, again, after) == ((2, False), (0, False), (0, False))
    assert sorted(seen.id for seen in receiver.received) == ["evt_2", "evt_3"]


def test_a_replay_that_failed_too_is_replayed_by_the_next(admin: Manager, session: Session, receiver: Receiver) -> None:
    endpoint = make_webhook(session, receiver.url)
    make_delivery(session, endpoint, 2, state=DeliveryState.FAILED)
    since = datetime.now(UTC) - timedelta(hours=1)
    replayed(admin, endpoint, since)
    receiver.answers = [answering(500)]
    session.execute(update(WebhookDelivery).where(WebhookDelivery.replay_of.is_not(None)).values(attempts=11))
    session.commit()
    send_due()

    again = replayed(admin, endpoint, since)
    send_due()

    assert again == (1, False)
    assert [seen.id for seen in receiver.received] == ["evt_2", "evt_2"]
    assert replayed(admin, endpoint, since) == (0, False)


def test_a_replay_of_all_is_bounded_and_says_that_there_is_more(
    admin: Manager, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "MOST_AT_ONCE", 2)
    endpoint = make_webhook(session, URL)
    for number in (1, 2, 3):
        make_delivery(session, endpoint, number, state=DeliveryState.FAILED)
    since = datetime.now(UTC) - timedelta(hours=1)

    answers = [replayed(admin, endpoint, since) for _ in range(2)]

    assert answers == [(2, True), (1, False)]
    assert count(session) == 6


@pytest.mark.parametrize("path", ["/ping", "/replay", "/deliveries/{delivery}/replay"])
def test_nothing_is_put_up_for_a_switched_off_endpoint(admin: Manager, session: Session, path: str) -> None:
    endpoint = make_webhook(session, URL, is_active=False, disabled_reason=SwitchedOff.PAUSED)
    delivery = make_delivery(session, endpoint, state=DeliveryState.FAILED)
    body = {"json": {"since": "2026-11-01T00:00:00Z"}} if path == "/replay" else {}

    refused = admin.refused("POST", f"/webhooks/{endpoint.id}{path.format(delivery=delivery.id)}", **body)

    assert refused == (409, "WEBHOOK_SWITCHED_OFF")
    assert count(session) == 1


def test_deleting_an_endpoint_takes_its_deliveries_along(admin: Manager, session: Session) -> None:
    endpoint, other = make_webhook(session, URL), make_webhook(session, URL)
    make_delivery(session, endpoint)
    kept = make_delivery(session, other)

    admin.done("DELETE", f"/webhooks/{endpoint.id}")

    assert session.execute(select(WebhookDelivery.id)).scalars().all() == [kept.id]
    assert admin.refused("GET", f"/webhooks/{endpoint.id}") == (404, "WEBHOOK_NOT_FOUND")
    action, old, _ = audited(session, "webhook_endpoint")[-1]
    assert (action, old["url"]) == ("DELETE", f"https://{urlsplit(URL).hostname}/...")


NOWHERE = (
    ("GET", "", None),
    ("PATCH", "", {"topics": ["*"]}),
    ("DELETE", "", None),
    ("POST", "/pause", None),
    ("POST", "/resume", None),
    ("POST", "/secret", None),
    ("POST", "/ping", None),
    ("POST", "/replay", {"since": "2026-11-01T00:00:00Z"}),
    ("GET", "/deliveries", None),
    ("POST", "/deliveries/1/replay", None),
)


@pytest.mark.parametrize(("method", "path", "body"), NOWHERE)
def test_an_endpoint_that_is_not_there_is_not_found(
    admin: Manager, method: str, path: str, body: dict[str, Any] | None
) -> None:
    assert admin.refused(method, f"/webhooks/{10**9}{path}", json=body) == (404, "WEBHOOK_NOT_FOUND")


def test_the_delivery_of_another_endpoint_is_not_found(admin: Manager, session: Session) -> None:
    endpoint, other = make_webhook(session, URL), make_webhook(session, URL)
    delivery = make_delivery(session, other, state=DeliveryState.FAILED)
    path = f"/webhooks/{endpoint.id}/deliveries/{delivery.id}"

    assert admin.refused("GET", path) == (404, "WEBHOOK_DELIVERY_NOT_FOUND")
    assert admin.refused("POST", f"{path}/replay") == (404, "WEBHOOK_DELIVERY_NOT_FOUND")


def test_managers_are_kept_out(client: FlaskClient, session: Session) -> None:
    manager = make_manager(session, client)

    assert manager.refused("GET", "/webhooks") == (403, "AUTHORIZATION_ERROR")
    assert manager.refused("POST", "/webhooks", json=form()) == (403, "AUTHORIZATION_ERROR")


def test_everybody_may_read_which_events_there_are(client: FlaskClient) -> None:
    catalog = client.get(EVENT_LIST).json["data"]

    assert [event["type"] for event in catalog["events"]] == [*EVENTS, "webhook.ping"]
    assert catalog["patterns"] == list(PATTERNS)


def test_the_published_schemas_fit_what_is_sent(
    admin: Manager, client: FlaskClient, session: Session, receiver: Receiver
) -> None:
    endpoint = make_webhook(session, receiver.url)
    order = make_order(session, make_user(session))
    make_event(session, "order.confirmed", order_id=order.id)
    relay.relay_due()
    admin.done("POST", f"/webhooks/{endpoint.id}/ping", status=202)
    send_due()

    catalog = client.get(EVENT_LIST).json["data"]
    schemas = {event["type"]: event["data_schema"] for event in catalog["events"]}

    assert {seen.message["type"] for seen in receiver.received} == {"order.confirmed", "webhook.ping"}
    for seen in receiver.received:
        jsonschema_rs.validator_for(catalog["message_schema"]).validate(seen.message)
        jsonschema_rs.validator_for(schemas[seen.message["type"]]).validate(seen.message["data"])
        assert not jsonschema_rs.validator_for(schemas[seen.message["type"]]).is_valid({"order_id": "x"})
