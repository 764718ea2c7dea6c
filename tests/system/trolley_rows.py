"""A branch with trolleys in every state, for the operations that schemathesis tries one after the other."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from schemathesis import Case
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.devices.codes import bearer_token, token_digest
from app.domain.enums import AssistReason, DeviceStatus, IncidentKind, TrolleyState
from app.domain.store_map.layout import to_document
from app.extensions import db
from app.models import (
    BeaconPlace,
    Device,
    Firmware,
    FoodType,
    PendingPairing,
    Product,
    ProductPlace,
    Recipe,
    StockLocation,
    Trolley,
    TrolleyAssist,
    TrolleyIncident,
    User,
)
from app.services.seed.floors import PLAN
from tests import factories
from tests.scanning import with_barcode

SECTIONS = re.compile("^(Smart carts|Store maps|Devices|Staff: trolleys|Admin: (trolleys|store maps|recipes))")
FEW, MANY = 4, 24
"""So many rows are there of a kind that is only looked at, and of one that an operation uses up."""

V1 = "/api/v1"
REVIEWED = {("DELETE", f"{V1}/carts/{{cart_id}}/review")}
PAID = {("GET", f"{V1}/carts/{{cart_id}}/exit-token"), ("POST", f"{V1}/ops/trolleys/exit")}
WITHOUT = {("POST", f"{V1}/carts/pair"), ("POST", f"{V1}/cart/connect"), ("POST", f"{V1}/device/pair")}
OF_WALKS = tuple(
    f"{V1}/{part}" for part in ("cart", "orders/", "device/", "branches/", "user/", "pos/", "ops/trolleys/")
)
"""How the operations begin that a shopper with a trolley is needed for."""
FIRMWARE = "1.5.0"
SHELVES = ((2, 3), (2, 4), (3, 5))
"""Cells of racks in the demo stores' plan, as column and row."""

Rows = dict[str, list[Any]]
Headers = dict[str, str]


@dataclass
class Fleet:
    """One branch of the demo shop, its shopper and the trolley that is always theirs; ids by kind in `rows`."""

    app: Flask
    branch: StockLocation
    shopper: User
    admin: User
    goods: Sequence[Product]
    barcodes: Sequence[str]
    trolley: Trolley
    free: Sequence[Trolley]
    tokens: dict[int, str]
    rows: Rows
    turns: Counter[str] = field(default_factory=Counter)

    def next(self, kind: str) -> Any:
        self.turns[kind] += 1
        return self.rows[kind][self.turns[kind] % len(self.rows[kind])]

    def call(self, method: str, path: str, headers: Headers, json: Any = None) -> TestResponse:
        return self.app.test_client().open(f"{V1}{path}", method=method, headers=headers, json=json)

    def told(self, method: str, path: str, name: str, *, of: User | None = None, json: Any = None) -> Any:
        """What the answer to the shopper, or somebody else, says under a name; a text that is none where it refuses."""
        with self.app.app_context(), Session(db.engine) as session:
            headers = factories.sign_in(session, of or self.shopper)
        return self.call(method, path, headers, json).json.get("data", {}).get(name, "none")

    @property
    def cart_id(self) -> int:
        """The basket of the walk that was prepared last."""
        found: int = self.rows["cart_id"][0]
        return found

    def bearer(self, trolley: Trolley) -> Headers:
        """What lets the device of a trolley in."""
        return {"Authorization": f"Bearer {self.tokens[trolley.id]}"}


def open_fleet(app: Flask, session: Session, shopper: User, admin: User, branch: StockLocation) -> Fleet:
    goods = [factories.make_product(session, stock={branch: 10_000}, weight_grams=500) for _ in SHELVES]
    for product, (x, y) in zip(goods, SHELVES, strict=True):
        session.add(ProductPlace(stock_location_id=branch.id, product_id=product.id, floor=0, x=x, y=y))
    barcodes = [with_barcode(session, product) for product in goods]
    session.add(BeaconPlace(stock_location_id=branch.id, beacon_id="b17f", floor=0, x_cm=100, y_cm=100))
    tokens: dict[int, str] = {}
    trolley, *free = [_trolley(session, branch, tokens) for _ in range(1 + FEW)]
    rows: Rows = {"cart_id": [0], "branch_id": [branch.id], "product_id": [product.id for product in goods]}
    rows |= {"barcode": barcodes, "trolley": [trolley.id for trolley in free]}
    rows |= _devices(session, branch) | _calls(session, branch, trolley) | _books(session, goods)
    return Fleet(app, branch, shopper, admin, goods, barcodes, trolley, free, tokens, rows)


