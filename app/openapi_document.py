"""The OpenAPI 3.1 document, written from the route map and the declarations of `app.openapi`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from flask import Flask
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from app.domain.devices.words import HTTP_STATUS, RefusalCode
from app.errors import (
    AuthFailed,
    AuthRequired,
    BadRequest,
    DomainError,
    Forbidden,
    NotFound,
    SecondFactorSetupRequired,
    TooManyRequests,
    ValidationFailed,
)
from app.middleware.entry import DEVICE, FIRST_DEVICE, WITHOUT_SECOND_FACTOR
from app.openapi import (
    LARGEST_ID,
    File,
    FileTooLarge,
    NoFile,
    Operation,
    UnsupportedMediaType,
    Upload,
    operation_of,
)
from app.schemas.device_wire import DeviceError
from app.schemas.envelope import ErrorEnvelope, envelope_of

REF = "#/components/schemas/{model}"
_CONVERTER = re.compile(r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>")
_PATH_TYPES = {"int": {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}, "default": {"type": "string"}}
_JSON = "application/json"


def build_document(app: Flask) -> dict[str, Any]:
    """Every declared route of the application as one OpenAPI document."""
    operations = list(_declared(app))
    models = _models(operation for _, _, operation in operations)
    by_model, definitions = models_json_schema(models, ref_template=REF)
    schemas = {(model, mode): schema for (model, mode), schema in by_model.items()}
    paths: dict[str, dict[str, Any]] = {}
    for rule, method, operation in operations:
        path = _CONVERTER.sub(r"{\2}", rule.rule)
        paths.setdefault(path, {})[method] = _operation(app, rule, method, operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": _info(app),
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in _tags(paths)],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": _referred_to(definitions.get("$defs", {}), paths),
            "securitySchemes": {
                "password": {
                    "type": "oauth2",
                    "description": "Log in here with e-mail (as username) and password; with a second factor, "
                    "the password, a space and the code.",
                    "flows": {"password": {"tokenUrl": "/api/v1/auth/token", "scopes": {}}},
                },
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "device": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "A trolley's device: `SC1 <id>.<kid>.<ts>.<boot>.<n>.<signature>`, or "
                    "`Bearer dvc_<id>_<token>` where that is allowed.",
                },
            },
        },
    }


def _referred_to(definitions: dict[str, Any], paths: dict[str, Any]) -> dict[str, Any]:
    """Pydantic also defines an enum whose schema a field replaces by words of its own."""
    written = orjson.dumps([definitions, paths]).decode()
    return {name: schema for name, schema in definitions.items() if f'"{REF.format(model=name)}"' in written}


def _tags(paths: dict[str, dict[str, Any]]) -> list[str]:
    used = (tag for methods in paths.values() for operation in methods.values() for tag in operation["tags"])
    return list(dict.fromkeys(used))


def _info(app: Flask) -> dict[str, Any]:
    return {
        "title": "Aisle API",
        "version": app.config["API_VERSION"],
        "description": "One grocery backend, for shoppers and for the staff of the shop. Every success is "
        '`{"data": ...}`, every failure `{"error": {"code", "message", "status_code", "details"}}`.',
    }


def _declared(app: Flask) -> Iterator[tuple[Rule, str, Operation]]:
    for rule in app.url_map.iter_rules():
        operation = operation_of(app.view_functions[rule.endpoint])
        if operation is None:
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method.lower(), operation


def _models(operations: Iterator[Operation]) -> list[tuple[Any, Any]]:
    """Every model of the document once, requests in validation mode and answers in serialization mode."""
    found: dict[tuple[Any, Any], None] = {(error, "serialization"): None for error in (ErrorEnvelope, DeviceError)}
    for operation in operations:
        for model in (operation.body, operation.form):
            if model is not None:
                found[(model, "validation")] = None
        for declared in operation.answers.values():
            if declared is not None and not isinstance(declared, File):
                found[(envelope_of(declared, bare=operation.bare), "serialization")] = None
    return list(found)


def _operation(app: Flask, rule: Rule, method: str, operation: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    view = app.view_functions[rule.endpoint]
    summary, _, description = (view.__doc__ or "").strip().partition("\n")
    blueprint = rule.endpoint.rpartition(".")[0]
    entry = app.extensions["table"].get(blueprint)
    guarded = entry is not None and not entry.is_public
    document: dict[str, Any] = {
        "operationId": operation.operation_id or operation_id(rule, method),
        "summary": summary.rstrip("."),
        "description": _access_note(entry) + re.sub(r"\n +", "\n", description).strip(),
        "tags": [entry.tag if entry else "Service"],
        "parameters": _path_parameters(rule) + _query_parameters(operation) + _header_parameters(operation),
        "responses": _responses(operation, schemas, guarded=guarded, has_path_id="<" in rule.rule, entry=entry),
    }
    if guarded:
        document["security"] = [{"bearer": []}, {"password": []}]
    elif entry is not None and entry.who in (DEVICE, FIRST_DEVICE) and not operation.unsigned:
        document["security"] = [{"device": []}]
    elif entry is not None and entry.is_optional:
        document["security"] = [{}, {"bearer": []}, {"password": []}]
    if body := _request_body(operation, schemas):
        document["requestBody"] = body
    return {key: value for key, value in document.items() if value not in ("", [])}


def operation_id(rule: Rule, method: str) -> str:
    """A stable name for generated clients: the method and the path in words."""
    words = re.sub(r"[^A-Za-z0-9]+", " ", rule.rule.removeprefix("/api/v1")).split()
    words = [word for word in words if word not in {"int", "string"}]
    return method + "".join(word.title() for word in "_".join(words).split("_"))


def _access_note(entry: Any) -> str:
    return f"Who: {entry.who_in_words}.\n\n" if entry else ""


def _path_parameters(rule: Rule) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _PATH_TYPES.get(kind or "default", {"type": "string"})}
        for kind, name in _CONVERTER.findall(rule.rule)
    ]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    schema = operation.query.model_json_schema(ref_template=REF)
    definitions = schema.get("$defs", {})
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", []),
            "schema": _inlined({key: value for key, value in field.items() if key != "description"}, definitions),
            **({"description": field["description"]} if "description" in field else {}),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    """A query schema with its references resolved and `null` left out: an absent name is how a query says null."""
    if isinstance(schema, list):
        return [_inlined(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        choices = [_inlined(choice, definitions) for choice in schema["anyOf"] if choice != {"type": "null"}]
        rest = {key: value for key, value in schema.items() if key != "anyOf" and (key, value) != ("default", None)}
        return {**rest, **(choices[0] if len(choices) == 1 else {"anyOf": choices})}
    return {key: _inlined(value, definitions) for key, value in schema.items()}


def _header_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": header.name,
            "in": "header",
            "required": header.required,
            "description": header.description,
            "schema": {"type": "string", **({"pattern": header.pattern} if header.pattern else {})},
            **({"example": header.example} if header.example else {}),
        }
        for header in operation.headers
    ]


def _request_body(operation: Operation, schemas: dict[Any, Any]) -> dict[str, Any] | None:
    if operation.form is not None:
        schema = schemas[(operation.form, "validation")]
        return {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}
    if operation.upload is not None:
        return {"required": True, "content": {"multipart/form-data": {"schema": _upload_schema(operation.upload)}}}
    if operation.raw_body is not None:
        required = not operation.body_optional
        return {"required": required, "description": operation.raw_body, "content": {_JSON: {"schema": {}}}}
    if operation.body is None:
        return None
    schema = schemas[(operation.body, "validation")]
    content: dict[str, Any] = {"schema": {"anyOf": [schema, {"type": "null"}]} if operation.body_optional else schema}
    if example := getattr(operation.body, "example", None):
        content["example"] = dict(example) if isinstance(example, Mapping) else list(example)
    texts = {kind: {"schema": {"type": "string"}} for kind in operation.text_bodies}
    return {"required": not operation.body_optional, "content": {_JSON: content, **texts}}


def _upload_schema(upload: Upload) -> dict[str, Any]:
    part = {"type": "string", "format": "binary", "description": upload.description}
    return {"type": "object", "required": [upload.field], "properties": {upload.field: part}}


def _responses(
    operation: Operation, schemas: dict[Any, Any], *, guarded: bool, has_path_id: bool, entry: Any
) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, declared in operation.answers.items():
        responses[str(status)] = _success(operation, declared, schemas)
    if entry is not None and entry.who == DEVICE:
        return responses | _refusals(schemas)
    by_status: dict[int, list[type[DomainError]]] = {}
    for error in _possible_errors(operation, guarded=guarded, has_path_id=has_path_id, entry=entry):
        by_status.setdefault(error.status, []).append(error)
    for status, errors in sorted(by_status.items()):
        responses[str(status)] = _failure(errors, schemas)
    return responses


def _possible_errors(operation: Operation, *, guarded: bool, has_path_id: bool, entry: Any) -> list[type[DomainError]]:
    errors = list(operation.errors)
    if operation.query is not None or operation.body is not None:
        errors.append(ValidationFailed)
    if operation.body is not None:
        errors += [BadRequest, UnsupportedMediaType]
    if operation.upload is not None:
        errors += [NoFile, FileTooLarge]
    if guarded or (entry is not None and entry.is_optional):
        errors += [AuthRequired, AuthFailed]
        if entry.blueprint.name not in WITHOUT_SECOND_FACTOR:
            errors.append(SecondFactorSetupRequired)
    if guarded and entry.roles:
        errors.append(Forbidden)
    if has_path_id:
        errors.append(NotFound)
    errors.append(TooManyRequests)
    return list(dict.fromkeys(errors))


def _success(operation: Operation, declared: Any, schemas: dict[Any, Any]) -> dict[str, Any]:
    if declared is None:
        return {"description": "Done."}
    if isinstance(declared, File):
        kinds = (declared.media_type, *declared.or_else)
        return {"description": declared.description, "content": {kind: {"schema": {}} for kind in kinds}}
    schema = schemas[(envelope_of(declared, bare=operation.bare), "serialization")]
    return {"description": "Success.", "content": {_JSON: {"schema": schema}}}


def _refusals(schemas: dict[Any, Any]) -> dict[str, Any]:
    """The lean errors that every route for devices shares (smart-cart.md, B.4)."""
    by_status: dict[int, list[RefusalCode]] = {}
    for code, status in HTTP_STATUS.items():
        by_status.setdefault(status, []).append(code)
    schema = schemas[(DeviceError, "serialization")]
    return {
        str(status): {
            "description": " / ".join(codes),
            "content": {
                _JSON: {"schema": schema, "examples": {code.value: {"value": _refusal(code)} for code in codes}}
            },
        }
        for status, codes in sorted(by_status.items())
    }


def _refusal(code: RefusalCode) -> dict[str, Any]:
    return {"v": 1, "t": 1795252282, "e": code.value}


def _failure(errors: list[type[DomainError]], schemas: dict[Any, Any]) -> dict[str, Any]:
    examples = {
        error.code: {
            "value": {
                "error": {"code": error.code, "message": error.message, "status_code": error.status, "details": {}}
            }
        }
        for error in errors
    }
    answer: dict[str, Any] = {
        "description": " / ".join(sorted({error.code for error in errors})),
        "content": {_JSON: {"schema": schemas[(ErrorEnvelope, "serialization")], "examples": examples}},
    }
    if errors[0].status == 429:
        answer["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return answer
