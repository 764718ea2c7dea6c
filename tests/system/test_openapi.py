"""The OpenAPI document: a valid one, and true. schemathesis sends what it describes and checks what comes back."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
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

from app.domain.enums import Role
from app.extensions import db
from app.models import Cart, Notification, Product, User, WishlistItem
from app.openapi import operation_of
from app.openapi_document import build_document
from app.services.seed.shop import seed
from tests import databases, factories
from tests.conftest import dispose, make_app

RULES_OUTSIDE_JSON_SCHEMA = {"value_error", "cursor"}
"""Faults of checks that a schema cannot express: a cursor of another list, two fields that exclude each other."""

BOUNDED = settings(
    max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True
)


def accepts_what_the_document_allows(ctx: CheckContext, response: Response, case: Case) -> bool | None:
    """A described request is never called malformed; refusing it for a reason of the shop (400 too) is fine."""
    if response.status_code == 400:
        error = response.json()["error"]
        faults = {fault["type"] for fault in error["details"].get("errors", ())}
        if error["code"] != "VALIDATION_ERROR" or faults <= RULES_OUTSIDE_JSON_SCHEMA:
            return None
    return checks.positive_data_acceptance(ctx, response, case)


def rejects_what_the_document_forbids(ctx: CheckContext, response: Response, case: Case) -> bool | None:
    """The contract wants values read leniently ("5" is an int); what is then read must still be as described."""
    try:
        return checks.negative_data_rejection(ctx, response, case)
    except AcceptedNegativeData:
        if not read_leniently(case):
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


@pytest.fixture(scope="module")
def shop(template: str) -> Iterator[Flask]:
    """The demo shop, where what schemathesis does is kept."""
    with databases.cloned(template) as url:
        application = make_app(url)
        with application.app_context():
            seed()
            live_in(application)
        yield application
        dispose(application)


def live_in(shop: Flask) -> None:
    """Give the demo customer a cart, an order, a notification and a wish, so that small ids are found."""
    with Session(db.engine, expire_on_commit=False) as session:
        customer = session.scalars(select(User).where(User.role == Role.CUSTOMER).order_by(User.id)).first()
        product = session.scalars(select(Product).order_by(Product.id)).first()
        session.add(Cart(user_id=customer.id))
        session.commit()
        factories.make_order(session, customer, product)
        session.add(Notification(user_id=customer.id, kind="order", title="Your order", body="It is on its way."))
        session.add(WishlistItem(user_id=customer.id, product_id=product.id))
        session.commit()


def headers_of_a_customer(shop: Flask) -> dict[str, str]:
    """A new sign-in for each request: one of the operations is signing out."""
    with shop.app_context(), Session(db.engine, expire_on_commit=False) as session:
        customer = session.scalars(select(User).where(User.role == Role.CUSTOMER).order_by(User.id)).first()
        return factories.sign_in(session, customer)


def test_every_operation_answers_as_the_document_says(shop: Flask, subtests: pytest.Subtests) -> None:
    schema = schemathesis.openapi.from_wsgi("/apispec.json", shop)

    tried, succeeded = set(), set()

    def check(case: Case) -> None:
        response = case.call_and_validate(headers=headers_of_a_customer(shop), checks=CHECKS)
        if response.status_code < 300 and case.method == case.operation.method.upper():
            succeeded.add(case.operation.label)

    for built in get_all_tests(schema=schema, test_func=check, settings=BOUNDED, given_kwargs={}):
        operation, run = built.ok()
        tried.add(operation.label)
        with subtests.test(operation.label):
            run()

    assert len(succeeded) > 0.6 * len(tried), f"too few were ever answered well: {sorted(tried - succeeded)}"


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
            expected = may if line.is_optional else [] if line.is_public else must
            assert operation.get("security", []) == expected, operation["operationId"]
            assert ("401" in operation["responses"]) or expected == []


def test_examples_are_what_their_schemas_describe(document: dict[str, Any]) -> None:
    definitions = {"components": document["components"]}
    for methods in document["paths"].values():
        for operation in methods.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                validator = jsonschema_rs.validator_for({**definitions, **content["schema"]})
                for example in content.get("examples", {}).values():
                    validator.validate(example["value"])
