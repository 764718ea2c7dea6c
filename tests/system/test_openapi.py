"""The OpenAPI document: a valid one, and true. schemathesis sends what it describes and checks what comes back."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jsonschema_rs
import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, settings
from pydantic import ValidationError
from schemathesis import Case
from schemathesis import checks as base_checks
from schemathesis.checks import CheckContext
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.core.transport import Response
from schemathesis.pytest.lazy import get_all_tests
from schemathesis.specs.openapi import checks
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.enums import (
    DeliveryState,
    OperationKind,
    OperationState,
    OrderStatus,
    Role,
    StockRequestType,
    TransferStatus,
)
from app.domain.order_states import PACKED, PICKABLE
from app.extensions import db
from app.middleware.entry import DEVICE, FIRST_DEVICE
from app.models import (
    AssistanceRequest,
    Cart,
    Notification,
    Order,
    OrderItem,
    Payment,
    PaymentOperation,
    Product,
    StockLocation,
    StockRequest,
    StockTransfer,
    StockTransferLine,
    StoredImage,
    User,
    WishlistItem,
)
from app.openapi import operation_of
from app.openapi_document import build_document
from app.services.analytics import reports
from app.services.seed.people import DEMO_USERS
from app.services.seed.shop import seed
from tests import databases, factories, receiving
from tests.conftest import dispose, make_app
from tests.system import market_rows, trials, trolley_rows

RULES_OUTSIDE_JSON_SCHEMA = {"value_error", "cursor"}
"""Faults of checks that a schema cannot express: a cursor of another list, two fields that exclude each other."""

BOUNDED = settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
)

MANY_TIMES = settings(BOUNDED, max_examples=18)
"""For devices, whose bodies are seldom right by chance."""


def accepts_what_the_document_allows(ctx: CheckContext, response: Response, case: Case) -> bool | None:
    """A described request is never called malformed; refusing it for a reason of the shop (400 and 402 too) is fine."""
    if response.status_code == 400 and case.path.startswith("/api/v1/device/"):
        return None  # a device's bodies are read by rules of their own, which the document only tells of
    if response.status_code == 400 and is_well_formed(case):
        error = response.json()["error"]
        faults = error["details"].get("errors", ())
        if error["code"] != "VALIDATION_ERROR" or all(is_outside_json_schema(fault, case) for fault in faults):
            return None
    if response.status_code == 402 and is_well_formed(case):
        return None
    return checks.positive_data_acceptance(ctx, response, case)


def is_well_formed(case: Case) -> bool:
    """Whether the request was made to be as described, and not to break the description."""
    return bool(case.meta and case.meta.generation.mode.is_positive)


def is_outside_json_schema(fault: dict[str, Any], case: Case) -> bool:
    """Whether a fault is of a rule that no schema can tell; texts are trimmed before their length counts."""
    if fault["type"] not in ("string_too_short", "too_short"):
        return fault["type"] in RULES_OUTSIDE_JSON_SCHEMA
    where, *path = fault["loc"]
    sent: Any = case.body if where == "body" else case.query
    for step in path:
        sent = sent[step]
    return isinstance(sent, str) and sent != sent.strip()


def rejects_what_the_document_forbids(ctx: CheckContext, response: Response, case: Case) -> bool | None:
    """The contract wants values read leniently ("5" is an int); what is then read must still be as described."""
    try:
        return checks.negative_data_rejection(ctx, response, case)
    except AcceptedNegativeData:
        if case.media_type != "text/csv" and not read_leniently(case):  # whatever is sent as text is a text
            raise
        return None


def read_leniently(case: Case) -> bool:
    """Whether the body, once the declared model has read it, is what the document describes."""
    app: Flask = case.operation.app
    endpoint, _ = app.url_map.bind("localhost").match(case.formatted_path, case.method)
    operation = operation_of(app.view_functions[endpoint])
    model = operation and (operation.body or operation.form)
    if model is None or not isinstance(case.body, dict):
        return False
    try:
        read = model.model_validate_json(jsonschema_rs.canonical.json.to_string(case.body))
    except ValidationError:
        return False
    schema = model.model_json_schema()
    written = read.model_dump(mode="json", exclude_unset=True)
    return jsonschema_rs.validator_for(schema).is_valid(written)


CHECKS = [
    base_checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
    checks.unsupported_method,
    checks.allow_header_conformance,
    checks.missing_required_header,
    accepts_what_the_document_allows,
    rejects_what_the_document_forbids,
]


@dataclass
class Tried:
    """The demo shop, where what schemathesis does is kept; the rows of its marketplace by kind, and its trolleys."""

    app: Flask
    market: market_rows.Rows
    fleet: trolley_rows.Fleet


@pytest.fixture(scope="module")
def shop(template: str) -> Iterator[Tried]:
    with databases.cloned(template) as url:
        application = make_app(url)
        with application.app_context():
            seed()
            market, fleet = live_in(application)
        yield Tried(application, market, fleet)
        dispose(application)


SECTIONS = {
    "shoppers": "^(?!Staff|Admin|Vendor|Devices|Smart carts|Store maps)",
    "vendors": "^Vendor",
    "staff": "^(Staff|Admin)(?!: (trolleys|store maps|recipes))",
    "shoppers with trolleys": "^(Smart carts|Store maps)",
    "staff with trolleys": "^(Staff|Admin): (trolleys|store maps|recipes)",
}
ROLES = {
    "shoppers": Role.CUSTOMER,
    "vendors": Role.VENDOR,
    "staff": Role.ADMIN,
    "shoppers with trolleys": Role.CUSTOMER,
    "staff with trolleys": Role.ADMIN,
}
PICTURE = "0" * 64
HOOK = "https://hooks.example.com/aisle"
STATES = (OrderStatus.PENDING_PAYMENT, *sorted(PICKABLE | PACKED), OrderStatus.DELAYED, OrderStatus.CANCELLING)
ROUNDS = 10
"""So often there is an order in each state, as some operations leave little for the next."""
ROWS = {"order_id": ROUNDS * (2 + len(STATES)), "endpoint_id": 5 * ROUNDS}
FEW = 3
"""As many rows are there of most other things, or fewer."""


def live_in(shop: Flask) -> tuple[market_rows.Rows, trolley_rows.Fleet]:
    """Give the demo shop a past: one row of everything at least, with the ids from 1 on; then markets and trolleys."""
    with Session(db.engine, expire_on_commit=False) as session:
        customer, vendor, admin = (demo_user(session, role) for role in (Role.CUSTOMER, Role.VENDOR, Role.ADMIN))
        warehouse, store = session.scalars(select(StockLocation).order_by(StockLocation.id).limit(2)).all()
        goods = session.scalars(select(Product).order_by(Product.id).limit(3)).all()
        session.add(Cart(user_id=customer.id))
        session.commit()
        for _ in range(ROUNDS):
            sell(session, customer, admin, warehouse, goods)
        move_goods(session, admin, warehouse, store, goods[0])
        session.add(AssistanceRequest(user_id=customer.id, stock_location_id=warehouse.id, message="Where is milk?"))
        session.add(Notification(user_id=customer.id, kind="order", title="Your order", body="It is on its way."))
        session.add(WishlistItem(user_id=customer.id, product_id=goods[0].id))
        for number in range(ROWS["endpoint_id"]):
            receiving.make_delivery(session, receiving.make_webhook(session, HOOK), number, state=DeliveryState.FAILED)
        session.add(StoredImage(digest=PICTURE, media_type="image/webp", width=1, height=1, content=b"RIFF"))
        session.commit()
        market = market_rows.open_market(shop, session, customer, vendor, admin)
        return market, trolley_rows.open_fleet(shop, session, customer, admin, store)


def sell(session: Session, customer: User, admin: User, warehouse: StockLocation, goods: Sequence[Product]) -> None:
    """An order in a batch, one with a proposed substitute, one in each state more; a coupon."""
    stocked = {"stock_location_id": warehouse.id, "pay_deadline": datetime.now(UTC) + timedelta(days=1)}
    walked, replaced = (factories.make_order(session, customer, goods[0], **stocked) for _ in range(2))
    for order in (walked, replaced):
        asked_for(session, order, OperationKind.CAPTURE, OperationState.MANUAL)
    factories.make_batch(session, admin, walked)
    replaced.status = OrderStatus.IN_PROGRESS
    item = session.scalars(select(OrderItem).where(OrderItem.order_id == replaced.id)).one()
    factories.make_substitution(session, item, goods[1])
    for status in STATES:
        order = factories.make_order(session, customer, goods[0], status=status, **stocked)
        asked_for(session, order, OperationKind.AUTHORIZE, OperationState.UNKNOWN)
        if status in PACKED:
            charge(session, order)
    factories.make_coupon(session)


def charge(session: Session, order: Order) -> None:
    """Take what was held for an order."""
    payment = session.scalars(select(Payment).where(Payment.order_id == order.id)).one()
    payment.captured_amount = payment.authorized_amount
    session.commit()


def asked_for(session: Session, order: Order, kind: OperationKind, state: OperationState) -> None:
    """A call to the provider about an order's payment, which is not due during the test."""
    payment = session.scalars(select(Payment).where(Payment.order_id == order.id)).one()
    due = datetime.now(UTC) + timedelta(days=1)
    operation = {"kind": kind, "state": state, "amount": payment.requested_amount, "next_at": due}
    session.add(PaymentOperation(payment_id=payment.id, idempotency_key=uuid4(), **operation))
    session.commit()


