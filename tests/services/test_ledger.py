"""The books, for any journal: what sums to zero is booked, all else refused; balances follow the entries."""

from collections import defaultdict
from decimal import Decimal

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain.enums import AccountKind as Kind
from app.services import invariants, ledger
from app.services.ledger import BalanceTooLarge, InsufficientFunds, Move
from tests.conftest import rolled_back
from tests.factories import make_order, make_user

FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

amounts = st.decimals(min_value=-100, max_value=100, places=2).filter(bool)
wallets = st.builds(Move, kind=st.just(Kind.WALLET), amount=amounts, owner_id=st.integers(1, 2))
others = st.builds(Move, kind=st.sampled_from([Kind.REVENUE, Kind.FEES]), amount=amounts)
journals = st.lists(wallets | others, min_size=1, max_size=4)


def balanced(moves: list[Move]) -> list[Move]:
    """The same moves and the one that makes them sum to zero."""
    left = sum((move.amount for move in moves), Decimal(0))
    return [*moves, Move(Kind.PSP_RECEIVABLE, -left)] if left else moves


def book(session: Session, reference: str, moves: list[Move]) -> bool:
    """Post a journal and let the database judge it as it would at the commit; whether it was booked."""
    try:
        with session.begin_nested():
            ledger.post(session, reference=reference, description="test", moves=moves)
            session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
    except (IntegrityError, InsufficientFunds):
        return False
    return True


def overdrawn(balances: dict[int | None, Decimal], moves: list[Move]) -> bool:
    """Whether a wallet would fall below zero on the way; entries count one after the other."""
    running = dict(balances)
    for move in moves:
        if move.kind is Kind.WALLET:
            running[move.owner_id] = running.get(move.owner_id, Decimal(0)) + move.amount
            if running[move.owner_id] < 0:
                return True
    return False


@FEW
@given(journals=st.lists(st.tuples(journals, st.booleans()), max_size=6))
def test_balanced_journals_are_booked_and_no_wallet_goes_below_zero(
    app: Flask, journals: list[tuple[list[Move], bool]]
) -> None:
    wallets: dict[int | None, Decimal] = defaultdict(Decimal)

    with rolled_back(app) as session:
        for number, (drawn, close) in enumerate(journals):
            moves = balanced(drawn) if close else drawn
            sound = len(moves) > 1 and sum(move.amount for move in moves) == 0 and not overdrawn(wallets, moves)
            assert book(session, f"test-{number}", moves) is sound
            for move in moves if sound else ():
                if move.kind is Kind.WALLET:
                    wallets[move.owner_id] += move.amount

        kept = session.execute(text("SELECT owner_id, balance FROM accounts WHERE kind = 'wallet' AND balance <> 0"))
        assert {row.owner_id: row.balance for row in kept} == {owner: sum_ for owner, sum_ in wallets.items() if sum_}
        broken = invariants.violations()
        assert broken["journals_out_of_balance"] == broken["balances_not_sum_of_entries"] == 0


def test_an_event_is_booked_once(session: Session) -> None:
    moves = [Move(Kind.WALLET, Decimal("5.00"), owner_id=1), Move(Kind.REVENUE, Decimal("-5.00"))]

    first = ledger.post(session, reference="event-1", description="Paid", moves=moves)
    second = ledger.post(session, reference="event-1", description="Paid", moves=moves)

    assert (first, second) == (True, False)
    assert session.execute(text("SELECT balance FROM accounts WHERE kind = 'wallet'")).scalar_one() == 5


@pytest.mark.parametrize("moves", [[], [Move(Kind.REVENUE, Decimal(1))], [Move(Kind.REVENUE, Decimal(0))] * 2])
def test_a_journal_needs_two_sides_that_move_something(session: Session, moves: list[Move]) -> None:
    assert not book(session, "half-1", moves)


def test_a_capture_and_its_refund_leave_nothing_owed(session: Session) -> None:
    order = make_order(session, make_user(session))

    ledger.post_capture(session, operation_id=1, order_id=order.id, amount=Decimal("12.34"))
    ledger.post_refund(session, operation_id=2, order_id=order.id, amount=Decimal("12.34"))

    sums = session.execute(
        text("SELECT kind, sum(amount) AS owed FROM entries JOIN accounts ON accounts.id = account_id GROUP BY kind")
    )
    assert {row.kind: row.owed for row in sums} == {"psp_receivable": 0, "order_liability": 0}


