"""Request ids, the JSON access log and the response headers every answer carries."""

import logging
import re
import sys
import time
import uuid

from flask import Flask, Response, g, request

from app.config import settings
from app.middleware.device_answers import is_for_device, without_spare_headers
from app.middleware.log_format import LINE, MASK, NAMES, DiscreetFormatter

log = logging.getLogger("aisle.access")

_REQUEST_ID = re.compile(r"^[\x21-\x7e]{1,100}$")
_MASKED_NAMES = re.compile(
    r"(token|password|secret|code|otp|authorization|card|cvv|account|iban|key|email|phone)", re.IGNORECASE
)
_API_POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
_DOCS_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_DASHBOARD_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_LINK_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGES = {
    "/docs/": _DOCS_POLICY,
    "/admin/dashboard": _DASHBOARD_POLICY,
    "/admin/trolleys": _DASHBOARD_POLICY,
    "/api/v1/messages/": _LINK_POLICY,
}
"""What the pages for browsers may load, by the beginning of their addresses; the API's answers load nothing."""


def register_request_log(app: Flask, level: str) -> None:
    """Set a request id before, and log and add headers after every request."""
    configure_logging(level)
    app.before_request(_begin)
    app.after_request(_finish)


def configure_logging(level: str) -> None:
    """JSON lines on standard error, secrets masked; safe to call again."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(DiscreetFormatter(LINE, rename_fields=NAMES))
    root = logging.getLogger("aisle")
    root.handlers = [handler]
    root.setLevel(level)
    root.propagate = False


def masked_query() -> str:
    """The query string of the request with the values of telling names blanked."""
    return "&".join(
        f"{name}={MASK}" if _MASKED_NAMES.search(name) else f"{name}={value[:100]}"
        for name, value in request.args.items(multi=True)
    )


def request_id() -> str:
    """The id of the running request, for audit rows and logs."""
    return str(g.get("request_id", ""))


def _begin() -> None:
    given = request.headers.get("X-Request-Id", "")[:100]
    g.request_id = given if _REQUEST_ID.match(given) else uuid.uuid4().hex
    g.started = time.perf_counter()


def _finish(response: Response) -> Response:
    if log.isEnabledFor(logging.INFO):
        log.info("request", extra=_access_fields(response))
    return without_spare_headers(response) if is_for_device() else _with_headers(response)


def _with_headers(response: Response) -> Response:
    headers = response.headers
    headers["X-Request-Id"] = g.get("request_id", "")
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Content-Security-Policy"] = _content_policy()
    if request.path.startswith("/api/") and "*" not in settings().cors_allowed_origins:
        response.vary.add("Origin")  # Flask-CORS leaves it out where one origin alone is allowed
    if request.is_secure:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return response


def _content_policy() -> str:
    return next((policy for start, policy in _PAGES.items() if request.path.startswith(start)), _API_POLICY)


def _access_fields(response: Response) -> dict[str, object]:
    caller = g.get("caller")
    return {
        "request_id": g.get("request_id", ""),
        "method": request.method,
        "path": request.path,
        "query": masked_query(),
        "status": response.status_code,
        "ms": round((time.perf_counter() - g.get("started", time.perf_counter())) * 1000, 2),
        "address": request.remote_addr,
        "user_id": caller.user_id if caller else None,
    }
