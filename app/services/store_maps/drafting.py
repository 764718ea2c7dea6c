"""Drawing a floor plan: the draft of a branch, which nobody but its managers sees."""

import hashlib
import json

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.caller import Caller
from app.domain.store_map.layout import Layout, to_document
from app.schemas.store_maps import LayoutForm, SavedLayout
from app.services import audit, locks
from app.services.branches import BranchNotFound
from app.services.store_maps.reading import faults, shelves
from app.transaction import reading, transaction

_SAVE = text("""
    INSERT INTO store_layouts (stock_location_id, status, cell_cm, floors, stairs, checksum)
    VALUES (:branch_id, 'draft', :cell_cm, :floors, :stairs, :checksum)
    ON CONFLICT (stock_location_id) WHERE status = 'draft'
    DO UPDATE SET cell_cm = excluded.cell_cm, floors = excluded.floors, stairs = excluded.stairs,
                  checksum = excluded.checksum, updated_at = now()
    RETURNING id
""").bindparams(bindparam("floors", type_=JSONB), bindparam("stairs", type_=JSONB))


def save(form: LayoutForm, caller: Caller, *, branch_id: int) -> SavedLayout:
    """Keep a plan as the draft of a branch, in place of the one before; faults and all. Raises BranchNotFound."""
    layout = form.plan()
    document, digest = to_document(layout), checksum(layout)
    with transaction() as session:
        if locks.branch(session, branch_id=branch_id) is None:
            raise BranchNotFound
        values = {**document, "branch_id": branch_id, "checksum": digest}
        draft_id = session.execute(_SAVE, values).scalar_one()
        new = {"branch_id": branch_id, "checksum": digest}
        audit.record(session, entity_type="store_layout", action="DRAW", entity_id=draft_id, by=caller, new=new)
    with reading() as connection:
        standing = shelves(connection, branch_id)
    return SavedLayout(branch_id=branch_id, checksum=digest, faults=faults(layout, standing))


def checksum(layout: Layout) -> str:
    """SHA-256 of a plan in hexadecimal digits; the same for the same drawing, however it was sent."""
    return hashlib.sha256(json.dumps(to_document(layout), sort_keys=True).encode()).hexdigest()
