"""Payouts as their vendor and the office see them, newest first."""

from typing import Any

from sqlalchemy import BigInteger, bindparam, select

from app.domain.bank_accounts import masked
from app.domain.caller import Caller
from app.models import Payout, Shop, StockLocation
from app.models.base import AnyRow
from app.schemas.envelope import PageMeta
from app.schemas.pagination import Page
from app.schemas.payouts import ManagedPayout, ManagedPayoutQuery, PayoutAnswer, PayoutDetail
from app.services import audit, secrets_at_rest
from app.services.pages import newest_first
from app.services.payouts.errors import PayoutNotFound
from app.transaction import reading, transaction

_COLUMNS = (
    Payout.id,
    Payout.amount,
    Payout.currency,
    Payout.state.label("status"),
    Payout.bank_name,
    Payout.last4,
    Payout.bank_reference,
    Payout.failure_reason,
    Payout.created_at,
    Payout.updated_at,
    Payout.ended_at,
)
_OWN = select(*_COLUMNS).join(Shop, Shop.id == Payout.shop_id).where(Shop.owner_id == bindparam("user_id"))
_MANAGED = select(
    *_COLUMNS,
    Payout.shop_id,
    StockLocation.name.label("shop_name"),
    Payout.requested_by,
    Payout.approved_by,
).join(StockLocation, StockLocation.id == Payout.shop_id)
_ONE = _MANAGED.where(Payout.id == bindparam("payout_id", type_=BigInteger))
_DETAIL = _ONE.add_columns(Payout.account_number, Payout.ifsc_code)


def own_page(query: Page, caller: Caller) -> tuple[list[PayoutAnswer], PageMeta]:
    """A page of the payouts of the caller's shop. Raises ValidationFailed for a cursor of another list."""
    rows, meta = newest_first(_OWN, Payout.id, query, {"user_id": caller.user_id})
    return [PayoutAnswer(**_shown(row)) for row in rows], meta


def managed_page(query: ManagedPayoutQuery) -> tuple[list[ManagedPayout], PageMeta]:
    """A page of all payouts. Raises ValidationFailed for a cursor of another list."""
    chosen = _MANAGED
    if query.state is not None:
        chosen = chosen.where(Payout.state == bindparam("state"))
    if query.shop_id is not None:
        chosen = chosen.where(Payout.shop_id == bindparam("shop_id"))
    asked = {"state": query.state, "shop_id": query.shop_id}
    given = {name: value for name, value in asked.items() if value is not None}
    rows, meta = newest_first(chosen, Payout.id, query, given)
    return [ManagedPayout(**_shown(row)) for row in rows], meta


def managed(payout_id: int) -> ManagedPayout:
    """One payout that is known to be there."""
    with reading() as connection:
        return ManagedPayout(**_shown(connection.execute(_ONE, {"payout_id": payout_id}).one()))


def detail(payout_id: int, caller: Caller) -> PayoutDetail:
    """One payout with its whole account number; that it was looked at is written down. Raises PayoutNotFound."""
    with transaction() as session:
        row = session.execute(_DETAIL, {"payout_id": payout_id}).one_or_none()
        if row is None:
            raise PayoutNotFound
        audit.record(session, entity_type="payout", entity_id=payout_id, action="VIEW_ACCOUNT_NUMBER", by=caller)
        shown = _shown(row)
        shown["account_number"] = secrets_at_rest.decrypt(row.account_number)
        return PayoutDetail(**shown)


def _shown(row: AnyRow) -> dict[str, Any]:
    columns = {name: value for name, value in row._mapping.items() if name not in ("last4", "total")}
    return {**columns, "bank_account": masked(row.last4)}
