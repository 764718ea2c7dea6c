"""A vendor's shop: what it is and when it is open."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.enums import LocationKind, ShopEvent
from app.models import Shop, ShopHoliday, ShopHours, ShopStatusChange, StockLocation, VendorProfile
from app.services.shop_clock import today
from tests.conftest import Statements
from tests.factories import make_shop
from tests.managing import audited
from tests.vending import BUSINESS, SHOP, Vendor, make_signed_in_vendor

EVERY_CALL = (
    ("GET", "/shop/my", None),
    ("POST", "/shop/edit", {}),
    ("POST", "/shop/hours", {"weekly_hours": [{"day_of_week": 0, "open_time": "09:00", "close_time": "10:00"}]}),
    ("GET", "/shop/hours", None),
    ("POST", "/shop/toggle-status", {"is_open": True}),
    ("POST", "/shop/toggle_status", {"is_open": True}),
    ("GET", "/shop/status-log", None),
    ("GET", "/shop/holidays", None),
    ("POST", "/shop/holidays", None),
    ("DELETE", "/shop/holidays?day=2030-01-01", None),
)


@pytest.fixture
def vendor(session: Session, client: FlaskClient) -> Vendor:
    """A vendor who has told of the business, and has no shop yet."""
    made = make_signed_in_vendor(session, client)
    session.add(VendorProfile(user_id=made.user.id, **BUSINESS))
    session.commit()
    return made


@pytest.fixture
def shop(session: Session, vendor: Vendor) -> Shop:
    return make_shop(session, vendor.user, name="Asha Stores")


def columns(session: Session, shop_id: int) -> tuple[Shop, StockLocation]:
    session.expire_all()
    return session.get_one(Shop, shop_id), session.get_one(StockLocation, shop_id)


# --- opening a shop ---


@pytest.mark.parametrize("path", ["/shop", "/create-shop"])
def test_a_shop_is_opened_where_its_vendor_lives(vendor: Vendor, session: Session, path: str) -> None:
    answer = vendor.post(path, {**SHOP, "city": "Mumbai", "society": "Elsewhere", "phone": "1"})

    shop, place = columns(session, answer["shop_id"])
    assert answer == {"message": "Shop created", "shop_id": shop.id}
    assert (shop.owner_id, shop.city, shop.society) == (vendor.user.id, "Pune", "Rose Garden")
    assert shop.phone == vendor.user.phone
    assert (place.kind, place.name, place.address) == (LocationKind.SHOP, "Asha Stores", "Rose Garden, Pune")
    [(action, _, new)] = audited(session, "shop")
    assert (action, new["shop_name"], new["society"]) == ("CREATE", "Asha Stores", "Rose Garden")


def test_a_new_shop_is_open_and_has_nothing_but_its_name_and_kind(vendor: Vendor) -> None:
    shop_id = vendor.post("/shop", SHOP)["shop_id"]

    shown = vendor.get("/shop/my")["data"]
    del shown["created_at"]
    assert shown == {
        "id": shop_id,
        **SHOP,
        "description": "",
        "city": "Pune",
        "society": "Rose Garden",
        "phone": vendor.user.phone,
        "delivers": False,
        "appointment_only": False,
        "is_open": True,
        "is_open_now": True,
        "category_tags": "",
        "logo_url": None,
        "minimum_order": 0.0,
        "delivery_fee": 0.0,
        "verified": False,
        "featured": False,
        "suspended": False,
        "rating": None,
        "rating_count": 0,
        "last_opened_at": None,
        "last_closed_at": None,
    }


def test_a_shop_takes_all_that_a_vendor_may_say_of_it(vendor: Vendor) -> None:
    said = {
        **SHOP,
        "description": "Fresh\nevery morning",
        "delivers": True,
        "appointment_only": True,
        "is_open": False,
        "category_tags": "fruit, dairy",
        "logo_url": "https://files.example.com/logo.png",
        "minimum_order": 99.5,
        "delivery_fee": "20",
    }

    vendor.post("/shop", said)

    shown = vendor.get("/shop/my")["data"]
    assert {name: shown[name] for name in said} == {**said, "delivery_fee": 20.0}


def test_featured_and_verified_are_ignored_from_a_vendor(vendor: Vendor) -> None:
    wishes = {"featured": True, "verified": True, "rating": 5, "rating_count": 9, "suspended": False, "id": 7}

    vendor.post("/shop", {**SHOP, **wishes})
    vendor.post("/shop/edit", wishes)

    shown = vendor.get("/shop/my")["data"]
    assert (shown["featured"], shown["verified"], shown["rating"]) == (False, False, None)


@pytest.mark.parametrize("field", list(SHOP))
@pytest.mark.parametrize("change", ["left out", None, "", "  "])
def test_a_shop_without_name_or_kind_is_refused(vendor: Vendor, field: str, change: Any) -> None:
    body = {name: change if name == field else value for name, value in SHOP.items()}
    if change == "left out":
        del body[field]

    assert vendor.refused("POST", "/shop", json=body) == (400, "MISSING_SHOP_FIELDS", "Missing required fields")


MALFORMED = [
    {"shop_name": "s" * 101},
    {"shop_name": 7},
    {"shop_type": "s" * 51},
    {"description": "d" * 201},
    {"category_tags": "t" * 401},
    {"logo_url": "javascript:alert(1)"},
    {"logo_url": "https://files.example.com/" + "l" * 240},
    {"delivers": "perhaps"},
    {"minimum_order": -1},
    {"minimum_order": 1.005},
    {"minimum_order": "NaN"},
    {"minimum_order": "Infinity"},
    {"delivery_fee": -0.01},
    {"delivery_fee": True},
]


@pytest.mark.parametrize("change", MALFORMED)
def test_a_malformed_shop_is_refused(vendor: Vendor, change: dict[str, Any]) -> None:
    assert vendor.refused("POST", "/shop", json={**SHOP, **change})[:2] == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("change", [*MALFORMED, {"shop_name": ""}, {"shop_type": " "}, {"society": ""}])
def test_a_malformed_change_of_a_shop_is_refused(vendor: Vendor, shop: Shop, change: dict[str, Any]) -> None:
    assert vendor.refused("POST", "/shop/edit", json=change)[:2] == (400, "VALIDATION_ERROR")


def test_a_shop_needs_a_business(session: Session, client: FlaskClient) -> None:
    refused = make_signed_in_vendor(session, client).refused("POST", "/shop", json=SHOP)

    message = "Vendor profile not found. Please complete vendor onboarding first."
    assert refused == (409, "VENDOR_PROFILE_REQUIRED", message)


def test_a_vendor_has_one_shop(vendor: Vendor, session: Session) -> None:
    vendor.post("/shop", SHOP)

    refused = vendor.refused("POST", "/create-shop", json=SHOP)

    assert refused == (409, "SHOP_EXISTS", "Shop already exists for this vendor")
    assert len(session.scalars(select(StockLocation)).all()) == 1


def test_without_a_shop_nothing_of_it_is_found(vendor: Vendor, session: Session) -> None:
    make_shop(session)  # another vendor's

    for method, path, body in EVERY_CALL:
        sent = {"day": today().isoformat()} if (method, path) == ("POST", "/shop/holidays") else body
        assert vendor.refused(method, path, json=sent) == (404, "SHOP_NOT_FOUND", "Shop not found"), path


# --- editing it ---


def test_a_change_of_a_shop_leaves_what_it_does_not_name(vendor: Vendor, shop: Shop, session: Session) -> None:
    answer = vendor.post("/shop/edit", {"shop_name": "Asha Fresh", "minimum_order": 150, "delivers": None})

    changed, place = columns(session, shop.id)
    assert answer == {"message": "Shop updated"}
    assert (place.name, changed.minimum_order, changed.shop_type) == ("Asha Fresh", Decimal("150.00"), "grocery")
    assert audited(session, "shop") == [
        (
            "UPDATE",
            {"minimum_order": "0.00", "name": "Asha Stores"},
            {"minimum_order": "150", "name": "Asha Fresh"},
        )
    ]


def test_a_shop_moves_to_another_society_with_its_address(vendor: Vendor, shop: Shop, session: Session) -> None:
    vendor.post("/shop/edit", {"society": "Lake View", "city": "Mumbai"})

    changed, place = columns(session, shop.id)
    assert (changed.society, changed.city, place.address) == ("Lake View", "Pune", "Lake View, Pune")


def test_a_shop_that_is_sent_back_as_it_was_shown_stays_as_it_is(vendor: Vendor, session: Session) -> None:
    vendor.post("/shop", {**SHOP, "logo_url": "https://files.example.com/logo.png"})
    before = vendor.get("/shop/my")["data"]

    vendor.post("/shop/edit", before)

    assert vendor.get("/shop/my")["data"] == before
    assert [action for action, _, _ in audited(session, "shop")] == ["CREATE"]


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_logo_can_be_taken_away(vendor: Vendor, session: Session, nothing: str | None) -> None:
    make_shop(session, vendor.user, logo_url="https://files.example.com/logo.png")

    vendor.post("/shop/edit", {"logo_url": nothing})

    assert vendor.get("/shop/my")["data"]["logo_url"] is None


def test_only_ones_own_shop_is_edited(vendor: Vendor, shop: Shop, session: Session) -> None:
    other = make_shop(session, name="Theirs")

    vendor.post("/shop/edit", {"shop_name": "Mine", "id": other.id, "shop_id": other.id})

    assert columns(session, other.id)[1].name == "Theirs"
    assert columns(session, shop.id)[1].name == "Mine"


# --- showing it ---


def test_a_shop_shows_the_mean_of_its_ratings_to_one_decimal(vendor: Vendor, session: Session) -> None:
    make_shop(session, vendor.user, rating_sum=13, rating_count=3)

    shown = vendor.get("/shop/my")["data"]

    assert (shown["rating"], shown["rating_count"]) == (4.3, 3)


def test_a_suspended_shop_says_so_and_is_not_open_now(vendor: Vendor, session: Session) -> None:
    make_shop(session, vendor.user, is_active=False)

    shown = vendor.get("/shop/my")["data"]

    assert (shown["suspended"], shown["is_open"], shown["is_open_now"]) == (True, True, False)


def test_a_shop_is_shown_in_one_statement(vendor: Vendor, shop: Shop, statements: Statements) -> None:
    vendor.get("/shop/my")
    statements.clear()

    vendor.get("/shop/my")

    assert len([statement for statement in statements if "shops" in statement]) == 1


# --- opening and closing ---


@pytest.mark.parametrize("path", ["/shop/toggle-status", "/shop/toggle_status"])
def test_a_switch_stamps_the_moment_and_writes_the_log(vendor: Vendor, shop: Shop, session: Session, path: str) -> None:
    closed = vendor.post(path, {"is_open": False})
    stamped = vendor.get("/shop/my")["data"]
    opened = vendor.post(path, {"is_open": True})

    log = vendor.get("/shop/status-log")
    shown = vendor.get("/shop/my")["data"]
    assert closed == {"message": "Shop marked as closed", "is_open": False}
    assert opened == {"message": "Shop marked as opened", "is_open": True}
    assert (stamped["is_open"], stamped["is_open_now"], stamped["last_opened_at"]) == (False, False, None)
    assert stamped["last_closed_at"] == log["data"][1]["created_at"]
    assert shown["last_opened_at"] == log["data"][0]["created_at"]
    assert [entry["event"] for entry in log["data"]] == ["opened", "closed"]
    assert audited(session, "shop") == [
        ("SWITCH", {"is_open": True}, {"is_open": False}),
        ("SWITCH", {"is_open": False}, {"is_open": True}),
    ]


def test_a_switch_to_what_is_already_so_leaves_no_trace(vendor: Vendor, shop: Shop, session: Session) -> None:
    answer = vendor.post("/shop/toggle-status", {"is_open": True})

    assert answer["message"] == "Shop marked as opened"
    assert vendor.get("/shop/status-log")["data"] == []
    assert vendor.get("/shop/my")["data"]["last_opened_at"] is None
    assert audited(session, "shop") == []


def test_a_shop_closed_by_an_edit_is_in_the_log_too(vendor: Vendor, shop: Shop) -> None:
    vendor.post("/shop/edit", {"is_open": False})

    assert [entry["event"] for entry in vendor.get("/shop/status-log")["data"]] == ["closed"]
    assert vendor.get("/shop/my")["data"]["last_closed_at"] is not None


@pytest.mark.parametrize("body", [{}, {"is_open": None}, {"is_open": "true"}, {"is_open": 1}, {"is_open": "maybe"}])
def test_a_switch_must_say_which_way(vendor: Vendor, shop: Shop, body: dict[str, Any]) -> None:
    refused = vendor.refused("POST", "/shop/toggle-status", json=body)

    assert refused == (400, "INVALID_IS_OPEN", "Invalid is_open value")


def test_the_log_is_paged_newest_first_and_costs_the_same_however_long(
    vendor: Vendor, shop: Shop, statements: Statements
) -> None:
    for is_open in (False, True, False):
        vendor.post("/shop/toggle-status", {"is_open": is_open})
    statements.clear()
    first = vendor.get("/shop/status-log?limit=2")
    counted = [statement for statement in statements if "shop" in statement]

    rest = vendor.get(f"/shop/status-log?limit=2&cursor={first['meta']['next_cursor']}")

    events = [entry["event"] for entry in first["data"] + rest["data"]]
    assert (events, first["meta"]["total"]) == (["closed", "opened", "closed"], 3)
    assert len(counted) == 2


def test_the_log_of_another_shop_is_not_shown(vendor: Vendor, shop: Shop, session: Session) -> None:
    session.add(ShopStatusChange(shop_id=make_shop(session).id, event=ShopEvent.CLOSED))
    session.commit()

    answer = vendor.get("/shop/status-log")

    assert (answer["data"], answer["meta"]["total"]) == ([], 0)


# --- hours ---


def hour(day: Any, opens: Any, closes: Any) -> dict[str, Any]:
    return {"day_of_week": day, "open_time": opens, "close_time": closes}


def test_hours_replace_the_whole_week_and_are_shown_in_its_order(vendor: Vendor, shop: Shop, session: Session) -> None:
    vendor.post("/shop/hours", {"weekly_hours": [hour(3, "08:00", "09:00")]})

    answer = vendor.post(
        "/shop/hours",
        {
            "weekly_hours": [
                hour(6, "16:00", "24:00"),
                hour(0, "13:00", "20:30"),
                hour(0, "9:00", "13:00"),
                hour(1, "Closed", "Closed"),
                hour(2, "", ""),
                hour(4, "09:00", None),
                {"day_of_week": 5},
            ]
        },
    )

    week = [hour(0, "09:00", "13:00"), hour(0, "13:00", "20:30"), hour(6, "16:00", "24:00")]
    assert answer == {"message": "Shop hours updated", "weekly_hours": week}
    assert vendor.get("/shop/hours")["data"] == {"weekly_hours": week}
    first = {"weekly_hours": [hour(3, "08:00", "09:00")]}
    assert audited(session, "shop") == [
        ("HOURS", {"weekly_hours": []}, first),
        ("HOURS", first, {"weekly_hours": week}),
    ]


@pytest.mark.parametrize(
    "body", [{}, {"weekly_hours": None}, {"weekly_hours": []}, {"hours": [hour(0, "9:00", "10:00")]}]
)
def test_a_week_without_a_word_is_refused(vendor: Vendor, shop: Shop, body: dict[str, Any]) -> None:
    assert vendor.refused("POST", "/shop/hours", json=body) == (400, "NO_HOURS", "No hours data provided")


@pytest.mark.parametrize(
    "entries",
    [
        [hour(7, "09:00", "10:00")],
        [hour(-1, "09:00", "10:00")],
        [hour(True, "09:00", "10:00")],
        [hour(None, "09:00", "10:00")],
        [{"open_time": "09:00", "close_time": "10:00"}],
        [hour(99, "Closed", "Closed"), hour(0, "09:00", "10:00")],
        [hour(0, "25:00", "26:00")],
        [hour(0, "09:60", "10:00")],
        [hour(0, "nine", "ten")],
        [hour(0, 900, 1000)],
        [hour(0, "+9:00", "10:00")],
        [hour(0, "09:00:00Z", "10:00")],
        [hour(0, "10:00", "10:00")],
        [hour(0, "22:00", "02:00")],
        [hour(0, "24:00", "24:00")],
        [hour(0, "09:00", "13:00"), hour(0, "12:59", "15:00")],
        [hour(0, "09:00", "18:00"), hour(0, "10:00", "11:00"), hour(0, "12:00", "13:00")],
        [hour(0, "09:00", "13:00"), hour(0, "09:00", "13:00")],
        [hour(day, "Closed", "Closed") for day in range(7)],
        [hour(0, "09:00", "10:00")] * 71,
        "every day",
        ["09:00"],
    ],
)
def test_a_week_that_cannot_be_is_refused_and_the_old_one_stays(vendor: Vendor, shop: Shop, entries: Any) -> None:
    kept = [hour(2, "08:00", "12:00")]
    vendor.post("/shop/hours", {"weekly_hours": kept})

    refused = vendor.refused("POST", "/shop/hours", json={"weekly_hours": entries})

    assert refused[:2] == (400, "VALIDATION_ERROR")
    assert vendor.get("/shop/hours")["data"]["weekly_hours"] == kept


def test_the_same_week_once_more_leaves_no_trace(vendor: Vendor, shop: Shop, session: Session) -> None:
    for _ in range(2):
        vendor.post("/shop/hours", {"weekly_hours": [hour(2, "08:00", "12:00")]})

    assert [action for action, _, _ in audited(session, "shop")] == ["HOURS"]


def test_the_hours_of_another_shop_stay_as_they_are(vendor: Vendor, shop: Shop, session: Session) -> None:
    other = make_shop(session)
    session.add(ShopHours(shop_id=other.id, day_of_week=0, open_time="09:00", close_time="10:00"))
    session.commit()

    vendor.post("/shop/hours", {"weekly_hours": [hour(1, "08:00", "12:00")]})

    rows = session.execute(select(ShopHours.shop_id, ShopHours.day_of_week).order_by(ShopHours.shop_id)).all()
    assert sorted(map(tuple, rows)) == sorted([(shop.id, 1), (other.id, 0)])


def test_a_week_is_written_in_as_many_statements_however_many_its_hours(
    vendor: Vendor, shop: Shop, statements: Statements
) -> None:
    counts = []
    for hours in (1, 14):
        entries = [
            hour(number % 7, f"{8 + number // 7 * 4}:00", f"{10 + number // 7 * 4}:00") for number in range(hours)
        ]
        statements.clear()
        vendor.post("/shop/hours", {"weekly_hours": entries})
        counts.append(len([statement for statement in statements if "shop_hours" in statement]))

    assert counts == [3, 3]


def test_hours_are_enforced(vendor: Vendor, shop: Shop) -> None:
    weekday = today().weekday()
    vendor.post("/shop/hours", {"weekly_hours": [hour((weekday + 3) % 7, "00:00", "24:00")]})
    shut = vendor.get("/shop/my")["data"]["is_open_now"]

    vendor.post("/shop/hours", {"weekly_hours": [hour(day, "00:00", "24:00") for day in range(7)]})

    assert (shut, vendor.get("/shop/my")["data"]["is_open_now"]) == (False, True)


# --- holidays ---


def test_a_shop_is_closed_on_a_holiday_until_it_is_removed(vendor: Vendor, shop: Shop, session: Session) -> None:
    day = today().isoformat()

    added = vendor.post("/shop/holidays", {"day": day, "reason": "Diwali"})
    listed = vendor.get("/shop/holidays")["data"]
    shut = vendor.get("/shop/my")["data"]["is_open_now"]
    removed = vendor.call("DELETE", f"/shop/holidays?day={day}").json["data"]

    assert (added["message"], removed["message"]) == ("Holiday saved", "Holiday removed")
    assert listed == [{"day": day, "reason": "Diwali"}]
    assert (shut, vendor.get("/shop/my")["data"]["is_open_now"]) == (False, True)
    assert audited(session, "shop") == [
        ("HOLIDAY", None, {"day": day, "reason": "Diwali"}),
        ("HOLIDAY_REMOVED", {"day": day, "reason": "Diwali"}, None),
    ]


def test_the_same_holiday_once_more_changes_its_reason(vendor: Vendor, shop: Shop, session: Session) -> None:
    day = (today() + timedelta(days=5)).isoformat()
    for reason in ("Diwali", "Diwali", None):
        vendor.post("/shop/holidays", {"day": day, "reason": reason})

    assert vendor.get("/shop/holidays")["data"] == [{"day": day, "reason": None}]
    assert [action for action, _, _ in audited(session, "shop")] == ["HOLIDAY", "HOLIDAY"]


@pytest.mark.parametrize("days", [-1, 367])
def test_a_holiday_lies_within_the_coming_year(vendor: Vendor, shop: Shop, days: int) -> None:
    day = (today() + timedelta(days=days)).isoformat()

    assert vendor.refused("POST", "/shop/holidays", json={"day": day})[:2] == (400, "HOLIDAY_OUT_OF_REACH")


@pytest.mark.parametrize(
    "body", [{}, {"day": "tomorrow"}, {"day": "9999-12-31"}, {"day": "2026-12-25", "reason": "r" * 101}]
)
def test_a_malformed_holiday_is_refused(vendor: Vendor, shop: Shop, body: dict[str, Any]) -> None:
    assert vendor.refused("POST", "/shop/holidays", json=body)[:2] == (400, "VALIDATION_ERROR")


def test_holidays_are_listed_from_today_on_in_two_statements(
    vendor: Vendor, shop: Shop, session: Session, statements: Statements
) -> None:
    days = [today() + timedelta(days=number) for number in (-1, 0, 9, 3)]
    session.add_all([ShopHoliday(shop_id=shop.id, day=day) for day in days])
    session.add(ShopHoliday(shop_id=make_shop(session).id, day=days[1]))
    session.commit()
    statements.clear()

    listed = [row["day"] for row in vendor.get("/shop/holidays")["data"]]

    assert listed == [days[1].isoformat(), days[3].isoformat(), days[2].isoformat()]
    assert len([statement for statement in statements if "shop" in statement]) == 2


def test_a_holiday_that_is_none_of_ones_shop_cannot_be_removed(vendor: Vendor, shop: Shop, session: Session) -> None:
    other = make_shop(session)
    session.add(ShopHoliday(shop_id=other.id, day=today()))
    session.commit()

    refused = vendor.refused("DELETE", f"/shop/holidays?day={today()}")

    assert refused[:2] == (404, "HOLIDAY_NOT_FOUND")
    assert session.get(ShopHoliday, (other.id, today())) is not None
    assert vendor.refused("DELETE", "/shop/holidays")[:2] == (400, "VALIDATION_ERROR")
