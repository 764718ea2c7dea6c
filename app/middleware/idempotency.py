"""The Idempotency-Key header of requests that move money: sent again, they are answered again and move nothing."""

from flask import Response, request

from app.errors import BadRequest
from app.openapi import Header

_NAME = "Idempotency-Key"


class InvalidIdempotencyKey(BadRequest):
    code = "INVALID_IDEMPOTENCY_KEY"
    message = "The Idempotency-Key header takes 1 to 128 visible ASCII characters. Send such a one, or none."


class IdempotencyKeyRequired(BadRequest):
    code = "MISSING_IDEMPOTENCY_KEY"
    message = "Send an Idempotency-Key header (1 to 128 visible ASCII characters), new for each movement of money."


OPTIONAL_KEY = Header(
    name=_NAME,
    description="New for each movement of money; sending it again repeats the answer. Without one each request counts.",
    example="7d0a2c-1",
    pattern=r"^[!-~]{0,128}$",
    refusal=InvalidIdempotencyKey,
)
REQUIRED_KEY = Header(
    name=_NAME,
    description="New for each movement of money; sending it again repeats the answer.",
    required=True,
    example="7d0a2c-1",
    pattern=r"^[!-~]{1,128}$",
    refusal=IdempotencyKeyRequired,
)


def given_key() -> str | None:
    """The key of the running request, None without one."""
    return request.headers.get(_NAME) or None


def told_apart(response: Response, *, is_replay: bool) -> Response:
    """Mark an answer that was given before."""
    if is_replay:
        response.headers["Idempotent-Replayed"] = "true"
    return response
