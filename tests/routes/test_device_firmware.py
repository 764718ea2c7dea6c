"""Firmware: uploaded by admins, rolled out in stages, fetched by devices in pieces."""

import hashlib
import io
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.devices.versions import Release, is_outdated, offered, parts, stage
from app.domain.enums import Role
from app.models import AuditEvent, Firmware, Trolley
from tests import factories
from tests.devices import Talker, make_talker, refusal_of, row_of

ADMIN = "/api/v1/admin/firmware"
IMAGE = bytes(range(256)) * 20
SIGNATURE = "A" * 88


@pytest.fixture
def admin(session: Session) -> dict[str, str]:
    return factories.sign_in(session, factories.make_user(session, role=Role.ADMIN))


@pytest.fixture
def talker(session: Session, client: FlaskClient) -> Talker:
    return make_talker(session, client, hardware="esp32s3", firmware="1.4.2")


def upload(client: FlaskClient, admin: dict[str, str], version: str = "1.5.0", **change: Any) -> dict[str, Any]:
    """Upload an image and, where a change is given, make it."""
    query = {"hardware": "esp32s3", "version": version, "signature": SIGNATURE}
    form = {"file": (io.BytesIO(IMAGE), "image.bin")}
    answer = client.post(ADMIN, query_string=query, data=form, headers=admin)
    assert answer.status_code == 201, answer.json
    if change:
        answer = client.patch(f"{ADMIN}/{answer.json['data']['id']}", json=change, headers=admin)
        assert answer.status_code == 200, answer.json
    data: dict[str, Any] = answer.json["data"]
    return data


def test_an_upload_is_offered_to_nobody_yet(client: FlaskClient, admin: dict[str, str], talker: Talker) -> None:
    made = upload(client, admin)

    assert (made["sha256"], made["size_bytes"]) == (hashlib.sha256(IMAGE).hexdigest(), len(IMAGE))
    assert (made["rollout_percent"], made["is_minimum"], made["halted_at"], made["devices"]) == (0, False, None, 0)
    assert talker.beat().json["n"] == []


def test_a_version_is_uploaded_once_for_each_hardware(client: FlaskClient, admin: dict[str, str]) -> None:
    upload(client, admin)
    query = {"hardware": "esp32s3", "version": "1.5.0", "signature": SIGNATURE}
    form = {"file": (io.BytesIO(IMAGE), "image.bin")}

    again = client.post(ADMIN, query_string=query, data=form, headers=admin)

    assert (again.status_code, again.json["error"]["code"]) == (409, "FIRMWARE_EXISTS")


def test_a_rolled_out_version_is_offered_until_it_runs(
    client: FlaskClient, admin: dict[str, str], talker: Talker
) -> None:
    upload(client, admin, rollout_percent=100)

    told = [talker.beat(fw=version).json["n"] for version in ("1.4.2", "1.4.2", "1.5.0", "1.6.0")]

    assert told == [[["fw", "1.5.0"]], [["fw", "1.5.0"]], [], []]


def test_other_hardware_is_offered_nothing(client: FlaskClient, admin: dict[str, str], talker: Talker) -> None:
    upload(client, admin, rollout_percent=100)

    assert talker.beat(hw="esp32c6").json["n"] == []


def test_nobody_is_asked_to_update_while_shopping(
    session: Session, client: FlaskClient, admin: dict[str, str], talker: Talker
) -> None:
    upload(client, admin, rollout_percent=100, is_minimum=True)
    trolley = session.get_one(Trolley, row_of(session, talker).trolley_id)
    factories.make_cart_session(session, trolley, factories.make_user(session))

    assert talker.beat().json["n"] == []
    assert talker.get("/item/4011").status_code == 404


def test_below_the_minimum_a_trolley_may_only_report_and_update(
    client: FlaskClient, admin: dict[str, str], talker: Talker
) -> None:
    upload(client, admin, is_minimum=True)

    refused = [talker.get("/item/4011"), talker.post("/pair", {})]
    beat = talker.beat()
    meta, image = talker.get("/fw/1.5.0/meta"), talker.get("/fw/1.5.0")
    talker.beat(fw="1.5.0")

    assert [refusal_of(answer) for answer in refused] == [(426, "fw")] * 2
    assert beat.json["n"] == [["fw", "1.5.0"]]
    assert (meta.status_code, image.status_code) == (200, 200)
    assert (talker.get("/item/4011").status_code, talker.post("/pair", {}).status_code) == (404, 200)


def test_a_halted_version_is_neither_offered_nor_a_must(
    client: FlaskClient, admin: dict[str, str], talker: Talker
) -> None:
    made = upload(client, admin, rollout_percent=100, is_minimum=True, halted=True)

    stopped = [talker.beat().json["n"], talker.get("/item/4011").status_code, talker.get("/fw/1.5.0").status_code]
    client.patch(f"{ADMIN}/{made['id']}", json={"halted": False}, headers=admin)

    assert made["halted_at"] is not None
    assert stopped == [[], 404, 404]
    assert talker.beat().json["n"] == [["fw", "1.5.0"]]


def test_what_is_asked_of_an_image_is_told_before_it_is_fetched(
    client: FlaskClient, admin: dict[str, str], talker: Talker
) -> None:
    upload(client, admin)

    meta = talker.get("/fw/1.5.0/meta")

    digest = hashlib.sha256(IMAGE).hexdigest()
    assert meta.json == {"v": 1, "ver": "1.5.0", "n": len(IMAGE), "sha": digest, "sig": SIGNATURE}


