"""Building success answers: the envelope, the JSON, the ETag."""

from collections.abc import Sequence
from typing import Any

from flask import Response, request
from pydantic_core import to_json

from app.schemas.envelope import PageMeta
from app.schemas.written import Json

_JSON = "application/json"


def answer(data: Any, *, status: int = 200) -> Response:
    """`{"data": ...}` with the given status."""
    return Response(to_json({"data": data}), status=status, mimetype=_JSON)


def decided(body: Any, *, status: int, is_replay: bool) -> Response:
    """A whole body as it was decided and kept; a repeat says that it is one."""
    headers = {"Idempotent-Replayed": "true"} if is_replay else None
    return Response(to_json(body), status=status, mimetype=_JSON, headers=headers)


def listed(data: list[Any], meta: PageMeta, *, page_key: str = "meta") -> Response:
    """A list with its place. Older clients read the place under `pagination` on some lists: both are sent there."""
    envelope: dict[str, Any] = {"data": data, "meta": meta}
    if page_key != "meta":
        envelope[page_key] = meta
    return Response(to_json(envelope), mimetype=_JSON)


def written(data: Json) -> Response:
    """`{"data": ...}` around what the database wrote."""
    return Response(f'{{"data":{data}}}', mimetype=_JSON)


def written_list(items: Sequence[Json], meta: PageMeta | None = None) -> Response:
    """A list of what the database wrote, with its place where it has one."""
    place = "" if meta is None else f',"meta":{to_json(meta).decode()}'
    return Response(f'{{"data":[{",".join(items)}]{place}}}', mimetype=_JSON)


def cacheable(response: Response) -> Response:
    """Add an ETag, and answer 304 without a body when the client holds this very version."""
    response.add_etag()
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


def never_stored(response: Response) -> Response:
    """Keep an answer with secrets out of every cache."""
    response.headers["Cache-Control"] = "no-store"
    return response


def immutable(content: bytes, *, media_type: str, etag: str) -> Response:
    """A file whose address names its content: caches may keep it for good; 304 to whoever holds it."""
    response = Response(content, mimetype=media_type)
    response.set_etag(etag)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.make_conditional(request)
    return response


def bare(body: Any) -> Response:
    """JSON outside the envelope, for standards that demand their own shape (OAuth 2 tokens, probes)."""
    return Response(to_json(body), mimetype=_JSON)
