"""A trolley's device for tests: it signs its requests as SC1 has it, or wrongly where a test wants that."""

import json
import time
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.config import device_master_keys, settings
from app.domain.devices.keys import device_key, rotated_key
from app.domain.devices.signing import Request, SignedHeader, shown_header, signature
from app.models import Device, StockLocation, Trolley
from tests import factories

BASE = "/api/v1/device"


@dataclass
class Talker:
    """A device with its key and counters. `skew` seconds its clock is wrong; `token` lets it in without signatures."""

    client: FlaskClient
    device_id: str
    key: bytes
    kid: int = 1
    boot: int = 1
    n: int = 0
    skew: int = 0
    token: str | None = None

    def post(self, path: str, body: Any, **how: Any) -> TestResponse:
        """Send JSON, or bytes as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
        return self.send("POST", path, content, **how)

    def get(self, path: str, **how: Any) -> TestResponse:
        return self.send("GET", path, b"", **how)

    def beat(self, **fields: Any) -> TestResponse:
        """A heartbeat, by default of a healthy device."""
        return self.post("/hb", {"fw": "1.4.2", "b": 87, **fields})

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> TestResponse:
        self.n += 1
        authorization = f"Bearer {self.token}" if self.token else self.signed(method, path, body)
        return self.send_as(authorization, method, path, body, **headers)

    def send_as(self, authorization: str, method: str, path: str, body: bytes = b"", **headers: str) -> TestResponse:
        """A request with any header, such as one that was recorded."""
        sent = {"Authorization": authorization, **headers}
        return self.client.open(BASE + path, method=method, data=body, headers=sent)

    def signed(self, method: str, path: str, body: bytes = b"") -> str:
        """The header for the present counters."""
        unsigned = SignedHeader(self.device_id, self.kid, int(time.time()) + self.skew, self.boot, self.n, "0" * 64)
        sig = signature(self.key, Request(method, BASE + path, body), unsigned)
        return shown_header(SignedHeader(*(getattr(unsigned, name) for name in unsigned.__slots__[:-1]), sig))

    def rotate(self, kid: int, nonce: str) -> None:
        """Do as the notice `rot` says."""
        self.key, self.kid = rotated_key(self.key, self.device_id, kid, nonce), kid


def make_talker(session: Session, client: FlaskClient, trolley: Trolley | None = None, **columns: Any) -> Talker:
    """A claimed device on a trolley, ready to speak. Inside an application context."""
    trolley = trolley or factories.make_trolley(session, factories.make_location(session))
    device = factories.make_device(session, trolley, **columns)
    return Talker(client, device.device_id, device_key(device_master_keys(settings())[0], device.device_id, 1))


def row_of(session: Session, talker: Talker) -> Device:
    """The device's row as the database has it now."""
    statement = select(Device).where(Device.device_id == talker.device_id)
    return session.execute(statement.execution_options(populate_existing=True)).scalar_one()


def branch_of(session: Session, talker: Talker) -> StockLocation:
    return session.get_one(StockLocation, row_of(session, talker).stock_location_id)


def refusal_of(answer: TestResponse) -> tuple[int, str]:
    """Status and code of a lean error, which must be small and complete."""
    assert len(answer.data) <= 64, answer.data
    body = answer.json
    assert body["v"] == 1
    assert abs(body["t"] - time.time()) < 5
    return answer.status_code, body["e"]