def test_an_image_is_put_together_from_pieces(client: FlaskClient, admin: dict[str, str], talker: Talker) -> None:
    upload(client, admin)
    pieces = []
    for start in range(0, len(IMAGE), 1024):
        piece = talker.get("/fw/1.5.0", Range=f"bytes={start}-{start + 1023}")
        end = min(start + 1024, len(IMAGE))
        assert (piece.status_code, piece.headers["Content-Range"]) == (206, f"bytes {start}-{end - 1}/{len(IMAGE)}")
        pieces.append(piece.data)

    assert b"".join(pieces) == IMAGE


@pytest.mark.parametrize(
    ("asked", "status", "expected"),
    [
        ("bytes=5000-", 206, IMAGE[5000:]),
        ("bytes=-5", 200, IMAGE),
        ("bytes=0-1,3-4", 200, IMAGE),
        ("lines=0-1", 200, IMAGE),
        ("nonsense", 200, IMAGE),
    ],
)
def test_a_range_of_another_form_gets_what_it_may(
    client: FlaskClient, admin: dict[str, str], talker: Talker, asked: str, status: int, expected: bytes
) -> None:
    upload(client, admin)

    answer = talker.get("/fw/1.5.0", Range=asked)

    assert (answer.status_code, answer.data) == (status, expected)


def test_a_range_beyond_the_end_is_refused(client: FlaskClient, admin: dict[str, str], talker: Talker) -> None:
    upload(client, admin)

    assert refusal_of(talker.get("/fw/1.5.0", Range=f"bytes={len(IMAGE)}-")) == (416, "bad")


def test_a_version_that_is_not_there_is_refused(talker: Talker) -> None:
    assert refusal_of(talker.get("/fw/9.9.9")) == (404, "bad")
    assert refusal_of(talker.get("/fw/9.9.9/meta")) == (404, "bad")


def test_firmware_is_given_to_devices_alone(client: FlaskClient, admin: dict[str, str]) -> None:
    upload(client, admin)

    assert refusal_of(client.get("/api/v1/device/fw/1.5.0")) == (401, "auth")


def test_a_version_on_which_too_many_devices_fail_is_halted(
    session: Session, client: FlaskClient, admin: dict[str, str]
) -> None:
    made = upload(client, admin, rollout_percent=100)
    fleet = [make_talker(session, client, hardware="esp32s3", firmware="1.5.0") for _ in range(8)]
    halted = []
    for talker in fleet[:3]:
        talker.beat(fw="1.5.0", er="watchdog")
        halted.append(session.execute(select(Firmware.halted_at)).scalar_one() is not None)

    shown = client.get(f"{ADMIN}/{made['id']}", headers=admin).json["data"]

    assert halted == [False, False, True]
    assert (shown["devices"], shown["failing"]) == (8, 3)


def test_the_list_is_filtered_by_hardware(client: FlaskClient, admin: dict[str, str]) -> None:
    upload(client, admin)

    rows = [client.get(f"{ADMIN}?hardware={name}", headers=admin).json["data"] for name in ("esp32s3", "other")]

    assert [len(found) for found in rows] == [1, 0]


@pytest.mark.parametrize("body", [{}, {"rollout_percent": 101}, {"rollout_percent": None}, {"halted": None}])
def test_a_change_of_nothing_is_refused(client: FlaskClient, admin: dict[str, str], body: dict[str, Any]) -> None:
    made = upload(client, admin)

    assert client.patch(f"{ADMIN}/{made['id']}", json=body, headers=admin).status_code == 400
    assert client.patch(f"{ADMIN}/999999", json={"halted": True}, headers=admin).status_code == 404


def test_a_rollout_is_in_the_audit_trail(session: Session, client: FlaskClient, admin: dict[str, str]) -> None:
    upload(client, admin, rollout_percent=10, halted=True)

    events = session.scalars(select(AuditEvent).where(AuditEvent.entity_type == "firmware")).all()

    assert [event.action for event in events] == ["CREATE", "UPDATE"]
    assert events[1].old_value == {"rollout_percent": 0, "halted_at": None}


def test_stages_grow_with_the_percentage_and_keep_who_is_in() -> None:
    fleet = [f"{number:08x}" for number in range(2000)]

    def chosen(percent: int) -> set[str]:
        releases = [Release("1.5.0", percent, is_minimum=False)]
        return {device for device in fleet if offered(device, "1.4.0", releases)}

    assert chosen(0) == set()
    assert 100 < len(chosen(10)) < 300
    assert chosen(10) < chosen(50) < chosen(100) == set(fleet)
    assert len({stage(device, "1.6.0") - stage(device, "1.5.0") for device in fleet}) > 1


def test_versions_are_compared_by_number() -> None:
    assert parts("1.10.0") > parts("1.9.9") > parts("1.9") > parts("unknown") == parts(None)
    assert parts("1.9.0") == parts("1.9")


def test_the_newest_of_several_versions_is_offered() -> None:
    releases = [Release("1.9.0", 100, is_minimum=False), Release("1.10.0", 100, is_minimum=False)]
    old_minimum = [Release("1.3.0", 0, is_minimum=True)]

    assert offered("c0ffee01", "1.4.0", releases) == "1.10.0"
    assert offered("c0ffee01", "1.4.0", old_minimum) is None
    assert not is_outdated("1.4.0", [*old_minimum, *releases])
    assert is_outdated("1.2.9", old_minimum)
