"""A small server that speaks SC1 from memory, for the tests of the client: what the contract says and nothing more.

`World` is its database: it outlives a restart of the server.
"""

import json
import re
import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from app.domain.devices import answers, bodies, codes, events, keys, lifecycle, signing, wire
from app.domain.devices.notices import Notice, first_notices, rotation
from app.domain.devices.words import HTTP_STATUS, EventKind, RefusalCode, ResultCode
from app.domain.enums import DeviceStatus, TrolleyState

MASTER = b"m" * 32
DEVICE = "/api/v1/device"
SHOP = "/api/v1"
PAIR_SECONDS = 120

Answer = tuple[int, bytes]


class Refused(Exception):
    def __init__(self, code: RefusalCode, **numbers: int) -> None:
        super().__init__(code)
        self.code = code
        self.numbers = numbers


@dataclass
class Product:
    name: str
    price: int
    grams: int


@dataclass
class Session:
    number: int
    opened: int
    lines: Counter[str] = field(default_factory=Counter)
    state: TrolleyState = TrolleyState.SHOPPING
    closed: bool = False


@dataclass
class Device:
    device_id: str
    kid: int = 0
    nonces: list[str] = field(default_factory=list)
    previous: int | None = None
    status: DeviceStatus = DeviceStatus.ACTIVE
    last_boot: int = 0
    last_n: int = 0
    last_ts: int = 0
    last_seq: int = 0
    state: TrolleyState = TrolleyState.IDLE
    session: Session | None = None
    taken: dict[int, tuple[str, answers.Result]] = field(default_factory=dict)
    holes: list[tuple[int, int]] = field(default_factory=list)
    incidents: list[str] = field(default_factory=list)
    heartbeats: list[bodies.Heartbeat] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def key(self, kid: int) -> bytes:
        return keys.current_key(MASTER, self.device_id, 1, self.nonces[: kid - 1])

    def known(self) -> signing.KnownDevice:
        kids = keys.accepted_kids(self.kid, self.previous, None, _NO_DATE) if self.kid else ()
        held = {kid: self.key(kid) for kid in kids}
        return signing.KnownDevice(self.status, held, self.last_boot, self.last_n, self.last_ts)


_NO_DATE: Any = None


