"""What the checkout of a trolley needs to know: the shopper's own request, at the branch where the trolley is."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from app.domain.amounts import NOTHING
from app.domain.channels import IN_STORE
from app.domain.coupons import Coupon
from app.domain.enums import FulfillmentType, PaymentMethod, SubstitutionPreference
from app.domain.pricing import DeliveryTariff
from app.models.base import AnyRow
from app.schemas.checkout import SubstitutionWish
from app.services.checkout.context import Context


@dataclass(frozen=True, slots=True)
class TrolleySale:
    """A confirm of a trolley: nothing is brought anywhere, and nothing can be missing."""

    expected_total: Decimal | None
    payment_method: ClassVar = PaymentMethod.CARD
    notes: ClassVar[str | None] = None
    fulfillment_type: ClassVar = FulfillmentType.PICKUP
    default_substitution: ClassVar = SubstitutionPreference.REFUND
    substitutions: ClassVar[tuple[SubstitutionWish, ...]] = ()


@dataclass(frozen=True, slots=True)
class TrolleyContext:
    """The facts of one checkout of a trolley; token and coupon are those that were read for the request."""

    asked: Context
    form: TrolleySale
    stock_location_id: int
    policy: ClassVar = IN_STORE
    is_pickup: ClassVar = True

    @property
    def row(self) -> AnyRow:
        return self.asked.row

    @property
    def tariff(self) -> DeliveryTariff:
        """Nothing is delivered."""
        return DeliveryTariff(free_from=NOTHING, fee=NOTHING, tax_rate=NOTHING)

    def branch_id(self) -> int:
        """Where the trolley is."""
        return self.stock_location_id

    def coupon(self) -> Coupon | None:
        """The coupon asked for. Raises CouponNotFound."""
        return self.asked.coupon()
