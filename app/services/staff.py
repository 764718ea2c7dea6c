"""Which branches the staff may see: an EMPLOYEE those they work at, a MANAGER or ADMIN all of them."""

from sqlalchemy import BigInteger, ColumnElement, bindparam, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from app.domain.caller import Caller
from app.models import UserBranch

_EMPLOYEE = bindparam("employee_id", type_=BigInteger)
_BRANCHES = select(UserBranch.stock_location_id).where(UserBranch.user_id == _EMPLOYEE)


def employee_id(caller: Caller) -> int | None:
    """The value of the parameter `employee_id` of the conditions below: the caller, if bound to branches."""
    return None if caller.is_manager else caller.user_id


def works_at(stock_location_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """The condition that a row belongs to a branch of the caller; the statement then takes `employee_id`."""
    return or_(_EMPLOYEE.is_(None), stock_location_id.in_(_BRANCHES))
