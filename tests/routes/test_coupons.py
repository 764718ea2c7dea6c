"""Coupons as managers make and watch them."""

from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import Role
from app.models import AuditEvent, Coupon
from tests import factories
from tests.conftest import Statements
from tests.shopping import one

COUPONS = "/api/v1/admin/coupons"
FORM = {"code": "welcome-10", "description": "10 % off", "kind": "PERCENT", "value": 10}


def create(client: FlaskClient, headers: dict[str, str], **form: Any) -> TestResponse:
    return client.post(COUPONS, json={**FORM, **form}, headers=headers)


def change(client: FlaskClient, headers: dict[str, str], coupon: Coupon, **form: Any) -> TestResponse:
    return client.patch(f"{COUPONS}/{coupon.id}", json=form, headers=headers)


def codes(client: FlaskClient, headers: dict[str, str], **query: Any) -> list[str]:
    return [found["code"] for found in client.get(COUPONS, query_string=query, headers=headers).json["data"]]


def last_audit(session: Session) -> AuditEvent:
    found = session.execute(select(AuditEvent).where(AuditEvent.entity_type == "coupon").order_by(AuditEvent.id.desc()))
    event: AuditEvent = found.scalars().first()  # type: ignore[assignment]
    return event


def test_a_coupon_is_made_in_capitals_and_switched_on(
    client: FlaskClient, session: Session, as_manager: dict[str, str]
) -> None:
    answer = create(client, as_manager, per_user_limit=1, max_discount="20.00")

    assert answer.status_code == 201
    data = answer.json["data"]
    assert (data["code"], data["value"], data["max_discount"], data["per_user_limit"]) == ("WELCOME-10", 10.0, 20.0, 1)
    assert (data["is_active"], data["used_count"], data["usage_limit"]) == (True, 0, None)
    event = last_audit(session)
    assert (event.action, event.entity_id, event.new_value["code"]) == ("CREATE", data["id"], "WELCOME-10")


def test_a_code_is_taken_once_however_it_is_spelled(client: FlaskClient, as_manager: dict[str, str]) -> None:
    create(client, as_manager)

    answer = create(client, as_manager, code=" Welcome-10 ")

    assert (answer.status_code, answer.json["error"]["code"]) == (409, "COUPON_EXISTS")


@pytest.mark.parametrize(
    "fault",
    [
        {"code": "no"},
        {"code": "with space"},
        {"code": "X" * 33},
        {"code": "GRÜN"},
        {"description": " "},
        {"value": 0},
        {"value": 100.01},
        {"kind": "AMOUNT", "value": 0},
        {"kind": "AMOUNT", "value": 5, "max_discount": 3},
        {"kind": "FREE_DELIVERY", "value": 5},
        {"max_discount": 0},
        {"usage_limit": 0},
        {"per_user_limit": True},
        {"starts_at": "2030-01-02T00:00:00Z", "ends_at": "2030-01-02T00:00:00Z"},
        {"starts_at": "2030-01-02T00:00:00"},
        {"used_count": 3},
    ],
    ids=str,
)
def test_a_coupon_that_makes_no_sense_is_refused(
    client: FlaskClient, as_manager: dict[str, str], fault: dict[str, Any]
) -> None:
    answer = create(client, as_manager, **fault)

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")


def test_free_delivery_needs_no_value(client: FlaskClient, as_manager: dict[str, str]) -> None:
    form = {"code": "FREE", "description": "Free delivery", "kind": "FREE_DELIVERY"}

    answer = client.post(COUPONS, json=form, headers=as_manager)

    assert (answer.status_code, answer.json["data"]["value"]) == (201, 0)


def test_the_list_finds_by_code_and_description_and_state(
    client: FlaskClient, session: Session, as_manager: dict[str, str]
) -> None:
    factories.make_coupon(session, code="SPRING", description="Flowers")
    factories.make_coupon(session, code="AUTUMN", description="Of Spring wine: 100%")
    factories.make_coupon(session, code="WINTER", description="Snow", is_active=False)

    assert codes(client, as_manager) == ["SPRING", "AUTUMN", "WINTER"]
    assert codes(client, as_manager, q="spring") == ["SPRING", "AUTUMN"]
    assert codes(client, as_manager, q="%") == ["AUTUMN"]
    assert codes(client, as_manager, isActive="false") == ["WINTER"]
    assert codes(client, as_manager, q="spring", is_active="false") == []


