"""The branches somebody works at."""

from collections.abc import Sequence

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.domain.enums import LocationKind, Role
from app.domain.roles import STAFF
from app.errors import BadRequest
from app.models import StockLocation, UserBranch
from app.services.branches import BranchNotFound


class NotABranch(BadRequest):
    code = "NOT_A_BRANCH"
    message = "Staff work at stores and warehouses, not at a vendor's shop; details.branch_ids names what is wrong."


class NotStaff(BadRequest):
    code = "NOT_STAFF"
    message = "Only EMPLOYEE, MANAGER and ADMIN work at branches. Change the role first."


def check(session: Session, branch_ids: Sequence[int]) -> None:
    """Raise BranchNotFound or NotABranch unless every id is that of a store or warehouse. A step, one statement."""
    if not branch_ids:
        return
    rows = session.execute(select(StockLocation.id, StockLocation.kind).where(StockLocation.id.in_(branch_ids)))
    kinds = {row.id: row.kind for row in rows}
    if missing := sorted(set(branch_ids) - set(kinds)):
        text = "There is no such branch; details.branch_ids names what is missing."
        raise BranchNotFound(text, details={"branch_ids": missing})
    if shops := sorted(place for place, kind in kinds.items() if kind is LocationKind.SHOP):
        raise NotABranch(details={"branch_ids": shops})


def replace(session: Session, *, user_id: int, role: Role, branch_ids: Sequence[int]) -> tuple[list[int], list[int]]:
    """Bind a locked user to these branches and no others; answers the ids before and after, ascending. A step.

    Raises NotStaff for branches of somebody who is no staff.
    """
    if branch_ids and role not in STAFF:
        raise NotStaff
    mine = select(UserBranch.stock_location_id).where(UserBranch.user_id == user_id)
    old, new = sorted(session.execute(mine).scalars()), sorted(set(branch_ids))
    if old != new:
        session.execute(delete(UserBranch).where(UserBranch.user_id == user_id))
        if new:
            rows = [{"user_id": user_id, "stock_location_id": branch_id} for branch_id in new]
            session.execute(insert(UserBranch), rows)
    return old, new
