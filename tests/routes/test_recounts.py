"""Counting a shelf over HTTP: what orders hold comes first."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import MovementKind, PickedStatus, Role
from app.models import AuditEvent, Inventory, OrderItem, StockChange, StockMovement
from tests.factories import make_employee, make_location, make_product, make_stock, make_user, sign_in
from tests.shopping import Shop, assert_sound, make_shopper, one, open_shop

RECOUNTS = "/api/v1/ops/recounts"


@pytest.fixture
def shop(session: Session, client: FlaskClient) -> Shop:
    """Ten pieces, of which an open order holds four."""
    opened = open_shop(session, stock=10)
    shopper = make_shopper(session, client)
    shopper.add(opened.products[0], 4)
    assert shopper.confirm(opened).status_code == 201
    return opened


@pytest.fixture
def headers(session: Session, shop: Shop) -> dict[str, str]:
    return sign_in(session, make_employee(session, shop.warehouse))


def count(client: FlaskClient, headers: dict[str, str], shop: Shop, counted: int, **body: Any) -> TestResponse:
    form = {"branch_id": shop.warehouse.id, "product_id": shop.products[0].id, "counted_quantity": counted}
    return client.post(RECOUNTS, json={**form, **body}, headers=headers)


def quantities(session: Session) -> tuple[int, int]:
    row = one(session, Inventory)
    return row.available_quantity, row.reserved_quantity


def test_a_count_sets_what_is_available_beside_what_orders_hold(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    session.execute(update(Inventory).values(needs_recount=True))
    session.commit()

    answer = count(client, headers, shop, 9, reason="Weekly count")

    assert answer.status_code == 201
    data = answer.json["data"]
    assert (data["expected_quantity"], data["difference"], data["unpicked_quantity"]) == (10, -1, 4)
    assert (data["available_quantity"], data["reserved_quantity"], data["shortage"]) == (5, 4, 0)
    assert quantities(session) == (5, 4)
    assert not one(session, Inventory).needs_recount
    change = one(session, StockChange)
    moved = session.scalars(select(StockMovement).where(StockMovement.kind == MovementKind.RECOUNT)).one()
    assert (change.counted_quantity, change.reason, data["id"]) == (9, "Weekly count", change.id)
    assert (moved.available_change, moved.reserved_change, moved.source_id) == (-1, 0, change.id)
    audited = session.scalars(select(AuditEvent).where(AuditEvent.action == "RECOUNT")).one()
    assert (audited.entity_type, audited.old_value["available_quantity"]) == ("inventory", 6)
    assert audited.context == {"counted": 9, "expected": 10, "shortage": 0}
    assert_sound()


def test_a_count_that_is_right_changes_nothing_but_is_on_record(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    answer = count(client, headers, shop, 10)

    assert answer.json["data"]["difference"] == 0
    assert quantities(session) == (6, 4)
    assert one(session, StockChange).counted_quantity == 10
    assert_sound()


def test_pieces_short_of_open_orders_are_said_and_never_go_below_nothing(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    answer = count(client, headers, shop, 3)

    assert (answer.json["data"]["available_quantity"], answer.json["data"]["shortage"]) == (0, 1)
    assert quantities(session) == (0, 4)
    assert_sound()


def test_picked_pieces_are_not_on_the_shelf_any_more(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    session.execute(update(OrderItem).values(picked_status=PickedStatus.PICKED, picked_quantity=4))
    session.commit()

    answer = count(client, headers, shop, 6)

    assert (answer.json["data"]["expected_quantity"], answer.json["data"]["difference"]) == (6, 0)
    assert quantities(session) == (6, 4)


def test_pieces_set_aside_by_hand_are_counted_with_the_shelf_and_give_way_to_orders(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    manager = sign_in(session, make_user(session, role=Role.MANAGER))
    row_id = one(session, Inventory).id
    edit = {"available_quantity": 6, "reserved_quantity": 7}
    client.patch(f"/api/v1/admin/inventory/{row_id}", json=edit, headers=manager)

    expected = count(client, headers, shop, 13)
    tight = count(client, headers, shop, 5)

    assert (expected.json["data"]["difference"], expected.json["data"]["available_quantity"]) == (0, 6)
    assert (tight.json["data"]["available_quantity"], tight.json["data"]["reserved_quantity"]) == (0, 5)
    assert tight.json["data"]["shortage"] == 0
    assert_sound()


def test_only_shelves_of_ones_branches_are_counted(client: FlaskClient, session: Session, shop: Shop) -> None:
    elsewhere = make_location(session)
    stranger = sign_in(session, make_employee(session, elsewhere))
    manager = sign_in(session, make_user(session, role=Role.MANAGER))

    assert count(client, stranger, shop, 1).status_code == 404
    assert count(client, manager, shop, 10, branch_id=elsewhere.id).status_code == 404
    assert count(client, manager, shop, 10).status_code == 201


def test_a_recount_touches_no_other_shelf(
    client: FlaskClient, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    neighbour = make_stock(session, make_product(session), shop.warehouse, 8)

    count(client, headers, shop, 2)

    same = session.execute(select(Inventory.available_quantity).where(Inventory.id == neighbour.id)).scalar_one()
    assert same == 8


@pytest.mark.parametrize("body", [{"counted_quantity": -1}, {"counted_quantity": 1.5}, {"reason": ""}])
def test_impossible_counts_are_refused(
    client: FlaskClient, shop: Shop, headers: dict[str, str], body: dict[str, Any]
) -> None:
    form = {"counted": 1, **body} if "counted_quantity" not in body else {"counted": 0, **body}
    counted = form.pop("counted")

    assert count(client, headers, shop, counted, **form).status_code == 400
