"""Races around money, with real commits, twenty rounds each."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import AccountKind, JournalReason, OrderStatus, PaymentMethod, Role
from app.models import Account, Entry, Journal, Payout, TopUp
from app.services import invariants
from app.services.top_ups import sweeping
from app.services.wallets import maturing
from tests.books import give, make_bank
from tests.concurrency.racing import at_once
from tests.conftest import Live
from tests.factories import make_consumer, make_shop, make_shop_order, make_user, make_vendor, sign_in
from tests.services.test_maturing import PAST

WALLET = "/api/v1/consumer/wallet"
VENDOR = "/api/v1/vendor/wallet"
ROUNDS = 20
THREADS = 6


@pytest.fixture
def rounds(live: Live) -> Any:
    """Sessions on the live database, inside the application."""
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        yield session


def race(live: Live, *calls: Callable[[Any], TestResponse], times: int = THREADS) -> list[TestResponse]:
    """Each call by a client of its own, all at the same moment, over and over until there are `times`."""
    chosen = [calls[number % len(calls)] for number in range(times)]
    return at_once([partial(call, live.client()) for call in chosen])


def codes_of(answers: list[TestResponse]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


def balance(session: Session, kind: AccountKind, owner_id: int) -> float:
    session.expire_all()
    found = select(Account.balance).where(Account.kind == kind, Account.owner_id == owner_id)
    return float(session.execute(found).scalar_one() or 0)


def assert_books_agree(session: Session) -> None:
    session.rollback()
    assert {name: count for name, count in invariants.violations().items() if count} == {}


def test_the_first_use_of_a_wallet_by_many_opens_one(live: Live, rounds: Session) -> None:
    for _ in range(ROUNDS):
        owner = make_consumer(rounds)
        headers = sign_in(rounds, owner)

        answers = race(
            live,
            lambda client, headers=headers: client.post(f"{WALLET}/refund", json={"amount": 1}, headers=headers),
            lambda client, headers=headers: client.get(WALLET, headers=headers),
        )

        opened = select(func.count()).where(Account.kind == AccountKind.WALLET, Account.owner_id == owner.id)
        assert codes_of(answers) == [200] * THREADS
        assert rounds.execute(opened).scalar_one() == 1
        assert balance(rounds, AccountKind.WALLET, owner.id) == THREADS / 2
    assert_books_agree(rounds)


def test_parallel_debits_never_overdraw(live: Live, rounds: Session) -> None:
    for _ in range(ROUNDS):
        owner = make_consumer(rounds)
        headers = sign_in(rounds, owner)
        give(rounds, AccountKind.WALLET, owner.id, "25.00")

        answers = race(
            live, lambda client, headers=headers: client.post(f"{WALLET}/debit", json={"amount": 10}, headers=headers)
        )

        assert codes_of(answers) == [200] * 2 + [402] * (THREADS - 2)
        assert balance(rounds, AccountKind.WALLET, owner.id) == 5
    assert_books_agree(rounds)


def test_every_entry_of_a_race_says_what_it_left(live: Live, rounds: Session) -> None:
    owner = make_consumer(rounds)
    headers = sign_in(rounds, owner)
    give(rounds, AccountKind.WALLET, owner.id, "100.00")

    for _ in range(ROUNDS):
        race(
            live,
            lambda client: client.post(f"{WALLET}/debit", json={"amount": 1}, headers=headers),
            lambda client: client.post(f"{WALLET}/refund", json={"amount": 1}, headers=headers),
        )

    wrong = text("""
        SELECT count(*) FROM (
            SELECT balance_after, sum(amount) OVER (PARTITION BY account_id ORDER BY id) AS running
            FROM entries WHERE balance_after IS NOT NULL
        ) AS told WHERE balance_after <> running
    """)
    assert rounds.execute(wrong).scalar_one() == 0
    assert balance(rounds, AccountKind.WALLET, owner.id) == 100


def test_parallel_loads_under_one_key_charge_once(live: Live, rounds: Session) -> None:
    for number in range(ROUNDS):
        owner = make_consumer(rounds)
        headers = {**sign_in(rounds, owner), "Idempotency-Key": f"load-{number}"}

        answers = race(
            live, lambda client, headers=headers: client.post(f"{WALLET}/load", json={"amount": 50}, headers=headers)
        )

        assert codes_of(answers) == [200] * THREADS
        assert [answer.headers.get("Idempotent-Replayed") for answer in answers].count("true") == THREADS - 1
        made = select(func.count()).where(TopUp.user_id == owner.id)
        assert rounds.execute(made).scalar_one() == 1
        assert balance(rounds, AccountKind.WALLET, owner.id) == 50
    taken = text("SELECT sum(captured_amount) FROM sandbox_payments")
    assert rounds.execute(taken).scalar_one() == 50 * ROUNDS
    assert_books_agree(rounds)


def test_a_load_and_many_sweepers_at_once_book_once(live: Live, rounds: Session) -> None:
    owner = make_consumer(rounds)
    headers = sign_in(rounds, owner)

    def load(client: Any) -> Any:
        return client.post(f"{WALLET}/load", json={"amount": 50}, headers=headers).status_code

    def sweep(client: Any) -> Any:
        with client.application.app_context(), live.engine.begin() as connection:
            connection.execute(text("UPDATE top_ups SET next_at = now() WHERE state IN ('created', 'authorized')"))
        with client.application.app_context():
            sweeping.sweep_top_ups()

    for number in range(ROUNDS):
        race(live, load, sweep)

        assert balance(rounds, AccountKind.WALLET, owner.id) == (number + 1) * 50 * THREADS / 2
    taken = text("SELECT sum(captured_amount) FROM sandbox_payments")
    assert rounds.execute(taken).scalar_one() == ROUNDS * 50 * THREADS / 2
    assert_books_agree(rounds)


def vendor_with(rounds: Session, amount: str) -> tuple[int, dict[str, str]]:
    vendor = make_vendor(rounds)
    shop = make_shop(rounds, vendor)
    make_bank(rounds, vendor)
    give(rounds, AccountKind.VENDOR_AVAILABLE, shop.id, amount)
    return shop.id, sign_in(rounds, vendor)


def test_parallel_withdrawals_under_one_key_are_one_payout(live: Live, rounds: Session) -> None:
    for number in range(ROUNDS):
        shop_id, headers = vendor_with(rounds, "100.00")
        keyed = {**headers, "Idempotency-Key": f"draw-{number}"}

        answers = race(
            live, lambda client, keyed=keyed: client.post(f"{VENDOR}/withdraw", json={"amount": 30}, headers=keyed)
        )

        assert codes_of(answers) == [200] * THREADS
        assert len({answer.json["data"]["payout_id"] for answer in answers}) == 1
        assert rounds.execute(select(func.count()).where(Payout.shop_id == shop_id)).scalar_one() == 1
        assert balance(rounds, AccountKind.VENDOR_AVAILABLE, shop_id) == 70
    assert_books_agree(rounds)


def test_parallel_withdrawals_never_overdraw(live: Live, rounds: Session) -> None:
    for _ in range(ROUNDS):
        shop_id, headers = vendor_with(rounds, "100.00")

        answers = race(
            live,
            lambda client, headers=headers: client.post(f"{VENDOR}/withdraw", json={"amount": 40}, headers=headers),
        )

        assert codes_of(answers) == [200] * 2 + [402] * (THREADS - 2)
        assert balance(rounds, AccountKind.VENDOR_AVAILABLE, shop_id) == 20
    assert_books_agree(rounds)


def test_a_payout_paid_and_failed_at_once_ends_one_way(live: Live, rounds: Session) -> None:
    admin = sign_in(rounds, make_user(rounds, role=Role.ADMIN))
    for _ in range(ROUNDS):
        shop_id, headers = vendor_with(rounds, "100.00")
        drawn = live.client().post(f"{VENDOR}/withdraw", json={"amount": 40}, headers=headers).json["data"]
        path = f"/api/v1/admin/payouts/{drawn['payout_id']}"
        live.client().post(f"{path}/approve", headers=admin)
        live.client().post(f"{path}/sent", json={"bank_reference": "NEFT-1"}, headers=admin)

        answers = race(
            live,
            lambda client, path=path: client.post(f"{path}/paid", headers=admin),
            lambda client, path=path: client.post(f"{path}/fail", json={"reason": "Refused"}, headers=admin),
        )

        state = rounds.execute(select(Payout.state).where(Payout.id == drawn["payout_id"])).scalar_one()
        assert codes_of(answers) == [200] * (THREADS // 2) + [409] * (THREADS // 2)
        assert balance(rounds, AccountKind.VENDOR_AVAILABLE, shop_id) == (60 if state == "paid" else 100)
    assert_books_agree(rounds)


def test_one_goodwill_sent_many_times_at_once_is_given_once(live: Live, rounds: Session) -> None:
    admin = sign_in(rounds, make_user(rounds, role=Role.ADMIN))
    for number in range(ROUNDS):
        owner = make_consumer(rounds)
        headers = {**admin, "Idempotency-Key": f"sorry-{number}"}
        path, form = f"/api/v1/admin/wallets/{owner.id}/credit", {"amount": 25, "reason": "Sorry"}

        answers = race(
            live,
            lambda client, path=path, headers=headers, form=form: client.post(path, json=form, headers=headers),
        )

        assert codes_of(answers) == [200] * THREADS
        assert balance(rounds, AccountKind.WALLET, owner.id) == 25
    assert_books_agree(rounds)


def test_many_who_mature_the_same_orders_move_their_earnings_once(live: Live, rounds: Session) -> None:
    consumer, shop = make_consumer(rounds), make_shop(rounds)
    delivered = {"status": OrderStatus.DELIVERED, "payment_method": PaymentMethod.WALLET, "matures_at": PAST}

    def mature(client: Any) -> Any:
        with client.application.app_context():
            return maturing.mature_due()

    for number in range(ROUNDS):
        for _ in range(3):
            order = make_shop_order(rounds, consumer, shop, **delivered)
            earned = {"reason": JournalReason.DELIVERED, "order_id": order.id}
            give(rounds, AccountKind.VENDOR_PENDING, shop.id, "10.00", **earned)  # type: ignore[arg-type]

        counts = race(live, mature)

        assert sum(counts) == 3  # type: ignore[arg-type]
        assert balance(rounds, AccountKind.VENDOR_PENDING, shop.id) == 0
        assert balance(rounds, AccountKind.VENDOR_AVAILABLE, shop.id) == (number + 1) * 30
    doubled = select(Journal.order_id).join(Entry).where(Journal.reason == JournalReason.MATURED)
    rows = rounds.execute(doubled.group_by(Journal.order_id).having(func.count() > 2)).all()
    assert rows == []
