"""Delivery addresses over HTTP."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.models import Address, AuditEvent, User
from app.services import addresses
from tests.factories import make_user, sign_in

URL = "/api/v1/me/addresses"
FORM = {"address_line": "12 Herzl Street", "city": "חיפה", "postal_code": "3303101", "country": "Israel"}


def create(client: FlaskClient, headers: dict[str, str], **change: Any) -> dict[str, Any]:
    answer = client.post(URL, json={**FORM, **change}, headers=headers)
    assert answer.status_code == 201
    data: dict[str, Any] = answer.json["data"]
    return data


def kept(client: FlaskClient, headers: dict[str, str]) -> list[tuple[int, bool]]:
    return [(row["id"], row["is_default"]) for row in client.get(URL, headers=headers).json["data"]]


def audited(session: Session) -> list[tuple[str, int | None]]:
    statement = select(AuditEvent.action, AuditEvent.entity_id).where(AuditEvent.entity_type == "address")
    return [tuple(row) for row in session.execute(statement.order_by(AuditEvent.id))]


def test_the_first_address_becomes_the_default(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str]
) -> None:
    address = create(client, headers)

    assert address == {
        **FORM,
        "id": address["id"],
        "user_id": user.id,
        "is_default": True,
        "lat": None,
        "lng": None,
    }
    assert audited(session) == [("CREATE", address["id"])]


def test_the_list_shows_the_default_first_then_the_newest(client: FlaskClient, headers: dict[str, str]) -> None:
    first, second, third = (create(client, headers)["id"] for _ in range(3))

    assert kept(client, headers) == [(first, True), (third, False), (second, False)]


def test_a_new_default_replaces_the_old_one(client: FlaskClient, headers: dict[str, str]) -> None:
    old = create(client, headers)["id"]

    new = create(client, headers, is_default=True)["id"]

    assert kept(client, headers) == [(new, True), (old, False)]


@pytest.mark.parametrize("sent", [{}, {"json": {}}])
def test_making_an_address_the_default_unsets_the_others(
    client: FlaskClient, session: Session, headers: dict[str, str], sent: dict[str, Any]
) -> None:
    old, new = create(client, headers)["id"], create(client, headers)["id"]

    answer = client.patch(f"{URL}/{new}/default", headers=headers, **sent)

    assert answer.json["data"]["is_default"] is True
    assert kept(client, headers) == [(new, True), (old, False)]
    assert audited(session)[-1] == ("SET_DEFAULT", new)


def test_making_the_default_the_default_again_changes_nothing(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    only = create(client, headers)["id"]

    answer = client.patch(f"{URL}/{only}/default", headers=headers)

    assert answer.status_code == 200
    assert audited(session) == [("CREATE", only)]


def test_deleting_the_default_hands_it_to_the_newest_other(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    first, second, third = (create(client, headers)["id"] for _ in range(3))

    answer = client.delete(f"{URL}/{first}", headers=headers)

    assert set(answer.json["data"]) == {"message"}
    assert kept(client, headers) == [(third, True), (second, False)]
    assert audited(session)[-2:] == [("DELETE", first), ("SET_DEFAULT", third)]


def test_deleting_another_leaves_the_default_alone(client: FlaskClient, headers: dict[str, str]) -> None:
    default, other, newest = (create(client, headers)["id"] for _ in range(3))

    client.delete(f"{URL}/{other}", headers=headers)

    assert kept(client, headers) == [(default, True), (newest, False)]


def test_deleting_the_only_address_leaves_none(client: FlaskClient, headers: dict[str, str]) -> None:
    only = create(client, headers)["id"]

    client.delete(f"{URL}/{only}", headers=headers)

    assert kept(client, headers) == []


def test_changing_an_address_keeps_what_is_left_out(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    address = create(client, headers)

    answer = client.put(f"{URL}/{address['id']}", json={"city": "Tel Aviv"}, headers=headers)

    assert answer.json["data"] == {**address, "city": "Tel Aviv"}
    event = session.execute(select(AuditEvent).where(AuditEvent.action == "UPDATE")).scalar_one()
    assert (event.old_value, event.new_value) == ({"city": "חיפה"}, {"city": "Tel Aviv"})


def test_an_address_is_put_on_the_map(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    address = create(client, headers)

    answer = client.patch(
        f"{URL}/{address['id']}/location", json={"lat": 32.81910049, "lng": -34.9983}, headers=headers
    )

    assert (answer.json["data"]["lat"], answer.json["data"]["lng"]) == (32.8191, -34.9983)
    assert audited(session)[-1] == ("UPDATE_LOCATION", address["id"])


@pytest.mark.parametrize("place", [{"lat": 90.1, "lng": 0}, {"lat": 0, "lng": -180.5}, {"lat": 1}, {"lat": "x"}])
def test_a_place_off_the_earth_is_refused(client: FlaskClient, headers: dict[str, str], place: dict[str, Any]) -> None:
    address = create(client, headers)

    answer = client.patch(f"{URL}/{address['id']}/location", json=place, headers=headers)

    assert answer.json["error"]["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize(
    "change",
    [
        {"address_line": "12 H"},
        {"address_line": "x" * 257},
        {"address_line": "12 Herzl\x00Street"},
        {"city": " H "},
        {"postal_code": "123"},
        {"postal_code": "12a45"},
        {"country": ""},
        {"user_id": 1},
    ],
)
def test_a_faulty_address_is_refused(client: FlaskClient, headers: dict[str, str], change: dict[str, Any]) -> None:
    answer = client.post(URL, json={**FORM, **change}, headers=headers)

    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "", {"city": "Tel Aviv"}),
        ("DELETE", "", None),
        ("PATCH", "/default", None),
        ("PATCH", "/location", {"lat": 1, "lng": 1}),
    ],
)
def test_a_strangers_address_is_not_found_and_not_touched(
    client: FlaskClient, session: Session, headers: dict[str, str], method: str, path: str, body: Any
) -> None:
    stranger = sign_in(session, make_user(session))
    address = create(client, stranger)

    answer = client.open(f"{URL}/{address['id']}{path}", method=method, json=body, headers=headers)

    assert (answer.status_code, answer.json["error"]["code"]) == (404, "ADDRESS_NOT_FOUND")
    assert client.get(URL, headers=stranger).json["data"] == [address]
    assert client.get(URL, headers=headers).json["data"] == []


def test_a_list_of_a_hundred_takes_no_more(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str]
) -> None:
    session.execute(insert(Address), [{"user_id": user.id, **FORM}] * addresses.MOST)
    session.commit()

    answer = client.post(URL, json=FORM, headers=headers)

    assert (answer.status_code, answer.json["error"]["code"]) == (409, "TOO_MANY_ADDRESSES")