def test_the_list_has_pages_and_a_total_in_one_statement(
    client: FlaskClient, session: Session, as_manager: dict[str, str], statements: Statements
) -> None:
    made = [factories.make_coupon(session).code for _ in range(5)]
    client.get(COUPONS, headers=as_manager)
    statements.clear()

    first = client.get(COUPONS, query_string={"limit": 2}, headers=as_manager)

    few = len(statements)
    meta = first.json["meta"]
    assert (meta["total"], meta["has_next"]) == (5, True)
    assert codes(client, as_manager, limit=2, cursor=meta["next_cursor"]) == made[2:4]
    statements.clear()
    client.get(COUPONS, headers=as_manager)
    assert len(statements) == few


def test_a_coupon_shows_what_live_orders_used_it_for(
    client: FlaskClient, session: Session, as_manager: dict[str, str]
) -> None:
    user = factories.make_user(session)
    order = factories.make_order(session, user)
    discount = factories.make_discount(session, order, amount=Decimal("1.50"))

    data = client.get(f"{COUPONS}/{discount.coupon_id}", headers=as_manager).json["data"]

    assert (data["customers"], data["discount_total"], data["orders_total"]) == (1, 1.5, 10.0)


def test_a_coupon_nobody_used_shows_zeros(client: FlaskClient, session: Session, as_manager: dict[str, str]) -> None:
    coupon = factories.make_coupon(session)

    data = client.get(f"{COUPONS}/{coupon.id}", headers=as_manager).json["data"]

    assert (data["customers"], data["discount_total"], data["orders_total"]) == (0, 0, 0)


def test_a_change_touches_what_is_named_and_is_audited(
    client: FlaskClient, session: Session, as_manager: dict[str, str]
) -> None:
    coupon = factories.make_coupon(session, usage_limit=5, max_discount=Decimal("3.00"))

    answer = change(client, as_manager, coupon, usage_limit=None, value="12.50")

    assert answer.status_code == 200
    data = answer.json["data"]
    assert (data["usage_limit"], data["value"], data["max_discount"]) == (None, 12.5, 3.0)
    event = last_audit(session)
    assert event.action == "UPDATE"
    assert event.old_value == {"usage_limit": 5, "value": "10.00"}
    assert event.new_value == {"usage_limit": None, "value": "12.50"}


@pytest.mark.parametrize(
    "fault",
    [
        {"value": 101},
        {"kind": "FREE_DELIVERY"},
        {"starts_at": "2036-01-01T00:00:00Z"},
        {"description": None},
        {"code": "OTHER"},
    ],
    ids=str,
)
def test_a_change_that_breaks_a_rule_is_refused(
    client: FlaskClient, session: Session, as_manager: dict[str, str], fault: dict[str, Any]
) -> None:
    coupon = factories.make_coupon(session)
    change(client, as_manager, coupon, ends_at="2035-01-01T00:00:00Z")

    answer = change(client, as_manager, coupon, **fault)

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert one(session, Coupon).value == Decimal("10.00")


def test_a_coupon_is_switched_off_and_on_and_each_is_audited_once(
    client: FlaskClient, session: Session, as_manager: dict[str, str]
) -> None:
    coupon = factories.make_coupon(session)
    toggle = f"{COUPONS}/{coupon.id}/toggle"

    off = client.patch(toggle, query_string={"active": "false"}, headers=as_manager)
    client.patch(toggle, query_string={"active": "false"}, headers=as_manager)
    on = client.patch(toggle, query_string={"active": "true"}, headers=as_manager)

    assert (off.json["data"]["is_active"], on.json["data"]["is_active"]) == (False, True)
    of_coupons = select(AuditEvent.action).where(AuditEvent.entity_type == "coupon").order_by(AuditEvent.id)
    assert session.execute(of_coupons).scalars().all() == ["DEACTIVATE", "ACTIVATE"]


def test_toggle_without_a_state_is_refused(client: FlaskClient, session: Session, as_manager: dict[str, str]) -> None:
    coupon = factories.make_coupon(session)

    assert client.patch(f"{COUPONS}/{coupon.id}/toggle", headers=as_manager).status_code == 400


def test_a_coupon_that_does_not_exist_is_not_found(client: FlaskClient, as_manager: dict[str, str]) -> None:
    answers = [
        client.get(f"{COUPONS}/999", headers=as_manager),
        client.patch(f"{COUPONS}/999", json={"value": 5}, headers=as_manager),
        client.patch(f"{COUPONS}/999/toggle?active=true", headers=as_manager),
    ]

    assert [(each.status_code, each.json["error"]["code"]) for each in answers] == [(404, "COUPON_NOT_FOUND")] * 3


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.EMPLOYEE])
def test_coupons_are_for_managers(client: FlaskClient, session: Session, role: Role) -> None:
    headers = factories.sign_in(session, factories.make_user(session, role=role))

    assert client.get(COUPONS, headers=headers).status_code == 403
    assert create(client, headers).status_code == 403
