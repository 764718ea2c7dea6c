"""Many hands on one checklist at once, with real commits."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import ChecklistItem, User
from tests import factories
from tests.concurrency.racing import at_once
from tests.conftest import Live

CHECKLIST, RECIPES = "/api/v1/user/checklist", "/api/v1/user/recipes"
ROUNDS = 20


@pytest.fixture
def session(live: Live) -> Iterator[Session]:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as opened:
        yield opened


def posting(live: Live, path: str, headers: dict[str, str], body: dict[str, int] | None = None) -> Callable[[], int]:
    return lambda: live.client().post(path, json=body, headers=headers).status_code


def planned(session: Session, user: User) -> dict[int, int]:
    session.rollback()
    rows = session.execute(
        select(ChecklistItem.product_id, ChecklistItem.quantity).where(ChecklistItem.user_id == user.id)
    )
    return {row.product_id: row.quantity for row in rows}


def test_parallel_adds_sum_up(live: Live, session: Session) -> None:
    product = factories.make_product(session)
    for _ in range(ROUNDS):
        user = factories.make_user(session)
        headers = factories.sign_in(session, user)
        bodies = [{"product_id": product.id, "quantity": quantity} for quantity in range(1, 6)]

        answers = at_once([posting(live, f"{CHECKLIST}/add", headers, body) for body in bodies])

        assert answers == [200] * 5
        assert planned(session, user) == {product.id: 15}


def test_parallel_adds_never_pass_the_limit(live: Live, session: Session) -> None:
    product = factories.make_product(session)
    for _ in range(ROUNDS):
        user = factories.make_user(session)
        headers = factories.sign_in(session, user)
        body = {"product_id": product.id, "quantity": 4_000}

        answers = at_once([posting(live, f"{CHECKLIST}/add", headers, body)] * 4)

        assert sorted(answers) == [200, 200, 409, 409]
        assert planned(session, user) == {product.id: 8_000}


def test_one_of_parallel_removals_wins(live: Live, session: Session) -> None:
    product = factories.make_product(session)
    for _ in range(ROUNDS):
        user = factories.make_user(session)
        headers = factories.sign_in(session, user)
        session.add(ChecklistItem(user_id=user.id, product_id=product.id, quantity=1))
        session.commit()

        answers = at_once([posting(live, f"{CHECKLIST}/remove", headers, {"product_id": product.id})] * 3)

        assert sorted(answers) == [200, 404, 404]


def test_recipes_that_share_products_are_added_at_once_without_a_standstill(live: Live, session: Session) -> None:
    first, second, third = (factories.make_product(session) for _ in range(3))
    recipes = [factories.make_recipe(session, *goods) for goods in ((third, first), (first, second), (second, third))]
    for _ in range(ROUNDS):
        user = factories.make_user(session)
        headers = factories.sign_in(session, user)

        answers = at_once([posting(live, f"{RECIPES}/{recipe.id}/add-to-checklist", headers) for recipe in recipes])

        assert answers == [200] * 3
        assert planned(session, user) == {first.id: 2, second.id: 2, third.id: 2}
