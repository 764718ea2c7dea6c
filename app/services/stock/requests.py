"""Asking for stock, and the lists of what was asked."""

from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, exists, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import BRANCH_KINDS
from app.errors import NotFound
from app.models import Inventory, Product, StockLocation, StockRequest, User
from app.schemas.envelope import PageMeta
from app.schemas.pagination import Page
from app.schemas.stock_requests import MyStockRequestQuery, NewStockRequest, StockRequestQuery, StockRequestRow
from app.services import audit
from app.services.pages import newest_first
from app.services.staff import employee_id, works_at
from app.services.stock.places import StockNotFound
from app.transaction import reading, transaction


class StockRequestNotFound(NotFound):
    code = "STOCK_REQUEST_NOT_FOUND"
    message = "There is no such stock request."


_ROWS: Select[Any] = (
    select(
        *(column for column in StockRequest.__table__.c if column.name != "stock_location_id"),
        StockRequest.stock_location_id.label("branch_id"),
        StockLocation.name.label("branch_name"),
        Product.name.label("product_name"),
        Product.sku.label("product_sku"),
        Product.sku,
        User.full_name.label("requester"),
    )
    .select_from(StockRequest)
    .join(StockLocation, StockLocation.id == StockRequest.stock_location_id)
    .join(Product, Product.id == StockRequest.product_id)
    .join(User, User.id == StockRequest.actor_user_id)
)
_ONE = _ROWS.where(StockRequest.id == bindparam("request_id", type_=BigInteger))
_OWN = _ROWS.where(StockRequest.actor_user_id == bindparam("user_id", type_=BigInteger))
_OF_BRANCHES = _ROWS.where(works_at(StockRequest.stock_location_id))
_IS_KEPT = select(
    exists()
    .where(Inventory.stock_location_id == bindparam("branch_id", type_=BigInteger))
    .where(Inventory.product_id == bindparam("product_id", type_=BigInteger), works_at(Inventory.stock_location_id))
    .where(StockLocation.id == Inventory.stock_location_id, StockLocation.kind.in_(BRANCH_KINDS))
)


def ask(form: NewStockRequest, caller: Caller) -> StockRequestRow:
    """Ask for stock at a branch the caller works at. Raises StockNotFound where it does not keep the product."""
    place = {"branch_id": form.branch_id, "product_id": form.product_id, "employee_id": employee_id(caller)}
    with transaction() as session:
        if not session.execute(_IS_KEPT, place).scalar_one():
            raise StockNotFound
        values = form.model_dump(exclude={"branch_id"})
        request = StockRequest(
            stock_location_id=form.branch_id,
            requested_quantity=form.quantity,
            actor_user_id=caller.user_id,
            **values,
        )
        session.add(request)
        session.flush()
        new = form.model_dump(mode="json")
        audit.record(session, entity_type="stock_request", action="CREATE", entity_id=request.id, by=caller, new=new)
        return row_of(session, request_id=request.id)


def mine(query: MyStockRequestQuery, caller: Caller) -> tuple[list[StockRequestRow], PageMeta]:
    """What the caller asked for, newest first."""
    return _page(_OWN, query, {"user_id": caller.user_id})


def of_branches(query: StockRequestQuery, caller: Caller) -> tuple[list[StockRequestRow], PageMeta]:
    """What was asked for at the branches the caller may see, newest first."""
    rows = _OF_BRANCHES
    if query.status is not None:
        rows = rows.where(StockRequest.status == query.status)
    if query.branch_id is not None:
        rows = rows.where(StockRequest.stock_location_id == query.branch_id)
    return _page(rows, query, {"employee_id": employee_id(caller)})


def detail(*, request_id: int) -> StockRequestRow:
    """One request. Raises StockRequestNotFound."""
    with reading() as connection:
        row = connection.execute(_ONE, {"request_id": request_id}).one_or_none()
    if row is None:
        raise StockRequestNotFound
    return _shown(row)


def row_of(session: Session, *, request_id: int) -> StockRequestRow:
    """One request that is known to exist. A step."""
    return _shown(session.execute(_ONE, {"request_id": request_id}).one())


def _page(rows: Select[Any], query: Page, values: dict[str, Any]) -> tuple[list[StockRequestRow], PageMeta]:
    found, meta = newest_first(rows, StockRequest.id, query, values)
    return [_shown(row) for row in found], meta


def _shown(row: Any) -> StockRequestRow:
    return StockRequestRow(**{name: row._mapping[name] for name in StockRequestRow.model_fields})
