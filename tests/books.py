"""Money for tests of wallets and payouts: put somewhere out of nothing, and a bank to send it to."""

import itertools
from decimal import Decimal

from sqlalchemy.orm import Session

from app.domain.enums import AccountKind, JournalReason
from app.models import PayoutBank, User
from app.services import ledger
from app.services.ledger import Move
from app.services.secrets_at_rest import encrypt

ACCOUNT_NUMBER = "50100123456789"
_numbers = itertools.count(1)


def give(
    session: Session,
    kind: AccountKind,
    owner_id: int,
    amount: str,
    *,
    reason: JournalReason = JournalReason.API,
    order_id: int | None = None,
    description: str = "A present",
) -> None:
    """Move an amount (negative: out) between an account and that of adjustments."""
    ledger.post(
        session,
        reference=f"test-{next(_numbers)}",
        description=description,
        reason=reason,
        order_id=order_id,
        moves=[Move(kind, Decimal(amount), owner_id), Move(AccountKind.ADJUSTMENTS, -Decimal(amount))],
    )
    session.commit()


def make_bank(session: Session, vendor: User) -> None:
    """The bank a vendor's payouts go to; the account ends in 6789."""
    session.add(
        PayoutBank(
            user_id=vendor.id,
            bank_name="HDFC Bank",
            account_number=encrypt(ACCOUNT_NUMBER),
            last4=ACCOUNT_NUMBER[-4:],
            ifsc_code="HDFC0000001",
        )
    )
    session.commit()
