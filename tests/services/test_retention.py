"""Keeping data small: of every rule what is old goes, what is young stays, and so does what somebody still needs."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.enums import (
    CartStatus,
    DeliveryState,
    IdempotencyState,
    MessageChannel,
    PaymentProvider,
    UploadState,
)
from app.models import (
    AuthSession,
    Cart,
    CartItem,
    DeviceClaim,
    HandoffCode,
    IdempotencyKey,
    ItemUpload,
    LiveEvent,
    LocationSample,
    LoginFailure,
    MessageSend,
    Notification,
    OutboxEvent,
    PairCode,
    PasswordReset,
    PendingPairing,
    PhoneCode,
    RefreshToken,
    RegistrationCode,
    Reservation,
    SandboxMessage,
    ShopperQr,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from app.services.retention import running
from app.services.retention.rules import RULES
from tests import factories
from tests.conftest import Live
from tests.shopping import assert_sound

MANY = 100_000
SECONDS_FOR_MANY = 30.0


def ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


@dataclass
class Case:
    """What a rule keeps for `days`: how to make a row of an age in days, and rows that stay whatever their age."""

    model: type[Any]
    make: Callable[[Session, float], Any]
    protected: dict[str, Callable[[Session, float], Any]] = field(default_factory=dict)


def added(session: Session, row: Any) -> Any:
    session.add(row)
    session.commit()
    return row


def token(session: Session, age: float) -> RefreshToken:
    opened = added(session, AuthSession(user_id=factories.make_user(session).id))
    return added(session, RefreshToken(jti=uuid4(), session_id=opened.id, expires_at=ago(age)))


def sign_in(session: Session, age: float, *, token_ends: float | None = None, revoked: bool = False) -> AuthSession:
    user = factories.make_user(session)
    opened = AuthSession(user_id=user.id, created_at=ago(age), revoked_at=ago(age) if revoked else None)
    added(session, opened)
    if token_ends is not None:
        added(session, RefreshToken(jti=uuid4(), session_id=opened.id, expires_at=ago(token_ends)))
    return opened


def device(session: Session) -> Any:
    return factories.make_device(session, factories.make_trolley(session, factories.make_location(session)))


def walk(session: Session) -> Any:
    trolley = factories.make_trolley(session, factories.make_location(session))
    return factories.make_cart_session(session, trolley, factories.make_user(session))


def pending_pairing(session: Session, age: float) -> PendingPairing:
    trolley = factories.make_trolley(session, factories.make_location(session))
    user = factories.make_user(session)
    return added(session, PendingPairing(trolley_id=trolley.id, user_id=user.id, expires_at=ago(age)))


def key(session: Session, age: float, state: IdempotencyState = IdempotencyState.DONE) -> IdempotencyKey:
    is_done = state is IdempotencyState.DONE
    row = IdempotencyKey(
        principal="user:1",
        route="confirm",
        key=uuid4().hex,
        request_hash="x",
        state=state,
        order_id=factories.make_order(session, factories.make_user(session)).id,
        status=201 if is_done else None,
        body={"data": {}} if is_done else None,
        created_at=ago(age + 1),
        expires_at=ago(age),
    )
    return added(session, row)


def event(session: Session, age: float, **columns: Any) -> OutboxEvent:
    values = {
        "topic": "order.ready",
        "aggregate": "order:1",
        "payload": {},
        "created_at": ago(age),
        "done_at": ago(age),
    }
    row = added(session, OutboxEvent(**{**values, **columns}))
    added(session, MessageSend(outbox_id=row.id, channel=MessageChannel.EMAIL, recipient="x"))
    return row


def delivery(session: Session, age: float, **columns: Any) -> WebhookDelivery:
    endpoint = WebhookEndpoint(url="https://example.com", topics=["order.ready"], secret="x")
    added(session, endpoint)
    values = {"event_id": 1, "topic": "order.ready", "payload": {}, "state": DeliveryState.SENT, "sent_at": ago(age)}
    row = WebhookDelivery(endpoint_id=endpoint.id, created_at=ago(age), **{**values, **columns})
    return added(session, row)


def replayed_delivery(session: Session, age: float) -> WebhookDelivery:
    """An old one of which a young replay is kept."""
    old = delivery(session, age)
    replay = WebhookDelivery(
        endpoint_id=old.endpoint_id, event_id=1, topic=old.topic, payload={}, replay_of=old.id, created_at=ago(0)
    )
    added(session, replay)
    return old


def payment_event(session: Session, age: float, **columns: Any) -> WebhookEvent:
    values = {"event_id": uuid4().hex, "raw": "{}", "received_at": ago(age), "processed_at": ago(age), **columns}
    return added(session, WebhookEvent(provider=PaymentProvider.MOCKPAY, **values))


def cart(session: Session, age: float, *, status: CartStatus = CartStatus.ACTIVE, line_age: float = 0) -> Cart:
    """A guest's, with a line."""
    row = Cart(guest_token_hash=uuid4().hex, status=status, created_at=ago(age), updated_at=ago(age))
    added(session, row)
    product = factories.make_product(session)
    line = CartItem(cart_id=row.id, product_id=product.id, quantity=1, unit_price=1, updated_at=ago(line_age or age))
    added(session, line)
    return row


