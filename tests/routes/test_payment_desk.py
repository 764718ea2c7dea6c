"""The payment desk: what a person does about payments that find no end by themselves."""

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.clients.payments import Outcome, Status
from app.clients.sandbox_payments import SandboxPayments
from app.domain.enums import OperationKind, OperationState, OrderStatus, Role
from app.models import AuditEvent, Inventory, Journal, Order, OutboxEvent, Payment, PaymentOperation, User
from app.services import locks
from app.services.payments import outcomes, provider_events, settlement, sweeper
from app.transaction import transaction
from tests.conftest import Statements
from tests.factories import make_order, make_user, sign_in
from tests.shopping import Shop, Shopper, assert_sound, make_shopper, one, open_shop

DESK = "/api/v1/admin/payments"
OPERATIONS = f"{DESK}/operations"
DONE = {"outcome": "done", "note": "seen on the dashboard"}
NOT_DONE = {"outcome": "not_done", "note": "seen on the dashboard"}


@pytest.fixture
def admin(session: Session) -> User:
    return make_user(session, role=Role.ADMIN)


@pytest.fixture
def headers(session: Session, admin: User) -> dict[str, str]:
    return sign_in(session, admin)


@pytest.fixture
def shop(session: Session) -> Shop:
    return open_shop(session, stock=5)


@pytest.fixture
def shopper(client: FlaskClient, session: Session, shop: Shop) -> Shopper:
    made = make_shopper(session, client)
    made.add(shop.products[0], 2)
    return made


@pytest.fixture
def order_id(shopper: Shopper, shop: Shop) -> int:
    """An order over 50.00 whose payment is held."""
    return int(shopper.confirm(shop).json["data"]["order_id"])


def make_operation(session: Session, order: Order, **columns: Any) -> PaymentOperation:
    payment = session.execute(select(Payment).where(Payment.order_id == order.id)).scalar_one()
    values = {"kind": OperationKind.REFUND, "state": OperationState.MANUAL, "amount": Decimal("10.00"), "attempts": 3}
    values |= {"payment_id": payment.id, "idempotency_key": uuid.uuid4(), "failure_code": "gave_up", **columns}
    operation = PaymentOperation(next_at=func.now(), **values)
    session.add(operation)
    session.commit()
    return operation


def ask(session: Session, order_id: int, kind: OperationKind, amount: str = "50.00") -> int:
    """Commit an operation without sending it."""
    with transaction() as opened:
        payment = locks.payment_of(opened, order_id=order_id)
        assert payment is not None
        match kind:
            case OperationKind.CAPTURE:
                made = settlement.request_capture(opened, payment, amount=Decimal(amount))
            case OperationKind.VOID:
                made = settlement.request_void(opened, payment_id=payment.id, amount=Decimal(amount)) or 0
            case _:
                made = settlement.request_refund(opened, payment, amount=Decimal(amount))
    return made


def give_to_a_person(session: Session, operation_id: int, state: OperationState = OperationState.MANUAL) -> int:
    chosen = update(PaymentOperation).where(PaymentOperation.id == operation_id)
    session.execute(chosen.values(state=state, failure_code="gave_up"))
    session.commit()
    return operation_id


def manual(session: Session, order_id: int, kind: OperationKind, amount: str = "50.00") -> int:
    return give_to_a_person(session, ask(session, order_id, kind, amount))


def captured(session: Session, order_id: int) -> None:
    sweeper.settle(ask(session, order_id, OperationKind.CAPTURE))


def operation(session: Session, operation_id: int) -> PaymentOperation:
    session.expire_all()
    return session.get_one(PaymentOperation, operation_id)


def payment(session: Session) -> Payment:
    found: Payment = one(session, Payment)
    return found


def audits(session: Session, *actions: str) -> list[AuditEvent]:
    statement = select(AuditEvent).where(AuditEvent.action.in_(actions)).order_by(AuditEvent.id)
    return list(session.execute(statement).scalars())


@pytest.fixture
def close(client: FlaskClient, headers: dict[str, str]) -> Any:
    def call(operation_id: int, body: dict[str, str]) -> TestResponse:
        return client.post(f"{OPERATIONS}/{operation_id}/close", json=body, headers=headers)

    return call


@pytest.fixture
def retry(client: FlaskClient, headers: dict[str, str]) -> Any:
    def call(operation_id: int, **body: str) -> TestResponse:
        return client.post(f"{OPERATIONS}/{operation_id}/retry", json=body, headers=headers)

    return call


