"""From rows to the orders of vendors' shops that consumer, vendor and office see."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.amounts import NOTHING
from app.domain.enums import OrderActionType, OrderStatus, PaymentMethod, PaymentStatus
from app.domain.shop_order_states import HANDED_OVER
from app.domain.shop_payments import Paid, payment_status
from app.models.base import AnyRow
from app.schemas.shop_orders import (
    AdminShopOrder,
    AdminShopOrderDetail,
    ConsumerShopOrder,
    ConsumerShopOrderDetail,
    ShopOrderEvent,
    ShopOrderLine,
    ShopOrderModification,
    ShopOrderPayment,
    ShopOrderRating,
    ShopOrderReturn,
    VendorShopOrder,
    VendorShopOrderDetail,
)


def for_consumer(row: AnyRow) -> ConsumerShopOrder:
    """A row of a consumer's list."""
    return ConsumerShopOrder(**_totals(row), shop_type=row.shop_type)


def for_vendor(row: AnyRow) -> VendorShopOrder:
    """A row of a vendor's list."""
    return VendorShopOrder(**_totals(row), **_customer(row))


def for_office(row: AnyRow) -> AdminShopOrder:
    """A row of the office's list."""
    return AdminShopOrder(**_totals(row), **_customer(row), **_office(row))


def detail_for_consumer(row: AnyRow) -> ConsumerShopOrderDetail:
    """One order in full, for its consumer."""
    return ConsumerShopOrderDetail(**_totals(row), **_parts(row), shop_type=row.shop_type)


def detail_for_vendor(row: AnyRow) -> VendorShopOrderDetail:
    """One order in full, for its vendor."""
    return VendorShopOrderDetail(**_totals(row), **_parts(row), **_customer(row))


def detail_for_office(row: AnyRow) -> AdminShopOrderDetail:
    """One order in full, for the office."""
    return AdminShopOrderDetail(**_totals(row), **_parts(row), **_customer(row), **_office(row))


def _totals(row: AnyRow) -> dict[str, Any]:
    lines = [ShopOrderLine.model_validate(line) for line in row.lines or ()]
    return {
        "order_id": row.id,
        "order_number": row.order_number,
        "shop_id": row.stock_location_id,
        "shop_name": row.shop_name,
        "status": row.status,
        "payment_mode": row.payment_method,
        "payment_status": _payment_status(row),
        "total_amount": row.total_amount,
        "final_amount": row.total_amount if row.final_total is None else row.final_total,
        "delivery_fee": row.delivery_fee,
        "delivery_notes": row.notes,
        "address": row.address,
        "created_at": row.created_at,
        "delivered_at": row.delivered_at,
        "item_count": len(lines),
        "items": lines,
    }


def _customer(row: AnyRow) -> dict[str, Any]:
    return {"customer": row.customer_phone, "customer_name": row.customer_name}


def _office(row: AnyRow) -> dict[str, Any]:
    return {"id": row.id, "customer_id": row.user_id}


def _parts(row: AnyRow) -> dict[str, Any]:
    log = [_event(event) for event in row.log or ()]
    return {
        "payment": _payment(row),
        "status_log": log,
        "modifications": _modifications(row, log),
        "returns": [ShopOrderReturn.model_validate(each) for each in row.returns or ()],
        "rating": ShopOrderRating.model_validate(row.rating) if row.rating else None,
    }


def _event(made: Mapping[str, Any]) -> ShopOrderEvent:
    return ShopOrderEvent.model_validate({**made, "status": OrderStatus(made["status"])})


def _payment_status(row: AnyRow) -> PaymentStatus:
    paid = Paid(
        method=row.payment_method,
        status=row.status,
        wallet_paid=row.wallet_paid,
        wallet_refunded=row.wallet_refunded,
        authorized=row.authorized_amount or NOTHING,
        captured=row.captured_amount or NOTHING,
        card_refunded=row.card_refunded or NOTHING,
    )
    return payment_status(paid)


def _payment(row: AnyRow) -> ShopOrderPayment:
    if row.payment_method is PaymentMethod.CASH:
        paid, refunded = (row.total_amount if row.status in HANDED_OVER else NOTHING), NOTHING
    elif row.payment_method is PaymentMethod.WALLET:
        paid, refunded = row.wallet_paid, row.wallet_refunded
    else:
        paid = row.captured_amount or row.authorized_amount or NOTHING
        refunded = row.card_refunded or NOTHING
    return ShopOrderPayment(mode=row.payment_method, status=_payment_status(row), paid=paid, refunded=refunded)


def _modifications(row: AnyRow, log: Sequence[ShopOrderEvent]) -> list[ShopOrderModification]:
    """Those made since the last confirmation are pending while the order awaits the consumer's yes."""
    made = row.modifications or ()
    waits = row.status is OrderStatus.AWAITING_CONSUMER_CONFIRMATION
    settled = len(made) - (_unconfirmed(log) if waits else 0)
    return [
        ShopOrderModification.model_validate(
            {**each, "items": each["items"] or [], "pending": place >= settled}  # a change may change no line
        )
        for place, each in enumerate(made)
    ]


def _unconfirmed(log: Sequence[ShopOrderEvent]) -> int:
    """How often the vendor changed the order since its consumer last said yes."""
    count = 0
    for event in reversed(log):
        if event.action is OrderActionType.MODIFICATION_CONFIRMED:
            break
        count += event.action is OrderActionType.VENDOR_MODIFIED
    return count
