"""Orders from vendors' shops: confirm, history, changes, cancelling and returns."""

from flask import Blueprint, Response

from app.errors import Busy
from app.middleware import limits
from app.middleware.answers import answer, cacheable, decided, listed
from app.middleware.guards import current_caller
from app.middleware.idempotency import OPTIONAL_KEY, InvalidIdempotencyKey, given_key
from app.openapi import endpoint
from app.schemas.envelope import Listed
from app.schemas.shop_checkout import ShopConfirmAnswer, ShopConfirmRequest, ShopPendingAnswer
from app.schemas.shop_order_moves import RaiseReturnRequest, RefundAnswer, ReturnAnswer
from app.schemas.shop_orders import ConsumerShopOrder, ConsumerShopOrderDetail, ShopOrderQuery
from app.services.checkout import errors, shop_context
from app.services.ledger import InsufficientFunds
from app.services.payment_tokens import PaymentTokenNotFound
from app.services.returns import raising
from app.services.shop_orders import canceling, confirming, finding, history, modifying
from app.services.shop_orders.refusals import InvalidMove
from app.services.shops.opening import ShopClosed

orders = Blueprint("shop_orders", __name__)


@orders.post("/order/confirm")
@limits.order_by_address
@limits.order_by_user
@endpoint(
    body=ShopConfirmRequest,
    body_optional=True,
    headers=(OPTIONAL_KEY,),
    answers={201: ShopConfirmAnswer, 200: ShopConfirmAnswer, 202: ShopPendingAnswer},
    errors=(
        InvalidIdempotencyKey,
        errors.CartEmpty,
        errors.PaymentTokenInactive,
        errors.UnsupportedProvider,
        errors.PaymentDeclined,
        InsufficientFunds,
        PaymentTokenNotFound,
        ShopClosed,
        shop_context.OutOfArea,
        shop_context.BelowMinimum,
        errors.InsufficientStock,
        errors.PriceChanged,
        errors.TotalTooLarge,
        errors.KeyReused,
        errors.KeyInProgress,
        Busy,
    ),
)
def confirm_basket(body: ShopConfirmRequest) -> Response:
    """Order what is in your basket for a vendor's shop, paid by cash, wallet or card; once for each Idempotency-Key.

    201 is a new order, 200 the same answer again, 202 an order whose card the provider has yet to decide.
    """
    made = confirming.confirm(body, given_key(), current_caller())
    return decided(made.body, status=made.status, is_replay=made.is_replay)


@orders.get("/order/history")
@endpoint(query=ShopOrderQuery, answers={200: Listed[ConsumerShopOrder]})
def list_own_orders(query: ShopOrderQuery) -> Response:
    """List your orders from vendors' shops, newest first."""
    return listed(*history.of_consumer(query, current_caller()))


@orders.get("/orders/<int:order_id>")
@endpoint(answers={200: ConsumerShopOrderDetail}, errors=(finding.OrderNotFound,))
def show_own_order(order_id: int) -> Response:
    """Show one of your orders with all that was done to it.

    Send the ETag of the last answer as If-None-Match to ask cheaply whether anything changed.
    """
    return cacheable(answer(history.consumers_order(order_id=order_id, caller=current_caller())))


@orders.post("/orders/<int:order_id>/confirm-modified")
@endpoint(answers={200: RefundAnswer}, errors=(InsufficientFunds, finding.OrderNotFound, InvalidMove))
def confirm_modified_order(order_id: int) -> Response:
    """Agree to what the shop changed; a wallet gets the difference back or pays it."""
    refund = modifying.confirm_modified(current_caller(), order_id=order_id)
    return answer(RefundAnswer(message="Modified order confirmed", refund=refund))


@orders.post("/orders/<int:order_id>/cancel")
@endpoint(answers={200: RefundAnswer}, errors=(finding.OrderNotFound, InvalidMove))
def cancel_shop_order(order_id: int) -> Response:
    """Cancel your order before it is handed over; whatever was paid comes back."""
    refund = canceling.cancel_by_consumer(current_caller(), order_id=order_id)
    return answer(RefundAnswer(message="Order cancelled", refund=refund))


@orders.post("/orders/<int:order_id>/return/raise")
@endpoint(
    body=RaiseReturnRequest,
    answers={200: ReturnAnswer},
    errors=(raising.ReturnTooMuch, finding.OrderNotFound, InvalidMove, raising.ReturnWindowOver),
)
def raise_return(order_id: int, body: RaiseReturnRequest) -> Response:
    """Ask to give back some pieces of a delivered order."""
    made = raising.raise_return(body, current_caller(), order_id=order_id)
    return answer(ReturnAnswer(message="Return request sent", return_ids=[made]))
