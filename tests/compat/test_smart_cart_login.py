"""Operations 1 to 4 of the smart cart's first server: sign-in by phone, the profile, ways to eat."""

import time
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.enums import Role
from app.models import User
from tests import factories
from tests.compat.smart_cart import App, assert_shape, sign_in
from tests.phones import PHONE, code_sent_to, wrong

NUMBER = "9876543210"


@pytest.fixture
def app_of_nobody(client: FlaskClient) -> App:
    return App(client)


def signed_in_by_phone(app: App, session: Session) -> dict[str, Any]:
    app.post("/auth/verify_mobile", {"mobile_number": NUMBER})
    proof = {"mobile_number": NUMBER, "otp": code_sent_to(session)}
    answer: dict[str, Any] = app.post("/auth/verify_otp", proof)
    app.headers = {"Authorization": f"Bearer {answer['token']}"}
    return answer


def test_a_code_is_sent_with_a_message(app_of_nobody: App, session: Session) -> None:
    assert_shape(app_of_nobody.post("/auth/verify_mobile", {"mobile_number": NUMBER}), {"message": str})

    assert code_sent_to(session)


def test_a_right_code_gives_a_token_for_an_hour_and_says_whether_the_profile_is_complete(
    app_of_nobody: App, session: Session
) -> None:
    answer = signed_in_by_phone(app_of_nobody, session)

    assert_shape(answer, {"token": str, "user_id": int, "is_profile_complete": bool})
    assert answer["is_profile_complete"] is False
    assert answer["user_id"] == session.scalars(select(User.id).where(User.phone == PHONE)).one()
    claims = jwt.decode(answer["token"], options={"verify_signature": False})
    assert claims["exp"] - time.time() == pytest.approx(3600, abs=30)


def test_a_token_is_good_before_the_profile_is_complete(app_of_nobody: App, session: Session) -> None:
    signed_in_by_phone(app_of_nobody, session)

    assert app_of_nobody.get("/user/checklist") == {"items": []}


def test_who_has_a_name_has_a_complete_profile(app_of_nobody: App, session: Session) -> None:
    factories.make_consumer(session, phone=PHONE)

    assert signed_in_by_phone(app_of_nobody, session)["is_profile_complete"] is True


def test_a_wrong_or_used_code_is_a_400(app_of_nobody: App, session: Session) -> None:
    app_of_nobody.post("/auth/verify_mobile", {"mobile_number": NUMBER})
    code = code_sent_to(session)
    proof = {"mobile_number": NUMBER, "otp": wrong(code)}

    assert app_of_nobody.refused("POST", "/auth/verify_otp", json=proof) == (400, "Invalid OTP or OTP expired.")

    app_of_nobody.post("/auth/verify_otp", {**proof, "otp": code})
    again = app_of_nobody.refused("POST", "/auth/verify_otp", json={**proof, "otp": code})
    assert again == (400, "Invalid OTP or OTP expired.")


@pytest.mark.parametrize(
    ("path", "body", "place", "kind", "given"),
    [
        ("verify_mobile", {}, ["mobile_number"], "missing", {}),
        ("verify_mobile", {"mobile_number": 9876543210}, ["mobile_number"], "string_type", 9876543210),
        ("verify_otp", {"mobile_number": NUMBER}, ["otp"], "missing", {"mobile_number": NUMBER}),
        ("verify_otp", {"mobile_number": NUMBER, "otp": "12"}, ["otp"], "string_pattern_mismatch", "12"),
    ],
)
def test_a_body_that_cannot_be_taken_is_a_400_with_a_list(
    app_of_nobody: App, path: str, body: dict[str, Any], place: list[str], kind: str, given: Any
) -> None:
    status, detail = app_of_nobody.refused("POST", f"/auth/{path}", json=body)

    assert status == 400
    assert [fault.keys() for fault in detail] == [{"type", "loc", "msg", "input"}]
    assert (detail[0]["loc"], detail[0]["type"]) == (place, kind)
    assert detail[0]["input"] == (given if kind != "missing" else detail[0]["input"])
    assert isinstance(detail[0]["input"], type(given))


def test_staff_do_not_sign_in_by_phone(app_of_nobody: App, session: Session) -> None:
    factories.make_consumer(session, role=Role.EMPLOYEE, phone=PHONE)
    app_of_nobody.post("/auth/verify_mobile", {"mobile_number": NUMBER})
    proof = {"mobile_number": NUMBER, "otp": code_sent_to(session)}

    assert app_of_nobody.refused("POST", "/auth/verify_otp", json=proof)[0] == 403


USER = {
    "user_id": int,
    "user_name": str,
    "mobilenum": str,
    "email": (str, None),
    "user_foodtype_id": (int, None),
    "user_allergy_id": (int, None),
    "is_profile_complete": bool,
}


