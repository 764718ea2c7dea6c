"""Reviews of products, written by people who bought them."""

from typing import Any

from sqlalchemy import BigInteger, Select, and_, bindparam, delete, exists, func, literal_column, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import OrderStatus
from app.domain.names import public_name
from app.errors import Conflict, Forbidden, NotFound
from app.models import Order, OrderItem, Product, Review, User
from app.schemas import reviews as schemas
from app.schemas.pagination import decode_cursor, encode_cursor
from app.services import audit
from app.transaction import reading, transaction

_NOT_BOUGHT = (OrderStatus.PENDING_PAYMENT, OrderStatus.CANCELLING, OrderStatus.CANCELED)
_NEWEST = 2**63 - 1


class NotABuyer(Forbidden):
    code = "NOT_A_BUYER"
    message = "Only people who bought this product may review it."


class ReviewExists(Conflict):
    code = "REVIEW_EXISTS"
    message = "You have reviewed this product already. Send PUT to change the review."


_OF_PRODUCT = Review.product_id == bindparam("product_id", type_=BigInteger)
_RATINGS = (
    select(func.count().label("number"), func.round(func.avg(Review.rating), literal_column("2")).label("average"))
    .where(_OF_PRODUCT)
    .subquery("ratings")
)
_PAGE = (
    select(Review.id, Review.rating, Review.title, Review.body, Review.created_at, User.full_name)
    .join(User, User.id == Review.user_id)
    .where(_OF_PRODUCT, Review.id < bindparam("last_id", type_=BigInteger))
    .order_by(Review.id.desc())
    .limit(bindparam("rows"))
    .subquery("page")
)
_LIST: Select[Any] = (
    select(_RATINGS.c.number, _RATINGS.c.average, *_PAGE.c)
    .select_from(_RATINGS)
    .outerjoin(_PAGE, true())
    .order_by(_PAGE.c.id.desc())
)
_IS_OURS = and_(Product.id == bindparam("product_id"), Product.shop_id.is_(None))
_MAY_REVIEW = select(
    exists().where(_IS_OURS).label("is_known"),
    exists().where(_IS_OURS, Product.is_active).label("is_shown"),
    exists()
    .where(
        OrderItem.product_id == bindparam("product_id"),
        Order.id == OrderItem.order_id,
        Order.user_id == bindparam("user_id"),
        Order.status.not_in(_NOT_BOUGHT),
    )
    .label("is_buyer"),
)


def list_reviews(product_id: int, query: schemas.ReviewQuery) -> schemas.Reviews:
    """A page of a product's reviews, newest first, in one statement; empty for an unknown product."""
    last_id = _NEWEST if query.cursor is None else decode_cursor(query.cursor, int)[0]
    values = {"product_id": product_id, "last_id": last_id, "rows": query.limit + 1}
    with reading() as connection:
        rows = connection.execute(_LIST, values).all()
    found = [row for row in rows if row.id is not None]
    shown = found[: query.limit]
    return schemas.Reviews(
        items=[_shown(row, row.full_name) for row in shown],
        rating_average=rows[0].average,
        rating_count=rows[0].number,
        limit=query.limit,
        next_cursor=encode_cursor(shown[-1].id) if len(found) > query.limit else None,
    )


def write(caller: Caller, *, product_id: int, form: schemas.ReviewForm) -> schemas.Review:
    """Add the caller's review. Raises NotFound, NotABuyer, or ReviewExists for a second one.

    What is off sale is there for its buyers alone.
    """
    with transaction() as session:
        known = session.execute(_MAY_REVIEW, {"product_id": product_id, "user_id": caller.user_id}).one()
        if not (known.is_shown or (known.is_known and known.is_buyer)):
            raise NotFound
        if not known.is_buyer:
            raise NotABuyer
        values = {"product_id": product_id, "user_id": caller.user_id, **form.model_dump()}
        adding = insert(Review).values(values).on_conflict_do_nothing().returning(Review)
        review = session.execute(adding).scalar_one_or_none()
        if review is None:
            raise ReviewExists
        return _recorded(session, caller, review, "CREATE")


def change(caller: Caller, *, product_id: int, form: schemas.ReviewForm) -> schemas.Review:
    """Replace rating, title and body of the caller's review. Raises NotFound when there is none."""
    with transaction() as session:
        before = session.execute(_BEFORE.where(*_own(caller, product_id))).one_or_none()
        changing = update(Review).where(*_own(caller, product_id)).values(form.model_dump()).returning(Review)
        review = session.execute(changing).scalar_one_or_none()
        if before is None or review is None:
            raise NotFound("You have not reviewed this product.")
        return _recorded(session, caller, review, "UPDATE", old=dict(before._mapping))


def delete_own(caller: Caller, *, product_id: int) -> None:
    """Take back the caller's review. Raises NotFound when there is none."""
    with transaction() as session:
        deleting = delete(Review).where(*_own(caller, product_id)).returning(Review.id, *_BEFORE.selected_columns)
        gone = session.execute(deleting).one_or_none()
        if gone is None:
            raise NotFound("You have not reviewed this product.")
        old = {name: value for name, value in gone._mapping.items() if name != "id"}
        audit.record(session, entity_type="review", action="DELETE", entity_id=gone.id, by=caller, old=old)


_BEFORE = select(Review.product_id, Review.rating, Review.title, Review.body)


def _own(caller: Caller, product_id: int) -> tuple[Any, Any]:
    return Review.product_id == product_id, Review.user_id == caller.user_id


def _recorded(
    session: Session, caller: Caller, review: Review, action: str, *, old: dict[str, Any] | None = None
) -> schemas.Review:
    new = {"product_id": review.product_id, "rating": review.rating, "title": review.title, "body": review.body}
    audit.record(session, entity_type="review", action=action, entity_id=review.id, by=caller, old=old, new=new)
    full_name = session.execute(select(User.full_name).where(User.id == caller.user_id)).scalar_one()
    return _shown(review, full_name)


def _shown(review: Any, full_name: str) -> schemas.Review:
    return schemas.Review(
        id=review.id,
        rating=review.rating,
        title=review.title,
        body=review.body,
        author_name=public_name(full_name),
        created_at=review.created_at,
    )
