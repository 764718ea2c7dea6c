"""What a checkout at a vendor's shop needs to know besides the basket."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Boolean, Select, and_, bindparam, case, func, or_, select
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.amounts import NOTHING
from app.domain.channels import MARKETPLACE
from app.domain.enums import FulfillmentType, PaymentMethod, SubstitutionPreference
from app.domain.pricing import DeliveryTariff
from app.errors import Conflict
from app.models import CartItem, ConsumerProfile, IdempotencyKey, PaymentToken, Product, Shop, StockLocation, User
from app.models.base import AnyRow
from app.schemas.checkout import SubstitutionWish
from app.schemas.money import money_number
from app.services.shops.opening import ShopClosed, open_now, serves, this_moment

SHARED_TOKEN = 1
"""The sandbox's demo card, for those who keep none of their own."""

_NEVER = Decimal("Infinity")


class OutOfArea(Conflict):
    code = "OUT_OF_AREA"
    message = "This shop does not deliver to you. Choose one of your society, or one that delivers."


class BelowMinimum(Conflict):
    """`details.minimum` is what the items must come to."""

    code = "BELOW_MINIMUM_ORDER"
    message = "The order is below the shop's minimum. Add something."


@dataclass(frozen=True, slots=True)
class ShopSale:
    """A confirm at a vendor's shop: the caller's one basket there, by whichever means of payment."""

    payment_method: PaymentMethod
    payment_token_id: int | None = None
    expected_total: Decimal | None = None
    notes: str | None = None
    fulfillment_type: ClassVar = FulfillmentType.DELIVERY
    default_substitution: ClassVar = SubstitutionPreference.REFUND
    substitutions: ClassVar[tuple[SubstitutionWish, ...]] = ()


@dataclass(frozen=True, slots=True)
class ShopContext:
    """The facts of one checkout at a shop."""

    row: AnyRow
    form: ShopSale
    policy: ClassVar = MARKETPLACE
    is_pickup: ClassVar = False

    @property
    def tariff(self) -> DeliveryTariff:
        """The shop's own fee, whatever the items come to; taxes are the vendor's affair."""
        return DeliveryTariff(free_from=_NEVER, fee=self.row.delivery_fee, tax_rate=NOTHING)

    @property
    def address(self) -> str | None:
        """Where the vendor brings it: the consumer's flat, society and city."""
        row = self.row
        parts = [part for part in (row.flat_number, row.consumer_society, row.consumer_city) if part]
        return ", ".join(parts) or None

    def branch_id(self) -> int:
        """The stock location: the shop itself."""
        return int(self.row.shop_id)

    def coupon(self) -> None:
        """Shops have no coupons."""

    def check(self, items: Decimal) -> None:
        """Whether the shop sells items of that worth to the caller now. Raises ShopClosed, OutOfArea, BelowMinimum."""
        if not self.row.is_open_now:
            raise ShopClosed
        if not self.row.serves:
            raise OutOfArea
        if items < self.row.minimum_order:
            raise BelowMinimum(details={"minimum": money_number(self.row.minimum_order)})


_KEPT = select(
    IdempotencyKey.request_hash,
    IdempotencyKey.state.label("kept_state"),
    IdempotencyKey.order_id.label("kept_order_id"),
    IdempotencyKey.status.label("kept_status"),
    IdempotencyKey.body.label("kept_body"),
).where(
    IdempotencyKey.principal == bindparam("principal"),
    IdempotencyKey.route == bindparam("route"),
    IdempotencyKey.key == bindparam("key"),
    or_(IdempotencyKey.expires_at > func.now(), IdempotencyKey.state == "placed"),
)


def kept_answer(session: Session, *, principal: str, route: str, key: str) -> AnyRow | None:
    """The earlier use of an idempotency key, if there is one. A step."""
    return session.execute(_KEPT, {"principal": principal, "route": route, "key": key}).one_or_none()


def read_shop_context(session: Session, *, cart_id: int, user_id: int, sale: ShopSale) -> ShopContext | None:
    """The facts of a checkout whose cart is locked; None for an empty cart. A step: one statement, no lock."""
    current = settings()
    values = {
        "cart_id": cart_id,
        "user_id": user_id,
        "token_id": sale.payment_token_id,
        "sandbox": current.payment_provider == "sandbox",
        **this_moment(),
    }
    row = session.execute(_statement(current.require_verified_shops), values).one_or_none()
    return ShopContext(row, sale) if row else None


@cache
def _statement(_require_verified: bool) -> Select[*tuple[Any, ...]]:
    """Built once for each rule of which shops may sell."""
    of_cart = select(Product.shop_id).join(CartItem, CartItem.product_id == Product.id)
    shop_id = of_cart.where(CartItem.cart_id == bindparam("cart_id")).limit(1).scalar_subquery()
    user_id, sandbox = bindparam("user_id", type_=BigInteger), bindparam("sandbox", type_=Boolean)
    default = select(PaymentToken.id).where(PaymentToken.user_id == user_id, PaymentToken.is_default)
    token_id = func.coalesce(
        bindparam("token_id", type_=BigInteger), default.scalar_subquery(), case((sandbox, SHARED_TOKEN))
    )
    own_or_shared = or_(PaymentToken.user_id == user_id, and_(PaymentToken.user_id.is_(None), sandbox))
    return (
        select(
            Shop.id.label("shop_id"),
            Shop.delivery_fee,
            Shop.minimum_order,
            open_now().label("is_open_now"),
            serves(User).label("serves"),
            User.city.label("consumer_city"),
            User.society.label("consumer_society"),
            ConsumerProfile.flat_number,
            PaymentToken.id.label("token_id"),
            PaymentToken.provider.label("token_provider"),
            PaymentToken.is_active.label("token_is_active"),
        )
        .join(StockLocation, StockLocation.id == Shop.id)
        .join(User, User.id == user_id)
        .outerjoin(ConsumerProfile, ConsumerProfile.user_id == User.id)
        .outerjoin(PaymentToken, and_(PaymentToken.id == token_id, own_or_shared))
        .where(Shop.id == shop_id)
    )
