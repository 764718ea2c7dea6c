"""Named parts of a branch, such as "Dairy": rectangles of its floor plan."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, or_, select, text
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.caller import Caller
from app.domain.enums import BRANCH_KINDS
from app.domain.store_map.layout import Cell, Layout
from app.errors import DomainError
from app.models import StockLocation, StoreSection
from app.schemas.envelope import PageMeta
from app.schemas.store_maps import SectionForm, SectionsForm, StoreSectionAnswer, StoreSectionQuery
from app.services import audit, locks
from app.services.branches import BranchNotFound
from app.services.pages import paged_and_capped, read_page
from app.services.store_maps import reading as plans_of
from app.transaction import reading, transaction


class SectionsRefused(DomainError):
    """`details.off_the_map` names the sections; nothing has been saved."""

    code = "SECTIONS_REFUSED"
    message = "Some sections reach beyond the floor plan; details.off_the_map names them."


_COLUMNS = (
    StoreSection.id.label("section_id"),
    StoreSection.name.label("section_name"),
    StoreSection.stock_location_id.label("branch_id"),
    StoreSection.x1,
    StoreSection.y1,
    StoreSection.x2,
    StoreSection.y2,
    StoreSection.floor.label("floor_level"),
)
_ASKED = bindparam("branch_id", type_=BigInteger)
_LISTED = paged_and_capped(
    select(StoreSection.id, *_COLUMNS)
    .join(StockLocation, StockLocation.id == StoreSection.stock_location_id)
    .where(
        StockLocation.is_active,
        StockLocation.kind.in_(BRANCH_KINDS),
        or_(_ASKED.is_(None), StockLocation.id == _ASKED),
    ),
    StoreSection.id,
)
_OF_BRANCH = select(*_COLUMNS).where(StoreSection.stock_location_id == _ASKED).order_by(StoreSection.id)


def list_sections(query: StoreSectionQuery) -> tuple[list[StoreSectionAnswer], PageMeta]:
    """A page of the sections of one active branch or of all, in one statement."""
    rows, meta = read_page(_LISTED, query, {"branch_id": query.branch_id})
    return [_shown(row) for row in rows], meta


def of_branch(connection: Connection, branch_id: int) -> list[StoreSectionAnswer]:
    """All sections of a branch, the oldest first."""
    return [_shown(row) for row in connection.execute(_OF_BRANCH, {"branch_id": branch_id})]


def _shown(row: Any) -> StoreSectionAnswer:
    return StoreSectionAnswer.model_validate({name: getattr(row, name) for name in StoreSectionAnswer.model_fields})


def around(sections: Sequence[StoreSectionAnswer], cell: Cell) -> StoreSectionAnswer | None:
    """The section a cell lies in; the smallest, where they overlap."""
    floor, x, y = cell
    there = [
        section
        for section in sections
        if section.floor_level == floor and section.x1 <= x <= section.x2 and section.y1 <= y <= section.y2
    ]
    return min(there, key=_area, default=None)


def _area(section: StoreSectionAnswer) -> int:
    return (section.x2 - section.x1 + 1) * (section.y2 - section.y1 + 1)


_REPLACE = text("""
    WITH given AS (
        SELECT * FROM ROWS FROM (jsonb_to_recordset(:sections) AS (
            section_name text, floor_level integer, x1 integer, y1 integer, x2 integer, y2 integer
        )) WITH ORDINALITY AS section (name, floor, x1, y1, x2, y2, number)
    ), gone AS (
        DELETE FROM store_sections WHERE stock_location_id = :branch_id AND name NOT IN (SELECT name FROM given)
    )
    INSERT INTO store_sections (stock_location_id, name, floor, x1, y1, x2, y2)
    SELECT :branch_id, name, floor, x1, y1, x2, y2 FROM given ORDER BY number
    ON CONFLICT (stock_location_id, name)
    DO UPDATE SET floor = excluded.floor, x1 = excluded.x1, y1 = excluded.y1, x2 = excluded.x2, y2 = excluded.y2
""").bindparams(bindparam("sections", type_=JSONB))


def replace(form: SectionsForm, caller: Caller, *, branch_id: int) -> list[StoreSectionAnswer]:
    """Take the given sections for all there are in a branch; those with the same name keep their ids.

    Raises BranchNotFound, LayoutNotFound, SectionsRefused.
    """
    with transaction() as session:
        if locks.branch(session, branch_id=branch_id) is None:
            raise BranchNotFound
        layouts = plans_of.plans(session, branch_id).layouts
        off = [section.section_name for section in form.root if not any(_fits(section, plan) for plan in layouts)]
        if off:
            raise SectionsRefused(details={"off_the_map": off})
        rows = form.model_dump()
        session.execute(_REPLACE, {"branch_id": branch_id, "sections": rows})
        new = {"sections": len(rows)}
        audit.record(session, entity_type="store_sections", action="REPLACE", entity_id=branch_id, by=caller, new=new)
    return show_managed(branch_id)


def _fits(section: SectionForm, layout: Layout) -> bool:
    return layout.sign((section.floor_level, section.x2, section.y2)) is not None


def show_managed(branch_id: int) -> list[StoreSectionAnswer]:
    """All sections of a branch, active or not. Raises BranchNotFound."""
    plans_of.require_branch(branch_id)
    with reading() as connection:
        return of_branch(connection, branch_id)
