"""Everybody who knocks: what they show at the door, and the refusal that each is given where they may not enter."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask_jwt_extended import create_access_token
from sqlalchemy import update

from app.domain.enums import Role
from app.errors import AuthFailed, AuthRequired, DomainError, Forbidden, RoleMissing, SecondFactorSetupRequired
from app.middleware.entry import SHOW_SELF, WITHOUT_SECOND_FACTOR
from app.models import AuthSession
from tests import factories
from tests.doors.world import Headers, World

EVERYONE, SIGNED_IN, DEVICES = "everyone", "signed-in", "devices"
GROUPS: dict[str, frozenset[Role]] = {
    EVERYONE: frozenset(Role),
    SIGNED_IN: frozenset(Role),
    "consumers": frozenset({Role.CUSTOMER}),
    "vendors": frozenset({Role.VENDOR}),
    "staff": frozenset({Role.EMPLOYEE, Role.MANAGER, Role.ADMIN}),
    "managers": frozenset({Role.MANAGER, Role.ADMIN}),
    "admins": frozenset({Role.ADMIN}),
    DEVICES: frozenset(),
}
"""The words of `tests/system/who_may_enter.txt`, which is written from the contracts and not from the code."""

STAFF = (Role.EMPLOYEE, Role.MANAGER, Role.ADMIN)
KEYS = {"POST /auth/refresh": 401, "POST /auth/token": 400, "POST /device/claim": 404, "POST /verify-otp": 401}
"""Doors whose key stands in the body: the one of the example opens nothing, and this is what it is told."""

RULES = {
    **{("POST /link/phone", role): "STAFF_USE_PASSWORDS" for role in STAFF},
    **{("POST /link/phone/verify", role): "STAFF_USE_PASSWORDS" for role in STAFF},
    **{("POST /onboarding/basic", role): "AUTHORIZATION_ERROR" for role in STAFF},
    **{("POST /auth/complete_profile", role): "AUTHORIZATION_ERROR" for role in (Role.VENDOR, *STAFF)},
    ("POST /admin/payments/operations/{operation_id}/close", Role.MANAGER): "AUTHORIZATION_ERROR",
    ("GET /carts/{cart_id}/location", Role.VENDOR): "CART_NOT_FOUND",
}
"""Behind some doors a rule still keeps a role out, and says so by a code."""

Show = Callable[[World, str, str, bytes], Headers]
"""Makes the headers of a request from its method, address and body."""


@dataclass(frozen=True)
class Visitor:
    """Somebody who knocks. `role`: whose rights they would have; `bad`: what every guarded door tells them instead."""

    name: str
    show: Show
    role: Role | None = None
    bad: type[DomainError] | None = None
    pending: type[DomainError] | None = None

    @property
    def owns(self) -> bool:
        """Whether the world has things of theirs."""
        return self.bad is None and self.pending is None and self.name not in ("guest", "device")

    @property
    def is_device(self) -> bool:
        return self.name == "device"


@dataclass(frozen=True)
class Door:
    """One route: `who` may enter by the list, `optional` where guests and signed-in users share it."""

    method: str
    path: str
    who: str
    endpoint: str
    optional: bool

    @property
    def name(self) -> str:
        return f"{self.method} {self.path.removeprefix('/api/v1')}"

    @property
    def blueprint(self) -> str:
        return self.endpoint.rpartition(".")[0]

    @property
    def of_cart(self) -> bool:
        """The cart of whoever asks: nobody in particular has none, and is told so as at a guarded door."""
        return self.blueprint == "cart" and not self.path.endswith("/guest")


def refusal(visitor: Visitor, door: Door) -> type[DomainError] | None:
    """What a door has to tell a visitor; None where it opens."""
    if door.who == DEVICES:
        return None if visitor.is_device else AuthRequired
    if door.who == EVERYONE:
        return _at_an_open_door(visitor, door)
    if visitor.bad is not None:
        return visitor.bad
    if visitor.role is None:
        return AuthRequired
    return _at_a_guarded_door(visitor, visitor.role, door)


def _at_an_open_door(visitor: Visitor, door: Door) -> type[DomainError] | None:
    if door.optional and visitor.is_device:
        return AuthRequired  # who shows something has to show something good
    if door.optional and (visitor.bad or visitor.pending is SecondFactorSetupRequired):
        return visitor.bad or visitor.pending
    return AuthRequired if door.of_cart and visitor.name == "anonymous" else None


def _at_a_guarded_door(visitor: Visitor, role: Role, door: Door) -> type[DomainError] | None:
    open_without_factor = door.blueprint in WITHOUT_SECOND_FACTOR or door.endpoint == SHOW_SELF
    if visitor.pending is SecondFactorSetupRequired and not open_without_factor:
        return visitor.pending
    if visitor.pending is RoleMissing and door.who != SIGNED_IN:
        return visitor.pending
    return None if role in GROUPS[door.who] else Forbidden


def visitors(world: World) -> list[Visitor]:
    """Everybody, signed in where they can be."""
    admin = world.people[Role.ADMIN]
    known = [Visitor(role.lower(), _always(world.headers(user)), role) for role, user in world.people.items()]
    return [
        Visitor("anonymous", _always({})),
        Visitor("guest", _always({"X-Cart-Token": _guest_token(world)})),
        *known,
        Visitor("device", _signed),
        Visitor("blocked admin", _always(_blocked(world)), Role.ADMIN, AuthRequired),
        Visitor("signed-out admin", _always(_signed_out(world)), Role.ADMIN, AuthFailed),
        Visitor("admin of yesterday", _always(_expired(world)), Role.ADMIN, AuthFailed),
        Visitor("refresh token", _always(_refreshing(world)), Role.ADMIN, AuthFailed),
        Visitor("role pending", _always(_pending(world)), Role.CUSTOMER, pending=RoleMissing),
        Visitor("no second factor", _always(world.headers(admin)), Role.ADMIN, pending=SecondFactorSetupRequired),
    ]


def _always(headers: Headers) -> Show:
    return lambda _world, _method, _path, _body: headers


def _signed(world: World, method: str, path: str, body: bytes) -> Headers:
    """As the trolley's device signs: the address as sent, with everything below /api/v1/device."""
    world.talker.n += 1
    prefix = "/api/v1/device"
    shown = path.removeprefix(prefix) if path.startswith(prefix) else path
    return {"Authorization": world.talker.signed(method, shown, body)}


