"""Many hands on one shelf at once, with real commits."""

import random
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import Role
from app.services import invariants
from tests import databases
from tests.concurrency.racing import at_once
from tests.conftest import Live
from tests.factories import make_employee, make_location, make_product, make_user, sign_in
from tests.shopping import make_shopper, open_shop

ROUNDS = 5


@pytest.fixture
def session(live: Live) -> Iterator[Session]:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as opened:
        yield opened


@pytest.fixture
def manager(session: Session) -> dict[str, str]:
    return sign_in(session, make_user(session, role=Role.MANAGER))


def number(live: Live, query: str) -> int:
    with live.engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def assert_sound(live: Live) -> None:
    with live.app.app_context():
        assert {name: n for name, n in invariants.violations().items() if n} == {}


def call(live: Live, method: str, path: str, headers: dict[str, str], body: dict[str, Any]) -> TestResponse:
    return live.client().open(f"/api/v1{path}", method=method, json=body, headers=headers)


def statuses(answers: list[TestResponse]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def test_edits_recounts_and_uploads_racing_checkouts_lose_no_piece(
    live: Live, session: Session, manager: dict[str, str]
) -> None:
    shop = open_shop(session, stock=200, products=4)
    buyers = [make_shopper(session, live.client()) for _ in range(12)]
    rows = [(row.id, row.product_id) for row in session.execute(text("SELECT id, product_id FROM inventory"))]
    log_before = len(databases.server_log())

    def buy(buyer: Any, seed: int) -> list[int]:
        for product in random.Random(seed).sample(shop.products, 3):
            buyer.add(product, 2)
        answer = buyer.confirm(shop)
        return [answer.status_code, buyer.post(f"/orders/{answer.json['data']['order_id']}/cancel").status_code]

    def edit(seed: int) -> list[int]:
        inventory_id, _ = random.Random(seed).choice(rows)
        quantity = {"available_quantity": 150 + seed}
        return [call(live, "PATCH", f"/admin/inventory/{inventory_id}", manager, quantity).status_code]

    def count(seed: int) -> list[int]:
        _, product_id = random.Random(seed).choice(rows)
        body = {"branch_id": shop.warehouse.id, "product_id": product_id, "counted_quantity": 180}
        return [call(live, "POST", "/ops/recounts", manager, body).status_code]

    def upload(seed: int) -> list[int]:
        shuffled = random.Random(seed).sample(rows, len(rows))
        lines = "".join(f"{product_id},{shop.warehouse.id},{170 + seed}\n" for _, product_id in shuffled)
        file = f"product_id,branch_id,available_quantity\n{lines}"
        head = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        answer = live.client().post(
            "/api/v1/admin/inventory/bulk",
            data=f"{head}{file}\r\n--x--\r\n",
            content_type="multipart/form-data; boundary=x",
            headers=manager,
        )
        return [answer.status_code]

    calls = [partial(buy, buyer, seed) for seed, buyer in enumerate(buyers)]
    calls += [partial(work, seed) for seed in range(6) for work in (edit, count, upload)]
    answers = at_once(calls)

    assert {code for codes in answers for code in codes} <= {200, 201, 202}
    assert "deadlock detected" not in databases.server_log()[log_before:]
    assert_sound(live)


def test_of_many_reviewers_of_one_request_one_wins(live: Live, session: Session, manager: dict[str, str]) -> None:
    branch = make_location(session)
    product = make_product(session, stock={branch: 0})
    body = {"branch_id": branch.id, "product_id": product.id, "quantity": 5, "request_type": "ADD_QUANTITY"}
    review = {"status": "APPROVED", "approved_quantity": 5}
    for done in range(1, ROUNDS + 1):
        asked = call(live, "POST", "/stock-requests", manager, body).json["data"]["id"]
        path = f"/stock-requests/admin/{asked}/resolve"

        answers = at_once([partial(call, live, "PATCH", path, manager, review)] * 6)

        assert statuses(answers) == {200: 1, 409: 5}
        assert number(live, "SELECT available_quantity FROM inventory") == 5 * done
    assert_sound(live)


def test_of_many_senders_and_receivers_of_one_transfer_one_wins(live: Live, session: Session) -> None:
    source, destination = make_location(session), make_location(session)
    product = make_product(session, stock={source: 100})
    staff = sign_in(session, make_employee(session, source, destination))
    lines = [{"product_id": product.id, "quantity": 10}]
    form = {"from_branch_id": source.id, "to_branch_id": destination.id, "lines": lines}
    for done in range(1, ROUNDS + 1):
        path = f"/ops/transfers/{call(live, 'POST', '/ops/transfers', staff, form).json['data']['id']}"

        sent = at_once([partial(call, live, "POST", f"{path}/send", staff, {})] * 5)
        received = at_once([partial(call, live, "POST", f"{path}/receive", staff, {"lines": lines})] * 5)

        assert statuses(sent) == statuses(received) == {200: 1, 409: 4}
        arrived = f"SELECT available_quantity FROM inventory WHERE stock_location_id = {destination.id}"
        assert number(live, arrived) == 10 * done
    assert_sound(live)


def test_transfers_there_and_back_at_once_never_deadlock(live: Live, session: Session) -> None:
    here, there = make_location(session), make_location(session)
    products = [make_product(session, stock={here: 100, there: 100}) for _ in range(5)]
    staff = sign_in(session, make_employee(session, here, there))
    log_before = len(databases.server_log())

    def move(seed: int) -> list[int]:
        chosen = random.Random(seed).sample(products, 4)
        lines = [{"product_id": product.id, "quantity": 2} for product in chosen]
        places = [here.id, there.id] if seed % 2 else [there.id, here.id]
        form = {"from_branch_id": places[0], "to_branch_id": places[1], "lines": lines}
        path = f"/ops/transfers/{call(live, 'POST', '/ops/transfers', staff, form).json['data']['id']}"
        sent = call(live, "POST", f"{path}/send", staff, {}).status_code
        return [sent, call(live, "POST", f"{path}/receive", staff, {"lines": lines}).status_code]

    answers = at_once([partial(move, seed) for seed in range(16)])

    assert {code for codes in answers for code in codes} == {200}
    assert "deadlock detected" not in databases.server_log()[log_before:]
    assert number(live, "SELECT sum(available_quantity) FROM inventory") == 1000
    assert_sound(live)


def test_a_row_made_by_many_at_once_is_made_once(live: Live, session: Session, manager: dict[str, str]) -> None:
    branch = make_location(session)
    product = make_product(session)
    body = {"product_id": product.id, "branch_id": branch.id, "available_quantity": 3}

    answers = at_once([partial(call, live, "POST", "/admin/inventory", manager, body)] * 6)

    assert statuses(answers) == {201: 1, 409: 5}
    assert number(live, "SELECT available_quantity FROM inventory") == 3
    assert_sound(live)
