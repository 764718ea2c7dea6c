"""Several managers at one thing at once, with real commits."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import Role
from app.models import AuditEvent, Category, Product, SlotOccurrence, StockLocation, StoredImage
from tests import factories
from tests.concurrency.racing import at_once
from tests.conftest import Live
from tests.managing import ADMIN
from tests.pictures import picture
from tests.routes.test_product_images import sent
from tests.shopping import assert_sound, make_shopper, open_shop

ROUNDS = 10
HANDS = 6


@pytest.fixture
def session(live: Live) -> Session:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as opened:
        yield opened


@pytest.fixture
def headers(session: Session) -> dict[str, str]:
    return factories.sign_in(session, factories.make_user(session, role=Role.MANAGER))


def call(live: Live, headers: dict[str, str], method: str, path: str, **kwargs: Any) -> TestResponse:
    client: FlaskClient = live.client()
    return client.open(f"{ADMIN}{path}", method=method, headers=headers, **kwargs)


def statuses(answers: list[TestResponse]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


def test_two_categories_moved_below_each_other_at_once_make_no_circle(
    live: Live, session: Session, headers: dict[str, str]
) -> None:
    for _ in range(ROUNDS):
        one, two = factories.make_category(session), factories.make_category(session)
        moves = [(one.id, two.id), (two.id, one.id)]

        answers = at_once(
            [
                lambda move=move: call(live, headers, "PATCH", f"/categories/{move[0]}", json={"parent_id": move[1]})
                for move in moves
            ]
        )

        assert statuses(answers) == [200, 409]
        session.rollback()
        parents = session.execute(select(Category.parent_id).where(Category.id.in_([one.id, two.id]))).scalars()
        assert sum(parent is None for parent in parents) == 1


def test_one_sku_and_one_barcode_go_to_one_product_only(live: Live, session: Session, headers: dict[str, str]) -> None:
    category = factories.make_category(session)

    def make(sku: str, gtins: list[str]) -> TestResponse:
        body = {"name": "Milk", "sku": sku, "price": 5, "category_id": category.id, "gtins": gtins}
        return call(live, headers, "POST", "/products", json=body)

    same_sku = at_once([lambda: make("SAME", [])] * HANDS)
    same_gtin = at_once([lambda n=n: make(f"SKU-{n}", ["7290000066318"]) for n in range(HANDS)])

    assert statuses(same_sku) == [201] + [400] * (HANDS - 1)
    assert statuses(same_gtin) == [201] + [409] * (HANDS - 1)
    assert session.execute(select(func.count()).select_from(Product)).scalar_one() == 2


def test_settings_changed_at_once_leave_a_trail_without_gaps(
    live: Live, session: Session, headers: dict[str, str]
) -> None:
    fees = range(1, 4 * HANDS)

    at_once([lambda fee=fee: call(live, headers, "PUT", "/settings", json={"delivery_fee": fee}) for fee in fees])

    events = select(AuditEvent.old_value, AuditEvent.new_value).where(AuditEvent.entity_type == "global_settings")
    trail = [
        (float(old["delivery_fee"]), float(new["delivery_fee"]))
        for old, new in session.execute(events.order_by(AuditEvent.id))
    ]
    assert sorted(new for _, new in trail) == list(fees)
    assert [old for old, _ in trail] == [30, *(new for _, new in trail[:-1])]
    assert call(live, headers, "GET", "/settings").json["data"]["delivery_fee"] == trail[-1][1]


def test_of_several_warehouses_closed_at_once_the_delivery_source_stays(
    live: Live, session: Session, headers: dict[str, str]
) -> None:
    ids = [factories.make_warehouse(session).id for _ in range(4)]

    answers = at_once(
        [lambda n=n: call(live, headers, "PATCH", f"/branches/{n}/toggle?active=false") for n in reversed(ids)]
    )

    assert statuses(answers) == [200, 200, 200, 409]
    assert session.execute(select(StockLocation.id).where(StockLocation.is_active)).scalars().all() == [ids[0]]


def test_a_capacity_lowered_among_orders_is_never_below_what_is_booked(
    live: Live, session: Session, headers: dict[str, str]
) -> None:
    shop = open_shop(session, capacity=50)
    shoppers = [make_shopper(session, live.client()) for _ in range(8)]
    for shopper in shoppers:
        shopper.add(shop.products[0])
    slot = f"/delivery-slots/{shop.slot.id}"
    lowering = [
        lambda capacity=capacity: call(live, headers, "PATCH", slot, json={"capacity": capacity})
        for capacity in (3, 2, 1)
    ]

    answers = at_once([*[lambda shopper=shopper: shopper.confirm(shop) for shopper in shoppers], *lowering])

    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    session.rollback()
    for day in session.execute(select(SlotOccurrence)).scalars():
        assert day.booked <= day.capacity
    assert_sound()


def test_pictures_uploaded_at_once_are_all_kept_up_to_the_limit(
    live: Live, session: Session, headers: dict[str, str]
) -> None:
    product, other = factories.make_product(session), factories.make_product(session)
    files = [picture(size=(10 + n, 10)) for n in range(12)]

    answers = at_once(
        [
            lambda file=file: call(live, headers, "POST", f"/products/{product.id}/images", **sent(file))
            for file in files
        ]
    )
    same = at_once(
        [
            lambda row=row: call(live, headers, "POST", f"/products/{row.id}/images", **sent(picture(size=(500, 400))))
            for row in (other, factories.make_product(session))
        ]
    )

    assert statuses(answers) == [201] * 10 + [409] * 2
    assert statuses(same) == [201, 201]
    session.rollback()
    urls = session.execute(select(Product.image_urls).where(Product.id == product.id)).scalar_one()
    assert len(set(urls)) == 10
    assert session.execute(select(func.count()).select_from(StoredImage)).scalar_one() == 12
