"""Two pickers reach for the same orders at once, with real commits."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import OrderStatus
from app.models import AuditEvent, Order, PickBatch
from tests.concurrency.racing import at_once
from tests.conftest import Live
from tests.factories import make_employee, make_order, make_product, make_user, make_warehouse, sign_in

ROUNDS = 10


@pytest.fixture
def session(live: Live) -> Iterator[Session]:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as opened:
        yield opened


def batching(live: Live, headers: dict[str, str], order_ids: list[int]) -> Callable[[], TestResponse]:
    client = live.client()
    return lambda: client.post("/api/v1/ops/batches", json={"order_ids": order_ids}, headers=headers)


def test_of_two_overlapping_batches_one_is_made_and_the_other_claims_nothing(live: Live, session: Session) -> None:
    branch, product, customer = make_warehouse(session), make_product(session), make_user(session)
    pickers = [make_employee(session, branch) for _ in range(4)]
    headers = [sign_in(session, picker) for picker in pickers]
    for _ in range(ROUNDS):
        orders = [make_order(session, customer, product, stock_location_id=branch.id).id for _ in range(5)]
        # every two of the four lists overlap, and they name the orders in different directions
        wanted = [orders[:3], orders[4:1:-1], [orders[2], orders[0]], [orders[3], orders[2]]]

        answers = at_once([batching(live, who, ids) for who, ids in zip(headers, wanted, strict=True)])

        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
        assert {answer.json["error"]["code"] for answer in answers if answer.status_code == 409} == {"ORDER_CLAIMED"}
        place = next(place for place, answer in enumerate(answers) if answer.status_code == 201)
        session.expire_all()
        rows = session.scalars(select(Order).where(Order.id.in_(orders))).all()
        assert {row.id for row in rows if row.picker_id == pickers[place].id} == set(wanted[place])
        others = [row for row in rows if row.id not in wanted[place]]
        assert {(row.picker_id, row.batch_id, row.status) for row in others} <= {(None, None, OrderStatus.CREATED)}
    assert session.scalar(select(func.count()).select_from(PickBatch)) == ROUNDS


def test_a_picker_who_sends_a_batch_twice_at_once_gets_one(live: Live, session: Session) -> None:
    branch, product, customer = make_warehouse(session), make_product(session), make_user(session)
    headers = sign_in(session, make_employee(session, branch))
    for _ in range(ROUNDS):
        orders = [make_order(session, customer, product, stock_location_id=branch.id).id for _ in range(3)]

        answers = at_once([batching(live, headers, orders), batching(live, headers, orders[::-1])])

        assert sorted(answer.status_code for answer in answers) == [201, 409]
        [refused] = [answer for answer in answers if answer.status_code == 409]
        assert refused.json["error"]["code"] == "ORDER_IN_BATCH"
        moves = select(func.count()).where(AuditEvent.entity_id.in_(orders), AuditEvent.action == "UPDATE_STATUS")
        assert session.scalar(moves) == len(orders)
