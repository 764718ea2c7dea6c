"""Another product in place of one that is not there: proposed by the picker, accepted or refused by the customer."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import PickAction, PickedStatus, SubstitutionPreference, SubstitutionStatus
from app.domain.order_states import PICKABLE
from app.domain.picking import LIVE, substitute_total
from app.domain.pricing import piece_price
from app.errors import BadRequest, Conflict, NotFound
from app.models import Category, Order, OrderItem, Product, Substitution
from app.models.base import AnyRow
from app.schemas.picking import MarkRequest
from app.services import audit, locks
from app.services.catalog import prices
from app.services.checkout import releasing
from app.services.orders.reading import OrderNotFound
from app.services.picking import holding
from app.services.picking.holding import Source, Stock
from app.services.picking.lines import Line
from app.transaction import retried, transaction


class SubstituteNotFound(NotFound):
    message = "There is no such product on sale to replace the line with."


class SameProduct(BadRequest):
    code = "SAME_PRODUCT"
    message = "A product does not replace itself. Mark the line PICKED instead."


class SubstitutionNotWanted(Conflict):
    """`details.preference` and `details.preferred_product_id` say what the customer wants."""

    code = "SUBSTITUTION_NOT_WANTED"
    message = "The customer does not want this substitute. Follow their preference, or mark the line MISSING."


class SubstitutionNotFound(NotFound):
    message = "Nothing was proposed for this line."


class SubstitutionClosed(Conflict):
    code = "SUBSTITUTION_CLOSED"
    message = "The order is packed: the substitute can no longer be refused."


_PRODUCT = (
    select(
        Product.id,
        Product.name,
        Product.sku,
        Product.unit,
        Product.image_urls,
        Product.sold_by,
        Product.estimated_weight_grams,
        Product.deposit,
        Product.tax_rate,
        prices.PRICE.label("price"),
    )
    .join(Category, Category.id == Product.category_id)
    .where(Product.is_active, Category.is_active, Product.shop_id.is_(None))
)


def replace(line: Line, form: MarkRequest) -> None:
    """Put another product in place of a line, at its own price but never dearer than the line. A step.

    A product the customer named beforehand needs no further answer. Raises SubstituteNotFound, SameProduct,
    SubstitutionNotWanted or OutOfStock.
    """
    session, item, earlier = line.session, line.item, line.substitution
    product_id = form.replacement_product_id or 0
    _check_wanted(session, item, product_id)
    product = session.execute(_PRODUCT.where(Product.id == product_id)).one_or_none()
    if product is None:
        raise SubstituteNotFound
    touched = {item.product_id, product_id} | ({earlier.product_id} if earlier else set())
    stock = holding.lock_stock(session, line.order, *touched)
    if earlier is not None:
        withdraw(session, earlier, stock, by_user_id=line.picker.user_id)
    pieces = form.replacement_quantity or item.quantity
    source = holding.note(line, PickAction.REPLACE, quantity=pieces, reason=form.reason)
    holding.write_off_missing(session, item, stock, source, pieces=item.held_quantity)
    substitution = _propose(session, item, product, pieces, line.picker)
    taken_for = Source("substitution", substitution.id, line.picker.user_id)
    holding.take(session, stock.get(product_id), taken_for, product_id=product_id, pieces=pieces)
    item.picked_status, item.missing_reason = PickedStatus.REPLACED, form.reason
    item.picked_quantity = item.picked_weight_grams = None
    if substitution.status is SubstitutionStatus.PROPOSED:
        _tell(session, line.order, item, substitution)


def withdraw(session: Session, substitution: Substitution, stock: Stock, *, by_user_id: int) -> None:
    """End a substitution that is not taken; its pieces go back on the shelf. A step."""
    _end(session, substitution, stock, SubstitutionStatus.WITHDRAWN, by_user_id)


def _end(
    session: Session, substitution: Substitution, stock: Stock, status: SubstitutionStatus, by_user_id: int
) -> None:
    holding.put_back(session, substitution, stock, by_user_id=by_user_id)
    substitution.status = status
    substitution.decided_at = datetime.now(UTC)
    session.flush()  # before another is proposed: a line has one live substitute at most


def decide(*, order_id: int, item_id: int, accept: bool, caller: Caller) -> None:
    """The customer takes the substitute or not; a refused line is missing, and not charged.

    The answer may change until the order is READY. Raises OrderNotFound, SubstitutionNotFound or SubstitutionClosed.
    """
    retried(lambda: _decide(order_id, item_id, accept, caller))


def _decide(order_id: int, item_id: int, accept: bool, caller: Caller) -> None:
    with transaction() as session:
        locks.limit_waits(session)
        order = locks.own_order(session, order_id=order_id, user_id=caller.user_id)
        if order is None:
            raise OrderNotFound
        item, substitution = _proposed(session, order, item_id)
        if order.status not in PICKABLE:
            raise SubstitutionClosed(details={"status": order.status})
        old = substitution.status
        if accept:
            substitution.status, substitution.decided_at = SubstitutionStatus.ACCEPTED, datetime.now(UTC)
        else:
            stock = holding.lock_stock(session, order, substitution.product_id)
            _end(session, substitution, stock, SubstitutionStatus.REFUSED, caller.user_id)
            item.picked_status = PickedStatus.MISSING
        _record_decision(session, substitution, old, caller)


def _proposed(session: Session, order: Order, item_id: int) -> tuple[OrderItem, Substitution]:
    statement = (
        select(OrderItem, Substitution)
        .join(Substitution, Substitution.order_item_id == OrderItem.id)
        .where(OrderItem.order_id == order.id, OrderItem.id == item_id)
        .where(Substitution.status.in_(LIVE))
        .execution_options(populate_existing=True)
    )
    row = session.execute(statement).one_or_none()
    if row is None:
        raise SubstitutionNotFound
    return row.OrderItem, row.Substitution


def _check_wanted(session: Session, item: OrderItem, product_id: int) -> None:
    """The customer's preference rules, and what they refused is not proposed again."""
    if product_id == item.product_id:
        raise SameProduct
    wanted = item.substitution_preference
    details: dict[str, Any] = {"preference": wanted, "preferred_product_id": item.preferred_product_id}
    if wanted is SubstitutionPreference.REFUND:
        raise SubstitutionNotWanted(details=details)
    if wanted is SubstitutionPreference.THIS_PRODUCT and product_id != item.preferred_product_id:
        raise SubstitutionNotWanted(details=details)
    refused = select(Substitution.id).where(
        Substitution.order_item_id == item.id,
        Substitution.product_id == product_id,
        Substitution.status == SubstitutionStatus.REFUSED,
    )
    if session.execute(refused.limit(1)).first() is not None:
        raise SubstitutionNotWanted(details=details | {"refused": True})