def move_goods(session: Session, admin: User, warehouse: StockLocation, store: StockLocation, product: Product) -> None:
    """A request for stock, and a transfer in each state."""
    asked = {"request_type": StockRequestType.ADD_QUANTITY, "quantity": 5, "requested_quantity": 5}
    place = {"stock_location_id": warehouse.id, "product_id": product.id}
    session.add(StockRequest(actor_user_id=admin.id, **place, **asked))
    now = datetime.now(UTC)
    for times in ({}, {"sent_at": now}, {"sent_at": now, "received_at": now}):
        status = (TransferStatus.REQUESTED, TransferStatus.SENT, TransferStatus.RECEIVED)[len(times)]
        way = {"from_location_id": warehouse.id, "to_location_id": store.id, "requested_by": admin.id}
        transfer = StockTransfer(status=status, **way, **times)
        session.add(transfer)
        session.flush()
        line = {"requested_quantity": 2, "sent_quantity": 2 if times else None}
        session.add(StockTransferLine(transfer_id=transfer.id, product_id=product.id, **line))
    session.commit()


def demo_user(session: Session, role: Role) -> User:
    """The person of the demo shop who has that role, or had it before somebody changed it."""
    email = next(person.email for person in DEMO_USERS if person.role is role)
    return session.scalars(select(User).where(User.email == email)).one()


