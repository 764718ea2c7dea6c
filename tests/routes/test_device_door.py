"""Who a device is let in as: signatures, counters, clocks, keys and what every answer looks like."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.domain.devices.words import RefusalCode
from app.domain.enums import DeviceStatus, IncidentKind
from app.models import TrolleyIncident
from app.services.devices import heartbeats
from tests import factories
from tests.conftest import rolled_back
from tests.devices import BASE, Talker, make_talker, refusal_of, row_of
from tests.limiting import limiting

OF_THE_SERVER = (
    "HTTP/1.1 405 METHOD NOT ALLOWED\r\nServer: gunicorn\r\nDate: Sat, 21 Nov 2026 10:00:00 GMT\r\n"
    "Connection: keep-alive\r\n\r\n"
)
"""What gunicorn adds to the head."""


@pytest.fixture
def talker(session: Session, client: FlaskClient) -> Talker:
    return make_talker(session, client)


def incidents(session: Session) -> list[TrolleyIncident]:
    return list(session.scalars(select(TrolleyIncident).order_by(TrolleyIncident.id)))


def test_a_signed_request_is_let_in_and_its_counters_are_kept(session: Session, talker: Talker) -> None:
    answer = talker.beat()

    device = row_of(session, talker)
    assert answer.status_code == 200, answer.data
    assert (device.last_boot, device.last_n) == (1, 1)
    assert device.last_seen_at is not None
    assert device.last_signed_at is not None


def test_the_query_is_part_of_what_is_signed_exactly_as_sent(talker: Talker) -> None:
    told = talker.post("/hb?a=1&b=%20x", {"fw": "1.4.2", "b": 87})
    header = talker.signed("POST", "/hb?a=2", b"")
    changed = talker.send_as(header, "POST", "/hb?a=3")

    assert told.status_code == 200, told.data
    assert refusal_of(changed) == (401, "sig")


@pytest.mark.parametrize(
    "header", ["", "SC1 ", "Bearer x", "SC1 c0ffee01.1.1.1.1." + "0" * 63, "sc1 c0ffee01.1.1.1.1." + "0" * 64]
)
def test_a_header_of_another_form_is_refused(talker: Talker, header: str) -> None:
    assert refusal_of(talker.send_as(header, "POST", "/hb")) == (401, "auth")


def test_a_device_nobody_made_must_claim_a_key(talker: Talker) -> None:
    talker.device_id = "ffffffff"

    assert refusal_of(talker.beat()) == (404, "dev")


def test_a_device_that_has_claimed_nothing_must_claim_a_key(session: Session, client: FlaskClient) -> None:
    talker = make_talker(session, client, base_kid=0, kid=0, claimed_at=None)

    assert refusal_of(talker.beat()) == (404, "dev")


@pytest.mark.parametrize("status", [DeviceStatus.SUSPENDED, DeviceStatus.REVOKED, DeviceStatus.LOST])
def test_a_device_that_is_not_active_is_told_to_go_off(
    session: Session, client: FlaskClient, status: DeviceStatus
) -> None:
    talker = make_talker(session, client, status=status)

    assert refusal_of(talker.beat()) == (403, "off")


def test_a_body_above_the_limit_is_refused_and_one_at_the_limit_is_read(talker: Talker) -> None:
    too_big = talker.post("/hb", b" " * 4097)
    just_fits = talker.post("/hb", b'{"fw":"1.4.2","b":87}'.ljust(4096))

    assert refusal_of(too_big) == (413, "big")
    assert just_fits.status_code == 200


def test_a_body_above_what_the_service_reads_at_all_is_refused_the_same(talker: Talker) -> None:
    assert refusal_of(talker.post("/hb", b" " * 300_000)) == (413, "big")


@pytest.mark.parametrize("forged", ["key", "body", "method", "path", "kid"])
def test_a_forged_request_is_refused_and_moves_no_counter(session: Session, talker: Talker, forged: str) -> None:
    talker.n = 1
    body = b'{"fw":"1.4.2","b":87}'
    if forged == "key":
        talker.key = bytes(32)
    if forged == "kid":
        talker.kid = 2
    header = talker.signed("GET" if forged == "method" else "POST", "/ev" if forged == "path" else "/hb", body)

    answer = talker.send_as(header, "POST", "/hb", body + b" " if forged == "body" else body)

    device = row_of(session, talker)
    assert refusal_of(answer) == (401, "sig")
    assert (device.last_boot, device.last_n, device.last_seen_at) == (0, 0, None)


@pytest.mark.parametrize(("skew", "expected"), [(-320, 401), (320, 401), (-290, 200), (290, 200)])
def test_a_clock_may_be_five_minutes_off(session: Session, talker: Talker, skew: int, expected: int) -> None:
    talker.skew = skew

    answer = talker.beat()

    assert answer.status_code == expected
    assert expected == 200 or refusal_of(answer) == (401, "time")
    assert row_of(session, talker).last_n == (1 if expected == 200 else 0)


def test_a_forged_request_learns_nothing_of_clock_or_counters(talker: Talker) -> None:
    talker.key, talker.skew = bytes(32), 10_000

    assert refusal_of(talker.beat()) == (401, "sig")


def test_the_same_request_again_is_a_replay_that_tells_where_to_go_on(session: Session, talker: Talker) -> None:
    talker.n, talker.boot = 6, 3
    body = b'{"fw":"1.4.2","b":87}'
    talker.n += 1
    header = talker.signed("POST", "/hb", body)
    talker.send_as(header, "POST", "/hb", body)

    answer = talker.send_as(header, "POST", "/hb", body)

    assert refusal_of(answer) == (409, "replay")
    assert (answer.json["b"], answer.json["n"]) == (3, 7)
    assert incidents(session) == []


def test_counters_count_by_boot_and_then_by_number(talker: Talker) -> None:
    talker.boot, talker.n = 2, 40
    first = talker.beat()
    talker.boot, talker.n = 3, 0
    restarted = talker.beat()
    talker.boot, talker.n = 2, 41
    older_boot = talker.beat()

    assert [first.status_code, restarted.status_code] == [200, 200]
    assert refusal_of(older_boot) == (409, "replay")


def test_a_second_device_with_the_same_key_raises_one_alarm(session: Session, talker: Talker) -> None:
    talker.n = 49
    talker.skew = -5
    assert talker.beat().status_code == 200
    clone = Talker(talker.client, talker.device_id, talker.key, n=9)

    answers = [refusal_of(clone.beat()) for _ in range(3)]

    assert answers == [(409, "replay")] * 3
    [incident] = incidents(session)
    assert incident.kind is IncidentKind.CLONE
    assert incident.details == {"boot": 1, "seen_n": 10, "newest_n": 50}
    assert incident.stock_location_id == row_of(session, talker).stock_location_id
    assert row_of(session, talker).last_n == 50


def test_a_copy_that_the_network_held_back_raises_no_alarm(session: Session, talker: Talker) -> None:
    body = b'{"fw":"1.4.2","b":87}'
    talker.n = 1
    talker.skew = -30
    held_back = talker.signed("POST", "/hb", body)
    talker.skew = 0
    talker.beat()

    answer = talker.send_as(held_back, "POST", "/hb", body)

    assert refusal_of(answer) == (409, "replay")
    assert incidents(session) == []


def test_a_refused_body_keeps_nothing(session: Session, talker: Talker) -> None:
    answer = talker.post("/hb", {"fw": "1.4.2", "b": 101})

    assert refusal_of(answer) == (400, "bad")
    assert row_of(session, talker).last_n == 0


def test_a_rotation_is_offered_until_the_new_key_is_used(session: Session, talker: Talker) -> None:
    nonce = "00112233445566778899aabbccddeeff"
    device = row_of(session, talker)
    device.rotations = [nonce]
    session.commit()

    told = [talker.beat().json["n"] for _ in range(2)]
    still_old = row_of(session, talker).kid
    talker.rotate(2, nonce)
    answer = talker.beat()

    assert told == [[["rot", 2, nonce]]] * 2
    assert still_old == 1
    assert answer.json["n"] == []
    assert row_of(session, talker).kid == 2
    assert row_of(session, talker).rotation_until is None


def test_after_the_first_request_with_the_new_key_the_old_one_is_void(session: Session, talker: Talker) -> None:
    old_key = talker.key
    row_of(session, talker).rotations = ["ab" * 16]
    session.commit()
    talker.rotate(2, "ab" * 16)
    talker.beat()

    talker.key, talker.kid = old_key, 1

    assert refusal_of(talker.beat()) == (401, "sig")


def test_a_day_after_the_device_heard_of_it_only_the_new_key_is_good(session: Session, talker: Talker) -> None:
    device = row_of(session, talker)
    device.rotations = ["ab" * 16]
    device.rotation_until = datetime.now(UTC) - timedelta(seconds=1)
    session.commit()

    with_old = talker.beat()
    talker.rotate(2, "ab" * 16)
    with_new = talker.beat()

    assert refusal_of(with_old) == (401, "sig")
    assert with_new.status_code == 200


def test_the_old_keys_day_begins_when_the_device_hears_of_the_new_one(session: Session, talker: Talker) -> None:
    row_of(session, talker).rotations = ["ab" * 16]
    session.commit()
    before = row_of(session, talker).rotation_until

    talker.beat()

    until = row_of(session, talker).rotation_until
    assert before is None
    assert until is not None
    assert timedelta(hours=23) < until - datetime.now(UTC) <= timedelta(hours=24)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/nowhere", (404, "bad")),
        ("DELETE", "/hb", (405, "bad")),
        ("GET", "/claim", (405, "bad")),
    ],
)
def test_what_is_not_there_is_refused_in_the_same_few_bytes(
    client: FlaskClient, method: str, path: str, expected: tuple[int, str]
) -> None:
    assert refusal_of(client.open(BASE + path, method=method)) == expected


def test_a_content_type_does_not_matter(talker: Talker) -> None:
    assert talker.post("/hb", {"fw": "1", "b": 1}, **{"Content-Type": "text/plain"}).status_code == 200


def test_answers_carry_no_header_that_a_trolley_has_no_use_for(talker: Talker) -> None:
    answers = [
        talker.beat(),
        talker.get("/nowhere"),
        talker.send("DELETE", "/hb"),
        talker.client.post(f"{BASE}/claim", data=b"x", headers={"Origin": "https://shop.example"}),
    ]

    for answer in answers:
        head = "".join(f"{name}: {value}\r\n" for name, value in answer.headers)
        assert set(answer.headers.keys()) <= {"Content-Type", "Content-Length", "Allow"}
        assert len(head) <= 256 - len(
            "HTTP/1.1 405 METHOD NOT ALLOWED\r\nServer: gunicorn\r\nConnection: keep-alive\r\n\r\n"
        )
        assert answer.content_length == len(answer.data)
        assert len(answer.data) <= 1024


def test_a_wait_for_a_lock_that_takes_too_long_is_told_as_busy(talker: Talker, monkeypatch: pytest.MonkeyPatch) -> None:
    class Waited(Exception):
        sqlstate = "55P03"

    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("", None, Waited())

    monkeypatch.setattr(heartbeats.locating, "note", refuse)

    answer = talker.beat()

    assert refusal_of(answer) == (503, "busy")
    assert answer.json["r"] == 1


def test_a_fault_of_ours_is_told_as_busy_and_gives_nothing_away(
    talker: Talker, monkeypatch: pytest.MonkeyPatch, app: Flask
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("the inside")

    monkeypatch.setattr(heartbeats.locating, "note", fail)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)

    answer = talker.beat()

    assert refusal_of(answer) == (500, "busy")
    assert answer.json["r"] == 10


def test_each_device_has_a_budget_of_requests_of_its_own(template: str) -> None:
    with limiting(template, rate_limit_device="3 per minute") as limited, rolled_back(limited) as session:
        hasty, calm = (make_talker(session, limited.test_client()) for _ in range(2))
        answers = [hasty.beat().status_code for _ in range(3)]
        refused, other = hasty.beat(), calm.beat()

    assert answers == [200] * 3
    assert refusal_of(refused) == (429, "slow")
    assert 1 <= refused.json["r"] <= 61
    assert other.status_code == 200


@pytest.mark.parametrize("code", RefusalCode)
def test_every_code_of_the_protocol_has_a_status_in_the_document(client: FlaskClient, code: RefusalCode) -> None:
    responses = client.get("/apispec.json").json["paths"][f"{BASE}/hb"]["post"]["responses"]
    examples = [
        name
        for status, answer in responses.items()
        if status >= "400"
        for name in answer["content"]["application/json"]["examples"]
    ]

    assert examples.count(code.value) == 1


def test_a_bearer_token_lets_in_without_counters(session: Session, talker: Talker) -> None:
    admin = factories.sign_in(session, factories.make_user(session, role=factories.Role.ADMIN))
    token = talker.client.post(f"/api/v1/admin/devices/{talker.device_id}/bearer", headers=admin).json["data"]["token"]
    talker.token = token

    answers = [talker.beat().status_code for _ in range(2)]
    wrong = talker.send_as(f"Bearer {token[:-1]}{'A' if token[-1] != 'A' else 'B'}", "POST", "/hb")
    too_big = talker.post("/hb", b" " * 4097)
    row_of(session, talker).status = DeviceStatus.SUSPENDED
    session.commit()
    off = talker.beat()

    assert answers == [200, 200]
    assert refusal_of(wrong) == (401, "auth")
    assert refusal_of(too_big) == (413, "big")
    assert refusal_of(off) == (403, "off")
    assert row_of(session, talker).last_n == 0
    assert token not in json.dumps(row_of(session, talker).bearer_hash)


def test_a_bearer_token_nobody_made_is_refused(talker: Talker) -> None:
    talker.token = f"dvc_{talker.device_id}_{'A' * 43}"

    assert refusal_of(talker.beat()) == (401, "auth")