def fill(session: Session, kind: Kind, amount: str, owner_id: int | None = 7) -> None:
    """Move an amount into an account, out of our own pocket."""
    moves = [Move(kind, Decimal(amount), owner_id), Move(Kind.ADJUSTMENTS, -Decimal(amount))]
    ledger.post(session, reference=f"fill-{kind}-{amount}", description="test", moves=moves)


def balance(session: Session, kind: Kind) -> Decimal:
    found: Decimal = session.execute(
        text("SELECT balance FROM accounts WHERE kind = :kind AND owner_id = 7"), {"kind": kind}
    ).scalar_one()
    return found


@pytest.mark.parametrize("kind", [Kind.WALLET, Kind.VENDOR_PENDING, Kind.VENDOR_AVAILABLE])
def test_an_overdraft_is_refused_with_what_there_is_and_books_nothing(session: Session, kind: Kind) -> None:
    fill(session, kind, "5.00")

    with pytest.raises(InsufficientFunds) as refused:
        fill(session, kind, "-5.01")

    assert refused.value.details == {"available": 5.0}
    assert session.execute(text("SELECT count(*) FROM journals")).scalar_one() == 1
    assert balance(session, kind) == 5


def test_only_available_money_of_a_vendor_may_be_overdrawn_where_that_is_asked_for(session: Session) -> None:
    owed = [Move(Kind.VENDOR_AVAILABLE, Decimal("-5.00"), 7), Move(Kind.ADJUSTMENTS, Decimal("5.00"))]
    pending = [Move(Kind.VENDOR_PENDING, Decimal("-5.00"), 7), Move(Kind.ADJUSTMENTS, Decimal("5.00"))]

    ledger.post(session, reference="owed", description="Owed", moves=owed, may_overdraw=True)

    assert balance(session, Kind.VENDOR_AVAILABLE) == -5
    with pytest.raises(InsufficientFunds):
        ledger.post(session, reference="not", description="Not", moves=pending, may_overdraw=True)


def test_no_balance_outgrows_its_column(session: Session) -> None:
    fill(session, Kind.WALLET, "9999999999.98")

    with pytest.raises(BalanceTooLarge):
        fill(session, Kind.WALLET, "0.02")

    fill(session, Kind.WALLET, "0.01")
    assert balance(session, Kind.WALLET) == Decimal("9999999999.99")


def test_two_moves_of_one_account_count_one_after_the_other(session: Session) -> None:
    through = [Move(Kind.WALLET, Decimal(5), 7), Move(Kind.WALLET, Decimal(-5), 7)]

    assert book(session, "in-and-out", through)
    assert not book(session, "out-and-in", through[::-1])


@pytest.mark.parametrize("kind", [Kind.WALLET, Kind.VENDOR_PENDING, Kind.VENDOR_AVAILABLE])
@pytest.mark.parametrize("change", ["balance = balance + 1", "balance = 0", "balance = -1"])
def test_no_statement_sets_a_balance(session: Session, kind: Kind, change: str) -> None:
    fill(session, kind, "5.00")

    with pytest.raises(IntegrityError, match="a balance follows its entries"), session.begin_nested():
        session.execute(text(f"UPDATE accounts SET {change} WHERE kind = :kind"), {"kind": kind})

    assert balance(session, kind) == 5


def test_no_account_opens_with_money(session: Session) -> None:
    opening = text("INSERT INTO accounts (kind, owner_id, currency, balance) VALUES ('wallet', 7, 'ILS', 0.01)")

    with pytest.raises(IntegrityError, match="an account opens with nothing"), session.begin_nested():
        session.execute(opening)


def test_every_entry_says_what_it_left_and_nobody_else_can(session: Session) -> None:
    for amount in ("5.00", "2.50", "-7.50"):
        fill(session, Kind.WALLET, amount)
    forged = """
        INSERT INTO entries (journal_id, account_id, amount, balance_after)
        SELECT journal_id, account_id, sign * 1, 999 FROM entries, (VALUES (1), (-1)) AS signs (sign)
        WHERE amount = 5 RETURNING balance_after
    """

    told = session.execute(text(forged)).scalars().all()

    left = text("SELECT balance_after FROM entries WHERE balance_after IS NOT NULL ORDER BY id")
    assert told == [Decimal("1.00"), Decimal("0.00")]
    assert session.execute(left).scalars().all() == [5, Decimal("7.50"), 0, 1, 0]


def test_accounts_without_a_balance_are_told_none(session: Session) -> None:
    fill(session, Kind.WALLET, "5.00")

    platform = text(
        "SELECT balance, balance_after FROM accounts JOIN entries ON account_id = accounts.id WHERE amount < 0"
    )

    assert session.execute(platform).one() == (None, None)