def _trolley(session: Session, branch: StockLocation, tokens: dict[int, str]) -> Trolley:
    """A trolley whose device needs no signatures and was heard of."""
    trolley = factories.make_trolley(session, branch)
    device = factories.make_device(session, trolley, hardware="esp32s3", battery_percent=87)
    tokens[trolley.id] = bearer_token(device.device_id, hashlib.sha256(device.device_id.encode()).digest())
    device.bearer_hash = token_digest(tokens[trolley.id])
    device.floor, device.x_cm, device.y_cm, device.located_at = 0, 75, 75, device.claimed_at
    session.commit()
    return trolley


def _devices(session: Session, branch: StockLocation) -> Rows:
    """Devices for the office: in every state, and as many more that are well; trolleys in maintenance; firmware."""
    states = [*DeviceStatus, *[DeviceStatus.ACTIVE] * MANY]
    trolleys = [factories.make_trolley(session, branch, state=TrolleyState.MAINTENANCE) for _ in states]
    made = [
        factories.make_device(session, trolley, status=state) for trolley, state in zip(trolleys, states, strict=True)
    ]
    images = [
        Firmware(hardware="esp32s3", version=version, sha256="0" * 64, signature="A" * 88, content=b"image")
        for version in (FIRMWARE, "1.6.0")
    ]
    session.add_all(images)
    session.commit()
    return {
        "device_id": [device.device_id for device in made],
        "trolley_id": [trolley.id for trolley in trolleys],
        "firmware_id": [image.id for image in images],
        "version": [FIRMWARE],
    }


