"""Domain errors: raised where the reason is known, mapped onto HTTP once (middleware/error_handlers)."""

from collections.abc import Mapping
from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal the caller can act on.

    `code` is stable and machine-readable, `status` the HTTP status, `details` a JSON object for the client.
    """

    code: ClassVar[str] = "DOMAIN_ERROR"
    status: ClassVar[int] = 400
    message: ClassVar[str] = "The request cannot be carried out."

    def __init__(
        self,
        message: str | None = None,
        *,
        details: Mapping[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        self.text = message or self.message
        self.details: dict[str, Any] = dict(details or {})
        self.retry_after = retry_after
        super().__init__(self.text)

    @property
    def envelope(self) -> dict[str, Any]:
        """The JSON body that tells of this error."""
        body = {"code": self.code, "message": self.text, "status_code": self.status, "details": self.details}
        return {"error": body}


class BadRequest(DomainError):
    code = "BAD_REQUEST"
    message = "The request is not understood."


class ValidationFailed(DomainError):
    """`details.errors` lists every fault as {loc, msg, type}."""

    code = "VALIDATION_ERROR"
    message = "The request has invalid fields; details.errors lists them."


class AuthRequired(DomainError):
    code = "AUTH_REQUIRED"
    status = 401
    message = "Sign in first: send an access token as 'Authorization: Bearer <token>'."


class AuthFailed(DomainError):
    code = "AUTH_ERROR"
    status = 401
    message = "The token is invalid, expired or revoked. Sign in again."


class Forbidden(DomainError):
    code = "AUTHORIZATION_ERROR"
    status = 403
    message = "Your role does not allow this."


class RoleMissing(DomainError):
    code = "ROLE_MISSING"
    status = 403
    message = "Role missing. Choose one first: POST /api/v1/onboarding/basic."


class SecondFactorSetupRequired(DomainError):
    code = "SECOND_FACTOR_SETUP_REQUIRED"
    status = 403
    message = "Your role needs a second factor. Set it up first: POST /api/v1/auth/second-factor/setup, then enable."


class NotFound(DomainError):
    code = "NOT_FOUND"
    status = 404
    message = "Nothing was found here."


class Conflict(DomainError):
    code = "CONFLICT"
    status = 409
    message = "The request conflicts with the present state."


class TooManyRequests(DomainError):
    code = "HTTP_429"
    status = 429
    message = "Too many requests. Wait as long as Retry-After says, then try again."


class Busy(DomainError):
    code = "BUSY"
    status = 503
    message = "Somebody else is working on this right now. Try again in a second."


class ServiceUnavailable(DomainError):
    code = "SERVICE_UNAVAILABLE"
    status = 503
    message = "The service cannot answer at the moment. Try again shortly."


class StorageFull(ServiceUnavailable):
    code = "STORAGE_FULL"
    message = "Nothing can be stored at the moment; nothing was changed. What is there can still be read."
