"""The example bodies of the documentation."""

from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask
from pydantic import BaseModel

from app import api
from app.openapi import operation_of

VIEWS = [
    function
    for entry in api.TABLE
    for function in (vars(__import__(entry.blueprint.import_name, fromlist=["_"])).values())
    if callable(function) and operation_of(function) is not None
]
MODELS = {operation.body for view in VIEWS if (operation := operation_of(view)) and operation.body}


@pytest.mark.parametrize("model", sorted(MODELS, key=lambda model: model.__name__), ids=lambda model: model.__name__)
def test_every_body_has_an_example_that_its_schema_takes(model: type[BaseModel]) -> None:
    example: Mapping[str, Any] = getattr(model, "example", {})

    assert example
    model.model_validate(example)


def test_the_document_shows_them(app: Flask) -> None:
    document = app.test_client().get("/apispec.json").json

    login = document["paths"]["/api/v1/auth/login"]["post"]["requestBody"]["content"]["application/json"]
    assert login["example"] == {"email": "customer@aisle.example", "password": "customer-2026"}
