"""A checkout that is wrong on purpose, for gunicorn: `gunicorn scripts.chaos.wrong:app`. Nothing else imports it.

The card is charged inside the transaction that makes the order. A worker killed between the charge and the commit takes
the order with it and leaves the charge: whoever asks again makes another order, and pays twice.
"""

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.clients.payments import Status
from app.domain.caller import Caller
from app.domain.channels import IN_STORE
from app.errors import ServiceUnavailable
from app.models import Payment, PaymentOperation, PaymentToken
from app.services import locks
from app.services.checkout import placing, writing
from app.services.checkout.writing import Key, Purchase, Written
from app.services.payments import outcomes, sending
from wsgi import app

_TO_CHARGE = (
    select(PaymentOperation.id, PaymentToken.provider_token)
    .join(Payment, Payment.id == PaymentOperation.payment_id)
    .join(PaymentToken, PaymentToken.id == Payment.payment_token_id)
    .where(Payment.order_id == bindparam("order_id"))
)


def write_and_charge(session: Session, *, purchase: Purchase, key: Key, caller: Caller) -> Written:
    """Write the order and ask for its money, all before the commit. Without an answer nothing is written.

    Trolleys pay as they should.
    """
    written = writing.write_order(session, purchase=purchase, key=key, caller=caller)
    if written.answer is not None or purchase.context.policy is IN_STORE:
        return written
    charged = session.execute(_TO_CHARGE, {"order_id": written.order_id}).one_or_none()
    row = locks.operation(session, operation_id=charged.id) if charged else None
    if charged is None or row is None:
        return written
    outcome = sending.ask(row, charged.provider_token)
    if outcome.status is Status.UNKNOWN:
        raise ServiceUnavailable(retry_after=1)
    return Written(written.order_id, outcomes.apply_to(session, row, outcome, caller))


vars(placing)["write_order"] = write_and_charge

__all__ = ["app"]
