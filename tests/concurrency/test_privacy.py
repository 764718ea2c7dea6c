"""Being forgotten while something else happens to the same person."""

from collections import Counter

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.domain.enums import Role
from app.models import User
from tests import factories
from tests.concurrency.racing import at_once
from tests.conftest import Live
from tests.factories import PASSWORD
from tests.lives import places_of
from tests.shopping import assert_sound, make_shopper, open_shop

ROUNDS = 6


def test_of_two_erasures_at_once_one_takes_place(live: Live) -> None:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        user = factories.make_user(session, password=PASSWORD)
        headers = factories.sign_in(session, user)
        admin = factories.sign_in(session, factories.make_user(session, role=Role.ADMIN))
    calls = [
        lambda: live.client().post("/api/v1/me/erasure", json={"password": PASSWORD}, headers=headers),
        lambda: live.client().post(f"/api/v1/admin/users/{user.id}/erasure", headers=admin),
        lambda: live.client().post(f"/api/v1/admin/users/{user.id}/erasure", headers=admin),
    ]

    answers = at_once(calls)

    assert {answer.status_code for answer in answers[1:]} == {200}
    assert answers[0].status_code in (200, 400, 401)
    with live.engine.connect() as connection:
        events = connection.execute(text("SELECT count(*) FROM audit_events WHERE action = 'ERASE'")).scalar_one()
    assert events == 1


def test_an_order_and_an_erasure_at_once_are_one_or_the_other(live: Live) -> None:
    """Either the order comes first and holds the erasure up, or there is nobody left to order."""
    came_first: Counter[str] = Counter()
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        shop = open_shop(session)
        admin = factories.sign_in(session, factories.make_user(session, role=Role.ADMIN))
    for _ in range(ROUNDS):
        with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
            shopper = make_shopper(session, live.client())
            shopper.add(shop.products[0])
            cart_id = shopper.cart_id()
        path = f"/api/v1/admin/users/{shopper.user.id}/erasure"

        ordered, erased = at_once(
            [
                lambda: shopper.confirm(shop, cart_id=cart_id),  # noqa: B023 (called within the round)
                lambda: live.client().post(path, headers=admin),  # noqa: B023
            ]
        )

        with Session(live.engine) as session:
            is_erased = session.scalar(select(User.erased_at).where(User.id == shopper.user.id)) is not None
            orders = session.execute(text("SELECT count(*) FROM orders WHERE user_id = :id"), {"id": shopper.user.id})
            assert orders.scalar_one() == (0 if is_erased else 1), (ordered.json, erased.json)
        assert (erased.status_code == 200) is is_erased
        assert (ordered.status_code == 201) is not is_erased, ordered.json
        came_first["erasure" if is_erased else "order"] += 1

    assert sum(came_first.values()) == ROUNDS
    with live.app.app_context():
        assert_sound()


def test_an_erasure_that_commits_for_real_leaves_nothing(live: Live) -> None:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        user = factories.make_user(session, password=PASSWORD, email="only.here@example.com", full_name="Only Here")
        headers = factories.sign_in(session, user)

    answer = live.client().post("/api/v1/me/erasure", json={"password": PASSWORD}, headers=headers)

    assert answer.status_code == 200
    with Session(live.engine) as session:
        assert places_of(session, "only.here@example.com", "Only Here") == {}
