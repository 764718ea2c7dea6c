"""Why a checkout is refused. Nothing is reserved, charged or lost when one of these is raised."""

from app.errors import BadRequest, Conflict, DomainError, NotFound


class MissingIdempotencyKey(BadRequest):
    code = "MISSING_IDEMPOTENCY_KEY"
    message = "Send an Idempotency-Key header (1 to 128 visible ASCII characters), new for each checkout."


class KeyReused(Conflict):
    code = "IDEMPOTENCY_KEY_REUSE_MISMATCH"
    message = "This Idempotency-Key was used for another request. Take a new one."


class KeyInProgress(Conflict):
    code = "IDEMPOTENCY_IN_PROGRESS"
    message = "The same request is being worked on. Repeat it in a second to get its answer."


class CartNotFound(NotFound):
    message = "You have no such cart."


class CartEmpty(BadRequest):
    code = "CART_EMPTY"
    message = "The cart is empty. Add something first."


class CartClosed(Conflict):
    code = "CART_CLOSED"
    message = "This cart was merged, abandoned or sold at a till. Use your present cart."


class SlotNotFound(NotFound):
    message = "There is no such active delivery slot."


class InvalidSlot(BadRequest):
    code = "INVALID_SLOT"
    message = "This slot cannot be used: wrong branch, not a two-hour window inside 06:00-22:00, or not open that day."


class SlotFull(Conflict):
    code = "SLOT_FULL"
    message = "This delivery slot is fully booked. Choose another slot or date."


class InsufficientStock(Conflict):
    """`details.missing` names every short line with what is left."""

    code = "INSUFFICIENT_STOCK"
    message = "Some products are not available in this quantity; details.missing lists them."


class PriceChanged(Conflict):
    """`details.total` is the total now."""

    code = "PRICE_CHANGED"
    message = "The total is not the expected one any more. Preview again and confirm the new total."


class TotalTooLarge(Conflict):
    """No amount of an order has more than ten digits before the point."""

    code = "TOTAL_TOO_LARGE"
    message = "The total is more than one order can come to. Take something out."


class CouponNotFound(NotFound):
    code = "COUPON_NOT_FOUND"
    message = "There is no such coupon. Check the code, or go on without it."


class CouponNotApplicable(Conflict):
    """`details.reason`: not_started, expired, used_up, used_up_by_you, delivery_only or minimum_not_met."""

    code = "COUPON_NOT_APPLICABLE"
    message = "This coupon does not apply to this order; details.reason says why. Go on without it, or change the cart."


class PreferredProductNotFound(NotFound):
    """`details.product_ids` names them."""

    code = "PRODUCT_NOT_FOUND"
    message = "A product wanted as a substitute is not sold here; details.product_ids names it."


class PaymentTokenInactive(BadRequest):
    code = "PAYMENT_TOKEN_INACTIVE"
    message = "This means of payment is switched off. Use another one."


class UnsupportedProvider(BadRequest):
    code = "UNSUPPORTED_PROVIDER"
    message = "This means of payment belongs to a provider the shop does not use."


class PaymentDeclined(DomainError):
    """`details.order_id` is the cancelled order; its lines are back in the active cart."""

    code = "PAYMENT_DECLINED"
    status = 402
    message = "The payment was declined. Nothing was charged; try another means of payment."
