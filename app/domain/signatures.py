"""Signatures of payment webhooks: `t=<unix seconds>,v1=<hex>` where v1 is HMAC-SHA256 over `<t>.<raw body>`."""

import hashlib
import hmac
import re
from collections.abc import Sequence

TOLERANCE_SECONDS = 300
_TIME = re.compile(r"[0-9]{1,12}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


def is_signed(raw: bytes, *, header: str, secrets: Sequence[str], now: int) -> bool:
    """Whether the header proves that an owner of one of the secrets sent this very body within 300 s of `now`.

    Several secrets and several v1 parts are taken, so that either side can rotate. Never raises: a malformed header
    is merely not a proof. A comparison takes the same time wherever two digests differ.
    """
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    given = [value for name, _, value in parts if name == "v1" and _DIGEST.fullmatch(value)]
    if len(times) != 1 or not _TIME.fullmatch(times[0]):
        return False
    at = int(times[0])
    if abs(now - at) > TOLERANCE_SECONDS:
        return False
    expected = [_digest(raw, secret, at) for secret in secrets]
    return any(hmac.compare_digest(one, other) for one in expected for other in given)


def _digest(raw: bytes, secret: str, at: int) -> str:
    return hmac.new(secret.encode(), b"%d." % at + raw, hashlib.sha256).hexdigest()
