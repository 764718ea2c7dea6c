"""The lines of a cart at today's prices, as checkout sees them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.domain.enums import SoldBy
from app.domain.pricing import PricedLine, piece_price
from app.models.base import AnyRow
from app.schemas.checkout import MissingItem


@dataclass(frozen=True, slots=True)
class BasketLine:
    """One product of the basket: the stored row beside its price of today."""

    row: AnyRow
    priced: PricedLine

    @property
    def available(self) -> int:
        """Pieces that can be sold; none of a product that was taken out of the range."""
        return int(self.row.available) if self.row.sellable else 0

    @property
    def price_changed(self) -> bool:
        return bool(self.row.shown_price != self.priced.unit_price)


def price_lines(rows: Sequence[AnyRow]) -> list[BasketLine]:
    """Price the rows of `locks.checkout_lines` or of a preview."""
    return [BasketLine(row, _priced(row)) for row in rows]


def missing_items(lines: Sequence[BasketLine]) -> list[MissingItem]:
    """Every line that asks for more than there is."""
    return [
        MissingItem(
            product_id=line.row.product_id,
            requested_quantity=line.row.quantity,
            available_quantity=line.available,
        )
        for line in lines
        if line.row.quantity > line.available
    ]


def order_item(line: BasketLine, *, discount: Decimal, tax: Decimal) -> dict[str, Any]:
    """The snapshot of a line that goes into the order, as JSON values (money as text, so that no cent is lost).

    `discount` is the line's share of what is taken off the items, `tax` what is inside the rest.
    """
    row, priced = line.row, line.priced
    by_weight = priced.sold_by is SoldBy.WEIGHT
    return {
        "product_id": row.product_id,
        "name": row.name,
        "sku": row.sku,
        "unit": row.unit,
        "image_url": row.image_url,
        "sold_by": row.sold_by,
        "price_per_kg": str(row.price) if by_weight else None,
        "estimated_weight_grams": row.estimated_weight_grams if by_weight else None,
        "age_limit": row.age_limit,
        "unit_price": str(priced.unit_price),
        "quantity": priced.quantity,
        "line_total": str(priced.line_total),
        "unit_deposit": str(priced.unit_deposit),
        "tax_rate": str(priced.tax_rate),
        "tax_amount": str(tax),
        "discount_amount": str(discount),
    }


def _priced(row: AnyRow) -> PricedLine:
    sold_by = SoldBy(row.sold_by)
    return PricedLine(
        quantity=row.quantity,
        unit_price=piece_price(Decimal(row.price), sold_by, row.estimated_weight_grams),
        unit_deposit=row.deposit,
        tax_rate=row.tax_rate,
        sold_by=sold_by,
    )
