"""Request ids, the JSON access log and the response headers every answer carries."""

import logging
import re
import sys
import time
import uuid
from typing import Any

from flask import Flask, Request, Response, g, request

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
    kept = g._get_current_object()
    given = request.headers.get("X-Request-Id", "")[:100]
    kept.request_id = given if _REQUEST_ID.match(given) else uuid.uuid4().hex
    kept.started = time.perf_counter()


def _finish(response: Response) -> Response:
    asked, kept = request._get_current_object(), g._get_current_object()  # type: ignore[attr-defined]
    if log.isEnabledFor(logging.INFO):
        log.info("request", extra=_access_fields(asked, kept, response))
    return without_spare_headers(response) if is_for_device() else _with_headers(asked, kept, response)


def _with_headers(asked: Request, kept: Any, response: Response) -> Response:
    headers = response.headers
    headers["X-Request-Id"] = kept.get("request_id", "")
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Content-Security-Policy"] = _content_policy(asked.path)
    if asked.path.startswith("/api/") and "*" not in settings().cors_allowed_origins:
        response.vary.add("Origin")  # Flask-CORS leaves it out where one origin alone is allowed
    if asked.is_secure:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return response


def _content_policy(path: str) -> str:
    return next((policy for start, policy in _PAGES.items() if path.startswith(start)), _API_POLICY)


def _access_fields(asked: Request, kept: Any, response: Response) -> dict[str, object]:
    caller, now = kept.get("caller"), time.perf_counter()
    return {
        "request_id": kept.get("request_id", ""),
        "method": asked.method,
        "path": asked.path,
        "query": masked_query() if asked.query_string else "",
        "status": response.status_code,
        "ms": round((now - kept.get("started", now)) * 1000, 2),
        "address": asked.remote_addr,
        "user_id": caller.user_id if caller else None,
    }
