"""The talk between consumer and vendor about an order."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

from sqlalchemy import BigInteger, Select, and_, bindparam, literal_column, select, true
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import OrderActionType, OrderSide
from app.errors import BadRequest
from app.models import Order, OrderMessage, Shop, User
from app.models.base import AnyRow
from app.schemas.envelope import PageMeta
from app.schemas.pagination import decode_cursor, encode_cursor, page_meta
from app.schemas.shop_talk import MessageQuery, OrderMessageAnswer, SendMessage, SentMessage
from app.services.shop_orders import finding, log
from app.services.shop_orders.columns import IS_DECIDED, IS_SHOP_ORDER, phone_of_side, side_of
from app.services.shop_orders.finding import OrderNotFound
from app.transaction import reading, transaction

TalkSide = Literal[OrderSide.CONSUMER, OrderSide.VENDOR]
"""Whose order it must be."""


class MessageRequired(BadRequest):
    code = "MESSAGE_REQUIRED"
    message = "Message required"


def send(form: SendMessage, caller: Caller, *, order_id: int, side: TalkSide) -> SentMessage:
    """Say something about an order of the caller's; the other side hears of it.

    Raises MessageRequired or OrderNotFound.
    """
    if not form.message:
        raise MessageRequired
    with transaction() as session:
        order = finding.SIDES[side](session, order_id=order_id, caller=caller)
        message = OrderMessage(order_id=order.id, sender_user_id=caller.user_id, body=form.message)
        session.add(message)
        log.note(session, order, OrderActionType.MESSAGE_SENT, by=caller)
        _tell(session, order, message, side)
        return SentMessage(message="Message sent", message_id=message.id)


def _tell(session: Session, order: Order, message: OrderMessage, side: TalkSide) -> None:
    payload = {"id": message.id, "sender": side, "message": message.body, "timestamp": message.created_at.isoformat()}
    log.tell_sides(session, order, "order.message", payload)


def page(
    query: MessageQuery, caller: Caller, *, order_id: int, side: TalkSide
) -> tuple[list[OrderMessageAnswer], PageMeta]:
    """Messages of an order of the caller's, oldest first (one statement).

    The newest ones; those after `query.after`; or those before the ones `query.cursor` comes from. Raises
    OrderNotFound or ValidationFailed.
    """
    before = decode_cursor(query.cursor, int)[0] if query.cursor else 2**63 - 1
    forward = query.after is not None
    values = {"order_id": order_id, "user_id": caller.user_id, "before": before, "after": query.after}
    with reading() as connection:
        rows = connection.execute(_statement(side, query.limit, forward=forward), values).all()
    if not rows:
        raise OrderNotFound
    found = [row for row in rows if row.id is not None]
    shown = found[: query.limit]
    meta = page_meta(
        limit=query.limit,
        offset=0,
        has_next=len(found) > query.limit,
        next_cursor=None if forward or not shown else encode_cursor(shown[-1].id),
    )
    return _answers(shown if forward else shown[::-1]), meta


_WHOSE = {
    OrderSide.CONSUMER: Order.user_id == bindparam("user_id", type_=BigInteger),
    OrderSide.VENDOR: and_(Shop.owner_id == bindparam("user_id", type_=BigInteger), IS_DECIDED),
}


@cache
def _statement(side: TalkSide, limit: int, *, forward: bool) -> Select[*tuple[Any, ...]]:
    """A row without a message says that the order is there; no row, that it is not.

    The page size is a literal: as a parameter it would keep PostgreSQL from settling on a plan.
    """
    newer = OrderMessage.id > bindparam("after", type_=BigInteger)
    older = OrderMessage.id < bindparam("before", type_=BigInteger)
    own = select(OrderMessage).where(OrderMessage.order_id == Order.id, newer if forward else older)
    own = own.order_by(OrderMessage.id if forward else OrderMessage.id.desc())
    message = own.limit(literal_column(str(limit + 1))).correlate(Order).lateral("message")
    return (
        select(
            message.c.id,
            Order.id.label("order_id"),
            side_of(message.c.sender_user_id).label("sender"),
            phone_of_side(message.c.sender_user_id, User.phone).label("sender_phone"),
            message.c.body.label("message"),
            message.c.is_automatic.label("automatic"),
            message.c.created_at.label("timestamp"),
        )
        .select_from(Order)
        .join(Shop, Shop.id == Order.stock_location_id)
        .outerjoin(message, true())
        .outerjoin(User, User.id == message.c.sender_user_id)
        .where(Order.id == bindparam("order_id", type_=BigInteger), IS_SHOP_ORDER, _WHOSE[side])
        .order_by(message.c.id if forward else message.c.id.desc())
    )


def _answers(rows: Sequence[AnyRow]) -> list[OrderMessageAnswer]:
    return [OrderMessageAnswer.model_validate(row) for row in rows]
