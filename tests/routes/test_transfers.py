"""Transfers over HTTP: asked for, sent by the source, received by the destination, with differences."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import LocationKind, MovementKind, Role
from app.models import AuditEvent, Inventory, Product, StockLocation, StockMovement
from tests.conftest import Statements
from tests.factories import make_employee, make_location, make_product, make_user, sign_in
from tests.shopping import assert_sound

TRANSFERS = "/api/v1/ops/transfers"


class Road:
    """Two branches, an employee at each, a third one who works at neither, and two products at the source."""

    def __init__(self, session: Session, client: FlaskClient) -> None:
        self.session, self.client = session, client
        self.source, self.destination = make_location(session, name="Source"), make_location(session, name="Target")
        self.apples = make_product(session, stock={self.source: 20, self.destination: 1}, name="Apples")
        self.pears = make_product(session, stock={self.source: 5}, name="Pears")
        self.sender = sign_in(session, make_employee(session, self.source))
        self.receiver = sign_in(session, make_employee(session, self.destination))
        self.stranger = sign_in(session, make_employee(session, make_location(session)))
        self.manager = sign_in(session, make_user(session, role=Role.MANAGER))

    def ask(self, apples: int = 10, pears: int = 4, by: dict[str, str] | None = None, **body: Any) -> TestResponse:
        lines = [line(self.apples, apples), line(self.pears, pears)]
        form = {"from_branch_id": self.source.id, "to_branch_id": self.destination.id, "lines": lines, **body}
        return self.client.post(TRANSFERS, json=form, headers=by or self.receiver)

    def asked(self, **quantities: int) -> int:
        return int(self.ask(**quantities).json["data"]["id"])

    def act(self, transfer_id: int, step: str, by: dict[str, str], *lines: dict[str, Any]) -> TestResponse:
        body = {"lines": list(lines)} if lines else None
        return self.client.post(f"{TRANSFERS}/{transfer_id}/{step}", json=body, headers=by)

    def sent(self) -> int:
        transfer_id = self.asked()
        assert self.act(transfer_id, "send", self.sender).status_code == 200
        return transfer_id

    def pieces(self, product: Product, branch: StockLocation) -> int | None:
        row = select(Inventory.available_quantity).filter_by(product_id=product.id, stock_location_id=branch.id)
        return self.session.scalars(row).one_or_none()


def line(product: Product, quantity: int, **more: Any) -> dict[str, Any]:
    return {"product_id": product.id, "quantity": quantity, **more}


@pytest.fixture
def road(session: Session, client: FlaskClient) -> Road:
    return Road(session, client)


def code(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def test_goods_are_asked_for_sent_and_received(road: Road, session: Session) -> None:
    asked = road.ask(note="For the weekend")
    transfer_id = asked.json["data"]["id"]
    at_first = (road.pieces(road.apples, road.source), road.pieces(road.apples, road.destination))
    sent = road.act(transfer_id, "send", road.sender)
    under_way = (road.pieces(road.apples, road.source), road.pieces(road.apples, road.destination))
    received = road.act(transfer_id, "receive", road.receiver, line(road.apples, 10), line(road.pears, 4))

    assert (asked.status_code, sent.status_code, received.status_code) == (201, 200, 200)
    assert (at_first, under_way) == ((20, 1), (10, 1))
    assert road.pieces(road.apples, road.destination) == 11
    assert road.pieces(road.pears, road.destination) == 4  # a product the branch did not keep before
    data = received.json["data"]
    assert (data["status"], data["from_branch_name"], data["to_branch_name"]) == ("RECEIVED", "Source", "Target")
    assert (data["note"], data["has_difference"]) == ("For the weekend", False)
    moved = session.execute(
        select(StockMovement.kind, StockMovement.available_change)
        .where(StockMovement.source_type == "transfer_line")
        .order_by(StockMovement.id)
    ).all()
    assert [tuple(row) for row in moved] == [
        (MovementKind.TRANSFER_OUT, -10),
        (MovementKind.TRANSFER_OUT, -4),
        (MovementKind.TRANSFER_IN, 10),
        (MovementKind.TRANSFER_IN, 4),
    ]
    audited = session.execute(select(AuditEvent.entity_type, AuditEvent.action).order_by(AuditEvent.id)).all()
    assert [tuple(row) for row in audited] == [("stock_transfer", step) for step in ("CREATE", "SEND", "RECEIVE")]
    assert_sound()


def test_a_difference_is_kept_with_its_reason(road: Road, session: Session) -> None:
    transfer_id = road.sent()

    received = road.act(
        transfer_id,
        "receive",
        road.receiver,
        line(road.apples, 8, reason="Two were rotten"),
        line(road.pears, 5, reason="One too many"),
    )

    data = received.json["data"]
    assert data["has_difference"]
    assert [(row["sent_quantity"], row["received_quantity"], row["difference"]) for row in data["lines"]] == [
        (10, 8, -2),
        (4, 5, 1),
    ]
    assert data["lines"][0]["difference_reason"] == "Two were rotten"
    assert road.pieces(road.apples, road.destination) == 9
    audited = session.scalars(select(AuditEvent).where(AuditEvent.action == "RECEIVE")).one()
    assert audited.new_value["lines"][0]["received_quantity"] == 8
    assert_sound()


def test_a_difference_without_a_reason_and_an_uncounted_line_are_refused(road: Road) -> None:
    transfer_id = road.sent()

    unexplained = road.act(transfer_id, "receive", road.receiver, line(road.apples, 9), line(road.pears, 4))
    uncounted = road.act(transfer_id, "receive", road.receiver, line(road.apples, 10))
    strange = road.act(
        transfer_id,
        "receive",
        road.receiver,
        line(road.apples, 10),
        line(road.pears, 4),
        {"product_id": 99, "quantity": 1},
    )

    assert code(unexplained) == (400, "DIFFERENCE_NEEDS_REASON")
    assert unexplained.json["error"]["details"] == {"product_ids": [road.apples.id]}
    assert code(uncounted) == (400, "LINES_NOT_COUNTED")
    assert code(strange) == (400, "NOT_IN_TRANSFER")
    assert road.pieces(road.apples, road.destination) == 1


def test_fewer_pieces_may_be_sent_than_asked_for_and_lines_left_out(road: Road) -> None:
    transfer_id = road.asked()

    sent = road.act(transfer_id, "send", road.sender, line(road.apples, 6))
    received = road.act(transfer_id, "receive", road.receiver, line(road.apples, 6))

    assert [row["sent_quantity"] for row in sent.json["data"]["lines"]] == [6, 0]
    assert received.status_code == 200
    assert not received.json["data"]["has_difference"]
    assert road.pieces(road.pears, road.source) == 5
    assert road.pieces(road.pears, road.destination) is None
    assert_sound()


def test_more_than_is_available_cannot_be_sent(road: Road) -> None:
    transfer_id = road.asked(apples=21, pears=4)

    refused = road.act(transfer_id, "send", road.sender)

    assert code(refused) == (409, "INSUFFICIENT_STOCK")
    assert refused.json["error"]["details"]["missing"] == [
        {"product_id": road.apples.id, "requested_quantity": 21, "available_quantity": 20}
    ]
    assert (road.pieces(road.apples, road.source), road.pieces(road.pears, road.source)) == (20, 5)
    assert road.act(transfer_id, "send", road.sender, line(road.apples, 20)).status_code == 200


def test_sending_nothing_or_something_else_is_refused(road: Road) -> None:
    transfer_id = road.asked()

    assert code(road.act(transfer_id, "send", road.sender, line(road.apples, 0))) == (400, "NOTHING_SENT")
    strange = road.act(transfer_id, "send", road.sender, {"product_id": 99, "quantity": 1})
    assert code(strange) == (400, "NOT_IN_TRANSFER")


def test_each_step_belongs_to_the_staff_of_its_branch(road: Road) -> None:
    transfer_id = road.asked()
    counted = (line(road.apples, 10), line(road.pears, 4))

    assert road.ask(by=road.stranger).status_code == 404
    assert road.ask(by=road.sender).status_code == 201
    for step in ("send", "cancel"):
        assert road.act(transfer_id, step, road.stranger).status_code == 404
    assert road.act(transfer_id, "send", road.receiver).status_code == 404
    assert road.act(transfer_id, "send", road.sender).status_code == 200
    assert road.act(transfer_id, "receive", road.sender, *counted).status_code == 404
    assert road.act(transfer_id, "receive", road.manager, *counted).status_code == 200


def test_steps_out_of_order_are_refused(road: Road) -> None:
    transfer_id = road.asked()
    counted = (line(road.apples, 10), line(road.pears, 4))

    too_early = road.act(transfer_id, "receive", road.receiver, *counted)
    road.act(transfer_id, "send", road.sender)
    twice = road.act(transfer_id, "send", road.sender)
    too_late = road.act(transfer_id, "cancel", road.sender)
    road.act(transfer_id, "receive", road.receiver, *counted)
    again = road.act(transfer_id, "receive", road.receiver, *counted)

    assert {code(answer) for answer in (too_early, twice, too_late, again)} == {(409, "INVALID_STATUS")}
    assert again.json["error"]["details"] == {"status": "RECEIVED"}
    assert road.pieces(road.apples, road.destination) == 11
    assert_sound()


def test_a_transfer_is_cancelled_while_nobody_sent_it(road: Road, session: Session) -> None:
    transfer_id = road.asked()

    canceled = road.act(transfer_id, "cancel", road.receiver)
    sent = road.act(transfer_id, "send", road.sender)

    assert canceled.json["data"]["status"] == "CANCELED"
    assert code(sent) == (409, "INVALID_STATUS")
    assert road.pieces(road.apples, road.source) == 20
    audited = session.scalars(select(AuditEvent).where(AuditEvent.action == "CANCEL")).one()
    assert (audited.old_value, audited.new_value["status"]) == ({"status": "REQUESTED"}, "CANCELED")


def test_requests_that_make_no_sense_are_refused(road: Road, session: Session) -> None:
    shop = make_location(session, kind=LocationKind.SHOP)
    foreign = make_product(session, shop_id=shop.id)

    assert road.ask(to_branch_id=road.source.id).status_code == 400
    assert road.ask(lines=[line(road.apples, 1), line(road.apples, 2)]).status_code == 400
    assert road.ask(lines=[]).status_code == 400
    assert road.ask(apples=0).status_code == 400
    assert road.ask(by=road.manager, to_branch_id=999_999).status_code == 404
    assert road.ask(by=road.manager, to_branch_id=shop.id).status_code == 404
    assert road.ask(by=road.manager, lines=[line(foreign, 1)]).status_code == 404


def test_transfers_are_listed_for_both_branches_and_nobody_else(road: Road, client: FlaskClient) -> None:
    first, second = road.asked(), road.sent()

    def listed(headers: dict[str, str], query: str = "") -> list[int]:
        return [row["id"] for row in client.get(f"{TRANSFERS}{query}", headers=headers).json["data"]]

    assert listed(road.sender) == listed(road.receiver) == listed(road.manager) == [second, first]
    assert listed(road.stranger) == []
    assert listed(road.manager, "?status=SENT") == [second]
    assert listed(road.manager, f"?branchId={road.source.id}&limit=1") == [second]
    assert listed(road.manager, "?branch_id=999999") == []
    page = client.get(f"{TRANSFERS}?limit=1", headers=road.sender).json["meta"]
    assert listed(road.sender, f"?limit=1&cursor={page['next_cursor']}") == [first]
    assert client.get(f"{TRANSFERS}/{first}", headers=road.sender).json["data"]["lines"][0]["product_name"] == "Apples"
    assert client.get(f"{TRANSFERS}/{first}", headers=road.stranger).status_code == 404


def test_the_list_costs_the_same_statements_for_one_transfer_and_for_many(
    road: Road, client: FlaskClient, statements: Statements
) -> None:
    road.asked()
    statements.clear()
    client.get(TRANSFERS, headers=road.sender)
    for_one = len(statements)
    for _ in range(5):
        road.asked()
    statements.clear()

    client.get(TRANSFERS, headers=road.sender)

    assert len(statements) == for_one == 2  # the token's session, the page
