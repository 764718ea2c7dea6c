"""A vendor's orders: answer, change, deliver, cancel and take back."""

from flask import Blueprint, Response

from app.domain.shop_order_states import Move
from app.middleware.answers import answer, cacheable, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Listed, Message
from app.schemas.shop_order_moves import (
    AnswerOrderRequest,
    CompleteReturnRequest,
    DecideReturnRequest,
    ModifiedAnswer,
    ModifyRequest,
    RaiseReturnRequest,
    RefundAnswer,
    ReturnAnswer,
)
from app.schemas.shop_orders import ShopOrderQuery, VendorShopOrder, VendorShopOrderDetail
from app.services.checkout.errors import InsufficientStock, TotalTooLarge
from app.services.ledger import InsufficientFunds
from app.services.payments.settlement import AmountNotAvailable
from app.services.returns import completing, deciding, raising
from app.services.shop_orders import canceling, delivering, finding, history, modifying
from app.services.shop_orders.refusals import InvalidMove
from app.services.shops.own import ShopNotFound

orders = Blueprint("vendor_orders", __name__)


@orders.get("")
@endpoint(query=ShopOrderQuery, answers={200: Listed[VendorShopOrder]}, errors=(ShopNotFound,))
def list_orders(query: ShopOrderQuery) -> Response:
    """List the orders of your shop, newest first."""
    return listed(*history.of_vendor(query, current_caller()))


@orders.get("/<int:order_id>")
@endpoint(answers={200: VendorShopOrderDetail}, errors=(finding.OrderNotFound,))
def show_order(order_id: int) -> Response:
    """Show one order of your shop with all that was done to it.

    Send the ETag of the last answer as If-None-Match to ask cheaply whether anything changed.
    """
    return cacheable(answer(history.vendors_order(order_id=order_id, caller=current_caller())))


@orders.post("/<int:order_id>/status")
@endpoint(body=AnswerOrderRequest, answers={200: Message}, errors=(finding.OrderNotFound, InvalidMove))
def answer_order(order_id: int, body: AnswerOrderRequest) -> Response:
    """Accept, reject or deliver an order; a prepaid one is yours to be paid once it is delivered."""
    delivering.answer(Move(body.status), current_caller(), order_id=order_id)
    return answer(Message(message=f"Order marked as {body.status}"))


@orders.post("/<int:order_id>/modify")
@endpoint(
    body=ModifyRequest,
    answers={200: ModifiedAnswer},
    errors=(
        modifying.UnknownLines,
        modifying.NothingLeft,
        finding.OrderNotFound,
        InvalidMove,
        InsufficientStock,
        modifying.AboveAuthorization,
        TotalTooLarge,
    ),
)
def modify_order(order_id: int, body: ModifyRequest) -> Response:
    """Change quantities of an order; the consumer has to agree before it goes on."""
    total = modifying.modify(body, current_caller(), order_id=order_id)
    return answer(ModifiedAnswer(message="Order modified", new_total=total))


@orders.post("/<int:order_id>/cancel")
@endpoint(answers={200: RefundAnswer}, errors=(finding.OrderNotFound, InvalidMove))
def cancel_order_of_shop(order_id: int) -> Response:
    """Cancel an order before it is handed over; the consumer gets back whatever was paid."""
    refund = canceling.cancel_by_vendor(current_caller(), order_id=order_id)
    return answer(RefundAnswer(message="Order cancelled", refund=refund))


@orders.post("/<int:order_id>/return/accept")
@endpoint(
    body=DecideReturnRequest,
    body_optional=True,
    answers={200: ReturnAnswer},
    errors=(finding.OrderNotFound, InvalidMove),
)
def accept_return(order_id: int, body: DecideReturnRequest) -> Response:
    """Accept what the consumer asked to give back."""
    accepted = deciding.accept(body, current_caller(), order_id=order_id)
    return answer(ReturnAnswer(message="Return request accepted", return_ids=list(accepted)))


@orders.post("/<int:order_id>/return/reject")
@endpoint(
    body=DecideReturnRequest,
    body_optional=True,
    answers={200: ReturnAnswer},
    errors=(finding.OrderNotFound, InvalidMove),
)
def reject_return(order_id: int, body: DecideReturnRequest) -> Response:
    """Reject what the consumer asked to give back."""
    rejected = deciding.reject(body, current_caller(), order_id=order_id)
    return answer(ReturnAnswer(message="Return request rejected", return_ids=list(rejected)))


@orders.post("/<int:order_id>/return/complete")
@endpoint(
    body=CompleteReturnRequest,
    body_optional=True,
    answers={200: RefundAnswer},
    errors=(InsufficientFunds, finding.OrderNotFound, InvalidMove, AmountNotAvailable),
)
def complete_return(order_id: int, body: CompleteReturnRequest) -> Response:
    """The goods are back: give the consumer their money."""
    refund = completing.complete(body, current_caller(), order_id=order_id)
    return answer(RefundAnswer(message="Return marked as completed", refund=refund))


@orders.post("/<int:order_id>/return/initiate")
@endpoint(
    body=RaiseReturnRequest,
    answers={200: ReturnAnswer},
    errors=(raising.ReturnTooMuch, finding.OrderNotFound, InvalidMove),
)
def initiate_return(order_id: int, body: RaiseReturnRequest) -> Response:
    """Take goods of a delivered order back unasked; it counts as accepted."""
    made = raising.take_back_unasked(body, current_caller(), order_id=order_id)
    return answer(ReturnAnswer(message="Return initiated and accepted", return_ids=[made]))
