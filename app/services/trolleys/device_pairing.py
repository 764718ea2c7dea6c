"""How a trolley asks for a shopper: it shows a code, reads a shopper's token, or takes a phone number (B.7)."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.devices.answers import pair_answer, standing_answer
from app.domain.devices.bodies import PairRequest, parse_pairing
from app.domain.devices.codes import BITS_PER_CHARACTER, PAIR_LENGTH, crockford
from app.domain.devices.wire import MAX_URL_BYTES, BadBody
from app.domain.devices.words import RefusalCode
from app.domain.enums import Role
from app.domain.phone import NotAPhoneNumber, e164
from app.models import Device, PairCode, ShopperQr, User
from app.services.devices import standing
from app.services.devices.entering import SignedRequest, entered
from app.services.devices.refusals import DeviceRefusal
from app.services.devices.updates import require_current
from app.services.phone import codes
from app.services.phone.codes import PAIR, Verdict
from app.services.trolleys import news, sessions
from app.services.trolleys.pairing import CODE_SECONDS, code_hash, token_hash
from app.services.trolleys.refusals import SessionOpen, TrolleyInUse, TrolleyUnavailable
from app.transaction import transaction

CountText = Callable[[str, str], None]
_WAIT_SECONDS = 30


def pair(signed: SignedRequest, *, count_text: CountText) -> bytes:
    """A code for the display, or the trolley's standing once a token or a phone number was taken.

    `count_text` is asked before a text message goes to a number (E.164) for this device. Raises DeviceRefusal: BUSY
    while the trolley cannot be paired, FIRMWARE below the minimum of its hardware, BAD with 404 for a token, number or
    code that is not right, with 409 for a shopper who has another trolley; BadBody; what `count_text` raises.
    """
    with entered(signed) as (session, device):
        require_current(session, device)
        asked = parse_pairing(signed.body)
        _check_free(session, device)
        if asked == PairRequest():
            return _show_code(session, device)
        phone = _number(asked.phone) if asked.phone is not None else None
        refusal = _begin_as_asked(session, device, asked, phone)
        stands, told = standing.told(session, device, signed.moment)
    if refusal is not None:
        raise refusal
    if phone is not None and asked.otp is None:
        _text(phone, device.device_id, count_text)
    return standing_answer(signed.now, stands, told)


def _begin_as_asked(session: Session, device: Device, asked: PairRequest, phone: str | None) -> DeviceRefusal | None:
    """Begin for the holder of a token, or of a number with its code; a refusal to be raised after the commit."""
    if asked.token is not None:
        _begin(session, device, _shopper_of_token(session, asked.token))
    elif phone is not None and asked.otp is not None:
        return _begin_by_phone(session, device, phone, asked.otp)
    return None


def _check_free(session: Session, device: Device) -> None:
    try:
        sessions.free_trolley(session, device)
    except (TrolleyInUse, TrolleyUnavailable):
        raise DeviceRefusal(RefusalCode.BUSY, r=_WAIT_SECONDS) from None


_OLD_CODES = delete(PairCode).where(PairCode.device_id == bindparam("device_row"))


def _show_code(session: Session, device: Device) -> bytes:
    """A fresh code; the one before is void. Raises DeviceRefusal BUSY where another trolley shows the same code."""
    code = crockford(secrets.randbits(PAIR_LENGTH * BITS_PER_CHARACTER), PAIR_LENGTH)
    session.execute(_OLD_CODES, {"device_row": device.id})
    expires_at = datetime.now(UTC) + timedelta(seconds=CODE_SECONDS)
    made = insert(PairCode).values(code_hash=code_hash(code), device_id=device.id, expires_at=expires_at)
    if session.execute(made.on_conflict_do_nothing().returning(PairCode.id)).scalar_one_or_none() is None:
        raise DeviceRefusal(RefusalCode.BUSY, r=1)
    return pair_answer(code, CODE_SECONDS, _address(code))


def _address(code: str) -> str:
    """Where the QR code leads: the shop's app in a browser, or the app by its own scheme where that is too long."""
    url = f"{settings().frontend_base_url.rstrip('/')}/pair?code={code}"
    return url if len(url.encode()) <= MAX_URL_BYTES else f"aisle://pair/{code}"


_USE_TOKEN = (
    update(ShopperQr)
    .where(
        ShopperQr.token_hash == bindparam("sent_hash"), ShopperQr.used_at.is_(None), ShopperQr.expires_at > func.now()
    )
    .values(used_at=func.now())
    .returning(ShopperQr.user_id)
    .execution_options(synchronize_session=False)
)


def _shopper_of_token(session: Session, token: str) -> int:
    user_id: int | None = session.execute(_USE_TOKEN, {"sent_hash": token_hash(token)}).scalar_one_or_none()
    if user_id is None:
        raise DeviceRefusal(RefusalCode.BAD, status=404)
    return user_id


_ACTIVE = select(User.id).where(User.id == bindparam("user_id"), User.is_active, User.role == Role.CUSTOMER)


def _begin(session: Session, device: Device, user_id: int) -> None:
    if session.execute(_ACTIVE, {"user_id": user_id}).first() is None:
        raise DeviceRefusal(RefusalCode.BAD, status=404)
    try:
        opened = sessions.begin(session, device, user_id=user_id)
    except SessionOpen:
        raise DeviceRefusal(RefusalCode.BAD, status=409) from None
    news.changed(session, opened)


_HOLDER = select(User.id).where(User.phone == bindparam("phone"), User.phone_verified_at.is_not(None))


def _begin_by_phone(session: Session, device: Device, phone: str, otp: str) -> DeviceRefusal | None:
    """Begin for the customer who signs in with a number, if the code is right.

    The refusal is not raised here but answered, as a wrong try must be counted.
    """
    purpose = _purpose(device.device_id)
    if codes.use(session, phone=phone, code=otp, purpose=purpose) is not Verdict.RIGHT:
        return DeviceRefusal(RefusalCode.BAD, status=404)
    holder: int | None = session.execute(_HOLDER, {"phone": phone}).scalar_one_or_none()
    if holder is None:
        return DeviceRefusal(RefusalCode.BAD, status=404)
    _begin(session, device, holder)
    return None


def _number(typed: str) -> str:
    try:
        return e164(typed, country=settings().phone_country)
    except NotAPhoneNumber:
        raise BadBody("this is no phone number") from None


def _text(phone: str, device_id: str, count_text: CountText) -> None:
    count_text(phone, f"device:{device_id}")
    with transaction() as session:
        codes.issue(session, phone=phone, purpose=_purpose(device_id))


def _purpose(device_id: str) -> str:
    """A code pairs the trolley it was asked for on, and no other."""
    return f"{PAIR}:{device_id}"
