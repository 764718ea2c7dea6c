"""What the shopper's app sees of a trolley, changes in it and does on the way out."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.domain.enums import AssistReason, LayoutStatus, Role, TrolleyState, WeightState
from app.models import (
    CartItem,
    CartSession,
    Device,
    HandoffCode,
    LiveEvent,
    Order,
    PaymentToken,
    ProductGtin,
    StoreLayout,
    StoreSection,
    TrolleyAssist,
)
from app.services.secrets_at_rest import keyed_hash
from tests import factories
from tests.devices import make_talker
from tests.shopping import assert_sound
from tests.trolleys import DECLINED_CARD, Walk, fresh, held, lines, shelf, start_walk, weighed

V1 = "/api/v1"


@pytest.fixture
def walk(session: Session, client: FlaskClient) -> Walk:
    return start_walk(session, client)


def view(walk: Walk, **query: Any) -> Any:
    return walk.client.get(f"{V1}/cart/view", query_string=query, headers=walk.headers)


def change(walk: Walk, verb: str, product_id: int) -> Any:
    return walk.client.post(f"{V1}/cart/item/{verb}", json={"product_id": product_id}, headers=walk.headers)


def on_cart(walk: Walk, method: str, what: str) -> Any:
    return walk.client.open(f"{V1}/carts/{walk.opened.cart_id}/{what}", method=method, headers=walk.headers)


def check_out(walk: Walk, **headers: str) -> Any:
    return walk.client.post(f"{V1}/orders/checkout", headers={**walk.headers, **headers})


def put_state(session: Session, **columns: Any) -> None:
    session.execute(update(CartSession).values(**columns))
    session.commit()


def error_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def news_of(session: Session, walk: Walk) -> list[dict[str, Any]]:
    statement = select(LiveEvent.payload).where(LiveEvent.user_id == walk.user.id, LiveEvent.topic == "cart.changed")
    return list(session.scalars(statement.order_by(LiveEvent.id)))


def test_the_view_shows_lines_money_and_weight(session: Session, walk: Walk) -> None:
    now = datetime.now(UTC)
    sale = {
        "sale_price": Decimal("8.00"),
        "sale_starts_at": now.replace(year=2020),
        "sale_ends_at": now.replace(year=2099),
    }
    milk = factories.make_product(
        session, stock={walk.branch: 5}, price=Decimal("10.00"), weight_grams=500, deposit=Decimal("0.25"), **sale
    )
    session.add(ProductGtin(product_id=milk.id, gtin="08901234567890"))
    fruit = weighed(session, walk.branch)
    walk.put(milk, 2)
    walk.put(fruit, 1, grams=517)

    data = view(walk).json["data"]

    opened = fresh(session, walk.opened)
    assert (data["cart_id"], data["session_id"], data["trolley"]) == (opened.cart_id, opened.id, walk.trolley.id)
    assert (data["state"], data["version"], data["branch_id"]) == ("shopping", 2, walk.branch.id)
    first, second = data["items"]
    assert (first["quantity"], first["unit_price"], first["price"], first["line_total"]) == (2, 8, 20, 16)
    assert (first["product"]["barcode"], first["product"]["discounted_price"]) == ("8901234567890", 8)
    assert (second["quantity"], second["weight_grams"], second["line_total"]) == (1, 517, 6.38)
    assert (data["total_products"], data["items_count"], data["total_weight"]) == (3, 2, 1517)
    assert (data["total_price"], data["discounted_price"], data["deposit_total"]) == (26.38, 22.38, 0.5)
    assert data["total_amount"] == 22.88
    assert walk.pay(session, expected_total="22.88").status_code == 201


def test_what_clashes_with_the_diet_is_flagged(session: Session, walk: Walk) -> None:
    factories.make_diet(session, walk.user, "milk")
    milk = factories.make_product(session, stock={walk.branch: 5}, allergens=["milk"])
    walk.put(factories.make_product(session, stock={walk.branch: 5}))
    before = view(walk).json["data"]["diet_warning"]
    walk.put(milk)

    data = view(walk).json["data"]

    assert before is False
    assert data["diet_warning"] is True
    assert [line["product"]["diet_warning"] for line in data["items"]] == [False, True]


def test_the_view_shows_the_prices_the_checkout_will_take(session: Session, walk: Walk) -> None:
    milk = factories.make_product(session, stock={walk.branch: 5}, price=Decimal("10.00"))
    walk.put(milk)
    milk.price = Decimal("11.00")
    session.commit()

    assert view(walk).json["data"]["total_amount"] == 11
    assert walk.pay(session, expected_total="11.00").status_code == 201


def test_asking_again_costs_nothing_while_nothing_changed(session: Session, walk: Walk) -> None:
    milk = factories.make_product(session, stock={walk.branch: 5})
    walk.put(milk)
    first = view(walk)
    version = first.json["data"]["version"]

    by_version = view(walk, after=version)
    by_tag = walk.client.get(f"{V1}/carts/current", headers={**walk.headers, "If-None-Match": first.headers["ETag"]})
    walk.put(milk)
    changed = view(walk, after=version)

    assert (by_version.status_code, by_version.data) == (304, b"")
    assert by_tag.status_code == 304
    assert (changed.status_code, changed.json["data"]["version"]) == (200, version + 1)


def test_the_view_takes_one_statement_whatever_is_in_the_basket(
    session: Session, walk: Walk, statements: list[str]
) -> None:
    counts = []
    for _ in range(2):
        walk.put(factories.make_product(session, stock={walk.branch: 5}))
        view(walk)
        statements.clear()
        view(walk)
        counts.append(len([one for one in statements if "cart_sessions" in one]))
        total = len(statements)

    assert counts == [1, 1]
    assert total <= 2, "who asks, and the view"


def test_without_a_trolley_there_is_nothing_to_see(session: Session, client: FlaskClient) -> None:
    headers = factories.sign_in(session, factories.make_user(session))

    for path in ("cart/view", "cart/view?after=3", "carts/current"):
        assert error_of(client.get(f"{V1}/{path}", headers=headers)) == (404, "NO_CART")
    for verb in ("add", "remove"):
        answer = client.post(f"{V1}/cart/item/{verb}", json={"product_id": 1}, headers=headers)
        assert error_of(answer) == (404, "NO_CART")
    assert error_of(client.post(f"{V1}/orders/checkout", headers=headers)) == (404, "NO_CART")


@pytest.mark.parametrize(
    ("method", "what"),
    [
        ("POST", "review"),
        ("DELETE", "review"),
        ("GET", "handoff"),
        ("GET", "exit-token"),
        ("GET", "location"),
    ],
)
def test_a_strangers_cart_is_not_found(
    session: Session, client: FlaskClient, walk: Walk, method: str, what: str
) -> None:
    own = start_walk(session, client)
    path = f"{V1}/carts/{walk.opened.cart_id}/{what}"

    without = client.open(path, method=method, headers=factories.sign_in(session, factories.make_user(session)))
    with_another = client.open(path, method=method, headers=own.headers)

    assert error_of(without) == error_of(with_another) == (404, "CART_NOT_FOUND")
    assert fresh(session, walk.opened).state is TrolleyState.SHOPPING


def test_one_piece_more_and_one_less(session: Session, walk: Walk) -> None:
    milk = factories.make_product(session, stock={walk.branch: 5}, price=Decimal("10.00"))

    change(walk, "add", milk.id)
    added = change(walk, "add", milk.id).json["data"]
    stock = shelf(session, milk)
    removed = change(walk, "remove", milk.id).json["data"]
    last = change(walk, "remove", milk.id).json["data"]

    assert (added["quantity"], added["unit_price"], added["version"]) == (2, 10, 2)
    assert stock == (3, 2)
    assert (removed["quantity"], last["quantity"]) == (1, 0)
    assert (shelf(session, milk), held(session, milk)) == ((5, 0), [("RELEASED", 1)])
    assert error_of(change(walk, "remove", milk.id)) == (404, "NOT_IN_CART")
    assert_sound()


def test_each_change_is_told_at_once(session: Session, walk: Walk) -> None:
    milk = factories.make_product(session, stock={walk.branch: 5})

    change(walk, "add", milk.id)
    on_cart(walk, "POST", "review")

    told = news_of(session, walk)
    assert [(one["version"], one["state"], one["trolley"]) for one in told] == [
        (1, "shopping", walk.trolley.id),
        (2, "review", walk.trolley.id),
    ]
    updates = walk.client.get(f"{V1}/me/updates", headers=walk.headers).json["data"]["updates"]
    assert [one["topic"] for one in updates] == ["cart.changed", "cart.changed"]


def test_what_the_branch_does_not_have_cannot_be_added(session: Session, walk: Walk) -> None:
    elsewhere = factories.make_product(session, stock={factories.make_location(session): 5})
    gone = factories.make_product(session, stock={walk.branch: 5}, is_active=False)

    for product_id in (elsewhere.id, gone.id, 10**9):
        assert error_of(change(walk, "add", product_id)) == (404, "PRODUCT_NOT_FOUND")
    assert lines(session, walk) == []


def test_goods_sold_by_weight_are_weighed_and_go_out_whole(session: Session, walk: Walk) -> None:
    fruit = weighed(session, walk.branch)
    refused = change(walk, "add", fruit.id)
    missing = change(walk, "remove", fruit.id)
    walk.put(fruit, 1, grams=517)

    removed = change(walk, "remove", fruit.id)

    assert error_of(refused) == (409, "WEIGH_ON_TROLLEY")
    assert error_of(missing) == (404, "NOT_IN_CART")
    assert removed.json["data"]["quantity"] == 0
    assert (lines(session, walk), fresh(session, walk.opened).expected_grams) == ([], 0)
    assert_sound()


def test_what_is_sold_from_an_age_on_calls_the_staff(session: Session, walk: Walk) -> None:
    beer = factories.make_product(session, stock={walk.branch: 5}, age_limit=18)

    change(walk, "add", beer.id)
    change(walk, "add", beer.id)

    assert fresh(session, walk.opened).needs_check is True
    assert session.scalars(select(TrolleyAssist.reason)).all() == [AssistReason.AGE_CHECK]
    assert error_of(walk.pay(session)) == (409, "STAFF_CHECK_NEEDED")


def test_a_change_takes_the_same_number_of_statements_in_a_full_basket(
    session: Session, walk: Walk, statements: list[str]
) -> None:
    milk = factories.make_product(session, stock={walk.branch: 9})
    change(walk, "add", milk.id)
    statements.clear()
    change(walk, "add", milk.id)
    alone = len(statements)
    for _ in range(5):
        walk.put(factories.make_product(session, stock={walk.branch: 5}))
    statements.clear()

    change(walk, "add", milk.id)

    assert len(statements) == alone <= 20


def test_a_review_locks_the_basket(session: Session, walk: Walk) -> None:
    talker = make_talker(session, walk.client, walk.trolley)
    milk = factories.make_product(session, stock={walk.branch: 5}, price=Decimal("10.00"))
    walk.put(milk, 2)

    began = on_cart(walk, "POST", "review")
    again = on_cart(walk, "POST", "review")

    opened = fresh(session, walk.opened)
    assert (began.json["data"]["state"], began.json["data"]["version"]) == ("review", 2)
    assert again.json["data"] == began.json["data"]
    line = {"product_id": milk.id, "quantity": 2, "weight_grams": None, "unit_price": 10}
    assert opened.snapshot == {"version": 2, "lines": [line]}
    for verb in ("add", "remove"):
        refused = change(walk, verb, milk.id)
        assert error_of(refused) == (409, "CART_LOCKED")
        assert refused.json["error"]["details"] == {"state": "review"}
    assert lines(session, walk) == [(milk.id, 2, None)]
    beat = talker.beat().json
    assert (beat["st"], beat["n"]) == (2, [["st", 2]])


def test_after_a_review_shopping_goes_on(session: Session, walk: Walk) -> None:
    milk = factories.make_product(session, stock={walk.branch: 5})
    walk.put(milk)
    on_cart(walk, "POST", "review")

    left = on_cart(walk, "DELETE", "review")
    again = on_cart(walk, "DELETE", "review")

    assert (left.json["data"]["state"], again.json["data"]) == ("shopping", left.json["data"])
    assert fresh(session, walk.opened).snapshot is None
    assert change(walk, "add", milk.id).status_code == 200


@pytest.mark.parametrize("state", [TrolleyState.PAYING, TrolleyState.PAID, TrolleyState.ASSIST])
def test_a_review_begins_and_ends_only_while_shopping(session: Session, walk: Walk, state: TrolleyState) -> None:
    walk.put(factories.make_product(session, stock={walk.branch: 5}))
    put_state(session, state=state)

    assert error_of(on_cart(walk, "POST", "review")) == (409, "CART_LOCKED")
    assert error_of(on_cart(walk, "DELETE", "review")) == (409, "CART_LOCKED")


def test_an_empty_or_doubtful_basket_is_not_reviewed(session: Session, walk: Walk) -> None:
    empty = on_cart(walk, "POST", "review")
    walk.put(factories.make_product(session, stock={walk.branch: 5}))
    put_state(session, weight_state=WeightState.MISMATCH)

    assert error_of(empty) == (400, "CART_EMPTY")
    assert error_of(on_cart(walk, "POST", "review")) == (409, "WEIGHT_MISMATCH")


def test_a_till_gets_a_code_for_the_locked_basket(session: Session, walk: Walk) -> None:
    walk.put(factories.make_product(session, stock={walk.branch: 5}))

    first, second = (on_cart(walk, "GET", "handoff").json["data"] for _ in range(2))

    assert (len(second["code"]), second["code"].isdigit(), second["expires_in"]) == (20, True, 600)
    assert fresh(session, walk.opened).state is TrolleyState.REVIEW
    kept = session.scalars(select(HandoffCode.code_hash)).all()
    assert kept == [keyed_hash("handoff", second["code"])]
    assert first["code"] != second["code"]


def test_codes_for_a_till_die_with_the_review(session: Session, walk: Walk) -> None:
    walk.put(factories.make_product(session, stock={walk.branch: 5}))
    on_cart(walk, "GET", "handoff")

    on_cart(walk, "DELETE", "review")

    assert session.scalar(select(func.count()).select_from(HandoffCode)) == 0


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"weight_state": WeightState.MISMATCH}, "WEIGHT_MISMATCH"),
        ({"needs_check": True}, "STAFF_CHECK_NEEDED"),
        ({"state": TrolleyState.PAID}, "TROLLEY_NOT_PAYABLE"),
    ],
)
def test_a_basket_that_cannot_be_paid_goes_to_no_till(
    session: Session, walk: Walk, columns: dict[str, Any], code: str
) -> None:
    walk.put(factories.make_product(session, stock={walk.branch: 5}))
    put_state(session, **columns)

    assert error_of(on_cart(walk, "GET", "handoff")) == (409, code)


def test_only_what_is_paid_gets_out(session: Session, walk: Walk) -> None:
    walk.put(factories.make_product(session, stock={walk.branch: 5}))
    before = on_cart(walk, "GET", "exit-token")
    order_id = walk.pay(session).json["data"]["order_id"]

    token = on_cart(walk, "GET", "exit-token").json["data"]

    assert error_of(before) == (409, "NOT_PAID")
    assert token["order_id"] == order_id
    assert fresh(session, walk.opened).exit_token_hash == keyed_hash("exit-token", token["exit_token"])


def test_a_trolley_is_paid_in_one_step(session: Session, walk: Walk) -> None:
    milk = factories.make_product(session, stock={walk.branch: 5}, price=Decimal("10.00"))
    walk.put(milk, 2)

    paid, again = check_out(walk), check_out(walk)

    order = session.scalars(select(Order)).one()
    assert paid.status_code == 201, paid.json
    data = paid.json["data"]
    assert (data["order_id"], data["order_number"], data["user_id"]) == (order.id, order.order_number, walk.user.id)
    assert (data["total_products"], data["total_price"], data["discounted_price"]) == (2, 20, 20)
    assert (again.status_code, again.json["data"]["order_id"]) == (200, order.id)
    assert fresh(session, walk.opened).state is TrolleyState.PAID
    assert (shelf(session, milk), held(session, milk)) == ((3, 0), [("CONSUMED", 2)])
    assert [one["state"] for one in news_of(session, walk)] == ["paid"]
    assert_sound()


def test_the_default_means_of_payment_is_charged(session: Session, walk: Walk) -> None:
    walk.client.post(f"{V1}/me/payment-tokens", json={"card_number": DECLINED_CARD}, headers=walk.headers)
    milk = factories.make_product(session, stock={walk.branch: 5})
    walk.put(milk)

    refused = check_out(walk)

    assert error_of(refused) == (402, "PAYMENT_DECLINED")
    assert fresh(session, walk.opened).state is TrolleyState.REVIEW
    assert lines(session, walk) == [(milk.id, 1, None)]
    assert_sound()


def test_who_has_no_means_of_payment_is_told(session: Session, walk: Walk) -> None:
    walk.put(factories.make_product(session, stock={walk.branch: 5}))
    session.execute(update(PaymentToken).values(is_active=False))
    session.commit()

    assert error_of(check_out(walk)) == (409, "NO_MEANS_OF_PAYMENT")


def test_an_empty_trolley_is_not_paid_and_a_key_must_be_one(session: Session, walk: Walk) -> None:
    assert error_of(check_out(walk)) == (400, "CART_EMPTY")
    assert error_of(check_out(walk, **{"Idempotency-Key": "ä b"})) == (400, "MISSING_IDEMPOTENCY_KEY")


def test_the_history_has_what_was_bought_with_trolleys(session: Session, walk: Walk, statements: list[str]) -> None:
    factories.make_order(session, walk.user)
    milk = factories.make_product(session, stock={walk.branch: 9}, price=Decimal("10.00"), name="Milk")
    for pieces in (1, 3):
        opened = walk.opened if pieces == 1 else start_again(session, walk)
        walk.opened = opened
        walk.put(milk, pieces)
        assert check_out(walk).status_code == 201
    walk.client.get(f"{V1}/orders/history", headers=walk.headers)
    statements.clear()

    answer = walk.client.get(f"{V1}/orders/history", headers=walk.headers)

    newest, oldest = answer.json["data"]
    assert len(statements) <= 2
    assert (newest["total_products"], newest["total_price"], oldest["total_products"]) == (3, 30, 1)
    line = {"product_id": milk.id, "product_name": "Milk", "quantity": 3, "price": 10, "discounted_price": None}
    assert newest["items"] == [line]
    page = walk.client.get(f"{V1}/orders/history?limit=1", headers=walk.headers).json
    assert (len(page["data"]), page["meta"]["total"], page["meta"]["has_next"]) == (1, 2, True)
    stranger = factories.sign_in(session, factories.make_user(session))
    assert walk.client.get(f"{V1}/orders/history", headers=stranger).json["data"] == []


def start_again(session: Session, walk: Walk) -> CartSession:
    """Another walk of the same shopper, after the last one is over."""
    walk.client.post(f"{V1}/cart/disconnect", headers=walk.headers)
    opened: CartSession = factories.make_cart_session(session, factories.make_trolley(session, walk.branch), walk.user)
    return opened


def test_a_trolley_is_found_where_its_device_says(session: Session, walk: Walk) -> None:
    talker = make_talker(session, walk.client, walk.trolley)
    unknown = on_cart(walk, "GET", "location")
    layout = {"floors": {"0": ["." * 30] * 30}, "cell_cm": 100, "checksum": "0" * 64}
    session.add(StoreLayout(stock_location_id=walk.branch.id, status=LayoutStatus.PUBLISHED, version=1, **layout))
    section = StoreSection(stock_location_id=walk.branch.id, name="Dairy", floor=0, x1=10, y1=4, x2=12, y2=4)
    session.add(section)
    session.commit()
    talker.beat(x=1250, y=430)

    data = on_cart(walk, "GET", "location").json["data"]
    seeds = walk.client.get(f"{V1}/cart/{walk.opened.cart_id}/location", headers=walk.headers).json["data"]

    assert error_of(unknown) == (404, "LOCATION_UNKNOWN")
    assert (data["floor"], data["x_cm"], data["y_cm"]) == (0, 1250, 430)
    assert (data["x_coord"], data["y_coord"]) == (12.5, 4.3)
    assert (data["section_id"], data["section_name"]) == (section.id, "Dairy")
    assert seeds == data


def test_the_staff_find_the_trolleys_of_their_branch(session: Session, walk: Walk) -> None:
    device = make_talker(session, walk.client, walk.trolley)
    session.execute(
        update(Device)
        .where(Device.device_id == device.device_id)
        .values(floor=0, x_cm=10, y_cm=20, located_at=func.now())
    )
    session.commit()
    people = {
        "here": factories.make_employee(session, walk.branch),
        "elsewhere": factories.make_employee(session, factories.make_location(session)),
        "manager": factories.make_user(session, role=Role.MANAGER),
        "vendor": factories.make_user(session, role=Role.VENDOR),
    }
    path = f"{V1}/carts/{walk.opened.cart_id}/location"

    found = {
        who: walk.client.get(path, headers=factories.sign_in(session, user)).status_code for who, user in people.items()
    }

    assert found == {"here": 200, "elsewhere": 404, "manager": 200, "vendor": 404}


def test_the_basket_is_kept_per_product(session: Session, walk: Walk) -> None:
    milk = factories.make_product(session, stock={walk.branch: 5})
    for _ in range(3):
        change(walk, "add", milk.id)

    assert session.scalars(select(CartItem.quantity).where(CartItem.cart_id == walk.opened.cart_id)).all() == [3]
