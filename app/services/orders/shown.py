"""From a row to the order its owner sees: as ordered, and from READY on as it was picked.

Made without validation, which took most of the time of a page: the database holds the rules already.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.config import settings
from app.domain.amounts import NOTHING
from app.domain.discounts import spread
from app.domain.enums import (
    DiscountKind,
    FulfillmentType,
    PickedStatus,
    SoldBy,
    SubstitutionPreference,
    SubstitutionStatus,
)
from app.domain.order_states import PICKABLE
from app.domain.pricing import tax_table
from app.models import Order
from app.models.base import AnyRow
from app.schemas.orders import (
    OrderAnswer,
    OrderBranch,
    OrderDeposit,
    OrderDiscountLine,
    OrderLine,
    OrderPayment,
    OrderSlot,
    OrderSubstitution,
    OrderTax,
)

Taxed = tuple[Decimal, Decimal]
"""An amount and the rate, in percent, of the tax inside it."""


def order(row: AnyRow) -> OrderAnswer:
    """The order of a row of `reading`."""
    lines = [_line(line, may_decide=row.status in PICKABLE) for line in row.lines or ()]
    discounts = [discount(values) for values in row.discounts or ()]
    pickup = row.fulfillment_type is FulfillmentType.PICKUP
    return OrderAnswer.of_known(
        **{name: row._mapping[name] for name in _PLAIN},
        items_count=len(lines),
        branch=branch(row),
        delivery_slot=slot(row.delivery_slot_id, row.slot_start, row.slot_end),
        pickup_start=row.slot_start if pickup else None,
        pickup_end=row.slot_end if pickup else None,
        driver_name=row.driver_name if row.dispatched_at else None,
        payment=payment(row),
        items=lines,
        discounts=discounts,
        deposits=[each for line in lines for each in _deposits(line, is_final=row.final_total is not None)],
        tax_table=_taxes(row, lines, discounts),
    )


_PLAIN = tuple(
    name for name in OrderAnswer.model_fields if name in {*Order.__table__.c.keys(), "customer_name", "customer_phone"}
)


def branch(row: AnyRow) -> OrderBranch:
    """Where the order is packed."""
    return OrderBranch(id=row.stock_location_id, name=row.branch_name, address=row.branch_address)


def payment(row: AnyRow) -> OrderPayment | None:
    """How the order is paid; None where there is nothing to pay."""
    if row.reference is None:
        return None
    return OrderPayment.of_known(**{name: row._mapping[name] for name in OrderPayment.model_fields})


def slot(slot_id: int | None, start: datetime | None, end: datetime | None) -> OrderSlot | None:
    """The booked window as a date and two times of day of the shop's zone."""
    if slot_id is None or start is None or end is None:
        return None
    starts, ends = start.astimezone(settings().zone), end.astimezone(settings().zone)
    return OrderSlot(
        id=slot_id,
        date=starts.date(),
        start_time=starts.time().replace(microsecond=0),
        end_time=ends.time().replace(microsecond=0),
    )


def discount(values: Mapping[str, Any]) -> OrderDiscountLine:
    """One discount out of its JSON."""
    words = {"kind": DiscountKind(values["kind"])}
    return OrderDiscountLine.of_known(**{**values, **words, **_exact(values, "amount", "final_amount")})


_LINE_AMOUNTS = (
    "price_per_kg",
    "unit_price",
    "line_total",
    "unit_deposit",
    "tax_rate",
    "discount_amount",
    "final_total",
)
_SUBSTITUTE_AMOUNTS = ("unit_price", "line_total", "unit_deposit", "tax_rate")


def _line(values: Mapping[str, Any], *, may_decide: bool) -> OrderLine:
    status = PickedStatus(values["picked_status"])
    substitution = _substitution(values["substitution"], may_decide=may_decide)
    made = {
        "sold_by": SoldBy(values["sold_by"]),
        "picked_status": status,
        "missing": status is PickedStatus.MISSING,
        "substitution_preference": SubstitutionPreference(values["substitution_preference"]),
        "replacement_name": substitution.name if substitution else None,
        "substitution": substitution,
    }
    return OrderLine.of_known(**{**values, **made, **_exact(values, *_LINE_AMOUNTS)})


def _substitution(values: Mapping[str, Any] | None, *, may_decide: bool) -> OrderSubstitution | None:
    if values is None:
        return None
    made = {"status": SubstitutionStatus(values["status"]), "may_decide": may_decide}
    return OrderSubstitution.of_known(**{**values, **made, **_exact(values, *_SUBSTITUTE_AMOUNTS)})


def _exact(values: Mapping[str, Any], *names: str) -> dict[str, Decimal]:
    return {name: Decimal(values[name]) for name in names if values[name] is not None}


def _deposits(line: OrderLine, *, is_final: bool) -> Iterator[OrderDeposit]:
    """The deposit on what was ordered, or on what went into the bag."""
    bottle: OrderLine | OrderSubstitution = line
    pieces = line.quantity
    if is_final and line.picked_status is PickedStatus.REPLACED and line.substitution:
        bottle, pieces = line.substitution, line.substitution.quantity
    elif is_final:
        pieces = line.picked_quantity or 0
    if bottle.unit_deposit and pieces:
        yield OrderDeposit.of_known(
            name=f"Deposit: {bottle.name}",
            quantity=pieces,
            unit_deposit=bottle.unit_deposit,
            total=bottle.unit_deposit * pieces,
        )


def _off_fee(discounts: Sequence[OrderDiscountLine]) -> Decimal:
    """What free delivery takes off the fee, by the newest word on it."""
    free = [each for each in discounts if each.kind is DiscountKind.FREE_DELIVERY]
    return sum((each.amount if each.final_amount is None else each.final_amount for each in free), NOTHING)


def _amounts(row: AnyRow, lines: Sequence[OrderLine], off_fee: Decimal) -> list[Taxed]:
    """What each line is charged with; discount and reduction are spread as when the order became READY."""
    if row.final_total is None:
        return [(line.line_total - line.discount_amount, line.tax_rate) for line in lines]
    totals = [line.final_total or NOTHING for line in lines]
    off_items = row.final_discount_total - off_fee + row.final_reduction
    shares = spread(min(off_items, sum(totals, NOTHING)), totals)
    charged = zip(lines, totals, shares, strict=True)
    return [(total - share, _rate(line)) for line, total, share in charged if total]


def _rate(line: OrderLine) -> Decimal:
    """The rate of what went into the bag."""
    if line.picked_status is PickedStatus.REPLACED and line.substitution:
        return line.substitution.tax_rate
    return line.tax_rate


def _taxes(row: AnyRow, lines: Sequence[OrderLine], discounts: Sequence[OrderDiscountLine]) -> list[OrderTax]:
    """The tax inside lines and delivery fee by rate; deposits carry none."""
    off_fee = _off_fee(discounts)
    amounts, fee = _amounts(row, lines, off_fee), row.delivery_fee - off_fee
    amounts += [(fee, row.delivery_tax_rate)] if fee else []
    return [OrderTax.of_known(rate=rate, gross=gross, tax=tax) for rate, gross, tax in tax_table(amounts)]