def _calls(session: Session, branch: StockLocation, trolley: Trolley) -> Rows:
    """Calls for the staff and incidents, each open."""
    where = {"stock_location_id": branch.id}
    assists = [
        TrolleyAssist(trolley_id=trolley.id, reason=reason, **where)
        for reason in [*AssistReason] * (MANY // len(AssistReason))
    ]
    incidents = [
        TrolleyIncident(kind=kind, details={"gross": 1}, **where)
        for kind in [*IncidentKind] * (MANY // len(IncidentKind))
    ]
    session.add_all([*assists, *incidents])
    session.commit()
    return {"assist_id": [row.id for row in assists], "incident_id": [row.id for row in incidents]}


def _books(session: Session, goods: Sequence[Product]) -> Rows:
    for _ in range(MANY):
        factories.make_recipe(session, *goods)
    return {
        "recipe_id": list(session.scalars(select(Recipe.id).order_by(Recipe.id.desc()))),
        "food_type_id": list(session.scalars(select(FoodType.id).order_by(FoodType.id))),
    }


def prepare(fleet: Fleet, method: str, path: str) -> None:
    """Before a request the shopper walks with two pieces in the trolley, or is where the operation wants them."""
    if path.endswith("/layout/publish"):
        layout = f"/admin/branches/{fleet.branch.id}/layout"
        fleet.told("PUT", layout, "checksum", of=fleet.admin, json=to_document(PLAN))
    if not path.startswith(OF_WALKS):
        return
    with fleet.app.app_context(), Session(db.engine, expire_on_commit=False) as session:
        _send_home(session, fleet)
        if (method, path) in WITHOUT:
            return
        trolley = session.get_one(Trolley, fleet.trolley.id)
        opened = factories.make_cart_session(session, trolley, fleet.shopper)
        headers = factories.sign_in(session, fleet.shopper)
        fleet.rows["cart_id"] = [opened.cart_id]
    for product in fleet.goods[:2]:
        fleet.call("POST", "/cart/item/add", headers, {"product_id": product.id})
    fleet.call("POST", "/user/checklist/add", headers, {"product_id": fleet.goods[0].id, "quantity": 1})
    if (method, path) in REVIEWED:
        fleet.call("POST", f"/carts/{opened.cart_id}/review", headers)
    elif (method, path) in PAID:
        form = {"cart_id": opened.cart_id, "payment_token_id": 1}
        key = {"Idempotency-Key": f"fleet-{opened.id}"}
        fleet.call("POST", "/checkout/confirm", headers | key, form)


def _send_home(session: Session, fleet: Fleet) -> None:
    """End whatever walk there is, without a word of what was in the trolley."""
    mine = [fleet.trolley.id, *(trolley.id for trolley in fleet.free)]
    session.execute(text("UPDATE cart_sessions SET closed_at = now(), outcome = 'left' WHERE closed_at IS NULL"))
    session.execute(text("UPDATE reservations SET state = 'RELEASED' WHERE state = 'ACTIVE'"))
    session.execute(text("UPDATE carts SET status = 'ABANDONED' WHERE channel = 'IN_STORE' AND status = 'ACTIVE'"))
    session.execute(update(Trolley).where(Trolley.id.in_(mine)).values(state=TrolleyState.IDLE))
    heard = {"status": DeviceStatus.ACTIVE, "battery_percent": 87}
    session.execute(update(Device).where(Device.trolley_id.in_(mine)).values(**heard))
    session.execute(delete(PendingPairing))
    session.commit()


def ask_for_what_is_there(case: Case, fleet: Fleet) -> None:
    """Let a request name rows that are there, and a device say something that makes sense, now and then."""
    path = case.operation.path
    for name in case.path_parameters:
        case.path_parameters[name] = _there(name, path, fleet)
    if "branch_id" in case.query:
        case.query["branch_id"] = fleet.branch.id
    for name in {"product_ids", "items"} & case.query.keys():
        case.query[name] = ",".join(str(product.id) for product in fleet.goods)
    if path.startswith(f"{V1}/device/") and case.method == "POST":
        case.body = _said(path, case.body, fleet)
    else:
        _put_there(case.body, path, fleet)


def _put_there(body: Any, path: str, fleet: Fleet) -> None:
    """Ids and codes in bodies are of what is there, wherever they stand."""
    for name, value in list(body.items()) if isinstance(body, dict) else enumerate(body) if _is_list(body) else ():
        if isinstance(value, (dict, list)):
            _put_there(value, path, fleet)
        elif name in _NAMED and value is not None:
            body[name] = _there(name, path, fleet)


def _is_list(body: Any) -> bool:
    return isinstance(body, list)


_NAMED = {"product_id", "branch_id", "cart_id", "trolley", "code", "token", "device_id", "food_type_id", "barcode"}


def _there(name: str, path: str, fleet: Fleet) -> Any:
    """A value for a name in an address or a body."""
    if name == "code":
        return _code(path, fleet)
    if name == "token":
        return fleet.told("GET", f"/carts/{fleet.cart_id}/exit-token", "exit_token")
    if name == "device_id" and path == f"{V1}/ops/trolleys/exit":
        return fleet.tokens[fleet.trolley.id].split("_")[1]
    if name == "cart_id" and "/esp32/" in path:
        return fleet.trolley.id
    return fleet.next("trolley" if (name, path) == ("cart_id", f"{V1}/cart/connect") else name)


def _code(path: str, fleet: Fleet) -> Any:
    """A bar code of goods, the digits for a till, or what the display of a free trolley shows."""
    if "/item/" in path:
        return fleet.next("barcode")
    if "/handoff/" in path:
        return fleet.told("GET", f"/carts/{fleet.cart_id}/handoff", "code")
    return fleet.call("POST", "/device/pair", fleet.bearer(fleet.free[0]), {}).json["c"]


def caller_of(path: str, fleet: Fleet) -> Headers:
    """Whose device asks: that of the shopper's trolley, or one that nobody has."""
    return fleet.bearer(fleet.free[0] if path.endswith("/pair") else fleet.trolley)


def _said(path: str, made_up: Any, fleet: Fleet) -> Any:
    """What was made up, something right, and something right with one part of it made up, in turns."""
    fleet.turns[path] += 1
    turn = fleet.turns[path]
    if turn % 3 == 0:
        return made_up
    right = _right(path, turn, fleet)
    return right if turn % 3 == 1 else _spoilt(right, made_up, turn)


def _spoilt(right: Any, made_up: Any, turn: int) -> Any:
    """One part replaced, another one each turn and now and then deep inside."""
    if not isinstance(right, (dict, list)) or not right:
        return made_up
    parts = list(right) if isinstance(right, dict) else list(range(len(right)))
    part = parts[turn // 3 % len(parts)]
    right[part] = _spoilt(right[part], made_up, turn // 3)
    return right


def _right(path: str, turn: int, fleet: Fleet) -> Any:
    """What a device of that trolley might well say."""
    if path.endswith("/claim"):
        device_id = fleet.next("device_id")
        code = fleet.told("POST", f"/admin/devices/{device_id}/claim-code", "claim_code", of=fleet.admin)
        return {"code": code, "sn": "24:6F:28:AE:52:7C", "hw": "esp32s3", "fw": "1.4.2"}
    if path.endswith("/hb"):
        beat = {"fw": "1.4.2", "b": 87, "hw": "esp32s3", "mv": 3912, "ch": 0, "rs": -61, "up": 8123, "hp": 142000}
        return beat | {"g": 5231, "x": 1250, "y": 430, "fl": 0, "bc": [["b17f", -62]]}
    if path.endswith("/pair"):
        token = fleet.told("GET", "/carts/my-qr", "token")
        return [{}, {"tok": token}, {"ph": "+919812345670"}, {"ph": "+919812345670", "otp": "123456"}][turn // 3 % 4]
    with fleet.app.app_context(), Session(db.engine) as session:
        last = session.scalars(select(Device.last_seq).where(Device.trolley_id == fleet.trolley.id)).one()
    kinds = "aarwhpxfd"
    events = [[last + 1 + n, kinds[(turn + n) % len(kinds)], fleet.barcodes[0], 500, 0] for n in range(1 + turn % 3)]
    return {"ev": events} | ({"lo": last + 1} if turn % 2 else {})
