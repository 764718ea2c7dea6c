"""What consumers think of delivered orders; it feeds the shop's rating."""

from datetime import datetime

from sqlalchemy import bindparam, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import OrderActionType
from app.domain.shop_order_states import HANDED_OVER
from app.errors import BadRequest, Conflict
from app.models import Order, OrderRating, Shop
from app.schemas.shop_talk import GivenRating, RatedOrder, RateOrder
from app.services.shop_orders import finding, log
from app.transaction import transaction

FEWEST_STARS, MOST_STARS = 1, 5


class RatingOutOfRange(BadRequest):
    code = "RATING_OUT_OF_RANGE"
    message = f"Rating must be between {FEWEST_STARS} and {MOST_STARS}"


class NotYetDelivered(Conflict):
    code = "ORDER_NOT_DELIVERED"
    message = "Order not yet delivered"


class AlreadyRated(Conflict):
    code = "ALREADY_RATED"
    message = "Rating already submitted"


def rate(form: RateOrder, caller: Caller, *, order_id: int) -> RatedOrder:
    """Rate one of the caller's orders, once. Raises RatingOutOfRange, OrderNotFound, NotYetDelivered, AlreadyRated."""
    if not FEWEST_STARS <= form.rating <= MOST_STARS:
        raise RatingOutOfRange
    with transaction() as session:
        order = finding.consumer_order(session, order_id=order_id, caller=caller)
        if order.status not in HANDED_OVER:
            raise NotYetDelivered
        created_at = _write(session, order, form)
        log.note(session, order, OrderActionType.ORDER_RATED, by=caller, new={"rating": form.rating})
    given = GivenRating(order_id=order_id, rating=form.rating, review=form.review, created_at=created_at)
    return RatedOrder(message="Thank you for rating!", rating=given)


_COUNT = (
    update(Shop)
    .where(Shop.id == bindparam("shop_id"))
    .values(rating_sum=Shop.rating_sum + bindparam("stars"), rating_count=Shop.rating_count + 1)
    .execution_options(synchronize_session=False)
)


def _write(session: Session, order: Order, form: RateOrder) -> datetime:
    """The rating and the shop's new sums, and when it was given. The order is locked, the shop only now."""
    rating = {
        "order_id": order.id,
        "shop_id": order.stock_location_id,
        "user_id": order.user_id,
        "rating": form.rating,
        "review": form.review,
    }
    written = insert(OrderRating).values(rating).on_conflict_do_nothing().returning(OrderRating.created_at)
    created_at = session.execute(written).scalar_one_or_none()
    if created_at is None:
        raise AlreadyRated
    session.execute(_COUNT, {"shop_id": order.stock_location_id, "stars": form.rating})
    return created_at
