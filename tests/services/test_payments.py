"""Payment operations: crash, silence, lateness, capture, void and refund."""

import itertools
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from app.clients.payments import Outcome, Status
from app.clients.providers import payment_client
from app.clients.sandbox_payments import SandboxPayments
from app.config import settings
from app.domain.enums import OperationKind, OperationState
from app.models import Entry, IdempotencyKey, Inventory, Journal, Order, Payment, PaymentOperation, SlotOccurrence
from app.schemas.checkout import ConfirmRequest
from app.services import locks
from app.services.checkout import answers, releasing
from app.services.checkout.confirm import ROUTE, confirm, request_hash
from app.services.checkout.errors import KeyReused
from app.services.checkout.placing import place
from app.services.checkout.writing import Key
from app.services.payments import outcomes, provider_events, sending, settlement, sweeper
from app.transaction import transaction
from tests import factories
from tests.shopping import DEMO_CARD, Shop, Shopper, assert_sound, make_shopper, one, open_shop

NEVER_ARRIVES = "4000000000000127"
ANSWERS_TWICE = "4000000000000259"


@pytest.fixture
def shop(session: Session) -> Shop:
    return open_shop(session, stock=5)


@pytest.fixture
def shopper(client: FlaskClient, session: Session, shop: Shop) -> Shopper:
    made = make_shopper(session, client)
    made.add(shop.products[0], 2)
    return made


def form_of(shopper: Shopper, shop: Shop) -> ConfirmRequest:
    return ConfirmRequest(cart_id=shopper.cart_id(), payment_token_id=DEMO_CARD, delivery_slot_id=shop.slot.id)


def place_only(session: Session, shopper: Shopper, shop: Shop) -> int:
    """T1 and no more, as when the process dies right after its commit."""
    form = form_of(shopper, shop)
    caller = factories.caller_of(session, shopper.user)
    return place(form, Key(f"user:{caller.user_id}", ROUTE, "crashed", request_hash(form)), caller).order_id


def make_due(session: Session) -> None:
    session.execute(update(PaymentOperation).values(next_at=func.now() - timedelta(seconds=1)))
    session.commit()


def make_late(session: Session) -> None:
    session.execute(update(Order).values(pay_deadline=func.now() - timedelta(seconds=1)))
    make_due(session)


def operations(session: Session) -> dict[str, str]:
    rows = session.execute(select(PaymentOperation.kind, PaymentOperation.state)).all()
    return {row.kind: row.state for row in rows}


class TestAfterACrash:
    def test_the_sweeper_finishes_an_order_whose_process_died_before_paying(
        self, session: Session, shopper: Shopper, shop: Shop
    ) -> None:
        place_only(session, shopper, shop)
        make_due(session)

        swept = sweeper.sweep()

        assert swept["payment_operations"] == 1
        assert one(session, Order).status == "CREATED"
        assert one(session, Payment).authorized_amount == Decimal("50.00")
        assert_sound()

    def test_the_clients_retry_finishes_it_too_and_the_sweeper_then_finds_nothing(
        self, session: Session, shopper: Shopper, shop: Shop
    ) -> None:
        form = form_of(shopper, shop)
        order_id = place_only(session, shopper, shop)

        decision = confirm(form, "crashed", factories.caller_of(session, shopper.user))

        assert (decision.status, decision.body["data"]["order_id"]) == (201, order_id)
        make_due(session)
        assert sweeper.sweep()["payment_operations"] == 0

    def test_an_answer_lost_after_the_hold_is_found_by_the_sweeper(
        self, session: Session, shopper: Shopper, shop: Shop
    ) -> None:
        place_only(session, shopper, shop)
        payment = one(session, Payment)
        payment_client(settings()).authorize(
            reference=payment.reference,
            token="sandbox-approve",
            amount=payment.requested_amount,
            currency="ILS",
            idempotency_key="lost",
        )
        make_due(session)

        sweeper.sweep()

        assert one(session, Order).status == "CREATED"
        assert session.execute(text("SELECT count(*) FROM sandbox_payments")).scalar_one() == 1

    def test_a_request_that_never_arrived_is_sent_again(self, session: Session, shopper: Shopper, shop: Shop) -> None:
        token = shopper.post("/me/payment-tokens", json={"card_number": NEVER_ARRIVES}).json["data"]
        pending = shopper.confirm(shop, payment_token_id=token["payment_token_id"])
        make_due(session)

        sweeper.sweep()

        assert pending.status_code == 202
        assert one(session, Order).status == "CREATED"


