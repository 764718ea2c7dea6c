"""Reviews, written by buyers only."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.enums import OrderStatus
from app.domain.names import public_name
from app.models import AuditEvent, Product, Review, User
from tests.factories import make_order, make_product, make_user, sign_in

FORM = {"rating": 4, "title": "Good", "body": "Tasty and fresh."}


def url(product: Product) -> str:
    return f"/api/v1/catalog/products/{product.id}/reviews"


@pytest.fixture
def buyer(session: Session, product: Product) -> User:
    """Somebody who bought the product."""
    user = make_user(session, full_name="Dana Maria Levi")
    make_order(session, user, product, status=OrderStatus.DELIVERED)
    return user


@pytest.fixture
def signed_in(session: Session, buyer: User) -> dict[str, str]:
    return sign_in(session, buyer)


def test_a_buyer_writes_a_review_and_everybody_reads_it(
    client: FlaskClient, session: Session, product: Product, signed_in: dict[str, str]
) -> None:
    written = client.post(url(product), json=FORM, headers=signed_in)

    assert written.status_code == 201
    data = client.get(url(product)).json["data"]
    assert data["items"] == [written.json["data"]]
    assert {key: data["items"][0][key] for key in FORM} == FORM
    assert data["items"][0]["author_name"] == "Dana L."
    assert (data["rating_average"], data["rating_count"], data["next_cursor"]) == (4, 1, None)


def test_a_change_is_audited_with_its_author(
    client: FlaskClient, session: Session, product: Product, buyer: User, signed_in: dict[str, str]
) -> None:
    client.post(url(product), json=FORM, headers=signed_in)

    event = session.execute(select(AuditEvent).where(AuditEvent.entity_type == "review")).scalar_one()

    assert (event.action, event.actor_user_id, event.new_value["rating"]) == ("CREATE", buyer.id, 4)


def test_changing_and_taking_back_are_audited_with_what_was_there(
    client: FlaskClient, session: Session, product: Product, signed_in: dict[str, str]
) -> None:
    client.post(url(product), json=FORM, headers=signed_in)
    client.put(url(product), json=FORM | {"rating": 2}, headers=signed_in)
    client.delete(url(product), headers=signed_in)

    statement = select(AuditEvent).where(AuditEvent.entity_type == "review").order_by(AuditEvent.id)
    _, changed, deleted = session.execute(statement).scalars()

    first = FORM | {"product_id": product.id}
    assert (changed.old_value, changed.new_value) == (first, first | {"rating": 2})
    assert (deleted.old_value, deleted.new_value) == (first | {"rating": 2}, None)


@pytest.mark.parametrize("status", [None, OrderStatus.PENDING_PAYMENT, OrderStatus.CANCELLING, OrderStatus.CANCELED])
def test_who_did_not_buy_may_not_review(
    client: FlaskClient, session: Session, product: Product, status: OrderStatus | None
) -> None:
    user = make_user(session)
    make_order(session, user, make_product(session))
    if status is not None:
        pending: dict[str, Any] = {"pay_deadline": "2026-11-21T10:00:00Z"} if "PENDING" in status else {}
        make_order(session, user, product, status=status, **pending)

    answer = client.post(url(product), json=FORM, headers=sign_in(session, user))

    assert (answer.status_code, answer.json["error"]["code"]) == (403, "NOT_A_BUYER")


def test_another_buyers_order_does_not_count(
    client: FlaskClient, session: Session, product: Product, buyer: User
) -> None:
    answer = client.post(url(product), json=FORM, headers=sign_in(session, make_user(session)))

    assert answer.status_code == 403


def test_a_second_review_is_refused(client: FlaskClient, product: Product, signed_in: dict[str, str]) -> None:
    client.post(url(product), json=FORM, headers=signed_in)

    again = client.post(url(product), json=FORM, headers=signed_in)

    assert (again.status_code, again.json["error"]["code"]) == (409, "REVIEW_EXISTS")


def test_a_review_of_an_unknown_product_is_a_404(client: FlaskClient, signed_in: dict[str, str]) -> None:
    assert client.post("/api/v1/catalog/products/999999/reviews", json=FORM, headers=signed_in).status_code == 404


def test_an_owner_changes_and_deletes_a_review(
    client: FlaskClient, session: Session, product: Product, signed_in: dict[str, str]
) -> None:
    first = client.post(url(product), json=FORM, headers=signed_in).json["data"]

    changed = client.put(url(product), json={"rating": 1}, headers=signed_in)
    shown = client.get(url(product)).json["data"]["items"]
    deleted = client.delete(url(product), headers=signed_in)

    assert changed.status_code == 200
    assert [(row["id"], row["rating"], row["title"]) for row in shown] == [(first["id"], 1, None)]
    assert deleted.status_code == 200
    assert session.execute(select(Review)).all() == []


def test_a_strangers_review_cannot_be_touched(
    client: FlaskClient, session: Session, product: Product, signed_in: dict[str, str]
) -> None:
    client.post(url(product), json=FORM, headers=signed_in)
    stranger = sign_in(session, make_user(session))

    assert client.put(url(product), json=FORM, headers=stranger).status_code == 404
    assert client.delete(url(product), headers=stranger).status_code == 404
    assert session.execute(select(Review.rating)).scalar_one() == 4


@pytest.mark.parametrize(
    "form",
    [{}, {"rating": 0}, {"rating": 6}, {"rating": 4, "title": "x" * 121}, {"rating": 4, "stars": 1}, {"rating": None}],
)
def test_a_malformed_review_is_refused(
    client: FlaskClient, product: Product, signed_in: dict[str, str], form: dict[str, Any]
) -> None:
    assert client.post(url(product), json=form, headers=signed_in).status_code == 400


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_writing_needs_a_signed_in_user(client: FlaskClient, product: Product, method: str) -> None:
    assert getattr(client, method)(url(product), json=FORM).status_code == 401


def test_reviews_come_newest_first_in_pages(client: FlaskClient, session: Session, product: Product) -> None:
    for rating in (1, 2, 3):
        session.add(Review(product_id=product.id, user_id=make_user(session).id, rating=rating))
        session.commit()

    first = client.get(f"{url(product)}?limit=2").json["data"]
    rest = client.get(url(product), query_string={"limit": 2, "cursor": first["next_cursor"]}).json["data"]

    assert [[row["rating"] for row in page["items"]] for page in (first, rest)] == [[3, 2], [1]]
    assert (first["rating_average"], first["rating_count"], rest["next_cursor"]) == (2, 3, None)


def test_a_product_without_reviews_has_an_empty_list(client: FlaskClient, product: Product) -> None:
    data = client.get(url(product)).json["data"]

    assert (data["items"], data["rating_average"], data["rating_count"]) == ([], None, 0)


@pytest.mark.parametrize(
    ("full_name", "shown"), [("Dana Levi", "Dana L."), ("Dana", "Dana"), ("דנה לוי", "דנה ל."), ("", "")]
)
def test_strangers_see_the_first_name_and_an_initial(full_name: str, shown: str) -> None:
    assert public_name(full_name) == shown
