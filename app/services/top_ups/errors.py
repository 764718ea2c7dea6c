"""Why a wallet is not loaded."""

from app.errors import DomainError, NotFound


class TopUpNotFound(NotFound):
    code = "TOP_UP_NOT_FOUND"
    message = "You have no such payment into your wallet."


class TopUpDeclined(DomainError):
    """`details.top_up_id` is the payment, `details.reason` the provider's word for why."""

    code = "PAYMENT_DECLINED"
    status = 402
    message = "The payment was declined. Nothing was charged; try another means of payment."
