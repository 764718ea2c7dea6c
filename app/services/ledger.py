"""The books. A journal moves amounts between accounts and sums to zero; the database refuses one that does not.

Entries are positive where an account's claim grows (a wallet, what we owe for an order, revenue) and negative where it
shrinks; what the payment provider owes us is therefore a negative balance of `psp_receivable`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.amounts import NOTHING
from app.domain.enums import AccountKind, JournalReason
from app.errors import Conflict, DomainError
from app.models import Account, Entry, Journal, Order
from app.schemas.money import LARGEST
from app.services import locks

_WITH_BALANCE = frozenset({AccountKind.WALLET, AccountKind.VENDOR_PENDING, AccountKind.VENDOR_AVAILABLE})


Accounts = dict[tuple[AccountKind, int | None], int]
"""Account ids by kind and owner."""


class InsufficientFunds(DomainError):
    """`details.available` is what there is."""

    code = "INSUFFICIENT_FUNDS"
    status = 402
    message = "Insufficient balance"


class BalanceTooLarge(Conflict):
    """No account that keeps a balance holds more than ten digits and two places."""

    code = "BALANCE_TOO_LARGE"
    message = "The balance would grow beyond 9,999,999,999.99. Move a smaller amount."


@dataclass(frozen=True, slots=True)
class Move:
    """One side of a journal; `owner_id` is the user or shop of an account that belongs to one."""

    kind: AccountKind
    amount: Decimal
    owner_id: int | None = None


def post(
    session: Session,
    *,
    reference: str,
    description: str,
    moves: Sequence[Move],
    order_id: int | None = None,
    reason: JournalReason | None = None,
    may_overdraw: bool = False,
    must_be_new: bool = False,
) -> bool:
    """Book a journal; False when `reference` is booked already. A step.

    The sum of the moves must be zero: the database raises at the commit otherwise. Accounts that keep a balance are
    locked here, after every other row. Raises InsufficientFunds where one would fall below zero, unless it is a
    vendor's available money that `may_overdraw`; BalanceTooLarge where one would outgrow its column; RuntimeError for
    a repeat that `must_be_new`, as then its order was not locked or its state not read again.
    """
    accounts = _accounts(session, moves)
    _check_funds(session, moves, accounts, may_overdraw=may_overdraw)
    journal_id = session.execute(
        insert(Journal)
        .values(reference=reference, description=description, order_id=order_id, reason=reason)
        .on_conflict_do_nothing(index_elements=[Journal.reference])
        .returning(Journal.id)
    ).scalar_one_or_none()
    if journal_id is None:
        if must_be_new:
            raise RuntimeError(f"{reference} is booked already: the order was not locked, or its state not read again")
        return False
    rows = [
        {"journal_id": journal_id, "account_id": accounts[move.kind, move.owner_id], "amount": move.amount}
        for move in moves
    ]
    session.execute(insert(Entry), rows)
    return True


def _check_funds(session: Session, moves: Sequence[Move], accounts: Accounts, *, may_overdraw: bool) -> None:
    """Raises InsufficientFunds or BalanceTooLarge; moves count one after the other, as their entries will."""
    kept = [move for move in moves if move.kind in _WITH_BALANCE]
    if not kept:
        return
    balances = locks.balances(session, account_ids={accounts[move.kind, move.owner_id] for move in kept})
    for move in kept:
        account_id = accounts[move.kind, move.owner_id]
        had, balances[account_id] = balances[account_id], balances[account_id] + move.amount
        free = may_overdraw and move.kind is AccountKind.VENDOR_AVAILABLE
        if move.amount < 0 and balances[account_id] < 0 and not free:
            raise InsufficientFunds(details={"available": float(max(had, NOTHING))})
        if balances[account_id] > LARGEST:
            raise BalanceTooLarge


def post_capture(session: Session, *, operation_id: int, order_id: int, amount: Decimal) -> None:
    """The provider took the money: it owes us, and we owe the customer the goods. A step."""
    moves = [Move(AccountKind.PSP_RECEIVABLE, -amount), Move(AccountKind.ORDER_LIABILITY, amount)]
    post(session, reference=f"capture:{operation_id}", description="Captured", moves=moves, order_id=order_id)


def post_refund(session: Session, *, operation_id: int, order_id: int, amount: Decimal) -> None:
    """The provider gave money back: the reverse of a capture. A step."""
    moves = [Move(AccountKind.ORDER_LIABILITY, -amount), Move(AccountKind.PSP_RECEIVABLE, amount)]
    post(session, reference=f"refund:{operation_id}", description="Refunded", moves=moves, order_id=order_id)


def post_delivery(session: Session, order: Order) -> None:
    """The goods are handed over: what we owed the customer is earned, less tax and bottle deposits. A step."""
    total, tax, deposits = (order.final_total, order.final_tax_total, order.final_deposit_total)
    if not total or tax is None or deposits is None:
        return
    deposits = min(deposits, total - tax)  # what was given beyond the authorization may have eaten into them
    moves = [
        Move(AccountKind.ORDER_LIABILITY, -total),
        Move(AccountKind.TAX_PAYABLE, tax),
        Move(AccountKind.DEPOSITS, deposits),
        Move(AccountKind.REVENUE, total - tax - deposits),
    ]
    moves = [move for move in moves if move.amount]
    post(session, reference=f"delivered:{order.id}", description="Delivered", moves=moves, order_id=order.id)


def _accounts(session: Session, moves: Sequence[Move]) -> Accounts:
    """The account ids of the moves, opened on first use; read before written, so that no shared row gets hot."""
    wanted = {(move.kind, move.owner_id) for move in moves}
    found = _find(session, wanted)
    if missing := wanted - found.keys():
        currency = settings().currency
        rows = [
            {"kind": kind, "owner_id": owner, "currency": currency, "balance": 0 if kind in _WITH_BALANCE else None}
            for kind, owner in sorted(missing, key=lambda item: (item[0], item[1] or 0))
        ]
        session.execute(insert(Account).on_conflict_do_nothing(), rows)
        found = _find(session, wanted)
    return found


def _find(session: Session, wanted: set[tuple[AccountKind, int | None]]) -> Accounts:
    kinds = {kind for kind, _ in wanted}
    owners = {owner for _, owner in wanted if owner is not None}
    statement = select(Account.kind, Account.owner_id, Account.id).where(
        Account.kind.in_(kinds),
        Account.currency == settings().currency,
        Account.owner_id.is_(None) | Account.owner_id.in_(owners),
    )
    rows = session.execute(statement).all()
    return {(row.kind, row.owner_id): row.id for row in rows if (row.kind, row.owner_id) in wanted}
