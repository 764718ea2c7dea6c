"""Devices as admins make them and as they claim their keys."""

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.devices.keys import device_key
from app.domain.enums import DeviceStatus, Role
from app.models import AuditEvent, Device, DeviceClaim, Trolley
from tests import factories
from tests.conftest import rolled_back
from tests.devices import BASE, Talker, make_talker, refusal_of, row_of
from tests.limiting import limiting

ADMIN = "/api/v1/admin/devices"


@pytest.fixture
def admin(session: Session) -> dict[str, str]:
    return factories.sign_in(session, factories.make_user(session, role=Role.ADMIN))


@pytest.fixture
def made(session: Session, client: FlaskClient, admin: dict[str, str]) -> dict[str, Any]:
    """A new device and its claim code."""
    return make(session, client, admin)


def make(session: Session, client: FlaskClient, admin: dict[str, str], **body: Any) -> dict[str, Any]:
    form = {"serial": "24:6F:28:AE:52:7C", "cart_label": "A-17", **body}
    form.setdefault("branch_id", factories.make_location(session).id)
    answer = client.post(ADMIN, json=form, headers=admin)
    assert answer.status_code == 201, answer.json
    data: dict[str, Any] = answer.json["data"]
    return data


def claim(client: FlaskClient, good_code: str, **fields: Any) -> TestResponse:
    body = {"code": good_code, "sn": "24:6F:28:AE:52:7C", "hw": "esp32s3", "fw": "1.4.2", **fields}
    return client.post(f"{BASE}/claim", data=json.dumps(body))


def talker_of(client: FlaskClient, key: dict[str, Any]) -> Talker:
    return Talker(client, key["id"], bytes.fromhex(key["key"]), kid=key["k"])


def test_a_new_device_comes_with_its_trolley_and_a_code(session: Session, made: dict[str, Any]) -> None:
    trolley = session.get_one(Trolley, made["trolley"])

    assert len(made["device_id"]) == 8
    assert len(made["claim_code"]) == 8
    assert (trolley.label, trolley.stock_location_id, trolley.tare_grams) == ("A-17", made["branch_id"], 0)


def test_the_tare_is_kept_and_an_existing_trolley_is_taken(
    session: Session, client: FlaskClient, admin: dict[str, str]
) -> None:
    branch = factories.make_location(session)
    bare = factories.make_trolley(session, branch, label="B-1", tare_grams=9000)

    on_bare = make(session, client, admin, serial="one", branch_id=branch.id, cart_label="B-1")
    on_new = make(session, client, admin, serial="two", branch_id=branch.id, cart_label="B-2", tare_g=12_500)

    assert on_bare["trolley"] == bare.id
    assert session.get_one(Trolley, on_new["trolley"]).tare_grams == 12_500


def test_a_serial_and_a_trolley_belong_to_one_device(
    session: Session, client: FlaskClient, admin: dict[str, str], made: dict[str, Any]
) -> None:
    form = {"serial": "24:6F:28:AE:52:7C", "branch_id": made["branch_id"], "cart_label": "A-18"}

    same_serial = client.post(ADMIN, json=form, headers=admin)
    same_trolley = client.post(ADMIN, json={**form, "serial": "x", "cart_label": "A-17"}, headers=admin)
    no_branch = client.post(ADMIN, json={**form, "branch_id": 10**9}, headers=admin)

    assert (same_serial.status_code, same_serial.json["error"]["code"]) == (409, "DEVICE_EXISTS")
    assert (same_trolley.status_code, same_trolley.json["error"]["code"]) == (409, "TROLLEY_TAKEN")
    assert no_branch.status_code == 404


def test_only_an_admin_gets_to_see_codes_and_tokens(session: Session, client: FlaskClient) -> None:
    manager = factories.sign_in(session, factories.make_user(session, role=Role.MANAGER))
    calls = [("POST", ""), ("POST", "/1/claim-code"), ("POST", "/1/rotate"), ("POST", "/1/bearer")]

    answers = [client.open(ADMIN + path, method=method, headers=manager) for method, path in calls]

    assert [answer.status_code for answer in answers] == [403] * 4


