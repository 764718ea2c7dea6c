"""The one statement that confirms an order whose payment is authorized: in a transaction, or as one by itself."""

from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.clients.payments import Outcome
from app.domain.caller import Caller
from app.domain.channels import POLICIES
from app.domain.enums import ChannelName, OrderActionType
from app.models import Order
from app.models.base import AnyRow
from app.prepared import Step
from app.services import outbox
from app.services.checkout.answers import Decision
from app.services.checkout.releasing import OrderFacts, event_of
from app.services.locks.payments import LOCKED_OPERATION
from app.services.shop_orders import log
from app.services.trolleys import paying

_CONFIRM = Step(
    text(f"""
WITH held AS MATERIALIZED ({LOCKED_OPERATION}), locked AS MATERIALIZED (
    SELECT order_id, payment_id, operation_id FROM held
    WHERE order_status = 'PENDING_PAYMENT' AND state NOT IN ('ok', 'manual')
), operation AS (
    UPDATE payment_operations SET state = 'ok', updated_at = now() FROM locked WHERE id = locked.operation_id
), payment AS (
    UPDATE payments SET authorized_amount = :amount, provider_reference = :provider_reference, updated_at = now()
    FROM locked WHERE id = locked.payment_id
), confirmed AS (
    UPDATE orders SET status = :status, updated_at = now() FROM locked WHERE id = locked.order_id
), answered AS (
    UPDATE idempotency_keys SET state = 'done', status = :answer_status, body = CAST(:answer_body AS jsonb)
    FROM locked WHERE idempotency_keys.order_id = locked.order_id AND state = 'placed'
), audited AS (
    INSERT INTO audit_events (entity_type, entity_id, action, old_value, new_value, actor_user_id, request_id)
    SELECT 'order', order_id, 'UPDATE_STATUS', jsonb_build_object('status', 'PENDING_PAYMENT'),
           jsonb_build_object('status', CAST(:status AS text)), :actor_user_id, :request_id
    FROM locked
)
INSERT INTO outbox (topic, aggregate, payload)
SELECT 'order.confirmed', 'order:' || order_id, CAST(:event AS jsonb) FROM locked RETURNING id
""")  # noqa: S608 (a constant of ours)
)


def confirm(
    session: Session, row: AnyRow, order: OrderFacts, outcome: Outcome, decision: Decision, by: Caller | None
) -> None:
    """Write an authorization and what follows from it. `row` as read by `locks.operation`. A step."""
    [event] = _CONFIRM.within(session, **_values(row, order, outcome, decision, by))
    outbox.noted(event.id, "order.confirmed")
    if order.channel is ChannelName.MARKETPLACE:
        log.note(session, session.get_one(Order, order.order_id), OrderActionType.ORDER_CREATED, by=by)
    elif order.channel is ChannelName.IN_STORE:
        paying.goods_in_hand(session, session.get_one(Order, order.order_id))


def confirm_alone(row: AnyRow, order: OrderFacts, outcome: Outcome, decision: Decision, by: Caller | None) -> bool:
    """The same without a transaction around it: for an order of the supermarket's that is brought or picked up.

    `row` as read when the authorization was claimed, of which only what never changes is believed. Nothing is done, and
    False answered, where the order does not wait for its payment any more or a person has to look at it.
    """
    written = _CONFIRM.alone(**_values(row, order, outcome, decision, by))
    for event in written:
        outbox.noted(event.id, "order.confirmed")
    return bool(written)


def _values(row: AnyRow, order: OrderFacts, outcome: Outcome, decision: Decision, by: Caller | None) -> dict[str, Any]:
    return {
        "operation_id": row.operation_id,
        "actor_user_id": by.user_id if by else None,
        "request_id": by.origin.request_id if by else None,
        "amount": row.amount,
        "provider_reference": outcome.provider_reference,
        "status": POLICIES[order.channel].first_status.value,
        "answer_status": decision.status,
        "answer_body": orjson.dumps(decision.body).decode(),
        "event": orjson.dumps(event_of(order)).decode(),
    }
