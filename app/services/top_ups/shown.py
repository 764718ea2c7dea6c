"""A payment into a wallet as its owner sees it."""

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import TopUpState
from app.models import TopUp
from app.models.base import AnyRow
from app.schemas.wallets import TopUpAnswer, TopUpStatus
from app.services.top_ups.errors import TopUpNotFound
from app.services.wallets import balances
from app.transaction import transaction

_STATUS = {
    TopUpState.CREATED: TopUpStatus.PENDING,
    TopUpState.AUTHORIZED: TopUpStatus.PENDING,
    TopUpState.PAID: TopUpStatus.PAID,
    TopUpState.DECLINED: TopUpStatus.DECLINED,
    TopUpState.MANUAL: TopUpStatus.IN_REVIEW,
}
_OWN = select(TopUp.id, TopUp.state, TopUp.amount, TopUp.note, TopUp.failure_code, TopUp.created_at).where(
    TopUp.id == bindparam("top_up_id", type_=BigInteger), TopUp.user_id == bindparam("user_id")
)


def own(top_up_id: int, caller: Caller) -> TopUpAnswer:
    """One of the caller's payments, as it stands now (two statements). Raises TopUpNotFound."""
    with transaction() as session:
        row = session.execute(_OWN, {"top_up_id": top_up_id, "user_id": caller.user_id}).one_or_none()
        if row is None:
            raise TopUpNotFound
        return _answer(session, row, caller)


def _answer(session: Session, row: AnyRow, caller: Caller) -> TopUpAnswer:
    return TopUpAnswer(
        top_up_id=row.id,
        status=_STATUS[row.state],
        amount=row.amount,
        reference=row.note,
        failure_code=row.failure_code if row.state is TopUpState.DECLINED else None,
        created_at=row.created_at,
        balance=balances.in_wallet(session, user_id=caller.user_id),
    )
