"""Delivery addresses. A user with any has exactly one default; every change locks the user's row first."""

from decimal import Decimal
from typing import Any

from sqlalchemy import Row, bindparam, func, select, update
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.errors import Conflict, NotFound
from app.models import Address
from app.schemas.addresses import AddressAnswer, AddressChange, AddressLocation, NewAddress
from app.services import audit, profile
from app.transaction import reading, transaction

MOST = 100
"""Far more than anybody needs; it keeps the list, which is sent whole, small."""


class AddressNotFound(NotFound):
    code = "ADDRESS_NOT_FOUND"
    message = "You have no such address."


class TooManyAddresses(Conflict):
    code = "TOO_MANY_ADDRESSES"
    message = f"You have {MOST} addresses. Delete one first."


_OWN = select(Address).where(Address.id == bindparam("address_id"), Address.user_id == bindparam("user_id"))
_LIST = (
    select(Address.__table__)
    .where(Address.user_id == bindparam("user_id"))
    .order_by(Address.is_default.desc(), Address.id.desc())
)
_COUNT = select(func.count()).where(Address.user_id == bindparam("user_id"))
_NEWEST = select(Address).where(Address.user_id == bindparam("user_id")).order_by(Address.id.desc()).limit(1)
_TEXTS = ("address_line", "city", "postal_code", "country")


def list_own(caller: Caller) -> list[AddressAnswer]:
    """The caller's addresses, the default first, then newest first."""
    with reading() as connection:
        rows = connection.execute(_LIST, {"user_id": caller.user_id})
        return [_from_row(row) for row in rows]


def create(form: NewAddress, caller: Caller) -> AddressAnswer:
    """Keep an address; the first becomes the default. Raises TooManyAddresses."""
    with transaction() as session:
        profile.locked(session, caller)
        kept = session.execute(_COUNT, {"user_id": caller.user_id}).scalar_one()
        if kept >= MOST:
            raise TooManyAddresses
        address = Address(user_id=caller.user_id, **form.model_dump(include=set(_TEXTS)))
        address.is_default = form.is_default or kept == 0
        if address.is_default:
            _clear_default(session, caller)
        session.add(address)
        session.flush()
        _audit(session, "CREATE", address, caller, new=form.model_dump())
        return AddressAnswer.model_validate(address)


def change(form: AddressChange, caller: Caller, *, address_id: int) -> AddressAnswer:
    """Change the text of an address; what the form leaves out stays. Raises AddressNotFound."""
    with transaction() as session:
        address = _locked_own(session, caller, address_id)
        given = form.model_dump(exclude_none=True)
        old = {name: getattr(address, name) for name, value in given.items() if getattr(address, name) != value}
        new = {name: given[name] for name in old}
        for name, value in new.items():
            setattr(address, name, value)
        if new:
            _audit(session, "UPDATE", address, caller, old=old, new=new)
        return AddressAnswer.model_validate(address)


def locate(form: AddressLocation, caller: Caller, *, address_id: int) -> AddressAnswer:
    """Put an address on the map. Raises AddressNotFound."""
    with transaction() as session:
        address = _locked_own(session, caller, address_id)
        old = _location(address)
        address.lat, address.lng = _degrees(form.lat), _degrees(form.lng)
        _audit(session, "UPDATE_LOCATION", address, caller, old=old, new=_location(address))
        return AddressAnswer.model_validate(address)


def make_default(caller: Caller, *, address_id: int) -> AddressAnswer:
    """Make an address the only default. Raises AddressNotFound."""
    with transaction() as session:
        address = _locked_own(session, caller, address_id)
        if not address.is_default:
            _set_default(session, address, caller)
        return AddressAnswer.model_validate(address)


def delete(caller: Caller, *, address_id: int) -> None:
    """Forget an address; of the others the newest takes over as default. Raises AddressNotFound."""
    with transaction() as session:
        address = _locked_own(session, caller, address_id)
        session.delete(address)
        session.flush()
        _audit(session, "DELETE", address, caller, old={name: getattr(address, name) for name in _TEXTS})
        if address.is_default:
            heir = session.execute(_NEWEST, {"user_id": caller.user_id}).scalar_one_or_none()
            if heir is not None:
                _set_default(session, heir, caller)


def _locked_own(session: Session, caller: Caller, address_id: int) -> Address:
    """The caller's own address, read after the lock on their row is granted. Raises AddressNotFound."""
    profile.locked(session, caller)
    address = session.execute(_OWN, {"address_id": address_id, "user_id": caller.user_id}).scalar_one_or_none()
    if address is None:
        raise AddressNotFound
    return address


def _set_default(session: Session, address: Address, caller: Caller) -> None:
    """The others are cleared by a statement of its own first: the database allows one default at any moment."""
    _clear_default(session, caller)
    address.is_default = True
    _audit(session, "SET_DEFAULT", address, caller, old={"is_default": False}, new={"is_default": True})


def _clear_default(session: Session, caller: Caller) -> None:
    current = update(Address).where(Address.user_id == caller.user_id, Address.is_default)
    session.execute(current.values(is_default=False))


def _audit(
    session: Session,
    action: str,
    address: Address,
    caller: Caller,
    *,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
) -> None:
    audit.record(session, entity_type="address", action=action, entity_id=address.id, by=caller, old=old, new=new)


def _location(address: Address) -> dict[str, str | None]:
    return {name: None if value is None else str(value) for name, value in (("lat", address.lat), ("lng", address.lng))}


def _degrees(value: float) -> Decimal:
    return round(Decimal(str(value)), 6)


def _from_row(row: Row[Any]) -> AddressAnswer:
    return AddressAnswer.model_validate({name: getattr(row, name) for name in AddressAnswer.model_fields})