READING = {"GET", "HEAD", "OPTIONS"}


class Caller:
    """Somebody's sign-in, made anew when it may be over: some operations end sessions, block people or close shops."""

    def __init__(self, shop: Tried, who: Role) -> None:
        self._shop, self._who = shop, who
        self._kept: dict[str, str] = {}

    def headers(self) -> dict[str, str]:
        """Good for one request; `keep` tells what became of it."""
        headers, self._kept = self._kept or sign_in_for(self._shop, self._who), {}
        return headers

    def keep(self, headers: dict[str, str], response: Response) -> None:
        """After a request that changed nothing, as it only read or was refused, the next one may have them too."""
        is_refused = 400 <= response.status_code < 500 and response.status_code not in (401, 403)
        if is_refused or (response.request.method in READING and response.status_code < 300):
            self._kept = headers


def sign_in_for(shop: Tried, who: Role) -> dict[str, str]:
    """A new sign-in; whoever was blocked or changed is as before, and every shop sells."""
    with shop.app.app_context(), Session(db.engine, expire_on_commit=False) as session:
        people = {role: demo_user(session, role) for role in ROLES.values()}
        for role, user in people.items():
            user.is_active, user.role = True, role
        market_rows.keep_open(session)
        return factories.sign_in(session, people.get(who) or factories.make_user(session, role=who))


