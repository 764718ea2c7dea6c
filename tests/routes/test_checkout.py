"""Preview and confirm over HTTP."""

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Inventory, Order
from app.services import invariants
from tests.shopping import make_shopper, open_shop


def test_a_confirmed_cart_is_an_order_with_stock_taken_and_payment_held(client: FlaskClient, session: Session) -> None:
    shop = open_shop(session, stock=5)
    shopper = make_shopper(session, client)
    shopper.add(shop.products[0], 2)

    answer = shopper.confirm(shop)

    assert answer.status_code == 201, answer.json
    assert answer.json["data"]["total_paid"] == 50.0
    order = session.execute(select(Order)).scalar_one()
    assert order.status == "CREATED"
    stock = session.execute(select(Inventory)).scalar_one()
    assert (stock.available_quantity, stock.reserved_quantity) == (3, 2)
    assert not any(invariants.violations().values())