def test_a_code_gets_a_key_that_opens_the_door(session: Session, client: FlaskClient, made: dict[str, Any]) -> None:
    answer = claim(client, made["claim_code"])

    talker = talker_of(client, answer.json)
    assert answer.status_code == 201, answer.data
    assert set(answer.json) == {"v", "id", "k", "key", "t"}
    assert (answer.json["id"], answer.json["k"], len(answer.json["key"])) == (made["device_id"], 1, 64)
    assert talker.beat().status_code == 200
    assert (row_of(session, talker).hardware, row_of(session, talker).firmware) == ("esp32s3", "1.4.2")


def test_devices_keep_their_keys_when_a_new_master_comes(
    session: Session,
    client: FlaskClient,
    admin: dict[str, str],
    made: dict[str, Any],
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def configure(*masters: str) -> None:
        settings = app.extensions["settings"].model_copy(update={"device_master_keys": masters})
        monkeypatch.setitem(app.extensions, "settings", settings)

    old_master, new_master = "11" * 32, "22" * 32
    configure(old_master)
    old = talker_of(client, claim(client, made["claim_code"]).json)
    configure(new_master, old_master)
    new = talker_of(client, claim(client, make(session, client, admin, serial="n", cart_label="N")["claim_code"]).json)

    answers = [old.beat().status_code, new.beat().status_code]

    assert answers == [200, 200]
    assert old.key == device_key(bytes.fromhex(old_master), old.device_id, 1)
    assert new.key == device_key(bytes.fromhex(new_master), new.device_id, 1)


def test_people_may_spell_a_code_as_they_like(client: FlaskClient, made: dict[str, Any]) -> None:
    code = made["claim_code"].lower()

    assert claim(client, f" {code[:4]}-{code[4:]}").status_code == 201


def test_a_code_is_good_once(client: FlaskClient, made: dict[str, Any]) -> None:
    claim(client, made["claim_code"])

    assert refusal_of(claim(client, made["claim_code"])) == (410, "used")


def test_a_code_is_good_for_fifteen_minutes(session: Session, client: FlaskClient, made: dict[str, Any]) -> None:
    ends = session.execute(select(DeviceClaim.expires_at - func.now())).scalar_one()
    session.execute(update(DeviceClaim).values(expires_at=func.now() - timedelta(seconds=1)))
    session.commit()

    assert timedelta(minutes=14) < ends <= timedelta(minutes=15)
    assert refusal_of(claim(client, made["claim_code"])) == (410, "used")


def test_an_unknown_code_is_a_404(client: FlaskClient, made: dict[str, Any]) -> None:
    other = ("0" if made["claim_code"][0] != "0" else "1") + made["claim_code"][1:]

    assert refusal_of(claim(client, other)) == (404, "dev")


@pytest.mark.parametrize("fields", [{"code": "short"}, {"sn": ""}, {"hw": 7}, {"more": 1}])
def test_a_claim_of_another_form_is_refused(client: FlaskClient, made: dict[str, Any], fields: dict[str, Any]) -> None:
    assert refusal_of(claim(client, made["claim_code"], **fields)) == (400, "bad")


def test_a_claim_that_is_too_long_is_refused(client: FlaskClient) -> None:
    assert refusal_of(client.post(f"{BASE}/claim", data=b" " * 4097)) == (413, "big")


def test_wrong_codes_from_one_address_are_limited_and_right_ones_are_not(template: str) -> None:
    with limiting(template, rate_limit_device_claim="2 per 15 minutes") as limited, rolled_back(limited) as session:
        client = limited.test_client()
        admin = factories.sign_in(session, factories.make_user(session, role=Role.ADMIN))
        codes = [
            make(session, client, admin, serial=f"s{number}", cart_label=f"L{number}")["claim_code"]
            for number in range(4)
        ]
        right = [claim(client, code).status_code for code in codes[:3]]
        wrong = [claim(client, "00000000").status_code for _ in range(2)]
        refused = claim(client, codes[3])

    assert (right, wrong) == ([201] * 3, [404] * 2)
    assert refusal_of(refused) == (429, "slow")
    assert 0 < refused.json["r"] <= 901


def test_a_new_code_voids_the_one_before_but_not_the_key(
    client: FlaskClient, admin: dict[str, str], made: dict[str, Any]
) -> None:
    talker = talker_of(client, claim(client, made["claim_code"]).json)
    first = client.post(f"{ADMIN}/{made['device_id']}/claim-code", headers=admin).json["data"]["claim_code"]
    second = client.post(f"{ADMIN}/{made['device_id']}/claim-code", headers=admin).json["data"]["claim_code"]

    meanwhile = talker.beat().status_code
    refused, taken = claim(client, first), claim(client, second)

    assert meanwhile == 200
    assert refusal_of(refused) == (404, "dev")
    assert taken.status_code == 201


def test_claiming_again_gives_a_new_key_and_voids_the_old_one(
    session: Session, client: FlaskClient, admin: dict[str, str], made: dict[str, Any]
) -> None:
    old = talker_of(client, claim(client, made["claim_code"]).json)
    client.post(f"{ADMIN}/{made['id']}/bearer", headers=admin)
    client.post(f"{ADMIN}/{made['id']}/rotate", headers=admin)
    old.n = 500
    told = old.beat().json["n"]
    row_of(session, old).last_seq = 77
    session.commit()
    code = client.post(f"{ADMIN}/{made['id']}/claim-code", headers=admin).json["data"]["claim_code"]

    new = talker_of(client, claim(client, code).json)

    assert told[0][:2] == ["rot", 2]
    assert new.kid == 3, "the number the device was asked for is never used again"
    assert new.key != old.key
    assert new.beat().json["a"] == 77
    assert refusal_of(old.beat()) == (401, "sig")
    device = row_of(session, new)
    assert (device.rotations, device.bearer_hash, device.last_n) == ([], None, 1)


def test_a_revoked_device_comes_back_only_with_a_new_key(
    session: Session, client: FlaskClient, admin: dict[str, str], made: dict[str, Any]
) -> None:
    old = talker_of(client, claim(client, made["claim_code"]).json)
    revoked = client.patch(f"{ADMIN}/{made['device_id']}", json={"status": "revoked"}, headers=admin)
    off = old.beat()
    again = client.patch(f"{ADMIN}/{made['device_id']}", json={"status": "active"}, headers=admin)
    rotation = client.post(f"{ADMIN}/{made['device_id']}/rotate", headers=admin)
    bearer = client.post(f"{ADMIN}/{made['device_id']}/bearer", headers=admin)
    code = client.post(f"{ADMIN}/{made['device_id']}/claim-code", headers=admin).json["data"]["claim_code"]

    new = talker_of(client, claim(client, code).json)

    assert revoked.json["data"]["status"] == "revoked"
    assert refusal_of(off) == (403, "off")
    assert [answer.json["error"]["code"] for answer in (again, rotation, bearer)] == ["DEVICE_REVOKED"] * 3
    assert new.beat().status_code == 200
    assert refusal_of(old.beat()) == (401, "sig")
    assert row_of(session, new).status is DeviceStatus.ACTIVE


def test_revoking_voids_code_and_token(
    session: Session, client: FlaskClient, admin: dict[str, str], made: dict[str, Any]
) -> None:
    client.post(f"{ADMIN}/{made['device_id']}/bearer", headers=admin)

    client.patch(f"{ADMIN}/{made['device_id']}", json={"status": "revoked"}, headers=admin)

    assert refusal_of(claim(client, made["claim_code"])) == (404, "dev")
    assert session.scalars(select(Device.bearer_hash)).all() == [None]


@pytest.mark.parametrize("status", ["suspended", "lost"])
def test_suspending_works_both_ways_from_the_next_request_on(
    client: FlaskClient, admin: dict[str, str], made: dict[str, Any], status: str
) -> None:
    talker = talker_of(client, claim(client, made["claim_code"]).json)
    client.patch(f"{ADMIN}/{made['device_id']}", json={"status": status}, headers=admin)
    off = talker.beat()
    code = client.post(f"{ADMIN}/{made['device_id']}/claim-code", headers=admin).json["data"]["claim_code"]
    barred = claim(client, code)

    client.patch(f"{ADMIN}/{made['device_id']}", json={"status": "active"}, headers=admin)

    assert refusal_of(off) == (403, "off")
    assert refusal_of(barred) == (403, "off")
    assert talker.beat().status_code == 200
    assert claim(client, code).status_code == 201, "a barred claim does not use the code up"


def test_a_rotation_is_asked_for_once_at_a_time(
    client: FlaskClient, admin: dict[str, str], made: dict[str, Any]
) -> None:
    path = f"{ADMIN}/{made['device_id']}/rotate"
    unclaimed = client.post(path, headers=admin)
    talker = talker_of(client, claim(client, made["claim_code"]).json)

    asked, again = client.post(path, headers=admin), client.post(path, headers=admin)
    [[_, kid, nonce]] = talker.beat().json["n"]
    talker.rotate(kid, nonce)
    talker.beat()
    next_one = client.post(path, headers=admin)

    assert unclaimed.json["error"]["code"] == "DEVICE_NOT_CLAIMED"
    assert asked.json["data"]["is_rotating"] is True
    assert again.json["error"]["code"] == "ROTATION_UNDER_WAY"
    assert (next_one.status_code, next_one.json["data"]["kid"]) == (200, 2)


def test_the_bearer_token_is_switched_off_again(
    client: FlaskClient, admin: dict[str, str], made: dict[str, Any]
) -> None:
    path = f"{ADMIN}/{made['device_id']}/bearer"
    shown = client.post(path, headers=admin)
    talker = Talker(client, made["device_id"], bytes(32), token=shown.json["data"]["token"])
    before = talker.beat().status_code

    off = client.delete(path, headers=admin)

    assert shown.headers["Cache-Control"] == "no-store"
    assert before == 200
    assert off.json["data"]["has_bearer"] is False
    assert refusal_of(talker.beat()) == (401, "auth")


def test_no_secret_is_kept_or_told_a_second_time(
    session: Session,
    client: FlaskClient,
    admin: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging.getLogger("aisle"), "propagate", True)
    caplog.set_level(logging.INFO, "aisle")
    made = make(session, client, admin)
    key = claim(client, made["claim_code"]).json["key"]
    token = client.post(f"{ADMIN}/{made['id']}/bearer", headers=admin).json["data"]["token"]
    talker = Talker(client, made["device_id"], bytes.fromhex(key))
    talker.beat()

    shown = client.get(f"{ADMIN}/{made['id']}", headers=admin).get_data(as_text=True)
    listed = client.get(ADMIN, headers=admin).get_data(as_text=True)
    audited = str([vars(row) for row in session.scalars(select(AuditEvent))])
    stored = str([vars(row) for row in session.scalars(select(Device))])
    stored += str([vars(row) for row in session.scalars(select(DeviceClaim))])
    logged = str([vars(record) for record in caplog.records])

    assert "device/hb" in logged
    for secret in (made["claim_code"], key, token):
        for place in (shown, listed, audited, stored, logged):
            assert secret not in place


def test_what_is_done_to_a_device_is_in_the_audit_trail(
    session: Session, client: FlaskClient, admin: dict[str, str], made: dict[str, Any]
) -> None:
    path = f"{ADMIN}/{made['device_id']}"
    claim(client, made["claim_code"], sn="another")
    client.post(f"{path}/rotate", headers=admin)
    client.post(f"{path}/bearer", headers=admin)
    client.delete(f"{path}/bearer", headers=admin)
    client.patch(path, json={"status": "suspended"}, headers=admin)
    client.post(f"{path}/claim-code", headers=admin)

    events = session.scalars(select(AuditEvent).where(AuditEvent.entity_type == "device").order_by(AuditEvent.id)).all()

    expected = ["CREATE", "CLAIM", "ROTATE", "BEARER_ON", "BEARER_OFF", "UPDATE", "CLAIM_CODE"]
    assert [event.action for event in events] == expected
    assert {event.entity_id for event in events} == {made["id"]}
    assert events[1].new_value["serial_told"] == "another"
    assert (events[5].old_value, events[5].new_value) == ({"status": "active"}, {"status": "suspended"})


def test_the_fleet_is_listed_and_filtered(session: Session, client: FlaskClient, admin: dict[str, str]) -> None:
    here, there = factories.make_location(session), factories.make_location(session)
    speaking = make_talker(session, client, factories.make_trolley(session, here, label="Red one"))
    speaking.beat(g=5231)
    silent = make_talker(
        session, client, factories.make_trolley(session, there), status=DeviceStatus.SUSPENDED, serial="Q-99"
    )

    def ids(query: str) -> list[str]:
        answer = client.get(f"{ADMIN}?{query}", headers=admin)
        assert answer.status_code == 200, answer.json
        return [row["device_id"] for row in answer.json["data"]]

    both = [speaking.device_id, silent.device_id]
    assert ids("") == both
    assert ids(f"branch_id={here.id}") == both[:1]
    assert ids(f"branchId={there.id}") == both[1:]
    assert ids("status=suspended") == both[1:]
    assert ids("online=true") == both[:1]
    assert ids("online=false") == both[1:]
    assert ids("q=red") == both[:1]
    assert ids("q=q-99") == both[1:]
    assert ids("limit=1&offset=1") == both[1:]


def test_a_device_is_shown_by_its_id_and_by_its_number(
    session: Session, client: FlaskClient, admin: dict[str, str]
) -> None:
    talker = make_talker(session, client)
    talker.beat(mv=3912, ch=1, rs=-61, up=8123, hp=142000, g=5231, hw="esp32s3")
    user = factories.make_user(session)
    device = row_of(session, talker)
    opened = factories.make_cart_session(session, session.get_one(Trolley, device.trolley_id), user)

    shown = client.get(f"{ADMIN}/{talker.device_id}", headers=admin).json["data"]
    by_number = client.get(f"{ADMIN}/{device.id}", headers=admin).json["data"]

    assert shown == by_number
    assert (shown["battery_percent"], shown["millivolts"], shown["is_charging"]) == (87, 3912, True)
    assert (shown["rssi_dbm"], shown["uptime_seconds"], shown["free_heap_bytes"]) == (-61, 8123, 142000)
    assert (shown["gross_grams"], shown["firmware"], shown["hardware"]) == (5231, "1.4.2", "esp32s3")
    assert (shown["online"], shown["session_id"], shown["trolley_state"]) == (True, opened.id, "shopping")


@pytest.mark.parametrize("name", ["ffffffff", "0", "999999999999999999", "9" * 30, "x", "%F0%9F"])
def test_a_device_that_is_not_there_is_a_404(client: FlaskClient, admin: dict[str, str], name: str) -> None:
    assert client.get(f"{ADMIN}/{name}", headers=admin).json["error"]["code"] == "DEVICE_NOT_FOUND"
    assert client.patch(f"{ADMIN}/{name}", json={"status": "lost"}, headers=admin).status_code == 404


@pytest.mark.parametrize("body", [{}, {"status": None}, {"status": "ACTIVE"}, {"heartbeat_seconds": 4}, {"kid": 1}])
def test_a_change_that_says_nothing_or_nonsense_is_refused(
    client: FlaskClient, admin: dict[str, str], made: dict[str, Any], body: dict[str, Any]
) -> None:
    assert client.patch(f"{ADMIN}/{made['id']}", json=body, headers=admin).status_code == 400


def test_how_often_a_device_reports_is_told_to_it_once(
    client: FlaskClient, admin: dict[str, str], made: dict[str, Any]
) -> None:
    talker = talker_of(client, claim(client, made["claim_code"]).json)

    client.patch(f"{ADMIN}/{made['id']}", json={"heartbeat_seconds": 30}, headers=admin)

    assert [talker.beat().json["n"] for _ in range(2)] == [[["hb", 30]], []]


def test_lists_of_the_fleet_take_as_many_statements_as_one_device(
    session: Session, client: FlaskClient, admin: dict[str, str], statements: list[str]
) -> None:
    make_talker(session, client)
    client.get(ADMIN, headers=admin)
    statements.clear()
    client.get(ADMIN, headers=admin)
    for_one = len(statements)
    for _ in range(5):
        make_talker(session, client)
    statements.clear()

    client.get(ADMIN, headers=admin)

    assert len(statements) == for_one
