"""Vendors' shops as the office reviews them."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.domain.enums import LocationKind, ReviewStatus, Role
from app.models import Shop, ShopHours, StockLocation, User, VendorProfile
from tests.conftest import Statements
from tests.factories import make_location, make_shop, make_user, make_vendor, sign_in
from tests.managing import ADMIN, Manager, audited, make_manager
from tests.vending import BUSINESS, news_of

ACTIONS = ("verify", "unverify", "feature", "unfeature", "suspend", "reinstate")
REASON = {"reason": "The licence has run out."}


@pytest.fixture
def office(session: Session, client: FlaskClient) -> Manager:
    return make_manager(session, client, role=Role.ADMIN)


def act(office: Manager, shop: Shop, action: str) -> Any:
    body = {"json": REASON} if action == "suspend" else {}
    return office.done("POST", f"/shops/{shop.id}/{action}", **body)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_shops_are_reviewed_by_admins_only(client: FlaskClient, session: Session, role: Role) -> None:
    headers = sign_in(session, make_user(session, role=role))
    paths = ["", "/1", *(f"/1/{action}" for action in ACTIONS)]

    answers = [
        client.open(f"{ADMIN}/shops{path}", method="POST" if path.count("/") == 2 else "GET", headers=headers)
        for path in paths
    ]

    assert {answer.status_code for answer in answers} == {403}


def test_a_shop_is_listed_with_its_vendor(office: Manager, session: Session) -> None:
    owner = make_vendor(session, full_name="Asha Rao")
    session.add(VendorProfile(user_id=owner.id, **BUSINESS))
    shop = make_shop(session, owner, name="Asha Stores", rating_sum=9, rating_count=2, verified=True)

    [row] = office.get("/shops")["data"]

    assert row.pop("created_at")
    assert row == {
        "id": shop.id,
        "name": "Asha Stores",
        "shop_type": "grocery",
        "city": "Pune",
        "society": "Rose Garden",
        "phone": owner.phone,
        "owner_id": owner.id,
        "owner_name": "Asha Rao",
        "kyc_status": "pending",
        "is_open": True,
        "verified": True,
        "featured": False,
        "suspended": False,
        "rating": 4.5,
        "rating_count": 2,
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Asha", "50% Off", "Old_Town"]),
        ("q=ASHA", ["Asha"]),
        ("q=%25", ["50% Off"]),
        ("q=_", ["Old_Town"]),
        ("q=lake", ["50% Off"]),
        ("q=mumbai", ["Old_Town"]),
        ("q=7770001", ["Asha"]),
        ("q=", ["Asha", "50% Off", "Old_Town"]),
        ("verified=true", ["Asha"]),
        ("verified=false&featured=true", ["50% Off"]),
        ("suspended=true", ["Old_Town"]),
        ("suspended=false&q=o", ["50% Off", "Asha"]),
    ],
)
def test_shops_are_found_by_a_part_of_their_text_and_by_their_state(
    office: Manager, session: Session, query: str, found: list[str]
) -> None:
    make_shop(session, name="Asha", verified=True, phone="+917770001111", society="Rose Garden")
    make_shop(session, name="50% Off", featured=True, society="Lake View", phone=None)
    make_shop(session, name="Old_Town", is_active=False, city="Mumbai", society="Hill")
    make_location(session, kind=LocationKind.STORE, name="Asha's branch")

    answer = office.get(f"/shops?{query}")

    assert sorted(row["name"] for row in answer["data"]) == sorted(found)
    assert answer["meta"]["total"] == len(found)


def test_shops_are_paged_in_one_statement_however_many(
    office: Manager, session: Session, statements: Statements
) -> None:
    ids = [make_shop(session).id for _ in range(5)]
    office.get("/shops?limit=2")
    statements.clear()

    first = office.get("/shops?limit=3")
    counted = [statement for statement in statements if "shops" in statement]
    rest = office.get(f"/shops?limit=3&cursor={first['meta']['next_cursor']}")

    assert len(counted) == 1
    assert [row["id"] for row in first["data"] + rest["data"]] == ids
    assert first["meta"]["total"] == 5


@pytest.mark.parametrize("query", ["verified=perhaps", "limit=0", "cursor=x", "q=%00", f"q={'q' * 101}"])
def test_a_faulty_query_is_refused(office: Manager, query: str) -> None:
    assert office.refused("GET", f"/shops?{query}") == (400, "VALIDATION_ERROR")


def test_a_shop_is_shown_in_full_with_its_hours(office: Manager, session: Session, statements: Statements) -> None:
    shop = make_shop(session, name="Asha Stores", description="Fresh", minimum_order=100)
    session.add(ShopHours(shop_id=shop.id, day_of_week=2, open_time="09:00", close_time="18:30"))
    session.commit()
    statements.clear()

    shown = office.done("GET", f"/shops/{shop.id}")

    assert (shown["name"], shown["description"], shown["minimum_order"]) == ("Asha Stores", "Fresh", 100.0)
    assert shown["kyc_status"] is None
    assert shown["weekly_hours"] == [{"day_of_week": 2, "open_time": "09:00", "close_time": "18:30"}]
    assert len([statement for statement in statements if "shop" in statement]) == 2


def test_a_branch_and_an_unknown_shop_are_not_found(office: Manager, session: Session) -> None:
    branch = make_location(session)

    for shop_id in (branch.id, 2**40):
        assert office.refused("GET", f"/shops/{shop_id}") == (404, "SHOP_NOT_FOUND")
        for action in ACTIONS:
            assert office.refused("POST", f"/shops/{shop_id}/{action}", json=REASON) == (404, "SHOP_NOT_FOUND")
    session.expire_all()
    assert session.get_one(StockLocation, branch.id).is_active


@pytest.mark.parametrize(
    ("there", "back", "field"),
    [("verify", "unverify", "verified"), ("feature", "unfeature", "featured"), ("suspend", "reinstate", "suspended")],
)
def test_a_word_on_a_shop_can_be_given_and_taken_back_and_the_vendor_is_told(
    office: Manager, session: Session, there: str, back: str, field: str
) -> None:
    shop, other = make_shop(session), make_shop(session)
    owner = session.get_one(User, shop.owner_id)
    unmarked = {"shop_id": shop.id, "verified": False, "featured": False, "suspended": False, "reason": None}

    given = [act(office, shop, there) for _ in range(2)]
    taken = [act(office, shop, back) for _ in range(2)]

    assert [answer[field] for answer in given + taken] == [True, True, False, False]
    assert [action for action, _, _ in audited(session, "shop")] == [there.upper(), back.upper()]
    reason = REASON["reason"] if there == "suspend" else None
    assert news_of(session, owner) == [
        ("shop.reviewed", {**unmarked, field: True, "reason": reason}),
        ("shop.reviewed", unmarked),
    ]
    assert news_of(session, session.get_one(User, other.owner_id)) == []
    assert not office.done("GET", f"/shops/{other.id}")[field]


def test_a_suspended_shop_is_closed_to_consumers_and_a_reinstated_one_is_not(office: Manager, session: Session) -> None:
    shop = make_shop(session)

    act(office, shop, "suspend")
    session.expire_all()
    suspended = session.get_one(StockLocation, shop.id).is_active
    act(office, shop, "reinstate")
    session.expire_all()

    assert (suspended, session.get_one(StockLocation, shop.id).is_active) == (False, True)


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": None}, {"reason": "r" * 401}, {"reason": 7}])
def test_a_suspension_needs_a_reason(office: Manager, session: Session, body: dict[str, Any]) -> None:
    shop = make_shop(session)

    assert office.refused("POST", f"/shops/{shop.id}/suspend", json=body) == (400, "VALIDATION_ERROR")
    assert audited(session, "shop") == []


def test_the_kyc_of_the_vendor_stands_beside_the_shop(office: Manager, session: Session) -> None:
    owner = make_vendor(session)
    shop = make_shop(session, owner)
    session.add(VendorProfile(user_id=owner.id, **BUSINESS))
    session.commit()

    office.done("POST", f"/vendors/{owner.id}/approve")

    assert office.done("GET", f"/shops/{shop.id}")["kyc_status"] == ReviewStatus.APPROVED
