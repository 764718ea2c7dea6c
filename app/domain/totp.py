"""One-time codes of an authenticator app (RFC 6238: SHA-1, six digits, steps of 30 seconds)."""

import hmac
import re
import time

import pyotp

STEP_SECONDS = 30
WINDOW = 1
"""Steps a clock may be off, either way (RFC 6238, section 5.2)."""

_DIGITS = re.compile(r"[0-9]{6}")


def new_secret() -> str:
    """160 random bits in base32, as RFC 4226, section 4, recommends."""
    return pyotp.random_base32(32)


def otpauth_uri(secret: str, *, account: str, issuer: str) -> str:
    """The address an authenticator app reads out of the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def current_step() -> int:
    """The number of the present step since 1970."""
    return int(time.time()) // STEP_SECONDS


def code_at(secret: str, step: int) -> str:
    """The six digits of a step."""
    return str(pyotp.TOTP(secret).generate_otp(step))


def matching_step(secret: str, code: str, *, used: int | None) -> int | None:
    """The step a code belongs to, or None where it is wrong or not newer than the last one `used`.

    A code that was used must not work again (RFC 6238, section 5.2); so the caller stores the step.
    """
    if not _DIGITS.fullmatch(code):
        return None
    now = current_step()
    for step in range(now - WINDOW, now + WINDOW + 1):
        if hmac.compare_digest(code_at(secret, step), code) and (used is None or step > used):
            return step
    return None
