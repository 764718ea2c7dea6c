"""The signature of a device's request and the order in which a request is checked (smart-cart.md, B.3).

`Authorization: SC1 <device_id>.<kid>.<ts>.<boot>.<n>.<sig>`
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.devices.words import RefusalCode
from app.domain.enums import DeviceStatus

MAX_REQUEST_BYTES = 4096
MAX_SKEW_S = 300
MAX_BOOT = 999_999_999
"""Nine digits: the answer to a replay, with a boot and a request number, stays within 64 bytes."""
MAX_COUNTER = 2**31 - 1

_HEADER = re.compile(
    r"SC1 ([0-9a-f]{8})\.([1-9][0-9]{0,4})\.([1-9][0-9]{0,9})\.([1-9][0-9]{0,8})\.([1-9][0-9]{0,9})\.([0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class SignedHeader:
    """What a request says of itself; `ts` in Unix seconds, `boot` starts of the device, `n` sends in this boot."""

    device_id: str
    kid: int
    ts: int
    boot: int
    n: int
    sig: str


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """What the server holds of the device: `keys` by number are those accepted now; `last_*` of the newest request."""

    status: DeviceStatus
    keys: Mapping[int, bytes]
    last_boot: int = 0
    last_n: int = 0
    last_ts: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """`path` with its query, exactly as sent; a body cut off one byte above the limit is as good as the whole."""

    method: str
    path: str
    body: bytes

    @property
    def too_big(self) -> bool:
        return len(self.body) > MAX_REQUEST_BYTES


def parse_header(value: str | None) -> SignedHeader | None:
    """The parts of the header; None when it is missing or not of the strict form (no sign, zero or space to spare)."""
    found = _HEADER.fullmatch(value or "")
    if found is None:
        return None
    device_id, kid, ts, boot, n, sig = found.groups()
    if int(ts) > MAX_COUNTER or int(n) > MAX_COUNTER:
        return None
    return SignedHeader(device_id, int(kid), int(ts), int(boot), int(n), sig)


def shown_header(header: SignedHeader) -> str:
    """The header as a client sends it."""
    return f"SC1 {header.device_id}.{header.kid}.{header.ts}.{header.boot}.{header.n}.{header.sig}"


def string_to_sign(request: Request, header: SignedHeader) -> bytes:
    """Nine lines without a last line feed; the body enters as its SHA-256."""
    digest = hashlib.sha256(request.body).hexdigest()
    counters = (header.kid, header.ts, header.boot, header.n)
    return "\n".join(map(str, ("SC1", request.method, request.path, header.device_id, *counters, digest))).encode()


def signature(key: bytes, request: Request, header: SignedHeader) -> str:
    """64 lower-case hex digits; the header's own `sig` plays no part."""
    return hmac.digest(key, string_to_sign(request, header), hashlib.sha256).hex()


def is_signed_by(key: bytes, request: Request, header: SignedHeader) -> bool:
    """Whether the header's signature is this key's, compared in constant time."""
    return hmac.compare_digest(signature(key, request, header), header.sig)


def refusal(request: Request, header: SignedHeader | None, device: KnownDevice | None, now: int) -> RefusalCode | None:
    """Why a request is refused, the first reason in the order of B.3; None when it is good. `now` in Unix seconds.

    Counters come last, so nothing an unsigned request says can move or probe them.
    """
    if header is None:
        return RefusalCode.AUTH
    if device is None:
        return RefusalCode.DEVICE
    if device.status is not DeviceStatus.ACTIVE:
        return RefusalCode.OFF
    if request.too_big:
        return RefusalCode.BIG
    key = device.keys.get(header.kid)
    if key is None or not is_signed_by(key, request, header):
        return RefusalCode.SIGNATURE
    if abs(now - header.ts) > MAX_SKEW_S:
        return RefusalCode.TIME
    if (header.boot, header.n) <= (device.last_boot, device.last_n):
        return RefusalCode.REPLAY
    return None


def is_cloned(header: SignedHeader, device: KnownDevice) -> bool:
    """Whether a replayed number betrays a second device with the same key: same boot, lower number, yet signed later.

    A copy that the network held back was signed before the newest request, so it raises no alarm.
    """
    return header.boot == device.last_boot and header.n < device.last_n and header.ts > device.last_ts
