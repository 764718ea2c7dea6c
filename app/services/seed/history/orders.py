"""Orders of the past with their carts, delivery windows and hand-overs. Every function is a step."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.channels import DELIVERY_OR_PICKUP
from app.domain.enums import CartStatus, DeliveryOutcome, OrderStatus
from app.models import Cart, DeliveryAttempt, DeliverySlot, Order, SlotBooking, SlotOccurrence
from app.services.seed.history.rows import Values, add_rows, insert_rows
from app.services.seed.history.sums import Reckoned

_ADDRESS = "12 Herzl Street, Tel Aviv"
_FIRST_NUMBER = 0xA15000


def write_orders(session: Session, orders: Sequence[Reckoned]) -> None:
    """Write the orders, and each one's id into it."""
    carts = [{"user_id": each.user_id, "status": CartStatus.CHECKED_OUT} for each in orders]
    cart_ids = insert_rows(session, Cart, carts)
    rows = [_order(number, each) | {"cart_id": cart_ids[number]} for number, each in enumerate(orders)]
    for each, order_id in zip(orders, insert_rows(session, Order, rows), strict=True):
        each.id = order_id
    insert_rows(session, DeliveryAttempt, [_delivery(each) for each in orders if each.past.was_driven])


def _delivery(each: Reckoned) -> Values:
    return {
        "order_id": each.id,
        "outcome": DeliveryOutcome.DELIVERED,
        "received_by": "at the door",
        "actor_user_id": each.picker_id,
        "created_at": each.past.ended_at,
    }


def _order(number: int, each: Reckoned) -> Values:
    past, totals = each.past, each.totals
    return {
        "order_number": f"ORD-{int(past.created_at.timestamp())}-{_FIRST_NUMBER + number:06X}",
        "user_id": each.user_id,
        "channel": DELIVERY_OR_PICKUP.name,
        "stock_location_id": past.place.id,
        "status": OrderStatus.CANCELED if past.is_canceled else OrderStatus.DELIVERED,
        "fulfillment_type": past.fulfillment,
        "currency": settings().currency,
        "items_total": totals.items,
        "deposit_total": totals.deposits,
        "delivery_fee": totals.delivery_fee,
        "delivery_tax_rate": each.fee_tax_rate,
        "discount_total": totals.discount,
        "tax_total": totals.tax,
        "total_amount": totals.total,
        "address": _ADDRESS if past.window else None,
        "delivery_slot_id": past.window.id if past.window else None,
        "slot_start": past.slot_start,
        "slot_end": past.slot_end,
        "created_at": past.created_at,
        "updated_at": past.ended_at,
        "canceled_at": past.ended_at if past.is_canceled else None,
        "cancel_reason": "user" if past.is_canceled else None,
        **_handing_over(each),
    }


def _handing_over(each: Reckoned) -> Values:
    """What an order got from its picker and driver; nothing of it where the order was cancelled before."""
    past, final = each.past, each.final
    values = {
        "picker_id": each.picker_id,
        "claimed_at": past.lines[0].marked_at - timedelta(minutes=1),
        "ready_at": past.ready_at,
        "driver_id": each.picker_id if past.was_driven else None,
        "dispatched_at": past.ready_at + timedelta(minutes=5) if past.was_driven else None,
        "delivered_at": past.ended_at,
        "final_items_total": final.items,
        "final_deposit_total": final.deposits,
        "final_discount_total": final.discount,
        "final_reduction": final.reduction,
        "final_tax_total": final.tax,
        "final_total": final.total,
    }
    return dict.fromkeys(values) if past.is_canceled else values


def write_bookings(session: Session, orders: Sequence[Reckoned]) -> None:
    """The dates of the windows, and the place of each order in them; a cancelled order gave its place back."""
    occasions = {each.id: _occasion(each) for each in orders if each.past.window}
    kept = Counter(occasions[each.id] for each in orders if each.id in occasions and not each.past.is_canceled)
    ids = _write_occurrences(session, {occasion: kept[occasion] for occasion in occasions.values()})
    bookings = [
        {
            "order_id": each.id,
            "occurrence_id": ids[occasions[each.id]],
            "created_at": each.past.created_at,
            "released_at": each.past.ended_at if each.past.is_canceled else None,
        }
        for each in orders
        if each.id in occasions
    ]
    add_rows(session, SlotBooking, bookings)


def _write_occurrences(session: Session, booked: dict[tuple[int, date], int]) -> dict[tuple[int, date], int]:
    """The ids of the windows' dates, made where there are none, with so many more places booked."""
    capacities = session.execute(select(DeliverySlot.id, DeliverySlot.capacity)).all()
    capacity: dict[int, int] = {row.id: row.capacity for row in capacities}
    table: Any = SlotOccurrence.__table__
    statement = insert(table)
    statement = statement.on_conflict_do_update(
        index_elements=["slot_id", "delivery_date"], set_={"booked": table.c.booked + statement.excluded.booked}
    )
    rows = [
        {"slot_id": slot_id, "delivery_date": day, "capacity": capacity[slot_id], "booked": places}
        for (slot_id, day), places in sorted(booked.items())
    ]
    if not rows:
        return {}
    written = session.connection().execute(
        statement.returning(table.c.id, table.c.slot_id, table.c.delivery_date), rows
    )
    return {(row.slot_id, row.delivery_date): row.id for row in written}


def _occasion(each: Reckoned) -> tuple[int, date]:
    """The window and the day of an order's delivery."""
    if each.past.window is None:
        raise ValueError("a pickup has no delivery window")
    return each.past.window.id, each.past.slot_start.date()
