"""Sections 7, 11 and 12 of the marketplace's contract as older clients see them: an order from both its sides."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from app.domain.enums import OrderStatus
from app.models import Order
from tests.compat.conftest import Old, SignIn, Street
from tests.factories import make_consumer, make_shop, make_shop_order, make_vendor

LINE = {"item_id", "name", "quantity", "unit", "unit_price", "subtotal"}
ORDER = {
    "order_id",
    "shop_id",
    "shop_name",
    "shop_type",
    "payment_mode",
    "payment_status",
    "status",
    "total_amount",
    "final_amount",
    "delivery_notes",
    "created_at",
    "item_count",
    "items",
}
VENDORS_ORDER = {
    "order_id",
    "customer",
    "payment_mode",
    "payment_status",
    "status",
    "total_amount",
    "final_amount",
    "delivery_notes",
    "created_at",
    "items",
}


def placed(street: Street, quantity: int = 3, **body: object) -> int:
    street.consumer.post("/consumer/cart/add", {"item_id": street.item.id, "quantity": quantity})
    answer = street.consumer.post("/consumer/order/confirm", body)
    assert answer.keys() == {"message", "order_id"}
    assert answer["message"] == "Order placed successfully"
    return int(answer["order_id"])


def delivered(session: Session, street: Street) -> Order:
    order = make_shop_order(
        session, street.consumer.user, street.shop, street.item, quantity=2, status=OrderStatus.DELIVERED
    )
    order.delivered_at = datetime.now(UTC)
    session.commit()
    return order


def test_an_order_is_placed_with_200_and_read_by_both_sides(street: Street) -> None:
    order_id = placed(street, payment_mode="cash", delivery_notes="Ring twice")

    (own,) = street.consumer.get("/consumer/order/history")["orders"]
    assert own.keys() == ORDER
    assert own["items"][0].keys() == LINE
    assert (own["order_id"], own["status"], own["payment_mode"], own["payment_status"], own["total_amount"]) == (
        order_id,
        "pending",
        "cash",
        "unpaid",
        30,
    )
    assert street.consumer.get(f"/consumer/orders/{order_id}")["order"]["order_id"] == order_id
    for path in ("/order/vendor", "/vendor/orders"):
        (theirs,) = street.vendor.get(path)["orders"]
        assert theirs.keys() == VENDORS_ORDER
        assert (theirs["customer"], theirs["items"][0].keys()) == (street.consumer.user.phone, LINE)
    assert street.vendor.get(f"/vendor/orders/{order_id}")["order"]["order_id"] == order_id


@pytest.mark.parametrize("body", [[], [None], [{}]])
def test_a_confirm_without_a_body_is_by_cash(street: Street, body: list[object]) -> None:
    street.consumer.post("/consumer/cart/add", {"item_id": street.item.id})

    assert street.consumer.post("/consumer/order/confirm", *body)["order_id"]


def test_what_a_confirm_refuses(session: Session, street: Street) -> None:
    confirm = "/consumer/order/confirm"
    assert street.consumer.refused("POST", confirm, json={}) == (400, "Cart is empty")
    street.consumer.post("/consumer/cart/add", {"item_id": street.item.id, "quantity": 5})

    assert street.consumer.refused("POST", confirm, json={"payment_mode": "wallet"}) == (400, "Insufficient balance")
    assert street.consumer.refused("POST", confirm, json={"payment_mode": "gold"}) == (400, "Validation error")
    street.vendor.post(f"/item/update/{street.item.id}", {"quantity_in_stock": 4})
    assert street.consumer.refused("POST", confirm, json={}) == (400, "Not enough stock for item Basmati rice")


def test_the_same_key_repeats_the_answer_and_is_a_conflict_for_another_request(street: Street) -> None:
    street.consumer.post("/consumer/cart/add", {"item_id": street.item.id})
    key = {"headers": {"Idempotency-Key": "once"}}

    first = street.consumer.post("/consumer/order/confirm", {}, **key)
    again = street.consumer.call("POST", "/consumer/order/confirm", json={}, **key)

    assert (again.status_code, again.json["order_id"]) == (200, first["order_id"])
    assert again.headers["Idempotent-Replayed"] == "true"
    other = street.consumer.refused("POST", "/consumer/order/confirm", json={"delivery_notes": "x"}, **key)
    assert other[0] == 409


def test_an_order_is_accepted_changed_confirmed_and_delivered(street: Street) -> None:
    order = placed(street)
    change = {"modifications": [{"item_id": street.item.id, "quantity": 2}]}

    accepted = street.vendor.post(f"/order/vendor/status/{order}", {"status": "accepted"})
    assert accepted == {"message": "Order marked as accepted"}
    modified = street.vendor.post(f"/vendor/orders/{order}/modify", change)
    assert modified == {"message": "Order modified", "new_total": 20}
    confirmed = street.consumer.post(f"/consumer/orders/{order}/confirm-modified", None)
    assert confirmed.keys() == {"message", "refund"}
    assert confirmed["message"] == "Modified order confirmed"
    done = street.vendor.post(f"/vendor/orders/{order}/status", {"status": "delivered"})
    assert done == {"message": "Order marked as delivered"}


@pytest.mark.parametrize("side", ["consumer", "vendor"])
def test_either_side_cancels_once(street: Street, side: str) -> None:
    order, who = placed(street), getattr(street, side)
    path = f"/{side}/orders/{order}/cancel"

    assert who.post(path) == {"message": "Order cancelled", "refund": 0}

    assert who.refused("POST", path) == (400, "Order already closed")
    assert who.refused("POST", f"/{side}/orders/{order}/message", json={}) == (400, "Message required")


def test_moves_that_the_state_refuses(street: Street) -> None:
    order = placed(street)
    change = {"modifications": [{"item_id": street.item.id, "quantity": 1}]}
    street.vendor.post(f"/order/vendor/status/{order}", {"status": "rejected"})

    assert street.vendor.refused("POST", f"/vendor/orders/{order}/modify", json=change) == (
        400,
        "Cannot modify a closed order",
    )
    assert street.consumer.refused("POST", f"/consumer/orders/{order}/confirm-modified") == (
        400,
        "Order not in modifiable state",
    )
    status = f"/order/vendor/status/{order}"
    assert street.vendor.refused("POST", status, json={"status": "accepted"}) == (400, "Invalid status transition")
    assert street.vendor.refused("POST", status, json={"status": "lost"}) == (400, "Invalid status")
    assert street.vendor.refused("POST", status, json={}) == (400, "Invalid status")


def test_both_sides_talk(street: Street) -> None:
    order = placed(street)

    assert street.consumer.post(f"/consumer/orders/{order}/message", {"message": "Hello"}) == {
        "message": "Message sent"
    }
    assert street.vendor.post(f"/order/vendor/message/send/{order}", {"message": "Good day"}) == {
        "message": "Message sent"
    }

    messages = street.consumer.get(f"/consumer/orders/{order}/messages")["messages"]
    assert [each["message"] for each in messages] == ["Hello", "Good day"]
    assert messages[0].keys() == {"id", "order_id", "sender_phone", "message", "timestamp"}
    assert street.vendor.get(f"/order/vendor/messages/{order}") == {"messages": messages}
    assert street.vendor.get(f"/vendor/orders/{order}/messages") == {"messages": messages}


def test_a_delivered_order_is_rated_complained_of_and_returned(session: Session, street: Street) -> None:
    order = f"/consumer/orders/{delivered(session, street).id}"

    rated = street.consumer.post(f"{order}/rate", {"rating": 5, "review": "Fresh"})
    assert rated.keys() == {"message", "rating"}
    assert (rated["message"], rated["rating"].keys()) == (
        "Thank you for rating!",
        {"order_id", "rating", "review", "created_at"},
    )
    assert street.consumer.refused("POST", f"{order}/rate", json={"rating": 5}) == (400, "Rating already submitted")
    assert street.consumer.refused("POST", f"{order}/rate", json={"rating": 6}) == (
        400,
        "Rating must be between 1 and 5",
    )
    complaint = {"issue_type": "late", "description": "An hour"}
    assert street.consumer.post(f"{order}/issue", complaint) == {"message": "Issue raised"}
    wanted = {"reason": "broken", "items": [{"item_id": street.item.id}]}
    assert street.consumer.post(f"{order}/return/raise", wanted) == {"message": "Return request sent"}


def test_a_vendor_reads_issues_and_takes_goods_back(session: Session, street: Street) -> None:
    order = delivered(session, street).id
    street.consumer.post(f"/consumer/orders/{order}/issue", {"issue_type": "late"})
    lines = {"items": [{"item_id": street.item.id}], "reason": "broken"}
    returns = f"/vendor/orders/{order}/return"

    for path in ("/vendor/orders/issues", f"/vendor/orders/issues?order_id={order}"):
        (issue,) = street.vendor.get(path)["issues"]
        assert issue.keys() == {
            "id",
            "order_id",
            "user_phone",
            "issue_type",
            "description",
            "status",
            "created_at",
            "updated_at",
        }
    assert street.vendor.refused("POST", f"{returns}/accept") == (400, "No pending return requests")
    assert street.vendor.refused("POST", f"{returns}/complete") == (400, "Return not accepted yet")
    assert street.vendor.post(f"{returns}/initiate", lines) == {"message": "Return initiated and accepted"}
    assert street.vendor.post(f"{returns}/complete") == {"message": "Return marked as completed"}
    street.consumer.post(f"/consumer/orders/{order}/return/raise", lines)
    assert street.vendor.post(f"{returns}/accept") == {"message": "Return request accepted"}


def test_what_waits_for_the_delivery(street: Street) -> None:
    order = placed(street)
    lines = {"reason": "broken", "items": [{"item_id": street.item.id}]}

    def refused(who: Old, path: str, body: dict[str, object]) -> tuple[int, str]:
        return who.refused("POST", path, json=body)

    assert refused(street.consumer, f"/consumer/orders/{order}/rate", {"rating": 5}) == (400, "Order not yet delivered")
    assert refused(street.consumer, f"/consumer/orders/{order}/issue", {"issue_type": "late"}) == (
        400,
        "Issue can only be raised for delivered orders",
    )
    for who, path in ((street.consumer, "consumer"), (street.vendor, "vendor")):
        move = "raise" if path == "consumer" else "initiate"
        assert refused(who, f"/{path}/orders/{order}/return/{move}", lines) == (
            400,
            "Only delivered orders can be returned",
        )


LINES = {"reason": "broken", "items": [{"item_id": 1}]}
OF_CONSUMERS = (
    ("GET", "", None),
    ("POST", "/confirm-modified", None),
    ("POST", "/cancel", None),
    ("POST", "/message", {"message": "Hello"}),
    ("GET", "/messages", None),
    ("POST", "/issue", {"issue_type": "late"}),
    ("POST", "/return/raise", LINES),
)
OF_VENDORS = (
    ("GET", "", None),
    ("POST", "/modify", {"modifications": [{"item_id": 1, "quantity": 1}]}),
    ("POST", "/message", {"message": "Hello"}),
    ("GET", "/messages", None),
    ("POST", "/return/accept", None),
    ("POST", "/return/reject", None),
    ("POST", "/return/complete", None),
    ("POST", "/return/initiate", LINES),
)


@pytest.mark.parametrize(("method", "path", "body"), OF_CONSUMERS)
def test_a_strangers_order_is_unauthorized(
    session: Session, street: Street, signed_in: SignIn, method: str, path: str, body: object
) -> None:
    stranger, theirs = signed_in(make_consumer(session)), placed(street)

    for order in (theirs, 999999):
        refusal = stranger.refused(method, f"/consumer/orders/{order}{path}", json=body)
        assert refusal == (403, "Unauthorized")


@pytest.mark.parametrize(("method", "path", "body"), OF_VENDORS)
def test_the_order_of_another_shop_is_unauthorized(
    session: Session, street: Street, signed_in: SignIn, method: str, path: str, body: object
) -> None:
    owner = make_vendor(session)
    make_shop(session, owner)
    stranger, theirs = signed_in(owner), placed(street)

    for order in (theirs, 999999):
        refusal = stranger.refused(method, f"/vendor/orders/{order}{path}", json=body)
        assert refusal == (403, "Unauthorized")


def test_the_exceptions_among_unknown_orders(street: Street) -> None:
    unknown = "/vendor/orders/999999"
    stars = {"rating": 5}

    assert street.consumer.refused("POST", "/consumer/orders/999999/rate", json=stars) == (
        403,
        "Unauthorized or order not found",
    )
    assert street.vendor.refused("POST", f"{unknown}/status", json={"status": "accepted"}) == (404, "Order not found")
    assert street.vendor.refused("POST", "/order/vendor/status/999999", json={"status": "accepted"})[0] == 404
    assert street.vendor.refused("POST", f"{unknown}/cancel") == (404, "Order not found")
    assert street.vendor.refused("GET", "/vendor/orders/issues?order_id=999999") == (403, "Unauthorized")


def test_a_vendor_without_a_shop_has_no_orders(session: Session, signed_in: SignIn) -> None:
    assert signed_in(make_vendor(session)).refused("GET", "/order/vendor") == (404, "Shop not found")