class TestLooking:
    def test_what_waits_for_a_person_is_listed_with_its_order_and_customer(
        self, client: FlaskClient, session: Session, headers: dict[str, str]
    ) -> None:
        order = make_order(session, make_user(session, full_name="Noa Bar"))
        operation = make_operation(session, order)
        make_operation(session, order, state=OperationState.OK, kind=OperationKind.CAPTURE)

        [item] = client.get(OPERATIONS, headers=headers).json["data"]

        assert item == {
            "id": operation.id,
            "payment_id": operation.payment_id,
            "kind": "refund",
            "state": "manual",
            "amount": 10.0,
            "currency": "ILS",
            "attempts": 3,
            "failure_code": "gave_up",
            "retried_at": None,
            "order_id": order.id,
            "order_number": order.order_number,
            "order_status": "CREATED",
            "customer_id": order.user_id,
            "customer_name": "Noa Bar",
            **{name: item[name] for name in ("next_at", "created_at", "updated_at")},
        }

    @pytest.mark.parametrize(
        ("query", "kinds"),
        [
            ("state=failed", ["capture"]),
            ("state=open", ["void"]),
            ("state=created", ["void"]),
            ("state=sent", []),
            ("kind=refund", ["refund"]),
            ("kind=void", []),
        ],
    )
    def test_operations_are_chosen_by_state_and_kind(
        self, client: FlaskClient, session: Session, headers: dict[str, str], query: str, kinds: list[str]
    ) -> None:
        order = make_order(session, make_user(session))
        make_operation(session, order)
        make_operation(session, order, kind=OperationKind.CAPTURE, state=OperationState.FAILED)
        make_operation(session, order, kind=OperationKind.VOID, state=OperationState.CREATED)

        answer = client.get(f"{OPERATIONS}?{query}", headers=headers)

        assert [item["kind"] for item in answer.json["data"]] == kinds

    def test_pages_lead_on_by_cursor(self, client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
        order = make_order(session, make_user(session))
        made = [make_operation(session, order, seq=number).id for number in (1, 2, 3)]

        first = client.get(f"{OPERATIONS}?limit=2", headers=headers).json
        cursor = first["meta"]["next_cursor"]
        second = client.get(f"{OPERATIONS}?limit=2&cursor={cursor}", headers=headers).json

        assert [item["id"] for item in first["data"] + second["data"]] == made[::-1]
        assert (first["meta"]["total"], second["meta"]["next_cursor"]) == (3, None)

    def test_the_number_of_statements_does_not_grow(
        self, client: FlaskClient, session: Session, headers: dict[str, str], statements: Statements
    ) -> None:
        for _ in range(5):
            make_operation(session, make_order(session, make_user(session)))
        statements.clear()

        client.get(OPERATIONS, headers=headers)

        assert len(statements) <= 3

    def test_a_payment_is_shown_with_every_operation(
        self, client: FlaskClient, session: Session, headers: dict[str, str], order_id: int
    ) -> None:
        captured(session, order_id)

        shown = client.get(f"{DESK}/{order_id}", headers=headers).json["data"]

        assert [(made["kind"], made["state"], made["amount"]) for made in shown["operations"]] == [
            ("authorize", "ok", 50.0),
            ("capture", "ok", 50.0),
        ]
        assert (shown["order_id"], shown["order_status"], shown["provider"]) == (order_id, "CREATED", "mockpay")
        assert (shown["authorized_amount"], shown["captured_amount"], shown["refunded_amount"]) == (50.0, 50.0, 0.0)
        assert (shown["total_amount"], shown["final_total"]) == (50.0, None)

    def test_an_order_without_a_payment_has_none(
        self, client: FlaskClient, session: Session, headers: dict[str, str]
    ) -> None:
        order = make_order(session, make_user(session), paid=False)

        answer = client.get(f"{DESK}/{order.id}", headers=headers)

        assert (answer.status_code, answer.json["error"]["code"]) == (404, "PAYMENT_NOT_FOUND")

    @pytest.mark.parametrize("query", ["state=lost", "kind=gift", "limit=0", "cursor=abc"])
    def test_what_cannot_be_understood_is_refused(
        self, client: FlaskClient, headers: dict[str, str], query: str
    ) -> None:
        assert client.get(f"{OPERATIONS}?{query}", headers=headers).status_code == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", OPERATIONS), ("GET", f"{DESK}/1"), ("POST", f"{OPERATIONS}/1/retry"), ("POST", f"{OPERATIONS}/1/close")],
)
@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.VENDOR, Role.EMPLOYEE])
def test_only_managers_come_near(client: FlaskClient, session: Session, role: Role, method: str, path: str) -> None:
    answer = client.open(path, method=method, json=DONE, headers=sign_in(session, make_user(session, role=role)))

    assert answer.status_code == 403


