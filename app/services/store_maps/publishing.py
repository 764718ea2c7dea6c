"""Publishing a floor plan: checked, measured, and then the one that shoppers see.

Measuring takes up to seconds, so that no lock is held meanwhile. Whatever it was measured from is compared again under
the lock of the branch.
"""

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import LayoutStatus
from app.domain.store_map import publishing as measuring
from app.errors import Conflict
from app.models import StoreLayout
from app.models.base import AnyRow
from app.schemas.store_maps import LayoutFault, LayoutPublished
from app.services import audit, locks
from app.services.branches import BranchNotFound
from app.services.store_maps import reading as plans_of
from app.services.store_maps.reading import Plans
from app.transaction import reading, transaction


class LayoutFaulty(Conflict):
    """`details.faults` lists what is wrong and where; those that block must go first."""

    code = "LAYOUT_FAULTY"
    message = "The floor plan cannot be published yet; details.faults lists what is wrong."


class NothingToPublish(Conflict):
    code = "NOTHING_TO_PUBLISH"
    message = "The published floor plan is up to date: there is no draft, and no product has moved to where none stood."


class LayoutChanged(Conflict):
    code = "LAYOUT_CHANGED"
    message = "Somebody changed or published the floor plan or its products meanwhile. Look at it and publish again."


def publish(caller: Caller, *, branch_id: int) -> LayoutPublished:
    """Publish the draft of a branch, or its published plan again when products have moved; the next version.

    Raises BranchNotFound, LayoutNotFound, NothingToPublish, LayoutFaulty, LayoutChanged.
    """
    with reading() as connection:
        found = plans_of.plans(connection, branch_id)
    if not plans_of.needs_publishing(found):
        raise NothingToPublish
    layout = plans_of.layout_of(found.source)
    faults = plans_of.faults(layout, found.shelves)
    if any(fault.blocks for fault in faults):
        raise LayoutFaulty(details={"faults": [fault.model_dump() for fault in faults]})
    return _write(found, measuring.publish(layout, found.shelves), faults, caller)


def _write(found: Plans, table: bytes, faults: list[LayoutFault], caller: Caller) -> LayoutPublished:
    """Raises BranchNotFound, LayoutChanged."""
    with transaction() as session:
        if locks.branch(session, branch_id=found.branch_id) is None:
            raise BranchNotFound
        _check_unchanged(found, plans_of.plans(session, found.branch_id))
        before = _retire(session, found.branch_id)
        row = _as_published(session, found.source)
        row.status, row.version, row.distances = LayoutStatus.PUBLISHED, before + 1, table
        row.published_at, row.published_by = func.now(), caller.user_id
        session.flush()
        session.refresh(row, ["published_at"])
        values = {"branch_id": found.branch_id, "version": row.version, "checksum": row.checksum}
        audit.record(session, entity_type="store_layout", action="PUBLISH", entity_id=row.id, by=caller, new=values)
        return LayoutPublished.model_validate({**values, "published_at": row.published_at, "faults": faults})


def _check_unchanged(measured: Plans, now: Plans) -> None:
    """Raises LayoutChanged."""
    if _identity(measured.source) != _identity(now.source) or measured.shelves != now.shelves:
        raise LayoutChanged


def _identity(row: AnyRow) -> tuple[int, str, LayoutStatus]:
    return row.layout_id, row.checksum, row.status


def _retire(session: Session, branch_id: int) -> int:
    """Put the published plan of a locked branch away, without its table; its version, 0 if there was none."""
    statement = (
        update(StoreLayout)
        .where(StoreLayout.stock_location_id == branch_id, StoreLayout.status == LayoutStatus.PUBLISHED)
        .values(status=LayoutStatus.RETIRED, distances=None)
        .returning(StoreLayout.version)
    )
    return session.execute(statement).scalar_one_or_none() or 0


def _as_published(session: Session, source: AnyRow) -> StoreLayout:
    """The row that becomes the published one: the draft itself, or a copy of the plan that was just put away."""
    if source.status is LayoutStatus.DRAFT:
        return session.get_one(StoreLayout, source.layout_id)
    copied = {name: getattr(source, name) for name in ("cell_cm", "floors", "stairs", "checksum")}
    row = StoreLayout(stock_location_id=source.id, **copied)
    session.add(row)
    return row