def ordered_cart(session: Session, age: float) -> Cart:
    row = cart(session, age, status=CartStatus.ABANDONED)
    order = factories.make_order(session, factories.make_user(session))
    order.cart_id = row.id
    session.commit()
    return row


def cart_in_a_trolley(session: Session, age: float) -> Cart:
    row = cart(session, age, status=CartStatus.ABANDONED)
    walk(session).cart_id = row.id
    session.commit()
    return row


def reserving_cart(session: Session, age: float) -> Cart:
    row = cart(session, age, status=CartStatus.ABANDONED)
    item = session.execute(select(CartItem).where(CartItem.cart_id == row.id)).scalar_one()
    branch = factories.make_location(session)
    added(
        session,
        Reservation(
            cart_id=row.id, product_id=item.product_id, stock_location_id=branch.id, quantity=1, expires_at=ago(age)
        ),
    )
    return row


def users_cart(session: Session, age: float) -> Cart:
    return added(session, Cart(user_id=factories.make_user(session).id, created_at=ago(age), updated_at=ago(age)))


def upload(session: Session, age: float, state: UploadState = UploadState.DONE) -> ItemUpload:
    vendor = factories.make_vendor(session)
    shop = factories.make_shop(session, vendor)
    row = ItemUpload(task_id=uuid4().hex, shop_id=shop.id, user_id=vendor.id, file_name="x", state=state, total=0)
    row.rows, row.updated_at = [], ago(age)
    return added(session, row)


def place(session: Session, age: float) -> LocationSample:
    return added(session, LocationSample(device_id=device(session).id, minute=ago(age), floor=0, x_cm=1, y_cm=1))


def plain(model: type[Any], moment: str, **columns: Any) -> Callable[[Session, float], Any]:
    """Rows that need nothing but some values; a value may be a function that makes one."""

    def make(session: Session, age: float) -> Any:
        values = {name: value(session) if callable(value) else value for name, value in columns.items()}
        return added(session, model(**{moment: ago(age)}, **values))

    return make


def unique(_session: Session) -> str:
    return uuid4().hex


def a_user(session: Session) -> int:
    return factories.make_user(session).id


