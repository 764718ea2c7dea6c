"""Writing a checkout that was decided: the values for the one statement, and what its answer says."""

import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.caller import Caller
from app.domain.coupons import CouponRefusal
from app.domain.enums import OrderStatus, PaymentMethod, PaymentProvider
from app.models.base import AnyRow
from app.services import outbox
from app.services.checkout import answers
from app.services.checkout.answers import Decision
from app.services.checkout.any_context import AnyContext, AnyForm
from app.services.checkout.basket import BasketLine, order_item
from app.services.checkout.billing import Bill, not_applicable
from app.services.checkout.context import Booking
from app.services.checkout.errors import CouponNotFound, SlotFull
from app.services.checkout.statement import WITH_COUPON, WITHOUT_COUPON

PICKUP_WINDOW = timedelta(hours=2)
FIRST_SWEEP = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Key:
    """Whose idempotency key, for which route, and the hash of the request it stands for."""

    principal: str
    route: str
    key: str
    request_hash: str


@dataclass(frozen=True, slots=True)
class Purchase:
    """Everything decided about a checkout, ready to be written."""

    cart_id: int
    form: AnyForm
    context: AnyContext
    lines: list[BasketLine]
    bill: Bill
    booking: Booking | None
    address: str | None

    @property
    def is_decided(self) -> bool:
        """Whether no card is asked for anything, not even for a hold on weighed goods: then there is no payment."""
        return self.form.payment_method is not PaymentMethod.CARD or self.bill.totals.authorization == 0


@dataclass(frozen=True, slots=True)
class Written:
    """The order made, and its final answer where nothing is to be paid."""

    order_id: int
    answer: Decision | None


def write_order(session: Session, *, purchase: Purchase, key: Key, caller: Caller) -> Written:
    """Write the whole checkout. A step.

    Order, items, stock and its movements, payment and its authorization, slot, coupon, idempotency key, audit and
    outbox. Raises SlotFull, CouponNotApplicable or CouponNotFound when others were faster; what was written is then to
    be rolled back.
    """
    values = {
        **_order_values(purchase),
        **_slot_values(purchase),
        **_coupon_values(purchase.bill),
        **_answer_values(purchase),
        "lines": orjson.dumps(_order_items(purchase)).decode(),
        "line_count": len(purchase.lines),
        "user_id": caller.user_id,
        "token_id": purchase.context.row.token_id,
        "provider": purchase.context.row.token_provider,
        **_reference_parts(purchase),
        "operation_key": uuid.uuid4(),
        "principal": key.principal,
        "route": key.route,
        "key": key.key,
        "request_hash": key.request_hash,
        "request_id": caller.origin.request_id,
        "first_sweep": FIRST_SWEEP,
        "pay_within": timedelta(minutes=settings().pay_deadline_minutes),
        "kept_for": timedelta(hours=settings().idempotency_hours),
    }
    statement = WITH_COUPON if purchase.bill.used_coupon else WITHOUT_COUPON
    [row] = statement.within(session, **values)
    _check_taken(purchase, row)
    for event_id, topic in row.published.items():
        outbox.noted(int(event_id), topic)
    return Written(row.order_id, Decision(answers.CONFIRMED, row.answer) if row.answer else None)


def _check_taken(purchase: Purchase, row: AnyRow) -> None:
    """Whether slot and coupon had room when their rows were locked.

    Raises SlotFull, CouponNotApplicable, or CouponNotFound for a coupon without limit: that was just switched off.
    """
    if purchase.booking is not None and row.booked == 0:
        raise SlotFull
    if coupon := purchase.bill.used_coupon:
        if row.coupons == 0 and coupon.usage_limit is None:
            raise CouponNotFound
        if row.coupons == 0:
            raise not_applicable(CouponRefusal.USED_UP, coupon)
        if row.coupon_uses == 0:
            raise not_applicable(CouponRefusal.USED_UP_BY_YOU, coupon)


