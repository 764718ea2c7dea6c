"""Coupons. A checkout counts their uses in its own statement, after the slot."""

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.models import Coupon

_COUPON = (
    select(Coupon)
    .where(Coupon.id == bindparam("coupon_id"))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def coupon(session: Session, *, coupon_id: int) -> Coupon | None:
    """A coupon's row, locked."""
    return session.execute(_COUPON, {"coupon_id": coupon_id}).scalar_one_or_none()