CASES: dict[str, Case] = {
    "refresh-tokens": Case(RefreshToken, token),
    "sessions": Case(
        AuthSession,
        sign_in,
        {
            "one that can still be gone on with": lambda session, age: sign_in(session, age, token_ends=-1),
            "one whose last token ended lately": lambda session, age: sign_in(session, age, token_ends=1),
        },
    ),
    "registration-codes": Case(RegistrationCode, plain(RegistrationCode, "expires_at", email=unique, code_hash="x")),
    "phone-codes": Case(
        PhoneCode, plain(PhoneCode, "expires_at", phone=lambda session: unique(session)[:20], code_hash="x")
    ),
    "password-resets": Case(PasswordReset, plain(PasswordReset, "expires_at", user_id=a_user, token_hash=unique)),
    "pair-codes": Case(
        PairCode, plain(PairCode, "expires_at", code_hash=unique, device_id=lambda session: device(session).id)
    ),
    "pending-pairings": Case(PendingPairing, pending_pairing),
    "shopper-qrs": Case(ShopperQr, plain(ShopperQr, "expires_at", token_hash=unique, user_id=a_user)),
    "handoff-codes": Case(
        HandoffCode, plain(HandoffCode, "expires_at", code_hash=unique, session_id=lambda session: walk(session).id)
    ),
    "device-claims": Case(
        DeviceClaim, plain(DeviceClaim, "expires_at", code_hash=unique, device_id=lambda session: device(session).id)
    ),
    "login-failures": Case(LoginFailure, plain(LoginFailure, "last_failed_at", subject=unique, failures=1)),
    "idempotency-keys": Case(
        IdempotencyKey,
        key,
        {"one of an undecided payment": lambda session, age: key(session, age, IdempotencyState.PLACED)},
    ),
    "outbox": Case(
        OutboxEvent,
        event,
        {
            "one that waits": lambda session, age: event(session, age, done_at=None),
            "a dead one, which an admin must settle": lambda session, age: event(
                session, age, done_at=None, failed=True
            ),
        },
    ),
    "webhook-deliveries": Case(
        WebhookDelivery,
        delivery,
        {
            "one that waits": lambda session, age: delivery(session, age, state=DeliveryState.PENDING, sent_at=None),
            "one with a younger replay": replayed_delivery,
        },
    ),
    "payment-events": Case(
        WebhookEvent,
        payment_event,
        {"one not yet acted on": lambda session, age: payment_event(session, age, processed_at=None)},
    ),
    "live-events": Case(LiveEvent, plain(LiveEvent, "created_at", user_id=a_user, topic="x", payload={"a": 1})),
    "location-samples": Case(LocationSample, place),
    "notifications": Case(
        Notification, plain(Notification, "created_at", user_id=a_user, kind="x", title="x", body="x")
    ),
    "guest-carts": Case(
        Cart,
        cart,
        {
            "one with a line touched lately": lambda session, age: cart(session, age, line_age=1),
            "one of a user": users_cart,
        },
    ),
    "abandoned-carts": Case(
        Cart,
        lambda session, age: cart(session, age, status=CartStatus.ABANDONED),
        {
            "one that was ordered": ordered_cart,
            "one that lies in a trolley": cart_in_a_trolley,
            "one that holds stock": reserving_cart,
        },
    ),
    "item-uploads": Case(
        ItemUpload, upload, {"one under way": lambda session, age: upload(session, age, UploadState.RUNNING)}
    ),
    "sandbox-messages": Case(
        SandboxMessage,
        plain(SandboxMessage, "created_at", reference=unique, recipient="x", subject="x", body="x"),
    ),
}
DAYS = {
    "refresh-tokens": 30,
    "sessions": 30,
    "idempotency-keys": 30,
    "outbox": 30,
    "webhook-deliveries": 30,
    "payment-events": 90,
    "notifications": 365,
    "guest-carts": 30,
    "abandoned-carts": 30,
    "item-uploads": 30,
    "sandbox-messages": 30,
}
PROTECTED = [(name, what) for name, case in CASES.items() for what in case.protected]


def key_of(row: Any) -> Any:
    return tuple(getattr(row, column.name) for column in row.__table__.primary_key)


def left(session: Session, model: type[Any]) -> set[Any]:
    found = session.execute(select(*model.__table__.primary_key)).all()
    return {tuple(row) for row in found}


def only(name: str) -> running.Outcome:
    [outcome] = running.run(only=[name])
    assert not outcome.has_failed
    return outcome


def test_every_rule_has_a_case_here() -> None:
    assert [rule.name for rule in RULES] == list(CASES)


@pytest.mark.parametrize("name", CASES)
def test_what_is_old_goes_and_what_is_young_stays(session: Session, name: str) -> None:
    case, days = CASES[name], DAYS.get(name, 7)
    old, young = case.make(session, days + 0.1), case.make(session, days - 0.1)
    old_key, young_key = key_of(old), key_of(young)

    outcome = only(name)

    assert (outcome.days, outcome.rows) == (days, 1)
    assert old_key not in left(session, case.model)
    assert young_key in left(session, case.model)


@pytest.mark.parametrize(("name", "what"), PROTECTED)
def test_what_somebody_needs_stays_however_old(session: Session, name: str, what: str) -> None:
    row = CASES[name].protected[what](session, 3000)
    before = key_of(row)

    outcome = only(name)

    assert outcome.rows == 0
    assert before in left(session, CASES[name].model)


def test_a_session_that_was_ended_goes_with_its_tokens(session: Session) -> None:
    sign_in(session, 31, token_ends=-5, revoked=True)

    only("sessions")

    assert session.scalar(select(func.count()).select_from(RefreshToken)) == 0


def test_what_was_sent_for_an_event_and_the_lines_of_a_cart_go_along(session: Session) -> None:
    event(session, 31)
    cart(session, 31)

    list(running.run())

    assert session.scalar(select(func.count()).select_from(MessageSend)) == 0
    assert session.scalar(select(func.count()).select_from(CartItem)) == 0


def test_a_first_delivery_goes_once_its_replay_is_gone(session: Session) -> None:
    first = delivery(session, 40)
    replay = {"endpoint_id": first.endpoint_id, "event_id": 1, "topic": "x", "payload": {}, "replay_of": first.id}
    for age in (35, 34):
        values = {"state": DeliveryState.SENT, "sent_at": ago(age), "created_at": ago(age)}
        added(session, WebhookDelivery(**replay, **values))

    rows = [only("webhook-deliveries").rows for _ in range(3)]

    assert rows == [2, 1, 0]


def test_an_answer_of_a_confirm_is_never_younger_than_72_hours(app: Flask) -> None:
    assert type(app.extensions["settings"]).model_fields["keep_idempotency_days"].metadata[0].ge >= 3


