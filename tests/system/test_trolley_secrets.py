"""What lets a trolley's device, its shopper or a till in is told once: no log, no error and no row holds it."""

import io
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.config import device_master_keys, settings
from app.domain.enums import Role
from app.models import Base
from tests import factories
from tests.devices import BASE, Talker
from tests.trolleys import DEMO_CARD

V1 = "/api/v1"
ADMIN = f"{V1}/admin/devices"
SERIAL = "24:6F:28:AE:52:7C"
TELLS = {"claim_code", "key", "token", "c", "code", "exit_token"}
"""The names under which an answer tells a secret, to the one it is for."""


@dataclass
class Walk:
    """Everything that is done with secrets, whoever does it; `answers` are those that tell none."""

    client: FlaskClient
    admin: dict[str, str]
    shopper: dict[str, str]
    secrets: list[str] = field(default_factory=list)
    answers: list[TestResponse] = field(default_factory=list)

    def told(self, answer: TestResponse, name: str) -> str:
        """The secret that this answer is there to tell."""
        assert answer.status_code in (200, 201), answer.json
        assert name in TELLS
        body = answer.json
        secret = str(body.get("data", body)[name])
        self.secrets.append(secret)
        return secret

    def say(self, method: str, path: str, headers: dict[str, str] | None = None, **kwargs: Any) -> TestResponse:
        """A request whose answer must tell nothing."""
        answer = self.client.open(V1 + path, method=method, headers=headers, **kwargs)
        self.answers.append(answer)
        return answer

    def shop(self, method: str, path: str, **kwargs: Any) -> TestResponse:
        return self.client.open(V1 + path, method=method, headers=self.shopper, **kwargs)


@pytest.fixture
def walk(client: FlaskClient, session: Session) -> Walk:
    people = [factories.make_user(session, role=role) for role in (Role.ADMIN, Role.CUSTOMER)]
    made = Walk(client, *(factories.sign_in(session, person) for person in people))
    made.secrets += [key.hex() for key in device_master_keys(settings())]
    branch = factories.make_location(session)
    talker = claim(made, branch.id)
    rotate(made, talker)
    let_in_by_token(made, talker)
    factories.make_product(session, stock={branch: 10})
    pair(made, talker)
    leave_by_the_till(made, factories.make_product(session, stock={branch: 10}).id)
    pair(made, talker)
    leave_by_the_exit(made, factories.make_product(session, stock={branch: 10}).id)
    made.say("GET", "/admin/audit", made.admin)
    made.say("GET", "/ops/trolleys", made.admin)
    return made


def claim(walk: Walk, branch_id: int) -> Talker:
    """A device gets its key; mistyped, sent again and sent elsewhere."""
    form = {"serial": SERIAL, "branch_id": branch_id, "cart_label": "A-1"}
    made = walk.client.post(ADMIN, json=form, headers=walk.admin)
    code = walk.told(made, "claim_code")
    device = {"sn": SERIAL, "hw": "esp32s3", "fw": "1.4.2"}
    walk.say("POST", "/device/claim", data=json.dumps({**device, "code": code, "more": code}))
    walk.say("POST", f"/device/claim?code={code}", data=json.dumps({**device, "code": [code]}))
    key = walk.client.post(f"{BASE}/claim", data=json.dumps({**device, "code": code}))
    walk.told(key, "key")
    walk.say("POST", "/device/claim", data=json.dumps({**device, "code": code}))
    walk.say("POST", "/admin/devices", walk.admin, json={**form, "cart_label": code})
    return Talker(walk.client, key.json["id"], bytes.fromhex(key.json["key"]), kid=key.json["k"])


def rotate(walk: Walk, talker: Talker) -> None:
    """A request, one that is recorded and sent again, wrong ones, and the next key."""
    recorded = talker.signed("POST", "/hb", b"{}")
    walk.answers.append(talker.beat(er="last error"))
    walk.answers.append(talker.send_as(recorded, "POST", "/hb", b"{}"))
    walk.answers.append(talker.send_as(f"SC1 {talker.key.hex()}", "POST", "/hb", b"{}"))
    walk.answers.append(talker.get(f"/item/{talker.key.hex()[:14]}?key={talker.key.hex()}"))
    walk.say("POST", f"/admin/devices/{talker.device_id}/rotate", walk.admin)
    notice = next(notice for notice in talker.beat().json["n"] if notice[0] == "rot")
    talker.rotate(notice[1], notice[2])
    walk.secrets.append(talker.key.hex())
    walk.answers.append(talker.beat())