def _propose(session: Session, item: OrderItem, product: AnyRow, pieces: int, caller: Caller) -> Substitution:
    price = piece_price(product.price, product.sold_by, product.estimated_weight_grams)
    named = item.substitution_preference is SubstitutionPreference.THIS_PRODUCT
    substitution = Substitution(
        order_id=item.order_id,
        order_item_id=item.id,
        product_id=product.id,
        name=product.name,
        sku=product.sku,
        unit=product.unit,
        image_url=next(iter(product.image_urls), None),
        sold_by=product.sold_by,
        unit_price=price,
        quantity=pieces,
        line_total=substitute_total(unit_price=price, quantity=pieces, replaced_total=item.line_total),
        unit_deposit=product.deposit,
        tax_rate=product.tax_rate,
        held_quantity=pieces,
        status=SubstitutionStatus.ACCEPTED if named else SubstitutionStatus.PROPOSED,
        proposed_by=caller.user_id,
        decided_at=datetime.now(UTC) if named else None,
    )
    session.add(substitution)
    session.flush()
    return substitution


def _tell(session: Session, order: Order, item: OrderItem, substitution: Substitution) -> None:
    more = {"order_item_id": item.id, "name": item.name, "substitute": substitution.name}
    releasing.publish(session, releasing.facts_of(order), "order.substitution_proposed", **more)


def _record_decision(session: Session, substitution: Substitution, old: SubstitutionStatus, caller: Caller) -> None:
    audit.record(
        session,
        entity_type="order_item",
        action="DECIDE_SUBSTITUTION",
        entity_id=substitution.order_item_id,
        by=caller,
        old={"substitution": old},
        new={"substitution": substitution.status},
        context={"order_id": substitution.order_id, "product_id": substitution.product_id},
    )