def test_a_profile_is_completed_in_one_go(app_of_nobody: App, session: Session) -> None:
    user_id = signed_in_by_phone(app_of_nobody, session)["user_id"]
    vegan = factories.make_food_type(session)
    form = {"user_name": "Asha 2", "email": "Asha@Example.com", "user_foodtype_id": vegan.id, "user_allergy_id": 12}

    user = app_of_nobody.post("/auth/complete_profile", form)

    assert_shape(user, USER)
    assert user == {
        "user_id": user_id,
        "user_name": "Asha 2",
        "mobilenum": PHONE,
        "email": "asha@example.com",
        "user_foodtype_id": vegan.id,
        "user_allergy_id": 12,
        "is_profile_complete": True,
    }
    nuts = factories.make_product(session, allergens=["sesame-seeds"])
    detail = app_of_nobody.get(f"/products/{nuts.id}")
    assert detail["allergies"] == [{"allergy_id": 12, "allergy_name": "sesame-seeds"}]


def test_a_profile_with_a_name_alone_has_nothing_else(app_of_nobody: App, session: Session) -> None:
    signed_in_by_phone(app_of_nobody, session)

    user = app_of_nobody.post("/auth/complete_profile", {"user_name": "Asha", "age": 30})

    assert (user["email"], user["user_foodtype_id"], user["user_allergy_id"]) == (None, None, None)


def test_an_allergy_that_only_a_product_names_has_a_number_too(session: Session, client: FlaskClient) -> None:
    app = sign_in(session, client)
    coconut = factories.make_product(session, allergens=["coconut"])
    (allergy,) = app.get(f"/products/{coconut.id}")["allergies"]

    user = app.post("/auth/complete_profile", {"user_name": "Asha", "user_allergy_id": allergy["allergy_id"]})

    assert user["user_allergy_id"] == allergy["allergy_id"] > 14


@pytest.mark.parametrize("number", [0, 15, "milk", {"a": 1}])
def test_an_allergy_that_nothing_has_is_a_400(session: Session, client: FlaskClient, number: Any) -> None:
    app = sign_in(session, client)

    form = {"user_name": "Asha", "user_allergy_id": number}

    assert app.refused("POST", "/auth/complete_profile", json=form)[0] == 400


def test_an_address_of_somebody_else_is_a_409(app_of_nobody: App, session: Session) -> None:
    other = factories.make_user(session)
    signed_in_by_phone(app_of_nobody, session)

    form = {"user_name": "Asha", "email": other.email}

    status, detail = app_of_nobody.refused("POST", "/auth/complete_profile", json=form)
    assert (status, detail) == (409, "Another account has this e-mail address.")


def test_an_address_that_is_a_way_to_sign_in_is_not_changed(session: Session, client: FlaskClient) -> None:
    app = sign_in(session, client)
    form = {"user_name": "Asha", "email": "new@example.com"}

    assert app.refused("POST", "/auth/complete_profile", json=form)[0] == 409
    assert app.user is not None
    assert app.post("/auth/complete_profile", {**form, "email": app.user.email})["email"] == app.user.email


def test_an_unknown_way_to_eat_is_a_404(session: Session, client: FlaskClient) -> None:
    app = sign_in(session, client)

    form = {"user_name": "Asha", "user_foodtype_id": 10**9}

    assert app.refused("POST", "/auth/complete_profile", json=form)[0] == 404


def test_a_profile_needs_a_name_and_a_token(session: Session, client: FlaskClient) -> None:
    app = sign_in(session, client)

    status, detail = app.refused("POST", "/auth/complete_profile", json={})

    assert (status, detail[0]["loc"], detail[0]["type"]) == (400, ["user_name"], "missing")
    assert App(client).refused("POST", "/auth/complete_profile", json={"user_name": "Asha"})[0] == 401


def test_a_vendor_is_no_shopper(session: Session, client: FlaskClient) -> None:
    vendor = sign_in(session, client, role=Role.VENDOR)

    assert vendor.refused("POST", "/auth/complete_profile", json={"user_name": "Asha"})[0] == 403


def test_ways_to_eat_and_categories_come_by_name(app_of_nobody: App, session: Session) -> None:
    for name in ("vegan", "halal"):
        factories.make_food_type(session, name=name)
    factories.make_category(session)

    answer = app_of_nobody.get("/misc/foodtypes-categories")

    assert_shape(
        answer,
        {
            "foodtypes": [{"foodtype_id": int, "foodtype_name": str}],
            "categories": [{"category_id": int, "category_name": str}],
        },
    )
    assert [each["foodtype_name"] for each in answer["foodtypes"]] == ["halal", "vegan"]