class TestRetrying:
    def test_a_retried_refund_is_made_by_the_next_sweep(
        self, session: Session, order_id: int, admin: User, retry: Any
    ) -> None:
        captured(session, order_id)
        refund = manual(session, order_id, OperationKind.REFUND, "20.00")

        answer = retry(refund, note="the provider was down")

        shown = answer.json["data"]
        assert (shown["state"], shown["failure_code"], shown["retried_at"] is None) == ("unknown", None, False)
        sweeper.sweep()
        assert operation(session, refund).state == OperationState.OK
        assert payment(session).refunded_amount == Decimal("20.00")
        [audit] = audits(session, "RETRY")
        assert (audit.entity_type, audit.entity_id, audit.actor_user_id) == ("payment", payment(session).id, admin.id)
        assert (audit.old_value, audit.new_value) == (
            {"state": "manual", "failure_code": "gave_up"},
            {"state": "unknown"},
        )
        assert audit.context == {"operation_id": refund, "kind": "refund", "note": "the provider was down"}
        assert audit.request_id
        assert_sound()

    def test_it_needs_no_body(self, client: FlaskClient, session: Session, order_id: int) -> None:
        capture = manual(session, order_id, OperationKind.CAPTURE)
        manager = sign_in(session, make_user(session, role=Role.MANAGER))

        answer = client.post(f"{OPERATIONS}/{capture}/retry", headers=manager)

        assert answer.status_code == 200

    def test_a_failed_capture_may_be_tried_again(self, session: Session, order_id: int, retry: Any) -> None:
        capture = give_to_a_person(session, ask(session, order_id, OperationKind.CAPTURE), OperationState.FAILED)

        answer = retry(capture)

        assert answer.status_code == 200
        sweeper.sweep()
        assert payment(session).captured_amount == Decimal("50.00")

    def test_after_a_retry_three_days_begin_anew(self, session: Session, order_id: int, retry: Any) -> None:
        capture = manual(session, order_id, OperationKind.CAPTURE)
        session.execute(text("UPDATE payment_operations SET created_at = now() - interval '80 hours'"))
        session.commit()
        retry(capture)
        session.execute(update(PaymentOperation).values(next_at=func.now() + timedelta(hours=1)))
        session.commit()

        sweeper.sweep()
        waiting = operation(session, capture).state
        session.execute(text("UPDATE payment_operations SET retried_at = now() - interval '73 hours'"))
        session.commit()
        sweeper.sweep()

        assert waiting == OperationState.UNKNOWN
        assert operation(session, capture).state == OperationState.MANUAL

    def test_what_is_given_up_stands_in_the_audit_trail(self, session: Session, order_id: int) -> None:
        capture = ask(session, order_id, OperationKind.CAPTURE)
        late = {"created_at": func.now() - timedelta(hours=73), "next_at": func.now() + timedelta(hours=1)}
        session.execute(update(PaymentOperation).where(PaymentOperation.id == capture).values(late))
        session.commit()

        sweeper.sweep()

        [audit] = audits(session, "NEEDS_ATTENTION")
        assert (audit.entity_type, audit.entity_id) == ("payment", payment(session).id)
        assert (audit.old_value, audit.new_value) == ({"state": "created"}, {"state": "manual"})
        assert audit.context == {"operation_id": capture, "reason": "gave_up"}

    @pytest.mark.parametrize("state", [OperationState.OK, OperationState.CREATED, OperationState.CANCELLED])
    def test_what_is_not_stuck_is_left_alone(
        self, session: Session, order_id: int, retry: Any, state: OperationState
    ) -> None:
        capture = give_to_a_person(session, ask(session, order_id, OperationKind.CAPTURE), state)

        answer = retry(capture)

        assert (answer.status_code, answer.json["error"]["code"]) == (409, "PAYMENT_OPERATION_NOT_RETRYABLE")
        assert answer.json["error"]["details"] == {"state": state, "kind": "capture"}

    def test_a_declined_authorization_is_not_tried_again(self, session: Session, order_id: int, retry: Any) -> None:
        authorization = give_to_a_person(session, one(session, PaymentOperation).id, OperationState.FAILED)

        assert retry(authorization).status_code == 409

    def test_an_unknown_operation_is_not_found(self, retry: Any, close: Any) -> None:
        for answer in (retry(999), close(999, DONE)):
            assert (answer.status_code, answer.json["error"]["code"]) == (404, "PAYMENT_OPERATION_NOT_FOUND")


