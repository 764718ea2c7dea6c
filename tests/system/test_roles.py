"""No way into another branch: what its orders, transfers and calls are to an employee of this one.

Who may enter which route at all is tried in `tests/doors`, by the list `who_may_enter.txt`.
"""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.domain.enums import PickedStatus
from app.models import AssistanceRequest, Order, StockTransfer, StockTransferLine, User
from tests import factories
from tests.picking import bought, items_of, make_picker
from tests.shopping import Shop, Shopper, make_shopper, open_shop

NOBODY_THERE = 10**9


@pytest.fixture
def shop(session: Session) -> Shop:
    return open_shop(session, stock=20, products=2)


@pytest.fixture
def shopper(client: FlaskClient, session: Session) -> Shopper:
    return make_shopper(session, client)


@pytest.fixture
def order(session: Session, shopper: Shopper, shop: Shop) -> Order:
    """An order of the warehouse with a proposed substitute."""
    made = bought(session, shopper, shop, 1)
    picker = make_picker(session, shop)
    substitute = factories.make_product(session, stock={shop.warehouse: 5})
    picker.mark(items_of(session, made)[0], PickedStatus.REPLACED, replacement_product_id=substitute.id)
    return made


def calls_on(
    session: Session, shop: Shop, order: Order, shopper: Shopper, *, actor: User
) -> list[tuple[str, str, Any]]:
    """Every call of the staff on something of the warehouse, with a body that would be taken."""
    item = items_of(session, order)[0]
    elsewhere = factories.make_location(session)
    places = {"from_location_id": shop.warehouse.id, "to_location_id": elsewhere.id}
    transfer = StockTransfer(**places, requested_by=shopper.user.id)
    asked = AssistanceRequest(user_id=shopper.user.id, stock_location_id=shop.warehouse.id, message="Help")
    session.add_all([transfer, asked])
    session.flush()
    session.add(StockTransferLine(transfer_id=transfer.id, product_id=shop.products[0].id, requested_quantity=1))
    session.commit()
    one, product = f"/ops/orders/{order.id}", shop.products[0].id
    place = {"branch_id": shop.warehouse.id, "product_id": product}
    return [
        ("GET", one, None),
        ("POST", f"{one}/claim", {}),
        ("DELETE", f"{one}/claim", None),
        ("PATCH", f"{one}/status", {"status": "IN_PROGRESS"}),
        ("PATCH", f"{one}/items/{item.id}/picked-status", {"picked_status": "PICKED"}),
        ("POST", f"{one}/items/{item.id}/report-damage", {"reason": "Broken"}),
        ("PUT", f"{one}/driver", {"driver_id": actor.id}),
        ("POST", f"{one}/out-for-delivery", None),
        ("POST", f"{one}/delivered", {"received_by": "Noa"}),
        ("POST", f"{one}/delivery-failed", {"reason": "Nobody home"}),
        ("POST", "/ops/batches", {"order_ids": [order.id]}),
        ("GET", f"/ops/transfers/{transfer.id}", None),
        ("POST", f"/ops/transfers/{transfer.id}/send", {"lines": [{"product_id": product, "quantity": 1}]}),
        ("POST", f"/ops/transfers/{transfer.id}/cancel", None),
        ("POST", "/ops/recounts", {**place, "counted_quantity": 5}),
        ("POST", "/stock-requests", {**place, "quantity": 5, "request_type": "ADD_QUANTITY"}),
        ("POST", "/ops/stock-requests", {**place, "quantity": 5, "request_type": "ADD_QUANTITY"}),
        ("POST", f"/ops/assistance/{asked.id}/resolve", {}),
    ]


def test_an_employee_of_another_branch_finds_nothing_of_this_one(
    client: FlaskClient, session: Session, shop: Shop, order: Order, shopper: Shopper
) -> None:
    stranger = factories.make_employee(session, factories.make_location(session))
    calls = calls_on(session, shop, order, shopper, actor=stranger)
    headers = factories.sign_in(session, stranger)

    answers = [client.open(f"/api/v1{path}", method=method, json=body, headers=headers) for method, path, body in calls]

    statuses = {call[:2]: answer.status_code for call, answer in zip(calls, answers, strict=True)}
    assert {call: status for call, status in statuses.items() if status != 404} == {}


def test_what_an_employee_of_another_branch_is_told_is_what_everybody_is_told_of_nothing(
    client: FlaskClient, session: Session, shop: Shop, order: Order, shopper: Shopper
) -> None:
    stranger = factories.make_employee(session, factories.make_location(session))
    headers = factories.sign_in(session, stranger)

    foreign = client.get(f"/api/v1/ops/orders/{order.id}", headers=headers)
    missing = client.get(f"/api/v1/ops/orders/{NOBODY_THERE}", headers=headers)

    assert foreign.data == missing.data


@pytest.mark.parametrize(
    "path",
    [
        "/ops/orders",
        "/ops/batches",
        "/ops/transfers",
        "/ops/stock-requests",
        "/ops/assistance",
        "/ops/low-stock",
        "/admin/inventory",
    ],
)
def test_lists_show_an_employee_their_own_branch_only(
    client: FlaskClient, session: Session, shop: Shop, order: Order, shopper: Shopper, path: str
) -> None:
    stranger = factories.make_employee(session, factories.make_location(session))
    calls_on(session, shop, order, shopper, actor=stranger)

    answer = client.get(f"/api/v1{path}", headers=factories.sign_in(session, stranger))

    data = answer.json["data"]
    assert answer.status_code == 200
    assert (data["items"] if isinstance(data, dict) else data) == []


def test_an_employee_of_the_branch_gets_through_where_strangers_do_not(
    client: FlaskClient, session: Session, shop: Shop, order: Order, shopper: Shopper
) -> None:
    """The calls of the test above are right but for the branch: at home not one of them is a 404 for want of it."""
    colleague = factories.make_employee(session, shop.warehouse)
    calls = calls_on(session, shop, order, shopper, actor=colleague)
    headers = factories.sign_in(session, colleague)

    answers = [client.open(f"/api/v1{path}", method=method, json=body, headers=headers) for method, path, body in calls]

    statuses = {call[:2]: answer.status_code for call, answer in zip(calls, answers, strict=True)}
    assert {call: status for call, status in statuses.items() if status not in (200, 201, 409)} == {}
