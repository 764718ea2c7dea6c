"""The radio beacons of a branch: managers say where they hang, trolleys what they hear of them."""

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.devices.beacons import Spot
from app.domain.enums import BRANCH_KINDS
from app.models import BeaconPlace, StockLocation
from app.schemas.devices import BeaconsForm, ShownBeacon
from app.services import audit, locks
from app.services.branches import BranchNotFound
from app.transaction import reading, transaction

_PLACES = (
    select(BeaconPlace.beacon_id, BeaconPlace.floor, BeaconPlace.x_cm, BeaconPlace.y_cm, BeaconPlace.is_exit)
    .where(BeaconPlace.stock_location_id == bindparam("branch_id"))
    .order_by(BeaconPlace.beacon_id)
)
_LIST = (
    select(BeaconPlace.beacon_id, BeaconPlace.floor, BeaconPlace.x_cm, BeaconPlace.y_cm, BeaconPlace.is_exit)
    .select_from(StockLocation)
    .outerjoin(BeaconPlace, BeaconPlace.stock_location_id == StockLocation.id)
    .where(StockLocation.id == bindparam("branch_id"), StockLocation.kind.in_(BRANCH_KINDS))
    .order_by(BeaconPlace.beacon_id)
)
_HEARD = _PLACES.where(BeaconPlace.beacon_id.in_(bindparam("heard", expanding=True)))


def places(session: Session, *, branch_id: int, heard: list[str]) -> dict[str, Spot]:
    """Where the beacons hang that a trolley hears. A step."""
    rows = session.execute(_HEARD, {"branch_id": branch_id, "heard": heard})
    return {row.beacon_id: Spot(row.floor, row.x_cm, row.y_cm) for row in rows}


def list_beacons(branch_id: int) -> list[ShownBeacon]:
    """All beacons of a branch (one statement). Raises BranchNotFound."""
    with reading() as connection:
        rows = connection.execute(_LIST, {"branch_id": branch_id}).all()
    if not rows:
        raise BranchNotFound
    return [ShownBeacon.model_validate(row) for row in rows if row.beacon_id is not None]


def put(form: BeaconsForm, caller: Caller, *, branch_id: int) -> list[ShownBeacon]:
    """Replace all beacons of a branch. Raises BranchNotFound."""
    rows = [{"stock_location_id": branch_id, **beacon.model_dump()} for beacon in form.beacons]
    with transaction() as session:
        if locks.branch(session, branch_id=branch_id) is None:
            raise BranchNotFound
        session.execute(delete(BeaconPlace).where(BeaconPlace.stock_location_id == branch_id))
        if rows:
            session.execute(insert(BeaconPlace), rows)
        new = {"beacons": len(rows)}
        audit.record(session, entity_type="branch", action="BEACONS", entity_id=branch_id, by=caller, new=new)
    return sorted((ShownBeacon(**beacon.model_dump()) for beacon in form.beacons), key=lambda beacon: beacon.beacon_id)
