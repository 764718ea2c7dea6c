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
from app.services.ledger import Move
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
    except IntegrityError:
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
