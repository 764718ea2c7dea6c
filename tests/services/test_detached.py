"""Rows as objects that no session knows: what is changed in them is written once they are handed to one."""

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from app.detached import columns_of, maker
from app.domain.enums import DeviceStatus
from app.models import Device
from app.transaction import transaction
from tests.factories import make_device, make_location, make_trolley


def read(session: Session) -> Device:
    """The only device, detached."""
    row = session.execute(select(*columns_of(Device))).one()
    return maker(Device)(row)


def test_a_row_becomes_an_object_with_its_values_and_without_changes(session: Session) -> None:
    made = make_device(session, make_trolley(session, make_location(session)))

    device = read(session)

    assert (device.id, device.device_id, device.status) == (made.id, made.device_id, DeviceStatus.ACTIVE)
    assert inspect(device).detached
    assert not inspect(device).modified


def test_what_was_changed_is_written_when_it_is_handed_to_a_session(session: Session) -> None:
    make_device(session, make_trolley(session, make_location(session)))

    with transaction() as own:
        device = read(own)
        device.last_seq = 7
        own.add(device)

    session.expire_all()
    assert session.execute(select(Device.last_seq)).scalar_one() == 7
