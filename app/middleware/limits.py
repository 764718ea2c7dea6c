"""Rate limits: the limit of a blueprint's line in the table, and tighter ones for the few routes worth attacking."""

import hashlib
import math
import re
import time

from flask import Flask, Response, current_app, g, request
from limits import RateLimitItem, parse_many

from app.config import settings
from app.domain.phone import prefix
from app.errors import TooManyRequests
from app.extensions import limiter
from app.middleware import redis_counts  # noqa: F401 (Flask-Limiter finds both ways of counting by their schemes)
from app.middleware.entry import Entry


def register_limits(app: Flask) -> None:
    """Set up the limiter's store and decorators, without its hook before every request.

    The hook looks for decorators on every route, 0.1 ms each time; the decorators below check when they are called.
    """
    limiter.init_app(app)
    if limiter.enabled:
        app.before_request_funcs[None].remove(limiter._check_request_limit)


def check(entry: Entry) -> None:
    """Count this request against its blueprint's limit.

    Asks the limiter's store directly: Flask-Limiter's own middleware costs 0.3 ms a request. Raises TooManyRequests.
    """
    items: list[RateLimitItem] = current_app.extensions["limits"].get(entry.blueprint.name, [])
    if not limiter.enabled:
        return
    key = (entry.blueprint.name, caller_or_address())
    for item in items:
        _count(item, *key)


_DEVICE = re.compile(r"(?:SC1 |Bearer dvc_)([0-9a-f]{8})")


def is_of_device() -> bool:
    """Whether the running request names a device as its sender."""
    return _DEVICE.match(request.headers.get("Authorization", "")) is not None


def check_device() -> None:
    """Count a device's request against its own budget, behind its own address: nobody elsewhere can spend it.

    Not yet proved to be that device; what all devices behind one address may send is the table's limit.
    Raises TooManyRequests.
    """
    if limiter.enabled and (claimed := _DEVICE.match(request.headers.get("Authorization", ""))):
        _spend(settings().rate_limit_device, "device", claimed[1], address())


def _count(item: RateLimitItem, *key: str) -> None:
    """Raises TooManyRequests, which says how long the window of a budget that is spent still lasts."""
    if not limiter.limiter.hit(item, *key):
        raise TooManyRequests(retry_after=seconds_until(limiter.limiter.get_window_stats(item, *key).reset_time))


def seconds_until(moment: float) -> int:
    """How many whole seconds from now, at least one, until a moment in seconds since the epoch."""
    return max(1, math.ceil(moment - time.time()))


def count_text_message(phone: str, sender: str | None = None) -> None:
    """Count a text message about to be sent to a number in E.164: for the client's address, the number, all numbers
    that begin alike, and in all. `sender` stands for the address where many known ones share it.

    From the narrowest budget to the widest, so that who has spent their own takes nothing of everybody's. Called by
    the route, as the number is known only once the body is read. Raises TooManyRequests.
    """
    if not limiter.enabled:
        return
    current = settings()
    _spend(current.otp_send_limit_per_ip, "text-message", sender or address())
    _spend(current.otp_send_limit_per_phone, "text-message", _hidden(phone))
    _spend(current.otp_send_limit_per_prefix, "text-message", prefix(phone))
    _spend(current.otp_send_limit_total, "text-message", "all")


def count_exact_route() -> None:
    """Count a proof that a route is the shortest against the user's budget: it may take seconds of a processor.

    Called by the route, as the body says which quality is wanted. Raises TooManyRequests.
    """
    if limiter.enabled:
        _spend(settings().rate_limit_exact_routes, "exact-route", caller_or_address())


def count_code_try(phone: str) -> None:
    """Count a try of a code that was sent to a number in E.164, from all addresses together.

    Five wrong tries kill a code, but there is always a next one. Raises TooManyRequests.
    """
    if limiter.enabled:
        _spend(settings().otp_try_limit_per_phone, "code-try", _hidden(phone))


def _hidden(phone: str) -> str:
    return hashlib.sha256(phone.encode()).hexdigest()


def _spend(budget: str, *key: str) -> None:
    """Count once against a budget such as `3 per 15 minutes`. Raises TooManyRequests."""
    for item in parse_many(budget):
        _count(item, *key)


def caller_or_address() -> str:
    """One budget per signed-in user, else per client address."""
    caller = g.get("caller")
    return f"user:{caller.user_id}" if caller else address()


def address() -> str:
    """One budget per client address."""
    return f"address:{request.remote_addr}"


login = limiter.limit(lambda: settings().rate_limit_login, key_func=address, deduct_when=lambda r: r.status_code >= 400)
register = limiter.limit(lambda: settings().rate_limit_register, key_func=address)
otp = limiter.limit(lambda: settings().rate_limit_otp, key_func=address)
phone_login = limiter.limit(lambda: settings().login_limit_per_ip, key_func=address)
checkout_by_user = limiter.limit(lambda: settings().rate_limit_checkout, key_func=caller_or_address)
device_claim = limiter.limit(
    lambda: settings().rate_limit_device_claim, key_func=address, deduct_when=lambda r: r.status_code in (404, 410)
)


def _is_wrong_code(response: Response) -> bool:
    return response.status_code in (404, 410)


pair_by_user = limiter.shared_limit(
    lambda: settings().rate_limit_pair_user, scope="pair", key_func=caller_or_address, deduct_when=_is_wrong_code
)
pair_by_address = limiter.shared_limit(
    lambda: settings().rate_limit_pair_address, scope="pair", key_func=address, deduct_when=_is_wrong_code
)
assistant = limiter.limit(lambda: settings().rate_limit_assistant, key_func=caller_or_address)
store_routes = limiter.shared_limit(
    lambda: settings().rate_limit_routes, scope="store-routes", key_func=caller_or_address
)
checkout_by_address = limiter.limit(lambda: settings().rate_limit_checkout_address, key_func=address)
order_by_user = limiter.limit(lambda: settings().order_limit_per_user, key_func=caller_or_address)
order_by_address = limiter.limit(lambda: settings().order_limit_per_ip, key_func=address)
wallet_by_user = limiter.shared_limit(
    lambda: settings().wallet_limit_per_user, scope="wallet", key_func=caller_or_address
)
files = limiter.shared_limit(lambda: settings().file_limit_per_user, scope="files", key_func=caller_or_address)
export_by_user = limiter.limit(lambda: settings().export_limit_per_user, key_func=caller_or_address)
