"""The shop's settings over HTTP, and that they steer what delivery costs."""

from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.enums import Role
from app.models import AuditEvent, Order
from tests.factories import make_user, sign_in
from tests.managing import Manager, assert_for_managers_only, audited
from tests.shopping import make_shopper, one, open_shop

URL = "/api/v1/admin/settings"


@pytest.mark.parametrize("role", list(Role))
def test_everybody_signed_in_reads_the_settings_as_numbers(client: FlaskClient, session: Session, role: Role) -> None:
    data = client.get(URL, headers=sign_in(session, make_user(session, role=role))).json["data"]

    assert set(data) == {"id", "delivery_min", "delivery_fee", "free_threshold", "slots", "updated_at", "updated_by"}
    assert (data["delivery_min"], data["delivery_fee"], data["slots"]) == (150, 30, "06:00-22:00")


def test_nobody_else_reads_them(client: FlaskClient) -> None:
    assert client.get(URL).status_code == 401


def test_only_managers_change_them(client: FlaskClient, session: Session) -> None:
    assert_for_managers_only(session, client, ("PUT", "/settings"))


def test_a_change_sets_what_it_names_and_says_who_made_it(manager: Manager, session: Session) -> None:
    before = manager.get("/settings")["data"]

    data = manager.done("PUT", "/settings", json={"delivery_fee": "24.90", "slots": "07:00-21:00"})

    assert (data["delivery_fee"], data["slots"], data["delivery_min"]) == (24.9, "07:00-21:00", before["delivery_min"])
    assert data["updated_by"] == manager.user.id
    assert data["updated_at"] >= before["updated_at"]
    assert manager.get("/settings")["data"] == data


def test_the_audit_trail_holds_the_changed_fields_with_actor_and_request(manager: Manager, session: Session) -> None:
    manager.done("PUT", "/settings", json={"delivery_fee": 25, "delivery_min": 150})

    assert audited(session, "global_settings") == [("UPDATE", {"delivery_fee": "30.00"}, {"delivery_fee": "25"})]
    event = session.execute(select(AuditEvent).where(AuditEvent.entity_type == "global_settings")).scalar_one()
    assert (event.actor_user_id, event.entity_id) == (manager.user.id, 1)
    assert event.request_id


def test_a_change_that_changes_nothing_leaves_no_trace(manager: Manager, session: Session) -> None:
    data = manager.done("PUT", "/settings", json={"delivery_fee": 30})

    assert data["updated_by"] is None
    assert audited(session, "global_settings") == []


@pytest.mark.parametrize(
    "body",
    [
        {"delivery_fee": -1},
        {"delivery_fee": 1.234},
        {"delivery_min": "a lot"},
        {"delivery_min": True},
        {"slots": "6-22"},
        {"slots": "22:00-06:00"},
        {"slots": "06:00-25:00"},
        {"slots": "06:00-22:00\n"},
        {"currency": "EUR"},
    ],
)
def test_an_impossible_setting_is_refused(manager: Manager, body: dict[str, Any]) -> None:
    assert manager.refused("PUT", "/settings", json=body) == (400, "VALIDATION_ERROR")


def test_a_changed_fee_is_what_preview_shows_and_confirm_charges(
    manager: Manager, client: FlaskClient, session: Session
) -> None:
    shop, shopper = open_shop(session), make_shopper(session, client)
    shopper.add(shop.products[0], 4)
    preview = {"cart_id": shopper.cart_id(), "fulfillment_type": "DELIVERY"}

    def fee() -> float:
        return shopper.post("/checkout/preview", json=preview).json["data"]["delivery_fee"]

    assert fee() == 30
    manager.done("PUT", "/settings", json={"delivery_min": 100, "delivery_fee": 12.5})
    assert fee() == 12.5
    manager.done("PUT", "/settings", json={"delivery_min": 40})
    assert fee() == 0
    manager.done("PUT", "/settings", json={"delivery_min": 40.01, "delivery_fee": 7})
    paid = shopper.confirm(shop).json["data"]["total_paid"]

    assert paid == 47
    assert one(session, Order).delivery_fee == Decimal("7.00")