class World:
    """Devices, shoppers, sessions, products."""

    def __init__(self, products: dict[str, Product]) -> None:
        self.lock = threading.Lock()
        self.products = products
        self.devices: dict[str, Device] = {}
        self.claims: dict[str, str] = {}
        self.used_claims: set[str] = set()
        self.pairing: dict[str, Device] = {}
        self.shoppers: dict[str, Device | None] = {}
        self.sessions: list[Session] = []
        self.largest_answer = 0

    def add_device(self) -> tuple[str, str]:
        """A device id and the claim code for it."""
        device_id, code = secrets.token_hex(4), codes.crockford(secrets.randbits(40), codes.CLAIM_LENGTH)
        self.devices[device_id] = Device(device_id)
        self.claims[code] = device_id
        return device_id, code

    def add_shopper(self) -> str:
        """The shopper's token."""
        token = secrets.token_hex(8)
        self.shoppers[token] = None
        return token

    def rotate(self, device_id: str) -> None:
        """Ask a device for a new key."""
        device = self.devices[device_id]
        nonce = secrets.token_hex(16)
        device.nonces.append(nonce)
        device.previous, device.kid = device.kid, device.kid + 1
        device.notices.append(rotation(device.kid, nonce))

    def lines(self, session: int) -> dict[str, int]:
        """What is in a session's cart: units by code."""
        return dict(+self.sessions[session - 1].lines)

    def handle(self, method: str, path: str, authorization: str | None, body: bytes) -> Answer:
        """Status and body for one request, all of its effects in one go."""
        with self.lock:
            if path.startswith(DEVICE):
                status, answer = self._device(method, path, authorization, body)
                self.largest_answer = max(self.largest_answer, len(answer))
                return status, answer
            return self._shopper(path, authorization, body)

    def _device(self, method: str, path: str, authorization: str | None, body: bytes) -> Answer:
        now = int(time.time())
        try:
            if path == DEVICE + "/claim":
                return 201, self._claim(now, body)
            device = self._entered(now, method, path, authorization, body)
            return 200, self._answered(now, device, path, body)
        except Refused as refused:
            return HTTP_STATUS[refused.code], answers.error_answer(now, refused.code, **refused.numbers)
        except wire.BadBody as bad:
            code = RefusalCode.BIG if isinstance(bad, wire.BigBody) else RefusalCode.BAD
            return HTTP_STATUS[code], answers.error_answer(now, code)

    def _claim(self, now: int, body: bytes) -> bytes:
        claim = bodies.parse_claim(body)
        if claim.code in self.used_claims:
            raise Refused(RefusalCode.USED)
        device = self.devices.get(self.claims.get(claim.code, ""))
        if device is None:
            raise Refused(RefusalCode.DEVICE)
        self.used_claims.add(claim.code)
        device.kid = 1
        return answers.claim_answer(now, device.device_id, 1, device.key(1))

    def _entered(self, now: int, method: str, path: str, authorization: str | None, body: bytes) -> Device:
        header = signing.parse_header(authorization)
        device = self.devices.get(header.device_id) if header else None
        request = signing.Request(method, path, body)
        known = device.known() if device else None
        refusal = signing.refusal(request, header, known, now)
        if refusal is RefusalCode.REPLAY and device and header and known:
            if signing.is_cloned(header, known):
                device.incidents.append("clone")
            raise Refused(refusal, b=device.last_boot, n=device.last_n)
        if refusal or device is None or header is None:
            raise Refused(refusal or RefusalCode.AUTH)
        device.last_boot, device.last_n, device.last_ts = header.boot, header.n, header.ts
        if header.kid == device.kid and device.previous:
            device.previous = None
            device.notices = [notice for notice in device.notices if notice[0] != "rot"]
        return device

    def _answered(self, now: int, device: Device, path: str, body: bytes) -> bytes:
        if path == DEVICE + "/ev":
            return self._events(now, device, events.parse_batch(body))
        if path == DEVICE + "/hb":
            device.heartbeats.append(bodies.parse_heartbeat(body))
            return answers.standing_answer(now, self._standing(device), self._notices(device))
        if path == DEVICE + "/pair":
            return self._pair_code(device, bodies.parse_pairing(body))
        item = re.fullmatch(DEVICE + r"/item/([0-9]+)", path)
        product = self.products.get(item[1]) if item else None
        if item is None or product is None:
            raise Refused(RefusalCode.DEVICE)
        card = answers.ItemCard(item[1], product.name, product.price, product.price, product.grams)
        return answers.item_answer(card)

    def _events(self, now: int, device: Device, batch: events.Batch) -> bytes:
        missing = events.hole(batch, device.last_seq)
        if missing:
            device.holes.append(missing)
            device.last_seq = missing[1]
        results = [self._event(device, event) for event in batch.events]
        return answers.events_answer(now, self._standing(device), results, self._notices(device))

    def _event(self, device: Device, event: events.Event) -> answers.Result:
        sequel = events.sequel(event.s, device.last_seq)
        if sequel is events.Sequel.GAP:
            raise Refused(RefusalCode.GAP, a=device.last_seq)
        if sequel is events.Sequel.REPEAT:
            payload_hash, result = device.taken.get(event.s, ("", None))
            if result is None or payload_hash != event.payload_hash:
                device.incidents.append("clash")
                device.state = TrolleyState.MAINTENANCE
                raise Refused(RefusalCode.CLASH, a=device.last_seq)
            return result
        result = self._applied(device, event)
        device.taken[event.s] = (event.payload_hash, result)
        device.last_seq = event.s
        return result

    def _applied(self, device: Device, event: events.Event) -> answers.Result:
        session = device.session
        if session is None:
            return answers.Result(event.s, ResultCode.NO_SESSION)
        if 0 < event.time < session.opened:
            device.incidents.append("late")
            return answers.Result(event.s, ResultCode.LATE)
        if event.kind is EventKind.FINISH:
            device.state = TrolleyState.REVIEW
        if event.kind not in {EventKind.ADD, EventKind.REMOVE}:
            return answers.Result(event.s, ResultCode.OK)
        if device.state not in lifecycle.CART_OPEN:
            return answers.Result(event.s, ResultCode.LOCKED)
        return self._changed(session, event)

    def _changed(self, session: Session, event: events.Event) -> answers.Result:
        product = self.products.get(event.code)
        if product is None:
            return answers.Result(event.s, ResultCode.UNKNOWN_PRODUCT)
        if event.kind is EventKind.REMOVE and not session.lines[event.code]:
            return answers.Result(event.s, ResultCode.NOT_IN_CART)
        adds = event.kind is EventKind.ADD
        session.lines[event.code] += 1 if adds else -1
        code = ResultCode.OK if adds else ResultCode.REMOVED
        return answers.Result(event.s, code, session.lines[event.code], product.price)

    def _standing(self, device: Device) -> answers.Standing:
        session = device.session
        if session is None:
            return answers.Standing(device.last_seq, state=device.state)
        sums = [(units, self.products[code]) for code, units in session.lines.items()]
        return answers.Standing(
            device.last_seq,
            session.number,
            device.state,
            session.lines.total(),
            sum(units * product.grams for units, product in sums),
            sum(units * product.price for units, product in sums),
        )

    def _notices(self, device: Device) -> tuple[Notice, ...]:
        """Two at a time; a key's notice stays until the device uses the key."""
        now, later = first_notices(device.notices)
        device.notices = [notice for notice in now if notice[0] == "rot"] + list(later)
        return now

    def _pair_code(self, device: Device, asked: bodies.PairRequest) -> bytes:
        if asked.token or asked.phone:
            raise wire.BadBody("only codes here")
        self.pairing = {code: other for code, other in self.pairing.items() if other is not device}
        code = codes.crockford(secrets.randbits(30), codes.PAIR_LENGTH)
        self.pairing[code] = device
        return answers.pair_answer(code, PAIR_SECONDS, f"https://shop.example/p/{code}")

    def _shopper(self, path: str, authorization: str | None, body: bytes) -> Answer:
        token = (authorization or "").removeprefix("Bearer ")
        if token not in self.shoppers:
            return 401, b"{}"
        if path == SHOP + "/carts/pair":
            return self._pair(token, json.loads(body)["code"])
        if path == SHOP + "/cart/disconnect":
            return self._leave(token)
        return 404, b"{}"

    def _pair(self, token: str, typed: str) -> Answer:
        device = self.pairing.pop(codes.typed_code(typed, codes.PAIR_LENGTH) or "", None)
        if device is None or device.session or self.shoppers[token]:
            return 409, b"{}"
        device.session = Session(len(self.sessions) + 1, int(time.time()))
        device.state = TrolleyState.SHOPPING
        self.sessions.append(device.session)
        self.shoppers[token] = device
        cart = {"cart_id": device.session.number, "session_id": device.session.number, "state": 1}
        return 200, json.dumps({"data": cart}).encode()

    def _leave(self, token: str) -> Answer:
        device = self.shoppers[token]
        if device and device.session:
            device.session.closed = True
            device.session, device.state = None, TrolleyState.IDLE
        self.shoppers[token] = None
        return 200, b'{"data":{}}'
