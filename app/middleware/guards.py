"""Who may enter: one check before every request, read from the route table."""

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

from flask import Flask, Response, current_app, g, request
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt import ExpiredSignatureError, PyJWTError
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from app.config import settings
from app.domain.caller import Caller, Origin
from app.domain.enums import Language
from app.domain.roles import PRIVILEGED
from app.errors import AuthFailed, AuthRequired, Forbidden, RoleMissing, SecondFactorSetupRequired
from app.middleware import limits
from app.middleware.entry import DEVICE, FIRST_DEVICE, SHOW_SELF, WITHOUT_SECOND_FACTOR, Entry
from app.middleware.request_log import request_id
from app.services import tokens

_EXPIRED = "token expired"
_ONLY_DEVICES = "Only a trolley's device may send this, with its key."


def register_guards(app: Flask) -> None:
    """Guard, then rate-limit, every request by its blueprint's line in the table."""
    app.before_request(_enter)


def current_caller() -> Caller:
    """The signed-in user of the running request; only on guarded routes."""
    caller: Caller = g.caller
    return caller


def seconds_left() -> float:
    """How long the token of the running request is good; only on guarded routes."""
    return float(g.token_ends - time.time())


def optional_caller() -> Caller | None:
    """The signed-in user, or None for a guest; on routes open to both."""
    caller: Caller | None = g.get("caller")
    return caller


def current_origin() -> Origin:
    """Where the running request came from."""
    return Origin(
        request_id=request_id(),
        address=request.remote_addr or "",
        user_agent=request.headers.get("User-Agent", "")[:200],
        language=_language(),
    )


def _language() -> Language | None:
    """By the header Accept-Language; None where it names none of ours. `*` is the language of the shop."""
    said = request.headers.get("Accept-Language")
    return _language_of(said, settings().default_language) if said else None


@lru_cache(maxsize=256)
def _language_of(said: str, shop: Language) -> Language | None:
    """Kept, as everybody says one of a few things."""
    accepted = parse_accept_header(said, LanguageAccept)
    found = accepted.best_match([shop, *(word for word in Language if word is not shop)])
    return Language(found) if found else None


def verify_refresh_token(sent: str | None) -> UUID:
    """The id of a refresh token sent in the body, or else as bearer. Raises AuthRequired or AuthFailed."""
    return UUID(_verified_claims(_bearer() if sent is None else sent, "refresh")["jti"])


def _enter() -> Response | None:
    if request.routing_exception is not None:
        return None
    if request.method == "OPTIONS":
        return Response(status=204, headers={"Allow": ", ".join(sorted(_methods()))})
    entry: Entry | None = current_app.extensions["table"].get(request.blueprint)
    if entry is None:
        return None
    if not entry.is_public:
        g.caller = _authenticate()
        if entry.roles and g.caller.role_pending:
            raise RoleMissing
        if entry.roles and g.caller.role not in entry.roles:
            raise Forbidden
    elif entry.is_optional:
        g.caller = _authenticate() if "Authorization" in request.headers else None
    elif entry.who in (DEVICE, FIRST_DEVICE):
        limits.check_device()
        if entry.who == FIRST_DEVICE and not (settings().device_legacy_open or limits.is_of_device()):
            raise AuthRequired(_ONLY_DEVICES)
    limits.check(entry)
    return None


def _methods() -> set[str]:
    """What this address takes, over all the rules that share it."""
    adapter = current_app.create_url_adapter(request)
    return set(adapter.allowed_methods()) if adapter else set()


def _authenticate() -> Caller:
    claims = _verified_claims(_bearer(), "access")
    g.token_ends = claims["exp"]
    caller = tokens.caller_of(claims, current_origin())
    if caller.role in PRIVILEGED and not caller.has_second_factor:
        _may_lack_second_factor()
    return caller


def _may_lack_second_factor() -> None:
    """Raises SecondFactorSetupRequired where the setting demands one, except on the way to having one."""
    open_to_all = request.blueprint in WITHOUT_SECOND_FACTOR or request.endpoint == SHOW_SELF
    if settings().second_factor_required and not open_to_all:
        raise SecondFactorSetupRequired


def _bearer() -> str:
    """The token of the request's header. Raises AuthRequired."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise AuthRequired
    return token


def _verified_claims(token: str, kind: str) -> Mapping[str, Any]:
    """The claims of a well-signed, unexpired token of a kind. Raises AuthFailed in the words of marketplace 1.3."""
    try:
        claims = tokens.signed_claims(token)
    except ExpiredSignatureError:
        raise AuthFailed(_EXPIRED) from None
    except (AuthFailed, JWTExtendedException, PyJWTError):
        raise AuthFailed("invalid token") from None
    if claims["type"] != kind:
        raise AuthFailed(f"expected {kind} token")
    if claims.get("exp", 0) <= time.time():
        raise AuthFailed(_EXPIRED)
    return claims
