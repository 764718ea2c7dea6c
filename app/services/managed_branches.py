"""Branches as managers edit them. Nothing is ever removed: a branch is switched off and on."""

from typing import Any

from sqlalchemy import Boolean, Select, bindparam, cast, or_, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import LocationKind
from app.errors import Conflict, NotFound
from app.models import StockLocation
from app.schemas.branches import Branch
from app.schemas.envelope import PageMeta
from app.schemas.managed_branches import BranchChange, ManagedBranchQuery, NewBranch
from app.services import audit, changes, locks
from app.services.branches import delivery_source
from app.services.pages import paged, read_page
from app.transaction import transaction


class DeliverySourceRequired(Conflict):
    code = "DELIVERY_SOURCE_REQUIRED"
    message = (
        "Deliveries come from this branch. Name another one in DELIVERY_SOURCE_BRANCH_ID first, or, where that is not "
        "set, open an older warehouse."
    )


_ACTIVE = cast(bindparam("is_active"), Boolean)
_LISTED: Select[Any] = paged(
    select(*(StockLocation.__table__.c[name] for name in Branch.model_fields)).where(
        StockLocation.kind != LocationKind.SHOP, or_(_ACTIVE.is_(None), StockLocation.is_active == _ACTIVE)
    )
)


def list_branches(query: ManagedBranchQuery) -> tuple[list[Branch], PageMeta]:
    """A page of all branches, oldest first, in one statement."""
    rows, meta = read_page(_LISTED, query, {"is_active": query.is_active})
    return [Branch.model_validate(row) for row in rows], meta


def create(form: NewBranch, caller: Caller) -> Branch:
    """Open a branch; it has no stock and no delivery slots yet."""
    with transaction() as session:
        branch = StockLocation(**form.model_dump())
        session.add(branch)
        session.flush()
        new = changes.in_json(form.model_dump())
        audit.record(session, entity_type="branch", action="CREATE", entity_id=branch.id, by=caller, new=new)
        session.refresh(branch)
        return Branch.model_validate(branch)


def change(form: BranchChange, caller: Caller, *, branch_id: int) -> Branch:
    """Change what the form names. Raises NotFound, DeliverySourceRequired."""
    return _edit(form.model_dump(exclude_none=True), caller, branch_id=branch_id, action="UPDATE")


def switch(caller: Caller, *, branch_id: int, active: bool) -> Branch:
    """Close a branch or open it again; a closed one sells and delivers nothing. Raises as `change`."""
    action = "ACTIVATE" if active else "DEACTIVATE"
    return _edit({"is_active": active}, caller, branch_id=branch_id, action=action)


def _edit(values: changes.Values, caller: Caller, *, branch_id: int, action: str) -> Branch:
    with transaction() as session:
        branch = locks.branch(session, branch_id=branch_id)
        if branch is None:
            raise NotFound
        was_source = _is_source(session, branch)
        change = changes.apply(branch, values)
        session.flush()
        if was_source and not _is_source(session, branch):
            raise DeliverySourceRequired
        changes.record(session, change, entity_type="branch", action=action, entity_id=branch.id, by=caller)
        return Branch.model_validate(branch)


def _is_source(session: Session, branch: StockLocation) -> bool:
    """Asked before and after a change: one rule for switching off and for making a store of the warehouse."""
    return bool(session.execute(select(delivery_source())).scalar_one() == branch.id)