def _order_items(purchase: Purchase) -> list[dict[str, Any]]:
    """The lines as JSON, each with its share of discount and tax and with what to do if it is not there."""
    totals, form = purchase.bill.totals, purchase.form
    wishes = {wish.product_id: wish for wish in form.substitutions}
    items = []
    for line, discount, tax in zip(purchase.lines, totals.line_discounts, totals.line_taxes, strict=True):
        wish = wishes.get(line.row.product_id)
        wanted = {
            "substitution_preference": wish.preference if wish else form.default_substitution,
            "preferred_product_id": wish.preferred_product_id if wish else None,
        }
        items.append(order_item(line, discount=discount, tax=tax) | wanted)
    return items


def _coupon_values(bill: Bill) -> dict[str, Any]:
    names = ("id", "code", "description", "kind", "value", "max")
    if (coupon := bill.used_coupon) is None:
        return {}
    off = coupon.discount
    values = (coupon.id, coupon.code, coupon.description, off.kind.value, off.value, off.max_discount)
    return {f"coupon_{name}": value for name, value in zip(names, values, strict=True)}


def _answer_values(purchase: Purchase) -> dict[str, Any]:
    """The answer kept for the key of an order without payment; the statement puts in the order's id and number."""
    if not purchase.is_decided:
        return {"is_decided": False, "answer_status": None, "answer_body": None}
    answer = answers.confirmed(order_id=0, order_number="", total=purchase.bill.totals.total, reference=None)
    return {"is_decided": True, "answer_status": answer.status, "answer_body": orjson.dumps(answer.body).decode()}


def _reference_parts(purchase: Purchase) -> dict[str, str]:
    """What stands around the order's id in the payment's reference.

    Older clients know the sandbox's form. At a real provider several databases, a restored one too, may share an
    account: a random part keeps their payments apart.
    """
    provider, token_id = purchase.context.row.token_provider, purchase.context.row.token_id
    if purchase.is_decided:
        return {"reference_prefix": "", "reference_suffix": ""}
    is_sandbox = provider == PaymentProvider.MOCKPAY
    suffix = "" if is_sandbox else f"-{secrets.token_hex(8)}"
    return {"reference_prefix": f"{provider.upper()}-{token_id}-", "reference_suffix": suffix}


def _order_values(purchase: Purchase) -> dict[str, Any]:
    totals, policy = purchase.bill.totals, purchase.context.policy
    return {
        "cart_id": purchase.cart_id,
        "channel": policy.name.value,
        "stock_location_id": purchase.context.branch_id(),
        "status": (policy.first_status if purchase.is_decided else OrderStatus.PENDING_PAYMENT).value,
        "fulfillment_type": purchase.form.fulfillment_type.value,
        "payment_method": purchase.form.payment_method.value,
        "wallet_paid": totals.total if purchase.form.payment_method is PaymentMethod.WALLET else Decimal(0),
        "notes": purchase.form.notes,
        "currency": settings().currency,
        "items_total": totals.items,
        "deposit_total": totals.deposits,
        "delivery_fee": totals.delivery_fee,
        "delivery_tax_rate": purchase.context.tariff.tax_rate if totals.delivery_fee else Decimal(0),
        "discount_total": totals.discount,
        "tax_total": totals.tax,
        "total_amount": totals.total,
        "authorization": totals.authorization,
        "address": purchase.address,
        "audit": orjson.dumps({"total_amount": str(totals.total), "lines": len(purchase.lines)}).decode(),
    }


def _slot_values(purchase: Purchase) -> dict[str, Any]:
    """The booked window; for a pickup the next two hours, and nothing for an order that a shop brings by itself."""
    if booking := purchase.booking:
        return {
            "slot_id": booking.slot_id,
            "slot_date": booking.day,
            "slot_capacity": booking.capacity,
            "slot_start": booking.start,
            "slot_end": booking.end,
        }
    now = datetime.now(UTC) if purchase.context.is_pickup else None
    window = {"slot_start": now, "slot_end": now + PICKUP_WINDOW if now else None}
    return {"slot_id": None, "slot_date": None, "slot_capacity": 0, **window}
