"""Answers to devices: bare bytes, the errors of SC1 (smart-cart.md, B.4), and no header that a trolley has no use for.

A trolley's processor holds few bytes of headers, and its connection pays for each: what browsers and caches are told
elsewhere stays out here (B.1).
"""

import sys
import time
from http import HTTPStatus

from flask import Response, request

from app.domain.devices.answers import error_answer
from app.domain.devices.words import RefusalCode
from app.services.devices.entering import SignedRequest
from app.services.devices.refusals import DeviceRefusal
from app.services.devices.updates import Image

_PREFIX = "/api/v1/device/"
_SENT = frozenset({"content-type", "content-length", "content-range", "accept-ranges", "allow"})
_JSON = "application/json"
_USUAL_WAIT = 2
_WAIT_AFTER_A_FAULT = 10
_CODES = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: RefusalCode.BIG,
    HTTPStatus.TOO_MANY_REQUESTS: RefusalCode.SLOW,
    HTTPStatus.SERVICE_UNAVAILABLE: RefusalCode.BUSY,
    HTTPStatus.INTERNAL_SERVER_ERROR: RefusalCode.BUSY,
}
"""What the failures that the whole service shares are to a device; any other is a request it should not have sent."""


def is_for_device() -> bool:
    """Whether the running request came to the address of devices, be there a route or not."""
    return request.path.startswith(_PREFIX)


def signed_request() -> SignedRequest:
    """The running request with everything its signature covers, the address exactly as sent."""
    return SignedRequest(
        method=request.method,
        path=str(request.environ.get("RAW_URI", request.path)),
        authorization=request.headers.get("Authorization"),
        body=request.get_data(cache=True),
        now=int(time.time()),
    )


def device_answer(body: bytes, *, status: int = 200) -> Response:
    """A body of `domain.devices.answers`."""
    return Response(body, status=status, mimetype=_JSON)


def range_asked() -> tuple[int, int] | None:
    """The half-open span of bytes that the header Range asks for; None without one, and for forms a device never sends:
    several ranges, or one counted from the end. Those are answered with the whole, as RFC 9110, 14.2 allows.
    """
    asked = request.range
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return None
    start, end = asked.ranges[0]
    return None if start < 0 else (start, sys.maxsize if end is None else end)


def image_answer(image: Image) -> Response:
    """A firmware, or the piece of it that was asked for."""
    response = Response(image.content, status=206 if image.is_part else 200, mimetype="application/octet-stream")
    response.headers["Accept-Ranges"] = "bytes"
    if image.is_part:
        last = image.start + len(image.content) - 1
        response.headers["Content-Range"] = f"bytes {image.start}-{last}/{image.size}"
    return response


def refused(refusal: DeviceRefusal) -> Response:
    """The lean body of a refusal."""
    return device_answer(error_answer(int(time.time()), refusal.code, **refusal.numbers), status=refusal.status)


def failed(status: int, retry_after: int | None) -> Response:
    """The lean body of a failure that is no refusal of SC1; `retry_after` in seconds."""
    code = _CODES.get(HTTPStatus(status), RefusalCode.BAD)
    if code not in (RefusalCode.SLOW, RefusalCode.BUSY):
        return refused(DeviceRefusal(code, status=status))
    usual = _WAIT_AFTER_A_FAULT if status == HTTPStatus.INTERNAL_SERVER_ERROR else _USUAL_WAIT
    return refused(DeviceRefusal(code, status=status, r=retry_after or usual))


def without_spare_headers(response: Response) -> Response:
    """Leave only the headers a device reads."""
    for name in {name.lower() for name, _ in response.headers} - _SENT:
        del response.headers[name]
    return response
