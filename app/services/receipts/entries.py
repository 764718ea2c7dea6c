"""What stands on a receipt: as ordered until the order is packed, then what was picked and is charged."""

from dataclasses import dataclass
from decimal import Decimal

from app.domain.amounts import NOTHING
from app.domain.enums import PickedStatus, SoldBy
from app.schemas.orders import OrderAnswer, OrderLine, OrderSubstitution
from app.services.receipts.fonts import is_complete


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a receipt with the small print below it; `unit_price` is for one piece."""

    name: str
    quantity: int
    unit_price: Decimal
    total: Decimal
    notes: list[str]


def is_final(order: OrderAnswer) -> bool:
    """Whether it is settled what is charged."""
    return order.final_total is not None


def ordered_entry(line: OrderLine, currency: str) -> Entry:
    """A line as it was ordered; the price of weighed goods follows from their estimated weight."""
    notes = []
    if line.sold_by is SoldBy.WEIGHT and line.estimated_weight_grams is not None:
        notes = _weighed("Estimated weight", line.estimated_weight_grams * line.quantity, line, currency)
    return Entry(line.name, line.quantity, line.unit_price, line.line_total, notes + _sku(line.name, line.sku))


def final_entry(line: OrderLine, currency: str) -> Entry:
    """A line as it was picked: with its weight, replaced by something else, or missing and not charged."""
    total = line.final_total or NOTHING
    if line.picked_status is PickedStatus.REPLACED and line.substitution:
        return _replaced(line, line.substitution, total)
    pieces = line.picked_quantity or 0
    notes = _sku(line.name, line.sku)
    if not pieces:
        notes = [f"Not available: {line.quantity} ordered, not charged", *notes]
    elif pieces < line.quantity:
        notes = [f"{line.quantity} ordered, {line.quantity - pieces} not available and not charged", *notes]
    if pieces and line.sold_by is SoldBy.WEIGHT and line.picked_weight_grams is not None:
        notes = _weighed("Weight", line.picked_weight_grams, line, currency) + notes
    return Entry(line.name, pieces, line.unit_price, total, notes)


def sums(order: OrderAnswer) -> list[tuple[str, Decimal]]:
    """What leads from the lines to the total: deposits, delivery, each discount on a line of its own, the reduction."""
    final = is_final(order)
    items = order.final_items_total if final else order.items_total
    deposits = order.final_deposit_total if final else order.deposit_total
    found = [("Deposits", deposits), ("Delivery fee", order.delivery_fee), *_discounts(order)]
    found += [("Reduction: above the agreed amount", -(order.final_reduction or NOTHING))]
    return [("Items", items or NOTHING), *((label, amount) for label, amount in found if amount)]


def _discounts(order: OrderAnswer) -> list[tuple[str, Decimal]]:
    """Each coupon with what it takes off; a discount without a coupon is shown under no name."""
    off = [(f"Discount {each.code}", each.final_amount if is_final(order) else each.amount) for each in order.discounts]
    total = order.final_discount_total if is_final(order) else order.discount_total
    return [(label, -(amount or NOTHING)) for label, amount in off or [("Discount", total)]]


def _replaced(line: OrderLine, substitution: OrderSubstitution, total: Decimal) -> Entry:
    notes = [f"instead of {line.name}"]
    if total < substitution.unit_price * substitution.quantity:
        notes.append("At no more than the price of what it replaces")
    notes += _sku(substitution.name, substitution.sku)
    return Entry(substitution.name, substitution.quantity, substitution.unit_price, total, notes)


def _weighed(label: str, grams: int, line: OrderLine, currency: str) -> list[str]:
    return [f"{label} {grams} g, {currency} {line.price_per_kg:.2f} per kg"] if line.price_per_kg is not None else []


def _sku(name: str, sku: str) -> list[str]:
    """The SKU of a product whose name cannot be drawn in full."""
    return [] if is_complete(name) else [f"SKU {sku}"]
