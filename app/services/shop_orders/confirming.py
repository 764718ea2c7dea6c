"""POST /consumer/order/confirm in the words of the marketplace; the work is the one checkout's."""

import secrets

from app.domain.caller import Caller
from app.schemas.shop_checkout import ShopConfirmAnswer, ShopConfirmRequest, ShopPendingAnswer
from app.services.checkout import answers
from app.services.checkout.answers import Decision
from app.services.checkout.confirm import confirm_at_shop
from app.services.checkout.shop_context import ShopSale


def confirm(form: ShopConfirmRequest, idempotency_key: str | None, caller: Caller) -> Decision:
    """Sell the caller's basket and take the payment, once for each key and each basket.

    Without a key of the client's every call is a request of its own; the basket is sold only once all the same.
    Raises the refusals of `checkout.shop_placing`.
    """
    sale = ShopSale(
        payment_method=form.payment_mode,
        payment_token_id=form.payment_token_id,
        expected_total=form.expected_total,
        notes=form.delivery_notes or None,
    )
    decision = confirm_at_shop(sale, idempotency_key or f"none-{secrets.token_hex(16)}", caller)
    return Decision(decision.status, _worded(decision), decision.is_replay)


def _worded(decision: Decision) -> dict[str, object]:
    """The kept answer of the checkout as this route words it; refusals stay as they are."""
    data = decision.body.get("data")
    if data is None:
        return decision.body
    number = {"order_id": data["order_id"], "order_number": data["order_number"]}
    if decision.status == answers.PENDING:
        poll = f"/api/v1/consumer/orders/{data['order_id']}"
        return {"data": ShopPendingAnswer(message="Payment is being checked", poll=poll, **number)}
    return {"data": ShopConfirmAnswer(message="Order placed successfully", total=data["total_paid"], **number)}
