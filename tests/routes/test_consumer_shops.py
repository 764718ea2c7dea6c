"""Shops and their items as consumers see them: who sees which shop, searching, opening, and what is on offer."""

from collections.abc import Iterator
from datetime import datetime, time
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.config import settings
from app.domain.search_text import normalise
from app.models import Shop, ShopHoliday, ShopHours, StockLocation, User
from app.services.shops import searching
from tests.conftest import Statements
from tests.factories import make_consumer, make_item, make_shop, make_vendor, sign_in

CONSUMER = "/api/v1/consumer"


@pytest.fixture
def consumer(session: Session) -> User:
    """Lives in Rose Garden, Pune."""
    return make_consumer(session)


@pytest.fixture
def headers(session: Session, consumer: User) -> dict[str, str]:
    return sign_in(session, consumer)


@pytest.fixture
def shop(session: Session) -> Shop:
    return make_shop(session, name="Corner shop")


def shop_in(session: Session, city: str, society: str, **columns: Any) -> Shop:
    return make_shop(session, make_vendor(session, city=city, society=society), **columns)


def get(client: FlaskClient, headers: dict[str, str], path: str, **query: Any) -> TestResponse:
    return client.get(f"{CONSUMER}{path}", query_string=query, headers=headers)


def ids(answer: TestResponse) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [shop["id"] for shop in answer.json["data"]]


