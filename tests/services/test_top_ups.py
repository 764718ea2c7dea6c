"""Loads of wallets through the payment provider: whatever breaks when, the books have what the provider took."""

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.clients.payments import Outcome, Status
from app.clients.sandbox_payments import SandboxPayments
from app.domain.enums import TopUpState
from app.models import AuditEvent, LiveEvent, PaymentToken, TopUp, WebhookEvent
from app.services.payments import sweeper
from app.services.top_ups import settling, starting, sweeping
from tests.factories import make_consumer, sign_in
from tests.market import fill_wallet
from tests.shopping import assert_sound, one

WALLET = "/api/v1/consumer/wallet"
DECLINED, NO_ANSWER, NEVER_ARRIVES = "4000000000000002", "4000000000000119", "4000000000000127"
ANSWERS_TWICE = "4000000000000259"


class Killed(BaseException):
    """The process died here."""


class Owner:
    def __init__(self, session: Session, client: FlaskClient) -> None:
        self.user, self.client = make_consumer(session), client
        self.headers = sign_in(session, self.user)

    def card(self, number: str) -> int:
        body = {"card_number": number}
        answer = self.client.post("/api/v1/me/payment-tokens", json=body, headers=self.headers)
        return int(answer.json["data"]["payment_token_id"])

    def load(self, *, key: str | None = None, amount: Any = 500, **body: Any) -> TestResponse:
        headers = {**self.headers, **({"Idempotency-Key": key} if key else {})}
        return self.client.post(f"{WALLET}/load", json={"amount": amount, **body}, headers=headers)

    def balance(self) -> float:
        return float(self.client.get(WALLET, headers=self.headers).json["data"]["balance"])

    def show(self, top_up_id: int) -> TestResponse:
        return self.client.get(f"{WALLET}/load/{top_up_id}", headers=self.headers)


@pytest.fixture
def owner(session: Session, client: FlaskClient) -> Owner:
    return Owner(session, client)


def captured(session: Session) -> Decimal:
    """What the provider took, by its own memory."""
    found: Decimal = session.execute(
        text("SELECT COALESCE(sum(captured_amount), 0) FROM sandbox_payments")
    ).scalar_one()
    return found


def assert_books_have(session: Session, owner: Owner, amount: str) -> None:
    """The wallet, the books and the provider agree."""
    owed = text("""
        SELECT COALESCE(-sum(amount), 0) FROM entries JOIN accounts ON accounts.id = account_id
        WHERE kind = 'psp_receivable'
    """)
    assert captured(session) == session.execute(owed).scalar_one() == Decimal(amount)
    assert owner.balance() == float(amount)
    assert_sound()


def make_due(session: Session, **age: timedelta) -> None:
    values: dict[str, Any] = {"next_at": func.now() - timedelta(seconds=1)}
    if age:
        values["created_at"] = func.now() - age["age"]
    session.execute(update(TopUp).values(**values))
    session.commit()


def die_at(monkeypatch: pytest.MonkeyPatch, name: str, *, after: bool) -> None:
    """Let the process die when it calls the provider so: before the call goes out, or before its answer is kept."""
    real = getattr(SandboxPayments, name)

    def dying(self: SandboxPayments, **values: Any) -> Outcome:
        if after:
            real(self, **values)
        raise Killed

    monkeypatch.setattr(SandboxPayments, name, dying)


