"""Shipping information, wishlist and notifications over HTTP."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.models import GlobalSettings, Notification, User, WishlistItem
from tests.conftest import Statements
from tests.factories import make_product, make_user, sign_in

STORE = "/api/v1/store"
WISHLIST = f"{STORE}/wishlist"
NOTIFICATIONS = f"{STORE}/notifications"


def make_wish(session: Session, user: User, *, minutes_ago: int = 0) -> int:
    product = make_product(session)
    made = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    session.add(WishlistItem(user_id=user.id, product_id=product.id, created_at=made))
    session.commit()
    return product.id


def make_notification(session: Session, user: User, **columns: Any) -> int:
    values = {"kind": "order.created", "title": "Thank you", "body": "We have your order."}
    row = Notification(user_id=user.id, **{**values, **columns})
    session.add(row)
    session.commit()
    return row.id


def test_shipping_is_told_to_everyone_with_the_numbers_that_apply(client: FlaskClient, session: Session) -> None:
    session.execute(update(GlobalSettings).values(delivery_min=Decimal("199.90"), delivery_fee=Decimal("25.50")))
    session.commit()

    answer = client.get(f"{STORE}/shipping-info")

    policies = answer.json["data"]["policies"]
    assert [policy["key"] for policy in policies] == ["delivery", "pickup", "returns"]
    assert "199.90 ILS" in policies[0]["body"]
    assert "25.50 ILS" in policies[0]["body"]
    assert all(set(policy) == {"key", "title", "body"} for policy in policies)


@pytest.mark.parametrize("path", [WISHLIST, NOTIFICATIONS])
def test_wishes_and_notifications_are_for_signed_in_users(client: FlaskClient, path: str) -> None:
    assert client.get(path).json["error"]["code"] == "AUTH_REQUIRED"


def test_a_wish_is_kept_with_its_note(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    product = make_product(session)

    answer = client.post(WISHLIST, json={"product_id": product.id, "note": " לשבת "}, headers=headers)

    assert answer.status_code == 200
    wish = answer.json["data"]
    assert (wish["product_id"], wish["note"]) == (product.id, "לשבת")
    assert client.get(WISHLIST, headers=headers).json["data"] == {"items": [wish], "next_cursor": None}


def test_wishing_twice_is_one_wish_and_changes_the_note_alone(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    product = make_product(session)
    first = client.post(WISHLIST, json={"product_id": product.id, "note": "two"}, headers=headers).json["data"]

    again = client.post(WISHLIST, json={"product_id": product.id}, headers=headers).json["data"]
    changed = client.post(WISHLIST, json={"product_id": product.id, "note": "three"}, headers=headers).json["data"]

    assert again == first
    assert changed == {**first, "note": "three"}
    assert len(client.get(WISHLIST, headers=headers).json["data"]["items"]) == 1


@pytest.mark.parametrize("is_known", [True, False])
def test_only_a_product_on_sale_can_be_wished_for(
    client: FlaskClient, session: Session, headers: dict[str, str], is_known: bool
) -> None:
    product_id = make_product(session, is_active=False).id if is_known else 2**40

    answer = client.post(WISHLIST, json={"product_id": product_id}, headers=headers)

    assert (answer.status_code, answer.json["error"]["code"]) == (404, "PRODUCT_NOT_FOUND")


@pytest.mark.parametrize(
    "body", [{}, {"product_id": 0}, {"product_id": 1, "note": "x" * 501}, {"product_id": 1, "note": "\x00"}]
)
def test_a_faulty_wish_is_refused(client: FlaskClient, headers: dict[str, str], body: dict[str, Any]) -> None:
    assert client.post(WISHLIST, json=body, headers=headers).json["error"]["code"] == "VALIDATION_ERROR"


def test_a_wish_is_taken_back_once(client: FlaskClient, session: Session, user: User, headers: dict[str, str]) -> None:
    product_id = make_wish(session, user)

    answers = [client.delete(f"{WISHLIST}/{product_id}", headers=headers) for _ in range(2)]

    assert [answer.json["data"] for answer in answers] == [{"removed": True}, {"removed": False}]


def test_a_strangers_wishes_are_neither_shown_nor_removed(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    stranger = make_user(session)
    product_id = make_wish(session, stranger)

    shown = client.get(WISHLIST, headers=headers).json["data"]["items"]
    removed = client.delete(f"{WISHLIST}/{product_id}", headers=headers).json["data"]

    assert (shown, removed) == ([], {"removed": False})
    assert len(client.get(WISHLIST, headers=sign_in(session, stranger)).json["data"]["items"]) == 1


def pages(client: FlaskClient, url: str, headers: dict[str, str], key: str) -> list[list[int]]:
    """The keys of every page of two, following the cursors."""
    found: list[list[int]] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        data = client.get(url, query_string=query, headers=headers).json["data"]
        found.append([item[key] for item in data["items"]])
        cursor = data["next_cursor"]
    return found


def test_cursors_walk_the_wishes_from_the_newest_to_the_oldest(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str]
) -> None:
    oldest, newest, middle = (make_wish(session, user, minutes_ago=minutes) for minutes in (9, 1, 5))

    assert pages(client, WISHLIST, headers, "product_id") == [[newest, middle], [oldest]]


def test_cursors_walk_the_notifications_from_the_newest_to_the_oldest(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str]
) -> None:
    oldest, middle, newest = (make_notification(session, user) for _ in range(3))

    assert pages(client, NOTIFICATIONS, headers, "id") == [[newest, middle], [oldest]]


@pytest.mark.parametrize("path", [WISHLIST, NOTIFICATIONS])
@pytest.mark.parametrize("query", [{"cursor": "bm9uc2Vuc2U"}, {"limit": 0}, {"limit": 201}, {"offset": 1}])
def test_a_faulty_page_is_refused(
    client: FlaskClient, headers: dict[str, str], path: str, query: dict[str, Any]
) -> None:
    assert client.get(path, query_string=query, headers=headers).json["error"]["code"] == "VALIDATION_ERROR"


def test_without_news_there_is_nothing_unread(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.get(NOTIFICATIONS, headers=headers)

    assert answer.json["data"] == {"items": [], "unread_count": 0, "next_cursor": None}


def test_reading_one_notification_counts_it_off(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str]
) -> None:
    first, _ = make_notification(session, user), make_notification(session, user)

    read = client.post(f"{NOTIFICATIONS}/{first}/read", headers=headers).json["data"]

    assert read["read_at"] is not None
    assert client.get(NOTIFICATIONS, headers=headers).json["data"]["unread_count"] == 1


def test_reading_again_keeps_the_time_of_the_first_reading(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str]
) -> None:
    notification = make_notification(session, user, read_at=datetime(2026, 1, 1, tzinfo=UTC))

    again = client.post(f"{NOTIFICATIONS}/{notification}/read", json={}, headers=headers).json["data"]

    assert again["read_at"].startswith("2026-01-01")


def test_reading_all_leaves_earlier_readings_and_strangers_alone(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str]
) -> None:
    stranger = make_user(session)
    make_notification(session, stranger)
    make_notification(session, user, read_at=datetime(2026, 1, 1, tzinfo=UTC))
    make_notification(session, user)

    answer = client.post(f"{NOTIFICATIONS}/read-all", headers=headers)

    mine = client.get(NOTIFICATIONS, headers=headers).json["data"]
    theirs = client.get(NOTIFICATIONS, headers=sign_in(session, stranger)).json["data"]
    assert answer.json["data"] == {"marked": 1}
    assert (mine["unread_count"], theirs["unread_count"]) == (0, 1)
    assert mine["items"][1]["read_at"].startswith("2026-01-01")


def test_a_strangers_notification_is_not_found(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    stranger = make_user(session)
    notification = make_notification(session, stranger)

    answer = client.post(f"{NOTIFICATIONS}/{notification}/read", headers=headers)

    assert (answer.status_code, answer.json["error"]["code"]) == (404, "NOTIFICATION_NOT_FOUND")


def test_lists_cost_as_many_statements_however_long_they_are(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str], statements: Statements
) -> None:
    for _ in range(4):
        make_wish(session, user)
        make_notification(session, user)
    statements.clear()

    client.get(WISHLIST, headers=headers)
    client.get(NOTIFICATIONS, headers=headers)

    assert len(statements) == 2 + 3
