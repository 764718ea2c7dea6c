"""What an endpoint takes and answers, declared once: parsed and checked here, and written into the OpenAPI document.

A route reads `@endpoint(body=..., query=..., answers={...}, errors=(...))` above a function of about ten lines.
Why this is not a library: docs/adr/0005-openapi-from-declarations.md.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, wraps
from typing import Any, TypeVar, get_origin

from flask import Response, current_app, request
from pydantic import BaseModel, TypeAdapter, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from app.errors import BadRequest, DomainError, NotFound, ValidationFailed
from app.schemas.envelope import envelope_of

View = TypeVar("View", bound=Callable[..., Response])

LARGEST_ID = 2**63 - 1
_CAMEL = re.compile(r"(?<=[a-z0-9])([A-Z])")


class UnsupportedMediaType(DomainError):
    code = "HTTP_415"
    status = 415
    message = "Send the body as JSON, with 'Content-Type: application/json'."


@dataclass(frozen=True)
class Header:
    """A request header an endpoint reads; with a `refusal` it must match `pattern`, and is checked before the body."""

    name: str
    description: str
    required: bool = False
    example: str = ""
    pattern: str = ""
    refusal: type[DomainError] | None = None


class NoFile(DomainError):
    code = "NO_FILE"
    message = "Send the file as multipart/form-data, in the field that the documentation names."


class FileTooLarge(DomainError):
    code = "HTTP_413"
    status = 413
    message = "The file is too large."


@dataclass(frozen=True)
class Upload:
    """One file in the field `field` of a multipart/form-data body, at most `max_bytes` long.

    `missing` is said where there is none. With `named` its name is handed on as `file_name`, and must not be empty.
    """

    field: str
    description: str
    max_bytes: int
    missing: str = ""
    named: bool = False


@dataclass(frozen=True)
class File:
    """An answer that is not JSON; `or_else` are the media types the query may ask for instead."""

    media_type: str
    description: str
    or_else: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """The declaration of one endpoint; `answers` maps a status to the model inside `data`, a Listed[...] or a File.

    `operation_id` is needed only where two addresses would have the same. `unsigned`: a device calls it without a key.
    `text_bodies` are other forms of the body by media type, each with what reads it; that raises ValueError with what
    is wrong. `max_bytes` replaces what bodies are limited to elsewhere.
    """

    answers: Mapping[int, Any]
    body: type[BaseModel] | None = None
    body_optional: bool = False
    text_bodies: Mapping[str, Callable[[str], BaseModel]] = field(default_factory=dict)
    max_bytes: int | None = None
    query: type[BaseModel] | None = None
    headers: tuple[Header, ...] = ()
    errors: tuple[type[DomainError], ...] = ()
    form: type[BaseModel] | None = None
    upload: Upload | None = None
    raw_body: str | None = None
    bare: bool = False
    unsigned: bool = False
    operation_id: str = ""
    adapters: dict[int, TypeAdapter[Any]] = field(default_factory=dict, compare=False)


def endpoint(**declared: Any) -> Callable[[View], View]:
    """Declare an endpoint (fields as in Operation).

    The function is called with `body`, `query` and `upload` (a file's bytes) as keyword arguments where declared.
    Raises ValidationFailed, BadRequest (malformed JSON), UnsupportedMediaType, NoFile, FileTooLarge, NotFound (an
    impossible id) or the refusal of a header before the function runs.
    """
    operation = Operation(**declared)

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Response:
            _check_ids(kwargs)
            _check_headers(operation.headers)
            if operation.query is not None:
                kwargs["query"] = _read_query(operation.query)
            if operation.body is not None:
                kwargs["body"] = _body_of(operation, operation.body)
            if operation.upload is not None:
                file_name, kwargs["upload"] = _read_upload(operation.upload)
                if operation.upload.named:
                    kwargs["file_name"] = file_name
            response = view(*args, **kwargs)
            if current_app.testing:
                _check_answer(operation, response)
            return response

        checked.__operation__ = operation  # type: ignore[attr-defined]
        return checked  # type: ignore[return-value]

    return decorate


def _check_ids(path: Mapping[str, Any]) -> None:
    """No row has an id of 0 or beyond BIGINT, or a name with a NUL character, and the database must not be asked for
    one. Raises NotFound."""
    for value in path.values():
        if (isinstance(value, int) and not 1 <= value <= LARGEST_ID) or (isinstance(value, str) and "\x00" in value):
            raise NotFound


def _check_headers(headers: tuple[Header, ...]) -> None:
    for header in headers:
        if header.refusal and not re.match(header.pattern, request.headers.get(header.name, "")):
            raise header.refusal


def operation_of(view: Callable[..., Any]) -> Operation | None:
    """The declaration of a view function, or None where it has none."""
    return getattr(view, "__operation__", None)


def faults(error: ValidationError, where: str) -> list[dict[str, Any]]:
    """Pydantic's faults as {loc, msg, type}; the refused input is left out, as it may hold a secret."""
    return [
        {"loc": [where, *item["loc"]], "msg": item["msg"].removeprefix("Value error, "), "type": item["type"]}
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _read_query(model: type[BaseModel]) -> BaseModel:
    """Query names are taken in snake_case and camelCase alike; of a repeated name the last one counts, unless the
    model has a list there."""
    values: dict[str, Any] = {}
    for name, given in request.args.lists():
        snake = _CAMEL.sub(lambda match: "_" + match[1].lower(), name)
        values[snake] = given if snake in _lists_of(model) else given[-1]
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ValidationFailed(details={"errors": faults(error, "query")}) from None


@cache
def _lists_of(model: type[BaseModel]) -> frozenset[str]:
    """The fields of a model that take several values."""
    return frozenset(name for name, field in model.model_fields.items() if get_origin(field.annotation) is list)


def _body_of(operation: Operation, model: type[BaseModel]) -> BaseModel:
    if operation.max_bytes is not None:
        request.max_content_length = operation.max_bytes
    if read := operation.text_bodies.get(request.mimetype):
        return _read_text(read)
    return _read_body(model, optional=operation.body_optional)


def _read_text(read: Callable[[str], BaseModel]) -> BaseModel:
    try:
        return read(request.get_data().decode())
    except ValidationError as error:
        told = {"errors": faults(error, "body")}
        raise BadRequest("The body can be read but not taken; details.errors says why.", details=told) from None
    except UnicodeDecodeError as error:
        line = request.get_data()[: error.start].count(b"\n") + 1
        raise BadRequest(f"The body is not UTF-8, as its line {line} shows. Save the file as UTF-8.") from None
    except ValueError as error:  # not of this form
        raise BadRequest(f"The body cannot be read: {error}") from None


def _read_body(model: type[BaseModel], *, optional: bool) -> BaseModel:
    raw = request.get_data(cache=True)
    if request.content_length is None:
        request.stream.read(1)  # of a chunked body Werkzeug hands out what fits into the limit; reading on is the 413
    if optional and raw.strip() in (b"", b"null"):
        return model()
    if not request.is_json:
        raise UnsupportedMediaType
    if not raw.strip():
        raise BadRequest("The request needs a JSON body.")
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        found = faults(error, "body")
        if found[0]["type"] == "json_invalid":
            raise BadRequest(f"The body is not valid JSON: {found[0]['msg']}") from None
        raise ValidationFailed(details={"errors": found}) from None


_MULTIPART_HEADS = 16 * 1024
"""What boundaries and part headers may take beside the file itself."""


def _read_upload(declared: Upload) -> tuple[str, bytes]:
    """Name and bytes of the declared file. Raises NoFile or FileTooLarge."""
    request.max_content_length = declared.max_bytes + _MULTIPART_HEADS
    try:
        sent = request.files.get(declared.field)
    except RequestEntityTooLarge:
        raise FileTooLarge(f"Send at most {declared.max_bytes} bytes.") from None
    if sent is None or (declared.named and not sent.filename):
        told = f"Send the file as multipart/form-data, in the field '{declared.field}' and with a file name."
        raise NoFile(declared.missing or told)
    content: bytes = sent.read(declared.max_bytes + 1)
    name = sent.filename or ""
    request.close()  # a file of more than 500 kB lies in a temporary one
    if len(content) > declared.max_bytes:
        raise FileTooLarge(f"Send at most {declared.max_bytes} bytes.")
    return name, content


def _check_answer(operation: Operation, response: Response) -> None:
    """In tests every success is held against its declaration, so that document and answers cannot drift apart."""
    if response.status_code >= 400 or response.status_code == 304:
        return
    declared = operation.answers.get(response.status_code)
    if declared is None:
        raise AssertionError(f"{request.endpoint} answers {response.status_code}, which is not declared")
    if isinstance(declared, File):
        return
    adapter = operation.adapters.get(response.status_code)
    if adapter is None:
        adapter = TypeAdapter(envelope_of(declared, bare=operation.bare))
        operation.adapters[response.status_code] = adapter
    adapter.validate_json(response.get_data())