def lose_answers(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let the provider do as it is told, and its answers be lost."""
    real = getattr(SandboxPayments, name)

    def losing(self: SandboxPayments, **values: Any) -> Outcome:
        real(self, **values)
        return Outcome(Status.UNKNOWN)

    monkeypatch.setattr(SandboxPayments, name, losing)


class TestLoading:
    def test_nobody_is_charged_for_what_the_wallet_cannot_hold(self, session: Session, owner: Owner) -> None:
        fill_wallet(session, owner.user, "9999999998.99")

        refused = owner.load(amount="1.01", key="one")
        loaded = owner.load(amount="1.00", key="one")

        assert (refused.status_code, refused.json["error"]["code"]) == (409, "BALANCE_TOO_LARGE")
        assert loaded.status_code == 200
        assert captured(session) == 1
        assert owner.balance() == 9999999999.99

    def test_the_money_is_taken_and_in_the_wallet(self, session: Session, owner: Owner) -> None:
        answer = owner.load(amount=500.25)

        made = answer.json["data"]
        assert answer.status_code == 200
        assert {name: made[name] for name in ("status", "amount", "reference", "balance", "failure_code")} == {
            "status": "paid",
            "amount": 500.25,
            "reference": "manual-load",
            "balance": 500.25,
            "failure_code": None,
        }
        assert owner.show(made["top_up_id"]).json["data"] == made
        assert_books_have(session, owner, "500.25")

    def test_the_history_shows_it_as_a_recharge_under_its_reference(self, owner: Owner) -> None:
        owner.load(reference="for groceries")

        (row,) = owner.client.get(f"{WALLET}/history", headers=owner.headers).json["data"]

        assert (row["type"], row["source"], row["reference"]) == ("recharge", "api", "for groceries")

    def test_a_declined_card_books_nothing(self, session: Session, owner: Owner) -> None:
        answer = owner.load(payment_token_id=owner.card(DECLINED))

        error = answer.json["error"]
        assert (answer.status_code, error["code"]) == (402, "PAYMENT_DECLINED")
        assert error["details"]["reason"] == "card_declined"
        shown = owner.show(error["details"]["top_up_id"]).json["data"]
        assert (shown["status"], shown["failure_code"]) == ("declined", "card_declined")
        assert_books_have(session, owner, "0")

    @pytest.mark.parametrize("amount", [0.99, 50000.01, 0, -5, "NaN"])
    def test_it_takes_1_to_50000(self, owner: Owner, amount: Any) -> None:
        assert owner.load(amount=amount).status_code == 400

    @pytest.mark.parametrize("amount", [1, 50000])
    def test_both_ends_are_taken(self, session: Session, owner: Owner, amount: int) -> None:
        assert owner.load(amount=amount).status_code == 200
        assert_books_have(session, owner, str(amount))

    def test_it_is_audited_and_told(self, session: Session, owner: Owner) -> None:
        made = owner.load().json["data"]

        trail = select(AuditEvent.action, AuditEvent.actor_user_id).where(AuditEvent.entity_type == "top_up")
        assert session.execute(trail.order_by(AuditEvent.id)).all() == [
            ("CREATE", owner.user.id),
            ("UPDATE_STATUS", None),
            ("UPDATE_STATUS", None),
        ]
        news = session.execute(select(LiveEvent.user_id, LiveEvent.topic, LiveEvent.payload)).one()
        assert news == (owner.user.id, "wallet.changed", {"top_up_id": made["top_up_id"], "status": "paid"})

    def test_a_load_is_shown_to_nobody_else(self, session: Session, client: FlaskClient, owner: Owner) -> None:
        made = owner.load().json["data"]

        assert Owner(session, client).show(made["top_up_id"]).status_code == 404


class TestMeansOfPayment:
    def charged(self, session: Session) -> int | None:
        return session.execute(select(TopUp.payment_token_id)).scalar_one()

    def test_without_one_the_default_is_charged(self, session: Session, owner: Owner) -> None:
        default, _ = owner.card("4242424242424242"), owner.card("4242424242424242")

        owner.load()

        assert self.charged(session) == default

    def test_who_has_none_uses_the_shared_one_of_the_sandbox(self, session: Session, owner: Owner) -> None:
        owner.load()

        assert self.charged(session) == 1

    def test_one_that_is_named_is_charged(self, session: Session, owner: Owner) -> None:
        _, other = owner.card("4242424242424242"), owner.card("4242424242424242")

        owner.load(payment_token_id=other)

        assert self.charged(session) == other

    def test_a_strangers_or_a_deleted_one_is_not_found(
        self, session: Session, client: FlaskClient, owner: Owner
    ) -> None:
        strangers, deleted = Owner(session, client).card("4242424242424242"), owner.card("4242424242424242")
        client.delete(f"/api/v1/me/payment-tokens/{deleted}", headers=owner.headers)

        answers = [owner.load(payment_token_id=token) for token in (strangers, deleted, 10**9)]

        assert {(a.status_code, a.json["error"]["code"]) for a in answers} == {(404, "PAYMENT_TOKEN_NOT_FOUND")}
        assert session.execute(select(func.count()).select_from(TopUp)).scalar_one() == 0

    def test_one_of_a_provider_the_shop_does_not_use_is_refused(self, session: Session, owner: Owner) -> None:
        token = owner.card("4242424242424242")
        session.execute(update(PaymentToken).where(PaymentToken.id == token).values(provider="stripe"))
        session.commit()

        assert owner.load(payment_token_id=token).json["error"]["code"] == "UNSUPPORTED_PROVIDER"


class TestRepeating:
    @pytest.mark.parametrize("form", [{"key": "k-1"}, {"reference": "october"}, {"key": "k-1", "reference": "october"}])
    def test_the_same_request_is_answered_again_and_charges_once(
        self, session: Session, owner: Owner, form: dict[str, str]
    ) -> None:
        first, second = (owner.load(amount=amount, **form) for amount in (500, "500.00"))

        assert "Idempotent-Replayed" not in first.headers
        assert second.headers["Idempotent-Replayed"] == "true"
        assert (second.status_code, second.json) == (200, first.json)
        assert_books_have(session, owner, "500")

    @pytest.mark.parametrize("form", [{"key": "k-1"}, {"reference": "october"}])
    def test_another_amount_under_the_same_name_is_refused(
        self, session: Session, owner: Owner, form: dict[str, str]
    ) -> None:
        owner.load(**form)

        answer = owner.load(amount=501, **form)

        assert (answer.status_code, answer.json["error"]["code"]) == (409, "IDEMPOTENCY_KEY_REUSE_MISMATCH")
        assert_books_have(session, owner, "500")

    def test_nameless_loads_all_count(self, session: Session, owner: Owner) -> None:
        for _ in range(2):
            owner.load(reference="manual-load")

        assert_books_have(session, owner, "1000")

    def test_a_declined_load_stays_declined_under_its_key(self, owner: Owner) -> None:
        card = owner.card(DECLINED)

        codes = [owner.load(key="k-1", payment_token_id=card).status_code for _ in range(2)]

        assert codes == [402, 402]

    def test_a_repeat_is_answered_also_when_the_means_of_payment_is_gone(
        self, client: FlaskClient, owner: Owner
    ) -> None:
        card = owner.card("4242424242424242")
        first = owner.load(key="k-1", payment_token_id=card)
        client.delete(f"/api/v1/me/payment-tokens/{card}", headers=owner.headers)

        assert owner.load(key="k-1", payment_token_id=card).json == first.json

    def test_a_key_is_of_one_user(self, session: Session, client: FlaskClient, owner: Owner) -> None:
        other = Owner(session, client)

        answers = [each.load(key="k-1").json["data"]["top_up_id"] for each in (owner, other)]

        assert answers[0] != answers[1]
        assert owner.balance() == other.balance() == 500

    def test_one_under_way_is_waited_for_and_then_called_pending(
        self, session: Session, owner: Owner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lose_answers(monkeypatch, "capture")
        monkeypatch.setattr(starting, "PATIENCE", 0.0)
        first = owner.load(key="k-1")

        second = owner.load(key="k-1")

        assert (first.status_code, second.status_code) == (202, 202)
        assert second.headers["Idempotent-Replayed"] == "true"
        assert second.json["data"]["status"] == "pending"


CRASHES = [("authorize", False), ("authorize", True), ("capture", False), ("capture", True)]


class TestCrashes:
    @pytest.mark.parametrize(("call", "after"), CRASHES)
    def test_wherever_the_process_dies_the_sweeper_ends_it_with_one_charge(
        self, session: Session, owner: Owner, monkeypatch: pytest.MonkeyPatch, call: str, after: bool
    ) -> None:
        with monkeypatch.context() as patch:
            die_at(patch, call, after=after)
            with pytest.raises(Killed):
                owner.load()
        assert owner.balance() == 0
        make_due(session)

        for _ in range(2):
            sweeper.sweep()

        assert one(session, TopUp).state is TopUpState.PAID
        assert_books_have(session, owner, "500")

    def test_a_death_between_the_capture_and_our_commit_books_it_later(
        self, session: Session, owner: Owner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def die(*_: Any, **__: Any) -> None:
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(settling.ledger, "post", die)
            with pytest.raises(Killed):
                owner.load()
        assert (captured(session), owner.balance()) == (500, 0)
        make_due(session)

        assert sweeping.sweep_top_ups() == 1
        assert_books_have(session, owner, "500")

    @pytest.mark.parametrize("call", ["authorize", "capture"])
    def test_a_lost_answer_is_pending_until_the_sweeper_has_asked(
        self, session: Session, owner: Owner, monkeypatch: pytest.MonkeyPatch, call: str
    ) -> None:
        with monkeypatch.context() as patch:
            lose_answers(patch, call)
            answer = owner.load()
        make_due(session)

        sweeping.sweep_top_ups()

        assert (answer.status_code, answer.json["data"]["status"]) == (202, "pending")
        assert answer.json["data"]["balance"] == 0
        assert owner.show(answer.json["data"]["top_up_id"]).json["data"]["status"] == "paid"
        assert_books_have(session, owner, "500")

    @pytest.mark.parametrize("card", [NO_ANSWER, NEVER_ARRIVES])
    def test_a_silent_card_is_asked_about_and_where_needed_sent_again(
        self, session: Session, owner: Owner, card: str
    ) -> None:
        answer = owner.load(payment_token_id=owner.card(card))
        make_due(session)

        sweeping.sweep_top_ups()

        assert answer.status_code == 202
        assert_books_have(session, owner, "500")

    def test_the_sweeper_leaves_a_new_one_to_its_request(
        self, session: Session, owner: Owner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            die_at(patch, "authorize", after=False)
            with pytest.raises(Killed):
                owner.load()

        assert sweeping.sweep_top_ups() == 0

    def test_one_that_never_arrived_is_not_charged_once_its_time_is_over(
        self, session: Session, owner: Owner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            die_at(patch, "authorize", after=False)
            with pytest.raises(Killed):
                owner.load()
        make_due(session, age=timedelta(minutes=15, seconds=10))
        sweeping.sweep_top_ups()
        between = one(session, TopUp).state

        make_due(session, age=timedelta(minutes=16))
        sweeping.sweep_top_ups()

        assert (between, one(session, TopUp).state) == (TopUpState.CREATED, TopUpState.DECLINED)
        assert_books_have(session, owner, "0")

    def test_a_means_of_payment_deleted_meanwhile_is_not_charged(
        self, session: Session, owner: Owner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            die_at(patch, "authorize", after=False)
            with pytest.raises(Killed):
                owner.load()
        session.execute(update(TopUp).values(payment_token_id=None))
        make_due(session)

        sweeping.sweep_top_ups()

        assert one(session, TopUp).failure_code == "payment_token_deleted"
        assert_books_have(session, owner, "0")

    def test_a_poisoned_one_blocks_no_other_and_comes_back_later(
        self, session: Session, owner: Owner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            lose_answers(patch, "capture")
            ids = [owner.load().json["data"]["top_up_id"] for _ in range(2)]
        make_due(session)
        real = settling.resume

        def fail_on_first(top_up_id: int) -> TopUpState:
            if top_up_id == ids[0]:
                raise RuntimeError("poisoned")
            return real(top_up_id)

        monkeypatch.setattr(settling, "resume", fail_on_first)

        assert sweeping.sweep_top_ups() == 2
        assert [owner.show(each).json["data"]["status"] for each in ids] == ["pending", "paid"]
        assert sweeping.sweep_top_ups() == 0


class TestLeftToAPerson:
    @pytest.mark.parametrize(
        "answer",
        [
            Outcome(Status.AUTHORIZED, Decimal("499.99"), "ILS", "sbx_1"),
            Outcome(Status.AUTHORIZED, Decimal("500.00"), "EUR", "sbx_1"),
            Outcome(Status.CAPTURED, Decimal("600.00"), "ILS", "sbx_1"),
            Outcome(Status.REFUNDED, Decimal("500.00"), "ILS", "sbx_1"),
        ],
        ids=lambda outcome: f"{outcome.status}-{outcome.amount}-{outcome.currency}",
    )
    def test_an_answer_about_other_money_books_nothing(
        self, session: Session, owner: Owner, monkeypatch: pytest.MonkeyPatch, answer: Outcome
    ) -> None:
        monkeypatch.setattr(SandboxPayments, "authorize", lambda *_, **__: answer)

        said = owner.load()

        assert (said.status_code, said.json["data"]["status"]) == (202, "in_review")
        assert one(session, TopUp).state is TopUpState.MANUAL
        assert "NEEDS_ATTENTION" in session.execute(select(AuditEvent.action)).scalars().all()
        assert owner.balance() == 0

    def test_a_hold_that_cannot_be_taken_is_not_called_declined(
        self, session: Session, owner: Owner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refusal = Outcome(Status.DECLINED, failure_code="expired")
        monkeypatch.setattr(SandboxPayments, "capture", lambda *_, **__: refusal)

        owner.load()

        assert one(session, TopUp).state is TopUpState.MANUAL

    def test_after_three_days_without_an_end(
        self, session: Session, owner: Owner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lose_answers(monkeypatch, "capture")
        owner.load()
        monkeypatch.setattr(SandboxPayments, "find", lambda *_, **__: Outcome(Status.UNKNOWN))
        make_due(session, age=timedelta(hours=71))
        sweeping.sweep_top_ups()
        before = one(session, TopUp).state
        make_due(session, age=timedelta(hours=73))

        sweeping.sweep_top_ups()

        assert (before, one(session, TopUp).state) == (TopUpState.AUTHORIZED, TopUpState.MANUAL)
        assert one(session, TopUp).failure_code == "gave_up"

    def test_it_is_never_settled_by_itself_again(self, session: Session, owner: Owner) -> None:
        owner.load()
        top_up_id = one(session, TopUp).id
        session.execute(update(TopUp).values(state=TopUpState.MANUAL))
        make_due(session)

        assert sweeping.sweep_top_ups() == 0
        for status in (Status.CAPTURED, Status.AUTHORIZED, Status.DECLINED, Status.REFUNDED):
            assert settling.apply(top_up_id, Outcome(status)) is TopUpState.MANUAL


class TestOutcomesByRank:
    def test_a_late_refusal_takes_nothing_back(self, session: Session, owner: Owner) -> None:
        top_up_id = owner.load().json["data"]["top_up_id"]

        for status in (Status.DECLINED, Status.VOIDED, Status.AUTHORIZED, Status.UNKNOWN, Status.CAPTURED):
            assert settling.apply(top_up_id, Outcome(status)) is TopUpState.PAID

        assert_books_have(session, owner, "500")

    def test_money_that_was_taken_after_all_is_booked(self, session: Session, owner: Owner) -> None:
        owner.load(payment_token_id=owner.card(DECLINED))
        top_up_id = one(session, TopUp).id

        state = settling.apply(top_up_id, Outcome(Status.CAPTURED, Decimal("500.00"), "ILS", "sbx_late"))

        assert (state, owner.balance()) == (TopUpState.PAID, 500)

    def test_a_hold_after_a_refusal_is_left_to_a_person(self, session: Session, owner: Owner) -> None:
        owner.load(payment_token_id=owner.card(DECLINED))

        state = settling.apply(one(session, TopUp).id, Outcome(Status.AUTHORIZED, Decimal("500.00"), "ILS", "sbx_late"))

        assert state is TopUpState.MANUAL


class TestWebhooks:
    def news(self, session: Session, **data: Any) -> WebhookEvent:
        told = {"status": "authorized", "amount": "500.00", "currency": "ILS", "provider_reference": "x", **data}
        event_id = f"evt_{uuid.uuid4().hex}"
        raw = orjson.dumps({"id": event_id, "type": "payment.changed", "data": told}).decode()
        row = WebhookEvent(provider="mockpay", event_id=event_id, raw=raw)
        session.add(row)
        session.commit()
        return row

    def test_news_about_an_open_one_lets_the_sweeper_ask_at_once(
        self, session: Session, owner: Owner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            lose_answers(patch, "authorize")
            owner.load()
        event = self.news(session, reference=one(session, TopUp).reference)

        swept = sweeper.sweep()

        assert (swept["webhooks"], swept["top_ups"]) == (1, 1)
        session.refresh(event)
        assert event.note == "a payment into a wallet: asked about at once"
        assert_books_have(session, owner, "500")

    def test_what_it_says_of_the_money_is_not_believed(
        self, session: Session, owner: Owner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            die_at(patch, "authorize", after=False)
            with pytest.raises(Killed):
                owner.load(payment_token_id=owner.card(DECLINED))
        self.news(session, reference=one(session, TopUp).reference, status="captured")

        sweeper.sweep()

        assert one(session, TopUp).state is TopUpState.DECLINED
        assert_books_have(session, owner, "0")

    def test_a_card_whose_news_come_twice_is_charged_once(self, session: Session, owner: Owner) -> None:
        owner.load(payment_token_id=owner.card(ANSWERS_TWICE))

        swept = sweeper.sweep()

        assert (swept["webhooks"], swept["top_ups"]) == (2, 0)
        assert_books_have(session, owner, "500")