def test_a_shopper_who_asks_again_is_told_of_a_hold_whose_key_brings_only_failures(
    session: Session, shopper: Shopper, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    form, caller = form_of(shopper, shop), factories.caller_of(session, shopper.user)
    held = SandboxPayments.authorize

    def keep_a_500(client: SandboxPayments, **call: Any) -> Outcome:
        held(client, **call)
        return Outcome(Status.UNKNOWN)

    monkeypatch.setattr(SandboxPayments, "authorize", keep_a_500)

    asked = [confirm(form, "again", caller).status for _ in range(2)]

    assert asked == [202, 201]
    assert one(session, Order).status == "CREATED"


def test_a_shopper_who_keeps_asking_does_not_push_the_sweepers_next_try_back(
    session: Session, shopper: Shopper, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the provider repeats the 500 it kept under the key: only the sweeper finds out what became of it."""
    form, caller = form_of(shopper, shop), factories.caller_of(session, shopper.user)
    monkeypatch.setattr(SandboxPayments, "authorize", lambda *_, **__: Outcome(Status.UNKNOWN))
    monkeypatch.setattr(SandboxPayments, "find", lambda *_, **__: Outcome(Status.UNKNOWN))
    asked = [confirm(form, "impatient", caller).status for _ in range(8)]
    make_due(session)

    sweeper.sweep()

    pause = session.execute(select(PaymentOperation.next_at - func.now())).scalar_one()
    assert asked == [202] * 8
    assert pause <= sweeper.PAUSES[0]


class Next(ConfirmRequest):
    """The request of a later version, with a field more."""

    note_to_the_driver: str | None = None


def test_a_key_still_fits_its_request_after_an_update_that_adds_a_field(shopper: Shopper, shop: Shop) -> None:
    form = form_of(shopper, shop)

    assert request_hash(Next(**form.model_dump())) == request_hash(form)
    assert request_hash(Next(**form.model_dump(), note_to_the_driver="hurry")) != request_hash(form)


class TestPastTheDeadline:
    def test_an_unpaid_order_is_cancelled_and_a_late_payment_refused(
        self, session: Session, shopper: Shopper, shop: Shop
    ) -> None:
        place_only(session, shopper, shop)
        make_late(session)

        sweeper.sweep()

        order, stock = one(session, Order), one(session, Inventory)
        assert (order.status, order.cancel_reason) == ("CANCELED", "payment_abandoned")
        assert (stock.available_quantity, stock.reserved_quantity) == (5, 0)
        late = payment_client(settings()).authorize(
            reference=one(session, Payment).reference,
            token="sandbox-approve",
            amount=Decimal("50.00"),
            currency="ILS",
            idempotency_key="late",
        )
        assert late.status is Status.VOIDED
        assert_sound()

    def test_a_retry_after_the_deadline_starts_no_payment(self, session: Session, shopper: Shopper, shop: Shop) -> None:
        form = form_of(shopper, shop)
        place_only(session, shopper, shop)
        make_late(session)

        decision = confirm(form, "crashed", factories.caller_of(session, shopper.user))

        assert decision.status == 202
        assert session.execute(text("SELECT count(*) FROM sandbox_payments")).scalar_one() == 0

    def test_after_the_fence_an_authorization_does_not_confirm_but_is_let_go(
        self, session: Session, shopper: Shopper, shop: Shop
    ) -> None:
        order_id = place_only(session, shopper, shop)
        operation = one(session, PaymentOperation)
        with transaction() as opened:
            sweeper.fence(opened, order_id=order_id, reason="payment_abandoned")

        outcomes.apply(operation.id, Outcome(Status.AUTHORIZED, Decimal("50.00"), "ILS", "late-reference"))

        assert one(session, Order).status == "CANCELLING"
        assert operations(session) == {"authorize": "ok", "void": "created"}
        sweeper.sweep()
        assert one(session, Order).status == "CANCELED"
        assert one(session, Inventory).reserved_quantity == 0
        assert_sound()

    def test_a_provider_without_tombstones_is_told_only_when_no_request_is_on_its_way(
        self, session: Session, shopper: Shopper, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(SandboxPayments, "leaves_tombstones", False)
        place_only(session, shopper, shop)
        session.execute(text("UPDATE payment_operations SET state = 'sent', updated_at = now()"))
        make_late(session)

        sweeper.sweep()
        waiting = one(session, Order).status
        make_due(session)
        session.execute(text("UPDATE payment_operations SET updated_at = now() - interval '1 minute'"))
        sweeper.sweep()

        assert waiting == "CANCELLING"
        assert one(session, Order).status == "CANCELED"

    def test_a_success_that_arrives_for_a_cancelled_order_is_voided(
        self, session: Session, shopper: Shopper, shop: Shop
    ) -> None:
        place_only(session, shopper, shop)
        reference = one(session, Payment).reference
        make_late(session)
        sweeper.sweep()

        changed = provider_events.apply(
            reference=reference, outcome=Outcome(Status.AUTHORIZED, Decimal("50.00"), "ILS", "late")
        )
        sweeper.sweep()

        assert changed
        assert one(session, Order).status == "CANCELED"
        assert operations(session)["void"] == "ok"
        assert_sound()


def test_what_is_released_twice_is_free_once(session: Session, shopper: Shopper, shop: Shop) -> None:
    shopper.confirm(shop)
    order = one(session, Order)
    columns = ("order_number", "user_id", "status", "stock_location_id", "channel")
    facts = releasing.OrderFacts(order_id=order.id, **{name: getattr(order, name) for name in columns})
    answer = answers.declined(order_id=order.id, failure_code="user")

    for _ in range(2):
        with transaction() as opened:
            releasing.cancel(opened, facts, reason="user", answer=answer)

    stock = one(session, Inventory)
    assert (stock.available_quantity, stock.reserved_quantity) == (5, 0)
    assert one(session, SlotOccurrence).booked == 0


def test_a_decided_order_cannot_be_fenced(session: Session, shopper: Shopper, shop: Shop) -> None:
    order_id = shopper.confirm(shop).json["data"]["order_id"]

    with transaction() as opened:
        fenced = sweeper.fence(opened, order_id=order_id, reason="user")

    assert not fenced
    assert one(session, Order).status == "CREATED"


def test_the_key_of_an_undecided_payment_outlives_its_time(session: Session, shopper: Shopper, shop: Shop) -> None:
    form = form_of(shopper, shop)
    order_id = place_only(session, shopper, shop)
    session.execute(update(IdempotencyKey).values(expires_at=func.now() - timedelta(seconds=1)))
    session.commit()
    sweeper.sweep()

    changed = form.model_copy(update={"address": "Elsewhere 5, Haifa"})
    caller = factories.caller_of(session, shopper.user)
    with pytest.raises(KeyReused):
        confirm(changed, "crashed", caller)
    assert confirm(form, "crashed", caller).body["data"]["order_id"] == order_id


def test_a_key_bound_in_the_moment_of_the_decision_gets_its_answer_from_the_sweep(
    session: Session, shopper: Shopper, shop: Shop
) -> None:
    cart_id = shopper.cart_id()
    first = shopper.confirm(shop, key="one", cart_id=cart_id)
    shopper.confirm(shop, key="two", cart_id=cart_id)
    session.execute(text("UPDATE idempotency_keys SET state = 'placed', status = NULL, body = NULL WHERE key = 'two'"))
    session.commit()

    swept = sweeper.sweep()

    bodies = session.execute(select(IdempotencyKey.status, IdempotencyKey.body)).all()
    assert swept["answers"] == 1
    assert [tuple(row) for row in bodies] == [(201, first.json)] * 2


class TestAnswerUnderWay:
    """What is on its way, settled or fenced is not sent once more."""

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param("UPDATE payment_operations SET state = 'sent', updated_at = now()", id="on its way"),
            pytest.param("UPDATE payment_operations SET state = 'manual'", id="left to a person"),
            pytest.param("UPDATE orders SET status = 'CANCELLING'", id="fenced"),
        ],
    )
    def test_it_is_not_sent_again(self, session: Session, shopper: Shopper, shop: Shop, change: str) -> None:
        order_id = place_only(session, shopper, shop)
        session.execute(text(change))
        session.commit()

        assert sending.authorize(order_id) is None
        assert session.execute(text("SELECT count(*) FROM sandbox_payments")).scalar_one() == 0

    def test_a_request_lost_with_its_process_is_sent_again_after_a_while(
        self, session: Session, shopper: Shopper, shop: Shop
    ) -> None:
        order_id = place_only(session, shopper, shop)
        session.execute(
            text("UPDATE payment_operations SET state = 'sent', updated_at = now() - interval '21 seconds'")
        )
        session.commit()

        decision = sending.authorize(order_id)

        assert decision is not None
        assert decision.status == 201


class TestOddAnswers:
    @pytest.mark.parametrize("later", [Status.AUTHORIZED, Status.DECLINED, Status.VOIDED])
    def test_what_a_person_must_look_at_no_later_news_changes(
        self, session: Session, shopper: Shopper, shop: Shop, later: Status
    ) -> None:
        shopper.confirm(shop)
        operation = one(session, PaymentOperation)
        session.execute(update(PaymentOperation).values(state=OperationState.MANUAL))
        session.commit()

        outcomes.apply(operation.id, Outcome(later, Decimal("50.00"), "ILS", "x"))

        assert one(session, Order).status == "CREATED"
        assert operations(session) == {"authorize": "manual"}

    def test_another_amount_is_never_applied_but_left_to_a_person(
        self, session: Session, shopper: Shopper, shop: Shop
    ) -> None:
        place_only(session, shopper, shop)

        outcomes.apply(one(session, PaymentOperation).id, Outcome(Status.AUTHORIZED, Decimal("49.99"), "ILS", "x"))

        assert one(session, PaymentOperation).state == OperationState.MANUAL
        assert one(session, Order).status == "PENDING_PAYMENT"

    def test_another_currency_is_left_to_a_person(self, session: Session, shopper: Shopper, shop: Shop) -> None:
        place_only(session, shopper, shop)

        outcomes.apply(one(session, PaymentOperation).id, Outcome(Status.AUTHORIZED, Decimal("50.00"), "USD", "x"))

        assert one(session, PaymentOperation).state == OperationState.MANUAL

    def test_a_decline_that_arrives_after_the_authorization_changes_nothing(
        self, session: Session, shopper: Shopper, shop: Shop
    ) -> None:
        shopper.confirm(shop)

        outcomes.apply(one(session, PaymentOperation).id, Outcome(Status.DECLINED, failure_code="late"))

        assert one(session, Order).status == "CREATED"
        assert one(session, PaymentOperation).state == OperationState.OK

    def test_silence_never_overrules_an_authorization(self, session: Session, shopper: Shopper, shop: Shop) -> None:
        shopper.confirm(shop)

        outcomes.apply(one(session, PaymentOperation).id, Outcome(Status.UNKNOWN))

        assert one(session, PaymentOperation).state == OperationState.OK

    def test_a_provider_that_answers_twice_charges_once(self, session: Session, shopper: Shopper, shop: Shop) -> None:
        token = shopper.post("/me/payment-tokens", json={"card_number": ANSWERS_TWICE}).json["data"]
        answer = shopper.confirm(shop, payment_token_id=token["payment_token_id"])

        swept = sweeper.sweep()

        assert answer.status_code == 201
        assert swept["webhooks"] == 2
        assert one(session, Payment).authorized_amount == Decimal("50.00")
        assert_sound()

    def test_one_poisoned_operation_does_not_block_the_next(
        self, session: Session, client: FlaskClient, shopper: Shopper, shop: Shop
    ) -> None:
        place_only(session, shopper, shop)
        session.execute(text("UPDATE payments SET provider = 'stripe'"))
        session.execute(text("UPDATE orders SET pay_deadline = now() - interval '1 minute'"))
        session.execute(
            text("""INSERT INTO sandbox_payments (reference, provider_reference, status, authorized_amount)
                    SELECT reference, 'poison', 'nonsense', 1 FROM payments""")
        )
        other = make_shopper(session, client)
        other.add(shop.products[0])
        healthy = place_only(session, other, shop)
        make_due(session)

        sweeper.sweep()

        assert session.execute(select(Order.status).where(Order.id == healthy)).scalar_one() == "CREATED"

    def test_a_slow_provider_holds_up_other_background_work_for_seconds_only(
        self, session: Session, client: FlaskClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(4):
            buyer = make_shopper(session, client)
            buyer.add(shop.products[0])
            place_only(session, buyer, shop)
        make_due(session)
        clock = itertools.count(0, 4)
        monkeypatch.setattr(sweeper, "time", SimpleNamespace(monotonic=lambda: next(clock)))

        swept = sweeper.sweep()

        untouched = select(func.count()).where(PaymentOperation.next_at < func.now())
        assert swept["payment_operations"] == 1
        assert session.execute(untouched).scalar_one() == 3

    def test_after_three_days_an_operation_is_handed_to_a_person(
        self, session: Session, shopper: Shopper, shop: Shop
    ) -> None:
        place_only(session, shopper, shop)
        session.execute(text("UPDATE payment_operations SET created_at = now() - interval '73 hours'"))
        session.commit()

        sweeper.sweep()

        assert one(session, PaymentOperation).state == OperationState.MANUAL


def locked_payment(opened: Session, order_id: int) -> Payment:
    payment = locks.payment_of(opened, order_id=order_id)
    assert payment is not None
    return payment


def capture(order_id: int, amount: str) -> None:
    with transaction() as opened:
        operation_id = settlement.request_capture(opened, locked_payment(opened, order_id), amount=Decimal(amount))
    sweeper.settle(operation_id)


def refund(order_id: int, amount: str) -> None:
    with transaction() as opened:
        operation_id = settlement.request_refund(opened, locked_payment(opened, order_id), amount=Decimal(amount))
    sweeper.settle(operation_id)


class TestSettlement:
    @pytest.fixture
    def order_id(self, shopper: Shopper, shop: Shop) -> int:
        return int(shopper.confirm(shop).json["data"]["order_id"])

    @pytest.mark.parametrize("amount", ["50.00", "31.40"])
    def test_a_capture_up_to_the_hold_is_taken_and_booked(self, session: Session, order_id: int, amount: str) -> None:
        capture(order_id, amount)

        assert one(session, Payment).captured_amount == Decimal(amount)
        amounts = session.execute(select(Entry.amount).order_by(Entry.amount)).scalars().all()
        assert amounts == [-Decimal(amount), Decimal(amount)]
        assert_sound()

    def test_a_capture_above_the_hold_is_refused(self, order_id: int) -> None:
        with pytest.raises(settlement.AmountNotAvailable):
            capture(order_id, "50.01")

    def test_a_second_capture_is_refused(self, session: Session, order_id: int) -> None:
        capture(order_id, "20.00")

        with pytest.raises(settlement.AmountNotAvailable):
            capture(order_id, "10.00")

    def test_refunds_never_exceed_what_was_captured(self, session: Session, order_id: int) -> None:
        capture(order_id, "40.00")
        refund(order_id, "15.00")
        refund(order_id, "25.00")

        with pytest.raises(settlement.AmountNotAvailable):
            refund(order_id, "0.01")
        assert one(session, Payment).refunded_amount == Decimal("40.00")
        assert session.execute(select(func.sum(Entry.amount))).scalar_one() == 0
        assert len(session.execute(select(Journal)).all()) == 3
        assert_sound()

    def test_late_news_of_one_refund_is_not_taken_for_another_of_the_same_amount(
        self, session: Session, order_id: int
    ) -> None:
        capture(order_id, "40.00")
        refund(order_id, "15.00")
        with transaction() as opened:
            settlement.request_refund(opened, locked_payment(opened, order_id), amount=Decimal("15.00"))

        provider_events.apply(
            reference=one(session, Payment).reference,
            outcome=Outcome(Status.REFUNDED, Decimal("15.00"), "ILS", "news of the first"),
        )
        before = one(session, Payment).refunded_amount
        sweeper.sweep()

        assert before == Decimal("15.00")
        assert one(session, Payment).refunded_amount == Decimal("30.00")
        assert session.execute(text("SELECT refunded_amount FROM sandbox_payments")).scalar_one() == Decimal("30.00")

    def test_news_of_a_refund_has_it_asked_for_at_once(self, session: Session, order_id: int) -> None:
        capture(order_id, "40.00")
        with transaction() as opened:
            settlement.request_refund(opened, locked_payment(opened, order_id), amount=Decimal("15.00"))
        session.execute(update(PaymentOperation).values(next_at=func.now() + timedelta(hours=1)))
        session.commit()

        changed = provider_events.apply(
            reference=one(session, Payment).reference,
            outcome=Outcome(Status.REFUNDED, Decimal("15.00"), "ILS", "re_1"),
        )

        assert changed
        assert sweeper.sweep()["payment_operations"] == 1
        assert one(session, Payment).refunded_amount == Decimal("15.00")

    @pytest.mark.parametrize("amount", ["0", "-1.00"])
    def test_nothing_and_less_than_nothing_cannot_be_captured(self, order_id: int, amount: str) -> None:
        with pytest.raises(settlement.AmountNotAvailable):
            capture(order_id, amount)

    def test_cancelling_after_a_capture_gives_the_money_back(
        self, session: Session, shopper: Shopper, order_id: int
    ) -> None:
        capture(order_id, "50.00")

        shopper.post(f"/orders/{order_id}/cancel")

        assert one(session, Payment).refunded_amount == Decimal("50.00")
        assert operations(session)[OperationKind.REFUND] == "ok"
        assert_sound()

    def test_an_answer_that_comes_twice_is_booked_once(self, session: Session, order_id: int) -> None:
        capture(order_id, "50.00")
        refund(order_id, "20.00")
        money = {OperationKind.CAPTURE: Status.CAPTURED, OperationKind.REFUND: Status.REFUNDED}
        done = session.execute(select(PaymentOperation).where(PaymentOperation.kind.in_(money))).scalars().all()

        for operation in done:
            outcomes.apply(operation.id, Outcome(money[operation.kind], operation.amount, "ILS", "x"))

        payment = one(session, Payment)
        amounts = (payment.captured_amount, payment.refunded_amount, payment.refund_pending_amount)
        assert (len(done), *amounts) == (2, Decimal("50.00"), Decimal("20.00"), Decimal("0.00"))

    def test_what_is_being_refunded_cannot_be_refunded_again(self, session: Session, order_id: int) -> None:
        capture(order_id, "40.00")
        with transaction() as opened:
            settlement.request_refund(opened, locked_payment(opened, order_id), amount=Decimal("30.00"))

        with pytest.raises(settlement.AmountNotAvailable):
            refund(order_id, "10.01")

    def test_settling_an_operation_twice_books_it_once(self, session: Session, order_id: int) -> None:
        with transaction() as opened:
            operation_id = settlement.request_capture(opened, locked_payment(opened, order_id), amount=Decimal("50.00"))

        sweeper.settle(operation_id)
        sweeper.settle(operation_id)

        assert one(session, Payment).captured_amount == Decimal("50.00")
        assert len(session.execute(select(Journal)).all()) == 1
