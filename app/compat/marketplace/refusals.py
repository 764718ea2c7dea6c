"""What older clients read in a failure: `{"status": "error", "message", "code", "errors"?}`; `code` is the status."""

import time
from collections.abc import Mapping
from typing import Any

import jwt

from app.compat.said import Refusals, Said

INVALID = "Validation error"

_STATUSES = {402: 400, 409: 400}
"""Older clients know neither a lack of money nor a conflict by a status of its own."""

_EVERYWHERE: Refusals = {
    "VALIDATION_ERROR": Said(message=INVALID),
    "AUTH_REQUIRED": Said(message="Auth header missing"),
    "ROLE_MISSING": Said(message="Role missing"),
    "AUTHORIZATION_ERROR": Said(message="Forbidden"),
    "HTTP_429": Said(message="Rate limit exceeded. Wait as long as Retry-After says, then try again."),
    "IDEMPOTENCY_KEY_REUSE_MISMATCH": Said(status=409),
    "IDEMPOTENCY_IN_PROGRESS": Said(status=409),
}


def refusal(error: Mapping[str, Any], of_route: Refusals) -> dict[str, Any]:
    """The older envelope of one of our errors; what the route says comes before what is said everywhere."""
    code = error["code"]
    said = of_route.get(code) or _EVERYWHERE.get(code) or Said()
    status = said.status or _STATUSES.get(error["status_code"], error["status_code"])
    body = {"status": "error", "message": said.message or error["message"], "code": status}
    if said.message != INVALID:
        return body
    faults = [_fault(each) for each in error["details"].get("errors", ())]
    if amount := next((each for each in faults if each["type"] == "invalid_amount"), None):
        return {**body, "message": amount["msg"]}
    return {**body, "errors": faults or [{"loc": [], "msg": error["message"], "type": code.lower()}]}


def _fault(fault: Mapping[str, Any]) -> dict[str, Any]:
    """Where a fault is, without the part of the request that we name first."""
    return {**fault, "loc": fault["loc"][1:]}


def of_token(token: str, *, expected: str) -> str:
    """What is wrong with a token that was refused, in the words older clients wait for.

    Only for the wording: nothing is believed of what stands in it.
    """
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return "invalid token"
    if claims.get("type", expected) != expected:
        return f"expected {expected} token"
    expires = claims.get("exp")
    return "token expired" if isinstance(expires, int | float) and expires <= time.time() else "invalid token"