def let_in_by_token(walk: Walk, talker: Talker) -> None:
    """The token of a simple firmware, right and wrong and where it does not belong."""
    made = walk.client.post(f"{ADMIN}/{talker.device_id}/bearer", headers=walk.admin)
    token = walk.told(made, "token")
    by_token = Talker(walk.client, talker.device_id, b"", token=token)
    walk.answers.append(by_token.beat(er=token[:40]))
    walk.answers.append(by_token.send_as(f"Bearer {token}x", "POST", "/hb", b"{}"))
    walk.answers.append(by_token.get(f"/item/123?dvc={token}"))
    walk.say("GET", f"/device/fw/{token}", {"Authorization": f"Bearer {token}"})
    walk.say("GET", "/me", {"Authorization": f"Bearer {token}"})
    walk.say("GET", f"/admin/devices/{talker.device_id}", walk.admin)


def pair(walk: Walk, talker: Talker) -> None:
    """A code nobody used, a shopper's token that was not right at first, and a code that pairs."""
    token = walk.told(walk.shop("GET", "/carts/my-qr"), "token")
    walk.answers.append(talker.post("/pair", {"tok": [token]}))
    walk.answers.append(talker.post("/pair", {"tok": token, "otp": token}))
    code = walk.told(talker.post("/pair", {}), "c")
    walk.say("POST", "/carts/pair", walk.shopper, json={"code": [code]})
    walk.say("POST", f"/carts/pair?code={code}", walk.shopper, json={"code": code, "pair": code})
    walk.say("POST", "/carts/pair", walk.shopper, json={"code": code})
    walk.answers.append(talker.post("/pair", {"tok": token}))
    walk.say("GET", "/carts/current", walk.shopper)


def leave_by_the_till(walk: Walk, product_id: int) -> None:
    cart_id = put(walk, product_id)
    code = walk.told(walk.shop("GET", f"/carts/{cart_id}/handoff"), "code")
    for tried in (f"{code}0", f"{code}?code={code}", code):
        walk.say("POST", f"/pos/handoff/{tried}", walk.admin)
    walk.say("POST", f"/pos/handoff/{code}", walk.shopper)


def leave_by_the_exit(walk: Walk, product_id: int) -> None:
    cart_id = put(walk, product_id)
    form = {"cart_id": cart_id, "payment_token_id": DEMO_CARD}
    walk.say("POST", "/checkout/confirm", {**walk.shopper, "Idempotency-Key": "out"}, json=form)
    token = walk.told(walk.shop("GET", f"/carts/{cart_id}/exit-token"), "exit_token")
    for body in ({"token": [token]}, {"token": token, "device_id": "c0ffee01"}, {"token": token}, {"token": token}):
        walk.say("POST", "/ops/trolleys/exit", walk.admin, json=body)


def put(walk: Walk, product_id: int) -> int:
    """Something into the trolley; answers its cart."""
    walk.say("POST", "/cart/item/add", walk.shopper, json={"product_id": product_id})
    return int(walk.shop("GET", "/carts/current").json["data"]["cart_id"])


def test_no_log_line_and_no_other_answer_holds_what_lets_a_trolley_in_or_out(log: io.StringIO, walk: Walk) -> None:
    written = log.getvalue()

    assert "/api/v1/ops/trolleys/exit" in written
    assert {answer.status_code for answer in walk.answers} >= {200, 400, 401, 403, 404, 409, 410}
    assert len(set(walk.secrets)) >= 9
    assert [secret for secret in walk.secrets if secret in written] == []
    assert [
        (secret, answer.request.path, answer.text)
        for secret in walk.secrets
        for answer in walk.answers
        if secret in answer.text
    ] == []


def test_no_row_holds_what_lets_a_trolley_in_or_out(walk: Walk, session: Session) -> None:
    stored = {
        table.name: " ".join(str(row) for row in session.execute(select(table)))
        for table in Base.metadata.sorted_tables
    }

    assert SERIAL in stored["devices"]
    assert all(stored[name] for name in ("device_claims", "shopper_qrs", "handoff_codes", "pair_codes", "audit_events"))
    assert [(secret, name) for secret in walk.secrets for name, rows in stored.items() if secret in rows] == []
