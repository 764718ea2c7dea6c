"""The card of a product on a trolley's display."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.domain.enums import SessionOutcome, SoldBy
from app.models import Product, ProductGtin, ShopperDiet, Trolley
from tests import factories
from tests.devices import Talker, branch_of, make_talker, refusal_of, row_of

GTIN = "8901234567890"


@pytest.fixture
def talker(session: Session, client: FlaskClient) -> Talker:
    return make_talker(session, client)


def on_shelf(session: Session, talker: Talker, **columns: Any) -> Product:
    product = factories.make_product(session, stock={branch_of(session, talker): 5}, **columns)
    session.add(ProductGtin(product_id=product.id, gtin=GTIN.zfill(14)))
    session.commit()
    return product


def test_a_scanned_product_is_shown_with_price_and_weight(session: Session, talker: Talker) -> None:
    on_shelf(session, talker, name="Toned Milk 500 ml", price=Decimal("27.00"), weight_grams=515)

    answer = talker.get(f"/item/{GTIN}")

    assert answer.status_code == 200, answer.data
    assert answer.json == {"v": 1, "c": GTIN, "n": "Toned Milk 500 ml", "p": 2700, "o": 2700, "w": 515, "k": 0}


def test_an_offer_stands_beside_the_price(session: Session, talker: Talker) -> None:
    now = datetime.now(UTC)
    sale = {"sale_price": Decimal("25.00"), "sale_starts_at": now - timedelta(1), "sale_ends_at": now + timedelta(1)}
    on_shelf(session, talker, price=Decimal("27.00"), **sale)

    card = talker.get(f"/item/{GTIN}").json

    assert (card["p"], card["o"]) == (2700, 2500)


def test_flags_say_what_to_look_out_for(session: Session, talker: Talker) -> None:
    columns = {"sold_by": SoldBy.WEIGHT, "estimated_weight_grams": 400, "age_limit": 18, "is_frozen": True}
    on_shelf(session, talker, **columns)

    card = talker.get(f"/item/{GTIN}").json

    assert (card["k"], card["w"]) == (1 | 2 | 4, 400)


@pytest.mark.parametrize(("allergies", "flag"), [(["milk", "nuts"], 8), (["eggs"], 0), ([], 0)])
def test_the_shopper_is_warned_of_what_they_must_not_eat(
    session: Session, talker: Talker, allergies: list[str], flag: int
) -> None:
    on_shelf(session, talker, allergens=["milk"])
    unpaired = talker.get(f"/item/{GTIN}").json["k"]
    user = factories.make_user(session)
    session.add(ShopperDiet(user_id=user.id, allergies=allergies))
    factories.make_cart_session(session, session.get_one(Trolley, row_of(session, talker).trolley_id), user)

    assert unpaired == 0
    assert talker.get(f"/item/{GTIN}").json["k"] == flag


def test_nobody_is_warned_for_a_shopper_who_has_left(session: Session, talker: Talker) -> None:
    on_shelf(session, talker, allergens=["milk"])
    user = factories.make_user(session)
    session.add(ShopperDiet(user_id=user.id, allergies=["milk"]))
    opened = factories.make_cart_session(session, session.get_one(Trolley, row_of(session, talker).trolley_id), user)
    opened.closed_at, opened.outcome = datetime.now(UTC), SessionOutcome.LEFT
    session.commit()

    assert talker.get(f"/item/{GTIN}").json["k"] == 0


def test_produce_is_found_by_its_number(session: Session, talker: Talker) -> None:
    on_shelf(session, talker, sku="4011", name="Bananas", price=Decimal("8.90"))

    assert talker.get("/item/4011").json["n"] == "Bananas"


@pytest.mark.parametrize(("code", "price", "grams"), [("2012345012504", 1250, 300), ("2512345005007", 1000, 500)])
def test_a_code_of_the_stores_own_scale_carries_price_or_weight(
    session: Session, talker: Talker, code: str, price: int, grams: int
) -> None:
    weighed = {"sold_by": SoldBy.WEIGHT, "estimated_weight_grams": 300}
    on_shelf(session, talker, sku="12345", price=Decimal("20.00"), **weighed)

    card = talker.get(f"/item/{with_check_digit(code)}").json

    assert (card["p"], card["o"], card["w"]) == (price, price, grams)


@pytest.mark.parametrize("code", ["2012345012504", "2920000008609"])
def test_a_number_the_store_gave_a_product_is_that_product_whatever_its_prefix(
    session: Session, talker: Talker, code: str
) -> None:
    on_shelf(session, talker, sku="12345", price=Decimal("20.00"))
    own = factories.make_product(session, stock={branch_of(session, talker): 5}, price=Decimal("17.90"))
    printed = with_check_digit(code)
    session.add(ProductGtin(product_id=own.id, gtin=printed.zfill(14)))
    session.commit()

    card = talker.get(f"/item/{printed}").json

    assert (card["n"], card["p"]) == (own.name, 1790)


def with_check_digit(code: str) -> str:
    digits = [int(digit) for digit in code[:12]]
    return code[:12] + str(-sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10)


def test_the_longest_card_fits_the_display(session: Session, talker: Talker) -> None:
    on_shelf(session, talker, name="שוקולד מריר " * 10, price=Decimal("9999999.99"), weight_grams=2**31 - 1)

    answer = talker.get(f"/item/{GTIN}")

    assert answer.status_code == 200
    assert len(answer.data) <= 160
    assert len(answer.json["n"].encode()) <= 40


@pytest.mark.parametrize(
    ("code", "expected"), [(GTIN, (404, "bad")), ("8901234567891", (400, "bad")), ("abc", (400, "bad"))]
)
def test_what_is_no_product_is_refused(talker: Talker, code: str, expected: tuple[int, str]) -> None:
    assert refusal_of(talker.get(f"/item/{code}")) == expected


def test_what_is_not_sold_any_more_is_not_shown(session: Session, talker: Talker) -> None:
    product = on_shelf(session, talker)
    product.is_active = False
    session.commit()

    assert refusal_of(talker.get(f"/item/{GTIN}")) == (404, "bad")


def test_what_another_branch_sells_is_not_shown(session: Session, talker: Talker) -> None:
    product = factories.make_product(session, stock={factories.make_location(session): 5})
    session.add(ProductGtin(product_id=product.id, gtin=GTIN.zfill(14)))
    session.commit()

    assert refusal_of(talker.get(f"/item/{GTIN}")) == (404, "bad")
