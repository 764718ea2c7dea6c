"""Codes that people and simple firmware carry: claim, pairing, hand-off, bearer (smart-cart.md, B.2, B.7, B.9).

Crockford base32: no I, L, O, U; people's spellings are forgiven. Source: crockford.com/base32.html.
"""

import base64
import hashlib
import hmac
import re

from app.domain.devices.keys import KEY_BYTES

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CLAIM_LENGTH = 8
PAIR_LENGTH = 6
BITS_PER_CHARACTER = 5
HANDOFF_LENGTH = 20
HANDOFF_CODES = 10**HANDOFF_LENGTH

_FORGIVEN = str.maketrans({"I": "1", "L": "1", "O": "0", " ": None, "-": None})
_MAX_TYPED = 40
_BEARER = re.compile(r"Bearer dvc_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")
_HANDOFF = re.compile(rf"[0-9]{{{HANDOFF_LENGTH}}}")


def crockford(number: int, length: int) -> str:
    """A random number below 32**length as a code of that length."""
    if not 0 <= number < len(ALPHABET) ** length:
        raise ValueError("the number does not fit the code")
    places = range((length - 1) * BITS_PER_CHARACTER, -1, -BITS_PER_CHARACTER)
    return "".join(ALPHABET[number >> place & 31] for place in places)


def typed_code(text: str, length: int) -> str | None:
    """The code a person meant: case, spaces and hyphens do not matter, I and L are 1, O is 0. None: no code."""
    if len(text) > _MAX_TYPED or not text.isascii():
        return None
    code = text.upper().translate(_FORGIVEN)
    return code if len(code) == length and all(sign in ALPHABET for sign in code) else None


def handoff_code(number: int) -> str:
    """A random number below HANDOFF_CODES as the 20 digits a till reads."""
    if not 0 <= number < HANDOFF_CODES:
        raise ValueError("the number does not fit the code")
    return str(number).zfill(HANDOFF_LENGTH)


def is_handoff_code(text: str) -> bool:
    """Twenty digits, nothing else."""
    return _HANDOFF.fullmatch(text) is not None


def code_digest(pepper: bytes, purpose: str, code: str) -> str:
    """What is stored of a code. Keyed, because the few bits of a short code are soon tried through."""
    return hmac.digest(pepper, f"{purpose}|{code}".encode(), hashlib.sha256).hex()


def bearer_token(device_id: str, secret: bytes) -> str:
    """`dvc_<id>_<43 base64url>` from 32 random bytes."""
    if len(secret) != KEY_BYTES:
        raise ValueError("a bearer token is made from 32 bytes")
    return f"dvc_{device_id}_{base64.urlsafe_b64encode(secret).rstrip(b'=').decode()}"


def parse_bearer(header: str | None) -> tuple[str, str] | None:
    """Device id and whole token of an `Authorization: Bearer dvc_...` header; None when it is not of that form."""
    found = _BEARER.fullmatch(header or "")
    return (found[1], f"dvc_{found[1]}_{found[2]}") if found else None


def token_digest(token: str) -> str:
    """What is stored of a bearer token: it is long enough for a plain SHA-256."""
    return hashlib.sha256(token.encode()).hexdigest()
