"""The world that is knocked at: one person of each role at home, strangers elsewhere, and two branches and shops."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.domain.enums import Role
from app.models import Inventory, Product, Shop, StockLocation, User
from tests import factories
from tests.devices import Talker, make_talker
from tests.market import fill_wallet
from tests.vending import BUSINESS

NOBODY_THERE = 10**9
"""An id that no row has."""

NEWCOMER = {"flat_number": "B-204"}
NEXT_MONTH = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
HOLIDAY = {"day": NEXT_MONTH}
BANK = {"bank_name": "State Bank", "account_number": "000123456789", "ifsc_code": "SBIN0001234"}

Headers = dict[str, str]


@dataclass
class World:
    """Who and what is there. `people` are visitors by role: the EMPLOYEE works at `home`, the VENDOR owns `shop`."""

    app: Flask
    session: Session
    home: StockLocation
    elsewhere: StockLocation
    store: StockLocation
    people: dict[Role, User]
    strangers: dict[Role, User]
    shop: Shop
    other_shop: Shop
    goods: list[Product]
    items: list[Product]
    other_items: list[Product]
    talker: Talker
    rows: dict[str, "Rows"] = field(default_factory=dict)

    def headers(self, user: User) -> Headers:
        return factories.sign_in(self.session, user)

    def call(self, user: User, method: str, path: str, json: Any = None, key: str = "") -> Any:
        """What the application answers to somebody, under `data`; it has to be a success."""
        headers = self.headers(user) | ({"Idempotency-Key": key} if key else {})
        answer = self.app.test_client().open(f"/api/v1{path}", method=method, json=json, headers=headers)
        assert answer.status_code < 300, (path, answer.json)
        return answer.json["data"]

    def add(self, row: Any) -> Any:
        self.session.add(row)
        self.session.commit()
        return row

    def own(self, noun: str, role: Role | None) -> Any:
        """What a role calls its own of a noun; of one that the role has nothing of, what somebody else does."""
        found = self.rows[noun].own
        return found[role] if role in found else next(iter(found.values()))


@dataclass(frozen=True)
class Rows:
    """The values of one noun: by role what is its own, what is somebody else's (in whose words), and what is gone."""

    own: dict[Role, Any]
    foreign: dict[Role, dict[str, Any]] = field(default_factory=dict)
    missing: Any = NOBODY_THERE

    def strange(self, role: Role) -> dict[str, Any]:
        """Everything a role must be told of as if it were not there."""
        return self.foreign.get(role, {})


Maker = Callable[[World], Rows]
NOUNS: dict[str, Maker] = {}


def noun(name: str) -> Callable[[Maker], Maker]:
    """Register what makes the rows of a noun."""

    def register(make: Maker) -> Maker:
        assert name not in NOUNS, f"the noun {name!r} has two makers"
        NOUNS[name] = make
        return make

    return register


def of_users(
    world: World,
    make: Callable[[User], Any],
    *roles: Role,
    end: Callable[[Any], object] | None = None,
    missing: Any = NOBODY_THERE,
) -> Rows:
    """One for each role (all unless given), one of a stranger; `end` deletes one, if such a thing can be deleted."""
    wanted = roles or tuple(Role)
    own = {role: make(world.people[role]) for role in wanted}
    stranger = make(world.strangers[Role.CUSTOMER])
    foreign: dict[Role, dict[str, Any]] = {}
    for role in wanted:
        foreign[role] = {"another user's": stranger}
        if end is not None:
            gone = make(world.people[role])
            end(gone)
            foreign[role]["deleted"] = gone
    return Rows(own, foreign, missing)


STAFF = (Role.EMPLOYEE, Role.MANAGER, Role.ADMIN)


def of_branches(world: World, make: Callable[[StockLocation], Any], *, missing: Any = NOBODY_THERE) -> Rows:
    """One of the branch at home, which is everybody's of the staff, and one of another, which an EMPLOYEE has no eyes
    for."""
    mine, theirs = make(world.home), make(world.elsewhere)
    return Rows(dict.fromkeys(STAFF, mine), {Role.EMPLOYEE: {"another branch's": theirs}}, missing)


def of_shops(
    world: World,
    make: Callable[[Shop], Any],
    *,
    end: Callable[[Any], object] | None = None,
    missing: Any = NOBODY_THERE,
) -> Rows:
    """One of the VENDOR's shop and one of another."""
    foreign = {"another shop's": make(world.other_shop)}
    if end is not None:
        foreign["deleted"] = make(world.shop)
        end(foreign["deleted"])
    return Rows({Role.VENDOR: make(world.shop)}, {Role.VENDOR: foreign}, missing)


def of_all(own: Any, *, missing: Any = NOBODY_THERE, **gone: Any) -> Rows:
    """The same for every role; `gone` is what nobody may find any more, by why (a word)."""
    return Rows(dict.fromkeys(Role, own), {role: dict(gone) for role in Role} if gone else {}, missing)


def open_world(app: Flask, session: Session) -> World:
    """Everybody and everything, committed. Inside an application context."""
    home, elsewhere = factories.make_warehouse(session), factories.make_location(session)
    store = factories.make_location(session)
    people, strangers = _people(session, home), _people(session, elsewhere)
    shop, other_shop = (factories.make_shop(session, some[Role.VENDOR], delivers=True) for some in (people, strangers))
    goods = [
        factories.make_product(session, stock={home: 500, elsewhere: 500, store: 500}, weight_grams=500)
        for _ in range(4)
    ]
    items, other_items = ([factories.make_item(session, one) for _ in range(3)] for one in (shop, other_shop))
    for somebody in (people[Role.CUSTOMER], strangers[Role.CUSTOMER]):
        fill_wallet(session, somebody, "5000.00")
    talker = make_talker(session, app.test_client(), factories.make_trolley(session, home))
    world = World(
        app, session, home, elsewhere, store, people, strangers, shop, other_shop, goods, items, other_items, talker
    )
    _settle_in(world)
    for name, make in NOUNS.items():
        world.rows[name] = make(world)
    return world


def _settle_in(world: World) -> None:
    """Stock for orders that are written as they are, and profiles for those who have one each."""
    world.session.execute(update(Inventory).values(reserved_quantity=100))
    world.session.commit()
    for some in (world.people, world.strangers):
        world.call(some[Role.CUSTOMER], "POST", "/consumer/onboarding", NEWCOMER)
        world.call(some[Role.VENDOR], "POST", "/vendor/profile", BUSINESS)
        world.call(some[Role.VENDOR], "POST", "/vendor/payout/setup", BANK)
        world.call(some[Role.VENDOR], "POST", "/vendor/shop/holidays", HOLIDAY)


def _people(session: Session, branch: StockLocation) -> dict[Role, User]:
    """One of each role, the EMPLOYEE of the branch."""
    return {
        Role.CUSTOMER: factories.make_consumer(session),
        Role.VENDOR: factories.make_vendor(session),
        Role.EMPLOYEE: factories.make_employee(session, branch),
        Role.MANAGER: factories.make_user(session, role=Role.MANAGER),
        Role.ADMIN: factories.make_user(session, role=Role.ADMIN),
    }
