"""Every failure becomes the one error envelope here."""

import errno
import logging

from flask import Flask, Response, g
from flask_limiter import RateLimitExceeded
from pydantic_core import to_json
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from app.domain.devices.wire import BadBody, BigBody
from app.domain.devices.words import RefusalCode
from app.errors import (
    BadRequest,
    Busy,
    DomainError,
    ServiceUnavailable,
    StorageFull,
    TooManyRequests,
    ValidationFailed,
)
from app.extensions import limiter
from app.middleware import device_answers, limits, metrics
from app.services.devices.refusals import DeviceRefusal

log = logging.getLogger("aisle.errors")

_OTHERS_AT_WORK = {"55P03", "57014", "40P01", "40001"}
"""lock_not_available, query_canceled (statement_timeout); deadlock, serialization failure, when tried often enough."""
_USUAL_WINDOW = 60
_DISK_FULL = "53100"
_NO_ROOM = "could not extend file"
"""How PostgreSQL begins where a quota or a limit of files is what is full: it has no code of its own for that."""
_READ_ONLY = "25006"
"""This is a standby, or has just become one."""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_UNTIL_SOMEBODY_ACTED = 30
_BAD_INPUT_CLASS = "22"  # SQLSTATE class: data exception, as a value out of a column's range


def register_error_handlers(app: Flask) -> None:
    """Map domain, HTTP, database and unexpected errors onto the envelope."""
    app.register_error_handler(DomainError, error_response)
    app.register_error_handler(DeviceRefusal, device_answers.refused)
    app.register_error_handler(BadBody, _bad_body)
    app.register_error_handler(RateLimitExceeded, _rate_limited)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(PoolTimeout, _busy)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(OSError, _system)
    app.register_error_handler(Exception, _unexpected)


def error_response(error: DomainError) -> Response:
    """The envelope of a domain error."""
    if device_answers.is_for_device():
        return device_answers.failed(error.status, error.retry_after)
    response = Response(to_json(error.envelope), status=error.status, mimetype="application/json")
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _bad_body(error: BadBody) -> Response:
    return device_answers.refused(DeviceRefusal(RefusalCode.BIG if isinstance(error, BigBody) else RefusalCode.BAD))


def _envelope(code: str, message: str, status: int, details: dict[str, object]) -> Response:
    if device_answers.is_for_device():
        return device_answers.failed(status, None)
    body = {"error": {"code": code, "message": message, "status_code": status, "details": details}}
    return Response(to_json(body), status=status, mimetype="application/json")


def _rate_limited(_error: RateLimitExceeded) -> Response:
    """Flask-Limiter's own headers are off: they would stretch the Retry-After of other refusals on the same route."""
    breached = limiter.current_limit
    seconds = limits.seconds_until(breached.window.reset_time) if breached else _USUAL_WINDOW
    return error_response(TooManyRequests(retry_after=seconds))


_HTTP_MESSAGES = {
    404: "No such address. See /docs/ for the ones there are.",
    405: "This address does not take this method; the Allow header lists those it takes.",
    413: "The request body is too large.",
}


def _http(error: HTTPException) -> Response:
    """Werkzeug's own errors keep their headers (Allow, Retry-After) and get our body."""
    status = error.code or 500
    code = BadRequest.code if status == 400 else f"HTTP_{status}"
    message = _HTTP_MESSAGES.get(status, error.description or "The request failed.")
    response = _envelope(code, message, status, {})
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def _busy(_error: PoolTimeout) -> Response:
    log.warning("no database connection free in time")
    return error_response(Busy("No connection to the database is free. Try again in a second.", retry_after=1))


def _database(error: DBAPIError) -> Response:
    sqlstate = getattr(error.orig, "sqlstate", None) or ""
    if sqlstate in _OTHERS_AT_WORK:
        return error_response(Busy(retry_after=1))
    if sqlstate.startswith(_BAD_INPUT_CLASS):
        log.warning("a value reached the database unchecked", extra={"sqlstate": sqlstate})
        return error_response(ValidationFailed("A value is out of range.", details={"errors": []}))
    if sqlstate == _DISK_FULL or _NO_ROOM in str(error.orig):
        return _full("the database has no room", sqlstate)
    if isinstance(error, OperationalError) or error.connection_invalidated or sqlstate == _READ_ONLY:
        log.error("database unavailable", extra={"sqlstate": sqlstate})
        return error_response(ServiceUnavailable("The database cannot be reached. Try again.", retry_after=2))
    return _unexpected(error)


def _system(error: OSError) -> Response:
    return _full("a file could not be written", str(error.errno)) if error.errno in _FULL else _unexpected(error)


def _full(what: str, why: str) -> Response:
    log.error(what, extra={"why": why})
    return error_response(StorageFull(retry_after=_UNTIL_SOMEBODY_ACTED))


def _unexpected(error: Exception) -> Response:
    log.exception("unexpected error", exc_info=error)
    metrics.count_exception()
    details = {"request_id": g.get("request_id", "")}
    return _envelope("UNEXPECTED_ERROR", "Something went wrong on our side; quote the request id.", 500, details)