def ask_for_what_is_there(case: Case, shop: Tried, turns: Counter[str]) -> None:
    """Let a well-formed address name one row after the other, and of an order (of one line) the line with its id."""
    of_fleet = trolley_rows.SECTIONS.match(case.operation.definition.raw["tags"][0])
    if of_fleet:
        trolley_rows.prepare(shop.fleet, case.operation.method.upper(), case.operation.path)
    if not is_well_formed(case):
        return
    if of_fleet:
        trolley_rows.ask_for_what_is_there(case, shop.fleet)
        return
    path = case.path_parameters
    if market_rows.SECTIONS.match(case.operation.definition.raw["tags"][0]):
        market_rows.ask_for_what_is_there(case.operation.path, path, case.body, shop.market, turns)
        return
    turns.update(path.keys())
    there = {"digest": PICTURE, "name": list(reports.REPORTS)[turns["name"] % len(reports.REPORTS)]}
    for name, value in path.items():
        row = 1 + turns[name] % ROWS.get(name, FEW)
        path[name] = row if name.endswith("_id") else there.get(name, value)
    if "order_id" in path and "item_id" in path:
        path["item_id"] = path["order_id"]
    if "delivery_id" in path:
        path["delivery_id"] = path["endpoint_id"]


@pytest.mark.timeout(900)  # thousands of requests, beside whatever else the machine does
@pytest.mark.parametrize("who", SECTIONS)
def test_every_operation_answers_as_the_document_says(shop: Tried, subtests: pytest.Subtests, who: str) -> None:
    whole = schemathesis.openapi.from_wsgi("/apispec.json", shop.app)
    schema = whole.include(tag_regex=SECTIONS[who])

    tried, succeeded, turns, caller = set(), set(), Counter[str](), Caller(shop, ROLES[who])

    def check(case: Case) -> None:
        headers = caller.headers()
        ask_for_what_is_there(case, shop, turns)
        if case.operation.path in market_rows.WANT_A_BASKET:
            market_rows.fill_basket(shop.app, shop.market, headers)
        response = case.call_and_validate(headers=headers, checks=CHECKS)
        caller.keep(headers, response)
        if response.status_code < 300 and case.method == case.operation.method.upper():
            succeeded.add(case.operation.label)

    for built in get_all_tests(schema=schema, test_func=check, settings=BOUNDED, given_kwargs={}):
        operation, run = built.ok()
        tried.add(operation.label)
        trials.thin(run)
        with subtests.test(operation.label):
            run()

    assert len(tried) > 30
    assert len(succeeded) >= 0.7 * len(tried), f"too few were ever answered well: {sorted(tried - succeeded)}"


def is_lean(_: CheckContext, response: Response, case: Case) -> None:
    """A device takes 1,024 bytes, and 64 of a refusal (smart-cart.md, B.1 and B.4); images come in pieces."""
    if case.operation.path.startswith("/api/v1/device/") and "/fw/" not in case.operation.path:
        assert len(response.content) <= (64 if response.status_code >= 400 else 1024), response.content


@pytest.mark.timeout(900)
def test_every_operation_of_devices_answers_as_the_document_says(shop: Tried, subtests: pytest.Subtests) -> None:
    schema = schemathesis.openapi.from_wsgi("/apispec.json", shop.app).include(tag_regex="^Devices")
    succeeded, tried, customer = set(), set(), Caller(shop, Role.CUSTOMER)

    def check(case: Case) -> None:
        signed_in = customer.headers()  # whoever was blocked before is let in again
        ask_for_what_is_there(case, shop, Counter())
        headers = trolley_rows.caller_of(case.operation.path, shop.fleet)
        response = case.call_and_validate(headers=headers, checks=[*CHECKS, is_lean])
        customer.keep(signed_in, response)
        if response.status_code < 300:
            succeeded.add(case.operation.label)

    for built in get_all_tests(schema=schema, test_func=check, settings=MANY_TIMES, given_kwargs={}):
        operation, run = built.ok()
        tried.add(operation.label)
        with subtests.test(operation.label):
            run()

    assert succeeded == tried


