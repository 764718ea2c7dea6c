"""The example bodies of the documentation."""

from flask import Flask
from pydantic import BaseModel

from app.openapi import operation_of


def bodies(app: Flask) -> set[type[BaseModel]]:
    operations = (operation_of(view) for view in app.view_functions.values())
    return {operation.body for operation in operations if operation is not None and operation.body is not None}


def test_every_body_has_an_example_that_its_schema_takes(app: Flask) -> None:
    models = bodies(app)

    assert len(models) > 15
    assert [model.__name__ for model in models if not getattr(model, "example", None)] == []
    for model in models:
        model.model_validate(getattr(model, "example"))  # noqa: B009 (declared by subclasses only)


def test_the_document_shows_them(app: Flask) -> None:
    document = app.test_client().get("/apispec.json").json

    login = document["paths"]["/api/v1/auth/login"]["post"]["requestBody"]["content"]["application/json"]
    assert login["example"] == {"email": "customer@aisle.example", "password": "customer-2026"}