def _guest_token(world: World) -> str:
    made = world.app.test_client().post("/api/v1/cart/guest").json["data"]
    return str(made["cart_token"])


def _blocked(world: World) -> Headers:
    user = factories.make_user(world.session, role=Role.ADMIN)
    headers = world.headers(user)
    user.is_active = False
    world.session.commit()
    return headers


def _signed_out(world: World) -> Headers:
    user = factories.make_user(world.session, role=Role.ADMIN)
    headers = world.headers(user)
    ended = {"revoked_at": datetime.now(UTC), "revoked_because": "logout"}
    world.session.execute(update(AuthSession).where(AuthSession.user_id == user.id).values(**ended))
    world.session.commit()
    return headers


def _expired(world: World) -> Headers:
    user = factories.make_user(world.session, role=Role.ADMIN)
    opened = world.add(AuthSession(user_id=user.id))
    claims: dict[str, Any] = {"sid": opened.id, "role": Role.ADMIN, "exp": int(time.time()) - 60}
    made = create_access_token(str(user.id), additional_claims=claims, expires_delta=timedelta(seconds=-60))
    return {"Authorization": f"Bearer {made}"}


def _refreshing(world: World) -> Headers:
    form = {"email": "renewing@example.com", "password": factories.PASSWORD}
    factories.make_user(world.session, role=Role.ADMIN, **form)
    token = world.app.test_client().post("/api/v1/auth/login", json=form).json["data"]["refresh_token"]
    return {"Authorization": f"Bearer {token}"}


def _pending(world: World) -> Headers:
    return world.headers(factories.make_user(world.session, role_pending=True))
