"""Device keys: derived, so that none is stored (smart-cart.md, B.2).

A key that was rotated is found again from the master and the nonces of its rotations, which are all a device row keeps.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

KEY_BYTES = 32
ROTATION_GRACE = timedelta(hours=24)
"""How long the old key is taken beside the new one."""

_DEVICE_ID = re.compile(r"[0-9a-f]{8}")
_NONCE = re.compile(r"[0-9a-f]{32}")


def is_device_id(text: str) -> bool:
    """Eight lower-case hex digits."""
    return _DEVICE_ID.fullmatch(text) is not None


def device_key(master: bytes, device_id: str, kid: int) -> bytes:
    """The 32-byte key of a device as claimed, from the deployment's master key."""
    return hmac.digest(master, f"cart-device|{device_id}|{kid}".encode("ascii"), hashlib.sha256)


def rotated_key(key: bytes, device_id: str, kid: int, nonce: str) -> bytes:
    """The key number `kid` that follows `key`; `nonce` is the 32 hex digits of the `rot` notice. Never sent."""
    if not _NONCE.fullmatch(nonce):
        raise ValueError("a rotation's nonce has 32 lower-case hex digits")
    return hmac.digest(key, f"rotate|{device_id}|{kid}|{nonce}".encode("ascii"), hashlib.sha256)


def current_key(master: bytes, device_id: str, claimed_kid: int, nonces: Sequence[str]) -> bytes:
    """The key after every rotation since the claim, oldest nonce first; its number is `claimed_kid + len(nonces)`."""
    key = device_key(master, device_id, claimed_kid)
    for turn, nonce in enumerate(nonces, start=1):
        key = rotated_key(key, device_id, claimed_kid + turn, nonce)
    return key


def accepted_kids(kid: int, previous: int | None, previous_until: datetime | None, now: datetime) -> frozenset[int]:
    """The key numbers a request may be signed with: the newest, and the one before it until its grace is over.

    The caller forgets `previous` at the first request signed with `kid`. `previous_until` is ROTATION_GRACE after the
    notice was first sent, so that a trolley that slept through the night still gets to hear of it; None: not sent yet.
    """
    if previous is not None and (previous_until is None or now < previous_until):
        return frozenset({kid, previous})
    return frozenset({kid})
