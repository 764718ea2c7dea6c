"""The door for devices: who signed a request, whether it is new, what is kept of it (smart-cart.md, B.3 and B.4)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hmac import compare_digest

from sqlalchemy.orm import Session

from app.domain.devices import signing
from app.domain.devices.codes import parse_bearer, token_digest
from app.domain.devices.signing import KnownDevice, SignedHeader
from app.domain.devices.words import RefusalCode
from app.domain.enums import DeviceStatus
from app.models import Device
from app.services import locks
from app.services.devices import alarms, keys
from app.services.devices.refusals import Aftermath, DeviceRefusal
from app.transaction import transaction


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A device's request as it came: path with its query as sent, header `Authorization`, body, Unix seconds."""

    method: str
    path: str
    authorization: str | None
    body: bytes
    now: int

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)


@contextmanager
def entered(signed: SignedRequest) -> Iterator[tuple[Session, Device]]:
    """A transaction of a device's request: its session and the locked device.

    Raises DeviceRefusal, from `enter` or from the block; what must outlive the refusal is kept all the same.
    """
    with entered_apart(signed) as (session, device):
        session.add(device)
        yield session, device


@contextmanager
def entered_apart(signed: SignedRequest) -> Iterator[tuple[Session, Device]]:
    """As `entered`, with the device detached: the block writes it, or adds it to the session."""
    try:
        with transaction() as session:
            yield session, enter(session, signed)
    except DeviceRefusal as refusal:
        if refusal.aftermath is not None:
            with transaction() as session:
                refusal.aftermath(session)
        raise


def enter(session: Session, signed: SignedRequest) -> Device:
    """The device that sent this request, locked and detached, with its counters moved on. A step.

    Raises DeviceRefusal with the first reason in the order of B.3. A bearer token has no counters: only the numbers of
    its events make its requests harmless when they are repeated.
    """
    bearer = parse_bearer(signed.authorization)
    device = _by_token(session, signed, *bearer) if bearer else _by_signature(session, signed)
    device.last_seen_at = signed.moment
    return device


def _by_token(session: Session, signed: SignedRequest, device_id: str, token: str) -> Device:
    device = locks.sender(session, device_id=device_id)
    if device is None:
        raise DeviceRefusal(RefusalCode.DEVICE)
    if device.status is not DeviceStatus.ACTIVE:
        raise DeviceRefusal(RefusalCode.OFF)
    if _as_sent(signed).too_big:
        raise DeviceRefusal(RefusalCode.BIG)
    if device.bearer_hash is None or not compare_digest(device.bearer_hash, token_digest(token)):
        raise DeviceRefusal(RefusalCode.AUTH)
    return device


def _by_signature(session: Session, signed: SignedRequest) -> Device:
    header = signing.parse_header(signed.authorization)
    if header is None:
        raise DeviceRefusal(RefusalCode.AUTH)
    device = locks.sender(session, device_id=header.device_id)
    known = _known(device, signed.moment) if device is not None and device.claimed_at is not None else None
    refused = signing.refusal(_as_sent(signed), header, known, signed.now)
    if refused is RefusalCode.REPLAY and device is not None and known is not None:
        raise DeviceRefusal(refused, aftermath=_alarm(device, header, known), b=device.last_boot, n=device.last_n)
    if refused is not None or device is None:
        raise DeviceRefusal(refused or RefusalCode.DEVICE)
    _move_on(device, header)
    return device


def _known(device: Device, now: datetime) -> KnownDevice:
    return KnownDevice(
        status=device.status,
        keys=keys.accepted(device, now),
        last_boot=device.last_boot,
        last_n=device.last_n,
        last_ts=int(device.last_signed_at.timestamp()) if device.last_signed_at else 0,
    )


def _alarm(device: Device, header: SignedHeader, known: KnownDevice) -> Aftermath | None:
    if not signing.is_cloned(header, known):
        return None
    alarm = alarms.Clone(
        device_id=device.id,
        stock_location_id=device.stock_location_id,
        boot=header.boot,
        seen_n=header.n,
        newest_n=known.last_n,
    )
    return lambda session: alarms.raise_clone(session, alarm)


def _move_on(device: Device, header: SignedHeader) -> None:
    keys.note_use(device, header.kid)
    device.last_boot, device.last_n = header.boot, header.n
    device.last_signed_at = datetime.fromtimestamp(header.ts, UTC)


def _as_sent(signed: SignedRequest) -> signing.Request:
    return signing.Request(signed.method, signed.path, signed.body)