def test_a_dry_run_counts_and_deletes_nothing(session: Session) -> None:
    for _ in range(3):
        event(session, 31)
    event(session, 29)

    counted = {outcome.name: outcome.rows for outcome in running.run(is_dry=True)}

    assert counted["outbox"] == 3
    assert sum(counted.values()) == 3
    assert session.scalar(select(func.count()).select_from(OutboxEvent)) == 4


def test_an_unknown_name_is_refused_with_the_known_ones(session: Session) -> None:
    with pytest.raises(running.UnknownRule, match="outbox"):
        running.run(only=["everything"])


def test_rows_go_in_batches_and_progress_is_told(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BATCH", 3)
    for _ in range(8):
        event(session, 31)
    told: list[tuple[str, int]] = []

    [outcome] = running.run(only=["outbox"], progress=lambda name, rows: told.append((name, rows)))

    assert outcome.rows == 8
    assert told == [("outbox", 3), ("outbox", 6)]


def test_protected_rows_in_front_do_not_keep_a_batch_from_what_is_behind(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "BATCH", 2)
    for age in (50, 49, 48):
        sign_in(session, age, token_ends=-1)
    for age in (40, 39, 38):
        sign_in(session, age)

    assert only("sessions").rows == 3


def test_the_daily_pass_ends_in_time_and_the_next_goes_on(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    event(session, 31)
    monkeypatch.setattr(running, "DAILY_SECONDS", 0.0)
    nothing = running.daily()
    monkeypatch.setattr(running, "DAILY_SECONDS", 20.0)

    assert nothing == 0
    assert running.daily() == 1


def test_a_rule_that_the_database_refuses_does_not_stop_the_others(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    event(session, 31)
    broken = running.RULES[0].__class__("broken", "keep_codes_days", running.RULES[0].rows.__class__("nowhere", "x"))
    monkeypatch.setattr(running, "RULES", (broken, *running.RULES))

    outcomes = {outcome.name: outcome for outcome in running.run()}

    assert outcomes["broken"].has_failed
    assert outcomes["outbox"].rows == 1


def test_the_books_agree_after_everything_old_is_gone(session: Session) -> None:
    for case in CASES.values():
        if case.model not in (IdempotencyKey, WebhookDelivery):
            case.make(session, 4000)

    outcomes = list(running.run())

    assert sum(outcome.rows for outcome in outcomes) >= len(CASES) - 2
    assert_sound()


def test_the_command_prints_a_table(app: Flask, session: Session) -> None:
    event(session, 31)

    dry = app.test_cli_runner().invoke(args=["retention", "run", "--dry-run", "--only", "outbox"])
    real = app.test_cli_runner().invoke(args=["retention", "run"])
    wrong = app.test_cli_runner().invoke(args=["retention", "run", "--only", "nothing"])

    assert [line.split() for line in dry.output.splitlines()] == [
        ["name", "kept", "days", "to", "delete"],
        ["outbox", "30", "1"],
        ["in", "all", "1"],
    ]
    assert real.exit_code == 0
    assert ["outbox", "30", "1"] in [line.split() for line in real.output.splitlines()]
    assert len(real.output.splitlines()) == len(RULES) + 2
    assert wrong.exit_code == 1
    assert wrong.output.splitlines()[-1].startswith("Error: There is no rule 'nothing'. The rules are: refresh-tokens,")


def test_a_hundred_thousand_rows_go_in_seconds(live: Live, capsys: pytest.CaptureFixture[str]) -> None:
    with live.engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO outbox (topic, aggregate, payload, created_at, done_at)
                    SELECT 'order.ready', 'order:' || g, '{"order_id": 1}', now() - interval '40 days',
                           now() - interval '1 second' * g - interval '31 days'
                    FROM generate_series(1, :many) AS g"""),
            {"many": MANY},
        )
        connection.execute(
            text("INSERT INTO outbox (topic, aggregate, payload, done_at) VALUES ('x', 'y', '{}', now())")
        )
    longest = 0.0
    began = last = time.monotonic()

    def note(*_: object) -> None:
        nonlocal longest, last
        longest, last = max(longest, time.monotonic() - last), time.monotonic()

    with live.app.app_context():
        assert settings().keep_outbox_days == 30
        [outcome] = running.run(only=["outbox"], progress=note)
    took = time.monotonic() - began

    with capsys.disabled():
        print(f"\n{MANY} rows of the outbox deleted in {took:.1f} s, the longest batch in {longest * 1000:.0f} ms")  # noqa: T201
    assert outcome.rows == MANY
    assert took < SECONDS_FOR_MANY
    assert longest < 1.0
