"""Telling a repeated request from another one under the same key."""

import hashlib

import orjson
from pydantic import BaseModel


def request_hash(form: BaseModel) -> str:
    """A hash of a validated body: the same request hashes alike however it was spelled."""
    canonical = orjson.dumps(form.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).hexdigest()