class Others:
    """Everybody else who may send a request: each role, nobody, and a trolley's device."""

    def __init__(self, shop: Tried) -> None:
        self._shop = shop
        self._callers: dict[str, Caller] = {role: Caller(shop, role) for role in Role}

    def send(self, case: Case, who: str) -> Response:
        """The request as one of `WHO` sends it, held against the document."""
        if caller := self._callers.get(who):
            headers = caller.headers()
            response = case.call_and_validate(headers=headers, checks=OF_ANYBODY)
            caller.keep(headers, response)
            return response
        headers = self._shop.fleet.bearer(self._shop.fleet.trolley) if who == "device" else {}
        return case.call_and_validate(headers=headers, checks=OF_ANYBODY)


WHO = ("nobody", *Role, "device")
OF_ANYBODY = [
    base_checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]
"""What must hold whoever asks; those who may not enter are told so before anything of the request is read."""


@pytest.mark.timeout(900)
def test_every_operation_answers_every_role_as_the_document_says(shop: Tried, subtests: pytest.Subtests) -> None:
    schema = schemathesis.openapi.from_wsgi("/apispec.json", shop.app)
    others, turns = Others(shop), Counter[str]()
    refused, let_in = Counter[str](), Counter[str]()

    for built in get_all_tests(schema=schema, test_func=lambda case: None, settings=BOUNDED, given_kwargs={}):
        operation, run = built.ok()
        plainest = trials.another(trials.plainest(run))
        ask_for_what_is_there(plainest, shop, turns)
        for who in WHO:
            with subtests.test(f"{operation.label} as {who}"):
                answer = others.send(trials.another(plainest), who)
                (refused if answer.status_code in (401, 403) else let_in)[who] += 1

    assert set(refused) == set(let_in) == set(WHO)
    assert refused["nobody"] > refused["CUSTOMER"] > refused["ADMIN"]


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    return build_document(app)


def test_the_document_is_valid_openapi(client: FlaskClient) -> None:
    served = client.get("/apispec.json").json

    # One document serves every host, so the sign-in address in it is relative; the standard's schema wants it whole.
    password = served["components"]["securitySchemes"]["password"]["flows"]["password"]
    password["tokenUrl"] = f"https://shop.example{password['tokenUrl']}"

    assert served["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(served).validate()


def references(part: Any) -> Iterator[str]:
    """Every $ref of a part of the document, however deep."""
    if isinstance(part, dict):
        yield from (value for key, value in part.items() if key == "$ref" and isinstance(value, str))
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_every_reference_leads_somewhere_and_every_schema_is_used(document: dict[str, Any]) -> None:
    used = {reference.removeprefix("#/components/schemas/") for reference in references(document)}

    assert used == set(document["components"]["schemas"])


def test_every_schema_is_a_json_schema(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid(schema), name


def test_each_route_says_whether_one_must_sign_in(app: Flask, document: dict[str, Any]) -> None:
    must, may = [{"bearer": []}, {"password": []}], [{}, {"bearer": []}, {"password": []}]
    for rule in app.url_map.iter_rules():
        line = app.extensions["table"].get(rule.endpoint.rpartition(".")[0])
        if line is None:
            continue
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            operation = document["paths"][re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)][method.lower()]
            signs = line.who in (DEVICE, FIRST_DEVICE) and rule.endpoint != "device_claims.claim"
            signed = [{"device": []}] if signs else []
            expected = may if line.is_optional else signed if line.is_public else must
            assert operation.get("security", []) == expected, operation["operationId"]
            assert ("401" in operation["responses"]) or expected == []


def examples_of(content: dict[str, Any]) -> list[Any]:
    """The examples of a body, one alone or several with names."""
    alone = [content["example"]] if "example" in content else []
    return alone + [example["value"] for example in content.get("examples", {}).values()]


def test_examples_are_what_their_schemas_describe(document: dict[str, Any]) -> None:
    schemas: dict[str, Any] = {}
    examples: list[dict[str, Any]] = []
    for operation in (operation for methods in document["paths"].values() for operation in methods.values()):
        for part in (operation.get("requestBody", {}), *operation["responses"].values()):
            for content in part.get("content", {}).values():
                name = json.dumps(content["schema"])
                schemas[name] = content["schema"]
                examples += [{name: example} for example in examples_of(content)]
    validator = jsonschema_rs.validator_for({"components": document["components"], "properties": schemas})

    assert len(examples) > 1000
    for example in examples:
        validator.validate(example)
