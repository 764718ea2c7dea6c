"""Coupons as managers make and watch them. None is ever removed: it is switched off and on."""

from typing import Any

from pydantic import ValidationError
from sqlalchemy import BigInteger, Boolean, Select, Text, bindparam, cast, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from app.domain.caller import Caller
from app.errors import Conflict, NotFound, ValidationFailed
from app.models import Coupon, Order, OrderDiscount
from app.models.base import AnyRow
from app.schemas.coupons import (
    CouponAnswer,
    CouponChange,
    CouponDetail,
    CouponQuery,
    CouponRules,
    NewCoupon,
)
from app.schemas.envelope import PageMeta
from app.services import audit, changes, locks
from app.services.containing import contains
from app.services.pages import paged, read_page
from app.transaction import reading, transaction


class ManagedCouponNotFound(NotFound):
    code = "COUPON_NOT_FOUND"
    message = "There is no such coupon."


class CouponExists(Conflict):
    code = "COUPON_EXISTS"
    message = "There is a coupon with this code already. Take another code, or change that coupon."


_COLUMNS = tuple(Coupon.__table__.c[name] for name in CouponAnswer.model_fields)
_RULES = tuple(CouponRules.model_fields)
_ACTIVE = cast(bindparam("is_active"), Boolean)
_SOUGHT = bindparam("sought", type_=Text)
_LISTED: Select[Any] = paged(
    select(*_COLUMNS).where(
        or_(_ACTIVE.is_(None), Coupon.is_active == _ACTIVE),
        or_(
            _SOUGHT.is_(None),
            contains(Coupon.code, _SOUGHT),
            contains(Coupon.description, _SOUGHT),
        ),
    )
)
_USES = (
    select(
        func.count(Order.user_id.distinct()).label("customers"),
        func.coalesce(func.sum(OrderDiscount.amount), 0).label("discount_total"),
        func.coalesce(func.sum(Order.total_amount), 0).label("orders_total"),
    )
    .join(Order, Order.id == OrderDiscount.order_id)
    .where(OrderDiscount.coupon_id == Coupon.id, OrderDiscount.released_at.is_(None))
    .lateral("uses")
)
_DETAIL = select(*_COLUMNS, *_USES.c).where(Coupon.id == bindparam("coupon_id", type_=BigInteger))


def list_coupons(query: CouponQuery) -> tuple[list[CouponAnswer], PageMeta]:
    """A page of all coupons, oldest first, in one statement."""
    rows, meta = read_page(_LISTED, query, {"is_active": query.is_active, "sought": query.q or None})
    return [_shown(row) for row in rows], meta


def show(coupon_id: int) -> CouponDetail:
    """A coupon with what it was used for (one statement). Raises ManagedCouponNotFound."""
    with reading() as connection:
        row = connection.execute(_DETAIL, {"coupon_id": coupon_id}).one_or_none()
    if row is None:
        raise ManagedCouponNotFound
    return CouponDetail.model_validate(dict(row._mapping))


def create(form: NewCoupon, caller: Caller) -> CouponAnswer:
    """Make a coupon, switched on. Raises CouponExists."""
    with transaction() as session:
        made = insert(Coupon).values(**form.model_dump(), created_by=caller.user_id)
        row = session.execute(made.on_conflict_do_nothing().returning(*_COLUMNS)).one_or_none()
        if row is None:
            raise CouponExists
        new = changes.in_json(form.model_dump())
        audit.record(session, entity_type="coupon", action="CREATE", entity_id=row.id, by=caller, new=new)
        return _shown(row)


def change(form: CouponChange, caller: Caller, *, coupon_id: int) -> CouponAnswer:
    """Change what the form names, for orders to come. Raises ManagedCouponNotFound, ValidationFailed."""
    return _edit(form.model_dump(exclude_unset=True), caller, coupon_id=coupon_id, action="UPDATE")


def switch(caller: Caller, *, coupon_id: int, active: bool) -> CouponAnswer:
    """Switch a coupon on or off; orders that have it keep it. Raises ManagedCouponNotFound."""
    action = "ACTIVATE" if active else "DEACTIVATE"
    return _edit({"is_active": active}, caller, coupon_id=coupon_id, action=action)


def _edit(values: changes.Values, caller: Caller, *, coupon_id: int, action: str) -> CouponAnswer:
    with transaction() as session:
        coupon = locks.coupon(session, coupon_id=coupon_id)
        if coupon is None:
            raise ManagedCouponNotFound
        _check({name: getattr(coupon, name) for name in _RULES} | values)
        change = changes.apply(coupon, values)
        session.flush()
        changes.record(session, change, entity_type="coupon", action=action, entity_id=coupon.id, by=caller)
        session.refresh(coupon)
        return CouponAnswer.model_validate(coupon)


def _check(values: changes.Values) -> None:
    """The rules of a new coupon hold for a changed one as well. Raises ValidationFailed."""
    try:
        CouponRules.model_validate({name: values[name] for name in _RULES})
    except ValidationError as error:
        reasons = [fault["msg"].removeprefix("Value error, ") for fault in error.errors()]
        found = [{"loc": ["body"], "msg": reason, "type": "value_error"} for reason in reasons]
        raise ValidationFailed(details={"errors": found}) from None


def _shown(row: AnyRow) -> CouponAnswer:
    return CouponAnswer.model_validate(row)
