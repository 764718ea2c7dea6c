"""The trolleys of a branch on its map, as managers watch them."""

from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, Interval, Select, bindparam, cast, func, select

from app.domain.devices.lifecycle import STALE_S
from app.models import CartSession, Device, Trolley, TrolleyAssist
from app.schemas.envelope import PageMeta
from app.schemas.pagination import Page
from app.schemas.store_maps import TrolleyOnMap
from app.services.pages import paged_and_capped, read_page
from app.services.store_maps.reading import require_branch

_FRESH = cast(timedelta(seconds=STALE_S), Interval)
_IS_ONLINE = func.coalesce(Device.last_seen_at > func.now() - _FRESH, False)
_WAITS = (
    select(TrolleyAssist.id)
    .where(TrolleyAssist.trolley_id == Trolley.id, TrolleyAssist.resolved_at.is_(None))
    .correlate(Trolley)
    .exists()
)
_IN_SESSION = (
    select(CartSession.state)
    .where(CartSession.trolley_id == Trolley.id, CartSession.closed_at.is_(None))
    .correlate(Trolley)
    .scalar_subquery()
)
_ROWS: Select[*tuple[Any, ...]] = (
    select(
        Trolley.id,
        Trolley.id.label("trolley"),
        Trolley.label,
        func.coalesce(_IN_SESSION, Trolley.state).label("state"),
        Device.floor,
        Device.x_cm,
        Device.y_cm,
        Device.located_at,
        Device.last_seen_at,
        _IS_ONLINE.label("is_online"),
        Device.battery_percent,
        _WAITS.label("waits_for_help"),
    )
    .outerjoin(Device, Device.trolley_id == Trolley.id)
    .where(Trolley.stock_location_id == bindparam("branch_id", type_=BigInteger))
)
_LISTED = paged_and_capped(_ROWS, Trolley.id)


def list_trolleys(page: Page, *, branch_id: int) -> tuple[list[TrolleyOnMap], PageMeta]:
    """A page of the trolleys of a branch, the oldest first. Raises BranchNotFound."""
    require_branch(branch_id)
    rows, meta = read_page(_LISTED, page, {"branch_id": branch_id})
    return [_shown(row) for row in rows], meta


def _shown(row: Any) -> TrolleyOnMap:
    return TrolleyOnMap.model_validate({name: getattr(row, name) for name in TrolleyOnMap.model_fields})