class TestClosing:
    def test_a_refund_made_by_hand_is_booked_and_told(
        self, session: Session, order_id: int, close: Any, admin: User
    ) -> None:
        captured(session, order_id)
        refund = manual(session, order_id, OperationKind.REFUND, "20.00")

        answer = close(refund, DONE)

        paid = payment(session)
        assert answer.json["data"]["state"] == "ok"
        assert (paid.refunded_amount, paid.refund_pending_amount) == (Decimal("20.00"), Decimal("0.00"))
        assert session.execute(select(Journal).where(Journal.reference == f"refund:{refund}")).scalar_one()
        assert session.execute(select(OutboxEvent).where(OutboxEvent.topic == "order.refunded")).scalar_one()
        closed, booked = audits(session, "CLOSE", "REFUND")
        assert (closed.new_value, closed.actor_user_id) == ({"outcome": "done"}, admin.id)
        assert closed.context == {"operation_id": refund, "kind": "refund", "note": "seen on the dashboard"}
        assert (booked.actor_user_id, booked.new_value) == (
            admin.id,
            {"state": "ok", "amount": "20.00", "currency": "ILS"},
        )
        assert_sound()

    def test_a_closed_operation_is_not_closed_again(self, session: Session, order_id: int, close: Any) -> None:
        captured(session, order_id)
        refund = manual(session, order_id, OperationKind.REFUND, "20.00")
        close(refund, DONE)

        again = close(refund, DONE)

        assert (again.status_code, again.json["error"]["code"]) == (409, "PAYMENT_OPERATION_NOT_CLOSABLE")
        assert payment(session).refunded_amount == Decimal("20.00")

    def test_a_void_made_by_hand_is_settled(self, session: Session, order_id: int, close: Any) -> None:
        void = manual(session, order_id, OperationKind.VOID)

        answer = close(void, DONE)

        assert answer.json["data"]["state"] == "ok"
        assert [audit.new_value for audit in audits(session, "VOID")] == [
            {"state": "ok", "amount": "50.00", "currency": "ILS"}
        ]

    def test_a_void_made_by_hand_ends_an_order_that_waits_for_it(
        self, session: Session, order_id: int, close: Any
    ) -> None:
        void = manual(session, order_id, OperationKind.VOID)
        session.execute(update(Order).values(status=OrderStatus.CANCELLING, cancel_reason="payment_abandoned"))
        session.commit()

        close(void, DONE)

        assert one(session, Order).status == OrderStatus.CANCELED
        assert one(session, Inventory).available_quantity == 5

    def test_a_capture_made_by_hand_is_booked(self, session: Session, order_id: int, close: Any) -> None:
        capture = manual(session, order_id, OperationKind.CAPTURE, "40.00")

        answer = close(capture, DONE)

        assert answer.json["data"]["state"] == "ok"
        assert payment(session).captured_amount == Decimal("40.00")
        assert session.execute(select(Journal).where(Journal.reference == f"capture:{capture}")).scalar_one()

    def test_a_capture_that_will_not_be_made_has_failed(self, session: Session, order_id: int, close: Any) -> None:
        capture = manual(session, order_id, OperationKind.CAPTURE)

        answer = close(capture, NOT_DONE)

        shown = answer.json["data"]
        assert (shown["state"], shown["failure_code"]) == ("failed", "closed_by_hand")
        assert payment(session).captured_amount == Decimal("0.00")

    def test_money_taken_after_a_capture_was_closed_as_not_done_is_booked(
        self, session: Session, order_id: int, close: Any
    ) -> None:
        capture = manual(session, order_id, OperationKind.CAPTURE)
        close(capture, NOT_DONE)
        reference = payment(session).reference

        for _ in range(2):
            news = Outcome(Status.CAPTURED, Decimal("50.00"), "ILS")
            assert provider_events.apply(reference=reference, outcome=news)

        assert operation(session, capture).state is OperationState.OK
        assert payment(session).captured_amount == Decimal("50.00")
        assert session.execute(select(Journal).where(Journal.reference == f"capture:{capture}")).scalar_one()
        assert_sound()

    @pytest.mark.parametrize("status", [Status.UNKNOWN, Status.DECLINED, Status.VOIDED])
    def test_no_other_news_reopens_a_capture_closed_as_not_done(
        self, session: Session, order_id: int, close: Any, status: Status
    ) -> None:
        capture = manual(session, order_id, OperationKind.CAPTURE)
        close(capture, NOT_DONE)

        outcomes.apply(capture, Outcome(status))

        assert operation(session, capture).state is OperationState.FAILED

    def test_an_authorization_closed_as_not_done_cancels_its_order_at_the_provider_first(
        self, session: Session, shopper: Shopper, shop: Shop, close: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        authorization = unanswered(session, shopper, shop, monkeypatch)

        answer = close(authorization, NOT_DONE)

        order, stock = one(session, Order), one(session, Inventory)
        assert answer.json["data"]["state"] == "cancelled"
        assert (order.status, order.cancel_reason) == ("CANCELED", "payment_abandoned")
        assert (stock.available_quantity, stock.reserved_quantity) == (5, 0)
        assert session.execute(text("SELECT status FROM sandbox_payments")).scalar_one() == "voided"
        assert_sound()

    def test_no_stock_is_freed_while_the_provider_is_silent(
        self, session: Session, shopper: Shopper, shop: Shop, close: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        authorization = unanswered(session, shopper, shop, monkeypatch)
        with monkeypatch.context() as silent:
            silent.setattr(SandboxPayments, "cancel", lambda *_, **__: Outcome(Status.UNKNOWN))
            answer = close(authorization, NOT_DONE)

        assert answer.json["data"]["state"] == "unknown"
        assert (one(session, Order).status, one(session, Inventory).reserved_quantity) == ("CANCELLING", 2)
        session.execute(update(PaymentOperation).values(next_at=func.now()))
        session.commit()
        sweeper.sweep()
        assert (one(session, Order).status, one(session, Inventory).reserved_quantity) == ("CANCELED", 0)

    @pytest.mark.parametrize(
        ("kind", "body"),
        [(OperationKind.VOID, NOT_DONE), (OperationKind.REFUND, NOT_DONE), (OperationKind.AUTHORIZE, DONE)],
    )
    def test_what_cannot_be_known_by_hand_is_refused(
        self, session: Session, order_id: int, close: Any, kind: OperationKind, body: dict[str, str]
    ) -> None:
        stuck = one(session, PaymentOperation).id
        if kind is OperationKind.REFUND:
            captured(session, order_id)
        if kind is not OperationKind.AUTHORIZE:
            stuck = ask(session, order_id, kind)
        give_to_a_person(session, stuck)

        answer = close(stuck, body)

        assert (answer.status_code, operation(session, stuck).state) == (409, OperationState.MANUAL)

    def test_the_authorization_of_a_confirmed_order_is_not_closed(
        self, session: Session, order_id: int, close: Any
    ) -> None:
        authorization = give_to_a_person(session, one(session, PaymentOperation).id)

        answer = close(authorization, NOT_DONE)

        assert answer.status_code == 409
        assert one(session, Order).status == "CREATED"

    def test_only_what_waits_for_a_person_is_closed(self, session: Session, order_id: int, close: Any) -> None:
        capture = ask(session, order_id, OperationKind.CAPTURE)

        assert close(capture, DONE).status_code == 409
        assert payment(session).captured_amount == Decimal("0.00")

    def test_a_manager_may_not_close(self, client: FlaskClient, session: Session, order_id: int) -> None:
        capture = manual(session, order_id, OperationKind.CAPTURE)
        manager = sign_in(session, make_user(session, role=Role.MANAGER))

        answer = client.post(f"{OPERATIONS}/{capture}/close", json=DONE, headers=manager)

        assert (answer.status_code, answer.json["error"]["code"]) == (403, "AUTHORIZATION_ERROR")
        assert operation(session, capture).state == OperationState.MANUAL

    @pytest.mark.parametrize("body", [{"outcome": "done"}, {"outcome": "done", "note": "  "}, {"note": "done it"}])
    def test_the_outcome_and_a_note_are_needed(
        self, session: Session, order_id: int, close: Any, body: dict[str, str]
    ) -> None:
        capture = manual(session, order_id, OperationKind.CAPTURE)

        assert close(capture, body).status_code == 400


def unanswered(session: Session, shopper: Shopper, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> int:
    """An order whose authorization was given up without an answer, although the provider holds the money."""
    real = SandboxPayments.authorize

    def lose_the_answer(*args: Any, **kwargs: Any) -> Outcome:
        real(*args, **kwargs)
        return Outcome(Status.UNKNOWN)

    with monkeypatch.context() as lost:
        lost.setattr(SandboxPayments, "authorize", lose_the_answer)
        assert shopper.confirm(shop).status_code == 202
    return give_to_a_person(session, one(session, PaymentOperation).id)
