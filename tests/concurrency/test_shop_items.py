"""Many hands on a shop's items at once, with real commits."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.models import AuditEvent, Inventory, ItemUpload, LiveEvent, Product, Shop, ShopItem, User
from app.services import invariants
from app.services.shop_items import uploading
from tests.concurrency.racing import at_once
from tests.conftest import Live
from tests.factories import make_item, make_shop, make_vendor, sign_in
from tests.sheets import send

ROUNDS = 20
ITEM = "/api/v1/vendor/item"


@pytest.fixture
def session(live: Live) -> Iterator[Session]:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as opened:
        yield opened


@pytest.fixture
def vendor(session: Session) -> User:
    return make_vendor(session)


@pytest.fixture
def shop(session: Session, vendor: User) -> Shop:
    return make_shop(session, vendor)


@pytest.fixture
def headers(session: Session, vendor: User) -> dict[str, str]:
    return sign_in(session, vendor)


def post(live: Live, headers: dict[str, str], path: str, body: Any = None) -> TestResponse:
    return live.client().post(f"{ITEM}{path}", json=body, headers=headers)


def assert_sound(live: Live) -> None:
    with live.app.app_context():
        assert {name: n for name, n in invariants.violations().items() if n} == {}


def test_toggles_changes_and_stock_at_once_all_count(
    live: Live, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    for number in range(ROUNDS):
        item = make_item(session, shop, stock=10, sku=f"R-{number}")
        toggle = partial(post, live, headers, f"/{item.id}/toggle")
        stock = partial(post, live, headers, f"/{item.id}/stock", {"delta": 5})
        change = partial(post, live, headers, f"/update/{item.id}", {"price": 12, "sku": f"N-{number}"})

        answers = at_once([toggle, stock, change] * 3)

        assert {answer.status_code for answer in answers} == {200}
        assert session.scalars(select(Inventory.available_quantity).filter_by(product_id=item.id)).one() == 25
        assert session.scalars(select(ShopItem.is_available).filter_by(product_id=item.id)).one() is False
        assert session.scalars(select(Product.sku).filter_by(id=item.id)).one() == f"N-{number}"
        session.commit()
    assert_sound(live)


def test_of_many_who_take_the_last_pieces_one_is_served(
    live: Live, session: Session, shop: Shop, headers: dict[str, str]
) -> None:
    for _ in range(ROUNDS):
        item = make_item(session, shop, stock=5)

        answers = at_once([partial(post, live, headers, f"/{item.id}/stock", {"delta": -4})] * 4)

        assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 3}
    assert_sound(live)


def test_one_sku_added_many_times_at_once_is_one_item(live: Live, shop: Shop, headers: dict[str, str]) -> None:
    for number in range(ROUNDS):
        body = {"title": "Rice", "price": 1, "sku": f"S-{number}"}

        answers = at_once([partial(post, live, headers, "/add", body)] * 4)

        assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 3}


def test_an_upload_worked_on_by_many_at_once_is_written_once(
    live: Live, session: Session, vendor: User, shop: Shop, headers: dict[str, str]
) -> None:
    rounds = 5
    for number in range(rounds):
        rows = "".join(f"Item {row},1,{number}-{row}\n" for row in range(1_100))
        task_id = send(live.client(), headers, f"title,price,sku\n{rows}").json["data"]["task_id"]
        other = send(live.client(), headers, f"title,price,sku\n{rows}").json["data"]["task_id"]

        def work(task: str) -> None:
            with live.app.app_context():
                uploading.finish(task)

        at_once([partial(work, task) for task in (task_id, task_id, other, other)])

        states = session.execute(select(ItemUpload.state, ItemUpload.created, ItemUpload.failed)).all()
        assert {(state, failed) for state, _, failed in states} == {("done", 0)}
        assert sum(created for _, created, _ in states) == 1_100 * (number + 1)
        assert session.scalar(select(func.count()).select_from(Product)) == 1_100 * (number + 1)
        session.commit()
    assert session.scalar(select(func.count()).select_from(LiveEvent)) == 2 * rounds
    made = select(func.count()).select_from(AuditEvent).filter_by(entity_type="shop_item", action="CREATE")
    assert session.scalar(made) == 1_100 * rounds
    assert_sound(live)