def test_a_shop_is_shown_with_what_the_contract_names(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    shop = make_shop(session, name="Corner shop", category_tags="fruit, milk", featured=True)
    shop.rating_sum, shop.rating_count = 13, 3
    session.commit()

    answer = get(client, headers, "/shops")

    assert answer.json["data"] == [
        {
            "id": shop.id,
            "shop_name": "Corner shop",
            "shop_type": "grocery",
            "description": "",
            "is_open": True,
            "delivers": False,
            "appointment_only": False,
            "category_tags": "fruit, milk",
            "logo_url": None,
            "featured": True,
            "verified": False,
            "city": "Pune",
            "society": "Rose Garden",
            "rating": 4.3,
            "rating_count": 3,
        }
    ]
    assert (answer.json["meta"]["limit"], answer.json["meta"]["total"]) == (200, 1)


def test_a_consumer_sees_the_shops_of_the_own_society_in_any_case(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    here = [shop_in(session, "PUNE", "rose garden"), shop_in(session, "Pune", "Rose Garden")]
    shop_in(session, "Pune", "Lake View", delivers=True)
    shop_in(session, "Mumbai", "Rose Garden")

    assert ids(get(client, headers, "/shops")) == [shop.id for shop in here]


def test_the_whole_city_shows_shops_that_deliver_too(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    here = shop_in(session, "Pune", "Rose Garden")
    delivers = shop_in(session, "pune", "Lake View", delivers=True)
    shop_in(session, "Pune", "Lake View")
    shop_in(session, "Mumbai", "Rose Garden", delivers=True)

    assert ids(get(client, headers, "/shops", area="city")) == [here.id, delivers.id]
    assert ids(get(client, headers, "/shops/search", area="city", q="grocery")) == [here.id, delivers.id]


def test_who_lives_nowhere_yet_sees_all_shops(client: FlaskClient, session: Session, shop: Shop) -> None:
    other = shop_in(session, "Mumbai", "Sea Side")
    headers = sign_in(session, make_consumer(session, city=None, society=None, onboarded_at=None))

    assert ids(get(client, headers, "/shops")) == [shop.id, other.id]


def test_type_and_tags_are_parts_of_words_in_any_case_and_every_tag_must_be_there(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    both = make_shop(session, shop_type="Fruit stall", category_tags="Organic,100%_fresh")
    make_shop(session, shop_type="Bakery", category_tags="organic")

    asked = [{"type": "FRUIT"}, {"type": "%"}, {"tag": "ORG"}, {"tag": ["organic", "fresh"]}, {"tag": ["organic", "x"]}]
    asked += [{"tag": "%_"}, {"tag": "_r"}]
    found = [len(ids(get(client, headers, "/shops", **query))) for query in asked]

    assert found == [1, 0, 2, 1, 0, 1, 0]
    assert ids(get(client, headers, "/shops", tag="fresh")) == [both.id]


def local_now() -> datetime:
    return datetime.now(settings().zone)


def test_a_shop_is_open_by_switch_hours_and_holidays(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    today, other_day = local_now().weekday(), (local_now().weekday() + 1) % 7
    shops = [make_shop(session, is_open=False), *(make_shop(session) for _ in range(4))]
    switched_off, always, in_hours, other_hours, on_holiday = shops
    whole_day = {"open_time": time.min, "close_time": time.max}
    session.add(ShopHours(shop_id=in_hours.id, day_of_week=today, **whole_day))
    session.add(ShopHours(shop_id=other_hours.id, day_of_week=other_day, **whole_day))
    session.add(ShopHoliday(shop_id=on_holiday.id, day=local_now().date()))
    session.commit()

    shown = {shop["id"]: shop["is_open"] for shop in get(client, headers, "/shops").json["data"]}
    is_open, closed = (ids(get(client, headers, "/shops", status=status)) for status in ("open", "closed"))

    assert is_open == [always.id, in_hours.id]
    assert closed == [switched_off.id, other_hours.id, on_holiday.id]
    assert shown == {**dict.fromkeys(is_open, True), **dict.fromkeys(closed, False)}
    assert len(ids(get(client, headers, "/shops", status="sleeping"))) == 5


def test_a_suspended_shop_is_nowhere(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    shop = make_shop(session, is_active=False)

    answers = [get(client, headers, "/shops"), get(client, headers, "/shops/search", q="grocery")]
    items = get(client, headers, f"/shop/{shop.id}/items")

    assert [ids(answer) for answer in answers] == [[], []]
    assert (items.status_code, items.json["error"]["message"]) == (404, "Shop not found")


@pytest.fixture
def verified_only(app: Flask) -> Iterator[None]:
    """Shops sell only when the office has verified them."""
    before = app.extensions["settings"]
    app.extensions["settings"] = before.model_copy(update={"require_verified_shops": True})
    yield
    app.extensions["settings"] = before


@pytest.mark.usefixtures("verified_only")
def test_where_shops_must_be_verified_others_are_nowhere(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    hidden, shown = make_shop(session), make_shop(session, verified=True)

    assert ids(get(client, headers, "/shops")) == [shown.id]
    assert ids(get(client, headers, "/shops/search", q="grocery")) == [shown.id]
    assert get(client, headers, f"/shop/{hidden.id}/items").status_code == 404


def test_shops_come_in_pages(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    made = [make_shop(session).id for _ in range(5)]

    first = get(client, headers, "/shops", limit=2)
    second = get(client, headers, "/shops", limit=2, cursor=first.json["meta"]["next_cursor"])
    third = get(client, headers, "/shops", limit=2, offset=4)

    assert [*ids(first), *ids(second), *ids(third)] == made
    assert first.json["meta"]["total"] == 5


@pytest.mark.parametrize("query", [{}, {"q": ""}, {"q": "  "}])
def test_a_search_for_nothing_is_refused(client: FlaskClient, headers: dict[str, str], query: dict[str, str]) -> None:
    answer = get(client, headers, "/shops/search", **query)

    assert (answer.status_code, answer.json["error"]["message"]) == (400, "Missing search query 'q'")


def test_a_search_finds_open_shops_by_name_or_type(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    named = make_shop(session, name="100% Fruit_Land")
    typed = make_shop(session, name="Anna", shop_type="fruit stall")
    make_shop(session, name="Fruit, closed", is_open=False)
    shop_in(session, "Pune", "Lake View", name="Fruit elsewhere", delivers=True)

    found = {q: ids(get(client, headers, "/shops/search", q=q)) for q in ("RUIT", "%", "_", "100% f", "x")}

    assert found == {"RUIT": [named.id, typed.id], "%": [named.id], "_": [named.id], "100% f": [named.id], "x": []}


@pytest.fixture(params=[(40, 5_000), (0, 5_000), (0, 0)], ids=["few shops", "rare words", "common words"])
def way_of_searching(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each way of looking into the items of shops, whatever their number."""
    few_shops, few_items = request.param
    monkeypatch.setattr(searching, "_FEW_SHOPS", few_shops)
    monkeypatch.setattr(searching, "_FEW_ITEMS", few_items)
    searching._searched.cache_clear()
    yield
    searching._searched.cache_clear()


@pytest.mark.usefixtures("way_of_searching")
def test_a_search_finds_shops_by_what_they_offer(
    client: FlaskClient, session: Session, headers: dict[str, str], shop: Shop
) -> None:
    make_item(session, shop, name="Whole milk", search_text=normalise("Amul dairy,fresh"))
    other = make_shop(session)
    make_item(session, other, name="Milk chocolate", is_available=False)
    make_item(session, other, name="Milk powder", is_active=False)

    asked = ("milk", "MIL", "whole amul", "fresh", "ilk", "chocolate", "powder", "milk | powder", "'")
    found = {q: ids(get(client, headers, "/shops/search", q=q)) for q in asked}

    by_item = ("milk", "MIL", "whole amul", "fresh")
    assert found == {q: [shop.id] if q in by_item else [] for q in asked}


def test_the_items_of_a_shop_are_shown_at_both_addresses(
    client: FlaskClient, session: Session, headers: dict[str, str], shop: Shop
) -> None:
    today = local_now().weekday()
    session.add(ShopHours(shop_id=shop.id, day_of_week=today, open_time=time.min, close_time=time.max))
    session.add(ShopHours(shop_id=shop.id, day_of_week=(today + 3) % 7, open_time=time(9), close_time=time(13, 30)))
    session.commit()
    item = make_item(session, shop, name="Milk", brand="Amul", compare_at_price=Decimal(12), stock=0, pack_size="1 l")
    make_item(session, shop, is_available=False)
    make_item(session, shop, is_active=False)
    make_item(session, make_shop(session))

    answers = [
        get(client, headers, f"/shop/{shop.id}/items"),
        client.get(f"/api/v1/shop/{shop.id}/items", headers=headers),
    ]

    assert answers[0].json == answers[1].json
    data = answers[0].json["data"]
    assert data["items"] == [
        {
            "id": item.id,
            "title": "Milk",
            "brand": "Amul",
            "price": 10.0,
            "mrp": 12.0,
            "discount": None,
            "description": "",
            "unit": "pcs",
            "pack_size": "1 l",
            "category": None,
            "tags": None,
            "sku": item.sku,
            "expiry_date": None,
            "image_url": None,
            "in_stock": False,
        }
    ]
    told = {name: data["shop"][name] for name in ("id", "shop_name", "shop_type", "is_open", "delivers", "logo_url")}
    assert told == {"id": shop.id, "shop_name": "Corner shop", "shop_type": "grocery", "is_open": True} | {
        "delivers": False,
        "logo_url": None,
    }
    hours = {day.pop("day_of_week"): day for day in data["shop"]["weekly_hours"]}
    assert hours == {
        today: {"open_time": "00:00", "close_time": "24:00"},
        (today + 3) % 7: {"open_time": "09:00", "close_time": "13:30"},
    }
    assert data["pagination"]["total"] == 1


def test_a_shop_far_away_can_be_looked_at(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    shop = shop_in(session, "Mumbai", "Sea Side")

    assert get(client, headers, f"/shop/{shop.id}/items").status_code == 200


def test_a_closed_shop_shows_no_items(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    shop = make_shop(session, is_open=False)

    answer = get(client, headers, f"/shop/{shop.id}/items")

    assert (answer.status_code, answer.json["error"]["code"]) == (409, "SHOP_CLOSED")
    assert answer.json["error"]["message"] == "Shop is currently closed"


def test_an_unknown_shop_and_a_branch_are_no_shops(
    client: FlaskClient, session: Session, headers: dict[str, str], branch: StockLocation
) -> None:
    answers = [get(client, headers, f"/shop/{number}/items") for number in (branch.id, 10**9)]

    assert {(answer.status_code, answer.json["error"]["message"]) for answer in answers} == {(404, "Shop not found")}


def test_the_items_of_a_shop_are_searched_filtered_and_paged(
    client: FlaskClient, session: Session, headers: dict[str, str], shop: Shop
) -> None:
    names = ("Milk", "Milk, fresh", "Bread")
    milk, fresh, bread = (make_item(session, shop, name=name, category="Dairy").id for name in names)
    cake = make_item(session, shop, name="Milk cake", category="Bakery").id

    def found(**query: Any) -> list[int]:
        return [item["id"] for item in get(client, headers, f"/shop/{shop.id}/items", **query).json["data"]["items"]]

    assert found(q="milk") == [milk, fresh, cake]
    assert found(q="milk", category="DAIRY") == [milk, fresh]
    assert found(category="dairy") == [milk, fresh, bread]
    assert found(category="dair") == []
    assert found(q="%") == []
    first = get(client, headers, f"/shop/{shop.id}/items", limit=3).json["data"]["pagination"]
    assert found(limit=3, cursor=first["next_cursor"]) == [cake]
    assert found(limit=1, offset=2) == [bread]


def test_lists_take_as_many_statements_for_many_rows_as_for_one(
    client: FlaskClient, session: Session, headers: dict[str, str], shop: Shop, statements: Statements
) -> None:
    seen = []
    for _ in range(2):
        make_item(session, make_shop(session), name="Milk")
        make_item(session, shop, name="Milk")
        for path in ("/shops", "/shops/search?q=milk", f"/shop/{shop.id}/items"):
            statements.clear()
            assert client.get(f"{CONSUMER}{path}", headers=headers).status_code == 200
            seen.append(len(statements))

    assert seen == [3] * 6  # who asks, and two more


def test_vendors_do_not_enter(client: FlaskClient, session: Session, shop: Shop) -> None:
    headers = sign_in(session, make_vendor(session))

    assert get(client, headers, "/shops").status_code == 403
    assert client.get(f"/api/v1/shop/{shop.id}/items", headers=headers).status_code == 403


def test_prices_follow_the_vendor_at_once(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    vendor = make_vendor(session)
    shop = make_shop(session, vendor)
    item = make_item(session, shop)
    body = {"price": 7.25, "mrp": 8}

    client.post(f"/api/v1/vendor/item/update/{item.id}", json=body, headers=sign_in(session, vendor))

    shown = get(client, headers, f"/shop/{shop.id}/items").json["data"]["items"][0]
    assert (shown["price"], shown["mrp"]) == (7.25, 8.0)
