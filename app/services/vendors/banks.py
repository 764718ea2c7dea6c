"""Where a vendor's payouts go. The account number is kept encrypted; answers and the audit trail have its end only."""

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import Session

from app.domain.bank_accounts import masked, shown_end
from app.domain.caller import Caller
from app.errors import NotFound
from app.models import PayoutBank
from app.schemas.vendors import PayoutBankForm, ShownPayoutBank
from app.services import audit, locks
from app.services.secrets_at_rest import encrypt
from app.transaction import reading, transaction


class PayoutBankNotFound(NotFound):
    code = "PAYOUT_BANK_NOT_FOUND"
    message = "No payout bank setup found"


_SHOWN = select(PayoutBank.bank_name, PayoutBank.last4, PayoutBank.ifsc_code, PayoutBank.updated_at).where(
    PayoutBank.user_id == bindparam("user_id")
)


def save(form: PayoutBankForm, caller: Caller) -> None:
    """Set or replace the caller's bank."""
    with transaction() as session:
        locks.user(session, user_id=caller.user_id)
        bank = session.get(PayoutBank, caller.user_id)
        old = _seen(bank) if bank else None
        if bank is None:
            bank = PayoutBank(user_id=caller.user_id)
            session.add(bank)
        bank.bank_name, bank.ifsc_code = form.bank_name, form.ifsc_code
        bank.account_number, bank.last4 = encrypt(form.account_number), shown_end(form.account_number)
        session.flush()
        _note(session, caller, old, _seen(bank))


def show(caller: Caller) -> ShownPayoutBank:
    """The caller's bank, its account masked (one statement). Raises PayoutBankNotFound."""
    with reading() as connection:
        found = bank_of(connection, user_id=caller.user_id)
    if found is None:
        raise PayoutBankNotFound
    return found


def bank_of(source: Connection | Session, *, user_id: int) -> ShownPayoutBank | None:
    """A vendor's bank, its account masked. A step."""
    row = source.execute(_SHOWN, {"user_id": user_id}).one_or_none()
    if row is None:
        return None
    return ShownPayoutBank(
        bank_name=row.bank_name,
        account_number=masked(row.last4),
        ifsc_code=row.ifsc_code,
        updated_at=row.updated_at,
    )


def _seen(bank: PayoutBank) -> dict[str, str]:
    return {"bank_name": bank.bank_name, "ifsc_code": bank.ifsc_code, "account_number": masked(bank.last4)}


def _note(session: Session, caller: Caller, old: dict[str, str] | None, new: dict[str, str]) -> None:
    action = "UPDATE" if old else "CREATE"
    audit.record(
        session, entity_type="payout_bank", action=action, entity_id=caller.user_id, by=caller, old=old, new=new
    )
